//! `AWS::Events::EventBus`, `AWS::Events::Rule` and `AWS::Events::Archive`.
//!
//! What a rule, a target or an archive may be is decided where events are delivered (`delivery::bus`); here it is found in
//! the template, and everything that a rule names must be there.

use delivery::bus::archive::{Archive, ArchiveSpec};
use delivery::bus::entry::DEFAULT_BUS;
use delivery::bus::input::{InputSpec, TransformerSpec};
use delivery::bus::{Rule, RuleRefused, RuleSpec, RuleState, Target, TargetKind, TargetSpec};
use types::{Account, Arn, BusName, SortedMap};

use super::{Context, endpoints};
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{EventArchive, EventBus, EventRule};

pub(crate) fn read_bus(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<EventBus> {
    // AWS makes no name of its own here, and neither is the default bus made.
    properties.required_node("Name");
    let name: Option<BusName> = properties.name_or("Name", &identity.name);
    if name.as_ref().is_some_and(|name| name.as_str() == DEFAULT_BUS) {
        properties.wrong("Name", "the default bus is always there; leave this resource out");
    }
    let description = properties.text("Description", 0..=512);
    let tags = properties.tag_list("Tags");
    properties.refuse("EventSourceName", "there are no partners that send events");
    properties.refuse("DeadLetterConfig", "give each target of a rule its DeadLetterConfig");
    properties.refuse("KmsKeyIdentifier", "there are no keys; encrypt the disk that the data directory is on");
    properties.refuse("LogConfig", "what is dropped is said on the terminal, and with the target's dead letters");
    context.without_effect(properties, "Policy", "there is one account");
    Some(EventBus { name: name?, arn: identity.arn().to_owned(), description, tags })
}

pub(crate) fn read_rule(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<EventRule> {
    let name = properties.name_or("Name", &identity.name);
    let bus = bus_of(properties, context);
    let pattern = properties.node("EventPattern").map(|node| match node.as_scalar() {
        Some(text) => text.to_owned(),
        None => node.to_json().to_string(),
    });
    let schedule = properties.text("ScheduleExpression", 1..=256);
    let state = properties.choice(
        "State",
        &[
            ("ENABLED", RuleState::Enabled),
            ("DISABLED", RuleState::Disabled),
            ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", RuleState::EnabledWithAllManagementEvents),
        ],
    );
    let description = properties.text("Description", 0..=512);
    let role = properties.text("RoleArn", 1..=1600);
    let targets = properties.objects("Targets", |target| read_target(target, context)).unwrap_or_default();
    let tags = properties.tag_list("Tags");
    let (name, bus) = (name?, bus?);
    let spec = RuleSpec { name, pattern, schedule, state: state.unwrap_or_default(), description };
    let rule = match Rule::parse(spec.clone(), &bus) {
        Ok(rule) => rule,
        Err(refused) => {
            let (key, message) = match &refused {
                RuleRefused::Pattern(error) => ("EventPattern", error.to_string()),
                RuleRefused::Schedule(error) => ("ScheduleExpression", error.to_string()),
                RuleRefused::ScheduleElsewhere => ("ScheduleExpression", refused.to_string()),
                _ => ("EventPattern", refused.to_string()),
            };
            properties.wrong(key, message);
            return None;
        }
    };
    let parsed = targets.iter().cloned().filter_map(|target| Target::parse(target).ok()).collect();
    if let Err(refused) = rule.put_targets(parsed) {
        properties.wrong("Targets", refused.to_string());
    }
    Some(EventRule { bus, arn: identity.arn().to_owned(), spec, role, targets, tags })
}

/// The bus in `EventBusName`: its name or its ARN; it must be of this template, or the default one.
fn bus_of(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<BusName> {
    let given = properties.text("EventBusName", 1..=1600).unwrap_or_else(|| DEFAULT_BUS.to_owned());
    let buses = || context.all.iter().filter(|resource| resource.identity.kind == ResourceType::EventBus);
    let of_template = buses().find(|bus| bus.identity.name == given || bus.identity.arn() == given);
    let name = match of_template {
        Some(bus) => bus.identity.name.as_str(),
        None if given == DEFAULT_BUS || given.ends_with(":event-bus/default") => DEFAULT_BUS,
        None => {
            let message = format!("`{given}` is not an event bus of this template");
            properties.wrong_with_hint("EventBusName", message, "use !Ref with its logical id, or leave it out");
            return None;
        }
    };
    name.parse().ok()
}

fn read_target(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<TargetSpec> {
    let id = properties.required_text("Id", 1..=64);
    let arn = properties.required_text("Arn", 1..=1600);
    let input = InputSpec {
        constant: properties.text("Input", 1..=8192),
        path: properties.text("InputPath", 1..=256),
        transformer: properties.object("InputTransformer", |transformer| {
            let paths = transformer.text_map("InputPathsMap").unwrap_or_default();
            let template = transformer.required_text("InputTemplate", 1..=8192)?;
            Some(TransformerSpec { paths: paths.into_iter().collect::<SortedMap<_, _>>(), template })
        }),
    };
    let policy = properties.object("RetryPolicy", |policy| {
        let retries = policy.integer("MaximumRetryAttempts", 0..=185);
        Some((retries, policy.integer("MaximumEventAgeInSeconds", 60..=86_400)))
    });
    let (retries, max_age_seconds) = policy.unwrap_or_default();
    let dead_letters = properties.object("DeadLetterConfig", |config| {
        let arn = config.required_text("Arn", 1..=1600)?;
        if context.by_arn(ResourceType::Queue, &arn).is_none() {
            config.wrong_with_hint("Arn", format!("`{arn}` is not a queue of this template"), "use !GetAtt Queue.Arn");
        }
        Some(arn)
    });
    let message_group = properties.object("SqsParameters", |sqs| sqs.required_text("MessageGroupId", 1..=128));
    context.without_effect(properties, "RoleArn", "buses deliver by themselves");
    let http = properties.object("HttpParameters", endpoints::read_parameters).unwrap_or_default();
    for key in [
        "KinesisParameters",
        "EcsParameters",
        "BatchParameters",
        "RunCommandParameters",
        "RedshiftDataParameters",
        "SageMakerPipelineParameters",
        "AppSyncParameters",
    ] {
        properties.refuse(key, "a target is a function, a queue, an event bus, a log group or an API destination here");
    }
    let spec = TargetSpec {
        id: id?,
        arn: arn?,
        input,
        retries,
        max_age_seconds,
        dead_letters,
        message_group,
        http,
        role: None,
    };
    let target = match Target::parse(spec.clone()) {
        Ok(target) => target,
        Err(refused) => {
            properties.wrong("Arn", refused.to_string());
            return None;
        }
    };
    let (kind, what) = match &target.kind {
        TargetKind::Function => (ResourceType::Function, "a function"),
        TargetKind::Queue { .. } => (ResourceType::Queue, "a queue"),
        TargetKind::Bus => (ResourceType::EventBus, "an event bus"),
        TargetKind::LogGroup => (ResourceType::LogGroup, "a log group"),
        TargetKind::ApiDestination(_) => (ResourceType::Destination, "an API destination"),
        TargetKind::Webhook { .. } => unreachable!("what is read from a template is no URL"),
    };
    let is_default = spec.arn.ends_with(":event-bus/default");
    let is_qualified = kind == ResourceType::Function && context.by_qualified(&spec.arn).is_some();
    if !is_default
        && !is_qualified
        && context.all.iter().all(|other| other.identity.kind != kind || !is_arn_of(&other.identity, &spec))
    {
        properties.wrong_with_hint("Arn", format!("`{}` is not {what} of this template", spec.arn), "use !GetAtt");
    }
    Some(spec)
}

/// Whether a resource is what a target names; a log group's ARN may end with `:*` or not.
fn is_arn_of(identity: &Identity, target: &TargetSpec) -> bool {
    let without = |arn: &str| arn.strip_suffix(":*").unwrap_or(arn).to_owned();
    without(identity.arn()) == without(&target.arn)
}

pub(crate) fn read_archive(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<EventArchive> {
    let name = properties.name_or("ArchiveName", &identity.name);
    let bus = properties.required_text("SourceArn", 1..=1600);
    let pattern = properties.node("EventPattern").map(|node| match node.as_scalar() {
        Some(text) => text.to_owned(),
        None => node.to_json().to_string(),
    });
    let retention_days = properties.integer("RetentionDays", 0..=i64::from(i32::MAX));
    let description = properties.text("Description", 0..=512);
    properties.refuse("KmsKeyIdentifier", "there are no keys; encrypt the disk that the data directory is on");
    let bus = bus?;
    if !bus.ends_with(":event-bus/default") && context.by_arn(ResourceType::EventBus, &bus).is_none() {
        let message = format!("`{bus}` is not an event bus of this template");
        properties.wrong_with_hint("SourceArn", message, "use !GetAtt Bus.Arn");
        return None;
    }
    let spec = ArchiveSpec { name: name?, bus, pattern, retention_days, description };
    // The bus's ARN says whose it is.
    let arn: Option<Arn> = spec.bus.parse().ok();
    let account =
        arn.map_or_else(Account::default, |arn| Account { id: arn.account.into(), region: arn.region.into() });
    if let Err(refused) = Archive::parse(spec.clone(), &account) {
        properties.wrong("EventPattern", refused.to_string());
        return None;
    }
    Some(EventArchive { spec, arn: identity.arn().to_owned() })
}
