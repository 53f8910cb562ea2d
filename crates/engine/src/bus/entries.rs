//! Decides what of event buses is deployed, whose it is, and what a new version of a stack changes about it.
//!
//! A bus and an archive that their stack no longer names lie dormant, since they hold events or others' rules; a rule
//! goes. The default bus is everybody's, and gets an entry with the first thing that is done to it.

use super::error::BusError;
use super::live::rule_of;
use crate::catalog::{Act, Catalog, DeployRefused, Deployed, Standing, owned};
use crate::engine::NotFound;
use crate::spec::{BusRuleSpec, RuleSpec, StackSpec, TargetSpec};
use delivery::bus::archive::{Archive, ArchiveSpec};
use delivery::bus::entry::DEFAULT_BUS;
use delivery::bus::policy::Policy;
use delivery::bus::{Rule, RuleState};
use serde::{Deserialize, Serialize};
use types::{Account, BusName, RuleName, SortedMap, Timestamp};

/// How many buses there may be.
pub(super) const BUSES_MAX: usize = 100;
/// How many rules a bus may have.
pub(super) const RULES_MAX: usize = 2_000;
/// How many archives there may be.
pub(super) const ARCHIVES_MAX: usize = 100;

/// An event bus that there is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BusEntry {
    /// The stack it belongs to; empty if clients have made it, and for the default bus.
    pub stack: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub changed_at: Option<Timestamp>,
    /// Whether its stack no longer names it.
    pub dormant: bool,
    /// What clients have written on it.
    pub tags: SortedMap<String, String>,
    /// Who may do what with it, if clients have said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Its rules.
    pub rules: SortedMap<RuleName, RuleEntry>,
}

/// A rule that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleEntry {
    /// The stack it belongs to; empty if clients have made it.
    pub stack: String,
    /// What it waits for.
    pub spec: RuleSpec,
    /// The role that it would have on AWS.
    pub role: Option<String>,
    /// Where it sends events.
    pub targets: Vec<TargetSpec>,
    /// Since when it has this schedule, enabled.
    pub began_at: Timestamp,
    /// What clients have written on it.
    pub tags: SortedMap<String, String>,
}

/// An archive that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchiveEntry {
    /// Its number on disk.
    pub id: u32,
    /// The stack it belongs to; empty if clients have made it.
    pub stack: String,
    /// What it is.
    pub spec: ArchiveSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether its stack no longer names it; it keeps what it has.
    pub dormant: bool,
}

/// That nothing is there under this name.
pub(super) fn missing(kind: &'static str, name: impl ToString) -> NotFound {
    NotFound { kind, name: name.to_string() }
}

/// Whether a bus is the one that everybody has.
pub(super) fn is_default(name: &BusName) -> bool {
    name.as_str() == DEFAULT_BUS
}

impl Catalog {
    /// The bus of this name.
    pub fn bus(&self, name: &BusName) -> Option<&BusEntry> {
        self.buses.get(name).filter(|bus| !bus.dormant)
    }

    /// The same, to change it. The default bus gets its entry here.
    pub(super) fn bus_mut(&mut self, name: &BusName, now: Timestamp) -> Result<&mut BusEntry, NotFound> {
        if is_default(name) && !self.buses.contains_key(name) {
            let entry = BusEntry { created_at: Some(now), ..BusEntry::default() };
            self.buses.insert(name.clone(), entry);
        }
        let bus = self.buses.get_mut(name).filter(|bus| !bus.dormant);
        bus.ok_or_else(|| missing("event bus", name))
    }

    /// The default bus gets its entry if it is the one of this ARN.
    fn default_if(&mut self, arn: &str, standing: Standing<'_>) {
        let default = DEFAULT_BUS.parse().expect("a fair name");
        if arn.ends_with(":event-bus/default") {
            let _ = self.bus_mut(&default, standing.now);
        }
    }

    /// Gives the buses a queue, once there is something to deliver.
    pub(super) fn with_deliveries(&mut self) {
        if self.deliveries.is_none() {
            self.deliveries = Some(self.new_id());
        }
    }

    /// Makes a rule, or changes one; its targets stay. `stack` is whose it is from now on.
    pub(super) fn put_rule(
        &mut self,
        bus: &BusName,
        spec: RuleSpec,
        role: Option<String>,
        stack: &str,
        now: Timestamp,
    ) -> Result<&mut RuleEntry, BusError> {
        let parsed = Rule::parse(spec.clone(), bus)?;
        self.with_deliveries();
        let entry = self.bus_mut(bus, now)?;
        let name = spec.name.clone();
        if !entry.rules.contains_key(&name) && entry.rules.len() >= RULES_MAX {
            return Err(BusError::TooMany { kind: "rule", max: RULES_MAX });
        }
        let new = RuleEntry {
            stack: stack.to_owned(),
            spec: spec.clone(),
            role: None,
            targets: Vec::new(),
            began_at: now,
            tags: SortedMap::new(),
        };
        let rule = entry.rules.get_or_insert_with(name, || new);
        let was_enabled = rule.spec.state != RuleState::Disabled;
        if rule.spec.schedule != spec.schedule || (!was_enabled && parsed.is_enabled()) {
            rule.began_at = now;
        }
        (rule.spec, rule.role) = (spec, role);
        Ok(rule)
    }

    /// Takes in what of a stack belongs to event buses.
    pub(crate) fn deploy_events(
        &mut self,
        stack: &StackSpec,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        let now = standing.now;
        for spec in &stack.events.buses {
            let refused = |why: BusError| refused("event bus", &spec.name, &why);
            if is_default(&spec.name) {
                return Err(refused(BusError::Default));
            }
            if let Some(known) = self.buses.get_mut(&spec.name) {
                owned(&known.stack, stack, "event bus", &spec.name)?;
                if known.dormant || known.description != spec.description {
                    deployed.step(Act::Changed, "event bus", &spec.name);
                    (known.dormant, known.changed_at) = (false, Some(now));
                    known.description.clone_from(&spec.description);
                }
                continue;
            }
            if self.buses.len() >= BUSES_MAX {
                return Err(refused(BusError::TooMany { kind: "event bus", max: BUSES_MAX }));
            }
            let entry = BusEntry {
                stack: stack.name.clone(),
                description: spec.description.clone(),
                created_at: Some(now),
                changed_at: Some(now),
                ..BusEntry::default()
            };
            self.buses.insert(spec.name.clone(), entry);
            deployed.step(Act::Created, "event bus", &spec.name);
        }
        for spec in &stack.events.rules {
            self.deploy_rule(stack, spec, now, deployed)?;
        }
        for (bus, entry) in &mut self.buses {
            let gone =
                |name: &RuleName| !stack.events.rules.iter().any(|spec| spec.bus == *bus && spec.rule.name == *name);
            entry.rules.retain(|name, rule| {
                let goes = rule.stack == stack.name && gone(name);
                if goes {
                    deployed.step(Act::Removed, "rule", name);
                }
                !goes
            });
            let named = stack.events.buses.iter().any(|spec| spec.name == *bus);
            if entry.stack == stack.name && !entry.dormant && !named {
                entry.dormant = true;
                deployed.step(Act::Dormant, "event bus", bus);
            }
        }
        self.deploy_archives(stack, standing, deployed)
    }

    fn deploy_rule(
        &mut self,
        stack: &StackSpec,
        spec: &BusRuleSpec,
        now: Timestamp,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        let (bus, name) = (&spec.bus, &spec.rule.name);
        let known = self.bus(bus).and_then(|entry| entry.rules.get(name)).cloned();
        if let Some(known) = &known {
            owned(&known.stack, stack, "rule", name)?;
        }
        let refused = |why: BusError| refused("rule", name, &why);
        let rule = self.put_rule(bus, spec.rule.clone(), spec.role.clone(), &stack.name, now).map_err(refused)?;
        rule.targets.clone_from(&spec.targets);
        check_targets(bus, rule).map_err(refused)?;
        match known {
            None => deployed.step(Act::Created, "rule", name),
            Some(known) if known != *rule => deployed.step(Act::Changed, "rule", name),
            Some(_) => {}
        }
        Ok(())
    }

    fn deploy_archives(
        &mut self,
        stack: &StackSpec,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        for spec in &stack.events.archives {
            check_archive(self, spec, standing.account).map_err(|why| refused("archive", &spec.name, &why))?;
            if let Some(known) = self.archives.get_mut(&spec.name) {
                owned(&known.stack, stack, "archive", &spec.name)?;
                if known.dormant || known.spec != *spec {
                    deployed.step(Act::Changed, "archive", &spec.name);
                    (known.dormant, known.spec) = (false, spec.clone());
                }
                continue;
            }
            if self.archives.len() >= ARCHIVES_MAX {
                let why = BusError::TooMany { kind: "archive", max: ARCHIVES_MAX };
                return Err(refused("archive", &spec.name, &why));
            }
            let entry = ArchiveEntry {
                id: self.new_id(),
                stack: stack.name.clone(),
                spec: spec.clone(),
                created_at: standing.now,
                dormant: false,
            };
            self.with_deliveries();
            self.default_if(&spec.bus, standing);
            self.archives.insert(spec.name.clone(), entry);
            deployed.step(Act::Created, "archive", &spec.name);
        }
        for (name, entry) in &mut self.archives {
            let named = stack.events.archives.iter().any(|spec| spec.name == *name);
            if entry.stack == stack.name && !entry.dormant && !named {
                entry.dormant = true;
                deployed.step(Act::Dormant, "archive", name);
            }
        }
        Ok(())
    }
}

pub(super) fn refused(kind: &'static str, name: &impl ToString, why: &BusError) -> DeployRefused {
    DeployRefused::Events { kind, name: name.to_string(), why: why.to_string() }
}

/// Whether a rule's targets are such as events can be brought to.
pub(super) fn check_targets(bus: &BusName, entry: &RuleEntry) -> Result<(), BusError> {
    rule_of(bus, entry).map(drop)
}

/// Whether an archive is one, on a bus that is there.
pub(super) fn check_archive(catalog: &Catalog, spec: &ArchiveSpec, account: &Account) -> Result<(), BusError> {
    let archive = Archive::parse(spec.clone(), account)?;
    let bus = archive.bus();
    if is_default(bus) || catalog.bus(bus).is_some() { Ok(()) } else { Err(missing("event bus", bus).into()) }
}
