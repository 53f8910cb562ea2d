//! Ctrl-C under load ends the server in good order, and nothing that was acknowledged is lost.

use super::{Shop, WAY, body, check_order, statuses};
use crate::harness::Connection;
use std::time::Duration;

const CLIENTS: usize = 6;

#[test]
fn ctrl_c_under_load_loses_nothing_that_was_acknowledged() {
    let mut shop = Shop::open(&[("PAYMENT_DELAY_MS", "20"), ("CacheSeconds", "0")]);
    shop.stock("TEA", 1_000_000);
    // Somebody who only watches, and somebody who only is there, do not keep it from ending.
    let watched = shop.customer().placed(&body("W", &[("TEA", 1, 100)]));
    let (mut watcher, key) = (shop.customer(), shop.key.clone());
    let path = format!("/orders/{}/events", watched["orderId"].as_str().unwrap());
    watcher.connection.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(watcher.connection.head().unwrap().status, 200);
    let idle = Connection::open(&shop.server().public).unwrap();

    let public = shop.server().public.clone();
    let acknowledged: Vec<Vec<String>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (public, key) = (public.clone(), key.clone());
                scope.spawn(move || {
                    let connection = Connection::open(&public).unwrap();
                    let mut customer = super::Customer { connection, key };
                    let mut ids = Vec::new();
                    // Until the server hangs up, or says that it takes nothing more.
                    while let Ok(answer) = customer.place(&body(&format!("C-{number}"), &[("TEA", 1, 100)]), None) {
                        if answer.status != 201 {
                            assert_eq!(answer.status, 503, "{}", answer.text());
                            break;
                        }
                        ids.push(answer.json()["orderId"].as_str().unwrap().to_owned());
                    }
                    ids
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(700));
        shop.server.take().unwrap().interrupt();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    drop((watcher, idle));
    assert!(!shop.data().join("server.json").exists(), "it has taken its card along");
    let count: usize = acknowledged.iter().map(Vec::len).sum();
    println!("{count} orders were acknowledged");
    assert!(count >= 100, "too little was ordered to prove anything: {count}");

    shop.up();
    shop.drained();
    let mut customer = shop.customer();
    for (number, ids) in acknowledged.iter().enumerate() {
        let orders = customer.list(&format!("C-{number}"));
        for order in &orders {
            check_order(order);
            assert_eq!(statuses(order), WAY, "{order:#}");
        }
        let there: Vec<&str> = orders.iter().map(|order| order["orderId"].as_str().unwrap()).collect();
        for id in ids {
            assert!(there.contains(&id.as_str()), "{id} was acknowledged, and is not there");
        }
    }
    assert_eq!(shop.waiting("OrderQueueDLQ"), [0, 0, 0]);
}
