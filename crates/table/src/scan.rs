//! Decides what a scan looks through: all of a table or of an index, or one of the parts that several callers share.
//!
//! Start at [`Table::plan_scan`]. Items of one hash value are in one part, however many parts there are.

use crate::{Index, QueryRefused, StartAfter, Table};
use std::num::{NonZeroU32, NonZeroUsize};
use types::{IndexName, Item, Key};

/// Asks for the items of a table or of an index, in no order that means anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The index to look through; `None` for the table.
    pub index: Option<IndexName>,
    /// The most items of a page.
    pub limit: Option<NonZeroUsize>,
    /// The key after which to go on: [`crate::Page::last`] of the page before.
    pub after: Option<Item>,
    /// Which part of it; `None` for all.
    pub segment: Option<Segment>,
}

/// One of the parts that a scan is divided into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    number: u32,
    total: NonZeroU32,
}

impl Segment {
    /// The part of this number, counted from 0, of so many; `None` if there is none.
    pub fn new(number: u32, total: u32) -> Option<Self> {
        let total = NonZeroU32::new(total).filter(|total| number < total.get())?;
        Some(Self { number, total })
    }

    /// Whether what has this key belongs to it. Of an index, it is the index's key.
    pub fn covers(self, key: &Key) -> bool {
        key.spread() % u64::from(self.total.get()) == u64::from(self.number)
    }
}

/// What a scan looks through.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanPlan<'a> {
    /// The index; `None` for the table.
    pub index: Option<&'a Index>,
    /// Where to go on.
    pub after: Option<StartAfter>,
    /// Which part; `None` for all.
    pub segment: Option<Segment>,
}

impl ScanPlan<'_> {
    /// Whether the scan asks for this item, which is in what it looks through.
    pub fn covers(&self, table: &Table, item: &Item) -> bool {
        let key = || match self.index {
            Some(index) => index.key_of(item),
            None => table.key_of_item(item).ok(),
        };
        self.segment.is_none_or(|segment| key().is_some_and(|key| segment.covers(&key)))
    }
}

impl Table {
    /// What a scan looks through, if it can be asked.
    pub fn plan_scan(&self, scan: &Scan) -> Result<ScanPlan<'_>, QueryRefused> {
        let index = self.asked(scan.index.as_ref())?;
        let after = scan.after.as_ref().map(|after| self.start(index, after)).transpose()?;
        Ok(ScanPlan { index, after, segment: scan.segment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IndexId, Projection};
    use proptest::prelude::*;
    use types::{KeyAttribute, KeySchema, KeyType, KeyValue, Number, TableId, Value};

    fn table() -> Table {
        let attribute = |name: &str, key_type| KeyAttribute { name: name.to_owned(), key_type };
        let index = Index {
            id: IndexId(2),
            name: "by-city".parse().unwrap(),
            keys: KeySchema { hash: attribute("city", KeyType::S), range: None },
            projection: Projection::All,
        };
        Table {
            id: TableId(1),
            name: "Orders".parse().unwrap(),
            keys: KeySchema { hash: attribute("id", KeyType::S), range: Some(attribute("at", KeyType::N)) },
            view: None,
            indexes: vec![index],
            expiry: None,
        }
    }

    fn item(id: &str, at: u64, city: &str) -> Item {
        Item::from([("id", id.into()), ("at", Number::from(at).into()), ("city", city.into())])
    }

    #[test]
    fn a_scan_goes_on_only_from_a_key() {
        let (table, by_city) = (table(), || Some("by-city".parse().unwrap()));
        let key = |names: &[&str]| {
            let all = item("1", 2, "Ulm");
            Some(names.iter().map(|name| ((*name).into(), all.get(name).unwrap().clone())).collect::<Item>())
        };
        let plan =
            |index, after| table.plan_scan(&Scan { index, after, ..Scan::default() }).map(|plan| plan.after.is_some());
        let invalid = |of_index| Err(QueryRefused::StartInvalid { of_index });
        assert_eq!(plan(None, None), Ok(false));
        assert_eq!(plan(None, key(&["id", "at"])), Ok(true));
        assert_eq!(plan(by_city(), key(&["id", "at", "city"])), Ok(true));
        assert_eq!(plan(None, key(&["id"])), invalid(false));
        assert_eq!(plan(None, key(&["id", "at", "city"])), invalid(false));
        assert_eq!(plan(by_city(), key(&["id", "at"])), invalid(true));
        assert_eq!(plan(None, Some(Item::from([("id", "1".into()), ("at", Value::Null)]))), invalid(false));
        let none = || "none".parse::<IndexName>().unwrap();
        assert_eq!(plan(Some(none()), None), Err(QueryRefused::NoSuchIndex(none())));
    }

    #[test]
    fn a_segment_has_a_number_below_their_count() {
        assert!(Segment::new(0, 1).is_some() && Segment::new(999_999, 1_000_000).is_some());
        assert!(Segment::new(0, 0).is_none() && Segment::new(3, 3).is_none());
    }

    proptest! {
        /// Each item is in exactly one part, and all of its hash value are in the same; of an index too.
        #[test]
        fn segments_share_the_items_out(ids in proptest::collection::vec(0..50u32, 1..20), total in 1..9u32) {
            let (table, by_city) = (table(), "by-city".parse::<IndexName>().unwrap());
            for index in [None, Some(by_city)] {
                let part = |item: &Item| {
                    let covers = |number: &u32| {
                        let segment = Segment::new(*number, total);
                        let scan = Scan { index: index.clone(), segment, ..Scan::default() };
                        table.plan_scan(&scan).unwrap().covers(&table, item)
                    };
                    (0..total).filter(covers).collect::<Vec<_>>()
                };
                for id in &ids {
                    let (name, hash) = (id.to_string(), KeyValue::S(id.to_string().as_str().into()));
                    let parts = part(&item(&name, 1, &name));
                    prop_assert_eq!(parts.len(), 1);
                    prop_assert_eq!(&parts, &part(&item(&name, 2, &name)));
                    let key = Key { hash, range: None };
                    prop_assert!(Segment::new(parts[0], total).unwrap().covers(&key));
                }
            }
        }
    }
}
