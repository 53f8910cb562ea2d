//! Decides how long a queue hides, delays and keeps messages, whether in order, and which bodies it takes.

use std::time::Duration;

/// How a queue is set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// How long a message is hidden when it is received.
    pub visible_for: Duration,
    /// How long a message that was sent cannot be received.
    pub delay: Duration,
    /// How long a message is kept after it was sent.
    pub retention: Duration,
    /// The most bytes that a body may have.
    pub max_message_size: usize,
    /// How often a message may be received before it goes to the dead-letter queue; `None` without one.
    pub receives_max: Option<u32>,
    /// How the queue keeps order; `None` if it does not.
    pub fifo: Option<Fifo>,
}

/// How a queue keeps order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fifo {
    /// Whether messages with the same body are the same message when their sender does not say.
    pub deduplicates_by_content: bool,
    /// Whether the same message in two groups is two messages.
    pub deduplicates_in_groups: bool,
}

impl Default for Settings {
    /// As SQS sets queues of which nothing is said.
    fn default() -> Self {
        Self {
            visible_for: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_secs(4 * 24 * 60 * 60),
            max_message_size: 1024 * 1024,
            receives_max: None,
            fifo: None,
        }
    }
}

/// Why a queue does not take a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyRefused {
    /// There is nothing in it.
    #[error("the message has no body")]
    Empty,
    /// There is too much in it.
    #[error("the message has {size} bytes, the queue takes at most {max}")]
    TooLarge {
        /// How much.
        size: usize,
        /// How much there may be.
        max: usize,
    },
    /// A character that XML 1.0 does not know.
    #[error("the message holds {character:?}, which no message may hold")]
    ForbiddenCharacter {
        /// The first such one.
        character: char,
    },
}

impl Settings {
    /// Whether the queue takes this body.
    pub fn check_body(&self, body: &str) -> Result<(), BodyRefused> {
        if body.is_empty() {
            return Err(BodyRefused::Empty);
        }
        if body.len() > self.max_message_size {
            return Err(BodyRefused::TooLarge { size: body.len(), max: self.max_message_size });
        }
        let forbidden = |character: &char| !matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
        match body.chars().find(forbidden) {
            Some(character) => Err(BodyRefused::ForbiddenCharacter { character }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_some_text_that_fits() {
        let settings = Settings { max_message_size: 4, ..Settings::default() };
        let cases = [
            ("x", Ok(())),
            ("\t\n\u{E000}", Err(BodyRefused::TooLarge { size: 5, max: 4 })),
            ("\t\r\n ", Ok(())),
            ("\u{10000}", Ok(())),
            ("", Err(BodyRefused::Empty)),
            ("a\0", Err(BodyRefused::ForbiddenCharacter { character: '\0' })),
            ("\u{FFFE}", Err(BodyRefused::ForbiddenCharacter { character: '\u{FFFE}' })),
        ];
        for (body, expected) in cases {
            assert_eq!(settings.check_body(body), expected, "{body:?}");
        }
    }
}
