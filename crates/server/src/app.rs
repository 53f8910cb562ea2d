//! What a running server is made of, as its listeners see it.

use crate::config::Config;
use engine::Engine;
use runtime::Runtime;
use std::net::SocketAddr;
use std::sync::Arc;

/// A running server.
pub(crate) struct App {
    /// The data at work.
    pub(crate) engine: Arc<Engine>,
    /// The functions of the stacks that run.
    pub(crate) runtime: Arc<Runtime>,
    /// How it was configured.
    pub(crate) config: Config,
    /// The stacks that run.
    pub(crate) stacks: Vec<String>,
    /// Where the admin listener really listens.
    pub(crate) admin: SocketAddr,
    /// Who may use it; everybody on this machine if there are none.
    pub(crate) credentials: Vec<wire::sigv4::Credentials>,
}
