//! Decides how CBOR (RFC 8949) is read and written, as far as Smithy's RPC v2 protocol uses it.
//!
//! What is read becomes a JSON value, and JSON values are written, so that operations are read and spelt once for all
//! protocols. An instant (tag 1) is its number of seconds. Bytes, and tags other than that of instants, are refused: no
//! operation that is spoken this way has them.
//!
//! Invariant: reading takes no more memory than the bytes are worth, whatever lengths they claim, and no deeper than
//! [`DEPTH_MAX`].

use serde_json::{Map, Number, Value as Json};

/// How deep values may lie in one another.
const DEPTH_MAX: usize = 64;
/// The tag of an instant, as seconds since 1970.
const INSTANT: u64 = 1;
/// The additional information that says that the length is not known before.
const INDEFINITE: u8 = 31;
/// Ends what has no length.
const BREAK: u8 = 0xFF;

/// Reads one value, which is all there is.
pub(crate) fn read(bytes: &[u8]) -> Result<Json, &'static str> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(0)?;
    if reader.rest.is_empty() { Ok(value) } else { Err("something follows the value") }
}

/// Writes a value; `is_instant` says which members are instants, by their names.
pub(crate) fn write(value: &Json, is_instant: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_value(value, "", is_instant, &mut out);
    out
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, &'static str> {
        let (first, rest) = self.rest.split_first().ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], &'static str> {
        let length = usize::try_from(length).map_err(|_| CUT_OFF)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The number behind a head's first byte.
    fn argument(&mut self, information: u8) -> Result<u64, &'static str> {
        let length = match information {
            0..24 => return Ok(information.into()),
            24..28 => 1 << (information - 24),
            _ => return Err("a length is spelt in a way that does not exist"),
        };
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn value(&mut self, depth: usize) -> Result<Json, &'static str> {
        if depth > DEPTH_MAX {
            return Err("values lie too deep in one another");
        }
        let head = self.byte()?;
        let (kind, information) = (head >> 5, head & 0x1F);
        match kind {
            0 => Ok(self.argument(information)?.into()),
            1 => {
                let below = self.argument(information)?;
                let exact = i64::try_from(below).map(|below| Json::from(-1 - below));
                Ok(exact.unwrap_or_else(|_| (-1.0 - below as f64).into()))
            }
            2 => Err("bytes stand where there are none"),
            3 => Ok(self.text(information)?.into()),
            4 => self.array(information, depth),
            5 => self.map(information, depth),
            6 => match self.argument(information)? {
                INSTANT => match self.value(depth + 1)? {
                    Json::Number(seconds) => Ok(seconds.into()),
                    _ => Err("an instant is no number"),
                },
                _ => Err("a tag stands where there is none"),
            },
            _ => self.simple(information),
        }
    }

    fn simple(&mut self, information: u8) -> Result<Json, &'static str> {
        Ok(match information {
            20 => false.into(),
            21 => true.into(),
            22 | 23 => Json::Null,
            25 => float(half(self.argument(information)? as u16)),
            26 => float(f32::from_bits(self.argument(information)? as u32).into()),
            27 => float(f64::from_bits(self.argument(information)?)),
            _ => return Err("a value is of a kind that does not exist"),
        })
    }

    fn text(&mut self, information: u8) -> Result<String, &'static str> {
        let of = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "a text is no UTF-8");
        if information != INDEFINITE {
            let length = self.argument(information)?;
            return of(self.take(length)?);
        }
        let mut whole = String::new();
        while !self.ends()? {
            let head = self.byte()?;
            if head >> 5 != 3 || head & 0x1F == INDEFINITE {
                return Err("a part of a text is no text");
            }
            let length = self.argument(head & 0x1F)?;
            whole.push_str(&of(self.take(length)?)?);
        }
        Ok(whole)
    }

    /// Whether what has no length ends here.
    fn ends(&mut self) -> Result<bool, &'static str> {
        let next = *self.rest.first().ok_or(CUT_OFF)?;
        if next == BREAK {
            self.rest = &self.rest[1..];
        }
        Ok(next == BREAK)
    }

    /// Reads elements, as many as a head says.
    fn each(
        &mut self,
        information: u8,
        mut element: impl FnMut(&mut Self) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        if information == INDEFINITE {
            while !self.ends()? {
                element(self)?;
            }
            return Ok(());
        }
        let count = self.argument(information)?;
        // Each of them has a byte at least.
        if count > self.rest.len() as u64 {
            return Err(CUT_OFF);
        }
        (0..count).try_for_each(|_| element(self))
    }

    fn array(&mut self, information: u8, depth: usize) -> Result<Json, &'static str> {
        let mut list = Vec::new();
        self.each(information, |reader| {
            list.push(reader.value(depth + 1)?);
            Ok(())
        })?;
        Ok(list.into())
    }

    fn map(&mut self, information: u8, depth: usize) -> Result<Json, &'static str> {
        let mut members = Map::new();
        self.each(information, |reader| {
            let head = reader.byte()?;
            if head >> 5 != 3 {
                return Err("a member's name is no text");
            }
            let name = reader.text(head & 0x1F)?;
            members.insert(name, reader.value(depth + 1)?);
            Ok(())
        })?;
        Ok(members.into())
    }
}

const CUT_OFF: &str = "it is cut off";

/// A number; what is none is said in words, as Smithy's JSON does.
fn float(number: f64) -> Json {
    match Number::from_f64(number) {
        Some(number) => number.into(),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// A number of half the usual precision.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    let number = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + mantissa / 1024.0) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -number } else { number }
}

fn write_head(kind: u8, number: u64, out: &mut Vec<u8>) {
    let kind = kind << 5;
    match number {
        0..24 => out.push(kind | number as u8),
        24..=0xFF => out.extend([kind | 24, number as u8]),
        0x100..=0xFFFF => {
            out.push(kind | 25);
            out.extend((number as u16).to_be_bytes());
        }
        0x1_0000..=0xFFFF_FFFF => {
            out.push(kind | 26);
            out.extend((number as u32).to_be_bytes());
        }
        _ => {
            out.push(kind | 27);
            out.extend(number.to_be_bytes());
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_head(3, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn write_value(value: &Json, name: &str, is_instant: &dyn Fn(&str) -> bool, out: &mut Vec<u8>) {
    match value {
        Json::Null => out.push(0xF6),
        Json::Bool(false) => out.push(0xF4),
        Json::Bool(true) => out.push(0xF5),
        Json::Number(number) => {
            if is_instant(name) {
                write_head(6, INSTANT, out);
            }
            match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => write_head(0, number, out),
                (None, Some(number)) => write_head(1, !number as u64, out),
                // What is no whole number is one of double precision, also if a shorter one would do: readers of
                // fixed types want it so.
                (None, None) => {
                    out.push(0xFB);
                    out.extend(number.as_f64().unwrap_or_default().to_be_bytes());
                }
            }
        }
        Json::String(text) => write_text(text, out),
        Json::Array(list) => {
            write_head(4, list.len() as u64, out);
            // The elements are called like their list.
            list.iter().for_each(|value| write_value(value, name, is_instant, out));
        }
        Json::Object(members) => {
            write_head(5, members.len() as u64, out);
            for (name, value) in members {
                write_text(name, out);
                write_value(value, name, is_instant, out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
