//! Decides the state that the newest values of an alarm mean.

use super::{Definition, Missing, State};

/// What values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// This state.
    Is(State),
    /// Nothing: the state stays what it is.
    Stays,
}

/// What values mean, the newest first: those of the periods that count, and of a few more before them.
///
/// If as many of them are there as count, the missing ones do not matter. Otherwise those that are missing count as the
/// alarm says. Breaching values alone, too few to ring, ring all the same once the oldest is as old as the alarm would
/// have waited for.
pub fn judge(definition: &Definition, values: &[Option<f64>], state: State) -> Judgement {
    let wanted = definition.periods as usize;
    let to_alarm = definition.datapoints_to_alarm() as usize;
    let breaches = |value: f64| definition.comparison.breaches(value, definition.threshold);
    let there: Vec<bool> = values.iter().flatten().take(wanted).map(|value| breaches(*value)).collect();
    let breaching = there.iter().filter(|breaches| **breaches).count();
    let missing = wanted - there.len();
    if breaching >= to_alarm {
        return Judgement::Is(State::Alarm);
    }
    if missing == 0 {
        return Judgement::Is(State::Ok);
    }
    match definition.treats_missing() {
        Missing::Breaching if breaching + missing >= to_alarm => Judgement::Is(State::Alarm),
        Missing::Breaching | Missing::NotBreaching => Judgement::Is(State::Ok),
        Missing::Missing | Missing::Ignore if there.len() > breaching => Judgement::Is(State::Ok),
        Missing::Ignore => Judgement::Stays,
        Missing::Missing if there.is_empty() => Judgement::Is(State::InsufficientData),
        Missing::Missing => {
            let oldest = values.iter().rposition(Option::is_some).expect("some are there");
            // Too young to tell: the next one may be good.
            if oldest + 1 >= to_alarm { Judgement::Is(State::Alarm) } else { stays(state) }
        }
    }
}

fn stays(state: State) -> Judgement {
    match state {
        State::Ok | State::Alarm => Judgement::Stays,
        // Something is known now, and it is no alarm yet.
        State::InsufficientData => Judgement::Is(State::Ok),
    }
}
