//! Event buses: what is put reaches whom it should, is tried again, set aside, kept and brought again.

use crate::fixture::*;
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::entry::Entry;
use delivery::bus::policy::{Permission, Policy};
use delivery::bus::replay::{ReplaySpec, State};
use engine::spec::*;
use engine::{BusError, By, Command, CommandError, Engine, Functions, ReceiveRequest};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use types::{Account, BusName, RuleName, SortedMap, Timestamp};

const ARN: &str = "us-east-1:000000000000";

pub(crate) fn entry(bus: &str, detail: &str) -> Entry {
    Entry {
        source: Some("shop".to_owned()),
        detail_type: Some("Order Created".to_owned()),
        detail: Some(detail.to_owned()),
        bus: Some(bus.to_owned()),
        ..Entry::default()
    }
}

pub(crate) fn target(id: &str, arn: &str) -> TargetSpec {
    TargetSpec { id: id.to_owned(), arn: arn.to_owned(), ..TargetSpec::default() }
}

pub(crate) fn to_queue(id: &str, queue: &str) -> TargetSpec {
    target(id, &format!("arn:aws:sqs:{ARN}:{queue}"))
}

pub(crate) fn rule(bus: &str, name: &str, pattern: Option<&str>, targets: Vec<TargetSpec>) -> BusRuleSpec {
    let rule = RuleSpec {
        name: name.parse().unwrap(),
        pattern: pattern.map(str::to_owned),
        schedule: None,
        state: RuleState::Enabled,
        description: None,
    };
    BusRuleSpec { bus: bus.parse().unwrap(), rule, role: None, targets }
}

/// Buses `orders` and `other`, queues, function `F`, and these rules.
pub(crate) fn events_stack(rules: Vec<BusRuleSpec>) -> StackSpec {
    let bus = |name: &str| BusSpec { name: name.parse().unwrap(), description: None };
    let mut kept = queue("Kept.fifo");
    kept.fifo = Some(FifoSpec { deduplicates_by_content: true, deduplicates_in_groups: false });
    StackSpec {
        name: "test".to_owned(),
        tables: vec![],
        queues: vec![queue("Q"), queue("Second"), queue("Dead"), kept],
        functions: vec![function("F")],
        log_groups: vec![LogGroupSpec { name: "/aws/events/all".parse().unwrap(), retention_days: None }],
        pipes: vec![],
        pollers: vec![],
        events: EventsSpec { buses: vec![bus("orders"), bus("other")], rules, ..EventsSpec::default() },
        versions: Default::default(),
        origin: json!(null),
    }
}

fn put_events(engine: &Engine, entries: Vec<Entry>) -> Vec<String> {
    let put = run(engine.put_events(entries)).unwrap();
    put.into_iter().map(|put| put.unwrap().to_string()).collect()
}

fn received(engine: &Engine, queue: &str) -> Vec<engine::Message> {
    engine.browse(&queue.parse().unwrap(), 0, 10_000).unwrap()
}

pub(crate) fn bodies(engine: &Engine, queue: &str) -> Vec<Json> {
    received(engine, queue).iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

fn bus(name: &str) -> BusName {
    name.parse().unwrap()
}

#[test]
fn an_event_reaches_every_target_that_wants_it_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let large = r#"{"detail":{"total":[{"numeric":[">",100]}]}}"#;
    let fifo = TargetSpec { message_group: Some("g1".to_owned()), ..to_queue("fifo", "Kept.fifo") };
    let path = InputSpec { path: Some("$.detail".to_owned()), ..InputSpec::default() };
    let rules = vec![
        rule(
            "orders",
            "large",
            Some(large),
            vec![
                target("f", &format!("arn:aws:lambda:{ARN}:function:F")),
                TargetSpec { input: path, ..to_queue("q", "Q") },
                fifo,
                target("bus", &format!("arn:aws:events:{ARN}:event-bus/other")),
                target("log", &format!("arn:aws:logs:{ARN}:log-group:/aws/events/all:*")),
            ],
        ),
        rule("other", "all", Some(r#"{"source":["shop"]}"#), vec![to_queue("q", "Second")]),
    ];
    let engine = up(directory.path(), &events_stack(rules), &functions);
    let ids = put_events(&engine, vec![entry("orders", r#"{"total":500}"#), entry("orders", r#"{"total":5}"#)]);
    eventually(|| !functions.events().is_empty(), || "the function".to_owned());
    let lines = || {
        let query = store::lines::Query::forward();
        engine.lines().read("/aws/events/all", &query, |_| true).map(|page| page.lines.len()).unwrap_or(0)
    };
    eventually(|| lines() == 1, || "the line".to_owned());
    assert_eq!(bodies(&engine, "Q"), [json!({"total": 500})]);
    assert_eq!(received(&engine, "Kept.fifo")[0].group.as_deref(), Some("g1"));
    assert_eq!(bodies(&engine, "Second")[0]["id"], ids[0].as_str());
    assert_eq!(bodies(&engine, "Second").len(), 1);
    let given = functions.events();
    assert_eq!(given.len(), 1);
    assert_eq!(given[0].0, "F");
    assert_eq!(serde_json::from_str::<Json>(&given[0].1).unwrap()["id"], ids[0].as_str());
    down(engine);
}

#[test]
fn a_bus_is_unheard_until_a_rule_or_an_archive_of_it_is_at_work() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let all = Some(r#"{"source":["shop"]}"#);
    let engine = up(directory.path(), &events_stack(vec![rule("orders", "all", all, vec![])]), &functions);
    let unheard = |names: [&str; 4]| names.map(|name| engine.is_unheard(&bus(name)));
    // What is put on a bus that is not there is dropped, and that is said.
    assert_eq!(unheard(["orders", "other", "default", "nowhere"]), [false, true, true, false]);
    engine.count_unheard(&bus("other"), 2);
    let counted: Vec<_> = engine.traffic().buses.into_iter().map(|(name, bus)| (name, bus.events)).collect();
    assert_eq!(counted, [(bus("other"), 2)]);
    let late = rule("other", "late", all, vec![]).rule;
    run(engine.put_rule(&bus("other"), late, None, SortedMap::new())).unwrap();
    assert!(!engine.is_unheard(&bus("other")));
    run(engine.delete_rule(&bus("other"), &"late".parse().unwrap())).unwrap();
    assert!(engine.is_unheard(&bus("other")));
    let archive = ArchiveSpec {
        name: "kept".parse().unwrap(),
        bus: format!("arn:aws:events:{ARN}:event-bus/other"),
        pattern: None,
        retention_days: None,
        description: None,
    };
    run(engine.create_archive(archive)).unwrap();
    assert!(!engine.is_unheard(&bus("other")));
    down(engine);
}

/// What an event of a command leads to is in the command's commit: its messages, and what an archive keeps.
#[test]
fn an_event_of_a_command_comes_with_what_it_tells_of_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let rules = vec![rule(
        "orders",
        "all",
        Some(r#"{"source":["shop"]}"#),
        vec![to_queue("q", "Q"), target("f", &format!("arn:aws:lambda:{ARN}:function:F"))],
    )];
    let mut spec = events_stack(rules);
    spec.tables.push(table("Orders"));
    let engine = up(directory.path(), &spec, &functions);
    let absent = || table::Condition::NotExists(table::Path { attribute: "id".into(), steps: vec![] });
    let command = |id: &str, events: Vec<Entry>| Command {
        writes: vec![put_if(&engine, order(id, 1), absent())],
        events,
        ..Command::default()
    };
    run(engine.command(command("one", vec![entry("orders", r#"{"n":1}"#)]), By::Client)).unwrap();
    assert_eq!(bodies(&engine, "Q").len(), 1, "it is there when the command is answered");
    eventually(|| functions.events().len() == 1, || "the function".to_owned());
    // The order is there already, so nothing is told of it again.
    let refused = run(engine.command(command("one", vec![entry("orders", r#"{"n":2}"#)]), By::Client));
    assert!(matches!(refused, Err(CommandError::Refused(_))), "{refused:?}");
    // An event that is none, and more than a bus takes at once: nothing is done.
    let broken = run(engine.command(command("two", vec![entry("orders", "{}"), entry("orders", "no")]), By::Client));
    assert!(matches!(broken, Err(CommandError::Event { index: 1, .. })), "{broken:?}");
    let many = run(engine.command(command("two", vec![entry("orders", "{}"); 11]), By::Client));
    assert!(matches!(many, Err(CommandError::Events(_))), "{many:?}");
    assert_eq!(get(&engine, "two"), None);
    assert_eq!(bodies(&engine, "Q").iter().map(|event| event["detail"]["n"].clone()).collect::<Vec<_>>(), [json!(1)]);
    down(engine);
}

#[test]
fn what_cannot_be_delivered_is_set_aside_as_aws_does() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let dead = |target: TargetSpec| TargetSpec { dead_letters: Some(format!("arn:aws:sqs:{ARN}:Dead")), ..target };
    let nowhere = InputSpec { path: Some("$.detail.gone".to_owned()), ..InputSpec::default() };
    let rules = vec![rule(
        "orders",
        "r",
        Some(r#"{"source":["shop"]}"#),
        vec![
            dead(to_queue("gone", "Gone")),
            dead(TargetSpec { input: nowhere, ..to_queue("nothing", "Q") }),
            to_queue("dropped", "Gone"),
            to_queue("fine", "Second"),
        ],
    )];
    let engine = up(directory.path(), &events_stack(rules), &functions);
    let ids = put_events(&engine, vec![entry("orders", "{}")]);
    eventually(|| received(&engine, "Dead").len() == 2, || "two dead letters".to_owned());
    let attribute = |message: &engine::Message, name: &str| match message.attributes.get(name).map(|one| &one.value) {
        Some(engine::AttributeValue::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let letters: Vec<_> = received(&engine, "Dead")
        .iter()
        .map(|letter| {
            let event: Json = serde_json::from_str(&letter.body).unwrap();
            assert_eq!(event["id"], ids[0].as_str());
            assert_eq!(attribute(letter, "RULE_ARN"), format!("arn:aws:events:{ARN}:rule/orders/r"));
            assert_eq!(attribute(letter, "RETRY_ATTEMPTS"), "0");
            (attribute(letter, "TARGET_ARN"), attribute(letter, "ERROR_CODE"))
        })
        .collect();
    let sqs = |name: &str| format!("arn:aws:sqs:{ARN}:{name}");
    assert_eq!(letters, [(sqs("Gone"), "NO_RESOURCE".to_owned()), (sqs("Q"), "INVALID_PARAMETER".to_owned()),]);
    assert_eq!(received(&engine, "Second").len(), 1);
    assert!(received(&engine, "Q").is_empty());
    down(engine);
}

#[test]
fn a_delivery_is_tried_again_as_its_policy_says_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let mut other = events_stack(vec![]);
    (other.name, other.queues, other.functions) = ("asleep".to_owned(), vec![queue("Sleeping")], vec![]);
    (other.events, other.log_groups) = (EventsSpec::default(), vec![]);
    let patient = to_queue("patient", "Sleeping");
    let hasty = TargetSpec {
        retries: Some(1),
        dead_letters: Some(format!("arn:aws:sqs:{ARN}:Dead")),
        ..to_queue("hasty", "Sleeping")
    };
    let stack = events_stack(vec![rule("orders", "r", Some(r#"{"source":["shop"]}"#), vec![patient, hasty])]);
    let engine = open(directory.path());
    engine.deploy(&other).unwrap();
    down(engine);
    // The stack of the target is not up this time.
    let engine = up(directory.path(), &stack, &functions);
    put_events(&engine, vec![entry("orders", "{}")]);
    eventually(|| received(&engine, "Dead").len() == 1, || "the dead letter".to_owned());
    let letter = received(&engine, "Dead").remove(0);
    let attribute = |name: &str| match &letter.attributes[name].value {
        engine::AttributeValue::Text(text) => text.clone(),
        engine::AttributeValue::Bytes(_) => panic!("a text"),
    };
    assert_eq!(attribute("RETRY_ATTEMPTS"), "1");
    assert_eq!(attribute("EXHAUSTED_RETRY_CONDITION"), "MaximumRetryAttempts");
    assert_eq!(attribute("ERROR_CODE"), "INTERNAL_ERROR");
    down(engine);
    let engine = open(directory.path());
    engine.deploy(&other).unwrap();
    engine.deploy(&stack).unwrap();
    let stacks = ["test".to_owned(), "asleep".to_owned()];
    engine.start(&stacks, functions as Arc<dyn Functions>).unwrap();
    eventually(|| received(&engine, "Sleeping").len() == 1, || "the patient target".to_owned());
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!((received(&engine, "Sleeping").len(), received(&engine, "Dead").len()), (1, 1));
    down(engine);
}

#[test]
fn an_event_that_reaches_more_than_a_commit_holds_reaches_all_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let rules = (0..30)
        .map(|number| rule("orders", &format!("r{number}"), Some(r#"{"source":["shop"]}"#), vec![to_queue("q", "Q")]));
    let engine = up(directory.path(), &events_stack(rules.collect()), &functions);
    let detail = format!(r#"{{"text":"{}"}}"#, "x".repeat(900_000));
    put_events(&engine, vec![entry("orders", &detail)]);
    let counts = || engine.queue_counts(&"Q".parse().unwrap()).unwrap();
    eventually(|| counts().visible == 30, || format!("30 messages, there are {}", counts().visible));
    down(engine);
}

#[test]
fn the_policy_of_a_bus_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let (orders, default): (BusName, BusName) = ("orders".parse().unwrap(), "default".parse().unwrap());
    let permission = Permission {
        id: "s".to_owned(),
        action: "events:PutEvents".to_owned(),
        principal: "111111111111".to_owned(),
        organization: None,
    };
    let engine = up(directory.path(), &events_stack(vec![]), &functions);
    for bus in [&orders, &default] {
        let permission = permission.clone();
        let add = move |policy, bus: &types::Arn| Policy::with(policy, &permission, &bus.to_string()).map(Some);
        run(engine.change_bus_policy(bus, add)).unwrap();
    }
    let refused = run(engine.change_bus_policy(&orders, |policy, _| Policy::without(policy, "none"))).unwrap_err();
    assert_eq!(refused.to_string(), "Statement with the provided id does not exist.");
    let missed = run(engine.change_bus_policy(&"none".parse().unwrap(), |policy, _| Ok(policy))).unwrap_err();
    assert!(matches!(missed, BusError::NotFound(_)), "{missed}");
    down(engine);
    let engine = up(directory.path(), &events_stack(vec![]), &functions);
    for bus in [&orders, &default] {
        let policy = engine.bus(bus).unwrap().policy.expect("it was kept, and deploying leaves it");
        assert!(policy.text().contains(&format!("arn:aws:events:{ARN}:event-bus/{bus}")), "{}", policy.text());
        run(engine.change_bus_policy(bus, |policy, _| Policy::without(policy, "s"))).unwrap();
        assert_eq!(engine.bus(bus).unwrap().policy, None);
    }
    down(engine);
}

#[test]
fn an_archive_is_replayed_to_the_rules_that_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let all = Some(r#"{"source":["shop"]}"#);
    let rules = vec![
        rule("orders", "one", all, vec![to_queue("q", "Q")]),
        rule("orders", "two", all, vec![to_queue("q", "Second")]),
    ];
    let engine = up(directory.path(), &events_stack(rules), &functions);
    let bus_arn = format!("arn:aws:events:{ARN}:event-bus/orders");
    let archive = ArchiveSpec {
        name: "keep".parse().unwrap(),
        bus: bus_arn.clone(),
        pattern: Some(r#"{"detail":{"n":[{"numeric":[">=",10]}]}}"#.to_owned()),
        retention_days: None,
        description: None,
    };
    run(engine.create_archive(archive)).unwrap();
    for number in 0..130 {
        put_events(&engine, vec![entry("orders", &format!(r#"{{"n":{number}}}"#))]);
    }
    let info = engine.archive(&"keep".parse().unwrap()).unwrap();
    assert_eq!(info.events, 120);
    let first = bodies(&engine, "Second");
    assert_eq!(first.len(), 130);
    let replay = ReplaySpec {
        name: "again".parse().unwrap(),
        from: Timestamp::EPOCH,
        to: Timestamp::from_millis(i64::MAX / 2),
        destination: bus_arn,
        rules: vec![format!("arn:aws:events:{ARN}:rule/orders/two")],
    };
    let replay_of_all = ReplaySpec { rules: vec![], ..replay.clone() };
    run(engine.start_replay(&"keep".parse().unwrap(), replay.clone(), None)).unwrap();
    assert!(matches!(
        run(engine.start_replay(&"keep".parse().unwrap(), replay, None)),
        Err(BusError::Exists { kind: "replay", .. })
    ));
    let nowhere = ReplaySpec {
        name: "nowhere".parse().unwrap(),
        destination: format!("arn:aws:events:{ARN}:event-bus/none"),
        ..replay_of_all.clone()
    };
    let missed = run(engine.start_replay(&"keep".parse().unwrap(), nowhere, None)).unwrap_err();
    assert!(matches!(&missed, BusError::NotFound(missing) if missing.name == "none"), "{missed}");
    let other = ReplaySpec {
        name: "other".parse().unwrap(),
        destination: format!("arn:aws:events:{ARN}:event-bus/other"),
        ..replay_of_all
    };
    let refused = run(engine.start_replay(&"keep".parse().unwrap(), other, None)).unwrap_err();
    assert!(matches!(refused, BusError::Replay(_)), "{refused}");
    let state = || engine.replay(&"again".parse().unwrap()).unwrap().state;
    eventually(|| matches!(state(), State::Completed { .. }), || format!("the end, it is {:?}", state()));
    let mut again = bodies(&engine, "Second").split_off(130);
    assert_eq!(again.len(), 120);
    for event in &mut again {
        assert_eq!(event.as_object_mut().unwrap().remove("replay-name"), Some(json!("again")));
    }
    let (mut wanted, id) = (first[10..].to_vec(), |event: &Json| event["id"].to_string());
    wanted.sort_by_key(id);
    again.sort_by_key(id);
    assert_eq!(again, wanted, "they are what they were");
    assert_eq!(bodies(&engine, "Q").len(), 130, "the other rule gets nothing");
    assert_eq!(engine.archive(&"keep".parse().unwrap()).unwrap().events, 120, "nothing is kept twice");
    down(engine);
}

#[test]
fn a_stack_brings_its_rules_and_takes_them_away() {
    let directory = tempfile::tempdir().unwrap();
    let all = Some(r#"{"source":["shop"]}"#);
    let functions = Arc::new(Watched::default());
    let engine =
        up(directory.path(), &events_stack(vec![rule("orders", "one", all, vec![to_queue("q", "Q")])]), &functions);
    put_events(&engine, vec![entry("orders", "{}")]);
    let changed = vec![rule("orders", "two", all, vec![to_queue("q", "Second")])];
    let steps = engine.deploy(&events_stack(changed)).unwrap();
    let steps: Vec<_> = steps.iter().map(|step| (step.act, step.kind, step.name.as_str())).collect();
    assert_eq!(steps, [(engine::Act::Created, "rule", "two"), (engine::Act::Removed, "rule", "one")]);
    put_events(&engine, vec![entry("orders", "{}")]);
    assert_eq!((received(&engine, "Q").len(), received(&engine, "Second").len()), (1, 1));
    let two: RuleName = "two".parse().unwrap();
    assert!(matches!(run(engine.delete_rule(&bus("orders"), &two)), Err(BusError::OfStack { kind: "rule", .. })));
    down(engine);
}

#[test]
fn clients_make_buses_and_rules_that_outlast_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    assert_eq!(engine.buses().into_iter().map(|bus| bus.name.to_string()).collect::<Vec<_>>(), ["default"]);
    run(engine.create_bus(bus("mine"), None, SortedMap::new())).unwrap();
    assert!(matches!(run(engine.create_bus(bus("mine"), None, SortedMap::new())), Err(BusError::Exists { .. })));
    assert!(matches!(run(engine.create_bus(bus("default"), None, SortedMap::new())), Err(BusError::Default)));
    let settings = engine::QueueSettings { spec: queue("Q"), tags: SortedMap::new(), notes: SortedMap::new() };
    run(engine.create_queue(settings)).unwrap();
    let spec = rule("mine", "r", Some(r#"{"source":["shop"]}"#), vec![]).rule;
    let arn = run(engine.put_rule(&bus("mine"), spec.clone(), None, SortedMap::new())).unwrap();
    assert_eq!(arn.to_string(), format!("arn:aws:events:{ARN}:rule/mine/r"));
    let name: RuleName = "r".parse().unwrap();
    run(engine.put_targets(&bus("mine"), &name, vec![to_queue("q", "Q")])).unwrap();
    put_events(&engine, vec![entry("mine", "{}"), entry("default", "{}"), entry("nowhere", "{}")]);
    down(engine);
    let engine = open(directory.path());
    put_events(&engine, vec![entry("mine", "{}")]);
    assert_eq!(received(&engine, "Q").len(), 2);
    run(engine.set_rule_state(&bus("mine"), &name, RuleState::Disabled)).unwrap();
    put_events(&engine, vec![entry("mine", "{}")]);
    assert_eq!(received(&engine, "Q").len(), 2);
    assert!(matches!(run(engine.delete_rule(&bus("mine"), &name)), Err(BusError::Rule(_))));
    assert!(matches!(run(engine.delete_bus(&bus("mine"))), Err(BusError::HasRules { .. })));
    let (known, unknown) = ("q".parse().unwrap(), "x".parse().unwrap());
    assert_eq!(run(engine.remove_targets(&bus("mine"), &name, &[known, unknown])).unwrap(), ["x".parse().unwrap()]);
    run(engine.delete_rule(&bus("mine"), &name)).unwrap();
    run(engine.delete_bus(&bus("mine"))).unwrap();
    assert_eq!(engine.buses().len(), 1);
    down(engine);
}

/// An engine whose clock the test sets, in minutes.
fn open_at(directory: &Path, minutes: &Arc<Mutex<u64>>) -> Engine {
    let minutes = Arc::clone(minutes);
    let clock = move || 1_800_000_000_000 + *minutes.lock().unwrap() * 60_000;
    let options = engine::Options {
        account: Account::default(),
        directory: directory.to_owned(),
        store: store::Options { clock: Arc::new(clock), ..store::Options::default() },
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(24 * 3600),
        log_bytes_max: 1 << 40,
    };
    Engine::open(options).unwrap().0
}

#[test]
fn a_rule_fires_once_for_all_that_were_missed_and_never_twice() {
    let directory = tempfile::tempdir().unwrap();
    let minutes = Arc::new(Mutex::new(0));
    let mut timed = rule("default", "timed", None, vec![to_queue("q", "Q")]);
    timed.rule.schedule = Some("rate(10 minutes)".to_owned());
    let stack = events_stack(vec![timed]);
    let mut fired = Vec::new();
    // When it is started, and how often it has fired then.
    for (at, times) in [(0, 0), (9, 0), (11, 1), (12, 1), (55, 2), (59, 2), (61, 3)] {
        *minutes.lock().unwrap() = at;
        let engine = open_at(directory.path(), &minutes);
        engine.deploy(&stack).unwrap();
        engine.start(&["test".to_owned()], Arc::new(Watched::default())).unwrap();
        let count = || received(&engine, "Q").len();
        eventually(|| count() >= times, || format!("firing {times} at minute {at}"));
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(count(), times, "at minute {at}");
        fired = bodies(&engine, "Q");
        down(engine);
    }
    let times: Vec<_> = fired.iter().map(|event| event["time"].as_str().unwrap().to_owned()).collect();
    assert_eq!(times, ["2027-01-15T08:10:00Z", "2027-01-15T08:20:00Z", "2027-01-15T09:00:00Z"]);
    assert_eq!(fired[0]["resources"], json!([format!("arn:aws:events:{ARN}:rule/timed")]));
}

#[test]
fn what_a_function_was_handed_is_done_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let f = target("f", &format!("arn:aws:lambda:{ARN}:function:F"));
    let stack = events_stack(vec![rule("orders", "r", Some(r#"{"source":["shop"]}"#), vec![f])]);
    let engine = open(directory.path());
    engine.deploy(&stack).unwrap();
    put_events(&engine, vec![entry("orders", "{}")]);
    put_events(&engine, vec![entry("orders", "{}")]);
    down(engine);
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack, &functions);
    eventually(|| functions.events().len() == 2, || "both".to_owned());
    down(engine);
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack, &functions);
    let none = run(engine.receive(ReceiveRequest::new("Q".parse().unwrap(), 1))).unwrap();
    assert!(none.is_empty() && functions.events().is_empty(), "and only once");
    down(engine);
}
