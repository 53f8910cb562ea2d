//! Facts about one queue, each by itself; and what must be true of any, against a list that is searched each time.

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn queue(ids: std::ops::RangeInclusive<u64>) -> Queue {
    let mut queue = Queue::new(Settings { retention: SECOND * 1000, ..Settings::default() });
    for id in ids {
        queue.send(id, at(0), None);
    }
    queue
}

fn receive(queue: &mut Queue, now: i64, max: usize) -> Vec<Received> {
    queue.receive(at(now), max, None).unwrap()
}

fn ids(received: &[Received]) -> Vec<u64> {
    received.iter().map(|received| received.receipt.id).collect()
}

#[test]
fn what_is_received_is_hidden_until_its_time_is_over() {
    let mut queue = queue(1..=3);
    let first = receive(&mut queue, 10, 2);
    assert_eq!(ids(&first), [1, 2]);
    assert_eq!(first[0].visible_at, at(40));
    assert_eq!(ids(&receive(&mut queue, 10, 10)), [3]);
    assert!(receive(&mut queue, 39, 10).is_empty());
    assert_eq!(queue.next_event(at(39)), Some(at(40)));
    let again = receive(&mut queue, 40, 10);
    assert_eq!(ids(&again), [1, 2, 3]);
    assert_eq!((again[0].receipt.receives, again[0].first_received_at), (2, at(10)));
}

#[test]
fn a_stale_receipt_deletes_too() {
    let mut queue = queue(1..=2);
    let stale = receive(&mut queue, 0, 1)[0].receipt;
    let fresh = receive(&mut queue, 30, 1)[0].receipt;
    assert_eq!((stale.id, fresh.id), (1, 1));
    assert_eq!(queue.delete(stale), Deletion::Deleted);
    assert_eq!(queue.delete(stale), Deletion::AlreadyGone);
    assert_eq!(queue.delete(fresh), Deletion::AlreadyGone);
    // Seen again, but not received again: the receipt still deletes.
    let other = receive(&mut queue, 30, 1)[0].receipt;
    assert_eq!(queue.next_event(at(60)), Some(at(60)));
    assert_eq!(queue.delete(other), Deletion::Deleted);
    assert_eq!(queue.counts(at(60)), Counts::default());
}

#[test]
fn a_receipt_that_no_receive_made_deletes_nothing() {
    let mut queue = queue(1..=2);
    let real = receive(&mut queue, 0, 1)[0].receipt;
    for receives in [0, 2, u32::MAX] {
        assert_eq!(queue.delete(Receipt { receives, ..real }), Deletion::NeverIssued, "{receives}");
    }
    assert_eq!(queue.delete(Receipt { id: 2, ..real }), Deletion::NeverIssued, "2 was never received");
    queue.send(3, at(0), Some(SECOND));
    assert_eq!(queue.delete(Receipt { id: 3, ..real }), Deletion::NeverIssued, "3 is delayed");
    assert_eq!(queue.delete(Receipt { id: 7, ..real }), Deletion::AlreadyGone);
    assert_eq!(queue.counts(at(0)), Counts { visible: 1, in_flight: 1, delayed: 1 });
}

#[test]
fn hiding_can_be_changed_by_the_last_receiver_alone() {
    let mut queue = queue(1..=1);
    let stale = receive(&mut queue, 0, 1)[0].receipt;
    let fresh = receive(&mut queue, 30, 1)[0].receipt;
    assert_eq!(queue.change_visibility(stale, SECOND, at(31)), Err(VisibilityRefused::NotInFlight));
    let state = queue.change_visibility(fresh, SECOND * 100, at(31)).unwrap();
    let expected = State::Received { receives: 2, first_received_at: at(0), received_at: at(30), visible_at: at(131) };
    assert_eq!(state, expected);
    assert_eq!(queue.next_event(at(32)), Some(at(131)));
    let longest = HIDDEN_MAX - SECOND * 10;
    assert_eq!(queue.change_visibility(fresh, longest + SECOND, at(40)), Err(VisibilityRefused::TooLong));
    assert!(queue.change_visibility(fresh, longest, at(40)).is_ok());
    queue.change_visibility(fresh, Duration::ZERO, at(41)).unwrap();
    assert_eq!(queue.counts(at(41)), Counts { visible: 1, in_flight: 0, delayed: 0 });
    assert_eq!(queue.change_visibility(fresh, SECOND, at(41)), Err(VisibilityRefused::NotInFlight));
}

#[test]
fn a_receive_may_hide_for_no_time_at_all() {
    let mut queue = queue(1..=1);
    for receives in 1..=3 {
        let received = queue.receive(at(5), 10, Some(Duration::ZERO)).unwrap();
        assert_eq!(received.len(), 1);
        assert_eq!((received[0].receipt.receives, received[0].visible_at), (receives, at(5)));
    }
}

#[test]
fn nothing_is_hidden_for_longer_than_half_a_day() {
    let received = queue(1..=1).receive(at(5), 1, Some(HIDDEN_MAX + SECOND)).unwrap();
    assert_eq!(received[0].visible_at, at(5) + HIDDEN_MAX);
}

#[test]
fn a_delay_is_the_messages_own_or_the_queues() {
    let mut queue = Queue::new(Settings { delay: SECOND * 5, ..Settings::default() });
    queue.send(1, at(0), None);
    queue.send(2, at(0), Some(SECOND * 9));
    queue.send(3, at(0), Some(Duration::ZERO));
    assert_eq!(queue.counts(at(0)), Counts { visible: 1, in_flight: 0, delayed: 2 });
    assert_eq!(ids(&receive(&mut queue, 5, 10)), [1, 3]);
    assert_eq!(queue.next_event(at(5)), Some(at(9)));
    assert_eq!(ids(&receive(&mut queue, 9, 10)), [2]);
}

#[test]
fn what_was_kept_for_long_enough_goes() {
    let mut queue = queue(1..=3);
    queue.send(4, at(500), None);
    receive(&mut queue, 990, 1);
    assert_eq!(queue.next_expiry(), Some(at(1000)));
    assert_eq!(queue.expired(at(999), 10), Vec::<u64>::new());
    assert_eq!(ids(&receive(&mut queue, 1000, 10)), [4], "what is over is not received, even if it is still there");
    assert_eq!(queue.expired(at(1000), 2), [1, 2], "in flight or not");
    assert_eq!(queue.expired(at(1000), 2), [3]);
    assert_eq!(queue.next_expiry(), Some(at(1500)));
    assert_eq!(queue.oldest(), Some(at(500)));
}

#[test]
fn no_more_than_the_limit_is_in_flight() {
    let most = IN_FLIGHT_MAX as u64;
    let mut queue = queue(1..=most + 5);
    assert_eq!(receive(&mut queue, 0, IN_FLIGHT_MAX - 3).len(), IN_FLIGHT_MAX - 3);
    let last = receive(&mut queue, 0, 10);
    assert_eq!(last.len(), 3);
    assert_eq!(queue.receive(at(0), 1, None), Err(OverLimit));
    queue.delete(last[0].receipt);
    assert_eq!(ids(&receive(&mut queue, 0, 10)), [most + 1]);
    assert_eq!(receive(&mut queue, 30, 10).len(), 10, "all is seen again");
}

#[test]
fn a_long_queue_is_received_and_deleted_in_order() {
    let mut queue = Queue::new(Settings::default());
    for id in 0..100_000 {
        queue.restore(id, at(0), State::New { visible_at: at(0) });
    }
    let mut next = 0;
    while next < 100_000 {
        for received in receive(&mut queue, 0, 10) {
            assert_eq!(received.receipt.id, next);
            assert_eq!(queue.delete(received.receipt), Deletion::Deleted);
            next += 1;
        }
    }
    assert_eq!(queue.counts(at(0)), Counts::default());
}

/// A queue as its rules read: a list of messages, searched from one end to the other.
#[derive(Default)]
struct Model {
    messages: Vec<Message>,
}

struct Message {
    id: u64,
    sent_at: Timestamp,
    state: State,
}

impl Model {
    fn visible_at(state: State) -> Timestamp {
        match state {
            State::New { visible_at } | State::Received { visible_at, .. } => visible_at,
        }
    }

    fn receives(state: State) -> u32 {
        match state {
            State::New { .. } => 0,
            State::Received { receives, .. } => receives,
        }
    }

    fn expired(message: &Message, settings: &Settings, now: Timestamp) -> bool {
        message.sent_at + settings.retention <= now
            && !matches!(message.state, State::New { visible_at } if visible_at > now)
    }

    fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = Counts::default();
        for message in &self.messages {
            match message.state {
                state if Self::visible_at(state) <= now => counts.visible += 1,
                State::New { .. } => counts.delayed += 1,
                State::Received { .. } => counts.in_flight += 1,
            }
        }
        counts
    }

    fn receive(&mut self, settings: &Settings, now: Timestamp, max: usize, visible_for: Duration) -> Vec<Received> {
        self.messages.sort_by_key(|message| (message.sent_at, message.id));
        let mut found = Vec::new();
        for message in &mut self.messages {
            let is_ready = Self::visible_at(message.state) <= now && message.sent_at + settings.retention > now;
            if !is_ready || found.len() == max {
                continue;
            }
            let (receives, first_received_at) = match message.state {
                State::New { .. } => (1, now),
                State::Received { receives, first_received_at, .. } => (receives + 1, first_received_at),
            };
            let visible_at = now + visible_for;
            message.state = State::Received { receives, first_received_at, received_at: now, visible_at };
            let receipt = Receipt { id: message.id, sent_at: message.sent_at, receives };
            found.push(Received { receipt, first_received_at, received_at: now, visible_at });
        }
        found
    }

    fn delete(&mut self, receipt: Receipt) -> Deletion {
        let Some(index) = self.messages.iter().position(|message| message.id == receipt.id) else {
            return Deletion::AlreadyGone;
        };
        match receipt.receives >= 1 && receipt.receives <= Self::receives(self.messages[index].state) {
            true => {
                self.messages.remove(index);
                Deletion::Deleted
            }
            false => Deletion::NeverIssued,
        }
    }

    fn change(&mut self, receipt: Receipt, hidden: Duration, now: Timestamp) -> Result<State, VisibilityRefused> {
        let refused = VisibilityRefused::NotInFlight;
        let message = self.messages.iter_mut().find(|message| message.id == receipt.id).ok_or(refused)?;
        match &mut message.state {
            State::Received { receives, received_at, visible_at, .. }
                if *receives == receipt.receives && *visible_at > now =>
            {
                if now + hidden > *received_at + HIDDEN_MAX {
                    return Err(VisibilityRefused::TooLong);
                }
                *visible_at = now + hidden;
                Ok(message.state)
            }
            _ => Err(refused),
        }
    }

    /// When the first message goes, if nothing else happens.
    fn next_expiry(&self, settings: &Settings) -> Option<Timestamp> {
        let expires_at = |message: &Message| match message.state {
            State::New { visible_at } => visible_at.max(message.sent_at + settings.retention),
            State::Received { .. } => message.sent_at + settings.retention,
        };
        self.messages.iter().map(expires_at).min()
    }

    fn next_event(&self, settings: &Settings, now: Timestamp) -> Option<Timestamp> {
        let kept = |message: &&Message| {
            let visible_at = Self::visible_at(message.state);
            visible_at > now || message.sent_at + settings.retention > now
        };
        self.messages.iter().filter(kept).map(|message| Self::visible_at(message.state).max(now)).min()
    }
}

#[derive(Debug, Clone)]
enum Act {
    Send {
        delay: Option<u64>,
    },
    /// With the original time of its sending, as a message that moved here from another queue has.
    SendOld {
        age: u64,
    },
    Receive {
        max: usize,
        visible_for: Option<u64>,
    },
    /// Of one of the receipts so far, as it is or altered.
    Delete {
        which: prop::sample::Index,
        forged: bool,
    },
    /// Of one of the messages so far, whatever became of it.
    Forget {
        which: prop::sample::Index,
    },
    Change {
        which: prop::sample::Index,
        hidden: u64,
    },
    Expire {
        max: usize,
    },
    Restart,
}

fn any_act() -> impl Strategy<Value = Act> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => prop::option::of(0u64..20).prop_map(|delay| Act::Send { delay }),
        1 => (0u64..150).prop_map(|age| Act::SendOld { age }),
        4 => (0usize..4, prop::option::of(0u64..40))
            .prop_map(|(max, visible_for)| Act::Receive { max, visible_for }),
        2 => (index(), prop::bool::weighted(0.1)).prop_map(|(which, forged)| Act::Delete { which, forged }),
        2 => (index(), prop_oneof![0u64..60, 43_100u64..43_300])
            .prop_map(|(which, hidden)| Act::Change { which, hidden }),
        1 => index().prop_map(|which| Act::Forget { which }),
        1 => (0usize..3).prop_map(|max| Act::Expire { max }),
        1 => Just(Act::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is done in whatever order, the queue answers as a list of messages that is searched each time; and each
    /// message is in one place alone.
    #[test]
    fn a_queue_answers_as_a_list_would(acts in prop::collection::vec((any_act(), 0u64..15), 0..80)) {
        let settings =
            Settings { visible_for: SECOND * 10, delay: SECOND * 2, retention: SECOND * 100, ..Settings::default() };
        let mut queue = Queue::new(settings.clone());
        let mut model = Model::default();
        let mut receipts: Vec<Receipt> = Vec::new();
        let mut sent: Vec<(u64, Timestamp)> = Vec::new();
        let mut now = at(1000);
        for (id, (act, pause)) in (0u64..).zip(acts) {
            now = now + SECOND * u32::try_from(pause).unwrap();
            let seconds = |count: u64| SECOND * u32::try_from(count).unwrap();
            match act {
                Act::Send { delay } => {
                    let state = queue.send(id, now, delay.map(seconds));
                    let visible_at = now + delay.map_or(settings.delay, seconds);
                    prop_assert_eq!(state, State::New { visible_at });
                    model.messages.push(Message { id, sent_at: now, state });
                    sent.push((id, now));
                }
                Act::SendOld { age } => {
                    let sent_at = Timestamp::from_millis(now.millis() - i64::try_from(age).unwrap() * 1000);
                    let state = State::New { visible_at: sent_at };
                    queue.restore(id, sent_at, state);
                    model.messages.push(Message { id, sent_at, state });
                    sent.push((id, sent_at));
                }
                Act::Receive { max, visible_for } => {
                    let visible_for = visible_for.map(seconds);
                    let received = queue.receive(now, max, visible_for).unwrap();
                    let expected = model.receive(&settings, now, max, visible_for.unwrap_or(settings.visible_for));
                    prop_assert_eq!(&received, &expected);
                    receipts.extend(received.iter().map(|received| received.receipt));
                }
                Act::Delete { which, forged } => {
                    if receipts.is_empty() { continue; }
                    let mut receipt = *which.get(&receipts);
                    receipt.receives += u32::from(forged) * 3;
                    prop_assert_eq!(queue.delete(receipt), model.delete(receipt));
                }
                Act::Forget { which } => {
                    if sent.is_empty() { continue; }
                    let (id, sent_at) = *which.get(&sent);
                    let known = model.messages.iter().any(|message| message.id == id);
                    prop_assert_eq!(queue.forget(id, sent_at), known);
                    model.messages.retain(|message| message.id != id);
                }
                Act::Change { which, hidden } => {
                    if receipts.is_empty() { continue; }
                    let receipt = *which.get(&receipts);
                    let changed = queue.change_visibility(receipt, seconds(hidden), now);
                    prop_assert_eq!(changed, model.change(receipt, seconds(hidden), now));
                }
                Act::Expire { max } => {
                    model.messages.sort_by_key(|message| (message.sent_at, message.id));
                    let is_over = |message: &&Message| Model::expired(message, &settings, now);
                    let over: Vec<u64> = model.messages.iter().filter(is_over).map(|message| message.id).take(max).collect();
                    prop_assert_eq!(&queue.expired(now, max), &over);
                    model.messages.retain(|message| !over.contains(&message.id));
                }
                Act::Restart => {
                    queue = Queue::new(settings.clone());
                    for message in &model.messages {
                        queue.restore(message.id, message.sent_at, message.state);
                    }
                }
            }
            prop_assert_eq!(queue.counts(now), model.counts(now));
            prop_assert_eq!(queue.next_event(now), model.next_event(&settings, now));
            let (bound, expiry) = (queue.next_expiry(), model.next_expiry(&settings));
            prop_assert_eq!(bound.is_some(), expiry.is_some());
            prop_assert!(bound <= expiry, "{:?} {:?}", bound, expiry);
            // What is not delayed is told exactly.
            prop_assert!(queue.counts(now).delayed > 0 || bound.max(Some(now)) == expiry.max(Some(now)));
            let places = queue.ready.len() + queue.in_flight.len() + queue.delayed.len();
            prop_assert_eq!(places, model.messages.len());
            prop_assert_eq!(queue.returning.len(), queue.in_flight.len());
            prop_assert_eq!(queue.appearing.len(), queue.delayed.len());
        }
    }
}
