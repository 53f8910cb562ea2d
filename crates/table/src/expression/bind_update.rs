//! Decides what an update's tree means: actions on paths that do not get into each other's way.
//!
//! Start at [`update`].

use super::bind::{Binder, Functions, check_count, check_distinct, refuse_reserved};
use super::fault::{ExpressionError, Fault};
use super::names::Names;
use super::tokens::Token;
use super::tree::{self, Act, Call, Section, Seen, Term, Used, Visit};
use crate::update::{Action, Change, Source, Sum, Update};
use types::Value;

/// The update that a tree says.
pub(super) fn update(sections: &[Section<'_>], names: &Names) -> Result<Update, ExpressionError> {
    let binder = Binder { names };
    visit(sections, &mut refuse_reserved)?;
    visit(sections, &mut |seen| Functions::OfUpdates.refuse_others(seen))?;
    visit(sections, &mut refuse_misused)?;
    refuse_repeated(sections)?;
    visit(sections, &mut |seen| if let Seen::Name(token) = seen { binder.name(token).map(drop) } else { Ok(()) })?;
    visit(sections, &mut |seen| binder.refuse_undefined(seen))?;
    let actions = || sections.iter().flat_map(|section| &section.actions);
    let paths = actions().map(|action| binder.path(&action.path)).collect::<Result<Vec<_>, _>>()?;
    let places: Vec<_> = paths.iter().zip(actions()).map(|(path, action)| (path, action.path.attribute.at)).collect();
    check_distinct(&places)?;
    // What is added and taken away is looked at before what is calculated.
    actions().try_for_each(|action| binder.operand_of_section(&action.act))?;
    let changes = actions().map(|action| binder.change(&action.act)).collect::<Result<Vec<_>, _>>()?;
    let actions = paths.into_iter().zip(changes).map(|(path, change)| Action { path, change });
    Ok(Update::new(actions.collect()))
}

fn visit<'a>(sections: &[Section<'a>], visit: Visit<'_, 'a>) -> Result<(), ExpressionError> {
    sections.iter().flat_map(|section| &section.actions).try_for_each(|action| action.visit(visit))
}

/// A list cannot be appended to one that is made on the spot.
fn refuse_misused(seen: Seen<'_, '_>) -> Result<(), ExpressionError> {
    match seen {
        Seen::Call(call, Used::Inside(outer)) if call.name.text == "list_append" && outer.text == "list_append" => {
            Err(Fault::MisusedFunction { function: call.name.text.to_owned() }.at(call.name.at))
        }
        Seen::Call(..) | Seen::Name(_) | Seen::Value(_) => Ok(()),
    }
}

fn refuse_repeated(sections: &[Section<'_>]) -> Result<(), ExpressionError> {
    let mut known: Vec<&'static str> = Vec::new();
    for Section { keyword, .. } in sections {
        let all = ["SET", "REMOVE", "ADD", "DELETE"];
        let section = all.into_iter().find(|name| name.eq_ignore_ascii_case(keyword.text));
        let section = section.expect("a section was read by its keyword");
        if known.contains(&section) {
            return Err(Fault::SectionRepeated { section }.at(keyword.at));
        }
        known.push(section);
    }
    Ok(())
}

impl Binder<'_> {
    fn operand_of_section(self, act: &Act<'_>) -> Result<(), ExpressionError> {
        let (section, token) = match act {
            Act::Add(token) => ("ADD", token),
            Act::Delete(token) => ("DELETE", token),
            Act::Set(_) | Act::Remove => return Ok(()),
        };
        let found = match self.value(*token)? {
            Value::Ss(_) | Value::Ns(_) | Value::Bs(_) => return Ok(()),
            Value::N(_) if section == "ADD" => return Ok(()),
            Value::S(_) => "STRING",
            Value::N(_) => "NUMBER",
            Value::B(_) => "BINARY",
            Value::Bool(_) => "BOOLEAN",
            Value::Null => "NULL",
            Value::M(_) => "MAP",
            Value::L(_) => "LIST",
        };
        Err(Fault::SectionOperandType { section, found }.at(token.at))
    }

    fn change(self, act: &Act<'_>) -> Result<Change, ExpressionError> {
        Ok(match act {
            Act::Remove => Change::Remove,
            Act::Add(token) => Change::Add(self.value(*token)?.clone()),
            Act::Delete(token) => Change::Delete(self.value(*token)?.clone()),
            Act::Set(Term::One(one)) => Change::Set(Sum::One(self.source(one)?)),
            Act::Set(Term::Two(sign, first, second)) => {
                let (first, second) = (self.source(first)?, self.source(second)?);
                self.check_types(*sign, [&first, &second], |value| matches!(value, Value::N(_)))?;
                Change::Set(if sign.text == "+" { Sum::Plus(first, second) } else { Sum::Minus(first, second) })
            }
        })
    }

    fn source(self, operand: &tree::Operand<'_>) -> Result<Source, ExpressionError> {
        let Call { name, operands } = match operand {
            tree::Operand::Path(path) => return Ok(Source::Path(self.path(path)?)),
            tree::Operand::Value(token) => return Ok(Source::Value(self.value(*token)?.clone())),
            tree::Operand::Call(call) => call,
        };
        check_count(*name, 2, operands)?;
        let (first, second) = (self.source(&operands[0])?, self.source(&operands[1])?);
        if name.text == "list_append" {
            self.check_types(*name, [&first, &second], |value| matches!(value, Value::L(_)))?;
            return Ok(Source::ListAppend(Box::new(first), Box::new(second)));
        }
        match first {
            Source::Path(path) => Ok(Source::IfNotExists(path, Box::new(second))),
            Source::Value(_) | Source::IfNotExists(..) | Source::ListAppend(..) => {
                Err(Fault::NotAPath { function: name.text.to_owned() }.at(name.at))
            }
        }
    }

    /// Refuses given values of a wrong type; what comes from the item is looked at when there is one.
    fn check_types(
        self,
        operator: Token<'_>,
        sources: [&Source; 2],
        takes: fn(&Value) -> bool,
    ) -> Result<(), ExpressionError> {
        sources.into_iter().try_for_each(|source| match source {
            Source::Value(value) if !takes(value) => {
                let found = value.type_name();
                Err(Fault::OperandType { operator: operator.text.to_owned(), found }.at(operator.at))
            }
            Source::Value(_) | Source::Path(_) | Source::IfNotExists(..) | Source::ListAppend(..) => Ok(()),
        })
    }
}
