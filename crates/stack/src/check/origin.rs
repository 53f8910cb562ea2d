//! Decides where the events come from that a pattern of a template will see.
//!
//! Start at [`Origins::of`]: a reference to a table, queue or stream of the same template says the most, an ARN less,
//! and what the reader of the events is told about them the least.

use pattern::lint::{Images, Source};

use super::values::{Place, Values};
use crate::node::{Data, Node, find};

/// Answers what sends events, by the resources of a template.
pub(crate) struct Origins<'n, 'v, 's> {
    pub(crate) resources: &'v [Place<'n>],
    pub(crate) values: &'v Values<'s>,
}

impl Origins<'_, '_, '_> {
    /// What the value of a `Source` or `EventSourceArn` sends; [`Source::Unknown`] if it does not say.
    pub(crate) fn of(&self, node: &Node) -> Source {
        if let Some(source) = referred_to(node).and_then(|id| self.resource(id)) {
            return source;
        }
        let Some(arn) = self.values.scalar(node) else { return Source::Unknown };
        let service = arn.split(':').nth(2).unwrap_or_default();
        match service {
            "dynamodb" => Source::DynamoDb(Images::Unknown),
            "sqs" => Source::Queue,
            "kinesis" => Source::Kinesis,
            "mq" => Source::Broker,
            "kafka" => Source::Kafka,
            _ => Source::Unknown,
        }
    }

    /// What a resource of the template sends.
    fn resource(&self, id: &str) -> Option<Source> {
        let resource = self.resources.iter().find(|place| place.key == id)?;
        let kind = find(resource.node.as_map()?, "Type")?.value.as_scalar()?;
        match kind {
            "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" => Some(Source::DynamoDb(self.images(resource))),
            "AWS::SQS::Queue" => Some(Source::Queue),
            "AWS::Kinesis::Stream" => Some(Source::Kinesis),
            "AWS::AmazonMQ::Broker" => Some(Source::Broker),
            "AWS::MSK::Cluster" | "AWS::MSK::ServerlessCluster" => Some(Source::Kafka),
            _ => None,
        }
    }

    fn images(&self, table: &Place<'_>) -> Images {
        let types = self.values.below(table, &["Properties", "StreamSpecification", "StreamViewType"]);
        // More than one where an `Fn::If` decides: then neither holds for sure.
        let [view_type] = types.as_slice() else { return Images::Unknown };
        match self.values.scalar(view_type.node).as_deref() {
            Some("KEYS_ONLY") => Images::KeysOnly,
            Some("NEW_IMAGE") => Images::New,
            Some("OLD_IMAGE") => Images::Old,
            Some("NEW_AND_OLD_IMAGES") => Images::NewAndOld,
            _ => Images::Unknown,
        }
    }
}

/// The resource that a node refers to, in any of the ways to do so.
pub(crate) fn referred_to(node: &Node) -> Option<&str> {
    let (function, argument) = node.as_call()?;
    match (function, &argument.data) {
        ("Ref", Data::Scalar(id)) => Some(id),
        ("Fn::GetAtt", Data::Scalar(text)) => text.split_once('.').map(|(id, _)| id),
        ("Fn::GetAtt", Data::List(items)) => items.first()?.as_scalar(),
        ("Fn::Sub", Data::Scalar(text)) => {
            let name = text.strip_prefix("${")?.strip_suffix('}')?;
            name.split('.').next().filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        }
        _ => None,
    }
}
