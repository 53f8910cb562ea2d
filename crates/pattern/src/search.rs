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

use crate::error::TooAmbiguous;
use crate::node::{Kind, Node};
use crate::rule::{Branch, Place, Rule};
use std::ops::ControlFlow;
use std::ops::Range;

/// Set operations after which an ambiguous event is given up. Enough for any event with up to a dozen clauses in
/// ambiguous places, and for every one that is not made for the purpose.
const STEPS_MAX: u32 = 200_000;

/// Whether the event satisfies any branch.
pub(crate) fn matches<N: Node>(rule: &Rule, event: N) -> Result<bool, TooAmbiguous> {
    let mut absences = Absences::default();
    for branch in &rule.branches {
        if branch_matches(rule, branch, event, &mut absences)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the event satisfies one branch. `absences` is kept from branch to branch of one event.
pub(crate) fn branch_matches<N: Node>(
    rule: &Rule,
    branch: &Branch,
    event: N,
    absences: &mut Absences,
) -> Result<bool, TooAmbiguous> {
    if !matches!(event.kind(), Kind::Object) {
        return Ok(false);
    }
    let mut settled = Bits::default();
    for &position in &branch.may_be_absent {
        if absences.has(rule, branch.clauses[position], event) {
            settled.insert(position);
        }
    }
    let mut search = Search { rule, branch, settled, steps: 0 };
    if !search.needs(&branch.root.clauses) {
        return Ok(true);
    }
    search.satisfied(event, &branch.root, false)
}

/// Which clauses' paths have no value in an event, found out once for each clause that asks.
#[derive(Debug, Default)]
pub(crate) struct Absences {
    known: Bits,
    absent: Bits,
}

impl Absences {
    fn has<N: Node>(&mut self, rule: &Rule, clause: usize, event: N) -> bool {
        if !self.known.contains(clause) {
            self.known.insert(clause);
            if !has_value(event, Some(&rule.clauses[clause].path)) {
                self.absent.insert(clause);
            }
        }
        self.absent.contains(clause)
    }
}

/// Whether the path leads to any scalar. `rest` is what is left of the path, none when nothing is.
fn has_value<N: Node>(node: N, rest: Option<&str>) -> bool {
    let mut found = false;
    let _ = each_value(node, rest, &mut |_| {
        found = true;
        ControlFlow::Break(())
    });
    found
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

struct Search<'r> {
    rule: &'r Rule,
    branch: &'r Branch,
    /// Clauses that hold already because their path has no value.
    settled: Bits,
    steps: u32,
}

impl<'r> Search<'r> {
    /// Whether any of these clauses still needs a value.
    fn needs(&self, clauses: &Range<usize>) -> bool {
        match self.settled.is_empty() {
            true => !clauses.is_empty(),
            false => clauses.clone().any(|position| !self.settled.contains(position)),
        }
    }

    /// Whether the place's own clause still needs a value.
    fn needs_own(&self, place: &Place) -> bool {
        place.has_own && !self.settled.contains(place.clauses.start)
    }

    fn needs_below(&self, place: &Place) -> bool {
        self.needs(&(place.clauses.start + usize::from(place.has_own)..place.clauses.end))
    }

    fn own_holds(&self, place: &Place, value: &Kind<'_>) -> bool {
        place.has_own && self.rule.clauses[self.branch.clauses[place.clauses.start]].holds(value)
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
            value => Ok(!self.needs_below(place) && (!own_open || self.own_holds(place, &value))),
        }
    }

    fn array_satisfied<N: Node>(&mut self, node: N, place: &'r Place, own_open: bool) -> Result<bool, TooAmbiguous> {
        let mut own_done = !own_open;
        if own_open {
            let _ = node.elements(&mut |element| match element.kind() {
                Kind::Object | Kind::Array => ControlFlow::Continue(()),
                value if self.own_holds(place, &value) => {
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
            if self.needs(&child.clauses) {
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
            if !self.needs(&child.clauses) {
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
                && self.needs(&at.clauses)
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
        !self.needs(&(outer.clauses.start..inner.clauses.start)) && !self.needs(&(inner.clauses.end..outer.clauses.end))
    }

    /// Whether several fields together satisfy all clauses below `child`.
    fn satisfied_together<N: Node>(&mut self, hits: &[Hit<'r, N>], child: &Place) -> Result<bool, TooAmbiguous> {
        let sets = self.achievable_in_all(hits)?;
        let needed = self.needed(child);
        Ok(sets.iter().any(|set| set.contains_all(&needed)))
    }

    fn needed(&self, place: &Place) -> Bits {
        let mut needed = Bits::default();
        for position in place.clauses.clone().filter(|position| !self.settled.contains(*position)) {
            needed.insert(position);
        }
        needed
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
                        value if self.own_holds(place, &value) => bare.insert(place.clauses.start),
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
            value => {
                let mut set = Bits::default();
                if self.own_holds(place, &value) {
                    set.insert(place.clauses.start);
                }
                Ok(vec![set])
            }
        }
    }

    /// Keeps the set unless another one contains it, and drops those that it contains.
    fn add_largest(&mut self, sets: &mut Vec<Bits>, set: Bits) -> Result<(), TooAmbiguous> {
        let steps = u32::try_from(sets.len()).unwrap_or(STEPS_MAX);
        self.steps = self.steps.saturating_add(steps).saturating_add(1);
        if self.steps > STEPS_MAX {
            return Err(TooAmbiguous);
        }
        if !sets.iter().any(|other| other.contains_all(&set)) {
            sets.retain(|other| !set.contains_all(other));
            sets.push(set);
        }
        Ok(())
    }
}

/// A set of clause positions. The first 64, which is all that most patterns have, need no allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bits {
    first: u64,
    /// Without zeros at the end.
    more: Vec<u64>,
}

impl Bits {
    fn insert(&mut self, position: usize) {
        let bit = 1 << (position % 64);
        match (position / 64).checked_sub(1) {
            None => self.first |= bit,
            Some(word) => {
                if self.more.len() <= word {
                    self.more.resize(word + 1, 0);
                }
                self.more[word] |= bit;
            }
        }
    }

    fn contains(&self, position: usize) -> bool {
        let word = match (position / 64).checked_sub(1) {
            None => self.first,
            Some(word) => self.more.get(word).copied().unwrap_or(0),
        };
        word >> (position % 64) & 1 == 1
    }

    fn is_empty(&self) -> bool {
        self.first == 0 && self.more.is_empty()
    }

    fn union(&self, other: &Bits) -> Bits {
        let (long, short) = if self.more.len() < other.more.len() { (other, self) } else { (self, other) };
        let mut more = long.more.clone();
        for (word, other) in more.iter_mut().zip(&short.more) {
            *word |= other;
        }
        Bits { first: self.first | other.first, more }
    }

    fn contains_all(&self, other: &Bits) -> bool {
        let word = |index: usize| self.more.get(index).copied().unwrap_or(0);
        other.first & !self.first == 0 && other.more.iter().enumerate().all(|(index, bits)| bits & !word(index) == 0)
    }
}
