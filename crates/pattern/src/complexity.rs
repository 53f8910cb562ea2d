//! Decides which rules have too complex wildcards: [`check`].
//!
//! AWS refuses rules whose wildcards can be in too many states at once: it follows every input that a field may have
//! and counts the prefixes of wildcards that match what was read so far. Ours is the same number, found by following
//! every set of states that some input reaches. Our matcher does not need the limit; it is here so that a pattern that
//! passes here passes there.
//!
//! Two details are AWS's. The wildcards in one `anything-but` count once where they begin alike, other wildcards each
//! by itself. And it goes through a rule's fields in the order of their paths, like a machine that goes on to the next
//! field with what the last one held: so wildcards add up only behind equal clauses, and what comes behind a clause
//! that only absence satisfies is never looked at.

use crate::rule::{Alternative, Rule};
use crate::test::{Excluded, Range, Test};
use crate::wildcard::Wildcard;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What AWS accepts. The number is unpublished; this one agrees with what is known to pass and to fail there.
pub const WILDCARD_COMPLEXITY_MAX: usize = 10;

/// Sets of states that are looked at, for all fields together, before the wildcards count as too complex.
const SETS_MAX: usize = 20_000;

/// Steps from field to field, after which a rule counts as too complex that has wildcards.
const WALKS_MAX: usize = 200_000;

/// Wildcards of one field, each with its owner: itself, or the `anything-but` that it is in.
type Owned<'r> = Vec<(usize, &'r Wildcard)>;

/// The error is the path whose wildcards are too complex together.
pub(crate) fn check(rule: &Rule, limit: usize) -> Result<(), String> {
    let mut sets_left = SETS_MAX;
    let mut known: HashSet<Vec<At>> = HashSet::new();
    for (path, together) in fields(rule)? {
        if known.contains(&together) {
            continue;
        }
        let mut wildcards: Owned<'_> = Vec::new();
        for (owner, (clause, index)) in together.iter().enumerate() {
            let of_one = wildcards_of(&rule.clauses[*clause].alternatives[*index].test);
            wildcards.extend(of_one.into_iter().map(|wildcard| (owner, wildcard)));
        }
        if !is_within(&wildcards, limit, &mut sets_left) {
            return Err(path.to_owned());
        }
        known.insert(together);
    }
    Ok(())
}

/// An alternative: the number of its clause in the rule, and its own in the clause.
type At = (usize, usize);

/// What is matched together: for each place that the machine can be in, and each path that it looks at from there, the
/// alternatives with wildcards. The error is the path at which there are too many ways to go on.
fn fields(rule: &Rule) -> Result<Vec<(&str, Vec<At>)>, String> {
    let has_wildcards = |alternative: &Alternative| !wildcards_of(&alternative.test).is_empty();
    if !rule.clauses.iter().any(|clause| clause.alternatives.iter().any(has_wildcards)) {
        return Ok(Vec::new());
    }
    // Equal tests have equal numbers.
    let mut numbers: HashMap<Test, usize> = HashMap::new();
    let mut tests: Vec<Vec<usize>> = Vec::with_capacity(rule.clauses.len());
    for clause in &rule.clauses {
        let wanting_value = clause.alternatives.iter().filter(|alternative| alternative.test != Test::Absent);
        let number = |alternative: &Alternative| {
            let next = numbers.len();
            *numbers.entry(normal(&alternative.test)).or_insert(next)
        };
        tests.push(wanting_value.map(number).collect());
    }
    let mut walks_left = WALKS_MAX;
    let mut places_count = 1;
    // From a place, by the path and what it holds, to the next place.
    let mut ways: HashMap<(usize, &str, usize), usize> = HashMap::new();
    let mut at: BTreeMap<(usize, &str), Vec<At>> = BTreeMap::new();
    for branch in &rule.branches {
        let mut clauses: Vec<usize> = branch.clauses().collect();
        let path = |clause: usize| rule.clauses[clause].path.as_str();
        clauses.sort_by(|one, other| path(*one).encode_utf16().cmp(path(*other).encode_utf16()));
        let mut places = BTreeSet::from([0]);
        for number in clauses {
            let clause = &rule.clauses[number];
            let mut reached = BTreeSet::new();
            for place in places {
                walks_left = walks_left.checked_sub(1 + tests[number].len()).ok_or_else(|| clause.path.clone())?;
                let fresh = places_count;
                for test in &tests[number] {
                    let next = *ways.entry((place, &clause.path, *test)).or_insert(fresh);
                    places_count = places_count.max(next + 1);
                    reached.insert(next);
                }
                if !clause.alternatives.iter().any(has_wildcards) {
                    continue;
                }
                let together = at.entry((place, &clause.path)).or_default();
                for (index, alternative) in clause.alternatives.iter().enumerate().filter(|(_, one)| has_wildcards(one))
                {
                    // One that is written twice in a list counts twice, but not one that another branch has too.
                    let is_known = |(other, at): &At| {
                        *at == index && *other == number
                            || *other != number && rule.clauses[*other].alternatives[*at].test == alternative.test
                    };
                    walks_left = walks_left.checked_sub(together.len()).ok_or_else(|| clause.path.clone())?;
                    if !together.iter().any(is_known) {
                        together.push((number, index));
                    }
                }
            }
            places = reached;
        }
    }
    Ok(at.into_iter().map(|((_, path), together)| (path, together)).collect())
}

fn wildcards_of(test: &Test) -> Vec<&Wildcard> {
    match test {
        Test::Wildcard(wildcard, _) => vec![wildcard],
        Test::Not(Excluded::Wildcards(wildcards)) => wildcards.iter().map(|(wildcard, _)| wildcard).collect(),
        _ => Vec::new(),
    }
}

/// The same for tests that AWS holds for equal.
fn normal(test: &Test) -> Test {
    let sorted = |texts: &[String]| texts.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    match test {
        Test::Not(Excluded::Texts(texts)) => Test::Not(Excluded::Texts(sorted(texts))),
        Test::Not(Excluded::Prefixes(texts)) => Test::Not(Excluded::Prefixes(sorted(texts))),
        Test::Not(Excluded::Suffixes(texts)) => Test::Not(Excluded::Suffixes(sorted(texts))),
        Test::Not(Excluded::EqualIgnoringCase(texts)) => Test::Not(Excluded::EqualIgnoringCase(sorted(texts))),
        Test::Number { value: Some(value), .. } => Test::Number { text: String::new(), value: Some(*value) },
        Test::Numeric(Range { low: Some(low), high: Some(high) }) if low.value == high.value => {
            Test::Number { text: String::new(), value: Some(low.value) }
        }
        other => other.clone(),
    }
}

/// A wildcard (its index) and how many of its symbols are behind it.
type State = (usize, usize);

/// Whether no input can bring the wildcards, all of one field, into more than `limit` states at once.
fn is_within(wildcards: &[(usize, &Wildcard)], limit: usize, sets_left: &mut usize) -> bool {
    let patterns: Vec<(usize, Vec<Option<u8>>)> =
        wildcards.iter().map(|(owner, wildcard)| (*owner, wildcard.symbols())).collect();
    let prefixes = prefixes(&patterns);
    let start: Vec<State> = (0..patterns.len()).map(|index| (index, 0)).collect();
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(states) = open.pop() {
        for byte in next_bytes(&patterns, &states) {
            let reached = step(&patterns, &states, byte);
            if count(&prefixes, &reached) > limit || *sets_left == 0 {
                return false;
            }
            if !reached.is_empty() && seen.insert(reached.clone()) {
                *sets_left -= 1;
                open.push(reached);
            }
        }
    }
    true
}

/// For each wildcard and each number of its symbols, a number that says which symbols these are and whose. They are
/// counted very often, and may be long.
fn prefixes(patterns: &[(usize, Vec<Option<u8>>)]) -> Vec<Vec<usize>> {
    // What stands behind an owner is no symbol, so owners and numbers are not mistaken for each other.
    let mut numbers: HashMap<(usize, Option<Option<u8>>), usize> = HashMap::new();
    let mut number = |before: usize, symbol| {
        let next = numbers.len();
        *numbers.entry((before, symbol)).or_insert(next)
    };
    let mut prefixes = Vec::with_capacity(patterns.len());
    for (owner, symbols) in patterns {
        let mut last = number(*owner, None);
        let mut of_one = vec![last];
        for symbol in symbols {
            last = number(last, Some(*symbol));
            of_one.push(last);
        }
        prefixes.push(of_one);
    }
    prefixes
}

/// How many states these are, where wildcards of one owner share what they begin with.
fn count(prefixes: &[Vec<usize>], states: &[State]) -> usize {
    let mut read: Vec<usize> = states.iter().map(|(index, at)| prefixes[*index][*at]).collect();
    read.sort_unstable();
    read.dedup();
    read.len()
}

/// The bytes that lead somewhere particular, and one (none) for all others.
fn next_bytes(patterns: &[(usize, Vec<Option<u8>>)], states: &[State]) -> HashSet<Option<u8>> {
    let literals = states.iter().filter_map(|(index, at)| patterns[*index].1.get(*at).copied().flatten());
    literals.map(Some).chain([None]).collect()
}

/// The states after one more byte. A state in front of a star is also the state behind it.
fn step(patterns: &[(usize, Vec<Option<u8>>)], states: &[State], byte: Option<u8>) -> Vec<State> {
    let mut reached = Vec::new();
    for &(index, at) in states {
        let pattern = &patterns[index].1;
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
            let wildcards: Owned<'_> = wildcards.iter().enumerate().collect();
            let complexity = (0..).find(|limit| is_within(&wildcards, *limit, &mut SETS_MAX.clone())).unwrap();
            assert_eq!(complexity, expected, "{texts:?}");
        }
    }
}
