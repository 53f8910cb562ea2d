//! Records for tests.

use proptest::prelude::*;
use std::sync::Arc;
use types::{Account, Change, ChangeKind, Item, Record, SequenceNumber, Stream, TableId, Timestamp, Value, ViewType};

/// When the record with sequence number 0 was made; each next one is made a second later.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_709_856_000_498);

/// A small record at this place in the order of things.
pub(crate) fn record(sequence: u64) -> Record {
    let at = Timestamp::from_millis(START.millis() + i64::try_from(sequence).unwrap() * 1000);
    let keys = Item::from([("orderId", format!("ORD-{sequence}").as_str().into())]);
    let change = Change {
        sequence: SequenceNumber::new(sequence),
        previous: SequenceNumber::ZERO,
        at,
        table: TableId(1),
        kind: ChangeKind::Insert,
        keys: keys.clone(),
        old: None,
        new: Some(keys),
        spread: sequence,
        by_service: false,
        trace: None,
    };
    let stream = Stream {
        arn: Account::default().arn("dynamodb", "table/Orders/stream/2024-01-01T00:00:00.000"),
        region: "us-east-1".into(),
        view: ViewType::NewAndOldImages,
        shard: "shardId-00000001693237371567-aaa1abcd".into(),
    };
    Record { change: Arc::new(change), stream: Some(Arc::new(stream)) }
}

// Few names and few contents, so that patterns meet them.
fn any_name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("a.b"), Just("S"), Just("")]
}

fn any_text() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("x"), Just("y"), Just("1.5"), Just("é\"\n\u{1}"), Just("10.0.0.1"), Just("")]
}

fn any_number() -> impl Strategy<Value = types::Number> {
    prop_oneof![Just("1.50"), Just("-3"), Just("1e3"), Just("0")].prop_map(|text| text.parse().unwrap())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any_text().prop_map(Value::from),
        any_number().prop_map(Value::N),
        any_text().prop_map(|text| Value::B(text.as_bytes().into())),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        prop::collection::btree_set(any_text(), 1..3)
            .prop_map(|set| { Value::Ss(set.into_iter().map(Into::into).collect()) }),
        any_number().prop_map(|number| Value::Ns(vec![number])),
        any_text().prop_map(|text| Value::Bs(vec![text.as_bytes().into()])),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::L),
            prop::collection::vec((any_name(), inner), 0..3).prop_map(|members| Value::M(item(members))),
        ]
    })
}

fn item(members: Vec<(&'static str, Value)>) -> Item {
    members.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn any_item() -> impl Strategy<Value = Item> {
    prop::collection::vec((any_name(), any_value()), 0..4).prop_map(item)
}

prop_compose! {
    /// Any record at all.
    pub(crate) fn any_record()(
        keys in any_item(), old in prop::option::of(any_item()), new in prop::option::of(any_item()),
        kind in prop_oneof![Just(ChangeKind::Insert), Just(ChangeKind::Modify), Just(ChangeKind::Remove)],
        view in prop_oneof![Just(ViewType::KeysOnly), Just(ViewType::NewImage), Just(ViewType::OldImage),
            Just(ViewType::NewAndOldImages)],
        by_service: bool, millis in -3000i64..3000,
    ) -> Record {
        let sample = record(1);
        let at = Timestamp::from_millis(millis);
        let change = Change { keys, old, new, kind, by_service, at, ..(*sample.change).clone() };
        let stream = sample.stream.map(|stream| Arc::new(Stream { view, ..(*stream).clone() }));
        Record { change: Arc::new(change), stream }
    }
}
