//! Decides what a put, an update or a delete changes, given what is stored.
//!
//! Start at [`Table::decide`]. Invariant: what is decided as [`Outcome::Changed`] differs from what was stored, so a
//! stream never carries a record that changes nothing.

use crate::update::check_depth;
use crate::{Condition, Refused, Table, Update, UpdateRefused};
use types::{ChangeKind, Item, Key};

/// The most bytes that an item may have, names included.
pub const ITEM_SIZE_MAX: usize = 409_600;

/// What a client wants done to one item.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Store this item, in the place of any other under its key.
    Put(Item),
    /// Change what is stored under this key, or store what the update makes of nothing.
    Update(Key, Update),
    /// Remove what is stored under this key.
    Delete(Key),
}

/// What a write does to its table.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Under which key.
    pub key: Key,
    /// What happens there.
    pub outcome: Outcome,
}

/// What happens under one key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing: the same item was put again, or there was nothing to delete. No change is recorded.
    Unchanged {
        /// What is stored, and stays so.
        old: Option<Item>,
    },
    /// The item is another one afterwards.
    Changed {
        /// Whether it came, became different, or went.
        kind: ChangeKind,
        /// The key's attributes.
        keys: Item,
        /// The item before, if there was one.
        old: Option<Item>,
        /// The item after, if there is one.
        new: Option<Item>,
        /// [`Key::spread`] of the key.
        spread: u64,
    },
}

impl Table {
    /// The key of a write that can be accepted, whatever is stored; all that can be refused before looking.
    pub fn check(&self, write: &Write) -> Result<Key, Refused> {
        match write {
            Write::Put(item) => {
                let size = item.size();
                if size > ITEM_SIZE_MAX {
                    return Err(Refused::ItemTooLarge { size });
                }
                let key = self.key_of_item(item)?;
                self.check_indexes(item)?;
                Ok(key)
            }
            Write::Update(key, update) => {
                let is_key = |name: &str| self.keys.attributes().any(|attribute| attribute.name == name);
                match update.paths().find(|path| is_key(&path.attribute)) {
                    Some(path) => {
                        let attribute = path.attribute.to_string();
                        Err(Refused::Update(UpdateRefused::KeyAttribute { attribute }))
                    }
                    None => self.check_given(update).map(|()| key.clone()),
                }
            }
            Write::Delete(key) => Ok(key.clone()),
        }
    }

    /// What `write` does, when `old` is what is stored under its key.
    ///
    /// `old` is given back in every outcome: whoever wants to answer with it need not keep a copy.
    pub fn decide(&self, write: Write, condition: &Condition, old: Option<Item>) -> Result<Decision, Refused> {
        let key = self.check(&write)?;
        self.decide_checked(key, write, condition, old)
    }

    /// The same for a write that [`Table::check`] has found this key for.
    pub fn decide_checked(
        &self,
        key: Key,
        write: Write,
        condition: &Condition,
        old: Option<Item>,
    ) -> Result<Decision, Refused> {
        if !condition.holds(old.as_ref()) {
            return Err(Refused::ConditionFailed { old });
        }
        let new = match write {
            Write::Put(item) => Some(item),
            Write::Update(key, update) => self.updated(&key, &update, old.as_ref())?,
            Write::Delete(_) => None,
        };
        let kind = match (&old, &new) {
            (None, Some(_)) => ChangeKind::Insert,
            (Some(old), Some(new)) if old != new => ChangeKind::Modify,
            (Some(_), None) => ChangeKind::Remove,
            (Some(_), Some(_)) | (None, None) => return Ok(Decision { key, outcome: Outcome::Unchanged { old } }),
        };
        let (keys, spread) = (key.to_item(&self.keys), key.spread());
        Ok(Decision { key, outcome: Outcome::Changed { kind, keys, old, new, spread } })
    }

    /// Refuses a value of another type than an index's key as soon as it is written; what comes of other values is only
    /// seen when they are there.
    fn check_given(&self, update: &Update) -> Result<(), Refused> {
        for index in &self.indexes {
            for (attribute, key) in
                update.given().flat_map(|given| index.keys.attributes().map(move |key| (given, key)))
            {
                let (name, value) = attribute;
                if name == key.name && value.type_name() != key.key_type.name() {
                    return Err(Refused::IndexKeyTypeMismatch {
                        attribute: name.to_owned(),
                        expected: key.key_type,
                        actual: value.type_name(),
                        index: index.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// What an update makes of what is stored under its key, or of nothing; `None` if there is nothing afterwards.
    fn updated(&self, key: &Key, update: &Update, old: Option<&Item>) -> Result<Option<Item>, Refused> {
        let Some(new) = update.apply(old, &key.to_item(&self.keys)).map_err(Refused::Update)? else { return Ok(None) };
        check_depth(&new).map_err(Refused::Update)?;
        let size = new.size();
        if size > ITEM_SIZE_MAX {
            return Err(Refused::Update(UpdateRefused::ItemTooLarge { size }));
        }
        self.check_indexes(&new).map_err(|refused| match refused {
            Refused::IndexKeyTypeMismatch { attribute, index, .. } => {
                Refused::Update(UpdateRefused::IndexKeyType { attribute, index })
            }
            Refused::IndexKeyEmpty { attribute, key_type, index } => {
                Refused::Update(UpdateRefused::IndexKeyEmpty { attribute, key_type, index })
            }
            Refused::HashTooLarge { attribute, size } | Refused::RangeTooLarge { attribute, size } => {
                Refused::Update(UpdateRefused::IndexKeyTooLarge { attribute, size })
            }
            other => other,
        })?;
        Ok(Some(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Comparison, Index, IndexId, Names, Operand, Path, Projection, read_update};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use types::{KeyAttribute, KeySchema, KeyType, KeyValue, Number, TableId, Value};

    fn table() -> Table {
        let hash = KeyAttribute { name: "id".to_owned(), key_type: KeyType::S };
        let keys = KeySchema { hash, range: None };
        Table { id: TableId(1), name: "Orders".parse().unwrap(), keys, view: None, indexes: vec![], expiry: None }
    }

    fn key(id: &str) -> Key {
        Key { hash: KeyValue::S(id.into()), range: None }
    }

    #[test]
    fn an_equal_item_is_no_change() {
        let number = |text: &str| Value::N(text.parse::<Number>().unwrap());
        let json = |text: &str| Value::from_json(&serde_json::from_str(text).unwrap(), "v").unwrap();
        let cases = [
            (Value::from("a"), Value::from("a"), false),
            (number("1.50"), number("15e-1"), false),
            (json(r#"{"SS": ["b", "a"]}"#), json(r#"{"SS": ["a", "b"]}"#), false),
            (Value::L(vec!["a".into(), "b".into()]), Value::L(vec!["b".into(), "a".into()]), true),
            (number("1"), Value::from("1"), true),
        ];
        for (before, after, changed) in cases {
            let [old, new] = [before, after].map(|value| Item::from([("id", "1".into()), ("v", value)]));
            let decision = table().decide(Write::Put(new.clone()), &Condition::Always, Some(old.clone())).unwrap();
            match decision.outcome {
                Outcome::Changed { kind, old: given, new: stored, .. } => {
                    assert!(changed, "{new:?}");
                    assert_eq!((kind, given, stored), (ChangeKind::Modify, Some(old), Some(new)));
                }
                Outcome::Unchanged { old: given } => {
                    assert!(!changed, "{new:?}");
                    assert_eq!(given, Some(old));
                }
            }
        }
    }

    #[test]
    fn an_item_of_the_largest_size_is_kept_and_no_larger() {
        let item = |size: usize| Item::from([("id", "1".into()), ("v", "x".repeat(size - 4).as_str().into())]);
        assert_eq!(item(ITEM_SIZE_MAX).size(), ITEM_SIZE_MAX);
        assert!(table().decide(Write::Put(item(ITEM_SIZE_MAX)), &Condition::Always, None).is_ok());
        let refused = table().decide(Write::Put(item(ITEM_SIZE_MAX + 1)), &Condition::Always, None);
        assert_eq!(refused, Err(Refused::ItemTooLarge { size: ITEM_SIZE_MAX + 1 }));
    }

    #[test]
    fn a_failed_condition_gives_back_what_is_stored() {
        let stored = Item::from([("id", "1".into()), ("status", "pending".into())]);
        let absent = Condition::NotExists(Path::from("id"));
        let refused = table().decide(Write::Put(stored.clone()), &absent, Some(stored.clone()));
        assert_eq!(refused, Err(Refused::ConditionFailed { old: Some(stored.clone()) }));
        let shipped = Condition::Compare(
            Operand::Path(Path::from("status")),
            Comparison::Equal,
            Operand::Value("shipped".into()),
        );
        let refused = table().decide(Write::Delete(key("1")), &shipped, Some(stored.clone()));
        assert_eq!(refused, Err(Refused::ConditionFailed { old: Some(stored) }));
        // A delete of nothing whose condition fails is refused too, not waved through as unchanged.
        let refused = table().decide(Write::Delete(key("1")), &shipped, None);
        assert_eq!(refused, Err(Refused::ConditionFailed { old: None }));
    }

    fn update(text: &str, value: Value) -> Update {
        read_update(text, &Names::new([], [(":v".to_owned(), value)])).unwrap()
    }

    #[test]
    fn an_update_is_decided_like_a_put() {
        let stored = |n: u64| Item::from([("id", "1".into()), ("n", Number::from(n).into())]);
        let more = || Write::Update(key("1"), update("ADD n :v", Number::from(2u64).into()));
        let decide = |write: Write, old: Option<Item>| table().decide(write, &Condition::Always, old).unwrap().outcome;
        let changed = |kind, old, new| Outcome::Changed {
            kind,
            keys: Item::from([("id", "1".into())]),
            old,
            new: Some(new),
            spread: key("1").spread(),
        };
        assert_eq!(decide(more(), None), changed(ChangeKind::Insert, None, stored(2)));
        assert_eq!(decide(more(), Some(stored(5))), changed(ChangeKind::Modify, Some(stored(5)), stored(7)));
        // What leaves the item as it is, or finds none to take from, is no change.
        let same = Write::Update(key("1"), update("SET n = :v", Number::from(5u64).into()));
        assert_eq!(decide(same, Some(stored(5))), Outcome::Unchanged { old: Some(stored(5)) });
        let nothing = Names::default();
        let take = || Write::Update(key("1"), read_update("REMOVE n", &nothing).unwrap());
        assert_eq!(decide(take(), None), Outcome::Unchanged { old: None });
        let alone = Item::from([("id", "1".into())]);
        assert_eq!(decide(take(), Some(stored(5))), changed(ChangeKind::Modify, Some(stored(5)), alone.clone()));
        assert_eq!(decide(Write::Update(key("1"), Update::nothing()), None), changed(ChangeKind::Insert, None, alone));
    }

    #[test]
    fn an_update_of_the_key_or_beyond_what_an_item_may_be_is_refused() {
        let refused = |update: Update, condition: &Condition, old: Option<Item>| {
            table().decide(Write::Update(key("1"), update), condition, old).unwrap_err()
        };
        let attribute = || "id".to_owned();
        let key_attribute = || Refused::Update(UpdateRefused::KeyAttribute { attribute: attribute() });
        assert_eq!(refused(update("SET id = :v", "2".into()), &Condition::Always, None), key_attribute());
        assert_eq!(refused(update("SET a = :v REMOVE id.b", "2".into()), &Condition::Always, None), key_attribute());
        let large = |size: usize| update("SET v = :v", "x".repeat(size - 4).as_str().into());
        let write = Write::Update(key("1"), large(ITEM_SIZE_MAX));
        assert!(table().decide(write, &Condition::Always, None).is_ok());
        let size = ITEM_SIZE_MAX + 1;
        let too_large = Refused::Update(UpdateRefused::ItemTooLarge { size });
        assert_eq!(refused(large(size), &Condition::Always, None), too_large);
        let nested = (0..types::VALUE_DEPTH_MAX).fold(Value::Null, |value, _| Value::L(vec![value]));
        let item = Item::from([("id", "1".into()), ("a", nested)]);
        let deeper = read_update("SET a[0] = a", &Names::default()).unwrap();
        assert_eq!(refused(deeper, &Condition::Always, Some(item)), Refused::Update(UpdateRefused::TooDeep));
        // The condition is asked first: an update that would not fit either is not looked at.
        let there = Condition::Exists(Path::from("id"));
        let missing = read_update("SET a = b", &Names::default()).unwrap();
        assert_eq!(refused(missing.clone(), &there, None), Refused::ConditionFailed { old: None });
        let item = Item::from([("id", "1".into())]);
        assert_eq!(refused(missing, &there, Some(item)), Refused::Update(UpdateRefused::AttributeMissing));
    }

    #[test]
    fn an_update_keeps_what_indexes_find_items_by() {
        let index = Index {
            id: IndexId(2),
            name: "by-city".parse().unwrap(),
            keys: KeySchema { hash: KeyAttribute { name: "city".to_owned(), key_type: KeyType::S }, range: None },
            projection: Projection::All,
        };
        let table = Table { indexes: vec![index], ..table() };
        let decide = |value: Value| {
            let write = Write::Update(key("1"), update("SET city = :v", value));
            table.decide(write, &Condition::Always, None).map(drop)
        };
        let (attribute, index) = (|| "city".to_owned(), || "by-city".parse().unwrap());
        assert_eq!(decide("Ulm".into()), Ok(()));
        let mismatch = Refused::IndexKeyTypeMismatch {
            attribute: attribute(),
            expected: KeyType::S,
            actual: "BOOL",
            index: index(),
        };
        assert_eq!(decide(true.into()), Err(mismatch));
        // A value that is only found when the item is looked at.
        let moved = read_update("SET city = a", &Names::default()).unwrap();
        let old = Item::from([("id", "1".into()), ("a", true.into())]);
        let decided = table.decide(Write::Update(key("1"), moved), &Condition::Always, Some(old)).map(drop);
        let kind = UpdateRefused::IndexKeyType { attribute: attribute(), index: index() };
        assert_eq!(decided, Err(Refused::Update(kind)));
        let large = UpdateRefused::IndexKeyTooLarge { attribute: attribute(), size: 2049 };
        assert_eq!(decide("x".repeat(2049).as_str().into()), Err(Refused::Update(large)));
        let empty = UpdateRefused::IndexKeyEmpty { attribute: attribute(), key_type: KeyType::S, index: index() };
        assert_eq!(decide("".into()), Err(Refused::Update(empty)));
    }

    fn any_write() -> impl Strategy<Value = (u8, Option<u8>)> {
        (0..3u8, proptest::option::of(0..2u8))
    }

    proptest! {
        /// Whatever is put and deleted, applying what is decided keeps the table equal to a plain map, and the changes
        /// alone tell its whole story: each starts from what the one before it left, and none changes nothing.
        #[test]
        fn changes_tell_the_whole_story(writes in proptest::collection::vec(any_write(), 0..60)) {
            let mut model: BTreeMap<u8, u8> = BTreeMap::new();
            let mut told: BTreeMap<Key, Item> = BTreeMap::new();
            let item = |id: u8, v: u8| Item::from([("id", id.to_string().as_str().into()), ("v", Number::from(u64::from(v)).into())]);
            for (id, put) in writes {
                let place = key(&id.to_string());
                let before = model.get(&id).copied();
                let write = match put {
                    Some(v) => { model.insert(id, v); Write::Put(item(id, v)) }
                    None => { model.remove(&id); Write::Delete(place.clone()) }
                };
                let decision = table().decide(write, &Condition::Always, told.get(&place).cloned()).unwrap();
                prop_assert_eq!(&decision.key, &place);
                match decision.outcome {
                    Outcome::Unchanged { old } => {
                        prop_assert_eq!(before, put);
                        prop_assert_eq!(old, put.map(|v| item(id, v)));
                    }
                    Outcome::Changed { kind, keys, old, new, spread } => {
                        prop_assert_ne!(before, put);
                        prop_assert_eq!(kind.name(), match (before, put) {
                            (None, _) => "INSERT",
                            (Some(_), Some(_)) => "MODIFY",
                            (Some(_), None) => "REMOVE",
                        });
                        prop_assert_eq!(keys, Item::from([("id", id.to_string().as_str().into())]));
                        prop_assert_eq!(spread, place.spread());
                        prop_assert_eq!(old, told.remove(&place));
                        if let Some(new) = new {
                            told.insert(place, new);
                        }
                    }
                }
            }
            let expected: BTreeMap<Key, Item> = model.iter().map(|(id, v)| (key(&id.to_string()), item(*id, *v))).collect();
            prop_assert_eq!(told, expected);
        }
    }
}
