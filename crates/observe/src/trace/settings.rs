//! Decides what of tracing can be set: by OpenTelemetry's own variables.

use super::Sampler;
use std::time::Duration;

/// Where spans are told to by OpenTelemetry's own choice.
const ENDPOINT_USUAL: &str = "http://localhost:4318";
/// What is put behind an endpoint that is one for everything.
const TRACES_PATH: &str = "/v1/traces";
/// The largest that a number may be set to.
const NUMBER_MAX: u64 = 10_000_000;

/// How traces are kept and told.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// The URL that spans are sent to.
    pub url: String,
    /// What is sent along, such as who we are.
    pub headers: Vec<(String, String)>,
    /// Who tells: attributes of all spans, `service.name` among them.
    pub resource: Vec<(String, String)>,
    /// Which traces are kept.
    pub sampler: Sampler,
    /// How many spans wait at most.
    pub waiting_max: usize,
    /// How many are told at once.
    pub batch_max: usize,
    /// How long a span waits for others.
    pub every: Duration,
    /// How long telling may take.
    pub within: Duration,
}

/// Not derived, so that no log shows what headers say.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Settings")
            .field("url", &self.url)
            .field("headers", &names)
            .field("sampler", &self.sampler)
            .finish_non_exhaustive()
    }
}

/// A variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} {problem}")]
pub struct WrongVariable {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Settings {
    /// Reads the variables; none if nobody is to be told. An endpoint that is given goes before theirs.
    pub fn read(
        endpoint: Option<&str>,
        version: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, WrongVariable> {
        // An empty one counts as one that is not there.
        let text = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let wrong = |variable: &'static str, problem: String| WrongVariable { variable, problem };
        let exporter = text("OTEL_TRACES_EXPORTER");
        let is_off = text("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let of_all = |base: &str| format!("{}{TRACES_PATH}", base.trim_end_matches('/'));
        let url = match (endpoint, exporter.as_deref()) {
            (Some(endpoint), _) => Some(of_all(endpoint)),
            (None, Some("none")) => None,
            _ if is_off => None,
            (None, Some("otlp") | None) => {
                let own = text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
                let asked = exporter.is_some().then(|| ENDPOINT_USUAL.to_owned());
                own.or_else(|| Some(of_all(&text("OTEL_EXPORTER_OTLP_ENDPOINT").or(asked)?)))
            }
            (None, Some(other)) => {
                return Err(wrong("OTEL_TRACES_EXPORTER", format!("is {other:?}; allowed is otlp or none")));
            }
        };
        let Some(url) = url else { return Ok(None) };
        for name in ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
            match text(name).as_deref() {
                None => {}
                Some("http/json") => break,
                Some(other) => return Err(wrong(name, format!("is {other:?}; spans are sent as http/json alone"))),
            }
        }
        let mut headers = Vec::new();
        for name in ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"] {
            for (key, value) in text(name).map(|text| pairs(name, &text)).transpose()?.unwrap_or_default() {
                headers.retain(|(known, _): &(String, String)| !known.eq_ignore_ascii_case(&key));
                headers.push((key, value));
            }
        }
        let name = "OTEL_RESOURCE_ATTRIBUTES";
        let mut resource = text(name).map(|text| pairs(name, &text)).transpose()?.unwrap_or_default();
        if let Some(service) = text("OTEL_SERVICE_NAME") {
            resource.retain(|(key, _)| key != "service.name");
            resource.push(("service.name".to_owned(), service));
        }
        for (key, usual) in [("service.name", "orderflow"), ("service.version", version)] {
            if !resource.iter().any(|(known, _)| known == key) {
                resource.push((key.to_owned(), usual.to_owned()));
            }
        }
        let sampler = match text("OTEL_TRACES_SAMPLER") {
            None => Sampler::default(),
            Some(name) => {
                let argument = text("OTEL_TRACES_SAMPLER_ARG");
                Sampler::parse(&name, argument.as_deref()).map_err(|problem| wrong("OTEL_TRACES_SAMPLER", problem))?
            }
        };
        let number = |name: &'static str, usual: u64| match text(name) {
            None => Ok(usual),
            Some(text) => {
                let number = text.parse().ok().filter(|number| (1..=NUMBER_MAX).contains(number));
                number.ok_or_else(|| wrong(name, format!("is {text:?}; allowed is 1 to {NUMBER_MAX}")))
            }
        };
        let waiting_max = number("OTEL_BSP_MAX_QUEUE_SIZE", 8_192)? as usize;
        let batch_max = (number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)? as usize).min(waiting_max);
        let every = Duration::from_millis(number("OTEL_BSP_SCHEDULE_DELAY", 5_000)?);
        let within = match text("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") {
            Some(_) => number("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", 0)?,
            None => number("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000)?,
        };
        let within = Duration::from_millis(within);
        Ok(Some(Self { url, headers, resource, sampler, waiting_max, batch_max, every, within }))
    }
}

/// Reads `key=value,key=value`, each value written as in a URL.
fn pairs(variable: &'static str, text: &str) -> Result<Vec<(String, String)>, WrongVariable> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        let (key, value) = (key.trim(), unescaped(value.trim())?);
        (!key.is_empty()).then(|| (key.to_owned(), value))
    };
    let problem = || "has a part that is not key=value, with what is special in a value as in a URL".to_owned();
    let parts = text.split(',').filter(|part| !part.trim().is_empty());
    parts.map(|part| pair(part).ok_or_else(|| WrongVariable { variable, problem: problem() })).collect()
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
                let [high, low] = digits;
                u8::try_from(high? * 16 + low?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
