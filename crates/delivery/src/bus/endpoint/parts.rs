//! Decides what an endpoint's address is made of, and what may stand in it and in a header.

use super::{ENDPOINT_MAX, EndpointRefused};

/// How many characters a value of an event's has at most in a header, a path or a query.
const VALUE_MAX: usize = 4096;

/// Headers that belong to the connection itself, or that whoever calls writes himself.
const OF_OURS: [&str; 20] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "keep-alive",
    "max-forwards",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

/// Where an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) tls: bool,
    /// Host and port.
    pub(super) authority: String,
    /// It begins with a slash; a `*` stands for a value of a target's.
    pub(super) path: String,
    pub(super) query: Option<String>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |reason: &str| Err(reason.to_owned());
        if text.len() > ENDPOINT_MAX {
            return Err(format!("it has {} characters, {ENDPOINT_MAX} are allowed", text.len()));
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"%-()_.!~*';/?:@&=+$,[]".contains(&byte);
        let (tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return wrong("it must begin with https://"),
        };
        if !text.bytes().all(fits) {
            return wrong("it holds characters that no such address has");
        }
        let (before, query) = match rest.split_once('?') {
            Some((before, query)) => (before, Some(query.to_owned())),
            None => (rest, None),
        };
        let (authority, path) = match before.find('/') {
            Some(at) => before.split_at(at),
            None => (before, "/"),
        };
        if authority.contains('@') {
            return wrong("a name and a password belong into the connection");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if host.is_empty() || host.contains('*') || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return wrong("it names no host");
        }
        let is_this_machine = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        if !tls && !is_this_machine {
            return wrong("another machine is called over https alone");
        }
        if path.split('/').any(|segment| segment == "." || segment == "..") {
            return wrong("its path leads up");
        }
        Ok(Self { tls, authority: authority.to_owned(), path: path.to_owned(), query })
    }
}

/// Whether a header of this name is none that a target or a connection may set.
pub(in crate::bus) fn is_header_of_ours(name: &str) -> bool {
    OF_OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

pub(super) fn check_header_name(name: &str) -> Result<(), EndpointRefused> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let refused = |reason| Err(EndpointRefused::Header { name: name.chars().take(100).collect(), reason });
    if name.is_empty() || !name.bytes().all(token) {
        return refused("this cannot name a header");
    }
    if is_header_of_ours(name) {
        return refused("this header is written by whoever makes the call");
    }
    Ok(())
}

/// A value that stands in a header: what could end the header, or is no text of HTTP's, stands in none.
pub(super) fn header_value(name: &str, value: &str) -> Result<(), String> {
    if value.len() > VALUE_MAX {
        return Err(format!("the header {name} would have {} bytes, {VALUE_MAX} are allowed", value.len()));
    }
    if value.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
        return Err(format!("the header {name} would hold a control character"));
    }
    Ok(())
}

/// A value as one segment of a path.
pub(super) fn segment(value: &str) -> Result<String, String> {
    match value {
        "" => Err("a value for the path is empty".to_owned()),
        "." | ".." => Err("a value for the path would lead out of it".to_owned()),
        value if value.len() > VALUE_MAX => {
            Err(format!("a value for the path has {} bytes, {VALUE_MAX} are allowed", value.len()))
        }
        value => Ok(encoded(value)),
    }
}

/// A name and a value, as a query has them.
pub(super) fn pair(name: &str, value: &str) -> Result<String, String> {
    if value.len() > VALUE_MAX {
        return Err(format!("{name} of the query would have {} bytes, {VALUE_MAX} are allowed", value.len()));
    }
    Ok(format!("{}={}", encoded(name), encoded(value)))
}

/// A text of which nothing means anything in a URL.
fn encoded(text: &str) -> String {
    let mut url = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}
