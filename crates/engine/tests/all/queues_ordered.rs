//! Queues that keep order, on a real directory.

use crate::fixture::*;
use crate::queue_fixture::*;
use engine::spec::*;
use engine::{Deleted, Outgoing, QueueError, ReceiveRequest, SendRefused};
use std::time::Duration;

#[test]
fn a_group_is_received_in_order_and_one_batch_at_a_time_also_after_a_crash() {
    let mut house = House::new();
    house.make(ordered("Orders.fifo"));
    for (body, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")] {
        let sent = house.send("Orders.fifo", grouped(body, group, body));
        assert!(!sent.known);
    }
    assert_eq!(house.bodies("Orders.fifo", 2), ["a1", "a2"]);
    house.crash();
    assert_eq!(house.bodies("Orders.fifo", 10), ["b1"], "a has messages in flight");
    house.set_clock(45);
    let again = house.receive("Orders.fifo", 10);
    let told: Vec<_> = again.iter().map(|one| (one.message.body.as_str(), one.receipt.receives)).collect();
    assert_eq!(told, [("a1", 2), ("a2", 2), ("a3", 1), ("b1", 2)]);
    let places: Vec<u64> = again.iter().map(|one| one.message.id).collect();
    assert!(places[0] < places[1] && places[1] < places[2]);
}

#[test]
fn the_same_message_is_sent_once_within_five_minutes_also_after_it_was_deleted_and_the_engine_killed() {
    let mut house = House::new();
    house.make(ordered("Orders.fifo"));
    let first = house.send("Orders.fifo", grouped("x", "a", "same"));
    let received = house.receive("Orders.fifo", 1);
    assert_eq!(run(house.engine().delete(&name("Orders.fifo"), received[0].receipt)).unwrap(), Deleted::Gone);
    house.crash();
    house.set_clock(280);
    let second = house.send("Orders.fifo", grouped("y", "b", "same"));
    assert!(second.known);
    assert_eq!((second.id, second.origin), (first.id, first.origin));
    assert!(house.bodies("Orders.fifo", 1).is_empty());
    house.set_clock(330);
    let third = house.send("Orders.fifo", grouped("z", "a", "same"));
    assert!(!third.known && third.id > first.id);
}

#[test]
fn a_batch_knows_its_own_messages() {
    let house = House::new();
    let mut spec = ordered("Orders.fifo");
    spec.fifo = Some(FifoSpec { deduplicates_by_content: true, deduplicates_in_groups: true });
    house.make(spec);
    let message = |body: &str, group: &str| Outgoing { group: Some(group.to_owned()), ..Outgoing::text(body) };
    let batch = vec![message("x", "a"), message("x", "a"), message("x", "b"), message("y", "a")];
    let sent = run(house.engine().send_many(&name("Orders.fifo"), batch)).unwrap();
    let sent: Vec<_> = sent.into_iter().map(Result::unwrap).collect();
    assert_eq!(sent.iter().map(|one| one.known).collect::<Vec<_>>(), [false, true, false, false]);
    assert_eq!(sent[0].id, sent[1].id);
    assert_eq!(house.bodies("Orders.fifo", 10), ["x", "y", "x"]);
}

#[test]
fn what_such_a_queue_does_not_take_is_refused() {
    let house = House::new();
    house.make(ordered("Orders.fifo"));
    let group = Some("a".to_owned());
    let cases = [
        (Outgoing::text("x"), SendRefused::NoGroup),
        (Outgoing { group: group.clone(), ..Outgoing::text("x") }, SendRefused::NoName),
        (grouped("x", "", "n"), SendRefused::BadName { what: "group" }),
        (grouped("x", "a b", "n"), SendRefused::BadName { what: "group" }),
        (grouped("x", "a", &"n".repeat(129)), SendRefused::BadName { what: "name" }),
        (Outgoing { delay: Some(Duration::from_secs(1)), ..grouped("x", "a", "n") }, SendRefused::OwnDelay),
        (Outgoing { delay: Some(Duration::from_secs(901)), ..Outgoing::text("x") }, SendRefused::DelayTooLong),
    ];
    for (outgoing, expected) in cases {
        let refused = run(house.engine().send(&name("Orders.fifo"), outgoing)).unwrap_err();
        assert!(matches!(&refused, QueueError::Send(refused) if *refused == expected), "{refused:?}, not {expected:?}");
    }
    assert_eq!(house.visible("Orders.fifo"), 0);
}

#[test]
fn a_delay_is_the_queues_own_and_keeps_order() {
    let house = House::new();
    house.make(QueueSpec { delay_seconds: 60, ..ordered("Orders.fifo") });
    house.send("Orders.fifo", grouped("slow", "a", "1"));
    run(house.engine().configure_queue(&name("Orders.fifo"), |queue| queue.spec.delay_seconds = 0)).unwrap();
    house.send("Orders.fifo", grouped("fast", "a", "2"));
    assert!(house.bodies("Orders.fifo", 10).is_empty(), "the second does not overtake the first");
    house.set_clock(80);
    assert_eq!(house.bodies("Orders.fifo", 10), ["slow", "fast"]);
}

#[test]
fn the_same_receive_finds_the_same_messages_while_they_are_in_flight() {
    let house = House::new();
    house.make(ordered("Orders.fifo"));
    for body in ["1", "2", "3"] {
        house.send("Orders.fifo", grouped(body, body, body));
    }
    let attempt = |attempt: &str| {
        let request = ReceiveRequest { attempt: Some(attempt.to_owned()), ..now("Orders.fifo", 2) };
        let received = run(house.engine().receive(request)).unwrap();
        received.into_iter().map(|one| (one.message.body, one.receipt)).collect::<Vec<_>>()
    };
    let first = attempt("one");
    house.set_clock(20);
    assert_eq!(attempt("one"), first);
    assert_eq!(attempt("two").len(), 1, "another receive finds the rest");
    house.set_clock(40);
    assert_eq!(house.bodies("Orders.fifo", 10), Vec::<String>::new(), "hidden anew by the second of the same");
    house.set_clock(70);
    assert_eq!(attempt("one")[0].1.receives, 2, "no longer in flight, it is received anew");
}
