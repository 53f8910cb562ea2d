//! Decides how a server comes up, what it says, and how it goes down.
//!
//! Templates are read and checked before anything is touched; then the data directory is opened, the stacks are
//! deployed, and only when everything is in place do the listeners open and the lines to paste appear.

use crate::app::App;
use crate::front::{Front, Pen, Shared};
use crate::greeting::{self, Greeting};
use crate::listener::{self, Limits};
use crate::metrics::Http;
use crate::rush::Rush;
use crate::watching::Rounds;
use crate::{convert, files, front, room, tls, tracing};
use anyhow::Context as _;
use console::config::Config;
use console::{UpOptions, exit, open, params};
use engine::{Catalog, Engine};
use orders::FailingOrders;
use runtime::{Collector, Runtime};
use serde_json::json;
use stack::Stack;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use types::{FunctionName, SortedMap};

mod admin;
mod first_key;
mod stacks;

pub(crate) use first_key::FirstKey;
pub(crate) use stacks::Deployed;

use admin::Admin;
use first_key::first_key;
use stacks::{Source, deploy, resolve, secrets_of_connections, template_refused, versions};

/// How long requests that have begun may take when the server goes down.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// What the clients of the admin listener may take together.
const ADMIN: Limits = Limits { connections: 1_024, bodies_kib: 128 << 10, body_within: Duration::from_secs(60) };
/// What customers may take together.
const PUBLIC: Limits = Limits { connections: 2_048, bodies_kib: 64 << 10, body_within: Duration::from_secs(10) };

/// Runs stacks until told to stop; the exit code is given back.
///
/// # Errors
/// When the system or the data refuses what a server needs. What is wrong with what was asked for is said here.
pub fn run(config: &Config, templates: &[PathBuf], options: &UpOptions, json: bool) -> anyhow::Result<u8> {
    let started = Instant::now();
    let ephemeral = options.ephemeral;
    let mut sources = match stacks::read_all(templates) {
        Ok(sources) => sources,
        Err(said) => return Ok(refuse(&said)),
    };
    let names: Vec<&str> = sources.iter().map(|source| source.stack_name.as_str()).collect();
    let given = params::by_stack(&options.params, &names)?;
    sources.iter_mut().zip(given).for_each(|(source, overrides)| source.overrides = overrides);
    let credentials = credentials(config);
    if credentials.is_empty()
        && let Some(address) = [config.admin, config.public].into_iter().find(|address| !address.ip().is_loopback())
    {
        return Ok(refuse(&format!(
            "error: {address} can be reached from other machines, and access-key-id and secret-access-key are not set\n\
             hint: set both in the configuration, then AWS requests must be signed with them, while customers show their \
             API keys; or listen on 127.0.0.1"
        )));
    }
    let traced = match tracing::read(options.otlp.as_deref()) {
        Ok(traced) => traced,
        Err(said) => return Ok(refuse(&said)),
    };
    // Everything that can be said of the templates is said before the data directory is touched.
    let unknown = |_: &str| "*".to_owned();
    for source in &sources {
        match resolve(source, config, config.admin, (Box::new(unknown), versions(&Catalog::default()))) {
            Err(errors) => return Ok(refuse(&template_refused(source, &errors))),
            Ok(stack) => {
                if let Err(said) = convert::watched_of(&stack) {
                    return Ok(refuse(&format!("error: {} cannot be run\n{said}", source.shown)));
                }
            }
        }
    }
    // Before the data is opened, which asks how many files it may have.
    let limits = files::make_room([ADMIN, PUBLIC]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // Orders are worked on by threads that stand back when there is more to do than there is time for: then orders are
    // taken in first, and the queue keeps them.
    let work = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("work")
        .on_thread_start(stand_back)
        .enable_all()
        .build()?;
    // The same goes for what the system may refuse.
    let listening = match runtime.block_on(Listening::new(config))? {
        Ok(listening) => listening,
        Err(said) => return Ok(refuse(&said)),
    };
    let scratch = if ephemeral {
        Some(tempfile::Builder::new().prefix("orderflow-").tempdir().context("no temporary directory")?)
    } else {
        None
    };
    let directory = scratch.as_ref().map_or(config.data_dir.as_path(), |scratch| scratch.path());
    let (engine, report) = match open::open_patiently(config, directory) {
        Ok(opened) => opened,
        Err(error) => {
            engine::complain!("error: {error}");
            if matches!(error, engine::OpenError::Store(store::OpenError::Io { what: "create", .. })) {
                engine::complain!("hint: name a directory that this user may write to with --data-dir DIR");
            }
            return Ok(exit::DATA_REFUSED);
        }
    };
    if let Some(torn) = &report.torn {
        engine::complain!("note: {torn}");
    }
    let engine = Arc::new(engine);
    let collector = traced.map(|(tracer, collector)| {
        // Before anybody begins anything.
        engine.trace_by(Arc::new(tracer));
        collector
    });
    let plan = Plan { config, sources: &sources, limits, credentials, started, json, collector };
    let kept_in = if ephemeral { None } else { Some(directory) };
    let code = runtime.block_on(serve(plan, &engine, directory, kept_in, listening, work.handle()));
    work.shutdown_timeout(Duration::from_secs(1));
    runtime.shutdown_timeout(Duration::from_secs(1));
    engine.stop();
    code
}

/// How far threads that work on orders stand back.
const NICENESS: i32 = 10;

/// Lets others go first, if the system knows how.
fn stand_back() {
    // Without it everything works all the same, only not in that order.
    let _ = rustix::process::nice(NICENESS);
}

/// What a server is to do.
struct Plan<'a> {
    config: &'a Config,
    sources: &'a [Source],
    /// What the clients of the admin listener may take, and those of the public one.
    limits: [Limits; 2],
    credentials: Vec<wire::sigv4::Credentials>,
    started: Instant,
    json: bool,
    /// Who is told of traces.
    collector: Option<Collector>,
}

/// Where a server hears of clients, and of its end.
struct Listening {
    admin: TcpListener,
    public: TcpListener,
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Listening {
    /// Takes the ports and the signals, before anybody is told that the server is up; what the system refuses is said
    /// in words.
    async fn new(config: &Config) -> anyhow::Result<Result<Self, String>> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let hangup = signal(SignalKind::hangup())?;
        let admin = bind(config.admin, "admin").await;
        let public = bind(config.public, "public").await;
        Ok(admin.and_then(|admin| Ok(Self { admin, public: public?, interrupt, terminate, hangup })))
    }
}

fn refuse(said: &str) -> u8 {
    engine::complain!("{said}");
    exit::USAGE
}

fn credentials(config: &Config) -> Vec<wire::sigv4::Credentials> {
    let pair = config.access_key_id.clone().zip(config.secret_access_key.clone());
    let credentials =
        |(access_key_id, secret_access_key)| wire::sigv4::Credentials { access_key_id, secret_access_key };
    pair.map(credentials).into_iter().collect()
}

async fn serve(
    plan: Plan<'_>,
    engine: &Arc<Engine>,
    directory: &Path,
    kept_in: Option<&Path>,
    listening: Listening,
    work: &tokio::runtime::Handle,
) -> anyhow::Result<u8> {
    let Plan { config, sources, limits: [admin_limits, public_limits], credentials, started, json, collector } = plan;
    let Listening { admin, public, mut interrupt, mut terminate, mut hangup } = listening;
    let (admin_at, public_at) = (admin.local_addr()?, public.local_addr()?);
    let deployed = match deploy(engine, sources, config, admin_at) {
        Ok(deployed) => deployed,
        Err((code, said)) => {
            engine::complain!("{said}");
            return Ok(code);
        }
    };
    let tls = match tls::open(config, directory) {
        Ok(tls) => tls,
        Err(said) => return Ok(refuse(&said)),
    };
    let stacks: Vec<String> = deployed.iter().map(|one| one.stack.name.clone()).collect();
    let failing = FailingOrders::parse(&std::env::var("ORDERFLOW_FAIL_ORDERS").unwrap_or_default());
    let drill: Vec<String> = failing.iter().map(str::to_owned).collect();
    if let Err(said) = secrets_of_connections(&deployed) {
        return Ok(refuse(&said));
    }
    let functions = match functions(engine, &stacks, failing) {
        Ok(functions) => functions,
        Err(wrong) => {
            let lines: Vec<String> = wrong.iter().map(|wrong| format!("error: {wrong}")).collect();
            return Ok(refuse(&lines.join("\n")));
        }
    };
    let functions = match functions.calling(&config.endpoint_addresses) {
        Ok(functions) => Arc::new(functions),
        Err(problem) => return Ok(refuse(&format!("error: the setting `endpoint-addresses` {problem}"))),
    };
    let front = Shared::open(engine)?;
    let pens = pens(engine, &front);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let (stop, stopped) = watch::channel(false);
    let app = Arc::new(App {
        engine: Arc::clone(engine),
        runtime: Arc::clone(&functions),
        desk: desk::Backend {
            credentials,
            ..desk::Backend::new(Arc::clone(engine), Arc::clone(&functions), stacks.clone())
        },
        config: config.clone(),
        admin: admin_at,
        public: format!("{scheme}://{}", greeting::reachable(public_at)),
        directory: std::path::absolute(directory)?,
        front: Arc::clone(&front),
        pens,
        http: Http::default(),
        under_way: AtomicUsize::new(0),
        turns: tokio::sync::Semaphore::new(front::TURNS),
        rush: Rush::default(),
    });
    let running: Vec<&Stack> = deployed.iter().map(|one| &one.stack).collect();
    let public_service = match Front::open(&app, &running, stopped.clone()) {
        Ok(service) => service,
        Err(said) => return Ok(refuse(&said)),
    };
    let key = first_key(&app, &running)?;
    let waited_for = Arc::downgrade(&app);
    engine.give_way(Box::new(move || waited_for.upgrade().is_some_and(|app| app.rush.lasts(Instant::now()))));
    let account = engine.account().clone();
    engine.spell_messages(Box::new(move |queue, received| desk::message_record(queue, received, &account)));
    // From here on functions run: everything that could be refused has been.
    {
        let _within = work.enter();
        engine.start(&stacks, functions as Arc<dyn engine::Functions>)?;
    }
    let api = running.iter().flat_map(|stack| &stack.apis).next();
    let api = api.map(|api| (api.spec.name.clone(), api.spec.stage.clone()));
    let rounds = Rounds::new(Arc::downgrade(&app), tokio::runtime::Handle::current(), api);
    engine.start_watch(Box::new(rounds));
    let context = wire::Context { account: engine.account().clone(), base_url: format!("http://{admin_at}") };
    let hosts = if admin_at.ip().is_loopback() { loopback_hosts() } else { Vec::new() };
    let admin_service = Admin { app: Arc::clone(&app), context, hosts, loopback: loopback_hosts() };
    let admin = listener::serve(admin, Arc::new(admin_service), admin_limits, None, stopped.clone());
    let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
    let public = listener::serve(public, Arc::new(public_service), public_limits, acceptor, stopped.clone());
    let telling = engine.tracer().cloned().zip(collector);
    let telling = telling.map(|(tracer, collector)| work.spawn(tracing::run(tracer, collector, stopped.clone())));
    tokio::spawn(room::watch(Arc::clone(engine), stopped.clone()));
    let metering = Arc::clone(&front);
    let metering = tokio::spawn(async move { metering.meter.run(stopped).await });
    let (admin, public) = (tokio::spawn(admin), tokio::spawn(public));
    let cut_off = [admin.abort_handle(), public.abort_handle()];
    let card = directory.join("server.json");
    let started_at = engine::now().iso_millis();
    let card_text = json!({"admin": admin_at.to_string(), "pid": std::process::id(), "startedAt": started_at});
    std::fs::write(&card, format!("{card_text}\n")).with_context(|| format!("cannot write {}", card.display()))?;
    let ready_after = started.elapsed();
    let asleep: Vec<String> =
        engine.catalog().origins.keys().filter(|name| !app.desk.stacks.contains(name)).cloned().collect();
    let greeting = Greeting {
        asleep: &asleep,
        signed: !app.desk.credentials.is_empty(),
        region: &config.region,
        deployed: &deployed,
        admin: admin_at,
        public: public_at,
        scheme,
        key: key.as_ref(),
        certificate: tls.as_ref().and_then(|tls| tls.made_here.as_deref()),
        directory: kept_in,
        ready_after,
        drill: &drill,
    };
    let text = if json { format!("{}\n", greeting::json(&greeting)) } else { greeting::words(&greeting) };
    // A server whose greeting nobody reads is a server all the same.
    let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    engine::complain!("\norderflow: finishing what has begun… (Ctrl-C again cuts it off)");
    app.desk.stopping.store(true, Ordering::Relaxed);
    // Whoever still listens stops; nobody listening is as good.
    let _ = stop.send(true);
    front.followers.wake_all();
    tokio::select! {
        _ = async { (admin.await, public.await, engine.stop_pollers().await, metering.await) } => {}
        _ = interrupt.recv() => {}
        () = tokio::time::sleep(DRAIN_WITHIN) => {
            engine::complain!(
                "orderflow: not everything finished in {} s: clients were cut off, and orders go on with the next start",
                DRAIN_WITHIN.as_secs()
            );
        }
    }
    if let Some(telling) = telling {
        // It is bounded by itself; what it could not tell is lost.
        let _ = telling.await;
    }
    // Who has not finished is cut off, with all its connections.
    cut_off.iter().for_each(tokio::task::AbortHandle::abort);
    if let Err(error) = front.meter.close() {
        engine::complain!("orderflow: what was used of plans was not kept at last: {error}");
    }
    drop(app);
    front.journal.end();
    let _ = std::fs::remove_file(&card);
    Ok(exit::DONE)
}

async fn bind(address: SocketAddr, which: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        format!(
            "error: cannot listen on {address}: {error}\nhint: is another server running? choose another address with \
             --{which} 127.0.0.1:0 (0 takes any free port)"
        )
    })
}

/// The functions that answer requests, each with where it writes its lines.
fn pens(engine: &Engine, front: &Shared) -> SortedMap<FunctionName, Pen> {
    let catalog = engine.catalog();
    let stream =
        observe::invocation::stream_name(engine::now(), types::Version::Latest, uuid::Uuid::new_v4().as_u128());
    let pen = |entry: &engine::FunctionEntry| {
        let spec = &entry.spec;
        (spec.name.clone(), front.journal.pen(spec.log_group.as_str(), &stream))
    };
    catalog.functions.values().map(pen).collect()
}

/// What runs the functions of these stacks.
pub(crate) fn functions(
    engine: &Arc<Engine>,
    stacks: &[String],
    failing: FailingOrders,
) -> Result<Runtime, Vec<runtime::WrongEnvironment>> {
    let lines = Arc::clone(engine.lines());
    let watch = engine.watch().clone();
    let printer = move |group: &str, stream: &str, printed: &[(types::Timestamp, &str)]| {
        watch.see_lines(group, printed.iter().copied());
        let printed: Vec<(i64, &str)> = printed.iter().map(|(at, line)| (at.millis(), *line)).collect();
        lines.append(group, stream, &printed, engine::now().millis())
    };
    let catalog = engine.catalog();
    let awake = catalog.functions.values().filter(|entry| stacks.contains(&entry.stack) && !entry.dormant);
    Runtime::new(&Arc::downgrade(engine), awake.map(|entry| entry.spec.clone()), failing, Arc::new(printer))
}

fn loopback_hosts() -> Vec<String> {
    ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).to_vec()
}
