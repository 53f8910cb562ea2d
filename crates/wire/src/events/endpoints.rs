//! Decides how requests about connections and API destinations are read, and how both are told again: with everything but
//! their secrets.
//!
//! Invariant: no secret is in an answer, nor in what is said of a faulty request.

use super::Call;
use super::request::{NAME, Request, kept};
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::DESCRIPTION_MAX;
use delivery::bus::endpoint::{
    Added, AuthSpec, ConnectionSpec, DestinationSpec, ENDPOINT_MAX, EndpointRefused, Method, PER_SECOND, SecretSpec,
};
use serde_json::{Map, Value as Json, json};

const KINDS: [&str; 3] = ["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"];
/// The states that a connection may be listed by; here it is always the fourth.
const STATES: [&str; 8] = [
    "CREATING",
    "UPDATING",
    "DELETING",
    AUTHORIZED,
    "DEAUTHORIZED",
    "AUTHORIZING",
    "DEAUTHORIZING",
    "FAILED_CONNECTIVITY",
];
/// The state of a connection that can be used, which each is as soon as it is made.
pub(super) const AUTHORIZED: &str = "AUTHORIZED";
const CONNECTION_PATTERN: &str =
    r"^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$";
/// How long a secret may be, or a name beside it.
const TEXT_MAX: usize = 512;
/// How many things may be added to each call, of each kind.
const ADDED_MAX: usize = 100;

/// What is to become different of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionChange {
    description: Option<String>,
    kind: Option<Kind>,
    /// The header and the key.
    key: Option<(Option<String>, Option<SecretSpec>)>,
    /// The name and the password.
    basic: Option<(Option<String>, Option<SecretSpec>)>,
    added: Option<[Vec<Added>; 3]>,
}

/// What is to become different of an API destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DestinationChange {
    description: Option<String>,
    connection: Option<String>,
    endpoint: Option<String>,
    method: Option<Method>,
    per_second: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ApiKey,
    Basic,
}

impl ConnectionChange {
    /// Makes the change.
    pub fn apply(self, spec: &mut ConnectionSpec) -> Result<(), EndpointRefused> {
        let was = match &spec.auth {
            AuthSpec::ApiKey { .. } => Kind::ApiKey,
            AuthSpec::Basic { .. } => Kind::Basic,
        };
        let (kind, given) = match (self.key, self.basic) {
            (Some(_), Some(_)) => return Err(mismatch("those of two kinds are given")),
            (Some(given), None) => (Kind::ApiKey, given),
            (None, Some(given)) => (Kind::Basic, given),
            (None, None) => (self.kind.unwrap_or(was), (None, None)),
        };
        if self.kind.is_some_and(|wanted| wanted != kind) {
            return Err(mismatch("they are not those of the AuthorizationType"));
        }
        let (name, secret) = given;
        let (old_name, old_secret) = match &spec.auth {
            AuthSpec::ApiKey { header, value } => (header, value),
            AuthSpec::Basic { user, password } => (user, password),
        };
        let same = kind == was;
        let name = name.or_else(|| same.then(|| old_name.clone()));
        let secret = secret.or_else(|| same.then(|| old_secret.clone()));
        let (Some(name), Some(secret)) = (name, secret) else {
            return Err(mismatch("a part of the new kind is missing"));
        };
        spec.auth = match kind {
            Kind::ApiKey => AuthSpec::ApiKey { header: name, value: secret },
            Kind::Basic => AuthSpec::Basic { user: name, password: secret },
        };
        if let Some([headers, query, body]) = self.added {
            (spec.headers, spec.query, spec.body, spec.says_added) = (headers, query, body, true);
        }
        if self.description.is_some() {
            spec.description = self.description;
        }
        Ok(())
    }
}

impl DestinationChange {
    /// Makes the change.
    pub fn apply(self, spec: &mut DestinationSpec) {
        let Self { description, connection, endpoint, method, per_second } = self;
        spec.description = description.or(spec.description.take());
        spec.per_second = per_second.or(spec.per_second);
        if let Some(connection) = connection {
            spec.connection = connection;
        }
        if let Some(endpoint) = endpoint {
            spec.endpoint = endpoint;
        }
        if let Some(method) = method {
            spec.method = method;
        }
    }
}

fn mismatch(reason: &'static str) -> EndpointRefused {
    EndpointRefused::Auth { reason }
}

pub(super) fn create_connection(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "Name", &NAME)?;
    for member in ["AuthorizationType", "AuthParameters"] {
        if !request.has(member) {
            rules.missing(&request.path(member));
        }
    }
    let change = connection_change(&mut rules, request)?;
    rules.check(Code::Validation)?;
    let ConnectionChange { description, kind, key, basic, added } = change;
    let auth = match (kept(kind), key, basic) {
        (Kind::ApiKey, Some((Some(header), Some(value))), None) => AuthSpec::ApiKey { header, value },
        (Kind::Basic, None, Some((Some(user), Some(password)))) => AuthSpec::Basic { user, password },
        (_, _, _) => {
            let refused = mismatch("exactly the parameters of the AuthorizationType must be there, all of them");
            return Err(WireError::new(Code::Validation, refused.to_string()));
        }
    };
    let says_added = added.is_some();
    let [headers, query, body] = added.unwrap_or_default();
    let spec = ConnectionSpec { name: kept(name), description, auth, headers, query, body, says_added };
    let connection = Box::new(spec);
    Ok(Call::CreateConnection { connection })
}

pub(super) fn update_connection(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "Name", &NAME)?;
    let change = Box::new(connection_change(&mut rules, request)?);
    rules.check(Code::Validation)?;
    Ok(Call::UpdateConnection { connection: kept(name), change })
}

fn connection_change(rules: &mut Rules, request: &Request<'_>) -> Result<ConnectionChange, WireError> {
    request.refuse(&["InvocationConnectivityParameters", "KmsKeyIdentifier"])?;
    let mut change = ConnectionChange {
        description: request.short(rules, "Description", DESCRIPTION_MAX)?,
        ..ConnectionChange::default()
    };
    change.kind = match request.one_of(rules, "AuthorizationType", &KINDS)? {
        Some("API_KEY") => Some(Kind::ApiKey),
        Some("BASIC") => Some(Kind::Basic),
        Some("OAUTH_CLIENT_CREDENTIALS") => {
            let message = "The AuthorizationType OAUTH_CLIENT_CREDENTIALS is not handled by this engine yet.";
            return Err(WireError::new(Code::Validation, message));
        }
        Some(_) | None => None,
    };
    let Some(parameters) = request.object("AuthParameters")? else { return Ok(change) };
    parameters.refuse(&["OAuthParameters", "ConnectivityParameters"])?;
    change.key = parameters
        .object("ApiKeyAuthParameters")?
        .map(|key| Ok::<_, WireError>((name_text(rules, &key, "ApiKeyName")?, secret(rules, &key, "ApiKeyValue")?)))
        .transpose()?;
    change.basic = parameters
        .object("BasicAuthParameters")?
        .map(|basic| Ok::<_, WireError>((name_text(rules, &basic, "Username")?, secret(rules, &basic, "Password")?)))
        .transpose()?;
    if let Some(all) = parameters.object("InvocationHttpParameters")? {
        let mut lists = [Vec::new(), Vec::new(), Vec::new()];
        for (list, member) in lists.iter_mut().zip(["HeaderParameters", "QueryStringParameters", "BodyParameters"]) {
            *list = added(rules, &all, member)?;
        }
        change.added = Some(lists);
    }
    Ok(change)
}

fn name_text(rules: &mut Rules, request: &Request<'_>, member: &str) -> Result<Option<String>, WireError> {
    let text = request.short(rules, member, TEXT_MAX)?;
    if text.as_ref().is_some_and(String::is_empty) {
        rules.length("", &request.path(member), 1, TEXT_MAX);
    }
    Ok(text)
}

/// A secret, which no error shows.
fn secret(rules: &mut Rules, request: &Request<'_>, member: &str) -> Result<Option<SecretSpec>, WireError> {
    let Some(text) = request.text(member)? else { return Ok(None) };
    if text.is_empty() || text.encode_utf16().count() > TEXT_MAX {
        let rule = format!("Member must have length from 1 to {TEXT_MAX}");
        rules.broken(Some("[hidden]"), &request.path(member), &rule);
    }
    Ok(Some(SecretSpec::Text(text.to_owned())))
}

fn added(rules: &mut Rules, request: &Request<'_>, member: &str) -> Result<Vec<Added>, WireError> {
    let list = request.objects(member)?.unwrap_or_default();
    if list.len() > ADDED_MAX {
        request.count(rules, member, Some(list.len()), ADDED_MAX);
    }
    let one = |one: &Request<'_>| {
        let value = one.owned("Value")?.unwrap_or_default();
        let secret = one.truth("IsValueSecret")?.unwrap_or(false);
        Ok(Added { key: one.owned("Key")?.unwrap_or_default(), value: SecretSpec::Text(value), secret })
    };
    list.iter().map(one).collect()
}

pub(super) fn delete_connection(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::DeleteConnection { connection: named(request)? })
}

pub(super) fn describe_connection(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::DescribeConnection { connection: named(request)? })
}

fn named<T: std::str::FromStr>(request: &Request<'_>) -> Result<T, WireError> {
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "Name", &NAME)?;
    rules.check(Code::Validation)?;
    Ok(kept(name))
}

pub(super) fn list_connections(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let page = request.page(&mut rules, &NAME)?;
    let state = request.one_of(&mut rules, "ConnectionState", &STATES)?;
    rules.check(Code::Validation)?;
    Ok(Call::ListConnections { any: state.is_none_or(|state| state == AUTHORIZED), page })
}

pub(super) fn create_destination(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "Name", &NAME)?;
    let change = destination_change(&mut rules, request)?;
    for member in ["ConnectionArn", "InvocationEndpoint", "HttpMethod"] {
        if !request.has(member) {
            rules.missing(&request.path(member));
        }
    }
    rules.check(Code::Validation)?;
    let DestinationChange { description, connection, endpoint, method, per_second } = change;
    let (connection, endpoint, method) = (kept(connection), kept(endpoint), kept(method));
    let destination =
        Box::new(DestinationSpec { name: kept(name), description, connection, endpoint, method, per_second });
    Ok(Call::CreateApiDestination { destination })
}

pub(super) fn update_destination(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "Name", &NAME)?;
    let change = Box::new(destination_change(&mut rules, request)?);
    rules.check(Code::Validation)?;
    Ok(Call::UpdateApiDestination { destination: kept(name), change })
}

fn destination_change(rules: &mut Rules, request: &Request<'_>) -> Result<DestinationChange, WireError> {
    let connection = request.long_name(rules, "ConnectionArn")?;
    if let Some(arn) = &connection
        && !is_connection_arn(arn)
    {
        let rule = format!("Member must satisfy regular expression pattern: {CONNECTION_PATTERN}");
        rules.broken(Some(arn), &request.path("ConnectionArn"), &rule);
    }
    let methods = Method::ALL.map(|(name, _)| name);
    let method = request.one_of(rules, "HttpMethod", &methods)?;
    let rate = request.number(rules, "InvocationRateLimitPerSecond", 1, i64::from(PER_SECOND))?;
    Ok(DestinationChange {
        description: request.short(rules, "Description", DESCRIPTION_MAX)?,
        connection,
        endpoint: request.short(rules, "InvocationEndpoint", ENDPOINT_MAX)?,
        method: method.and_then(|name| Method::ALL.iter().find(|(known, _)| *known == name)).map(|(_, method)| *method),
        per_second: rate.and_then(|rate| u32::try_from(rate).ok()),
    })
}

/// Whether a text has the form that [`CONNECTION_PATTERN`] describes.
fn is_connection_arn(text: &str) -> bool {
    let all = |part: &str, fits: fn(char) -> bool| part.chars().all(fits);
    let [arn, partition, service, region, account, resource] = text.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let [kind, name, id] = resource.split('/').collect::<Vec<_>>()[..] else { return false };
    arn == "arn"
        && partition.strip_prefix("aws").is_some_and(|rest| all(rest, |char| char.is_ascii_lowercase() || char == '-'))
        && service == "events"
        && all(region, |char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-')
        && (account.is_empty() || (account.len() == 12 && all(account, |char| char.is_ascii_digit())))
        && kind == "connection"
        && !name.is_empty()
        && all(name, |char| char.is_ascii_alphanumeric() || "._-".contains(char))
        && !id.is_empty()
        && all(id, |char| char.is_ascii_alphanumeric() || char == '-')
}

pub(super) fn delete_destination(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::DeleteApiDestination { destination: named(request)? })
}

pub(super) fn describe_destination(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::DescribeApiDestination { destination: named(request)? })
}

pub(super) fn list_destinations(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let page = request.page(&mut rules, &NAME)?;
    let connection = request.long_name(&mut rules, "ConnectionArn")?;
    rules.check(Code::Validation)?;
    Ok(Call::ListApiDestinations { connection, page })
}

/// The `AuthorizationType` of a connection.
pub(super) fn kind(spec: &ConnectionSpec) -> &'static str {
    match &spec.auth {
        AuthSpec::ApiKey { .. } => "API_KEY",
        AuthSpec::Basic { .. } => "BASIC",
    }
}

/// What is told of a connection's parameters: all but the secrets.
pub(super) fn auth(spec: &ConnectionSpec) -> Json {
    let mut told = match &spec.auth {
        AuthSpec::ApiKey { header, .. } => json!({ "ApiKeyAuthParameters": { "ApiKeyName": header } }),
        AuthSpec::Basic { user, .. } => json!({ "BasicAuthParameters": { "Username": user } }),
    };
    let mut lists = Map::new();
    for (member, list) in
        [("HeaderParameters", &spec.headers), ("QueryStringParameters", &spec.query), ("BodyParameters", &spec.body)]
    {
        if !list.is_empty() {
            lists.insert(member.to_owned(), list.iter().map(spell_added).collect());
        }
    }
    if spec.says_added || !lists.is_empty() {
        told["InvocationHttpParameters"] = Json::Object(lists);
    }
    told
}

fn spell_added(added: &Added) -> Json {
    let mut told = json!({ "Key": added.key, "IsValueSecret": added.secret });
    match &added.value {
        SecretSpec::Text(text) if !added.secret => told["Value"] = text.as_str().into(),
        SecretSpec::Text(_) | SecretSpec::Variable(_) => {}
    }
    told
}
