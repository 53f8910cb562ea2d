//! Decides what a client may ask for: what an order's body says, or everything that is wrong with it.
//!
//! Start at [`read_order`]. The body is walked once, by a reader that loses nothing ([`json`]); each field is held to
//! its rule ([`text`], [`decimal`]), and faults are collected with their places until the end ([`faults`]).
//!
//! Invariant: what the shop decides itself is never taken from a client. The total is computed here, a client's own is
//! only compared with it, and a member that is not known is a fault.

mod decimal;
pub(crate) mod faults;
mod json;
mod members;
mod question;
mod text;

pub(crate) use faults::Faults;
pub use faults::{FAULTS_MAX, Fault};
pub(crate) use json::NotJson;
pub(crate) use question::{Question, read_question};
pub(crate) use text::{is_customer_id, is_odd};

use super::money::{AMOUNT_MAX, Currency, Minor, NotMoney};
use super::order::{Address, Line};
use decimal::Written;
use faults::{Place, shown};
use json::Kind;
use members::{Body, Members};
use std::borrow::Cow;
use types::Text;

/// The most lines of one order.
pub const LINES_MAX: usize = 100;
/// The most pieces of one line.
pub const QUANTITY_MAX: u32 = 10_000;

/// What a client orders: sound, and with what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// What the shop calls its customer.
    pub(crate) customer_id: Text,
    /// Where the customer is written to.
    pub(crate) customer_email: Text,
    /// What the amounts are in.
    pub(crate) currency: Currency,
    /// What is ordered; at least one, each of other goods.
    pub(crate) lines: Vec<Line>,
    /// What all of it costs.
    pub(crate) amount: Minor,
    /// Where it goes.
    pub(crate) shipping_address: Option<Address>,
    /// What the customer wrote beside it.
    pub(crate) note: Option<Text>,
}

/// Why a body is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is not JSON.
    NotJson(NotJson),
    /// It is JSON, and this is wrong with it.
    Faulty(Faults),
}

impl From<NotJson> for Refused {
    fn from(not_json: NotJson) -> Self {
        Self::NotJson(not_json)
    }
}

const ORDER: Members = Members {
    known: &["customerId", "customerEmail", "currency", "items", "shippingAddress", "note", "total", "amount"],
    required: &["customerId", "customerEmail", "items"],
};
const LINE: Members =
    Members { known: &["sku", "name", "quantity", "price"], required: &["sku", "name", "quantity", "price"] };
const ADDRESS: Members = Members {
    known: &["name", "line1", "line2", "city", "region", "postalCode", "country"],
    required: &["line1", "city", "country"],
};
const CANCELLATION: Members = Members { known: &["reason"], required: &[] };

/// A value and where it stands in the body.
type At<T> = (usize, T);

/// A line as it was written; what is missing was faulty.
#[derive(Default)]
struct WrittenLine<'a> {
    sku: Option<At<Cow<'a, str>>>,
    name: Option<Cow<'a, str>>,
    quantity: Option<u32>,
    price: Option<At<Written<'a>>>,
}

/// An order as it was written; what is missing was faulty or left out.
#[derive(Default)]
struct WrittenOrder<'a> {
    customer_id: Option<Cow<'a, str>>,
    customer_email: Option<Cow<'a, str>>,
    currency: CurrencyWritten,
    lines: Vec<WrittenLine<'a>>,
    lines_at: usize,
    shipping_address: Option<Address>,
    note: Option<Cow<'a, str>>,
    totals: [Option<At<Written<'a>>>; 2],
}

#[derive(Default, Clone, Copy)]
enum CurrencyWritten {
    #[default]
    LeftOut,
    Known(Currency),
    Faulty,
}

/// Reads the body of an order.
pub(crate) fn read_order(body: &[u8]) -> Result<Draft, Refused> {
    let mut body = Body::new(body)?;
    let mut order = WrittenOrder::default();
    body.object(&Place::Root, &ORDER, |body, name, place| {
        match name {
            "customerId" => order.customer_id = body.text(place, &text::CUSTOMER_ID)?,
            "customerEmail" => order.customer_email = body.text(place, &text::EMAIL)?,
            "currency" => order.currency = currency(body, place)?,
            "items" => (order.lines_at, order.lines) = lines(body, place)?,
            "shippingAddress" => order.shipping_address = address(body, place)?,
            "note" => order.note = body.text(place, &text::NOTE)?,
            "total" => order.totals[0] = body.amount(place)?,
            _ => order.totals[1] = body.amount(place)?,
        }
        Ok(())
    })?;
    body.end()?;
    let mut faults = body.into_faults();
    let draft = draft(order, &mut faults);
    // A draft is whole only if nothing was found to be wrong.
    draft.filter(|_| faults.is_empty()).ok_or(Refused::Faulty(faults))
}

/// Reads the body of a cancellation: its reason, if it has one. No body has none.
pub(crate) fn read_cancellation(body: &[u8]) -> Result<Option<String>, Refused> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let mut body = Body::new(body)?;
    let mut reason = None;
    body.object(&Place::Root, &CANCELLATION, |body, _, place| {
        reason = body.text(place, &text::REASON)?;
        Ok(())
    })?;
    body.end()?;
    let faults = body.into_faults();
    let reason = reason.filter(|reason| !reason.trim().is_empty()).map(Cow::into_owned);
    if faults.is_empty() { Ok(reason) } else { Err(Refused::Faulty(faults)) }
}

fn currency(body: &mut Body<'_>, place: &Place<'_>) -> Result<CurrencyWritten, NotJson> {
    let at = body.place()?;
    let Some(code) = body.text(place, &text::CURRENCY)? else { return Ok(CurrencyWritten::Faulty) };
    Ok(Currency::parse(&code).map_or_else(
        || {
            let detail =
                format!("should be the three capitals of a currency (ISO 4217) such as USD, it is {}", shown(&code));
            body.faults.add(at, place, detail);
            CurrencyWritten::Faulty
        },
        CurrencyWritten::Known,
    ))
}

fn lines<'a>(body: &mut Body<'a>, place: &Place<'_>) -> Result<(usize, Vec<WrittenLine<'a>>), NotJson> {
    let at = body.place()?;
    let mut lines = Vec::new();
    if !body.expect(place, Kind::Array)? {
        return Ok((at, lines));
    }
    let mut count = 0;
    body.reader.open_array()?;
    while body.reader.element(count == 0)? {
        if count < LINES_MAX {
            lines.push(line(body, &place.element(count))?);
        } else {
            body.reader.skip()?;
        }
        count += 1;
    }
    if count == 0 {
        body.faults.add(at, place, "is empty; an order has at least one item");
    } else if count > LINES_MAX {
        body.faults.add(at, place, format!("has {count} items, an order has at most {LINES_MAX}"));
    }
    Ok((at, lines))
}

fn line<'a>(body: &mut Body<'a>, place: &Place<'_>) -> Result<WrittenLine<'a>, NotJson> {
    let mut line = WrittenLine::default();
    body.object(place, &LINE, |body, name, place| {
        match name {
            "sku" => {
                let at = body.place()?;
                line.sku = body.text(place, &text::SKU)?.map(|sku| (at, sku));
            }
            "name" => line.name = body.text(place, &text::LINE_NAME)?,
            "quantity" => line.quantity = quantity(body, place)?,
            _ => line.price = body.amount(place)?,
        }
        Ok(())
    })?;
    Ok(line)
}

fn quantity(body: &mut Body<'_>, place: &Place<'_>) -> Result<Option<u32>, NotJson> {
    let at = body.place()?;
    if !body.expect(place, Kind::Number)? {
        return Ok(None);
    }
    let number = body.reader.number()?;
    let count = decimal::whole(number).and_then(|count| u32::try_from(count).ok());
    let count = count.filter(|count| (1..=QUANTITY_MAX).contains(count));
    if count.is_none() {
        let detail = format!("should be a whole number from 1 to {QUANTITY_MAX}, it is {}", shown(number));
        body.faults.add(at, place, detail);
    }
    Ok(count)
}

fn address(body: &mut Body<'_>, place: &Place<'_>) -> Result<Option<Address>, NotJson> {
    let mut address = Address::default();
    let was_object = body.object(place, &ADDRESS, |body, name, place| {
        let rule = match name {
            "name" => &text::PERSON,
            "city" | "region" => &text::TOWN,
            "postalCode" => &text::POSTAL_CODE,
            "country" => &text::COUNTRY,
            _ => &text::STREET,
        };
        let value = body.text(place, rule)?.map(Text::from);
        match name {
            "name" => address.name = value,
            "line1" => address.line1 = value.unwrap_or_default(),
            "line2" => address.line2 = value,
            "city" => address.city = value.unwrap_or_default(),
            "region" => address.region = value,
            "postalCode" => address.postal_code = value,
            _ => address.country = value.unwrap_or_default(),
        }
        Ok(())
    })?;
    Ok(was_object.then_some(address))
}

/// Makes an order of what was written: finds what only shows when all of it is known.
fn draft(order: WrittenOrder<'_>, faults: &mut Faults) -> Option<Draft> {
    let currency = match order.currency {
        CurrencyWritten::LeftOut => Some(Currency::USD),
        CurrencyWritten::Known(currency) => Some(currency),
        CurrencyWritten::Faulty => None,
    };
    repeated_goods(&order.lines, faults);
    let place = Place::Root.member("items");
    let mut sum = Some(Minor(0));
    let mut lines = Vec::with_capacity(order.lines.len());
    for (index, line) in order.lines.into_iter().enumerate() {
        let (price_at, price) = line.price.map_or((0, None), |(at, price)| {
            (at, amount_of(at, &price, currency, &place.element(index).member("price"), faults))
        });
        let cost = price.zip(line.quantity).and_then(|(price, quantity)| {
            let cost = price.times(u64::from(quantity));
            if cost.is_none() {
                let detail = "times its quantity is larger than any amount that is taken";
                faults.add(price_at, &place.element(index).member("price"), detail);
            }
            cost
        });
        // Once one line has no cost the sum is not known.
        sum = sum.zip(cost).map(|(sum, cost)| Minor(sum.0.saturating_add(cost.0)));
        let (Some((_, sku)), Some(name), Some(quantity), Some(price)) = (line.sku, line.name, line.quantity, price)
        else {
            continue;
        };
        lines.push(Line { sku: sku.into(), name: name.into(), quantity, price });
    }
    if sum.is_some_and(|sum| sum.0 > AMOUNT_MAX) {
        faults.add(order.lines_at, &place, "cost together more than any amount that is taken");
        sum = None;
    }
    for (name, total) in ["total", "amount"].into_iter().zip(&order.totals) {
        if let Some((at, total)) = total {
            agree(*at, total, currency, sum, &Place::Root.member(name), faults);
        }
    }
    Some(Draft {
        customer_id: order.customer_id?.into(),
        customer_email: order.customer_email?.into(),
        currency: currency?,
        lines,
        amount: sum?,
        shipping_address: order.shipping_address,
        note: order.note.filter(|note| !note.is_empty()).map(Text::from),
    })
}

/// The amount that is written, if it is one. Without a currency only what is wrong in any is found.
fn amount_of(
    at: usize,
    written: &Written<'_>,
    currency: Option<Currency>,
    place: &Place<'_>,
    faults: &mut Faults,
) -> Option<Minor> {
    match written.amount(currency.unwrap_or(Currency::USD)) {
        Ok(amount) => return currency.map(|_| amount),
        Err(NotMoney::TooFine(_)) if currency.is_none() => {}
        Err(not_money) => faults.add(at, place, format!("{not_money}: {}", shown(written.as_written()))),
    }
    None
}

/// Holds a client's own total to what the lines cost.
fn agree(
    at: usize,
    total: &Written<'_>,
    currency: Option<Currency>,
    sum: Option<Minor>,
    place: &Place<'_>,
    faults: &mut Faults,
) {
    let total = amount_of(at, total, currency, place, faults);
    if let (Some(total), Some(sum), Some(currency)) = (total, sum, currency)
        && total != sum
    {
        let (total, sum) = (total.decimal(currency), sum.decimal(currency));
        faults.add(at, place, format!("is {total}, but the items cost {sum}; mend it or leave it out"));
    }
}

/// The same goods on two lines are likely a mistake, and stock is set aside by line.
fn repeated_goods(lines: &[WrittenLine<'_>], faults: &mut Faults) {
    let skus = || lines.iter().enumerate().filter_map(|(index, line)| Some((index, line.sku.as_ref()?)));
    for (index, (at, sku)) in skus() {
        if let Some((earlier, _)) = skus().take_while(|(other, _)| *other < index).find(|(_, (_, other))| other == sku)
        {
            let detail = format!("is that of item {earlier} already; add to its quantity instead");
            faults.add(*at, &Place::Root.member("items").element(index).member("sku"), detail);
        }
    }
}

#[cfg(test)]
mod tests;
