//! Decides which rules are measured: banks of five that use one operator each, and what each is compared with.

use crate::parcels::{EXACT_BELOW, Parcel};
use pattern::{Dialect, Limits, Pattern};

/// Rules that are matched together.
pub(crate) struct Bank {
    pub(crate) name: &'static str,
    pub(crate) rules: Vec<String>,
    /// The bank that asks the same in a plainer way; for operators that quamina does not have.
    pub(crate) sibling: Option<&'static str>,
}

/// Every bank; one that has a sibling comes behind it.
pub(crate) fn banks(parcels: &[Parcel]) -> Vec<Bank> {
    let plain = plain(parcels);
    let nested = nested();
    let rules = |banks: &[Bank]| banks.iter().flat_map(|bank| bank.rules.iter().cloned()).collect::<Vec<_>>();
    let all_plain = rules(&plain);
    let everything = [all_plain.clone(), rules(&nested)].concat();
    let mut banks = plain;
    banks.push(Bank { name: "all combined", rules: all_plain, sibling: None });
    banks.extend(nested);
    banks.push(Bank { name: "all combined with the nested", rules: everything, sibling: Some("all combined") });
    banks
}

/// What both sides accept.
fn plain(parcels: &[Parcel]) -> Vec<Bank> {
    let exact = [17, 777, 4_211, 9_999, 15_000].map(|at| {
        let number = &parcels[at].number;
        property("MAPBLKLOT", &format!(r#""{number}""#))
    });
    let wildcards = ["143*", "2*0*1*7", "*218", "3*5*2", "VACST*IL"];
    let bank = |name, rules: Vec<String>| Bank { name, rules, sibling: None };
    vec![
        bank("exact", exact.to_vec()),
        bank("wildcard", wildcards.map(|text| property("MAPBLKLOT", &operator("wildcard", text))).to_vec()),
        bank("prefix", PREFIXES.map(|text| property("STREET", &operator("prefix", text))).to_vec()),
        bank("suffix", SUFFIXES.map(|text| property("STREET", &operator("suffix", text))).to_vec()),
        bank(
            "equals-ignore-case",
            NAMES.map(|text| property("STREET", &operator("equals-ignore-case", text))).to_vec(),
        ),
        bank("numeric", numeric(parcels)),
        bank("anything-but", anything_but()),
        bank("complex arrays", complex_arrays(parcels)),
    ]
}

const PREFIXES: [&str; 5] = ["AC", "BL", "DR", "FU", "RH"];
const SUFFIXES: [&str; 5] = ["ON", "KE", "MM", "ING", "EZ"];
const NAMES: [&str; 5] = ["jefferson", "bEaCh", "HyDe", "CHESTNUT", "zOo"];

/// What quamina refuses. Each rule excludes the parcels without a street too, or nearly all would match.
fn nested() -> Vec<Bank> {
    let bank = |name, sibling, rules: [String; 5]| Bank { name, rules: rules.to_vec(), sibling: Some(sibling) };
    let but = |operator: &str, one: &str, unknown: &str| {
        property("STREET", &format!(r#"{{"anything-but":{{"{operator}":["{one}","{unknown}"]}}}}"#))
    };
    let ignoring_case = |operator: &str, text: &str| {
        property("STREET", &format!(r#"{{"{operator}":{{"equals-ignore-case":"{text}"}}}}"#))
    };
    vec![
        bank(
            "prefix equals-ignore-case",
            "prefix",
            ["aC", "bl", "Dr", "fU", "rh"].map(|text| ignoring_case("prefix", text)),
        ),
        bank(
            "suffix equals-ignore-case",
            "suffix",
            ["oN", "ke", "mM", "ing", "eZ"].map(|text| ignoring_case("suffix", text)),
        ),
        bank("anything-but prefix", "prefix", PREFIXES.map(|text| but("prefix", text, "UNK"))),
        bank("anything-but suffix", "suffix", SUFFIXES.map(|text| but("suffix", text, "OWN"))),
        bank(
            "anything-but equals-ignore-case",
            "equals-ignore-case",
            NAMES.map(|text| but("equals-ignore-case", text, "unknown")),
        ),
        bank(
            "anything-but wildcard",
            "wildcard",
            ["1*3*", "2*0*1*7", "*218", "3*5*2", "VACST*IL"].map(|text| {
                // Blocks below 5000, so that not everything is left.
                let wildcards = format!(r#""{text}","0*","1*","2*","3*","4*""#);
                property("MAPBLKLOT", &format!(r#"{{"anything-but":{{"wildcard":[{wildcards}]}}}}"#))
            }),
        ),
    ]
}

fn anything_but() -> Vec<String> {
    vec![
        property("STREET", r#"{"anything-but":"UNKNOWN"}"#),
        property("STREET", r#"{"anything-but":["UNKNOWN","FULTON","MASON","HYDE"]}"#),
        property("FROM_ST", r#"{"anything-but":["0"]}"#),
        property("TO_ST", r#"{"anything-but":["0","441","2500"]}"#),
        r#"{"geometry":{"type":[{"anything-but":"Polygon"}]}}"#.to_owned(),
    ]
}

fn numeric(parcels: &[Parcel]) -> Vec<String> {
    let firsts: Vec<&[String; 2]> = western(parcels).map(|parcel| &parcel.corners[0]).collect();
    let [x, _] = firsts[firsts.len() / 3];
    let [_, y] = firsts[firsts.len() / 2];
    let rule = |what: &str| format!(r#"{{"geometry":{{"firstCoordinates":{{{what}}}}}}}"#);
    vec![
        rule(&format!(r#""x":[{{"numeric":["=",{x}]}}]"#)),
        rule(&format!(r#""y":[{{"numeric":["=",{y}]}}]"#)),
        rule(r#""x":[{"numeric":[">",-122.46,"<=",-122.44]}]"#),
        rule(r#""x":[{"numeric":["<",-122.5]}],"z":[0]"#),
        rule(r#""x":[{"numeric":["<",-122.43]}],"y":[{"numeric":[">=",37.75,"<",37.78]}]"#),
    ]
}

fn complex_arrays(parcels: &[Parcel]) -> Vec<String> {
    let western: Vec<&Parcel> = western(parcels).collect();
    let [x, _] = &western[western.len() / 4].corners[3];
    let [same_x, same_y] = &western[western.len() / 5].corners[2];
    let rule = |kind: &str, what: &str| format!(r#"{{"geometry":{{"type":["{kind}"],"coordinates":{{{what}}}}}}}"#);
    vec![
        rule("Polygon", &format!(r#""x":[{{"numeric":["=",{x}]}}]"#)),
        rule("MultiPolygon", r#""z":[{"numeric":["=",0]}]"#),
        rule("Polygon", r#""x":[{"numeric":[">",-122.45,"<",-122.44]}]"#),
        rule("Polygon", r#""x":[{"numeric":["<",-122.48]}],"y":[{"numeric":[">=",37.75,"<",37.751]}]"#),
        rule("Polygon", &format!(r#""x":[{{"numeric":["=",{same_x}]}}],"y":[{{"numeric":["=",{same_y}]}}]"#)),
    ]
}

/// Parcels whose numbers are all comparable.
fn western(parcels: &[Parcel]) -> impl Iterator<Item = &Parcel> {
    let is_western = |corner: &[String; 2]| corner[0].parse().is_ok_and(|x: f64| x < EXACT_BELOW - 0.001);
    parcels
        .iter()
        .filter(move |parcel| parcel.is_polygon && !parcel.corners.is_empty() && parcel.corners.iter().all(is_western))
}

fn operator(name: &str, text: &str) -> String {
    format!(r#"{{"{name}":"{text}"}}"#)
}

fn property(field: &str, alternative: &str) -> String {
    format!(r#"{{"properties":{{"{field}":[{alternative}]}}}}"#)
}

/// So many rules that each want the number of one parcel.
pub(crate) fn numbers(parcels: &[Parcel], count: usize) -> Vec<String> {
    spread(parcels, count).map(|number| property("MAPBLKLOT", &format!(r#""{number}""#))).collect()
}

/// The same, and each wants another field too, of which all want the same value.
pub(crate) fn numbers_and_kind(parcels: &[Parcel], count: usize) -> Vec<String> {
    let rule = |number| format!(r#"{{"type":["Feature"],"properties":{{"MAPBLKLOT":["{number}"]}}}}"#);
    spread(parcels, count).map(rule).collect()
}

fn spread(parcels: &[Parcel], count: usize) -> impl Iterator<Item = &str> {
    parcels.iter().step_by(parcels.len() / count).take(count).map(|parcel| parcel.number.as_str())
}

/// A rule with a wildcard of exactly this complexity: a star and a digit, over and over. The path may have dots, which
/// is our own way to write it.
pub(crate) fn wildcard_of_complexity(complexity: usize, field: &str) -> String {
    let rule = |stars: usize| format!(r#"{{"{field}":[{{"wildcard":"{}1"}}]}}"#, "*0".repeat(stars));
    let within = |rule: &str, complexity: usize| {
        let limits = Limits { wildcard_complexity_max: Some(complexity), size_max: usize::MAX, ..Limits::default() };
        Pattern::parse_within(rule, Dialect::Bus, &limits).is_ok()
    };
    let found = (0..100).map(rule).find(|rule| within(rule, complexity) && !within(rule, complexity - 1));
    found.unwrap_or_else(|| panic!("no wildcard of this form has the complexity {complexity}"))
}
