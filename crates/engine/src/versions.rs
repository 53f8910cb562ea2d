//! Decides what versions of a function there are, what its aliases stand for, and which version an invocation runs.
//!
//! A version is the function as it was set when its number was given out; it never changes, and no number is given out
//! twice. An alias stands for one version, or for two with a weight: [`Versions::pick`] draws. What nobody waits for is
//! done as it is said of the version or alias that was asked for ([`Versions::asynchronous`]).
//!
//! Invariant: what an alias stands for is there.

mod api;
mod deploy;

pub use api::{AliasChange, InvokeChange};

use crate::spec::{AsynchronousSpec, Destination, FunctionSpec};
use serde::{Deserialize, Serialize};
use types::{AliasName, FunctionName, Qualifier, QueueName, SortedMap, Timestamp, Version};

/// How many versions one function has at most, and how many aliases.
pub(crate) const VERSIONS_MAX: usize = 1_000;

/// The versions and aliases of one function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Versions {
    /// The number that was given out last.
    last: u64,
    /// Those that there are.
    pub published: SortedMap<u64, VersionEntry>,
    /// The names that stand for some.
    pub aliases: SortedMap<AliasName, AliasEntry>,
    /// How what nobody waits for is done, where clients have said so.
    pub(crate) invoking: SortedMap<Qualifier, Invoking>,
    /// How it is done of versions and aliases, where the template says so.
    #[serde(default)]
    pub(crate) told: SortedMap<Qualifier, AsynchronousSpec>,
    /// The numbers of the versions that the template names, by what it calls them.
    #[serde(default)]
    pub(crate) of_stack: SortedMap<String, u64>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionEntry {
    /// What the function was.
    pub spec: FunctionSpec,
    /// When it was published.
    pub published_at: Timestamp,
    /// Whoever changes something may say that it must still be this.
    pub revision: String,
    /// The revision of the function that it was made from.
    pub(crate) of_revision: String,
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AliasEntry {
    /// What it stands for.
    pub aim: Aim,
    /// What it is for.
    pub description: String,
    /// It is another one after each change.
    pub revision: String,
    /// What the function's stack has said of it, if it names it: what it stands for, and what it is for.
    #[serde(default)]
    pub of_stack: Option<(Aim, String)>,
}

/// What an alias stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aim {
    /// The version; `None` for the function as it is.
    pub version: Option<u64>,
    /// Another version, and which part of the invocations it gets, from 0 to 1.
    pub other: Option<(u64, f64)>,
}

/// How what nobody waits for is done, as clients have said it of one version or alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Invoking {
    /// So.
    Set(InvokeConfig),
    /// In the usual way, whatever the template says.
    Usual,
}

/// How what nobody waits for is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvokeConfig {
    /// How often it is tried again, if somebody has said so.
    pub retries: Option<u32>,
    /// How old it may get, if somebody has said so.
    pub max_age_seconds: Option<u32>,
    /// Who is told of a success.
    pub on_success: Option<Destination>,
    /// Who is told of what was given up.
    pub on_failure: Option<Destination>,
    /// When this was said.
    pub changed_at: Timestamp,
}

impl InvokeConfig {
    /// The queues that it names.
    pub(crate) fn queues(&self) -> impl Iterator<Item = &QueueName> {
        [&self.on_success, &self.on_failure].into_iter().flatten().filter_map(|to| match to {
            Destination::Queue(queue) => Some(queue),
            Destination::Function(_) => None,
        })
    }
}

impl Aim {
    /// All of it to one version.
    pub fn one(version: Version) -> Self {
        Self { version: number(version), other: None }
    }

    /// The version that gets what the other does not.
    pub fn version(&self) -> Version {
        self.version.map_or(Version::Latest, Version::Numbered)
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        self.version.into_iter().chain(self.other.map(|(number, _)| number))
    }
}

/// The number of a version, if it has one.
pub(crate) fn number(version: Version) -> Option<u64> {
    match version {
        Version::Latest => None,
        Version::Numbered(number) => Some(number),
    }
}

/// Why versions and aliases are not made, changed or found.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// There is no such function.
    #[error("there is no function {0}")]
    NoFunction(FunctionName),
    /// The function has no such version.
    #[error("function {0} has no version or alias {1}")]
    NoVersion(FunctionName, Qualifier),
    /// The function has no such alias.
    #[error("function {0} has no alias {1}")]
    NoAlias(FunctionName, AliasName),
    /// It has one of that name.
    #[error("function {0} has an alias {1}")]
    AliasExists(FunctionName, AliasName),
    /// It was changed since whoever asks has seen it.
    #[error("it was changed since: the revision is another one")]
    Revision,
    /// An alias cannot stand for this.
    #[error(transparent)]
    Aim(#[from] AimRefused),
    /// Nobody has said how it does what nobody waits for.
    #[error("nobody has said how {0}:{1} does what nobody waits for")]
    NoInvokeConfig(FunctionName, Qualifier),
    /// A queue or function that is to be told is not there.
    #[error("the {kind} {name} that is to be told is not there")]
    NoDestination {
        /// `queue` or `function`.
        kind: &'static str,
        /// Which.
        name: String,
    },
    /// There are as many as there may be.
    #[error("function {0} has {VERSIONS_MAX} of them already")]
    TooMany(FunctionName),
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] crate::commit::WriteRefused),
}

/// Why an alias cannot stand for something.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum AimRefused {
    /// The function as it is cannot share invocations.
    #[error("an alias of the function as it is stands for nothing beside it")]
    LatestShares,
    /// Both are the same version.
    #[error("version {0} cannot share invocations with itself")]
    Same(u64),
    /// The weight is none.
    #[error("{weight} is no part of all invocations of version {version}")]
    Weight {
        /// Of which version.
        version: u64,
        /// What was said.
        weight: f64,
    },
}

impl Versions {
    /// Gives the function, as it is now, the next number; one that has not changed since its last version keeps that.
    pub(crate) fn publish(
        &mut self,
        spec: &FunctionSpec,
        of_revision: &str,
        description: Option<String>,
        revision: String,
        now: Timestamp,
    ) -> Option<u64> {
        if let Some(last) = self.published.get(&self.last)
            && last.of_revision == of_revision
        {
            return Some(self.last);
        }
        if self.published.len() >= VERSIONS_MAX {
            return None;
        }
        self.last += 1;
        let mut spec = spec.clone();
        if let Some(description) = description {
            spec.description = description;
        }
        let entry = VersionEntry { spec, published_at: now, revision, of_revision: of_revision.to_owned() };
        self.published.insert(self.last, entry);
        Some(self.last)
    }

    /// Whether an alias may stand for this.
    pub(crate) fn check(&self, function: &FunctionName, aim: &Aim) -> Result<(), VersionError> {
        if let Some((other, weight)) = aim.other {
            match aim.version {
                None => return Err(AimRefused::LatestShares.into()),
                Some(version) if version == other => return Err(AimRefused::Same(other).into()),
                Some(_) => {}
            }
            if !(0.0..=1.0).contains(&weight) {
                return Err(AimRefused::Weight { version: other, weight }.into());
            }
        }
        match aim.numbers().find(|number| !self.published.contains_key(number)) {
            Some(gone) => {
                let qualifier = Qualifier::Version(Version::Numbered(gone));
                Err(VersionError::NoVersion(function.clone(), qualifier))
            }
            None => Ok(()),
        }
    }

    /// Whether there is such a version or alias.
    pub fn has(&self, qualifier: &Qualifier) -> bool {
        self.pick(Some(qualifier), 0.0).is_some()
    }

    /// The version that an invocation runs; `draw` is anything from 0 up to, and without, 1.
    pub fn pick(&self, qualifier: Option<&Qualifier>, draw: f64) -> Option<Version> {
        match qualifier {
            None | Some(Qualifier::Version(Version::Latest)) => Some(Version::Latest),
            Some(Qualifier::Version(Version::Numbered(number))) => {
                self.published.contains_key(number).then_some(Version::Numbered(*number))
            }
            Some(Qualifier::Alias(name)) => {
                let aim = &self.aliases.get(name)?.aim;
                Some(match aim.other {
                    Some((other, weight)) if draw < weight => Version::Numbered(other),
                    Some(_) | None => aim.version(),
                })
            }
        }
    }

    /// How what nobody waits for is done where it was asked for so, and this version of the function runs. Its dead
    /// letters are the version's own, whatever else is said.
    pub(crate) fn asynchronous(
        &self,
        spec: &FunctionSpec,
        qualifier: Option<&Qualifier>,
        version: Version,
    ) -> AsynchronousSpec {
        let of_version = number(version).and_then(|number| self.published.get(&number)).map(|entry| &entry.spec);
        let dead_letters = of_version.unwrap_or(spec).asynchronous.dead_letters.clone();
        let usual = || AsynchronousSpec { dead_letters: dead_letters.clone(), ..AsynchronousSpec::default() };
        let qualifier = qualifier.unwrap_or(&Qualifier::LATEST);
        match self.invoking.get(qualifier) {
            Some(Invoking::Set(config)) => {
                let usual = usual();
                AsynchronousSpec {
                    retries: config.retries.unwrap_or(usual.retries),
                    max_age_seconds: config.max_age_seconds.unwrap_or(usual.max_age_seconds),
                    on_success: config.on_success.clone(),
                    on_failure: config.on_failure.clone(),
                    ..usual
                }
            }
            Some(Invoking::Usual) => usual(),
            None if *qualifier == Qualifier::LATEST => spec.asynchronous.clone(),
            None => match self.told.get(qualifier) {
                Some(told) => AsynchronousSpec { dead_letters, ..told.clone() },
                None => usual(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(timeout_seconds: u32) -> FunctionSpec {
        FunctionSpec {
            name: "F".parse().unwrap(),
            handler: "h".to_owned(),
            runtime: "provided.al2023".to_owned(),
            timeout_seconds,
            memory_mb: 128,
            concurrency: None,
            environment: SortedMap::new(),
            log_group: "/aws/lambda/F".parse().unwrap(),
            description: "of the function".to_owned(),
            role: String::new(),
            asynchronous: AsynchronousSpec { dead_letters: Some("Dead".parse().unwrap()), ..Default::default() },
        }
    }

    fn published(count: u32) -> Versions {
        let mut versions = Versions::default();
        for number in 1..=count {
            let revision = format!("r{number}");
            let made = versions.publish(&spec(number), &revision, None, String::new(), Timestamp::EPOCH);
            assert_eq!(made, Some(u64::from(number)));
        }
        versions
    }

    fn alias(versions: &mut Versions, version: Option<u64>, other: Option<(u64, f64)>) {
        let aim = Aim { version, other };
        versions.check(&"F".parse().unwrap(), &aim).unwrap();
        let entry = AliasEntry { aim, description: String::new(), revision: String::new(), of_stack: None };
        versions.aliases.insert("live".parse().unwrap(), entry);
    }

    #[test]
    fn a_version_stays_as_it_was_and_an_unchanged_function_gets_no_new_one() {
        let mut versions = published(2);
        assert_eq!(
            versions.publish(&spec(2), "r2", Some("other".to_owned()), String::new(), Timestamp::EPOCH),
            Some(2)
        );
        assert_eq!(versions.published[&1].spec, spec(1));
        assert_eq!(versions.published[&2].spec.description, "of the function");
        let said = Some("mine".to_owned());
        assert_eq!(versions.publish(&spec(3), "r3", said, String::new(), Timestamp::EPOCH), Some(3));
        assert_eq!(versions.published[&3].spec.description, "mine");
        // A number is not given out again.
        versions.published.remove(&3);
        assert_eq!(versions.publish(&spec(3), "r3", None, String::new(), Timestamp::EPOCH), Some(4));
    }

    #[test]
    fn an_alias_gives_each_version_its_part_of_the_draws() {
        let mut versions = published(2);
        let live: Qualifier = "live".parse().unwrap();
        assert_eq!(versions.pick(Some(&live), 0.0), None);
        let cases = [(0.0, 0), (0.25, 250), (0.999, 999), (1.0, 1000)];
        for (weight, expected) in cases {
            alias(&mut versions, Some(1), Some((2, weight)));
            let picks = (0..1000).map(|draw| versions.pick(Some(&live), f64::from(draw) / 1000.0).unwrap());
            assert_eq!(picks.filter(|version| *version == Version::Numbered(2)).count(), expected, "{weight}");
        }
        alias(&mut versions, None, None);
        assert_eq!(versions.pick(Some(&live), 0.5), Some(Version::Latest));
        assert_eq!(versions.pick(Some(&"2".parse().unwrap()), 0.5), Some(Version::Numbered(2)));
        assert_eq!(versions.pick(Some(&"3".parse().unwrap()), 0.5), None);
        assert_eq!(versions.pick(None, 0.5), Some(Version::Latest));
    }

    #[test]
    fn what_an_alias_cannot_stand_for_is_refused() {
        let versions = published(2);
        let cases = [
            (None, Some((1, 0.5)), "an alias of the function as it is stands for nothing beside it"),
            (Some(1), Some((1, 0.5)), "version 1 cannot share invocations with itself"),
            (Some(1), Some((2, 1.5)), "1.5 is no part of all invocations of version 2"),
            (Some(1), Some((2, -0.1)), "-0.1 is no part of all invocations of version 2"),
            (Some(1), Some((2, f64::NAN)), "NaN is no part of all invocations of version 2"),
            (Some(3), None, "function F has no version or alias 3"),
            (Some(1), Some((3, 0.5)), "function F has no version or alias 3"),
        ];
        for (version, other, expected) in cases {
            let refused = versions.check(&"F".parse().unwrap(), &Aim { version, other }).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        }
    }

    #[test]
    fn what_nobody_waits_for_is_done_as_was_said_of_who_was_asked_for() {
        let mut versions = published(1);
        alias(&mut versions, Some(1), None);
        let template = AsynchronousSpec { retries: 0, max_age_seconds: 60, ..spec(9).asynchronous };
        let function = FunctionSpec { asynchronous: template.clone(), ..spec(9) };
        let live: Qualifier = "live".parse().unwrap();
        let usual = AsynchronousSpec { dead_letters: Some("Dead".parse().unwrap()), ..Default::default() };
        let of = |versions: &Versions, qualifier, version| versions.asynchronous(&function, qualifier, version);
        // The template speaks of the function as it is, and of no version.
        assert_eq!(of(&versions, None, Version::Latest), template);
        assert_eq!(of(&versions, Some(&live), Version::Numbered(1)), usual);
        let config = |retries| InvokeConfig {
            retries: Some(retries),
            max_age_seconds: None,
            on_success: None,
            on_failure: None,
            changed_at: Timestamp::EPOCH,
        };
        versions.told.insert(live.clone(), template.clone());
        assert_eq!(of(&versions, Some(&live), Version::Numbered(1)), template);
        versions.invoking.insert(live.clone(), Invoking::Set(config(1)));
        versions.invoking.insert(Qualifier::LATEST, Invoking::Usual);
        assert_eq!(of(&versions, Some(&live), Version::Numbered(1)), AsynchronousSpec { retries: 1, ..usual.clone() });
        assert_eq!(of(&versions, Some(&Qualifier::LATEST), Version::Latest), usual);
    }
}
