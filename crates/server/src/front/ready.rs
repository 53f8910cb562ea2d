//! Decides in what form an answer goes out, and is kept to be given again: as HTTP has it, so that giving it a second time
//! makes nothing anew but what differs.

use crate::body::Body;
use bytes::Bytes;
use gateway::answer::{Answer, Header};
use hyper::header::{AGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use std::borrow::Cow;
use std::time::Duration;

/// What a header costs in memory beside its letters.
const HEADER_OVERHEAD: usize = 96;

/// An answer as it goes out, but for what every answer has of its own.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl From<Answer> for Ready {
    fn from(answer: Answer) -> Self {
        let Answer { status, headers, body } = answer;
        let mut ready = Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::with_capacity(headers.len() + 4),
            body,
        };
        for header in headers {
            // What is no header is left out: it can only come from a template that AWS would refuse.
            if let Some((name, value)) = header_of(header) {
                ready.headers.append(name, value);
            }
        }
        ready
    }
}

impl Ready {
    /// How much memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let of_headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER_OVERHEAD);
        of_headers.sum::<usize>() + self.body.len()
    }

    /// The same for a client who asks again, so long after; without a body if the client has that already.
    pub(super) fn again(&self, age: Duration, if_none_match: Option<&str>) -> Self {
        let mut again = self.clone();
        let tag = self.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        if let (Some(tag), Some(had)) = (tag, if_none_match)
            && had.split(',').map(str::trim).any(|one| one == "*" || strong(one) == strong(tag))
        {
            again.status = StatusCode::NOT_MODIFIED;
            again.body = Bytes::new();
            again.headers.remove(CONTENT_TYPE);
        }
        again.headers.insert(AGE, HeaderValue::from(age.as_secs()));
        again
    }

    /// Adds headers of which it has none yet.
    pub(super) fn add_missing(&mut self, headers: impl IntoIterator<Item = Header>) {
        for (name, value) in headers.into_iter().filter_map(header_of) {
            if !self.headers.contains_key(&name) {
                self.headers.insert(name, value);
            }
        }
    }

    /// The answer to the request of this id.
    pub(super) fn respond(mut self, request_id: &str) -> Response<Body> {
        const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
        if !self.headers.contains_key(REQUEST_ID)
            && let Ok(value) = HeaderValue::from_str(request_id)
        {
            self.headers.insert(REQUEST_ID, value);
        }
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// A tag without the mark that says it is a weak one: whether a client has an answer does not depend on that.
fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// A header as HTTP has it, if it can be one; its letters are not copied.
fn header_of((name, value): Header) -> Option<(HeaderName, HeaderValue)> {
    let value = match value {
        Cow::Borrowed(value) => Bytes::from_static(value.as_bytes()),
        Cow::Owned(value) => Bytes::from(value),
    };
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_maybe_shared(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Ready {
        Ready::from(Answer {
            status: 200,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("ETag".into(), "\"v1\"".into()),
                ("x-of-a-template".into(), "a\nb".into()),
            ],
            body: Bytes::from_static(b"{}"),
        })
    }

    #[test]
    fn what_a_client_has_is_not_sent_again() {
        for (had, status, body) in [
            (None, 200, "{}"),
            (Some("\"v0\""), 200, "{}"),
            (Some("\"v1\""), 304, ""),
            (Some("\"v0\", W/\"v1\""), 304, ""),
            (Some("*"), 304, ""),
        ] {
            let again = answer().again(Duration::from_millis(2_900), had);
            assert_eq!((again.status.as_u16(), &again.body[..]), (status, body.as_bytes()), "{had:?}");
            assert_eq!(again.headers[AGE], "2", "{had:?}");
            assert_eq!(again.headers.contains_key(CONTENT_TYPE), status == 200, "{had:?}");
        }
    }

    #[test]
    fn an_answer_carries_its_own_headers_first_and_no_broken_ones() {
        let mut ready = answer();
        ready.add_missing([("etag".into(), "\"other\"".into()), ("Vary".into(), "Origin".into())]);
        let response = ready.respond("r-1");
        let headers = response.headers();
        assert_eq!((&headers[ETAG], &headers["vary"]), (&"\"v1\"".parse().unwrap(), &"Origin".parse().unwrap()));
        assert_eq!(headers["x-amzn-requestid"], "r-1");
        assert!(!headers.contains_key("x-of-a-template"), "{headers:?}");
    }
}
