//! Our side of the comparison: the one file that knows how this crate is called.

use pattern::{Dialect, Matcher, Pattern, Scratch};

/// Rules of ours, compiled into one matcher; a rule is known by its number in the bank.
pub(crate) struct Ours {
    matcher: Matcher<usize>,
    scratch: Scratch,
}

impl Ours {
    pub(crate) fn new(rules: &[String]) -> Ours {
        let parse =
            |rule: &String| Pattern::parse_unlimited(rule, Dialect::Bus).unwrap_or_else(|e| panic!("{rule}: {e}"));
        let patterns: Vec<Pattern> = rules.iter().map(parse).collect();
        Ours { matcher: Matcher::new(patterns.iter().enumerate()), scratch: Scratch::new() }
    }

    /// How many rules match: what is measured.
    pub(crate) fn count(&mut self, event: &[u8]) -> usize {
        self.matcher.matches_json(event, &mut self.scratch).expect("every event is JSON").len()
    }

    /// Which rules match.
    pub(crate) fn matched(&mut self, event: &[u8]) -> Vec<usize> {
        let matched = self.matcher.matches_json(event, &mut self.scratch).expect("every event is JSON");
        let mut matched: Vec<usize> = matched.copied().collect();
        matched.sort_unstable();
        matched
    }
}
