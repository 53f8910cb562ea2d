//! The store from outside: what it does, what it refuses, and what is there after things went wrong.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod ahead;
mod basics;
mod common;
mod concurrency;
mod damage;
mod faults;
mod model;
