//! Decides how the parts of an HTTP request are read: header names, percent escapes, forms.
//!
//! Start at [`RequestHead`]. Nothing here knows a service; bytes that are no UTF-8 become replacement characters,
//! which no name or token contains.

/// What an HTTP request says before its body.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// The path as it was sent, escapes and all.
    pub path: &'a str,
    /// What follows the `?`, as it was sent; empty when there is none.
    pub query: &'a str,
    /// Header names, in any case, and their values.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> RequestHead<'a> {
    /// The first header of this name, without the space around it.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The media type of the body, in lower case and without its parameters.
    pub(crate) fn media_type(&self) -> String {
        let given = self.header("content-type").unwrap_or("");
        given.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
    }

    /// The service in the scope of the request's signature, checked or not.
    pub(crate) fn signed_service(&self) -> Option<&'a str> {
        let scope = self.header("authorization")?.split_once("Credential=")?.1;
        scope.split(',').next()?.split('/').nth(3)
    }
}

/// Undoes percent escapes; an escape that is none stays as it is. In forms a `+` is a space.
pub(crate) fn percent_decode(text: &str, form: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex_digit(*high) << 4 | hex_digit(*low));
                rest = after;
            }
            (b'+', _) if form => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

/// The names and values of a form or a query string, in their order.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (percent_decode(name, true), percent_decode(value, true))).collect()
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let cases = [
            ("a%20b", false, "a b"),
            ("a+b", false, "a+b"),
            ("a+b%2B", true, "a b+"),
            ("%e2%9C%93", false, "✓"),
            ("100%", false, "100%"),
            ("%zz%4", false, "%zz%4"),
            ("%ff", false, "\u{FFFD}"),
        ];
        for (given, form, expected) in cases {
            assert_eq!(percent_decode(given, form), expected, "{given}");
        }
        assert_eq!(
            form("a=1&b&=&a=x%3Dy"),
            [
                ("a".into(), "1".into()),
                ("b".into(), String::new()),
                (String::new(), String::new()),
                ("a".into(), "x=y".into()),
            ]
        );
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let headers = [
            ("Content-Type", " Application/X-AMZ-json-1.0; charset=utf-8"),
            (
                "AUTHORIZATION",
                "AWS4-HMAC-SHA256 Credential=AKID/20240101/us-east-1/sqs/aws4_request, SignedHeaders=host",
            ),
        ];
        let head = RequestHead { method: "POST", path: "/", query: "", headers: &headers };
        assert_eq!(head.media_type(), "application/x-amz-json-1.0");
        assert_eq!(head.signed_service(), Some("sqs"));
        assert_eq!(head.header("x-amz-target"), None);
    }
}
