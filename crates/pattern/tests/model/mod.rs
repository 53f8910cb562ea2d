//! The language once more, slow and obvious: what a test compares the matcher with.
//!
//! Written from the description of the language alone. An event becomes a list of leaves, each with its dotted path and
//! the array elements that it is inside of; a pattern becomes all its combinations; every way to choose one leaf for
//! each path is tried. Start at [`matches`]. [`generate`] makes patterns and events over small alphabets.

#[cfg(test)]
pub(crate) mod generate;

use std::collections::{BTreeMap, BTreeSet};

/// A JSON value that keeps the order of its fields, repeated keys, and the text of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    String(String),
    Number(&'static str),
    Bool(bool),
    Null,
}

impl Json {
    pub(crate) fn text(&self) -> String {
        match self {
            Json::Object(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{}:{}", quoted(key), value.text())).collect();
                format!("{{{}}}", fields.join(","))
            }
            Json::Array(elements) => {
                format!("[{}]", elements.iter().map(Json::text).collect::<Vec<_>>().join(","))
            }
            Json::String(text) => quoted(text),
            Json::Number(text) => (*text).to_owned(),
            Json::Bool(value) => value.to_string(),
            Json::Null => "null".to_owned(),
        }
    }

    /// The same in another spelling: blanks wherever they may stand, and letters of keys and strings escaped here and
    /// there. `seed` chooses where.
    pub(crate) fn odd_text(&self, seed: u64) -> String {
        let mut dice = seed | 1;
        let mut text = String::new();
        let mut in_string = false;
        let mut escaped = false;
        for char in self.text().chars() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let lucky = dice >> 61 == 0;
            match char {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = !in_string,
                char if in_string && lucky => {
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        text.push_str(&format!("\\u{unit:04X}"));
                    }
                    continue;
                }
                '{' | '}' | '[' | ']' | ',' | ':' if !in_string && lucky => {
                    text.push_str([" ", "\n", "\t\r\n  "][(dice >> 40) as usize % 3]);
                }
                _ => {}
            }
            text.push(char);
        }
        text + [" ", "", "\n{", " trailing \u{fffd}"][(dice >> 50) as usize % 4]
    }

    fn object(&self) -> &[(String, Json)] {
        match self {
            Json::Object(fields) => fields,
            other => panic!("not an object: {other:?}"),
        }
    }

    fn array(&self) -> &[Json] {
        match self {
            Json::Array(elements) => elements,
            other => panic!("not an array: {other:?}"),
        }
    }

    fn string(&self) -> &str {
        match self {
            Json::String(text) => text,
            other => panic!("not a string: {other:?}"),
        }
    }

    /// A list's elements, or the value itself as a list of one.
    fn one_or_many(&self) -> Vec<&Json> {
        match self {
            Json::Array(elements) => elements.iter().collect(),
            other => vec![other],
        }
    }
}

fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|char| match char {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            other => other.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[derive(Debug)]
struct Leaf<'e> {
    path: String,
    value: &'e Json,
    /// Which element of which array it is inside of. A bare value of an array is inside of no element of that array.
    trail: BTreeMap<usize, usize>,
}

fn flatten<'e>(
    value: &'e Json,
    path: Option<String>,
    trail: &BTreeMap<usize, usize>,
    arrays: &mut usize,
    leaves: &mut Vec<Leaf<'e>>,
) {
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                let path = match &path {
                    None => key.clone(),
                    Some(path) => format!("{path}.{key}"),
                };
                flatten(value, Some(path), trail, arrays, leaves);
            }
        }
        Json::Array(elements) => {
            let array = *arrays;
            *arrays += 1;
            for (index, element) in elements.iter().enumerate() {
                let mut inside = trail.clone();
                if matches!(element, Json::Object(_) | Json::Array(_)) {
                    inside.insert(array, index);
                }
                flatten(element, path.clone(), &inside, arrays, leaves);
            }
        }
        value => leaves.push(Leaf { path: path.unwrap_or_default(), value, trail: trail.clone() }),
    }
}

type Combination<'p> = BTreeMap<String, &'p [Json]>;

fn expand<'p>(pattern: &'p Json, path: &str, combinations: &mut Vec<Combination<'p>>) {
    for (key, value) in pattern.object() {
        let name = if path == "\0" { key.clone() } else { format!("{path}.{key}") };
        if key == "$or" {
            let before = std::mem::take(combinations);
            for element in value.array() {
                let mut branch = before.clone();
                expand(element, path, &mut branch);
                combinations.extend(branch);
            }
        } else if let Json::Object(_) = value {
            expand(value, &name, combinations);
        } else {
            for combination in combinations.iter_mut() {
                combination.insert(name.clone(), value.array());
            }
        }
    }
}

fn leaves(event: &Json) -> Vec<Leaf<'_>> {
    let mut leaves = Vec::new();
    flatten(event, None, &BTreeMap::new(), &mut 0, &mut leaves);
    leaves
}

pub(crate) fn matches(pattern: &Json, event: &Json) -> bool {
    let leaves = leaves(event);
    let mut combinations = vec![Combination::new()];
    expand(pattern, "\0", &mut combinations);
    combinations.iter().any(|combination| {
        let clauses: Vec<_> = combination.iter().collect();
        choose(&clauses, &leaves, &BTreeMap::new())
    })
}

/// Whether leaves can be chosen for all clauses that agree with the array elements chosen so far.
fn choose(clauses: &[(&String, &&[Json])], leaves: &[Leaf<'_>], chosen: &BTreeMap<usize, usize>) -> bool {
    let Some(((path, alternatives), rest)) = clauses.split_first() else {
        return true;
    };
    let here: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| leaf.path == **path).collect();
    let absent_wanted =
        alternatives.iter().any(|alternative| operator(alternative) == Some(("exists", &Json::Bool(false))));
    if here.is_empty() && absent_wanted {
        return choose(rest, leaves, chosen);
    }
    here.iter().any(|leaf| {
        let agrees = leaf.trail.iter().all(|(array, index)| chosen.get(array).is_none_or(|other| other == index));
        if !agrees || !alternatives.iter().any(|alternative| holds(alternative, leaf.value)) {
            return false;
        }
        let mut chosen = chosen.clone();
        chosen.extend(&leaf.trail);
        choose(rest, leaves, &chosen)
    })
}

fn operator(alternative: &Json) -> Option<(&str, &Json)> {
    match alternative {
        Json::Object(fields) => fields.first().map(|(name, argument)| (name.as_str(), argument)),
        _ => None,
    }
}

fn holds(alternative: &Json, value: &Json) -> bool {
    let Some((name, argument)) = operator(alternative) else {
        return match (alternative, value) {
            (Json::String(wanted), Json::String(text)) => wanted == text || same_address(wanted, text),
            (Json::Number(wanted), Json::Number(text)) => {
                wanted == text || (double(wanted).is_some() && double(wanted) == double(text))
            }
            (wanted, value) => wanted == value,
        };
    };
    match name {
        "exactly" => argument == value,
        "exists" => *argument == Json::Bool(true),
        "anything-but" => match operator(argument) {
            None => !argument.one_or_many().iter().any(|excluded| match (excluded, value) {
                (Json::String(excluded), Json::String(text)) => excluded == text,
                (Json::Number(excluded), Json::Number(text)) => double(excluded) == double(text),
                _ => false,
            }),
            Some((name, argument)) => !argument.one_or_many().iter().any(|excluded| {
                let nested = Json::Object(vec![(name.to_owned(), (*excluded).clone())]);
                holds(&nested, value)
            }),
        },
        "numeric" => match value {
            Json::Number(text) => double(text).is_some_and(|value| {
                argument.array().chunks(2).all(|pair| {
                    let Json::Number(operand) = pair[1] else { panic!("not a number: {:?}", pair[1]) };
                    let operand = double(operand).expect("patterns are generated with comparable operands");
                    match pair[0].string() {
                        "=" => value == operand,
                        "<" => value < operand,
                        "<=" => value <= operand,
                        ">" => value > operand,
                        _ => value >= operand,
                    }
                })
            }),
            _ => false,
        },
        _ => match value {
            Json::String(text) => text_holds(name, argument, text),
            _ => false,
        },
    }
}

fn text_holds(name: &str, argument: &Json, text: &str) -> bool {
    match (name, argument) {
        ("prefix", Json::Object(fields)) => forms(fields[0].1.string()).iter().any(|form| text.starts_with(form)),
        ("suffix", Json::Object(fields)) => forms(fields[0].1.string()).iter().any(|form| text.ends_with(form)),
        ("prefix", prefix) => text.starts_with(prefix.string()),
        ("suffix", suffix) => text.ends_with(suffix.string()),
        ("equals-ignore-case", wanted) => forms(wanted.string()).contains(text),
        ("wildcard", wildcard) => {
            let wildcard: Vec<char> = wildcard.string().chars().collect();
            let text: Vec<char> = text.chars().collect();
            glob(&wildcard, &text)
        }
        ("cidr", network) => {
            let (base, bits) = network.string().split_once('/').expect("networks are generated with a slash");
            match (address(base), address(text)) {
                (Some(base), Some(address)) => {
                    base.len() == address.len()
                        && base
                            .chars()
                            .zip(address.chars())
                            .take(bits.parse().expect("a number of bits"))
                            .all(|(one, other)| one == other)
                }
                _ => false,
            }
        }
        (other, _) => panic!("unknown operator {other}"),
    }
}

/// All spellings in which each character has its lower or its upper form.
fn forms(text: &str) -> BTreeSet<String> {
    text.chars().fold(BTreeSet::from([String::new()]), |forms, char| {
        let spellings = [char.to_string(), char.to_lowercase().collect(), char.to_uppercase().collect()];
        forms.iter().flat_map(|form| spellings.iter().map(move |spelling| format!("{form}{spelling}"))).collect()
    })
}

fn glob(wildcard: &[char], text: &[char]) -> bool {
    match wildcard {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skipped| glob(rest, &text[skipped..])),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => text.first() == Some(literal) && glob(rest, &text[1..]),
    }
}

fn same_address(one: &str, other: &str) -> bool {
    address(one).is_some() && address(one) == address(other)
}

/// An address's bits as text.
fn address(text: &str) -> Option<String> {
    let octets: Vec<Option<u8>> = text.split('.').map(|octet| octet.parse().ok()).collect();
    if octets.len() == 4 {
        return octets.into_iter().map(|octet| octet.map(|octet| format!("{octet:08b}"))).collect();
    }
    let address: std::net::Ipv6Addr = text.parse().ok()?;
    Some(format!("{:0128b}", address.to_bits()))
}

/// What a number is worth; none for those that no double holds. The numbers of [`generate`] are told one by one.
fn double(text: &str) -> Option<f64> {
    Some(match text {
        "0" | "-0.0" | "0e9" => 0.0,
        "1" | "1.0" | "10e-1" => 1.0,
        "1.5" => 1.5,
        "2" => 2.0,
        "-3" => -3.0,
        "9007199254740992" => 9007199254740992.0,
        "9007199254740993" | "9007199254740993.0" | "1e400" => return None,
        other => return held(other),
    })
}

/// The double, if the shortest text that means it is the same decimal.
fn held(text: &str) -> Option<f64> {
    let double: f64 = text.parse().expect("numbers are JSON numbers");
    (double.is_finite() && decimal(text) == decimal(&format!("{double:e}"))).then_some(double)
}

/// Sign, digits without zeros around them, and the power of ten of the last digit. Zero has no digits, sign or power.
fn decimal(text: &str) -> (bool, String, i128) {
    let (unsigned, negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    let exponent: i128 = exponent.parse().expect("exponents of the tests are no longer than this");
    let power = exponent - fraction.len() as i128 + (digits.len() - significant.len()) as i128;
    (negative, significant.trim_start_matches('0').to_owned(), power)
}
