//! Decides how a collector of traces is told: one `POST` of JSON, on a connection that is kept.

use super::connect::{Address, Pool};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request};

/// A collector of traces. Whoever runs this server names it, so it may be anywhere.
#[derive(Debug)]
pub struct Collector {
    address: Address,
    pool: Pool,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a collector says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It has taken it, but for so many spans.
    Taken {
        /// Spans that it refuses.
        refused: u64,
    },
    /// It may take it later.
    Later(String),
    /// It never will.
    Never(String),
}

impl Collector {
    /// The collector at this URL, who is told these headers too.
    pub fn new(url: &str, headers: &[(String, String)]) -> Result<Self, String> {
        let header = |(name, value): &(String, String)| {
            let wrong = || format!("has a header {name:?} that is none");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            Ok::<_, String>((name, super::sensitive(value).map_err(|_| wrong())?))
        };
        let headers = headers.iter().map(header).collect::<Result<_, _>>()?;
        Ok(Self { address: Address::parse(url)?, pool: Pool::default(), headers })
    }

    /// As it stands in messages.
    pub fn shown(&self) -> String {
        self.address.shown()
    }

    /// Tells it once.
    pub async fn tell(&self, body: &Bytes) -> Heard {
        let path = if self.address.path().is_empty() { "/" } else { self.address.path() };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", self.address.host_header())
            .header("user-agent", "orderflow")
            .header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(body.clone())) {
            Ok(request) => request,
            Err(error) => return Heard::Never(error.to_string()),
        };
        match self.pool.call(&self.address, request).await {
            Ok((200..300, answer)) => Heard::Taken { refused: refused(&answer) },
            // Those that OTLP calls retryable.
            Ok((status @ (429 | 502 | 503 | 504), _)) => Heard::Later(format!("it answers with status {status}")),
            Ok((status, _)) => Heard::Never(format!("it answers with status {status}")),
            Err(error) => Heard::Later(error),
        }
    }
}

/// How many spans an answer says were refused.
fn refused(answer: &[u8]) -> u64 {
    let answer: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    let refused = &answer["partialSuccess"]["rejectedSpans"];
    refused.as_u64().or_else(|| refused.as_str()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_read_in_either_spelling() {
        for (answer, count) in [
            ("", 0),
            ("{}", 0),
            (r#"{"partialSuccess":{}}"#, 0),
            (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#, 3),
            (r#"{"partialSuccess":{"rejectedSpans":2}}"#, 2),
        ] {
            assert_eq!(refused(answer.as_bytes()), count, "{answer}");
        }
    }

    #[test]
    fn a_collector_that_cannot_be_meant_is_refused() {
        assert!(Collector::new("localhost:4318", &[]).is_err());
        assert!(Collector::new("http://localhost:4318/v1/traces", &[("a b".to_owned(), "c".to_owned())]).is_err());
        let collector = Collector::new("http://localhost:4318/v1/traces", &[]).unwrap();
        assert_eq!(collector.shown(), "http://localhost:4318/v1/traces");
    }
}
