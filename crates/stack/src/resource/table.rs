//! `AWS::DynamoDB::Table`.

use types::{IndexName, KeyAttribute, KeySchema, KeyType, ViewType};

use super::Context;
use crate::identity::Identity;
use crate::properties::Properties;
use crate::stack::{Billing, Index, Projection, Table};

/// AWS's own limits for indexes.
const INDEXES_MAX: usize = 20;
const INCLUDED_MAX: usize = 20;
const INCLUDED_TOGETHER_MAX: usize = 100;

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Table> {
    let name = properties.name_or("TableName", &identity.name);
    let attributes = attributes(properties);
    let key = key(properties, attributes.as_deref());
    let billing = billing(properties);
    let indexes = indexes(properties, attributes.as_deref(), billing, context);
    if let (Some(attributes), Some(key), Some(indexes)) = (&attributes, &key, &indexes) {
        refuse_unused(properties, attributes, key, indexes);
    }
    let stream = stream(properties);
    let expires_by = expiry(properties, attributes.as_deref().unwrap_or_default());
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
    properties.refuse("LocalSecondaryIndexes", "use GlobalSecondaryIndexes with the same hash key");
    properties.refuse("ImportSourceSpecification", "nothing is imported from S3");
    properties.refuse("KinesisStreamSpecification", "there is no Kinesis; use StreamSpecification and a pipe");
    properties.refuse("ResourcePolicy", "what a role allows decides");
    properties.refuse("OnDemandThroughput", "there is no limit to throughput");
    properties.refuse("WarmThroughput", "there is no limit to throughput");
    Some(Table {
        name: name?,
        arn: identity.arn().to_owned(),
        key: key?,
        indexes: indexes?,
        expires_by,
        stream,
        billing,
        deletion_protected,
        tags,
    })
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
    Some(schema)
}

/// Every attribute that is defined must be a key of the table or of an index.
fn refuse_unused(
    properties: &mut Properties<'_, '_, '_>,
    attributes: &[KeyAttribute],
    key: &KeySchema,
    indexes: &[Index],
) {
    let schemas = || indexes.iter().map(|index| &index.key).chain([key]);
    for attribute in attributes {
        if schemas().all(|schema| schema.attributes().all(|key| key.name != attribute.name)) {
            properties.wrong_with_hint(
                "AttributeDefinitions",
                format!("`{}` is not a key", attribute.name),
                "define key attributes alone; all others need no definition",
            );
        }
    }
}

/// The indexes; `None` if any of them is wrong.
fn indexes(
    properties: &mut Properties<'_, '_, '_>,
    attributes: Option<&[KeyAttribute]>,
    billing: Billing,
    context: &mut Context<'_>,
) -> Option<Vec<Index>> {
    const KEY: &str = "GlobalSecondaryIndexes";
    if properties.node(KEY).is_none() {
        return Some(Vec::new());
    }
    let before = properties.findings.count();
    let indexes = properties.objects(KEY, |index| {
        let name: Option<IndexName> = index.parsed_required_name("IndexName");
        let key = key(index, attributes);
        index.required_node("Projection");
        let projection = index.object("Projection", projection);
        index_throughput(index, billing);
        context.without_effect(index, "ContributorInsightsSpecification", "it is a report of AWS");
        index.refuse("OnDemandThroughput", "there is no limit to throughput");
        index.refuse("WarmThroughput", "there is no limit to throughput");
        Some(Index { name: name?, key: key?, projection: projection? })
    })?;
    for (place, index) in indexes.iter().enumerate() {
        if indexes[..place].iter().any(|other| other.name == index.name) {
            properties.wrong(KEY, format!("there are two indexes `{}`", index.name));
        }
    }
    if !(1..=INDEXES_MAX).contains(&indexes.len()) {
        properties.wrong(KEY, format!("has {} indexes, allowed are 1 to {INDEXES_MAX}", indexes.len()));
    }
    let included = |index: &Index| match &index.projection {
        Projection::Include(attributes) => attributes.len(),
        Projection::All | Projection::Keys => 0,
    };
    let together: usize = indexes.iter().map(included).sum();
    if together > INCLUDED_TOGETHER_MAX {
        let message = format!("include {together} attributes together, the limit is {INCLUDED_TOGETHER_MAX}");
        properties.wrong(KEY, message);
    }
    (properties.findings.count() == before).then_some(indexes)
}

fn projection(projection: &mut Properties<'_, '_, '_>) -> Option<Projection> {
    const KINDS: [(&str, u8); 3] = [("ALL", 0), ("KEYS_ONLY", 1), ("INCLUDE", 2)];
    let kind = projection.required_choice("ProjectionType", &KINDS);
    let included = projection.text_list("NonKeyAttributes");
    if kind == Some(2) {
        let count = included.as_ref().map_or(0, Vec::len);
        if !(1..=INCLUDED_MAX).contains(&count) {
            projection.wrong(
                "NonKeyAttributes",
                format!("INCLUDE names 1 to {INCLUDED_MAX} attributes in NonKeyAttributes, not {count}"),
            );
        }
    } else if kind.is_some() && included.is_some() {
        projection.wrong("NonKeyAttributes", "goes with ProjectionType: INCLUDE alone");
    }
    match kind? {
        0 => Some(Projection::All),
        1 => Some(Projection::Keys),
        _ => Some(Projection::Include(included?)),
    }
}

/// The units of an index, which must be given where those of the table are.
fn index_throughput(index: &mut Properties<'_, '_, '_>, billing: Billing) {
    let given = index.object("ProvisionedThroughput", units).is_some();
    match billing {
        Billing::OnDemand if given => {
            index.wrong("ProvisionedThroughput", "must not be given when BillingMode is PAY_PER_REQUEST");
        }
        Billing::Provisioned { .. } if index.node("ProvisionedThroughput").is_none() => {
            index.wrong("ProvisionedThroughput", "is required when BillingMode is PROVISIONED, for each index too");
        }
        Billing::OnDemand | Billing::Provisioned { .. } => {}
    }
}

/// The attribute by which items expire.
fn expiry(properties: &mut Properties<'_, '_, '_>, attributes: &[KeyAttribute]) -> Option<String> {
    properties.object("TimeToLiveSpecification", |expiry| {
        expiry.required_node("Enabled");
        let enabled = expiry.boolean("Enabled");
        let attribute = expiry.text("AttributeName", 1..=255);
        if enabled == Some(true) && expiry.node("AttributeName").is_none() {
            expiry.wrong("AttributeName", "is required: the attribute with the seconds since 1970");
        }
        let defined = attributes.iter().find(|defined| Some(&defined.name) == attribute.as_ref());
        if defined.is_some_and(|defined| defined.key_type != KeyType::N) {
            expiry.wrong("AttributeName", "is a key of another type than N, so no item would ever expire");
        }
        attribute.filter(|_| enabled == Some(true))
    })
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
    let units = properties.object("ProvisionedThroughput", units);
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

fn units(throughput: &mut Properties<'_, '_, '_>) -> Option<Billing> {
    throughput.required_node("ReadCapacityUnits");
    throughput.required_node("WriteCapacityUnits");
    let read_units = throughput.count("ReadCapacityUnits", 1..=u32::MAX);
    let write_units = throughput.count("WriteCapacityUnits", 1..=u32::MAX);
    Some(Billing::Provisioned { read_units: read_units?, write_units: write_units? })
}
