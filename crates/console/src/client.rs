//! Decides how a running server is asked: plain HTTP to its admin listener, within a time and a size.
//!
//! [`Client`] asks one thing at a time, for commands, which are no servers and may wait; [`Connection`] is what it asks
//! through, and what those use that have several things to send at once.

use crate::ask::{Kind, Problem};
use crate::exit::{Failure, UNREACHABLE};
use crate::views::Refused;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// How long a server may take to be there.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long most answers may take.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long an answer may take for which the whole log is read, or a function runs.
pub(crate) const WORK_WITHIN: Duration = Duration::from_secs(3600);
/// How large an answer may be.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Nobody listens there.
    #[error("no server answers at {address}: {error}")]
    NoServer {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        error: String,
    },
    /// It takes too long.
    #[error("the server at {address} has not answered within {} s", within.as_secs())]
    TooLate {
        /// Which server.
        address: SocketAddr,
        /// How long it had.
        within: Duration,
    },
    /// The connection ended, or what came is no HTTP, or too much.
    #[error("the server at {address} has not answered in full: {error}")]
    Broken {
        /// Which server.
        address: SocketAddr,
        /// What is wrong.
        error: String,
    },
}

impl From<NoAnswer> for Failure {
    fn from(none: NoAnswer) -> Self {
        let failure = Failure::new(UNREACHABLE, none.to_string());
        match none {
            NoAnswer::NoServer { .. } => failure.hint("start one with: orderflow up"),
            NoAnswer::TooLate { .. } => failure.hint("it is busy or hangs; ask again, or look at what it prints"),
            NoAnswer::Broken { .. } => failure.hint("is that really the admin listener of an orderflow server?"),
        }
    }
}

/// One connection to a server.
pub(crate) struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, NoAnswer> {
        Self::open_over(address, None).await
    }

    /// Connects, over TLS if a connector and the server's name are given.
    pub(crate) async fn open_over(
        address: SocketAddr,
        tls: Option<(&TlsConnector, ServerName<'static>)>,
    ) -> Result<Self, NoAnswer> {
        let address = reachable(address);
        let none = |error: String| NoAnswer::NoServer { address, error };
        let connected = timeout(CONNECT_WITHIN, TcpStream::connect(address)).await;
        let stream = connected.map_err(|_| none("it does not answer".to_owned()))?;
        let stream = stream.map_err(|error| none(error.to_string()))?;
        // Small requests are sent at once; without this they would wait for each other. If it cannot be set, they do.
        let _ = stream.set_nodelay(true);
        let sender = match tls {
            None => shake_hands(stream).await,
            Some((connector, name)) => {
                let greeted = timeout(CONNECT_WITHIN, connector.connect(name, stream)).await;
                let stream = greeted.map_err(|_| none("it does not answer over TLS".to_owned()))?;
                shake_hands(stream.map_err(|error| none(error.to_string()))?).await
            }
        };
        Ok(Self { address, sender: sender.map_err(|error| none(error.to_string()))? })
    }

    /// Sends a request, and waits for all of its answer.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        within: Duration,
    ) -> Result<(StatusCode, Bytes), NoAnswer> {
        let address = self.address;
        let broken = |error: String| NoAnswer::Broken { address, error };
        let answered = timeout(within, async {
            let response = self.begin(method, path, headers, body).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok((status, body.map_err(|error| broken(error.to_string()))?.to_bytes()))
        });
        answered.await.map_err(|_| NoAnswer::TooLate { address, within })?
    }

    /// Sends a request, and waits for the head of its answer, within `within`; its body may come for as long as it
    /// likes.
    pub(crate) async fn follow(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        within: Duration,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let address = self.address;
        let answered = timeout(within, self.begin(Method::GET, path, headers, Bytes::new()));
        answered.await.map_err(|_| NoAnswer::TooLate { address, within })?
    }

    async fn begin(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let address = self.address;
        let broken = |error: String| NoAnswer::Broken { address, error };
        let mut request = Request::builder().method(method).uri(path).header("host", address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).map_err(|error| broken(error.to_string()))?;
        self.sender.ready().await.map_err(|error| broken(error.to_string()))?;
        self.sender.send_request(request).await.map_err(|error| broken(error.to_string()))
    }
}

async fn shake_hands(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, hyper::Error> {
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // What goes wrong with it is told to whoever waits for an answer.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Where to connect to reach who listens there: who listens everywhere is here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Asks a server.
pub(crate) struct Client {
    address: SocketAddr,
    /// One thread is enough to wait for one answer, or to send what is to be sent.
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Client {
    /// A client of the server whose admin listener is there; nobody is asked yet.
    pub(crate) fn new(address: SocketAddr) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::new(UNREACHABLE, format!("the system refuses: {error}")))?;
        Ok(Self { address, runtime })
    }

    /// Whom it asks.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks for what is at a path under `/_orderflow`.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str, within: Duration) -> Result<T, Failure> {
        self.ask(Method::GET, path, Bytes::new(), within)
    }

    /// Tells a path under `/_orderflow` to do something.
    pub(crate) fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        within: Duration,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).expect("views have string keys");
        self.ask(Method::POST, path, body.into(), within)
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        within: Duration,
    ) -> Result<T, Failure> {
        let body = self.good(method, path, body, within)?;
        serde_json::from_slice(&body).map_err(|error| {
            let error = format!("it answers /_orderflow{path} with something else than expected ({error})");
            NoAnswer::Broken { address: self.address, error }.into()
        })
    }

    /// The body of a good answer, whatever it tells.
    fn good(&self, method: Method, path: &str, body: Bytes, within: Duration) -> Result<Bytes, Failure> {
        let path = format!("/_orderflow{path}");
        let headers = [("content-type", "application/json")];
        let (status, body) = self.runtime.block_on(async {
            let mut connection = Connection::open(self.address).await?;
            connection.send(method, &path, &headers, body, within).await
        })?;
        if status.is_success() {
            return Ok(body);
        }
        match serde_json::from_slice::<Refused>(&body) {
            Ok(refused) => Err(Problem { kind: Kind::of_status(status.as_u16()), refused }.into()),
            Err(_) => {
                let text = String::from_utf8_lossy(&body);
                let error =
                    format!("it answers {path} with {status}: {}", text.trim().chars().take(200).collect::<String>());
                Err(NoAnswer::Broken { address: self.address, error }.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        let cases = [
            ("0.0.0.0:4566", "127.0.0.1:4566"),
            ("[::]:4566", "[::1]:4566"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("10.0.0.1:1", "10.0.0.1:1"),
        ];
        for (listens, asked) in cases {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_a_failure_of_its_own_kind() {
        // Bound and let go, so that nobody listens there.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let client = Client::new(free).unwrap();
        let failure = client.get::<serde_json::Value>("/health", ANSWER_WITHIN).unwrap_err();
        assert_eq!(failure.code, UNREACHABLE);
        assert!(failure.error.contains(&free.to_string()), "{}", failure.error);
        assert_eq!(failure.hint.as_deref(), Some("start one with: orderflow up"));
    }
}
