//! `AWS::DynamoDB::Table`.

use types::{KeyAttribute, KeySchema, KeyType, ViewType};

use super::Context;
use crate::identity::Identity;
use crate::properties::Properties;
use crate::stack::{Billing, Table};

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Table> {
    let name = properties.name_or("TableName", &identity.name);
    let attributes = attributes(properties);
    let key = key(properties, attributes.as_deref());
    let stream = stream(properties);
    let billing = billing(properties);
    let deletion_protected = properties.boolean("DeletionProtectionEnabled").unwrap_or(false);
    let tags = properties.tag_list("Tags");
    context.without_effect(properties, "SSESpecification", "encrypt the disk that the data directory is on");
    context.without_effect(
        properties,
        "PointInTimeRecoverySpecification",
        "copy the data directory while no server runs on it",
    );
    context.without_effect(properties, "ContributorInsightsSpecification", "it is a report of AWS");
    properties.choice("TableClass", &[("STANDARD", ()), ("STANDARD_INFREQUENT_ACCESS", ())]);
    properties.refuse("GlobalSecondaryIndexes", "tables have no indexes yet; read by key");
    properties.refuse("LocalSecondaryIndexes", "tables have no indexes yet; read by key");
    properties.refuse("TimeToLiveSpecification", "items do not expire yet");
    properties.refuse("ImportSourceSpecification", "nothing is imported from S3");
    properties.refuse("KinesisStreamSpecification", "there is no Kinesis; use StreamSpecification and a pipe");
    properties.refuse("ResourcePolicy", "what a role allows decides");
    properties.refuse("OnDemandThroughput", "there is no limit to throughput");
    properties.refuse("WarmThroughput", "there is no limit to throughput");
    Some(Table { name: name?, arn: identity.arn().to_owned(), key: key?, stream, billing, deletion_protected, tags })
}

fn attributes(properties: &mut Properties<'_, '_, '_>) -> Option<Vec<KeyAttribute>> {
    const TYPES: [(&str, KeyType); 3] = [("S", KeyType::S), ("N", KeyType::N), ("B", KeyType::B)];
    properties.required_node("AttributeDefinitions")?;
    let attributes = properties.objects("AttributeDefinitions", |attribute| {
        let name = attribute.required_text("AttributeName", 1..=255);
        let key_type = attribute.required_choice("AttributeType", &TYPES);
        Some(KeyAttribute { name: name?, key_type: key_type? })
    })?;
    for (index, attribute) in attributes.iter().enumerate() {
        if attributes[..index].iter().any(|other| other.name == attribute.name) {
            properties.wrong("AttributeDefinitions", format!("`{}` is defined twice", attribute.name));
        }
    }
    Some(attributes)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyRole {
    Hash,
    Range,
}

fn key(properties: &mut Properties<'_, '_, '_>, attributes: Option<&[KeyAttribute]>) -> Option<KeySchema> {
    properties.required_node("KeySchema")?;
    let before = properties.findings.count();
    let elements = properties.objects("KeySchema", |element| {
        let name = element.required_text("AttributeName", 1..=255);
        let role = element.required_choice("KeyType", &[("HASH", KeyRole::Hash), ("RANGE", KeyRole::Range)]);
        Some((name?, role?))
    })?;
    if properties.findings.count() > before {
        // Elements that are wrong are left out of the list, so there is no more to say about it.
        return None;
    }
    let attributes = attributes?;
    let mut resolve = |name: &str| {
        let attribute = attributes.iter().find(|attribute| attribute.name == name);
        if attribute.is_none() {
            properties.wrong("KeySchema", format!("`{name}` is not in AttributeDefinitions"));
        }
        attribute.cloned()
    };
    let schema = match elements.as_slice() {
        [(hash, KeyRole::Hash)] => KeySchema { hash: resolve(hash)?, range: None },
        [(hash, KeyRole::Hash), (range, KeyRole::Range)] => {
            let (hash, range) = (resolve(hash), resolve(range));
            let range = range?;
            if hash.as_ref().is_some_and(|hash| hash.name == range.name) {
                properties.wrong("KeySchema", format!("`{}` cannot be both keys", range.name));
                return None;
            }
            KeySchema { hash: hash?, range: Some(range) }
        }
        _ => {
            properties.wrong("KeySchema", "must be one HASH key, or a HASH key and then a RANGE key");
            return None;
        }
    };
    for attribute in attributes {
        if schema.attributes().all(|key| key.name != attribute.name) {
            properties.wrong_with_hint(
                "AttributeDefinitions",
                format!("`{}` is not a key", attribute.name),
                "define key attributes alone; all others need no definition",
            );
        }
    }
    Some(schema)
}

fn stream(properties: &mut Properties<'_, '_, '_>) -> Option<ViewType> {
    const VIEWS: [(&str, ViewType); 4] = [
        ("NEW_AND_OLD_IMAGES", ViewType::NewAndOldImages),
        ("NEW_IMAGE", ViewType::NewImage),
        ("OLD_IMAGE", ViewType::OldImage),
        ("KEYS_ONLY", ViewType::KeysOnly),
    ];
    properties.object("StreamSpecification", |stream| {
        stream.refuse("ResourcePolicy", "what a role allows decides");
        stream.required_choice("StreamViewType", &VIEWS)
    })
}

fn billing(properties: &mut Properties<'_, '_, '_>) -> Billing {
    let mode = properties.choice("BillingMode", &[("PAY_PER_REQUEST", true), ("PROVISIONED", false)]);
    let units = properties.object("ProvisionedThroughput", |throughput| {
        throughput.required_node("ReadCapacityUnits");
        throughput.required_node("WriteCapacityUnits");
        let read_units = throughput.count("ReadCapacityUnits", 1..=u32::MAX);
        let write_units = throughput.count("WriteCapacityUnits", 1..=u32::MAX);
        Some(Billing::Provisioned { read_units: read_units?, write_units: write_units? })
    });
    match (mode, units) {
        (Some(true), None) => Billing::OnDemand,
        (Some(true), Some(_)) => {
            properties.wrong("ProvisionedThroughput", "must not be given when BillingMode is PAY_PER_REQUEST");
            Billing::OnDemand
        }
        (Some(false) | None, Some(units)) => units,
        (Some(false) | None, None) => {
            // Also when it is there and wrong: then that is a finding already.
            if properties.node("ProvisionedThroughput").is_none() {
                properties.wrong_with_hint(
                    "ProvisionedThroughput",
                    "is required when BillingMode is PROVISIONED, which is the default",
                    "write BillingMode: PAY_PER_REQUEST",
                );
            }
            Billing::OnDemand
        }
    }
}
