//! Decides what an update makes of an item.
//!
//! Start at [`Update::apply`]. Everything is read from the item as it was before: first what each action leaves at its
//! path ([`Update::edits`]), then the item is made anew with all of it in its place. So the order of actions means
//! nothing, and an element's number is the one that it had.
//!
//! Invariant: no path of an update leads to or through another, and none takes a value for a map that another takes
//! for a list. Whoever reads updates sees to that.

mod arithmetic;

use crate::{Path, Step};
use types::{IndexName, Item, KeyType, Number, NumberError, SortedMap, VALUE_DEPTH_MAX, Value};

/// What is to be changed in an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    actions: Vec<Action>,
}

/// One change, at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) path: Path,
    pub(crate) change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The value is this from now on.
    Set(Sum),
    /// There is nothing from now on.
    Remove,
    /// A number more, or more members of a set.
    Add(Value),
    /// Fewer members of a set.
    Delete(Value),
}

/// What may be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sum {
    One(Source),
    Plus(Source, Source),
    Minus(Source, Source),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The item.
    Path(Path),
    /// Whoever wrote the update.
    Value(Value),
    /// The item, or else the other source.
    IfNotExists(Path, Box<Source>),
    /// Two lists, one behind the other.
    ListAppend(Box<Source>, Box<Source>),
}

/// Why an update is not done to an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateRefused {
    /// It changes an attribute of the table's key.
    #[error("the update changes the attribute {attribute:?}, which is part of the table's key")]
    KeyAttribute {
        /// Which.
        attribute: String,
    },
    /// It needs the value of something that is not there.
    #[error("the update reads an attribute that the item does not have")]
    AttributeMissing,
    /// What is there has a type that the update cannot work with.
    #[error("the update works with a value of the item that has another type")]
    WrongType,
    /// A path leads nowhere: what should hold its end is not there, or is no map or list.
    #[error("a path of the update leads through something that is not there, or is no map or list")]
    PathInvalid,
    /// Numbers do not add up to one that can be kept.
    #[error("the update calculates a number that cannot be kept: {0}")]
    Number(NumberError),
    /// Lists and maps would nest too deep.
    #[error("the update nests lists and maps deeper than {VALUE_DEPTH_MAX} levels")]
    TooDeep,
    /// An attribute by which an index finds items would be of another type than the index's key.
    #[error("the updated attribute {attribute:?} is of another type than the key of index {index}")]
    IndexKeyType {
        /// Which attribute.
        attribute: String,
        /// Which index.
        index: IndexName,
    },
    /// An attribute by which an index finds items would be larger than an index's key may be.
    #[error("the updated attribute {attribute:?}, by which an index finds items, has {size} bytes")]
    IndexKeyTooLarge {
        /// Which attribute.
        attribute: String,
        /// Its bytes.
        size: usize,
    },
    /// An attribute by which an index finds items would be an empty text or hold no bytes.
    #[error("the updated attribute {attribute:?}, by which index {index} finds items, is empty")]
    IndexKeyEmpty {
        /// Which attribute.
        attribute: String,
        /// Text or bytes.
        key_type: KeyType,
        /// Which index.
        index: IndexName,
    },
    /// The item would be too large.
    #[error("the updated item has {size} bytes, the limit is {}", crate::ITEM_SIZE_MAX)]
    ItemTooLarge {
        /// Its bytes, names included.
        size: usize,
    },
}

/// What is at a path from now on.
enum Edit {
    Put(Value),
    Take,
    Keep,
}

impl Update {
    pub(crate) fn new(actions: Vec<Action>) -> Self {
        Self { actions }
    }

    /// An update that changes nothing; of no item it makes one that has its key alone.
    pub const fn nothing() -> Self {
        Self { actions: Vec::new() }
    }

    /// The places that it changes, in the order in which they were written.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.actions.iter().map(|action| &action.path)
    }

    /// The attributes for which it has a value that whoever wrote it has given, each with that value.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.actions.iter().filter(|action| action.path.steps.is_empty()).filter_map(|action| match &action.change {
            Change::Set(Sum::One(Source::Value(value))) | Change::Add(value) | Change::Delete(value) => {
                Some((&*action.path.attribute, value))
            }
            Change::Set(_) | Change::Remove => None,
        })
    }

    /// What it makes of an item, or of none; `key` is what an item has that was not there before. Of no item, an update
    /// that only takes things away makes none.
    pub fn apply(&self, old: Option<&Item>, key: &Item) -> Result<Option<Item>, UpdateRefused> {
        let Some(old) = old else {
            let takes = |action: &Action| matches!(action.change, Change::Remove | Change::Delete(_));
            if !self.actions.is_empty() && self.actions.iter().all(takes) {
                return Ok(None);
            }
            let made = self.made_of(&Item::new(), true)?;
            let all = key.iter().chain(made.iter());
            return Ok(Some(all.map(|(name, value)| (name.into(), value.clone())).collect()));
        };
        self.made_of(old, false).map(Some)
    }

    fn made_of(&self, old: &Item, is_new: bool) -> Result<Item, UpdateRefused> {
        let edits = self.edits(old, is_new)?;
        let mut by_attribute: SortedMap<&str, Vec<(&[Step], Edit)>> = SortedMap::new();
        for (path, edit) in edits {
            by_attribute.get_or_default(&path.attribute).push((&path.steps, edit));
        }
        edit_map(old, by_attribute)
    }

    /// What each action leaves at its path, by the item as it was.
    fn edits(&self, old: &Item, is_new: bool) -> Result<Vec<(&Path, Edit)>, UpdateRefused> {
        let edit = |action: &Action| {
            if let Some((last, way)) = action.path.steps.split_last() {
                let parent = find(old, &action.path.attribute, way);
                let fits = match (parent, last) {
                    (Some(Value::M(_)), Step::Field(_)) | (Some(Value::L(_)), Step::Index(_)) => true,
                    (Some(_), _) => false,
                    // Where there is no item, there is nothing to be taken away from.
                    (None, _) if is_new && matches!(action.change, Change::Remove | Change::Delete(_)) => {
                        return Ok(Edit::Keep);
                    }
                    (None, _) => false,
                };
                if !fits {
                    return Err(UpdateRefused::PathInvalid);
                }
            }
            let there = action.path.find(old);
            match &action.change {
                Change::Set(sum) => sum.value(old).map(Edit::Put),
                Change::Remove => Ok(Edit::Take),
                Change::Add(more) => add(there, more).map(Edit::Put),
                Change::Delete(fewer) => delete(there, fewer),
            }
        };
        self.actions.iter().map(|action| Ok((&action.path, edit(action)?))).collect()
    }
}

fn find<'a>(item: &'a Item, attribute: &str, steps: &[Step]) -> Option<&'a Value> {
    Path { attribute: attribute.into(), steps: steps.to_vec() }.find(item)
}

impl Sum {
    fn value(&self, old: &Item) -> Result<Value, UpdateRefused> {
        let calculate = |a: &Source, b: &Source, how: fn(Number, Number) -> Result<Number, NumberError>| {
            let number = |source: &Source| source.value(old)?.as_number().ok_or(UpdateRefused::WrongType);
            how(number(a)?, number(b)?).map(Value::N).map_err(UpdateRefused::Number)
        };
        match self {
            Self::One(source) => source.value(old),
            Self::Plus(a, b) => calculate(a, b, arithmetic::add),
            Self::Minus(a, b) => calculate(a, b, arithmetic::subtract),
        }
    }
}

impl Source {
    fn value(&self, old: &Item) -> Result<Value, UpdateRefused> {
        match self {
            Self::Path(path) => path.find(old).cloned().ok_or(UpdateRefused::AttributeMissing),
            Self::Value(value) => Ok(value.clone()),
            Self::IfNotExists(path, otherwise) => match path.find(old) {
                Some(value) => Ok(value.clone()),
                None => otherwise.value(old),
            },
            Self::ListAppend(front, back) => match (front.value(old)?, back.value(old)?) {
                (Value::L(mut list), Value::L(more)) => {
                    list.extend(more);
                    Ok(Value::L(list))
                }
                _ => Err(UpdateRefused::WrongType),
            },
        }
    }
}

/// What is there when more is added; nothing counts as zero and as an empty set.
fn add(there: Option<&Value>, more: &Value) -> Result<Value, UpdateRefused> {
    let Some(there) = there else { return Ok(more.clone()) };
    match (there, more) {
        (Value::N(a), Value::N(b)) => arithmetic::add(*a, *b).map(Value::N).map_err(UpdateRefused::Number),
        (Value::Ss(a), Value::Ss(b)) => Ok(Value::Ss(union(a, b))),
        (Value::Ns(a), Value::Ns(b)) => Ok(Value::Ns(union(a, b))),
        (Value::Bs(a), Value::Bs(b)) => Ok(Value::Bs(union(a, b))),
        _ => Err(UpdateRefused::WrongType),
    }
}

/// What is there when members of a set are taken away; no set is empty.
fn delete(there: Option<&Value>, fewer: &Value) -> Result<Edit, UpdateRefused> {
    fn rest<T: Ord + Clone>(a: &[T], b: &[T], set: fn(Vec<T>) -> Value) -> Edit {
        let left: Vec<T> = a.iter().filter(|member| !b.contains(member)).cloned().collect();
        if left.is_empty() { Edit::Take } else { Edit::Put(set(left)) }
    }
    match (there, fewer) {
        (None, _) => Ok(Edit::Keep),
        (Some(Value::Ss(a)), Value::Ss(b)) => Ok(rest(a, b, Value::Ss)),
        (Some(Value::Ns(a)), Value::Ns(b)) => Ok(rest(a, b, Value::Ns)),
        (Some(Value::Bs(a)), Value::Bs(b)) => Ok(rest(a, b, Value::Bs)),
        (Some(_), _) => Err(UpdateRefused::WrongType),
    }
}

/// Both sets' members, sorted as sets are.
fn union<T: Ord + Clone>(a: &[T], b: &[T]) -> Vec<T> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// A map with what is at some of its members from now on.
fn edit_map(old: &Item, mut edits: SortedMap<&str, Vec<(&[Step], Edit)>>) -> Result<Item, UpdateRefused> {
    let mut members = Vec::with_capacity(old.len() + edits.len());
    for (name, value) in old.iter() {
        let value = match edits.remove(name) {
            Some(edits) => edit(Some(value), edits)?,
            None => Some(value.clone()),
        };
        members.extend(value.map(|value| (name.into(), value)));
    }
    for (name, edits) in edits {
        members.extend(edit(None, edits)?.map(|value| (name.into(), value)));
    }
    Ok(members.into_iter().collect())
}

/// A list with what is at some of its places from now on. What is put behind its end follows in order.
fn edit_list(old: &[Value], mut edits: SortedMap<usize, Vec<(&[Step], Edit)>>) -> Result<Vec<Value>, UpdateRefused> {
    let mut elements = Vec::with_capacity(old.len() + edits.len());
    for (at, value) in old.iter().enumerate() {
        elements.extend(match edits.remove(&at) {
            Some(edits) => edit(Some(value), edits)?,
            None => Some(value.clone()),
        });
    }
    for edits in edits.into_values() {
        elements.extend(edit(None, edits)?);
    }
    Ok(elements)
}

/// What is left of a value, or made of none, when its parts are changed.
fn edit(old: Option<&Value>, mut edits: Vec<(&[Step], Edit)>) -> Result<Option<Value>, UpdateRefused> {
    if let Some(at) = edits.iter().position(|(steps, _)| steps.is_empty()) {
        return Ok(match edits.swap_remove(at).1 {
            Edit::Put(value) => Some(value),
            Edit::Take => None,
            Edit::Keep => old.cloned(),
        });
    }
    let Some(old) = old else { return Ok(None) };
    let mut fields: SortedMap<&str, Vec<(&[Step], Edit)>> = SortedMap::new();
    let mut places: SortedMap<usize, Vec<(&[Step], Edit)>> = SortedMap::new();
    for (steps, edit) in edits {
        match steps.split_first() {
            Some((Step::Field(name), rest)) => fields.get_or_default(name).push((rest, edit)),
            Some((Step::Index(at), rest)) => places.get_or_default(*at).push((rest, edit)),
            None => {}
        }
    }
    Ok(Some(match old {
        Value::M(map) => Value::M(edit_map(map, fields)?),
        Value::L(list) => Value::L(edit_list(list, places)?),
        other => other.clone(),
    }))
}

/// Refuses an item in which lists and maps nest deeper than they may.
pub(crate) fn check_depth(item: &Item) -> Result<(), UpdateRefused> {
    fn fits(value: &Value, left: usize) -> bool {
        match (value, left.checked_sub(1)) {
            (Value::M(map), Some(left)) => map.iter().all(|(_, value)| fits(value, left)),
            (Value::L(list), Some(left)) => list.iter().all(|value| fits(value, left)),
            (Value::M(map), None) => map.is_empty(),
            (Value::L(list), None) => list.is_empty(),
            _ => true,
        }
    }
    if item.iter().all(|(_, value)| fits(value, VALUE_DEPTH_MAX)) { Ok(()) } else { Err(UpdateRefused::TooDeep) }
}

#[cfg(test)]
mod tests;
