//! Decides how a resource is named across services: `arn:aws:<service>:<region>:<account>:<resource>`.

use std::fmt;
use std::str::FromStr;

/// Whose resources, and where: one data directory is one account in one region.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Such as `us-east-1`.
    pub region: String,
}

impl Default for Account {
    fn default() -> Self {
        Self { id: "000000000000".to_owned(), region: "us-east-1".to_owned() }
    }
}

impl Account {
    /// The ARN of a resource of this account.
    pub fn arn(&self, service: &str, resource: &str) -> Arn {
        Arn {
            service: service.into(),
            region: self.region.as_str().into(),
            account: self.id.as_str().into(),
            resource: resource.into(),
        }
    }
}

/// An ARN, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    /// Such as `sqs`.
    pub service: Box<str>,
    /// Such as `us-east-1`; empty for global services.
    pub region: Box<str>,
    /// Twelve digits, or empty.
    pub account: Box<str>,
    /// Everything after the fifth colon.
    pub resource: Box<str>,
}

/// The text is no ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ARN; one looks like arn:aws:sqs:us-east-1:000000000000:name")]
pub struct ParseArnError(Box<str>);

impl FromStr for Arn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, ParseArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, service, region, account, resource]
                if partition.starts_with("aws") && !service.is_empty() && !resource.is_empty() =>
            {
                Ok(Self {
                    service: service.into(),
                    region: region.into(),
                    account: account.into(),
                    resource: resource.into(),
                })
            }
            _ => Err(ParseArnError(text.chars().take(200).collect::<String>().into())),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, region, account, resource } = self;
        write!(f, "arn:aws:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in ["", "arn", "arn:aws:sqs:us-east-1:1", "arn:aws::r:a:x", "arn:aws:sqs:r:a:", "urn:aws:sqs:r:a:x"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }

    proptest! {
        /// What we print, we read back.
        #[test]
        fn arn_round_trips(service in "[a-z]{1,8}", region in "[a-z0-9-]{0,9}", account in "[0-9]{0,12}",
                           resource in "[a-zA-Z0-9:/._-]{1,20}") {
            let arn = Arn {
                service: service.into(), region: region.into(), account: account.into(), resource: resource.into(),
            };
            prop_assert_eq!(arn.to_string().parse(), Ok(arn));
        }
    }
}
