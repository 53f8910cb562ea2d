//! Decides what roles allow: policy documents, how they are evaluated, and what a stack needs.
//!
//! [`Statement`] is a policy's unit, [`decide`] evaluates a list of them against a [`Request`],
//! and `check` asks for everything that the pipes and functions of a stack will do, `calls` for what its APIs will.

mod calls;
mod check;
mod condition;
mod decide;
mod document;
mod events;
mod managed;
mod wildcard;

pub use decide::{Decision, Request, decide};
pub use document::{Actions, Condition, Effect, Principal, Resources, Statement};

pub(crate) use check::{check, granted};
pub(crate) use document::{DocumentKind, read_document};
