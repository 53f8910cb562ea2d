//! Decides how an event is brought once more that a rule's target did not get: to that target, as the rule has it now.
//!
//! It is tried once, and waited for. Taken, the letter goes in the same commit; otherwise it stays as it is.

use super::call;
use super::deliver::{Came, attempt};
use super::live::rule_of;
use super::plan::{Aim, Plan, name_in};
use crate::commit::WriteRefused;
use crate::engine::Inner;
use crate::queues::{AttributeValue, LiveQueue, Message};
use crate::redrive::Redriven;
use delivery::bus::entry::DEFAULT_BUS;
use delivery::bus::{Event, rule_arn};
use std::sync::Arc;
use types::{Arn, BusName, RuleName};

/// Brings a letter's event once more; nothing if no rule left it here.
pub(crate) fn again(
    inner: &Arc<Inner>,
    queue: &Arc<LiveQueue>,
    letter: &Message,
    dry_run: bool,
) -> Result<Option<Redriven>, WriteRefused> {
    let id = letter.id;
    let (Some(rule), Some(target)) = (named(letter, "RULE_ARN"), named(letter, "TARGET_ARN")) else { return Ok(None) };
    let failed = |error: String| Ok(Some(Redriven::Failed { id, error }));
    let to = shown(&target);
    if dry_run {
        return Ok(Some(Redriven::Would { id, function: to, records: 1 }));
    }
    let catalog = inner.catalog();
    let entry = names(&rule).and_then(|(bus, name)| {
        let entry = catalog.bus(&bus)?.rules.get(&name)?;
        (rule_arn(&inner.account, &bus, &name) == rule).then_some((bus, name, entry))
    });
    let Some((bus, name, entry)) = entry else { return failed(format!("the rule {rule} is not there any more")) };
    let parsed = match rule_of(&bus, entry) {
        Ok(parsed) => parsed,
        Err(error) => return failed(format!("the rule {rule} does not work: {error}")),
    };
    let found = parsed.targets().iter().zip(&entry.targets).find(|(known, _)| known.arn == target);
    let Some((known, spec)) = found else { return failed(format!("the rule {rule} has no target {target} any more")) };
    let now = inner.clock.now();
    let event = match Event::restore(&letter.body, now, letter.trace.as_deref()) {
        Ok(event) => event,
        Err(error) => return failed(format!("the letter's event cannot be read: {error}")),
    };
    let aim = Aim { bus: &bus, rule: &name, arn: &rule, target: known, spec };
    let mut plan = Plan::new(inner);
    let came = waited_for(async {
        match attempt(inner, &mut plan, &aim, &event, 0).await {
            Came::Done(came) => came,
            Came::Call(asked) => call::make(inner, &asked.call).await,
        }
    });
    match came {
        Ok(Ok(())) => {
            plan.take(queue.remove_part(id));
            plan.commit_blocking()?;
            Ok(Some(Redriven::Delivered { id, function: to, records: 1 }))
        }
        Ok(Err(failure)) => failed(format!("{}: {}", failure.code, failure.message)),
        Err(error) => failed(format!("nothing can be waited for here: {error}")),
    }
}

/// Waits on a thread that may.
fn waited_for<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(handle) => Ok(handle.block_on(future)),
        Err(_) => Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)),
    }
}

fn named(letter: &Message, attribute: &str) -> Option<Arn> {
    match &letter.attributes.get(attribute)?.value {
        AttributeValue::Text(text) => text.parse().ok(),
        AttributeValue::Bytes(_) => None,
    }
}

/// The bus and the name in a rule's ARN.
fn names(rule: &Arn) -> Option<(BusName, RuleName)> {
    let names = rule.resource.strip_prefix("rule/")?;
    let (bus, rule) = names.rsplit_once('/').unwrap_or((DEFAULT_BUS, names));
    Some((bus.parse().ok()?, rule.parse().ok()?))
}

/// A target, as people know it.
fn shown(arn: &Arn) -> String {
    let of = |word: &str| name_in(arn, word);
    let kind = [
        ("function:", "function"),
        ("event-bus/", "event bus"),
        ("log-group:", "log group"),
        ("api-destination/", "API destination"),
    ];
    match kind.iter().find_map(|(word, kind)| Some((kind, of(word)?))) {
        Some((&"function", name)) => name.to_owned(),
        Some((&"API destination", name)) => format!("API destination {}", name.split('/').next().unwrap_or(name)),
        Some((kind, name)) => format!("{kind} {name}"),
        None => format!("queue {}", arn.resource),
    }
}
