//! Decides how an order's changes and what pipes did with them are drawn: a tree, one branch for each pipe.
//!
//! Orders of many changes are told in few lines, as `brief` decides, unless everything is asked for.

mod brief;

use super::{Given, counted, instant, match_event};
use crate::ask::order::{key_text, value_text};
use crate::exit::{DONE, Failure, NO, Stop};
use crate::terminal::{Look, Paint, columns, cut, safe};
use crate::views::Layout;
use crate::views::order::{
    Attribute, Change, Delivery, Filter, History, Line, Mark, Older, Order, Outcome, PipeVerdict, Then, Verdict,
};
use types::SortedSet;

/// How much of a value is shown.
const VALUE_COLUMNS_MAX: usize = 120;
/// How much of an error is shown.
const ERROR_COLUMNS_MAX: usize = 400;

/// Shows what is known of an order.
pub(super) fn run(given: Given<'_>, order: &str, full: bool) -> Result<u8, Stop> {
    let view = given.access()?.explain(order)?;
    if given.options.json {
        given.out.json(&view)?;
        return Ok(if view.histories.is_empty() { NO } else { DONE });
    }
    if view.histories.is_empty() {
        return Err(unknown(&view).into());
    }
    let (again, look) = (given.options.again(), given.out.look);
    let mut text = draw(&view, full, look) + &draw_events(&view, look) + &draw_logs(&view, &again, look);
    if !full && view.histories.iter().any(brief::suits) {
        let command = format!("orderflow explain {} --full{again}", view.order);
        text +=
            &format!("all attributes, and all that each filter says: {}\n", look.paint(Paint::Cyan, &safe(&command)));
    }
    given.out.print(&text)?;
    Ok(DONE)
}

fn unknown(view: &Order) -> Failure {
    let failure = Failure::new(
        NO,
        match view.searched.as_slice() {
            [] => format!("there is no order {}: there are no tables", view.order),
            [one] => format!("there is no order {} in table {one}", view.order),
            several => format!("there is no order {} in tables {}", view.order, several.join(", ")),
        },
    );
    match view.similar.as_slice() {
        [] => {
            failure.hint("ids are compared letter by letter; `orderflow trigger` sends sample orders and prints theirs")
        }
        similar => failure.hint(format!("did you mean {}?", similar.join(" or "))),
    }
}

/// The order as text.
fn draw(view: &Order, full: bool, look: Look) -> String {
    let draw = |history| draw_history(view, history, full, look);
    let histories: Vec<String> = view.histories.iter().map(draw).collect();
    histories.join("\n")
}

/// The events of buses that name it.
fn draw_events(view: &Order, look: Look) -> String {
    if view.events.is_empty() {
        return String::new();
    }
    let lines = view.events.iter().map(|event| {
        let from = look.paint(Paint::Dim, &format!("from {}, archive {}", safe(&event.source), safe(&event.archive)));
        format!("  {}  {}  {from}\n", instant(&event.at), safe(&event.detail_type))
    });
    format!("\n{}\n{}", look.paint(Paint::Bold, "events that name it"), lines.collect::<String>())
}

/// Where to read what the functions printed that were given one of its changes; `again` are the options that this was
/// asked with.
fn draw_logs(view: &Order, again: &str, look: Look) -> String {
    let pipes = view.histories.iter().flat_map(|history| &history.changes).flat_map(|change| &change.pipes);
    let given = pipes.filter(
        |pipe| matches!(&pipe.verdict, Verdict::Matched { outcomes, settled, .. } if *settled || !outcomes.is_empty()),
    );
    let logs: SortedSet<(&str, &str)> =
        given.filter_map(|pipe| Some((pipe.function.as_str(), pipe.log_group.as_deref()?))).collect();
    // An id that a shell or a filter would read in another way is not worth its quotes.
    let is_plain = view.order.chars().all(|character| character.is_ascii_alphanumeric() || "-_.:".contains(character));
    let filter = if is_plain { format!(" --filter '\"{}\"'", view.order) } else { String::new() };
    let lines = logs.into_iter().map(|(function, group)| {
        let group = if group.strip_prefix("/aws/lambda/") == Some(function) { function } else { group };
        let command = format!("orderflow logs {group}{filter}{again}");
        format!("what {} printed: {}\n", safe(function), look.paint(Paint::Cyan, &safe(&command)))
    });
    let text: String = lines.collect();
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn draw_history(view: &Order, history: &History, full: bool, look: Look) -> String {
    let brief = !full && brief::suits(history);
    // A key of one attribute is the order's id, which stands there already; the shop front has one order of an id.
    let key = history.key.as_ref().filter(|key| key.as_object().is_some_and(|members| members.len() > 1));
    let key = key.filter(|_| !(brief && history.layout == Some(Layout::Shop)));
    let key = key.map_or(String::new(), |key| format!(" ({})", safe(&key_text(key))));
    let mut text = format!(
        "{} in {}{key}, {}{}\n",
        look.paint(Paint::Bold, &safe(&view.order)),
        look.paint(Paint::Bold, &safe(&history.table)),
        counted(history.changes.len() as u64, "change"),
        brief::newest_status(history).map_or(String::new(), |status| format!(", {}", safe(status))),
    );
    let gone = match history.older {
        Older::None => None,
        Older::LeftTheLog if history.changes.is_empty() => {
            Some("its changes have left the log; what is kept is the item")
        }
        Older::LeftTheLog => Some("earlier changes have left the log"),
        Older::TooMany => Some("there are earlier changes, more than are shown"),
    };
    if let Some(gone) = gone {
        text += &format!("  {}\n", look.paint(Paint::Dim, gone));
    }
    if brief {
        return text + "\n" + &brief::changes(history, look);
    }
    for change in &history.changes {
        text.push('\n');
        text += &draw_change(change, look);
    }
    text
}

fn draw_change(change: &Change, look: Look) -> String {
    let mut text = format!(
        "{}  {}  {}\n",
        look.paint(paint_of(&change.event), &safe(&change.event)),
        instant(&change.at),
        look.paint(Paint::Dim, &format!("sequence {}", change.sequence_number)),
    );
    let names = change.attributes.iter().map(|attribute| columns(&safe(&attribute.name))).max().unwrap_or(0).min(24);
    for attribute in &change.attributes {
        let name = safe(&attribute.name);
        let gap = " ".repeat(names.saturating_sub(columns(&name)));
        text += &format!("│   {name}{gap}  {}\n", draw_value(attribute));
    }
    if change.pipes.is_empty() {
        text += &format!("└─ {}\n", look.paint(Paint::Dim, "no pipe reads this table"));
        return text;
    }
    let width = change.pipes.iter().map(|pipe| columns(&safe(&pipe.pipe))).max().unwrap_or(0).min(40);
    let last = change.pipes.len() - 1;
    for (index, pipe) in change.pipes.iter().enumerate() {
        let (branch, trunk) = if index == last { ("└─", "  ") } else { ("├─", "│ ") };
        let name = safe(&pipe.pipe);
        let gap = " ".repeat(width.saturating_sub(columns(&name)));
        let [first, rest @ ..] = &draw_verdict(pipe, change, look)[..] else { continue };
        text += &format!("{branch} {}{gap}  {first}\n", look.paint(Paint::Bold, &name));
        for line in rest {
            text += &format!("{trunk} {}{line}\n", " ".repeat(width + 4));
        }
    }
    text
}

fn paint_of(event: &str) -> Paint {
    match event {
        "INSERT" => Paint::Green,
        "REMOVE" => Paint::Red,
        _ => Paint::Yellow,
    }
}

fn draw_value(attribute: &Attribute) -> String {
    let shown = |value| cut(&safe(&value_text(value)), VALUE_COLUMNS_MAX).into_owned();
    match (&attribute.before, &attribute.after) {
        (Some(before), Some(after)) => format!("{} → {}", shown(before), shown(after)),
        (Some(before), None) => format!("{} → gone", shown(before)),
        (None, Some(after)) => shown(after),
        (None, None) => String::new(),
    }
}

/// What one pipe did: the line beside its name, and the lines below.
fn draw_verdict(pipe: &PipeVerdict, change: &Change, look: Look) -> Vec<String> {
    match &pipe.verdict {
        Verdict::BeganLater => vec![look.paint(Paint::Dim, "– began later: it never saw this change")],
        Verdict::Stopped { filters } => draw_stopped(filters, look),
        Verdict::Matched { outcomes, settled, .. } => draw_matched(&pipe.function, outcomes, *settled, change, look),
    }
}

fn draw_stopped(filters: &[Filter], look: Look) -> Vec<String> {
    let mark = look.paint(Paint::Yellow, "✘ stopped:");
    let reasons = |filter: &Filter| -> Vec<String> {
        let failures = filter.failures.iter().map(|clause| safe(&clause.sentence).into_owned());
        failures.chain(filter.conflict.iter().map(|conflict| safe(conflict).into_owned())).collect()
    };
    // A filter that could match in several ways is drawn as a tree; the others say their reasons.
    let by_filter: Vec<Vec<String>> =
        filters.iter().map(|filter| if filter.ways.is_empty() { reasons(filter) } else { Vec::new() }).collect();
    let [first, others @ ..] = &by_filter[..] else { return vec![mark] };
    // What every filter says is said once.
    let (common, own): (Vec<&String>, Vec<&String>) =
        first.iter().partition(|reason| others.iter().all(|other| other.contains(reason)));
    let mut lines = match (common.as_slice(), others.is_empty()) {
        ([only], true) => return vec![format!("{mark} {only}")],
        (_, true) if !filters[0].ways.is_empty() => vec![format!("{mark} none of the ways to match holds")],
        (_, true) => vec![mark],
        ([], false) => {
            vec![format!("{mark} by each of {} filters, of which one would have to match", filters.len())]
        }
        (_, false) => {
            vec![format!("{mark} by each of {} filters, of which one would have to match; all say", filters.len())]
        }
    };
    let count = filters.len();
    lines.extend(common.iter().map(|reason| format!("· {reason}")));
    for (index, (filter, reasons)) in filters.iter().zip(&by_filter).enumerate() {
        let rest = if index == 0 { own.clone() } else { reasons.iter().filter(|one| !common.contains(one)).collect() };
        let also = if common.is_empty() { "" } else { " also" };
        lines.extend(rest.into_iter().map(|reason| format!("· filter {} of {count}{also}: {reason}", index + 1)));
        if !filter.ways.is_empty() && !others.is_empty() {
            lines.push(format!("· filter {} of {count}: none of the ways to match holds", index + 1));
        }
        lines.extend(filter.ways.iter().map(|line| format!("  {}", draw_line(line, look))));
    }
    lines
}

fn draw_line(line: &Line, look: Look) -> String {
    let mark = match line.mark {
        Mark::Holds => pattern::Mark::Holds,
        Mark::Fails => pattern::Mark::Fails,
        Mark::Skipped => pattern::Mark::Skipped,
        Mark::Advice => pattern::Mark::Advice,
    };
    match_event::draw_line(mark, &line.stem, &line.text, look)
}

fn draw_matched(function: &str, outcomes: &[Outcome], settled: bool, change: &Change, look: Look) -> Vec<String> {
    let function = safe(function);
    let time = |at: &str| {
        // On the day of the change itself the time is enough.
        let same_day = at.get(..10) == change.at.get(..10);
        if same_day { at.get(11..).unwrap_or(at).trim_end_matches('Z').to_owned() } else { instant(at) }
    };
    let short = |error: &str| cut(&safe(error), ERROR_COLUMNS_MAX).into_owned();
    let failed = outcomes.iter().filter(|outcome| matches!(outcome.result, Delivery::Failed { .. })).count() as u64;
    let good = |rest: &str| format!("{} {function}: {rest}", look.paint(Paint::Green, "✔ matched →"));
    let bad = |rest: &str| format!("{} {function}: {rest}", look.paint(Paint::Red, "✘ matched →"));
    let waits = |rest: &str| format!("{} {function}: {rest}", look.paint(Paint::Yellow, "… matched →"));
    let end = outcomes.iter().rev().find(|outcome| {
        let result = &outcome.result;
        matches!(
            result,
            Delivery::Delivered { .. } | Delivery::Accepted | Delivery::Redelivered | Delivery::GaveUp { .. }
        )
    });
    let first = match end.map(|outcome| (outcome, &outcome.result)) {
        Some((outcome, Delivery::Delivered { .. })) => {
            good(&format!("delivered at {} ({})", time(&outcome.at), counted(failed + 1, "attempt")))
        }
        Some((outcome, Delivery::Redelivered)) => {
            good(&format!("delivered again at {}, after it was dead-lettered", time(&outcome.at)))
        }
        Some((outcome, Delivery::Accepted)) => good(&format!("taken over by its own queue at {}", time(&outcome.at))),
        Some((outcome, Delivery::GaveUp { condition, error, attempts, queue })) => {
            let after = format!("after {}", counted(u64::from(*attempts), "attempt"));
            let why = match error {
                Some(error) => format!("{after}: {}", short(error)),
                None => format!("{after}: {}", safe(condition)),
            };
            let at = time(&outcome.at);
            bad(&match queue {
                Some(queue) => format!("dead-lettered to {} {why} (at {at})", safe(queue)),
                None => format!("dropped, because the pipe has no dead-letter queue, {why} (at {at})"),
            })
        }
        _ if settled => good("done"),
        _ => match outcomes.last().map(|outcome| (outcome, &outcome.result)) {
            Some((outcome, Delivery::Failed { error, attempt, then })) => {
                let next = match then {
                    Then::Retry { at } => format!("; next try at {}", time(at)),
                    Then::Rest | Then::Halves => "; trying again".to_owned(),
                };
                waits(&format!("attempt {attempt} failed at {}: {}{next}", time(&outcome.at), short(error)))
            }
            Some((_, Delivery::Postponed { error, retry_at })) => {
                waits(&format!("postponed: {}; next try at {}", short(error), time(retry_at)))
            }
            _ => waits("not delivered yet"),
        },
    };
    let mut lines = vec![first];
    let shown_above = end.or_else(|| outcomes.last());
    let earlier: Vec<&Outcome> = outcomes.iter().filter(|outcome| Some(*outcome) != shown_above).collect();
    let known = shown_above.and_then(error_of);
    // Failures of one kind in a row are one line: a function that is down fails the same way a hundred times.
    for same in earlier.chunk_by(|a, b| same_failure(a, b)) {
        let (Some(first), Some(last)) = (same.first(), same.last()) else { continue };
        let when = if same.len() == 1 {
            format!("at {}", time(&first.at))
        } else {
            format!("from {} to {}", time(&first.at), time(&last.at))
        };
        let with = if first.records > 1 { format!(" with {} records", first.records) } else { String::new() };
        lines.extend(match (&first.result, &last.result) {
            (Delivery::Failed { error, attempt, then }, Delivery::Failed { attempt: newest, .. }) => {
                let what = match then {
                    Then::Retry { .. } if known == Some(error) => ", the same way".to_owned(),
                    Then::Retry { .. } => format!(": {}", short(error)),
                    Then::Rest => format!(": {}; those before the faulty one were done", short(error)),
                    Then::Halves => format!(": {}; the batch was halved", short(error)),
                };
                let which = if same.len() == 1 {
                    format!("attempt {attempt}")
                } else {
                    format!("attempts {attempt} to {newest}")
                };
                Some(format!("· {which} failed {when}{with}{what}"))
            }
            (Delivery::Postponed { error, .. }, _) => Some(format!("· postponed {when}: {}", short(error))),
            (Delivery::Delivered { .. }, _) => Some(format!("· delivered {when}{with}")),
            (Delivery::Failed { .. } | Delivery::Accepted | Delivery::Redelivered | Delivery::GaveUp { .. }, _) => None,
        });
    }
    lines
}

/// Whether two attempts in a row can be told as one.
fn same_failure(a: &Outcome, b: &Outcome) -> bool {
    match (&a.result, &b.result) {
        (
            Delivery::Failed { error, then: Then::Retry { .. }, .. },
            Delivery::Failed { error: next, then: Then::Retry { .. }, .. },
        )
        | (Delivery::Postponed { error, .. }, Delivery::Postponed { error: next, .. }) => {
            error == next && a.records == b.records
        }
        _ => false,
    }
}

/// What went wrong.
fn error_of(outcome: &Outcome) -> Option<&String> {
    match &outcome.result {
        Delivery::Failed { error, .. } | Delivery::Postponed { error, .. } => Some(error),
        Delivery::GaveUp { error, .. } => error.as_ref(),
        Delivery::Delivered { .. } | Delivery::Accepted | Delivery::Redelivered => None,
    }
}

#[cfg(test)]
mod tests;
