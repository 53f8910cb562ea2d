//! Decides what is counted and timed of functions, and of the steps of orders.

use observe::metrics::{Counter, Family, Histogram, Page};

/// What is counted and timed of functions.
#[derive(Debug)]
pub struct Meters {
    /// Invocations, by function and how they ended: `ok`, `failed`, `throttled`.
    pub invocations: Family<Counter>,
    /// How long invocations took, by function.
    pub invocation_seconds: Family<Histogram>,
    /// Steps of orders, by step and how they ended.
    pub steps: Family<Counter>,
    /// How long steps took, by step.
    pub step_seconds: Family<Histogram>,
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
            steps: Family::new(
                "orderflow_order_steps_total",
                "Steps of orders, by how they ended.",
                &["step", "outcome"],
            ),
            step_seconds: Family::new("orderflow_order_step_seconds", "How long steps of orders took.", &["step"]),
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
    /// Writes all of it.
    pub fn write(&self, page: &mut Page) {
        self.invocations.write(page);
        self.invocation_seconds.write(page);
        self.steps.write(page);
        self.step_seconds.write(page);
        self.orders.write(page);
        self.order_seconds.write(page);
    }
}
