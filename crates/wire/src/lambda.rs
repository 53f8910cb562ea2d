//! Decides how requests of functions are read and answered: their operation is a method and a path.
//!
//! Start at `parse`. A function that fails is an answer, not an error: status 200, and a header that says so. Versions and
//! aliases are in [`aliases`], how what nobody waits for is done in [`invoking`], and what is refused of both in
//! [`Refused`].

mod aliases;
mod invoking;
mod naming;
mod refused;

pub use aliases::{AliasDescription, NewAlias, OtherVersion};
pub use invoking::{Destination, InvokeConfigDescription, InvokeSettings};
pub use refused::Refused;

use crate::error::{Code, WireError};
use crate::head::{RequestHead, form, percent_decode};
use crate::members::Rules;
use crate::reply::{Reply, Response, Service};
use crate::{Context, unknown_operation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use naming::{DOTTED, PLAIN, named};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use types::{
    Account, AliasName, FunctionName, LogGroupName, Qualifier, QueueName, SortedMap, Timestamp, Version, object,
};

/// The largest payload, in and out.
pub const PAYLOAD_MAX: usize = 6_291_456;
/// The largest payload of an event that nobody waits for.
pub const EVENT_MAX: usize = 1_048_576;
/// The most bytes that a function may answer.
pub const ANSWER_MAX: usize = 6_291_556;
/// The most bytes of a function's log that an invocation gives back.
pub const LOG_TAIL_MAX: usize = 4096;
/// The most functions of one page.
const FUNCTIONS_PAGE_MAX: usize = 50;

/// What a client asks of functions.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Run a function and wait for its answer.
    Invoke {
        /// Which.
        function: FunctionName,
        /// Which version of it.
        qualifier: Option<Qualifier>,
        /// What to hand to it: JSON.
        payload: Vec<u8>,
        /// Whether to give back the end of what it logged.
        log_tail: bool,
    },
    /// Run a function without waiting for it.
    InvokeEvent {
        /// Which.
        function: FunctionName,
        /// Which version of it.
        qualifier: Option<Qualifier>,
        /// What to hand to it: JSON.
        payload: Vec<u8>,
    },
    /// Say whether a function could be run, without running it.
    DryRun {
        /// Which.
        function: FunctionName,
        /// Which version of it.
        qualifier: Option<Qualifier>,
    },
    /// Say what a function is.
    GetFunction {
        /// Which.
        function: FunctionName,
        /// Which version of it.
        qualifier: Option<Qualifier>,
    },
    /// Say how a function is set.
    GetFunctionConfiguration {
        /// Which.
        function: FunctionName,
        /// Which version of it.
        qualifier: Option<Qualifier>,
    },
    /// Say which functions there are, sorted by name.
    ListFunctions {
        /// Only those after this name.
        after: Option<FunctionName>,
        /// At most so many.
        limit: usize,
        /// Whether each of their versions is meant.
        all_versions: bool,
    },
    /// Give a function as it is a number.
    PublishVersion {
        /// Which.
        function: FunctionName,
        /// What the version is for.
        description: Option<String>,
        /// What the hash of its code must be.
        code_sha256: Option<String>,
        /// What the function must still be.
        revision: Option<String>,
    },
    /// Say which versions of a function there are: the function as it is, and then by their numbers.
    ListVersions {
        /// Of which.
        function: FunctionName,
        /// Only those after this one.
        after: Option<Version>,
        /// At most so many.
        limit: usize,
    },
    /// Make an alias.
    CreateAlias {
        /// Of which function.
        function: FunctionName,
        /// What it is.
        alias: NewAlias,
    },
    /// Change an alias; what is not given stays.
    UpdateAlias {
        /// Of which function.
        function: FunctionName,
        /// Which.
        name: AliasName,
        /// The version that it stands for.
        version: Option<Version>,
        /// The other one; `Some(None)` for none.
        other: Option<Option<OtherVersion>>,
        /// What it is for.
        description: Option<String>,
        /// What it must still be.
        revision: Option<String>,
    },
    /// Say what an alias is.
    GetAlias {
        /// Of which function.
        function: FunctionName,
        /// Which.
        name: AliasName,
    },
    /// Delete an alias.
    DeleteAlias {
        /// Of which function.
        function: FunctionName,
        /// Which.
        name: AliasName,
    },
    /// Say which aliases of a function there are, sorted by name.
    ListAliases {
        /// Of which.
        function: FunctionName,
        /// Only those that stand for this version.
        version: Option<Version>,
        /// Only those after this name.
        after: Option<AliasName>,
        /// At most so many.
        limit: usize,
    },
    /// Say how a function does what nobody waits for.
    SetInvokeConfig {
        /// Which.
        function: FunctionName,
        /// Which version or alias of it.
        qualifier: Qualifier,
        /// How.
        settings: InvokeSettings,
        /// Whether what is not said now stays as it was said before.
        add: bool,
    },
    /// Say how a function does what nobody waits for.
    GetInvokeConfig {
        /// Which.
        function: FunctionName,
        /// Which version or alias of it.
        qualifier: Qualifier,
    },
    /// Take back what was said of how a function does what nobody waits for.
    DeleteInvokeConfig {
        /// Which.
        function: FunctionName,
        /// Which version or alias of it.
        qualifier: Qualifier,
    },
    /// Say all that was said of how a function does what nobody waits for.
    ListInvokeConfigs {
        /// Which.
        function: FunctionName,
        /// Only what was said of those after this.
        after: Option<Qualifier>,
        /// At most so many.
        limit: usize,
    },
}

/// What is answered about functions.
#[derive(Debug)]
pub enum Answer<'a> {
    /// A function was run.
    Invoked {
        /// Which version of it.
        version: Version,
        /// What it answered, or what is wrong, as JSON.
        payload: &'a [u8],
        /// Whether it failed.
        failed: bool,
        /// The end of what it logged, when that was asked for.
        log_tail: Option<&'a str>,
    },
    /// A function will be run.
    Accepted,
    /// A function could be run.
    Runnable,
    /// What a function is.
    Function(&'a FunctionDescription<'a>),
    /// How a function is set.
    Configuration(&'a FunctionDescription<'a>),
    /// A function as it was has a number.
    Published(&'a FunctionDescription<'a>),
    /// Which versions of a function there are.
    Versions {
        /// The function as it is, then by their numbers; each asked for by its version.
        versions: &'a [FunctionDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// What an alias is.
    Alias {
        /// What.
        alias: &'a AliasDescription<'a>,
        /// Whether it was just made.
        made: bool,
    },
    /// Which aliases of a function there are.
    Aliases {
        /// Sorted by name.
        aliases: &'a [AliasDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// How a function does what nobody waits for.
    InvokeConfig(&'a InvokeConfigDescription),
    /// All that was said of how a function does what nobody waits for.
    InvokeConfigs {
        /// What was said.
        configs: &'a [InvokeConfigDescription],
        /// Whether there is more after it.
        more: bool,
    },
    /// It is gone.
    Deleted,
    /// Which functions there are.
    Listed {
        /// Sorted by name.
        functions: &'a [FunctionDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
}

/// What a function is said to be.
#[derive(Debug, Clone, Copy)]
pub struct FunctionDescription<'a> {
    /// Its name.
    pub name: &'a FunctionName,
    /// Which version of it is described.
    pub version: Version,
    /// What it was asked for by, if by more than its name.
    pub qualifier: Option<&'a Qualifier>,
    /// It is another one after each change.
    pub revision: &'a str,
    /// The runtime that its template names.
    pub runtime: &'a str,
    /// Its handler.
    pub handler: &'a str,
    /// The ARN of its role.
    pub role: &'a str,
    /// What its template says it is for.
    pub description: &'a str,
    /// How long one invocation may take.
    pub timeout_seconds: u32,
    /// How much memory it is given.
    pub memory_mb: u32,
    /// Its environment variables.
    pub environment: &'a SortedMap<String, String>,
    /// Where its lines go.
    pub log_group: &'a LogGroupName,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// The queue of events that it gave up.
    pub dead_letters: Option<&'a QueueName>,
    /// How many invocations may run at once; `None` for as many as are asked for.
    pub concurrency: Option<u32>,
}

pub(crate) fn parse(head: &RequestHead<'_>, body: &[u8], context: &Context) -> Result<Call, WireError> {
    // Split before escapes are undone: a name may be an ARN with slashes in it.
    let path: Vec<&str> = head.path.trim_end_matches('/').split('/').collect();
    match (head.method, &path[..]) {
        ("GET", ["", "2015-03-31", "functions"]) => list_functions(head),
        ("POST", ["", "2015-03-31", "functions", name, "invocations"]) => {
            invoke(head, &percent_decode(name, false), body, context)
        }
        ("GET", ["", "2015-03-31", "functions", name]) => {
            let (function, qualifier) = named(head, &percent_decode(name, false), DOTTED, context)?;
            Ok(Call::GetFunction { function, qualifier })
        }
        ("GET", ["", "2015-03-31", "functions", name, "configuration"]) => {
            let (function, qualifier) = named(head, &percent_decode(name, false), PLAIN, context)?;
            Ok(Call::GetFunctionConfiguration { function, qualifier })
        }
        (method, ["", "2015-03-31", "functions", name, rest @ ("versions" | "aliases"), alias @ ..])
            if alias.len() < 2 =>
        {
            let (function, _) = named(head, &percent_decode(name, false), PLAIN, context)?;
            let alias = alias.first().map(|alias| percent_decode(alias, false));
            aliases::parse(method, rest, alias.as_deref(), function, head, body)
        }
        (method, ["", "2019-09-25", "functions", name, "event-invoke-config", rest @ ..])
            if matches!(rest, [] | ["list"]) =>
        {
            let (function, qualifier) = named(head, &percent_decode(name, false), PLAIN, context)?;
            invoking::parse(method, !rest.is_empty(), function, qualifier, head, body, &context.account)
        }
        (method, _) => Err(unknown_operation(&format!("{method} {}", head.path))),
    }
}

/// Which part of a list is wanted: what its marker says it goes on after, and how many at most.
fn page(head: &RequestHead<'_>, most: usize) -> Result<(Option<String>, usize), WireError> {
    let parameters = form(head.query);
    let find = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut rules = Rules::default();
    let limit = find("MaxItems").map(|text| text.parse::<i64>());
    let limit = limit.transpose().map_err(|_| WireError::new(Code::Serialization, "MaxItems must be a number"))?;
    let limit = rules.range(limit.unwrap_or(most as i64), "maxItems", 1, 10_000);
    rules.check(Code::Validation)?;
    let read = |marker: &str| String::from_utf8(BASE64.decode(marker).ok()?).ok();
    let after = find("Marker").map(|marker| read(marker).ok_or_else(|| WireError::token_invalid(Service::Lambda)));
    Ok((after.transpose()?, limit.min(most)))
}

/// What a marker said it goes on after, as what it must be.
fn after<T: std::str::FromStr>(text: Option<String>) -> Result<Option<T>, WireError> {
    text.map(|text| text.parse().map_err(|_| WireError::token_invalid(Service::Lambda))).transpose()
}

/// The marker behind the last of a page.
fn marker(last: &str) -> Json {
    BASE64.encode(last).into()
}

fn list_functions(head: &RequestHead<'_>) -> Result<Call, WireError> {
    let parameters = form(head.query);
    let find = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if find("MasterRegion").is_some() {
        return Err(WireError::not_handled(Service::Lambda, "MasterRegion"));
    }
    let mut rules = Rules::default();
    if let Some(version) = find("FunctionVersion") {
        rules.one_of(version, "functionVersion", &["ALL"]);
    }
    rules.check(Code::Validation)?;
    let (marked, limit) = page(head, FUNCTIONS_PAGE_MAX)?;
    let all_versions = find("FunctionVersion").is_some();
    Ok(Call::ListFunctions { after: after(marked)?, limit, all_versions })
}

fn invoke(head: &RequestHead<'_>, name: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let (function, qualifier) = named(head, name, DOTTED, context)?;
    let members = [
        ("x-amz-client-context", "ClientContext"),
        ("x-amz-durable-execution-name", "DurableExecutionName"),
        ("x-amz-tenant-id", "TenantId"),
    ];
    if let Some((_, member)) = members.iter().find(|(header, _)| head.header(header).is_some()) {
        return Err(WireError::not_handled(Service::Lambda, member));
    }
    let mut rules = Rules::default();
    let invocation = head.header("x-amz-invocation-type").unwrap_or("RequestResponse");
    rules.one_of(invocation, "invocationType", &["Event", "RequestResponse", "DryRun"]);
    let log_type = head.header("x-amz-log-type").unwrap_or("None");
    rules.one_of(log_type, "logType", &["None", "Tail"]);
    rules.check(Code::Validation)?;
    match invocation {
        "DryRun" => Ok(Call::DryRun { function, qualifier }),
        _ => {
            let limit = if invocation == "Event" { EVENT_MAX } else { PAYLOAD_MAX };
            if body.len() > limit {
                let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
                return Err(WireError::new(Code::RequestTooLarge, message));
            }
            let payload = if body.is_empty() { b"{}" } else { body };
            // Read whole, though only passed on: whoever reads it next must not find it nested too deep to be read.
            serde_json::from_slice::<Json>(payload).map_err(|error| {
                let message = format!("Could not parse request body into json: {error}");
                WireError::new(Code::InvalidRequestContent, message)
            })?;
            let payload = payload.to_vec();
            Ok(match invocation {
                "Event" => Call::InvokeEvent { function, qualifier, payload },
                _ => Call::Invoke { function, qualifier, payload, log_tail: log_type == "Tail" },
            })
        }
    }
}

pub(crate) fn spell(answer: &Answer<'_>, reply: &Reply<'_>) -> Response {
    let account = &reply.context.account;
    match answer {
        Answer::Invoked { version, payload, failed, log_tail } => {
            let mut headers =
                vec![("content-type", "application/json".to_owned()), ("x-amz-executed-version", version.to_string())];
            if *failed {
                headers.push(("x-amz-function-error", "Unhandled".to_owned()));
            }
            if let Some(tail) = log_tail {
                let from = tail.len().saturating_sub(LOG_TAIL_MAX);
                headers.push(("x-amz-log-result", BASE64.encode(&tail.as_bytes()[from..])));
            }
            reply.response(200, headers, payload.to_vec())
        }
        Answer::Accepted => reply.response(202, Vec::new(), Vec::new()),
        Answer::Runnable | Answer::Deleted => reply.response(204, Vec::new(), Vec::new()),
        Answer::Function(function) => {
            let mut body = json!({
                "Configuration": configuration(function, account),
                // Built-in handlers have no code that could be fetched.
                "Code": { "RepositoryType": "S3" },
            });
            if let Some(limit) = function.concurrency {
                body["Concurrency"] = json!({ "ReservedConcurrentExecutions": limit });
            }
            reply.json(&body)
        }
        Answer::Configuration(function) => reply.json(&configuration(function, account)),
        Answer::Published(function) => reply.json_with_status(201, &configuration(function, account)),
        Answer::Versions { versions, more } => {
            let spelt: Vec<Json> = versions.iter().map(|version| describe(version, account)).collect();
            let last = versions.last().filter(|_| *more).map(|last| last.version.to_string());
            list(reply, "Versions", spelt, last)
        }
        Answer::Alias { alias, made } => {
            reply.json_with_status(if *made { 201 } else { 200 }, &aliases::describe(alias, account))
        }
        Answer::Aliases { aliases: listed, more } => {
            let spelt: Vec<Json> = listed.iter().map(|alias| aliases::describe(alias, account)).collect();
            list(reply, "Aliases", spelt, listed.last().filter(|_| *more).map(|last| last.name.to_string()))
        }
        Answer::InvokeConfig(config) => reply.json(&invoking::describe(config, account)),
        Answer::InvokeConfigs { configs, more } => {
            let spelt: Vec<Json> = configs.iter().map(|config| invoking::describe(config, account)).collect();
            let last = configs.last().filter(|_| *more).map(|last| last.qualifier.to_string());
            list(reply, "FunctionEventInvokeConfigs", spelt, last)
        }
        Answer::Listed { functions, more } => {
            let spelt: Vec<Json> = functions.iter().map(|function| describe(function, account)).collect();
            list(reply, "Functions", spelt, functions.last().filter(|_| *more).map(|last| last.name.to_string()))
        }
    }
}

/// A page of a list; `last` is what the next one goes on after, if there is one.
fn list(reply: &Reply<'_>, name: &str, spelt: Vec<Json>, last: Option<String>) -> Response {
    let mut body = object([(name, spelt.into())]);
    if let Some(last) = last {
        body.insert("NextMarker".to_owned(), marker(&last));
    }
    reply.json(&Json::Object(body))
}

/// The hash of the code of a handler that is built in: it has none of its own, so its name stands for it.
pub fn code_sha256(handler: &str) -> String {
    BASE64.encode(Sha256::digest(handler.as_bytes()))
}

/// How one function is set, with the state that clients wait for.
fn configuration(function: &FunctionDescription<'_>, account: &Account) -> Json {
    let mut described = describe(function, account);
    described["State"] = "Active".into();
    described["LastUpdateStatus"] = "Successful".into();
    described["RuntimeVersionConfig"] = json!({ "RuntimeVersionArn": runtime_version(function.runtime, account) });
    described
}

/// The ARN of the version of a runtime: what runs a function is this program, whatever its template says.
fn runtime_version(runtime: &str, account: &Account) -> String {
    let digest = Sha256::digest(format!("{runtime} of orderflow {}", env!("CARGO_PKG_VERSION")));
    let id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("arn:aws:lambda:{}::runtime:{id}", account.region)
}

fn describe(function: &FunctionDescription<'_>, account: &Account) -> Json {
    let modified = function.modified_at.iso_millis();
    let name = function.name;
    let resource = match function.qualifier {
        Some(qualifier) => format!("function:{name}:{qualifier}"),
        None => format!("function:{name}"),
    };
    let mut described = json!({
        "FunctionName": name.as_str(),
        "FunctionArn": account.arn("lambda", &resource).to_string(),
        "Runtime": function.runtime,
        "Role": function.role,
        "Handler": function.handler,
        // Built-in handlers have no code of their own to weigh.
        "CodeSize": 0,
        "CodeSha256": code_sha256(function.handler),
        "Description": function.description,
        "Timeout": function.timeout_seconds,
        "MemorySize": function.memory_mb,
        "LastModified": format!("{}+0000", modified.trim_end_matches('Z')),
        "Version": function.version.to_string(),
        "RevisionId": function.revision,
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "TracingConfig": { "Mode": "PassThrough" },
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": function.log_group.as_str() },
    });
    if !function.environment.is_empty() {
        described["Environment"] = json!({ "Variables": function.environment });
    }
    if let Some(queue) = function.dead_letters {
        described["DeadLetterConfig"] = json!({ "TargetArn": account.arn("sqs", queue.as_str()).to_string() });
    }
    described
}
