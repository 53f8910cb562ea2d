//! What a running server is made of, as its listeners see it.

use crate::front::{Pen, Shared};
use crate::metrics::Http;
use crate::rush::Rush;
use console::config::Config;
use desk::Backend;
use engine::Engine;
use runtime::Runtime;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use types::{FunctionName, SortedMap};

/// A running server.
pub(crate) struct App {
    /// The data at work.
    pub(crate) engine: Arc<Engine>,
    /// The functions of the stacks that run.
    pub(crate) runtime: Arc<Runtime>,
    /// How it was configured.
    pub(crate) config: Config,
    /// What AWS's clients ask: which stacks run, who may ask, what was counted.
    pub(crate) desk: Backend,
    /// Where the admin listener really listens.
    pub(crate) admin: SocketAddr,
    /// Where customers are served, as a URL.
    pub(crate) public: String,
    /// Where everything is kept.
    pub(crate) directory: PathBuf,
    /// What outlives the requests of customers.
    pub(crate) front: Arc<Shared>,
    /// Where functions that answer requests write their lines.
    pub(crate) pens: SortedMap<FunctionName, Pen>,
    /// What is counted of requests.
    pub(crate) http: Http,
    /// How many requests of customers are under way.
    pub(crate) under_way: AtomicUsize,
    /// Whose turn it is to have a function asked.
    pub(crate) turns: tokio::sync::Semaphore,
    /// Whether so many are that work nobody waits for stands back.
    pub(crate) rush: Rush,
}

impl App {
    /// What tests ask without a listener: an engine and what runs its functions, all else as it is at first.
    #[cfg(test)]
    pub(crate) fn of_test(engine: Arc<Engine>, runtime: Arc<Runtime>, stacks: Vec<String>) -> Self {
        Self {
            desk: Backend::new(Arc::clone(&engine), Arc::clone(&runtime), stacks),
            runtime,
            config: Config::default(),
            admin: "127.0.0.1:4566".parse().unwrap(),
            public: "http://127.0.0.1:8080".to_owned(),
            directory: "orderflow-data".into(),
            front: Shared::open(&engine).unwrap(),
            pens: SortedMap::default(),
            http: Http::default(),
            under_way: AtomicUsize::default(),
            turns: tokio::sync::Semaphore::new(1),
            rush: Rush::default(),
            engine,
        }
    }

    /// Whether the server is on its way down.
    pub(crate) fn is_stopping(&self) -> bool {
        self.desk.is_stopping()
    }

    /// Whether customers can be served; why not, if they cannot.
    pub(crate) fn readiness(&self) -> Result<(), &'static str> {
        if self.is_stopping() {
            return Err("the server is stopping");
        }
        if !self.engine.takes_writes() {
            return Err(crate::room::FULL);
        }
        Ok(())
    }
}
