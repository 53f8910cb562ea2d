//! Decides what goes over a connection: requests put together from ready bytes, and answers read just far enough to
//! know where they end.
//!
//! It is less than HTTP: answers must say how long they are. The client shares the machine with the server, so what it
//! does not do is speed that is measured.

use std::ops::Range;

/// A server to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// As in a `host` header.
    pub(super) host: String,
    /// Shown with each request.
    pub(super) key: Option<String>,
}

impl Target {
    /// Of `http://HOST:PORT`, with or without a slash behind it.
    pub(super) fn parse(url: &str, key: Option<String>) -> Result<Self, String> {
        let rest = url.strip_prefix("http://").ok_or("it must begin with http://; TLS is not spoken here")?;
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) || host.chars().any(char::is_control) {
            return Err("write it as http://127.0.0.1:8080".to_owned());
        }
        if key.as_deref().is_some_and(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err("a key is made of letters, digits and signs, without spaces".to_owned());
        }
        Ok(Self { host: host.to_owned(), key })
    }

    /// With a port in any case, as sockets want it.
    pub(super) fn authority(&self) -> String {
        let has_port = self.host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if has_port { self.host.clone() } else { format!("{}:80", self.host) }
    }

    /// What follows the path in every request, up to what only some have.
    pub(super) fn head(&self) -> Vec<u8> {
        let key = self.key.as_ref().map_or(String::new(), |key| format!("x-api-key: {key}\r\n"));
        format!(" HTTP/1.1\r\nhost: {}\r\n{key}", self.host).into_bytes()
    }
}

/// An answer, or as much as was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where in the bytes its `location` stands.
    pub(super) location: Option<Range<usize>>,
    /// Where in the bytes its body stands.
    pub(super) body: Range<usize>,
    /// Whether the server hangs up after it.
    pub(super) closes: bool,
}

impl Answer {
    /// Reads an answer from its beginning; `None` if its end is not there yet.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let mut at = match bytes.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) => end + 2,
            None if bytes.len() > 1024 => return Err("it does not answer with HTTP".to_owned()),
            None => return Ok(None),
        };
        let status = bytes.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(number);
        let status = status.ok_or("it does not answer with HTTP/1")? as u16;
        let mut answer = Self { status, location: None, body: 0..0, closes: false };
        let mut length = None;
        loop {
            let Some(rest) = bytes.get(at..) else { return Ok(None) };
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            let began = at;
            at += end + 1;
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':').ok_or("a header without a colon")?;
            let value = line[colon + 1..].trim_ascii();
            match &line[..colon] {
                name if name.eq_ignore_ascii_case(b"content-length") => {
                    length = Some(number(value).ok_or("a content-length that is no number")?);
                }
                name if name.eq_ignore_ascii_case(b"location") => {
                    let start = began + colon + 1 + line[colon + 1..].iter().take_while(|byte| **byte == b' ').count();
                    answer.location = Some(start..start + value.len());
                }
                name if name.eq_ignore_ascii_case(b"connection") => {
                    answer.closes = value.eq_ignore_ascii_case(b"close")
                }
                name if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    return Err("it answers in chunks, without saying how long the answer is".to_owned());
                }
                _ => {}
            }
        }
        let length = match (status, length) {
            (204 | 304, _) => 0,
            (_, Some(length)) => length,
            (_, None) => return Err("it does not say how long its answer is".to_owned()),
        };
        answer.body = at..at + length;
        Ok((bytes.len() >= answer.body.end).then_some(answer))
    }

    /// Where in the server what was made can be found, as a path.
    pub(super) fn path<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        let location = std::str::from_utf8(bytes.get(self.location.clone()?)?).ok()?;
        let behind_host = location.split_once("://").map_or(location, |(_, rest)| rest);
        behind_host.find('/').map(|slash| &behind_host[slash..])
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    let is_short = (1..=9).contains(&digits.len());
    (is_short && digits.iter().all(u8::is_ascii_digit))
        .then(|| digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &[u8] =
        b"HTTP/1.1 201 Created\r\nLocation:  http://h:1/orders/7\r\ncontent-length: 4\r\n\r\nbodyHTTP/1.1 200 OK";

    #[test]
    fn an_answer_is_read_when_its_end_is_there() {
        let end = CREATED.len() - "HTTP/1.1 200 OK".len();
        for cut in 0..end {
            assert_eq!(Answer::read(&CREATED[..cut]), Ok(None), "{cut}");
        }
        let answer = Answer::read(CREATED).unwrap().unwrap();
        assert_eq!((answer.status, &CREATED[answer.body.clone()], answer.closes), (201, &b"body"[..], false));
        assert_eq!(answer.path(CREATED), Some("/orders/7"));
    }

    #[test]
    fn answers_differ_in_what_they_say_of_their_end() {
        // What cannot be read has no status.
        let cases = [
            ("HTTP/1.1 204 No Content\r\n\r\n", Some((204, 0, false))),
            ("HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n", Some((304, 0, false))),
            ("HTTP/1.0 503 Busy\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", Some((503, 0, true))),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", None),
            ("HTTP/1.1 2x0 OK\r\n\r\n", None),
            ("SSH-2.0-OpenSSH\r\n", None),
        ];
        for (text, expected) in cases {
            let read = Answer::read(text.as_bytes());
            let told = read.map(|answer| answer.map(|answer| (answer.status, answer.body.len(), answer.closes)));
            assert_eq!(told.is_err(), expected.is_none(), "{text:?}");
            assert_eq!(told.ok().flatten(), expected, "{text:?}");
        }
    }

    #[test]
    fn where_something_is_can_be_said_with_and_without_the_host() {
        let cases = [("/orders/1", Some("/orders/1")), ("https://a.b:1/o/2?x", Some("/o/2?x")), ("http://a", None)];
        for (location, expected) in cases {
            let text = format!("HTTP/1.1 201 Created\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let answer = Answer::read(text.as_bytes()).unwrap().unwrap();
            assert_eq!(answer.path(text.as_bytes()), expected, "{location}");
        }
    }

    #[test]
    fn urls_name_a_host_and_nothing_else() {
        let host = |url| Target::parse(url, None).map(|target| target.authority()).ok();
        assert_eq!(host("http://127.0.0.1:8080"), Some("127.0.0.1:8080".to_owned()));
        assert_eq!(host("http://shop/"), Some("shop:80".to_owned()));
        assert_eq!(host("http://[::1]:9"), Some("[::1]:9".to_owned()));
        for refused in ["https://a", "a:80", "http://", "http://a/b", "http://a b", "http://u@h", "http://a\r\nx: y"] {
            assert_eq!(host(refused), None, "{refused}");
        }
        for refused in ["", "a b", "a\r\nb"] {
            assert!(Target::parse("http://a", Some(refused.to_owned())).is_err(), "{refused:?}");
        }
    }
}
