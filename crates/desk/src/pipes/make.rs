//! Decides what pipe a client's words are: a new one, or another definition of one that is there.
//!
//! ARNs become names here, and what is not given is as usual. Whether what is named is there, and goes together, the engine
//! says when the pipe is made.

use super::{Seen, Wrong};
use delivery::bus::pipe_target::{PipeParametersSpec, PipeTargetKind};
use engine::Catalog;
use engine::spec::{EnrichmentSpec, InvocationType, PipeSource, PipeSpec, PipeTarget, StartingPosition};
use std::str::FromStr;
use types::{Arn, FunctionName, PipeName, Qualifier, QueueName};
use wire::pipes::{Asked, OtherTarget, QueueParameters, SourceParameters, StreamParameters, TargetParameters};

/// How many records a batch has if nobody says so.
const STREAM_BATCH: u32 = 100;
const QUEUE_BATCH: u32 = 10;
/// The largest batch of messages that need not wait to fill, and the largest one of a FIFO queue.
const SMALL_BATCH_MAX: u32 = 10;

fn wrong(field: &'static str, message: impl Into<String>) -> Wrong {
    Wrong { field, message: message.into() }
}

/// The pipe that a client wants to have made.
pub(super) fn new(seen: &Seen<'_>, name: &PipeName, asked: &Asked) -> Result<PipeSpec, Wrong> {
    let source = source(seen, asked.source.as_deref().unwrap_or_default())?;
    let Aimed { target, qualifier, .. } = target(seen, asked.target.as_deref().unwrap_or_default())?;
    if source.table().is_some() && asked.source_parameters.stream.is_none() {
        let field = "sourceParameters.dynamoDBStreamParameters";
        return Err(wrong(field, "DynamoDBStreamParameters is missing, with a StartingPosition"));
    }
    let plain = PipeSpec {
        name: name.clone(),
        source,
        filters: Vec::new(),
        enrichment: None,
        target,
        qualifier,
        parameters: PipeParametersSpec::default(),
        invocation: InvocationType::RequestResponse,
        batch_size: 0,
        window_seconds: 0,
        lanes: 1,
        retries: None,
        max_age_seconds: None,
        bisect: false,
        start: StartingPosition::Latest,
        dead_letters: None,
        running: true,
        description: None,
        role: None,
        tags: asked.tags.clone(),
    };
    let mut spec = with(seen, plain, asked)?;
    if asked.source_parameters.stream.as_ref().is_some_and(|stream| stream.from_oldest) {
        spec.start = StartingPosition::TrimHorizon;
    }
    batch(seen, spec)
}

/// What a pipe is to be from now on.
pub(super) fn changed(seen: &Seen<'_>, known: &PipeSpec, asked: &Asked) -> Result<PipeSpec, Wrong> {
    let mut spec = known.clone();
    if let Some(arn) = &asked.target {
        let Aimed { kind, target, qualifier } = target(seen, arn)?;
        if kind != self::kind(&seen.catalog, &known.target) {
            // What goes with records to a target of another kind goes with it.
            let input = spec.parameters.input.take();
            spec.parameters = PipeParametersSpec { input, ..PipeParametersSpec::default() };
            spec.invocation = InvocationType::RequestResponse;
        }
        (spec.target, spec.qualifier) = (target, qualifier);
    }
    batch(seen, with(seen, spec, asked)?)
}

/// A pipe with all that is given in an update as well.
fn with(seen: &Seen<'_>, mut spec: PipeSpec, asked: &Asked) -> Result<PipeSpec, Wrong> {
    let SourceParameters { filters, stream, queue } = &asked.source_parameters;
    if let Some(filters) = filters {
        spec.filters.clone_from(filters);
    }
    match (&spec.source, stream, queue) {
        (PipeSource::Table(_), _, Some(_)) => {
            return Err(wrong("sourceParameters.sqsQueueParameters", "the source is a table's stream"));
        }
        (PipeSource::Queue { .. }, Some(_), _) => {
            return Err(wrong("sourceParameters.dynamoDBStreamParameters", "the source is a queue"));
        }
        (PipeSource::Table(_), Some(stream), None) => spec = of_stream(seen, spec, stream)?,
        (PipeSource::Queue { .. }, None, Some(queue)) => {
            let QueueParameters { batch_size, window_seconds } = queue;
            (spec.batch_size, spec.window_seconds) = (batch_size.unwrap_or(0), *window_seconds);
        }
        (PipeSource::Table(_) | PipeSource::Queue { .. }, None, None) => {}
    }
    match asked.enrichment.as_deref() {
        Some("") => spec.enrichment = None,
        Some(arn) => {
            let (function, qualifier) = function(seen, "enrichment", arn)?;
            let input = spec.enrichment.take().and_then(|enrichment| enrichment.input);
            spec.enrichment = Some(EnrichmentSpec { function, qualifier, input });
        }
        None => {}
    }
    match (&mut spec.enrichment, &asked.enrichment_input) {
        (Some(enrichment), Some(input)) => enrichment.input = Some(input.clone()).filter(|input| !input.is_empty()),
        (None, Some(input)) if !input.is_empty() => {
            return Err(wrong("enrichmentParameters", "there is no Enrichment that it is for"));
        }
        (_, _) => {}
    }
    let TargetParameters { input, function, other } = &asked.target_parameters;
    if let Some(input) = input {
        spec.parameters.input = Some(input.clone()).filter(|input| !input.is_empty());
    }
    let kind = kind(&seen.catalog, &spec.target);
    if let Some(waits) = function {
        if kind != PipeTargetKind::Function {
            return Err(wrong("targetParameters.lambdaFunctionParameters", "the target is no function"));
        }
        spec.invocation = if *waits { InvocationType::RequestResponse } else { InvocationType::FireAndForget };
    }
    if let Some((of, given)) = other {
        let fits = match of {
            OtherTarget::Queue => matches!(kind, PipeTargetKind::Queue { .. }),
            OtherTarget::Bus => kind == PipeTargetKind::Bus,
            OtherTarget::LogGroup => kind == PipeTargetKind::LogGroup,
        };
        if !fits {
            return Err(wrong("targetParameters", format!("{} is for another kind of target", of.member())));
        }
        spec.parameters = PipeParametersSpec { input: spec.parameters.input.take(), ..given.clone() };
    }
    spec.role = Some(asked.role.clone());
    if let Some(description) = &asked.description {
        spec.description = Some(description.clone()).filter(|description| !description.is_empty());
    }
    spec.running = asked.running.unwrap_or(spec.running);
    Ok(spec)
}

fn of_stream(seen: &Seen<'_>, spec: PipeSpec, stream: &StreamParameters) -> Result<PipeSpec, Wrong> {
    let field = "sourceParameters.dynamoDBStreamParameters.deadLetterConfig.arn";
    let dead_letters = match &stream.dead_letters {
        Some(arn) => {
            let queue = queue(seen, field, arn)?;
            if queue.as_str().ends_with(".fifo") {
                return Err(wrong(field, "a FIFO queue cannot take the dead letters of a stream"));
            }
            if seen.catalog.queues.get(&queue).is_none_or(|entry| entry.dormant) {
                return Err(wrong(field, format!("the queue {queue} is not there")));
            }
            Some(queue)
        }
        None => None,
    };
    Ok(PipeSpec {
        batch_size: stream.batch_size.unwrap_or(0),
        window_seconds: stream.window_seconds,
        lanes: stream.lanes,
        retries: stream.retries,
        max_age_seconds: stream.max_age_seconds,
        bisect: stream.bisects,
        dead_letters,
        ..spec
    })
}

/// Holds a batch to what its source and its target take; one that nobody has said is as usual.
fn batch(seen: &Seen<'_>, mut spec: PipeSpec) -> Result<PipeSpec, Wrong> {
    let most = kind(&seen.catalog, &spec.target).batch_max();
    let from_queue = spec.source.queue().cloned();
    match spec.batch_size {
        0 => spec.batch_size = if from_queue.is_some() { QUEUE_BATCH } else { STREAM_BATCH }.min(most),
        given if given > most => {
            return Err(wrong("sourceParameters", format!("a batch for this target has {most} records at most")));
        }
        _ => {}
    }
    if let Some(queue) = from_queue {
        let is_fifo = queue.as_str().ends_with(".fifo");
        if spec.batch_size > SMALL_BATCH_MAX && (is_fifo || spec.window_seconds == 0) {
            let message = match is_fifo {
                true => "a batch of a FIFO queue has 10 messages at most",
                false => "a batch of more than 10 messages must wait to fill: give MaximumBatchingWindowInSeconds",
            };
            return Err(wrong("sourceParameters.sqsQueueParameters.batchSize", message));
        }
        if is_fifo && spec.window_seconds > 0 {
            let field = "sourceParameters.sqsQueueParameters.maximumBatchingWindowInSeconds";
            return Err(wrong(field, "batches of a FIFO queue do not wait"));
        }
    }
    Ok(spec)
}

/// What a pipe's target is.
pub(super) fn kind(catalog: &Catalog, target: &PipeTarget) -> PipeTargetKind {
    match target {
        PipeTarget::Function(_) => PipeTargetKind::Function,
        PipeTarget::Queue { queue } => {
            let fifo = catalog.queues.get(queue).and_then(|entry| entry.spec.fifo);
            PipeTargetKind::Queue { keeps_order: fifo.is_some() }
        }
        PipeTarget::Bus { .. } => PipeTargetKind::Bus,
        PipeTarget::LogGroup { .. } => PipeTargetKind::LogGroup,
    }
}

/// An ARN of this account.
fn own(seen: &Seen<'_>, field: &'static str, text: &str) -> Result<Arn, Wrong> {
    let arn: Arn = text.parse().map_err(|_| wrong(field, format!("{text} is no ARN")))?;
    let account = seen.backend.engine.account();
    if *arn.account != *account.id || *arn.region != *account.region {
        return Err(wrong(field, format!("{text} is of another account or region")));
    }
    Ok(arn)
}

fn named<T: FromStr>(field: &'static str, arn: &Arn, name: &str) -> Result<T, Wrong> {
    name.parse().map_err(|_| wrong(field, format!("{arn} names nothing")))
}

fn queue(seen: &Seen<'_>, field: &'static str, text: &str) -> Result<QueueName, Wrong> {
    let arn = own(seen, field, text)?;
    match &*arn.service {
        "sqs" => named(field, &arn, &arn.resource),
        _ => Err(wrong(field, format!("{arn} is no queue"))),
    }
}

fn function(seen: &Seen<'_>, field: &'static str, text: &str) -> Result<(FunctionName, Option<Qualifier>), Wrong> {
    let arn = own(seen, field, text)?;
    let name = arn.resource.strip_prefix("function:").filter(|_| &*arn.service == "lambda");
    let name = name.ok_or_else(|| wrong(field, format!("{arn} is no function, and others are not asked here")))?;
    let (name, behind) = name.split_once(':').map_or((name, None), |(name, behind)| (name, Some(behind)));
    let name = named(field, &arn, name)?;
    let qualifier: Option<Qualifier> = behind.map(|behind| named(field, &arn, behind)).transpose()?;
    let entry = seen.catalog.functions.get(&name).filter(|entry| !entry.dormant);
    let entry = entry.ok_or_else(|| wrong(field, format!("the function {name} is not there")))?;
    match qualifier {
        Some(qualifier) if !entry.versions.has(&qualifier) => {
            Err(wrong(field, format!("the function {name} has no version or alias {qualifier}")))
        }
        qualifier => Ok((name, qualifier)),
    }
}

fn source(seen: &Seen<'_>, text: &str) -> Result<PipeSource, Wrong> {
    let field = "source";
    let arn = own(seen, field, text)?;
    match (&*arn.service, arn.resource.split_once("/stream/")) {
        ("sqs", _) => Ok(PipeSource::Queue { queue: named(field, &arn, &arn.resource)? }),
        ("dynamodb", Some((table, _))) => {
            let table = named(field, &arn, table.trim_start_matches("table/"))?;
            // Another label is another stream, which is no more.
            if seen.stream(&table).as_deref() != Some(text) {
                return Err(wrong(field, format!("Stream not found: {arn}")));
            }
            Ok(PipeSource::Table(table))
        }
        _ => Err(wrong(field, format!("{arn} is neither a table's stream nor a queue, and others are not read here"))),
    }
}

/// Where a pipe hands on to.
struct Aimed {
    kind: PipeTargetKind,
    target: PipeTarget,
    /// Which version or alias, of a function.
    qualifier: Option<Qualifier>,
}

fn target(seen: &Seen<'_>, text: &str) -> Result<Aimed, Wrong> {
    let field = "target";
    let mut behind = None;
    let arn = own(seen, field, text)?;
    let target = match &*arn.service {
        "sqs" => PipeTarget::Queue { queue: named(field, &arn, &arn.resource)? },
        "lambda" => {
            let (function, qualifier) = function(seen, field, text)?;
            behind = qualifier;
            PipeTarget::Function(function)
        }
        "events" if arn.resource.starts_with("event-bus/") => {
            PipeTarget::Bus { bus: named(field, &arn, arn.resource.trim_start_matches("event-bus/"))? }
        }
        "logs" if arn.resource.starts_with("log-group:") => {
            let name = arn.resource.trim_start_matches("log-group:").trim_end_matches(":*");
            PipeTarget::LogGroup { log_group: named(field, &arn, name)? }
        }
        _ => {
            let message = format!("{arn} is no function, queue, event bus or log group; others get nothing here");
            return Err(wrong(field, message));
        }
    };
    Ok(Aimed { kind: kind(&seen.catalog, &target), target, qualifier: behind })
}
