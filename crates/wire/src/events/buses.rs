//! Decides how requests about buses themselves are read.

use super::request::{BUS, Request, kept};
use super::{Call, Refused};
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::DESCRIPTION_MAX;
use types::BusName;

/// What AWS keeps of a bus beside its name: who may read its events, and where those go that it cannot deliver itself.
const NOT_HANDLED: [&str; 3] = ["DeadLetterConfig", "KmsKeyIdentifier", "LogConfig"];

pub(super) fn create(request: &Request<'_>) -> Result<Call, WireError> {
    request.refuse(&["EventSourceName"])?;
    request.refuse(&NOT_HANDLED)?;
    let mut rules = Rules::default();
    let bus: Option<BusName> = request.name(&mut rules, "Name", &BUS)?;
    let description = request.short(&mut rules, "Description", DESCRIPTION_MAX)?;
    let tags = request.tags(&mut rules)?.unwrap_or_default();
    rules.check(Code::Validation)?;
    let bus = kept(bus);
    if bus.as_str().contains('/') {
        return Err(WireError::new(Code::Validation, "Event bus name must not contain '/'."));
    }
    Ok(Call::CreateEventBus { bus, description, tags })
}

pub(super) fn update(request: &Request<'_>) -> Result<Call, WireError> {
    request.refuse(&NOT_HANDLED)?;
    let mut rules = Rules::default();
    let bus = request.bus(&mut rules, "Name")?;
    let description = request.short(&mut rules, "Description", DESCRIPTION_MAX)?;
    rules.check(Code::Validation)?;
    Ok(Call::UpdateEventBus { bus: kept(bus), description })
}

pub(super) fn delete(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let bus = request.name(&mut rules, "Name", &BUS)?;
    rules.check(Code::Validation)?;
    let bus: BusName = kept(bus);
    // Known here: no state can let it go.
    if bus.as_str() == delivery::bus::entry::DEFAULT_BUS {
        return Err(Refused::DefaultBusStays.error());
    }
    Ok(Call::DeleteEventBus { bus })
}

pub(super) fn describe(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let bus = request.bus(&mut rules, "Name")?;
    rules.check(Code::Validation)?;
    Ok(Call::DescribeEventBus { bus: kept(bus) })
}

pub(super) fn list(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let page = request.page(&mut rules, &BUS)?;
    rules.check(Code::Validation)?;
    Ok(Call::ListEventBuses { page })
}
