//! Decides how named values are kept together: sorted by name, and shared until somebody changes them.
//!
//! An item passes through many hands (whoever decided it, the writer, the feed, each pipe), and most only read it. So a
//! clone is another reference to the same memory, and [`Item::insert`] copies first if somebody else looks at it.
//!
//! Invariant: names ascend and no two are equal; an item without attributes has no memory.

use crate::{Number, Text, Value, ValueError};
use serde::ser::{Serialize, Serializer};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Among so few names the one that is looked for is found sooner by equality, which their lengths decide mostly, than by
/// halving.
const FEW: usize = 32;

/// Named values, sorted by name; what a table keeps under one key, and what a map holds. Cheap to clone.
#[derive(Clone, Default)]
pub struct Item(Option<Arc<Attributes>>);

/// What all clones of an item share.
#[derive(Default)]
struct Attributes {
    sorted: Vec<(Text, Value)>,
    /// [`Item::size`], once somebody has asked; until then 0. Many ask, and to count takes as long as to copy.
    size: AtomicUsize,
    /// [`Item::has_plain_names`], once somebody has asked; until then 0.
    names: AtomicU8,
}

const PLAIN: u8 = 1;
const DOTTED: u8 = 2;

impl Clone for Attributes {
    fn clone(&self) -> Self {
        Self::of(self.sorted.clone())
    }
}

impl Attributes {
    fn of(sorted: Vec<(Text, Value)>) -> Self {
        Self { sorted, size: AtomicUsize::new(0), names: AtomicU8::new(0) }
    }
}

impl Item {
    /// No attributes.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Of attributes whose names ascend, as whoever makes them knows.
    pub fn of_ascending(attributes: Vec<(Text, Value)>) -> Self {
        debug_assert!(attributes.is_sorted_by(|a, b| a.0 < b.0), "names ascend and no two are equal");
        if attributes.is_empty() { Self::new() } else { Self(Some(Arc::new(Attributes::of(attributes)))) }
    }

    fn attributes(&self) -> &[(Text, Value)] {
        self.0.as_ref().map_or(&[], |attributes| &attributes.sorted)
    }

    /// What the attribute holds, if it is there.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let attributes = self.attributes();
        let at = if attributes.len() <= FEW {
            attributes.iter().position(|(known, _)| known.as_str() == name)?
        } else {
            attributes.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?
        };
        Some(&attributes[at].1)
    }

    /// The text of an attribute, if it is there and one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The number of an attribute, if it is there and one.
    pub fn number(&self, name: &str) -> Option<Number> {
        self.get(name)?.as_number()
    }

    /// Sets an attribute; what it held before is given back.
    pub fn insert(&mut self, name: impl Into<Text>, value: Value) -> Option<Value> {
        let name = name.into();
        let Attributes { sorted: attributes, size, names } = Arc::make_mut(self.0.get_or_insert_default());
        (*size.get_mut(), *names.get_mut()) = (0, 0);
        match attributes.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => Some(std::mem::replace(&mut attributes[at].1, value)),
            Err(at) => {
                attributes.insert(at, (name, value));
                None
            }
        }
    }

    /// Attributes in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + DoubleEndedIterator {
        self.attributes().iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many attributes there are.
    pub fn len(&self) -> usize {
        self.attributes().len()
    }

    /// Whether there is no attribute.
    pub fn is_empty(&self) -> bool {
        self.attributes().is_empty()
    }

    /// The bytes it takes up, names included, as DynamoDB counts them.
    pub fn size(&self) -> usize {
        let Some(attributes) = &self.0 else { return 0 };
        match attributes.size.load(Ordering::Relaxed) {
            0 => {
                let size = attributes.sorted.iter().map(|(name, value)| name.len() + value.size()).sum();
                attributes.size.store(size, Ordering::Relaxed);
                size
            }
            known => known,
        }
    }

    /// Whether no attribute of it, whatever its value holds, has a dot in its name.
    pub fn has_plain_names(&self) -> bool {
        let Some(attributes) = &self.0 else { return true };
        match attributes.names.load(Ordering::Relaxed) {
            0 => {
                let plain = attributes.sorted.iter().all(|(name, _)| !name.as_bytes().contains(&b'.'));
                attributes.names.store(if plain { PLAIN } else { DOTTED }, Ordering::Relaxed);
                plain
            }
            known => known == PLAIN,
        }
    }

    /// Reads DynamoDB's JSON form: `{"orderId": {"S": "ORD-1"}}`; `path` names the place in errors.
    pub fn from_json(json: &Json, path: &str) -> Result<Self, ValueError> {
        Self::read(json, path, 0)
    }

    pub(crate) fn read(json: &Json, path: &str, depth: usize) -> Result<Self, ValueError> {
        let wrong = || ValueError::WrongJson { path: path.to_owned(), expected: "an object of attributes" };
        let members = json.as_object().ok_or_else(wrong)?;
        let mut attributes = Vec::with_capacity(members.len());
        for (name, value) in members {
            let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            attributes.push((name.as_str().into(), Value::read(value, &place, depth)?));
        }
        Ok(attributes.into())
    }

    /// DynamoDB's JSON form as a tree.
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).expect("an item has string keys and finite depth")
    }
}

impl PartialEq for Item {
    /// Of one memory or of the same attributes.
    fn eq(&self, other: &Self) -> bool {
        let (these, those) = (self.attributes(), other.attributes());
        std::ptr::eq(these, those) || these == those
    }
}

impl Eq for Item {}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl From<Vec<(Text, Value)>> for Item {
    /// Of two attributes of one name the later is kept. Nothing is moved when the names ascend, as those from disk do.
    fn from(mut attributes: Vec<(Text, Value)>) -> Self {
        if attributes.is_empty() {
            return Self::new();
        }
        if !attributes.is_sorted_by(|a, b| a.0 < b.0) {
            // Stable, so that of equal names the later stands last; then keep the last.
            attributes.sort_by(|a, b| a.0.cmp(&b.0));
            attributes.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    std::mem::swap(next, kept);
                }
                same
            });
        }
        Self::of_ascending(attributes)
    }
}

impl FromIterator<(Text, Value)> for Item {
    /// Of two attributes of one name the later is kept.
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(attributes: I) -> Self {
        attributes.into_iter().collect::<Vec<_>>().into()
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Item {
    fn from(attributes: [(&str, Value); N]) -> Self {
        attributes.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn sizes_are_dynamodbs() {
        // Check values recorded from AWS's stream records: keys and images, names included.
        let item = Item::from([("id", "my-item-id".into()), ("attr1", "value1".into()), ("attr2", "value2".into())]);
        assert_eq!(item.size(), 34);
        assert_eq!(Item::from([("id", "my-item-id".into())]).size(), 12);
    }

    #[test]
    fn a_later_attribute_of_one_name_wins() {
        for names in ["aab", "aba", "baa", "aaaba"] {
            let numbered = (1u64..).zip(names.chars());
            let attributes = numbered.map(|(at, name)| (Text::from(name.to_string()), Number::from(at).into()));
            let last = |name| Value::from(Number::from(names.rfind(name).map_or(0, |at| at as u64 + 1)));
            assert_eq!(attributes.collect::<Item>(), Item::from([("a", last('a')), ("b", last('b'))]), "{names}");
        }
    }

    #[test]
    fn an_item_without_attributes_is_one_however_it_was_made() {
        let none: [(Text, Value); 0] = [];
        for empty in [Item::default(), Item::from([]), none.into_iter().collect(), Vec::with_capacity(9).into()] {
            assert_eq!(empty, Item::new());
            assert!(empty.is_empty());
        }
        assert_ne!(Item::new(), Item::from([("a", true.into())]));
    }

    /// Few or many, some of one name, and long names among them, which do not lie in place.
    fn any_attributes() -> impl Strategy<Value = Vec<(String, u64)>> {
        let name = || prop_oneof![3 => "[a-e]{1,3}", 1 => "[ab]{24,26}"];
        let few = proptest::collection::vec((name(), any::<u64>()), 0..12);
        let many = proptest::collection::vec((name(), any::<u64>()), FEW..3 * FEW);
        prop_oneof![few, many]
    }

    fn item_of(attributes: &[(String, u64)]) -> Item {
        attributes.iter().map(|(name, number)| (name.as_str().into(), Number::from(*number).into())).collect()
    }

    fn is(item: &Item, model: &BTreeMap<String, u64>) -> bool {
        let expected = model.iter().map(|(name, number)| (name.as_str(), Value::from(Number::from(*number))));
        item.iter().map(|(name, value)| (name, value.clone())).eq(expected)
            && item.len() == model.len()
            && model.iter().all(|(name, number)| item.number(name) == Some(Number::from(*number)))
            && item.get("absent").is_none()
    }

    proptest! {
        /// Collected or inserted one by one, in whatever order: an item is a map.
        #[test]
        fn an_item_is_a_map(attributes in any_attributes()) {
            let model: BTreeMap<String, u64> = attributes.iter().cloned().collect();
            prop_assert!(is(&item_of(&attributes), &model));
            let mut inserted = Item::new();
            let mut seen = BTreeMap::new();
            for (name, number) in &attributes {
                let before = inserted.insert(name.as_str(), Number::from(*number).into());
                prop_assert_eq!(before, seen.insert(name.clone(), *number).map(|old| Number::from(old).into()));
            }
            prop_assert!(is(&inserted, &model));
            prop_assert_eq!(inserted, item_of(&attributes));
        }

        /// An item with a dot in a name is told apart, also if it was asked before it was changed.
        #[test]
        fn names_with_dots_are_noticed(names in proptest::collection::vec("[a-c.]{0,3}", 0..8)) {
            let mut item = Item::new();
            for at in 0..names.len() {
                let plain = !names[..at].iter().any(|name| name.contains('.'));
                prop_assert_eq!((item.has_plain_names(), item.clone().has_plain_names()), (plain, plain));
                item.insert(names[at].as_str(), Value::Null);
            }
        }

        /// An item's size is that of what it holds, also if it was asked for before it was changed.
        #[test]
        fn a_size_that_is_known_is_the_size(first in any_attributes(), then in any_attributes()) {
            let mut item = item_of(&first);
            let counted = |item: &Item| item.iter().map(|(name, value)| name.len() + value.size()).sum::<usize>();
            for (name, number) in then {
                prop_assert_eq!(item.size(), counted(&item));
                prop_assert_eq!(item.clone().size(), counted(&item));
                item.insert(name.as_str(), Value::M(Item::from([("n", Number::from(number).into())])));
            }
            prop_assert_eq!(item.size(), counted(&item));
        }

        /// What is done to one clone, the other does not see.
        #[test]
        fn clones_do_not_see_each_other(first in any_attributes(), mine in any_attributes(), yours in any_attributes()) {
            let mut item = item_of(&first);
            let mut copy = item.clone();
            prop_assert_eq!(&item, &copy);
            let change = |item: &mut Item, changes: Vec<(String, u64)>| {
                let mut model: BTreeMap<String, u64> = first.iter().cloned().collect();
                for (name, number) in changes {
                    item.insert(name.as_str(), Number::from(number).into());
                    model.insert(name, number);
                }
                model
            };
            let models = [change(&mut item, mine), change(&mut copy, yours)];
            prop_assert!(is(&item, &models[0]));
            prop_assert!(is(&copy, &models[1]));
            prop_assert_eq!(item == copy, models[0] == models[1]);
        }
    }
}
