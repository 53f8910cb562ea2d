//! Lists the mistakes that are a template's and not a pattern's, as rows of the documentation.

use pattern::lint::{Engine, Severities, Severity};

/// One kind of mistake: a row of the documentation.
#[derive(Debug, PartialEq, Eq)]
pub struct Lint {
    /// Its stable name: `pipe-without-end`.
    pub id: &'static str,
    /// How bad it is on which engine.
    pub severities: Severities,
    /// The mistake in one line.
    pub title: &'static str,
    /// What happens, and what to do about it.
    pub explanation: &'static str,
    /// A part of a template that has the mistake.
    pub wrong: &'static str,
    /// The same part without it, where there is one.
    pub right: Option<&'static str>,
}

/// What resolving the template refuses, on whose account it is not.
pub(super) static TEMPLATE_INVALID: Lint = Lint {
    id: "template-invalid",
    severities: HERE_ERROR,
    title: "The template cannot be read, or a property is not what it must be",
    explanation: "`orderflow up` refuses the template for it. Nearly always AWS does too, though it often tells only \
                  after the deployment has begun.",
    wrong: "Resources:\n  Failed:\n    Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: 1000}",
    right: Some("Resources:\n  Failed:\n    Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: 900}"),
};

pub(super) static UNSUPPORTED_RESOURCE: Lint = Lint {
    id: "unsupported-resource",
    severities: HERE_ERROR,
    title: "orderflow does not run this type of resource",
    explanation: "It is no mistake on AWS. `orderflow up` refuses the template, because a stack never comes up with \
                  something missing. Patterns in such a resource are checked all the same.",
    wrong: "Resources:\n  Uploads:\n    Type: AWS::S3::Bucket",
    right: None,
};

pub(super) static UNSUPPORTED_FEATURE: Lint = Lint {
    id: "unsupported-feature",
    severities: HERE_ERROR,
    title: "orderflow does not have this property, function or section",
    explanation: "It is no mistake on AWS. Leaving it out would change what the resource does, so `orderflow up` \
                  refuses the template.",
    wrong: "Properties:\n  LogConfiguration: {Level: INFO}",
    right: None,
};

pub(super) static MISSING_PERMISSION: Lint = Lint {
    id: "missing-permission",
    severities: HERE_ERROR,
    title: "A role does not allow what its pipe or function will do",
    explanation: "The pipe would come up and fail at its first record. The message has the statement that is missing.",
    wrong: "Statement:\n  - {Effect: Allow, Action: dynamodb:GetRecords, Resource: !GetAtt Orders.StreamArn}",
    right: Some(
        "Statement:\n  - Effect: Allow\n    Action: [dynamodb:DescribeStream, dynamodb:GetRecords, \
         dynamodb:GetShardIterator, dynamodb:ListStreams]\n    Resource: !GetAtt Orders.StreamArn",
    ),
};

pub(super) static NO_EFFECT_HERE: Lint = Lint {
    id: "no-effect-here",
    severities: of(Some(Severity::Info), None, None),
    title: "A property has no effect here, or something could not be checked",
    explanation: "The template runs; this only says what it will not do on this machine.",
    wrong: "Properties:\n  PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}",
    right: None,
};

pub(super) static STACK_NAME: Lint = Lint {
    id: "stack-name",
    severities: HERE_ERROR,
    title: "The file's name cannot be a stack's",
    explanation: "`orderflow up` calls a stack like its file: a letter, then letters, digits and hyphens. On AWS the \
                  name is given separately.",
    wrong: "my_stack.yaml",
    right: Some("my-stack.yaml"),
};

pub(super) static PATTERN_NOT_TEXT: Lint = Lint {
    id: "pattern-not-text",
    severities: in_pipes(Severity::Error),
    title: "The pattern of a filter is a map where JSON text must be",
    explanation: "A rule's `EventPattern` is written as a map, a filter's `Pattern` is text that holds JSON. \
                  CloudFormation refuses the map.",
    wrong: "Filters:\n  - Pattern:\n      eventName: [INSERT]",
    right: Some("Filters:\n  - Pattern: |\n      {\"eventName\": [\"INSERT\"]}"),
};

pub(super) static PATTERN_NOT_KNOWN: Lint = Lint {
    id: "pattern-not-known",
    severities: of(Some(Severity::Info), Some(Severity::Info), Some(Severity::Info)),
    title: "Part of a pattern is only known on AWS",
    explanation: "The pattern holds a reference that cannot be followed here. If what stands around it is JSON without \
                  it, that is checked with the name of the reference in its place; otherwise nothing of the pattern is.",
    wrong: "Pattern: !Sub '{\"source\": [\"${Bus.Name}\"]}'",
    right: None,
};

pub(super) static TOO_MANY_FILTERS: Lint = Lint {
    id: "too-many-filters",
    severities: in_pipes(Severity::Error),
    title: "More filters than AWS takes",
    explanation: "A pipe has at most 5 filters, here too. An event source mapping has 5 as well, or up to 10 after the \
                  account's quota was raised. Filters are alternatives, so two of them can become one whose lists hold \
                  the values of both, if they differ in one field only.",
    wrong: "Filters:\n  - Pattern: '{\"eventName\": [\"INSERT\"]}'\n  - Pattern: '{\"eventName\": [\"MODIFY\"]}'\n  # and four more",
    right: Some("Filters:\n  - Pattern: '{\"eventName\": [\"INSERT\", \"MODIFY\"]}'\n  # and three more"),
};

pub(super) static DUPLICATE_PATTERN: Lint = Lint {
    id: "duplicate-pattern",
    severities: in_pipes(Severity::Warning),
    title: "The same filter twice",
    explanation: "Filters are alternatives: the second lets through what the first has let through already. Probably it \
                  was to be changed after it was copied.",
    wrong: "Filters:\n  - Pattern: '{\"eventName\": [\"INSERT\"]}'\n  - Pattern: '{\"eventName\": [\"INSERT\"]}'",
    right: Some("Filters:\n  - Pattern: '{\"eventName\": [\"INSERT\"]}'"),
};

pub(super) static TOO_MANY_WILDCARD_RULES: Lint = Lint {
    id: "too-many-wildcard-rules",
    severities: of(None, Some(Severity::Error), None),
    title: "More than 30 rules with wildcards on one bus",
    explanation: "AWS takes 30 rules with a `wildcard` operator on a bus, and this quota cannot be raised. A wildcard \
                  with its only `*` at an end is a `prefix` or a `suffix`, which are not counted.",
    wrong: "EventPattern: {detail: {key: [{wildcard: 'orders/*'}]}}",
    right: Some("EventPattern: {detail: {key: [{prefix: orders/}]}}"),
};

pub(super) static PIPE_WITHOUT_END: Lint = Lint {
    id: "pipe-without-end",
    severities: in_pipes(Severity::Warning),
    title: "A record that cannot be handled holds up its stream until it expires",
    explanation: "Records of a stream are handled in order, and by default one that fails is tried again for as long as \
                  the stream keeps it: 24 hours for a table, up to a year for Kinesis. Until then nothing behind it is \
                  handled, and then it is gone. Give it an end: `MaximumRetryAttempts`, `MaximumRecordAgeInSeconds` or \
                  both, with a place for what is given up.",
    wrong: "DynamoDBStreamParameters:\n  StartingPosition: TRIM_HORIZON",
    right: Some(
        "DynamoDBStreamParameters:\n  StartingPosition: TRIM_HORIZON\n  MaximumRetryAttempts: 3\n  \
         OnPartialBatchItemFailure: AUTOMATIC_BISECT\n  DeadLetterConfig: {Arn: !GetAtt Failed.Arn}",
    ),
};

pub(super) static PIPE_WITHOUT_DEAD_LETTERS: Lint = Lint {
    id: "pipe-without-dead-letters",
    severities: in_pipes(Severity::Warning),
    title: "Records that are given up are lost",
    explanation: "There is a limit to how often or how long a record is tried, and no queue for those that reach it.",
    wrong: "DynamoDBStreamParameters:\n  StartingPosition: TRIM_HORIZON\n  MaximumRetryAttempts: 3",
    right: Some(
        "DynamoDBStreamParameters:\n  StartingPosition: TRIM_HORIZON\n  MaximumRetryAttempts: 3\n  \
         DeadLetterConfig: {Arn: !GetAtt Failed.Arn}",
    ),
};

pub(super) static SHORT_VISIBILITY: Lint = Lint {
    id: "short-visibility",
    severities: in_pipes(Severity::Warning),
    title: "Messages are handed out again while they are being handled",
    explanation: "A received message is hidden for the queue's `VisibilityTimeout`. AWS wants it six times as long as the \
                  function's `Timeout`, and the batching window longer, so that a batch can be tried again and wait for \
                  a function that is busy. Shorter than the `Timeout` itself it refuses the event source mapping.",
    wrong: "Queue: {VisibilityTimeout: 60}\nFunction: {Timeout: 30}",
    right: Some("Queue: {VisibilityTimeout: 180}\nFunction: {Timeout: 30}"),
};

pub(super) static DEAD_LETTERS_EXPIRE_FIRST: Lint = Lint {
    id: "dead-letters-expire-first",
    severities: in_pipes(Severity::Warning),
    title: "Dead letters are kept for a shorter time than messages",
    explanation: "A message keeps its age when it becomes a dead letter of a standard queue. If the queue of dead letters \
                  keeps messages for a shorter time, one that was tried for long is gone before anybody looks.",
    wrong: "Queue: {MessageRetentionPeriod: 345600}\nDLQ: {MessageRetentionPeriod: 86400}",
    right: Some("Queue: {MessageRetentionPeriod: 345600}\nDLQ: {MessageRetentionPeriod: 1209600}"),
};

pub(super) static QUEUE_WITHOUT_DEAD_LETTERS: Lint = Lint {
    id: "queue-without-dead-letters",
    severities: in_pipes(Severity::Warning),
    title: "A queue that is worked on has no place for what cannot be handled",
    explanation: "Without `RedrivePolicy` a message that fails comes again until it expires. It takes the place of others \
                  all that time, and then it is lost.",
    wrong: "Queue:\n  Type: AWS::SQS::Queue",
    right: Some(
        "Queue:\n  Type: AWS::SQS::Queue\n  Properties:\n    RedrivePolicy: {deadLetterTargetArn: !GetAtt DLQ.Arn, \
         maxReceiveCount: 5}",
    ),
};

pub(super) static POLLER_ALL_OR_NOTHING: Lint = Lint {
    id: "poller-all-or-nothing",
    severities: in_pipes(Severity::Warning),
    title: "One message that fails brings back its whole batch",
    explanation: "Without `ReportBatchItemFailures` a batch succeeds or fails as one. Messages that were handled come \
                  again with the one that was not, and become dead letters with it.",
    wrong: "Poller: {EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Function, BatchSize: 10}",
    right: Some(
        "Poller: {EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Function, BatchSize: 10, FunctionResponseTypes: \
         [ReportBatchItemFailures]}",
    ),
};

pub(super) static PERMISSION_FOR_ANY_API: Lint = Lint {
    id: "permission-for-any-api",
    severities: in_pipes(Severity::Warning),
    title: "A function lets every API call it",
    explanation: "A permission for `apigateway.amazonaws.com` without `SourceArn` is one for the APIs of every account. \
                  Name the API that it is for.",
    wrong: "Permission: {Action: lambda:InvokeFunction, FunctionName: !Ref Function, Principal: apigateway.amazonaws.com}",
    right: Some(
        "Permission:\n  Action: lambda:InvokeFunction\n  FunctionName: !Ref Function\n  Principal: \
         apigateway.amazonaws.com\n  SourceArn: !Sub \
         arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*",
    ),
};

pub(super) static STAGE_WITHOUT_THROTTLING: Lint = Lint {
    id: "stage-without-throttling",
    severities: in_pipes(Severity::Warning),
    title: "An API's stage has no limit of its own",
    explanation: "All APIs of an account share one limit. A stage without one lets a single caller use it up, for every \
                  other API too.",
    wrong: "Stage: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod}",
    right: Some(
        "Stage:\n  RestApiId: !Ref Api\n  DeploymentId: !Ref Deployment\n  StageName: prod\n  MethodSettings:\n    - \
         {HttpMethod: \"*\", ResourcePath: /*, ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200}",
    ),
};

pub(super) static CACHE_ACROSS_KEYS: Lint = Lint {
    id: "cache-across-keys",
    severities: in_pipes(Severity::Error),
    title: "One customer's cached answer is given to another",
    explanation: "A cached answer is found by the path and by `cacheKeyParameters`. Where a key says who asks, the key is \
                  part of the question; without it among them the first caller's answer goes to everybody.",
    wrong: "x-amazon-apigateway-integration:\n  cacheKeyParameters: [method.request.path.orderId]",
    right: Some(
        "parameters:\n  - {name: x-api-key, in: header, schema: {type: string}}\nx-amazon-apigateway-integration:\n  \
         cacheKeyParameters: [method.request.path.orderId, method.request.header.x-api-key]",
    ),
};

pub(super) static KEY_IN_TEMPLATE: Lint = Lint {
    id: "key-in-template",
    severities: in_pipes(Severity::Error),
    title: "A key stands in the template",
    explanation: "Templates lie in repositories, in logs of deployments and with whoever may look at the stack. AWS makes \
                  a key where the template gives none, and here `orderflow keys create` does.",
    wrong: "Key:\n  Type: AWS::ApiGateway::ApiKey\n  Properties: {Enabled: true, Value: 7Jd0-not-a-secret-any-more}",
    right: Some("Key:\n  Type: AWS::ApiGateway::ApiKey\n  Properties: {Enabled: true}"),
};

/// The lints about services that read no patterns, for which AWS has one column alone.
const OF_SERVICES: [&Lint; 8] = [
    &SHORT_VISIBILITY,
    &DEAD_LETTERS_EXPIRE_FIRST,
    &QUEUE_WITHOUT_DEAD_LETTERS,
    &POLLER_ALL_OR_NOTHING,
    &PERMISSION_FOR_ANY_API,
    &STAGE_WITHOUT_THROTTLING,
    &CACHE_ACROSS_KEYS,
    &KEY_IN_TEMPLATE,
];

/// All lints of templates, in the order of the documentation.
pub fn lints() -> Vec<&'static Lint> {
    let of_patterns = [
        &TEMPLATE_INVALID,
        &UNSUPPORTED_RESOURCE,
        &UNSUPPORTED_FEATURE,
        &MISSING_PERMISSION,
        &NO_EFFECT_HERE,
        &STACK_NAME,
        &PATTERN_NOT_TEXT,
        &PATTERN_NOT_KNOWN,
        &TOO_MANY_FILTERS,
        &DUPLICATE_PATTERN,
        &TOO_MANY_WILDCARD_RULES,
        &PIPE_WITHOUT_END,
        &PIPE_WITHOUT_DEAD_LETTERS,
    ];
    of_patterns.into_iter().chain(OF_SERVICES).collect()
}

/// The lints of templates as a part of a page in Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "## Templates\n\nWhat `orderflow check` finds in a template beside its patterns. An error of orderflow is what \
         `orderflow up` refuses.\n\n",
    );
    for lint in lints() {
        page.push_str(&format!("- [`{}`](#{}): {}\n", lint.id, lint.id, lint.title));
    }
    for Lint { id, severities, title, explanation, wrong, right } in lints() {
        let word = |engine| severities.of(engine).map_or_else(|| "–".to_owned(), |severity| severity.to_string());
        page.push_str(&format!("\n### `{id}`\n\n{title}.\n\n{explanation}\n\n"));
        let (here, bus, pipe) = (word(Engine::Here), word(Engine::AwsBus), word(Engine::AwsPipe));
        if OF_SERVICES.iter().any(|lint| lint.id == *id) {
            page.push_str(&format!("| orderflow | AWS |\n|---|---|\n| {here} | {pipe} |\n"));
        } else {
            page.push_str("| orderflow | AWS bus | AWS pipe |\n|---|---|---|\n");
            page.push_str(&format!("| {here} | {bus} | {pipe} |\n"));
        }
        page.push_str(&format!("\nWrong:\n\n```yaml\n{wrong}\n```\n"));
        if let Some(right) = right {
            page.push_str(&format!("\nRight:\n\n```yaml\n{right}\n```\n"));
        }
    }
    page
}

const HERE_ERROR: Severities = of(Some(Severity::Error), None, None);

const fn of(here: Option<Severity>, aws_bus: Option<Severity>, aws_pipe: Option<Severity>) -> Severities {
    Severities { here, aws_bus, aws_pipe }
}

/// As bad as this in pipes, wherever they run.
pub(super) const fn in_pipes(severity: Severity) -> Severities {
    of(Some(severity), None, Some(severity))
}
