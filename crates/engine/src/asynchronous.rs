//! Decides how a function does what nobody waits for: from a durable queue of its own, tried three times.
//!
//! A pipe that fires and forgets hands a batch over in the same commit as its checkpoint; from then on it is the
//! function's. A failure is tried again after one minute, then after two; then it is given up, and said so in the
//! function's log group. A function that is too busy is asked again until it is not, without that counting.

use crate::commit::WriteRefused;
use crate::engine::Inner;
use crate::functions::{Functions, Invoked};
use crate::queues::{LiveQueue, ReceivedMessage, Wanted};
use crate::spec::QueueSpec;
use std::sync::Arc;
use std::time::Duration;
use types::{FunctionName, Record};

/// How often a batch is tried.
const ATTEMPTS_MAX: u32 = 3;
/// How long a batch is hidden while it is worked on; longer than any function may take.
const HIDDEN_FOR_SECONDS: u32 = 16 * 60;
/// How long a busy function is left alone.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// The settings of the queue that a function is handed work by.
pub(crate) fn queue_spec() -> QueueSpec {
    QueueSpec {
        name: "handover".parse().expect("a fair name"),
        visible_for_seconds: HIDDEN_FOR_SECONDS,
        retention_seconds: 6 * 60 * 60,
        delay_seconds: 0,
        message_bytes_max: u32::MAX,
        wait_seconds: 0,
        redrive: None,
        fifo: None,
    }
}

/// Works off a function's queue until the engine stops.
pub(crate) fn run(inner: &Inner, queue: &Arc<LiveQueue>, function: &FunctionName) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else {
        eprintln!("orderflow: no thread for what function {function} is handed");
        return;
    };
    while !inner.is_stopping() {
        let wanted = Wanted { max: 1, wait: Duration::from_millis(500), ..Wanted::default() };
        match runtime.block_on(queue.receive(&inner.commits, &wanted)) {
            Ok(received) => received.into_iter().for_each(|one| {
                if let Err(refused) = runtime.block_on(work(inner, queue, function, &one)) {
                    eprintln!("orderflow: function {function} was handed a batch that stays in its queue: {refused}");
                }
            }),
            Err(refused) => {
                eprintln!("orderflow: the queue of function {function} cannot be read: {refused}");
                inner.sleep(BUSY_FOR);
            }
        }
    }
}

/// Runs the function, asking again while it is too busy; `None` if the engine stops before that.
fn invoke(inner: &Inner, functions: &dyn Functions, function: &FunctionName, records: &[Record]) -> Option<Invoked> {
    loop {
        match functions.invoke(function, records) {
            Invoked::NotRun { .. } if inner.is_stopping() => return None,
            Invoked::NotRun { .. } => inner.sleep(BUSY_FOR),
            invoked => return Some(invoked),
        }
    }
}

async fn work(
    inner: &Inner,
    queue: &Arc<LiveQueue>,
    function: &FunctionName,
    received: &ReceivedMessage,
) -> Result<(), WriteRefused> {
    let Some(functions) = inner.functions.get() else { return Ok(()) };
    let payload = serde_json::from_str(&received.message.body).map_err(|error| error.to_string());
    let records = payload.and_then(|payload| types::event::read(&payload).map_err(|error| error.to_string()));
    let receives = received.receipt.receives;
    let retry_in = match records.map(|records| invoke(inner, functions.as_ref(), function, &records)) {
        Err(error) => {
            inner.tell(
                function,
                &format!("[ERROR] what the function was handed cannot be read, and is dropped: {error}"),
            );
            None
        }
        // The engine stops; the batch is hidden for a while and then tried again.
        Ok(None) => return Ok(()),
        Ok(Some(invoked)) => match invoked {
            Invoked::Answered { .. } | Invoked::NotRun { .. } => None,
            Invoked::Failed { .. } if receives < ATTEMPTS_MAX => Some(Duration::from_secs(60) * receives),
            Invoked::Failed { error } => {
                let given_up = format!("[ERROR] given up after {ATTEMPTS_MAX} attempts, records dropped: {error}");
                inner.tell(function, &given_up);
                None
            }
        },
    };
    // Somebody else may have done the same to it meanwhile; that is as good.
    match retry_in {
        None => queue.delete_many(&inner.commits, &[received.receipt]).await.map(drop),
        Some(span) => queue.hide_many(&inner.commits, &[(received.receipt, span)]).await.map(drop),
    }
}
