//! Decides what is said of a text that the parser refuses, all mistakes of it and not only the first: [`check`].
//!
//! Mistakes of structure come from the [`Shape`]. Each alternative is given to the parser by itself, so that what is
//! called refused here is just what the parser refuses.

use super::mend::{Edit, is_accepted, parse_alternative, without_blanks, without_wildcards};
use super::operators::{self, Refusal};
use super::report::{ERROR, Found, Level, MENDED_SIZE_MAX, Mends, Report};
use super::shape::{Clause, Mistake, PlaceId, Shape, TrailId, is_operator, operator_like, reserved_name};
use super::table::Id;
use super::tree::{Field, Kind, Tree, Value};
use super::words::{quoted, shown};
use super::{Context, Look, Severity, Source};
use crate::{BUS_SIZE_DEFAULT, Dialect, ParseError, ParseErrorKind, SIZE_MAX};
use std::collections::BTreeMap;

pub(super) fn check(look: &Look<'_>, report: &mut Report) {
    size(look, report);
    for mistake in &look.shape.mistakes {
        if report.is_full() {
            return;
        }
        structure(look, mistake, report);
    }
    for clause in &look.shape.clauses {
        for (index, alternative) in clause.list.iter().enumerate() {
            let plain = matches!(alternative.kind, Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null);
            if plain {
                continue;
            }
            if report.is_full() {
                return;
            }
            if let Some(refusal) = operators::refusal(look.text, alternative, look.context.dialect) {
                report.refuse(alternative.range.start);
                add_refusal(look, clause, index, refusal, report);
            }
        }
    }
}

/// What is refused in a text, each by its lint and its place; none if the text is no object at all.
pub(super) fn of_text(text: &str, context: &Context<'_>) -> Option<Vec<(Id, String)>> {
    let tree = Tree::read(text).ok().flatten()?;
    let shape = Shape::of(tree.top.object()?);
    let is_stream = matches!(context.source, Source::DynamoDb(_));
    let look = Look { text, context, shape: &shape, seen: None, is_stream };
    let mut report = Report::new(Mends::NONE);
    check(&look, &mut report);
    Some(report.refusals(&shape))
}

fn add_refusal(look: &Look<'_>, clause: &Clause<'_>, index: usize, refusal: Refusal, report: &mut Report) {
    let alternative = &clause.list[index];
    let mut message = refusal.message;
    let edits = match refusal.edit {
        Some(edit) => Some(vec![edit]),
        None if refusal.id == Id::PipesNestedAb => {
            let edits = super::stream::routing_attribute(look, clause, alternative);
            if edits.is_some() {
                message.push_str(&format!("; {}", super::stream::WRITE_IT_TOO));
            }
            edits
        }
        None => None,
    };
    let found = Found::new(refusal.id, Level::Refused, alternative.range.clone(), clause.trail, message);
    report.add(found.alternative(index).mend(edits));
}

fn size(look: &Look<'_>, report: &mut Report) {
    let characters = look.text.chars().count();
    let on_a_bus = look.context.dialect == Dialect::Bus;
    let (level, limit, message) = if characters > SIZE_MAX {
        let message =
            format!("the pattern has {characters} characters, blanks included, and more than {SIZE_MAX} are refused");
        (Level::Refused, SIZE_MAX, message)
    } else if on_a_bus && characters > BUS_SIZE_DEFAULT {
        let message = format!(
            "the pattern has {characters} characters, blanks included, and a bus takes {BUS_SIZE_DEFAULT} unless the \
             account's quota has been raised"
        );
        (Level::OnAws(Severity::Warning), BUS_SIZE_DEFAULT, message)
    } else {
        return;
    };
    let short = (look.text.len() <= MENDED_SIZE_MAX).then(|| without_blanks(look.text));
    let edits =
        short.filter(|short| short.chars().count() <= limit).map(|short| vec![Edit::new(0..look.text.len(), short)]);
    report.add(Found::new(Id::Size, level, 0..look.text.len(), Shape::TOP_TRAIL, message).mend(edits));
}

fn structure(look: &Look<'_>, mistake: &Mistake<'_>, report: &mut Report) {
    let text = look.text;
    match mistake {
        Mistake::Scalar { trail, field } => scalar(look, *trail, field, report),
        Mistake::Empty { trail, value } => {
            let message = match value.kind {
                Kind::Array(_) => "an empty list has no value that the field could have, and is refused",
                _ => "an empty object asks for nothing, and is refused",
            };
            report.add(Found::new(Id::Empty, Level::Refused, value.range.clone(), *trail, message));
        }
        Mistake::BareOperator { trail, field } => bare_operator(look, *trail, field, report),
        Mistake::OperatorAmongFields { trail, field } => {
            if !field.value.is_scalar() {
                let message = format!(
                    "this is read as a field called {}, not as the operator, because other fields stand beside it",
                    quoted(&field.name)
                );
                report.add(Found::new(Id::OpNotInArray, ERROR, field.range(), *trail, message));
            }
        }
        Mistake::ObjectsInList { trail, field, list } => {
            let range = &field.value.range;
            // A `$or` inside that is none is refused wherever it stands, and told by itself.
            let broken_or = |mistake: &Mistake<'_>| match mistake {
                Mistake::Or { field: inner, .. } => {
                    range.start < inner.name_range.start && inner.value.range.end <= range.end
                }
                _ => false,
            };
            let (message, mut edits) = match list {
                [only] => (
                    "a list holds alternatives, not fields, so this is refused: fields inside a field need no brackets",
                    vec![Edit::new(range.clone(), &text[only.range.clone()])],
                ),
                _ => (
                    "a list holds alternatives, not fields, so this is refused: if one of these objects is enough, \
                     $or says so",
                    match list.iter().filter_map(Value::object).find_map(reserved_name) {
                        None => Edit::around(range.clone(), "{\"$or\": ", "}"),
                        Some(_) => Vec::new(),
                    },
                ),
            };
            if look.shape.mistakes.iter().any(broken_or) {
                edits.clear();
            }
            report.add(Found::new(Id::ObjectInList, Level::Refused, range.clone(), *trail, message).mend(edits));
        }
        Mistake::MisspeltOr { trail, field } => {
            let message = format!("objects to choose from are called $or, not {}: it is refused", quoted(&field.name));
            let range = field.name_range.clone();
            let edits = vec![Edit::new(range.clone(), "\"$or\"")];
            report.add(Found::new(Id::OrDegenerate, Level::Refused, range, *trail, message).mend(edits));
        }
        Mistake::Or { trail, field, siblings, reserved, meant } => {
            or(look, *trail, field, siblings, *reserved, *meant, report);
        }
    }
}

fn scalar(look: &Look<'_>, trail: TrailId, field: &Field<'_>, report: &mut Report) {
    let range = &field.value.range;
    // A string that is itself a pattern was made a string by some tool.
    if let Some(inner) = field.value.string().filter(|inner| inner.trim_start().starts_with('{'))
        && crate::Pattern::parse(inner, look.context.dialect).is_ok()
    {
        let message = "what stands in quotes here is a pattern itself; inside quotes it is a text, and is refused";
        let edits = vec![Edit::new(range.clone(), inner)];
        report.add(Found::new(Id::CdkStringifiedMatcher, Level::Refused, range.clone(), trail, message).mend(edits));
        return;
    }
    let message = format!(
        "{} holds {}, and a field must hold a list of alternatives: it is refused",
        quoted(&field.name),
        shown(&look.text[range.clone()])
    );
    let edits = Edit::around(range.clone(), "[", "]");
    report.add(Found::new(Id::ScalarNotArray, Level::Refused, range.clone(), trail, message).mend(edits));
}

fn bare_operator(look: &Look<'_>, trail: TrailId, field: &Field<'_>, report: &mut Report) {
    let range = &field.value.range;
    let source = &look.text[range.clone()];
    let dialect = look.context.dialect;
    // The parser sees fields where operators were meant, and accepts them if they hold lists.
    let refused = crate::Pattern::parse(&format!("{{\"a\":{source}}}"), dialect).is_err();
    let name = field.value.object().and_then(|fields| fields.first()).map_or("", |field| &*field.name);
    let message = if refused {
        format!("an operator stands in a list, so {} is refused without brackets around it", shown(source))
    } else {
        format!(
            "this asks for a field called {} inside, not for the operator, and events have no such field",
            quoted(name)
        )
    };
    let level = if refused { Level::Refused } else { ERROR };
    let found = Found::new(Id::OpNotInArray, level, range.clone(), trail, message);
    report.add(found.mend(in_brackets(look.text, &field.value, dialect)));
}

/// The operator in brackets, with its own mistakes mended.
fn in_brackets(text: &str, operator: &Value<'_>, dialect: Dialect) -> Option<Vec<Edit>> {
    let range = &operator.range;
    let mut edits = Edit::around(range.clone(), "[", "]");
    if dialect == Dialect::Pipe && text[range.clone()].contains("\"wildcard\"") {
        let simpler = without_wildcards(&text[range.clone()]).filter(|simpler| is_accepted(simpler, dialect))?;
        return Some(vec![Edit::new(range.clone(), format!("[{simpler}]"))]);
    }
    if is_accepted(&text[range.clone()], dialect) {
        return Some(edits);
    }
    let one_argument = operator.only_field().and_then(|field| {
        let elements = field.value.array()?;
        let name = operator_like(&field.name)?;
        let each: Vec<String> =
            elements.iter().map(|value| format!("{{\"{name}\": {}}}", &text[value.range.clone()])).collect();
        let each = each.join(", ");
        is_accepted(&each, dialect).then(|| vec![Edit::new(range.clone(), format!("[{each}]"))])
    });
    if one_argument.is_some() {
        return one_argument;
    }
    edits.push(operators::refusal(text, operator, dialect)?.edit?);
    // A remedy that replaces the whole operator would overlap with the brackets.
    if let Some(whole) = edits.iter().find(|edit| edit.range == *range) {
        return Some(vec![Edit::new(range.clone(), format!("[{}]", whole.with))]);
    }
    Some(edits)
}

fn or(
    look: &Look<'_>,
    trail: TrailId,
    field: &Field<'_>,
    siblings: &[Field<'_>],
    reserved: Option<&str>,
    meant: bool,
    report: &mut Report,
) {
    let range = field.range();
    let text = look.text;
    let level = Level::Refused;
    let several = field.value.array().is_some_and(|list| list.len() > 1);
    if let (true, Some(reserved)) = (several, reserved) {
        let bare = look.shape.mistakes.iter().any(|mistake| match mistake {
            Mistake::BareOperator { field: inner, .. } => {
                range.start < inner.name_range.start && inner.value.range.end <= range.end
            }
            _ => false,
        });
        // Then the missing brackets are the mistake, and told by themselves.
        if !(bare && is_operator(reserved)) {
            let message = format!(
                "a field called {} stands inside, which is an operator's name, and inside $or no field may have one",
                quoted(reserved)
            );
            report.add(Found::new(Id::OrDegenerate, level, range, trail, message));
        }
        return;
    }
    let inside = |fields: &[Field<'_>]| match fields {
        [first, .., last] => Some(text[first.name_range.start..last.value.range.end].to_owned()),
        [only] => Some(text[only.range()].to_owned()),
        [] => None,
    };
    let clashes =
        |fields: &[Field<'_>]| fields.iter().any(|inner| siblings.iter().any(|sibling| sibling.name == inner.name));
    let (message, edit) = match &field.value.kind {
        Kind::Object(fields) if fields.len() > 1 => {
            let each: Vec<String> = fields.iter().map(|field| format!("{{{}}}", &text[field.range()])).collect();
            let list = format!("[{}]", each.join(", "));
            let edit = fields
                .iter()
                .all(|field| !field.value.is_scalar() && reserved_name(std::slice::from_ref(field)).is_none())
                .then(|| Edit::new(field.value.range.clone(), list));
            ("$or holds an object and no list; its choices go into a list, each in an object of its own", edit)
        }
        Kind::Object(fields) => {
            let edit =
                (!clashes(fields)).then(|| inside(fields)).flatten().map(|inner| Edit::new(range.clone(), inner));
            ("$or with one object is no choice, and is refused", edit)
        }
        Kind::Array(list) => match list.first().and_then(Value::object) {
            Some(fields) if list.len() == 1 && meant => {
                let edit = (!clashes(fields)).then(|| inside(fields)).flatten();
                let edit = edit.map(|inner| Edit::new(range.clone(), inner));
                ("$or with one object is no choice, and is refused", edit)
            }
            _ => ("$or takes a list of two objects or more, and nothing else", None),
        },
        Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null => {
            ("$or takes a list of two objects or more, and nothing else", None)
        }
    };
    report.add(Found::new(Id::OrDegenerate, level, range, trail, message).mend(edit.map(|edit| vec![edit])));
}

/// The fields whose wildcards are too complex together.
pub(super) fn wildcards(look: &Look<'_>, error: &ParseError, report: &mut Report) {
    /// Fields that are looked at where the parser itself did not come so far.
    const FIELDS_MAX: usize = 8;
    if error.kind == ParseErrorKind::TooLarge {
        return;
    }
    let most = if error.kind == ParseErrorKind::TooComplex { usize::MAX } else { FIELDS_MAX };
    let mut of_place: BTreeMap<PlaceId, (&Clause<'_>, Vec<&str>)> = BTreeMap::new();
    for clause in &look.shape.clauses {
        for alternative in clause.list {
            let field = alternative.only_field().filter(|field| field.name == "wildcard");
            if let Some(field) = field.filter(|field| field.value.string().is_some_and(|text| text.contains('*'))) {
                let wildcards = &mut of_place.entry(clause.place).or_insert((clause, Vec::new())).1;
                wildcards.push(&look.text[field.value.range.clone()]);
            }
        }
    }
    for (clause, wildcards) in of_place.into_values().take(most) {
        let one_each: Vec<String> = wildcards.iter().map(|wildcard| format!("{{\"wildcard\":{wildcard}}}")).collect();
        let readable: Vec<String> =
            one_each.into_iter().filter(|one| parse_alternative(one, look.context.dialect).is_ok()).collect();
        let all = readable.join(",");
        if !readable.is_empty() && !is_accepted(&all, look.context.dialect) {
            let message = format!(
                "the wildcards of {} can match a text in too many ways at once, and AWS refuses such rules: use fewer stars, \
                 or prefix and suffix where they do",
                quoted(&look.shape.places.name(clause.place))
            );
            report.add(Found::new(Id::WildcardComplexity, Level::Refused, clause.field.range(), clause.trail, message));
        }
    }
}

/// Whether the parser accepts an alternative by itself.
pub(super) fn is_alternative(source: &str, dialect: Dialect) -> bool {
    parse_alternative(source, dialect).is_ok()
}
