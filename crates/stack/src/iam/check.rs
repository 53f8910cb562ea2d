//! Holds the roles of a stack against what its pipes, event source mappings and functions will do, and the functions'
//! own permissions against what its APIs will call.
//!
//! A missing permission is found here, before anything runs, and named with the statement that
//! grants it. What cannot be told (a role or policy of elsewhere, a condition key that is not
//! known) is said too: as a note where all that is known allows it, with the finding otherwise.

use super::decide::{Decision, Request, decide};
use super::document::Statement;
use super::managed;
use crate::apis::Calls;
use crate::environment::Environment;
use crate::findings::{Findings, Path, Sort};
use crate::identity::stream_arn;
use crate::stack::{
    Asynchronous, Destination, Function, FunctionReference, Note, Pipe, PipeSource, PipeTarget, Poller, QueueReference,
    Resource, Role, RoleReference, Stack,
};
use types::{SortedMap, sort};

/// What reading a change stream takes.
const STREAM_ACTIONS: [&str; 4] =
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];

/// What handing the messages of a queue to a function takes.
const QUEUE_ACTIONS: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/// Checks every role that a pipe or function of the stack runs as, and every call of an API.
pub(crate) fn check(stack: &Stack, calls: &[Calls], environment: &Environment, findings: &mut Findings) -> Vec<Note> {
    let mut notes = Vec::new();
    for pipe in &stack.pipes {
        if let Some(checked) = Checked::of(stack, &pipe.spec.role, environment) {
            checked.pipe(pipe, findings, &mut notes);
        }
    }
    for function in &stack.functions {
        if let Some(checked) = Checked::of(stack, &function.spec.role, environment) {
            checked.function(function, findings, &mut notes);
        }
    }
    for poller in &stack.pollers {
        let function = stack.functions.iter().find(|function| function.logical_id == poller.spec.function.logical_id);
        if let Some(function) = function
            && let Some(checked) = Checked::of(stack, &function.spec.role, environment)
        {
            checked.poller(poller, function, findings, &mut notes);
        }
    }
    super::events::check(stack, environment, findings);
    for calls in calls {
        super::calls::check(calls, stack, environment, findings);
    }
    notes.dedup();
    notes
}

/// A role with everything that is known of what it allows.
struct Checked<'s> {
    stack: &'s Stack,
    environment: &'s Environment,
    role: &'s Resource<Role>,
    statements: Vec<Statement>,
    /// The policies that are attached to it and not known here.
    unknown_policies: Vec<&'s str>,
}

/// A role of the stack, the statements that it goes by, and the ARNs of its policies that are not known here.
pub(crate) fn granted<'s>(
    stack: &'s Stack,
    reference: &RoleReference,
) -> Option<(&'s Resource<Role>, Vec<Statement>, Vec<&'s str>)> {
    let role = stack.role(reference)?;
    let mut statements: Vec<Statement> =
        role.spec.inline_policies.iter().flat_map(|policy| policy.statements.iter().cloned()).collect();
    let mut unknown_policies = Vec::new();
    for policy in &stack.policies {
        let named = policy.spec.arn.as_ref().is_some_and(|arn| role.spec.managed_policies.contains(arn));
        if named || policy.spec.roles.contains(&role.spec.name) {
            statements.extend(policy.spec.statements.iter().cloned());
        }
    }
    for arn in &role.spec.managed_policies {
        let of_stack = stack.policies.iter().any(|policy| policy.spec.arn.as_ref() == Some(arn));
        match managed::statement(arn) {
            Some(statement) => statements.push(statement),
            None if of_stack => {}
            None => unknown_policies.push(arn.as_str()),
        }
    }
    Some((role, statements, unknown_policies))
}

impl<'s> Checked<'s> {
    fn of(stack: &'s Stack, reference: &RoleReference, environment: &'s Environment) -> Option<Self> {
        let (role, statements, unknown_policies) = granted(stack, reference)?;
        Some(Self { stack, environment, role, statements, unknown_policies })
    }

    fn pipe(&self, pipe: &Resource<Pipe>, findings: &mut Findings, notes: &mut Vec<Note>) {
        let what = format!("the pipe `{}`", pipe.logical_id);
        let spec = &pipe.spec;
        self.trusts("pipes.amazonaws.com", &spec.arn, &what, findings, notes);
        let mut allows = |actions: &[&str], arn: &str| self.allows(actions, arn, &spec.arn, &what, findings, notes);
        let queue_arn = |reference: &QueueReference| {
            let queue = self.stack.queues.iter().find(|queue| queue.logical_id == reference.logical_id);
            queue.map(|queue| queue.spec.arn.as_str())
        };
        let function_arn = |reference: &FunctionReference| {
            let function = self.stack.functions.iter().find(|function| function.logical_id == reference.logical_id);
            // A version or alias has an ARN of its own, behind the function's.
            let behind = reference.qualifier.as_ref().map_or(String::new(), |qualifier| format!(":{qualifier}"));
            function.map(|function| format!("{}{behind}", function.spec.arn))
        };
        match &spec.source {
            PipeSource::Table(table) => {
                allows(&STREAM_ACTIONS, &stream_arn(table.name.as_str(), self.environment));
            }
            PipeSource::Queue { queue } => {
                queue_arn(queue).into_iter().for_each(|arn| allows(&QUEUE_ACTIONS, arn));
            }
        }
        let enrichment = spec.enrichment.iter().filter_map(|enrichment| function_arn(&enrichment.function));
        enrichment.for_each(|arn| allows(&["lambda:InvokeFunction"], &arn));
        match &spec.target {
            PipeTarget::Function(function) => {
                function_arn(function).into_iter().for_each(|arn| allows(&["lambda:InvokeFunction"], &arn));
            }
            PipeTarget::Queue { queue } => {
                queue_arn(queue).into_iter().for_each(|arn| allows(&["sqs:SendMessage"], arn));
            }
            PipeTarget::Bus { bus } => {
                let arn = self.environment.arn("events", format_args!("event-bus/{bus}"));
                allows(&["events:PutEvents"], &arn);
            }
            PipeTarget::LogGroup { log_group } => {
                // Both actions are done to a stream, so a policy must reach below the group.
                let stream = format_args!("log-group:{log_group}:log-stream:*").to_string();
                allows(&["logs:CreateLogStream", "logs:PutLogEvents"], &self.environment.arn("logs", stream));
            }
        }
        if let Some(queue) = &spec.dead_letter
            && let Some(queue) = self.stack.queues.iter().find(|candidate| candidate.logical_id == queue.logical_id)
        {
            self.allows(&["sqs:SendMessage"], &queue.spec.arn, &spec.arn, &what, findings, notes);
        }
    }

    fn function(&self, function: &Resource<Function>, findings: &mut Findings, notes: &mut Vec<Note>) {
        let what = format!("the function `{}`", function.logical_id);
        let spec = &function.spec;
        self.trusts("lambda.amazonaws.com", &spec.arn, &what, findings, notes);
        // Both actions are done to the stream of one run, so a policy must reach below the group.
        let resource = format_args!("log-group:{}:log-stream:*", spec.log_group).to_string();
        let stream = self.environment.arn("logs", resource);
        self.allows(&["logs:CreateLogStream", "logs:PutLogEvents"], &stream, &spec.arn, &what, findings, notes);
        // What became of an event that nobody waited for is told with the function's own role.
        let Asynchronous { on_success, on_failure, dead_letter, .. } = &spec.asynchronous;
        let mut queues: Vec<&QueueReference> = dead_letter.iter().collect();
        for to in [on_success, on_failure].into_iter().flatten() {
            match to {
                Destination::Queue(queue) => queues.push(queue),
                Destination::Function(function) => {
                    let functions = &self.stack.functions;
                    let told = functions.iter().find(|told| told.logical_id == function.logical_id);
                    if let Some(told) = told {
                        self.allows(&["lambda:InvokeFunction"], &told.spec.arn, &spec.arn, &what, findings, notes);
                    }
                }
            }
        }
        let queues = queues.into_iter();
        let found = queues.filter_map(|one| self.stack.queues.iter().find(|queue| queue.logical_id == one.logical_id));
        for queue in found {
            self.allows(&["sqs:SendMessage"], &queue.spec.arn, &spec.arn, &what, findings, notes);
        }
    }

    /// A mapping receives as its function's role.
    fn poller(
        &self,
        poller: &Resource<Poller>,
        function: &Resource<Function>,
        findings: &mut Findings,
        notes: &mut Vec<Note>,
    ) {
        let what = format!("the event source mapping `{}`", poller.logical_id);
        let queue = self.stack.queues.iter().find(|queue| queue.logical_id == poller.spec.queue.logical_id);
        if let Some(queue) = queue {
            self.allows(&QUEUE_ACTIONS, &queue.spec.arn, &function.spec.arn, &what, findings, notes);
        }
    }

    /// The role must be one that the service may take.
    fn trusts(&self, service: &str, source_arn: &str, what: &str, findings: &mut Findings, notes: &mut Vec<Note>) {
        let request = Request {
            principal: ("Service".to_owned(), service.to_owned()),
            action: "sts:AssumeRole".to_owned(),
            resource: self.role.spec.arn.clone(),
            context: self.context(source_arn),
        };
        let (decision, doubts) = decide(&self.role.spec.trust, &request);
        if decision == Decision::Allowed {
            self.note_doubts(doubts, notes);
            return;
        }
        let message = format!(
            "the role `{}` cannot be taken by {what}: its trust policy {} sts:AssumeRole by {service}{}",
            self.role.logical_id,
            verb(&decision),
            because(&doubts)
        );
        let hint = format!(
            "add to AssumeRolePolicyDocument {{\"Effect\": \"Allow\", \"Principal\": {{\"Service\": \"{service}\"}}, \"Action\": \"sts:AssumeRole\"}}"
        );
        self.found(message, hint, findings);
    }

    /// The role must allow all of `actions` on the resource.
    fn allows(
        &self,
        actions: &[&str],
        resource: &str,
        source_arn: &str,
        what: &str,
        findings: &mut Findings,
        notes: &mut Vec<Note>,
    ) {
        let mut missing = Vec::new();
        let mut denied = None;
        let mut doubts = Vec::new();
        for action in actions {
            let request = Request {
                principal: ("AWS".to_owned(), self.role.spec.arn.clone()),
                action: (*action).to_owned(),
                resource: resource.to_owned(),
                context: self.context(source_arn),
            };
            let (decision, unsure) = self.decide(&request);
            doubts.extend(unsure);
            match decision {
                Decision::Allowed => {}
                Decision::Denied { statement } => {
                    missing.push(*action);
                    denied = Some(statement);
                }
                Decision::NotAllowed => missing.push(*action),
            }
        }
        sort::ascending(&mut doubts);
        doubts.dedup();
        if missing.is_empty() {
            self.note_doubts(doubts, notes);
            return;
        }
        if denied.is_none() && !self.unknown_policies.is_empty() {
            let policies = self.unknown_policies.join(", ");
            let actions = missing.join(", ");
            self.note(
                format!("whether {what} may {actions} on {resource} cannot be checked: {policies} is not known here"),
                notes,
            );
            return;
        }
        let role = &self.role.logical_id;
        let listed = missing.join(", ");
        if let Some(statement) = denied {
            let named = statement.map_or(String::new(), |name| format!(" `{name}`"));
            let message = format!("the role `{role}` denies {what} {listed} on {resource}");
            self.found(message, format!("narrow the statement{named} with Effect: Deny"), findings);
            return;
        }
        let message = format!("the role `{role}` does not allow {what} {listed} on {resource}{}", because(&doubts));
        let quoted: Vec<String> = missing.iter().map(|action| format!("\"{action}\"")).collect();
        let hint = format!(
            "add to its policies {{\"Effect\": \"Allow\", \"Action\": [{}], \"Resource\": \"{resource}\"}}",
            quoted.join(", ")
        );
        self.found(message, hint, findings);
    }

    /// What the role's own policies and those of a queue say together: within one account
    /// either may allow, and either may deny.
    fn decide(&self, request: &Request) -> (Decision, Vec<String>) {
        let (by_role, mut doubts) = decide(&self.statements, request);
        if matches!(by_role, Decision::Denied { .. }) {
            return (by_role, doubts);
        }
        let owns = |policy: &&Resource<crate::stack::QueuePolicy>| {
            policy.spec.queues.iter().any(|queue| {
                let queue = self.stack.queues.iter().find(|candidate| candidate.logical_id == queue.logical_id);
                queue.is_some_and(|queue| queue.spec.arn == request.resource)
            })
        };
        for policy in self.stack.queue_policies.iter().filter(owns) {
            let (by_queue, unsure) = decide(&policy.spec.statements, request);
            doubts.extend(unsure);
            match by_queue {
                Decision::Denied { .. } | Decision::Allowed => return (by_queue, doubts),
                Decision::NotAllowed => {}
            }
        }
        (by_role, doubts)
    }

    /// The condition keys that are known for what pipes and functions do.
    fn context(&self, source_arn: &str) -> SortedMap<String, String> {
        let environment = self.environment;
        [
            ("aws:sourceaccount", environment.account.as_str()),
            ("aws:sourcearn", source_arn),
            ("aws:principalaccount", &environment.account),
            ("aws:principalarn", &self.role.spec.arn),
            ("aws:resourceaccount", &environment.account),
            ("aws:requestedregion", &environment.region),
            ("aws:securetransport", "true"),
            ("lambda:sourcefunctionarn", source_arn),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
    }

    fn found(&self, message: String, hint: String, findings: &mut Findings) {
        let section = Path::TOP.key("Resources");
        let path = section.key(self.role.logical_id.as_str());
        findings.add_sorted(Sort::NotAllowed, self.role.at, &path, message, Some(hint));
    }

    fn note_doubts(&self, doubts: Vec<String>, notes: &mut Vec<Note>) {
        for doubt in doubts {
            self.note(format!("a statement of this role was left out of the check: {doubt}"), notes);
        }
    }

    fn note(&self, text: String, notes: &mut Vec<Note>) {
        let path = format!("Resources.{}", self.role.logical_id);
        notes.push(Note { at: self.role.at, path, text });
    }
}

fn verb(decision: &Decision) -> &'static str {
    match decision {
        Decision::Denied { .. } => "denies",
        Decision::Allowed | Decision::NotAllowed => "does not allow",
    }
}

fn because(doubts: &[String]) -> String {
    match doubts {
        [] => String::new(),
        doubts => format!(" (a statement was left out: {})", doubts.join(", ")),
    }
}
