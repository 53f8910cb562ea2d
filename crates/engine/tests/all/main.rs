//! The engine as its callers see it: on a real directory, with functions that the tests watch.

mod deploy;
mod explain;
mod fixture;
mod pipes;
mod queues;
mod tables;
