//! Decides whether the breaker does what a slow, obvious model of it does, and what it promises.

use super::*;
use proptest::prelude::*;

const RULES: BreakerRules = BreakerRules {
    window: 6,
    calls_min: 4,
    failures_percent: 50,
    cool_down: Duration::from_millis(100),
    cool_down_max: Duration::from_millis(300),
    probe_for: Duration::from_millis(250),
};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Remembers everything that ever happened, and decides each question from all of it.
#[derive(Default)]
struct Model {
    happened: Vec<Happened>,
}

#[derive(Clone, Copy, PartialEq)]
enum Happened {
    /// A call was let through at this time, as a probe or not.
    Let { at: u64, probe: bool },
    /// The call that was let through in this place reported.
    Reported { place: usize, succeeded: bool, at: u64 },
}

/// What the model knows at the end of its story.
struct Known {
    /// Since which place it has been closed, if it is.
    closed_since: Option<usize>,
    open_until: u64,
    cool_down: u64,
    probe: Option<usize>,
    probe_lost_at: u64,
}

impl Model {
    fn known(&self) -> Known {
        let mut known = Known { closed_since: Some(0), open_until: 0, cool_down: 0, probe: None, probe_lost_at: 0 };
        for (now, happened) in self.happened.iter().enumerate() {
            match (*happened, known.closed_since) {
                (Happened::Let { at, probe: true }, _) => {
                    known.probe = Some(now);
                    known.probe_lost_at = at + 250;
                }
                (Happened::Let { probe: false, .. }, _) => {}
                (Happened::Reported { place, at, .. }, Some(since)) if place >= since => {
                    // Of all reports so far on calls of this time, the last six.
                    let reports = self.happened[..=now].iter().filter_map(|happened| match happened {
                        Happened::Reported { place, succeeded, .. } if *place >= since => Some(*succeeded),
                        Happened::Reported { .. } | Happened::Let { .. } => None,
                    });
                    let reports: Vec<bool> = reports.collect();
                    let last = &reports[reports.len().saturating_sub(6)..];
                    let failures = last.iter().filter(|succeeded| !**succeeded).count();
                    if last.len() >= 4 && 2 * failures >= last.len() {
                        known.closed_since = None;
                        known.cool_down = 100;
                        known.open_until = at + 100;
                    }
                }
                (Happened::Reported { place, succeeded: true, .. }, None) if known.probe == Some(place) => {
                    known.closed_since = Some(now);
                    known.probe = None;
                }
                (Happened::Reported { place, at, .. }, None) if known.probe == Some(place) => {
                    known.probe = None;
                    known.cool_down = (2 * known.cool_down).min(300);
                    known.open_until = at + known.cool_down;
                }
                (Happened::Reported { .. }, _) => {}
            }
        }
        known
    }

    /// The place of the call, if it may be made.
    fn permit(&mut self, at: u64) -> Option<usize> {
        let known = self.known();
        let due = if known.probe.is_some() { known.probe_lost_at } else { known.open_until };
        let probe = known.closed_since.is_none();
        if probe && at < due {
            return None;
        }
        self.happened.push(Happened::Let { at, probe });
        Some(self.happened.len() - 1)
    }
}

#[derive(Debug, Clone)]
enum Act {
    Ask,
    /// One of the calls under way reports.
    Report {
        which: usize,
        succeeded: bool,
    },
    Wait(u64),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Ask),
        4 => (any::<usize>(), proptest::bool::weighted(0.4)).prop_map(|(which, succeeded)| Act::Report { which, succeeded }),
        1 => (0..400u64).prop_map(Act::Wait),
    ]
}

proptest! {
    /// Whatever is asked and reported when, the breaker lets through what the model lets through.
    #[test]
    fn it_decides_as_the_model_does(acts in proptest::collection::vec(any_act(), 0..120)) {
        let (mut breaker, mut model, mut now) = (Breaker::new(RULES), Model::default(), 0u64);
        let mut under_way: Vec<(Pass, usize)> = Vec::new();
        for act in acts {
            match act {
                Act::Wait(span) => now += span,
                Act::Ask => match (breaker.permit(millis(now)), model.permit(now)) {
                    (Permit::Go(pass), Some(place)) => under_way.push((pass, place)),
                    (Permit::Wait(span), None) => prop_assert!(span > Duration::ZERO && span <= millis(300)),
                    (permit, place) => prop_assert!(false, "{permit:?} at {now}, the model says {place:?}"),
                },
                Act::Report { .. } if under_way.is_empty() => {}
                Act::Report { which, succeeded } => {
                    let (pass, place) = under_way.remove(which % under_way.len());
                    breaker.record(pass, succeeded, millis(now));
                    model.happened.push(Happened::Reported { place, succeeded, at: now });
                }
            }
            prop_assert_eq!(breaker.position() == Position::Closed, model.known().closed_since.is_some());
        }
    }
}

fn pass(breaker: &mut Breaker, at: u64) -> Option<Pass> {
    match breaker.permit(millis(at)) {
        Permit::Go(pass) => Some(pass),
        Permit::Wait(_) => None,
    }
}

fn opened() -> Breaker {
    let mut breaker = Breaker::new(RULES);
    for _ in 0..4 {
        let pass = pass(&mut breaker, 0).unwrap();
        breaker.record(pass, false, millis(0));
    }
    assert_eq!(breaker.position(), Position::Open);
    breaker
}

#[test]
fn cool_downs_double_up_to_their_bound_and_one_probe_goes_at_a_time() {
    let mut breaker = opened();
    let mut now = 0;
    for cool_down in [100, 200, 300, 300] {
        assert_eq!(pass(&mut breaker, now + cool_down - 1), None, "{cool_down}");
        now += cool_down;
        let probe = pass(&mut breaker, now).unwrap();
        assert_eq!(pass(&mut breaker, now), None, "only one probes");
        breaker.record(probe, false, millis(now));
    }
    let probe = pass(&mut breaker, now + 300).unwrap();
    breaker.record(probe, true, millis(now + 300));
    assert_eq!(breaker.position(), Position::Closed);
    assert!(pass(&mut breaker, now + 300).is_some() && pass(&mut breaker, now + 300).is_some());
}

#[test]
fn a_probe_that_never_reports_is_followed_by_another() {
    let mut breaker = opened();
    let lost = pass(&mut breaker, 100).unwrap();
    assert_eq!(pass(&mut breaker, 349), None);
    let second = pass(&mut breaker, 350).unwrap();
    breaker.record(lost, true, millis(351));
    assert_eq!(breaker.position(), Position::HalfOpen, "what was given up no longer counts");
    breaker.record(second, true, millis(352));
    assert_eq!(breaker.position(), Position::Closed);
}

#[test]
fn what_was_under_way_when_it_opened_does_not_close_it() {
    let mut breaker = Breaker::new(RULES);
    let passes: Vec<Pass> = (0..8).filter_map(|_| pass(&mut breaker, 0)).collect();
    passes[..4].iter().for_each(|pass| breaker.record(*pass, false, millis(1)));
    passes[4..].iter().for_each(|pass| breaker.record(*pass, true, millis(2)));
    assert_eq!(breaker.position(), Position::Open);
}
