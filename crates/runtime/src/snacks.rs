//! Decides how the functions of Serverless Snacks see the embedded engine: their table and bus by the names in their
//! environment, and an order in one commit with the event that tells of it.

use crate::events::entry;
use crate::invoke::{Body, Function, Invocation, InvokeError, Runtime, failure, panic_text};
use crate::shop::{WrongEnvironment, name};
use engine::spec::FunctionSpec;
use engine::trace::{self, Begun};
use engine::{By, Command, CommandError, CommandRefused, Engine, TableWrite};
use observe::invocation;
use orders::snacks::{self, Call, Event, Failure, Part, Refused, World};
use serde_json::{Value as Json, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};
use table::{Comparison, Condition, Names, Operand, Path, Write};
use types::{BusName, Item, TableName, Timestamp, Value};

/// A function of Serverless Snacks.
pub(crate) struct Snacks {
    engine: Weak<Engine>,
    part: Part,
    orders: TableName,
    /// The bus that what happened is told on; only who tells of anything knows it.
    bus: Option<BusName>,
}

impl Snacks {
    /// Makes the function that an environment asks for.
    pub(crate) fn new(engine: &Weak<Engine>, spec: &FunctionSpec, part: Part) -> Result<Self, WrongEnvironment> {
        let orders = name(&spec.name, &spec.environment, "ORDERS_TABLE_NAME")?;
        let bus = match part {
            Part::Creator => Some(name(&spec.name, &spec.environment, "EVENT_BUS_NAME")?),
            Part::Processor => None,
        };
        Ok(Self { engine: Weak::clone(engine), part, orders, bus })
    }

    fn engine(&self) -> Result<Arc<Engine>, Refused> {
        self.engine.upgrade().ok_or_else(|| Refused("the engine is stopping".to_owned()))
    }

    async fn run(&self, call: &mut Call<'_>) -> Result<Json, Failure> {
        match self.part {
            Part::Creator => snacks::create(self, call).await,
            Part::Processor => snacks::process(self, call).await,
        }
    }
}

fn refused(error: impl std::fmt::Display) -> Refused {
    Refused(error.to_string())
}

fn path(attribute: &str) -> Path {
    Path { attribute: attribute.into(), steps: Vec::new() }
}

impl World for Snacks {
    async fn create(&self, order: Item, event: Event) -> Result<(), Refused> {
        let engine = self.engine()?;
        let table = engine.table(&self.orders).map_err(refused)?;
        let condition = Condition::NotExists(path(&table.keys.hash.name));
        let write = TableWrite { table, write: Write::Put(order), condition, return_old: false };
        let told = |bus: &BusName| {
            entry(orders::events::Event {
                bus: Some(bus.to_string()),
                source: snacks::SOURCE.to_owned(),
                detail_type: event.detail_type.to_owned(),
                detail: event.detail.clone(),
            })
        };
        let events = self.bus.iter().map(told).collect();
        let command = Command { writes: vec![write], events, ..Command::default() };
        engine.command(command, By::Client).await.map(drop).map_err(refused)
    }

    async fn find(&self, order_id: &str) -> Result<Option<Item>, Refused> {
        let engine = self.engine()?;
        let table = engine.table(&self.orders).map_err(refused)?;
        let key = table.key_of(&Item::from([("orderId", order_id.into())])).map_err(refused)?;
        engine.get(&table, &key).map_err(refused)
    }

    async fn update(
        &self,
        order_id: &str,
        expected: &str,
        attributes: Vec<(&'static str, Value)>,
    ) -> Result<bool, Refused> {
        let engine = self.engine()?;
        let table = engine.table(&self.orders).map_err(refused)?;
        let key = table.key_of(&Item::from([("orderId", order_id.into())])).map_err(refused)?;
        let condition =
            Condition::Compare(Operand::Path(path("status")), Comparison::Equal, Operand::Value(expected.into()));
        let actions: Vec<String> = (0..attributes.len()).map(|at| format!("#n{at} = :v{at}")).collect();
        let names = attributes.iter().enumerate().map(|(at, (name, _))| (format!("#n{at}"), (*name).to_owned()));
        let names: Vec<_> = names.collect();
        let values: Vec<_> =
            attributes.into_iter().enumerate().map(|(at, (_, value))| (format!(":v{at}"), value)).collect();
        let update = table::read_update(&format!("SET {}", actions.join(", ")), &Names::new(names, values));
        let write = Write::Update(key, update.map_err(refused)?);
        let write = TableWrite { table, write, condition, return_old: false };
        let command = Command { writes: vec![write], ..Command::default() };
        match engine.command(command, By::Function).await {
            Ok(_) => Ok(true),
            Err(CommandError::Refused(CommandRefused::Table {
                refused: table::Refused::ConditionFailed { .. },
                ..
            })) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }

    fn now(&self) -> Timestamp {
        engine::now()
    }

    fn new_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }
}

impl Runtime {
    /// Runs a function of Serverless Snacks on a payload.
    pub(crate) async fn invoke_snacks(
        &self,
        function: &Function,
        payload: &Json,
        request_id: String,
    ) -> Result<Invocation, InvokeError> {
        let name = &function.spec.name;
        let Body::Snacks(snacks) = &function.body else { return Err(InvokeError::NotFound(name.clone())) };
        let begun_at = engine::now();
        let Some(taken) = function.environments.take(begun_at) else {
            self.meters.invocations.with(&[name.as_str(), "throttled"]).one();
            return Err(InvokeError::Throttled(name.clone()));
        };
        let mut lines = vec![(begun_at, invocation::start_line(&request_id, function.version))];
        let begun = Instant::now();
        let mut log = |line: &str| lines.push((engine::now(), format!("{line}\n")));
        let mut call = Call { payload, request_id: &request_id, log: &mut log };
        let limit = Duration::from_secs(function.spec.timeout_seconds.into());
        let span = self.begin_span(name, &request_id);
        let running = trace::within(span.as_ref().map(Begun::current), caught(snacks.run(&mut call)));
        let ran = tokio::time::timeout(limit, running).await;
        let (duration, ended_at) = (begun.elapsed(), engine::now());
        let (payload, failed) = outcome(function, ran, &request_id, &mut lines, ended_at);
        if let Some(span) = span {
            span.end(payload["errorMessage"].as_str().filter(|_| failed).map(str::to_owned));
        }
        self.meters.invocations.with(&[name.as_str(), if failed { "failed" } else { "ok" }]).one();
        self.meters.invocation_seconds.with(&[name.as_str()]).took(duration);
        lines.extend(self.end_lines(function, &request_id, duration, taken.cold).map(|line| (ended_at, line)));
        self.print(function, taken.stream(), &lines);
        let printed = lines.into_iter().map(|(_, line)| line).collect();
        Ok(Invocation { request_id, payload, failed, printed })
    }
}

type Ran = Result<Result<Result<Json, Failure>, String>, tokio::time::error::Elapsed>;

/// What is answered, and whether that is a failure; what went wrong is printed.
fn outcome(
    function: &Function,
    ran: Ran,
    request_id: &str,
    lines: &mut Vec<(Timestamp, String)>,
    ended_at: Timestamp,
) -> (Json, bool) {
    match ran {
        Ok(Ok(Ok(answer))) => (answer, false),
        Ok(Ok(Err(error))) => {
            lines.push((ended_at, format!("[ERROR] {}: {error}\n", error.error_type())));
            (failure(error.error_type(), &error.to_string(), request_id), true)
        }
        Ok(Err(panic)) => {
            lines.push((ended_at, format!("[ERROR] Panic: {panic}\n")));
            (failure("Panic", &panic, request_id), true)
        }
        Err(_) => {
            let limit = Duration::from_secs(function.spec.timeout_seconds.into());
            lines.push((ended_at, invocation::timeout_line(ended_at, request_id, limit)));
            let seconds = limit.as_secs_f64();
            let message = format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
            (json!({"errorType": "Sandbox.Timedout", "errorMessage": message}), true)
        }
    }
}

/// Runs a handler; one that panics fails its invocation and nothing else.
async fn caught<T>(handler: impl Future<Output = T>) -> Result<T, String> {
    let mut handler = pin!(handler);
    std::future::poll_fn(|context| {
        // A handler keeps nothing between calls, so that nothing half-changed is left behind.
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(ended)) => Poll::Ready(Ok(ended)),
            Err(panic) => Poll::Ready(Err(panic_text(&*panic).to_owned())),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_fails_and_says_so() {
        assert_eq!(caught(async { 7 }).await, Ok(7));
        let broken = async { if true { panic!("the jar is open") } else { 7 } };
        assert_eq!(caught(broken).await, Err("the jar is open".to_owned()));
    }
}
