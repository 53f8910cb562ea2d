//! Decides which lines a filter pattern finds.
//!
//! A pattern has one of four forms, told apart by its first character: terms (`ERROR -"time out"`), a condition on a
//! JSON line (`{ $.level = "ERROR" }`), the fields of a line (`[ip, ..., status=5*]`), or one regular expression
//! (`%5\d\d%`). Start at [`FilterPattern::parse`] and [`FilterPattern::matches`].
//!
//! Everything is compared case by case. What does not parse is refused with the position of what is wrong; nothing
//! that parses is ever ignored, but for one rule: an optional term (`?WARN`) beside a required or an excluded one does
//! not count, as it does not in CloudWatch.

mod fields;
mod json;
mod read;
mod terms;
mod value;

use read::Reader;
use types::SortedMap;

/// The most characters that a pattern may have.
pub const FILTER_PATTERN_LENGTH_MAX: usize = 1024;

/// A filter pattern, ready to be matched.
#[derive(Debug, Clone)]
pub struct FilterPattern(Form);

#[derive(Debug, Clone)]
enum Form {
    All,
    Terms(terms::Terms),
    Json(json::Condition),
    Fields(fields::Fields),
    Regex(regex_lite::Regex),
}

/// Why a text is not a filter pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterPatternError {
    /// More than [`FILTER_PATTERN_LENGTH_MAX`] characters.
    #[error("the filter pattern has {length} characters, at most {FILTER_PATTERN_LENGTH_MAX} are allowed")]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// Something cannot stand where it stands.
    #[error("invalid filter pattern at character {position}: {problem}")]
    Syntax {
        /// Which character, from 1.
        position: usize,
        /// What is wrong there, and what would be right.
        problem: String,
    },
}

impl FilterPattern {
    /// Reads a pattern; an empty one finds every line.
    ///
    /// # Errors
    /// When the text is no pattern: what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, FilterPatternError> {
        let length = text.chars().count();
        if length > FILTER_PATTERN_LENGTH_MAX {
            return Err(FilterPatternError::TooLong { length });
        }
        let mut reader = Reader::new(text);
        reader.skip_blanks();
        let form = match reader.peek() {
            None => Form::All,
            Some('{') => Form::Json(json::parse(&mut reader)?),
            Some('[') => Form::Fields(fields::parse(&mut reader)?),
            Some('%') => Form::Regex(value::parse_regex(&mut reader)?),
            Some(_) => Form::Terms(terms::parse(&mut reader)?),
        };
        reader.skip_blanks();
        if reader.peek().is_some() {
            return Err(reader.error("nothing may follow the end of the pattern"));
        }
        Ok(Self(form))
    }

    /// What a line says in the fields that the pattern names, if the pattern finds it.
    pub fn extract(&self, message: &str) -> Option<SortedMap<String, String>> {
        self.matches(message).then(|| match &self.0 {
            Form::Fields(fields) => fields.extract(message),
            Form::All | Form::Terms(_) | Form::Json(_) | Form::Regex(_) => SortedMap::new(),
        })
    }

    /// Whether the pattern finds this line.
    pub fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Form::All => true,
            Form::Terms(terms) => terms.matches(message),
            Form::Json(condition) => json::matches(condition, message),
            Form::Fields(fields) => fields.matches(message),
            Form::Regex(regex) => regex.is_match(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Examples of AWS's documentation of TestMetricFilter.
    #[test]
    fn fields_are_extracted_by_name_or_number() {
        let line = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
        let (at, request) = ("10/Oct/2000:13:25:15 -0700", "GET /index.html HTTP/1.0");
        let cases = [
            (
                "[ip, identity, user_id, timestamp, request, status_code, size]",
                ["$ip", "$identity", "$user_id", "$timestamp", "$request", "$status_code", "$size"],
            ),
            ("[..., size]", ["$1", "$2", "$3", "$4", "$5", "$6", "$size"]),
            ("[]", ["$1", "$2", "$3", "$4", "$5", "$6", "$7"]),
            ("[..., status_code=404, size]", ["$1", "$2", "$3", "$4", "$5", "$status_code", "$size"]),
            ("[..., request=*.html*, status_code=4*,]", ["$1", "$2", "$3", "$4", "$request", "$status_code", "$7"]),
        ];
        for (pattern, names) in cases {
            let values = ["127.0.0.1", "-", "frank", at, request, "404", "1534"];
            let expected =
                names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value.to_owned())).collect();
            assert_eq!(FilterPattern::parse(pattern).unwrap().extract(line), Some(expected), "{pattern}");
        }
        let extract = |pattern: &str| FilterPattern::parse(pattern).unwrap().extract(line);
        assert_eq!(extract("[..., status_code=200, size]"), None);
        assert_eq!(extract("frank"), Some(SortedMap::new()));
    }

    fn check(cases: &[(&str, &str, bool)]) {
        for (pattern, message, expected) in cases {
            let parsed = FilterPattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(parsed.matches(message), *expected, "{pattern} on {message}");
        }
    }

    #[test]
    fn terms_are_all_any_or_none() {
        check(&[
            ("", "anything", true),
            ("  ", "", true),
            ("ERROR", "[ERROR 400] BAD REQUEST", true),
            ("ERROR", "an error", false),
            ("ERROR REQUEST", "[ERROR 400] BAD REQUEST", true),
            ("ERROR REQUEST", "[ERROR 400]", false),
            ("?ERROR ?WARN", "WARN: slow", true),
            ("?ERROR ?WARN", "INFO: fine", false),
            ("ERROR -EXITING", "ERROR while EXITING", false),
            ("ERROR -EXITING", "ERROR while starting", true),
            ("-START -END", "REPORT", true),
            ("-START -END", "END RequestId", false),
            ("\"ORD-1001 |\"", "Order ID: ORD-1001 | Amount", true),
            ("\"ORD-1001\"", "Order ID: ORD-1002", false),
            ("\"say \\\"hi\\\"\"", "they say \"hi\"", true),
            ("-\"time out\"", "a time out", false),
            ("?\"a b\" ?c", "a b", true),
            ("grün", "alles grün", true),
            // An optional term beside a required one does not count.
            ("?ERROR REQUEST", "REQUEST", true),
            ("?ERROR -REQUEST", "fine", true),
        ]);
    }

    #[test]
    fn json_conditions_read_properties() {
        let line = r#"{"level":"ERROR","n":7,"big":12345678901234567,"user":{"id":"u-1","tags":["a","b"]},"x":null,
                       "ok":true,"list":[{"flag":1},{"flag":2}],"dotted.name":"d"}"#;
        let cases = [
            (r#"{ $.level = "ERROR" }"#, true),
            (r#"{ $.level = "error" }"#, false),
            ("{$.level=ERROR}", true),
            (r#"{ $.level = "E*R" }"#, true),
            (r#"{ $.level = *RR* }"#, true),
            (r#"{ $.level != "WARN" }"#, true),
            (r#"{ $.level != "ERR*" }"#, false),
            ("{ $.n > 5 }", true),
            ("{ $.n > 7 }", false),
            ("{ $.n >= 7 }", true),
            ("{ $.n < 7.5 }", true),
            ("{ $.n <= 6 }", false),
            ("{ $.n = 7e0 }", true),
            ("{ $.n != 8 }", true),
            ("{ $.big = 12345678901234567 }", true),
            ("{ $.big = 12345678901234568 }", false),
            (r#"{ $.n = "7" }"#, false),
            ("{ $.missing = 1 }", false),
            ("{ $.missing != 1 }", false),
            ("{ $.missing NOT EXISTS }", true),
            ("{ $.level NOT EXISTS }", false),
            ("{ $.level EXISTS }", true),
            ("{ $.x IS NULL }", true),
            ("{ $.level IS NULL }", false),
            ("{ $.x EXISTS }", true),
            ("{ $.ok IS TRUE }", true),
            ("{ $.ok IS FALSE }", false),
            (r#"{ $.user.id = "u-*" }"#, true),
            (r#"{ $.user.tags[1] = "b" }"#, true),
            (r#"{ $.user.tags[2] = "b" }"#, false),
            (r#"{ $.user.tags[*] = "b" }"#, true),
            (r#"{ $.user.tags[*] = "c" }"#, false),
            (r#"{ $.user.tags = "a" }"#, false),
            ("{ $.list[*].flag = 2 }", true),
            (r#"{ $.*.id = "u-1" }"#, true),
            (r#"{ $.['dotted.name'] = "d" }"#, true),
            (r#"{ $["dotted.name"] = "d" }"#, true),
            (r#"{ $.level = %^E.*R$% }"#, true),
            (r#"{ $.level = %^W% }"#, false),
            (r#"{ $.level = "ERROR" && ($.n > 50 || $.y NOT EXISTS) }"#, true),
            (r#"{ $.level = "ERROR" && ($.n > 50 || $.x NOT EXISTS) }"#, false),
            (r#"{ $.level = "WARN" && $.n > 5 || $.ok IS TRUE }"#, true),
            (r#"{ ($.level = "WARN") && (($.n > 5) || ($.ok IS TRUE)) }"#, false),
        ];
        for (pattern, expected) in cases {
            check(&[(pattern, line, expected)]);
        }
        check(&[
            ("{ $.a NOT EXISTS }", "no JSON", false),
            ("{ $.a NOT EXISTS }", "7", true),
            ("{ $[0] = 7 }", "[7]", true),
            ("{ $.a = 1 }", "  {\"a\": 1}\n", true),
            ("{ $.a > 1 }", "{\"a\": 1e300}", true),
            ("{ $.a > 1 }", "{\"a\": \"5\"}", false),
            ("{ $.ip = 123.123.* }", r#"{"ip":"123.123.4.5"}"#, true),
            ("{ $.ip = 123.123.* }", r#"{"ip":"123.124.4.5"}"#, false),
            ("{ $.code = 404 }", r#"{"code":"404"}"#, true),
        ]);
    }

    #[test]
    fn fields_are_told_by_blanks_quotes_and_brackets() {
        let line = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
        let cases = [
            ("[ip, user, name, time, request, status, bytes]", true),
            ("[ip, user, name, time, request, status]", false),
            ("[ip, user, name, time, request, status=4*, bytes]", true),
            ("[ip, user, name, time, request, status=5*, bytes]", false),
            ("[ip, user, name, time, request, status=404, bytes>1000]", true),
            ("[ip, user, name, time, request, status=404, bytes>2000]", false),
            ("[ip, user, name, time, request=*.html*, status=4*, bytes]", true),
            ("[..., status=4*, bytes]", true),
            ("[ip=127.*, ...]", true),
            ("[ip, ..., bytes=1534]", true),
            ("[ip, ..., status=5* || status=404, bytes]", true),
            ("[ip != 127.* && ip != 10.*, ...]", false),
            ("[ip=%127\\.0\\.0\\.[1-9]%, ...]", true),
            ("[..., name=\"frank\", time, request, status, bytes]", true),
            ("[a, b, c, d, ..., e, f, g, h]", false),
            ("[a, b, c, d, ..., e, f, g]", true),
            ("[...]", true),
        ];
        for (pattern, expected) in cases {
            check(&[(pattern, line, expected)]);
        }
        check(&[
            ("[w1=ERROR, w2]", "ERROR here", true),
            ("[w1=ERROR, w2]", "ERROR here now", false),
            ("[w1!=ERROR&&w1!=WARN, w2]", "INFO x", true),
            ("[w1!=ERROR&&w1!=WARN, w2]", "WARN x", false),
            ("[w]", "", false),
            ("[...]", "", true),
            ("[a > 5]", "x", false),
            ("[a = \"x y\"]", "\"x y\"", true),
            ("[a = \"x y\"]", "[x y]", true),
            ("[a, b]", "\"never closed", true),
        ]);
    }

    #[test]
    fn regular_expressions_find_anywhere() {
        check(&[
            ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", true),
            ("%^AUTHORIZED%", "UNAUTHORIZED", false),
            (r"%5\d\d%", "status 503", true),
            (r"%5\d\d%", "status 53", false),
            ("%colou?r|gr[ae]y%", "grey", true),
            (" %a% ", "a", true),
        ]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_position() {
        let cases = [
            (
                "ERROR foo/bar",
                "invalid filter pattern at character 10: '/' must stand in double quotes, as in \"foo/bar\"",
            ),
            ("\"never", "invalid filter pattern at character 1: the quotation mark is never closed"),
            ("ERROR -", "invalid filter pattern at character 8: a term must follow the '-'"),
            ("\"\"", "invalid filter pattern at character 1: the term is empty"),
            (
                "{ $.a }",
                "invalid filter pattern at character 7: an operator must follow: =, !=, <, <=, >, >=, IS, EXISTS or NOT EXISTS",
            ),
            ("{ $.a = }", "invalid filter pattern at character 9: a value must follow the operator"),
            ("{ a = 1 }", "invalid filter pattern at character 3: a property such as $.name must stand here"),
            ("{ $.a > \"x\" }", "invalid filter pattern at character 9: only a number can be greater or smaller"),
            ("{ $.a = 1", "invalid filter pattern at character 10: '}' must stand here"),
            ("{ ($.a = 1 }", "invalid filter pattern at character 12: ')' must stand here"),
            ("{ $.a = 1 } x", "invalid filter pattern at character 13: nothing may follow the end of the pattern"),
            ("{ $.a IS 1 }", "invalid filter pattern at character 10: NULL, TRUE or FALSE must follow IS"),
            (
                "{ $.a[x] = 1 }",
                "invalid filter pattern at character 7: an index, * or a quoted name must stand in the brackets",
            ),
            ("{ }", "invalid filter pattern at character 3: a property such as $.name must stand here"),
            ("[a, b", "invalid filter pattern at character 6: ',' or ']' must stand here"),
            ("[=1]", "invalid filter pattern at character 2: a field's name or ... must stand here"),
            ("[..., a, ...]", "invalid filter pattern at character 10: the dots may stand only once"),
            (
                "[a = 1 && b = 2]",
                "invalid filter pattern at character 11: the condition is on another field than \"a\"",
            ),
            ("%a", "invalid filter pattern at character 1: the '%' is never closed"),
            ("%(a)%", "invalid filter pattern at character 2: a regular expression cannot have '(' here"),
            ("%[%", "invalid filter pattern at character 1: the regular expression does not parse: "),
            ("%%", "invalid filter pattern at character 1: the regular expression is empty"),
        ];
        for (pattern, expected) in cases {
            let error = FilterPattern::parse(pattern).map(|_| ()).expect_err(pattern).to_string();
            assert!(error.starts_with(expected), "{pattern}: {error}");
        }
        let long = "x".repeat(FILTER_PATTERN_LENGTH_MAX + 1);
        assert_eq!(FilterPattern::parse(&long).unwrap_err(), FilterPatternError::TooLong { length: 1025 });
    }

    #[test]
    fn deep_nesting_is_no_crash() {
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(31), ")".repeat(31));
        check(&[(&deep, r#"{"a":1}"#, true)]);
        let error = FilterPattern::parse(&format!("{{{}", "(".repeat(1000))).unwrap_err();
        assert_eq!(error.to_string(), "invalid filter pattern at character 34: brackets nest deeper than 32 levels");
        let nested = "[".repeat(100_000);
        check(&[("{ $.a NOT EXISTS }", &nested, false)]);
    }

    proptest! {
        /// Whatever is written as a pattern and whatever was printed: an answer or an error, never a panic.
        #[test]
        fn nothing_panics(pattern in r#"[\[\]{}()$.*=!<>&|,%"?a1 -]{0,30}"#, message in r#"[\[\]{}":,a1 ]{0,30}"#) {
            if let Ok(pattern) = FilterPattern::parse(&pattern) {
                pattern.matches(&message);
            }
        }

        /// Any text in quotes finds exactly the lines that contain it.
        #[test]
        fn a_quoted_phrase_is_found_literally(phrase in "[a-c\"\\\\ %*?]{1,5}", message in "[a-c\"\\\\ %*?]{0,12}") {
            let quoted = format!("\"{}\"", phrase.replace('\\', "\\\\").replace('"', "\\\""));
            let found = FilterPattern::parse(&quoted).unwrap().matches(&message);
            prop_assert_eq!(found, message.contains(&phrase));
        }
    }
}
