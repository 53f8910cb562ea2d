//! Decides what each call of an AWS client does here: typed commands in, the engine's answers out.
//!
//! `wire` knows how calls are spelt and the engine what is done; this file and those beside it only carry one to the
//! other. Start at [`answer`].

mod cloudwatch;
mod events;
mod logs;
pub(crate) mod metered;
mod pipes;
mod queues;
mod tables;

pub(crate) use queues::message_record;

use crate::app::App;
use crate::tracing;
use engine::trace;
use serde_json::{Value as Json, json};
use types::FunctionName;
use wire::{Answer, Call, Refusal, Reply, RequestHead, Response, lambda};

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
        Ok(Call::Lambda(call)) => functions(app, reply, call).await,
    }
}

async fn functions(app: &App, reply: &Reply<'_>, call: lambda::Call) -> Response {
    let catalog = app.engine.catalog();
    let awake = |entry: &&engine::FunctionEntry| app.stacks.contains(&entry.stack) && !entry.dormant;
    let described = |function: &FunctionName, say: &dyn Fn(&lambda::FunctionDescription<'_>) -> Response| match catalog
        .functions
        .get(function)
        .filter(awake)
    {
        Some(entry) => say(&describe(entry)),
        None => reply.refuse(&Refusal::NoSuchFunction(function)),
    };
    let answer = |answer: lambda::Answer<'_>| reply.answer(&Answer::Lambda(answer));
    match call {
        lambda::Call::Invoke { function, payload, log_tail } => invoke(app, reply, function, &payload, log_tail).await,
        lambda::Call::InvokeEvent { function, payload } => {
            if catalog.functions.get(&function).filter(awake).is_none() {
                return reply.refuse(&Refusal::NoSuchFunction(&function));
            }
            let handed = engine::Handed { request_id: reply.request_id().to_owned(), payload: json_of(&payload) };
            let command = engine::Command { hands: vec![(function, handed)], ..engine::Command::default() };
            match app.engine.command(command, engine::By::Client).await {
                Ok(_) => answer(lambda::Answer::Accepted),
                Err(engine::CommandError::Write(refused)) => not_written(reply, &refused),
                Err(engine::CommandError::Refused(engine::CommandRefused::Write(refused))) => {
                    not_written(reply, &refused)
                }
                Err(error) => internal(reply, &error),
            }
        }
        lambda::Call::DryRun { function } => described(&function, &|_| answer(lambda::Answer::Runnable)),
        lambda::Call::GetFunction { function, qualified } => {
            described(&function, &|function| answer(lambda::Answer::Function { function, qualified }))
        }
        lambda::Call::GetFunctionConfiguration { function, qualified } => {
            described(&function, &|function| answer(lambda::Answer::Configuration { function, qualified }))
        }
        lambda::Call::ListVersions { function } => {
            described(&function, &|function| answer(lambda::Answer::Versions(function)))
        }
        lambda::Call::ListAliases { function } => described(&function, &|_| answer(lambda::Answer::Aliases)),
        lambda::Call::ListFunctions { after, limit } => {
            let mut listed: Vec<_> = catalog
                .functions
                .values()
                .filter(|entry| awake(entry) && after.as_ref().is_none_or(|after| entry.spec.name > *after))
                .collect();
            let more = listed.len() > limit;
            listed.truncate(limit);
            let described: Vec<_> = listed.into_iter().map(describe).collect();
            answer(lambda::Answer::Listed { functions: &described, more })
        }
    }
}

fn describe(entry: &engine::FunctionEntry) -> lambda::FunctionDescription<'_> {
    lambda::FunctionDescription {
        name: &entry.spec.name,
        runtime: &entry.spec.runtime,
        handler: &entry.spec.handler,
        role: &entry.spec.role,
        description: &entry.spec.description,
        timeout_seconds: entry.spec.timeout_seconds,
        memory_mb: entry.spec.memory_mb,
        environment: &entry.spec.environment,
        log_group: &entry.spec.log_group,
        modified_at: entry.changed_at,
        dead_letters: entry.spec.asynchronous.dead_letters.as_ref(),
        concurrency: entry.spec.concurrency,
    }
}

/// A payload, which `wire` has checked to be JSON.
fn json_of(payload: &[u8]) -> Json {
    serde_json::from_slice(payload).unwrap_or_else(|_| Json::Object(serde_json::Map::new()))
}

async fn invoke(app: &App, reply: &Reply<'_>, function: FunctionName, payload: &[u8], log_tail: bool) -> Response {
    let (payload, request_id) = (json_of(payload), reply.request_id().to_owned());
    let (runtime, name) = (std::sync::Arc::clone(&app.runtime), function.clone());
    // Handlers may wait, so they run where waiting costs nobody else.
    let current = trace::current();
    let invoke = move || runtime.invoke_payload(&name, &payload, request_id);
    let invoked = tokio::task::spawn_blocking(move || trace::within_now(current, invoke)).await;
    match invoked {
        Ok(Ok(invocation)) => {
            let (mut payload, mut failed) = (invocation.payload.to_string(), invocation.failed);
            if payload.len() > lambda::ANSWER_MAX {
                let limit = lambda::ANSWER_MAX;
                let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
                payload = json!({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}).to_string();
                failed = true;
            }
            let log_tail = log_tail.then_some(invocation.printed.as_str());
            let answer = lambda::Answer::Invoked { payload: payload.as_bytes(), failed, log_tail };
            reply.answer(&Answer::Lambda(answer))
        }
        Ok(Err(runtime::InvokeError::NotFound(_))) => reply.refuse(&Refusal::NoSuchFunction(&function)),
        Ok(Err(runtime::InvokeError::Throttled(_))) => reply.refuse(&Refusal::FunctionBusy),
        Err(error) => internal(reply, &error),
    }
}

/// Says to the client that something broke, and on the terminal what.
fn internal(reply: &Reply<'_>, error: &dyn std::fmt::Display) -> Response {
    eprintln!("orderflow: {} failed: {error}", reply.operation());
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
