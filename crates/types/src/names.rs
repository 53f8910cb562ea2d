//! Decides what tables, queues, functions, pipes, log groups, and what belongs to event buses may be called.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} cannot name a {kind}: {rule}")]
pub struct NameError {
    /// Such as `table`.
    pub kind: &'static str,
    /// What the name may be made of, in words.
    pub rule: &'static str,
    /// The text as it was given, cut to a readable length.
    pub given: String,
}

/// A name's rule: its length and the marks allowed beside letters and digits.
struct Rule {
    kind: &'static str,
    length: std::ops::RangeInclusive<usize>,
    marks: &'static [u8],
    words: &'static str,
}

impl Rule {
    fn check(&self, text: &str) -> Result<Box<str>, NameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || self.marks.contains(&byte);
        if self.length.contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(text.into());
        }
        Err(NameError { kind: self.kind, rule: self.words, given: text.chars().take(100).collect() })
    }
}

/// Declares one kind of name: a text that was checked against its rule when it was made.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $rule:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                const RULE: Rule = $rule;
                RULE.check(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

names! {
    /// What a table is called.
    TableName = Rule {
        kind: "table", length: 3..=255, marks: b"_.-",
        words: "3 to 255 letters, digits, '_', '.' or '-'",
    };
    /// What a queue is called.
    QueueName = Rule {
        kind: "queue", length: 1..=80, marks: b"_-.",
        words: "1 to 80 letters, digits, '_' or '-', and '.fifo' at the end of a FIFO queue",
    };
    /// What a secondary index of a table is called.
    IndexName = Rule {
        kind: "index", length: 3..=255, marks: b"_.-",
        words: "3 to 255 letters, digits, '_', '.' or '-'",
    };
    /// What a function is called.
    FunctionName = Rule {
        kind: "function", length: 1..=64, marks: b"_-",
        words: "1 to 64 letters, digits, '_' or '-'",
    };
    /// What an alias of a function's versions is called.
    AliasName = Rule {
        kind: "alias", length: 1..=128, marks: b"_-",
        words: "1 to 128 letters, digits, '_' or '-', and not digits alone",
    };
    /// What a pipe is called.
    PipeName = Rule {
        kind: "pipe", length: 1..=64, marks: b"_.-",
        words: "1 to 64 letters, digits, '_', '.' or '-'",
    };
    /// What a log group is called.
    LogGroupName = Rule {
        kind: "log group", length: 1..=512, marks: b"._-/#",
        words: "1 to 512 letters, digits, '.', '_', '-', '/' or '#'",
    };
    /// What an event bus is called.
    BusName = Rule {
        kind: "event bus", length: 1..=256, marks: b"._-/",
        words: "1 to 256 letters, digits, '.', '_', '-' or '/'",
    };
    /// What a rule of an event bus is called.
    RuleName = Rule {
        kind: "rule", length: 1..=64, marks: b"._-",
        words: "1 to 64 letters, digits, '.', '_' or '-'",
    };
    /// What a target of a rule is called, among the targets of that rule.
    TargetId = Rule {
        kind: "target", length: 1..=64, marks: b"._-",
        words: "1 to 64 letters, digits, '.', '_' or '-'",
    };
    /// What an archive of events is called.
    ArchiveName = Rule {
        kind: "archive", length: 1..=48, marks: b"._-",
        words: "1 to 48 letters, digits, '.', '_' or '-'",
    };
    /// What a replay of archived events is called.
    ReplayName = Rule {
        kind: "replay", length: 1..=64, marks: b"._-",
        words: "1 to 64 letters, digits, '.', '_' or '-'",
    };
    /// What a connection is called: as whom an HTTP endpoint is called.
    ConnectionName = Rule {
        kind: "connection", length: 1..=64, marks: b"._-",
        words: "1 to 64 letters, digits, '.', '_' or '-'",
    };
    /// What an API destination is called: an HTTP endpoint that events are brought to.
    DestinationName = Rule {
        kind: "API destination", length: 1..=64, marks: b"._-",
        words: "1 to 64 letters, digits, '.', '_' or '-'",
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_rules() {
        assert_eq!("NewOrders".parse::<TableName>().unwrap().as_str(), "NewOrders");
        assert_eq!(
            "ab".parse::<TableName>().unwrap_err().to_string(),
            "\"ab\" cannot name a table: 3 to 255 letters, digits, '_', '.' or '-'"
        );
        assert!("a/b".parse::<PipeName>().is_err());
        assert!("x".repeat(81).parse::<QueueName>().is_err());
        assert!("/aws/lambda/F".parse::<LogGroupName>().is_ok());
        assert!("f.g".parse::<FunctionName>().is_err());
        assert!("aws.partner/example.com/1".parse::<BusName>().is_ok());
        assert!("a/b".parse::<RuleName>().is_err());
        assert!("x".repeat(49).parse::<ArchiveName>().is_err());
        assert!("x".repeat(49).parse::<ReplayName>().is_ok());
    }
}
