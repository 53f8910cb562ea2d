//! Decides what comes of an event, as the parts of one commit: [`Plan`].
//!
//! What can be done within the commit is done there. What cannot, or not yet, becomes a message in the buses' own queue.
//! An event that reaches more than one commit may hold leaves the rest of its targets in such a message too.

use super::call::{self, Asked};
use super::header::{Header, Tried, What, Why};
use super::kept;
use super::live::{LiveBus, LiveBuses, LiveRule, Who};
use crate::catalog::FunctionEntry;
use crate::commit::WriteRefused;
use crate::engine::Inner;
use crate::functions::Handed;
use crate::queues::{After, Attribute, AttributeValue, Outgoing, Part, SendRefused, Sending};
use crate::tables::Beside;
use crate::traffic::RuleTraffic;
use crate::{asynchronous, clock};
use delivery::bus::dead_letter;
use delivery::bus::failure::{ErrorCode, Failure};
use delivery::bus::retry::{GivenUp, Measure, State};
use delivery::bus::{Event, Target, TargetKind, TargetSpec};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use store::{Class, EntryBuilder};
use types::{Arn, BusName, FunctionName, Qualifier, RuleName, Timestamp};

/// How many bytes, and how many parts, of one event's targets go into a commit before the rest is left for the next one.
const BYTES_AT_ONCE: usize = 3 << 20;
const PARTS_AT_ONCE: usize = 400;
/// Through how many buses an event goes.
const BUSES_DEEP: u8 = 5;
/// How many bytes a target gets at most.
const INPUT_MAX: usize = 1 << 20;
/// How long it is waited for a dead-letter queue that is not there.
const DEAD_LETTERS_AGAIN: Duration = Duration::from_secs(600);

/// What comes of events, to be made durable as one.
pub(crate) struct Plan<'i> {
    inner: &'i Arc<Inner>,
    live: Arc<LiveBuses>,
    entries: Vec<EntryBuilder>,
    after: After,
    bytes: usize,
}

/// Whom an event is brought to, and because of which rule.
pub(super) struct Aim<'a> {
    pub(super) bus: &'a BusName,
    pub(super) rule: &'a RuleName,
    pub(super) arn: &'a Arn,
    pub(super) target: &'a Target,
    pub(super) spec: &'a TargetSpec,
}

/// What came of bringing an event to a target.
pub(super) enum Attempt {
    /// It is a part of the commit.
    Done,
    /// It takes a line of a log, which is no part of a commit.
    Line(String),
    /// It takes a call, which is no part of one either.
    Call(Box<Asked>),
    /// The same message is just being sent by somebody else.
    Underway,
    /// It failed.
    Failed(Failure),
}

impl<'i> Plan<'i> {
    pub(crate) fn new(inner: &'i Arc<Inner>) -> Self {
        let live = inner.buses.live();
        Self { inner, live, entries: Vec::new(), after: After::default(), bytes: 0 }
    }

    pub(crate) fn live(&self) -> Arc<LiveBuses> {
        Arc::clone(&self.live)
    }

    pub(super) fn take(&mut self, part: Part) {
        self.bytes += part.bytes();
        let (entry, after) = part.split();
        self.entries.push(entry);
        self.after = std::mem::take(&mut self.after).and(after);
    }

    pub(super) fn write(&mut self, entry: EntryBuilder) {
        self.entries.push(entry);
    }

    fn is_full(&self) -> bool {
        self.bytes > BYTES_AT_ONCE || self.entries.len() > PARTS_AT_ONCE
    }

    /// All that comes of an event on a bus: what is kept of it, and whom it is brought to among the rules that are wanted.
    pub(crate) fn event(&mut self, bus: &LiveBus, event: &Event, depth: u8, wants: &dyn Fn(&RuleName) -> bool) {
        let mut rules = Vec::new();
        for who in bus.matches(event) {
            match who {
                Who::Archive(at) => self.write(kept::entry(bus.archives[at].0, event)),
                Who::Rule(at) if wants(bus.rules[at].rule.name()) => rules.push(&bus.rules[at]),
                Who::Rule(_) => {}
            }
        }
        if !rules.is_empty() {
            self.inner.meters.buses.matched(&bus.name, rules.iter().map(|live| live.rule.name()));
        }
        self.rules(bus, &rules, event, depth);
    }

    /// Counts what came of an event.
    fn count(&self, aim: &Aim<'_>, count: impl FnOnce(&mut RuleTraffic)) {
        self.inner.meters.buses.rule(aim.bus, aim.rule, count);
    }

    /// Brings an event to all targets of these rules.
    pub(super) fn rules(&mut self, bus: &LiveBus, rules: &[&LiveRule], event: &Event, depth: u8) {
        let aims = rules.iter().flat_map(|live| live.aims(&bus.name)).collect::<Vec<_>>();
        self.aims(&aims, event, depth);
    }

    /// Brings an event to these targets, as far as there is room; the rest is left in a message.
    pub(super) fn aims(&mut self, aims: &[Aim<'_>], event: &Event, depth: u8) {
        for (at, aim) in aims.iter().enumerate() {
            if at > 0 && self.is_full() {
                let targets = aims[at..].iter().map(|aim| (aim.rule.clone(), aim.target.id.clone())).collect();
                let bus = aim.bus.clone();
                let header = Header { ingested_at: event.ingested_at(), depth, bus, what: What::Rest { targets } };
                return self.leave(&header, event, Duration::ZERO);
            }
            // A call waits for its turn in any case.
            if matches!(aim.target.kind, TargetKind::ApiDestination(_) | TargetKind::Webhook { .. }) {
                self.later(aim, event, depth, Tried::Never, Duration::ZERO);
                continue;
            }
            match self.attempt(aim, event, depth) {
                Attempt::Done => self.count(aim, |rule| rule.invocations += 1),
                Attempt::Failed(failure) if !failure.code.is_retried() => {
                    let given_up = GivenUp { failure, retries: 0, exhausted: None };
                    self.give_up(aim, event, depth, &given_up);
                }
                Attempt::Line(_) | Attempt::Call(_) | Attempt::Underway | Attempt::Failed(_) => {
                    self.later(aim, event, depth, Tried::Never, Duration::ZERO);
                }
            }
        }
    }

    /// Has an event brought to a target after a while.
    pub(super) fn later(&mut self, aim: &Aim<'_>, event: &Event, depth: u8, tried: Tried, delay: Duration) {
        self.put_off(aim, event, depth, tried, false, delay);
    }

    /// The same; `turn` says whether there is a turn for it then.
    pub(super) fn put_off(
        &mut self,
        aim: &Aim<'_>,
        event: &Event,
        depth: u8,
        tried: Tried,
        turn: bool,
        delay: Duration,
    ) {
        let what = What::Target { rule: aim.rule.clone(), target: Box::new(aim.spec.clone()), tried, turn };
        let header = Header { ingested_at: event.ingested_at(), depth, bus: aim.bus.clone(), what };
        self.leave(&header, event, delay);
    }

    fn leave(&mut self, header: &Header, event: &Event, delay: Duration) {
        let queue = self.live.deliveries.clone().expect("who has rules has a queue for what they match");
        self.take(queue.own_part(header.message(event, delay)));
    }

    /// Brings an event to a target, if that can be done now.
    pub(super) fn attempt(&mut self, aim: &Aim<'_>, event: &Event, depth: u8) -> Attempt {
        let target = aim.target;
        let account = &self.inner.account;
        if *target.arn.account != *account.id || *target.arn.region != *account.region {
            return failed(ErrorCode::NoResource, format!("{} is of another account or region", target.arn));
        }
        // A bus takes the event itself.
        if target.kind == TargetKind::Bus {
            return self.other_bus(target, event, depth);
        }
        let input = match target.input.of(event, aim.rule, aim.arn) {
            Ok(input) if input.len() > INPUT_MAX => {
                let message = format!("the input has {} bytes, {INPUT_MAX} are allowed", input.len());
                return failed(ErrorCode::InvalidParameter, message);
            }
            Ok(input) => input,
            Err(none) => return Attempt::Failed(none.into()),
        };
        match &target.kind {
            TargetKind::Bus => unreachable!("seen to above"),
            TargetKind::Function => self.function(target, event, &input),
            TargetKind::Queue { message_group } => self.queue(target, message_group.as_ref(), event, input),
            TargetKind::LogGroup => match name_in(&target.arn, "log-group:") {
                Some(group) if self.inner.has_log_group(group) => Attempt::Line(input.into_owned()),
                _ => failed(ErrorCode::NoResource, format!("the log group {} is not there", target.arn)),
            },
            TargetKind::ApiDestination(parameters) => {
                call::of_destination(self.inner, aim, parameters, event, &input).map_or_else(Attempt::Failed, asked)
            }
            TargetKind::Webhook { url } => call::of_webhook(url, aim, event).map_or_else(Attempt::Failed, asked),
        }
    }

    fn other_bus(&mut self, target: &Target, event: &Event, depth: u8) -> Attempt {
        let name = name_in(&target.arn, "event-bus/").and_then(|name| name.parse::<BusName>().ok());
        let Some(name) = name else { return failed(ErrorCode::NoResource, format!("{} is no bus", target.arn)) };
        if depth + 1 >= BUSES_DEEP {
            let message = format!("the event came through {BUSES_DEEP} buses already, so it is not brought to {name}");
            return failed(ErrorCode::InvalidParameter, message);
        }
        match self.live().get(&name) {
            Some(bus) => self.event(bus, event, depth + 1, &|_| true),
            None if super::entries::is_default(&name) => {}
            None if self.inner.catalog().bus(&name).is_some() => {
                return failed(ErrorCode::InternalError, format!("the stack of the event bus {name} is not up"));
            }
            None => return failed(ErrorCode::NoResource, format!("the event bus {name} is not there")),
        }
        Attempt::Done
    }

    fn function(&mut self, target: &Target, event: &Event, input: &str) -> Attempt {
        let name = name_in(&target.arn, "function:").unwrap_or_default();
        let (name, qualifier) = name.split_once(':').map_or((name, None), |(name, behind)| (name, Some(behind)));
        let qualifier = match qualifier.map(str::parse::<Qualifier>).transpose() {
            Ok(qualifier) => qualifier,
            Err(error) => return failed(ErrorCode::NoResource, error.to_string()),
        };
        let known: Option<FunctionName> = name.parse().ok();
        let queue = known.as_ref().and_then(|name| asynchronous::queue(self.inner, name).ok());
        let entry_has = |of: &dyn Fn(&FunctionEntry) -> bool| {
            let catalog = self.inner.catalog();
            known.as_ref().and_then(|name| catalog.functions.get(name)).is_some_and(of)
        };
        if let Some(qualifier) = qualifier.as_ref().filter(|_| queue.is_some())
            && !entry_has(&|entry| entry.versions.has(qualifier))
        {
            return failed(ErrorCode::NoResource, format!("the function {name} has no version or alias {qualifier}"));
        }
        match queue {
            Some(queue) => {
                // What an input makes is JSON; were it none, the function would be told the text.
                let payload = serde_json::from_str(input).unwrap_or_else(|_| Json::from(input));
                let handed = Handed { request_id: uuid::Uuid::new_v4().to_string(), payload, qualifier };
                let mut message = asynchronous::message_of(&handed);
                if let Some(trace) = event.trace_header() {
                    message.trace = Some(trace.to_owned());
                }
                self.take(queue.place_part(message));
                Attempt::Done
            }
            None if entry_has(&|_| true) => {
                failed(ErrorCode::InternalError, format!("the stack of function {name} is not up"))
            }
            None => failed(ErrorCode::NoResource, format!("the function {name} is not there")),
        }
    }

    fn queue(&mut self, target: &Target, group: Option<&String>, event: &Event, input: Cow<'_, str>) -> Attempt {
        let known = |name: types::QueueName| match self.inner.queue(&name) {
            Ok(queue) => Ok(queue),
            Err(_) if self.inner.catalog().queues.get(&name).is_some_and(|entry| !entry.dormant) => {
                Err(Failure::new(ErrorCode::InternalError, format!("the stack of queue {name} is not up")))
            }
            Err(_) => Err(Failure::new(ErrorCode::NoResource, format!("the queue {name} is not there"))),
        };
        let none = || Failure::new(ErrorCode::NoResource, format!("{} is no queue", target.arn));
        let queue = match target.arn.resource.parse().map_err(|_| none()).and_then(known) {
            Ok(queue) => queue,
            Err(failure) => return Attempt::Failed(failure),
        };
        let outgoing = Outgoing {
            body: input.into_owned(),
            group: group.cloned().filter(|_| queue.keeps_order()),
            trace: event.trace_header().map(str::to_owned),
            ..Outgoing::default()
        };
        match queue.send_part(outgoing) {
            Ok(Sending::New(part, _)) => {
                self.take(part);
                Attempt::Done
            }
            Ok(Sending::Known(_)) => Attempt::Done,
            Ok(Sending::Underway(_)) => Attempt::Underway,
            Err(refused) => Attempt::Failed(refusal(&refused)),
        }
    }

    /// An event does not come to its target: it goes to the dead-letter queue, or nobody wants to keep it.
    pub(super) fn give_up(&mut self, aim: &Aim<'_>, event: &Event, depth: u8, given_up: &GivenUp) {
        let target = aim.target;
        let Some(letters) = &target.dead_letters else {
            self.count(aim, |rule| (rule.invocations, rule.failed) = (rule.invocations + 1, rule.failed + 1));
            crate::complain!(
                "orderflow: event {} is dropped: rule {} could not bring it to {} ({}: {}), and no dead-letter queue \
                 is named for it",
                event.id(),
                aim.arn,
                target.arn,
                given_up.failure.code,
                given_up.failure.message
            );
            return;
        };
        let queue = letters.resource.parse().ok().and_then(|name| self.inner.queue(&name).ok());
        let Some(queue) = queue.filter(|queue| !queue.keeps_order()) else {
            return self.later(aim, event, depth, Tried::given_up(given_up), DEAD_LETTERS_AGAIN);
        };
        self.count(aim, |rule| {
            rule.invocations += 1;
            rule.failed += 1;
            rule.dead_letters += 1;
        });
        let text = |text: String| Attribute { data_type: "String".to_owned(), value: AttributeValue::Text(text) };
        let attributes = dead_letter::attributes(given_up, aim.arn, &target.arn);
        let outgoing = Outgoing {
            body: event.json().to_owned(),
            attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect(),
            trace: event.trace_header().map(str::to_owned),
            ..Outgoing::default()
        };
        self.take(queue.own_part(outgoing));
    }

    /// What comes of an attempt that ended at `now`.
    pub(super) fn settle(&mut self, aim: &Aim<'_>, event: &Event, depth: u8, state: &State, now: Timestamp) {
        match state {
            State::Delivered => self.count(aim, |rule| rule.invocations += 1),
            State::GivenUp(given_up) => self.give_up(aim, event, depth, given_up),
            State::Waiting { retries, retry_at, failure } => {
                let tried = Tried::Failed { retries: *retries, why: Why::from(failure) };
                self.later(aim, event, depth, tried, retry_at.since(now));
            }
            State::Due { .. } => self.later(aim, event, depth, Tried::Never, Duration::ZERO),
        }
    }

    /// All of it, for a commit that holds more than this.
    pub(crate) fn into_parts(self) -> (Vec<EntryBuilder>, After) {
        (self.entries, self.after)
    }

    /// All of it, to be made durable together with something else.
    pub(super) fn beside(self) -> Beside {
        Beside { entries: self.entries, after: self.after, looked: Vec::new() }
    }

    /// Makes all of it durable.
    pub(super) async fn commit(self, class: Class) -> Result<(), WriteRefused> {
        let Self { inner, entries, after, .. } = self;
        if entries.is_empty() {
            return Ok(());
        }
        inner.commits.commit_then(entries, Vec::new(), Vec::new(), class, after).await.map(drop)
    }

    /// The same, on a thread that may wait.
    pub(super) fn commit_blocking(self) -> Result<(), WriteRefused> {
        let Self { inner, entries, after, .. } = self;
        if entries.is_empty() {
            return Ok(());
        }
        let committed = inner.commits.commit_blocking(entries);
        after.tell(committed.as_ref());
        committed.map(drop)
    }
}

impl LiveRule {
    /// Whom events are brought to because of this rule.
    pub(super) fn aims<'a>(&'a self, bus: &'a BusName) -> impl Iterator<Item = Aim<'a>> {
        let targets = self.rule.targets().iter().zip(&self.specs);
        targets.map(move |(target, spec)| Aim { bus, rule: self.rule.name(), arn: &self.arn, target, spec })
    }
}

/// What an ARN's resource says behind a word: `function:`, `event-bus/`, `log-group:`.
pub(super) fn name_in<'a>(arn: &'a Arn, word: &str) -> Option<&'a str> {
    let name = arn.resource.strip_prefix(word)?;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

fn asked(asked: Asked) -> Attempt {
    Attempt::Call(Box::new(asked))
}

fn failed(code: ErrorCode, message: String) -> Attempt {
    Attempt::Failed(Failure::new(code, message))
}

/// What it means that a queue does not take a message: the next one like it would not be taken either.
fn refusal(refused: &SendRefused) -> Failure {
    Failure::new(ErrorCode::InvalidParameter, refused.to_string())
}

/// What a delivery is measured by.
pub(super) fn measure(target: &Target, event: &Event) -> Measure {
    Measure { policy: target.policy, ingested_at: event.ingested_at() }
}

/// A line in a log group that was asked for by a target.
pub(super) fn say(inner: &Inner, target: &Target, rule: &RuleName, line: &str) -> Result<(), Failure> {
    let group = name_in(&target.arn, "log-group:").unwrap_or_default();
    let now = clock::now().millis();
    let said = inner.lines.append(group, rule.as_str(), &[(now, line)], now);
    said.map_err(|error| Failure::new(ErrorCode::InternalError, format!("the line cannot be written: {error}")))
}
