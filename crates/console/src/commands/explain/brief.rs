//! Decides how an order of many changes is told in few lines: what people call its changes, and of each pipe that
//! stopped one, the reason that says most.
//!
//! Bookkeeping of the shop front is left out, amounts are written with their currency, and a pipe that stops one change
//! after the other for one reason says it once. `--full` tells everything.

use super::{draw_matched, draw_value};
use crate::ask::order::value_text;
use crate::commands::instant;
use crate::terminal::{Look, Paint, columns, safe};
use crate::views::Layout;
use crate::views::order::{Attribute, Change, Filter, History, PipeVerdict, Verdict};
use orders::shop::money::{Currency, Minor};
use serde_json::Value as Json;
use types::SortedMap;

/// Of more changes than these, each is told in few lines.
const FEW: usize = 3;
/// What the shop front keeps for itself, or what stands elsewhere in the text.
const BOOKKEEPING: [&str; 9] =
    ["createdAt", "customerKey", "history", "orderId", "progress", "status", "updatedAt", "version", "currency"];

/// Whether a history is told in few lines.
pub(super) fn suits(history: &History) -> bool {
    history.layout == Some(Layout::Shop) || history.changes.len() > FEW
}

/// The status that an order of the shop front has by now, if its changes tell.
pub(super) fn newest_status(history: &History) -> Option<&str> {
    if history.layout != Some(Layout::Shop) {
        return None;
    }
    let last = history.changes.last().filter(|change| change.event != "REMOVE")?;
    let so_far = std::iter::once(last).chain(history.changes.iter().rev());
    so_far.flat_map(|change| &change.attributes).find(|attribute| attribute.name == "status").and_then(after)
}

/// All changes of a history.
pub(super) fn changes(history: &History, look: Look) -> String {
    let told = Reasons::of(history);
    let mut before: SortedMap<&str, &str> = SortedMap::new();
    let shop = history.layout == Some(Layout::Shop);
    let mut text = String::new();
    for change in &history.changes {
        text += &head(change, shop, look);
        let attributes = attributes(change, shop);
        let names = attributes.iter().map(|(name, _)| columns(name)).max().unwrap_or(0).min(24);
        for (name, value) in &attributes {
            text += &format!("│   {name}{}  {value}\n", " ".repeat(names.saturating_sub(columns(name))));
        }
        if change.pipes.is_empty() {
            text += &format!("└─ {}\n", look.paint(Paint::Dim, "no pipe reads this table"));
        }
        let width = change.pipes.iter().map(|pipe| columns(&safe(&pipe.pipe))).max().unwrap_or(0).min(40);
        for (index, pipe) in change.pipes.iter().enumerate() {
            let (branch, trunk) = if index + 1 == change.pipes.len() { ("└─", "  ") } else { ("├─", "│ ") };
            let name = safe(&pipe.pipe);
            let gap = " ".repeat(width.saturating_sub(columns(&name)));
            let mut lines = verdict(pipe, change, &told, &mut before, look).into_iter();
            let first = lines.next().unwrap_or_default();
            text += &format!("{branch} {}{gap}  {first}\n", look.paint(Paint::Bold, &name));
            lines.for_each(|line| text += &format!("{trunk} {}{line}\n", " ".repeat(width + 4)));
        }
    }
    text
}

/// What happened, when, and from which status to which.
fn head(change: &Change, shop: bool, look: Look) -> String {
    let paint = super::paint_of(&change.event);
    let mut text = format!("{}  {}", look.paint(paint, &safe(&change.event)), instant(&change.at));
    let named = |name: &str| change.attributes.iter().find(|attribute| attribute.name == name);
    if let Some(status) = named("status").filter(|_| shop) {
        let shown =
            |value: &Json| value["S"].as_str().map_or_else(|| value_text(value), |text| safe(text).into_owned());
        let statuses: Vec<String> = status.before.iter().chain(&status.after).map(shown).collect();
        text += &format!("  {}", look.paint(Paint::Bold, &statuses.join(" → ")));
        let moment = named("history").and_then(|history| history.after.as_ref()?["L"].as_array()?.last());
        if let Some(detail) = moment.and_then(|moment| moment.pointer("/M/detail/S")?.as_str()) {
            text += &format!("  {}", safe(detail));
        }
    }
    text.push('\n');
    text
}

fn after(attribute: &Attribute) -> Option<&str> {
    attribute.after.as_ref()?["S"].as_str()
}

/// The attributes that are worth a line, with what became of them.
fn attributes(change: &Change, shop: bool) -> Vec<(String, String)> {
    let worth = |attribute: &&Attribute| !shop || !BOOKKEEPING.contains(&attribute.name.as_str());
    let shown = |attribute: &Attribute| {
        if let Some(amount) = amount(attribute, change) {
            return ("amount".to_owned(), amount);
        }
        let bought = attribute.after.as_ref().filter(|_| shop && attribute.name == "items").and_then(bought);
        (safe(&attribute.name).into_owned(), bought.unwrap_or_else(|| draw_value(attribute)))
    };
    change.attributes.iter().filter(worth).map(shown).collect()
}

/// An amount in minor units as people write it, if the change tells the currency too.
fn amount(attribute: &Attribute, change: &Change) -> Option<String> {
    if attribute.name != "amountMinor" || attribute.before.is_some() {
        return None;
    }
    let units = attribute.after.as_ref()?["N"].as_str()?.parse().ok()?;
    let currency = change.attributes.iter().find(|attribute| attribute.name == "currency").and_then(after)?;
    Some(format!("{} {currency}", Minor(units).decimal(Currency::parse(currency)?)))
}

/// `2 × TEA-1, 1 × CUP-3` of an order's items.
fn bought(items: &Json) -> Option<String> {
    let one = |item: &Json| {
        let (quantity, sku) = (item.pointer("/M/quantity/N")?.as_str()?, item.pointer("/M/sku/S")?.as_str()?);
        Some(format!("{} × {}", safe(quantity), safe(sku)))
    };
    let items: Option<Vec<String>> = items["L"].as_array()?.iter().map(one).collect();
    Some(items?.join(", "))
}

/// What a pipe did, in a line if nothing went wrong. `before` has the reasons that stopped the changes before.
fn verdict<'a>(
    pipe: &'a PipeVerdict,
    change: &Change,
    reasons: &Reasons<'a>,
    before: &mut SortedMap<&'a str, &'a str>,
    look: Look,
) -> Vec<String> {
    match &pipe.verdict {
        Verdict::BeganLater => vec![look.paint(Paint::Dim, "– began later")],
        Verdict::Matched { outcomes, settled, .. } => draw_matched(&pipe.function, outcomes, *settled, change, look),
        Verdict::Stopped { filters } => {
            let mark = look.paint(Paint::Yellow, "✘ stopped");
            let Some((reason, more)) = reasons.most_telling(&pipe.pipe, filters) else { return vec![mark] };
            let same = before.insert(&pipe.pipe, reason) == Some(reason);
            vec![match (same, more) {
                (true, _) => format!("{mark}, {}", look.paint(Paint::Dim, "for the same reason")),
                (false, 0) => format!("{mark}: {}", safe(reason)),
                (false, more) => format!("{mark}: {} (and {more} more)", safe(reason)),
            }]
        }
    }
}

/// How often each pipe gives each reason.
struct Reasons<'a>(SortedMap<(&'a str, &'a str), usize>);

impl<'a> Reasons<'a> {
    fn of(history: &'a History) -> Self {
        let mut counts = SortedMap::new();
        for pipe in history.changes.iter().flat_map(|change| &change.pipes) {
            if let Verdict::Stopped { filters } = &pipe.verdict {
                for reason in closest(filters) {
                    *counts.get_or_default((pipe.pipe.as_str(), reason)) += 1;
                }
            }
        }
        Self(counts)
    }

    /// The reason that stops most changes, and how many more there are for this one: what keeps an order from a pipe
    /// for good is among all of them.
    fn most_telling(&self, pipe: &'a str, filters: &'a [Filter]) -> Option<(&'a str, usize)> {
        let reasons = closest(filters);
        let often = |reason: &str| self.0.get(&(pipe, reason)).copied().unwrap_or(0);
        // The first of those that are given as often.
        let most = reasons.iter().rev().max_by_key(|reason| often(reason))?;
        Some((most, reasons.len() - 1))
    }
}

/// What stands in the way of the filter that comes closest.
fn closest(filters: &[Filter]) -> Vec<&str> {
    let reasons = |filter: &'_ Filter| filter.failures.len() + usize::from(filter.conflict.is_some());
    let Some(filter) = filters.iter().min_by_key(|filter| reasons(filter)) else { return Vec::new() };
    let failures = filter.failures.iter().map(|clause| clause.sentence.as_str());
    failures.chain(filter.conflict.as_deref()).collect()
}
