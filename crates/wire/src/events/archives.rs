//! Decides how requests about archives are read.

use super::request::{ARCHIVE, Request, kept};
use super::trial::PATTERN_LENGTH_MAX;
use super::{Call, Refused};
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::DESCRIPTION_MAX;
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::entry::BusRef;
use types::{ArchiveName, BusName};

/// The only state that an archive has here, of those that AWS knows.
pub(super) const STATE: &str = "ENABLED";
/// The states of an archive, in AWS's order.
const STATES: [&str; 6] = [STATE, "DISABLED", "CREATING", "UPDATING", "CREATE_FAILED", "UPDATE_FAILED"];

/// What is to become different of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveChange {
    /// What it is for.
    pub description: Option<String>,
    /// Which events it keeps.
    pub pattern: Option<String>,
    /// For how many days.
    pub retention_days: Option<i64>,
}

/// Which archives are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveFilter {
    /// All.
    All,
    /// Those of a bus.
    OfBus(BusName),
    /// Those in a state that none is in here.
    None,
}

pub(super) fn create(request: &Request<'_>) -> Result<Call, WireError> {
    request.refuse(&["KmsKeyIdentifier"])?;
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "ArchiveName", &ARCHIVE)?;
    let bus = request.some_long_name(&mut rules, "EventSourceArn")?;
    let change = change(&mut rules, request)?;
    rules.check(Code::Validation)?;
    let ArchiveChange { description, pattern, retention_days } = change;
    let archive = Box::new(ArchiveSpec { name: kept(name), bus: kept(bus), pattern, retention_days, description });
    Ok(Call::CreateArchive { archive })
}

pub(super) fn update(request: &Request<'_>) -> Result<Call, WireError> {
    request.refuse(&["KmsKeyIdentifier"])?;
    let mut rules = Rules::default();
    let archive = request.name(&mut rules, "ArchiveName", &ARCHIVE)?;
    let change = change(&mut rules, request)?;
    rules.check(Code::Validation)?;
    Ok(Call::UpdateArchive { archive: kept(archive), change })
}

fn change(rules: &mut Rules, request: &Request<'_>) -> Result<ArchiveChange, WireError> {
    Ok(ArchiveChange {
        description: request.short(rules, "Description", DESCRIPTION_MAX)?,
        pattern: request.short(rules, "EventPattern", PATTERN_LENGTH_MAX)?,
        retention_days: request.number(rules, "RetentionDays", 0, i64::from(i32::MAX))?,
    })
}

fn named(request: &Request<'_>) -> Result<ArchiveName, WireError> {
    let mut rules = Rules::default();
    let archive = request.name(&mut rules, "ArchiveName", &ARCHIVE)?;
    rules.check(Code::Validation)?;
    Ok(kept(archive))
}

pub(super) fn delete(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::DeleteArchive { archive: named(request)? })
}

pub(super) fn describe(request: &Request<'_>) -> Result<Call, WireError> {
    Ok(Call::DescribeArchive { archive: named(request)? })
}

pub(super) fn list(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let page = request.page(&mut rules, &ARCHIVE)?;
    let state = request.one_of(&mut rules, "State", &STATES)?;
    let source = request.long_name(&mut rules, "EventSourceArn")?;
    rules.check(Code::Validation)?;
    one_filter(request, "ListArchives")?;
    let filter = match (state, source) {
        (Some(state), _) if state != STATE => ArchiveFilter::None,
        (_, None) => ArchiveFilter::All,
        (_, Some(source)) => match BusRef::parse(&source, &request.context.account) {
            Ok(BusRef::Here(bus)) if source.starts_with("arn:") => ArchiveFilter::OfBus(bus),
            Ok(BusRef::Elsewhere(_)) => return Err(Refused::NoBus(&source).error()),
            Ok(BusRef::Here(_)) | Err(_) => {
                let message = "Parameter EventSourceArn is not valid. Reason: Must contain an event bus ARN.";
                return Err(WireError::new(Code::Validation, message));
            }
        },
    };
    Ok(Call::ListArchives { filter, page })
}

/// Refuses a list that is asked for by more than one thing.
pub(super) fn one_filter(request: &Request<'_>, operation: &str) -> Result<(), WireError> {
    let given = [request.text("NamePrefix")?, request.text("State")?, request.text("EventSourceArn")?];
    if given.iter().flatten().count() > 1 {
        let message = format!(
            "At most one filter is allowed for {operation}. Use either : State, EventSourceArn, or NamePrefix."
        );
        return Err(WireError::new(Code::Validation, message));
    }
    Ok(())
}
