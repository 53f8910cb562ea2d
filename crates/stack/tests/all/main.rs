//! What a template may say, what it comes to, and how mistakes are named.

mod asynchronous;
mod bad_input;
mod changes;
mod checks;
mod commerce;
mod diagram;
mod events;
mod functions;
mod gateway;
mod permissions;
mod pipes;
mod queues;
mod refusals;
mod services;
mod tables;
mod templates;
mod versions;
mod watching;

use stack::{Environment, Errors, Overrides, Stack, Template};

/// The handlers that the tests take as built in.
const CATALOGUE: [&str; 4] = ["standard-orders", "premium-orders", "order-events", "premium-order-events"];

/// Resolves a template in the account of the embedded engine, as the stack `shop`.
fn resolve(text: &str) -> Result<Stack, Errors> {
    resolve_with(text, &[])
}

fn resolve_with(text: &str, overrides: &[(&str, &str)]) -> Result<Stack, Errors> {
    let overrides: Overrides =
        overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Template::parse(text, "t.yaml")?.resolve(&Environment::local("shop"), &overrides, &CATALOGUE)
}
