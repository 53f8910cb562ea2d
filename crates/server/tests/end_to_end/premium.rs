//! Premium customers are looked after: real receivers are told by webhook, mail and call, each once for each order,
//! whatever fails, hangs or dies; what came of it is visible, and nobody else waits for it.
//!
//! The template is the repository's own, with this test's receivers for its parameters.

use crate::harness::{self, Server, Start, soon};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const QUEUE: &str = "PremiumOrderEventsDLQ";
const FUNCTION: &str = "PremiumOrderProcessorFunction";
const SECRETS: [(&str, &str); 2] =
    [("TEST_MANAGER", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ("TEST_CRM", "a secret that is long enough")];
/// A status that no receiver answers with: it says nothing at all.
const HANGS: u16 = 0;

/// Somebody who listens, and what they were told.
struct Receiver {
    port: u16,
    told: Arc<Mutex<Vec<Json>>>,
    /// What requests are answered with.
    status: Arc<AtomicU16>,
}

impl Receiver {
    /// One who takes webhooks: their bodies, with their ids beside.
    fn of_webhooks() -> Self {
        Self::listening(|stream, told, status| {
            let mut stream = BufReader::new(stream);
            let (mut head, mut line) = (Vec::new(), String::new());
            while stream.read_line(&mut line).is_ok_and(|count| count > 2) {
                head.push(std::mem::take(&mut line).trim_end().to_ascii_lowercase());
            }
            let header = |name: &str| head.iter().find_map(|line| line.strip_prefix(name)).unwrap_or("").to_owned();
            let mut body = vec![0; header("content-length: ").parse().unwrap_or(0)];
            if stream.read_exact(&mut body).is_err() || head.is_empty() {
                return;
            }
            if status == HANGS {
                // Until the other side has had enough.
                let _ = stream.read(&mut [0]);
                return;
            }
            if status < 300 {
                let id = header("webhook-id: ");
                assert!(header("webhook-signature: ").starts_with("v1,") && !header("webhook-timestamp: ").is_empty());
                told.lock().unwrap().push(json!({"id": id, "body": serde_json::from_slice::<Json>(&body).unwrap()}));
            }
            let _ = write!(stream.get_mut(), "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        })
    }

    /// One who takes mail: whole mails.
    fn of_mail() -> Self {
        Self::listening(|stream, told, _| {
            let mut stream = BufReader::new(stream);
            let say = |stream: &mut BufReader<TcpStream>, text: &str| stream.get_mut().write_all(text.as_bytes());
            let _ = say(&mut stream, "220 mail.example\r\n");
            let (mut line, mut mail) = (String::new(), None::<String>);
            while stream.read_line(&mut line).is_ok_and(|count| count > 0) {
                let said = std::mem::take(&mut line);
                let reply = match (&mut mail, said.as_str()) {
                    (Some(text), ".\r\n") => {
                        told.lock().unwrap().push(text.as_str().into());
                        mail = None;
                        "250 taken\r\n"
                    }
                    (Some(text), more) => {
                        text.push_str(more);
                        continue;
                    }
                    (None, "DATA\r\n") => {
                        mail = Some(String::new());
                        "354 go on\r\n"
                    }
                    (None, "QUIT\r\n") => return,
                    (None, _) => "250 fine\r\n",
                };
                let _ = say(&mut stream, reply);
            }
        })
    }

    fn listening(serve: fn(TcpStream, &Mutex<Vec<Json>>, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU16::new(204)));
        let shared = (Arc::clone(&told), Arc::clone(&status));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (told, status) = (Arc::clone(&shared.0), shared.1.load(Ordering::Relaxed));
                let _ = stream.set_read_timeout(Some(harness::PATIENCE));
                std::thread::spawn(move || serve(stream, &told, status));
            }
        });
        Self { port, told, status }
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn told(&self) -> Vec<Json> {
        self.told.lock().unwrap().clone()
    }

    /// Which orders were told of, with repeats.
    fn orders(&self) -> Vec<String> {
        let order = |one: &Json| match one {
            Json::String(mail) => {
                let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: Premium order ")).unwrap();
                subject.split(' ').next().unwrap().to_owned()
            }
            told => told["body"]["data"]["orderId"].as_str().unwrap().to_owned(),
        };
        self.told().iter().map(order).collect()
    }
}

struct World {
    directory: tempfile::TempDir,
    manager: Receiver,
    crm: Receiver,
    mail: Receiver,
}

impl World {
    fn new() -> Self {
        let (manager, crm, mail) = (Receiver::of_webhooks(), Receiver::of_webhooks(), Receiver::of_mail());
        Self { directory: harness::directory(), manager, crm, mail }
    }

    fn template(&self) -> PathBuf {
        let parameters = [
            ("AccountManagerWebhookUrl", format!("http://127.0.0.1:{}/vip", self.manager.port)),
            ("AccountManagerWebhookSecret", SECRETS[0].0.to_owned()),
            ("CrmUrl", format!("http://localhost:{}/crm", self.crm.port)),
            ("CrmSecret", SECRETS[1].0.to_owned()),
            ("SmtpUrl", format!("smtp://127.0.0.1:{}?tls=none", self.mail.port)),
            ("MailFrom", "Orders <orders@shop.example>".to_owned()),
            ("MailTo", "vip@shop.example".to_owned()),
            ("AllowedAddresses", "127.0.0.1,::1".to_owned()),
        ];
        let mut text = std::fs::read_to_string(harness::stack("orders.yaml")).unwrap();
        for (name, value) in parameters {
            let empty = format!("  {name}:\n    Type: String\n    Default: \"\"\n");
            assert_eq!(text.matches(&empty).count(), 1, "{name}");
            text = text.replace(&empty, &format!("  {name}:\n    Type: String\n    Default: \"{value}\"\n"));
        }
        let text = text.replace("EFFECT_TIMEOUT_MS: \"5000\"", "EFFECT_TIMEOUT_MS: \"1000\"");
        let path = self.directory.path().join("orders.yaml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn up(&self) -> Server {
        let data: &Path = &self.directory.path().join("data");
        Server::up_where(&Start { data, template: &self.template(), failing: "" }, &SECRETS)
    }
}

fn put(server: &Server, id: &str, status: &str, amount: u32) {
    let item = json!({
        "orderId": {"S": id}, "orderStatus": {"S": status}, "orderAmount": {"N": amount.to_string()},
        "customerEmail": {"S": "vip@example.com"}, "orderDate": {"S": "2025-10-31"},
    });
    server.connect().tables("PutItem", &json!({"TableName": "Orders", "Item": item})).unwrap().ok();
}

fn ship(server: &Server, id: &str) {
    put(server, id, "pending", 1500);
    let asked = json!({
        "TableName": "Orders", "Key": {"orderId": {"S": id}}, "UpdateExpression": "SET orderStatus = :s",
        "ExpressionAttributeValues": {":s": {"S": "shipped"}},
    });
    server.connect().tables("UpdateItem", &asked).unwrap().ok();
}

fn item(server: &Server, table: &str, id: &str) -> Json {
    let asked = json!({"TableName": table, "Key": {"orderId": {"S": id}}});
    server.connect().tables("GetItem", &asked).unwrap().ok()["Item"].clone()
}

/// How each effect for an order stands.
fn states(server: &Server, id: &str) -> [String; 4] {
    let kept = item(server, "PremiumService", id);
    let state = |effect: &str| kept[effect]["M"]["came"]["S"].as_str().unwrap_or("none").to_owned();
    ["shippingPriority", "managerWebhook", "managerMail", "crm"].map(state)
}

fn wait_until_done(server: &Server, id: &str) {
    soon("everything is done for it", || match states(server, id) {
        states if states.iter().all(|state| state == "done") => Ok(()),
        states => Err(states),
    });
}

fn letters(server: &Server) -> u64 {
    let url = format!("http://{}/000000000000/{QUEUE}", server.admin);
    let told = server.connect().queues("GetQueueAttributes", &json!({"QueueUrl": url, "AttributeNames": ["All"]}));
    told["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_premium_order_is_told_of_once_and_what_came_of_it_is_visible() {
    let world = World::new();
    let server = world.up();
    // Two of those that are tried, and the third goes well.
    world.crm.answer(503);
    ship(&server, "VIP-1");
    soon("the CRM has failed", || match states(&server, "VIP-1") {
        [.., crm] if crm == "failed" => Ok(()),
        states => Err(states),
    });
    world.crm.answer(201);
    wait_until_done(&server, "VIP-1");
    // A smaller one, a shipped one and one without a status before are none of its business.
    put(&server, "SMALL", "pending", 900);
    put(&server, "SMALL", "shipped", 900);
    put(&server, "NEW", "shipped", 5000);
    ship(&server, "VIP-2");
    wait_until_done(&server, "VIP-2");
    for receiver in [&world.manager, &world.crm, &world.mail] {
        assert_eq!(receiver.orders(), ["VIP-1", "VIP-2"]);
    }
    assert_eq!(item(&server, "Orders", "VIP-1")["shippingPriority"]["S"], "high");
    let told = server.ask("explain?order=VIP-1");
    let tables: Vec<&Json> = told["histories"].as_array().unwrap().iter().map(|history| &history["table"]).collect();
    assert_eq!(tables, ["Orders", "PremiumService"]);
    let text = told.to_string();
    assert!(text.contains("it answers with status 503") && text.contains("told, it answers with status 201"), "{text}");
    let lines = server.lines(FUNCTION, "VIP");
    let has = |part: &str| lines.iter().any(|line| line.contains(part));
    assert!(has("📣 VIP-1 | account manager's mail: mailed, the server says 250 taken (attempt 1)"), "{lines:#?}");
    assert!(has("❌ VIP-1 | CRM: ") && has("↩️ VIP-1 | account manager's webhook: settled before"), "{lines:#?}");
    soon("the raised priority reached the other pipe", || {
        let skipped = server.lines("OrderProcessorFunction", "\"Only its shipping priority was raised\"");
        if skipped.len() == 2 { Ok(()) } else { Err(skipped) }
    });
    assert_eq!(server.lines("OrderProcessorFunction", "\"Processed order VIP-1\"").len(), 2);
    server.stop();
}

#[test]
fn a_receiver_that_hangs_holds_up_nobody_else_and_its_order_is_kept() {
    let world = World::new();
    let server = world.up();
    world.manager.answer(HANGS);
    ship(&server, "VIP-1");
    // Standard orders go on meanwhile.
    for number in 0..20 {
        put(&server, &format!("S-{number}"), "pending", 500);
    }
    soon("standard orders are processed", || {
        let lines = server.lines("OrderProcessorFunction", "\"Processed order S-\"");
        if lines.len() == 20 { Ok(()) } else { Err(lines) }
    });
    assert_eq!(letters(&server), 0, "the premium order was still being tried");
    soon("it is given up", || match letters(&server) {
        1 => Ok(()),
        count => Err(count),
    });
    assert_eq!(states(&server, "VIP-1"), ["done", "failed", "done", "done"]);
    world.manager.answer(204);
    let ended =
        harness::run_with_input(world.directory.path(), &["dlq", "redrive", QUEUE, "--admin", &server.admin], "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    wait_until_done(&server, "VIP-1");
    for receiver in [&world.manager, &world.crm, &world.mail] {
        assert_eq!(receiver.orders(), ["VIP-1"]);
    }
    server.stop();
}

#[test]
fn kills_repeat_nothing_that_is_remembered_and_lose_nothing() {
    const ORDERS: usize = 30;
    let world = World::new();
    let mut chance = harness::Chance(7);
    let mut server = world.up();
    for round in 0..3 {
        for number in 0..ORDERS / 3 {
            ship(&server, &format!("VIP-{round}-{number}"));
        }
        std::thread::sleep(chance.millis(0, 40));
        server.kill();
        server = world.up();
    }
    let all: BTreeSet<String> =
        (0..3).flat_map(|round| (0..ORDERS / 3).map(move |number| format!("VIP-{round}-{number}"))).collect();
    for id in &all {
        wait_until_done(&server, id);
    }
    for receiver in [&world.manager, &world.crm, &world.mail] {
        assert_eq!(receiver.orders().into_iter().collect::<BTreeSet<_>>(), all);
    }
    // What a kill cut off between the telling and the remembering was told again, and under the same id.
    for receiver in [&world.manager, &world.crm] {
        let distinct: BTreeSet<String> = receiver.told().iter().map(|told| told["id"].to_string()).collect();
        assert_eq!(distinct.len(), ORDERS);
    }
    let before = [&world.manager, &world.crm, &world.mail].map(|receiver| receiver.orders().len());
    server.kill();
    server = world.up();
    put(&server, "LAST", "pending", 1500);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!([&world.manager, &world.crm, &world.mail].map(|receiver| receiver.orders().len()), before);
    server.stop();
}
