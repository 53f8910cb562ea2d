//! Decides what is said about why a pattern matched or did not: [`Explanation`].
//!
//! Plain data, complete enough to be printed as JSON by whoever holds it; the sentences are ready for people. What is
//! reported as held or not is asked of the same tests that matching uses.

use crate::node::Node;
use crate::rule::{Alternative, Branch, Clause, Rule};
use crate::search::{self, Known};
use crate::test::{Excluded, Range, Scalar, Test};
use std::fmt;
use std::fmt::Write;
use std::ops::ControlFlow;

/// Values listed for one path; of more, only the number is told.
const SEEN_MAX: usize = 10;

/// Characters shown of one value.
const VALUE_SHOWN_MAX: usize = 120;

/// Why an event matches a pattern, or what keeps it from matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the pattern matches: whether one of the branches holds.
    pub matched: bool,
    /// Every clause of the pattern, once.
    pub clauses: Vec<ClauseExplanation>,
    /// One for each way to match. Only a pattern with `$or` has several; without, the one branch has all clauses.
    pub branches: Vec<BranchExplanation>,
}

/// One way to match: clauses that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchExplanation {
    /// Whether all clauses hold, with values that belong together.
    pub holds: bool,
    /// Why the branch does not hold although each of its clauses does.
    pub conflict: Option<Conflict>,
    /// Indexes into [`Explanation::clauses`], in the order of their paths.
    pub clauses: Vec<usize>,
}

/// Why clauses that each hold do not hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Their values are in different elements of one array.
    DifferentElements,
    /// See [`crate::TooAmbiguous`].
    TooAmbiguous,
}

/// One path of the pattern, and what the event has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseExplanation {
    /// The keys joined by dots: `dynamodb.NewImage.status.S`.
    pub path: String,
    /// The alternatives as the pattern spells them: `"shipped"`, `{"prefix": "sh"}`.
    pub alternatives: Vec<String>,
    /// The values at that path, as JSON, long ones cut; empty when the path has none. At most ten.
    pub seen: Vec<String>,
    /// How many values there are at that path.
    pub seen_count: usize,
    /// Whether some value satisfies some alternative, or none is there and none is wanted.
    pub holds: bool,
    /// The same in words: `status.S is "pending", the pattern wants "shipped"`.
    pub sentence: String,
}

impl Explanation {
    /// The clauses of one of the branches.
    pub fn clauses_of<'x>(&'x self, branch: &'x BranchExplanation) -> impl Iterator<Item = &'x ClauseExplanation> {
        branch.clauses.iter().filter_map(|index| self.clauses.get(*index))
    }

    /// The clauses that keep the event from matching: those that fail in the branch that comes closest, which is the
    /// one with the fewest failing clauses. Empty if the event matches, or if only a [`Conflict`] keeps it.
    pub fn failures(&self) -> impl Iterator<Item = &ClauseExplanation> {
        self.closest().into_iter().flat_map(|branch| self.clauses_of(branch)).filter(|clause| !clause.holds)
    }

    /// What keeps the event from matching, one sentence each; empty if it matches.
    pub fn reasons(&self) -> Vec<String> {
        let conflict = self.closest().and_then(|branch| branch.conflict);
        let failures = self.failures().map(|clause| clause.sentence.clone());
        failures.chain(conflict.map(|conflict| conflict.to_string())).collect()
    }

    fn closest(&self) -> Option<&BranchExplanation> {
        let failing = |branch: &&BranchExplanation| self.clauses_of(branch).filter(|clause| !clause.holds).count();
        if self.matched { None } else { self.branches.iter().min_by_key(failing) }
    }
}

/// One line for each thing to know, without a line end behind the last.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.matched { "matches" } else { "does not match" })?;
        let several = self.branches.len() > 1;
        for (index, branch) in self.branches.iter().enumerate() {
            if several {
                let holds = if branch.holds { "holds" } else { "does not hold" };
                write!(f, "\n  branch {} of {} {holds}", index + 1, self.branches.len())?;
            }
            let indent = if several { "    " } else { "  " };
            for clause in self.clauses_of(branch) {
                let mark = if clause.holds { "ok" } else { "no" };
                write!(f, "\n{indent}{mark}: {}", clause.sentence)?;
            }
            if let Some(conflict) = branch.conflict {
                write!(f, "\n{indent}no: {conflict}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Conflict::DifferentElements => {
                "each field matches by itself, but no single element of the array has all of these values"
            }
            Conflict::TooAmbiguous => "the event repeats keys over arrays in too many combinations to be matched",
        })
    }
}

pub(crate) fn explain<N: Node>(rule: &Rule, source: &str, event: N) -> Explanation {
    let clauses: Vec<_> = rule.clauses.iter().map(|clause| explain_clause(clause, source, event)).collect();
    let mut known = Known::default();
    let explain_branch = |branch| explain_branch(rule, branch, &clauses, event, &mut known);
    let branches: Vec<_> = rule.branches.iter().map(explain_branch).collect();
    Explanation { matched: branches.iter().any(|branch| branch.holds), clauses, branches }
}

fn explain_branch<N: Node>(
    rule: &Rule,
    branch: &Branch,
    clauses: &[ClauseExplanation],
    event: N,
    known: &mut Known,
) -> BranchExplanation {
    let outcome = search::branch_matches(rule, branch, event, known, &mut search::Steps::default());
    let holds = outcome == Ok(true);
    let conflict = match outcome {
        Err(_) => Some(Conflict::TooAmbiguous),
        Ok(false) if branch.clauses().all(|clause| clauses[clause].holds) => Some(Conflict::DifferentElements),
        Ok(_) => None,
    };
    BranchExplanation { holds, conflict, clauses: branch.clauses().collect() }
}

fn explain_clause<N: Node>(clause: &Clause, source: &str, event: N) -> ClauseExplanation {
    let mut seen = Vec::new();
    let mut seen_count = 0;
    let mut holds = false;
    let mut has_text = false;
    let mut room = String::new();
    let _ = search::each_value(event, Some(&clause.path), &mut |node| {
        let Some(value) = Scalar::of(&node, &mut room) else { return ControlFlow::Continue(()) };
        holds = holds || clause.holds(value);
        has_text = has_text || matches!(value, Scalar::Text(_));
        seen_count += 1;
        if seen.len() < SEEN_MAX {
            seen.push(json_text(value));
        }
        ControlFlow::Continue(())
    });
    if seen_count == 0 {
        holds = clause.may_be_absent();
    }
    let alternatives: Vec<String> =
        clause.alternatives.iter().map(|alternative| source[alternative.source.clone()].to_owned()).collect();
    let mut sentence = sentence(clause, &seen, seen_count, holds);
    let wants_number = |alternative: &Alternative| matches!(alternative.test, Test::Number { .. } | Test::Numeric(_));
    if !holds && has_text && clause.alternatives.iter().any(wants_number) {
        sentence.push_str(" (a string is never equal to a number or compared with one)");
    }
    ClauseExplanation { path: clause.path.clone(), alternatives, seen, seen_count, holds, sentence }
}

/// `status.S is "pending", the pattern wants "shipped"`
fn sentence(clause: &Clause, seen: &[String], seen_count: usize, holds: bool) -> String {
    let mut text = String::new();
    let path = if clause.path.is_empty() { "\"\"" } else { &clause.path };
    match seen {
        [] => text.push_str(&format!("{path} is absent")),
        [one] => text.push_str(&format!("{path} is {one}")),
        several => {
            text.push_str(&format!("{path} has the values {}", several.join(", ")));
            if seen_count > several.len() {
                text.push_str(&format!(" and {} more", seen_count - several.len()));
            }
        }
    }
    text.push_str(if holds { ", as the pattern wants: " } else { ", the pattern wants " });
    let wanted: Vec<String> = clause.alternatives.iter().map(|alternative| in_words(&alternative.test)).collect();
    text.push_str(&wanted.join(" or "));
    text
}

/// What a test wants, to follow "the pattern wants".
fn in_words(test: &Test) -> String {
    let list = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(" or ");
    match test {
        Test::Text(text) => quoted(text),
        Test::Address(_, text) => format!("the address {}", quoted(text)),
        Test::Number { text, .. } => format!("the number {text}"),
        Test::Bool(value) => value.to_string(),
        Test::Null => "null".into(),
        Test::Prefix(prefix) => format!("a string that begins with {}", quoted(prefix)),
        Test::PrefixIgnoringCase(prefix) => format!("a string that begins with {} in any case", quoted(prefix)),
        Test::Suffix(suffix) => format!("a string that ends with {}", quoted(suffix)),
        Test::SuffixIgnoringCase(suffix) => format!("a string that ends with {} in any case", quoted(suffix)),
        Test::EqualIgnoringCase(text) => format!("{} in any case", quoted(text)),
        Test::Wildcard(_, text) => format!("a string like {}", quoted(text)),
        Test::Numeric(range) => range_in_words(range),
        Test::Network(_, text) => format!("an address in {text}"),
        Test::Present => "any value".into(),
        Test::Absent => "no value at all".into(),
        Test::Not(Excluded::Texts(texts)) => format!("anything but {}", list(texts)),
        Test::Not(Excluded::Numbers(numbers)) => {
            let texts: Vec<&str> = numbers.iter().map(|(text, _)| text.as_str()).collect();
            format!("anything but the number {}", texts.join(" or "))
        }
        Test::Not(Excluded::Prefixes(texts)) => format!("anything that does not begin with {}", list(texts)),
        Test::Not(Excluded::Suffixes(texts)) => format!("anything that does not end with {}", list(texts)),
        Test::Not(Excluded::EqualIgnoringCase(texts)) => format!("anything but {} in any case", list(texts)),
        Test::Not(Excluded::Wildcards(wildcards)) => {
            let texts: Vec<String> = wildcards.iter().map(|(_, text)| text.clone()).collect();
            format!("anything that is not like {}", list(&texts))
        }
    }
}

fn range_in_words(range: &Range) -> String {
    match (&range.low, &range.high) {
        (Some(low), Some(high)) if low.text == high.text => format!("a number equal to {}", low.text),
        (low, high) => {
            let low = low.as_ref().map(|low| format!("{} {}", if low.inclusive { ">=" } else { ">" }, low.text));
            let high = high.as_ref().map(|high| format!("{} {}", if high.inclusive { "<=" } else { "<" }, high.text));
            let bounds: Vec<String> = low.into_iter().chain(high).collect();
            format!("a number {}", bounds.join(" and "))
        }
    }
}

/// A scalar as JSON, cut when it is long.
fn json_text(value: Scalar<'_>) -> String {
    match value {
        Scalar::Text(text) => quoted(text),
        Scalar::Number(text) => text.chars().take(VALUE_SHOWN_MAX).collect(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Null => "null".into(),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (index, char) in text.chars().enumerate() {
        if index == VALUE_SHOWN_MAX {
            quoted.push('…');
            break;
        }
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            char if char.is_control() => {
                write!(quoted, "\\u{:04x}", u32::from(char)).expect("writing to a string does not fail");
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
