//! Tables.

use super::{AT, Sent, header, json, text};
use serde_json::json;
use table::{Condition, Refused, Table};
use types::{Account, Item, KeyAttribute, KeySchema, KeyType, Number, Stream, TableId, TableName, Value, ViewType};
use wire::dynamodb::{Answer, BatchWrite, BatchWriteKind, Call, ReturnCapacity, Returning, TableDescription};
use wire::{Answer as Any, Refusal, Response};

fn sent(operation: &str, body: &str) -> Sent {
    Sent::json(&format!("DynamoDB_20120810.{operation}"), body)
}

fn orders() -> TableName {
    "Orders".parse().unwrap()
}

fn call(operation: &str, body: &str) -> Call {
    match sent(operation, body).call() {
        wire::Call::Dynamodb(call) => call,
        other => panic!("{other:?}"),
    }
}

fn say(answer: Answer<'_>) -> Response {
    sent("GetItem", "{}").answer(&Any::Dynamodb(answer))
}

const PUT: &str = r#"{"TableName": "Orders", "Item": {"id": {"S": "ORD-1001"}, "amount": {"N": "1500"}, "b": {"B": "YWI="}, "ss": {"SS": ["b", "a"]}, "m": {"M": {"l": {"L": [{"BOOL": true}, {"NULL": true}]}}}}, "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "TOTAL"}"#;

fn order() -> Item {
    Item::from([
        ("id", "ORD-1001".into()),
        ("amount", Number::from(1500u64).into()),
        ("b", Value::B((*b"ab").into())),
        ("ss", Value::Ss(vec!["a".into(), "b".into()])),
        ("m", Value::M(Item::from([("l", Value::L(vec![true.into(), Value::Null]))]))),
    ])
}

#[test]
fn requests_are_understood() {
    let key = || Item::from([("id", "ORD-1001".into())]);
    let quiet = Returning { old: false, when_failed: false, capacity: ReturnCapacity::None };
    let arn = PUT.replace("\"Orders\"", "\"arn:aws:dynamodb:us-east-1:000000000000:table/Orders\"");
    let all = Returning { old: true, when_failed: false, capacity: ReturnCapacity::Total };
    let put = Call::PutItem { table: orders(), item: order(), condition: Condition::Always, returning: all };
    let cases = [
        ("PutItem", PUT, put.clone()),
        ("PutItem", &arn, put),
        // What AWS does not know it ignores; a null is nothing.
        (
            "DeleteItem",
            r#"{"TableName": "Orders", "Key": {"id": {"S": "ORD-1001"}}, "Zebra": 1, "ConditionExpression": null}"#,
            Call::DeleteItem { table: orders(), key: key(), condition: Condition::Always, returning: quiet },
        ),
        (
            "GetItem",
            r#"{"TableName": "Orders", "Key": {"id": {"S": "ORD-1001"}}, "ConsistentRead": true, "ReturnConsumedCapacity": "INDEXES"}"#,
            Call::GetItem {
                table: orders(),
                key: key(),
                consistent: true,
                paths: None,
                capacity: ReturnCapacity::Indexes,
            },
        ),
        (
            "BatchWriteItem",
            r#"{"RequestItems": {"Orders": [{"PutRequest": {"Item": {"id": {"S": "ORD-1001"}}}}, {"DeleteRequest": {"Key": {"id": {"S": "ORD-1001"}}}}]}}"#,
            Call::BatchWriteItem {
                writes: vec![
                    BatchWrite { table: orders(), what: BatchWriteKind::Put(key()) },
                    BatchWrite { table: orders(), what: BatchWriteKind::Delete(key()) },
                ],
                capacity: ReturnCapacity::None,
            },
        ),
        ("DescribeTable", r#"{"TableName": "Orders"}"#, Call::DescribeTable { table: orders() }),
        ("ListTables", "{}", Call::ListTables { after: None, limit: 100 }),
        (
            "ListTables",
            r#"{"Limit": 2, "ExclusiveStartTableName": "Orders"}"#,
            Call::ListTables { after: Some(orders()), limit: 2 },
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(call(operation, body), expected, "{operation} {body}");
    }
}

#[test]
fn what_is_not_handled_is_refused_by_name() {
    let put = |member: &str| format!(r#"{{"TableName": "Orders", "Item": {{"id": {{"S": "1"}}}}, {member}}}"#);
    let get = |member: &str| format!(r#"{{"TableName": "Orders", "Key": {{"id": {{"S": "1"}}}}, {member}}}"#);
    let cases = [
        ("PutItem", put(r#""Expected": {"id": {"Exists": false}}"#), "Expected"),
        ("DeleteItem", get(r#""ConditionalOperator": "AND""#), "ConditionalOperator"),
        ("DeleteItem", get(r#""Expected": {}"#), "Expected"),
        ("GetItem", get(r#""AttributesToGet": ["id"]"#), "AttributesToGet"),
        ("UpdateItem", get(r#""AttributeUpdates": {}"#), "AttributeUpdates"),
        ("UpdateItem", get(r#""Expected": {}"#), "Expected"),
        ("Scan", get(r#""ScanFilter": {}"#), "ScanFilter"),
        ("Scan", get(r#""AttributesToGet": ["id"]"#), "AttributesToGet"),
        (
            "BatchGetItem",
            r#"{"RequestItems": {"Orders": {"Keys": [{"id": {"S": "1"}}], "AttributesToGet": ["id"]}}}"#.to_owned(),
            "AttributesToGet",
        ),
    ];
    for (operation, body, member) in cases {
        let expected =
            format!("ValidationException: {member} is not handled by this engine yet; send the request without it");
        assert_eq!(sent(operation, &body).error(), expected, "{body}");
    }
    // Metrics are told of tables with local indexes alone, so there is nothing to refuse.
    for metrics in ["NONE", "SIZE"] {
        let member = format!(r#""ReturnItemCollectionMetrics": "{metrics}""#);
        assert!(sent("PutItem", &put(&member)).parse().is_ok() && sent("UpdateItem", &get(&member)).parse().is_ok());
    }
}

#[test]
fn faulty_requests_are_refused_in_awss_words() {
    const ONE: &str = "ValidationException: 1 validation error detected: Value";
    const RULE: &str = "failed to satisfy constraint: Member must";
    let item = |value: &str| format!(r#"{{"TableName": "Orders", "Item": {{"id": {value}}}}}"#);
    let many = format!(
        r#"{{"RequestItems": {{"Orders": [{}]}}}}"#,
        vec![r#"{"DeleteRequest": {"Key": {"id": {"S": "1"}}}}"#; 26].join(",")
    );
    let over = format!(
        r#"{{"RequestItems": {{"Orders": [{0}], "Others": [{0}]}}}}"#,
        vec![r#"{"DeleteRequest": {"Key": {"id": {"S": "1"}}}}"#; 13].join(",")
    );
    let cases = [
        ("PutItem", "{".to_owned(), "SerializationException: The body is no JSON: EOF while parsing an object at line 1 column 1".to_owned()),
        ("PutItem", "[]".to_owned(), "SerializationException: Unexpected token received from parser; the body must be a JSON object".to_owned()),
        ("PutItem", r#"{"TableName": 1}"#.to_owned(), "SerializationException: NUMBER_VALUE cannot be converted to String".to_owned()),
        ("PutItem", item(r#"{"S": 1}"#), "SerializationException: NUMBER_VALUE cannot be converted to String".to_owned()),
        ("GetItem", r#"{"TableName": "Orders", "Key": {}, "ConsistentRead": "true"}"#.to_owned(), "SerializationException: Unexpected token received from parser".to_owned()),
        (
            "PutItem",
            "{}".to_owned(),
            "ValidationException: 2 validation errors detected: Value null at 'tableName' failed to satisfy \
             constraint: Member must not be null; Value null at 'item' failed to satisfy constraint: Member must not be null".to_owned(),
        ),
        ("DescribeTable", r#"{"TableName": "ab"}"#.to_owned(), format!("{ONE} 'ab' at 'tableName' {RULE} have length greater than or equal to 3")),
        ("DescribeTable", r#"{"TableName": "a;b"}"#.to_owned(), format!("{ONE} 'a;b' at 'tableName' {RULE} satisfy regular expression pattern: [a-zA-Z0-9_.-]+")),
        ("ListTables", r#"{"Limit": 0}"#.to_owned(), format!("{ONE} '0' at 'limit' {RULE} have value greater than or equal to 1")),
        ("ListTables", r#"{"Limit": 101}"#.to_owned(), format!("{ONE} '101' at 'limit' {RULE} have value less than or equal to 100")),
        (
            "PutItem",
            r#"{"TableName": "Orders", "Item": {"id": {"S": "1"}}, "ReturnValues": "HUH"}"#.to_owned(),
            format!("{ONE} 'HUH' at 'returnValues' {RULE} satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
        ),
        (
            "PutItem",
            r#"{"TableName": "Orders", "Item": {"id": {"S": "1"}}, "ReturnValues": "ALL_NEW"}"#.to_owned(),
            "ValidationException: 1 validation error detected: ReturnValues can only be ALL_OLD or NONE".to_owned(),
        ),
        ("PutItem", item(r#"{"N": "abc"}"#), "ValidationException: 1 validation error detected: The parameter cannot be converted to a numeric value: abc".to_owned()),
        (
            "BatchWriteItem",
            many,
            format!("{ONE} '{{Orders=[26 requests]}}' at 'requestItems' failed to satisfy constraint: Map value must \
                     satisfy constraint: [Member must have length less than or equal to 25, Member must have length \
                     greater than or equal to 1]"),
        ),
        ("BatchWriteItem", over, "ValidationException: Too many items requested for the BatchWriteItem call".to_owned()),
        ("BatchWriteItem", "{}".to_owned(), format!("{ONE} null at 'requestItems' {RULE} not be null")),
        ("BatchWriteItem", r#"{"RequestItems": {}}"#.to_owned(), "ValidationException: The requestItems parameter is required for BatchWriteItem".to_owned()),
        ("BatchGetItem", r#"{"RequestItems": {}}"#.to_owned(), "ValidationException: The requestItems parameter is required for BatchGetItem".to_owned()),
        (
            "BatchWriteItem",
            r#"{"RequestItems": {"Orders": []}}"#.to_owned(),
            format!("{ONE} '{{Orders=[]}}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: \
                     [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"),
        ),
        (
            "BatchWriteItem",
            r#"{"RequestItems": {"bad!name": [{"PutRequest": {"Item": {"id": {"S": "1"}}}}]}, "ReturnConsumedCapacity": "BOGUS"}"#.to_owned(),
            format!("{ONE} 'BOGUS' at 'returnConsumedCapacity' {RULE} satisfy enum value set: [INDEXES, TOTAL, NONE]"),
        ),
        (
            "BatchGetItem",
            r#"{"RequestItems": {"bad!name": {"Keys": [{"pk": {"S": "a"}}]}}, "ReturnConsumedCapacity": "BOGUS"}"#.to_owned(),
            "ValidationException: 2 validation errors detected: Value '{\"bad!name\":{\"Keys\":[{\"pk\":{\"S\":\"a\"}}]}}' at \
             'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less \
             than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular \
             expression pattern: [a-zA-Z0-9_.-]+]; Value 'BOGUS' at 'returnConsumedCapacity' failed to satisfy constraint: \
             Member must satisfy enum value set: [INDEXES, TOTAL, NONE]".to_owned(),
        ),
        (
            "BatchGetItem",
            format!(r#"{{"RequestItems": {{"Orders": {{"Keys": [{}]}}}}}}"#, vec![r#"{"id": {"S": "1"}}"#; 101].join(",")),
            format!("{ONE} at 'RequestItems.Orders.member.Keys' {RULE} have length less than or equal to 100"),
        ),
        (
            "BatchGetItem",
            r#"{"RequestItems": {"Orders": {"Keys": [{"id": {"S": "1"}}], "ProjectionExpression": "a, a.b"}}}"#.to_owned(),
            "ValidationException: Invalid ProjectionExpression: Two document paths overlap with each other; must remove or \
             rewrite one of these paths; path one: [a], path two: [a, b]".to_owned(),
        ),
        (
            "BatchGetItem",
            r#"{"RequestItems": {"Orders": {"Keys": [{"id": {"S": "1"}}], "ProjectionExpression": "a"}, "Others": {"Keys": [{"id": {"S": "1"}}], "AttributesToGet": ["a"]}}}"#.to_owned(),
            "ValidationException: Can not use both expression and non-expression parameters in the same request: \
             Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}".to_owned(),
        ),
        // An empty name is all that is told of, unless the key is missing.
        (
            "PutItem",
            r#"{"TableName": "", "Item": {}, "ReturnValues": "HUH"}"#.to_owned(),
            format!("{ONE} '' at 'tableName' {RULE} have length greater than or equal to 1"),
        ),
        (
            "UpdateItem",
            r#"{"TableName": "", "ReturnConsumedCapacity": "HUH", "ReturnValues": "HUH"}"#.to_owned(),
            format!("ValidationException: 4 validation errors detected: Value 'HUH' at 'returnConsumedCapacity' {RULE} \
                     satisfy enum value set: [INDEXES, TOTAL, NONE]; Value '' at 'tableName' {RULE} have length greater \
                     than or equal to 1; Value 'HUH' at 'returnValues' {RULE} satisfy enum value set: [ALL_NEW, \
                     UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]; Value null at 'key' {RULE} not be null"),
        ),
        // One write's values and expressions are told of as its rules are; those of reads and batches are not.
        (
            "DeleteItem",
            r#"{"TableName": "Orders", "Key": {"id": {"S": "1"}}, "ConditionExpression": ""}"#.to_owned(),
            "ValidationException: 1 validation error detected: Invalid ConditionExpression: The expression can not be empty;".to_owned(),
        ),
        (
            "UpdateItem",
            r#"{"TableName": "Orders", "Key": {"id": {"S": "1"}}, "UpdateExpression": "SET a = :v", "ExpressionAttributeValues": {":v": {"N": ""}}}"#.to_owned(),
            "ValidationException: 1 validation error detected: The parameter cannot be converted to a numeric value: ".to_owned(),
        ),
        ("GetItem", r#"{"TableName": "Orders", "Key": {"id": {"N": "x"}}}"#.to_owned(), "ValidationException: The parameter cannot be converted to a numeric value: x".to_owned()),
        (
            "BatchWriteItem",
            r#"{"RequestItems": {"Orders": [{"DeleteRequest": {"Key": {"id": {"N": ""}}}}]}}"#.to_owned(),
            "ValidationException: The parameter cannot be converted to a numeric value".to_owned(),
        ),
        (
            "Scan",
            r#"{"TableName": "Orders", "FilterExpression": "a = :v", "ExpressionAttributeValues": {":v": {"NS": ["1", "1"]}}}"#.to_owned(),
            "ValidationException: ExpressionAttributeValues contains invalid value: Input collection contains duplicates for key :v".to_owned(),
        ),
        (
            "BatchWriteItem",
            r#"{"RequestItems": {"Orders": [{"PutRequest": {}}]}}"#.to_owned(),
            format!("{ONE} null at 'requestItems.Orders.member.1.member.putRequest.item' {RULE} not be null"),
        ),
        (
            "BatchWriteItem",
            r#"{"RequestItems": {"Orders": [{}]}}"#.to_owned(),
            "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes".to_owned(),
        ),
        (
            "DescribeTable",
            r#"{"TableName": "arn:aws:dynamodb:us-east-1:111111111111:table/Orders"}"#.to_owned(),
            "ResourceNotFoundException: Requested resource not found".to_owned(),
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(sent(operation, &body).error(), expected, "{operation} {body}");
    }
}

#[test]
fn an_error_has_its_namespace_its_key_and_its_checksum() {
    let response = sent("DescribeTable", r#"{"TableName": "ab"}"#).refused();
    assert_eq!(response.status, 400);
    assert_eq!(
        text(&response),
        r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"}"#
    );
    // Calculated with Python's zlib.crc32 over the text above.
    assert_eq!(header(&response, "x-amz-crc32"), Some("2221236402"));
    assert_eq!(header(&response, "content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(header(&response, "x-amzn-requestid"), Some("3f1c2d4e-0000-4000-8000-000000000000"));
    let response = sent("PutItem", "[]").refused();
    assert_eq!(json(&response)["__type"], "com.amazon.coral.service#SerializationException");
    assert!(json(&response)["Message"].is_string());
    let response = sent("TransactWriteItems", "{}").refused();
    assert_eq!(json(&response)["__type"], "com.amazon.coral.service#UnknownOperationException");
}

#[test]
fn refusals_are_said_in_dynamodbs_words() {
    let name = || "a".to_owned();
    let (missing, described) = (orders(), orders());
    let own = "com.amazonaws.dynamodb.v20120810#";
    let validation = "com.amazon.coral.validate#ValidationException";
    let tables = [
        (
            Refused::KeyMissing { attribute: name() },
            "One or more parameter values were invalid: Missing the key a in the item",
        ),
        (
            Refused::KeyTypeMismatch { attribute: name(), expected: KeyType::S, actual: "N" },
            "One or more parameter values were invalid: Type mismatch for key a expected: S actual: N",
        ),
        (Refused::KeySchemaMismatch, "The provided key element does not match the schema"),
        (
            Refused::KeyEmpty { attribute: name(), key_type: KeyType::S },
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: a",
        ),
        (
            Refused::KeyEmpty { attribute: name(), key_type: KeyType::B },
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: a",
        ),
        (
            Refused::HashTooLarge { attribute: name(), size: 2049 },
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            Refused::RangeTooLarge { attribute: name(), size: 1025 },
            "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
        (Refused::ItemTooLarge { size: 409_601 }, "Item size has exceeded the maximum allowed size"),
    ];
    let mut cases: Vec<(Refusal<'_>, u16, String, &str)> =
        tables.iter().map(|(refused, text)| (Refusal::Table(refused), 400, validation.to_owned(), *text)).collect();
    let failed = Refused::ConditionFailed { old: None };
    cases.extend([
        (
            Refusal::Table(&failed),
            400,
            format!("{own}ConditionalCheckFailedException"),
            "The conditional request failed",
        ),
        (
            Refusal::NoSuchTable { name: &missing, described: false },
            400,
            format!("{own}ResourceNotFoundException"),
            "Requested resource not found",
        ),
        (
            Refusal::NoSuchTable { name: &described, described: true },
            400,
            format!("{own}ResourceNotFoundException"),
            "Requested resource not found: Table: Orders not found",
        ),
        (Refusal::DuplicateKeys, 400, validation.to_owned(), "Provided list of item keys contains duplicates"),
        (
            Refusal::Throttled,
            400,
            format!("{own}ThrottlingException"),
            "The engine takes writes in faster than its disk keeps them; slow down and try again.",
        ),
        (
            Refusal::DiskFull,
            503,
            format!("{own}ServiceUnavailable"),
            "The disk of the data directory is full, so writes are refused; make room and try again.",
        ),
        (
            Refusal::Internal,
            500,
            format!("{own}InternalServerError"),
            "Internal server error; the engine's own log says what broke.",
        ),
    ]);
    for (refusal, status, code, message) in cases {
        let response = sent("PutItem", "{}").refuse(&refusal);
        assert_eq!(
            (response.status, json(&response)),
            (status, json!({"__type": code, "message": message})),
            "{refusal:?}"
        );
    }
}

#[test]
fn an_item_is_answered_as_it_is_kept() {
    let (table, item) = (orders(), order());
    let (consistent, capacity) = (true, ReturnCapacity::Total);
    let response = say(Answer::Found { table: &table, consistent, capacity, paths: None, item: Some(&item) });
    assert_eq!(
        text(&response),
        r#"{"ConsumedCapacity":{"CapacityUnits":1.0,"TableName":"Orders"},"Item":{"amount":{"N":"1500"},"b":{"B":"YWI="},"id":{"S":"ORD-1001"},"m":{"M":{"l":{"L":[{"BOOL":true},{"NULL":true}]}}},"ss":{"SS":["a","b"]}}}"#
    );
    let response =
        say(Answer::Found { table: &table, consistent, capacity: ReturnCapacity::None, paths: None, item: None });
    assert_eq!(text(&response), "{}");
}

#[test]
fn capacity_is_counted_by_the_larger_item_and_never_nothing() {
    let table = orders();
    let item = |size: usize| Item::from([("a", "x".repeat(size - 1).as_str().into())]);
    let write = |old: Option<usize>, new_size: usize| {
        let old = old.map(item);
        let returning = Returning { old: false, when_failed: false, capacity: ReturnCapacity::Indexes };
        let response = say(Answer::Written { table: &table, returning, old: old.as_ref(), new_size, indexes: &[] });
        let spelt = json(&response)["ConsumedCapacity"].clone();
        assert_eq!(spelt["CapacityUnits"], spelt["Table"]["CapacityUnits"]);
        spelt["CapacityUnits"].as_f64().unwrap()
    };
    let read = |size: Option<usize>, consistent: bool| {
        let item = size.map(item);
        let capacity = ReturnCapacity::Total;
        let response = say(Answer::Found { table: &table, consistent, capacity, paths: None, item: item.as_ref() });
        json(&response)["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap()
    };
    let cases = [
        (write(None, 10), 1.0),
        (write(None, 1024), 1.0),
        (write(None, 1025), 2.0),
        (write(Some(5000), 10), 5.0),
        (write(Some(10), 0), 1.0),
        (write(None, 0), 1.0),
        (read(None, true), 1.0),
        (read(None, false), 0.5),
        (read(Some(4096), true), 1.0),
        (read(Some(4097), true), 2.0),
        (read(Some(4097), false), 1.0),
    ];
    for (index, (units, expected)) in cases.into_iter().enumerate() {
        assert_eq!(units, expected, "case {index}");
    }
}

#[test]
fn a_write_gives_back_the_old_item_only_if_asked() {
    let (table, item) = (orders(), Item::from([("id", "1".into())]));
    let write = |old: bool, stored: Option<&Item>| {
        let returning = Returning { old, when_failed: false, capacity: ReturnCapacity::None };
        text(&say(Answer::Written { table: &table, returning, old: stored, new_size: 3, indexes: &[] })).to_owned()
    };
    assert_eq!(write(true, Some(&item)), r#"{"Attributes":{"id":{"S":"1"}}}"#);
    assert_eq!(write(true, None), "{}");
    assert_eq!(write(false, Some(&item)), "{}");
}

#[test]
fn a_batch_is_billed_table_by_table() {
    let other: TableName = "Other".parse().unwrap();
    let sizes = [(orders(), 10, vec![]), (other, 2000, vec![]), (orders(), 0, vec![])];
    let response = say(Answer::BatchWritten { capacity: ReturnCapacity::Total, sizes: &sizes });
    assert_eq!(
        json(&response),
        json!({
            "UnprocessedItems": {},
            "ConsumedCapacity": [{"TableName": "Orders", "CapacityUnits": 2.0}, {"TableName": "Other", "CapacityUnits": 2.0}],
        })
    );
    let response = say(Answer::BatchWritten { capacity: ReturnCapacity::None, sizes: &sizes });
    assert_eq!(text(&response), r#"{"UnprocessedItems":{}}"#);
    let by_town = |units: f64| vec![("by-town".parse().unwrap(), units)];
    let sizes = [(orders(), 10, by_town(1.0)), (orders(), 0, by_town(2.0))];
    let response = say(Answer::BatchWritten { capacity: ReturnCapacity::Indexes, sizes: &sizes });
    assert_eq!(
        json(&response)["ConsumedCapacity"],
        json!([{
            "TableName": "Orders", "CapacityUnits": 5.0, "Table": {"CapacityUnits": 2.0},
            "GlobalSecondaryIndexes": {"by-town": {"CapacityUnits": 3.0}},
        }])
    );
}

#[test]
fn a_batch_of_reads_says_what_is_there_and_what_was_not_looked_up() {
    let asked = r##"{"RequestItems": {"Orders": {"Keys": [{"id": {"S": "1"}}, {"id": {"S": "2"}}, {"id": {"S": "3"}}], "ConsistentRead": true, "ProjectionExpression": "#a", "ExpressionAttributeNames": {"#a": "at"}}}, "ReturnConsumedCapacity": "TOTAL"}"##;
    let Call::BatchGetItem { reads, capacity } = call("BatchGetItem", asked) else { panic!("{asked}") };
    let item = Item::from([("id", "1".into()), ("at", "x".into())]);
    let response = say(Answer::BatchFound { capacity, found: &[(&reads[0], vec![Some(item), None])] });
    assert_eq!(
        json(&response),
        json!({
            "Responses": {"Orders": [{"at": {"S": "x"}}]},
            "UnprocessedKeys": {"Orders": {
                "Keys": [{"id": {"S": "3"}}], "ConsistentRead": true, "ProjectionExpression": "#a",
                "ExpressionAttributeNames": {"#a": "at"},
            }},
            "ConsumedCapacity": [{"TableName": "Orders", "CapacityUnits": 2.0}],
        })
    );
    let response = say(Answer::BatchFound { capacity: ReturnCapacity::None, found: &[(&reads[0], vec![None; 3])] });
    assert_eq!(text(&response), r#"{"Responses":{"Orders":[]},"UnprocessedKeys":{}}"#);
}

#[test]
fn tables_are_listed_and_described() {
    let names = [orders(), "Zoo".parse().unwrap()];
    let response = say(Answer::Listed { names: &names, more: true });
    assert_eq!(text(&response), r#"{"LastEvaluatedTableName":"Zoo","TableNames":["Orders","Zoo"]}"#);
    assert_eq!(text(&say(Answer::Listed { names: &[], more: false })), r#"{"TableNames":[]}"#);

    let attribute = |name: &str, key_type| KeyAttribute { name: name.to_owned(), key_type };
    let keys = KeySchema { hash: attribute("id", KeyType::S), range: Some(attribute("at", KeyType::N)) };
    let table =
        Table { id: TableId(7), name: orders(), keys, view: Some(ViewType::NewImage), indexes: vec![], expiry: None };
    let arn = Account::default().arn("dynamodb", "table/Orders/stream/2024-03-08T00:00:00.498");
    let stream = Stream { arn, region: "us-east-1".into(), view: ViewType::NewImage, shard: "".into() };
    let description =
        TableDescription { table: &table, stream: Some(&stream), created_at: AT, items: 3, bytes: 99, indexes: &[] };
    let response = say(Answer::Described(description));
    let described = &json(&response)["Table"];
    let expected = json!({
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}
        ],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        "TableName": "Orders",
        "TableStatus": "ACTIVE",
        "CreationDateTime": 1_709_856_000.498,
        "TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Orders",
        "ItemCount": 3,
        "TableSizeBytes": 99,
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        "LatestStreamArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/2024-03-08T00:00:00.498",
        "LatestStreamLabel": "2024-03-08T00:00:00.498",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&described[name], value, "{name}");
    }
}
