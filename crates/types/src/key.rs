//! Decides how an item is found: by a hash attribute, and a range attribute where the table has one.
//!
//! A [`Key`] has one byte form, [`Key::write_ordered`], which sorts by hash text first and then as the range values
//! do; and one [`Key::spread`], which says for ever which lane of a parallel reader the key belongs to.

use crate::{Item, Number, Text, Value};

/// What a key attribute may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum KeyType {
    /// Text.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

impl KeyType {
    /// The type's name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }

    /// What follows the first value of this type in bytes that [`Key::write_ordered`] made; `None` if there is no
    /// whole value.
    pub fn skip_ordered(self, bytes: &[u8]) -> Option<&[u8]> {
        let end = match self {
            // A zero stands alone only in the end mark: elsewhere 0xFF follows it.
            Self::S | Self::B => bytes.windows(2).position(|pair| pair == [0x00, 0x01])? + 2,
            Self::N => match *bytes.first()? {
                0x80 => 1,
                0xC0 => 2 + bytes.get(2..)?.iter().position(|byte| *byte == 0x00)? + 1,
                0x40 => 2 + bytes.get(2..)?.iter().position(|byte| *byte == 0xFF)? + 1,
                _ => return None,
            },
        };
        bytes.get(end..)
    }
}

/// One attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyAttribute {
    /// The attribute's name.
    pub name: String,
    /// What it holds.
    pub key_type: KeyType,
}

/// Which attributes are a table's key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeySchema {
    /// Items of one hash value belong together and keep their order.
    pub hash: KeyAttribute,
    /// Sorts items of one hash value.
    pub range: Option<KeyAttribute>,
}

impl KeySchema {
    /// The key's attributes, hash first.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }
}

/// The value of one key attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyValue {
    /// Text.
    S(Text),
    /// A number.
    N(Number),
    /// Bytes.
    B(Box<[u8]>),
}

impl KeyValue {
    /// The value as an attribute holds it.
    pub fn to_value(&self) -> Value {
        match self {
            Self::S(text) => Value::S(text.clone()),
            Self::N(number) => Value::N(*number),
            Self::B(bytes) => Value::B(bytes.clone()),
        }
    }

    /// The key value in an attribute, if it has a type that keys may have.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::S(text) => Some(Self::S(text.clone())),
            Value::N(number) => Some(Self::N(*number)),
            Value::B(bytes) => Some(Self::B(bytes.clone())),
            Value::Bool(_) | Value::Null | Value::M(_) | Value::L(_) => None,
            Value::Ss(_) | Value::Ns(_) | Value::Bs(_) => None,
        }
    }

    /// Its type.
    pub fn key_type(&self) -> KeyType {
        match self {
            Self::S(_) => KeyType::S,
            Self::N(_) => KeyType::N,
            Self::B(_) => KeyType::B,
        }
    }

    /// Appends the value's one byte form, as [`Key::write_ordered`] does.
    pub fn write_ordered(&self, out: &mut Vec<u8>) {
        match self {
            Self::S(text) => write_terminated(text.as_bytes(), out),
            Self::N(number) => number.write_ordered(out),
            Self::B(bytes) => write_terminated(bytes, out),
        }
    }
}

/// Bytes whose order is kept and whose end is known: zero is doubled with 0xFF, the end is 0x00 0x01.
fn write_terminated(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend([0x00, 0x01]);
}

/// What finds one item in its table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The value of the hash attribute.
    pub hash: KeyValue,
    /// The value of the range attribute, where the table has one.
    pub range: Option<KeyValue>,
}

impl Key {
    /// Appends the key's one byte form: no other key's form begins with it, and ranges sort as their values do.
    pub fn write_ordered(&self, out: &mut Vec<u8>) {
        self.hash.write_ordered(out);
        if let Some(range) = &self.range {
            range.write_ordered(out);
        }
    }

    /// A number that depends on the hash value alone and never changes; parallel lanes divide keys by it.
    pub fn spread(&self) -> u64 {
        let mut bytes = Vec::with_capacity(40);
        self.hash.write_ordered(&mut bytes);
        // FNV-1a: written down here because checkpoints on disk depend on it.
        let fold = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        let sum = bytes.iter().fold(0xCBF2_9CE4_8422_2325, fold);
        // FNV's low bits are weak for short texts; fold the high ones in.
        sum ^ (sum >> 32)
    }

    /// The key's attributes as an item of their own.
    pub fn to_item(&self, schema: &KeySchema) -> Item {
        let hash = (schema.hash.name.as_str().into(), self.hash.to_value());
        let range = schema.range.iter().zip(&self.range);
        let range = range.map(|(attribute, value)| (attribute.name.as_str().into(), value.to_value()));
        std::iter::once(hash).chain(range).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = KeyValue> {
        prop_oneof![
            "[a-c\u{0}]{0,4}".prop_map(|text| KeyValue::S(text.into())),
            (-500i64..500).prop_map(|number| KeyValue::N(number.into())),
            proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(0xFF)], 0..4)
                .prop_map(|bytes| KeyValue::B(bytes.into())),
        ]
    }

    proptest! {
        /// Of one hash value the byte forms sort as the ranges do, and no form begins another.
        #[test]
        fn byte_forms_sort_as_ranges_do(hash in any_value(), a in any_value(), b in any_value()) {
            prop_assume!(a.key_type() == b.key_type());
            let bytes = |range: &KeyValue| {
                let mut out = Vec::new();
                Key { hash: hash.clone(), range: Some(range.clone()) }.write_ordered(&mut out);
                out
            };
            let (x, y) = (bytes(&a), bytes(&b));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert!(a == b || !y.starts_with(&x));
        }

        /// Where a value's bytes end is known from them alone, whatever follows.
        #[test]
        fn the_end_of_a_value_is_known(value in any_value(), rest in proptest::collection::vec(any::<u8>(), 0..6)) {
            let mut bytes = Vec::new();
            value.write_ordered(&mut bytes);
            let whole = bytes.len();
            bytes.extend(&rest);
            prop_assert_eq!(value.key_type().skip_ordered(&bytes), Some(rest.as_slice()));
            for cut in 0..whole {
                prop_assert_eq!(value.key_type().skip_ordered(&bytes[..cut]), None, "cut at {}", cut);
            }
        }
    }

    #[test]
    fn lanes_never_change() {
        // Recorded: checkpoints of parallel lanes on disk rely on these numbers.
        let key = |text: &str| Key { hash: KeyValue::S(text.into()), range: None };
        let spreads: Vec<u64> = ["ORD-1", "ORD-2", ""].map(|text| key(text).spread()).to_vec();
        assert_eq!(spreads, SPREADS_ON_DISK);
    }

    const SPREADS_ON_DISK: [u64; 3] = [16_509_376_935_329_376_975, 15_885_209_472_769_139_678, 590_682_968_441_874_749];

    #[test]
    fn lanes_are_used_evenly() {
        let mut lanes = [0u32; 10];
        for order in 0..10_000 {
            let key = Key { hash: KeyValue::S(format!("ORD-{order}").into()), range: None };
            lanes[usize::try_from(key.spread() % 10).unwrap()] += 1;
        }
        assert!(lanes.iter().all(|count| (800..1200).contains(count)), "{lanes:?}");
    }
}
