//! Decides what a server answers under `/_orderflow/`: what the command line asks it, as JSON.
//!
//! Paths, parameters and answers are for programs other than ours as well: [`ROUTES`] lists them, [`console::views`] has
//! the answers, and whatever is asked wrongly is told which parameter it was.

mod traffic;
mod vitals;

use crate::app::App;
use console::ask::{self, Kind, Problem};
use console::keyring::Offer;
use console::query::Query;
use console::views;
use engine::Engine;
use serde::Serialize;
use std::sync::Arc;

/// What can be asked; the parameters in brackets may be left out.
const ROUTES: [&str; 15] = [
    "GET /_orderflow/health",
    "GET /_orderflow/vitals",
    "GET /_orderflow/traffic",
    "GET /_orderflow/explain?order=",
    "GET /_orderflow/dlq/list[?limit=]",
    "GET /_orderflow/dlq/show?queue=[&id=][&limit=]",
    "POST /_orderflow/dlq/redrive {queue, id?, containing?, perSecond?, dryRun?}",
    "GET /_orderflow/logs[?group=][&since=][&after=][&limit=][&filter=]",
    "GET /_orderflow/pipes",
    "POST /_orderflow/pipes/stop?name=",
    "POST /_orderflow/pipes/start?name=",
    "GET /_orderflow/doctor",
    "GET /_orderflow/keys",
    "POST /_orderflow/keys/create {name?, tenant?, plan?, scopes?}",
    "POST /_orderflow/keys/revoke?id=",
];

/// What goes back to a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// What the body is.
    pub(crate) content_type: &'static str,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Answers a request whose path begins with `/_orderflow/`.
pub(crate) async fn answer(app: &App, method: &str, path: &str, query: &str, body: &[u8]) -> Answer {
    let question = match question(method, path, query, body) {
        Ok(question) => question,
        Err(problem) => return refuse(problem),
    };
    let (engine, front) = (Arc::clone(&app.engine), Arc::clone(&app.front));
    let about = views::Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        admin: app.admin.to_string(),
        public: app.public.clone(),
        directory: app.directory.display().to_string(),
        account: app.config.account.clone(),
        region: app.config.region.clone(),
        stacks: app.desk.stacks.clone(),
        tables: Vec::new(),
        takes_orders: app.engine.catalog().functions.keys().any(|function| app.runtime.takes_requests(function)),
    };
    let runtime = Arc::clone(&app.runtime);
    let routes = if matches!(question, Question::Vitals) { vitals::routes(&app.http) } else { Vec::new() };
    let asked = if matches!(question, Question::Traffic) { traffic::routes(&app.http) } else { Vec::new() };
    let empty = if matches!(question, Question::Traffic) {
        traffic::empty_receives(&app.desk.calls)
    } else {
        Default::default()
    };
    // Each of them may wait for the disk, or for functions.
    let answered = engine::aside(move || match question {
        Question::Health => Ok(ok(&views::Health { tables: ask::tables(&engine), ..about })),
        Question::Vitals => Ok(ok(&vitals::vitals(&engine, &runtime, routes, front.followers.count()))),
        Question::Traffic => Ok(ok(&traffic::traffic(&engine, &runtime, asked, &empty))),
        Question::OfEngine(question) => on_engine(&engine, question),
        Question::Keys => Ok(ok(&front.keyring.list())),
        Question::MakeKey(make) => Ok(ok(&front.keyring.make(&make, &Offer::of(&engine))?)),
        Question::RevokeKey { id } => {
            let revoked = front.keyring.revoke(&id)?;
            front.followers.wake_all();
            Ok(ok(&revoked))
        }
    });
    let crashed = |_| Problem::new(Kind::Damaged, "answering this failed inside orderflow; see what it printed");
    answered.await.map_err(crashed).and_then(|answer| answer).unwrap_or_else(refuse)
}

/// What can be asked.
#[derive(Debug)]
enum Question {
    Health,
    Vitals,
    Traffic,
    Keys,
    MakeKey(views::keys::Make),
    RevokeKey { id: String },
    OfEngine(OfEngine),
}

/// What can be asked of an engine.
#[derive(Debug)]
enum OfEngine {
    Explain { order: String },
    DlqList { limit: usize },
    DlqShow { queue: String, id: Option<u64>, limit: usize },
    DlqRedrive(views::letters::Redrive),
    LogGroups,
    Logs(ask::logs::Asked),
    Pipes,
    StopPipe { name: String },
    StartPipe { name: String },
    Doctor,
}

fn question(method: &str, path: &str, query: &str, body: &[u8]) -> Result<Question, Problem> {
    let path = path.strip_prefix("/_orderflow").unwrap_or(path);
    let wanted = match path {
        "/health" | "/vitals" | "/traffic" | "/explain" | "/dlq/list" | "/dlq/show" | "/logs" | "/pipes"
        | "/doctor" | "/keys" => "GET",
        "/dlq/redrive" | "/pipes/stop" | "/pipes/start" | "/keys/create" | "/keys/revoke" => "POST",
        _ => {
            let problem = Problem::new(Kind::NotFound, format!("there is nothing at /_orderflow{path}"));
            return Err(problem.hint(format!("there is: {}", ROUTES.join("; "))));
        }
    };
    if method != wanted {
        let error = format!("/_orderflow{path} is asked with {wanted}, not with {method}");
        return Err(Problem::new(Kind::Invalid, error));
    }
    let invalid = |error: String| Problem::new(Kind::Invalid, error);
    let query = Query::parse(query).map_err(invalid)?;
    read(path, &query, body).map_err(invalid)
}

fn read(path: &str, query: &Query, body: &[u8]) -> Result<Question, String> {
    let only = |names| query.only(names);
    let text = |name| query.required(name).map(str::to_owned);
    let limit = |default: usize, max: usize| match query.number::<usize>("limit")? {
        Some(limit) if (1..=max).contains(&limit) => Ok(limit),
        Some(_) => Err(format!("the parameter limit is not between 1 and {max}")),
        None => Ok(default),
    };
    Ok(Question::OfEngine(match path {
        "/explain" => {
            only(&["order"])?;
            OfEngine::Explain { order: text("order")? }
        }
        "/dlq/list" => {
            only(&["limit"])?;
            OfEngine::DlqList { limit: limit(100, ask::letters::LETTERS_MAX)? }
        }
        "/dlq/show" => {
            only(&["queue", "id", "limit"])?;
            let limit = limit(20, ask::letters::LETTERS_MAX)?;
            OfEngine::DlqShow { queue: text("queue")?, id: query.number("id")?, limit }
        }
        "/dlq/redrive" => {
            only(&[])?;
            let redrive = serde_json::from_slice(body).map_err(|error| format!("the body: {error}"))?;
            OfEngine::DlqRedrive(redrive)
        }
        "/logs" => {
            only(&["group", "since", "after", "limit", "filter"])?;
            let Some(group) = query.text("group") else {
                only(&[])?;
                return Ok(Question::OfEngine(OfEngine::LogGroups));
            };
            OfEngine::Logs(ask::logs::Asked {
                group: group.to_owned(),
                since_ms: query.number("since")?,
                after: query.number("after")?,
                limit: limit(1000, ask::logs::LINES_MAX)?,
                filter: query.text("filter").map(str::to_owned),
            })
        }
        "/vitals" => {
            only(&[])?;
            return Ok(Question::Vitals);
        }
        "/traffic" => {
            only(&[])?;
            return Ok(Question::Traffic);
        }
        "/keys" => {
            only(&[])?;
            return Ok(Question::Keys);
        }
        "/keys/create" => {
            only(&[])?;
            let make = serde_json::from_slice(body).map_err(|error| format!("the body: {error}"))?;
            return Ok(Question::MakeKey(make));
        }
        "/keys/revoke" => {
            only(&["id"])?;
            return Ok(Question::RevokeKey { id: text("id")? });
        }
        "/pipes/stop" => {
            only(&["name"])?;
            OfEngine::StopPipe { name: text("name")? }
        }
        "/pipes/start" => {
            only(&["name"])?;
            OfEngine::StartPipe { name: text("name")? }
        }
        _ => {
            only(&[])?;
            match path {
                "/pipes" => OfEngine::Pipes,
                "/doctor" => OfEngine::Doctor,
                _ => return Ok(Question::Health),
            }
        }
    }))
}

fn on_engine(engine: &Engine, question: OfEngine) -> Result<Answer, Problem> {
    Ok(match question {
        OfEngine::Explain { order } => ok(&ask::order::explain(engine, &order)?),
        OfEngine::DlqList { limit } => ok(&ask::letters::list(engine, limit)?),
        OfEngine::DlqShow { queue, id, limit } => ok(&ask::letters::show(engine, &queue, id, limit)?),
        OfEngine::DlqRedrive(redrive) => ok(&ask::letters::redrive(engine, &redrive)?),
        OfEngine::LogGroups => ok(&ask::logs::groups(engine)?),
        OfEngine::Logs(asked) => ok(&ask::logs::read(engine, &asked)?),
        OfEngine::Pipes => ok(&ask::pipes(engine)),
        OfEngine::StopPipe { name } => ok(&ask::stop_pipe(engine, &name)?),
        OfEngine::StartPipe { name } => ok(&ask::start_pipe(engine, &name)?),
        OfEngine::Doctor => ok(&ask::check(engine)?),
    })
}

fn ok<T: Serialize>(view: &T) -> Answer {
    json(200, view)
}

fn refuse(problem: Problem) -> Answer {
    json(problem.kind.status(), &problem.refused)
}

fn json<T: Serialize>(status: u16, view: &T) -> Answer {
    let mut body = serde_json::to_vec(view).expect("views have string keys");
    body.push(b'\n');
    Answer { status, content_type: "application/json", body }
}

#[cfg(test)]
mod tests;
