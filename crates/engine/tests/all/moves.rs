//! Dead letters that are moved back.

use crate::fixture::*;
use crate::queue_fixture::*;
use engine::{Move, MoveFailure, MoveRefused, MoveStatus, MoveTask, Outgoing};
use std::sync::Arc;

fn wanted(destination: Option<&str>, per_second: Option<u32>) -> Move {
    Move { source: name("Dead"), destination: destination.map(name), per_second }
}

fn start(house: &House, wanted: Move) -> Result<MoveTask, MoveRefused> {
    run(house.engine().start_move(wanted))
}

fn newest(house: &House) -> MoveTask {
    house.engine().list_moves(&name("Dead")).unwrap().remove(0)
}

/// Sends messages to `Work` and lets them become dead letters.
fn with_dead_letters(count: usize) -> House {
    let house = House::new();
    house.make(queue("Dead"));
    house.make(redriven(queue("Work"), "Dead", 1));
    house.make(queue("Elsewhere"));
    for body in 0..count {
        house.send("Work", Outgoing::text(format!("{body:04}")));
    }
    let mut received = 0;
    while received < count {
        received += house.receive("Work", 10_000).len();
    }
    house.set_clock(40);
    assert!(house.receive("Work", 10).is_empty());
    assert_eq!(house.visible("Dead"), count);
    house
}

fn ended(house: &House) -> MoveTask {
    let active = |task: &MoveTask| matches!(task.status, MoveStatus::Running | MoveStatus::Cancelling);
    eventually(|| !active(&newest(house)), || format!("the end of {:?}", newest(house)));
    newest(house)
}

#[test]
fn messages_go_back_to_where_they_came_from_as_new_ones() {
    let house = with_dead_letters(250);
    let origin = house.engine().browse(&name("Dead"), 0, 1).unwrap()[0].origin;
    let task = start(&house, wanted(None, None)).unwrap();
    assert_eq!(task.to_move, 250);
    let task = ended(&house);
    assert_eq!((task.status, task.moved), (MoveStatus::Completed, 250));
    assert_eq!((house.visible("Dead"), house.visible("Work")), (0, 250));
    let back = house.receive("Work", 10_000);
    let bodies: Vec<String> = back.iter().map(|one| one.message.body.clone()).collect();
    assert_eq!(bodies, (0..250).map(|body| format!("{body:04}")).collect::<Vec<_>>());
    assert!(back.iter().all(|one| one.receipt.receives == 1 && one.message.source.is_none()));
    assert_ne!(back[0].message.origin, origin);
}

#[test]
fn a_task_with_a_rate_can_be_stopped_and_another_one_moves_the_rest() {
    let house = with_dead_letters(60);
    let first = start(&house, wanted(Some("Elsewhere"), Some(20))).unwrap();
    assert!(matches!(start(&house, wanted(None, None)), Err(MoveRefused::Running(_))));
    eventually(|| newest(&house).moved >= 4, || "the first".to_owned());
    run(house.engine().cancel_move(&name("Dead"), first.id)).unwrap();
    let task = ended(&house);
    assert_eq!(task.status, MoveStatus::Cancelled);
    assert!((4..60).contains(&task.moved), "{task:?}");
    assert_eq!(house.visible("Elsewhere") as u64, task.moved);
    assert!(matches!(run(house.engine().cancel_move(&name("Dead"), first.id)), Err(MoveRefused::NoTask)));
    start(&house, wanted(Some("Elsewhere"), None)).unwrap();
    assert_eq!(ended(&house).status, MoveStatus::Completed);
    assert_eq!((house.visible("Dead"), house.visible("Elsewhere")), (0, 60));
    let tasks = house.engine().list_moves(&name("Dead")).unwrap();
    assert_eq!(tasks.iter().map(|task| task.id == first.id).collect::<Vec<_>>(), [false, true], "the newest first");
}

#[test]
fn a_task_goes_on_after_a_crash_and_nothing_is_lost_or_doubled() {
    let mut house = with_dead_letters(80);
    start(&house, wanted(None, Some(100))).unwrap();
    eventually(|| newest(&house).moved >= 10, || "the first".to_owned());
    house.crash();
    let task = newest(&house);
    assert_eq!(task.status, MoveStatus::Running);
    assert_eq!(house.visible("Work") as u64, task.moved, "what is counted is moved");
    assert_eq!(house.visible("Work") + house.visible("Dead"), 80);
    house.engine().start(&[], Arc::new(Watched::default())).unwrap();
    let task = ended(&house);
    assert_eq!((task.status, task.moved), (MoveStatus::Completed, 80));
    let mut bodies = house.bodies("Work", 10_000);
    bodies.sort();
    bodies.dedup();
    assert_eq!((bodies.len(), house.visible("Dead")), (80, 0));
}

#[test]
fn a_task_that_cannot_go_on_says_why() {
    let house = with_dead_letters(3);
    house.send("Dead", Outgoing::text("sent by hand"));
    start(&house, wanted(None, None)).unwrap();
    let task = ended(&house);
    assert!(matches!(task.status, MoveStatus::Failed(MoveFailure::NoSource(_))), "{task:?}");
    assert_eq!((task.moved, house.visible("Work"), house.visible("Dead")), (3, 3, 1));

    let house = with_dead_letters(3);
    run(house.engine().configure_queue(&name("Elsewhere"), |queue| {
        queue.spec.redrive = redriven(queue.spec.clone(), "Dead", 1).redrive;
    }))
    .unwrap();
    run(house.engine().delete_queue(&name("Work"))).unwrap();
    start(&house, wanted(None, None)).unwrap();
    let task = ended(&house);
    assert_eq!(task.status, MoveStatus::Failed(MoveFailure::NoQueue(name("Work"))));
    assert_eq!((task.moved, house.visible("Dead")), (0, 3));
}

#[test]
fn what_goes_back_to_its_own_dead_letter_queue_is_moved_once() {
    let house = House::new();
    house.make(queue("Dead"));
    let own = redriven(queue("Dead"), "Dead", 1).redrive;
    run(house.engine().configure_queue(&name("Dead"), move |queue| queue.spec.redrive = own)).unwrap();
    for body in ["a", "b", "c"] {
        house.send("Dead", Outgoing::text(body));
    }
    assert_eq!(house.bodies("Dead", 10), ["a", "b", "c"]);
    house.set_clock(40);
    let dead = house.receive("Dead", 10);
    assert!(dead.len() == 3 && dead.iter().all(|one| one.message.source == Some(name("Dead"))), "{dead:?}");
    house.set_clock(80);
    assert_eq!(start(&house, wanted(None, None)).unwrap().to_move, 3);
    let task = ended(&house);
    assert_eq!((task.status, task.moved, house.visible("Dead")), (MoveStatus::Completed, 3, 3));
    let back = house.receive("Dead", 10);
    let told: Vec<(&str, u32)> = back
        .iter()
        .map(|one| (one.message.body.as_str(), one.receipt.receives + one.message.received_before))
        .collect();
    assert_eq!(told, [("a", 1), ("b", 1), ("c", 1)], "they are new ones");
}

#[test]
fn what_cannot_be_moved_is_refused() {
    let house = with_dead_letters(1);
    house.make(ordered("Elsewhere.fifo"));
    let of = |source: &str| Move { source: name(source), destination: None, per_second: None };
    assert!(matches!(start(&house, of("Nope")), Err(MoveRefused::NotFound(_))));
    assert!(matches!(start(&house, of("Work")), Err(MoveRefused::NoDeadLetters(_))));
    assert!(matches!(start(&house, wanted(Some("Nope"), None)), Err(MoveRefused::NotFound(_))));
    for destination in ["Elsewhere.fifo", "Dead"] {
        assert!(matches!(start(&house, wanted(Some(destination), None)), Err(MoveRefused::OtherKind(_))));
    }
    for rate in [0, 501] {
        assert!(matches!(start(&house, wanted(None, Some(rate))), Err(MoveRefused::Rate(_))));
    }
    assert!(house.engine().list_moves(&name("Dead")).unwrap().is_empty());
}
