//! Decides what an explanation finds in an event: the values at a path with their places, and, where there are none,
//! how far the path goes, what is there instead, and where else the value is.
//!
//! Start at [`values`], [`missing`] and [`elsewhere`]. The first goes through everything at the path, as matching does;
//! the others look at a bounded part of the event.

use super::words::{KEYS_SHOWN_MAX, shortened};
use crate::node::{Kind, Node};
use crate::test::Scalar;
use std::fmt::Write;
use std::ops::ControlFlow;

/// Places that are looked at for a value that is not where the pattern wants it.
const LOOKED_AT_MAX: usize = 10_000;

/// Fields of one object that are looked at for a name.
const FIELDS_MAX: usize = 10_000;

/// What is said of a value's type.
pub(super) fn type_name(value: Scalar<'_>) -> &'static str {
    match value {
        Scalar::Text(_) => "a string",
        Scalar::Number(_) => "a number",
        Scalar::Bool(_) => "a boolean",
        Scalar::Null => "null",
    }
}

/// What `look` makes of a scalar; none for objects and arrays.
fn with_scalar<N: Node, R>(node: N, look: impl FnOnce(Scalar<'_>) -> R) -> Option<R> {
    Scalar::of(&node, &mut String::new()).map(look)
}

fn is_container<N: Node>(node: N) -> bool {
    matches!(node.kind(), Kind::Object | Kind::Array)
}

/// Where a value is in an event.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// `items[1].price`
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The how manieth field of an object, since names may repeat.
    Field(usize),
    /// Inside this element of an array.
    Element(usize),
    /// A scalar that is an element itself, and so belongs to no element.
    Bare(usize),
}

impl Place {
    pub(super) fn text(&self) -> String {
        shortened(&self.text)
    }

    /// The elements of arrays that it is inside of, from the outermost on: `0.2`.
    pub(super) fn elements(&self) -> Option<String> {
        let elements = self.steps.iter().filter_map(|step| match step {
            Step::Element(index) => Some(index.to_string()),
            Step::Field(_) | Step::Bare(_) => None,
        });
        let elements: Vec<String> = elements.collect();
        (!elements.is_empty()).then(|| elements.join("."))
    }

    /// Whether no choice of array elements has both places.
    pub(super) fn excludes(&self, other: &Place) -> bool {
        let mut steps = self.steps.iter().zip(&other.steps);
        let differing = steps.find(|(one, other)| one != other);
        matches!(differing, Some((Step::Element(_), Step::Element(_))))
    }

    /// Goes to a field, calls `within`, and comes back.
    fn field<R>(&mut self, key: &str, number: usize, within: impl FnOnce(&mut Place) -> R) -> R {
        let length = self.text.len();
        if !self.steps.is_empty() {
            self.text.push('.');
        }
        self.text.push_str(key);
        self.step(length, Step::Field(number), within)
    }

    fn element<R>(&mut self, index: usize, is_container: bool, within: impl FnOnce(&mut Place) -> R) -> R {
        let length = self.text.len();
        write!(self.text, "[{index}]").expect("writing to a string does not fail");
        self.step(length, if is_container { Step::Element(index) } else { Step::Bare(index) }, within)
    }

    fn step<R>(&mut self, length: usize, step: Step, within: impl FnOnce(&mut Place) -> R) -> R {
        self.steps.push(step);
        let result = within(self);
        self.steps.pop();
        self.text.truncate(length);
        result
    }
}

type Visit<'v> = &'v mut dyn FnMut(&Place, Scalar<'_>) -> ControlFlow<()>;

/// Visits every value that the event has at a path, however the event cuts the path into keys.
pub(super) fn values<N: Node>(event: N, path: &str, visit: Visit<'_>) {
    let _ = values_in(event, Some(path), &mut Place::default(), visit);
}

fn values_in<N: Node>(node: N, rest: Option<&str>, place: &mut Place, visit: Visit<'_>) -> ControlFlow<()> {
    match (is_container(node), rest) {
        (false, None) => with_scalar(node, |value| visit(place, value)).unwrap_or(ControlFlow::Continue(())),
        (false, Some(_)) => ControlFlow::Continue(()),
        (true, rest) if matches!(node.kind(), Kind::Array) => {
            let mut index = 0..;
            node.elements(&mut |element| {
                let index = index.next().unwrap_or_default();
                place.element(index, is_container(element), |place| values_in(element, rest, place, visit))
            })
        }
        (true, None) => ControlFlow::Continue(()),
        (true, Some(rest)) => {
            let mut number = 0..;
            node.fields(&mut |key, value| {
                let number = number.next().unwrap_or_default();
                match behind(rest, key) {
                    Some(rest) => place.field(key, number, |place| values_in(value, rest, place, visit)),
                    None => ControlFlow::Continue(()),
                }
            })
        }
    }
}

/// What is left of a path behind a key: some path, or nothing; none if the path does not begin with the key.
fn behind<'p>(path: &'p str, key: &str) -> Option<Option<&'p str>> {
    match path.strip_prefix(key)? {
        "" => Some(None),
        rest => rest.strip_prefix('.').map(Some),
    }
}

/// Why a path has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// An object has no field of that name.
    NoField {
        /// The object's place; empty for the event itself.
        object: String,
        name: String,
        /// The names of some of its fields.
        has: Vec<String>,
        has_count: usize,
        /// A field whose name differs in case only.
        similar: Option<String>,
    },
    /// The path goes on below a scalar.
    InsideScalar { place: String, type_name: &'static str },
    /// The path ends at an object.
    IsObject {
        /// Whether it is an element of an array, so that there can be several.
        in_array: bool,
        has: Vec<String>,
        has_count: usize,
    },
    /// The path ends at an array without values.
    IsEmptyArray { place: String },
}

/// How far a path without values goes into the event, and what is there.
pub(super) fn missing<N: Node>(event: N, path: &str) -> Missing {
    let mut farthest = Farthest { left: path.len() + 1, rank: 0, node: event, place: String::new(), rest: Some(path) };
    farthest.go(event, Some(path), &mut Place::default());
    let Farthest { node, place, rest, .. } = farthest;
    match (node.kind(), rest) {
        (Kind::Object, Some(rest)) => {
            let name = rest.split('.').next().unwrap_or(rest);
            let (has, has_count, similar) = names(node, name);
            Missing::NoField { object: shortened(&place), name: shortened(name), has, has_count, similar }
        }
        (Kind::Object, None) => {
            let (has, has_count, _) = names(node, "");
            Missing::IsObject { in_array: place.ends_with(']'), has, has_count }
        }
        (Kind::Array, _) => Missing::IsEmptyArray { place: shortened(&place) },
        _ => {
            let type_name = with_scalar(node, type_name).unwrap_or("a value");
            Missing::InsideScalar { place: shortened(&place), type_name }
        }
    }
}

/// The node that the path leads to with the least of it left over.
struct Farthest<'p, N> {
    left: usize,
    /// Of several, objects tell most, and arrays least.
    rank: u8,
    node: N,
    place: String,
    rest: Option<&'p str>,
}

impl<'p, N: Node> Farthest<'p, N> {
    fn go(&mut self, node: N, rest: Option<&'p str>, place: &mut Place) {
        let left = rest.map_or(0, |rest| rest.len() + 1);
        let rank = match node.kind() {
            Kind::Array => 1,
            Kind::Object => 3,
            _ => 2,
        };
        if left < self.left || (left == self.left && rank > self.rank) {
            *self = Farthest { left, rank, node, place: place.text.clone(), rest };
        }
        let mut count = 0..;
        let _ = node.elements(&mut |element| {
            let index = count.next().unwrap_or_default();
            place.element(index, true, |place| self.go(element, rest, place));
            // What one element lacks, the others will not explain any better.
            if index < FIELDS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let Some(rest) = rest else { return };
        let _ = node.fields(&mut |key, value| {
            if let Some(rest) = behind(rest, key) {
                place.field(key, count.next().unwrap_or_default(), |place| self.go(value, rest, place));
            }
            ControlFlow::Continue(())
        });
    }
}

/// Names of the fields of an object: some of them, how many there are, and the one that `wanted` differs from in case.
fn names<N: Node>(object: N, wanted: &str) -> (Vec<String>, usize, Option<String>) {
    let mut some = Vec::new();
    let mut count = 0;
    let mut similar = None;
    let _ = object.fields(&mut |key, _| {
        count += 1;
        if some.len() < KEYS_SHOWN_MAX {
            some.push(shortened(key));
        }
        if similar.is_none() && key != wanted && key.eq_ignore_ascii_case(wanted) {
            similar = Some(shortened(key));
        }
        ControlFlow::Continue(())
    });
    (some, count, similar)
}

/// The first place of another path whose name is that of this one and whose value is wanted.
pub(super) fn elsewhere<N: Node>(event: N, path: &str, wanted: &dyn Fn(Scalar<'_>) -> bool) -> Option<String> {
    let mut search = Elsewhere { path, name: name_of(path), wanted, left: LOOKED_AT_MAX, found: None };
    let _ = search.go(event, &mut String::new(), &mut Place::default());
    search.found
}

/// The end of a path that names what it is about: the type that DynamoDB adds does not.
fn name_of(path: &str) -> &str {
    const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"];
    let mut dots = path.rmatch_indices('.').map(|(at, _)| at);
    match (dots.next(), dots.next()) {
        (Some(last), before) if TYPES.contains(&&path[last + 1..]) => before.map_or(path, |before| &path[before + 1..]),
        (Some(last), _) => &path[last + 1..],
        (None, _) => path,
    }
}

struct Elsewhere<'w> {
    path: &'w str,
    name: &'w str,
    wanted: &'w dyn Fn(Scalar<'_>) -> bool,
    left: usize,
    found: Option<String>,
}

impl Elsewhere<'_> {
    /// `at` is the path of the place, without the elements of arrays.
    fn go<N: Node>(&mut self, node: N, at: &mut String, place: &mut Place) -> ControlFlow<()> {
        let Some(left) = self.left.checked_sub(1) else { return ControlFlow::Break(()) };
        self.left = left;
        if with_scalar(node, |value| self.is_named(at) && (self.wanted)(value)) == Some(true) {
            self.found = Some(place.text());
            return ControlFlow::Break(());
        }
        let mut count = 0..;
        node.elements(&mut |element| {
            place.element(count.next().unwrap_or_default(), true, |place| self.go(element, at, place))
        })?;
        node.fields(&mut |key, value| {
            let length = at.len();
            if !place.steps.is_empty() {
                at.push('.');
            }
            at.push_str(key);
            let flow = place.field(key, count.next().unwrap_or_default(), |place| self.go(value, at, place));
            at.truncate(length);
            flow
        })
    }

    fn is_named(&self, at: &str) -> bool {
        let ends_so = at.strip_suffix(self.name).is_some_and(|before| before.is_empty() || before.ends_with('.'));
        ends_so && at != self.path && (image_path(at).is_none() || image_path(at) != image_path(self.path))
    }
}

/// The path within an image of a stream record. Old and new are different on purpose, so that the one has what is
/// wanted of the other tells nothing.
fn image_path(path: &str) -> Option<&str> {
    let images = ["dynamodb.OldImage.", "dynamodb.NewImage."];
    images.iter().find_map(|image| path.strip_prefix(image))
}
