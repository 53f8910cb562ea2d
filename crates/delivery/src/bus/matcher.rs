//! Decides which rules of a bus match an event, at a cost that hardly grows with the rules that do not: [`BusMatcher`].
//!
//! All rules are compiled into one matcher, which reads an event once. In that, fields that are compared with texts and
//! numbers cost the same however many rules there are; but ranges, networks, wildcards, `anything-but` and absent fields
//! are looked at for each rule that has them. So a rule that has such and that also wants a certain text in some field
//! is kept out: of it only that field is in the common matcher, as its gate (`gates`). Only events that pass the gate
//! are held against the rules behind it, which are a small matcher of their own.
//!
//! Invariant: the rules that match are those whose patterns match, each by itself.

mod gates;

use pattern::{EventError, Matcher, Pattern, Scratch};

/// The patterns of a bus as one, each known by a key of the caller's: a rule, an archive.
#[derive(Debug, Clone)]
pub struct BusMatcher<K> {
    keys: Vec<K>,
    common: Matcher<Entry>,
    gated: Vec<Matcher<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Entry {
    /// The position of a key.
    Rule(usize),
    /// The position of a matcher of rules, in which keys are known by their positions.
    Gate(usize),
}

/// What matching needs, to be used again and again.
#[derive(Debug, Default)]
pub struct MatchScratch {
    common: Scratch,
    gated: Scratch,
    matched: Vec<usize>,
}

/// Which rules match.
#[derive(Debug, Clone)]
pub struct Matched<'m, K> {
    keys: &'m [K],
    positions: &'m [usize],
    undecided: bool,
}

impl<K> BusMatcher<K> {
    /// Compiles patterns. A key that is given twice is told twice.
    pub fn new<'p>(patterns: impl IntoIterator<Item = (K, &'p Pattern)>) -> Self {
        let (keys, patterns): (Vec<K>, Vec<&Pattern>) = patterns.into_iter().unzip();
        let gates = gates::choose(&patterns);
        let mut gate_of = vec![None; patterns.len()];
        for (number, gate) in gates.iter().enumerate() {
            gate.rules.iter().for_each(|rule| gate_of[*rule] = Some(number));
        }
        let whole = (0..patterns.len()).filter(|position| gate_of[*position].is_none());
        let whole = whole.map(|position| (Entry::Rule(position), patterns[position]));
        let entries = (0..).zip(&gates).map(|(number, gate)| (Entry::Gate(number), &gate.pattern)).chain(whole);
        let behind = |gate: &gates::Gate| Matcher::new(gate.rules.iter().map(|rule| (*rule, patterns[*rule])));
        Self { common: Matcher::new(entries), gated: gates.iter().map(behind).collect(), keys }
    }

    /// The keys whose patterns match an event, in the order in which they were given.
    pub fn matches<'m>(&'m self, event: &[u8], scratch: &'m mut MatchScratch) -> Result<Matched<'m, K>, EventError> {
        scratch.matched.clear();
        let found = self.common.matches_json(event, &mut scratch.common)?;
        let mut undecided = found.is_undecided();
        for entry in found {
            match *entry {
                Entry::Rule(position) => scratch.matched.push(position),
                Entry::Gate(number) => {
                    let behind = self.gated[number].matches_json(event, &mut scratch.gated)?;
                    undecided |= behind.is_undecided();
                    scratch.matched.extend(behind);
                }
            }
        }
        scratch.matched.sort_unstable();
        Ok(Matched { keys: &self.keys, positions: &scratch.matched, undecided })
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no pattern, so that nothing matches.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl<K> Default for BusMatcher<K> {
    fn default() -> Self {
        Self::new([])
    }
}

impl<K> Matched<'_, K> {
    /// Whether it was not decided for some rule if it matches, because the event spells paths in too many ways. Such an
    /// event is made for the purpose; who delivers says so in the log.
    pub fn is_undecided(&self) -> bool {
        self.undecided
    }
}

impl<'m, K> Iterator for Matched<'m, K> {
    type Item = &'m K;

    fn next(&mut self) -> Option<&'m K> {
        let (first, rest) = self.positions.split_first()?;
        self.positions = rest;
        Some(&self.keys[*first])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.positions.len(), Some(self.positions.len()))
    }
}

impl<K> ExactSizeIterator for Matched<'_, K> {}

#[cfg(test)]
mod tests;
