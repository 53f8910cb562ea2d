//! What a queue keeps of a message, and what becomes of acts that are refused or that a crash interrupts.

use crate::fixture::*;
use crate::queue_fixture::*;
use engine::{Attribute, AttributeValue, Deleted, Origin, Outgoing};
use std::time::Duration;

#[test]
fn everything_of_a_message_is_received_as_it_was_sent_also_as_a_dead_letter_after_a_crash() {
    let mut house = House::new();
    house.make(queue("Dead"));
    house.make(redriven(queue("Work"), "Dead", 1));
    let text = |data_type: &str, text: &str| Attribute {
        data_type: data_type.to_owned(),
        value: AttributeValue::Text(text.to_owned()),
    };
    let bytes = Attribute { data_type: "Binary.png".to_owned(), value: AttributeValue::Bytes(vec![0, 255]) };
    let attributes = [("a", text("String", "ü")), ("n", text("Number", "1.50")), ("b", bytes)];
    let outgoing = Outgoing {
        attributes: attributes.map(|(name, attribute)| (name.to_owned(), attribute)).into(),
        trace: Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
        group: Some("fair".to_owned()),
        ..Outgoing::text("body")
    };
    let sent = house.send("Work", outgoing.clone());
    house.crash();
    let received = house.receive("Work", 10).remove(0);
    assert_eq!(received.message.attributes, outgoing.attributes);
    assert_eq!((received.message.trace.clone(), received.message.group.clone()), (outgoing.trace, outgoing.group));
    assert_eq!((received.message.id, received.message.origin), (sent.id, sent.origin));
    assert_eq!(received.message.source, None);
    house.set_clock(100);
    assert!(house.receive("Work", 10).is_empty(), "received once, it goes to the dead letters");
    house.crash();
    let letter = house.receive("Dead", 10).remove(0);
    assert_eq!(letter.message.source, Some(name("Work")));
    assert_eq!((letter.message.body.as_str(), letter.receipt.receives), ("body", 1));
    assert_eq!(letter.message.received_before, 1, "so its receives go on from there");
    assert_eq!(letter.message.attributes, received.message.attributes);
    assert_eq!((letter.message.origin, letter.message.sent_at), (sent.origin, received.message.sent_at));
    assert_eq!(house.engine().queue_counts(&name("Work")).unwrap(), engine::Counts::default());
}

#[test]
fn a_queue_that_keeps_order_counts_anew_for_its_dead_letters() {
    let house = House::new();
    house.make(ordered("Dead.fifo"));
    house.make(redriven(ordered("Work.fifo"), "Dead.fifo", 1));
    house.send("Work.fifo", grouped("poison", "a", "1"));
    house.send("Work.fifo", grouped("fine", "a", "2"));
    assert_eq!(house.bodies("Work.fifo", 1), ["poison"]);
    house.set_clock(40);
    assert_eq!(house.bodies("Work.fifo", 2), ["fine"], "what comes after the poison is received in the same go");
    let letter = house.receive("Dead.fifo", 10).remove(0);
    assert_eq!((letter.message.body.as_str(), letter.message.group.as_deref()), ("poison", Some("a")));
    assert_eq!(letter.message.sent_at.seconds(), letter.first_received_at.seconds());
}

#[test]
fn a_queue_may_be_its_own_dead_letter_queue() {
    // As AWS was recorded to let it be in August 2024. What is received too often goes to the end.
    let house = House::new();
    house.make(queue("Work"));
    let own = redriven(queue("Work"), "Work", 1).redrive;
    run(house.engine().configure_queue(&name("Work"), move |queue| queue.spec.redrive = own)).unwrap();
    house.send("Work", Outgoing::text("x"));
    assert_eq!(house.bodies("Work", 1), ["x"]);
    house.set_clock(40);
    house.send("Work", Outgoing::text("y"));
    assert_eq!(house.bodies("Work", 2), ["y"], "x is moved");
    let again = house.receive("Work", 2).remove(0);
    assert_eq!((again.message.body.as_str(), again.receipt.receives, again.message.received_before), ("x", 1, 1));
    assert_eq!(again.message.source, Some(name("Work")));
}

#[test]
fn without_its_dead_letter_queue_a_message_is_handed_out_and_not_lost() {
    let house = House::new();
    house.make(queue("Dead"));
    house.make(redriven(queue("Work"), "Dead", 1));
    run(house.engine().delete_queue(&name("Dead"))).unwrap();
    house.send("Work", Outgoing::text("x"));
    for receives in 1..4 {
        let received = house.receive("Work", 1);
        assert_eq!(received[0].receipt.receives, receives);
        run(house.engine().change_visibility(&name("Work"), received[0].receipt, Duration::ZERO)).unwrap();
    }
    house.make(queue("Dead"));
    assert!(house.receive("Work", 1).is_empty());
    assert_eq!(house.visible("Dead"), 1);
}

#[test]
fn what_the_disk_has_no_room_for_has_not_happened() {
    let house = House::new();
    house.make(queue("Probe"));
    house.make(queue("Work"));
    house.make(ordered("Work.fifo"));
    house.send("Work", Outgoing::text("a"));
    house.send("Work.fifo", grouped("a", "a", "1"));
    let held = house.receive("Work", 1).remove(0).receipt;
    let (work, fifo) = (name("Work"), name("Work.fifo"));
    house.fill_disk(true);
    assert!(run(house.engine().send(&work, Outgoing::text("b"))).is_err());
    assert!(run(house.engine().send(&fifo, grouped("b", "b", "2"))).is_err());
    assert!(run(house.engine().receive(now("Work.fifo", 1))).is_err());
    assert!(run(house.engine().delete(&work, held)).is_err());
    assert!(run(house.engine().change_visibility(&work, held, Duration::ZERO)).is_err());
    house.fill_disk(false);
    assert_eq!(house.engine().queue_counts(&work).unwrap().in_flight, 1, "neither deleted nor seen again");
    assert_eq!(run(house.engine().delete(&work, held)).unwrap(), Deleted::Gone);
    assert!(!house.send("Work.fifo", grouped("b", "b", "2")).known, "its name was not taken");
    let received = house.receive("Work.fifo", 10);
    let told: Vec<_> = received.iter().map(|one| (one.message.body.as_str(), one.receipt.receives)).collect();
    assert_eq!(told, [("a", 1), ("b", 1)]);
}

#[test]
fn a_delay_of_a_messages_own_survives_a_crash() {
    let mut house = House::new();
    house.make(queue("Work"));
    house.send("Work", Outgoing { delay: Some(Duration::from_secs(100)), ..Outgoing::text("later") });
    house.crash();
    assert_eq!(house.engine().queue_counts(&name("Work")).unwrap().delayed, 1);
    house.set_clock(130);
    assert_eq!(house.bodies("Work", 1), ["later"]);
}

#[test]
fn ten_thousand_messages_are_received_and_deleted_at_once() {
    let house = House::new();
    house.make(queue("Work"));
    for hundred in 0..101 {
        let batch = (0..100).map(|one| Outgoing::text(format!("{}", hundred * 100 + one))).collect();
        let sent = run(house.engine().send_many(&name("Work"), batch)).unwrap();
        assert!(sent.iter().all(Result::is_ok));
    }
    let received = house.receive("Work", 10_000);
    assert_eq!(received.len(), 10_000);
    let receipts: Vec<_> = received.iter().map(|one| one.receipt).collect();
    let deleted = run(house.engine().delete_many(&name("Work"), &receipts)).unwrap();
    assert!(deleted.iter().all(|one| *one == Deleted::Gone));
    assert_eq!(house.visible("Work"), 100);
}

#[test]
fn whoever_deletes_what_another_one_deletes_waits_for_it() {
    let house = House::new();
    house.make(queue("Work"));
    for round in 0..50 {
        house.send("Work", Outgoing::text(format!("{round}")));
        let receipt = house.receive("Work", 1).remove(0).receipt;
        let work = name("Work");
        run(async {
            let (engine, receipts, span) = (house.engine(), [receipt], Duration::from_secs(100));
            let (first, _, second) = tokio::join!(
                engine.delete_many(&work, &receipts),
                engine.change_visibility(&work, receipt, span),
                engine.delete_many(&work, &receipts),
            );
            assert_eq!((first.unwrap(), second.unwrap()), (vec![Deleted::Gone], vec![Deleted::Gone]));
        });
        assert_eq!(house.engine().queue_counts(&work).unwrap(), engine::Counts::default());
    }
}

#[test]
fn no_two_messages_have_one_origin() {
    let house = House::new();
    house.make(queue("One"));
    house.make(queue("Two"));
    let mut origins: Vec<Origin> = Vec::new();
    for queue in ["One", "Two", "One", "Two"] {
        origins.push(house.send(queue, Outgoing::text("x")).origin);
    }
    origins.sort_unstable();
    origins.dedup();
    assert_eq!(origins.len(), 4);
}
