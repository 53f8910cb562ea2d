//! What `diagram` draws, where it goes, and how it ends.

use crate::harness::{self, Server, Start, run, run_with_input};
use std::path::Path;

/// A misspelt property, beside a resource that is not run here.
const BROKEN: &str = "Resources:
  Failed:
    Type: AWS::SQS::Queue
    Properties: {QueueNam: failed}
  Rows:
    Type: AWS::S3::Bucket
";

#[test]
fn the_pictures_in_the_repository_are_those_that_it_draws() {
    let directory = harness::directory();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for name in ["commerce", "orders", "premium"] {
        let template = harness::stack(&format!("{name}.yaml"));
        let ended = run(directory.path(), &["diagram", template.to_str().unwrap()]);
        assert_eq!((ended.code, ended.complaints.as_str()), (Some(0), ""));
        let kept = std::fs::read_to_string(docs.join(format!("{name}.svg"))).unwrap();
        assert!(ended.output == kept, "docs/{name}.svg is not what is drawn: run cargo xtask docs");
    }
    let built_in = run(directory.path(), &["diagram"]);
    assert!(built_in.output == std::fs::read_to_string(docs.join("commerce.svg")).unwrap(), "the one that is built in");
}

#[test]
fn the_name_of_the_file_says_what_goes_into_it() {
    let directory = harness::directory();
    let drawn = |arguments: &[&str], file: &str| {
        let ended = run(directory.path(), &[&["diagram"], arguments, &["-o", file]].concat());
        assert_eq!((ended.code, ended.output.as_str(), ended.complaints.as_str()), (Some(0), "", ""), "{arguments:?}");
        std::fs::read_to_string(directory.path().join(file)).unwrap()
    };
    assert!(drawn(&[], "a.svg").starts_with("<svg "));
    assert!(drawn(&[], "a.txt").starts_with("<svg "));
    let mermaid = drawn(&[], "a.mmd");
    assert!(mermaid.starts_with("---\ntitle: \"commerce\"\n---\nflowchart LR\n"), "{mermaid}");
    assert_eq!(drawn(&["--format", "mermaid"], "b.svg"), mermaid);
    let sales = drawn(&["--param", "TableName=Sales"], "c.mmd");
    assert!(sales.contains("table_Sales") && !sales.contains("table_Orders"), "{sales}");
}

#[test]
fn json_has_the_nodes_and_the_edges_between_them() {
    let directory = harness::directory();
    let drawn = run(directory.path(), &["diagram", "--json"]).json();
    let edge = drawn["edges"].as_array().unwrap().iter().find(|edge| edge["label"] == "after 1000 tries").unwrap();
    let name = |end: &str| drawn["nodes"][usize::try_from(edge[end].as_u64().unwrap()).unwrap()]["name"].clone();
    assert_eq!((name("from"), name("to")), ("OrderQueue".into(), "OrderQueueDLQ".into()));
}

#[test]
fn a_template_with_errors_is_refused_as_check_refuses_it() {
    let directory = harness::directory();
    let checked = run_with_input(directory.path(), &["check", "-"], BROKEN);
    assert!(checked.output.contains("QueueNam") && checked.output.contains("AWS::S3::Bucket"), "{checked:#?}");
    let drawn = run_with_input(directory.path(), &["diagram", "-"], BROKEN);
    assert_eq!((drawn.code, drawn.output.as_str()), (Some(1), ""));
    assert_eq!(drawn.complaints, checked.output);
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let directory = harness::directory();
    let cases: [(&[&str], i32, &[&str]); 5] = [
        (&["nowhere.yaml"], 2, &["nowhere.yaml cannot be read"]),
        (&["-o", "no/such/place.svg"], 1, &["cannot write no/such/place.svg"]),
        (&["--format", "png"], 2, &["png", "svg", "mermaid"]),
        (&["--param", "NoSuch=1"], 1, &["NoSuch"]),
        (&["--live"], 3, &["no server answers at", "start one with: orderflow up"]),
    ];
    for (arguments, code, complaints) in cases {
        let ended = run(directory.path(), &[&["diagram"], arguments].concat());
        assert_eq!((ended.code, ended.output.as_str()), (Some(code), ""), "{arguments:?}: {ended:#?}");
        for complaint in complaints {
            assert!(ended.complaints.contains(complaint), "{complaint}: {ended:#?}");
        }
    }
}

#[test]
fn a_running_server_is_asked_what_it_does() {
    let directory = harness::directory();
    let template = harness::stack("premium.yaml");
    let server = Server::up(&Start { data: &directory.path().join("data"), template: &template, failing: "" });
    let asked = ["--live", "--json", "--admin", server.admin.as_str()];
    let template = template.to_str().unwrap();
    let drawn = run(directory.path(), &[&["diagram", template], &asked[..]].concat()).json();
    let live = |name: &str| {
        let node = drawn["nodes"].as_array().unwrap().iter().find(|node| node["name"] == name);
        node.unwrap()["live"].clone()
    };
    assert_eq!(live("OrderProcessorLambda"), "0 calls/s");
    assert_eq!(live("premium-standard-orders"), "up to date");
    assert_eq!(live("PremiumOrdersDLQ"), "empty");
    // The shop front is not what runs there.
    let other = run(directory.path(), &[&["diagram"], &asked[..]].concat());
    assert_eq!((other.code, other.output.as_str()), (Some(1), ""));
    assert!(other.complaints.contains("does not run a stack commerce"), "{other:#?}");
    assert!(other.complaints.contains("it runs premium"), "{other:#?}");
}
