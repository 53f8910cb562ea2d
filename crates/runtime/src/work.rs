//! Decides how messages of the work queue reach the worker of orders, and whom that worker asks.

use crate::meters::Meters;
use crate::remote::Remote;
use crate::shop::{EngineShop, Places, WrongEnvironment};
use crate::timer::Clock;
use engine::spec::FunctionSpec;
use engine::trace::{self, Current};
use engine::{Engine, MessageFate, ReceivedMessage};
use observe::trace::{Kind, Span};
use orders::shop::Status;
use orders::shop::breaker::{BreakerRules, Breakers, Dependency, Position};
use orders::shop::fulfilment::FulfilmentSimulator;
use orders::shop::inventory::StockLedger;
use orders::shop::payments::PaymentSimulator;
use orders::shop::settings::Settings;
use orders::shop::worker::{Either, Message, Observed, Observer, Parts, StepOutcome, Worked, Worker};
use std::sync::{Arc, Weak};
use types::{Origin, QueueName, TraceContext};

type Ledger = Either<StockLedger<Arc<EngineShop>>, Remote>;
type Purse = Either<PaymentSimulator<Arc<EngineShop>, Arc<Clock>>, Remote>;
type Carrier = Either<FulfilmentSimulator, Remote>;

/// A function that carries orders on.
pub(crate) struct Work {
    places: Arc<Places>,
    dependencies: Parts<Ledger, Purse, Carrier, Clock>,
    breakers: Breakers,
    settings: Settings,
}

impl Work {
    /// Makes the worker that a function's environment asks for.
    pub(crate) fn new(engine: &Weak<Engine>, spec: &FunctionSpec) -> Result<Self, Vec<WrongEnvironment>> {
        let wrong = |variable: &str, problem: String| WrongEnvironment {
            function: spec.name.clone(),
            variable: variable.to_owned(),
            problem,
        };
        let places = Arc::new(Places::read(engine, &spec.name, &spec.environment).map_err(|error| vec![error])?);
        let settings = Settings::parse(|name| spec.environment.get(name).map(String::as_str)).map_err(|settings| {
            let one = |one: &orders::shop::settings::WrongSetting| {
                wrong(one.name, format!("is {:?}; {}", one.value, one.allowed))
            };
            settings.0.iter().map(one).collect::<Vec<_>>()
        })?;
        let shop = Arc::new(EngineShop::for_work(Arc::clone(&places), None));
        // The function's environment names the secret; the secret itself stands where templates are not kept.
        let secret = match &settings.dependency_secret {
            Some(name) => Some(std::env::var(name).map_err(|_| {
                let problem =
                    format!("names the secret {name}: set the environment variable {name} where orderflow runs");
                vec![wrong("DEPENDENCY_SECRET", problem)]
            })?),
            None => None,
        };
        let remote = |variable: &'static str, url: &str| {
            Remote::new(url, secret.as_deref()).map_err(|problem| vec![wrong(variable, problem)])
        };
        let clock = Clock::new();
        let inventory = match &settings.inventory_url {
            Some(url) => Either::Remote(remote("INVENTORY_URL", url)?),
            None => Either::BuiltIn(StockLedger::new(Arc::clone(&shop), settings.unlisted_stock)),
        };
        let payments = match &settings.payment_url {
            Some(url) => Either::Remote(remote("PAYMENT_URL", url)?),
            None => Either::BuiltIn(PaymentSimulator::new(shop, Arc::new(clock), settings.payment)),
        };
        let fulfilment = match &settings.fulfilment_url {
            Some(url) => Either::Remote(remote("FULFILMENT_URL", url)?),
            None => Either::BuiltIn(FulfilmentSimulator),
        };
        let dependencies = Parts { inventory, payments, fulfilment, timer: clock };
        Ok(Self { places, dependencies, breakers: Breakers::new(BreakerRules::default()), settings })
    }

    /// Works on one message.
    pub(crate) async fn message(
        &self,
        queue: Option<(&QueueName, &ReceivedMessage)>,
        message: Message<'_>,
        meters: &Meters,
        log: &mut (dyn FnMut(&str) + Send),
    ) -> Worked {
        let received = queue.map(|(queue, received)| (queue.clone(), received.receipt));
        let shop = EngineShop::for_work(Arc::clone(&self.places), received);
        let worker = Worker {
            shop: &shop,
            dependencies: &self.dependencies,
            breakers: &self.breakers,
            settings: &self.settings,
            observer: meters,
        };
        worker.work(message, log).await
    }

    /// Whether each dependency is asked at present.
    pub(crate) fn breakers(&self) -> [(&'static str, Position); 3] {
        Dependency::ALL.map(|dependency| (dependency.name(), self.breakers.position(dependency)))
    }
}

/// How often a message that cannot be worked on is tried: most likely it never can.
const FAILED_MAX: u32 = 5;

/// What the queue is told of a message that was received so often.
pub(crate) fn fate_of(worked: &Worked, receives: u32) -> MessageFate {
    match worked {
        Worked::Failed { error } if receives >= FAILED_MAX => MessageFate::Dead(error.clone()),
        Worked::Settled => MessageFate::Settled,
        Worked::Done => MessageFate::Done,
        Worked::Later(span) => MessageFate::Later(*span),
        Worked::Failed { .. } => MessageFate::Failed,
    }
}

/// A step as a span. It is the one that wrote the order's new version, and so the one that this change is followed from.
fn trace_step(observed: &Observed<'_>) {
    let Some(Current { tracer, context }) = trace::current() else { return };
    let Observed { step, outcome, took, order } = observed;
    // An order that says nothing of a trace leaves its changes to say it.
    let Some(origin) = Origin::parse(&order.correlation) else { return };
    let ended_at = trace::now_nanos();
    let span = trace::write_of(origin.trace, &order.id, order.version);
    let kept = TraceContext { trace: origin.trace, span, sampled: tracer.keeps(origin.trace, origin.sampled) };
    let is_child = context.trace == origin.trace;
    let failed = match outcome {
        StepOutcome::Failed | StepOutcome::DeadLettered => {
            Some(order.error.as_ref().map_or_else(|| outcome.name().to_owned(), |error| error.code.to_string()))
        }
        StepOutcome::Done | StepOutcome::Retried | StepOutcome::Cancelled | StepOutcome::TakingBack => None,
    };
    tracer.take(Span {
        context: kept,
        parent: is_child.then_some(context.span),
        link: (!is_child).then_some(context),
        name: format!("step {}", step.name()).into(),
        kind: Kind::Internal,
        begun_at: ended_at.saturating_sub(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)),
        ended_at,
        facts: vec![
            ("orderflow.order.id", order.id.as_str().into()),
            ("orderflow.order.status", order.status.name().into()),
            ("orderflow.order.version", i64::try_from(order.version).unwrap_or(i64::MAX).into()),
            ("orderflow.step.outcome", outcome.name().into()),
        ],
        failed,
    });
}

impl Observer for Meters {
    fn step(&self, observed: &Observed<'_>) {
        let Observed { step, outcome, took, order } = observed;
        trace_step(observed);
        self.steps.with(&[step.name(), outcome.name()]).one();
        self.step_seconds.with(&[step.name()]).took(*took);
        if matches!(order.status, Status::Completed | Status::Failed | Status::Cancelled) && order.status != *step {
            self.orders.with(&[order.status.name()]).one();
            self.order_seconds.with(&[order.status.name()]).took(order.updated_at.since(order.created_at));
            if order.status == Status::Completed {
                self.revenue.with(&[order.currency.code()]).many(order.amount.0);
            }
        }
    }
}
