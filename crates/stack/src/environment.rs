//! What a template is resolved against: the account it runs in, and what the caller overrides.

use std::fmt;

use types::SortedMap;

/// Values for parameters that take the place of their defaults, by parameter name.
pub type Overrides = SortedMap<String, String>;

/// Answers the label of a table's change stream, given the table's name.
///
/// The label is made when the stream is made, so a template cannot know it. Before that, `*`
/// is a good answer: it stands for any label in outputs and policies alike.
pub type StreamLabel = Box<dyn Fn(&str) -> String + Send + Sync>;

/// Answers the number of a version of a function, given the version's logical id and the function's name.
///
/// Numbers are given out when versions are made. Before that, the one that it would be given is a good answer.
pub type VersionNumber = Box<dyn Fn(&str, &str) -> u64 + Send + Sync>;

/// Where a stack runs: what pseudo parameters and the names in ARNs resolve to.
pub struct Environment {
    /// The account, twelve digits.
    pub account: String,
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The partition, `aws` nearly everywhere.
    pub partition: String,
    /// The stack's name: letters, digits and hyphens, a letter first.
    pub stack_name: String,
    /// What queue URLs begin with, such as `http://127.0.0.1:4566`; no slash at the end.
    pub sqs_base_url: String,
    /// Answers the label of a table's change stream.
    pub stream_label: StreamLabel,
    /// Answers the number of a version of a function.
    pub version_number: VersionNumber,
}

impl Environment {
    /// The account of the embedded engine, with streams that have no label yet.
    pub fn local(stack_name: &str) -> Self {
        Self {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            stack_name: stack_name.to_owned(),
            sqs_base_url: "http://127.0.0.1:4566".to_owned(),
            stream_label: Box::new(|_| "*".to_owned()),
            version_number: Box::new(|_, _| 1),
        }
    }

    /// `arn:<partition>:<service>:<region>:<account>:<resource>`.
    pub(crate) fn arn(&self, service: &str, resource: impl fmt::Display) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// An ARN of IAM, which knows no region.
    pub(crate) fn iam_arn(&self, resource: impl fmt::Display) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account)
    }

    /// The value of `AWS::<name>`, for those that are single values.
    pub(crate) fn pseudo(&self, name: &str) -> Option<String> {
        match name {
            "AWS::AccountId" => Some(self.account.clone()),
            "AWS::Region" => Some(self.region.clone()),
            "AWS::Partition" => Some(self.partition.clone()),
            "AWS::StackName" => Some(self.stack_name.clone()),
            "AWS::StackId" => Some(self.stack_id()),
            "AWS::URLSuffix" => Some(match self.partition.as_str() {
                "aws-cn" => "amazonaws.com.cn".to_owned(),
                _ => "amazonaws.com".to_owned(),
            }),
            _ => None,
        }
    }

    fn stack_id(&self) -> String {
        let low = stable_hash(&[&self.stack_name, "stack id"]);
        let high = stable_hash(&["stack id", &self.account, &self.region, &self.stack_name]);
        let uuid = format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        );
        self.arn("cloudformation", format_args!("stack/{}/{uuid}", self.stack_name))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("account", &self.account)
            .field("region", &self.region)
            .field("partition", &self.partition)
            .field("stack_name", &self.stack_name)
            .field("sqs_base_url", &self.sqs_base_url)
            .finish_non_exhaustive()
    }
}

/// A hash that is the same in every run and every version of this program, because names that
/// users see are made of it: FNV-1a, its bits mixed once more.
pub(crate) fn stable_hash(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
