//! Decides which strings are equal but for case.
//!
//! As AWS does it: each character of the pattern stands for its lower and its upper form, in UTF-16 units, and for
//! nothing else. So `ß` also matches `SS`, `É` matches `é`, but `k` does not match the Kelvin sign, and characters
//! beyond the basic plane match only themselves. One difference: a character always matches itself here, which on AWS
//! title-case letters such as `ǅ` do not.

/// What is left of `text` after one character of the pattern, or none if it does not begin with any form of it.
fn strip_char(text: &str, wanted: char) -> Option<&str> {
    let mut rest = text.chars();
    let found = rest.next()?;
    if found == wanted || (wanted.is_ascii() && found.is_ascii() && found.eq_ignore_ascii_case(&wanted)) {
        return Some(rest.as_str());
    }
    if u32::from(wanted) > 0xFFFF {
        return None;
    }
    // No form of a character is the beginning of another one, so the first that fits is the only one that can.
    strip_all(text, wanted.to_lowercase()).or_else(|| strip_all(text, wanted.to_uppercase()))
}

fn strip_all(text: &str, wanted: impl Iterator<Item = char>) -> Option<&str> {
    wanted.into_iter().try_fold(text, |rest, char| rest.strip_prefix(char))
}

/// The same from the end.
fn strip_char_back(text: &str, wanted: char) -> Option<&str> {
    let mut rest = text.chars();
    let found = rest.next_back()?;
    if found == wanted || (wanted.is_ascii() && found.is_ascii() && found.eq_ignore_ascii_case(&wanted)) {
        return Some(rest.as_str());
    }
    if u32::from(wanted) > 0xFFFF {
        return None;
    }
    strip_all_back(text, wanted.to_lowercase()).or_else(|| strip_all_back(text, wanted.to_uppercase()))
}

fn strip_all_back(text: &str, wanted: impl DoubleEndedIterator<Item = char>) -> Option<&str> {
    wanted.into_iter().rev().try_fold(text, |rest, char| rest.strip_suffix(char))
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    prefix.chars().try_fold(text, strip_char)
}

pub(crate) fn equals(text: &str, wanted: &str) -> bool {
    strip_prefix(text, wanted).is_some_and(str::is_empty)
}

pub(crate) fn starts_with(text: &str, prefix: &str) -> bool {
    strip_prefix(text, prefix).is_some()
}

pub(crate) fn ends_with(text: &str, suffix: &str) -> bool {
    suffix.chars().rev().try_fold(text, strip_char_back).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_character_begins_or_ends_another_form_of_it() {
        for wanted in (0..=0xFFFF).filter_map(char::from_u32) {
            let forms = [wanted.to_string(), wanted.to_lowercase().collect(), wanted.to_uppercase().collect()];
            for one in &forms {
                for other in forms.iter().filter(|other| *other != one) {
                    assert!(!one.starts_with(other.as_str()), "{one:?} begins with {other:?}");
                    assert!(!one.ends_with(other.as_str()), "{one:?} ends with {other:?}");
                }
            }
        }
    }

    #[test]
    fn case_is_ignored_character_by_character() {
        let cases = [
            ("", "", true),
            ("Shipped", "sHIPPED", true),
            ("shipped", "shipped!", false),
            ("shipped!", "shipped", false),
            ("é", "É", true),
            ("SS", "ß", true),
            ("ß", "ß", true),
            ("ss", "ß", false),
            ("ß", "ss", false),
            ("\u{212A}", "k", false),
            ("k", "\u{212A}", true),
            ("ǅ", "ǅ", true),
            ("𐐀", "𐐀", true),
            ("𐐨", "𐐀", false),
        ];
        for (text, wanted, expected) in cases {
            assert_eq!(equals(text, wanted), expected, "{text} like {wanted}");
            assert_eq!(
                starts_with(&format!("{text}…"), wanted),
                expected || text == "shipped!",
                "{text}… like {wanted}…"
            );
            assert_eq!(ends_with(&format!("…{text}"), wanted), expected, "…{text} like …{wanted}");
        }
    }
}
