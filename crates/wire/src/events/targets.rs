//! Decides how requests about the targets of rules are read, and how a target is told again.
//!
//! What a target may be, and how its input is made, is `delivery`'s to say; what brings events to services that are not
//! here is refused by its name.

use super::Call;
use super::request::{NAME, Request, kept};
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::input::{InputSpec, TransformerSpec};
use delivery::bus::retry::{MAX_AGE_SECONDS, RETRIES};
use delivery::bus::{HttpSpec, TEMPLATE_MAX, TargetSpec};
use serde_json::{Map, Value as Json, json};
use types::TargetId;

/// How many targets one request names at most.
const TARGETS_MAX: usize = 100;

/// Parameters for targets of kinds that are not here.
const NOT_HANDLED: [&str; 7] = [
    "AppSyncParameters",
    "BatchParameters",
    "EcsParameters",
    "KinesisParameters",
    "RedshiftDataParameters",
    "RunCommandParameters",
    "SageMakerPipelineParameters",
];

pub(super) fn put(request: &Request<'_>) -> Result<Call, WireError> {
    let (bus, rule) = request.rule("Rule")?;
    let mut rules = Rules::default();
    let list = request.some_objects(&mut rules, "Targets", TARGETS_MAX)?;
    let targets: Vec<_> = list.iter().map(|one| target(&mut rules, one)).collect::<Result<_, _>>()?;
    rules.check(Code::Validation)?;
    Ok(Call::PutTargets { bus, rule, targets: targets.into_iter().map(kept).collect() })
}

/// One target; nothing if its name or its ARN is missing or broken.
fn target(rules: &mut Rules, given: &Request<'_>) -> Result<Option<TargetSpec>, WireError> {
    given.refuse(&NOT_HANDLED)?;
    let id: Option<TargetId> = given.name(rules, "Id", &NAME)?;
    let arn = given.some_long_name(rules, "Arn")?;
    let role = given.long_name(rules, "RoleArn")?;
    let input = InputSpec {
        constant: given.owned("Input")?,
        path: given.owned("InputPath")?,
        transformer: given.object("InputTransformer")?.map(|given| transformer(rules, &given)).transpose()?,
    };
    let (mut retries, mut max_age_seconds) = (None, None);
    if let Some(policy) = given.object("RetryPolicy")? {
        retries = policy.number(rules, "MaximumRetryAttempts", *RETRIES.start(), *RETRIES.end())?;
        let (least, most) = (*MAX_AGE_SECONDS.start(), *MAX_AGE_SECONDS.end());
        max_age_seconds = policy.number(rules, "MaximumEventAgeInSeconds", least, most)?;
    }
    let dead_letters = given.object("DeadLetterConfig")?.map(|config| config.long_name(rules, "Arn")).transpose()?;
    let group = given.object("SqsParameters")?.map(|sqs| sqs.short(rules, "MessageGroupId", 100)).transpose()?;
    let http = given.object("HttpParameters")?.map(|given| http(&given)).transpose()?.unwrap_or_default();
    let (Some(id), Some(arn)) = (id, arn) else { return Ok(None) };
    Ok(Some(TargetSpec {
        id: id.as_str().to_owned(),
        arn,
        input,
        retries,
        max_age_seconds,
        dead_letters: dead_letters.flatten(),
        message_group: group.flatten(),
        http,
        role,
    }))
}

fn transformer(rules: &mut Rules, given: &Request<'_>) -> Result<TransformerSpec, WireError> {
    let template = given.short(rules, "InputTemplate", TEMPLATE_MAX)?;
    match &template {
        None => rules.missing(&given.path("InputTemplate")),
        Some(template) => rules.length(template, &given.path("InputTemplate"), 1, usize::MAX),
    }
    let paths = given.named_texts("InputPathsMap")?.unwrap_or_default();
    let paths = paths.into_iter().map(|(name, path)| (name.to_owned(), path.to_owned())).collect();
    Ok(TransformerSpec { paths, template: template.unwrap_or_default() })
}

fn http(given: &Request<'_>) -> Result<HttpSpec, WireError> {
    let named = |member: &str| -> Result<_, WireError> {
        let named = given.named_texts(member)?.unwrap_or_default();
        Ok(named.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    };
    Ok(HttpSpec {
        path_values: given.texts("PathParameterValues")?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        headers: named("HeaderParameters")?,
        query: named("QueryStringParameters")?,
    })
}

pub(super) fn remove(request: &Request<'_>) -> Result<Call, WireError> {
    // It matters for rules that AWS's own services made, and those are not here.
    request.truth("Force")?;
    let (bus, rule) = request.rule("Rule")?;
    let mut rules = Rules::default();
    let given = request.texts("Ids")?;
    request.count(&mut rules, "Ids", given.as_ref().map(Vec::len), TARGETS_MAX);
    let mut ids = Vec::new();
    for (number, text) in (1..).zip(given.unwrap_or_default()) {
        ids.extend(super::request::checked::<TargetId>(&mut rules, text, &format!("ids.{number}.member"), &NAME));
    }
    rules.check(Code::Validation)?;
    Ok(Call::RemoveTargets { bus, rule, ids })
}

pub(super) fn list(request: &Request<'_>) -> Result<Call, WireError> {
    let (bus, rule) = request.rule("Rule")?;
    let mut rules = Rules::default();
    let page = request.page(&mut rules, &NAME)?;
    rules.check(Code::Validation)?;
    Ok(Call::ListTargetsByRule { bus, rule, page })
}

pub(super) fn list_rules(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let target = request.some_long_name(&mut rules, "TargetArn")?;
    let (page, bus) = (request.page(&mut rules, &NAME)?, request.bus(&mut rules, "EventBusName")?);
    rules.check(Code::Validation)?;
    Ok(Call::ListRuleNamesByTarget { bus: kept(bus), target: kept(target), page })
}

/// A target as clients are told it: what was given, and nothing that was not.
pub(super) fn spell(target: &TargetSpec) -> Json {
    let mut spelt = Map::new();
    let mut put = |name: &str, value: Option<Json>| spelt.extend(value.map(|value| (name.to_owned(), value)));
    put("Id", Some(target.id.as_str().into()));
    put("Arn", Some(target.arn.as_str().into()));
    put("RoleArn", target.role.as_deref().map(Json::from));
    put("Input", target.input.constant.as_deref().map(Json::from));
    put("InputPath", target.input.path.as_deref().map(Json::from));
    put(
        "InputTransformer",
        target.input.transformer.as_ref().map(|transformer| {
            let mut spelt = json!({ "InputTemplate": transformer.template });
            if !transformer.paths.is_empty() {
                spelt["InputPathsMap"] = json!(transformer.paths);
            }
            spelt
        }),
    );
    put("SqsParameters", target.message_group.as_ref().map(|group| json!({ "MessageGroupId": group })));
    let http = &target.http;
    put("HttpParameters", (*http != HttpSpec::default()).then(|| spell_http(http)));
    put("DeadLetterConfig", target.dead_letters.as_ref().map(|arn| json!({ "Arn": arn })));
    let mut policy = Map::new();
    policy.extend(target.retries.map(|retries| ("MaximumRetryAttempts".to_owned(), retries.into())));
    policy.extend(target.max_age_seconds.map(|age| ("MaximumEventAgeInSeconds".to_owned(), age.into())));
    put("RetryPolicy", (!policy.is_empty()).then_some(Json::Object(policy)));
    Json::Object(spelt)
}

fn spell_http(http: &HttpSpec) -> Json {
    let mut spelt = Map::new();
    if !http.path_values.is_empty() {
        spelt.insert("PathParameterValues".to_owned(), json!(http.path_values));
    }
    for (name, values) in [("HeaderParameters", &http.headers), ("QueryStringParameters", &http.query)] {
        if !values.is_empty() {
            spelt.insert(name.to_owned(), json!(values));
        }
    }
    Json::Object(spelt)
}
