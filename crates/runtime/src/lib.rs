//! Runs functions: the handlers that are built in, in this process, with typed records and no JSON between.
//!
//! Start at [`Runtime`]: the engine calls it for its pipes, the server for those who invoke a function by hand. Every
//! invocation prints what Lambda prints (START, END, REPORT and the function's own lines), handed to the system as one
//! piece before the invocation returns. A handler that panics fails its batch and nothing else.
//!
//! Invariant: a function never runs more often at once than its concurrency allows.

mod environment;
mod invoke;

pub use invoke::{Invocation, InvokeError, Printer, Runtime};
