//! Quamina's side of the comparison.

use quamina::{MatcherBuildMode, Quamina};

/// Rules in quamina; a rule is known by its number in the bank.
pub(crate) struct Theirs {
    quamina: Quamina<usize>,
}

impl Theirs {
    /// The reason if quamina refuses one of the rules. Wildcards are built for speed, not for memory, which is the
    /// faster of quamina's two ways to match them.
    pub(crate) fn new(rules: &[String]) -> Result<Theirs, String> {
        let mut quamina = Quamina::new();
        quamina.set_matcher_build_mode(MatcherBuildMode::BuiltForSpeed);
        for (number, rule) in rules.iter().enumerate() {
            quamina.add_pattern(number, rule).map_err(|error| error.to_string())?;
        }
        Ok(Theirs { quamina })
    }

    /// How many rules match: what is measured.
    pub(crate) fn count(&mut self, event: &[u8]) -> usize {
        self.quamina.matches_for_event(event).expect("every event is JSON").len()
    }

    /// Which rules match.
    pub(crate) fn matched(&mut self, event: &[u8]) -> Vec<usize> {
        let mut matched = self.quamina.matches_for_event(event).expect("every event is JSON");
        matched.sort_unstable();
        matched
    }
}
