//! What targets get, held against what AWS was recorded to send and what its guide shows.

use super::*;
use types::{Account, Timestamp};

/// The event of AWS's guide.
const EC2: &str = r#"{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","account":"123456789012",
    "time":"2015-11-11T21:29:54Z","region":"us-east-1",
    "resources":["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail":{"instance-id":"i-0123456789","state":"RUNNING","size":1.50,"on":true,"none":null}}"#;

fn target() -> TargetId {
    "t1".parse().unwrap()
}

fn transformer(paths: &[(&str, &str)], template: &str) -> InputSpec {
    let paths = paths.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect();
    InputSpec { transformer: Some(TransformerSpec { paths, template: template.to_owned() }), ..InputSpec::default() }
}

fn sent(spec: InputSpec) -> Result<String, NoInput> {
    let event = Event::restore(EC2, Timestamp::from_millis(1_447_277_395_250), None).unwrap();
    let input = Input::parse(spec, &target()).unwrap();
    let arn = Account::default().arn("events", "rule/bus/example");
    input.of(&event, &"example".parse().unwrap(), &arn).map(Cow::into_owned)
}

#[test]
fn templates_of_the_guide_give_what_the_guide_shows() {
    let paths = [("timestamp", "$.time"), ("instance", "$.detail.instance-id"), ("state", "$.detail.state")];
    let cases = [
        (r#""instance <instance> is in <state>""#, r#""instance i-0123456789 is in RUNNING""#),
        (r#""instance \"<instance>\" is in <state>""#, r#""instance \"i-0123456789\" is in RUNNING""#),
        (
            "{\n  \"instance\" : <instance>,\n  \"state\": <state>\n}",
            r#"{"instance":"i-0123456789","state":"RUNNING"}"#,
        ),
        (
            r#"{"instance" : <instance>, "state": "<state>", "instanceStatus": "instance \"<instance>\" is in <state>"}"#,
            r#"{"instance":"i-0123456789","state":"RUNNING","instanceStatus":"instance \"i-0123456789\" is in RUNNING"}"#,
        ),
        (
            r#"{"instance" : <instance>, "state": [ 9, <state>, true ], "Transformed" : "Yes"}"#,
            r#"{"instance":"i-0123456789","state":[9,"RUNNING",true],"Transformed":"Yes"}"#,
        ),
        (r#""<aws.events.rule-name> triggered""#, r#""example triggered""#),
        (r#"{"timestamp": <timestamp>}"#, r#"{"timestamp":"2015-11-11T21:29:54Z"}"#),
        (
            r#""<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>""#,
            r#""arn:aws:events:us-east-1:000000000000:rule/bus/example example 2015-11-11T21:29:55Z""#,
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(sent(transformer(&paths, template)).unwrap(), expected, "{template}");
    }
}

/// AWS was recorded to send an empty string for a value that is not there, and nothing inside a string.
#[test]
fn missing_values_are_empty() {
    let paths = [("detail-type", "$.detail-type"), ("command", "$.detail.notinmessage")];
    let text = r#""Event of <detail-type> type, extracted from detail <command>""#;
    assert_eq!(
        sent(transformer(&paths, text)).unwrap(),
        r#""Event of EC2 Instance State-change Notification type, extracted from detail ""#
    );
    let json = r#"{"detailType": <detail-type>, "command": <command>}"#;
    assert_eq!(
        sent(transformer(&paths, json)).unwrap(),
        r#"{"detailType":"EC2 Instance State-change Notification","command":""}"#
    );
}

/// AWS was recorded to leave the detail out, and to write `detailType`.
#[test]
fn the_event_itself_can_be_put_in() {
    let template = r#"{"originalEvent": <aws.events.event>, "originalEventJson": <aws.events.event.json>}"#;
    let sent: serde_json::Value = serde_json::from_str(&sent(transformer(&[], template)).unwrap()).unwrap();
    let mut event: serde_json::Value = serde_json::from_str(EC2).unwrap();
    assert_eq!(sent["originalEventJson"], event);
    let members = event.as_object_mut().unwrap();
    members.remove("detail");
    let kind = members.remove("detail-type").unwrap();
    members.insert("detailType".to_owned(), kind);
    assert_eq!(sent["originalEvent"], event);
}

#[test]
fn spellings_survive() {
    let paths = [("all", "$.detail"), ("size", "$.detail.size"), ("on", "$.detail.on"), ("none", "$.detail.none")];
    let template = r#"{"size": <size>, "on": <on>, "none": <none>, "text": "<size> <on> <all>"}"#;
    assert_eq!(
        sent(transformer(&paths, template)).unwrap(),
        r#"{"size":1.50,"on":true,"none":null,"text":"1.50 true {instance-id:i-0123456789,state:RUNNING,size:1.50,on:true,none:null}"}"#
    );
}

#[test]
fn paths_and_constants_need_no_template() {
    let path = |path: &str| InputSpec { path: Some(path.to_owned()), ..InputSpec::default() };
    assert_eq!(sent(path("$.detail.state")).unwrap(), r#""RUNNING""#);
    assert_eq!(sent(path("$.resources")).unwrap(), r#"["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"]"#);
    assert_eq!(sent(path("$.detail.gone[0]")), Err(NoInput::PathMissing { path: "$.detail.gone[0]".to_owned() }));
    assert_eq!(sent(path("$.detail.gone[*]")).unwrap(), "[]");
    let constant = |text: &str| InputSpec { constant: Some(text.to_owned()), ..InputSpec::default() };
    assert_eq!(sent(constant("{\"a\": 1}")).unwrap(), "{\"a\": 1}");
    assert!(sent(InputSpec::default()).unwrap().starts_with(r#"{"version":"0","id":"7bf7"#));
}

#[test]
fn what_cannot_be_an_input_is_refused_when_it_is_put() {
    let spec = |constant: Option<&str>, path: Option<&str>| InputSpec {
        constant: constant.map(str::to_owned),
        path: path.map(str::to_owned),
        transformer: None,
    };
    let long = format!("\"{}\"", "x".repeat(TEMPLATE_MAX));
    let many: Vec<(String, &str)> = (0..=PATHS_MAX).map(|number| (format!("n{number}"), "$")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, path)| (name.as_str(), *path)).collect();
    let cases = [
        (
            spec(Some("{}"), Some("$")),
            "Only one of Input, InputPath, or InputTransformer must be provided for target t1.",
        ),
        (spec(Some("{oops}"), None), "Input for target t1 is not a valid JSON text."),
        (spec(Some(&long), None), "Input for target t1 has 8194 characters; the limit is 8192."),
        (
            spec(None, Some("detail")),
            "Invalid InputPath for target t1 : the path \"detail\" cannot be read at character 1: a path begins with $.",
        ),
        (
            transformer(&[("a", "$.a")], "\"<notdefinedkey>\""),
            "InputTemplate for target t1 contains invalid placeholder notdefinedkey.",
        ),
        (
            transformer(&[("a", "$.a")], "{\"a\": <a>,\n \"b\" <a>}"),
            "Invalid InputTemplate for target t1 : expected `:` (line 2, column 6).",
        ),
        (transformer(&[], "plain"), "Invalid InputTemplate for target t1 : expected value (line 1, column 1)."),
        (
            transformer(&[("a", "$")], "{\"k<a>\": 1}"),
            "Invalid InputTemplate for target t1 : the placeholder a cannot be used in an object's key.",
        ),
        (
            transformer(&[("aws.x", "$")], "\"\""),
            "Invalid InputPathsMap for target t1 : the name aws.x is reserved, as all that begin with AWS are.",
        ),
        (
            transformer(&[("a", "$.b[x]")], "\"\""),
            "Invalid InputPathsMap for target t1 : a: the path \"$.b[x]\" cannot be read at character 5: in brackets \
             stands an index from 0, or *.",
        ),
        (transformer(&many, "\"\""), "Invalid InputPathsMap for target t1 : it has 101 names, 100 are allowed."),
        (
            transformer(&[("", "$")], "\"\""),
            "Invalid InputPathsMap for target t1 : \"\" is no name; one has 1 to 256 characters and no <, > or quotes.",
        ),
        (transformer(&[], &long), "InputTemplate for target t1 has 8194 characters; the limit is 8192."),
    ];
    for (spec, expected) in cases {
        assert_eq!(Input::parse(spec, &target()).unwrap_err().to_string(), expected);
    }
}
