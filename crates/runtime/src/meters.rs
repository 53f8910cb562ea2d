//! Decides what is counted and timed of functions, and of the steps of orders.

use observe::metrics::{Counter, Family, Histogram, Page};
use std::time::Duration;
use types::FunctionName;

/// What is counted and timed of functions.
#[derive(Debug)]
pub struct Meters {
    /// Invocations, by function and how they ended: `ok`, `failed`, `throttled`.
    pub invocations: Family<Counter>,
    /// How long invocations took, by function.
    pub invocation_seconds: Family<Histogram>,
    /// Milliseconds of invocations, each begun one counted as a whole, by function: what is paid for on AWS.
    pub invocation_millis: Family<Counter>,
    /// Steps of orders, by step and how they ended.
    pub steps: Family<Counter>,
    /// How long steps took, by step.
    pub step_seconds: Family<Histogram>,
    /// What was done for premium orders, by effect and how it ended.
    pub effects: Family<Counter>,
    /// Orders that were taken in, by the function that did.
    pub taken: Family<Counter>,
    /// What completed orders came to, in the smallest unit of their currency, by currency.
    pub revenue: Family<Counter>,
    /// Orders that came to an end, by status.
    pub orders: Family<Counter>,
    /// From an order's taking in to its end, by status.
    pub order_seconds: Family<Histogram>,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            invocations: Family::new(
                "orderflow_function_invocations_total",
                "Invocations of functions, by how they ended.",
                &["function", "outcome"],
            ),
            invocation_seconds: Family::new(
                "orderflow_function_seconds",
                "How long invocations of functions took.",
                &["function"],
            ),
            invocation_millis: Family::new(
                "orderflow_function_milliseconds_total",
                "Milliseconds that invocations of functions have begun.",
                &["function"],
            ),
            steps: Family::new(
                "orderflow_order_steps_total",
                "Steps of orders, by how they ended.",
                &["step", "outcome"],
            ),
            step_seconds: Family::new("orderflow_order_step_seconds", "How long steps of orders took.", &["step"]),
            effects: Family::new(
                "orderflow_premium_effects_total",
                "What was done for premium orders, by how it ended.",
                &["effect", "outcome"],
            ),
            taken: Family::new("orderflow_orders_taken_total", "Orders that were taken in.", &["function"]),
            revenue: Family::new(
                "orderflow_revenue_minor_total",
                "What completed orders came to, in the smallest unit of their currency.",
                &["currency"],
            ),
            orders: Family::new("orderflow_orders_total", "Orders that came to an end, by status.", &["status"]),
            order_seconds: Family::new(
                "orderflow_order_seconds",
                "From the taking in of an order to its end.",
                &["status"],
            ),
        }
    }
}

impl Meters {
    /// A function ran for so long.
    pub fn ran(&self, function: &FunctionName, outcome: &str, duration: Duration) {
        let name = function.as_str();
        self.invocations.with(&[name, outcome]).one();
        self.invocation_seconds.with(&[name]).took(duration);
        let millis = duration.as_nanos().div_ceil(1_000_000).max(1);
        self.invocation_millis.with(&[name]).many(u64::try_from(millis).unwrap_or(u64::MAX));
    }

    /// Writes all of it.
    pub fn write(&self, page: &mut Page) {
        self.invocations.write(page);
        self.invocation_seconds.write(page);
        self.invocation_millis.write(page);
        self.steps.write(page);
        self.step_seconds.write(page);
        self.effects.write(page);
        self.taken.write(page);
        self.revenue.write(page);
        self.orders.write(page);
        self.order_seconds.write(page);
    }
}
