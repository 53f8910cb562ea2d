//! Which service a request is for, and what the ones say that are not run here.

use super::{Sent, header, text};
use wire::{Answer, Call, Service};

#[test]
fn one_port_serves_all_services() {
    let cases = [
        (Sent::json("DynamoDB_20120810.PutItem", ""), Service::Dynamodb, "PutItem"),
        (Sent::json("AmazonSQS.ReceiveMessage", ""), Service::Sqs, "ReceiveMessage"),
        (Sent::json("Logs_20140328.FilterLogEvents", ""), Service::Logs, "FilterLogEvents"),
        (Sent::json("AWSEvents.TestEventPattern", ""), Service::Events, "TestEventPattern"),
        (Sent::json("AWSStepFunctions.StartExecution", ""), Service::Other, "StartExecution"),
        (Sent::json("nodots", ""), Service::Other, "nodots"),
        (Sent::form("/", "Action=GetCallerIdentity&Version=2011-06-15"), Service::Sts, "GetCallerIdentity"),
        (Sent::form("/", "Action=ListQueues&Version=2012-11-05"), Service::Sqs, "ListQueues"),
        (Sent::form("/000000000000/Q", "Action=ReceiveMessage"), Service::Sqs, "ReceiveMessage"),
        (Sent::form("/", "Action=ListStacks&Version=2010-05-15"), Service::Other, "ListStacks"),
        (
            Sent::form("/", "Action=GetCallerIdentity")
                .header("Authorization", "AWS4-HMAC-SHA256 Credential=K/20240101/us-east-1/sts/aws4_request"),
            Service::Sts,
            "GetCallerIdentity",
        ),
        (Sent::new("GET", "/000000000000/Q?Action=ReceiveMessage&Version=2012-11-05"), Service::Sqs, "ReceiveMessage"),
        (Sent::new("GET", "/2015-03-31/functions"), Service::Lambda, ""),
        (Sent::new("GET", "/"), Service::Other, ""),
    ];
    for (sent, service, operation) in cases {
        let found = sent.with(|reply, _, _| (reply.service(), reply.operation().to_owned()));
        assert_eq!(found, (service, operation.to_owned()), "{sent:?}");
    }
}

#[test]
fn somebody_is_there() {
    let sent = Sent::new("GET", "/");
    assert_eq!(sent.call(), Call::Health);
    let response = sent.answer(&Answer::Healthy);
    assert_eq!((response.status, text(&response)), (200, "healthy: dynamodb.us-east-1.amazonaws.com "));
}

#[test]
fn what_is_no_request_of_any_protocol_is_not_found() {
    let cases = [
        Sent::new("GET", "/favicon.ico"),
        Sent::new("PUT", "/"),
        Sent::new("POST", "/").header("X-Amz-Target", "DynamoDB_20120810.PutItem").header("Content-Type", "text/plain"),
        Sent::new("POST", "/").header("Content-Type", "application/x-amz-json-1.0"),
        Sent::new("GET", "/2015-03-3/functions"),
    ];
    for sent in cases {
        let response = sent.refused();
        assert_eq!((response.status, text(&response)), (404, "<UnknownOperationException/>\n"), "{sent:?}");
    }
}

#[test]
fn operations_that_are_not_run_are_unknown_in_every_protocol() {
    let response = Sent::json("AWSStepFunctions.StartExecution", "{}").refused();
    assert_eq!(response.status, 400);
    assert_eq!(
        text(&response),
        r#"{"Message":"The operation \"StartExecution\" is not known, or not run by this engine.","__type":"com.amazon.coral.service#UnknownOperationException"}"#
    );
    let response = Sent::json("AmazonSQS.SendMessages", "{}").refused();
    assert_eq!(header(&response, "x-amzn-query-error"), Some("InvalidAction;Sender"));
    let response = Sent::form("/", "Action=AssumeRole&Version=2011-06-15").refused();
    assert_eq!(response.status, 400);
    assert_eq!(
        text(&response),
        "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
         <Type>Sender</Type><Code>InvalidAction</Code><Message>The operation &quot;AssumeRole&quot; is not known, or \
         not run by this engine.</Message></Error><RequestId>3f1c2d4e-0000-4000-8000-000000000000</RequestId>\
         </ErrorResponse>"
    );
    let response = Sent::new("DELETE", "/2015-03-31/functions/x").refused();
    assert_eq!((response.status, header(&response, "x-amzn-errortype")), (404, Some("UnknownOperationException")));
}

#[test]
fn whoever_asks_is_the_account() {
    let sent = Sent::form("/", "Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(sent.call(), Call::GetCallerIdentity);
    let response = sent.answer(&Answer::CallerIdentity);
    assert_eq!(header(&response, "content-type"), Some("text/xml"));
    assert_eq!(
        text(&response),
        "<?xml version=\"1.0\"?><GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId>\
         <Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata>\
         <RequestId>3f1c2d4e-0000-4000-8000-000000000000</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
}
