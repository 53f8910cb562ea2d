//! CBOR by the examples of its standard, and what holds for every value.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The examples of RFC 8949, appendix A, as far as they have a meaning here.
#[test]
fn the_examples_of_the_standard_are_read() {
    let cases = [
        ("00", json!(0)),
        ("17", json!(23)),
        ("1818", json!(24)),
        ("1903e8", json!(1000)),
        ("1a000f4240", json!(1_000_000)),
        ("1b000000e8d4a51000", json!(1_000_000_000_000_u64)),
        ("1bffffffffffffffff", json!(u64::MAX)),
        ("20", json!(-1)),
        ("3903e7", json!(-1000)),
        ("f90000", json!(0.0)),
        ("f93c00", json!(1.0)),
        ("fb3ff199999999999a", json!(1.1)),
        ("f93e00", json!(1.5)),
        ("f97bff", json!(65504.0)),
        ("fa47c35000", json!(100_000.0)),
        ("fa7f7fffff", json!(3.402_823_466_385_288_6e38)),
        ("fb7e37e43c8800759c", json!(1.0e300)),
        ("f90001", json!(5.960_464_477_539_063e-8)),
        ("f90400", json!(0.000_061_035_156_25)),
        ("f9c400", json!(-4.0)),
        ("fbc010666666666666", json!(-4.1)),
        ("f97c00", json!("Infinity")),
        ("f97e00", json!("NaN")),
        ("fbfff0000000000000", json!("-Infinity")),
        ("f4", json!(false)),
        ("f5", json!(true)),
        ("f6", Json::Null),
        ("f7", Json::Null),
        ("c11a514b67b0", json!(1_363_896_240)),
        ("c1fb41d452d9ec200000", json!(1_363_896_240.5)),
        ("60", json!("")),
        ("6449455446", json!("IETF")),
        ("62c3bc", json!("ü")),
        ("64f0908591", json!("𐅑")),
        ("80", json!([])),
        ("8301820203820405", json!([1, [2, 3], [4, 5]])),
        ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", json!((1..=25).collect::<Vec<_>>())),
        ("a0", json!({})),
        ("a26161016162820203", json!({"a": 1, "b": [2, 3]})),
        ("7f657374726561646d696e67ff", json!("streaming")),
        ("9fff", json!([])),
        ("9f018202039f0405ffff", json!([1, [2, 3], [4, 5]])),
        ("bf61610161629f0203ffff", json!({"a": 1, "b": [2, 3]})),
        ("bf6346756ef563416d7421ff", json!({"Fun": true, "Amt": -2})),
    ];
    for (hex, expected) in cases {
        assert_eq!(read(&bytes(hex)), Ok(expected), "{hex}");
    }
}

#[test]
fn what_has_no_meaning_here_is_refused() {
    for hex in [
        "",
        "18",
        "1c",
        "ff",
        "6261",
        "62ff61",
        "7f4161ff",
        "7f7f6161ffff",
        "83010203ff",
        "8301",
        "a16161",
        "a101f5",
        "9f01",
        "4401020304",
        "c074323031332d30332d32315432303a30343a30305a",
        "c249010000000000000000",
        "d818456449455446",
        "c1f5",
        "f818",
        "0000",
        "9bffffffffffffffff",
        "bbffffffffffffffff",
        "7bffffffffffffffff",
    ] {
        assert!(read(&bytes(hex)).is_err(), "{hex}");
    }
    assert!(read(&vec![0x81; 1_000_000]).is_err(), "it is too deep before it is too long");
}

#[test]
fn instants_are_tagged_and_fractions_have_double_precision() {
    let value = json!({"Timestamps": [1, 2], "LastTimestamp": 1.5, "Values": [1.0, 0.1], "Size": 300, "Low": -300});
    let written = write(&value, &|name| name.contains("Timestamp"));
    // Members stand in no order that means anything; each is there as it is spelt.
    let hex: String = written.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(hex.starts_with("a5"));
    for part in [
        "634c6f7739012b",
        "6453697a6519012c",
        "6a54696d657374616d707382c101c102",
        "6d4c61737454696d657374616d70c1fb3ff8000000000000",
        "6656616c75657382fb3ff0000000000000fb3fb999999999999a",
    ] {
        assert!(hex.contains(part), "{part} in {hex}");
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_filter("a number", |number| number.is_finite()).prop_map(Json::from),
        "\\PC{0,30}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            proptest::collection::btree_map("[a-zA-Z]{0,9}", inner, 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is written is read back.
    #[test]
    fn values_round_trip(value in any_json(), every_number: bool) {
        prop_assert_eq!(read(&write(&value, &|_| every_number)), Ok(value));
    }

    /// No bytes are a panic.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = read(&bytes);
    }
}
