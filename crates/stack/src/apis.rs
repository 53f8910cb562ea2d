//! Puts the parts of an API, which a template declares one by one, together into what is served.
//!
//! Start at [`Parts`], which reading fills, and [`Parts::together`]. A RestApi and its one stage become an [`Api`];
//! deployments, gateway responses, plans and keys that point at it go into it. What points nowhere was refused when it
//! was read; what is complete and serves nothing is a [`Note`].

use serde_json::{Map, Value as Json, json};
use types::{Gather, SortedMap};

use crate::environment::Environment;
use crate::findings::{Findings, Path, Position};
use crate::stack::{
    AccessLog, Api, ApiKey, Caching, FunctionReference, LogicalId, MethodSettings, Note, Plan, Quota, Resource,
    RouteThrottle, Throttle,
};

/// Where the gateway responses of an API stand in its document.
const RESPONSES: &str = "x-amazon-apigateway-gateway-responses";

/// The resources of a template that become APIs.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) apis: Vec<Resource<RestApi>>,
    pub(crate) deployments: Vec<Resource<Deployment>>,
    pub(crate) stages: Vec<Resource<Stage>>,
    pub(crate) plans: Vec<Resource<UsagePlan>>,
    pub(crate) keys: Vec<Resource<Key>>,
    pub(crate) plan_keys: Vec<Resource<PlanKey>>,
    pub(crate) responses: Vec<Resource<GatewayResponse>>,
}

/// `AWS::ApiGateway::RestApi`.
pub(crate) struct RestApi {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) body: Json,
    pub(crate) routes: Vec<Route>,
    pub(crate) tags: SortedMap<String, String>,
}

/// A method of a path that calls a function.
pub(crate) struct Route {
    pub(crate) path: String,
    /// In capitals; `*` for any.
    pub(crate) verb: String,
    pub(crate) function: FunctionReference,
    /// Where its integration stands.
    pub(crate) at: Position,
}

/// `AWS::ApiGateway::Deployment`.
pub(crate) struct Deployment {
    pub(crate) api: LogicalId,
}

/// `AWS::ApiGateway::Stage`.
pub(crate) struct Stage {
    pub(crate) api: LogicalId,
    pub(crate) deployment: LogicalId,
    pub(crate) name: String,
    pub(crate) method_settings: Vec<MethodSettings>,
    pub(crate) caching: Caching,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) variables: SortedMap<String, String>,
    pub(crate) tags: SortedMap<String, String>,
}

/// `AWS::ApiGateway::UsagePlan`.
pub(crate) struct UsagePlan {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) throttle: Throttle,
    pub(crate) quota: Option<Quota>,
    pub(crate) stages: Vec<PlanStage>,
    pub(crate) tags: SortedMap<String, String>,
}

/// A stage that a usage plan lets its keys into.
pub(crate) struct PlanStage {
    pub(crate) api: LogicalId,
    pub(crate) stage: String,
    pub(crate) routes: Vec<RouteThrottle>,
}

/// `AWS::ApiGateway::ApiKey`.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) tags: SortedMap<String, String>,
}

/// `AWS::ApiGateway::UsagePlanKey`.
pub(crate) struct PlanKey {
    pub(crate) key: LogicalId,
    pub(crate) plan: LogicalId,
}

/// `AWS::ApiGateway::GatewayResponse`.
pub(crate) struct GatewayResponse {
    pub(crate) api: LogicalId,
    pub(crate) kind: String,
    /// As it stands in a document.
    pub(crate) response: Json,
}

/// An API with what has to be known of it to ask whether it may call its functions.
pub(crate) struct Calls {
    pub(crate) logical_id: LogicalId,
    pub(crate) id: String,
    pub(crate) stage: String,
    pub(crate) routes: Vec<Route>,
}

/// What comes of the parts of a template.
pub(crate) struct Together {
    pub(crate) apis: Vec<Resource<Api>>,
    pub(crate) calls: Vec<Calls>,
    pub(crate) notes: Vec<Note>,
}

impl Parts {
    /// The APIs that are served, and what is worth saying of the rest.
    pub(crate) fn together(mut self, environment: &Environment, findings: &mut Findings) -> Together {
        let mut together = Together { apis: Vec::new(), calls: Vec::new(), notes: Vec::new() };
        self.check_stages(findings);
        self.check_plans(findings);
        self.check_keys(&mut together.notes);
        for api in std::mem::take(&mut self.apis) {
            let Some(place) = self.stages.iter().position(|stage| stage.spec.api == api.logical_id) else {
                let text = "this API is not served: it has no AWS::ApiGateway::Stage".to_owned();
                together.notes.push(note(&api, text));
                continue;
            };
            let stage = self.stages.swap_remove(place);
            let (api, calls) = self.api(api, stage.spec, environment, findings);
            together.apis.push(api);
            together.calls.push(calls);
        }
        together
    }

    fn api(
        &self,
        api: Resource<RestApi>,
        stage: Stage,
        environment: &Environment,
        findings: &mut Findings,
    ) -> (Resource<Api>, Calls) {
        let Resource { logical_id, at, spec: RestApi { name, id, mut body, routes, mut tags } } = api;
        self.add_responses(&logical_id, &mut body, findings);
        let plans: Vec<Plan> = self.plans.iter().filter_map(|plan| plan_of(plan, &logical_id, &stage.name)).collect();
        let keys = self.keys.iter().filter_map(|key| self.key_of(key, &plans)).collect();
        let mut functions: Vec<FunctionReference> = Vec::new();
        for route in &routes {
            if !functions.contains(&route.function) {
                functions.push(route.function.clone());
            }
        }
        let suffix = environment.pseudo("AWS::URLSuffix").unwrap_or_default();
        let url_on_aws = format!("https://{id}.execute-api.{}.{suffix}/{}", environment.region, stage.name);
        tags.extend(stage.tags);
        let calls = Calls { logical_id: logical_id.clone(), id: id.clone(), stage: stage.name.clone(), routes };
        let spec = Api {
            name,
            id,
            url_on_aws,
            stage: stage.name,
            body,
            method_settings: stage.method_settings,
            caching: stage.caching,
            access_log: stage.access_log,
            variables: stage.variables,
            plans,
            keys,
            functions,
            tags,
        };
        (Resource { logical_id, at, spec }, calls)
    }

    /// Puts the responses that are resources into the document.
    fn add_responses(&self, api: &LogicalId, body: &mut Json, findings: &mut Findings) {
        for response in self.responses.iter().filter(|response| response.spec.api == *api) {
            let Some(document) = body.as_object_mut() else { return };
            let responses = document.entry(RESPONSES).or_insert_with(|| json!({}));
            // What is not a map there was refused when the body was read.
            let Some(responses) = responses.as_object_mut() else { return };
            let kind = &response.spec.kind;
            if responses.contains_key(kind) {
                wrong(response, format!("the response {kind} of this API is given twice"), findings);
            }
            responses.insert(kind.clone(), response.spec.response.clone());
        }
    }

    fn key_of(&self, key: &Resource<Key>, plans: &[Plan]) -> Option<ApiKey> {
        let belongs_to = |plan: &&Plan| {
            let mut plan_keys = self.plan_keys.iter();
            plan_keys.any(|link| link.spec.key == key.logical_id && link.spec.plan == plan.logical_id)
        };
        let plans: Vec<LogicalId> = plans.iter().filter(belongs_to).map(|plan| plan.logical_id.clone()).collect();
        let Key { id, name, description, enabled, tags } = &key.spec;
        let (id, name, description) = (id.clone(), name.clone(), description.clone());
        let logical_id = key.logical_id.clone();
        let key = ApiKey { logical_id, id, name, description, enabled: *enabled, plans, tags: tags.clone() };
        (!key.plans.is_empty()).then_some(key)
    }

    fn check_stages(&self, findings: &mut Findings) {
        for (place, stage) in self.stages.iter().enumerate() {
            let Stage { api, deployment, .. } = &stage.spec;
            let deployed = self.deployments.iter().find(|candidate| candidate.logical_id == *deployment);
            if deployed.is_some_and(|deployment| deployment.spec.api != *api) {
                let message = format!("the deployment `{deployment}` is one of another API than `{api}`");
                wrong(stage, message, findings);
            }
            if let Some(first) = self.stages[..place].iter().find(|first| first.spec.api == *api) {
                let message = format!("`{}` is a stage of `{api}` already, and one is served here", first.logical_id);
                let hint = "make another stack for another stage";
                findings.add_not_run(
                    stage.at,
                    &path(&stage.logical_id, &Path::TOP.key("Resources")),
                    message,
                    Some(hint),
                );
            }
        }
    }

    fn check_plans(&self, findings: &mut Findings) {
        for plan in &self.plans {
            for of in &plan.spec.stages {
                let is_meant = |stage: &&Resource<Stage>| stage.spec.api == of.api && stage.spec.name == of.stage;
                if !self.stages.is_empty() && !self.stages.iter().any(|stage| is_meant(&stage)) {
                    let message = format!("`{}` is not a stage of `{}`", of.stage, of.api);
                    wrong(plan, message, findings);
                }
            }
        }
        let mut seen: Vec<(&LogicalId, &LogicalId)> = Vec::new();
        for link in &self.plan_keys {
            let pair = (&link.spec.key, &link.spec.plan);
            if seen.contains(&pair) {
                wrong(link, format!("the key `{}` is in the plan `{}` already", pair.0, pair.1), findings);
            }
            seen.push(pair);
        }
    }

    fn check_keys(&self, notes: &mut Vec<Note>) {
        for key in &self.keys {
            let in_plan = self.plan_keys.iter().any(|link| link.spec.key == key.logical_id);
            if !in_plan {
                let text = "this key opens nothing: it is in no usage plan (AWS::ApiGateway::UsagePlanKey)".to_owned();
                notes.push(note(key, text));
            }
        }
    }
}

fn plan_of(plan: &Resource<UsagePlan>, api: &LogicalId, stage: &str) -> Option<Plan> {
    let UsagePlan { id, name, description, throttle, quota, stages, tags } = &plan.spec;
    let here = stages.iter().find(|of| of.api == *api && of.stage == stage)?;
    Some(Plan {
        logical_id: plan.logical_id.clone(),
        id: id.clone(),
        name: name.clone(),
        description: description.clone(),
        throttle: *throttle,
        routes: here.routes.clone(),
        quota: *quota,
        tags: tags.clone(),
    })
}

fn path<'p>(logical_id: &'p LogicalId, section: &'p Path<'p>) -> Path<'p> {
    section.key(logical_id.as_str())
}

fn wrong<T>(resource: &Resource<T>, message: String, findings: &mut Findings) {
    let section = Path::TOP.key("Resources");
    findings.add(resource.at, &path(&resource.logical_id, &section), message);
}

fn note<T>(resource: &Resource<T>, text: String) -> Note {
    Note { at: resource.at, path: format!("Resources.{}", resource.logical_id), text }
}

/// A gateway response as a document has it.
pub(crate) fn response_json(
    status: Option<u32>,
    parameters: Vec<(String, String)>,
    templates: Vec<(String, String)>,
) -> Json {
    let map = |pairs: Vec<(String, String)>| -> Json {
        Json::Object(pairs.into_iter().map(|(name, value)| (name, Json::String(value))).into_object())
    };
    let mut response = Map::new();
    if let Some(status) = status {
        response.insert("statusCode".to_owned(), json!(status));
    }
    if !parameters.is_empty() {
        response.insert("responseParameters".to_owned(), map(parameters));
    }
    if !templates.is_empty() {
        response.insert("responseTemplates".to_owned(), map(templates));
    }
    Json::Object(response)
}
