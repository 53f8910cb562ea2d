//! Decides patterns of terms: all of the plain ones, none of the excluded ones, or any of the optional ones.

use super::FilterPatternError;
use super::read::Reader;

/// The terms of a pattern, by what is asked of them; at least one.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    required: Vec<String>,
    excluded: Vec<String>,
    optional: Vec<String>,
}

impl Terms {
    pub(super) fn matches(&self, message: &str) -> bool {
        let contains = |term: &String| message.contains(term.as_str());
        if self.required.is_empty() && self.excluded.is_empty() {
            return self.optional.iter().any(contains);
        }
        self.required.iter().all(contains) && !self.excluded.iter().any(contains)
    }
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Terms, FilterPatternError> {
    let mut terms = Terms::default();
    loop {
        reader.skip_blanks();
        match reader.peek() {
            None => return Ok(terms),
            Some(mark @ ('?' | '-')) => {
                reader.next();
                let term = term(reader, Some(mark))?;
                if mark == '?' { terms.optional.push(term) } else { terms.excluded.push(term) }
            }
            Some(_) => terms.required.push(term(reader, None)?),
        }
    }
}

fn term(reader: &mut Reader<'_>, mark: Option<char>) -> Result<String, FilterPatternError> {
    let begin = reader.at();
    if reader.peek() == Some('"') {
        let text = reader.quoted()?;
        return if text.is_empty() { Err(reader.error_at(begin, "the term is empty")) } else { Ok(text) };
    }
    let word = reader.take_while(|c| !c.is_whitespace());
    if let (true, Some(mark)) = (word.is_empty(), mark) {
        return Err(reader.error_at(begin, format!("a term must follow the '{mark}'")));
    }
    if let Some((at, odd)) = word.char_indices().find(|(_, c)| !c.is_alphanumeric() && *c != '_') {
        let problem = format!("'{odd}' must stand in double quotes, as in \"{}\"", word.replace('"', "\\\""));
        return Err(reader.error_at(begin + at, problem));
    }
    Ok(word.to_owned())
}
