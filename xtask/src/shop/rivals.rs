//! Decides what the shop is measured against, and how that is made to run on a machine that has none of it.
//!
//! Everything lies under `target/rivals`: built programs, what npm installs, data. Each rival is started on fresh data
//! and runs alone. PostgreSQL itself comes from the system's packages.

use super::process::{Running, ask_json, done};
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const POSTGRES_PORT: &str = "19432";
const POSTGRES_SHOP: &str = "127.0.0.1:19200";
/// More of them than this are not faster on any machine that was tried.
const POSTGRES_POOL: &str = "32";
const RESTATE_INGRESS: &str = "127.0.0.1:19081";
const RESTATE_ADMIN: &str = "127.0.0.1:19070";
const RESTATE_SERVICE_PORT: &str = "19080";
const HYPER: &str = "127.0.0.1:19300";
/// Where a system keeps PostgreSQL's programs.
const POSTGRES_PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// What is there to be measured against.
pub(crate) struct Rivals {
    home: PathBuf,
}

/// How PostgreSQL is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// BEGIN, INSERT, INSERT, COMMIT.
    Transaction,
    /// All in one statement.
    Statement,
}

impl Rivals {
    /// Installs and builds what is not there yet.
    pub(crate) fn set_up() -> anyhow::Result<Self> {
        let rivals = Self { home: crate::target().join("rivals") };
        std::fs::create_dir_all(&rivals.home)?;
        rivals.build()?;
        install_postgres()?;
        rivals.install_restate()?;
        Ok(rivals)
    }

    fn build(&self) -> anyhow::Result<()> {
        let mut command = crate::cargo();
        command.args(["build", "--release", "--manifest-path", "bench/rivals/Cargo.toml"]);
        done(command.env("CARGO_TARGET_DIR", self.home.join("cargo"))).context("the rivals do not build")
    }

    fn program(&self, name: &str) -> PathBuf {
        self.home.join("cargo/release").join(name)
    }

    /// What npm installs is kept, until something else is wanted.
    fn install_restate(&self) -> anyhow::Result<()> {
        let (from, home) = (crate::root().join("bench/rivals/restate"), self.home.join("restate"));
        std::fs::create_dir_all(&home)?;
        let wanted = std::fs::read_to_string(from.join("package.json"))?;
        let stamp = home.join("installed.json");
        std::fs::copy(from.join("service.mjs"), home.join("service.mjs"))?;
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        eprintln!("── installing Restate into {} ──", home.display());
        std::fs::write(home.join("package.json"), &wanted)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]);
        done(npm.current_dir(&home).stdout(Stdio::null()))
            .context("Restate cannot be installed; it needs Node and npm")?;
        std::fs::write(stamp, wanted)?;
        Ok(())
    }

    /// PostgreSQL and the shop in front of it; given back is where orders go.
    pub(crate) fn postgres(&self, style: Style) -> anyhow::Result<(Vec<Running>, String)> {
        let home = fresh(&self.home.join("postgres"))?;
        let data = home.join("data");
        let programs = Path::new(POSTGRES_PROGRAMS);
        let user = unprivileged(&home)?;
        let mut init = as_user(user, &programs.join("initdb"));
        init.arg("-D").arg(&data).args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        done(init.stdout(Stdio::null())).context("PostgreSQL cannot make its data directory")?;
        let mut server = as_user(user, &programs.join("postgres"));
        server.arg("-D").arg(&data);
        for setting in [
            "listen_addresses=",
            &format!("unix_socket_directories={}", home.display()),
            &format!("port={POSTGRES_PORT}"),
            "max_connections=200",
            "shared_buffers=128MB",
            "fsync=on",
            "synchronous_commit=on",
        ] {
            server.args(["-c", setting]);
        }
        // An interrupt is a fast shutdown; a polite one would wait for the shop to hang up.
        let server = Running::start("PostgreSQL", &mut server, &home.join("server.log"))?.ended_by("-INT");
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.arg("--quiet").arg("--host").arg(&home).args(["--port", POSTGRES_PORT]);
        super::patiently(|| done(&mut ready)).context("PostgreSQL does not come up")?;
        let mut shop = Command::new(self.program("postgres-outbox"));
        shop.arg(POSTGRES_SHOP).env("PGHOST", &home).env("PGPORT", POSTGRES_PORT).env("POOL", POSTGRES_POOL);
        shop.env("STYLE", if style == Style::Statement { "statement" } else { "transaction" });
        let (shop, _) = Running::start_talking("postgres-outbox", &mut shop)?;
        // Ended in this order: the shop first, so that it never sees its database go.
        Ok((vec![shop, server], POSTGRES_SHOP.to_owned()))
    }

    /// Restate and the service with five steps; given back is where orders go.
    pub(crate) fn restate(&self) -> anyhow::Result<(Vec<Running>, String)> {
        let home = self.home.join("restate");
        let data = fresh(&home.join("data"))?;
        let mut service = Command::new("node");
        let (service, _) = Running::start_talking(
            "the Restate service",
            service.arg("service.mjs").arg(RESTATE_SERVICE_PORT).current_dir(&home),
        )?;
        // The program itself, not the script around it, which would stay between us and it.
        let found = std::fs::read_dir(home.join("node_modules/@restatedev"))?.filter_map(Result::ok);
        let mut programs = found.map(|package| package.path().join("bin/restate-server"));
        let program = programs.find(|program| program.is_file()).context("npm installed no restate-server")?;
        let mut server = Command::new(program);
        server.arg("--no-logo").arg("--config-file").arg(crate::root().join("bench/rivals/restate/restate.toml"));
        server.arg("--base-dir").arg(&data).env("RESTATE_LISTEN_MODE", "tcp");
        let mut server = Running::start("Restate", &mut server, &home.join("server.log"))?;
        server.listens(RESTATE_ADMIN)?;
        server.listens(RESTATE_INGRESS)?;
        let body = format!(r#"{{"uri":"http://127.0.0.1:{RESTATE_SERVICE_PORT}"}}"#);
        let request = format!(
            "POST /deployments HTTP/1.1\r\nhost: {RESTATE_ADMIN}\r\nconnection: close\r\ncontent-type: application/json\
             \r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        // It answers before all of it is ready.
        super::patiently(|| ask_json(RESTATE_ADMIN, &request)).context("Restate does not take the service")?;
        super::patiently(|| {
            let request = format!(
                "POST /orders/process HTTP/1.1\r\nhost: {RESTATE_INGRESS}\r\nconnection: close\r\ncontent-type: \
                 application/json\r\ncontent-length: 2\r\n\r\n{{}}"
            );
            ask_json(RESTATE_INGRESS, &request)
        })
        .context("Restate does not carry an order through")?;
        Ok((vec![server, service], RESTATE_INGRESS.to_owned()))
    }

    /// A hyper server that answers everything with this body.
    pub(crate) fn hyper(&self, body: &[u8]) -> anyhow::Result<(Vec<Running>, String)> {
        let file = self.home.join("hyper-body.json");
        std::fs::write(&file, body)?;
        let mut command = Command::new(self.program("bare-hyper"));
        let (running, _) = Running::start_talking("bare-hyper", command.arg(HYPER).arg(file))?;
        Ok((vec![running], HYPER.to_owned()))
    }
}

/// Debian's, unless it is there.
fn install_postgres() -> anyhow::Result<()> {
    if Path::new(POSTGRES_PROGRAMS).join("postgres").is_file() {
        return Ok(());
    }
    eprintln!("── installing PostgreSQL 15 from the system's packages ──");
    let mut command = if is_root()? { Command::new("apt-get") } else { Command::new("sudo") };
    if !is_root()? {
        command.args(["-n", "apt-get"]);
    }
    command
        .args(["install", "--yes", "--no-install-recommends", "postgresql-15"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    done(command.stdout(Stdio::null())).context("PostgreSQL 15 cannot be installed; install postgresql-15 by hand")?;
    ensure!(Path::new(POSTGRES_PROGRAMS).join("postgres").is_file(), "there is no {POSTGRES_PROGRAMS}/postgres");
    Ok(())
}

fn is_root() -> anyhow::Result<bool> {
    let told = Command::new("id").arg("-u").output().context("id cannot be run")?;
    Ok(told.stdout.trim_ascii() == b"0")
}

/// PostgreSQL refuses to be run by root, so that it is run by its own user then, who is given the directory.
fn unprivileged(directory: &Path) -> anyhow::Result<Option<&'static str>> {
    if !is_root()? {
        return Ok(None);
    }
    done(Command::new("chown").arg("postgres").arg(directory))?;
    Ok(Some("postgres"))
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).arg(format!("--regid={user}")).arg("--clear-groups").arg("--").arg(program);
    command
}

/// An empty directory.
pub(crate) fn fresh(directory: &Path) -> anyhow::Result<PathBuf> {
    if directory.exists() {
        std::fs::remove_dir_all(directory).with_context(|| format!("cannot empty {}", directory.display()))?;
    }
    std::fs::create_dir_all(directory)?;
    Ok(directory.canonicalize()?)
}
