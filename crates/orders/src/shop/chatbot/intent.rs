//! Decides what a question wants, by its words.
//!
//! The rules stand in [`Intent::read`], the stronger before the weaker: who writes "cancel" wants that, whatever else
//! they write.

/// What a question wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::shop) enum Intent {
    /// How an order stands.
    Status,
    /// Where it is.
    Tracking,
    /// Which orders there are.
    Recent,
    /// Why an order failed.
    Failure,
    /// How an order is called off.
    Cancel,
    /// What can be asked.
    Help,
    /// Something that is not understood.
    Unknown,
}

impl Intent {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 7] =
        [Self::Status, Self::Tracking, Self::Recent, Self::Failure, Self::Cancel, Self::Help, Self::Unknown];

    /// As answers name it.
    pub(in crate::shop) const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Tracking => "tracking",
            Self::Recent => "recent",
            Self::Failure => "failure",
            Self::Cancel => "cancel",
            Self::Help => "help",
            Self::Unknown => "unknown",
        }
    }

    /// What these words want, which name an order or days or neither.
    pub(super) fn read(words: &[&str], names_order: bool, names_days: bool) -> Self {
        let any = |known: &[&str]| words.iter().any(|word| known.contains(word));
        let stem = |stems: &[&str]| words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)));
        let pair = |pairs: &[[&str; 2]]| words.windows(2).any(|two| pairs.iter().any(|pair| *two == pair[..]));

        let why = any(&["why", "reason", "explain"]) || pair(&[["what", "happened"]]);
        let called_off = any(&["cancelled", "canceled"]);
        let failed = stem(&["fail", "declin", "reject", "refus", "problem", "error"]) || pair(&[["went", "wrong"]]);
        let many = any(&["orders", "purchases"]);
        let order = stem(&["order", "purchase"]);

        if any(&["cancel", "cancelling", "canceling", "cancellation", "revoke", "withdraw", "undo"])
            || pair(&[["call", "off"], ["called", "off"]])
            || (any(&["call"]) && any(&["off"]))
        {
            Self::Cancel
        } else if failed || (why && called_off) {
            Self::Failure
        } else if stem(&["track", "parcel", "package", "carrier", "courier", "ship", "deliver", "arriv", "dispatch"])
            || any(&["where", "wheres", "eta"])
            || pair(&[["its", "way"], ["the", "way"]])
        {
            Self::Tracking
        } else if many || any(&["bought", "ordered"]) {
            Self::Recent
        } else if stem(&["status", "progress"]) || any(&["state", "update", "ready", "done", "finished"]) || called_off
        {
            Self::Status
        } else if order && (names_days || stem(&["recent"]) || any(&["history"])) {
            Self::Recent
        } else if names_order || order {
            Self::Status
        } else if any(&["hello", "hi", "hey", "hallo", "help", "thanks", "thank", "greetings"])
            || pair(&[["good", "morning"], ["good", "afternoon"], ["good", "evening"], ["you", "do"], ["are", "you"]])
        {
            Self::Help
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::chatbot::asked::Asked;
    use types::Timestamp;

    #[test]
    fn questions_are_understood() {
        const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
        let cases = [
            ("What's my order status?", Intent::Status),
            ("status", Intent::Status),
            ("How is my order doing?", Intent::Status),
            ("What is the state of ID", Intent::Status),
            ("ID", Intent::Status),
            ("is ID ready", Intent::Status),
            ("Any update on my last order?", Intent::Status),
            ("was ID cancelled?", Intent::Status),
            ("any progress?", Intent::Status),
            ("Tell me about ID please", Intent::Status),
            ("Where is my package?", Intent::Tracking),
            ("Where's ID", Intent::Tracking),
            ("where are my orders", Intent::Tracking),
            ("Track ID", Intent::Tracking),
            ("Has it shipped yet?", Intent::Tracking),
            ("when will my order arrive", Intent::Tracking),
            ("tracking number for ID", Intent::Tracking),
            ("Is my parcel on its way?", Intent::Tracking),
            ("delivery status", Intent::Tracking),
            ("Show recent orders", Intent::Recent),
            ("list my orders", Intent::Recent),
            ("my last 3 orders", Intent::Recent),
            ("What have I ordered last week?", Intent::Recent),
            ("What did I order yesterday?", Intent::Recent),
            ("the order of 3 November", Intent::Recent),
            ("what I bought in May", Intent::Recent),
            ("order history", Intent::Recent),
            ("orders since Monday", Intent::Recent),
            ("Why did my order fail?", Intent::Failure),
            ("what went wrong with ID", Intent::Failure),
            ("Why was ID cancelled?", Intent::Failure),
            ("has my payment been declined", Intent::Failure),
            ("there was an error", Intent::Failure),
            ("reason for the failure of ID?", Intent::Failure),
            ("How do I cancel my order?", Intent::Cancel),
            ("Cancel ID", Intent::Cancel),
            ("why can't I cancel it", Intent::Cancel),
            ("please call my order off", Intent::Cancel),
            ("I ordered the wrong thing, undo it", Intent::Cancel),
            ("Hello!", Intent::Help),
            ("hi there", Intent::Help),
            ("help", Intent::Help),
            ("What can you do?", Intent::Help),
            ("Good morning", Intent::Help),
            ("thanks", Intent::Help),
            ("", Intent::Unknown),
            ("???", Intent::Unknown),
            ("Tell me a joke", Intent::Unknown),
            ("yesterday", Intent::Unknown),
            ("SELECT * FROM customers", Intent::Unknown),
            ("日本語", Intent::Unknown),
        ];
        for (message, expected) in cases {
            let asked = Asked::read(&message.replace("ID", ID), None, Timestamp::from_millis(1_767_225_600_000));
            assert_eq!(asked.intent, expected, "{message}");
        }
        for intent in Intent::ALL {
            assert!(cases.iter().any(|(_, expected)| *expected == intent), "{intent:?} is tried");
        }
    }
}
