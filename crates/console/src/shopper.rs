//! Decides how the command line is a customer: over the public listener, with a key, as any shop's own program would be.
//!
//! Where the listener is, the server says; the key is named, stands in the environment, or is the one that `up` made
//! for this machine and left in the data directory.

use crate::access::{self, Named};
use crate::client::{ANSWER_WITHIN, Client, Connection, NoAnswer};
use crate::config::Config;
use crate::exit::{Failure, NO, UNREACHABLE, USAGE};
use crate::views::Health;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Method, StatusCode};
use serde_json::Value as Json;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// The environment variable that names the key.
pub(crate) const KEY_VARIABLE: &str = "ORDERFLOW_API_KEY";
/// The file in the data directory that holds the key of this machine.
pub const KEY_FILE: &str = "api-key";

/// A customer of a running server.
pub(crate) struct Shopper {
    pub(crate) runtime: tokio::runtime::Runtime,
    /// Where to go in; for all who go in at once.
    pub(crate) door: Arc<Door>,
}

/// Where a customer goes in, and with which key.
pub(crate) struct Door {
    address: SocketAddr,
    tls: Option<TlsConnector>,
    key: String,
}

/// An answer of the public listener.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its body; null if it is no JSON.
    pub(crate) body: Json,
}

impl Shopper {
    /// A customer with this key, or the one that is at hand.
    pub(crate) fn new(config: &Config, named: Named, key: Option<&str>) -> Result<Self, Failure> {
        let (client, health) = access::server(config, named)?;
        Self::of(client, &health, key)
    }

    /// A customer of the server that says this of itself.
    pub(crate) fn of(client: Client, health: &Health, key: Option<&str>) -> Result<Self, Failure> {
        let (scheme, address) = health.public.split_once("://").unwrap_or(("http", &health.public));
        let address = address.parse().map_err(|_| {
            Failure::new(UNREACHABLE, format!("the server says that customers are served at {:?}", health.public))
        })?;
        let key = match key.map(str::to_owned).or_else(|| std::env::var(KEY_VARIABLE).ok()) {
            Some(key) if !key.is_empty() => key,
            _ => kept_key(Path::new(&health.directory))?,
        };
        let tls = if scheme == "https" { Some(connector(Path::new(&health.directory))?) } else { None };
        Ok(Self { runtime: client.runtime, door: Arc::new(Door { address, tls, key }) })
    }

    /// Asks for something, and waits for the answer.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let headers = self.door.with_key(headers);
        let (status, body) = self.runtime.block_on(async {
            let mut connection = self.door.connect().await?;
            connection.send(method, path, &headers, body, ANSWER_WITHIN).await
        })?;
        Ok(Answer::read(status, &body))
    }

    /// Listens to server-sent events until they end, or `heard` says that it has heard enough; each is given with its
    /// name and data.
    pub(crate) fn listen(&self, path: &str, mut heard: impl FnMut(&str, &str) -> bool) -> Result<Answer, Failure> {
        let headers = self.door.with_key(&[("accept", "text/event-stream")]);
        self.runtime.block_on(async {
            let mut connection = self.door.connect().await?;
            let response = connection.follow(path, &headers, ANSWER_WITHIN).await?;
            let status = response.status().as_u16();
            let mut body = response.into_body();
            let mut text = Vec::new();
            while let Some(frame) = body.frame().await {
                let broken =
                    |error: hyper::Error| NoAnswer::Broken { address: self.door.address, error: error.to_string() };
                let frame = frame.map_err(broken)?;
                text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                if status != 200 {
                    continue;
                }
                while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                    let event = String::from_utf8_lossy(&text[..end]).into_owned();
                    text.drain(..end + 2);
                    let field =
                        |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim();
                    let (name, data) = (field("event:"), field("data:"));
                    if !data.is_empty() && !heard(name, data) {
                        return Ok(Answer { status, body: Json::Null });
                    }
                }
            }
            Ok(Answer { status, body: serde_json::from_slice(&text).unwrap_or(Json::Null) })
        })
    }
}

impl Door {
    /// Goes in.
    pub(crate) async fn connect(&self) -> Result<Connection, NoAnswer> {
        let name = || ServerName::IpAddress(self.address.ip().into());
        Connection::open_over(self.address, self.tls.as_ref().map(|tls| (tls, name()))).await
    }

    /// The headers with the key.
    pub(crate) fn with_key<'a>(&'a self, headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let key = ("x-api-key", self.key.as_str());
        headers.iter().copied().chain([key]).collect()
    }
}

impl Answer {
    /// What was answered.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        Self { status: status.as_u16(), body: serde_json::from_slice(body).unwrap_or(Json::Null) }
    }

    /// The body of a good answer; a problem as a failure.
    pub(crate) fn good(self) -> Result<Json, Failure> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let text = |name: &str| self.body[name].as_str().unwrap_or("").to_owned();
        let detail = [text("detail"), text("title"), text("message")].into_iter().find(|text| !text.is_empty());
        // A server without an API answers on its public listener, but not with a problem.
        let no_api = self.status == 404 && self.body.is_null();
        if no_api {
            return Err(Failure::new(NO, "this server takes no orders over HTTP: no stack that it runs has an API")
                .hint("`orderflow up` without a template runs one that has; here, see `orderflow trigger --help`"));
        }
        let mut said = format!("{} ({})", detail.unwrap_or_else(|| "the server refuses".to_owned()), self.status);
        for error in self.body["errors"].as_array().into_iter().flatten() {
            let part = |name: &str| error[name].as_str().unwrap_or("");
            // An empty pointer is the whole body.
            let colon = if part("pointer").is_empty() { "" } else { ": " };
            said.push_str(&format!("\n{}{colon}{}", part("pointer"), part("detail")));
        }
        let code =
            if (400..500).contains(&self.status) && self.status != 404 && self.status != 409 { USAGE } else { NO };
        let failure = Failure::new(code, said);
        Err(match self.status {
            403 => failure.hint(format!(
                "name a key with --key or {KEY_VARIABLE}; `orderflow keys list` shows which there are, and `orderflow \
                 keys create` makes one"
            )),
            429 => failure.hint("the key's plan allows no more just now; wait a moment"),
            _ => failure,
        })
    }
}

/// The key that `up` left for this machine.
pub(crate) fn kept_key(directory: &Path) -> Result<String, Failure> {
    let file = directory.join(KEY_FILE);
    let why = match std::fs::read_to_string(&file) {
        Ok(key) if !key.trim().is_empty() => return Ok(key.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            format!("the key cannot be read: {}: {error}", file.display())
        }
        Ok(_) | Err(_) => format!("there is no key in {}", file.display()),
    };
    Err(Failure::new(USAGE, why)
        .hint(format!("make one with `orderflow keys create`, and name it with --key or {KEY_VARIABLE}")))
}

/// Trusts the certificate that `up` made for development.
fn connector(directory: &Path) -> Result<TlsConnector, Failure> {
    let file = directory.join("development.crt");
    let said = |error: &dyn std::fmt::Display| {
        Failure::new(UNREACHABLE, format!("customers are served over TLS, and {}: {error}", file.display()))
            .hint("with a certificate of your own, use curl --cacert or your shop's own program")
    };
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(&file).map_err(|error| said(&error))?;
    roots.add(certificate).map_err(|error| said(&error))?;
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| said(&error))?;
    Ok(TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
}
