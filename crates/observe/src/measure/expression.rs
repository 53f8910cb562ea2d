//! Decides what metric math means here: numbers, other queries by their ids, `METRICS()`, lists in brackets,
//! `+ - * / ^`, comparisons, `AND`, `OR`, and the functions SUM, AVG, MIN, MAX, ABS, CEIL, FLOOR, PERIOD, FILL and IF.
//!
//! Series are combined value by value where both have one; dividing by zero gives no value. Whatever else CloudWatch
//! knows is refused by its name. What kind of thing an expression gives does not depend on data, so evaluating it
//! without any finds every fault.

mod evaluate;

pub(crate) use evaluate::{Scope, Sequence, Value, evaluate};

/// The longest expression.
const LENGTH_MAX: usize = 2_048;
/// How deep an expression may nest; reading and evaluating recurse as deep.
const DEPTH_MAX: usize = 24;

/// An expression that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    pub(crate) root: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Number(f64),
    Query(String),
    Metrics,
    Repeat,
    Linear,
    List(Vec<Node>),
    Negative(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Sum,
    Avg,
    Min,
    Max,
    Abs,
    Ceil,
    Floor,
    Period,
    Fill,
    If,
}

/// Why an expression cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is no expression.
    #[error("character {position} of the expression: {problem}")]
    Syntax {
        /// Which character, from 1.
        position: usize,
        /// What is wrong there.
        problem: String,
    },
    /// CloudWatch may know the function; here it is not evaluated.
    #[error(
        "the function {0} is not handled by this engine; SUM, AVG, MIN, MAX, ABS, CEIL, FLOOR, PERIOD, FILL, IF and METRICS are"
    )]
    Function(String),
    /// No query has this id.
    #[error("no query has the id {0}")]
    UnknownId(String),
    /// Queries ask one another in a circle.
    #[error("the expression of {0} depends on itself")]
    Circle(String),
    /// A function or an operator was given what it cannot take.
    #[error("{0}")]
    Kind(&'static str),
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut parser = Parser { rest: text, text };
        if text.len() > LENGTH_MAX {
            return Err(parser.wrong(format!("more than {LENGTH_MAX} bytes are too many")));
        }
        let root = parser.binary(0, 0)?;
        if !parser.peek().is_empty() {
            return Err(parser.wrong("an operator or the end must stand here".to_owned()));
        }
        Ok(Self { text: text.to_owned(), root })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl serde::Serialize for Expression {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Expression {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

/// Operators, the loosest first; of those that begin alike the longer one first.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("||", Operator::Or), ("OR", Operator::Or)],
    &[("&&", Operator::And), ("AND", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];

impl Parser<'_> {
    fn wrong(&self, problem: String) -> ExpressionError {
        let position = self.text[..self.text.len() - self.rest.len()].chars().count() + 1;
        ExpressionError::Syntax { position, problem }
    }

    fn peek(&mut self) -> &str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    fn eat(&mut self, token: &str) -> bool {
        self.peek();
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        let word = token.starts_with(char::is_alphabetic);
        if word && rest.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
            return false;
        }
        self.rest = rest;
        true
    }

    fn expect(&mut self, token: &str) -> Result<(), ExpressionError> {
        if self.eat(token) { Ok(()) } else { Err(self.wrong(format!("'{token}' must stand here"))) }
    }

    fn binary(&mut self, level: usize, depth: usize) -> Result<Node, ExpressionError> {
        if depth == DEPTH_MAX {
            return Err(self.wrong(format!("it nests deeper than {DEPTH_MAX} levels")));
        }
        let Some(operators) = LEVELS.get(level) else { return self.power(depth) };
        let mut left = self.binary(level + 1, depth)?;
        while let Some((_, operator)) = operators.iter().find(|(token, _)| self.eat(token)) {
            let right = self.binary(level + 1, depth)?;
            left = Node::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn power(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        if depth == DEPTH_MAX {
            return Err(self.wrong(format!("it nests deeper than {DEPTH_MAX} levels")));
        }
        if self.eat("-") {
            return Ok(Node::Negative(Box::new(self.power(depth + 1)?)));
        }
        let left = self.one(depth)?;
        if self.eat("^") {
            let right = self.power(depth + 1)?;
            return Ok(Node::Binary(Operator::Power, Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        if self.eat("(") {
            let inner = self.binary(0, depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.eat("[") {
            return Ok(Node::List(self.list("]", depth)?));
        }
        let rest = self.peek();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        if digits > 0 {
            let number = rest[..digits].parse().map_err(|_| self.wrong("this is no number".to_owned()))?;
            self.rest = &self.rest[digits..];
            return Ok(Node::Number(number));
        }
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        let word = rest[..length].to_owned();
        if word.is_empty() {
            return Err(self.wrong("a number, the id of a query or a function must stand here".to_owned()));
        }
        let before = self.rest;
        self.rest = &self.rest[length..];
        if !self.eat("(") {
            return match word.as_str() {
                "REPEAT" => Ok(Node::Repeat),
                "LINEAR" => Ok(Node::Linear),
                _ if word.starts_with(|first: char| first.is_ascii_lowercase()) => Ok(Node::Query(word)),
                _ => {
                    self.rest = before;
                    Err(self.wrong("ids begin with a small letter".to_owned()))
                }
            };
        }
        let function = match word.as_str() {
            "METRICS" => {
                return if self.eat(")") {
                    Ok(Node::Metrics)
                } else {
                    Err(ExpressionError::Function("METRICS with a text to search for".to_owned()))
                };
            }
            "SUM" => Function::Sum,
            "AVG" => Function::Avg,
            "MIN" => Function::Min,
            "MAX" => Function::Max,
            "ABS" => Function::Abs,
            "CEIL" => Function::Ceil,
            "FLOOR" => Function::Floor,
            "PERIOD" => Function::Period,
            "FILL" => Function::Fill,
            "IF" => Function::If,
            _ => return Err(ExpressionError::Function(word)),
        };
        let arguments = self.list(")", depth)?;
        let wanted = match function {
            Function::Fill => 2,
            Function::If => 3,
            _ => 1,
        };
        // IF without a third part gives nothing where the condition does not hold.
        if arguments.len() != wanted && (function, arguments.len()) != (Function::If, 2) {
            return Err(self.wrong(format!("{word} takes {wanted} arguments, not {}", arguments.len())));
        }
        Ok(Node::Call(function, arguments))
    }

    fn list(&mut self, end: &str, depth: usize) -> Result<Vec<Node>, ExpressionError> {
        let mut nodes = vec![self.binary(0, depth + 1)?];
        while self.eat(",") {
            nodes.push(self.binary(0, depth + 1)?);
        }
        self.expect(end)?;
        Ok(nodes)
    }
}
