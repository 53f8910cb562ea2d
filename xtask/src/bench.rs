//! Decides which benches there are, and how their figures are shown and kept.
//!
//! A bench prints what it likes, and one line for each figure: `BENCH ` and a JSON object with `name`, `value`, `unit`
//! and, for what was measured side by side with something else, `against`, `ratio` and `spread` (the smallest and the
//! largest ratio of the rounds).

use crate::machine;
use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Instant;

/// A name to ask for, and the crate and the bench that it is.
const BENCHES: &[(&str, &str, &str)] = &[
    ("pattern", "pattern", "matching"),
    ("filters", "delivery", "filters"),
    ("store", "store", "store"),
    ("engine", "engine", "engine"),
    ("events", "engine", "events"),
    ("rules", "delivery", "rules"),
    ("functions", "runtime", "functions"),
    ("start", "server", "start"),
];

/// Runs benches; `arguments` are a name, or none for all, and from the first option or `--` on what goes to the bench itself.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    let split = arguments.iter().position(|argument| argument.starts_with('-')).unwrap_or(arguments.len());
    let (names, options) = arguments.split_at(split);
    let options = options.strip_prefix(&["--"]).unwrap_or(options);
    // Not among those that run when none is named: it installs other programs, and takes a long time.
    if names == ["shop"] {
        return crate::shop::run(options);
    }
    // Nor this one: it is of a server of its own, with a stack of its own.
    if names == ["snacks"] {
        return crate::snacks::run(options);
    }
    let wanted: Vec<_> = match names {
        [] => BENCHES.to_vec(),
        [name] => BENCHES.iter().copied().filter(|(known, ..)| known == name).collect(),
        more => bail!("one bench or all of them, not {}", more.join(" ")),
    };
    if wanted.is_empty() {
        let known: Vec<&str> = BENCHES.iter().map(|(name, ..)| *name).collect();
        bail!("there is no bench {}; there are {}, shop, snacks", names.join(" "), known.join(", "));
    }
    let target = crate::target();
    std::fs::create_dir_all(&target)?;
    let machine = machine::facts(&target)?;
    let mut figures = Vec::new();
    let mut failed = Vec::new();
    for (name, package, bench) in wanted {
        eprintln!("── {name} ──");
        let began = Instant::now();
        let whole = run_one(name, package, bench, options, &mut figures)?;
        eprintln!("── {name}: {:.0} s ──\n", began.elapsed().as_secs_f64());
        if !whole {
            failed.push(name);
        }
    }
    let path = target.join("bench.json");
    let kept = json!({ "machine": machine, "figures": figures });
    std::fs::write(&path, format!("{kept:#}\n")).with_context(|| format!("cannot write {}", path.display()))?;
    print!("{}", table(&machine, &figures));
    println!("\nwritten to {}", path.display());
    for name in &failed {
        eprintln!("error: the bench {name} failed; its figures above are not all of them");
    }
    Ok(failed.is_empty())
}

/// Runs one bench, shows what it prints as it prints it, and gathers its figures; whether it ended well.
fn run_one(name: &str, package: &str, bench: &str, options: &[&str], figures: &mut Vec<Json>) -> anyhow::Result<bool> {
    let mut command = crate::cargo();
    command.args(["bench", "--package", package, "--bench", bench, "--"]).args(options);
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().context("cargo cannot be run")?;
    let printed = child.stdout.take().context("a pipe was asked for")?;
    for line in BufReader::new(printed).lines() {
        let line = line?;
        match line.strip_prefix("BENCH ") {
            None => eprintln!("{line}"),
            Some(figure) => {
                let mut figure: Json =
                    serde_json::from_str(figure).with_context(|| format!("{name} printed a figure that is no JSON"))?;
                figure["bench"] = name.into();
                figures.push(figure);
            }
        }
    }
    Ok(child.wait()?.success())
}

/// The figures in columns.
fn table(machine: &Json, figures: &[Json]) -> String {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let number =
        |json: &Json, digits: usize| json.as_f64().map_or(String::new(), |number| format!("{number:.digits$}"));
    let mut rows = vec![["name", "value", "unit", "against", "ratio", "spread"].map(str::to_owned)];
    for figure in figures {
        let spread = match figure["spread"].as_array().map(Vec::as_slice) {
            Some([low, high]) => format!("{} to {}", number(low, 2), number(high, 2)),
            Some(_) | None => String::new(),
        };
        let columns =
            [text(&figure["name"]), number(&figure["value"], decimals(&figure["value"])), text(&figure["unit"])];
        let [name, value, unit] = columns;
        rows.push([name, value, unit, text(&figure["against"]), number(&figure["ratio"], 2), spread]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut table = format!(
        "{} cores, {}, Linux {}, load {}, fdatasync {} µs\n\n",
        machine["cores"],
        text(&machine["processor"]),
        text(&machine["kernel"]),
        text(&machine["load"]),
        number(&machine["fdatasyncMedianUs"], 0)
    );
    for [name, value, unit, against, ratio, spread] in &rows {
        let line = format!(
            "{name:<0$}  {value:>1$}  {unit:<2$}  {against:<3$}  {ratio:>4$}  {spread:<5$}",
            widths[0], widths[1], widths[2], widths[3], widths[4], widths[5]
        );
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// Small values need more digits behind the point to say anything.
fn decimals(value: &Json) -> usize {
    if value.as_f64().is_some_and(|value| value.abs() < 10.0) { 3 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_in_columns() {
        let machine = json!({"cores": 2, "processor": "p", "kernel": "6", "load": "0.5", "fdatasyncMedianUs": 120.4});
        let figures = [
            json!({"name": "store/1 writer", "value": 5000.25, "unit": "orders/s", "against": "append", "ratio": 0.875,
                   "spread": [0.8, 0.9]}),
            json!({"name": "disk", "value": 120.0, "unit": "us"}),
        ];
        assert_eq!(
            table(&machine, &figures),
            "2 cores, p, Linux 6, load 0.5, fdatasync 120 µs\n\n\
             name             value  unit      against  ratio  spread\n\
             store/1 writer  5000.2  orders/s  append    0.88  0.80 to 0.90\n\
             disk             120.0  us\n"
        );
    }

    #[test]
    fn a_bench_that_is_not_there_is_refused_by_name() {
        let error = run(&["nosuch"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no bench nosuch; there are pattern, filters, store, engine, events, rules, functions, start, shop, snacks"
        );
        assert!(run(&["store", "engine"]).is_err());
    }
}
