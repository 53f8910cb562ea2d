//! Decides whether a sealed segment is, byte for byte, what was written.

use super::layout::{LogId, SegmentHead};
use super::scan::NoGroup;
use super::segments::Segment;
use crate::{Damage, Seq};
use std::io;

/// What was found out about a segment.
#[derive(Debug)]
pub(crate) enum NotVerified {
    Damaged(Damage),
    Io(io::Error),
}

/// Reads every group of `segment` and checks that `following`, the next one's head, continues it.
/// Calls `on_group` with the bytes of each group; it ends the walk by answering false.
pub(crate) fn verify_segment(
    segment: &Segment,
    log: LogId,
    following: Option<&SegmentHead>,
    mut on_group: impl FnMut(u64) -> bool,
) -> Result<Seq, NotVerified> {
    let mut scan = segment.scan(log);
    loop {
        let offset = scan.offset();
        match scan.next() {
            Ok(Some(group)) => {
                if !on_group(group.head.group_bytes()) {
                    return Ok(group.head.last());
                }
            }
            Ok(None) => break,
            Err(NoGroup::Bad(what)) => return Err(NotVerified::Damaged(segment.damage(offset, what))),
            Err(NoGroup::Io(error)) => return Err(NotVerified::Io(error)),
        }
    }
    if let Some(following) = following
        && (following.first != scan.next_seq() || following.previous_sum != scan.previous_sum())
    {
        let what = format!(
            "it ends before entry {}, but the next segment begins at entry {}: what is between is missing",
            scan.next_seq(),
            following.first
        );
        return Err(NotVerified::Damaged(segment.damage(scan.offset(), what)));
    }
    Ok(scan.next_seq().before())
}
