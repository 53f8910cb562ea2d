//! Decides what an event bus does: which events it takes, which rules match them, what their targets get and when it is
//! tried again, what is given up, and what is kept to be replayed.
//!
//! An event comes in through [`entry`] and is an [`Event`] from then on, made once as the bytes that everybody sees.
//! [`matcher::BusMatcher`] finds the rules; [`Rule`] and [`Target`] are what a client made, checked; [`input::Input`] makes of an
//! event what a target gets; [`retry::State`] takes a delivery from its first attempt to its end, and
//! [`dead_letter::attributes`] says what is written on what was given up. [`schedule::Schedule`] says when a rule fires
//! without an event. [`endpoint`] says what is asked of HTTP endpoints, and [`pace`] how often. [`archive`] and [`replay`]
//! keep events and bring them again. Pipes have templates and targets of their own: [`pipe_input`], [`pipe_target`]. Who may
//! do what with a bus is a [`policy`].
//!
//! Invariant: as everywhere in this crate, the time, the jitter and the ids come in as arguments. What was accepted when
//! it was put cannot fail later but for what is in an event.

pub mod archive;
pub mod dead_letter;
pub mod endpoint;
pub mod entry;
mod event;
pub mod failure;
pub mod input;
mod json;
pub mod matcher;
pub mod pace;
mod parameter;
mod path;
pub mod pipe_input;
pub mod pipe_target;
pub mod policy;
pub mod replay;
pub mod retry;
mod rule;
pub mod schedule;
mod target;
mod template;

pub use event::{Event, EventId, NoEvent};
pub use parameter::Parameter;
pub use path::{JsonPath, PathError};
pub use rule::{DESCRIPTION_MAX, Rule, RuleRefused, RuleSpec, RuleState, TARGETS_MAX, TargetsRefused, rule_arn};
pub use target::{HttpParameters, HttpSpec, Target, TargetKind, TargetRefused, TargetSpec};
pub use template::TEMPLATE_MAX;
