//! The engine as its callers see it: on a real directory, with functions that the tests watch.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod deploy;
mod documents;
mod explain;
mod fixture;
mod indexes;
mod pipes;
mod queues;
mod tables;
