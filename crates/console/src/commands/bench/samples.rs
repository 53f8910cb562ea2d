//! Decides which orders are sent: like those of a small shop, a few hundred different ones over and over.

use serde_json::json;

/// How many different bodies there are. Odd, so that connections do not fall into step with them.
const BODIES: usize = 251;

/// What can be bought: the sku, the name, the price in cents.
const WARES: [(&str, &str, u64); 8] = [
    ("KEYBOARD-87", "Keyboard, 87 keys", 8990),
    ("MOUSE-WL", "Mouse, wireless", 2450),
    ("CABLE-USBC-2M", "USB-C cable, 2 m", 990),
    ("SCREEN-27", "Screen, 27 inch", 27_900),
    ("LAPTOP-14", "Laptop, 14 inch", 129_900),
    ("STAND-ALU", "Laptop stand", 3495),
    ("HEADSET-BT", "Headset", 11_900),
    ("MAT-DESK", "Desk mat", 1990),
];

/// Bodies of orders, as JSON.
pub(super) fn bodies() -> Vec<Vec<u8>> {
    let body = |nth: usize| {
        let items = 1 + nth % 3;
        let items: Vec<_> = (0..items)
            .map(|item| {
                let (sku, name, cents) = WARES[(nth / 3 + item * 3) % WARES.len()];
                let price = format!("{}.{:02}", cents / 100, cents % 100);
                json!({"sku": sku, "name": name, "quantity": 1 + (nth + item) % 2, "price": price})
            })
            .collect();
        let customer = format!("cust-{:04}", 1000 + nth);
        let email = format!("{customer}@example.com");
        json!({"customerId": customer, "customerEmail": email, "currency": "USD", "items": items})
            .to_string()
            .into_bytes()
    };
    (0..BODIES).map(body).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_order_names_a_thing_twice() {
        for body in bodies() {
            let order: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let skus: Vec<_> = order["items"].as_array().unwrap().iter().map(|item| item["sku"].as_str()).collect();
            let mut once = skus.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!((once.len(), skus.is_empty()), (skus.len(), false), "{order}");
        }
    }

    #[test]
    fn small_standard_and_premium_orders_are_among_them() {
        let totals = bodies().into_iter().map(|body| {
            let order: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let lines = order["items"].as_array().unwrap().iter();
            lines
                .map(|item| {
                    item["price"].as_str().unwrap().parse::<f64>().unwrap() * item["quantity"].as_f64().unwrap()
                })
                .sum::<f64>()
        });
        let totals: Vec<f64> = totals.collect();
        assert!(totals.iter().any(|total| *total <= 100.0));
        assert!(totals.iter().any(|total| *total > 100.0 && *total <= 1000.0));
        assert!(totals.iter().any(|total| *total > 1000.0));
    }
}
