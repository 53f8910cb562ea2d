//! Decides how a parsed pattern lies in memory: [`Rule`], its clauses, and the branches that `$or` makes of it.
//!
//! A clause is one path with its alternatives. A branch is a set of clauses that must hold together; a pattern without
//! `$or` has one. Each branch keeps its clauses as a tree of path segments, numbered so that the clauses below one
//! place of the tree are a range; that is what matching walks along.

use crate::test::Test;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Everything that a pattern's text says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    pub(crate) clauses: Vec<Clause>,
    pub(crate) branches: Vec<Branch>,
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

    pub(crate) fn holds(&self, value: &crate::Kind<'_>) -> bool {
        self.alternatives.iter().any(|alternative| alternative.test.holds(value))
    }
}

/// Clauses that must all hold, with values of one consistent choice of array elements.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// Index into [`Rule::clauses`] of each clause, in the order of the tree.
    pub(crate) clauses: Vec<usize>,
    /// The tree's root: the event itself.
    pub(crate) root: Place,
    /// Positions in `clauses` of those that hold when their path has no value.
    pub(crate) may_be_absent: Vec<usize>,
}

/// One place of a branch's tree of path segments.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The part of the path between two dots.
    pub(crate) segment: String,
    /// Positions in [`Branch::clauses`] of the clauses here and below.
    pub(crate) clauses: Range<usize>,
    /// The first of them is the clause for this very place.
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

/// The branches while a pattern is read: which clause each path has so far. A later clause for a path replaces the
/// earlier one, as it does on AWS, inside and outside `$or` alike.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Path (an index into `paths`) to clause, for each branch.
    branches: Vec<BTreeMap<usize, usize>>,
}

impl Draft {
    pub(crate) fn new() -> Draft {
        Draft { branches: vec![BTreeMap::new()] }
    }

    pub(crate) fn none() -> Draft {
        Draft { branches: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.branches.len()
    }

    pub(crate) fn put(&mut self, path: usize, clause: usize) {
        for branch in &mut self.branches {
            branch.insert(path, clause);
        }
    }

    pub(crate) fn append(&mut self, other: Draft) {
        self.branches.extend(other.branches);
    }

    /// Clauses that were replaced in every branch are dropped.
    pub(crate) fn finish(mut self, clauses: Vec<Clause>) -> Rule {
        let mut used: Vec<bool> = vec![false; clauses.len()];
        for clause in self.branches.iter().flat_map(BTreeMap::values) {
            used[*clause] = true;
        }
        let mut next = 0..;
        let numbers: Vec<usize> =
            used.iter().map(|used| if *used { next.next().unwrap_or_default() } else { 0 }).collect();
        for clause in self.branches.iter_mut().flat_map(BTreeMap::values_mut) {
            *clause = numbers[*clause];
        }
        let clauses: Vec<Clause> =
            clauses.into_iter().zip(used).filter_map(|(clause, used)| used.then_some(clause)).collect();
        let branches = self.branches.iter().map(|branch| Branch::new(branch.values().copied(), &clauses)).collect();
        Rule { clauses, branches }
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
    fn new(members: impl Iterator<Item = usize>, all: &[Clause]) -> Branch {
        let mut members: Vec<(Vec<&str>, usize)> =
            members.map(|clause| (all[clause].path.split('.').collect(), clause)).collect();
        members.sort();
        let root = Place::new("", &members, 0, 0);
        let clauses: Vec<usize> = members.into_iter().map(|(_, clause)| clause).collect();
        let may_be_absent =
            clauses.iter().enumerate().filter(|(_, clause)| all[**clause].may_be_absent()).map(|(at, _)| at).collect();
        Branch { clauses, root, may_be_absent }
    }
}

impl Place {
    /// The place of all `members`, which agree in their first `depth` segments and are sorted. The first of them has
    /// the position `first` in the branch.
    fn new(segment: &str, members: &[(Vec<&str>, usize)], depth: usize, first: usize) -> Place {
        let has_own = members.first().is_some_and(|(path, _)| path.len() == depth);
        let below = &members[usize::from(has_own)..];
        let mut children = Vec::new();
        let mut at = first + usize::from(has_own);
        for group in below.chunk_by(|(one, _), (other, _)| one[depth] == other[depth]) {
            children.push(Place::new(group[0].0[depth], group, depth + 1, at));
            at += group.len();
        }
        Place { segment: segment.to_owned(), clauses: first..first + members.len(), has_own, children }
    }
}
