//! Decides what a snack order has to look like: who orders, what, and that the total agrees with the items.
//!
//! Everything that is wrong is said at once, each fault with its place. Amounts are exact: what has more than two
//! decimals is refused, not rounded.

use crate::shop::money::{Currency, Minor};
use serde_json::{Map, Value as Json};
use types::{Item, Number, Timestamp, Value};

/// The most items of one order.
pub const ITEMS_MAX: usize = 100;
/// The largest quantity of one item.
const QUANTITY_MAX: u64 = 10_000;
/// The most characters of a name.
const NAME_MAX: usize = 200;
/// What the shop's prices are in.
const CURRENCY: Currency = Currency::USD;

/// An order, as its customer gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Submission {
    customer_name: String,
    snacks: Vec<Snack>,
    pub(super) total: Minor,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Snack {
    name: String,
    quantity: u64,
    price: Minor,
}

impl Submission {
    /// Reads an order; all that is wrong with it, if something is.
    pub(super) fn read(payload: &Json) -> Result<Self, Vec<String>> {
        let Some(given) = payload.as_object() else {
            return Err(vec!["the order: has to be an object".to_owned()]);
        };
        let mut faults = Vec::new();
        let customer_name = name(given, "customerName", "customerName", &mut faults);
        let snacks = snacks(given, &mut faults);
        let total = amount(given, "totalAmount", "totalAmount", &mut faults);
        let sum = snacks.iter().try_fold(Minor(0), |sum, snack| sum.plus(snack.price.times(snack.quantity)?));
        match (sum, total) {
            // What the items cost is not known while one of them is wrong.
            _ if !faults.is_empty() => {}
            (None, _) => faults.push("snackItems: cost more than any order may".to_owned()),
            (Some(sum), Some(total)) if sum != total => faults.push(format!(
                "totalAmount: is {}, but the items cost {}",
                total.decimal(CURRENCY),
                sum.decimal(CURRENCY)
            )),
            (Some(_), _) => {}
        }
        match (customer_name, total) {
            (Some(customer_name), Some(total)) if faults.is_empty() => Ok(Self { customer_name, snacks, total }),
            _ => Err(faults),
        }
    }

    /// How many different snacks it names.
    pub(super) fn lines(&self) -> usize {
        self.snacks.len()
    }

    /// The order as it is stored when it is new.
    pub(super) fn order(&self, order_id: &str, at: Timestamp) -> Item {
        let snack = |snack: &Snack| {
            Value::M(Item::from([
                ("name", snack.name.as_str().into()),
                ("quantity", Number::from(snack.quantity).into()),
                ("price", snack.price.number(CURRENCY).into()),
            ]))
        };
        let at = at.iso_millis();
        Item::from([
            ("orderId", order_id.into()),
            ("status", super::NEW.into()),
            ("customerName", self.customer_name.as_str().into()),
            ("snackItems", Value::L(self.snacks.iter().map(snack).collect())),
            ("totalAmount", self.total.number(CURRENCY).into()),
            ("createdAt", at.as_str().into()),
            ("updatedAt", at.as_str().into()),
        ])
    }

    /// The total as people read it.
    pub(super) fn total_text(&self) -> String {
        self.total.decimal(CURRENCY)
    }
}

fn snacks(given: &Map<String, Json>, faults: &mut Vec<String>) -> Vec<Snack> {
    let list = match given.get("snackItems") {
        None => {
            faults.push("snackItems: is missing".to_owned());
            return Vec::new();
        }
        Some(Json::Array(list)) if !list.is_empty() && list.len() <= ITEMS_MAX => list,
        Some(Json::Array(list)) => {
            faults.push(format!("snackItems: has {} items, it has to be 1 to {ITEMS_MAX}", list.len()));
            return Vec::new();
        }
        Some(_) => {
            faults.push("snackItems: has to be a list".to_owned());
            return Vec::new();
        }
    };
    let mut snacks = Vec::with_capacity(list.len());
    for (index, one) in list.iter().enumerate() {
        let place = format!("snackItems[{index}]");
        let Some(one) = one.as_object() else {
            faults.push(format!("{place}: has to be an object"));
            continue;
        };
        let name = name(one, "name", &format!("{place}.name"), faults);
        let quantity = match one.get("quantity").map(Json::as_u64) {
            Some(Some(quantity)) if (1..=QUANTITY_MAX).contains(&quantity) => Some(quantity),
            None => {
                faults.push(format!("{place}.quantity: is missing"));
                None
            }
            Some(_) => {
                faults.push(format!("{place}.quantity: has to be a whole number from 1 to {QUANTITY_MAX}"));
                None
            }
        };
        let price = amount(one, "price", &format!("{place}.price"), faults);
        if let (Some(name), Some(quantity), Some(price)) = (name, quantity, price) {
            snacks.push(Snack { name, quantity, price });
        }
    }
    snacks
}

fn name(given: &Map<String, Json>, key: &str, place: &str, faults: &mut Vec<String>) -> Option<String> {
    let problem = match given.get(key) {
        None => "is missing".to_owned(),
        Some(Json::String(text)) if text.trim().is_empty() => "is empty".to_owned(),
        Some(Json::String(text)) if text.chars().count() > NAME_MAX => format!("has more than {NAME_MAX} characters"),
        Some(Json::String(text)) => return Some(text.trim().to_owned()),
        Some(_) => "has to be a text".to_owned(),
    };
    faults.push(format!("{place}: {problem}"));
    None
}

/// An amount: a number, or the text of one.
fn amount(given: &Map<String, Json>, key: &str, place: &str, faults: &mut Vec<String>) -> Option<Minor> {
    let text = match given.get(key) {
        None => {
            faults.push(format!("{place}: is missing"));
            return None;
        }
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::String(text)) => text.clone(),
        Some(_) => {
            faults.push(format!("{place}: has to be an amount such as 3.99"));
            return None;
        }
    };
    match Minor::parse(&text, CURRENCY) {
        Ok(amount) => Some(amount),
        Err(problem) => {
            faults.push(format!("{place}: {problem}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn faults(payload: &Json) -> Vec<String> {
        Submission::read(payload).err().unwrap_or_default()
    }

    fn alice() -> Json {
        json!({
            "customerName": "Alice Smith",
            "snackItems": [
                {"name": "Pretzels", "quantity": 1, "price": 2.99},
                {"name": "Coffee", "quantity": 1, "price": 4.50}
            ],
            "totalAmount": 7.49
        })
    }

    #[test]
    fn the_orders_that_are_written_down_are_taken() {
        assert_eq!(Submission::read(&alice()).unwrap().total_text(), "7.49");
        let bob = json!({
            "customerName": "Bob Wilson",
            "snackItems": [{"name": "Nuts", "quantity": 3, "price": "5.99"}],
            "totalAmount": 17.97
        });
        let order = Submission::read(&bob).unwrap().order("one", Timestamp::from_millis(0));
        assert_eq!(order.text("status"), Some("NEW"));
        assert_eq!(order.number("totalAmount"), "17.97".parse().ok());
        assert_eq!(order.text("createdAt"), Some("1970-01-01T00:00:00.000Z"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let change = |pointer: &str, value: Json| {
            let mut order = alice();
            *order.pointer_mut(pointer).unwrap() = value;
            order
        };
        let cases = [
            (json!([]), "the order: has to be an object"),
            (change("/customerName", json!("  ")), "customerName: is empty"),
            (change("/customerName", json!(7)), "customerName: has to be a text"),
            (change("/customerName", json!("x".repeat(201))), "customerName: has more than 200 characters"),
            (change("/snackItems", json!([])), "snackItems: has 0 items, it has to be 1 to 100"),
            (change("/snackItems", json!("nuts")), "snackItems: has to be a list"),
            (change("/snackItems/1", json!("nuts")), "snackItems[1]: has to be an object"),
            (
                change("/snackItems/0/quantity", json!(0)),
                "snackItems[0].quantity: has to be a whole number from 1 to 10000",
            ),
            (
                change("/snackItems/0/quantity", json!(1.5)),
                "snackItems[0].quantity: has to be a whole number from 1 to 10000",
            ),
            (change("/snackItems/0/price", json!(-1)), "snackItems[0].price: is negative"),
            (
                change("/snackItems/0/price", json!(2.999)),
                "snackItems[0].price: has more decimals than its currency, which has 2",
            ),
            (change("/snackItems/0/price", json!(null)), "snackItems[0].price: has to be an amount such as 3.99"),
            (change("/totalAmount", json!(7.5)), "totalAmount: is 7.50, but the items cost 7.49"),
            (change("/totalAmount", json!("a lot")), "totalAmount: is not a decimal number such as \"19.90\""),
        ];
        for (payload, fault) in cases {
            assert_eq!(faults(&payload), [fault], "{payload}");
        }
        assert_eq!(
            faults(&json!({})),
            ["customerName: is missing", "snackItems: is missing", "totalAmount: is missing"]
        );
    }

    proptest! {
        /// However much is ordered, an order is taken exactly if its total is the sum, in cents.
        #[test]
        fn the_total_has_to_agree(
            items in prop::collection::vec((1u64..50, 0u64..100_000), 1..8), off in -2i64..=2,
        ) {
            let sum: u64 = items.iter().map(|(quantity, cents)| quantity * cents).sum();
            let total = i64::try_from(sum).unwrap() + off;
            prop_assume!(total >= 0);
            let decimal = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
            let snacks: Vec<Json> = items
                .iter()
                .map(|(quantity, cents)| json!({"name": "x", "quantity": quantity, "price": decimal(*cents)}))
                .collect();
            let total = decimal(u64::try_from(total).unwrap());
            let order = json!({"customerName": "C", "snackItems": snacks, "totalAmount": total});
            prop_assert_eq!(Submission::read(&order).is_ok(), off == 0);
        }
    }
}
