//! Decides how a mail is written: the form of RFC 5322, headers in ASCII, a plain text below.
//!
//! Invariants: whatever a text holds, it begins no header of its own and ends none; every line is ASCII and has at most
//! 998 characters; lines end with CR and LF, and neither stands alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt;
use types::Timestamp;

/// After how many characters a header's line is folded, where it can be.
const LINE_MAX: usize = 76;
/// The bytes of one encoded word: with its frame of 12 characters it has at most 75.
const WORD_BYTES_MAX: usize = 45;
/// A line of a text that is longer than this is sent in another form.
const PLAIN_LINE_MAX: usize = 900;

/// Who sends or gets a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: String,
}

/// What is written.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// What makes it this mail and no other, without its domain: letters, digits and `_`.
    pub id: &'a str,
    /// When it was.
    pub at: Timestamp,
    /// Who sends it.
    pub from: &'a Mailbox,
    /// Who gets it.
    pub to: &'a [Mailbox],
    /// What it is about.
    pub subject: &'a str,
    /// What it says, its lines ending with LF.
    pub text: &'a str,
}

impl Mailbox {
    /// Reads `ada@example.com` or `Ada Lovelace <ada@example.com>`; the address is ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>') {
            Some(rest) => {
                let (name, address) = rest.rsplit_once('<')?;
                (name.trim().trim_matches('"').trim(), address)
            }
            None => ("", text),
        };
        if !is_address(address) || name.chars().any(char::is_control) || name.len() > 200 {
            return None;
        }
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        Some(Self { name, address: address.to_owned() })
    }

    /// Reads several, separated by commas.
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        text.split(',').map(Self::parse).collect::<Option<Vec<_>>>().filter(|all| all.len() <= 20)
    }

    /// The address alone.
    pub fn address(&self) -> &str {
        &self.address
    }

    fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else { return f.write_str(&self.address) };
        let plain = |c: char| c.is_ascii_alphanumeric() || " '-_".contains(c);
        if name.chars().all(plain) {
            write!(f, "{name} <{}>", self.address)
        } else {
            write!(f, "{} <{}>", encoded_words(name).join(" "), self.address)
        }
    }
}

/// One `@`, letters as they stand in plain addresses before it, a host's name after it.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let dotted = |part: &str, fair: fn(u8) -> bool| {
        !part.is_empty() && part.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(fair))
    };
    local.len() <= 64
        && domain.len() <= 253
        && dotted(local, |byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
        && dotted(domain, |byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A mail as it is handed to a server, but for the dots that the way there doubles.
pub fn write(mail: &Mail<'_>) -> String {
    let id: String = mail.id.chars().filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c)).collect();
    let date = jiff::Timestamp::from_millisecond(mail.at.millis()).unwrap_or_default();
    let to: Vec<String> = mail.to.iter().map(ToString::to_string).collect();
    let (encoding, body) = body(mail.text);
    let headers = [
        ("Date", date.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()),
        ("From", mail.from.to_string()),
        ("To", to.join(", ")),
        ("Subject", phrase(mail.subject)),
        ("Message-ID", format!("<{id}@{}>", mail.from.domain())),
        ("MIME-Version", "1.0".to_owned()),
        ("Content-Type", "text/plain; charset=utf-8".to_owned()),
        ("Content-Transfer-Encoding", encoding.to_owned()),
        ("Auto-Submitted", "auto-generated".to_owned()),
    ];
    let headers: String = headers.iter().map(|(name, value)| header(name, value)).collect();
    format!("{headers}\r\n{body}")
}

/// A header whose value is made of printable ASCII, folded at blanks.
fn header(name: &str, value: &str) -> String {
    let mut text = format!("{name}:");
    let mut column = text.len();
    for word in value.split(' ').filter(|word| !word.is_empty()) {
        if column + 1 + word.len() > LINE_MAX && column > name.len() + 1 {
            text.push_str("\r\n");
            column = 0;
        }
        text.push(' ');
        // Nothing but what is printed stands in a header, whoever asks for it.
        text.extend(word.chars().filter(char::is_ascii_graphic));
        column += 1 + word.len();
    }
    text + "\r\n"
}

/// A text as a header may say it.
fn phrase(text: &str) -> String {
    let plain = text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) && !text.contains("=?");
    let folds = text.split(' ').all(|word| word.len() <= LINE_MAX);
    if plain && folds { text.to_owned() } else { encoded_words(text).join(" ") }
}

/// A text in words of RFC 2047, none of which ends within a character.
fn encoded_words(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if pieces.last().is_some_and(|piece| piece.len() + character.len_utf8() > WORD_BYTES_MAX) {
            pieces.push(String::new());
        }
        pieces.last_mut().expect("there is one from the beginning").push(character);
    }
    pieces.iter().map(|piece| format!("=?UTF-8?B?{}?=", BASE64.encode(piece))).collect()
}

/// The text, and how it is encoded.
fn body(text: &str) -> (&'static str, String) {
    let plain =
        |line: &str| line.len() <= PLAIN_LINE_MAX && line.bytes().all(|b| b == b'\t' || (0x20..0x7f).contains(&b));
    let lines: Vec<&str> = text.lines().collect();
    if lines.iter().all(|line| plain(line)) {
        let lines = lines.iter().map(|line| format!("{line}\r\n"));
        return ("7bit", lines.collect());
    }
    let crlf: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let encoded = BASE64.encode(crlf);
    let mut folded = String::new();
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index % LINE_MAX == 0 {
            folded.push_str("\r\n");
        }
        folded.push(character);
    }
    ("base64", folded + "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mail(subject: &str, text: &str) -> String {
        let from = Mailbox::parse("Orders <orders@shop.example>").unwrap();
        let to = Mailbox::parse_list("Zoë <vip@shop.example>, second@shop.example").unwrap();
        let at = Timestamp::from_millis(1_709_856_000_498);
        write(&Mail { id: "msg_1", at, from: &from, to: &to, subject, text })
    }

    #[test]
    fn a_mail_has_its_headers_and_its_text() {
        let expected = "Date: Fri, 08 Mar 2024 00:00:00 +0000\r\n\
                        From: Orders <orders@shop.example>\r\n\
                        To: =?UTF-8?B?Wm/Dqw==?= <vip@shop.example>, second@shop.example\r\n\
                        Subject: Hello there\r\n\
                        Message-ID: <msg_1@shop.example>\r\n\
                        MIME-Version: 1.0\r\n\
                        Content-Type: text/plain; charset=utf-8\r\n\
                        Content-Transfer-Encoding: 7bit\r\n\
                        Auto-Submitted: auto-generated\r\n\
                        \r\n\
                        one\r\n\
                        .two\r\n";
        assert_eq!(mail("Hello there", "one\n.two\n"), expected);
        assert!(mail("Größe", "x").contains("Subject: =?UTF-8?B?R3LDtsOfZQ==?=\r\n"));
        assert!(mail("=?x?=", "x").contains("Subject: =?UTF-8?B?"), "a text is not taken for an encoded one");
        assert!(
            mail("x", "ü\n")
                .ends_with("Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\nw7wNCg==\r\n")
        );
    }

    #[test]
    fn addresses_are_plain_or_refused() {
        for (text, shown) in [
            ("a@b.example", "a@b.example"),
            (" Ada Lovelace <ada+x@b.example> ", "Ada Lovelace <ada+x@b.example>"),
            ("<a@b>", "a@b"),
            ("\"Ada, L.\" <a@b>", "=?UTF-8?B?QWRhLCBMLg==?= <a@b>"),
        ] {
            assert_eq!(Mailbox::parse(text).unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            "a",
            "a@",
            "@b",
            "a b@c",
            "a@b@c",
            "a@b>\r\nBcc: x@y",
            "A <a@b",
            "A\r\nBcc: x <a@b>",
            "a..b@c",
            "ä@b",
            "a@b c",
            "<a@b> <c@d>x",
        ] {
            assert_eq!(Mailbox::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Mailbox::parse_list("a@b,,c@d"), None);
    }

    proptest! {
        /// Whatever is said, the headers are the nine that are meant, and every line is short and ASCII.
        #[test]
        fn no_text_makes_a_header_of_its_own(subject in any::<String>(), text in any::<String>()) {
            let written = mail(&subject, &text);
            prop_assert!(written.is_ascii());
            prop_assert!(!written.replace("\r\n", "").contains(['\r', '\n']));
            prop_assert!(written.split("\r\n").all(|line| line.len() <= 998));
            let (head, _) = written.split_once("\r\n\r\n").unwrap();
            let unfolded = head.replace("\r\n ", " ");
            let names: Vec<&str> = unfolded.split("\r\n").map(|line| line.split_once(':').unwrap().0).collect();
            prop_assert_eq!(names, ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type",
                                    "Content-Transfer-Encoding", "Auto-Submitted"]);
        }

        /// A subject of any letters is read again as it was.
        #[test]
        fn a_subject_comes_back(subject in "[a-zA-Zäöüß€🚀?=_ ]{1,200}") {
            let written = mail(&subject, "");
            let line = written.replace("\r\n ", " ");
            let line = line.lines().find_map(|line| line.strip_prefix("Subject:")).unwrap().to_owned();
            let mut decoded = String::new();
            let mut encoded = false;
            for word in line.split(' ').filter(|word| !word.is_empty()) {
                match word.strip_prefix("=?UTF-8?B?").and_then(|word| word.strip_suffix("?=")) {
                    Some(word) => {
                        encoded = true;
                        prop_assert!(word.len() + 12 <= 75);
                        decoded += &String::from_utf8(BASE64.decode(word).unwrap()).unwrap();
                    }
                    None => decoded += &format!("{}{word}", if decoded.is_empty() { "" } else { " " }),
                }
            }
            let words = |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            if encoded {
                prop_assert_eq!(decoded, subject);
            } else {
                prop_assert_eq!(words(&decoded), words(&subject));
            }
        }
    }
}
