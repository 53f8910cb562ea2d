//! Decides what sample orders look like: made up, realistic, and the same for the same seed.
//!
//! [`orders`] makes them; [`SampleOrder::item`] is one state of one as a table keeps it. Most are ordinary, some
//! belong to test customers, some are small or premium, and most premium ones go from pending to shipped.
//! [`submissions`] makes what a customer of the shop front sends: the bodies of `POST /orders`.

mod submission;

use crate::order::{Layout, Written};
use types::{Item, Number, Timestamp};

pub use submission::{GOODS, Goods, submissions};

/// A made-up order and the statuses it goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleOrder {
    /// Unique for its seed.
    pub id: String,
    /// Such as `Ada Lovelace`.
    pub customer_name: String,
    /// At `example.com`, or at `test.com` for a test customer.
    pub customer_email: String,
    /// What it costs, in whole cents.
    pub amount: Number,
    /// The statuses it goes through, the first when it is placed; never empty.
    pub statuses: &'static [&'static str],
}

impl SampleOrder {
    /// The order as an item, with a status and the times given, routing attributes included.
    pub fn item(&self, layout: Layout, status: &str, created_at: Timestamp, updated_at: Timestamp) -> Item {
        Written {
            id: &self.id,
            status,
            amount: self.amount,
            customer_email: &self.customer_email,
            created_at,
            updated_at,
        }
        .to_item(layout)
    }
}

/// The first `count` orders of a seed: always the same ones, made as they are asked for.
pub fn orders(seed: u64, count: usize) -> impl ExactSizeIterator<Item = SampleOrder> {
    // The seed goes through the mix once, so that neighbouring seeds do not give neighbouring orders.
    let mut random = Random(Random(seed).next());
    let batch = random.next() >> 48;
    (0..count).map(move |index| order(&mut random, batch, index))
}

const FIRST: [&str; 12] =
    ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Katherine", "Tim", "Radia", "Ken", "Frances", "Niklaus"];
const LAST: [&str; 12] = [
    "Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Johnson", "Berners", "Perlman", "Thompson",
    "Allen", "Wirth",
];

fn order(random: &mut Random, batch: u64, index: usize) -> SampleOrder {
    let (first, last) = (random.pick(&FIRST), random.pick(&LAST));
    let host = if random.below(10) == 0 { "test.com" } else { "example.com" };
    let cents = match random.below(10) {
        0..=2 => 499 + random.below(9_500),
        3..=6 => 10_001 + random.below(89_999),
        _ => 100_001 + random.below(400_000),
    };
    let statuses: &[&str] = match random.below(10) {
        0..=5 => &["pending", "shipped"],
        6..=7 => &["pending"],
        8 => &["pending", "shipped", "delivered"],
        _ => &["pending", "cancelled"],
    };
    SampleOrder {
        id: format!("ORD-{batch:04X}-{:05}", index + 1),
        customer_name: format!("{first} {last}"),
        customer_email: format!("{}.{}@{host}", first.to_lowercase(), last.to_lowercase()),
        amount: format!("{cents}e-2").parse().expect("seven digits at most"),
        statuses,
    }
}

/// SplitMix64: small, fast, and good enough to make things up.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        let at = self.below(things.len() as u64);
        things[usize::try_from(at).expect("smaller than a length")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tier, is_test};
    use std::collections::BTreeSet;

    #[test]
    fn one_seed_always_gives_the_same_orders() {
        let first: Vec<_> = orders(7, 50).collect();
        assert_eq!(first, orders(7, 50).collect::<Vec<_>>());
        assert_eq!(first[..20], orders(7, 20).collect::<Vec<_>>());
        assert_ne!(first, orders(8, 50).collect::<Vec<_>>());
        let ids: BTreeSet<_> = first.iter().map(|order| &order.id).collect();
        assert_eq!(ids.len(), 50);
    }

    #[test]
    fn a_hundred_orders_show_every_case() {
        let all: Vec<_> = orders(1, 100).collect();
        for tier in [Tier::Small, Tier::Standard, Tier::Premium] {
            let share = all.iter().filter(|order| Tier::of(order.amount) == tier).count();
            assert!((10..=70).contains(&share), "{tier:?}: {share}");
        }
        let tests = all.iter().filter(|order| is_test(&order.customer_email)).count();
        assert!((1..=30).contains(&tests), "{tests}");
        let shipped = |order: &&SampleOrder| order.statuses.starts_with(&["pending", "shipped"]);
        let premium = all.iter().filter(shipped).filter(|order| Tier::of(order.amount) == Tier::Premium);
        assert!(premium.filter(|order| !is_test(&order.customer_email)).count() >= 5);
    }

    #[test]
    fn every_state_is_a_sound_order_of_either_table() {
        let (created, updated) = (Timestamp::from_millis(1_761_915_500_000), Timestamp::from_millis(1_761_915_560_000));
        for order in orders(3, 40) {
            for (layout, status) in
                [Layout::NewOrders, Layout::Orders].into_iter().flat_map(|l| order.statuses.iter().map(move |s| (l, s)))
            {
                let item = order.item(layout, status, created, updated);
                assert_eq!(layout.faults(&item), Vec::<String>::new());
                assert_eq!(item.text(layout.status()), Some(*status));
            }
        }
    }
}
