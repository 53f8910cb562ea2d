//! Decides how buses, rules, targets and archives are made, changed and taken away while the engine runs.
//!
//! What clients make belongs to no stack. What a template has made can be switched on and off, and can be given other
//! targets, until the template is deployed again; it can only be taken away by the template.

use super::api::ArchiveChange;
use super::entries::{
    ARCHIVES_MAX, ArchiveEntry, BUSES_MAX, BusEntry, RuleEntry, check_archive, check_targets, is_default, missing,
};
use super::error::BusError;
use super::live;
use crate::catalog::Catalog;
use crate::engine::{Inner, NotFound};
use crate::queues::manage;
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::{RuleRefused, RuleSpec, RuleState, TargetSpec};
use types::{ArchiveName, Arn, BusName, RuleName, SortedMap, TargetId, Timestamp};

/// Changes what is deployed, and then what buses do by it.
pub(super) fn change<T>(
    inner: &Inner,
    act: impl FnOnce(&mut Catalog, Timestamp) -> Result<T, BusError>,
) -> Result<T, BusError> {
    manage::change(inner, act, || Ok(live::rebuild(inner, None)?))
}

pub(super) fn create_bus(
    catalog: &mut Catalog,
    name: &BusName,
    description: Option<String>,
    tags: SortedMap<String, String>,
    now: Timestamp,
) -> Result<(), BusError> {
    if is_default(name) {
        return Err(BusError::Default);
    }
    if catalog.buses.contains_key(name) {
        return Err(BusError::Exists { kind: "event bus", name: name.to_string() });
    }
    if catalog.buses.len() >= BUSES_MAX {
        return Err(BusError::TooMany { kind: "event bus", max: BUSES_MAX });
    }
    let (created_at, changed_at) = (Some(now), Some(now));
    let entry = BusEntry { description, created_at, changed_at, tags, ..BusEntry::default() };
    catalog.buses.insert(name.clone(), entry);
    Ok(())
}

pub(super) fn delete_bus(catalog: &mut Catalog, name: &BusName) -> Result<(), BusError> {
    if is_default(name) {
        return Err(BusError::Default);
    }
    let Some(entry) = catalog.bus(name) else { return Ok(()) };
    of_no_stack("event bus", name, &entry.stack)?;
    if !entry.rules.is_empty() {
        return Err(BusError::HasRules { bus: name.clone() });
    }
    catalog.buses.remove(name);
    Ok(())
}

pub(super) fn put_rule(
    catalog: &mut Catalog,
    bus: &BusName,
    spec: RuleSpec,
    role: Option<String>,
    tags: SortedMap<String, String>,
    now: Timestamp,
) -> Result<(), BusError> {
    let is_new = catalog.bus(bus).is_none_or(|entry| !entry.rules.contains_key(&spec.name));
    let rule = catalog.put_rule(bus, spec, role, "", now)?;
    if is_new {
        rule.tags = tags;
    }
    Ok(())
}

pub(super) fn delete_rule(
    catalog: &mut Catalog,
    bus: &BusName,
    name: &RuleName,
    now: Timestamp,
) -> Result<(), BusError> {
    let entry = catalog.bus_mut(bus, now)?;
    let Some(rule) = entry.rules.get(name) else { return Ok(()) };
    of_no_stack("rule", name, &rule.stack)?;
    if !rule.targets.is_empty() {
        return Err(RuleRefused::HasTargets.into());
    }
    entry.rules.remove(name);
    Ok(())
}

pub(super) fn of_no_stack(kind: &'static str, name: impl ToString, stack: &str) -> Result<(), BusError> {
    if stack.is_empty() {
        return Ok(());
    }
    Err(BusError::OfStack { kind, name: name.to_string(), stack: stack.to_owned() })
}

/// The rule of this name, to change it.
pub(super) fn rule_mut<'c>(
    catalog: &'c mut Catalog,
    bus: &BusName,
    name: &RuleName,
    now: Timestamp,
) -> Result<&'c mut RuleEntry, NotFound> {
    let entry = catalog.bus_mut(bus, now)?;
    entry.rules.get_mut(name).ok_or_else(|| missing("rule", name))
}

pub(super) fn set_state(rule: &mut RuleEntry, state: RuleState, now: Timestamp) {
    if rule.spec.state == RuleState::Disabled && state != RuleState::Disabled {
        rule.began_at = now;
    }
    rule.spec.state = state;
}

pub(super) fn put_targets(bus: &BusName, rule: &mut RuleEntry, targets: Vec<TargetSpec>) -> Result<(), BusError> {
    // What is given twice is refused, rather than one of the two taken.
    check_targets(bus, &RuleEntry { targets: targets.clone(), ..rule.clone() })?;
    for target in targets {
        match rule.targets.iter_mut().find(|known| known.id == target.id) {
            Some(known) => *known = target,
            None => rule.targets.push(target),
        }
    }
    check_targets(bus, rule)
}

pub(super) fn remove_targets(rule: &mut RuleEntry, ids: &[TargetId]) -> Vec<TargetId> {
    let known = |id: &&TargetId| rule.targets.iter().any(|target| target.id == id.as_str());
    let unknown = ids.iter().filter(|id| !known(id)).cloned().collect();
    rule.targets.retain(|target| !ids.iter().any(|id| target.id == id.as_str()));
    unknown
}

/// The tags of a bus or a rule.
pub(super) fn tags_mut<'c>(
    catalog: &'c mut Catalog,
    of: &Arn,
    now: Timestamp,
) -> Result<&'c mut SortedMap<String, String>, NotFound> {
    let nothing = || missing("resource", of);
    if let Some(name) = of.resource.strip_prefix("event-bus/") {
        let name: BusName = name.parse().map_err(|_| nothing())?;
        return Ok(&mut catalog.bus_mut(&name, now)?.tags);
    }
    let rule = of.resource.strip_prefix("rule/").ok_or_else(nothing)?;
    let (bus, rule) = rule.rsplit_once('/').unwrap_or((delivery::bus::entry::DEFAULT_BUS, rule));
    let (bus, rule) = (bus.parse().map_err(|_| nothing())?, rule.parse().map_err(|_| nothing())?);
    Ok(&mut rule_mut(catalog, &bus, &rule, now)?.tags)
}

pub(super) fn create_archive(
    catalog: &mut Catalog,
    spec: ArchiveSpec,
    inner: &Inner,
    now: Timestamp,
) -> Result<(), BusError> {
    check_archive(catalog, &spec, &inner.account)?;
    if catalog.archives.contains_key(&spec.name) {
        return Err(BusError::Exists { kind: "archive", name: spec.name.to_string() });
    }
    if catalog.archives.len() >= ARCHIVES_MAX {
        return Err(BusError::TooMany { kind: "archive", max: ARCHIVES_MAX });
    }
    // The default bus has something to do from now on.
    let archived = delivery::bus::archive::Archive::parse(spec.clone(), &inner.account)?;
    catalog.bus_mut(archived.bus(), now)?;
    catalog.with_deliveries();
    let (id, name) = (catalog.new_id(), spec.name.clone());
    let entry = ArchiveEntry { id, stack: String::new(), spec, created_at: now, dormant: false };
    catalog.archives.insert(name, entry);
    Ok(())
}

pub(super) fn update_archive(
    catalog: &mut Catalog,
    name: &ArchiveName,
    change: ArchiveChange,
    inner: &Inner,
) -> Result<(), BusError> {
    let entry = catalog.archives.get_mut(name).filter(|entry| !entry.dormant);
    let entry = entry.ok_or_else(|| missing("archive", name))?;
    let before = entry.spec.clone();
    let spec = ArchiveSpec {
        description: change.description.or(before.description),
        pattern: change.pattern.or(before.pattern),
        retention_days: change.retention_days.or(before.retention_days),
        ..before
    };
    entry.spec = spec.clone();
    check_archive(catalog, &spec, &inner.account)
}

pub(super) fn delete_archive(catalog: &mut Catalog, name: &ArchiveName) -> Result<(), BusError> {
    let entry = catalog.archives.get(name).filter(|entry| !entry.dormant).ok_or_else(|| missing("archive", name))?;
    of_no_stack("archive", name, &entry.stack)?;
    let id = entry.id;
    catalog.archives.remove(name);
    catalog.archive_remains.push(id);
    Ok(())
}
