//! `AWS::ApiGateway::Stage`: how an API is served.

use std::time::Duration;

use super::Context;
use crate::apis::Stage;
use crate::findings::Sort;
use crate::identity::ResourceType;
use crate::properties::Properties;
use crate::stack::{AccessLog, Caching, Method, MethodSettings, Throttle};
use types::sort;

/// How long an answer is cached where nothing is said.
const CACHED_FOR_SECONDS: u32 = 300;

/// The sizes of a cache, and what they are in MiB.
const CACHE_SIZES: [(&str, u32); 8] = [
    ("0.5", 512),
    ("1.6", 1_638),
    ("6.1", 6_246),
    ("13.5", 13_824),
    ("28.4", 29_082),
    ("58.2", 59_597),
    ("118", 120_832),
    ("237", 242_688),
];

pub(crate) fn read(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<Stage> {
    let api = context.referred(properties, "RestApiId", ResourceType::Api, "a RestApi");
    let deployment = context.referred(properties, "DeploymentId", ResourceType::ApiDeployment, "a Deployment");
    properties.required_node("StageName");
    let name = properties.parsed("StageName", stage_name);
    properties.text("Description", 0..=1024);
    let has_cache = properties.boolean("CacheClusterEnabled").unwrap_or(false);
    let size = properties.choice("CacheClusterSize", &CACHE_SIZES);
    let caching = match (has_cache, size) {
        (false, _) => Caching::Off,
        (true, size) => Caching::On { mebibytes: size.unwrap_or(CACHE_SIZES[0].1) },
    };
    let method_settings = properties.objects("MethodSettings", |settings| method_settings(settings, context));
    let method_settings = in_order(method_settings.unwrap_or_default(), properties);
    if caching == Caching::Off && method_settings.iter().any(|settings| settings.cached_for.is_some()) {
        let at = properties.position_of("MethodSettings");
        let text = "nothing is cached: the stage has no cache; set CacheClusterEnabled: true".to_owned();
        context.note(at, properties, "MethodSettings", text);
    }
    let access_log = properties.object("AccessLogSetting", |log| access_log(log, context));
    let variables = properties.text_map("Variables").unwrap_or_default();
    let tags = properties.tag_list("Tags");
    properties.boolean("TracingEnabled");
    context.without_effect(properties, "TracingEnabled", "there is no X-Ray");
    context.without_effect(properties, "DocumentationVersion", "the document is its own documentation");
    properties.refuse("CanarySetting", "all requests go to one version");
    properties.refuse("ClientCertificateId", "functions are called without a network");
    Some(Stage {
        api: api?,
        deployment: deployment?,
        name: name?,
        method_settings,
        caching,
        access_log,
        variables: variables.into_iter().collect(),
        tags,
    })
}

fn stage_name(name: &str) -> Result<String, String> {
    let proper = (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if proper { Ok(name.to_owned()) } else { Err("must have 1 to 128 letters, digits, `_` or `-`".to_owned()) }
}

fn method_settings(settings: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<MethodSettings> {
    const VERBS: [(&str, &str); 8] = [
        ("*", "*"),
        ("GET", "GET"),
        ("POST", "POST"),
        ("PUT", "PUT"),
        ("PATCH", "PATCH"),
        ("DELETE", "DELETE"),
        ("HEAD", "HEAD"),
        ("OPTIONS", "OPTIONS"),
    ];
    let verb = settings.required_choice("HttpMethod", &VERBS);
    settings.required_node("ResourcePath");
    let path = settings.parsed("ResourcePath", resource_path);
    let caches = settings.boolean("CachingEnabled").unwrap_or(false);
    let lifetime = settings.count("CacheTtlInSeconds", 0..=3_600).unwrap_or(CACHED_FOR_SECONDS);
    let rate = settings.parsed("ThrottlingRateLimit", str::parse);
    let burst = settings.count("ThrottlingBurstLimit", 0..=i32::MAX.unsigned_abs());
    settings.choice("LoggingLevel", &[("OFF", ()), ("ERROR", ()), ("INFO", ())]);
    context.without_effect(settings, "LoggingLevel", "every request is in the access log");
    context.without_effect(settings, "DataTraceEnabled", "bodies of requests are never logged");
    context.without_effect(settings, "MetricsEnabled", "every route is counted");
    context.without_effect(settings, "CacheDataEncrypted", "the cache is in memory");
    let method = match (path?, verb?) {
        (None, "*") => Method::All,
        (None, verb) => {
            let message = format!("`/*` stands for all methods, so HttpMethod must be `*`, not `{verb}`");
            settings.wrong("HttpMethod", message);
            return None;
        }
        (Some(path), verb) => Method::One { path, verb: (verb != "*").then(|| verb.to_owned()) },
    };
    let cached_for = (caches && lifetime > 0).then(|| Duration::from_secs(lifetime.into()));
    Some(MethodSettings { method, throttle: Throttle { rate, burst }, cached_for })
}

/// A path with `~1` for `/` behind the first one, or `/*` for all paths, which is nothing.
fn resource_path(written: &str) -> Result<Option<String>, String> {
    let path = written.replace("~1", "/").replace("~0", "~");
    match path.strip_prefix('/') {
        Some("*") => Ok(None),
        // Both `/~1orders` and `/orders` are written for `/orders`.
        Some(rest) if rest.starts_with('/') => Ok(Some(rest.to_owned())),
        Some(_) => Ok(Some(path)),
        None => Err("must begin with `/`, or be `/*` for all paths".to_owned()),
    }
}

/// The settings for everything first, and none twice.
fn in_order(mut all: Vec<MethodSettings>, properties: &mut Properties<'_, '_, '_>) -> Vec<MethodSettings> {
    for (place, settings) in all.iter().enumerate() {
        if all[..place].iter().any(|other| other.method == settings.method) {
            let which = match &settings.method {
                Method::All => "all methods".to_owned(),
                Method::One { path, verb } => format!("{} {path}", verb.as_deref().unwrap_or("*")),
            };
            properties.wrong("MethodSettings", format!("has two settings for {which}"));
        }
    }
    sort::by_key(&mut all, |settings| match &settings.method {
        Method::All => 0,
        Method::One { verb: None, .. } => 1,
        Method::One { verb: Some(_), .. } => 2,
    });
    all
}

fn access_log(log: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<AccessLog> {
    let arn = log.required_text("DestinationArn", 1..=1_600);
    let format = log.required_text("Format", 1..=3_072);
    if let Some(format) = &format {
        if !["$context.requestId", "$context.extendedRequestId"].iter().any(|id| format.contains(id)) {
            log.wrong("Format", "must have $context.requestId in it, or $context.extendedRequestId");
        }
        if format.trim_end().contains('\n') {
            log.wrong_with_hint("Format", "must be one line", "write it behind `Format: >-`, at one indentation");
        }
    }
    let arn = arn?;
    let Some(group) = arn.split_once(":log-group:").map(|(_, name)| name.strip_suffix(":*").unwrap_or(name)) else {
        let message = format!("`{arn}` is not the ARN of a log group, and other places are not run here");
        log.not_run("DestinationArn", Sort::FeatureNotRun, message, Some("use !GetAtt LogGroup.Arn".to_owned()));
        return None;
    };
    let mut groups = context.all.iter().filter(|resource| resource.identity.kind == ResourceType::LogGroup);
    if !groups.any(|resource| resource.identity.name == group) {
        log.wrong("DestinationArn", format!("`{group}` is not a log group of this template"));
        return None;
    }
    Some(AccessLog { group: group.parse().ok()?, format: format?.trim_end().to_owned() })
}
