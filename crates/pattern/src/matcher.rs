//! Decides how many patterns are matched as one: [`Matcher`], and [`Rules`] that change while others match.
//!
//! [`plan`] is what all patterns together look like, made by [`build`] and [`scopes`]; [`run`] what is noted about one
//! event. [`bytes`] and [`typed`] walk along an event and tell the run what is there, [`tester`] and [`trie`] decide
//! about single values, [`scan`] finds the ends of what nobody asks for.
//!
//! Always holds: the answer is the one that [`search`] gives for each pattern by itself; and where an event is too
//! irregular for one walk, it is that search that decides.

mod build;
mod bytes;
mod plan;
mod rules;
mod run;
mod scan;
mod scopes;
mod tester;
mod trie;
mod typed;

pub use rules::Rules;
pub use run::Scratch;

use crate::error::{EventError, TooAmbiguous};
use crate::json::JsonEvent;
use crate::node::{Kind, Node};
use crate::pattern::Pattern;
use crate::rule::Rule;
use crate::search;
use bytes::Trouble;
use plan::Plan;
use run::{Run, Verdict};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use typed::Hopeless;

/// Many patterns, compiled into one: the rules of a bus, the filters of a pipe, or a single pattern that many events
/// are matched with.
///
/// An event is read once, however many patterns there are, and what no pattern names is skipped. Patterns are known by
/// keys of the caller's choice; a key that is given several times matches if any of its patterns does.
///
/// ```
/// use pattern::{Dialect, Matcher, Pattern, Scratch};
///
/// let large = Pattern::parse(r#"{"detail": {"total": [{"numeric": [">", 100]}]}}"#, Dialect::Bus)?;
/// let french = Pattern::parse(r#"{"detail": {"country": ["FR"]}}"#, Dialect::Bus)?;
/// let matcher = Matcher::new([("large", &large), ("french", &french)]);
///
/// let mut scratch = Scratch::new();
/// let event = br#"{"detail": {"total": 120, "country": "FR"}}"#;
/// let mut matched: Vec<&str> = matcher.matches_json(event, &mut scratch)?.copied().collect();
/// matched.sort();
/// assert_eq!(matched, ["french", "large"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Matcher<K> {
    plan: Arc<Plan>,
    rules: Vec<Arc<Rule>>,
    /// For each rule, the position of its key.
    key_of: Vec<u32>,
    keys: Vec<K>,
}

impl<K> Matcher<K> {
    /// Compiles patterns.
    pub fn new<'p>(rules: impl IntoIterator<Item = (K, &'p Pattern)>) -> Matcher<K>
    where
        K: Clone + Eq + Hash,
    {
        let mut numbers: HashMap<K, u32> = HashMap::new();
        let mut matcher = Matcher {
            plan: Arc::new(Plan::new(std::iter::empty())),
            rules: Vec::new(),
            key_of: Vec::new(),
            keys: Vec::new(),
        };
        for (key, pattern) in rules {
            let number = *numbers.entry(key.clone()).or_insert_with(|| {
                matcher.keys.push(key);
                index(matcher.keys.len() - 1)
            });
            matcher.key_of.push(number);
            matcher.rules.push(Arc::clone(pattern.rule()));
        }
        matcher.plan = Arc::new(Plan::new(matcher.rules.iter().map(|rule| &**rule)));
        matcher
    }

    /// The keys whose patterns match a JSON event, in no order.
    ///
    /// What no pattern asks for is skipped and not checked. An event that is no JSON object gets an error where a
    /// pattern looks, and mostly where the text ends too soon: one that is torn behind all that patterns ask for, and
    /// just behind a closing bracket, is taken for whole. [`JsonEvent::parse`] checks all of an event, once.
    pub fn matches_json<'m>(&'m self, event: &[u8], scratch: &'m mut Scratch) -> Result<Matches<'m, K>, EventError> {
        let mut undecided = false;
        match self.decide(scratch, |run| bytes::walk(event, run)) {
            Ok(Outcome::Decided) => {}
            Ok(Outcome::Unclear(candidates)) => {
                undecided = self.decide_each(JsonEvent::parse(event)?.root(), &candidates, scratch);
            }
            // Whoever reads with all care says what the trouble is.
            Err(Trouble) => {
                let event = JsonEvent::parse(event)?;
                let all: Vec<u32> = (0..index(self.rules.len())).collect();
                undecided = self.decide_each(event.root(), &all, scratch);
            }
        }
        Ok(Matches { keys: &self.keys, matched: scratch.matched.iter(), undecided })
    }

    /// The keys whose patterns match a typed event, in no order: none if it is no object.
    pub fn matches<'m, N: Node>(&'m self, event: N, scratch: &'m mut Scratch) -> Matches<'m, K> {
        let mut undecided = false;
        if event.kind() != Kind::Object {
            scratch.matched.clear();
        } else {
            match self.decide(scratch, |run| typed::walk(event, run)) {
                Ok(Outcome::Decided) => {}
                Ok(Outcome::Unclear(candidates)) => undecided = self.decide_each(event, &candidates, scratch),
                Err(Hopeless) => scratch.matched.clear(),
            }
        }
        Matches { keys: &self.keys, matched: scratch.matched.iter(), undecided }
    }

    fn decide<E>(
        &self,
        scratch: &mut Scratch,
        mut walk: impl FnMut(&mut Run<'_>) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let mut run = Run::new(&self.plan, scratch, &self.key_of, self.keys.len());
        walk(&mut run)?;
        let mut verdict = run.finish();
        if verdict == Verdict::Again {
            walk(&mut run)?;
            verdict = run.finish();
        }
        match verdict {
            Verdict::Decided => Ok(Outcome::Decided),
            Verdict::Again | Verdict::Unclear => Ok(Outcome::Unclear(run.candidates().collect())),
        }
    }

    /// Decides about rules, each by itself and with all care. The answer is whether one is left undecided.
    #[cold]
    fn decide_each<N: Node>(&self, event: N, rules: &[u32], scratch: &mut Scratch) -> bool {
        let mut matched = vec![false; self.keys.len()];
        let mut steps = search::Steps::for_many();
        let mut undecided = false;
        for &rule in rules {
            let matched = &mut matched[self.key_of[rule as usize] as usize];
            if !*matched {
                match search::matches(&self.rules[rule as usize], event, &mut steps) {
                    Ok(matches) => *matched = matches,
                    Err(TooAmbiguous) => undecided = true,
                }
            }
        }
        scratch.matched.clear();
        scratch.matched.extend((0..).zip(&matched).filter(|(_, matched)| **matched).map(|(key, _)| key));
        undecided
    }

    /// All keys, each once.
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no pattern at all, so that nothing matches.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// No patterns: nothing matches.
impl<K: Clone + Eq + Hash> Default for Matcher<K> {
    fn default() -> Matcher<K> {
        Matcher::new([])
    }
}

impl<K: fmt::Debug> fmt::Debug for Matcher<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matcher").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// What came of walking along an event.
enum Outcome {
    Decided,
    /// These rules are to be decided by themselves.
    Unclear(Vec<u32>),
}

/// A position that is none.
const NOWHERE: u32 = u32::MAX;

/// A position as it is kept.
fn index(position: usize) -> u32 {
    u32::try_from(position).ok().filter(|index| *index != NOWHERE).expect("patterns take less memory than that")
}

/// The keys of patterns that match: each once, in no order.
pub struct Matches<'m, K> {
    keys: &'m [K],
    matched: std::slice::Iter<'m, u32>,
    undecided: bool,
}

impl<K> Matches<'_, K> {
    /// Whether it was not decided for some pattern if it matches, because the event is [`TooAmbiguous`] for it. Only an
    /// event can be so that spells paths in many ways, with repeated or dotted keys, over many arrays.
    pub fn is_undecided(&self) -> bool {
        self.undecided
    }
}

impl<K> Clone for Matches<'_, K> {
    fn clone(&self) -> Self {
        Matches { keys: self.keys, matched: self.matched.clone(), undecided: self.undecided }
    }
}

impl<K: fmt::Debug> fmt::Debug for Matches<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'m, K> Iterator for Matches<'m, K> {
    type Item = &'m K;

    fn next(&mut self) -> Option<&'m K> {
        self.matched.next().map(|key| &self.keys[*key as usize])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.matched.size_hint()
    }
}

impl<K> ExactSizeIterator for Matches<'_, K> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;

    /// Stamps are started anew before they run out, and then what the first event left is not taken for the next one's.
    #[test]
    fn stamps_may_run_out() {
        let pattern = Pattern::parse(r#"{"x":[1],"y":[1]}"#, Dialect::Bus).unwrap();
        let matcher = Matcher::new([((), &pattern)]);
        let mut scratch = Scratch::new();
        let matched =
            |event: &str, scratch: &mut Scratch| matcher.matches_json(event.as_bytes(), scratch).unwrap().len();
        assert_eq!(matched(r#"{"x":2,"y":1}"#, &mut scratch), 0);
        scratch.run_out_of_stamps();
        for round in 0..10 {
            assert_eq!(matched(r#"{"x":1}"#, &mut scratch), 0, "in round {round} y is there");
        }
        assert_eq!(matched(r#"{"y":1,"x":1}"#, &mut scratch), 1);
    }
}
