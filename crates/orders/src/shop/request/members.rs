//! Decides how the members of a body's objects are read: each once, only known ones, all that are required.

use super::decimal::Written;
use super::faults::{Faults, Place, nearest};
use super::json::{Kind, NotJson, Reader};
use super::text::Rule;
use std::borrow::Cow;

/// Which members an object may have, and which it must have.
pub(crate) struct Members {
    pub(crate) known: &'static [&'static str],
    pub(crate) required: &'static [&'static str],
}

/// What the shop gives an order. Clients that send an order back as they got it send these too.
const OURS: &[&str] = &[
    "orderId",
    "status",
    "tier",
    "test",
    "tenant",
    "createdAt",
    "updatedAt",
    "version",
    "history",
    "tracking",
    "error",
];

/// A body that is being read, and what is wrong with it so far.
pub(crate) struct Body<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) faults: Faults,
}

impl<'a> Body<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Result<Self, NotJson> {
        Ok(Self { reader: Reader::new(body)?, faults: Faults::default() })
    }

    /// Where the next value stands.
    pub(crate) fn place(&mut self) -> Result<usize, NotJson> {
        self.reader.peek()?;
        Ok(self.reader.at())
    }

    pub(crate) fn end(&mut self) -> Result<(), NotJson> {
        self.reader.end()
    }

    pub(crate) fn into_faults(self) -> Faults {
        self.faults
    }

    /// Whether the next value is of this kind; if not, that is a fault and the value is passed over.
    pub(crate) fn expect(&mut self, place: &Place<'_>, expected: Kind) -> Result<bool, NotJson> {
        let kind = self.reader.peek()?;
        if kind == expected {
            return Ok(true);
        }
        self.other(place, kind, expected)
    }

    fn other(&mut self, place: &Place<'_>, kind: Kind, expected: impl std::fmt::Display) -> Result<bool, NotJson> {
        self.faults.add(self.reader.at(), place, format!("should be {expected}, it is {kind}"));
        self.reader.skip()?;
        Ok(false)
    }

    /// Reads an object: gives each known member to `read`, which takes its value. Answers whether it was an object.
    pub(crate) fn object(
        &mut self,
        place: &Place<'_>,
        members: &Members,
        mut read: impl FnMut(&mut Self, &'static str, &Place<'_>) -> Result<(), NotJson>,
    ) -> Result<bool, NotJson> {
        if !self.expect(place, Kind::Object)? {
            return Ok(false);
        }
        let start = self.reader.at();
        self.reader.open_object()?;
        let mut seen = 0u32;
        let mut first = true;
        while let Some(name) = self.reader.member(first)? {
            first = false;
            match members.known.iter().position(|known| *known == name.value) {
                Some(index) if seen & (1 << index) == 0 => {
                    seen |= 1 << index;
                    read(self, members.known[index], &place.member(members.known[index]))?;
                }
                Some(index) => {
                    let at = self.place()?;
                    self.faults.add(at, &place.member(members.known[index]), "stands here more than once");
                    self.reader.skip()?;
                }
                None => {
                    let at = self.place()?;
                    self.faults.add(at, &place.member(&name.value), unknown(&name.value, members.known));
                    self.reader.skip()?;
                }
            }
        }
        for (index, name) in members.known.iter().enumerate() {
            if seen & (1 << index) == 0 && members.required.contains(name) {
                self.faults.add(start, &place.member(name), "is missing");
            }
        }
        Ok(true)
    }

    /// Reads a text that keeps to a rule.
    pub(crate) fn text(&mut self, place: &Place<'_>, rule: &Rule) -> Result<Option<Cow<'a, str>>, NotJson> {
        if !self.expect(place, Kind::Text)? {
            return Ok(None);
        }
        let at = self.reader.at();
        let text = self.reader.text()?;
        let halved = text.halved.then(|| "contains an escape of half a character (a lone surrogate)".to_owned());
        match halved.or_else(|| rule.fault(&text.value)) {
            None => Ok(Some(text.value)),
            Some(fault) => {
                self.faults.add(at, place, fault);
                Ok(None)
            }
        }
    }

    /// Reads an amount as it is written; whether it is one shows only with its currency.
    pub(crate) fn amount(&mut self, place: &Place<'_>) -> Result<Option<(usize, Written<'a>)>, NotJson> {
        let kind = self.reader.peek()?;
        let at = self.reader.at();
        match kind {
            Kind::Text => Ok(Some((at, Written::Text(self.reader.text()?.value)))),
            Kind::Number => Ok(Some((at, Written::Number(self.reader.number()?)))),
            Kind::Truth | Kind::Null | Kind::Array | Kind::Object => {
                self.other(place, kind, "a decimal such as \"19.90\"")?;
                Ok(None)
            }
        }
    }
}

fn unknown(name: &str, known: &[&'static str]) -> String {
    if OURS.contains(&name) {
        return "is decided by the shop; leave it out".to_owned();
    }
    match nearest(name, known) {
        Some(near) => format!("is not known; did you mean {near}?"),
        None => format!("is not known; known here are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_told_from_a_strange_one() {
        let known = &["customerEmail", "items"];
        let cases = [
            ("customer_email", "is not known; did you mean customerEmail?"),
            ("CustomerEMail", "is not known; did you mean customerEmail?"),
            ("item", "is not known; did you mean items?"),
            ("status", "is decided by the shop; leave it out"),
            ("colour", "is not known; known here are customerEmail, items"),
        ];
        for (name, expected) in cases {
            assert_eq!(unknown(name, known), expected, "{name}");
        }
    }
}
