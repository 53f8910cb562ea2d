//! What may be wrong with an expression, in the words that DynamoDB's clients know, and where in it.

use crate::{Path, Step};
use std::fmt;
use types::{Item, Value};

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct ExpressionError {
    /// What is wrong; boxed, because it is rare and large.
    pub fault: Box<Fault>,
    /// At which byte of the expression; at its end if something is missing.
    pub at: usize,
}

/// What is wrong with an expression. The texts are DynamoDB's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is longer than 4 KB.
    #[error("Expression size has exceeded the maximum allowed size; expression size: {size}")]
    TooLong {
        /// Its bytes.
        size: usize,
    },
    /// There is nothing in it.
    #[error("The expression can not be empty;")]
    Empty,
    /// A word stands where it cannot.
    #[error("Syntax error; token: \"{token}\", near: \"{near}\"")]
    Syntax {
        /// The word; `<EOF>` at the end.
        token: String,
        /// The words around it.
        near: String,
    },
    /// It has more than 300 operators.
    #[error("The expression contains too many operators; operator count: {count}")]
    TooManyOperators {
        /// How many were counted before giving up.
        count: usize,
    },
    /// Parentheses or functions stand too deep in each other.
    #[error("The expression has too many nesting levels;")]
    TooDeep,
    /// A path has too many steps.
    #[error("The document path has too many nesting elements; nesting levels: {levels}")]
    PathTooDeep {
        /// How many, as far as was read.
        levels: usize,
    },
    /// Something stands in two pairs of parentheses.
    #[error("The expression has redundant parentheses;")]
    RedundantParentheses,
    /// There is no such function.
    #[error("Invalid function name; function: {function}")]
    UnknownFunction {
        /// Its name.
        function: String,
    },
    /// The function belongs into the other kind of expression.
    #[error("The function is not allowed in {kind} expression; function: {function}")]
    ForeignFunction {
        /// Its name.
        function: String,
        /// `a condition` or `an update`.
        kind: &'static str,
    },
    /// The function cannot stand there: a condition as a value, a value as a condition.
    #[error("The function is not allowed to be used this way in an expression; function: {function}")]
    MisusedFunction {
        /// Its name.
        function: String,
    },
    /// The name can only be written as `#name`.
    #[error("Attribute name is a reserved keyword; reserved keyword: {name}")]
    Reserved {
        /// As it was written.
        name: String,
    },
    /// Nobody said what `#name` stands for.
    #[error("An expression attribute name used in the document path is not defined; attribute name: {name}")]
    UndefinedName {
        /// With its sign.
        name: String,
    },
    /// Nobody said what `:value` stands for.
    #[error("An expression attribute value used in expression is not defined; attribute value: {value}")]
    UndefinedValue {
        /// With its sign.
        value: String,
    },
    /// A function has too few or too many operands.
    #[error(
        "Incorrect number of operands for operator or function; operator or function: {operator}, number of operands: \
         {count}"
    )]
    OperandCount {
        /// Of what.
        operator: String,
        /// How many there are.
        count: usize,
    },
    /// `IN` has more than 100 values to choose from.
    #[error("The IN operator is provided with too many operands; number of operands: {count}")]
    InTooLong {
        /// How many there are.
        count: usize,
    },
    /// An operand has a type that the operator does not take.
    #[error("Incorrect operand type for operator or function; operator or function: {operator}, operand type: {found}")]
    OperandType {
        /// Of what.
        operator: String,
        /// The type's name.
        found: &'static str,
    },
    /// The value that `ADD` or `DELETE` takes has a type that they do not take.
    #[error("Incorrect operand type for operator or function; operator: {section}, operand type: {found}")]
    SectionOperandType {
        /// `ADD` or `DELETE`.
        section: &'static str,
        /// The type, spelt out.
        found: &'static str,
    },
    /// The function asks about a path and was given something else.
    #[error("Operator or function requires a document path; operator or function: {function}")]
    NotAPath {
        /// Its name.
        function: String,
    },
    /// `attribute_type` was asked about a type that there is not.
    #[error("Invalid attribute type name found; type: {name}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}")]
    UnknownType {
        /// As it was given.
        name: String,
    },
    /// Something is held against itself.
    #[error(
        "The first operand must be distinct from the remaining operands for this operator or function; operator: \
         {operator}, first operand: {path}"
    )]
    NotDistinct {
        /// By what.
        operator: String,
        /// What.
        path: ShownPath,
    },
    /// The bounds of `BETWEEN` have two types.
    #[error(
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: \
         {}, upper bound operand: AttributeValue: {}",
        braced(low),
        braced(high)
    )]
    BoundsDiffer {
        /// The lower one.
        low: Value,
        /// The upper one.
        high: Value,
    },
    /// The bounds of `BETWEEN` are the wrong way round.
    #[error(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: \
         AttributeValue: {}, upper bound operand: AttributeValue: {}",
        braced(low),
        braced(high)
    )]
    BoundsReversed {
        /// The lower one.
        low: Value,
        /// The upper one.
        high: Value,
    },
    /// A clause of an update stands there twice.
    #[error("The \"{section}\" section can only be used once in an update expression;")]
    SectionRepeated {
        /// `SET`, `REMOVE`, `ADD` or `DELETE`.
        section: &'static str,
    },
    /// A path leads to or through another.
    #[error(
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {one}, path \
         two: {two}"
    )]
    PathsOverlap {
        /// The one written first.
        one: ShownPath,
        /// The other.
        two: ShownPath,
    },
    /// Two paths take the same value for a map and for a list.
    #[error(
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: {one}, path \
         two: {two}"
    )]
    PathsConflict {
        /// The one written first.
        one: ShownPath,
        /// The other.
        two: ShownPath,
    },
    /// Keys cannot be asked for by this.
    #[error("Invalid operator used in KeyConditionExpression: {operator}")]
    KeyOperator {
        /// By what.
        operator: &'static str,
    },
    /// A condition on a key leads into a value.
    #[error("KeyConditionExpressions cannot have conditions on nested attributes")]
    KeyNested,
    /// A condition on a key has a function inside.
    #[error("KeyConditionExpressions cannot contain nested operations")]
    KeyCalculated,
    /// A condition on a key names two attributes.
    #[error("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")]
    KeyAttributes,
    /// A condition on a key names no attribute.
    #[error("Invalid condition in KeyConditionExpression: No key attribute specified")]
    KeyMissing,
}

impl Fault {
    pub(super) fn at(self, at: usize) -> ExpressionError {
        ExpressionError { fault: Box::new(self), at }
    }
}

/// A path as faults show it: `[a, b, [0]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPath(pub Path);

impl fmt::Display for ShownPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.0.attribute)?;
        for step in &self.0.steps {
            match step {
                Step::Field(name) => write!(f, ", {name}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}

/// A value as faults show it: `{S:text}`.
pub fn braced(value: &Value) -> String {
    let kind = value.type_name();
    let json = Item::from([(kind, value.clone())]).to_json();
    let content = &json[kind][kind];
    let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
    format!("{{{kind}:{content}}}")
}
