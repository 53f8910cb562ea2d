//! Decides which texts are taken as an order's: how long they may be and what may stand in them.
//!
//! Names of people, goods and places may be in any script. What is refused are characters that do not show, act on a
//! terminal or turn the direction of what stands around them: nobody writes them, and they make a text look like another.

/// A rule for one kind of text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// The fewest and most characters.
    pub(crate) length: (usize, usize),
    pub(crate) form: Form,
}

/// What may stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Anything that shows, on one line.
    Line,
    /// Anything that shows, on several lines.
    Lines,
    /// Visible ASCII: what programs call something.
    Id,
    /// Visible ASCII without `#` and `/`, which stand between ids in keys and paths.
    Customer,
    /// An e-mail address.
    Email,
    /// A country's two letters.
    Country,
}

const fn rule(min: usize, max: usize, form: Form) -> Rule {
    Rule { length: (min, max), form }
}

pub(crate) const CUSTOMER_ID: Rule = rule(1, 128, Form::Customer);
pub(crate) const EMAIL: Rule = rule(3, 254, Form::Email);
pub(crate) const CURRENCY: Rule = rule(1, 60, Form::Line);
pub(crate) const SKU: Rule = rule(1, 64, Form::Id);
pub(crate) const LINE_NAME: Rule = rule(1, 200, Form::Line);
pub(crate) const NOTE: Rule = rule(0, 1000, Form::Lines);
pub(crate) const QUESTION: Rule = rule(1, 500, Form::Lines);
pub(crate) const ORDER_ID: Rule = rule(1, 64, Form::Id);
pub(crate) const REASON: Rule = rule(0, 200, Form::Line);
pub(crate) const PERSON: Rule = rule(1, 100, Form::Line);
pub(crate) const STREET: Rule = rule(1, 200, Form::Line);
pub(crate) const TOWN: Rule = rule(1, 100, Form::Line);
pub(crate) const POSTAL_CODE: Rule = rule(1, 20, Form::Line);
pub(crate) const COUNTRY: Rule = rule(2, 2, Form::Country);

impl Rule {
    /// What is wrong with a text, if anything is; the text is the sentence's subject.
    pub(crate) fn fault(&self, text: &str) -> Option<String> {
        let (min, max) = self.length;
        // A text has no more characters than bytes, so only what may be too long is counted.
        if text.len() > max && text.chars().count() > max {
            return Some(format!("is longer than {max} characters"));
        }
        // Most texts are plain ASCII, which a machine sees many bytes of at a time.
        let plain = text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte));
        let allowed = |c: char| self.form == Form::Lines && matches!(c, '\n' | '\r' | '\t');
        let odd = if plain { None } else { text.chars().find(|c| is_odd(*c) && !allowed(*c)) };
        if let Some(odd) = odd {
            return Some(format!("contains U+{:04X}, which does not show; leave it out", u32::from(odd)));
        }
        if min > 0 && text.chars().all(char::is_whitespace) {
            return Some("is empty".to_owned());
        }
        let graphic = || text.bytes().all(|byte| byte.is_ascii_graphic());
        match self.form {
            Form::Line | Form::Lines => None,
            Form::Id => (!graphic()).then(|| "should be ASCII letters, digits and signs, without blanks".to_owned()),
            Form::Customer if is_customer_id(text) => None,
            Form::Customer => Some(
                "should be ASCII letters, digits and signs, without blanks, `#` and `/`, and not only dots".to_owned(),
            ),
            Form::Email => (!is_email(text)).then(|| "should be an e-mail address such as ada@example.com".to_owned()),
            Form::Country => {
                (!is_country(text)).then(|| "should be a country's two letters (ISO 3166) such as US".to_owned())
            }
        }
    }
}

/// Whether a customer may be called so. An id that may not be is nobody's.
pub(crate) fn is_customer_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'/');
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !text.bytes().all(|byte| byte == b'.')
}

/// Whether a character does not show, or acts on what stands around it.
pub(crate) fn is_odd(character: char) -> bool {
    match character {
        ' '..='~' => false,
        // Direction embeddings, overrides and isolates; line and paragraph separators; a byte order mark.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' => true,
        // Characters for tagging text, and those between lines.
        '\u{E0000}'..='\u{E007F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FDD0}'..='\u{FDEF}' => true,
        _ => character.is_control() || u32::from(character) & 0xFFFE == 0xFFFE,
    }
}

/// One `@` with something sound on both sides; whether mail arrives only sending can tell.
fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let sound = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    text.len() <= 254 && name.len() <= 64 && sound(name) && sound(host) && !host.split('.').any(str::is_empty)
}

/// Those of ISO 3166-1 that are assigned.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
                         BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG \
                         EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN \
                         HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI \
                         LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC \
                         NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA \
                         SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR \
                         TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

fn is_country(text: &str) -> bool {
    // Every third place begins a code, so that no code is found across two.
    text.len() == 2 && COUNTRIES.as_bytes().chunks(3).any(|known| known[..2] == *text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_iso_3166() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert!(COUNTRIES.split(' ').is_sorted_by(|a, b| a < b), "each stands there once");
        for (text, known) in [("US", true), ("DE", true), ("us", false), ("XX", false), ("D ", false), ("EA", false)] {
            assert_eq!(is_country(text), known, "{text}");
        }
    }

    #[test]
    fn addresses_for_mail_are_plausible() {
        let long_name = format!("{}@b.c", "a".repeat(65));
        let cases = [
            ("ada@example.com", true),
            ("a@b", true),
            ("jörg@münchen.example", true),
            ("o'hara+x@b.c", true),
            ("ada", false),
            ("@b", false),
            ("a@", false),
            ("a@b@c", false),
            ("a b@c", false),
            ("a@b c", false),
            ("a@b..c", false),
            ("a@.b", false),
            ("a@b.", false),
            ("a\u{a0}b@c", false),
            (&*long_name, false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_email(text), expected, "{text}");
        }
    }

    #[test]
    fn characters_that_do_not_show_are_odd() {
        for odd in [
            '\0',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{202e}',
            '\u{2067}',
            '\u{2028}',
            '\u{feff}',
            '\u{ffff}',
            '\u{1fffe}',
        ] {
            assert!(is_odd(odd), "{odd:?}");
        }
        for plain in ['a', ' ', 'é', 'ß', '日', '🚀', '\u{200f}', '\u{200d}', '\u{301}', '\u{fffd}'] {
            assert!(!is_odd(plain), "{plain:?}");
        }
    }
}
