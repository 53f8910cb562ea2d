//! Whatever is done in whatever order, a queue answers as a list of messages that is searched each time.
//!
//! Clocks jump, acts are kept or refused or forgotten by a crash, and queues of both kinds are tried.

use super::*;

#[derive(Debug, Clone)]
struct Message {
    id: u64,
    sent_at: Timestamp,
    group: Option<&'static str>,
    /// How it is now; `None` while it is on its way.
    now: Option<State>,
    /// What was kept of it; `None` while nothing was.
    kept: Option<State>,
    held: bool,
}

/// What is not known yet to be kept or not.
#[derive(Debug, Clone)]
enum Pending {
    Send { id: u64, visible_at: Timestamp },
    Receive(Received),
    Gone(u64),
    Hide { id: u64, state: State },
}

struct Model {
    settings: Settings,
    messages: Vec<Message>,
    latest: Timestamp,
    pending: Vec<Pending>,
}

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

impl Model {
    fn tick(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        self.latest
    }

    fn is_ready(&self, message: &Message) -> bool {
        !message.held && message.now.is_some_and(|state| visible_at(state) <= self.latest)
    }

    fn is_in_flight(&self, message: &Message) -> bool {
        let hidden = |state| receives(state) > 0 && visible_at(state) > self.latest;
        message.held || message.now.is_some_and(hidden)
    }

    fn is_delayed(&self, message: &Message) -> bool {
        !message.held && message.now.is_some_and(|state| receives(state) == 0 && visible_at(state) > self.latest)
    }

    /// Whether a message can be received, when these are already taken by the same receive from this group.
    fn can_be_taken(&self, message: &Message, taken: &[u64]) -> bool {
        if !self.is_ready(message) || taken.contains(&message.id) {
            return false;
        }
        if self.settings.fifo.is_none() {
            return true;
        }
        let earlier = |other: &&Message| other.group == message.group && other.id < message.id;
        self.messages.iter().filter(earlier).all(|other| taken.contains(&other.id))
    }

    /// Whose turn it is before others': who was sent first, or received last the longest time ago.
    fn turn(message: &Message) -> (u64, u64) {
        match message.now {
            Some(State::Received { received_at, .. }) => {
                let end = first_id(received_at.max(made_at(message.id)) + Duration::from_millis(1)) - 1;
                (end, message.id)
            }
            _ => (message.id, message.id),
        }
    }

    fn take(&self, max: usize) -> Vec<u64> {
        let mut taken: Vec<u64> = Vec::new();
        let mut groups: Vec<Option<&str>> = Vec::new();
        while taken.len() < max {
            let can = self.messages.iter().filter(|message| self.can_be_taken(message, &taken));
            let same = |message: &&Message| self.settings.fifo.is_some() && groups.last() == Some(&message.group);
            let fresh = |message: &&Message| self.settings.fifo.is_none() || !groups.contains(&message.group);
            // More of the same group first, then of another one: that whose turn it is, or the oldest without groups.
            let others = can.clone().filter(fresh);
            let next = if self.settings.fifo.is_some() {
                others.min_by_key(|message| Self::turn(message))
            } else {
                others.min_by_key(|message| (message.id, message.id))
            };
            let found = can.clone().find(same).or(next);
            let Some(message) = found else { break };
            taken.push(message.id);
            groups.push(message.group);
        }
        taken
    }

    fn message(&mut self, id: u64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    /// The messages that are kept no longer.
    fn over(&self) -> Vec<u64> {
        let over = |message: &&Message| {
            let age_from = if self.settings.fifo.is_some() { made_at(message.id) } else { message.sent_at };
            let here = self.is_ready(message) || self.is_in_flight(message) && !message.held;
            here && age_from + self.settings.retention <= self.latest
        };
        self.messages.iter().filter(over).map(|message| message.id).collect()
    }

    fn expire(&mut self, ids: &[u64]) {
        self.messages.retain(|message| !ids.contains(&message.id));
    }

    fn receive(&mut self, now: Timestamp, max: usize, visible_for: Duration) -> Taken {
        let now = self.tick(now);
        let mut taken = Taken { expired: self.over(), ..Taken::default() };
        assert!(taken.expired.len() <= 256, "more than one receive clears away are never drawn");
        self.expire(&taken.expired);
        for id in self.take(max) {
            let most = self.settings.receives_max.unwrap_or(u32::MAX);
            let message = self.message(id).unwrap();
            message.held = true;
            let state = message.now.unwrap();
            if receives(state) >= most {
                taken.dead.push(id);
                continue;
            }
            let first_received_at = match state {
                State::New { .. } => now.max(made_at(id)),
                State::Received { first_received_at, .. } => first_received_at,
            };
            let receipt = Receipt { id, receives: receives(state) + 1 };
            let received = Received { receipt, first_received_at, received_at: now, visible_at: now + visible_for };
            message.now = Some(received.state());
            taken.received.push(received);
        }
        taken.received.iter().for_each(|one| self.pending.push(Pending::Receive(*one)));
        taken.dead.iter().for_each(|id| self.pending.push(Pending::Gone(*id)));
        taken
    }

    fn take_away(&mut self, receipt: Receipt) -> Leaving {
        let ordered = self.settings.fifo.is_some();
        let latest = self.latest;
        let Some(message) = self.message(receipt.id).filter(|message| message.now.is_some()) else {
            return Leaving::AlreadyGone;
        };
        let state = message.now.unwrap();
        match (message.held, receives(state)) {
            (true, _) => Leaving::Busy,
            (false, receives) if !(1..=receives).contains(&receipt.receives) => Leaving::NeverIssued,
            (false, receives) if ordered && (receives != receipt.receives || visible_at(state) <= latest) => {
                Leaving::Expired
            }
            (false, _) => {
                message.held = true;
                self.pending.push(Pending::Gone(receipt.id));
                Leaving::Held
            }
        }
    }

    fn hide(&mut self, receipt: Receipt, span: Duration, anew: bool) -> Result<State, VisibilityRefused> {
        let latest = self.latest;
        let lenient = anew && self.settings.fifo.is_none();
        let message = self.message(receipt.id).ok_or(VisibilityRefused::NotInFlight)?;
        if message.held {
            return Err(VisibilityRefused::Busy);
        }
        match message.now {
            Some(State::Received { receives, first_received_at, received_at, visible_at })
                if receives == receipt.receives && visible_at > latest
                    || lenient && (1..=receives).contains(&receipt.receives) =>
            {
                // Of what is seen again it is only known when it was received since it got its number.
                let seen = visible_at <= latest;
                let received_at = if seen { received_at.max(made_at(receipt.id)).min(latest) } else { received_at };
                if latest + span > received_at + HIDDEN_MAX {
                    return Err(VisibilityRefused::TooLong);
                }
                let visible_at = if span.is_zero() { received_at } else { latest + span };
                let state = State::Received { receives, first_received_at, received_at, visible_at };
                message.held = true;
                self.pending.push(Pending::Hide { id: receipt.id, state });
                Ok(state)
            }
            _ => Err(VisibilityRefused::NotInFlight),
        }
    }

    /// What was pending is kept, or refused; the queue is told the same.
    fn end(&mut self, queue: &mut Queue, pending: Pending, kept: bool) {
        let latest = self.latest;
        match (pending, kept) {
            (Pending::Send { id, visible_at }, true) => {
                let Some(message) = self.message(id) else { return queue.send(id, latest, visible_at) };
                message.now = Some(State::New { visible_at });
                message.kept = message.now;
                let sent_at = message.sent_at;
                queue.send(id, sent_at, visible_at);
            }
            (Pending::Send { id, .. }, false) => {
                queue.withdraw(id);
                self.messages.retain(|message| message.id != id);
            }
            (Pending::Receive(received), kept) => {
                match self.message(received.receipt.id) {
                    Some(message) if kept => (message.held, message.kept) = (false, message.now),
                    Some(message) => {
                        // It can be received again at once, as often as before.
                        let before = match message.now.unwrap() {
                            State::Received { receives: 1, .. } => State::New { visible_at: latest },
                            State::Received { receives, first_received_at, received_at, .. } => State::Received {
                                receives: receives - 1,
                                first_received_at,
                                received_at,
                                visible_at: latest,
                            },
                            State::New { .. } => unreachable!("it was received"),
                        };
                        (message.held, message.now) = (false, Some(before));
                    }
                    None => {}
                }
                if kept { queue.settle(received.receipt.id) } else { queue.unreceive(received.receipt) }
            }
            (Pending::Gone(id), true) => {
                queue.forget(id);
                self.messages.retain(|message| message.id != id);
            }
            (Pending::Gone(id), false) => {
                if let Some(message) = self.message(id) {
                    message.held = false;
                }
                queue.settle(id);
            }
            (Pending::Hide { id, state }, kept) => {
                if let Some(message) = self.message(id) {
                    message.held = false;
                    if kept {
                        (message.now, message.kept) = (Some(state), Some(state));
                    }
                }
                if kept { queue.settle_until(id, visible_at(state)) } else { queue.settle(id) }
            }
        }
    }

    /// Only what was kept comes back; what was to be hidden is hidden for no longer than that from now on.
    fn restart(&mut self, now: Timestamp, last_id: u64) -> Queue {
        self.pending.clear();
        self.latest = now;
        self.messages.retain(|message| message.kept.is_some());
        let mut queue = Queue::new(self.settings.clone());
        queue.begin_after(last_id);
        for message in &mut self.messages {
            let state = message.kept.unwrap();
            let kept = Kept { id: message.id, sent_at: message.sent_at, group: message.group, state };
            queue.restore(kept, now);
            message.held = false;
            message.now = Some(match state {
                State::New { visible_at } => {
                    State::New { visible_at: visible_at.min(now + visible_at.since(message.sent_at)) }
                }
                State::Received { receives, first_received_at, received_at, visible_at } => State::Received {
                    receives,
                    first_received_at,
                    received_at: received_at.min(now),
                    visible_at: visible_at.min(now + visible_at.since(received_at)),
                },
            });
        }
        queue
    }

    fn counts(&self) -> Counts {
        let count = |is: &dyn Fn(&Message) -> bool| self.messages.iter().filter(|message| is(message)).count();
        Counts {
            visible: count(&|message| self.is_ready(message)),
            in_flight: count(&|message| self.is_in_flight(message)),
            delayed: count(&|message| self.is_delayed(message)),
        }
    }

    fn next_event(&self) -> Option<Timestamp> {
        if !self.take(1).is_empty() {
            return Some(self.latest);
        }
        let waits = |message: &&Message| !message.held && message.now.is_some() && !self.is_ready(message);
        self.messages.iter().filter(waits).map(|message| visible_at(message.now.unwrap())).min()
    }
}

#[derive(Debug, Clone)]
enum Act {
    Send { group: usize, delay: u64, age: u64 },
    Receive { max: usize, visible_for: Option<u64> },
    Lift { max: usize, only: prop::sample::Index },
    Delete { which: prop::sample::Index, forged: bool },
    Hide { which: prop::sample::Index, span: u64, anew: bool },
    End { which: prop::sample::Index, kept: bool },
    EndAll { kept: bool },
    Expire { max: usize },
    Purge,
    Restart { back: u64 },
}

fn any_act() -> impl Strategy<Value = Act> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => (0usize..3, prop_oneof![3 => Just(0u64), 1 => 0u64..20], prop_oneof![3 => Just(0u64), 1 => 0u64..90])
            .prop_map(|(group, delay, age)| Act::Send { group, delay, age }),
        6 => (0usize..5, prop::option::of(0u64..40))
            .prop_map(|(max, visible_for)| Act::Receive { max, visible_for }),
        1 => (0usize..3, index()).prop_map(|(max, only)| Act::Lift { max, only }),
        3 => (index(), prop::bool::weighted(0.1)).prop_map(|(which, forged)| Act::Delete { which, forged }),
        3 => (index(), prop_oneof![0u64..60, 43_100u64..43_300], any::<bool>())
            .prop_map(|(which, span, anew)| Act::Hide { which, span, anew }),
        4 => (index(), prop::bool::weighted(0.7)).prop_map(|(which, kept)| Act::End { which, kept }),
        6 => prop::bool::weighted(0.9).prop_map(|kept| Act::EndAll { kept }),
        1 => (0usize..3).prop_map(|max| Act::Expire { max }),
        1 => prop::bool::weighted(0.2).prop_map(|purge| if purge { Act::Purge } else { Act::EndAll { kept: true } }),
        1 => (0u64..200).prop_map(|back| Act::Restart { back }),
    ]
}

fn any_settings() -> impl Strategy<Value = Settings> {
    (any::<bool>(), prop::option::of(1u32..4)).prop_map(|(ordered, receives_max)| Settings {
        visible_for: SECOND * 10,
        retention: SECOND * 100,
        receives_max,
        fifo: ordered.then_some(Fifo { deduplicates_by_content: false, deduplicates_in_groups: false }),
        ..Settings::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_queue_answers_as_a_list_would(
        settings in any_settings(),
        acts in prop::collection::vec((any_act(), -40i64..20), 0..100),
    ) {
        let mut queue = Queue::new(settings.clone());
        let mut model = Model { settings: settings.clone(), messages: vec![], latest: Timestamp::EPOCH, pending: vec![] };
        let mut receipts: Vec<Receipt> = Vec::new();
        let mut seconds = 0i64;
        for (act, step) in acts {
            // Mostly forwards; sometimes the clock is set back.
            seconds += if step < -35 { step } else { step.max(0) };
            let now = at(seconds);
            let span = |count: u64| SECOND * u32::try_from(count).unwrap();
            match act {
                Act::Send { group, delay, age } => {
                    let latest = model.tick(now);
                    let group = Some(["a", "b", "c"][group]);
                    let id = queue.reserve(now, group);
                    let older = Timestamp::from_millis(latest.millis() - i64::try_from(age).unwrap() * 1000);
                    let (sent_at, visible_at) = if settings.fifo.is_none() && age > 0 {
                        (older, latest)
                    } else {
                        (made_at(id).max(latest), latest + span(delay))
                    };
                    model.messages.push(Message { id, sent_at, group, now: None, kept: None, held: false });
                    model.pending.push(Pending::Send { id, visible_at });
                }
                Act::Receive { max, visible_for } => {
                    let visible_for = visible_for.map(span);
                    let expected = model.receive(now, max, visible_for.unwrap_or(settings.visible_for));
                    let taken = queue.receive(now, max, visible_for).unwrap();
                    prop_assert_eq!(&taken, &expected);
                    for one in &taken.received {
                        prop_assert!(settings.receives_max.is_none_or(|most| one.receipt.receives <= most));
                    }
                    receipts.extend(taken.received.iter().map(|received| received.receipt));
                }
                Act::Lift { max, only } => {
                    model.tick(now);
                    let until = if model.messages.is_empty() { u64::MAX } else { only.get(&model.messages).id };
                    let expected: Vec<u64> = model.take(max).into_iter().filter(|id| *id <= until).collect();
                    prop_assert_eq!(queue.lift(now, max, until), expected.clone());
                    for id in expected {
                        model.message(id).unwrap().held = true;
                        model.pending.push(Pending::Gone(id));
                    }
                }
                Act::Delete { which, forged } => {
                    if receipts.is_empty() { continue; }
                    let mut receipt = *which.get(&receipts);
                    receipt.receives += u32::from(forged) * 3;
                    model.tick(now);
                    prop_assert_eq!(queue.take_away(receipt, now), model.take_away(receipt));
                }
                Act::Hide { which, span: seconds, anew } => {
                    if receipts.is_empty() { continue; }
                    let receipt = *which.get(&receipts);
                    model.tick(now);
                    let expected = model.hide(receipt, span(seconds), anew);
                    let hide = if anew { Queue::hide_anew } else { Queue::hide };
                    prop_assert_eq!(hide(&mut queue, receipt, span(seconds), now), expected);
                }
                Act::End { which, kept } => {
                    if model.pending.is_empty() { continue; }
                    let pending = model.pending.remove(which.index(model.pending.len()));
                    model.end(&mut queue, pending, kept);
                }
                Act::EndAll { kept } => {
                    for pending in std::mem::take(&mut model.pending) {
                        model.end(&mut queue, pending, kept);
                    }
                }
                Act::Expire { max } => {
                    model.tick(now);
                    let (gone, over) = (queue.expired(now, max), model.over());
                    // Of those that were moved here with their age, which go first is not said.
                    prop_assert_eq!(gone.len(), over.len().min(max));
                    prop_assert!(gone.iter().all(|id| over.contains(id)), "{gone:?} of {over:?}");
                    model.expire(&gone);
                }
                Act::Purge => {
                    let below = queue.divide();
                    queue.purge(below);
                    model.messages.clear();
                }
                Act::Restart { back } => {
                    seconds -= i64::try_from(back).unwrap();
                    queue = model.restart(at(seconds), queue.last_id());
                }
            }
            let now = at(seconds);
            model.tick(now);
            prop_assert_eq!(queue.counts(now), model.counts());
            prop_assert_eq!(queue.next_event(now), model.next_event());
            prop_assert_eq!(queue.lowest(), model.messages.iter().map(|one| one.id).min().unwrap_or(queue.last_id() + 1));
            let held = model.messages.iter().filter(|message| message.held).count();
            prop_assert_eq!(queue.returning.len() + held, queue.in_flight.len());
            prop_assert_eq!(queue.appearing.len(), queue.delayed.len());
            prop_assert_eq!(queue.aged.len(), queue.by_age.len());
        }
    }
}
