//! What `check` and `match` find, shown by a template with one of each mistake: each is found where it is, and nothing
//! else.

use crate::harness::{self, run};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Mistakes that a template cannot have: its file's name, samples that are none, and more than can be shown.
const NOT_IN_A_TEMPLATE: [&str; 3] = ["stack-name", "sample-unreadable", "more-findings"];

/// Mistakes that only show beside a sample, and what it is.
const SAMPLES: [&str; 5] = [
    r#"Case={"detail": {"state": "running"}}"#,
    r#"PathNotInSample={"detail": {"lamp": {"state": "on"}}}"#,
    r#"BodyJsonMismatch={"messageId": "1", "body": "status=new"}"#,
    r#"AbAbsent={"detail": {"state": "on"}}"#,
    r#"AbArray={"source": "shop", "detail": {"tags": ["test", "new"]}}"#,
];

fn template() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/one-of-each-mistake.yaml")
}

/// A finding as the template's comments say it: the mistake, and the source that it points at.
type Mistake = (String, String);

/// `# mistake: NAME at SOURCE`
fn mistakes(text: &str) -> Vec<Mistake> {
    let comments = text.lines().filter_map(|line| line.trim().strip_prefix("# mistake: "));
    let mistakes = comments.map(|comment| comment.split_once(" at ").expect("a comment says where"));
    mistakes.map(|(id, about)| (id.to_owned(), about.to_owned())).collect()
}

/// What the program found; which types it does not run aside, as nearly everything in this template is one.
fn found(text: &str, findings: &Json) -> Vec<Mistake> {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let number = |finding: &Json, key: &str| usize::try_from(finding[key].as_u64().unwrap_or(u64::MAX)).unwrap();
    let all = findings.as_array().unwrap().iter().map(|finding| {
        let line = &lines[number(finding, "line") - 1];
        let end = number(finding, "endColumn").min(line.len() + 1);
        let about = line[number(finding, "column") - 1..end - 1].iter().collect::<String>();
        (finding["id"].as_str().unwrap().to_owned(), about)
    });
    let runs_elsewhere = ["AWS::Events::Rule", "AWS::Lambda::EventSourceMapping"];
    all.filter(|(_, about)| !runs_elsewhere.contains(&about.as_str())).collect()
}

#[test]
fn one_of_each_mistake_is_found_and_nothing_else() {
    let text = std::fs::read_to_string(template()).unwrap();
    let path = template();
    let samples = SAMPLES.iter().flat_map(|sample| ["--sample", sample]);
    let arguments: Vec<&str> = ["check", "--json", path.to_str().unwrap()].into_iter().chain(samples).collect();
    let ended = run(harness::directory().path(), &arguments);
    assert_eq!((ended.code, ended.complaints.as_str()), (Some(1), ""));
    let mut expected = mistakes(&text);
    let mut found = found(&text, &ended.json()["findings"]);
    let is_one_of = |ids: &[&str], id: &str| ids.contains(&id);
    let patterns = pattern::lint::lints().iter().map(|lint| lint.id);
    let all: BTreeSet<&str> = patterns.chain(stack::check::lints().iter().map(|lint| lint.id)).collect();
    let shown: BTreeSet<&str> = expected.iter().map(|(id, _)| id.as_str()).collect();
    let missing: Vec<_> = all.difference(&shown).filter(|id| !is_one_of(&NOT_IN_A_TEMPLATE, id)).collect();
    assert!(missing.is_empty(), "mistakes that the template does not have: {missing:?}");
    expected.sort();
    found.sort();
    let unexpected: Vec<_> = found.iter().filter(|one| !expected.contains(one)).collect();
    let unfound: Vec<_> = expected.iter().filter(|one| !found.contains(one)).collect();
    assert!(unexpected.is_empty() && unfound.is_empty(), "found besides: {unexpected:#?}\nnot found: {unfound:#?}");
    assert_eq!(found, expected, "each as often as it is there");
}

#[test]
fn our_own_stacks_leave_nothing_to_mend() {
    let directory = harness::directory();
    let stacks = ["commerce.yaml", "premium.yaml", "orders.yaml"].map(harness::stack);
    let arguments: Vec<&str> = ["check"].into_iter().chain(stacks.iter().map(|path| path.to_str().unwrap())).collect();
    let ended = run(directory.path(), &arguments);
    assert_eq!((ended.code, ended.complaints.as_str()), (Some(0), ""));
    assert_eq!(ended.output.matches(" patterns, nothing to mend").count(), 3, "{}", ended.output);
    let built_in = run(directory.path(), &["check"]);
    assert_eq!(built_in.code, Some(0));
    assert!(built_in.output.starts_with("commerce (built in): 4 patterns, nothing to mend"), "{}", built_in.output);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "and nothing is left behind");
}

#[test]
fn a_mistake_is_shown_with_its_line_and_what_to_write() {
    let directory = harness::directory();
    let text = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    let text = text.replacen(r#""test": { "BOOL": [false] }"#, r#""amount": { "N": [{ "numeric": ["=", 100] }] }"#, 1);
    std::fs::write(directory.path().join("broken.yaml"), text).unwrap();
    let ended = run(directory.path(), &["check", "broken.yaml"]);
    assert_eq!((ended.code, ended.complaints.as_str()), (Some(1), ""));
    for part in [
        "error[ddb-numeric-on-n]: ",
        "--> broken.yaml:94:41",
        r#" "amount": { "N": [{ "numeric": ["=", 100] }] }"#,
        "^^^^",
        "Resources.StandardOrdersPipe.Properties.SourceParameters.FilterCriteria.Filters[0].Pattern",
        "here: error · AWS pipe: error",
        "help: write instead",
        r#""amount": { "N": ["100"] }"#,
        "broken.yaml: 1 error; 4 patterns looked at",
    ] {
        assert!(ended.output.contains(part), "{part:?} is printed: {}", ended.output);
    }
}

#[test]
fn what_cannot_be_checked_is_wrong_usage() {
    let directory = harness::directory();
    std::fs::write(directory.path().join("bytes.yaml"), [0xff, 0xfe]).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["nowhere.yaml"], "nowhere.yaml"),
        (&["."], "."),
        (&["bytes.yaml"], "bytes.yaml"),
        (&["--sample", "nowhere.json"], "nowhere.json"),
        (&["--sample", "{\"a\":"], "the event is not JSON"),
        (&["--sample", "NoPipe={}"], "NoPipe"),
    ];
    for (arguments, complaint) in cases {
        let ended = run(directory.path(), &[&["check"], arguments].concat());
        assert_eq!((ended.code, ended.output.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(ended.complaints.contains(complaint), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn what_only_one_engine_minds_can_be_left_out() {
    let directory = harness::directory();
    let text = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {source: [shop]}\n";
    std::fs::write(directory.path().join("bucket.yaml"), text).unwrap();
    let codes = [("here", Some(1)), ("aws", Some(0))];
    for (engine, code) in codes {
        let ended = run(directory.path(), &["check", "bucket.yaml", "--for", engine]);
        assert_eq!((ended.code, ended.output.contains("S3")), (code, code == Some(1)), "{engine}: {ended:?}");
    }
}

/// The trap that nobody notices: the pattern is valid and matches, and excludes nothing.
#[test]
fn match_says_what_is_surely_not_what_was_meant() {
    let directory = harness::directory();
    let pattern = r#"{"dynamodb":{"NewImage":{"customerEmail":{"S":[{"anything-but":"*test.com*"}]}}}}"#;
    let event = r#"{"dynamodb":{"NewImage":{"customerEmail":{"S":"someone@test.com"}}}}"#;
    let ended = run(directory.path(), &["match", "--pattern", pattern, "--event", event]);
    assert_eq!((ended.code, ended.complaints.as_str()), (Some(0), ""));
    for part in [
        "it matches",
        "this looks like a stream record: judged as a pipe's filter",
        "error[ab-glob-literal]: ",
        pattern,
        "here: error · AWS pipe: error",
        "help: write instead",
        r#"{"test": {"BOOL": [false]}}"#,
    ] {
        assert!(ended.output.contains(part), "{part:?} is printed: {}", ended.output);
    }
    let json = run(directory.path(), &["match", "--json", "--pattern", pattern, "--event", event]).json();
    assert_eq!((&json["matched"], &json["findings"][0]["id"]), (&true.into(), &"ab-glob-literal".into()));
    // AWS refuses this one: how to mend it comes first, and then AWS's reason, once.
    let pattern = r#"{"status":"new"}"#;
    let ended = run(directory.path(), &["match", "--pattern", pattern, "--event", "{}"]);
    assert_eq!((ended.code, ended.complaints.as_str()), (Some(2), ""));
    assert!(ended.output.contains("[scalar-not-array]") && ended.output.contains(r#"{"status":["new"]}"#), "{ended:?}");
    assert_eq!(ended.output.matches("must be an object or an array").count(), 1, "{ended:?}");
    let ended = run(directory.path(), &["match", "--json", "--pattern", pattern, "--event", "{}"]);
    assert_eq!((ended.code, &ended.json()["findings"][0]["id"]), (Some(2), &"scalar-not-array".into()));
}

#[test]
fn match_reads_records_as_a_pipe_does() {
    let directory = harness::directory();
    let of_body = r#"{"body":{"total":[{"numeric":[">",1]}]}}"#;
    let message = r#"{"messageId":"1","body":"{\"total\":5}","eventSource":"aws:sqs"}"#;
    let text = r#"{"messageId":"1","body":"new","eventSource":"aws:sqs"}"#;
    let change = r#"{"awsRegion":"r","eventName":"INSERT","dynamodb":{}}"#;
    let two = format!(r#"{{"Records":[{message},{text}]}}"#);
    let cases: [(&str, &str, i32, &[&str]); 6] = [
        (of_body, message, 0, &["✔ it matches", "note: the body was read as JSON"]),
        (of_body, text, 1, &["✘ it does not match", "error[body-json-mismatch]", "deleted from the queue"]),
        (r#"{"body":["new"]}"#, text, 0, &["✔ it matches"]),
        (r#"{"body":["new"]}"#, message, 1, &["✘ it does not match", "error[body-json-mismatch]"]),
        (r#"{"awsRegion":["r"]}"#, change, 1, &["✘ it does not match", "before it adds awsRegion", "never matches"]),
        (of_body, &two, 0, &["1 of 2 records match", "record 1: ✔", "record 2: ✘", "each record by itself"]),
    ];
    for (pattern, event, code, parts) in cases {
        let ended = run(directory.path(), &["match", "--pipe", "--pattern", pattern, "--event", event]);
        assert_eq!((ended.code, ended.complaints.as_str()), (Some(code), ""), "{pattern} on {event}: {ended:?}");
        for part in parts {
            assert!(ended.output.contains(part), "{part:?} is printed: {ended:?}");
        }
        assert!(!ended.output.contains("Records."), "{ended:?}");
    }
    let json = run(directory.path(), &["match", "--json", "--pipe", "--pattern", of_body, "--event", &two]).json();
    assert_eq!((&json["matched"], &json["records"][1]["matched"]), (&true.into(), &false.into()));
}

#[test]
fn a_template_that_cannot_be_read_is_an_error_for_everybody() {
    let directory = harness::directory();
    let file = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    file("broken.yaml", "Resources: [");
    file("broken.json", "{\"Resources\": ");
    file("empty.yaml", "");
    file("list.yaml", "- Resources");
    file("anchor.yaml", "Resources:\n  A: &a {Type: AWS::SQS::Queue}\n");
    file("nothing.yaml", "Description: nothing\n");
    file("large.yaml", &"# x\n".repeat(300_000));
    for name in ["broken.yaml", "broken.json", "empty.yaml", "list.yaml", "anchor.yaml", "nothing.yaml", "large.yaml"] {
        for engine in ["here", "aws"] {
            let ended = run(directory.path(), &["check", "--for", engine, name]);
            assert_eq!((ended.code, ended.complaints.as_str()), (Some(1), ""), "{name} for {engine}: {ended:?}");
            assert!(ended.output.contains("The patterns were not looked at"), "{name} for {engine}: {ended:?}");
        }
    }
}

#[test]
fn samples_are_understood_or_refused() {
    let directory = harness::directory();
    let text = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    let text = text.replacen(r#""test": { "BOOL": [false] }"#, r#""Test": { "BOOL": [false] }"#, 1);
    std::fs::write(directory.path().join("case.yaml"), text).unwrap();
    let plain = r#"{"orderId":"ORD-1","amount":50,"test":false}"#;
    let records = r#"{"Records":[{"dynamodb":{"NewImage":{"test":{"BOOL":false}}}}]}"#;
    for sample in [plain, records] {
        let ended = run(directory.path(), &["check", "case.yaml", "--sample", sample]);
        assert!(ended.output.contains("warning[case]"), "{sample} has `test`: {ended:?}");
    }
    let message = r#"{"messageId":"1","body":"{}"}"#;
    let ended = run(directory.path(), &["check", "case.yaml", "--sample", message]);
    assert_eq!((ended.code, ended.complaints.contains("the sample was not used")), (Some(2), true), "{ended:?}");
}

#[test]
fn a_template_comes_from_the_standard_input_too() {
    let directory = harness::directory();
    let text = "\u{feff}Resources:\n  B:\n    Type: AWS::S3::Bucket\n";
    let ended = harness::run_with_input(directory.path(), &["check", "-"], text);
    assert_eq!((ended.code, ended.output.contains("the standard input:3:")), (Some(1), true), "{ended:?}");
    std::fs::write(directory.path().join("p.json"), "\u{feff}{\"a\": [1]}").unwrap();
    let ended = run(directory.path(), &["match", "--pattern", "@p.json", "--event", "{\"a\": 1}"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = run(directory.path(), &["match", "--pattern", "p.json", "--event", "{}"]);
    assert_eq!((ended.code, ended.complaints.contains("did you mean @p.json?")), (Some(2), true), "{ended:?}");
}
