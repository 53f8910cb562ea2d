//! Decides what each lint is called and how it is explained: one row per lint, in the order of the documentation.
//!
//! [`Id`] names the rows in code, in the same order. Tests check each row's example in the row's own dialect, source and sample:
//! so the order holds, and the documentation cannot say what is not so.

use super::{Images, Lint, Source};
use crate::Dialect;

/// A lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    NotJson,
    Invalid,
    Size,
    Empty,
    ScalarNotArray,
    OpNotInArray,
    OperatorCase,
    UnknownOperator,
    SeveralOperators,
    NestedList,
    ObjectInList,
    StringArgument,
    OpListArg,
    ExistsString,
    AbListOfObjects,
    AbArgument,
    PipesNestedAb,
    NumericOrder,
    NumericPrecision,
    WildcardSyntax,
    WildcardComplexity,
    Cidr32,
    AbGlobLiteral,
    GlobLiteral,
    DdbNumericOnN,
    DdbTypeTag,
    DdbTagValue,
    OldimageOnInsert,
    ImageNotInStream,
    EventName,
    AbOrTautology,
    RedundantAlternative,
    CdkStringifiedMatcher,
    WrongRoot,
    MissingDataKey,
    ExistsNonLeaf,
    AlwaysFalse,
    OrShadow,
    OrDegenerate,
    DupKey,
    TrailingText,
    ArnSeparators,
    CrossField,
    MatchAll,
    Overbroad,
    PipesMetadataField,
    EmptyNullAbsent,
    DottedKey,
    WildcardRewrite,
    StringNumber,
    Case,
    PathNotInSample,
    BodyJsonMismatch,
    AbAbsent,
    AbArray,
    SampleUnreadable,
    More,
}

impl Id {
    pub(super) fn lint(self) -> &'static Lint {
        &LINTS[self as usize]
    }
}

const STREAM: Source = Source::DynamoDb(Images::Unknown);

const fn lint(
    id: &'static str,
    title: &'static str,
    explanation: &'static str,
    wrong: &'static str,
    right: Option<&'static str>,
) -> Lint {
    Lint {
        id,
        title,
        explanation,
        wrong,
        right,
        needs_sample: false,
        dialect: Dialect::Bus,
        source: Source::Bus,
        sample: None,
    }
}

impl Lint {
    const fn in_pipe(mut self, source: Source) -> Lint {
        self.dialect = Dialect::Pipe;
        self.source = source;
        self
    }

    const fn with_sample(mut self, sample: &'static str) -> Lint {
        self.needs_sample = true;
        self.sample = Some(sample);
        self
    }
}

#[rustfmt::skip]
pub(super) static LINTS: [Lint; Id::More as usize + 1] = [
    lint("not-json", "the text is not JSON",
        "A pattern is a JSON object. A comma too many, a bracket too few or a word without quotes, and it is refused.",
        r#"{"source": ["shop",]}"#,
        Some(r#"{"source": ["shop"]}"#)),
    lint("invalid", "the pattern is refused",
        "The pattern breaks a rule of the language that has no name of its own here. The message is the one that AWS gives.",
        r#"{"detail": {"ip": [{"cidr": "10.0.0.0/33"}]}}"#,
        Some(r#"{"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}"#)),
    lint("size", "the pattern is too long",
        "A pattern has at most 4,096 characters, blanks included; a bus takes 2,048 until its quota is raised. \
         Leaving out blanks between the tokens is often enough; else split it into several rules or filters.",
        "",
        None),
    lint("empty", "an empty list or object",
        "An empty list has no alternative that could hold, and an empty object asks nothing; both are refused. For \"any \
         value\" write `[{\"exists\": true}]`, or leave the field out.",
        r#"{"source": []}"#,
        Some(r#"{"source": [{"exists": true}]}"#)),
    lint("scalar-not-array", "a value without a list around it",
        "A field holds a list of alternatives, even if there is only one.",
        r#"{"source": "shop"}"#,
        Some(r#"{"source": ["shop"]}"#)),
    lint("op-not-in-array", "an operator without a list around it",
        "An operator is one of a field's alternatives, so it stands in the field's list. Without the list it is either \
         refused or, worse, read as a field that is called `numeric` or `anything-but`, which no event has.",
        r#"{"detail": {"total": {"numeric": [">", 100]}}}"#,
        Some(r#"{"detail": {"total": [{"numeric": [">", 100]}]}}"#)),
    lint("operator-case", "an operator in capital letters",
        "Operators are written in small letters with hyphens.",
        r#"{"source": [{"Prefix": "shop."}]}"#,
        Some(r#"{"source": [{"prefix": "shop."}]}"#)),
    lint("unknown-operator", "an operator that does not exist",
        "There are prefix, suffix, anything-but, equals-ignore-case, wildcard, numeric, exists and cidr. There is no \
         contains, no regular expression, and no plain \"not\".",
        r#"{"detail": {"email": [{"contains": "@shop"}]}}"#,
        Some(r#"{"detail": {"email": [{"wildcard": "*@shop*"}]}}"#)),
    lint("several-operators", "several operators in one object",
        "An object among the alternatives has one operator. Side by side in the list they are alternatives, of which one \
         must hold; that both must hold can only be said where one operator says both, as a wildcard does for a beginning \
         and an end.",
        r#"{"detail": {"file": [{"prefix": "in/", "suffix": ".csv"}]}}"#,
        Some(r#"{"detail": {"file": [{"wildcard": "in/*.csv"}]}}"#)),
    lint("nested-list", "a list among the alternatives",
        "The alternatives of a field are one list; a list in it is refused.",
        r#"{"source": [["shop", "web"]]}"#,
        Some(r#"{"source": ["shop", "web"]}"#)),
    lint("object-in-list", "fields inside a list",
        "A list holds alternatives for one value. Fields inside fields are written without brackets, also where the \
         event has a list of objects; and one of several objects is what `$or` says.",
        r#"{"detail": [{"state": ["on"]}]}"#,
        Some(r#"{"detail": {"state": ["on"]}}"#)),
    lint("string-argument", "an operator that wants a string",
        "prefix, suffix, wildcard, equals-ignore-case and cidr look at strings only, and take a string.",
        r#"{"account": [{"prefix": 1234}]}"#,
        Some(r#"{"account": [{"prefix": "1234"}]}"#)),
    lint("op-list-arg", "a list for an operator that takes one value",
        "Only anything-but takes a list. Every other operator is written once for each value.",
        r#"{"source": [{"prefix": ["shop.", "web."]}]}"#,
        Some(r#"{"source": [{"prefix": "shop."}, {"prefix": "web."}]}"#)),
    lint("exists-string", "exists with something else than true or false",
        "exists takes the words true and false, without quotes.",
        r#"{"detail": {"error": [{"exists": "false"}]}}"#,
        Some(r#"{"detail": {"error": [{"exists": false}]}}"#)),
    lint("ab-list-of-objects", "operators in a list inside anything-but",
        "Inside anything-but the operator stands outside and the list inside.",
        r#"{"detail": {"email": [{"anything-but": [{"wildcard": "*@test.*"}, {"wildcard": "*@example.*"}]}]}}"#,
        Some(r#"{"detail": {"email": [{"anything-but": {"wildcard": ["*@test.*", "*@example.*"]}}]}}"#)),
    lint("ab-argument", "something that anything-but does not take",
        "anything-but takes a string, a number, a list of only strings or of only numbers, or one of prefix, suffix, \
         equals-ignore-case and wildcard with strings.",
        r#"{"detail": {"total": [{"anything-but": {"numeric": ["<", 100]}}]}}"#,
        Some(r#"{"detail": {"total": [{"numeric": [">=", 100]}]}}"#)),
    lint("pipes-nested-ab", "an operator inside anything-but, in a pipe",
        "Event buses take prefix, suffix, equals-ignore-case and wildcard inside anything-but; pipes refuse them. Let \
         whoever writes the item write an attribute that says it (a BOOL `test`, say) and match that.",
        r#"{"dynamodb": {"NewImage": {"email": {"S": [{"anything-but": {"suffix": "@test.com"}}]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"test": {"BOOL": [false]}}}}"#)).in_pipe(STREAM),
    lint("numeric-order", "a comparison of numbers that is not written as it must be",
        "numeric takes a sign and a number, or a lower end and then a higher end: `[\">=\", 10, \"<\", 20]`. Ends that are \
         equal or the wrong way round, signs like `!=`, and numbers in quotes are refused.",
        r#"{"detail": {"total": [{"numeric": ["<", 20, ">=", 10]}]}}"#,
        Some(r#"{"detail": {"total": [{"numeric": [">=", 10, "<", 20]}]}}"#)),
    lint("numeric-precision", "a number with more digits than can be compared",
        "Numbers are compared as doubles, and those that no double holds exactly are not compared at all: as an operand \
         they are refused, as a literal they equal only the same digits, and in an event they satisfy no comparison. \
         Write long ids as strings.",
        r#"{"detail": {"id": [9007199254740993]}}"#,
        Some(r#"{"detail": {"id": ["9007199254740993"]}}"#)),
    lint("wildcard-syntax", "a wildcard that cannot be read",
        "Two stars side by side are refused, and a backslash may only stand before a star or another backslash.",
        r#"{"detail": {"file": [{"wildcard": "in/**/a.csv"}]}}"#,
        Some(r#"{"detail": {"file": [{"wildcard": "in/*/a.csv"}]}}"#)),
    lint("wildcard-complexity", "wildcards that are too complex",
        "AWS refuses rules whose wildcards can match in too many ways at once: many stars, and pieces after a star that \
         repeat. Use prefix or suffix where they do, name more of the text, or spread the wildcards over several rules.",
        r#"{"resources": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}"#,
        Some(r#"{"resources": [{"wildcard": "arn:aws:events:*:event-bus/*"}]}"#)),
    lint("cidr-32", "a network of a single address",
        "cidr refuses /32 for IPv4 and /128 for IPv6. The address itself, as a plain value, matches in every spelling.",
        r#"{"detail": {"ip": [{"cidr": "10.0.0.1/32"}]}}"#,
        Some(r#"{"detail": {"ip": ["10.0.0.1"]}}"#)),
    lint("ab-glob-literal", "a star in anything-but excludes nothing",
        "The text in anything-but is compared letter by letter, stars included, so it excludes nothing but itself. On a \
         bus, put wildcard inside. A pipe refuses that: there, let whoever writes the item write an attribute that says \
         it (a BOOL `test`, say), and match that.",
        r#"{"detail": {"email": [{"anything-but": "*test.com*"}]}}"#,
        Some(r#"{"detail": {"email": [{"anything-but": {"wildcard": "*test.com*"}}]}}"#)),
    lint("glob-literal", "a star that is only a star",
        "Only in wildcard does `*` stand for something. In a plain value, prefix, suffix and equals-ignore-case it is an \
         ordinary character.",
        r#"{"detail": {"file": ["in/*.csv"]}}"#,
        Some(r#"{"detail": {"file": [{"wildcard": "in/*.csv"}]}}"#)),
    lint("ddb-numeric-on-n", "a number of DynamoDB is compared as a number",
        "In a stream record a number is a string: `{\"N\": \"1500\"}`. So numeric and number literals never match it, and \
         anything-but with numbers excludes nothing. Equal numbers can be matched as text, as DynamoDB spells them; for a \
         range, let whoever writes the item write an attribute that says it (`tier`, say), or decide in the target.",
        r#"{"dynamodb": {"NewImage": {"total": {"N": [{"numeric": ["=", 100]}]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"total": {"N": ["100"]}}}}"#)).in_pipe(STREAM),
    lint("ddb-type-tag", "an attribute without its type",
        "In a stream record an attribute is an object with its type as the key: `{\"status\": {\"S\": \"new\"}}`. Without \
         the type the pattern looks at the object, which is no value.",
        r#"{"dynamodb": {"NewImage": {"status": ["new"]}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"status": {"S": ["new"]}}}}"#)).in_pipe(STREAM),
    lint("ddb-tag-value", "a value that its type cannot have",
        "Below `S`, `N` and `B` there are strings, below `BOOL` true and false, below `NULL` true.",
        r#"{"dynamodb": {"NewImage": {"paid": {"BOOL": ["true"]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"paid": {"BOOL": [true]}}}}"#)).in_pipe(STREAM),
    lint("oldimage-on-insert", "an image that the event does not have",
        "A new item has no OldImage and a removed one no NewImage. Even anything-but wants a value, and so never matches \
         an image that is not there.",
        r#"{"eventName": ["INSERT"], "dynamodb": {"OldImage": {"status": {"S": ["new"]}}, "NewImage": {"status": {"S": ["paid"]}}}}"#,
        Some(r#"{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["paid"]}}}}"#)).in_pipe(STREAM),
    lint("image-not-in-stream", "an image that the stream does not carry",
        "Which images records have is the table's StreamViewType; what it leaves out cannot be matched.",
        r#"{"dynamodb": {"OldImage": {"status": {"S": ["new"]}}}}"#,
        None).in_pipe(Source::DynamoDb(Images::New)),
    lint("event-name", "an eventName that streams do not have",
        "The changes of a stream are called INSERT, MODIFY and REMOVE, in capital letters.",
        r#"{"eventName": ["UPDATE"]}"#,
        Some(r#"{"eventName": ["MODIFY"]}"#)).in_pipe(STREAM),
    lint("ab-or-tautology", "several anything-but in one list",
        "Alternatives are joined by \"or\": what one anything-but excludes, the other lets in. To exclude several values, \
         give one anything-but a list.",
        r#"{"detail": {"state": [{"anything-but": "on"}, {"anything-but": "off"}]}}"#,
        Some(r#"{"detail": {"state": [{"anything-but": ["on", "off"]}]}}"#)),
    lint("redundant-alternative", "alternatives beside exists",
        "Alternatives are joined by \"or\": beside `{\"exists\": true}` no other value decides anything, and together with \
         `{\"exists\": false}` it holds for every event.",
        r#"{"detail": {"state": [{"exists": true}, "on"]}}"#,
        Some(r#"{"detail": {"state": ["on"]}}"#)),
    lint("cdk-stringified-matcher", "an operator inside quotes",
        "Some tool has made a string of an operator. As a string it is compared letter by letter.",
        r#"{"source": ["{\"prefix\": \"shop.\"}"]}"#,
        Some(r#"{"source": [{"prefix": "shop."}]}"#)),
    lint("wrong-root", "a field that events do not have at the top",
        "Events on a bus have version, id, detail-type, source, account, time, region, resources and detail at the top; \
         what the sender wrote is inside detail. Records of a stream have eventName and dynamodb.",
        r#"{"detailType": ["Order Created"]}"#,
        Some(r#"{"detail-type": ["Order Created"]}"#)),
    lint("missing-data-key", "fields of the message beside its envelope",
        "What was sent is below `body` for a queue, below `data` for Kinesis and brokers, below `value` or `key` for \
         Kafka. A field beside it is looked for in the envelope and never found, and a queue's message that no filter \
         matches is deleted.",
        r#"{"status": ["new"]}"#,
        Some(r#"{"body": {"status": ["new"]}}"#)).in_pipe(Source::Queue),
    lint("exists-non-leaf", "exists asked of an object",
        "exists looks at values only. Of an object `{\"exists\": true}` is never true, and `{\"exists\": false}` always.",
        r#"{"source": ["shop"], "detail": [{"exists": true}]}"#,
        Some(r#"{"source": ["shop"], "detail": {"id": [{"exists": true}]}}"#)),
    lint("always-false", "conditions that exclude each other",
        "All fields of a pattern must hold. A field cannot be a value and have fields inside, nor an attribute two types.",
        r#"{"dynamodb": {"NewImage": {"total": {"N": ["5"], "S": ["5"]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"total": {"N": ["5"]}}}}"#)).in_pipe(STREAM),
    lint("or-shadow", "the same field inside and outside of $or",
        "The two do not both have to hold: of one path the last in the text counts, and the other is forgotten. Write the \
         condition into each branch.",
        r#"{"source": ["shop", "web"], "$or": [{"source": ["web"]}, {"account": ["1"]}]}"#,
        Some(r#"{"$or": [{"source": ["web"]}, {"source": ["shop", "web"], "account": ["1"]}]}"#)),
    lint("or-degenerate", "a $or that is no $or",
        "`$or` is a list of two objects or more, with no field inside that is named like an operator. Anything else is \
         refused.",
        r#"{"detail": {"$or": {"state": ["on"], "cause": ["user"]}}}"#,
        Some(r#"{"detail": {"$or": [{"state": ["on"]}, {"cause": ["user"]}]}}"#)),
    lint("dup-key", "a field that is given twice",
        "Of a field that is given twice only the last counts; the first is forgotten without a word.",
        r#"{"source": ["shop"], "source": ["web"]}"#,
        Some(r#"{"source": ["web"]}"#)),
    lint("trailing-text", "something behind the pattern",
        "The pattern ends with the object's closing brace, and what follows is not looked at.",
        r#"{"source": ["shop"]}, "detail": {"state": ["on"]}}"#,
        Some(r#"{"source": ["shop"]}"#)),
    lint("arn-separators", "an ARN that cannot be right",
        "ARNs are compared letter by letter, and whether `:` or `/` stands before the name depends on the service.",
        r#"{"resources": ["arn:aws:dynamodb:us-east-1:123456789012:table:Orders"]}"#,
        Some(r#"{"resources": ["arn:aws:dynamodb:us-east-1:123456789012:table/Orders"]}"#)),
    lint("cross-field", "a path in place of a value",
        "A pattern cannot compare two fields of an event. `\"$.detail.x\"` is a text like any other.",
        r#"{"detail": {"shippedTo": ["$.detail.billedTo"]}}"#,
        None),
    lint("match-all", "a condition that every string meets",
        "Every string begins and ends with the empty text, and a star alone is any string.",
        r#"{"source": [{"prefix": ""}]}"#,
        Some(r#"{"source": [{"exists": true}]}"#)),
    lint("overbroad", "a rule that only says what it does not want",
        "Every event on the bus that is not excluded sets it off, those of other senders too, and those that its own \
         target sends: that can be a loop. Name the source or the detail-type.",
        r#"{"source": [{"anything-but": "shop"}]}"#,
        Some(r#"{"source": [{"anything-but": "shop"}], "detail-type": ["Order Created"]}"#)),
    lint("pipes-metadata-field", "a field that filters of a pipe do not see",
        "The fields that say where a record comes from are added after filtering; AWS lists them as not usable in \
         filters. They are the same for every record of a source, so nothing is lost without them.",
        r#"{"eventSource": ["aws:dynamodb"], "eventName": ["INSERT"]}"#,
        Some(r#"{"eventName": ["INSERT"]}"#)).in_pipe(STREAM),
    lint("empty-null-absent", "empty, null and absent are three things",
        "`[\"\"]` wants an empty text that is there, `[null]` a null that is there, and `{\"exists\": false}` a field that \
         is not there.",
        r#"{"detail": {"coupon": [null]}}"#,
        Some(r#"{"detail": {"coupon": [null, {"exists": false}]}}"#)),
    lint("dotted-key", "a dot in a key",
        "Keys are joined by dots before they are compared, so `\"detail.state\"` means state inside detail. Other tools \
         that read patterns do not join them, and look for one field with a dot in its name.",
        r#"{"detail.state": ["on"]}"#,
        Some(r#"{"detail": {"state": ["on"]}}"#)),
    lint("wildcard-rewrite", "a wildcard that a simpler operator can say",
        "A star only at the end is a prefix, only at the beginning a suffix, and without a star it is a plain value. These \
         are cheaper, do not count as wildcards, and cannot be too complex.",
        r#"{"source": [{"wildcard": "shop.*"}]}"#,
        Some(r#"{"source": [{"prefix": "shop."}]}"#)),
    lint("string-number", "a string where there is a number, or the other way round",
        "`\"100\"` and `100` are different values and never match each other. Of the fields at the top of an event all but \
         detail are strings, the account too; for other fields a sample tells.",
        r#"{"account": [123456789012]}"#,
        Some(r#"{"account": ["123456789012"]}"#)),
    lint("case", "capital and small letters",
        "Keys and values are compared letter by letter. If the sender's spelling varies, use equals-ignore-case.",
        r#"{"detail": {"state": ["Running"]}}"#,
        Some(r#"{"detail": {"state": [{"equals-ignore-case": "Running"}]}}"#)).with_sample(r#"{"detail": {"state": "running"}}"#),
    lint("path-not-in-sample", "a field that the sample does not have",
        "A condition on a field that is not there does not hold, except `{\"exists\": false}`. Often the field is one level \
         deeper, or spelled otherwise.",
        r#"{"detail": {"state": ["on"]}}"#,
        Some(r#"{"detail": {"lamp": {"state": ["on"]}}}"#)).with_sample(r#"{"detail": {"lamp": {"state": "on"}}}"#),
    lint("body-json-mismatch", "a message in another format than its filter",
        "Whether a message is JSON must agree with what the filter asks of it: fields inside, or the text as a whole. If \
         not, the message does not match; a queue's message is then deleted, while brokers and Kafka let it pass.",
        r#"{"body": {"status": ["new"]}}"#,
        Some(r#"{"body": [{"prefix": "status=new"}]}"#)).in_pipe(Source::Queue).with_sample(r#"{"messageId": "1", "body": "status=new"}"#),
    lint("ab-absent", "anything-but does not hold for a field that is not there",
        "anything-but wants a value. If events without the field are wanted too, say so.",
        r#"{"detail": {"state": ["on"], "cause": [{"anything-but": "user"}]}}"#,
        Some(r#"{"detail": {"state": ["on"], "cause": [{"anything-but": "user"}, {"exists": false}]}}"#))
        .with_sample(r#"{"detail": {"state": "on"}}"#),
    lint("ab-array", "anything-but asked of a list",
        "A list meets a condition if one of its elements does. So anything-but holds as soon as one element is not \
         excluded, whatever the others are.",
        r#"{"source": ["shop"], "detail": {"tags": [{"anything-but": "test"}]}}"#,
        None).with_sample(r#"{"source": "shop", "detail": {"tags": ["test", "new"]}}"#),
    lint("sample-unreadable", "the sample cannot be read",
        "The sample is no JSON object, so that only what does not need one was checked.",
        r#"{"source": ["shop"]}"#,
        None).with_sample("source=shop"),
    lint("more-findings", "there are more findings",
        "At most a hundred findings are shown. Mend these, and check again.",
        "",
        None),
];
