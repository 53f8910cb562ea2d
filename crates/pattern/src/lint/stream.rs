//! Decides what is wrong with a pattern for the change stream of a table: types of attributes, images that are not
//! there, and names of changes. Start at [`check`].

use super::mend::{Edit, quote, without_blanks, without_elements, without_fields};
use super::operators::strings;
use super::report::{ERROR, Found, Report, WARNING};
use super::shape::{Clause, Key, PlaceId, Places, Shape};
use super::table::Id;
use super::tree::{Kind, Value};
use super::values::excluded;
use super::words::{nearest, quoted, shown};
use super::{Images, Look, Source, paths};
use crate::Dialect;

/// The types of attributes.
pub(super) const TAGS: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"];
const CHANGES: [&str; 3] = ["INSERT", "MODIFY", "REMOVE"];

/// What stands at a place inside an image or the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// The image itself.
    Image,
    /// An attribute, in front of its type.
    Attribute,
    /// Below a type that holds values.
    Typed(&'static str),
    /// A map or a list.
    Container,
    /// No place that records have.
    Nowhere,
}

/// Whether a pattern is for the records of a stream, judged by its own fields.
pub(super) fn looks_like_one(shape: &Shape<'_>) -> bool {
    let Some(dynamodb) = shape.places.find(Places::TOP, "dynamodb") else {
        return false;
    };
    ["NewImage", "OldImage", "Keys"].iter().any(|image| shape.places.find(dynamodb, image).is_some())
}

/// What stands at a place of the pattern; none outside of images and keys.
pub(super) fn spot(look: &Look<'_>, place: PlaceId) -> Option<Spot> {
    if !look.is_stream() {
        return None;
    }
    let segments = look.shape.places.segments(place);
    let inside = match &segments[..] {
        ["dynamodb", "NewImage" | "OldImage" | "Keys", inside @ ..] => inside,
        _ => return None,
    };
    let mut rest = inside.iter();
    if rest.as_slice().is_empty() {
        return Some(Spot::Image);
    }
    let mut in_list = false;
    loop {
        if !in_list && rest.next().is_none() {
            return Some(Spot::Container);
        }
        let Some(segment) = rest.next() else {
            return Some(if in_list { Spot::Container } else { Spot::Attribute });
        };
        match TAGS.iter().find(|tag| *tag == segment) {
            Some(&"M") => in_list = false,
            Some(&"L") => in_list = true,
            Some(tag) if rest.as_slice().is_empty() => return Some(Spot::Typed(tag)),
            Some(_) | None => break,
        }
    }
    // An attribute's name may have dots, so that only the end can be judged.
    let ends_in_type = inside.last().is_some_and(|last| TAGS.contains(last));
    (!ends_in_type).then_some(Spot::Nowhere)
}

pub(super) fn is_typed(look: &Look<'_>, place: PlaceId) -> bool {
    matches!(spot(look, place), Some(Spot::Typed(_)))
}

pub(super) fn check(look: &Look<'_>, report: &mut Report) {
    if !look.is_stream() {
        return;
    }
    for clause in &look.shape.clauses {
        if report.is_full() {
            return;
        }
        match spot(look, clause.place) {
            Some(Spot::Typed(tag)) => values(look, clause, tag, report),
            Some(Spot::Attribute | Spot::Nowhere | Spot::Image | Spot::Container) => untyped(look, clause, report),
            None => {}
        }
    }
    two_types(look, report);
    changes(look, report);
}

/// Values below a type.
fn values(look: &Look<'_>, clause: &Clause<'_>, tag: &str, report: &mut Report) {
    for (index, alternative) in clause.list.iter().enumerate() {
        if report.is_full() {
            return;
        }
        let found = |id, message: String| {
            Found::new(id, ERROR, alternative.range.clone(), clause.trail, message).alternative(index)
        };
        let source = shown(&look.text[alternative.range.clone()]);
        match tag {
            "N" | "NS" => number(look, clause, index, report),
            "BOOL" | "NULL" => {
                let argument = excluded(alternative).unwrap_or(alternative);
                let truth = match &argument.kind {
                    Kind::String(text) if text == "true" => Some(true),
                    Kind::String(text) if text == "false" => Some(false),
                    Kind::Null | Kind::Number(_) if tag == "NULL" => Some(true),
                    Kind::Number("1") => Some(true),
                    Kind::Number("0") => Some(false),
                    _ => None,
                };
                let exists = alternative.only_field().is_some_and(|field| field.name == "exists");
                if matches!(alternative.kind, Kind::Bool(_)) || exists {
                    continue;
                }
                let is_excluded = excluded(alternative).is_some();
                let effect = if is_excluded { "excludes nothing" } else { "never matches" };
                let message = format!("below {tag} a record has true or false, so {source} {effect}");
                let with =
                    truth.map(|truth| vec![Edit::new(alternative.range.clone(), (truth != is_excluded).to_string())]);
                report.add(found(Id::DdbTagValue, message).mend(with));
            }
            _ => {
                let wrong = matches!(alternative.kind, Kind::Number(_) | Kind::Bool(_) | Kind::Null)
                    || alternative.only_field().is_some_and(|field| field.name == "numeric");
                if wrong {
                    let message = format!("below {tag} a record has a string, so {source} never matches");
                    let edits =
                        alternative.number().map(|number| vec![Edit::new(alternative.range.clone(), quote(number))]);
                    report.add(found(Id::DdbTagValue, message).mend(edits));
                }
            }
        }
    }
}

/// Values below `N` or `NS`, which are strings of digits.
fn number(look: &Look<'_>, clause: &Clause<'_>, index: usize, report: &mut Report) {
    let alternative = &clause.list[index];
    let source = shown(&look.text[alternative.range.clone()]);
    let whole = |with: String| Some(vec![Edit::new(alternative.range.clone(), with)]);
    let string = "in a stream record a number of DynamoDB is a string";
    let (id, level, message, edits) = match &alternative.kind {
        Kind::Number(number) => (
            Id::DdbNumericOnN,
            ERROR,
            format!("{string}, and {number} is none: it never matches"),
            whole(quote(&canonical(number).unwrap_or_else(|| (*number).to_owned()))),
        ),
        Kind::Bool(_) | Kind::Null => (Id::DdbTagValue, ERROR, format!("{string}, so {source} never matches"), None),
        Kind::String(text) => match canonical(text) {
            Some(canonical) if canonical != **text => (
                Id::DdbTagValue,
                WARNING,
                format!(
                    "DynamoDB spells this number {}, and the text is compared letter by letter",
                    quoted(&canonical)
                ),
                whole(quote(&canonical)),
            ),
            _ => return,
        },
        Kind::Array(_) => return,
        Kind::Object(_) => {
            let Some(field) = alternative.only_field() else {
                return;
            };
            match (&*field.name, &field.value.kind) {
                ("numeric", _) => numeric_on_n(&source, &field.value, alternative),
                ("anything-but", Kind::Number(_) | Kind::Array(_)) => {
                    let single = std::slice::from_ref(&field.value);
                    let values = field.value.array().unwrap_or(single);
                    let numbers: Vec<Edit> = values
                        .iter()
                        .filter_map(|value| {
                            let number = value.number()?;
                            let text = canonical(number).unwrap_or_else(|| number.to_owned());
                            Some(Edit::new(value.range.clone(), quote(&text)))
                        })
                        .collect();
                    if numbers.is_empty() {
                        return;
                    }
                    (
                        Id::DdbNumericOnN,
                        ERROR,
                        format!("{string}, so no value is one of these numbers: {source} excludes nothing"),
                        Some(numbers),
                    )
                }
                _ => return,
            }
        }
    };
    let found = Found::new(id, level, alternative.range.clone(), clause.trail, message).alternative(index);
    report.add(found.mend(edits));
}

type Row = (Id, super::report::Level, String, Option<Vec<Edit>>);

fn numeric_on_n(source: &str, argument: &Value<'_>, alternative: &Value<'_>) -> Row {
    let whole = |with: String| Some(vec![Edit::new(alternative.range.clone(), with)]);
    let string = "in a stream record a number of DynamoDB is a string, so numeric never matches it";
    let equal = match argument.array() {
        Some([sign, number]) if sign.string() == Some("=") => number.number(),
        _ => None,
    };
    match equal {
        Some(number) => {
            let text = canonical(number).unwrap_or_else(|| number.to_owned());
            (Id::DdbNumericOnN, ERROR, format!("{string}; as a text it can be equal"), whole(quote(&text)))
        }
        None => {
            let message = format!(
                "{string}, and {source} never holds. No pattern can compare it: let whoever writes the item write an \
                 attribute that says it (a \"tier\", say) and match that, or decide in the function"
            );
            (Id::DdbNumericOnN, ERROR, message, None)
        }
    }
}

/// A decimal number as DynamoDB spells it; none for anything else, and for exponents.
fn canonical(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || text.len() > 40 {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// A condition on something that is no value: an attribute without its type, or a whole image.
fn untyped(look: &Look<'_>, clause: &Clause<'_>, report: &mut Report) {
    let places = &look.shape.places;
    let name = quoted(places.last_segment(clause.place));
    let at_attribute = spot(look, clause.place) == Some(Spot::Attribute);
    let is_exists = |value: &Value<'_>| value.only_field().is_some_and(|field| field.name == "exists");
    let range = clause.field.range();
    if clause.list.iter().all(is_exists) {
        let effect = if paths::needs_value(clause) { "never" } else { "always" };
        let (what, advice) = if at_attribute {
            ("an attribute", "ask for the type inside it, as in {\"S\": [{\"exists\": false}]}")
        } else {
            ("what stands there", "ask for something inside it that has a value")
        };
        let message = format!("{name}: {what} is an object in the record, of which this is {effect} true; {advice}");
        let tag = look.sample_tag(clause.place);
        let edits = tag.map(|tag| Edit::around(clause.field.value.range.clone(), &format!("{{\"{tag}\": "), "}"));
        report.add(Found::new(Id::ExistsNonLeaf, ERROR, range, clause.trail, message).mend(edits));
        return;
    }
    let effect = if paths::needs_value(clause) {
        "this never matches"
    } else {
        "{\"exists\": false} always holds and nothing else decides"
    };
    let message = if at_attribute {
        format!("{name} is an object in the record, with the type of the value inside: {effect}")
    } else {
        let place = quoted(&places.name(clause.place));
        format!("inside an image come an attribute, its type, and then the value; at {place} there is none: {effect}")
    };
    let edits = at_attribute.then(|| with_type(look, clause)).flatten();
    report.add(Found::new(Id::DdbTypeTag, ERROR, range, clause.trail, message).mend(edits));
}

/// The list inside the type that all its values have.
fn with_type(look: &Look<'_>, clause: &Clause<'_>) -> Option<Vec<Edit>> {
    let tag_of = |value: &Value<'_>| match &value.kind {
        Kind::String(_) => Some("S"),
        Kind::Number(_) => Some("N"),
        Kind::Bool(_) => Some("BOOL"),
        Kind::Object(_) => {
            let field = value.only_field()?;
            let text = field.value.string().is_some()
                || field.value.array().is_some_and(|values| values.iter().all(|value| value.string().is_some()));
            (text && field.name != "exists").then_some("S")
        }
        Kind::Null | Kind::Array(_) => None,
    };
    let wanted: Vec<&Value<'_>> =
        clause.list.iter().filter(|value| value.only_field().is_none_or(|field| field.name != "exists")).collect();
    let tag = tag_of(wanted.first()?)?;
    if !wanted.iter().all(|value| tag_of(value) == Some(tag))
        || look.sample_tag(clause.place).is_some_and(|seen| seen != tag)
    {
        return None;
    }
    let mut edits = Edit::around(clause.field.value.range.clone(), &format!("{{\"{tag}\": "), "}");
    for value in wanted {
        if let Some(number) = value.number() {
            let text = canonical(number).unwrap_or_else(|| number.to_owned());
            edits.push(Edit::new(value.range.clone(), quote(&text)));
        }
    }
    Some(edits)
}

/// An attribute that is wanted with two types at once.
fn two_types(look: &Look<'_>, report: &mut Report) {
    let places = &look.shape.places;
    let mut seen = std::collections::HashMap::new();
    for clause in look.shape.clauses.iter().filter(|clause| clause.scope == Shape::OUTSIDE) {
        if report.is_full() {
            return;
        }
        let Some(Spot::Typed(tag)) = spot(look, clause.place) else {
            continue;
        };
        // Elements of a list may differ.
        let attribute = places.parent(clause.place);
        if !paths::needs_value(clause) || places.last_segment(attribute) == "L" {
            continue;
        }
        if let Some(before) = seen.insert(attribute, tag).filter(|before| *before != tag) {
            let message = format!(
                "{} cannot have the type {before} and the type {tag} in one record, so this never matches",
                quoted(places.last_segment(attribute))
            );
            let range = clause.field.range();
            let edits = without_fields(clause.siblings, &|index| index == clause.index);
            report.add(Found::new(Id::AlwaysFalse, ERROR, range, clause.trail, message).mend(edits));
        }
    }
}

/// Names of changes, and the images that they have.
fn changes(look: &Look<'_>, report: &mut Report) {
    let mut names: Option<(&Clause<'_>, Vec<&str>)> = None;
    for clause in look.shape.clauses.iter().filter(|clause| look.is_place(clause.place, &["eventName"])) {
        for (index, alternative) in clause.list.iter().enumerate() {
            if report.is_full() {
                return;
            }
            let Some(name) = alternative.string().filter(|name| !CHANGES.contains(name)) else {
                continue;
            };
            let meant = match &*name.to_uppercase() {
                upper if CHANGES.contains(&upper) => CHANGES.into_iter().find(|change| *change == upper),
                "UPDATE" | "UPDATED" | "CHANGE" => Some("MODIFY"),
                "CREATE" | "CREATED" | "ADD" | "NEW" | "PUT" => Some("INSERT"),
                "DELETE" | "DELETED" => Some("REMOVE"),
                upper => nearest(upper, &CHANGES),
            };
            let message =
                format!("no change of a stream is called {}; there are INSERT, MODIFY and REMOVE", quoted(name));
            let edits = meant.map(|meant| vec![Edit::new(alternative.range.clone(), quote(meant))]);
            let found = Found::new(Id::EventName, ERROR, alternative.range.clone(), clause.trail, message);
            report.add(found.alternative(index).mend(edits));
        }
        let all: Option<Vec<&str>> = clause.list.iter().map(Value::string).collect();
        if clause.scope == Shape::OUTSIDE
            && let Some(all) = all
        {
            // The last one counts if it is given twice.
            names = Some((clause, all));
        }
    }
    let Some(dynamodb) = look.shape.places.find(Places::TOP, "dynamodb") else {
        return;
    };
    for key in look.shape.keys.iter().filter(|key| key.parent == dynamodb) {
        if report.is_full() {
            return;
        }
        let image = key.field.name.split('.').next().unwrap_or_default();
        if !matches!(image, "NewImage" | "OldImage") || !look.wants_value(key) {
            continue;
        }
        image_of_changes(names.as_ref(), key, image, report);
        image_of_stream(look, key, image, report);
    }
}

fn image_of_changes(names: Option<&(&Clause<'_>, Vec<&str>)>, key: &Key<'_>, image: &str, report: &mut Report) {
    let Some((clause, names)) = names else {
        return;
    };
    let (without, what) = if image == "OldImage" { ("INSERT", "a new item") } else { ("REMOVE", "a removed item") };
    if !names.contains(&without) {
        return;
    }
    let range = key.field.name_range.clone();
    if names.iter().all(|name| *name == without) {
        let message = format!("{what} has no {image}, so this never matches");
        let edits = without_fields(key.siblings, &|index| index == key.index);
        report.add(Found::new(Id::OldimageOnInsert, ERROR, range, key.trail, message).mend(edits));
    } else {
        let message = format!("{what} has no {image}, so {without} is named but never matches");
        let edits = without_elements(clause.list, &|index| names[index] == without);
        report.add(Found::new(Id::OldimageOnInsert, WARNING, range, key.trail, message).mend(edits));
    }
}

fn image_of_stream(look: &Look<'_>, key: &Key<'_>, image: &str, report: &mut Report) {
    let Source::DynamoDb(images) = look.context.source else {
        return;
    };
    let (missing, view) = match images {
        Images::KeysOnly => (true, "KEYS_ONLY"),
        Images::New => (image == "OldImage", "NEW_IMAGE"),
        Images::Old => (image == "NewImage", "OLD_IMAGE"),
        Images::NewAndOld | Images::Unknown => (false, ""),
    };
    if missing {
        let message = format!("the table's stream is {view}: its records have no {image}, so this never matches");
        report.add(Found::new(Id::ImageNotInStream, ERROR, key.field.name_range.clone(), key.trail, message));
    }
}

/// What a mend that matches an attribute for tests has to say: without it nothing matches at all.
pub(super) const WRITE_IT_TOO: &str = "the mended pattern matches one called \"test\". Whoever writes the order has to \
                                       write that attribute too: what lacks it does not match";

/// In a pipe, an attribute in place of an exclusion of tests like `*test.com*`. Nothing else is known well enough to
/// invent an attribute for it; and an old image would not have it yet.
pub(super) fn routing_attribute(look: &Look<'_>, clause: &Clause<'_>, alternative: &Value<'_>) -> Option<Vec<Edit>> {
    if look.context.dialect != Dialect::Pipe
        || clause.list.len() != 1
        || !look.is_mended()
        || !excludes_tests(alternative)
    {
        return None;
    }
    let segments = look.shape.places.segments(clause.place);
    let (siblings, index, condition) = match &segments[..] {
        ["dynamodb", "NewImage", _, "S"] if look.is_stream() && clause.siblings.len() == 1 => {
            let typed = |key: &&Key<'_>| {
                let inside = key.field.value.object().unwrap_or_default();
                std::ptr::eq(inside, clause.siblings) && !key.field.name.contains('.')
            };
            let attribute = look.shape.keys.iter().find(typed)?;
            (attribute.siblings, attribute.index, "{\"BOOL\": [false]}")
        }
        [first, _, ..] if Some(*first) == super::roots::data_key(look.context.source) && !look.is_stream() => {
            (clause.siblings, clause.index, "[false]")
        }
        _ => return None,
    };
    match siblings.iter().find(|sibling| sibling.name == "test") {
        // The attribute is matched already, so this condition can go.
        Some(test) => {
            let same = without_blanks(&look.text[test.value.range.clone()]) == without_blanks(condition);
            same.then(|| without_fields(siblings, &|other| other == index)).flatten()
        }
        None => Some(vec![Edit::new(siblings.get(index)?.range(), format!("\"test\": {condition}"))]),
    }
}

/// `{"anything-but": "*test.com*"}`, also as a wildcard: texts of which each has a star and speaks of tests.
fn excludes_tests(alternative: &Value<'_>) -> bool {
    let Some(argument) = excluded(alternative) else {
        return false;
    };
    let texts = match argument.only_field() {
        Some(inner) if inner.name == "wildcard" => &inner.value,
        Some(_) => return false,
        None => argument,
    };
    strings(texts).is_some_and(|texts| {
        !texts.is_empty() && texts.iter().all(|text| text.contains('*') && text.to_lowercase().contains("test"))
    })
}
