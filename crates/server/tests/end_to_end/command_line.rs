//! What the verbs print, and with which exit code they end.
//!
//! 0 yes or done, 1 no or findings, 2 wrong usage or invalid input, 3 no server and no data, 4 data refused. What is
//! wrong is said on the error output, so that what is printed can be read by programs.

use crate::harness::{self, Ended, NOBODY, PROGRAM, Server, Start, run, soon};
use serde_json::json;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PATTERN: &str = r#"{"total":[{"numeric":[">",100]}]}"#;

/// The parts that a verb's words must have: of its output, and of its complaints.
fn holds(ended: &Ended, code: i32, output: &[&str], complaints: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:#?}");
    for part in output {
        assert!(ended.output.contains(part), "{part:?} is printed: {ended:#?}");
    }
    for part in complaints {
        assert!(ended.complaints.contains(part), "{part:?} is complained of: {ended:#?}");
    }
    if complaints.is_empty() {
        assert_eq!(ended.complaints, "", "{ended:#?}");
    }
    assert!(
        !ended.output.contains('\u{1b}') && !ended.complaints.contains('\u{1b}'),
        "no colours in a pipe: {ended:#?}"
    );
}

/// Arguments, what there is to read, and then how it ends: the code, what is printed, what is complained of.
type Case = (&'static [&'static str], &'static str, i32, &'static [&'static str], &'static [&'static str]);

#[test]
fn match_ends_with_yes_no_or_invalid() {
    let directory = harness::directory();
    let file = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    file("pattern.json", PATTERN);
    file("event.json", r#"{"total": 150}"#);
    let cases: [Case; 8] = [
        (&["--pattern", PATTERN, "--event", r#"{"total":101}"#], "", 0, &[], &[]),
        (&["--pattern", PATTERN, "--event", r#"{"total":99}"#], "", 1, &["total", "99", "> 100"], &[]),
        (&["--pattern", "@pattern.json", "--event", "@event.json"], "", 0, &[], &[]),
        (&["--pattern", "@pattern.json", "--event", "-"], r#"{"total": 3}"#, 1, &["total", "3"], &[]),
        (
            &["--pattern", r#"{"total":[{"numerc":[">",100]}]}"#, "--event", "{}"],
            "",
            2,
            &["error[", "note: Event pattern is not valid. Reason: ", "numerc", "line: 1, column: 22"],
            &[],
        ),
        (&["--pattern", PATTERN, "--event", r#"{"total":"#], "", 2, &[], &["the event", "line 1"]),
        (&["--pattern", "@nowhere.json", "--event", "{}"], "", 2, &[], &["nowhere.json"]),
        (&["--pattern", PATTERN], "", 2, &[], &["--event"]),
    ];
    for (arguments, input, code, output, complaints) in cases {
        let ended = harness::run_with_input(directory.path(), &[&["match"], arguments].concat(), input);
        holds(&ended, code, output, complaints);
    }
    let told = run(directory.path(), &["match", "--json", "--pattern", PATTERN, "--event", r#"{"total":99}"#]);
    assert_eq!(told.code, Some(1));
    assert_eq!(told.json()["matched"], false);
    let clause = &told.json()["clauses"][0];
    assert_eq!((&clause["path"], &clause["seen"]), (&json!("total"), &json!(["99"])));
}

#[test]
fn usage_that_is_wrong_is_said_with_what_was_meant() {
    let directory = harness::directory();
    let cases: [(&[&str], &[&str]); 5] = [
        (&["expain", "ORD-1"], &["expain", "explain"]),
        (&["explain"], &["<ORDER>"]),
        (&["up", "--ephemeral", "--data-dir", "x"], &["--ephemeral", "--data-dir"]),
        (&["--admin", "nowhere", "logs"], &["nowhere", "127.0.0.1:4566"]),
        (&["dlq", "redrive", "Q", "--rate", "0"], &["--rate", "0"]),
    ];
    for (arguments, complaints) in cases {
        holds(&run(directory.path(), arguments), 2, &[], complaints);
    }
    holds(&run(directory.path(), &["--help"]), 0, &["explain", "dlq", "doctor", "match", "trigger", "Exit codes"], &[]);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "and nothing is left behind");
}

#[test]
fn the_configuration_is_printed_read_and_refused_by_line() {
    let directory = harness::directory();
    let file = directory.path().join("orderflow.toml");
    let bare = |arguments: &[&str]| harness::run_with_input(directory.path(), arguments, "");
    let printed = bare(&["config"]);
    holds(&printed, 0, &["data-dir = \"orderflow-data\"", "admin = \"127.0.0.1:4566\""], &[]);
    // What is printed can be read: the verb gets as far as looking for a server.
    let nobody = printed.output.replace("admin = \"127.0.0.1:4566\"\n", NOBODY);
    std::fs::write(&file, nobody).unwrap();
    holds(&bare(&["logs"]), 3, &[], &["orderflow-data"]);
    std::fs::write(&file, format!("# mine\n{NOBODY}data-dir = \"elsewhere\"\n")).unwrap();
    holds(&bare(&["logs"]), 3, &[], &["elsewhere"]);
    holds(&bare(&["logs", "--data-dir", "given"]), 3, &[], &["given"]);
    let refused = [
        ("# mine\ndata-dri = \"x\"\n", ["orderflow.toml:2: ", "data-dri", "did you mean `data-dir`?"]),
        ("admin = 7\n", ["orderflow.toml:1: ", "`admin`", "orderflow config"]),
        ("region = \"\n", ["orderflow.toml:1: ", "", ""]),
    ];
    for (text, complaints) in refused {
        std::fs::write(&file, text).unwrap();
        holds(&bare(&["logs"]), 2, &[], &complaints);
        holds(&bare(&["up", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0"]), 2, &[], &complaints);
    }
    holds(&bare(&["--config", "none.toml", "logs"]), 2, &[], &["none.toml"]);
}

#[test]
fn without_server_and_data_every_verb_says_how_to_start_one() {
    let directory = harness::directory();
    let verbs: [&[&str]; 9] = [
        &["explain", "ORD-1"],
        &["logs"],
        &["doctor"],
        &["dlq", "list"],
        &["dlq", "show", "Q"],
        &["dlq", "redrive", "Q"],
        &["trigger", "--admin", "127.0.0.1:1"],
        &["top"],
        &["bench"],
    ];
    for verb in verbs {
        holds(&run(directory.path(), verb), 3, &[], &["error: no server", "hint: start one with: orderflow up"]);
    }
    holds(&run(directory.path(), &["logs", "--admin", "127.0.0.1:1"]), 3, &[], &["127.0.0.1:1"]);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "looking leaves nothing behind");
}

/// Starts a server that must not come up; nothing may be left of it.
fn refused(directory: &Path, template: &str) -> Ended {
    run(directory, &["up", template, "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0"])
}

#[test]
fn a_template_that_cannot_run_is_refused_before_anything_is_touched() {
    let directory = harness::directory();
    let good = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    let type_line = line_of(&good, "Type: AWS::Pipes::Pipe");
    let cases = [
        (good.replace("AWS::Pipes::Pipe", "AWS::Pipes::Pip"), type_line, "did you mean `AWS::Pipes::Pipe`?"),
        (good.replace("!Ref TableName", "!Ref TableNam"), line_of(&good, "!Ref TableName"), "TableName"),
        (good.replacen("BatchSize: 100", "BatchSize: 0", 1), line_of(&good, "BatchSize: 100"), "BatchSize"),
        (
            good.replacen("Handler: premium-orders", "Handler: no-orders", 1),
            line_of(&good, "Handler: premium"),
            "no-orders",
        ),
        ("Resources:\n  A: [\n".to_owned(), 3, "YAML"),
    ];
    for (text, line, part) in cases {
        std::fs::write(directory.path().join("broken.yaml"), text).unwrap();
        holds(&refused(directory.path(), "broken.yaml"), 2, &[], &[&format!("broken.yaml:{line}:"), part]);
        assert!(!directory.path().join("orderflow-data").exists(), "the data directory is not touched");
    }
    holds(&refused(directory.path(), "nowhere.yaml"), 2, &[], &["nowhere.yaml", "hint: "]);
    assert!(!directory.path().join("orderflow-data").exists(), "the data directory is not touched");
}

/// A server on `orderflow-data` of the directory, where verbs find it by themselves.
fn serve(directory: &Path, failing: &str) -> Server {
    let template: PathBuf = harness::stack("premium.yaml");
    Server::up(&Start { data: &directory.join("orderflow-data"), template: &template, failing })
}

#[test]
fn verbs_find_the_server_and_without_it_its_data() {
    let directory = harness::directory();
    let at = directory.path();
    let server = serve(at, "");
    assert_eq!(server.said["stacks"][0]["name"], "premium");
    assert_eq!(server.said["stacks"][0]["tables"], json!(["NewOrders"]));
    holds(&run(at, &["explain", "ORD-1"]), 1, &[], &["there is no order ORD-1", "NewOrders"]);
    let sent = run(at, &["trigger", "--count", "40", "--seed", "7", "--json", "--admin", &server.admin]);
    assert_eq!(sent.code, Some(0), "{sent:#?}");
    let listed = |words: &[&str]| {
        holds(&run(at, &["logs"]), 0, &["/aws/lambda/OrderProcessorLambda", "/aws/lambda/PremiumOrderLambda"], &[]);
        holds(&run(at, &["logs", "OrderProcessorLambda"]), 0, words, &[]);
        holds(&run(at, &["logs", "OrderProcessorLambda", "--json"]), 0, words, &[]);
        holds(&run(at, &["logs", "OrderProcessorLambda", "--filter", "nothingLikeThis"]), 0, &[], &["no lines"]);
        holds(&run(at, &["logs", "Nothing"]), 1, &[], &["Nothing", "OrderProcessorLambda"]);
        holds(&run(at, &["dlq", "list"]), 0, &["PremiumOrdersDLQ", "StandardOrdersDLQ"], &[]);
        holds(&run(at, &["dlq", "show", "PremiumOrdersDLQ"]), 0, &["PremiumOrdersDLQ"], &[]);
        holds(&run(at, &["dlq", "show", "Nothing"]), 1, &[], &["Nothing", "PremiumOrdersDLQ"]);
        holds(&run(at, &["dlq", "redrive", "Nothing"]), 1, &[], &["Nothing"]);
        holds(&run(at, &["explain", "ORD-1"]), 1, &[], &["there is no order ORD-1"]);
        holds(&run(at, &["doctor"]), 0, &["all is well"], &[]);
        assert_eq!(run(at, &["doctor", "--json"]).json()["findings"], json!([]));
    };
    server.drain();
    let lines = server.lines("OrderProcessorLambda", "\"Processed order\"");
    let order = lines[0].split(' ').nth(3).unwrap().to_owned();
    let words: [&str; 2] = [&lines[0], "REPORT RequestId: "];
    listed(&words);
    let known = run(at, &["explain", &order]);
    holds(&known, 0, &[&order, "INSERT", "premium-standard-orders", "premium-premium-orders"], &[]);
    let told = run(at, &["explain", &order, "--json"]).json();
    // Killed, it leaves the note of where it listened; that must not send verbs to nobody.
    server.kill();
    assert!(at.join("orderflow-data/server.json").exists());
    listed(&words);
    assert_eq!(run(at, &["explain", &order, "--json"]).json(), told, "a directory tells what the server told");
    holds(&run(at, &["trigger"]), 3, &[], &["no server"]);
    let server = serve(at, "");
    server.stop();
    assert!(!at.join("orderflow-data/server.json").exists(), "a server that stops takes its note with it");
    listed(&words);
}

#[test]
fn sample_orders_go_to_the_shop_front_and_can_be_watched_and_explained() {
    let directory = harness::directory();
    let at = directory.path();
    let template = harness::stack("commerce.yaml");
    let server = Server::up(&Start { data: &at.join("orderflow-data"), template: &template, failing: "" });
    let sent = run(at, &["trigger", "--count", "60", "--seed", "7", "--json"]).json();
    assert_eq!((&sent["orders"], &sent["accepted"]), (&json!(60), &json!(60)), "{sent}");
    let order = sent["latest"].as_str().unwrap();
    harness::soon("the order to be completed", || {
        let status = run(at, &["orders", "get", order, "--json"]).json()["status"].clone();
        if status == "COMPLETED" { Ok(()) } else { Err(status) }
    });
    holds(&run(at, &["explain", order]), 0, &["PENDING → VALIDATING", "FULFILLMENT → COMPLETED", "--full"], &[]);
    holds(&run(at, &["explain", order, "--full"]), 0, &["updatedAt", "amountMinor"], &[]);
    holds(&run(at, &["trigger", "--table", "Orders"]), 2, &[], &["over the API", "leave --table out"]);
    let vitals = server.ask("vitals");
    assert_eq!(
        vitals["routes"].as_array().unwrap().iter().find(|route| route["method"] == "POST").unwrap()["byStatus"]["201"],
        60
    );
    holds(&run(at, &["top", "--once", "--every", "0.1"]), 0, &["POST /orders", "OrderQueue", "VALIDATING"], &[]);
    let looks = run(at, &["top", "--once", "--every", "0.1", "--json"]).json();
    assert_eq!(looks["ordersTakenPerSecond"], 0.0, "{looks}");
    assert!(looks["seconds"].as_f64().unwrap() >= 0.1, "{looks}");
    server.stop();
    holds(&run(at, &["top"]), 3, &[], &["no server"]);
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let directory = harness::directory();
    let template = harness::stack("premium.yaml");
    let data = directory.path().join("orderflow-data");
    let server = serve(directory.path(), "");
    let second = refused(directory.path(), template.to_str().unwrap());
    holds(&second, 4, &[], &["orderflow-data", "in use by another process"]);
    let health = server.ask("health");
    assert_eq!(health["status"], "ok", "the first one goes on");
    // Nor is the address of the first one taken from it.
    let arguments = ["up", template.to_str().unwrap(), "--data-dir", "other", "--public", "127.0.0.1:0", "--admin"];
    let third = run(directory.path(), &[&arguments[..], &[&server.admin]].concat());
    holds(&third, 2, &[], &[&format!("cannot listen on {}", server.admin), "--admin"]);
    server.kill();
    // A lock that its owner did not give back is no lock.
    Server::up(&Start { data: &data, template: &template, failing: "" }).stop();
}

#[test]
fn data_that_is_damaged_is_refused_and_named() {
    let directory = harness::directory();
    let data = directory.path().join("orderflow-data");
    let server = serve(directory.path(), "");
    let item = json!({ "orderId": { "S": "ORD-1" }, "status": { "S": "pending" } });
    for _ in 0..3 {
        server.connect().tables("PutItem", &json!({ "TableName": "NewOrders", "Item": item })).unwrap().ok();
    }
    server.stop();
    let segment = std::fs::read_dir(data.join("log")).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let file = std::fs::File::options().read(true).write(true).open(&segment).unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    let place = bytes.windows(5).position(|bytes| bytes == b"ORD-1").expect("the order is in the log");
    file.write_all_at(b"ORD-2", place as u64).unwrap();
    let name = segment.file_name().unwrap().to_str().unwrap();
    let template = harness::stack("premium.yaml");
    holds(&refused(directory.path(), template.to_str().unwrap()), 4, &[], &[name]);
    holds(&run(directory.path(), &["doctor"]), 4, &[], &[name]);
    holds(&run(directory.path(), &["explain", "ORD-1"]), 4, &[], &[name]);
    assert_eq!(std::fs::read(&segment).unwrap().len(), bytes.len(), "nothing is cut off or repaired away");
    file.write_all_at(b"ORD-1", place as u64).unwrap();
    holds(&run(directory.path(), &["explain", "ORD-1"]), 0, &["ORD-1"], &[]);
}

#[test]
fn what_is_ephemeral_leaves_nothing() {
    let directory = harness::directory();
    let scratch = directory.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["--ephemeral", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0"]).env("TMPDIR", &scratch);
    command.current_dir(directory.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // A bare `orderflow` runs the built-in stack, and says where to look.
    let mut printed = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut words = String::new();
    while !words.contains("Ctrl-C") {
        assert!(std::io::BufRead::read_line(&mut printed, &mut words).unwrap() > 0, "it ended early: {words}");
    }
    for part in [
        "stack commerce (built in)",
        "OrderWorker",
        "x-api-key: of_",
        "curl -s http://127.0.0.1:",
        "AWS_ENDPOINT_URL=http://",
    ] {
        assert!(words.contains(part), "{part:?} is said:\n{words}");
    }
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 1, "its data is in a place of its own");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    soon("it stops", || child.try_wait().unwrap().ok_or(()));
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "which goes with it");
    assert!(!directory.path().join("orderflow-data").exists());
}
