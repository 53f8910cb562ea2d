//! What must be true of any lane, with any function, any reader and crashes anywhere.
//!
//! A [`World`] is a log, a function and a lane between them, driven by random choices. The log and what was kept are
//! all that survives a crash.

use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// What one record does to the function.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Not for this lane at all.
    Foreign,
    Good,
    /// Fails so often, then is good.
    Flaky(u32),
    /// Fails for ever.
    Poison,
}

/// How the function fails when it meets a record that fails.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    /// Stops there and names the record by its sequence number.
    ReportsSequence,
    /// Stops there and names the record by its event id.
    ReportsEventId,
    /// Stops there and says so.
    Stops,
    /// Does nothing of the batch, as if in a transaction.
    FailsAtomically,
    /// Does what stands before, then fails as a whole.
    FailsMidway,
}

struct World {
    log: Vec<Kind>,
    style: Style,
    policy: Policy,
    /// Random choices, used over and over.
    choices: Vec<u8>,
    chosen: usize,
    now: Timestamp,
    lane: Lane,
    kept: Progress,
    /// Kept together with the progress.
    dead: Vec<DeadLetter>,
    dead_not_kept: Vec<DeadLetter>,
    /// How often each record was done by the function.
    done: BTreeMap<u64, u32>,
    /// Each record when it was done or given up for the first time.
    order: Vec<u64>,
    /// How often each failing record was invoked alone.
    alone: BTreeMap<u64, u32>,
    invocations: u32,
    largest_batch: usize,
    splits_deep: usize,
    crashes: u32,
}

impl World {
    fn new(log: Vec<Kind>, style: Style, policy: Policy, choices: Vec<u8>) -> Self {
        let lane = Lane::new(policy.clone(), Progress::default());
        Self {
            now: after(log.len() as u64),
            log,
            style,
            policy,
            choices,
            chosen: 0,
            lane,
            kept: Progress::default(),
            dead: Vec::new(),
            dead_not_kept: Vec::new(),
            done: BTreeMap::new(),
            order: Vec::new(),
            alone: BTreeMap::new(),
            invocations: 0,
            largest_batch: 0,
            splits_deep: 0,
            crashes: 0,
        }
    }

    fn choose(&mut self, options: u8) -> u8 {
        self.chosen += 1;
        self.choices[self.chosen % self.choices.len()] % options
    }

    fn end(&self) -> u64 {
        self.log.len() as u64
    }

    fn is_finished(&self) -> bool {
        self.lane.progress().done == sequence(self.end())
    }

    /// Reads a few changes and takes one step. Crashes are as frequent as `crash_odds` says: one in so many.
    fn step(&mut self, crash_odds: Option<u8>) {
        for _ in 0..=self.choose(40) {
            let next = self.lane.next_wanted().get();
            if next > self.end() || self.lane.is_full() {
                break;
            }
            match self.log[usize::try_from(next).unwrap() - 1] {
                Kind::Foreign => self.lane.pass_over(sequence(next)),
                Kind::Good | Kind::Flaky(_) | Kind::Poison => self.lane.offer(record(next), self.now),
            }
        }
        match self.lane.poll(self.now) {
            Step::Invoke(batch) => {
                let outcome = self.invoke(&batch);
                if crash_odds.is_some_and(|odds| self.choose(odds) == 0) {
                    return self.crash();
                }
                let jitter = f64::from(self.choose(11)) / 10.0;
                for settled in self.lane.settle(outcome, self.now, jitter) {
                    if let Settled::GaveUp(dead) = settled {
                        self.give_up(dead);
                    }
                }
                self.splits_deep = self.splits_deep.max(self.lane.progress().bounds.len());
            }
            Step::GiveUp(dead) => self.give_up(dead),
            Step::Wait { until } => {
                if self.lane.next_wanted().get() > self.end() || self.lane.is_full() {
                    self.now = until.unwrap_or(self.now).max(self.now);
                }
            }
        }
        match crash_odds {
            Some(odds) if self.choose(odds) == 0 => self.crash(),
            _ if self.choose(3) > 0 => self.keep(),
            _ => {}
        }
    }

    fn invoke(&mut self, batch: &Batch) -> Outcome {
        self.invocations += 1;
        self.largest_batch = self.largest_batch.max(batch.records.len());
        if self.choose(16) == 0 {
            return Outcome::Unavailable { error: "throttled".to_owned() };
        }
        let mut fails_at = None;
        for (position, record) in batch.records.iter().enumerate() {
            let place = record.change.sequence.get();
            let kind = &mut self.log[usize::try_from(place).unwrap() - 1];
            let fails = match kind {
                Kind::Foreign => panic!("{place} is none of this lane's business"),
                Kind::Good | Kind::Flaky(0) => false,
                Kind::Flaky(times) => {
                    *times -= 1;
                    true
                }
                Kind::Poison => true,
            };
            if fails {
                fails_at = Some(position);
                break;
            }
        }
        let done = match (fails_at, self.style) {
            (None, _) => batch.records.len(),
            (Some(_), Style::FailsAtomically) => 0,
            (Some(position), _) => position,
        };
        for record in &batch.records[..done] {
            let place = record.change.sequence.get();
            *self.done.entry(place).or_default() += 1;
            self.note(place);
        }
        let Some(position) = fails_at else {
            return match self.choose(2) {
                0 => Outcome::Accepted,
                _ => Outcome::Answered(json!({"statusCode": 200})),
            };
        };
        let failing = &batch.records[position];
        if batch.records.len() == 1 {
            *self.alone.entry(failing.change.sequence.get()).or_default() += 1;
        }
        let report = |name: String| Outcome::Answered(json!({"batchItemFailures": [{"itemIdentifier": name}]}));
        match self.style {
            Style::ReportsSequence => report(failing.change.sequence.to_string()),
            Style::ReportsEventId => report(failing.event_id()),
            Style::Stops => Outcome::Stopped { done: position, error: "boom".to_owned() },
            Style::FailsAtomically | Style::FailsMidway => failed(),
        }
    }

    fn note(&mut self, place: u64) {
        if !self.order.contains(&place) {
            self.order.push(place);
        }
    }

    fn give_up(&mut self, dead: DeadLetter) {
        places(&dead.records).into_iter().for_each(|place| self.note(place));
        self.dead_not_kept.push(dead);
    }

    fn keep(&mut self) {
        self.kept = self.lane.progress();
        self.dead.append(&mut self.dead_not_kept);
    }

    fn crash(&mut self) {
        self.crashes += 1;
        self.dead_not_kept.clear();
        let kept = serde_json::to_string(&self.kept).unwrap();
        self.lane = Lane::new(self.policy.clone(), serde_json::from_str(&kept).unwrap());
    }

    /// Runs to the end; crashes happen in the first `crashing` steps only, so that there is an end.
    fn run(&mut self, crashing: u32, crash_odds: u8) {
        // Each record costs at most its attempts, its splits and its waits, far fewer than this.
        let steps = 200 + crashing + self.log.len() as u32 * 60;
        for step in 0..steps {
            if self.is_finished() {
                return self.keep();
            }
            self.step((step < crashing).then_some(crash_odds));
        }
        panic!("stuck after {steps} steps at {:?} of {}", self.lane.progress(), self.end());
    }

    fn dead_places(&self) -> Vec<u64> {
        self.dead.iter().flat_map(|dead| places(&dead.records)).collect()
    }

    fn offered(&self) -> Vec<u64> {
        let own = |(index, kind): (usize, &Kind)| (*kind != Kind::Foreign).then_some(index as u64 + 1);
        self.log.iter().enumerate().filter_map(own).collect()
    }
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Kind::Foreign),
        12 => Just(Kind::Good),
        1 => (1u32..6).prop_map(Kind::Flaky),
        1 => Just(Kind::Poison),
    ]
}

fn any_style() -> impl Strategy<Value = Style> {
    prop_oneof![
        Just(Style::ReportsSequence),
        Just(Style::ReportsEventId),
        Just(Style::Stops),
        Just(Style::FailsAtomically),
        Just(Style::FailsMidway),
    ]
}

prop_compose! {
    fn any_policy()(
        batch_size in prop_oneof![Just(1u32), Just(2), 3u32..40, Just(100)], window in 0u64..3,
        retries in 0u32..5, max_age in prop::option::weighted(0.2, 1u64..100), bisect: bool,
    ) -> Policy {
        let (window, max_age) = (SECOND * window as u32, max_age.map(|seconds| SECOND * seconds as u32));
        Policy { batch_size, window, retries: Some(retries), max_age, bisect }
    }
}

prop_compose! {
    fn any_world()(
        log in prop::collection::vec(any_kind(), 0..120), style in any_style(), policy in any_policy(),
        choices in prop::collection::vec(any::<u8>(), 50..200),
    ) -> World {
        World::new(log, style, policy, choices)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { log, style, policy, choices, .. } = self;
        f.debug_struct("World")
            .field("log", log)
            .field("style", style)
            .field("policy", policy)
            .field("choices", choices)
            .finish()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Nothing is lost and nothing settled twice, with crashes anywhere: every record that belongs to the lane was done
    /// by the function or is kept as a dead letter, once; first deliveries are in order; and the lane never gets stuck.
    #[test]
    fn nothing_is_lost(mut world in any_world(), crashing in 0u32..60) {
        world.run(crashing, 8);
        let dead = world.dead_places();
        for place in world.offered() {
            let (done, died) = (world.done.contains_key(&place), dead.iter().filter(|dead| **dead == place).count());
            prop_assert!(died <= 1, "{} died {} times", place, died);
            prop_assert!(done || died == 1, "{} was lost", place);
        }
        prop_assert!(dead.is_sorted(), "{:?}", dead);
        prop_assert!(world.order.is_sorted(), "{:?}", world.order);
        let depth = world.policy.batch_size.next_power_of_two().ilog2() as usize + 1;
        prop_assert!(world.splits_deep <= depth, "{} bounds for batches of {}", world.splits_deep, world.policy.batch_size);
    }

    /// A function that stops at the first record that it cannot do, and does not crash, does every good record once.
    #[test]
    fn good_records_are_done_once(mut world in any_world()) {
        prop_assume!(world.style != Style::FailsMidway);
        world.run(0, 1);
        let dead = world.dead_places();
        for place in world.offered() {
            let (done, died) = (world.done.get(&place).copied().unwrap_or(0), dead.contains(&place));
            prop_assert_eq!(done, u32::from(!died), "{}", place);
        }
    }

    /// With bisect, a poison record takes nobody with it, and is tried alone as often as the policy says.
    #[test]
    fn poison_dies_alone(mut world in any_world()) {
        world.policy = Policy { bisect: true, max_age: None, ..world.policy };
        world.lane = Lane::new(world.policy.clone(), Progress::default());
        let kinds = world.log.clone();
        world.run(0, 1);
        let allowed = world.policy.retries.unwrap() + 1;
        for dead in &world.dead {
            let [record] = &dead.records[..] else { panic!("{dead:?}") };
            prop_assert_eq!(dead.attempts, allowed);
            prop_assert_eq!(world.alone[&record.change.sequence.get()], allowed);
        }
        for (index, kind) in kinds.iter().enumerate() {
            let (place, died) = (index as u64 + 1, world.dead_places().contains(&(index as u64 + 1)));
            match kind {
                Kind::Foreign | Kind::Good => prop_assert!(!died, "{} is good", place),
                Kind::Poison => prop_assert!(died, "{} is poison", place),
                Kind::Flaky(times) => prop_assert!(!died || *times >= allowed, "{} failed {} times", place, times),
            }
        }
    }
}

/// One poison record at any place of a batch of 100: the other 99 are done once each, it is tried alone four times and
/// kept alone, though the process is killed at any step.
#[test]
fn one_poison_record_in_a_batch_of_100() {
    let policy = Policy { batch_size: 100, window: SECOND, retries: Some(3), bisect: true, ..policy() };
    let styles = [Style::ReportsSequence, Style::ReportsEventId, Style::Stops, Style::FailsAtomically];
    for style in styles {
        for poison in 1..=100u64 {
            for killed_after in [None, Some(poison % 12)] {
                let mut log = vec![Kind::Good; 100];
                log[usize::try_from(poison).unwrap() - 1] = Kind::Poison;
                // This choice reads 40 records a step, throttles nobody and keeps every step.
                let mut world = World::new(log, style, policy.clone(), vec![239]);
                for step in 0..u64::MAX {
                    if world.is_finished() {
                        break;
                    }
                    if killed_after == Some(step) {
                        world.crash();
                    }
                    world.step(None);
                }
                let case = format!("{style:?}, poison at {poison}, killed after {killed_after:?}");
                assert_eq!(world.largest_batch, 100, "{case}");
                assert_eq!(world.dead_places(), [poison], "{case}");
                assert_eq!(world.dead[0].attempts, 4, "{case}");
                assert_eq!(world.alone[&poison], 4, "{case}");
                assert_eq!(world.done.len(), 99, "{case}");
                assert!(world.done.values().all(|times| *times == 1), "{case}: {:?}", world.done);
                assert_eq!(world.crashes, u32::from(killed_after.is_some()), "{case}");
                // Two for the halves of each of seven splits, four for the poison, one for what was done before it.
                assert!(world.invocations <= 20, "{case}: {} invocations", world.invocations);
            }
        }
    }
}

/// The promises above are about something: in the worlds that they are held to, all that can happen does.
#[test]
fn the_worlds_are_eventful() {
    let mut runner = TestRunner::deterministic();
    let (mut crashed, mut split, mut exhausted, mut too_old, mut done_again) = (0, 0, 0, 0, 0);
    for _ in 0..400 {
        let mut world = any_world().new_tree(&mut runner).unwrap().current();
        world.run(30, 8);
        let died = |condition| usize::from(world.dead.iter().any(|dead| dead.condition == condition));
        crashed += usize::from(world.crashes > 0);
        split += usize::from(world.splits_deep > 2);
        exhausted += died(Condition::RetryAttemptsExhausted);
        too_old += died(Condition::RecordAgeExceeded);
        done_again += usize::from(world.done.values().any(|times| *times > 1));
    }
    let counts = [crashed, split, exhausted, too_old, done_again];
    assert!(counts.iter().all(|count| *count >= 20), "{counts:?} of 400");
}
