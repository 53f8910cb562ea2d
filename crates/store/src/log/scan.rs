//! Decides whether the bytes at a place of a segment are the group that belongs there.
//!
//! Start at [`Scan::next`]. A [`Scan`] walks one segment from a known place: the number of the next
//! entry and the checksum of the group before are known, so a group that is whole but in the wrong
//! place is found too.

use super::layout::{GROUP_HEAD, GROUP_MAGIC, GroupHead, LogId};
use crate::disk::{LogFile, read_up_to};
use crate::{Seq, entry};
use std::io;

const WINDOW: usize = 256 * 1024;
/// What a disk loses or keeps, it mostly loses or keeps by blocks of this size.
const BLOCK: usize = 4096;

/// Why there is no group where one should be.
#[derive(Debug)]
pub(crate) enum NoGroup {
    /// The bytes are not the group that belongs there.
    Bad(&'static str),
    Io(io::Error),
}

/// Walks the groups of one segment.
pub(crate) struct Scan<'a> {
    file: &'a dyn LogFile,
    log: LogId,
    /// Bytes from here on are not looked at.
    end: u64,
    at: u64,
    next: Seq,
    /// `None` where the walk begins in the middle and the group before is not known.
    previous_sum: Option<u32>,
    window: Window,
}

/// Bytes of the file around the place where the walk is.
#[derive(Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    start: u64,
}

/// One good group.
pub(crate) struct Group<'a> {
    pub(crate) head: GroupHead,
    pub(crate) payload: &'a [u8],
}

impl<'a> Scan<'a> {
    pub(crate) fn new(
        file: &'a dyn LogFile,
        log: LogId,
        end: u64,
        at: u64,
        next: Seq,
        previous_sum: Option<u32>,
    ) -> Self {
        Self::with_window(file, log, end, at, next, previous_sum, Window::default())
    }

    /// The same, with a window to use again; it must be of the same file.
    pub(crate) fn with_window(
        file: &'a dyn LogFile,
        log: LogId,
        end: u64,
        at: u64,
        next: Seq,
        previous_sum: Option<u32>,
        window: Window,
    ) -> Self {
        Self { file, log, end, at, next, previous_sum, window }
    }

    pub(crate) fn into_window(self) -> Window {
        self.window
    }

    /// Where the next group begins.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// The number that the next entry should have.
    pub(crate) fn next_seq(&self) -> Seq {
        self.next
    }

    /// The checksum of the group before.
    pub(crate) fn previous_sum(&self) -> u32 {
        self.previous_sum.unwrap_or(0)
    }

    /// The next group; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Group<'_>>, NoGroup> {
        if self.at >= self.end {
            return Ok(None);
        }
        let left = self.end - self.at;
        let head_bytes = self.window.get(self.file, self.at, GROUP_HEAD.min(as_usize(left)), self.end)?;
        let Some(head) = GroupHead::decode(self.log, head_bytes) else {
            return Err(NoGroup::Bad(if left < GROUP_HEAD as u64 {
                "the file ends inside the head of a group"
            } else {
                "there is no head of a group, or its checksum does not hold"
            }));
        };
        if head.first != self.next {
            return Err(NoGroup::Bad("the group that begins here is not the one that belongs here"));
        }
        if self.previous_sum.is_some_and(|sum| sum != head.previous_sum) {
            return Err(NoGroup::Bad("the group does not follow from the one before it"));
        }
        if head.group_bytes() > left {
            return Err(NoGroup::Bad("the file ends inside the group"));
        }
        let group = self.window.get(self.file, self.at, as_usize(head.group_bytes()), self.end)?;
        if !head.sum_holds(self.log, group) {
            return Err(NoGroup::Bad("the group's checksum does not hold"));
        }
        let payload = &group[GROUP_HEAD..];
        if !holds_entries(payload, head.entries) {
            return Err(NoGroup::Bad("the group's entries do not parse"));
        }
        self.at += head.group_bytes();
        self.next = head.last().next();
        self.previous_sum = Some(head.sum);
        Ok(Some(Group { head, payload }))
    }
}

impl Window {
    fn get(&mut self, file: &dyn LogFile, at: u64, bytes: usize, end: u64) -> Result<&[u8], NoGroup> {
        let held = self.start..self.start + self.bytes.len() as u64;
        if !(held.contains(&at) && at + bytes as u64 <= held.end) {
            let want = as_usize(end - at).min(bytes.max(WINDOW));
            self.bytes.resize(want, 0);
            self.start = at;
            let read = read_up_to(file, &mut self.bytes, at).map_err(NoGroup::Io)?;
            self.bytes.truncate(read);
            if read < bytes {
                return Err(NoGroup::Bad("the file is shorter than it was"));
            }
        }
        let from = as_usize(at - self.start);
        Ok(&self.bytes[from..from + bytes])
    }
}

/// Looks for a whole group anywhere in `at..end` whose entries are numbered `from` or later.
pub(crate) fn find_later_group(
    file: &dyn LogFile,
    log: LogId,
    at: u64,
    end: u64,
    from: Seq,
) -> io::Result<Option<(u64, GroupHead)>> {
    let mut window = Window::default();
    let mut place = at;
    let mut found = |place: u64| match window.get(file, place, GROUP_HEAD, end) {
        Ok(bytes) => match GroupHead::decode(log, bytes) {
            Some(head) if head.first >= from && place + head.group_bytes() <= end => {
                match window.get(file, place, as_usize(head.group_bytes()), end) {
                    Ok(group) if head.sum_holds(log, group) => Ok(Some(head)),
                    Ok(_) | Err(NoGroup::Bad(_)) => Ok(None),
                    Err(NoGroup::Io(error)) => Err(error),
                }
            }
            Some(_) | None => Ok(None),
        },
        Err(NoGroup::Bad(_)) => Ok(None),
        Err(NoGroup::Io(error)) => Err(error),
    };
    let (mut chunk, zeros) = (vec![0; WINDOW], vec![0; WINDOW]);
    while place + GROUP_HEAD as u64 <= end {
        let want = as_usize(end - place).min(chunk.len());
        let read = read_up_to(file, &mut chunk[..want], place)?;
        if read < GROUP_MAGIC.len() {
            break;
        }
        if chunk[..read] == zeros[..read] {
            place += read as u64;
            continue;
        }
        for (start, _) in
            chunk[..read].windows(GROUP_MAGIC.len()).enumerate().filter(|(_, bytes)| **bytes == GROUP_MAGIC)
        {
            let offset = place + start as u64;
            if offset + GROUP_HEAD as u64 <= end
                && let Some(head) = found(offset)?
            {
                return Ok(Some((offset, head)));
            }
        }
        place += (read - (GROUP_MAGIC.len() - 1)) as u64;
    }
    Ok(None)
}

/// Where the last block (of 4 KiB) of `at..end` that holds anything but zeros ends; `at` if none does.
pub(crate) fn end_without_zeros(file: &dyn LogFile, at: u64, end: u64) -> io::Result<u64> {
    let (mut chunk, zeros) = (vec![0; BLOCK], vec![0; BLOCK]);
    let (mut place, mut found) = (at, at);
    while place < end {
        let block_end = (place + 1).next_multiple_of(BLOCK as u64).min(end);
        let read = read_up_to(file, &mut chunk[..as_usize(block_end - place)], place)?;
        if chunk[..read] != zeros[..read] {
            found = block_end;
        }
        place = block_end;
    }
    Ok(found)
}

fn holds_entries(mut payload: &[u8], entries: u32) -> bool {
    for _ in 0..entries {
        match entry::measure(payload) {
            Some(bytes) => payload = &payload[bytes..],
            None => return false,
        }
    }
    payload.is_empty()
}

fn as_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
