//! Decides what of a JSON text is looked at, and tells a [`Run`] the values there: [`walk`].
//!
//! The text is read once from front to back. What no pattern names is skipped to its end without being looked into;
//! where a pattern looks, the text must be JSON. Nothing is allocated but when something escaped is written out into
//! memory that is kept.
//!
//! Any difficulty is [`Trouble`], and the caller reads the text once more with all care: this reader explains no
//! errors, and is never the one to say that there is one.

use super::plan::ROOT;
use super::run::Run;
use super::scan::{self, Found};
use crate::DEPTH_MAX;
use crate::lexer;
use crate::number::Digits;

/// The text is not JSON where it was looked at, or nests too deep.
#[derive(Debug)]
pub(super) struct Trouble;

/// Why reading stops.
enum Stop {
    Trouble,
    /// Nothing in the rest of the text can matter.
    Silence,
}

/// Tells the run every value of the event at a place of its plan.
pub(super) fn walk(event: &[u8], run: &mut Run<'_>) -> Result<(), Trouble> {
    // Asked before anything is read, so that both ends of the text are on their way from memory at the same time.
    let listened = !event.trim_ascii_end().ends_with(b"}");
    let mut reader = Reader { bytes: event, at: 0, run, arrays: 0, listened };
    match reader.event() {
        Ok(()) | Err(Stop::Silence) => Ok(()),
        Err(Stop::Trouble) => Err(Trouble),
    }
}

struct Reader<'e, 'r, 'p> {
    bytes: &'e [u8],
    at: usize,
    run: &'r mut Run<'p>,
    /// How many arrays are open.
    arrays: usize,
    /// Whether the rest was looked at ahead, or need not be.
    listened: bool,
}

impl<'e> Reader<'e, '_, '_> {
    fn event(&mut self) -> Result<(), Stop> {
        if self.next_byte()? != b'{' {
            return Err(Stop::Trouble);
        }
        self.at += 1;
        self.object(ROOT, 1)
    }

    /// Whether nothing in the rest of the text can lead to a path once more: the name of a field that ends a path is
    /// nowhere in it, nor anything escaped, which could be such a name in disguise. Finding that out is several times
    /// faster than reading. The text must end as an object does, so that most torn ones are noticed.
    #[cold]
    fn is_silent(&mut self) -> bool {
        self.listened = true;
        let rest = &self.bytes[self.at..];
        let last_parts = &self.run.plan.last_parts;
        !last_parts.is_empty()
            && last_parts.iter().all(|name| name.find(rest).is_none())
            && memchr::memchr(b'\\', rest).is_none()
    }

    /// The next byte that is no blank, which is not taken.
    #[inline]
    fn next_byte(&mut self) -> Result<u8, Stop> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Stop::Trouble),
            }
        }
    }

    /// The string behind the quote that is next.
    #[inline(always)]
    fn string(&mut self) -> Result<(&'e [u8], Found), Stop> {
        let start = self.at + 1;
        let found = scan::string(self.bytes, start).ok_or(Stop::Trouble)?;
        self.at = found.end + 1;
        Ok((&self.bytes[start..found.end], found))
    }

    /// The fields of an object whose bracket was taken, to behind its closing one.
    fn object(&mut self, place: u32, depth: usize) -> Result<(), Stop> {
        if depth > DEPTH_MAX {
            return Err(Stop::Trouble);
        }
        if self.next_byte()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.next_byte()? != b'"' {
                return Err(Stop::Trouble);
            }
            let (key, found) = self.string()?;
            if self.next_byte()? != b':' {
                return Err(Stop::Trouble);
            }
            self.at += 1;
            let next = if found.is_escaped() { self.escaped_step(place, key)? } else { self.run.step(place, key) };
            match next {
                None => self.skip()?,
                Some(child) => {
                    if !found.is_ascii() {
                        std::str::from_utf8(key).map_err(|_| Stop::Trouble)?;
                    }
                    self.run.enter(child);
                    self.run.reach(child);
                    self.value(child, depth)?;
                    if self.run.paths_left == 0 && self.arrays == 0 && !self.listened && self.is_silent() {
                        return Err(Stop::Silence);
                    }
                }
            }
            match self.next_byte()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Stop::Trouble),
            }
        }
    }

    /// Where a key leads in which something is escaped.
    #[cold]
    fn escaped_step(&mut self, place: u32, key: &[u8]) -> Result<Option<u32>, Stop> {
        let mut unescaped = std::mem::take(&mut self.run.scratch.unescaped);
        let read = lexer::unescape(key, &mut unescaped);
        let next = self.run.step(place, &unescaped);
        self.run.scratch.unescaped = unescaped;
        if read { Ok(next) } else { Err(Stop::Trouble) }
    }

    /// The value of a field that leads to the place.
    fn value(&mut self, place: u32, depth: usize) -> Result<(), Stop> {
        let here = &self.run.plan.places[place as usize];
        match self.next_byte()? {
            b'{' => {
                self.at += 1;
                if here.children.is_empty() { self.skip_container() } else { self.object(place, depth + 1) }
            }
            b'[' => {
                self.at += 1;
                self.arrays += 1;
                self.array(place, depth + 1)?;
                self.arrays -= 1;
                Ok(())
            }
            first => self.scalar(place, first),
        }
    }

    /// A string, number or word at the place.
    fn scalar(&mut self, place: u32, first: u8) -> Result<(), Stop> {
        let Some(tester) = &self.run.plan.places[place as usize].tester else {
            return self.skip();
        };
        match first {
            b'"' => {
                let (text, found) = self.string()?;
                if !found.is_ascii() {
                    std::str::from_utf8(text).map_err(|_| Stop::Trouble)?;
                }
                if found.is_escaped() {
                    let mut unescaped = std::mem::take(&mut self.run.scratch.unescaped);
                    let read = lexer::unescape(text, &mut unescaped);
                    self.run.text(tester, &unescaped);
                    self.run.scratch.unescaped = unescaped;
                    return if read { Ok(()) } else { Err(Stop::Trouble) };
                }
                self.run.text(tester, text);
            }
            b't' => {
                self.word(b"true")?;
                self.run.truth(tester, true);
            }
            b'f' => {
                self.word(b"false")?;
                self.run.truth(tester, false);
            }
            b'n' => {
                self.word(b"null")?;
                self.run.null(tester);
            }
            _ => {
                let rest = &self.bytes[self.at..];
                let number = Digits::read(rest).ok_or(Stop::Trouble)?;
                let text = &rest[..number.end];
                self.at += number.end;
                self.run.number(tester, text, number.decimal());
            }
        }
        Ok(())
    }

    /// Takes the word. What follows it, here and behind numbers, is seen to be a comma or bracket by who asked for it.
    fn word(&mut self, word: &[u8]) -> Result<(), Stop> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(Stop::Trouble);
        }
        self.at += word.len();
        Ok(())
    }

    /// The elements of an array whose bracket was taken, to behind its closing one.
    fn array(&mut self, place: u32, depth: usize) -> Result<(), Stop> {
        if depth > DEPTH_MAX {
            return Err(Stop::Trouble);
        }
        let plan = self.run.plan;
        let here = &plan.places[place as usize];
        if self.next_byte()? == b']' {
            self.at += 1;
            return Ok(());
        }
        let (mut bare, mut elements) = (false, false);
        loop {
            match self.next_byte()? {
                b'{' if here.children.is_empty() => {
                    self.at += 1;
                    self.skip_container()?;
                }
                first @ (b'{' | b'[') => {
                    self.at += 1;
                    elements = true;
                    let outer = if here.scoped { Some(self.run.open(place)) } else { None };
                    if first == b'{' {
                        self.object(place, depth + 1)?
                    } else {
                        self.array(place, depth + 1)?
                    }
                    if let Some(outer) = outer {
                        self.run.close(place, outer);
                    }
                }
                first => {
                    bare = true;
                    self.scalar(place, first)?;
                }
            }
            match self.next_byte()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    break;
                }
                _ => return Err(Stop::Trouble),
            }
        }
        if bare && elements {
            self.run.mixed(place);
        }
        Ok(())
    }

    /// A value that nobody asks for.
    #[inline]
    fn skip(&mut self) -> Result<(), Stop> {
        match self.next_byte()? {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => {
                self.at += 1;
                self.skip_container()?;
            }
            _ => {
                let end = scan::scalar(self.bytes, self.at);
                if end == self.at {
                    return Err(Stop::Trouble);
                }
                self.at = end;
            }
        }
        Ok(())
    }

    fn skip_container(&mut self) -> Result<(), Stop> {
        self.at = scan::container(self.bytes, self.at).ok_or(Stop::Trouble)?;
        Ok(())
    }
}
