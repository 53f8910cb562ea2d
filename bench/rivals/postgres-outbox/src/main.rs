//! Decides how orders are taken the usual way: a row in a table of PostgreSQL, and a row in an outbox, in one
//! transaction.
//!
//! `postgres-outbox ADDRESS`, with `PGHOST` naming the directory of the server's socket, `PGPORT`, `POOL` how many
//! connections there may be, and `STYLE`:
//!
//! - `transaction`: BEGIN, one INSERT, the other, COMMIT, each a round trip, as it is mostly written;
//! - `statement`: one prepared statement that inserts both rows and so is a transaction: one round trip, as it is written
//!   by whoever needs the last bit of speed.
//!
//! Both are written to be fast otherwise: statements are prepared once for each connection; connections go over a socket
//! of the file system; there is no index beside the primary keys, and ids grow, so that both are filled at their right
//! edge. Orders are checked as far as the row needs it.

use anyhow::Context as _;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use serde::{Deserialize, Serialize};
use tokio_postgres::NoTls;
use tokio_postgres::types::{Json as PgJson, ToSql};
use uuid::Uuid;

const SCHEMA: &str = include_str!("schema.sql");

/// Both rows or none: one statement is one transaction.
const INSERT: &str = "\
WITH placed AS (
    INSERT INTO orders (id, status, customer_id, customer_email, currency, amount_minor, items, created_ms)
    VALUES ($1, 'PENDING', $2, $3, $4, $5, $6, $7)
)
INSERT INTO outbox (order_id, kind, payload) VALUES ($1, 'OrderPlaced', $8)";

const INSERT_ORDER: &str = "\
INSERT INTO orders (id, status, customer_id, customer_email, currency, amount_minor, items, created_ms)
VALUES ($1, 'PENDING', $2, $3, $4, $5, $6, $7)";

const INSERT_OUTBOX: &str = "INSERT INTO outbox (order_id, kind, payload) VALUES ($1, 'OrderPlaced', $2)";

const SELECT: &str = "\
SELECT status, customer_id, customer_email, currency, amount_minor, items, created_ms FROM orders WHERE id = $1";

/// How the two rows are written.
#[derive(Debug, Clone, Copy)]
enum Style {
    Transaction,
    Statement,
}

#[derive(Debug, Clone)]
struct App {
    pool: Pool,
    style: Style,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    customer_id: String,
    customer_email: String,
    currency: Option<String>,
    items: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Item {
    sku: String,
    name: String,
    quantity: i64,
    price: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: Uuid,
    status: String,
    amount: String,
    currency: String,
    customer_id: String,
    customer_email: String,
    items: Vec<Item>,
    created_at_ms: i64,
}

/// What an order may be refused for, or what broke.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(serde_json::json!({ "message": self.1 }))).into_response()
    }
}

fn broken(error: impl std::fmt::Display) -> Refused {
    Refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("usage: postgres-outbox ADDRESS")?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(serve(&address))
}

async fn serve(address: &str) -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let style = match variable("STYLE")?.as_str() {
        "transaction" => Style::Transaction,
        "statement" => Style::Statement,
        other => anyhow::bail!("STYLE is transaction or statement, not {other}"),
    };
    let mut config = tokio_postgres::Config::new();
    config.host_path(variable("PGHOST")?).port(variable("PGPORT")?.parse()?).user("postgres").dbname("postgres");
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let pool = Pool::builder(manager).max_size(variable("POOL")?.parse()?).build()?;
    pool.get().await.context("PostgreSQL cannot be reached")?.batch_execute(SCHEMA).await?;
    let routes =
        Router::new().route("/orders", post(place)).route("/orders/{id}", get(show)).with_state(App { pool, style });
    let listener =
        tokio::net::TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    println!("listening on {}", listener.local_addr()?);

    // Answers are sent at once. If that cannot be set, the connection is broken anyway.
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), routes).await?;
    Ok(())
}

async fn place(State(app): State<App>, Json(wanted): Json<Wanted>) -> Result<Response, Refused> {
    let minor = total(&wanted.items).ok_or_else(|| {
        Refused(StatusCode::BAD_REQUEST, "items need a price such as 9.90 and a quantity above zero".to_owned())
    })?;
    let id = Uuid::now_v7();
    let created_ms = id.get_timestamp().map_or(0, |time| {
        let (seconds, nanos) = time.to_unix();
        seconds as i64 * 1000 + i64::from(nanos) / 1_000_000
    });
    let order = Order {
        order_id: id,
        status: "PENDING".to_owned(),
        amount: decimal(minor),
        currency: wanted.currency.unwrap_or_else(|| "USD".to_owned()),
        customer_id: wanted.customer_id,
        customer_email: wanted.customer_email,
        items: wanted.items,
        created_at_ms: created_ms,
    };
    match app.style {
        Style::Transaction => insert_twice(&app.pool, &order, minor).await,
        Style::Statement => insert_at_once(&app.pool, &order, minor).await,
    }
    .map_err(broken)?;
    let mut headers = HeaderMap::new();
    let location = HeaderValue::try_from(format!("/orders/{id}")).map_err(broken)?;
    headers.insert(header::LOCATION, location);
    Ok((StatusCode::CREATED, headers, Json(order)).into_response())
}

async fn insert_twice(pool: &Pool, order: &Order, minor: i64) -> anyhow::Result<()> {
    let mut client = pool.get().await?;
    let insert_order = client.prepare_cached(INSERT_ORDER).await?;
    let insert_outbox = client.prepare_cached(INSERT_OUTBOX).await?;
    let transaction = client.transaction().await?;
    let Order { order_id, customer_id, customer_email, currency, items, created_at_ms, .. } = order;
    let row: [&(dyn ToSql + Sync); 7] =
        [order_id, customer_id, customer_email, currency, &minor, &PgJson(items), created_at_ms];
    transaction.execute(&insert_order, &row).await?;
    transaction.execute(&insert_outbox, &[order_id, &PgJson(order)]).await?;
    Ok(transaction.commit().await?)
}

async fn insert_at_once(pool: &Pool, order: &Order, minor: i64) -> anyhow::Result<()> {
    let client = pool.get().await?;
    let insert = client.prepare_cached(INSERT).await?;
    let Order { order_id, customer_id, customer_email, currency, items, created_at_ms, .. } = order;
    let rows: [&(dyn ToSql + Sync); 8] =
        [order_id, customer_id, customer_email, currency, &minor, &PgJson(items), created_at_ms, &PgJson(order)];
    client.execute(&insert, &rows).await?;
    Ok(())
}

async fn show(State(app): State<App>, Path(id): Path<Uuid>) -> Result<Response, Refused> {
    let client = app.pool.get().await.map_err(broken)?;
    let select = client.prepare_cached(SELECT).await.map_err(broken)?;
    let row = client.query_opt(&select, &[&id]).await.map_err(broken)?;
    drop(client);
    let Some(row) = row else { return Err(Refused(StatusCode::NOT_FOUND, format!("there is no order {id}"))) };
    let PgJson(items) = row.get(5);
    Ok(Json(Order {
        order_id: id,
        status: row.get(0),
        customer_id: row.get(1),
        customer_email: row.get(2),
        currency: row.get(3),
        amount: decimal(row.get(4)),
        items,
        created_at_ms: row.get(6),
    })
    .into_response())
}

/// The sum in minor units.
fn total(items: &[Item]) -> Option<i64> {
    items.iter().try_fold(0_i64, |sum, item| {
        let (whole, cents) = item.price.split_once('.').unwrap_or((&item.price, "00"));
        let cents: i64 = if cents.len() == 2 { cents.parse().ok()? } else { return None };
        let price = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
        sum.checked_add(price.checked_mul(item.quantity).filter(|line| *line >= 0)?)
    })
}

fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
