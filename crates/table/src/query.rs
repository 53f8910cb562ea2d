//! Decides which items a query asks for, and whether it can be asked at all.
//!
//! Start at [`Table::plan`]: it holds a [`Query`] against the table's key or an index's and says what is to be looked
//! through. Conditions that come by the attributes' names are sorted out by [`Table::key_conditions`].
//!
//! Invariant: what [`Plan::covers`] says of an item is the truth about it; where the items lie is another room's.

use crate::{HASH_SIZE_MAX, Index, RANGE_SIZE_MAX, Table};
use std::num::NonZeroUsize;
use types::{IndexName, Item, Key, KeyAttribute, KeySchema, KeyType, KeyValue, Value};

/// A page ends with the item that brings it to so many bytes.
pub const PAGE_BYTES_MAX: usize = 1 << 20;

/// Asks for the items of one hash value, in the order of the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The index to ask; `None` for the table's own key.
    pub index: Option<IndexName>,
    /// The hash value.
    pub hash: KeyValue,
    /// Which of its items; `None` for all.
    pub range: Option<RangeTest>,
    /// In which order.
    pub order: Order,
    /// The most items of a page.
    pub limit: Option<NonZeroUsize>,
    /// The key after which to go on: [`Page::last`] of the page before.
    pub after: Option<Item>,
    /// What is wanted.
    pub give: Give,
}

impl Query {
    /// All items of this hash value, ascending, as many as a page takes.
    pub fn new(index: Option<IndexName>, hash: KeyValue) -> Self {
        Self { index, hash, range: None, order: Order::Ascending, limit: None, after: None, give: Give::Items }
    }
}

/// What the range attribute must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeTest {
    /// This.
    Equal(KeyValue),
    /// Below this.
    Less(KeyValue),
    /// This or below.
    LessOrEqual(KeyValue),
    /// Above this.
    Greater(KeyValue),
    /// This or above.
    GreaterOrEqual(KeyValue),
    /// The first or above, and the second or below.
    Between(KeyValue, KeyValue),
    /// A text or byte string that begins so.
    BeginsWith(KeyValue),
}

/// The order of a query's items, by the range attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// What is wanted of a query's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Give {
    /// The items, as the index gives them.
    Items,
    /// Their number alone.
    Count,
}

/// What a query found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The items, in order; none when only their number was wanted.
    pub items: Vec<Item>,
    /// How many were found.
    pub count: usize,
    /// How large they are together, as the index gives them.
    pub bytes: usize,
    /// The key of the last one, when the page ended before the items did, or just with them.
    pub last: Option<Item>,
}

/// A condition on one attribute of a key, as clients write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCondition {
    /// The attribute.
    pub attribute: String,
    /// What it must be.
    pub test: KeyTest,
}

/// What an attribute of a key must be; the values may yet be of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyTest {
    /// This.
    Equal(Value),
    /// Below this.
    Less(Value),
    /// This or below.
    LessOrEqual(Value),
    /// Above this.
    Greater(Value),
    /// This or above.
    GreaterOrEqual(Value),
    /// The first or above, and the second or below.
    Between(Value, Value),
    /// A text or byte string that begins so.
    BeginsWith(Value),
}

/// Why a query cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryRefused {
    /// The table has no such index.
    #[error("the table has no index {0}")]
    NoSuchIndex(IndexName),
    /// No condition names an attribute of the key that must have one.
    #[error("the query has no condition on {attribute:?}, which is part of the key")]
    KeyMissing {
        /// Which.
        attribute: String,
    },
    /// The hash attribute is not asked to equal a value, or the key has no range that a condition could be on.
    #[error("a query asks for one value of the hash attribute, and at most for a range of the range attribute")]
    Unsupported,
    /// Two conditions name one attribute.
    #[error("the query has more than one condition on {attribute:?}")]
    Repeated {
        /// Which.
        attribute: String,
    },
    /// More attributes have conditions than the key has attributes.
    #[error("the query has {conditions} conditions, the key has {attributes} attributes")]
    TooMany {
        /// How many conditions.
        conditions: usize,
        /// How many attributes.
        attributes: usize,
    },
    /// A value has another type than the key's attribute.
    #[error("the condition on {attribute:?} has a value of another type than {}", expected.name())]
    TypeMismatch {
        /// Which attribute.
        attribute: String,
        /// What it holds.
        expected: KeyType,
    },
    /// A value is an empty text or holds no bytes.
    #[error("the condition on {attribute:?} has an empty value")]
    Empty {
        /// Which attribute.
        attribute: String,
        /// Text or bytes.
        key_type: KeyType,
    },
    /// A value is larger than any that the attribute can have.
    #[error("the condition on {attribute:?} has a value of {size} bytes, larger than any key's")]
    TooLarge {
        /// Which attribute.
        attribute: String,
        /// How large it is.
        size: usize,
        /// Whether it is the hash attribute.
        hash: bool,
    },
    /// A range's lower end lies above its upper end.
    #[error("the range's lower end lies above its upper end")]
    Reversed {
        /// The lower end.
        low: Value,
        /// The upper end.
        high: Value,
    },
    /// The key to go on after is none of the table and the index.
    #[error("the key to go on after is not a key of the table and the index")]
    StartInvalid {
        /// Whether an index is asked.
        of_index: bool,
    },
    /// The key to go on after belongs to another hash value.
    #[error("the key to go on after lies outside of what is asked for")]
    StartOutside,
    /// The key to go on after has a range value that the query does not ask for.
    #[error("the key to go on after has a range value that is not asked for")]
    StartOutOfRange,
}

/// What a query looks through.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<'a> {
    /// The index; `None` for the table's own key.
    pub index: Option<&'a Index>,
    /// The hash value.
    pub hash: &'a KeyValue,
    /// Which of its items.
    pub range: Option<&'a RangeTest>,
    /// Where to go on.
    pub after: Option<StartAfter>,
}

/// The place after which a query or a scan goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartAfter {
    /// The key in the index, if one is asked.
    pub index_key: Option<Key>,
    /// The table's key.
    pub key: Key,
}

impl Plan<'_> {
    /// Whether the query asks for what has this key.
    pub fn covers(&self, key: &Key) -> bool {
        key.hash == *self.hash
            && self.range.is_none_or(|test| key.range.as_ref().is_some_and(|value| test.holds(value)))
    }
}

impl RangeTest {
    /// Whether a value of the same type passes.
    pub fn holds(&self, value: &KeyValue) -> bool {
        match self {
            Self::Equal(wanted) => value == wanted,
            Self::Less(limit) => value < limit,
            Self::LessOrEqual(limit) => value <= limit,
            Self::Greater(limit) => value > limit,
            Self::GreaterOrEqual(limit) => value >= limit,
            Self::Between(low, high) => value >= low && value <= high,
            Self::BeginsWith(KeyValue::S(start)) => matches!(value, KeyValue::S(text) if text.starts_with(&**start)),
            Self::BeginsWith(KeyValue::B(start)) => matches!(value, KeyValue::B(bytes) if bytes.starts_with(start)),
            Self::BeginsWith(KeyValue::N(_)) => false,
        }
    }

    fn values(&self) -> impl Iterator<Item = &KeyValue> {
        let (first, second) = match self {
            Self::Equal(value) | Self::Less(value) | Self::LessOrEqual(value) => (value, None),
            Self::Greater(value) | Self::GreaterOrEqual(value) | Self::BeginsWith(value) => (value, None),
            Self::Between(low, high) => (low, Some(high)),
        };
        std::iter::once(first).chain(second)
    }
}

impl Table {
    /// Sorts out which condition is on the hash attribute and which on the range attribute.
    pub fn key_conditions(
        &self,
        index: Option<&IndexName>,
        conditions: Vec<KeyCondition>,
    ) -> Result<(KeyValue, Option<RangeTest>), QueryRefused> {
        let keys = self.asked(index)?.map_or(&self.keys, |index| &index.keys);
        let attributes = keys.attributes().count();
        if let Some(attribute) = repeated(&conditions) {
            return Err(QueryRefused::Repeated { attribute: attribute.to_owned() });
        }
        match conditions.len() {
            2 if attributes == 1 => return Err(QueryRefused::Unsupported),
            given if given > attributes => return Err(QueryRefused::TooMany { conditions: given, attributes }),
            _ => {}
        }
        let named = |name: &str| conditions.iter().position(|condition| condition.attribute == name);
        let missing = |attribute: &KeyAttribute| QueryRefused::KeyMissing { attribute: attribute.name.clone() };
        let hash = named(&keys.hash.name).ok_or_else(|| missing(&keys.hash))?;
        let range = match &keys.range {
            Some(range) if conditions.len() == 2 => Some(named(&range.name).ok_or_else(|| missing(range))?),
            _ => None,
        };
        let mut conditions: Vec<Option<KeyTest>> =
            conditions.into_iter().map(|condition| Some(condition.test)).collect();
        let mut take = |at: usize| conditions[at].take().expect("each condition is taken once");
        let RangeTest::Equal(hash) = take(hash).typed(&keys.hash)? else { return Err(QueryRefused::Unsupported) };
        let range = match (range, &keys.range) {
            (Some(at), Some(attribute)) => Some(take(at).typed(attribute)?),
            _ => None,
        };
        Ok((hash, range))
    }

    pub(crate) fn asked(&self, index: Option<&IndexName>) -> Result<Option<&Index>, QueryRefused> {
        let Some(name) = index else { return Ok(None) };
        self.index(name).map(Some).ok_or_else(|| QueryRefused::NoSuchIndex(name.clone()))
    }

    /// What a query looks through, if it can be asked.
    pub fn plan<'a>(&'a self, query: &'a Query) -> Result<Plan<'a>, QueryRefused> {
        let index = self.asked(query.index.as_ref())?;
        let keys = index.map_or(&self.keys, |index| &index.keys);
        check_value(&keys.hash, &query.hash, HASH_SIZE_MAX)?;
        if let Some(test) = &query.range {
            let attribute = keys.range.as_ref().ok_or(QueryRefused::Unsupported)?;
            test.values().try_for_each(|value| check_value(attribute, value, RANGE_SIZE_MAX))?;
            match test {
                RangeTest::BeginsWith(KeyValue::N(_)) => return Err(QueryRefused::Unsupported),
                RangeTest::Between(low, high) if low > high => {
                    return Err(QueryRefused::Reversed { low: low.to_value(), high: high.to_value() });
                }
                _ => {}
            }
        }
        let mut plan = Plan { index, hash: &query.hash, range: query.range.as_ref(), after: None };
        if let Some(after) = &query.after {
            let after = self.start(index, after)?;
            let at = after.index_key.as_ref().unwrap_or(&after.key);
            if !plan.covers(at) {
                let other_hash = at.hash != query.hash;
                return Err(if other_hash { QueryRefused::StartOutside } else { QueryRefused::StartOutOfRange });
            }
            plan.after = Some(after);
        }
        Ok(plan)
    }

    /// The place that a key to go on after names: it has the attributes of both keys, and no others.
    pub(crate) fn start(&self, index: Option<&Index>, after: &Item) -> Result<StartAfter, QueryRefused> {
        let invalid = || QueryRefused::StartInvalid { of_index: index.is_some() };
        let names = |schema: &KeySchema| schema.attributes().map(|attribute| attribute.name.clone()).collect();
        let mut wanted: Vec<String> = names(&self.keys);
        wanted.extend(index.map(|index| names(&index.keys)).unwrap_or_default());
        wanted.sort();
        wanted.dedup();
        if !after.iter().map(|(name, _)| name).eq(wanted.iter().map(String::as_str)) {
            return Err(invalid());
        }
        let key = self.key_of_item(after).map_err(|_| invalid())?;
        let index_key = match index {
            Some(index) => Some(index.key_of(after).ok_or_else(invalid)?),
            None => None,
        };
        Ok(StartAfter { index_key, key })
    }

    /// The key after which to go on, when `item` was the last one.
    pub fn last_key(&self, index: Option<&Index>, item: &Item) -> Item {
        let attributes = self.keys.attributes().chain(index.into_iter().flat_map(|index| index.keys.attributes()));
        attributes
            .filter_map(|attribute| Some((attribute.name.as_str().into(), item.get(&attribute.name)?.clone())))
            .collect()
    }
}

/// The name that two of the conditions have.
fn repeated(conditions: &[KeyCondition]) -> Option<&str> {
    let again =
        |(at, one): (usize, &KeyCondition)| conditions[..at].iter().any(|other| other.attribute == one.attribute);
    conditions.iter().enumerate().find(|pair| again(*pair)).map(|(_, one)| one.attribute.as_str())
}

fn check_value(attribute: &KeyAttribute, value: &KeyValue, size_max: usize) -> Result<(), QueryRefused> {
    let name = || attribute.name.clone();
    if value.key_type() != attribute.key_type {
        return Err(QueryRefused::TypeMismatch { attribute: name(), expected: attribute.key_type });
    }
    let size = match value {
        KeyValue::S(text) => text.len(),
        KeyValue::N(_) => return Ok(()),
        KeyValue::B(bytes) => bytes.len(),
    };
    match size {
        0 => Err(QueryRefused::Empty { attribute: name(), key_type: attribute.key_type }),
        _ if size > size_max => {
            Err(QueryRefused::TooLarge { attribute: name(), size, hash: size_max == HASH_SIZE_MAX })
        }
        _ => Ok(()),
    }
}

impl KeyTest {
    /// The test on values of the attribute's type.
    fn typed(self, attribute: &KeyAttribute) -> Result<RangeTest, QueryRefused> {
        let typed = |value: &Value| {
            let value = KeyValue::from_value(value).filter(|value| value.key_type() == attribute.key_type);
            let (name, expected) = (&attribute.name, attribute.key_type);
            value.ok_or_else(|| QueryRefused::TypeMismatch { attribute: name.clone(), expected })
        };
        Ok(match &self {
            Self::Equal(value) => RangeTest::Equal(typed(value)?),
            Self::Less(value) => RangeTest::Less(typed(value)?),
            Self::LessOrEqual(value) => RangeTest::LessOrEqual(typed(value)?),
            Self::Greater(value) => RangeTest::Greater(typed(value)?),
            Self::GreaterOrEqual(value) => RangeTest::GreaterOrEqual(typed(value)?),
            Self::Between(low, high) => RangeTest::Between(typed(low)?, typed(high)?),
            Self::BeginsWith(value) => RangeTest::BeginsWith(typed(value)?),
        })
    }
}
