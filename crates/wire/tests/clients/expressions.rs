//! Conditions, updates, scans and filters: how they are read, in which words they are refused, what is answered.

use super::{Sent, json};
use serde_json::{Value as Json, json};
use std::num::NonZeroUsize;
use table::{Condition, Page, Path, Refused, Scan, Segment, Table, UpdateRefused};
use types::{Item, KeyAttribute, KeySchema, KeyType, Number, NumberError, TableId, TableName, Value};
use wire::dynamodb::{Answer, Call, QueryCall, Reading, ReturnCapacity, Returns, ScanCall, Select, UpdateCall};
use wire::{Answer as Any, Refusal};

fn sent(operation: &str, members: &Json) -> Sent {
    let mut body = json!({"TableName": "Orders"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    Sent::json(&format!("DynamoDB_20120810.{operation}"), &body.to_string())
}

fn call(operation: &str, members: &Json) -> Call {
    match sent(operation, members).call() {
        wire::Call::Dynamodb(call) => call,
        other => panic!("{other:?}"),
    }
}

fn update(members: &Json) -> UpdateCall {
    let mut all = json!({"Key": {"id": {"S": "1"}}});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    match call("UpdateItem", &all) {
        Call::UpdateItem(call) => call,
        other => panic!("{other:?}"),
    }
}

fn scan(members: &Json) -> ScanCall {
    match call("Scan", members) {
        Call::Scan(call) => call,
        other => panic!("{other:?}"),
    }
}

fn say(answer: Answer<'_>) -> Json {
    json(&sent("Scan", &json!({})).answer(&Any::Dynamodb(answer)))
}

fn orders() -> TableName {
    "Orders".parse().unwrap()
}

fn key() -> Item {
    Item::from([("id", "1".into())])
}

fn item(json: &Json) -> Item {
    Item::from_json(json, "").unwrap()
}

/// Table `Orders` with key `id`, `made` and an index of all items by `city`.
fn table() -> Table {
    let attribute = |name: &str, key_type| KeyAttribute { name: name.to_owned(), key_type };
    let by_city = table::Index {
        id: table::IndexId(9),
        name: "by-city".parse().unwrap(),
        keys: KeySchema { hash: attribute("city", KeyType::S), range: None },
        projection: table::Projection::Keys,
    };
    Table {
        id: TableId(7),
        name: orders(),
        keys: KeySchema { hash: attribute("id", KeyType::S), range: Some(attribute("made", KeyType::N)) },
        view: None,
        indexes: vec![by_city],
        expiry: None,
    }
}

#[test]
fn conditions_of_writes_are_understood() {
    let expected = Condition::Or(vec![
        Condition::NotExists(Path::from("id")),
        Condition::Compare(
            table::Operand::Path(Path::from("status")),
            table::Comparison::Equal,
            table::Operand::Value("pending".into()),
        ),
    ]);
    let members = |what: &str| {
        json!({
            what: {"id": {"S": "1"}},
            "ConditionExpression": "attribute_not_exists(id) OR #s = :pending",
            "ExpressionAttributeNames": {"#s": "status"},
            "ExpressionAttributeValues": {":pending": {"S": "pending"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        })
    };
    match call("PutItem", &members("Item")) {
        Call::PutItem { condition, returning, .. } => {
            assert_eq!((condition, returning.when_failed), (expected.clone(), true))
        }
        other => panic!("{other:?}"),
    }
    match call("DeleteItem", &members("Key")) {
        Call::DeleteItem { condition, returning, .. } => {
            assert_eq!((condition, returning.when_failed), (expected.clone(), true));
        }
        other => panic!("{other:?}"),
    }
    let updated = update(&members("Key"));
    assert_eq!((updated.condition, updated.when_failed), (expected, true));
    match call("GetItem", &json!({"Key": {"id": {"S": "1"}}, "ProjectionExpression": "a, b.c"})) {
        Call::GetItem { paths: Some(paths), .. } => {
            let c = Path { attribute: "b".into(), steps: vec![table::Step::Field("c".into())] };
            assert_eq!(paths, [Path::from("a"), c]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn updates_are_understood() {
    let call = update(&json!({
        "UpdateExpression": "SET #t = :t ADD versions :one",
        "ExpressionAttributeNames": {"#t": "total"},
        "ExpressionAttributeValues": {":t": {"N": "5"}, ":one": {"N": "1"}},
        "ReturnValues": "UPDATED_NEW",
        "ReturnConsumedCapacity": "TOTAL",
    }));
    assert_eq!((&call.table, &call.key, &call.condition), (&orders(), &key(), &Condition::Always));
    assert_eq!((call.returns, call.when_failed, call.capacity), (Returns::UpdatedNew, false, ReturnCapacity::Total));
    let number = |number: u64| Value::from(Number::from(number));
    let expected = Item::from([("id", "1".into()), ("total", number(5)), ("versions", number(1))]);
    assert_eq!(call.update.apply(None, &key()), Ok(Some(expected)));
    // Without an expression there is an item with its key afterwards.
    assert_eq!(update(&json!({})).update.apply(None, &key()), Ok(Some(key())));
}

#[test]
fn faulty_expressions_of_requests_are_refused_in_awss_words() {
    const ENVELOPE: &str = "1 validation error detected: ";
    let put = |members: Json| ("PutItem", with(json!({"Item": {"id": {"S": "1"}}}), members));
    let update = |members: Json| ("UpdateItem", with(json!({"Key": {"id": {"S": "1"}}}), members));
    let get = |members: Json| ("GetItem", with(json!({"Key": {"id": {"S": "1"}}}), members));
    let scan = |members: Json| ("Scan", members);
    let invalid = |text: &str| text.to_owned();
    let one = |value: &str, member: &str, rule: &str| {
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
        )
    };
    let cases = [
        (
            put(json!({"ConditionExpression": ""})),
            invalid("Invalid ConditionExpression: The expression can not be empty;"),
        ),
        (
            put(json!({"ConditionExpression": "status = :s", "ExpressionAttributeValues": {":s": {"S": "x"}}})),
            invalid("Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status"),
        ),
        (
            put(json!({"ConditionExpression": "attribute_exists(id)", "Expected": {}})),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {Expected} Expression parameters: {ConditionExpression}",
            ),
        ),
        (
            put(json!({"ExpressionAttributeValues": {":a": {"S": "x"}}})),
            invalid("ExpressionAttributeValues can only be specified when using expressions"),
        ),
        (
            put(
                json!({"ConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"N": "1"}, ":b": {"N": "1"}}}),
            ),
            invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"),
        ),
        (
            put(json!({"ConditionExpression": "#a = :a", "ExpressionAttributeNames": {"#ä": "a"}})),
            invalid("ExpressionAttributeNames contains invalid key: Syntax error; key: \"#ä\""),
        ),
        (
            put(json!({"ReturnValuesOnConditionCheckFailure": "ALL_NEW"})),
            one("ALL_NEW", "returnValuesOnConditionCheckFailure", "satisfy enum value set: [ALL_OLD, NONE]"),
        ),
        (
            get(json!({"ProjectionExpression": "a, a"})),
            invalid(
                "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of \
                 these paths; path one: [a], path two: [a]",
            ),
        ),
        (
            get(json!({"ProjectionExpression": "a", "AttributesToGet": ["a"]})),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
            ),
        ),
        // The update is looked at before its condition.
        (
            update(json!({"UpdateExpression": "", "ConditionExpression": ""})),
            invalid("Invalid UpdateExpression: The expression can not be empty;"),
        ),
        (
            update(
                json!({"UpdateExpression": "SET a = :a SET b = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}),
            ),
            invalid("Invalid UpdateExpression: The \"SET\" section can only be used once in an update expression;"),
        ),
        (
            update(json!({"ReturnValues": "DOG"})),
            one("DOG", "returnValues", "satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
        ),
        (
            update(json!({"UpdateExpression": "REMOVE a", "AttributeUpdates": {}})),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}",
            ),
        ),
        (
            scan(json!({"FilterExpression": "a >"})),
            invalid("Invalid FilterExpression: Syntax error; token: \"<EOF>\", near: \"a >\""),
        ),
        (
            scan(json!({"Segment": 1})),
            invalid(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is \
                 present",
            ),
        ),
        (
            scan(json!({"TotalSegments": 1})),
            invalid(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is \
                 present",
            ),
        ),
        (
            scan(json!({"TotalSegments": 2, "Segment": 3})),
            invalid(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 3 is not \
                 less than TotalSegments: 2",
            ),
        ),
        (
            scan(json!({"TotalSegments": 0, "Segment": 0})),
            one("0", "totalSegments", "have value greater than or equal to 1"),
        ),
        (
            scan(json!({"TotalSegments": 1_000_001, "Segment": 0})),
            one("1000001", "totalSegments", "have value less than or equal to 1000000"),
        ),
        (
            scan(json!({"TotalSegments": 1, "Segment": -1})),
            one("-1", "segment", "have value greater than or equal to 0"),
        ),
        (
            scan(json!({"Select": "ALL_PROJECTED_ATTRIBUTES"})),
            invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"),
        ),
    ];
    for ((operation, members), message) in cases {
        // A write of one item tells of all that is wrong with the request as it tells of its rules.
        let is_write = matches!(operation, "PutItem" | "UpdateItem");
        let told = if is_write { message.trim_start_matches(ENVELOPE) } else { &message };
        assert_eq!(
            sent(operation, &members).error(),
            format!("ValidationException: {}{told}", if is_write { ENVELOPE } else { "" }),
            "{operation} {members}"
        );
    }
}

fn with(mut members: Json, more: Json) -> Json {
    for (name, value) in more.as_object().unwrap() {
        members[name] = value.clone();
    }
    members
}

#[test]
fn scans_are_understood() {
    let call = scan(&json!({
        "IndexName": "by-city",
        "FilterExpression": "size(tags) > :n",
        "ProjectionExpression": "id",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
        "Limit": 5,
        "ExclusiveStartKey": {"id": {"S": "1"}, "made": {"N": "1"}, "city": {"S": "Ulm"}},
        "Segment": 1,
        "TotalSegments": 4,
    }));
    let after = item(&json!({"id": {"S": "1"}, "made": {"N": "1"}, "city": {"S": "Ulm"}}));
    let filter = Condition::Compare(
        table::Operand::Size(Path::from("tags")),
        table::Comparison::Greater,
        table::Operand::Value(Number::from(1u64).into()),
    );
    let expected = Reading {
        table: orders(),
        index: Some("by-city".parse().unwrap()),
        limit: NonZeroUsize::new(5),
        after: Some(after.clone()),
        filter: Some(filter),
        select: Select::Paths(vec![Path::from("id")]),
        consistent: false,
        capacity: ReturnCapacity::None,
    };
    assert_eq!((&call.reading, call.segment), (&expected, Segment::new(1, 4)));
    let asked = Scan {
        index: Some("by-city".parse().unwrap()),
        limit: NonZeroUsize::new(5),
        after: Some(after),
        segment: Segment::new(1, 4),
    };
    assert_eq!(call.resolve(&table()), Ok(asked));
    assert_eq!(scan(&json!({})).resolve(&table()), Ok(Scan::default()));
}

#[test]
fn what_a_table_cannot_give_is_refused_in_awss_words() {
    let scanned = |members: Json| scan(&members).resolve(&table()).map(drop);
    let queried = |mut members: Json| {
        members["KeyConditionExpression"] = "id = :id".into();
        members["ExpressionAttributeValues"] = json!({":id": {"S": "1"}});
        match call("Query", &members) {
            Call::Query(call) => QueryCall::resolve(&call, &table()).map(drop),
            other => panic!("{other:?}"),
        }
    };
    let scalars = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed:";
    let filter = "Filter Expression can only contain non-primary key attributes: Primary key attribute:";
    let cases = [
        (scanned(json!({"IndexName": "none"})), "The table does not have the specified index: none".to_owned()),
        (
            scanned(json!({"IndexName": "by-city", "ConsistentRead": true})),
            "Consistent reads are not supported on global secondary indexes".to_owned(),
        ),
        (
            scanned(json!({"IndexName": "by-city", "Select": "ALL_ATTRIBUTES"})),
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary \
             index by-city because its projection type is not ALL"
                .to_owned(),
        ),
        (scanned(json!({"FilterExpression": "attribute_exists(id.a)"})), format!("{scalars} Key: id")),
        (scanned(json!({"FilterExpression": "attribute_exists(city[0])"})), format!("{scalars} IndexKey: city")),
        (scanned(json!({"ProjectionExpression": "a, made.b"})), format!("{scalars} Key: made")),
        (queried(json!({"FilterExpression": "a = :id AND made < :id"})), format!("{filter} made")),
        (queried(json!({"FilterExpression": "NOT id = :id"})), format!("{filter} id")),
        (queried(json!({"FilterExpression": "attribute_exists(city.a)"})), format!("{scalars} IndexKey: city")),
    ];
    for (index, (resolved, message)) in cases.into_iter().enumerate() {
        assert_eq!(resolved.map_err(|error| error.message), Err(message), "case {index}");
    }
    // A scan may be filtered by keys, and a query by those of an index that it does not ask.
    assert_eq!(scanned(json!({"FilterExpression": "attribute_exists(id) AND made < city"})), Ok(()));
    assert_eq!(queried(json!({"FilterExpression": "city = :id"})), Ok(()));
}

#[test]
fn a_filtered_page_counts_what_was_read_and_what_is_kept() {
    let found = |id: &str, n: u64| {
        Item::from([("id", id.into()), ("made", Number::from(n).into()), ("n", Number::from(n).into())])
    };
    let last = || item(&json!({"id": {"S": "c"}, "made": {"N": "3"}}));
    let page =
        || Page { items: vec![found("a", 1), found("b", 2), found("c", 3)], count: 3, bytes: 9000, last: Some(last()) };
    let filter = |members: Json| {
        scan(&with(json!({"FilterExpression": "n > :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}), members))
            .reading
    };
    let reading = filter(json!({"ProjectionExpression": "id", "ReturnConsumedCapacity": "TOTAL"}));
    assert_eq!(
        say(Answer::Read { reading: &reading, page: page() }),
        json!({
            "Count": 2, "ScannedCount": 3, "Items": [{"id": {"S": "b"}}, {"id": {"S": "c"}}],
            "LastEvaluatedKey": {"id": {"S": "c"}, "made": {"N": "3"}},
            "ConsumedCapacity": {"TableName": "Orders", "CapacityUnits": 1.5},
        })
    );
    let reading = filter(json!({"Select": "COUNT"}));
    let counted = say(Answer::Read { reading: &reading, page: Page { last: None, ..page() } });
    assert_eq!(counted, json!({"Count": 2, "ScannedCount": 3}));
    // A page may have nothing to keep and yet say where to go on.
    let none = scan(&json!({"FilterExpression": "attribute_exists(nil)"})).reading;
    let empty = say(Answer::Read { reading: &none, page: page() });
    assert_eq!(
        empty,
        json!({
            "Count": 0, "ScannedCount": 3, "Items": [], "LastEvaluatedKey": {"id": {"S": "c"}, "made": {"N": "3"}},
        })
    );
}

#[test]
fn an_update_answers_with_what_was_asked_of_it() {
    let old = item(&json!({
        "id": {"S": "1"}, "a": {"M": {"b": {"S": "dog"}, "c": {"L": [{"N": "1"}, {"N": "2"}]}}}, "d": {"S": "cat"},
    }));
    let said = |text: &str, returns: &str, old: Option<&Item>| {
        let call = update(&json!({
            "UpdateExpression": text, "ReturnValues": returns,
            "ExpressionAttributeValues": {":v": {"S": "new"}},
        }));
        let new = call.update.apply(old, &key()).unwrap();
        say(Answer::Updated { call: &call, old, new: new.as_ref(), indexes: &[] })
    };
    let attributes = |attributes: Json| json!({ "Attributes": attributes });
    let (some, none) = (Some(&old), None);
    let c = |first: Json, second: Json| json!({"L": [first, second]});
    let whole = |b: &str| {
        json!({
            "id": {"S": "1"}, "a": {"M": {"b": {"S": b}, "c": c(json!({"N": "1"}), json!({"N": "2"}))}}, "d": {"S": "cat"},
        })
    };
    let cases = [
        ("SET a.b = :v", "NONE", some, json!({})),
        ("SET a.b = :v", "ALL_OLD", some, attributes(whole("dog"))),
        ("SET a.b = :v", "ALL_NEW", some, attributes(whole("new"))),
        ("SET a.b = :v", "UPDATED_OLD", some, attributes(json!({"a": {"M": {"b": {"S": "dog"}}}}))),
        ("SET a.b = :v", "UPDATED_NEW", some, attributes(json!({"a": {"M": {"b": {"S": "new"}}}}))),
        (
            "SET a.c[1] = :v, d = :v",
            "UPDATED_OLD",
            some,
            attributes(json!({
                "a": {"M": {"c": {"L": [{"N": "2"}]}}}, "d": {"S": "cat"},
            })),
        ),
        (
            "SET a.c[1] = :v, d = :v",
            "UPDATED_NEW",
            some,
            attributes(json!({
                "a": {"M": {"c": {"L": [{"S": "new"}]}}}, "d": {"S": "new"},
            })),
        ),
        // What was not there is not shown, and without anything to show there is no member.
        ("SET e = :v", "UPDATED_OLD", some, json!({})),
        ("SET e = :v REMOVE d", "UPDATED_NEW", some, attributes(json!({"e": {"S": "new"}}))),
        ("SET a.c[100] = :v", "UPDATED_NEW", some, json!({})),
        ("SET e = :v", "ALL_OLD", none, json!({})),
        ("SET e = :v", "UPDATED_OLD", none, json!({})),
        ("SET e = :v", "ALL_NEW", none, attributes(json!({"id": {"S": "1"}, "e": {"S": "new"}}))),
        ("SET e = :v", "UPDATED_NEW", none, attributes(json!({"e": {"S": "new"}}))),
    ];
    for (text, returns, old, expected) in cases {
        assert_eq!(said(text, returns, old), expected, "{text} {returns}");
    }
}

#[test]
fn refusals_of_expressions_are_said_in_dynamodbs_words() {
    let attribute = || "a".to_owned();
    let index = || "by-city".parse().unwrap();
    let number = |error| UpdateRefused::Number(error);
    let cases = [
        (
            UpdateRefused::KeyAttribute { attribute: attribute() },
            "One or more parameter values were invalid: Cannot update attribute a. This attribute is part of the key",
        ),
        (
            UpdateRefused::AttributeMissing,
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (UpdateRefused::WrongType, "An operand in the update expression has an incorrect data type"),
        (UpdateRefused::PathInvalid, "The document path provided in the update expression is invalid for update"),
        (
            UpdateRefused::TooDeep,
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        ),
        (
            UpdateRefused::IndexKeyTooLarge { attribute: attribute(), size: 2049 },
            "The update expression attempted to update the secondary index key beyond allowed size limits",
        ),
        (UpdateRefused::ItemTooLarge { size: 409_601 }, "Item size to update has exceeded the maximum allowed size"),
        (
            UpdateRefused::IndexKeyType { attribute: attribute(), index: index() },
            "The update expression attempted to update the secondary index key to unsupported type",
        ),
        (
            UpdateRefused::IndexKeyEmpty { attribute: attribute(), key_type: KeyType::S, index: index() },
            "One or more parameter values are not valid. The update expression attempted to update a secondary index key \
             to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.",
        ),
        (
            number(NumberError::TooManyDigits),
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            number(NumberError::Underflow),
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ),
    ];
    for (refused, message) in cases {
        let refused = Refused::Update(refused);
        let response = json(&sent("UpdateItem", &json!({})).refuse(&Refusal::Table(&refused)));
        let kind = "com.amazon.coral.validate#ValidationException";
        assert_eq!(response, json!({"__type": kind, "message": message}), "{refused:?}");
    }
    // The item is shown where it is wanted and there is one.
    let failed = |item: Option<&Item>| json(&sent("PutItem", &json!({})).refuse(&Refusal::ConditionFailed { item }));
    let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    let message = "The conditional request failed";
    assert_eq!(failed(None), json!({"__type": kind, "message": message}));
    assert_eq!(failed(Some(&key())), json!({"__type": kind, "message": message, "Item": {"id": {"S": "1"}}}));
}

#[test]
fn a_part_of_an_item_is_answered_if_only_that_is_wanted() {
    let (table, item) = (orders(), item(&json!({"id": {"S": "1"}, "a": {"M": {"b": {"N": "1"}, "c": {"N": "2"}}}})));
    let b = [Path { attribute: "a".into(), steps: vec![table::Step::Field("b".into())] }];
    let found = |item: Option<&Item>| {
        let (consistent, capacity) = (true, ReturnCapacity::None);
        say(Answer::Found { table: &table, consistent, capacity, paths: Some(&b), item })
    };
    assert_eq!(found(Some(&item)), json!({"Item": {"a": {"M": {"b": {"N": "1"}}}}}));
    // An item that has nothing of it is there, and empty; no item is none.
    assert_eq!(found(Some(&key())), json!({"Item": {}}));
    assert_eq!(found(None), json!({}));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1000))]

    /// Whatever text stands where an expression may: the request is understood or refused.
    #[test]
    fn any_text_is_answered(text in "\\PC{0,40}", update in "(SET|REMOVE|ADD|DELETE) \\PC{0,30}") {
        for (operation, member, text) in [
            ("PutItem", "ConditionExpression", &text),
            ("Scan", "FilterExpression", &text),
            ("GetItem", "ProjectionExpression", &text),
            ("UpdateItem", "UpdateExpression", &update),
        ] {
            let members = json!({member: text, "Key": {"id": {"S": "1"}}, "Item": {"id": {"S": "1"}}});
            let _ = sent(operation, &members).parse();
        }
    }
}
