//! Decides nothing: an answer of HTTP as the rooms of this crate hand it to the shell.

use bytes::Bytes;
use std::borrow::Cow;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 200 to 599.
    pub status: u16,
    /// Names are valid names of headers, values have no control characters.
    pub headers: Vec<Header>,
    /// The bytes as they go out; giving an answer again copies none of them.
    pub body: Bytes,
}

/// A header: its name and its value.
pub type Header = (Cow<'static, str>, Cow<'static, str>);

impl Answer {
    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(had, _)| had.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }

    /// Adds a header unless there is one of the name.
    pub fn add_missing(&mut self, headers: impl IntoIterator<Item = Header>) {
        for (name, value) in headers {
            if self.header(&name).is_none() {
                self.headers.push((name, value));
            }
        }
    }
}

/// Whether this may be the name of a header.
pub(crate) fn is_header_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=128).contains(&name.len()) && name.bytes().all(token)
}

/// Whether this may be the value of a header: visible ASCII, spaces, tabs and whatever is not ASCII.
pub(crate) fn is_header_value(value: &str) -> bool {
    value.len() <= 8192 && value.bytes().all(|byte| byte == b'\t' || (byte >= 0x20 && byte != 0x7f))
}
