//! What findings say will happen does happen: the matcher is asked about what the lints claim.

use super::nearly::{self, ALTERNATIVES};
use super::{BUS, PIPE};
use pattern::lint::{Finding, Severity, check};
use pattern::{Dialect, Pattern};
use proptest::prelude::*;

const VALUES: [&str; 14] = [
    r#""x""#,
    r#""xy""#,
    r#""*y*""#,
    r#""""#,
    r#""INSERT""#,
    r#""a.b""#,
    "5",
    "6.5",
    "-1",
    "true",
    "false",
    "null",
    r#""10.0.0.1""#,
    "9007199254740993",
];

/// Attributes as records have them: the type and what is in it.
const ATTRIBUTES: [&str; 13] = [
    r#"{"S":"x"}"#,
    r#"{"S":"5"}"#,
    r#"{"S":""}"#,
    r#"{"S":"true"}"#,
    r#"{"N":"5"}"#,
    r#"{"N":"-1.5"}"#,
    r#"{"N":"9007199254740993"}"#,
    r#"{"BOOL":true}"#,
    r#"{"BOOL":false}"#,
    r#"{"NULL":true}"#,
    r#"{"M":{"a":{"N":"5"}}}"#,
    r#"{"L":[{"S":"x"}]}"#,
    r#"{"SS":["x","y"]}"#,
];

fn matches(pattern: &Pattern, event: &str) -> bool {
    pattern.matches_json(event.as_bytes()).expect("the event is an object")
}

fn is_error(finding: &Finding) -> bool {
    finding.severities.here == Some(Severity::Error)
}

#[test]
fn a_value_that_never_matches_its_type_matches_no_record() {
    let (mut never, mut nothing) = (0, 0);
    for tag in ["S", "N", "BOOL", "NULL", "SS", "NS"] {
        for alternative in ALTERNATIVES {
            let text = format!(r#"{{"dynamodb":{{"NewImage":{{"k":{{"{tag}":[{alternative}]}}}}}}}}"#);
            let Ok(pattern) = Pattern::parse(&text, Dialect::Pipe) else { continue };
            for finding in check(&text, &PIPE).iter().filter(|finding| is_error(finding)) {
                for attribute in ATTRIBUTES {
                    let record = format!(r#"{{"eventName":"INSERT","dynamodb":{{"NewImage":{{"k":{attribute}}}}}}}"#);
                    let is_of_type = attribute.starts_with(&format!("{{\"{tag}\""));
                    let matched = matches(&pattern, &record);
                    if finding.message.contains("never ") {
                        never += 1;
                        assert!(!matched, "{text} matches {record}: {}", finding.message);
                    } else if is_of_type && finding.message.contains("excludes nothing") {
                        nothing += 1;
                        assert!(matched, "{text} does not match {record}: {}", finding.message);
                    }
                }
            }
        }
    }
    assert!(never > 100 && nothing > 5, "{never} and {nothing} claims were checked");
}

#[test]
fn what_is_said_of_two_alternatives_is_so() {
    let mut claims = 0;
    for one in ALTERNATIVES {
        for other in ALTERNATIVES {
            let text = format!(r#"{{"detail":{{"k":[{one},{other}]}}}}"#);
            let Ok(pattern) = Pattern::parse(&text, Dialect::Bus) else { continue };
            for finding in check(&text, &BUS) {
                let about_all = match finding.lint.id {
                    "ab-or-tautology" => {
                        finding.message.contains("nothing is excluded") || finding.message.contains("everything")
                    }
                    "redundant-alternative" => true,
                    _ => false,
                };
                if !about_all {
                    continue;
                }
                claims += 1;
                for value in VALUES {
                    let event = format!(r#"{{"detail":{{"k":{value}}}}}"#);
                    assert!(matches(&pattern, &event), "{text} does not match {event}: {}", finding.message);
                }
            }
        }
    }
    assert!(claims > 20, "{claims} claims were checked");
}

#[test]
fn a_star_outside_of_wildcard_is_a_star() {
    for (list, mended_keeps_out) in
        [(r#"{"anything-but":"*y*"}"#, r#""xyz""#), (r#"{"anything-but":["*y*","*q"]}"#, r#""xyz""#)]
    {
        let text = format!(r#"{{"detail":{{"k":[{list}]}}}}"#);
        let pattern = Pattern::parse(&text, Dialect::Bus).unwrap();
        let event = format!(r#"{{"detail":{{"k":{mended_keeps_out}}}}}"#);
        assert!(matches(&pattern, &event));
        assert!(!matches(&pattern, r#"{"detail":{"k":"*y*"}}"#));
        let mended = check(&text, &BUS)[0].mended.clone().unwrap();
        assert!(!matches(&Pattern::parse(&mended, Dialect::Bus).unwrap(), &event), "{mended}");
    }
}

fn records() -> impl Strategy<Value = String> {
    let attribute = prop::sample::select(&ATTRIBUTES[..]);
    let name = prop::sample::select(&["a", "b", "A"][..]);
    let item = || {
        prop::collection::btree_map(name.clone(), attribute.clone(), 1..3).prop_map(|attributes| {
            let fields: Vec<String> = attributes.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        })
    };
    (prop::sample::select(&["INSERT", "MODIFY", "REMOVE"][..]), item(), item()).prop_map(|(change, old, new)| {
        let keys = r#""Keys":{"a":{"S":"x"}}"#;
        let images = match change {
            "INSERT" => format!("{keys},\"NewImage\":{new}"),
            "REMOVE" => format!("{keys},\"OldImage\":{old}"),
            _ => format!("{keys},\"OldImage\":{old},\"NewImage\":{new}"),
        };
        format!(r#"{{"eventName":"{change}","dynamodb":{{{images}}}}}"#)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8 * ProptestConfig::default().cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A filter of which a finding says that it never matches matches no record.
    #[test]
    fn filters_that_never_match_match_no_record(text in nearly::records(), records in prop::collection::vec(records(), 8)) {
        let Ok(pattern) = Pattern::parse(&text, Dialect::Pipe) else { return Ok(()) };
        let whole = ["ddb-type-tag", "oldimage-on-insert", "always-false", "wrong-root", "missing-data-key"];
        let findings = check(&text, &PIPE);
        // What is given twice is decided by the last one, whatever is said of the first.
        if findings.iter().any(|finding| finding.lint.id == "dup-key") {
            return Ok(());
        }
        for finding in findings {
            let about_all = !finding.message.contains("always holds");
            if is_error(&finding) && about_all && whole.contains(&finding.lint.id) {
                for record in &records {
                    prop_assert!(!matches(&pattern, record), "{text} matches {record}: {}", finding.message);
                }
            }
        }
    }

    /// Where the mended pattern is only another way to write the same, it matches the same events.
    #[test]
    fn mends_that_keep_the_meaning_keep_it(
        text in nearly::patterns(),
        (dialect, source) in nearly::contexts(),
        events in prop::collection::vec(nearly::samples(), 6),
    ) {
        let context = pattern::lint::Context { dialect, source, sample: None };
        let Ok(pattern) = Pattern::parse(&text, dialect) else { return Ok(()) };
        for finding in check(&text, &context) {
            let same = ["dotted-key", "dup-key", "wildcard-rewrite", "trailing-text"].contains(&finding.lint.id);
            let Some(mended) = finding.mended.filter(|_| same) else { continue };
            let mended = Pattern::parse(&mended, dialect).expect("what was accepted stays accepted");
            for event in &events {
                prop_assert_eq!(matches(&pattern, event), matches(&mended, event), "{} and {} on {}", text, mended.source(), event);
            }
        }
    }

    /// A sample of which a finding says that it lacks something is not matched.
    #[test]
    fn samples_that_lack_something_do_not_match(text in nearly::patterns(), sample in nearly::samples()) {
        let Ok(pattern) = Pattern::parse(&text, Dialect::Bus) else { return Ok(()) };
        let context = pattern::lint::Context { source: pattern::lint::Source::Unknown, sample: Some(sample.as_bytes()), ..BUS };
        let findings = check(&text, &context);
        if findings.iter().any(|finding| ["dup-key", "or-shadow"].contains(&finding.lint.id)) {
            return Ok(());
        }
        for finding in findings.iter().filter(|finding| !finding.path.contains("$or")) {
            let lacks = ["path-not-in-sample", "ab-absent"].contains(&finding.lint.id)
                || (finding.lint.id == "string-number" && finding.message.contains("never matches one"));
            if lacks {
                prop_assert!(!matches(&pattern, &sample), "{text} matches {sample}: {}", finding.message);
            }
        }
    }
}
