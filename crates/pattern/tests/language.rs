//! What each operator and each odd corner of the language decides, case by case.

use pattern::{Dialect, Pattern};

#[track_caller]
fn check(cases: &[(&str, &str, bool)]) {
    for (pattern, event, expected) in cases {
        let parsed = Pattern::parse(pattern, Dialect::Bus).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let answer = parsed.matches_json(event.as_bytes()).unwrap_or_else(|error| panic!("{event}: {error}"));
        assert_eq!(answer, *expected, "{pattern} on {event}");
    }
}

/// Alternatives for the field `a` against values of it.
#[track_caller]
fn check_values(cases: &[(&str, &str, bool)]) {
    for (alternative, value, expected) in cases {
        check(&[(&format!(r#"{{"a":[{alternative}]}}"#), &format!(r#"{{"a":{value}}}"#), *expected)]);
    }
}

#[test]
fn keys_are_anded_and_alternatives_are_ored() {
    check(&[
        (r#"{"a":[1],"b":[2]}"#, r#"{"a":1,"b":2,"c":3}"#, true),
        (r#"{"a":[1],"b":[2]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[1,2]}"#, r#"{"a":2}"#, true),
        (r#"{"a":{"b":[1]}}"#, r#"{"a":{"b":1}}"#, true),
        (r#"{"a":{"b":[1]}}"#, r#"{"b":1}"#, false),
        (r#"{"a":{"b":[1]}}"#, r#"{"a":1}"#, false),
        (r#"{"":[1]}"#, r#"{"":1}"#, true),
        (r#"{"a\u0062":[1]}"#, r#"{"ab":1}"#, true),
        (r#"{"A":[1]}"#, r#"{"a":1}"#, false),
        (r#"{"a":["x\n\u00e9"]}"#, r#"{"a":"x\u000Aé"}"#, true),
        (r#"{"a":["\ud83d\ude00"]}"#, r#"{"a":"😀"}"#, true),
    ]);
}

#[test]
fn paths_join_by_dots_on_both_sides() {
    check(&[
        (r#"{"a.b":[1]}"#, r#"{"a":{"b":1}}"#, true),
        (r#"{"a":{"b":[1]}}"#, r#"{"a.b":1}"#, true),
        (r#"{"a.b":[1]}"#, r#"{"a.b":1}"#, true),
        (r#"{"a":{"b.c":[1]}}"#, r#"{"a.b":{"c":1}}"#, true),
        (r#"{"a.b":[1],"a.c":[2]}"#, r#"{"a.b":1,"a":{"c":2}}"#, true),
        (r#"{"a.":[1]}"#, r#"{"a":{"":1}}"#, true),
        (r#"{".a":[1]}"#, r#"{"":{"a":1}}"#, true),
        (r#"{"a.b":[1]}"#, r#"{"a":{"c":1}}"#, false),
        (r#"{"a.b":[1]}"#, r#"{"a.bc":1}"#, false),
    ]);
}

#[test]
fn literals_match_their_own_type() {
    check_values(&[
        (r#""x""#, r#""x""#, true),
        (r#""x""#, r#""X""#, false),
        (r#""""#, r#""""#, true),
        (r#""1""#, "1", false),
        ("1", r#""1""#, false),
        ("true", "true", true),
        ("true", r#""true""#, false),
        (r#""true""#, "true", false),
        ("true", "false", false),
        ("null", "null", true),
        ("null", r#""""#, false),
        ("null", "[]", false),
        ("null", "{}", false),
        (r#"{"exactly":"x"}"#, r#""x""#, true),
        (r#"{"exactly":"10.0.0.1"}"#, r#""010.0.0.1""#, false),
    ]);
    check(&[(r#"{"a":[null]}"#, "{}", false)]);
}

#[test]
fn numbers_are_equal_as_doubles_or_as_texts() {
    check_values(&[
        ("35", "35.0", true),
        ("35", "3.5e1", true),
        ("35.0", "350E-1", true),
        ("0", "-0.0", true),
        ("300", "3.0e2", true),
        ("1", "2", false),
        ("9007199254740993", "9007199254740993", true),
        ("9007199254740993", "9007199254740992", false),
        ("9007199254740992", "9007199254740993", false),
        ("9007199254740993", "9007199254740993.0", false),
        ("1e400", "1e400", true),
        ("1e400", "1E400", false),
        ("1e400", "2e400", false),
    ]);
}

#[test]
fn literals_that_read_as_addresses_match_the_address() {
    check_values(&[
        (r#""::1""#, r#""0:0:0:0:0:0:0:1""#, true),
        (r#""010.0.0.1""#, r#""10.0.0.1""#, true),
        (r#""10.0.0.1""#, r#""010.000.0.01""#, true),
        (r#""10.0.0.1""#, r#""10.0.0.2""#, false),
        (r#""999.0.0.1""#, r#""999.0.0.1""#, true),
        (r#""999.0.0.1""#, r#""0999.0.0.1""#, false),
        (r#""::ffff:a00:1""#, r#""10.0.0.1""#, false),
        (r#""FE80::A""#, r#""fe80::a""#, true),
        (r#"{"anything-but":"10.0.0.1"}"#, r#""010.0.0.1""#, true),
    ]);
}

#[test]
fn prefix_and_suffix() {
    check_values(&[
        (r#"{"prefix":"ab"}"#, r#""abc""#, true),
        (r#"{"prefix":"ab"}"#, r#""Abc""#, false),
        (r#"{"prefix":""}"#, r#""""#, true),
        (r#"{"prefix":""}"#, "1", false),
        (r#"{"prefix":"1"}"#, "1", false),
        (r#"{"prefix":{"equals-ignore-case":"AB"}}"#, r#""abc""#, true),
        (r#"{"prefix":{"equals-ignore-case":"AB"}}"#, r#""a""#, false),
        (r#"{"suffix":".png"}"#, r#""x.png""#, true),
        (r#"{"suffix":".png"}"#, r#""x.png2""#, false),
        (r#"{"suffix":""}"#, r#""x""#, true),
        (r#"{"suffix":{"equals-ignore-case":".PNG"}}"#, r#""x.png""#, true),
        (r#"{"suffix":{"equals-ignore-case":"ß"}}"#, r#""GRUSS""#, true),
    ]);
}

#[test]
fn case_is_ignored_by_utf16_unit() {
    check_values(&[
        (r#"{"equals-ignore-case":"Shipped"}"#, r#""sHIPPED""#, true),
        (r#"{"equals-ignore-case":"Shipped"}"#, r#""shipped ""#, false),
        (r#"{"equals-ignore-case":"É"}"#, r#""é""#, true),
        (r#"{"equals-ignore-case":"ß"}"#, r#""SS""#, true),
        (r#"{"equals-ignore-case":"SS"}"#, r#""ß""#, false),
        (r#"{"equals-ignore-case":"k"}"#, r#""\u212a""#, false),
        (r#"{"equals-ignore-case":"1"}"#, "1", false),
    ]);
}

#[test]
fn wildcards() {
    check_values(&[
        (r#"{"wildcard":"*"}"#, r#""""#, true),
        (r#"{"wildcard":"a*c"}"#, r#""a\n\"c""#, true),
        (r#"{"wildcard":"a*c"}"#, r#""ab""#, false),
        (r#"{"wildcard":""}"#, r#""""#, true),
        (r#"{"wildcard":""}"#, r#""a""#, false),
        (r#"{"wildcard":"a?c"}"#, r#""abc""#, false),
        (r#"{"wildcard":"a\\*c"}"#, r#""a*c""#, true),
        (r#"{"wildcard":"a\\*c"}"#, r#""abc""#, false),
        (r#"{"wildcard":"a\\\\c"}"#, r#""a\\c""#, true),
        (r#"{"wildcard":"*"}"#, "1", false),
        (r#"{"wildcard":"*"}"#, "null", false),
    ]);
}

#[test]
fn anything_but_holds_for_every_other_value() {
    check_values(&[
        (r#"{"anything-but":"x"}"#, r#""y""#, true),
        (r#"{"anything-but":"x"}"#, r#""x""#, false),
        (r#"{"anything-but":"x"}"#, "null", true),
        (r#"{"anything-but":"x"}"#, "5", true),
        (r#"{"anything-but":"x"}"#, "true", true),
        (r#"{"anything-but":"x"}"#, "[]", false),
        (r#"{"anything-but":"x"}"#, "{}", false),
        (r#"{"anything-but":"x"}"#, r#"["x","y"]"#, true),
        (r#"{"anything-but":"x"}"#, r#"["x","x"]"#, false),
        (r#"{"anything-but":"*x*"}"#, r#""axb""#, true),
        (r#"{"anything-but":["x","y"]}"#, r#""y""#, false),
        (r#"{"anything-but":["x","y"]}"#, r#""z""#, true),
        (r#"{"anything-but":5}"#, "5.0", false),
        (r#"{"anything-but":5}"#, r#""5""#, true),
        (r#"{"anything-but":[5,6]}"#, "6", false),
        (r#"{"anything-but":[5,6]}"#, "9007199254740993", true),
        (r#"{"anything-but":{"prefix":"a"}}"#, r#""ab""#, false),
        (r#"{"anything-but":{"prefix":"a"}}"#, "7", true),
        (r#"{"anything-but":{"prefix":["a","b"]}}"#, r#""bc""#, false),
        (r#"{"anything-but":{"suffix":["a","b"]}}"#, r#""ca""#, false),
        (r#"{"anything-but":{"suffix":"a"}}"#, "null", true),
        (r#"{"anything-but":{"equals-ignore-case":["A"]}}"#, r#""a""#, false),
        (r#"{"anything-but":{"equals-ignore-case":"A"}}"#, r#""b""#, true),
        (r#"{"anything-but":{"wildcard":"*test.com*"}}"#, r#""x@test.com""#, false),
        (r#"{"anything-but":{"wildcard":["*a","b*"]}}"#, r#""c""#, true),
        (r#"{"anything-but":{"wildcard":""}}"#, r#""""#, false),
    ]);
    check(&[(r#"{"a":[{"anything-but":"x"}]}"#, "{}", false)]);
}

#[test]
fn numeric_compares_comparable_numbers_only() {
    check_values(&[
        (r#"{"numeric":["=",35]}"#, "3.5e1", true),
        (r#"{"numeric":[">",100]}"#, "100", false),
        (r#"{"numeric":[">",100]}"#, "100.5", true),
        (r#"{"numeric":[">",100]}"#, r#""100.5""#, false),
        (r#"{"numeric":[">=",100]}"#, "1e2", true),
        (r#"{"numeric":["<",0]}"#, "-0.0", false),
        (r#"{"numeric":["<=",0]}"#, "-0.0", true),
        (r#"{"numeric":[">",0,"<=",5]}"#, "5", true),
        (r#"{"numeric":[">",0,"<=",5]}"#, "0", false),
        (r#"{"numeric":[">",0]}"#, "9007199254740993", false),
        (r#"{"numeric":[">",0]}"#, "1.23456789012345678", false),
        (r#"{"numeric":[">",0]}"#, "1e400", false),
        (r#"{"numeric":[">",0]}"#, "6000000000", true),
        (r#"{"numeric":[">",0]}"#, "true", false),
        (r#"{"numeric":[">",5]}"#, "[1,9]", true),
    ]);
}

#[test]
fn exists_asks_for_a_scalar_anywhere() {
    check_values(&[
        (r#"{"exists":true}"#, "null", true),
        (r#"{"exists":true}"#, r#""""#, true),
        (r#"{"exists":true}"#, "{}", false),
        (r#"{"exists":true}"#, "[]", false),
        (r#"{"exists":true}"#, "[[]]", false),
        (r#"{"exists":true}"#, r#"{"b":1}"#, false),
        (r#"{"exists":false}"#, "null", false),
        (r#"{"exists":false}"#, "{}", true),
        (r#"{"exists":false}"#, "[]", true),
        (r#"{"exists":false}"#, r#"{"b":1}"#, true),
        (r#"{"exists":false},"x""#, r#""x""#, true),
        (r#"{"exists":false},"x""#, r#""y""#, false),
    ]);
    check(&[
        (r#"{"a":[{"exists":false}]}"#, "{}", true),
        (r#"{"a":{"b":[{"exists":false}]}}"#, r#"{"a":1}"#, true),
        (r#"{"a":{"b":[{"exists":false}]}}"#, r#"{"a.b":1}"#, false),
        (r#"{"a":[{"exists":false},"x"]}"#, "{}", true),
        (r#"{"a":[{"anything-but":["roses"]},{"exists":false}]}"#, "{}", true),
        (r#"{"a":[{"anything-but":["roses"]},{"exists":false}]}"#, r#"{"a":"roses"}"#, false),
        (r#"{"a":{"b":[{"exists":false}]}}"#, r#"{"a":[{"b":1},{"c":2}]}"#, false),
        (r#"{"a":{"b":[{"exists":false}],"c":[2]}}"#, r#"{"a":[{"b":1},{"c":2}]}"#, false),
        (r#"{"a":{"b":[{"exists":false}],"c":[2]}}"#, r#"{"a":[{"d":1},{"c":2}]}"#, true),
    ]);
}

#[test]
fn cidr_is_strict() {
    check_values(&[
        (r#"{"cidr":"10.0.0.0/24"}"#, r#""10.0.0.255""#, true),
        (r#"{"cidr":"10.0.0.0/24"}"#, r#""10.0.1.0""#, false),
        (r#"{"cidr":"10.0.0.77/24"}"#, r#""10.0.0.1""#, true),
        (r#"{"cidr":"10.0.0.0/24"}"#, r#""010.0.0.1""#, true),
        (r#"{"cidr":"10.0.0.0/24"}"#, r#""host""#, false),
        (r#"{"cidr":"10.0.0.0/24"}"#, "10", false),
        (r#"{"cidr":"0.0.0.0/0"}"#, r#""255.1.2.3""#, true),
        (r#"{"cidr":"0.0.0.0/0"}"#, r#""::1""#, false),
        (r#"{"cidr":"::/0"}"#, r#""10.0.0.1""#, false),
        (r#"{"cidr":"2001:db8:1234:1a00::/56"}"#, r#""2001:0db8:1234:1aff::1""#, true),
        (r#"{"cidr":"2001:db8:1234:1a00::/56"}"#, r#""2001:0db8:1234:1b00::1""#, false),
        (r#"{"cidr":"::ffff:0:0/96"}"#, r#""10.0.0.1""#, false),
        (r#"{"cidr":"10.0.0.0/+24"}"#, r#""10.0.0.1""#, true),
    ]);
}

#[test]
fn one_match_takes_its_values_from_one_element_of_each_array() {
    let pattern = r#"{"a":{"x":[1],"y":[2]}}"#;
    check(&[
        (pattern, r#"{"a":[{"x":1,"y":2}]}"#, true),
        (pattern, r#"{"a":[{"x":1,"y":3},{"x":2,"y":2}]}"#, false),
        (pattern, r#"{"a":[{"x":1,"y":3},{"x":2,"y":2},{"x":1,"y":2}]}"#, true),
        (pattern, r#"{"a":[[{"x":1},{"y":2}]]}"#, false),
        (pattern, r#"{"a":[[{"x":1,"y":2}]]}"#, true),
        (pattern, r#"{"a":{"x":[0,1],"y":[2,3]}}"#, true),
        (r#"{"a":{"x":[1]},"b":{"y":[2]}}"#, r#"{"a":[{"x":0},{"x":1}],"b":[{"y":2},{"y":0}]}"#, true),
        (r#"{"a":{"b":{"x":[1]},"y":[2]}}"#, r#"{"a":[{"b":[{"x":0},{"x":1}],"y":2}]}"#, true),
        (r#"{"a":{"b":{"x":[1]},"y":[2]}}"#, r#"{"a":[{"b":[{"x":1}]},{"y":2}]}"#, false),
        (r#"{"a":[5],"a.b":[1]}"#, r#"{"a":[5,{"b":1}]}"#, true),
        (r#"{"a":[5],"a.b":[1]}"#, r#"{"a":[[5],{"b":1}]}"#, false),
        (r#"{"a":[5],"a.b":[1]}"#, r#"{"a":[[5,{"b":1}]]}"#, true),
    ]);
}

#[test]
fn repeated_keys_of_an_event_all_count() {
    check(&[
        (r#"{"a":[1]}"#, r#"{"a":1,"a":2}"#, true),
        (r#"{"a":[2]}"#, r#"{"a":1,"a":2}"#, true),
        (r#"{"a":[3]}"#, r#"{"a":1,"a":2}"#, false),
        (r#"{"a":{"x":[1],"y":[2]}}"#, r#"{"a":{"x":1},"a":{"y":2}}"#, true),
        (r#"{"a":{"x":[1],"y":[2]}}"#, r#"{"a":[{"x":1},{"y":1}],"a":[{"y":2},{"x":2}]}"#, true),
        (r#"{"a":{"x":[1],"y":[2]}}"#, r#"{"a":[{"x":1},{"y":2}],"a":[{"x":2}]}"#, false),
    ]);
}

#[test]
fn the_last_of_repeated_keys_of_a_pattern_counts() {
    check(&[
        (r#"{"a":[1],"a":[2]}"#, r#"{"a":2}"#, true),
        (r#"{"a":[1],"a":[2]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[1],"a":[2]}"#, r#"{"a":[1,2]}"#, true),
        (r#"{"a":{"b":[1]},"a.b":[2]}"#, r#"{"a":{"b":2}}"#, true),
        (r#"{"a":{"b":[1]},"a":{"c":[2]}}"#, r#"{"a":{"c":2}}"#, false),
    ]);
}

#[test]
fn or_lists() {
    let or = r#"{"s":[0],"$or":[{"x":[1]},{"y":[2],"z":[3]}]}"#;
    check(&[
        (or, r#"{"s":0,"x":1}"#, true),
        (or, r#"{"s":0,"y":2,"z":3}"#, true),
        (or, r#"{"s":0,"y":2}"#, false),
        (or, r#"{"x":1}"#, false),
        (r#"{"d":{"$or":[{"x":[1]},{"y":[2]}]}}"#, r#"{"d":{"y":2}}"#, true),
        (r#"{"$or":[{"x":[1]},{"y":[2]}],"s":[0]}"#, r#"{"s":0,"x":1}"#, true),
        (r#"{"$or":[{"$or":[{"x":[1]},{"x":[2]}]},{"y":[2]}]}"#, r#"{"x":2}"#, true),
        // Two lists multiply.
        (r#"{"$or":[{"x":[1]},{"y":[2]}],"d":{"$or":[{"x":[1]},{"y":[2]}]}}"#, r#"{"y":2,"d":{"x":1}}"#, true),
        // Consistency holds within each combination.
        (r#"{"a":{"$or":[{"x":[1],"y":[2]},{"z":[3]}]}}"#, r#"{"a":[{"x":1},{"y":2}]}"#, false),
        (r#"{"a":{"$or":[{"x":[1],"y":[2]},{"z":[3]}]}}"#, r#"{"a":[{"x":1},{"z":3}]}"#, true),
    ]);
}

#[test]
fn a_path_inside_and_outside_or_is_decided_by_the_later_one() {
    let before = r#"{"x":[1],"$or":[{"x":[2]},{"y":[3]}]}"#;
    let after = r#"{"$or":[{"x":[2]},{"y":[3]}],"x":[1]}"#;
    check(&[
        (before, r#"{"x":2}"#, true),
        (before, r#"{"x":1}"#, false),
        (before, r#"{"x":1,"y":3}"#, true),
        (after, r#"{"x":1}"#, true),
        (after, r#"{"x":2}"#, false),
    ]);
}

/// In an event `$or` is a name like any other.
#[test]
fn or_in_an_event_is_an_ordinary_field() {
    let or = r#"{"$or":[{"x":[1]},{"y":[2]}]}"#;
    check(&[(or, r#"{"$or":[{"x":1}]}"#, false), (or, r#"{"$or":1,"x":1}"#, true)]);
}

#[test]
fn what_follows_the_top_object_is_not_looked_at() {
    check(&[(r#"{"a":[1]}}]garbage"#, r#"{"a":1} {"a":2} [[[ "#, true), (" \r\n\t{\"a\":[1]}", "\n{\"a\":1}", true)]);
    let pattern = Pattern::parse(r#"{"a":[1]}"#, Dialect::Bus).unwrap();
    assert_eq!(pattern.matches_json(b"{\"a\":1}\xff\xfe"), Ok(true));
}

#[test]
fn a_lone_surrogate_reads_as_the_replacement_character() {
    check_values(&[
        (r#""\ufffd""#, r#""\ud800""#, true),
        (r#""\ufffdx""#, r#""\udc00x""#, true),
        (r#""\ufffdé""#, r#""\ud800\u00e9""#, true),
    ]);
}

#[test]
fn both_dialects_share_all_but_the_nested_anything_but() {
    for text in [
        r#"{"a":[{"anything-but":["x"]},{"prefix":{"equals-ignore-case":"x"}},{"suffix":"x"},{"wildcard":"x*"}]}"#,
        r#"{"a":[{"numeric":[">",1]},{"exists":false},{"cidr":"10.0.0.0/8"},{"equals-ignore-case":"x"}]}"#,
        r#"{"$or":[{"a":[1]},{"b":[1]}]}"#,
    ] {
        let pattern = Pattern::parse(text, Dialect::Pipe).unwrap();
        assert_eq!((pattern.source(), pattern.dialect()), (text, Dialect::Pipe));
    }
}
