//! Asks the chatbot, in a shop with two tenants whose customers are called the same, and with models of every kind.

mod answers;
mod attacks;
mod models;

use super::phrasing::{Model, Phrased, Phrasing, Prompt, Templates, Unphrased};
use crate::shop::api::{Answer, Operation, Request, converse};
use crate::shop::fake::{Call, Fake, run};
use crate::shop::money::{Currency, Minor};
use crate::shop::order::{Address, Error, Line, Moment, Order, Progress, Tracking};
use crate::shop::order_id;
use crate::shop::ports::{Commit, CommitRefused, CustomerPage, CustomerQuery, Shop, Table, Unreadable};
use crate::shop::status::Status;
use serde_json::{Value as Json, json};
use std::sync::Mutex;
use std::time::Duration;
use types::{Item, Timestamp};

/// Saturday, 21 November 2026, noon.
const NOW: Timestamp = Timestamp::from_millis(1_795_262_400_000);
const HOUR: Duration = Duration::from_secs(3600);

/// An order so many hours old; what is in it is its owner's alone.
fn order(tenant: &str, customer: &str, hours: u32, status: Status) -> Order {
    let at = Timestamp::from_millis(NOW.millis() - i64::from(hours) * 3_600_000);
    let seed = tenant
        .bytes()
        .chain(customer.bytes())
        .fold(u64::from(hours), |sum, byte| sum.wrapping_mul(131).wrapping_add(byte.into()));
    let (id, created_at) = order_id::new(at, [seed, seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)]);
    let secret = format!("{tenant}{customer}{hours}");
    let mut history = vec![Moment { status: Status::Pending, at, detail: None }];
    let later = at + HOUR / 2;
    if status != Status::Pending {
        history.push(Moment { status, at: later, detail: Some(format!("detail-{secret}").into()) });
    }
    Order {
        id,
        tenant: tenant.into(),
        customer_id: customer.into(),
        customer_email: format!("{secret}@example.com").into(),
        status,
        currency: Currency::USD,
        amount: Minor(10_000 + seed % 900_000),
        lines: vec![Line { sku: "TEA-1".into(), name: format!("Goods {secret}").into(), quantity: 1, price: Minor(1) }],
        shipping_address: Some(Address { line1: format!("Street {secret}").into(), ..Address::default() }),
        note: Some(format!("note-{secret}").into()),
        created_at,
        updated_at: later,
        version: 2,
        history,
        tracking: (status == Status::Completed).then(|| Tracking {
            carrier: "DHL".into(),
            number: format!("TRACK-{secret}").into(),
            url: Some(format!("https://track.example/{secret}").into()),
        }),
        error: (status == Status::Failed).then(|| Error {
            step: Status::PaymentProcessing,
            code: "card_declined".into(),
            message: format!("the bank {secret} said no.").into(),
        }),
        progress: Progress::default(),
        correlation: format!("correlation-{secret}").into(),
    }
}

/// What nobody but an order's owner may read.
fn secrets(order: &Order) -> Vec<String> {
    let mut secrets = vec![
        order.id.to_string(),
        order.customer_email.to_string(),
        order.amount.decimal(order.currency),
        format!("{}{}", order.tenant, order.customer_id),
        order.correlation.to_string(),
    ];
    secrets.extend(order.note.as_deref().map(str::to_owned));
    secrets
}

/// The shop, watched: who writes anything ends the test.
struct Watched {
    fake: Fake,
    orders: Vec<Order>,
    asked_for: Mutex<Vec<String>>,
}

impl Watched {
    /// Two tenants with two customers each, who have an order of every status.
    fn new() -> Self {
        let mut orders = Vec::new();
        for (offset, (tenant, customer)) in
            [("north", "C-1"), ("north", "C-2"), ("south", "C-1"), ("south", "C-2")].into_iter().enumerate()
        {
            for (index, status) in Status::ALL.into_iter().enumerate() {
                let hours = u32::try_from(index * 20 + offset + 1).unwrap();
                orders.push(order(tenant, customer, hours, status));
            }
        }
        Self::of(orders)
    }

    fn of(orders: Vec<Order>) -> Self {
        let fake = Fake::new();
        fake.set_now(NOW);
        orders.iter().for_each(|order| fake.put(Table::Orders, order.to_item()));
        Self { fake, orders, asked_for: Mutex::default() }
    }

    fn own(&self, tenant: &str, customer: &str) -> Vec<&Order> {
        self.orders.iter().filter(|order| order.tenant == tenant && order.customer_id == customer).collect()
    }

    fn with(&self, tenant: &str, customer: &str, status: Status) -> &Order {
        self.own(tenant, customer).into_iter().find(|order| order.status == status).unwrap()
    }

    fn ask_as<P: Phrasing>(&self, tenant: &str, body: &Json, phrasing: &P) -> Answer {
        let body = body.to_string();
        let request = Request {
            operation: Operation::AskChatbot,
            path: &[],
            query: &[],
            header: &|_| None,
            body: body.as_bytes(),
            tenant,
            request_id: "r-1",
        };
        run(converse(self, phrasing, &request))
    }

    /// What customer C-1 of the north is answered.
    fn ask(&self, message: &str) -> Json {
        self.ask_model(message, &Templates)
    }

    fn ask_model<P: Phrasing>(&self, message: &str, phrasing: &P) -> Json {
        let answer = self.ask_as("north", &json!({ "customerId": "C-1", "message": message }), phrasing);
        assert_eq!(answer.status, 200, "{message}: {answer:?}");
        serde_json::from_slice(&answer.body).unwrap()
    }
}

impl Shop for Watched {
    type Turn = ();

    async fn turn(&self, _: &crate::shop::ports::Put) {}

    async fn get(&self, table: Table, key: &Item) -> Result<Option<Item>, Unreadable> {
        assert_eq!(table, Table::Orders, "nothing else is looked at");
        self.fake.get(table, key).await
    }

    async fn find_order(&self, order_id: &str) -> Result<Option<Item>, Unreadable> {
        self.fake.find_order(order_id).await
    }

    async fn orders_of(&self, query: CustomerQuery) -> Result<CustomerPage, Unreadable> {
        self.asked_for.lock().unwrap().push(query.customer_key.clone());
        self.fake.orders_of(query).await
    }

    fn chains(&self) -> bool {
        self.fake.chains()
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitRefused> {
        panic!("a question changes nothing, and this would: {commit:?}")
    }

    fn now(&self) -> Timestamp {
        self.fake.now()
    }

    fn random(&self) -> u64 {
        self.fake.random()
    }
}

/// A model that says what a function makes of its prompt.
struct Says<F>(F);

impl<F: Fn(&Prompt) -> Result<String, Unphrased> + Send + Sync> Phrasing for Says<F> {
    async fn phrase(&self, prompt: &Prompt) -> Result<Phrased, Unphrased> {
        (self.0)(prompt).map(|text| Phrased { text, by: Model::Bedrock })
    }
}

fn ids(answer: &Json) -> Vec<&str> {
    answer["orders"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
}

fn reply(answer: &Json) -> &str {
    answer["reply"].as_str().unwrap()
}
