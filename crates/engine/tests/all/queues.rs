//! Queues on a real directory: what is sent is received, hidden, shown again, deleted, and all that across restarts.

use crate::fixture::*;
use engine::{Deleted, Engine, Outgoing, Receipt, ReceiveRequest, ReceivedMessage};
use std::sync::Arc;
use std::time::Duration;

const NOW: Duration = Duration::ZERO;

fn request(max: usize, visible_for: Option<Duration>, wait: Duration) -> ReceiveRequest {
    ReceiveRequest { visible_for, wait: Some(wait), ..ReceiveRequest::new("Dead".parse().unwrap(), max) }
}

fn receive(engine: &Engine, max: usize, visible_for: Option<Duration>) -> Vec<ReceivedMessage> {
    run(engine.receive(request(max, visible_for, NOW))).unwrap()
}

fn bodies(engine: &Engine, max: usize, visible_for: Option<Duration>, wait: Duration) -> Vec<String> {
    let received = run(engine.receive(request(max, visible_for, wait))).unwrap();
    received.into_iter().map(|one| one.message.body).collect()
}

fn send(engine: &Engine, body: &str) {
    run(engine.send(&"Dead".parse().unwrap(), Outgoing::text(body))).unwrap();
}

#[test]
fn a_message_is_hidden_while_it_is_held_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    ["a", "b", "c"].iter().for_each(|body| send(&engine, body));
    assert_eq!(bodies(&engine, 2, None, NOW), ["a", "b"]);
    assert_eq!(bodies(&engine, 10, None, NOW), ["c"]);
    assert!(bodies(&engine, 10, None, NOW).is_empty());
    down(engine);
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert!(bodies(&engine, 10, None, NOW).is_empty(), "hidden for thirty seconds, whoever restarts");
    let counts = engine.queue_counts(&"Dead".parse().unwrap()).unwrap();
    assert_eq!((counts.visible, counts.in_flight), (0, 3));
    down(engine);
}

#[test]
fn a_deleted_message_is_gone_and_a_kept_one_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let name = "Dead".parse().unwrap();
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    ["a", "b"].iter().for_each(|body| send(&engine, body));
    let received = receive(&engine, 10, Some(NOW));
    let receipt = received[0].receipt;
    assert_eq!(receipt.receives, 1);
    assert_eq!(run(engine.delete(&name, receipt)).unwrap(), Deleted::Gone);
    assert_eq!(run(engine.delete(&name, receipt)).unwrap(), Deleted::Gone, "deleting twice is no fault");
    let kept = received[1].receipt;
    let forged = Receipt { receives: 7, ..kept };
    assert_eq!(run(engine.delete(&name, forged)).unwrap(), Deleted::NeverIssued, "no receive made that receipt");
    down(engine);
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    let again = receive(&engine, 10, None);
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].message.body.as_str(), again[0].receipt.receives), ("b", 2));
    assert_eq!(again[0].first_received_at, received[1].first_received_at);
    down(engine);
}

#[test]
fn a_waiting_receiver_gets_what_is_sent_and_what_is_shown_again() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Arc::new(up(directory.path(), &stack(pipe("p")), &Arc::new(Watched::default())));
    let waiting = Arc::clone(&engine);
    let receiver =
        std::thread::spawn(move || bodies(&waiting, 1, Some(Duration::from_millis(300)), Duration::from_secs(20)));
    std::thread::sleep(Duration::from_millis(50));
    send(&engine, "late");
    assert_eq!(receiver.join().unwrap(), ["late"]);
    assert_eq!(bodies(&engine, 1, None, Duration::from_secs(20)), ["late"], "shown again after a moment");
    engine.stop();
}

#[test]
fn thousands_of_deleted_messages_leave_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let name = "Dead".parse().unwrap();
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    for round in 0..30 {
        (0..10).for_each(|n| send(&engine, &format!("{round}-{n}")));
        let received = receive(&engine, 10, None);
        assert_eq!(received.len(), 10);
        for one in &received[..9] {
            assert_eq!(run(engine.delete(&name, one.receipt)).unwrap(), Deleted::Gone);
        }
    }
    down(engine);
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert_eq!(engine.queue_counts(&name).unwrap().in_flight, 30);
    assert_eq!(engine.browse(&name, 0, 100).unwrap().len(), 30);
    down(engine);
}

#[test]
fn a_body_that_the_queue_does_not_take_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut small = stack(pipe("p"));
    small.queues[0].message_bytes_max = 1024;
    let engine = up(directory.path(), &small, &Arc::new(Watched::default()));
    let name = "Dead".parse().unwrap();
    for body in [String::new(), "x".repeat(1025), "\u{1}".to_owned()] {
        let refused = run(engine.send(&name, Outgoing::text(&body))).unwrap_err();
        assert!(matches!(refused, engine::QueueError::Send(engine::SendRefused::Body(_))), "{refused:?}");
    }
    send(&engine, &"x".repeat(1024));
    assert_eq!(engine.queue_counts(&name).unwrap().visible, 1);
    down(engine);
}
