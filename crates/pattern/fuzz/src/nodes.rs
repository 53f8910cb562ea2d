//! Typed events: the model's values, and JSON events by another way in, each with every freedom that [`Node`] leaves.

use crate::model::Json;
use pattern::{JsonNode, Kind, Node};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Which of the freedoms are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Objects say so where their keys are plain.
    pub(crate) plain: bool,
    /// Fields come in reverse.
    pub(crate) reversed: bool,
    /// Texts are written to the room.
    pub(crate) in_room: bool,
}

impl Style {
    pub(crate) fn of(byte: u8) -> Style {
        Style { plain: byte & 1 != 0, reversed: byte & 2 != 0, in_room: byte & 4 != 0 }
    }
}

/// A value of the model as an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed<'e> {
    pub(crate) json: &'e Json,
    pub(crate) style: Style,
}

impl Node for Typed<'_> {
    fn kind(&self) -> Kind {
        match self.json {
            Json::Object(_) => Kind::Object,
            Json::Array(_) => Kind::Array,
            Json::String(_) => Kind::String,
            Json::Number(_) => Kind::Number,
            Json::Bool(value) => Kind::Bool(*value),
            Json::Null => Kind::Null,
        }
    }

    fn text<'n>(&'n self, room: &'n mut String) -> &'n str {
        let text = match self.json {
            Json::String(text) => text,
            Json::Number(text) => *text,
            other => panic!("{other:?} has no text"),
        };
        if !self.style.in_room {
            return text;
        }
        room.clear();
        room.push_str(text);
        room
    }

    fn fields(self, visit: &mut dyn FnMut(&str, Self) -> ControlFlow<()>) -> ControlFlow<()> {
        let Json::Object(fields) = self.json else { return ControlFlow::Continue(()) };
        let count = fields.len();
        (0..count).map(|index| if self.style.reversed { count - 1 - index } else { index }).try_for_each(|index| {
            let (key, json) = &fields[index];
            visit(key, Typed { json, ..self })
        })
    }

    fn elements(self, visit: &mut dyn FnMut(Self) -> ControlFlow<()>) -> ControlFlow<()> {
        let Json::Array(elements) = self.json else { return ControlFlow::Continue(()) };
        elements.iter().try_for_each(|json| visit(Typed { json, ..self }))
    }

    fn has_plain_keys(self) -> bool {
        self.style.plain && are_plain(self)
    }
}

/// An event that was read from JSON, whose fields are found by name wherever that is allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByName<'e>(pub(crate) JsonNode<'e>);

impl Node for ByName<'_> {
    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn text<'n>(&'n self, room: &'n mut String) -> &'n str {
        self.0.text(room)
    }

    fn fields(self, visit: &mut dyn FnMut(&str, Self) -> ControlFlow<()>) -> ControlFlow<()> {
        self.0.fields(&mut |key, node| visit(key, ByName(node)))
    }

    fn elements(self, visit: &mut dyn FnMut(Self) -> ControlFlow<()>) -> ControlFlow<()> {
        self.0.elements(&mut |node| visit(ByName(node)))
    }

    fn has_plain_keys(self) -> bool {
        are_plain(self)
    }
}

fn are_plain<N: Node>(object: N) -> bool {
    if object.kind() != Kind::Object {
        return false;
    }
    let mut keys = BTreeSet::new();
    object
        .fields(&mut |key, _| match !key.contains('.') && keys.insert(key.to_owned()) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
        .is_continue()
}
