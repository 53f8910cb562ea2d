//! Decides what becomes of records between a pipe's source and its target: [`Flow`].
//!
//! An enrichment is asked first, and its answer takes the place of the records. Then templates are filled, one record at a
//! time, and the target gets them: a queue, a bus or a function that nobody waits for as parts of a commit, so that they
//! are there when the source is past them and not otherwise; a function that is waited for, and a log group, before that.
//!
//! Invariant: what [`Flow::deliver`] hands back as parts was done to nobody yet. Whoever drops them has it be as if
//! nothing had been delivered.

use crate::asynchronous;
use crate::bus::Plan;
use crate::clock;
use crate::codec::Malformed;
use crate::commit::WriteRefused;
use crate::engine::{Inner, NotFound};
use crate::functions::{EventDone, Functions, Handed};
use crate::queues::{After, LiveQueue, Outgoing, Part, Sending};
use crate::spec::{InvocationType, PipeSource, PipeSpec, PipeTarget};
use delivery::bus::EventId;
use delivery::bus::entry::check_request;
use delivery::bus::pipe_input::{Pipe as Words, PipeEvent, PipeInput};
use delivery::bus::pipe_target::{Origin, PipeParameters, PipeTargetKind};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::EntryBuilder;
use types::{Arn, FunctionName, LogGroupName, Qualifier, QueueName, Timestamp};

/// How often a message that somebody else is just sending is waited for.
const UNDERWAY_MAX: usize = 100;
/// How many bytes a function gets at most, and how many a line may have.
const PAYLOAD_MAX: usize = 6 << 20;
const LINE_MAX: usize = 256 << 10;

/// What a pipe does with records.
pub(crate) struct Flow {
    inner: Arc<Inner>,
    functions: Arc<dyn Functions>,
    spec: PipeSpec,
    words: Words,
    origin: Origin,
    enriched_by: Option<(FunctionName, Option<Qualifier>, Option<PipeInput>)>,
    kind: PipeTargetKind,
    parameters: PipeParameters,
}

/// What came of delivering records.
pub(crate) enum Delivery {
    /// A function answered; it may say that a part failed.
    Answered(Json),
    /// They are delivered when this is durable.
    Together(Parts),
    /// They are not delivered; that counts.
    Failed {
        /// Why.
        error: String,
    },
    /// Nobody could be asked; that does not count.
    Unavailable {
        /// Why.
        error: String,
    },
}

/// Parts of a commit.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) entries: Vec<EntryBuilder>,
    pub(crate) after: After,
}

impl Parts {
    pub(crate) fn take(&mut self, part: Part) {
        let (entry, after) = part.split();
        self.entries.push(entry);
        self.after = std::mem::take(&mut self.after).and(after);
    }
}

/// What reaches the target: what an enrichment answers may be one value instead of a list.
enum Records {
    Many(Vec<PipeEvent>),
    One(PipeEvent),
}

impl Records {
    fn all(&self) -> &[PipeEvent] {
        match self {
            Self::Many(records) => records,
            Self::One(record) => std::slice::from_ref(record),
        }
    }
}

fn handed(qualifier: Option<&Qualifier>, payload: Json) -> Handed {
    Handed { request_id: uuid::Uuid::new_v4().to_string(), payload, qualifier: qualifier.cloned() }
}

fn failed(error: impl ToString) -> Delivery {
    Delivery::Failed { error: error.to_string() }
}

fn unavailable(error: impl ToString) -> Delivery {
    Delivery::Unavailable { error: error.to_string() }
}

impl Flow {
    /// What a pipe does that is deployed.
    pub(crate) fn new(
        inner: &Arc<Inner>,
        functions: &Arc<dyn Functions>,
        spec: &PipeSpec,
    ) -> Result<Self, WriteRefused> {
        // What was taken in was read before.
        let malformed = |_| WriteRefused::Malformed(Malformed("pipe"));
        let account = &inner.account;
        let function = |name: &FunctionName| account.arn("lambda", &format!("function:{name}"));
        let target = match &spec.target {
            PipeTarget::Function(name) => function(name),
            PipeTarget::Queue { queue } => account.arn("sqs", queue.as_str()),
            PipeTarget::Bus { bus } => account.arn("events", &format!("event-bus/{bus}")),
            PipeTarget::LogGroup { log_group } => account.arn("logs", &format!("log-group:{log_group}")),
        };
        let kind = match &spec.target {
            PipeTarget::Function(_) => PipeTargetKind::Function,
            PipeTarget::Queue { queue } => {
                let fifo = inner.catalog().queues.get(queue).and_then(|entry| entry.spec.fifo);
                // One that is there no more was what its name says.
                PipeTargetKind::Queue { keeps_order: fifo.is_some() || queue.as_str().ends_with(".fifo") }
            }
            PipeTarget::Bus { .. } => PipeTargetKind::Bus,
            PipeTarget::LogGroup { .. } => PipeTargetKind::LogGroup,
        };
        let enriched_by = match &spec.enrichment {
            Some(enrichment) => {
                let input = enrichment.input.as_deref().map(PipeInput::parse).transpose();
                let input = input.map_err(|_| WriteRefused::Malformed(Malformed("pipe")))?;
                Some((enrichment.function.clone(), enrichment.qualifier.clone(), input))
            }
            None => None,
        };
        Ok(Self {
            inner: Arc::clone(inner),
            functions: Arc::clone(functions),
            words: Words {
                name: spec.name.clone(),
                arn: account.arn("pipes", &format!("pipe/{}", spec.name)),
                source: source_arn(inner, &spec.source),
                enrichment: enriched_by.as_ref().map(|(name, ..)| function(name)),
                target,
            },
            origin: match spec.source {
                PipeSource::Table(_) => Origin::Stream,
                PipeSource::Queue { .. } => Origin::Queue,
            },
            enriched_by,
            kind,
            parameters: PipeParameters::parse(&spec.parameters, kind).map_err(malformed)?,
            spec: spec.clone(),
        })
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Delivers records, each as the JSON that a function would get.
    pub(crate) async fn deliver(&self, records: &[String]) -> Delivery {
        let now = clock::now();
        let records: Vec<PipeEvent> = records.iter().map(|record| self.origin.event(record)).collect();
        let records = match &self.enriched_by {
            None => Records::Many(records),
            Some((function, qualifier, input)) => {
                let payload = self.payload(&Records::Many(records), input.as_ref(), now);
                let payload = match payload {
                    Ok(payload) => payload,
                    Err(error) => return failed(format!("the input of the enrichment: {error}")),
                };
                match self.ask(function, qualifier.as_ref(), payload).await {
                    EventDone::Answered(answer) => match enriched(answer) {
                        Some(records) => records,
                        // Who answers nothing wants nothing to be delivered.
                        None => return Delivery::Together(Parts::default()),
                    },
                    EventDone::Failed(error) => {
                        return failed(format!("enrichment {function}: {}", asynchronous::error_text(&error)));
                    }
                    EventDone::NotRun => return unavailable(format!("enrichment {function} does not run now")),
                }
            }
        };
        let (count, most) = (records.all().len(), self.kind.batch_max());
        if count > most as usize {
            return failed(format!("the enrichment answered {count} records; the target takes {most} at once"));
        }
        match &self.spec.target {
            PipeTarget::Function(name) => self.to_function(name, &records, now).await,
            PipeTarget::Queue { queue } => self.to_queue(queue, &records, now).await,
            PipeTarget::Bus { .. } => self.to_bus(&records, now),
            PipeTarget::LogGroup { log_group } => self.to_log_group(log_group, &records, now),
        }
    }

    /// What a function gets: a list, or the one value that an enrichment answered.
    fn payload(&self, records: &Records, input: Option<&PipeInput>, now: Timestamp) -> Result<Json, String> {
        let text = |record: &PipeEvent| match input {
            Some(input) => input.of(record, &self.words, now).into_json(),
            None => record.json().to_owned(),
        };
        let texts: Vec<String> = records.all().iter().map(text).collect();
        let bytes: usize = texts.iter().map(String::len).sum();
        if bytes > PAYLOAD_MAX {
            return Err(format!("it has {bytes} bytes, and a function takes {PAYLOAD_MAX}"));
        }
        let json = |text: &String| serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"));
        match records {
            Records::Many(_) => texts.iter().map(json).collect::<Result<Vec<Json>, _>>().map(Json::Array),
            Records::One(_) => json(&texts[0]),
        }
    }

    /// What anybody but a function gets of one record.
    fn text(&self, record: &PipeEvent, now: Timestamp) -> String {
        match &self.parameters.input {
            Some(input) => input.of(record, &self.words, now).into_text(),
            None => record.json().to_owned(),
        }
    }

    /// Asks a function, or a version or alias of it, and waits for its answer.
    async fn ask(&self, function: &FunctionName, qualifier: Option<&Qualifier>, payload: Json) -> EventDone {
        match self.inner.version_for(function, qualifier) {
            Ok(version) => self.functions.invoke_event(function, version, &handed(qualifier, payload)).await,
            Err(gone) => EventDone::Failed(json!({ "errorMessage": gone.to_string() })),
        }
    }

    async fn to_function(&self, name: &FunctionName, records: &Records, now: Timestamp) -> Delivery {
        let payload = match self.payload(records, self.parameters.input.as_ref(), now) {
            Ok(payload) => payload,
            Err(error) => return failed(format!("the input of {name}: {error}")),
        };
        let qualifier = self.spec.qualifier.as_ref();
        match self.spec.invocation {
            InvocationType::RequestResponse => match self.ask(name, qualifier, payload).await {
                EventDone::Answered(answer) => Delivery::Answered(answer),
                EventDone::Failed(error) => failed(asynchronous::error_text(&error)),
                EventDone::NotRun => unavailable(format!("function {name} does not run now")),
            },
            InvocationType::FireAndForget => match asynchronous::queue(&self.inner, name) {
                Ok(queue) => {
                    let mut parts = Parts::default();
                    let handed = handed(qualifier, payload);
                    parts.take(queue.place_part(asynchronous::message_of(&handed)));
                    Delivery::Together(parts)
                }
                Err(missing) => unavailable(missing),
            },
        }
    }

    async fn to_queue(&self, name: &QueueName, records: &Records, now: Timestamp) -> Delivery {
        let queue = match self.inner.queue(name) {
            Ok(queue) => queue,
            Err(missing) => return self.not_there(&missing),
        };
        for _ in 0..UNDERWAY_MAX {
            match self.messages(&queue, records, now) {
                Ok(Some(parts)) => return Delivery::Together(parts),
                Err(error) => return failed(format!("queue {name}: {error}")),
                // Somebody else is just sending the same message. What was held meanwhile is let go of, so that nobody
                // who waits for that waits for ever.
                Ok(None) => queue.wait_settled().await,
            }
        }
        unavailable(format!("the messages for queue {name} are just being sent by others"))
    }

    /// A message for each record; none if one of them is just being sent by somebody else.
    fn messages(&self, queue: &Arc<LiveQueue>, records: &Records, now: Timestamp) -> Result<Option<Parts>, String> {
        let (mut parts, mut made) = (Parts::default(), Vec::new());
        for record in records.all() {
            let (group, deduplication) = self.parameters.message(record);
            let body = self.text(record, now);
            let outgoing = Outgoing { body, group, deduplication, ..Outgoing::default() };
            match queue.send_part(outgoing).map_err(|refused| refused.to_string())? {
                Sending::New(part, sent) => {
                    made.push(sent.id);
                    parts.take(part);
                }
                Sending::Known(_) => {}
                // The same message as one before it in this batch.
                Sending::Underway(sent) if made.contains(&sent.id) => {}
                Sending::Underway(_) => return Ok(None),
            }
        }
        Ok(Some(parts))
    }

    fn to_bus(&self, records: &Records, now: Timestamp) -> Delivery {
        let PipeTarget::Bus { bus } = &self.spec.target else { return failed("the target is no event bus") };
        if let Err(delivery) = self.has_bus() {
            return delivery;
        }
        let account = &self.inner.account;
        let mut plan = Plan::new(&self.inner);
        let live = plan.live();
        for record in records.all() {
            let entry = self.parameters.entry(record, self.text(record, now), &self.words, self.origin, bus);
            let event = entry.and_then(|entry| {
                check_request(std::slice::from_ref(&entry), account).map_err(|refused| refused.to_string())?;
                let id = EventId::new(&uuid::Uuid::new_v4().to_string());
                entry.accept(id, account, now).map_err(|refused| refused.to_string())
            });
            match event {
                Ok(event) => {
                    if let Some(bus) = live.get(bus) {
                        plan.event(bus, &event, 0, &|_| true);
                    }
                }
                Err(error) => return failed(format!("event bus {bus}: {error}")),
            }
        }
        let (entries, after) = plan.into_parts();
        Delivery::Together(Parts { entries, after })
    }

    /// Whether the bus is there to take events; one that nobody has made rules for takes them all the same.
    fn has_bus(&self) -> Result<(), Delivery> {
        let PipeTarget::Bus { bus } = &self.spec.target else { return Ok(()) };
        let is_default = bus.as_str() == delivery::bus::entry::DEFAULT_BUS;
        if is_default || self.inner.buses.live().get(bus).is_some() {
            return Ok(());
        }
        match self.inner.catalog().bus(bus) {
            Some(_) => Err(unavailable(format!("the stack of the event bus {bus} is not up"))),
            None => Err(failed(format!("the event bus {bus} is not there"))),
        }
    }

    /// Lines are written at once, like what a function prints: never later than that the source is past their records.
    fn to_log_group(&self, group: &LogGroupName, records: &Records, now: Timestamp) -> Delivery {
        if !self.inner.has_log_group(group.as_str()) {
            return failed(format!("the log group {group} is not there"));
        }
        for record in records.all() {
            let line = self.text(record, now);
            if line.len() > LINE_MAX {
                let bytes = line.len();
                return failed(format!("log group {group}: a line of {bytes} bytes; {LINE_MAX} are taken"));
            }
            let (stream, at) = match self.parameters.line(record, &self.words) {
                Ok(line) => line,
                Err(error) => return failed(format!("log group {group}: {error}")),
            };
            let at = at.unwrap_or(now).millis();
            let said = self.inner.lines.append(group.as_str(), &stream, &[(at, line)], now.millis());
            if let Err(error) = said {
                return unavailable(format!("log group {group} cannot be written: {error}"));
            }
        }
        Delivery::Together(Parts::default())
    }

    /// What it means that a queue does not answer: its stack is not up, or it was deleted.
    fn not_there(&self, missing: &NotFound) -> Delivery {
        let known = match &self.spec.target {
            PipeTarget::Queue { queue } => self.inner.catalog().queues.get(queue).is_some_and(|entry| !entry.dormant),
            PipeTarget::Function(_) | PipeTarget::Bus { .. } | PipeTarget::LogGroup { .. } => false,
        };
        if known { unavailable(missing) } else { failed(missing) }
    }
}

/// What an enrichment answered: nothing if it is empty.
fn enriched(answer: Json) -> Option<Records> {
    match answer {
        Json::Null => None,
        Json::String(text) if text.is_empty() => None,
        Json::Object(members) if members.is_empty() => None,
        Json::Array(list) if list.is_empty() => None,
        Json::Array(list) => Some(Records::Many(list.iter().map(|one| PipeEvent::new(&one.to_string())).collect())),
        value => Some(Records::One(PipeEvent::new(&value.to_string()))),
    }
}

/// The ARN of what a pipe reads.
fn source_arn(inner: &Inner, source: &PipeSource) -> Arn {
    let account = &inner.account;
    match source {
        PipeSource::Table(table) => {
            let catalog = inner.catalog();
            let stream = catalog.tables.get(table).and_then(|entry| entry.stream.as_ref());
            let label = stream.map_or("", |stream| stream.label.as_str());
            account.arn("dynamodb", &format!("table/{table}/stream/{label}"))
        }
        PipeSource::Queue { queue } => account.arn("sqs", queue.as_str()),
    }
}
