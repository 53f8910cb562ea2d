//! Each mistake that can be seen in a pattern alone has its name, and its mend.

use super::{BUS, PIPE, assert_found, find, ids};
use pattern::lint::{Context, Images, Severity, Source, check};
use pattern::{Dialect, Pattern};

#[test]
fn mistakes_of_shape_are_named_and_mended() {
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (
            r#"{"source":"a","detail":{"x":5}}"#,
            &["scalar-not-array", "scalar-not-array"],
            Some(r#"{"source":["a"],"detail":{"x":5}}"#),
        ),
        (r#"{"detail":{"a":{"prefix":"x"}}}"#, &["op-not-in-array"], Some(r#"{"detail":{"a":[{"prefix":"x"}]}}"#)),
        (r#"{"detail":{"a":{"Prefix":"x"}}}"#, &["op-not-in-array"], Some(r#"{"detail":{"a":[{"prefix":"x"}]}}"#)),
        (
            r#"{"detail":{"a":{"anything-but":["x"]}}}"#,
            &["op-not-in-array"],
            Some(r#"{"detail":{"a":[{"anything-but":["x"]}]}}"#),
        ),
        (
            r#"{"detail":{"a":{"anything-but":{"suffix":["x"]}}}}"#,
            &["op-not-in-array"],
            Some(r#"{"detail":{"a":[{"anything-but":{"suffix":["x"]}}]}}"#),
        ),
        (r#"{"detail":{"a":{"exists":[true]}}}"#, &["op-not-in-array"], Some(r#"{"detail":{"a":[{"exists": true}]}}"#)),
        (r#"{"detail":{"a":{"prefix":["x"]}}}"#, &[], None),
        (
            r#"{"detail":{"a":{"numeric":["<",5,">",1]}}}"#,
            &["op-not-in-array"],
            Some(r#"{"detail":{"a":[{"numeric":[">", 1, "<", 5]}]}}"#),
        ),
        (r#"{"detail":{"a":{"numeric":["<",5],"b":["x"]}}}"#, &["op-not-in-array"], None),
        (
            r#"{"detail":[{"a":["x"]},{"b":["y"]}]}"#,
            &["object-in-list"],
            Some(r#"{"detail":{"$or": [{"a":["x"]},{"b":["y"]}]}}"#),
        ),
        (r#"{"detail":[{"a":"x"}]}"#, &["unknown-operator"], None),
        (r#"{"detail":{"$or":[{"a":["x"]}]}}"#, &["or-degenerate"], Some(r#"{"detail":{"a":["x"]}}"#)),
        (
            r#"{"detail":{"$or":[{"a":["x"]},{"b":{"prefix":"y"}}]}}"#,
            &["op-not-in-array"],
            Some(r#"{"detail":{"$or":[{"a":["x"]},{"b":[{"prefix":"y"}]}]}}"#),
        ),
        (r#"{"detail":{"$or":[{"a":["x"]},{"regex":["y"]}]}}"#, &["or-degenerate"], None),
        (r#"{"detail":{"$or":["x"]}}"#, &["or-degenerate"], None),
        (r#"{}"#, &["empty"], None),
        (r#""{\"source\":[\"a\"]}""#, &["cdk-stringified-matcher"], Some(r#"{"source":["a"]}"#)),
        (r#"[{"source":["a"]}]"#, &["invalid"], Some(r#"{"source":["a"]}"#)),
        ("", &["invalid"], None),
        ("nonsense", &["not-json"], None),
        (
            r#"{"source":["a"],"detail":"{\"x\":[1]}"}"#,
            &["cdk-stringified-matcher"],
            Some(r#"{"source":["a"],"detail":{"x":[1]}}"#),
        ),
    ];
    assert_found(&BUS, cases);
}

#[test]
fn refused_operators_are_named_and_mended() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        (r#"{"Anything_But":"x"}"#, "operator-case", Some(r#"{"anything-but":"x"}"#)),
        (r#"{"equalsIgnoreCase":"x"}"#, "operator-case", Some(r#"{"equals-ignore-case":"x"}"#)),
        (r#"{"prefx":"x"}"#, "unknown-operator", Some(r#"{"prefix":"x"}"#)),
        (r#"{"startsWith":"x"}"#, "unknown-operator", Some(r#"{"prefix":"x"}"#)),
        (r#"{"contains":["x","*"]}"#, "unknown-operator", Some(r#"{"wildcard": "*x*"}, {"wildcard": "*\\**"}"#)),
        (r#"{"in":["x","y"]}"#, "unknown-operator", Some(r#""x","y""#)),
        (r#"{">=":5}"#, "unknown-operator", Some(r#"{"numeric": [">=", 5]}"#)),
        (r#"{"regex":"x.*"}"#, "unknown-operator", None),
        (r#"{"colour":"x"}"#, "unknown-operator", None),
        (r#"{}"#, "empty", None),
        (r#"{"prefix":"a","prefix":"b"}"#, "several-operators", Some(r#"{"prefix":"a"}, {"prefix":"b"}"#)),
        (r#"{"prefix":"a","exists":true}"#, "several-operators", None),
        (r#"["x"]"#, "nested-list", Some(r#""x""#)),
        (r#"{"suffix":["a"]}"#, "op-list-arg", Some(r#"{"suffix": "a"}"#)),
        (r#"{"cidr":["10.0.0.0/8","::/8"]}"#, "op-list-arg", Some(r#"{"cidr": "10.0.0.0/8"}, {"cidr": "::/8"}"#)),
        (r#"{"suffix":[5]}"#, "op-list-arg", None),
        (
            r#"{"equals-ignore-case":{"prefix":"x"}}"#,
            "string-argument",
            Some(r#"{"prefix": {"equals-ignore-case": "x"}}"#),
        ),
        (r#"{"prefix":{"anything-but":"x"}}"#, "string-argument", Some(r#"{"anything-but": {"prefix": "x"}}"#)),
        (r#"{"prefix":true}"#, "string-argument", None),
        (r#"{"exists":"True"}"#, "exists-string", Some(r#"{"exists":true}"#)),
        (r#"{"exists":0}"#, "exists-string", Some(r#"{"exists":false}"#)),
        (r#"{"exists":[true]}"#, "exists-string", Some(r#"{"exists":true}"#)),
        (r#"{"exists":"x"}"#, "exists-string", None),
        (
            r#"{"anything-but":[{"wildcard":"a*"}]}"#,
            "ab-list-of-objects",
            Some(r#"{"anything-but":{"wildcard": "a*"}}"#),
        ),
        (
            r#"{"anything-but":[{"prefix":"a"},{"suffix":"b"},"*"]}"#,
            "ab-list-of-objects",
            Some(r#"{"anything-but":{"wildcard": ["a*", "*b", "\\*"]}}"#),
        ),
        (r#"{"anything-but":["a",5]}"#, "ab-argument", None),
        (r#"{"anything-but":[]}"#, "ab-argument", None),
        (r#"{"anything-but":true}"#, "ab-argument", Some("false")),
        (r#"{"anything-but":{"exists":true}}"#, "ab-argument", Some(r#"{"exists": false}"#)),
        (r#"{"anything-but":{"anything-but":"x"}}"#, "ab-argument", Some(r#"{"anything-but":"x"}"#)),
        (r#"{"anything-but":{"Prefix":"x"}}"#, "ab-argument", Some(r#"{"anything-but":{"prefix":"x"}}"#)),
        (r#"{"anything-but":{"suffix":5}}"#, "ab-argument", Some(r#"{"anything-but":{"suffix":"5"}}"#)),
        (r#"{"anything-but":{"suffix":""}}"#, "ab-argument", None),
        (
            r#"{"anything-but":{"wildcard":["a","**"]}}"#,
            "wildcard-syntax",
            Some(r#"{"anything-but":{"wildcard":["a","*"]}}"#),
        ),
        (r#"{"wildcard":"a\\b***"}"#, "wildcard-syntax", Some(r#"{"wildcard":"a\\\\b*"}"#)),
        (r#"{"numeric":5}"#, "numeric-order", Some(r#"{"numeric":["=", 5]}"#)),
        (r#"{"numeric":">= 5"}"#, "numeric-order", Some(r#"{"numeric":[">=", 5]}"#)),
        (r#"{"numeric":[">","5"]}"#, "numeric-order", Some(r#"{"numeric":[">", 5]}"#)),
        (r#"{"numeric":["=>",5]}"#, "numeric-order", Some(r#"{"numeric":[">=", 5]}"#)),
        (r#"{"numeric":["!=",5]}"#, "numeric-order", Some(r#"{"anything-but": 5}"#)),
        (r#"{"numeric":["=",1,"=",2]}"#, "numeric-order", Some(r#"{"numeric": ["=", 1]}, {"numeric": ["=", 2]}"#)),
        (r#"{"numeric":[">=",5,"<=",5]}"#, "numeric-order", Some(r#"{"numeric":["=", 5]}"#)),
        (r#"{"numeric":[">",9,"<",1]}"#, "numeric-order", Some(r#"{"numeric":[">", 1, "<", 9]}"#)),
        (r#"{"numeric":[">",1,">",9]}"#, "numeric-order", None),
        (r#"{"numeric":[">",9007199254740993]}"#, "numeric-precision", None),
        (r#"{"anything-but":[1e400]}"#, "numeric-precision", None),
        (r#"{"cidr":"::1/128"}"#, "cidr-32", Some(r#""::1""#)),
        (r#"{"cidr":"10.0.0.1"}"#, "cidr-32", Some(r#""10.0.0.1""#)),
        (r#"{"cidr":"10.0.0.0/99"}"#, "invalid", None),
        (r#"{"cidr":"x/8"}"#, "invalid", None),
    ];
    for (alternative, id, mended) in cases {
        let around = |inside: &str| format!("{{ \"detail\" : {{ \"a\" : [ \"z\" , {inside} ] }} }}");
        let text = around(alternative);
        let findings = check(&text, &BUS);
        assert_eq!(ids(&findings), [*id], "{text}: {findings:#?}");
        assert_eq!(findings[0].path, "detail.a[1]");
        assert_eq!(findings[0].mended, mended.map(around), "{text}");
        assert!(Pattern::parse(&text, Dialect::Bus).is_err(), "{text}");
    }
}

#[test]
fn values_that_mean_something_else_are_named_and_mended() {
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (
            r#"{"detail":{"a":[{"anything-but":["*x","y"]}]}}"#,
            &["ab-glob-literal"],
            Some(r#"{"detail":{"a":[{"anything-but":{"wildcard": ["*x", "y"]}}]}}"#),
        ),
        (r#"{"detail":{"a":[{"anything-but":"*"}]}}"#, &["ab-glob-literal"], None),
        (
            r#"{"detail":{"a":[{"anything-but":{"prefix":"x*"}}]}}"#,
            &["glob-literal"],
            Some(r#"{"detail":{"a":[{"anything-but":{"prefix":"x"}}]}}"#),
        ),
        (r#"{"detail":{"a":[{"prefix":"x*"}]}}"#, &["glob-literal"], Some(r#"{"detail":{"a":[{"prefix":"x"}]}}"#)),
        (
            r#"{"detail":{"a":[{"suffix":"x*y"}]}}"#,
            &["glob-literal"],
            Some(r#"{"detail":{"a":[{"wildcard": "*x*y"}]}}"#),
        ),
        (r#"{"detail":{"a":[{"equals-ignore-case":"x*"}]}}"#, &["glob-literal"], None),
        (
            r#"{"detail":{"a":[{"prefix":{"equals-ignore-case":"x*"}}]}}"#,
            &["glob-literal"],
            Some(r#"{"detail":{"a":[{"prefix":{"equals-ignore-case":"x"}}]}}"#),
        ),
        (r#"{"detail":{"a":["*"]}}"#, &["glob-literal"], Some(r#"{"detail":{"a":[{"exists": true}]}}"#)),
        (
            r#"{"detail":{"a":["x",{"anything-but":"x"}]}}"#,
            &["ab-or-tautology"],
            Some(r#"{"detail":{"a":[{"anything-but":"x"}]}}"#),
        ),
        (r#"{"detail":{"a":["y",{"anything-but":"x"}]}}"#, &[], None),
        (
            r#"{"detail":{"a":[{"anything-but":["x","y"]},"z",{"anything-but":["y","q"]}]}}"#,
            &["ab-or-tautology"],
            Some(r#"{"detail":{"a":[{"anything-but":["x", "y", "q"]},"z"]}}"#),
        ),
        (r#"{"detail":{"a":[{"anything-but":"x"},{"anything-but":5}]}}"#, &["ab-or-tautology"], None),
        (
            r#"{"detail":{"a":[{"anything-but":{"prefix":"x"}},{"anything-but":{"suffix":"y"}}]}}"#,
            &["ab-or-tautology"],
            None,
        ),
        (r#"{"detail":{"a":[{"exists":true},{"exists":false}]}}"#, &["redundant-alternative"], None),
        (r#"{"detail":{"a":[{"wildcard":"*"}]}}"#, &["match-all"], Some(r#"{"detail":{"a":[{"exists": true}]}}"#)),
        (
            r#"{"detail":{"a":[{"wildcard":"*x"}]}}"#,
            &["wildcard-rewrite"],
            Some(r#"{"detail":{"a":[{"suffix":"x"}]}}"#),
        ),
        (r#"{"detail":{"a":[{"wildcard":"x"}]}}"#, &["wildcard-rewrite"], Some(r#"{"detail":{"a":["x"]}}"#)),
        (r#"{"detail":{"a":[{"wildcard":"x\\*"}]}}"#, &[], None),
        (
            r#"{"detail":{"a":["{\"exists\":false}"]}}"#,
            &["cdk-stringified-matcher"],
            Some(r#"{"detail":{"a":[{"exists":false}]}}"#),
        ),
        (r#"{"detail":{"a":["{\"kind\":\"x\"}", "{}"]}}"#, &[], None),
        (r#"{"detail":{"a":["<$.detail.b>"]}}"#, &["cross-field"], None),
        (r#"{"detail":{"a":["$5.00"]}}"#, &[], None),
        (r#"{"detail":{"a":["/^in/i"]}}"#, &["regex-literal"], Some(r#"{"detail":{"a":[{"prefix": "in"}]}}"#)),
        (r#"{"detail":{"a":["/csv$/"]}}"#, &["regex-literal"], Some(r#"{"detail":{"a":[{"suffix": "csv"}]}}"#)),
        (r#"{"detail":{"a":["^in.*$"]}}"#, &["regex-literal"], None),
        (r#"{"detail":{"a":["/in/", "/var/log/", "^", "a^b", "$"]}}"#, &[], None),
        (r#"{"detail":{"a":[{"wildcard":"x?y*z"}]}}"#, &["wildcard-question"], None),
        (
            r#"{"detail":{"a":[{"numeric":["<=",200]},"x",{"numeric":[">=",100]}]}}"#,
            &["numeric-or-tautology"],
            Some(r#"{"detail":{"a":[{"numeric": [">=", 100, "<=", 200]},"x"]}}"#),
        ),
        (r#"{"detail":{"a":[{"numeric":["<",5]},{"numeric":[">=",5]}]}}"#, &["numeric-or-tautology"], None),
        (r#"{"detail":{"a":[{"numeric":["<",5]},{"numeric":[">",5]}]}}"#, &[], None),
        (r#"{"detail":{"a":[{"numeric":["<",5]},{"numeric":[">",9]}]}}"#, &[], None),
        (r#"{"resources":["arn:aws:s3"]}"#, &["arn-separators"], None),
        (r#"{"detail":{"a":[123456789012345678]}}"#, &["numeric-precision"], None),
        (r#"{"detail":{"a":[""]}}"#, &["empty-null-absent"], Some(r#"{"detail":{"a":["", {"exists": false}]}}"#)),
    ];
    assert_found(&BUS, cases);
}

#[test]
fn fields_in_the_wrong_place_are_named_and_mended() {
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (r#"{"Detail":{"a":["x"]}}"#, &["wrong-root"], Some(r#"{"detail":{"a":["x"]}}"#)),
        (r#"{"sorce":["x"]}"#, &["wrong-root"], Some(r#"{"source":["x"]}"#)),
        (
            r#"{"source":["x"],"state":["on"],"cause":["user"]}"#,
            &["wrong-root"],
            Some(r#"{"source":["x"],"detail": {"state":["on"], "cause":["user"]}}"#),
        ),
        (
            r#"{"state":["on"],"detail":{"cause":["user"]}}"#,
            &["wrong-root"],
            Some(r#"{"detail":{"state":["on"], "cause":["user"]}}"#),
        ),
        (
            r#"{"region":[1],"source":[{"numeric":[">",5]}]}"#,
            &["string-number", "string-number"],
            Some(r#"{"region":["1"],"source":[{"numeric":[">",5]}]}"#),
        ),
        (r#"{"detail":{"a":["x"],"a":["y"]}}"#, &["dup-key"], Some(r#"{"detail":{"a":["y"]}}"#)),
        (r#"{"detail":{"a":["x"]},"detail":{"b":["y"]}}"#, &["dup-key"], None),
        (r#"{"detail":{"a":["x"]},"detail.a":["y"]}"#, &["dup-key", "dotted-key"], None),
        (r#"{"$or":[{"source":["a"]},{"account":["1"]}],"source":["b"]}"#, &["or-shadow"], None),
        (r#"{"detail":{"a":["x"],"a":{"b":["y"]}}}"#, &["always-false"], None),
        (r#"{"detail":{"a":[{"exists":true}],"a":{"b":["y"]}}}"#, &["exists-non-leaf"], None),
        (r#"{"detail":{"a":[{"exists":false},"x"],"a.b":["y"]}}"#, &["always-false", "dotted-key"], None),
        (
            r#"{"detail.a.b":["x"],"source":["s"]}"#,
            &["dotted-key"],
            Some(r#"{"detail": {"a": {"b":["x"]}},"source":["s"]}"#),
        ),
        (r#"{"detail":{"app.kubernetes.io/name":["x"]}}"#, &[], None),
    ];
    assert_found(&BUS, cases);
    let unknown = Context { source: Source::Unknown, ..BUS };
    assert_found(
        &unknown,
        &[
            (r#"{"state":["on"],"Source":["x"]}"#, &[], None),
            (r#"{"detail_type":["x"]}"#, &["wrong-root"], Some(r#"{"detail-type":["x"]}"#)),
            (
                r#"{"Source":["x"],"detail":{"a":["b"]}}"#,
                &["wrong-root"],
                Some(r#"{"source":["x"],"detail":{"a":["b"]}}"#),
            ),
        ],
    );
}

#[test]
fn mistakes_of_stream_filters_are_named_and_mended() {
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (
            r#"{"dynamodb":{"NewImage":{"n":{"N":[5.0]}}}}"#,
            &["ddb-numeric-on-n"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"N":["5"]}}}}"#),
        ),
        (r#"{"dynamodb":{"Keys":{"n":{"N":[{"numeric":[">",100]}]}}}}"#, &["ddb-numeric-on-n"], None),
        (
            r#"{"dynamodb":{"NewImage":{"n":{"N":[{"anything-but":[1,2]}]}}}}"#,
            &["ddb-numeric-on-n"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"N":[{"anything-but":["1","2"]}]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"m":{"M":{"n":{"N":[7]}}}}}}"#,
            &["ddb-numeric-on-n"],
            Some(r#"{"dynamodb":{"NewImage":{"m":{"M":{"n":{"N":["7"]}}}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"l":{"L":{"N":[7]}}}}}"#,
            &["ddb-numeric-on-n"],
            Some(r#"{"dynamodb":{"NewImage":{"l":{"L":{"N":["7"]}}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"n":{"N":["1.50"]}}}}"#,
            &["ddb-tag-value"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"N":["1.5"]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"n":{"S":[5]}}}}"#,
            &["ddb-tag-value"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"S":["5"]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"n":{"BOOL":[{"anything-but":"true"}]}}}}"#,
            &["ddb-tag-value"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"BOOL":[false]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"n":{"NULL":[null]}}}}"#,
            &["ddb-tag-value"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"NULL":[true]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"n":[5,6]}}}"#,
            &["ddb-type-tag"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"N": ["5","6"]}}}}"#),
        ),
        (r#"{"dynamodb":{"NewImage":{"n":[true,"x"]}}}"#, &["ddb-type-tag"], None),
        (r#"{"dynamodb":{"NewImage":{"n":[{"exists":false}]}}}"#, &["exists-non-leaf"], None),
        (r#"{"dynamodb":{"OldImage":[{"exists":false}]}}"#, &["exists-non-leaf"], None),
        (
            r#"{"dynamodb":{"newImage":{"n":{"S":["x"]}}}}"#,
            &["wrong-root"],
            Some(r#"{"dynamodb":{"NewImage":{"n":{"S":["x"]}}}}"#),
        ),
        (
            r#"{"eventName":["MODIFY"],"NewImage":{"n":{"S":["x"]}}}"#,
            &["missing-data-key"],
            Some(r#"{"eventName":["MODIFY"],"dynamodb": {"NewImage":{"n":{"S":["x"]}}}}"#),
        ),
        (r#"{"status":["x"]}"#, &["missing-data-key"], None),
        (r#"{"eventName":["modify"]}"#, &["event-name"], Some(r#"{"eventName":["MODIFY"]}"#)),
        (
            r#"{"eventName":["INSERT","MODIFY"],"dynamodb":{"OldImage":{"n":{"S":["x"]}}}}"#,
            &["oldimage-on-insert"],
            Some(r#"{"eventName":["MODIFY"],"dynamodb":{"OldImage":{"n":{"S":["x"]}}}}"#),
        ),
        (
            r#"{"eventName":["REMOVE"],"dynamodb":{"NewImage":{"n":{"S":[{"anything-but":"x"}]}}}}"#,
            &["oldimage-on-insert"],
            None,
        ),
        (r#"{"eventName":["INSERT"],"dynamodb":{"OldImage":{"n":{"S":[{"exists":false}]}}}}"#, &[], None),
        (r#"{"eventID":["x"],"awsRegion":["eu-west-1"]}"#, &["pipes-metadata-field"], Some(r#"{"eventID":["x"]}"#)),
        (
            r#"{"dynamodb":{"NewImage":{"test":{"BOOL":[false]},"mail":{"S":[{"anything-but":{"wildcard":"*test*"}}]}}}}"#,
            &["pipes-nested-ab"],
            Some(r#"{"dynamodb":{"NewImage":{"test":{"BOOL":[false]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"mail":{"S":[{"anything-but":{"wildcard":["a","b"]}}]}}}}"#,
            &["pipes-nested-ab"],
            Some(r#"{"dynamodb":{"NewImage":{"mail":{"S":[{"anything-but":["a", "b"]}]}}}}"#),
        ),
        (
            r#"{"dynamodb":{"NewImage":{"mail":{"S":["x",{"anything-but":{"prefix":"b"}}]}}}}"#,
            &["pipes-nested-ab"],
            None,
        ),
    ];
    assert_found(&PIPE, cases);
    let keys_only = Context { source: Source::DynamoDb(Images::KeysOnly), ..PIPE };
    let text = r#"{"dynamodb":{"NewImage":{"n":{"S":["x"]}},"Keys":{"id":{"S":["1"]}}}}"#;
    assert_found(&keys_only, &[(text, &["image-not-in-stream"], None)]);
    let hidden = find("pipes-metadata-field", r#"{"eventSource":["aws:dynamodb"]}"#, &PIPE).severities;
    assert_eq!((hidden.here, hidden.aws_pipe), (Some(Severity::Error), Some(Severity::Warning)));
}

#[test]
fn fields_of_messages_belong_into_the_body() {
    let queue = Context { dialect: Dialect::Pipe, source: Source::Queue, sample: None };
    assert_found(
        &queue,
        &[
            (
                r#"{"a":["x"],"messageId":["1"],"b":["y"]}"#,
                &["missing-data-key"],
                Some(r#"{"body": {"a":["x"], "b":["y"]},"messageId":["1"]}"#),
            ),
            (r#"{"body":{"a":["x"]},"b":["y"]}"#, &["missing-data-key"], Some(r#"{"body":{"b":["y"], "a":["x"]}}"#)),
            (
                r#"{"body":{"mail":[{"anything-but":"*@test.com"}]}}"#,
                &["ab-glob-literal"],
                Some(r#"{"body":{"test": [false]}}"#),
            ),
            (
                r#"{"body":{"mail":[{"anything-but":"*@test.com"}]}}"#,
                &["ab-glob-literal"],
                Some(r#"{"body":{"test": [false]}}"#),
            ),
            (r#"{"Body":{"a":["x"]}}"#, &["wrong-root"], Some(r#"{"body":{"a":["x"]}}"#)),
            (
                r#"{"eventSourceARN":["arn:aws:sqs:us-east-1:1:q"],"body":["x"]}"#,
                &["pipes-metadata-field"],
                Some(r#"{"body":["x"]}"#),
            ),
        ],
    );
    assert_eq!(find("missing-data-key", r#"{"a":["x"]}"#, &queue).severities.worst(), Some(Severity::Error));
    assert_eq!(
        find("missing-data-key", r#"{"a":[{"exists":false}]}"#, &queue).severities.worst(),
        Some(Severity::Warning)
    );
}
