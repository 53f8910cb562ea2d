//! Decides what is made of the figures of several rounds: medians, ratios, what was to be reached, and how it is shown.

use serde_json::{Value as Json, json};

/// One figure of one round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) who: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// What is to be reached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    what: &'static str,
    who: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// So many times what somebody else reaches.
    Times(&'static str, f64),
    Above(f64),
    Below(f64),
}

/// The rounds of a figure, or the ratios of two.
#[derive(Debug, Clone, PartialEq)]
struct Rounds {
    median: f64,
    low: f64,
    high: f64,
}

impl Bar {
    /// `who` is to reach so many times what `other` reaches.
    pub(crate) fn at_least(what: &'static str, who: &'static str, other: &'static str, times: f64) -> Self {
        Self { what, who, kind: Kind::Times(other, times) }
    }

    /// `who` is to reach this.
    pub(crate) fn above(what: &'static str, who: &'static str, value: f64) -> Self {
        Self { what, who, kind: Kind::Above(value) }
    }

    /// `who` is to stay below this.
    pub(crate) fn below(what: &'static str, who: &'static str, value: f64) -> Self {
        Self { what, who, kind: Kind::Below(value) }
    }

    /// What is compared with the bar; `None` if it was not measured.
    fn measured(&self, figures: &[Figure]) -> Option<Rounds> {
        let ours = values(figures, self.what, self.who);
        match self.kind {
            Kind::Times(other, _) => {
                let theirs = values(figures, self.what, other);
                rounds(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect())
            }
            Kind::Above(_) | Kind::Below(_) => rounds(ours),
        }
    }

    fn reached(&self, measured: &Rounds) -> bool {
        match self.kind {
            Kind::Times(_, bar) | Kind::Above(bar) => measured.median >= bar,
            Kind::Below(bar) => measured.median < bar,
        }
    }

    fn wanted(&self, unit: &str) -> String {
        match self.kind {
            Kind::Times(other, times) => format!("at least {times} × {other}"),
            Kind::Above(bar) => format!("at least {} {unit}", short(bar)),
            Kind::Below(bar) => format!("below {} {unit}", short(bar)),
        }
    }
}

fn values(figures: &[Figure], what: &str, who: &str) -> Vec<f64> {
    figures.iter().filter(|figure| figure.what == what && figure.who == who).map(|figure| figure.value).collect()
}

fn rounds(mut values: Vec<f64>) -> Option<Rounds> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (*values.first()?, *values.last()?);
    let middle = values.len() / 2;
    let median =
        if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] };
    Some(Rounds { median, low, high })
}

/// Whether every bar was measured and reached.
pub(crate) fn all_reached(figures: &[Figure], bars: &[Bar]) -> bool {
    bars.iter().all(|bar| bar.measured(figures).is_some_and(|measured| bar.reached(&measured)))
}

/// Each figure once, in the order in which they were first measured.
fn kinds(figures: &[Figure]) -> Vec<&Figure> {
    let mut kinds: Vec<&Figure> = Vec::new();
    for figure in figures {
        if !kinds.iter().any(|known| known.what == figure.what && known.who == figure.who) {
            kinds.push(figure);
        }
    }
    kinds.sort_by_key(|figure| figures.iter().position(|first| first.what == figure.what));
    kinds
}

/// For programs.
pub(crate) fn json(figures: &[Figure], bars: &[Bar]) -> Json {
    let measured = kinds(figures).into_iter().filter_map(|kind| {
        let all = values(figures, &kind.what, &kind.who);
        let rounds = rounds(all.clone())?;
        Some(json!({"what": kind.what, "who": kind.who, "unit": kind.unit, "median": rounds.median, "rounds": all}))
    });
    let bars = bars.iter().map(|bar| {
        let measured = bar.measured(figures);
        json!({
            "what": bar.what,
            "wanted": bar.wanted(unit(figures, bar.what)),
            "median": measured.as_ref().map(|measured| measured.median),
            "spread": measured.as_ref().map(|measured| [measured.low, measured.high]),
            "reached": measured.as_ref().map(|measured| bar.reached(measured)),
        })
    });
    json!({"measured": measured.collect::<Vec<_>>(), "bars": bars.collect::<Vec<_>>()})
}

fn unit<'a>(figures: &'a [Figure], what: &str) -> &'a str {
    figures.iter().find(|figure| figure.what == what).map_or("", |figure| figure.unit)
}

/// For people: what was measured, then what was to be reached.
pub(crate) fn draw(machine: &Json, figures: &[Figure], bars: &[Bar]) -> String {
    let mut text = format!(
        "{} cores, {}, Linux {}, load {} before, fdatasync of 4 KiB {} µs\n\n",
        machine["cores"],
        machine["processor"].as_str().unwrap_or_default(),
        machine["kernel"].as_str().unwrap_or_default(),
        machine["load"].as_str().unwrap_or_default(),
        machine["fdatasyncMedianUs"],
    );
    let mut rows = vec![["measured", "", "median", "", "from", "to"].map(str::to_owned)];
    for kind in kinds(figures) {
        let Some(rounds) = rounds(values(figures, &kind.what, &kind.who)) else { continue };
        let Rounds { median, low, high } = rounds;
        let numbers = [median, low, high].map(short);
        let [median, low, high] = numbers;
        rows.push([kind.what.clone(), kind.who.clone(), median, kind.unit.to_owned(), low, high]);
    }
    text += &columns(&rows, &[2, 4, 5]);
    text.push('\n');
    let mut rows = vec![["to be reached", "", "median", "from", "to", ""].map(str::to_owned)];
    for bar in bars {
        let wanted = bar.wanted(unit(figures, bar.what));
        let row = match bar.measured(figures) {
            None => {
                [bar.what.to_owned(), wanted, String::new(), String::new(), String::new(), "not measured".to_owned()]
            }
            Some(measured) => {
                let times = if matches!(bar.kind, Kind::Times(..)) { " ×" } else { "" };
                let [median, low, high] =
                    [measured.median, measured.low, measured.high].map(|value| format!("{}{times}", short(value)));
                let said = if bar.reached(&measured) { "reached" } else { "MISSED" };
                [bar.what.to_owned(), wanted, median, low, high, said.to_owned()]
            }
        };
        rows.push(row);
    }
    text + &columns(&rows, &[2, 3, 4])
}

/// Rows in columns; those named stand to the right.
fn columns(rows: &[[String; 6]], right: &[usize]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(nth, cell)| {
            let width = widths[nth];
            if right.contains(&nth) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// As many digits as say something.
fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(what: &str, who: &str, value: f64) -> Figure {
        Figure { what: what.to_owned(), who: who.to_owned(), value, unit: "orders/s" }
    }

    #[test]
    fn a_ratio_is_of_the_figures_of_one_round() {
        // The machine was half as fast in the second round, for both.
        let figures = [
            figure("orders", "ours", 100.0),
            figure("orders", "theirs", 40.0),
            figure("orders", "ours", 60.0),
            figure("orders", "theirs", 20.0),
            figure("orders", "ours", 90.0),
            figure("orders", "theirs", 45.0),
        ];
        let bars = [
            Bar::at_least("orders", "ours", "theirs", 2.5),
            Bar::at_least("orders", "ours", "others", 2.0),
            Bar::above("orders", "ours", 91.0),
            Bar::below("orders", "theirs", 41.0),
        ];
        let machine = json!({"cores": 2, "processor": "p", "kernel": "6", "load": "0.5", "fdatasyncMedianUs": 120.4});
        let drawn = draw(&machine, &figures, &bars);
        let expected = "\
2 cores, p, Linux 6, load 0.5 before, fdatasync of 4 KiB 120.4 µs

measured          median            from    to
orders    ours      90.0  orders/s  60.0   100
orders    theirs    40.0  orders/s  20.0  45.0

to be reached                          median    from      to
orders         at least 2.5 × theirs   2.50 ×  2.00 ×  3.00 ×  reached
orders         at least 2 × others                             not measured
orders         at least 91.0 orders/s    90.0    60.0     100  MISSED
orders         below 41.0 orders/s       40.0    20.0    45.0  reached
";
        assert_eq!(drawn, expected, "\n{drawn}");
        assert!(!all_reached(&figures, &bars));
        assert!(all_reached(&figures, &bars[..1]));
        assert_eq!(json(&figures, &bars)["bars"][0]["spread"], json!([2.0, 3.0]));
    }
}
