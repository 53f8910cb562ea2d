//! What a matcher promises beyond its answers: no allocation once warm, changes beside it, memory that can be shared.

use pattern::{Dialect, Matcher, Pattern, Rules, Scratch};
use std::sync::atomic::{AtomicBool, Ordering};

fn parse(text: &str) -> Pattern {
    Pattern::parse(text, Dialect::Bus).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A pattern for each operator, over fields in and out of arrays.
fn every_operator() -> Vec<Pattern> {
    let alternatives = [
        r#""x","10.0.0.1",1.5,true,null"#,
        r#"{"prefix":"x"}"#,
        r#"{"suffix":"x"}"#,
        r#"{"prefix":{"equals-ignore-case":"X"}}"#,
        r#"{"equals-ignore-case":"ß"}"#,
        r#"{"wildcard":"*x*y*"}"#,
        r#"{"anything-but":["x","y"]}"#,
        r#"{"anything-but":{"wildcard":["*x","y*"]}}"#,
        r#"{"numeric":[">",1,"<=",2]}"#,
        r#"{"cidr":"10.0.0.0/8"}"#,
        r#"{"exists":false}"#,
    ];
    let patterns = alternatives.iter().map(|list| format!(r#"{{"d":{{"a":[{list}],"b":[{list}]}},"c":[{list}]}}"#));
    patterns.map(|text| parse(&text)).collect()
}

const EVENTS: [&str; 6] = [
    r#"{"d":{"a":"x","b":"yx"},"c":1.5}"#,
    r#"{"d":[{"a":"x","b":"x"},{"a":1.75,"b":[1.5,"10.0.0.1"]}],"c":[true,"10.1.0.1",null]}"#,
    r#"{"d":[[{"a":1}],{"b":{"a":[]}}],"e":"a string \"with\" quotes \\","c":"\u0078\u0079"}"#,
    r#"{"c":"aXbxyß","d":{"a":"SS","b":"ß","a\u0062":1}}"#,
    r#"{"unknown":{"deep":[[[[{"x":[1,2,3]}]]]]}}"#,
    r#"{"d":{"a":1.0000000000000002,"b":1.2345678901234567},"c":1.7}"#,
];

#[test]
fn a_warm_matcher_allocates_nothing() {
    let patterns = every_operator();
    let matcher = Matcher::new(patterns.iter().enumerate());
    let mut scratch = Scratch::new();
    let mut all = |matched: &mut usize| {
        for event in EVENTS {
            *matched += matcher.matches_json(event.as_bytes(), &mut scratch).expect("it is JSON").count();
        }
    };
    let (mut cold, mut warm) = (0, 0);
    all(&mut cold);
    let allocations = allocation_counter::measure(|| all(&mut warm));
    assert_eq!(allocations.count_total, 0, "{allocations:?}");
    assert_eq!(warm, cold);
    assert!(warm > 5, "only {warm} matches");
}

#[test]
fn memory_is_shared_by_matchers_of_any_size() {
    let patterns = every_operator();
    let large = Matcher::new(patterns.iter().enumerate());
    let small = Matcher::new([((), &patterns[0])]);
    let mut shared = Scratch::new();
    for _ in 0..3 {
        for event in EVENTS.map(str::as_bytes) {
            let mut fresh = Scratch::new();
            let expected: Vec<usize> = large.matches_json(event, &mut fresh).unwrap().copied().collect();
            let found: Vec<usize> = large.matches_json(event, &mut shared).unwrap().copied().collect();
            assert_eq!(found, expected);
            assert_eq!(small.matches_json(event, &mut shared).unwrap().len(), usize::from(expected.contains(&0)));
            // What is left of an event that is broken off does not matter to the next one.
            assert!(large.matches_json(&event[..event.len() / 2], &mut shared).is_err());
        }
    }
}

#[test]
fn a_key_with_several_patterns_matches_once_if_any_does() {
    let patterns = [parse(r#"{"a":[1]}"#), parse(r#"{"b":[1]}"#), parse(r#"{"c":[1]}"#)];
    let matcher = Matcher::new([("ab", &patterns[0]), ("ab", &patterns[1]), ("c", &patterns[2])]);
    assert_eq!(matcher.len(), 2);
    let mut scratch = Scratch::new();
    for (event, expected) in
        [(r#"{"a":1,"b":1}"#, &["ab"][..]), (r#"{"b":1}"#, &["ab"]), (r#"{"c":1}"#, &["c"]), (r#"{"a":2}"#, &[])]
    {
        let matched: Vec<&str> = matcher.matches_json(event.as_bytes(), &mut scratch).unwrap().copied().collect();
        assert_eq!(matched, expected, "{event}");
    }
}

#[test]
fn no_patterns_match_nothing() {
    let matcher: Matcher<()> = Matcher::default();
    assert!(matcher.is_empty());
    assert_eq!(matcher.matches_json(b"{\"a\":1}", &mut Scratch::new()).unwrap().len(), 0);
    assert!(matcher.matches_json(b"[1]", &mut Scratch::new()).is_err(), "an event is an object");
}

/// One thread changes rules, always two together, while others match: these see both or neither, and the rule that
/// nobody touches always.
#[test]
fn rules_change_while_others_match() {
    let rules: Rules<&str> = Rules::new();
    rules.insert("always", parse(r#"{"a":[1]}"#));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let matching = || {
            let mut scratch = Scratch::new();
            let (mut with, mut without) = (0_u32, 0_u32);
            while !done.load(Ordering::Relaxed) {
                let matcher = rules.matcher();
                let mut matched: Vec<&str> =
                    matcher.matches_json(b"{\"a\":1}", &mut scratch).unwrap().copied().collect();
                matched.sort_unstable();
                match &matched[..] {
                    ["always"] => without += 1,
                    ["always", "one", "other"] => with += 1,
                    matched => panic!("{matched:?}"),
                }
            }
            (with, without)
        };
        let threads = [scope.spawn(matching), scope.spawn(matching)];
        for _ in 0..500 {
            rules.edit(|patterns| {
                patterns.insert("one", vec![parse(r#"{"a":[{"exists":true}]}"#)]);
                patterns.insert("other", vec![parse(r#"{"b":[{"exists":false}]}"#)]);
            });
            std::thread::yield_now();
            rules.edit(|patterns| {
                patterns.remove("one");
                patterns.remove("other");
            });
        }
        done.store(true, Ordering::Relaxed);
        for thread in threads {
            let (with, without) = thread.join().expect("what was seen was whole");
            assert!(with + without > 0);
        }
    });
    assert!(rules.remove(&"always"));
    assert!(!rules.remove(&"always"));
    assert!(rules.matcher().is_empty());
}
