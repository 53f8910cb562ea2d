//! Decides what the shell is to do with a request: everything that can be said before its body, then what its body is.
//!
//! Start at [`Stage::admit`], with the head of a request; then [`Stage::body_max`] before the body is read, and
//! [`Stage::check_body`] after. The order is AWS's: route, key, scope, limits, parameters, body.
//!
//! Invariant: a request without a good key learns nothing but that; what is refused before the limits costs no quota.

use crate::answer::Answer;
use crate::api::{Api, Integration, Parameter, Place, Route};
use crate::fault::{Fault, Path, bounded};
use crate::keys::{KeyRef, Keys, Outcome};
use crate::limits::{Ask, Asked, Limits, Plan, Verdict};
use crate::problem::Refusal;
use crate::route::{Found, Method, Params, RouteId, decode};
use std::borrow::Cow;

/// The most parameters of a query.
const QUERY_MAX: usize = 256;

/// An API as it is served: with its plans and its own limits.
#[derive(Debug, Clone)]
pub struct Stage {
    /// What it is called.
    pub name: Box<str>,
    /// What is served.
    pub api: Api,
    /// The plans whose keys may use it.
    pub plans: Vec<Plan>,
    /// What all requests together may ask.
    pub limits: Limits,
    /// The most bytes of a body, where the route says nothing.
    pub body_max: u64,
}

/// The headers of a request, whoever holds them.
pub trait Headers {
    /// The value of the first header of this name, whatever its case; nothing if it is no text.
    fn value(&self, name: &str) -> Option<&str>;
    /// Every header that is text, in the order in which they came.
    fn each(&self, see: &mut dyn FnMut(&str, &str));
}

impl Headers for [(&str, &str)] {
    fn value(&self, name: &str) -> Option<&str> {
        self.iter().find(|(had, _)| had.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn each(&self, see: &mut dyn FnMut(&str, &str)) {
        self.iter().for_each(|(name, value)| see(name, value));
    }
}

impl<const N: usize> Headers for [(&str, &str); N] {
    fn value(&self, name: &str) -> Option<&str> {
        self.as_slice().value(name)
    }

    fn each(&self, see: &mut dyn FnMut(&str, &str)) {
        self.as_slice().each(see);
    }
}

/// The head of a request.
pub struct Request<'r> {
    /// As it came.
    pub method: &'r str,
    /// As it came, without the stage's name and without the query.
    pub path: &'r str,
    /// What stands after the question mark.
    pub query: Option<&'r str>,
    /// Its headers.
    pub headers: &'r dyn Headers,
}

/// What a query holds, decoded, in its order.
pub type Query<'r> = Vec<(Cow<'r, str>, Cow<'r, str>)>;

/// What to do with a request.
#[derive(Debug)]
pub enum Admission<'r> {
    /// Tell it why not: [`crate::problem::answer`].
    Refused {
        /// Why.
        refusal: Refusal,
        /// The route, if it got that far.
        route: Option<RouteId>,
        /// The key, if it got that far.
        key: Option<KeyRef<'r>>,
    },
    /// Answer this; no function is asked.
    Answered {
        /// What.
        answer: Answer,
        /// The route.
        route: RouteId,
        /// The key, if one is needed.
        key: Option<KeyRef<'r>>,
    },
    /// A lease is spent: make the usage durable, then admit again.
    Reserve,
    /// Read the body, then ask the function.
    Admitted(Admitted<'r>),
}

/// A request that may go on.
#[derive(Debug)]
pub struct Admitted<'r> {
    /// Where to.
    pub route: RouteId,
    /// The parameters of the path.
    pub params: Params<'r>,
    /// The parameters of the query.
    pub query: Query<'r>,
    /// Whose it is, if the route needs a key.
    pub key: Option<KeyRef<'r>>,
}

impl Stage {
    /// What to do with a request. `take` is [`crate::limits::Usage::decide`] under the shell's lock, at its time.
    pub fn admit<'r>(
        &'r self,
        keys: &'r Keys,
        request: &Request<'r>,
        take: impl FnOnce(&Ask<'_>) -> Verdict,
    ) -> Admission<'r> {
        let refused = |refusal, route, key| Admission::Refused { refusal, route, key };
        let (id, params) = match self.api.table.find(request.method, request.path) {
            Found::Route { route, params } => (route, params),
            Found::WrongMethod { allow, .. } => {
                return refused(Refusal::WrongMethod { allow: allow.to_owned() }, None, None);
            }
            Found::Nothing => return refused(Refusal::NoRoute, None, None),
        };
        let route = self.api.route(id);
        let key = match self.key_of(route, keys, request) {
            Ok(key) => key,
            Err((refusal, key)) => return refused(refusal, Some(id), key),
        };
        // What needs no key and no function costs nobody anything, so it takes nothing from those who have keys.
        if let (Integration::Mock(mock), None) = (&route.integration, key) {
            let answer = match (&route.cors, route.method) {
                (Some(cors), Some(Method::Options)) => cors.preflight(request.headers.value("origin")),
                _ => mock.answer(),
            };
            return Admission::Answered { answer, route: id, key };
        }
        let plan = match key.map(|key| self.plans.iter().find(|plan| plan.name == key.plan).ok_or(key)) {
            None => None,
            Some(Ok(plan)) => Some(plan),
            Some(Err(key)) => return refused(Refusal::KeyWithoutPlan, Some(id), Some(key)),
        };
        let method = route.method.or(Method::parse(request.method)).unwrap_or(Method::Get);
        let asked = Asked { resource: &route.resource, method };
        let of_key = key.zip(plan).map(|(key, plan)| (&key.id, plan));
        match take(&Ask { key: of_key, stage: &self.limits, asked }) {
            Verdict::Taken => {}
            Verdict::Reserve => return Admission::Reserve,
            Verdict::Throttled { retry_after } => return refused(Refusal::Throttled { retry_after }, Some(id), key),
            Verdict::QuotaExceeded { retry_after } => {
                return refused(Refusal::QuotaExceeded { retry_after }, Some(id), key);
            }
        }
        if let Integration::Mock(mock) = &route.integration {
            return Admission::Answered { answer: mock.answer(), route: id, key };
        }
        let query = match parse_query(request.query) {
            Ok(query) => query,
            Err(fault) => {
                return refused(Refusal::BadParameters { missing: Vec::new(), faults: vec![fault] }, Some(id), key);
            }
        };
        if route.checks_parameters
            && let Some(refusal) = self.check_parameters(route, &params, &query, request.headers)
        {
            return refused(refusal, Some(id), key);
        }
        Admission::Admitted(Admitted { route: id, params, query, key })
    }

    fn key_of<'r>(
        &self,
        route: &Route,
        keys: &'r Keys,
        request: &Request<'_>,
    ) -> Result<Option<KeyRef<'r>>, (Refusal, Option<KeyRef<'r>>)> {
        if !route.key_required {
            return Ok(None);
        }
        match keys.find(request.headers.value("x-api-key"), &route.scopes) {
            Outcome::Key(key) => Ok(Some(key)),
            Outcome::Missing => Err((Refusal::KeyMissing, None)),
            Outcome::Unknown => Err((Refusal::KeyUnknown, None)),
            Outcome::Revoked(key) => Err((Refusal::KeyRevoked, Some(key))),
            Outcome::WrongScope(key) => {
                let lacking = route.scopes.iter().find(|scope| !key.has(scope.as_str()));
                let needed = lacking.map(ToString::to_string).unwrap_or_default();
                Err((Refusal::WrongScope { needed }, Some(key)))
            }
        }
    }

    fn check_parameters(
        &self,
        route: &Route,
        params: &Params<'_>,
        query: &Query<'_>,
        headers: &dyn Headers,
    ) -> Option<Refusal> {
        let (mut missing, mut faults): (Vec<(Place, &str)>, Vec<Fault>) = (Vec::new(), Vec::new());
        for parameter in &route.parameters {
            let Parameter { place, name, is_required, schema } = parameter;
            let mut seen = false;
            let mut check = |value: &str| {
                seen = true;
                if let Some(schema) = schema
                    && let Err(found) = self.api.schemas.check_text(*schema, value, &[place.as_str(), name])
                {
                    faults.extend(found);
                }
            };
            match place {
                Place::Path => {
                    params.iter().filter(|(had, _)| *had == name.as_ref()).for_each(|(_, value)| check(value))
                }
                Place::Query => {
                    query.iter().filter(|(had, _)| *had == name.as_ref()).for_each(|(_, value)| check(value))
                }
                Place::Header => headers.value(name).into_iter().for_each(check),
            }
            if *is_required && !seen {
                let detail = format!("the {} parameter {name} is missing; add it", place.as_str());
                faults.push(Path::ROOT.name(place.as_str()).name(name).fault(detail));
                missing.push((*place, name));
            }
        }
        faults.truncate(crate::schema::FAULTS_MAX);
        // AWS names them by where they belong, headers first, then the path, then the query.
        missing.sort_by_key(|(place, name)| (place.as_str(), *name));
        let missing = missing.into_iter().map(|(_, name)| name.to_owned()).collect();
        (!faults.is_empty()).then_some(Refusal::BadParameters { missing, faults })
    }

    /// The most bytes that the body of a request to this route may have.
    pub fn body_max(&self, route: RouteId) -> u64 {
        self.api.route(route).body_max.unwrap_or(self.body_max)
    }

    /// Whether a body of the length that its header tells may be read at all.
    pub fn check_length(&self, route: RouteId, told: Option<u64>) -> Result<(), Refusal> {
        let max = self.body_max(route);
        if told.is_some_and(|told| told > max) { Err(Refusal::TooLarge { max }) } else { Ok(()) }
    }

    /// Whether a body may be read as it is.
    pub fn check_encoding(&self, told: Option<&str>, body: &[u8]) -> Result<(), Refusal> {
        let is_plain = told.is_none_or(|told| told.trim().is_empty() || told.trim().eq_ignore_ascii_case("identity"));
        if is_plain || body.is_empty() { Ok(()) } else { Err(Refusal::Encoded) }
    }

    /// Whether a body is what the route takes.
    pub fn check_body(&self, route: RouteId, content_type: Option<&str>, body: &[u8]) -> Result<(), Refusal> {
        self.check_length(route, u64::try_from(body.len()).ok())?;
        let route = self.api.route(route);
        let Some(rule) = &route.body else { return Ok(()) };
        if body.is_empty() {
            if rule.is_required && route.checks_body {
                let faults = vec![Path::ROOT.fault("the body is missing; send one")];
                return Err(Refusal::BadBody { faults });
            }
            return Ok(());
        }
        let essence = content_type.unwrap_or("application/json").split(';').next().unwrap_or("").trim();
        let Some((_, schema)) = rule.content.iter().find(|(kind, _)| fits(kind, essence)) else {
            let kinds: Vec<&str> = rule.content.iter().map(|(kind, _)| kind.as_ref()).collect();
            return Err(Refusal::UnsupportedMediaType { accepted: kinds.join(" or ") });
        };
        match schema {
            Some(schema) if route.checks_body => {
                self.api.schemas.check(*schema, body).map_err(|faults| Refusal::BadBody { faults })
            }
            _ => Ok(()),
        }
    }
}

/// Whether a content type is one of the document's, which may end with `/*`.
fn fits(kind: &str, essence: &str) -> bool {
    match kind.strip_suffix("/*") {
        Some("*") => true,
        Some(kind) => essence.split_once('/').is_some_and(|(ours, _)| ours.eq_ignore_ascii_case(kind)),
        None => kind.eq_ignore_ascii_case(essence),
    }
}

/// Takes a query apart; a fault if it is not written as one.
pub fn parse_query(query: Option<&str>) -> Result<Query<'_>, Fault> {
    let mut all = Query::new();
    for pair in query.unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name, true), decode(value, true)) else {
            let detail = format!("{:?} is not percent-encoded UTF-8; write a % that is meant as %25", bounded(pair));
            return Err(Path::ROOT.name("query").fault(detail));
        };
        if all.len() == QUERY_MAX {
            return Err(Path::ROOT.name("query").fault(format!("a query may have {QUERY_MAX} parameters; send fewer")));
        }
        all.push((name, value));
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
