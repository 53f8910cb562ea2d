//! Decides what one call holds, and what came of it.

use super::parts::{header_value, pair, segment};
use super::{Added, AuthSpec, Connection, Destination, Method, SecretSpec};
use crate::bus::failure::{ErrorCode, Failure};
use crate::bus::{Event, HttpParameters, Parameter};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value as Json;
use std::fmt;
use std::time::Duration;

/// How long an endpoint may take to answer; as long as AWS waits.
pub const ENDPOINT_WITHIN: Duration = Duration::from_secs(5);
/// The longest wait that an endpoint's `Retry-After` brings about.
const ASKED_WAIT_MAX: i64 = 86_400;

/// A request that somebody is to make, once.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// `POST` and the like.
    pub method: &'static str,
    /// Whether it is made under TLS.
    pub tls: bool,
    /// Host and port.
    pub authority: String,
    /// Path and query.
    pub path: String,
    /// All headers but those of the transport, of the signature and of the id.
    pub headers: Vec<(String, String)>,
    /// What is sent; empty where a request of this kind has no body.
    pub body: String,
    /// The same whenever this is tried again, and nowhere else.
    pub id: String,
    /// What the endpoint knows too, and the call is signed with.
    pub secret: Option<String>,
    /// How long it may take.
    pub within: Duration,
}

/// Not derived: there are secrets in it, and customers' data.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("method", &self.method).field("id", &self.id).finish_non_exhaustive()
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The endpoint answered.
    Status {
        /// With this status.
        status: u16,
        /// And asked to be left alone for so many seconds; for ever, if they are less than none.
        retry_after: Option<i64>,
    },
    /// It did not answer in time.
    Late,
    /// It could not be reached.
    Unreached(String),
    /// It must not be called.
    Forbidden(String),
    /// There is nobody here who makes calls.
    NotMade,
}

impl Answer {
    /// Whether the event was taken; if not, what that means.
    pub fn came(self) -> Result<(), Failure> {
        match self {
            Self::Status { status, retry_after } => match Failure::of_http_status(status) {
                None => Ok(()),
                Some(failure) => Err(match retry_after {
                    Some(..0) => Failure::new(
                        ErrorCode::SdkClientError,
                        format!("{}, and that it shall not be asked again", failure.message),
                    ),
                    Some(seconds) => {
                        let seconds = u64::try_from(seconds.min(ASKED_WAIT_MAX)).unwrap_or(0);
                        failure.asked_to_wait(Duration::from_secs(seconds))
                    }
                    None => failure,
                }),
            },
            Self::Late => {
                let message = format!("the endpoint did not answer within {} s", ENDPOINT_WITHIN.as_secs());
                Err(Failure::new(ErrorCode::Timeout, message))
            }
            Self::Unreached(why) => Err(Failure::new(ErrorCode::ConnectionFailure, why)),
            Self::Forbidden(why) => Err(Failure::new(ErrorCode::NoPermissions, why)),
            Self::NotMade => Err(Failure::new(ErrorCode::InternalError, "nobody here makes calls")),
        }
    }
}

/// What a call is made of, from outside in.
struct Making<'m> {
    secrets: &'m dyn Fn(&str) -> Option<String>,
}

impl Making<'_> {
    fn secret(&self, spec: &SecretSpec) -> Result<String, Failure> {
        match spec {
            SecretSpec::Text(text) => Ok(text.clone()),
            SecretSpec::Variable(name) => (self.secrets)(name).ok_or_else(|| {
                let message = format!("the environment variable {name}, which holds the secret, is not set");
                Failure::new(ErrorCode::NoPermissions, message)
            }),
        }
    }

    fn added(&self, list: &[Added]) -> Result<Vec<(String, String)>, Failure> {
        list.iter().map(|added| Ok((added.key.clone(), self.secret(&added.value)?))).collect()
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(ErrorCode::InvalidParameter, message)
}

impl Destination {
    /// The call that brings an event here. `values` has what each parameter is for the event, `input` is what the target
    /// makes of it, `id` what the receiver knows the call by, and `secrets` has what stands in environment variables.
    /// Where the target and the connection say the same thing, the connection is right, as it is on AWS.
    pub fn call(
        &self,
        connection: &Connection,
        parameters: &HttpParameters,
        values: &dyn Fn(&Parameter) -> Option<String>,
        input: &str,
        id: String,
        secrets: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Call, Failure> {
        let making = Making { secrets };
        let given = |name: &str, parameter: &Parameter| {
            values(parameter).ok_or_else(|| invalid(format!("the event has nothing at the path for {name}")))
        };
        let spec = connection.spec();
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned()),
            ("User-Agent".to_owned(), "Amazon/EventBridge/ApiDestinations".to_owned()),
        ];
        for (name, parameter) in &parameters.headers {
            put(&mut headers, name, given(name, parameter)?);
        }
        for (name, value) in making.added(&spec.headers)? {
            put(&mut headers, &name, value);
        }
        let secret = match &spec.auth {
            AuthSpec::ApiKey { header, value } => {
                let key = making.secret(value)?;
                put(&mut headers, header, key.clone());
                key
            }
            AuthSpec::Basic { user, password } => {
                let password = making.secret(password)?;
                let both = BASE64.encode(format!("{user}:{password}"));
                put(&mut headers, "Authorization", format!("Basic {both}"));
                password
            }
        };
        headers.iter().try_for_each(|(name, value)| header_value(name, value)).map_err(invalid)?;
        let mut query: Vec<(String, String)> = Vec::new();
        for (name, parameter) in &parameters.query {
            query.push((name.clone(), given(name, parameter)?));
        }
        for (name, value) in making.added(&spec.query)? {
            query.retain(|(known, _)| *known != name);
            query.push((name, value));
        }
        let body =
            if self.spec.method.has_body() { with_members(input, making.added(&spec.body)?) } else { String::new() };
        Ok(Call {
            method: self.spec.method.name(),
            tls: self.url.tls,
            authority: self.url.authority.clone(),
            path: self.path(parameters, values, &query)?,
            headers,
            body,
            id,
            secret: Some(secret),
            within: ENDPOINT_WITHIN,
        })
    }

    fn path(
        &self,
        parameters: &HttpParameters,
        values: &dyn Fn(&Parameter) -> Option<String>,
        query: &[(String, String)],
    ) -> Result<String, Failure> {
        let mut given = parameters.path_values.iter();
        let mut path = String::new();
        let mut pieces = self.url.path.split('*');
        path.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let value =
                given.next().ok_or_else(|| invalid("the target gives too few values for the path".to_owned()))?;
            let value = values(value).ok_or_else(|| invalid("the event has no value for the path".to_owned()))?;
            path.push_str(&segment(&value).map_err(invalid)?);
            path.push_str(piece);
        }
        let pairs =
            query.iter().map(|(name, value)| pair(name, value)).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
        let all =
            self.url.query.iter().cloned().chain(pairs).filter(|pair| !pair.is_empty()).collect::<Vec<_>>().join("&");
        Ok(if all.is_empty() { path } else { format!("{path}?{all}") })
    }
}

impl Call {
    /// The call that tells somebody of an event who is known by a URL and a secret alone.
    pub fn of_webhook(url: &str, event: &Event, id: String, secret: String) -> Result<Self, Failure> {
        let url = super::Url::parse(url).map_err(invalid)?;
        let path = url.query.as_ref().map_or_else(|| url.path.clone(), |query| format!("{}?{query}", url.path));
        let headers = [("Content-Type", "application/json; charset=utf-8"), ("User-Agent", "orderflow")];
        Ok(Self {
            method: Method::Post.name(),
            tls: url.tls,
            authority: url.authority,
            path,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: event.json().to_owned(),
            id,
            secret: Some(secret),
            within: ENDPOINT_WITHIN,
        })
    }
}

/// Sets a header, in place of one of that name.
fn put(headers: &mut Vec<(String, String)>, name: &str, value: String) {
    headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    headers.push((name.to_owned(), value));
}

/// The input with these members, if it is an object and there are any.
fn with_members(input: &str, members: Vec<(String, String)>) -> String {
    if members.is_empty() {
        return input.to_owned();
    }
    match serde_json::from_str::<Json>(input) {
        Ok(Json::Object(mut object)) => {
            object.extend(members.into_iter().map(|(name, value)| (name, Json::from(value))));
            Json::Object(object).to_string()
        }
        Ok(_) | Err(_) => input.to_owned(),
    }
}
