//! Decides what `orderflow cost --json` prints. Money is in dollars.

use super::Shown;
use serde::Serialize;
use stack::cost::{FreeTier, Line};

/// A month's bill.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View<'a> {
    stack: &'a str,
    basis: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<u64>,
    prices: PricesView<'a>,
    total: f64,
    services: Vec<ServiceView>,
    lines: Vec<LineView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    biggest: Option<BiggestView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_by_filters: Option<SavedView>,
    assumptions: &'a [String],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PricesView<'a> {
    region: &'a str,
    date: &'a str,
    currency: &'static str,
    free_tier: bool,
}

#[derive(Debug, Serialize)]
struct ServiceView {
    service: &'static str,
    cost: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LineView<'a> {
    service: &'static str,
    item: &'a str,
    unit: &'static str,
    quantity: f64,
    free: f64,
    price: &'a str,
    per: u64,
    cost: f64,
    tiers: Vec<TierView>,
    source: &'a str,
}

#[derive(Debug, Serialize)]
struct TierView {
    quantity: f64,
    cost: f64,
}

#[derive(Debug, Serialize)]
struct BiggestView<'a> {
    service: &'static str,
    item: &'a str,
    cost: f64,
}

#[derive(Debug, Serialize)]
struct SavedView {
    records: u64,
    invocations: u64,
    cost: f64,
}

/// All of it.
pub(super) fn of<'a>(shown: &'a Shown<'_>) -> View<'a> {
    let bill = &shown.bill;
    let line = |line: &'a Line| LineView {
        service: line.service.name(),
        item: &line.item,
        unit: line.unit,
        quantity: line.quantity.as_f64(),
        free: line.free.as_f64(),
        price: &line.price,
        per: line.per,
        cost: line.cost().as_f64(),
        tiers: line
            .parts
            .iter()
            .map(|part| TierView { quantity: part.quantity.as_f64(), cost: part.cost.as_f64() })
            .collect(),
        source: &line.source,
    };
    let service = |service: stack::cost::Service| ServiceView {
        service: service.name(),
        cost: bill.of_service(service).as_f64(),
    };
    View {
        stack: shown.stack,
        basis: &shown.basis,
        orders: shown.month.orders,
        prices: PricesView {
            region: &shown.prices.region,
            date: &shown.prices.date,
            currency: "USD",
            free_tier: shown.free_tier == FreeTier::Taken,
        },
        total: bill.total().as_f64(),
        services: bill.services().into_iter().map(service).collect(),
        lines: bill.lines.iter().map(line).collect(),
        biggest: bill.biggest().map(|line| BiggestView {
            service: line.service.name(),
            item: &line.item,
            cost: line.cost().as_f64(),
        }),
        saved_by_filters: bill.saving.map(|saving| SavedView {
            records: saving.records,
            invocations: saving.invocations,
            cost: saving.cost.as_f64(),
        }),
        assumptions: &shown.month.assumptions,
    }
}
