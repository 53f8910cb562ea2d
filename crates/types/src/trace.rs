//! Decides what names a trace and its spans, and how they are told from one process to the next: W3C's `traceparent` and
//! AWS's `X-Amzn-Trace-Id`.
//!
//! Start at [`TraceContext`]. Ids are derived from what is known on both sides of a queue (an order's correlation id and
//! version, a change's place), so that a trace crosses it without anything being kept for that; see
//! [`Origin`] and [`SpanId::derived`].
//!
//! Invariant: no id is all zeros, as W3C wants it; a text that is not exactly of its form is none.

use std::fmt;

/// Names a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId([u8; 16]);

/// Names a span within its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId([u8; 8]);

/// A span as others are told of it: those that follow from it are its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether its spans are kept.
    pub sampled: bool,
}

/// What a correlation id says of the trace.
///
/// The id of a request that came without a trace is a UUID, whose digits are the trace's, and whether its spans are kept
/// is decided by them. One that came within a trace is that trace's id and its flags, `{32 digits}-{2 digits}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The trace.
    pub trace: TraceId,
    /// Whether its spans are kept, if somebody else has decided that.
    pub sampled: Option<bool>,
}

impl TraceId {
    /// The id with these bytes, unless they are all zero.
    pub fn new(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }

    /// The id that 32 digits spell.
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(digits(text.as_bytes())?)
    }

    /// The id whose digits are those of a UUID.
    pub fn of_uuid(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|at| bytes[*at] != b'-') {
            return None;
        }
        let mut plain = [0; 32];
        let mut digits_of = bytes.iter().filter(|byte| **byte != b'-');
        plain.iter_mut().try_for_each(|digit| digits_of.next().map(|byte| *digit = *byte))?;
        if digits_of.next().is_some() {
            return None;
        }
        Self::new(digits(&plain)?)
    }

    /// The id that only these bytes give.
    pub fn derived(of: &[&[u8]]) -> Self {
        let (high, low) = (mixed(1, of), mixed(2, of));
        let id = (u128::from(high) << 64 | u128::from(low)).max(1);
        Self(id.to_be_bytes())
    }

    /// Its last eight bytes as a number: by these it is decided whether a trace is kept.
    pub fn low(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Its bytes.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }
}

impl SpanId {
    /// The id with these bytes, unless they are all zero.
    pub fn new(bytes: [u8; 8]) -> Option<Self> {
        (bytes != [0; 8]).then_some(Self(bytes))
    }

    /// The id that 16 digits spell.
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(digits(text.as_bytes())?)
    }

    /// The id that only these bytes give in this trace.
    pub fn derived(trace: TraceId, of: &[&[u8]]) -> Self {
        let [one, two] = [trace.0.as_slice(), &(of.len() as u64).to_be_bytes()];
        let all: Vec<&[u8]> = [one, two].into_iter().chain(of.iter().copied()).collect();
        Self(mixed(3, &all).max(1).to_be_bytes())
    }

    /// Its bytes.
    pub fn bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl TraceContext {
    /// Reads W3C's `traceparent`. Versions to come may say more behind what this one says.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let bytes = traceparent.trim_matches([' ', '\t']).as_bytes();
        let (known, more) = bytes.split_at_checked(55)?;
        let dashes = [2, 35, 52].iter().all(|at| known[*at] == b'-');
        let [version] = digits::<1>(&known[..2])?;
        let fits = match version {
            0xff => false,
            0 => more.is_empty(),
            _ => more.first().is_none_or(|byte| *byte == b'-'),
        };
        if !dashes || !fits {
            return None;
        }
        let [flags] = digits::<1>(&known[53..])?;
        Some(Self {
            trace: TraceId::new(digits(&known[3..35])?)?,
            span: SpanId::new(digits(&known[36..52])?)?,
            sampled: flags & 1 == 1,
        })
    }

    /// As `traceparent` says it.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }

    /// Reads `X-Amzn-Trace-Id`: `Root=1-{8 digits}-{24 digits};Parent={16 digits};Sampled=1`. One without a parent, or that
    /// leaves the sampling open, is none.
    pub fn parse_aws(header: &str) -> Option<Self> {
        let (mut trace, mut span, mut sampled) = (None, None, None);
        for part in header.split(';') {
            let (name, value) = part.split_once('=')?;
            match name.trim() {
                "Root" => {
                    let (seconds, rest) = value.strip_prefix("1-")?.split_once('-')?;
                    let whole =
                        if (seconds.len(), rest.len()) == (8, 24) { format!("{seconds}{rest}") } else { return None };
                    trace = TraceId::parse(&whole);
                }
                "Parent" => span = SpanId::parse(value),
                "Sampled" => {
                    sampled = match value {
                        "0" => Some(false),
                        "1" => Some(true),
                        _ => None,
                    }
                }
                _ => {}
            }
        }
        Some(Self { trace: trace?, span: span?, sampled: sampled? })
    }

    /// As `X-Amzn-Trace-Id` says it.
    pub fn aws(&self) -> String {
        let trace = self.trace.to_string();
        let (seconds, rest) = trace.split_at(8);
        format!("Root=1-{seconds}-{rest};Parent={};Sampled={}", self.span, u8::from(self.sampled))
    }
}

impl Origin {
    /// Reads a correlation id.
    pub fn parse(correlation: &str) -> Option<Self> {
        if let Some(trace) = TraceId::of_uuid(correlation) {
            return Some(Self { trace, sampled: None });
        }
        let (trace, flags) = correlation.split_once('-')?;
        let sampled = match flags {
            "00" => false,
            "01" => true,
            _ => return None,
        };
        Some(Self { trace: TraceId::parse(trace)?, sampled: Some(sampled) })
    }

    /// The correlation id of what came within this trace.
    pub fn within(context: &TraceContext) -> String {
        format!("{}-{:02x}", context.trace, u8::from(context.sampled))
    }
}

/// Reads hexadecimal digits, two for each byte, in small letters as W3C has them.
fn digits<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES {
        return None;
    }
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// A number that depends on every byte, and on where one part ends and the next begins; the same on any machine.
fn mixed(seed: u64, parts: &[&[u8]]) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut stir = |word: u64| {
        state = (state ^ word).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= state >> 32;
    };
    for part in parts {
        stir(part.len() as u64);
        for chunk in part.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            stir(u64::from_le_bytes(word));
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of W3C's recommendation.
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn traceparents_are_read_as_the_recommendation_has_them() {
        let known = TraceContext::parse(EXAMPLE).unwrap();
        assert_eq!(known.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(known.span.to_string(), "00f067aa0ba902b7");
        assert!(known.sampled);
        assert_eq!(known.traceparent(), EXAMPLE);
        let cases = [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true),
            (" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", false),
            ("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("", false),
            ("ü", false),
        ];
        for (text, good) in cases {
            assert_eq!(TraceContext::parse(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn trace_headers_of_aws_are_read() {
        // The example of X-Ray's developer guide.
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let known = TraceContext::parse_aws(header).unwrap();
        assert_eq!(known.trace.to_string(), "5759e988bd862e3fe1be46a994272793");
        assert_eq!(known.aws(), header);
        for text in ["", "Root=1", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", "Self=x;Root=2-a-b"] {
            assert_eq!(TraceContext::parse_aws(text), None, "{text}");
        }
    }

    #[test]
    fn a_correlation_id_says_which_trace_it_is_of() {
        let origin = Origin::parse("4bf92f35-77b3-4da6-a3ce-929d0e0e4736").unwrap();
        let known = TraceContext::parse(EXAMPLE).unwrap();
        assert_eq!(origin, Origin { trace: known.trace, sampled: None });
        assert_eq!(Origin::within(&known), "4bf92f3577b34da6a3ce929d0e0e4736-01");
        for text in ["", "r-1", "4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736-02"] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }

    proptest! {
        /// What one side writes the other side reads, in either form.
        #[test]
        fn contexts_round_trip(trace in any::<[u8; 16]>(), span in any::<[u8; 8]>(), sampled: bool) {
            let (Some(trace), Some(span)) = (TraceId::new(trace), SpanId::new(span)) else { return Ok(()) };
            let context = TraceContext { trace, span, sampled };
            prop_assert_eq!(TraceContext::parse(&context.traceparent()), Some(context));
            prop_assert_eq!(TraceContext::parse_aws(&context.aws()), Some(context));
            let origin = Origin { trace, sampled: Some(sampled) };
            prop_assert_eq!(Origin::parse(&Origin::within(&context)), Some(origin));
        }

        /// No text of a client's is a panic.
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
            let _ = (TraceContext::parse(&text), TraceContext::parse_aws(&text), Origin::parse(&text));
        }

        /// Where one part ends matters.
        #[test]
        fn parts_are_told_apart(a in "[ab]{0,9}", b in "[ab]{0,9}", c in "[ab]{0,9}", d in "[ab]{0,9}") {
            let trace = TraceId::parse("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
            let of = |one: &str, two: &str| SpanId::derived(trace, &[one.as_bytes(), two.as_bytes()]);
            prop_assert_eq!(of(&a, &b) == of(&c, &d), (&a, &b) == (&c, &d));
        }
    }
}
