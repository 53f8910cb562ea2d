//! Decides how requests of functions are read and answered: their operation is a method and a path.
//!
//! Start at `parse`. A function that fails is an answer, not an error: status 200, and a header that says so.

use crate::error::{Code, WireError};
use crate::head::{RequestHead, form, percent_decode};
use crate::members::Rules;
use crate::reply::{Reply, Response, Service};
use crate::{Context, unknown_operation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};
use types::{Account, FunctionName, LogGroupName, QueueName, Timestamp};

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
        /// What to hand to it: JSON.
        payload: Vec<u8>,
        /// Whether to give back the end of what it logged.
        log_tail: bool,
    },
    /// Run a function without waiting for it.
    InvokeEvent {
        /// Which.
        function: FunctionName,
        /// What to hand to it: JSON.
        payload: Vec<u8>,
    },
    /// Say whether a function could be run, without running it.
    DryRun {
        /// Which.
        function: FunctionName,
    },
    /// Say what a function is.
    GetFunction {
        /// Which.
        function: FunctionName,
        /// Whether it was asked for by its version.
        qualified: bool,
    },
    /// Say how a function is set.
    GetFunctionConfiguration {
        /// Which.
        function: FunctionName,
        /// Whether it was asked for by its version.
        qualified: bool,
    },
    /// Say which versions of a function there are.
    ListVersions {
        /// Of which.
        function: FunctionName,
    },
    /// Say which aliases of a function there are.
    ListAliases {
        /// Of which.
        function: FunctionName,
    },
    /// Say which functions there are, sorted by name.
    ListFunctions {
        /// Only those after this name.
        after: Option<FunctionName>,
        /// At most so many.
        limit: usize,
    },
}

/// What is answered about functions.
#[derive(Debug)]
pub enum Answer<'a> {
    /// A function was run.
    Invoked {
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
    Function {
        /// How it is set.
        function: &'a FunctionDescription<'a>,
        /// Whether it was asked for by its version.
        qualified: bool,
    },
    /// How a function is set.
    Configuration {
        /// How.
        function: &'a FunctionDescription<'a>,
        /// Whether it was asked for by its version.
        qualified: bool,
    },
    /// Which versions of a function there are: the one that runs.
    Versions(&'a FunctionDescription<'a>),
    /// Which aliases of a function there are: none.
    Aliases,
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
    pub environment: &'a std::collections::BTreeMap<String, String>,
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
            let (function, qualified) = named(head, &percent_decode(name, false), context)?;
            Ok(Call::GetFunction { function, qualified })
        }
        ("GET", ["", "2015-03-31", "functions", name, "configuration"]) => {
            let (function, qualified) = named(head, &percent_decode(name, false), context)?;
            Ok(Call::GetFunctionConfiguration { function, qualified })
        }
        ("GET", ["", "2015-03-31", "functions", name, "versions"]) => {
            let (function, _) = named(head, &percent_decode(name, false), context)?;
            Ok(Call::ListVersions { function })
        }
        ("GET", ["", "2015-03-31", "functions", name, "aliases"]) => {
            let (function, _) = named(head, &percent_decode(name, false), context)?;
            Ok(Call::ListAliases { function })
        }
        (method, _) => Err(unknown_operation(&format!("{method} {}", head.path))),
    }
}

fn list_functions(head: &RequestHead<'_>) -> Result<Call, WireError> {
    let parameters = form(head.query);
    let find = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if find("MasterRegion").is_some() {
        return Err(WireError::not_handled(Service::Lambda, "MasterRegion"));
    }
    let mut rules = Rules::default();
    // Functions have one version here, so all of their versions are what is listed anyway.
    if let Some(version) = find("FunctionVersion") {
        rules.one_of(version, "functionVersion", &["ALL"]);
    }
    let limit = find("MaxItems").map(|text| text.parse::<i64>());
    let limit = limit.transpose().map_err(|_| WireError::new(Code::Serialization, "MaxItems must be a number"))?;
    let limit = rules.range(limit.unwrap_or(FUNCTIONS_PAGE_MAX as i64), "maxItems", 1, 10_000);
    rules.check(Code::InvalidParameterValue)?;
    let after =
        find("Marker").map(|marker| marker_name(marker).ok_or_else(|| WireError::token_invalid(Service::Lambda)));
    Ok(Call::ListFunctions { after: after.transpose()?, limit: limit.min(FUNCTIONS_PAGE_MAX) })
}

/// The name after which a marker goes on.
fn marker_name(marker: &str) -> Option<FunctionName> {
    String::from_utf8(BASE64.decode(marker).ok()?).ok()?.parse().ok()
}

fn invoke(head: &RequestHead<'_>, name: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let (function, _) = named(head, name, context)?;
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
    rules.check(Code::InvalidParameterValue)?;
    match invocation {
        "DryRun" => Ok(Call::DryRun { function }),
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
                "Event" => Call::InvokeEvent { function, payload },
                _ => Call::Invoke { function, payload, log_tail: log_type == "Tail" },
            })
        }
    }
}

/// The function that a request names, and whether it names the version too. There is one version of each, `$LATEST`:
/// any other version or alias is one that is not there.
fn named(head: &RequestHead<'_>, name: &str, context: &Context) -> Result<(FunctionName, bool), WireError> {
    let (function, qualifier) = function_name(name, &context.account)?;
    let query = form(head.query);
    let queried = query.into_iter().find(|(known, _)| known == "Qualifier").map(|(_, value)| value);
    if let (Some(one), Some(other)) = (&qualifier, &queried)
        && one != other
    {
        let message = "The derived qualifier from the function name does not match the specified qualifier.";
        return Err(WireError::new(Code::InvalidParameterValue, message));
    }
    match qualifier.or(queried) {
        Some(other) if other != "$LATEST" => {
            let arn = context.account.arn("lambda", &format!("function:{function}:{other}"));
            Err(WireError::new(Code::ResourceNotFound, format!("Function not found: {arn}")))
        }
        qualifier => Ok((function, qualifier.is_some())),
    }
}

/// The name and the qualifier in any of the forms a function may be named: by name, or by the whole or a part of its
/// ARN, each with a qualifier behind a colon.
fn function_name(given: &str, account: &Account) -> Result<(FunctionName, Option<String>), WireError> {
    let parts: Vec<&str> = given.split(':').collect();
    let not_found = || {
        let arn = account.arn("lambda", &format!("function:{given}"));
        let arn = if given.starts_with("arn:") { given.to_owned() } else { arn.to_string() };
        WireError::new(Code::ResourceNotFound, format!("Function not found: {arn}"))
    };
    let (id, name, qualifier) = match parts[..] {
        ["arn", _, "lambda", region, id, "function", name, ref rest @ ..] if region == account.region => {
            (Some(id), name, rest.first())
        }
        [id, "function", name, ref rest @ ..] => (Some(id), name, rest.first()),
        ["function", name, ref rest @ ..] => (None, name, rest.first()),
        [name, ref rest @ ..] if name != "arn" => (None, name, rest.first()),
        _ => return Err(not_found()),
    };
    if id.is_some_and(|id| id != account.id) {
        return Err(not_found());
    }
    let name = name.parse().map_err(|_| {
        let mut rules = Rules::default();
        let pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+";
        rules.broken(Some(given), "functionName", pattern);
        rules.check(Code::Validation).expect_err("a rule was just broken")
    })?;
    Ok((name, qualifier.map(|text| (*text).to_owned())))
}

pub(crate) fn spell(answer: &Answer<'_>, reply: &Reply<'_>) -> Response {
    match answer {
        Answer::Invoked { payload, failed, log_tail } => {
            let mut headers =
                vec![("content-type", "application/json".to_owned()), ("x-amz-executed-version", "$LATEST".to_owned())];
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
        Answer::Runnable => reply.response(204, Vec::new(), Vec::new()),
        Answer::Function { function, qualified } => {
            let mut body = json!({
                "Configuration": configuration(function, *qualified, &reply.context.account),
                // Built-in handlers have no code that could be fetched.
                "Code": { "RepositoryType": "S3" },
                "Tags": {},
            });
            if let Some(limit) = function.concurrency {
                body["Concurrency"] = json!({ "ReservedConcurrentExecutions": limit });
            }
            reply.json(&body)
        }
        Answer::Configuration { function, qualified } => {
            reply.json(&configuration(function, *qualified, &reply.context.account))
        }
        Answer::Versions(function) => {
            let mut latest = describe(function, &reply.context.account);
            latest["FunctionArn"] = qualified_arn(function, &reply.context.account).into();
            reply.json(&json!({ "Versions": [latest] }))
        }
        Answer::Aliases => reply.json(&json!({ "Aliases": [] })),
        Answer::Listed { functions, more } => {
            let spelt = functions.iter().map(|function| describe(function, &reply.context.account));
            let mut body = Map::new();
            body.insert("Functions".to_owned(), spelt.collect::<Vec<_>>().into());
            if let Some(last) = functions.last().filter(|_| *more) {
                body.insert("NextMarker".to_owned(), BASE64.encode(last.name.as_str()).into());
            }
            reply.json(&Json::Object(body))
        }
    }
}

fn qualified_arn(function: &FunctionDescription<'_>, account: &Account) -> String {
    account.arn("lambda", &format!("function:{}:$LATEST", function.name)).to_string()
}

/// How one function is set, with the state that clients wait for.
fn configuration(function: &FunctionDescription<'_>, qualified: bool, account: &Account) -> Json {
    let mut described = describe(function, account);
    described["State"] = "Active".into();
    described["LastUpdateStatus"] = "Successful".into();
    if qualified {
        described["FunctionArn"] = qualified_arn(function, account).into();
    }
    described
}

fn describe(function: &FunctionDescription<'_>, account: &Account) -> Json {
    let modified = function.modified_at.iso_millis();
    let mut described = json!({
        "FunctionName": function.name.as_str(),
        "FunctionArn": account.arn("lambda", &format!("function:{}", function.name)).to_string(),
        "Runtime": function.runtime,
        "Role": function.role,
        "Handler": function.handler,
        // Built-in handlers have no code of their own to weigh.
        "CodeSize": 0,
        "CodeSha256": "",
        "Description": function.description,
        "Timeout": function.timeout_seconds,
        "MemorySize": function.memory_mb,
        "LastModified": format!("{}+0000", modified.trim_end_matches('Z')),
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "Environment": { "Variables": function.environment },
        "TracingConfig": { "Mode": "PassThrough" },
        "EphemeralStorage": { "Size": 512 },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": function.log_group.as_str() },
    });
    if let Some(queue) = function.dead_letters {
        described["DeadLetterConfig"] = json!({ "TargetArn": account.arn("sqs", queue.as_str()).to_string() });
    }
    described
}
