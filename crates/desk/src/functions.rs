//! Decides what is done with calls of functions: invoked, told, published, named.

use super::{internal, not_written};
use crate::Backend;
use engine::{FunctionEntry, VersionError};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use types::{AliasName, FunctionName, Qualifier, Version};
use wire::lambda::{
    self, AliasDescription, Answer, Call, Destination, FunctionDescription, InvokeConfigDescription, InvokeSettings,
    OtherVersion, Refused,
};
use wire::{Refusal, Reply, Response};

/// What answers a call: its answer, or what it is refused with, both said already.
type Answered = Result<Response, Response>;

/// Answers a call of functions.
pub(super) async fn answer(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    Desk { backend, reply, catalog: backend.engine.catalog() }.answer(call).await.unwrap_or_else(|refused| refused)
}

struct Desk<'a> {
    backend: &'a Backend,
    reply: &'a Reply<'a>,
    catalog: Arc<engine::Catalog>,
}

impl Desk<'_> {
    async fn answer(&self, call: Call) -> Answered {
        match call {
            Call::Invoke { function, qualifier, payload, log_tail } => {
                self.invoke(&function, qualifier.as_ref(), &payload, log_tail).await
            }
            Call::InvokeEvent { function, qualifier, payload } => self.hand(function, qualifier, &payload).await,
            Call::DryRun { function, qualifier } => {
                self.version(&function, qualifier.as_ref())?;
                Ok(self.say(Answer::Runnable))
            }
            Call::GetFunction { function, qualifier } => {
                self.described(&function, qualifier.as_ref(), |described| Answer::Function(described))
            }
            Call::GetFunctionConfiguration { function, qualifier } => {
                self.described(&function, qualifier.as_ref(), |described| Answer::Configuration(described))
            }
            Call::ListFunctions { after, limit, all_versions } => Ok(self.list(after.as_ref(), limit, all_versions)),
            Call::PublishVersion { function, description, code_sha256, revision } => {
                self.publish(&function, description, code_sha256.as_deref(), revision).await
            }
            Call::ListVersions { function, after, limit } => self.versions(&function, after, limit),
            Call::CreateAlias { function, alias } => {
                // A function that is not there is missed by the version that was to have a name.
                let version = Qualifier::Version(alias.version);
                self.entry(&function).map_err(|_| self.refuse(Refused::NoVersion(&function, &version)))?;
                let aim = engine::Aim { other: alias.other.map(pair), ..engine::Aim::one(alias.version) };
                let (engine, name) = (&self.backend.engine, alias.name);
                let made = engine.create_alias(&function, name.clone(), aim, alias.description).await;
                Ok(self.alias(&function, &name, &made.map_err(|error| self.refused(&error, false))?, true))
            }
            Call::UpdateAlias { function, name, version, other, description, revision } => {
                self.entry(&function)?;
                let other = other.map(|other| other.map(pair));
                let change = engine::AliasChange { version, other, description };
                let changed = self.backend.engine.update_alias(&function, &name, change, revision).await;
                Ok(self.alias(&function, &name, &changed.map_err(|error| self.refused(&error, true))?, false))
            }
            Call::GetAlias { function, name } => match self.entry(&function)?.versions.aliases.get(&name) {
                Some(alias) => Ok(self.alias(&function, &name, alias, false)),
                None => Err(self.refused(&VersionError::NoAlias(function, name), false)),
            },
            Call::DeleteAlias { function, name } => {
                self.entry(&function)?;
                let deleted = self.backend.engine.delete_alias(&function, &name).await;
                deleted.map_err(|error| self.refused(&error, true))?;
                Ok(self.say(Answer::Deleted))
            }
            Call::ListAliases { function, version, after, limit } => {
                self.aliases(&function, version, after.as_ref(), limit)
            }
            Call::SetInvokeConfig { function, qualifier, settings, add } => {
                self.set_invoke_config(function, qualifier, settings, add).await
            }
            Call::GetInvokeConfig { function, qualifier } => {
                let config = self.entry_of_config(&function, &qualifier)?.invoke_config(&qualifier);
                match config {
                    Some(config) => Ok(self.say(Answer::InvokeConfig(&config_of(&function, qualifier, config)))),
                    None => Err(self.refused(&VersionError::NoInvokeConfig(function, qualifier), false)),
                }
            }
            Call::DeleteInvokeConfig { function, qualifier } => {
                self.entry_of_config(&function, &qualifier)?;
                let deleted = self.backend.engine.delete_invoke_config(&function, &qualifier).await;
                deleted.map_err(|error| self.refused(&error, false))?;
                Ok(self.say(Answer::Deleted))
            }
            Call::ListInvokeConfigs { function, after, limit } => {
                let entry = self.entry(&function).map_err(|_| self.refuse(Refused::NobodyToSet))?;
                let configs = entry.invoke_configs().into_iter();
                let wanted = configs.filter(|(qualifier, _)| after.as_ref().is_none_or(|after| qualifier > after));
                let mut configs: Vec<_> =
                    wanted.map(|(qualifier, config)| config_of(&function, qualifier, config)).collect();
                let more = cut(&mut configs, limit);
                Ok(self.say(Answer::InvokeConfigs { configs: &configs, more }))
            }
        }
    }

    fn say(&self, answer: Answer<'_>) -> Response {
        self.reply.answer(&wire::Answer::Lambda(answer))
    }

    fn refuse(&self, refused: Refused<'_>) -> Response {
        self.reply.refuse(&Refusal::Lambda(refused))
    }

    /// A function of a stack that is up.
    fn entry(&self, function: &FunctionName) -> Result<&FunctionEntry, Response> {
        let found = self.catalog.functions.get(function).filter(|entry| self.is_awake(entry));
        found.ok_or_else(|| self.reply.refuse(&Refusal::NoSuchFunction(function)))
    }

    /// The same, where AWS does not say that the function is not there, but that nobody has said anything of it.
    fn entry_of_config(&self, function: &FunctionName, qualifier: &Qualifier) -> Result<&FunctionEntry, Response> {
        self.entry(function).map_err(|_| self.refuse(Refused::NoInvokeConfig(function, qualifier)))
    }

    fn is_awake(&self, entry: &FunctionEntry) -> bool {
        self.backend.stacks.contains(&entry.stack) && !entry.dormant
    }

    /// The version that an invocation runs.
    fn version(&self, function: &FunctionName, qualifier: Option<&Qualifier>) -> Result<Version, Response> {
        self.entry(function)?;
        self.backend.engine.version_for(function, qualifier).map_err(|error| self.refused(&error, false))
    }

    async fn invoke(
        &self,
        function: &FunctionName,
        qualifier: Option<&Qualifier>,
        payload: &[u8],
        log_tail: bool,
    ) -> Answered {
        let version = self.version(function, qualifier)?;
        let (payload, request_id) = (json_of(payload), self.reply.request_id().to_owned());
        let (runtime, name) = (Arc::clone(&self.backend.runtime), function.clone());
        // Handlers may wait, so they run where waiting costs nobody else.
        let invoked = engine::aside(move || runtime.invoke_payload(&name, version, &payload, request_id)).await;
        match invoked {
            Ok(Ok(invocation)) => {
                let (mut payload, mut failed) = (invocation.payload.to_string(), invocation.failed);
                if payload.len() > lambda::ANSWER_MAX {
                    let limit = lambda::ANSWER_MAX;
                    let message =
                        format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
                    payload =
                        json!({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}).to_string();
                    failed = true;
                }
                let log_tail = log_tail.then_some(invocation.printed.as_str());
                Ok(self.say(Answer::Invoked { version, payload: payload.as_bytes(), failed, log_tail }))
            }
            Ok(Err(runtime::InvokeError::NotFound(_))) => Err(self.reply.refuse(&Refusal::NoSuchFunction(function))),
            Ok(Err(runtime::InvokeError::Throttled(_))) => Err(self.reply.refuse(&Refusal::FunctionBusy)),
            Ok(Err(error @ runtime::InvokeError::Unfit { .. })) => Err(self.refuse(Refused::Unfit(&error.to_string()))),
            Err(error) => Err(internal(self.reply, &error)),
        }
    }

    async fn hand(&self, function: FunctionName, qualifier: Option<Qualifier>, payload: &[u8]) -> Answered {
        self.version(&function, qualifier.as_ref())?;
        let request_id = self.reply.request_id().to_owned();
        let handed = engine::Handed { request_id, payload: json_of(payload), qualifier };
        let command = engine::Command { hands: vec![(function, handed)], ..engine::Command::default() };
        match self.backend.engine.command(command, engine::By::Client).await {
            Ok(_) => Ok(self.say(Answer::Accepted)),
            Err(engine::CommandError::Write(refused)) => Err(not_written(self.reply, &refused)),
            Err(engine::CommandError::Refused(engine::CommandRefused::Write(refused))) => {
                Err(not_written(self.reply, &refused))
            }
            Err(error) => Err(internal(self.reply, &error)),
        }
    }

    /// Says what a function is, as what it was asked for by.
    fn described(
        &self,
        function: &FunctionName,
        qualifier: Option<&Qualifier>,
        say: impl for<'d> FnOnce(&'d FunctionDescription<'d>) -> Answer<'d>,
    ) -> Answered {
        let entry = self.entry(function)?;
        // An alias of two versions is told as the one that gets what the other does not.
        let version = entry.versions.pick(qualifier, 1.0);
        let found = version.zip(version.and_then(|version| revision_of(entry, version)));
        let (version, revision) = found.ok_or_else(|| {
            let qualifier = qualifier.cloned().unwrap_or(Qualifier::LATEST);
            self.refused(&VersionError::NoVersion(function.clone(), qualifier), false)
        })?;
        Ok(self.say(say(&describe(entry, version, qualifier, &revision))))
    }

    fn list(&self, after: Option<&FunctionName>, limit: usize, all_versions: bool) -> Response {
        let wanted =
            |entry: &&FunctionEntry| self.is_awake(entry) && after.is_none_or(|after| entry.spec.name > *after);
        let mut listed: Vec<&FunctionEntry> = self.catalog.functions.values().filter(wanted).collect();
        // A page has so many functions, each with all its versions: a marker is a function's name.
        let more = cut(&mut listed, limit);
        let mut told: Vec<(&FunctionEntry, Version, Option<Qualifier>, String)> = Vec::new();
        for entry in listed {
            let numbered = entry.versions.published.keys().map(|number| Version::Numbered(*number));
            for version in std::iter::once(Version::Latest).chain(numbered.filter(|_| all_versions)) {
                let revision = revision_of(entry, version).unwrap_or_default();
                told.push((entry, version, all_versions.then_some(Qualifier::Version(version)), revision));
            }
        }
        let functions: Vec<_> = told
            .iter()
            .map(|(entry, version, qualifier, revision)| describe(entry, *version, qualifier.as_ref(), revision))
            .collect();
        self.say(Answer::Listed { functions: &functions, more })
    }

    async fn publish(
        &self,
        function: &FunctionName,
        description: Option<String>,
        code_sha256: Option<&str>,
        revision: Option<String>,
    ) -> Answered {
        let is = lambda::code_sha256(&self.entry(function)?.spec.handler);
        if let Some(given) = code_sha256.filter(|given| *given != is) {
            return Err(self.refuse(Refused::CodeSha256 { given, is: &is }));
        }
        let published = self.backend.engine.publish_version(function, description, revision).await;
        let number = published.map_err(|error| self.refused(&error, false))?;
        let now = Desk { catalog: self.backend.engine.catalog(), ..*self };
        let qualifier = Qualifier::Version(Version::Numbered(number));
        now.described(function, Some(&qualifier), |described| Answer::Published(described))
    }

    fn versions(&self, function: &FunctionName, after: Option<Version>, limit: usize) -> Answered {
        let entry = self.entry(function)?;
        let numbered = entry.versions.published.keys().map(|number| Version::Numbered(*number));
        let all = std::iter::once(Version::Latest).chain(numbered);
        let mut wanted: Vec<Version> = all.filter(|version| after.is_none_or(|after| *version > after)).collect();
        let more = cut(&mut wanted, limit);
        let known: Vec<(Version, Qualifier, String)> = wanted
            .into_iter()
            .map(|version| (version, Qualifier::Version(version), revision_of(entry, version).unwrap_or_default()))
            .collect();
        let versions: Vec<_> = known
            .iter()
            .map(|(version, qualifier, revision)| describe(entry, *version, Some(qualifier), revision))
            .collect();
        Ok(self.say(Answer::Versions { versions: &versions, more }))
    }

    fn alias(&self, function: &FunctionName, name: &AliasName, alias: &engine::AliasEntry, made: bool) -> Response {
        self.say(Answer::Alias { alias: &alias_of(function, name, alias), made })
    }

    fn aliases(
        &self,
        function: &FunctionName,
        version: Option<Version>,
        after: Option<&AliasName>,
        limit: usize,
    ) -> Answered {
        let all = self.entry(function)?.versions.aliases.iter();
        let stands = |alias: &engine::AliasEntry| {
            version.is_none_or(|version| {
                let other = alias.aim.other.map(|(other, _)| Version::Numbered(other));
                alias.aim.version() == version || other == Some(version)
            })
        };
        let wanted = all.filter(|(name, alias)| after.is_none_or(|after| name > after) && stands(alias));
        let mut aliases: Vec<_> = wanted.map(|(name, alias)| alias_of(function, name, alias)).collect();
        let more = cut(&mut aliases, limit);
        Ok(self.say(Answer::Aliases { aliases: &aliases, more }))
    }

    async fn set_invoke_config(
        &self,
        function: FunctionName,
        qualifier: Qualifier,
        settings: InvokeSettings,
        add: bool,
    ) -> Answered {
        let of_stack = self.entry(&function).is_ok_and(|entry| entry.versions.has(&qualifier));
        if !of_stack {
            return Err(self.refuse(Refused::NobodyToSet));
        }
        let told = settings.told.map(|(on_success, on_failure)| (on_success.map(to_engine), on_failure.map(to_engine)));
        let InvokeSettings { retries, max_age_seconds, .. } = settings;
        let change = engine::InvokeChange { retries, max_age_seconds, told };
        let set = self.backend.engine.set_invoke_config(&function, &qualifier, change, add).await;
        let config = set.map_err(|error| self.refused(&error, false))?;
        Ok(self.say(Answer::InvokeConfig(&config_of(&function, qualifier, config))))
    }

    /// Says why versions and aliases are refused; of an alias that is not there, whether it was to be changed.
    fn refused(&self, error: &VersionError, changing: bool) -> Response {
        let refused = match error {
            VersionError::NoFunction(function) => return self.reply.refuse(&Refusal::NoSuchFunction(function)),
            VersionError::Write(refused) => return not_written(self.reply, refused),
            VersionError::NoVersion(function, qualifier) => Refused::NoVersion(function, qualifier),
            VersionError::NoAlias(function, alias) => Refused::NoAlias { function, alias, changing },
            VersionError::AliasExists(function, alias) => Refused::AliasExists(function, alias),
            VersionError::Revision => Refused::Revision,
            VersionError::Aim(engine::AimRefused::LatestShares) => Refused::LatestShares,
            VersionError::Aim(engine::AimRefused::Same(version)) => Refused::SameVersion(*version),
            // `wire` has seen to it.
            VersionError::Aim(engine::AimRefused::Weight { .. }) => return internal(self.reply, error),
            VersionError::NoInvokeConfig(function, qualifier) => Refused::NoInvokeConfig(function, qualifier),
            VersionError::NoDestination { kind, name } => Refused::NoDestination { is_queue: *kind == "queue", name },
            VersionError::TooMany(_) => Refused::TooMany,
        };
        self.refuse(refused)
    }
}

/// A payload, which `wire` has checked to be JSON.
fn json_of(payload: &[u8]) -> Json {
    serde_json::from_slice(payload).unwrap_or_else(|_| Json::Object(serde_json::Map::new()))
}

/// Leaves so many; whether there were more.
fn cut<T>(list: &mut Vec<T>, limit: usize) -> bool {
    let more = list.len() > limit;
    list.truncate(limit);
    more
}

fn pair(other: OtherVersion) -> (u64, f64) {
    (other.version, other.weight)
}

/// The revision of a version, if there is that version.
fn revision_of(entry: &FunctionEntry, version: Version) -> Option<String> {
    match version {
        Version::Latest => Some(entry.revision()),
        Version::Numbered(number) => Some(entry.versions.published.get(&number)?.revision.clone()),
    }
}

fn describe<'a>(
    entry: &'a FunctionEntry,
    version: Version,
    qualifier: Option<&'a Qualifier>,
    revision: &'a str,
) -> FunctionDescription<'a> {
    let published = match version {
        Version::Latest => None,
        Version::Numbered(number) => entry.versions.published.get(&number),
    };
    let (spec, modified_at) =
        published.map_or((&entry.spec, entry.changed_at), |version| (&version.spec, version.published_at));
    FunctionDescription {
        name: &entry.spec.name,
        version,
        qualifier,
        revision,
        runtime: &spec.runtime,
        handler: &spec.handler,
        role: &spec.role,
        description: &spec.description,
        timeout_seconds: spec.timeout_seconds,
        memory_mb: spec.memory_mb,
        environment: &spec.environment,
        log_group: &spec.log_group,
        modified_at,
        dead_letters: spec.asynchronous.dead_letters.as_ref(),
        // It is the function's, whatever its version.
        concurrency: entry.spec.concurrency,
    }
}

fn alias_of<'a>(
    function: &'a FunctionName,
    name: &'a AliasName,
    alias: &'a engine::AliasEntry,
) -> AliasDescription<'a> {
    AliasDescription {
        function,
        name,
        version: alias.aim.version(),
        other: alias.aim.other.map(|(version, weight)| OtherVersion { version, weight }),
        description: &alias.description,
        revision: &alias.revision,
    }
}

fn to_engine(to: Destination) -> engine::spec::Destination {
    match to {
        Destination::Queue(queue) => engine::spec::Destination::Queue(queue),
        Destination::Function(function) => engine::spec::Destination::Function(function),
    }
}

fn config_of(function: &FunctionName, qualifier: Qualifier, config: engine::InvokeConfig) -> InvokeConfigDescription {
    let told = |to: engine::spec::Destination| match to {
        engine::spec::Destination::Queue(queue) => Destination::Queue(queue),
        engine::spec::Destination::Function(function) => Destination::Function(function),
    };
    InvokeConfigDescription {
        function: function.clone(),
        qualifier,
        retries: config.retries,
        max_age_seconds: config.max_age_seconds,
        on_success: config.on_success.map(told),
        on_failure: config.on_failure.map(told),
        changed_at: config.changed_at,
    }
}
