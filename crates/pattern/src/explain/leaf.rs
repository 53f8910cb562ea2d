//! Decides what is told of one clause: the values at its path, which of its alternatives hold, and why not.

use super::event::{self, Missing, Place};
use super::why;
use super::words::{json_text, listed, name, or_list, wanted};
use crate::node::Node;
use crate::rule::Clause;
use crate::test::{Scalar, Test};
use std::ops::ControlFlow;

/// Values listed for one path; of more, only the number is told.
const SEEN_MAX: usize = 10;

/// Places remembered at which a clause holds, to be compared with those of other clauses. Of more, nothing is said.
pub(super) const PLACES_MAX: usize = 200;

/// A path of the pattern, what is wanted there, and what the event has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Leaf {
    /// The key that the alternatives stand under.
    pub key: String,
    /// The keys from the top, joined by dots: `dynamodb.NewImage.status.S`.
    pub path: String,
    /// Whether some value satisfies some alternative, or none is there and none is wanted.
    pub holds: bool,
    /// Whether it matters. It does not if a later clause replaces it, in the branch by which the pattern matches or in
    /// all.
    pub asked: bool,
    /// Whether a later clause for the same path takes its place.
    pub replaced: Replaced,
    /// What is wanted, in the order of the text.
    pub alternatives: Vec<Tried>,
    /// The values at the path; at most ten.
    pub seen: Vec<Seen>,
    /// How many values there are at the path.
    pub seen_count: usize,
    /// What is there and what is wanted, in words.
    pub sentence: String,
    /// What is nearly right, or why there is no value, where that can be said.
    pub why_not: Option<String>,
}

/// Whether a clause counts, where a path is given more than once: the last one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub enum Replaced {
    /// It counts.
    Never,
    /// It counts in those branches only that have no later clause for the path.
    Sometimes,
    /// It does not count.
    Always,
}

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Tried {
    /// As the pattern spells it: `{"prefix": "sh"}`.
    pub text: String,
    /// In words: `a string that begins with "sh"`.
    pub wants: String,
    /// Whether some value satisfies it.
    pub holds: bool,
    /// What is nearly right about a value, where that can be said.
    pub why_not: Option<String>,
}

/// A value of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Seen {
    /// Where it is: `items[1].price`.
    pub place: String,
    /// As JSON; long ones are cut.
    pub value: String,
    /// Whether it satisfies an alternative.
    pub holds: bool,
}

/// A clause that was looked at.
pub(super) struct Looked {
    pub(super) leaf: Leaf,
    /// Where values satisfy it; no more than a number that can be compared with others.
    pub(super) holding: Vec<Place>,
}

/// Looks at a clause. `kind_of_change` is the name of a stream record's change.
pub(super) fn look<N: Node>(clause: &Clause, source: &str, event: N, kind_of_change: Option<&str>) -> Looked {
    let mut tried: Vec<Tried> = clause.alternatives.iter().map(|one| untried(one, source)).collect();
    let mut seen = Vec::new();
    // Which elements of arrays the listed values are inside of.
    let mut elements = Vec::new();
    let mut seen_count = 0;
    let mut holding = Vec::new();
    let mut any_holds = false;
    event::values(event, &clause.path, &mut |place, value| {
        let listed = seen_count < SEEN_MAX;
        seen_count += 1;
        let mut holds = false;
        for (tried, alternative) in tried.iter_mut().zip(&clause.alternatives) {
            // Behind the listed values it is enough to know whether it holds at all.
            if (listed || !tried.holds) && alternative.test.holds(value) {
                (holds, tried.holds, tried.why_not) = (true, true, None);
            } else if listed && !tried.holds && tried.why_not.is_none() {
                tried.why_not = why::nearly(&alternative.test, value, &clause.path);
            }
        }
        any_holds = any_holds || holds;
        if listed {
            seen.push(Seen { place: place.text(), value: json_text(value), holds });
            elements.push(place.elements());
        }
        if holding.len() < PLACES_MAX && (holds || clause.alternatives.iter().any(|one| one.test.holds(value))) {
            holding.push(place.clone());
        }
        ControlFlow::Continue(())
    });
    let is_absent = seen_count == 0;
    if is_absent {
        for (tried, alternative) in tried.iter_mut().zip(&clause.alternatives) {
            tried.holds = alternative.test == Test::Absent;
            any_holds = any_holds || tried.holds;
        }
    }
    let missing = is_absent.then(|| event::missing(event, &clause.path));
    let why_not = if any_holds { None } else { advice(clause, &tried, missing.as_ref(), event, kind_of_change) };
    let sentence = sentence(clause, &valued(&seen, &elements), seen_count, missing.as_ref(), any_holds);
    let leaf = Leaf {
        key: String::new(),
        path: clause.path.clone(),
        holds: any_holds,
        asked: true,
        replaced: Replaced::Never,
        alternatives: tried,
        seen,
        seen_count,
        sentence,
        why_not,
    };
    Looked { leaf, holding }
}

fn untried(alternative: &crate::rule::Alternative, source: &str) -> Tried {
    let text = source[alternative.source.clone()].to_owned();
    Tried { text, wants: wanted(&alternative.test), holds: false, why_not: None }
}

/// The one thing that helps most with a clause that does not hold.
fn advice<N: Node>(
    clause: &Clause,
    tried: &[Tried],
    missing: Option<&Missing>,
    event: N,
    kind_of_change: Option<&str>,
) -> Option<String> {
    let nearly = tried.iter().find(|tried| tried.why_not.is_some());
    if let Some(Tried { wants, why_not: Some(why_not), .. }) = nearly {
        return Some(if tried.len() > 1 { format!("for {wants}: {why_not}") } else { why_not.clone() });
    }
    let tests: Vec<&Test> = clause.alternatives.iter().map(|one| &one.test).collect();
    // A value that is wanted for what it is, and not for what it is not, may have been looked for in the wrong place.
    let is_wanted = |value: Scalar<'_>| {
        tests.iter().any(|test| !matches!(test, Test::Not(_) | Test::Present | Test::Absent) && test.holds(value))
    };
    let elsewhere = event::elsewhere(event, &clause.path, &is_wanted);
    let elsewhere = elsewhere.map(|place| format!("{} has what is wanted here", name(&place)));
    let missing = missing.map(|missing| why::missing(missing, &tests, kind_of_change));
    match (missing, elsewhere) {
        (Some(missing), Some(elsewhere)) => Some(format!("{missing}; {elsewhere}")),
        (missing, elsewhere) => missing.or(elsewhere),
    }
}

/// The values, with the elements that they are inside of where there are several: `5 (element 0)`.
fn valued(seen: &[Seen], elements: &[Option<String>]) -> Vec<String> {
    let value = |(seen, elements): (&Seen, &Option<String>)| match elements {
        Some(elements) => format!("{} (element {elements})", seen.value),
        None => seen.value.clone(),
    };
    match seen {
        [one] => vec![one.value.clone()],
        several => several.iter().zip(elements).map(value).collect(),
    }
}

/// `status.S is "pending", the pattern wants "shipped"`
fn sentence(clause: &Clause, seen: &[String], seen_count: usize, missing: Option<&Missing>, holds: bool) -> String {
    let path = name(&clause.path);
    // What is no value counts as absent, and yet nobody who looks at the event would call it that.
    let no_value = match missing {
        Some(Missing::IsObject { in_array: true, .. }) => Some("holds objects, not a value"),
        Some(Missing::IsObject { in_array: false, .. }) => Some("is an object, not a value"),
        Some(Missing::IsEmptyArray { .. }) => Some("is an empty array, not a value"),
        Some(Missing::NoField { .. } | Missing::InsideScalar { .. }) | None => None,
    };
    let there = match (seen, no_value) {
        ([], Some(no_value)) => format!("{path} {no_value}"),
        ([], None) => format!("{path} is absent"),
        ([one], _) => format!("{path} is {one}"),
        (several, _) => format!("{path} has the values {}", listed(several, seen_count)),
    };
    if clause.alternatives.iter().all(|alternative| alternative.test == Test::Absent) {
        return match (holds, no_value) {
            (true, Some(_)) => format!("{there}, which counts as absent, as it must be"),
            (true, None) => format!("{there}, as it must be"),
            (false, _) => format!("{there}, but must be absent"),
        };
    }
    let wanted = or_list(clause.alternatives.iter().map(|alternative| wanted(&alternative.test)));
    format!("{there}{}{wanted}", if holds { ", as the pattern wants: " } else { ", the pattern wants " })
}
