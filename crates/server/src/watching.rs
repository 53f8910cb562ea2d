//! Decides what the server measures of itself, under the names that AWS measures its services by, and how whoever an
//! alarm names is told.
//!
//! What is counted anyway for `/metrics` is looked at from time to time, and what it grew by is a measurement. Times are
//! kept exactly as they were, so smallest, largest and percentiles are those of the requests themselves.

use crate::app::App;
use delivery::bus::TargetSpec;
use delivery::bus::entry::DEFAULT_BUS;
use engine::watch::Round;
use engine::{By, Command, Handed};
use observe::measure::{Datum, Metric, Series, Statistics, Unit};
use orders::shop::money::Currency;
use serde_json::{Value as Json, json};
use std::sync::Weak;
use std::time::Duration;
use types::{Arn, FunctionName, SortedMap, Timestamp};

/// Under which name alarms tell whom their actions name; no rule has that.
const ACTIONS: &str = "alarm-actions";
/// How long telling may take.
const TELL_WITHIN: Duration = Duration::from_secs(10);

/// The server, as the thread knows it that goes round.
pub(crate) struct Rounds {
    app: Weak<App>,
    runtime: tokio::runtime::Handle,
    /// What counters said last.
    counted: SortedMap<String, u64>,
    last_minute: i64,
    /// The name and the stage of the API that customers are served by, if there is one.
    api: Option<(String, String)>,
}

impl Rounds {
    pub(crate) fn new(app: Weak<App>, runtime: tokio::runtime::Handle, api: Option<(String, String)>) -> Self {
        Self { app, runtime, counted: SortedMap::new(), last_minute: i64::MIN, api }
    }

    /// By how much a counter has grown since it was looked at last.
    fn grown(&mut self, name: String, now: u64) -> u64 {
        let before = self.counted.insert(name, now).unwrap_or(0);
        now.saturating_sub(before)
    }

    fn functions(&mut self, app: &App, into: &mut Vec<Datum>) {
        let mut counts: SortedMap<String, [u64; 3]> = SortedMap::new();
        app.runtime.meters().invocations.each(|labels, counter| {
            let [function, outcome] = labels else { return };
            let kinds = counts.get_or_default(function.to_string());
            match &**outcome {
                "ok" => kinds[0] += counter.get(),
                "failed" => kinds[1] += counter.get(),
                _ => kinds[2] += counter.get(),
            }
        });
        for (function, kinds) in counts {
            let [ok, failed, throttled] =
                [0, 1, 2].map(|kind| self.grown(format!("function {function} {kind}"), kinds[kind]));
            let by = [("FunctionName", function.as_str())];
            let mut put = |name: &str, value: u64| {
                into.push(datum("AWS/Lambda", name, &by, Unit::COUNT, Statistics::of(value as f64)));
            };
            if ok + failed > 0 {
                put("Invocations", ok + failed);
                // As AWS does: that there was none is a value too.
                put("Errors", failed);
            }
            if ok + failed + throttled > 0 {
                put("Throttles", throttled);
            }
        }
        app.runtime.meters().invocation_seconds.each(|labels, histogram| {
            let took = histogram.take_millis();
            if !took.is_empty() {
                let by = [("FunctionName", &*labels[0])];
                into.push(datum("AWS/Lambda", "Duration", &by, Unit::MILLISECONDS, took));
            }
        });
    }

    fn orders(&mut self, app: &App, into: &mut Vec<Datum>) {
        let mut ended = Vec::new();
        app.runtime.meters().orders.each(|labels, counter| ended.push((labels[0].to_string(), counter.get())));
        let mut success = Statistics::default();
        for (status, count) in ended {
            let grown = self.grown(format!("orders {status}"), count);
            if grown > 0 {
                // Who called an order off did not fail.
                match status.as_str() {
                    "COMPLETED" => success.add(100.0, grown as f64),
                    "FAILED" => success.add(0.0, grown as f64),
                    _ => {}
                }
                let by = [("Status", status.as_str())];
                into.push(datum("Orderflow", "OrdersEnded", &by, Unit::COUNT, Statistics::of(grown as f64)));
            }
        }
        if !success.is_empty() {
            into.push(datum("Orderflow", "SuccessRate", &[], Unit::PERCENT, success));
        }
        let meters = app.runtime.meters();
        let mut taken = 0;
        meters.taken.each(|_, counter| taken += counter.get());
        let grown = self.grown("orders taken".to_owned(), taken);
        if grown > 0 {
            into.push(datum("Orderflow", "OrdersTaken", &[], Unit::COUNT, Statistics::of(grown as f64)));
        }
        for (code, minor) in revenue(meters) {
            let grown = self.grown(format!("revenue {code}"), minor);
            // What came too late to have a name of its own is of no one currency.
            if let Some(currency) = Currency::parse(&code).filter(|_| grown > 0) {
                let amount = grown as f64 / 10f64.powi(currency.decimals().into());
                let by = [("Currency", code.as_str())];
                into.push(datum("Orderflow", "Revenue", &by, Unit::NONE, Statistics::of(amount)));
            }
        }
        for (family, name, label) in
            [(&meters.order_seconds, "OrderDuration", "Status"), (&meters.step_seconds, "StepDuration", "Step")]
        {
            family.each(|labels, histogram| {
                let took = histogram.take_millis();
                if !took.is_empty() {
                    into.push(datum("Orderflow", name, &[(label, &*labels[0])], Unit::MILLISECONDS, took));
                }
            });
        }
    }

    fn requests(&mut self, app: &App, into: &mut Vec<Datum>) {
        let mut counts = [0u64; 3];
        app.http.requests.each(|labels, counter| {
            counts[0] += counter.get();
            match labels.last().and_then(|status| status.chars().next()) {
                Some('4') => counts[1] += counter.get(),
                Some('5') => counts[2] += counter.get(),
                _ => {}
            }
        });
        let [all, faulty, failed] = [0, 1, 2].map(|kind| self.grown(format!("requests {kind}"), counts[kind]));
        let mut took = Statistics::default();
        app.http.seconds.each(|_, histogram| took.merge(&histogram.take_millis()));
        let mut integration = Statistics::default();
        app.http.integration.each(|_, histogram| integration.merge(&histogram.take_millis()));
        let Some((api, stage)) = self.api.clone().filter(|_| all > 0) else { return };
        for by in [&[("ApiName", api.as_str())][..], &[("ApiName", &api), ("Stage", &stage)]] {
            into.push(datum("AWS/ApiGateway", "Count", by, Unit::COUNT, ones(all, all)));
            into.push(datum("AWS/ApiGateway", "4XXError", by, Unit::COUNT, ones(faulty, all)));
            into.push(datum("AWS/ApiGateway", "5XXError", by, Unit::COUNT, ones(failed, all)));
            if !took.is_empty() {
                into.push(datum("AWS/ApiGateway", "Latency", by, Unit::MILLISECONDS, took.clone()));
            }
            if !integration.is_empty() {
                let took = integration.clone();
                into.push(datum("AWS/ApiGateway", "IntegrationLatency", by, Unit::MILLISECONDS, took));
            }
        }
    }
}

impl Rounds {
    /// What tables were asked: what of it costs, and what AWS clients saw.
    fn tables(&mut self, app: &App, traffic: &engine::Traffic, into: &mut Vec<Datum>) {
        const OF: &str = "AWS/DynamoDB";
        let calls = &app.desk.calls;
        for (name, asked) in &traffic.tables {
            let table = name.as_str();
            let by = [("TableName", table)];
            let failed = calls.conditions_failed.with(&[table]).get();
            let halves = 2 * asked.read_blocks - calls.eventual_blocks.with(&[table]).get().min(2 * asked.read_blocks);
            let writes = asked.write_blocks + asked.blocks_together + calls.failed_blocks.with(&[table]).get();
            let [halves, reads, units, writes, failed] = [
                ("read units", halves),
                ("reads", asked.reads),
                ("write units", writes),
                ("writes", asked.writes + failed),
                ("conditions", failed),
            ]
            .map(|(what, count)| self.grown(format!("table {table} {what}"), count) as f64);
            // Of each request as much as of the others: their sum and their number are known, and so their average.
            for (metric, units, requests) in
                [("ConsumedReadCapacityUnits", halves / 2.0, reads), ("ConsumedWriteCapacityUnits", units, writes)]
            {
                if requests > 0.0 {
                    let mut values = Statistics::default();
                    values.add(units / requests, requests);
                    into.push(datum(OF, metric, &by, Unit::COUNT, values));
                }
            }
            if failed > 0.0 {
                into.push(datum(OF, "ConditionalCheckFailedRequests", &by, Unit::COUNT, Statistics::of(failed)));
            }
        }
        calls.table_seconds.each(|labels, histogram| {
            let took = histogram.take_millis();
            if !took.is_empty() {
                let by = [("TableName", &*labels[0]), ("Operation", &*labels[1])];
                into.push(datum(OF, "SuccessfulRequestLatency", &by, Unit::MILLISECONDS, took));
            }
        });
        let (mut failures, mut faults) = (Vec::new(), 0);
        calls.table_failures.each(|labels, counter| failures.push((labels.to_vec(), counter.get())));
        for (labels, count) in failures {
            let [table, operation] = [&*labels[0], &*labels[1]];
            let grown = self.grown(format!("table {table} {operation} failures"), count);
            if grown > 0 {
                let by = [("TableName", table), ("Operation", operation)];
                into.push(datum(OF, "SystemErrors", &by, Unit::COUNT, Statistics::of(grown as f64)));
            }
        }
        calls.table_faults.each(|_, counter| faults += counter.get());
        let faults = self.grown("table faults".to_owned(), faults);
        if faults > 0 {
            into.push(datum(OF, "UserErrors", &[], Unit::COUNT, Statistics::of(faults as f64)));
        }
    }

    /// What was done with messages.
    fn messages(&mut self, app: &App, traffic: &engine::Traffic, into: &mut Vec<Datum>) {
        for (name, asked) in &traffic.queues {
            let by = [("QueueName", name.as_str())];
            let empty = app.desk.calls.empty_receives.with(&[name.as_str()]).get();
            for (metric, count) in [
                // What was received too often elsewhere was not sent, as AWS counts.
                ("NumberOfMessagesSent", asked.sent - asked.dead_letters),
                ("NumberOfMessagesReceived", asked.received),
                ("NumberOfMessagesDeleted", asked.deleted),
                ("NumberOfEmptyReceives", empty),
            ] {
                let grown = self.grown(format!("queue {name} {metric}"), count);
                if grown > 0 {
                    into.push(datum("AWS/SQS", metric, &by, Unit::COUNT, Statistics::of(grown as f64)));
                }
            }
            let sizes = app.engine.take_sent_sizes(name);
            if !sizes.is_empty() {
                into.push(datum("AWS/SQS", "SentMessageSize", &by, Unit::BYTES, sizes));
            }
        }
    }

    /// What buses made of events. A rule of the default bus is known by its name alone, as on AWS.
    fn events(&mut self, traffic: &engine::Traffic, into: &mut Vec<Datum>) {
        const OF: &str = "AWS/Events";
        let mut all = [("MatchedEvents", 0), ("TriggeredRules", 0), ("Invocations", 0)];
        for (bus, asked) in &traffic.buses {
            let is_default = bus.as_str() == delivery::bus::entry::DEFAULT_BUS;
            all[0].1 += asked.matched;
            for (rule, did) in &asked.rules {
                all[1].1 += did.matched;
                all[2].1 += did.invocations;
                let by = [("EventBusName", bus.as_str()), ("RuleName", rule.as_str())];
                let by = if is_default { &by[1..] } else { &by[..] };
                for (metric, count) in [
                    ("MatchedEvents", did.matched),
                    ("TriggeredRules", did.matched),
                    ("Invocations", did.invocations),
                    ("FailedInvocations", did.failed),
                    ("InvocationsSentToDlq", did.dead_letters),
                ] {
                    let grown = self.grown(format!("rule {bus} {rule} {metric}"), count);
                    if grown > 0 {
                        into.push(datum(OF, metric, by, Unit::COUNT, Statistics::of(grown as f64)));
                    }
                }
            }
        }
        for (metric, count) in all {
            let grown = self.grown(format!("events {metric}"), count);
            if grown > 0 {
                into.push(datum(OF, metric, &[], Unit::COUNT, Statistics::of(grown as f64)));
            }
        }
    }
}

/// What completed orders came to so far, by currency.
pub(crate) fn revenue(meters: &runtime::Meters) -> Vec<(String, u64)> {
    let mut revenue = Vec::new();
    meters.revenue.each(|labels, counter| revenue.push((labels[0].to_string(), counter.get())));
    revenue
}

impl Round for Rounds {
    fn measure(&mut self, until: Timestamp) -> Vec<Datum> {
        let Some(app) = self.app.upgrade() else { return Vec::new() };
        let mut data = Vec::new();
        self.functions(&app, &mut data);
        self.requests(&app, &mut data);
        self.orders(&app, &mut data);
        let traffic = app.engine.traffic();
        self.tables(&app, &traffic, &mut data);
        self.messages(&app, &traffic, &mut data);
        self.events(&traffic, &mut data);
        let minute = until.seconds().div_euclid(60);
        if minute != self.last_minute {
            self.last_minute = minute;
            queues(&app, until, &mut data);
        }
        data
    }

    fn ready(&self) -> bool {
        self.app.upgrade().is_some_and(|app| !app.is_stopping())
    }

    fn changed(&mut self, event: &Json) -> Result<(), String> {
        let app = self.app.upgrade().ok_or("the server is stopping")?;
        let default = DEFAULT_BUS.parse().expect("a fair name");
        app.engine.put_own_event_blocking(&default, event).map_err(|error| error.to_string())?;
        let detail = &event["detail"];
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let (name, state) = (text(&detail["alarmName"]), text(&detail["state"]["value"]));
        engine::complain!("orderflow: alarm {name} is {state}: {}", text(&detail["state"]["reason"]));
        Ok(())
    }

    fn tell(&mut self, action: &str, event: &Json) -> Result<(), String> {
        let app = self.app.upgrade().ok_or("the server is stopping")?;
        let target = TargetSpec { id: "action".to_owned(), arn: action.to_owned(), ..TargetSpec::default() };
        if !target.is_webhook() {
            let arn: Arn = action.parse().map_err(|error: types::ParseArnError| error.to_string())?;
            match (&*arn.service, arn.resource.split([':', '/']).next()) {
                // What an alarm says, it has said there.
                ("events", Some("event-bus")) if arn == default_bus(&app) => return Ok(()),
                ("events", Some("event-bus" | "api-destination")) | ("sqs", _) => {}
                ("lambda", Some("function")) => return self.invoke(&app, &arn, event),
                (service, _) => {
                    let told = "queues, functions, event buses, API destinations and webhooks";
                    return Err(format!("this engine tells {told}, and nothing of {service}"));
                }
            }
        }
        let by = ACTIONS.parse().expect("a fair name");
        app.engine.tell_blocking(&by, target, event).map_err(|error| error.to_string())
    }
}

impl Rounds {
    /// Hands a function what AWS hands it of an alarm, under one id however often it is told.
    fn invoke(&self, app: &App, arn: &Arn, event: &Json) -> Result<(), String> {
        let ours = app.engine.account().arn("lambda", &arn.resource) == *arn;
        let mut named = arn.resource.split(':').skip(1);
        let name = named.next().and_then(|name| name.parse().ok());
        let name: FunctionName = name.filter(|_| ours).ok_or("it is no function of this account")?;
        let qualifier = named.next().map(str::parse).transpose().map_err(|_| format!("{arn} names no version"))?;
        let request_id = event["id"].as_str().unwrap_or_default().to_owned();
        let handed = Handed { request_id, payload: handed_of(event), qualifier };
        let command = Command { hands: vec![(name, handed)], ..Command::default() };
        let done = app.engine.command(command, By::Function);
        match self.runtime.block_on(async { tokio::time::timeout(TELL_WITHIN, done).await }) {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it took longer than {} s", TELL_WITHIN.as_secs())),
        }
    }
}

fn default_bus(app: &App) -> Arn {
    app.engine.account().arn("events", &format!("event-bus/{DEFAULT_BUS}"))
}

/// What AWS hands a function that is an alarm's action.
fn handed_of(event: &Json) -> Json {
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": event["resources"][0],
        "accountId": event["account"],
        "time": event["detail"]["state"]["timestamp"],
        "region": event["region"],
        "alarmData": event["detail"],
    })
}

fn datum(namespace: &str, name: &str, by: &[(&str, &str)], unit: Unit, values: Statistics) -> Datum {
    // When it was is what the round says.
    let series = Series { metric: Metric::new(namespace, name, by), unit };
    Datum { series, at: Timestamp::EPOCH, values, fine: false }
}

/// Each of so many requests counts for one or for nothing, so that their average is a share.
fn ones(count: u64, of: u64) -> Statistics {
    let mut values = Statistics::default();
    if count > 0 {
        values.add(1.0, count as f64);
    }
    if of > count {
        values.add(0.0, (of - count) as f64);
    }
    values
}

/// How queues stand, once a minute.
fn queues(app: &App, now: Timestamp, into: &mut Vec<Datum>) {
    for name in app.engine.queue_names() {
        let Ok(info) = app.engine.queue_info(&name) else { continue };
        let by = [("QueueName", name.as_str())];
        let age = info.oldest.map_or(0, |sent| now.since(sent).as_secs());
        for (metric, value, unit) in [
            ("ApproximateNumberOfMessagesVisible", info.counts.visible as u64, Unit::COUNT),
            ("ApproximateNumberOfMessagesNotVisible", info.counts.in_flight as u64, Unit::COUNT),
            ("ApproximateNumberOfMessagesDelayed", info.counts.delayed as u64, Unit::COUNT),
            ("ApproximateAgeOfOldestMessage", age, Unit::SECONDS),
        ] {
            into.push(datum("AWS/SQS", metric, &by, unit, Statistics::of(value as f64)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use observe::measure::Stat;

    #[test]
    fn an_average_of_ones_is_a_share() {
        for (count, of, sum, average) in [(1, 4, 1.0, 0.25), (0, 4, 0.0, 0.0), (4, 4, 4.0, 1.0)] {
            let values = ones(count, of);
            assert_eq!((values.value(Stat::Sum), values.value(Stat::Average)), (Some(sum), Some(average)));
            assert_eq!(values.count, of as f64);
        }
    }
}
