//! Decides what a condition's tree means: a typed condition, whose operands its operators can take.
//!
//! Start at [`condition`].

use super::bind::{Binder, Functions, check_count, refuse_reserved};
use super::fault::{ExpressionError, Fault, ShownPath};
use super::names::Names;
use super::tokens::Token;
use super::tree::{self, Call, Seen, Test, Used};
use crate::condition::{order, size};
use crate::{AttributeType, Comparison, Condition, Operand};
use types::Value;

/// The most operands that `IN` may have.
const IN_MAX: usize = 100;

/// The condition that a tree says.
pub(super) fn condition(test: &Test<'_>, names: &Names) -> Result<Condition, ExpressionError> {
    test.visit(&mut |seen| Functions::OfConditions.refuse_others(seen))?;
    test.visit(&mut refuse_misused)?;
    test.visit(&mut refuse_reserved)?;
    Binder { names }.test(test)
}

/// What says true or false is a condition, what gives a number is an operand.
fn refuse_misused(seen: Seen<'_, '_>) -> Result<(), ExpressionError> {
    let Seen::Call(call, used) = seen else { return Ok(()) };
    let as_condition = matches!(used, Used::Condition);
    if as_condition == (call.name.text == "size") {
        return Err(Fault::MisusedFunction { function: call.name.text.to_owned() }.at(call.name.at));
    }
    Ok(())
}

impl Binder<'_> {
    fn test(self, test: &Test<'_>) -> Result<Condition, ExpressionError> {
        match test {
            Test::And(_, tests) => self.tests(tests).map(Condition::And),
            Test::Or(_, tests) => self.tests(tests).map(Condition::Or),
            Test::Not(_, test) => self.test(test).map(|condition| Condition::Not(Box::new(condition))),
            Test::Compare(..) | Test::Between(..) | Test::In(..) | Test::Call(_) => self.single(test),
        }
    }

    /// In a loop of its own, which costs less of the stack at each level than an iterator's functions.
    fn tests(self, tests: &[Test<'_>]) -> Result<Vec<Condition>, ExpressionError> {
        let mut conditions = Vec::with_capacity(tests.len());
        for test in tests {
            conditions.push(self.test(test)?);
        }
        Ok(conditions)
    }

    /// A condition that has no other in it.
    fn single(self, test: &Test<'_>) -> Result<Condition, ExpressionError> {
        self.look_over(test)?;
        match test {
            Test::Compare(sign, operands) => self.compare(*sign, operands),
            Test::Between(token, operands) => self.between(*token, operands),
            Test::In(token, first, others) => {
                if others.len() > IN_MAX {
                    return Err(Fault::InTooLong { count: others.len() }.at(token.at));
                }
                let others = others.iter().map(|other| self.condition_operand(other)).collect::<Result<_, _>>()?;
                Ok(Condition::In(self.condition_operand(first)?, others))
            }
            Test::Call(call) => self.function(call),
            Test::And(..) | Test::Or(..) | Test::Not(..) => self.test(test),
        }
    }

    /// What is found before operands' types are looked at: what is undefined, then wrong numbers of operands, then what
    /// is held against itself.
    fn look_over(self, test: &Test<'_>) -> Result<(), ExpressionError> {
        test.visit(&mut |seen| self.refuse_undefined(seen))?;
        test.visit(&mut |seen| match seen {
            Seen::Call(call, _) => {
                let wanted = match call.name.text {
                    "attribute_exists" | "attribute_not_exists" | "size" => 1,
                    _ => 2,
                };
                check_count(call.name, wanted, &call.operands)
            }
            Seen::Name(_) | Seen::Value(_) => Ok(()),
        })?;
        match test {
            Test::Compare(sign, operands) => self.refuse_same(*sign, &operands[0], &operands[1]),
            Test::Call(Call { name, operands }) => match operands.as_slice() {
                [first, second] => self.refuse_same(*name, first, second),
                _ => Ok(()),
            },
            Test::Between(..) | Test::In(..) | Test::And(..) | Test::Or(..) | Test::Not(..) => Ok(()),
        }
    }

    fn refuse_same(
        self,
        operator: Token<'_>,
        first: &tree::Operand<'_>,
        second: &tree::Operand<'_>,
    ) -> Result<(), ExpressionError> {
        let (tree::Operand::Path(first), tree::Operand::Path(second)) = (first, second) else { return Ok(()) };
        let path = self.path(first)?;
        if path != self.path(second)? {
            return Ok(());
        }
        let (path, operator_text) = (ShownPath(path), operator.text.to_owned());
        Err(Fault::NotDistinct { operator: operator_text, path }.at(operator.at))
    }

    fn condition_operand(self, operand: &tree::Operand<'_>) -> Result<Operand, ExpressionError> {
        match operand {
            tree::Operand::Path(path) => Ok(Operand::Path(self.path(path)?)),
            tree::Operand::Value(token) => Ok(Operand::Value(self.value(*token)?.clone())),
            tree::Operand::Call(Call { name, operands }) => {
                let first = operands
                    .first()
                    .ok_or_else(|| Fault::OperandCount { operator: name.text.to_owned(), count: 0 }.at(name.at))?;
                match self.condition_operand(first)? {
                    Operand::Path(path) => Ok(Operand::Size(path)),
                    Operand::Value(value) => match size(&value) {
                        Some(size) => Ok(Operand::Value(number(size))),
                        None => Err(wrong_type(*name, value.type_name())),
                    },
                    Operand::Size(_) => Err(wrong_type(*name, "N")),
                }
            }
        }
    }

    fn compare(self, sign: Token<'_>, operands: &[tree::Operand<'_>; 2]) -> Result<Condition, ExpressionError> {
        let [first, second] = operands;
        let (first, second) = (self.condition_operand(first)?, self.condition_operand(second)?);
        let comparison = match sign.text {
            "=" => Comparison::Equal,
            "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            _ => Comparison::GreaterOrEqual,
        };
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        match not_ordered(&first).or_else(|| not_ordered(&second)).filter(|_| ordered) {
            Some(found) => Err(wrong_type(sign, found)),
            None => Ok(Condition::Compare(first, comparison, second)),
        }
    }

    fn between(self, token: Token<'_>, operands: &[tree::Operand<'_>; 3]) -> Result<Condition, ExpressionError> {
        let [value, low, high] = operands;
        let [value, low, high] =
            [self.condition_operand(value)?, self.condition_operand(low)?, self.condition_operand(high)?];
        if let Some(found) = [&value, &low, &high].into_iter().find_map(not_ordered) {
            return Err(Fault::OperandType { operator: "BETWEEN".to_owned(), found }.at(token.at));
        }
        if let (Operand::Value(low), Operand::Value(high)) = (&low, &high) {
            let both = || (low.clone(), high.clone());
            if low.type_name() != high.type_name() {
                let (low, high) = both();
                return Err(Fault::BoundsDiffer { low, high }.at(token.at));
            }
            if order(low, high).is_some_and(std::cmp::Ordering::is_gt) {
                let (low, high) = both();
                return Err(Fault::BoundsReversed { low, high }.at(token.at));
            }
        }
        Ok(Condition::Between(value, low, high))
    }

    fn function(self, call: &Call<'_>) -> Result<Condition, ExpressionError> {
        let name = call.name;
        let not_a_path = || Fault::NotAPath { function: name.text.to_owned() }.at(name.at);
        let operands = call.operands.iter().map(|one| self.condition_operand(one));
        let mut operands = operands.collect::<Result<Vec<_>, _>>()?.into_iter();
        match (name.text, operands.next(), operands.next()) {
            ("attribute_exists", Some(Operand::Path(path)), None) => Ok(Condition::Exists(path)),
            ("attribute_not_exists", Some(Operand::Path(path)), None) => Ok(Condition::NotExists(path)),
            ("attribute_exists" | "attribute_not_exists", Some(_), None) => Err(not_a_path()),
            ("attribute_type", Some(first), Some(second)) => {
                let kind = match second {
                    Operand::Value(Value::S(name)) => {
                        let unknown = || Fault::UnknownType { name: name.to_string() }.at(call.name.at);
                        AttributeType::parse(&name).ok_or_else(unknown)?
                    }
                    Operand::Value(value) => return Err(wrong_type(name, value.type_name())),
                    Operand::Size(_) => return Err(wrong_type(name, "N")),
                    Operand::Path(_) => return Err(wrong_type(name, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")),
                };
                let Operand::Path(path) = first else { return Err(not_a_path()) };
                Ok(Condition::HasType(path, kind))
            }
            ("begins_with", Some(value), Some(start)) => {
                let not_begun = |operand: &Operand| match operand {
                    Operand::Value(Value::S(_) | Value::B(_)) | Operand::Path(_) => None,
                    Operand::Value(value) => Some(value.type_name()),
                    Operand::Size(_) => Some("N"),
                };
                match not_begun(&value).or_else(|| not_begun(&start)) {
                    Some(found) => Err(wrong_type(name, found)),
                    None => Ok(Condition::BeginsWith(value, start)),
                }
            }
            ("contains", Some(value), Some(part)) => Ok(Condition::Contains(value, part)),
            // The names and the numbers of operands were looked at before; whatever else comes is said to be unknown.
            _ => Err(Fault::UnknownFunction { function: name.text.to_owned() }.at(name.at)),
        }
    }
}

fn number(size: usize) -> Value {
    Value::N(u64::try_from(size).expect("a size in memory fits").into())
}

fn wrong_type(operator: Token<'_>, found: &'static str) -> ExpressionError {
    Fault::OperandType { operator: operator.text.to_owned(), found }.at(operator.at)
}

/// The type of an operand that has no order.
fn not_ordered(operand: &Operand) -> Option<&'static str> {
    match operand {
        Operand::Value(Value::S(_) | Value::N(_) | Value::B(_)) | Operand::Path(_) | Operand::Size(_) => None,
        Operand::Value(value) => Some(value.type_name()),
    }
}
