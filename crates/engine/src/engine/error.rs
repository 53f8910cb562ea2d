//! Decides what there is to say when an engine, or a part of it, refuses.

use crate::catalog::{DeployRefused, RedriveRefused};
use crate::codec::Malformed;
use crate::commit::WriteRefused;
use crate::queues::{ReceiveRefused, SendRefused};
use types::QueueName;

/// There is no resource of that name, or it lies dormant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} {name}")]
pub struct NotFound {
    /// `table`, `queue`, …
    pub kind: &'static str,
    /// The name.
    pub name: String,
}

/// Why a stack was not deployed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// It cannot be.
    #[error(transparent)]
    Refused(#[from] DeployRefused),
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// Why a data directory was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] store::OpenError),
    /// What it holds cannot be read.
    #[error(transparent)]
    Read(#[from] WriteRefused),
    /// What functions printed cannot be opened.
    #[error("what functions have printed cannot be opened: {0}")]
    Lines(std::io::Error),
}

impl From<store::ReadError> for OpenError {
    fn from(error: store::ReadError) -> Self {
        Self::Read(error.into())
    }
}

impl From<Malformed> for OpenError {
    fn from(error: Malformed) -> Self {
        Self::Read(error.into())
    }
}

/// Why something was not done with a queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no such queue.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// Nothing is received.
    #[error(transparent)]
    Receive(#[from] ReceiveRefused),
    /// The queue does not take this message.
    #[error(transparent)]
    Send(#[from] SendRefused),
    /// A queue of that name is there, set in another way.
    #[error("queue {0} is there already, and is not set like this")]
    Exists(QueueName),
    /// What cannot be changed would be.
    #[error("the name of queue {0}, and whether it keeps order, cannot be changed")]
    KindChanged(QueueName),
    /// A template has made it.
    #[error("queue {queue} belongs to stack {stack}; take it out of the stack's template")]
    OfStack {
        /// The queue.
        queue: QueueName,
        /// Its stack.
        stack: String,
    },
    /// The dead-letter queue is none.
    #[error(transparent)]
    Redrive(RedriveRefused),
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// Why a pipe was not started.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// There is no such pipe.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// Its place cannot be read.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}
