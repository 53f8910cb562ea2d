//! The engine as its callers see it: on a real directory, with functions that the tests watch.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod buses;
mod buses_crash;
mod deploy;
mod documents;
mod endpoints;
mod events;
mod explain;
mod fixture;
mod indexes;
mod isolation;
mod moves;
mod pipe_ways;
mod pipe_ways_crash;
mod pipes;
mod queue_fixture;
mod queue_model;
mod queues;
mod queues_kept;
mod queues_made;
mod queues_ordered;
mod scans;
mod tables;
mod watch;
