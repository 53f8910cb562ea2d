//! Decides what each call of an AWS client does here: typed commands in, the engine's answers out.
//!
//! `wire` knows how calls are spelt and the engine what is done; this room only carries one to the other. Start at
//! [`answer`]. Nothing here knows a socket: who listens hands in a request's head and body, and sends what comes back.

mod cloudwatch;
mod events;
mod functions;
mod logs;
mod metered;
mod pipes;
mod queues;
mod tables;

pub use metered::Calls;
pub use queues::message_record;

use engine::Engine;
use runtime::Runtime;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::{Answer, Call, Refusal, Reply, RequestHead, Response};

/// What calls are about, and who may make them.
pub struct Backend {
    /// The data at work.
    pub engine: Arc<Engine>,
    /// The functions of the stacks that run.
    pub runtime: Arc<Runtime>,
    /// The stacks that run.
    pub stacks: Vec<String>,
    /// Who may call; everybody on this machine if there are none.
    pub credentials: Vec<wire::sigv4::Credentials>,
    /// What is counted of calls.
    pub calls: Calls,
    /// Whether the server is on its way down, so that nobody who waits for a message is kept.
    pub stopping: AtomicBool,
}

impl Backend {
    /// Where nothing was called yet, and anybody may.
    pub fn new(engine: Arc<Engine>, runtime: Arc<Runtime>, stacks: Vec<String>) -> Self {
        let (credentials, calls, stopping) = (Vec::new(), Calls::default(), AtomicBool::new(false));
        Self { engine, runtime, stacks, credentials, calls, stopping }
    }

    /// Whether it is on its way down.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// Answers a call.
pub async fn answer(backend: &Backend, reply: &Reply<'_>, head: &RequestHead<'_>, body: &[u8]) -> Response {
    if !backend.credentials.is_empty()
        && let Err(error) = wire::sigv4::verify(head, body, &backend.credentials, engine::now())
    {
        return reply.refuse(&Refusal::Auth(&error));
    }
    let body = match wire::unpack(head, body) {
        Ok(body) => body,
        Err(error) => return reply.error(&error),
    };
    match wire::parse(reply, head, &body) {
        Err(error) => {
            if reply.service() == wire::Service::Dynamodb {
                // What is not understood may be called anything.
                backend.calls.table_faults.with(&["not understood"]).one();
            }
            reply.error(&error)
        }
        Ok(Call::Health) => reply.answer(&Answer::Healthy),
        Ok(Call::GetCallerIdentity) => reply.answer(&Answer::CallerIdentity),
        Ok(Call::Dynamodb(call)) => metered::tables(backend, reply, call).await,
        Ok(Call::Sqs(call)) => queues::answer(backend, reply, call).await,
        Ok(Call::Logs(call)) => logs::answer(backend, reply, call).await,
        Ok(Call::Events(call)) => events::answer(backend, reply, call).await,
        Ok(Call::Pipes(call)) => pipes::answer(backend, reply, call).await,
        Ok(Call::CloudWatch(call)) => cloudwatch::answer(backend, reply, call).await,
        Ok(Call::Lambda(call)) => functions::answer(backend, reply, call).await,
    }
}

/// Says to the client that something broke, and on the terminal what.
fn internal(reply: &Reply<'_>, error: &dyn std::fmt::Display) -> Response {
    engine::complain!("orderflow: {} failed: {error}", reply.operation());
    reply.refuse(&Refusal::Internal)
}

/// Says why something could not be made durable.
fn not_written(reply: &Reply<'_>, refused: &engine::WriteRefused) -> Response {
    use engine::WriteRefused;
    match refused {
        WriteRefused::Busy | WriteRefused::Contended => reply.refuse(&Refusal::Throttled),
        WriteRefused::NoSpace => reply.refuse(&Refusal::DiskFull),
        WriteRefused::Stopping => reply.refuse(&Refusal::Unavailable),
        WriteRefused::TooLarge(_)
        | WriteRefused::Malformed(_)
        | WriteRefused::Lines(_)
        | WriteRefused::Store(_)
        | WriteRefused::Trim(_) => internal(reply, refused),
    }
}
