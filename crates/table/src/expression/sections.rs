//! Reads the clauses of an update: `SET`, `REMOVE`, `ADD` and `DELETE`, in any order.
//!
//! That a clause stands there twice is not seen here: what is wrong with its words is said first.

use super::fault::ExpressionError;
use super::parse::Reader;
use super::tree::{Act, Action, Operand, Section, Term};

/// Reads what is done at a path, behind the path.
type ReadAct<'a> = fn(&mut Reader<'a>) -> Result<Act<'a>, ExpressionError>;

impl<'a> Reader<'a> {
    /// All of the text as the clauses of an update.
    pub(super) fn sections(&mut self) -> Result<Vec<Section<'a>>, ExpressionError> {
        let mut sections = Vec::new();
        while self.peek().is_some() {
            sections.push(self.section()?);
        }
        self.end()?;
        Ok(sections)
    }

    fn section(&mut self) -> Result<Section<'a>, ExpressionError> {
        let kinds: [(&str, ReadAct<'a>); 4] = [
            ("SET", |reader| {
                reader.expect("=")?;
                Ok(Act::Set(reader.term()?.0))
            }),
            ("REMOVE", |_| Ok(Act::Remove)),
            ("ADD", |reader| reader.value().map(Act::Add)),
            ("DELETE", |reader| reader.value().map(Act::Delete)),
        ];
        let found = kinds.into_iter().find_map(|(word, act)| Some((self.keyword(word)?, act)));
        let (keyword, act) = found.ok_or_else(|| self.wrong())?;
        let mut actions = Vec::new();
        loop {
            let path = self.path()?;
            actions.push(Action { path, act: act(self)? });
            if self.sign(",").is_none() {
                return Ok(Section { keyword, actions });
            }
        }
    }

    /// `a`, `a + b` or `a - b`, and whether it stands in parentheses of its own.
    fn term(&mut self) -> Result<(Term<'a>, bool), ExpressionError> {
        let Some(open) = self.sign("(") else {
            let first = self.operand()?;
            return Ok((self.sum(first)?, false));
        };
        self.enter(open)?;
        let (inner, parenthesized) = self.term()?;
        self.leave()?;
        if parenthesized {
            self.note_redundant(open);
        }
        match inner {
            Term::One(first) => {
                let sum = self.sum(first)?;
                let alone = matches!(sum, Term::One(_));
                Ok((sum, alone))
            }
            // Two are added, never three.
            Term::Two(..) => Ok((inner, true)),
        }
    }

    fn sum(&mut self, first: Operand<'a>) -> Result<Term<'a>, ExpressionError> {
        let Some(sign) = self.sign("+").or_else(|| self.sign("-")) else { return Ok(Term::One(first)) };
        self.count_operator(sign)?;
        Ok(Term::Two(sign, first, self.operand()?))
    }
}
