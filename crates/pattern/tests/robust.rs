//! No input makes the crate panic, overflow the stack, or work without bound.

use pattern::{DEPTH_MAX, Dialect, EventError, Matcher, ParseErrorKind, Pattern, Scratch, TooAmbiguous};
use proptest::prelude::*;

/// Texts that are close to JSON and to patterns, so that they get far into the readers.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(
        &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\"b\"",
            "\"$or\"",
            "\"anything-but\"",
            "\"prefix\"",
            "\"suffix\"",
            "\"wildcard\"",
            "\"numeric\"",
            "\"exists\"",
            "\"cidr\"",
            "\"equals-ignore-case\"",
            "\">\"",
            "\"<=\"",
            "\"10.0.0.0/8\"",
            "\"*\\\\\"",
            "{\"a\":",
            "[{\"prefix\":",
            "1",
            "-0.5e+3",
            "1e999",
            "true",
            "null",
            "\\u12",
            "\\ud800",
            "é",
            " ",
            "\n",
            "\0",
            "😀",
            "{\"a\":[",
            "]}",
            "\"a\":[1],",
        ][..],
    );
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn use_all(pattern: &str, event: &[u8]) {
    for dialect in [Dialect::Bus, Dialect::Pipe] {
        match Pattern::parse(pattern, dialect) {
            Ok(pattern) => {
                let matched = pattern.matches_json(event);
                // The matcher does not look at what nobody asks for, but where it finds a fault there is one.
                let matcher = Matcher::new([((), &pattern)]);
                let answer = matcher.matches_json(event, &mut Scratch::new()).map(|matches| matches.len() == 1);
                assert!(answer == matched || (answer.is_ok() && matched.is_err()), "{answer:?}, {matched:?}");
                match pattern.explain_json(event) {
                    Ok(explanation) => {
                        assert_eq!(Ok(explanation.matched), matched);
                        assert!(!explanation.to_string().is_empty());
                    }
                    Err(error) => assert_eq!(Err(error), matched),
                }
            }
            Err(error) => assert!(error.to_string().starts_with("Event pattern is not valid. Reason: ")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    #[test]
    fn arbitrary_texts_are_answered(pattern in ".*", event in prop::collection::vec(any::<u8>(), 0..64)) {
        use_all(&pattern, &event);
    }

    #[test]
    fn nearly_valid_texts_are_answered(pattern in nearly_json(), event in nearly_json()) {
        use_all(&pattern, event.as_bytes());
        use_all(r#"{"a":[1,{"exists":false}],"a.b":[{"prefix":"b"}]}"#, event.as_bytes());
    }

    /// Every beginning of a valid pattern and event is refused, not read as something.
    #[test]
    fn a_torn_text_is_refused(cut in 0..100usize) {
        let pattern = r#"{"a":[{"numeric":[">",1.5e3]},{"anything-but":["x\n"]}],"$or":[{"b":[true]},{"c":[null]}]}"#;
        let event = r#"{"a":[1501,"\u00e9",{"b":false}],"b":true,"d":{"e":[[null]],"f":-1.25e-7},"g":"0123456789"}"#;
        let whole = Pattern::parse(pattern, Dialect::Bus).unwrap();
        prop_assert_eq!(whole.matches_json(event.as_bytes()), Ok(true));
        if cut < pattern.len() {
            prop_assert!(Pattern::parse(&pattern[..cut], Dialect::Bus).is_err());
        }
        if let Some(torn) = event.get(..cut).filter(|_| cut < event.len()) {
            prop_assert!(whole.matches_json(torn.as_bytes()).is_err());
        }
    }
}

/// Runs on a stack as small as any thread of a server has.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(test)
        .expect("threads can be started")
        .join()
        .expect("the test passes");
}

#[test]
fn depth_is_limited_in_patterns_and_events() {
    on_small_stack(|| {
        let nested = |depth: usize, inner: &str| format!("{}{inner}{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        // The alternatives are one level themselves.
        let deepest = nested(DEPTH_MAX - 1, "[1]");
        let pattern = Pattern::parse_unlimited(&deepest, Dialect::Bus).unwrap();
        assert_eq!(pattern.matches_json(nested(DEPTH_MAX - 1, "[1]").as_bytes()), Ok(true));
        assert!(!pattern.explain_json(nested(DEPTH_MAX, "1").as_bytes()).unwrap().matched);
        for depth in [DEPTH_MAX, 100_000] {
            let error = Pattern::parse_unlimited(&nested(depth, "[1]"), Dialect::Bus).unwrap_err();
            assert_eq!(error.kind, ParseErrorKind::TooDeep);
            let error = pattern.matches_json(nested(depth + 1, "1").as_bytes()).unwrap_err();
            assert!(matches!(error, EventError::Syntax { .. }), "{error}");
        }
        let arrays = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let pattern = Pattern::parse(r#"{"a":[1]}"#, Dialect::Bus).unwrap();
        assert_eq!(pattern.matches_json(arrays(DEPTH_MAX - 1).as_bytes()), Ok(true));
        assert!(pattern.matches_json(arrays(1_000_000).as_bytes()).is_err());
        assert!(pattern.matches_json("[".repeat(1_000_000).as_bytes()).is_err());
        assert!(pattern.matches_json(format!("{{{}", "\"a\":{".repeat(1_000_000)).as_bytes()).is_err());
    });
}

#[test]
fn a_key_of_many_dots_is_a_deep_path() {
    on_small_stack(|| {
        let dotted = |dots: usize| format!(r#"{{"{}":[1]}}"#, ".".repeat(dots));
        let pattern = Pattern::parse_unlimited(&dotted(DEPTH_MAX - 1), Dialect::Bus).unwrap();
        assert_eq!(pattern.matches_json(dotted(DEPTH_MAX - 1).as_bytes()), Ok(true));
        assert_eq!(pattern.matches_json(dotted(500_000).as_bytes()), Ok(false));
        let error = Pattern::parse_unlimited(&dotted(500_000), Dialect::Bus).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::TooDeep);
    });
}

/// As many arrays under one name, each with two elements of which one can be chosen: all choices are different.
fn riddle(arrays: usize) -> (String, String) {
    let fields: Vec<String> = (0..arrays).map(|array| format!(r#""c{array}":[1],"d{array}":[1]"#)).collect();
    let array = |number: usize| format!(r#""a":[{{"c{number}":1}},{{"d{number}":1}}]"#);
    let arrays: Vec<String> = (0..arrays).map(array).collect();
    (format!(r#"{{"a":{{{}}}}}"#, fields.join(",")), format!("{{{}}}", arrays.join(",")))
}

#[test]
fn an_event_made_to_be_ambiguous_is_given_up() {
    let (pattern, event) = riddle(40);
    let pattern = Pattern::parse_unlimited(&pattern, Dialect::Bus).unwrap();
    assert_eq!(pattern.matches_json(event.as_bytes()), Err(EventError::TooAmbiguous(TooAmbiguous)));
    let parsed = pattern::JsonEvent::parse(event.as_bytes()).unwrap();
    assert!(!pattern.matches(parsed.root()));
    let explanation = pattern.explain(parsed.root());
    assert_eq!(explanation.branches[0].conflict, Some(pattern::Conflict::TooAmbiguous));
    // Other patterns in the same matcher are decided all the same.
    let simple = Pattern::parse(r#"{"a":{"c0":[{"exists":true}],"d1":[{"exists":true}]}}"#, Dialect::Bus).unwrap();
    let matcher = Matcher::new([("riddle", &pattern), ("simple", &simple)]);
    let mut scratch = Scratch::new();
    let matches = matcher.matches_json(event.as_bytes(), &mut scratch).unwrap();
    assert!(matches.is_undecided());
    assert_eq!(matches.collect::<Vec<_>>(), [&"simple"]);
}

/// Alternatives that lead to a different place each, in every combination: what AWS's measure of wildcards would follow.
#[test]
fn wildcards_behind_many_ways_are_refused_before_they_are_counted() {
    let list = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let object = |count: usize| {
        let fields: Vec<String> = "abcdefgh".chars().map(|key| format!(r#""{key}":[{}]"#, list(count))).collect();
        format!("{{{}}}", fields.join(","))
    };
    let objects: Vec<String> = (1..=14).map(object).collect();
    let fixed: Vec<String> = (0..100).map(|number| format!(r#""x{number}":[0]"#)).collect();
    let or = objects.join(",");
    let text = format!(r#"{{"$or":[{or}],{},"z":[{{"wildcard":"*a*"}}]}}"#, fixed.join(","));
    assert!(text.len() < 4096);
    assert_eq!(Pattern::parse(&text, Dialect::Bus).unwrap_err().kind, ParseErrorKind::TooComplex);
    assert!(Pattern::parse_unlimited(&text, Dialect::Bus).is_ok());
}

/// A few thousand bytes of pattern, all below one deep path and in a thousand combinations, are compiled and matched.
#[test]
fn deep_paths_with_many_fields_are_compiled() {
    on_small_stack(|| {
        let fields = |from: usize, to: usize| {
            let field = |number: usize| format!(r#""{number}":[1]"#);
            (from..to).map(field).collect::<Vec<_>>().join(",")
        };
        let lists: Vec<String> = (0..3)
            .map(|list| {
                let object = |number: usize| format!(r#"{{"{list}-{number}":[1]}}"#);
                format!(r#"{{"$or":[{}]}}"#, (0..10).map(object).collect::<Vec<_>>().join(","))
            })
            .collect();
        let deep = ".".repeat(60);
        let text =
            format!(r#"{{"{deep}":{{{},"or0":{},"or1":{},"or2":{}}}}}"#, fields(0, 200), lists[0], lists[1], lists[2]);
        let pattern = Pattern::parse_unlimited(&text, Dialect::Bus).unwrap();
        let matcher = Matcher::new([((), &pattern)]);
        let mut scratch = Scratch::new();
        let event = |last: &str| {
            format!(
                r#"{{"{deep}":[{{}},{{{},"or0":{{"0-3":1}},"or1":[{{"1-9":1}}],"or2":{{"{last}":1}}}}]}}"#,
                fields(0, 200)
            )
        };
        assert_eq!(matcher.matches_json(event("2-0").as_bytes(), &mut scratch).unwrap().len(), 1);
        assert_eq!(matcher.matches_json(event("0-0").as_bytes(), &mut scratch).unwrap().len(), 0);
        // All the way down in arrays and objects, as deep as paths may be.
        let deep = |inner: &str, depth: usize| format!("{}{inner}{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let deepest = deep("[1]", DEPTH_MAX - 1);
        let one = Pattern::parse_unlimited(&deepest, Dialect::Bus).unwrap();
        // Its text is one level shorter, for the sake of the operator's object; its path is not.
        let other = deep(r#"{"a":[1,{"exists":false}]}"#, DEPTH_MAX - 3).replacen(r#""a""#, r#""a.a""#, 1);
        let other = Pattern::parse_unlimited(&other, Dialect::Bus).unwrap();
        let matcher = Matcher::new([(1, &one), (2, &other)]);
        assert_eq!(matcher.matches_json(deepest.as_bytes(), &mut scratch).unwrap().len(), 2);
        let parsed = pattern::JsonEvent::parse(deepest.as_bytes()).unwrap();
        assert_eq!(matcher.matches(parsed.root(), &mut scratch).len(), 2);
    });
}

/// Rules that all wait for the same clause, and an array in which it holds in every element.
#[test]
fn many_rules_with_one_clause_in_common_match_in_every_element() {
    let rule = |number: usize| format!(r#"{{"a":{{"x":[1],"y{number}":[{{"exists":false}}]}}}}"#);
    let patterns: Vec<Pattern> = (0..1000).map(|number| Pattern::parse(&rule(number), Dialect::Bus).unwrap()).collect();
    let matcher = Matcher::new(patterns.iter().enumerate());
    let mut scratch = Scratch::new();
    let event = format!(r#"{{"a":[{}[{{"x":1,"y7":1}}]]}}"#, r#"[{"x":1}],"#.repeat(1000));
    assert_eq!(matcher.matches_json(event.as_bytes(), &mut scratch).unwrap().len(), 999);
}

/// What is torn off behind everything that patterns ask for can be overlooked, and only there.
#[test]
fn a_torn_event_is_noticed_where_patterns_look() {
    let pattern = Pattern::parse(r#"{"a":[1],"b":{"c":[1,2]}}"#, Dialect::Bus).unwrap();
    let matcher = Matcher::new([((), &pattern)]);
    let event = r#"{"x":{"y":[1,{}]},"a":1,"z":"}","b":{"c":2,"d":{"e":[]}},"f":{"g":{}},"h":0}"#;
    let last_asked = event.find(r#""d""#).unwrap();
    let mut scratch = Scratch::new();
    for cut in 0..event.len() {
        let torn = &event[..cut];
        let answer = matcher.matches_json(torn.as_bytes(), &mut scratch).map(|matches| matches.len());
        match answer {
            Err(_) => {}
            Ok(matched) => {
                assert!(cut > last_asked && torn.ends_with('}'), "{torn}");
                assert_eq!(matched, 1, "{torn}");
            }
        }
        assert!(pattern.matches_json(torn.as_bytes()).is_err(), "all of an event is checked for one pattern: {torn}");
    }
    assert_eq!(matcher.matches_json(event.as_bytes(), &mut scratch).unwrap().len(), 1);
}
