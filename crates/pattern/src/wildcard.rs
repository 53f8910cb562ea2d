//! Decides which strings a wildcard matches.
//!
//! `*` stands for any characters, none and line ends included; `\*` and `\\` stand for themselves; everything else, `?`
//! too, is literal. Matching places each literal piece at its first possible position, which is right because the
//! pieces between two stars may stand anywhere, and takes time linear in the string for each piece.

/// A wildcard taken apart at its stars.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wildcard {
    /// The literal pieces between the stars: one more than there are stars.
    pub(crate) pieces: Vec<String>,
}

impl Wildcard {
    /// The error is the reason in AWS's words; its position counts bytes and the opening quote.
    pub(crate) fn parse(text: &str) -> Result<Wildcard, String> {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((offset, char)) = chars.next() {
            let position = offset + 1;
            let next = chars.peek().map(|(_, next)| *next);
            match (char, next) {
                ('*', Some('*')) => return Err(format!("Consecutive wildcard characters at pos {position}")),
                ('*', _) => pieces.push(std::mem::take(&mut piece)),
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    piece.push(escaped);
                    chars.next();
                }
                ('\\', _) => return Err(format!("Invalid escape character at pos {position}")),
                (other, _) => piece.push(other),
            }
        }
        pieces.push(piece);
        Ok(Wildcard { pieces })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.pieces[..] {
            [] => false,
            [only] => text == only,
            [first, middle @ .., last] => {
                let Some(mut rest) =
                    text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
                else {
                    return false;
                };
                for piece in middle {
                    match rest.split_once(piece.as_str()) {
                        Some((_, behind)) => rest = behind,
                        None => return false,
                    }
                }
                true
            }
        }
    }

    /// Literal bytes and stars (none) in order, between the quotes that AWS counts in.
    pub(crate) fn symbols(&self) -> Vec<Option<u8>> {
        let mut symbols = vec![Some(b'"')];
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                symbols.push(None);
            }
            symbols.extend(piece.bytes().map(Some));
        }
        symbols.push(Some(b'"'));
        symbols
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a\nb", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*a*a*", "aba", true),
            ("*a*a*", "a", false),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("a*b*c", "a-b-b-c", true),
            ("a?c", "abc", false),
            ("a?c", "a?c", true),
            (r"a\*c", "a*c", true),
            (r"a\*c", "abc", false),
            (r"a\\*", r"a\b", true),
            ("*é*", "café!", true),
        ];
        for (wildcard, text, expected) in cases {
            assert_eq!(Wildcard::parse(wildcard).unwrap().matches(text), expected, "{wildcard} on {text}");
        }
    }

    #[test]
    fn a_broken_wildcard_is_refused_at_its_position() {
        let cases = [
            ("**", "Consecutive wildcard characters at pos 1"),
            ("a**", "Consecutive wildcard characters at pos 2"),
            ("é**", "Consecutive wildcard characters at pos 3"),
            (r"a\b", "Invalid escape character at pos 2"),
            (r"a\", "Invalid escape character at pos 2"),
        ];
        for (wildcard, reason) in cases {
            assert_eq!(Wildcard::parse(wildcard).unwrap_err(), reason, "{wildcard}");
        }
        assert!(Wildcard::parse(r"*\**").is_ok(), "an escaped star is no star");
    }
}
