//! Decides what a text was meant to be as a pattern: which keys are fields, which lists are alternatives, what is `$or`.
//!
//! Start at [`Shape::of`]. Unlike the parser it goes on after a mistake, notes it in [`Shape::mistakes`], and reads the
//! rest. Where no mistake is noted and every alternative is accepted, it has understood the text as the parser has.
//!
//! Always holds: everything is linear in the text. Paths are numbers in [`Places`] and are only written out for findings.

use super::tree::{Field, Kind, Value};
use crate::DEPTH_MAX;
use crate::parse::RESERVED_IN_OR;
use std::collections::HashMap;
use std::ops::Range;

/// Operators, in the order in which people should be offered them.
pub(super) const OPERATORS: [&str; 9] =
    ["prefix", "suffix", "anything-but", "equals-ignore-case", "wildcard", "numeric", "exists", "cidr", "exactly"];

/// The operator that a name is but for case, hyphens and underscores.
pub(super) fn operator_like(name: &str) -> Option<&'static str> {
    if name.len() > 32 {
        return None;
    }
    let plain = |text: &str| -> String {
        text.chars().filter(|char| !matches!(char, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(name);
    OPERATORS.into_iter().find(|operator| plain(operator) == wanted)
}

pub(super) fn is_operator(name: &str) -> bool {
    OPERATORS.contains(&name)
}

/// A path of events, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PlaceId(usize);

/// All paths of a pattern or a sample, each known once, whatever way its dots were cut.
#[derive(Debug)]
pub(super) struct Places<'v> {
    nodes: Vec<(PlaceId, &'v str)>,
    index: HashMap<(PlaceId, &'v str), PlaceId>,
}

impl<'v> Places<'v> {
    pub(super) const TOP: PlaceId = PlaceId(0);

    pub(super) fn new() -> Places<'v> {
        Places { nodes: vec![(Self::TOP, "")], index: HashMap::new() }
    }

    /// The place of a key below another place. A key of more parts than any path may have is refused, so that its
    /// last parts need not be told apart.
    pub(super) fn below(&mut self, mut place: PlaceId, key: &'v str) -> PlaceId {
        for segment in key.splitn(DEPTH_MAX + 1, '.') {
            let next = PlaceId(self.nodes.len());
            let known = *self.index.entry((place, segment)).or_insert(next);
            if known == next {
                self.nodes.push((place, segment));
            }
            place = known;
        }
        place
    }

    pub(super) fn find(&self, place: PlaceId, segment: &str) -> Option<PlaceId> {
        self.index.get(&(place, segment)).copied()
    }

    pub(super) fn parent(&self, place: PlaceId) -> PlaceId {
        self.nodes[place.0].0
    }

    pub(super) fn last_segment(&self, place: PlaceId) -> &'v str {
        self.nodes[place.0].1
    }

    /// The parts of the path, from the top.
    pub(super) fn segments(&self, mut place: PlaceId) -> Vec<&'v str> {
        let mut segments = Vec::new();
        while place != Self::TOP {
            segments.push(self.last_segment(place));
            place = self.parent(place);
        }
        segments.reverse();
        segments
    }

    pub(super) fn name(&self, place: PlaceId) -> String {
        super::words::cut(&self.segments(place).join("."), 200)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = PlaceId> + use<> {
        (0..self.nodes.len()).map(PlaceId)
    }
}

/// Keys and alternatives down to a place of the text, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TrailId(usize);

#[derive(Debug, Clone, Copy)]
enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

/// A branch of a `$or`, or what stands outside of all, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ScopeId(usize);

/// A field with its alternatives.
#[derive(Debug)]
pub(super) struct Clause<'v> {
    pub(super) place: PlaceId,
    pub(super) trail: TrailId,
    pub(super) scope: ScopeId,
    pub(super) field: &'v Field<'v>,
    /// The fields of the object in which it stands, and its number there.
    pub(super) siblings: &'v [Field<'v>],
    pub(super) index: usize,
    pub(super) list: &'v [Value<'v>],
}

/// A key, whatever its value.
#[derive(Debug)]
pub(super) struct Key<'v> {
    pub(super) parent: PlaceId,
    pub(super) trail: TrailId,
    pub(super) field: &'v Field<'v>,
    pub(super) siblings: &'v [Field<'v>],
    pub(super) index: usize,
}

/// What the parser would not read so, or would read otherwise than it was meant.
#[derive(Debug)]
pub(super) enum Mistake<'v> {
    /// A scalar in place of a list.
    Scalar { trail: TrailId, field: &'v Field<'v> },
    /// `{}` or `[]`.
    Empty { trail: TrailId, value: &'v Value<'v> },
    /// An operator that no list is around.
    BareOperator { trail: TrailId, field: &'v Field<'v> },
    /// An operator's name among fields, with an operator's argument.
    OperatorAmongFields { trail: TrailId, field: &'v Field<'v> },
    /// Objects with fields where alternatives are expected.
    ObjectsInList { trail: TrailId, field: &'v Field<'v>, list: &'v [Value<'v>] },
    /// A `$or` that is spelled otherwise, as `OR`.
    MisspeltOr { trail: TrailId, field: &'v Field<'v> },
    /// A `$or` that is read as a field.
    Or { trail: TrailId, field: &'v Field<'v>, siblings: &'v [Field<'v>], reserved: Option<&'v str>, meant: bool },
}

/// A text read as a pattern.
#[derive(Debug)]
pub(super) struct Shape<'v> {
    pub(super) places: Places<'v>,
    pub(super) clauses: Vec<Clause<'v>>,
    pub(super) keys: Vec<Key<'v>>,
    pub(super) mistakes: Vec<Mistake<'v>>,
    trails: Vec<(TrailId, Step<'v>)>,
    scopes: Vec<ScopeId>,
}

impl<'v> Shape<'v> {
    pub(super) const TOP_TRAIL: TrailId = TrailId(0);
    pub(super) const OUTSIDE: ScopeId = ScopeId(0);

    pub(super) fn of(fields: &'v [Field<'v>]) -> Shape<'v> {
        let mut shape = Shape {
            places: Places::new(),
            clauses: Vec::new(),
            keys: Vec::new(),
            mistakes: Vec::new(),
            trails: vec![(Self::TOP_TRAIL, Step::Key(""))],
            scopes: vec![Self::OUTSIDE],
        };
        shape.read(fields, Places::TOP, Self::TOP_TRAIL, Self::OUTSIDE);
        shape
    }

    fn step(&mut self, trail: TrailId, step: Step<'v>) -> TrailId {
        self.trails.push((trail, step));
        TrailId(self.trails.len() - 1)
    }

    fn read(&mut self, fields: &'v [Field<'v>], parent: PlaceId, above: TrailId, scope: ScopeId) {
        for (index, field) in fields.iter().enumerate() {
            let trail = self.step(above, Step::Key(&field.name));
            self.keys.push(Key { parent, trail, field, siblings: fields, index });
            if field.name == "$or" {
                self.or(field, fields, parent, trail, scope);
                continue;
            }
            if let Some(list) = misspelt_or(field) {
                self.mistakes.push(Mistake::MisspeltOr { trail, field });
                self.branches(list, parent, trail, scope);
                continue;
            }
            if fields.len() > 1
                && field.name != "exists"
                && is_operator(&field.name)
                && is_operator_argument(field) == Surely::Yes
            {
                self.mistakes.push(Mistake::OperatorAmongFields { trail, field });
            }
            self.value(index, fields, parent, trail, scope);
        }
    }

    fn value(&mut self, index: usize, siblings: &'v [Field<'v>], parent: PlaceId, trail: TrailId, scope: ScopeId) {
        let field = &siblings[index];
        match &field.value.kind {
            Kind::Object(inner) if inner.is_empty() => {
                self.mistakes.push(Mistake::Empty { trail, value: &field.value });
            }
            Kind::Array(list) if list.is_empty() => {
                self.mistakes.push(Mistake::Empty { trail, value: &field.value });
            }
            Kind::Object(inner) if is_bare_operator(inner) => {
                self.mistakes.push(Mistake::BareOperator { trail, field });
            }
            Kind::Object(inner) => {
                let place = self.places.below(parent, &field.name);
                self.read(inner, place, trail, scope);
            }
            Kind::Array(list) if list.iter().all(has_fields) => {
                self.mistakes.push(Mistake::ObjectsInList { trail, field, list });
                let place = self.places.below(parent, &field.name);
                self.branches(list, place, trail, scope);
            }
            Kind::Array(list) => {
                let place = self.places.below(parent, &field.name);
                self.clauses.push(Clause { place, trail, scope, field, siblings, index, list });
            }
            Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null => {
                self.mistakes.push(Mistake::Scalar { trail, field });
            }
        }
    }

    /// Reads a `$or`, as far as it is one.
    fn or(&mut self, field: &'v Field<'v>, siblings: &'v [Field<'v>], parent: PlaceId, trail: TrailId, scope: ScopeId) {
        let Some(list) = field.value.array() else {
            self.mistakes.push(Mistake::Or { trail, field, siblings, reserved: None, meant: false });
            if let Some(inner) = field.value.object() {
                self.read(inner, parent, trail, scope);
            }
            return;
        };
        let objects = list.iter().filter_map(Value::object);
        let reserved = objects.clone().find_map(reserved_name);
        let all_objects = objects.count() == list.len();
        let meant = all_objects && list.iter().any(has_fields);
        if !all_objects || list.len() < 2 || reserved.is_some() {
            self.mistakes.push(Mistake::Or { trail, field, siblings, reserved, meant });
        }
        if all_objects {
            self.branches(list, parent, trail, scope);
        }
    }

    /// Objects of a list, each in a scope of its own.
    fn branches(&mut self, list: &'v [Value<'v>], parent: PlaceId, trail: TrailId, scope: ScopeId) {
        for (index, branch) in list.iter().enumerate() {
            let trail = self.step(trail, Step::Index(index));
            let inner = branch.object().unwrap_or_default();
            self.scopes.push(scope);
            let scope = ScopeId(self.scopes.len() - 1);
            if inner.is_empty() {
                self.mistakes.push(Mistake::Empty { trail, value: branch });
            }
            self.read(inner, parent, trail, scope);
        }
    }

    /// The clauses inside a range of the text. They are in the order of the text, so these are side by side.
    pub(super) fn clauses_within(&self, range: &Range<usize>) -> &[Clause<'v>] {
        let first = self.clauses.partition_point(|clause| clause.field.name_range.start < range.start);
        let behind = self.clauses.partition_point(|clause| clause.field.name_range.start < range.end);
        self.clauses.get(first..behind).unwrap_or_default()
    }

    /// The scope around a branch; none around what stands outside of all.
    pub(super) fn around(&self, scope: ScopeId) -> Option<ScopeId> {
        (scope != Self::OUTSIDE).then(|| self.scopes[scope.0])
    }

    /// Whether a scope is another one or inside it.
    pub(super) fn is_within(&self, mut scope: ScopeId, outer: ScopeId) -> bool {
        while scope != outer && scope != Self::OUTSIDE {
            scope = self.scopes[scope.0];
        }
        scope == outer
    }

    /// The trail as people read it: `detail.$or[1].status`.
    pub(super) fn trail_name(&self, mut trail: TrailId) -> String {
        let mut steps = Vec::new();
        while trail != Self::TOP_TRAIL {
            let (above, step) = self.trails[trail.0];
            steps.push(step);
            trail = above;
        }
        let mut name = String::new();
        for step in steps.iter().rev() {
            match step {
                Step::Key(key) => {
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(&super::words::cut(key, 200));
                }
                Step::Index(index) => name.push_str(&format!("[{index}]")),
            }
        }
        name
    }
}

/// The first name inside that keeps a list from being a `$or`. Lists inside are not looked into.
pub(super) fn reserved_name<'v>(fields: &'v [Field<'v>]) -> Option<&'v str> {
    fields.iter().find_map(|field| {
        if RESERVED_IN_OR.contains(&&*field.name) {
            return Some(&*field.name);
        }
        reserved_name(field.value.object()?)
    })
}

/// The branches of what must be a `$or`, since under any other name it is refused: two objects or more, with fields.
pub(super) fn misspelt_or<'v>(field: &'v Field<'v>) -> Option<&'v [Value<'v>]> {
    let name = field.name.strip_prefix('$').unwrap_or(&field.name);
    if !name.eq_ignore_ascii_case("or") || field.name == "$or" {
        return None;
    }
    let list = field.value.array().filter(|list| list.len() > 1)?;
    let has_no_reserved =
        |value: &Value<'_>| value.object().is_some_and(|fields| !fields.is_empty() && reserved_name(fields).is_none());
    (list.iter().all(has_no_reserved) && list.iter().any(has_fields)).then_some(list)
}

/// Whether an object among alternatives has fields, not an operator.
fn has_fields(value: &Value<'_>) -> bool {
    let Some(fields) = value.object() else {
        return false;
    };
    let is_field = |field: &Field<'_>| !field.value.is_scalar() && super::operators::meant(&field.name).is_none();
    !fields.is_empty() && fields.iter().all(is_field)
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Surely {
    Yes,
    Perhaps,
    No,
}

/// Whether a field is an operator with its argument rather than a field of an event that happens to be named so.
pub(super) fn is_operator_argument(field: &Field<'_>) -> Surely {
    if operator_like(&field.name).is_some() && field.value.is_scalar() {
        return Surely::Yes;
    }
    match (&*field.name, &field.value.kind) {
        ("numeric", Kind::Array(list)) => match list.first().and_then(Value::string) {
            Some("=" | "<" | "<=" | ">" | ">=" | "!=" | "==" | "=<" | "=>") if list.len() > 1 => Surely::Yes,
            _ => Surely::Perhaps,
        },
        ("anything-but" | "equals-ignore-case", Kind::Array(_)) => Surely::Yes,
        ("anything-but" | "prefix" | "suffix", Kind::Object(inner)) => match &inner[..] {
            [only] if is_operator(&only.name) => Surely::Yes,
            _ => Surely::No,
        },
        ("exists", Kind::Array(list)) if matches!(list[..], [Value { kind: Kind::Bool(_), .. }]) => Surely::Yes,
        ("prefix" | "suffix" | "wildcard" | "cidr", Kind::Array(_)) => Surely::Perhaps,
        _ => Surely::No,
    }
}

/// Whether an object is an operator that lacks the list around it.
fn is_bare_operator(fields: &[Field<'_>]) -> bool {
    fields.iter().all(|field| is_operator_argument(field) == Surely::Yes)
}
