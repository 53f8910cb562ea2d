//! Decides how a client's words about a pipe are read: what of it is given, and that each value is one that it may have.
//!
//! Whether what a pipe names is there, and goes together, is found out where the pipe is made. What an update does not
//! give stays; but what belongs to one kind of source or target is given as a whole: what is left out there is as usual.

use crate::error::{Code, WireError};
use crate::members::{Members, Rules, parse_body};
use crate::reply::Service;
use delivery::bus::TEMPLATE_MAX;
use delivery::bus::pipe_target::PipeParametersSpec;
use types::SortedMap;

/// The longest ARN.
const ARN_MAX: usize = 1600;
const FILTERS_MAX: usize = 5;
const FILTER_MAX: usize = 4096;
const TAGS_MAX: usize = 50;

/// What is asked for of a pipe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The ARN of what it reads; never given in an update.
    pub source: Option<String>,
    /// How it is read.
    pub source_parameters: SourceParameters,
    /// The ARN of what makes something else of its records; empty for nobody any more.
    pub enrichment: Option<String>,
    /// The template that is filled for it; empty for none any more.
    pub enrichment_input: Option<String>,
    /// The ARN of where it hands records to.
    pub target: Option<String>,
    /// What goes with them.
    pub target_parameters: TargetParameters,
    /// The ARN of its role.
    pub role: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it should run.
    pub running: Option<bool>,
    /// Its tags.
    pub tags: SortedMap<String, String>,
}

/// How a source is read, as far as that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceParameters {
    /// The patterns of its filters.
    pub filters: Option<Vec<String>>,
    /// Of a table's stream.
    pub stream: Option<StreamParameters>,
    /// Of a queue.
    pub queue: Option<QueueParameters>,
}

/// How a table's stream is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamParameters {
    /// The most records of one batch.
    pub batch_size: Option<u32>,
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
    /// Whether it begins with the oldest change, and not with the next; never given in an update.
    pub from_oldest: bool,
    /// The ARN of the queue for what is given up.
    pub dead_letters: Option<String>,
}

/// How a queue is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueParameters {
    /// The most messages of one batch.
    pub batch_size: Option<u32>,
    /// How long a batch that is not full waits for more.
    pub window_seconds: u32,
}

/// What goes with records to a target, as far as that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetParameters {
    /// The template; empty for none any more.
    pub input: Option<String>,
    /// Of a function: whether it is waited for.
    pub function: Option<bool>,
    /// Of a queue, a bus or a log group: what is given, and of what kind of target.
    pub other: Option<(OtherTarget, PipeParametersSpec)>,
}

/// Which targets but functions have parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherTarget {
    /// A queue.
    Queue,
    /// An event bus.
    Bus,
    /// A log group.
    LogGroup,
}

impl OtherTarget {
    /// The member of a request that is for it.
    pub fn member(self) -> &'static str {
        match self {
            Self::Queue => "SqsQueueParameters",
            Self::Bus => "EventBridgeEventBusParameters",
            Self::LogGroup => "CloudWatchLogsParameters",
        }
    }
}

/// What is asked for in a body: of a new pipe, or of one that is there.
pub(super) fn read(body: &[u8], new: bool) -> Result<Asked, WireError> {
    let body = parse_body(body)?;
    let members = Members::new(&body, Service::Pipes);
    members.refuse(&["LogConfiguration", "KmsKeyIdentifier"])?;
    let mut rules = Rules::default();
    let mut needed = |member: &str, path: &str, wanted: bool| -> Result<Option<String>, WireError> {
        let given = members.text(member)?;
        match given {
            None if wanted => rules.missing(path),
            Some(given) => rules.length(given, path, usize::from(wanted), ARN_MAX),
            None => {}
        }
        Ok(given.map(str::to_owned))
    };
    let source = if new { needed("Source", "source", true)? } else { None };
    let target = needed("Target", "target", new)?;
    let role = needed("RoleArn", "roleArn", true)?.unwrap_or_default();
    let enrichment = needed("Enrichment", "enrichment", false)?;
    let description = members.text("Description")?;
    if let Some(description) = description {
        rules.length(description, "description", 0, 512);
    }
    let desired = members.text("DesiredState")?;
    if let Some(desired) = desired {
        rules.one_of(desired, "desiredState", &super::DESIRED);
    }
    let enrichment_input = match members.nested("EnrichmentParameters")? {
        Some(given) => {
            given.refuse(&["HttpParameters"])?;
            template(&mut rules, &given, "enrichmentParameters.inputTemplate")?
        }
        None => None,
    };
    let source_parameters = match members.nested("SourceParameters")? {
        Some(given) => source_of(&mut rules, &given, new)?,
        None => SourceParameters::default(),
    };
    let target_parameters = match members.nested("TargetParameters")? {
        Some(given) => target_of(&mut rules, &given)?,
        None => TargetParameters::default(),
    };
    let tags = if new { tags(&mut rules, &members, "Tags")?.unwrap_or_default() } else { SortedMap::new() };
    rules.check_fields()?;
    Ok(Asked {
        source,
        source_parameters,
        enrichment,
        enrichment_input,
        target,
        target_parameters,
        role,
        description: description.map(str::to_owned),
        running: desired.map(|desired| desired == super::RUNNING),
        tags,
    })
}

/// Tags by name.
pub(super) fn tags(
    rules: &mut Rules,
    members: &Members<'_>,
    member: &str,
) -> Result<Option<SortedMap<String, String>>, WireError> {
    let Some(given) = members.named_texts(member)? else { return Ok(None) };
    if given.len() > TAGS_MAX {
        rules.broken(None, "tags", &format!("Member must have length less than or equal to {TAGS_MAX}"));
    }
    for (name, value) in &given {
        rules.length(name, "tags", 1, 128);
        rules.length(value, &format!("tags.{name}.member"), 0, 256);
    }
    Ok(Some(given.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
}

fn template(rules: &mut Rules, given: &Members<'_>, path: &str) -> Result<Option<String>, WireError> {
    let input = given.text("InputTemplate")?;
    if let Some(input) = input {
        rules.length(input, path, 0, TEMPLATE_MAX);
    }
    Ok(input.map(str::to_owned))
}

fn source_of(rules: &mut Rules, given: &Members<'_>, new: bool) -> Result<SourceParameters, WireError> {
    given.refuse(&[
        "KinesisStreamParameters",
        "ManagedStreamingKafkaParameters",
        "SelfManagedKafkaParameters",
        "ActiveMQBrokerParameters",
        "RabbitMQBrokerParameters",
    ])?;
    let filters = match given.nested("FilterCriteria")? {
        None => None,
        Some(criteria) => {
            let list = criteria.objects("Filters")?.unwrap_or_default();
            if list.len() > FILTERS_MAX {
                let rule = format!("Member must have length less than or equal to {FILTERS_MAX}");
                rules.broken(None, "sourceParameters.filterCriteria.filters", &rule);
            }
            let mut patterns = Vec::new();
            for (number, filter) in (1..).zip(&list) {
                let pattern = filter.text("Pattern")?.unwrap_or_default();
                let path = format!("sourceParameters.filterCriteria.filters.{number}.member.pattern");
                rules.length(pattern, &path, 0, FILTER_MAX);
                patterns.push(pattern.to_owned());
            }
            Some(patterns)
        }
    };
    let stream = match given.nested("DynamoDBStreamParameters")? {
        None => None,
        Some(stream) => Some(stream_of(rules, &stream, new)?),
    };
    let queue = match given.nested("SqsQueueParameters")? {
        None => None,
        Some(queue) => {
            let mut number = numbers(rules, &queue, "sourceParameters.sqsQueueParameters");
            Some(QueueParameters {
                batch_size: number("BatchSize", 1, 10_000)?,
                window_seconds: number("MaximumBatchingWindowInSeconds", 0, 300)?.unwrap_or(0),
            })
        }
    };
    Ok(SourceParameters { filters, stream, queue })
}

/// Reads numbers of an object that stands at this path; a negative one is as if it were not given.
fn numbers<'r>(
    rules: &'r mut Rules,
    given: &'r Members<'_>,
    path: &'r str,
) -> impl FnMut(&str, i64, i64) -> Result<Option<u32>, WireError> + 'r {
    move |member, least, most| {
        let Some(number) = given.integer(member)? else { return Ok(None) };
        let (first, rest) = member.split_at(1);
        rules.range(number, &format!("{path}.{}{rest}", first.to_ascii_lowercase()), least, most);
        Ok(u32::try_from(number).ok())
    }
}

fn stream_of(rules: &mut Rules, given: &Members<'_>, new: bool) -> Result<StreamParameters, WireError> {
    const PATH: &str = "sourceParameters.dynamoDBStreamParameters";
    let position = if new { given.text("StartingPosition")? } else { None };
    match position {
        None if new => rules.missing(&format!("{PATH}.startingPosition")),
        None => {}
        Some(position) => {
            rules.one_of(position, &format!("{PATH}.startingPosition"), &["TRIM_HORIZON", "LATEST"]);
        }
    }
    let bisects = given.text("OnPartialBatchItemFailure")?;
    if let Some(bisects) = bisects {
        rules.one_of(bisects, &format!("{PATH}.onPartialBatchItemFailure"), &["AUTOMATIC_BISECT"]);
    }
    let dead_letters = match given.nested("DeadLetterConfig")? {
        None => None,
        Some(config) => config.text("Arn")?.map(str::to_owned),
    };
    let mut number = numbers(rules, given, PATH);
    Ok(StreamParameters {
        batch_size: number("BatchSize", 1, 10_000)?,
        window_seconds: number("MaximumBatchingWindowInSeconds", 0, 300)?.unwrap_or(0),
        lanes: number("ParallelizationFactor", 1, 10)?.unwrap_or(1),
        retries: number("MaximumRetryAttempts", -1, 10_000)?,
        max_age_seconds: number("MaximumRecordAgeInSeconds", -1, 604_800)?,
        bisects: bisects.is_some(),
        from_oldest: position == Some("TRIM_HORIZON"),
        dead_letters,
    })
}

fn target_of(rules: &mut Rules, given: &Members<'_>) -> Result<TargetParameters, WireError> {
    given.refuse(&[
        "BatchJobParameters",
        "EcsTaskParameters",
        "HttpParameters",
        "KinesisStreamParameters",
        "RedshiftDataParameters",
        "SageMakerPipelineParameters",
        "StepFunctionStateMachineParameters",
        "TimestreamParameters",
    ])?;
    let input = template(rules, given, "targetParameters.inputTemplate")?;
    let function = match given.nested("LambdaFunctionParameters")? {
        None => None,
        Some(function) => {
            let invocation = function.text("InvocationType")?;
            if let Some(invocation) = invocation {
                let path = "targetParameters.lambdaFunctionParameters.invocationType";
                rules.one_of(invocation, path, &["REQUEST_RESPONSE", "FIRE_AND_FORGET"]);
            }
            Some(invocation != Some("FIRE_AND_FORGET"))
        }
    };
    let mut others = Vec::new();
    for kind in [OtherTarget::Queue, OtherTarget::Bus, OtherTarget::LogGroup] {
        let Some(given) = given.nested(kind.member())? else { continue };
        let text = |member| Ok::<_, WireError>(given.text(member)?.map(str::to_owned));
        let mut spec = PipeParametersSpec::default();
        match kind {
            OtherTarget::Queue => {
                (spec.message_group, spec.deduplication) = (text("MessageGroupId")?, text("MessageDeduplicationId")?);
            }
            OtherTarget::Bus => {
                given.refuse(&["EndpointId"])?;
                (spec.source, spec.detail_type) = (text("Source")?, text("DetailType")?);
                spec.time = text("Time")?;
                let resources = given.texts("Resources")?.unwrap_or_default();
                spec.resources = resources.into_iter().map(str::to_owned).collect();
            }
            OtherTarget::LogGroup => (spec.stream, spec.timestamp) = (text("LogStreamName")?, text("Timestamp")?),
        }
        others.push((kind, spec));
    }
    if others.len() + usize::from(function.is_some()) > 1 {
        let message = "TargetParameters has parameters for more than one kind of target";
        return Err(WireError::field("targetParameters", message));
    }
    Ok(TargetParameters { input, function, other: others.pop() })
}

impl WireError {
    /// That one field of a request is wrong, as pipes say it.
    pub(crate) fn field(name: &str, message: &str) -> Self {
        let list = serde_json::json!([{ "name": name, "message": message }]);
        Self::new(Code::Validation, message).with("fieldList", list)
    }
}
