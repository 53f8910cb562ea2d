//! Smithy's RPC v2 in CBOR, as botocore's own serializer writes it; what comes back is read by its parser in
//! `xtask clients`.

use crate::{Sent, header};
use serde_json::{Value as Json, json};
use wire::cloudwatch::{Answer, Call, Refused};
use wire::{Answer as Any, Refusal};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sent(operation: &str, body: &str) -> Sent {
    let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
    let sent = Sent::new("POST", &path).header("smithy-protocol", "rpc-v2-cbor").header("x-amzn-query-mode", "true");
    Sent { body: bytes(body), ..sent.header("Accept", "application/cbor").header("Content-Type", "application/cbor") }
}

fn in_json(operation: &str, body: &Json) -> Sent {
    Sent::json(&format!("GraniteServiceVersion20100801.{operation}"), &body.to_string())
}

/// Recorded from botocore 1.44.5, whose serializer was told to speak this protocol.
#[test]
fn what_botocore_says_in_cbor_is_what_it_says_in_json() {
    let cases = [
        (
            "PutMetricData",
            "a2694e616d6573706163656453686f706a4d65747269634461746181a76a4d65747269634e616d65674c6174656e63796a44696d656e73\
             696f6e7381a2644e616d65624f706556616c756561316954696d657374616d70c1fb41d97a95402000006656616c75657382fb3ff00000\
             00000000fb400400000000000066436f756e747382fb4008000000000000fb3ff000000000000064556e69746c4d696c6c697365636f6e\
             64737153746f726167655265736f6c7574696f6e01",
            json!({"Namespace": "Shop", "MetricData": [
                {"MetricName": "Latency", "Dimensions": [{"Name": "Op", "Value": "1"}], "Timestamp": 1_709_856_000.5,
                 "Values": [1, 2.5], "Counts": [3, 1], "Unit": "Milliseconds", "StorageResolution": 1}]}),
        ),
        (
            "GetMetricStatistics",
            "a7694e616d6573706163656453686f706a4d65747269634e616d65674c6174656e637969537461727454696d65c11a65ea550067456e64\
             54696d65c11a65ea575866506572696f64183c6a53746174697374696373826353756d674d6178696d756d64556e697465436f756e74",
            json!({"Namespace": "Shop", "MetricName": "Latency", "StartTime": 1_709_856_000, "EndTime": 1_709_856_600,
                   "Period": 60, "Statistics": ["Sum", "Maximum"], "Unit": "Count"}),
        ),
        (
            "SetAlarmState",
            "a369416c61726d4e616d6561616a537461746556616c7565624f4b6b5374617465526561736f6e6761206472696c6c",
            json!({"AlarmName": "a", "StateValue": "OK", "StateReason": "a drill"}),
        ),
        ("ListDashboards", "a0", json!({})),
        // An operation that asks for nothing may have no body.
        ("ListDashboards", "", json!({})),
    ];
    for (operation, body, same) in cases {
        assert_eq!(sent(operation, body).call(), in_json(operation, &same).call(), "{operation}");
    }
}

#[test]
fn answers_and_refusals_are_of_the_protocol() {
    let asked = sent("GetDashboard", "a16d44617368626f6172644e616d656164");
    assert_eq!(asked.call(), wire::Call::CloudWatch(Call::GetDashboard("d".to_owned())));
    let response = asked.answer(&Any::CloudWatch(Answer::Dashboard { name: "d", body: "{}" }));
    assert_eq!((response.status, header(&response, "smithy-protocol")), (200, Some("rpc-v2-cbor")));
    assert_eq!(header(&response, "content-type"), Some("application/cbor"));
    assert!(response.body.starts_with(&[0xA3]), "a map of three: {}", hex(&response.body));
    // "DashboardBody" is "{}".
    assert!(hex(&response.body).contains("6d44617368626f617264426f6479627b7d"), "{}", hex(&response.body));
    let response = asked.refuse(&Refusal::CloudWatch(Refused::NoSuchAlarm));
    assert_eq!((response.status, header(&response, "smithy-protocol")), (404, Some("rpc-v2-cbor")));
    assert_eq!(header(&response, "x-amzn-query-error"), Some("ResourceNotFound;Sender"));
    // "__type" is "com.amazonaws.cloudwatch#ResourceNotFound".
    let named = "665f5f747970657829636f6d2e616d617a6f6e6177732e636c6f75647761746368235265736f757263654e6f74466f756e64";
    assert!(hex(&response.body).contains(named), "{}", hex(&response.body));
}

#[test]
fn what_is_no_request_is_refused_in_the_same_protocol() {
    for (operation, body, expected) in [
        ("ListDashboards", "80", "SerializationException: The body must be a CBOR map"),
        ("ListDashboards", "a1", "SerializationException: The body is no CBOR that is understood here: it is cut off"),
        ("PutMetricData", "a1694e616d65737061636518ff", "NUMBER_VALUE cannot be converted to String"),
        ("NoSuchThing", "a0", "UnknownOperationException"),
    ] {
        let asked = sent(operation, body);
        assert!(asked.error().contains(expected), "{operation}: {}", asked.error());
        assert_eq!(header(&asked.refused(), "smithy-protocol"), Some("rpc-v2-cbor"), "{operation}");
    }
    let elsewhere = Sent::new("POST", "/service/Other/operation/Do").header("smithy-protocol", "rpc-v2-cbor");
    assert!(elsewhere.error().contains("UnknownOperationException"));
    assert_eq!(header(&elsewhere.refused(), "content-type"), Some("application/cbor"));
}
