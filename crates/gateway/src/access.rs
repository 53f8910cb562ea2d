//! Decides how the line of a request in the access log is written, in the format of the stage.
//!
//! Start at [`Format::parse`]. A format is text with `$context.…` variables; what one stands for is escaped as inside a
//! JSON string, so a line is one line and a JSON format gives JSON, whatever a client sends. Nothing else is written.
//!
//! Invariant: a line has no control characters, and of each value at most 1,024 characters.

use std::cell::RefCell;
use std::fmt::Write;
use std::time::Duration;
use types::Timestamp;

/// The most characters of one value.
const VALUE_CHARS_MAX: usize = 1_024;
/// The most bytes of a format, as on AWS.
const FORMAT_BYTES_MAX: usize = 3_072;

/// What is written where a stage names no format.
pub const DEFAULT: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime","#,
    r#""httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","status":"$context.status","#,
    r#""protocol":"$context.protocol","responseLength":"$context.responseLength","#,
    r#""responseLatency":"$context.responseLatency","apiKeyId":"$context.identity.apiKeyId","#,
    r#""error":"$context.error.responseType"}"#
);

/// What is known of a request that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its id.
    pub request_id: &'a str,
    /// When it came.
    pub at: Timestamp,
    /// Where it came from.
    pub source_ip: &'a str,
    /// As it said itself.
    pub user_agent: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Its path as it came.
    pub path: &'a str,
    /// The template of its route; empty if it has none.
    pub resource: &'a str,
    /// `HTTP/1.1`
    pub protocol: &'a str,
    /// The name of the stage.
    pub stage: &'a str,
    /// The id of the API.
    pub api_id: &'a str,
    /// The account.
    pub account_id: &'a str,
    /// The name that the client asked.
    pub domain: &'a str,
    /// What it was answered.
    pub status: u16,
    /// How many bytes.
    pub response_length: u64,
    /// From the request to its answer.
    pub response_latency: Duration,
    /// How long the function took, if one was asked.
    pub integration_latency: Option<Duration>,
    /// The id of the key, if there was one. Never the key.
    pub api_key_id: Option<&'a str>,
    /// AWS's words, if it was refused.
    pub error_message: Option<&'a str>,
    /// AWS's name for why it was refused.
    pub error_type: Option<&'a str>,
}

/// A format, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    pieces: Vec<Piece>,
    /// Variables that are not known here; a dash stands for them, as on AWS.
    pub unknown: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Variable),
    Nothing,
}

/// A text is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatRefused {
    /// As on AWS.
    #[error("an access log's format must name $context.requestId or $context.extendedRequestId; add it")]
    NoRequestId,
    /// It would write several lines.
    #[error("an access log's format must be one line; take out line breaks and other control characters")]
    NotOneLine,
    /// It is too long.
    #[error("an access log's format may have {FORMAT_BYTES_MAX} bytes")]
    TooLong,
}

macro_rules! variables {
    ($($name:ident $text:literal)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Variable { $($name),* }

        impl Variable {
            fn of(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

variables! {
    RequestId "requestId"
    ExtendedRequestId "extendedRequestId"
    RequestTime "requestTime"
    RequestTimeEpoch "requestTimeEpoch"
    SourceIp "identity.sourceIp"
    UserAgent "identity.userAgent"
    ApiKeyId "identity.apiKeyId"
    Method "httpMethod"
    Path "path"
    ResourcePath "resourcePath"
    Protocol "protocol"
    Stage "stage"
    ApiId "apiId"
    AccountId "accountId"
    Domain "domainName"
    Status "status"
    ResponseLength "responseLength"
    ResponseLatency "responseLatency"
    IntegrationLatency "integrationLatency"
    IntegrationLatencyOfFunction "integration.latency"
    ErrorMessage "error.message"
    ErrorMessageString "error.messageString"
    ErrorType "error.responseType"
}

impl Format {
    /// Takes a format apart.
    pub fn parse(text: &str) -> Result<Self, FormatRefused> {
        let text = text.trim_end_matches(['\n', '\r']);
        if text.len() > FORMAT_BYTES_MAX {
            return Err(FormatRefused::TooLong);
        }
        if text.contains(char::is_control) {
            return Err(FormatRefused::NotOneLine);
        }
        let (mut pieces, mut unknown) = (Vec::new(), Vec::new());
        let mut rest = text;
        while let Some(at) = rest.find("$context.") {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            rest = &rest[at + "$context.".len()..];
            let named = |next: char| next.is_ascii_alphanumeric() || next == '.' || next == '_' || next == '-';
            let length = rest.find(|next: char| !named(next)).unwrap_or(rest.len());
            // A dot or a dash at the end belongs to the text.
            let name = rest[..length].trim_end_matches(['.', '-', '_']);
            rest = &rest[name.len()..];
            pieces.push(match Variable::of(name) {
                Some(variable) => Piece::Value(variable),
                None => {
                    unknown.push(format!("$context.{name}"));
                    Piece::Nothing
                }
            });
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        let is_id = |piece: &Piece| matches!(piece, Piece::Value(Variable::RequestId | Variable::ExtendedRequestId));
        if !pieces.iter().any(is_id) {
            return Err(FormatRefused::NoRequestId);
        }
        Ok(Self { pieces, unknown })
    }

    /// The line of a request, without a line break.
    pub fn line(&self, entry: &Entry<'_>) -> String {
        let mut out = String::with_capacity(512);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Nothing => out.push('-'),
                Piece::Value(variable) => write(*variable, entry, &mut out),
            }
        }
        out
    }
}

fn write(variable: Variable, entry: &Entry<'_>, out: &mut String) {
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match variable {
        Variable::RequestId | Variable::ExtendedRequestId => escape(entry.request_id, out),
        Variable::RequestTime => with_request_time(entry.at, |time| out.push_str(time)),
        Variable::RequestTimeEpoch => number(entry.at.millis(), out),
        Variable::SourceIp => escape(entry.source_ip, out),
        Variable::UserAgent => escape(entry.user_agent, out),
        Variable::ApiKeyId => escape(entry.api_key_id.unwrap_or("-"), out),
        Variable::Method => escape(entry.method, out),
        Variable::Path => escape(entry.path, out),
        Variable::ResourcePath => escape(entry.resource, out),
        Variable::Protocol => escape(entry.protocol, out),
        Variable::Stage => escape(entry.stage, out),
        Variable::ApiId => escape(entry.api_id, out),
        Variable::AccountId => escape(entry.account_id, out),
        Variable::Domain => escape(entry.domain, out),
        Variable::Status => number(entry.status, out),
        Variable::ResponseLength => number(entry.response_length, out),
        Variable::ResponseLatency => number(millis(entry.response_latency), out),
        Variable::IntegrationLatency | Variable::IntegrationLatencyOfFunction => match entry.integration_latency {
            Some(span) => number(millis(span), out),
            None => out.push('-'),
        },
        Variable::ErrorMessage => escape(entry.error_message.unwrap_or("-"), out),
        Variable::ErrorMessageString => {
            out.push('"');
            escape(entry.error_message.unwrap_or("-"), out);
            out.push('"');
        }
        Variable::ErrorType => escape(entry.error_type.unwrap_or("-"), out),
    }
}

fn number(number: impl std::fmt::Display, out: &mut String) {
    write!(out, "{number}").expect("a string takes all");
}

/// As inside a JSON string.
fn escape(text: &str, out: &mut String) {
    if text.is_empty() {
        out.push('-');
    }
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.len() <= VALUE_CHARS_MAX && text.bytes().all(is_plain) {
        out.push_str(text);
        return;
    }
    for letter in text.chars().take(VALUE_CHARS_MAX) {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // U+2028 and U+2029 end a line for some readers.
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                write!(out, "\\u{:04x}", u32::from(letter)).expect("a string takes all");
            }
            letter => out.push(letter),
        }
    }
}

/// Shows a request's time. Thousands of requests fall into one second, which is put into words once.
fn with_request_time(at: Timestamp, show: impl FnOnce(&str)) {
    thread_local! {
        static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    LAST.with_borrow_mut(|(second, time)| {
        let asked = at.millis().div_euclid(1_000);
        if *second != asked {
            (*second, *time) = (asked, request_time(at));
        }
        show(time);
    });
}

/// `09/Apr/2024:12:34:56 +0000`
pub(crate) fn request_time(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let instant = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    let time = jiff::tz::TimeZone::UTC.to_datetime(instant);
    let month = MONTHS[usize::from(time.month().unsigned_abs()).clamp(1, 12) - 1];
    let (year, day, hour, minute, second) = (time.year(), time.day(), time.hour(), time.minute(), time.second());
    format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry<'a>(agent: &'a str, path: &'a str) -> Entry<'a> {
        Entry {
            request_id: "r-1",
            at: Timestamp::from_millis(1_712_666_096_123),
            source_ip: "1.2.3.4",
            user_agent: agent,
            method: "GET",
            path,
            resource: "/orders/{id}",
            protocol: "HTTP/1.1",
            stage: "dev",
            api_id: "api",
            account_id: "000000000000",
            domain: "localhost",
            status: 429,
            response_length: 42,
            response_latency: Duration::from_micros(2_900),
            integration_latency: None,
            api_key_id: Some("k1"),
            error_message: Some("Too Many Requests"),
            error_type: Some("THROTTLED"),
        }
    }

    #[test]
    fn a_line_is_what_the_format_says() {
        let cases = [
            (
                "$context.requestId $context.identity.sourceIp [$context.requestTime] \"$context.httpMethod $context.resourcePath \
              $context.protocol\" $context.status $context.responseLength",
                "r-1 1.2.3.4 [09/Apr/2024:12:34:56 +0000] \"GET /orders/{id} HTTP/1.1\" 429 42",
            ),
            (
                "$context.requestId.$context.requestTimeEpoch $context.responseLatency $context.integrationLatency",
                "r-1.1712666096123 2 -",
            ),
            (
                "{\"id\":\"$context.requestId\",\"e\":$context.error.messageString,\"waf\":\"$context.wafResponseCode\"}\n",
                "{\"id\":\"r-1\",\"e\":\"Too Many Requests\",\"waf\":\"-\"}",
            ),
        ];
        for (format, line) in cases {
            assert_eq!(Format::parse(format).unwrap().line(&entry("a", "/")), line);
        }
        assert_eq!(Format::parse("$context.requestId $context.odd.one").unwrap().unknown, ["$context.odd.one"]);
    }

    #[test]
    fn each_line_has_its_own_second() {
        let format = Format::parse("$context.requestId [$context.requestTime]").unwrap();
        let at = |millis| format.line(&Entry { at: Timestamp::from_millis(millis), ..entry("-", "/") });
        for (millis, time) in [
            (1_712_666_096_123, "09/Apr/2024:12:34:56"),
            (1_712_666_096_999, "09/Apr/2024:12:34:56"),
            (1_712_666_097_000, "09/Apr/2024:12:34:57"),
            (1_712_666_096_000, "09/Apr/2024:12:34:56"),
            (-1, "31/Dec/1969:23:59:59"),
        ] {
            assert_eq!(at(millis), format!("r-1 [{time} +0000]"), "{millis}");
        }
    }

    #[test]
    fn a_format_that_cannot_be_used_is_refused() {
        assert_eq!(Format::parse("$context.status"), Err(FormatRefused::NoRequestId));
        assert_eq!(Format::parse("$context.requestId\n$context.status"), Err(FormatRefused::NotOneLine));
        assert_eq!(Format::parse(&"$context.requestId".repeat(200)), Err(FormatRefused::TooLong));
    }

    proptest! {
        /// Whatever a client sends, a line of a JSON format is one line of JSON that says what was sent.
        #[test]
        fn a_line_of_a_json_format_is_json(agent in r#"[\x00-\x7f"\\é\u{2028}\u{85}]{0,30}"#, path in any::<String>()) {
            let format = Format::parse(r#"{"r":"$context.requestId","a":"$context.identity.userAgent","p":"$context.path"}"#).unwrap();
            let line = format.line(&entry(&agent, &path));
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["a"].as_str().unwrap(), if agent.is_empty() { "-" } else { &agent });
            let plain = Format::parse(DEFAULT).unwrap().line(&entry(&agent, &path));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&plain).is_ok());
            prop_assert!(Format::parse(DEFAULT).unwrap().unknown.is_empty());
        }
    }
}
