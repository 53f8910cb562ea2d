//! Decides which answers there are, and which service's words each is said in.

use crate::reply::{Protocol, Reply, Response};
use crate::{cloudwatch, dynamodb, events, lambda, logs, pipes, sqs, sts};

/// What the engine answers. Large contents are borrowed: whoever answers keeps them until the bytes are made.
#[derive(Debug)]
pub enum Answer<'a> {
    /// Somebody is there.
    Healthy,
    /// To something of tables.
    Dynamodb(dynamodb::Answer<'a>),
    /// To something of functions.
    Lambda(lambda::Answer<'a>),
    /// To something of queues.
    Sqs(sqs::Answer<'a>),
    /// To something of what functions printed.
    Logs(logs::Answer<'a>),
    /// To something of event buses.
    Events(events::Answer<'a>),
    /// To something of pipes.
    Pipes(pipes::Answer<'a>),
    /// To something of metrics, alarms and dashboards.
    CloudWatch(cloudwatch::Answer<'a>),
    /// Who is asking.
    CallerIdentity,
}

impl Reply<'_> {
    /// The bytes that say `answer` to this client.
    pub fn answer(&self, answer: &Answer<'_>) -> Response {
        match answer {
            Answer::Healthy => {
                // The space at the end is AWS's.
                let text = format!("healthy: dynamodb.{}.amazonaws.com ", self.context.account.region);
                self.response(200, vec![("content-type", "text/plain".to_owned())], text.into_bytes())
            }
            Answer::Dynamodb(answer) => self.json(&dynamodb::spell(answer, &self.context.account)),
            Answer::Lambda(answer) => lambda::spell(answer, self),
            Answer::Sqs(answer) if matches!(self.protocol, Protocol::Query { .. }) => sqs::spell_xml(answer, self),
            Answer::Sqs(answer) => self.json(&sqs::spell(answer, self.context).into()),
            Answer::Logs(answer) => self.json(&logs::spell(answer, &self.context.account)),
            Answer::Events(answer) => match events::spell(answer, &self.context.account) {
                Some(body) => self.json(&body),
                None => self.empty(),
            },
            Answer::Pipes(answer) => self.json(&pipes::spell(answer, &self.context.account)),
            Answer::CloudWatch(answer) if matches!(self.protocol, Protocol::Query { .. }) => {
                cloudwatch::spell_xml(answer, self)
            }
            Answer::CloudWatch(answer) => self.json(&cloudwatch::spell(answer, &self.context.account)),
            Answer::CallerIdentity => sts::spell(self),
        }
    }
}
