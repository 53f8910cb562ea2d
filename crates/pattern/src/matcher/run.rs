//! Decides which rules one event satisfies, while somebody walks along it: [`Run`].
//!
//! Whoever reads the event (`bytes`, `typed`) tells each value at a place that some rule names; what these satisfy is
//! noted as facts. Values inside an element of an array are noted in a scope of their own where it matters which
//! element they are in: when the scope closes, only the groups that hold in that element are facts of the scope around
//! it. When the event ends, the groups of the whole event are looked at. In each scope a group is decided once.
//!
//! Notes are stamps: a number that grows with every scope and every value, and is not used again before all notes are
//! cleared, so nothing is cleared between events. What this way cannot decide is found out too: see
//! [`Verdict::Unclear`].

use super::plan::{Plan, ROOT, Step};
use super::tester::{Outcome, Tester};
use crate::number::Decimal;

/// So many stamps are given out before all are started anew, between two events. The other half is more than one event
/// can use: it uses fewer than it has values and elements, and is walked along twice at most.
const STAMPS_BEFORE_RESET: u32 = u32::MAX / 2;

/// What is around the event's own scope; no stamp.
const NO_SCOPE: u32 = u32::MAX;

/// Memory for matching, to be used again for each event: one for each thread that matches. It grows to what the largest
/// matcher needs; then matching allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The stamp that was given last.
    stamp: u32,
    /// The plan that there is surely room for.
    plan: u64,
    /// For each clause and group, the scope that it last held in.
    clauses: Vec<u32>,
    groups: Vec<u32>,
    /// For each group, the scope that it was last found not to hold in, and that it was last looked at in.
    failed: Vec<u32>,
    fired: Vec<u32>,
    /// For each clause, the event that it last held in for some value.
    held: Vec<u32>,
    /// For each scoped place, the scope that a field last led to it in.
    places: Vec<u32>,
    /// For each place that a path ends at, the event that last came there.
    reached: Vec<u32>,
    /// For each `anything-but`, the value that it last excluded.
    nots: Vec<u32>,
    /// For each path whose absence counts, the event that last had a value there.
    seen: Vec<u32>,
    /// For each clause, the event in which it was last known to hold because there is no value.
    absent: Vec<u32>,
    /// For each key, the event that it last matched.
    keys: Vec<u32>,
    /// Of all open scopes, the innermost last.
    facts: Vec<Fact>,
    /// Groups that hold in the scope that is being closed.
    exported: Vec<u32>,
    /// Keys of rules that match.
    pub(super) matched: Vec<u32>,
    /// Where a text is unescaped.
    pub(super) unescaped: Vec<u8>,
    /// Where a typed event writes its texts.
    pub(super) room: String,
}

#[derive(Debug, Clone, Copy)]
enum Fact {
    Clause(u32),
    Group(u32),
}

impl Scratch {
    /// Nothing is allocated before it is needed.
    pub fn new() -> Scratch {
        Scratch::default()
    }

    /// Makes room for what a plan may note about an event.
    #[inline]
    fn prepare(&mut self, plan: &Plan, keys: usize) {
        if self.plan != plan.id || self.stamp > STAMPS_BEFORE_RESET {
            self.make_room(plan, keys);
        }
        self.facts.clear();
        self.matched.clear();
    }

    #[cold]
    fn make_room(&mut self, plan: &Plan, keys: usize) {
        self.plan = plan.id;
        let grow = |stamps: &mut Vec<u32>, length: usize| {
            if stamps.len() < length {
                stamps.resize(length, 0);
            }
        };
        grow(&mut self.clauses, plan.triggers.len());
        grow(&mut self.held, plan.triggers.len());
        grow(&mut self.absent, plan.triggers.len());
        grow(&mut self.groups, plan.groups.len());
        grow(&mut self.failed, plan.groups.len());
        grow(&mut self.fired, plan.groups.len());
        grow(&mut self.places, plan.places.len());
        grow(&mut self.reached, plan.places.len());
        grow(&mut self.nots, plan.nots_count);
        grow(&mut self.seen, plan.absences_count);
        grow(&mut self.keys, keys);
        if self.stamp > STAMPS_BEFORE_RESET {
            let all = [&mut self.clauses, &mut self.held, &mut self.absent, &mut self.groups, &mut self.failed];
            let more = [&mut self.fired, &mut self.places, &mut self.reached, &mut self.nots, &mut self.seen];
            self.keys.fill(0);
            all.into_iter().chain(more).for_each(|stamps| stamps.fill(0));
            self.stamp = 0;
        }
    }

    /// As after a great many events.
    #[cfg(test)]
    pub(super) fn run_out_of_stamps(&mut self) {
        self.stamp = STAMPS_BEFORE_RESET - 2;
    }

    #[inline]
    fn next_stamp(&mut self) -> u32 {
        self.stamp = self.stamp.checked_add(1).expect("no memory holds an event of so many values");
        self.stamp
    }
}

/// What has come out when the event was walked along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The rules that match are known.
    Decided,
    /// Walk along it once more: some clauses hold because they have no value, which was known only at the end, and
    /// others were to hold beside them in one element.
    Again,
    /// Fields that repeat, or that spell a path with dots, meet arrays whose elements must be told apart: somebody else
    /// must decide.
    Unclear,
}

/// One event on its way along a plan.
pub(super) struct Run<'r> {
    pub(super) plan: &'r Plan,
    pub(super) scratch: &'r mut Scratch,
    /// For each rule, which key it has.
    keys: &'r [u32],
    /// Stamp of the event.
    event: u32,
    /// Stamp of the innermost scope.
    scope: u32,
    /// Some scope other than the event's was opened.
    opened: bool,
    /// A place was reached twice, or by a key with dots, or bare values stand beside elements.
    irregular: bool,
    /// A scope was opened in which it matters what is absent.
    wants_absences: bool,
    knows_absences: bool,
    /// Paths that the event has not come to.
    pub(super) paths_left: usize,
}

/// What was set aside when a scope was opened.
pub(super) struct Outer {
    scope: u32,
    facts: usize,
}

impl<'r> Run<'r> {
    pub(super) fn new(plan: &'r Plan, scratch: &'r mut Scratch, keys: &'r [u32], keys_count: usize) -> Run<'r> {
        scratch.prepare(plan, keys_count);
        let event = scratch.next_stamp();
        Run {
            plan,
            scratch,
            keys,
            event,
            scope: event,
            opened: false,
            irregular: false,
            wants_absences: false,
            knows_absences: false,
            paths_left: plan.paths_count,
        }
    }

    /// A field led to the place.
    #[inline]
    pub(super) fn enter(&mut self, place: u32) {
        let here = &self.plan.places[place as usize];
        if here.scoped {
            let stamp = &mut self.scratch.places[place as usize];
            self.irregular |= *stamp == self.scope;
            *stamp = self.scope;
        }
    }

    /// A field of a text led to the place: then nothing may be left to look for in the rest of it.
    #[inline]
    pub(super) fn reach(&mut self, place: u32) {
        let is_path = self.plan.places[place as usize].tester.is_some();
        if is_path && self.scratch.reached[place as usize] != self.event {
            self.scratch.reached[place as usize] = self.event;
            self.paths_left -= 1;
        }
    }

    /// The place that a key with dots leads to from another one.
    pub(super) fn dotted(&mut self, from: u32, key: &[u8]) -> Option<u32> {
        let mut at = from;
        for segment in key.split(|byte| *byte == b'.') {
            at = self.plan.places[at as usize].children.child(segment)?;
        }
        self.irregular = true;
        Some(at)
    }

    /// The place that a key leads to.
    #[inline(always)]
    pub(super) fn step(&mut self, from: u32, key: &[u8]) -> Option<u32> {
        match self.plan.places[from as usize].children.step(key) {
            Step::Nowhere => None,
            Step::Child(place) => Some(place),
            Step::Dotted => self.dotted(from, key),
        }
    }

    /// Whether the place's required clause failed, so that nothing can match. To be asked when the place's only value
    /// has been told, and the value is in no array.
    #[inline]
    pub(super) fn fails(&self, place: u32) -> bool {
        let required = self.plan.places[place as usize].required;
        required.is_some_and(|clause| self.scratch.clauses[clause as usize] != self.scope)
    }

    /// An array at a scoped place has values of its own beside objects or arrays.
    pub(super) fn mixed(&mut self, place: u32) {
        self.irregular |= self.plan.places[place as usize].scoped_with_own;
    }

    /// An element that is an object or an array begins, at a place that is scoped.
    pub(super) fn open(&mut self, place: u32) -> Outer {
        self.opened = true;
        self.wants_absences |= self.plan.places[place as usize].scoped_with_absence;
        let outer = Outer { scope: self.scope, facts: self.scratch.facts.len() };
        self.scope = self.scratch.next_stamp();
        outer
    }

    /// The element ends.
    pub(super) fn close(&mut self, place: u32, outer: Outer) {
        let at = self.plan.places[place as usize].groups_at;
        for index in outer.facts..self.scratch.facts.len() {
            let plan = self.plan;
            match self.scratch.facts[index] {
                Fact::Clause(clause) => self.fire_all(&plan.triggers[clause as usize], at, outer.scope),
                // From an array inside this one, at the same place.
                Fact::Group(group) if plan.groups[group as usize].place == at => self.scratch.exported.push(group),
                Fact::Group(group) => self.fire_all(&plan.groups[group as usize].triggers, at, outer.scope),
            }
        }
        self.scratch.facts.truncate(outer.facts);
        self.scope = outer.scope;
        while let Some(group) = self.scratch.exported.pop() {
            let stamp = &mut self.scratch.groups[group as usize];
            if *stamp != self.scope {
                *stamp = self.scope;
                self.scratch.facts.push(Fact::Group(group));
            }
        }
    }

    /// Looks at groups one of whose parts holds. Those that hold and lie at the place `at` are what the scope comes to;
    /// others let those around them be looked at. Groups nest no deeper than paths do.
    fn fire_all(&mut self, groups: &[u32], at: u32, outer_scope: u32) {
        let plan = self.plan;
        for &number in groups {
            let group = &plan.groups[number as usize];
            let is_known = group.place == at && self.scratch.groups[number as usize] == outer_scope;
            if is_known || self.scratch.fired[number as usize] == self.scope {
                continue;
            }
            self.scratch.fired[number as usize] = self.scope;
            if !self.holds(number) {
                continue;
            }
            if group.place != at {
                self.fire_all(&group.triggers, at, outer_scope);
            } else if at == ROOT {
                group.rules.iter().for_each(|rule| self.matched(self.keys[*rule as usize]));
            } else {
                self.scratch.exported.push(number);
            }
        }
    }

    /// Whether all parts of a group hold in this scope. To be asked when the scope has all its facts.
    fn holds(&mut self, number: u32) -> bool {
        if self.scratch.groups[number as usize] == self.scope {
            return true;
        }
        if self.scratch.failed[number as usize] == self.scope {
            return false;
        }
        let group = &self.plan.groups[number as usize];
        let own = group.clauses.iter().all(|clause| {
            self.scratch.clauses[*clause as usize] == self.scope || self.scratch.absent[*clause as usize] == self.event
        });
        let holds = own && group.inner.iter().all(|inner| self.holds(*inner));
        let stamps = if holds { &mut self.scratch.groups } else { &mut self.scratch.failed };
        stamps[number as usize] = self.scope;
        holds
    }

    /// The event ends.
    pub(super) fn finish(&mut self) -> Verdict {
        let plan = self.plan;
        if !self.knows_absences {
            self.knows_absences = true;
            for (path, clause) in &plan.absences {
                if self.scratch.seen[*path as usize] != self.event {
                    self.scratch.absent[*clause as usize] = self.event;
                }
            }
            if self.wants_absences && !self.irregular {
                self.paths_left = usize::MAX;
                self.scratch.facts.clear();
                self.scope = self.scratch.next_stamp();
                return Verdict::Again;
            }
        }
        if self.irregular && self.opened {
            return Verdict::Unclear;
        }
        for (_, clause) in &plan.absences {
            if self.scratch.absent[*clause as usize] == self.event {
                self.scratch.facts.push(Fact::Clause(*clause));
            }
        }
        for index in 0..self.scratch.facts.len() {
            match self.scratch.facts[index] {
                Fact::Clause(clause) if !self.opened => self.conclude(&plan.branch_triggers[clause as usize]),
                Fact::Clause(clause) => self.fire_all(&plan.triggers[clause as usize], ROOT, NO_SCOPE),
                Fact::Group(group) => self.fire_all(&plan.groups[group as usize].triggers, ROOT, NO_SCOPE),
            }
        }
        Verdict::Decided
    }

    /// Notes the rules of branches that hold, where no array has set clauses apart.
    #[inline]
    fn conclude(&mut self, branches: &[u32]) {
        let plan = self.plan;
        for &number in branches {
            let (branch, rules) = &plan.branches[number as usize];
            let scratch = &*self.scratch;
            let holds = |clause: &u32| {
                scratch.clauses[*clause as usize] == self.scope || scratch.absent[*clause as usize] == self.event
            };
            if branch.iter().all(holds) {
                rules.iter().for_each(|rule| self.matched(self.keys[*rule as usize]));
            }
        }
    }

    /// The rules that can match at all: each clause of some branch holds for some value, or because there is none.
    /// Asked when the event has ended.
    pub(super) fn candidates(&self) -> impl Iterator<Item = u32> {
        let scratch = &*self.scratch;
        let holds = |clause: &u32| {
            scratch.held[*clause as usize] == self.event || scratch.absent[*clause as usize] == self.event
        };
        let possible = self.plan.branches.iter().filter(move |(branch, _)| branch.iter().all(holds));
        possible.flat_map(|(_, rules)| rules.iter().copied())
    }

    fn matched(&mut self, key: u32) {
        let stamp = &mut self.scratch.keys[key as usize];
        if *stamp != self.event {
            *stamp = self.event;
            self.scratch.matched.push(key);
        }
    }

    /// A string at a place, whose bytes are UTF-8.
    #[inline]
    pub(super) fn text(&mut self, tester: &Tester, text: &[u8]) {
        let value = self.value();
        tester.text(text, &mut |outcome| note(self.scratch, [self.event, self.scope, value], outcome));
        self.value_done(tester, value);
    }

    #[inline]
    pub(super) fn number(&mut self, tester: &Tester, text: &[u8], number: Option<Decimal>) {
        let value = self.value();
        tester.number(text, number, &mut |outcome| note(self.scratch, [self.event, self.scope, value], outcome));
        self.value_done(tester, value);
    }

    pub(super) fn truth(&mut self, tester: &Tester, truth: bool) {
        let value = self.value();
        tester.truth(truth, &mut |outcome| note(self.scratch, [self.event, self.scope, value], outcome));
        self.value_done(tester, value);
    }

    pub(super) fn null(&mut self, tester: &Tester) {
        let value = self.value();
        tester.null(&mut |outcome| note(self.scratch, [self.event, self.scope, value], outcome));
        self.value_done(tester, value);
    }

    #[inline]
    fn value(&mut self) -> u32 {
        self.scratch.next_stamp()
    }

    /// What was not excluded is not.
    #[inline]
    fn value_done(&mut self, tester: &Tester, value: u32) {
        for &(not, clause) in &tester.nots {
            if self.scratch.nots[not as usize] != value {
                hold(self.scratch, self.event, self.scope, clause);
            }
        }
        if let Some(path) = tester.absence {
            self.scratch.seen[path as usize] = self.event;
        }
    }
}

#[inline]
fn note(scratch: &mut Scratch, [event, scope, value]: [u32; 3], outcome: Outcome) {
    match outcome {
        Outcome::Holds(clause) => hold(scratch, event, scope, clause),
        Outcome::Excludes(not) => scratch.nots[not as usize] = value,
    }
}

#[inline]
fn hold(scratch: &mut Scratch, event: u32, scope: u32, clause: u32) {
    let stamp = &mut scratch.clauses[clause as usize];
    if *stamp != scope {
        *stamp = scope;
        scratch.held[clause as usize] = event;
        scratch.facts.push(Fact::Clause(clause));
    }
}
