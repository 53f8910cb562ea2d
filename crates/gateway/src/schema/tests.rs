//! What schemas hold, keyword by keyword, and against a slow model.

use super::*;
use serde_json::{Value, json};

/// The pointers of all that is wrong.
fn faults(schema: &Value, body: &str) -> Vec<String> {
    let schema = Schema::compile(schema).unwrap_or_else(|faults| panic!("{schema}: {faults:?}"));
    match schema.check(body.as_bytes()) {
        Ok(()) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
    }
}

#[test]
fn keywords_mean_what_the_standard_says() {
    let cases = [
        (json!({"type":"string"}), r#""a""#, true),
        (json!({"type":"string"}), "1", false),
        (json!({"type":"integer"}), "1.0", true),
        (json!({"type":"integer"}), "1.5", false),
        (json!({"type":"integer"}), r#""1""#, false),
        (json!({"type":"number"}), "1", true),
        (json!({"type":["string","null"]}), "null", true),
        (json!({"type":["string","null"]}), "0", false),
        (json!({"type":"string","nullable":true}), "null", true),
        (json!({"type":"string","nullable":true,"enum":["a"]}), "null", true),
        (json!({"type":"string","nullable":"true"}), "null", true),
        (json!({}), "[]", true),
        (json!(true), "1", true),
        (json!(false), "1", false),
        (json!({"minLength":2}), r#""é""#, false),
        (json!({"minLength":2}), r#""éé""#, true),
        (json!({"minLength":2}), "1", true),
        (json!({"maxLength":1}), r#""\ud83d\ude00""#, true),
        (json!({"maxLength":"1"}), r#""ab""#, false),
        (json!({"minimum":1}), "0.99999999999999999999999", false),
        (json!({"minimum":1}), "1", true),
        (json!({"maximum":9007199254740992u64}), "9007199254740993", false),
        (json!({"exclusiveMinimum":1}), "1", false),
        (json!({"minimum":1,"exclusiveMinimum":true}), "1.0", false),
        (json!({"minimum":1,"exclusiveMinimum":false}), "1.0", true),
        (json!({"maximum":"5","exclusiveMaximum":"true"}), "5", false),
        (json!({"multipleOf":0.01}), "19.99", true),
        (json!({"multipleOf":0.01}), "19.999", false),
        (json!({"multipleOf":7}), "1e400", false),
        (json!({"enum":["a",1,null]}), "1.0", true),
        (json!({"enum":["a",1,null]}), r#""b""#, false),
        (json!({"type":"integer","enum":["1","2"]}), "2", true),
        (json!({"type":"string","enum":["1","2"]}), "2", false),
        (json!({"const":{"a":[1]}}), r#"{"a":[1.0]}"#, true),
        (json!({"const":{"a":[1]}}), r#"{"a":[2]}"#, false),
        (json!({"uniqueItems":true}), r#"[1,"1",[1],{"a":1}]"#, true),
        (json!({"uniqueItems":true}), r#"[{"a":1,"b":2},{"b":2,"a":1.0}]"#, false),
        (json!({"minItems":1}), "[]", false),
        (json!({"maxItems":1}), "[1,2]", false),
        (json!({"items":{"type":"string"}}), r#"["a",1]"#, false),
        (json!({"required":["a"]}), "{}", false),
        (json!({"required":["a"]}), r#"{"a":null}"#, true),
        (json!({"additionalProperties":false}), r#"{"a":1}"#, false),
        (json!({"additionalProperties":{"type":"string"}}), r#"{"a":1}"#, false),
        (json!({"minProperties":1}), "{}", false),
        (json!({"maxProperties":1}), r#"{"a":1,"b":2}"#, false),
        (json!({"pattern":"b"}), r#""abc""#, true),
        (json!({"pattern":"^b"}), r#""abc""#, false),
        (json!({"format":"email"}), r#""a@b""#, true),
        (json!({"format":"email"}), r#""ab""#, false),
        (json!({"format":"int64"}), r#""ab""#, true),
        (json!({"allOf":[{"minimum":1},{"maximum":2}]}), "3", false),
        (json!({"anyOf":[{"type":"string"},{"minimum":5}]}), "3", false),
        (json!({"anyOf":[{"type":"string"},{"minimum":5}]}), "7", true),
        (json!({"oneOf":[{"minimum":1},{"minimum":5}]}), "7", false),
        (json!({"oneOf":[{"minimum":1},{"minimum":5}]}), "3", true),
        (json!({"not":{"type":"string"}}), r#""a""#, false),
        (json!({"not":{"type":"string"}}), "1", true),
        (json!({"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}), "1", false),
    ];
    for (schema, body, right) in cases {
        assert_eq!(faults(&schema, body).is_empty(), right, "{schema} on {body}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let item = json!({"type":"object","required":["sku","quantity"],"additionalProperties":false,"properties":{
        "sku":{"type":"string","pattern":"^[A-Z0-9-]{1,40}$"},"quantity":{"type":"integer","minimum":1}}});
    let schema = json!({"type":"object","required":["customerId","items"],"additionalProperties":false,"properties":{
        "customerId":{"type":"string","minLength":1},"email":{"type":"string","format":"email"},
        "items":{"type":"array","minItems":1,"items":item}}});
    let body = r#"{"email":"x","items":[{"sku":"a b","quantity":0},{"quantity":"1","extra":1}],"items":[],"Other":1}"#;
    let told = faults(&schema, body);
    assert_eq!(
        told,
        [
            "/items",
            "/customerId",
            "/email",
            "/items/0/sku",
            "/items/0/quantity",
            "/items/1/sku",
            "/items/1/quantity",
            "/items/1/extra",
            "/items",
            "/Other"
        ]
    );
    let right = r#"{"customerId":"c","items":[{"sku":"A-1","quantity":2}]}"#;
    assert!(faults(&schema, right).is_empty());
}

#[test]
fn an_alternative_of_the_right_type_says_what_it_misses() {
    let schema = json!({"oneOf":[{"type":"string","pattern":"^[0-9]+$"},{"type":"object","required":["a"]}]});
    assert_eq!(faults(&schema, "{}"), ["/a"]);
    assert_eq!(faults(&schema, "true"), [""]);
}

#[test]
fn what_is_not_understood_is_refused_by_name_and_place() {
    let cases = [
        (json!({"properties":{"a":{"minLenght":1}}}), "/properties/a/minLenght"),
        (json!({"type":"text"}), "/type"),
        (json!({"items":[{}]}), "/items"),
        (json!({"$ref":"other.json#/a"}), "/$ref"),
        (json!({"$ref":"#/nowhere"}), "/$ref"),
        (json!({"if":{}}), "/if"),
        (json!({"pattern":"(?=a)"}), "/pattern"),
        (json!({"format":"colour"}), "/format"),
        (json!({"minimum":"one"}), "/minimum"),
        (json!({"minLength":-1}), "/minLength"),
        (json!({"multipleOf":0}), "/multipleOf"),
        (json!({"enum":[]}), "/enum"),
        (json!({"allOf":[]}), "/allOf"),
        (json!({"properties":{"a/b":7}}), "/properties/a~1b"),
        (
            json!({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}),
            "/$defs/",
        ),
        (json!({"minimum":1,"exclusiveMinimum":2}), "/exclusiveMinimum"),
    ];
    for (schema, place) in cases {
        let faults = Schema::compile(&schema).expect_err(&schema.to_string());
        assert!(faults.iter().any(|fault| fault.pointer.starts_with(place)), "{schema}: {faults:?}");
    }
}

#[test]
fn schemas_that_contain_themselves_are_followed() {
    let schema = json!({"$defs":{"tree":{"type":"object","required":["name"],"additionalProperties":false,"properties":{
        "name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/$defs/tree"}}}}},"$ref":"#/$defs/tree"});
    assert_eq!(
        faults(&schema, r#"{"name":"a","children":[{"name":"b","children":[{}]},{"name":1}]}"#),
        ["/children/0/children/0/name", "/children/1/name"]
    );
}

#[test]
fn checking_ends_however_the_schema_multiplies() {
    // Each level tries itself twice: 2^60 ways without a bound.
    let schema = json!({"$defs":{"n":{"anyOf":[
        {"type":"array","items":{"$ref":"#/$defs/n"},"minItems":1},
        {"type":"array","items":{"$ref":"#/$defs/n"},"minItems":1}]}},"$ref":"#/$defs/n"});
    let body = format!("{}{}", "[".repeat(60), "]".repeat(60));
    assert!(!faults(&schema, &body).is_empty());
}

#[test]
fn the_number_of_faults_is_bounded() {
    let body = format!("[{}1]", "1,".repeat(5_000));
    assert_eq!(faults(&json!({"items":{"type":"string"}}), &body).len(), FAULTS_MAX);
    assert_eq!(faults(&json!({"uniqueItems":true}), &body).len(), FAULTS_MAX);
}

#[test]
fn parameters_are_read_as_what_their_schema_asks_for() {
    let cases = [
        (json!({"type":"integer","minimum":1,"maximum":100}), "20", true),
        (json!({"type":"integer","minimum":1,"maximum":100}), "101", false),
        (json!({"type":"integer"}), "x", false),
        (json!({"type":"boolean"}), "true", true),
        (json!({"type":"boolean"}), "1", false),
        (json!({"type":"string","pattern":"^[0-9]+$"}), "20", true),
        (json!({}), "anything", true),
    ];
    for (schema, text, right) in cases {
        let compiled = Schema::compile(&schema).unwrap();
        let answer = compiled.all.check_text(compiled.root, text, &["query", "limit"]);
        assert_eq!(answer.is_ok(), right, "{schema} on {text}");
        if let Err(faults) = answer {
            assert_eq!(faults[0].pointer, "/query/limit");
        }
    }
}

/// The standard, read slowly: floating point, sets of values, no bounds. Only what the generator below makes.
fn model(schema: &Value, value: &Value) -> bool {
    let Value::Object(words) = schema else { return schema.as_bool().unwrap() };
    words.iter().all(|(word, rule)| match word.as_str() {
        "type" => match rule.as_str().unwrap() {
            "string" => value.is_string(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => value.is_boolean(),
        },
        "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > rule.as_f64().unwrap()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| model(rule, item))),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "uniqueItems" => {
            value.as_array().is_none_or(|items| (0..items.len()).all(|a| (0..a).all(|b| items[a] != items[b])))
        }
        "required" => {
            let names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            value.as_object().is_none_or(|had| names.into_iter().all(|name| had.contains_key(name)))
        }
        "properties" => value.as_object().is_none_or(|had| {
            rule.as_object().unwrap().iter().all(|(name, rule)| had.get(name).is_none_or(|value| model(rule, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|had| {
            let known = words.get("properties").and_then(Value::as_object);
            let known = |name: &str| known.is_some_and(|known| known.contains_key(name));
            had.iter().all(|(name, value)| known(name) || model(rule, value))
        }),
        "enum" => rule.as_array().unwrap().contains(value),
        "allOf" => rule.as_array().unwrap().iter().all(|rule| model(rule, value)),
        "anyOf" => rule.as_array().unwrap().iter().any(|rule| model(rule, value)),
        "oneOf" => rule.as_array().unwrap().iter().filter(|rule| model(rule, value)).count() == 1,
        "not" => !model(rule, value),
        other => panic!("the generator makes no {other}"),
    })
}

mod against_the_model {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3i64..4).prop_map(Value::from),
            Just(json!(1.5)),
            "[ab]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[abc]", inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    fn any_schema() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            prop::sample::select(vec!["string", "integer", "number", "array", "object", "null", "boolean"])
                .prop_map(|name| json!({ "type": name })),
            (0u64..4).prop_map(|least| json!({ "minLength": least })),
            (-2i64..3).prop_map(|most| json!({ "maximum": most })),
            (-2i64..3).prop_map(|least| json!({ "exclusiveMinimum": least })),
            (0u64..4).prop_map(|most| json!({ "maxItems": most })),
            Just(json!({ "uniqueItems": true })),
            prop::collection::vec("[abc]", 0..3).prop_map(|names| json!({ "required": names })),
            prop::collection::vec(any_value(), 1..4).prop_map(|values| json!({ "enum": values })),
            any::<bool>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let several = || prop::collection::vec(inner.clone(), 1..4);
            prop_oneof![
                inner.clone().prop_map(|rule| json!({ "items": rule })),
                (prop::collection::vec(("[abc]", inner.clone()), 0..4), inner.clone()).prop_map(|(all, others)| {
                    let all: serde_json::Map<String, Value> = all.into_iter().collect();
                    json!({ "properties": all, "additionalProperties": others })
                }),
                several().prop_map(|rules| json!({ "allOf": rules })),
                several().prop_map(|rules| json!({ "anyOf": rules })),
                several().prop_map(|rules| json!({ "oneOf": rules })),
                inner.clone().prop_map(|rule| json!({ "not": rule })),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// We find a fault exactly where the slow reading finds the value wrong.
        #[test]
        fn a_body_is_right_when_the_model_says_so(schema in any_schema(), value in any_value()) {
            let compiled = Schema::compile(&schema).unwrap();
            let answer = compiled.check(value.to_string().as_bytes());
            prop_assert_eq!(answer.is_ok(), model(&schema, &value), "{} on {}: {:?}", schema, value, answer);
        }
    }
}
