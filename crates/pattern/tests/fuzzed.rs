//! What the fuzz targets of `fuzz/` promise holds for the inputs that they kept. See the README there.

#[path = "../fuzz/src/choices.rs"]
mod choices;
#[path = "../fuzz/src/generated.rs"]
mod generated;
#[expect(dead_code, reason = "these tests need some of the model, others need the rest")]
mod model;
#[path = "../fuzz/src/nodes.rs"]
mod nodes;
#[path = "../fuzz/src/promises.rs"]
mod promises;

use std::path::Path;

/// Hands every input of a target's corpus to it.
fn replay(target: &str, promise: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.expect("the directory can be read").path())
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 20, "{} has only {} inputs", corpus.display(), inputs.len());
    for input in inputs {
        println!("{}", input.display());
        promise(&std::fs::read(&input).expect("an input can be read"));
    }
}

#[test]
fn any_text_is_a_pattern_or_refused() {
    replay("parse", promises::parse);
}

#[test]
fn the_matcher_answers_as_the_pattern_does() {
    replay("match_bytes", promises::match_bytes);
}

#[test]
fn generated_json_matches_as_the_model_says() {
    replay("match_model", promises::match_model);
}

#[test]
fn generated_typed_events_match_as_the_model_says() {
    replay("typed", promises::typed);
}

#[test]
fn any_text_is_linted() {
    replay("lint", promises::lint);
}

/// A comparison in which nearly nothing matches compares little.
#[test]
fn generated_cases_match_and_fail_often() {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut outcomes = [0; 2];
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..300).map(|_| byte()).collect();
        let (patterns, events) = generated::case(&mut choices::Choices::new(&bytes));
        for event in &events {
            for pattern in &patterns {
                outcomes[usize::from(model::matches(pattern, event))] += 1;
            }
        }
    }
    println!("{outcomes:?}");
    let [failed, matched] = outcomes;
    assert!(failed > 500 && matched > 500, "{matched} match, {failed} do not");
}
