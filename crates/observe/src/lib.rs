//! What functions print, and what is counted: what is kept, for how long, and found again by a filter.
//!
//! [`FilterPattern`] finds lines, [`invocation`] is what is printed around every call of a function and under which
//! names, [`Retention`] says how long a group of lines is kept, [`metrics`] counts and times, [`trace`] follows one order
//! through all that is done for it.
//!
//! Invariant: nothing here reads a clock, touches a disk or waits.

pub mod alarm;
mod filter;
pub mod invocation;
pub mod measure;
pub mod metrics;
mod retention;
pub mod trace;

pub use filter::{FILTER_PATTERN_LENGTH_MAX, FilterPattern, FilterPatternError};
pub use retention::{RETENTION_DAYS, Retention, RetentionError, expired};
