//! Decides where a service is, and how it is called: on a connection that is kept, for a bounded answer.

use super::guard::{DialError, Dialer, Line};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;

/// How large an answer may be.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long the rest of an answer is waited for that nobody wants.
const REST_WITHIN: Duration = Duration::from_millis(250);
/// How many connections are kept for the next call.
const KEPT_MAX: usize = 32;

/// Where a service is.
#[derive(Debug)]
pub(crate) struct Address {
    host: String,
    port: u16,
    tls: bool,
    /// Without a slash at its end.
    path: String,
}

impl Address {
    /// Reads `http://host[:port][/path]` or `https://…`.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let wanted = "is not a URL such as https://service.example/v1";
        let uri: Uri = url.parse().map_err(|_| wanted.to_owned())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wanted.to_owned()),
        };
        let authority = uri.authority().ok_or(wanted)?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err("has a password or a query in it; a secret is named in a variable of its own".to_owned());
        }
        Ok(Self {
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            tls,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn host_header(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// As it stands in errors.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}{}", if self.tls { "https" } else { "http" }, self.host_header(), self.path)
    }
}

/// A connection that is not in use by anybody else. When it is dropped it ends.
#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        self.sender.ready().await.map_err(|error| error.to_string())?;
        self.sender.send_request(request).await.map_err(|error| error.to_string())
    }
}

/// What of an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    /// For how many seconds the other side wants to be left alone; below zero, for ever.
    pub(crate) retry_after: Option<i64>,
}

/// Connections for the next calls.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    dialer: Dialer,
    kept: Mutex<Vec<Connection>>,
}

impl Pool {
    /// Connections that this dialer opens.
    pub(crate) fn dialed_by(dialer: Dialer) -> Self {
        Self { dialer, kept: Mutex::default() }
    }

    /// A connection that is still open, or a new one.
    async fn connect(&self, address: &Address) -> Result<Connection, DialError> {
        loop {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match kept {
                Some(connection) if connection.sender.is_closed() => {}
                Some(connection) => return Ok(connection),
                None => break,
            }
        }
        let line = if address.tls { Line::Secured } else { Line::Open };
        let stream = self.dialer.dial(&address.host, address.port, line).await?;
        let opened =
            if address.tls { open(self.dialer.secure(&address.host, stream).await?).await } else { open(stream).await };
        Ok(opened?)
    }

    /// Sends a request; the answer's status and body.
    pub(crate) async fn call(&self, address: &Address, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), String> {
        let mut connection = self.connect(address).await?;
        let response = connection.send(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| format!("its answer cannot be read: {error}"))?.to_bytes();
        self.keep(connection);
        Ok((status, body))
    }

    /// Sends a request to somebody of whose answer only the status counts: what else it says is read if it is short and
    /// comes at once, so that the connection can be kept, and left alone otherwise.
    pub(crate) async fn tell(&self, address: &Address, request: Request<Full<Bytes>>) -> Result<u16, String> {
        Ok(self.tell_of(address, request).await?.status)
    }

    /// The same, and for how long the other side wants to be left alone.
    pub(crate) async fn tell_of(&self, address: &Address, request: Request<Full<Bytes>>) -> Result<Told, DialError> {
        let mut connection = self.connect(address).await?;
        let response = connection.send(request).await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect();
        if let Ok(Ok(_)) = tokio::time::timeout(REST_WITHIN, body).await {
            self.keep(connection);
        }
        Ok(Told { status, retry_after })
    }

    /// Keeps a connection whose answer was read to its end.
    fn keep(&self, connection: Connection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(connection);
        }
    }
}

async fn open(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Connection, String> {
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|error| error.to_string())?;
    // What goes wrong with it is told to whoever waits for an answer.
    let driver = tokio::spawn(async move { drop(connection.await) }).abort_handle();
    Ok(Connection { sender, driver })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_whole_or_refused() {
        let cases = [
            ("http://localhost:9000", "http://localhost:9000"),
            ("https://pay.example/v1/", "https://pay.example/v1"),
            ("https://pay.example:8443/a/b", "https://pay.example:8443/a/b"),
            ("http://[::1]:80", "http://[::1]"),
        ];
        for (url, shown) in cases {
            assert_eq!(Address::parse(url).unwrap().shown(), shown);
        }
        for wrong in
            ["", "pay.example", "ftp://x", "http://", "https://user:secret@x", "http://x/?key=1", "file:///etc"]
        {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }
}
