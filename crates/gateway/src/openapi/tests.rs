//! What documents are understood, and what of a document is refused by name and place.

use super::*;
use crate::api::Place;
use serde_json::json;

const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
                   arn:aws:lambda:us-east-1:000000000000:function:OrderApi/invocations";

/// A document with everything that is understood.
pub(crate) fn shop() -> Value {
    let proxy = json!({"type": "aws_proxy", "httpMethod": "POST", "uri": URI});
    let key = json!([{"api_key": []}]);
    json!({
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "1"},
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": true, "validateRequestParameters": "true"},
            "params-only": {"validateRequestBody": false, "validateRequestParameters": true},
        },
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-api-key-source": "HEADER",
        "x-amazon-apigateway-binary-media-types": ["image/*", "application/pdf"],
        "x-amazon-apigateway-policy": {"Version": "2012-10-17"},
        "x-amazon-apigateway-gateway-responses": {
            "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
            "THROTTLED": {"statusCode": "420", "responseTemplates": {"application/json": "{\"message\":$context.error.messageString,\"code\":7}"}},
        },
        "paths": {
            "/orders": {
                "post": {
                    "operationId": "submitOrder", "x-orderflow-scope": "orders:write", "x-orderflow-body-max": "2000",
                    "security": key, "x-amazon-apigateway-integration": proxy,
                    "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 64}}],
                    "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                    "responses": {"201": {"description": "made"}},
                },
                "options": {
                    "x-amazon-apigateway-integration": {
                        "type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 204}"},
                        "responses": {"default": {"statusCode": "204", "responseParameters": {
                            "method.response.header.Access-Control-Allow-Origin": "'https://shop.example.com'",
                            "method.response.header.Access-Control-Allow-Methods": "'POST,OPTIONS'",
                            "method.response.header.Access-Control-Max-Age": "'600'",
                        }}},
                    },
                },
            },
            "/orders/{orderId}": {
                "parameters": [{"name": "orderId", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}],
                "get": {
                    "security": key, "x-orderflow-scope": ["orders:read"], "x-amazon-apigateway-request-validator": "params-only",
                    "parameters": [{"$ref": "#/components/parameters/Limit"}],
                    "x-amazon-apigateway-integration": {
                        "type": "AWS_PROXY", "httpMethod": "POST", "uri": URI, "timeoutInMillis": 5000,
                        "cacheKeyParameters": ["method.request.path.orderId", "method.request.querystring.limit"],
                    },
                },
            },
            "/orders/{orderId}/events": {
                "get": {"security": key, "x-orderflow-stream": true, "x-amazon-apigateway-integration": proxy},
            },
            "/open/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": proxy}},
        },
        "components": {
            "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
            "parameters": {"Limit": {"name": "limit", "in": "query", "required": true,
                                     "schema": {"type": "integer", "minimum": 1, "maximum": 100}}},
            "schemas": {"Order": {"type": "object", "required": ["customerId", "items"], "additionalProperties": false, "properties": {
                "customerId": {"type": "string", "minLength": 1, "maxLength": 64},
                "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Item"}}}},
                "Item": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"},
                    "quantity": {"type": "integer", "minimum": 1}}}},
        },
    })
}

#[test]
fn a_template_s_document_becomes_an_api() {
    let api = read(&shop()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let route = |operation: &str| api.routes.iter().find(|route| route.resource.as_ref() == operation).unwrap();
    let submit = api.routes.iter().find(|route| route.operation.as_deref() == Some("submitOrder")).unwrap();
    assert!(submit.key_required && submit.checks_body && submit.checks_parameters && !submit.is_stream);
    assert_eq!(submit.scopes[0].as_str(), "orders:write");
    assert_eq!(submit.body_max, Some(2_000));
    assert!(submit.cors.is_some());
    let Integration::Function(function) = &submit.integration else { panic!("a function") };
    assert_eq!((function.name.as_str(), function.timeout.as_millis()), ("OrderApi", 29_000));
    let get = route("/orders/{orderId}");
    assert!(get.checks_parameters && !get.checks_body && get.cors.is_none());
    assert_eq!(get.parameters.len(), 2);
    assert_eq!(get.cache_keys[1].place, Place::Query);
    assert!(route("/orders/{orderId}/events").is_stream);
    let open = route("/open/{proxy+}");
    assert!(open.method.is_none() && !open.key_required);
    assert!(api.is_binary("image/png") && api.is_binary("application/PDF; a=b") && !api.is_binary("text/plain"));
    assert!(api.notes.iter().any(|note| note.pointer == "/x-amazon-apigateway-policy"), "{:?}", api.notes);
}

#[test]
fn what_is_not_understood_is_refused_by_name_and_place() {
    let orders = "/paths/~1orders/post";
    let integration = "/paths/~1orders/post/x-amazon-apigateway-integration";
    let cases: Vec<(&str, Value, String)> = vec![
        ("/openapi", json!("2.0"), "/openapi".to_owned()),
        ("/x-amazon-apigateway-cors", json!({}), "/x-amazon-apigateway-cors".to_owned()),
        ("/x-orderflow-typo", json!(1), "/x-orderflow-typo".to_owned()),
        ("/surprise", json!(1), "/surprise".to_owned()),
        ("/x-amazon-apigateway-api-key-source", json!("AUTHORIZER"), "/x-amazon-apigateway-api-key-source".to_owned()),
        ("/x-amazon-apigateway-request-validator", json!("none"), format!("{orders}/x-amazon-apigateway-request-validator")),
        ("/x-amazon-apigateway-request-validators/all/validateBody", json!(true),
         "/x-amazon-apigateway-request-validators/all/validateBody".to_owned()),
        ("/paths/~1orders/post/security", json!([{"other": []}]), format!("{orders}/security/0")),
        ("/paths/~1orders/post/security", json!([]), format!("{orders}/x-orderflow-scope")),
        ("/paths/~1orders/post/callbacks", json!({}), format!("{orders}/callbacks")),
        ("/paths/~1orders/post/x-amazon-apigateway-auth", json!({"type": "AWS_IAM"}), format!("{orders}/x-amazon-apigateway-auth")),
        ("/paths/~1orders/post/x-amazon-apigateway-integration/type", json!("http"), format!("{integration}/type")),
        ("/paths/~1orders/post/x-amazon-apigateway-integration/uri", json!("https://example.com"), format!("{integration}/uri")),
        ("/paths/~1orders/post/x-amazon-apigateway-integration/httpMethod", json!("GET"), format!("{integration}/httpMethod")),
        ("/paths/~1orders/post/x-amazon-apigateway-integration/timeoutInMillis", json!(1), format!("{integration}/timeoutInMillis")),
        ("/paths/~1orders/post/x-amazon-apigateway-integration/cacheKeyParameters", json!(["method.request.path.x"]),
         format!("{integration}/cacheKeyParameters/0")),
        ("/paths/~1orders/post/x-amazon-apigateway-integration/connectionType", json!("VPC_LINK"), format!("{integration}/connectionType")),
        ("/paths/~1orders/post/parameters", json!([{"name": "x", "in": "cookie"}]), format!("{orders}/parameters/0/in")),
        ("/paths/~1orders/post/parameters", json!([{"name": "x", "in": "path"}]), format!("{orders}/parameters/0")),
        ("/paths/~1orders/post/parameters", json!([{"name": "x", "in": "query", "schema": {"type": "array"}}]),
         format!("{orders}/parameters/0/schema")),
        ("/paths/~1orders/post/parameters", json!([{"$ref": "#/nowhere"}]), format!("{orders}/parameters/0/$ref")),
        ("/paths/~1orders/post/requestBody", json!({"content": {"text/csv": {"schema": {}}}}),
         format!("{orders}/requestBody/content/text~1csv/schema")),
        ("/paths/~1orders/post/x-orderflow-stream", json!("maybe"), format!("{orders}/x-orderflow-stream")),
        ("/paths/~1orders/get", json!({}), "/paths/~1orders/get/x-amazon-apigateway-integration".to_owned()),
        ("/paths/~1orders/options/x-amazon-apigateway-integration/responses/default/responseParameters",
         json!({"method.response.header.A": "method.request.header.Origin"}),
         "/paths/~1orders/options/x-amazon-apigateway-integration/responses/default/responseParameters/method.response.header.A".to_owned()),
        ("/paths/~1orders~1{other}", json!({}), String::new()),
        ("/paths/orders", json!({"get": {"x-amazon-apigateway-integration": {"type": "mock", "responses": {"default": {}}}}}),
         "/paths/orders/get".to_owned()),
        ("/components/schemas/Item/minimun", json!(1), "/components/schemas/Item/minimun".to_owned()),
        ("/components/callbacks", json!({}), "/components/callbacks".to_owned()),
    ];
    for (place, value, told) in cases {
        let mut document = shop();
        let (above, name) = place.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/");
        document.pointer_mut(above).unwrap().as_object_mut().unwrap().insert(name, value);
        match read(&document) {
            Ok(_) => assert!(told.is_empty(), "{place} is refused"),
            Err(faults) => assert!(faults.iter().any(|fault| fault.pointer == told), "{place}: {faults:#?}"),
        }
    }
}

#[test]
fn the_places_of_faults_are_places_of_the_document() {
    let mut document = shop();
    document["components"]["schemas"]["Order"]["properties"]["items"]["odd"] = json!(1);
    document["paths"]["/orders"]["post"]["odd"] = json!(1);
    let faults = read(&document).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    for fault in faults {
        assert_eq!(document.pointer(&fault.pointer), Some(&json!(1)), "{fault}");
    }
}
