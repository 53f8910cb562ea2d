//! Decides how versions and aliases are asked for and told.

use super::{Call, after, page};
use crate::error::{Code, WireError};
use crate::head::{RequestHead, form};
use crate::members::{Members, Rules, parse_body};
use crate::reply::Service;
use crate::unknown_operation;
use serde_json::{Map, Value as Json, json};
use types::{Account, AliasName, FunctionName, Qualifier, Version};

/// The most versions, and aliases, of one page.
const PAGE_MAX: usize = 50;
const ALIAS: &str = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
const VERSION: &str = r"Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)";
const WEIGHTS: &str = "routingConfig.additionalVersionWeights";

/// Another version that an alias stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OtherVersion {
    /// Its number.
    pub version: u64,
    /// Which part of the invocations it gets, from 0 to 1.
    pub weight: f64,
}

/// What an alias is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlias {
    /// Its name.
    pub name: AliasName,
    /// The version that it stands for.
    pub version: Version,
    /// The other one.
    pub other: Option<OtherVersion>,
    /// What it is for.
    pub description: String,
}

/// What an alias is said to be.
#[derive(Debug, Clone, Copy)]
pub struct AliasDescription<'a> {
    /// Of which function.
    pub function: &'a FunctionName,
    /// Its name.
    pub name: &'a AliasName,
    /// The version that it stands for.
    pub version: Version,
    /// The other one.
    pub other: Option<OtherVersion>,
    /// What it is for.
    pub description: &'a str,
    /// It is another one after each change.
    pub revision: &'a str,
}

/// Reads what is asked of a function's versions or aliases (`of`), or of one alias.
pub(super) fn parse(
    method: &str,
    of: &str,
    alias: Option<&str>,
    function: FunctionName,
    head: &RequestHead<'_>,
    body: &[u8],
) -> Result<Call, WireError> {
    match (method, of, alias) {
        ("POST", "versions", None) => publish(function, body),
        ("GET", "versions", None) => {
            let (marked, limit) = page(head, PAGE_MAX)?;
            let after = match after(marked)? {
                None => None,
                Some(Qualifier::Version(version)) => Some(version),
                Some(Qualifier::Alias(_)) => return Err(WireError::token_invalid(Service::Lambda)),
            };
            Ok(Call::ListVersions { function, after, limit })
        }
        ("POST", "aliases", None) => create(function, body),
        ("GET", "aliases", None) => {
            let (marked, limit) = page(head, PAGE_MAX)?;
            let parameters = form(head.query);
            let version = parameters.iter().find(|(name, _)| name == "FunctionVersion").map(|(_, value)| value);
            let version = version.map(|text| read_version(text)).transpose()?;
            Ok(Call::ListAliases { function, version, after: after(marked)?, limit })
        }
        ("GET", "aliases", Some(alias)) => Ok(Call::GetAlias { function, name: read_alias(alias)? }),
        ("PUT", "aliases", Some(alias)) => update(function, read_alias(alias)?, body),
        ("DELETE", "aliases", Some(alias)) => Ok(Call::DeleteAlias { function, name: read_alias(alias)? }),
        _ => Err(unknown_operation(&format!("{method} {}", head.path))),
    }
}

fn publish(function: FunctionName, body: &[u8]) -> Result<Call, WireError> {
    let body = parse_body(body)?;
    let members = Members::new(&body, Service::Lambda);
    if members.get("PublishTo").is_some() {
        return Err(WireError::not_handled(Service::Lambda, "PublishTo"));
    }
    let text = |name: &str| Ok::<_, WireError>(members.text(name)?.map(str::to_owned));
    let (description, code_sha256, revision) = (described(&members)?, text("CodeSha256")?, text("RevisionId")?);
    Ok(Call::PublishVersion { function, description, code_sha256, revision })
}

fn create(function: FunctionName, body: &[u8]) -> Result<Call, WireError> {
    let body = parse_body(body)?;
    let members = Members::new(&body, Service::Lambda);
    let mut rules = Rules::default();
    let (name, version) = (members.text("Name")?, members.text("FunctionVersion")?);
    for (given, path) in [(name, "name"), (version, "functionVersion")] {
        if given.is_none() {
            rules.broken(None, path, "Member must not be null");
        }
    }
    rules.check(Code::Validation)?;
    let alias = NewAlias {
        name: read_alias(name.unwrap_or_default())?,
        version: read_version(version.unwrap_or_default())?,
        other: other(&members)?.flatten(),
        description: described(&members)?.unwrap_or_default(),
    };
    Ok(Call::CreateAlias { function, alias })
}

fn update(function: FunctionName, name: AliasName, body: &[u8]) -> Result<Call, WireError> {
    let body = parse_body(body)?;
    let members = Members::new(&body, Service::Lambda);
    Ok(Call::UpdateAlias {
        function,
        name,
        version: members.text("FunctionVersion")?.map(read_version).transpose()?,
        other: other(&members)?,
        description: described(&members)?,
        revision: members.text("RevisionId")?.map(str::to_owned),
    })
}

fn described(members: &Members<'_>) -> Result<Option<String>, WireError> {
    let description = members.text("Description")?;
    let mut rules = Rules::default();
    rules.length(description.unwrap_or_default(), "description", 0, 256);
    rules.check(Code::Validation)?;
    Ok(description.map(str::to_owned))
}

fn read_alias(text: &str) -> Result<AliasName, WireError> {
    match text.parse() {
        Ok(Qualifier::Alias(name)) => Ok(name),
        Ok(Qualifier::Version(_)) | Err(_) => Err(broken(text, "name", ALIAS)),
    }
}

/// A version by its number. One that there cannot be is taken for the last that there can be: it is not there.
fn read_version(text: &str) -> Result<Version, WireError> {
    match text.parse() {
        Ok(Qualifier::Version(version)) => Ok(version),
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Version::Numbered(u64::MAX)),
        Ok(Qualifier::Alias(_)) | Err(_) => Err(broken(text, "functionVersion", VERSION)),
    }
}

fn broken(value: &str, path: &str, rule: &str) -> WireError {
    let mut rules = Rules::default();
    rules.broken(Some(value), path, rule);
    rules.check(Code::Validation).expect_err("a rule was just broken")
}

/// The other version of an alias: nothing if nothing is said of it, `Some(None)` if it is said that there is none.
fn other(members: &Members<'_>) -> Result<Option<Option<OtherVersion>>, WireError> {
    let Some(routing) = members.nested("RoutingConfig")? else { return Ok(None) };
    let none = Map::new();
    let weights = routing.object("AdditionalVersionWeights")?.unwrap_or(&none);
    if weights.len() > 1 {
        let message = "Number of items in AdditionalVersionWeights cannot be greater than 1";
        return Err(WireError::new(Code::InvalidParameterValue, message));
    }
    let Some((version, weight)) = weights.iter().next() else { return Ok(Some(None)) };
    let Some(weight) = weight.as_f64() else {
        let message = format!("The weight of version {version} must be a number");
        return Err(WireError::new(Code::Serialization, message));
    };
    let shown = format!("{{{version}={weight:?}}}");
    if !(0.0..=1.0).contains(&weight) {
        let rule = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must \
                    have value greater than or equal to 0.0, Member must not be null]";
        return Err(broken(&shown, WEIGHTS, rule));
    }
    match read_version(version) {
        Ok(Version::Numbered(version)) => Ok(Some(Some(OtherVersion { version, weight }))),
        Ok(Version::Latest) | Err(_) => {
            let rule = "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member \
                        must have length greater than or equal to 1, Member must satisfy regular expression pattern: \
                        [0-9]+, Member must not be null]";
            Err(broken(&shown, WEIGHTS, rule))
        }
    }
}

pub(super) fn describe(alias: &AliasDescription<'_>, account: &Account) -> Json {
    let AliasDescription { function, name, version, other, description, revision } = alias;
    let mut described = json!({
        "AliasArn": account.arn("lambda", &format!("function:{function}:{name}")).to_string(),
        "Name": name.as_str(),
        "FunctionVersion": version.to_string(),
        "Description": description,
        "RevisionId": revision,
    });
    if let Some(OtherVersion { version, weight }) = other {
        described["RoutingConfig"] = json!({ "AdditionalVersionWeights": { (version.to_string()): weight } });
    }
    described
}
