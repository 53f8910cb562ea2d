//! Decides what a sample shows to be wrong: types that never agree, fields that are elsewhere, capital letters, lists.
//! Start at [`check`].
//!
//! A sample is one event of many, so what it lacks is only worth a note unless it has something very like it.

use super::mend::{Edit, is_accepted, quote};
use super::report::{ERROR, Found, INFO, Report, WARNING};
use super::seen::{At, Content, Seen};
use super::shape::{Clause, Key, Places};
use super::table::Id;
use super::tree::{Kind, Value};
use super::values::{excluded, is_incomparable};
use super::words::{distance, quoted, shown};
use super::{Look, Source, paths, roots, stream};

pub(super) fn check(look: &Look<'_>, seen: &Seen<'_>, report: &mut Report) {
    let mut content_told = false;
    for clause in &look.shape.clauses {
        if report.is_full() {
            return;
        }
        let segments = look.shape.places.segments(clause.place);
        if !content_told && content(look, seen, clause, &segments, report) {
            content_told = true;
        }
        if content_told && segments.first().copied() == roots::data_key(look.context.source) {
            continue;
        }
        match seen.find(&segments).and_then(|place| seen.at(place)) {
            None => absent(look, seen, clause, &segments, report),
            Some(at) if at.scalars.is_empty() => no_value(look, clause, at, report),
            Some(at) => present(look, clause, at, report),
        }
    }
}

/// Whether the message is of another format than the filter asks for.
fn content(look: &Look<'_>, seen: &Seen<'_>, clause: &Clause<'_>, segments: &[&str], report: &mut Report) -> bool {
    let source = look.context.source;
    let Some(data) = roots::data_key(source).filter(|data| segments.first() == Some(data)) else {
        return false;
    };
    let wants_text = segments.len() == 1;
    let (has, wants) = match (seen.content, wants_text) {
        (Some(Content::Json), true) => ("JSON", "one text"),
        // What Kinesis, brokers and Kafka carry is often shown in base64, and then nothing is known.
        (Some(Content::Text), false) if source == Source::Queue => ("no JSON object", "fields inside"),
        _ => return false,
    };
    let effect = match source {
        Source::Queue => "no such message matches, and what does not match is deleted from the queue",
        Source::Broker | Source::Kafka => "the filter does not apply to such messages: they all pass",
        _ => "no such record matches, and the pipe goes on behind it",
    };
    let message = format!("the sample's {data} is {has}, and the filter asks for {wants}: {effect}");
    report.add(Found::new(Id::BodyJsonMismatch, ERROR, clause.field.range(), clause.trail, message));
    true
}

/// The sample has nothing at this path.
fn absent(look: &Look<'_>, seen: &Seen<'_>, clause: &Clause<'_>, segments: &[&str], report: &mut Report) {
    if !paths::needs_value(clause) || !seen.covers(segments) {
        return;
    }
    let Some((leaf, parents)) = segments.split_last() else {
        return;
    };
    let name = quoted(&look.shape.places.name(clause.place));
    let range = clause.field.name_range.clone();
    let found = |id, level, message: String| Found::new(id, level, range.clone(), clause.trail, message);
    let mut elsewhere = None;
    for place in seen.namesakes(leaf) {
        let there = seen.places.segments(*place);
        let same_but_case = there.len() == segments.len()
            && there.iter().zip(segments).all(|(one, other)| one.to_lowercase() == other.to_lowercase());
        if same_but_case {
            let message = format!(
                "the sample has {} in place of {name}: keys are compared letter by letter",
                quoted(&there.join("."))
            );
            let taken = there.last().is_none_or(|there| clause.siblings.iter().any(|sibling| sibling.name == *there));
            let only_leaf = there.get(..parents.len()) == Some(parents) && clause.field.name == *leaf && !taken;
            let edits = only_leaf.then(|| vec![Edit::new(range.clone(), quote(there.last().unwrap_or(leaf)))]);
            report.add(found(Id::Case, WARNING, message).mend(edits));
            return;
        }
        if there.last() == Some(leaf) && there.len() > 1 && elsewhere.is_none() {
            elsewhere = Some(there);
        }
    }
    if let Some((there, edits)) = misspelt(look, seen, clause, segments) {
        let message = format!("the sample has no {name}; did you mean {}?", quoted(&there));
        report.add(found(Id::PathNotInSample, WARNING, message).mend(edits));
        return;
    }
    // A type's name such as S is everywhere.
    if let Some(there) = elsewhere.filter(|_| !look.is_stream()) {
        let message = format!("the sample has no {name}; did you mean {}?", quoted(&there.join(".")));
        let between = there.strip_prefix(parents).and_then(|rest| rest.split_last()).map(|(_, between)| between);
        let edits = between.filter(|between| !between.is_empty() && clause.field.name == *leaf).and_then(|between| {
            let first = between.first()?;
            if clause.siblings.iter().any(|sibling| sibling.name.split('.').next() == Some(first)) {
                return None;
            }
            let opened: String = between.iter().map(|segment| format!("{}: {{", quote(segment))).collect();
            Some(Edit::around(clause.field.range(), &opened, &"}".repeat(between.len())))
        });
        let edits = edits.or_else(|| beside(look, clause, segments, &there));
        report.add(found(Id::PathNotInSample, WARNING, message).mend(edits));
        return;
    }
    if clause.list.iter().all(|value| excluded(value).is_some()) {
        // What never does what it says is to be mended first.
        if report.has_error_within(&clause.field.range()) {
            return;
        }
        let message = format!("the sample has no {name}, and anything-but does not hold for a field that is not there");
        let edits =
            clause.list.last().map(|last| vec![Edit::new(last.range.end..last.range.end, ", {\"exists\": false}")]);
        report.add(found(Id::AbAbsent, INFO, message).mend(edits));
        return;
    }
    report.add(found(Id::PathNotInSample, INFO, format!("the sample has no {name}, so it does not match")));
}

/// The key of the pattern that stands for one part of a clause's path.
fn key_of<'l>(look: &'l Look<'_>, clause: &Clause<'_>, parts: usize, part: usize) -> Option<&'l Key<'l>> {
    let places = &look.shape.places;
    let place = (part + 1..parts).fold(clause.place, |place, _| places.parent(place));
    let (parent, name) = (places.parent(place), places.last_segment(place));
    let at = clause.field.name_range.start;
    look.shape.keys.iter().find(|key| {
        let range = key.field.range();
        key.parent == parent && key.field.name == name && range.start <= at && at < range.end
    })
}

/// Gives a key another name, if no other field of its object has it.
fn renamed(key: &Key<'_>, name: &str) -> Option<Vec<Edit>> {
    let taken = key.siblings.iter().any(|sibling| sibling.name.split('.').next() == Some(name));
    (!taken).then(|| vec![Edit::new(key.field.name_range.clone(), quote(name))])
}

/// A path of the sample in which only one name is spelled a little otherwise.
fn misspelt(
    look: &Look<'_>,
    seen: &Seen<'_>,
    clause: &Clause<'_>,
    segments: &[&str],
) -> Option<(String, Option<Vec<Edit>>)> {
    const FAR: usize = 3;
    const LENGTH_MAX: usize = 40;
    let mut place = Places::TOP;
    let mut part = 0;
    while let Some(below) = seen.places.find(place, segments.get(part)?) {
        place = below;
        part += 1;
    }
    let (name, rest) = (segments[part], &segments[part + 1..]);
    if name.len() > LENGTH_MAX {
        return None;
    }
    // In short names one letter is much.
    let is_near = |far: usize| far < FAR && far * 3 <= name.chars().count();
    let of_sample = seen.below(place).iter().map(|place| (*place, seen.places.last_segment(*place)));
    let near = of_sample
        .filter(|(place, _)| rest.iter().try_fold(*place, |place, part| seen.places.find(place, part)).is_some())
        .filter(|(_, other)| other.len() <= LENGTH_MAX && is_near(distance(name, other)))
        .min_by_key(|(_, other)| distance(name, other))?
        .1;
    let key = key_of(look, clause, segments.len(), part);
    // Whoever names both has not mistaken one for the other.
    if key.is_some_and(|key| key.siblings.iter().any(|sibling| sibling.name == near)) {
        return None;
    }
    let there: Vec<&str> = segments[..part].iter().copied().chain([near]).chain(rest.iter().copied()).collect();
    Some((there.join("."), key.and_then(|key| renamed(key, near))))
}

/// The same name at the same level of the sample, with one other name around it.
fn beside(look: &Look<'_>, clause: &Clause<'_>, segments: &[&str], there: &[&str]) -> Option<Vec<Edit>> {
    if there.len() != segments.len() {
        return None;
    }
    let mut differing = (0..segments.len()).filter(|part| segments[*part] != there[*part]);
    let (Some(part), None) = (differing.next(), differing.next()) else {
        return None;
    };
    let key = key_of(look, clause, segments.len(), part)?;
    // Other fields inside may stand where they should.
    let alone = key.field.value.object().is_some_and(|fields| fields.len() == 1);
    alone.then(|| renamed(key, there[part])).flatten()
}

/// The sample has an object or an empty list at this path.
fn no_value(look: &Look<'_>, clause: &Clause<'_>, at: &At<'_>, report: &mut Report) {
    let told = stream::spot(look, clause.place).is_some_and(|spot| !matches!(spot, stream::Spot::Typed(_)));
    if !at.has_object || told || report.has_within(Id::ExistsNonLeaf, &clause.field.range()) {
        return;
    }
    let name = quoted(&look.shape.places.name(clause.place));
    let range = clause.field.range();
    let is_exists = |value: &Value<'_>| value.only_field().is_some_and(|field| field.name == "exists");
    if clause.list.iter().all(is_exists) {
        let effect = if paths::needs_value(clause) { "never" } else { "always" };
        let what = if at.has_object_in_list { "a list of objects" } else { "an object" };
        let message =
            format!("{name} is {what} in the sample, and there this is {effect} true: exists looks at values only");
        report.add(Found::new(Id::ExistsNonLeaf, ERROR, range, clause.trail, message));
    } else if paths::needs_value(clause) {
        let what = if at.has_object_in_list { "a list of objects" } else { "an object" };
        let message = format!("{name} is {what} in the sample, so no value stands there to be matched");
        report.add(Found::new(Id::PathNotInSample, WARNING, range, clause.trail, message));
    }
}

/// What types of values an alternative can match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Text,
    Number,
    Bool,
    Null,
    Anything,
}

fn wants(alternative: &Value<'_>) -> Wants {
    match &alternative.kind {
        Kind::String(_) => Wants::Text,
        Kind::Number(_) => Wants::Number,
        Kind::Bool(_) => Wants::Bool,
        Kind::Null => Wants::Null,
        Kind::Array(_) => Wants::Anything,
        Kind::Object(_) => match alternative.only_field().map(|field| &*field.name) {
            Some("numeric") => Wants::Number,
            Some("prefix" | "suffix" | "wildcard" | "equals-ignore-case" | "cidr" | "exactly") => Wants::Text,
            _ => Wants::Anything,
        },
    }
}

/// The sample has values at this path.
fn present(look: &Look<'_>, clause: &Clause<'_>, at: &At<'_>, report: &mut Report) {
    if stream::spot(look, clause.place).is_none() {
        types(look, clause, at, report);
    }
    case(look, clause, at, report);
    numbers(clause, at, report);
    let in_list = at.has_list || at.is_within_list;
    let Some(index) = clause.list.iter().position(|value| excluded(value).is_some()).filter(|_| in_list) else {
        return;
    };
    let alternative = &clause.list[index];
    let (place, others) = if at.has_list {
        ("is a list in the sample, and one element that is not excluded is enough", "elements")
    } else {
        ("is in a list of objects in the sample, and one object whose value is not excluded is enough", "objects")
    };
    let message = format!(
        "{} {place}: {} does not keep out a list that has other {others} too",
        quoted(&look.shape.places.name(clause.place)),
        shown(&look.text[alternative.range.clone()])
    );
    report.add(Found::new(Id::AbArray, WARNING, alternative.range.clone(), clause.trail, message).alternative(index));
}

fn types(look: &Look<'_>, clause: &Clause<'_>, at: &At<'_>, report: &mut Report) {
    let Some(first) = at.scalars.first() else {
        return;
    };
    let kind = wants(first);
    if at.scalars.iter().any(|value| wants(value) != kind) {
        return;
    }
    let name = quoted(&look.shape.places.name(clause.place));
    for (index, alternative) in clause.list.iter().enumerate() {
        if report.is_full() {
            return;
        }
        if let Some(argument) = excluded(alternative) {
            let single = std::slice::from_ref(argument);
            let values = argument.array().unwrap_or(single);
            let all_other = !values.is_empty()
                && values.iter().all(|value| value.is_scalar() && wants(value) != kind)
                && matches!(kind, Wants::Text | Wants::Number);
            if all_other {
                let message = format!(
                    "{name} is {} in the sample, so {} excludes nothing",
                    first.type_name(),
                    shown(&look.text[alternative.range.clone()])
                );
                let edits: Option<Vec<Edit>> = values.iter().map(|value| retyped(value, kind)).collect();
                let found = Found::new(Id::StringNumber, ERROR, alternative.range.clone(), clause.trail, message);
                report.add(found.alternative(index).mend(edits));
            }
        }
    }
    // One alternative that can match is enough: the others may be for other events.
    if clause.list.iter().any(|value| matches!(wants(value), Wants::Anything) || wants(value) == kind) {
        return;
    }
    // A null says nothing about the values of other events.
    if kind == Wants::Null || clause.list.iter().any(|value| wants(value) == Wants::Null) {
        return;
    }
    let wanted = shown(&look.text[clause.field.value.range.clone()]);
    let message = format!(
        "{name} is {} in the sample, {}, and {wanted} never matches one",
        first.type_name(),
        shown_value(first)
    );
    let edits: Option<Vec<Edit>> = clause.list.iter().map(|value| retyped(value, kind)).collect();
    report
        .add(Found::new(Id::StringNumber, ERROR, clause.field.value.range.clone(), clause.trail, message).mend(edits));
}

fn shown_value(value: &Value<'_>) -> String {
    match &value.kind {
        Kind::String(text) => quoted(text),
        Kind::Number(number) => super::words::cut(number, 40),
        Kind::Bool(value) => value.to_string(),
        Kind::Null => "null".into(),
        Kind::Object(_) | Kind::Array(_) => value.type_name().into(),
    }
}

/// A literal as one of another type.
fn retyped(value: &Value<'_>, kind: Wants) -> Option<Edit> {
    let with = match (&value.kind, kind) {
        (Kind::Number(number), Wants::Text) => quote(number),
        (Kind::Bool(value), Wants::Text) => quote(&value.to_string()),
        (Kind::String(text), Wants::Number) => {
            let number =
                text.starts_with(|char: char| char == '-' || char.is_ascii_digit()).then(|| text.to_string())?;
            let accepted = is_accepted(&format!("{{\"numeric\": [\"=\", {number}]}}"), crate::Dialect::Bus);
            accepted.then_some(number)?
        }
        (Kind::String(text), Wants::Bool) if text == "true" || text == "false" => text.to_string(),
        _ => return None,
    };
    Some(Edit::new(value.range.clone(), with))
}

/// A literal that the sample has but for capital letters, or but for the signs of an ARN.
fn case(look: &Look<'_>, clause: &Clause<'_>, at: &At<'_>, report: &mut Report) {
    // Longer texts are no values that a pattern would name.
    const LENGTH_MAX: usize = 256;
    let short = |text: &&str| text.len() <= LENGTH_MAX;
    let texts: Vec<&str> = at.scalars.iter().filter_map(|value| value.string()).filter(short).collect();
    if texts.is_empty() || clause.list.iter().any(|value| value.string().is_none_or(|text| texts.contains(&text))) {
        return;
    }
    for (index, alternative) in clause.list.iter().enumerate() {
        if report.is_full() {
            return;
        }
        let Some(text) = alternative.string().filter(short) else {
            continue;
        };
        let found = |id, message: String| {
            Found::new(id, WARNING, alternative.range.clone(), clause.trail, message).alternative(index)
        };
        let replace = |with: String| vec![Edit::new(alternative.range.clone(), with)];
        if let Some(like) = texts.iter().find(|seen| seen.to_lowercase() == text.to_lowercase()) {
            let message = format!(
                "the sample has {}, and {} does not match it: values are compared letter by letter",
                quoted(like),
                quoted(text)
            );
            let is_event_name = look.is_stream() && look.is_place(clause.place, &["eventName"]);
            if !is_event_name {
                report.add(
                    found(Id::Case, message).mend(replace(format!("{{\"equals-ignore-case\": {}}}", quote(text)))),
                );
            }
        } else if text.starts_with("arn:")
            && let Some(like) = texts.iter().find(|seen| seen.replace('/', ":") == text.replace('/', ":"))
            && super::arn::problem(text).is_none()
        {
            let message = format!("the sample has {}, with another sign between the parts", quoted(like));
            report.add(found(Id::ArnSeparators, message).mend(replace(quote(like))));
        }
    }
}

/// A comparison of numbers that the sample's numbers take no part in.
fn numbers(clause: &Clause<'_>, at: &At<'_>, report: &mut Report) {
    let numeric = |value: &Value<'_>| value.only_field().is_some_and(|field| field.name == "numeric");
    let Some(index) = clause.list.iter().position(numeric) else {
        return;
    };
    let Some(number) = at.scalars.iter().filter_map(|value| value.number()).find(|number| is_incomparable(number))
    else {
        return;
    };
    let message = format!(
        "the sample has {}, which no double holds exactly: such numbers satisfy no comparison, whatever their size",
        super::words::cut(number, 40)
    );
    let alternative = &clause.list[index];
    let range = alternative.range.clone();
    report.add(Found::new(Id::NumericPrecision, WARNING, range, clause.trail, message).alternative(index));
}
