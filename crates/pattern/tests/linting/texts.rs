//! Texts as a whole: their places, their size, their depth, and all of their mistakes together.

use super::{BUS, PIPE, assert_found, find, ids};
use pattern::SIZE_MAX;
use pattern::lint::{Context, Severity, Source, check, mend_all};

#[test]
fn long_patterns_are_mended_by_leaving_out_blanks() {
    let blanks = " ".repeat(SIZE_MAX);
    let text = format!("{{\"source\":{blanks}[\"a b\"]}}");
    assert_found(&BUS, &[(&text, &["size"], Some(r#"{"source":["a b"]}"#))]);
    assert_eq!(find("size", &text, &BUS).severities.here, Some(Severity::Error));
    let half = format!("{{\"source\":[\"{}\"]}}", "x".repeat(SIZE_MAX / 2));
    let finding = find("size", &half, &BUS);
    assert_eq!((finding.severities.here, finding.severities.aws_bus), (None, Some(Severity::Warning)));
    assert_eq!(finding.mended, None);
    assert_eq!(check(&half, &Context { source: Source::Unknown, ..PIPE }), []);
}

#[test]
fn a_mend_that_would_be_refused_is_not_offered() {
    // Each wildcard is fine by itself, and the fourth makes them too complex together.
    let text =
        r#"{"a":[{"wildcard":"*:stack/1/*"},{"wildcard":"*:stack/2/*"},{"wildcard":"*:stack/3/*"},"*:stack/4/*"]}"#;
    let context = Context { source: Source::Unknown, ..BUS };
    assert_found(&context, &[(text, &["glob-literal"], None)]);
    let full = format!("{{\"a\":[\"x*\",\"{}\"]}}", "y".repeat(SIZE_MAX - 16));
    assert_eq!(find("glob-literal", &full, &context).mended, None, "there is no room for it");
}

#[test]
fn places_count_lines_and_characters() {
    let text = "{\r\n  \"dé\": [\"x\"],\n  \"source\": [\"é\", {\"prefix\": \"\"}]\n}";
    let finding = find("match-all", text, &BUS);
    assert_eq!((finding.line, finding.column, finding.path.as_str()), (3, 19, "source[1]"));
    let text = r#"{"detail":{"$or":[{"a":["x"]},{"b":[{"c":{"d":1}}]}]}}"#;
    assert_eq!(check(text, &BUS)[0].path, "detail.$or[1].b");
}

#[test]
fn every_mistake_of_a_text_is_found_and_all_are_mended_together() {
    let text = r#"{
  "source": "shop",
  "detail": {
    "id": [{"Prefix": "a"}, {"exists": "false"}],
    "total": {"numeric": ["<", 5, ">", 1]},
    "mail": [{"anything-but": "*test*"}],
  }
}"#;
    assert_eq!(ids(&check(text, &BUS)), ["not-json"]);
    let mended = mend_all(text, &BUS).unwrap();
    assert_eq!(
        mended,
        r#"{
  "source": ["shop"],
  "detail": {
    "id": [{"prefix": "a"}, {"exists": false}],
    "total": [{"numeric": [">", 1, "<", 5]}],
    "mail": [{"anything-but": {"wildcard": "*test*"}}]
  }
}"#
    );
    let json = text.replace("],\n  }", "]\n  }");
    let expected = ["scalar-not-array", "operator-case", "exists-string", "op-not-in-array", "ab-glob-literal"];
    assert_eq!(ids(&check(&json, &BUS)), expected);
    assert_eq!(mend_all(&mended, &BUS), None);
    assert_eq!(mend_all(r#"{"detail.a":["x"]}"#, &BUS), None, "what is only worth knowing stays");
}

#[test]
fn deep_texts_are_looked_at_to_the_bottom() {
    let objects = format!("{}5{}", "{\"a\":".repeat(256), "}".repeat(256));
    assert_eq!(ids(&check(&objects, &Context { source: Source::Unknown, ..BUS })), ["scalar-not-array"]);
    let lists = format!("{}5{}", "{\"a\":[".repeat(128), "]}".repeat(128));
    let findings = check(&lists, &BUS);
    assert_eq!(findings.len(), 101);
    assert!(findings.iter().take(100).all(|finding| finding.lint.id == "object-in-list"));
    let branches = format!("{}5{}", "{\"b\":[1],\"$or\":[{\"c\":[1]},{\"d\":".repeat(80), "}]}".repeat(80));
    assert!(ids(&check(&branches, &BUS)).contains(&"scalar-not-array"));
    let dots = format!("{{\"{}\":[1]}}", ".".repeat(1000));
    assert_eq!(ids(&check(&dots, &Context { source: Source::Unknown, ..BUS })), ["invalid"]);
    for deeper in ["{\"a\":", "[", "{\"$or\":[{\"a\":[1]},"] {
        assert_eq!(ids(&check(&deeper.repeat(10_000), &BUS)), ["invalid"], "{deeper}");
    }
}

#[test]
fn findings_are_bounded() {
    let many = vec![r#""a*""#; 300].join(",");
    let findings = check(&format!("{{\"source\":[{many}]}}"), &BUS);
    assert_eq!(findings.len(), 101);
    assert_eq!(findings.last().map(|finding| finding.lint.id), Some("more-findings"));
    // However many doubts there are, that the text is refused is among them.
    let refused = format!("{{\"source\":[{many}],\"detail\":{{\"x\":5}}}}");
    assert!(ids(&check(&refused, &BUS)).contains(&"scalar-not-array"));
}
