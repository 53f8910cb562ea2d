//! Decides which sample goes to which pattern.

use std::ops::ControlFlow;

use pattern::lint::Source;
use pattern::{JsonEvent, Node as _};

/// An event, or an item of a table, like those that will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The pipe, mapping, function or rule that it is for, by its logical id; if it is left out, whatever could get it.
    pub id: Option<String>,
    /// The sample itself.
    pub text: String,
}

impl Sample {
    /// Whether the sample is for this consumer of events.
    pub(super) fn is_for(&self, id: &str, source: Source) -> bool {
        match &self.id {
            Some(named) => named == id,
            None => self.could_come_from(source),
        }
    }

    /// What the keys at its top say; a bare item has none of those that events have.
    fn could_come_from(&self, source: Source) -> bool {
        let Ok(event) = JsonEvent::parse(self.text.as_bytes()) else { return false };
        let has = |keys: &[&str]| {
            let found = event.root().fields(&mut |key, _| match keys.contains(&key) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            });
            found.is_break()
        };
        let of_bus = has(&["detail", "detail-type", "source"]);
        let of_table = has(&["dynamodb"]);
        let of_queue = has(&["body"]);
        let of_stream = has(&["data", "kinesis"]);
        let of_topic = has(&["value", "topic"]);
        match source {
            Source::Bus => of_bus,
            Source::DynamoDb(_) => of_table || !(of_bus || of_queue || of_stream || of_topic),
            Source::Queue => of_queue,
            Source::Kinesis | Source::Broker => of_stream,
            Source::Kafka => of_topic,
            Source::Unknown => of_table || of_queue || of_stream || of_topic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pattern::lint::Images;

    #[test]
    fn a_sample_goes_where_it_could_come_from_or_is_sent() {
        let table = Source::DynamoDb(Images::Unknown);
        let cases: [(&str, &[Source]); 6] = [
            (r#"{"detail-type": "x", "detail": {"dynamodb": 1}}"#, &[Source::Bus]),
            (r#"{"dynamodb": {"NewImage": {}}}"#, &[table, Source::Unknown]),
            (r#"{"orderId": {"S": "1"}}"#, &[table]),
            (r#"{"messageId": "1", "body": "{}"}"#, &[Source::Queue, Source::Unknown]),
            (r#"{"data": "e30="}"#, &[Source::Kinesis, Source::Broker, Source::Unknown]),
            ("not JSON", &[]),
        ];
        for (text, expected) in cases {
            let sample = Sample { id: None, text: text.to_owned() };
            for source in
                [Source::Bus, table, Source::Queue, Source::Kinesis, Source::Broker, Source::Kafka, Source::Unknown]
            {
                assert_eq!(sample.is_for("Pipe", source), expected.contains(&source), "{text} from {source:?}");
            }
            let named = Sample { id: Some("Pipe".to_owned()), text: text.to_owned() };
            assert!(named.is_for("Pipe", Source::Bus) && !named.is_for("Other", table), "{text}");
        }
    }
}
