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
    PipesWildcard,
    NumericOrder,
    NumericPrecision,
    WildcardSyntax,
    WildcardComplexity,
    Cidr32,
    AbGlobLiteral,
    GlobLiteral,
    RegexLiteral,
    WildcardQuestion,
    DdbNumericOnN,
    DdbTypeTag,
    DdbTagValue,
    OldimageOnInsert,
    ImageNotInStream,
    EventName,
    AbOrTautology,
    NumericOrTautology,
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

    /// Whether it is only about the records of a change stream, which no event bus has.
    pub(super) fn is_about_streams(self) -> bool {
        matches!(
            self,
            Id::DdbNumericOnN
                | Id::DdbTypeTag
                | Id::DdbTagValue
                | Id::OldimageOnInsert
                | Id::ImageNotInStream
                | Id::EventName
        )
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
        "A pattern is a JSON object. With a comma too many, a bracket too few or a word without quotes it is none, \
         and is refused when you deploy.",
        r#"{"source": ["shop",]}"#,
        Some(r#"{"source": ["shop"]}"#)),
    lint("invalid", "the pattern is refused",
        "The pattern breaks a rule of the language for which there is no other lint. The message is the one that AWS \
         gives.",
        r#"{"detail": {"ip": [{"cidr": "10.0.0.0/33"}]}}"#,
        Some(r#"{"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}"#)),
    lint("size", "the pattern is too long",
        "A pattern has at most 4,096 characters, blanks included; a bus takes 2,048 unless its quota has been raised. \
         Often it is enough to leave out blanks; otherwise split the pattern into several rules or filters. No \
         pattern to paste, because an example would be longer than this page.",
        "",
        None),
    lint("empty", "an empty list or object",
        "An empty list has no value that could match, and an empty object asks for nothing. Both are refused. For \
         \"any value\" write `[{\"exists\": true}]`, or leave the field out.",
        r#"{"source": []}"#,
        Some(r#"{"source": [{"exists": true}]}"#)),
    lint("scalar-not-array", "a value without a list around it",
        "The value of a field is a list of alternatives, even if there is only one.",
        r#"{"source": "shop"}"#,
        Some(r#"{"source": ["shop"]}"#)),
    lint("op-not-in-array", "an operator without a list around it",
        "An operator stands in the list of the field's alternatives. Without that list the pattern is refused or, \
         worse, the operator is read as a field called `numeric` or `anything-but`, and never matches.",
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
        "Each object in a list has one operator. If one of two operators is enough, write two objects. That both must \
         hold can be said only where a single operator says both: a wildcard says how a text begins and how it ends, \
         unless the two could overlap.",
        r#"{"detail": {"file": [{"prefix": "in/", "suffix": ".csv"}]}}"#,
        Some(r#"{"detail": {"file": [{"wildcard": "in/*.csv"}]}}"#)),
    lint("nested-list", "a list among the alternatives",
        "The alternatives of a field are one list. A list inside that list is refused.",
        r#"{"source": [["shop", "web"]]}"#,
        Some(r#"{"source": ["shop", "web"]}"#)),
    lint("object-in-list", "fields inside a list",
        "A list holds values and operators, not fields. Fields inside a field are written without brackets, even if \
         the event has a list of objects there. To ask for one of several objects, use `$or`.",
        r#"{"detail": [{"state": ["on"]}]}"#,
        Some(r#"{"detail": {"state": ["on"]}}"#)),
    lint("string-argument", "an operator that wants a string",
        "prefix, suffix, wildcard, equals-ignore-case and cidr match strings only, so what they take is a string.",
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
        "Write the operator once, directly inside anything-but, and give it the list of values.",
        r#"{"detail": {"email": [{"anything-but": [{"wildcard": "*@test.*"}, {"wildcard": "*@example.*"}]}]}}"#,
        Some(r#"{"detail": {"email": [{"anything-but": {"wildcard": ["*@test.*", "*@example.*"]}}]}}"#)),
    lint("ab-argument", "something that anything-but does not take",
        "anything-but takes a string, a number, a list of only strings or of only numbers, or one of prefix, suffix, \
         equals-ignore-case and wildcard with strings.",
        r#"{"detail": {"total": [{"anything-but": {"numeric": ["<", 100]}}]}}"#,
        Some(r#"{"detail": {"total": [{"numeric": [">=", 100]}]}}"#)),
    lint("pipes-nested-ab", "an operator inside anything-but, in a pipe",
        "Event buses take prefix, suffix, equals-ignore-case and wildcard inside anything-but; pipes refuse them. Let \
         whoever writes the item write an attribute that says it, and match that. The example does so for orders that \
         are only a test: whoever writes the order has to write `test` too, because an item without it does not \
         match.",
        r#"{"dynamodb": {"NewImage": {"email": {"S": [{"anything-but": {"wildcard": "*test.com*"}}]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"test": {"BOOL": [false]}}}}"#)).in_pipe(STREAM),
    lint("pipes-wildcard", "a wildcard in a pipe",
        "orderflow runs it, but AWS's documentation says that pipes have no wildcard. Use prefix or suffix where one \
         of them is enough. Otherwise let whoever writes the item write an attribute that says it, and match that.",
        r#"{"dynamodb": {"NewImage": {"file": {"S": [{"wildcard": "in/*"}]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"file": {"S": [{"prefix": "in/"}]}}}}"#)).in_pipe(STREAM),
    lint("numeric-order", "a comparison of numbers that is not written as it must be",
        "numeric takes one sign and one number, or the lower end of a range and then the higher one: `[\">=\", 10, \
         \"<\", 20]`. A range whose ends are equal or swapped, a sign like `!=`, and a number in quotes are refused.",
        r#"{"detail": {"total": [{"numeric": ["<", 20, ">=", 10]}]}}"#,
        Some(r#"{"detail": {"total": [{"numeric": [">=", 10, "<", 20]}]}}"#)),
    lint("numeric-precision", "a number with more digits than can be compared",
        "Numbers are compared as doubles. A number that no double holds exactly is not compared at all: inside \
         numeric it is refused, as a plain value it only matches the same digits, and if an event has it, no \
         comparison holds. Write long ids as strings.",
        r#"{"detail": {"id": [9007199254740993]}}"#,
        Some(r#"{"detail": {"id": ["9007199254740993"]}}"#)),
    lint("wildcard-syntax", "a wildcard that cannot be read",
        "Two stars side by side are refused, and a backslash may only stand before a star or another backslash.",
        r#"{"detail": {"file": [{"wildcard": "in/**/a.csv"}]}}"#,
        Some(r#"{"detail": {"file": [{"wildcard": "in/*/a.csv"}]}}"#)),
    lint("wildcard-complexity", "wildcards that are too complex",
        "AWS refuses rules whose wildcards can match in too many ways at once: many stars, or pieces after a star \
         that repeat. Use prefix or suffix where they are enough, write out more of the text, or spread the wildcards \
         over several rules.",
        r#"{"resources": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}"#,
        Some(r#"{"resources": [{"wildcard": "arn:aws:events:*:event-bus/*"}]}"#)),
    lint("cidr-32", "a network of a single address",
        "cidr refuses /32 for IPv4 and /128 for IPv6. Write the address itself as a plain value; it matches however \
         the event spells it.",
        r#"{"detail": {"ip": [{"cidr": "10.0.0.1/32"}]}}"#,
        Some(r#"{"detail": {"ip": ["10.0.0.1"]}}"#)),
    lint("ab-glob-literal", "a star in anything-but excludes nothing",
        "The text in anything-but is compared letter by letter, stars included, so only that very text is excluded. \
         On a bus, put a wildcard inside anything-but. A pipe refuses that: there, let whoever writes the item write \
         an attribute that says it (a BOOL `test`, for example), and match that.",
        r#"{"detail": {"email": [{"anything-but": "*test.com*"}]}}"#,
        Some(r#"{"detail": {"email": [{"anything-but": {"wildcard": "*test.com*"}}]}}"#)),
    lint("glob-literal", "a star that is only a star",
        "A star stands for other characters only inside wildcard. In a plain value, in prefix, in suffix and in \
         equals-ignore-case it is an ordinary character.",
        r#"{"detail": {"file": ["in/*.csv"]}}"#,
        Some(r#"{"detail": {"file": [{"wildcard": "in/*.csv"}]}}"#)),
    lint("regex-literal", "a text that looks like a regular expression",
        "There are no regular expressions: the text is compared letter by letter, with its slashes, `^` and `$`. Use prefix, \
         suffix or wildcard.",
        r#"{"detail": {"file": ["/^in/"]}}"#,
        Some(r#"{"detail": {"file": [{"prefix": "in"}]}}"#)),
    lint("wildcard-question", "a question mark in a wildcard",
        "Only `*` stands for other characters; `?` is an ordinary one. No pattern to paste, because there is no sign \
         for exactly one character: name all the values, or use a star.",
        r#"{"detail": {"file": [{"wildcard": "in/*/v?.csv"}]}}"#,
        None),
    lint("ddb-numeric-on-n", "a number of DynamoDB is compared as a number",
        "In a stream record a number is a string: `{\"N\": \"1500\"}`. So numeric and plain numbers never match, and \
         anything-but with numbers excludes nothing. An equal number can be matched as text, the way DynamoDB spells \
         it. No pattern can compare such numbers: for a range, let whoever writes the item write an attribute that says it \
         (`tier`, for example) and match that, or decide in the function.",
        r#"{"dynamodb": {"NewImage": {"total": {"N": [{"numeric": ["=", 100]}]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"total": {"N": ["100"]}}}}"#)).in_pipe(STREAM),
    lint("ddb-type-tag", "an attribute without its type",
        "In a stream record an attribute is an object whose key is the type: `{\"status\": {\"S\": \"new\"}}`. \
         Without the type the pattern asks for a value where the record has that object, and never matches.",
        r#"{"dynamodb": {"NewImage": {"status": ["new"]}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"status": {"S": ["new"]}}}}"#)).in_pipe(STREAM),
    lint("ddb-tag-value", "a value that its type cannot have",
        "Below `S`, `N` and `B` a record has strings, below `BOOL` true or false, and below `NULL` true. Anything \
         else never matches.",
        r#"{"dynamodb": {"NewImage": {"paid": {"BOOL": ["true"]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"paid": {"BOOL": [true]}}}}"#)).in_pipe(STREAM),
    lint("oldimage-on-insert", "an image that the change does not have",
        "A new item has no OldImage and a removed one has no NewImage, so a condition on that image never matches. \
         That includes anything-but, which needs a value.",
        r#"{"eventName": ["INSERT"], "dynamodb": {"OldImage": {"status": {"S": ["new"]}}, "NewImage": {"status": {"S": ["paid"]}}}}"#,
        Some(r#"{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["paid"]}}}}"#)).in_pipe(STREAM),
    lint("image-not-in-stream", "an image that the stream does not carry",
        "Which images records have is set by the StreamViewType of the table. A condition on an image that it leaves \
         out never matches. No pattern to paste, because either the table or the condition has to change.",
        r#"{"dynamodb": {"OldImage": {"status": {"S": ["new"]}}}}"#,
        None).in_pipe(Source::DynamoDb(Images::New)),
    lint("event-name", "an eventName that streams do not have",
        "The changes of a stream are called INSERT, MODIFY and REMOVE, in capital letters.",
        r#"{"eventName": ["UPDATE"]}"#,
        Some(r#"{"eventName": ["MODIFY"]}"#)).in_pipe(STREAM),
    lint("ab-or-tautology", "several anything-but in one list",
        "Alternatives are joined by \"or\": what the first anything-but excludes, the second lets in. To exclude \
         several values, give one anything-but a list.",
        r#"{"detail": {"state": [{"anything-but": "on"}, {"anything-but": "off"}]}}"#,
        Some(r#"{"detail": {"state": [{"anything-but": ["on", "off"]}]}}"#)),
    lint("numeric-or-tautology", "comparisons of which one always holds",
        "Alternatives are joined by \"or\": more than 100 or less than 200 is every number. A range is written in one numeric, \
         the lower end first.",
        r#"{"detail": {"total": [{"numeric": [">", 100]}, {"numeric": ["<", 200]}]}}"#,
        Some(r#"{"detail": {"total": [{"numeric": [">", 100, "<", 200]}]}}"#)),
    lint("redundant-alternative", "alternatives beside exists",
        "Alternatives are joined by \"or\". Beside `{\"exists\": true}` the other values make no difference, and \
         together with `{\"exists\": false}` it holds for every event.",
        r#"{"detail": {"state": [{"exists": true}, "on"]}}"#,
        Some(r#"{"detail": {"state": ["on"]}}"#)),
    lint("cdk-stringified-matcher", "an operator inside quotes",
        "Some tool has turned an operator into a string. A string is compared letter by letter.",
        r#"{"source": ["{\"prefix\": \"shop.\"}"]}"#,
        Some(r#"{"source": [{"prefix": "shop."}]}"#)),
    lint("wrong-root", "a field that events do not have there",
        "Events on a bus have version, id, detail-type, source, account, time, region, resources and detail at the \
         top; what the sender wrote is inside detail. Records of a stream have eventName and dynamodb at the top, and \
         the images inside dynamodb.",
        r#"{"detailType": ["Order Created"]}"#,
        Some(r#"{"detail-type": ["Order Created"]}"#)),
    lint("missing-data-key", "fields of the message beside its envelope",
        "What was sent is inside `body` for a queue, inside `data` for Kinesis and brokers, and inside `value` or \
         `key` for Kafka. A field beside that is never found. A message of a queue that no filter matches is deleted. \
         It is a warning where the pattern wants the field to be absent, because that always holds.",
        r#"{"status": ["new"]}"#,
        Some(r#"{"body": {"status": ["new"]}}"#)).in_pipe(Source::Queue),
    lint("exists-non-leaf", "exists asked of an object",
        "exists looks at values only. For an object, or a list of objects, `{\"exists\": true}` never holds and \
         `{\"exists\": false}` always does. Ask for a field inside.",
        r#"{"source": ["shop"], "detail": [{"exists": true}]}"#,
        Some(r#"{"source": ["shop"], "detail": {"id": [{"exists": true}]}}"#)),
    lint("always-false", "conditions that exclude each other",
        "All fields of a pattern must hold at once. A field cannot be a value and also have fields inside, and an \
         attribute cannot have two types, so such a pattern never matches.",
        r#"{"dynamodb": {"NewImage": {"total": {"N": ["5"], "S": ["5"]}}}}"#,
        Some(r#"{"dynamodb": {"NewImage": {"total": {"N": ["5"]}}}}"#)).in_pipe(STREAM),
    lint("or-shadow", "the same field inside and outside of $or",
        "The two conditions are not joined by \"and\": the one that comes last in the text overwrites the other. \
         Write the condition into each branch of the `$or`. Where both give a list, a branch keeps the values that \
         are in both.",
        r#"{"source": ["shop", "web"], "$or": [{"source": ["web"]}, {"account": ["1"]}]}"#,
        Some(r#"{"$or": [{"source": ["web"]}, {"source": ["shop", "web"], "account": ["1"]}]}"#)),
    lint("or-degenerate", "a $or that is no $or",
        "`$or` is a list of at least two objects, and no field inside them is named like an operator. Anything else \
         is refused, and so is `OR`.",
        r#"{"detail": {"$or": {"state": ["on"], "cause": ["user"]}}}"#,
        Some(r#"{"detail": {"$or": [{"state": ["on"]}, {"cause": ["user"]}]}}"#)),
    lint("dup-key", "a field that is given twice",
        "If a field is given twice, the last one overwrites the first, and nobody says so. The mended pattern keeps \
         what happens today; if you meant both, write their values into one list.",
        r#"{"source": ["shop"], "source": ["web"]}"#,
        Some(r#"{"source": ["web"]}"#)),
    lint("trailing-text", "something behind the pattern",
        "The pattern ends with the closing brace of the object; whatever follows is ignored. The mended pattern keeps \
         what happens today; if the rest was meant, move it inside.",
        r#"{"source": ["shop"]}, "detail": {"state": ["on"]}}"#,
        Some(r#"{"source": ["shop"]}"#)),
    lint("arn-separators", "an ARN that cannot be right",
        "ARNs are compared letter by letter. Whether `:` or `/` stands before the name depends on the service.",
        r#"{"resources": ["arn:aws:dynamodb:us-east-1:123456789012:table:Orders"]}"#,
        Some(r#"{"resources": ["arn:aws:dynamodb:us-east-1:123456789012:table/Orders"]}"#)),
    lint("cross-field", "a path in place of a value",
        "A pattern cannot compare two fields of an event. `\"$.detail.x\"` is a text like any other. No pattern to \
         paste, because only the target can compare the two fields.",
        r#"{"detail": {"shippedTo": ["$.detail.billedTo"]}}"#,
        None),
    lint("match-all", "a condition that every string meets",
        "Every string begins and ends with the empty text, and a star alone matches every string.",
        r#"{"source": [{"prefix": ""}]}"#,
        Some(r#"{"source": [{"exists": true}]}"#)),
    lint("overbroad", "a rule that only says what it does not want",
        "Every event on the bus that is not excluded matches: those of other senders, and those that the rule's own \
         target sends, which can be a loop. Name the source or the detail-type.",
        r#"{"source": [{"anything-but": "shop"}]}"#,
        Some(r#"{"source": [{"anything-but": "shop"}], "detail-type": ["Order Created"]}"#)),
    lint("pipes-metadata-field", "a field that filters of a pipe do not see",
        "The fields that say where a record comes from are added after filtering, and AWS lists them as not usable in \
         filters. They are the same for all records of a source, so the pattern loses nothing without them.",
        r#"{"eventSource": ["aws:dynamodb"], "eventName": ["INSERT"]}"#,
        Some(r#"{"eventName": ["INSERT"]}"#)).in_pipe(STREAM),
    lint("empty-null-absent", "empty, null and absent are three things",
        "`[\"\"]` matches an empty text that is there, `[null]` a null that is there, and `{\"exists\": false}` a \
         field that is not there.",
        r#"{"detail": {"coupon": [null]}}"#,
        Some(r#"{"detail": {"coupon": [null, {"exists": false}]}}"#)),
    lint("dotted-key", "a dot in a key",
        "`\"detail.state\"` is read as state inside detail, because keys are joined by dots before they are compared. \
         Other tools that read patterns look for one field with a dot in its name.",
        r#"{"detail.state": ["on"]}"#,
        Some(r#"{"detail": {"state": ["on"]}}"#)),
    lint("wildcard-rewrite", "a wildcard that a simpler operator can say",
        "A star only at the end is a prefix, a star only at the beginning a suffix, and a wildcard without a star a \
         plain value. These are cheaper, do not count as wildcards, and cannot be too complex.",
        r#"{"source": [{"wildcard": "shop.*"}]}"#,
        Some(r#"{"source": [{"prefix": "shop."}]}"#)),
    lint("string-number", "a string where there is a number, or the other way round",
        "`\"100\"` and `100` are different values and never match each other. At the top of an event all fields \
         except detail are strings, the account too. For other fields a sample is needed.",
        r#"{"account": [123456789012]}"#,
        Some(r#"{"account": ["123456789012"]}"#)),
    lint("case", "capital and small letters",
        "Keys and values are compared letter by letter. If the sender's spelling varies, use equals-ignore-case.",
        r#"{"detail": {"state": ["Running"]}}"#,
        Some(r#"{"detail": {"state": [{"equals-ignore-case": "Running"}]}}"#)).with_sample(r#"{"detail": {"state": "running"}}"#),
    lint("path-not-in-sample", "a field that the sample does not have",
        "A condition on a field that is not there does not hold, except `{\"exists\": false}`. It is a warning if the \
         sample has the field one level deeper, beside it, or with nearly the same name, and an info if it has \
         nothing like it.",
        r#"{"detail": {"state": ["on"]}}"#,
        Some(r#"{"detail": {"lamp": {"state": ["on"]}}}"#)).with_sample(r#"{"detail": {"lamp": {"state": "on"}}}"#),
    lint("body-json-mismatch", "a message in another format than its filter",
        "A filter asks either for fields inside the message or for the text as a whole, and the message must be JSON \
         or text accordingly. Otherwise it does not match: a message of a queue is then deleted, while brokers and \
         Kafka let it pass.",
        r#"{"body": {"status": ["new"]}}"#,
        Some(r#"{"body": [{"prefix": "status=new"}]}"#)).in_pipe(Source::Queue).with_sample(r#"{"messageId": "1", "body": "status=new"}"#),
    lint("ab-absent", "anything-but does not hold for a field that is not there",
        "anything-but needs a value. If you also want events without the field, add `{\"exists\": false}`.",
        r#"{"detail": {"state": ["on"], "cause": [{"anything-but": "user"}]}}"#,
        Some(r#"{"detail": {"state": ["on"], "cause": [{"anything-but": "user"}, {"exists": false}]}}"#))
        .with_sample(r#"{"detail": {"state": "on"}}"#),
    lint("ab-array", "anything-but asked of a list",
        "If the event has a list, or a list of objects, one element that matches is enough. So anything-but holds as \
         soon as one element is not excluded, whatever the others are. No pattern to paste, because no pattern can \
         say \"none of them\".",
        r#"{"source": ["shop"], "detail": {"tags": [{"anything-but": "test"}]}}"#,
        None).with_sample(r#"{"source": "shop", "detail": {"tags": ["test", "new"]}}"#),
    lint("sample-unreadable", "the sample cannot be read",
        "The sample is no JSON object, so everything that needs a sample was skipped. No pattern to paste, because \
         the sample is at fault and not the pattern.",
        r#"{"source": ["shop"]}"#,
        None).with_sample("source=shop"),
    lint("more-findings", "there are more findings",
        "At most a hundred findings are shown. Mend these, and check again. No pattern to paste, because the findings \
         are those of other lints.",
        "",
        None),
];
