//! Decides how an [`Explanation`] reads as JSON: with the reasons, which are worked out, beside what it holds.

use super::{ClauseExplanation, Explanation, Tree};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'e> {
    matched: bool,
    /// What keeps it from matching, one sentence each.
    reasons: Vec<String>,
    tree: &'e Tree,
    clauses: Vec<Clause<'e>>,
    branches: Vec<Branch<'e>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Clause<'e> {
    path: &'e str,
    holds: bool,
    wants: &'e [String],
    seen: &'e [String],
    seen_count: usize,
    sentence: &'e str,
}

impl Clause<'_> {
    fn of(clause: &ClauseExplanation) -> Clause<'_> {
        Clause {
            path: &clause.path,
            holds: clause.holds,
            wants: &clause.alternatives,
            seen: &clause.seen,
            seen_count: clause.seen_count,
            sentence: &clause.sentence,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Branch<'e> {
    holds: bool,
    /// Indexes of the clauses.
    clauses: &'e [usize],
    together: Option<&'e super::Together>,
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let branches = self.branches.iter().map(|branch| Branch {
            holds: branch.holds,
            clauses: &branch.clauses,
            together: branch.together.as_ref(),
        });
        let view = View {
            matched: self.matched,
            reasons: self.reasons(),
            tree: &self.tree,
            clauses: self.clauses.iter().map(Clause::of).collect(),
            branches: branches.collect(),
        };
        view.serialize(serializer)
    }
}
