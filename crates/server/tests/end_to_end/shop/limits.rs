//! What a plan allows holds: how fast and how much, each key for itself, and over a crash too.

use super::{Customer, Shop, body};
use crate::harness::Answer;
use serde_json::json;
use std::time::{Duration, Instant};

fn asked(customer: &mut Customer) -> Answer {
    customer.ask("GET", "/customers/C-1/orders", &[], b"").unwrap()
}

/// A refusal for coming too often, and in how many seconds to come again.
fn too_many(answer: &Answer, slug: &str, kind: &str) -> u64 {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("x-amzn-errortype"), Some(kind));
    let told = answer.json();
    assert_eq!((&told["type"], &told["status"]), (&json!(format!("/problems/{slug}")), &json!(429)), "{told}");
    let seconds: u64 = answer.header("retry-after").expect("when to come again").parse().unwrap();
    assert!(seconds >= 1);
    seconds
}

#[test]
fn requests_that_come_too_fast_are_told_when_to_come_again() {
    let shop = Shop::open(&[("RateLimit", "1"), ("BurstLimit", "4"), ("CacheSeconds", "0")]);
    let began = Instant::now();
    let mut customer = shop.customer();
    let mut taken = 0;
    let refused = loop {
        let answer = asked(&mut customer);
        if answer.status != 200 {
            break answer;
        }
        taken += 1;
    };
    // Four at once, and one more for each second that this took.
    let most = 4 + began.elapsed().as_secs() + 1;
    assert!((1..=most).contains(&taken), "{taken} of at most {most}");
    let seconds = too_many(&refused, "too-many-requests", "TooManyRequestsException");
    assert!(seconds <= 2, "{seconds}");
    // Whoever comes too fast is not kept from anything that needs no key.
    assert_eq!(customer.ask("GET", "/livez", &[], b"").unwrap().status, 200);
    std::thread::sleep(Duration::from_secs(seconds));
    assert_eq!(asked(&mut customer).status, 200, "who waits as told is served");
}

#[test]
fn a_quota_is_each_keys_own_and_outlives_a_crash() {
    const QUOTA: usize = 60;
    let mut shop = Shop::open(&[("QuotaPerDay", "60"), ("CacheSeconds", "0")]);
    let [one, other] = ["one", "other"].map(|tenant| shop.make_key(tenant, &[]));
    let mut customer = shop.customer_with(&one.value);
    let mut taken = 0;
    for _ in 0..40 {
        let answer = asked(&mut customer);
        assert_eq!(answer.status, 200, "{}", answer.text());
        taken += 1;
    }
    for _ in 0..3 {
        shop.crash();
    }
    // What was refused costs nothing.
    let mut stranger = shop.customer_with("nobody's key");
    for _ in 0..QUOTA + 1 {
        assert_eq!(asked(&mut stranger).status, 403);
    }
    let mut customer = shop.customer_with(&one.value);
    let refused = loop {
        let answer = asked(&mut customer);
        if answer.status != 200 {
            break answer;
        }
        taken += 1;
    };
    let seconds = too_many(&refused, "quota-exceeded", "LimitExceededException");
    assert!(seconds <= 24 * 60 * 60, "{seconds}");
    // A crash may cost a little of it, and gives nothing.
    assert!((QUOTA - 10..=QUOTA).contains(&taken), "{taken} of {QUOTA}");
    too_many(
        &customer.place(&body("C-1", &[("TEA", 1, 1)]), None).unwrap(),
        "quota-exceeded",
        "LimitExceededException",
    );

    let mut customer = shop.customer_with(&other.value);
    assert_eq!(asked(&mut customer).status, 200, "another key has its own");
    shop.crash();
    too_many(&asked(&mut shop.customer_with(&one.value)), "quota-exceeded", "LimitExceededException");
}
