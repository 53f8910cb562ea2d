//! Mends mean what was meant: none is offered that does something else, or that is refused as well.

use super::{BUS, PIPE, assert_found, find, ids, nearly};
use pattern::lint::{Context, Finding, Severity, Source, check};
use pattern::{Dialect, Pattern};
use proptest::prelude::*;

#[test]
fn a_wildcard_in_a_pipe_is_doubtful_on_aws_only() {
    let text = |list: &str| format!(r#"{{"dynamodb":{{"NewImage":{{"k":{{"S":[{list}]}}}}}}}}"#);
    let cases = [
        (r#"{"wildcard":"*x"}"#, Some(r#"{"suffix": "x"}"#)),
        (r#"{"wildcard":"x*"}"#, Some(r#"{"prefix": "x"}"#)),
        (r#"{"wildcard":"x"}"#, Some(r#""x""#)),
        (r#"{"wildcard":"*"}"#, Some(r#"{"exists": true}"#)),
        (r#"{"wildcard":"*x*"}"#, None),
        (r#"{"wildcard":"x*y"}"#, None),
        (r#"{"wildcard":"x\\*"}"#, None),
    ];
    for (list, mended) in cases {
        let findings = check(&text(list), &PIPE);
        assert_eq!(ids(&findings), ["pipes-wildcard"], "{list}");
        let severities = findings[0].severities;
        assert_eq!((severities.here, severities.aws_pipe), (None, Some(Severity::Warning)));
        assert!(findings[0].message.starts_with("AWS's documentation says that pipes have no wildcard"), "{list}");
        assert_eq!(findings[0].mended, mended.map(text), "{list}");
        assert!(Pattern::parse(&text(list), Dialect::Pipe).is_ok());
    }
}

#[test]
fn no_mend_for_a_pipe_writes_a_wildcard() {
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (r#"{"body":{"k":["*x"]}}"#, &["glob-literal"], Some(r#"{"body":{"k":[{"suffix": "x"}]}}"#)),
        (r#"{"body":{"k":["x*"]}}"#, &["glob-literal"], Some(r#"{"body":{"k":[{"prefix": "x"}]}}"#)),
        (r#"{"body":{"k":["*x*"]}}"#, &["glob-literal"], None),
        (r#"{"body":{"k":[{"suffix":"x*y"}]}}"#, &["glob-literal"], None),
        (r#"{"body":{"k":[{"contains":"x"}]}}"#, &["unknown-operator"], None),
        (r#"{"body":{"k":[{"prefix":"x","suffix":"y"}]}}"#, &["several-operators"], None),
        (r#"{"body":{"k":[{"glob":"x*"}]}}"#, &["unknown-operator"], Some(r#"{"body":{"k":[{"prefix": "x"}]}}"#)),
        (r#"{"body":{"k":[{"Wildcard":"x*y"}]}}"#, &["operator-case"], None),
        (
            r#"{"body":{"k":[{"wildcard":["x*","*y"]}]}}"#,
            &["op-list-arg"],
            Some(r#"{"body":{"k":[{"prefix": "x"}, {"suffix": "y"}]}}"#),
        ),
        (r#"{"body":{"k":[{"wildcard":"x**"}]}}"#, &["wildcard-syntax"], Some(r#"{"body":{"k":[{"prefix": "x"}]}}"#)),
        (r#"{"body":{"k":{"wildcard":"x*"}}}"#, &["op-not-in-array"], Some(r#"{"body":{"k":[{"prefix": "x"}]}}"#)),
        (r#"{"body":{"k":{"wildcard":"*x*"}}}"#, &["op-not-in-array"], None),
        (r#"{"body":{"k":["{\"wildcard\":\"*x*\"}"]}}"#, &["cdk-stringified-matcher"], None),
        (r#"{"body":{"k":"{\"a\":[{\"wildcard\":\"*x*\"}]}"}}"#, &["cdk-stringified-matcher"], None),
    ];
    let queue = Context { source: Source::Queue, ..PIPE };
    assert_found(&queue, cases);
    for (text, id) in [
        (r#"{"body":{"k":["*x*"]}}"#, "glob-literal"),
        (r#"{"body":{"k":[{"contains":"x"}]}}"#, "unknown-operator"),
        (r#"{"body":{"k":[{"prefix":"x","suffix":"y"}]}}"#, "several-operators"),
    ] {
        let message = find(id, text, &queue).message;
        assert!(message.contains("pipes have no wildcard: use prefix or suffix"), "{message}");
    }
}

#[test]
fn a_number_of_dynamodb_that_is_compared_has_no_mend_but_says_what_to_do() {
    let text = r#"{"dynamodb":{"NewImage":{"total":{"N":[{"numeric":[">",1000]}]}}}}"#;
    let finding = find("ddb-numeric-on-n", text, &PIPE);
    assert_eq!(finding.mended, None);
    assert!(finding.message.contains("No pattern can compare it"), "{}", finding.message);
    assert!(finding.message.contains("\"tier\"") && finding.message.contains("decide in the function"));
}

/// Only a text with stars that speaks of tests is known to mean the routing attribute of that name.
#[test]
fn a_routing_attribute_is_only_offered_for_the_exclusion_of_tests() {
    let image = |image: &str, list: &str| format!(r#"{{"dynamodb":{{"{image}":{{"mail":{{"S":[{list}]}}}}}}}}"#);
    let mended = |image_name: &str, list: &str| {
        let text = image(image_name, list);
        let finding = check(&text, &PIPE).into_iter().next().expect("each is a mistake in a pipe");
        if finding.mended.is_some() {
            assert!(finding.message.contains("Whoever writes the order has to write that attribute too"));
        }
        finding.mended
    };
    let test = Some(r#"{"dynamodb":{"NewImage":{"test": {"BOOL": [false]}}}}"#.to_owned());
    assert_eq!(mended("NewImage", r#"{"anything-but":"*test.com*"}"#), test);
    assert_eq!(mended("NewImage", r#"{"anything-but":["*@test.com","*tester*"]}"#), test);
    assert_eq!(mended("NewImage", r#"{"anything-but":{"wildcard":"*test.com*"}}"#), test);
    let without_mend = [
        ("OldImage", r#"{"anything-but":"*test.com*"}"#),
        ("OldImage", r#"{"anything-but":{"wildcard":"*test.com*"}}"#),
        ("NewImage", r#"{"anything-but":"*spam*"}"#),
        ("NewImage", r#"{"anything-but":["*test.com*","vip"]}"#),
        ("NewImage", r#"{"anything-but":{"prefix":"test"}}"#),
        ("NewImage", r#"{"anything-but":{"suffix":"@test.com"}}"#),
        ("NewImage", r#"{"anything-but":{"equals-ignore-case":"test"}}"#),
        ("NewImage", r#"{"anything-but":{"wildcard":"*spam*"}}"#),
    ];
    for (image, list) in without_mend {
        assert_eq!(mended(image, list), None, "{image} {list}");
    }
    let other = r#"{"dynamodb":{"NewImage":{"test":{"BOOL":[true]},"mail":{"S":[{"anything-but":"*test*"}]}}}}"#;
    assert_eq!(find("ab-glob-literal", other, &PIPE).mended, None, "the pattern wants tests");
}

#[test]
fn a_beginning_and_an_end_are_a_wildcard_only_if_they_cannot_overlap() {
    let cases = [
        ("on", "n", None),
        ("abc", "abc", None),
        ("abc", "cab", None),
        ("abc", "b", Some("abc*b")),
        ("in/", ".csv", Some("in/*.csv")),
        ("ab", "abab", None),
    ];
    for (prefix, suffix, wildcard) in cases {
        let text = format!(r#"{{"detail":{{"k":[{{"prefix":"{prefix}","suffix":"{suffix}"}}]}}}}"#);
        let mended = wildcard.map(|wildcard| format!(r#"{{"detail":{{"k":[{{"wildcard": "{wildcard}"}}]}}}}"#));
        assert_eq!(find("several-operators", &text, &BUS).mended, mended, "{prefix} and {suffix}");
    }
}

#[test]
fn an_or_that_is_spelled_otherwise_is_renamed() {
    for name in ["OR", "or", "Or", "$OR"] {
        let text = format!(r#"{{"detail":{{"{name}":[{{"a":["x"]}},{{"b":["y"]}}]}}}}"#);
        let mended = r#"{"detail":{"$or":[{"a":["x"]},{"b":["y"]}]}}"#;
        assert_found(&BUS, &[(&text, &["or-degenerate"], Some(mended))]);
    }
    let top = r#"{"OR":[{"source":["a"]},{"detail-type":["b"]}]}"#;
    assert_found(&BUS, &[(top, &["or-degenerate"], Some(r#"{"$or":[{"source":["a"]},{"detail-type":["b"]}]}"#))]);
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (r#"{"detail":{"or":["x","y"]}}"#, &[], None),
        (r#"{"detail":{"or":[{"prefix":"x"},{"suffix":"y"}]}}"#, &[], None),
        (r#"{"detail":{"or":[{"a":["x"]}]}}"#, &["object-in-list"], Some(r#"{"detail":{"or":{"a":["x"]}}}"#)),
    ];
    assert_found(&BUS, cases);
}

#[test]
fn an_or_that_is_none_is_told_wherever_it_stands_and_nothing_is_unwrapped_around_it() {
    let findings = check(r#"{"detail":{"x":[{"$or":[1]}]}}"#, &BUS);
    assert_eq!(ids(&findings), ["object-in-list", "or-degenerate"]);
    assert!(findings.iter().all(|finding| finding.mended.is_none()), "{findings:#?}");
}

#[test]
fn a_list_for_an_operator_inside_another_is_taken_apart() {
    let text = |list: &str| format!(r#"{{"detail":{{"k":[{list}]}}}}"#);
    let cases = [
        (r#"{"suffix":{"equals-ignore-case":["N"]}}"#, r#"{"suffix":{"equals-ignore-case":"N"}}"#),
        (
            r#"{"prefix":{"equals-ignore-case":["a","b"]}}"#,
            r#"{"prefix": {"equals-ignore-case": "a"}}, {"prefix": {"equals-ignore-case": "b"}}"#,
        ),
    ];
    for (list, mended) in cases {
        let finding = find("op-list-arg", &text(list), &BUS);
        assert!(finding.message.starts_with("equals-ignore-case takes one string, so the list"), "{}", finding.message);
        assert_eq!(finding.mended, Some(text(mended)));
    }
}

#[test]
fn several_operators_inside_anything_but_have_no_mend() {
    let finding =
        find("several-operators", r#"{"detail":{"k":[{"anything-but":{"suffix":".x","prefix":"y"}}]}}"#, &BUS);
    assert!(finding.message.contains("inside anything-but, and only one may stand there"), "{}", finding.message);
    assert_eq!(finding.mended, None);
    find("ab-argument", r#"{"detail":{"k":[{"anything-but":{}}]}}"#, &BUS);
}

#[test]
fn every_branch_whose_list_is_overwritten_is_told() {
    let behind = r#"{"detail":{"$or":[{"state":["off"]},{"state":["x"]}],"state":["on"]}}"#;
    let findings = check(behind, &BUS);
    assert_eq!(ids(&findings), ["or-shadow", "or-shadow"]);
    assert!(findings[0].message.contains("`[\"off\"]` is overwritten"), "{}", findings[0].message);
    assert!(findings[1].message.contains("`[\"x\"]` is overwritten"), "{}", findings[1].message);
    assert!(findings.iter().all(|finding| finding.mended.is_none()), "no state is both");
    let before = r#"{"detail":{"state":["on"],"$or":[{"state":["off"]},{"state":["x"]}]}}"#;
    assert_eq!(ids(&check(before, &BUS)), ["or-shadow", "or-shadow"]);
    let both = r#"{"detail":{"$or":[{"state":["on","off"]},{"cause":["x"]}],"state":["on"]}}"#;
    let mended = r#"{"detail":{"$or":[{"state":["on"]},{"state":["on"], "cause":["x"]}]}}"#;
    assert_found(&BUS, &[(both, &["or-shadow"], Some(mended))]);
    let nested = r#"{"detail":{"$or":[{"$or":[{"a":["1"]},{"a":["2"]}]},{"b":["3"]}],"a":["4"]}}"#;
    assert_eq!(ids(&check(nested, &BUS)), ["or-shadow", "or-shadow"]);
    let twice = r#"{"detail":{"a":["1"],"$or":[{"a":["2"]},{"b":["3"]}],"a":["4"]}}"#;
    assert_eq!(ids(&check(twice, &BUS)), ["dup-key", "or-shadow", "or-shadow"]);
    let apart = r#"{"detail":{"$or":[{"a":["1"]},{"a":["2"]}],"b":["3"]}}"#;
    assert_eq!(check(apart, &BUS), []);
}

#[test]
fn a_mend_does_not_show_the_next_mistake_if_that_can_be_mended_too() {
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (
            r#"{"dynamodb":{"NewImage":{"n":{"N":5}}}}"#,
            &["scalar-not-array"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"N":["5"]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"n":{"N":{"numeric":["=",5]}}}}}"#,
            &["op-not-in-array"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"N":["5"]}}}}"#),
        ),
    ];
    assert_found(&PIPE, cases);
    let text = r#"{"detail":{"k":{"anything-but":"*x*"}}}"#;
    let mended = r#"{"detail":{"k":[{"anything-but":{"wildcard": "*x*"}}]}}"#;
    assert_found(&BUS, &[(text, &["op-not-in-array"], Some(mended))]);
}

/// The finding is there just where one of two comparisons holds for each number between and around their ends.
#[test]
fn two_comparisons_that_hold_for_every_number_are_told() {
    let mut told = 0;
    for (one, other) in ["<", "<=", "=", ">", ">="].iter().flat_map(|one| ["<", ">", ">="].map(|other| (one, other))) {
        for (from, to) in [(1, 1), (1, 2), (2, 1)] {
            let text =
                format!(r#"{{"detail":{{"k":[{{"numeric":["{one}",{from}]}},{{"numeric":["{other}",{to}]}}]}}}}"#);
            let pattern = Pattern::parse(&text, Dialect::Bus).unwrap();
            let all = ["0.5", "1", "1.5", "2", "2.5"]
                .iter()
                .all(|number| pattern.matches_json(format!(r#"{{"detail":{{"k":{number}}}}}"#).as_bytes()).unwrap());
            assert_eq!(ids(&check(&text, &BUS)).contains(&"numeric-or-tautology"), all, "{text}");
            told += usize::from(all);
        }
    }
    assert!(told > 5);
}

#[test]
fn anything_but_is_not_widened_where_it_never_does_what_it_says() {
    let sample = br#"{"eventName":"INSERT","dynamodb":{"NewImage":{"a":{"S":"x"}}}}"#;
    let context = Context { sample: Some(sample), ..PIPE };
    let text = r#"{"dynamodb":{"NewImage":{"n":{"N":[{"anything-but":5}]}}}}"#;
    let mended = r#"{"dynamodb":{"NewImage":{"n":{"N":[{"anything-but":"5"}]}}}}"#;
    assert_found(&context, &[(text, &["ddb-numeric-on-n"], Some(mended))]);
    assert_eq!(ids(&check(mended, &context)), ["ab-absent"]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4 * ProptestConfig::default().cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A mend that is applied alone makes an accepted text of a refused one, or leaves no more refused than there was; and
    /// what is refused for a reason that the mend is for is not refused for it at this place any longer.
    #[test]
    fn a_mend_of_a_refused_text_helps(text in nearly::patterns(), (dialect, source) in nearly::contexts()) {
        let context = Context { dialect, source, sample: None };
        prop_assume!(Pattern::parse(&text, dialect).is_err());
        let is_refusal = |finding: &&Finding| finding.message.contains("refused");
        let findings = check(&text, &context);
        for finding in findings.iter().filter(is_refusal) {
            let Some(mended) = &finding.mended else { continue };
            if Pattern::parse(mended, dialect).is_ok() {
                continue;
            }
            let again = check(mended, &context);
            let same = |all: &[Finding]| {
                all.iter().filter(|other| other.lint.id == finding.lint.id && other.path == finding.path).count()
            };
            let refused = |all: &[Finding]| all.iter().filter(is_refusal).count();
            let helps = same(&again) < same(&findings) || refused(&again) < refused(&findings);
            prop_assert!(helps, "{}: {text} -> {mended}", finding.lint.id);
        }
    }

    /// What pipes of AWS do not have is not offered to them.
    #[test]
    fn no_mend_for_a_pipe_has_more_wildcards(text in nearly::patterns(), (dialect, source) in nearly::contexts()) {
        prop_assume!(dialect == Dialect::Pipe);
        let wildcards = |text: &str| text.matches("\"wildcard\"").count();
        for finding in check(&text, &Context { dialect, source, sample: None }) {
            let Some(mended) = &finding.mended else { continue };
            prop_assert!(wildcards(mended) <= wildcards(&text), "{}: {text} -> {mended}", finding.lint.id);
        }
    }
}
