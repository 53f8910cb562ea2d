//! Decides how the shop front's world looks on the embedded engine: its tables by the names in the function's
//! environment, and one commit of the log for whatever belongs together.
//!
//! A worker decides on the newest state, durable or not: everything that it says it says by a commit, which comes after
//! all that it saw. Whoever answers a customer reads what is durable.

use crate::events::entry;
use crate::invoke::EVENT_BUS;
use crate::turns::{Turn, Turns};
use engine::events::Entry;
use engine::trace::{self, Current};
use engine::{Command, CommandError, CommandRefused, Engine, Fate, Looked, Outgoing, TableWrite, WriteRefused};
use observe::trace::{Fact, Kind, Span};
use orders::shop::ports::{
    Commit, CommitRefused, CustomerPage, CustomerQuery, Expected, Put, Settle, Shop, Table, Unreadable,
};
use orders::shop::told;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use table::{Comparison, Condition, Operand, Order, Path, Query, Write};
use types::{
    BusName, FunctionName, Item, KeyValue, Number, Origin, QueueName, SortedMap, SpanId, TableName, Timestamp,
    TraceContext,
};

/// The index of customers' orders.
const BY_CUSTOMER: &str = "byCustomer";
/// The attribute that counts an item's changes.
const VERSION: &str = "version";

/// Where a function's tables and queue are.
pub(crate) struct Places {
    engine: Weak<Engine>,
    function: FunctionName,
    orders: TableName,
    /// What only those know who change something.
    others: Option<Others>,
    turns: Turns,
}

/// All tables but that of orders, and the queue.
struct Others {
    stock: TableName,
    payments: TableName,
    requests: TableName,
    queue: QueueName,
    /// The bus that is told of orders, if one is.
    bus: Option<BusName>,
}

/// A setting of a function's environment that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("function {function}: the environment variable {variable} {problem}")]
pub struct WrongEnvironment {
    /// The function.
    pub function: FunctionName,
    /// The variable.
    pub variable: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Places {
    /// Reads the names from a function's environment.
    pub(crate) fn read(
        engine: &Weak<Engine>,
        function: &FunctionName,
        environment: &SortedMap<String, String>,
    ) -> Result<Self, WrongEnvironment> {
        let others = Others {
            stock: name(function, environment, "STOCK_TABLE")?,
            payments: name(function, environment, "PAYMENTS_TABLE")?,
            requests: name(function, environment, "REQUESTS_TABLE")?,
            queue: name(function, environment, "ORDER_QUEUE_NAME")?,
            bus: match environment.contains_key(EVENT_BUS) {
                true => Some(name(function, environment, EVENT_BUS)?),
                false => None,
            },
        };
        Ok(Self { others: Some(others), ..Self::read_orders(engine, function, environment)? })
    }

    /// Reads the name of the table of orders alone, for a function that changes nothing.
    pub(crate) fn read_orders(
        engine: &Weak<Engine>,
        function: &FunctionName,
        environment: &SortedMap<String, String>,
    ) -> Result<Self, WrongEnvironment> {
        let orders = name(function, environment, "ORDERS_TABLE")?;
        Ok(Self {
            engine: Weak::clone(engine),
            function: function.clone(),
            orders,
            others: None,
            turns: Turns::default(),
        })
    }

    fn table(&self, table: Table) -> Result<&TableName, String> {
        let others = || self.others.as_ref().ok_or_else(|| format!("function {} knows orders only", self.function));
        Ok(match table {
            Table::Orders => &self.orders,
            Table::Stock => &others()?.stock,
            Table::Payments => &others()?.payments,
            Table::Requests => &others()?.requests,
        })
    }

    /// What the bus is told of these items. To a bus that nobody listens to nothing is said, and that is counted.
    fn told(&self, engine: &Engine, puts: &[Put]) -> Vec<Entry> {
        let Some(bus) = self.others.as_ref().and_then(|others| others.bus.as_ref()) else { return Vec::new() };
        if engine.is_unheard(bus) {
            engine.count_unheard(bus, puts.iter().filter(|put| told::told_as(put).is_some()).count());
            return Vec::new();
        }
        puts.iter().filter_map(|put| told::event_of(put, bus.as_str())).map(entry).collect()
    }

    /// The queue of work; nothing for a function that changes nothing.
    fn queue(&self) -> Option<&QueueName> {
        self.others.as_ref().map(|others| &others.queue)
    }
}

/// The name that a variable of a function's environment gives.
pub(crate) fn name<T: std::str::FromStr<Err: std::fmt::Display>>(
    function: &FunctionName,
    environment: &SortedMap<String, String>,
    variable: &str,
) -> Result<T, WrongEnvironment> {
    let wrong =
        |problem: String| WrongEnvironment { function: function.clone(), variable: variable.to_owned(), problem };
    let text = environment.get(variable).ok_or_else(|| wrong("is missing".to_owned()))?;
    text.parse().map_err(|error: T::Err| wrong(format!("is wrong: {error}")))
}

/// What may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// What is durable, because it is told to somebody.
    Durable,
    /// The newest state, because nothing is told but by a commit.
    Newest,
}

/// The shop front's world.
pub(crate) struct EngineShop {
    places: Arc<Places>,
    reads: Reads,
    /// The message that is being worked on.
    message: Option<(QueueName, engine::Receipt)>,
    /// The order as it was read last, until something is committed.
    looked: Mutex<Option<Looked>>,
}

impl EngineShop {
    /// For whoever answers customers.
    pub(crate) fn for_customers(places: Arc<Places>) -> Self {
        Self { places, reads: Reads::Durable, message: None, looked: Mutex::default() }
    }

    /// For whoever works on orders, and on this message if there is one.
    pub(crate) fn for_work(places: Arc<Places>, message: Option<(QueueName, engine::Receipt)>) -> Self {
        Self { places, reads: Reads::Newest, message, looked: Mutex::default() }
    }

    fn engine(&self) -> Option<Arc<Engine>> {
        self.places.engine.upgrade()
    }

    fn read(&self, table: Table, key: &Item) -> Result<Option<Item>, String> {
        let engine = self.engine().ok_or_else(stopping)?;
        let (is_stock, is_order) = (table == Table::Stock, table == Table::Orders);
        let table = engine.table(self.places.table(table)?).map_err(|error| error.to_string())?;
        // Many shops count no goods at all: then none is looked for.
        if is_stock && engine.finds_nothing(&table) {
            return Ok(None);
        }
        let key = table.key_of(key).map_err(|error| error.to_string())?;
        match self.reads {
            Reads::Durable => engine.get(&table, &key).map_err(|error| error.to_string()),
            Reads::Newest => {
                let found = engine.peek(&table, &key).map_err(|error| error.to_string())?;
                let item = found.item().cloned();
                if is_order {
                    *self.looked() = Some(found);
                }
                Ok(item)
            }
        }
    }

    fn looked(&self) -> MutexGuard<'_, Option<Looked>> {
        self.looked.lock().expect("no thread panics while it holds what was read")
    }

    fn query(&self, query: &Query) -> Result<table::Page, Unreadable> {
        let engine = self.engine().ok_or_else(|| Unreadable(stopping()))?;
        engine.query(&self.places.orders, query).map_err(|error| Unreadable(error.to_string()))
    }

    fn command(&self, engine: &Engine, commit: Commit) -> Result<Command, CommitRefused> {
        let broken = |error: &dyn std::fmt::Display| CommitRefused::Broken(error.to_string());
        let Some(work) = self.places.queue() else {
            return Err(broken(&format!("function {} reads orders and changes nothing", self.places.function)));
        };
        let write = |put: Put| {
            let table = self.places.table(put.table).map_err(|error| broken(&error))?;
            let table = engine.table(table).map_err(|error| broken(&error))?;
            let condition = match put.expected {
                Expected::Absent => Condition::NotExists(path(&table.keys.hash.name)),
                // An item that somebody wrote by hand, without counting its changes.
                Expected::Version(0) => Condition::And(vec![
                    Condition::Exists(path(&table.keys.hash.name)),
                    Condition::NotExists(path(VERSION)),
                ]),
                Expected::Version(version) => Condition::Compare(
                    Operand::Path(path(VERSION)),
                    Comparison::Equal,
                    Operand::Value(Number::from(version).into()),
                ),
            };
            Ok(TableWrite { table, write: Write::Put(put.item), condition, return_old: false })
        };
        let events = self.places.told(engine, &commit.puts);
        let writes = commit.puts.into_iter().map(write).collect::<Result<Vec<_>, CommitRefused>>()?;
        let send = |body: String| (work.clone(), Outgoing::text(body));
        let settle = commit.settle.zip(self.message.clone()).map(|(settle, (queue, receipt))| engine::Settle {
            queue,
            receipt,
            fate: match settle {
                Settle::Done => Fate::Delete,
                Settle::Dead { error } => Fate::DeadLetter { function: self.places.function.clone(), error },
            },
        });
        Ok(Command {
            writes,
            sends: commit.send.map(send).into_iter().collect(),
            settles: settle.into_iter().collect(),
            hands: Vec::new(),
            events,
            looked: self.looked().take().into_iter().collect(),
        })
    }
}

/// An order as a customer's request writes it, to be told as a span: the one that this change is followed from.
struct Writing {
    current: Current,
    origin: Origin,
    span: SpanId,
    begun_at: u64,
    facts: Vec<(&'static str, Fact)>,
}

impl Writing {
    /// Nothing if nobody traces, or if no order is written that says of which trace it is.
    fn begin(commit: &Commit) -> Option<Self> {
        let current = trace::current()?;
        let order = &commit.puts.iter().rev().find(|put| put.table == Table::Orders)?.item;
        let (origin, span) = trace::written_by(order)?;
        let text = |name| Fact::from(order.text(name).unwrap_or_default());
        let facts = vec![("orderflow.order.id", text("orderId")), ("orderflow.order.status", text("status"))];
        Some(Self { current, origin, span, begun_at: trace::now_nanos(), facts })
    }

    fn end(self) {
        let Self { current: Current { tracer, context }, origin, span, begun_at, facts } = self;
        let sampled = tracer.keeps(origin.trace, origin.sampled);
        let is_child = context.trace == origin.trace;
        tracer.take(Span {
            context: TraceContext { trace: origin.trace, span, sampled },
            parent: is_child.then_some(context.span),
            link: (!is_child).then_some(context),
            name: "commit order".into(),
            kind: Kind::Producer,
            begun_at,
            ended_at: trace::now_nanos(),
            facts,
            failed: None,
        });
    }
}

fn stopping() -> String {
    "the engine is stopping".to_owned()
}

fn path(attribute: &str) -> Path {
    Path { attribute: attribute.into(), steps: Vec::new() }
}

/// Why nothing was committed, of so many puts. A message that is gone is like a put behind the last.
fn refused(error: CommandError, puts: usize) -> CommitRefused {
    let write = |refused: WriteRefused| match refused {
        WriteRefused::Busy | WriteRefused::Contended | WriteRefused::NoSpace | WriteRefused::Stopping => {
            CommitRefused::Busy(refused.to_string())
        }
        other => CommitRefused::Broken(other.to_string()),
    };
    match error {
        CommandError::Refused(CommandRefused::Table { index, refused: table::Refused::ConditionFailed { .. } }) => {
            CommitRefused::Unexpected { put: index }
        }
        CommandError::Gone(_) => CommitRefused::Unexpected { put: puts },
        CommandError::Refused(CommandRefused::Write(refused)) | CommandError::Write(refused) => write(refused),
        other => CommitRefused::Broken(other.to_string()),
    }
}

impl Shop for EngineShop {
    type Turn = Turn;

    async fn turn(&self, put: &Put) -> Turn {
        self.places.turns.at(put).await
    }

    async fn get(&self, table: Table, key: &Item) -> Result<Option<Item>, Unreadable> {
        self.read(table, key).map_err(Unreadable)
    }

    async fn find_order(&self, order_id: &str) -> Result<Option<Item>, Unreadable> {
        let mut query = Query::new(None, KeyValue::S(order_id.into()));
        query.limit = NonZeroUsize::new(1);
        Ok(self.query(&query)?.items.into_iter().next())
    }

    async fn orders_of(&self, asked: CustomerQuery) -> Result<CustomerPage, Unreadable> {
        let index = BY_CUSTOMER.parse().expect("a fair name");
        let mut query = Query::new(Some(index), KeyValue::S(asked.customer_key.as_str().into()));
        query.limit = NonZeroUsize::new(asked.limit);
        query.order = if asked.newest_first { Order::Descending } else { Order::Ascending };
        query.after = asked.after.map(|(id, created_at)| {
            Item::from([
                ("orderId", id.as_str().into()),
                ("createdAt", created_at.as_str().into()),
                ("customerKey", asked.customer_key.as_str().into()),
            ])
        });
        let page = self.query(&query)?;
        let place = |last: Item| Some((last.text("orderId")?.to_owned(), last.text("createdAt")?.to_owned()));
        Ok(CustomerPage { items: page.items, next: page.last.and_then(place) })
    }

    fn chains(&self) -> bool {
        true
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitRefused> {
        let engine = self.engine().ok_or_else(|| CommitRefused::Busy(stopping()))?;
        let by = match self.reads {
            Reads::Durable => engine::By::Client,
            Reads::Newest => engine::By::Function,
        };
        let puts = commit.puts.len();
        // What a worker writes is a step, which says so itself.
        let traced = if self.reads == Reads::Durable { Writing::begin(&commit) } else { None };
        let command = self.command(&engine, commit)?;
        let committed = engine.command(command, by).await.map(drop).map_err(|error| refused(error, puts));
        if let Some(traced) = traced.filter(|_| committed.is_ok()) {
            traced.end();
        }
        committed
    }

    fn now(&self) -> Timestamp {
        engine::now()
    }

    fn random(&self) -> u64 {
        // Of a version 4 UUID, the half that has fewer fixed bits, and those filled up from the other half.
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        low ^ high.rotate_left(32)
    }
}
