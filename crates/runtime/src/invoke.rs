//! Decides how one invocation goes: who may run, what is printed, and what becomes of a failure.

use crate::chat::Chat;
use crate::environment::Environments;
use crate::events::EngineEvents;
use crate::memory::Memory;
use crate::meters::Meters;
use crate::premium::Premium;
use crate::remote::endpoints::Endpoints;
use crate::shop::{EngineShop, Places, WrongEnvironment, name};
use crate::snacks::Snacks;
use crate::trace::Spans;
use crate::work::Work;
use engine::endpoints::{Answer, Call};
use engine::spec::FunctionSpec;
use engine::{Engine, EventDone, Functions, Handed, Handled, Invoked, ReceivedMessage};
use observe::invocation::{self, Report};
use observe::trace::Tracer;
use orders::shop::breaker::Position;
use orders::{Context, FailingOrders, Handler};
use serde_json::{Value as Json, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};
use types::{BusName, FunctionName, Qualifier, QueueName, Record, SortedMap, Timestamp, Version};

/// Keeps what functions print: group, stream, lines with their instants. Returns when the system has them.
pub type Printer = dyn Fn(&str, &str, &[(Timestamp, &str)]) -> std::io::Result<()> + Send + Sync;

/// The variable that names the bus that a function tells of what it did on.
pub(crate) const EVENT_BUS: &str = "EVENT_BUS_NAME";

/// The functions of the stacks that run.
pub struct Runtime {
    engine: Weak<Engine>,
    functions: SortedMap<FunctionName, Arc<Function>>,
    /// Versions that have run.
    published: RwLock<SortedMap<(FunctionName, u64), Arc<Function>>>,
    printer: Arc<Printer>,
    printing_fails: AtomicBool,
    failing: FailingOrders,
    memory: Memory,
    endpoints: Endpoints,
    pub(crate) meters: Meters,
    /// Who keeps spans of what functions do.
    pub(crate) tracer: Option<Arc<Tracer>>,
}

pub(crate) struct Function {
    pub(crate) version: Version,
    pub(crate) spec: FunctionSpec,
    pub(crate) body: Body,
    /// The bus that it tells of what it did on, if its environment names one.
    told: Option<(EngineEvents, String)>,
    pub(crate) environments: Environments,
}

/// What a function does.
pub(crate) enum Body {
    /// It takes changes of a table.
    Records(&'static dyn Handler),
    /// It takes changes of a table, and looks after the premium orders among them.
    Premium(Box<Premium>),
    /// It answers requests.
    Api(Arc<EngineShop>),
    /// It answers customers' questions.
    Chatbot(Box<Chat>),
    /// It carries orders on.
    Worker(Box<Work>),
    /// It takes orders of snacks in, or processes them.
    Snacks(Box<Snacks>),
}

/// What an invocation by hand gives back.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Its id, as the log names it.
    pub request_id: String,
    /// What the function answered; if it failed, what is told of the failure.
    pub payload: Json,
    /// Whether it failed.
    pub failed: bool,
    /// What was printed.
    pub printed: String,
}

/// Why a function was not invoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function.
    #[error("there is no function {0}")]
    NotFound(FunctionName),
    /// It runs as often as it may.
    #[error("function {0} runs as often at once as it may")]
    Throttled(FunctionName),
    /// A version cannot run any more in what has become of its surroundings.
    #[error("version {version} of function {name} cannot run: {problems}")]
    Unfit {
        /// The function.
        name: FunctionName,
        /// The version.
        version: Version,
        /// What is wrong.
        problems: String,
    },
}

impl Function {
    /// The function that a spec describes; nothing if no such handler is built in.
    fn make(
        engine: &Weak<Engine>,
        spec: FunctionSpec,
        version: Version,
        environments: Environments,
    ) -> Option<Result<Self, Vec<WrongEnvironment>>> {
        let entry = orders::find(&spec.handler)?;
        let told = match spec.environment.contains_key(EVENT_BUS) {
            true => match name::<BusName>(&spec.name, &spec.environment, EVENT_BUS) {
                Ok(bus) => Some((EngineEvents::new(engine), bus.to_string())),
                Err(error) => return Some(Err(vec![error])),
            },
            false => None,
        };
        let body = match entry.kind {
            orders::Kind::Records(handler) => Ok(Body::Records(handler)),
            orders::Kind::Premium(handler, layout) => {
                let premium = Premium::new(engine, &spec, handler, layout);
                premium.map(|made| made.map_or(Body::Records(handler), |made| Body::Premium(Box::new(made))))
            }
            orders::Kind::Api => match Places::read(engine, &spec.name, &spec.environment) {
                Ok(places) => Ok(Body::Api(Arc::new(EngineShop::for_customers(Arc::new(places))))),
                Err(error) => Err(vec![error]),
            },
            orders::Kind::Chatbot => Chat::new(engine, &spec).map(|chat| Body::Chatbot(Box::new(chat))),
            orders::Kind::Worker => Work::new(engine, &spec).map(|work| Body::Worker(Box::new(work))),
            orders::Kind::Snacks(part) => match Snacks::new(engine, &spec, part) {
                Ok(snacks) => Ok(Body::Snacks(Box::new(snacks))),
                Err(error) => Err(vec![error]),
            },
        };
        Some(body.map(|body| Self { version, spec, body, told, environments }))
    }
}

impl Runtime {
    /// The functions of these specs; each must name a handler that is built in, which whoever reads templates checks.
    pub fn new(
        engine: &Weak<Engine>,
        specs: impl IntoIterator<Item = FunctionSpec>,
        failing: FailingOrders,
        printer: Arc<Printer>,
    ) -> Result<Self, Vec<WrongEnvironment>> {
        let (mut functions, mut wrong) = (SortedMap::new(), Vec::new());
        for spec in specs {
            let environments = Environments::new(spec.concurrency);
            match Function::make(engine, spec, Version::Latest, environments) {
                None => {}
                Some(Ok(function)) => drop(functions.insert(function.spec.name.clone(), Arc::new(function))),
                Some(Err(errors)) => wrong.extend(errors),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let (printing_fails, memory, meters) = (AtomicBool::new(false), Memory::default(), Meters::default());
        let endpoints = Endpoints::new("").expect("nothing is listed");
        let tracer = engine.upgrade().and_then(|engine| engine.tracer().cloned());
        let (engine, published) = (Weak::clone(engine), RwLock::default());
        Ok(Self { engine, functions, published, printer, printing_fails, failing, memory, endpoints, meters, tracer })
    }

    /// The same runtime, which calls endpoints of events also at these addresses: addresses and ranges such as
    /// `10.1.0.0/16`, separated by commas. Others are called if they are public.
    pub fn calling(self, allowed: &str) -> Result<Self, String> {
        Ok(Self { endpoints: Endpoints::new(allowed)?, ..self })
    }

    /// What was counted and timed.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Whether each dependency of each worker is asked at present, the chatbot's model, and whoever is told of premium
    /// orders, by function.
    pub fn breakers(&self) -> Vec<(FunctionName, &'static str, Position)> {
        let of_worker = |(name, function): &(FunctionName, Arc<Function>)| match &function.body {
            Body::Worker(work) => {
                work.breakers().map(|(dependency, position)| (name.clone(), dependency, position)).to_vec()
            }
            Body::Chatbot(chat) => {
                chat.breaker().map(|position| (name.clone(), "model", position)).into_iter().collect()
            }
            Body::Premium(premium) => {
                premium.breakers().map(|(effect, position)| (name.clone(), effect, position)).collect()
            }
            Body::Records(_) | Body::Api(_) | Body::Snacks(_) => Vec::new(),
        };
        self.functions.iter().flat_map(of_worker).collect()
    }

    /// Runs a version of a function on a payload, and waits for its answer; its lines name the invocation by this id.
    pub fn invoke_payload(
        &self,
        name: &FunctionName,
        version: Version,
        payload: &Json,
        request_id: String,
    ) -> Result<Invocation, InvokeError> {
        let function = &*self.version(name, version)?;
        match &function.body {
            Body::Records(_) | Body::Premium(_) => self.invoke_records(function, payload, request_id),
            Body::Api(_) | Body::Chatbot(_) => Ok(not_invocable(name, request_id)),
            Body::Worker(_) => self.invoke_worker(function, payload, request_id),
            Body::Snacks(_) => match tokio::runtime::Handle::try_current() {
                Ok(handle) => handle.block_on(self.invoke_snacks(function, payload, request_id)),
                Err(_) => Ok(without_server(request_id)),
            },
        }
    }

    /// Runs a version of a function on an event that nobody waits for.
    async fn invoke_handed(
        &self,
        name: &FunctionName,
        version: Version,
        event: &Handed,
    ) -> Result<Invocation, InvokeError> {
        let request_id = match event.request_id.as_str() {
            "" => uuid::Uuid::new_v4().to_string(),
            given => given.to_owned(),
        };
        let function = &*self.version(name, version)?;
        match &function.body {
            Body::Records(_) => self.invoke_records(function, &event.payload, request_id),
            // It waits for others on a runtime of its own, which cannot be done on a thread that waits in this way.
            Body::Premium(_) => std::thread::scope(|scope| {
                let invoked = scope.spawn(|| self.invoke_records(function, &event.payload, request_id));
                invoked.join().unwrap_or_else(|_| Err(InvokeError::NotFound(name.clone())))
            }),
            Body::Snacks(_) => self.invoke_snacks(function, &event.payload, request_id).await,
            Body::Worker(_) => self.invoke_worker_async(function, &event.payload, request_id).await,
            Body::Api(_) | Body::Chatbot(_) => Ok(not_invocable(name, request_id)),
        }
    }

    fn invoke_records(
        &self,
        function: &Function,
        payload: &Json,
        request_id: String,
    ) -> Result<Invocation, InvokeError> {
        match types::event::read(payload) {
            Ok(records) => self.run(function, &records, request_id),
            Err(fault) => {
                let message = format!("the event's records cannot be read: {fault}");
                let payload = failure("InvalidEvent", &message, &request_id);
                let now = engine::now();
                let Some(taken) = function.environments.take(now) else {
                    return Err(InvokeError::Throttled(function.spec.name.clone()));
                };
                let printed = format!("[ERROR] InvalidEvent: {message}\n");
                self.print(function, taken.stream(), &[(now, printed.clone())]);
                Ok(Invocation { request_id, payload, failed: true, printed })
            }
        }
    }

    /// A function as its template has it now.
    pub(crate) fn function(&self, name: &FunctionName) -> Result<&Arc<Function>, InvokeError> {
        self.functions.get(name).ok_or_else(|| InvokeError::NotFound(name.clone()))
    }

    /// A version of a function. One that has a number is made when it is first asked for, as it was published.
    fn version(&self, name: &FunctionName, version: Version) -> Result<Arc<Function>, InvokeError> {
        let latest = self.function(name)?;
        let Version::Numbered(number) = version else { return Ok(Arc::clone(latest)) };
        let key = (name.clone(), number);
        if let Some(known) = self.published.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(known));
        }
        let missing = || InvokeError::NotFound(name.clone());
        let catalog = self.engine.upgrade().ok_or_else(missing)?.catalog();
        let entry = catalog.functions.get(name).and_then(|entry| entry.versions.published.get(&number));
        let spec = entry.ok_or_else(missing)?.spec.clone();
        let environments = latest.environments.of_version(version);
        let made = match Function::make(&self.engine, spec, version, environments) {
            Some(Ok(made)) => Arc::new(made),
            Some(Err(errors)) => {
                let problems: Vec<String> = errors.iter().map(ToString::to_string).collect();
                return Err(InvokeError::Unfit { name: name.clone(), version, problems: problems.join("; ") });
            }
            None => return Err(missing()),
        };
        // Of two who made it at once, one has made it for nothing.
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(published.get_or_insert_with(key, || made)))
    }

    /// The version that is run of a function that is asked for so; nothing for the function as it is.
    pub(crate) fn drawn(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
    ) -> Result<Option<Arc<Function>>, InvokeError> {
        if qualifier.is_none() {
            return Ok(None);
        }
        let missing = || InvokeError::NotFound(name.clone());
        let engine = self.engine.upgrade().ok_or_else(missing)?;
        let version = engine.version_for(name, qualifier).map_err(|_| missing())?;
        self.version(name, version).map(Some)
    }

    fn invoke_version(&self, function: &Function, records: &[Record]) -> Invoked {
        match self.run(function, records, uuid::Uuid::new_v4().to_string()) {
            Ok(Invocation { payload, failed: false, .. }) => Invoked::Answered { answer: payload },
            Ok(Invocation { payload, .. }) => {
                let part = |name: &str| payload[name].as_str().unwrap_or("unknown").to_owned();
                Invoked::Failed { error: format!("{}: {}", part("errorType"), part("errorMessage")) }
            }
            Err(error) => Invoked::NotRun { reason: error.to_string() },
        }
    }

    fn run(&self, function: &Function, records: &[Record], request_id: String) -> Result<Invocation, InvokeError> {
        let name = &function.spec.name;
        let (handler, premium) = match &function.body {
            Body::Records(handler) => (*handler, None),
            Body::Premium(premium) => (premium.handler, Some(premium)),
            Body::Api(_) | Body::Chatbot(_) | Body::Worker(_) | Body::Snacks(_) => {
                return Err(InvokeError::NotFound(name.clone()));
            }
        };
        let begun_at = engine::now();
        let Some(taken) = function.environments.take(begun_at) else {
            self.meters.invocations.with(&[name.as_str(), "throttled"]).one();
            return Err(InvokeError::Throttled(name.clone()));
        };
        let spans = self.tracer.as_ref().map(|tracer| Spans::begin(tracer, name, &request_id, records));
        let mut lines = vec![(begun_at, invocation::start_line(&request_id, function.version))];
        let begun = Instant::now();
        let mut log = |line: &str| lines.push((engine::now(), format!("{line}\n")));
        let limit = Duration::from_secs(function.spec.timeout_seconds.into());
        // A handler keeps nothing between calls, so that nothing half-changed is left behind.
        let handled = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::new(&mut log, &self.failing, begun_at);
            if let Some((events, bus)) = &function.told {
                context = context.telling(events, bus);
            }
            let answer = handler.handle(records, &mut context)?;
            // A part of the time is left for saying what was done in the rest.
            match premium {
                Some(premium) => {
                    premium.look_after(records, answer, limit * 9 / 10, &self.meters, spans.as_ref(), &mut log)
                }
                None => Ok(answer),
            }
        }));
        let duration = begun.elapsed();
        let ended_at = engine::now();
        let (payload, failed) = match handled {
            Ok(_) if duration > limit => {
                lines.push((ended_at, invocation::timeout_line(ended_at, &request_id, limit)));
                let seconds = limit.as_secs_f64();
                let message = format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
                (json!({"errorType": "Sandbox.Timedout", "errorMessage": message}), true)
            }
            Ok(Ok(answer)) => (answer, false),
            Ok(Err(error)) => {
                lines.push((ended_at, format!("[ERROR] {}: {error}\n", error.error_type())));
                (failure(error.error_type(), &error.to_string(), &request_id), true)
            }
            Err(panic) => {
                let message = panic_text(&*panic);
                lines.push((ended_at, format!("[ERROR] Panic: {message}\n")));
                (failure("Panic", message, &request_id), true)
            }
        };
        self.meters.ran(name, if failed { "failed" } else { "ok" }, duration);
        if let Some(spans) = spans {
            spans.end(&payload, failed, records);
        }
        lines.extend(self.end_lines(function, &request_id, duration, taken.cold).map(|line| (ended_at, line)));
        self.print(function, taken.stream(), &lines);
        let printed = lines.into_iter().map(|(_, line)| line).collect();
        Ok(Invocation { request_id, payload, failed, printed })
    }

    /// What Lambda prints at the end of an invocation.
    pub(crate) fn end_lines(
        &self,
        function: &Function,
        request_id: &str,
        duration: Duration,
        cold: bool,
    ) -> [String; 2] {
        let report = Report {
            request_id,
            duration,
            memory_mb: function.spec.memory_mb,
            max_memory_used_mb: self.memory.used_mb(),
            init_duration: cold.then_some(Duration::from_micros(1)),
        };
        [invocation::end_line(request_id), report.to_string()]
    }

    /// Keeps what was printed. A disk without room for it is no reason to stop orders: it is said once.
    pub(crate) fn print(&self, function: &Function, stream: &str, lines: &[(Timestamp, String)]) {
        let lines: Vec<(Timestamp, &str)> = lines.iter().map(|(at, line)| (*at, line.as_str())).collect();
        match (self.printer)(function.spec.log_group.as_str(), stream, &lines) {
            Ok(()) => self.printing_fails.store(false, Ordering::Relaxed),
            Err(error) if !self.printing_fails.swap(true, Ordering::Relaxed) => {
                engine::complain!("orderflow: what functions print is lost until this is mended: {error}");
            }
            Err(_) => {}
        }
    }
}

impl Functions for Runtime {
    fn invoke(&self, function: &FunctionName, records: &[Record]) -> Invoked {
        match self.function(function) {
            Ok(function) => self.invoke_version(function, records),
            Err(error) => Invoked::NotRun { reason: error.to_string() },
        }
    }

    fn invoke_qualified(&self, function: &FunctionName, qualifier: Option<&Qualifier>, records: &[Record]) -> Invoked {
        match self.drawn(function, qualifier) {
            Ok(Some(version)) => self.invoke_version(&version, records),
            Ok(None) => self.invoke(function, records),
            Err(error) => Invoked::NotRun { reason: error.to_string() },
        }
    }

    fn handle<'a>(
        &'a self,
        function: &'a FunctionName,
        qualifier: Option<&'a Qualifier>,
        queue: &'a QueueName,
        batch: &'a [ReceivedMessage],
    ) -> Pin<Box<dyn Future<Output = Handled> + Send + 'a>> {
        Box::pin(self.work_off(function, qualifier, queue, batch))
    }

    fn invoke_event<'a>(
        &'a self,
        function: &'a FunctionName,
        version: Version,
        event: &'a Handed,
    ) -> Pin<Box<dyn Future<Output = EventDone> + Send + 'a>> {
        Box::pin(async move {
            match self.invoke_handed(function, version, event).await {
                Ok(Invocation { payload, failed: false, .. }) => EventDone::Answered(payload),
                Ok(Invocation { payload, .. }) => EventDone::Failed(payload),
                Err(_) => EventDone::NotRun,
            }
        })
    }

    fn call<'a>(&'a self, call: &'a Call) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(self.endpoints.call(call))
    }
}

/// What is answered where nothing runs that could wait.
pub(crate) fn without_server(request_id: String) -> Invocation {
    let payload = failure("NotInvocable", "the function can be invoked while a server runs", &request_id);
    Invocation { request_id, payload, failed: true, printed: String::new() }
}

pub(crate) fn failure(error_type: &str, message: &str, request_id: &str) -> Json {
    json!({"errorType": error_type, "errorMessage": message, "requestId": request_id})
}

pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("the handler panicked")
}

/// What is answered where a function that answers requests is invoked by hand.
fn not_invocable(name: &FunctionName, request_id: String) -> Invocation {
    let message = format!("function {name} answers requests: call its API");
    let payload = failure("NotInvocable", &message, &request_id);
    Invocation { request_id, payload, failed: true, printed: String::new() }
}

#[cfg(test)]
mod tests;
