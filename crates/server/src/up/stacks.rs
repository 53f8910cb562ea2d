//! Decides which stacks a server runs: templates are read and resolved, and deployed all together or not at all.

use crate::convert;
use console::config::{BUILT_IN, Config};
use console::exit;
use engine::{Catalog, Engine, Step};
use stack::{Environment, Kept, Overrides, Stack, Template};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use types::SortedMap;

/// A template that was read.
pub(super) struct Source {
    /// As it was named on the command line.
    pub(super) shown: String,
    pub(super) template: Template,
    pub(super) stack_name: String,
    /// What was given for its parameters.
    pub(super) overrides: Overrides,
}

/// Reads the templates, or the built-in one if none is named. Each stack has a name of its own.
pub(super) fn read_all(templates: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut sources = templates.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    if sources.is_empty() {
        let (name, text) = BUILT_IN;
        let template = Template::parse(text, &format!("{name}.yaml")).map_err(|errors| errors.to_string())?;
        let (shown, stack_name) = (format!("{name} (built in)"), name.to_owned());
        sources.push(Source { shown, template, stack_name, overrides: Overrides::new() });
    }
    for (index, source) in sources.iter().enumerate() {
        if let Some(twin) = sources[..index].iter().find(|twin| twin.stack_name == source.stack_name) {
            return Err(format!(
                "error: {} and {} would both be stack {}\nhint: a stack is called like its file; give one of them another name",
                twin.shown, source.shown, source.stack_name
            ));
        }
    }
    Ok(sources)
}

fn read(path: &Path) -> Result<Source, String> {
    let shown = path.display().to_string();
    let (name, text) = BUILT_IN;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("").to_owned();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(_) if shown == name => text.to_owned(),
        Err(error) => {
            return Err(format!(
                "error: {shown}: {error}\nhint: name a template file, such as stacks/premium.yaml, or none for the \
                 built-in one"
            ));
        }
    };
    let template = Template::parse(&text, &shown).map_err(|errors| refused_at(&shown, &errors))?;
    Ok(Source { shown, template, stack_name: stem, overrides: Overrides::new() })
}

pub(super) fn template_refused(source: &Source, errors: &stack::Errors) -> String {
    refused_at(&source.shown, errors)
}

fn refused_at(shown: &str, errors: &stack::Errors) -> String {
    let hint = if shown.ends_with("(built in)") {
        String::new()
    } else {
        format!("\nhint: `orderflow check {shown}` shows each where it stands")
    };
    format!("error: {shown} cannot be run\n{errors}{hint}")
}

pub(super) fn resolve(
    source: &Source,
    config: &Config,
    admin: SocketAddr,
    (stream_label, version_number): (stack::StreamLabel, stack::VersionNumber),
) -> Result<Stack, stack::Errors> {
    let environment = Environment {
        account: config.account.clone(),
        region: config.region.clone(),
        partition: "aws".to_owned(),
        stack_name: source.stack_name.clone(),
        sqs_base_url: format!("http://{admin}"),
        stream_label,
        version_number,
    };
    let handlers: Vec<&str> = orders::catalogue().iter().map(|entry| entry.name).collect();
    source.template.resolve(&environment, &source.overrides, &handlers)
}

/// A stack that is in place.
pub(crate) struct Deployed {
    /// The template, as it was named on the command line.
    pub(crate) shown: String,
    pub(crate) stack: Stack,
    /// What was done.
    pub(crate) steps: Vec<Step>,
}

/// Deploys the templates, all of them or none; what is refused is said in words.
pub(super) fn deploy(
    engine: &Engine,
    sources: &[Source],
    config: &Config,
    admin: SocketAddr,
) -> Result<Vec<Deployed>, (u8, String)> {
    let usage = |said: String| (exit::USAGE, said);
    let mut stacks = Vec::new();
    let catalog = engine.catalog();
    for source in sources {
        let stack =
            resolve(source, config, admin, known(engine)).map_err(|errors| usage(template_refused(source, &errors)))?;
        if let Some(before) = catalog.origins.get(&stack.name) {
            let before = Kept::read(before).map_err(|error| {
                let (shown, name) = (&source.shown, &stack.name);
                usage(format!("error: {shown}: what was deployed before as {name} cannot be read: {error}"))
            })?;
            let refusals = stack::refusals(&before, &stack);
            if !refusals.is_empty() {
                let line = |refusal: &stack::Refusal| format!("error: {}: {refusal}", source.shown);
                return Err(usage(refusals.iter().map(line).collect::<Vec<_>>().join("\n")));
            }
        }
        stacks.push(stack);
    }
    let specs: Vec<_> = stacks.iter().map(convert::spec_of).collect();
    let steps = engine.deploy_all(&specs).map_err(|error| {
        // The disk is full or fails: that passes, and whoever starts servers may try again.
        let code = if matches!(error, engine::DeployError::Write(_)) { exit::DATA_REFUSED } else { exit::USAGE };
        (code, format!("error: {error}"))
    })?;
    // What is watched is no part of the catalog; with the next start it is what the template says as well.
    for stack in &stacks {
        let watched = convert::watched_of(stack).map_err(usage)?;
        let watch = engine.watch();
        let kept = watch.alarms.of_stack(&stack.name, watched.alarms, watched.dashboards);
        kept.map_err(|error| usage(format!("error: the alarms of {}: {error}", stack.name)))?;
        let kept = watch.line_filters.of_stack(&stack.name, watched.filters);
        kept.map_err(|error| usage(format!("error: the metric filters of {}: {error}", stack.name)))?;
    }
    // Streams have their labels now, which outputs name.
    let deployed = sources.iter().zip(steps).map(|(source, steps)| {
        let stack =
            resolve(source, config, admin, known(engine)).map_err(|errors| usage(template_refused(source, &errors)))?;
        Ok(Deployed { shown: source.shown.clone(), stack, steps })
    });
    deployed.collect()
}

/// What only the engine knows of a template's resources.
fn known(engine: &Engine) -> (stack::StreamLabel, stack::VersionNumber) {
    (labels(engine), versions(&engine.catalog()))
}

/// The numbers of the versions that there are, and of those that are made next.
pub(super) fn versions(catalog: &Catalog) -> stack::VersionNumber {
    let of = |entry: &engine::FunctionEntry| (entry.versions.numbers().clone(), entry.versions.last());
    let known: SortedMap<String, _> =
        catalog.functions.iter().map(|(name, entry)| (name.to_string(), of(entry))).collect();
    let given: Mutex<SortedMap<(String, String), u64>> = Mutex::default();
    Box::new(move |id, function| {
        let (numbers, last) = known.get(function).map_or((None, 0), |(numbers, last)| (Some(numbers), *last));
        if let Some(number) = numbers.and_then(|numbers| numbers.get(id)) {
            return *number;
        }
        let mut given = given.lock().unwrap_or_else(PoisonError::into_inner);
        let before = given.keys().filter(|(of, _)| of == function).count() as u64;
        *given.get_or_insert_with((function.to_owned(), id.to_owned()), || last + 1 + before)
    })
}

/// The labels of the streams that there are.
fn labels(engine: &Engine) -> stack::StreamLabel {
    let catalog = engine.catalog();
    Box::new(move |table| {
        let stream = catalog.tables.iter().find(|(name, _)| name.as_str() == table).map(|(_, entry)| &entry.stream);
        stream.and_then(Option::as_ref).map_or_else(|| "*".to_owned(), |stream| stream.label.clone())
    })
}

/// Whether the secrets are there that connections name.
pub(super) fn secrets_of_connections(deployed: &[Deployed]) -> Result<(), String> {
    let mut missing = Vec::new();
    for one in deployed {
        for connection in &one.stack.connections {
            for name in connection.spec.spec.variables() {
                if std::env::var(name).is_ok_and(|secret| !secret.trim().is_empty()) {
                    continue;
                }
                missing.push(format!(
                    "error: {}:{}: the connection {} names a secret: set the environment variable {name} where \
                     orderflow runs",
                    one.shown, connection.at.line, connection.logical_id
                ));
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
}
