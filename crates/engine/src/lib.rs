//! Ties what the deciding rooms decide to time and disk: load, decide, make durable, then act.
//!
//! Start at [`Engine`]: it opens a data directory, takes in stacks ([`Engine::deploy`]), carries out commands on tables
//! and queues, and runs pipes once it is told who runs functions ([`Engine::start`]). What happens to one write: `tables`
//! looks and lets the table decide; `commit` hands the entry to the store, whose writer makes it durable and gives the
//! change to the `feed`; the lanes of `pipes` take it from there to a function; `progress` keeps how far they are. `command` makes one commit of
//! acts on tables and on queues, `pollers` hand messages to functions, `bus` makes one of an event and all that comes of it,
//! `indexes` builds what queries by another key read, `watch` keeps what is measured and looks at alarms.
//!
//! Invariants: nobody hears of a state that is not durable, a refusal included. Nothing waits on a timer for work:
//! records wake their pipes. No HTTP and no spelling of AWS's here.

mod aside;
mod asynchronous;
mod bus;
mod catalog;
mod clock;
mod codec;
mod command;
mod commit;
mod complain;
mod counts;
mod documents;
mod engine;
pub mod events {
    //! What is put on event buses, in the words of who decides about it.
    pub use delivery::bus::EventId;
    pub use delivery::bus::entry::{Entry, EntryRefused, RequestRefused};
}
pub mod endpoints {
    //! What is asked of HTTP endpoints that events are brought to, in the words of who decides about it.
    pub use delivery::bus::endpoint::{Answer, Call};
}
mod expiry;
mod explain;
mod feed;
mod functions;
mod housekeeping;
mod indexes;
mod layout;
mod moves;
mod pipes;
mod pollers;
mod progress;
mod query;
mod queues;
mod redrive;
mod scan;
pub mod spec;
mod tables;
pub mod trace;
mod traffic;
mod versions;
pub mod watch;

pub use aside::aside;
pub use bus::{
    ArchiveChange, ArchiveEntry, ArchiveInfo, ArchivedEvent, BusEntry, BusError, BusInfo, ConnectionEntry,
    ConnectionInfo, DestinationEntry, DestinationInfo, PutError, PutRefused, ReplayInfo, RuleEntry, RuleInfo,
    TellError, WEBHOOK_SECRET,
};
pub use catalog::{
    Act, Catalog, Definition, DeployRefused, FunctionEntry, LogGroupEntry, PipeEntry, QueueEntry, RedriveRefused, Step,
    StreamEntry, TableEntry,
};
pub use clock::now;
pub use codec::Malformed;
pub use command::{By, Command, CommandError, Fate, Settle};
pub use commit::{Observer, WriteRefused};
pub use complain::complaint;
pub use counts::Count;
pub use delivery::queue::{BodyRefused, Counts, Receipt, VisibilityRefused};
pub use documents::{Document, Documents};
pub use engine::{Check, DeployError, Engine, NotFound, OpenError, Options, PipeError, PipeStatus, QueueError};
pub use explain::{Decision, Difference, Explained, ExplainedChange, Older, Verdict, differences};
pub use functions::{EventDone, Functions, Handed, Handled, Invoked, MessageFate};
pub use indexes::IndexState;
pub use moves::{MOVES_PER_SECOND_MAX, Move, MoveFailure, MoveRefused, MoveStatus, MoveTask};
pub use pipes::{PipeRefused, SpellMessage};
pub use pollers::GiveWay;
pub use progress::{How, Outcome, Then};
pub use query::QueryRefused;
pub use queues::{
    Attribute, AttributeValue, ChangeRefused, Deleted, Failed, Made, Message, Origin, Outgoing, QueueInfo,
    QueueSettings, ReceiveRefused, ReceiveRequest, ReceivedMessage, SendRefused, Sent,
};
pub use redrive::{Redrive, Redriven};
pub use tables::{CommandRefused, Looked, TableWrite, Written};
pub use traffic::{BusTraffic, PipeTraffic, QueueTraffic, RuleTraffic, TableTraffic, Traffic};
pub use versions::{
    Aim, AimRefused, AliasChange, AliasEntry, InvokeChange, InvokeConfig, VersionEntry, VersionError, Versions,
};
