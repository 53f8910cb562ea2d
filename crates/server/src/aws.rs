//! Decides what each call of an AWS client does here: typed commands in, the engine's answers out.
//!
//! `wire` knows how calls are spelt and the engine what is done; this file and those beside it only carry one to the
//! other. Start at [`answer`].

mod cloudwatch;
mod events;
mod functions;
mod logs;
pub(crate) mod metered;
mod pipes;
mod queues;
mod tables;

pub(crate) use queues::message_record;

use crate::app::App;
use crate::tracing;
use engine::trace;
use wire::{Answer, Call, Refusal, Reply, RequestHead, Response};

/// Answers a call.
pub(crate) async fn answer(app: &App, context: &wire::Context, head: &RequestHead<'_>, body: &[u8]) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let reply = Reply::new(head, body, &request_id, context);
    let Some(mut span) = tracing::begin(app, &Heads(head), &request_id) else {
        return carry_out(app, &reply, head, body).await;
    };
    let response = trace::within(Some(span.current()), Box::pin(carry_out(app, &reply, head, body))).await;
    span.rename(reply.operation().to_owned());
    span.say("rpc.system.name", "aws-api");
    span.say("rpc.method", reply.operation());
    span.say("http.response.status_code", i64::from(response.status));
    span.say("orderflow.request.id", request_id.as_str());
    span.end((response.status >= 500).then(|| format!("status {}", response.status)));
    response
}

/// The headers of a request, by their names.
struct Heads<'a>(&'a RequestHead<'a>);

impl gateway::admission::Headers for Heads<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.0.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn each(&self, see: &mut dyn FnMut(&str, &str)) {
        self.0.headers.iter().for_each(|(name, value)| see(name, value));
    }
}

async fn carry_out(app: &App, reply: &Reply<'_>, head: &RequestHead<'_>, body: &[u8]) -> Response {
    if !app.credentials.is_empty()
        && let Err(error) = wire::sigv4::verify(head, body, &app.credentials, engine::now())
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
                app.calls.table_faults.with(&["not understood"]).one();
            }
            reply.error(&error)
        }
        Ok(Call::Health) => reply.answer(&Answer::Healthy),
        Ok(Call::GetCallerIdentity) => reply.answer(&Answer::CallerIdentity),
        Ok(Call::Dynamodb(call)) => metered::tables(app, reply, call).await,
        Ok(Call::Sqs(call)) => queues::answer(app, reply, call).await,
        Ok(Call::Logs(call)) => logs::answer(app, reply, call).await,
        Ok(Call::Events(call)) => events::answer(app, reply, call).await,
        Ok(Call::Pipes(call)) => pipes::answer(app, reply, call).await,
        Ok(Call::CloudWatch(call)) => cloudwatch::answer(app, reply, call).await,
        Ok(Call::Lambda(call)) => functions::answer(app, reply, call).await,
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
