//! Decides how XML answers are written: elements and text, nothing else.
//!
//! Invariant: whatever text goes in, the document stays well-formed. Characters that XML 1.0 cannot carry become
//! U+FFFD.

/// A document being written.
#[derive(Debug)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn new() -> Self {
        Self("<?xml version=\"1.0\"?>".to_owned())
    }

    pub(crate) fn open(&mut self, name: &str) {
        self.open_with(name, "");
    }

    /// Opens an element with attributes that are already written out.
    pub(crate) fn open_with(&mut self, name: &str, attributes: &str) {
        self.0.push('<');
        // An operation's name comes from the request, so it is as foreign as any text.
        self.escape(name);
        self.0.push_str(attributes);
        self.0.push('>');
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.escape(name);
        self.0.push('>');
    }

    /// An element that holds nothing but text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.escape(text);
        self.close(name);
    }

    /// Text inside the element that is open.
    pub(crate) fn plain(&mut self, text: &str) {
        self.escape(text);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn escape(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // Readers turn a bare one into a line feed.
                '\r' => self.0.push_str("&#13;"),
                '\t' | '\n' => self.0.push(character),
                '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => self.0.push('\u{FFFD}'),
                _ => self.0.push(character),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out() {
        let mut xml = Xml::new();
        xml.open("A");
        xml.text("B", "</B>&\"\r\n\u{1}✓");
        xml.close("A");
        let text = String::from_utf8(xml.into_bytes()).unwrap();
        let expected = "<?xml version=\"1.0\"?><A><B>&lt;/B&gt;&amp;&quot;&#13;\n\u{FFFD}✓</B></A>";
        assert_eq!(text, expected);
    }
}
