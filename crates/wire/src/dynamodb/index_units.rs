//! Decides what a write is said to have cost in a table's indexes.
//!
//! An index is charged for what it is given of an item, and only if the write changes that: once for an item that comes,
//! goes or changes there, and twice for one that moves to another key, which is a going and a coming.

use super::spell::write_units;
use table::{Index, Table};
use types::{IndexName, Item};

/// What one write cost in an index.
pub type IndexUnits = (IndexName, f64);

/// What each index was charged for a write that found `old` and left `new`; nothing of those that it did not touch.
pub fn index_units(table: &Table, old: Option<&Item>, new: Option<&Item>) -> Vec<IndexUnits> {
    let in_index = |index: &Index, item: Option<&Item>| {
        let item = item?;
        Some((index.key_of(item)?, index.project(&table.keys, item.clone())))
    };
    let units = |index: &Index| match (in_index(index, old), in_index(index, new)) {
        (None, None) => 0.0,
        (Some((_, item)), None) | (None, Some((_, item))) => write_units(item.size()),
        (Some((from, old)), Some((to, new))) if from != to => write_units(old.size()) + write_units(new.size()),
        (Some((_, old)), Some((_, new))) if old == new => 0.0,
        (Some((_, old)), Some((_, new))) => write_units(old.size().max(new.size())),
    };
    let all = table.indexes.iter().map(|index| (index.name.clone(), units(index)));
    all.filter(|(_, units)| *units > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use table::{IndexId, Projection};
    use types::{KeyAttribute, KeySchema, KeyType, TableId};

    #[test]
    fn an_index_is_charged_for_what_changes_in_it() {
        let schema = |name: &str| {
            let hash = KeyAttribute { name: name.to_owned(), key_type: KeyType::S };
            KeySchema { hash, range: None }
        };
        let index = |name: &str, projection| Index {
            id: IndexId(1),
            name: name.parse().unwrap(),
            keys: schema("town"),
            projection,
        };
        let table = Table {
            id: TableId(1),
            name: "Orders".parse().unwrap(),
            keys: schema("id"),
            view: None,
            indexes: vec![index("some", Projection::Include(vec!["shown".to_owned()])), index("all", Projection::All)],
            expiry: None,
        };
        let item = |attributes: &[(&str, &str)]| {
            let all = std::iter::once(&("id", "1")).chain(attributes);
            Some(all.map(|(name, value)| ((*name).into(), (*value).into())).collect::<Item>())
        };
        let kept = item(&[("town", "Ulm"), ("shown", "x"), ("other", "y")]);
        let cases = [
            // A new item, in each index that has its key.
            (None, item(&[("town", "Ulm")]), vec![("some", 1.0), ("all", 1.0)]),
            (None, item(&[("other", "y")]), vec![]),
            // The same once more.
            (kept.clone(), kept.clone(), vec![]),
            // What an index does not give.
            (kept.clone(), item(&[("town", "Ulm"), ("shown", "x"), ("other", "z")]), vec![("all", 1.0)]),
            (kept.clone(), item(&[("town", "Ulm"), ("shown", "z"), ("other", "y")]), vec![("some", 1.0), ("all", 1.0)]),
            // To another key, and out of the index.
            (
                kept.clone(),
                item(&[("town", "Bonn"), ("shown", "x"), ("other", "y")]),
                vec![("some", 2.0), ("all", 2.0)],
            ),
            (kept.clone(), item(&[("shown", "x")]), vec![("some", 1.0), ("all", 1.0)]),
            (kept.clone(), None, vec![("some", 1.0), ("all", 1.0)]),
            (None, item(&[("town", "Ulm"), ("other", &"y".repeat(1500))]), vec![("some", 1.0), ("all", 2.0)]),
        ];
        for (old, new, expected) in cases {
            let units = index_units(&table, old.as_ref(), new.as_ref());
            let units: Vec<(&str, f64)> = units.iter().map(|(name, units)| (name.as_str(), *units)).collect();
            assert_eq!(units, expected, "{old:?} to {new:?}");
        }
    }
}
