//! Decides how an order is shown to whoever ordered it: which of its parts, under which names, in which order.
//!
//! JSON is written straight into bytes, without a tree between: an order is shown on every request. Only what is named
//! here is shown; a new field of [`Order`] stays inside until it is written here.

use super::money::{Currency, Minor};
use super::order::{Address, Line, Moment, Order};

/// An order as it is answered.
pub fn order_json(order: &Order) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + 128 * (order.lines.len() + order.history.len()));
    write_order(&mut out, order);
    out
}

/// Appends an order as it is answered.
pub fn write_order(out: &mut Vec<u8>, order: &Order) {
    text(out, b"{\"orderId\":", &order.id);
    text(out, b",\"status\":", order.status.name());
    amount(out, b",\"amount\":", order.amount, order.currency);
    text(out, b",\"currency\":", order.currency.code());
    text(out, b",\"tier\":", order.tier().name());
    list(out, b",\"items\":", &order.lines, |out, line| write_line(out, line, order.currency));
    text(out, b",\"customerId\":", &order.customer_id);
    text(out, b",\"customerEmail\":", &order.customer_email);
    if let Some(address) = &order.shipping_address {
        write_address(out, address);
    }
    optional(out, b",\"note\":", order.note.as_deref());
    text(out, b",\"createdAt\":", &order.created_at.iso_millis());
    text(out, b",\"updatedAt\":", &order.updated_at.iso_millis());
    list(out, b",\"history\":", &order.history, |out, moment| {
        out.push(b'{');
        write_moment(out, moment);
        out.push(b'}');
    });
    if let Some(tracking) = &order.tracking {
        text(out, b",\"tracking\":{\"carrier\":", &tracking.carrier);
        text(out, b",\"number\":", &tracking.number);
        optional(out, b",\"url\":", tracking.url.as_deref());
        out.push(b'}');
    }
    if let Some(error) = &order.error {
        text(out, b",\"error\":{\"step\":", error.step.name());
        text(out, b",\"code\":", &error.code);
        text(out, b",\"message\":", &error.message);
        out.push(b'}');
    }
    out.push(b'}');
}

/// Appends the members of a moment, without braces.
pub(crate) fn write_moment(out: &mut Vec<u8>, moment: &Moment) {
    text(out, b"\"status\":", moment.status.name());
    text(out, b",\"at\":", &moment.at.iso_millis());
    optional(out, b",\"detail\":", moment.detail.as_deref());
}

fn write_line(out: &mut Vec<u8>, line: &Line, currency: Currency) {
    text(out, b"{\"sku\":", &line.sku);
    text(out, b",\"name\":", &line.name);
    out.extend_from_slice(b",\"quantity\":");
    digits(out, u64::from(line.quantity), 1);
    amount(out, b",\"price\":", line.price, currency);
    out.push(b'}');
}

fn write_address(out: &mut Vec<u8>, address: &Address) {
    out.extend_from_slice(b",\"shippingAddress\":{");
    if let Some(name) = &address.name {
        text(out, b"\"name\":", name);
        out.push(b',');
    }
    text(out, b"\"line1\":", &address.line1);
    optional(out, b",\"line2\":", address.line2.as_deref());
    text(out, b",\"city\":", &address.city);
    optional(out, b",\"region\":", address.region.as_deref());
    optional(out, b",\"postalCode\":", address.postal_code.as_deref());
    text(out, b",\"country\":", &address.country);
    out.push(b'}');
}

fn list<T>(out: &mut Vec<u8>, before: &[u8], elements: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.extend_from_slice(before);
    out.push(b'[');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, element);
    }
    out.push(b']');
}

fn optional(out: &mut Vec<u8>, before: &[u8], value: Option<&str>) {
    if let Some(value) = value {
        text(out, before, value);
    }
}

/// Appends `before`, and a text with its quotes and escapes.
pub(crate) fn text(out: &mut Vec<u8>, before: &[u8], value: &str) {
    out.extend_from_slice(before);
    out.push(b'"');
    let bytes = value.as_bytes();
    let mut plain = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1F => b"\\u00",
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain..at]);
        out.extend_from_slice(escape);
        if escape.len() > 2 {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        plain = at + 1;
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

/// Appends an amount as [`Minor::decimal`] writes it, in quotes: a client that reads numbers as floats keeps it exact.
fn amount(out: &mut Vec<u8>, before: &[u8], amount: Minor, currency: Currency) {
    out.extend_from_slice(before);
    out.push(b'"');
    let decimals = usize::from(currency.decimals());
    digits(out, amount.0, decimals + 1);
    if decimals > 0 {
        out.insert(out.len() - decimals, b'.');
    }
    out.push(b'"');
}

/// Appends a whole number with at least so many digits.
pub(crate) fn digits(out: &mut Vec<u8>, mut number: u64, at_least: usize) {
    let mut room = [b'0'; 20];
    let mut at = room.len();
    while number > 0 || room.len() - at < at_least {
        at -= 1;
        room[at] = b'0' + u8::try_from(number % 10).expect("one digit");
        number /= 10;
    }
    out.extend_from_slice(&room[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::order::{Error, Progress, Tracking};
    use crate::shop::status::Status;
    use proptest::prelude::*;
    use serde_json::Value as Json;
    use types::Timestamp;

    fn full() -> Order {
        let at = Timestamp::from_millis(1_767_225_600_123);
        Order {
            id: "o-1".into(),
            tenant: "a secret".into(),
            customer_id: "C-1".into(),
            customer_email: "ada@example.com".into(),
            status: Status::Failed,
            currency: Currency::USD,
            amount: Minor(150_005),
            lines: vec![
                Line { sku: "A".into(), name: "Tea \"black\"".into(), quantity: 3, price: Minor(50_000) },
                Line { sku: "B".into(), name: "Bag".into(), quantity: 1, price: Minor(5) },
            ],
            shipping_address: Some(Address {
                name: Some("Ada".into()),
                line1: "1 Main St".into(),
                line2: Some("Flat 2".into()),
                city: "Town".into(),
                region: Some("CA".into()),
                postal_code: Some("90210".into()),
                country: "US".into(),
            }),
            note: Some("a\nb".into()),
            created_at: at,
            updated_at: at,
            version: 3,
            history: vec![
                Moment { status: Status::Pending, at, detail: None },
                Moment { status: Status::Failed, at, detail: Some("why".into()) },
            ],
            tracking: Some(Tracking { carrier: "DHL".into(), number: "7".into(), url: Some("https://x".into()) }),
            error: Some(Error { step: Status::Validating, code: "c".into(), message: "m".into() }),
            progress: Progress { attempts: 4, cancel_reason: Some("a secret".into()), ..Progress::default() },
            correlation: "a secret".into(),
        }
    }

    #[test]
    fn an_order_is_shown_with_these_members_and_no_others() {
        let expected = concat!(
            r#"{"orderId":"o-1","status":"FAILED","amount":"1500.05","currency":"USD","tier":"premium","items":["#,
            r#"{"sku":"A","name":"Tea \"black\"","quantity":3,"price":"500.00"},"#,
            r#"{"sku":"B","name":"Bag","quantity":1,"price":"0.05"}],"#,
            r#""customerId":"C-1","customerEmail":"ada@example.com","shippingAddress":{"name":"Ada","#,
            r#""line1":"1 Main St","line2":"Flat 2","city":"Town","region":"CA","postalCode":"90210","country":"US"},"#,
            r#""note":"a\nb","createdAt":"2026-01-01T00:00:00.123Z","updatedAt":"2026-01-01T00:00:00.123Z","history":["#,
            r#"{"status":"PENDING","at":"2026-01-01T00:00:00.123Z"},"#,
            r#"{"status":"FAILED","at":"2026-01-01T00:00:00.123Z","detail":"why"}],"#,
            r#""tracking":{"carrier":"DHL","number":"7","url":"https://x"},"#,
            r#""error":{"step":"VALIDATING","code":"c","message":"m"}}"#,
        );
        assert_eq!(String::from_utf8(order_json(&full())).unwrap(), expected);
    }

    proptest! {
        /// Whatever a text holds, another reader reads the same text.
        #[test]
        fn texts_are_read_back(name in any::<String>(), controls in "[\\x00-\\x20\"\\\\\\x7f]{0,8}") {
            let name = name + &controls;
            let mut order = full();
            order.lines[0].name = name.as_str().into();
            let shown: Json = serde_json::from_slice(&order_json(&order)).unwrap();
            prop_assert_eq!(shown["items"][0]["name"].as_str(), Some(name.as_str()));
        }

        /// Amounts are shown as they are written everywhere else.
        #[test]
        fn amounts_are_shown_exactly(units: u64, code in prop_oneof![Just("USD"), Just("JPY"), Just("KWD")]) {
            let currency = Currency::parse(code).unwrap();
            let mut out = Vec::new();
            amount(&mut out, b"", Minor(units), currency);
            prop_assert_eq!(out, format!("\"{}\"", Minor(units).decimal(currency)).into_bytes());
        }
    }
}
