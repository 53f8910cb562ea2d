//! The policies of AWS that functions and pipes are commonly given, as far as they matter here.

use super::document::{Actions, Effect, Resources, Statement};

/// The policies by the end of their ARN, and the actions that each allows on everything.
const POLICIES: [(&str, &[&str]); 4] = [
    (
        ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    (
        ":iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole",
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        ":iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
        &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (":iam::aws:policy/AWSXRayDaemonWriteAccess", &["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),
];

/// What a policy of AWS allows, if it is known here.
pub(super) fn statement(arn: &str) -> Option<Statement> {
    let (_, actions) = POLICIES.iter().find(|(end, _)| arn.starts_with("arn:aws") && arn.ends_with(end))?;
    Some(Statement {
        id: None,
        effect: Effect::Allow,
        principal: None,
        actions: Actions::Only(actions.iter().map(|action| (*action).to_owned()).collect()),
        resources: Resources::Only(vec!["*".to_owned()]),
        conditions: Vec::new(),
    })
}
