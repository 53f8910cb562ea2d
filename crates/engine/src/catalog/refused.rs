//! Decides what there is to say when a stack cannot be deployed.

use delivery::bus::pipe_target::PipeParametersRefused;
use types::{FunctionName, PipeName, QueueName, TableName};

/// Why a stack cannot be deployed. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeployRefused {
    /// Another stack has a resource of that name.
    #[error(
        "the {kind} {name} belongs to stack {owner} already, and stack {stack} names one too; give one of them \
         another name (its template has a parameter for that), or another data directory"
    )]
    Taken {
        /// `table`, `queue`, …
        kind: &'static str,
        /// The name both want.
        name: String,
        /// Who has it.
        owner: String,
        /// Who wants it.
        stack: String,
    },
    /// The table's key would be another.
    #[error("table {0} holds items under its present key, which cannot be changed; deploy a table of another name")]
    KeyChanged(TableName),
    /// The table's stream would show other images.
    #[error(
        "the stream of table {0} cannot show other images than it does: pipes would lose their place; deploy without \
         a stream first, then with the new view"
    )]
    ViewChanged(TableName),
    /// The pipe would read another table.
    #[error("pipe {0} cannot read anything else: its place belongs to what it reads; give the new pipe a new name")]
    SourceChanged(PipeName),
    /// A pipe reads a table that is not there, or has no stream.
    #[error("pipe {pipe} reads table {table}, which has no stream")]
    NoStream {
        /// The pipe.
        pipe: PipeName,
        /// Its source.
        table: TableName,
    },
    /// What a pipe hands on cannot be made.
    #[error("pipe {pipe}: {error}")]
    Parameters {
        /// The pipe.
        pipe: PipeName,
        /// What is wrong.
        error: PipeParametersRefused,
    },
    /// There would be too many.
    #[error("there are {max} pipes already, and that is the limit")]
    TooManyPipes {
        /// How many there may be.
        max: usize,
    },
    /// A pipe names a function or queue that is not there.
    #[error("pipe {pipe} names the {kind} {name}, which is not there")]
    NoTarget {
        /// The pipe.
        pipe: PipeName,
        /// `function`, `queue`, `event bus` or `log group`.
        kind: &'static str,
        /// What it names.
        name: String,
    },
    /// Something of an event bus is not in order.
    #[error("{kind} {name}: {why}")]
    Events {
        /// `event bus`, `rule` or `archive`.
        kind: &'static str,
        /// Which one.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A function names a queue or another function that is not there.
    #[error("function {function} names the {kind} {name}, which is not there")]
    NoDestination {
        /// The function.
        function: FunctionName,
        /// `function` or `queue`.
        kind: &'static str,
        /// What it names.
        name: String,
    },
    /// A version or alias cannot be as its template says.
    #[error("{what} of function {function}: {why}")]
    Version {
        /// The function.
        function: FunctionName,
        /// What the template calls the version, or what the alias is called.
        what: String,
        /// Why.
        why: String,
    },
    /// The queue would keep order, or no longer.
    #[error("queue {0} holds messages in the order that it keeps now; deploy a queue of another name")]
    OrderChanged(QueueName),
    /// A queue's dead-letter queue is none.
    #[error("queue {queue}: {why}")]
    Redrive {
        /// The queue.
        queue: QueueName,
        /// What is wrong.
        why: RedriveRefused,
    },
    /// Messages of a queue cannot be handed over: something is not there, or a filter is no pattern.
    #[error("the messages of queue {queue} cannot be handed over: the {kind} is not there or not in order: {name}")]
    NoMessages {
        /// The queue.
        queue: QueueName,
        /// `queue`, `function` or `filter`.
        kind: &'static str,
        /// Which.
        name: String,
    },
    /// A filter that is no pattern.
    #[error("pipe {pipe}: {error}")]
    Filter {
        /// The pipe.
        pipe: PipeName,
        /// What is wrong with it.
        error: String,
    },
}

/// Why a queue cannot be another one's dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedriveRefused {
    /// It is not there.
    #[error("the dead-letter queue {0} is not there")]
    Missing(QueueName),
    /// One keeps order and the other does not.
    #[error("the dead-letter queue {0} must keep order if the queue does, and only then")]
    OtherKind(QueueName),
    /// A number of receives that is out of bounds.
    #[error("a message can be received 1 to 1000 times before it is a dead letter, not {0}")]
    Receives(u32),
}
