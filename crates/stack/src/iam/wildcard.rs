//! How `*` and `?` match in actions, ARNs and condition values.

/// Whether the whole text matches: `*` is any run of characters, `?` is exactly one.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut seen) = (0, 0);
    // Where to go on when the letters after the last `*` turn out wrong: one character later.
    let mut retry: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, seen));
                at += 1;
            }
            Some(expected) if *expected == '?' || *expected == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    at = star + 1;
                    seen = from + 1;
                    retry = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|left| *left == '*')
}

/// Actions compare without case.
pub(super) fn action_matches(pattern: &str, action: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// ARNs compare part by part: a `*` does not reach over the first five colons.
pub(super) fn arn_matches(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let mut patterns = pattern.splitn(6, ':');
    let mut parts = arn.splitn(6, ':');
    for index in 0..6 {
        match (patterns.next(), parts.next()) {
            // The service's name takes no wildcards.
            (Some(pattern), Some(part)) if index == 2 => {
                if pattern != part {
                    return false;
                }
            }
            (Some(pattern), Some(part)) => {
                if !matches(pattern, part) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The obvious way: try every length for every star.
    fn model(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(b'*'), _) => (0..=text.len()).any(|length| model(&pattern[1..], &text[length..])),
            (Some(b'?'), Some(_)) => model(&pattern[1..], &text[1..]),
            (Some(expected), Some(found)) => expected == found && model(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_trying_everything(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text), model(pattern.as_bytes(), text.as_bytes()));
        }
    }

    #[test]
    fn a_wildcard_stays_within_its_part_of_an_arn() {
        let group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/F:log-stream:s";
        let cases = [
            ("*", group, true),
            ("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/F:*", group, true),
            ("arn:aws:logs:*:*:log-group:/aws/lambda/*", group, true),
            ("arn:aws:logs:*:log-group:/aws/lambda/F:*", group, false),
            ("arn:aws:l*:us-east-1:000000000000:*", group, false),
            ("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*", group, false),
            ("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/?:*", group, true),
            ("arn:*", group, false),
            ("arn:aws:logs:us-east-1:111111111111:*", group, false),
        ];
        for (pattern, arn, expected) in cases {
            assert_eq!(arn_matches(pattern, arn), expected, "{pattern} on {arn}");
        }
    }
}
