//! What explanations say of each piece of a pattern is what a slow, obvious interpreter of the language says of it.

#[expect(dead_code, reason = "these tests need some of the model, others need the rest")]
mod model;

use model::{Json, generate};
use pattern::{Dialect, Explanation, Leaf, Pattern, Replaced, Tree};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn explain(pattern: &Json, event: &Json) -> Explanation {
    let text = pattern.text();
    let pattern = Pattern::parse_unlimited(&text, Dialect::Bus).unwrap_or_else(|error| panic!("{text}: {error}"));
    pattern.explain_json(event.text().as_bytes()).expect("generated events are valid")
}

/// Every clause of the tree, with its alternatives in the pattern and whether it is inside a `$or`. Panics unless the
/// tree has the shape of the pattern.
fn mirrored<'t>(tree: &'t Tree, pattern: &'t Json, path: Option<&str>, in_or: bool) -> Vec<(&'t Leaf, &'t Json, bool)> {
    let at = |key: &str| path.map_or_else(|| key.to_owned(), |path| format!("{path}.{key}"));
    let Tree::All { pieces, .. } = tree else { panic!("{tree:?} for {}", pattern.text()) };
    let Json::Object(fields) = pattern else { panic!("{tree:?} for {}", pattern.text()) };
    assert_eq!(pieces.len(), fields.len(), "{tree:?} for {}", pattern.text());
    let mut leaves = Vec::new();
    for (piece, (key, value)) in pieces.iter().zip(fields) {
        match (piece, value) {
            (Tree::Clause(leaf), Json::Array(_)) => {
                assert_eq!((&leaf.key, &leaf.path), (key, &at(key)));
                leaves.push((leaf, value, in_or));
            }
            (Tree::All { key: Some(found), .. }, Json::Object(_)) => {
                assert_eq!(found, key);
                leaves.extend(mirrored(piece, value, Some(&at(key)), in_or));
            }
            (Tree::Any { ways, .. }, Json::Array(objects)) => {
                assert_eq!((key.as_str(), ways.len()), ("$or", objects.len()));
                for (way, object) in ways.iter().zip(objects) {
                    leaves.extend(mirrored(way, object, path, true));
                }
            }
            other => panic!("{other:?}"),
        }
    }
    leaves
}

/// Where no path is given twice, what consists of pieces holds if its pieces do.
fn check_whole_by_parts(tree: &Tree) {
    match tree {
        Tree::All { pieces, holds, together, .. } => {
            let all = pieces.iter().all(Tree::holds);
            assert_eq!(*holds, all && together.is_none(), "{tree:?}");
            assert!(all || together.is_none(), "{tree:?}");
            pieces.iter().for_each(check_whole_by_parts);
        }
        Tree::Any { ways, holds } => {
            assert_eq!(*holds, ways.iter().any(Tree::holds), "{tree:?}");
            ways.iter().for_each(check_whole_by_parts);
        }
        Tree::Clause(_) => {}
    }
}

fn clause(path: &str, alternatives: &Json) -> (String, Json) {
    (path.to_owned(), alternatives.clone())
}

fn check(pattern: &Json, event: &Json) -> Result<(), TestCaseError> {
    let explanation = explain(pattern, event);
    let told = || format!("{} on {}:\n{explanation}\n{:#?}", pattern.text(), event.text(), explanation.tree);
    let expected = model::matches(pattern, event);
    prop_assert_eq!(explanation.tree.holds(), expected, "{}", told());
    let leaves = mirrored(&explanation.tree, pattern, None, false);
    for (leaf, alternatives, in_or) in &leaves {
        let alone = Json::Object(vec![clause(&leaf.path, alternatives)]);
        prop_assert_eq!(leaf.holds, model::matches(&alone, event), "{}: {}", leaf.path, told());
        prop_assert!(!leaf.holds || leaf.why_not.is_none(), "{}", told());
        let Json::Array(alternatives) = alternatives else { panic!("{alternatives:?}") };
        for (tried, alternative) in leaf.alternatives.iter().zip(alternatives) {
            let alone = Json::Object(vec![clause(&leaf.path, &Json::Array(vec![alternative.clone()]))]);
            prop_assert_eq!(tried.holds, model::matches(&alone, event), "{}: {}", tried.text, told());
        }
        if expected && leaf.asked && !in_or {
            prop_assert!(leaf.holds, "{} is asked for and the pattern matches: {}", leaf.path, told());
        }
    }
    let kept = leaves.iter().filter(|(leaf, ..)| leaf.replaced != Replaced::Always).count();
    prop_assert_eq!(kept, explanation.clauses.len(), "{}", told());
    let paths: BTreeSet<&str> = leaves.iter().map(|(leaf, ..)| leaf.path.as_str()).collect();
    if paths.len() == leaves.len() {
        prop_assert!(leaves.iter().all(|(leaf, ..)| leaf.replaced == Replaced::Never && leaf.asked), "{}", told());
        check_whole_by_parts(&explanation.tree);
    }
    for branch in &explanation.branches {
        let Some(together) = &branch.together else { continue };
        let [one, other] = &together.clauses[..] else { continue };
        if !together.sentence.ends_with("no element has both") {
            continue;
        }
        let find = |path: &str| {
            let mut of_branch = explanation.clauses_of(branch);
            let text = &of_branch.find(|clause| clause.path == path).expect("a clause of the branch").alternatives;
            let written = leaves
                .iter()
                .find(|(leaf, ..)| leaf.path == path && leaf.alternatives.iter().map(|tried| &tried.text).eq(text));
            clause(path, written.expect("a clause of the pattern").1)
        };
        let both = Json::Object(vec![find(&one.path), find(&other.path)]);
        prop_assert!(!model::matches(&both, event), "{} holds: {}", both.text(), told());
    }
    for line in explanation.tree.lines() {
        prop_assert!(!line.to_string().chars().any(char::is_control), "{}", line);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// The tree has the shape of the pattern; its root holds if the pattern matches; clauses and alternatives hold if
    /// they alone would match; and what is said to be excluded by something is.
    #[test]
    fn trees_agree_with_the_model(pattern in generate::pattern(), event in generate::event()) {
        check(&pattern, &event)?;
    }

    /// The same where it matters which element of an array a value is in.
    #[test]
    fn trees_agree_on_arrays((pattern, event) in generate::arrays()) {
        check(&pattern, &event)?;
    }

    /// The same with one clause alone.
    #[test]
    fn a_single_clause_agrees(alternatives in prop::collection::vec(generate::alternative(), 1..4), event in generate::event()) {
        check(&Json::Object(vec![clause("a", &Json::Array(alternatives))]), &event)?;
    }
}
