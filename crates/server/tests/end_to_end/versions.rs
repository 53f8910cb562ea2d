//! Versions and aliases of functions: a version stays what it was whatever becomes of its template, also after `kill -9`;
//! an alias shares invocations out by its weight, and can be a rule's target.

use crate::harness::{self, Connection, Server, Start, soon};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};
use std::path::Path;

const FUNCTION: &str = "PremiumOrderLambda";

fn up(data: &Path, template: &Path) -> Server {
    Server::up(&Start { data, template, failing: "" })
}

/// Calls an operation of Lambda's; what is answered.
fn ask(connection: &mut Connection, method: &str, path: &str, body: &Json) -> Json {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = connection.request(method, path, &[], body.as_bytes()).unwrap();
    assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text());
    if answer.body.is_empty() { Json::Null } else { answer.json() }
}

fn of(path: &str) -> String {
    format!("/2015-03-31/functions/{FUNCTION}{path}")
}

/// Which version ran, and with how much memory it says it did.
fn invoke(connection: &mut Connection, qualifier: &str) -> (String, String) {
    let path = format!("/2015-03-31/functions/{FUNCTION}:{qualifier}/invocations");
    let answer = connection.request("POST", &path, &[("X-Amz-Log-Type", "Tail")], b"[]").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let tail = BASE64.decode(answer.header("x-amz-log-result").unwrap()).unwrap();
    let tail = String::from_utf8(tail).unwrap();
    let memory = tail.split('\t').find_map(|part| part.strip_prefix("Memory Size: ")).unwrap().to_owned();
    (answer.header("x-amz-executed-version").unwrap().to_owned(), memory)
}

#[test]
fn a_version_stays_as_it_was_and_an_alias_shares_invocations_out() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let text = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    let template = directory.path().join("premium.yaml");
    std::fs::write(&template, &text).unwrap();
    let server = up(&data, &template);
    let mut connection = server.connect();
    let published = ask(&mut connection, "POST", &of("/versions"), &json!({}));
    assert_eq!(published["Version"], "1");
    server.kill();

    // The template gives the function more memory; what was published has what it had.
    std::fs::write(&template, text.replace("MemorySize: 256", "MemorySize: 512")).unwrap();
    let server = up(&data, &template);
    let mut connection = server.connect();
    assert_eq!(invoke(&mut connection, "1"), ("1".to_owned(), "256 MB".to_owned()));
    assert_eq!(invoke(&mut connection, "$LATEST"), ("$LATEST".to_owned(), "512 MB".to_owned()));
    assert_eq!(ask(&mut connection, "GET", &of(":1/configuration"), &Json::Null), published);
    assert_eq!(ask(&mut connection, "POST", &of("/versions"), &Json::Null)["Version"], "2");
    let weights = json!({"AdditionalVersionWeights": {"2": 0.3}});
    let alias = json!({"Name": "live", "FunctionVersion": "1", "RoutingConfig": weights});
    let made = ask(&mut connection, "POST", &of("/aliases"), &alias);
    server.kill();

    let server = up(&data, &template);
    let mut connection = server.connect();
    assert_eq!(ask(&mut connection, "GET", &of("/aliases/live"), &Json::Null), made);
    let ran: Vec<(String, String)> = (0..400).map(|_| invoke(&mut connection, "live")).collect();
    for (version, memory) in &ran {
        assert_eq!(memory, if version == "1" { "256 MB" } else { "512 MB" }, "{version}");
    }
    // 0.3 of 400 are 120; four times the standard deviation of 9.2 is not left in 16,000 runs.
    let second = ran.iter().filter(|(version, _)| version == "2").count();
    assert!((83..=157).contains(&second), "{second} of 400");

    // A rule brings events to the alias; an alias that is not there has no room for them.
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}");
    let mut events = |operation: &str, body: Json| {
        let answer = connection.call(&format!("AWSEvents.{operation}"), &body).unwrap();
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
    };
    events("PutRule", json!({"Name": "r", "EventPattern": "{\"source\":[\"shop\"]}"}));
    let dead = "arn:aws:sqs:us-east-1:000000000000:PremiumOrdersDLQ";
    let target = |id: &str, alias: &str| json!({"Id": id, "Arn": format!("{arn}:{alias}"), "InputPath": "$.detail.records", "DeadLetterConfig": {"Arn": dead}});
    events("PutTargets", json!({"Rule": "r", "Targets": [target("1", "live"), target("2", "none")]}));
    let detail = json!({"records": []}).to_string();
    for _ in 0..40 {
        events("PutEvents", json!({"Entries": [{"Source": "shop", "DetailType": "d", "Detail": detail}]}));
    }
    let started = |version: &str| server.lines(FUNCTION, &format!("\"Version: {version}\"")).len();
    let (first, second) = soon("the alias's versions are run for events", || {
        let ran = (started("1"), started("2"));
        // One invocation by hand before the alias was there was of version 1.
        if ran.0 + ran.1 == 1 + 400 + 40 { Ok(ran) } else { Err(ran) }
    });
    assert!(first > second, "{first} and {second}");
    let url = format!("http://{}/000000000000/PremiumOrdersDLQ", server.admin);
    let mut waiting = server.connect();
    let asked = json!({"QueueUrl": url, "MessageAttributeNames": ["All"]});
    let letter = waiting.queues("ReceiveMessage", &asked);
    let code = &letter["Messages"][0]["MessageAttributes"]["ERROR_CODE"]["StringValue"];
    assert_eq!(code, "NO_RESOURCE", "{letter}");
    server.stop();
}

/// A template with a version and an alias: numbers are given out once, a changed function with another version gets the
/// next, and what clients make of the alias stays until the template says something else.
#[test]
fn a_template_publishes_versions_and_names_them() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let text = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    let (resources, outputs) = text.split_once("\nOutputs:").unwrap();
    let template = directory.path().join("premium.yaml");
    let write = |memory: &str, versions: &str, version: &str| {
        let added = format!(
            "\n{versions}\n  Live:\n    Type: AWS::Lambda::Alias\n    Properties:\n      FunctionName: !Ref \
             PremiumOrderLambda\n      Name: live\n      FunctionVersion: !GetAtt {version}.Version\n\nOutputs:\n  \
             LiveArn:\n    Value: !Ref Live\n  LiveVersion:\n    Value: !GetAtt {version}.Version"
        );
        let resources = resources
            .replace("MemorySize: 256", memory)
            .replace("Target: !GetAtt PremiumOrderLambda.Arn", "Target: !Ref Live");
        let allowed = "Action: lambda:InvokeFunction\n                Resource: !GetAtt PremiumOrderLambda.Arn";
        assert!(resources.contains("Target: !Ref Live") && resources.contains(allowed));
        let resources = resources.replace(allowed, &allowed.replace("!GetAtt PremiumOrderLambda.Arn", "!Ref Live"));
        let text = format!("{resources}{added}{outputs}");
        std::fs::write(&template, text).unwrap();
    };
    let version = |id: &str| {
        format!(
            "\n  {id}:\n    Type: AWS::Lambda::Version\n    Properties:\n      FunctionName: !Ref PremiumOrderLambda\n"
        )
    };
    write("MemorySize: 256", &version("One"), "One");
    // The pipe hands on to the alias.
    let server = up(&data, &template);
    let said = &server.said["stacks"][0]["outputs"];
    assert_eq!(said["LiveVersion"], "1");
    assert_eq!(said["LiveArn"], format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}:live"));
    let mut connection = server.connect();
    assert_eq!(invoke(&mut connection, "live"), ("1".to_owned(), "256 MB".to_owned()));
    let ship = |server: &Server, id: &str, version: &str| {
        let mut connection = server.connect();
        for status in ["pending", "shipped"] {
            let item = json!({
                "orderId": {"S": id}, "status": {"S": status}, "amount": {"N": "1500"}, "tier": {"S": "premium"},
                "test": {"BOOL": false}, "customerEmail": {"S": "vip@example.com"},
            });
            connection.tables("PutItem", &json!({"TableName": "NewOrders", "Item": item})).unwrap().ok();
        }
        soon("the pipe hands the order to the alias's version", || {
            let shipped = server.lines(FUNCTION, &format!("\"Order ID: {id}\"")).len();
            // Those by hand and those of the pipe.
            let started = server.lines(FUNCTION, &format!("\"Version: {version}\"")).len();
            if (shipped, started > 1) == (1, true) { Ok(()) } else { Err((shipped, started)) }
        });
    };
    ship(&server, "ORD-1", "1");
    server.kill();

    // The same again changes nothing; another function with another version has the next number.
    let server = up(&data, &template);
    assert_eq!(server.said["stacks"][0]["outputs"]["LiveVersion"], "1");
    server.stop();
    write("MemorySize: 512", &[version("One"), version("Two")].concat(), "Two");
    let server = up(&data, &template);
    assert_eq!(server.said["stacks"][0]["outputs"]["LiveVersion"], "2");
    let mut connection = server.connect();
    assert_eq!(invoke(&mut connection, "live"), ("2".to_owned(), "512 MB".to_owned()));
    ship(&server, "ORD-2", "2");
    assert_eq!(invoke(&mut connection, "1"), ("1".to_owned(), "256 MB".to_owned()));
    // A client goes back to the first, and another start leaves that as it is.
    ask(&mut connection, "PUT", &of("/aliases/live"), &json!({"FunctionVersion": "1"}));
    server.stop();
    let server = up(&data, &template);
    assert_eq!(invoke(&mut server.connect(), "live").0, "1");
    server.stop();

    // A version more of a function that has not changed is refused, as CloudFormation does.
    write("MemorySize: 512", &[version("One"), version("Two"), version("Three")].concat(), "Two");
    let refused = Server::try_up(&Start { data: &data, template: &template, failing: "" }).err().unwrap();
    assert!(refused.contains("a version for this function exists (2)"), "{refused}");
    // Without its resource a version stays, for whoever stands for it, and the alias is as the template says.
    write("MemorySize: 512", &version("Two"), "Two");
    let server = up(&data, &template);
    assert_eq!(invoke(&mut server.connect(), "1").0, "1");
    server.stop();
}

/// An API may call an alias, which is drawn anew for each request.
#[test]
fn an_api_calls_the_version_that_an_alias_stands_for() {
    let directory = harness::directory();
    let text = std::fs::read_to_string(harness::stack("snacks.yaml")).unwrap();
    let (resources, outputs) = text.split_once("\nOutputs:").unwrap();
    let api = r#"
  First: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref OrderCreator}}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref OrderCreator, Name: live, FunctionVersion: !GetAtt First.Version}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: snacks
      Body:
        openapi: 3.0.1
        info: {title: Snacks, version: "1.0"}
        paths:
          /snacks:
            post:
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                uri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Live}/invocations
  Deployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod}
  LetTheApiCall:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Live
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*

Outputs:"#;
    let template = directory.path().join("snacks.yaml");
    std::fs::write(&template, format!("{resources}{api}{outputs}")).unwrap();
    let server = up(&directory.path().join("data"), &template);
    let mut connection = Connection::open(&server.public).unwrap();
    let mut post = || {
        // Neither is what API Gateway tells a function an order, nor is what this one answers for API Gateway; that it
        // was asked is enough.
        connection.request("POST", "/snacks", &[("content-type", "application/json")], b"{}").unwrap().status
    };
    let started = |version: &str| server.lines("order-creator", &format!("\"Version: {version}\"")).len();
    assert_eq!(post(), 502);
    soon("the version is asked", || if started("1") == 1 { Ok(()) } else { Err(started("1")) });
    let path = "/2015-03-31/functions/order-creator/aliases/live";
    ask(&mut server.connect(), "PUT", path, &json!({"FunctionVersion": "$LATEST"}));
    assert_eq!(post(), 502);
    soon("the function as it is, is asked", || if started("$LATEST") == 1 { Ok(()) } else { Err(started("$LATEST")) });
    assert_eq!(started("1"), 1);
    server.stop();
}
