//! APIs: what their parts come to together, and what is refused about them.

use serde_json::json;
use stack::{Api, Caching, Change, Method, Period, diff};
use std::time::Duration;

use crate::resolve;

/// An API with two routes to one function, a stage, a plan and a key; the cases below change it.
const SOUND: &str = r##"Conditions:
  Never: !Equals [a, b]
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: shop
      Body:
        openapi: 3.0.1
        info: {title: Shop, version: "1.0"}
        paths:
          /orders:
            post:
              requestBody: {content: {application/json: {schema: {type: object, minProperties: 1, additionalProperties: false}}}}
              x-amazon-apigateway-integration: &integration
                type: aws_proxy
                httpMethod: POST
                uri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations
            options:
              x-amazon-apigateway-integration: {type: mock}
          /orders/{orderId}:
            get:
              x-amazon-apigateway-integration:
                type: AWS_PROXY
                httpMethod: POST
                uri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations
  Deployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: prod
      CacheClusterEnabled: true
      CacheClusterSize: "1.6"
      Variables: {color: blue}
      MethodSettings:
        - {HttpMethod: GET, ResourcePath: "/~1orders~1{orderId}", CachingEnabled: true, CacheTtlInSeconds: 5}
        - {HttpMethod: "*", ResourcePath: "/*", ThrottlingRateLimit: 0.5, ThrottlingBurstLimit: 10}
      AccessLogSetting: {DestinationArn: !GetAtt Logs.Arn, Format: '{"id":"$context.requestId"}'}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: access}}
  Busy:
    Type: AWS::ApiGateway::GatewayResponse
    Properties:
      RestApiId: !Ref Api
      ResponseType: THROTTLED
      StatusCode: 429
      ResponseParameters: {gatewayresponse.header.Retry-After: "'1'"}
      ResponseTemplates: {application/json: '{"message":$context.error.messageString}'}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: shops
      ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage, Throttle: {"/orders/POST": {RateLimit: 5, BurstLimit: 6}}}]
      Throttle: {RateLimit: 100, BurstLimit: 200}
      Quota: {Limit: 1000000, Period: DAY}
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Name: first, Enabled: true}}
  Spare: {Type: AWS::ApiGateway::ApiKey, Properties: {Name: spare}}
  PlanKey: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: provided.al2023
      Handler: standard-orders
      Role: arn:aws:iam::000000000000:role/r
      Code: {S3Bucket: bucket, S3Key: key}
Outputs:
  Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}/orders"}
"##;

fn sound() -> String {
    SOUND.replace(" &integration", "")
}

fn changed(from: &str, to: &str) -> String {
    let text = sound();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn api(text: &str) -> Api {
    let stack = resolve(text).unwrap_or_else(|errors| panic!("{errors}"));
    stack.apis[0].spec.clone()
}

fn check(cases: &[(&str, &str, &str)]) {
    for (from, to, expected) in cases {
        let found = match resolve(&changed(from, to)) {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        };
        assert!(found.contains(expected), "{from} -> {to}\nexpected {expected}\nfound    {found}");
    }
}

#[test]
fn the_parts_of_an_api_come_together() {
    let stack = resolve(&sound()).unwrap_or_else(|errors| panic!("{errors}"));
    let api = &stack.apis[0].spec;
    assert_eq!(
        (api.name.as_str(), api.stage.as_str(), api.caching),
        ("shop", "prod", Caching::On { mebibytes: 1_638 })
    );
    assert_eq!(api.id.len(), 10);
    assert!(api.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{}", api.id);
    assert_eq!(stack.outputs[0].value, format!("{}/orders", api.url_on_aws));
    assert_eq!(api.variables["color"], "blue");
    let functions: Vec<_> = api.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(functions, ["function"], "once, though two routes call it");
    let [all, one] = api.method_settings.as_slice() else { panic!("two settings") };
    assert_eq!((&all.method, all.cached_for, all.throttle.burst), (&Method::All, None, Some(10)));
    assert_eq!(all.throttle.rate.unwrap().per_second(), 0.5);
    let path = "/orders/{orderId}".to_owned();
    assert_eq!(one.method, Method::One { path, verb: Some("GET".to_owned()) });
    assert_eq!(one.cached_for, Some(Duration::from_secs(5)));
    let log = api.access_log.as_ref().unwrap();
    assert_eq!((log.group.as_str(), log.format.as_str()), ("access", r#"{"id":"$context.requestId"}"#));
    let plan = &api.plans[0];
    let quota = plan.quota.unwrap();
    assert_eq!((plan.name.as_str(), quota.limit, quota.period), ("shops", 1_000_000, Period::Day));
    assert_eq!((plan.throttle.rate.unwrap().per_second(), plan.throttle.burst), (100.0, Some(200)));
    let route = &plan.routes[0];
    assert_eq!((route.path.as_str(), route.verb.as_str(), route.throttle.burst), ("/orders", "POST", Some(6)));
    let keys: Vec<_> = api.keys.iter().map(|key| (key.name.as_str(), key.enabled, key.plans.as_slice())).collect();
    assert_eq!(keys, [("first", true, std::slice::from_ref(&plan.logical_id))]);
    let notes: Vec<_> = stack.notes.iter().map(|note| (note.path.as_str(), note.text.as_str())).collect();
    assert!(
        notes.contains(&(
            "Resources.Spare",
            "this key opens nothing: it is in no usage plan (AWS::ApiGateway::UsagePlanKey)"
        )),
        "{notes:?}"
    );
}

/// Numbers and booleans are what stands without quotes, and what a function makes is text, as AWS does it.
#[test]
fn the_body_is_json_with_its_references_resolved() {
    let body = api(&sound()).body;
    let at = |pointer: &str| body.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
    assert_eq!(at("/info/version"), &json!("1.0"));
    assert_eq!(at("/openapi"), &json!("3.0.1"));
    let schema = at("/paths/~1orders/post/requestBody/content/application~1json/schema");
    assert_eq!(schema, &json!({"type": "object", "minProperties": 1, "additionalProperties": false}));
    assert_eq!(
        at("/paths/~1orders/post/x-amazon-apigateway-integration/uri"),
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:function/invocations"
    );
    assert_eq!(
        at("/x-amazon-apigateway-gateway-responses"),
        &json!({"THROTTLED": {
            "statusCode": 429,
            "responseParameters": {"gatewayresponse.header.Retry-After": "'1'"},
            "responseTemplates": {"application/json": "{\"message\":$context.error.messageString}"}
        }})
    );
}

#[test]
fn a_template_in_json_has_the_same_numbers() {
    let spellings = [
        ("1", json!(1)),
        ("\"1\"", json!("1")),
        ("true", json!(true)),
        ("-2.50e1", json!(-25.0)),
        ("\"true\"", json!("true")),
    ];
    for (written, expected) in spellings {
        let text = format!(
            r#"{{"Resources": {{
                "Api": {{"Type": "AWS::ApiGateway::RestApi", "Properties": {{"Name": "a", "Body": {{"openapi": "3.0.1", "paths": {{}}, "x-value": {written}}}}}}},
                "Deployment": {{"Type": "AWS::ApiGateway::Deployment", "Properties": {{"RestApiId": {{"Ref": "Api"}}}}}},
                "Stage": {{"Type": "AWS::ApiGateway::Stage", "Properties": {{"RestApiId": {{"Ref": "Api"}}, "DeploymentId": {{"Ref": "Deployment"}}, "StageName": "s"}}}}}}}}"#
        );
        assert_eq!(api(&text).body["x-value"], expected, "{written}");
        let yaml = changed("info: {", &format!("x-value: {written}\n        info: {{"));
        assert_eq!(api(&yaml).body["x-value"], expected, "{written}");
    }
}

#[test]
fn a_document_that_is_not_answered_by_this_stack_is_refused() {
    let uri = "uri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations";
    let body = "Resources.Api.Properties.Body";
    check(&[
        ("        openapi: 3.0.1\n", "", &format!("{body}: is not an OpenAPI document: it says no version")),
        ("        paths:\n", "        x-paths:\n", &format!("{body}: is not an OpenAPI document: it has no `paths`")),
        ("          /orders:\n", "          orders:\n", &format!("{body}.paths.orders: a path begins with `/`")),
        (
            "{type: mock}",
            "{type: http_proxy}",
            "integrations of type `http_proxy` are not run here; take aws_proxy with a function, or mock",
        ),
        ("{type: mock}", "{type: lambda}", "`lambda` is not a type of integration"),
        (
            "              x-amazon-apigateway-integration: {type: mock}",
            "              summary: x",
            &format!("{body}.paths./orders.options: nothing answers this method"),
        ),
        (
            "httpMethod: POST",
            "httpMethod: GET",
            "functions are called by POST whatever the route's own method is, not `GET`",
        ),
        ("httpMethod: POST", "credentials: r\n                httpMethod: POST", "`credentials` is not run here"),
        (uri, "x: y", "`uri` is required"),
        (uri, "uri: https://example.com", "`https://example.com` does not name a function to call; write !Sub arn:"),
        (
            "${Function.Arn}/inv",
            "arn:aws:lambda:us-east-1:000000000000:function:nobody/inv",
            "function:nobody` is not a function of this template",
        ),
        ("      Name: shop\n", "      BinaryMediaTypes: [image/png]\n", "`BinaryMediaTypes` is not run here"),
        (
            "        openapi: 3.0.1\n",
            "        openapi: 3.0.1\n        x-amazon-apigateway-gateway-responses: {THROTTLED: {}}\n",
            "Resources.Busy: the response THROTTLED of this API is given twice",
        ),
    ]);
    let without = "Resources: {Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}}\n";
    let found = resolve(without).unwrap_err().to_string();
    assert!(found.contains("an API without a `Body` is not run here; write it as an OpenAPI document"), "{found}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    check(&[
        ("DeploymentId: !Ref Deployment", "DeploymentId: abc", "`abc` is not a Deployment of this template; use !Ref"),
        ("StageName: prod", "StageName: a b", "StageName: `a b` must have 1 to 128 letters, digits, `_` or `-`"),
        ("StageName: prod", "StageName: prod\n      CanarySetting: {}", "`CanarySetting` is not run here"),
        ("HttpMethod: \"*\"", "HttpMethod: GET", "`/*` stands for all methods, so HttpMethod must be `*`, not `GET`"),
        (
            "HttpMethod: \"*\", ResourcePath: \"/*\"",
            "HttpMethod: GET, ResourcePath: \"/orders/{orderId}\"",
            "MethodSettings: has two settings for GET /orders/{orderId}",
        ),
        ("ResourcePath: \"/*\"", "ResourcePath: orders", "`orders` must begin with `/`, or be `/*` for all paths"),
        (
            "ThrottlingRateLimit: 0.5",
            "ThrottlingRateLimit: -1",
            "ThrottlingRateLimit: `-1` must be from 0 to 1000000000",
        ),
        ("CacheTtlInSeconds: 5", "CacheTtlInSeconds: 3601", "must be a whole number from 0 to 3600"),
        ("$context.requestId", "$context.path", "Format: must have $context.requestId in it"),
        (
            "!GetAtt Logs.Arn",
            "arn:aws:firehose:us-east-1:000000000000:deliverystream/x",
            "is not the ARN of a log group",
        ),
        (
            "!GetAtt Logs.Arn",
            "arn:aws:logs:us-east-1:000000000000:log-group:other",
            "`other` is not a log group of this template",
        ),
        ("Stage: !Ref Stage", "Stage: dev", "Resources.Plan: `dev` is not a stage of `Api`"),
        ("\"/orders/POST\"", "\"orders\"", "`orders` is not a route: write the path and then the method"),
        ("Period: DAY", "Period: YEAR", "Period: must be DAY, WEEK or MONTH"),
        ("Limit: 1000000", "Limit: 0", "Limit: must be a whole number from 1"),
        ("KeyId: !Ref Key", "KeyId: abc", "`abc` is not an ApiKey of this template"),
        ("KeyType: API_KEY, ", "", "`KeyType` is required"),
        (
            "{Name: spare}",
            "{Name: spare, Value: abcdefghijklmnopqrstuvwxyz}",
            "`Value` is not run here: a key that stands in a template is no secret",
        ),
        ("ResponseType: THROTTLED", "ResponseType: THROTLED", "did you mean `THROTTLED`?"),
        (
            "  Key: {",
            "  Second: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: dev}}\n  Key: {",
            "Resources.Second: `Stage` is a stage of `Api` already, and one is served here; make another stack for another stage",
        ),
        (
            "Properties: {RestApiId: !Ref Api}}",
            "Properties: {RestApiId: !Ref Api, StageName: prod}}",
            "`StageName` is not run here: write a stage of its own",
        ),
    ]);
}

#[test]
fn an_api_may_call_what_lets_it() {
    let arn = "SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*";
    let of = |rest: &str| format!("SourceArn: !Sub arn:aws:execute-api:us-east-1:000000000000:${{Api}}/{rest}");
    let no = "does not let this API call it for";
    let cases = [
        (of("*"), None),
        (of("prod/*/*"), None),
        (of("*/*/*"), None),
        ("SourceAccount: \"000000000000\"".to_owned(), None),
        (of("dev/*/*"), Some("POST /orders: its SourceArn or account is another")),
        (of("*/POST/orders"), Some("GET /orders/{orderId}: its SourceArn or account is another")),
        ("SourceArn: arn:aws:execute-api:us-east-1:000000000000:abcdefghij/*/*".to_owned(), Some("POST /orders")),
        ("SourceAccount: \"111111111111\"".to_owned(), Some("POST /orders: its SourceArn or account is another")),
    ];
    for (source, expected) in cases {
        match (resolve(&changed(arn, &source)), expected) {
            (Ok(_), None) => {}
            (Err(errors), Some(expected)) => {
                assert!(errors.to_string().contains(&format!("{no} {expected}")), "{source}: {errors}");
            }
            (found, _) => panic!("{source}: {found:?}"),
        }
    }
    // Each route by a permission of its own, its path as AWS names it or as its console does.
    for path in ["orders/*", "orders/{orderId}"] {
        let one = of("*/POST/orders");
        let path = format!("      SourceArn: !Sub arn:aws:execute-api:us-east-1:000000000000:${{Api}}/*/GET/{path}");
        let other = format!(
            "{one}\n  Other:\n    Type: AWS::Lambda::Permission\n    Properties:\n      FunctionName: function\n      Action: lambda:InvokeFunction\n      Principal: apigateway.amazonaws.com\n{path}"
        );
        resolve(&changed(arn, &other)).unwrap_or_else(|errors| panic!("{path}: {errors}"));
    }
    let without = changed(
        "Type: AWS::Lambda::Permission\n    Properties:",
        "Condition: Never\n    Type: AWS::Lambda::Permission\n    Properties:",
    );
    let found = resolve(&without).unwrap_err().to_string();
    assert!(found.contains(&format!("{no} POST /orders; add an AWS::Lambda::Permission")), "{found}");
}

#[test]
fn an_api_without_a_stage_is_not_served_which_is_said() {
    let text = sound();
    let (before, rest) = text.split_once("  Deployment: {").unwrap();
    let (_, rest) = rest.split_once("  Logs: {").unwrap();
    let (middle, rest) = rest.split_once("  Plan:\n").unwrap();
    let (_, rest) = rest.split_once("  Permission:\n").unwrap();
    let (rest, _) = rest.split_once("Outputs:\n").unwrap();
    let stack = resolve(&format!("{before}  Logs: {{{middle}  Permission:\n{rest}"))
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.apis, []);
    assert!(stack.notes.iter().any(|note| note.text.contains("this API is not served")), "{:?}", stack.notes);
}

#[test]
fn what_changes_of_an_api_is_named() {
    let old = resolve(&sound()).unwrap();
    let cases = [
        ("minProperties: 1", "minProperties: 2", vec!["Body"]),
        ("CacheTtlInSeconds: 5", "CacheTtlInSeconds: 6", vec!["MethodSettings"]),
        ("Limit: 1000000", "Limit: 1", vec!["UsagePlans"]),
        ("{Name: first, Enabled: true}", "{Name: first}", vec!["ApiKeys"]),
        ("StatusCode: 429", "StatusCode: 503", vec!["Body"]),
    ];
    for (from, to, expected) in cases {
        let steps = diff(&old, &resolve(&changed(from, to)).unwrap()).unwrap();
        let [step] = steps.as_slice() else { panic!("{from} -> {to}: {steps:?}") };
        assert_eq!(step.name, "shop");
        assert_eq!(step.change, Change::Update(expected.into_iter().map(str::to_owned).collect()), "{from} -> {to}");
    }
}

/// A route may call an alias; then it is the alias that must let the API call it.
#[test]
fn a_route_may_call_an_alias() {
    let called = sound().replacen("${Function.Arn}/invocations", "${Live}/invocations", 1);
    let alias = "  Live:\n    Type: AWS::Lambda::Alias\n    Properties: {FunctionName: !Ref Function, Name: live, \
                 FunctionVersion: $LATEST}\n";
    let alone = called.replacen("  Permission:\n", &format!("{alias}  Permission:\n"), 1);
    let errors = resolve(&alone).unwrap_err().to_string();
    assert!(errors.contains("the function `Function:live` does not let this API call it for POST /orders"), "{errors}");
    assert!(errors.contains("{\"FunctionName\": {\"Fn::Sub\": \"${Function}:live\"}"), "{errors}");
    let permission = "  ForTheAlias:\n    Type: AWS::Lambda::Permission\n    Properties: {FunctionName: !Ref Live, Action: \
                      'lambda:InvokeFunction', Principal: apigateway.amazonaws.com}\n";
    let both = alone.replacen("  Permission:\n", &format!("{permission}  Permission:\n"), 1);
    let stack = resolve(&both).unwrap_or_else(|errors| panic!("{errors}"));
    let called: Vec<_> =
        stack.apis[0].spec.functions.iter().map(|called| called.qualifier.as_ref().map(ToString::to_string)).collect();
    assert_eq!(called, [Some("live".to_owned()), None]);
}
