//! Decides how versions and aliases are made and changed while the engine runs.

use super::{Aim, AliasEntry, InvokeConfig, Invoking, VERSIONS_MAX, VersionError, Versions};
use crate::catalog::{Catalog, FunctionEntry};
use crate::commit::WriteRefused;
use crate::engine::{Engine, Inner};
use crate::queues::manage;
use crate::spec::{AsynchronousSpec, Destination};
use std::sync::Arc;
use types::{AliasName, FunctionName, Qualifier, SortedMap, SortedSet, Timestamp, Version};

/// What of an alias changes; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AliasChange {
    /// The version.
    pub version: Option<Version>,
    /// Another version and its part of the invocations; `Some(None)` for none.
    pub other: Option<Option<(u64, f64)>>,
    /// What it is for.
    pub description: Option<String>,
}

/// What is said of how what nobody waits for is done; what is not given is not said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvokeChange {
    /// How often it is tried again.
    pub retries: Option<u32>,
    /// How old it may get.
    pub max_age_seconds: Option<u32>,
    /// Who is told: of a success, and of what was given up.
    pub told: Option<(Option<Destination>, Option<Destination>)>,
}

impl FunctionEntry {
    /// What whoever changes the function, or publishes it, may say that it must still be.
    pub fn revision(&self) -> String {
        // FNV-1a: of two functions that were changed at the same moment, each has a revision of its own.
        let name = self.spec.name.as_str().bytes();
        let hash =
            name.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        uuid::Uuid::from_u64_pair(self.changed_at.millis().unsigned_abs(), hash).to_string()
    }

    /// How what nobody waits for is done where it was asked for so, if anybody has said.
    pub fn invoke_config(&self, qualifier: &Qualifier) -> Option<InvokeConfig> {
        match self.versions.invoking.get(qualifier) {
            Some(Invoking::Set(config)) => Some(config.clone()),
            Some(Invoking::Usual) => None,
            None => {
                let latest =
                    Some(&self.spec.asynchronous).filter(|said| *qualifier == Qualifier::LATEST && said.is_said);
                let AsynchronousSpec { retries, max_age_seconds, on_success, on_failure, .. } =
                    latest.or_else(|| self.versions.told.get(qualifier))?.clone();
                let (retries, max_age_seconds) = (Some(retries), Some(max_age_seconds));
                Some(InvokeConfig { retries, max_age_seconds, on_success, on_failure, changed_at: self.changed_at })
            }
        }
    }

    /// All that was said of how what nobody waits for is done, in the order of what it was said of.
    pub fn invoke_configs(&self) -> Vec<(Qualifier, InvokeConfig)> {
        let said = self.versions.invoking.keys().chain(self.versions.told.keys()).cloned();
        let all: SortedSet<Qualifier> = said.chain([Qualifier::LATEST]).collect();
        let told = |qualifier: Qualifier| self.invoke_config(&qualifier).map(|config| (qualifier, config));
        all.into_iter().filter_map(told).collect()
    }
}

/// A revision that there has never been.
pub(super) fn new_revision() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn entry<'c>(catalog: &'c mut Catalog, function: &FunctionName) -> Result<&'c mut FunctionEntry, VersionError> {
    let found = catalog.functions.get_mut(function).filter(|entry| !entry.dormant);
    found.ok_or_else(|| VersionError::NoFunction(function.clone()))
}

fn same_revision(is: &str, wanted: Option<&str>) -> Result<(), VersionError> {
    if wanted.is_none_or(|wanted| wanted == is) { Ok(()) } else { Err(VersionError::Revision) }
}

/// Whether all that is to be told is there.
fn check_told(catalog: &Catalog, config: &InvokeConfig) -> Result<(), VersionError> {
    let missing = |kind: &'static str, name: String| VersionError::NoDestination { kind, name };
    if let Some(queue) = config.queues().find(|queue| catalog.queues.get(queue).is_none_or(|entry| entry.dormant)) {
        return Err(missing("queue", queue.to_string()));
    }
    for to in [&config.on_success, &config.on_failure].into_iter().flatten() {
        if let Destination::Function(function) = to
            && catalog.functions.get(function).is_none_or(|entry| entry.dormant)
        {
            return Err(missing("function", function.to_string()));
        }
    }
    Ok(())
}

impl Engine {
    /// Gives a function, as it is now, a number under which it stays so: the number. A function that has not changed
    /// since its last version keeps that. `revision` is what the function must still be.
    pub async fn publish_version(
        &self,
        function: &FunctionName,
        description: Option<String>,
        revision: Option<String>,
    ) -> Result<u64, VersionError> {
        let function = function.clone();
        self.change_versions(move |catalog, now| {
            let entry = entry(catalog, &function)?;
            let is = entry.revision();
            same_revision(&is, revision.as_deref())?;
            let made = entry.versions.publish(&entry.spec, &is, description, new_revision(), now);
            made.ok_or(VersionError::TooMany(function))
        })
        .await
    }

    /// Makes an alias.
    pub async fn create_alias(
        &self,
        function: &FunctionName,
        name: AliasName,
        aim: Aim,
        description: String,
    ) -> Result<AliasEntry, VersionError> {
        let function = function.clone();
        self.change_versions(move |catalog, _| {
            let versions = &mut entry(catalog, &function)?.versions;
            if versions.aliases.contains_key(&name) {
                return Err(VersionError::AliasExists(function, name));
            }
            versions.check(&function, &aim)?;
            if versions.aliases.len() >= VERSIONS_MAX {
                return Err(VersionError::TooMany(function));
            }
            let made = AliasEntry { aim, description, revision: new_revision(), of_stack: None };
            versions.aliases.insert(name, made.clone());
            Ok(made)
        })
        .await
    }

    /// Changes an alias; `revision` is what it must still be.
    pub async fn update_alias(
        &self,
        function: &FunctionName,
        name: &AliasName,
        change: AliasChange,
        revision: Option<String>,
    ) -> Result<AliasEntry, VersionError> {
        let (function, name) = (function.clone(), name.clone());
        self.change_versions(move |catalog, _| {
            let versions = &mut entry(catalog, &function)?.versions;
            let Some(known) = versions.aliases.get(&name) else {
                return Err(VersionError::NoAlias(function, name));
            };
            same_revision(&known.revision, revision.as_deref())?;
            let mut changed = known.clone();
            if let Some(version) = change.version {
                changed.aim.version = super::number(version);
            }
            changed.aim.other = change.other.unwrap_or(changed.aim.other);
            changed.description = change.description.unwrap_or(changed.description);
            versions.check(&function, &changed.aim)?;
            changed.revision = new_revision();
            versions.aliases.insert(name, changed.clone());
            Ok(changed)
        })
        .await
    }

    /// Deletes an alias, with what was said of it; that it was gone already is no fault.
    pub async fn delete_alias(&self, function: &FunctionName, name: &AliasName) -> Result<(), VersionError> {
        let (function, name) = (function.clone(), name.clone());
        self.change_versions(move |catalog, _| {
            let versions = &mut entry(catalog, &function)?.versions;
            versions.aliases.remove(&name);
            versions.invoking.remove(&Qualifier::Alias(name));
            Ok(())
        })
        .await
    }

    /// Says how a version or alias does what nobody waits for; `add` keeps what was said before and is not said now.
    pub async fn set_invoke_config(
        &self,
        function: &FunctionName,
        qualifier: &Qualifier,
        said: InvokeChange,
        add: bool,
    ) -> Result<InvokeConfig, VersionError> {
        let (function, qualifier) = (function.clone(), qualifier.clone());
        self.change_versions(move |catalog, now| {
            let known = entry(catalog, &function)?;
            if !known.versions.has(&qualifier) {
                return Err(VersionError::NoVersion(function, qualifier));
            }
            let before = known.invoke_config(&qualifier);
            if add && before.is_none() {
                return Err(VersionError::NoInvokeConfig(function, qualifier));
            }
            let before = before.filter(|_| add);
            let of_before = |of: &dyn Fn(&InvokeConfig) -> Option<u32>| before.as_ref().and_then(of);
            let told = said.told.or_else(|| before.clone().map(|before| (before.on_success, before.on_failure)));
            let (on_success, on_failure) = told.unwrap_or_default();
            let config = InvokeConfig {
                retries: said.retries.or_else(|| of_before(&|before| before.retries)),
                max_age_seconds: said.max_age_seconds.or_else(|| of_before(&|before| before.max_age_seconds)),
                on_success,
                on_failure,
                changed_at: now,
            };
            check_told(catalog, &config)?;
            let known = entry(catalog, &function)?;
            known.versions.invoking.insert(qualifier, Invoking::Set(config.clone()));
            Ok(config)
        })
        .await
    }

    /// Takes back what was said of how a version or alias does what nobody waits for.
    pub async fn delete_invoke_config(
        &self,
        function: &FunctionName,
        qualifier: &Qualifier,
    ) -> Result<(), VersionError> {
        let (function, qualifier) = (function.clone(), qualifier.clone());
        self.change_versions(move |catalog, _| {
            let known = entry(catalog, &function)?;
            if known.invoke_config(&qualifier).is_none() {
                return Err(VersionError::NoInvokeConfig(function, qualifier));
            }
            // What the template says would count again.
            let latest = qualifier == Qualifier::LATEST && known.spec.asynchronous.is_said;
            if latest || known.versions.told.contains_key(&qualifier) {
                known.versions.invoking.insert(qualifier, Invoking::Usual);
            } else {
                known.versions.invoking.remove(&qualifier);
            }
            Ok(())
        })
        .await
    }

    /// The version that an invocation runs, of the function that is asked for so.
    pub fn version_for(&self, function: &FunctionName, qualifier: Option<&Qualifier>) -> Result<Version, VersionError> {
        self.inner.version_for(function, qualifier)
    }

    async fn change_versions<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Catalog, Timestamp) -> Result<T, VersionError> + Send + 'static,
    ) -> Result<T, VersionError> {
        let inner = Arc::clone(&self.inner);
        let done = crate::aside(move || manage::change(&inner, act, || Ok(()))).await;
        done.unwrap_or(Err(VersionError::Write(WriteRefused::Stopping)))
    }
}

impl Inner {
    /// The version that an invocation runs, of the function that is asked for so.
    pub(crate) fn version_for(
        &self,
        function: &FunctionName,
        qualifier: Option<&Qualifier>,
    ) -> Result<Version, VersionError> {
        let catalog = self.catalog();
        let entry = catalog.functions.get(function).ok_or_else(|| VersionError::NoFunction(function.clone()))?;
        let picked = entry.versions.pick(qualifier, draw());
        picked.ok_or_else(|| VersionError::NoVersion(function.clone(), qualifier.cloned().unwrap_or(Qualifier::LATEST)))
    }
}

/// Something from 0 up to, and without, 1.
fn draw() -> f64 {
    // 32 of the bits that an id has by chance.
    let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

impl Versions {
    /// The numbers of the versions that the function's stack names, by what it calls them.
    pub fn numbers(&self) -> &SortedMap<String, u64> {
        &self.of_stack
    }

    /// The number that was given out last; 0 if none was.
    pub fn last(&self) -> u64 {
        self.last
    }
}
