//! Decides what an order is called: a UUID of version 7 (RFC 9562), which says when the order was taken in.
//!
//! So an order is found by its id alone with one read, although `createdAt` is part of its key.

use crate::order::ORDER_ID;
use types::{Item, Text, Timestamp};

/// The latest millisecond that has room in an id.
const MILLIS_MAX: u64 = (1 << 48) - 1;

/// A new id, and the instant that it names: `now`, or the nearest that has room in an id.
pub(super) fn new(now: Timestamp, random: [u64; 2]) -> (Text, Timestamp) {
    let millis = u64::try_from(now.millis()).unwrap_or(0).min(MILLIS_MAX);
    let high = millis << 16 | 0x7000 | random[0] & 0x0FFF;
    let low = 1 << 63 | random[1] >> 2;
    (spelled(high, low), instant(millis))
}

fn instant(millis: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(millis).expect("48 bits fit"))
}

fn spelled(high: u64, low: u64) -> Text {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut id = Text::with_capacity(36);
    for (index, byte) in high.to_be_bytes().into_iter().chain(low.to_be_bytes()).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        id.push(char::from(HEX[usize::from(byte >> 4)]));
        id.push(char::from(HEX[usize::from(byte & 15)]));
    }
    id
}

/// The instant that an id names, if it is one of ours: of version 7, spelled in small letters.
fn instant_of(id: &str) -> Option<Timestamp> {
    let bytes: &[u8; 36] = id.as_bytes().try_into().ok()?;
    let sound = bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        14 => *byte == b'7',
        19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    });
    let millis = u64::from_str_radix(id.get(..8)?, 16).ok()? << 16 | u64::from_str_radix(id.get(9..13)?, 16).ok()?;
    sound.then(|| instant(millis))
}

/// The whole key of the order that an id of ours names.
pub(super) fn key_of(id: &str) -> Option<Item> {
    let created_at = instant_of(id)?.iso_millis();
    Some(Item::from([(ORDER_ID, id.into()), ("createdAt", created_at.as_str().into())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The id says when it was made, ids sort as their instants do, and no random bit gets into the fixed ones.
        #[test]
        fn ids_tell_their_instant(millis in any::<i64>(), random in any::<[u64; 2]>(), later in 1..1_000_000i64) {
            let (id, at) = new(Timestamp::from_millis(millis), random);
            prop_assert_eq!(instant_of(&id), Some(at));
            if (0..(1 << 48) - later).contains(&millis) {
                prop_assert_eq!(at.millis(), millis);
                prop_assert!(id < new(Timestamp::from_millis(millis + later), random).0);
            }
        }

        #[test]
        fn two_ids_of_one_instant_differ(one in any::<[u64; 2]>(), other in any::<[u64; 2]>()) {
            let now = Timestamp::from_millis(1_700_000_000_000);
            // Of both numbers 74 bits count.
            let counted = |[a, b]: [u64; 2]| [a & 0xFFF, b >> 2];
            prop_assert_eq!(new(now, one).0 == new(now, other).0, counted(one) == counted(other));
        }
    }

    #[test]
    fn the_standards_own_example_is_read() {
        // RFC 9562, A.6: 2022-02-22 19:22:22 UTC.
        let at = instant_of("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert_eq!(at, Some(Timestamp::from_millis(1_645_557_742_000)));
        assert_eq!(new(at.unwrap(), [0xCC3, 0x18C4_DC0C_0C07_398F << 2]).0, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        for other in [
            "",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
            "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
            "017f22e2-79b0-7cc3-78c4-dc0c0c07398f",
            "017f22e279b07cc398c4dc0c0c07398f",
            "+17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
            "größe-größe-größe-größe-größe-x",
        ] {
            assert_eq!(instant_of(other), None, "{other}");
        }
    }

    #[test]
    fn an_id_of_version_7_has_its_time_in_it() {
        let key = key_of("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        assert_eq!(key.text("createdAt"), Some("2023-06-30T03:34:18.518Z"));
        let cases = [
            "01890a5d-ac96-474b-bcce-b302099a8057",
            "ORD-1",
            "",
            "0189äa5d-ac96-774b-bcce-b302099a8057",
            "+1890a5d-ac96-774b-bcce-b302099a8057",
        ];
        for id in cases {
            assert_eq!(key_of(id), None, "{id}");
        }
    }
}
