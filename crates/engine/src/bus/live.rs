//! Decides which rules work: those of stacks that are up, compiled into one matcher for each bus.
//!
//! A change of one bus compiles that bus anew and leaves the others as they are; who is matching goes on with what was.

use super::entries::{ArchiveEntry, BusEntry, RuleEntry};
use super::error::BusError;
use crate::asynchronous;
use crate::catalog::Catalog;
use crate::engine::{Inner, POISON};
use crate::queues::LiveQueue;
use crate::spec::QueueSpec;
use delivery::bus::archive::Archive;
use delivery::bus::matcher::{BusMatcher, MatchScratch};
use delivery::bus::{Event, Rule, Target, TargetSpec, rule_arn};
use std::cell::RefCell;
use std::sync::Arc;
use types::{Account, Arn, BusName, SortedMap, SortedSet, Timestamp};

/// How long a delivery is hidden while it is tried; longer than any attempt takes.
const HIDDEN_FOR_SECONDS: u32 = 120;
/// Longer than any delivery may take: what is given up and cannot be set aside is kept so long.
const KEPT_FOR_SECONDS: u32 = 14 * 24 * 60 * 60;

/// All buses at work.
#[derive(Default)]
pub(crate) struct LiveBuses {
    buses: SortedMap<BusName, Arc<LiveBus>>,
    /// Which stacks are up.
    awake: SortedSet<String>,
    /// What waits to be delivered, once there has been a rule.
    pub(super) deliveries: Option<Arc<LiveQueue>>,
}

/// One bus at work.
pub(crate) struct LiveBus {
    pub(super) name: BusName,
    pub(super) rules: Vec<LiveRule>,
    pub(super) archives: Vec<(u32, Archive)>,
    matcher: BusMatcher<Who>,
    made_of: (SortedMap<types::RuleName, RuleEntry>, Vec<ArchiveEntry>),
}

/// One rule at work.
pub(crate) struct LiveRule {
    pub(super) rule: Rule,
    pub(super) arn: Arn,
    /// Its targets as they were asked for, in the order of the rule's.
    pub(super) specs: Vec<TargetSpec>,
    pub(super) began_at: Timestamp,
}

/// Whose pattern it is: a position among the bus's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Archive(usize),
    Rule(usize),
}

impl LiveBuses {
    /// The bus of this name, if it has anything to do.
    pub(crate) fn get(&self, name: &BusName) -> Option<&Arc<LiveBus>> {
        self.buses.get(name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<LiveBus>> {
        self.buses.values()
    }

    fn is_awake(&self, stack: &str) -> bool {
        stack.is_empty() || self.awake.contains(stack)
    }
}

impl LiveBus {
    /// Whose patterns match an event.
    pub(super) fn matches(&self, event: &Event) -> Vec<Who> {
        thread_local! {
            static SCRATCH: RefCell<MatchScratch> = RefCell::default();
        }
        SCRATCH.with_borrow_mut(|scratch| match self.matcher.matches(event.json().as_bytes(), scratch) {
            Ok(matched) => {
                if matched.is_undecided() {
                    crate::complain!(
                        "orderflow: event {} of bus {} spells its paths in so many ways that rules with such paths \
                         are not decided",
                        event.id(),
                        self.name
                    );
                }
                matched.copied().collect()
            }
            Err(error) => {
                // What a bus takes can be matched; this is for what was kept by another version.
                crate::complain!("orderflow: event {} of bus {} matches no rule: {error}", event.id(), self.name);
                Vec::new()
            }
        })
    }
}

/// The rule that an entry says.
pub(super) fn rule_of(bus: &BusName, entry: &RuleEntry) -> Result<Rule, BusError> {
    let rule = Rule::parse(entry.spec.clone(), bus)?;
    let targets = entry.targets.iter().cloned().map(Target::parse).collect::<Result<Vec<_>, _>>()?;
    Ok(rule.put_targets(targets)?)
}

fn bus_of(name: &BusName, entry: &BusEntry, live: &LiveBuses, catalog: &Catalog, account: &Account) -> LiveBus {
    let rules = entry.rules.iter().filter(|(_, rule)| live.is_awake(&rule.stack));
    let kept: SortedMap<_, _> = rules.map(|(name, rule)| (name.clone(), rule.clone())).collect();
    let mut rules = Vec::new();
    for (rule_name, entry) in &kept {
        // What was taken in was read before; a rule of another version that cannot be is left out, and said.
        match rule_of(name, entry) {
            Ok(rule) => {
                let arn = rule_arn(account, name, rule_name);
                rules.push(LiveRule { rule, arn, specs: entry.targets.clone(), began_at: entry.began_at });
            }
            Err(error) => crate::complain!("orderflow: rule {rule_name} of bus {name} does not work: {error}"),
        }
    }
    let of_bus = |entry: &&ArchiveEntry| {
        let archive = Archive::parse(entry.spec.clone(), account);
        !entry.dormant && live.is_awake(&entry.stack) && archive.is_ok_and(|archive| archive.bus() == name)
    };
    let entries: Vec<ArchiveEntry> = catalog.archives.values().filter(of_bus).cloned().collect();
    let archives: Vec<(u32, Archive)> = entries
        .iter()
        .filter_map(|entry| Some((entry.id, Archive::parse(entry.spec.clone(), account).ok()?)))
        .collect();
    let matcher = {
        let of_archives = archives.iter().enumerate().map(|(at, (_, archive))| (Who::Archive(at), archive.pattern()));
        let of_rules =
            rules.iter().enumerate().filter_map(|(at, live)| Some((Who::Rule(at), live.rule.live_pattern()?)));
        BusMatcher::new(of_archives.chain(of_rules).collect::<Vec<_>>())
    };
    LiveBus { name: name.clone(), rules, archives, matcher, made_of: (kept, entries) }
}

/// Takes over what is deployed now. `waking` is a stack that is up from now on. The caller holds `changing`, or is alone.
pub(crate) fn rebuild(inner: &Inner, waking: Option<&str>) -> Result<(), crate::commit::WriteRefused> {
    let current = inner.buses.live();
    let catalog = inner.catalog();
    let mut awake = current.awake.clone();
    if let Some(stack) = waking.filter(|stack| !stack.is_empty()) {
        awake.insert(stack.to_owned());
    }
    let deliveries = match (&current.deliveries, catalog.deliveries) {
        (Some(live), _) => Some(Arc::clone(live)),
        (None, Some(id)) => Some(Arc::new(LiveQueue::open(id, &queue_spec(), &inner.commits, &inner.clock)?)),
        (None, None) => None,
    };
    let mut live = LiveBuses { buses: SortedMap::new(), awake, deliveries };
    for (name, entry) in catalog.buses.iter().filter(|(_, entry)| !entry.dormant) {
        if !live.is_awake(&entry.stack) {
            continue;
        }
        let new = || Arc::new(bus_of(name, entry, &live, &catalog, &inner.account));
        let bus = match current.buses.get(name) {
            Some(known) if known.is_made_of(entry, &live, &catalog, &inner.account) => Arc::clone(known),
            Some(_) | None => new(),
        };
        live.buses.insert(name.clone(), bus);
    }
    *inner.buses.live.write().expect(POISON) = Arc::new(live);
    inner.buses.changed.notify_waiters();
    Ok(())
}

impl LiveBus {
    fn is_made_of(&self, entry: &BusEntry, live: &LiveBuses, catalog: &Catalog, account: &Account) -> bool {
        let rules = entry.rules.iter().filter(|(_, rule)| live.is_awake(&rule.stack));
        let arn = account.arn("events", &format!("event-bus/{}", self.name)).to_string();
        let archives = catalog.archives.values();
        let archives = archives.filter(|entry| !entry.dormant && live.is_awake(&entry.stack) && entry.spec.bus == arn);
        self.made_of.0.iter().eq(rules) && self.made_of.1.iter().eq(archives)
    }
}

fn queue_spec() -> QueueSpec {
    QueueSpec {
        name: "deliveries".parse().expect("a fair name"),
        visible_for_seconds: HIDDEN_FOR_SECONDS,
        retention_seconds: KEPT_FOR_SECONDS,
        ..asynchronous::queue_spec()
    }
}
