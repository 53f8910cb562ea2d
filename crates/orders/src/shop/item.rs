//! Decides how an order lies in its table.
//!
//! Amounts lie there in minor units with their currency, and beside them the routing attributes that pipes match on.
//! What only the worker needs to know lies in `progress`.

use super::money::{Currency, Minor};
use super::order::{Address, Error, Line, Moment, Order, Paid, Progress, Tracking, Undo, customer_key};
use super::status::Status;
use crate::order::{CUSTOMER_EMAIL, ORDER_ID};
use crate::tier::{is_test, routing_attributes};
use types::{Item, Number, Text, Timestamp, Value};

/// An item of the table of orders that was not written by the shop front.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the item is no order of the shop front: {0}")]
pub struct NotAnOrder(pub String);

/// Attributes, one after the other. They are put in the order of their names, so that none has to be moved afterwards.
struct Attributes(Vec<(Text, Value)>);

impl Attributes {
    /// With room for so many.
    fn of(most: usize) -> Self {
        Self(Vec::with_capacity(most))
    }

    // Inlined, here and below, where the name's length is known: then its few bytes are stored and not copied.
    #[inline(always)]
    fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        debug_assert!(self.0.last().is_none_or(|(last, _)| last.as_str() < name), "{name} comes too late");
        self.0.push((name.into(), value.into()));
    }

    #[inline(always)]
    fn put_some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Flags lie on disk while they are up, so that most orders have none there.
    fn raise(&mut self, name: &'static str, up: bool) {
        self.put_some(name, up.then_some(true));
    }

    #[inline(always)]
    fn whole(&mut self, name: &'static str, number: impl Into<u64>) {
        self.put(name, Number::from(number.into()));
    }

    fn end(self) -> Item {
        Item::of_ascending(self.0)
    }
}

impl From<Attributes> for Value {
    fn from(attributes: Attributes) -> Self {
        Self::M(attributes.end())
    }
}

impl Order {
    /// As it is written.
    pub fn to_item(&self) -> Item {
        self.to_item_after(&Item::new())
    }

    /// As it is written, if `before` is how it was written a moment ago, or nothing. What is the same for as long as there
    /// is an order, or is only added to, is taken from there, so that both share its memory.
    pub(super) fn to_item_after(&self, before: &Item) -> Item {
        let [tier, test] = routing_attributes(self.amount.number(self.currency), &self.customer_email);
        let lines = || Value::L(self.lines.iter().map(|line| line_attributes(line).into()).collect());
        let customer_key = || Text::from(customer_key(&self.tenant, &self.customer_id)).into();
        let mut item = Attributes::of(21);
        item.whole("amountMinor", self.amount.0);
        item.put("correlation", self.correlation.clone());
        item.put("createdAt", self.created_at.to_text());
        item.put("currency", self.currency.code());
        item.put(CUSTOMER_EMAIL, self.customer_email.clone());
        item.put("customerId", self.customer_id.clone());
        item.put("customerKey", before.get("customerKey").cloned().unwrap_or_else(customer_key));
        item.put_some("error", self.error.as_ref().map(error_attributes));
        item.put("history", Value::L(self.moments_after(before)));
        item.put("items", before.get("items").cloned().unwrap_or_else(lines));
        item.put_some("note", self.note.clone());
        item.put(ORDER_ID, self.id.clone());
        if self.progress != Progress::default() {
            item.put("progress", progress_attributes(&self.progress));
        }
        if let Some(address) = &self.shipping_address {
            let address = || address_attributes(address).into();
            item.put("shippingAddress", before.get("shippingAddress").cloned().unwrap_or_else(address));
        }
        item.put("status", self.status.name());
        item.put("tenant", self.tenant.clone());
        item.put(test.0, test.1);
        item.put(tier.0, tier.1);
        item.put_some("tracking", self.tracking.as_ref().map(tracking_attributes));
        item.put("updatedAt", self.updated_at.to_text());
        item.whole("version", self.version);
        item.end()
    }

    /// Its history, whose beginning is that of `before`.
    fn moments_after(&self, before: &Item) -> Vec<Value> {
        let before = if let Some(Value::L(moments)) = before.get("history") { moments.as_slice() } else { &[] };
        let mut moments = Vec::with_capacity(self.history.len());
        moments.extend_from_slice(before);
        moments.extend(self.history.iter().skip(before.len()).map(|moment| Value::from(moment_attributes(moment))));
        moments
    }

    /// Reads back what was written.
    ///
    /// # Errors
    /// When it was written by somebody else, in another form.
    pub fn from_item(item: &Item) -> Result<Self, NotAnOrder> {
        let currency = Currency::parse(need(item, "currency")?).ok_or_else(|| wrong("currency"))?;
        let lines = list(item, "items")?.iter().map(read_line).collect::<Result<_, _>>()?;
        let history = list(item, "history")?.iter().map(read_moment).collect::<Result<_, _>>()?;
        Ok(Self {
            id: need(item, ORDER_ID)?.into(),
            tenant: need(item, "tenant")?.into(),
            customer_id: need(item, "customerId")?.into(),
            customer_email: need(item, CUSTOMER_EMAIL)?.into(),
            status: status(item, "status")?,
            currency,
            amount: Minor(whole(item, "amountMinor")?),
            lines,
            shipping_address: map(item, "shippingAddress").map(read_address).transpose()?,
            note: optional(item, "note"),
            created_at: instant(item, "createdAt")?,
            updated_at: instant(item, "updatedAt")?,
            version: whole(item, "version")?,
            history,
            tracking: map(item, "tracking").map(read_tracking).transpose()?,
            error: map(item, "error").map(read_error).transpose()?,
            progress: map(item, "progress").map(read_progress).transpose()?.unwrap_or_default(),
            correlation: optional(item, "correlation").unwrap_or_default(),
        })
    }

    /// Whether an item's routing attributes say that it is a test's; orders without them are looked at.
    pub fn item_is_test(item: &Item) -> bool {
        match item.get("test") {
            Some(Value::Bool(test)) => *test,
            _ => item.text(CUSTOMER_EMAIL).is_some_and(is_test),
        }
    }
}

fn line_attributes(line: &Line) -> Attributes {
    let mut map = Attributes::of(4);
    map.put("name", line.name.as_str());
    map.whole("priceMinor", line.price.0);
    map.whole("quantity", line.quantity);
    map.put("sku", line.sku.as_str());
    map
}

fn moment_attributes(moment: &Moment) -> Attributes {
    let mut map = Attributes::of(2 + usize::from(moment.detail.is_some()));
    map.put("at", moment.at.to_text());
    map.put_some("detail", moment.detail.as_deref());
    map.put("status", moment.status.name());
    map
}

fn address_attributes(address: &Address) -> Attributes {
    let mut map = Attributes::of(7);
    map.put("city", address.city.as_str());
    map.put("country", address.country.as_str());
    map.put("line1", address.line1.as_str());
    map.put_some("line2", address.line2.as_deref());
    map.put_some("name", address.name.as_deref());
    map.put_some("postalCode", address.postal_code.as_deref());
    map.put_some("region", address.region.as_deref());
    map
}

fn tracking_attributes(tracking: &Tracking) -> Attributes {
    let mut map = Attributes::of(3);
    map.put("carrier", tracking.carrier.as_str());
    map.put("number", tracking.number.as_str());
    map.put_some("url", tracking.url.as_deref());
    map
}

fn error_attributes(error: &Error) -> Attributes {
    let mut map = Attributes::of(3);
    map.put("code", error.code.as_str());
    map.put("message", error.message.as_str());
    map.put("step", error.step.name());
    map
}

fn undo_attributes(undo: &Undo) -> Attributes {
    let mut map = Attributes::of(5);
    map.raise("dead", undo.dead);
    map.put_some("error", undo.error.as_ref().map(error_attributes));
    map.raise("recall", undo.recall);
    map.raise("release", undo.release);
    map.raise("void", undo.void);
    map
}

fn progress_attributes(progress: &Progress) -> Attributes {
    let mut map = Attributes::of(8);
    if progress.attempts > 0 {
        map.whole("attempts", progress.attempts);
    }
    map.put_some("cancelReason", progress.cancel_reason.as_deref());
    map.raise("cancelRequested", progress.cancel_requested);
    map.raise("deadLettered", progress.dead_lettered);
    if !progress.held.is_empty() {
        map.put("held", Value::L(progress.held.iter().map(|sku| sku.as_str().into()).collect()));
    }
    map.put_some("paymentId", progress.paid.as_ref().map(|paid| paid.payment_id.as_str()));
    map.raise("reserved", progress.reserved);
    map.put_some("undo", progress.undo.as_ref().map(undo_attributes));
    map
}

fn wrong(name: &str) -> NotAnOrder {
    NotAnOrder(format!("its {name} is missing or of another type"))
}

fn need<'a>(item: &'a Item, name: &str) -> Result<&'a str, NotAnOrder> {
    item.text(name).ok_or_else(|| wrong(name))
}

fn optional(item: &Item, name: &str) -> Option<Text> {
    item.text(name).map(Text::from)
}

fn whole(item: &Item, name: &str) -> Result<u64, NotAnOrder> {
    item.number(name).and_then(Number::to_u64).ok_or_else(|| wrong(name))
}

fn status(item: &Item, name: &str) -> Result<Status, NotAnOrder> {
    Status::parse(need(item, name)?).ok_or_else(|| wrong(name))
}

fn instant(item: &Item, name: &str) -> Result<Timestamp, NotAnOrder> {
    Timestamp::parse(need(item, name)?).ok_or_else(|| wrong(name))
}

fn list<'a>(item: &'a Item, name: &str) -> Result<&'a [Value], NotAnOrder> {
    match item.get(name) {
        Some(Value::L(values)) => Ok(values),
        _ => Err(wrong(name)),
    }
}

fn map<'a>(item: &'a Item, name: &str) -> Option<&'a Item> {
    match item.get(name) {
        Some(Value::M(map)) => Some(map),
        _ => None,
    }
}

fn map_of<'a>(value: &'a Value, name: &str) -> Result<&'a Item, NotAnOrder> {
    match value {
        Value::M(map) => Ok(map),
        _ => Err(wrong(name)),
    }
}

fn read_line(value: &Value) -> Result<Line, NotAnOrder> {
    let map = map_of(value, "items")?;
    Ok(Line {
        sku: need(map, "sku")?.into(),
        name: need(map, "name")?.into(),
        quantity: u32::try_from(whole(map, "quantity")?).map_err(|_| wrong("quantity"))?,
        price: Minor(whole(map, "priceMinor")?),
    })
}

fn read_moment(value: &Value) -> Result<Moment, NotAnOrder> {
    let map = map_of(value, "history")?;
    Ok(Moment { status: status(map, "status")?, at: instant(map, "at")?, detail: optional(map, "detail") })
}

fn read_address(map: &Item) -> Result<Address, NotAnOrder> {
    Ok(Address {
        name: optional(map, "name"),
        line1: need(map, "line1")?.into(),
        line2: optional(map, "line2"),
        city: need(map, "city")?.into(),
        region: optional(map, "region"),
        postal_code: optional(map, "postalCode"),
        country: need(map, "country")?.into(),
    })
}

fn read_tracking(map: &Item) -> Result<Tracking, NotAnOrder> {
    Ok(Tracking {
        carrier: need(map, "carrier")?.into(),
        number: need(map, "number")?.into(),
        url: optional(map, "url"),
    })
}

fn read_error(map: &Item) -> Result<Error, NotAnOrder> {
    Ok(Error { step: status(map, "step")?, code: need(map, "code")?.into(), message: need(map, "message")?.into() })
}

fn flag(map: &Item, name: &str) -> bool {
    map.get(name) == Some(&Value::Bool(true))
}

fn read_undo(undo: &Item) -> Result<Undo, NotAnOrder> {
    Ok(Undo {
        recall: flag(undo, "recall"),
        void: flag(undo, "void"),
        release: flag(undo, "release"),
        error: map(undo, "error").map(read_error).transpose()?,
        dead: flag(undo, "dead"),
    })
}

fn read_progress(progress: &Item) -> Result<Progress, NotAnOrder> {
    let held = if progress.get("held").is_some() { list(progress, "held")? } else { &[] };
    let held = held.iter().map(|sku| sku.as_str().map(Text::from)).collect::<Option<_>>();
    let attempts = if progress.get("attempts").is_some() { whole(progress, "attempts")? } else { 0 };
    Ok(Progress {
        attempts: u32::try_from(attempts).map_err(|_| wrong("attempts"))?,
        reserved: flag(progress, "reserved"),
        held: held.ok_or_else(|| wrong("held"))?,
        paid: optional(progress, "paymentId").map(|payment_id| Paid { payment_id }),
        cancel_requested: flag(progress, "cancelRequested"),
        cancel_reason: optional(progress, "cancelReason"),
        dead_lettered: flag(progress, "deadLettered"),
        undo: map(progress, "undo").map(read_undo).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn any_order()(
            lines in proptest::collection::vec(("[a-z]{1,8}", 1..9u32, 0..100_000u64), 1..4),
            note in proptest::option::of("\\PC{0,20}"),
            address in any::<bool>(),
            ends in 0..3usize,
            attempts in 0..5u32,
            flags in any::<[bool; 3]>(),
            held in proptest::collection::vec("[a-z]{1,8}", 0..3),
            undo in proptest::option::of(any::<[bool; 5]>()),
            paid in any::<bool>(),
            millis in 0..4_000_000_000_000i64,
        ) -> Order {
            let at = Timestamp::from_millis(millis);
            let status = [Status::Pending, Status::Completed, Status::Failed][ends];
            let lines: Vec<Line> = lines
                .into_iter()
                .map(|(sku, quantity, price)| Line { name: sku.as_str().into(), sku: sku.into(), quantity, price: Minor(price) })
                .collect();
            Order {
                id: "01890a5d-ac96-774b-bcce-b302099a8057".into(),
                tenant: "demo".into(),
                customer_id: "C-1".into(),
                customer_email: "a@test.com".into(),
                status,
                currency: Currency::USD,
                amount: Minor(lines.iter().map(|line| line.price.0 * u64::from(line.quantity)).sum()),
                lines,
                shipping_address: address.then(|| Address {
                    line1: "1 Main St".into(),
                    city: "Town".into(),
                    country: "US".into(),
                    region: Some("CA".into()),
                    ..Address::default()
                }),
                note: note.map(Text::from),
                created_at: at,
                updated_at: at,
                version: 7,
                history: vec![Moment { status, at, detail: Some("why".into()) }],
                tracking: (ends == 1).then(|| Tracking { carrier: "x".into(), number: "1".into(), url: None }),
                error: (ends == 2).then(|| Error { step: Status::Validating, code: "c".into(), message: "m".into() }),
                progress: Progress {
                    attempts,
                    reserved: flags[0],
                    held: held.into_iter().map(Text::from).collect(),
                    undo: undo.map(|[recall, void, release, dead, failed]| Undo {
                        recall,
                        void,
                        release,
                        dead,
                        error: failed.then(|| Error { step: Status::Fulfillment, code: "d".into(), message: "n".into() }),
                    }),
                    paid: paid.then(|| Paid { payment_id: "p".into() }),
                    cancel_requested: flags[1],
                    cancel_reason: flags[1].then(|| "why".into()),
                    dead_lettered: flags[2],
                },
                correlation: "r-1".into(),
            }
        }
    }

    proptest! {
        /// What is written is read back.
        #[test]
        fn orders_round_trip(order in any_order()) {
            let item = order.to_item();
            prop_assert_eq!(Order::from_item(&item), Ok(order));
        }

        /// Whatever a step changes, what is written after another state of the order is what is written without.
        #[test]
        fn a_step_is_written_as_if_nothing_had_been_before(before in any_order(), step in any_order()) {
            let mut after = before.clone();
            (after.status, after.version) = (step.status, before.version + 1);
            (after.tracking, after.error, after.progress) = (step.tracking, step.error, step.progress);
            after.updated_at = step.updated_at;
            after.history.extend(step.history);
            prop_assert_eq!(after.to_item_after(&before.to_item()), after.to_item());
        }

        /// An item that lacks something, or has it in another type, is refused and not misread.
        #[test]
        fn a_damaged_item_is_refused_or_still_whole(order in any_order(), at in 0..30usize) {
            let item = order.to_item();
            let name = item.iter().nth(at % item.len()).unwrap().0.to_owned();
            let mut damaged = item.clone();
            damaged.insert(name.as_str(), Value::Null);
            if let Ok(read) = Order::from_item(&damaged) {
                prop_assert_eq!(read.id, order.id);
                prop_assert_eq!(read.amount, order.amount);
                prop_assert_eq!(read.status, order.status);
            }
        }
    }

    #[test]
    fn pipes_find_what_they_route_by() {
        let at = Timestamp::from_millis(0);
        let order = Order {
            id: "o".into(),
            tenant: "demo".into(),
            customer_id: "C-1".into(),
            customer_email: "VIP@Test.com".into(),
            status: Status::Pending,
            currency: Currency::USD,
            amount: Minor(150_000),
            lines: vec![],
            shipping_address: None,
            note: None,
            created_at: at,
            updated_at: at,
            version: 1,
            history: vec![],
            tracking: None,
            error: None,
            progress: Progress::default(),
            correlation: Text::default(),
        };
        let item = order.to_item();
        assert_eq!(item.text("tier"), Some("premium"));
        assert_eq!(item.get("test"), Some(&Value::Bool(true)));
        assert_eq!(item.text("customerKey"), Some("demo#C-1"));
        assert_eq!(item.text("status"), Some("PENDING"));
        assert!(Order::item_is_test(&item));
        assert_eq!(item.get("progress"), None, "an order without progress has none on disk");
    }
}
