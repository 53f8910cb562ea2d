//! Decides which code, text and status a client gets for what went wrong, service by service.
//!
//! A [`WireError`] is an error as AWS would name it; [`crate::Reply::error`] puts it into the request's protocol. What
//! the engine refuses comes in as a [`Refusal`], whose words differ from service to service: start at
//! [`WireError::of`].

use crate::events::{self, EventFault};
use crate::reply::Service;
use crate::sigv4::AuthError;
use crate::{cloudwatch, lambda, sqs};
use serde_json::{Map, Value as Json};
use types::{Account, FunctionName, PipeName, QueueName, TableName};

/// An error as AWS names it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct WireError {
    /// Which error it is.
    pub code: Code,
    /// What is wrong, in AWS's words where AWS has any.
    pub message: String,
    /// Further members of the error's body.
    pub(crate) members: Map<String, Json>,
}

/// Declares the error codes: the name, the namespace in JSON bodies, the status, and who is at fault.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $namespace:expr, $status:literal;)*) => {
        /// The errors that clients tell apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// The name that clients see in JSON and REST protocols.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            pub(crate) fn namespace(self) -> Namespace {
                match self { $(Self::$code => $namespace,)* }
            }

            /// The HTTP status in JSON and REST protocols.
            pub fn status(self) -> u16 {
                match self { $(Self::$code => $status,)* }
            }
        }
    };
}

/// Where an error's shape is defined, which JSON bodies say before its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// The framework that AWS's services are built on.
    Coral,
    /// Its checks of requests.
    Validate,
    /// The service itself.
    Own,
}

use Namespace::{Coral, Own, Validate};

codes! {
    /// A batch has two entries of one id.
    BatchEntryIdsNotDistinct = "BatchEntryIdsNotDistinct", Own, 400;
    /// There is no such alarm.
    AlarmNotFound = "ResourceNotFound", Own, 404;
    /// There is no such resource whose tags are asked for.
    TaggedNotFound = "ResourceNotFoundException", Own, 404;
    /// What a dashboard shows is no JSON.
    DashboardInvalid = "DashboardInvalidInputError", Own, 400;
    /// There is no such dashboard.
    DashboardNotFound = "DashboardNotFoundError", Own, 404;
    /// Something broke here, as CloudWatch names it.
    InternalService = "InternalServiceFault", Own, 500;
    /// What should be JSON is none.
    InvalidFormat = "InvalidFormatFault", Own, 400;
    /// The token was not given out here.
    InvalidNextToken = "InvalidNextToken", Own, 400;
    /// Parameters that do not go together.
    InvalidParameterCombination = "InvalidParameterCombinationException", Own, 400;
    /// There are as many as there may be.
    LimitExceeded = "LimitExceededFault", Own, 400;
    /// There are as many as there may be, as logs and events name it.
    LimitExceededException = "LimitExceededException", Own, 400;
    /// A batch is too large.
    BatchRequestTooLong = "BatchRequestTooLong", Own, 400;
    /// A function has as many versions or aliases as it may.
    CodeStorageExceeded = "CodeStorageExceededException", Own, 400;
    /// The condition on the stored item does not hold.
    ConditionalCheckFailed = "ConditionalCheckFailedException", Own, 400;
    /// A batch has no entries.
    EmptyBatchRequest = "EmptyBatchRequest", Own, 400;
    /// What is asked for does not go with how far something is.
    IllegalStatus = "IllegalStatusException", Own, 400;
    /// Something broke here.
    Internal = "InternalServerError", Own, 500;
    /// Something broke here, as EventBridge names it.
    InternalException = "InternalException", Own, 500;
    /// The queue URL is none.
    InvalidAddress = "InvalidAddress", Own, 400;
    /// A queue has no attribute of this name.
    InvalidAttributeName = "InvalidAttributeName", Own, 400;
    /// An attribute of a queue has a value that it cannot have.
    InvalidAttributeValue = "InvalidAttributeValue", Own, 400;
    /// The id of a batch's entry is none.
    InvalidBatchEntryId = "InvalidBatchEntryId", Own, 400;
    /// A message has characters that it cannot have.
    InvalidMessageContents = "InvalidMessageContents", Own, 400;
    /// The event pattern is none.
    InvalidEventPattern = "InvalidEventPatternException", Own, 400;
    /// A parameter of a log request has a value that it cannot have.
    InvalidParameter = "InvalidParameterException", Own, 400;
    /// A parameter has a value that it cannot have.
    InvalidParameterValue = "InvalidParameterValueException", Coral, 400;
    /// The payload of an invocation is no JSON.
    InvalidRequestContent = "InvalidRequestContentException", Own, 400;
    /// The signature does not belong to the request.
    InvalidSignature = "InvalidSignatureException", Coral, 400;
    /// The request has no signature.
    MissingAuthenticationToken = "MissingAuthenticationTokenException", Coral, 400;
    /// The signature lacks a part.
    IncompleteSignature = "IncompleteSignatureException", Coral, 400;
    /// The message is not hidden by a receive.
    MessageNotInflight = "MessageNotInflight", Own, 400;
    /// More messages are received and not deleted than a queue may have.
    OverLimit = "OverLimit", Own, 400;
    /// A parameter is missing.
    MissingParameter = "MissingRequiredParameterException", Coral, 400;
    /// The policy of a bus is too long.
    PolicyLengthExceeded = "PolicyLengthExceededException", Own, 400;
    /// Something is not any more what whoever changes it has seen.
    PreconditionFailed = "PreconditionFailedException", Own, 412;
    /// The queue was emptied a moment ago.
    PurgeQueueInProgress = "PurgeQueueInProgress", Own, 403;
    /// A queue of this name was deleted a moment ago.
    QueueDeletedRecently = "QueueDeletedRecently", Own, 400;
    /// There is no such queue.
    QueueDoesNotExist = "QueueDoesNotExist", Own, 400;
    /// There is a queue of this name, and it is another one.
    QueueNameExists = "QueueNameExists", Own, 400;
    /// The receipt handle was not made here.
    ReceiptHandleIsInvalid = "ReceiptHandleIsInvalid", Own, 400;
    /// The payload is too large.
    RequestTooLarge = "RequestTooLargeException", Own, 413;
    /// A queue's callers are too fast.
    RequestThrottled = "RequestThrottled", Own, 400;
    /// There is something of this name.
    ResourceAlreadyExists = "ResourceAlreadyExistsException", Own, 400;
    /// There is something of this name, as functions name it.
    ResourceConflict = "ResourceConflictException", Own, 409;
    /// There is no such table, function, log group or stream.
    ResourceNotFound = "ResourceNotFoundException", Own, 400;
    /// The body is no JSON, or a member has another JSON type.
    Serialization = "SerializationException", Coral, 400;
    /// Something broke while a function was to be invoked.
    Service = "ServiceException", Own, 500;
    /// There is no such pipe.
    NotFound = "NotFoundException", Own, 404;
    /// There is such a pipe, or it cannot be changed so.
    Conflict = "ConflictException", Own, 409;
    /// There are too many of them.
    ServiceQuotaExceeded = "ServiceQuotaExceededException", Own, 402;
    /// The engine does not take this now.
    ServiceUnavailable = "ServiceUnavailable", Own, 503;
    /// The engine does not take this now, as the log service names it.
    ServiceUnavailableException = "ServiceUnavailableException", Own, 503;
    /// Callers are too fast.
    Throttling = "ThrottlingException", Own, 400;
    /// A batch has more entries than it may.
    TooManyEntriesInBatchRequest = "TooManyEntriesInBatchRequest", Own, 400;
    /// What is tagged has as many tags as it may.
    TooManyTags = "TooManyTagsException", Own, 400;
    /// The function runs as often as it may.
    TooManyRequests = "TooManyRequestsException", Own, 429;
    /// The service has no such operation, or it is not run here.
    UnknownOperation = "UnknownOperationException", Coral, 400;
    /// The key of the signature is not known here.
    UnrecognizedClient = "UnrecognizedClientException", Coral, 400;
    /// The service does not do this.
    UnsupportedOperation = "UnsupportedOperation", Own, 400;
    /// The request breaks a rule.
    Validation = "ValidationException", Validate, 400;
}

impl Code {
    /// The name in the query protocol, which is older than most others.
    pub(crate) fn query_name(self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::BatchEntryIdsNotDistinct => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::PurgeQueueInProgress => "AWS.SimpleQueueService.PurgeQueueInProgress",
            Self::QueueDeletedRecently => "AWS.SimpleQueueService.QueueDeletedRecently",
            Self::TooManyEntriesInBatchRequest => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            Self::UnsupportedOperation => "AWS.SimpleQueueService.UnsupportedOperation",
            Self::AlarmNotFound | Self::DashboardNotFound => "ResourceNotFound",
            Self::TaggedNotFound => self.name(),
            Self::DashboardInvalid => "InvalidParameterInput",
            Self::InternalService => "InternalServiceError",
            Self::InvalidFormat => "InvalidFormat",
            Self::InvalidParameterCombination => "InvalidParameterCombination",
            Self::LimitExceeded => "LimitExceeded",
            Self::InvalidNextToken | Self::LimitExceededException => self.name(),
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::MissingParameter => "MissingParameter",
            Self::InvalidSignature => "SignatureDoesNotMatch",
            Self::UnrecognizedClient => "InvalidClientTokenId",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::Throttling => "Throttling",
            Self::Internal | Self::InternalException | Self::Service => "InternalFailure",
            Self::ServiceUnavailableException => "ServiceUnavailable",
            Self::Validation => "ValidationError",
            Self::UnknownOperation => "InvalidAction",
            Self::ConditionalCheckFailed | Self::InvalidAddress | Self::InvalidAttributeName => self.name(),
            Self::InvalidAttributeValue | Self::InvalidMessageContents => self.name(),
            Self::InvalidEventPattern | Self::InvalidParameter | Self::InvalidRequestContent => self.name(),
            Self::Conflict | Self::ServiceQuotaExceeded => self.name(),
            Self::IllegalStatus | Self::NotFound | Self::ResourceAlreadyExists => self.name(),
            Self::OverLimit | Self::CodeStorageExceeded | Self::PreconditionFailed => self.name(),
            Self::ResourceConflict | Self::PolicyLengthExceeded => self.name(),
            Self::ReceiptHandleIsInvalid => self.name(),
            Self::RequestTooLarge | Self::RequestThrottled | Self::ResourceNotFound => self.name(),
            Self::Serialization | Self::ServiceUnavailable => self.name(),
            Self::TooManyRequests | Self::TooManyTags => self.name(),
        }
    }

    /// The status in the query and REST protocols, which know more statuses than 400.
    pub(crate) fn rest_status(self) -> u16 {
        match self {
            Self::InvalidSignature | Self::UnrecognizedClient => 403,
            Self::MissingAuthenticationToken => 403,
            Self::OverLimit => 403,
            other => other.status(),
        }
    }
}

/// What the engine, or the check of the signature, says no to.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal<'a> {
    /// The table refuses the write or the key.
    Table(&'a table::Refused),
    /// The condition on a stored item does not hold.
    ConditionFailed {
        /// The item, if there is one and the client wants to see it.
        item: Option<&'a types::Item>,
    },
    /// The table or its index cannot be asked so.
    Query(&'a table::QueryRefused),
    /// The index does not have all items yet.
    IndexBuilding(&'a types::IndexName),
    /// When items expire is said in the table's template, and not changed by a request. `Some` says that it is so
    /// already: enabled or not.
    TimeToLive {
        /// How it is already, if that is what was asked for.
        already: Option<bool>,
    },
    /// There is no such table.
    NoSuchTable {
        /// As the client called it.
        name: &'a TableName,
        /// Whether the table itself was asked for (DescribeTable), and not its items: AWS has two texts.
        described: bool,
    },
    /// Two writes of one batch have one key.
    DuplicateKeys,
    /// There is no such function.
    NoSuchFunction(&'a FunctionName),
    /// Versions and aliases of functions are refused, for a reason that only they have.
    Lambda(lambda::Refused<'a>),
    /// The function runs as often at once as it may.
    FunctionBusy,
    /// There is no such queue.
    NoSuchQueue(&'a QueueName),
    /// The receipt is of no message of this queue.
    NoSuchReceipt,
    /// As many messages of the queue are received and not deleted as may be.
    TooManyInFlight,
    /// The queue refuses, for a reason that only queues have.
    Queue(sqs::Refused<'a>),
    /// There is no such log group.
    NoSuchLogGroup,
    /// There is no such log stream.
    NoSuchLogStream,
    /// There is a log group of this name already.
    LogGroupExists,
    /// There is a log stream of this name already.
    LogStreamExists,
    /// The token is not one that this service gave.
    TokenInvalid,
    /// The filter pattern of a log request is faulty.
    FilterPatternInvalid {
        /// What is wrong with it.
        problem: &'a str,
    },
    /// The event pattern is none.
    EventPatternInvalid {
        /// What AWS says of it.
        problem: &'a str,
    },
    /// The event that a pattern is to be tried on is none.
    EventInvalid(&'a EventFault),
    /// Something of event buses is refused, for a reason that only they have.
    Events(events::Refused<'a>),
    /// There is no such pipe.
    NoSuchPipe(&'a PipeName),
    /// The pipe is there already, or belongs to a template.
    PipeConflict {
        /// Which.
        pipe: &'a PipeName,
        /// Why not.
        message: &'a str,
    },
    /// There would be too many pipes.
    TooManyPipes {
        /// The one too many.
        pipe: &'a PipeName,
        /// What is said.
        message: &'a str,
    },
    /// What is asked of a pipe cannot be.
    PipeInvalid {
        /// Which member of the request is wrong.
        field: &'a str,
        /// What is wrong with it.
        message: &'a str,
    },
    /// Metrics, alarms and dashboards refuse, for a reason that only they have.
    CloudWatch(cloudwatch::Refused<'a>),
    /// There is no such metric filter.
    NoSuchMetricFilter,
    /// What a metric filter's lines count for is wrong.
    MetricFilterInvalid {
        /// What is wrong with it.
        problem: &'a str,
    },
    /// There are as many log groups, streams of one, or metric filters of one as there may be.
    TooManyOfLogs,
    /// A log group would have more tags than it may.
    TooManyLogTags,
    /// The caller must slow down: what is not yet applied has reached its bound.
    Throttled,
    /// The disk is as full as it may get.
    DiskFull,
    /// The engine stops, or has not started.
    Unavailable,
    /// Something broke; what exactly is in the engine's own log.
    Internal,
    /// Who asks is not who may.
    Auth(&'a AuthError),
}

impl WireError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), members: Map::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: Json) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// A request member that AWS knows and this engine does not handle yet.
    pub(crate) fn not_handled(service: Service, member: &str) -> Self {
        let code = match service {
            Service::Logs => Code::InvalidParameter,
            Service::Lambda | Service::Sqs | Service::CloudWatch => Code::InvalidParameterValue,
            Service::Dynamodb | Service::Events | Service::Pipes | Service::Sts | Service::Other => Code::Validation,
        };
        Self::new(code, format!("{member} is not handled by this engine yet; send the request without it"))
    }

    /// The error that `service` answers with when the engine refuses.
    pub(crate) fn of(service: Service, refusal: &Refusal<'_>, account: &Account) -> Self {
        let function = |name: &FunctionName| account.arn("lambda", &format!("function:{name}"));
        match refusal {
            Refusal::Table(refused) => Self::of_table(refused),
            Refusal::ConditionFailed { item } => {
                let failed = Self::condition_failed();
                match item {
                    Some(item) => failed.with("Item", item.to_json()),
                    None => failed,
                }
            }
            Refusal::Query(refused) => Self::of_query(refused),
            Refusal::IndexBuilding(index) => {
                Self::new(Code::Validation, format!("Cannot read from backfilling global secondary index: {index}"))
            }
            Refusal::TimeToLive { already: Some(true) } => Self::new(Code::Validation, "TimeToLive is already enabled"),
            Refusal::TimeToLive { already: Some(false) } => {
                Self::new(Code::Validation, "TimeToLive is already disabled")
            }
            Refusal::TimeToLive { already: None } => Self::new(
                Code::Validation,
                "A table's TimeToLiveSpecification is changed in its template here; deploy that again.",
            ),
            Refusal::NoSuchTable { described: false, .. } => {
                Self::new(Code::ResourceNotFound, "Requested resource not found")
            }
            Refusal::NoSuchTable { name, described: true } => {
                Self::new(Code::ResourceNotFound, format!("Requested resource not found: Table: {name} not found"))
            }
            Refusal::DuplicateKeys => Self::new(Code::Validation, "Provided list of item keys contains duplicates"),
            Refusal::NoSuchFunction(name) => {
                Self::new(Code::ResourceNotFound, format!("Function not found: {}", function(name)))
                    .with("Type", "User".into())
            }
            Refusal::Lambda(refused) => refused.error(account),
            Refusal::FunctionBusy => Self::new(Code::TooManyRequests, "Rate Exceeded.")
                .with("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded".into())
                .with("Type", "User".into()),
            Refusal::NoSuchQueue(_) => Self::new(Code::QueueDoesNotExist, "The specified queue does not exist."),
            Refusal::NoSuchReceipt => Self::new(Code::ReceiptHandleIsInvalid, "The input receipt handle is invalid."),
            Refusal::TooManyInFlight => Self::new(
                Code::OverLimit,
                "Too many messages are in flight; delete some of those that were received, then receive more.",
            ),
            Refusal::Queue(refused) => refused.error(account),
            Refusal::NoSuchLogGroup => Self::new(Code::ResourceNotFound, "The specified log group does not exist."),
            Refusal::NoSuchLogStream => Self::new(Code::ResourceNotFound, "The specified log stream does not exist."),
            Refusal::LogGroupExists => Self::new(Code::ResourceAlreadyExists, "The specified log group already exists"),
            Refusal::LogStreamExists => {
                Self::new(Code::ResourceAlreadyExists, "The specified log stream already exists")
            }
            Refusal::TokenInvalid => Self::token_invalid(service),
            Refusal::FilterPatternInvalid { problem } => {
                Self::new(Code::InvalidParameter, format!("Invalid filter pattern: {problem}"))
            }
            Refusal::EventPatternInvalid { problem } => Self::new(Code::InvalidEventPattern, *problem),
            Refusal::PipeConflict { pipe, message } => Self::new(Code::Conflict, *message)
                .with("resourceId", pipe.as_str().into())
                .with("resourceType", "pipe".into()),
            Refusal::TooManyPipes { pipe, message } => Self::new(Code::ServiceQuotaExceeded, *message)
                .with("resourceId", pipe.as_str().into())
                .with("resourceType", "pipe".into())
                .with("serviceCode", "pipes".into())
                .with("quotaCode", "L-pipes".into()),
            Refusal::PipeInvalid { field, message } => Self::field(field, message),
            Refusal::NoSuchPipe(pipe) => Self::new(Code::NotFound, format!("Pipe {pipe} does not exist.")),
            Refusal::Events(refused) => refused.error(),
            Refusal::EventInvalid(fault) => Self::new(Code::Validation, fault.to_string()),
            Refusal::CloudWatch(refused) => refused.error(),
            Refusal::NoSuchMetricFilter => {
                Self::new(Code::ResourceNotFound, "The specified metric filter does not exist.")
            }
            Refusal::MetricFilterInvalid { problem } => {
                Self::new(Code::InvalidParameter, format!("Invalid metric transformation: {problem}"))
            }
            Refusal::TooManyOfLogs => Self::new(Code::LimitExceededException, "Resource limit exceeded."),
            Refusal::TooManyLogTags => Self::new(Code::TooManyTags, "A log group has at most 50 tags."),
            Refusal::Throttled => Self::new(
                match service {
                    Service::Lambda => Code::TooManyRequests,
                    Service::Sqs => Code::RequestThrottled,
                    Service::Dynamodb
                    | Service::Events
                    | Service::Pipes
                    | Service::Logs
                    | Service::CloudWatch
                    | Service::Sts
                    | Service::Other => Code::Throttling,
                },
                "The engine takes writes in faster than its disk keeps them; slow down and try again.",
            ),
            Refusal::DiskFull => Self::unavailable(
                service,
                "The disk of the data directory is full, so writes are refused; make room and try again.",
            ),
            Refusal::Unavailable => Self::unavailable(service, "The engine is stopping; try again when it is back."),
            Refusal::Internal => Self::new(
                match service {
                    Service::Lambda => Code::Service,
                    Service::Events | Service::Pipes => Code::InternalException,
                    Service::CloudWatch => Code::InternalService,
                    Service::Dynamodb | Service::Logs | Service::Sqs | Service::Sts | Service::Other => Code::Internal,
                },
                "Internal server error; the engine's own log says what broke.",
            ),
            Refusal::Auth(error) => Self::new(error.code(), error.to_string()),
        }
    }

    pub(crate) fn token_invalid(service: Service) -> Self {
        let (code, message) = match service {
            Service::Logs => (Code::InvalidParameter, "The specified nextToken is invalid."),
            Service::Sqs => (Code::InvalidParameterValue, "Invalid or expired next token."),
            Service::Lambda => (Code::InvalidParameterValue, "Invalid Marker."),
            Service::CloudWatch => (Code::InvalidNextToken, "Request parameter NextToken is invalid."),
            Service::Dynamodb | Service::Events | Service::Pipes | Service::Sts | Service::Other => {
                (Code::Validation, "The token is invalid.")
            }
        };
        Self::new(code, message)
    }

    fn unavailable(service: Service, message: &str) -> Self {
        let code = match service {
            Service::Lambda => Code::Service,
            Service::Logs => Code::ServiceUnavailableException,
            Service::Dynamodb
            | Service::Events
            | Service::Pipes
            | Service::Sqs
            | Service::CloudWatch
            | Service::Sts
            | Service::Other => Code::ServiceUnavailable,
        };
        Self::new(code, message)
    }

    /// The words in which DynamoDB refuses an item or a key.
    pub(crate) fn of_table(refused: &table::Refused) -> Self {
        use table::Refused;
        let invalid = |what: String| Self::new(Code::Validation, format!("One or more parameter values {what}"));
        match refused {
            Refused::KeyMissing { attribute } => {
                invalid(format!("were invalid: Missing the key {attribute} in the item"))
            }
            Refused::KeyTypeMismatch { attribute, expected, actual } => invalid(format!(
                "were invalid: Type mismatch for key {attribute} expected: {} actual: {actual}",
                expected.name()
            )),
            Refused::KeySchemaMismatch => {
                Self::new(Code::Validation, "The provided key element does not match the schema")
            }
            Refused::KeyEmpty { attribute, key_type } => {
                let kind = if *key_type == types::KeyType::B { "binary" } else { "string" };
                invalid(format!(
                    "are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. \
                     Key: {attribute}"
                ))
            }
            // The missing space is AWS's.
            Refused::HashTooLarge { .. } => invalid(format!(
                "were invalid: Size of hashkey has exceeded the maximum size limit of{} bytes",
                table::HASH_SIZE_MAX
            )),
            Refused::RangeTooLarge { .. } => invalid(format!(
                "were invalid: Aggregated size of all range keys has exceeded the size limit of {} bytes",
                table::RANGE_SIZE_MAX
            )),
            Refused::IndexKeyTypeMismatch { attribute, expected, actual, index } => invalid(format!(
                "were invalid: Type mismatch for Index Key {attribute} Expected: {} Actual: {actual} IndexName: {index}",
                expected.name()
            )),
            Refused::IndexKeyEmpty { attribute, key_type, index } => {
                let kind = if *key_type == types::KeyType::B { "binary" } else { "string" };
                invalid(format!(
                    "are not valid. A value specified for a secondary index key is not supported. The AttributeValue \
                     for a key attribute cannot contain an empty {kind} value. IndexName: {index}, IndexKey: {attribute}"
                ))
            }
            Refused::ItemTooLarge { .. } => {
                Self::new(Code::Validation, "Item size has exceeded the maximum allowed size")
            }
            Refused::KeyNotScalar { attribute, of_index } => Self::new(
                Code::Validation,
                format!(
                    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {}: \
                     {attribute}",
                    if *of_index { "IndexKey" } else { "Key" }
                ),
            ),
            Refused::Update(refused) => Self::new(Code::Validation, update_refused(refused)),
            Refused::ConditionFailed { .. } => Self::condition_failed(),
        }
    }

    fn condition_failed() -> Self {
        Self::new(Code::ConditionalCheckFailed, "The conditional request failed")
    }

    /// The words in which DynamoDB refuses a query.
    pub(crate) fn of_query(refused: &table::QueryRefused) -> Self {
        use table::QueryRefused;
        Self::new(
            Code::Validation,
            match refused {
                QueryRefused::NoSuchIndex(index) => format!("The table does not have the specified index: {index}"),
                QueryRefused::KeyMissing { attribute } => {
                    format!("Query condition missed key schema element: {attribute}")
                }
                QueryRefused::Unsupported => "Query key condition not supported".to_owned(),
                QueryRefused::Repeated { .. } => "Invalid KeyConditionExpression: KeyConditionExpressions must only \
                                                  contain one condition per key"
                    .to_owned(),
                QueryRefused::TooMany { conditions, attributes } => format!(
                    "The number of query conditions ({conditions}) exceeds the number of key attributes defined in the \
                     schema ({attributes})"
                ),
                QueryRefused::TypeMismatch { .. } => "One or more parameter values were invalid: Condition parameter \
                                                      type does not match schema type"
                    .to_owned(),
                QueryRefused::Empty { attribute, key_type } => format!(
                    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain \
                     an empty {} value. Key: {attribute}",
                    if *key_type == types::KeyType::B { "binary" } else { "string" }
                ),
                // The missing space is AWS's.
                QueryRefused::TooLarge { hash: true, .. } => format!(
                    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit \
                     of{} bytes",
                    table::HASH_SIZE_MAX
                ),
                QueryRefused::TooLarge { hash: false, .. } => format!(
                    "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the \
                     size limit of {} bytes",
                    table::RANGE_SIZE_MAX
                ),
                QueryRefused::Reversed { low, high } => format!(
                    "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound; \
                     lower bound operand: AttributeValue: {}, upper bound operand: AttributeValue: {}",
                    table::braced(low),
                    table::braced(high)
                ),
                QueryRefused::StartInvalid { of_index: true } => "The provided starting key is invalid".to_owned(),
                QueryRefused::StartInvalid { of_index: false } => {
                    "The provided starting key is invalid: The provided key element does not match the schema"
                        .to_owned()
                }
                QueryRefused::StartOutside => {
                    "The provided starting key is outside query boundaries based on provided conditions".to_owned()
                }
                QueryRefused::StartOutOfRange => {
                    "The provided starting key does not match the range key predicate".to_owned()
                }
            },
        )
    }
}

/// The words in which DynamoDB refuses to update what is stored.
fn update_refused(refused: &table::UpdateRefused) -> String {
    use table::UpdateRefused;
    use types::{KeyType, NumberError};
    let text = match refused {
        UpdateRefused::KeyAttribute { attribute } => {
            return format!(
                "One or more parameter values were invalid: Cannot update attribute {attribute}. This attribute is part \
                 of the key"
            );
        }
        UpdateRefused::IndexKeyEmpty { key_type, .. } => {
            return format!(
                "One or more parameter values are not valid. The update expression attempted to update a secondary index \
                 key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty {} \
                 value.",
                if *key_type == KeyType::B { "binary" } else { "string" }
            );
        }
        UpdateRefused::IndexKeyType { .. } => {
            "The update expression attempted to update the secondary index key to unsupported type"
        }
        UpdateRefused::IndexKeyTooLarge { .. } => {
            "The update expression attempted to update the secondary index key beyond allowed size limits"
        }
        UpdateRefused::AttributeMissing => {
            "The provided expression refers to an attribute that does not exist in the item"
        }
        UpdateRefused::WrongType => "An operand in the update expression has an incorrect data type",
        UpdateRefused::PathInvalid => "The document path provided in the update expression is invalid for update",
        UpdateRefused::Number(NumberError::Underflow) => {
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        }
        // A sum with too many digits AWS calls too large as well.
        UpdateRefused::Number(NumberError::Overflow | NumberError::TooManyDigits | NumberError::NotANumber(_)) => {
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        }
        UpdateRefused::TooDeep => {
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
        }
        UpdateRefused::ItemTooLarge { .. } => "Item size to update has exceeded the maximum allowed size",
    };
    text.to_owned()
}
