//! Decides how the questions of clients are answered from an engine, be it a server's or one opened for a look.
//!
//! Each question is a function from an engine to a view or a [`Problem`]; nothing here knows HTTP or terminals. All of
//! it may wait for the disk, so servers ask on threads that may wait.

pub mod letters;
pub mod logs;
pub mod order;

use crate::exit::{self, Failure};
use crate::views::{self, Refused};
use engine::{Engine, WriteRefused};
use types::{PipeName, SequenceNumber};

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whose fault it is.
    pub kind: Kind,
    /// In words.
    pub refused: Refused,
}

/// Whose fault it is that a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The question's: it cannot be asked like that.
    Invalid,
    /// The question's: what it names is not there.
    NotFound,
    /// Nobody's: ask again later.
    Unavailable,
    /// The data's.
    Damaged,
}

impl Kind {
    /// The status of an HTTP answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::NotFound => 404,
            Self::Unavailable => 503,
            Self::Damaged => 500,
        }
    }

    /// The kind behind a status; what no server of ours sends counts as damaged.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            400 | 405 | 413 => Self::Invalid,
            404 => Self::NotFound,
            503 => Self::Unavailable,
            _ => Self::Damaged,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Invalid => exit::USAGE,
            Self::NotFound => exit::NO,
            Self::Unavailable => exit::UNREACHABLE,
            Self::Damaged => exit::DATA_REFUSED,
        }
    }
}

impl Problem {
    /// A problem without a hint.
    pub fn new(kind: Kind, error: impl Into<String>) -> Self {
        Self { kind, refused: Refused { error: error.into(), hint: None } }
    }

    /// The same, with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.refused.hint = Some(hint.into());
        self
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let Problem { kind, refused: Refused { error, hint } } = problem;
        Self { code: kind.code(), error, hint }
    }
}

impl From<WriteRefused> for Problem {
    fn from(refused: WriteRefused) -> Self {
        let kind = match refused {
            WriteRefused::Busy | WriteRefused::Contended | WriteRefused::NoSpace | WriteRefused::Stopping => {
                Kind::Unavailable
            }
            WriteRefused::TooLarge(_) => Kind::Invalid,
            WriteRefused::Malformed(_) | WriteRefused::Lines(_) | WriteRefused::Store(_) | WriteRefused::Trim(_) => {
                Kind::Damaged
            }
        };
        Self::new(kind, refused.to_string())
    }
}

impl From<engine::NotFound> for Problem {
    fn from(missing: engine::NotFound) -> Self {
        Self::new(Kind::NotFound, missing.to_string())
    }
}

impl From<engine::PipeError> for Problem {
    fn from(error: engine::PipeError) -> Self {
        match error {
            engine::PipeError::NotFound(missing) => missing.into(),
            engine::PipeError::Write(refused) => refused.into(),
        }
    }
}

/// The tables that are served, and how they keep orders.
pub fn tables(engine: &Engine) -> Vec<views::Table> {
    let catalog = engine.catalog();
    let table = |name: types::TableName| {
        let stack = catalog.tables.get(&name).map(|entry| entry.stack.clone()).unwrap_or_default();
        views::Table { name: name.to_string(), stack, layout: layout(&catalog, &name) }
    };
    engine.table_names().into_iter().map(table).collect()
}

/// How a table keeps orders, by the functions that read its changes, or else by its name.
pub(crate) fn layout(catalog: &engine::Catalog, table: &types::TableName) -> Option<views::Layout> {
    let readers = catalog.pipes.values().filter(|pipe| pipe.spec.source.table() == Some(table));
    let functions = readers.filter_map(|pipe| catalog.functions.get(pipe.spec.target.function()?));
    let by_function = functions.filter_map(|entry| layout_of_handler(&entry.spec.handler)).next();
    by_function.or_else(|| layout_of_name(table.as_str()))
}

/// The layout that a handler which is built in reads.
fn layout_of_handler(handler: &str) -> Option<views::Layout> {
    match handler {
        "standard-orders" | "premium-orders" => Some(views::Layout::NewOrders),
        "order-events" | "premium-order-events" => Some(views::Layout::Orders),
        "commerce-orders" | "premium-commerce-orders" => Some(views::Layout::Shop),
        _ => None,
    }
}

/// The layout that a table's name promises.
fn layout_of_name(name: &str) -> Option<views::Layout> {
    let name = name.to_lowercase();
    if name.contains("neworders") || name.contains("new-orders") || name.contains("new_orders") {
        Some(views::Layout::NewOrders)
    } else if name.contains("orders") {
        Some(views::Layout::Orders)
    } else {
        None
    }
}

/// How the pipes are doing.
pub fn pipes(engine: &Engine) -> views::Pipes {
    let catalog = engine.catalog();
    let pipe = |status: engine::PipeStatus| {
        let spec = catalog.pipes.get(&status.name).map(|entry| &entry.spec);
        let behind = status.head.get().saturating_sub(status.done.get());
        views::Pipe {
            pipe: status.name.to_string(),
            table: spec.map(|spec| spec.source.to_string()).unwrap_or_default(),
            function: spec.map(|spec| spec.target.to_string()).unwrap_or_default(),
            running: status.running,
            done: place(status.done),
            head: place(status.head),
            behind,
            missed: status.missed,
        }
    };
    views::Pipes { pipes: engine.pipes().into_iter().map(pipe).collect() }
}

/// The pipe of this name.
pub(crate) fn pipe_name(engine: &Engine, name: &str) -> Result<PipeName, Problem> {
    let catalog = engine.catalog();
    let known = name.parse().ok().filter(|name| catalog.pipes.contains_key(name));
    known.ok_or_else(|| {
        let names = catalog.pipes.keys().map(PipeName::as_str);
        missing("pipe", name, names)
    })
}

/// Stops a pipe after what it is doing now.
pub fn stop_pipe(engine: &Engine, name: &str) -> Result<views::Pipes, Problem> {
    engine.stop_pipe(&pipe_name(engine, name)?)?;
    Ok(pipes(engine))
}

/// Starts a pipe that was stopped.
pub fn start_pipe(engine: &Engine, name: &str) -> Result<views::Pipes, Problem> {
    engine.resume_pipe(&pipe_name(engine, name)?)?;
    Ok(pipes(engine))
}

/// Reads the whole log and holds the index against it.
pub fn check(engine: &Engine) -> Result<views::Checked, Problem> {
    let engine::Check { entries, compared, findings } = engine.check()?;
    Ok(views::Checked { entries, compared, findings, notes: Vec::new() })
}

/// A problem with a name that is not there, with the one that was perhaps meant.
fn missing<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let known: Vec<&str> = known.collect();
    let problem = Problem::new(Kind::NotFound, format!("there is no {kind} {name}"));
    match (crate::nearest::nearest(name, known.iter().copied()), known.as_slice()) {
        (Some(near), _) => problem.hint(format!("did you mean {near}?")),
        (None, []) => problem.hint(format!("there is no {kind} at all; `orderflow up` runs a stack")),
        (None, known) => problem.hint(format!("there is: {}", known.join(", "))),
    }
}

fn place(sequence: SequenceNumber) -> String {
    sequence.to_string()
}

#[cfg(test)]
mod tests;
