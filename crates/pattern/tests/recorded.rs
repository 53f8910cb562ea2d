//! Answers that AWS's own TestEventPattern has given, to the letter: which patterns it takes, what it says of the
//! others and at which column, and what matches.

use pattern::{Dialect, Pattern};

const TOO_COMPLEX: &str = "Rule is too complex - try using fewer wildcard characters or fewer repeating character \
                           sequences after a wildcard character";

/// What is said of a pattern: the reason, and the column if a place is told.
fn refusal(pattern: &str) -> Option<(String, Option<usize>)> {
    let said = Pattern::parse(pattern, Dialect::Bus).err()?.to_string();
    let said = said.strip_prefix("Event pattern is not valid. Reason: ").expect("every refusal begins so");
    let place = format!("\n at [Source: (String)\"{pattern}\"; line: 1, column: ");
    Some(match said.split_once(&place) {
        Some((reason, column)) => {
            (reason.to_owned(), Some(column.trim_end_matches(']').parse().expect("a column is a number")))
        }
        None => (said.to_owned(), None),
    })
}

fn check(pattern: &str, expected: Option<(&str, Option<usize>)>) {
    let expected = expected.map(|(reason, column)| (reason.to_owned(), column));
    assert_eq!(refusal(pattern), expected, "{pattern}");
}

/// A pattern with this list for one value.
fn value(list: &str) -> String {
    format!(r#"{{"detail":{{"v":{list}}}}}"#)
}

#[test]
fn patterns_are_refused_in_aws_words() {
    let cases = [
        ("[]", "Filter is not an object", 2),
        ("null", "Filter is not an object", 5),
        (r#"{"detail":{}}"#, "Empty objects are not allowed", 13),
        ("{}", "Empty objects are not allowed", 3),
        (r#"{"detail":{"v":null,"v":[1]}}"#, r#""v" must be an object or an array"#, 20),
        (r#"{"detail":{"v":[1],"v":null}}"#, r#""v" must be an object or an array"#, 28),
        (r#"{"detail":{"a":{},"a":{"b":[1]}}}"#, "Empty objects are not allowed", 18),
        (r#"{"$or":[]}"#, "There must have at least 2 Objects in $or relationship.", 10),
        (r#"{"$or":[{"source":["a"]}]}"#, "There must have at least 2 Objects in $or relationship.", 26),
        (r#"{"$or":[1,2]}"#, "Only JSON object is allowed in array of $or relationship.", 10),
        (r#"{"$or":[{"source":["a"]},{}]}"#, "Empty objects are not allowed", 28),
        (
            r#"{"$or":[{"prefix":["a"]},{"source":["b"]}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
            20,
        ),
        (
            r#"{"detail":{"$or":[{"nested":{"$or":["x"]}},{"v":["x"]}]}}"#,
            "Only JSON object is allowed in array of $or relationship.",
            38,
        ),
    ];
    for (pattern, reason, column) in cases {
        check(pattern, Some((reason, Some(column))));
    }
    for (name, column) in [
        ("prefix", 40),
        ("suffix", 40),
        ("numeric", 41),
        ("exists", 40),
        ("cidr", 38),
        ("wildcard", 42),
        ("equals-ignore-case", 52),
        ("anything-but", 46),
        ("exactly", 41),
    ] {
        let pattern = format!(r#"{{"detail":{{"$or":[{{"nested":{{"{name}":["x"]}}}},{{"v":["x"]}}]}}}}"#);
        let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside $or.");
        check(&pattern, Some((&reason, Some(column))));
    }
}

#[test]
fn lists_are_refused_in_aws_words() {
    let cases = [
        ("[]", "Empty arrays are not allowed", Some(18)),
        ("[[1]]", "Match value must be String, number, true, false, or null", Some(18)),
        (r#"[{"prefix":1}]"#, "prefix match pattern must be a string", Some(28)),
        (r#"[{"prefix":["a"]}]"#, "prefix match pattern must be a string", Some(28)),
        (r#"[{"prefix":"a","suffix":"z"}]"#, "Only one key allowed in match expression", Some(41)),
        (r#"[{"prefix":"a","prefix":"b"}]"#, "Only one key allowed in match expression", Some(41)),
        ("[{}]", "Match expression name not found", Some(19)),
        (r#"[{"unknown":"x"}]"#, "Unrecognized match type unknown", Some(29)),
        (r#"[{"exists":1}]"#, "exists match pattern must be either true or false.", Some(28)),
        (
            r#"[{"anything-but":[]}]"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
            Some(35),
        ),
        (
            r#"[{"anything-but":[1,"a"]}]"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
            Some(40),
        ),
        (
            r#"[{"anything-but":true}]"#,
            "Value of anything-but must be an array or single string/number value.",
            Some(37),
        ),
        (
            r#"[{"anything-but":null}]"#,
            "Value of anything-but must be an array or single string/number value.",
            Some(37),
        ),
        (r#"[{"anything-but":{"prefix":""}}]"#, "Null prefix/suffix not allowed", Some(45)),
        (r#"[{"prefix":{"equals-ignore-case":["a"]}}]"#, "equals-ignore-case match pattern must be a string", Some(50)),
        (r#"[{"wildcard":"a**b"}]"#, "Consecutive wildcard characters at pos 2", Some(35)),
        (r#"[{"wildcard":"a\\qb"}]"#, "Invalid escape character at pos 2", Some(36)),
        (r#"[{"wildcard":"a\\"}]"#, "Invalid escape character at pos 2", Some(34)),
        (r#"[{"cidr":"10.0.0.1"}]"#, "Malformed CIDR, one '/' required", None),
        (r#"[{"cidr":"10.0.0.1/32"}]"#, "IPv4 mask bits must be < 32", None),
        (r#"[{"cidr":"2001:db8::1/128"}]"#, "IPv6 mask bits must be < 128", None),
        (r#"[{"cidr":"::ffff:192.0.2.0/120"}]"#, "Nonstandard IP address: ::ffff:192.0.2.0", None),
        (r#"[{"numeric":[]}]"#, "Invalid member in numeric match: ]", Some(30)),
        (r#"[{"numeric":["=",1,"<",3]}]"#, "Too many elements in numeric expression", Some(36)),
        (r#"[{"numeric":["<",2,">",0]}]"#, "Too many elements in numeric expression", Some(36)),
        (r#"[{"numeric":[">",0,">",1]}]"#, "Bad numeric range operator: >", Some(38)),
        (r#"[{"numeric":[">",3,"<",1]}]"#, "Bottom must be less than top", Some(41)),
        (r#"[{"numeric":[">=",1,"<=",1]}]"#, "Bottom must be less than top", Some(43)),
        (r#"[{"numeric":["!=",1]}]"#, "Unrecognized numeric range operator: !=", Some(35)),
        (r#"[{"numeric":[">","1"]}]"#, "Value of > must be numeric", Some(34)),
        (r#"[{"numeric":["=",9007199254740993]}]"#, "Cannot compare number : 9007199254740993", Some(50)),
        (r#"[{"anything-but":9007199254740993}]"#, "Cannot compare number : 9007199254740993", None),
        (r#"[{"anything-but":1.0000000000000001}]"#, "Cannot compare number : 1.0000000000000001", None),
        (r#"[{"anything-but":1e309}]"#, "Cannot compare number : 1e309", None),
        (r#"[{"anything-but":1e-400}]"#, "Cannot compare number : 1e-400", None),
    ];
    for (list, reason, column) in cases {
        check(&value(list), Some((reason, column)));
    }
    for list in [
        r#"[{"cidr":"10.0.0.1/24"}]"#,
        r#"[{"cidr":"010.0.0.0/8"}]"#,
        r#"[{"cidr":"10.0.0.1/0"}]"#,
        r#"[{"cidr":"2001:db8::1/127"}]"#,
        r#"[{"numeric":[">",5000000001]}]"#,
        r#"[{"numeric":["=",0.1234567]}]"#,
        r#"[{"numeric":["=",1e+100]}]"#,
    ] {
        check(&value(list), None);
    }
}

#[test]
fn combinations_are_counted() {
    let groups = |count: usize| {
        let group = |number: usize| format!(r#""g{number}":{{"$or":[{{"v":[1]}},{{"v":[2]}}]}}"#);
        format!(r#"{{"detail":{{{}}}}}"#, (0..count).map(group).collect::<Vec<_>>().join(","))
    };
    check(&groups(9), None);
    check(&groups(10), Some(("Or operator is producing over 1000 rule combinations", None)));
}

/// A list of wildcards.
fn wildcards(texts: impl IntoIterator<Item = String>) -> String {
    let wildcard = |text: String| format!(r#"{{"wildcard":"{text}"}}"#);
    format!("[{}]", texts.into_iter().map(wildcard).collect::<Vec<_>>().join(","))
}

fn check_complexity(pattern: &str, taken: bool) {
    check(pattern, if taken { None } else { Some((TOO_COMPLEX, None)) });
}

#[test]
fn wildcards_are_too_complex_where_aws_says_so() {
    for count in 4..8 {
        check_complexity(&value(&wildcards(["*a".repeat(count)])), count <= 5);
        check_complexity(&value(&wildcards(["*a".repeat(count) + "*"])), count <= 4);
    }
    for count in [10, 15, 50] {
        check_complexity(&value(&wildcards(["*a".repeat(count)])), false);
    }
    for count in 6..11 {
        check_complexity(&value(&wildcards([format!("*{}*", "abc".repeat(count))])), count <= 8);
    }
    for count in 1..6 {
        check_complexity(&value(&wildcards((0..count).map(|number| format!("*a{number}*")))), count <= 3);
    }
    for count in [10, 20] {
        check_complexity(&value(&wildcards((0..count).map(|_| "*a*".to_owned()))), false);
        check_complexity(&value(&wildcards([format!("*{}*", "🙂".repeat(count))])), false);
    }
    for count in 8..13 {
        check_complexity(&value(&wildcards((0..count).map(|number| format!("{number}*x")))), count <= 10);
    }
    for count in 8..12 {
        check_complexity(&value(&wildcards((0..count).map(|number| number.to_string()))), count <= 10);
        let branch = |number: usize| format!(r#"{{"value":[{{"wildcard":"{number}*x"}}]}}"#);
        let branches: Vec<String> = (0..count).map(branch).collect();
        check_complexity(&format!(r#"{{"detail":{{"$or":[{}]}}}}"#, branches.join(",")), count <= 10);
        let field = |number: usize| format!(r#""{number}":[{{"wildcard":"*a*"}}]"#);
        let fields: Vec<String> = (0..count).map(field).collect();
        check_complexity(&format!(r#"{{"detail":{{{}}}}}"#, fields.join(",")), true);
    }
}

#[test]
fn wildcards_inside_anything_but_share_what_they_begin_with() {
    let excluding = |texts: Vec<String>| {
        let texts: Vec<String> = texts.iter().map(|text| format!(r#""{text}""#)).collect();
        value(&format!(r#"[{{"anything-but":{{"wildcard":[{}]}}}}]"#, texts.join(",")))
    };
    for (count, taken) in [(5, true), (15, false), (30, false)] {
        check_complexity(&excluding(vec!["*a".repeat(count)]), taken);
    }
    for count in 8..12 {
        check_complexity(&excluding((0..count).map(|number| format!("{number}*x")).collect()), true);
    }
    for count in [10, 20] {
        check_complexity(&excluding((0..count).map(|number| format!("*a{number}*")).collect()), false);
    }
}

#[test]
fn wildcards_add_up_only_behind_equal_clauses() {
    let complex = r#"[{"wildcard":"*a*a*a*a*a*a*a*a"}]"#;
    check_complexity(&format!(r#"{{"aaa":[{{"exists":false}}],"zzz":{complex}}}"#), true);
    check_complexity(&format!(r#"{{"aaa":{complex},"zzz":[{{"exists":false}}]}}"#), false);
    check_complexity(&format!(r#"{{"aaa":[{{"exists":true}}],"zzz":{complex}}}"#), false);
    check_complexity(&format!(r#"{{"aaa":["literal"],"zzz":{complex}}}"#), false);
    let six = |from: usize| wildcards((from..from + 6).map(|number| number.to_string()));
    let both = |one: &str, other: &str| {
        format!(r#"{{"$or":[{{"a":[{one}],"z":{}}},{{"a":[{other}],"z":{}}}]}}"#, six(0), six(6))
    };
    for (one, other) in [
        (r#"["a","b"]"#, r#"["b","a"]"#),
        (r#""a""#, r#"["a"]"#),
        (r#"{"prefix":"a"}"#, r#"{"prefix":["a"]}"#),
        (r#"{"wildcard":"a"}"#, r#"{"wildcard":["a"]}"#),
    ] {
        let excluding = |argument: &str| format!(r#"{{"anything-but":{argument}}}"#);
        check_complexity(&both(&excluding(one), &excluding(other)), false);
    }
    check_complexity(&both("1", r#"{"numeric":["=",1]}"#), false);
}

#[test]
fn values_match_as_on_aws() {
    let cases = [
        (r#"[{"equals-ignore-case":"\u00df"}]"#, r#""SS""#, true),
        (r#"[{"equals-ignore-case":"\u00df"}]"#, r#""ss""#, false),
        (r#"[{"equals-ignore-case":"\ufb00"}]"#, r#""FF""#, true),
        (r#"[{"equals-ignore-case":"\u0130"}]"#, r#""i""#, false),
        (r#"[{"equals-ignore-case":"\u0130"}]"#, r#""i\u0307""#, true),
        (r#"[{"equals-ignore-case":"\u0390"}]"#, r#""\u0399\u0308\u0301""#, true),
        (r#"[{"equals-ignore-case":"Stra\u00dfe"}]"#, r#""STRASSE""#, true),
        (r#"[{"prefix":{"equals-ignore-case":"\u00df"}}]"#, r#""SSabc""#, true),
        (r#"[{"suffix":{"equals-ignore-case":"\u00df"}}]"#, r#""abcSS""#, true),
        (r#"[{"suffix":{"equals-ignore-case":"\u0130"}}]"#, r#""abci\u0307""#, true),
        (r#"[{"prefix":{"equals-ignore-case":"\u0130"}}]"#, r#""i\u0307abc""#, true),
        (r#"[{"anything-but":{"equals-ignore-case":"\u0130"}}]"#, r#""i\u0307""#, false),
        (r#"[{"anything-but":{"equals-ignore-case":"\u00df"}}]"#, r#""SS""#, false),
        (r#"[{"equals-ignore-case":"K"}]"#, r#""\u212a""#, false),
        ("[9007199254740993]", "9007199254740992", false),
        ("[9007199254740993]", "9007199254740993", true),
        (r#"[{"anything-but":"a"}]"#, r#"[["a"],["b"]]"#, true),
        (r#"[{"anything-but":"a"}]"#, "[]", false),
        (r#"[{"cidr":"010.0.0.0/8"}]"#, "1", false),
    ];
    for (list, seen, expected) in cases {
        let pattern = Pattern::parse(&value(list), Dialect::Bus).expect("AWS takes it");
        assert_eq!(pattern.matches_json(value(seen).as_bytes()), Ok(expected), "{list} on {seen}");
    }
}

/// Where AWS's answer is a plain defect, ours differs on purpose, and the documentation says so.
#[test]
fn defects_of_aws_are_not_repeated() {
    let cases = [
        // On AWS, networks of one version hold addresses of the other, and those of no bits hold numbers too.
        (r#"[{"cidr":"10.0.0.0/8"}]"#, r#""a00::1""#, true),
        (r#"[{"cidr":"::/0"}]"#, r#""10.0.0.1""#, true),
        (r#"[{"cidr":"0.0.0.0/0"}]"#, r#""2001:db8::1""#, true),
        (r#"[{"cidr":"10.0.0.1/0"}]"#, "1", true),
        (r#"[{"cidr":"2001:db8::/0"}]"#, "1", true),
        // On AWS, characters beyond the basic plane are question marks to it.
        (r#"[{"equals-ignore-case":"\ud83d\ude00"}]"#, r#""\ud83d\ude00""#, false),
        (r#"[{"equals-ignore-case":"\ud83d\ude00"}]"#, r#""??""#, true),
    ];
    for (list, seen, on_aws) in cases {
        let pattern = Pattern::parse(&value(list), Dialect::Bus).expect("AWS takes it");
        assert_eq!(pattern.matches_json(value(seen).as_bytes()), Ok(!on_aws), "{list} on {seen}");
    }
}
