//! Puts the parts together: a template and what it runs in become a [`Stack`].
//!
//! The order is parameters, conditions, the order of resources, each resource's properties
//! after those that it refers to, their reading into types, outputs, and last the check of the
//! roles. Each step goes on as far as it can, so that one run finds as much as possible.

use crate::apis::Parts;
use crate::environment::{Environment, Overrides};
use crate::evaluate::{Scope, evaluate_conditions};
use crate::findings::{Errors, Findings, Path, Position, did_you_mean};
use crate::iam;
use crate::identity::{Identity, ResourceType};
use crate::node::{Data, Entry, Node};
use crate::parameter::ParameterValue;
use crate::properties::Properties;
use crate::references;
use crate::relations;
use crate::resource::invoke_config::InvokeConfig;
use crate::resource::{
    Context, Evaluated, api, endpoints, events, function, invoke_config, log_group, permission, pipe, plan, poller,
    queue, role, stage, table, version, watch,
};
use crate::stack::{Asynchronous, LogGroup, LogGroupOrigin, LogicalId, Note, Output, QualifiedConfig, Resource, Stack};
use crate::template::Template;
use types::{Qualifier, SortedMap, sort};

impl Template {
    /// Resolves the template to the resources to run.
    ///
    /// `catalogue` has the names of the handlers that are built in: what a function's `Handler`
    /// may be.
    pub fn resolve(
        &self,
        environment: &Environment,
        overrides: &Overrides,
        catalogue: &[&str],
    ) -> Result<Stack, Errors> {
        let mut findings = Findings::default();
        let stack = self.resolved(environment, overrides, catalogue, &mut findings);
        findings.into_result(&self.file, stack)
    }

    /// The stack as far as it can be resolved; it can be run if nothing was found.
    pub(crate) fn resolved(
        &self,
        environment: &Environment,
        overrides: &Overrides,
        catalogue: &[&str],
        findings: &mut Findings,
    ) -> Option<Stack> {
        let before = findings.count();
        check_stack_name(&environment.stack_name, findings);
        let parameters = self.parameter_values(overrides, findings);
        if findings.count() > before {
            // Without its parameters every place that uses them would be wrong too.
            return None;
        }
        let mut scope = Scope::new(self, environment, parameters);
        evaluate_conditions(&mut scope, findings);
        let order = references::order(&scope, findings)?;
        let resources = evaluate_resources(&mut scope, &order, findings);
        let outputs = self.outputs(&scope, findings);

        let mut stack = Stack {
            name: environment.stack_name.clone(),
            description: self.description.clone(),
            tables: Vec::new(),
            functions: Vec::new(),
            versions: Vec::new(),
            aliases: Vec::new(),
            invoke_configs: Vec::new(),
            pipes: Vec::new(),
            queues: Vec::new(),
            pollers: Vec::new(),
            buses: Vec::new(),
            rules: Vec::new(),
            archives: Vec::new(),
            connections: Vec::new(),
            destinations: Vec::new(),
            apis: Vec::new(),
            permissions: Vec::new(),
            log_groups: Vec::new(),
            alarms: Vec::new(),
            dashboards: Vec::new(),
            metric_filters: Vec::new(),
            roles: Vec::new(),
            policies: Vec::new(),
            queue_policies: Vec::new(),
            outputs,
            notes: Vec::new(),
        };
        let mut notes = Vec::new();
        let (mut parts, mut invoke_configs) = (Parts::default(), Vec::new());
        check_names(&resources.known, findings);
        let mut policies_known = self.has_all_policies() && resources.policies_known();
        let mut context = Context { all: &resources.known, catalogue, notes: &mut notes };
        for (resource, properties) in resources.known.iter().zip(&resources.properties) {
            if let Some(entries) = properties {
                let before = findings.count();
                let found = (&mut stack, &mut parts, &mut invoke_configs);
                read(resource, entries, &mut context, found, findings);
                policies_known &= findings.count() == before || !resource.identity.kind.is_policy();
            }
        }
        add_invoke_configs(&mut stack, invoke_configs, findings);
        add_log_groups_of_functions(&mut stack);
        relations::check(&stack, findings);
        let together = parts.together(environment, findings);
        stack.apis = together.apis;
        notes.extend(together.notes);
        // A policy that is not known might allow what would be missed.
        if policies_known {
            notes.extend(iam::check(&stack, &together.calls, environment, findings));
        }
        sort::by_key(&mut notes, |note: &Note| note.at);
        stack.notes = notes;
        Some(stack)
    }

    pub(crate) fn parameter_values(
        &self,
        overrides: &Overrides,
        findings: &mut Findings,
    ) -> SortedMap<String, ParameterValue> {
        let section = Path::TOP.key("Parameters");
        for name in overrides.keys() {
            if self.parameters.iter().any(|parameter| parameter.name == *name) {
                continue;
            }
            let message = format!("a value was given for `{name}`, which is not a parameter of this template");
            let known = self.parameters.iter().map(|parameter| parameter.name.as_str());
            let hint =
                did_you_mean(name, known.clone()).unwrap_or_else(|| match known.collect::<Vec<_>>().join(", ") {
                    none if none.is_empty() => "it has none".to_owned(),
                    all => format!("there is: {all}"),
                });
            findings.add_with_hint(Position::START, &section, message, hint);
        }
        self.parameters
            .iter()
            .filter_map(|parameter| {
                let path = section.key(&parameter.name);
                let value = parameter.value(overrides.get(&parameter.name), &path, findings).ok()?;
                Some((parameter.name.clone(), value))
            })
            .collect()
    }

    fn outputs(&self, scope: &Scope<'_>, findings: &mut Findings) -> Vec<Output> {
        let section = Path::TOP.key("Outputs");
        let mut outputs = Vec::new();
        for output in &self.outputs {
            let path = section.key(&output.name);
            if let Some((name, at)) = &output.condition
                && !scope.condition(*at, name, &path.key("Condition"), findings).unwrap_or(false)
            {
                continue;
            }
            let value = scope.scalar(&output.value, &path.key("Value"), findings);
            let export = output.export_name.as_ref().map(|name| scope.scalar(name, &path.key("Export"), findings));
            if let (Ok(value), Ok(export)) = (value, export.transpose()) {
                if let Some(export) = &export
                    && outputs.iter().any(|other: &Output| other.export.as_ref() == Some(export))
                {
                    findings.add(output.at, &path.key("Export"), format!("`{export}` is exported twice"));
                }
                outputs.push(Output {
                    name: output.name.clone(),
                    description: output.description.clone(),
                    value,
                    export,
                });
            }
        }
        outputs
    }
}

/// Whether a stack may be called so.
pub(crate) fn is_stack_name(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_stack_name(name: &str, findings: &mut Findings) {
    if !is_stack_name(name) {
        findings.add(
            Position::START,
            &Path::TOP,
            format!("`{name}` cannot name a stack: a letter, then up to 127 letters, digits or `-`"),
        );
    }
}

/// Resources in the order of the template, and what their properties evaluated to.
pub(crate) struct Resources {
    known: Vec<Evaluated>,
    /// `None` where the evaluation failed: then others can still refer to the resource.
    properties: Vec<Option<Vec<Entry>>>,
}

impl Resources {
    /// Whether everything that allows or denies something could be evaluated.
    fn policies_known(&self) -> bool {
        let mut resources = self.known.iter().zip(&self.properties);
        resources.all(|(resource, properties)| properties.is_some() || !resource.identity.kind.is_policy())
    }
}

pub(crate) fn evaluate_resources(scope: &mut Scope<'_>, order: &[usize], findings: &mut Findings) -> Resources {
    let section = Path::TOP.key("Resources");
    let template = scope.template;
    let mut evaluated = Vec::with_capacity(order.len());
    for place in order {
        let resource = &template.resources[*place];
        let path = section.key(&resource.id);
        let properties = match scope.evaluate(&resource.properties, &path.key("Properties"), findings) {
            Ok(Some(Node { data: Data::Map(entries), .. })) => Some(entries),
            _ => {
                scope.failed.insert(resource.id.clone());
                None
            }
        };
        let identity =
            Identity::of(resource.kind, &resource.id, properties.as_deref().unwrap_or_default(), scope.environment);
        scope.identities.insert(resource.id.clone(), identity.clone());
        let logical_id = LogicalId::checked(&resource.id);
        evaluated.push((*place, Evaluated { logical_id, at: resource.at, identity }, properties));
    }
    sort::by_key(&mut evaluated, |(place, ..)| *place);
    let mut resources = Resources { known: Vec::new(), properties: Vec::new() };
    for (_, resource, properties) in evaluated {
        resources.known.push(resource);
        resources.properties.push(properties);
    }
    resources
}

/// Two resources of one type cannot have one name.
fn check_names(resources: &[Evaluated], findings: &mut Findings) {
    let section = Path::TOP.key("Resources");
    let mut seen: SortedMap<(ResourceType, &str), &Evaluated> = SortedMap::new();
    for resource in resources {
        let Identity { kind, name, .. } = &resource.identity;
        if !kind.has_unique_name() {
            continue;
        }
        if let Some(first) = seen.insert((*kind, name), resource) {
            let message = format!("`{}` in line {} has the same name `{name}`", first.logical_id, first.at.line);
            findings.add(resource.at, &section.key(resource.logical_id.as_str()), message);
        }
    }
}

/// Reads one resource into the list of its type.
fn read(
    resource: &Evaluated,
    entries: &[Entry],
    context: &mut Context<'_>,
    (stack, parts, invoke_configs): (&mut Stack, &mut Parts, &mut Vec<Resource<InvokeConfig>>),
    findings: &mut Findings,
) {
    let section = Path::TOP.key("Resources");
    let path = section.key(resource.logical_id.as_str());
    let path = path.key("Properties");
    let properties = &mut Properties::of_entries(resource.at, entries, &path, findings);
    let Evaluated { logical_id, at, identity } = resource;
    let place = |logical_id: &LogicalId| (logical_id.clone(), *at);
    macro_rules! push {
        ($list:expr, $spec:expr) => {
            if let Some(spec) = $spec {
                let (logical_id, at) = place(logical_id);
                $list.push(Resource { logical_id, at, spec });
            }
        };
    }
    match identity.kind {
        ResourceType::Table => push!(stack.tables, table::read(properties, identity, context)),
        ResourceType::Function => push!(stack.functions, function::read(properties, identity, context)),
        ResourceType::Pipe => push!(stack.pipes, pipe::read(properties, identity, context)),
        ResourceType::Queue => push!(stack.queues, queue::read(properties, identity, context)),
        ResourceType::QueuePolicy => push!(stack.queue_policies, queue::read_policy(properties, context)),
        ResourceType::Role => push!(stack.roles, role::read(properties, identity)),
        ResourceType::Policy => push!(stack.policies, role::read_policy(properties, context)),
        ResourceType::ManagedPolicy => push!(stack.policies, role::read_managed_policy(properties, identity, context)),
        ResourceType::LogGroup => push!(stack.log_groups, log_group::read(properties, identity)),
        ResourceType::Poller => push!(stack.pollers, poller::read(properties, identity, context)),
        ResourceType::EventBus => push!(stack.buses, events::read_bus(properties, identity, context)),
        ResourceType::EventRule => push!(stack.rules, events::read_rule(properties, identity, context)),
        ResourceType::EventArchive => push!(stack.archives, events::read_archive(properties, identity, context)),
        ResourceType::Connection => {
            push!(stack.connections, endpoints::read_connection(properties, identity, context));
        }
        ResourceType::Destination => {
            push!(stack.destinations, endpoints::read_destination(properties, identity, context));
        }
        ResourceType::Permission => push!(stack.permissions, permission::read(properties, context)),
        ResourceType::InvokeConfig => push!(invoke_configs, invoke_config::read(properties, context)),
        ResourceType::FunctionVersion => push!(stack.versions, version::read(properties, identity, context)),
        ResourceType::FunctionAlias => push!(stack.aliases, version::read_alias(properties, identity, context)),
        ResourceType::Api => push!(parts.apis, api::read(properties, identity, context)),
        ResourceType::ApiDeployment => push!(parts.deployments, api::read_deployment(properties, context)),
        ResourceType::ApiStage => push!(parts.stages, stage::read(properties, context)),
        ResourceType::ApiKey => push!(parts.keys, plan::read_key(properties, identity, context)),
        ResourceType::UsagePlan => push!(parts.plans, plan::read(properties, identity, context)),
        ResourceType::UsagePlanKey => push!(parts.plan_keys, plan::read_plan_key(properties, context)),
        ResourceType::GatewayResponse => push!(parts.responses, api::read_response(properties, context)),
        ResourceType::Alarm => push!(stack.alarms, watch::read_alarm(properties, identity)),
        ResourceType::Dashboard => push!(stack.dashboards, watch::read_dashboard(properties, identity)),
        ResourceType::MetricFilter => {
            push!(stack.metric_filters, watch::read_metric_filter(properties, identity, context));
        }
        ResourceType::ApiAccount => api::read_account(properties, context),
    }
    properties.refuse_unknown();
}

/// What says how functions do what nobody waits for goes to the functions.
fn add_invoke_configs(stack: &mut Stack, configs: Vec<Resource<InvokeConfig>>, findings: &mut Findings) {
    let mut seen: SortedMap<(LogicalId, Option<Qualifier>), LogicalId> = SortedMap::new();
    for Resource { logical_id, at, spec } in configs {
        let InvokeConfig { function, asynchronous } = spec;
        let of = (function.logical_id.clone(), function.qualifier.clone());
        if let Some(twin) = seen.insert(of, logical_id.clone()) {
            let section = Path::TOP.key("Resources");
            let message = format!("`{twin}` says this of function `{}` already", function.logical_id);
            findings.add(at, &section.key(logical_id.as_str()), message);
        }
        if function.qualifier.is_some() {
            stack.invoke_configs.push(Resource { logical_id, at, spec: QualifiedConfig { function, asynchronous } });
        } else if let Some(of) = stack.functions.iter_mut().find(|of| of.logical_id == function.logical_id) {
            let dead_letter = of.spec.asynchronous.dead_letter.take();
            of.spec.asynchronous = Asynchronous { dead_letter, ..asynchronous };
        }
    }
}

/// Every function has a log group: where none is declared, lines are kept for ever.
fn add_log_groups_of_functions(stack: &mut Stack) {
    for function in &stack.functions {
        let name = &function.spec.log_group;
        if stack.log_groups.iter().any(|group| group.spec.name == *name) {
            continue;
        }
        stack.log_groups.push(Resource {
            logical_id: function.logical_id.clone(),
            at: function.at,
            spec: LogGroup {
                name: name.clone(),
                retention_days: None,
                origin: LogGroupOrigin::OfFunction,
                tags: SortedMap::new(),
            },
        });
    }
}
