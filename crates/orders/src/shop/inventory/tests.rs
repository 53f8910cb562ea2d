//! Decides whether the ledger's moves conserve what there is.

use super::*;
use proptest::prelude::*;

fn sum(counts: Counts) -> u64 {
    counts.available + counts.reserved + counts.sold
}

proptest! {
    /// However goods are set aside, released and sold: their sum stays, and what is held for orders is what is reserved.
    #[test]
    fn moves_conserve_the_stock(available in 0..50u64, moves in proptest::collection::vec((0..3u8, 0..20u64), 0..40)) {
        let mut counts = Counts { available, reserved: 0, sold: 0, version: 1 };
        let mut held: Vec<u64> = Vec::new();
        for (kind, quantity) in moves {
            match (kind, held.pop()) {
                (0, last) => {
                    held.extend(last);
                    match counts.reserve(quantity) {
                        Some(reserved) => {
                            counts = reserved;
                            held.push(quantity);
                        }
                        None => prop_assert!(quantity > counts.available),
                    }
                }
                (1, Some(last)) => counts = counts.release(last),
                (_, Some(last)) => counts = counts.sell(last),
                (_, None) => {}
            }
            prop_assert_eq!(sum(counts), available);
            prop_assert_eq!(counts.reserved, held.iter().sum::<u64>());
        }
    }
}

#[test]
fn counts_are_read_or_refused() {
    let item = |pairs: &[(&str, types::Value)]| {
        let mut item = Item::new();
        for (name, value) in pairs {
            item.insert(*name, value.clone());
        }
        item
    };
    let number = |number: u64| types::Value::N(number.into());
    let cases = [
        (item(&[("available", number(5)), ("version", number(2))]), Some([5, 0, 0, 2])),
        (
            item(&[("available", number(5)), ("reserved", number(1)), ("sold", number(9)), ("version", number(2))]),
            Some([5, 1, 9, 2]),
        ),
        (item(&[("available", number(5))]), Some([5, 0, 0, 0])),
        (item(&[("version", number(5))]), None),
        (item(&[("available", "5".into()), ("version", number(1))]), None),
        (item(&[("available", number(5)), ("sold", "1".into()), ("version", number(1))]), None),
        (item(&[("available", types::Value::N((-1i64).into())), ("version", number(1))]), None),
        (item(&[("available", types::Value::N("1.5".parse().unwrap())), ("version", number(1))]), None),
    ];
    for (item, expected) in cases {
        let read = Counts::read(&item).map(|counts| [counts.available, counts.reserved, counts.sold, counts.version]);
        assert_eq!(read, expected, "{item:?}");
    }
}

#[test]
fn what_somebody_took_away_by_hand_is_not_moved() {
    let counts = Counts { available: 1, reserved: 2, sold: 3, version: 1 };
    assert_eq!(counts.release(5), Counts { available: 3, reserved: 0, ..counts });
    assert_eq!(counts.sell(5), Counts { sold: 5, reserved: 0, ..counts });
    let put = counts.put(Item::from([("sku", "mug".into()), ("name", "A mug".into())]), 7);
    assert_eq!(put.expected, Expected::Version(7));
    assert_eq!((put.item.text("name"), put.item.number("version")), (Some("A mug"), Some(8u64.into())));
}
