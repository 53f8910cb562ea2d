//! Decides how an interval looks: a few lines for the whole, and a table for each kind of thing, cut to the terminal.

use super::interval::{Bound, Interval, Rate, Row};
use crate::commands::instant;
use crate::terminal::{Look, Paint, columns, cut, safe};

/// How wide a column of numbers is, the space before it included.
const COLUMN: usize = 11;
/// How wide names are at least: columns that do not fit beside that are left out.
const NAMES_MIN: usize = 20;
/// How wide names are at most.
const NAMES_MAX: usize = 48;
/// How wide the label of a line is.
const LABEL: usize = 10;
/// A message that has waited for so long is worth a look.
const OLD_MILLIS: u64 = 60_000;

/// A text of a table, and its colour if it is worth one.
type Cell = (String, Option<Paint>);

/// Things of one kind: their heading, the headings of their columns, and each with its name and cells.
struct Table {
    title: &'static str,
    headings: &'static [&'static str],
    rows: Vec<(Cell, Vec<Cell>)>,
}

/// All of it, in so many rows at most.
pub(super) fn whole(interval: &Interval, address: &str, silent: bool, look: Look, rows_max: Option<usize>) -> String {
    let mut lines = Vec::new();
    let name = format!("orderflow {}", safe(address));
    let (said, paint) = match silent {
        false => (instant(&interval.at), Paint::Dim),
        true => ("does not answer; trying again".to_owned(), Paint::Red),
    };
    let room = look.width.map_or(usize::MAX, |width| width.saturating_sub(columns(&name) + 2));
    let said = if room == 0 { "".into() } else { cut(&said, room) };
    lines.push(format!("{}  {}", look.paint(Paint::Bold, &fit(&name, look)), look.paint(paint, &said)));
    summary(interval, look, &mut lines);
    let tables = tables(interval);
    let named = tables.iter().flat_map(|table| table.rows.iter().map(|((name, _), _)| columns(name)));
    let wanted = named.max().unwrap_or(0).clamp(NAMES_MIN, NAMES_MAX);
    let fitting = look.width.map_or(usize::MAX, |width| width.saturating_sub(NAMES_MIN) / COLUMN);
    for table in &tables {
        draw_table(table, wanted, fitting, look, &mut lines);
    }
    if let Some(max) = rows_max.filter(|max| lines.len() > *max) {
        let kept = max.saturating_sub(1).max(1);
        let more = format!("… {} more lines: make the window higher", lines.len() - kept);
        let more = fit(&more, look).into_owned();
        lines.truncate(kept);
        lines.push(look.paint(Paint::Dim, &more));
    }
    lines.join("\n")
}

/// All of it in one line, for files and pipes.
pub(super) fn line(interval: &Interval) -> String {
    let mut parts = vec![format!("{} requests/s", per_second(interval.requests.per_second))];
    if interval.requests.took.p99 != Bound::None {
        parts.push(format!("p99 {}", at_most(interval.requests.took.p99)));
    }
    parts.push(format!("{} orders/s taken", per_second(interval.orders_taken_per_second)));
    parts.extend(interval.orders.iter().map(|row| format!("{} {}", per_second(row.rate.per_second), safe(&row.name))));
    let turned_away = interval.requests.refused_per_second + interval.requests.failed_per_second;
    if turned_away > 0.0 {
        parts.push(format!("{} refused/s", per_second(turned_away)));
    }
    let waiting: u64 = interval.queues.iter().map(|queue| queue.visible + queue.in_flight + queue.delayed).sum();
    let behind: u64 = interval.pipes.iter().map(|pipe| pipe.behind).max().unwrap_or(0);
    parts.push(format!("{waiting} in queues"));
    parts.push(format!("pipes {behind} behind"));
    parts.push(format!("{} commits/s", per_second(interval.store.commits_per_second)));
    if interval.store.flushes.took.p99 != Bound::None {
        parts.push(format!("flush p99 {}", at_most(interval.store.flushes.took.p99)));
    }
    parts.extend(interval.memory.map(|memory| bytes(memory.resident_bytes as f64)));
    format!("{}  {}", instant(&interval.at), parts.join(", "))
}

fn summary(interval: &Interval, look: Look, lines: &mut Vec<String>) {
    let mut orders = vec![(format!("{}/s taken", per_second(interval.orders_taken_per_second)), None)];
    for row in &interval.orders {
        let paint = match row.name.as_str() {
            "COMPLETED" => Some(Paint::Green),
            "FAILED" if row.rate.per_second > 0.0 => Some(Paint::Red),
            _ => None,
        };
        orders.push((format!("{}/s {}", per_second(row.rate.per_second), safe(&row.name)), paint));
    }
    if let Some(done) = interval.orders.iter().find(|row| row.name == "COMPLETED" && row.rate.took.p99 != Bound::None) {
        orders.push((format!("to COMPLETED p50 {}", at_most(done.rate.took.p50)), None));
        orders.push((format!("p99 {}", at_most(done.rate.took.p99)), None));
    }
    if interval.followers > 0 {
        orders.push((format!("{} followed", interval.followers), None));
    }
    flow("orders", &orders, look, lines);
    if let Some(percent) = interval.success_percent {
        let hourly = interval.orders_taken_per_second * 3600.0;
        // Cut off: as long as one failed, it is not all of them.
        let percent = (percent * 100.0).floor() / 100.0;
        let mut business = vec![(format!("{hourly:.0} orders/h"), None), (format!("{percent:.2} % completed"), None)];
        let revenue = interval.revenue.iter().filter(|revenue| revenue.per_hour > 0.0);
        business.extend(revenue.map(|revenue| (format!("{} {:.2}/h", revenue.currency, revenue.per_hour), None)));
        flow("business", &business, look, lines);
    }
    let store = &interval.store;
    let mut disk = vec![
        (format!("{} commits/s", per_second(store.commits_per_second)), None),
        (format!("{} flushes/s", per_second(store.flushes.per_second)), None),
    ];
    if store.flushes.took.p99 != Bound::None {
        disk.push((format!("p50 {}", at_most(store.flushes.took.p50)), None));
        disk.push((format!("p99 {}", at_most(store.flushes.took.p99)), None));
    }
    disk.push((format!("{}/s written", bytes(store.written_bytes_per_second)), None));
    disk.push((format!("log {}", bytes(store.log_bytes as f64)), None));
    flow("disk", &disk, look, lines);
    if let Some(memory) = interval.memory {
        let parts = [
            (bytes(memory.resident_bytes as f64), None),
            (format!("{} of it not of files", bytes(memory.anonymous_bytes as f64)), None),
        ];
        flow("memory", &parts, look, lines);
    }
    if !interval.breakers.is_empty() {
        let parts = interval.breakers.iter().map(|breaker| {
            let (said, paint) = match breaker.position.as_str() {
                "closed" => ("asked", None),
                "open" => ("NOT ASKED", Some(Paint::Red)),
                _ => ("tried", Some(Paint::Yellow)),
            };
            (format!("{} {said}", safe(&breaker.dependency)), paint)
        });
        flow("breakers", &parts.collect::<Vec<_>>(), look, lines);
    }
}

/// A label and parts behind it, in as many lines as they need.
fn flow(label: &str, parts: &[Cell], look: Look, lines: &mut Vec<String>) {
    let width = look.width.unwrap_or(usize::MAX);
    let mut line = look.paint(Paint::Dim, &format!("{label:<LABEL$}"));
    let mut used = LABEL;
    for (index, (text, paint)) in parts.iter().enumerate() {
        let text = cut(text, width.saturating_sub(LABEL).max(1));
        let gap = if index == 0 { 0 } else { 3 };
        if index > 0 && used + gap + columns(&text) > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(LABEL)));
            used = LABEL;
        } else {
            line.push_str(&" ".repeat(gap));
            used += gap;
        }
        used += columns(&text);
        line.push_str(&painted(&text, *paint, look));
    }
    lines.push(line);
}

fn tables(interval: &Interval) -> Vec<Table> {
    let queue = |queue: &crate::views::vitals::Queue| {
        let old = queue.oldest_millis.is_some_and(|millis| millis >= OLD_MILLIS);
        let count = |count: u64| (count.to_string(), if count == 0 { Some(Paint::Dim) } else { None });
        let age = queue.oldest_millis.map_or("-".to_owned(), age);
        let cells = vec![
            count(queue.visible),
            count(queue.in_flight),
            count(queue.delayed),
            (age, if old { Some(Paint::Yellow) } else { Some(Paint::Dim) }),
        ];
        ((safe(&queue.queue).into_owned(), None), cells)
    };
    let pipe = |pipe: &crate::views::vitals::Pipe| {
        let state = if pipe.running { ("runs", Paint::Dim) } else { ("stopped", Paint::Yellow) };
        let missed = if pipe.missed > 0 { Paint::Red } else { Paint::Dim };
        let cells = vec![
            (pipe.behind.to_string(), None),
            (pipe.missed.to_string(), Some(missed)),
            (state.0.to_owned(), Some(state.1)),
        ];
        ((safe(&pipe.pipe).into_owned(), None), cells)
    };
    let rated = |title, headings, rows: &[Row]| Table { title, headings, rows: rows.iter().map(rate_row).collect() };
    let tables = [
        rated("REQUESTS", &["per s", "p50 ≤", "p99 ≤", "refused", "failed"], &interval.routes),
        Table {
            title: "QUEUES",
            headings: &["visible", "in flight", "delayed", "oldest"],
            rows: interval.queues.iter().map(queue).collect(),
        },
        Table {
            title: "PIPES",
            headings: &["behind", "missed", "state"],
            rows: interval.pipes.iter().map(pipe).collect(),
        },
        rated("FUNCTIONS", &["per s", "p50 ≤", "p99 ≤", "throttled", "failed"], &interval.functions),
        rated("STEPS OF ORDERS", &["per s", "p50 ≤", "p99 ≤", "retried", "failed"], &interval.steps),
    ];
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

fn rate_row(row: &Row) -> (Cell, Vec<Cell>) {
    let Rate { per_second: all, refused_per_second, failed_per_second, took } = row.rate;
    let quiet = if all == 0.0 { Some(Paint::Dim) } else { None };
    let span = |bound| (bound_text(bound), quiet);
    let cells = vec![
        (per_second(all), quiet),
        span(took.p50),
        span(took.p99),
        (per_second(refused_per_second), if refused_per_second > 0.0 { Some(Paint::Yellow) } else { Some(Paint::Dim) }),
        (per_second(failed_per_second), if failed_per_second > 0.0 { Some(Paint::Red) } else { Some(Paint::Dim) }),
    ];
    ((safe(&row.name).into_owned(), quiet), cells)
}

fn draw_table(table: &Table, names: usize, fitting: usize, look: Look, lines: &mut Vec<String>) {
    let shown = table.headings.len().min(fitting);
    // Names give way to numbers: their room is what the numbers leave.
    let names = look.width.map_or(names, |width| names.min(width.saturating_sub(shown * COLUMN)).max(1));
    let heading: String = table.headings[..shown].iter().map(|heading| right(heading)).collect();
    let title = cut(table.title, names);
    let title = format!("{title}{}{heading}", " ".repeat(names.saturating_sub(columns(&title))));
    lines.push(String::new());
    lines.push(look.paint(Paint::Bold, &title));
    for ((name, paint), cells) in &table.rows {
        let name = cut(name, names);
        let mut line = painted(&name, *paint, look) + &" ".repeat(names.saturating_sub(columns(&name)));
        for (text, paint) in &cells[..shown] {
            line.push_str(&" ".repeat(COLUMN.saturating_sub(columns(text))));
            line.push_str(&painted(text, *paint, look));
        }
        lines.push(line);
    }
}

fn right(text: &str) -> String {
    " ".repeat(COLUMN.saturating_sub(columns(text))) + text
}

fn painted(text: &str, paint: Option<Paint>, look: Look) -> String {
    paint.map_or_else(|| text.to_owned(), |paint| look.paint(paint, text))
}

fn fit(text: &str, look: Look) -> std::borrow::Cow<'_, str> {
    look.width.map_or(text.into(), |width| cut(text, width))
}

pub(in crate::commands) fn at_most(bound: Bound) -> String {
    match bound {
        Bound::AtMost(_) => format!("≤ {}", bound_text(bound)),
        Bound::None | Bound::Beyond(_) => bound_text(bound),
    }
}

fn bound_text(bound: Bound) -> String {
    match bound {
        Bound::None => "-".to_owned(),
        Bound::AtMost(end) => micros(end),
        Bound::Beyond(end) => format!("> {}", micros(end)),
    }
}

pub(in crate::commands) fn per_second(rate: f64) -> String {
    match rate {
        0.0 => "0".to_owned(),
        ..10.0 => format!("{rate:.1}"),
        _ => format!("{rate:.0}"),
    }
}

fn micros(span: u64) -> String {
    // One digit behind the point while there is one before it, and none for whole numbers.
    let short = |value: f64, unit| match value {
        ..9.95 if value.fract().abs() > 0.05 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    };
    match span {
        ..1000 => format!("{span} µs"),
        1000..1_000_000 => short(span as f64 / 1e3, "ms"),
        1_000_000.. => short(span as f64 / 1e6, "s"),
    }
}

fn age(millis: u64) -> String {
    match millis / 1000 {
        0 => "< 1 s".to_owned(),
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

fn bytes(count: f64) -> String {
    match count {
        ..1e3 => format!("{count:.0} B"),
        ..1e6 => format!("{:.0} kB", count / 1e3),
        ..1e8 => format!("{:.1} MB", count / 1e6),
        ..1e9 => format!("{:.0} MB", count / 1e6),
        _ => format!("{:.1} GB", count / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::top::tests::{busy, quiet};

    #[test]
    fn a_busy_server_is_a_line_for_each_thing() {
        insta::assert_snapshot!(whole(&busy(), "127.0.0.1:4566", false, Look::PLAIN, None), @r"
        orderflow 127.0.0.1:4566  2026-01-02 03:04:05.678
        orders    1200/s taken   1190/s COMPLETED   0.5/s FAILED   to COMPLETED p50 ≤ 500 µs   p99 ≤ 2.5 ms   2 followed
        business  4320000 orders/h   99.95 % completed   USD 360.00/h
        disk      7000 commits/s   206 flushes/s   p50 ≤ 1 ms   p99 ≤ 1 ms   4.5 MB/s written   log 123 MB
        memory    91.2 MB   61.0 MB of it not of files
        breakers  inventory asked   payment NOT ASKED   fulfilment tried

        REQUESTS                   per s      p50 ≤      p99 ≤    refused     failed
        GET (no such route)          0.5     500 µs     500 µs        0.5          0
        GET /orders/{orderId}       4550     500 µs     500 µs          0          0
        POST /orders                1216     500 µs     2.5 ms         15        1.5

        QUEUES                   visible  in flight    delayed     oldest
        OrderQueue                    14         32          0        1 s
        OrderQueueDLQ                  1          0          0     10 min

        PIPES                     behind     missed      state
        premium-orders                 0          0       runs
        standard-orders              240          3    stopped

        FUNCTIONS                  per s      p50 ≤      p99 ≤  throttled     failed
        OrderWorker                  150     500 µs     2.5 ms          0        0.5
        PremiumOrderFunction           0          -          -          0          0

        STEPS OF ORDERS            per s      p50 ≤      p99 ≤    retried     failed
        PAYMENT_PROCESSING          1201     500 µs     500 µs        6.0          0
        VALIDATING                  1200     500 µs     500 µs          0          0
        ");
    }

    #[test]
    fn a_server_without_a_shop_front_has_what_it_has() {
        insta::assert_snapshot!(whole(&quiet(), "127.0.0.1:4566", true, Look::PLAIN, None), @r"
        orderflow 127.0.0.1:4566  does not answer; trying again
        orders    0/s taken
        disk      0 commits/s   0 flushes/s   0 B/s written   log 0 B

        QUEUES                  visible  in flight    delayed     oldest
        OrderQueue                    0          0          0          -
        OrderQueueDLQ                 0          0          0          -

        PIPES                    behind     missed      state
        premium-orders                0          0       runs
        ");
    }

    #[test]
    fn for_pipes_it_is_one_line() {
        insta::assert_snapshot!(line(&busy()), @"2026-01-02 03:04:05.678  5767 requests/s, p99 ≤ 500 µs, 1200 orders/s taken, 1190 COMPLETED, 0.5 FAILED, 17 refused/s, 47 in queues, pipes 240 behind, 7000 commits/s, flush p99 ≤ 1 ms, 91.2 MB");
        insta::assert_snapshot!(line(&quiet()), @"2026-01-02 03:04:05.678  0 requests/s, 0 orders/s taken, 0 in queues, pipes 0 behind, 0 commits/s");
    }

    #[test]
    fn nothing_is_wider_or_higher_than_the_terminal() {
        for (width, rows) in [(1, 3), (20, 24), (31, 2), (40, 10), (60, 24), (80, 25), (100, 100)] {
            for colour in [false, true] {
                let look = Look { colour, width: Some(width) };
                let text = whole(&busy(), "127.0.0.1:4566", false, look, Some(rows));
                assert!(text.lines().count() <= rows, "{rows} rows:\n{text}");
                if !colour && width >= NAMES_MIN {
                    let widest = text.lines().map(|line| columns(line.trim_end())).max().unwrap();
                    assert!(widest <= width, "{width} columns:\n{text}");
                }
            }
        }
        let look = Look { colour: false, width: Some(60) };
        insta::assert_snapshot!(whole(&busy(), "127.0.0.1:4566", false, look, Some(14)), @r"
        orderflow 127.0.0.1:4566  2026-01-02 03:04:05.678
        orders    1200/s taken   1190/s COMPLETED   0.5/s FAILED
                  to COMPLETED p50 ≤ 500 µs   p99 ≤ 2.5 ms
                  2 followed
        business  4320000 orders/h   99.95 % completed
                  USD 360.00/h
        disk      7000 commits/s   206 flushes/s   p50 ≤ 1 ms
                  p99 ≤ 1 ms   4.5 MB/s written   log 123 MB
        memory    91.2 MB   61.0 MB of it not of files
        breakers  inventory asked   payment NOT ASKED
                  fulfilment tried

        REQUESTS                   per s      p50 ≤      p99 ≤
        … 19 more lines: make the window higher
        ");
    }

    #[test]
    fn numbers_are_as_short_as_people_say_them() {
        let spans: Vec<_> = [100, 999, 1000, 1024, 2500, 10_000, 16_384, 2_500_000, 30_000_000].map(micros).into();
        assert_eq!(spans, ["100 µs", "999 µs", "1 ms", "1 ms", "2.5 ms", "10 ms", "16 ms", "2.5 s", "30 s"]);
        let rates: Vec<_> = [0.0, 0.04, 0.5, 9.94, 10.0, 15_321.4].map(per_second).into();
        assert_eq!(rates, ["0", "0.0", "0.5", "9.9", "10", "15321"]);
        let ages: Vec<_> = [0, 999, 1000, 119_999, 120_000, 7_200_000, 200_000_000].map(age).into();
        assert_eq!(ages, ["< 1 s", "< 1 s", "1 s", "119 s", "2 min", "2 h", "2 d"]);
        let sizes: Vec<_> = [0.0, 999.0, 1500.0, 2.55e7, 1.5e8, 3.2e9].map(bytes).into();
        assert_eq!(sizes, ["0 B", "999 B", "2 kB", "25.5 MB", "150 MB", "3.2 GB"]);
    }
}
