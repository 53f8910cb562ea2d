//! What is refused, in which words, and at which place.

use pattern::{Dialect, EventError, ParseError, ParseErrorKind, Pattern, SIZE_MAX};

fn refusal(text: &str) -> ParseError {
    match Pattern::parse(text, Dialect::Bus) {
        Err(error) => error,
        Ok(_) => panic!("{text} is accepted"),
    }
}

/// These texts, places included, are recorded from AWS's own TestEventPattern.
#[test]
fn texts_are_those_of_aws() {
    let too_complex = "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences \
                       after a wildcard character";
    let no_number = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.";
    let but = "Value of anything-but must be an array or single string/number value.";
    // How often the text names the place, and its column there.
    let cases: [(&str, &str, usize, u32); 31] = [
        (r#"{"int": 42}"#, "\"int\" must be an object or an array", 1, 11),
        (r#"{"string": "my-value"}"#, "\"string\" must be an object or an array", 1, 13),
        (
            r#"{"source":["test.event-pattern"],"detail":{"lenderId":"LenderA"}}"#,
            "\"lenderId\" must be an object or an array",
            1,
            56,
        ),
        (r#"{"resources": []}"#, "Empty arrays are not allowed", 1, 17),
        (r#"{"my_key": [{"EXISTS": true}]}"#, "Unrecognized match type EXISTS", 1, 28),
        (r#"{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}"#, "Unrecognized match type NUMERIC", 1, 36),
        (r#"{"detail": {"c-count": [{"numeric": [">", 0, ">", 0]}]}}"#, "Bad numeric range operator: >", 1, 49),
        (r#"{"detail": {"c-count": [{"numeric": [">", 0, "<"]}]}}"#, "Value of < must be numeric", 1, 50),
        (
            r#"{"EventBusArn": [{"wildcard": "arn:aws:events:us-east-1:**:event-bus/*"}]}"#,
            "Consecutive wildcard characters at pos 26",
            1,
            72,
        ),
        (
            r#"{"detail-type": [{"equals-ignore-case": ["ec2 instance state-change notification"]}]}"#,
            "equals-ignore-case match pattern must be a string",
            1,
            42,
        ),
        (
            r#"{"detail-type": [{"equals-ignore-case": {"prefix": "ec2"}}]}"#,
            "equals-ignore-case match pattern must be a string",
            1,
            42,
        ),
        (r#"{"detail": {"state": [{"anything-but": {"equals-ignore-case": 123}}]}}"#, no_number, 1, 66),
        (r#"{"detail": {"state": [{"anything-but": {"equals-ignore-case": [123, 456]}}]}}"#, no_number, 2, 67),
        (r#"{"EventBusArn": [{"wildcard": 123}]}"#, "wildcard match pattern must be a string", 1, 34),
        (r#"{"EventBusArn": [{"wildcard": ["arn"]}]}"#, "wildcard match pattern must be a string", 1, 32),
        (
            r#"{"detail": {"state": [{"anything-but": {"wildcard": [123, "*/dir/*"]}}]}}"#,
            "wildcard match pattern must be a string",
            2,
            57,
        ),
        (
            r#"{"detail": {"FilePath": [{"anything-but": {"wildcard": 123}}]}}"#,
            "wildcard match pattern must be a string",
            1,
            59,
        ),
        (
            r#"{"detail": {"FileName": [{"anything-but": {"suffix": [123, ".txt"]}}]}}"#,
            "prefix/suffix match pattern must be a string",
            2,
            58,
        ),
        (
            r#"{"detail": {"FileName": [{"anything-but": {"suffix": 123}}]}}"#,
            "prefix/suffix match pattern must be a string",
            1,
            57,
        ),
        (r#"{"time": [{"prefix": ["2022-07-13"]}]}"#, "prefix match pattern must be a string", 1, 23),
        (r#"{"time": [{"prefix": 123}]}"#, "prefix match pattern must be a string", 1, 25),
        (r#"{"FileName": [{"suffix": 123}]}"#, "suffix match pattern must be a string", 1, 29),
        (r#"{"FileName": [{"suffix": [".png"]}]}"#, "suffix match pattern must be a string", 1, 27),
        (r#"{"detail": {"FileName": [{"anything-but": {"prefix": {"equals-ignore-case": "file"}}}]}}"#, but, 1, 55),
        (
            r#"{"detail": {"sourceIPAddress": [{"cidr": ["bad-type"]}]}}"#,
            "prefix match pattern must be a string",
            1,
            43,
        ),
        (r#"["not", "a", "dict", "but valid json"]"#, "Filter is not an object", 1, 2),
        (
            "this is valid json but not a dict",
            "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            1,
            5,
        ),
        (
            r#"{"not": closed mark""#,
            "Unrecognized token 'closed': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            1,
            15,
        ),
        (
            "{'bad': 'quotation'}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            1,
            2,
        ),
        (r#"{"a": [{"cidr": "xx.11.xx/8"}]}"#, "Nonstandard IP address: xx.11.xx", 0, 0),
        (r#"{"a": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}"#, too_complex, 0, 0),
    ];
    for (text, reason, places, column) in cases {
        let error = refusal(text);
        let place = format!("\n at [Source: (String)\"{text}\"; line: 1, column: {column}]").repeat(places);
        assert_eq!(error.to_string(), format!("Event pattern is not valid. Reason: {reason}{place}"));
        assert_eq!(error.reason, reason);
        if places > 0 {
            assert_eq!((error.line, error.column), (1, column), "{text}");
        }
    }
}

#[test]
fn every_mistake_has_its_reason() {
    let mixed = "Inside anything but list, either all values are number or string, mixed type is not supported";
    let start = "Inside anything but list, start|null|boolean is not supported.";
    let but = "Value of anything-but must be an array or single string/number value.";
    let one_key = "Only one key allowed in match expression";
    let many = "Too many elements in numeric expression";
    let cases = [
        ("null", "\"a\" must be an object or an array"),
        ("[[1]]", "Match value must be String, number, true, false, or null"),
        ("[{}]", "Match expression name not found"),
        (r#"[{"prefix":"a","suffix":"b"}]"#, one_key),
        (r#"[{"exactly":1}]"#, "exact match pattern must be a string"),
        (r#"[{"exactly":"a","b":1}]"#, one_key),
        (r#"[{"prefix":{}}]"#, "Prefix expression name not found"),
        (r#"[{"prefix":{"wildcard":"a"}}]"#, "Unsupported prefix pattern: wildcard"),
        (r#"[{"prefix":{"equals-ignore-case":1}}]"#, "equals-ignore-case match pattern must be a string"),
        (r#"[{"prefix":{"equals-ignore-case":"a","b":1}}]"#, one_key),
        (r#"[{"prefix":{"equals-ignore-case":"a"},"b":1}]"#, one_key),
        (r#"[{"suffix":{}}]"#, "Suffix expression name not found"),
        (r#"[{"suffix":{"prefix":"a"}}]"#, "Unsupported suffix pattern: prefix"),
        (r#"[{"Prefix":"a"}]"#, "Unrecognized match type Prefix"),
        (r#"[{"regex":"a"}]"#, "Unrecognized match type regex"),
        (r#"[{"wildcard":"a**"}]"#, "Consecutive wildcard characters at pos 2"),
        (r#"[{"wildcard":"arn:<partition>:events:<region>:**:x"}]"#, "Consecutive wildcard characters at pos 33"),
        (r#"[{"wildcard":"a\\b"}]"#, "Invalid escape character at pos 2"),
        (r#"[{"wildcard":"ab\\"}]"#, "Invalid escape character at pos 3"),
        (r#"[{"numeric":5}]"#, "Value of numeric must be an array."),
        (r#"[{"numeric":[]}]"#, "Invalid member in numeric match: ]"),
        (r#"[{"numeric":[5]}]"#, "Invalid member in numeric match: 5"),
        (r#"[{"numeric":["!=",5]}]"#, "Unrecognized numeric range operator: !="),
        (r#"[{"numeric":["<","5"]}]"#, "Value of < must be numeric"),
        (r#"[{"numeric":[">="]}]"#, "Value of >= must be numeric"),
        (r#"[{"numeric":["=",null]}]"#, "Value of equals must be numeric"),
        (r#"[{"numeric":["=",5,"=",5]}]"#, many),
        (r#"[{"numeric":["<",5,">",1]}]"#, many),
        (r#"[{"numeric":["<=",5,5]}]"#, many),
        (r#"[{"numeric":[">",5,5]}]"#, "Bad value in numeric range: 5"),
        (r#"[{"numeric":[">",1,"=",5]}]"#, "Bad numeric range operator: ="),
        (r#"[{"numeric":[">",1,"<",5,"<",6]}]"#, "Too many terms in numeric range expression"),
        (r#"[{"numeric":[">=",5,"<=",5]}]"#, "Bottom must be less than top"),
        (r#"[{"numeric":[">",5,"<",1]}]"#, "Bottom must be less than top"),
        (r#"[{"numeric":["=",5],"a":1}]"#, many),
        (r#"[{"numeric":[">",9007199254740993]}]"#, "Cannot compare number : 9007199254740993"),
        (r#"[{"numeric":[">",0,"<",1e400]}]"#, "Cannot compare number : 1e400"),
        (r#"[{"anything-but":9007199254740993}]"#, "Cannot compare number : 9007199254740993"),
        (r#"[{"anything-but":[1,1e400]}]"#, "Cannot compare number : 1e400"),
        (r#"[{"anything-but":null}]"#, but),
        (r#"[{"anything-but":true}]"#, but),
        (r#"[{"anything-but":[]}]"#, mixed),
        (r#"[{"anything-but":[1,"a"]}]"#, mixed),
        (r#"[{"anything-but":[null]}]"#, start),
        (r#"[{"anything-but":[true]}]"#, start),
        (r#"[{"anything-but":[{"wildcard":"a"}]}]"#, start),
        (r#"[{"anything-but":{}}]"#, "Anything-But expression name not found"),
        (r#"[{"anything-but":{"numeric":["=",1]}}]"#, "Unsupported anything-but pattern: numeric"),
        (r#"[{"anything-but":{"cidr":"10.0.0.0/8"}}]"#, "Unsupported anything-but pattern: cidr"),
        (r#"[{"anything-but":{"prefix":""}}]"#, "Null prefix/suffix not allowed"),
        (r#"[{"anything-but":{"suffix":["a",""]}}]"#, "Null prefix/suffix not allowed"),
        (r#"[{"anything-but":{"prefix":[]}}]"#, "Empty arrays are not allowed"),
        (r#"[{"anything-but":{"wildcard":["a","**"]}}]"#, "Consecutive wildcard characters at pos 1"),
        (r#"[{"anything-but":{"wildcard":null}}]"#, but),
        (r#"[{"anything-but":"a","b":1}]"#, many),
        (r#"[{"anything-but":{"prefix":"a","b":1}}]"#, many),
        (r#"[{"anything-but":{"prefix":"a"},"b":1}]"#, many),
        (r#"[{"exists":"false"}]"#, "exists match pattern must be either true or false."),
        (r#"[{"exists":true,"a":1}]"#, one_key),
        (r#"[{"cidr":"10.0.0.0"}]"#, "Malformed CIDR, one '/' required"),
        (r#"[{"cidr":"10.0.0.0/"}]"#, "Malformed CIDR, one '/' required"),
        (r#"[{"cidr":"10.0.0.0/8/8"}]"#, "Malformed CIDR, one '/' required"),
        (r#"[{"cidr":"10.0.0.0/xx"}]"#, "Malformed CIDR, mask bits must be an integer"),
        (r#"[{"cidr":"10.0.0.0/-1"}]"#, "Malformed CIDR, mask bits must not be negative"),
        (r#"[{"cidr":"10.0.0.0/32"}]"#, "IPv4 mask bits must be < 32"),
        (r#"[{"cidr":"::1/128"}]"#, "IPv6 mask bits must be < 128"),
        (r#"[{"cidr":"xxxx:db8:1234:1a00::/56"}]"#, "Nonstandard IP address: xxxx:db8:1234:1a00::"),
        (r#"[{"cidr":"999.0.0.1/8"}]"#, "Invalid IP address: 999.0.0.1"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"b":{}}"#, "Empty objects are not allowed"),
        ("01", "Invalid numeric value: Leading zeroes not allowed"),
    ];
    for (value, reason) in cases {
        assert_eq!(refusal(&format!(r#"{{"a":{value}}}"#)).reason, reason, "{value}");
    }
    assert_eq!(refusal("{}").reason, "Empty objects are not allowed");
    assert_eq!(refusal("").reason, "Filter is not an object");
    assert_eq!(refusal("  ").reason, "Filter is not an object");
    assert_eq!(refusal("12").reason, "Filter is not an object");
    assert_eq!(refusal(r#"{"$or":[{"a":[1]},{}]}"#).reason, "Empty objects are not allowed");
    assert_eq!(refusal(r#"{"$or":[{"a":[1]},{"b":1}]}"#).reason, "\"b\" must be an object or an array");
    assert_eq!(refusal(r#"{"$or":{"a":[1]}}"#).reason, "It must be an Array followed with $or.");
    assert_eq!(refusal(r#"{"$or":"a"}"#).reason, "It must be an Array followed with $or.");
}

#[test]
fn broken_json_is_refused() {
    let cases = [
        (r#"{"a":[1]"#, "Unexpected end-of-input: expected close marker for Object"),
        (r#"{"a":[1"#, "Unexpected end-of-input: expected close marker for Array"),
        (r#"{"a"#, "Unexpected end-of-input: was expecting closing quote for a field name"),
        (r#"{"a":["x"#, "Unexpected end-of-input: was expecting closing quote for a string value"),
        (r#"{"a":["\u12"#, "Unexpected end-of-input: in character escape sequence"),
        (r#"{"a":"#, "Unexpected end-of-input: was expecting a value"),
        (r#"{"a" 1}"#, "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value"),
        (r#"{"a":[1],}"#, "Unexpected character ('}' (code 125)): was expecting double-quote to start field name"),
        (r#"{"a":[1 2]}"#, "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries"),
        (
            r#"{"a":[1] "b":[2]}"#,
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
        ),
        (r#"{"a":[1,]}"#, "Unexpected character (']' (code 93)): expected a valid value"),
        (r#"{"a":["\x"]}"#, "Unrecognized character escape 'x' (code 120)"),
        (r#"{"a":["\u00zz"]}"#, "Unexpected character ('z' (code 122)): expected a hex-digit"),
        ("{\"a\":[\"\t\"]}", "Illegal unquoted character ((CTRL-CHAR, code 9))"),
        (r#"{"a":[-]}"#, "Unexpected character (']' (code 93)): expected digit (0-9) to follow minus sign"),
        (r#"{"a":[1.]}"#, "Unexpected character (']' (code 93)): Decimal point not followed by a digit"),
        (r#"{"a":[1e+]}"#, "Unexpected character (']' (code 93)): Exponent indicator not followed by a digit"),
        (r#"{"a":[truex]}"#, "Unrecognized token 'truex'"),
        (r#"{"a":[1x]}"#, "Unexpected character ('x' (code 120))"),
    ];
    for (text, reason) in cases {
        let error = refusal(text);
        assert_eq!(error.kind, ParseErrorKind::Syntax, "{text}: {error}");
        assert!(error.reason.starts_with(reason), "{text}: {}", error.reason);
    }
}

#[test]
fn of_several_mistakes_the_first_is_reported() {
    assert_eq!(refusal(r#"{"a":1,"b":2"#).reason, "\"a\" must be an object or an array");
    assert_eq!(refusal(r#"{"a":[],"b":{}}"#).reason, "Empty arrays are not allowed");
}

#[test]
fn a_refusal_names_line_column_and_path() {
    let text = "{\n  \"detail\": {\n    \"é😀\": [1], \"state\": [\"on\", {\"prefix\": 5}]\n  }\n}";
    let error = refusal(text);
    assert_eq!((error.line, error.column, error.path.as_str()), (3, 45, "detail.state[1].prefix"));
    let error = refusal("{\"a\":[1],\r\n\"$or\":[{\"b\":[1]},\r{\"b\":[2],\"c\":{}}]}");
    assert_eq!((error.line, error.column, error.path.as_str()), (3, 16, "$or[1].c"));
}

#[test]
fn a_long_pattern_is_quoted_in_part() {
    // Counted in UTF-16 units.
    let text = format!("{{\"a\":5,\"b\":\"é😀\u{7f}{}\"}}", "x".repeat(600));
    let message = refusal(&text).to_string();
    let quoted = format!("\"{}\"[truncated 118 chars]; line: 1, column: 7]", text[..503].replace('\u{7f}', "\\u007F"));
    assert!(message.ends_with(&quoted), "{message}");
}

#[test]
fn pipes_refuse_what_is_nested_in_anything_but() {
    for name in ["prefix", "suffix", "equals-ignore-case", "wildcard"] {
        let text = format!(r#"{{"a":[{{"anything-but":{{"{name}":"x"}}}}]}}"#);
        assert!(Pattern::parse(&text, Dialect::Bus).is_ok());
        let error = Pattern::parse(&text, Dialect::Pipe).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::NotInDialect);
        assert!(error.reason.starts_with(&format!("EventBridge Pipes do not support {name} inside anything-but")));
        assert_eq!(error.path, "a[0].anything-but");
    }
    let error = Pattern::parse(r#"{"a":[{"anything-but":{"cidr":"x"}}]}"#, Dialect::Pipe).unwrap_err();
    assert_eq!(error.reason, "Unsupported anything-but pattern: cidr");
}

#[test]
fn size_is_counted_in_characters() {
    let of_length = |length: usize| format!(r#"{{"a":["{}"]}}"#, "é".repeat(length - 10));
    for dialect in [Dialect::Bus, Dialect::Pipe] {
        assert!(Pattern::parse(&of_length(SIZE_MAX), dialect).is_ok());
        let error = Pattern::parse(&of_length(SIZE_MAX + 1), dialect).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::TooLarge);
        assert_eq!(error.reason, "the pattern has 4097 characters, the limit is 4096");
        assert!(Pattern::parse_unlimited(&of_length(SIZE_MAX + 1), dialect).is_ok());
    }
}

#[test]
fn or_may_multiply_to_a_thousand_combinations() {
    let list = |name: &str, count: usize| {
        let objects: Vec<String> = (0..count).map(|value| format!(r#"{{"{name}":[{value}]}}"#)).collect();
        format!(r#""$or":[{}]"#, objects.join(","))
    };
    let lists = |counts: [usize; 3]| {
        let [one, two, three] = counts;
        format!(r#"{{{},"x":{{{}}},"y":{{{}}}}}"#, list("a", one), list("b", two), list("c", three))
    };
    let pattern = Pattern::parse(&lists([10, 10, 10]), Dialect::Bus).unwrap();
    assert_eq!(pattern.matches_json(br#"{"a":9,"x":{"b":9},"y":{"c":9}}"#), Ok(true));
    assert_eq!(pattern.matches_json(br#"{"a":9,"x":{"b":9},"y":{"c":10}}"#), Ok(false));
    for text in [lists([10, 10, 11]), lists([30, 40, 2])] {
        let error = Pattern::parse_unlimited(&text, Dialect::Bus).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::TooManyBranches);
        assert!(error.reason.contains("1000 rule combinations"), "{error}");
    }
}

#[test]
fn wildcard_complexity_is_counted_for_each_path() {
    let stacks = |count: usize| {
        let wildcards: Vec<String> =
            (1..=count).map(|stack| format!(r#"{{"wildcard":"*:stack/{stack}/*"}}"#)).collect();
        wildcards.join(",")
    };
    let too_complex =
        |text: &str| Pattern::parse(text, Dialect::Bus).is_err_and(|error| error.kind == ParseErrorKind::TooComplex);
    assert!(!too_complex(&format!(r#"{{"a":[{}]}}"#, stacks(3))));
    assert!(too_complex(&format!(r#"{{"a":[{}]}}"#, stacks(4))));
    assert!(!too_complex(&format!(r#"{{"a":[{0}],"b":[{0}]}}"#, stacks(3))));
    assert!(!too_complex(r#"{"a":[{"wildcard":"/Users/*/dir/dir/dir/dir/dir/doc.txt"}]}"#));
}

#[test]
fn events_that_are_no_objects_are_refused() {
    let pattern = Pattern::parse(r#"{"a":[1]}"#, Dialect::Bus).unwrap();
    let answer = |event: &[u8]| pattern.matches_json(event).unwrap_err();
    let cases: [(&[u8], &str); 9] = [
        (b"", "an event must be a JSON object, this is empty"),
        (b" 5", "an event must be a JSON object, this is a number"),
        (b"[{}]", "an event must be a JSON object, this is an array"),
        (b"\"x\"", "an event must be a JSON object, this is a string"),
        (b"null", "an event must be a JSON object, this is null"),
        (
            b"{\n\"a\":\n tru}",
            "the event is not JSON: Unrecognized token 'tru': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') (line 3, column 5)",
        ),
        (
            b"{\"a\":1",
            "the event is not JSON: Unexpected end-of-input: expected close marker for Object (start marker at line 1, column 1) (line 1, column 7)",
        ),
        (b"{\"a\":\"\xff\"}", "the event is not UTF-8 from byte 6 on"),
        (b"\xff", "the event is not UTF-8 from byte 0 on"),
    ];
    for (event, expected) in cases {
        assert_eq!(answer(event).to_string(), expected, "{}", String::from_utf8_lossy(event));
    }
    assert!(matches!(answer(b"{\"a\":01}"), EventError::Syntax { line: 1, column: 7, .. }));
}
