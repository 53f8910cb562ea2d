//! What is read, what is refused and in which words. The words are those that AWS answers with; the orders in which
//! faults are found follow what was seen of it.

mod model;

use super::*;
use crate::{AttributeType, Comparison, KeyTest, Operand, Step};
use proptest::prelude::*;
use types::{Item, Number, Value};

/// Names `#a` to `#d` and values of every type, `:s` to `:bs`.
pub(super) fn names() -> Names {
    let names = [("#a", "a"), ("#c", "c"), ("#d", "[3]"), ("#dot", "a.b"), ("#status", "status")];
    let n = |number: u64| Value::N(Number::from(number));
    let values = [
        (":s", "S".into()),
        (":t", "b".into()),
        (":n", n(1)),
        (":m", n(9)),
        (":b", Value::B((*b"b").into())),
        (":bool", true.into()),
        (":null", Value::Null),
        (":map", Value::M(Item::new())),
        (":list", Value::L(vec![n(1), n(2)])),
        (":ss", Value::Ss(vec!["x".into()])),
        (":ns", Value::Ns(vec![1u64.into()])),
        (":bs", Value::Bs(vec![(*b"x").into()])),
    ];
    let owned = |(alias, name): (&str, &str)| (alias.to_owned(), name.to_owned());
    Names::new(names.map(owned), values.map(|(alias, value)| (alias.to_owned(), value)))
}

fn path(attribute: &str, steps: &[Step]) -> Path {
    Path { attribute: attribute.into(), steps: steps.to_vec() }
}

fn field(name: &str) -> Step {
    Step::Field(name.into())
}

#[test]
fn conditions_are_understood() {
    let p = |name: &str| Operand::Path(Path::from(name));
    let n = |number: u64| Operand::Value(Value::N(number.into()));
    let eq = |name: &str| Condition::Compare(p(name), Comparison::Equal, n(1));
    let not = |condition| Condition::Not(Box::new(condition));
    let deep = path("a", &[field("b"), Step::Index(0), field("a.b"), Step::Index(12)]);
    let cases = [
        ("a = :n", eq("a")),
        ("  a=:n ", eq("a")),
        ("(a = :n)", eq("a")),
        ("(a) = (:n)", eq("a")),
        ("((a) = (:n))", eq("a")),
        ("a = :n and b = :n AND c = :n", Condition::And(vec![eq("a"), eq("b"), eq("c")])),
        // AND binds stronger than OR, NOT stronger than AND.
        ("a = :n OR b = :n and c = :n", Condition::Or(vec![eq("a"), Condition::And(vec![eq("b"), eq("c")])])),
        ("a = :n or b = :n OR c = :n", Condition::Or(vec![eq("a"), eq("b"), eq("c")])),
        // A path in parentheses may go on behind them.
        ("((a)[0]) = ((b)[0])", {
            let first = |name: &str| Operand::Path(path(name, &[Step::Index(0)]));
            Condition::Compare(first("a"), Comparison::Equal, first("b"))
        }),
        ("(a = :n OR b = :n) and c = :n", Condition::And(vec![Condition::Or(vec![eq("a"), eq("b")]), eq("c")])),
        ("not a = :n And b = :n", Condition::And(vec![not(eq("a")), eq("b")])),
        ("NOT (a = :n AND b = :n)", not(Condition::And(vec![eq("a"), eq("b")]))),
        ("NOT NOT a = :n", not(not(eq("a")))),
        ("a BETWEEN :n AND :m AND b = :n", Condition::And(vec![Condition::Between(p("a"), n(1), n(9)), eq("b")])),
        ("(a)between(:n)and(:m)", Condition::Between(p("a"), n(1), n(9))),
        ("a in (b, :n,(c))", Condition::In(p("a"), vec![p("b"), n(1), p("c")])),
        ("attribute_exists(a.b[0].#dot[12])", Condition::Exists(deep.clone())),
        ("attribute_exists ((a.b)[0].#dot [ 12 ])", Condition::Exists(deep)),
        ("(attribute_not_exists(#status))", Condition::NotExists(Path::from("status"))),
        ("attribute_type(a, :s)", Condition::HasType(Path::from("a"), AttributeType::S)),
        ("begins_with(a, :t)", Condition::BeginsWith(p("a"), Operand::Value("b".into()))),
        ("contains(a, b)", Condition::Contains(p("a"), p("b"))),
        ("size(a) >= :n", Condition::Compare(Operand::Size(Path::from("a")), Comparison::GreaterOrEqual, n(1))),
        // What is known is calculated at once.
        ("a > size(:list)", Condition::Compare(p("a"), Comparison::Greater, n(2))),
        ("a > size(:s)", Condition::Compare(p("a"), Comparison::Greater, n(1))),
        // A value may be held against itself; an attribute may have the name of a function.
        (":n > :n", Condition::Compare(n(1), Comparison::Greater, n(1))),
        ("size1 = :n", eq("size1")),
        ("contains = :n", Condition::Compare(p("contains"), Comparison::Equal, n(1))),
    ];
    for (text, expected) in cases {
        assert_eq!(read_condition(text, &names()), Ok(expected), "{text}");
    }
}

/// What is said of a condition.
fn condition_refused(text: &str) -> String {
    read_condition(text, &names()).expect_err(text).to_string()
}

#[test]
fn faulty_conditions_are_refused_in_awss_words() {
    let syntax = |token: &str, near: &str| format!("Syntax error; token: \"{token}\", near: \"{near}\"");
    let redundant = || "The expression has redundant parentheses;".to_owned();
    let unknown = |name: &str| format!("Invalid function name; function: {name}");
    let misused =
        |name: &str| format!("The function is not allowed to be used this way in an expression; function: {name}");
    let reserved = |name: &str| format!("Attribute name is a reserved keyword; reserved keyword: {name}");
    let undefined = |name: &str| match name.starts_with('#') {
        true => {
            format!("An expression attribute name used in the document path is not defined; attribute name: {name}")
        }
        false => format!("An expression attribute value used in expression is not defined; attribute value: {name}"),
    };
    let count = |name: &str, count: usize| {
        format!(
            "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: \
             {count}"
        )
    };
    let kind = |name: &str, kind: &str| {
        format!("Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}")
    };
    let not_path = |name: &str| format!("Operator or function requires a document path; operator or function: {name}");
    let same = |operator: &str, path: &str| {
        format!(
            "The first operand must be distinct from the remaining operands for this operator or function; operator: \
             {operator}, first operand: {path}"
        )
    };
    let foreign = |name: &str| format!("The function is not allowed in a condition expression; function: {name}");
    let cases = [
        ("", "The expression can not be empty;".to_owned()),
        (" \n", "The expression can not be empty;".to_owned()),
        ("a > 4", syntax("4", "> 4")),
        ("a", syntax("<EOF>", "a")),
        ("a = ", syntax("<EOF>", "a =")),
        ("a == :n", syntax("=", "== :n")),
        ("not so", syntax("<EOF>", "not so")),
        ("a and b = :n", syntax("and", "a and b")),
        ("attribute_exists(Pictures-RearView)", syntax("-", "Pictures-RearView")),
        ("attribute_exists(\"a.b\")", syntax("\"", "(\"a")),
        ("attribute_exists(a..b)", syntax(".", "..b")),
        ("attribute_exists(a[b])", syntax("b", "[b]")),
        ("a > between", syntax("between", "> between")),
        ("a in b, c", syntax("b", "in b,")),
        ("a in (b,c,)", syntax(")", ",)")),
        ("(a)between(b.(c.d))and(c)", syntax("(", ".(c")),
        ("a > :n.b", syntax(".", ":n.b")),
        ("b[:n] > a", syntax(":n", "[:n]")),
        ("b[#a] > a", syntax("#a", "[#a]")),
        ("b[4.5] > a", syntax(".", "4.5")),
        ("ü > a", syntax("ü", "ü >")),
        ("_a = :n", syntax("_", "_a")),
        ("(size(a)).b > a", syntax(".", ").b")),
        ("size(a)[0] > a", syntax("[", ")[0")),
        ("(a = :n", syntax("<EOF>", "= :n")),
        ("a = :n)", syntax(")", ":n)")),
        ("a = :n b = :n", syntax("b", ":n b =")),
        ("a = b = :n", syntax("=", "b = :n")),
        ("(a = :n) = :n", syntax("=", ") = :n")),
        ("f()g", syntax("g", ")g")),
        ("a > ((b))", redundant()),
        ("((a = :n))", redundant()),
        ("((a)) = :n", redundant()),
        ("(a)between(((b.c)).d)and(c)", redundant()),
        ("f((:n), ((a)))", redundant()),
        ("a=b AND ((a=b AND (a=b AND a=b)))", redundant()),
        ("a = :n AND whatever((:s)) > b", unknown("whatever")),
        // Functions are written in small letters, and unknown ones are found before anything is undefined.
        ("attRIbute_exIsts((views), #none)", unknown("attRIbute_exIsts")),
        ("f(a, size(b))", unknown("f")),
        ("if_not_exists(a, :n) = :n", foreign("if_not_exists")),
        ("a = list_append(:list, :list)", foreign("list_append")),
        ("attribute_exists(a) > b", misused("attribute_exists")),
        ("size(contains(a, b)) > a", misused("contains")),
        ("size(things)", misused("size")),
        ("NOT size(a)", misused("size")),
        ("a = :n OR size(a)", misused("size")),
        ("a between b and attribute_exists(c)", misused("attribute_exists")),
        ("a in (b, begins_with(c, d))", misused("begins_with")),
        ("attribute_exists(views, #none)", reserved("views")),
        (":none < abOrT", reserved("abOrT")),
        ("a.status.b = :n", reserved("status")),
        ("a = true", reserved("true")),
        ("attribute_exists(#none.b, :n) and a=a", undefined("#none")),
        ("begins_with(a.#None)", undefined("#None")),
        ("begins_with(:hello, #none, #nothing)", undefined(":hello")),
        (":no < :none", undefined(":no")),
        ("attribute_exists(b, a) and a=a", count("attribute_exists", 2)),
        ("attribute_type(b)", count("attribute_type", 1)),
        ("begins_with(b, size(a), c)", count("begins_with", 3)),
        ("size(b, a) > c", count("size", 2)),
        ("size() > c", count("size", 0)),
        ("contains(a)", count("contains", 1)),
        // One condition is looked at before the next.
        ("a = a AND #none = b AND :none > a", same("=", "[a]")),
        ("#a <> a", same("<>", "[a]")),
        ("((a=a) OR (a=:none))", same("=", "[a]")),
        ("contains(ab.bc[1].a, ab.bc[1].#a)", same("contains", "[ab, bc, [1], a]")),
        ("attribute_type(b.#c, b.c)", same("attribute_type", "[b, c]")),
        ("attribute_type(a, b)", kind("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")),
        ("attribute_type(a, size(b)) and a = a", kind("attribute_type", "N")),
        ("attribute_type(a, :b)", kind("attribute_type", "B")),
        ("attribute_type(:s, :s)", not_path("attribute_type")),
        ("begins_with(a, size(b)) and a = a", kind("begins_with", "N")),
        ("begins_with(:ns, a)", kind("begins_with", "NS")),
        ("begins_with(a, :bool)", kind("begins_with", "BOOL")),
        ("size(size(a)) > :n", kind("size", "N")),
        ("attribute_not_exists(size(:n))", kind("size", "N")),
        ("size(:bool) > a", kind("size", "BOOL")),
        ("size(:null) > a", kind("size", "NULL")),
        ("a < :bool", kind("<", "BOOL")),
        (":map >= a", kind(">=", "M")),
        ("a between :bool and b", kind("BETWEEN", "BOOL")),
        (
            "attribute_type(a, :t)",
            "Invalid attribute type name found; type: b, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}".to_owned(),
        ),
        ("attribute_exists(:s) and a = a", not_path("attribute_exists")),
        ("attribute_not_exists(size(:s))", not_path("attribute_not_exists")),
        (
            "a between :t and :s",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound \
             operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:S}"
                .to_owned(),
        ),
        (
            "a between :b and :n",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: \
             AttributeValue: {B:Yg==}, upper bound operand: AttributeValue: {N:1}"
                .to_owned(),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(condition_refused(text), expected, "{text}");
    }
}

#[test]
fn a_fault_knows_its_place() {
    let cases = [
        ("a = :n AND = :n", 11),
        ("a = :n AND b", 12),
        ("a = :n AND status = :n", 11),
        ("a = :n AND b = :none", 15),
        ("a = :n AND f(a)", 11),
        ("a = :n AND ((b = :n))", 11),
        ("ä", 0),
    ];
    for (text, at) in cases {
        assert_eq!(read_condition(text, &names()).expect_err(text).at, at, "{text}");
    }
}

#[test]
fn conditions_on_keys_are_understood() {
    let n = || Value::N(1u64.into());
    let key = |attribute: &str, test| KeyCondition { attribute: attribute.to_owned(), test };
    let cases = [
        ("a = :n", vec![key("a", KeyTest::Equal(n()))]),
        ("#dot = :n and :n < b", vec![key("a.b", KeyTest::Equal(n())), key("b", KeyTest::Greater(n()))]),
        ("(a = :n AND (b >= :n))", vec![key("a", KeyTest::Equal(n())), key("b", KeyTest::GreaterOrEqual(n()))]),
        ("begins_with(a, :t)", vec![key("a", KeyTest::BeginsWith("b".into()))]),
        ("a between :n and :m", vec![key("a", KeyTest::Between(n(), Value::N(9u64.into())))]),
    ];
    for (text, expected) in cases {
        assert_eq!(read_key_conditions(text, &names()), Ok(expected), "{text}");
    }
    let operator = |operator: &str| format!("Invalid operator used in KeyConditionExpression: {operator}");
    let refused = [
        ("a = :n OR b = :n", operator("OR")),
        ("a = :n AND (b = :n OR c = :n)", operator("OR")),
        ("NOT a = :n", operator("NOT")),
        ("a <> :n", operator("<>")),
        ("a IN (:n)", operator("IN")),
        ("contains(a, :s)", operator("contains")),
        ("attribute_type(a, :s)", operator("attribute_type")),
        ("a.b = :n", "KeyConditionExpressions cannot have conditions on nested attributes".to_owned()),
        ("size(a) = :n", "KeyConditionExpressions cannot contain nested operations".to_owned()),
        ("a = size(:s)", "KeyConditionExpressions cannot contain nested operations".to_owned()),
        (
            "a = b",
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition".to_owned(),
        ),
        (":n = :n", "Invalid condition in KeyConditionExpression: No key attribute specified".to_owned()),
        ("a = ", "Syntax error; token: \"<EOF>\", near: \"a =\"".to_owned()),
    ];
    for (text, expected) in refused {
        assert_eq!(read_key_conditions(text, &names()).expect_err(text).to_string(), expected, "{text}");
    }
}

#[test]
fn projections_are_understood() {
    let cases = [
        ("a", vec![path("a", &[])]),
        ("a, b.#c[0] ,#dot", vec![path("a", &[]), path("b", &[field("c"), Step::Index(0)]), path("a.b", &[])]),
        (
            "a.b, a.c, a.d[1], a.d[2]",
            vec![
                path("a", &[field("b")]),
                path("a", &[field("c")]),
                path("a", &[field("d"), Step::Index(1)]),
                path("a", &[field("d"), Step::Index(2)]),
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read_projection(text, &names()), Ok(expected), "{text}");
    }
    let two = |how: &str, one: &str, two: &str| {
        format!(
            "Two document paths {how} with each other; must remove or rewrite one of these paths; path one: {one}, \
             path two: {two}"
        )
    };
    let refused = [
        ("", "The expression can not be empty;".to_owned()),
        ("a,", "Syntax error; token: \"<EOF>\", near: \"a,\"".to_owned()),
        ("a b", "Syntax error; token: \"b\", near: \"a b\"".to_owned()),
        ("(a)", "Syntax error; token: \"(\", near: \"(a\"".to_owned()),
        ("a, :n", "Syntax error; token: \":n\", near: \", :n\"".to_owned()),
        ("a, and", "Attribute name is a reserved keyword; reserved keyword: and".to_owned()),
        (
            "#none, b",
            "An expression attribute name used in the document path is not defined; attribute name: #none".to_owned(),
        ),
        ("a, b, a", two("overlap", "[a]", "[a]")),
        ("b.a, #a, b.a[1]", two("overlap", "[b, a]", "[b, a, [1]]")),
        ("a.b, a[1]", two("conflict", "[a, b]", "[a, [1]]")),
        // What overlaps is said first, wherever it stands.
        ("a.b, a[1], c, c", two("overlap", "[c]", "[c]")),
    ];
    for (text, expected) in refused {
        assert_eq!(read_projection(text, &names()).expect_err(text).to_string(), expected, "{text}");
    }
}

#[test]
fn faulty_updates_are_refused_in_awss_words() {
    let syntax = |token: &str, near: &str| format!("Syntax error; token: \"{token}\", near: \"{near}\"");
    let two = |how: &str, one: &str, two: &str| {
        format!(
            "Two document paths {how} with each other; must remove or rewrite one of these paths; path one: {one}, \
             path two: {two}"
        )
    };
    let once = |section: &str| format!("The \"{section}\" section can only be used once in an update expression;");
    let section = |section: &str, kind: &str| {
        format!("Incorrect operand type for operator or function; operator: {section}, operand type: {kind}")
    };
    let kind = |name: &str, kind: &str| {
        format!("Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}")
    };
    let count = |name: &str, count: usize| {
        format!(
            "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: \
             {count}"
        )
    };
    let not_path = || "Operator or function requires a document path; operator or function: if_not_exists".to_owned();
    let cases = [
        ("", "The expression can not be empty;".to_owned()),
        ("whatever", syntax("whatever", "whatever")),
        ("HELLO b = :n", syntax("HELLO", "HELLO b")),
        ("set a", syntax("<EOF>", "set a")),
        ("add a", syntax("<EOF>", "add a")),
        ("set a=set", syntax("set", "=set")),
        ("remove a = b", syntax("=", "a = b")),
        ("add a b", syntax("b", "a b")),
        ("delete a f(b)", syntax("f", "a f(")),
        ("remove a b", syntax("b", "a b")),
        ("set :n = b", syntax(":n", "set :n =")),
        ("remove :n", syntax(":n", "remove :n")),
        ("set a = b / c", syntax("/", "b / c")),
        ("set a[1] = 1", syntax("1", "= 1")),
        ("set a[:n] = :n", syntax(":n", "[:n]")),
        ("SET f(a, b) = a", syntax("(", "f(a")),
        ("set (a = (b + c))", syntax("(", "set (a")),
        ("set a = (b.c).d + e", syntax(".", ").d")),
        ("set a = b + c + d", syntax("+", "c + d")),
        ("set a = (b + c) - d", syntax("-", ") - d")),
        ("SET a = if_not_exists(a, :n + :n)", syntax("+", ":n + :n")),
        ("set a = b, ", syntax("<EOF>", "b,")),
        ("set a = b, remove c", syntax("remove", ", remove c")),
        ("SET _123 = :n", syntax("_", "SET _123")),
        ("set a = ((b + c))", "The expression has redundant parentheses;".to_owned()),
        ("set a = ((b))", "The expression has redundant parentheses;".to_owned()),
        (
            "set #none = :none set abOrt = f(:n)",
            "Attribute name is a reserved keyword; reserved keyword: abOrt".to_owned(),
        ),
        ("remove Absolute", "Attribute name is a reserved keyword; reserved keyword: Absolute".to_owned()),
        ("set #none = f(:none) set b = d", "Invalid function name; function: f".to_owned()),
        ("SET a = LIST_APPEND(:list, :list)", "Invalid function name; function: LIST_APPEND".to_owned()),
        ("set a = size(b)", "The function is not allowed in an update expression; function: size".to_owned()),
        (
            "set a = list_append(list_append(:list, :list), :list)",
            "The function is not allowed to be used this way in an expression; function: list_append".to_owned(),
        ),
        ("set a = #none set b = :none", once("SET")),
        ("remove #none set a = b Remove e", once("REMOVE")),
        ("add #none :n set a = b add e :none", once("ADD")),
        ("delete a :none set b = c delete #none :none", once("DELETE")),
        (
            "SET a = :none, #none = b",
            "An expression attribute name used in the document path is not defined; attribute name: #none".to_owned(),
        ),
        (
            "SET #a = if_not_exists(:none)",
            "An expression attribute value used in expression is not defined; attribute value: :none".to_owned(),
        ),
        ("set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)", two("overlap", "[c, [1], a]", "[c]")),
        ("set c.b.#c = a, c = a, #d = a", two("overlap", "[c, b, c]", "[c]")),
        ("set a = b remove a, #c, #d", two("overlap", "[a]", "[a]")),
        ("remove c, #c.a, #d", two("overlap", "[c]", "[c, a]")),
        ("set #c[3].#d = a, #c.#d[3] = if_not_exists(a)", two("conflict", "[c, [3], [3]]", "[c, [3], [3]]")),
        ("remove a.#c set a[1] = #d", two("conflict", "[a, c]", "[a, [1]]")),
        ("set b = list_append(:s, a), c = if_not_exists(a) add a.b :s", section("ADD", "STRING")),
        ("delete a.b :s", section("DELETE", "STRING")),
        ("delete a :n", section("DELETE", "NUMBER")),
        ("add a :b", section("ADD", "BINARY")),
        ("add a :bool", section("ADD", "BOOLEAN")),
        ("add a :null", section("ADD", "NULL")),
        ("add a :map", section("ADD", "MAP")),
        ("add a :list", section("ADD", "LIST")),
        ("set a = if_not_exists(c)", count("if_not_exists", 1)),
        ("set a = list_append(c)", count("list_append", 1)),
        ("set a = list_append(:list, :list, :list)", count("list_append", 3)),
        ("set a = if_not_exists(:s, c)", not_path()),
        ("set a = if_not_exists(if_not_exists(a, b), c)", not_path()),
        ("set a = list_append(:s, a)", kind("list_append", "S")),
        ("set a = list_append(a, :ns)", kind("list_append", "NS")),
        ("set a = a + :s", kind("+", "S")),
        ("set a = :b - a", kind("-", "B")),
        ("set a = a - :list", kind("-", "L")),
    ];
    for (text, expected) in cases {
        assert_eq!(read_update(text, &names()).expect_err(text).to_string(), expected, "{text}");
    }
}

#[test]
fn updates_are_read_whatever_their_case_and_their_parentheses() {
    let cases = [
        "set a = :n remove b ADD c :n DeLeTe d :ss",
        "  set   a=:n  ",
        "set a = (b + c)",
        "set a = ((b.c.d)+(e))",
        "set a = (b)",
        "set a = list_append(if_not_exists(b, :list), (:list))",
        "set a = if_not_exists(a, if_not_exists(b, :n)) + if_not_exists(c, :n)",
        "set a[0] = b, a[1] = c, d.e = f, d.g = h remove d.i, #dot",
        "add a.b :n delete c[0] :ss",
        // Words of conditions are names here, as long as they are not reserved.
        "set between1 = :n",
    ];
    for text in cases {
        assert!(read_update(text, &names()).is_ok(), "{text}: {:?}", read_update(text, &names()));
    }
}

#[test]
fn what_is_not_used_is_known() {
    let names = names();
    assert!(read_condition("#a = :n AND begins_with(#status, :s)", &names).is_ok());
    assert!(read_projection("#c", &names).is_ok());
    assert!(read_update("ADD x :ss", &names).is_ok());
    assert_eq!(names.unused_names(), ["#d", "#dot"]);
    assert_eq!(names.unused_values(), [":b", ":bool", ":bs", ":list", ":m", ":map", ":ns", ":null", ":t"]);
}

#[test]
fn limits_are_those_of_aws() {
    let spaces = |length: usize| format!("a{}= :n", " ".repeat(length - 5));
    assert!(read_condition(&spaces(4096), &names()).is_ok());
    let long = "Expression size has exceeded the maximum allowed size; expression size: 4097";
    assert_eq!(condition_refused(&spaces(4097)), long);
    assert_eq!(condition_refused(&"(".repeat(4097)), long);
    assert!(read_projection(&"x".repeat(4096), &names()).is_ok());

    // Comparisons, AND, OR and NOT are operators; parentheses and functions are not.
    let ors = |count: usize| vec!["a<b"; count].join(" or ");
    let many = "The expression contains too many operators; operator count: 301";
    assert!(read_condition(&ors(150), &names()).is_ok());
    assert_eq!(condition_refused(&ors(151)), many);
    assert!(read_condition(&format!("NOT {}", ors(150)), &names()).is_ok());
    assert_eq!(condition_refused(&format!("NOT NOT {}", ors(150))), many);
    assert_eq!(condition_refused(&format!("{}a<b", "not ".repeat(1000))), many);

    let operands = |count: usize| format!("a IN ({})", vec![":n"; count].join(","));
    assert!(read_condition(&operands(100), &names()).is_ok());
    let in_many = "The IN operator is provided with too many operands; number of operands: 101";
    assert_eq!(condition_refused(&operands(101)), in_many);

    let steps = |count: usize| format!("attribute_exists(a{})", ".b".repeat(count));
    assert!(read_condition(&steps(31), &names()).is_ok());
    let deep = "The document path has too many nesting elements; nesting levels: 33";
    assert_eq!(condition_refused(&steps(32)), deep);
}

#[test]
fn deep_expressions_are_read_or_refused_on_the_stack_of_a_thread() {
    let read = || {
        // As deep as its operators allow; this much AWS takes too.
        let nested = format!("a<b {}{}", "or (a<b ".repeat(149), ")".repeat(149));
        let condition = read_condition(&nested, &names()).unwrap();
        assert!(!condition.holds(None));
        let left = format!("{}a<b{}", "(".repeat(149), " and a<b)".repeat(149));
        assert!(read_condition(&left, &names()).is_ok());
        assert!(read_condition(&format!("{}a<b", "not ".repeat(299)), &names()).is_ok());
        for text in [
            "(".repeat(4096),
            format!("{}a<b{}", "(".repeat(2046), ")".repeat(2046)),
            format!("a<b {}{}", "or (a<b ".repeat(454), ")".repeat(454)),
            format!("a < {}b{}", "f(".repeat(1355), ")".repeat(1355)),
            format!("a < {}b{}", "size(".repeat(680), ")".repeat(680)),
        ] {
            assert!(read_condition(&text, &names()).is_err());
        }
        for text in [
            format!("set a = {}b{}", "(".repeat(2040), ")".repeat(2040)),
            format!("set a = {}b{}", "if_not_exists(a,".repeat(230), ")".repeat(230)),
            format!("set a = b{}", "+b".repeat(2000)),
        ] {
            let _ = read_update(&text, &names());
        }
    };
    // Half of what a thread has where nobody says otherwise.
    std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap().join().unwrap();
}

/// Words of the language in any order, and now and then others.
fn any_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => proptest::sample::select(vec![
            "a", "b", "#a", "#none", ":n", ":s", ":list", ":ss", ":none", "(", ")", "(", ")", "=", "<>", "<", ">=", "AND",
            "or", "NOT", "BETWEEN", "IN", ",", ".", "[", "]", "0", "99999999999999999999", "begins_with", "contains",
            "size", "attribute_exists", "attribute_type", "if_not_exists", "list_append", "SET", "remove", "ADD",
            "DELETE", "+", "-", "#", ":",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    (proptest::collection::vec(word, 0..30), any::<bool>())
        .prop_map(|(words, spaced)| words.join(if spaced { " " } else { "" }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever stands in an expression, it is read or refused, and a refusal knows a place in it.
    #[test]
    fn any_expression_is_answered(text in any_text()) {
        let names = names();
        let errors = [
            read_condition(&text, &names).err(),
            read_key_conditions(&text, &names).err(),
            read_projection(&text, &names).err(),
            read_update(&text, &names).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(error.at <= text.len(), "{} in {}", error, text);
        }
    }
}
