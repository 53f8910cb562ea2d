//! Decides what is said about why a pattern matched or did not: [`Explanation`].
//!
//! Plain data, complete enough to be printed as JSON by whoever holds it (with the feature `serde` it is serialized as
//! it is); the sentences are ready for people. It is said twice: as a [`Tree`] that mirrors the pattern's text, and as
//! flat lists of clauses and of branches. Start at [`explain`].
//!
//! What is reported as held or not is asked of the same tests and of the same search that matching uses. However large
//! the event, what is said of it is bounded: values, names and lists are cut, and their numbers told.

mod draw;
mod event;
mod leaf;
#[cfg(feature = "serde")]
mod serialize;
mod together;
mod tree;
mod why;
mod words;

pub use draw::{Line, Mark};
pub use leaf::{Leaf, Replaced, Seen, Tried};
pub use tree::{HeldAt, Together, Tree};

use crate::node::Node;
use crate::parse::{self, Outline};
use crate::rule::{Branch, Rule};
use crate::search::{self, Known};
use leaf::Looked;
use std::fmt;
use std::ops::ControlFlow;

/// Why an event matches a pattern, or what keeps it from matching.
///
/// ```
/// use pattern::{Dialect, Pattern};
///
/// let pattern = r#"{
///     "eventName": ["INSERT"],
///     "dynamodb": {"NewImage": {"total": {"N": [{"numeric": [">", 100]}]}, "currency": {"S": ["EUR", "CHF"]}}}
/// }"#;
/// let event = br#"{
///     "eventName": "INSERT",
///     "dynamodb": {"NewImage": {"total": {"N": "150"}, "currency": {"S": "eur"}}}
/// }"#;
/// let explanation = Pattern::parse(pattern, Dialect::Pipe)?.explain_json(event)?;
/// assert_eq!(
///     explanation.to_string(),
///     r#"does not match
/// ├─ ok eventName is "INSERT", as the pattern wants: "INSERT"
/// └─ no dynamodb.NewImage
///    ├─ no total.N is "150", the pattern wants a number > 100
///    │     DynamoDB's N holds a string, and a string is never equal to a number or compared with one
///    └─ no currency.S is "eur", the pattern wants "EUR" or "CHF"
///          for "EUR": only the case differs"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Whoever wants colours, or another form, takes [`Tree::lines`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the pattern matches: whether one of the branches holds.
    pub matched: bool,
    /// Everything, in the shape of the pattern's text.
    pub tree: Tree,
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
    /// The same with the elements of the event.
    pub together: Option<Together>,
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
    /// The same in words, with advice: `status.S is "SHIPPED", the pattern wants "shipped" (only the case differs)`.
    pub sentence: String,
}

impl ClauseExplanation {
    fn of(leaf: &Leaf) -> Self {
        ClauseExplanation {
            path: leaf.path.clone(),
            alternatives: leaf.alternatives.iter().map(|tried| tried.text.clone()).collect(),
            seen: leaf.seen.iter().map(|seen| seen.value.clone()).collect(),
            seen_count: leaf.seen_count,
            holds: leaf.holds,
            sentence: match &leaf.why_not {
                Some(why_not) => format!("{} ({why_not})", leaf.sentence),
                None => leaf.sentence.clone(),
            },
        }
    }
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
        let together = self.closest().and_then(|branch| branch.together.as_ref());
        let failures = self.failures().map(|clause| clause.sentence.clone());
        failures.chain(together.map(|together| together.sentence.clone())).collect()
    }

    fn closest(&self) -> Option<&BranchExplanation> {
        let failing = |branch: &&BranchExplanation| self.clauses_of(branch).filter(|clause| !clause.holds).count();
        if self.matched { None } else { self.branches.iter().min_by_key(failing) }
    }
}

/// Whether it matches, and below that the tree, without a line end behind the last line.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.matched { "matches" } else { "does not match" })?;
        self.tree.lines().iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Conflict::DifferentElements => {
                "each field matches by itself, but no one choice of array elements has all of these values"
            }
            Conflict::TooAmbiguous => "the event repeats keys over arrays in too many combinations to be matched",
        })
    }
}

pub(crate) fn explain<N: Node>(rule: &Rule, source: &str, event: N) -> Explanation {
    let outline = parse::outline(source);
    let kind_of_change = kind_of_change(event);
    let look = |clause| leaf::look(clause, source, event, kind_of_change.as_deref());
    let looked: Vec<Looked> = outline.clauses.iter().map(look).collect();
    let kept = kept(&outline);
    let clauses: Vec<_> = kept.iter().map(|number| ClauseExplanation::of(&looked[*number].leaf)).collect();
    let mut known = Known::default();
    let mut explain_branch = |branch| {
        let looked = |clause: usize| &looked[kept[clause]];
        explain_branch(rule, branch, &looked, event, &mut known)
    };
    let branches: Vec<_> = rule.branches.iter().map(&mut explain_branch).collect();
    let matching = branches.iter().position(|branch| branch.holds);
    let matched = matching.is_some();
    let together = if matched { None } else { branches.iter().find_map(|branch| branch.together.clone()) };
    let leaves = looked.into_iter().map(|looked| looked.leaf).collect();
    let tree = tree::Teller::new(&outline, leaves, matching).tree(&outline.pieces, together);
    Explanation { matched, tree, clauses, branches }
}

/// Numbers in the text of the clauses that the rule has, in its order: those that some branch asks for.
fn kept(outline: &Outline) -> Vec<usize> {
    let mut kept: Vec<usize> = outline.draft.branches().iter().flat_map(|branch| branch.clauses()).collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}

fn explain_branch<'l, N: Node>(
    rule: &Rule,
    branch: &Branch,
    looked: &dyn Fn(usize) -> &'l Looked,
    event: N,
    known: &mut Known,
) -> BranchExplanation {
    let outcome = search::branch_matches(rule, branch, event, known, &mut search::Steps::for_one());
    let clauses: Vec<usize> = branch.clauses().collect();
    let conflict = match outcome {
        Err(_) => Some(Conflict::TooAmbiguous),
        Ok(false) if clauses.iter().all(|clause| looked(*clause).leaf.holds) => Some(Conflict::DifferentElements),
        Ok(_) => None,
    };
    let together = conflict.map(|conflict| {
        let of_branch: Vec<&Looked> = clauses.iter().map(|clause| looked(*clause)).collect();
        together::together(conflict, &of_branch)
    });
    BranchExplanation { holds: outcome == Ok(true), conflict, together, clauses }
}

/// What a stream record says it is: `INSERT`, say.
fn kind_of_change<N: Node>(event: N) -> Option<String> {
    let mut kind = None;
    event::values(event, "eventName", &mut |_, value| {
        kind = Some(words::json_text(value).trim_matches('"').to_owned());
        ControlFlow::Break(())
    });
    kind
}
