//! Whatever arrives: an answer, and never a panic.

use super::{Sent, header};
use proptest::prelude::*;
use serde_json::Value as Json;
use types::Timestamp;
use wire::Response;
use wire::sigv4::{Credentials, verify};

const OPERATIONS: [&str; 76] = [
    "DynamoDB_20120810.PutItem",
    "DynamoDB_20120810.GetItem",
    "DynamoDB_20120810.DeleteItem",
    "DynamoDB_20120810.BatchWriteItem",
    "DynamoDB_20120810.DescribeTable",
    "DynamoDB_20120810.ListTables",
    "DynamoDB_20120810.Query",
    "DynamoDB_20120810.DescribeTimeToLive",
    "DynamoDB_20120810.UpdateTimeToLive",
    "AmazonSQS.GetQueueUrl",
    "AmazonSQS.ListQueues",
    "AmazonSQS.ReceiveMessage",
    "AmazonSQS.DeleteMessage",
    "AmazonSQS.GetQueueAttributes",
    "AmazonSQS.CreateQueue",
    "AmazonSQS.DeleteQueue",
    "AmazonSQS.PurgeQueue",
    "AmazonSQS.SetQueueAttributes",
    "AmazonSQS.ListDeadLetterSourceQueues",
    "AmazonSQS.TagQueue",
    "AmazonSQS.UntagQueue",
    "AmazonSQS.ListQueueTags",
    "AmazonSQS.AddPermission",
    "AmazonSQS.RemovePermission",
    "AmazonSQS.SendMessage",
    "AmazonSQS.SendMessageBatch",
    "AmazonSQS.DeleteMessageBatch",
    "AmazonSQS.ChangeMessageVisibility",
    "AmazonSQS.ChangeMessageVisibilityBatch",
    "AmazonSQS.StartMessageMoveTask",
    "AmazonSQS.ListMessageMoveTasks",
    "AmazonSQS.CancelMessageMoveTask",
    "Logs_20140328.DescribeLogGroups",
    "Logs_20140328.DescribeLogStreams",
    "Logs_20140328.GetLogEvents",
    "Logs_20140328.FilterLogEvents",
    "Logs_20140328.PutLogEvents",
    "Logs_20140328.CreateLogGroup",
    "Logs_20140328.CreateLogStream",
    "Logs_20140328.DeleteLogStream",
    "Logs_20140328.PutRetentionPolicy",
    "Logs_20140328.TagResource",
    "Logs_20140328.UntagLogGroup",
    "Logs_20140328.PutMetricFilter",
    "Logs_20140328.DescribeMetricFilters",
    "Logs_20140328.TestMetricFilter",
    "AWSEvents.TestEventPattern",
    "AWSEvents.PutEvents",
    "AWSEvents.CreateEventBus",
    "AWSEvents.UpdateEventBus",
    "AWSEvents.DeleteEventBus",
    "AWSEvents.DescribeEventBus",
    "AWSEvents.ListEventBuses",
    "AWSEvents.PutRule",
    "AWSEvents.DescribeRule",
    "AWSEvents.ListRules",
    "AWSEvents.DeleteRule",
    "AWSEvents.PutTargets",
    "AWSEvents.RemoveTargets",
    "AWSEvents.ListTargetsByRule",
    "AWSEvents.CreateConnection",
    "AWSEvents.UpdateConnection",
    "AWSEvents.ListConnections",
    "AWSEvents.CreateApiDestination",
    "AWSEvents.ListApiDestinations",
    "AWSEvents.ListRuleNamesByTarget",
    "AWSEvents.CreateArchive",
    "AWSEvents.UpdateArchive",
    "AWSEvents.DescribeArchive",
    "AWSEvents.ListArchives",
    "AWSEvents.StartReplay",
    "AWSEvents.DescribeReplay",
    "AWSEvents.ListReplays",
    "AWSEvents.TagResource",
    "AWSEvents.UntagResource",
    "AWSEvents.ListTagsForResource",
];

const MEMBERS: [&str; 73] = [
    "TableName",
    "Item",
    "Key",
    "RequestItems",
    "PutRequest",
    "DeleteRequest",
    "Limit",
    "ExclusiveStartTableName",
    "KeyConditionExpression",
    "KeyConditions",
    "ComparisonOperator",
    "AttributeValueList",
    "ProjectionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "IndexName",
    "Select",
    "ExclusiveStartKey",
    "TimeToLiveSpecification",
    "ScanIndexForward",
    "ReturnValues",
    "ReturnConsumedCapacity",
    "ConsistentRead",
    "QueueUrl",
    "QueueName",
    "MaxNumberOfMessages",
    "AttributeNames",
    "ReceiptHandle",
    "Attributes",
    "Entries",
    "Id",
    "MessageBody",
    "MessageAttributes",
    "MessageSystemAttributes",
    "Tags",
    "TagKeys",
    "VisibilityTimeout",
    "SourceArn",
    "TaskHandle",
    "Label",
    "NextToken",
    "logGroupName",
    "logGroupIdentifier",
    "logStreamName",
    "limit",
    "nextToken",
    "startTime",
    "logStreamNames",
    "EventPattern",
    "Event",
    "Detail",
    "EventBusName",
    "Time",
    "Resources",
    "Rule",
    "Targets",
    "Arn",
    "Ids",
    "ResourceARN",
    "RetryPolicy",
    "InputTransformer",
    "HttpParameters",
    "ArchiveName",
    "ReplayName",
    "EventSourceArn",
    "EventStartTime",
    "EventEndTime",
    "Destination",
    "FilterArns",
    "State",
    "Description",
    "Name",
    "Value",
];

/// Trees whose members are often those that requests have.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        prop::sample::select(vec![
            "Orders",
            "All",
            "http://h/000000000000/Q",
            "arn:aws:logs:us-east-1:000000000000:log-group:g",
            "f/",
            "1e999",
            "OF1"
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(MEMBERS.to_vec()).prop_map(str::to_owned),
            prop::sample::select(vec!["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"])
                .prop_map(str::to_owned),
            "\\PC{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_header() -> impl Strategy<Value = (String, String)> {
    let names = vec![
        "Content-Type",
        "X-Amz-Target",
        "Authorization",
        "X-Amz-Date",
        "x-amzn-query-mode",
        "X-Amz-Invocation-Type",
        "X-Amz-Log-Type",
        "X-Amz-Content-Sha256",
        "Host",
    ];
    let values = prop_oneof![
        "\\PC{0,40}",
        prop::sample::select(vec![
            "application/x-amz-json-1.0",
            "application/x-www-form-urlencoded",
            "true",
            "20150830T123600Z",
            "AWS4-HMAC-SHA256 Credential=K/20150830/r/s/aws4_request, SignedHeaders=host;;x, Signature=é0",
            "AWS4-HMAC-SHA256 Credential=K/20150830/r/s/aws4_request, SignedHeaders=host, Signature=00",
        ])
        .prop_map(str::to_owned),
        prop::sample::select(OPERATIONS.to_vec()).prop_map(str::to_owned),
    ];
    (prop::sample::select(names).prop_map(str::to_owned), values)
}

/// The answer to whatever it is: the error's, or none if it was understood.
fn respond(sent: &Sent) -> Option<Response> {
    let error = sent.parse().err()?;
    Some(sent.with(|reply, _, _| reply.error(&error)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any bytes anywhere in a request are answered.
    #[test]
    fn any_bytes_are_answered(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]),
        path in prop_oneof![
            "/\\PC{0,40}",
            "/2015-03-31/functions/[%a-z0-9:$/]{0,40}",
            "/2015-03-31/functions/[%a-z0-9:$]{0,20}/invocations",
        ],
        query in prop_oneof!["\\PC{0,40}", "(Action|Version|Marker|MaxItems|Qualifier)=[%a-zA-Z0-9&=]{0,20}"],
        usual in prop::sample::select(vec![None, Some("application/x-www-form-urlencoded"), Some("application/x-amz-json-1.0")]),
        target in prop::sample::select(OPERATIONS.to_vec()),
        others in prop::collection::vec(any_header(), 0..6),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(Action|QueueUrl|AttributeName.1|WaitTimeSeconds)=[%a-zA-Z0-9&=]{0,40}".prop_map(String::into_bytes),
        ],
    ) {
        let sent = Sent { method, path, query, headers: Vec::new(), body };
        let mut sent = usual.into_iter().fold(sent, |sent, usual| sent.header("Content-Type", usual).header("X-Amz-Target", target));
        sent.headers.extend(others);
        if let Some(response) = respond(&sent) {
            prop_assert!((400..600).contains(&response.status));
        }
        let keys = [Credentials { access_key_id: "K".to_owned(), secret_access_key: "s".to_owned() }];
        let verified = sent.with(|_, head, body| verify(head, body, &keys, Timestamp::from_millis(1_440_938_160_000)).is_ok());
        prop_assert!(!verified);
    }

    /// Any JSON as the body of any operation is understood, or refused with a code and a text.
    #[test]
    fn any_json_is_answered(target in prop::sample::select(OPERATIONS.to_vec()), body in any_json()) {
        if let Some(response) = respond(&Sent::json(target, &body.to_string())) {
            let spelt: Json = serde_json::from_slice(&response.body).unwrap();
            let message = spelt.get("message").or(spelt.get("Message")).and_then(Json::as_str);
            prop_assert!(spelt["__type"].is_string() && message.is_some_and(|text| !text.is_empty()));
            let absent = spelt["__type"] == "com.amazonaws.sqs#ResourceNotFoundException";
            prop_assert_eq!(response.status, if absent { 404 } else { 400 });
            prop_assert_eq!(header(&response, "x-amzn-query-error").is_some(), target.starts_with("AmazonSQS"));
        }
    }
}

#[test]
fn endless_nesting_is_refused() {
    for unit in ["[", "{\"M\":", "{\"L\":[", "{\"Item\":{\"a\":"] {
        let body = unit.repeat(100_000);
        let sent = Sent::json("DynamoDB_20120810.PutItem", &body);
        assert!(sent.error().starts_with("SerializationException: The body is no JSON: "), "{unit}");
    }
}
