//! Decides whether an event satisfies a branch: [`Search`].
//!
//! The rule behind it: choose at most one element of every array; the branch matches if some choice leaves a
//! satisfying value for every clause. (As on AWS, a bare value of an array is there in every choice of that array's
//! elements; only what is inside an object or array that is an element belongs to that element.)
//!
//! Usually each clause can be satisfied in one place only, because each path segment names one field. Then a place is
//! satisfied or not, without choices to remember, and one walk over the event decides: [`Search::satisfied`]. Only
//! where an event repeats a key, or spells a path with and without dots, may a clause be satisfied here or there; then
//! the sets of clauses that can be satisfied together are computed ([`Search::achievable`]), with a bound on the work.
//!
//! `exists: false` asks about the whole event, not about one element, so it is answered first; such clauses need no
//! value any more.

use crate::bits::Bits;
use crate::error::TooAmbiguous;
use crate::node::{Kind, Node};
use crate::rule::{Branch, Place, Rule};
use crate::test::Scalar;
use std::ops::ControlFlow;
use std::ops::Range;

/// Set operations after which an ambiguous event is given up for a pattern. Enough for any event with up to a dozen
/// clauses in ambiguous places, and for every one that is not made for the purpose; a few milliseconds.
const STEPS_MAX: u32 = 400_000;

/// The same for all patterns together.
const STEPS_MAX_OF_ALL: u32 = 10_000_000;

/// Set operations that may still be spent: on one pattern, and on all of them.
#[derive(Debug)]
pub(crate) struct Steps {
    one: u32,
    all: u32,
}

impl Steps {
    pub(crate) fn for_one() -> Steps {
        Steps { one: STEPS_MAX, all: STEPS_MAX }
    }

    /// For many patterns and one event: each has as much as it would have by itself, as long as few need that much.
    pub(crate) fn for_many() -> Steps {
        Steps { one: STEPS_MAX, all: STEPS_MAX_OF_ALL }
    }

    fn spend(&mut self, steps: u32) -> Result<(), TooAmbiguous> {
        self.one = self.one.checked_sub(steps).ok_or(TooAmbiguous)?;
        self.all = self.all.checked_sub(steps).ok_or(TooAmbiguous)?;
        Ok(())
    }
}

/// Whether the event satisfies any branch.
pub(crate) fn matches<N: Node>(rule: &Rule, event: N, steps: &mut Steps) -> Result<bool, TooAmbiguous> {
    let mut known = Known::default();
    steps.one = STEPS_MAX;
    for branch in &rule.branches {
        if branch_matches(rule, branch, event, &mut known, steps)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the event satisfies one branch. `known` is kept from branch to branch of one event.
pub(crate) fn branch_matches<N: Node>(
    rule: &Rule,
    branch: &Branch,
    event: N,
    known: &mut Known,
    steps: &mut Steps,
) -> Result<bool, TooAmbiguous> {
    if !matches!(event.kind(), Kind::Object) {
        return Ok(false);
    }
    // Of many branches most have a clause that nothing in the event satisfies; then there is nothing to search.
    if rule.branches.len() > 1 && !branch.clauses().all(|clause| known.holds_somewhere(rule, clause, event)) {
        return Ok(false);
    }
    let mut needed = branch.paths.clone();
    for &position in &branch.may_be_absent {
        if branch.clause_at(position).is_some_and(|clause| known.is_absent(rule, clause, event)) {
            needed.remove(position);
        }
    }
    let mut search = Search { rule, branch, needed, steps };
    if !search.needs(&rule.root.paths) {
        return Ok(true);
    }
    search.satisfied(event, &rule.root, false)
}

/// What has been found out about clauses of a rule and one event, each by itself, so that many branches ask once.
#[derive(Debug, Default)]
pub(crate) struct Known {
    asked: Bits,
    absent: Bits,
    holding: Bits,
}

impl Known {
    /// Whether the clause's path has no value in the event.
    fn is_absent<N: Node>(&mut self, rule: &Rule, clause: usize, event: N) -> bool {
        self.ask(rule, clause, event);
        self.absent.contains(clause)
    }

    /// Whether the clause holds for any value by itself, or because there is none.
    fn holds_somewhere<N: Node>(&mut self, rule: &Rule, clause: usize, event: N) -> bool {
        self.ask(rule, clause, event);
        self.holding.contains(clause)
    }

    fn ask<N: Node>(&mut self, rule: &Rule, number: usize, event: N) {
        if self.asked.contains(number) {
            return;
        }
        self.asked.insert(number);
        let clause = &rule.clauses[number];
        let mut absent = true;
        let mut holds = false;
        let mut room = String::new();
        let _ = each_value(event, Some(&clause.path), &mut |node| {
            absent = false;
            holds = Scalar::of(&node, &mut room).is_some_and(|value| clause.holds(value));
            if holds { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if absent {
            self.absent.insert(number);
        }
        if holds || (absent && clause.may_be_absent()) {
            self.holding.insert(number);
        }
    }
}

/// Visits every scalar that the path leads to.
pub(crate) fn each_value<N: Node>(
    node: N,
    rest: Option<&str>,
    visit: &mut dyn FnMut(N) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match (node.kind(), rest) {
        (Kind::Array, _) => node.elements(&mut |element| each_value(element, rest, visit)),
        (Kind::Object, Some(rest)) if node.has_plain_keys() => {
            let (segment, behind) = split_segment(rest);
            match node.get(segment) {
                Some(value) => each_value(value, behind, visit),
                None => ControlFlow::Continue(()),
            }
        }
        (Kind::Object, Some(rest)) => node.fields(&mut |key, value| match rest.strip_prefix(key) {
            Some("") => each_value(value, None, visit),
            Some(behind) => match behind.strip_prefix('.') {
                Some(behind) => each_value(value, Some(behind), visit),
                None => ControlFlow::Continue(()),
            },
            None => ControlFlow::Continue(()),
        }),
        (Kind::Object, None) => ControlFlow::Continue(()),
        (_, None) => visit(node),
        (_, Some(_)) => ControlFlow::Continue(()),
    }
}

/// The first segment of a path and what follows it.
fn split_segment(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((segment, rest)) => (segment, Some(rest)),
        None => (path, None),
    }
}

/// A field of an event that leads to a place of the tree.
struct Hit<'r, N> {
    /// Which child of the current place the way begins with.
    child: usize,
    place: &'r Place,
    value: N,
}

struct Search<'r, 's> {
    rule: &'r Rule,
    branch: &'r Branch,
    /// Positions of the paths that need a value: all of the branch but those that hold because there is none.
    needed: Bits,
    steps: &'s mut Steps,
}

impl<'r> Search<'r, '_> {
    /// Whether any of these paths needs a value.
    fn needs(&self, paths: &Range<usize>) -> bool {
        self.needed.any_in(paths.clone())
    }

    /// Whether the place's own path needs a value.
    fn needs_own(&self, place: &Place) -> bool {
        place.has_own && self.needed.contains(place.paths.start)
    }

    fn needs_below(&self, place: &Place) -> bool {
        self.needs(&(place.paths.start + usize::from(place.has_own)..place.paths.end))
    }

    /// Whether a value satisfies the place's own clause. Objects and arrays are no values.
    fn own_holds<N: Node>(&self, place: &Place, node: N) -> bool {
        let clause = if place.has_own { self.branch.clause_at(place.paths.start) } else { None };
        let mut room = String::new();
        clause.is_some_and(|clause| {
            Scalar::of(&node, &mut room).is_some_and(|value| self.rule.clauses[clause].holds(value))
        })
    }

    /// Whether one choice of elements inside `node` satisfies all clauses at and below `place` that still need a
    /// value; its own clause only unless `own_done`. Asked only where these clauses can be satisfied nowhere else.
    fn satisfied<N: Node>(&mut self, node: N, place: &'r Place, own_done: bool) -> Result<bool, TooAmbiguous> {
        let own_open = !own_done && self.needs_own(place);
        match node.kind() {
            Kind::Array => self.array_satisfied(node, place, own_open),
            Kind::Object if own_open => Ok(false),
            Kind::Object if node.has_plain_keys() => self.plain_object_satisfied(node, place),
            Kind::Object => self.object_satisfied(node, place),
            _ => Ok(!self.needs_below(place) && (!own_open || self.own_holds(place, node))),
        }
    }

    fn array_satisfied<N: Node>(&mut self, node: N, place: &'r Place, own_open: bool) -> Result<bool, TooAmbiguous> {
        let mut own_done = !own_open;
        if own_open {
            let _ = node.elements(&mut |element| match element.kind() {
                Kind::Object | Kind::Array => ControlFlow::Continue(()),
                _ if self.own_holds(place, element) => {
                    own_done = true;
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            });
        }
        if own_done && !self.needs_below(place) {
            return Ok(true);
        }
        let mut outcome = Ok(false);
        let _ = node.elements(&mut |element| {
            if !matches!(element.kind(), Kind::Object | Kind::Array) {
                return ControlFlow::Continue(());
            }
            outcome = self.satisfied(element, place, own_done);
            match outcome {
                Ok(false) => ControlFlow::Continue(()),
                Ok(true) | Err(_) => ControlFlow::Break(()),
            }
        });
        outcome
    }

    fn plain_object_satisfied<N: Node>(&mut self, node: N, place: &'r Place) -> Result<bool, TooAmbiguous> {
        for child in &place.children {
            if self.needs(&child.paths) {
                let Some(value) = node.get(&child.segment) else {
                    return Ok(false);
                };
                if !self.satisfied(value, child, false)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// An object in which keys may repeat or contain dots.
    fn object_satisfied<N: Node>(&mut self, node: N, place: &'r Place) -> Result<bool, TooAmbiguous> {
        let mut hits = self.hits(node, place);
        hits.sort_by_key(|hit| hit.child);
        let mut groups = hits.chunk_by(|one, other| one.child == other.child).peekable();
        for (index, child) in place.children.iter().enumerate() {
            let group = groups.next_if(|group| group.first().is_some_and(|hit| hit.child == index));
            if !self.needs(&child.paths) {
                continue;
            }
            let found = match group {
                None => false,
                Some([hit]) => self.covers(hit.place, child) && self.satisfied(hit.value, hit.place, false)?,
                Some(hits) => self.satisfied_together(hits, child)?,
            };
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The fields that lead to places below `place` where values are needed.
    fn hits<N: Node>(&self, node: N, place: &'r Place) -> Vec<Hit<'r, N>> {
        let mut hits = Vec::new();
        let _ = node.fields(&mut |key, value| {
            let mut at = Some(place);
            let mut first = None;
            for segment in key.split('.') {
                at = at.and_then(|place| place.child(segment));
                first = first.or(at);
            }
            if let (Some(first), Some(at)) = (first, at)
                && self.needs(&at.paths)
            {
                let child = place.children.partition_point(|child| child.segment < first.segment);
                hits.push(Hit { child, place: at, value });
            }
            ControlFlow::Continue(())
        });
        hits
    }

    /// Whether nothing is needed of the outer place but what is below the inner one.
    fn covers(&self, inner: &Place, outer: &Place) -> bool {
        !self.needs(&(outer.paths.start..inner.paths.start)) && !self.needs(&(inner.paths.end..outer.paths.end))
    }

    /// Whether several fields together satisfy all clauses below `child`.
    fn satisfied_together<N: Node>(&mut self, hits: &[Hit<'r, N>], child: &Place) -> Result<bool, TooAmbiguous> {
        let sets = self.achievable_in_all(hits)?;
        let needed = self.needed.within(child.paths.clone());
        Ok(sets.iter().any(|set| set.contains_all(&needed)))
    }

    fn achievable_in_all<N: Node>(&mut self, hits: &[Hit<'r, N>]) -> Result<Vec<Bits>, TooAmbiguous> {
        let mut all = vec![Bits::default()];
        for hit in hits {
            let here = self.achievable(hit.value, hit.place)?;
            let mut combined = Vec::new();
            for one in &all {
                for other in &here {
                    self.add_largest(&mut combined, one.union(other))?;
                }
            }
            all = combined;
        }
        Ok(all)
    }

    /// The largest sets of clauses at and below `place` that one choice of elements inside `node` satisfies; at least
    /// one set, if only the empty one.
    fn achievable<N: Node>(&mut self, node: N, place: &'r Place) -> Result<Vec<Bits>, TooAmbiguous> {
        match node.kind() {
            Kind::Object => {
                let hits = self.hits(node, place);
                self.achievable_in_all(&hits)
            }
            Kind::Array => {
                let mut bare = Bits::default();
                let mut sets = Vec::new();
                let mut outcome = Ok(());
                let _ = node.elements(&mut |element| {
                    match element.kind() {
                        Kind::Object | Kind::Array => {
                            outcome = self.achievable(element, place).and_then(|achievable| {
                                achievable.into_iter().try_for_each(|set| self.add_largest(&mut sets, set))
                            });
                        }
                        _ if self.own_holds(place, element) => bare.insert(place.paths.start),
                        _ => {}
                    }
                    if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                outcome?;
                if sets.is_empty() {
                    return Ok(vec![bare]);
                }
                let mut with_bare = Vec::new();
                for set in sets {
                    self.add_largest(&mut with_bare, set.union(&bare))?;
                }
                Ok(with_bare)
            }
            _ => {
                let mut set = Bits::default();
                if self.own_holds(place, node) {
                    set.insert(place.paths.start);
                }
                Ok(vec![set])
            }
        }
    }

    /// Keeps the set unless another one contains it, and drops those that it contains.
    fn add_largest(&mut self, sets: &mut Vec<Bits>, set: Bits) -> Result<(), TooAmbiguous> {
        self.steps.spend(u32::try_from(sets.len()).unwrap_or(u32::MAX).saturating_add(1))?;
        if !sets.iter().any(|other| other.contains_all(&set)) {
            sets.retain(|other| !set.contains_all(other));
            sets.push(set);
        }
        Ok(())
    }
}
