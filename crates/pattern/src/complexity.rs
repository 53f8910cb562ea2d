//! Decides how complex the wildcards of one field are: [`complexity`].
//!
//! AWS refuses rules whose wildcards can be in too many states at once. Its measure is the largest number of wildcard
//! prefixes that one and the same input can match; ours is the same number, found by following every set of states
//! that some input reaches. Our matcher does not need the limit; it is here so that a pattern that passes here passes
//! there.

use crate::wildcard::Wildcard;
use std::collections::HashSet;

/// What AWS accepts. The number is unpublished; this one agrees with what is known to pass and to fail there.
pub const WILDCARD_COMPLEXITY_MAX: usize = 10;

/// Sets of states that are looked at before the wildcards count as too complex.
const SETS_MAX: usize = 20_000;

/// A wildcard (its index) and how many of its symbols are behind it.
type State = (usize, usize);

/// Whether no input can bring the wildcards, all of one field, into more than `limit` states at once.
pub(crate) fn is_within(wildcards: &[&Wildcard], limit: usize) -> bool {
    let patterns: Vec<Vec<Option<u8>>> = wildcards.iter().map(|wildcard| wildcard.symbols()).collect();
    let start: Vec<State> = (0..patterns.len()).map(|index| (index, 0)).collect();
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(states) = open.pop() {
        for byte in next_bytes(&patterns, &states) {
            let reached = step(&patterns, &states, byte);
            if reached.len() > limit || seen.len() > SETS_MAX {
                return false;
            }
            if !reached.is_empty() && seen.insert(reached.clone()) {
                open.push(reached);
            }
        }
    }
    true
}

/// The bytes that lead somewhere particular, and one (none) for all others.
fn next_bytes(patterns: &[Vec<Option<u8>>], states: &[State]) -> HashSet<Option<u8>> {
    let literals = states.iter().filter_map(|(index, at)| patterns[*index].get(*at).copied().flatten());
    literals.map(Some).chain([None]).collect()
}

/// The states after one more byte. A state in front of a star is also the state behind it.
fn step(patterns: &[Vec<Option<u8>>], states: &[State], byte: Option<u8>) -> Vec<State> {
    let mut reached = Vec::new();
    for &(index, at) in states {
        let pattern = &patterns[index];
        let behind_star = at > 0 && pattern[at - 1].is_none();
        if behind_star {
            reached.push((index, at));
        }
        if let Some(Some(literal)) = pattern.get(at)
            && byte == Some(*literal)
        {
            reached.push((index, at + 1));
            if let Some(None) = pattern.get(at + 1) {
                reached.push((index, at + 2));
            }
        }
    }
    reached.sort_unstable();
    reached.dedup();
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complexity_agrees_with_what_is_known_of_aws() {
        let cases: [(&[&str], usize); 8] = [
            (&["*:*:*:*:*:event-bus/*"], 11),
            (&["/Users/*/dir/dir/dir/dir/dir/doc.txt"], 7),
            (&["*:stack/1/*", "*:stack/2/*", "*:stack/3/*"], 9),
            (&["*:stack/1/*", "*:stack/2/*", "*:stack/3/*", "*:stack/4/*"], 12),
            (&["*"], 2),
            (&["plain"], 1),
            (&["a*"], 2),
            (&[], 0),
        ];
        for (texts, expected) in cases {
            let wildcards: Vec<Wildcard> = texts.iter().map(|text| Wildcard::parse(text).unwrap()).collect();
            let wildcards: Vec<&Wildcard> = wildcards.iter().collect();
            let complexity = (0..).find(|limit| is_within(&wildcards, *limit)).unwrap();
            assert_eq!(complexity, expected, "{texts:?}");
        }
    }
}
