//! Decides which key an item has in its table, and what may be a key at all.
//!
//! Start at [`Table::key_of_item`] for an item to store, and at [`Table::key_of`] for a key given by itself. The two
//! ask the same of a key and refuse in different words, because the first is one part of an item and the second must
//! be nothing but the key.

use crate::{Path, Refused, Table};
use types::{Item, Key, KeyAttribute, KeyType, KeyValue};

/// The most bytes that the value of a hash attribute may have.
pub const HASH_SIZE_MAX: usize = 2048;
/// The most bytes that the value of a range attribute may have.
pub const RANGE_SIZE_MAX: usize = 1024;

impl Table {
    /// The key of an item that is to be stored; other attributes are not looked at.
    pub fn key_of_item(&self, item: &Item) -> Result<Key, Refused> {
        self.key(|attribute| {
            let value = item.get(&attribute.name);
            let value = value.ok_or_else(|| Refused::KeyMissing { attribute: attribute.name.clone() })?;
            typed(attribute, value).ok_or_else(|| Refused::KeyTypeMismatch {
                attribute: attribute.name.clone(),
                expected: attribute.key_type,
                actual: value.type_name(),
            })
        })
    }

    /// The key in an item that should hold the key's attributes and nothing else.
    pub fn key_of(&self, key: &Item) -> Result<Key, Refused> {
        if key.len() != self.keys.attributes().count() {
            return Err(Refused::KeySchemaMismatch);
        }
        self.key(|attribute| {
            key.get(&attribute.name).and_then(|value| typed(attribute, value)).ok_or(Refused::KeySchemaMismatch)
        })
    }

    /// Refuses paths that lead into an attribute of a key: what finds items is never a map or a list.
    pub fn check_paths<'a>(&self, paths: impl IntoIterator<Item = &'a Path>) -> Result<(), Refused> {
        let of_indexes = || self.indexes.iter().flat_map(|index| index.keys.attributes());
        paths.into_iter().filter(|path| !path.steps.is_empty()).try_for_each(|path| {
            let is = |attribute: &KeyAttribute| *attribute.name == *path.attribute;
            let of_index = match (self.keys.attributes().any(is), of_indexes().any(is)) {
                (true, _) => false,
                (false, true) => true,
                (false, false) => return Ok(()),
            };
            Err(Refused::KeyNotScalar { attribute: path.attribute.to_string(), of_index })
        })
    }

    /// The key whose values `find` gives, when both may be values of a key.
    fn key(&self, find: impl Fn(&KeyAttribute) -> Result<KeyValue, Refused>) -> Result<Key, Refused> {
        let hash = find(&self.keys.hash)?;
        let range = self.keys.range.as_ref().map(&find).transpose()?;
        let size = not_empty(&self.keys.hash, &hash)?;
        if size > HASH_SIZE_MAX {
            return Err(Refused::HashTooLarge { attribute: self.keys.hash.name.clone(), size });
        }
        if let (Some(attribute), Some(value)) = (&self.keys.range, &range) {
            let size = not_empty(attribute, value)?;
            if size > RANGE_SIZE_MAX {
                return Err(Refused::RangeTooLarge { attribute: attribute.name.clone(), size });
            }
        }
        Ok(Key { hash, range })
    }
}

/// The value, if it has the type that the table's key has.
fn typed(attribute: &KeyAttribute, value: &types::Value) -> Option<KeyValue> {
    KeyValue::from_value(value).filter(|value| value.key_type() == attribute.key_type)
}

/// The bytes of a key's value, which must be some.
fn not_empty(attribute: &KeyAttribute, value: &KeyValue) -> Result<usize, Refused> {
    let (size, key_type) = match value {
        KeyValue::S(text) => (text.len(), KeyType::S),
        KeyValue::N(number) => (number.size(), KeyType::N),
        KeyValue::B(bytes) => (bytes.len(), KeyType::B),
    };
    match size {
        0 => Err(Refused::KeyEmpty { attribute: attribute.name.clone(), key_type }),
        size => Ok(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{KeySchema, Number, TableId, Value};

    fn table(range: Option<KeyType>) -> Table {
        let attribute = |name: &str, key_type| KeyAttribute { name: name.to_owned(), key_type };
        let range = range.map(|key_type| attribute("r", key_type));
        let keys = KeySchema { hash: attribute("h", KeyType::S), range };
        Table { id: TableId(1), name: "Orders".parse().unwrap(), keys, view: None, indexes: vec![], expiry: None }
    }

    fn text(length: usize) -> Value {
        Value::from("x".repeat(length).as_str())
    }

    #[test]
    fn an_items_key_is_found_among_its_attributes() {
        let item = Item::from([("h", "a".into()), ("other", Value::Null), ("r", Number::from(7u64).into())]);
        let found = table(Some(KeyType::N)).key_of_item(&item).unwrap();
        assert_eq!(found, Key { hash: KeyValue::S("a".into()), range: Some(KeyValue::N(7u64.into())) });
        assert_eq!(table(None).key_of_item(&item).unwrap().range, None);
    }

    #[test]
    fn an_item_without_a_proper_key_is_refused() {
        let name = || "h".to_owned();
        let range = || "r".to_owned();
        let cases = [
            (Item::new(), Refused::KeyMissing { attribute: name() }),
            (Item::from([("h", "a".into())]), Refused::KeyMissing { attribute: range() }),
            (
                Item::from([("h", Number::ZERO.into()), ("r", "b".into())]),
                Refused::KeyTypeMismatch { attribute: name(), expected: KeyType::S, actual: "N" },
            ),
            (
                Item::from([("h", "a".into()), ("r", Value::L(vec![]))]),
                Refused::KeyTypeMismatch { attribute: range(), expected: KeyType::S, actual: "L" },
            ),
            (
                Item::from([("h", "".into()), ("r", "b".into())]),
                Refused::KeyEmpty { attribute: name(), key_type: KeyType::S },
            ),
            (
                Item::from([("h", "a".into()), ("r", "".into())]),
                Refused::KeyEmpty { attribute: range(), key_type: KeyType::S },
            ),
            (
                Item::from([("h", text(2049)), ("r", "b".into())]),
                Refused::HashTooLarge { attribute: name(), size: 2049 },
            ),
            (
                Item::from([("h", text(2048)), ("r", text(1025))]),
                Refused::RangeTooLarge { attribute: range(), size: 1025 },
            ),
        ];
        for (item, refused) in cases {
            assert_eq!(table(Some(KeyType::S)).key_of_item(&item), Err(refused), "{item:?}");
        }
        let largest = Item::from([("h", text(2048)), ("r", text(1024))]);
        assert!(table(Some(KeyType::S)).key_of_item(&largest).is_ok());
    }

    #[test]
    fn a_key_by_itself_is_nothing_but_the_key() {
        let cases = [
            (Item::from([("h", "a".into())]), None, None),
            (Item::from([("h", "a".into()), ("r", "b".into())]), Some(KeyType::S), None),
            (Item::new(), None, Some(Refused::KeySchemaMismatch)),
            (Item::from([("x", "a".into())]), None, Some(Refused::KeySchemaMismatch)),
            (Item::from([("h", true.into())]), None, Some(Refused::KeySchemaMismatch)),
            (Item::from([("h", "a".into()), ("x", "b".into())]), None, Some(Refused::KeySchemaMismatch)),
            (Item::from([("h", "a".into())]), Some(KeyType::S), Some(Refused::KeySchemaMismatch)),
            (Item::from([("h", "a".into()), ("r", "b".into())]), Some(KeyType::N), Some(Refused::KeySchemaMismatch)),
            (
                Item::from([("h", "a".into()), ("r", Value::B([].into()))]),
                Some(KeyType::B),
                Some(Refused::KeyEmpty { attribute: "r".to_owned(), key_type: KeyType::B }),
            ),
            (
                Item::from([("h", text(2049))]),
                None,
                Some(Refused::HashTooLarge { attribute: "h".to_owned(), size: 2049 }),
            ),
        ];
        for (key, range, refused) in cases {
            assert_eq!(table(range).key_of(&key).err(), refused, "{key:?} {range:?}");
        }
    }
}
