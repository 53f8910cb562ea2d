//! Versions and aliases of functions, and how they do what nobody waits for.

use super::{AT, Sent, header, json};
use serde_json::json;
use types::{FunctionName, Qualifier, Version};
use wire::lambda::{
    AliasDescription, Answer, Call, Destination, InvokeConfigDescription, InvokeSettings, NewAlias, OtherVersion,
    Refused,
};
use wire::{Answer as Any, Refusal};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:F";

fn name() -> FunctionName {
    "F".parse().unwrap()
}

fn sent(method: &'static str, path: &str, query: &str, body: &str) -> Sent {
    let mut sent = Sent::new(method, &format!("/2015-03-31/functions/F{path}")).body(body);
    sent.query = query.to_owned();
    sent
}

fn config(method: &'static str, path: &str, query: &str, body: &str) -> Sent {
    let mut sent = Sent::new(method, &format!("/2019-09-25/functions/F/event-invoke-config{path}")).body(body);
    sent.query = query.to_owned();
    sent
}

#[test]
fn versions_and_aliases_are_asked_for() {
    let (function, live) = (name(), || "live".parse().unwrap());
    let text = |text: &str| Some(text.to_owned());
    let alias = |version, other| NewAlias { name: live(), version, other, description: String::new() };
    let update = |version, other, revision| Call::UpdateAlias {
        function: name(),
        name: live(),
        version,
        other,
        description: None,
        revision,
    };
    let quarter = OtherVersion { version: 2, weight: 0.25 };
    let none = Call::PublishVersion { function: name(), description: None, code_sha256: None, revision: None };
    let cases = [
        (sent("POST", "/versions", "", ""), none.clone()),
        (sent("POST", "/versions", "", "{}"), none),
        (
            sent("POST", "/versions", "", r#"{"Description":"d","CodeSha256":"c","RevisionId":"r"}"#),
            Call::PublishVersion {
                function: name(),
                description: text("d"),
                code_sha256: text("c"),
                revision: text("r"),
            },
        ),
        (
            sent("GET", "/versions", "MaxItems=2&Marker=Nw%3D%3D", ""),
            Call::ListVersions { function: name(), after: Some(Version::Numbered(7)), limit: 2 },
        ),
        (
            sent("POST", "/aliases", "", r#"{"Name":"live","FunctionVersion":"$LATEST"}"#),
            Call::CreateAlias { function: name(), alias: alias(Version::Latest, None) },
        ),
        (
            sent(
                "POST",
                "/aliases",
                "",
                r#"{"Name":"live","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"2":0.25}}}"#,
            ),
            Call::CreateAlias { function: name(), alias: alias(Version::Numbered(1), Some(quarter)) },
        ),
        (sent("PUT", "/aliases/live", "", "{}"), update(None, None, None)),
        (
            sent("PUT", "/aliases/live", "", r#"{"FunctionVersion":"3","RoutingConfig":{},"RevisionId":"r"}"#),
            update(Some(Version::Numbered(3)), Some(None), text("r")),
        ),
        (
            sent("PUT", "/aliases/live", "", r#"{"RoutingConfig":{"AdditionalVersionWeights":{"2":0.25}}}"#),
            update(None, Some(Some(quarter)), None),
        ),
        (sent("GET", "/aliases/live", "", ""), Call::GetAlias { function: name(), name: live() }),
        (sent("DELETE", "/aliases/live", "", ""), Call::DeleteAlias { function: name(), name: live() }),
        (
            sent("GET", "/aliases", "FunctionVersion=3&MaxItems=1", ""),
            Call::ListAliases { function: name(), version: Some(Version::Numbered(3)), after: None, limit: 1 },
        ),
        (config("GET", "", "", ""), Call::GetInvokeConfig { function: name(), qualifier: Qualifier::LATEST }),
        (
            config("DELETE", "", "Qualifier=live", ""),
            Call::DeleteInvokeConfig { function: name(), qualifier: Qualifier::Alias(live()) },
        ),
        (config("GET", "/list", "", ""), Call::ListInvokeConfigs { function: name(), after: None, limit: 50 }),
        (
            config("PUT", "", "Qualifier=live", r#"{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":60}"#),
            Call::SetInvokeConfig {
                function: name(),
                qualifier: Qualifier::Alias(live()),
                settings: InvokeSettings { retries: Some(0), max_age_seconds: Some(60), told: None },
                add: false,
            },
        ),
        (
            config(
                "POST",
                "",
                "",
                r#"{"DestinationConfig":{"OnSuccess":{"Destination":"arn:aws:sqs:us-east-1:000000000000:q"},
                    "OnFailure":{"Destination":"arn:aws:lambda:us-east-1:000000000000:function:G"}}}"#,
            ),
            Call::SetInvokeConfig {
                function,
                qualifier: Qualifier::LATEST,
                settings: InvokeSettings {
                    told: Some((
                        Some(Destination::Queue("q".parse().unwrap())),
                        Some(Destination::Function("G".parse().unwrap())),
                    )),
                    ..InvokeSettings::default()
                },
                add: true,
            },
        ),
    ];
    for (sent, expected) in cases {
        assert_eq!(sent.call(), wire::Call::Lambda(expected), "{sent:?}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let rule = |value: &str, path: &str, rule: &str| {
        format!(
            "ValidationException: 1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: {rule}"
        )
    };
    let alias = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
    let version = r"Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)";
    let weighted = |weights: &str| {
        let body = format!(
            r#"{{"Name":"live","FunctionVersion":"1","RoutingConfig":{{"AdditionalVersionWeights":{weights}}}}}"#
        );
        sent("POST", "/aliases", "", &body)
    };
    let weights = "routingConfig.additionalVersionWeights";
    let invalid = |message: &str| format!("InvalidParameterValueException: {message}");
    let to = |arn: &str| {
        config("PUT", "", "", &json!({"DestinationConfig": {"OnFailure": {"Destination": arn}}}).to_string())
    };
    let cases = [
        (sent("POST", "/aliases", "", r#"{"Name":"12","FunctionVersion":"1"}"#), rule("'12'", "name", alias)),
        (sent("GET", "/aliases/12", "", ""), rule("'12'", "name", alias)),
        (
            sent("POST", "/aliases", "", r#"{"Name":"live","FunctionVersion":"new"}"#),
            rule("'new'", "functionVersion", version),
        ),
        (
            sent("POST", "/aliases", "", r#"{"Name":"live"}"#),
            rule("null", "functionVersion", "Member must not be null"),
        ),
        (
            weighted(r#"{"2":0.5,"3":0.1}"#),
            invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"),
        ),
        (
            weighted(r#"{"2":1.5}"#),
            rule(
                "'{2=1.5}'",
                weights,
                "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have \
                 value greater than or equal to 0.0, Member must not be null]",
            ),
        ),
        (
            weighted(r#"{"$LATEST":0.5}"#),
            rule(
                "'{$LATEST=0.5}'",
                weights,
                "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must \
                 have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, \
                 Member must not be null]",
            ),
        ),
        (weighted(r#"{"2":"half"}"#), "SerializationException: The weight of version 2 must be a number".to_owned()),
        (
            sent("POST", "/versions", "", r#"{"PublishTo":"LATEST_PUBLISHED"}"#),
            invalid("PublishTo is not handled by this engine yet; send the request without it"),
        ),
        (
            config("PUT", "", "", "{}"),
            invalid("You must specify at least one of error handling or destination setting."),
        ),
        (
            config("PUT", "", "", r#"{"MaximumRetryAttempts":3}"#),
            rule("'3'", "maximumRetryAttempts", "Member must have value less than or equal to 2"),
        ),
        (
            config("PUT", "", "", r#"{"MaximumEventAgeInSeconds":59}"#),
            rule("'59'", "maximumEventAgeInSeconds", "Member must have value greater than or equal to 60"),
        ),
        (to(ARN), invalid("You can't specify the function as a destination for itself.")),
        (
            to("arn:aws:sqs:eu-west-1:000000000000:q"),
            invalid("The destination ARN arn:aws:sqs:eu-west-1:000000000000:q is invalid."),
        ),
        (
            to("arn:aws:sns:us-east-1:000000000000:t"),
            invalid(
                "A Destination that is no queue or function is not handled by this engine yet; send the request \
                 without it",
            ),
        ),
        (sent("GET", "/versions", "Marker=bGl2ZQ%3D%3D", ""), invalid("Invalid Marker.")),
    ];
    for (sent, expected) in cases {
        assert_eq!(sent.error(), expected, "{sent:?}");
    }
    for sent in
        [sent("PUT", "/versions", "", "{}"), sent("POST", "/aliases/live", "", "{}"), config("PUT", "/list", "", "{}")]
    {
        assert!(sent.error().starts_with("UnknownOperationException"), "{sent:?}");
    }
}

#[test]
fn versions_and_aliases_are_told_as_aws_tells_them() {
    let (function, live) = (name(), "live".parse().unwrap());
    let asked = sent("GET", "/aliases/live", "", "");
    let alias = AliasDescription {
        function: &function,
        name: &live,
        version: Version::Numbered(1),
        other: Some(OtherVersion { version: 2, weight: 0.25 }),
        description: "d",
        revision: "r",
    };
    let response = asked.answer(&Any::Lambda(Answer::Alias { alias: &alias, made: true }));
    assert_eq!(response.status, 201);
    let told = json!({
        "AliasArn": format!("{ARN}:live"), "Name": "live", "FunctionVersion": "1", "Description": "d", "RevisionId": "r",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}},
    });
    assert_eq!(json(&response), told);
    let plain = AliasDescription { other: None, version: Version::Latest, ..alias };
    let response = asked.answer(&Any::Lambda(Answer::Aliases { aliases: &[alias, plain], more: true }));
    let listed = json(&response);
    assert_eq!(listed["Aliases"][0], told);
    assert_eq!(listed["Aliases"][1]["FunctionVersion"], "$LATEST");
    assert_eq!(listed["Aliases"][1].get("RoutingConfig"), None);
    assert_eq!(listed["NextMarker"], "bGl2ZQ==");
    let config = InvokeConfigDescription {
        function: name(),
        qualifier: Qualifier::Alias("live".parse().unwrap()),
        retries: Some(1),
        max_age_seconds: None,
        on_success: None,
        on_failure: Some(Destination::Queue("q".parse().unwrap())),
        changed_at: AT,
    };
    let told = json(&asked.answer(&Any::Lambda(Answer::InvokeConfig(&config))));
    let expected = json!({
        "FunctionArn": format!("{ARN}:live"), "LastModified": 1_709_856_000.498, "MaximumRetryAttempts": 1,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}},
    });
    assert_eq!(told, expected);
    let response = asked.answer(&Any::Lambda(Answer::Deleted));
    assert_eq!((response.status, response.body.len()), (204, 0));
}

#[test]
fn refusals_are_in_awss_words() {
    let (function, live, two) = (name(), "live".parse().unwrap(), "2".parse().unwrap());
    let cases = [
        (
            Refused::NoVersion(&function, &two),
            404,
            "ResourceNotFoundException",
            json!({"Type": "User", "Message": format!("Function not found: {ARN}:2")}),
        ),
        (
            Refused::NoAlias { function: &function, alias: &live, changing: false },
            404,
            "ResourceNotFoundException",
            json!({"Type": "User", "Message": format!("Cannot find alias arn: {ARN}:live")}),
        ),
        (
            Refused::NoAlias { function: &function, alias: &live, changing: true },
            404,
            "ResourceNotFoundException",
            json!({"Type": "User", "Message": format!("Alias not found: {ARN}:live")}),
        ),
        (
            Refused::AliasExists(&function, &live),
            409,
            "ResourceConflictException",
            json!({"Type": "User", "message": format!("Alias already exists: {ARN}:live")}),
        ),
        (
            Refused::Revision,
            412,
            "PreconditionFailedException",
            json!({"Type": "User", "message": "The Revision Id provided does not match the latest Revision Id. Call the \
                   GetFunction/GetAlias API to retrieve the latest Revision Id"}),
        ),
        (
            Refused::NoInvokeConfig(&function, &Qualifier::LATEST),
            404,
            "ResourceNotFoundException",
            json!({"Type": "User", "Message": format!("The function {ARN}:$LATEST doesn't have an EventInvokeConfig")}),
        ),
        (
            Refused::LatestShares,
            400,
            "InvalidParameterValueException",
            json!({"message": "$LATEST is not supported for an alias pointing to more than 1 version"}),
        ),
    ];
    for (refused, status, code, body) in cases {
        let response = sent("GET", "", "", "").refuse(&Refusal::Lambda(refused));
        assert_eq!((response.status, header(&response, "x-amzn-errortype")), (status, Some(code)));
        assert_eq!(json(&response), body);
    }
}

/// As AWS was recorded to say it.
#[test]
fn faulty_destinations_are_refused_in_awss_words() {
    let put = |body: &serde_json::Value| config("PUT", "", "", &body.to_string()).error();
    let to = |arn: &str| json!({ "Destination": arn });
    let iam = ARN.replace(":lambda:", ":iam:");
    let (queue, odd) = ("arn:aws:sqs:us-east-1:000000000000:q", ARN.replace(":lambda:", ":_-/!lambda:"));
    let pattern = r"Member must satisfy regular expression pattern: ^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";
    let cases = [
        (
            json!({ "OnSuccess": to(&iam) }),
            format!(
                "InvalidParameterValueException: The provided destination config \
                 DestinationConfig(onSuccess=OnSuccess(destination={iam}), onFailure=null) is invalid."
            ),
        ),
        (
            json!({ "OnSuccess": to(queue), "OnFailure": to(&iam) }),
            format!(
                "InvalidParameterValueException: The provided destination config \
                 DestinationConfig(onSuccess=OnSuccess(destination={queue}), onFailure=OnFailure(destination={iam})) is \
                 invalid."
            ),
        ),
        (
            json!({ "OnFailure": to(&odd) }),
            format!(
                "ValidationException: 1 validation error detected: Value '{odd}' at \
                 'destinationConfig.onFailure.destination' failed to satisfy constraint: {pattern}"
            ),
        ),
        (
            json!({ "OnFailure": to("q") }),
            format!(
                "ValidationException: 1 validation error detected: Value 'q' at 'destinationConfig.onFailure.destination' \
                 failed to satisfy constraint: {pattern}"
            ),
        ),
        (
            json!({ "OnSuccess": to(ARN) }),
            "InvalidParameterValueException: You can't specify the function as a destination for itself.".to_owned(),
        ),
        (
            json!({ "OnSuccess": to("arn:aws:sqs:eu-west-1:000000000000:q") }),
            "InvalidParameterValueException: The destination ARN arn:aws:sqs:eu-west-1:000000000000:q is invalid."
                .to_owned(),
        ),
    ];
    for (destinations, expected) in cases {
        assert_eq!(put(&json!({ "DestinationConfig": destinations })), expected, "{destinations}");
    }
    for nothing in [json!({ "OnSuccess": {} }), json!({ "OnFailure": to("") })] {
        let asked = config("PUT", "", "", &json!({ "DestinationConfig": nothing }).to_string());
        let wire::Call::Lambda(Call::SetInvokeConfig { settings, .. }) = asked.call() else { panic!("{nothing}") };
        assert_eq!(settings, InvokeSettings { told: Some((None, None)), ..InvokeSettings::default() });
    }
}
