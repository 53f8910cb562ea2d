//! Runs functions: the handlers that are built in, in this process, with typed values and no JSON between.
//!
//! Start at [`Runtime`]: the engine calls it for its pipes and queues, the server for requests and for those who invoke
//! a function by hand. Every invocation prints what Lambda prints (START, END, REPORT and the function's own lines),
//! handed to the system as one piece before the invocation returns. A handler that panics fails its batch and nothing
//! else. What the shop front asks of the world is answered in `shop` by the engine, in `remote` and `phrasing` by services
//! elsewhere; who is told of premium orders is in `premium`.
//!
//! Invariant: a function never runs more often at once than its concurrency allows.

mod all;
mod chat;
mod environment;
mod events;
mod invoke;
mod memory;
mod messages;
mod meters;
mod phrasing;
mod premium;
mod remote;
mod requests;
mod shop;
mod snacks;
mod timer;
mod trace;
mod turns;
mod work;

pub use events::EngineEvents;
pub use invoke::{Invocation, InvokeError, Printer, Runtime};
pub use meters::Meters;
pub use orders::shop::breaker::Position;
pub use remote::collector::{Collector, Heard};
pub use shop::WrongEnvironment;
