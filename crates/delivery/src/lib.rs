//! Decides who gets what and when: which records a pipe lets through, in which batches they go to a function, what its
//! answer settles, when it is tried again, what is given up; which messages of a queue may be seen until when; and which
//! rules of an event bus match an event and what their targets get.
//!
//! Start at [`lane::Lane`], which delivers one lane of a pipe, at [`queue::Queue`], which hides and shows the messages of
//! one queue, and at [`bus`]. [`filters`] says what a pipe lets through, [`answer`] what a function's answer means, and
//! [`dead_letter`] what is kept of records that were given up.
//!
//! Invariant: nothing here reads a clock, draws a random number, waits, or touches a disk. The time and the jitter come
//! in as arguments, so the same calls give the same results on any machine and any day.

pub mod answer;
pub mod bus;
pub mod dead_letter;
pub mod filters;
pub mod lane;
pub mod queue;

pub use filters::{FilterError, Filters};
pub use lane::{Batch, Condition, DeadLetter, Lane, Outcome, Policy, Progress, Settled, Step};
pub use queue::Queue;
