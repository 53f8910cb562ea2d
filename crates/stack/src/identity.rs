//! Decides what a resource is called and what others get when they refer to it.
//!
//! A resource without a name of its own gets one made of the stack's name, its logical id and
//! twelve characters of their hash, so that running the same template again finds the same
//! resource. [`Identity`] holds what `Ref` and `Fn::GetAtt` answer.

use crate::environment::{Environment, stable_hash};
use crate::node::{Entry, find};

/// The resource types that run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ResourceType {
    Table,
    Function,
    Pipe,
    Queue,
    QueuePolicy,
    Role,
    Policy,
    ManagedPolicy,
    LogGroup,
    Poller,
    EventBus,
    EventRule,
    EventArchive,
    Connection,
    Destination,
    Permission,
    InvokeConfig,
    FunctionVersion,
    FunctionAlias,
    Api,
    ApiDeployment,
    ApiStage,
    ApiKey,
    UsagePlan,
    UsagePlanKey,
    GatewayResponse,
    ApiAccount,
    Alarm,
    Dashboard,
    MetricFilter,
}

impl ResourceType {
    pub(crate) const ALL: [Self; 30] = [
        Self::Table,
        Self::Function,
        Self::Pipe,
        Self::Queue,
        Self::QueuePolicy,
        Self::Role,
        Self::Policy,
        Self::ManagedPolicy,
        Self::LogGroup,
        Self::Poller,
        Self::EventBus,
        Self::EventRule,
        Self::EventArchive,
        Self::Connection,
        Self::Destination,
        Self::Permission,
        Self::InvokeConfig,
        Self::FunctionVersion,
        Self::FunctionAlias,
        Self::Api,
        Self::ApiDeployment,
        Self::ApiStage,
        Self::ApiKey,
        Self::UsagePlan,
        Self::UsagePlanKey,
        Self::GatewayResponse,
        Self::ApiAccount,
        Self::Alarm,
        Self::Dashboard,
        Self::MetricFilter,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "AWS::DynamoDB::Table",
            Self::Function => "AWS::Lambda::Function",
            Self::Pipe => "AWS::Pipes::Pipe",
            Self::Queue => "AWS::SQS::Queue",
            Self::QueuePolicy => "AWS::SQS::QueuePolicy",
            Self::Role => "AWS::IAM::Role",
            Self::Policy => "AWS::IAM::Policy",
            Self::ManagedPolicy => "AWS::IAM::ManagedPolicy",
            Self::LogGroup => "AWS::Logs::LogGroup",
            Self::Poller => "AWS::Lambda::EventSourceMapping",
            Self::EventBus => "AWS::Events::EventBus",
            Self::EventRule => "AWS::Events::Rule",
            Self::EventArchive => "AWS::Events::Archive",
            Self::Connection => "AWS::Events::Connection",
            Self::Destination => "AWS::Events::ApiDestination",
            Self::Permission => "AWS::Lambda::Permission",
            Self::InvokeConfig => "AWS::Lambda::EventInvokeConfig",
            Self::FunctionVersion => "AWS::Lambda::Version",
            Self::FunctionAlias => "AWS::Lambda::Alias",
            Self::Api => "AWS::ApiGateway::RestApi",
            Self::ApiDeployment => "AWS::ApiGateway::Deployment",
            Self::ApiStage => "AWS::ApiGateway::Stage",
            Self::ApiKey => "AWS::ApiGateway::ApiKey",
            Self::UsagePlan => "AWS::ApiGateway::UsagePlan",
            Self::UsagePlanKey => "AWS::ApiGateway::UsagePlanKey",
            Self::GatewayResponse => "AWS::ApiGateway::GatewayResponse",
            Self::ApiAccount => "AWS::ApiGateway::Account",
            Self::Alarm => "AWS::CloudWatch::Alarm",
            Self::Dashboard => "AWS::CloudWatch::Dashboard",
            Self::MetricFilter => "AWS::Logs::MetricFilter",
        }
    }

    /// Whether a resource of this type says what is allowed.
    pub(crate) fn is_policy(self) -> bool {
        match self {
            Self::QueuePolicy | Self::Role | Self::Policy | Self::ManagedPolicy | Self::Permission => true,
            Self::Table
            | Self::Function
            | Self::Pipe
            | Self::Queue
            | Self::LogGroup
            | Self::Poller
            | Self::InvokeConfig
            | Self::FunctionVersion
            | Self::FunctionAlias
            | Self::EventBus
            | Self::EventRule
            | Self::EventArchive
            | Self::Connection
            | Self::Destination
            | Self::Api
            | Self::ApiDeployment
            | Self::ApiStage
            | Self::ApiKey
            | Self::UsagePlan
            | Self::UsagePlanKey
            | Self::GatewayResponse
            | Self::ApiAccount
            | Self::Alarm
            | Self::Dashboard
            | Self::MetricFilter => false,
        }
    }

    /// Whether no two resources of this type may have one name.
    pub(crate) fn has_unique_name(self) -> bool {
        match self {
            // The policies of two roles may well be called the same, and so may the stages of two APIs, and filters.
            // Rules of two buses may be called the same too, and so may aliases of two functions.
            Self::Policy | Self::ApiStage | Self::EventRule | Self::MetricFilter | Self::FunctionAlias => false,
            Self::Table
            | Self::Function
            | Self::Pipe
            | Self::Queue
            | Self::QueuePolicy
            | Self::Role
            | Self::ManagedPolicy
            | Self::LogGroup
            | Self::Poller
            | Self::EventBus
            | Self::EventArchive
            | Self::Connection
            | Self::Destination
            | Self::Permission
            | Self::InvokeConfig
            | Self::FunctionVersion
            | Self::Api
            | Self::ApiDeployment
            | Self::ApiKey
            | Self::UsagePlan
            | Self::UsagePlanKey
            | Self::GatewayResponse
            | Self::ApiAccount
            | Self::Alarm
            | Self::Dashboard => true,
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The property that gives the resource its name, and how long a name may be.
    fn name_property(self) -> (&'static str, usize) {
        match self {
            Self::Table => ("TableName", 255),
            Self::Function => ("FunctionName", 64),
            Self::Pipe => ("Name", 64),
            Self::Queue => ("QueueName", 80),
            Self::EventBus => ("Name", 256),
            Self::EventRule => ("Name", 64),
            Self::EventArchive => ("ArchiveName", 48),
            Self::Connection | Self::Destination => ("Name", 64),
            Self::FunctionAlias => ("Name", 128),
            Self::Api | Self::ApiKey => ("Name", 255),
            Self::ApiStage => ("StageName", 128),
            Self::UsagePlan => ("UsagePlanName", 255),
            // These have no names; their ids are made, never given.
            Self::QueuePolicy
            | Self::Poller
            | Self::Permission
            | Self::InvokeConfig
            | Self::FunctionVersion
            | Self::ApiDeployment
            | Self::UsagePlanKey
            | Self::GatewayResponse
            | Self::ApiAccount => ("", 64),
            Self::Role => ("RoleName", 64),
            Self::Policy => ("PolicyName", 128),
            Self::ManagedPolicy => ("ManagedPolicyName", 128),
            Self::LogGroup => ("LogGroupName", 512),
            Self::Alarm => ("AlarmName", 255),
            Self::Dashboard => ("DashboardName", 255),
            Self::MetricFilter => ("FilterName", 512),
        }
    }
}

/// What others get when they refer to a resource.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) kind: ResourceType,
    pub(crate) name: String,
    /// What `Ref` answers.
    pub(crate) reference: String,
    /// What `Fn::GetAtt` answers, by attribute.
    pub(crate) attributes: Vec<(&'static str, String)>,
}

impl Identity {
    /// The identity of a resource whose properties are evaluated as far as they could be.
    pub(crate) fn of(kind: ResourceType, logical_id: &str, properties: &[Entry], environment: &Environment) -> Self {
        let (name_property, length_max) = kind.name_property();
        let given = |key| find(properties, key).and_then(|entry| entry.value.as_scalar());
        // A queue keeps order if its name ends so, and the other way round.
        let end = if kind == ResourceType::Queue && given("FifoQueue") == Some("true") { ".fifo" } else { "" };
        let made = || made_name(&environment.stack_name, logical_id, length_max - end.len()) + end;
        let name = given(name_property).map_or_else(made, str::to_owned);
        let path = find(properties, "Path").and_then(|entry| entry.value.as_scalar()).unwrap_or("/");
        let has_stream = find(properties, "StreamSpecification").is_some();
        let bus = given("EventBusName").unwrap_or("default");
        let bus = bus.rsplit_once(":event-bus/").map_or(bus, |(_, name)| name);
        // By its name or its ARN.
        let function = given("FunctionName").unwrap_or_default();
        let function = function.rsplit_once(":function:").map_or(function, |(_, name)| name);
        // A stream, a bus and a function are never told of the same resource.
        let belongs_to = Belongings { path, has_stream, bus, function };
        let (reference, attributes) = references(kind, logical_id, &name, &belongs_to, environment);
        Self { kind, name, reference, attributes }
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The resource's ARN, for the types that have one.
    pub(crate) fn arn(&self) -> &str {
        match self.kind {
            ResourceType::ManagedPolicy | ResourceType::FunctionVersion | ResourceType::FunctionAlias => {
                &self.reference
            }
            _ => self.attribute("Arn").unwrap_or_default(),
        }
    }
}

/// What else of a resource's properties is in what others get of it.
struct Belongings<'p> {
    path: &'p str,
    has_stream: bool,
    /// The name of a rule's bus.
    bus: &'p str,
    /// The name of a version's or alias's function.
    function: &'p str,
}

fn references(
    kind: ResourceType,
    logical_id: &str,
    name: &str,
    Belongings { path, has_stream, bus, function }: &Belongings<'_>,
    environment: &Environment,
) -> (String, Vec<(&'static str, String)>) {
    match kind {
        ResourceType::Table => {
            let arn = environment.arn("dynamodb", format_args!("table/{name}"));
            let mut attributes = vec![("Arn", arn)];
            if *has_stream {
                attributes.push(("StreamArn", stream_arn(name, environment)));
            }
            (name.to_owned(), attributes)
        }
        ResourceType::Function => {
            (name.to_owned(), vec![("Arn", environment.arn("lambda", format_args!("function:{name}")))])
        }
        ResourceType::FunctionVersion => {
            let number = (environment.version_number)(logical_id, function);
            let arn = environment.arn("lambda", format_args!("function:{function}:{number}"));
            (arn.clone(), vec![("Version", number.to_string()), ("FunctionArn", arn)])
        }
        ResourceType::FunctionAlias => {
            let arn = environment.arn("lambda", format_args!("function:{function}:{name}"));
            (arn.clone(), vec![("AliasArn", arn)])
        }
        ResourceType::Pipe => (name.to_owned(), vec![("Arn", environment.arn("pipes", format_args!("pipe/{name}")))]),
        ResourceType::Queue => {
            let url = format!("{}/{}/{name}", environment.sqs_base_url, environment.account);
            let arn = environment.arn("sqs", name);
            (url.clone(), vec![("Arn", arn), ("QueueName", name.to_owned()), ("QueueUrl", url)])
        }
        ResourceType::Role => {
            let arn = environment.iam_arn(format_args!("role{path}{name}"));
            let id = format!("AROA{}{}", suffix(&[&arn]), &suffix(&["role id", &arn])[..5]);
            (name.to_owned(), vec![("Arn", arn), ("RoleId", id)])
        }
        ResourceType::ManagedPolicy => {
            let arn = environment.iam_arn(format_args!("policy{path}{name}"));
            (arn.clone(), vec![("PolicyArn", arn)])
        }
        ResourceType::LogGroup => {
            (name.to_owned(), vec![("Arn", environment.arn("logs", format_args!("log-group:{name}:*")))])
        }
        ResourceType::Poller => {
            let id = uuid(&[&environment.stack_name, logical_id, kind.name()]);
            let arn = environment.arn("lambda", format_args!("event-source-mapping:{id}"));
            (id.clone(), vec![("Id", id), ("EventSourceMappingArn", arn)])
        }
        ResourceType::EventBus => {
            let arn = environment.arn("events", format_args!("event-bus/{name}"));
            (name.to_owned(), vec![("Arn", arn), ("Name", name.to_owned())])
        }
        ResourceType::EventRule if *bus == "default" => {
            (name.to_owned(), vec![("Arn", environment.arn("events", format_args!("rule/{name}")))])
        }
        ResourceType::EventRule => {
            (format!("{bus}|{name}"), vec![("Arn", environment.arn("events", format_args!("rule/{bus}/{name}")))])
        }
        ResourceType::EventArchive => {
            let arn = environment.arn("events", format_args!("archive/{name}"));
            (name.to_owned(), vec![("Arn", arn), ("ArchiveName", name.to_owned())])
        }
        ResourceType::Connection | ResourceType::Destination => {
            let id = uuid(&[&environment.stack_name, logical_id, kind.name()]);
            let of = if kind == ResourceType::Connection { "connection" } else { "api-destination" };
            let arn = environment.arn("events", format_args!("{of}/{name}/{id}"));
            let for_policy = environment.arn("events", format_args!("{of}/{name}"));
            let mut attributes = vec![("Arn", arn), ("ArnForPolicy", for_policy)];
            if kind == ResourceType::Connection {
                let secret = environment.arn("secretsmanager", format_args!("secret:events!connection/{name}/{id}"));
                attributes.push(("SecretArn", secret));
            }
            (name.to_owned(), attributes)
        }
        ResourceType::Api => {
            let id = short_id(kind, logical_id, environment);
            (
                id.clone(),
                vec![("RestApiId", id), ("RootResourceId", short_id(kind, &format!("{logical_id}/"), environment))],
            )
        }
        ResourceType::ApiDeployment => {
            let id = short_id(kind, logical_id, environment);
            (id.clone(), vec![("DeploymentId", id)])
        }
        ResourceType::ApiKey => {
            let id = short_id(kind, logical_id, environment);
            (id.clone(), vec![("APIKeyId", id)])
        }
        ResourceType::UsagePlan => {
            let id = short_id(kind, logical_id, environment);
            (id.clone(), vec![("Id", id)])
        }
        ResourceType::Alarm => {
            (name.to_owned(), vec![("Arn", environment.arn("cloudwatch", format_args!("alarm:{name}")))])
        }
        ResourceType::QueuePolicy
        | ResourceType::Dashboard
        | ResourceType::MetricFilter
        | ResourceType::Policy
        | ResourceType::Permission
        | ResourceType::InvokeConfig
        | ResourceType::ApiStage
        | ResourceType::UsagePlanKey
        | ResourceType::GatewayResponse
        | ResourceType::ApiAccount => (name.to_owned(), Vec::new()),
    }
}

/// The ten characters that AWS names parts of its gateway with; the same in every run.
fn short_id(kind: ResourceType, logical_id: &str, environment: &Environment) -> String {
    let mut id = suffix(&[kind.name(), &environment.stack_name, logical_id]).to_ascii_lowercase();
    id.truncate(10);
    id
}

/// A UUID that depends on `parts` alone.
fn uuid(parts: &[&str]) -> String {
    let (high, low) = (stable_hash(parts), stable_hash(&[parts, &["low"]].concat()));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// The ARN of a table's change stream, with the label that the environment knows.
pub(crate) fn stream_arn(table_name: &str, environment: &Environment) -> String {
    let label = (environment.stream_label)(table_name);
    environment.arn("dynamodb", format_args!("table/{table_name}/stream/{label}"))
}

/// The name of a resource that was given none.
fn made_name(stack_name: &str, logical_id: &str, length_max: usize) -> String {
    let suffix = suffix(&[stack_name, logical_id]);
    // Two hyphens and the suffix always fit; what is left is shared by the other two parts.
    let left = length_max - suffix.len() - 2;
    let stack: String = stack_name.chars().take(left.saturating_sub(logical_id.len()).max(left / 2)).collect();
    let id: String = logical_id.chars().take(left - stack.len()).collect();
    format!("{stack}-{id}-{suffix}")
}

/// Twelve capital letters and digits that depend on `parts` alone.
fn suffix(parts: &[&str]) -> String {
    const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut hash = stable_hash(parts);
    let mut text = String::with_capacity(12);
    for _ in 0..12 {
        text.push(char::from(LETTERS[usize::try_from(hash % 36).expect("below 36")]));
        hash /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_name_is_the_same_in_every_run_and_fits_its_type() {
        // Recorded: resources that exist already are found by this name.
        assert_eq!(made_name("premium", "PipeRole", 64), "premium-PipeRole-ZYSGIME4XJMM");
        let long = "L".repeat(255);
        for length_max in [64, 80, 255] {
            let name = made_name(&"s".repeat(128), &long, length_max);
            assert_eq!(name.len(), length_max, "{name}");
        }
        assert_ne!(made_name("a", "bc", 64), made_name("ab", "c", 64));
    }
}
