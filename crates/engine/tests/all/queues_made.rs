//! Queues that are made, set, emptied and deleted while the engine runs.

use crate::fixture::*;
use crate::queue_fixture::*;
use engine::spec::*;
use engine::{DeployError, DeployRefused, Made, Outgoing, QueueError, QueueSettings, RedriveRefused};
use std::sync::Arc;
use std::time::Duration;

fn settings(spec: QueueSpec) -> QueueSettings {
    QueueSettings { spec, tags: Default::default(), notes: Default::default() }
}

#[test]
fn a_queue_that_a_client_has_made_is_there_after_a_crash_as_it_was_set() {
    let mut house = House::new();
    house.make(queue("Mine"));
    house.send("Mine", Outgoing::text("x"));
    let change = |queue: &mut QueueSettings| {
        queue.spec.visible_for_seconds = 7;
        queue.tags.insert("team".to_owned(), "blue".to_owned());
        queue.notes.insert("policy".to_owned(), "{}".to_owned());
    };
    run(house.engine().configure_queue(&name("Mine"), change)).unwrap();
    house.crash();
    let info = house.engine().queue_info(&name("Mine")).unwrap();
    assert_eq!((info.entry.stack.as_str(), info.entry.spec.visible_for_seconds), ("", 7));
    assert_eq!((info.entry.tags["team"].as_str(), info.entry.notes["policy"].as_str()), ("blue", "{}"));
    assert_eq!((info.counts.visible, info.oldest.is_some()), (1, true));
    assert_eq!(house.receive("Mine", 1).len(), 1);
    house.set_clock(20);
    assert_eq!(house.receive("Mine", 1).len(), 1, "hidden for seven seconds");
}

#[test]
fn making_a_queue_twice_is_fine_if_it_is_set_alike() {
    let house = House::new();
    house.make(queue("Mine"));
    assert_eq!(run(house.engine().create_queue(settings(queue("Mine")))).unwrap(), Made::WasThere);
    let other = QueueSpec { delay_seconds: 1, ..queue("Mine") };
    assert!(matches!(run(house.engine().create_queue(settings(other))), Err(QueueError::Exists(_))));
    house.make(queue("Mine2"));
    house.make(queue("Other"));
    assert_eq!(house.engine().queue_names_with("Mi"), [name("Mine"), name("Mine2")]);
}

#[test]
fn a_deleted_queue_is_gone_with_its_messages_and_one_of_its_name_begins_empty() {
    let mut house = House::new();
    house.make(queue("Mine"));
    for _ in 0..30 {
        house.send("Mine", Outgoing::text("x"));
    }
    run(house.engine().delete_queue(&name("Mine"))).unwrap();
    assert!(matches!(run(house.engine().receive(now("Mine", 1))), Err(QueueError::NotFound(_))));
    assert!(matches!(run(house.engine().delete_queue(&name("Mine"))), Err(QueueError::NotFound(_))));
    house.make(queue("Mine"));
    house.crash();
    assert_eq!(house.visible("Mine"), 0);
    house.send("Mine", Outgoing::text("y"));
    assert_eq!(house.bodies("Mine", 10), ["y"]);
}

#[test]
fn whoever_waits_for_a_queue_that_is_deleted_is_told_so() {
    let house = House::new();
    house.make(queue("Mine"));
    run(async {
        let request = engine::ReceiveRequest { wait: Some(Duration::from_secs(20)), ..now("Mine", 1) };
        let mine = name("Mine");
        let (received, deleted) = tokio::join!(house.engine().receive(request), house.engine().delete_queue(&mine));
        deleted.unwrap();
        assert!(matches!(received, Err(QueueError::Receive(engine::ReceiveRefused::Gone))), "{received:?}");
    });
}

#[test]
fn purging_empties_a_queue_also_after_a_crash() {
    let mut house = House::new();
    for spec in [queue("Mine"), ordered("Mine.fifo")] {
        let queue_name = spec.name.to_string();
        house.make(spec);
        for body in ["1", "2", "3"] {
            house.send(&queue_name, grouped(body, "a", body));
        }
        house.receive(&queue_name, 1);
        run(house.engine().purge_queue(&name(&queue_name))).unwrap();
        assert_eq!(house.engine().queue_counts(&name(&queue_name)).unwrap(), engine::Counts::default());
        house.send(&queue_name, grouped("4", "a", "4"));
        house.crash();
        assert_eq!(house.bodies(&queue_name, 10), ["4"]);
        assert_eq!(house.engine().browse(&name(&queue_name), 0, 10).unwrap().len(), 1);
    }
}

#[test]
fn what_was_purged_may_be_sent_again_under_its_name_also_after_a_crash() {
    let mut house = House::new();
    for (queue_name, crashes) in [("A.fifo", false), ("B.fifo", true)] {
        house.make(ordered(queue_name));
        house.send(queue_name, grouped("1", "a", "same"));
        run(house.engine().purge_queue(&name(queue_name))).unwrap();
        house.send(queue_name, grouped("2", "a", "other"));
        if crashes {
            house.crash();
        }
        assert!(!house.send(queue_name, grouped("3", "a", "same")).known);
        assert!(house.send(queue_name, grouped("4", "a", "other")).known);
        assert_eq!(house.bodies(queue_name, 10), ["2", "3"]);
    }
}

#[test]
fn a_crash_while_the_bytes_are_cleared_away_brings_nothing_back() {
    let mut house = House::new();
    house.make(queue("Mine"));
    for _ in 0..50 {
        let batch = (0..200).map(|_| Outgoing::text("x")).collect();
        run(house.engine().send_many(&name("Mine"), batch)).unwrap();
    }
    run(house.engine().purge_queue(&name("Mine"))).unwrap();
    house.crash();
    assert_eq!(house.visible("Mine"), 0);
    house.send("Mine", Outgoing::text("y"));
    assert_eq!(house.bodies("Mine", 10), ["y"]);
    run(house.engine().delete_queue(&name("Mine"))).unwrap();
    house.crash();
    // The housekeeper, or whoever deletes or purges next, clears away what was left.
    house.make(queue("Mine"));
    assert!(house.bodies("Mine", 10).is_empty());
}

#[test]
fn a_template_queue_can_be_set_but_not_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), &stack(pipe("p")), &Arc::new(Watched::default()));
    let dead = name("Dead");
    assert!(matches!(run(engine.delete_queue(&dead)), Err(QueueError::OfStack { .. })));
    run(engine.configure_queue(&dead, |queue| queue.spec.delay_seconds = 5)).unwrap();
    assert_eq!(engine.queue_info(&dead).unwrap().entry.spec.delay_seconds, 5);
    engine.deploy(&stack(pipe("p"))).unwrap();
    assert_eq!(engine.queue_info(&dead).unwrap().entry.spec.delay_seconds, 0, "until the next deployment");
    down(engine);
}

#[test]
fn what_cannot_be_a_dead_letter_queue_is_refused() {
    let house = House::new();
    house.make(queue("Dead"));
    house.make(ordered("Dead.fifo"));
    let cases = [
        (redriven(queue("Work"), "Nope", 1), RedriveRefused::Missing(name("Nope"))),
        (redriven(queue("Work"), "Dead.fifo", 1), RedriveRefused::OtherKind(name("Dead.fifo"))),
        (redriven(ordered("Work.fifo"), "Dead", 1), RedriveRefused::OtherKind(name("Dead"))),
        (redriven(queue("Work"), "Dead", 0), RedriveRefused::Receives(0)),
        (redriven(queue("Work"), "Dead", 1001), RedriveRefused::Receives(1001)),
    ];
    for (spec, expected) in cases {
        let refused = run(house.engine().create_queue(settings(spec.clone()))).unwrap_err();
        assert!(matches!(&refused, QueueError::Redrive(refused) if *refused == expected), "{refused:?}");
        let mut stack = stack(pipe("p"));
        stack.queues.push(spec);
        let refused = house.engine().deploy(&stack).unwrap_err();
        assert!(matches!(refused, DeployError::Refused(DeployRefused::Redrive { .. } | DeployRefused::Taken { .. })));
    }
    house.make(redriven(queue("Work"), "Dead", 3));
    assert_eq!(house.engine().dead_letter_sources(&name("Dead")).unwrap(), [name("Work")]);
    let kind = |queue: &mut QueueSettings| queue.spec.fifo = ordered("x").fifo;
    assert!(matches!(run(house.engine().configure_queue(&name("Work"), kind)), Err(QueueError::KindChanged(_))));
}

#[test]
fn a_change_gives_back_what_it_finds_and_may_leave_the_queue_as_it_is() {
    let house = House::new();
    house.make(queue("Mine"));
    let before = house.engine().queue_info(&name("Mine")).unwrap().entry;
    let delay = run(house.engine().configure_queue(&name("Mine"), |queue| queue.spec.delay_seconds)).unwrap();
    assert_eq!(delay, before.spec.delay_seconds);
    assert_eq!(house.engine().queue_info(&name("Mine")).unwrap().entry, before);
}

#[test]
fn a_purge_is_remembered_while_the_engine_runs() {
    let mut house = House::new();
    house.make(queue("Mine"));
    let purged_at = |house: &House| house.engine().queue_info(&name("Mine")).unwrap().purged_at;
    assert_eq!(purged_at(&house), None);
    run(house.engine().purge_queue(&name("Mine"))).unwrap();
    assert!(purged_at(&house).is_some());
    house.crash();
    assert_eq!(purged_at(&house), None);
}

#[test]
fn a_queue_of_a_stack_that_is_not_up_can_be_neither_used_nor_made_again() {
    let directory = tempfile::tempdir().unwrap();
    down(up(directory.path(), &stack(pipe("p")), &Arc::new(Watched::default())));
    let engine = open(directory.path());
    let (dead, alike) = (name("Dead"), engine.catalog().queues[&name("Dead")].spec.clone());
    assert!(matches!(run(engine.create_queue(settings(alike))), Err(QueueError::Exists(_))));
    let change = |queue: &mut QueueSettings| queue.spec.delay_seconds = 5;
    assert!(matches!(run(engine.configure_queue(&dead, change)), Err(QueueError::NotFound(_))));
    assert!(matches!(run(engine.delete_queue(&dead)), Err(QueueError::NotFound(_))));
    down(engine);
}
