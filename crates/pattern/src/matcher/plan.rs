//! Decides how many rules lie in memory as one: [`Plan`].
//!
//! All paths of all rules are one tree of places, and each place that some path ends at has one [`Tester`] for what
//! all rules want there. Equal clauses of different rules are one clause, so an event asks once for what they share.
//!
//! A group is a set of clauses of one branch that must hold together: at the root all of them, and at every place
//! where the elements of an array could set them apart, those at and below it. Each group waits for one clause that
//! few other groups wait for: its trigger. Only when that holds the others are asked for.

use super::tester::{self, Tester};
use super::trie::index;
use crate::rule::Rule;
use crate::test::Test;
use foldhash::fast::RandomState;
use memchr::memmem::Finder;
use std::collections::{BTreeMap, BTreeSet, HashMap};

type Map<K, V> = HashMap<K, V, RandomState>;

/// Index of the event itself among the places.
pub(super) const ROOT: u32 = 0;

/// Rules as one.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) places: Vec<Place>,
    pub(super) groups: Vec<Group>,
    /// What each clause triggers.
    pub(super) triggers: Vec<Triggers>,
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

/// The groups that wait for one clause.
#[derive(Debug, Clone, Default)]
pub(super) struct Triggers {
    /// Of the whole event.
    pub(super) whole: Vec<u32>,
    /// Of places inside, each with its place.
    pub(super) inner: Vec<(u32, u32)>,
}

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

/// More names than this are not looked for ahead.
const LAST_PARTS_MAX: usize = 3;

/// From so many children on hashing is faster than looking at each.
const CHILDREN_FOR_HASHING: usize = 9;

impl Children {
    fn new(children: BTreeMap<String, u32>, has_children: impl Fn(u32) -> bool) -> Children {
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

/// Clauses of one branch that must hold together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) place: u32,
    pub(super) needs: Box<[Need]>,
    /// Positions of the rules that match when the group of the whole event holds.
    pub(super) rules: Vec<u32>,
}

/// A clause of a group.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) clause: u32,
    /// Groups of places between the group's and the clause's that have the clause: inside an array, one of these
    /// stands for it.
    pub(super) inner: Box<[u32]>,
}

/// A plan in the making.
struct Builder {
    places: Vec<Draft>,
    clauses: Vec<Clause>,
    clause_numbers: Map<(u32, Vec<Test>), u32>,
    /// The clauses of each whole branch, and the rules that it makes match.
    branches: Map<Box<[u32]>, Vec<u32>>,
    nots: u32,
    absences: u32,
}

struct Draft {
    parent: u32,
    children: BTreeMap<String, u32>,
    tester: Option<Box<tester::Builder>>,
    scoped: bool,
    scoped_with_own: bool,
    scoped_with_absence: bool,
    required: Option<u32>,
    required_below: bool,
}

struct Clause {
    place: u32,
    may_be_absent: bool,
    /// How likely it holds for some value, roughly: what holds rarely makes a good trigger.
    breadth: u8,
}

impl Plan {
    /// The plan of rules, which are known by their positions in the list.
    pub(super) fn new<'r>(rules: impl Iterator<Item = &'r Rule>) -> Plan {
        let mut builder = Builder {
            places: vec![Draft::below(ROOT)],
            clauses: Vec::new(),
            clause_numbers: Map::default(),
            branches: Map::default(),
            nots: 0,
            absences: 0,
        };
        for (position, rule) in rules.enumerate() {
            builder.add(index(position), rule);
        }
        builder.find_scopes();
        builder.find_required();
        builder.finish()
    }
}

impl Draft {
    fn below(parent: u32) -> Draft {
        Draft {
            parent,
            children: BTreeMap::new(),
            tester: None,
            scoped: false,
            scoped_with_own: false,
            scoped_with_absence: false,
            required: None,
            required_below: false,
        }
    }
}

impl Builder {
    fn add(&mut self, position: u32, rule: &Rule) {
        let mut clauses = Vec::with_capacity(rule.clauses.len());
        for clause in &rule.clauses {
            let place = self.place(&clause.path);
            let tests: Vec<Test> = clause.alternatives.iter().map(|alternative| alternative.test.clone()).collect();
            clauses.push(self.clause(place, tests));
        }
        for branch in &rule.branches {
            let mut members: Vec<u32> = branch.clauses().map(|clause| clauses[clause]).collect();
            members.sort_unstable();
            self.branches.entry(members.into()).or_default().push(position);
        }
    }

    fn place(&mut self, path: &str) -> u32 {
        let mut at = ROOT;
        for segment in path.split('.') {
            let next = index(self.places.len());
            let here = &mut self.places[at as usize];
            let place = match here.children.get(segment) {
                Some(place) => *place,
                None => {
                    here.children.insert(segment.to_owned(), next);
                    self.places.push(Draft::below(at));
                    next
                }
            };
            at = place;
        }
        at
    }

    fn clause(&mut self, place: u32, tests: Vec<Test>) -> u32 {
        let key = (place, tests);
        if let Some(number) = self.clause_numbers.get(&key) {
            return *number;
        }
        let number = index(self.clauses.len());
        let tester = self.places[place as usize].tester.get_or_insert_with(|| Box::new(tester::Builder::new()));
        for test in &key.1 {
            tester.add(test, number, &mut self.nots, &mut self.absences);
        }
        self.clauses.push(Clause {
            place,
            may_be_absent: key.1.contains(&Test::Absent),
            breadth: key.1.iter().map(breadth).max().unwrap_or(0),
        });
        self.clause_numbers.insert(key, number);
        number
    }

    /// The clause's place and those above it, without the root.
    fn places_of(&self, clause: u32) -> impl Iterator<Item = u32> + use<'_> {
        let place = self.clauses[clause as usize].place;
        let above = |place: &u32| Some(self.places[*place as usize].parent);
        std::iter::successors(Some(place), above).take_while(|place| *place != ROOT)
    }

    /// The clauses of a branch that lie at or below each place.
    fn by_place(&self, branch: &[u32]) -> BTreeMap<u32, Vec<u32>> {
        let mut by_place: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &clause in branch {
            for place in self.places_of(clause) {
                by_place.entry(place).or_default().push(clause);
            }
        }
        by_place
    }

    fn find_scopes(&mut self) {
        for branch in self.branches.keys().filter(|branch| branch.len() > 1).cloned().collect::<Vec<_>>() {
            for (place, clauses) in self.by_place(&branch).into_iter().filter(|(_, clauses)| clauses.len() > 1) {
                let own = clauses.iter().any(|clause| self.clauses[*clause as usize].place == place);
                let absence = clauses.iter().any(|clause| self.clauses[*clause as usize].may_be_absent);
                let draft = &mut self.places[place as usize];
                draft.scoped = true;
                draft.scoped_with_own |= own;
                draft.scoped_with_absence |= absence;
            }
        }
    }

    fn find_required(&mut self) {
        let mut branches = self.branches.keys();
        let Some(first) = branches.next() else { return };
        let mut in_all: Vec<u32> = first.to_vec();
        for branch in branches {
            in_all.retain(|clause| branch.binary_search(clause).is_ok());
        }
        in_all.retain(|clause| !self.clauses[*clause as usize].may_be_absent);
        for clause in in_all {
            self.places[self.clauses[clause as usize].place as usize].required = Some(clause);
            for place in self.places_of(clause).collect::<Vec<_>>() {
                self.places[place as usize].required_below = true;
            }
        }
    }

    fn finish(mut self) -> Plan {
        let mut groups = Vec::new();
        let mut numbers: Map<(u32, Box<[u32]>), u32> = Map::default();
        let branches = std::mem::take(&mut self.branches);
        let mut branches: Vec<(Box<[u32]>, Vec<u32>)> = branches.into_iter().collect();
        // So that equal rules always give equal plans.
        branches.sort();
        for (branch, rules) in &branches {
            let mut by_place = self.by_place(branch);
            by_place.retain(|place, _| self.places[*place as usize].scoped);
            by_place.insert(ROOT, branch.to_vec());
            // Places below others have greater numbers, so inner groups are numbered before those around them.
            for (&place, clauses) in by_place.iter().rev() {
                let key = (place, clauses.clone().into_boxed_slice());
                if numbers.contains_key(&key) {
                    continue;
                }
                let need = |clause: &u32| {
                    let inside = self.places_of(*clause).take_while(|inner| *inner != place);
                    let scoped = inside.filter_map(|inner| Some((inner, by_place.get(&inner)?)));
                    let inner = scoped.filter_map(|(inner, set)| numbers.get(&(inner, set.clone().into())).copied());
                    Need { clause: *clause, inner: inner.collect() }
                };
                let needs = clauses.iter().map(need).collect();
                numbers.insert(key, index(groups.len()));
                groups.push(Group { place, needs, rules: if place == ROOT { rules.clone() } else { Vec::new() } });
            }
        }
        let triggers = self.triggers(&groups);
        let has_children: Vec<bool> = self.places.iter().map(|place| !place.children.is_empty()).collect();
        let mut absences = Vec::new();
        for (number, clause) in self.clauses.iter().enumerate().filter(|(_, clause)| clause.may_be_absent) {
            let tester = self.places[clause.place as usize].tester.as_ref();
            absences.extend(tester.and_then(|tester| tester.absence()).map(|absence| (absence, index(number))));
        }
        let named =
            |place: &Draft| place.children.iter().map(|(name, child)| (name.clone(), *child)).collect::<Vec<_>>();
        let is_path = |place: u32| self.places[place as usize].tester.is_some();
        let ends = self.places.iter().flat_map(named).filter(|(_, place)| is_path(*place));
        let names: BTreeSet<String> = ends.map(|(name, _)| format!("{name}\"")).collect();
        let finders = names.iter().map(|name| Finder::new(name).into_owned());
        let last_parts = if names.len() <= LAST_PARTS_MAX { finders.collect() } else { Vec::new() };
        Plan {
            paths_count: self.places.iter().filter(|place| place.tester.is_some()).count(),
            last_parts,
            places: self.places.into_iter().map(|place| place.finish(|child| has_children[child as usize])).collect(),
            groups,
            triggers,
            absences,
            nots_count: self.nots as usize,
            absences_count: self.absences as usize,
        }
    }

    /// Chooses for each group the clause that it waits for: the one that the fewest groups of the place have.
    fn triggers(&self, groups: &[Group]) -> Vec<Triggers> {
        let mut sharing: Map<(u32, u32), u32> = Map::default();
        for group in groups {
            for need in &group.needs {
                *sharing.entry((group.place, need.clause)).or_default() += 1;
            }
        }
        let mut triggers = vec![Triggers::default(); self.clauses.len()];
        for (number, group) in groups.iter().enumerate() {
            let mut put = |clause: u32| {
                let triggers = &mut triggers[clause as usize];
                match group.place {
                    ROOT => triggers.whole.push(index(number)),
                    place => triggers.inner.push((place, index(number))),
                }
            };
            let clause = |need: &&Need| &self.clauses[need.clause as usize];
            let wanting_value = group.needs.iter().filter(|need| !clause(need).may_be_absent);
            let cost = |need: &&Need| (sharing[&(group.place, need.clause)], clause(need).breadth);
            match wanting_value.min_by_key(cost) {
                Some(need) => put(need.clause),
                // Any of them may be the one that has a value.
                None => group.needs.iter().for_each(|need| put(need.clause)),
            }
        }
        triggers
    }
}

impl Draft {
    fn finish(self, has_children: impl Fn(u32) -> bool) -> Place {
        let draft = self;
        Place {
            children: Children::new(draft.children, has_children),
            tester: draft.tester.map(|tester| Box::new(tester.finish())),
            scoped: draft.scoped,
            scoped_with_own: draft.scoped_with_own,
            scoped_with_absence: draft.scoped_with_absence,
            required: draft.required,
            required_below: draft.required_below,
        }
    }
}

fn breadth(test: &Test) -> u8 {
    match test {
        Test::Text(_) | Test::Address(..) | Test::Number { .. } | Test::EqualIgnoringCase(_) => 0,
        Test::Prefix(_) | Test::PrefixIgnoringCase(_) | Test::Suffix(_) | Test::SuffixIgnoringCase(_) => 1,
        Test::Wildcard(..) | Test::Network(..) => 1,
        Test::Numeric(_) | Test::Bool(_) | Test::Null => 2,
        Test::Not(_) => 3,
        Test::Present | Test::Absent => 4,
    }
}
