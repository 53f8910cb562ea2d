//! Decides what the `format` of a string asks for: enough to notice a mistake, not the whole of each standard.

/// A format that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    DateTime,
    Date,
    Email,
    Uuid,
    Uri,
}

impl Format {
    pub(crate) const NAMES: [&'static str; 5] = ["date-time", "date", "email", "uuid", "uri"];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "date-time" => Self::DateTime,
            "date" => Self::Date,
            "email" => Self::Email,
            "uuid" => Self::Uuid,
            "uri" => Self::Uri,
            _ => return None,
        })
    }

    /// Names of OpenAPI that hint at a width or at how a value is shown, and ask nothing.
    pub(crate) fn is_without_effect(name: &str) -> bool {
        matches!(name, "int32" | "int64" | "float" | "double" | "decimal" | "password" | "byte" | "binary")
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::DateTime => "an instant such as 2024-03-08T12:00:00Z",
            Self::Date => "a day such as 2024-03-08",
            Self::Email => "an e-mail address such as name@example.com",
            Self::Uuid => "a UUID such as 0190a5b4-7c3e-7d2a-9f10-3b5c6d7e8f90",
            Self::Uri => "an absolute URI such as https://example.com/path",
        }
    }

    pub(crate) fn is_match(self, text: &str) -> bool {
        match self {
            Self::DateTime => is_date_time(text),
            Self::Date => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
            Self::Email => is_email(text),
            Self::Uuid => {
                text.len() == 36
                    && text.bytes().enumerate().all(|(at, byte)| match at {
                        8 | 13 | 18 | 23 => byte == b'-',
                        _ => byte.is_ascii_hexdigit(),
                    })
            }
            Self::Uri => is_uri(text),
        }
    }
}

/// RFC 3339: jiff reads more than that, so the shape is looked at first.
fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20 && bytes[4] == b'-' && bytes[7] == b'-' && matches!(bytes[10], b'T' | b't');
    let clock = shaped && bytes[13] == b':' && bytes[16] == b':' && !text.contains('[');
    let zone = text.ends_with(['Z', 'z'])
        || bytes.len().checked_sub(6).is_some_and(|at| matches!(bytes[at], b'+' | b'-') && bytes[at + 3] == b':');
    clock && zone && text.parse::<jiff::Timestamp>().is_ok()
}

/// One `@`, something before it, a domain of at least one dot or none at all (`localhost`) after it, no blanks.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let odd = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '\\' | '"')
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_alphanumeric())
    };
    (1..=64).contains(&local.len())
        && !local.contains(odd)
        && !local.contains('@')
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.len() <= 253
        && domain.split('.').all(label)
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.bytes();
    let escapes = |rest: &str| {
        let bytes = rest.as_bytes();
        let whole = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        bytes.iter().enumerate().all(|(at, byte)| *byte != b'%' || whole(at))
    };
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte))
        && escapes(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_notice_mistakes() {
        let cases = [
            (Format::DateTime, "2024-03-08T12:00:00Z", true),
            (Format::DateTime, "2024-03-08T12:00:00.123+02:00", true),
            (Format::DateTime, "2024-02-30T12:00:00Z", false),
            (Format::DateTime, "2024-03-08 12:00:00Z", false),
            (Format::DateTime, "2024-03-08T12:00:00", false),
            (Format::DateTime, "2024-03-08", false),
            (Format::DateTime, "2024-03-08T12:00:00+02:00[Europe/Berlin]", false),
            (Format::DateTime, "é024-03-08T12:00:00Z", false),
            (Format::Date, "2024-02-29", true),
            (Format::Date, "2023-02-29", false),
            (Format::Date, "20240229", false),
            (Format::Email, "vip@example.com", true),
            (Format::Email, "a.b+c@example.co.uk", true),
            (Format::Email, "vip@", false),
            (Format::Email, "@example.com", false),
            (Format::Email, "a b@example.com", false),
            (Format::Email, "a@b@example.com", false),
            (Format::Email, "a..b@example.com", false),
            (Format::Email, "a@example..com", false),
            (Format::Email, "a@-example.com", false),
            (Format::Email, "a\n@example.com", false),
            (Format::Uuid, "0190a5b4-7c3e-7d2a-9f10-3b5c6d7e8f90", true),
            (Format::Uuid, "0190a5b47c3e7d2a9f103b5c6d7e8f90", false),
            (Format::Uuid, "0190a5b4-7c3e-7d2a-9f10-3b5c6d7e8f9g", false),
            (Format::Uri, "https://example.com/a?b=c%20d#e", true),
            (Format::Uri, "urn:uuid:1", true),
            (Format::Uri, "/relative", false),
            (Format::Uri, "https://exa mple.com", false),
            (Format::Uri, "https://example.com/%2", false),
        ];
        for (format, text, right) in cases {
            assert_eq!(format.is_match(text), right, "{format:?} of {text}");
        }
    }
}
