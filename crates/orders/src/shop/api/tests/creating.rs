//! Taking orders in: once for each key, whatever is lost, put off or done at the same time.

use super::*;
use crate::shop::fake::{Mishap, interleave, run_if_it_ends};
use proptest::prelude::*;
use serde_json::json;

fn keyed(body: &str, key: &str) -> Ask {
    Ask::create(body).header("Idempotency-Key", key)
}

/// An answer without what may differ between the first time and another.
fn without_replayed(mut answer: Answer) -> Answer {
    answer.headers.retain(|(name, _)| *name != "idempotent-replayed");
    answer
}

#[test]
fn an_order_is_taken_in_with_its_message_in_one_commit() {
    let shop = Fake::new();
    let answer = Ask::create(BODY).run(&shop);
    let id = id(&answer);
    assert_eq!(shop.take_calls(), [Call::Commit]);
    let at = "2026-01-01T00:00:00.000Z";
    let expected = json!({
        "orderId": id,
        "status": "PENDING",
        "amount": "39.80",
        "currency": "USD",
        "tier": "small",
        "items": [{"sku": "TEA-1", "name": "Tea", "quantity": 2, "price": "19.90"}],
        "customerId": "C-1",
        "customerEmail": "ada@example.com",
        "createdAt": at,
        "updatedAt": at,
        "history": [{"status": "PENDING", "at": at}],
    });
    assert_eq!(json(&answer), expected);
    assert_eq!(header(&answer, "location"), Some(format!("/orders/{id}").as_str()));
    assert_eq!(header(&answer, "etag"), Some("\"1\""));
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    assert_eq!((answer.concerns.as_deref(), &answer.log), (Some(id.as_str()), &None));

    let order = kept(&shop, &id);
    assert_eq!((order.version, order.tenant.as_str(), order.correlation.as_str()), (1, "demo", "r-1"));
    let [message] = &shop.messages()[..] else { panic!("one message") };
    let expected = json!({"orderId": id, "createdAt": at, "tenant": "demo", "correlation": "r-1"});
    assert_eq!(serde_json::from_str::<Json>(message).unwrap(), expected);
    assert_eq!(shop.items(Table::Requests), []);
}

#[test]
fn what_is_kept_of_a_key_goes_after_seven_days() {
    let shop = Fake::new();
    let id = id(&keyed(BODY, "k#1").run(&shop));
    let [kept] = &shop.items(Table::Requests)[..] else { panic!("one item") };
    assert_eq!(kept.text("requestId"), Some("demo#k%231"));
    assert_eq!((kept.text("orderId"), kept.text("createdAt")), (Some(id.as_str()), Some("2026-01-01T00:00:00.000Z")));
    let week = 1_767_225_600u64 + 7 * 86_400;
    assert_eq!(kept.number("expiresAt"), Some(week.into()));
}

#[test]
fn the_same_request_gets_the_same_answer_whatever_became_of_the_order() {
    for status in Status::ALL {
        let shop = Fake::new();
        let first = keyed(BODY, "k").run(&shop);
        take_to(&shop, &id(&first), status);
        shop.set_now(shop_later(&shop));
        let spelled_otherwise = BODY.replace(':', " : ").replace("\"19.90\"", "1.99e1");
        for body in [BODY, &spelled_otherwise] {
            let again = keyed(body, "k").run(&shop);
            assert_eq!(header(&again, "idempotent-replayed"), Some("true"));
            assert_eq!(without_replayed(again), first, "{status}");
        }
        assert_eq!(header(&first, "idempotent-replayed"), None);
        assert_eq!((shop.items(Table::Orders).len(), shop.messages().len()), (1, 1));
    }
}

fn shop_later(shop: &Fake) -> types::Timestamp {
    crate::shop::ports::Shop::now(shop) + Duration::from_secs(3600)
}

#[test]
fn a_key_is_for_one_request_of_one_tenant() {
    let shop = Fake::new();
    let first = keyed(BODY, "k").run(&shop);
    let other = keyed(&BODY.replace("TEA-1", "TEA-2"), "k").run(&shop);
    assert_eq!((other.status, kind(&other)), (422, Some(ProblemKind::IdempotencyKeyReused)));
    assert_eq!(shop.items(Table::Orders).len(), 1);
    let anew = keyed(BODY, "another").run(&shop);
    let theirs = keyed(BODY, "k").tenant("theirs").run(&shop);
    let ids = [id(&first), id(&anew), id(&theirs)];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    assert_eq!(kept(&shop, &ids[2]).tenant, "theirs");
    assert_eq!(shop.messages().len(), 3);
}

#[test]
fn an_answer_that_was_lost_is_given_again() {
    let shop = Fake::new();
    shop.plan(Mishap::Lose);
    assert_eq!(run_if_it_ends(keyed(BODY, "k").of(&shop)), None);
    let again = keyed(BODY, "k").run(&shop);
    assert_eq!(header(&again, "idempotent-replayed"), Some("true"));
    assert_eq!(json(&again)["orderId"].as_str(), shop.items(Table::Orders)[0].text("orderId"));
    assert_eq!((shop.items(Table::Orders).len(), shop.messages().len()), (1, 1));
}

#[test]
fn keys_that_are_none_are_refused_together_with_the_body() {
    let long = "x".repeat(256);
    for key in [&b""[..], b" ", b"a b", b"a, b", b"\xc3\xa9", b"a\x7f", b"a\n", long.as_bytes()] {
        let shop = Fake::new();
        let bad_key = Ask::create(BODY).header("idempotency-key", key).run(&shop);
        // A line end cannot stand in a header, and a blank around a value is not part of it.
        if key == b"a\n" {
            assert_eq!(bad_key.status, 201);
            continue;
        }
        assert_eq!((bad_key.status, kind(&bad_key)), (400, Some(ProblemKind::InvalidIdempotencyKey)), "{key:?}");
        let both = Ask::create("{}").header("idempotency-key", key).run(&shop).problem.unwrap();
        assert_eq!((both.kind, both.errors.len()), (ProblemKind::InvalidBody, 3));
        assert!(both.detail.contains("Idempotency-Key"), "{}", both.detail);
        let neither = Ask::create("").header("idempotency-key", key).run(&shop).problem.unwrap();
        assert!(neither.detail.contains("Idempotency-Key") && neither.detail.contains("empty"), "{}", neither.detail);
        assert_eq!((shop.items(Table::Orders), shop.take_calls()), (vec![], vec![]));
    }
    assert_eq!(keyed(BODY, &"x".repeat(255)).run(&Fake::new()).status, 201);
}

#[test]
fn a_faulty_body_is_refused_before_anything_is_asked() {
    let shop = Fake::new();
    let faulty = Ask::create(BODY.replace("2,", "0,")).run(&shop);
    let problem = faulty.problem.as_ref().unwrap();
    assert_eq!((faulty.status, problem.kind), (400, ProblemKind::InvalidBody));
    assert_eq!(problem.detail, "One thing is wrong with the body; it stands in `errors`.");
    assert_eq!(problem.errors[0].pointer, "/items/0/quantity");
    let broken = Ask::create("{\n  x").run(&shop).problem.unwrap();
    assert_eq!(broken.kind, ProblemKind::NotJson);
    assert!(broken.detail.contains("line 2, column 3"), "{}", broken.detail);
    assert_eq!(shop.take_calls(), []);
}

#[test]
fn an_id_that_is_taken_is_drawn_again() {
    let shop = Fake::new();
    let later = shop_later(&shop);
    shop.interfere(move |shop| shop.set_now(later));
    shop.plan(Mishap::Refuse(CommitRefused::Unexpected { put: 0 }));
    let answer = keyed(BODY, "k").run(&shop);
    let id = id(&answer);
    let order = kept(&shop, &id);
    assert_eq!((order.created_at, order.updated_at, order.history[0].at), (later, later, later));
    assert_eq!(shop.items(Table::Requests)[0].text("createdAt"), Some(later.iso_millis().as_str()));
    // The id says the same instant, so the order is found with one read.
    shop.take_calls();
    assert_eq!(Ask::get(&id).run(&shop).status, 200);
    assert_eq!(shop.take_calls(), [Call::Get(Table::Orders)]);
    assert_eq!(shop.items(Table::Requests)[0].text("orderId"), Some(id.as_str()));
}

#[test]
fn a_key_that_is_forgotten_in_between_is_free_again_but_not_for_ever() {
    let gone = || Mishap::Refuse(CommitRefused::Unexpected { put: 1 });
    let shop = Fake::new();
    shop.plan(gone());
    assert_eq!(keyed(BODY, "k").run(&shop).status, 201);
    for _ in 0..9 {
        shop.plan(gone());
    }
    assert_eq!(keyed(BODY, "other").run(&shop).status, 503);
}

#[test]
fn a_request_whose_order_was_removed_is_not_done_again() {
    let shop = Fake::new();
    keyed(BODY, "k").run(&shop);
    shop.remove(Table::Orders, &shop.items(Table::Orders)[0]);
    let answer = keyed(BODY, "k").run(&shop);
    assert_eq!((answer.status, kind(&answer)), (409, Some(ProblemKind::OrderGone)));
    assert_eq!(shop.items(Table::Orders), []);
}

#[test]
fn a_thousand_at_once_with_one_key_make_one_order() {
    let shop = Fake::waiting(3, 1);
    let ask = keyed(BODY, "k");
    let asks = (0..1000).map(|_| Box::pin(ask.of(&shop)) as _);
    let answers: Vec<Answer> = interleave(7, asks).into_iter().map(Option::unwrap).collect();
    let replayed = answers.iter().filter(|answer| header(answer, "idempotent-replayed").is_some()).count();
    assert_eq!(replayed, 999);
    let first = without_replayed(answers[0].clone());
    assert!(answers.into_iter().all(|answer| without_replayed(answer) == first));
    assert_eq!((shop.items(Table::Orders).len(), shop.items(Table::Requests).len(), shop.messages().len()), (1, 1, 1));
}

#[test]
fn keys_with_signs_of_ours_in_them_stay_apart() {
    let shop = Fake::new();
    let pairs = [("a", "b#c"), ("a#b", "c"), ("a", "b%23c"), ("a", "b%2523c"), ("a#b", "#c")];
    for (tenant, key) in pairs {
        assert_eq!(header(&keyed(BODY, key).tenant(tenant).run(&shop), "idempotent-replayed"), None, "{tenant} {key}");
    }
    assert_eq!(shop.items(Table::Orders).len(), pairs.len());
}

proptest! {
    /// However requests meet, some of them lost or put off, each key has at most one order, all its answers tell of
    /// that order, and other requests with it are refused.
    #[test]
    fn however_requests_meet_each_key_makes_one_order(
        seed: u64,
        requests in proptest::collection::vec((0..3u8, 0..2u8, 0..2u8), 1..40),
        mishaps in proptest::collection::vec(0..3u8, 0..4),
    ) {
        let shop = Fake::waiting(4, seed);
        for mishap in mishaps {
            shop.plan(match mishap {
                0 => Mishap::Lose,
                1 => Mishap::Refuse(CommitRefused::Busy("full".into())),
                _ => Mishap::Refuse(CommitRefused::Unexpected { put: 0 }),
            });
        }
        let asks: Vec<Ask> = requests
            .iter()
            .map(|(key, tenant, body)| {
                let body = BODY.replace("TEA-1", ["TEA-1", "TEA-2"][usize::from(*body)]);
                keyed(&body, &key.to_string()).tenant(["one", "two"][usize::from(*tenant)])
            })
            .collect();
        let answers: Vec<Option<Answer>> = interleave(seed, asks.iter().map(|ask| Box::pin(ask.of(&shop)) as _));
        let kept = shop.items(Table::Requests);
        prop_assert_eq!(kept.len(), shop.items(Table::Orders).len());
        prop_assert_eq!(kept.len(), shop.messages().len());
        for ((request, ask), answer) in requests.iter().zip(&asks).zip(answers) {
            let Some(answer) = answer else { continue };
            let key = format!("{}#{}", ask.tenant, request.0);
            let made = kept.iter().find(|item| item.text("requestId") == Some(&key));
            match answer.status {
                201 => {
                    let order = super::kept(&shop, &id(&answer));
                    prop_assert_eq!(made.unwrap().text("orderId"), Some(order.id.as_str()));
                    prop_assert_eq!(order.tenant, ask.tenant.as_str());
                    prop_assert!(order.lines[0].sku.ends_with(['1', '2'][usize::from(request.2)]));
                }
                422 => prop_assert!(made.is_some()),
                status => prop_assert_eq!(status, 503),
            }
        }
    }

    /// No two pairs of tenant and key are kept as one.
    #[test]
    fn keys_of_two_tenants_never_meet(pairs in proptest::collection::vec(("[a#%2]{1,3}", "[a#%23]{1,3}"), 2)) {
        let made: Vec<String> = pairs
            .iter()
            .map(|(tenant, key)| {
                let shop = Fake::new();
                keyed(BODY, key).tenant(tenant).run(&shop);
                shop.items(Table::Requests)[0].text("requestId").unwrap().to_owned()
            })
            .collect();
        prop_assert_eq!(made[0] == made[1], pairs[0] == pairs[1]);
    }
}
