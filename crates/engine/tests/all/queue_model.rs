//! Queues of both kinds, with a dead-letter queue, under clocks that jump, full disks and crashes, against a list.
//!
//! The clock moves in steps of eleven seconds, and nothing that a queue counts in comes near a step, so that the few
//! milliseconds which the test itself takes make no difference.

use crate::fixture::*;
use crate::queue_fixture::*;
use engine::spec::QueueSpec;
use engine::{Deleted, Receipt};
use proptest::prelude::*;
use std::time::Duration;

const HIDDEN: i64 = 35;
const RETENTION: i64 = 610;
const KNOWN: i64 = 300;
const RECEIVES_MAX: u32 = 2;

#[derive(Debug, Clone)]
struct Kept {
    body: String,
    group: &'static str,
    sent_at: i64,
    /// When it got its number, which never goes back.
    numbered_at: i64,
    receives: u32,
    /// When it was received last, and until when it is hidden.
    hidden_since: i64,
    hidden_until: i64,
    /// Since when and until when it was to be hidden.
    kept: (i64, i64),
}

impl Kept {
    fn is_hidden(&self, now: i64) -> bool {
        self.hidden_until > now
    }
}

/// A name under which something was sent.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    id: u64,
    sent_at: i64,
    counted_from: i64,
}

#[derive(Debug, Default)]
struct Model {
    now: i64,
    queue: Vec<Kept>,
    /// With their groups.
    dead: Vec<(&'static str, String)>,
    known: Vec<Known>,
    last_number_at: i64,
}

impl Model {
    fn expire(&mut self) {
        let now = self.now;
        self.queue.retain(|one| one.sent_at + RETENTION > now);
    }

    fn receive(&mut self, max: usize) -> Vec<(String, u32)> {
        self.expire();
        // As long as a receive finds nothing to hand out but moves something away, it goes on.
        loop {
            let before = self.dead.len();
            let received = self.receive_once(max);
            if !received.is_empty() || self.dead.len() == before {
                return received;
            }
        }
    }

    fn receive_once(&mut self, max: usize) -> Vec<(String, u32)> {
        let now = self.now;
        let found: Vec<&mut Kept> = self.queue.iter_mut().filter(|one| !one.is_hidden(now)).collect();
        let (mut received, mut dead) = (Vec::new(), Vec::new());
        for one in found.into_iter().take(max) {
            if one.receives >= RECEIVES_MAX {
                dead.push((one.group, one.body.clone()));
                continue;
            }
            one.receives += 1;
            one.kept = (now, now + HIDDEN);
            (one.hidden_since, one.hidden_until) = one.kept;
            received.push((one.body.clone(), one.receives));
        }
        self.queue.retain(|one| !dead.iter().any(|(_, body)| *body == one.body));
        self.dead.extend(dead);
        received
    }

    /// What a queue that keeps order has received, and what it moved away meanwhile, if that is right. Whose turn it is
    /// depends on milliseconds, and is not looked at here.
    fn receive_groups(&mut self, max: usize, told: &[(String, u32)], left: &[String]) -> Result<(), TestCaseError> {
        self.expire();
        let now = self.now;
        let (mut taken, mut rest) = (0, 0);
        for group in ["a", "b", "c"] {
            // Up to the first that is hidden, in order; and of these the first so many.
            let of_group = self.queue.iter_mut().filter(|one| one.group == group);
            let mut ended = false;
            for one in of_group.take_while(|one| !one.is_hidden(now)) {
                if let Some((_, receives)) = told.iter().find(|(body, _)| *body == one.body) {
                    prop_assert!(!ended && one.receives < RECEIVES_MAX, "{one:?} of {told:?}");
                    one.receives += 1;
                    prop_assert_eq!(*receives, one.receives);
                    one.kept = (now, now + HIDDEN);
                    (one.hidden_since, one.hidden_until) = one.kept;
                    taken += 1;
                } else if left.contains(&one.body) {
                    ended = true;
                    rest += 1;
                } else {
                    prop_assert!(!ended && one.receives >= RECEIVES_MAX, "{one:?} is gone");
                    self.dead.push((group, one.body.clone()));
                }
            }
        }
        prop_assert_eq!(taken, told.len(), "something is received that cannot be: {:?}", told);
        let groups: Vec<&str> = told.iter().filter_map(|(body, _)| self.group_of(body)).collect();
        let mut once = groups.clone();
        once.dedup();
        let several = once.len();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), several, "one group after the other: {:?}", groups);
        let before = self.queue.len();
        self.queue.retain(|one| left.contains(&one.body));
        prop_assert!(taken <= max && (rest == 0 || taken == max || taken > 0 && before > self.queue.len()));
        Ok(())
    }

    fn group_of(&self, body: &str) -> Option<&'static str> {
        self.queue.iter().find(|one| one.body == body).map(|one| one.group)
    }

    /// What a start makes of it: no span is longer than it was meant to be.
    fn restart(&mut self, now: i64) {
        self.now = now;
        for one in &mut self.queue {
            let (since, until) = one.kept;
            one.hidden_until = until.min(now + (until - since).max(0));
            one.hidden_since = since.min(now);
        }
        for known in &mut self.known {
            known.counted_from = known.sent_at.min(now);
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    Send { group: usize, name: usize },
    Receive { max: usize },
    Delete { which: prop::sample::Index },
    Hide { which: prop::sample::Index, span: i64 },
    Refused { what: usize },
    Clock { steps: i64 },
    Crash { steps: i64 },
    Restart,
}

fn any_act() -> impl Strategy<Value = Act> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => (0usize..3, 0usize..12).prop_map(|(group, name)| Act::Send { group, name }),
        6 => (1usize..5).prop_map(|max| Act::Receive { max }),
        3 => index().prop_map(|which| Act::Delete { which }),
        2 => (index(), prop_oneof![Just(0i64), Just(15), Just(95)]).prop_map(|(which, span)| Act::Hide { which, span }),
        1 => (0usize..4).prop_map(|what| Act::Refused { what }),
        4 => prop_oneof![6 => 1i64..6, 1 => 20i64..70, 1 => -30i64..0].prop_map(|steps| Act::Clock { steps }),
        2 => prop_oneof![3 => Just(0i64), 1 => -20i64..20].prop_map(|steps| Act::Crash { steps }),
        1 => Just(Act::Restart),
    ]
}

fn spec(ordered_queue: bool, name: &str) -> QueueSpec {
    let spec = if ordered_queue { ordered(name) } else { queue(name) };
    let seconds = |count: i64| u32::try_from(count).unwrap();
    QueueSpec { visible_for_seconds: seconds(HIDDEN), retention_seconds: seconds(RETENTION), ..spec }
}

fn check(is_ordered: bool, acts: Vec<Act>) -> Result<(), TestCaseError> {
    let mut house = House::new();
    house.make(QueueSpec { retention_seconds: 1_000_000, ..spec(is_ordered, "Dead") });
    house.make(redriven(spec(is_ordered, "Work"), "Dead", RECEIVES_MAX));
    let mut model = Model { last_number_at: i64::MIN, ..Model::default() };
    let mut receipts: Vec<(String, Receipt)> = Vec::new();
    let (mut clock, mut count) = (0i64, 0);
    for act in acts {
        match act {
            Act::Send { group, name: deduplication } => {
                count += 1;
                let (body, group) = (format!("m{count}"), ["a", "b", "c"][group]);
                let known_as = format!("n{deduplication}");
                let sent = house.send("Work", grouped(&body, group, &known_as));
                let now = model.now;
                let is_known = |known: &&Known| known.name == known_as && known.counted_from + KNOWN > now;
                match model.known.iter().rev().find(is_known).filter(|_| is_ordered) {
                    Some(known) => prop_assert!(sent.known && sent.id == known.id, "{:?}", sent),
                    None => {
                        prop_assert!(!sent.known);
                        model.known.push(Known { name: known_as, id: sent.id, sent_at: now, counted_from: now });
                        model.last_number_at = model.last_number_at.max(now);
                        // Where order is kept, messages are as old as their numbers, so that they expire in order.
                        let (sent_at, none) = (if is_ordered { model.last_number_at } else { now }, (now, now));
                        let kept = Kept {
                            body,
                            group,
                            sent_at,
                            numbered_at: model.last_number_at,
                            receives: 0,
                            hidden_since: now,
                            hidden_until: now,
                            kept: none,
                        };
                        model.queue.push(kept);
                    }
                }
            }
            Act::Receive { max } => {
                let received = house.receive("Work", max);
                let told = |one: &engine::ReceivedMessage| (one.message.body.clone(), one.receipt.receives);
                let told: Vec<_> = received.iter().map(told).collect();
                if is_ordered {
                    let left = house.engine().browse(&name("Work"), 0, 1_000).unwrap();
                    let left: Vec<String> = left.into_iter().map(|one| one.body).collect();
                    model.receive_groups(max, &told, &left)?;
                } else {
                    prop_assert_eq!(told, model.receive(max));
                }
                receipts.extend(received.into_iter().map(|one| (one.message.body, one.receipt)));
            }
            Act::Delete { which } => {
                if receipts.is_empty() {
                    continue;
                }
                let (body, receipt) = which.get(&receipts).clone();
                let deleted = run(house.engine().delete(&name("Work"), receipt)).unwrap();
                let now = model.now;
                let message = model.queue.iter().find(|one| one.body == body);
                let expired =
                    message.is_some_and(|one| is_ordered && (!one.is_hidden(now) || one.receives != receipt.receives));
                prop_assert_eq!(deleted, if expired { Deleted::Expired } else { Deleted::Gone });
                if !expired {
                    model.queue.retain(|one| one.body != body);
                }
            }
            Act::Hide { which, span } => {
                if receipts.is_empty() {
                    continue;
                }
                let (body, receipt) = which.get(&receipts).clone();
                let seconds = Duration::from_secs(u64::try_from(span).unwrap());
                let hidden = run(house.engine().change_visibility(&name("Work"), receipt, seconds));
                let now = model.now;
                // In a queue without order whoever has received a message may hide it, also when it is seen again.
                let may = |one: &Kept| !is_ordered || one.is_hidden(now) && one.receives == receipt.receives;
                let message = model.queue.iter_mut().find(|one| one.body == body && may(one));
                prop_assert_eq!(hidden.is_ok(), message.is_some());
                if let Some(message) = message {
                    if !message.is_hidden(now) {
                        message.hidden_since = message.hidden_since.max(message.numbered_at).min(now);
                    }
                    message.hidden_until = now + span;
                    // What is shown at once was never hidden, whatever is done to the clock afterwards.
                    let until = if span == 0 { message.hidden_since } else { message.hidden_until };
                    message.kept = (message.hidden_since, until);
                }
            }
            Act::Refused { what } => {
                house.engine().stop();
                let refused = match what {
                    0 => run(house.engine().send(&name("Work"), grouped("lost", "a", "lost"))).is_err(),
                    1 => run(house.engine().receive(now("Work", 1))).map_or(true, |found| found.is_empty()),
                    _ => true,
                };
                prop_assert!(refused);
                house.crash();
                model.restart(clock);
            }
            Act::Clock { steps } => {
                clock += steps * 11;
                house.set_clock(clock);
                // The queue notices; set back, its clock goes on by itself.
                house.visible("Work");
                model.now = model.now.max(clock);
            }
            Act::Crash { steps } => {
                clock += steps * 11;
                house.set_clock(clock);
                house.crash();
                model.restart(clock);
            }
            Act::Restart => {
                house.restart();
                model.restart(clock);
            }
        }
    }
    // Everything is somewhere, once.
    let left: Vec<String> = {
        let mut left: Vec<String> =
            house.engine().browse(&name("Work"), 0, 1000).unwrap().into_iter().map(|one| one.body).collect();
        model.expire();
        left.retain(|body| model.queue.iter().any(|one| one.body == *body));
        left
    };
    prop_assert_eq!(left, model.queue.iter().map(|one| one.body.clone()).collect::<Vec<_>>());
    let dead = house.engine().browse(&name("Dead"), 0, 1000).unwrap();
    prop_assert!(dead.iter().all(|one| one.source == Some(name("Work"))));
    let mut dead: Vec<_> = dead.into_iter().map(|one| (one.group.unwrap_or_default(), one.body)).collect();
    if is_ordered {
        // Which group came first depends on whose turn it was.
        dead.sort_by(|one, other| one.0.cmp(&other.0));
        model.dead.sort_by_key(|one| one.0);
    }
    let bodies: Vec<&String> = dead.iter().map(|one| &one.1).collect();
    prop_assert_eq!(bodies, model.dead.iter().map(|one| &one.1).collect::<Vec<_>>());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    /// Nothing is lost or doubled; nothing is handed out more than so many times before it is a dead letter; a group
    /// keeps its order; a name is known again; counts are what they were before the crash.
    #[test]
    fn queues_without_order_answer_as_a_list(acts in prop::collection::vec(any_act(), 0..60)) {
        check(false, acts)?;
    }

    #[test]
    fn queues_with_order_answer_as_a_list(acts in prop::collection::vec(any_act(), 0..60)) {
        check(true, acts)?;
    }
}
