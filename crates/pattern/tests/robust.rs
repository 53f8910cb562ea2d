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

/// Which of `clauses` hold together is a matter of choosing one element in each of as many repeated arrays.
fn riddle(clauses: usize) -> (String, String) {
    let fields: Vec<String> = (0..clauses).map(|clause| format!(r#""c{clause}":[1]"#)).collect();
    let pattern = format!(r#"{{"a":{{{}}}}}"#, fields.join(","));
    let element = |skip: usize| {
        let fields: Vec<String> = (0..clauses)
            .filter(|clause| clause % 7 != skip % 7)
            .map(|clause| format!(r#""c{clause}":{}"#, (clause * skip) % 3))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let array = |first: usize| format!(r#""a":[{}]"#, (first..first + 6).map(element).collect::<Vec<_>>().join(","));
    let event = format!("{{{}}}", (0..clauses).map(|array_index| array(array_index * 5)).collect::<Vec<_>>().join(","));
    (pattern, event)
}

#[test]
fn an_event_made_to_be_ambiguous_is_given_up() {
    let (pattern, event) = riddle(200);
    let pattern = Pattern::parse_unlimited(&pattern, Dialect::Bus).unwrap();
    assert_eq!(pattern.matches_json(event.as_bytes()), Err(EventError::TooAmbiguous(TooAmbiguous)));
    let event = pattern::JsonEvent::parse(event.as_bytes()).unwrap();
    assert!(!pattern.matches(event.root()));
    let explanation = pattern.explain(event.root());
    assert_eq!(explanation.branches[0].conflict, Some(pattern::Conflict::TooAmbiguous));
}
