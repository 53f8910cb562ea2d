//! Decides the payload that functions receive: records as JSON, written and read.
//!
//! Pipes deliver a bare array, event source mappings `{"Records": […]}`, people who try a function by hand a single
//! record; [`read`] takes all three. What a hand-written record leaves out stays out: functions must cope with it.

use crate::{Change, ChangeKind, Item, Record, SequenceNumber, Stream, TableId, Timestamp, Value, ValueError};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;
use std::sync::Arc;

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("eventID", &self.event_id())?;
        map.serialize_entry("eventName", self.change.kind.name())?;
        map.serialize_entry("eventVersion", "1.1")?;
        map.serialize_entry("eventSource", "aws:dynamodb")?;
        if let Some(stream) = &self.stream {
            map.serialize_entry("awsRegion", &stream.region)?;
        }
        map.serialize_entry("dynamodb", &Dynamodb(self))?;
        if self.change.by_service {
            map.serialize_entry("userIdentity", &UserIdentity)?;
        }
        if let Some(stream) = &self.stream {
            map.serialize_entry("eventSourceARN", &stream.arn.to_string())?;
        }
        map.end()
    }
}

struct Dynamodb<'a>(&'a Record);

impl Serialize for Dynamodb<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(record) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ApproximateCreationDateTime", &record.change.at.seconds())?;
        map.serialize_entry("Keys", &record.change.keys)?;
        if let Some(image) = record.new_image() {
            map.serialize_entry("NewImage", image)?;
        }
        if let Some(image) = record.old_image() {
            map.serialize_entry("OldImage", image)?;
        }
        map.serialize_entry("SequenceNumber", &record.change.sequence.to_string())?;
        map.serialize_entry("SizeBytes", &record.size())?;
        map.serialize_entry("StreamViewType", record.view().name())?;
        map.end()
    }
}

/// Who removed an item whose time had come.
struct UserIdentity;

impl Serialize for UserIdentity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("principalId", "dynamodb.amazonaws.com")?;
        map.serialize_entry("type", "Service")?;
        map.end()
    }
}

/// Reads the records of a payload: a bare array, `{"Records": […]}`, or one record. Any other object holds none.
pub fn read(payload: &Json) -> Result<Vec<Record>, ValueError> {
    let records: &[Json] = match payload {
        Json::Array(records) => records,
        Json::Object(members) => match members.get("Records") {
            Some(Json::Array(records)) => records,
            _ if members.contains_key("dynamodb") => std::slice::from_ref(payload),
            _ => &[],
        },
        _ => &[],
    };
    records.iter().enumerate().map(|(index, record)| read_record(record, index)).collect()
}

fn read_record(json: &Json, index: usize) -> Result<Record, ValueError> {
    let dynamodb = &json["dynamodb"];
    let image = |name: &str| match &dynamodb[name] {
        Json::Null => Ok(None),
        image => read_image(image, &format!("[{index}].dynamodb.{name}")).map(Some),
    };
    let keys = image("Keys")?.unwrap_or_default();
    let (new, old) = (image("NewImage")?, image("OldImage")?);
    let implied = match (&old, &new) {
        (Some(_), None) => ChangeKind::Remove,
        (Some(_), Some(_)) => ChangeKind::Modify,
        (None, _) => ChangeKind::Insert,
    };
    let kind = json["eventName"].as_str().and_then(ChangeKind::parse).unwrap_or(implied);
    let sequence = dynamodb["SequenceNumber"].as_str().and_then(SequenceNumber::parse);
    let seconds = dynamodb["ApproximateCreationDateTime"].as_f64().unwrap_or(0.0);
    let view = dynamodb["StreamViewType"].as_str().and_then(crate::ViewType::parse);
    let arn = json["eventSourceARN"].as_str().and_then(|text| text.parse::<crate::Arn>().ok());
    let stream = arn.map(|arn| {
        let region = json["awsRegion"].as_str().unwrap_or(&arn.region).into();
        let view = view.unwrap_or(crate::ViewType::NewAndOldImages);
        Arc::new(Stream { arn, region, view, shard: "".into() })
    });
    let change = Change {
        sequence: sequence.unwrap_or_default(),
        previous: SequenceNumber::ZERO,
        at: Timestamp::from_millis((seconds * 1000.0) as i64),
        table: TableId(0),
        kind,
        keys,
        old,
        new,
        spread: 0,
        by_service: json["userIdentity"]["type"] == "Service",
        trace: None,
    };
    Ok(Record { change: Arc::new(change), stream })
}

/// Reads an image. A number that cannot be read is left out: handlers take a default for what is missing, and one
/// faulty attribute of a hand-written event is no reason to refuse the others.
fn read_image(json: &Json, path: &str) -> Result<Item, ValueError> {
    let wrong = || ValueError::WrongJson { path: path.to_owned(), expected: "an object of attributes" };
    let attributes = json.as_object().ok_or_else(wrong)?;
    let mut image = Item::new();
    for (name, value) in attributes {
        match Value::from_json(value, &format!("{path}.{name}")) {
            Ok(value) => drop(image.insert(name.as_str(), value)),
            Err(ValueError::Number { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Account, ViewType};
    use serde_json::json;

    fn stream(view: ViewType) -> Arc<Stream> {
        let arn = Account::default().arn("dynamodb", "table/T/stream/2024-01-01T00:00:00.000");
        Arc::new(Stream {
            arn,
            region: "us-east-1".into(),
            view,
            shard: "shardId-00000001693237371567-aaa1abcd".into(),
        })
    }

    fn change(kind: ChangeKind, old: Option<Item>, new: Option<Item>) -> Arc<Change> {
        Arc::new(Change {
            sequence: SequenceNumber::new(7),
            previous: SequenceNumber::ZERO,
            at: Timestamp::from_millis(1_693_237_372_999),
            table: TableId(1),
            kind,
            keys: Item::from([("id", "my-item-id".into())]),
            old,
            new,
            spread: 0,
            by_service: false,
            trace: None,
        })
    }

    #[test]
    fn a_record_is_written_as_pollers_deliver_it() {
        let image = Item::from([("id", "my-item-id".into()), ("attr1", "value1".into()), ("attr2", "value2".into())]);
        let record = Record {
            change: change(ChangeKind::Insert, None, Some(image)),
            stream: Some(stream(ViewType::NewAndOldImages)),
        };
        let text = serde_json::to_string(&record).unwrap();
        let id = record.event_id();
        assert_eq!(id.len(), 32);
        assert_eq!(
            text,
            format!(r#"{{"eventID":"{id}","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb","#)
                + r#""awsRegion":"us-east-1","dynamodb":{"ApproximateCreationDateTime":1693237372,"#
                + r#""Keys":{"id":{"S":"my-item-id"}},"NewImage":{"attr1":{"S":"value1"},"attr2":{"S":"value2"},"#
                + r#""id":{"S":"my-item-id"}},"SequenceNumber":"100000000000000000007","SizeBytes":46,"#
                + r#""StreamViewType":"NEW_AND_OLD_IMAGES"},"#
                + r#""eventSourceARN":"arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2024-01-01T00:00:00.000"}"#
        );
    }

    #[test]
    fn a_view_shows_no_more_than_its_images() {
        let image = Item::from([("id", "my-item-id".into()), ("attr1", "value1".into()), ("attr2", "value2".into())]);
        let cases = [
            (ViewType::KeysOnly, false, false, 12),
            (ViewType::NewImage, true, false, 46),
            (ViewType::OldImage, false, true, 46),
            (ViewType::NewAndOldImages, true, true, 80),
        ];
        for (view, new, old, size) in cases {
            let change = change(ChangeKind::Modify, Some(image.clone()), Some(image.clone()));
            let record = Record { change, stream: Some(stream(view)) };
            let json = serde_json::to_value(&record).unwrap();
            assert_eq!(json["dynamodb"].get("NewImage").is_some(), new, "{view:?}");
            assert_eq!(json["dynamodb"].get("OldImage").is_some(), old, "{view:?}");
            assert_eq!(json["dynamodb"]["SizeBytes"], size, "{view:?}");
        }
    }

    #[test]
    fn all_three_shapes_of_payload_are_read() {
        let record = json!({
            "eventName": "MODIFY",
            "dynamodb": {
                "NewImage": {"orderId": {"S": "ORD-1001"}, "amount": {"N": "1500"}},
                "OldImage": {"status": {"S": "pending"}}
            }
        });
        for payload in [json!([record]), json!({"Records": [record]}), record.clone()] {
            let records = read(&payload).unwrap();
            assert_eq!(records.len(), 1);
            assert_eq!(records[0].change.kind, ChangeKind::Modify);
            assert_eq!(records[0].new_image().unwrap().text("orderId"), Some("ORD-1001"));
            assert_eq!(records[0].old_image().unwrap().text("status"), Some("pending"));
        }
        assert!(read(&json!({})).unwrap().is_empty());
        assert!(read(&json!("text")).unwrap().is_empty());
    }

    #[test]
    fn a_faulty_image_is_named_and_a_faulty_number_left_out() {
        let error = read(&json!([{"dynamodb": {"NewImage": {"a": {"BOOL": "x"}}}}])).unwrap_err();
        assert_eq!(error.to_string(), "the value at [0].dynamodb.NewImage.a should be true or false");
        let records = read(&json!([{"dynamodb": {"NewImage": {"a": {"N": "x"}, "b": {"N": "1"}}}}])).unwrap();
        assert_eq!(records[0].new_image(), Some(&Item::from([("b", crate::Number::from(1u64).into())])));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let image = Item::from([("id", "my-item-id".into()), ("tags", crate::Value::Ss(vec!["a".into()]))]);
        let record = Record {
            change: change(ChangeKind::Remove, Some(image), None),
            stream: Some(stream(ViewType::NewAndOldImages)),
        };
        let read = read(&serde_json::to_value([&record]).unwrap()).unwrap();
        assert_eq!(read[0].change.old, record.change.old);
        assert_eq!(read[0].change.kind, ChangeKind::Remove);
        assert_eq!(read[0].change.sequence, record.change.sequence);
        assert_eq!(read[0].change.keys, record.change.keys);
    }
}
