//! Whatever is sent, the answer says what is wrong with it, all at once, and nothing is ordered.
//!
//! What is wrong inside a body is a table of bodies and the places that must be named ([`faulty`]); what is wrong with
//! the way it is sent are bytes as they go over the wire ([`the_way_it_is_sent_matters_too`]).

use super::Shop;
use crate::harness::{Answer, Connection};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// A body that would be taken, but for one member.
fn with(pointer: &str, value: &str) -> String {
    let mut order = json!({
        "customerId": "C-1", "customerEmail": "ada@example.com",
        "items": [{ "sku": "TEA", "name": "Tea", "quantity": 1, "price": "1.00" }],
    });
    // A text that cannot be in JSON, so that any JSON can be put in its place.
    const HERE: &str = "\u{1}HERE";
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = if parent.is_empty() { &mut order } else { order.pointer_mut(parent).unwrap() };
    parent[name] = json!(HERE);
    order.to_string().replace(&json!(HERE).to_string(), value)
}

/// Bodies, and the pointers that their faults must have: these and no others.
fn faulty() -> Vec<(String, Vec<&'static str>)> {
    let item = |number: usize| json!({ "sku": format!("S-{number}"), "name": "x", "quantity": 1, "price": "1" });
    let items = |count: usize| Json::from((0..count).map(item).collect::<Vec<_>>()).to_string();
    let mut cases = vec![
        ("{}".to_owned(), vec!["/customerId", "/customerEmail", "/items"]),
        (
            r#"{"customerId":7,"customerEmail":"nobody","currency":"usd","colour":"red","status":"COMPLETED",
                "items":[{"sku":"","name":"x","quantity":0,"price":-1,"size":3},{"sku":"A B","quantity":"2","price":"much"}],
                "shippingAddress":{"line1":"","country":"us","planet":"Earth"},"note":["x"]}"#
                .to_owned(),
            vec![
                "/customerId",
                "/customerEmail",
                "/currency",
                "/colour",
                "/status",
                "/items/0/sku",
                "/items/0/quantity",
                "/items/0/price",
                "/items/0/size",
                "/items/1/sku",
                "/items/1/name",
                "/items/1/quantity",
                "/items/1/price",
                "/shippingAddress/line1",
                "/shippingAddress/city",
                "/shippingAddress/country",
                "/shippingAddress/planet",
                "/note",
            ],
        ),
        (with("/items", "[]"), vec!["/items"]),
        (with("/items", "{}"), vec!["/items"]),
        (with("/items", "[1,null]"), vec!["/items/0", "/items/1"]),
        (with("/items", &items(101)), vec!["/items"]),
        ("[]".to_owned(), vec![""]),
        ("null".to_owned(), vec![""]),
        ("\"order\"".to_owned(), vec![""]),
        ("17".to_owned(), vec![""]),
    ];
    let long = |count: usize, of: &str| format!("\"{}\"", of.repeat(count));
    let texts: &[(&str, &[String])] = &[
        (
            "/customerId",
            &[
                "null".into(),
                "17".into(),
                "true".into(),
                "[\"C-1\"]".into(),
                "\"\"".into(),
                "\" \"".into(),
                "\"a b\"".into(),
                "\"a#b\"".into(),
                "\"a/b\"".into(),
                "\"größe\"".into(),
                "\"a\\u0000b\"".into(),
                "\"a\\u001b[31m\"".into(),
                long(129, "x"),
                long(100_000, "x"),
            ],
        ),
        (
            "/customerEmail",
            &[
                "\"\"".into(),
                "\"ada\"".into(),
                "\"@example.com\"".into(),
                "\"ada@\"".into(),
                "\"a da@example.com\"".into(),
                "\"ada@example..com\"".into(),
                "\"ada@example.com\\r\\nBcc: all@example.com\"".into(),
                format!("\"{}@example.com\"", "x".repeat(250)),
            ],
        ),
        (
            "/currency",
            &["\"usd\"".into(), "\"US\"".into(), "\"USDX\"".into(), "\"\"".into(), "840".into(), "\"XXQ\"".into()],
        ),
        ("/note", &["7".into(), long(1_001, "x"), long(1_001, "日"), "\"a\\u0000\"".into(), "\"\\u202eevil\"".into()]),
        ("/items/0/sku", &["\"\"".into(), "\"A B\"".into(), "\"ä\"".into(), long(65, "x"), "null".into()]),
        ("/items/0/name", &["\"\"".into(), long(201, "x"), "\"a\\nb\"".into(), "\"\\ufeffTea\"".into(), "{}".into()]),
        (
            "/items/0/quantity",
            &[
                "0".into(),
                "-1".into(),
                "1.5".into(),
                "\"1\"".into(),
                "null".into(),
                "10001".into(),
                "1e400".into(),
                "1e-400".into(),
                "99999999999999999999999999".into(),
                "[1]".into(),
            ],
        ),
        (
            "/items/0/price",
            &[
                "-0.01".into(),
                "\"-1\"".into(),
                "\"\"".into(),
                "\"much\"".into(),
                "\"1,00\"".into(),
                "\"1.005\"".into(),
                "1.005".into(),
                "\" 1\"".into(),
                "\"+1\"".into(),
                "\"NaN\"".into(),
                "\"١\"".into(),
                "1e999999999".into(),
                "99999999999999999999".into(),
                "null".into(),
                "true".into(),
            ],
        ),
        ("/shippingAddress", &["\"here\"".into(), "[]".into(), "null".into()]),
        ("/status", &["\"COMPLETED\"".into()]),
        ("/orderId", &["\"mine\"".into()]),
        ("/tenant", &["\"south\"".into()]),
        ("/tier", &["\"premium\"".into()]),
        ("/test", &["true".into()]),
        ("/items/0/discount", &["1".into()]),
    ];
    for (pointer, values) in texts {
        cases.extend(values.iter().map(|value| (with(pointer, value), vec![*pointer])));
    }
    // What shows only when the order is seen as a whole.
    let twice = r#"[{"sku":"A","name":"x","quantity":1,"price":1},{"sku":"A","name":"y","quantity":1,"price":1}]"#;
    let costly = r#"[{"sku":"A","name":"x","quantity":10000,"price":"9999999999999"}]"#;
    cases.push((with("/items", twice), vec!["/items/1/sku"]));
    cases.push((with("/items", costly), vec!["/items/0/price"]));
    cases
}

/// Bodies that are no JSON, or no JSON that everybody reads alike.
fn not_json() -> Vec<Vec<u8>> {
    let valid = with("/note", "\"x\"");
    let texts = [
        "",
        " ",
        "{",
        "{\"customerId\":",
        "nul",
        "{'customerId':'C-1'}",
        "{\"customerId\":\"C-1\",}",
        "{\"items\":[1,]}",
        "{\"quantity\":NaN}",
        "{\"quantity\":01}",
        "{\"quantity\":+1}",
        "{\"quantity\":.5}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"line\nbreak\"}",
        "<order/>",
    ];
    let mut bodies: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.push(format!("{valid} {{}}").into_bytes());
    bodies.push(format!("\u{feff}{valid}").into_bytes());
    bodies.push([valid.as_bytes(), b"\0"].concat());
    bodies.push(valid.replace("Tea", "T\u{1}").into_bytes());
    bodies.push(valid.replace("Tea", "half a character: \\ud800").into_bytes());
    let mut odd = valid.clone().into_bytes();
    let at = valid.find("Tea").unwrap();
    odd[at] = 0xff;
    bodies.push(odd.clone());
    // A surrogate, and a slash in two bytes, as UTF-8 must not write them.
    for bytes in [&b"\xed\xa0\x80"[..], b"\xc0\xaf"] {
        bodies.push([&valid.as_bytes()[..at], bytes, &valid.as_bytes()[at..]].concat());
    }
    bodies.push([b"[".repeat(10_000), b"]".repeat(10_000)].concat());
    bodies.push(b"{\"a\":".repeat(10_000));
    bodies.push(with("/note", &["[".repeat(5_000), "]".repeat(5_000)].concat()).into_bytes());
    bodies
}

/// A refusal of a request, held to what is true of all refusals.
fn refused(what: &str, answer: &Answer, status: u16) -> Json {
    let text = answer.text();
    assert_eq!(answer.status, status, "{what}: {text}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}: {text}");
    let told = answer.json();
    assert_eq!(told["status"], status, "{what}: {told}");
    for name in ["type", "title", "detail", "instance", "message"] {
        assert!(told[name].as_str().is_some_and(|text| !text.is_empty()), "{what}: {name} in {told}");
    }
    let id = answer.header("x-amzn-requestid").unwrap_or_else(|| panic!("{what}: {answer:?}"));
    assert!(told["instance"].as_str().unwrap().contains(id), "{what}: {id} in {told}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{what}: nothing acts on a terminal: {text:?}");
    assert!(text.len() < 40_000, "{what}: {} bytes", text.len());
    told
}

fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(150).collect()
}

fn nothing_was_ordered(shop: &Shop) {
    assert_eq!(shop.waiting("OrderQueue"), [0, 0, 0]);
    assert_eq!(shop.customer().list("C-1"), Vec::<Json>::new());
}

#[test]
fn everything_that_is_wrong_with_a_body_is_told_at_once() {
    let shop = Shop::open(&[("OrderQueuePoller.Enabled", "false")]);
    let mut customer = shop.customer();
    for (body, expected) in faulty() {
        let answer = customer.ask("POST", "/orders", &[], body.as_bytes()).unwrap();
        let what = shown(body.as_bytes());
        let told = refused(&what, &answer, 400);
        let errors = told["errors"].as_array().unwrap_or_else(|| panic!("{what}: {told}"));
        let places: BTreeSet<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, expected.into_iter().collect(), "{what}: {told:#}");
        assert!(errors.iter().all(|error| !error["detail"].as_str().unwrap().is_empty()), "{what}: {told:#}");
    }
    for body in not_json() {
        let answer = customer.ask("POST", "/orders", &[], &body).unwrap();
        refused(&shown(&body), &answer, 400);
    }
    // Which of two members counts is a matter of who reads: so neither does.
    for (body, place) in [
        (with("/note", "\"x\",\"note\":\"y\""), "/note"),
        (with("/customerId", "\"C-1\",\"customerId\":\"C-2\""), "/customerId"),
        (with("/items/0/price", "\"1.00\",\"price\":\"0.01\""), "/items/0/price"),
        (with("/items/0/price", "\"1.00\",\"pr\\u0069ce\":\"0.01\""), "/items/0/price"),
    ] {
        let answer = customer.ask("POST", "/orders", &[], body.as_bytes()).unwrap();
        assert!(refused(&body, &answer, 400).to_string().contains(place), "{}", answer.text());
    }
    // A hundred thousand members: told of at most a hundred, and in the time that it takes to read them.
    let many: Vec<String> = (0..20_000).map(|number| format!("\"m{number}\":1")).collect();
    let answer = customer.ask("POST", "/orders", &[], format!("{{{}}}", many.join(",")).as_bytes()).unwrap();
    assert!(refused("many members", &answer, 400)["errors"].as_array().unwrap().len() <= 100);
    nothing_was_ordered(&shop);
}

#[test]
fn parameters_and_paths_that_make_no_sense_are_refused() {
    let shop = Shop::open(&[("OrderQueuePoller.Enabled", "false")]);
    let mut customer = shop.customer();
    let order = with("/note", "\"x\"");
    for key in ["", " ", "a b", "ä", "a\tb", &"x".repeat(256)] {
        let answer = customer.ask("POST", "/orders", &[("idempotency-key", key)], order.as_bytes()).unwrap();
        let told = refused(&format!("the key {key:?}"), &answer, 400);
        assert!(told.to_string().to_lowercase().contains("idempotency-key"), "{told}");
    }
    for path in ["/order", "/orders/", "//orders", "/ORDERS", "/orders//cancel", "/customers/C-1", "/orders/x/y/z"] {
        refused(path, &customer.ask("GET", path, &[], b"").unwrap(), 404);
    }
    for (method, path, allow) in [
        ("GET", "/orders", &["POST"][..]),
        ("DELETE", "/orders", &["POST"]),
        ("PUT", "/orders/01890a5d-ac96-774b-bcce-b302099a8057", &["GET"]),
        ("GET", "/orders/01890a5d-ac96-774b-bcce-b302099a8057/cancel", &["POST"]),
        ("POST", "/customers/C-1/orders", &["GET"]),
        ("BREW", "/orders", &["POST"]),
    ] {
        let answer = customer.ask(method, path, &[], b"").unwrap();
        refused(&format!("{method} {path}"), &answer, 405);
        let told: Vec<&str> = answer.header("allow").expect("which methods there are").split(", ").collect();
        assert!(allow.iter().all(|method| told.contains(method)), "{method} {path}: {told:?}");
        assert!(!told.contains(&method), "{method} {path}: {told:?}");
    }
    for id in
        ["x", "..", "%2e%2e", "%00", "%ff", "%", "%zz", "01890A5D-AC96-774B-BCCE-B302099A8057", "a%2Fb", "%3Cscript%3E"]
    {
        for (method, rest) in [("GET", ""), ("GET", "/events"), ("POST", "/cancel")] {
            let path = format!("/orders/{id}{rest}");
            let answer = customer.ask(method, &path, &[], b"").unwrap();
            assert!(matches!(answer.status, 400 | 404), "{method} {path}: {} {}", answer.status, answer.text());
            refused(&path, &answer, answer.status);
        }
    }
    let long = format!("/orders/{}", "x".repeat(6_000));
    let answer = customer.ask("GET", &long, &[], b"").unwrap();
    assert!(matches!(answer.status, 400 | 404 | 414), "{}", answer.status);
    nothing_was_ordered(&shop);
}

/// Sends these bytes, and reads the answer; none if the server hung up without one. It may do so before all is sent.
fn exchange(shop: &Shop, bytes: &[u8]) -> Option<Answer> {
    let mut connection = Connection::open(&shop.server().public).unwrap();
    let _ = connection.send(bytes);
    connection.answer().ok()
}

#[test]
fn the_way_it_is_sent_matters_too() {
    let shop = Shop::open(&[("OrderQueuePoller.Enabled", "false"), ("CacheSeconds", "0")]);
    let order = with("/note", "\"x\"");
    let key = &shop.key;
    let head = format!("POST /orders HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n");
    let json = "content-type: application/json\r\n";
    let send = |headers: &str, body: &str| exchange(&shop, format!("{head}{headers}\r\n{body}").as_bytes());
    let length = format!("content-length: {}\r\n", order.len());

    // Refused on its head alone: none of these bodies is ever sent.
    for huge in ["20000000", "1073741824", "18446744073709551000"] {
        let answer = send(&format!("{json}content-length: {huge}\r\n"), "").unwrap();
        refused(huge, &answer, 413);
        let answer = send(&format!("{json}expect: 100-continue\r\ncontent-length: {huge}\r\n"), "").unwrap();
        refused("asked before it is sent", &answer, 413);
    }
    // As pieces without an announced length, it is refused when it has become too large.
    let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let answer = send(&format!("{json}transfer-encoding: chunked\r\n"), &piece.repeat(200)).unwrap();
    refused("an endless body", &answer, 413);
    // Without a key nobody's body is looked at, however large.
    let answer = exchange(&shop, b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 1073741824\r\n\r\n").unwrap();
    refused("no key", &answer, 403);

    for kind in
        ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let answer = send(&format!("content-type: {kind}\r\n{length}"), &order).unwrap();
        refused(kind, &answer, 415);
    }

    for encoding in ["gzip", "deflate, gzip", "br"] {
        let answer = send(&format!("{json}content-encoding: {encoding}\r\n{length}"), &order).unwrap();
        refused(encoding, &answer, 415);
    }

    // Framing that two readers could read differently is nobody's request.
    let chunked = "transfer-encoding: chunked\r\n";
    for (what, headers, body) in [
        ("two lengths", format!("{json}{length}content-length: 3\r\n"), order.clone()),
        ("a length that no number holds", format!("{json}content-length: 18446744073709551616\r\n"), order.clone()),
        ("a negative length", format!("{json}content-length: -1\r\n"), order.clone()),
        ("no number for a length", format!("{json}content-length: many\r\n"), order.clone()),
        ("an unknown encoding", format!("{json}transfer-encoding: zip\r\n"), order.clone()),
        ("a piece without a size", format!("{json}{chunked}"), "zz\r\nabc\r\n0\r\n\r\n".to_owned()),
        ("a piece that is not as long as it says", format!("{json}{chunked}"), "3\r\nabcdef\r\n0\r\n\r\n".to_owned()),
        ("a header without a colon", "nonsense\r\n".to_owned(), String::new()),
        ("a folded header", format!("x-a: b\r\n c\r\n{json}{length}"), String::new()),
        ("a header of 100 KB", format!("x-a: {}\r\n", "b".repeat(100_000)), String::new()),
        ("1,000 headers", "x-a: b\r\n".repeat(1_000), String::new()),
    ] {
        let answer = send(&headers, &body);
        let status = answer.as_ref().map(|answer| answer.status);
        assert!(matches!(status, None | Some(400 | 413 | 431 | 501)), "{what}: {answer:?}");
    }
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /livez\r\n\r\n",
        b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\xff\xff\r\n\r\n",
    ] {
        let answer = exchange(&shop, bytes);
        let status = answer.as_ref().map(|answer| answer.status);
        assert!(matches!(status, None | Some(400 | 404 | 505)), "{}: {answer:?}", shown(bytes));
    }
    nothing_was_ordered(&shop);

    // What is odd and yet right is taken.
    let mut taken = Vec::new();
    let pieces: String =
        order.as_bytes().iter().map(|byte| format!("1;odd=\"x\"\r\n{}\r\n", char::from(*byte))).collect();
    let pieces = format!("{pieces}0\r\nx-trailer: y\r\n\r\n");
    taken.push(send(&format!("{json}transfer-encoding: chunked\r\n"), &pieces).unwrap());
    taken.push(send(&format!("content-type: Application/JSON; charset=UTF-8\r\n{length}"), &order).unwrap());
    let mut connection = Connection::open(&shop.server().public).unwrap();
    connection.send(format!("{head}{json}expect: 100-continue\r\n{length}\r\n").as_bytes()).unwrap();
    assert_eq!(connection.answer().unwrap().status, 100);
    connection.send(order.as_bytes()).unwrap();
    taken.push(connection.answer().unwrap());
    for text in
        ["\"größe 日本 🚀 \\ud83d\\ude80\"", "\"a\\u0301\"", "\"<script>alert(1)</script>\"", "\"'; drop table --\""]
    {
        let order = with("/note", text);
        let answer = send(&format!("{json}content-length: {}\r\n", order.len()), &order).unwrap();
        let note: Json = serde_json::from_str(text).unwrap();
        assert_eq!(answer.json()["note"], note, "{}", answer.text());
        taken.push(answer);
    }
    for answer in &taken {
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    assert_eq!(shop.customer().list("C-1").len(), taken.len());
}
