//! Decides what an expression comes to.

use super::{ExpressionError, Function, Node, Operator};
use std::collections::BTreeMap;

/// Values by when their period began, and the periods that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sequence {
    /// When the first period begins, in seconds since 1970.
    pub(crate) start: i64,
    /// How long each is.
    pub(crate) period: i64,
    /// How many there are.
    pub(crate) count: i64,
    pub(crate) values: BTreeMap<i64, f64>,
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    One(Sequence),
    Many(Vec<Sequence>),
}

/// Where an expression finds other queries.
pub(crate) trait Scope {
    /// What the query of this id comes to.
    fn query(&mut self, id: &str) -> Result<Value, ExpressionError>;
    /// What all queries of metrics come to.
    fn metrics(&mut self) -> Result<Vec<Sequence>, ExpressionError>;
}

pub(crate) fn evaluate(node: &Node, scope: &mut dyn Scope) -> Result<Value, ExpressionError> {
    match node {
        Node::Number(number) => Ok(Value::Number(*number)),
        Node::Query(id) => scope.query(id),
        Node::Metrics => scope.metrics().map(Value::Many),
        Node::Repeat | Node::Linear => Err(ExpressionError::Kind("REPEAT and LINEAR stand in FILL alone")),
        Node::List(nodes) => {
            let mut many = Vec::new();
            for node in nodes {
                match evaluate(node, scope)? {
                    Value::One(one) => many.push(one),
                    Value::Many(more) => many.extend(more),
                    Value::Number(_) => return Err(ExpressionError::Kind("a list has metrics alone, and no numbers")),
                }
            }
            Ok(Value::Many(many))
        }
        Node::Negative(inner) => Ok(each(evaluate(inner, scope)?, &|value| -value)),
        Node::Binary(operator, left, right) => binary(*operator, evaluate(left, scope)?, evaluate(right, scope)?),
        Node::Call(function, arguments) => call(*function, arguments, scope),
    }
}

fn each(value: Value, change: &dyn Fn(f64) -> f64) -> Value {
    let of_one = |mut one: Sequence| {
        one.values = one.values.into_iter().map(|(at, value)| (at, change(value))).collect();
        one
    };
    match value {
        Value::Number(number) => Value::Number(change(number)),
        Value::One(one) => Value::One(of_one(one)),
        Value::Many(many) => Value::Many(many.into_iter().map(of_one).collect()),
    }
}

fn apply(operator: Operator, left: f64, right: f64) -> Option<f64> {
    let truth = |holds: bool| Some(if holds { 1.0 } else { 0.0 });
    match operator {
        Operator::Add => Some(left + right),
        Operator::Subtract => Some(left - right),
        Operator::Multiply => Some(left * right),
        Operator::Divide => (right != 0.0).then(|| left / right),
        Operator::Power => Some(left.powf(right)).filter(|value| value.is_finite()),
        Operator::Equal => truth(left == right),
        Operator::NotEqual => truth(left != right),
        Operator::Less => truth(left < right),
        Operator::LessOrEqual => truth(left <= right),
        Operator::Greater => truth(left > right),
        Operator::GreaterOrEqual => truth(left >= right),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Or => truth(left != 0.0 || right != 0.0),
    }
}

fn binary(operator: Operator, left: Value, right: Value) -> Result<Value, ExpressionError> {
    let with_number = |mut one: Sequence, apply: &dyn Fn(f64) -> Option<f64>| {
        one.values = one.values.into_iter().filter_map(|(at, value)| Some((at, apply(value)?))).collect();
        one
    };
    let together = |left: Sequence, right: &Sequence| {
        let both = left.values.iter().filter_map(|(at, value)| Some((*at, *value, *right.values.get(at)?)));
        let values = both.filter_map(|(at, left, right)| Some((at, apply(operator, left, right)?))).collect();
        // Of different periods only those that begin together have something to combine.
        if left.period >= right.period { Sequence { values, ..left } } else { Sequence { values, ..right.clone() } }
    };
    Ok(match (left, right) {
        (Value::Number(left), Value::Number(right)) => Value::Number(apply(operator, left, right).unwrap_or(f64::NAN)),
        (Value::One(left), Value::Number(right)) => {
            Value::One(with_number(left, &|value| apply(operator, value, right)))
        }
        (Value::Number(left), Value::One(right)) => {
            Value::One(with_number(right, &|value| apply(operator, left, value)))
        }
        (Value::One(left), Value::One(right)) => Value::One(together(left, &right)),
        (Value::Many(many), Value::Number(right)) => {
            let one = |one| with_number(one, &|value| apply(operator, value, right));
            Value::Many(many.into_iter().map(one).collect())
        }
        (Value::Number(left), Value::Many(many)) => {
            let one = |one| with_number(one, &|value| apply(operator, left, value));
            Value::Many(many.into_iter().map(one).collect())
        }
        (Value::Many(many), Value::One(right)) => {
            Value::Many(many.into_iter().map(|one| together(one, &right)).collect())
        }
        (Value::One(_), Value::Many(_)) | (Value::Many(_), Value::Many(_)) => {
            return Err(ExpressionError::Kind("a list of metrics cannot stand to the right of an operator"));
        }
    })
}

fn call(function: Function, arguments: &[Node], scope: &mut dyn Scope) -> Result<Value, ExpressionError> {
    let first = evaluate(&arguments[0], scope)?;
    Ok(match function {
        Function::Sum => gather(first, &|values| values.iter().sum())?,
        Function::Avg => gather(first, &|values| values.iter().sum::<f64>() / values.len() as f64)?,
        Function::Min => gather(first, &|values| values.iter().copied().fold(f64::INFINITY, f64::min))?,
        Function::Max => gather(first, &|values| values.iter().copied().fold(f64::NEG_INFINITY, f64::max))?,
        Function::Abs => each(first, &f64::abs),
        Function::Ceil => each(first, &f64::ceil),
        Function::Floor => each(first, &f64::floor),
        Function::Period => match first {
            Value::One(one) => Value::Number(one.period as f64),
            Value::Number(_) | Value::Many(_) => return Err(ExpressionError::Kind("PERIOD takes one metric")),
        },
        Function::Fill => {
            let with = match &arguments[1] {
                Node::Repeat => With::Repeat,
                Node::Linear => With::Linear,
                node => match evaluate(node, scope)? {
                    Value::Number(number) => With::Number(number),
                    Value::One(other) => With::Other(other),
                    Value::Many(_) => return Err(ExpressionError::Kind("FILL fills with a number or one metric")),
                },
            };
            match first {
                Value::One(one) => Value::One(fill(one, &with)),
                Value::Many(many) => Value::Many(many.into_iter().map(|one| fill(one, &with)).collect()),
                Value::Number(_) => return Err(ExpressionError::Kind("FILL takes a metric, not a number")),
            }
        }
        Function::If => {
            let then = evaluate(&arguments[1], scope)?;
            let other = arguments.get(2).map(|node| evaluate(node, scope)).transpose()?;
            choose(first, &then, other.as_ref())?
        }
    })
}

/// One value of all values of a metric, or for each period one value of all metrics of a list.
fn gather(value: Value, into: &dyn Fn(&[f64]) -> f64) -> Result<Value, ExpressionError> {
    match value {
        Value::Number(_) => Err(ExpressionError::Kind("SUM, AVG, MIN and MAX take metrics, not numbers")),
        Value::One(one) => {
            let values: Vec<f64> = one.values.into_values().collect();
            Ok(Value::Number(if values.is_empty() { f64::NAN } else { into(&values) }))
        }
        Value::Many(many) => {
            let Some(first) = many.first() else {
                return Ok(Value::One(Sequence { start: 0, period: 60, count: 0, values: BTreeMap::new() }));
            };
            let longest =
                many.iter().fold(first, |longest, one| if one.period > longest.period { one } else { longest });
            let mut by_time: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for (at, value) in many.iter().flat_map(|one| &one.values) {
                by_time.entry(*at).or_default().push(*value);
            }
            let values = by_time.into_iter().map(|(at, values)| (at, into(&values))).collect();
            Ok(Value::One(Sequence { values, ..longest.clone() }))
        }
    }
}

enum With {
    Number(f64),
    Other(Sequence),
    Repeat,
    Linear,
}

/// Gives periods without a value one.
fn fill(one: Sequence, with: &With) -> Sequence {
    let mut filled = one.clone();
    let mut last = None;
    for at in (0..one.count).map(|number| one.start + number * one.period) {
        if let Some(value) = one.values.get(&at) {
            last = Some((at, *value));
            continue;
        }
        let value = match with {
            With::Number(number) => Some(*number),
            With::Other(other) => other.values.get(&at).copied(),
            With::Repeat => last.map(|(_, value)| value),
            With::Linear => last.zip(one.values.range(at..).next()).map(|((before, from), (after, to))| {
                from + (to - from) * (at - before) as f64 / (after - before) as f64
            }),
        };
        filled.values.extend(value.map(|value| (at, value)));
    }
    filled
}

fn choose(condition: Value, then: &Value, other: Option<&Value>) -> Result<Value, ExpressionError> {
    let wrong = ExpressionError::Kind("IF takes numbers and single metrics");
    let at = |value: &Value, at: i64| match value {
        Value::Number(number) => Some(*number),
        Value::One(one) => one.values.get(&at).copied(),
        Value::Many(_) => None,
    };
    if matches!(then, Value::Many(_)) || matches!(other, Some(Value::Many(_))) {
        return Err(wrong);
    }
    match condition {
        Value::Many(_) => Err(wrong),
        Value::Number(number) => {
            let chosen = if number != 0.0 { Some(then) } else { other };
            match (chosen, then, other) {
                // What it gives must not depend on what the condition happens to be.
                (Some(Value::Number(number)), Value::Number(_), Some(Value::Number(_))) => Ok(Value::Number(*number)),
                (chosen, Value::One(like), _) | (chosen, _, Some(Value::One(like))) => {
                    let times = (0..like.count).map(|number| like.start + number * like.period);
                    let values = times.filter_map(|time| Some((time, at(chosen?, time)?))).collect();
                    Ok(Value::One(Sequence { values, ..like.clone() }))
                }
                _ => Err(ExpressionError::Kind("IF on a number needs two numbers or a metric")),
            }
        }
        Value::One(one) => {
            let chosen = |(time, holds): (&i64, &f64)| {
                let value = if *holds != 0.0 { at(then, *time) } else { other.and_then(|other| at(other, *time)) };
                Some((*time, value?))
            };
            let values = one.values.iter().filter_map(chosen).collect();
            Ok(Value::One(Sequence { values, ..one }))
        }
    }
}
