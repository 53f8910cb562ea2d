//! Decides what of a stack is drawn, and with which words.
//!
//! Start at [`graph`]. Roles, policies and permissions are not drawn: what they allow shows as edges. What nobody in
//! the stack sets going is called from outside.

use std::time::Duration;

use super::access::Access;
use super::{Flow, Graph, Kind, Node, NodeId, words};
use crate::stack::{
    Api, Asynchronous, Caching, DesiredState, Destination, EventBus, EventRule, Function, LogGroup, LogicalId, Period,
    Pipe, PipeSource, PipeTarget, Plan, Poller, Queue, Resource, Stack, Table,
};
use delivery::bus::RuleState;
use types::{BusName, LogGroupName, QueueName, SortedMap, sort};

/// The graph of a stack.
pub(super) fn graph(stack: &Stack) -> Graph {
    let mut reading = Reading {
        stack,
        graph: Graph::new(&stack.name, stack.description.clone()),
        apis: Vec::new(),
        functions: SortedMap::new(),
        tables: SortedMap::new(),
        queues: SortedMap::new(),
        log_groups: SortedMap::new(),
        buses: SortedMap::new(),
        destinations: SortedMap::new(),
    };
    reading.nodes();
    reading.apis();
    stack.functions.iter().for_each(|function| reading.function(&function.spec, &function.logical_id));
    stack.pipes.iter().for_each(|pipe| reading.pipe(&pipe.spec));
    stack.pollers.iter().for_each(|poller| reading.poller(poller));
    stack.queues.iter().for_each(|queue| reading.redrive(&queue.spec));
    stack.rules.iter().for_each(|rule| reading.rule(&rule.spec));
    reading.clients();
    reading.graph
}

struct Reading<'s> {
    stack: &'s Stack,
    graph: Graph,
    /// The routes of APIs, and whether they need a key.
    apis: Vec<(NodeId, bool)>,
    functions: SortedMap<&'s LogicalId, NodeId>,
    tables: SortedMap<&'s LogicalId, NodeId>,
    queues: SortedMap<&'s QueueName, NodeId>,
    log_groups: SortedMap<&'s LogGroupName, NodeId>,
    buses: SortedMap<&'s BusName, NodeId>,
    /// By ARN.
    destinations: SortedMap<&'s str, NodeId>,
}

impl<'s> Reading<'s> {
    /// What there is, before anything is joined.
    fn nodes(&mut self) {
        let stack = self.stack;
        for function in &stack.functions {
            self.functions.insert(&function.logical_id, self.graph.add(function_node(&function.spec)));
        }
        for table in &stack.tables {
            self.tables.insert(&table.logical_id, self.graph.add(table_node(&table.spec)));
        }
        for queue in &stack.queues {
            let kind = if self.takes_dead_letters(&queue.spec.name) { Kind::DeadLetters } else { Kind::Queue };
            self.queues.insert(&queue.spec.name, self.graph.add(queue_node(&queue.spec, kind)));
        }
        for bus in &stack.buses {
            self.buses.insert(&bus.spec.name, self.graph.add(bus_node(&bus.spec)));
        }
        // The default bus is in no template; it is drawn if somebody waits at it.
        for rule in stack.rules.iter().filter(|rule| rule.spec.spec.pattern.is_some()) {
            if !self.buses.contains_key(&rule.spec.bus) {
                let node = Node::new(Kind::Bus, rule.spec.bus.as_str());
                self.buses.insert(&rule.spec.bus, self.graph.add(node));
            }
        }
        for destination in &stack.destinations {
            let spec = &destination.spec.spec;
            let host = spec.endpoint.split('/').nth(2).unwrap_or_default();
            let node = Node::new(Kind::Client, spec.name.as_str()).with([format!("{} {host}", spec.method.name())]);
            self.destinations.insert(&destination.spec.arn, self.graph.add(node));
        }
        for pipe in &stack.pipes {
            if let PipeTarget::Bus { bus } = &pipe.spec.target
                && !self.buses.contains_key(bus)
            {
                self.buses.insert(bus, self.graph.add(Node::new(Kind::Bus, bus.as_str())));
            }
        }
        for group in &stack.log_groups {
            self.log_groups.insert(&group.spec.name, self.graph.add(log_group_node(&group.spec)));
        }
    }

    fn takes_dead_letters(&self, queue: &QueueName) -> bool {
        let by_queue =
            |other: &Resource<Queue>| other.spec.redrive.as_ref().is_some_and(|redrive| redrive.dead_letters == *queue);
        let by_pipe =
            |pipe: &Resource<Pipe>| pipe.spec.dead_letter.as_ref().is_some_and(|letters| letters.name == *queue);
        let by_function = |function: &Resource<Function>| {
            let Asynchronous { dead_letter, on_failure, .. } = &function.spec.asynchronous;
            let told = on_failure.as_ref().is_some_and(|to| matches!(to, Destination::Queue(to) if to.name == *queue));
            told || dead_letter.as_ref().is_some_and(|letters| letters.name == *queue)
        };
        let (functions, pipes) = (&self.stack.functions, &self.stack.pipes);
        let arn = self.stack.queues.iter().find(|other| other.spec.name == *queue).map(|queue| &queue.spec.arn);
        let mut targets = self.stack.rules.iter().flat_map(|rule| &rule.spec.targets);
        self.stack.queues.iter().any(by_queue)
            || pipes.iter().any(by_pipe)
            || functions.iter().any(by_function)
            || targets.any(|target| target.dead_letters.is_some() && target.dead_letters.as_ref() == arn)
    }

    /// A node for the routes that go to one function, and what belongs to the API at the first of them.
    fn apis(&mut self) {
        for api in &self.stack.apis {
            let api = &api.spec;
            let mut first = None;
            for (function, routes) in self.routes(api) {
                let mut node = Node::new(Kind::Api, &api.name);
                node.routes = routes;
                if first.is_none() {
                    node.details = api_details(api);
                }
                let id = self.graph.add(node);
                first.get_or_insert(id);
                self.apis.push((id, !api.plans.is_empty()));
                self.graph.join(id, function, Flow::Passes, None);
            }
            // An API that answers by itself alone is still there to be called.
            let first = first.unwrap_or_else(|| {
                let id = self.graph.add(Node::new(Kind::Api, &api.name).with(api_details(api)));
                self.apis.push((id, !api.plans.is_empty()));
                id
            });
            for plan in &api.plans {
                let plan = self.graph.add(plan_node(plan));
                self.graph.join(plan, first, Flow::Belongs, None);
            }
            if let Some(group) = api.access_log.as_ref().and_then(|log| self.log_groups.get(&log.group)) {
                self.graph.join(first, *group, Flow::Belongs, None);
            }
        }
    }

    /// The functions that answer an API's routes, each with those, the shortest first.
    fn routes(&self, api: &Api) -> Vec<(NodeId, Vec<String>)> {
        let mut routes: Vec<(usize, &str, u8, String, NodeId)> = Vec::new();
        for (path, methods) in api.body.get("paths").and_then(serde_json::Value::as_object).into_iter().flatten() {
            for (method, answer) in methods.as_object().into_iter().flatten() {
                let uri = answer.pointer("/x-amazon-apigateway-integration/uri").and_then(serde_json::Value::as_str);
                let Some(function) = uri.and_then(|uri| self.function_of(uri)) else { continue };
                let verb = match method.as_str() {
                    "x-amazon-apigateway-any-method" => "*".to_owned(),
                    verb => verb.to_ascii_uppercase(),
                };
                // In the order in which people think of them: make, look, change, delete.
                let place = ["POST", "GET", "PUT", "PATCH", "DELETE"].iter().position(|known| *known == verb);
                let place = place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX);
                routes.push((path.matches('/').count(), path, place, verb, function));
            }
        }
        sort::ascending(&mut routes);
        let mut grouped: Vec<(NodeId, Vec<String>)> = Vec::new();
        for (_, path, _, verb, function) in routes {
            let route = format!("{verb} {path}");
            match grouped.iter_mut().find(|(known, _)| *known == function) {
                Some((_, routes)) => routes.push(route),
                None => grouped.push((function, vec![route])),
            }
        }
        grouped
    }

    fn function_of(&self, uri: &str) -> Option<NodeId> {
        let (_, rest) = uri.split_once("/functions/")?;
        let arn = rest.strip_suffix("/invocations")?;
        // A version or alias is drawn as its function.
        let is_of = |function: &&Resource<Function>| {
            arn.strip_prefix(&function.spec.arn).is_some_and(|behind| behind.is_empty() || behind.starts_with(':'))
        };
        let function = self.stack.functions.iter().find(is_of)?;
        self.functions.get(&function.logical_id).copied()
    }

    /// What a function uses, by its role, and where it writes its lines.
    fn function(&mut self, function: &'s Function, logical_id: &LogicalId) {
        let from = self.functions[logical_id];
        if let Some(access) = Access::of(self.stack, function) {
            for table in &self.stack.tables {
                if let Some(how) = access.to_table(&table.spec) {
                    self.graph.join(from, self.tables[&table.logical_id], Flow::Uses, Some(how.to_owned()));
                }
            }
            for queue in self.stack.queues.iter().filter(|queue| access.sends_to(&queue.spec)) {
                let to = self.queues[&queue.spec.name];
                let (flow, label) = match self.graph.node(to).kind {
                    Kind::DeadLetters => (Flow::GivesUp, "gives up"),
                    _ => (Flow::Passes, "sends"),
                };
                self.graph.join(from, to, flow, Some(label.to_owned()));
            }
            for bus in self.stack.buses.iter().filter(|bus| access.puts_on(&bus.spec)) {
                self.graph.join(from, self.buses[&bus.spec.name], Flow::Passes, Some("puts events".to_owned()));
            }
        }
        if let Some(group) = self.log_groups.get(&function.log_group) {
            self.graph.join(from, *group, Flow::Belongs, None);
        }
    }

    fn pipe(&mut self, pipe: &Pipe) {
        let stopped = (pipe.desired_state == DesiredState::Stopped).then(|| "stopped".to_owned());
        let node = Node::new(Kind::Pipe, pipe.name.as_str());
        let id = self.graph.add(node.with(filter_words(&pipe.filters)).with(stopped));
        let (from, label) = match &pipe.source {
            PipeSource::Table(table) => (self.tables[&table.logical_id], "changes"),
            PipeSource::Queue { queue } => (self.queues[&queue.name], "messages"),
        };
        self.graph.join(from, id, Flow::Passes, Some(label.to_owned()));
        if let Some(enrichment) = &pipe.enrichment {
            let function = self.functions[&enrichment.function.logical_id];
            self.graph.join(id, function, Flow::Passes, Some("enriches".to_owned()));
        }
        let target = match &pipe.target {
            PipeTarget::Function(function) => self.functions.get(&function.logical_id),
            PipeTarget::Queue { queue } => self.queues.get(&queue.name),
            PipeTarget::Bus { bus } => self.buses.get(bus),
            PipeTarget::LogGroup { log_group } => self.log_groups.get(log_group),
        };
        if let Some(target) = target {
            self.graph.join(id, *target, Flow::Passes, Some(batches(pipe.batch_size)));
        }
        let letters = pipe.dead_letter.as_ref().and_then(|letters| self.queues.get(&letters.name));
        if let Some(letters) = letters {
            let after = match (pipe.maximum_retry_attempts, pipe.maximum_record_age) {
                (Some(retries), _) => tries(retries.saturating_add(1)),
                (None, Some(age)) => format!("after {}", span(age)),
                (None, None) => "too old".to_owned(),
            };
            self.graph.join(id, *letters, Flow::GivesUp, Some(after));
        }
    }

    /// What hands messages of a queue to a function: an edge, or a pipe if it filters.
    fn poller(&mut self, poller: &Resource<Poller>) {
        let spec = &poller.spec;
        let queue = self.queues[&spec.queue.name];
        let function = self.functions[&spec.function.logical_id];
        let label = if spec.enabled { batches(spec.batch_size) } else { "stopped".to_owned() };
        if spec.filters.is_empty() {
            self.graph.join(queue, function, Flow::Passes, Some(label));
            return;
        }
        let node = Node::new(Kind::Pipe, poller.logical_id.as_str()).with(filter_words(&spec.filters));
        let id = self.graph.add(node);
        self.graph.join(queue, id, Flow::Passes, Some("messages".to_owned()));
        self.graph.join(id, function, Flow::Passes, Some(label));
    }

    /// A rule stands between its bus and its targets; one with a schedule begins by itself.
    fn rule(&mut self, rule: &'s EventRule) {
        let pattern = rule.spec.pattern.iter().flat_map(|pattern| filter_words(std::slice::from_ref(pattern)));
        let off = (rule.spec.state == RuleState::Disabled).then(|| "disabled".to_owned());
        let node = Node::new(Kind::Rule, rule.spec.name.as_str());
        let id = self.graph.add(node.with(pattern).with(rule.spec.schedule.clone()).with(off));
        if rule.spec.pattern.is_some()
            && let Some(bus) = self.buses.get(&rule.bus)
        {
            self.graph.join(*bus, id, Flow::Passes, Some("events".to_owned()));
        }
        for target in &rule.targets {
            if let Some(to) = self.target(&target.arn) {
                self.graph.join(id, to, Flow::Passes, None);
            }
            let letters = target.dead_letters.as_ref().and_then(|letters| self.target(letters));
            if let Some(letters) = letters {
                let after = match (target.retries, target.max_age_seconds) {
                    (Some(retries), _) => tries(u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1)),
                    (None, Some(age)) => {
                        format!("after {}", span(Duration::from_secs(u64::try_from(age).unwrap_or(0))))
                    }
                    (None, None) => "too old".to_owned(),
                };
                self.graph.join(id, letters, Flow::GivesUp, Some(after));
            }
        }
    }

    /// What a rule's target is, if it is drawn.
    fn target(&self, arn: &str) -> Option<NodeId> {
        let stack = self.stack;
        // A version or alias is drawn as its function.
        let is_of = |function: &&Resource<Function>| {
            arn.strip_prefix(&function.spec.arn).is_some_and(|behind| behind.is_empty() || behind.starts_with(':'))
        };
        let function = stack.functions.iter().find(is_of);
        let queue = stack.queues.iter().find(|queue| queue.spec.arn == arn);
        let bus = arn.rsplit_once(":event-bus/").and_then(|(_, name)| name.parse::<BusName>().ok());
        let group = arn.split_once(":log-group:").map(|(_, name)| name.strip_suffix(":*").unwrap_or(name));
        let group = group.and_then(|name| name.parse::<LogGroupName>().ok());
        function
            .map(|function| self.functions[&function.logical_id])
            .or_else(|| queue.map(|queue| self.queues[&queue.spec.name]))
            .or_else(|| self.buses.get(&bus?).copied())
            .or_else(|| self.log_groups.get(&group?).copied())
            .or_else(|| self.destinations.get(arn).copied())
    }

    fn redrive(&mut self, queue: &Queue) {
        let Some(redrive) = &queue.redrive else { return };
        if let Some(letters) = self.queues.get(&redrive.dead_letters) {
            let label = Some(tries(redrive.receives_max));
            self.graph.join(self.queues[&queue.name], *letters, Flow::GivesUp, label);
        }
    }

    /// Who calls what nobody in the stack sets going.
    fn clients(&mut self) {
        let mut calls: Vec<(NodeId, &str)> = Vec::new();
        for (index, node) in self.graph.nodes().iter().enumerate() {
            let id = NodeId(index);
            let is_set_going = self.graph.edges().iter().any(|edge| {
                let reads_only = edge.flow == Flow::Uses && edge.label.as_deref() == Some("reads");
                edge.to == id && edge.flow != Flow::Belongs && !reads_only
            });
            if is_set_going {
                continue;
            }
            let how = match node.kind {
                Kind::Api if self.apis.contains(&(id, true)) => "HTTP + key",
                Kind::Api => "HTTP",
                Kind::Function => "invoke",
                Kind::Table => "write items",
                Kind::Queue | Kind::DeadLetters => "send",
                Kind::Bus => "put events",
                Kind::Client | Kind::Plan | Kind::Pipe | Kind::Rule | Kind::LogGroup => continue,
            };
            calls.push((id, how));
        }
        if !calls.is_empty() {
            let clients = self.graph.add(Node::new(Kind::Client, "Clients"));
            for (id, how) in calls {
                self.graph.join(clients, id, Flow::Passes, Some(how.to_owned()));
            }
        }
    }
}

fn function_node(function: &Function) -> Node {
    let details = match &function.description {
        Some(description) => description.clone(),
        None => format!("handler {}", function.handler),
    };
    Node::new(Kind::Function, function.name.as_str()).with([details])
}

fn table_node(table: &Table) -> Node {
    let key: Vec<&str> = table.key.attributes().map(|attribute| &*attribute.name).collect();
    let indexes = table.indexes.iter().map(|index| format!("index {}", index.name));
    let expiry = table.expires_by.iter().map(|attribute| format!("expires by {attribute}"));
    Node::new(Kind::Table, table.name.as_str()).with([format!("key {}", key.join(", "))]).with(indexes).with(expiry)
}

fn bus_node(bus: &EventBus) -> Node {
    Node::new(Kind::Bus, bus.name.as_str()).with(bus.description.clone())
}

fn queue_node(queue: &Queue, kind: Kind) -> Node {
    let fifo = queue.fifo.map(|_| "first in, first out".to_owned());
    let delay = (!queue.delay.is_zero()).then(|| format!("delays by {}", span(queue.delay)));
    Node::new(kind, queue.name.as_str()).with(fifo).with(delay).with([format!("keeps {}", span(queue.retention))])
}

fn log_group_node(group: &LogGroup) -> Node {
    let kept = match group.retention_days {
        Some(1) => "keeps 1 day".to_owned(),
        Some(days) => format!("keeps {days} days"),
        None => "keeps for ever".to_owned(),
    };
    Node::new(Kind::LogGroup, group.name.as_str()).with([kept])
}

fn plan_node(plan: &Plan) -> Node {
    let rate = plan.throttle.rate.map(|rate| format!("{rate} requests/s a key"));
    let burst = plan.throttle.burst.map(|burst| format!("{burst} at once"));
    let quota = plan.quota.map(|quota| {
        let period = match quota.period {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        };
        format!("{} a {period}", quota.limit)
    });
    Node::new(Kind::Plan, &plan.name).with(rate).with(burst).with(quota)
}

fn api_details(api: &Api) -> Vec<String> {
    let caches = matches!(api.caching, Caching::On { .. });
    let longest = api.method_settings.iter().filter_map(|settings| settings.cached_for).max();
    let cached = longest.filter(|longest| caches && !longest.is_zero());
    let stage = format!("stage {}", api.stage);
    [Some(stage), cached.map(|longest| format!("caches for {}", span(longest)))].into_iter().flatten().collect()
}

fn filter_words(filters: &[String]) -> Vec<String> {
    let words = words::filters(filters);
    if words.iter().all(String::is_empty) { vec!["everything".to_owned()] } else { words }
}

fn batches(size: u32) -> String {
    if size == 1 { "one by one".to_owned() } else { format!("batches of {size}") }
}

fn tries(count: u32) -> String {
    if count == 1 { "after 1 try".to_owned() } else { format!("after {count} tries") }
}

/// A span in the largest unit that it is a whole number of.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length));
    let (length, name) = unit.unwrap_or((1, "second"));
    let count = seconds / length;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}
