//! Bodies, fault by fault.

mod promises;

use super::*;
use serde_json::{Value as Json, json};

fn sound() -> Json {
    json!({
        "customerId": "C-1",
        "customerEmail": "ada@example.com",
        "items": [
            {"sku": "TEA-1", "name": "Tea", "quantity": 2, "price": "19.90"},
            {"sku": "CUP-7", "name": "Cup", "quantity": 1, "price": 0.05},
        ],
        "shippingAddress": {"line1": "1 Main St", "city": "Town", "country": "US"},
        "note": "Ring twice,\nplease",
    })
}

fn faults(body: &str) -> Vec<(String, String)> {
    match read_order(body.as_bytes()) {
        Ok(draft) => panic!("{body} is taken as {draft:?}"),
        Err(Refused::NotJson(not_json)) => vec![("not JSON".to_owned(), not_json.to_string())],
        Err(Refused::Faulty(faults)) => {
            faults.into_list().into_iter().map(|Fault { pointer, detail }| (pointer, detail)).collect()
        }
    }
}

/// The sound order with one value in another's place; the JSON may be what no tree can hold.
fn with(pointer: &str, raw: &str) -> String {
    let mut body = sound();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mark = "a mark that stands nowhere else";
    let place = match body.pointer_mut(parent).unwrap() {
        Json::Object(members) => members.entry(name).or_insert(Json::Null),
        list => &mut list[name.parse::<usize>().unwrap()],
    };
    *place = mark.into();
    body.to_string().replace(&format!("\"{mark}\""), raw)
}

fn without(pointer: &str) -> String {
    let mut body = sound();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    body.to_string()
}

#[test]
fn a_sound_order_is_read_as_it_is_meant() {
    let draft = read_order(sound().to_string().as_bytes()).unwrap();
    assert_eq!((draft.customer_id.as_str(), draft.customer_email.as_str()), ("C-1", "ada@example.com"));
    assert_eq!((draft.currency, draft.amount), (Currency::USD, Minor(3985)));
    let tea = Line { sku: "TEA-1".into(), name: "Tea".into(), quantity: 2, price: Minor(1990) };
    let cup = Line { sku: "CUP-7".into(), name: "Cup".into(), quantity: 1, price: Minor(5) };
    assert_eq!(draft.lines, [tea, cup]);
    let address =
        Address { line1: "1 Main St".into(), city: "Town".into(), country: "US".into(), ..Address::default() };
    assert_eq!(draft.shipping_address, Some(address));
    assert_eq!(draft.note.as_deref(), Some("Ring twice,\nplease"));
}

#[test]
fn what_is_missing_is_said() {
    let required = [
        "/customerId",
        "/customerEmail",
        "/items",
        "/items/0/sku",
        "/items/1/name",
        "/items/0/quantity",
        "/items/1/price",
        "/shippingAddress/line1",
        "/shippingAddress/city",
        "/shippingAddress/country",
    ];
    for pointer in required {
        assert_eq!(faults(&without(pointer)), [(pointer.to_owned(), "is missing".to_owned())]);
    }
    for pointer in ["/shippingAddress", "/note"] {
        assert!(read_order(without(pointer).as_bytes()).is_ok(), "{pointer}");
    }
}

/// Every member of an order, and what it should be.
const TYPES: [(&str, &str); 19] = [
    ("/customerId", "a text"),
    ("/customerEmail", "a text"),
    ("/currency", "a text"),
    ("/items", "a list"),
    ("/items/0", "an object"),
    ("/items/0/sku", "a text"),
    ("/items/0/name", "a text"),
    ("/items/0/quantity", "a number"),
    ("/items/0/price", "a decimal such as \"19.90\""),
    ("/shippingAddress", "an object"),
    ("/shippingAddress/name", "a text"),
    ("/shippingAddress/line1", "a text"),
    ("/shippingAddress/line2", "a text"),
    ("/shippingAddress/city", "a text"),
    ("/shippingAddress/region", "a text"),
    ("/shippingAddress/postalCode", "a text"),
    ("/shippingAddress/country", "a text"),
    ("/note", "a text"),
    ("/total", "a decimal such as \"19.90\""),
];

#[test]
fn each_member_is_held_to_its_type() {
    let values = [
        ("\"x\"", "a text"),
        ("7", "a number"),
        ("true", "true or false"),
        ("null", "null"),
        ("[1]", "a list"),
        ("{\"a\":1}", "an object"),
    ];
    for (pointer, expected) in TYPES {
        for (raw, kind) in values {
            let takes = match expected {
                "a decimal such as \"19.90\"" => matches!(kind, "a text" | "a number"),
                _ => kind == expected,
            };
            if !takes {
                let fault = (pointer.to_owned(), format!("should be {expected}, it is {kind}"));
                assert_eq!(faults(&with(pointer, raw)), [fault], "{raw}");
            }
        }
    }
}

#[test]
fn each_member_is_held_to_its_rule() {
    let long = |count| format!("\"{}\"", "x".repeat(count));
    let cases = [
        ("/customerId", "\"\"", "is empty"),
        ("/customerId", &long(129), "is longer than 128 characters"),
        (
            "/customerId",
            "\"a#b\"",
            "should be ASCII letters, digits and signs, without blanks, `#` and `/`, and not only dots",
        ),
        (
            "/customerId",
            "\"a/b\"",
            "should be ASCII letters, digits and signs, without blanks, `#` and `/`, and not only dots",
        ),
        (
            "/customerId",
            "\"..\"",
            "should be ASCII letters, digits and signs, without blanks, `#` and `/`, and not only dots",
        ),
        (
            "/customerId",
            "\"C\u{a0}1\"",
            "should be ASCII letters, digits and signs, without blanks, `#` and `/`, and not only dots",
        ),
        ("/customerId", "\"C\\u00001\"", "contains U+0000, which does not show; leave it out"),
        ("/customerId", "\"C\\ud8001\"", "contains an escape of half a character (a lone surrogate)"),
        ("/customerEmail", "\"ada\"", "should be an e-mail address such as ada@example.com"),
        ("/customerEmail", "\"a@b@c\"", "should be an e-mail address such as ada@example.com"),
        ("/customerEmail", "\"a b@c\"", "should be an e-mail address such as ada@example.com"),
        ("/customerEmail", "\"a\\n@b\"", "contains U+000A, which does not show; leave it out"),
        ("/customerEmail", &format!("\"{}@x.{}\"", "a".repeat(60), "b".repeat(192)), "is longer than 254 characters"),
        ("/currency", "\"usd\"", "should be the three capitals of a currency (ISO 4217) such as USD, it is usd"),
        ("/currency", "\"XXX\"", "should be the three capitals of a currency (ISO 4217) such as USD, it is XXX"),
        ("/items", "[]", "is empty; an order has at least one item"),
        ("/items/0/sku", "\"\"", "is empty"),
        ("/items/0/sku", "\"a b\"", "should be ASCII letters, digits and signs, without blanks"),
        ("/items/0/sku", &long(65), "is longer than 64 characters"),
        ("/items/1/sku", "\"TEA-1\"", "is that of item 0 already; add to its quantity instead"),
        ("/items/0/name", "\" \"", "is empty"),
        ("/items/0/name", "\"a\u{202e}b\"", "contains U+202E, which does not show; leave it out"),
        ("/items/0/name", "\"\\ude00\\ud83d\"", "contains an escape of half a character (a lone surrogate)"),
        ("/items/0/quantity", "0", "should be a whole number from 1 to 10000, it is 0"),
        ("/items/0/quantity", "-1", "should be a whole number from 1 to 10000, it is -1"),
        ("/items/0/quantity", "1.5", "should be a whole number from 1 to 10000, it is 1.5"),
        ("/items/0/quantity", "10001", "should be a whole number from 1 to 10000, it is 10001"),
        (
            "/items/0/quantity",
            "18446744073709551617",
            "should be a whole number from 1 to 10000, it is 18446744073709551617",
        ),
        ("/items/0/quantity", "1e999999999999", "should be a whole number from 1 to 10000, it is 1e999999999999"),
        ("/items/0/price", "\"\"", "is not a decimal number such as \"19.90\": "),
        ("/items/0/price", "\"19,90\"", "is not a decimal number such as \"19.90\": 19,90"),
        ("/items/0/price", "\"1e3\"", "is not a decimal number such as \"19.90\": 1e3"),
        ("/items/0/price", "\"NaN\"", "is not a decimal number such as \"19.90\": NaN"),
        ("/items/0/price", "\"\\ud800\"", "is not a decimal number such as \"19.90\": \u{fffd}"),
        ("/items/0/price", "\"-1\"", "is negative: -1"),
        ("/items/0/price", "-0.01", "is negative: -0.01"),
        ("/items/0/price", "-1e-9", "is negative: -1e-9"),
        ("/items/0/price", "19.905", "has more decimals than its currency, which has 2: 19.905"),
        ("/items/0/price", "1e-3", "has more decimals than its currency, which has 2: 1e-3"),
        ("/items/0/price", "1e400", "is larger than any amount that is taken: 1e400"),
        ("/items/0/price", "1e-400", "has more decimals than its currency, which has 2: 1e-400"),
        ("/items/0/price", "9999999999999.99", "times its quantity is larger than any amount that is taken"),
        ("/items/1/price", "10000000000000", "cost together more than any amount that is taken"),
        ("/shippingAddress/country", "\"us\"", "should be a country's two letters (ISO 3166) such as US"),
        ("/shippingAddress/country", "\"USA\"", "is longer than 2 characters"),
        ("/shippingAddress/line1", &long(201), "is longer than 200 characters"),
        ("/shippingAddress/line2", "\"a\\nb\"", "contains U+000A, which does not show; leave it out"),
        ("/shippingAddress/name", "\"\"", "is empty"),
        ("/shippingAddress/city", &long(101), "is longer than 100 characters"),
        ("/shippingAddress/region", "\"\\u009b\"", "contains U+009B, which does not show; leave it out"),
        ("/shippingAddress/postalCode", &long(21), "is longer than 20 characters"),
        ("/note", &long(1001), "is longer than 1000 characters"),
        ("/note", "\"\\u001b[31m\"", "contains U+001B, which does not show; leave it out"),
        ("/total", "\"39.84\"", "is 39.84, but the items cost 39.85; mend it or leave it out"),
        ("/amount", "40", "is 40.00, but the items cost 39.85; mend it or leave it out"),
        ("/total", "-1", "is negative: -1"),
        ("/total", "\"39.851\"", "has more decimals than its currency, which has 2: 39.851"),
        ("/status", "\"COMPLETED\"", "is decided by the shop; leave it out"),
        ("/tenant", "\"other\"", "is decided by the shop; leave it out"),
        ("/tier", "\"premium\"", "is decided by the shop; leave it out"),
        ("/customerid", "\"C-1\"", "is not known; did you mean customerId?"),
        ("/items/0/sk\u{202e}u", "1", "is not known; did you mean sku?"),
        ("/items/0/colour", "1", "is not known; known here are sku, name, quantity, price"),
        (
            "/shippingAddress/zip/code",
            "1",
            "is not known; known here are name, line1, line2, city, region, postalCode, country",
        ),
    ];
    for (pointer, raw, expected) in cases {
        // These tell of all lines together, and of members whose names are escaped.
        let place = match (pointer, expected) {
            ("/items/1/price", _) => "/items",
            ("/items/0/sk\u{202e}u", _) => "/items/0/sk\\u{202e}u",
            ("/shippingAddress/zip/code", _) => "/shippingAddress/zip~1code",
            _ => pointer,
        };
        let body = if pointer == "/shippingAddress/zip/code" {
            sound().to_string().replace("\"city\"", "\"zip/code\":1,\"city\"")
        } else {
            with(pointer, raw)
        };
        assert_eq!(faults(&body), [(place.to_owned(), expected.to_owned())], "{raw}");
    }
}

#[test]
fn what_is_allowed_is_taken() {
    let cases = [
        ("/customerId", "\"ada@example.com?x=1\""),
        ("/customerId", "\"...a\""),
        ("/items/0/name", "\"Zoë's \\ud83d\\ude00 茶\""),
        ("/items/0/quantity", "1e4"),
        ("/items/0/quantity", "3.0"),
        ("/items/0/price", "0"),
        ("/items/0/price", "-0.0"),
        ("/items/0/price", "1.5e2"),
        ("/items/0/price", "0.0150E3"),
        ("/items/0/price", "100e-2"),
        ("/items/0/price", "\"0019.9000\""),
        ("/total", "39.85"),
        ("/amount", "\"39.850\""),
        ("/total", "3985e-2"),
        ("/note", "\"\""),
        ("/currency", "\"KWD\""),
    ];
    for (pointer, raw) in cases {
        let body = with(pointer, raw);
        assert!(read_order(body.as_bytes()).is_ok(), "{pointer} {raw}: {:?}", faults(&body));
    }
}

#[test]
fn numbers_are_what_their_digits_say() {
    let cases = [
        ("1.5e2", 15_000),
        ("0.0150E3", 1_500),
        ("100e-2", 100),
        ("1E+1", 1_000),
        ("0e999999999999999999999", 0),
        ("9007199254740.99", 900_719_925_474_099),
        ("0.29", 29),
        ("1.10", 110),
        ("1.0000000000000000000000000000000000000000e0", 100),
        ("10000000000000.000e0", AMOUNT_MAX),
    ];
    for (number, minor) in cases {
        assert_eq!(Written::Number(number).amount(Currency::USD), Ok(Minor(minor)), "{number}");
    }
}

#[test]
fn members_that_come_twice_are_faults() {
    let body = sound().to_string().replacen('{', "{\"customerId\":\"C-2\",\"x\":1,\"x\":2,", 1);
    let unknown = "is not known; known here are customerId, customerEmail, currency, items, shippingAddress, note, total, \
                   amount";
    let expected = [("/x", unknown), ("/x", unknown), ("/customerId", "stands here more than once")]
        .map(|(p, d)| (p.into(), d.into()));
    assert_eq!(faults(&body), expected);
    // An escaped spelling of a name is that name.
    let body = sound().to_string().replacen('{', "{\"customer\\u0049d\":\"C-2\",", 1);
    assert_eq!(faults(&body), [("/customerId".to_owned(), "stands here more than once".to_owned())]);
}

#[test]
fn all_faults_are_said_at_once_in_the_order_of_the_body() {
    let body =
        r#"{"customerId":7,"items":[{"sku":"","quantity":-2,"price":"x"},8],"currency":"usd","colour":1,"total":-1}"#;
    let pointers: Vec<String> = faults(body).into_iter().map(|(pointer, _)| pointer).collect();
    let expected = [
        "/customerEmail",
        "/customerId",
        "/items/0/name",
        "/items/0/sku",
        "/items/0/quantity",
        "/items/0/price",
        "/items/1",
        "/currency",
        "/colour",
        "/total",
    ];
    assert_eq!(pointers, expected);
}

#[test]
fn a_total_is_not_blamed_for_what_is_wrong_elsewhere() {
    for (pointer, raw) in [("/items/0/quantity", "0"), ("/items/1/price", "-1"), ("/items/1", "7")] {
        let body = with(pointer, raw).replacen('{', "{\"total\":\"39.85\",", 1);
        let pointers: Vec<String> = faults(&body).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, [pointer], "{raw}");
    }
    // Without a currency nobody knows how many decimals are too many.
    let body = with("/currency", "\"usd\"").replace("\"19.90\"", "\"1.9055\"");
    assert_eq!(faults(&body).len(), 1);
}

#[test]
fn the_largest_amount_is_taken_and_one_unit_more_is_not() {
    let body = |prices: [&str; 2]| {
        let line =
            |sku: usize, price: &str| json!({"sku": sku.to_string(), "name": "n", "quantity": 1, "price": price});
        let mut body = sound();
        body["items"] = json!([line(0, prices[0]), line(1, prices[1])]);
        body.to_string()
    };
    assert_eq!(read_order(body(["9999999999999.99", "0.01"]).as_bytes()).unwrap().amount, Minor(AMOUNT_MAX));
    assert_eq!(read_order(body(["10000000000000", "0"]).as_bytes()).unwrap().amount, Minor(AMOUNT_MAX));
    assert_eq!(faults(&body(["10000000000000", "0.01"]))[0].0, "/items");
    assert_eq!(faults(&body(["10000000000000.01", "0"]))[0].0, "/items/0/price");
}

#[test]
fn escapes_name_the_characters_of_all_planes() {
    let cases = [
        ("\\u0041", "A"),
        ("\\u00e9", "é"),
        ("\\uFFFD", "\u{fffd}"),
        ("\\ud83d\\ude00", "\u{1f600}"),
        ("\\uD840\\uDC00", "\u{20000}"),
        ("\\udbff\\udffd", "\u{10fffd}"),
        ("a\\/b\\\\c\\\"d", "a/b\\c\"d"),
    ];
    for (escaped, expected) in cases {
        let draft = read_order(with("/items/0/name", &format!("\"{escaped}\"")).as_bytes()).unwrap();
        assert_eq!(draft.lines[0].name, expected, "{escaped}");
    }
    for halved in ["\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00", "\\ud83d\\n"] {
        let fault = "contains an escape of half a character (a lone surrogate)".to_owned();
        let body = with("/items/0/name", &format!("\"{halved}\""));
        assert_eq!(faults(&body), [("/items/0/name".to_owned(), fault)], "{halved}");
    }
    for broken in ["\\u12", "\\u12g4", "\\ud83d\\u", "\\u+123", "\\"] {
        assert_eq!(faults(&with("/items/0/name", &format!("\"{broken}\"")))[0].0, "not JSON", "{broken}");
    }
}

#[test]
fn faults_are_not_endless() {
    let body = format!("{{\"items\":[{}]}}", vec!["{}"; 5000].join(","));
    let Err(Refused::Faulty(faults)) = read_order(body.as_bytes()) else { panic!("it is faulty") };
    // Each of the first hundred lines lacks four members; the order lacks two and has too many lines.
    assert_eq!(faults.count(), 403);
    assert_eq!(faults.into_list().len(), FAULTS_MAX);
}

#[test]
fn a_hundred_lines_are_taken_and_no_more() {
    let lines = |count: usize| {
        let mut body = sound();
        body["items"] =
            (0..count).map(|n| json!({"sku": format!("S{n}"), "name": "n", "quantity": 1, "price": 1})).collect();
        body.to_string()
    };
    assert_eq!(read_order(lines(100).as_bytes()).unwrap().amount, Minor(10_000));
    let expected = ("/items".to_owned(), "has 101 items, an order has at most 100".to_owned());
    assert_eq!(faults(&lines(101)), [expected]);
}

#[test]
fn what_is_no_json_is_said_with_its_place() {
    let cases: [(&[u8], usize, usize, &str); 16] = [
        (b"", 1, 1, "it ends where a value should stand"),
        (b" \n ", 2, 2, "it ends where a value should stand"),
        (b"{", 1, 2, "it ends within an object"),
        (b"{\"a\":1", 1, 7, "it ends within an object"),
        (b"{\"a\":1,}", 1, 8, "a member's name in `\"` should stand here"),
        (b"{\"a\" 1}", 1, 6, "a `:` should stand here"),
        (b"{\n  \"\xc3\xa9\": x}", 2, 8, "a value should stand here"),
        (b"{} {}", 1, 4, "something follows the end of the JSON value"),
        (b"{'a':1}", 1, 2, "a member's name in `\"` should stand here"),
        (b"{\"a\":[1 2]}", 1, 9, "a `,` or `]` should stand here"),
        (b"{\"a\":01}", 1, 7, "a number does not begin with a needless 0"),
        (b"{\"a\":1.}", 1, 8, "a digit should stand here"),
        (b"{\"a\":NaN}", 1, 6, "a value should stand here"),
        (b"{\"a\":\"\n\"}", 1, 7, "a control character stands in a text, it should be written as an escape"),
        (b"{\"a\":\"\\x\"}", 1, 8, "no such escape in a text"),
        (b"{\n\"a\":\"\xff\"}", 2, 6, "this is not UTF-8"),
    ];
    for (body, line, column, what) in cases {
        let shown = String::from_utf8_lossy(body);
        assert_eq!(read_order(body), Err(Refused::NotJson(NotJson { line, column, what })), "{shown}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |open: &str, close: &str, depth: usize| {
        with("/note", &format!("{}1{}", open.repeat(depth), close.repeat(depth)))
    };
    // The order itself is the first level.
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert_eq!(faults(&nested(open, close, 31))[0].0, "/note");
        assert!(faults(&nested(open, close, 32))[0].1.ends_with("lists and objects nest deeper than 32 here"));
        assert_eq!(faults(&nested(open, "", 100_000))[0].0, "not JSON");
    }
}

#[test]
fn bodies_that_are_no_object_are_one_fault() {
    for (body, kind) in
        [("[]", "a list"), ("7", "a number"), ("null", "null"), ("\"x\"", "a text"), ("true", "true or false")]
    {
        assert_eq!(faults(body), [(String::new(), format!("should be an object, it is {kind}"))]);
    }
}

#[test]
fn a_cancellation_may_say_why() {
    let cases: [(&[u8], Option<Option<&str>>); 7] = [
        (b"", Some(None)),
        (b" \n", Some(None)),
        (b"{}", Some(None)),
        (b"{\"reason\":\"\"}", Some(None)),
        (b"{\"reason\":\"too late\"}", Some(Some("too late"))),
        (b"{\"reason\":1}", None),
        (b"{\"why\":\"x\"}", None),
    ];
    for (body, expected) in cases {
        assert_eq!(read_cancellation(body).ok(), expected.map(|reason| reason.map(str::to_owned)), "{body:?}");
    }
    assert!(read_cancellation(format!("{{\"reason\":\"{}\"}}", "é".repeat(200)).as_bytes()).is_ok());
    assert!(read_cancellation(format!("{{\"reason\":\"{}\"}}", "é".repeat(201)).as_bytes()).is_err());
}
