//! What a sample shows beside the pattern.

use super::{BUS, PIPE, assert_found, ids};
use pattern::Dialect;
use pattern::lint::{Context, Severity, Source, check};

#[test]
fn a_sample_shows_what_the_pattern_alone_does_not() {
    let sample = br#"{"source":"shop","resources":["arn:aws:x:eu:1:a/b","arn:aws:x:eu:1:c"],
        "detail":{"total":100,"price":"9.5","id":9007199254740993,"done":true,"tags":["a","b"],
        "customer":{"Name":"Bo","mail":null},"file":"in/*","a.b":1,"lines":[{"sku":"s1"},{"sku":"s2"}]}}"#;
    let context = Context { sample: Some(sample), ..BUS };
    assert_found(
        &context,
        &[
            (r#"{"detail":{"total":["100","x"]}}"#, &["string-number"], None),
            (r#"{"detail":{"total":["100"]}}"#, &["string-number"], Some(r#"{"detail":{"total":[100]}}"#)),
            (r#"{"detail":{"total":[{"prefix":"1"}]}}"#, &["string-number"], None),
            (r#"{"detail":{"total":["100",100]}}"#, &[], None),
            (r#"{"detail":{"price":[9.5]}}"#, &["string-number"], Some(r#"{"detail":{"price":["9.5"]}}"#)),
            (
                r#"{"detail":{"price":[{"anything-but":[9.5]}]}}"#,
                &["string-number"],
                Some(r#"{"detail":{"price":[{"anything-but":["9.5"]}]}}"#),
            ),
            (r#"{"detail":{"price":[{"numeric":[">",5]}]}}"#, &["string-number"], None),
            (r#"{"detail":{"done":["true"]}}"#, &["string-number"], Some(r#"{"detail":{"done":[true]}}"#)),
            (r#"{"detail":{"customer":{"mail":["x"]}}}"#, &[], None),
            (r#"{"detail":{"id":[{"numeric":[">",5]}]}}"#, &["numeric-precision"], None),
            (r#"{"detail":{"total":[{"numeric":[">",5]}]}}"#, &[], None),
            (r#"{"detail":{"tags":[{"anything-but":"a"}]}}"#, &["ab-array"], None),
            (r#"{"detail":{"lines":{"sku":[{"anything-but":"s1"}]}}}"#, &["ab-array"], None),
            (r#"{"detail":{"lines":{"sku":["s1"]}}}"#, &[], None),
            (r#"{"detail":{"lines":[{"exists":true}]}}"#, &["exists-non-leaf"], None),
            (
                r#"{"detail":{"customer":{"name":["Bo"]}}}"#,
                &["case"],
                Some(r#"{"detail":{"customer":{"Name":["Bo"]}}}"#),
            ),
            (
                r#"{"detail":{"customer":{"Name":["BO"]}}}"#,
                &["case"],
                Some(r#"{"detail":{"customer":{"Name":[{"equals-ignore-case": "BO"}]}}}"#),
            ),
            (r#"{"detail":{"customer":{"Name":["Al"]}}}"#, &[], None),
            (
                r#"{"detail":{"Name":["Bo"]}}"#,
                &["path-not-in-sample"],
                Some(r#"{"detail":{"customer": {"Name":["Bo"]}}}"#),
            ),
            (r#"{"detail":{"customer":{"total":[100]}}}"#, &["path-not-in-sample"], None),
            (r#"{"detail":{"coupon":["x"]}}"#, &["path-not-in-sample"], None),
            (r#"{"detail":{"coupon":[{"exists":false}]}}"#, &[], None),
            (r#"{"detail":{"coupon":["x",{"anything-but":"y"}]}}"#, &["path-not-in-sample"], None),
            (
                r#"{"detail":{"coupon":[{"anything-but":"y"}]}}"#,
                &["ab-absent"],
                Some(r#"{"detail":{"coupon":[{"anything-but":"y"}, {"exists": false}]}}"#),
            ),
            (r#"{"detail":{"customer":[{"exists":true}]}}"#, &["exists-non-leaf"], None),
            (r#"{"detail":{"customer":["Bo"]}}"#, &["path-not-in-sample"], None),
            (
                r#"{"resources":["arn:aws:x:eu:1:a:b"]}"#,
                &["arn-separators"],
                Some(r#"{"resources":["arn:aws:x:eu:1:a/b"]}"#),
            ),
            (r#"{"detail":{"file":["in/*"]}}"#, &[], None),
            (r#"{"detail":{"a.b":[1]}}"#, &[], None),
        ],
    );
    let message = |text| check(text, &context)[0].message.clone();
    assert!(message(r#"{"detail":{"lines":[{"exists":false}]}}"#).contains("is a list of objects in the sample"));
    assert!(message(r#"{"detail":{"customer":[{"exists":false}]}}"#).contains("is an object in the sample"));
    assert!(message(r#"{"detail":{"lines":{"sku":[{"anything-but":"s1"}]}}}"#).contains("in a list of objects"));
    let severity = |text| check(text, &context)[0].severities.worst();
    assert_eq!(severity(r#"{"detail":{"coupon":["x"]}}"#), Some(Severity::Info));
    assert_eq!(severity(r#"{"detail":{"Name":["Bo"]}}"#), Some(Severity::Warning));
    assert_eq!(severity(r#"{"detail":{"price":[9.5]}}"#), Some(Severity::Error));
}

#[test]
fn a_name_like_one_of_the_sample_is_a_warning_and_mended() {
    let sample = br#"{"source":"shop","detail":{"payment":{"status":"paid","lines":[{"sku":"a"}]},"line1":"x"}}"#;
    let context = Context { sample: Some(sample), ..BUS };
    let cases: &[(&str, &[&str], Option<&str>, Severity)] = &[
        (
            r#"{"detail":{"payment":{"statuss":["paid"]}}}"#,
            &["path-not-in-sample"],
            Some(r#"{"detail":{"payment":{"status":["paid"]}}}"#),
            Severity::Warning,
        ),
        (
            r#"{"detail":{"paymnt":{"status":["paid"]}}}"#,
            &["path-not-in-sample"],
            Some(r#"{"detail":{"payment":{"status":["paid"]}}}"#),
            Severity::Warning,
        ),
        (
            r#"{"detail":{"order":{"status":["paid"]}}}"#,
            &["path-not-in-sample"],
            Some(r#"{"detail":{"payment":{"status":["paid"]}}}"#),
            Severity::Warning,
        ),
        (
            r#"{"detail":{"payment":{"line":{"sku":["a"]}}}}"#,
            &["path-not-in-sample"],
            Some(r#"{"detail":{"payment":{"lines":{"sku":["a"]}}}}"#),
            Severity::Warning,
        ),
        (r#"{"detail":{"line1":["x"],"line2":["y"]}}"#, &["path-not-in-sample"], None, Severity::Info),
        (r#"{"detail":{"payment":{"lines":{"sk":["a"]}}}}"#, &["path-not-in-sample"], None, Severity::Info),
        (r#"{"detail":{"coupon":["x"]}}"#, &["path-not-in-sample"], None, Severity::Info),
    ];
    for (text, expected, mended, severity) in cases {
        assert_found(&context, &[(text, expected, *mended)]);
        assert_eq!(check(text, &context)[0].severities.worst(), Some(*severity), "{text}");
    }
}

#[test]
fn an_item_is_a_sample_of_both_images() {
    let item = br#"{"orderId":{"S":"1"},"total":{"N":"5"},"open":{"BOOL":true},"mail":{"S":"A@b"}}"#;
    let context = Context { sample: Some(item), ..PIPE };
    assert_found(
        &context,
        &[
            (
                r#"{"eventName":["INSERT"],"dynamodb":{"NewImage":{"total":{"N":["5"]}},"Keys":{"orderId":{"S":["1"]}}}}"#,
                &[],
                None,
            ),
            (
                r#"{"dynamodb":{"OldImage":{"totl":{"N":["5"]}}}}"#,
                &["path-not-in-sample"],
                Some(r#"{"dynamodb":{"OldImage":{"total":{"N":["5"]}}}}"#),
            ),
            (r#"{"dynamodb":{"OldImage":{"Total":{"N":["5"]}}}}"#, &["case"], None),
            (r#"{"dynamodb":{"NewImage":{"total":{"S":["5"]}}}}"#, &["path-not-in-sample"], None),
            (
                r#"{"dynamodb":{"NewImage":{"mail":{"S":["a@b"]}}}}"#,
                &["case"],
                Some(r#"{"dynamodb":{"NewImage":{"mail":{"S":[{"equals-ignore-case": "a@b"}]}}}}"#),
            ),
            (
                r#"{"dynamodb":{"NewImage":{"open":[{"exists":true}]}}}"#,
                &["exists-non-leaf"],
                Some(r#"{"dynamodb":{"NewImage":{"open":{"BOOL": [{"exists":true}]}}}}"#),
            ),
        ],
    );
    let record = br#"{"eventName":"INSERT","dynamodb":{"NewImage":{"total":{"N":"5"}}}}"#;
    let context = Context { sample: Some(record), ..PIPE };
    assert_found(
        &context,
        &[
            (r#"{"dynamodb":{"OldImage":{"any":{"S":["x"]}}}}"#, &[], None),
            (r#"{"dynamodb":{"NewImage":{"any":{"S":["x"]}}}}"#, &["path-not-in-sample"], None),
        ],
    );
}

#[test]
fn the_format_of_messages_must_agree_with_the_filter() {
    let json = br#"{"messageId":"1","body":"{\"kind\":\"new\"}"}"#;
    let text = br#"{"messageId":"1","body":"hello"}"#;
    let found = |source, sample: &[u8], pattern: &str| {
        let context = Context { dialect: Dialect::Pipe, source, sample: Some(sample) };
        check(pattern, &context)
            .into_iter()
            .map(|finding| (finding.lint.id, finding.severities.here))
            .collect::<Vec<_>>()
    };
    let mismatch = [("body-json-mismatch", Some(Severity::Error))];
    let fields = r#"{"body":{"kind":["new"],"size":[{"exists":false}]}}"#;
    let whole = r#"{"body":["hello"]}"#;
    assert_eq!(found(Source::Queue, json, fields), []);
    assert_eq!(found(Source::Queue, text, whole), []);
    assert_eq!(found(Source::Queue, json, whole), mismatch);
    assert_eq!(found(Source::Queue, text, fields), mismatch);
    let kafka = br#"{"topic":"t","value":"{\"kind\":\"new\"}"}"#;
    assert_eq!(found(Source::Kafka, kafka, r#"{"value":["x"]}"#), mismatch);
    assert_eq!(found(Source::Kafka, kafka, r#"{"value":{"kind":["new"]}}"#), []);
}

#[test]
fn without_a_readable_sample_the_other_lints_still_work() {
    let text = r#"{"source":"shop","detail":{"a":["x"]}}"#;
    for sample in [&b"{"[..], b"", b"[1]", b"\xff", b"5"] {
        let context = Context { sample: Some(sample), ..BUS };
        let findings = check(text, &context);
        assert_eq!(ids(&findings), ["sample-unreadable", "scalar-not-array"], "{sample:?}");
        assert_eq!(findings[0].severities.worst(), Some(Severity::Warning));
    }
}
