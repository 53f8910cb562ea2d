//! The program as people run it: the real binary, a real disk, requests over real connections, `kill -9`.
//!
//! What each file holds: [`crash`] that nothing acknowledged is lost, however often the server dies; [`poison`] that one
//! order that cannot be done costs the others nothing; [`command_line`] what the verbs print and how they end;
//! [`events`] that buses deliver, keep and bring again; [`checking`] what `check` and `match` find in filters; [`costing`]
//! what `cost` reckons; [`drawing`] what `diagram` draws; [`changing`] what running `up` again may change;
//! [`pipes`] that pipes of every kind hand on what came in; [`premium`]
//! whom premium customers' orders are told to; [`shop`] what the shop front promises those who order there; [`snacks`] that
//! each order of snacks is processed, [`snacks_crash`] that it is so once, however often the server dies; [`targets`] where
//! rules bring events, and whom alarms tell; [`tracing`] that one trace leads from a request to the last handler;
//! [`measuring`] what the server measures of the business; [`unheard`] that it works where nobody reads what it says; [`versions`] that functions keep what was published. [`harness`]
//! starts servers and talks to them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, and says where")]

mod changing;
mod checking;
mod command_line;
mod costing;
mod crash;
mod drawing;
mod events;
mod harness;
mod measuring;
mod pipes;
mod poison;
mod premium;
mod shop;
mod snacks;
mod snacks_crash;
mod targets;
mod tracing;
mod unheard;
mod versions;
