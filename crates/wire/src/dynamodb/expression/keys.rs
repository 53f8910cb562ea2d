//! Decides what of a condition a query can be asked by: one test of each attribute of a key, and nothing else.

use super::refuse;
use crate::error::WireError;
use table::{Comparison, Condition, KeyCondition, KeyTest, Operand, Path};
use types::Value;

const MEMBER: &str = "KeyConditionExpression";

/// The tests of a key condition, as far as they are tests of keys.
pub(in crate::dynamodb) fn keys(condition: Condition) -> Result<Vec<KeyCondition>, WireError> {
    let mut found = Vec::new();
    collect(condition, &mut found).map_err(|message| refuse(MEMBER, &message))?;
    Ok(found)
}

fn collect(condition: Condition, found: &mut Vec<KeyCondition>) -> Result<(), String> {
    let operator = |operator: &str| Err(format!("Invalid operator used in KeyConditionExpression: {operator}"));
    match condition {
        Condition::And(parts) => parts.into_iter().try_for_each(|part| collect(part, found)),
        Condition::Compare(first, comparison, second) => {
            if comparison == Comparison::NotEqual {
                return operator("<>");
            }
            // A value may stand first: the comparison turns round.
            let turned = matches!((&first, &second), (Operand::Value(_), Operand::Path(_)));
            let (path, value) = if turned { (second, first) } else { (first, second) };
            let (attribute, value) = (attribute(path)?, constant(value)?);
            let test = match (comparison, turned) {
                (Comparison::Equal, _) => KeyTest::Equal(value),
                (Comparison::Less, false) | (Comparison::Greater, true) => KeyTest::Less(value),
                (Comparison::LessOrEqual, false) | (Comparison::GreaterOrEqual, true) => KeyTest::LessOrEqual(value),
                (Comparison::Greater, false) | (Comparison::Less, true) => KeyTest::Greater(value),
                (Comparison::GreaterOrEqual, false) | (Comparison::LessOrEqual, true) => KeyTest::GreaterOrEqual(value),
                (Comparison::NotEqual, _) => return operator("<>"),
            };
            found.push(KeyCondition { attribute, test });
            Ok(())
        }
        Condition::Between(path, low, high) => {
            let test = KeyTest::Between(constant(low)?, constant(high)?);
            found.push(KeyCondition { attribute: attribute(path)?, test });
            Ok(())
        }
        Condition::BeginsWith(path, start) => {
            let test = KeyTest::BeginsWith(constant(start)?);
            found.push(KeyCondition { attribute: attribute(path)?, test });
            Ok(())
        }
        Condition::Or(_) => operator("OR"),
        Condition::Not(_) => operator("NOT"),
        Condition::In(..) => operator("IN"),
        Condition::Contains(..) => operator("contains"),
        Condition::Exists(_) => operator("attribute_exists"),
        Condition::NotExists(_) => operator("attribute_not_exists"),
        Condition::HasType(..) => operator("attribute_type"),
        Condition::Always => Ok(()),
    }
}

fn attribute(operand: Operand) -> Result<String, String> {
    match operand {
        Operand::Path(Path { attribute, steps }) if steps.is_empty() => Ok(attribute.into()),
        Operand::Path(_) => Err("KeyConditionExpressions cannot have conditions on nested attributes".to_owned()),
        Operand::Size(_) => Err("KeyConditionExpressions cannot contain nested operations".to_owned()),
        Operand::Value(_) => Err("Invalid condition in KeyConditionExpression: No key attribute specified".to_owned()),
    }
}

fn constant(operand: Operand) -> Result<Value, String> {
    match operand {
        Operand::Value(value) => Ok(value),
        Operand::Size(_) => Err("KeyConditionExpressions cannot contain nested operations".to_owned()),
        Operand::Path(_) => {
            Err("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
                .to_owned())
        }
    }
}
