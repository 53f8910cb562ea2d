//! Decides which items a secondary index has, under which key, and what a write changes about that.
//!
//! Start at [`Table::index_changes`]. An index holds no copy of an item: only that there is one, under the index's key
//! and the table's. So a write that leaves an item's index key as it is changes nothing in the index.
//!
//! The items that expire are found through an index too, which nobody can ask: [`Expiry`].

use crate::{HASH_SIZE_MAX, RANGE_SIZE_MAX, Refused, Table};
use serde::{Deserialize, Serialize};
use types::{IndexName, Item, Key, KeyAttribute, KeySchema, KeyType, KeyValue, Value};

/// The number of an index. None is ever used again, so nothing that is left of an index can be taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IndexId(pub u32);

/// A secondary index of a table. An item that lacks one of its attributes, or has another type there, is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The number it got when it was made.
    pub id: IndexId,
    /// What clients call it.
    pub name: IndexName,
    /// By what items are found.
    pub keys: KeySchema,
    /// What is given of an item that was found.
    pub projection: Projection,
}

/// What an index gives of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Projection {
    /// All of it.
    All,
    /// The keys of the index and of the table.
    Keys,
    /// The keys, and these attributes.
    Include(Vec<String>),
}

/// When a table's items expire: an attribute says it, in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// The index that has the items in the order in which they expire.
    pub index: IndexId,
    /// The attribute. Where it is not a number, the item does not expire.
    pub attribute: String,
}

/// What a write changes in one index; at least one of the keys is there, and they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexChange {
    /// Which index.
    pub index: IndexId,
    /// The key under which the item is no longer.
    pub from: Option<Key>,
    /// The key under which it is now.
    pub to: Option<Key>,
}

impl Index {
    /// The key that an item has in this index, if it is in it.
    pub fn key_of(&self, item: &Item) -> Option<Key> {
        let value = |attribute: &KeyAttribute, size_max: usize| {
            let value = item.get(&attribute.name).and_then(KeyValue::from_value);
            value.filter(|value| value.key_type() == attribute.key_type && (1..=size_max).contains(&size_of(value)))
        };
        let hash = value(&self.keys.hash, HASH_SIZE_MAX)?;
        let range = match &self.keys.range {
            Some(attribute) => Some(value(attribute, RANGE_SIZE_MAX)?),
            None => None,
        };
        Some(Key { hash, range })
    }

    /// Refuses an item whose attributes of this index's key cannot be in it. Attributes that it lacks are no fault.
    fn check(&self, item: &Item) -> Result<(), Refused> {
        for (attribute, size_max) in self.keys.attributes().zip([HASH_SIZE_MAX, RANGE_SIZE_MAX]) {
            let Some(value) = item.get(&attribute.name) else { continue };
            let name = || attribute.name.clone();
            let size = match (attribute.key_type, value) {
                (KeyType::S, Value::S(text)) => text.len(),
                (KeyType::B, Value::B(bytes)) => bytes.len(),
                (KeyType::N, Value::N(_)) => continue,
                _ => {
                    return Err(Refused::IndexKeyTypeMismatch {
                        attribute: name(),
                        expected: attribute.key_type,
                        actual: value.type_name(),
                        index: self.name.clone(),
                    });
                }
            };
            if size == 0 {
                let (key_type, index) = (attribute.key_type, self.name.clone());
                return Err(Refused::IndexKeyEmpty { attribute: name(), key_type, index });
            }
            if size > size_max {
                return Err(match size_max {
                    HASH_SIZE_MAX => Refused::HashTooLarge { attribute: name(), size },
                    _ => Refused::RangeTooLarge { attribute: name(), size },
                });
            }
        }
        Ok(())
    }

    /// What the index gives of an item that is in it.
    pub fn project(&self, table: &KeySchema, item: Item) -> Item {
        let included = match &self.projection {
            Projection::All => return item,
            Projection::Keys => &[][..],
            Projection::Include(names) => names,
        };
        let keys = || table.attributes().chain(self.keys.attributes()).map(|attribute| &attribute.name);
        let wanted = |name: &str| keys().chain(included).any(|known| known == name);
        item.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.into(), value.clone())).collect()
    }
}

fn size_of(value: &KeyValue) -> usize {
    match value {
        KeyValue::S(text) => text.len(),
        KeyValue::N(number) => number.size(),
        KeyValue::B(bytes) => bytes.len(),
    }
}

impl Expiry {
    /// The key that an item has in the index of what expires.
    pub fn key_of(&self, item: &Item) -> Option<Key> {
        item.number(&self.attribute).map(|at| Key { hash: KeyValue::N(at), range: None })
    }
}

impl Table {
    /// The index of that name.
    pub fn index(&self, name: &IndexName) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == *name)
    }

    /// Every key that an item has in an index of this table, the one of what expires included.
    pub fn index_keys<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = (IndexId, Key)> + 'a {
        let named = self.indexes.iter().filter_map(|index| Some((index.id, index.key_of(item)?)));
        named.chain(self.expiry.iter().filter_map(|expiry| Some((expiry.index, expiry.key_of(item)?))))
    }

    /// What the indexes no longer have, and have now, when `new` takes the place of `old`.
    pub fn index_changes<'a>(
        &'a self,
        old: Option<&'a Item>,
        new: Option<&'a Item>,
    ) -> impl Iterator<Item = IndexChange> + 'a {
        let get = |item: Option<&'a Item>, name: &str| item.and_then(|item| item.get(name));
        let named = self.indexes.iter().filter_map(move |index| {
            if index.keys.attributes().all(|attribute| get(old, &attribute.name) == get(new, &attribute.name)) {
                return None;
            }
            let key = |item: Option<&Item>| item.and_then(|item| index.key_of(item));
            changed(index.id, key(old), key(new))
        });
        let expiry = self.expiry.iter().filter_map(move |expiry| {
            if get(old, &expiry.attribute) == get(new, &expiry.attribute) {
                return None;
            }
            let key = |item: Option<&Item>| item.and_then(|item| expiry.key_of(item));
            changed(expiry.index, key(old), key(new))
        });
        named.chain(expiry)
    }

    /// Refuses an item that an index cannot take.
    pub(crate) fn check_indexes(&self, item: &Item) -> Result<(), Refused> {
        self.indexes.iter().try_for_each(|index| index.check(item))
    }
}

fn changed(index: IndexId, from: Option<Key>, to: Option<Key>) -> Option<IndexChange> {
    (from != to).then_some(IndexChange { index, from, to })
}
