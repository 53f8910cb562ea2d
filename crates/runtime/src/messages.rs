//! Decides how a batch of messages is worked on: all of them at the same time, each settled by itself.

use crate::all::all;
use crate::invoke::{Body, Function, Invocation, InvokeError, Runtime, without_server};
use crate::work::{Work, fate_of};
use engine::trace::{self, Begun};
use engine::{Handled, MessageFate, ReceivedMessage};
use observe::invocation;
use orders::shop::worker::{Message, Worked};
use serde_json::{Value as Json, json};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use types::{FunctionName, Qualifier, QueueName, Timestamp};

/// What an invocation printed so far.
#[derive(Default)]
struct Lines(Mutex<Vec<(Timestamp, String)>>);

impl Lines {
    fn line(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((engine::now(), [text, "\n"].concat()));
    }
}

/// A message, and where it was received if it was.
struct Given<'a> {
    received: Option<(&'a QueueName, &'a ReceivedMessage)>,
    message: Message<'a>,
}

impl Runtime {
    /// Works off a batch of a queue's messages.
    pub(crate) async fn work_off(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
        queue: &QueueName,
        batch: &[ReceivedMessage],
    ) -> Handled {
        let Ok(drawn) = self.drawn(name, qualifier) else { return Handled::NotRun };
        let latest = self.function(name).ok();
        let Some(function) = drawn.as_ref().or(latest) else { return Handled::NotRun };
        let Body::Worker(work) = &function.body else { return Handled::NotRun };
        let given: Vec<Given<'_>> = batch
            .iter()
            .map(|received| Given {
                received: Some((queue, received)),
                message: Message { body: &received.message.body, receives: received.receipt.receives },
            })
            .collect();
        match self.work_on(function, work, &given, &uuid::Uuid::new_v4().to_string()).await {
            Ok((worked, _)) => {
                let fate = |(one, received): (&Option<Worked>, &ReceivedMessage)| match one {
                    Some(worked) => fate_of(worked, received.receipt.receives),
                    None => MessageFate::Failed,
                };
                Handled::Each(worked.iter().zip(batch).map(fate).collect())
            }
            Err(_) => Handled::NotRun,
        }
    }

    /// Works on messages as one invocation with this id: what became of each (nothing of those that time ran out for), and
    /// what was printed.
    async fn work_on(
        &self,
        function: &Function,
        work: &Work,
        given: &[Given<'_>],
        request_id: &str,
    ) -> Result<(Vec<Option<Worked>>, String), InvokeError> {
        let name = &function.spec.name;
        let begun_at = engine::now();
        let Some(taken) = function.environments.take(begun_at) else {
            self.meters.invocations.with(&[name.as_str(), "throttled"]).one();
            return Err(InvokeError::Throttled(name.clone()));
        };
        let begun = Instant::now();
        let lines = Lines::default();
        lines.line(invocation::start_line(request_id, function.version).trim_end());
        let limit = Duration::from_secs(function.spec.timeout_seconds.into());
        let each = given.iter().map(|one| -> Pin<Box<dyn Future<Output = Option<Worked>> + Send + '_>> {
            let lines = &lines;
            let span = self.begin_message(name, one.received, one.message.body);
            Box::pin(trace::within(span.as_ref().map(Begun::current), async move {
                let mut log = |text: &str| lines.line(text);
                let working = pin!(work.message(one.received, one.message, &self.meters, &mut log));
                let worked = tokio::time::timeout(limit, working).await.ok();
                if let Some(span) = span {
                    span.end(match &worked {
                        None => Some("its time ran out".to_owned()),
                        Some(Worked::Failed { error }) => Some(error.clone()),
                        Some(Worked::Settled | Worked::Done | Worked::Later(_)) => None,
                    });
                }
                worked
            }))
        });
        let worked = all(each.collect()).await;
        let duration = begun.elapsed();
        let ended_at = engine::now();
        if worked.iter().any(Option::is_none) {
            lines.line(invocation::timeout_line(ended_at, request_id, limit).trim_end());
        }
        let failed = worked.iter().any(|one| matches!(one, None | Some(Worked::Failed { .. })));
        self.meters.ran(name, if failed { "failed" } else { "ok" }, duration);
        let mut lines = lines.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        lines.extend(self.end_lines(function, request_id, duration, taken.cold).map(|line| (ended_at, line)));
        self.print(function, taken.stream(), &lines);
        let printed = lines.into_iter().map(|(_, line)| line).collect();
        Ok((worked, printed))
    }

    /// Works on the messages of an event as Lambda gets it from a queue, or on one that is nothing but the body.
    pub(crate) fn invoke_worker(
        &self,
        function: &Function,
        payload: &Json,
        request_id: String,
    ) -> Result<Invocation, InvokeError> {
        match tokio::runtime::Handle::try_current() {
            Ok(handle) => handle.block_on(self.invoke_worker_async(function, payload, request_id)),
            Err(_) => Ok(without_server(request_id)),
        }
    }

    /// The same, for whoever may wait without a thread of their own.
    pub(crate) async fn invoke_worker_async(
        &self,
        function: &Function,
        payload: &Json,
        request_id: String,
    ) -> Result<Invocation, InvokeError> {
        let Body::Worker(work) = &function.body else {
            return Err(InvokeError::NotFound(function.spec.name.clone()));
        };
        // A pipe hands on the records alone.
        let records = payload["Records"].as_array().or_else(|| payload.as_array());
        let bodies: Vec<(String, String)> = match records {
            Some(records) => {
                let text = |record: &Json, name: &str| record[name].as_str().unwrap_or_default().to_owned();
                records.iter().map(|record| (text(record, "messageId"), text(record, "body"))).collect()
            }
            None => vec![(String::new(), payload.to_string())],
        };
        let given: Vec<Given<'_>> =
            bodies.iter().map(|(_, body)| Given { received: None, message: Message { body, receives: 1 } }).collect();
        let (worked, printed) = self.work_on(function, work, &given, &request_id).await?;
        let again =
            bodies.iter().zip(&worked).filter(|(_, worked)| !matches!(worked, Some(Worked::Settled | Worked::Done)));
        let failures: Vec<Json> = again.map(|((id, _), _)| json!({ "itemIdentifier": id })).collect();
        Ok(Invocation { request_id, payload: json!({ "batchItemFailures": failures }), failed: false, printed })
    }
}
