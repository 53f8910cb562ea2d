//! Whatever a tenant asks, another's orders are missing ones.

use super::*;
use proptest::prelude::*;

proptest! {
    /// To every operation another tenant's order is a missing one: the same answer to the byte, after the same calls,
    /// and nothing is changed.
    #[test]
    fn another_tenants_order_is_a_missing_one(
        status in prop::sample::select(Status::ALL.to_vec()),
        own_id: bool,
        tenants in ("[ab#]{1,4}", "[ab#]{1,4}").prop_filter("two tenants", |(one, other)| one != other),
        seed: u64,
    ) {
        let shop = Fake::waiting(0, seed);
        let (owner, other) = tenants;
        let mut theirs = id(&Ask::create(BODY).tenant(&owner).run(&shop));
        take_to(&shop, &theirs, status);
        let mut missing = "019b7694-a000-7abc-8abc-0123456789ab".to_owned();
        if !own_id {
            let order = Order { id: "ORD-1".into(), ..kept(&shop, &theirs) };
            shop.put(Table::Orders, order.to_item());
            (theirs, missing) = ("ORD-1".to_owned(), "ORD-2".to_owned());
        }
        let before = shop.items(Table::Orders);
        let asks = |id: &str| {
            let etag = kept(&shop, &theirs).version.to_string();
            [
                Ask::get(id),
                Ask::get(id).header("if-none-match", "*"),
                Ask::get(id).header("if-none-match", format!("\"{etag}\"")),
                Ask::cancel(id, ""),
                Ask::cancel(id, "{\"reason\":\"x\"}"),
                Ask::cancel(id, "{"),
                Ask::follow(id),
                Ask::follow(id).header("last-event-id", "1"),
            ]
        };
        shop.take_calls();
        for (of_theirs, of_none) in asks(&theirs).into_iter().zip(asks(&missing)) {
            let (of_theirs, of_none) = (of_theirs.tenant(&other), of_none.tenant(&other));
            let answers = [of_theirs.run(&shop), of_none.run(&shop)];
            prop_assert_eq!(&answers[0], &answers[1]);
            prop_assert!(matches!(answers[0].status, 404 | 400));
            let calls = shop.take_calls();
            let (first, second) = calls.split_at(calls.len() / 2);
            prop_assert_eq!(first, second);
        }
        // Nor is it in a list, of its own customer or of any whose key could be mistaken for that one's.
        let parts: Vec<String> = owner.match_indices('#').map(|(at, _)| format!("{}#C-1", &owner[at + 1..])).collect();
        for customer in parts.iter().map(String::as_str).chain(["C-1", "", "#"]) {
            let answer = Ask::list(customer, &[]).tenant(&other).run(&shop);
            prop_assert_eq!((answer.status, &answer.body[..], answer.log), (200, &b"{\"orders\":[]}"[..], None));
        }
        prop_assert_eq!(shop.items(Table::Orders), before);
        // Its owner still has it.
        prop_assert_eq!(Ask::get(&theirs).tenant(&owner).run(&shop).status, 200);
    }
}
