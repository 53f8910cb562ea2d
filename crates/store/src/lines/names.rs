//! Decides what a group's directory and a segment's file are called.

/// The longest directory name that is made; most file systems take 255 bytes.
const DIR_LENGTH_MAX: usize = 200;

/// A name as one path component: letters, digits, `_`, `-` and inner dots stay, all other bytes become `%XX`.
pub(super) fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => escaped.push(char::from(byte)),
            b'.' if at > 0 => escaped.push('.'),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// The name that was escaped; `None` if the text is not an escaped name.
pub(super) fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*byte);
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    (escape(&name) == escaped).then_some(name)
}

/// A group's directory. Names too long for one are cut and told apart by a sum; `%~` stands in no escaped name.
pub(super) fn dir_of(group: &str) -> String {
    let escaped = escape(group);
    if escaped.len() <= DIR_LENGTH_MAX {
        return escaped;
    }
    let fold = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    let sum = group.bytes().fold(0xCBF2_9CE4_8422_2325, fold);
    format!("{}%~{sum:016x}", &escaped[..DIR_LENGTH_MAX - 20])
}

/// A segment's file: when its first line was taken in, and its number.
pub(super) fn segment_file(first_ms: i64, number: u64) -> String {
    format!("{}-{number}.lines", first_ms.max(0))
}

/// The time and number in a segment's file name.
pub(super) fn parse_segment_file(name: &str) -> Option<(i64, u64)> {
    let (first, number) = name.strip_suffix(".lines")?.split_once('-')?;
    Some((first.parse().ok().filter(|first| *first >= 0)?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_one_path_component() {
        let cases = [
            ("/aws/lambda/F", "%2Faws%2Flambda%2FF"),
            ("a.b", "a.b"),
            ("..", "%2E."),
            (".hidden", "%2Ehidden"),
            ("a b\n", "a%20b%0A"),
            ("ä", "%C3%A4"),
        ];
        for (name, escaped) in cases {
            assert_eq!(escape(name), escaped);
            assert_eq!(unescape(escaped).as_deref(), Some(name));
        }
        for text in ["%2faws", "%", "%4", "%41", "a/b", ".", "%FF"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }

    #[test]
    fn long_names_keep_apart() {
        let long = |end: &str| format!("{}{end}", "/x".repeat(250));
        assert_ne!(dir_of(&long("a")), dir_of(&long("b")));
        assert!(dir_of(&long("a")).len() <= DIR_LENGTH_MAX);
        assert_eq!(unescape(&dir_of(&long("a"))), None);
    }

    #[test]
    fn segment_names_say_when_and_which() {
        assert_eq!(parse_segment_file(&segment_file(1_700_000_000_000, 12)), Some((1_700_000_000_000, 12)));
        assert_eq!(segment_file(-5, 1), "0-1.lines");
        for name in ["1-2", "1-2.lines.tmp", "-1-2.lines", "x-2.lines", "group"] {
            assert_eq!(parse_segment_file(name), None, "{name}");
        }
    }

    proptest! {
        /// Every name comes back from its escaped form, which is one path component.
        #[test]
        fn escaping_round_trips(name in any::<String>()) {
            let escaped = escape(&name);
            prop_assert!(!escaped.contains(['/', '\\', '\0']) && !escaped.starts_with('.'));
            prop_assert_eq!(unescape(&escaped), Some(name));
        }
    }
}
