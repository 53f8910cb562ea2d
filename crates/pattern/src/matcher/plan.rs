//! Decides how many rules lie in memory as one: [`Plan`].
//!
//! All paths of all rules are one tree of places, and each place that some path ends at has one [`Tester`] for what
//! all rules want there. Equal clauses of different rules are one clause, so an event asks once for what they share.
//!
//! A group is what one branch wants at and below a place, to hold together: at the root all its clauses, and at every
//! place where the elements of an array could set some of them apart, those there. It has clauses of its own, and the
//! groups of such places further down. Each group waits for one of these that few other groups have: its trigger. Only
//! when that holds the others are asked for. `build` makes a plan.

use super::tester::Tester;
use foldhash::fast::RandomState;
use memchr::memmem::Finder;
use std::collections::{BTreeMap, HashMap};

pub(super) type Map<K, V> = HashMap<K, V, RandomState>;

/// Index of the event itself among the places.
pub(super) const ROOT: u32 = 0;

/// Rules as one.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) places: Vec<Place>,
    pub(super) groups: Vec<Group>,
    /// Different for each plan.
    pub(super) id: u64,
    /// For each clause, the groups that it triggers.
    pub(super) triggers: Vec<Vec<u32>>,
    /// The clauses of each branch, and its rules.
    pub(super) branches: Vec<Branch>,
    /// For each clause, the branches that it triggers: where no array has set clauses apart, these are decided without
    /// groups.
    pub(super) branch_triggers: Vec<Vec<u32>>,
    /// Clauses that hold if a path has no value: the path by its number among those, and the clause.
    pub(super) absences: Vec<(u32, u32)>,
    pub(super) nots_count: usize,
    pub(super) absences_count: usize,
    /// How many paths there are.
    pub(super) paths_count: usize,
    /// The last parts of all paths, each with a quote behind it; empty if there are so many that looking for all of
    /// them would take longer than reading.
    pub(super) last_parts: Vec<Finder<'static>>,
}

/// The clauses of a branch, and the positions of the rules that match when it holds.
pub(super) type Branch = (Box<[u32]>, Vec<u32>);

/// One place of the tree of paths.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) children: Children,
    pub(super) tester: Option<Box<Tester>>,
    /// Whether some branch has several clauses here and below, so that it matters which element of an array they are
    /// in.
    pub(super) scoped: bool,
    /// Whether one of these is the clause of this very place.
    pub(super) scoped_with_own: bool,
    /// Whether one of these holds also when it has no value.
    pub(super) scoped_with_absence: bool,
    /// The place whose groups stand for this one's. Where only one way leads on, the groups are those behind it.
    pub(super) groups_at: u32,
    /// The clause of this very place that every branch of every rule has, and that wants a value.
    pub(super) required: Option<u32>,
    /// Whether there is one here or below: without a value, nothing matches.
    pub(super) required_below: bool,
}

/// The places one step below.
#[derive(Debug)]
pub(super) struct Children {
    /// A bit for each value of the last six bits of a first byte that a key worth looking at can have.
    first_bytes: u64,
    few: Box<[Child]>,
    /// Instead of `few` if there are many.
    many: Option<Map<Box<[u8]>, u32>>,
}

/// A part of a path, and the place behind it.
pub(super) type Child = (Box<str>, u32);

/// Where a key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Nowhere,
    /// To this place.
    Child(u32),
    /// Perhaps to a place further down: the key has dots.
    Dotted,
}

/// From so many children on hashing is faster than looking at each.
const CHILDREN_FOR_HASHING: usize = 9;

impl Children {
    pub(super) fn new(children: BTreeMap<String, u32>, has_children: impl Fn(u32) -> bool) -> Children {
        let mut first_bytes = 0;
        for segment in children.keys() {
            // The empty key, and one that begins with a dot, lead to the empty segment.
            first_bytes |= segment.bytes().next().map_or(u64::MAX, |byte| 1 << (byte & 63));
        }
        if children.len() < CHILDREN_FOR_HASHING {
            let mut few: Vec<Child> = children.into_iter().map(|(segment, place)| (segment.into(), place)).collect();
            // What is decided at once comes first, because it may make looking further needless.
            few.sort_by_key(|(_, place)| has_children(*place));
            return Children { first_bytes, few: few.into(), many: None };
        }
        let many = children.into_iter().map(|(segment, place)| (segment.into_bytes().into(), place)).collect();
        Children { first_bytes, few: Box::default(), many: Some(many) }
    }

    /// Where a key leads.
    #[inline(always)]
    pub(super) fn step(&self, key: &[u8]) -> Step {
        if self.first_bytes >> (key.first().copied().unwrap_or(0) & 63) & 1 == 0 {
            return Step::Nowhere;
        }
        self.likely_step(key)
    }

    #[inline]
    fn likely_step(&self, key: &[u8]) -> Step {
        match self.child(key) {
            Some(place) => Step::Child(place),
            None if memchr::memchr(b'.', key).is_some() => Step::Dotted,
            None => Step::Nowhere,
        }
    }

    /// The place that one segment leads to.
    #[inline]
    pub(super) fn child(&self, segment: &[u8]) -> Option<u32> {
        match &self.many {
            None => self.few.iter().find(|(known, _)| same(known.as_bytes(), segment)).map(|(_, place)| *place),
            Some(many) => many.get(segment).copied(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.is_none()
    }

    /// All of them, if they are so few that asking an object for each is quick.
    pub(super) fn few(&self) -> Option<&[Child]> {
        if self.many.is_none() { Some(&self.few) } else { None }
    }
}

/// Whether two texts are equal, for texts that are mostly short: those are compared as one or two words.
#[inline]
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        8..=16 => {
            one.first_chunk::<8>() == other.first_chunk::<8>() && one.last_chunk::<8>() == other.last_chunk::<8>()
        }
        4..8 => one.first_chunk::<4>() == other.first_chunk::<4>() && one.last_chunk::<4>() == other.last_chunk::<4>(),
        0..4 => one.iter().eq(other),
        _ => one == other,
    }
}

/// What a branch wants at and below a place, to hold together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) place: u32,
    /// Those that are in no inner group.
    pub(super) clauses: Box<[u32]>,
    /// The groups of the next places further down.
    pub(super) inner: Box<[u32]>,
    /// Groups that wait for this one.
    pub(super) triggers: Vec<u32>,
    /// Positions of the rules that match when the group, being one of the whole event, holds.
    pub(super) rules: Vec<u32>,
}
