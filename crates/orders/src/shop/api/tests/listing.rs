//! Listing a customer's orders, page by page.

use super::*;
use proptest::prelude::*;
use types::Timestamp;

/// Makes orders of a customer, a millisecond apart; their ids, the oldest first.
fn orders(shop: &Fake, tenant: &str, customer: &str, count: usize) -> Vec<String> {
    let make = |n| {
        shop.set_now(Timestamp::from_millis(1_767_225_600_000 + n));
        id(&Ask::create(BODY.replace("C-1", customer)).tenant(tenant).run(shop))
    };
    (0..i64::try_from(count).unwrap()).map(make).collect()
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    json(answer)["orders"].as_array().unwrap().iter().map(|o| o["orderId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_newest_come_first_twenty_at_a_time() {
    let shop = Fake::new();
    let mut all = orders(&shop, "demo", "C-1", 25);
    all.reverse();
    let first = Ask::list("C-1", &[]).run(&shop);
    assert_eq!(ids(&first), all[..20]);
    let cursor = json(&first)["nextCursor"].as_str().unwrap().to_owned();
    let link = format!("</customers/C-1/orders?limit=20&cursor={cursor}>; rel=\"next\"");
    assert_eq!(header(&first, "link"), Some(link.as_str()));
    let second = Ask::list("C-1", &[("cursor", &cursor)]).run(&shop);
    assert_eq!(ids(&second), all[20..]);
    assert_eq!((json(&second).get("nextCursor"), header(&second, "link")), (None, None));
    let shown = json(&Ask::get(&all[0]).run(&shop));
    assert_eq!(json(&first)["orders"][0], shown, "an order is listed as it is shown");
}

#[test]
fn links_spell_customers_as_paths_do() {
    let shop = Fake::new();
    orders(&shop, "demo", "a@b?c%", 2);
    let answer = Ask::list("a@b?c%", &[("limit", "1"), ("order", "oldest")]).run(&shop);
    assert!(
        header(&answer, "link").unwrap().starts_with("</customers/a%40b%3Fc%25/orders?limit=1&order=oldest&cursor=")
    );
}

#[test]
fn a_customer_whom_nobody_knows_has_no_orders() {
    let shop = Fake::new();
    orders(&shop, "demo", "C-1", 1);
    for customer in ["C-2", "c-1", "", "#", "a/b", "größe"] {
        let answer = Ask::list(customer, &[]).run(&shop);
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{\"orders\":[]}"[..]), "{customer}");
    }
}

#[test]
fn all_that_is_wrong_with_a_query_is_said_at_once() {
    let shop = Fake::new();
    orders(&shop, "demo", "C-1", 3);
    orders(&shop, "demo", "C-2", 3);
    let cursor_of = |customer: &str, tenant: &str| {
        let answer = Ask::list(customer, &[("limit", "1")]).tenant(tenant).run(&shop);
        json(&answer)["nextCursor"].as_str().unwrap().to_owned()
    };
    let (own, other) = (cursor_of("C-1", "demo"), cursor_of("C-2", "demo"));
    orders(&shop, "theirs", "C-1", 3);
    let theirs = cursor_of("C-1", "theirs");
    let limit = "`limit` should be a whole number from 1 to 100.";
    let order = "`order` should be newest or oldest.";
    let cursor =
        "`cursor` should be the `nextCursor` of this customer's list in the same order; leave it out to begin anew.";
    let both = format!("{limit} {order}");
    let cases: [(&[(&str, &str)], &str); 14] = [
        (&[("limit", "0")], limit),
        (&[("limit", "101")], limit),
        (&[("limit", "-1")], limit),
        (&[("limit", "+5")], limit),
        (&[("limit", "")], limit),
        (&[("limit", "1e1")], limit),
        (&[("limit", "99999999999999999999999")], limit),
        (&[("order", "NEWEST")], order),
        (&[("limit", "x"), ("order", "")], &both),
        (&[("limit", "5"), ("limit", "6")], "`limit` stands in the query more than once."),
        (&[("cursor", "x")], cursor),
        (&[("cursor", &other)], cursor),
        (&[("cursor", &theirs)], cursor),
        (&[("cursor", &own), ("order", "oldest")], cursor),
    ];
    for (query, expected) in cases {
        let answer = Ask::list("C-1", query).run(&shop);
        assert_eq!((answer.status, kind(&answer)), (400, Some(ProblemKind::InvalidQuery)), "{query:?}");
        assert_eq!(answer.problem.unwrap().detail, expected, "{query:?}");
    }
    assert_eq!(Ask::list("C-1", &[("cursor", &own), ("limit", "100"), ("colour", "red")]).run(&shop).status, 200);
}

#[test]
fn what_others_wrote_is_left_out_of_lists_and_logged() {
    let shop = Fake::new();
    let all = orders(&shop, "demo", "C-1", 2);
    let mut by_hand = shop.items(Table::Orders)[0].clone();
    by_hand.insert("orderId", "ORD-1".into());
    by_hand.insert("version", "seven".into());
    shop.put(Table::Orders, by_hand.clone());
    // A sound one whose key is this tenant's, and which says that it is another's.
    let theirs = Order { id: "ORD-2".into(), ..kept(&shop, &all[0]) };
    let mut theirs = theirs.to_item();
    theirs.insert("tenant", "theirs".into());
    shop.put(Table::Orders, theirs);
    let answer = Ask::list("C-1", &[("order", "oldest")]).run(&shop);
    assert_eq!(ids(&answer), all);
    assert!(answer.log.unwrap().starts_with("2 items"));
}

proptest! {
    /// Page by page every order of the customer comes once, in order, and no other's.
    #[test]
    fn pages_hold_every_order_once(own in 0..12usize, others in 0..5usize, limit in 1..5usize, newest: bool) {
        let shop = Fake::new();
        let mut expected = orders(&shop, "demo", "C-1", own);
        orders(&shop, "demo", "C-11", others);
        orders(&shop, "theirs", "C-1", others);
        if newest {
            expected.reverse();
        }
        let limit_text = limit.to_string();
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![("limit", limit_text.as_str()), ("order", if newest { "newest" } else { "oldest" })];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let answer = Ask::list("C-1", &query).run(&shop);
            let page = ids(&answer);
            prop_assert!(page.len() <= limit);
            seen.extend(page);
            cursor = json(&answer)["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        prop_assert_eq!(seen, expected);
    }
}
