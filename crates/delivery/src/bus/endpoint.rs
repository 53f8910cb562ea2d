//! Decides what is asked of an HTTP endpoint for one event: where ([`Destination`]), as whom ([`Connection`]), with which
//! parameters of the target's own, and what its answer means ([`Answer::came`]).
//!
//! Nothing here calls anybody: a [`Call`] goes out to whoever does. Secrets are given by whoever holds them; here they are
//! known by name, or as they were handed over ([`SecretSpec`]).
//!
//! Invariants: what is in an event changes neither whom a call goes to nor what else is in it; no secret is in what is
//! printed of these types.

mod call;
mod parts;

pub use call::{Answer, Call, ENDPOINT_WITHIN};
pub(super) use parts::is_header_of_ours;

use parts::Url;
use serde::{Deserialize, Serialize};
use std::fmt;
use types::{ConnectionName, DestinationName};

/// How many calls a second an endpoint gets if nobody says.
pub const PER_SECOND: u32 = 300;
/// How long an endpoint's address may be.
pub const ENDPOINT_MAX: usize = 2048;

/// A secret as it was asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretSpec {
    /// It stands in this environment variable where orderflow runs.
    Variable(String),
    /// It was handed over as it is.
    Text(String),
}

/// Not derived, so that no log ever shows a secret.
impl fmt::Debug for SecretSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.debug_tuple("Variable").field(name).finish(),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
}

/// As whom endpoints are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionSpec {
    /// Its name.
    pub name: ConnectionName,
    /// What it is for.
    pub description: Option<String>,
    /// What the endpoint knows the caller by.
    pub auth: AuthSpec,
    /// Headers of every call.
    pub headers: Vec<Added>,
    /// Parameters of every call's query.
    pub query: Vec<Added>,
    /// Members of every call's body, if that is a JSON object.
    pub body: Vec<Added>,
    /// Whether it was said what is added to every call, be it nothing: AWS tells again that it was said.
    #[serde(default)]
    pub says_added: bool,
}

/// What an endpoint knows its caller by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthSpec {
    /// A key in a header.
    ApiKey {
        /// The header.
        header: String,
        /// The key.
        value: SecretSpec,
    },
    /// A name and a password, as HTTP's basic authentication has them.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: SecretSpec,
    },
}

/// What is added to every call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: SecretSpec,
    /// Whether nobody is told the value.
    pub secret: bool,
}

/// An endpoint as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationSpec {
    /// Its name.
    pub name: DestinationName,
    /// What it is for.
    pub description: Option<String>,
    /// The ARN of the connection.
    pub connection: String,
    /// Where it is: a URL, with a `*` in its path for each value that a target gives.
    pub endpoint: String,
    /// How it is called.
    pub method: Method,
    /// How many calls it gets a second; none for [`PER_SECOND`].
    pub per_second: Option<u32>,
}

/// How an endpoint is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are HTTP's own words")]
pub enum Method {
    Post,
    Get,
    Head,
    Options,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// All of them, by HTTP's names, in the order in which AWS lists them.
    pub const ALL: [(&'static str, Self); 7] = [
        ("HEAD", Self::Head),
        ("POST", Self::Post),
        ("PATCH", Self::Patch),
        ("DELETE", Self::Delete),
        ("PUT", Self::Put),
        ("GET", Self::Get),
        ("OPTIONS", Self::Options),
    ];

    /// HTTP's name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, method)| *method == self).expect("all are listed").0
    }

    /// Whether a request of this kind has a body.
    fn has_body(self) -> bool {
        match self {
            Self::Post | Self::Put | Self::Patch | Self::Delete | Self::Options => true,
            Self::Get | Self::Head => false,
        }
    }
}

/// Why a connection or an endpoint is refused when it is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointRefused {
    /// The address is none, or not one that is called.
    #[error("Parameter InvocationEndpoint is not valid. Reason: {reason}.")]
    Endpoint {
        /// What is wrong.
        reason: String,
    },
    /// It would be called too often, or not at all.
    #[error(
        "Parameter InvocationRateLimitPerSecond is not valid. Reason: it is {given}, and must be from 1 to {PER_SECOND}."
    )]
    Rate {
        /// What was asked for.
        given: u32,
    },
    /// What the endpoint is to know its caller by is not whole.
    #[error("Parameter AuthParameters is not valid. Reason: {reason}.")]
    Auth {
        /// What is wrong.
        reason: &'static str,
    },
    /// What stands in a header cannot stand there.
    #[error("Parameter {name} is not valid. Reason: {reason}.")]
    Header {
        /// The header.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Whether a text is the address of an endpoint that may be named; if not, why.
pub fn check_address(text: &str) -> Result<(), String> {
    Url::parse(text).map(drop)
}

/// As whom endpoints are called, checked.
#[derive(Debug, Clone)]
pub struct Connection {
    spec: ConnectionSpec,
}

/// An endpoint, checked.
#[derive(Debug, Clone)]
pub struct Destination {
    spec: DestinationSpec,
    url: Url,
}

impl Connection {
    /// Reads what was asked for.
    pub fn parse(spec: ConnectionSpec) -> Result<Self, EndpointRefused> {
        let names = spec.headers.iter().map(|added| added.key.as_str());
        let of_auth = match &spec.auth {
            AuthSpec::ApiKey { header, .. } => Some(header.as_str()),
            AuthSpec::Basic { .. } => None,
        };
        names.chain(of_auth).try_for_each(parts::check_header_name)?;
        Ok(Self { spec })
    }

    /// What was asked for.
    pub fn spec(&self) -> &ConnectionSpec {
        &self.spec
    }
}

impl ConnectionSpec {
    /// The environment variables that its secrets stand in.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let auth = match &self.auth {
            AuthSpec::ApiKey { value, .. } | AuthSpec::Basic { password: value, .. } => value,
        };
        let added = [&self.headers, &self.query, &self.body].into_iter().flatten().map(|added| &added.value);
        added.chain([auth]).filter_map(|secret| match secret {
            SecretSpec::Variable(name) => Some(name.as_str()),
            SecretSpec::Text(_) => None,
        })
    }
}

impl Destination {
    /// Reads what was asked for.
    pub fn parse(spec: DestinationSpec) -> Result<Self, EndpointRefused> {
        let url = Url::parse(&spec.endpoint).map_err(|reason| EndpointRefused::Endpoint { reason })?;
        match spec.per_second {
            Some(given) if !(1..=PER_SECOND).contains(&given) => Err(EndpointRefused::Rate { given }),
            Some(_) | None => Ok(Self { spec, url }),
        }
    }

    /// What was asked for.
    pub fn spec(&self) -> &DestinationSpec {
        &self.spec
    }

    /// How many calls it gets a second.
    pub fn per_second(&self) -> u32 {
        self.spec.per_second.unwrap_or(PER_SECOND)
    }
}

#[cfg(test)]
mod tests;
