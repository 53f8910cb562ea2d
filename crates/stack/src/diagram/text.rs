//! Decides how wide a text is and where it breaks.
//!
//! No font is at hand and the one that will be used is not known, so widths are those of Helvetica, which the fonts of
//! the style are as wide as, with a little room.

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Type {
    /// The size in pixels.
    pub(super) size: i32,
    /// Whether it is bold.
    pub(super) bold: bool,
}

/// The space between words that belong together.
const TOGETHER: char = '\u{a0}';

/// Widths of the characters from space to `~`, in thousandths of the size.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

impl Type {
    /// How wide a text is, in whole pixels, rounded up.
    pub(super) fn width(self, text: &str) -> i32 {
        let thousandths: i64 = text.chars().map(|character| i64::from(thousandths(character))).sum();
        // Bold letters are wider; and other fonts than Helvetica a little too.
        let percent = if self.bold { 112 } else { 104 };
        let pixels = (thousandths * i64::from(self.size) * percent).div_euclid(100_000) + 1;
        // A text that is wider than this is broken long before anything is drawn.
        i32::try_from(pixels).unwrap_or(i32::MAX)
    }

    /// The text in lines that are no wider than this, at most so many; what is left out is marked by `…`.
    pub(super) fn wrap(self, text: &str, width_max: i32, lines_max: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for piece in pieces(text) {
            let mut piece = piece;
            if !line.is_empty() && self.width(&format!("{line}{}", piece.trim_end())) > width_max {
                lines.push(std::mem::take(&mut line));
                if lines.len() > lines_max {
                    break;
                }
            }
            // What is too long for a line of its own is broken anywhere.
            while line.is_empty() && self.width(piece.trim_end()) > width_max {
                let (fits, rest) = piece.split_at(self.fitting(piece, width_max));
                lines.push(fits.to_owned());
                piece = rest;
                if lines.len() > lines_max {
                    break;
                }
            }
            line.push_str(piece);
        }
        if !line.trim_end().is_empty() {
            lines.push(line);
        }
        let is_cut = lines.len() > lines_max;
        lines.truncate(lines_max);
        lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
        if let Some(last) = lines.last_mut().filter(|_| is_cut) {
            while self.width(&format!("{last}…")) > width_max && last.pop().is_some() {}
            last.truncate(last.trim_end_matches([' ', ',']).len());
            last.push('…');
        }
        lines
    }

    /// How many bytes of a text fit; at least one character, so that breaking comes to an end.
    fn fitting(self, text: &str, width_max: i32) -> usize {
        let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
        let mut fits = 0;
        for end in ends {
            if fits > 0 && self.width(&text[..end]) > width_max {
                break;
            }
            fits = end;
        }
        // Words that belong together come apart before a word does, and a name where one of its words begins.
        let together = text[..fits].rfind(TOGETHER).map(|at| at + TOGETHER.len_utf8());
        together.unwrap_or_else(|| {
            let letters: Vec<(usize, char)> = text.char_indices().take_while(|(at, _)| *at <= fits).collect();
            let begins = letters.windows(2).rev().find(|pair| is_inner_beginning(pair[0].1, pair[1].1));
            begins.map_or(fits, |pair| pair[1].0)
        })
    }
}

fn thousandths(character: char) -> u16 {
    match u32::from(character) {
        code @ 32..=126 => WIDTHS[code as usize - 32],
        0xa0 => WIDTHS[0],
        // Letters with accents are as wide as without; `…` and the like are wide.
        0xa1..=0x24f => 611,
        _ => 1_000,
    }
}

/// The text in pieces between which a line may end: after spaces, and after what joins the parts of a name.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '/', '-', '_', '.', ':'])
}

/// Where a word begins within a name, as in `OrderQueue`.
fn is_inner_beginning(before: char, after: char) -> bool {
    before.is_lowercase() && after.is_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Type = Type { size: 10, bold: false };

    #[test]
    fn lines_end_where_a_reader_expects_it() {
        let cases: [(&str, i32, usize, &[&str]); 8] = [
            ("short", 100, 3, &["short"]),
            ("", 100, 3, &[]),
            ("GET /customers/{id}/orders", 95, 3, &["GET /customers/", "{id}/orders"]),
            ("one two three four", 40, 2, &["one two", "three…"]),
            ("StandardOrderDLQ-Function", 70, 3, &["StandardOrder", "DLQ-Function"]),
            ("one\u{a0}two\u{a0}three", 40, 3, &["one\u{a0}two", "three"]),
            ("abcdefghijklmnop", 40, 3, &["abcdefg", "hijklmno", "p"]),
            ("abcdefghijklmnop", 40, 1, &["abcde…"]),
        ];
        for (text, width, lines, expected) in cases {
            assert_eq!(PLAIN.wrap(text, width, lines), expected, "{text}");
        }
    }

    proptest! {
        /// No line is wider than it may be, there are no more than there may be, and nothing but spaces is lost
        /// without a mark.
        #[test]
        fn lines_fit_and_lose_nothing_unsaid(text in "[a-zA-Z .é/\u{a0}-]{0,80}", width in 30..200_i32, count in 1..5_usize) {
            let lines = PLAIN.wrap(&text, width, count);
            prop_assert!(lines.len() <= count);
            for line in &lines {
                prop_assert!(PLAIN.width(line) <= width, "{line}");
            }
            let squeezed = |text: &str| text.replace([' ', TOGETHER], "");
            match lines.last().and_then(|last| last.strip_suffix('…')) {
                Some(_) => prop_assert!(squeezed(&text).starts_with(squeezed(lines.concat().trim_end_matches('…')).as_str())),
                None => prop_assert_eq!(squeezed(&text), squeezed(&lines.concat())),
            }
        }
    }
}
