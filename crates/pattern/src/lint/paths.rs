//! Decides what is doubtful about where a pattern looks, whatever its source: keys with dots, fields that are given
//! twice, and places that cannot have a value because others want fields inside them. Start at [`check`].

use super::mend::{Edit, quote, without_fields};
use super::report::{ERROR, Found, INFO, Report, WARNING};
use super::shape::{Clause, Key, PlaceId, Places, ScopeId, Shape};
use super::table::Id;
use super::tree::{Field, Value};
use super::values::{excluded, is_absent};
use super::words::{cut, quoted, shown};
use super::{Look, Source};
use crate::Dialect;
use std::collections::{HashMap, HashSet};

pub(super) fn check(look: &Look<'_>, report: &mut Report) {
    for key in &look.shape.keys {
        if report.is_full() {
            return;
        }
        dotted(look, key, report);
    }
    repeated_objects(look, report);
    repeated_fields(look, report);
    values_with_fields(look, report);
    overbroad(look, report);
}

/// Whether a field has to have a value for the pattern to match.
pub(super) fn needs_value(clause: &Clause<'_>) -> bool {
    !clause.list.iter().any(is_absent)
}

fn dotted(look: &Look<'_>, key: &Key<'_>, report: &mut Report) {
    let name = &*key.field.name;
    let segments: Vec<&str> = name.split('.').collect();
    let plain = |segment: &&str| {
        !segment.is_empty() && segment.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-'))
    };
    if segments.len() < 2 || !segments.iter().all(plain) || look.sample_has_key(name) {
        return;
    }
    // There the keys are names of attributes, which may have dots of their own.
    if look.is_stream() && look.shape.places.segments(key.parent).len() > 1 {
        return;
    }
    let shown: Vec<String> = segments.iter().take(5).map(|segment| cut(segment, 40)).collect();
    let message = format!(
        "{} is read as {}; tools that do not join keys look for one field with a dot in its name",
        quoted(name),
        shown.join(" > ")
    );
    let clash = key.siblings.iter().any(|sibling| {
        sibling.name_range != key.field.name_range && sibling.name.split('.').next() == segments.first().copied()
    });
    let edits = (!clash).then(|| {
        let opened: Vec<String> = segments.iter().map(|segment| quote(segment)).collect();
        let end = key.field.value.range.end;
        vec![
            Edit::new(key.field.name_range.clone(), opened.join(": {")),
            Edit::new(end..end, "}".repeat(segments.len() - 1)),
        ]
    });
    report.add(Found::new(Id::DottedKey, INFO, key.field.name_range.clone(), key.trail, message).mend(edits));
}

/// Objects under the same key, which are read as one here and elsewhere not.
fn repeated_objects(look: &Look<'_>, report: &mut Report) {
    let mut seen = HashMap::new();
    for key in &look.shape.keys {
        if report.is_full() {
            return;
        }
        let object = key.field.value.object().is_some();
        let before = seen.insert((key.siblings.as_ptr(), &key.field.name), object);
        if object && before == Some(true) && key.field.name != "$or" {
            let message = format!(
                "{} is given twice; here both are read together, but most tools that handle JSON keep only the last",
                quoted(&key.field.name)
            );
            report.add(Found::new(Id::DupKey, INFO, key.field.range(), key.trail, message));
        }
    }
}

fn repeated_fields(look: &Look<'_>, report: &mut Report) {
    // Of each place: the clauses that still count, in the order of the text. Those inside a branch are at the end while
    // the branch is read, so that each is taken away at most once.
    let mut counting: HashMap<PlaceId, Vec<&Clause<'_>>> = HashMap::new();
    let mut of_scope: HashMap<(PlaceId, ScopeId), &Clause<'_>> = HashMap::new();
    for clause in &look.shape.clauses {
        if report.is_full() {
            return;
        }
        let counting = counting.entry(clause.place).or_default();
        while let Some(before) = counting.pop_if(|before| look.shape.is_within(before.scope, clause.scope)) {
            if before.scope == clause.scope {
                given_twice(look, before, clause, report);
            } else {
                shadowed_behind(look, before, clause, report);
            }
        }
        counting.push(clause);
        of_scope.insert((clause.place, clause.scope), clause);
        let mut around = look.shape.around(clause.scope);
        while let Some(scope) = around {
            if let Some(outer) = of_scope.get(&(clause.place, scope)) {
                shadowed_inside(look, outer, clause, report);
                break;
            }
            around = look.shape.around(scope);
        }
    }
}

fn given_twice(look: &Look<'_>, before: &Clause<'_>, clause: &Clause<'_>, report: &mut Report) {
    let name = quoted(&look.shape.places.name(clause.place));
    let forgotten = shown(&look.text[before.field.value.range.clone()]);
    let same_object = std::ptr::eq(before.siblings, clause.siblings);
    let edits = same_object.then(|| without_fields(before.siblings, &|index| index == before.index)).flatten();
    let kept = if edits.is_some() { "; the mended pattern keeps what happens today" } else { "" };
    let message = format!("{name} is given twice and only the last counts: {forgotten} is overwritten{kept}");
    report.add(Found::new(Id::DupKey, WARNING, before.field.range(), before.trail, message).mend(edits));
}

/// Outside first, and then again in a branch.
fn shadowed_inside(look: &Look<'_>, outer: &Clause<'_>, inner: &Clause<'_>, report: &mut Report) {
    let name = quoted(&look.shape.places.name(inner.place));
    let overwritten = shown(&look.text[outer.field.value.range.clone()]);
    let message = format!(
        "{name} is given again inside $or, and the last one counts: in this branch {overwritten} is overwritten"
    );
    let edits = into_branches(look, outer, inner);
    report.add(Found::new(Id::OrShadow, WARNING, inner.field.range(), inner.trail, message).mend(edits));
}

/// In a branch first, and then again behind the `$or`.
fn shadowed_behind(look: &Look<'_>, inner: &Clause<'_>, outer: &Clause<'_>, report: &mut Report) {
    let name = quoted(&look.shape.places.name(inner.place));
    let overwritten = shown(&look.text[inner.field.value.range.clone()]);
    let message = format!(
        "{name} is given again behind the $or, and the last one counts: in this branch {overwritten} is overwritten"
    );
    let edits = into_branches(look, outer, inner);
    report.add(Found::new(Id::OrShadow, WARNING, inner.field.range(), inner.trail, message).mend(edits));
}

/// The outer condition in each branch of the `$or` beside it: where a branch has a list of its own, the values that both
/// lists have. None where that cannot be said, or where a branch would have no value left.
fn into_branches(look: &Look<'_>, outer: &Clause<'_>, inner: &Clause<'_>) -> Option<Vec<Edit>> {
    let is_or = |field: &&Field<'_>| field.name == "$or";
    let mut ors = outer.siblings.iter().filter(is_or);
    let (Some(or), None) = (ors.next(), ors.next()) else {
        return None;
    };
    let name = &outer.field.name;
    let given = |fields: &[Field<'_>]| fields.iter().filter(|field| field.name == *name).count();
    if !look.is_mended() || name.contains('.') || given(outer.siblings) != 1 {
        return None;
    }
    let source = |value: &Value<'_>| &look.text[value.range.clone()];
    let condition = &look.text[outer.field.range()];
    let mut edits = without_fields(outer.siblings, &|index| index == outer.index)?;
    let mut has_inner = false;
    for branch in or.value.array()? {
        let fields = branch.object()?;
        has_inner |= std::ptr::eq(fields, inner.siblings);
        if fields.iter().any(|field| field.name == "$or" || field.name.split('.').next() != Some(&field.name)) {
            return None;
        }
        match fields.iter().find(|field| field.name == *name) {
            None => {
                let start = fields.first()?.name_range.start;
                edits.push(Edit::new(start..start, format!("{condition}, ")));
            }
            Some(_) if given(fields) != 1 => return None,
            Some(field) => {
                let list = field.value.array()?;
                if !list.iter().chain(outer.list).all(Value::is_scalar) {
                    return None;
                }
                let allowed: HashSet<&str> = outer.list.iter().map(source).collect();
                let both: Vec<&str> = list.iter().map(source).filter(|value| allowed.contains(value)).collect();
                if both.is_empty() {
                    return None;
                }
                if both.len() < list.len() {
                    edits.push(Edit::new(field.value.range.clone(), format!("[{}]", both.join(", "))));
                }
            }
        }
    }
    has_inner.then_some(edits)
}

/// Fields that are wanted both as a value and with fields inside.
fn values_with_fields(look: &Look<'_>, report: &mut Report) {
    let places = &look.shape.places;
    let mut inside: HashMap<PlaceId, PlaceId> = HashMap::new();
    for clause in look.shape.clauses.iter().filter(|clause| clause.scope == Shape::OUTSIDE && needs_value(clause)) {
        let mut place = clause.place;
        while place != Places::TOP {
            place = places.parent(place);
            if inside.insert(place, clause.place).is_some() {
                break;
            }
        }
    }
    let on_a_bus = look.context.source == Source::Bus && look.context.dialect == Dialect::Bus;
    for clause in &look.shape.clauses {
        if report.is_full() {
            return;
        }
        let deeper = inside.get(&clause.place).filter(|_| clause.scope == Shape::OUTSIDE);
        let refused = clause.list.iter().any(|value| report.is_refused(value.range.start));
        let is_detail = on_a_bus && !refused && look.is_place(clause.place, &["detail"]);
        if deeper.is_none() && !is_detail {
            continue;
        }
        let name = quoted(&places.name(clause.place));
        let why = match deeper {
            Some(deeper) => format!("the pattern wants {} inside it", quoted(&places.name(*deeper))),
            None => "events on a bus have an object there".to_owned(),
        };
        let exists = clause.list.iter().all(|value| value.only_field().is_some_and(|field| field.name == "exists"));
        let range = clause.field.range();
        report.add(if exists {
            let effect = if needs_value(clause) { "never" } else { "always" };
            let message = format!(
                "{name} is an object ({why}), and of an object this is {effect} true: exists looks at values only"
            );
            Found::new(Id::ExistsNonLeaf, ERROR, range, clause.trail, message)
        } else {
            let message = format!("{name} cannot both be a value, as here, and an object: {why}");
            Found::new(Id::AlwaysFalse, WARNING, range, clause.trail, message)
        });
    }
}

/// A rule that only excludes.
fn overbroad(look: &Look<'_>, report: &mut Report) {
    let clauses = &look.shape.clauses;
    let only_excludes =
        |clause: &Clause<'_>| clause.list.iter().all(|value| excluded(value).is_some() || is_absent(value));
    if look.context.source != Source::Bus || clauses.is_empty() || !look.shape.mistakes.is_empty() {
        return;
    }
    // Whoever names a field inside detail has narrowed the events to those that have it.
    let in_envelope = |clause: &Clause<'_>| look.shape.places.parent(clause.place) == Places::TOP;
    if clauses.iter().all(|clause| only_excludes(clause) && in_envelope(clause)) {
        let start = clauses[0].field.name_range.start;
        let message = "this only says what is not wanted: every other event on the bus matches, whoever sends it, \
                       and perhaps what the target itself sends";
        report.add(Found::new(Id::Overbroad, INFO, start..clauses[0].field.value.range.end, clauses[0].trail, message));
    }
}
