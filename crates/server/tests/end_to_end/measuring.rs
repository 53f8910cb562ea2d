//! What the server measures of the business: orders, what they came to, and how many of them succeeded; for Prometheus, for
//! CloudWatch's clients, and for `top`.

use crate::harness::{self, Connection, Server, Start, run, soon};
use serde_json::{Value as Json, json};

/// Places an order of one thing at this price.
fn place(connection: &mut Connection, key: &str, currency: &str, price: &str, idempotency_key: &str) {
    let body = json!({
        "customerId": "C-1", "customerEmail": "ann@shop.example", "currency": currency,
        "items": [{"sku": "TEA-1", "name": "Tea", "quantity": 2, "price": price}],
    });
    let headers = [("x-api-key", key), ("content-type", "application/json"), ("idempotency-key", idempotency_key)];
    let answer = connection.request("POST", "/orders", &headers, body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// A statistic of the last minutes.
fn measured(server: &Server, name: &str, dimensions: &Json, statistic: &str) -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let asked = json!({
        "Namespace": "Orderflow", "MetricName": name, "Dimensions": dimensions, "Statistics": [statistic],
        "StartTime": now - 600, "EndTime": now + 60, "Period": 3600,
    });
    let told = server.connect().call("GraniteServiceVersion20100801.GetMetricStatistics", &asked).unwrap().ok();
    told["Datapoints"].as_array().unwrap().iter().map(|point| point[statistic].as_f64().unwrap()).sum()
}

#[test]
fn orders_and_what_they_came_to_are_measured() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let server = Server::up(&Start { data: &data, template: &harness::stack("commerce.yaml"), failing: "" });
    let key = std::fs::read_to_string(data.join("api-key")).unwrap();
    let mut connection = Connection::open(&server.public).unwrap();
    place(&mut connection, key.trim(), "USD", "75.25", "one");
    place(&mut connection, key.trim(), "JPY", "300", "two");
    // The same again is no other order.
    place(&mut connection, key.trim(), "USD", "75.25", "one");
    let page = soon("both are completed", || {
        let page = server.connect().request("GET", "/metrics", &[], b"").unwrap().text();
        if page.contains("orderflow_orders_total{status=\"COMPLETED\"} 2\n") { Ok(page) } else { Err(page) }
    });
    for line in [
        "orderflow_orders_taken_total{function=\"OrdersApi\"} 2\n",
        // In cents, and in yen, which have none.
        "orderflow_revenue_minor_total{currency=\"USD\"} 15050\n",
        "orderflow_revenue_minor_total{currency=\"JPY\"} 600\n",
        "orderflow_queue_operations_total{queue=\"OrderQueue\",operation=\"deleted\"} 2\n",
    ] {
        assert!(page.contains(line), "{line}{page}");
    }
    let by = |currency: &str| json!([{"Name": "Currency", "Value": currency}]);
    soon("what they came to is measured", || {
        let seen = (
            measured(&server, "OrdersTaken", &json!([]), "Sum"),
            measured(&server, "Revenue", &by("USD"), "Sum"),
            measured(&server, "Revenue", &by("JPY"), "Sum"),
            measured(&server, "SuccessRate", &json!([]), "Average"),
        );
        if seen == (2.0, 150.5, 600.0, 100.0) { Ok(()) } else { Err(seen) }
    });
    let top = run(directory.path(), &["top", "--once", "--every", "0.2", "--json", "--admin", &server.admin]).json();
    let currencies: Vec<&Json> = top["revenue"].as_array().unwrap().iter().map(|one| &one["currency"]).collect();
    assert_eq!(currencies, ["JPY", "USD"], "{top:#}");
}
