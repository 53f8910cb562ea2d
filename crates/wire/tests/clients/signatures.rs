//! Signatures: AWS's published examples, and requests that botocore 1.44.5 signed.

use super::{Sent, header, json, text};
use types::Timestamp;
use wire::Refusal;
use wire::sigv4::{AuthError, Credentials, verify};

/// 2015-08-30T12:36:00Z, when all of AWS's examples were signed.
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_440_938_160_000);

fn keys() -> Vec<Credentials> {
    let key =
        |id: &str, secret: &str| Credentials { access_key_id: id.to_owned(), secret_access_key: secret.to_owned() };
    vec![key("OTHER", "other"), key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")]
}

fn signed(sent: Sent, host: &str, service: &str, signed_headers: &str, signature: &str) -> Sent {
    sent.header("Host", host).header("X-Amz-Date", "20150830T123600Z").header(
        "Authorization",
        &format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, \
             SignedHeaders={signed_headers}, Signature={signature}"
        ),
    )
}

fn check(sent: &Sent, now: Timestamp) -> Result<String, AuthError> {
    sent.with(|_, head, body| verify(head, body, &keys(), now).map(|key| key.access_key_id.clone()))
}

fn put() -> Sent {
    let sent = Sent::json("DynamoDB_20120810.PutItem", r#"{"TableName":"Orders","Item":{"id":{"S":"✓"}}}"#);
    signed(
        sent,
        "127.0.0.1:4566",
        "dynamodb",
        "content-type;host;x-amz-date;x-amz-target",
        "6cea1d0fef3a0968e8cef9c81d564a6e07d90dd81a677acb161030636199cbfa",
    )
}

#[test]
fn what_aws_and_botocore_signed_is_verified() {
    let function =
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3AF%3A%24LATEST/invocations";
    let cases = [
        // Published: the test suite's "get-vanilla", and the ListUsers example of the signing guide.
        signed(
            Sent::new("GET", "/"),
            "example.amazonaws.com",
            "service",
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        signed(
            Sent::new("GET", "/?Action=ListUsers&Version=2010-05-08")
                .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            "iam.amazonaws.com",
            "iam",
            "content-type;host;x-amz-date",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
        put(),
        signed(
            Sent::new("POST", function).header("X-Amz-Log-Type", "Tail").body(r#"{"a":1}"#),
            "127.0.0.1:4566",
            "lambda",
            "host;x-amz-date;x-amz-log-type",
            "2f695c5f91bddf8021dc11786d9d90e3db1b7bb93bd103b2b42a2c4d020d6b23",
        ),
        signed(
            Sent::new("GET", "/2015-03-31/functions?MaxItems=2&Marker=UHJl%2Bbw%3D%3D&Empty=&A=b%20c")
                .header("X-Odd", "  two   spaces "),
            "127.0.0.1:4566",
            "lambda",
            "host;x-amz-date;x-odd",
            "d25e04306dd6b30b1cd238a586fb833c8dd19d39426ead31a46c5cf263be546d",
        ),
        signed(
            Sent::form("//000000000000/./Q", "Action=ReceiveMessage&Version=2012-11-05"),
            "127.0.0.1:4566",
            "sqs",
            "content-type;host;x-amz-date",
            "e3b949ebae7e9646e659c4947cb044848b945f986dc82ffaad6996a4ce65f410",
        ),
    ];
    for sent in cases {
        assert_eq!(check(&sent, SIGNED_AT), Ok("AKIDEXAMPLE".to_owned()), "{sent:?}");
    }
}

#[test]
fn whatever_is_changed_after_signing_is_refused() {
    let change = |act: &dyn Fn(&mut Sent)| {
        let mut sent = put();
        act(&mut sent);
        sent
    };
    let set = |sent: &mut Sent, name: &str, value: &str| {
        sent.headers.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.to_owned();
    };
    let replace = |sent: &mut Sent, from: &str, to: &str| {
        let header = &mut sent.headers.iter_mut().find(|(known, _)| known == "Authorization").unwrap().1;
        *header = header.replace(from, to);
    };
    let cases = [
        change(&|sent| sent.body[3] ^= 1),
        change(&|sent| sent.path = "/other".to_owned()),
        change(&|sent| sent.query = "a=b".to_owned()),
        change(&|sent| sent.method = "PUT"),
        change(&|sent| set(sent, "X-Amz-Target", "DynamoDB_20120810.DeleteItem")),
        change(&|sent| set(sent, "Host", "elsewhere")),
        change(&|sent| set(sent, "X-Amz-Date", "20150830T123601Z")),
        change(&|sent| replace(sent, "us-east-1", "eu-west-1")),
        change(&|sent| replace(sent, "20150830/", "20150829/")),
        change(&|sent| replace(sent, "bfa", "bfb")),
        change(&|sent| replace(sent, "Signature=6c", "Signature=")),
        change(&|sent| replace(sent, "Signature=6c", "Signature=é")),
        change(&|sent| replace(sent, "content-type;host;", "content-type;")),
        change(&|sent| replace(sent, "x-amz-target", "x-amz-target;x-missing")),
        // A body whose claimed hash is another body's.
        change(&|sent| sent.headers.push(("x-amz-content-sha256".to_owned(), "00".repeat(32)))),
    ];
    for sent in cases {
        assert_eq!(check(&sent, SIGNED_AT), Err(AuthError::Mismatch), "{sent:?}");
    }
}

#[test]
fn a_signature_that_covers_too_little_is_refused() {
    // Both signatures are right for what they sign: calculated with Python's hmac.
    let sign = |signed_headers, signature| {
        signed(Sent::new("GET", "/"), "example.amazonaws.com", "service", signed_headers, signature)
    };
    let without_host = sign("x-amz-date", "cf22de7d727edb2c716390ee04d3182ac3715395d779026dd667b3876e6e71fe");
    assert_eq!(check(&without_host, SIGNED_AT), Err(AuthError::Mismatch));
    let mut other_day = sign("host;x-amz-date", "3e5fdc7dd4cd335b98ffe621fe0c2e59ca0ee2a5295f71c6d17d01f12b5ce572");
    other_day.headers.iter_mut().for_each(|(_, value)| *value = value.replace("20150830/", "20150829/"));
    assert_eq!(check(&other_day, SIGNED_AT), Err(AuthError::Mismatch));
}

#[test]
fn a_clock_may_be_five_minutes_off() {
    let at = |millis: i64| Timestamp::from_millis(SIGNED_AT.millis() + millis);
    for millis in [-300_000, 0, 300_000] {
        assert!(check(&put(), at(millis)).is_ok(), "{millis}");
    }
    let late = check(&put(), at(300_001)).unwrap_err().to_string();
    assert_eq!(
        late,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123600Z (20150830T124100Z - 5 min.)"
    );
    let early = check(&put(), at(-600_000)).unwrap_err().to_string();
    assert_eq!(
        early,
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123100Z (20150830T122600Z + 5 min.)"
    );
}

#[test]
fn a_refused_signature_is_answered_as_each_service_does() {
    let unsigned = Sent::json("DynamoDB_20120810.PutItem", "{}");
    assert_eq!(check(&unsigned, SIGNED_AT), Err(AuthError::Missing));
    let mut unknown = put();
    unknown.headers.iter_mut().for_each(|(_, value)| *value = value.replace("AKIDEXAMPLE", "AKIDNOBODY"));
    let error = check(&unknown, SIGNED_AT).unwrap_err();
    assert_eq!(error, AuthError::UnknownKey);
    let response = unknown.refuse(&Refusal::Auth(&error));
    assert_eq!(response.status, 400);
    assert_eq!(
        text(&response),
        r#"{"Message":"The security token included in the request is invalid.","__type":"com.amazon.coral.service#UnrecognizedClientException"}"#
    );
    let form = Sent::form("/", "Action=GetCallerIdentity&Version=2011-06-15");
    let response = form.refuse(&Refusal::Auth(&AuthError::Mismatch));
    assert_eq!(response.status, 403);
    assert!(text(&response).contains("<Code>SignatureDoesNotMatch</Code>"), "{}", text(&response));
    let invoke = Sent::new("POST", "/2015-03-31/functions/F/invocations");
    let response = invoke.refuse(&Refusal::Auth(&AuthError::Mismatch));
    assert_eq!((response.status, header(&response, "x-amzn-errortype")), (403, Some("InvalidSignatureException")));
    let incomplete = put().header("x", "y");
    let mut incomplete = incomplete;
    incomplete.headers.iter_mut().for_each(|(_, value)| *value = value.replace("SignedHeaders=", "Signed="));
    let error = check(&incomplete, SIGNED_AT).unwrap_err();
    let response = incomplete.refuse(&Refusal::Auth(&error));
    assert_eq!(json(&response)["__type"], "com.amazon.coral.service#IncompleteSignatureException");
    // The signature itself never comes back in the error's text.
    assert!(!text(&response).contains("6cea1d"), "{}", text(&response));
}
