//! Decides how items are read and written: look, let the table decide, hand in what was decided under the condition
//! that nothing has changed since the look, and look again when it has.
//!
//! Several writes, of several tables, are one command: all of them or none; those of one item follow on one another, and
//! each is a change of its own. An answer waits until everything that it
//! tells of is durable; that goes for refusals too, because what they saw might otherwise never have been.

use crate::clock;
use crate::codec::{self, State, StateAt};
use crate::commit::{Carry, Commits, WriteRefused};
use crate::indexes::{self, Indexes};
use crate::layout::{self, ITEMS, STATE, kind};
use crate::queues::After;
use crate::trace;
use std::sync::{Arc, Mutex};
use store::{Check, Class, EntryBuilder, Seen};
use table::{Condition, Outcome, Table};
use types::{Change, Item, Key, SequenceNumber, Timestamp};

/// How often a command looks again before it gives up. Each time somebody else's command has gone through.
const LOOKS_MAX: usize = 1_000;

/// One write of a command.
#[derive(Debug, Clone)]
pub struct TableWrite {
    /// The table.
    pub table: std::sync::Arc<Table>,
    /// What to write.
    pub write: table::Write,
    /// Under which condition.
    pub condition: Condition,
    /// Whether the item before is wanted in the answer.
    pub return_old: bool,
}

/// What one write did.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The item before, if there was one and it was asked for.
    pub old: Option<Item>,
    /// The place of the change; `None` if nothing changed.
    pub sequence: Option<SequenceNumber>,
}

/// Why a command was not carried out. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommandRefused {
    /// A table refuses one of the writes.
    #[error("write {index}: {refused}")]
    Table {
        /// Which write.
        index: usize,
        /// Why.
        refused: table::Refused,
    },
    /// Two writes of one command are for the same item, which its client may not want.
    #[error("two writes of one command are for the same item")]
    SameItem,
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// What lies under a key, for deciding.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) old: Option<Item>,
    pub(crate) previous: SequenceNumber,
    pub(crate) seen: Seen,
}

/// An item in its newest state, which may not be durable yet. A command that goes out from it need not look again.
#[derive(Debug, Clone)]
pub struct Looked {
    bytes: Vec<u8>,
    look: Look,
}

impl Looked {
    /// The item, if there was one.
    pub fn item(&self) -> Option<&Item> {
        self.look.old.as_ref()
    }
}

pub(crate) fn look(commits: &Commits, bytes: &[u8]) -> Result<Look, WriteRefused> {
    let read = commits.store.read(ITEMS, bytes)?;
    let (old, previous) = match read.value {
        None => (None, SequenceNumber::ZERO),
        Some((seq, value)) => match codec::read_state(&value)? {
            State::Item(item) => (Some(item), layout::sequence(seq)),
            State::Removed => (None, layout::sequence(seq)),
        },
    };
    Ok(Look { old, previous, seen: read.seen })
}

/// Whether a command may write an item several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SameItem {
    /// It may: each write starts from what the one before it left, and is a change of its own.
    Follows,
    /// It may not.
    IsRefused,
}

/// An item's key, and which earlier write of the command is for the same one.
struct Place {
    key: Key,
    bytes: Vec<u8>,
    follows: Option<usize>,
}

/// A write that changes something.
struct Changed {
    write: usize,
    /// Whether a later one changes the same item again.
    is_followed: bool,
}

/// What a write leaves under its key.
struct Left {
    item: Option<Item>,
    /// The newest change of the key.
    newest: Newest,
}

/// The newest change of a key, as a command that is being decided sees it.
#[derive(Clone, Copy)]
enum Newest {
    /// One that was there.
    Kept(SequenceNumber),
    /// One of the same commit, by its entry.
    Entry(usize),
}

/// What was decided, ready to be handed in.
#[derive(Default)]
struct Decided {
    entries: Vec<EntryBuilder>,
    checks: Vec<Check>,
    carried: crate::commit::Carried,
    written: Vec<Written>,
    seen: Vec<Seen>,
}

/// What is committed together with writes of tables.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) entries: Vec<EntryBuilder>,
    /// Told when all of it is durable; dropped if it is refused.
    pub(crate) after: After,
    /// Items that were looked at before. What was written since is noticed as if it were written during the command.
    pub(crate) looked: Vec<Looked>,
}

/// Carries out a command, together with what stands beside it: all of it or nothing.
pub(crate) async fn write(
    commits: &Commits,
    indexes: &Indexes,
    mut command: Vec<TableWrite>,
    same_item: SameItem,
    beside: Beside,
    class: Class,
) -> Result<Vec<Written>, CommandRefused> {
    let after = Arc::new(Mutex::new(beside.after));
    let mut looked = beside.looked;
    indexes.enter(&mut command);
    let places = places_of(&command)?;
    if same_item == SameItem::IsRefused && places.iter().any(|place| place.follows.is_some()) {
        return Err(CommandRefused::SameItem);
    }
    for _ in 0..LOOKS_MAX {
        let known = std::mem::take(&mut looked);
        let decided = match decide(commits, &command, &places, &known) {
            Ok(decided) => decided,
            // It is refused for what is now, not for what was seen earlier.
            Err(_) if !known.is_empty() => continue,
            Err((refused, seen)) => match all_durable(commits, seen).await {
                Ok(()) => return Err(refused),
                Err(WriteRefused::Contended) => continue,
                Err(lost) => return Err(lost.into()),
            },
        };
        let Decided { mut entries, checks, mut carried, mut written, seen } = decided;
        if same_item == SameItem::Follows {
            mark_together(&mut carried);
        }
        // Behind the changes, whose places are counted from the first entry.
        entries.extend_from_slice(&beside.entries);
        if entries.is_empty() {
            if !known.is_empty() {
                // Nothing is written that would be checked, so the answer tells of what is now.
                continue;
            }
            match all_durable(commits, seen).await {
                Ok(()) => return Ok(written),
                Err(WriteRefused::Contended) => continue,
                Err(lost) => return Err(lost.into()),
            }
        }
        match commits.try_commit(entries, checks, carried, class, &after).await {
            Ok(committed) => {
                // Each change is an entry, in order; its place is the commit's first and its index.
                let places = (committed.first.0..).map(SequenceNumber::new);
                let changed = written.iter_mut().filter(|one| one.sequence.is_some());
                changed.zip(places).for_each(|(one, place)| one.sequence = Some(place));
                return Ok(written);
            }
            // Somebody was faster, and their change may still be in flight: look again.
            Err(WriteRefused::Contended) => tokio::task::yield_now().await,
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(WriteRefused::Contended.into())
}

/// Says which changes stand or fall with one of another item. Of an item that is changed several times, that is the
/// last: the others could as well come before the command.
fn mark_together(carried: &mut [Carry]) {
    let followed: Vec<usize> = carried.iter().filter_map(|carry| Some(carry.entry - carry.follows?)).collect();
    if carried.len() - followed.len() > 1 {
        carried.iter_mut().for_each(|carry| carry.together = !followed.contains(&carry.entry));
    }
}

/// The keys of a command; what can be refused without looking is refused here.
fn places_of(command: &[TableWrite]) -> Result<Vec<Place>, CommandRefused> {
    let mut places: Vec<Place> = Vec::with_capacity(command.len());
    for (index, one) in command.iter().enumerate() {
        let key = one.table.check(&one.write).map_err(|refused| CommandRefused::Table { index, refused })?;
        let bytes = layout::item(one.table.id, &key);
        let follows = places.iter().rposition(|place| place.bytes == bytes);
        places.push(Place { key, bytes, follows });
    }
    Ok(places)
}

/// Waits until everything that was seen is durable.
async fn all_durable(commits: &Commits, seen: Vec<Seen>) -> Result<(), WriteRefused> {
    for one in seen {
        commits.durable(one).await?;
    }
    Ok(())
}

type Undecided = (CommandRefused, Vec<Seen>);

/// `known` is what is not looked at again.
fn decide(commits: &Commits, command: &[TableWrite], places: &[Place], known: &[Looked]) -> Result<Decided, Undecided> {
    let mut decided = Decided::default();
    let mut left: Vec<Left> = Vec::with_capacity(command.len());
    let mut changed: Vec<Changed> = Vec::with_capacity(command.len());
    for (index, (one, place)) in command.iter().zip(places).enumerate() {
        let (old, newest) = match place.follows {
            Some(earlier) => (left[earlier].item.clone(), left[earlier].newest),
            None => {
                let Look { old, previous, seen } = match known.iter().find(|known| known.bytes == place.bytes) {
                    Some(known) => known.look.clone(),
                    None => look(commits, &place.bytes).map_err(|error| (error.into(), Vec::new()))?,
                };
                decided.seen.push(seen);
                // Unchanged items are checked as well: the command as a whole holds at one moment.
                decided.checks.push(Check::new(ITEMS, &place.bytes, seen));
                (old, Newest::Kept(previous))
            }
        };
        let decision = one
            .table
            .decide_checked(place.key.clone(), one.write.clone(), &one.condition, old)
            .map_err(|refused| (CommandRefused::Table { index, refused }, decided.seen.clone()))?;
        match decision.outcome {
            Outcome::Unchanged { old } => {
                left.push(Left { item: old.clone(), newest });
                decided.written.push(Written { old: old.filter(|_| one.return_old), sequence: None });
            }
            Outcome::Changed { kind, keys, old, new, spread } => {
                let at = changed.len();
                left.push(Left { item: new.clone(), newest: Newest::Entry(at) });
                let (previous, follows) = match newest {
                    Newest::Kept(previous) => (previous, None),
                    Newest::Entry(earlier) => {
                        changed[earlier].is_followed = true;
                        (SequenceNumber::ZERO, Some(at - earlier))
                    }
                };
                changed.push(Changed { write: index, is_followed: false });
                let change = change(&one.table, previous, kind, keys, old, new, spread);
                let old = if one.return_old { change.old.clone() } else { None };
                decided.written.push(Written { old, sequence: Some(SequenceNumber::ZERO) });
                decided.carried.push(Carry { entry: at, follows, together: false, change });
            }
        }
    }
    let entry = |(changed, carry): (&Changed, &Carry)| {
        let item = ItemAt { bytes: &places[changed.write].bytes, is_followed: changed.is_followed };
        change_entry(&command[changed.write].table, &carry.change, carry.follows, item)
    };
    decided.entries = changed.iter().zip(&decided.carried).map(entry).collect();
    Ok(decided)
}

/// A change that a client made; its place and instant come with the commit.
pub(crate) fn change(
    table: &Table,
    previous: SequenceNumber,
    kind: types::ChangeKind,
    keys: Item,
    old: Option<Item>,
    new: Option<Item>,
    spread: u64,
) -> Change {
    let (sequence, at) = (SequenceNumber::ZERO, Timestamp::EPOCH);
    // Only what does not say by itself to which trace it belongs.
    let says_so = || new.as_ref().or(old.as_ref()).is_some_and(|item| trace::written_by(item).is_some());
    let trace = trace::current().filter(|_| !says_so()).map(|current| current.context);
    Change { sequence, previous, at, table: table.id, kind, keys, old, new, spread, by_service: false, trace }
}

/// Where a change's item is kept.
pub(crate) struct ItemAt<'a> {
    /// Under which key.
    pub(crate) bytes: &'a [u8],
    /// Whether the same commit changes it again, so that nobody ever finds what this change leaves.
    pub(crate) is_followed: bool,
}

/// The entry of a change: its record, whose tail is what the index keeps under the item's key, and what it means for
/// the table's secondary indexes. `follows` says how many entries before it the same item was changed, if the same
/// commit did that.
pub(crate) fn change_entry(table: &Table, change: &Change, follows: Option<usize>, item: ItemAt<'_>) -> EntryBuilder {
    let mut state = 0..0;
    let entry = EntryBuilder::with_record(kind::CHANGE, 2048, |out| {
        let start = out.len();
        let StateAt(at) = codec::write_change(change, follows, out);
        state = at - start..out.len() - start;
    });
    let entry = if item.is_followed { entry } else { entry.put_range(ITEMS, item.bytes, state) };
    let entry = indexes::keep(entry, table, change.old.as_ref(), change.new.as_ref(), item.bytes);
    match change.new {
        None if !item.is_followed => entry.put(STATE, &layout::grave(clock::now().millis(), item.bytes), &[]),
        Some(_) | None => entry,
    }
}

/// The item under a key in its newest state, which may not be durable yet: for those who tell of it by a commit only.
pub(crate) fn peek(commits: &Commits, table: &Table, key: &Key) -> Result<Looked, WriteRefused> {
    let bytes = layout::item(table.id, key);
    let look = look(commits, &bytes)?;
    Ok(Looked { bytes, look })
}

/// The item under a key, as it is durably.
pub(crate) fn get(commits: &Commits, table: &Table, key: &Key) -> Result<Option<Item>, WriteRefused> {
    Ok(match newest(commits, table, key)? {
        Some((_, State::Item(item))) => Some(item),
        Some((_, State::Removed)) | None => None,
    })
}

/// The place of the newest change of a key, and what it left.
pub(crate) fn newest(
    commits: &Commits,
    table: &Table,
    key: &Key,
) -> Result<Option<(SequenceNumber, State)>, WriteRefused> {
    let Some((seq, value)) = commits.store.get(ITEMS, &layout::item(table.id, key))? else { return Ok(None) };
    Ok(Some((layout::sequence(seq), codec::read_state(&value)?)))
}
