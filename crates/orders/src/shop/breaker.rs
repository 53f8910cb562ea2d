//! Decides whether a dependency is asked at all: a circuit breaker.
//!
//! Closed, it lets every call through and counts the failures among the last ones. When too many failed it opens:
//! nobody is let through until a cool-down is over. Then one call may probe; if it succeeds the breaker closes, and if
//! not, the next cool-down is twice as long, up to a bound. Time is an argument, counted from any fixed instant by a
//! clock that is never set.
//!
//! Invariant: while it is not closed, at most one call is let through in each cool-down.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// How many of the last calls are looked at.
    pub window: usize,
    /// With fewer calls than these it does not open.
    pub calls_min: usize,
    /// It opens when at least this share of the calls failed, in percent.
    pub failures_percent: usize,
    /// How long it stays open at first.
    pub cool_down: Duration,
    /// How long it stays open at most.
    pub cool_down_max: Duration,
    /// When a probe that does not report back counts as lost, and another may go.
    pub probe_for: Duration,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            window: 20,
            calls_min: 10,
            failures_percent: 50,
            cool_down: Duration::from_secs(1),
            cool_down_max: Duration::from_secs(10),
            probe_for: Duration::from_secs(30),
        }
    }
}

/// The breaker of one dependency.
#[derive(Debug, Clone)]
pub struct Breaker {
    rules: BreakerRules,
    state: State,
    /// Counts the changes of state, so that a call is only reported to the state that let it through.
    era: u64,
}

#[derive(Debug, Clone)]
enum State {
    /// Whether each of the last calls failed, the oldest first.
    Closed {
        failed: VecDeque<bool>,
    },
    Open {
        until: Duration,
        cool_down: Duration,
    },
    HalfOpen {
        lost_at: Duration,
        cool_down: Duration,
    },
}

/// Leave to call, to be handed back with how it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    era: u64,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// It may.
    Go(Pass),
    /// Not before this time has gone by.
    Wait(Duration),
}

/// How a breaker stands, for those who watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Calls go through.
    Closed,
    /// No calls go through.
    Open,
    /// One call is under way to see whether others may follow.
    HalfOpen,
}

impl Breaker {
    /// A breaker that is closed.
    pub fn new(rules: BreakerRules) -> Self {
        Self { rules, state: State::Closed { failed: VecDeque::new() }, era: 0 }
    }

    /// How it stands.
    pub fn position(&self) -> Position {
        match self.state {
            State::Closed { .. } => Position::Closed,
            State::Open { .. } => Position::Open,
            State::HalfOpen { .. } => Position::HalfOpen,
        }
    }

    /// Whether a call may be made now.
    pub fn permit(&mut self, now: Duration) -> Permit {
        let (due, cool_down) = match self.state {
            State::Closed { .. } => return Permit::Go(Pass { era: self.era }),
            State::Open { until, cool_down } => (until, cool_down),
            State::HalfOpen { lost_at, cool_down } => (lost_at, cool_down),
        };
        if now < due {
            // A probe usually answers long before it counts as lost.
            return Permit::Wait((due - now).min(cool_down));
        }
        self.enter(State::HalfOpen { lost_at: now + self.rules.probe_for, cool_down });
        Permit::Go(Pass { era: self.era })
    }

    /// Hears how a call went that was let through; what was let through by an earlier state no longer counts.
    pub fn record(&mut self, pass: Pass, succeeded: bool, now: Duration) {
        if pass.era != self.era {
            return;
        }
        let rules = self.rules;
        match &mut self.state {
            State::Closed { failed } => {
                if failed.len() == rules.window {
                    failed.pop_front();
                }
                failed.push_back(!succeeded);
                let failures = failed.iter().filter(|failed| **failed).count();
                if failed.len() >= rules.calls_min && failures * 100 >= failed.len() * rules.failures_percent {
                    self.enter(State::Open { until: now + rules.cool_down, cool_down: rules.cool_down });
                }
            }
            State::HalfOpen { .. } if succeeded => self.enter(State::Closed { failed: VecDeque::new() }),
            State::HalfOpen { cool_down, .. } => {
                let cool_down = (*cool_down * 2).min(rules.cool_down_max);
                self.enter(State::Open { until: now + cool_down, cool_down });
            }
            State::Open { .. } => unreachable!("an open breaker lets nobody through, so no pass is of its era"),
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.era += 1;
    }
}

/// What the worker asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// Whoever keeps the goods.
    Inventory,
    /// Whoever takes the money.
    Payments,
    /// Whoever sends the parcels.
    Fulfilment,
}

impl Dependency {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Inventory, Self::Payments, Self::Fulfilment];

    /// As logs and metrics call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Payments => "payment",
            Self::Fulfilment => "fulfilment",
        }
    }
}

/// The breakers of all dependencies, shared by all workers.
#[derive(Debug)]
pub struct Breakers([Mutex<Breaker>; 3]);

impl Breakers {
    /// Breakers that are all closed.
    pub fn new(rules: BreakerRules) -> Self {
        Self(Dependency::ALL.map(|_| Mutex::new(Breaker::new(rules))))
    }

    /// Whether a dependency may be asked now.
    pub fn permit(&self, dependency: Dependency, now: Duration) -> Permit {
        self.with(dependency, |breaker| breaker.permit(now))
    }

    /// Hears how it went.
    pub fn record(&self, dependency: Dependency, pass: Pass, succeeded: bool, now: Duration) {
        self.with(dependency, |breaker| breaker.record(pass, succeeded, now));
    }

    /// How a dependency's breaker stands.
    pub fn position(&self, dependency: Dependency) -> Position {
        self.with(dependency, |breaker| breaker.position())
    }

    fn with<T>(&self, dependency: Dependency, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let breaker = match dependency {
            Dependency::Inventory => &self.0[0],
            Dependency::Payments => &self.0[1],
            Dependency::Fulfilment => &self.0[2],
        };
        // Every change of a breaker is whole, so a panic elsewhere leaves nothing half-done in it.
        act(&mut breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Breakers {
    fn default() -> Self {
        Self::new(BreakerRules::default())
    }
}

#[cfg(test)]
mod tests;
