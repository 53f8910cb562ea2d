//! Decides how requests about pipes are read and answered: their operation is a method and a path.
//!
//! Start at `parse`. Pipes are made, changed and removed by their stack's template; here they are looked at, started and
//! stopped. A pipe starts and stops while its client waits, so none is told to be on its way.

use crate::error::{Code, WireError};
use crate::events::Page;
use crate::head::{RequestHead, form, percent_decode};
use crate::members::Rules;
use crate::unknown_operation;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use types::{Account, PipeName, Timestamp};

/// The path that all of them begin with.
pub(crate) const PATH: &str = "/v1/pipes";
/// How many pipes a page has at most, and when a request does not say.
const PAGE_MAX: i64 = 100;
const NAME: &str = r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+";
const DESIRED: [&str; 2] = [RUNNING, STOPPED];
const RUNNING: &str = "RUNNING";
const STOPPED: &str = "STOPPED";
/// The states that a pipe may be in on AWS; here it is in the first or the second.
const CURRENT: [&str; 15] = [
    RUNNING,
    STOPPED,
    "CREATING",
    "UPDATING",
    "DELETING",
    "STARTING",
    "STOPPING",
    "CREATE_FAILED",
    "UPDATE_FAILED",
    "START_FAILED",
    "STOP_FAILED",
    "DELETE_FAILED",
    "CREATE_ROLLBACK_FAILED",
    "DELETE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_FAILED",
];

/// What a client asks of pipes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Say what a pipe is.
    DescribePipe {
        /// Which.
        pipe: PipeName,
    },
    /// Say which pipes there are.
    ListPipes {
        /// Which are meant.
        filter: Filter,
        /// Which part of them.
        page: Page,
    },
    /// Let a pipe go on.
    StartPipe {
        /// Which.
        pipe: PipeName,
    },
    /// Let a pipe end what it is doing, and do nothing more.
    StopPipe {
        /// Which.
        pipe: PipeName,
    },
}

/// Which pipes are meant: those for which all of this is so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    desired: Option<String>,
    current: Option<String>,
    source: String,
    target: String,
}

impl Filter {
    /// Whether a pipe is meant.
    pub fn wants(&self, pipe: &PipeDescription<'_>) -> bool {
        let is = |wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| wanted == pipe.state());
        is(&self.desired)
            && is(&self.current)
            && pipe.source.starts_with(&self.source)
            && pipe.target.starts_with(&self.target)
    }
}

/// What is answered about pipes.
#[derive(Debug)]
pub enum Answer<'a> {
    /// What a pipe is.
    Described(&'a PipeDescription<'a>),
    /// A pipe goes on, or does not any more.
    Switched(&'a PipeDescription<'a>),
    /// Which pipes there are.
    Listed {
        /// In the order of their names.
        pipes: &'a [PipeDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
}

/// What a pipe from a table's stream to a function is said to be.
#[derive(Debug, Clone)]
pub struct PipeDescription<'a> {
    /// Its name.
    pub name: &'a PipeName,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Whether it runs.
    pub running: bool,
    /// The ARN of the stream that it reads.
    pub source: String,
    /// The ARN of the function that it hands records to.
    pub target: String,
    /// The ARN of its role.
    pub role: Option<&'a str>,
    /// Its filters' patterns.
    pub filters: &'a [String],
    /// The most records of one batch.
    pub batch_size: u32,
    /// How long a batch that is not full waits for more.
    pub window_seconds: u32,
    /// How many batches may be under way at once.
    pub lanes: u32,
    /// How often a failed batch is tried again; `None` until its records expire.
    pub retries: Option<u32>,
    /// How old a record may get.
    pub max_age_seconds: Option<u32>,
    /// Whether a failed batch is halved.
    pub bisects: bool,
    /// Whether it began with the oldest change, and not with the next.
    pub from_oldest: bool,
    /// The ARN of the queue for what is given up.
    pub dead_letters: Option<String>,
    /// Whether it waits for the function's answer.
    pub waits: bool,
    /// Its tags.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl PipeDescription<'_> {
    fn state(&self) -> &'static str {
        if self.running { RUNNING } else { STOPPED }
    }
}

pub(crate) fn parse(head: &RequestHead<'_>) -> Result<Call, WireError> {
    let path: Vec<&str> = head.path.trim_end_matches('/').split('/').skip(3).collect();
    match (head.method, &path[..]) {
        ("GET", []) => list(head),
        ("GET", [pipe]) => Ok(Call::DescribePipe { pipe: name(pipe)? }),
        ("POST", [pipe, "start"]) => Ok(Call::StartPipe { pipe: name(pipe)? }),
        ("POST", [pipe, "stop"]) => Ok(Call::StopPipe { pipe: name(pipe)? }),
        ("POST", [_]) => Err(by_template("CreatePipe")),
        ("PUT", [_]) => Err(by_template("UpdatePipe")),
        ("DELETE", [_]) => Err(by_template("DeletePipe")),
        (method, _) => Err(unknown_operation(&format!("{method} {}", head.path))),
    }
}

fn by_template(operation: &str) -> WireError {
    let message = format!(
        "{operation} is not handled by this engine yet: a pipe is made, changed and removed in its stack's template; \
         deploy that again."
    );
    WireError::new(Code::Validation, message)
}

fn name(given: &str) -> Result<PipeName, WireError> {
    let given = percent_decode(given, false);
    given.parse().map_err(|_| {
        let mut rules = Rules::default();
        rules.length(&given, "name", 1, 64);
        if !given.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            rules.broken(Some(&given), "name", NAME);
        }
        rules.check(Code::Validation).expect_err("a name that is none breaks one of its rules")
    })
}

fn list(head: &RequestHead<'_>) -> Result<Call, WireError> {
    let parameters = form(head.query);
    let find = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut rules = Rules::default();
    for (parameter, path, values) in
        [("DesiredState", "desiredState", &DESIRED[..]), ("CurrentState", "currentState", &CURRENT[..])]
    {
        if let Some(value) = find(parameter) {
            rules.one_of(value, path, values);
        }
    }
    let limit = find("Limit").map(str::parse::<i64>).transpose();
    let limit = limit.map_err(|_| WireError::new(Code::Serialization, "Limit must be a number"))?;
    let limit = rules.range(limit.unwrap_or(PAGE_MAX), "limit", 1, PAGE_MAX);
    rules.check(Code::Validation)?;
    let owned = |name: &str| find(name).map(str::to_owned);
    let filter = Filter {
        desired: owned("DesiredState"),
        current: owned("CurrentState"),
        source: owned("SourcePrefix").unwrap_or_default(),
        target: owned("TargetPrefix").unwrap_or_default(),
    };
    Ok(Call::ListPipes { filter, page: Page::new(find("NamePrefix"), find("NextToken"), limit)? })
}

pub(crate) fn spell(answer: &Answer<'_>, account: &Account) -> Json {
    match answer {
        Answer::Described(pipe) => described(pipe, account).into(),
        Answer::Switched(pipe) => stated(pipe, account).into(),
        Answer::Listed { pipes, more } => {
            let listed: Vec<Json> = pipes
                .iter()
                .map(|pipe| {
                    let mut spelt = stated(pipe, account);
                    spelt.insert("Source".to_owned(), pipe.source.as_str().into());
                    spelt.insert("Target".to_owned(), pipe.target.as_str().into());
                    spelt.into()
                })
                .collect();
            let mut spelt = json!({ "Pipes": listed });
            if let Some(token) = Page::token(pipes.last().map(|pipe| pipe.name.as_str()), *more) {
                spelt["NextToken"] = token.into();
            }
            spelt
        }
    }
}

/// What every answer tells of a pipe.
fn stated(pipe: &PipeDescription<'_>, account: &Account) -> Map<String, Json> {
    let created = pipe.created_at.millis() as f64 / 1000.0;
    let members = [
        ("Arn", account.arn("pipes", &format!("pipe/{}", pipe.name)).to_string().into()),
        ("Name", pipe.name.as_str().into()),
        ("DesiredState", pipe.state().into()),
        ("CurrentState", pipe.state().into()),
        ("CreationTime", created.into()),
        ("LastModifiedTime", created.into()),
    ];
    members.into_iter().map(|(name, value): (_, Json)| (name.to_owned(), value)).collect()
}

fn described(pipe: &PipeDescription<'_>, account: &Account) -> Map<String, Json> {
    // A number that is not given is as long as it may be, which AWS writes so.
    let or_unbounded = |number: Option<u32>| number.map_or(-1, i64::from);
    let mut stream = json!({
        "BatchSize": pipe.batch_size,
        "MaximumBatchingWindowInSeconds": pipe.window_seconds,
        "MaximumRecordAgeInSeconds": or_unbounded(pipe.max_age_seconds),
        "MaximumRetryAttempts": or_unbounded(pipe.retries),
        "ParallelizationFactor": pipe.lanes,
        "StartingPosition": if pipe.from_oldest { "TRIM_HORIZON" } else { "LATEST" },
    });
    if pipe.bisects {
        stream["OnPartialBatchItemFailure"] = "AUTOMATIC_BISECT".into();
    }
    if let Some(arn) = &pipe.dead_letters {
        stream["DeadLetterConfig"] = json!({ "Arn": arn });
    }
    let mut source = json!({ "DynamoDBStreamParameters": stream });
    if !pipe.filters.is_empty() {
        let filters: Vec<Json> = pipe.filters.iter().map(|pattern| json!({ "Pattern": pattern })).collect();
        source["FilterCriteria"] = json!({ "Filters": filters });
    }
    let invocation = if pipe.waits { "REQUEST_RESPONSE" } else { "FIRE_AND_FORGET" };
    let mut spelt = stated(pipe, account);
    let mut put = |name: &str, value: Json| drop(spelt.insert(name.to_owned(), value));
    put("Source", pipe.source.as_str().into());
    put("SourceParameters", source);
    put("Target", pipe.target.as_str().into());
    put("TargetParameters", json!({ "LambdaFunctionParameters": { "InvocationType": invocation } }));
    put("Tags", json!(pipe.tags.into_iter().flatten().collect::<BTreeMap<_, _>>()));
    if let Some(role) = pipe.role {
        put("RoleArn", role.into());
    }
    if let Some(description) = pipe.description {
        put("Description", description.into());
    }
    spelt
}
