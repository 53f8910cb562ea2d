//! What people are told about why a pattern matched or did not.

use pattern::{Conflict, Dialect, Explanation, Pattern, Replaced};

fn explain(pattern: &str, event: &str) -> Explanation {
    let pattern = Pattern::parse(pattern, Dialect::Bus).expect("the pattern is valid");
    pattern.explain_json(event.as_bytes()).expect("the event is valid")
}

#[test]
fn each_clause_tells_its_path_its_alternatives_and_what_was_seen() {
    let pattern = r#"{"eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {"status": {"S": ["shipped", {"prefix": "ship"}]}, "test": {"BOOL": [{"exists": false}]}}}}"#;
    let event = r#"{"eventName": "MODIFY", "dynamodb": {"NewImage": {"status": {"S": "pending"}}}}"#;
    let explanation = explain(pattern, event);
    assert!(!explanation.matched);
    let [branch] = &explanation.branches[..] else { panic!("{explanation:?}") };
    assert!(!branch.holds);
    assert_eq!(branch.conflict, None);
    let clauses: Vec<_> = explanation.clauses_of(branch).collect();
    let summary: Vec<_> =
        clauses.iter().map(|clause| (clause.path.as_str(), clause.holds, clause.seen.as_slice())).collect();
    let pending = ["\"pending\"".to_owned()];
    let modify = ["\"MODIFY\"".to_owned()];
    assert_eq!(
        summary,
        [
            ("dynamodb.NewImage.status.S", false, &pending[..]),
            ("dynamodb.NewImage.test.BOOL", true, &[][..]),
            ("eventName", true, &modify[..]),
        ]
    );
    assert_eq!(clauses[0].alternatives, [r#""shipped""#, r#"{"prefix": "ship"}"#]);
    assert_eq!(
        explanation.reasons(),
        [r#"dynamodb.NewImage.status.S is "pending", the pattern wants "shipped" or a string that begins with "ship""#]
    );
    insta::assert_snapshot!(explanation, @r#"
    does not match
    ├─ ok eventName is "MODIFY", as the pattern wants: "INSERT" or "MODIFY"
    └─ no dynamodb.NewImage
       ├─ no status.S is "pending", the pattern wants "shipped" or a string that begins with "ship"
       └─ ok test.BOOL is absent, as it must be
    "#);
}

#[test]
fn every_operator_has_words() {
    let cases = [
        (r#""x""#, r#""x""#),
        (r#""a\"b\\c\n""#, r#""a\"b\\c\n""#),
        ("1.50", "the number 1.50"),
        ("true", "true"),
        ("null", "null"),
        (r#""10.0.0.1""#, r#"the address "10.0.0.1""#),
        (r#"{"exactly":"x"}"#, r#""x""#),
        (r#"{"prefix":"x"}"#, r#"a string that begins with "x""#),
        (r#"{"prefix":{"equals-ignore-case":"x"}}"#, r#"a string that begins with "x" in any case"#),
        (r#"{"suffix":"x"}"#, r#"a string that ends with "x""#),
        (r#"{"suffix":{"equals-ignore-case":"x"}}"#, r#"a string that ends with "x" in any case"#),
        (r#"{"equals-ignore-case":"x"}"#, r#""x" in any case"#),
        (r#"{"wildcard":"x*"}"#, r#"a string like "x*""#),
        (r#"{"numeric":["=",5]}"#, "a number equal to 5"),
        (r#"{"numeric":[">",5]}"#, "a number > 5"),
        (r#"{"numeric":["<=",5]}"#, "a number <= 5"),
        (r#"{"numeric":[">=",1,"<",5]}"#, "a number >= 1 and < 5"),
        (r#"{"cidr":"10.0.0.0/8"}"#, "an address in 10.0.0.0/8"),
        (r#"{"exists":true}"#, "any value"),
        (r#"{"exists":false}"#, "it to be absent"),
        (r#"{"anything-but":["x","y"]}"#, r#"anything but "x" or "y""#),
        (r#"{"anything-but":[1,2]}"#, "anything but the number 1 or 2"),
        (r#"{"anything-but":{"prefix":"x"}}"#, r#"anything that does not begin with "x""#),
        (r#"{"anything-but":{"suffix":"x"}}"#, r#"anything that does not end with "x""#),
        (r#"{"anything-but":{"equals-ignore-case":"x"}}"#, r#"anything but "x" in any case"#),
        (r#"{"anything-but":{"wildcard":"*x"}}"#, r#"anything that is not like "*x""#),
    ];
    for (alternative, words) in cases {
        let sentence = explain(&format!(r#"{{"a":["-",{alternative}]}}"#), r#"{"a":"-"}"#).clauses[0].sentence.clone();
        assert_eq!(sentence, format!(r#"a is "-", as the pattern wants: "-" or {words}"#));
    }
}

/// What is nearly right is said, and nothing if there is nothing to say.
#[test]
fn a_clause_that_fails_comes_with_advice() {
    const N: &str = "DynamoDB's N holds a string, and a string is never equal to a number or compared with one";
    const STRING: &str = "a string is never equal to a number or compared with one";
    let cases = [
        // The value is nearly what is wanted.
        (r#"{"a":["x"]}"#, r#"{"a":"X"}"#, "only the case differs"),
        (r#"{"a":[{"prefix":"Ab"}]}"#, r#"{"a":"abc"}"#, "only the case differs"),
        (r#"{"a":[{"suffix":"bC"}]}"#, r#"{"a":"abc"}"#, "only the case differs"),
        (r#"{"a":[{"wildcard":"A*C"}]}"#, r#"{"a":"abc"}"#, "only the case differs"),
        (r#"{"a":["x"]}"#, r#"{"a":" x"}"#, "it has blanks at an end, which count"),
        (r#"{"a":["x*"]}"#, r#"{"a":"xy"}"#, r#"in a plain string `*` is just an asterisk; write {"wildcard": "x*"}"#),
        (r#"{"a":["x","y"]}"#, r#"{"a":"Y"}"#, r#"for "y": only the case differs"#),
        (r#"{"a":["x"]}"#, r#"{"a":"z"}"#, ""),
        (r#"{"a":[true]}"#, r#"{"a":false}"#, ""),
        // The type is another one.
        (r#"{"a":{"N":[{"numeric":[">",1000]}]}}"#, r#"{"a":{"N":"1500"}}"#, N),
        (r#"{"a":{"N":[1500.0]}}"#, r#"{"a":{"N":"1500"}}"#, &format!("{N}; write \"1500\"")),
        (r#"{"a":[1]}"#, r#"{"a":"x"}"#, STRING),
        (r#"{"a":["1"]}"#, r#"{"a":1}"#, r#"it is the number 1, not the string "1""#),
        (r#"{"a":["x"]}"#, r#"{"a":1}"#, "it is a number, not a string"),
        (r#"{"a":[1]}"#, r#"{"a":null}"#, "it is null, not a number"),
        (r#"{"a":[true]}"#, r#"{"a":"true"}"#, r#"it is the string "true", not true itself"#),
        (r#"{"a":[null]}"#, r#"{"a":""}"#, "it is a string, not null"),
        (r#"{"a":[{"wildcard":"*"}]}"#, r#"{"a":1}"#, "it is a number; this operator is for strings only"),
        // Numbers that no double holds, and bounds.
        (
            r#"{"a":[{"numeric":[">",0]}]}"#,
            r#"{"a":9007199254740993}"#,
            "no double holds this number exactly, so it is compared with nothing",
        ),
        (
            r#"{"a":[9007199254740993]}"#,
            r#"{"a":9007199254740992}"#,
            "no double holds 9007199254740993 exactly, so only the same spelling equals it",
        ),
        (r#"{"a":[{"numeric":[">",5]}]}"#, r#"{"a":5.0}"#, "the bound itself is excluded"),
        (r#"{"a":[{"numeric":[">",5]}]}"#, r#"{"a":4}"#, ""),
        // Addresses.
        (r#"{"a":["10.0.0.1"]}"#, r#"{"a":"localhost"}"#, "it is no IP address"),
        (
            r#"{"a":[{"exactly":"10.0.0.1"}]}"#,
            r#"{"a":"10.0.0.01"}"#,
            "it is the same address in another spelling, which `exactly` does not accept",
        ),
        (r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, r#"{"a":"::1"}"#, "an IPv6 address is in no IPv4 network"),
        (r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, r#"{"a":"x"}"#, "it is no IP address"),
        // What is excluded, and what must not be there.
        (r#"{"a":[{"anything-but":["x","y"]}]}"#, r#"{"a":"y"}"#, ""),
        (r#"{"a":[{"anything-but":{"prefix":["x","y"]}}]}"#, r#"{"a":"yes"}"#, r#"what begins with "y" is excluded"#),
        (r#"{"a":[{"anything-but":{"wildcard":"*e*"}}]}"#, r#"{"a":"yes"}"#, r#"what is like "*e*" is excluded"#),
        (r#"{"a":[{"exists":false}]}"#, r#"{"a":null}"#, ""),
        // There is no value.
        (r#"{"a":{"total":["x"]}}"#, r#"{"a":{"id":1,"status":2}}"#, "a has no `total`; it has: id, status"),
        (r#"{"a":[{"exists":true}]}"#, r#"{}"#, "the event has no `a`; it is empty"),
        (
            r#"{"a":{"z":[1]}}"#,
            r#"{"a":{"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}}"#,
            "a has no `z`; it has: b, c, d, e, f, g and 2 more",
        ),
        (
            r#"{"a":{"Status":["x"]}}"#,
            r#"{"a":{"status":"y"}}"#,
            "there is `status`, and names are compared with their case, so it is not `Status`",
        ),
        (r#"{"a":{"b":{"c":[1]}}}"#, r#"{"a":{"b":"x"}}"#, "a.b is a string, so nothing is inside it"),
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":{"S":"x"}}"#, "there are values inside it, under: S"),
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":[{"S":"x"},{"S":"y"}]}"#, "there are values inside them, under: S"),
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":{}}"#, "it is empty, so there is no value inside it either"),
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":[]}"#, "it is an empty array, which has no value"),
        (r#"{"a":{"b":[1]}}"#, r#"{"a":[{"c":1}]}"#, "a[0] has no `b`; it has: c"),
        (
            r#"{"a":[{"anything-but":"x"}]}"#,
            r#"{"b":1}"#,
            r#"`anything-but` wants a value; add {"exists": false} for when there is none"#,
        ),
        // Stream records.
        (
            r#"{"dynamodb":{"OldImage":{"s":{"S":["x"]}}}}"#,
            r#"{"eventName":"INSERT","dynamodb":{"NewImage":{"s":{"S":"y"}}}}"#,
            "an INSERT has no OldImage",
        ),
        (
            r#"{"dynamodb":{"NewImage":{"s":{"S":["x"]}}}}"#,
            r#"{"eventName":"REMOVE","dynamodb":{"OldImage":{"s":{"S":"x"}}}}"#,
            "a REMOVE has no NewImage",
        ),
        (
            r#"{"dynamodb":{"NewImage":{"s":{"S":["x"]}}}}"#,
            r#"{"eventName":"MODIFY","dynamodb":{"Keys":{}}}"#,
            "this record has no NewImage",
        ),
        (
            r#"{"dynamodb":{"NewImage":{"s":{"S":["x"]}}}}"#,
            r#"{"dynamodb":{"NewImage":{"s":{"N":"1"}}}}"#,
            "s has no `S`; it has: N",
        ),
        // The value is somewhere else.
        (
            r#"{"status":["x"]}"#,
            r#"{"status":"y","detail":[{"status":"x"}]}"#,
            "detail[0].status has what is wanted here",
        ),
        (
            r#"{"status":["x"]}"#,
            r#"{"detail":{"status":"x"}}"#,
            "the event has no `status`; it has: detail; detail.status has what is wanted here",
        ),
    ];
    for (pattern, event, advice) in cases {
        let explanation = explain(pattern, event);
        assert!(!explanation.matched, "{pattern} on {event}");
        let leaves = explanation.tree.leaves();
        assert_eq!(leaves[0].why_not.as_deref().unwrap_or_default(), advice, "{pattern} on {event}");
        let [reason] = &explanation.reasons()[..] else { panic!("{explanation}") };
        assert_eq!(reason.ends_with(&format!(" ({advice})")), !advice.is_empty(), "{reason}");
    }
}

#[test]
fn values_in_different_elements_are_a_conflict() {
    let explanation = explain(r#"{"a":{"x":[1],"y":[2]}}"#, r#"{"a":[{"x":1,"y":0},{"x":0,"y":2}]}"#);
    assert!(!explanation.matched);
    assert!(explanation.clauses.iter().all(|clause| clause.holds));
    assert_eq!(explanation.branches[0].conflict, Some(Conflict::DifferentElements));
    let conflict =
        "each field matches by itself, but in different elements: a.x at a[0].x, a.y at a[1].y; no element has both";
    assert_eq!(explanation.reasons(), [conflict]);
    insta::assert_snapshot!(explanation, @"
    does not match
    ├─ ok a
    │  ├─ ok x has the values 1 (element 0), 0 (element 1), as the pattern wants: the number 1
    │  └─ ok y has the values 0 (element 0), 2 (element 1), as the pattern wants: the number 2
    └─ no each field matches by itself, but in different elements: a.x at a[0].x, a.y at a[1].y; no element has both
    ");
    // No two of these three are enough to show it.
    let explanation =
        explain(r#"{"a":{"x":[1],"y":[2],"z":[3]}}"#, r#"{"a":[{"x":1,"y":2},{"y":2,"z":3},{"x":1,"z":3}]}"#);
    insta::assert_snapshot!(explanation.reasons()[0], @"each field matches by itself, but no one choice of array elements has all of these values: a.x at a[0].x, a[2].x; a.y at a[0].y, a[1].y; a.z at a[1].z, a[2].z");
}

#[test]
fn each_branch_of_or_is_told_and_the_closest_gives_the_reasons() {
    let explanation =
        explain(r#"{"s":[1],"$or":[{"x":[1],"y":[1]},{"z":[{"exists":true}]}]}"#, r#"{"s":1,"x":2,"y":[2,3]}"#);
    insta::assert_snapshot!(explanation, @"
    does not match
    ├─ ok s is 1, as the pattern wants: the number 1
    └─ no one of these 2 ($or)
       ├─ no 1: all of
       │  ├─ no x is 2, the pattern wants the number 1
       │  └─ no y has the values 2, 3, the pattern wants the number 1
       └─ no 2: z is absent, the pattern wants any value
             the event has no `z`; it has: s, x, y
    ");
    assert_eq!(
        explanation.reasons(),
        ["z is absent, the pattern wants any value (the event has no `z`; it has: s, x, y)"]
    );
    let failing: Vec<String> = explanation.tree.failing_lines().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(failing.join("\n"), @"
    └─ no one of these 2 ($or)
       ├─ no 1: all of
       │  ├─ no x is 2, the pattern wants the number 1
       │  └─ no y has the values 2, 3, the pattern wants the number 1
       └─ no 2: z is absent, the pattern wants any value
             the event has no `z`; it has: s, x, y
    ");
    let explanation = explain(r#"{"$or":[{"x":[1]},{"y":[2]}]}"#, r#"{"y":2}"#);
    assert!(explanation.matched);
    assert_eq!(explanation.branches.iter().map(|branch| branch.holds).collect::<Vec<_>>(), [false, true]);
    assert_eq!(explanation.failures().count(), 0);
    assert_eq!(explanation.tree.failing_lines(), []);
}

#[test]
fn a_stream_record_is_drawn_in_the_shape_of_the_pattern() {
    let pattern = r#"{
        "eventName": ["MODIFY", "insert"],
        "dynamodb": {
            "OldImage": {"status": {"S": ["pending"]}},
            "NewImage": {
                "status": {"S": ["shipped"]},
                "amount": {"N": [{"numeric": [">", 1000]}]},
                "lines": {"L": {"M": {"sku": {"S": [{"prefix": "A-"}]}}}},
                "$or": [{"test": {"BOOL": [false]}}, {"test": {"BOOL": [{"exists": false}]}, "kind": {"S": ["x"]}}]
            }
        }
    }"#;
    let event = r#"{
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {"id": {"S": "1"}},
            "NewImage": {
                "status": {"S": "Shipped"},
                "amount": {"N": "1500"},
                "lines": {"L": [{"M": {"sku": {"S": "A-1"}}}, {"M": {"sku": {"S": "B-1"}}}]},
                "test": {"BOOL": true}
            }
        }
    }"#;
    insta::assert_snapshot!(explain(pattern, event), @r#"
    does not match
    ├─ no eventName is "INSERT", the pattern wants "MODIFY" or "insert"
    │     for "insert": only the case differs
    └─ no dynamodb
       ├─ no OldImage.status.S is absent, the pattern wants "pending"
       │     an INSERT has no OldImage
       └─ no NewImage
          ├─ no status.S is "Shipped", the pattern wants "shipped"
          │     only the case differs
          ├─ no amount.N is "1500", the pattern wants a number > 1000
          │     DynamoDB's N holds a string, and a string is never equal to a number or compared with one
          ├─ ok lines.L.M.sku.S has the values "A-1" (element 0), "B-1" (element 1), as the pattern wants: a string that begins with "A-"
          └─ no one of these 2 ($or)
             ├─ no 1: test.BOOL is true, the pattern wants false
             └─ no 2: all of
                ├─ no test.BOOL is true, but must be absent
                └─ no kind.S is absent, the pattern wants "x"
                      NewImage has no `kind`; it has: status, amount, lines, test
    "#);
}

#[test]
fn a_clause_that_is_replaced_is_told_as_such() {
    insta::assert_snapshot!(explain(r#"{"x":[1],"y":[2],"x":[3]}"#, r#"{"x":3,"y":2}"#), @"
    matches
    ├─ -- x is 3, the pattern wants the number 1
    │     does not count: a later clause is for the same path, and the last one counts
    ├─ ok y is 2, as the pattern wants: the number 2
    └─ ok x is 3, as the pattern wants: the number 3
    ");
    // The first x counts in the second branch only.
    let pattern = r#"{"x":[1],"$or":[{"x":[2]},{"y":[3]}]}"#;
    insta::assert_snapshot!(explain(pattern, r#"{"x":2}"#), @"
    matches
    ├─ -- x is 2, the pattern wants the number 1
    │     counts only where no later clause is for the same path
    └─ ok one of these 2 ($or)
       ├─ ok 1: x is 2, as the pattern wants: the number 2
       └─ no 2: y is absent, the pattern wants the number 3
             the event has no `y`; it has: x
    ");
    insta::assert_snapshot!(explain(pattern, r#"{"x":5,"y":3}"#), @"
    does not match
    ├─ no x is 5, the pattern wants the number 1
    │     counts only where no later clause is for the same path
    └─ ok one of these 2 ($or)
       ├─ no 1: x is 5, the pattern wants the number 2
       └─ ok 2: y is 3, as the pattern wants: the number 3
    ");
    let explanation = explain(pattern, r#"{"x":2}"#);
    let told: Vec<_> = explanation.tree.leaves().iter().map(|leaf| (leaf.replaced, leaf.asked, leaf.holds)).collect();
    assert_eq!(
        told,
        [(Replaced::Sometimes, false, false), (Replaced::Never, true, true), (Replaced::Never, true, false)]
    );
}

#[test]
fn the_tree_as_json_says_the_same() {
    let explanation = explain(
        r#"{"a":{"x":["b"],"y":[2]},"$or":[{"k":[1]},{"k":[2]}]}"#,
        r#"{"a":[{"x":"b","y":0},{"x":"B","y":2}],"k":1}"#,
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&explanation).unwrap(), @r#"
    {
      "matched": false,
      "reasons": [
        "each field matches by itself, but in different elements: a.x at a[0].x, a.y at a[1].y; no element has both"
      ],
      "tree": {
        "kind": "all",
        "key": null,
        "holds": false,
        "pieces": [
          {
            "kind": "all",
            "key": "a",
            "holds": true,
            "pieces": [
              {
                "kind": "clause",
                "key": "x",
                "path": "a.x",
                "holds": true,
                "asked": true,
                "replaced": "never",
                "alternatives": [
                  {
                    "text": "\"b\"",
                    "wants": "\"b\"",
                    "holds": true,
                    "whyNot": null
                  }
                ],
                "seen": [
                  {
                    "place": "a[0].x",
                    "value": "\"b\"",
                    "holds": true
                  },
                  {
                    "place": "a[1].x",
                    "value": "\"B\"",
                    "holds": false
                  }
                ],
                "seenCount": 2,
                "sentence": "a.x has the values \"b\" (element 0), \"B\" (element 1), as the pattern wants: \"b\"",
                "whyNot": null
              },
              {
                "kind": "clause",
                "key": "y",
                "path": "a.y",
                "holds": true,
                "asked": true,
                "replaced": "never",
                "alternatives": [
                  {
                    "text": "2",
                    "wants": "the number 2",
                    "holds": true,
                    "whyNot": null
                  }
                ],
                "seen": [
                  {
                    "place": "a[0].y",
                    "value": "0",
                    "holds": false
                  },
                  {
                    "place": "a[1].y",
                    "value": "2",
                    "holds": true
                  }
                ],
                "seenCount": 2,
                "sentence": "a.y has the values 0 (element 0), 2 (element 1), as the pattern wants: the number 2",
                "whyNot": null
              }
            ],
            "together": null
          },
          {
            "kind": "any",
            "holds": true,
            "ways": [
              {
                "kind": "all",
                "key": null,
                "holds": true,
                "pieces": [
                  {
                    "kind": "clause",
                    "key": "k",
                    "path": "k",
                    "holds": true,
                    "asked": true,
                    "replaced": "never",
                    "alternatives": [
                      {
                        "text": "1",
                        "wants": "the number 1",
                        "holds": true,
                        "whyNot": null
                      }
                    ],
                    "seen": [
                      {
                        "place": "k",
                        "value": "1",
                        "holds": true
                      }
                    ],
                    "seenCount": 1,
                    "sentence": "k is 1, as the pattern wants: the number 1",
                    "whyNot": null
                  }
                ],
                "together": null
              },
              {
                "kind": "all",
                "key": null,
                "holds": false,
                "pieces": [
                  {
                    "kind": "clause",
                    "key": "k",
                    "path": "k",
                    "holds": false,
                    "asked": true,
                    "replaced": "never",
                    "alternatives": [
                      {
                        "text": "2",
                        "wants": "the number 2",
                        "holds": false,
                        "whyNot": null
                      }
                    ],
                    "seen": [
                      {
                        "place": "k",
                        "value": "1",
                        "holds": false
                      }
                    ],
                    "seenCount": 1,
                    "sentence": "k is 1, the pattern wants the number 2",
                    "whyNot": null
                  }
                ],
                "together": null
              }
            ]
          }
        ],
        "together": {
          "clauses": [
            {
              "path": "a.x",
              "places": [
                "a[0].x"
              ]
            },
            {
              "path": "a.y",
              "places": [
                "a[1].y"
              ]
            }
          ],
          "sentence": "each field matches by itself, but in different elements: a.x at a[0].x, a.y at a[1].y; no element has both"
        }
      },
      "clauses": [
        {
          "path": "a.x",
          "holds": true,
          "wants": [
            "\"b\""
          ],
          "seen": [
            "\"b\"",
            "\"B\""
          ],
          "seenCount": 2,
          "sentence": "a.x has the values \"b\" (element 0), \"B\" (element 1), as the pattern wants: \"b\""
        },
        {
          "path": "a.y",
          "holds": true,
          "wants": [
            "2"
          ],
          "seen": [
            "0",
            "2"
          ],
          "seenCount": 2,
          "sentence": "a.y has the values 0 (element 0), 2 (element 1), as the pattern wants: the number 2"
        },
        {
          "path": "k",
          "holds": true,
          "wants": [
            "1"
          ],
          "seen": [
            "1"
          ],
          "seenCount": 1,
          "sentence": "k is 1, as the pattern wants: the number 1"
        },
        {
          "path": "k",
          "holds": false,
          "wants": [
            "2"
          ],
          "seen": [
            "1"
          ],
          "seenCount": 1,
          "sentence": "k is 1, the pattern wants the number 2"
        }
      ],
      "branches": [
        {
          "holds": false,
          "clauses": [
            0,
            1,
            2
          ],
          "together": {
            "clauses": [
              {
                "path": "a.x",
                "places": [
                  "a[0].x"
                ]
              },
              {
                "path": "a.y",
                "places": [
                  "a[1].y"
                ]
              }
            ],
            "sentence": "each field matches by itself, but in different elements: a.x at a[0].x, a.y at a[1].y; no element has both"
          }
        },
        {
          "holds": false,
          "clauses": [
            0,
            1,
            3
          ],
          "together": null
        }
      ]
    }
    "#);
}

#[test]
fn what_is_said_is_bounded_however_large_the_event_is() {
    let long = "k".repeat(100_000);
    let fields: Vec<String> = (0..20_000).map(|index| format!(r#""{long}{index}":1"#).split_off(99_000)).collect();
    let elements: Vec<String> = (0..20_000).map(|index| format!(r#"{{"x":{index}}}"#)).collect();
    let event = format!(
        r#"{{"a":{{{}}},"b":[{}],"c":"{long}","{long}":{{"d":"{long}"}}}}"#,
        fields.iter().map(|field| format!("\"{field}")).collect::<Vec<_>>().join(","),
        elements.join(",")
    );
    let explanation = explain(r#"{"a":{"z":["x"]},"b":{"x":["y"]},"c":["z"],"d":[{"prefix":"k"}]}"#, &event);
    assert!(!explanation.matched);
    let (text, json) = (explanation.to_string(), serde_json::to_string(&explanation).unwrap());
    assert!(text.chars().count() < 5_000, "{text}");
    assert!(json.chars().count() < 15_000, "{json}");
}

#[test]
fn long_values_are_cut_and_many_are_counted() {
    let values: Vec<String> = (0..25).map(|value| value.to_string()).collect();
    let explanation =
        explain(r#"{"a":[99],"b":["x"]}"#, &format!(r#"{{"a":[{}],"b":"{}"}}"#, values.join(","), "é".repeat(500)));
    assert_eq!((explanation.clauses[0].seen.len(), explanation.clauses[0].seen_count), (10, 25));
    assert!(
        explanation.clauses[0].sentence.starts_with("a has the values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 15 more, the")
    );
    assert_eq!(explanation.clauses[1].seen, [format!("\"{}…\"", "é".repeat(120))]);
}

#[test]
fn a_clause_that_was_replaced_is_not_in_the_list() {
    let explanation = explain(r#"{"a":[1],"b":[2],"a":[3]}"#, r#"{"a":3,"b":2}"#);
    let paths: Vec<_> =
        explanation.clauses.iter().map(|clause| (clause.path.as_str(), clause.alternatives[0].as_str())).collect();
    assert_eq!(paths, [("b", "2"), ("a", "3")]);
    assert!(explanation.matched);
}

#[test]
fn of_many_alternatives_some_are_told_and_the_others_counted() {
    let numbers: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let explanation = explain(&format!(r#"{{"a":[{}]}}"#, numbers.join(",")), r#"{"a":"x"}"#);
    let sentence = &explanation.tree.leaves()[0].sentence;
    assert!(sentence.ends_with(" or the number 9 or one of 490 more"), "{sentence}");
    assert_eq!(explanation.clauses[0].alternatives.len(), 500);
}

#[test]
fn the_deepest_pattern_is_told_on_a_small_stack() {
    let test = || {
        let deep = |inner: &str| format!("{}{inner}{}", r#"{"x":[1],"a":"#.repeat(254), "}".repeat(254));
        let explanation = explain_unlimited(&deep("[2]"), &deep("2").replace("[1]", "1"));
        assert!(explanation.matched);
        assert_eq!(explanation.to_string().lines().count(), 1 + 254 + 254);
        let json = serde_json::to_string(&explanation).unwrap();
        assert_eq!(json.matches(r#""kind":"all""#).count(), 254);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

fn explain_unlimited(pattern: &str, event: &str) -> Explanation {
    let pattern = Pattern::parse_unlimited(pattern, Dialect::Bus).expect("the pattern is valid");
    pattern.explain_json(event.as_bytes()).expect("the event is valid")
}

#[test]
fn what_is_no_value_is_not_called_absent() {
    let cases = [
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":{"b":1}}"#, "a is an object, not a value, the pattern wants any value"),
        (
            r#"{"a":[{"exists":true}]}"#,
            r#"{"a":[{"b":1}]}"#,
            "a holds objects, not a value, the pattern wants any value",
        ),
        (r#"{"a":["x"]}"#, r#"{"a":[]}"#, r#"a is an empty array, not a value, the pattern wants "x""#),
        (r#"{"a":["x"]}"#, r#"{}"#, r#"a is absent, the pattern wants "x""#),
        (
            r#"{"a":[{"exists":false}]}"#,
            r#"{"a":[{"b":1}]}"#,
            "a holds objects, not a value, which counts as absent, as it must be",
        ),
        (r#"{"a":[{"exists":false}]}"#, "{}", "a is absent, as it must be"),
        (r#"{"a":[{"exists":false}]}"#, r#"{"a":1}"#, "a is 1, but must be absent"),
        (r#"{"a":[{"exists":false},"x"]}"#, r#"{"a":1}"#, r#"a is 1, the pattern wants it to be absent or "x""#),
    ];
    for (pattern, event, sentence) in cases {
        let said = explain(pattern, event).clauses[0].sentence.clone();
        let (said, _advice) = said.split_once(" (").unwrap_or((&said, ""));
        assert_eq!(said, sentence, "{pattern} on {event}");
    }
}
