//! Decides how requests about pipes are read and answered: their operation is a method and a path.
//!
//! Start at `parse`. What a client says of a pipe is read in `asked`. A pipe starts and stops while its client waits, so of
//! that none is told to be on its way; that one is being made, changed or deleted is told once, as AWS does.

mod asked;

pub use asked::{Asked, OtherTarget, QueueParameters, SourceParameters, StreamParameters, TargetParameters};

use crate::error::{Code, WireError};
use crate::events::Page;
use crate::head::{RequestHead, form, percent_decode};
use crate::members::{Members, Rules, parse_body};
use crate::reply::Service;
use crate::{Context, unknown_operation};
use delivery::bus::pipe_target::{PipeParametersSpec, PipeTargetKind};
use serde_json::{Map, Value as Json, json};
use types::{Account, Gather, PipeName, SortedMap, Timestamp, object};

/// The path that all of them begin with.
pub(crate) const PATH: &str = "/v1/pipes";
/// The path that their tags' begin with.
pub(crate) const TAGS_PATH: &str = "/tags/";
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
    /// Make a pipe.
    CreatePipe {
        /// Which.
        pipe: PipeName,
        /// What it is to be.
        asked: Box<Asked>,
    },
    /// Change a pipe.
    UpdatePipe {
        /// Which.
        pipe: PipeName,
        /// What it is to be from now on.
        asked: Box<Asked>,
    },
    /// Take a pipe away.
    DeletePipe {
        /// Which.
        pipe: PipeName,
    },
    /// Say what is written on a pipe.
    ListTags {
        /// Which.
        pipe: PipeName,
    },
    /// Write something on a pipe.
    Tag {
        /// Which.
        pipe: PipeName,
        /// What.
        tags: SortedMap<String, String>,
    },
    /// Take away something that is written on a pipe.
    Untag {
        /// Which.
        pipe: PipeName,
        /// What.
        keys: Vec<String>,
    },
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
        let is = |wanted: &Option<String>, state: &str| wanted.as_ref().is_none_or(|wanted| wanted == state);
        is(&self.desired, pipe.desired_state())
            && is(&self.current, pipe.state())
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
    /// A pipe is being made, changed or deleted.
    OnItsWay(&'a PipeDescription<'a>, Way),
    /// What is written on a pipe.
    Tags(&'a SortedMap<String, String>),
    /// It is done.
    Done,
    /// Which pipes there are.
    Listed {
        /// In the order of their names.
        pipes: &'a [PipeDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
}

/// What is being done to a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is made.
    Creating,
    /// It is changed.
    Updating,
    /// It is deleted.
    Deleting,
}

/// What a pipe is said to be.
#[derive(Debug, Clone)]
pub struct PipeDescription<'a> {
    /// Its name.
    pub name: &'a PipeName,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Whether it runs.
    pub running: bool,
    /// Whether it should.
    pub wanted: bool,
    /// The ARN of what it reads.
    pub source: String,
    /// Whether that is a queue, and not a table's stream.
    pub from_queue: bool,
    /// The ARN of the function that makes something else of its records.
    pub enrichment: Option<String>,
    /// The template that is filled for that.
    pub enrichment_input: Option<&'a str>,
    /// The ARN of where it hands records to.
    pub target: String,
    /// What that is.
    pub kind: PipeTargetKind,
    /// What goes with them.
    pub parameters: &'a PipeParametersSpec,
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
    pub tags: Option<&'a SortedMap<String, String>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

impl PipeDescription<'_> {
    fn desired_state(&self) -> &'static str {
        if self.wanted { RUNNING } else { STOPPED }
    }

    fn state(&self) -> &'static str {
        match (self.running, self.wanted) {
            (true, _) => RUNNING,
            (false, true) => "START_FAILED",
            (false, false) => STOPPED,
        }
    }
}

pub(crate) fn parse(head: &RequestHead<'_>, body: &[u8], context: &Context) -> Result<Call, WireError> {
    if let Some(resource) = head.path.strip_prefix(TAGS_PATH) {
        return tags(head, resource, body, context);
    }
    let path: Vec<&str> = head.path.trim_end_matches('/').split('/').skip(3).collect();
    match (head.method, &path[..]) {
        ("GET", []) => list(head),
        ("GET", [pipe]) => Ok(Call::DescribePipe { pipe: name(pipe)? }),
        ("POST", [pipe, "start"]) => Ok(Call::StartPipe { pipe: name(pipe)? }),
        ("POST", [pipe, "stop"]) => Ok(Call::StopPipe { pipe: name(pipe)? }),
        ("POST", [pipe]) => Ok(Call::CreatePipe { pipe: name(pipe)?, asked: Box::new(asked::read(body, true)?) }),
        ("PUT", [pipe]) => Ok(Call::UpdatePipe { pipe: name(pipe)?, asked: Box::new(asked::read(body, false)?) }),
        ("DELETE", [pipe]) => Ok(Call::DeletePipe { pipe: name(pipe)? }),
        (method, _) => Err(unknown_operation(&format!("{method} {}", head.path))),
    }
}

/// Something about what is written on a pipe, which is named by its ARN.
fn tags(head: &RequestHead<'_>, resource: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let arn = percent_decode(resource, false);
    let own = arn.strip_prefix(&context.account.arn("pipes", "pipe/").to_string()).map(str::to_owned);
    let own = own.ok_or_else(|| WireError::field("resourceArn", &format!("{arn} is not the ARN of a pipe here")))?;
    let pipe = name(&own)?;
    match head.method {
        "GET" => Ok(Call::ListTags { pipe }),
        "POST" => {
            let body = parse_body(body)?;
            let mut rules = Rules::default();
            let tags = asked::tags(&mut rules, &Members::new(&body, Service::Pipes), "tags")?;
            if tags.is_none() {
                rules.missing("tags");
            }
            rules.check_fields()?;
            Ok(Call::Tag { pipe, tags: tags.unwrap_or_default() })
        }
        "DELETE" => {
            let keys = form(head.query).into_iter().filter(|(name, _)| name == "tagKeys").map(|(_, key)| key);
            Ok(Call::Untag { pipe, keys: keys.collect() })
        }
        method => Err(unknown_operation(&format!("{method} {}", head.path))),
    }
}

fn name(given: &str) -> Result<PipeName, WireError> {
    let given = percent_decode(given, false);
    given.parse().map_err(|_| {
        let mut rules = Rules::default();
        rules.length(&given, "name", 1, 64);
        if !given.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            rules.broken(Some(&given), "name", NAME);
        }
        rules.check_fields().expect_err("a name that is none breaks one of its rules")
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
    rules.check_fields()?;
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
        Answer::OnItsWay(pipe, way) => {
            let mut spelt = stated(pipe, account);
            let (desired, current) = match way {
                Way::Creating => (pipe.desired_state(), "CREATING"),
                Way::Updating => (pipe.desired_state(), "UPDATING"),
                Way::Deleting => ("DELETED", "DELETING"),
            };
            spelt.insert("DesiredState".to_owned(), desired.into());
            spelt.insert("CurrentState".to_owned(), current.into());
            spelt.into()
        }
        Answer::Tags(tags) => json!({ "tags": tags }),
        Answer::Done => json!({}),
        Answer::Listed { pipes, more } => {
            let listed: Vec<Json> = pipes
                .iter()
                .map(|pipe| {
                    let mut spelt = stated(pipe, account);
                    spelt.insert("Source".to_owned(), pipe.source.as_str().into());
                    spelt.insert("Target".to_owned(), pipe.target.as_str().into());
                    if let Some(enrichment) = &pipe.enrichment {
                        spelt.insert("Enrichment".to_owned(), enrichment.as_str().into());
                    }
                    if let Some(reason) = reason(pipe) {
                        spelt.insert("StateReason".to_owned(), reason.into());
                    }
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
    let seconds = |at: Timestamp| at.millis() as f64 / 1000.0;
    object([
        ("Arn", account.arn("pipes", &format!("pipe/{}", pipe.name)).to_string().into()),
        ("Name", pipe.name.as_str().into()),
        ("DesiredState", pipe.desired_state().into()),
        ("CurrentState", pipe.state().into()),
        ("CreationTime", seconds(pipe.created_at).into()),
        ("LastModifiedTime", seconds(pipe.changed_at).into()),
    ])
}

/// Why a pipe is in the state that it is in, where that needs a word.
fn reason(pipe: &PipeDescription<'_>) -> Option<&'static str> {
    (pipe.wanted && !pipe.running).then_some("what it reads is not there, or its stack is not up")
}

fn described(pipe: &PipeDescription<'_>, account: &Account) -> Map<String, Json> {
    let mut source = if pipe.from_queue {
        let (batch, window) = (pipe.batch_size, pipe.window_seconds);
        json!({ "SqsQueueParameters": { "BatchSize": batch, "MaximumBatchingWindowInSeconds": window } })
    } else {
        json!({ "DynamoDBStreamParameters": stream(pipe) })
    };
    if !pipe.filters.is_empty() {
        let filters: Vec<Json> = pipe.filters.iter().map(|pattern| json!({ "Pattern": pattern })).collect();
        source["FilterCriteria"] = json!({ "Filters": filters });
    }
    let mut spelt = stated(pipe, account);
    let mut put = |name: &str, value: Json| drop(spelt.insert(name.to_owned(), value));
    put("Source", pipe.source.as_str().into());
    put("SourceParameters", source);
    put("Target", pipe.target.as_str().into());
    put("TargetParameters", target(pipe));
    put("Tags", pipe.tags.map_or_else(|| json!({}), |tags| json!(tags)));
    if let Some(enrichment) = &pipe.enrichment {
        put("Enrichment", enrichment.as_str().into());
    }
    if let Some(input) = pipe.enrichment_input {
        put("EnrichmentParameters", json!({ "InputTemplate": input }));
    }
    if let Some(role) = pipe.role {
        put("RoleArn", role.into());
    }
    if let Some(description) = pipe.description {
        put("Description", description.into());
    }
    if let Some(reason) = reason(pipe) {
        put("StateReason", reason.into());
    }
    spelt
}

fn stream(pipe: &PipeDescription<'_>) -> Json {
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
    stream
}

fn target(pipe: &PipeDescription<'_>) -> Json {
    let given = pipe.parameters;
    let texts = |all: &[(&str, &Option<String>)]| -> Map<String, Json> {
        let given = all.iter().filter_map(|(name, text)| Some(((*name).to_owned(), text.as_deref()?.into())));
        given.into_object()
    };
    let mut spelt = Map::new();
    if let Some(input) = &given.input {
        spelt.insert("InputTemplate".to_owned(), input.as_str().into());
    }
    let (member, own) = match pipe.kind {
        PipeTargetKind::Function => {
            let invocation = if pipe.waits { "REQUEST_RESPONSE" } else { "FIRE_AND_FORGET" };
            ("LambdaFunctionParameters", object([("InvocationType", invocation.into())]))
        }
        PipeTargetKind::Queue { .. } => {
            let all = [("MessageGroupId", &given.message_group), ("MessageDeduplicationId", &given.deduplication)];
            (OtherTarget::Queue.member(), texts(&all))
        }
        PipeTargetKind::Bus => {
            let all = [("Source", &given.source), ("DetailType", &given.detail_type), ("Time", &given.time)];
            let mut own = texts(&all);
            if !given.resources.is_empty() {
                own.insert("Resources".to_owned(), json!(given.resources));
            }
            (OtherTarget::Bus.member(), own)
        }
        PipeTargetKind::LogGroup => {
            let all = [("LogStreamName", &given.stream), ("Timestamp", &given.timestamp)];
            (OtherTarget::LogGroup.member(), texts(&all))
        }
    };
    if !own.is_empty() {
        spelt.insert(member.to_owned(), own.into());
    }
    spelt.into()
}
