//! Decides what a rule of a bus is, and which targets it may have: [`Rule`].
//!
//! Invariant: a rule has a pattern or a schedule or both, and at most [`TARGETS_MAX`] targets, each with a name of its
//! own.

use super::entry::DEFAULT_BUS;
use super::schedule::{Schedule, ScheduleError};
use super::target::Target;
use pattern::{Dialect, ParseError, Pattern};
use serde::{Deserialize, Serialize};
use types::{Account, Arn, BusName, RuleName, TargetId};

/// How many targets a rule has at most.
pub const TARGETS_MAX: usize = 5;
/// How many characters a description has at most.
pub const DESCRIPTION_MAX: usize = 512;

/// A rule as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSpec {
    /// Its name.
    pub name: RuleName,
    /// Which events it wants.
    pub pattern: Option<String>,
    /// When it fires without an event.
    pub schedule: Option<String>,
    /// Whether it does anything.
    pub state: RuleState,
    /// What it is for.
    pub description: Option<String>,
}

/// Whether a rule does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RuleState {
    /// It does.
    #[default]
    Enabled,
    /// It does, and where there are events of management calls it would get all of them.
    EnabledWithAllManagementEvents,
    /// It does not.
    Disabled,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    spec: RuleSpec,
    pattern: Option<Pattern>,
    schedule: Option<Schedule>,
    targets: Vec<Target>,
}

/// Why a rule is refused, or cannot be taken away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefused {
    /// It would never do anything.
    #[error("Parameter(s) EventPattern or ScheduleExpression must be specified.")]
    NothingToWaitFor,
    /// Its pattern is none: an `InvalidEventPatternException`.
    #[error(transparent)]
    Pattern(#[from] ParseError),
    /// Its schedule is none.
    #[error("Parameter ScheduleExpression is not valid.")]
    Schedule(#[source] ScheduleError),
    /// Only one bus has schedules.
    #[error("ScheduleExpression is supported only on the default event bus.")]
    ScheduleElsewhere,
    /// Its description is too long.
    #[error("the description has {length} characters; the limit is {DESCRIPTION_MAX}")]
    DescriptionTooLong {
        /// How long it is.
        length: usize,
    },
    /// It cannot be taken away yet.
    #[error("Rule can't be deleted since it has targets.")]
    HasTargets,
}

/// Why targets are not put: a `LimitExceededException`, or a `ValidationException` for a name that is given twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetsRefused {
    /// They would be too many.
    #[error("The requested resource exceeds the maximum number allowed.")]
    TooMany {
        /// How many there would be.
        count: usize,
    },
    /// Two of them have one name.
    #[error("Targets name the target {id} twice.")]
    Twice {
        /// The name.
        id: TargetId,
    },
}

impl Rule {
    /// Reads what was asked for on `bus`. A rule that replaces another keeps its targets: see [`Rule::with_targets_of`].
    pub fn parse(spec: RuleSpec, bus: &BusName) -> Result<Self, RuleRefused> {
        if spec.pattern.is_none() && spec.schedule.is_none() {
            return Err(RuleRefused::NothingToWaitFor);
        }
        if spec.schedule.is_some() && bus.as_str() != DEFAULT_BUS {
            return Err(RuleRefused::ScheduleElsewhere);
        }
        let length = spec.description.as_ref().map_or(0, |text| text.chars().count());
        if length > DESCRIPTION_MAX {
            return Err(RuleRefused::DescriptionTooLong { length });
        }
        let pattern = spec.pattern.as_deref().map(|text| Pattern::parse(text, Dialect::Bus)).transpose()?;
        let schedule = spec.schedule.as_deref().map(Schedule::parse).transpose().map_err(RuleRefused::Schedule)?;
        Ok(Self { spec, pattern, schedule, targets: Vec::new() })
    }

    /// The same rule with the targets of the one that it replaces.
    pub fn with_targets_of(self, before: &Rule) -> Self {
        Self { targets: before.targets.clone(), ..self }
    }

    /// The same rule in another state.
    pub fn in_state(&self, state: RuleState) -> Self {
        let mut rule = self.clone();
        rule.spec.state = state;
        rule
    }

    /// The same rule with targets put: those of a name that is there are replaced.
    pub fn put_targets(&self, targets: Vec<Target>) -> Result<Self, TargetsRefused> {
        let mut rule = self.clone();
        for (number, target) in targets.iter().enumerate() {
            if targets[..number].iter().any(|before| before.id == target.id) {
                return Err(TargetsRefused::Twice { id: target.id.clone() });
            }
        }
        for target in targets {
            match rule.targets.iter_mut().find(|known| known.id == target.id) {
                Some(known) => *known = target,
                None => rule.targets.push(target),
            }
        }
        let count = rule.targets.len();
        if count > TARGETS_MAX { Err(TargetsRefused::TooMany { count }) } else { Ok(rule) }
    }

    /// The same rule without these targets, and which of the names it did not have.
    pub fn remove_targets(&self, ids: &[TargetId]) -> (Self, Vec<TargetId>) {
        let mut rule = self.clone();
        rule.targets.retain(|target| !ids.contains(&target.id));
        let unknown = ids.iter().filter(|id| self.targets.iter().all(|target| target.id != **id));
        (rule, unknown.cloned().collect())
    }

    /// Whether the rule may be taken away.
    pub fn check_removable(&self) -> Result<(), RuleRefused> {
        if self.targets.is_empty() { Ok(()) } else { Err(RuleRefused::HasTargets) }
    }

    /// What was asked for.
    pub fn spec(&self) -> &RuleSpec {
        &self.spec
    }

    /// Its name.
    pub fn name(&self) -> &RuleName {
        &self.spec.name
    }

    /// Where it sends events.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Whether it does anything.
    pub fn is_enabled(&self) -> bool {
        match self.spec.state {
            RuleState::Enabled | RuleState::EnabledWithAllManagementEvents => true,
            RuleState::Disabled => false,
        }
    }

    /// What events are matched with, unless the rule is disabled or has only a schedule.
    pub fn live_pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref().filter(|_| self.is_enabled())
    }

    /// When it fires without an event, unless it is disabled or has only a pattern.
    pub fn live_schedule(&self) -> Option<&Schedule> {
        self.schedule.as_ref().filter(|_| self.is_enabled())
    }
}

/// The ARN of a rule, in which the default bus is not named.
pub fn rule_arn(account: &Account, bus: &BusName, rule: &RuleName) -> Arn {
    let resource = if bus.as_str() == DEFAULT_BUS { format!("rule/{rule}") } else { format!("rule/{bus}/{rule}") };
    account.arn("events", &resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::TargetSpec;
    use crate::bus::matcher::{BusMatcher, MatchScratch};

    fn spec(pattern: Option<&str>, schedule: Option<&str>) -> RuleSpec {
        RuleSpec {
            name: "r1".parse().unwrap(),
            pattern: pattern.map(str::to_owned),
            schedule: schedule.map(str::to_owned),
            state: RuleState::Enabled,
            description: None,
        }
    }

    fn rule() -> Rule {
        Rule::parse(spec(Some(r#"{"source":["shop"]}"#), None), &"orders".parse().unwrap()).unwrap()
    }

    fn targets(ids: &[&str]) -> Vec<Target> {
        let arn = "arn:aws:sqs:us-east-1:000000000000:q".to_owned();
        let spec = |id: &&str| TargetSpec { id: (*id).to_owned(), arn: arn.clone(), ..TargetSpec::default() };
        ids.iter().map(|id| Target::parse(spec(id)).unwrap()).collect()
    }

    fn ids(rule: &Rule) -> Vec<&str> {
        rule.targets().iter().map(|target| target.id.as_str()).collect()
    }

    #[test]
    fn rules_are_refused_in_awss_words() {
        let long = RuleSpec { description: Some("x".repeat(513)), ..spec(Some("{\"a\":[1]}"), None) };
        let cases = [
            (spec(None, None), "orders", "Parameter(s) EventPattern or ScheduleExpression must be specified."),
            (
                spec(None, Some("rate(1 minute)")),
                "orders",
                "ScheduleExpression is supported only on the default event bus.",
            ),
            (spec(None, Some("rate(1 minutes)")), "default", "Parameter ScheduleExpression is not valid."),
            (
                spec(Some(r#"{"a":[]}"#), None),
                "orders",
                "Event pattern is not valid. Reason: Empty arrays are not allowed\n at [Source: (String)\"{\"a\":[]}\"; \
                 line: 1, column: 8]",
            ),
            (long, "orders", "the description has 513 characters; the limit is 512"),
        ];
        for (spec, bus, expected) in cases {
            assert_eq!(Rule::parse(spec, &bus.parse().unwrap()).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn targets_are_put_and_removed_by_name() {
        let rule =
            rule().put_targets(targets(&["a", "b", "c"])).unwrap().put_targets(targets(&["b", "d", "e"])).unwrap();
        assert_eq!(ids(&rule), ["a", "b", "c", "d", "e"]);
        assert_eq!(rule.put_targets(targets(&["f"])).unwrap_err(), TargetsRefused::TooMany { count: 6 });
        assert!(matches!(rule.put_targets(targets(&["a", "a"])), Err(TargetsRefused::Twice { .. })));
        assert_eq!(rule.check_removable(), Err(RuleRefused::HasTargets));
        let (fewer, unknown) = rule.remove_targets(&["a".parse().unwrap(), "x".parse().unwrap()]);
        assert_eq!((ids(&fewer), unknown), (vec!["b", "c", "d", "e"], vec!["x".parse().unwrap()]));
        let replaced = Rule::parse(spec(Some(r#"{"a":[1]}"#), None), &"orders".parse().unwrap()).unwrap();
        assert_eq!(ids(&replaced.with_targets_of(&fewer)), ["b", "c", "d", "e"]);
    }

    #[test]
    fn a_disabled_rule_matches_nothing() {
        let rules = [rule(), rule().in_state(RuleState::Disabled)];
        let live = rules.iter().enumerate().filter_map(|(number, rule)| Some((number, rule.live_pattern()?)));
        let matcher = BusMatcher::new(live);
        let mut scratch = MatchScratch::default();
        let matched: Vec<&usize> = matcher.matches(br#"{"source":"shop"}"#, &mut scratch).unwrap().collect();
        assert_eq!(matched, [&0]);
        let timed = Rule::parse(spec(None, Some("rate(1 minute)")), &"default".parse().unwrap()).unwrap();
        assert!(timed.live_schedule().is_some() && timed.live_pattern().is_none());
        assert!(timed.in_state(RuleState::Disabled).live_schedule().is_none());
    }

    #[test]
    fn arns_do_not_name_the_default_bus() {
        let arn = |bus: &str| rule_arn(&Account::default(), &bus.parse().unwrap(), &"r".parse().unwrap()).to_string();
        assert_eq!(arn("default"), "arn:aws:events:us-east-1:000000000000:rule/r");
        assert_eq!(arn("orders"), "arn:aws:events:us-east-1:000000000000:rule/orders/r");
    }
}
