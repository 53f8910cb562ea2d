//! Decides the bytes of a segment's and a group's head. FORMAT.md is the same in words.
//!
//! Every checksum begins with the log's id, a random number drawn when the directory was made: bytes
//! that a client stored can therefore never pass for a group, nor a group of another log.

use crate::Seq;

/// The version of everything in the data directory.
pub(crate) const VERSION: u32 = 1;

pub(crate) const SEGMENT_HEAD: usize = 64;
const SEGMENT_MAGIC: [u8; 8] = *b"of-seg\r\n";

pub(crate) const GROUP_HEAD: usize = 52;
pub(crate) const GROUP_MAGIC: [u8; 8] = *b"of-grp\r\n";
/// No group is larger; a head that says so is damaged.
pub(crate) const GROUP_PAYLOAD_MAX: usize = 64 * 1024 * 1024;

/// Drawn once per data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogId(pub(crate) u64);

impl LogId {
    pub(crate) fn checksum(self, parts: &[&[u8]]) -> u32 {
        let seed = crc32c::crc32c(&self.0.to_le_bytes());
        parts.iter().fold(seed, |sum, part| crc32c::crc32c_append(sum, part))
    }
}

/// The head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub(crate) first: Seq,
    pub(crate) created_ms: u64,
    /// How long the segment before is, so that a cut one is noticed; 0 for the first ever.
    pub(crate) previous_bytes: u64,
    /// The checksum of the last group before this segment; 0 if there is none.
    pub(crate) previous_sum: u32,
}

/// Why a segment's head is not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadSegmentHead {
    Newer(u32),
    Damaged(&'static str),
}

impl SegmentHead {
    pub(crate) fn encode(&self, log: LogId) -> [u8; SEGMENT_HEAD] {
        let mut bytes = [0; SEGMENT_HEAD];
        bytes[0..8].copy_from_slice(&SEGMENT_MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.created_ms.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.previous_bytes.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.previous_sum.to_le_bytes());
        let sum = log.checksum(&[&bytes[..60]]);
        bytes[60..64].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(log: LogId, bytes: &[u8]) -> Result<Self, BadSegmentHead> {
        if bytes.len() < SEGMENT_HEAD {
            return Err(BadSegmentHead::Damaged("the file ends inside its head"));
        }
        if bytes[0..8] != SEGMENT_MAGIC {
            return Err(BadSegmentHead::Damaged("it does not begin as a segment of a log"));
        }
        let sum_holds = log.checksum(&[&bytes[..60]]) == u32_at(bytes, 60);
        let version = u32_at(bytes, 8);
        if version > VERSION && sum_holds {
            return Err(BadSegmentHead::Newer(version));
        }
        if !sum_holds || version != VERSION {
            return Err(BadSegmentHead::Damaged("its head's checksum does not hold"));
        }
        Ok(Self {
            first: Seq(u64_at(bytes, 16)),
            created_ms: u64_at(bytes, 24),
            previous_bytes: u64_at(bytes, 32),
            previous_sum: u32_at(bytes, 40),
        })
    }
}

/// The head of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupHead {
    pub(crate) payload_bytes: u32,
    pub(crate) entries: u32,
    pub(crate) first: Seq,
    /// Everything up to here was durable when this group was written.
    pub(crate) durable: Seq,
    pub(crate) time_ms: u64,
    /// The checksum of the group before.
    pub(crate) previous_sum: u32,
    /// The checksum of this group.
    pub(crate) sum: u32,
}

impl GroupHead {
    pub(crate) fn last(&self) -> Seq {
        Seq(self.first.0 + u64::from(self.entries) - 1)
    }

    /// Writes the head, with its checksums, over the first bytes of `group`, whose payload is there.
    pub(crate) fn seal(mut self, log: LogId, group: &mut [u8]) -> Self {
        let (head, payload) = group.split_at_mut(GROUP_HEAD);
        head[0..8].copy_from_slice(&GROUP_MAGIC);
        head[8..12].copy_from_slice(&self.payload_bytes.to_le_bytes());
        head[12..16].copy_from_slice(&self.entries.to_le_bytes());
        head[16..24].copy_from_slice(&self.first.0.to_le_bytes());
        head[24..32].copy_from_slice(&self.durable.0.to_le_bytes());
        head[32..40].copy_from_slice(&self.time_ms.to_le_bytes());
        head[40..44].copy_from_slice(&self.previous_sum.to_le_bytes());
        let head_sum = log.checksum(&[&head[..44]]);
        head[44..48].copy_from_slice(&head_sum.to_le_bytes());
        self.sum = log.checksum(&[&head[..48], payload]);
        head[48..52].copy_from_slice(&self.sum.to_le_bytes());
        self
    }

    /// The head at the start of `bytes`, if its own checksum holds and it makes sense.
    pub(crate) fn decode(log: LogId, bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..GROUP_HEAD)?;
        if bytes[0..8] != GROUP_MAGIC || log.checksum(&[&bytes[..44]]) != u32_at(bytes, 44) {
            return None;
        }
        let head = Self {
            payload_bytes: u32_at(bytes, 8),
            entries: u32_at(bytes, 12),
            first: Seq(u64_at(bytes, 16)),
            durable: Seq(u64_at(bytes, 24)),
            time_ms: u64_at(bytes, 32),
            previous_sum: u32_at(bytes, 40),
            sum: u32_at(bytes, 48),
        };
        let plausible =
            head.entries > 0 && head.first > head.durable && head.payload_bytes as usize <= GROUP_PAYLOAD_MAX;
        plausible.then_some(head)
    }

    /// True if `group`, head and payload, is what was written.
    pub(crate) fn sum_holds(&self, log: LogId, group: &[u8]) -> bool {
        log.checksum(&[&group[..48], &group[GROUP_HEAD..]]) == self.sum
    }

    pub(crate) fn group_bytes(&self) -> u64 {
        GROUP_HEAD as u64 + u64::from(self.payload_bytes)
    }
}

pub(crate) fn segment_name(first: Seq) -> String {
    format!("{:020}.log", first.0)
}

pub(crate) fn parse_segment_name(name: &str) -> Option<Seq> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok().map(Seq))?
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
