//! What people are told about why a pattern matched or did not.

use pattern::{Conflict, Dialect, Explanation, Pattern};

fn explain(pattern: &str, event: &str) -> Explanation {
    let pattern = Pattern::parse(pattern, Dialect::Bus).expect("the pattern is valid");
    pattern.explain_json(event.as_bytes()).expect("the event is valid")
}

#[test]
fn each_clause_tells_its_path_its_alternatives_and_what_was_seen() {
    let pattern = r#"{"eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {"status": {"S": ["shipped", {"prefix": "ship"}]}, "test": {"BOOL": [{"exists": false}]}}}}"#;
    let event = r#"{"eventName": "MODIFY", "dynamodb": {"NewImage": {"status": {"S": "pending"}}}}"#;
    let explanation = explain(pattern, event);
    assert!(!explanation.matched);
    let [branch] = &explanation.branches[..] else { panic!("{explanation:?}") };
    assert!(!branch.holds);
    assert_eq!(branch.conflict, None);
    let clauses: Vec<_> = explanation.clauses_of(branch).collect();
    let summary: Vec<_> =
        clauses.iter().map(|clause| (clause.path.as_str(), clause.holds, clause.seen.as_slice())).collect();
    let pending = ["\"pending\"".to_owned()];
    let modify = ["\"MODIFY\"".to_owned()];
    assert_eq!(
        summary,
        [
            ("dynamodb.NewImage.status.S", false, &pending[..]),
            ("dynamodb.NewImage.test.BOOL", true, &[][..]),
            ("eventName", true, &modify[..]),
        ]
    );
    assert_eq!(clauses[0].alternatives, [r#""shipped""#, r#"{"prefix": "ship"}"#]);
    assert_eq!(
        explanation.reasons(),
        [r#"dynamodb.NewImage.status.S is "pending", the pattern wants "shipped" or a string that begins with "ship""#]
    );
    assert_eq!(
        explanation.to_string(),
        r#"does not match
  no: dynamodb.NewImage.status.S is "pending", the pattern wants "shipped" or a string that begins with "ship"
  ok: dynamodb.NewImage.test.BOOL is absent, as the pattern wants: no value at all
  ok: eventName is "MODIFY", as the pattern wants: "INSERT" or "MODIFY""#
    );
}

#[test]
fn every_operator_has_words() {
    let cases = [
        (r#""x""#, r#""x""#),
        (r#""a\"b\\c\n""#, r#""a\"b\\c\n""#),
        ("1.50", "the number 1.50"),
        ("true", "true"),
        ("null", "null"),
        (r#""10.0.0.1""#, r#"the address "10.0.0.1""#),
        (r#"{"exactly":"x"}"#, r#""x""#),
        (r#"{"prefix":"x"}"#, r#"a string that begins with "x""#),
        (r#"{"prefix":{"equals-ignore-case":"x"}}"#, r#"a string that begins with "x" in any case"#),
        (r#"{"suffix":"x"}"#, r#"a string that ends with "x""#),
        (r#"{"suffix":{"equals-ignore-case":"x"}}"#, r#"a string that ends with "x" in any case"#),
        (r#"{"equals-ignore-case":"x"}"#, r#""x" in any case"#),
        (r#"{"wildcard":"x*"}"#, r#"a string like "x*""#),
        (r#"{"numeric":["=",5]}"#, "a number equal to 5"),
        (r#"{"numeric":[">",5]}"#, "a number > 5"),
        (r#"{"numeric":["<=",5]}"#, "a number <= 5"),
        (r#"{"numeric":[">=",1,"<",5]}"#, "a number >= 1 and < 5"),
        (r#"{"cidr":"10.0.0.0/8"}"#, "an address in 10.0.0.0/8"),
        (r#"{"exists":true}"#, "any value"),
        (r#"{"exists":false}"#, "no value at all"),
        (r#"{"anything-but":["x","y"]}"#, r#"anything but "x" or "y""#),
        (r#"{"anything-but":[1,2]}"#, "anything but the number 1 or 2"),
        (r#"{"anything-but":{"prefix":"x"}}"#, r#"anything that does not begin with "x""#),
        (r#"{"anything-but":{"suffix":"x"}}"#, r#"anything that does not end with "x""#),
        (r#"{"anything-but":{"equals-ignore-case":"x"}}"#, r#"anything but "x" in any case"#),
        (r#"{"anything-but":{"wildcard":"*x"}}"#, r#"anything that is not like "*x""#),
    ];
    for (alternative, words) in cases {
        let sentence = explain(&format!(r#"{{"a":["-",{alternative}]}}"#), r#"{"a":"-"}"#).clauses[0].sentence.clone();
        assert_eq!(sentence, format!(r#"a is "-", as the pattern wants: "-" or {words}"#));
    }
}

#[test]
fn a_number_that_is_a_string_is_pointed_out() {
    let explanation = explain(r#"{"amount":{"N":[{"numeric":[">",1000]}]}}"#, r#"{"amount":{"N":"1500"}}"#);
    assert_eq!(
        explanation.reasons(),
        [
            r#"amount.N is "1500", the pattern wants a number > 1000 (a string is never equal to a number or compared with one)"#
        ]
    );
}

#[test]
fn values_in_different_elements_are_a_conflict() {
    let explanation = explain(r#"{"a":{"x":[1],"y":[2]}}"#, r#"{"a":[{"x":1,"y":0},{"x":0,"y":2}]}"#);
    assert!(!explanation.matched);
    assert!(explanation.clauses.iter().all(|clause| clause.holds));
    assert_eq!(explanation.branches[0].conflict, Some(Conflict::DifferentElements));
    assert_eq!(
        explanation.reasons(),
        ["each field matches by itself, but no single element of the array has all of these values"]
    );
}

#[test]
fn each_branch_of_or_is_told_and_the_closest_gives_the_reasons() {
    let explanation =
        explain(r#"{"s":[1],"$or":[{"x":[1],"y":[1]},{"z":[{"exists":true}]}]}"#, r#"{"s":1,"x":2,"y":[2,3]}"#);
    assert_eq!(
        explanation.to_string(),
        "does not match
  branch 1 of 2 does not hold
    ok: s is 1, as the pattern wants: the number 1
    no: x is 2, the pattern wants the number 1
    no: y has the values 2, 3, the pattern wants the number 1
  branch 2 of 2 does not hold
    ok: s is 1, as the pattern wants: the number 1
    no: z is absent, the pattern wants any value"
    );
    assert_eq!(explanation.reasons(), ["z is absent, the pattern wants any value"]);
    let explanation = explain(r#"{"$or":[{"x":[1]},{"y":[2]}]}"#, r#"{"y":2}"#);
    assert!(explanation.matched);
    assert_eq!(explanation.branches.iter().map(|branch| branch.holds).collect::<Vec<_>>(), [false, true]);
    assert_eq!(explanation.failures().count(), 0);
}

#[test]
fn long_values_are_cut_and_many_are_counted() {
    let values: Vec<String> = (0..25).map(|value| value.to_string()).collect();
    let explanation =
        explain(r#"{"a":[99],"b":["x"]}"#, &format!(r#"{{"a":[{}],"b":"{}"}}"#, values.join(","), "é".repeat(500)));
    assert_eq!((explanation.clauses[0].seen.len(), explanation.clauses[0].seen_count), (10, 25));
    assert!(
        explanation.clauses[0].sentence.starts_with("a has the values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 15 more, the")
    );
    assert_eq!(explanation.clauses[1].seen, [format!("\"{}…\"", "é".repeat(120))]);
}

#[test]
fn a_clause_that_was_replaced_is_not_told() {
    let explanation = explain(r#"{"a":[1],"b":[2],"a":[3]}"#, r#"{"a":3,"b":2}"#);
    let paths: Vec<_> =
        explanation.clauses.iter().map(|clause| (clause.path.as_str(), clause.alternatives[0].as_str())).collect();
    assert_eq!(paths, [("b", "2"), ("a", "3")]);
    assert!(explanation.matched);
}
