//! Decides how what functions printed is shown: the groups, or the lines of one, and those that are printed meanwhile.

use super::{Given, instant};
use crate::access::Access;
use crate::ask::logs::{Asked, LINES_MAX};
use crate::cli;
use crate::exit::{DONE, Failure, Stop, UNREACHABLE, USAGE};
use crate::terminal::{Look, Out, Paint, columns, safe, say};
use crate::views::{LogGroups, LogLine, LogLines};
use std::time::Duration;

/// How often a server is asked for lines that have come meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Shows groups or lines.
pub(super) fn run(given: Given<'_>, wanted: &cli::Logs) -> Result<u8, Stop> {
    let Some(group) = &wanted.group else { return groups(given) };
    if let Some(filter) = &wanted.filter {
        let checked = observe::FilterPattern::parse(filter);
        checked.map_err(|error| {
            Failure::new(USAGE, error.to_string())
                .hint("to find a text as it stands, put it in double quotes: '\"ORD-1001\"'")
        })?;
    }
    let access = given.access()?;
    let Given { options, out, .. } = given;
    if wanted.follow && access.client().is_none() {
        let failure = Failure::new(UNREACHABLE, "no server runs, so nothing new will be printed");
        return Err(failure.hint("start one with `orderflow up`, or leave --follow out").into());
    }
    let since_ms = wanted.since.map(|span| {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        engine::now().millis().saturating_sub(span)
    });
    let asked = Asked {
        group: group.clone(),
        since_ms,
        after: None,
        limit: wanted.limit as usize,
        filter: wanted.filter.clone(),
    };
    let first = access.logs(&asked)?;
    if options.json && !wanted.follow {
        out.json(&first)?;
        return Ok(DONE);
    }
    print(&first, options.json, out)?;
    if wanted.follow {
        return follow(&access, asked, first, options.json, out);
    }
    if let Some(note) = note(&first, wanted.filter.is_some()) {
        say(&note);
    }
    Ok(DONE)
}

/// What is to be said beside the lines.
fn note(page: &LogLines, filtered: bool) -> Option<String> {
    let group = safe(&page.group);
    let like = if filtered { " like that" } else { "" };
    match (page.lines.len(), page.more) {
        (0, false) => Some(format!("no lines{like} in {group}\n")),
        (0, true) => Some(format!("no lines{like} among the newest ones of {group}; older ones were not searched\n")),
        (_, false) => None,
        (1, true) => Some("there are older lines; this is the newest (--limit and --since choose others)\n".to_owned()),
        (shown, true) => {
            Some(format!("there are older lines; these are the newest {shown} (--limit and --since choose others)\n"))
        }
    }
}

/// Goes on until interrupted.
fn follow(access: &Access, asked: Asked, first: LogLines, json: bool, out: &mut Out) -> Result<u8, Stop> {
    let mut asked = Asked { group: first.group, since_ms: None, limit: LINES_MAX, ..asked };
    let mut after = first.after;
    loop {
        let Ok(place) = after.parse() else {
            return Err(
                Failure::new(UNREACHABLE, "the server says where to go on in a form that is unknown here").into()
            );
        };
        asked.after = Some(place);
        let page = access.logs(&asked)?;
        print(&page, json, out)?;
        if !page.more {
            std::thread::sleep(ASK_EVERY);
        }
        after = page.after;
    }
}

fn print(page: &LogLines, json: bool, out: &mut Out) -> Result<(), Stop> {
    for line in &page.lines {
        if json {
            out.json_line(line)?;
        } else {
            let text = draw_line(line, out.look);
            out.print(&text)?;
        }
    }
    out.flush()
}

/// A line as it was printed, behind its time; if it has several, the others stand below.
fn draw_line(line: &LogLine, look: Look) -> String {
    let at = instant(&line.at);
    let below = format!("\n{}", " ".repeat(columns(&at) + 2));
    // A tab is the one control character that people print on purpose and terminals do no harm with.
    let safe_line = |text: &str| text.split('\t').map(safe).collect::<Vec<_>>().join("    ");
    let message: Vec<String> = line.message.split('\n').map(|part| safe_line(part.trim_end_matches('\r'))).collect();
    format!("{}  {}\n", look.paint(Paint::Dim, &at), message.join(&below))
}

fn groups(given: Given<'_>) -> Result<u8, Stop> {
    let view = given.access()?.log_groups()?;
    if given.options.json {
        given.out.json(&view)?;
    } else {
        let text = draw_groups(&view, given.out.look);
        given.out.print(&text)?;
    }
    Ok(DONE)
}

fn draw_groups(view: &LogGroups, look: Look) -> String {
    if view.groups.is_empty() {
        return "there are no log groups; `orderflow up` runs a stack\n".to_owned();
    }
    let width = view.groups.iter().map(|group| columns(&safe(&group.name))).max().unwrap_or(0);
    let mut text = String::new();
    for group in &view.groups {
        let name = safe(&group.name);
        let gap = " ".repeat(width - columns(&name));
        let last = group.last_line_at.as_deref().map_or("no lines".to_owned(), instant);
        let kept = group.retention_days.map_or("for ever".to_owned(), |days| super::counted(days.into(), "day"));
        text += &format!(
            "{}{gap}  {:>9}  {last:<23}  {}\n",
            look.paint(Paint::Bold, &name),
            size(group.stored_bytes),
            look.paint(Paint::Dim, &format!("kept {kept}"))
        );
    }
    text
}

/// Bytes, to three digits or so.
fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit < units.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::LogGroup;

    fn line(message: &str) -> LogLine {
        LogLine { at: "2025-10-31T10:00:00.000Z".into(), stream: "s".into(), message: message.into() }
    }

    #[test]
    fn lines_stand_behind_their_time_and_do_no_harm() {
        let cases = [
            ("🚀 Premium order shipped!", "2025-10-31 10:00:00.000  🚀 Premium order shipped!\n"),
            (
                "a\n2025-10-31 b\r\nc",
                "2025-10-31 10:00:00.000  a\n                         2025-10-31 b\n                         c\n",
            ),
            ("\u{1b}[2Jgone\tx", "2025-10-31 10:00:00.000  \\u{1b}[2Jgone    x\n"),
        ];
        for (message, text) in cases {
            assert_eq!(draw_line(&line(message), Look::PLAIN), text);
        }
    }

    #[test]
    fn groups_stand_in_columns() {
        let group = |name: &str, bytes, days, last: Option<&str>| LogGroup {
            name: name.into(),
            stored_bytes: bytes,
            retention_days: days,
            last_line_at: last.map(str::to_owned),
        };
        let view = LogGroups {
            groups: vec![
                group("/aws/lambda/OrderProcessorLambda", 1_234_567, Some(14), Some("2025-10-31T10:00:00.000Z")),
                group("/aws/lambda/Premium", 0, None, None),
            ],
        };
        insta::assert_snapshot!(draw_groups(&view, Look::PLAIN), @r"
        /aws/lambda/OrderProcessorLambda     1.2 MB  2025-10-31 10:00:00.000  kept 14 days
        /aws/lambda/Premium                     0 B  no lines                 kept for ever
        ");
    }

    #[test]
    fn sizes_are_short() {
        let cases =
            [(999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (u64::MAX, "18446744.1 TB")];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }
}
