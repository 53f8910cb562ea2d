//! Facts about one lane, each by itself; [`promises`] holds what must be true of any lane with any function.

mod promises;

use super::fixture::{START, record};
use super::*;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use types::{Change, Item};

const SECOND: Duration = Duration::from_secs(1);

fn policy() -> Policy {
    Policy { batch_size: 10, window: Duration::ZERO, retries: Some(3), max_age: None, bisect: false }
}

fn after(seconds: u64) -> Timestamp {
    START + SECOND * u32::try_from(seconds).unwrap()
}

fn sequence(count: u64) -> SequenceNumber {
    SequenceNumber::new(count)
}

/// A lane that has been offered the records of these places, in time for each.
fn lane(policy: Policy, offered: std::ops::RangeInclusive<u64>) -> Lane {
    let mut lane = Lane::new(policy, Progress::after(sequence(offered.start() - 1)));
    offered.for_each(|place| lane.offer(record(place), after(place)));
    lane
}

fn places(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.change.sequence.get()).collect()
}

/// The places and the attempt of the invocation that is due.
fn invoked(lane: &mut Lane, now: Timestamp) -> (Vec<u64>, u32) {
    match lane.poll(now) {
        Step::Invoke(batch) => (places(&batch.records), batch.attempt),
        step => panic!("no invocation, but {step:?}"),
    }
}

fn waits_until(lane: &mut Lane, now: Timestamp) -> Option<Timestamp> {
    match lane.poll(now) {
        Step::Wait { until } => until,
        step => panic!("no wait, but {step:?}"),
    }
}

fn failed() -> Outcome {
    Outcome::Failed { error: "boom".to_owned() }
}

#[test]
fn without_a_window_whatever_is_there_goes_at_once() {
    let mut lane = lane(policy(), 1..=3);
    assert_eq!(invoked(&mut lane, after(3)), (vec![1, 2, 3], 1));
    lane.offer(record(4), after(4));
    assert_eq!(waits_until(&mut lane, after(4)), None, "one invocation at a time");
    assert_eq!(lane.progress().done, sequence(0), "what is in flight is not done");
    let settled = lane.settle(Outcome::Accepted, after(5), 0.5);
    let span = Span { first: sequence(1), last: sequence(3), records: 3 };
    assert!(matches!(settled[..], [Settled::Delivered { span: s, attempt: 1 }] if s == span), "{settled:?}");
    assert_eq!(lane.progress(), Progress::after(sequence(3)));
    assert_eq!(invoked(&mut lane, after(5)), (vec![4], 1));
}

#[test]
fn a_batch_closes_when_it_is_full_or_its_window_is_over() {
    let window = Policy { window: SECOND * 20, batch_size: 4, ..policy() };
    let mut lane = lane(window, 1..=3);
    assert_eq!(waits_until(&mut lane, after(3)), Some(after(21)), "20 s after the first was offered");
    assert_eq!(waits_until(&mut lane, after(20)), Some(after(21)));
    assert_eq!(invoked(&mut lane, after(21)), (vec![1, 2, 3], 1));
    lane.settle(Outcome::Accepted, after(21), 0.0);
    (4..=7).for_each(|place| lane.offer(record(place), after(22)));
    assert_eq!(invoked(&mut lane, after(22)), (vec![4, 5, 6, 7], 1));
}

#[test]
fn a_batch_never_carries_more_than_a_payload() {
    let large = |place: u64| {
        let sample = record(place);
        let text = "x".repeat(3_140_000);
        let new = Some(Item::from([("note", text.as_str().into())]));
        Record { change: Arc::new(Change { new, ..(*sample.change).clone() }), ..sample }
    };
    let mut lane = Lane::new(Policy { window: SECOND * 300, ..policy() }, Progress::default());
    for place in 1..=5 {
        assert!(!lane.is_full(), "{place}");
        lane.offer(large(place), after(1));
    }
    assert!(lane.is_full());
    for expected in [vec![1, 2], vec![3, 4]] {
        let Step::Invoke(batch) = lane.poll(after(1)) else { panic!("the batch is full by its bytes") };
        assert_eq!(places(&batch.records), expected);
        let payload = serde_json::to_string(&batch.records).unwrap().len();
        assert!(payload <= PAYLOAD_MAX, "{payload}");
        lane.settle(Outcome::Accepted, after(1), 0.0);
    }
    assert!(!lane.is_full());
    assert!(waits_until(&mut lane, after(1)).is_some(), "the last one alone is no full batch");
}

#[test]
fn payloads_are_measured_to_the_byte() {
    let whole = serde_json::to_string(&[record(1), record(2), record(3)]).unwrap().len();
    let mut backlog = Backlog::new(SequenceNumber::ZERO);
    (1..=4).for_each(|place| backlog.push(record(place), START));
    assert_eq!(backlog.fitting(whole), 3);
    assert_eq!(backlog.fitting(whole - 1), 2);
    assert_eq!(backlog.fitting(0), 1, "one that is too large goes alone");
    backlog.take(1);
    assert_eq!(backlog.fitting(whole), 3);
}

#[test]
fn a_lane_is_full_with_two_batches() {
    let mut lane = lane(policy(), 1..=19);
    assert!(!lane.is_full());
    lane.offer(record(20), after(20));
    assert!(lane.is_full());
    assert_eq!(lane.next_wanted(), sequence(21));
    invoked(&mut lane, after(20));
    lane.settle(Outcome::Accepted, after(20), 0.0);
    assert!(!lane.is_full());
}

#[test]
fn what_is_none_of_the_lanes_business_advances_it() {
    let mut lane = Lane::new(policy(), Progress::after(sequence(4)));
    lane.pass_over(sequence(5));
    assert_eq!(lane.progress(), Progress::after(sequence(5)));
    lane.offer(record(6), after(6));
    lane.pass_over(sequence(7));
    lane.pass_over(sequence(8));
    assert_eq!(lane.progress(), Progress::after(sequence(5)), "6 is not done");
    assert_eq!(invoked(&mut lane, after(8)).0, [6]);
    lane.pass_over(sequence(9));
    lane.settle(Outcome::Accepted, after(9), 0.0);
    assert_eq!(lane.progress(), Progress::after(sequence(9)));
    assert_eq!(lane.next_wanted(), sequence(10));
}

#[test]
#[should_panic(expected = "changes come once and in order")]
fn changes_out_of_order_are_a_bug_of_the_caller() {
    lane(policy(), 1..=3).offer(record(3), after(3));
}

#[test]
fn without_bisect_the_same_batch_is_tried_retries_plus_one_times() {
    let mut lane = lane(policy(), 1..=3);
    let mut now = after(3);
    for (attempt, millis) in [(1, 200), (2, 400), (3, 800)] {
        assert_eq!(invoked(&mut lane, now), (vec![1, 2, 3], attempt));
        let settled = lane.settle(failed(), now, 1.0);
        let at = now + Duration::from_millis(millis);
        let expected = Next::Retry { at };
        assert!(matches!(&settled[..], [Settled::Failed { next, .. }] if *next == expected), "{settled:?}");
        // What arrives meanwhile does not join a batch that failed.
        lane.offer(record(10 + u64::from(attempt)), now);
        assert_eq!(waits_until(&mut lane, now), Some(at));
        assert_eq!(lane.progress().attempts, attempt);
        now = at;
    }
    assert_eq!(invoked(&mut lane, now), (vec![1, 2, 3], 4));
    let settled = lane.settle(failed(), now, 1.0);
    let [Settled::GaveUp(dead)] = &settled[..] else { panic!("not given up: {settled:?}") };
    assert_eq!(places(&dead.records), [1, 2, 3]);
    assert_eq!((dead.condition, dead.attempts), (Condition::RetryAttemptsExhausted, 4));
    assert_eq!(dead.error.as_deref(), Some("boom"));
    assert_eq!(lane.progress(), Progress::after(sequence(3)));
    assert_eq!(invoked(&mut lane, now), (vec![11, 12, 13], 1));
}

#[test]
fn what_was_done_of_a_batch_stays_done_and_the_rest_is_tried_at_once() {
    let id = record(3).event_id();
    let outcomes = [
        Outcome::Answered(json!({"batchItemFailures": [{"itemIdentifier": id}]})),
        Outcome::Answered(json!({"batchItemFailures": [{"itemIdentifier": sequence(3).to_string()}]})),
        Outcome::Stopped { done: 2, error: "boom".to_owned() },
    ];
    for (outcome, bisect) in outcomes.into_iter().zip([false, true, false]) {
        let mut lane = lane(Policy { bisect, ..policy() }, 1..=4);
        invoked(&mut lane, after(4));
        lane.offer(record(5), after(5));
        let settled = lane.settle(outcome, after(5), 0.0);
        let [Settled::Delivered { span: done, .. }, Settled::Failed { span: rest, next: Next::Rest, .. }] = settled[..]
        else {
            panic!("{settled:?}")
        };
        assert_eq!((done.first, done.last, done.records), (sequence(1), sequence(2), 2));
        assert_eq!((rest.first, rest.last, rest.records), (sequence(3), sequence(4), 2));
        assert_eq!(invoked(&mut lane, after(5)), (vec![3, 4], 1));
    }
}

#[test]
fn what_is_left_of_a_batch_has_all_its_attempts() {
    let mut lane = lane(policy(), 1..=4);
    let mut now = after(4);
    for outcome in [failed(), failed(), Outcome::Stopped { done: 2, error: "boom".to_owned() }] {
        invoked(&mut lane, now);
        lane.settle(outcome, now, 0.0);
        now = now + SECOND;
    }
    assert_eq!(invoked(&mut lane, now), (vec![3, 4], 1));
}

#[test]
fn a_batch_that_is_split_is_halved() {
    let mut lane = lane(Policy { bisect: true, ..policy() }, 1..=7);
    for expected in [vec![1, 2, 3, 4, 5, 6, 7], vec![1, 2, 3, 4], vec![1, 2], vec![1]] {
        assert_eq!(invoked(&mut lane, after(7)), (expected.clone(), 1));
        let settled = lane.settle(failed(), after(7), 0.0);
        let split = matches!(settled[..], [Settled::Failed { next: Next::Halves, .. }]);
        assert_eq!(split, expected.len() > 1, "{settled:?}");
    }
    // 1 is good at its second attempt; what stood beside it follows in the pieces that it was split into.
    for expected in [vec![1], vec![2], vec![3, 4], vec![5, 6, 7]] {
        let attempt = if expected == [1] { 2 } else { 1 };
        assert_eq!(invoked(&mut lane, after(8)), (expected, attempt));
        lane.settle(Outcome::Accepted, after(8), 0.0);
    }
}

#[test]
fn stopping_where_there_is_no_record_is_a_failure_of_all() {
    for done in [0, 4, 5] {
        let mut lane = lane(policy(), 1..=4);
        invoked(&mut lane, after(4));
        lane.settle(Outcome::Stopped { done, error: "boom".to_owned() }, after(4), 0.0);
        assert_eq!(lane.progress().attempts, 1, "{done}");
        assert_eq!(lane.progress().done, sequence(0), "{done}");
    }
}

#[test]
fn who_cannot_be_asked_has_not_failed() {
    let mut lane = lane(Policy { retries: Some(0), ..policy() }, 1..=2);
    let mut now = after(2);
    for millis in [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000] {
        assert_eq!(invoked(&mut lane, now), (vec![1, 2], 1));
        let settled = lane.settle(Outcome::Unavailable { error: "throttled".to_owned() }, now, 1.0);
        let at = now + Duration::from_millis(millis);
        assert!(matches!(settled[..], [Settled::Postponed { retry_at, .. }] if retry_at == at), "{settled:?}");
        assert_eq!(lane.progress(), Progress::after(sequence(0)));
        assert_eq!(waits_until(&mut lane, now), Some(at));
        now = at;
    }
    invoked(&mut lane, now);
    lane.settle(Outcome::Accepted, now, 1.0);
    assert_eq!(lane.progress(), Progress::after(sequence(2)));
    lane.offer(record(3), now);
    invoked(&mut lane, now);
    let settled = lane.settle(Outcome::Unavailable { error: "throttled".to_owned() }, now, 1.0);
    let soon = now + BACKOFF_FIRST;
    assert!(matches!(settled[..], [Settled::Postponed { retry_at, .. }] if retry_at == soon), "counted anew");
}

#[test]
fn records_that_are_too_old_are_given_up_without_an_invocation() {
    // Made at 1, 2, 3 and 4 s, and good for 60 s each.
    let mut lane = lane(Policy { max_age: Some(SECOND * 60), ..policy() }, 1..=4);
    let now = after(62) + Duration::from_millis(1);
    let Step::GiveUp(dead) = lane.poll(now) else { panic!("1 and 2 are too old") };
    assert_eq!(places(&dead.records), [1, 2]);
    assert_eq!((dead.condition, dead.attempts, dead.error), (Condition::RecordAgeExceeded, 0, None));
    assert_eq!(lane.progress(), Progress::after(sequence(2)));
    assert_eq!(invoked(&mut lane, now), (vec![3, 4], 1));
    lane.settle(Outcome::Unavailable { error: "throttled".to_owned() }, now, 0.0);
    let Step::GiveUp(dead) = lane.poll(after(100)) else { panic!("3 and 4 are too old") };
    assert_eq!(places(&dead.records), [3, 4]);
    assert_eq!((dead.attempts, dead.error.as_deref()), (0, Some("throttled")));
}

#[test]
fn a_record_that_waits_for_its_retry_is_given_up_as_soon_as_it_is_too_old() {
    let mut lane = lane(Policy { max_age: Some(SECOND), ..policy() }, 1..=1);
    let mut now = after(1);
    loop {
        match lane.poll(now) {
            Step::Invoke(_) => drop(lane.settle(failed(), now, 1.0)),
            Step::Wait { until } => now = until.expect("there is a record"),
            Step::GiveUp(dead) => {
                assert_eq!((dead.condition, dead.attempts), (Condition::RecordAgeExceeded, 3));
                assert_eq!(now, after(2) + Duration::from_millis(1));
                return;
            }
        }
    }
}

#[test]
fn the_age_of_the_first_leaves_the_others_their_attempts() {
    let mut lane = lane(Policy { max_age: Some(SECOND * 60), ..policy() }, 1..=3);
    invoked(&mut lane, after(61));
    lane.settle(failed(), after(61), 1.0);
    let Step::GiveUp(dead) = lane.poll(after(61) + Duration::from_millis(200)) else { panic!("1 is too old") };
    assert_eq!(places(&dead.records), [1]);
    assert_eq!(invoked(&mut lane, after(61) + Duration::from_millis(200)), (vec![2, 3], 2));
}

#[test]
fn a_clock_that_is_set_back_makes_no_wait_longer() {
    let window = Policy { window: SECOND * 5, ..policy() };
    let mut lane = lane(window.clone(), 1001..=1002);
    assert_eq!(waits_until(&mut lane, after(1)), Some(after(6)));
    assert_eq!(invoked(&mut lane, after(6)).0, [1001, 1002]);
    lane.settle(failed(), after(1_000_000), 1.0);
    let mut lane = Lane::new(window, lane.progress());
    (1001..=1002).for_each(|place| lane.offer(record(place), after(7)));
    assert_eq!(waits_until(&mut lane, after(7)), Some(after(7) + BACKOFF_MAX));
    assert_eq!(waits_until(&mut lane, after(8)), Some(after(7) + BACKOFF_MAX));
}

#[test]
fn a_batch_that_failed_is_the_same_batch_after_a_restart() {
    let mut first = lane(policy(), 1..=3);
    invoked(&mut first, after(3));
    first.settle(failed(), after(3), 0.0);
    let kept = serde_json::to_string(&first.progress()).unwrap();
    let progress: Progress = serde_json::from_str(&kept).unwrap();
    assert_eq!(progress, first.progress());
    let mut second = Lane::new(policy(), progress);
    let now = after(10);
    for place in 1..=3 {
        assert_eq!(second.next_wanted(), sequence(place));
        assert_eq!(waits_until(&mut second, now), None, "not all of it has been read again before {place}");
        second.offer(record(place), now);
    }
    second.offer(record(4), now);
    assert_eq!(invoked(&mut second, now), (vec![1, 2, 3], 2));
}

#[test]
fn a_filter_that_changed_while_away_loses_nothing() {
    // Split so far that 1 is alone at the head, 2, 3 and 4 to 6 behind it, and 1 failed twice.
    let bounds = [6, 3, 1].map(sequence).to_vec();
    let progress = Progress { attempts: 2, bounds, last_error: Some("boom".to_owned()), ..Progress::default() };
    let bisect = Policy { bisect: true, ..policy() };
    // Which records still pass the filter, and which batches they make.
    let cases = [
        (vec![1, 2, 3, 4, 7], vec![(vec![1], 3), (vec![2, 3], 1), (vec![4], 1), (vec![7], 1)]),
        (vec![2, 5, 7, 8], vec![(vec![2], 1), (vec![5], 1), (vec![7, 8], 1)]),
        (vec![4, 5, 6], vec![(vec![4, 5, 6], 1)]),
        (vec![8], vec![(vec![8], 1)]),
        (vec![], vec![]),
    ];
    for (passing, batches) in cases {
        let mut lane = Lane::new(bisect.clone(), progress.clone());
        for place in 1..=8 {
            match passing.contains(&place) {
                true => lane.offer(record(place), after(9)),
                false => lane.pass_over(sequence(place)),
            }
        }
        for (expected, attempt) in batches {
            assert_eq!(invoked(&mut lane, after(9)), (expected, attempt), "{passing:?}");
            lane.settle(Outcome::Accepted, after(9), 0.0);
        }
        assert_eq!(lane.progress(), Progress::after(sequence(8)), "{passing:?}");
    }
}

#[test]
fn a_batch_that_has_left_the_log_is_not_waited_for() {
    let progress = Progress { attempts: 2, bounds: vec![sequence(9), sequence(5)], ..Progress::default() };
    let mut lane = Lane::new(policy(), progress);
    (7..=9).for_each(|place| lane.offer(record(place), after(9)));
    assert_eq!(lane.progress(), Progress { bounds: vec![sequence(9)], ..Progress::default() });
    assert_eq!(invoked(&mut lane, after(9)), (vec![7, 8, 9], 1));
}

#[test]
fn a_batch_size_that_shrank_while_away_makes_smaller_batches() {
    let progress = Progress { attempts: 2, bounds: vec![sequence(5)], ..Progress::default() };
    let mut lane = Lane::new(Policy { batch_size: 2, ..policy() }, progress);
    (1..=4).for_each(|place| lane.offer(record(place), after(9)));
    assert_eq!(invoked(&mut lane, after(9)), (vec![1, 2], 3));
    lane.settle(Outcome::Accepted, after(9), 0.0);
    (5..=6).for_each(|place| lane.offer(record(place), after(9)));
    for (expected, attempt) in [(vec![3, 4], 1), (vec![5], 1), (vec![6], 1)] {
        assert_eq!(invoked(&mut lane, after(9)), (expected, attempt));
        lane.settle(Outcome::Accepted, after(9), 0.0);
    }
}

#[test]
fn progress_that_makes_no_sense_is_made_to() {
    let bounds = [9, 12, 5, 5, 2].map(sequence).to_vec();
    let progress = Progress { done: sequence(3), attempts: 1, bounds, retry_at: Some(START), last_error: None };
    assert_eq!(progress.clone().repaired().bounds, [9, 5].map(sequence));
    let without = Progress { bounds: Vec::new(), ..progress };
    assert_eq!(without.repaired(), Progress::after(sequence(3)));
}

#[test]
fn every_spread_has_one_lane() {
    for (spread, lanes, expected) in [(7, 1, 0), (7, 10, 7), (17, 10, 7), (u64::MAX, 10, 5), (7, 0, 0)] {
        assert_eq!(lane_of(spread, lanes), expected, "{spread} of {lanes}");
    }
}
