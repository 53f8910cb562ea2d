//! Decides what a month with so many orders is, from a template alone: the known way of an order, and what the
//! template's own filters say of each of its changes.

use super::measured::{Measured, MeasuredFunction, MeasuredLogs, MeasuredPipe, MeasuredQueue, MeasuredTable, Period};
use super::path::{
    ACCESS_LINES, API_LINES, API_MILLIS, CHATBOT_MILLIS, LINES, OF, PIPE_LINES, PIPE_MILLIS, Path, QUESTIONS_OF,
    STATUS_QUERIES, TIERS, WORKER_LINES, WORKER_MILLIS,
};
use super::{Month, blocks, measured};
use crate::stack::{Function, Pipe, Stack};
use pattern::{Dialect, Pattern};
use serde_json::{Value as Json, json};
use types::FunctionName;

/// The handler that answers questions, and not orders.
const CHATBOT: &str = "chatbot";

/// A template that no way of an order is known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the template has neither an API nor a pipe, so nobody can say what an order does in it")]
pub struct NoWay;

/// What a month with so many orders is.
///
/// # Errors
/// When the template has no way for orders that is known.
pub fn estimate(stack: &Stack, orders: u64) -> Result<Month, NoWay> {
    let path = match (stack.apis.as_slice(), stack.pipes.as_slice()) {
        ([], []) => return Err(NoWay),
        ([], _) => Path::Items,
        _ => Path::Shop,
    };
    let mut way = Way { stack, path, orders, counted: Measured::default() };
    way.tables();
    way.requests();
    way.work();
    stack.pipes.iter().for_each(|pipe| way.pipe(&pipe.spec));
    let mut month = measured(stack, &way.counted, Period::Whole).expect("a whole month needs no scale");
    month.orders = Some(orders);
    month.assumptions.splice(0..0, way.assumptions());
    Ok(month)
}

struct Way<'a> {
    stack: &'a Stack,
    path: Path,
    orders: u64,
    counted: Measured,
}

impl Way<'_> {
    /// So many of ten orders.
    fn of_ten(&self, count: u64) -> u64 {
        let scaled = (u128::from(self.orders) * u128::from(count)).div_ceil(u128::from(OF));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    fn each(&self, count: u64) -> u64 {
        self.orders.saturating_mul(count)
    }

    fn questions(&self) -> u64 {
        match self.chatbot() {
            Some(_) => self.of_ten(QUESTIONS_OF),
            None => 0,
        }
    }

    fn called(&self) -> impl Iterator<Item = &Function> {
        let called = self.stack.apis.iter().flat_map(|api| &api.spec.functions);
        called.filter_map(|reference| self.function(&reference.name))
    }

    fn chatbot(&self) -> Option<&Function> {
        self.called().find(|function| function.handler == CHATBOT)
    }

    fn function(&self, name: &FunctionName) -> Option<&Function> {
        self.stack.functions.iter().map(|function| &function.spec).find(|function| function.name == *name)
    }

    /// The table that a function knows under this name.
    fn known_as(&self, variable: &str) -> Option<&str> {
        let of =
            |name: &str| self.stack.tables.iter().map(|table| table.spec.name.as_str()).find(|table| *table == name);
        self.stack.functions.iter().find_map(|function| of(function.spec.environment.get(variable)?))
    }

    fn tables(&mut self) {
        let (orders, path) = (self.orders, self.path);
        let changes = path.statuses().len() as u64;
        // The last change of an order is one commit with its payment and its goods.
        let ending = blocks(path.item_bytes(), 1024);
        let read = match path {
            Path::Shop => self.each(1 + STATUS_QUERIES).saturating_add(self.questions()),
            Path::Items => 0,
        };
        let order = MeasuredTable {
            items: orders,
            bytes: self.each(path.item_bytes()),
            inserts: orders,
            writes: self.each(changes),
            write_blocks: self.each(path.write_blocks()),
            blocks_together: if path == Path::Shop { self.each(ending) } else { 0 },
            read_blocks: read,
        };
        let source = self.stack.pipes.iter().find_map(|pipe| Some(pipe.spec.source.table()?.name.as_str()));
        let table = self.known_as("ORDERS_TABLE").or(source).map(str::to_owned);
        let payments = self.known_as("PAYMENTS_TABLE").map(str::to_owned);
        let stock = self.known_as("STOCK_TABLE").map(str::to_owned);
        self.counted.tables.extend(table.map(|name| (name, order)));
        let payment = MeasuredTable {
            items: orders,
            bytes: self.each(140),
            inserts: orders,
            writes: orders,
            write_blocks: orders,
            blocks_together: orders,
            read_blocks: 0,
        };
        self.counted.tables.extend(payments.map(|name| (name, payment)));
        let goods = self.each(LINES);
        let of_stock = MeasuredTable {
            writes: goods,
            write_blocks: goods,
            blocks_together: goods,
            read_blocks: goods,
            ..MeasuredTable::default()
        };
        self.counted.tables.extend(stock.map(|name| (name, of_stock)));
    }

    fn requests(&mut self) {
        if self.path != Path::Shop {
            return;
        }
        self.events();
        let (asked, questions) = (self.each(1 + STATUS_QUERIES), self.questions());
        self.counted.answers.insert(200, asked.saturating_add(questions));
        let chatbot = self.chatbot().cloned();
        let answering = self.called().find(|function| function.handler != CHATBOT).cloned();
        if let Some(function) = answering {
            self.ran(&function, asked, API_MILLIS, API_LINES);
        }
        if let Some(function) = chatbot {
            self.ran(&function, questions, CHATBOT_MILLIS, API_LINES);
        }
        if let Some(log) = self.stack.apis.first().and_then(|api| api.spec.access_log.as_ref()) {
            self.print(log.group.as_str(), asked.saturating_add(questions), ACCESS_LINES);
        }
    }

    /// Whoever takes orders in tells a bus that one came in, and later how it ended.
    fn events(&mut self) {
        let told = self.called().find_map(|function| function.environment.get("EVENT_BUS_NAME")).cloned();
        self.counted.buses.extend(told.map(|bus| (bus, self.each(2))));
    }

    fn work(&mut self) {
        for poller in &self.stack.pollers {
            let orders = self.orders;
            let queue = MeasuredQueue {
                sent: orders,
                sent_blocks: orders,
                receives: orders,
                deleted: orders,
                ..MeasuredQueue::default()
            };
            self.counted.queues.insert(poller.spec.queue.name.to_string(), queue);
            if let Some(function) = self.function(&poller.spec.function.name).cloned() {
                self.ran(&function, orders, WORKER_MILLIS, WORKER_LINES);
            }
        }
    }

    fn pipe(&mut self, pipe: &Pipe) {
        // What messages an order is, nobody can say from a template.
        if pipe.source.table().is_none() {
            return;
        }
        let filters: Vec<Pattern> =
            pipe.filters.iter().filter_map(|filter| Pattern::parse(filter, Dialect::Pipe).ok()).collect();
        let passes = |change: &Json| {
            let text = change.to_string();
            filters.is_empty() || filters.iter().any(|filter| filter.matches_json(text.as_bytes()).unwrap_or(false))
        };
        let (mut passed, mut stopped) = (0, 0);
        for (tier, of_ten, amount) in TIERS {
            for change in changes(self.path, tier, amount) {
                *if passes(&change) { &mut passed } else { &mut stopped } += of_ten;
            }
        }
        let (passed, stopped) = (self.of_ten(passed), self.of_ten(stopped));
        // Neither image comes near 64 KiB.
        let read = MeasuredPipe { passed, passed_blocks: passed, stopped, stopped_blocks: stopped };
        self.counted.pipes.insert(pipe.name.to_string(), read);
        let enrichment = pipe.enrichment.as_ref().map(|enrichment| &enrichment.function);
        for called in enrichment.into_iter().chain(pipe.target.function()) {
            if let Some(function) = self.function(&called.name).cloned() {
                self.ran(&function, passed, PIPE_MILLIS, PIPE_LINES);
            }
        }
    }

    fn ran(&mut self, function: &Function, times: u64, millis: u64, lines: (u64, u64)) {
        let ran: &mut MeasuredFunction = self.counted.functions.get_or_default(function.name.to_string());
        ran.invocations = ran.invocations.saturating_add(times);
        ran.millis = ran.millis.saturating_add(times.saturating_mul(millis));
        self.print(function.log_group.as_str(), times, lines);
    }

    fn print(&mut self, group: &str, times: u64, (lines, bytes): (u64, u64)) {
        let printed: &mut MeasuredLogs = self.counted.logs.get_or_default(group.to_owned());
        printed.lines = printed.lines.saturating_add(times.saturating_mul(lines));
        printed.bytes = printed.bytes.saturating_add(times.saturating_mul(bytes));
    }

    fn assumptions(&self) -> Vec<String> {
        let [small, standard, premium] = TIERS.map(|(_, of_ten, _)| of_ten);
        let tiers = format!(
            "of ten orders {small} are small, {standard} standard and {premium} premium; none is a test, and none fails"
        );
        let mut said = match self.path {
            Path::Shop => vec![
                format!(
                    "an order has {LINES} kinds of goods, is written six times (7 KB in all, 1.1 KB at its end), and its last change is a transaction with its payment and its goods"
                ),
                format!(
                    "an order's status is asked for {STATUS_QUERIES} times, past the cache, and of ten customers one asks the chatbot"
                ),
                format!(
                    "a call of the API takes {API_MILLIS} ms, of the chatbot {CHATBOT_MILLIS} ms, of the worker {WORKER_MILLIS} ms for one order; a pipe hands on one change at a time, for {PIPE_MILLIS} ms"
                ),
            ],
            Path::Items => vec![
                "an order is written twice, when it is pending and when it is shipped, with less than 1 KB".to_owned(),
                format!("a pipe hands on one change at a time, and its function takes {PIPE_MILLIS} ms"),
            ],
        };
        said.insert(1, tiers);
        said
    }
}

/// The changes of an order, as a pipe's filters see them. Attributes are those of all layouts together.
fn changes(path: Path, tier: &str, amount: &str) -> Vec<Json> {
    let image = |status: &str| {
        json!({
            "orderId": {"S": "ORD-1001"}, "customerEmail": {"S": "vip@example.com"}, "tier": {"S": tier},
            "test": {"BOOL": false}, "status": {"S": status}, "orderStatus": {"S": status},
            "amount": {"N": amount}, "orderAmount": {"N": amount},
        })
    };
    let mut before: Option<Json> = None;
    let change = |status: &&str| {
        let new = image(status);
        match before.replace(new.clone()) {
            None => json!({"eventName": "INSERT", "dynamodb": {"NewImage": new}}),
            Some(old) => json!({"eventName": "MODIFY", "dynamodb": {"NewImage": new, "OldImage": old}}),
        }
    };
    path.statuses().iter().map(change).collect()
}
