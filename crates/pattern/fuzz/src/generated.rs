//! Patterns and events made of a fuzzer's choices, over alphabets so small that they often meet.
//!
//! Start at [`case`]. Everything that is made is valid, and small enough for the slow model.

use crate::choices::Choices;
use crate::model::Json;
use std::fmt::Write;

/// Values that an event may still get; what the model does grows with their power.
const VALUES_MAX: usize = 28;
/// Clauses that a pattern may still get.
const CLAUSES_MAX: usize = 6;
const DEPTH_MAX: usize = 5;

const PLAIN_KEYS: [&str; 3] = ["a", "b", "c"];
const KEYS: [&str; 9] = ["a", "b", "c", "a.b", "b.c", "", "a.", ".", "a\"\\\u{e9}\n"];
const TEXTS: [&str; 34] = [
    "",
    "a",
    "A",
    "ab",
    "aB",
    "abab",
    "b",
    "11111111111111111111111111111112",
    "*",
    "\\",
    "\"",
    "\n",
    "é",
    "É",
    "ß",
    "SS",
    "ǅ",
    "İ",
    "K",
    "k",
    "😀",
    "1",
    "true",
    "10.0.0.1",
    "010.0.0.1",
    "10.0.1.9",
    "999.0.0.1",
    "11.0.0.0",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::0001",
    "ffff:FFFF::",
    "ffff:ffff:0::0",
    "1::2::3",
];
/// Those that a double holds exactly come first.
const NUMBERS: [&str; 34] = [
    "1",
    "0",
    "-0.0",
    "0e9",
    "1.0",
    "10e-1",
    "1.5",
    "2",
    "-3",
    "0.1",
    "1E-1",
    "100000e+0",
    "1e5",
    "-1e-5",
    "1e23",
    "123456789012345",
    "9007199254740992",
    "9007199254740994.0",
    "0.30000000000000004",
    "1.7976931348623157e308",
    "-1.7976931348623157E+308",
    "5e-324",
    "2.2250738585072014e-308",
    "0e-99999999999999999999",
    "9007199254740993",
    "9007199254740993.0",
    "1e400",
    "1e-400",
    "10e399",
    "1.7976931348623159e308",
    "4.9e-324",
    "1.23456789012345678",
    "123456789012345678901234567890",
    "1e99999999999999999999",
];
const COMPARABLE: usize = 24;
const ASCENDING: [&str; 8] = ["-1.7976931348623157E+308", "-3", "-1e-5", "0", "5e-324", "1", "1.5", "1e23"];
const PIECES: [&str; 8] = ["a", "b", "aB", "\\\\", "\\*", "é", "1", "."];
const NETWORKS: [&str; 8] =
    ["10.0.0.0/24", "10.0.1.255/15", "010.0.0.1/31", "0.0.0.0/0", "::/0", "::/127", "ffff::/16", "ffff:ffff::1/33"];

fn string(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn object(name: &str, argument: Json) -> Json {
    Json::Object(vec![(name.to_owned(), argument)])
}

fn text(choices: &mut Choices<'_>) -> Json {
    match choices.one_in(4) {
        false => string(choices.pick(&TEXTS)),
        true => {
            // The model tries every way to write such a text in small and capital letters.
            let count = choices.below(4);
            Json::String((0..count).map(|_| choices.pick(&PIECES)).collect())
        }
    }
}

fn comparable(choices: &mut Choices<'_>) -> Json {
    Json::Number(choices.pick(&NUMBERS[..COMPARABLE]))
}

fn scalar(choices: &mut Choices<'_>) -> Json {
    match choices.below(6) {
        0..=2 => text(choices),
        3 | 4 => Json::Number(choices.pick(&NUMBERS)),
        _ => match choices.below(3) {
            0 => Json::Bool(true),
            1 => Json::Bool(false),
            _ => Json::Null,
        },
    }
}

fn one_or_many(choices: &mut Choices<'_>, one: fn(&mut Choices<'_>) -> Json) -> Json {
    match choices.below(4) {
        0 | 1 => one(choices),
        more => Json::Array((1..more).map(|_| one(choices)).collect()),
    }
}

/// Two stars in a row are refused.
fn wildcard(choices: &mut Choices<'_>) -> Json {
    let mut wildcard = String::new();
    let mut after_star = false;
    for _ in 0..choices.below(8) {
        let star = !after_star && choices.one_in(2);
        wildcard.push_str(if star { "*" } else { choices.pick(&PIECES) });
        after_star = star;
    }
    Json::String(wildcard)
}

/// The empty prefix is refused in some places.
fn some_text(choices: &mut Choices<'_>) -> Json {
    match text(choices) {
        Json::String(text) if text.is_empty() => string("a"),
        text => text,
    }
}

fn numeric(choices: &mut Choices<'_>) -> Json {
    if choices.one_in(3) {
        let low = choices.below(ASCENDING.len() - 1);
        let high = low + 1 + choices.below(ASCENDING.len() - low - 1);
        let (above, below) = (choices.pick(&[">", ">="]), choices.pick(&["<", "<="]));
        return Json::Array(vec![
            string(above),
            Json::Number(ASCENDING[low]),
            string(below),
            Json::Number(ASCENDING[high]),
        ]);
    }
    Json::Array(vec![string(choices.pick(&["=", "<", "<=", ">", ">="])), comparable(choices)])
}

fn alternative(choices: &mut Choices<'_>) -> Json {
    let ignoring_case = |choices: &mut Choices<'_>| object("equals-ignore-case", text(choices));
    match choices.below(20) {
        0..=3 => scalar(choices),
        4 => object("exactly", text(choices)),
        5 => object("prefix", text(choices)),
        6 => object("prefix", ignoring_case(choices)),
        7 => object("suffix", text(choices)),
        8 => object("suffix", ignoring_case(choices)),
        9 => ignoring_case(choices),
        10 => object("wildcard", wildcard(choices)),
        11 => object("numeric", numeric(choices)),
        12 => object("exists", Json::Bool(false)),
        13 => object("exists", Json::Bool(true)),
        14 => object("cidr", string(choices.pick(&NETWORKS))),
        15 => {
            let one = choices.pick(&[text, comparable]);
            object("anything-but", one_or_many(choices, one))
        }
        16 => object("anything-but", object("prefix", one_or_many(choices, some_text))),
        17 => object("anything-but", object("suffix", one_or_many(choices, some_text))),
        18 => object("anything-but", object("equals-ignore-case", one_or_many(choices, text))),
        _ => object("anything-but", object("wildcard", one_or_many(choices, wildcard))),
    }
}

fn key(choices: &mut Choices<'_>) -> &'static str {
    if choices.one_in(4) { choices.pick(&KEYS) } else { choices.pick(&PLAIN_KEYS) }
}

/// Every scalar of an event with its path.
type Leaves<'e> = Vec<(String, &'e Json)>;

fn collect<'e>(path: Option<&str>, value: &'e Json, leaves: &mut Leaves<'e>) {
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                let path = path.map_or_else(|| key.clone(), |path| format!("{path}.{key}"));
                collect(Some(&path), value, leaves);
            }
        }
        Json::Array(elements) => elements.iter().for_each(|element| collect(path, element, leaves)),
        scalar => leaves.push((path.unwrap_or_default().to_owned(), scalar)),
    }
}

struct Patterns<'c, 'd, 'e> {
    choices: &'c mut Choices<'d>,
    leaves: &'c Leaves<'e>,
    clauses_left: usize,
    ors_left: usize,
}

impl Patterns<'_, '_, '_> {
    /// One field. At the top it is mostly a path of the events, with a value that is there.
    fn field(&mut self, depth: usize, at_top: bool) -> (String, Json) {
        self.clauses_left = self.clauses_left.saturating_sub(1);
        let choices = &mut *self.choices;
        if at_top && !self.leaves.is_empty() && choices.below(4) > 0 {
            let (path, value) = &self.leaves[choices.below(self.leaves.len())];
            let alternatives = match choices.below(4) {
                0 | 1 => vec![(*value).clone()],
                2 => vec![alternative(choices), (*value).clone()],
                _ => vec![alternative(choices)],
            };
            // What is called $or in an event is no field of a pattern.
            let path = if path.contains("$or") { "a" } else { path };
            return (path.to_owned(), Json::Array(alternatives));
        }
        let key = key(choices).to_owned();
        if depth < DEPTH_MAX && choices.one_in(4) {
            let fields = self.fields(depth + 1, false);
            return (key, fields);
        }
        let count = 1 + self.choices.below(3);
        (key, Json::Array((0..count).map(|_| alternative(self.choices)).collect()))
    }

    fn fields(&mut self, depth: usize, at_top: bool) -> Json {
        let mut fields = Vec::new();
        for _ in 0..self.choices.pick(&[1, 1, 1, 2, 2, 2, 3, 4]) {
            if self.clauses_left > 0 && self.ors_left > 0 && depth < DEPTH_MAX && self.choices.one_in(6) {
                self.ors_left -= 1;
                let count = 2 + self.choices.below(2);
                let ways = (0..count).map(|_| self.fields(depth + 1, at_top)).collect();
                fields.push(("$or".to_owned(), Json::Array(ways)));
            } else if fields.is_empty() || self.clauses_left > 0 {
                fields.push(self.field(depth, at_top));
            }
        }
        Json::Object(fields)
    }
}

fn value(choices: &mut Choices<'_>, depth: usize, values_left: &mut usize) -> Json {
    *values_left = values_left.saturating_sub(1);
    if depth == DEPTH_MAX || *values_left == 0 {
        return scalar(choices);
    }
    match choices.below(5) {
        0 | 1 => scalar(choices),
        2 => {
            let count = choices.below(5);
            Json::Array((0..count).map(|_| value(choices, depth + 1, values_left)).collect())
        }
        _ => event(choices, depth + 1, values_left),
    }
}

fn event(choices: &mut Choices<'_>, depth: usize, values_left: &mut usize) -> Json {
    let count = choices.below(5);
    let field = |choices: &mut Choices<'_>, values_left: &mut usize| {
        let key = if choices.byte() == 255 { "$or" } else { key(choices) };
        (key.to_owned(), value(choices, depth, values_left))
    };
    Json::Object((0..count).map(|_| field(choices, values_left)).collect())
}

/// A few events and patterns for them.
pub(crate) fn case(choices: &mut Choices<'_>) -> (Vec<Json>, Vec<Json>) {
    let count = 1 + choices.below(3);
    let events: Vec<Json> = (0..count).map(|_| event(choices, 0, &mut VALUES_MAX.clone())).collect();
    let mut leaves = Leaves::new();
    events.iter().for_each(|event| collect(None, event, &mut leaves));
    leaves.truncate(256);
    let count = 1 + choices.below(6);
    let pattern = |_| Patterns { choices, leaves: &leaves, clauses_left: CLAUSES_MAX, ors_left: 2 }.fields(0, true);
    let patterns = (0..count).map(pattern).collect();
    (patterns, events)
}

/// A value as JSON text, with spaces and escapes where they are allowed.
pub(crate) fn spelled(choices: &mut Choices<'_>, json: &Json) -> String {
    let mut spelled = String::new();
    spell(choices, json, &mut spelled);
    spelled
}

fn spell(choices: &mut Choices<'_>, json: &Json, spelled: &mut String) {
    space(choices, spelled);
    match json {
        Json::Object(fields) => {
            spelled.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    spelled.push(',');
                }
                space(choices, spelled);
                quote(choices, key, spelled);
                space(choices, spelled);
                spelled.push(':');
                spell(choices, value, spelled);
            }
            spelled.push('}');
        }
        Json::Array(elements) => {
            spelled.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    spelled.push(',');
                }
                spell(choices, element, spelled);
            }
            spelled.push(']');
        }
        Json::String(text) => quote(choices, text, spelled),
        Json::Number(text) => spelled.push_str(text),
        Json::Bool(value) => spelled.push_str(if *value { "true" } else { "false" }),
        Json::Null => spelled.push_str("null"),
    }
    space(choices, spelled);
}

/// Sometimes so many that what is read in blocks of sixty-four bytes begins anywhere in one.
fn space(choices: &mut Choices<'_>, spelled: &mut String) {
    match choices.byte() {
        0..=223 => {}
        byte => {
            let space = [' ', '\n', '\t', '\r'][usize::from(byte % 4)];
            let count = choices.byte() % 80;
            spelled.extend(std::iter::repeat_n(space, count.into()));
        }
    }
}

fn quote(choices: &mut Choices<'_>, text: &str, spelled: &mut String) {
    let escape_all = choices.byte() >= 224;
    let unit = |spelled: &mut String, unit: u16| {
        write!(spelled, "\\u{unit:04x}").expect("a string takes everything");
    };
    spelled.push('"');
    for char in text.chars() {
        match char {
            _ if escape_all => char.encode_utf16(&mut [0; 2]).iter().for_each(|half| unit(spelled, *half)),
            '"' => spelled.push_str("\\\""),
            '\\' => spelled.push_str("\\\\"),
            '\n' => spelled.push_str("\\n"),
            '/' => spelled.push_str("\\/"),
            char => spelled.push(char),
        }
    }
    spelled.push('"');
}
