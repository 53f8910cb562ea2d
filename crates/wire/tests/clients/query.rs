//! Queries: how they are read, in which words they are refused, and how pages are answered.

use super::{Sent, json};
use proptest::strategy::Strategy as _;
use serde_json::{Value as Json, json};
use std::num::NonZeroUsize;
use table::{
    Condition, Expiry, Index, IndexId, KeyCondition, KeyTest, Order, Page, Path, Projection, Query, RangeTest, Step,
    Table,
};
use types::{IndexName, Item, KeyAttribute, KeySchema, KeyType, KeyValue, Number, TableId, Value};
use wire::dynamodb::{Answer, Call, IndexNumbers, QueryCall, Reading, ReturnCapacity, Select, TableDescription};
use wire::{Answer as Any, Refusal};

fn sent(body: &Json) -> Sent {
    Sent::json("DynamoDB_20120810.Query", &body.to_string())
}

fn call(body: &Json) -> QueryCall {
    match sent(body).call() {
        wire::Call::Dynamodb(Call::Query(call)) => call,
        other => panic!("{other:?}"),
    }
}

/// A query on `Orders` with these members too.
fn with(members: Json) -> Json {
    let mut body = json!({"TableName": "Orders"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Table `Orders` with key `id`, `made` and an index of customers, which gives `amount` too.
fn table() -> Table {
    let attribute = |name: &str, key_type| KeyAttribute { name: name.to_owned(), key_type };
    let index = |id, name: &str, hash: &str, range: Option<&str>, projection| Index {
        id: IndexId(id),
        name: name.parse().unwrap(),
        keys: KeySchema { hash: attribute(hash, KeyType::S), range: range.map(|range| attribute(range, KeyType::N)) },
        projection,
    };
    Table {
        id: TableId(7),
        name: "Orders".parse().unwrap(),
        keys: KeySchema { hash: attribute("id", KeyType::S), range: Some(attribute("made", KeyType::N)) },
        view: None,
        indexes: vec![
            index(8, "by-customer", "customer", Some("made"), Projection::Include(vec!["amount".to_owned()])),
            index(9, "by-city", "city", None, Projection::All),
        ],
        expiry: Some(Expiry { index: IndexId(10), attribute: "expires".to_owned() }),
    }
}

fn s(text: &str) -> Value {
    text.into()
}

fn n(number: i64) -> Value {
    Number::from(number).into()
}

#[test]
fn queries_are_understood() {
    let body = with(json!({
        "IndexName": "by-customer",
        "KeyConditionExpression": "#c = :c and :low <= made",
        "ProjectionExpression": "amount, id, #m.entries[2].sku",
        "FilterExpression": "attribute_exists(amount)",
        "ExpressionAttributeNames": {"#c": "customer", "#m": "a.b"},
        "ExpressionAttributeValues": {":c": {"S": "c1"}, ":low": {"N": "5"}},
        "ScanIndexForward": false,
        "Limit": 3,
        "ExclusiveStartKey": {"id": {"S": "1"}},
        "ReturnConsumedCapacity": "TOTAL",
        "ConsistentRead": true,
    }));
    let path = |attribute: &str, steps: Vec<Step>| Path { attribute: attribute.into(), steps };
    let steps = vec![Step::Field("entries".into()), Step::Index(2), Step::Field("sku".into())];
    let expected = QueryCall {
        reading: Reading {
            table: "Orders".parse().unwrap(),
            index: Some("by-customer".parse().unwrap()),
            limit: NonZeroUsize::new(3),
            after: Some(Item::from([("id", s("1"))])),
            filter: Some(Condition::Exists(path("amount", vec![]))),
            select: Select::Paths(vec![path("amount", vec![]), path("id", vec![]), path("a.b", steps)]),
            consistent: true,
            capacity: ReturnCapacity::Total,
        },
        conditions: vec![
            KeyCondition { attribute: "customer".to_owned(), test: KeyTest::Equal(s("c1")) },
            KeyCondition { attribute: "made".to_owned(), test: KeyTest::GreaterOrEqual(n(5)) },
        ],
        order: Order::Descending,
    };
    assert_eq!(call(&body), expected);
}

#[test]
fn conditions_on_keys_are_understood_in_both_languages() {
    let value = |made: &str| json!({"S": made});
    let cases = [
        ("id = :a AND made = :b", "EQ", KeyTest::Equal(s("b"))),
        ("id = :a AND made < :b", "LT", KeyTest::Less(s("b"))),
        ("(id = :a) and (made <= :b)", "LE", KeyTest::LessOrEqual(s("b"))),
        ("made > :b AND id = :a", "GT", KeyTest::Greater(s("b"))),
        ("id=:a AND made>=:b", "GE", KeyTest::GreaterOrEqual(s("b"))),
        ("id = :a AND made BETWEEN :b AND :c", "BETWEEN", KeyTest::Between(s("b"), s("c"))),
        ("begins_with(made, :b) AND id = :a", "BEGINS_WITH", KeyTest::BeginsWith(s("b"))),
        ("id = :a AND :b > made", "LT", KeyTest::Less(s("b"))),
        ("(id = :a AND (made = :b))", "EQ", KeyTest::Equal(s("b"))),
    ];
    for (text, operator, test) in cases {
        let mut values = json!({":a": value("a"), ":b": value("b")});
        let mut list = vec![value("b")];
        if operator == "BETWEEN" {
            values[":c"] = value("c");
            list.push(value("c"));
        }
        let by_text = call(&with(json!({"KeyConditionExpression": text, "ExpressionAttributeValues": values})));
        let legacy = call(&with(json!({"KeyConditions": {
            "id": {"ComparisonOperator": "EQ", "AttributeValueList": [value("a")]},
            "made": {"ComparisonOperator": operator, "AttributeValueList": list},
        }})));
        let mut expected = [
            KeyCondition { attribute: "id".to_owned(), test: KeyTest::Equal(s("a")) },
            KeyCondition { attribute: "made".to_owned(), test },
        ];
        let sorted = |mut conditions: Vec<KeyCondition>| {
            conditions.sort_by(|a, b| a.attribute.cmp(&b.attribute));
            conditions
        };
        expected.sort_by(|a, b| a.attribute.cmp(&b.attribute));
        assert_eq!(sorted(by_text.conditions), expected, "{text}");
        assert_eq!(sorted(legacy.conditions), expected, "{operator}");
    }
}

/// What is said of a key condition with values `:a`, a text, and `:n`, a number, as far as it uses them.
fn refused(text: &str, extra: Json) -> String {
    let values = [
        (":a", json!({"S": "a"})),
        (":b", json!({"S": "b"})),
        (":n", json!({"N": "1"})),
        (":t", json!({"BOOL": true})),
    ];
    let used = values.into_iter().filter(|(name, _)| text.contains(name));
    let used: Json = Json::Object(used.map(|(name, value)| (name.to_owned(), value)).collect());
    let mut members = json!({"KeyConditionExpression": text});
    if used != json!({}) {
        members["ExpressionAttributeValues"] = used;
    }
    for (name, value) in extra.as_object().unwrap() {
        members[name] = value.clone();
    }
    sent(&with(members)).error()
}

#[test]
fn faulty_expressions_are_refused_in_awss_words() {
    let long = format!("id = :a AND made = :b{}", " ".repeat(4096));
    let many = format!("{}id = :a", "NOT ".repeat(300));
    let cases = [
        ("", "The expression can not be empty;"),
        (" \t ", "The expression can not be empty;"),
        ("id =", r#"Syntax error; token: "<EOF>", near: "id =""#),
        ("id = :a AND", r#"Syntax error; token: "<EOF>", near: ":a AND""#),
        ("id == :a", r#"Syntax error; token: "=", near: "== :a""#),
        ("id = :a made", r#"Syntax error; token: "made", near: ":a made""#),
        ("id = :a ; made", r#"Syntax error; token: ";", near: ":a ; made""#),
        ("(id = :a", r#"Syntax error; token: "<EOF>", near: "= :a""#),
        ("((id = :a))", "The expression has redundant parentheses;"),
        ("id = :missing", "An expression attribute value used in expression is not defined; attribute value: :missing"),
        ("#x = :a", "An expression attribute name used in the document path is not defined; attribute name: #x"),
        ("status = :a", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("foo(id, :a)", "Invalid function name; function: foo"),
        ("Begins_With(id, :a)", "Invalid function name; function: Begins_With"),
        (
            "begins_with(id)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
        ),
        (
            "begins_with(id, :n)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        ("id < :t", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
        (
            "id = :a AND :t >= made",
            "Incorrect operand type for operator or function; operator or function: >=, operand type: BOOL",
        ),
        (
            "id BETWEEN :t AND :a",
            "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: BOOL",
        ),
        (
            "id BETWEEN :b AND :a",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: \
             AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}",
        ),
        (
            "id BETWEEN :a AND :n",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: \
             {S:a}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "attribute_exists(:a)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "size(:n) = :n",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "id = begins_with(id, :a)",
            "The function is not allowed to be used this way in an expression; function: begins_with",
        ),
        (
            "id = id",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, \
             first operand: [id]",
        ),
        ("id = :a OR made = :b", "Invalid operator used in KeyConditionExpression: OR"),
        ("NOT id = :a", "Invalid operator used in KeyConditionExpression: NOT"),
        ("id <> :a", "Invalid operator used in KeyConditionExpression: <>"),
        ("id IN (:a, :b)", "Invalid operator used in KeyConditionExpression: IN"),
        ("attribute_exists(id)", "Invalid operator used in KeyConditionExpression: attribute_exists"),
        ("contains(id, :a)", "Invalid operator used in KeyConditionExpression: contains"),
        ("id.x = :a", "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("id[0] = :a", "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("size(id) = :n", "KeyConditionExpressions cannot contain nested operations"),
        ("id = made", "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"),
        (":a = :b", "Invalid condition in KeyConditionExpression: No key attribute specified"),
        (&long, "Expression size has exceeded the maximum allowed size; expression size: 4117"),
        (&many, "The expression contains too many operators; operator count: 301"),
    ];
    for (text, message) in cases {
        let expected = format!("ValidationException: Invalid KeyConditionExpression: {message}");
        assert_eq!(refused(text, json!({})), expected, "{text}");
    }
}

#[test]
fn faulty_requests_are_refused_in_awss_words() {
    let key = || json!({"KeyConditionExpression": "id = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}});
    let plus = |name: &str, value: Json| {
        let mut members = key();
        members[name] = value;
        with(members)
    };
    let bare = |value: Json| with(json!({"KeyConditionExpression": "id = :a", "ExpressionAttributeValues": value}));
    let not_yet = |name: &str| format!("{name} is not handled by this engine yet; send the request without it");
    let cases = [
        (
            with(json!({})),
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.".to_owned(),
        ),
        (
            plus("KeyConditions", json!({})),
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: \
             {KeyConditions} Expression parameters: {KeyConditionExpression}"
                .to_owned(),
        ),
        (
            with(json!({"KeyConditions": {}, "ExpressionAttributeNames": {"#a": "b"}})),
            "ExpressionAttributeNames can only be specified when using expressions".to_owned(),
        ),
        (plus("ExpressionAttributeNames", json!({})), "ExpressionAttributeNames must not be empty".to_owned()),
        (bare(json!({})), "ExpressionAttributeValues must not be empty".to_owned()),
        (
            plus("ExpressionAttributeNames", json!({"a": "id"})),
            r#"ExpressionAttributeNames contains invalid key: Syntax error; key: "a""#.to_owned(),
        ),
        (
            plus("ExpressionAttributeNames", json!({"#x": "id", "#y": "z"})),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x, #y}".to_owned(),
        ),
        (
            bare(json!({":a": {"S": "a"}, ":b": {"S": "b"}})),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}".to_owned(),
        ),
        (
            bare(json!({":a": {"N": "abc"}})),
            "The parameter cannot be converted to a numeric value: abc".to_owned(),
        ),
        (plus("FilterExpression", json!("")), "Invalid FilterExpression: The expression can not be empty;".to_owned()),
        (
            plus("FilterExpression", json!("x = :b")),
            "Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute value: :b"
                .to_owned(),
        ),
        (with(json!({"KeyConditions": {}, "QueryFilter": {}})), not_yet("QueryFilter")),
        (with(json!({"KeyConditions": {}, "AttributesToGet": ["a"]})), not_yet("AttributesToGet")),
        (
            plus("QueryFilter", json!({})),
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: \
             {QueryFilter} Expression parameters: {KeyConditionExpression}"
                .to_owned(),
        ),
        (
            plus("Limit", json!(0)),
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value \
             greater than or equal to 1"
                .to_owned(),
        ),
        (
            plus("Select", json!("HUH")),
            "1 validation error detected: Value 'HUH' at 'select' failed to satisfy constraint: Member must satisfy enum \
             value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"
                .to_owned(),
        ),
        (
            plus("Select", json!("ALL_PROJECTED_ATTRIBUTES")),
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName".to_owned(),
        ),
        (
            plus("Select", json!("SPECIFIC_ATTRIBUTES")),
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES".to_owned(),
        ),
        (
            with(json!({
                "KeyConditionExpression": "id = :a", "ExpressionAttributeValues": {":a": {"S": "a"}},
                "ProjectionExpression": "id", "Select": "COUNT",
            })),
            "Cannot specify the ProjectionExpression when choosing to get only the Count".to_owned(),
        ),
        (
            plus("ProjectionExpression", json!("entries[0].sku, entries[0]")),
            "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of \
             these paths; path one: [entries, [0], sku], path two: [entries, [0]]"
                .to_owned(),
        ),
        (
            plus("ProjectionExpression", json!("entries[0], entries.x")),
            "Invalid ProjectionExpression: Two document paths conflict with each other; must remove or rewrite one of \
             these paths; path one: [entries, [0]], path two: [entries, x]"
                .to_owned(),
        ),
        (
            with(json!({"KeyConditions": {"id": {"ComparisonOperator": "NE", "AttributeValueList": [{"S": "a"}]}}})),
            "Attempted conditional constraint is not an indexable operation".to_owned(),
        ),
        (
            with(json!({"KeyConditions": {"id": {"ComparisonOperator": "EQ"}}})),
            "One or more parameter values were invalid: Invalid number of argument(s) for the EQ ComparisonOperator"
                .to_owned(),
        ),
    ];
    for (body, message) in cases {
        assert_eq!(sent(&body).error(), format!("ValidationException: {message}"), "{body}");
    }
}

#[test]
fn a_query_is_held_against_its_table() {
    const OTHER_START: &str =
        "The provided starting key is invalid: The provided key element does not match the schema";
    let resolved = |index: Option<&str>, text: &str, extra: Json| {
        let values =
            [(":a", json!({"S": "a"})), (":n", json!({"N": "1"})), (":m", json!({"N": "5"})), (":e", json!({"S": ""}))];
        let used = values.into_iter().filter(|(name, _)| text.contains(name));
        let used: Json = Json::Object(used.map(|(name, value)| (name.to_owned(), value)).collect());
        let mut members = json!({"KeyConditionExpression": text, "ExpressionAttributeValues": used});
        for (name, value) in extra.as_object().unwrap() {
            members[name] = value.clone();
        }
        if let Some(index) = index {
            members["IndexName"] = index.into();
        }
        let table = table();
        let query = call(&with(members)).resolve(&table).map_err(|error| error.message)?;
        match table.plan(&query) {
            Ok(_) => Ok(query),
            Err(refused) => Err(json_message(&sent(&json!({})).refuse(&Refusal::Query(&refused)))),
        }
    };
    let query =
        resolved(Some("by-customer"), "customer = :a AND made > :n", json!({"Select": "COUNT", "Limit": 2})).unwrap();
    let expected = Query {
        index: Some("by-customer".parse::<IndexName>().unwrap()),
        range: Some(RangeTest::Greater(KeyValue::N(1u64.into()))),
        limit: NonZeroUsize::new(2),
        give: table::Give::Count,
        ..Query::new(None, KeyValue::S("a".into()))
    };
    assert_eq!(query, expected);
    let start = |key: Json| json!({ "ExclusiveStartKey": key });
    let none = || json!({});
    let customers = Some("by-customer");
    let cases = [
        (Some("nothing"), "id = :a", none(), "The table does not have the specified index: nothing"),
        (
            customers,
            "customer = :a",
            json!({"ConsistentRead": true}),
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            customers,
            "customer = :a",
            json!({"Select": "ALL_ATTRIBUTES"}),
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary \
             index by-customer because its projection type is not ALL",
        ),
        (
            customers,
            "customer = :a",
            json!({"ProjectionExpression": "amount, id, city, x.y"}),
            "One or more parameter values were invalid: Global secondary index by-customer does not project [city, x]",
        ),
        (None, "made = :n", none(), "Query condition missed key schema element: id"),
        (None, "id = :a AND amount = :n", none(), "Query condition missed key schema element: made"),
        (customers, "id = :a", none(), "Query condition missed key schema element: customer"),
        (None, "id > :a", none(), "Query key condition not supported"),
        (None, "begins_with(id, :a)", none(), "Query key condition not supported"),
        (Some("by-city"), "city = :a AND made = :n", none(), "Query key condition not supported"),
        (
            None,
            "id = :a AND made > :n AND made < :m",
            none(),
            "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
        ),
        (
            None,
            "id = :a AND made > :n AND extra = :m",
            none(),
            "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
        ),
        (
            None,
            "id = :n",
            none(),
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            None,
            "id = :a AND begins_with(made, :a)",
            none(),
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            None,
            "id = :e",
            none(),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
             string value. Key: id",
        ),
        (None, "id = :a", start(json!({"id": {"S": "a"}})), OTHER_START),
        (None, "id = :a", start(json!({"id": {"S": "a"}, "made": {"N": "1"}, "x": {"N": "1"}})), OTHER_START),
        (None, "id = :a", start(json!({"id": {"S": "a"}, "made": {"S": "1"}})), OTHER_START),
        (
            customers,
            "customer = :a",
            start(json!({"customer": {"S": "a"}, "made": {"N": "1"}})),
            "The provided starting key is invalid",
        ),
        (
            None,
            "id = :a",
            start(json!({"id": {"S": "b"}, "made": {"N": "1"}})),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            None,
            "id = :a AND made > :n",
            start(json!({"id": {"S": "a"}, "made": {"N": "1"}})),
            "The provided starting key does not match the range key predicate",
        ),
    ];
    for (index, text, extra, message) in cases {
        assert_eq!(resolved(index, text, extra.clone()).unwrap_err(), message, "{text} {extra}");
    }
    assert!(resolved(None, "id = :a AND made > :n", start(json!({"id": {"S": "a"}, "made": {"N": "1.5"}}))).is_ok());
    let whole = json!({"customer": {"S": "a"}, "made": {"N": "1"}, "id": {"S": "x"}});
    assert!(resolved(customers, "customer = :a", start(whole)).is_ok());
    assert!(
        resolved(customers, "customer = :a", json!({"ProjectionExpression": "amount, customer, id, made"})).is_ok()
    );
}

fn json_message(response: &wire::Response) -> String {
    json(response)["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_page_is_answered_with_what_was_asked_of_it() {
    let item = |id: &str| Item::from([("id", s(id)), ("made", n(1)), ("customer", s("c")), ("amount", n(7))]);
    let body = |extra: Json| {
        let mut members = json!({
            "IndexName": "by-customer",
            "KeyConditionExpression": "customer = :a",
            "ExpressionAttributeValues": {":a": {"S": "c"}},
        });
        for (name, value) in extra.as_object().unwrap() {
            members[name] = value.clone();
        }
        with(members)
    };
    let say = |extra: Json, page: Page| {
        let call = call(&body(extra));
        json(&sent(&json!({})).answer(&Any::Dynamodb(Answer::Read { reading: &call.reading, page })))
    };
    let page = || Page { items: vec![item("1"), item("2")], count: 2, bytes: 5000, last: None };
    let shown = |id: &str| json!({"id": {"S": id}, "made": {"N": "1"}, "customer": {"S": "c"}, "amount": {"N": "7"}});
    assert_eq!(say(json!({}), page()), json!({"Count": 2, "ScannedCount": 2, "Items": [shown("1"), shown("2")]}));
    let last = Item::from([("id", s("2")), ("made", n(1)), ("customer", s("c"))]);
    assert_eq!(
        say(json!({"ProjectionExpression": "amount"}), Page { last: Some(last), ..page() }),
        json!({
            "Count": 2, "ScannedCount": 2, "Items": [{"amount": {"N": "7"}}, {"amount": {"N": "7"}}],
            "LastEvaluatedKey": {"id": {"S": "2"}, "made": {"N": "1"}, "customer": {"S": "c"}},
        })
    );
    let counted = Page { items: vec![], ..page() };
    assert_eq!(
        say(json!({"Select": "COUNT", "ReturnConsumedCapacity": "INDEXES"}), counted),
        json!({
            "Count": 2, "ScannedCount": 2,
            "ConsumedCapacity": {
                "TableName": "Orders", "CapacityUnits": 1.0, "Table": {"CapacityUnits": 0.0},
                "GlobalSecondaryIndexes": {"by-customer": {"CapacityUnits": 1.0}},
            },
        })
    );
    let empty = say(json!({"ReturnConsumedCapacity": "TOTAL"}), Page::default());
    assert_eq!(
        empty,
        json!({"Count": 0, "ScannedCount": 0, "Items": [], "ConsumedCapacity": {"TableName": "Orders", "CapacityUnits": 0.5}})
    );
}

#[test]
fn indexes_and_expiry_are_described() {
    let table = table();
    let indexes =
        [IndexNumbers { building: false, items: 3, bytes: 90 }, IndexNumbers { building: true, items: 0, bytes: 0 }];
    let (stream, created_at) = (None, super::AT);
    let description = TableDescription { table: &table, stream, created_at, items: 3, bytes: 99, indexes: &indexes };
    let response = sent(&json!({})).answer(&Any::Dynamodb(Answer::Described(description)));
    let described = &json(&response)["Table"];
    let attribute = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
    assert_eq!(
        described["AttributeDefinitions"],
        json!([attribute("id", "S"), attribute("made", "N"), attribute("customer", "S"), attribute("city", "S")])
    );
    let throughput = json!({"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0});
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/index/";
    assert_eq!(
        described["GlobalSecondaryIndexes"],
        json!([
            {
                "IndexName": "by-customer",
                "KeySchema": [
                    {"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "made", "KeyType": "RANGE"}
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["amount"]},
                "IndexStatus": "ACTIVE", "ProvisionedThroughput": throughput,
                "IndexSizeBytes": 90, "ItemCount": 3, "IndexArn": format!("{arn}by-customer"),
            },
            {
                "IndexName": "by-city", "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"}, "IndexStatus": "CREATING", "Backfilling": true,
                "ProvisionedThroughput": throughput, "IndexSizeBytes": 0, "ItemCount": 0,
                "IndexArn": format!("{arn}by-city"),
            },
        ])
    );
    let say = |attribute| json(&sent(&json!({})).answer(&Any::Dynamodb(Answer::TimeToLive { attribute })));
    assert_eq!(
        say(Some("expires")),
        json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}})
    );
    assert_eq!(say(None), json!({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}));
}

#[test]
fn what_an_index_refuses_is_said_in_dynamodbs_words() {
    let index: IndexName = "by-city".parse().unwrap();
    let (attribute, key_type) = (|| "city".to_owned(), KeyType::S);
    let mismatch = table::Refused::IndexKeyTypeMismatch {
        attribute: attribute(),
        expected: key_type,
        actual: "N",
        index: index.clone(),
    };
    let empty = table::Refused::IndexKeyEmpty { attribute: attribute(), key_type, index: index.clone() };
    let cases = [
        (
            Refusal::Table(&mismatch),
            "One or more parameter values were invalid: Type mismatch for Index Key city Expected: S Actual: N IndexName: by-city",
        ),
        (
            Refusal::Table(&empty),
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The \
             AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-city, IndexKey: city",
        ),
        (Refusal::IndexBuilding(&index), "Cannot read from backfilling global secondary index: by-city"),
        (Refusal::TimeToLive { already: Some(true) }, "TimeToLive is already enabled"),
        (Refusal::TimeToLive { already: Some(false) }, "TimeToLive is already disabled"),
    ];
    for (refusal, message) in cases {
        let response = sent(&json!({})).refuse(&refusal);
        assert_eq!(json_message(&response), message);
        assert_eq!(json(&response)["__type"], "com.amazon.coral.validate#ValidationException");
    }
}

#[test]
fn requests_about_expiry_are_understood() {
    let call = |operation: &str, body: &str| match Sent::json(&format!("DynamoDB_20120810.{operation}"), body).call() {
        wire::Call::Dynamodb(call) => call,
        other => panic!("{other:?}"),
    };
    let table = || "Orders".parse().unwrap();
    assert_eq!(call("DescribeTimeToLive", r#"{"TableName": "Orders"}"#), Call::DescribeTimeToLive { table: table() });
    assert_eq!(
        call(
            "UpdateTimeToLive",
            r#"{"TableName": "Orders", "TimeToLiveSpecification": {"AttributeName": "x", "Enabled": true}}"#
        ),
        Call::UpdateTimeToLive { table: table(), attribute: "x".to_owned(), enabled: true }
    );
    let error = |body: &str| Sent::json("DynamoDB_20120810.UpdateTimeToLive", body).error();
    assert_eq!(
        error(r#"{"TableName": "Orders"}"#),
        "ValidationException: 1 validation error detected: Value null at 'timeToLiveSpecification' failed to satisfy \
         constraint: Member must not be null"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(3000))]

    /// Whatever words stand in an expression, in whatever order: it is read or refused.
    #[test]
    fn any_expression_is_answered(
        words in proptest::collection::vec(
            proptest::prop_oneof![
                4 => proptest::sample::select(vec![
                    "id", "#n", ":a", ":b", "(", ")", "=", "<>", "<", ">=", "AND", "or", "NOT", "BETWEEN", "IN", ",", ".",
                    "[", "]", "0", "99999999999999999999", "begins_with", "(", "contains", "size", "attribute_exists",
                    "attribute_type", "+", "-", " ", "ä", "#", ":",
                ]).prop_map(str::to_owned),
                1 => "\\PC{0,3}",
            ],
            0..24,
        ),
        spaced: bool,
    ) {
        let text = words.join(if spaced { " " } else { "" });
        let names = json!({"#n": "made"});
        let values = json!({":a": {"S": "a"}, ":b": {"N": "1"}});
        for member in ["KeyConditionExpression", "FilterExpression", "ProjectionExpression"] {
            let body = with(json!({
                member: text, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
            }));
            let _ = sent(&body).parse();
        }
    }
}
