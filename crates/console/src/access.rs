//! Decides whom a command asks: the server that runs on the data directory, or the directory itself if none does.
//!
//! A server writes where it listens into `server.json` in its data directory; whoever is named with `--admin` is asked
//! and nobody else. Either way the views are the same.

use crate::ask;
use crate::client::{ANSWER_WITHIN, Client, WORK_WITHIN};
use crate::config::Config;
use crate::exit::{DATA_REFUSED, Failure, UNREACHABLE};
use crate::keyring::{Keyring, Offer};
use crate::query::Query;
use crate::views::{self, Checked, Health, LogGroups, LogLines, keys, letters, order};
use engine::Engine;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::Path;

/// Who is asked.
pub(crate) enum Access {
    /// A server.
    Server(Client),
    /// The directory, opened for a look; with it what opening it has repaired, in words.
    Directory(Box<Engine>, Vec<String>),
}

/// Who was named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// The server with this admin address, whatever its data directory is.
    Admin,
    /// This data directory, whatever other servers there are.
    DataDirectory,
    /// Nobody: the usual directory, or else the server at the usual address, as an ephemeral one is.
    Nobody,
}

/// What a server writes into its data directory.
#[derive(Debug, Deserialize)]
struct ServerFile {
    admin: SocketAddr,
    pid: u32,
}

/// The server that must be there.
pub(crate) fn server(config: &Config, named: Named) -> Result<(Client, Health), Failure> {
    if named != Named::Admin
        && let Some(found) = server_of_directory(config)?
    {
        return Ok(found);
    }
    if named == Named::DataDirectory || (named == Named::Nobody && has_data(&config.data_dir)) {
        let failure = Failure::new(UNREACHABLE, format!("no server runs on {}", shown(&config.data_dir)));
        return Err(
            failure.hint("start one with: orderflow up; or name the one you mean with --admin ADDR or --data-dir DIR")
        );
    }
    let client = Client::new(config.admin)?;
    let health = client.get("/health", ANSWER_WITHIN)?;
    Ok((client, health))
}

/// The server that runs on the data directory, if one does.
fn server_of_directory(config: &Config) -> Result<Option<(Client, Health)>, Failure> {
    let text = std::fs::read_to_string(config.data_dir.join("server.json"));
    let written = text.ok().and_then(|text| serde_json::from_str::<ServerFile>(&text).ok());
    let Some(ServerFile { admin, pid }) = written else { return Ok(None) };
    let client = Client::new(admin)?;
    // A server that crashed leaves its file behind, and by now another's may listen there, with other orders.
    let health = client.get::<Health>("/health", ANSWER_WITHIN).ok().filter(|health| health.pid == pid);
    Ok(health.map(|health| (client, health)))
}

impl Access {
    /// Finds whom to ask.
    pub(crate) fn open(config: &Config, named: Named) -> Result<Self, Failure> {
        if named == Named::Admin {
            return Ok(Self::Server(server(config, named)?.0));
        }
        if let Some((client, _)) = server_of_directory(config)? {
            return Ok(Self::Server(client));
        }
        // No server, or one that is still coming up: the lock decides.
        if has_data(&config.data_dir) {
            return Self::directory(config);
        }
        if named == Named::Nobody
            && let Ok((client, _)) = server(config, named)
        {
            return Ok(Self::Server(client));
        }
        let error = format!("no server runs on {} and there is no data there", shown(&config.data_dir));
        Err(Failure::new(UNREACHABLE, error).hint("start one with: orderflow up"))
    }

    fn directory(config: &Config) -> Result<Self, Failure> {
        let directory = config.data_dir.as_path();
        let shown = shown(directory);
        let (engine, report) = crate::open::open(config, directory).map_err(|error| match error {
            engine::OpenError::Store(store::OpenError::Locked { pid, .. }) => {
                let process = pid.map_or(String::new(), |pid| format!(" (pid {pid})"));
                let error = format!("another process{process} has {shown} open, and it does not answer");
                let hint = "it may be starting: try again; or name its admin listener with --admin ADDR";
                Failure::new(UNREACHABLE, error).hint(hint)
            }
            error => Failure::new(DATA_REFUSED, error.to_string()),
        })?;
        engine.wake_all().map_err(|error| Failure::new(DATA_REFUSED, error.to_string()))?;
        let mut notes = Vec::new();
        if let Some(torn) = &report.torn {
            notes.push(torn.to_string());
        }
        if report.watermark_was_missing {
            notes.push("there was no watermark; the log's own heads were believed".to_owned());
        }
        for fault in engine.lines().take_faults() {
            notes.push(format!("{}: {}", fault.path.display(), fault.problem));
        }
        Ok(Self::Directory(Box::new(engine), notes))
    }

    /// The server that is asked, if one is.
    pub(crate) fn client(&self) -> Option<&Client> {
        match self {
            Self::Server(client) => Some(client),
            Self::Directory(..) => None,
        }
    }

    /// What is known of an order.
    pub(crate) fn explain(&self, order: &str) -> Result<order::Order, Failure> {
        match self {
            Self::Server(client) => {
                client.get(&format!("/explain?{}", Query::default().with("order", order)), ANSWER_WITHIN)
            }
            Self::Directory(engine, _) => Ok(ask::order::explain(engine, order)?),
        }
    }

    /// The queues and their oldest messages.
    pub(crate) fn dlq_list(&self, limit: u32) -> Result<letters::Queues, Failure> {
        match self {
            Self::Server(client) => {
                client.get(&format!("/dlq/list?{}", Query::default().with("limit", limit)), ANSWER_WITHIN)
            }
            Self::Directory(engine, _) => Ok(ask::letters::list(engine, limit as usize)?),
        }
    }

    /// Messages of one queue in full.
    pub(crate) fn dlq_show(&self, queue: &str, id: Option<u64>, limit: u32) -> Result<letters::Shown, Failure> {
        match self {
            Self::Server(client) => {
                let query = Query::default().with("queue", queue).with_some("id", id).with("limit", limit);
                client.get(&format!("/dlq/show?{query}"), ANSWER_WITHIN)
            }
            Self::Directory(engine, _) => Ok(ask::letters::show(engine, queue, id, limit as usize)?),
        }
    }

    /// Delivers letters again.
    pub(crate) fn dlq_redrive(&self, redrive: &letters::Redrive) -> Result<letters::Redriven, Failure> {
        match self {
            Self::Server(client) => client.post("/dlq/redrive", redrive, WORK_WITHIN),
            Self::Directory(engine, _) if redrive.dry_run => Ok(ask::letters::redrive(engine, redrive)?),
            Self::Directory(..) => {
                let failure = Failure::new(UNREACHABLE, "no server runs, and it is there that functions run");
                Err(failure.hint("start one with `orderflow up` and try again; --dry-run works without"))
            }
        }
    }

    /// The groups of what functions print.
    pub(crate) fn log_groups(&self) -> Result<LogGroups, Failure> {
        match self {
            Self::Server(client) => client.get("/logs", ANSWER_WITHIN),
            Self::Directory(engine, _) => Ok(ask::logs::groups(engine)?),
        }
    }

    /// Lines of a group.
    pub(crate) fn logs(&self, asked: &ask::logs::Asked) -> Result<LogLines, Failure> {
        match self {
            Self::Server(client) => {
                let query = Query::default()
                    .with("group", &asked.group)
                    .with_some("since", asked.since_ms)
                    .with_some("after", asked.after)
                    .with("limit", asked.limit)
                    .with_some("filter", asked.filter.as_ref());
                client.get(&format!("/logs?{query}"), ANSWER_WITHIN)
            }
            Self::Directory(engine, _) => Ok(ask::logs::read(engine, asked)?),
        }
    }

    /// All API keys.
    pub(crate) fn keys(&self) -> Result<keys::List, Failure> {
        match self {
            Self::Server(client) => client.get("/keys", ANSWER_WITHIN),
            Self::Directory(engine, _) => Ok(Keyring::open(engine)?.list()),
        }
    }

    /// Makes an API key.
    pub(crate) fn make_key(&self, make: &keys::Make) -> Result<keys::Created, Failure> {
        match self {
            Self::Server(client) => client.post("/keys/create", make, ANSWER_WITHIN),
            Self::Directory(engine, _) => Ok(Keyring::open(engine)?.make(make, &Offer::of(engine))?),
        }
    }

    /// Takes an API key back.
    pub(crate) fn revoke_key(&self, id: &str) -> Result<keys::Key, Failure> {
        match self {
            Self::Server(client) => {
                client.post(&format!("/keys/revoke?{}", Query::default().with("id", id)), &(), ANSWER_WITHIN)
            }
            Self::Directory(engine, _) => Ok(Keyring::open(engine)?.revoke(id)?),
        }
    }

    /// Checks the data.
    pub(crate) fn check(&self) -> Result<Checked, Failure> {
        match self {
            Self::Server(client) => client.get("/doctor", WORK_WITHIN),
            Self::Directory(engine, notes) => Ok(views::Checked { notes: notes.clone(), ..ask::check(engine)? }),
        }
    }
}

/// Whether somebody has ever opened an engine there. One sign is enough: what then is missing, the store says.
fn has_data(directory: &Path) -> bool {
    ["FORMAT", "log"].iter().any(|name| directory.join(name).exists())
}

impl Drop for Access {
    /// A directory is closed in order, so that nothing is to be repaired with the next start.
    fn drop(&mut self) {
        if let Self::Directory(engine, _) = self {
            engine.stop();
        }
    }
}

/// A path as people write it: one that begins nowhere begins here.
fn shown(path: &Path) -> String {
    if path.is_absolute() || path.starts_with(".") || path.starts_with("..") {
        path.display().to_string()
    } else {
        format!("./{}", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_server_and_without_data_one_is_told_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { data_dir: directory.path().join("none"), ..Config::default() };
        let failure = Access::open(&config, Named::DataDirectory).err().unwrap();
        assert_eq!(failure.code, UNREACHABLE);
        assert!(failure.error.ends_with("none and there is no data there"), "{}", failure.error);
        assert_eq!(failure.hint.as_deref(), Some("start one with: orderflow up"));
        assert!(!config.data_dir.exists(), "a look makes nothing");
    }

    #[test]
    fn a_directory_whose_server_is_gone_is_opened_and_one_that_is_in_use_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        let (engine, _) = crate::open::open(&config, directory.path()).unwrap();
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        std::fs::write(directory.path().join("server.json"), format!(r#"{{"admin":"{gone}","pid":1}}"#)).unwrap();
        let failure = Access::open(&config, Named::DataDirectory).err().unwrap();
        assert_eq!(failure.code, UNREACHABLE);
        assert!(failure.error.contains("does not answer"), "{}", failure.error);
        engine.stop();
        drop(engine);
        let access = Access::open(&config, Named::DataDirectory).unwrap();
        assert!(access.client().is_none());
        assert_eq!(access.explain("ORD-1").unwrap().histories, []);
        assert_eq!(access.check().unwrap().findings, Vec::<String>::new());
    }

    /// A server with pid 7 that answers one question with its health; the head of the question is given back.
    fn answer_once(listener: std::net::TcpListener) -> std::thread::JoinHandle<String> {
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
                head.push(byte[0]);
            }
            let body = concat!(
                r#"{"status":"ok","version":"0","pid":7,"admin":"a","public":"p","directory":"d","#,
                r#""account":"0","region":"r","#,
                r#""stacks":[],"tables":[]}"#
            );
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
            String::from_utf8(head).unwrap()
        })
    }

    #[test]
    fn the_server_of_a_directory_is_known_by_its_process() {
        for (pid, expected) in [(7, true), (8, false)] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let admin = listener.local_addr().unwrap();
            let directory = tempfile::tempdir().unwrap();
            let text = format!(r#"{{"admin":"{admin}","pid":{pid},"startedAt":"2025-10-31T10:00:00.000Z"}}"#);
            std::fs::write(directory.path().join("server.json"), text).unwrap();
            let config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
            let answering = answer_once(listener);
            let found = server_of_directory(&config).unwrap();
            assert_eq!(found.map(|(client, _)| client.address()), expected.then_some(admin), "pid {pid}");
            answering.join().unwrap();
        }
    }

    #[test]
    fn a_server_elsewhere_is_asked_only_if_no_directory_was_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let admin = listener.local_addr().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let config = Config { data_dir: directory.path().join("none"), admin, ..Config::default() };
        assert_eq!(Access::open(&config, Named::DataDirectory).err().unwrap().code, UNREACHABLE);
        assert_eq!(server(&config, Named::DataDirectory).err().unwrap().code, UNREACHABLE);
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "nobody was asked");
        listener.set_nonblocking(false).unwrap();
        let answering = answer_once(listener);
        let access = Access::open(&config, Named::Nobody).unwrap();
        assert_eq!(access.client().map(Client::address), Some(admin));
        let head = answering.join().unwrap();
        assert!(head.starts_with("GET /_orderflow/health HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("host: {admin}\r\n")), "{head}");
    }

    #[test]
    fn paths_are_shown_with_where_they_begin() {
        for (path, text) in [("data", "./data"), ("./data", "./data"), ("/data", "/data"), ("../data", "../data")] {
            assert_eq!(shown(Path::new(path)), text);
        }
    }
}
