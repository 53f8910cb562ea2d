//! Decides how the premium service looks on the embedded engine: tables by the names in the function's environment, calls
//! by the pools of `remote`, and one small runtime that waits for them.
//!
//! All effects of a batch are under way at the same time, bounded; each is remembered as soon as it came to an end, so a
//! batch that fails in one place and is handed over again repeats nothing that was done. Whoever fails too often is not
//! asked for a moment, so that one who hangs does not hold up what the others are told.

use crate::all::all;
use crate::meters::Meters;
use crate::remote::guard::Dialer;
use crate::remote::notify::Webhook;
use crate::remote::sign::Secret;
use crate::remote::smtp::Post;
use crate::shop::{WrongEnvironment, name};
use crate::timer::Clock;
use crate::trace::Spans;
use engine::spec::FunctionSpec;
use engine::{Command, CommandError, CommandRefused, Engine, TableWrite, WriteRefused};
use orders::emf::{self, Unit};
use orders::premium::mail::Mailbox;
use orders::premium::{Attended, Desk, Effect, Endpoint, Memory, Message, Raised, Settings, Shipped, attend};
use orders::shop::breaker::{Breaker, BreakerRules, Permit, Position};
use orders::shop::ports::{CommitRefused, Unreadable};
use orders::shop::worker::Timer as _;
use orders::{Failure, Handler, HandlerError, Layout};
use serde_json::{Map, Value as Json};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use table::{Condition, Names, Write};
use tokio::sync::Semaphore;
use types::{FunctionName, Item, Record, SortedMap, TableName, Timestamp, Value};

/// How many effects of one batch are under way at once.
const AT_ONCE: usize = 64;
/// Where this service's metrics are kept.
const NAMESPACE: &str = "Orderflow/Premium";

/// A function that looks after premium orders.
pub(crate) struct Premium {
    /// What decides which orders those are, and says so.
    pub(crate) handler: &'static dyn Handler,
    layout: Layout,
    settings: Settings,
    desk: EngineDesk,
    /// Whether it was said what is switched off.
    said: AtomicBool,
    /// Made for the first order: most batches hold none.
    waiting: OnceLock<std::io::Result<tokio::runtime::Runtime>>,
}

impl Drop for Premium {
    fn drop(&mut self) {
        // Calls that are under way are not waited for, and this may be a thread that must not wait.
        if let Some(Ok(runtime)) = self.waiting.take() {
            runtime.shutdown_background();
        }
    }
}

/// The engine's tables and the services elsewhere.
struct EngineDesk {
    engine: Weak<Engine>,
    function: FunctionName,
    orders: TableName,
    effects: TableName,
    webhook: Option<Webhook>,
    crm: Option<Webhook>,
    mail: Option<(Post, Mailbox, Vec<Mailbox>)>,
    timeout: Duration,
    clock: Clock,
    /// Whether each of those who are told is asked at present.
    breakers: SortedMap<Effect, Mutex<Breaker>>,
}

impl Premium {
    /// Makes the service that a function's environment asks for; none if it names no table of effects.
    pub(crate) fn new(
        engine: &Weak<Engine>,
        spec: &FunctionSpec,
        handler: &'static dyn Handler,
        layout: Layout,
    ) -> Result<Option<Self>, Vec<WrongEnvironment>> {
        let wrong = |variable: &str, problem: String| WrongEnvironment {
            function: spec.name.clone(),
            variable: variable.to_owned(),
            problem,
        };
        let settings = Settings::parse(|name| spec.environment.get(name).map(String::as_str)).map_err(|settings| {
            let one = |one: &orders::shop::settings::WrongSetting| {
                wrong(one.name, format!("is {:?}; {}", one.value, one.allowed))
            };
            settings.0.iter().map(one).collect::<Vec<_>>()
        })?;
        let is_set = |name: &str| spec.environment.get(name).is_some_and(|value| !value.trim().is_empty());
        if !is_set("EFFECTS_TABLE") {
            let needs = Effect::ALL.into_iter().filter_map(Effect::setting).filter(|name| is_set(name));
            let missing: Vec<_> =
                needs.map(|name| wrong("EFFECTS_TABLE", format!("is missing, and {name} is set"))).collect();
            return if missing.is_empty() { Ok(None) } else { Err(missing) };
        }
        let table = |variable| name(&spec.name, &spec.environment, variable).map_err(|error| vec![error]);
        let dialer = Dialer::checking(&settings.allowed_addresses)
            .map_err(|problem| vec![wrong("ALLOWED_ADDRESSES", problem)])?;
        // The function's environment names secrets; they themselves stand where templates are not kept.
        let secret = |variable: &'static str, name: &str| {
            std::env::var(name).map(|secret| secret.trim().to_owned()).map_err(|_| {
                let problem =
                    format!("names the secret {name}: set the environment variable {name} where orderflow runs");
                vec![wrong(variable, problem)]
            })
        };
        let webhook = |url_name, secret_name, endpoint: &Endpoint| {
            let secret = Secret::parse(&secret(secret_name, &endpoint.secret)?)
                .map_err(|problem| vec![wrong(secret_name, format!("names {}, which {problem}", endpoint.secret))])?;
            Webhook::new(&endpoint.url, secret, dialer.clone()).map_err(|problem| vec![wrong(url_name, problem)])
        };
        let manager = settings.manager_webhook.as_ref();
        let manager = manager
            .map(|endpoint| webhook("ACCOUNT_MANAGER_WEBHOOK_URL", "ACCOUNT_MANAGER_WEBHOOK_SECRET", endpoint))
            .transpose()?;
        let crm = settings.crm.as_ref().map(|endpoint| webhook("CRM_URL", "CRM_SECRET", endpoint)).transpose()?;
        let mail = settings.mail.as_ref().map(|mail| {
            let password = mail.secret.as_ref().map(|name| secret("SMTP_SECRET", name)).transpose()?;
            let post = Post::new(mail.server.clone(), password, dialer.clone());
            Ok::<_, Vec<WrongEnvironment>>((post, mail.from.clone(), mail.to.clone()))
        });
        let desk = EngineDesk {
            engine: Weak::clone(engine),
            function: spec.name.clone(),
            orders: table("ORDERS_TABLE")?,
            effects: table("EFFECTS_TABLE")?,
            webhook: manager,
            crm,
            mail: mail.transpose()?,
            timeout: settings.timeout,
            clock: Clock::new(),
            breakers: Effect::ALL
                .into_iter()
                .filter(|effect| effect.setting().is_some() && settings.is_on(*effect))
                .map(|effect| (effect, Mutex::new(Breaker::new(BreakerRules::default()))))
                .collect(),
        };
        let (said, waiting) = (AtomicBool::new(false), OnceLock::new());
        Ok(Some(Self { handler, layout, settings, desk, said, waiting }))
    }

    /// Looks after the premium orders of a batch to which the handler gave this answer, and gives the answer of both.
    pub(crate) fn look_after(
        &self,
        records: &[Record],
        answer: Json,
        limit: Duration,
        meters: &Meters,
        spans: Option<&Spans>,
        log: &mut dyn FnMut(&str),
    ) -> Result<Json, HandlerError> {
        // What the handler failed at is not done, and nothing after it.
        let failed = answer["batchItemFailures"][0]["itemIdentifier"].as_str();
        let reached = records.iter().take_while(|record| failed.is_none_or(|id| record.event_id() != id));
        let mut orders: Vec<(usize, Shipped)> = Vec::new();
        for (index, record) in reached.enumerate() {
            // An order that was shipped twice in one batch is one order.
            if let Some(order) = Shipped::read(record, self.layout)
                && !orders.iter().any(|(_, known)| known.id == order.id)
            {
                orders.push((index, order));
            }
        }
        if orders.is_empty() {
            return Ok(answer);
        }
        self.say_what_is_off(log);
        let came = self.attend_all(&orders, limit, spans);
        let (mut done, mut not_done) = (0_u64, 0_u64);
        let mut first_failure = None;
        for ((index, order), came) in orders.iter().zip(&came) {
            let mut errors = Vec::new();
            for (effect, came) in Effect::ALL.iter().zip(came) {
                if let Some(outcome) = came.outcome() {
                    meters.effects.with(&[effect.name(), outcome]).one();
                }
                came.line(order, *effect).iter().for_each(|line| log(line));
                match came {
                    Attended::Failed { error, .. } => errors.push(format!("{}: {error}", effect.words())),
                    Attended::Done { .. } => done += 1,
                    Attended::Off | Attended::Before { .. } | Attended::Needless { .. } => {}
                }
            }
            not_done += errors.len() as u64;
            if !errors.is_empty() && first_failure.is_none() {
                let failure = Failure::Unattended { order_id: order.shown_id(), errors: errors.join("; ") };
                first_failure = Some((*index, failure));
            }
        }
        let counts = [
            ("PremiumOrders", Unit::Count, orders.len().into()),
            ("EffectsDone", Unit::Count, done.into()),
            ("EffectsFailed", Unit::Count, not_done.into()),
        ];
        log(&emf::line(NAMESPACE, engine::now(), &[("Service", "premium")], &counts));
        let Some((index, failure)) = first_failure else { return Ok(answer) };
        // Those before it count as done, so they alone are named as processed.
        let processed = orders.iter().filter(|(at, _)| *at < index).map(|(_, order)| order.id.as_str().into());
        let mut answer: Map<String, Json> = answer.as_object().cloned().unwrap_or_default();
        answer.insert("premiumOrdersProcessed".to_owned(), Json::Array(processed.collect()));
        failure.report(index, &records[index], answer).map(Json::Object)
    }

    /// Whether each of those who are told is asked at present.
    pub(crate) fn breakers(&self) -> impl Iterator<Item = (&'static str, Position)> {
        self.desk.breakers.iter().map(|(effect, breaker)| (effect.name(), lock(breaker).position()))
    }

    /// What came of each effect of each order.
    fn attend_all(&self, orders: &[(usize, Shipped)], limit: Duration, spans: Option<&Spans>) -> Vec<Vec<Attended>> {
        let waiting = self.waiting.get_or_init(|| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(1).max_blocking_threads(4).thread_name("premium").enable_all().build()
        });
        let waiting = match waiting {
            Ok(waiting) => waiting,
            Err(error) => {
                let error = format!("no thread can be had to wait with: {error}");
                let failed = Attended::Failed { error, attempt: 0 };
                return orders.iter().map(|_| vec![failed.clone(); Effect::ALL.len()]).collect();
            }
        };
        let at_once = Semaphore::new(AT_ONCE);
        let jobs = orders.iter().flat_map(|(index, order)| Effect::ALL.map(|effect| (*index, order, effect)));
        let jobs = jobs.map(|(index, order, effect)| -> Pin<Box<dyn Future<Output = Attended> + Send + '_>> {
            let at_once = &at_once;
            let current = spans.and_then(|spans| spans.of(index));
            Box::pin(engine::trace::within(current, async move {
                let attending = async {
                    let _place = at_once.acquire().await;
                    attend(&self.desk, &self.settings, order, effect).await
                };
                let out_of_time = |_| Attended::Failed { error: "the function's time ran out".to_owned(), attempt: 0 };
                tokio::time::timeout(limit, attending).await.unwrap_or_else(out_of_time)
            }))
        });
        let jobs = jobs.collect();
        let came = waiting.block_on(async { all(jobs).await });
        came.chunks(Effect::ALL.len()).map(<[Attended]>::to_vec).collect()
    }

    fn say_what_is_off(&self, log: &mut dyn FnMut(&str)) {
        if self.said.swap(true, Ordering::Relaxed) {
            return;
        }
        for effect in Effect::ALL.into_iter().filter(|effect| !self.settings.is_on(*effect)) {
            if let Some(setting) = effect.setting() {
                log(&format!("ℹ️ {} is off: {setting} is not set", effect.words()));
            }
        }
    }
}

impl EngineDesk {
    fn engine(&self) -> Result<Arc<Engine>, String> {
        self.engine.upgrade().ok_or_else(|| "the engine is stopping".to_owned())
    }

    /// A write that keeps what came of an effect.
    fn keep(&self, engine: &Engine, order_id: &str, effect: Effect, memory: &Memory) -> Result<TableWrite, String> {
        let set = [(effect.name(), memory.value())];
        self.update(engine, &self.effects, order_id, &set, None)
    }

    /// A write that sets attributes of an order's item in a table, if a condition on its status holds.
    fn update(
        &self,
        engine: &Engine,
        table: &TableName,
        order_id: &str,
        set: &[(&str, Value)],
        status: Option<(&str, &str)>,
    ) -> Result<TableWrite, String> {
        let table = engine.table(table).map_err(|error| error.to_string())?;
        let key = table.key_of(&Memory::key(order_id)).map_err(|error| error.to_string())?;
        let mut names = SortedMap::new();
        let mut values = SortedMap::new();
        let mut actions = Vec::new();
        for (index, (name, value)) in set.iter().enumerate() {
            names.insert(format!("#n{index}"), (*name).to_owned());
            values.insert(format!(":v{index}"), value.clone());
            actions.push(format!("#n{index} = :v{index}"));
        }
        if let Some((attribute, wanted)) = status {
            names.insert("#status".to_owned(), attribute.to_owned());
            values.insert(":status".to_owned(), wanted.into());
        }
        let names = Names::new(names, values);
        let update =
            table::read_update(&format!("SET {}", actions.join(", ")), &names).map_err(|error| error.to_string())?;
        let condition = match status {
            Some(_) => table::read_condition("#status = :status", &names).map_err(|error| error.to_string())?,
            None => Condition::Always,
        };
        Ok(TableWrite { table, write: Write::Update(key, update), condition, return_old: false })
    }

    async fn commit(&self, engine: &Engine, writes: Vec<TableWrite>) -> Result<(), CommandError> {
        let command = Command { writes, ..Command::default() };
        engine.command(command, engine::By::Function).await.map(drop)
    }
}

/// Every change of a breaker is whole, so a panic elsewhere leaves nothing half-done in it.
fn lock(breaker: &Mutex<Breaker>) -> MutexGuard<'_, Breaker> {
    breaker.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken(error: String) -> CommitRefused {
    CommitRefused::Broken(error)
}

fn refused(error: &CommandError) -> CommitRefused {
    match error {
        CommandError::Refused(CommandRefused::Write(
            busy @ (WriteRefused::Busy | WriteRefused::Contended | WriteRefused::NoSpace | WriteRefused::Stopping),
        )) => CommitRefused::Busy(busy.to_string()),
        other => CommitRefused::Broken(other.to_string()),
    }
}

impl Desk for EngineDesk {
    async fn remembered(&self, order_id: &str) -> Result<Option<Item>, Unreadable> {
        let read = || {
            let engine = self.engine()?;
            let table = engine.table(&self.effects).map_err(|error| error.to_string())?;
            let key = table.key_of(&Memory::key(order_id)).map_err(|error| error.to_string())?;
            let found = engine.peek(&table, &key).map_err(|error| error.to_string())?;
            Ok(found.item().cloned())
        };
        read().map_err(Unreadable)
    }

    async fn remember(&self, order_id: &str, effect: Effect, memory: &Memory) -> Result<(), CommitRefused> {
        let engine = self.engine().map_err(CommitRefused::Busy)?;
        let write = self.keep(&engine, order_id, effect, memory).map_err(broken)?;
        self.commit(&engine, vec![write]).await.map_err(|error| refused(&error))
    }

    async fn raise(&self, order: &Shipped, memory: &Memory) -> Result<Raised, CommitRefused> {
        let engine = self.engine().map_err(CommitRefused::Busy)?;
        let effect = Effect::ShippingPriority;
        let set = [(effect.name(), orders::premium::PRIORITY.into())];
        let status = Some((order.layout.status(), "shipped"));
        let raised = self.update(&engine, &self.orders, &order.id, &set, status).map_err(broken)?;
        let kept = self.keep(&engine, &order.id, effect, memory).map_err(broken)?;
        match self.commit(&engine, vec![raised, kept]).await {
            Ok(()) => Ok(Raised::Done),
            Err(CommandError::Refused(CommandRefused::Table {
                index: 0,
                refused: table::Refused::ConditionFailed { .. },
            })) => Ok(Raised::NotShipped),
            Err(error) => Err(refused(&error)),
        }
    }

    async fn send(&self, message: &Message) -> Result<String, String> {
        let Message { effect, id, body } = message;
        let off = || format!("{} is switched off for function {}", effect.words(), self.function);
        let breaker = self.breakers.get(effect).ok_or_else(off)?;
        let permit = lock(breaker).permit(self.clock.elapsed());
        let pass = match permit {
            Permit::Go(pass) => pass,
            Permit::Wait(span) => {
                let millis = span.as_millis();
                return Err(format!(
                    "not asked, because it failed too often of late; it is asked again in {millis} ms"
                ));
            }
        };
        let sending = async {
            match effect {
                Effect::ManagerWebhook => self.webhook.as_ref().ok_or_else(off)?.tell(id, body).await,
                Effect::Crm => self.crm.as_ref().ok_or_else(off)?.tell(id, body).await,
                Effect::ManagerMail => {
                    let (post, from, to) = self.mail.as_ref().ok_or_else(off)?;
                    post.send(from, to, body).await
                }
                Effect::ShippingPriority => Err(off()),
            }
        };
        let limit = self.timeout;
        let late = |_| Err(format!("no answer within {} ms", limit.as_millis()));
        let sent = tokio::time::timeout(limit, sending).await.unwrap_or_else(late);
        lock(breaker).record(pass, sent.is_ok(), self.clock.elapsed());
        sent
    }

    fn now(&self) -> Timestamp {
        engine::now()
    }
}

#[cfg(test)]
mod tests;
