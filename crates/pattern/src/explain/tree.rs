//! Decides what of a pattern is told, and in which shape: a [`Tree`] that mirrors the pattern's text.
//!
//! Start at [`Teller::tree`]. A clause holds or not by itself. What consists of clauses holds if it does in one of the
//! pattern's branches: a branch asks only for the clauses that no later one for the same path replaces, so that a
//! clause can fail, be replaced, and keep nothing from holding.
//!
//! Invariant: the root holds exactly if the pattern matches.

use super::leaf::{Leaf, Replaced};
use crate::parse::Outline;
use crate::rule::{Piece, Way};

/// A piece of a pattern and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")
)]
pub enum Tree {
    /// An object of the pattern: everything in it must hold.
    All {
        /// Its key; none for the whole pattern and for the objects of a `$or` list.
        key: Option<String>,
        /// Whether it holds. The whole pattern holds if it matches.
        holds: bool,
        /// In the order of the text.
        pieces: Vec<Tree>,
        /// What keeps the whole pattern from matching although everything in it holds.
        together: Option<Together>,
    },
    /// A `$or` list: one of its objects must hold.
    Any {
        /// Whether one does.
        holds: bool,
        /// The objects.
        ways: Vec<Tree>,
    },
    /// A path and what is wanted there.
    Clause(Leaf),
}

/// Clauses that hold, but not together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Together {
    /// Clauses and where in the event they hold, if they do in different elements of one array.
    pub clauses: Vec<HeldAt>,
    /// The same in words.
    pub sentence: String,
}

/// Where a clause holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct HeldAt {
    /// The clause's path.
    pub path: String,
    /// Some of the places: `items[1].price`.
    pub places: Vec<String>,
}

impl Tree {
    /// Whether it holds.
    pub fn holds(&self) -> bool {
        match self {
            Tree::All { holds, .. } | Tree::Any { holds, .. } => *holds,
            Tree::Clause(leaf) => leaf.holds,
        }
    }

    /// Every clause in it, in the order of the text.
    pub fn leaves(&self) -> Vec<&Leaf> {
        let mut leaves = Vec::new();
        self.gather(&mut leaves);
        leaves
    }

    fn gather<'t>(&'t self, leaves: &mut Vec<&'t Leaf>) {
        match self {
            Tree::All { pieces, .. } => pieces.iter().for_each(|piece| piece.gather(leaves)),
            Tree::Any { ways, .. } => ways.iter().for_each(|way| way.gather(leaves)),
            Tree::Clause(leaf) => leaves.push(leaf),
        }
    }
}

/// One of the pattern's branches.
struct Branch {
    /// Numbers of the clauses that it asks for, sorted.
    asked: Vec<usize>,
    /// Those of them that do not hold, sorted.
    failing: Vec<usize>,
    /// Numbers of the objects of `$or` lists that it goes through, sorted.
    entered: Vec<usize>,
}

/// What is known when the tree is made.
pub(super) struct Teller {
    /// By number; each is taken when its place in the tree comes.
    leaves: Vec<Option<Leaf>>,
    branches: Vec<Branch>,
    /// The branch that the pattern matches by, if it does.
    matching: Option<usize>,
}

impl Teller {
    /// `leaves` are those of the outline's clauses, `matching` is the first of its branches that matches.
    pub(super) fn new(outline: &Outline, leaves: Vec<Leaf>, matching: Option<usize>) -> Teller {
        let branch = |draft: &crate::rule::DraftBranch| {
            let mut asked: Vec<usize> = draft.clauses().collect();
            asked.sort_unstable();
            let failing = asked.iter().copied().filter(|clause| !leaves[*clause].holds).collect();
            let mut entered = draft.entered.clone();
            entered.sort_unstable();
            Branch { asked, failing, entered }
        };
        let branches = outline.draft.branches().iter().map(branch).collect();
        Teller { branches, leaves: leaves.into_iter().map(Some).collect(), matching }
    }

    /// The whole pattern.
    pub(super) fn tree(mut self, pieces: &[Piece], together: Option<Together>) -> Tree {
        let (pieces, _) = self.pieces(pieces, None);
        Tree::All { key: None, holds: self.matching.is_some(), pieces, together }
    }

    /// Pieces inside an object of a `$or` list, if inside any, and the numbers of the clauses in them.
    fn pieces(&mut self, pieces: &[Piece], way: Option<usize>) -> (Vec<Tree>, std::ops::Range<usize>) {
        let mut clauses: Option<std::ops::Range<usize>> = None;
        let mut trees = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let (tree, within) = match piece {
                Piece::Clause { key, clause } => (self.leaf(key, *clause, way), *clause..clause + 1),
                Piece::Object { key, pieces } => {
                    let (pieces, clauses) = self.pieces(pieces, way);
                    let holds = self.holds(&clauses, way);
                    (Tree::All { key: Some(key.clone()), holds, pieces, together: None }, clauses)
                }
                Piece::Or(ways) => self.any(ways),
            };
            let start = clauses.map_or(within.start, |clauses| clauses.start);
            clauses = Some(start..within.end);
            trees.push(tree);
        }
        (trees, clauses.unwrap_or_default())
    }

    fn any(&mut self, ways: &[Way]) -> (Tree, std::ops::Range<usize>) {
        let mut clauses: Option<std::ops::Range<usize>> = None;
        let mut trees = Vec::with_capacity(ways.len());
        for way in ways {
            let (pieces, within) = self.pieces(&way.pieces, Some(way.number));
            let holds = self.holds(&within, Some(way.number));
            trees.push(Tree::All { key: None, holds, pieces, together: None });
            let start = clauses.map_or(within.start, |clauses| clauses.start);
            clauses = Some(start..within.end);
        }
        let holds = trees.iter().any(Tree::holds);
        (Tree::Any { holds, ways: trees }, clauses.unwrap_or_default())
    }

    /// Whether some branch that comes here asks for none of these clauses that does not hold.
    fn holds(&self, clauses: &std::ops::Range<usize>, way: Option<usize>) -> bool {
        self.coming_by(way).any(|branch| {
            let next = branch.failing.partition_point(|clause| *clause < clauses.start);
            branch.failing.get(next).is_none_or(|clause| *clause >= clauses.end)
        })
    }

    fn coming_by(&self, way: Option<usize>) -> impl Iterator<Item = &Branch> {
        let enters = move |branch: &&Branch| way.is_none_or(|way| branch.entered.binary_search(&way).is_ok());
        self.branches.iter().filter(enters)
    }

    fn leaf(&mut self, key: &str, clause: usize, way: Option<usize>) -> Tree {
        let asks = |branch: &Branch| branch.asked.binary_search(&clause).is_ok();
        let comes_by = self.coming_by(way).count();
        let asking = self.coming_by(way).filter(|branch| asks(branch)).count();
        let replaced = match asking {
            0 => Replaced::Always,
            some if some < comes_by => Replaced::Sometimes,
            _ => Replaced::Never,
        };
        // Where nothing matches, everything that some branch asks for may have to be changed.
        let matters = self.matching.and_then(|matching| self.branches.get(matching)).is_none_or(|branch| {
            let comes_by = way.is_none_or(|way| branch.entered.binary_search(&way).is_ok());
            asks(branch) || !comes_by
        });
        let mut leaf = self.leaves[clause].take().expect("every clause stands in one place of the text");
        key.clone_into(&mut leaf.key);
        leaf.replaced = replaced;
        leaf.asked = matters && asking > 0;
        Tree::Clause(leaf)
    }
}
