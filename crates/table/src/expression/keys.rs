//! Decides what of a condition a query can be asked by: one test of each attribute of a key, and nothing else.

use super::fault::{ExpressionError, Fault};
use super::tree::{Seen, Test, Used};
use crate::{Comparison, Condition, KeyCondition, KeyTest, Operand, Path};
use types::Value;

/// The tests of a key condition, as far as they are tests of keys. The condition is what the tree says.
pub(super) fn keys(test: &Test<'_>, condition: Condition) -> Result<Vec<KeyCondition>, ExpressionError> {
    let mut found = Vec::new();
    collect(test, condition, &mut found)?;
    Ok(found)
}

fn collect(test: &Test<'_>, condition: Condition, found: &mut Vec<KeyCondition>) -> Result<(), ExpressionError> {
    let condition = match (test, condition) {
        (Test::And(_, tests), Condition::And(parts)) => {
            return tests.iter().zip(parts).try_for_each(|(test, part)| collect(test, part, found));
        }
        (_, condition) => condition,
    };
    let one = one(condition).map_err(|fault| fault.at(place(test)));
    // A function among the operands is refused even where its value is known.
    test.visit(&mut |seen| match (seen, &one) {
        (Seen::Call(call, Used::Operand | Used::Inside(_)), Ok(_)) => Err(Fault::KeyCalculated.at(call.name.at)),
        _ => Ok(()),
    })?;
    found.push(one?);
    Ok(())
}

fn place(test: &Test<'_>) -> usize {
    match test {
        Test::Compare(token, ..) | Test::Between(token, _) | Test::In(token, ..) => token.at,
        Test::And(token, _) | Test::Or(token, _) | Test::Not(token, _) => token.at,
        Test::Call(call) => call.name.at,
    }
}

fn one(condition: Condition) -> Result<KeyCondition, Fault> {
    let operator = |operator| Err(Fault::KeyOperator { operator });
    match condition {
        Condition::Compare(first, comparison, second) => {
            // A value may stand first: the comparison turns round.
            let turned = matches!((&first, &second), (Operand::Value(_), Operand::Path(_)));
            let (path, value) = if turned { (second, first) } else { (first, second) };
            let test: fn(Value) -> KeyTest = match (comparison, turned) {
                (Comparison::NotEqual, _) => return operator("<>"),
                (Comparison::Equal, _) => KeyTest::Equal,
                (Comparison::Less, false) | (Comparison::Greater, true) => KeyTest::Less,
                (Comparison::LessOrEqual, false) | (Comparison::GreaterOrEqual, true) => KeyTest::LessOrEqual,
                (Comparison::Greater, false) | (Comparison::Less, true) => KeyTest::Greater,
                (Comparison::GreaterOrEqual, false) | (Comparison::LessOrEqual, true) => KeyTest::GreaterOrEqual,
            };
            Ok(KeyCondition { attribute: attribute(path)?, test: test(constant(value)?) })
        }
        Condition::Between(path, low, high) => {
            let attribute = attribute(path)?;
            Ok(KeyCondition { attribute, test: KeyTest::Between(constant(low)?, constant(high)?) })
        }
        Condition::BeginsWith(path, start) => {
            let attribute = attribute(path)?;
            Ok(KeyCondition { attribute, test: KeyTest::BeginsWith(constant(start)?) })
        }
        // The tree has it in the same place, so it was walked through.
        Condition::And(_) => operator("AND"),
        Condition::Or(_) => operator("OR"),
        Condition::Not(_) => operator("NOT"),
        Condition::In(..) => operator("IN"),
        Condition::Contains(..) => operator("contains"),
        Condition::Exists(_) => operator("attribute_exists"),
        Condition::NotExists(_) => operator("attribute_not_exists"),
        Condition::HasType(..) => operator("attribute_type"),
        // No text says this.
        Condition::Always => operator("TRUE"),
    }
}

fn attribute(operand: Operand) -> Result<String, Fault> {
    match operand {
        Operand::Path(Path { attribute, steps }) if steps.is_empty() => Ok(attribute.into()),
        Operand::Path(_) => Err(Fault::KeyNested),
        Operand::Size(_) => Err(Fault::KeyCalculated),
        Operand::Value(_) => Err(Fault::KeyMissing),
    }
}

fn constant(operand: Operand) -> Result<Value, Fault> {
    match operand {
        Operand::Value(value) => Ok(value),
        Operand::Size(_) => Err(Fault::KeyCalculated),
        Operand::Path(_) => Err(Fault::KeyAttributes),
    }
}
