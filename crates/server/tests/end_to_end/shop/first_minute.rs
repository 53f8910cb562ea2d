//! An order goes its whole way, and can be seen, listed, watched and called off on it.

use super::{Shop, WAY, body, check_order, status, statuses};
use crate::harness::{Answer, soon};
use serde_json::{Value as Json, json};

#[test]
fn an_order_is_taken_in_and_carried_to_completed() {
    let shop = Shop::open(&[]);
    let mut customer = shop.customer();
    let wanted = body("C-1", &[("TEA", 3, 50_000), ("BAG", 1, 5)]);
    let answer = customer.place(&wanted, None).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-amzn-requestid").is_some_and(|id| !id.is_empty()), "{answer:?}");
    let taken = answer.json();
    check_order(&taken);
    let id = taken["orderId"].as_str().unwrap();
    assert_eq!(answer.header("location"), Some(&*format!("/orders/{id}")));
    assert_eq!(statuses(&taken), ["PENDING"]);
    for (name, value) in [
        ("amount", json!("1500.05")),
        ("currency", json!("USD")),
        ("tier", json!("premium")),
        ("customerId", json!("C-1")),
        ("items", wanted["items"].clone()),
    ] {
        assert_eq!(taken[name], value, "{name}");
    }

    let done = customer.ended(id);
    check_order(&done);
    assert_eq!(statuses(&done), WAY);
    for name in ["orderId", "amount", "currency", "tier", "customerId", "customerEmail", "items", "createdAt"] {
        assert_eq!(done[name], taken[name], "{name}");
    }

    // Whoever has it need not be sent it again; whoever has an older one is.
    let shown = customer.get(id).unwrap();
    let (old, new) = (answer.header("etag").unwrap(), shown.header("etag").unwrap());
    assert_ne!(old, new);
    let path = format!("/orders/{id}");
    for (tags, status) in
        [(new.to_owned(), 304), (format!("\"x\", W/{new}"), 304), ("*".to_owned(), 304), (old.to_owned(), 200)]
    {
        let again = customer.ask("GET", &path, &[("if-none-match", &tags)], b"").unwrap();
        assert_eq!((again.status, again.header("etag")), (status, Some(new)), "{tags}");
        assert_eq!(again.body, if status == 304 { Vec::new() } else { shown.body.clone() }, "{tags}");
    }

    // The ledgers and the pipes have it too, once.
    let payment = shop.item("Payments", "orderId", id).unwrap();
    assert_eq!((&payment["state"], &payment["amountMinor"]), (&json!("charged"), &json!(150_005)));
    soon("the pipes have told of it", || {
        let standard = shop.server().lines("StandardOrderFunction", &format!("\"{id}\""));
        let premium = shop.server().lines("PremiumOrderFunction", &format!("\"{id}\""));
        if (standard.len(), premium.len()) == (2, 1) { Ok(()) } else { Err((standard, premium)) }
    });
    shop.drained();
    assert_eq!(shop.waiting("OrderQueueDLQ"), [0, 0, 0]);
}

#[test]
fn a_customers_orders_are_listed_page_by_page_the_newest_first() {
    let shop = Shop::open(&[("CacheSeconds", "0")]);
    let mut customer = shop.customer();
    let mut ids = Vec::new();
    for number in 0..25 {
        let placed = customer.placed(&body("C-7", &[("TEA", 1, 100 + number)]));
        ids.push(placed["orderId"].as_str().unwrap().to_owned());
        // Of one millisecond they may come in any order.
        std::thread::sleep(std::time::Duration::from_millis(2));
        customer.placed(&body("C-70", &[("TEA", 1, 1)]));
    }
    let mut page = |query: &str| {
        let answer = customer.ask("GET", &format!("/customers/C-7/orders{query}"), &[], b"").unwrap();
        let page = answer.ok();
        let ids = page["orders"].as_array().unwrap().iter().map(|order| order["orderId"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), page["nextCursor"].as_str().map(str::to_owned), answer)
    };
    let (usual, more, _) = page("");
    assert_eq!(usual, ids.iter().rev().take(20).cloned().collect::<Vec<_>>());
    assert!(more.is_some());
    let (first, cursor, answer) = page("?limit=10");
    let (second, next, _) = page(&format!("?limit=10&cursor={}", cursor.clone().unwrap()));
    let (third, last, _) = page(&format!("?limit=10&cursor={}", next.unwrap()));
    let lengths = [&first, &second, &third].map(Vec::len);
    assert_eq!((lengths, last), ([10, 10, 5], None));
    assert_eq!([first, second, third].concat(), ids.iter().rev().cloned().collect::<Vec<_>>());
    let link = answer.header("link").unwrap();
    assert!(link.contains(&cursor.clone().unwrap()) && link.contains("rel=\"next\""), "{link}");
    let (oldest, ..) = page("?order=oldest&limit=3");
    assert_eq!(oldest, ids[..3]);
    assert_eq!(page("?limit=100").0.len(), 25);

    for (path, told) in [
        ("/customers/C-7/orders?limit=0".to_owned(), "limit"),
        ("/customers/C-7/orders?limit=101".to_owned(), "limit"),
        ("/customers/C-7/orders?limit=ten".to_owned(), "limit"),
        ("/customers/C-7/orders?limit=3&limit=3".to_owned(), "limit"),
        ("/customers/C-7/orders?order=random".to_owned(), "order"),
        ("/customers/C-7/orders?cursor=nonsense".to_owned(), "cursor"),
        (format!("/customers/C-70/orders?cursor={}", cursor.unwrap()), "cursor"),
    ] {
        let answer = customer.ask("GET", &path, &[], b"").unwrap();
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert!(answer.text().contains(told), "{path}: {}", answer.text());
    }
    assert_eq!(customer.list("nobody"), Vec::<Json>::new());
}

/// The shop's answer to a cancellation: its status, and where the order stands.
fn called_off(answer: &Answer) -> (u16, String) {
    let told = answer.json();
    let word = told.get("orderId").map_or_else(|| told["type"].as_str().unwrap(), |_| status(&told));
    (answer.status, word.rsplit('/').next().unwrap().to_owned())
}

#[test]
fn an_order_can_be_called_off_until_it_is_being_sent() {
    let mut shop = Shop::open(&[
        ("OrderQueuePoller.Enabled", "false"),
        ("UNLISTED_STOCK", "refuse"),
        ("STEP_TIMEOUT_MS", "60000"),
    ]);
    shop.stock("TEA", 10);
    let mut customer = shop.customer();
    let place = |customer: &mut super::Customer, sku| {
        customer.placed(&body("C-1", &[(sku, 1, 1_000)]))["orderId"].as_str().unwrap().to_owned()
    };
    // Nobody works, so it waits, and is called off at once; its message finds that out later.
    let waiting = place(&mut customer, "TEA");
    let reason = json!({ "reason": "found it cheaper" }).to_string();
    let path = format!("/orders/{waiting}/cancel");
    let answer = customer.ask("POST", &path, &[], reason.as_bytes()).unwrap();
    assert_eq!(called_off(&answer), (200, "CANCELLED".to_owned()));
    assert_eq!(statuses(&customer.order(&waiting)), ["PENDING", "CANCELLED"]);
    assert_eq!(called_off(&customer.cancel(&waiting).unwrap()), (200, "CANCELLED".to_owned()), "again is the same");
    for body in [&b""[..], b"{}"] {
        let id = place(&mut customer, "TEA");
        let answer = customer.ask("POST", &format!("/orders/{id}/cancel"), &[], body).unwrap();
        assert_eq!(called_off(&answer), (200, "CANCELLED".to_owned()), "without a reason");
    }

    // Its payment takes long: it is called off by its worker, which gives back what it set aside.
    shop.set("OrderQueuePoller.Enabled", "true");
    shop.set("PAYMENT_DELAY_MS", "1500");
    shop.restart();
    let mut customer = shop.customer();
    let paying = place(&mut customer, "TEA");
    soon("it is being paid", || match status(&customer.order(&paying)) {
        "PAYMENT_PROCESSING" => Ok(()),
        other => Err(other.to_owned()),
    });
    assert_eq!(shop.counts("TEA"), [9, 1, 0]);
    assert_eq!(called_off(&customer.cancel(&paying).unwrap()), (202, "PAYMENT_PROCESSING".to_owned()));
    assert_eq!(called_off(&customer.cancel(&paying).unwrap()), (202, "PAYMENT_PROCESSING".to_owned()), "asked again");
    let ended = customer.ended(&paying);
    check_order(&ended);
    assert_eq!(status(&ended), "CANCELLED", "{ended:#}");
    assert_eq!(shop.counts("TEA"), [10, 0, 0]);
    let payment = shop.item("Payments", "orderId", &paying);
    assert!(payment.is_none_or(|payment| payment["state"] == "voided"));

    // What is done, or failed by itself, stays so.
    shop.set("PAYMENT_DELAY_MS", "0");
    shop.restart();
    let mut customer = shop.customer();
    let done = place(&mut customer, "TEA");
    assert_eq!(status(&customer.ended(&done)), "COMPLETED");
    assert_eq!(called_off(&customer.cancel(&done).unwrap()), (409, "order-not-cancellable".to_owned()));
    let failed = place(&mut customer, "UNHEARD-OF");
    let ended = customer.ended(&failed);
    check_order(&ended);
    assert_eq!((&ended["error"]["code"], &ended["error"]["step"]), (&json!("out_of_stock"), &json!("INVENTORY_CHECK")));
    assert_eq!(called_off(&customer.cancel(&failed).unwrap()), (409, "order-not-cancellable".to_owned()));
    let missing = customer.cancel("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
    assert_eq!(called_off(&missing), (404, "order-not-found".to_owned()));

    shop.drained();
    assert_eq!(status(&customer.order(&waiting)), "CANCELLED", "its message came, and changed nothing");
    assert_eq!(shop.counts("TEA"), [9, 0, 1]);
    assert_eq!(shop.waiting("OrderQueueDLQ"), [0, 0, 0]);
}

/// Server-sent events as they came: each with its id and its data.
fn events(text: &str) -> Vec<(String, Json)> {
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start_matches(' ').to_owned())
    };
    let all = text.split("\n\n").filter_map(|event| Some((field(event, "id:")?, field(event, "data:")?)));
    all.map(|(id, data)| (id, serde_json::from_str(&data).unwrap())).collect()
}

#[test]
fn an_order_is_watched_as_it_goes_its_way() {
    let shop = Shop::open(&[("PAYMENT_DELAY_MS", "400")]);
    let mut customer = shop.customer();
    let placed = customer.placed(&body("C-1", &[("TEA", 1, 1_000)]));
    let id = placed["orderId"].as_str().unwrap();
    let path = format!("/orders/{id}/events");
    let (mut watcher, key) = (shop.customer(), shop.key.clone());
    watcher.connection.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n").as_bytes()).unwrap();
    let head = watcher.connection.head().unwrap();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    let (mut text, mut open_while_paying) = (String::new(), false);
    while let Some(chunk) = watcher.connection.chunk().unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        open_while_paying |= !text.contains("COMPLETED") && status(&customer.order(id)) != "COMPLETED";
    }
    assert!(open_while_paying, "events come while they happen: {text}");
    let seen = events(&text);
    let ids: Vec<&str> = seen.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6"], "{text}");
    assert_eq!(seen.iter().map(|(_, data)| status(data)).collect::<Vec<_>>(), WAY, "{text}");
    assert!(seen.iter().all(|(_, data)| data["orderId"] == id), "{text}");

    // Whoever lost the connection goes on behind what was seen.
    let after = |last: &str| shop.customer().ask("GET", &path, &[("last-event-id", last)], b"").unwrap();
    let rest = after("4");
    assert_eq!(rest.status, 200);
    assert_eq!(events(&rest.text()), seen[4..]);
    assert_eq!(after("6").status, 204, "there is nothing more to come");
}
