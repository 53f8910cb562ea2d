//! Decides how it is said, and told, how a function does what nobody waits for.

use super::{Call, after, page};
use crate::error::{Code, WireError};
use crate::head::RequestHead;
use crate::members::{Members, Rules, parse_body};
use crate::reply::Service;
use crate::unknown_operation;
use serde_json::{Value as Json, json};
use types::{Account, Arn, FunctionName, Qualifier, QueueName, Timestamp, object};

/// The most of one page.
const PAGE_MAX: usize = 50;

/// Who is told what became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A queue.
    Queue(QueueName),
    /// A function.
    Function(FunctionName),
}

/// How a function is to do what nobody waits for; what is not given is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvokeSettings {
    /// How often an event is tried again.
    pub retries: Option<u32>,
    /// How old it may get.
    pub max_age_seconds: Option<u32>,
    /// Who is told: of a success, and of what was given up.
    pub told: Option<(Option<Destination>, Option<Destination>)>,
}

/// What was said of how a function does what nobody waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeConfigDescription {
    /// Of which function.
    pub function: FunctionName,
    /// Of which version or alias of it.
    pub qualifier: Qualifier,
    /// How often an event is tried again.
    pub retries: Option<u32>,
    /// How old it may get.
    pub max_age_seconds: Option<u32>,
    /// Who is told of a success.
    pub on_success: Option<Destination>,
    /// Who is told of what was given up.
    pub on_failure: Option<Destination>,
    /// When that was said.
    pub changed_at: Timestamp,
}

/// Reads what is asked.
pub(super) fn parse(
    method: &str,
    lists: bool,
    function: FunctionName,
    qualifier: Option<Qualifier>,
    head: &RequestHead<'_>,
    body: &[u8],
    account: &Account,
) -> Result<Call, WireError> {
    let qualifier = qualifier.unwrap_or(Qualifier::LATEST);
    match (method, lists) {
        ("GET", true) => {
            let (marked, limit) = page(head, PAGE_MAX)?;
            Ok(Call::ListInvokeConfigs { function, after: after(marked)?, limit })
        }
        ("PUT" | "POST", false) => {
            let settings = settings(body, &function, account)?;
            Ok(Call::SetInvokeConfig { function, qualifier, settings, add: method == "POST" })
        }
        ("GET", false) => Ok(Call::GetInvokeConfig { function, qualifier }),
        ("DELETE", false) => Ok(Call::DeleteInvokeConfig { function, qualifier }),
        _ => Err(unknown_operation(&format!("{method} {}", head.path))),
    }
}

fn settings(body: &[u8], function: &FunctionName, account: &Account) -> Result<InvokeSettings, WireError> {
    let body = parse_body(body)?;
    let members = Members::new(&body, Service::Lambda);
    let mut rules = Rules::default();
    let mut number = |name: &str, path: &str, least: i64, most: i64| {
        let given = members.integer(name)?;
        let held = given.map(|given| rules.range(given, path, least, most));
        Ok::<_, WireError>(held.and_then(|held| u32::try_from(held).ok()))
    };
    let retries = number("MaximumRetryAttempts", "maximumRetryAttempts", 0, 2)?;
    let max_age_seconds = number("MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", 60, 21_600)?;
    let config = members.nested("DestinationConfig")?;
    let of = |name: &str| {
        let to = config.as_ref().map(|config| config.nested(name)).transpose()?.flatten();
        to.map(|to| to.text("Destination")).transpose()
    };
    let given = Given { success: of("OnSuccess")?, failure: of("OnFailure")? };
    for (arn, path) in [(given.success, "onSuccess"), (given.failure, "onFailure")] {
        if let Some(arn) = named(arn).filter(|arn| !is_destination(arn)) {
            rules.broken(Some(arn), &format!("destinationConfig.{path}.destination"), DESTINATION);
        }
    }
    rules.check(Code::Validation)?;
    let read = |arn| named(arn).map(|arn| destination(arn, given, function, account)).transpose();
    let told = match config {
        None => None,
        Some(_) => Some((read(given.success)?, read(given.failure)?)),
    };
    if retries.is_none() && max_age_seconds.is_none() && told.is_none() {
        let message = "You must specify at least one of error handling or destination setting.";
        return Err(WireError::new(Code::InvalidParameterValue, message));
    }
    Ok(InvokeSettings { retries, max_age_seconds, told })
}

/// The destinations as they were given: whether there is a member, and what is in it.
#[derive(Clone, Copy)]
struct Given<'a> {
    success: Option<Option<&'a str>>,
    failure: Option<Option<&'a str>>,
}

/// The ARN, if there is one; an empty text is none.
fn named(given: Option<Option<&str>>) -> Option<&str> {
    given.flatten().filter(|arn| !arn.is_empty())
}

/// As AWS's Java prints them.
impl std::fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let one = |kind: &str, to: Option<Option<&str>>| match to {
            None => "null".to_owned(),
            Some(arn) => format!("{kind}(destination={})", arn.unwrap_or("null")),
        };
        let (success, failure) = (one("OnSuccess", self.success), one("OnFailure", self.failure));
        write!(f, "DestinationConfig(onSuccess={success}, onFailure={failure})")
    }
}

const DESTINATION: &str = r"Member must satisfy regular expression pattern: ^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";

/// Whether a text has the form that [`DESTINATION`] describes.
fn is_destination(text: &str) -> bool {
    let [arn, partition, service, region, account, _] = text.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let is_word = |part: &str| part.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
    let is_region = || match region.split('-').collect::<Vec<_>>()[..] {
        [land, ref middle @ .., place, number] => {
            let is_small = |part: &str| !part.is_empty() && part.chars().all(|char| char.is_ascii_lowercase());
            land.len() == 2
                && is_small(land)
                && matches!(middle, [] | ["gov" | "iso" | "isob"])
                && is_small(place)
                && number.len() == 1
                && number.chars().all(|char| char.is_ascii_digit())
        }
        _ => false,
    };
    arn == "arn"
        && partition.starts_with("aws")
        && is_word(partition)
        && !service.is_empty()
        && is_word(service)
        && (region.is_empty() || is_region())
        && (account.is_empty() || (account.len() == 12 && account.chars().all(|char| char.is_ascii_digit())))
}

fn destination(
    text: &str,
    given: Given<'_>,
    function: &FunctionName,
    account: &Account,
) -> Result<Destination, WireError> {
    let refused = |message: String| WireError::new(Code::InvalidParameterValue, message);
    let invalid = || refused(format!("The destination ARN {text} is invalid."));
    let arn: Arn = text.parse().map_err(|_| invalid())?;
    if !matches!(&*arn.service, "sqs" | "lambda" | "sns" | "events" | "s3") {
        return Err(refused(format!("The provided destination config {given} is invalid.")));
    }
    if *arn.account != *account.id || *arn.region != *account.region {
        return Err(invalid());
    }
    match &*arn.service {
        "sqs" => arn.resource.parse().map(Destination::Queue).map_err(|_| invalid()),
        "lambda" => {
            let name: FunctionName =
                arn.resource.strip_prefix("function:").and_then(|name| name.parse().ok()).ok_or_else(invalid)?;
            if name == *function {
                return Err(refused("You can't specify the function as a destination for itself.".to_owned()));
            }
            Ok(Destination::Function(name))
        }
        _ => Err(WireError::not_handled(Service::Lambda, "A Destination that is no queue or function")),
    }
}

pub(super) fn describe(config: &InvokeConfigDescription, account: &Account) -> Json {
    let InvokeConfigDescription { function, qualifier, retries, max_age_seconds, on_success, on_failure, changed_at } =
        config;
    let to = |to: &Option<Destination>| match to {
        None => json!({}),
        Some(Destination::Queue(name)) => json!({ "Destination": account.arn("sqs", name.as_str()).to_string() }),
        Some(Destination::Function(name)) => {
            json!({ "Destination": account.arn("lambda", &format!("function:{name}")).to_string() })
        }
    };
    let mut described = object([
        ("FunctionArn", account.arn("lambda", &format!("function:{function}:{qualifier}")).to_string().into()),
        ("LastModified", (changed_at.millis() as f64 / 1000.0).into()),
        ("DestinationConfig", json!({ "OnSuccess": to(on_success), "OnFailure": to(on_failure) })),
    ]);
    if let Some(retries) = retries {
        described.insert("MaximumRetryAttempts".to_owned(), (*retries).into());
    }
    if let Some(seconds) = max_age_seconds {
        described.insert("MaximumEventAgeInSeconds".to_owned(), (*seconds).into());
    }
    Json::Object(described)
}
