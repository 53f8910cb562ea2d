//! What a template says about an API: what customers can call, how fast, and with which keys.
//!
//! An [`Api`] is a RestApi with its one stage, put together with everything that points at it: settings of methods, the
//! access log, usage plans and keys. What its body means decides whoever serves it; here its references are resolved.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use types::{LogGroupName, SortedMap};

use super::{FunctionReference, LogicalId};

/// An API, as one stage of it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// What AWS calls it: ten letters and digits.
    pub id: String,
    /// Where AWS serves this stage, without a slash at the end. Outputs are made of it.
    pub url_on_aws: String,
    /// The stage's name.
    pub stage: String,
    /// The OpenAPI document with AWS's extensions, its references resolved. Gateway responses that are resources of
    /// their own stand in it too, in `x-amazon-apigateway-gateway-responses`.
    pub body: Json,
    /// What holds for methods; those for `*` and `/*` first.
    pub method_settings: Vec<MethodSettings>,
    /// Whether anything is cached at all.
    pub caching: Caching,
    /// Where requests are logged.
    pub access_log: Option<AccessLog>,
    /// The variables of the stage.
    pub variables: SortedMap<String, String>,
    /// The usage plans that let keys in here.
    pub plans: Vec<Plan>,
    /// The keys of those plans.
    pub keys: Vec<ApiKey>,
    /// The functions that it calls.
    pub functions: Vec<FunctionReference>,
    /// Its tags, those of the stage included.
    pub tags: SortedMap<String, String>,
}

/// Whether a stage has a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Caching {
    /// It has none.
    Off,
    /// It has one of so many MiB on AWS.
    On {
        /// Its size.
        mebibytes: u32,
    },
}

/// What holds for some methods of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSettings {
    /// For which.
    pub method: Method,
    /// How fast they may be called, all callers together.
    pub throttle: Throttle,
    /// How long their answers are cached; `None` where they are not.
    pub cached_for: Option<Duration>,
}

/// For which methods something holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// All methods of all paths.
    All,
    /// One method of one path, as the body has the path.
    One {
        /// Such as `/orders/{orderId}`.
        path: String,
        /// In capitals, such as `GET`; `None` for all methods of the path.
        verb: Option<String>,
    },
}

/// A number of requests a second, exact to a thousandth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate {
    thousandths: u64,
}

impl Rate {
    /// The requests a second.
    pub fn per_second(self) -> f64 {
        // Far below 2^53, so nothing is lost that was there.
        self.thousandths as f64 / 1000.0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MAX: f64 = 1e9;
        let number: f64 = text.parse().map_err(|_| "is not a number".to_owned())?;
        if !(0.0..=MAX).contains(&number) {
            return Err(format!("must be from 0 to {MAX}"));
        }
        // Held against its range, so it fits.
        Ok(Self { thousandths: (number * 1000.0).round() as u64 })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.per_second().fmt(f)
    }
}

/// A limit to how fast something may be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// How many requests a second in the long run.
    pub rate: Option<Rate>,
    /// How many at once.
    pub burst: Option<u32>,
}

/// Where and how requests are logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// The log group.
    pub group: LogGroupName,
    /// One line with `$context` variables.
    pub format: String,
}

/// A usage plan: what a key may use how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What the template calls it.
    pub logical_id: LogicalId,
    /// What AWS calls it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it says about itself.
    pub description: Option<String>,
    /// How fast each key of the plan may call.
    pub throttle: Throttle,
    /// How fast each key may call one route of this API.
    pub routes: Vec<RouteThrottle>,
    /// How often each key may call in a day, week or month.
    pub quota: Option<Quota>,
    /// Its tags.
    pub tags: SortedMap<String, String>,
}

/// How fast a key may call one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteThrottle {
    /// Such as `/orders/{orderId}`.
    pub path: String,
    /// In capitals, such as `GET`.
    pub verb: String,
    /// How fast.
    pub throttle: Throttle,
}

/// How often a key may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// This often.
    pub limit: u32,
    /// In this time.
    pub period: Period,
    /// How many requests are taken off the first period.
    pub offset: u32,
}

/// A time over which calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
}

/// A key that the template declares. What has to be presented is no part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// What the template calls it.
    pub logical_id: LogicalId,
    /// What AWS calls it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it says about itself.
    pub description: Option<String>,
    /// Whether it opens anything.
    pub enabled: bool,
    /// The plans of this API that it belongs to, by what the template calls them.
    pub plans: Vec<LogicalId>,
    /// Its tags.
    pub tags: SortedMap<String, String>,
}
