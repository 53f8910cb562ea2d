//! Decides which groups of a queue that keeps order have a message that can be received.
//!
//! A group is closed while a message before its first waiting one is in flight, or while that one cannot be seen; the
//! others stand in `open`, by their [`Turn`], so that a receive never looks at a closed one. So what comes after a message
//! in flight waits for it, and what comes before it does not.
//!
//! Invariant: a group is there while it has a message, and forgotten with its last one.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// A group, while it has messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupNumber(u32);

impl GroupNumber {
    /// Of messages in queues that keep no order.
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn is_some(self) -> bool {
        self != Self::NONE
    }

    fn at(self) -> usize {
        self.0 as usize
    }
}

/// When a group is received from: the lowest first. It is its first message's number, or the last number of the
/// millisecond in which that was received last; the message's number makes no two alike.
pub(super) type Turn = (u64, u64);

#[derive(Debug, Default)]
pub(super) struct Groups {
    numbers: HashMap<Arc<str>, GroupNumber>,
    groups: Vec<Option<Group>>,
    free: Vec<GroupNumber>,
    /// Groups that can be received from.
    open: BTreeMap<Turn, GroupNumber>,
}

#[derive(Debug)]
struct Group {
    name: Arc<str>,
    /// All of its messages that are not in flight, in order.
    waiting: VecDeque<u64>,
    /// Those that are, in order: one receive may take out thousands of a group.
    in_flight: BTreeSet<u64>,
    /// Under which turn it stands among the open ones.
    open_as: Option<Turn>,
}

impl Groups {
    /// The number of a group, which is made if it is new.
    pub(super) fn join(&mut self, name: &str) -> GroupNumber {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let name: Arc<str> = name.into();
        let number = self.free.pop().unwrap_or_else(|| {
            self.groups.push(None);
            GroupNumber(u32::try_from(self.groups.len() - 1).expect("fewer than 2^32 groups fit into memory"))
        });
        let group =
            Group { name: Arc::clone(&name), waiting: VecDeque::new(), in_flight: BTreeSet::new(), open_as: None };
        self.groups[number.at()] = Some(group);
        self.numbers.insert(name, number);
        number
    }

    /// What a group is called.
    pub(super) fn name(&self, number: GroupNumber) -> Option<&str> {
        self.groups.get(number.at())?.as_ref().map(|group| &*group.name)
    }

    fn group(&mut self, number: GroupNumber) -> &mut Group {
        self.groups[number.at()].as_mut().expect("a group lives as long as its messages")
    }

    /// The open group whose turn it is.
    pub(super) fn first(&self) -> Option<GroupNumber> {
        self.open.first_key_value().map(|(_, number)| *number)
    }

    /// Whether any group is open.
    pub(super) fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// The first message of a group that is not in flight, if none before it is.
    pub(super) fn next(&self, number: GroupNumber) -> Option<u64> {
        let group = self.groups[number.at()].as_ref()?;
        let first = group.waiting.front().copied()?;
        group.in_flight.first().is_none_or(|flying| first < *flying).then_some(first)
    }

    /// A message joins, or is seen again, and takes its place: near one of the ends, as a rule.
    pub(super) fn insert(&mut self, number: GroupNumber, id: u64) {
        let waiting = &mut self.group(number).waiting;
        match waiting.back() {
            Some(last) if *last > id => {
                let at = waiting.partition_point(|other| *other < id);
                waiting.insert(at, id);
            }
            Some(_) | None => waiting.push_back(id),
        }
    }

    /// A message no longer waits; nothing happens if it did not.
    pub(super) fn remove(&mut self, number: GroupNumber, id: u64) {
        let waiting = &mut self.group(number).waiting;
        if waiting.front() == Some(&id) {
            waiting.pop_front();
        } else if let Ok(at) = waiting.binary_search(&id) {
            waiting.remove(at);
        }
    }

    /// One more is in flight.
    pub(super) fn fly(&mut self, number: GroupNumber, id: u64) {
        self.group(number).in_flight.insert(id);
    }

    /// One less is.
    pub(super) fn land(&mut self, number: GroupNumber, id: u64) {
        let flew = self.group(number).in_flight.remove(&id);
        assert!(flew, "what lands was in flight");
    }

    /// Takes a group off the open ones.
    pub(super) fn close(&mut self, number: GroupNumber) {
        if let Some(turn) = self.group(number).open_as.take() {
            self.open.remove(&turn);
        }
    }

    /// Opens or closes a group, or forgets it if nothing of it is left; `wanted` is its turn, if its next message can be
    /// seen.
    pub(super) fn refresh(&mut self, number: GroupNumber, wanted: Option<Turn>) {
        let Some(group) = &mut self.groups[number.at()] else { return };
        if group.open_as != wanted {
            if let Some(turn) = std::mem::replace(&mut group.open_as, wanted) {
                self.open.remove(&turn);
            }
            if let Some(turn) = wanted {
                self.open.insert(turn, number);
            }
        }
        if group.waiting.is_empty() && group.in_flight.is_empty() {
            let group = self.groups[number.at()].take().expect("just looked at");
            self.numbers.remove(&group.name);
            self.free.push(number);
        } else if group.waiting.capacity() > 64 && group.waiting.len() < group.waiting.capacity() / 4 {
            // A group that was long once does not keep the room for it.
            group.waiting.shrink_to(group.waiting.len() * 2);
        }
    }
}
