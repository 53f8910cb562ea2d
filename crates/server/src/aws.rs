//! Decides what each call of an AWS client does here: typed commands in, the engine's answers out.
//!
//! `wire` knows how calls are spelt and the engine what is done; this file and those beside it only carry one to the
//! other. Start at [`answer`].

mod events;
mod logs;
mod queues;
mod tables;

use crate::app::App;
use serde_json::Value as Json;
use types::FunctionName;
use wire::{Answer, Call, Refusal, Reply, RequestHead, Response, lambda};

/// Answers a call.
pub(crate) async fn answer(app: &App, context: &wire::Context, head: &RequestHead<'_>, body: &[u8]) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let reply = Reply::new(head, body, &request_id, context);
    if !app.credentials.is_empty()
        && let Err(error) = wire::sigv4::verify(head, body, &app.credentials, engine::now())
    {
        return reply.refuse(&Refusal::Auth(&error));
    }
    match wire::parse(&reply, head, body) {
        Err(error) => reply.error(&error),
        Ok(Call::Health) => reply.answer(&Answer::Healthy),
        Ok(Call::GetCallerIdentity) => reply.answer(&Answer::CallerIdentity),
        Ok(Call::Dynamodb(call)) => tables::answer(app, &reply, call).await,
        Ok(Call::Sqs(call)) => queues::answer(app, &reply, call).await,
        Ok(Call::Logs(call)) => logs::answer(app, &reply, call).await,
        Ok(Call::Events(call)) => events::answer(&reply, call).await,
        Ok(Call::Lambda(call)) => functions(app, &reply, call).await,
    }
}

async fn functions(app: &App, reply: &Reply<'_>, call: lambda::Call) -> Response {
    let catalog = app.engine.catalog();
    match call {
        lambda::Call::Invoke { function, payload, log_tail } => invoke(app, reply, function, &payload, log_tail).await,
        lambda::Call::DryRun { function } if catalog.functions.get(&function).is_some_and(|entry| !entry.dormant) => {
            reply.answer(&Answer::Lambda(lambda::Answer::Runnable))
        }
        lambda::Call::DryRun { function } => reply.refuse(&Refusal::NoSuchFunction(&function)),
        lambda::Call::ListFunctions { after, limit } => {
            let awake = catalog.functions.values().filter(|entry| app.stacks.contains(&entry.stack) && !entry.dormant);
            let mut listed: Vec<_> =
                awake.filter(|entry| after.as_ref().is_none_or(|after| entry.spec.name > *after)).collect();
            let more = listed.len() > limit;
            listed.truncate(limit);
            let described: Vec<_> = listed
                .into_iter()
                .map(|entry| lambda::FunctionDescription {
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
                })
                .collect();
            reply.answer(&Answer::Lambda(lambda::Answer::Listed { functions: &described, more }))
        }
    }
}

async fn invoke(app: &App, reply: &Reply<'_>, function: FunctionName, payload: &[u8], log_tail: bool) -> Response {
    // `wire` has checked that it is JSON; nothing at all is an empty object.
    let payload: Json = serde_json::from_slice(payload).unwrap_or_else(|_| Json::Object(serde_json::Map::new()));
    let (runtime, name) = (std::sync::Arc::clone(&app.runtime), function.clone());
    // Handlers may wait, so they run where waiting costs nobody else.
    let invoked = tokio::task::spawn_blocking(move || runtime.invoke_payload(&name, &payload)).await;
    match invoked {
        Ok(Ok(invocation)) => {
            let payload = invocation.payload.to_string();
            let log_tail = log_tail.then_some(invocation.printed.as_str());
            let answer = lambda::Answer::Invoked { payload: payload.as_bytes(), failed: invocation.failed, log_tail };
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
