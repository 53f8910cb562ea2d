//! Decides which sample goes to which pattern, and how an item is written that was given without its types.

use std::borrow::Cow;
use std::ops::ControlFlow;

use pattern::lint::Source;
use pattern::{JsonEvent, Node as _};
use serde_json::{Map, Value, json};
use types::Gather;

/// The names of DynamoDB's types.
const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"];

/// Fields of a stream's record, which an item does not have.
const OF_RECORDS: [&str; 3] = ["dynamodb", "eventName", "eventID"];

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
            Some(named) => named == id && (is_of_any_shape(source) || self.could_come_from(source)),
            None => self.could_come_from(source),
        }
    }

    /// The sample as events of this source have it: for a table, an item's attributes with their types.
    pub(super) fn text_for(&self, source: Source) -> Cow<'_, str> {
        let as_given = Cow::Borrowed(self.text.as_str());
        if !matches!(source, Source::DynamoDb(_)) {
            return as_given;
        }
        match serde_json::from_str::<Map<String, Value>>(&self.text) {
            Ok(item) if OF_RECORDS.iter().all(|name| !item.contains_key(*name)) && !item.values().all(is_typed) => {
                let attributes = item.into_iter().map(|(name, value)| match is_typed(&value) {
                    true => (name, value),
                    false => (name, typed(value)),
                });
                Cow::Owned(Value::Object(attributes.into_object()).to_string())
            }
            Ok(_) | Err(_) => as_given,
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

/// Whether its events can look like anything: what is put on a bus, and items of tables.
fn is_of_any_shape(source: Source) -> bool {
    match source {
        Source::Bus | Source::DynamoDb(_) | Source::Unknown => true,
        Source::Queue | Source::Kinesis | Source::Broker | Source::Kafka => false,
    }
}

/// `{"S": "new"}`
fn is_typed(value: &Value) -> bool {
    let members = value.as_object().filter(|members| members.len() == 1);
    members.is_some_and(|members| members.keys().all(|name| TYPES.contains(&name.as_str())))
}

/// A value of JSON as DynamoDB's documents have it.
fn typed(value: Value) -> Value {
    match value {
        Value::String(text) => json!({"S": text}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::Bool(value) => json!({"BOOL": value}),
        Value::Null => json!({"NULL": true}),
        Value::Array(values) => json!({"L": values.into_iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, typed(value))).into_object();
            json!({"M": members})
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
            assert_eq!(named.is_for("Pipe", Source::Queue), expected.contains(&Source::Queue), "{text}");
        }
    }

    #[test]
    fn an_item_without_types_gets_them() {
        let cases = [
            (
                r#"{"a":"x","b":15.5,"c":[true,null],"d":{"e":1}}"#,
                r#"{"a":{"S":"x"},"b":{"N":"15.5"},"c":{"L":[{"BOOL":true},{"NULL":true}]},"d":{"M":{"e":{"N":"1"}}}}"#,
            ),
            (r#"{"a": {"S": "x"}}"#, r#"{"a": {"S": "x"}}"#),
            (r#"{"a": {"S": "x"}, "b": 1}"#, r#"{"a":{"S":"x"},"b":{"N":"1"}}"#),
            (r#"{"eventName": "INSERT"}"#, r#"{"eventName": "INSERT"}"#),
            (r#"{"dynamodb": {"Keys": {}}}"#, r#"{"dynamodb": {"Keys": {}}}"#),
        ];
        for (text, expected) in cases {
            let sample = Sample { id: None, text: text.to_owned() };
            assert_eq!(sample.text_for(Source::DynamoDb(Images::Unknown)), expected);
            assert_eq!(sample.text_for(Source::Bus), text, "only items have types");
        }
    }
}
