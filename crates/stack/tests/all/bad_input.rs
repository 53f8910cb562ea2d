//! Whatever text comes in, an answer comes out: never a panic, never without end.

use pattern::lint::Severity;
use proptest::prelude::*;
use stack::check::{Sample, Settings, check};
use stack::{Environment, Overrides, Template};

use crate::refusals::SOUND;
use crate::{CATALOGUE, resolve};

/// What is found in a text that is no template, without its file name.
fn found(text: &str) -> String {
    match Template::parse(text, "t") {
        Ok(_) => panic!("accepted: {text}"),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn what_is_no_template_is_named_with_its_place() {
    let cases = [
        ("", "t:1:1: the template is empty"),
        ("just text", "t:1:1: must be a map, not a single value"),
        ("a: [1, 2", "t:2:1: a[2]: not valid YAML: "),
        ("Resources:\n  A: &x {}\n", "t:2:6: Resources.A: anchors (`&name`) are not part of CloudFormation's YAML"),
        ("Resources:\n  A: *x\n", "t:2:"),
        ("Resources:\n  <<: {}\n", "t:2:3: Resources: merging (`<<`)"),
        ("Resources:\n  A:\n  B: {}\n", "t:2:4: Resources.A: this key has no value"),
        (
            "Resources:\n  A: {Type: yes}\n",
            "t:2:13: Resources.A.Type: `yes` without quotes is a boolean to CloudFormation",
        ),
        ("Resources:\n  A: {Type: 0123}\n", "t:2:13: Resources.A.Type: `0123` without quotes loses its leading zeros"),
        ("Resources:\n  A: {}\n  A: {}\n", "t:3:3: A: this key stands already in line 2"),
        (
            "Resources:\n  A: !Reff x\n",
            "t:2:6: Resources.A: `!Reff` is not a function of CloudFormation; did you mean `Ref`?",
        ),
        ("Resources:\n  A: !!binary x\n", "t:2:6: Resources.A: the tag `!!binary` is not part"),
        ("Resources:\n  ? [a]\n  : b\n", "t:2:5: Resources: a key must be a single value"),
        ("a: 1\n---\nb: 2\n", "t:2:1: a template is one YAML document"),
        ("Resources: {}\n", "t:1:12: Resources: a template needs at least one resource"),
        ("Description: x\n", "t:1:1: `Resources` is required"),
        ("Resources: []\n", "t:1:12: Resources: must be a map, not a list"),
        (
            "Resources:\n  a_b: {Type: AWS::SQS::Queue}\n",
            "t:2:3: Resources.a_b: a name here has 1 to 255 letters and digits",
        ),
        ("{\"Resources\": }", "t:1:15: Resources: expected a value, found `}`"),
        ("{\n \"Resources\": {\"A\": null}}", "t:2:21: Resources.A: templates have no null"),
        ("{\"a\": 01}", "t:1:9: a: a number must not begin with 0"),
        ("{\"a\": \"\\ud800\"}", "t:1:14: a: expected the second half of a surrogate pair"),
        ("{\"a\": 1,}", "t:1:9: expected a key in double quotes, found `}`"),
        ("{\"a\": [1 2]}", "t:1:10: a: expected `,` or `]`, found `2`"),
        ("{\"a\": 1} x", "t:1:10: nothing may follow the template"),
        ("{\"a\": 1, \"a\": 2}", "t:1:10: a: this key stands already in line 1"),
    ];
    for (text, expected) in cases {
        let found = found(text);
        assert!(
            found.lines().any(|line| line.starts_with(expected)),
            "{text:?}\nexpected {expected}\nfound    {found}"
        );
    }
}

#[test]
fn json_escapes_mean_what_they_say() {
    let text = r#"{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"O": {"Value": "\ud83d\ude80\u00e9\n\"\\\/"}}}"#;
    let stack = resolve(text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.outputs[0].value, "🚀é\n\"\\/");
}

#[test]
fn too_much_is_refused() {
    let deep = |open: &str, close: &str, depth| format!("Resources: {}x{}", open.repeat(depth), close.repeat(depth));
    let long = "x".repeat(1_000_001);
    // Each level repeats the one below it ten times: a billion letters from a few lines.
    let mut bomb = "!Ref A".to_owned();
    for _ in 0..9 {
        bomb = format!("!Sub ['{}', {{v: {bomb}}}]", "${v}".repeat(10));
    }
    let bomb = format!(
        "Parameters: {{A: {{Type: String, Default: x}}}}\nResources: {{Q: {{Type: AWS::SQS::Queue}}}}\nOutputs: {{O: {{Value: {bomb}}}}}\n"
    );
    let many =
        format!("Resources:\n{}", (0..501).map(|n| format!("  A{n}: {{Type: AWS::SQS::Queue}}\n")).collect::<String>());
    let chain = format!(
        "Resources: {{Q: {{Type: AWS::SQS::Queue}}}}\nConditions:\n  C0: !Equals [a, a]\n{}",
        (1..100).rev().map(|n| format!("  C{n}: !Not [!Condition C{}]\n", n - 1)).collect::<String>()
    );
    let cases = [
        (deep("[", "]", 70), "lists and maps are nested more than 64 deep"),
        (deep("{a: ", "}", 70), "lists and maps are nested more than 64 deep"),
        (deep("[", "]", 5_000), "recursion limit exceeded"),
        (format!("Resources:\n  {}x\n", "- ".repeat(5_000)), "lists and maps are nested more than 64 deep"),
        (format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)), "nested more than 64 deep"),
        (format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)), "recursion limit exceeded"),
        (long, "the template has 1000001 bytes, the limit is 1000000"),
        (bomb, "of this template make more than"),
        (many, "Resources: has 501 entries, the limit is 500"),
        (chain, "conditions build on each other more than 16 deep"),
    ];
    for (text, expected) in cases {
        let errors = resolve(&text).expect_err(expected).to_string();
        assert!(errors.contains(expected), "expected {expected}, found {errors}");
    }
}

/// Reads, resolves and checks a text; a panic is a failure, and so is a check that does not see what is refused, or that
/// sees a refusal where there is none.
fn swallow(text: &str) {
    let environment = Environment::local("shop");
    let resolved =
        Template::parse(text, "t").and_then(|template| template.resolve(&environment, &Overrides::new(), &CATALOGUE));
    let samples = [Sample { id: None, text: "{}".to_owned() }];
    let overrides = Overrides::new();
    let settings =
        Settings { environment: &environment, catalogue: &CATALOGUE, samples: &samples, overrides: &overrides };
    let report = check(text, "t", &settings);
    let refusals = ["template-invalid", "unsupported-resource", "unsupported-feature", "missing-permission"];
    let refused = report.findings.iter().any(|finding| refusals.contains(&finding.id));
    match resolved {
        Ok(_) => assert!(!refused, "{text}\n{:?}", report.findings),
        Err(errors) => {
            let wrong = report.findings.iter().any(|finding| finding.severity() == Severity::Error);
            assert!(wrong, "{text}\n{errors}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_gets_an_answer(text in any::<String>()) {
        swallow(&text);
    }

    #[test]
    fn any_text_of_yaml_marks_gets_an_answer(text in r#"([ \n\t\-:?{}\[\]!&*#|>'"%@`,~<]|a|Ref|0|\\u|Fn::Sub|Resources){0,60}"#) {
        swallow(&text);
        swallow(&format!("{{{text}"));
    }

    /// A sound template with a piece taken out, doubled or written over.
    #[test]
    fn a_damaged_template_gets_an_answer(
        start in 0..SOUND.len(),
        length in 0usize..80,
        with in r#"([ \n\-:{}\[\]!&*|>'",]|!Ref |!GetAtt |!Sub |\$\{|AWS::NoValue|Orders|Role|-1){0,6}"#,
        twice in any::<bool>(),
    ) {
        let end = (start + length).min(SOUND.len());
        let mut text = SOUND.to_owned();
        let piece = text[start..end].to_owned();
        let piece = if twice { piece.repeat(2) } else { String::new() };
        text.replace_range(start..end, &format!("{with}{piece}"));
        swallow(&text);
    }
}
