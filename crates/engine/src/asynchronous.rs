//! Decides how a function does what nobody waits for: from a durable queue of its own, tried again as it is set.
//!
//! What is handed over is in the same commit as whatever it belongs to: a pipe's checkpoint, an order. From then on it is
//! the function's ([`queue`], [`message_of`]). A failure is tried again after one minute, then after two; then it is given
//! up: it goes to the dead letters as it is, and whoever the function names is told why, in the same commit as its end. A
//! function that is too busy is asked again until it is not, without that counting.
//!
//! Events are worked on at the same time, so their order means nothing.

use crate::aside::work;
use crate::clock;
use crate::command::{self, By, CommandError, Fate, Found, Settle};
use crate::commit::WriteRefused;
use crate::engine::{Inner, NotFound, POISON, spawn};
use crate::functions::{EventDone, Functions, Handed, Invoked};
use crate::pollers::show_again;
use crate::queues::{Attribute, AttributeValue, Failed, LiveQueue, Message, ReceivedMessage, Wanted};
use crate::spec::{AsynchronousSpec, Destination, QueueSpec};
use crate::tables::Beside;
use crate::trace::{self, Current};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use types::{FunctionName, Qualifier, QueueName, Record, SortedMap, TraceContext, Version};

/// How many events of one function are worked on at once.
const UNDERWAY_MAX: usize = 64;
/// How long an event is hidden while it is worked on; longer than any function may take.
const HIDDEN_FOR_SECONDS: u32 = 16 * 60;
/// How long an event stays in the queue at most: longer than it may wait, so that it is given up before it is dropped.
const KEPT_FOR_SECONDS: u32 = 24 * 60 * 60;
/// How long a busy function is left alone.
const BUSY_FOR: Duration = Duration::from_secs(1);
/// How long an event waits whose dead letter cannot be written now.
const UNSETTLED_FOR: Duration = Duration::from_secs(60);
/// The most bytes of an error's message that are written on a dead letter.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Where a batch says within which spans its records were delivered.
const SPANS: &str = "spans";
/// Where a dead letter says by which invocation it was tried.
const REQUEST_ID: &str = "RequestID";

/// The settings of the queue that a function is handed work by.
pub(crate) fn queue_spec() -> QueueSpec {
    QueueSpec {
        name: "handover".parse().expect("a fair name"),
        visible_for_seconds: HIDDEN_FOR_SECONDS,
        retention_seconds: KEPT_FOR_SECONDS,
        delay_seconds: 0,
        message_bytes_max: u32::MAX,
        wait_seconds: 0,
        redrive: None,
        fifo: None,
    }
}

/// The queue that a function is handed events by; from now on somebody works on it.
pub(crate) fn queue(inner: &Arc<Inner>, function: &FunctionName) -> Result<Arc<LiveQueue>, NotFound> {
    let queue = inner.handovers.read().expect(POISON).get(function.as_str()).cloned();
    let queue = queue.ok_or_else(|| NotFound { kind: "function", name: function.to_string() })?;
    // Before functions run there is nobody to work on it; then it is found when they do.
    if inner.functions.get().is_some() {
        begin(inner, &queue, function);
    }
    Ok(queue)
}

/// Has somebody work on a function's queue, if nobody does.
pub(crate) fn begin(inner: &Arc<Inner>, queue: &Arc<LiveQueue>, function: &FunctionName) {
    if inner.is_stopping() || !inner.handing.lock().expect(POISON).insert(function.clone()) {
        return;
    }
    let (owner, queue, function) = (Arc::clone(inner), Arc::clone(queue), function.clone());
    inner.keep_thread(spawn("handover", move || run(&owner, &queue, &function)));
}

/// How an event lies in the queue. What a pipe hands over is a list of records, and so never the same.
pub(crate) fn message_of(handed: &Handed) -> Message {
    let mut body = json!({"requestId": handed.request_id, "payload": handed.payload});
    if let Some(qualifier) = &handed.qualifier {
        body["qualifier"] = qualifier.to_string().into();
    }
    Message { body: body.to_string(), trace: trace::header(), ..Message::default() }
}

/// How a pipe's batch lies in the queue; `spans` are those of its records' delivery.
pub(crate) fn message_of_records(body: String, spans: Option<String>) -> Message {
    let text = |spans| Attribute { data_type: "String".to_owned(), value: AttributeValue::Text(spans) };
    let attributes = spans.map(|spans| (SPANS.to_owned(), text(spans))).into_iter().collect();
    Message { body, attributes, ..Message::default() }
}

/// The event that a dead letter of a function carries.
pub(crate) fn event_of(letter: &Message) -> Result<Handed, String> {
    let payload = serde_json::from_str(&letter.body).map_err(|error| error.to_string())?;
    let request_id = match letter.attributes.get(REQUEST_ID).map(|attribute| &attribute.value) {
        Some(AttributeValue::Text(id)) => id.clone(),
        Some(AttributeValue::Bytes(_)) | None => String::new(),
    };
    Ok(Handed { request_id, payload, qualifier: None })
}

/// What was handed over.
enum Work {
    Records(Vec<Record>),
    Event(Handed),
}

impl Work {
    fn read(body: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(body).map_err(|error| error.to_string())?;
        match json {
            Json::Object(mut event) => {
                let request_id = event.get("requestId").and_then(Json::as_str).unwrap_or_default().to_owned();
                let payload = event.remove("payload").ok_or("it has no payload")?;
                let qualifier = event.get("qualifier").and_then(Json::as_str).map(str::parse).transpose();
                let qualifier = qualifier.map_err(|error: types::NameError| error.to_string())?;
                Ok(Self::Event(Handed { request_id, payload, qualifier }))
            }
            records => types::event::read(&records).map(Self::Records).map_err(|error| error.to_string()),
        }
    }
}

impl Work {
    /// What the function was asked for by, if by more than its name.
    fn qualifier(&self) -> Option<&Qualifier> {
        match self {
            Self::Event(handed) => handed.qualifier.as_ref(),
            Self::Records(_) => None,
        }
    }
}

/// What came of running the function.
enum Attempted {
    Answered(Json),
    Failed(Json),
    /// The version or alias that was asked for is not there any more.
    Gone(Json),
    /// The event had become too old before it was run.
    TooOld,
    /// The engine stops.
    NotNow,
}

/// What becomes of what was handed over.
enum End {
    Done(Json),
    /// It is tried again after so long.
    Again(Duration),
    GivenUp {
        condition: &'static str,
        response: Option<Json>,
    },
}

/// Works off a function's queue until the engine stops.
fn run(inner: &Arc<Inner>, queue: &Arc<LiveQueue>, function: &FunctionName) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        crate::complain!("orderflow: no thread for what function {function} is handed");
        return;
    };
    // What was in hand when the process ended is worked on at once, not when its time is over.
    if let Err(refused) = show_again(inner, queue) {
        crate::complain!("orderflow: what function {function} had in hand waits for its time: {refused}");
    }
    runtime.block_on(async {
        let mut underway = JoinSet::new();
        while !inner.is_stopping() {
            while let Some(ended) = underway.try_join_next() {
                goes_on(ended);
            }
            let room = UNDERWAY_MAX - underway.len();
            if room == 0 {
                underway.join_next().await.into_iter().for_each(goes_on);
                continue;
            }
            let wanted = Wanted { max: room, wait: Duration::from_millis(500), ..Wanted::default() };
            match queue.receive(&inner.commits, &wanted).await {
                Ok(received) => received.into_iter().for_each(|received| {
                    let attempt = Attempt {
                        inner: Arc::clone(inner),
                        queue: Arc::clone(queue),
                        function: function.clone(),
                        received,
                    };
                    underway.spawn(work(attempt.make()));
                }),
                Err(refused) => {
                    crate::complain!("orderflow: the queue of function {function} cannot be read: {refused}");
                    tokio::time::sleep(BUSY_FOR).await;
                }
            }
        }
        while let Some(ended) = underway.join_next().await {
            goes_on(ended);
        }
    });
}

/// Functions do not panic here; a broken invariant goes on to where it ends the process.
fn goes_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// One attempt at what was handed over.
struct Attempt {
    inner: Arc<Inner>,
    queue: Arc<LiveQueue>,
    function: FunctionName,
    received: ReceivedMessage,
}

impl Attempt {
    async fn make(self) {
        if let Err(refused) = self.work().await {
            // It is tried again when it is seen again.
            crate::complain!(
                "orderflow: function {} was handed an event that stays in its queue: {refused}",
                self.function
            );
        }
    }

    async fn work(&self) -> Result<(), WriteRefused> {
        let work = match Work::read(&self.received.message.body) {
            Ok(work) => work,
            Err(error) => {
                let dropped = format!("[ERROR] what the function was handed cannot be read, and is dropped: {error}");
                self.inner.tell(&self.function, &dropped);
                return self.settle(Fate::Delete, Vec::new()).await;
            }
        };
        // Which version it is, is drawn anew for each attempt.
        let drawn = self.inner.version_for(&self.function, work.qualifier());
        let version = *drawn.as_ref().unwrap_or(&Version::Latest);
        let Some(spec) = self.spec(work.qualifier(), version) else { return Ok(()) };
        let attempted = match drawn {
            Ok(version) => self.invoke(&work, version, Duration::from_secs(spec.max_age_seconds.into())).await,
            Err(gone) => {
                Attempted::Gone(json!({"errorType": "ResourceNotFoundException", "errorMessage": gone.to_string()}))
            }
        };
        let end = match attempted {
            // The engine stops; the event is shown again with the next start.
            Attempted::NotNow => return Ok(()),
            Attempted::TooOld => End::GivenUp { condition: "EventAgeExceeded", response: None },
            Attempted::Answered(answer) => End::Done(answer),
            Attempted::Failed(_) if self.receives() <= spec.retries => {
                End::Again(Duration::from_secs(60) * self.receives())
            }
            Attempted::Failed(error) | Attempted::Gone(error) => {
                End::GivenUp { condition: "RetriesExhausted", response: Some(error) }
            }
        };
        match end {
            End::Again(span) => self.settle(Fate::Hide(span), Vec::new()).await,
            End::Done(answer) => match &spec.on_success {
                None => self.settle(Fate::Delete, Vec::new()).await,
                Some(to) => {
                    let told = self.told(&work, version, "Success", Some(&answer), false);
                    self.finish(&[(to, told)], None).await
                }
            },
            End::GivenUp { condition, response } => {
                self.give_up(&spec, (&work, version), condition, response.as_ref()).await
            }
        }
    }

    fn spec(&self, qualifier: Option<&Qualifier>, version: Version) -> Option<AsynchronousSpec> {
        let catalog = self.inner.catalog();
        let entry = catalog.functions.get(&self.function)?;
        Some(entry.versions.asynchronous(&entry.spec, qualifier, version))
    }

    fn invoke_records(&self, functions: &dyn Functions, records: &[Record]) -> Invoked {
        let spans = match self.received.message.attributes.get(SPANS).map(|attribute| &attribute.value) {
            Some(AttributeValue::Text(spans)) => Some(spans.as_str()),
            Some(AttributeValue::Bytes(_)) | None => None,
        };
        trace::handed_over(spans, || functions.invoke(&self.function, records))
    }

    /// The span in which the event was handed over.
    fn handed_in(&self) -> Option<Current> {
        let tracer = Arc::clone(self.inner.tracer.get()?);
        let context = TraceContext::parse_aws(self.received.message.trace.as_deref()?)?;
        Some(Current { tracer, context })
    }

    fn receives(&self) -> u32 {
        self.received.receipt.receives
    }

    /// Runs the function, asking again while it is too busy.
    async fn invoke(&self, work: &Work, version: Version, max_age: Duration) -> Attempted {
        let Some(functions) = self.inner.functions.get().map(Arc::clone) else { return Attempted::NotNow };
        loop {
            if clock::now().since(self.received.message.sent_at) > max_age {
                return Attempted::TooOld;
            }
            let done = match work {
                Work::Records(records) => match self.invoke_records(functions.as_ref(), records) {
                    Invoked::Answered { answer } => EventDone::Answered(answer),
                    Invoked::Failed { error } => EventDone::Failed(json!({ "errorMessage": error })),
                    Invoked::NotRun { .. } => EventDone::NotRun,
                },
                Work::Event(handed) => {
                    trace::within(self.handed_in(), functions.invoke_event(&self.function, version, handed)).await
                }
            };
            match done {
                EventDone::Answered(answer) => return Attempted::Answered(answer),
                EventDone::Failed(error) => return Attempted::Failed(error),
                EventDone::NotRun if self.inner.is_stopping() => return Attempted::NotNow,
                EventDone::NotRun => tokio::time::sleep(BUSY_FOR).await,
            }
        }
    }

    async fn give_up(
        &self,
        spec: &AsynchronousSpec,
        (work, version): (&Work, Version),
        condition: &str,
        response: Option<&Json>,
    ) -> Result<(), WriteRefused> {
        let error = response.map_or_else(|| "the event became too old".to_owned(), error_text);
        let kept = spec.dead_letters.is_some() || spec.on_failure.is_some();
        let what = if kept { "given up" } else { "given up and dropped" };
        let attempts = self.receives();
        self.inner.tell(&self.function, &format!("[ERROR] {what} after {attempts} attempts ({condition}): {error}"));
        let told = |to| (to, self.told(work, version, condition, response, true));
        let told: Vec<_> = spec.on_failure.iter().map(told).collect();
        let letter = spec.dead_letters.as_ref().map(|queue| {
            let text = |data_type: &str, value: String| Attribute {
                data_type: data_type.to_owned(),
                value: AttributeValue::Text(value),
            };
            let mut attributes = SortedMap::from([
                ("ErrorCode".to_owned(), text("Number", "200".to_owned())),
                ("ErrorMessage".to_owned(), text("String", shortened(error.clone()))),
            ]);
            // A pipe's batch has none.
            if let Some(id) = Some(self.request_id(work)).filter(|id| !id.is_empty()) {
                attributes.insert(REQUEST_ID.to_owned(), text("String", id));
            }
            let failed = Failed { function: self.function.clone(), error: error.clone() };
            let body = self.payload(work).to_string();
            (queue, Message { body, attributes, failed: Some(failed), ..Message::default() })
        });
        self.finish(&told, letter).await
    }

    /// Ends the event together with whatever tells of that; if nobody can be told now, it waits.
    async fn finish(
        &self,
        told: &[(&Destination, Json)],
        letter: Option<(&QueueName, Message)>,
    ) -> Result<(), WriteRefused> {
        let found = || -> Result<_, NotFound> {
            let mut letters = Vec::new();
            for (to, json) in told {
                match to {
                    Destination::Queue(name) => {
                        let message = Message { body: json.to_string(), ..Message::default() };
                        letters.push((self.inner.queue(name)?, message));
                    }
                    Destination::Function(name) => {
                        let handed = Handed { request_id: String::new(), payload: json.clone(), qualifier: None };
                        letters.push((queue(&self.inner, name)?, message_of(&handed)));
                    }
                }
            }
            if let Some((name, letter)) = letter {
                letters.push((self.inner.queue(name)?, letter));
            }
            Ok(letters)
        };
        match found() {
            Ok(letters) => self.settle(Fate::Delete, letters).await,
            Err(missing) => {
                self.inner.tell(&self.function, &format!("[ERROR] an event that was given up waits: {missing}"));
                self.settle(Fate::Hide(UNSETTLED_FOR), Vec::new()).await
            }
        }
    }

    async fn settle(&self, fate: Fate, letters: Vec<(Arc<LiveQueue>, Message)>) -> Result<(), WriteRefused> {
        let (commits, indexes) = (&self.inner.commits, &self.inner.indexes);
        let settle = Settle { queue: queue_spec().name, receipt: self.received.receipt, fate };
        let settles = vec![(Arc::clone(&self.queue), settle)];
        let found = Found { sends: Vec::new(), letters, settles, told: Beside::default() };
        match command::run(commits, indexes, Vec::new(), found, By::Function).await {
            Err(CommandError::Write(refused)) => Err(refused),
            // Somebody else has it; that is as good. Nothing else is asked for that could be refused.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn request_id(&self, work: &Work) -> String {
        match work {
            Work::Event(Handed { request_id, .. }) => request_id.clone(),
            Work::Records(_) => String::new(),
        }
    }

    fn payload(&self, work: &Work) -> Json {
        match work {
            Work::Event(handed) => handed.payload.clone(),
            Work::Records(records) => serde_json::to_value(records).expect("records are plain data"),
        }
    }

    /// What is told of the event's end, as Lambda tells it.
    fn told(&self, work: &Work, version: Version, condition: &str, response: Option<&Json>, failed: bool) -> Json {
        let qualifier = work.qualifier().unwrap_or(&Qualifier::LATEST);
        let arn = self.inner.account.arn("lambda", &format!("function:{}:{qualifier}", self.function));
        let mut told = json!({
            "version": "1.0",
            "timestamp": clock::now().iso_millis(),
            "requestContext": {
                "requestId": self.request_id(work),
                "functionArn": arn.to_string(),
                "condition": condition,
                "approximateInvokeCount": self.receives(),
            },
            "requestPayload": self.payload(work),
        });
        if let Some(response) = response {
            let mut context = json!({"statusCode": 200, "executedVersion": version.to_string()});
            if failed {
                context["functionError"] = "Unhandled".into();
            }
            told["responseContext"] = context;
            told["responsePayload"] = response.clone();
        }
        told
    }
}

/// What a failure says, in a line.
pub(crate) fn error_text(response: &Json) -> String {
    let part = |name: &str| response[name].as_str().map(str::to_owned);
    part("errorMessage").or(part("errorType")).unwrap_or_else(|| "the function failed".to_owned())
}

fn shortened(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        let end = (0..=MESSAGE_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_back_and_records_are_told_from_it() {
        for qualifier in [None, Some("live".parse().unwrap()), Some("7".parse().unwrap())] {
            let handed = Handed { request_id: "one".to_owned(), payload: json!({"detail": [1, null]}), qualifier };
            match Work::read(&message_of(&handed).body) {
                Ok(Work::Event(read)) => assert_eq!(read, handed),
                _ => panic!("an event is read back as one"),
            }
        }
        assert!(matches!(Work::read("[]"), Ok(Work::Records(records)) if records.is_empty()));
        for broken in ["", "{}", "{\"requestId\": \"one\"}", "[7"] {
            assert!(Work::read(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn long_errors_are_cut_between_characters() {
        assert_eq!(shortened("short".to_owned()), "short");
        assert_eq!(shortened("ä".repeat(1_000)).len(), 1_024);
        assert_eq!(shortened(format!("a{}", "ä".repeat(1_000))).len(), 1_023);
    }
}
