//! Decides how a customer's orders are listed: page by page, the newest first unless asked otherwise.

use super::Request;
use super::answer::{Answer, ProblemKind};
use crate::shop::order::{Order, customer_key};
use crate::shop::page::List;
use crate::shop::ports::{CustomerPage, CustomerQuery, Shop};
use crate::shop::request::is_customer_id;
use crate::shop::view::{text, write_order};
use std::fmt::Write;

const LIMIT_MAX: usize = 100;
const LIMIT_DEFAULT: usize = 20;

pub(super) async fn list<S: Shop>(shop: &S, request: &Request<'_>) -> Answer {
    let customer_id = request.parameter("customerId");
    let customer_key = customer_key(request.tenant, customer_id);
    let (limit, list, after) = match asked(request, &customer_key) {
        Ok(asked) => asked,
        Err(faults) => return Answer::problem(ProblemKind::InvalidQuery, faults.join(" ")),
    };
    let query = CustomerQuery { customer_key: customer_key.clone(), limit, after, newest_first: list.newest_first };
    let page = if is_customer_id(customer_id) {
        match shop.orders_of(query).await {
            Ok(page) => page,
            Err(unreadable) => return unreadable.into(),
        }
    } else {
        // Nobody can be called so, and the key could be that of another tenant's customer.
        CustomerPage::default()
    };
    let next = page.next.as_ref().map(|place| list.cursor(place));
    let mut unread = 0;
    let mut answer = Answer::list(body(&page, request.tenant, next.as_deref(), &mut unread));
    if let Some(cursor) = next {
        let order = if list.newest_first { "" } else { "&order=oldest" };
        let customer = percent_encoded(customer_id);
        let link = format!("</customers/{customer}/orders?limit={limit}{order}&cursor={cursor}>; rel=\"next\"");
        answer.headers.push(("link", link));
    }
    if unread > 0 {
        answer.log =
            Some(format!("{unread} items of a customer's list were left out: the shop front did not write them"));
    }
    answer
}

/// The most orders, which list, and where the last page ended; or everything that is wrong with the query.
type Asked<'k> = (usize, List<'k>, Option<(String, String)>);

fn asked<'k>(request: &Request<'_>, customer_key: &'k str) -> Result<Asked<'k>, Vec<String>> {
    let mut faults = Vec::new();
    let limit = match once(request, "limit", &mut faults) {
        None => LIMIT_DEFAULT,
        Some(text) => digits(text).filter(|limit| (1..=LIMIT_MAX).contains(limit)).unwrap_or_else(|| {
            faults.push(format!("`limit` should be a whole number from 1 to {LIMIT_MAX}."));
            LIMIT_DEFAULT
        }),
    };
    let newest_first = match once(request, "order", &mut faults) {
        None | Some("newest") => true,
        Some("oldest") => false,
        Some(_) => {
            faults.push("`order` should be newest or oldest.".to_owned());
            true
        }
    };
    let list = List { customer_key, newest_first };
    let cursor = once(request, "cursor", &mut faults);
    let after = cursor.map(|cursor| list.place(cursor));
    // With another fault the list may not be the one that is meant, and its cursor is not to blame.
    if after == Some(None) && faults.is_empty() {
        faults.push(
            "`cursor` should be the `nextCursor` of this customer's list in the same order; leave it out to begin anew."
                .to_owned(),
        );
    }
    if faults.is_empty() { Ok((limit, list, after.flatten())) } else { Err(faults) }
}

/// The value of a parameter that may stand in the query once.
fn once<'a>(request: &Request<'a>, name: &str, faults: &mut Vec<String>) -> Option<&'a str> {
    let mut values = request.query.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
    let first = values.next();
    if values.next().is_some() {
        faults.push(format!("`{name}` stands in the query more than once."));
    }
    first
}

fn digits(text: &str) -> Option<usize> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| all_digits)
}

fn body(page: &CustomerPage, tenant: &str, next: Option<&str>, unread: &mut usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + 1024 * page.items.len());
    out.extend_from_slice(b"{\"orders\":[");
    let mut first = true;
    for item in &page.items {
        match Order::from_item(item) {
            // An item is by the index of its `customerKey`; whoever wrote it by hand may have written another tenant.
            Ok(order) if order.tenant == tenant => {
                if !first {
                    out.push(b',');
                }
                first = false;
                write_order(&mut out, &order);
            }
            Ok(_) | Err(_) => *unread += 1,
        }
    }
    out.push(b']');
    if let Some(next) = next {
        text(&mut out, b",\"nextCursor\":", next);
    }
    out.push(b'}');
    out
}

/// As it stands in a path.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes everything");
        }
    }
    out
}
