//! The `${…}` language of `Fn::Sub`.

use super::Scope;
use crate::findings::{Failed, Findings, Path, Position};
use crate::node::{Data, Entry, Node, find};

/// How many variables of its own an `Fn::Sub` may have; each use looks through all of them.
const VARIABLES_MAX: usize = 500;

/// A part of the text of an `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Text(&'t str),
    /// What stands between `${` and `}`.
    Variable(&'t str),
    /// `${!name}`, which stays as `${name}`.
    Literal(&'t str),
}

/// Takes the text of an `Fn::Sub` apart; the error says what is wrong with it.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        let inside = &rest[start + 2..];
        let end = inside.find('}').ok_or_else(|| "a `${` has no `}`".to_owned())?;
        let name = &inside[..end];
        match name.strip_prefix('!') {
            Some(literal) => pieces.push(Piece::Literal(literal)),
            None => {
                let proper = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'_');
                if name.is_empty() || !name.bytes().all(proper) {
                    return Err(format!(
                        "`${{{name}}}` is not a name; write `${{!{name}}}` if it is meant to stay as it is"
                    ));
                }
                pieces.push(Piece::Variable(name));
            }
        }
        rest = &inside[end + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// The text of an `Fn::Sub` and the variables of its own.
pub(crate) fn parts(argument: &Node) -> Option<(&Node, &str, &[Entry])> {
    match &argument.data {
        Data::Scalar(text) => Some((argument, text, &[])),
        Data::List(items) => match items.as_slice() {
            [text, variables] => Some((text, text.as_scalar()?, variables.as_map()?)),
            _ => None,
        },
        Data::Map(_) => None,
    }
}

impl Scope<'_> {
    pub(super) fn substitute(
        &self,
        at: Position,
        argument: &Node,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<Node, Failed> {
        let Some((node, text, variables)) = parts(argument) else {
            return Err(findings.add(at, path, "`Fn::Sub` takes a text, or a list of a text and a map of variables"));
        };
        if variables.len() > VARIABLES_MAX {
            return Err(findings.add(
                at,
                path,
                format!("`Fn::Sub` takes at most {VARIABLES_MAX} variables of its own"),
            ));
        }
        let pieces = pieces(text).map_err(|reason| findings.add(node.at, path, reason))?;
        let mut made = String::with_capacity(text.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => made.push_str(text),
                Piece::Literal(name) => {
                    made.push_str("${");
                    made.push_str(name);
                    made.push('}');
                }
                Piece::Variable(name) => made.push_str(&self.variable(node.at, name, variables, path, findings)?),
            }
            // Held against the bound piece by piece: one text may repeat a long value many times.
            if made.len() > super::MADE_BYTES_MAX {
                return Err(findings.add(at, path, format!("the text is longer than {} bytes", super::MADE_BYTES_MAX)));
            }
        }
        self.made(at, made, path, findings)
    }

    fn variable(
        &self,
        at: Position,
        name: &str,
        variables: &[Entry],
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<String, Failed> {
        if let Some(entry) = find(variables, name) {
            return self.scalar(&entry.value, &path.key(name), findings);
        }
        match name.split_once('.') {
            Some((id, attribute)) => self.attribute(at, id, attribute, path, findings),
            None => self.name(at, name, path, findings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_at_its_variables() {
        use Piece::{Literal, Text, Variable};
        let cases: [(&str, Option<Vec<Piece<'_>>>); 8] = [
            ("", Some(vec![])),
            ("plain $ {x}", Some(vec![Text("plain $ {x}")])),
            ("${A}", Some(vec![Variable("A")])),
            ("a${A.Arn}b", Some(vec![Text("a"), Variable("A.Arn"), Text("b")])),
            ("${AWS::Region}${B}", Some(vec![Variable("AWS::Region"), Variable("B")])),
            ("${!Literal}!", Some(vec![Literal("Literal"), Text("!")])),
            ("${open", None),
            ("${not a name}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text).ok(), expected, "{text}");
        }
    }
}
