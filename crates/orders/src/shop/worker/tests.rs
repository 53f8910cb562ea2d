//! Decides whether the worker does what it promises: a simulation of many workers that are stopped at any await, on
//! orders that are called off at any moment, with dependencies that fail, hang and refuse.

use super::super::breaker::Breakers;
use super::super::fulfilment::FulfilmentSimulator;
use super::super::inventory::{StockLedger, UnlistedStock};
use super::super::money::{Currency, Minor};
use super::super::order::{Line, Moment, Order, Progress};
use super::super::payments::{PaymentBehaviour, PaymentSimulator};
use super::super::ports::Table;
use super::super::settings::Settings;
use super::super::status::Status;
use super::super::workflow::COMPENSATION_INCOMPLETE;
use super::fake::{Elsewhere, FakeShop, FakeTimer, Faults, Remotely, Shared, World, lock, shared};
use super::*;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use types::{Item, Timestamp};

type Ledger = StockLedger<Arc<FakeShop>>;
type Simulator = PaymentSimulator<Arc<FakeShop>, Arc<FakeTimer>>;
type AllParts =
    Parts<Either<Ledger, Elsewhere>, Either<Simulator, Elsewhere>, Either<FulfilmentSimulator, Elsewhere>, FakeTimer>;

/// The skus that the stock table knows; others are accepted.
const LISTED: [&str; 3] = ["mug", "pen", "hat"];

/// One way to run a worker.
struct House {
    world: Shared,
    parts: Arc<AllParts>,
    breakers: Arc<Breakers>,
    settings: Arc<Settings>,
    lines: Arc<Mutex<Vec<String>>>,
    /// What was observed, by status and outcome.
    observed: Arc<Counter>,
}

#[derive(Default)]
struct Counter(Mutex<BTreeMap<(Status, StepOutcome), u64>>);

impl Observer for Counter {
    fn step(&self, observed: &Observed<'_>) {
        *self.0.lock().unwrap().entry((observed.step, observed.outcome)).or_default() += 1;
    }
}

/// Which dependencies are elsewhere.
#[derive(Debug, Clone, Copy, Default)]
struct Away {
    inventory: bool,
    payments: bool,
    fulfilment: bool,
}

impl House {
    fn new(seed: u64, away: Away, payment: PaymentBehaviour) -> Self {
        let world = shared(seed);
        let shop = || Arc::new(FakeShop { world: world.clone(), message: None });
        let elsewhere = Elsewhere(world.clone());
        let parts = AllParts {
            inventory: if away.inventory {
                Either::Remote(elsewhere.clone())
            } else {
                Either::BuiltIn(StockLedger::new(shop(), UnlistedStock::Accept))
            },
            payments: if away.payments {
                Either::Remote(elsewhere.clone())
            } else {
                Either::BuiltIn(PaymentSimulator::new(shop(), Arc::new(FakeTimer(world.clone())), payment))
            },
            fulfilment: if away.fulfilment { Either::Remote(elsewhere) } else { Either::BuiltIn(FulfilmentSimulator) },
            timer: FakeTimer(world.clone()),
        };
        let settings = Settings { step_timeout: Duration::from_millis(300), ..Settings::default() };
        Self {
            world,
            parts: Arc::new(parts),
            breakers: Arc::default(),
            settings: Arc::new(settings),
            lines: Arc::default(),
            observed: Arc::default(),
        }
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// A worker at the beginning of its work on a message.
    fn start(&self, message: Option<u64>, body: String, receives: u32) -> Running {
        let (world, parts, lines) = (self.world.clone(), self.parts.clone(), self.lines.clone());
        let (breakers, settings, observed) = (self.breakers.clone(), self.settings.clone(), self.observed.clone());
        Box::pin(async move {
            let shop = FakeShop { world, message };
            let worker = Worker {
                shop: &shop,
                dependencies: &*parts,
                breakers: &breakers,
                settings: &settings,
                observer: &*observed,
            };
            worker
                .work(Message { body: &body, receives }, &mut |line| lines.lock().unwrap().push(line.to_owned()))
                .await
        })
    }

    /// Works on a body until the worker lets go of it.
    fn work(&self, message: Option<u64>, body: &str) -> Worked {
        let mut running = self.start(message, body.to_owned(), 1);
        for _ in 0..1_000_000 {
            match poll(&mut running) {
                Some(worked) => return worked,
                None => self.world().now += Duration::from_millis(1),
            }
        }
        panic!("the worker never lets go");
    }

    /// Works on the message that is next; `None` when there is none.
    fn serve_one(&self) -> Option<Worked> {
        let (id, body, due) = {
            let mut world = self.world();
            let (id, queued) = world.queue.iter().min_by_key(|(id, queued)| (queued.visible_at, **id))?;
            let (id, body, due) = (*id, queued.body.clone(), queued.visible_at);
            world.now = world.now.max(due);
            (id, body, due)
        };
        let worked = self.work(Some(id), &body);
        settle(&mut self.world(), id, due, worked.clone());
        Some(worked)
    }

    /// Works until the queue is empty, and answers how often a message was received.
    fn drain(&self) -> u32 {
        let mut receives = 0;
        while self.serve_one().is_some() {
            receives += 1;
            assert!(receives < 100_000, "it never ends: {:?}", self.lines.lock().unwrap().last());
        }
        receives
    }

    fn observed(&self, step: Status, outcome: StepOutcome) -> u64 {
        self.observed.0.lock().unwrap().get(&(step, outcome)).copied().unwrap_or(0)
    }
}

type Running = Pin<Box<dyn Future<Output = Worked> + Send>>;

fn poll(running: &mut Running) -> Option<Worked> {
    match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(worked) => Some(worked),
        Poll::Pending => None,
    }
}

/// What the queue does with what became of a message; `until` is the visibility that this receiver had.
fn settle(world: &mut World, id: u64, until: Duration, worked: Worked) {
    match worked {
        Worked::Settled | Worked::Failed { .. } => {}
        Worked::Done => world.done += u64::from(world.queue.remove(&id).is_some()),
        Worked::Later(span) => {
            let now = world.now;
            // Only the last one who received it may hide it.
            if let Some(queued) = world.queue.get_mut(&id).filter(|queued| queued.visible_at == until) {
                queued.visible_at = now + span;
            }
        }
    }
}

/// An order that was just taken in.
fn pending(id: &str, lines: &[(&str, u32, u64)]) -> Order {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let line = |(sku, quantity, price): &(&str, u32, u64)| Line {
        sku: (*sku).into(),
        name: (*sku).into(),
        quantity: *quantity,
        price: Minor(*price),
    };
    Order {
        id: id.into(),
        tenant: "demo".into(),
        customer_id: "C-1".into(),
        customer_email: "secret@example.com".into(),
        status: Status::Pending,
        currency: Currency::USD,
        amount: Minor(lines.iter().map(|(_, quantity, price)| u64::from(*quantity) * price).sum()),
        lines: lines.iter().map(line).collect(),
        shipping_address: None,
        note: Some("secret".into()),
        created_at: at,
        updated_at: at,
        version: 1,
        history: vec![Moment { status: Status::Pending, at, detail: None }],
        tracking: None,
        error: None,
        progress: Progress::default(),
        correlation: "c-1".into(),
    }
}

fn statuses(order: &Order) -> Vec<&'static str> {
    order.history.iter().map(|moment| moment.status.name()).collect()
}

mod simulation;
mod steps;
