//! Every operation that is served, tried with every kind of key: who may, who may not, and that nobody learns of
//! another tenant's orders.
//!
//! The operations come from the document that the server hands out. One that is not in [`OPERATIONS`] fails the test,
//! so nothing is served without its row here.

use super::{Key, Shop, body, is_written_below};
use crate::harness::Answer;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What keys are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    /// The key of the tenant whose order is asked for.
    Own,
    /// A key of another tenant.
    Other,
    /// The own tenant's, without the scope that the operation needs.
    WrongScope,
    /// The own tenant's, that was revoked.
    Revoked,
    /// One that nobody made.
    Unknown,
    /// The own one, but for its last character.
    Misspelt,
    Nothing,
}

const ALL: [With; 7] =
    [With::Own, With::Other, With::WrongScope, With::Revoked, With::Unknown, With::Misspelt, With::Nothing];

/// An operation: what of the order or customer is asked, which scope that needs (none is open to everybody), and what
/// the own and the other tenant are answered.
type Operation = (&'static str, &'static str, &'static str, Option<&'static str>, u16, u16);

const OPERATIONS: &[Operation] = &[
    ("POST", "/orders", "/orders", Some("orders:write"), 201, 201),
    ("GET", "/orders/{orderId}", "/orders/ORDER", Some("orders:read"), 200, 404),
    ("GET", "/orders/{orderId}/events", "/orders/ORDER/events", Some("orders:read"), 200, 404),
    ("POST", "/orders/{orderId}/cancel", "/orders/ORDER/cancel", Some("orders:write"), 409, 404),
    ("GET", "/customers/{customerId}/orders", "/customers/C-1/orders", Some("orders:read"), 200, 200),
    ("POST", "/chatbot", "/chatbot", Some("orders:read"), 200, 200),
    ("GET", "/openapi.json", "/openapi.json", None, 200, 200),
    ("GET", "/docs", "/docs", None, 200, 200),
    ("GET", "/livez", "/livez", None, 200, 200),
    ("GET", "/readyz", "/readyz", None, 200, 200),
];

/// Methods and paths as the document has them.
fn served(document: &Json) -> BTreeSet<(String, String)> {
    let methods = ["get", "put", "post", "delete", "patch", "head", "trace"];
    let paths = document["paths"].as_object().unwrap();
    let of = |path: &String, item: &Json| {
        let members = item.as_object().unwrap().keys();
        let methods = members.filter(|name| methods.contains(&name.as_str())).map(|name| name.to_uppercase());
        methods.map(|method| (method, path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(|(path, item)| of(path, item)).collect()
}

/// What an answer says, without what differs from request to request: its date, its request's id, how long a copy of
/// it has been kept.
fn said(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    let id = answer.header("x-amzn-requestid").unwrap_or("no id").to_owned();
    headers.retain(|(name, _)| !["date", "x-amzn-requestid", "age"].contains(&name.as_str()));
    (answer.status, headers, answer.text().replace(&id, "ID"))
}

struct Keys {
    own: Key,
    other: Key,
    read: Key,
    write: Key,
    revoked: Key,
}

impl Keys {
    fn make(shop: &Shop) -> Self {
        let keys = Self {
            own: shop.make_key("north", &[]),
            other: shop.make_key("south", &[]),
            read: shop.make_key("north", &["orders:read"]),
            write: shop.make_key("north", &["orders:write"]),
            revoked: shop.make_key("north", &[]),
        };
        let before = ask(shop, Some(&keys.revoked.value), "GET", "/customers/C-1/orders");
        assert_eq!(before.status, 200, "the key is good until it is revoked: {}", before.text());
        shop.revoke(&keys.revoked);
        keys
    }

    fn of(&self, with: With, scope: Option<&str>) -> Option<String> {
        let own = &self.own.value;
        Some(match with {
            With::Own => own.clone(),
            With::Other => self.other.value.clone(),
            With::WrongScope if scope == Some("orders:read") => self.write.value.clone(),
            With::WrongScope => self.read.value.clone(),
            With::Revoked => self.revoked.value.clone(),
            With::Unknown => own.chars().rev().collect(),
            With::Misspelt => {
                let last = if own.ends_with('A') { 'B' } else { 'A' };
                own[..own.len() - 1].chars().chain([last]).collect()
            }
            With::Nothing => return None,
        })
    }
}

fn ask(shop: &Shop, key: Option<&str>, method: &str, path: &str) -> Answer {
    let mut connection = crate::harness::Connection::open(&shop.server().public).unwrap();
    let sent = match (method, path) {
        ("POST", "/orders") => body("C-1", &[("TEA", 1, 100)]).to_string(),
        ("POST", "/chatbot") => json!({ "customerId": "C-1", "message": "Where are my orders?" }).to_string(),
        ("POST", _) => "{}".to_owned(),
        _ => String::new(),
    };
    let key = key.map(|key| ("x-api-key", key));
    let kind = (!sent.is_empty()).then_some(("content-type", "application/json"));
    let headers: Vec<(&str, &str)> = key.into_iter().chain(kind).collect();
    connection.request(method, path, &headers, sent.as_bytes()).unwrap()
}

#[test]
fn every_operation_answers_every_kind_of_key_as_it_should() {
    let mut shop = Shop::open(&[("CacheSeconds", "1")]);
    let document = ask(&shop, None, "GET", "/openapi.json").ok();
    let served = served(&document);
    let known: BTreeSet<_> =
        OPERATIONS.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert!(served.is_subset(&known), "each operation needs its row here: {:?}", served.difference(&known));
    let ours = OPERATIONS.iter().filter(|(.., scope, _, _)| scope.is_some());
    for (method, path, ..) in ours {
        assert!(served.contains(&((*method).to_owned(), (*path).to_owned())), "{method} {path} is not in the document");
    }

    let keys = Keys::make(&shop);
    let mut customer = shop.customer_with(&keys.own.value);
    let placed = customer.placed(&body("C-1", &[("TEA", 1, 77_777)]));
    let id = placed["orderId"].as_str().unwrap().to_owned();
    customer.ended(&id);
    let listed = |shop: &Shop, key: &Key, path: &str| {
        ask(shop, Some(&key.value), "GET", path).ok()["orders"].as_array().unwrap().len()
    };
    assert_eq!(listed(&shop, &keys.own, "/customers/C-1/orders"), 1);
    assert_eq!(listed(&shop, &keys.other, "/customers/C-1/orders"), 0, "a customer is its tenant's own");
    for trick in ["/customers/north%23C-1/orders", "/customers/..%2Fnorth%23C-1/orders"] {
        let answer = ask(&shop, Some(&keys.other.value), "GET", trick);
        assert!(!answer.text().contains(&id) && answer.status != 500, "{trick}: {}", answer.text());
    }

    // The same after a crash: keys, and that one of them was revoked, are durable.
    for crashed in [false, true] {
        if crashed {
            shop.crash();
        }
        for &(method, path, asked, scope, own, other) in OPERATIONS {
            for with in ALL {
                let expected = match with {
                    _ if scope.is_none() => own,
                    With::Own => own,
                    With::Other => other,
                    With::WrongScope | With::Revoked | With::Unknown | With::Misspelt | With::Nothing => 403,
                };
                let key = keys.of(with, scope);
                // Twice, so that an answer that is kept is tried too.
                for _ in 0..2 {
                    let answer = ask(&shop, key.as_deref(), method, &asked.replace("ORDER", &id));
                    let what = format!("{method} {path} with {with:?}, crashed {crashed}");
                    assert_eq!(answer.status, expected, "{what}: {}", answer.text());
                    if answer.status >= 400 {
                        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
                        assert_eq!(answer.json()["status"], json!(answer.status), "{what}");
                        assert!(answer.header("x-amzn-errortype").is_some(), "{what}: {answer:?}");
                        assert!(with == With::Own || !answer.text().contains(&id), "{what}: {}", answer.text());
                    }
                    if other == 404 && with == With::Other {
                        let missing = "01890a5d-ac96-774b-bcce-b302099a8057";
                        let missing = ask(&shop, key.as_deref(), method, &asked.replace("ORDER", missing));
                        assert_eq!(said(&answer), said(&missing), "{what}: as if it were missing");
                    }
                }
            }
        }
    }
    let own = listed(&shop, &keys.own, "/customers/C-1/orders");
    assert_eq!(own, 5, "one before, and the four that the own key placed: refused requests placed none");

    // A way that is not the operation's own is no way around its scope.
    let mut reader = shop.customer_with(&keys.read.value);
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let answer = reader.ask("GET", "/orders", &[(name, "POST")], b"").unwrap();
        assert!(matches!(answer.status, 403..=405), "{name}: {}", answer.status);
    }

    // What was made is kept as a hash, and shown to nobody again.
    let list = shop.run(&["keys", "list"]).output;
    let complaints = shop.server().complaints();
    shop.server.take().unwrap().stop();
    for key in [&keys.own, &keys.other, &keys.read, &keys.write, &keys.revoked] {
        assert!(list.contains(&key.id) && !list.contains(&key.value), "{list}");
        assert!(!complaints.contains(&key.value), "{complaints}");
        let found = is_written_below(&shop.data(), key.value.as_bytes(), "api-key");
        assert_eq!(found, None, "the key itself lies on the disk");
    }
}

/// The key that the first `up` leaves for this machine is its owner's to read, and nobody else's.
#[test]
fn the_key_of_this_machine_is_kept_from_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut shop = Shop::open(&[]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&shop.data().join("api-key")), 0o600);
    assert_eq!(mode(&shop.data()), 0o700);
    let before = shop.key.clone();
    shop.restart();
    let after = std::fs::read_to_string(shop.data().join("api-key")).unwrap();
    assert_eq!(after.trim(), before, "the same as before: whoever has noted it can go on");
    assert!(before.len() >= 22, "at least 128 bits of randomness: {}", before.len());
    assert_eq!(shop.run(&["keys", "list", "--json"]).json()["keys"].as_array().unwrap().len(), 1);
}
