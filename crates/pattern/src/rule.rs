//! Decides how a parsed pattern lies in memory: [`Rule`], its clauses, and the branches that `$or` makes of it.
//!
//! A clause is one path with its alternatives. A branch is a set of clauses that must hold together; a pattern without
//! `$or` has one. The paths of all branches together are a tree of path segments, which matching walks along; they are
//! numbered so that the paths below one place of the tree are a range.

use crate::bits::Bits;
use crate::test::{Scalar, Test};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Everything that a pattern's text says.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) clauses: Vec<Clause>,
    pub(crate) branches: Vec<Branch>,
    /// The root of the tree of paths: the event itself.
    pub(crate) root: Place,
}

/// One path and what may stand there.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    /// The keys joined by dots, which is also how they are compared.
    pub(crate) path: String,
    pub(crate) alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone)]
pub(crate) struct Alternative {
    pub(crate) test: Test,
    /// Where it stands in the pattern's text.
    pub(crate) source: Range<usize>,
}

impl Clause {
    pub(crate) fn may_be_absent(&self) -> bool {
        self.alternatives.iter().any(|alternative| alternative.test == Test::Absent)
    }

    pub(crate) fn holds(&self, value: Scalar<'_>) -> bool {
        self.alternatives.iter().any(|alternative| alternative.test.holds(value))
    }
}

/// Clauses that must all hold, with values of one consistent choice of array elements.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// Positions of paths of the tree, in order, each with the index into [`Rule::clauses`] of the branch's clause for it.
    clause_at: Vec<(u32, u32)>,
    /// Positions of the paths that the branch has a clause for.
    pub(crate) paths: Bits,
    /// Positions of those whose clause holds when the path has no value.
    pub(crate) may_be_absent: Vec<usize>,
}

/// One place of the tree of paths.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The part of the path between two dots.
    pub(crate) segment: String,
    /// Positions of the paths here and below.
    pub(crate) paths: Range<usize>,
    /// Whether the first of them ends at this very place.
    pub(crate) has_own: bool,
    /// Sorted by segment.
    pub(crate) children: Vec<Place>,
}

impl Place {
    pub(crate) fn child(&self, segment: &str) -> Option<&Place> {
        let index = self.children.binary_search_by(|child| child.segment.as_str().cmp(segment)).ok()?;
        self.children.get(index)
    }
}

/// A field or a `$or` of a pattern, as it is written.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Object {
        key: String,
        pieces: Vec<Piece>,
    },
    /// The clause's number in the order of the text.
    Clause {
        key: String,
        clause: usize,
    },
    Or(Vec<Way>),
}

/// One object of a `$or` list.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// All such objects of a pattern are numbered in the order of the text.
    pub(crate) number: usize,
    pub(crate) pieces: Vec<Piece>,
}

/// The branches while a pattern is read: which clause each path has so far. A later clause for a path replaces the
/// earlier one, as it does on AWS, inside and outside `$or` alike.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    branches: Vec<DraftBranch>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct DraftBranch {
    /// Path, by its number, to clause.
    members: BTreeMap<usize, usize>,
    /// Numbers of the objects of `$or` lists that the branch goes through.
    pub(crate) entered: Vec<usize>,
}

impl DraftBranch {
    /// The clauses that were not replaced.
    pub(crate) fn clauses(&self) -> impl Iterator<Item = usize> {
        self.members.values().copied()
    }
}

impl Draft {
    pub(crate) fn new() -> Draft {
        Draft { branches: vec![DraftBranch::default()] }
    }

    pub(crate) fn none() -> Draft {
        Draft { branches: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.branches.len()
    }

    /// Clauses of all branches together.
    pub(crate) fn members(&self) -> usize {
        self.branches.iter().map(|branch| branch.members.len()).sum()
    }

    pub(crate) fn put(&mut self, path: usize, clause: usize) {
        for branch in &mut self.branches {
            branch.members.insert(path, clause);
        }
    }

    /// Goes into an object of a `$or` list.
    pub(crate) fn enter(&mut self, way: usize) {
        for branch in &mut self.branches {
            branch.entered.push(way);
        }
    }

    pub(crate) fn branches(&self) -> &[DraftBranch] {
        &self.branches
    }

    pub(crate) fn append(&mut self, other: Draft) {
        self.branches.extend(other.branches);
    }

    /// Clauses that were replaced in every branch are dropped.
    pub(crate) fn finish(mut self, clauses: Vec<Clause>) -> Rule {
        let mut used: Vec<bool> = vec![false; clauses.len()];
        for clause in self.branches.iter().flat_map(DraftBranch::clauses) {
            used[clause] = true;
        }
        let mut next = 0..;
        let numbers: Vec<usize> =
            used.iter().map(|used| if *used { next.next().unwrap_or_default() } else { 0 }).collect();
        for clause in self.branches.iter_mut().flat_map(|branch| branch.members.values_mut()) {
            *clause = numbers[*clause];
        }
        let clauses: Vec<Clause> =
            clauses.into_iter().zip(used).filter_map(|(clause, used)| used.then_some(clause)).collect();
        let mut paths: Vec<Vec<&str>> = clauses.iter().map(|clause| clause.path.split('.').collect()).collect();
        paths.sort();
        paths.dedup();
        let root = Place::new("", &paths, 0, 0);
        let position = |path: &str| {
            let path: Vec<&str> = path.split('.').collect();
            paths.binary_search(&path).expect("the path of every clause is in the list")
        };
        let positions: Vec<usize> = clauses.iter().map(|clause| position(&clause.path)).collect();
        let absent: Vec<bool> = clauses.iter().map(Clause::may_be_absent).collect();
        let branch = |draft: &DraftBranch| {
            let mut branch = Branch { clause_at: Vec::new(), paths: Bits::default(), may_be_absent: Vec::new() };
            let narrow = |number: usize| u32::try_from(number).expect("a pattern's text is shorter than that");
            for clause in draft.clauses() {
                branch.clause_at.push((narrow(positions[clause]), narrow(clause)));
                branch.paths.insert(positions[clause]);
                if absent[clause] {
                    branch.may_be_absent.push(positions[clause]);
                }
            }
            branch.clause_at.sort_unstable();
            branch
        };
        let branches = self.branches.iter().map(branch).collect();
        Rule { clauses, branches, root }
    }
}

/// Numbers the paths of a pattern.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    numbers: HashMap<String, usize>,
}

impl Paths {
    pub(crate) fn number(&mut self, path: &str) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(path.to_owned()).or_insert(next)
    }
}

impl Branch {
    /// The branch's clause for the path at this position.
    pub(crate) fn clause_at(&self, position: usize) -> Option<usize> {
        let position = u32::try_from(position).ok()?;
        let at = self.clause_at.binary_search_by_key(&position, |(position, _)| *position).ok()?;
        Some(self.clause_at[at].1 as usize)
    }

    /// The branch's clauses in the order of their paths.
    pub(crate) fn clauses(&self) -> impl Iterator<Item = usize> {
        self.clause_at.iter().map(|(_, clause)| *clause as usize)
    }
}

impl Place {
    /// The place of all `paths`, which agree in their first `depth` segments and are sorted. The first of them has the
    /// position `first`.
    fn new(segment: &str, paths: &[Vec<&str>], depth: usize, first: usize) -> Place {
        let has_own = paths.first().is_some_and(|path| path.len() == depth);
        let below = &paths[usize::from(has_own)..];
        let mut children = Vec::new();
        let mut at = first + usize::from(has_own);
        for group in below.chunk_by(|one, other| one[depth] == other[depth]) {
            children.push(Place::new(group[0][depth], group, depth + 1, at));
            at += group.len();
        }
        Place { segment: segment.to_owned(), paths: first..first + paths.len(), has_own, children }
    }
}
