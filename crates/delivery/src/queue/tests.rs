//! Facts about one queue, each by itself. What must be true of any is in `model`.

mod model;

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);
/// All tests begin at this second: a number is never lower than the time.
const START: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((START + seconds) * 1000)
}

fn long() -> Settings {
    Settings { retention: SECOND * 100_000, ..Settings::default() }
}

fn ordered() -> Settings {
    Settings { fifo: Some(Fifo { deduplicates_by_content: false, deduplicates_in_groups: false }), ..long() }
}

/// Sends a message that is durable at once.
fn send(queue: &mut Queue, now: i64, delay: u64, group: Option<&str>) -> u64 {
    let id = queue.reserve(at(now), group);
    queue.send(id, at(now), at(now) + SECOND * u32::try_from(delay).unwrap());
    id
}

fn queue(settings: Settings, count: usize) -> (Queue, Vec<u64>) {
    let mut queue = Queue::new(settings);
    let ids = (0..count).map(|_| send(&mut queue, 0, 0, None)).collect();
    (queue, ids)
}

fn receive(queue: &mut Queue, now: i64, max: usize) -> Vec<Received> {
    let taken = queue.receive(at(now), max, None).unwrap();
    taken.received.iter().for_each(|one| queue.settle(one.receipt.id));
    taken.received
}

fn ids(received: &[Received]) -> Vec<u64> {
    received.iter().map(|received| received.receipt.id).collect()
}

fn delete(queue: &mut Queue, receipt: Receipt, now: i64) -> Leaving {
    let leaving = queue.take_away(receipt, at(now));
    if leaving == Leaving::Held {
        assert!(queue.forget(receipt.id));
    }
    leaving
}

fn hide(queue: &mut Queue, receipt: Receipt, seconds: u64, now: i64) -> Result<State, VisibilityRefused> {
    let span = Duration::from_secs(seconds);
    let state = queue.hide(receipt, span, at(now))?;
    queue.settle_until(receipt.id, at(now) + span);
    Ok(state)
}

#[test]
fn what_is_received_is_hidden_until_its_time_is_over() {
    let (mut queue, sent) = queue(long(), 3);
    let first = receive(&mut queue, 10, 2);
    assert_eq!(ids(&first), sent[..2]);
    assert_eq!(first[0].visible_at, at(40));
    assert_eq!(ids(&receive(&mut queue, 10, 10)), sent[2..]);
    assert!(receive(&mut queue, 39, 10).is_empty());
    assert_eq!(queue.next_event(at(39)), Some(at(40)));
    let again = receive(&mut queue, 40, 10);
    assert_eq!(ids(&again), sent);
    assert_eq!((again[0].receipt.receives, again[0].first_received_at), (2, at(10)));
}

#[test]
fn a_stale_receipt_deletes_too() {
    let (mut queue, sent) = queue(long(), 2);
    let stale = receive(&mut queue, 0, 1)[0].receipt;
    let fresh = receive(&mut queue, 30, 1)[0].receipt;
    assert_eq!((stale.id, fresh.id), (sent[0], sent[0]));
    assert_eq!(delete(&mut queue, stale, 30), Leaving::Held);
    assert_eq!(delete(&mut queue, stale, 30), Leaving::AlreadyGone);
    assert_eq!(delete(&mut queue, fresh, 30), Leaving::AlreadyGone);
    // Seen again, but not received again: the receipt still deletes.
    let other = receive(&mut queue, 30, 1)[0].receipt;
    assert_eq!(queue.next_event(at(60)), Some(at(60)));
    assert_eq!(delete(&mut queue, other, 60), Leaving::Held);
    assert_eq!(queue.counts(at(60)), Counts::default());
}

#[test]
fn where_order_is_kept_a_stale_receipt_deletes_nothing() {
    let mut queue = Queue::new(ordered());
    send(&mut queue, 0, 0, Some("a"));
    let stale = receive(&mut queue, 0, 1)[0].receipt;
    assert_eq!(delete(&mut queue, stale, 30), Leaving::Expired, "it is seen again");
    let fresh = receive(&mut queue, 30, 1)[0].receipt;
    assert_eq!(delete(&mut queue, stale, 30), Leaving::Expired);
    assert_eq!(delete(&mut queue, fresh, 31), Leaving::Held);
}

#[test]
fn a_receipt_that_no_receive_made_deletes_nothing() {
    let (mut queue, sent) = queue(long(), 2);
    let real = receive(&mut queue, 0, 1)[0].receipt;
    for receives in [0, 2, u32::MAX] {
        assert_eq!(delete(&mut queue, Receipt { receives, ..real }, 0), Leaving::NeverIssued, "{receives}");
    }
    let unseen = Receipt { id: sent[1], receives: 1 };
    assert_eq!(delete(&mut queue, unseen, 0), Leaving::NeverIssued, "it was never received");
    let delayed = Receipt { id: send(&mut queue, 0, 1, None), receives: 1 };
    assert_eq!(delete(&mut queue, delayed, 0), Leaving::NeverIssued, "it is delayed");
    assert_eq!(delete(&mut queue, Receipt { id: 7, receives: 1 }, 0), Leaving::AlreadyGone);
    assert_eq!(queue.counts(at(0)), Counts { visible: 1, in_flight: 1, delayed: 1 });
}

#[test]
fn hiding_can_be_changed_by_the_last_receiver_alone() {
    let (mut queue, _) = queue(long(), 1);
    let stale = receive(&mut queue, 0, 1)[0].receipt;
    let fresh = receive(&mut queue, 30, 1)[0].receipt;
    assert_eq!(hide(&mut queue, stale, 1, 31), Err(VisibilityRefused::NotInFlight));
    let state = hide(&mut queue, fresh, 100, 31).unwrap();
    let expected = State::Received { receives: 2, first_received_at: at(0), received_at: at(30), visible_at: at(131) };
    assert_eq!(state, expected);
    assert_eq!(queue.next_event(at(32)), Some(at(131)));
    let longest = HIDDEN_MAX.as_secs() - 10;
    assert_eq!(hide(&mut queue, fresh, longest + 1, 40), Err(VisibilityRefused::TooLong));
    assert!(hide(&mut queue, fresh, longest, 40).is_ok());
    hide(&mut queue, fresh, 0, 41).unwrap();
    assert_eq!(queue.counts(at(41)), Counts { visible: 1, in_flight: 0, delayed: 0 });
    assert_eq!(hide(&mut queue, fresh, 1, 41), Err(VisibilityRefused::NotInFlight));
}

#[test]
fn a_client_hides_what_it_received_also_when_that_is_seen_again() {
    // As AWS was recorded to do in April 2024.
    let (mut queue, _) = queue(long(), 1);
    let stale = receive(&mut queue, 0, 1)[0].receipt;
    assert!(queue.hide_anew(stale, SECOND * 20, at(31)).is_ok(), "its time was over a second ago");
    queue.settle_until(stale.id, at(51));
    assert!(receive(&mut queue, 50, 1).is_empty());
    let fresh = receive(&mut queue, 51, 1)[0].receipt;
    assert!(queue.hide_anew(stale, Duration::ZERO, at(52)).is_ok(), "an older receipt is as good");
    queue.settle_until(stale.id, at(52));
    assert_eq!(receive(&mut queue, 52, 1).len(), 1);
    assert_eq!(queue.hide_anew(Receipt { receives: 4, ..fresh }, SECOND, at(53)), Err(VisibilityRefused::NotInFlight));
}

#[test]
fn where_order_is_kept_only_the_last_receiver_hides_anew() {
    let mut queue = Queue::new(ordered());
    send(&mut queue, 0, 0, Some("a"));
    let stale = receive(&mut queue, 0, 1)[0].receipt;
    assert_eq!(queue.hide_anew(stale, SECOND, at(31)), Err(VisibilityRefused::NotInFlight));
}

#[test]
fn a_group_waits_for_what_is_in_flight_and_not_for_what_comes_after_that() {
    // As AWS was recorded to do in November 2025: of three messages of a group, one is hidden for longer.
    for (longer, seen) in [(0, 0), (1, 1), (2, 2)] {
        let mut queue = Queue::new(ordered());
        let sent = [(); 3].map(|()| send(&mut queue, 0, 0, Some("a")));
        let received = receive(&mut queue, 0, 5);
        hide(&mut queue, received[longer].receipt, 90, 1).unwrap();
        assert_eq!(ids(&receive(&mut queue, 40, 5)), sent[..seen], "hidden for longer: {longer}");
    }
}

#[test]
fn a_group_that_was_received_from_takes_its_turn_behind_those_that_have_waited() {
    // As AWS was recorded to do: two groups are received from and seen again at once.
    let mut queue = Queue::new(ordered());
    let [a1, b1, b2, c1, a2] = ["a", "b", "b", "c", "a"].map(|group| send(&mut queue, 0, 0, Some(group)));
    let first = queue.receive(at(1), 3, Some(Duration::ZERO)).unwrap().received;
    first.iter().for_each(|one| queue.settle(one.receipt.id));
    assert_eq!(ids(&first), [a1, a2, b1]);
    assert_eq!(ids(&receive(&mut queue, 1, 10)), [c1, a1, a2, b1, b2]);
}

#[test]
fn what_was_purged_may_be_sent_again_under_its_name() {
    let fifo = Fifo { deduplicates_by_content: false, deduplicates_in_groups: false };
    let (mut queue, key, later) = (Queue::new(ordered()), Key::new(fifo, "a", "x"), Key::new(fifo, "a", "y"));
    for (key, purged) in [(key, true), (later, false)] {
        let id = send(&mut queue, 0, 0, Some("a"));
        queue.remember(key, id);
        queue.confirm(&key, id);
        if purged {
            let below = queue.divide();
            queue.purge(below);
        }
    }
    assert_eq!((queue.known(&key, at(1)).is_some(), queue.known(&later, at(1)).is_some()), (false, true));
}

#[test]
fn while_something_is_done_to_a_message_nobody_else_does_anything_to_it() {
    let (mut queue, _) = queue(long(), 1);
    let receipt = queue.receive(at(0), 1, Some(Duration::ZERO)).unwrap().received[0].receipt;
    assert!(queue.receive(at(5), 1, None).unwrap().is_empty(), "hidden for no time, but its receive is not kept yet");
    assert_eq!(queue.take_away(receipt, at(5)), Leaving::Busy);
    queue.settle(receipt.id);
    let again = receive(&mut queue, 5, 1)[0].receipt;
    assert_eq!(queue.take_away(again, at(6)), Leaving::Held);
    assert_eq!(queue.hide(again, SECOND, at(6)), Err(VisibilityRefused::Busy));
    assert!(receive(&mut queue, 100, 1).is_empty(), "it is about to go");
    queue.settle(again.id);
    assert_eq!(receive(&mut queue, 100, 1).len(), 1, "it did not go after all");
}

#[test]
fn a_receive_that_was_not_kept_does_not_count() {
    let (mut queue, _) = queue(long(), 1);
    for seconds in [3, 4] {
        let taken = queue.receive(at(seconds), 1, None).unwrap();
        queue.unreceive(taken.received[0].receipt);
    }
    let received = receive(&mut queue, 5, 1)[0];
    assert_eq!((received.receipt.receives, received.first_received_at), (1, at(5)));
}

#[test]
fn a_receive_may_hide_for_no_time_at_all() {
    let (mut queue, _) = queue(long(), 1);
    for receives in 1..=3 {
        let received = queue.receive(at(5), 10, Some(Duration::ZERO)).unwrap().received;
        assert_eq!(received.len(), 1);
        assert_eq!((received[0].receipt.receives, received[0].visible_at), (receives, at(5)));
        queue.settle(received[0].receipt.id);
    }
}

#[test]
fn nothing_is_hidden_for_longer_than_half_a_day() {
    let received = queue(long(), 1).0.receive(at(5), 1, Some(HIDDEN_MAX + SECOND)).unwrap().received;
    assert_eq!(received[0].visible_at, at(5) + HIDDEN_MAX);
}

#[test]
fn what_is_delayed_is_seen_when_its_delay_is_over() {
    let mut queue = Queue::new(long());
    let sent = [5, 9, 0].map(|delay| send(&mut queue, 0, delay, None));
    assert_eq!(queue.counts(at(0)), Counts { visible: 1, in_flight: 0, delayed: 2 });
    assert_eq!(ids(&receive(&mut queue, 5, 10)), [sent[0], sent[2]]);
    assert_eq!(queue.next_event(at(5)), Some(at(9)));
    assert_eq!(ids(&receive(&mut queue, 9, 10)), [sent[1]]);
}

#[test]
fn what_was_kept_for_long_enough_goes() {
    let (mut queue, sent) = queue(Settings { retention: SECOND * 1000, ..Settings::default() }, 3);
    let last = send(&mut queue, 500, 0, None);
    receive(&mut queue, 990, 1);
    assert_eq!(queue.expired(at(999), 10), Vec::<u64>::new());
    let mut other = self::queue(queue.settings().clone(), 2).0;
    let taken = other.receive(at(1000), 10, None).unwrap();
    assert_eq!((taken.expired.len(), taken.received.len()), (2, 0), "what is over is not received");
    assert_eq!(queue.expired(at(1000), 2), sent[..2], "in flight or not");
    assert_eq!(queue.expired(at(1000), 2), sent[2..]);
    assert_eq!(queue.oldest(), Some(at(500)));
    assert_eq!(queue.lowest(), last);
}

#[test]
fn a_message_from_another_queue_is_as_old_as_it_was_there() {
    let mut queue = Queue::new(Settings { retention: SECOND * 1000, ..Settings::default() });
    let fresh = send(&mut queue, 900, 0, None);
    let old = queue.reserve(at(900), None);
    queue.send(old, at(100), at(900));
    assert_eq!(queue.oldest(), Some(at(100)));
    assert_eq!(ids(&receive(&mut queue, 900, 10)), [fresh, old]);
    assert_eq!(queue.expired(at(1100), 10), [old]);
    assert_eq!(queue.expired(at(1100), 10), Vec::<u64>::new());
    assert_eq!(queue.oldest(), Some(at(900)));
}

#[test]
fn no_more_than_the_limit_is_in_flight() {
    let (mut queue, sent) = queue(long(), IN_FLIGHT_MAX + 5);
    assert_eq!(receive(&mut queue, 0, IN_FLIGHT_MAX - 3).len(), IN_FLIGHT_MAX - 3);
    let last = receive(&mut queue, 0, 10);
    assert_eq!(last.len(), 3);
    assert_eq!(queue.receive(at(0), 1, None), Err(OverLimit));
    delete(&mut queue, last[0].receipt, 0);
    assert_eq!(ids(&receive(&mut queue, 0, 10)), [sent[IN_FLIGHT_MAX]]);
    assert_eq!(receive(&mut queue, 30, 10).len(), 10, "all is seen again");
}

#[test]
fn what_was_received_too_often_is_named_and_not_handed_out() {
    let (mut queue, sent) = queue(Settings { receives_max: Some(2), ..long() }, 2);
    for now in [0, 30] {
        assert_eq!(receive(&mut queue, now, 1).len(), 1);
    }
    let taken = queue.receive(at(60), 10, None).unwrap();
    assert_eq!((taken.dead.as_slice(), ids(&taken.received)), ([sent[0]].as_slice(), vec![sent[1]]));
    assert!(queue.receive(at(1000), 10, None).unwrap().received.is_empty(), "all of it is held");
    // Moving it away was refused: it is found again.
    queue.settle(sent[0]);
    assert_eq!(queue.receive(at(1000), 10, None).unwrap().dead, [sent[0]]);
    assert!(queue.forget(sent[0]));
}

#[test]
fn groups_do_not_wait_for_each_other_but_for_themselves() {
    let mut queue = Queue::new(ordered());
    let [a1, a2, b1, a3, b2] = ["a", "a", "b", "a", "b"].map(|group| send(&mut queue, 0, 0, Some(group)));
    let first = receive(&mut queue, 0, 2);
    assert_eq!(ids(&first), [a1, a2], "as many of one group as fit");
    assert_eq!(ids(&receive(&mut queue, 1, 10)), [b1, b2], "the rest of a waits");
    assert!(receive(&mut queue, 2, 10).is_empty());
    delete(&mut queue, first[1].receipt, 3);
    assert!(receive(&mut queue, 3, 10).is_empty(), "the first of a is still in flight");
    assert_eq!(queue.counts(at(3)), Counts { visible: 1, in_flight: 3, delayed: 0 });
    assert_eq!(ids(&receive(&mut queue, 30, 10)), [a1, a3], "seen again in its place");
}

#[test]
fn a_message_that_is_not_kept_yet_holds_its_place_in_its_group() {
    let mut queue = Queue::new(ordered());
    let first = queue.reserve(at(0), Some("a"));
    let second = send(&mut queue, 0, 0, Some("a"));
    assert_eq!(queue.next_event(at(0)), None);
    assert!(receive(&mut queue, 0, 10).is_empty());
    queue.send(first, at(0), at(0));
    assert_eq!(ids(&receive(&mut queue, 1, 10)), [first, second]);
    let third = queue.reserve(at(2), Some("b"));
    let fourth = send(&mut queue, 2, 0, Some("b"));
    queue.withdraw(third);
    assert_eq!(ids(&receive(&mut queue, 2, 10)), [fourth]);
}

#[test]
fn a_name_is_known_again_for_five_minutes() {
    let fifo = Fifo { deduplicates_by_content: false, deduplicates_in_groups: false };
    let (mut queue, key) = (Queue::new(ordered()), Key::new(fifo, "a", "x"));
    assert_eq!(queue.known(&key, at(0)), None);
    let id = queue.reserve(at(0), Some("a"));
    queue.remember(key, id);
    assert_eq!(queue.known(&key, at(0)), Some(Known { id, confirmed: false }));
    queue.unlearn(&key, id);
    assert_eq!(queue.known(&key, at(0)), None);
    queue.remember(key, id);
    queue.confirm(&key, id);
    assert_eq!(queue.known(&key, at(299)), Some(Known { id, confirmed: true }));
    assert_eq!(queue.known(&key, at(300)), None);
    queue.restore_known(key, id, at(400), at(310));
    assert!(queue.known(&key, at(609)).is_some(), "sent in the future, because the clock was set back");
    assert_eq!(queue.known(&key, at(610)), None, "it counts from when it was read back");
}

#[test]
fn purging_takes_all_that_was_sent_before_and_nothing_after() {
    for settings in [long(), ordered()] {
        let mut queue = Queue::new(settings);
        let group = Some("a");
        let received = (send(&mut queue, 0, 0, group), receive(&mut queue, 0, 1)[0].receipt).1;
        send(&mut queue, 0, 5, group);
        let coming = queue.reserve(at(0), group);
        let below = queue.divide();
        let (kept, late) = (send(&mut queue, 0, 0, group), queue.reserve(at(0), Some("b")));
        queue.purge(below);
        queue.send(coming, at(0), at(0));
        assert_eq!(queue.counts(at(100)), Counts { visible: 1, in_flight: 0, delayed: 0 });
        assert_eq!(queue.take_away(received, at(100)), Leaving::AlreadyGone);
        assert_eq!(ids(&receive(&mut queue, 100, 10)), [kept]);
        queue.send(late, at(0), at(0));
        assert_eq!(ids(&receive(&mut queue, 100, 10)), [late]);
    }
}

#[test]
fn a_clock_that_was_set_back_hides_nothing_for_longer_than_was_meant() {
    let mut queue = Queue::new(long());
    let received = |id, seconds: i64, visible: i64| {
        let state = State::Received {
            receives: 1,
            first_received_at: at(seconds),
            received_at: at(seconds),
            visible_at: at(visible),
        };
        Kept { id, sent_at: at(seconds), group: None, state }
    };
    let (now, later) = (at(0), 10_000);
    let id = first_id(at(later));
    queue.restore(received(id, later, later + 30), now);
    let delayed = State::New { visible_at: at(later + 60) };
    queue.restore(Kept { id: id + 1, sent_at: at(later), group: None, state: delayed }, now);
    assert_eq!(queue.counts(now), Counts { visible: 0, in_flight: 1, delayed: 1 });
    assert_eq!(ids(&receive(&mut queue, 30, 10)), [id]);
    assert_eq!(ids(&receive(&mut queue, 60, 1)), [id], "hidden for another thirty seconds, no longer");
    assert_eq!(ids(&receive(&mut queue, 60, 1)), [id + 1]);
    assert!(queue.reserve(at(61), None) > id + 1, "numbers go on");
    assert_eq!(queue.expired(at(100_061), 10), Vec::<u64>::new(), "nothing goes before its time");
}

#[test]
fn time_does_not_run_backwards() {
    let (mut queue, _) = queue(long(), 1);
    receive(&mut queue, 100, 1);
    assert_eq!(queue.next_event(at(0)), Some(at(130)));
    assert!(receive(&mut queue, 129, 1).is_empty());
    assert_eq!(receive(&mut queue, 130, 1).len(), 1);
}

#[test]
fn a_long_queue_is_received_and_deleted_in_order() {
    let (mut queue, sent) = queue(long(), 100_000);
    let mut next = 0;
    while next < sent.len() {
        for received in receive(&mut queue, 0, 10) {
            assert_eq!(received.receipt.id, sent[next]);
            assert_eq!(delete(&mut queue, received.receipt, 0), Leaving::Held);
            next += 1;
        }
    }
    assert_eq!(queue.counts(at(0)), Counts::default());
    assert_eq!(queue.lowest(), sent[sent.len() - 1] + 1);
}
