//! Decides when an endpoint is called: not more often than it is to be, and not more often at once than others have room
//! for: [`Pace`].
//!
//! Whoever comes when it is not his turn is given one, and comes again then; so a crowd that waits for a slow endpoint is
//! looked at about as often as the endpoint can be called, and not again and again. Turns are as far apart as the limit
//! wants, or as the endpoint takes.
//!
//! Invariant: at most [`AT_ONCE`] calls are under way, and in any second at most a tenth more begin than the limit says.

use std::time::Duration;

/// How many calls of one endpoint are under way at once.
pub const AT_ONCE: u32 = 8;
/// The furthest turn that is given; who comes behind it is told to ask again.
pub const FURTHEST: Duration = Duration::from_secs(300);
/// How much too early a turn may be taken, so that what comes together goes together.
const EARLY: u64 = 100_000;

/// When one endpoint may be called. Instants are microseconds since some beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pace {
    next_at: u64,
    under_way: u32,
    /// How long calls took of late.
    took: u64,
}

/// Whether somebody may call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// He may, and says when he is done.
    Now,
    /// He comes again after so long, and has a turn then.
    Later(Duration),
    /// He asks again after so long.
    Again(Duration),
}

impl Pace {
    /// Asks for a turn. `has_turn` says whether one was given for about now, `has_room` whether a call can be made at all.
    pub fn ask(&mut self, now: u64, per_second: u32, has_turn: bool, has_room: bool) -> Turn {
        let between = (1_000_000 / u64::from(per_second.max(1))).max(self.took / u64::from(AT_ONCE));
        if has_room && self.under_way < AT_ONCE && (has_turn || self.next_at <= now + EARLY) {
            if !has_turn {
                self.next_at = self.next_at.max(now) + between;
            }
            self.under_way += 1;
            return Turn::Now;
        }
        let turn_at = self.next_at.max(now + between);
        let wait = Duration::from_micros(turn_at - now);
        if wait > FURTHEST {
            return Turn::Again(FURTHEST);
        }
        self.next_at = turn_at + between;
        Turn::Later(wait)
    }

    /// A call ended after so long.
    pub fn done(&mut self, took: Duration) {
        self.under_way = self.under_way.saturating_sub(1);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 2);
        self.took = (self.took * 3 + took) / 4;
    }

    /// Whether nobody would miss it: nothing is under way, and no turn is given.
    pub fn is_idle(&self, now: u64) -> bool {
        self.under_way == 0 && self.next_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn what_comes_together_is_spread_by_the_limit() {
        let mut pace = Pace::default();
        assert_eq!(pace.ask(0, 2, false, true), Turn::Now);
        pace.done(Duration::ZERO);
        assert_eq!(pace.ask(0, 2, false, true), Turn::Later(Duration::from_millis(500)));
        assert_eq!(pace.ask(0, 2, false, true), Turn::Later(Duration::from_millis(1_000)));
        assert_eq!(pace.ask(SECOND / 2, 2, true, true), Turn::Now);
    }

    #[test]
    fn who_has_a_turn_and_finds_no_room_gets_another() {
        let mut pace = Pace::default();
        for _ in 0..AT_ONCE {
            assert_eq!(pace.ask(0, 300, true, true), Turn::Now);
        }
        assert!(matches!(pace.ask(0, 300, true, true), Turn::Later(_)));
        pace.done(Duration::from_millis(10));
        assert!(matches!(pace.ask(0, 300, true, false), Turn::Later(_)), "others have taken all room");
        assert_eq!(pace.ask(0, 300, true, true), Turn::Now);
    }

    #[test]
    fn a_slow_endpoint_is_asked_as_often_as_it_answers() {
        let mut pace = Pace::default();
        for at in 0..40 {
            pace.ask(at * SECOND, 300, true, true);
            pace.done(Duration::from_secs(4));
        }
        let now = 100 * SECOND;
        assert_eq!(pace.ask(now, 300, false, true), Turn::Now);
        let waits: Vec<u128> = (0..4)
            .map(|_| match pace.ask(now, 300, false, true) {
                Turn::Later(wait) => wait.as_millis(),
                turn => panic!("{turn:?}"),
            })
            .collect();
        // Eight at once, four seconds each: one every half second.
        for pair in waits.windows(2) {
            assert!((450..=550).contains(&(pair[1] - pair[0])), "{waits:?}");
        }
    }

    #[test]
    fn nobody_is_given_a_turn_in_an_hour() {
        let mut pace = Pace::default();
        let mut last = Turn::Now;
        for _ in 0..1_000 {
            last = pace.ask(0, 1, false, true);
        }
        assert_eq!(last, Turn::Again(FURTHEST));
    }

    proptest! {
        /// However callers come, and whoever keeps the turn that he was given: never more at once than there is room
        /// for, and never more than the limit and its tolerance in a second.
        #[test]
        fn the_limit_holds(
            per_second in 1..=50_u32,
            arrivals in proptest::collection::vec((0..3 * SECOND, 0..400_000_u64), 1..200),
        ) {
            let mut pace = Pace::default();
            // Each waits in a list until his time; calls end in theirs.
            let mut waiting: Vec<(u64, bool, u64)> = arrivals.iter().map(|(at, took)| (*at, false, *took)).collect();
            let (mut ends, mut begun): (Vec<(u64, u64)>, Vec<u64>) = (Vec::new(), Vec::new());
            while let Some(index) = (0..waiting.len()).min_by_key(|index| waiting[*index].0) {
                let (now, has_turn, took) = waiting.swap_remove(index);
                ends.retain(|(end, took)| {
                    if *end <= now {
                        pace.done(Duration::from_micros(*took));
                    }
                    *end > now
                });
                match pace.ask(now, per_second, has_turn, true) {
                    Turn::Now => {
                        begun.push(now);
                        ends.push((now + took, took));
                        prop_assert!(ends.len() <= AT_ONCE as usize);
                    }
                    Turn::Later(wait) => {
                        prop_assert!(!wait.is_zero());
                        waiting.push((now + wait.as_micros() as u64, true, took));
                    }
                    Turn::Again(wait) => waiting.push((now + wait.as_micros() as u64, false, took)),
                }
            }
            prop_assert_eq!(begun.len(), arrivals.len());
            for start in &begun {
                let in_a_second = begun.iter().filter(|at| (*start..start + SECOND).contains(*at)).count();
                let most = f64::from(per_second) * 1.1 + 2.0;
                prop_assert!((in_a_second as f64) <= most, "{} of {} in a second", in_a_second, per_second);
            }
        }
    }
}
