//! Decides what is written on an event that a target did not get: the attributes of the message in its dead-letter
//! queue, as AWS names them.
//!
//! Invariant: `EXHAUSTED_RETRY_CONDITION` is there if, and only if, it was the policy that ended the delivery.

use super::retry::{Exhausted, GivenUp};
use types::Arn;

/// How many bytes of a failure's text are kept: a message's attributes count for its size.
pub const ERROR_MESSAGE_MAX: usize = 1024;

/// The attributes of the message, each a string.
pub fn attributes(given_up: &GivenUp, rule: &Arn, target: &Arn) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        ("RULE_ARN", rule.to_string()),
        ("TARGET_ARN", target.to_string()),
        ("ERROR_CODE", given_up.failure.code.to_string()),
        ("ERROR_MESSAGE", message(&given_up.failure.message)),
        ("RETRY_ATTEMPTS", given_up.retries.to_string()),
    ];
    if let Some(exhausted) = given_up.exhausted {
        let condition = match exhausted {
            Exhausted::Retries => "MaximumRetryAttempts",
            Exhausted::Age => "MaximumEventAgeInSeconds",
        };
        attributes.push(("EXHAUSTED_RETRY_CONDITION", condition.to_owned()));
    }
    attributes
}

/// The text as an attribute can hold it, which has no control characters and is not empty.
fn message(text: &str) -> String {
    let mut bytes = 0;
    let fits = |char: &char| {
        bytes += char.len_utf8();
        bytes <= ERROR_MESSAGE_MAX
    };
    let kept = text.chars().take_while(fits).map(|char| if char.is_control() { ' ' } else { char }).collect::<String>();
    if kept.trim().is_empty() { "no more is known".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::failure::{ErrorCode, Failure};
    use types::Account;

    fn written(exhausted: Option<Exhausted>, message: &str) -> String {
        let account = Account::default();
        let failure = Failure::new(ErrorCode::Timeout, message);
        let given_up = GivenUp { failure, retries: 3, exhausted };
        let attributes = attributes(&given_up, &account.arn("events", "rule/r"), &account.arn("sqs", "q"));
        attributes.into_iter().map(|(name, value)| format!("{name}={value};")).collect()
    }

    #[test]
    fn dead_letters_are_labelled_as_aws_does() {
        let common = "RULE_ARN=arn:aws:events:us-east-1:000000000000:rule/r;\
                      TARGET_ARN=arn:aws:sqs:us-east-1:000000000000:q;ERROR_CODE=TIMEOUT;ERROR_MESSAGE=too slow;\
                      RETRY_ATTEMPTS=3;";
        assert_eq!(written(None, "too slow"), common);
        let cases = [(Exhausted::Retries, "MaximumRetryAttempts"), (Exhausted::Age, "MaximumEventAgeInSeconds")];
        for (exhausted, condition) in cases {
            assert_eq!(written(Some(exhausted), "too slow"), format!("{common}EXHAUSTED_RETRY_CONDITION={condition};"));
        }
    }

    #[test]
    fn messages_fit_into_attributes() {
        assert!(written(None, "a\u{0}b\nc").contains("ERROR_MESSAGE=a b c;"));
        assert!(written(None, " \n").contains("ERROR_MESSAGE=no more is known;"));
        assert!(written(None, &"é".repeat(600)).contains(&format!("ERROR_MESSAGE={};", "é".repeat(512))));
    }
}
