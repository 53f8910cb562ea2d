//! Decides what is wrong with an item as an order: every fault at once, each naming its attribute.

use super::{CUSTOMER_EMAIL, Layout, ORDER_ID};
use types::{Item, Value};

/// The faults of an item, in words.
pub(super) fn of(layout: Layout, item: &Item) -> Vec<String> {
    let faults = [
        fault(item, ORDER_ID, "a text that is not empty", is_full_text),
        fault(item, layout.status(), "a text that is not empty", is_full_text),
        fault(item, layout.amount(), "a number that is not negative", is_amount),
        fault(item, CUSTOMER_EMAIL, "an e-mail address", is_email),
        fault(item, layout.created_at(), "a date in ISO 8601", is_date),
    ];
    faults.into_iter().flatten().collect()
}

fn fault(item: &Item, name: &str, rule: &str, holds: fn(&Value) -> bool) -> Option<String> {
    match item.get(name) {
        None => Some(format!("{name} is missing")),
        Some(value) if holds(value) => None,
        Some(value) => Some(format!("{name} should be {rule}, it is {}", brief(value))),
    }
}

/// What a value is, in a few characters; texts are quoted, so that no control character gets into a line.
fn brief(value: &Value) -> String {
    const SHOWN_MAX: usize = 40;
    match value {
        Value::S(text) if text.chars().count() > SHOWN_MAX => {
            format!("{:?}…", text.chars().take(SHOWN_MAX).collect::<String>())
        }
        Value::S(text) => format!("{text:?}"),
        Value::N(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => "null".to_owned(),
        Value::B(_) | Value::M(_) | Value::L(_) | Value::Ss(_) | Value::Ns(_) | Value::Bs(_) => {
            format!("of type {}", value.type_name())
        }
    }
}

fn is_full_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn is_amount(value: &Value) -> bool {
    value.as_number().is_some_and(|number| !number.is_negative())
}

/// One `@` with something before it and a dotted or plain host after it; whether mail arrives only sending can tell.
fn is_email(value: &Value) -> bool {
    let parts = value.as_str().and_then(|text| text.split_once('@'));
    parts.is_some_and(|(name, host)| {
        let sound =
            |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
        sound(name) && sound(host)
    })
}

/// A day, or a day and a time with or without an offset.
fn is_date(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    text.parse::<jiff::civil::Date>().is_ok()
        || text.parse::<jiff::civil::DateTime>().is_ok()
        || text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Number;

    fn sound() -> Item {
        Item::from([
            ("orderId", "ORD-1".into()),
            ("orderStatus", "pending".into()),
            ("orderAmount", Number::from(5u64).into()),
            ("customerEmail", "ada@example.com".into()),
            ("orderDate", "2025-10-31T10:00:00Z".into()),
        ])
    }

    #[test]
    fn each_fault_names_its_attribute_and_value() {
        assert_eq!(of(Layout::Orders, &sound()), Vec::<String>::new());
        let cases: [(&str, Value, &str); 9] = [
            ("orderId", " ".into(), "orderId should be a text that is not empty, it is \" \""),
            ("orderStatus", true.into(), "orderStatus should be a text that is not empty, it is true"),
            ("orderAmount", "12".into(), "orderAmount should be a number that is not negative, it is \"12\""),
            (
                "orderAmount",
                Number::from(-3i64).into(),
                "orderAmount should be a number that is not negative, it is -3",
            ),
            ("orderAmount", Value::L(vec![]), "orderAmount should be a number that is not negative, it is of type L"),
            ("customerEmail", "ada".into(), "customerEmail should be an e-mail address, it is \"ada\""),
            ("customerEmail", "a@b@c".into(), "customerEmail should be an e-mail address, it is \"a@b@c\""),
            ("customerEmail", "a\n@b".into(), "customerEmail should be an e-mail address, it is \"a\\n@b\""),
            ("orderDate", "31.10.2025".into(), "orderDate should be a date in ISO 8601, it is \"31.10.2025\""),
        ];
        for (name, value, expected) in cases {
            let mut item = sound();
            item.insert(name, value);
            assert_eq!(of(Layout::Orders, &item), [expected]);
        }
    }

    #[test]
    fn all_faults_are_said_at_once() {
        let faults = of(Layout::Orders, &Item::new());
        let missing = ["orderId", "orderStatus", "orderAmount", "customerEmail", "orderDate"];
        assert_eq!(faults, missing.map(|name| format!("{name} is missing")));
    }

    #[test]
    fn dates_may_leave_out_what_iso_8601_allows() {
        let dates = [
            ("2025-10-31", true),
            ("2025-10-31T10:00", true),
            ("2025-10-31T10:00:00", true),
            ("2025-10-31T10:00:00.123Z", true),
            ("2025-10-31T10:00:00+02:00", true),
            ("2025-02-30", false),
            ("2025-10-31T25:00:00Z", false),
            ("yesterday", false),
            ("", false),
        ];
        for (date, expected) in dates {
            assert_eq!(is_date(&date.into()), expected, "{date}");
        }
    }
}
