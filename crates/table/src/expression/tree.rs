//! What an expression says, before anybody knows what its names and values stand for.
//!
//! Every part knows the word it was read from, so that a fault can say where it is. [`Test::visit`] and
//! [`Action::visit`] walk over all names, values and calls in the order in which they were written.

use super::ExpressionError;
use super::tokens::Token;

/// A condition.
#[derive(Debug)]
pub(super) enum Test<'a> {
    /// `a = b`; the sign is the token's text.
    Compare(Token<'a>, Box<[Operand<'a>; 2]>),
    /// `a BETWEEN b AND c`
    Between(Token<'a>, Box<[Operand<'a>; 3]>),
    /// `a IN (b, …)`
    In(Token<'a>, Box<Operand<'a>>, Vec<Operand<'a>>),
    /// `f(a, …)`
    Call(Call<'a>),
    And(Token<'a>, Vec<Test<'a>>),
    Or(Token<'a>, Vec<Test<'a>>),
    Not(Token<'a>, Box<Test<'a>>),
}

#[derive(Debug)]
pub(super) enum Operand<'a> {
    Path(Path<'a>),
    /// `:value`
    Value(Token<'a>),
    Call(Call<'a>),
}

#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The function.
    pub(super) name: Token<'a>,
    pub(super) operands: Vec<Operand<'a>>,
}

#[derive(Debug)]
pub(super) struct Path<'a> {
    /// A word or `#name`.
    pub(super) attribute: Token<'a>,
    pub(super) steps: Vec<Step<'a>>,
}

#[derive(Debug)]
pub(super) enum Step<'a> {
    /// A word or `#name`.
    Field(Token<'a>),
    Index(usize),
}

/// One clause of an update, with its keyword.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) keyword: Token<'a>,
    pub(super) actions: Vec<Action<'a>>,
}

#[derive(Debug)]
pub(super) struct Action<'a> {
    pub(super) path: Path<'a>,
    pub(super) act: Act<'a>,
}

#[derive(Debug)]
pub(super) enum Act<'a> {
    Set(Term<'a>),
    Remove,
    /// `ADD path :value`
    Add(Token<'a>),
    /// `DELETE path :value`
    Delete(Token<'a>),
}

/// What stands on the right of `SET path =`.
#[derive(Debug)]
pub(super) enum Term<'a> {
    One(Operand<'a>),
    /// `a + b`, `a - b`; the sign is the token's text.
    Two(Token<'a>, Operand<'a>, Operand<'a>),
}

/// What a walk comes by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'s, 'a> {
    /// A word or `#name` in a path.
    Name(Token<'a>),
    /// `:value`
    Value(Token<'a>),
    /// A function, and where it is used.
    Call(&'s Call<'a>, Used<'a>),
}

/// Where a function is used.
#[derive(Debug, Clone, Copy)]
pub(super) enum Used<'a> {
    /// As a condition.
    Condition,
    /// To be compared, added, or stored.
    Operand,
    /// Inside this function.
    Inside(Token<'a>),
}

/// What is done at each stop of a walk; a refusal ends it.
pub(super) type Visit<'v, 'a> = &'v mut dyn FnMut(Seen<'_, 'a>) -> Result<(), ExpressionError>;

impl<'a> Test<'a> {
    pub(super) fn visit(&self, visit: Visit<'_, 'a>) -> Result<(), ExpressionError> {
        match self {
            Self::Compare(_, operands) => operands.iter().try_for_each(|one| one.visit(Used::Operand, visit)),
            Self::Between(_, operands) => operands.iter().try_for_each(|one| one.visit(Used::Operand, visit)),
            Self::In(_, first, others) => {
                first.visit(Used::Operand, visit)?;
                others.iter().try_for_each(|one| one.visit(Used::Operand, visit))
            }
            Self::Call(call) => call.visit(Used::Condition, visit),
            Self::And(_, tests) | Self::Or(_, tests) => tests.iter().try_for_each(|test| test.visit(visit)),
            Self::Not(_, test) => test.visit(visit),
        }
    }
}

impl<'a> Operand<'a> {
    fn visit(&self, used: Used<'a>, visit: Visit<'_, 'a>) -> Result<(), ExpressionError> {
        match self {
            Self::Path(path) => path.visit(visit),
            Self::Value(token) => visit(Seen::Value(*token)),
            Self::Call(call) => call.visit(used, visit),
        }
    }
}

impl<'a> Call<'a> {
    fn visit(&self, used: Used<'a>, visit: Visit<'_, 'a>) -> Result<(), ExpressionError> {
        visit(Seen::Call(self, used))?;
        self.operands.iter().try_for_each(|one| one.visit(Used::Inside(self.name), visit))
    }
}

impl<'a> Path<'a> {
    pub(super) fn visit(&self, visit: Visit<'_, 'a>) -> Result<(), ExpressionError> {
        visit(Seen::Name(self.attribute))?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Field(name) => visit(Seen::Name(*name)),
            Step::Index(_) => Ok(()),
        })
    }
}

impl<'a> Action<'a> {
    pub(super) fn visit(&self, visit: Visit<'_, 'a>) -> Result<(), ExpressionError> {
        self.path.visit(visit)?;
        match &self.act {
            Act::Remove => Ok(()),
            Act::Add(value) | Act::Delete(value) => visit(Seen::Value(*value)),
            Act::Set(Term::One(one)) => one.visit(Used::Operand, visit),
            Act::Set(Term::Two(_, first, second)) => {
                first.visit(Used::Operand, visit)?;
                second.visit(Used::Operand, visit)
            }
        }
    }
}
