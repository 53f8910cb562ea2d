//! Decides how values and lists of values are spelled in messages, and which word was meant by a misspelt one.

use std::ops::Range;

/// The text, or its beginning if it is longer than `chars`.
pub(super) fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The character at an offset, or the end of the text.
pub(super) fn char_at(text: &str, offset: usize) -> Range<usize> {
    match text.get(offset..).and_then(|rest| rest.chars().next()) {
        Some(char) => offset..offset + char.len_utf8(),
        None => text.len()..text.len(),
    }
}

/// A piece of the pattern as a message shows it: on one line, not too long, and between backticks unless it is a
/// string, which has quotes of its own.
pub(super) fn shown(source: &str) -> String {
    let line: Vec<&str> = source.split_whitespace().collect();
    let line = cut(&line.join(" "), 60);
    if line.starts_with('"') { line } else { format!("`{line}`") }
}

/// A text as a message shows it.
pub(super) fn quoted(text: &str) -> String {
    shown(&super::mend::quote(&cut(text, 60)))
}

/// `a`, `a or b`, `a, b or c`
pub(super) fn any_of(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The known word nearest to a misspelt one, if it is near.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    const LENGTH_MAX: usize = 40;
    if word.len() > LENGTH_MAX {
        return None;
    }
    let far = 1 + word.chars().count().min(9) / 4;
    let (distance, best) = known.iter().map(|known| (distance(word, known), *known)).min_by_key(|(far, _)| *far)?;
    (distance > 0 && distance < far).then_some(best)
}

/// How many characters to insert, delete or replace; case counts nothing, but equal words only are 0 apart.
pub(super) fn distance(one: &str, other: &str) -> usize {
    if one == other {
        return 0;
    }
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, char) in one.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, wanted) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(char != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_recognised_if_it_is_near() {
        let known = ["prefix", "suffix", "wildcard", "exists"];
        let cases = [
            ("prefx", Some("prefix")),
            ("Prefix", Some("prefix")),
            ("wildcrad", Some("wildcard")),
            ("exist", Some("exists")),
            ("prefix", None),
            ("status", None),
            ("x", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(shown("{\n  \"a\" : 1 }"), "`{ \"a\" : 1 }`");
    }
}
