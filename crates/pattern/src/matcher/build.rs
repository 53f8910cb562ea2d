//! Decides how a [`Plan`] is made of rules: [`Plan::new`].
//!
//! Takes time and memory in proportion to what the rules' branches and paths are together, whatever their shape.

use super::plan::{Branch, Children, Group, Map, Place, Plan, ROOT};
use super::tester;
use super::{index, scopes};
use crate::rule::Rule;
use crate::test::Test;
use memchr::memmem::Finder;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

/// More names than this are not looked for ahead.
const LAST_PARTS_MAX: usize = 3;

/// What the next plan is known by. None is known by 0.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A plan in the making.
struct Builder {
    places: Vec<Draft>,
    clauses: Vec<Clause>,
    clause_numbers: Map<(u32, Vec<Test>), u32>,
    /// The clauses of each branch, and the rules that it makes match.
    branches: Map<Box<[u32]>, Vec<u32>>,
    nots: u32,
    absences: u32,
}

#[derive(Default)]
struct Draft {
    parent: u32,
    children: BTreeMap<String, u32>,
    tester: Option<Box<tester::Builder>>,
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
            places: vec![Draft::default()],
            clauses: Vec::new(),
            clause_numbers: Map::default(),
            branches: Map::default(),
            nots: 0,
            absences: 0,
        };
        for (position, rule) in rules.enumerate() {
            builder.add(index(position), rule);
        }
        builder.find_required();
        builder.finish()
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
                    self.places.push(Draft { parent: at, ..Draft::default() });
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

    /// Marks the clauses that every branch has, and that want a value.
    fn find_required(&mut self) {
        let mut branches = self.branches.keys();
        let Some(first) = branches.next() else { return };
        let mut in_all: Vec<u32> = first.to_vec();
        for branch in branches {
            in_all.retain(|clause| branch.binary_search(clause).is_ok());
        }
        in_all.retain(|clause| !self.clauses[*clause as usize].may_be_absent);
        for clause in in_all {
            let mut place = self.clauses[clause as usize].place;
            self.places[place as usize].required = Some(clause);
            while place != ROOT && !self.places[place as usize].required_below {
                self.places[place as usize].required_below = true;
                place = self.places[place as usize].parent;
            }
        }
    }

    fn finish(mut self) -> Plan {
        let mut branches: Vec<Branch> = std::mem::take(&mut self.branches).into_iter().collect();
        // So that equal rules always give equal plans.
        branches.sort();
        let scopes = self.scopes(&branches);
        let mut groups = self.groups(&branches, &scopes);
        let triggers = self.triggers(&mut groups);
        let branch_triggers = self.branch_triggers(&branches);
        let mut absences = Vec::new();
        for (number, clause) in self.clauses.iter().enumerate().filter(|(_, clause)| clause.may_be_absent) {
            let tester = self.places[clause.place as usize].tester.as_ref();
            absences.extend(tester.and_then(|tester| tester.absence()).map(|absence| (absence, index(number))));
        }
        let is_path: Vec<bool> = self.places.iter().map(|place| place.tester.is_some()).collect();
        let has_children: Vec<bool> = self.places.iter().map(|place| !place.children.is_empty()).collect();
        let named = self.places.iter().flat_map(|place| &place.children);
        let ends = named.filter(|(_, place)| is_path[**place as usize]);
        let names: BTreeSet<String> = ends.map(|(name, _)| format!("{name}\"")).collect();
        let finders = names.iter().map(|name| Finder::new(name).into_owned());
        let last_parts = if names.len() <= LAST_PARTS_MAX { finders.collect() } else { Vec::new() };
        let place = |(draft, scope): (Draft, scopes::Scope)| Place {
            children: Children::new(draft.children, |child| has_children[child as usize]),
            tester: draft.tester.map(|tester| Box::new(tester.finish())),
            scoped: scope.is_scoped,
            scoped_with_own: scope.has_own,
            scoped_with_absence: scope.has_absence,
            groups_at: scope.groups_at,
            required: draft.required,
            required_below: draft.required_below,
        };
        Plan {
            paths_count: is_path.iter().filter(|is_path| **is_path).count(),
            last_parts,
            places: self.places.into_iter().zip(scopes.places).map(place).collect(),
            groups,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            triggers,
            branches,
            branch_triggers,
            absences,
            nots_count: self.nots as usize,
            absences_count: self.absences as usize,
        }
    }

    fn scopes(&self, branches: &[Branch]) -> scopes::Scopes {
        let place = |draft: &Draft| scopes::Input {
            parent: draft.parent,
            only_child: if draft.children.len() == 1 { draft.children.values().next().copied() } else { None },
            is_path: draft.tester.is_some(),
        };
        let clause = |clause: &Clause| (clause.place, clause.may_be_absent);
        let places: Vec<scopes::Input> = self.places.iter().map(place).collect();
        let clauses: Vec<(u32, bool)> = self.clauses.iter().map(clause).collect();
        scopes::find(&places, &clauses, branches)
    }

    /// The groups of all branches, inner ones before those around them; equal ones are one.
    fn groups(&self, branches: &[Branch], scopes: &scopes::Scopes) -> Vec<Group> {
        let mut groups = Vec::new();
        let mut numbers: Map<(u32, Vec<u32>, Vec<u32>), u32> = Map::default();
        for (branch, rules) in branches {
            // What stands at each place that has a group: clauses of its own, and inner groups.
            let mut parts: BTreeMap<u32, (Vec<u32>, Vec<u32>)> = BTreeMap::from([(ROOT, Default::default())]);
            for &clause in branch {
                let mut place = scopes.home[self.clauses[clause as usize].place as usize];
                parts.entry(place).or_default().0.push(clause);
                // Those above have their group for the sake of this one.
                while place != ROOT {
                    place = scopes.above(place);
                    if parts.contains_key(&place) {
                        break;
                    }
                    parts.insert(place, Default::default());
                }
            }
            // Places below others have greater numbers.
            while let Some((place, (clauses, inner))) = parts.pop_last() {
                let next = index(groups.len());
                let number = *numbers.entry((place, clauses, inner)).or_insert_with_key(|(place, clauses, inner)| {
                    groups.push(Group {
                        place: *place,
                        clauses: clauses.as_slice().into(),
                        inner: inner.as_slice().into(),
                        triggers: Vec::new(),
                        rules: Vec::new(),
                    });
                    next
                });
                if place == ROOT {
                    groups[number as usize].rules.extend(rules);
                } else {
                    parts.entry(scopes.above(place)).or_default().1.push(number);
                }
            }
        }
        groups
    }

    /// Chooses for each branch the clause that it waits for: the one that the fewest branches have.
    fn branch_triggers(&self, branches: &[Branch]) -> Vec<Vec<u32>> {
        let mut shared = vec![0_u32; self.clauses.len()];
        branches.iter().flat_map(|(branch, _)| branch).for_each(|clause| shared[*clause as usize] += 1);
        let mut triggers = vec![Vec::new(); self.clauses.len()];
        for (number, (branch, _)) in branches.iter().enumerate() {
            let wanting_value = branch.iter().filter(|clause| !self.clauses[**clause as usize].may_be_absent);
            let cost = |clause: &&u32| (shared[**clause as usize], self.clauses[**clause as usize].breadth);
            match wanting_value.min_by_key(cost) {
                Some(clause) => triggers[*clause as usize].push(index(number)),
                // Any of them may be the one that has a value.
                None => branch.iter().for_each(|clause| triggers[*clause as usize].push(index(number))),
            }
        }
        triggers
    }

    /// Chooses for each group what it waits for: the part that the fewest groups have. The answer is what each clause
    /// triggers; what a group triggers is put into it.
    fn triggers(&self, groups: &mut [Group]) -> Vec<Vec<u32>> {
        let mut clause_shared = vec![0_u32; self.clauses.len()];
        let mut group_shared = vec![0_u32; groups.len()];
        let mut wants_value = Vec::with_capacity(groups.len());
        for group in groups.iter() {
            group.clauses.iter().for_each(|clause| clause_shared[*clause as usize] += 1);
            group.inner.iter().for_each(|inner| group_shared[*inner as usize] += 1);
            let own = group.clauses.iter().any(|clause| !self.clauses[*clause as usize].may_be_absent);
            wants_value.push(own || group.inner.iter().any(|inner| wants_value[*inner as usize]));
        }
        let mut triggers = vec![Vec::new(); self.clauses.len()];
        for number in 0..groups.len() {
            let Group { clauses, inner, .. } = &groups[number];
            let (clauses, inner) = (clauses.clone(), inner.clone());
            let own = clauses.iter().filter(|clause| !self.clauses[**clause as usize].may_be_absent);
            let own = own.map(|clause| {
                let cost = (clause_shared[*clause as usize], self.clauses[*clause as usize].breadth);
                (cost, Part::Clause(*clause))
            });
            let inside = inner.iter().filter(|inner| wants_value[**inner as usize]);
            let inside = inside.map(|inner| ((group_shared[*inner as usize], 0), Part::Group(*inner)));
            let mut wait_for = |part: Part| match part {
                Part::Clause(clause) => triggers[clause as usize].push(index(number)),
                Part::Group(inner) => groups[inner as usize].triggers.push(index(number)),
            };
            match own.chain(inside).min_by_key(|(cost, _)| *cost) {
                Some((_, part)) => wait_for(part),
                // Any of them may be the one that has a value.
                None => {
                    clauses.iter().for_each(|clause| wait_for(Part::Clause(*clause)));
                    inner.iter().for_each(|inner| wait_for(Part::Group(*inner)));
                }
            }
        }
        triggers
    }
}

/// What a group can wait for.
enum Part {
    Clause(u32),
    Group(u32),
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
