//! Decides how dead letters are listed and shown, and how they are delivered again one by one.

use super::{Given, counted, instant};
use crate::access::Access;
use crate::cli;
use crate::exit::{DONE, Failure, NO, Stop};
use crate::terminal::{Look, Out, Paint, columns, indent_json, safe};
use crate::views::letters::{Again, Dead, FullLetter, Letter, Queue, Queues, Redrive, Redriven, RedrivenLetter, Shown};
use std::time::{Duration, Instant};

/// Lists what failed.
pub(super) fn list(given: Given<'_>, limit: u32) -> Result<u8, Stop> {
    let view = given.access()?.dlq_list(limit)?;
    if given.options.json {
        given.out.json(&view)?;
    } else {
        let text = draw_queues(&view, given.out.look);
        given.out.print(&text)?;
    }
    Ok(DONE)
}

fn draw_queues(view: &Queues, look: Look) -> String {
    // A queue of work is no place to look for what failed, however much waits in it.
    let holds_letters = |queue: &&Queue| queue.dead_letters || queue.oldest.iter().any(|letter| letter.dead.is_some());
    let (of_letters, of_work): (Vec<&Queue>, Vec<&Queue>) = view.queues.iter().partition(holds_letters);
    let (full, empty): (Vec<&Queue>, Vec<&Queue>) = of_letters.into_iter().partition(|queue| queue.messages > 0);
    let mut text = String::new();
    if full.is_empty() && !view.queues.is_empty() {
        text += "nothing failed\n";
    }
    for queue in full {
        text += &format!(
            "{}  {}\n",
            look.paint(Paint::Bold, &safe(&queue.queue)),
            look.paint(Paint::Dim, &counted(queue.messages as u64, "message"))
        );
        for letter in &queue.oldest {
            text += &draw_letter(letter, look);
        }
        let more = queue.messages.saturating_sub(queue.oldest.len());
        if more > 0 && !queue.oldest.is_empty() {
            text += &format!("  {}\n", look.paint(Paint::Dim, &format!("and {more} more; --limit shows more of them")));
        }
        text.push('\n');
    }
    if !empty.is_empty() {
        let names: Vec<_> = empty.iter().map(|queue| safe(&queue.queue)).collect();
        text += &format!("{} {}\n", look.paint(Paint::Dim, "empty:"), names.join(", "));
    }
    let waiting = of_work.iter().filter(|queue| queue.messages > 0);
    let waiting: Vec<_> =
        waiting.map(|queue| format!("{} {}", safe(&queue.queue), counted(queue.messages as u64, "message"))).collect();
    if !waiting.is_empty() {
        text += &format!("{} {}\n", look.paint(Paint::Dim, "in other queues:"), waiting.join(", "));
    }
    if view.queues.is_empty() {
        text += "there are no queues\n";
    }
    text
}

fn draw_letter(letter: &Letter, look: Look) -> String {
    let id = look.paint(Paint::Cyan, &letter.id.to_string());
    let Some(dead) = &letter.dead else {
        return format!("  {id}  {}  no dead letter: somebody sent it\n", instant(&letter.at));
    };
    let error = format!("      {}", look.fit(&safe(dead.error.as_deref().unwrap_or("never tried")), 6));
    format!("  {id}  {}  {}\n{}\n", instant(&letter.at), draw_dead(dead), look.paint(Paint::Red, &error))
}

fn draw_dead(dead: &Dead) -> String {
    let to = if dead.function.is_empty() { String::new() } else { format!(" → {}", safe(&dead.function)) };
    // How often a queue's message was tried, its function alone knows.
    let attempts = match dead.attempts {
        0 => String::new(),
        attempts => format!(", {}", counted(u64::from(attempts), "attempt")),
    };
    let records = counted(dead.records as u64, "record");
    format!("{}{to}  {}, {records}{attempts}", safe(&dead.pipe), safe(&dead.condition))
}

/// Shows messages in full.
pub(super) fn show(given: Given<'_>, queue: &str, id: Option<u64>, limit: u32) -> Result<u8, Stop> {
    let view = given.access()?.dlq_show(queue, id, limit)?;
    if given.options.json {
        given.out.json(&view)?;
    } else {
        let text = draw_shown(&view, given.out.look);
        given.out.print(&text)?;
    }
    Ok(DONE)
}

fn draw_shown(view: &Shown, look: Look) -> String {
    if view.messages.is_empty() {
        return format!("{} is empty\n", safe(&view.queue));
    }
    let messages: Vec<String> = view.messages.iter().map(|message| draw_full(message, look)).collect();
    let mut text = messages.join("\n");
    if view.more {
        text += &format!("\n{}\n", look.paint(Paint::Dim, "and more; --limit shows more of them"));
    }
    text
}

fn draw_full(message: &FullLetter, look: Look) -> String {
    let FullLetter { letter, body, records } = message;
    let label = |label: &str| look.paint(Paint::Bold, label);
    let mut text = format!("{} {}\n", label("message"), look.paint(Paint::Cyan, &letter.id.to_string()));
    text += &format!("{}    {}\n", label("sent"), instant(&letter.at));
    if let Some(dead) = &letter.dead {
        let error = safe(dead.error.as_deref().unwrap_or("never tried"));
        text += &format!("{}    {}\n", label("from"), draw_dead(dead));
        text += &format!("{}   {}\n", label("error"), look.paint(Paint::Red, &error));
    }
    for (index, record) in records.iter().enumerate() {
        let title = format!("record {} of {}", index + 1, records.len());
        text += &format!("{}\n{}\n", label(&title), indent_json(record.get()));
    }
    let is_json = serde_json::from_str::<&serde_json::value::RawValue>(body).is_ok();
    let shown = if is_json { indent_json(body) } else { safe(body).into_owned() };
    text += &format!("{}\n{shown}\n", label("body, as clients of the queue receive it"));
    text
}

/// Delivers messages again, one by one, so that each is told when it is done and nothing is lost when this is
/// interrupted.
pub(super) fn redrive(given: Given<'_>, wanted: &cli::Redrive) -> Result<u8, Stop> {
    let access = given.access()?;
    let Given { options, out, .. } = given;
    // First which ones: what fails again stays, so the queue alone does not say what has had its turn.
    let ask = Redrive {
        queue: wanted.queue.clone(),
        id: wanted.id,
        containing: wanted.containing.clone(),
        per_second: None,
        dry_run: true,
    };
    let planned = access.dlq_redrive(&ask)?;
    if let (Some(id), []) = (wanted.id, planned.letters.as_slice()) {
        let which = if wanted.containing.is_some() { " that contains this" } else { "" };
        let failure = Failure::new(NO, format!("there is no message {id}{which} in {}", planned.queue));
        return Err(failure.hint("`orderflow dlq list` shows which there are").into());
    }
    let done = if wanted.dry_run { planned } else { deliver(&access, &planned, wanted, options.json, out)? };
    let failed = done.letters.iter().filter(|letter| matches!(letter.result, Again::Failed { .. })).count();
    if options.json {
        out.json(&done)?;
    } else {
        if wanted.dry_run {
            for letter in &done.letters {
                let line = draw_redriven(letter, out.look);
                out.print(&line)?;
            }
        }
        let text = draw_summary(&done, wanted);
        out.print(&text)?;
    }
    Ok(if failed == 0 { DONE } else { NO })
}

fn deliver(
    access: &Access,
    planned: &Redriven,
    wanted: &cli::Redrive,
    json: bool,
    out: &mut Out,
) -> Result<Redriven, Stop> {
    let started = Instant::now();
    let mut done = Redriven { queue: planned.queue.clone(), letters: Vec::new() };
    for (nth, letter) in (0_u32..).zip(&planned.letters) {
        if let Some(rate) = wanted.rate {
            let due = Duration::from_secs(1) * nth / rate.max(1);
            std::thread::sleep(due.saturating_sub(started.elapsed()));
        }
        let ask = Redrive {
            queue: planned.queue.clone(),
            id: Some(letter.id),
            containing: None,
            per_second: None,
            dry_run: false,
        };
        for letter in access.dlq_redrive(&ask)?.letters {
            if !json {
                let line = draw_redriven(&letter, out.look);
                out.print(&line)?;
                out.flush()?;
            }
            done.letters.push(letter);
        }
    }
    Ok(done)
}

fn draw_redriven(letter: &RedrivenLetter, look: Look) -> String {
    let id = look.paint(Paint::Cyan, &letter.id.to_string());
    let to = |function: &str, records: &usize| format!("{} → {}", counted(*records as u64, "record"), safe(function));
    match &letter.result {
        Again::Would { function, records } => format!("  {id}  {}", to(function, records)),
        Again::Delivered { function, records } => {
            format!("{} {id}  {}", look.paint(Paint::Green, "✔"), to(function, records))
        }
        Again::Failed { error } => {
            let error = safe(error);
            let used = 4 + columns(&letter.id.to_string());
            format!("{} {id}  {}", look.paint(Paint::Red, "✘"), look.fit(&error, used))
        }
        Again::NoLetter => format!("– {id}  no dead letter: somebody sent it; it stays"),
    }
}

fn draw_summary(done: &Redriven, wanted: &cli::Redrive) -> String {
    if done.letters.is_empty() {
        let which = if wanted.containing.is_some() { " that contain this" } else { "" };
        return format!("there are no dead letters{which} in {}\n", safe(&done.queue));
    }
    let count = |wanted: fn(&Again) -> bool| done.letters.iter().filter(|letter| wanted(&letter.result)).count();
    let parts = [
        (count(|again| matches!(again, Again::Would { .. })), "would be delivered"),
        (count(|again| matches!(again, Again::Delivered { .. })), "delivered"),
        (count(|again| matches!(again, Again::Failed { .. })), "failed again and stayed"),
        (count(|again| matches!(again, Again::NoLetter)), "passed over"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{}: {}\n", safe(&done.queue), parts.join(", "))
}

#[cfg(test)]
mod tests;
