//! A server that runs stacks: it listens, and answers customers, AWS clients and the command line.
//!
//! [`run`] is what `orderflow up` does. Start at `up` for how a server comes up and goes down, at `listener` for how a
//! request comes in; `front` serves customers, `own` the command line, and the room `desk`, by way of `aws`, AWS's
//! clients. What can be typed decides the room `console`, which the binary hands [`run`].

mod app;
mod aws;
mod body;
mod convert;
mod files;
mod front;
mod greeting;
mod listener;
mod metrics;
mod own;
mod room;
mod rush;
mod slots;
mod stall;
mod tls;
mod tracing;
mod up;
mod watching;

pub use up::run;
