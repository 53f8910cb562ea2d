//! Running `up` again with a changed template changes what was changed, keeps the data, and refuses what would lose it.

use crate::harness::{self, Server, Start, run, soon};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The premium stack with some of its text replaced.
fn template(directory: &Path, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "the template has {from:?}");
        text = text.replace(from, to);
    }
    let path = directory.join("premium.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

fn put(server: &Server, id: &str, status: &str) {
    let item = json!({ "orderId": { "S": id }, "status": { "S": status }, "amount": { "N": "500" },
                       "customerEmail": { "S": "somebody@example.com" } });
    server.connect().tables("PutItem", &json!({ "TableName": "NewOrders", "Item": item })).unwrap().ok();
}

/// What the standard pipe did with each change of an order.
fn verdicts(server: &Server, id: &str) -> Vec<String> {
    let told = server.ask(&format!("explain?order={id}"));
    let changes = told["histories"][0]["changes"].as_array().unwrap().iter();
    let pipes = changes.flat_map(|change| change["pipes"].as_array().unwrap());
    let standard = pipes.filter(|pipe| pipe["pipe"] == "premium-standard-orders");
    standard.map(|pipe| pipe["verdict"]["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_changed_filter_decides_from_then_on_and_what_it_decided_before_stays() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let path = template(directory.path(), &[]);
    let server = Server::up(&Start { data: &data, template: &path, failing: "" });
    put(&server, "ORD-1", "pending");
    put(&server, "ORD-2", "cancelled");
    server.drain();
    assert_eq!(
        (verdicts(&server, "ORD-1"), verdicts(&server, "ORD-2")),
        (vec!["matched".into()], vec!["stopped".into()])
    );
    server.stop();
    let wider = [(r#"["pending", "shipped"]"#, r#"["cancelled"]"#)];
    template(directory.path(), &wider);
    let server = Server::up(&Start { data: &data, template: &path, failing: "" });
    put(&server, "ORD-1", "cancelled");
    put(&server, "ORD-2", "pending");
    server.drain();
    assert_eq!(verdicts(&server, "ORD-1"), ["matched", "matched"], "as the filter was, and as it is");
    assert_eq!(verdicts(&server, "ORD-2"), ["stopped", "stopped"], "as the filter was, and as it is");
    let lines = server.lines("OrderProcessorLambda", "\"Processed order\"");
    let expected =
        ["pending", "cancelled"].map(|status| format!("✅ Processed order ORD-1 | Status: {status} | Amount: 500.0"));
    assert_eq!(lines, expected, "each delivered once, and what was settled is not decided again");
    server.stop();
}

#[test]
fn what_cannot_be_changed_without_loss_is_refused_and_nothing_is_changed() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let path = template(directory.path(), &[]);
    let start = Start { data: &data, template: &path, failing: "" };
    let server = Server::up(&start);
    put(&server, "ORD-1", "pending");
    server.drain();
    server.stop();
    let refused = [
        // Another key: no item could be found again.
        vec![("AttributeName: orderId", "AttributeName: id")],
        vec![("AttributeType: S", "AttributeType: N")],
    ];
    for changes in refused {
        template(directory.path(), &changes);
        let arguments =
            ["up", "premium.yaml", "--data-dir", "data", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0"];
        let ended = run(directory.path(), &arguments);
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert_eq!(ended.output, "", "nothing comes up");
        assert!(
            ended.complaints.contains("error: premium.yaml") && ended.complaints.contains("NewOrders"),
            "{ended:#?}"
        );
    }
    template(directory.path(), &[]);
    let server = Server::up(&start);
    let asked = json!({ "TableName": "NewOrders", "Key": { "orderId": { "S": "ORD-1" } } });
    let stored = server.connect().tables("GetItem", &asked).unwrap().ok();
    assert_eq!(stored["Item"]["status"]["S"], "pending", "the data is as it was");
    server.stop();
}

#[test]
fn a_pipe_that_was_stopped_goes_on_where_it_was() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let path = template(directory.path(), &[]);
    let start = Start { data: &data, template: &path, failing: "" };
    let server = Server::up(&start);
    put(&server, "ORD-1", "pending");
    server.drain();
    server.stop();
    let name = "      Name: !Sub ${AWS::StackName}-standard-orders\n";
    template(directory.path(), &[(name, &format!("{name}      DesiredState: STOPPED\n"))]);
    let server = Server::up(&start);
    put(&server, "ORD-2", "pending");
    put(&server, "ORD-2", "shipped");
    let pipes = server.ask("pipes");
    let standard =
        pipes["pipes"].as_array().unwrap().iter().find(|pipe| pipe["pipe"] == "premium-standard-orders").unwrap();
    assert_eq!(standard["running"], false, "{standard}");
    // Its neighbour runs, so time passes for both.
    soon("the premium pipe has seen it", || {
        let told = server.ask("explain?order=ORD-2");
        let pipes = told["histories"][0]["changes"][1]["pipes"].as_array().unwrap().clone();
        let premium = pipes.iter().find(|pipe| pipe["pipe"] == "premium-premium-orders").unwrap().clone();
        if premium["verdict"]["settled"] == true { Ok(()) } else { Err(premium) }
    });
    assert_eq!(
        server.lines("OrderProcessorLambda", "\"ORD-2 |\""),
        Vec::<String>::new(),
        "a stopped pipe delivers nothing"
    );
    server.stop();
    template(directory.path(), &[]);
    let server = Server::up(&start);
    server.drain();
    let lines = server.lines("OrderProcessorLambda", "\"Processed order\"");
    let expected = [("ORD-1", "pending"), ("ORD-2", "pending"), ("ORD-2", "shipped")];
    let expected = expected.map(|(id, status)| format!("✅ Processed order {id} | Status: {status} | Amount: 500.0"));
    assert_eq!(lines, expected, "each once, and none left out");
    server.stop();
}

#[test]
fn what_a_template_no_longer_names_keeps_its_data_and_comes_back_with_it() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let premium = template(directory.path(), &[]);
    let server = Server::up(&Start { data: &data, template: &premium, failing: "" });
    put(&server, "ORD-1", "pending");
    server.drain();
    server.stop();
    let orders = harness::stack("orders.yaml");
    let server = Server::up(&Start { data: &data, template: &orders, failing: "" });
    assert_eq!(server.said["stacks"][0]["name"], "orders");
    let item = json!({ "orderId": { "S": "ORD-9" }, "orderStatus": { "S": "pending" }, "orderAmount": { "N": "500" },
                       "customerEmail": { "S": "somebody@example.com" }, "orderDate": { "S": "2026-01-01T00:00:00Z" } });
    server.connect().tables("PutItem", &json!({ "TableName": "Orders", "Item": item })).unwrap().ok();
    soon("the other stack delivers", || match &server.lines("OrderProcessorFunction", "\"ORD-9\"")[..] {
        [line] if line.starts_with("✅ Processed order ORD-9 ") => Ok(()),
        other => Err(other.to_vec()),
    });
    server.stop();
    let server = Server::up(&Start { data: &data, template: &premium, failing: "" });
    put(&server, "ORD-1", "shipped");
    server.drain();
    assert_eq!(verdicts(&server, "ORD-1"), ["matched", "matched"], "its history is whole");
    assert_eq!(server.lines("OrderProcessorLambda", "\"Processed order\"").len(), 2, "and nothing is delivered again");
    server.stop();
}
