//! The matcher gives the same answers as a slow, obvious interpreter of the language.

mod model;

use model::{Json, generate};
use pattern::{Dialect, Kind, Matcher, Node, Pattern, Scratch};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The model's values as typed events, found by name wherever that is allowed.
impl Node for &Json {
    fn kind(&self) -> Kind {
        match self {
            Json::Object(_) => Kind::Object,
            Json::Array(_) => Kind::Array,
            Json::String(_) => Kind::String,
            Json::Number(_) => Kind::Number,
            Json::Bool(value) => Kind::Bool(*value),
            Json::Null => Kind::Null,
        }
    }

    fn text<'n>(&'n self, room: &'n mut String) -> &'n str {
        room.clear();
        match self {
            Json::String(text) => room.push_str(text),
            Json::Number(text) => room.push_str(text),
            other => panic!("{other:?} has no text"),
        }
        room
    }

    fn fields(self, visit: &mut dyn FnMut(&str, Self) -> ControlFlow<()>) -> ControlFlow<()> {
        if let Json::Object(fields) = self {
            for (key, value) in fields {
                visit(key, value)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn elements(self, visit: &mut dyn FnMut(Self) -> ControlFlow<()>) -> ControlFlow<()> {
        if let Json::Array(elements) = self {
            for element in elements {
                visit(element)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn has_plain_keys(self) -> bool {
        let Json::Object(fields) = self else { return false };
        let keys: std::collections::BTreeSet<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
        keys.len() == fields.len() && keys.iter().all(|key| !key.contains('.'))
    }
}

/// The answer of the matcher, which must be the same for JSON, for a typed event and in an explanation.
fn answer(pattern: &Json, event: &Json) -> bool {
    let text = pattern.text();
    let parsed = Pattern::parse_unlimited(&text, Dialect::Bus).unwrap_or_else(|error| panic!("{text}: {error}"));
    let on_json = parsed.matches_json(event.text().as_bytes()).expect("generated events are valid");
    let typed = parsed.matches(event);
    assert_eq!(on_json, typed, "{text} on {}: JSON and typed differ", event.text());
    let matcher = Matcher::new([((), &parsed)]);
    let mut scratch = Scratch::new();
    for _ in 0..2 {
        let compiled = matcher.matches_json(event.text().as_bytes(), &mut scratch).expect("the event is valid").count();
        assert_eq!(compiled == 1, on_json, "{text} on {}: compiled, JSON", event.text());
        let compiled = matcher.matches(event, &mut scratch).count();
        assert_eq!(compiled == 1, on_json, "{text} on {}: compiled, typed", event.text());
    }
    let explanation = parsed.explain(event);
    assert_eq!(on_json, explanation.matched, "{text} on {}: {explanation}", event.text());
    for branch in &explanation.branches {
        let all_hold = explanation.clauses_of(branch).all(|clause| clause.holds);
        assert_eq!(
            branch.holds,
            all_hold && branch.conflict.is_none(),
            "{text} on {}: a branch that fails says why: {explanation}",
            event.text()
        );
    }
    on_json
}

fn check(pattern: &Json, event: &Json) -> Result<(), TestCaseError> {
    let expected = model::matches(pattern, event);
    prop_assert_eq!(answer(pattern, event), expected, "{} on {}", pattern.text(), event.text());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    /// Every operator, on events with repeated and dotted keys.
    #[test]
    fn the_matcher_agrees_with_the_model(pattern in generate::pattern(), event in generate::event()) {
        check(&pattern, &event)?;
    }

    /// The same where no key has a dot, so that a typed event is matched by looking names up.
    #[test]
    fn the_matcher_agrees_on_undotted_events(pattern in generate::pattern(), event in generate::undotted_event()) {
        check(&pattern, &event)?;
    }

    /// Nested arrays of objects, where it matters which element a value belongs to.
    #[test]
    fn the_matcher_agrees_on_arrays((pattern, event) in generate::arrays()) {
        check(&pattern, &event)?;
    }

    /// The same where every field leads to one place only, with some fields absent on purpose.
    #[test]
    fn the_matcher_agrees_on_plain_arrays((pattern, event) in generate::plain_arrays()) {
        check(&pattern, &event)?;
    }
}

/// What the model says of each pattern is what the matcher of all of them says.
fn check_together(patterns: &[Json], events: &[Json]) -> Result<(), TestCaseError> {
    let parse =
        |pattern: &Json| Pattern::parse_unlimited(&pattern.text(), Dialect::Bus).expect("generated to be valid");
    let parsed: Vec<Pattern> = patterns.iter().map(parse).collect();
    let matcher = Matcher::new(parsed.iter().enumerate());
    let mut scratch = Scratch::new();
    for event in events {
        let expected: Vec<usize> =
            (0..patterns.len()).filter(|index| model::matches(&patterns[*index], event)).collect();
        let text = event.text();
        let mut matched: Vec<usize> =
            matcher.matches_json(text.as_bytes(), &mut scratch).expect("the event is small").copied().collect();
        matched.sort_unstable();
        prop_assert_eq!(&matched, &expected, "{:?} on {}", patterns.iter().map(Json::text).collect::<Vec<_>>(), text);
        let odd = event.odd_text(expected.len() as u64 * 7919 + text.len() as u64);
        let mut matched: Vec<usize> =
            matcher.matches_json(odd.as_bytes(), &mut scratch).expect("it is the same event").copied().collect();
        matched.sort_unstable();
        prop_assert_eq!(&matched, &expected, "{:?} on {}", patterns.iter().map(Json::text).collect::<Vec<_>>(), odd);
        let mut matched: Vec<usize> = matcher.matches(event, &mut scratch).copied().collect();
        matched.sort_unstable();
        prop_assert_eq!(&matched, &expected, "typed: {:?} on {}", patterns, text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    /// Many patterns in one matcher, which share paths and clauses, and memory from event to event.
    #[test]
    fn many_patterns_match_as_each_alone(
        patterns in prop::collection::vec(generate::pattern(), 1..12),
        events in prop::collection::vec(prop_oneof![generate::event(), generate::undotted_event()], 1..6),
    ) {
        check_together(&patterns, &events)?;
    }

    /// The same for arrays: patterns made for one event, on all events.
    #[test]
    fn many_patterns_agree_on_arrays(pairs in prop::collection::vec(generate::arrays(), 1..8)) {
        let (patterns, events): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        check_together(&patterns, &events)?;
    }

    /// Events and patterns of so many names that they are found by hashing, some beyond ASCII.
    #[test]
    fn many_names_are_told_apart(
        patterns in prop::collection::vec(generate::wide(true), 1..10),
        events in prop::collection::vec(generate::wide(false), 1..6),
    ) {
        check_together(&patterns, &events)?;
    }

    #[test]
    fn many_patterns_agree_on_plain_arrays(pairs in prop::collection::vec(generate::plain_arrays(), 1..8)) {
        let (patterns, events): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        check_together(&patterns, &events)?;
    }
}

/// A comparison in which nearly everything matches, or nothing, compares little.
#[test]
fn both_outcomes_occur_often() {
    let mut runner = TestRunner::deterministic();
    let rounds = 4000;
    let mut matched = [0; 5];
    for _ in 0..rounds {
        let pattern = generate::pattern().new_tree(&mut runner).unwrap().current();
        let event = generate::event().new_tree(&mut runner).unwrap().current();
        matched[0] += usize::from(model::matches(&pattern, &event));
        let event = generate::undotted_event().new_tree(&mut runner).unwrap().current();
        matched[1] += usize::from(model::matches(&pattern, &event));
        let (pattern, event) = generate::arrays().new_tree(&mut runner).unwrap().current();
        matched[2] += usize::from(model::matches(&pattern, &event));
        let (pattern, event) = generate::plain_arrays().new_tree(&mut runner).unwrap().current();
        matched[3] += usize::from(model::matches(&pattern, &event));
        let pattern = generate::wide(true).new_tree(&mut runner).unwrap().current();
        let event = generate::wide(false).new_tree(&mut runner).unwrap().current();
        matched[4] += usize::from(model::matches(&pattern, &event));
    }
    for (name, matched) in ["events", "undotted events", "arrays", "plain arrays", "wide events"].iter().zip(matched) {
        let share = matched * 100 / rounds;
        println!("{share} % of {name} match");
        assert!((10..=90).contains(&share), "{share} % of {name} match");
    }
}

/// One alternative on one value: every operator holds often, fails often, and always as the model says.
#[test]
fn every_operator_agrees_with_the_model_on_both_outcomes() {
    let mut runner = TestRunner::deterministic();
    let mut outcomes: BTreeMap<String, [u32; 2]> = BTreeMap::new();
    for _ in 0..40_000 {
        let alternative = generate::alternative().new_tree(&mut runner).unwrap().current();
        let value = generate::scalar().new_tree(&mut runner).unwrap().current();
        let name = match &alternative {
            Json::Object(fields) => match &fields[..] {
                [(name, Json::Object(nested))] => format!("{name} {}", nested[0].0),
                [(name, Json::Array(list))] if matches!(list[..], [Json::Number(_), ..]) => format!("{name} numbers"),
                [(name, Json::Bool(value))] => format!("{name} {value}"),
                _ => fields[0].0.clone(),
            },
            Json::String(_) => "string".to_owned(),
            Json::Number(_) => "number".to_owned(),
            Json::Bool(_) => "boolean".to_owned(),
            other => other.text(),
        };
        let pattern = Json::Object(vec![("a".to_owned(), Json::Array(vec![alternative]))]);
        let event = Json::Object(vec![("a".to_owned(), value)]);
        let expected = model::matches(&pattern, &event);
        assert_eq!(answer(&pattern, &event), expected, "{} on {}", pattern.text(), event.text());
        outcomes.entry(name).or_default()[usize::from(expected)] += 1;
    }
    println!("{outcomes:?}");
    assert_eq!(outcomes.len(), 21, "every operator is there: {outcomes:?}");
    for (name, [failed, held]) in outcomes {
        match name.as_str() {
            // A value is there, so these have one outcome.
            "exists true" => assert!(failed == 0 && held > 0),
            "exists false" => assert!(failed > 0 && held == 0),
            name => assert!(failed >= 20 && held >= 20, "{name} holds {held} times and fails {failed} times"),
        }
    }
}
