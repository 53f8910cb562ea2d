//! `AWS::ApiGateway::ApiKey`, `UsagePlan` and `UsagePlanKey`: who may call an API how much.

use super::Context;
use crate::apis::{Key, PlanKey, PlanStage, UsagePlan};
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{Period, Quota, RouteThrottle, Throttle};

pub(crate) fn read_key(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Key> {
    let name = properties.text("Name", 1..=1024);
    let description = properties.text("Description", 0..=1024);
    let enabled = properties.boolean("Enabled").unwrap_or(false);
    properties.refuse(
        "Value",
        "a key that stands in a template is no secret; without it AWS makes one, and here `orderflow keys` does",
    );
    properties.boolean("GenerateDistinctId");
    context.without_effect(properties, "StageKeys", "usage plans say where a key is good for");
    context.without_effect(properties, "CustomerId", "there is no marketplace");
    context.without_effect(properties, "GenerateDistinctId", "ids are distinct");
    let tags = properties.tag_list("Tags");
    let (id, name) = (identity.reference.clone(), name.unwrap_or_else(|| identity.name.clone()));
    Some(Key { id, name, description, enabled, tags })
}

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<UsagePlan> {
    let name = properties.text("UsagePlanName", 1..=255);
    let description = properties.text("Description", 0..=1024);
    let throttle = properties.object("Throttle", |throttle| Some(self::throttle(throttle)));
    let quota = properties.object("Quota", quota);
    let stages = properties.objects("ApiStages", |stage| plan_stage(stage, context));
    let tags = properties.tag_list("Tags");
    Some(UsagePlan {
        id: identity.reference.clone(),
        name: name.unwrap_or_else(|| identity.name.clone()),
        description,
        throttle: throttle.unwrap_or_default(),
        quota,
        stages: stages.unwrap_or_default(),
        tags,
    })
}

fn throttle(throttle: &mut Properties<'_, '_, '_>) -> Throttle {
    let rate = throttle.parsed("RateLimit", str::parse);
    Throttle { rate, burst: throttle.count("BurstLimit", 0..=i32::MAX.unsigned_abs()) }
}

fn quota(quota: &mut Properties<'_, '_, '_>) -> Option<Quota> {
    const PERIODS: [(&str, Period); 3] = [("DAY", Period::Day), ("WEEK", Period::Week), ("MONTH", Period::Month)];
    quota.required_node("Limit");
    let limit = quota.count("Limit", 1..=i32::MAX.unsigned_abs());
    let period = quota.required_choice("Period", &PERIODS);
    let offset = quota.count("Offset", 0..=i32::MAX.unsigned_abs()).unwrap_or(0);
    Some(Quota { limit: limit?, period: period?, offset })
}

fn plan_stage(stage: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<PlanStage> {
    let api = context.referred(stage, "ApiId", ResourceType::Api, "a RestApi");
    let name = stage.required_text("Stage", 1..=128);
    let routes = stage.maps("Throttle", |written, limits| {
        let limits = throttle(limits);
        // Written as `/orders/{orderId}/GET`.
        let route = written.rsplit_once('/').filter(|(path, verb)| {
            (path.is_empty() || path.starts_with('/')) && verb.bytes().all(|byte| byte.is_ascii_uppercase())
        });
        match route {
            Some((path, verb)) => {
                let path = if path.is_empty() { "/" } else { path };
                Ok(RouteThrottle { path: path.to_owned(), verb: verb.to_owned(), throttle: limits })
            }
            None => Err(format!("`{written}` is not a route: write the path and then the method, as /orders/POST")),
        }
    });
    Some(PlanStage { api: api?, stage: name?, routes: routes.unwrap_or_default() })
}

pub(crate) fn read_plan_key(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<PlanKey> {
    let key = context.referred(properties, "KeyId", ResourceType::ApiKey, "an ApiKey");
    let plan = context.referred(properties, "UsagePlanId", ResourceType::UsagePlan, "a UsagePlan");
    properties.required_choice("KeyType", &[("API_KEY", ())]);
    Some(PlanKey { key: key?, plan: plan? })
}
