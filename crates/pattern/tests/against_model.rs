//! The matcher gives the same answers as a slow, obvious interpreter of the language.

mod model;

use model::{Json, generate};
use pattern::{Dialect, Kind, Node, Pattern};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The model's values as typed events, found by name wherever that is allowed.
impl Node for &Json {
    fn kind(&self) -> Kind<'_> {
        match self {
            Json::Object(_) => Kind::Object,
            Json::Array(_) => Kind::Array,
            Json::String(text) => Kind::String(text.into()),
            Json::Number(text) => Kind::Number((*text).into()),
            Json::Bool(value) => Kind::Bool(*value),
            Json::Null => Kind::Null,
        }
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
}

/// A comparison in which nearly everything matches, or nothing, compares little.
#[test]
fn both_outcomes_occur_often() {
    let mut runner = TestRunner::deterministic();
    let rounds = 4000;
    let mut matched = [0; 3];
    for _ in 0..rounds {
        let pattern = generate::pattern().new_tree(&mut runner).unwrap().current();
        let event = generate::event().new_tree(&mut runner).unwrap().current();
        matched[0] += usize::from(model::matches(&pattern, &event));
        let event = generate::undotted_event().new_tree(&mut runner).unwrap().current();
        matched[1] += usize::from(model::matches(&pattern, &event));
        let (pattern, event) = generate::arrays().new_tree(&mut runner).unwrap().current();
        matched[2] += usize::from(model::matches(&pattern, &event));
    }
    for (name, matched) in ["events", "undotted events", "arrays"].iter().zip(matched) {
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
