//! `AWS::Logs::LogGroup`.

use crate::identity::Identity;
use crate::properties::Properties;
use crate::stack::{LogGroup, LogGroupOrigin};

/// The days that AWS can keep log lines for.
const RETENTION_DAYS: [(&str, u16); 22] = [
    ("1", 1),
    ("3", 3),
    ("5", 5),
    ("7", 7),
    ("14", 14),
    ("30", 30),
    ("60", 60),
    ("90", 90),
    ("120", 120),
    ("150", 150),
    ("180", 180),
    ("365", 365),
    ("400", 400),
    ("545", 545),
    ("731", 731),
    ("1096", 1096),
    ("1827", 1827),
    ("2192", 2192),
    ("2557", 2557),
    ("2922", 2922),
    ("3288", 3288),
    ("3653", 3653),
];

pub(crate) fn read(properties: &mut Properties<'_, '_, '_>, identity: &Identity) -> Option<LogGroup> {
    let name = properties.name_or("LogGroupName", &identity.name);
    let retention_days = properties.choice("RetentionInDays", &RETENTION_DAYS);
    let tags = properties.tag_list("Tags");
    properties.choice("LogGroupClass", &[("STANDARD", ())]);
    properties.boolean("DeletionProtectionEnabled");
    properties.refuse("KmsKeyId", "there are no keys; encrypt the disk that the data directory is on");
    properties.refuse("DataProtectionPolicy", "log lines are kept as they are written");
    properties.refuse("FieldIndexPolicies", "there are no indexes of log lines");
    properties.refuse("ResourcePolicyDocument", "what a role allows decides");
    Some(LogGroup { name: name?, retention_days, origin: LogGroupOrigin::Declared, tags })
}
