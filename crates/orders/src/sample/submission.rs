//! Decides what sample customers send to the shop front: bodies of `POST /orders`, sound and realistic.

use super::{FIRST, LAST, Random};
use crate::shop::money::{Currency, Minor};
use serde_json::{Value as Json, json};
use types::object;

/// Something that the sample customers buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goods {
    /// What the shop calls it.
    pub sku: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What one costs, in US cents.
    pub cents: u64,
}

const fn goods(sku: &'static str, name: &'static str, cents: u64) -> Goods {
    Goods { sku, name, cents }
}

/// All that the sample customers buy.
pub const GOODS: [Goods; 20] = [
    goods("MUG-01", "Stoneware mug", 1_290),
    goods("TEA-EARL-250", "Earl Grey, 250 g", 949),
    goods("COFFEE-1KG", "Espresso beans, 1 kg", 2_350),
    goods("NOTE-A5", "Notebook A5, dotted", 795),
    goods("PEN-FTN-M", "Fountain pen, medium nib", 3_900),
    goods("BOOK-SICP", "Structure and Interpretation of Computer Programs", 5_800),
    goods("LAMP-DESK", "Desk lamp, dimmable", 6_490),
    goods("KEYB-TKL", "Mechanical keyboard, tenkeyless", 12_900),
    goods("MOUSE-V2", "Vertical mouse", 7_450),
    goods("HEAD-NC", "Noise cancelling headphones", 27_999),
    goods("MON-27-4K", "Monitor 27\", 4K", 44_900),
    goods("CHAIR-ERGO", "Ergonomic office chair", 58_900),
    goods("DESK-160", "Standing desk, 160 cm", 69_500),
    goods("LAPTOP-14", "Laptop 14\", 32 GB", 164_900),
    goods("CAM-MFT", "Mirrorless camera with lens", 119_000),
    goods("BIKE-CITY", "City bike, 8 gears", 89_900),
    goods("TENT-2P", "Tent for two", 24_950),
    goods("PACK-40L", "Backpack, 40 l", 13_500),
    goods("BOTTLE-1L", "Steel bottle, 1 l", 2_795),
    goods("SOCKS-3", "Wool socks, three pairs", 2_400),
];

/// As many as there are names, less one, as they count from 1.
const CUSTOMERS: u64 = (FIRST.len() * LAST.len() - 1) as u64;
const STREETS: [&str; 6] = ["Main St", "Oak Ave", "Mill Rd", "Harbor Way", "Church St", "2nd Ave"];
/// Towns with their states and postal codes.
const TOWNS: [(&str, &str, &str); 6] = [
    ("Portland", "OR", "97205"),
    ("Madison", "WI", "53703"),
    ("Austin", "TX", "78701"),
    ("Ithaca", "NY", "14850"),
    ("Boulder", "CO", "80302"),
    ("Savannah", "GA", "31401"),
];
const NOTES: [&str; 4] =
    ["Leave it at the door.", "Please ring twice.", "It is a gift, no invoice please.", "Merci ✨"];

/// The first `count` bodies of a seed: always the same ones, made as they are asked for.
pub fn submissions(seed: u64, count: usize) -> impl ExactSizeIterator<Item = Json> {
    // Another way from the seed than the sample orders go, so that the two do not look alike.
    let mut random = Random(Random(!seed).next());
    (0..count).map(move |_| submission(&mut random))
}

fn submission(random: &mut Random) -> Json {
    let customer = 1 + random.below(CUSTOMERS);
    let (first, last) = name_of(customer);
    let host = if customer.is_multiple_of(20) { "test.com" } else { "example.com" };
    let email = format!("{}.{}@{host}", first.to_lowercase(), last.to_lowercase());
    let mut body = object([
        ("customerId", format!("CUST-{customer:04}").into()),
        ("customerEmail", email.into()),
        ("currency", Currency::USD.code().into()),
        ("items", Json::Array(items(random))),
    ]);
    if random.below(4) > 0 {
        let (city, region, postal_code) = random.pick(&TOWNS);
        let address = json!({
            "name": format!("{first} {last}"),
            "line1": format!("{} {}", 1 + random.below(900), random.pick(&STREETS)),
            "city": city,
            "region": region,
            "postalCode": postal_code,
            "country": "US",
        });
        body.insert("shippingAddress".to_owned(), address);
    }
    if random.below(5) == 0 {
        body.insert("note".to_owned(), random.pick(&NOTES).into());
    }
    Json::Object(body)
}

/// A customer has one name for ever, and none has another's.
fn name_of(customer: u64) -> (&'static str, &'static str) {
    let at = |number: u64| usize::try_from(number).expect("there are fewer customers than names");
    (FIRST[at(customer) % FIRST.len()], LAST[at(customer) / FIRST.len() % LAST.len()])
}

/// One to four kinds of goods, each once.
fn items(random: &mut Random) -> Vec<Json> {
    let mut chosen: Vec<Goods> = Vec::new();
    for _ in 0..1 + random.below(4) {
        let goods = random.pick(&GOODS);
        if !chosen.contains(&goods) {
            chosen.push(goods);
        }
    }
    let item = |goods: Goods| {
        // Nobody buys two desks.
        let quantity = if goods.cents < 10_000 { 1 + random.below(3) } else { 1 };
        let price = Minor(goods.cents).decimal(Currency::USD);
        json!({ "sku": goods.sku, "name": goods.name, "quantity": quantity, "price": price })
    };
    chosen.into_iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tier, is_test};
    use std::collections::BTreeSet;

    fn amount(body: &Json) -> Minor {
        let cost = |item: &Json| {
            let price = Minor::parse(item["price"].as_str().unwrap(), Currency::USD).unwrap();
            price.times(item["quantity"].as_u64().unwrap()).unwrap()
        };
        let items = body["items"].as_array().unwrap();
        items.iter().map(cost).fold(Minor(0), |sum, cost| sum.plus(cost).unwrap())
    }

    #[test]
    fn one_seed_always_gives_the_same_bodies() {
        let first: Vec<_> = submissions(7, 50).collect();
        assert_eq!(first, submissions(7, 50).collect::<Vec<_>>());
        assert_eq!(first[..20], submissions(7, 20).collect::<Vec<_>>());
        assert_ne!(first, submissions(8, 50).collect::<Vec<_>>());
    }

    #[test]
    fn a_hundred_bodies_show_every_tier_and_are_sound() {
        let all: Vec<_> = submissions(1, 100).collect();
        for tier in [Tier::Small, Tier::Standard, Tier::Premium] {
            let share = all.iter().filter(|body| Tier::of(amount(body).number(Currency::USD)) == tier).count();
            assert!((10..=70).contains(&share), "{tier:?}: {share}");
        }
        let tests = all.iter().filter(|body| is_test(body["customerEmail"].as_str().unwrap())).count();
        assert!((1..=20).contains(&tests), "{tests}");
        assert!(all.iter().any(|body| body.get("note").is_some()));
        assert!(all.iter().any(|body| body.get("shippingAddress").is_none()));
        for body in &all {
            let items = body["items"].as_array().unwrap();
            let skus: BTreeSet<_> = items.iter().map(|item| item["sku"].as_str().unwrap()).collect();
            assert!(skus.len() == items.len() && !items.is_empty(), "{body}");
        }
    }

    #[test]
    fn customers_have_one_address_each() {
        let pairs: BTreeSet<_> = submissions(2, 1_000)
            .map(|body| (body["customerId"].to_string(), body["customerEmail"].to_string()))
            .collect();
        let [ids, emails] =
            [pairs.iter().map(|(id, _)| id).collect::<BTreeSet<_>>(), pairs.iter().map(|(_, email)| email).collect()];
        assert_eq!([ids.len(), emails.len()], [pairs.len(); 2]);
        assert!(pairs.len() > 100);
    }

    #[test]
    fn goods_have_names_of_their_own() {
        let skus: BTreeSet<_> = GOODS.iter().map(|goods| goods.sku).collect();
        assert_eq!(skus.len(), GOODS.len());
    }
}
