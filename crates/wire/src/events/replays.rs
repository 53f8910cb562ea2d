//! Decides how requests about replays are read.

use super::Call;
use super::archives::one_filter;
use super::request::{NAME, Request, kept};
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::DESCRIPTION_MAX;
use delivery::bus::replay::{ReplaySpec, State};
use types::{ArchiveName, Arn, ReplayName};

/// Which replays are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayFilter {
    /// All.
    All,
    /// Those of the archive with this ARN.
    OfArchive(String),
    /// Those that are so far.
    In(ReplayStage),
}

/// How far a replay is, as AWS tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayStage {
    /// It was asked for.
    Starting,
    /// It brings events.
    Running,
    /// It shall stop.
    Cancelling,
    /// It brought everything.
    Completed,
    /// It was stopped.
    Cancelled,
    /// It cannot go on.
    Failed,
}

/// The stages in AWS's spelling and order.
const STAGES: [(&str, ReplayStage); 6] = [
    ("STARTING", ReplayStage::Starting),
    ("RUNNING", ReplayStage::Running),
    ("CANCELLING", ReplayStage::Cancelling),
    ("COMPLETED", ReplayStage::Completed),
    ("CANCELLED", ReplayStage::Cancelled),
    ("FAILED", ReplayStage::Failed),
];

impl ReplayStage {
    /// How far a replay in this state is.
    pub fn of(state: &State) -> Self {
        match state {
            State::Starting => Self::Starting,
            State::Running { .. } => Self::Running,
            State::Cancelling { .. } => Self::Cancelling,
            State::Completed { .. } => Self::Completed,
            State::Cancelled { .. } => Self::Cancelled,
            State::Failed { .. } => Self::Failed,
        }
    }

    /// What AWS calls it.
    pub(super) fn name(self) -> &'static str {
        STAGES.iter().find(|(_, stage)| *stage == self).map_or("FAILED", |(name, _)| name)
    }
}

pub(super) fn start(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "ReplayName", &NAME)?;
    let description = request.short(&mut rules, "Description", DESCRIPTION_MAX)?;
    let source = request.some_long_name(&mut rules, "EventSourceArn")?;
    let mut time = |member: &str| {
        let at = request.time(&mut rules, member)?;
        if at.is_none() && !request.has(member) {
            rules.missing(&request.path(member));
        }
        Ok::<_, WireError>(at)
    };
    let (from, to) = (time("EventStartTime")?, time("EventEndTime")?);
    let (mut destination, mut filters) = (None, Vec::new());
    match request.object("Destination")? {
        None => rules.missing("destination"),
        Some(given) => {
            destination = given.some_long_name(&mut rules, "Arn")?;
            filters = given.texts("FilterArns")?.unwrap_or_default();
        }
    }
    rules.check(Code::Validation)?;
    let archive = archive_of(&kept(source), request)?;
    let replay = Box::new(ReplaySpec {
        name: kept(name),
        from: kept(from),
        to: kept(to),
        destination: kept(destination),
        rules: filters.into_iter().map(str::to_owned).collect(),
    });
    Ok(Call::StartReplay { archive, replay, description })
}

/// The archive that an ARN names.
fn archive_of(text: &str, request: &Request<'_>) -> Result<ArchiveName, WireError> {
    let account = &request.context.account;
    let arn: Option<Arn> = text.parse().ok();
    let name =
        arn.as_ref().filter(|arn| &*arn.service == "events").and_then(|arn| arn.resource.strip_prefix("archive/"));
    let name = name.and_then(|name| name.parse::<ArchiveName>().ok()).ok_or_else(|| {
        let message = "Parameter EventSourceArn is not valid. Reason: Must contain an archive ARN.";
        WireError::new(Code::Validation, message)
    })?;
    let here = account.arn("events", &format!("archive/{name}"));
    if arn.is_some_and(|arn| arn == here) {
        return Ok(name);
    }
    Err(WireError::new(Code::Validation, delivery::bus::replay::archive_missing(text)))
}

fn named(request: &Request<'_>) -> Result<ReplayName, WireError> {
    let mut rules = Rules::default();
    let replay = request.name(&mut rules, "ReplayName", &NAME)?;
    rules.check(Code::Validation)?;
    Ok(kept(replay))
}

pub(super) fn cancel(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::CancelReplay { replay: named(request)? })
}

pub(super) fn describe(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::DescribeReplay { replay: named(request)? })
}

pub(super) fn list(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let page = request.page(&mut rules, &NAME)?;
    let stage = request.one_of(&mut rules, "State", &STAGES.map(|(name, _)| name))?;
    let source = request.long_name(&mut rules, "EventSourceArn")?;
    rules.check(Code::Validation)?;
    one_filter(request, "ListReplays")?;
    let stage = stage.and_then(|stage| STAGES.iter().find(|(name, _)| *name == stage));
    let filter = match (stage, source) {
        (Some((_, stage)), _) => ReplayFilter::In(*stage),
        (None, Some(source)) => ReplayFilter::OfArchive(source),
        (None, None) => ReplayFilter::All,
    };
    Ok(Call::ListReplays { filter, page })
}
