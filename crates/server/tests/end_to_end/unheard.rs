//! A server whose standard error takes nothing goes on: that may be a file on the very disk that is full, or a pipe whose
//! reader has stopped reading.

use crate::harness::{self, Server, Start, soon};
use serde_json::json;
use std::io::Read as _;
use std::process::Stdio;

/// How often it has something to complain of: more than a pipe holds.
const OFTEN: usize = 800;

#[test]
fn what_cannot_be_said_stops_nobody() {
    complains_and_goes_on(std::fs::File::options().write(true).open("/dev/full").unwrap(), 3);
}

#[test]
fn what_nobody_reads_stops_nobody() {
    let (unread, end) = std::io::pipe().unwrap();
    complains_and_goes_on(end, OFTEN);
    let mut said = String::new();
    std::io::BufReader::new(unread).read_to_string(&mut said).unwrap();
    assert!(said.lines().count() > OFTEN / 4, "the pipe was full: {said}");
}

fn complains_and_goes_on(stderr: impl Into<Stdio>, times: usize) {
    let directory = harness::directory();
    let (data, template) = (directory.path().join("data"), harness::stack("commerce.yaml"));
    let server = Server::up_unheard(&Start { data: &data, template: &template, failing: "" }, stderr);
    let mut client = server.connect();
    // Of an event for a bus that is not there the server complains, within the request.
    let event = json!({ "Source": "here", "DetailType": "lost", "Detail": "{}", "EventBusName": "nowhere" });
    for _ in 0..times {
        let told = client.call("AWSEvents.PutEvents", &json!({ "Entries": [event] })).unwrap().ok();
        assert_eq!(told["FailedEntryCount"], 0, "{told}");
    }
    let admin = server.admin.clone();
    let arguments = |rest: &[&'static str]| {
        let data = data.to_str().unwrap().to_owned();
        let common = ["--admin".to_owned(), admin.clone(), "--data-dir".to_owned(), data, "--json".to_owned()];
        rest.iter().map(|one| (*one).to_owned()).chain(common).collect::<Vec<_>>()
    };
    let ask = |rest: &[&'static str]| {
        let arguments = arguments(rest);
        harness::run(directory.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let placed = ask(&["orders", "submit"]);
    assert_eq!(placed.code, Some(0), "{placed:?}");
    soon("the order is completed", || {
        let listed = client.tables("Scan", &json!({ "TableName": "Orders" })).unwrap().ok();
        if listed["Items"][0]["status"]["S"] == "COMPLETED" { Ok(()) } else { Err(listed) }
    });
    server.stop();
}
