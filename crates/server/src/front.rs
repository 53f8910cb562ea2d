//! Decides how customers are served: the public listener as the gateway that a template describes.
//!
//! What to do with a request the `gateway` room says; here it is done: keys looked up, plans charged, the function asked,
//! its answer cached, logged and counted. A handler that is built in is called with what was read, without an event
//! between; any other function gets the event of a Lambda proxy.
//!
//! Start at [`Front::open`] for how it comes up, at [`Front::admit`] for what happens to a request's head, and at
//! `answer` for what happens to the whole.

mod access_log;
mod answer;
mod follow;
mod pages;
mod patience;
mod ready;
mod stage;
mod usage;

use crate::app::App;
use crate::body::Body;
use crate::listener::{self, Admission, Service, Unread, Whole};
use crate::tracing;
use answer::Known;
use bytes::Bytes;
use console::keyring::Keyring;
use engine::trace::{self, Begun};
use gateway::access::Format;
use gateway::admission::{Admission as Admitted, Headers, Stage};
use gateway::cache::Cache;
use gateway::keys::KeyRef;
use gateway::problem::{self, Refusal, Told};
use gateway::route::RouteId;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

pub(crate) use access_log::{Journal, Pen};
pub(crate) use follow::Followers;
pub(crate) use usage::Meter;

/// How many requests may be under way at once, those that wait for their turn included; who comes then is told to come
/// again.
const UNDER_WAY_MAX: usize = 2_048;
/// How many functions may be asked at once. More would not be answered sooner: they only hold memory.
pub(crate) const TURNS: usize = 256;
/// How long a request waits for its turn; then it is told to come again. Whoever is refused at once asks at once again,
/// and answering that takes as much of the processor as orders do.
const TURN_WITHIN: Duration = Duration::from_millis(500);
/// How many requests under way are a rush, in which workers give way to whoever waits for an answer.
const RUSH: usize = 32;
/// The most entries, and bytes, of answers that are kept to be given again.
const CACHED_MAX: (usize, usize) = (16_384, 16 << 20);
/// How often room is made for a request whose plan finds none.
const RESERVES_MAX: usize = 3;
/// The name of the log stream of access lines.
const ACCESS_STREAM: &str = "access";

/// The public listener's service.
pub(crate) struct Front {
    app: Arc<App>,
    /// What is served; nothing but pages if no stack has an API.
    served: Option<Served>,
    stop: watch::Receiver<bool>,
}

/// An API, as it is served.
struct Served {
    stage: Stage,
    /// Its name among APIs.
    api_id: String,
    functions: HashMap<RouteId, Called>,
    /// How long answers of a route are kept to be given again.
    cached_for: HashMap<RouteId, Duration>,
    access: Option<(Format, Pen)>,
    document: Bytes,
}

/// Whom a route calls.
struct Called {
    function: types::FunctionName,
    /// Which version or alias of it, if not the function as it is.
    qualifier: Option<types::Qualifier>,
}

/// What has to outlive requests.
pub(crate) struct Shared {
    pub(crate) keyring: Keyring,
    pub(crate) meter: Meter,
    pub(crate) cache: Mutex<Cache<ready::Ready>>,
    pub(crate) followers: Arc<Followers>,
    pub(crate) journal: Journal,
}

impl Shared {
    /// Opens what has to outlive requests, and hears of every change from now on.
    pub(crate) fn open(engine: &engine::Engine) -> anyhow::Result<Arc<Self>> {
        let keyring = Keyring::open(engine).map_err(|problem| anyhow::anyhow!("{}", problem.refused.error))?;
        let shared = Arc::new(Self {
            keyring,
            meter: Meter::open(engine)?,
            cache: Mutex::new(Cache::new(CACHED_MAX.0, CACHED_MAX.1)),
            followers: Arc::default(),
            journal: Journal::begin(Arc::clone(engine.lines()), engine.watch().clone()),
        });
        let told = Arc::clone(&shared);
        engine.observe(Box::new(move |change| {
            // Only orders are followed and cached, by their ids and by their customers.
            if let Some(order) = change.keys.text("orderId") {
                told.followers.changed(order);
                let mut cache = told.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                cache.drop_tag(order);
                let images = [&change.new, &change.old].into_iter().flatten();
                images.filter_map(|order| order.text("customerKey")).for_each(|customer| cache.drop_tag(customer));
            }
        }));
        Ok(shared)
    }
}

/// What was learnt of a request from its head.
pub(crate) struct Ticket {
    begun: Instant,
    at: types::Timestamp,
    request_id: String,
    /// What an order that is taken in says of where it comes from, if that is not the request's id.
    correlation: Option<String>,
    /// The request as a span, until it is answered.
    span: Mutex<Option<Box<Begun>>>,
    peer: Option<SocketAddr>,
    /// The place of the request among those that are under way, if it has one.
    place: Option<Place>,
    known: Option<Known>,
}

impl Ticket {
    fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// What logs and orders name this request by.
    fn correlation(&self) -> &str {
        self.correlation.as_deref().unwrap_or(&self.request_id)
    }

    /// What is done for the request is of this span.
    fn current(&self) -> Option<trace::Current> {
        self.span.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|span| span.current())
    }

    fn take_span(&self) -> Option<Box<Begun>> {
        self.span.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Counts a request as under way until it is dropped.
struct Place(Arc<App>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// The headers of a request, as the gateway reads them.
struct Heads<'a>(&'a HeaderMap);

impl Headers for Heads<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    fn each(&self, see: &mut dyn FnMut(&str, &str)) {
        for (name, value) in self.0 {
            if let Ok(value) = value.to_str() {
                see(name.as_str(), value);
            }
        }
    }
}

impl Front {
    /// The service of what these stacks have; what stands in the way is said in words.
    pub(crate) fn open(app: &Arc<App>, stacks: &[&stack::Stack], stop: watch::Receiver<bool>) -> Result<Self, String> {
        let served = stage::open(app, stacks)?;
        Ok(Self { app: Arc::clone(app), served, stop })
    }

    /// A request's own name, in all logs and in its answer.
    fn request_id() -> String {
        let mut letters = uuid::Uuid::encode_buffer();
        uuid::Uuid::new_v4().hyphenated().encode_lower(&mut letters).to_owned()
    }

    fn problem(
        &self,
        served: &Served,
        parts: &Parts,
        refusal: &Refusal,
        route: Option<RouteId>,
        key: Option<KeyRef<'_>>,
        ticket: &Ticket,
    ) -> Response<Body> {
        let heads = Heads(&parts.headers);
        let answer = problem::answer(&served.stage.api, refusal, route, heads.value("origin"), &ticket.request_id);
        let seen =
            answer::Seen { route, key: key.map(|key| key.id.as_str()), refusal: Some(refusal), integration: None };
        self.finish(served, parts, answer.into(), seen, ticket)
    }
}

impl Service for Front {
    type Ticket = Ticket;

    fn admit(&self, parts: &Parts, peer: SocketAddr) -> Admission<Ticket> {
        let mut ticket = Ticket {
            begun: Instant::now(),
            at: engine::now(),
            request_id: Self::request_id(),
            correlation: None,
            span: Mutex::default(),
            peer: Some(peer),
            place: None,
            known: None,
        };
        let Some(served) = &self.served else {
            return Admission::Answer(self.page(parts).unwrap_or_else(|| {
                listener::plain(
                    StatusCode::NOT_FOUND,
                    "no stack with an API runs; /livez and /readyz say how it goes\n",
                )
            }));
        };
        if let Some(page) = self.page(parts) {
            return Admission::Answer(page);
        }
        let heads = Heads(&parts.headers);
        if let Some(span) = tracing::begin(&self.app, &heads, &ticket.request_id) {
            ticket.correlation = tracing::correlation(Some(&span), &ticket.request_id);
            ticket.span = Mutex::new(Some(Box::new(span)));
        }
        let (method, path, query) = (parts.method.as_str(), parts.uri.path(), parts.uri.query());
        let request = gateway::admission::Request { method, path, query, headers: &heads };
        // A request that came when there is too much to do costs no quota.
        ticket.place = self.place();
        if ticket.place.is_none() {
            return Admission::Answer(self.overloaded(parts, &ticket));
        }
        for _ in 0..RESERVES_MAX {
            let looked = self.app.front.keyring.with(|keys| {
                let admitted = served.stage.admit(keys, &request, |ask| self.app.front.meter.take(ask));
                self.admitted(served, parts, peer, admitted, &mut ticket)
            });
            match looked {
                Looked::Answer(response) => return Admission::Answer(response),
                Looked::Read { max } => return Admission::Read { max, ticket },
                // Not while the keys are held: it waits for the disk.
                Looked::Reserve if self.app.front.meter.reserve().is_ok() => {}
                Looked::Reserve => break,
            }
        }
        Admission::Answer(self.overloaded(parts, &ticket))
    }

    async fn answer(self: &Arc<Self>, request: Whole, mut ticket: Ticket) -> Response<Body> {
        if let Some(response) = self.at_once(&request, &mut ticket) {
            return response;
        }
        // Done to its end, logged and counted, also if the client hangs up meanwhile.
        let front = Arc::clone(self);
        let answering = tokio::spawn(async move {
            let turn = tokio::time::timeout(TURN_WITHIN, front.app.turns.acquire()).await;
            let Ok(Ok(_turn)) = turn else { return front.overloaded(&request.parts, &ticket) };
            let served = front.served.as_ref().expect("what nobody serves was answered at once");
            // Put aside, so that whoever waits for a turn does not hold the room for all that comes after it.
            let current = ticket.current();
            trace::within(current, Box::pin(front.ask(served, request, ticket))).await
        });
        answering
            .await
            .unwrap_or_else(|_| listener::plain(StatusCode::INTERNAL_SERVER_ERROR, "answering this failed\n"))
    }

    fn refuse(&self, parts: &Parts, ticket: Ticket, unread: Unread) -> Response<Body> {
        let (Some(served), Some(known)) = (&self.served, &ticket.known) else { return listener::unread(unread) };
        let told = |status, slug, title, detail: &str| {
            let detail = detail.to_owned();
            Refusal::Told(Told { status, slug, title, detail, faults: Vec::new(), retry_after: None })
        };
        let refusal = match unread {
            Unread::TooLarge { max } => Refusal::TooLarge { max: max as u64 },
            Unread::Late => {
                told(408, "body-late", "The body did not arrive in time", "Nothing was done. Send the request again.")
            }
            // Most likely nobody reads this; it is logged all the same.
            Unread::Torn => told(400, "body-torn", "The body ended early", "Nothing was done. Send the request again."),
        };
        self.problem(served, parts, &refusal, known.route, known.key.as_ref(), &ticket)
    }
}

/// What was learnt from looking at a request's head once.
enum Looked {
    Answer(Response<Body>),
    Read { max: usize },
    Reserve,
}

impl Front {
    /// What is done with what the gateway says of a head.
    fn admitted(
        &self,
        served: &Served,
        parts: &Parts,
        peer: SocketAddr,
        admitted: Admitted<'_>,
        ticket: &mut Ticket,
    ) -> Looked {
        match admitted {
            Admitted::Refused { refusal, route, key } => {
                Looked::Answer(self.problem(served, parts, &refusal, route, key, ticket))
            }
            Admitted::Answered { answer, route, key } => {
                let key = key.map(|key| key.id.as_str());
                let seen = answer::Seen { route: Some(route), key, refusal: None, integration: None };
                Looked::Answer(self.finish(served, parts, answer.into(), seen, ticket))
            }
            Admitted::Reserve => Looked::Reserve,
            Admitted::Admitted(admitted) => {
                let route = admitted.route;
                let max = usize::try_from(served.stage.body_max(route)).unwrap_or(usize::MAX);
                let length = parts.headers.get("content-length").and_then(|value| value.to_str().ok());
                let length = length.and_then(|length| length.parse().ok());
                if let Err(refusal) = served.stage.check_length(route, length) {
                    return Looked::Answer(self.problem(served, parts, &refusal, Some(route), admitted.key, ticket));
                }
                let cached_as = served.cached_for.contains_key(&route).then(|| {
                    let of_route = served.stage.api.route(route);
                    let gateway::admission::Admitted { params, query, key, .. } = &admitted;
                    gateway::cache::CacheKey::of(
                        route,
                        of_route,
                        key.map(AsRef::as_ref),
                        params,
                        query,
                        &Heads(&parts.headers),
                    )
                });
                ticket.known = Some(Known::of(peer, admitted, cached_as));
                // Taken again once the body is there: who sends it slowly keeps nobody else from being answered.
                ticket.place = None;
                Looked::Read { max }
            }
        }
    }

    /// What can be answered without waiting for anybody.
    fn at_once(&self, request: &Whole, ticket: &mut Ticket) -> Option<Response<Body>> {
        let Some(served) = &self.served else {
            return Some(listener::plain(StatusCode::NOT_FOUND, "no stack with an API runs\n"));
        };
        ticket.place = self.place();
        if ticket.place.is_none() {
            return Some(self.overloaded(&request.parts, ticket));
        }
        self.answered_at_once(served, request, ticket)
    }

    /// There is too much to do.
    fn overloaded(&self, parts: &Parts, ticket: &Ticket) -> Response<Body> {
        let served = self.served.as_ref().expect("what nobody serves was answered at once");
        let refusal = Refusal::Overloaded { retry_after: Duration::from_secs(1) };
        let known = ticket.known.as_ref();
        let (route, key) = (known.and_then(|known| known.route), known.and_then(|known| known.key.as_ref()));
        self.problem(served, parts, &refusal, route, key, ticket)
    }
}

impl Front {
    fn place(&self) -> Option<Place> {
        use std::sync::atomic::Ordering;
        let others = self.app.under_way.fetch_add(1, Ordering::Relaxed);
        if others >= UNDER_WAY_MAX {
            self.app.under_way.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        if others >= RUSH {
            self.app.rush.seen(Instant::now());
        }
        Some(Place(Arc::clone(&self.app)))
    }
}
