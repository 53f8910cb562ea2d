//! Decides the bytes of a segment: a head, batches, and a seal once nothing more is appended.
//!
//! All numbers are little-endian. A segment begins with [`HEAD`]. A batch is `MARK`, the body's length, the CRC-32C of
//! length and body (four bytes each), and the body. A body begins with its kind. Lines: when they were taken in, their
//! earliest and latest time (eight bytes each), their count (four), the stream's length (two) and name, and for each
//! line its time (eight), length (four) and text. A seal is a batch of its own kind, [`super::segment`] says of what,
//! and after it [`TRAILER_LENGTH`] bytes: the seal's whole length, its mark, and their CRC-32C.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::str::from_utf8;

/// What every segment begins with; the digit is the version of this format.
pub(super) const HEAD: &[u8; 8] = b"OFLINES1";
/// What a segment of any version begins with.
pub(super) const HEAD_OF_ALL_VERSIONS: &[u8] = b"OFLINES";
/// The most bytes that one line may have.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes that one append may have, so that offsets fit in 32 bits with room to spare.
const APPEND_MAX: usize = 64 * 1024 * 1024;
/// A batch is closed when its body has this size, so that reading one takes a bounded amount of memory.
const BODY_TARGET: usize = 256 * 1024;
/// No body is larger: one just short of the target, one line more, and a stream's name.
const BODY_MAX: usize = BODY_TARGET + MESSAGE_BYTES_MAX + 128 * 1024;

const MARK: &[u8; 4] = b"OLNB";
const MARK_LENGTH: usize = 12;
const SEAL_MARK: &[u8; 8] = b"OLNSEAL1";
/// The bytes after a seal.
pub(super) const TRAILER_LENGTH: usize = 16;

const KIND_LINES: u8 = 1;
const KIND_SEAL: u8 = 2;

/// Lines as they are written, and what is true of all of them.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) oldest_ms: i64,
    pub(super) newest_ms: i64,
}

/// Encodes lines as one or more batches.
pub(super) fn encode<M: AsRef<str>>(stream: &str, lines: &[(i64, M)], ingested_ms: i64) -> io::Result<Encoded> {
    let refuse = |problem: String| io::Error::new(io::ErrorKind::InvalidInput, problem);
    let stream_length = u16::try_from(stream.len());
    let stream_length = stream_length
        .map_err(|_| refuse(format!("a stream's name has {} bytes, at most 65535 are kept", stream.len())))?;
    let mut encoded = Encoded { bytes: Vec::new(), oldest_ms: i64::MAX, newest_ms: i64::MIN };
    let mut rest = lines;
    while !rest.is_empty() {
        let mut size = 0;
        let mut count = 0u32;
        let (mut oldest, mut newest) = (i64::MAX, i64::MIN);
        for (time, message) in rest {
            let length = message.as_ref().len();
            if length > MESSAGE_BYTES_MAX {
                return Err(refuse(format!("a line has {length} bytes, at most {MESSAGE_BYTES_MAX} are kept")));
            }
            size += length + 12;
            count += 1;
            (oldest, newest) = (oldest.min(*time), newest.max(*time));
            if size >= BODY_TARGET {
                break;
            }
        }
        let (now, later) = rest.split_at(count as usize);
        rest = later;
        let mut body = Vec::with_capacity(size + stream.len() + 31);
        body.push(KIND_LINES);
        body.extend(ingested_ms.to_le_bytes());
        body.extend(oldest.to_le_bytes());
        body.extend(newest.to_le_bytes());
        body.extend(count.to_le_bytes());
        body.extend(stream_length.to_le_bytes());
        body.extend(stream.as_bytes());
        for (time, message) in now {
            let message = message.as_ref();
            body.extend(time.to_le_bytes());
            body.extend((message.len() as u32).to_le_bytes());
            body.extend(message.as_bytes());
        }
        write_batch(&body, &mut encoded.bytes);
        encoded.oldest_ms = encoded.oldest_ms.min(oldest);
        encoded.newest_ms = encoded.newest_ms.max(newest);
        if encoded.bytes.len() > APPEND_MAX {
            return Err(refuse(format!(
                "the lines of one append have more than {APPEND_MAX} bytes; append fewer at once"
            )));
        }
    }
    Ok(encoded)
}

/// A seal and its trailer.
pub(super) fn encode_seal(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 64);
    write_batch(&[&[KIND_SEAL], content].concat(), &mut bytes);
    let length = (bytes.len() as u32).to_le_bytes();
    let sum = crc32c::crc32c_append(crc32c::crc32c(&length), SEAL_MARK);
    bytes.extend(length);
    bytes.extend(SEAL_MARK);
    bytes.extend(sum.to_le_bytes());
    bytes
}

fn write_batch(body: &[u8], out: &mut Vec<u8>) {
    let length = (body.len() as u32).to_le_bytes();
    let sum = crc32c::crc32c_append(crc32c::crc32c(&length), body);
    out.reserve(MARK_LENGTH + body.len());
    out.extend(MARK);
    out.extend(length);
    out.extend(sum.to_le_bytes());
    out.extend(body);
}

/// The content of a file's seal and where the seal begins; `None` if the file has no sound one.
pub(super) fn read_seal(file: &File, file_length: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let Some(trailer_at) = file_length.checked_sub(TRAILER_LENGTH as u64) else { return Ok(None) };
    let mut trailer = [0; TRAILER_LENGTH];
    file.read_exact_at(&mut trailer, trailer_at)?;
    let sum = crc32c::crc32c(&trailer[..12]).to_le_bytes();
    if trailer[4..12] != *SEAL_MARK || trailer[12..] != sum {
        return Ok(None);
    }
    let length = u64::from(u32_at(&trailer, 0));
    let Some(begin) = trailer_at.checked_sub(length) else { return Ok(None) };
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, begin)?;
    Ok(whole(&bytes, bytes.len()).and_then(|body| body.strip_prefix(&[KIND_SEAL])).map(|body| (begin, body.to_vec())))
}

/// The body of a batch that stands alone in `bytes` and is sound.
fn whole(bytes: &[u8], length_max: usize) -> Option<&[u8]> {
    let length = batch_length(bytes, length_max)?;
    let body = bytes.get(MARK_LENGTH..length)?;
    let sum = crc32c::crc32c_append(crc32c::crc32c(&bytes[4..8]), body);
    (sum == u32_at(bytes, 8)).then_some(body)
}

/// The whole length of a batch by its first bytes; `None` if it does not begin as one, or cannot be so long.
fn batch_length(first: &[u8], length_max: usize) -> Option<usize> {
    if first.len() < MARK_LENGTH || !first.starts_with(MARK) {
        return None;
    }
    let length = MARK_LENGTH + u32_at(first, 4) as usize;
    (length <= length_max).then_some(length)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were taken"))
}

/// A batch of lines, read.
pub(super) struct Batch<'a> {
    pub(super) stream: &'a str,
    pub(super) ingested_ms: i64,
    pub(super) oldest_ms: i64,
    pub(super) newest_ms: i64,
    pub(super) lines: Vec<(i64, &'a str)>,
}

/// Reads a body; `None` if it is a seal, or no batch of lines that we wrote.
pub(super) fn decode(body: &[u8]) -> Option<Batch<'_>> {
    let mut body = Take(body.strip_prefix(&[KIND_LINES])?);
    let (ingested_ms, oldest_ms, newest_ms) = (body.i64()?, body.i64()?, body.i64()?);
    let count = body.u32()?;
    let stream = body.text16()?;
    let mut lines = Vec::new();
    for _ in 0..count {
        let time = body.i64()?;
        let length = body.u32()? as usize;
        lines.push((time, from_utf8(body.bytes(length)?).ok()?));
    }
    body.0.is_empty().then_some(Batch { stream, ingested_ms, oldest_ms, newest_ms, lines })
}

/// Takes values off the front of bytes; `None` where they end too early.
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.bytes(8)?.try_into().ok().map(i64::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// A text with its length in two bytes before it.
    pub(super) fn text16(&mut self) -> Option<&'a str> {
        let length = u16::from_le_bytes(self.bytes(2)?.try_into().ok()?);
        from_utf8(self.bytes(usize::from(length))?).ok()
    }
}

/// Walks the sound batches of a file, through a window of bounded size; what is damaged between them is skipped.
pub(super) struct Scan<'a> {
    file: &'a File,
    /// Where the next batch should begin.
    at: u64,
    /// Nothing at or after this is read.
    end: u64,
    window: Vec<u8>,
    window_at: u64,
    /// The bytes before [`Self::at`] that belong to no sound batch.
    pub(super) skipped: u64,
}

const WINDOW: u64 = 256 * 1024;

impl<'a> Scan<'a> {
    pub(super) fn new(file: &'a File, from: u64, end: u64) -> Self {
        let at = from.max(HEAD.len() as u64);
        Self { file, at, end, window: Vec::new(), window_at: at, skipped: 0 }
    }

    /// Where the last batch that was given ends; after the walk, where the sound part of the file ends.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next batch: where it begins, and its body. Bytes after the last sound batch are not counted as skipped.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        let mut begin = self.at;
        let length = loop {
            if begin + MARK_LENGTH as u64 > self.end {
                return Ok(None);
            }
            match self.sound(begin)? {
                Some(length) => break length,
                None => begin = self.next_mark(begin + 1)?,
            }
        };
        self.skipped += begin - self.at;
        self.at = begin + length as u64;
        let body = &self.bytes(begin, length)?[MARK_LENGTH..];
        Ok(Some((begin, body)))
    }

    /// The length of the batch that begins here, if it is sound.
    fn sound(&mut self, begin: u64) -> io::Result<Option<usize>> {
        let room = usize::try_from(self.end - begin).unwrap_or(usize::MAX).min(MARK_LENGTH + BODY_MAX);
        let Some(length) = batch_length(self.bytes(begin, MARK_LENGTH)?, room) else { return Ok(None) };
        Ok(whole(self.bytes(begin, length)?, room).map(|_| length))
    }

    /// Where the next mark stands, or the end.
    fn next_mark(&mut self, from: u64) -> io::Result<u64> {
        let mut from = from;
        while from + MARK_LENGTH as u64 <= self.end {
            let length = (self.end - from).min(WINDOW) as usize;
            let bytes = self.bytes(from, length)?;
            if let Some(found) = bytes.windows(MARK.len()).position(|four| four == MARK) {
                return Ok(from + found as u64);
            }
            from += (length - (MARK.len() - 1)) as u64;
        }
        Ok(self.end)
    }

    fn bytes(&mut self, from: u64, length: usize) -> io::Result<&[u8]> {
        let inside = from >= self.window_at && from + length as u64 <= self.window_at + self.window.len() as u64;
        if !inside {
            let fill = (self.end - from).min(WINDOW.max(length as u64));
            self.window.resize(fill as usize, 0);
            self.window_at = from;
            if let Err(error) = self.file.read_exact_at(&mut self.window, from) {
                self.window.clear();
                return Err(error);
            }
        }
        let begin = (from - self.window_at) as usize;
        Ok(&self.window[begin..begin + length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_behind_damage_is_found_wherever_the_window_ends() {
        let batch = encode("s", &[(1, "after the damage")], 2).unwrap().bytes;
        for damage in WINDOW as usize - 20..WINDOW as usize + 4 {
            let path = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(path.path(), [&HEAD[..], &vec![b'O'; damage], &batch].concat()).unwrap();
            let file = File::open(path.path()).unwrap();
            let mut scan = Scan::new(&file, 0, file.metadata().unwrap().len());
            let (begin, body) = scan.next().unwrap().expect("one batch is sound");
            assert_eq!(begin, (HEAD.len() + damage) as u64);
            assert_eq!(decode(body).unwrap().lines, [(1, "after the damage")]);
            assert!(scan.next().unwrap().is_none());
            assert_eq!(scan.skipped, damage as u64);
        }
    }
}
