//! Decides what of a typed event is looked at, and tells a [`Run`] the values there: [`walk`].

use super::plan::ROOT;
use super::run::Run;
use crate::node::{Kind, Node};
use crate::number::Decimal;
use std::ops::ControlFlow;

/// Nothing can match any more.
pub(super) struct Hopeless;

/// Tells the run every value of the event at a place of its plan, as long as something can match.
pub(super) fn walk<N: Node>(event: N, run: &mut Run<'_>) -> Result<(), Hopeless> {
    let mut room = std::mem::take(&mut run.scratch.room);
    let walked = Walk { run, room: &mut room }.object(event, ROOT, true);
    run.scratch.room = room;
    walked
}

struct Walk<'w, 'r> {
    run: &'w mut Run<'r>,
    /// Where the event writes its texts.
    room: &'w mut String,
}

impl Walk<'_, '_> {
    /// The fields of an object. `only` says that no other object leads to the place, because all objects above have plain
    /// keys and none is in an array.
    fn object<N: Node>(&mut self, node: N, place: u32, only: bool) -> Result<(), Hopeless> {
        let plan = self.run.plan;
        let children = &plan.places[place as usize].children;
        match children.few() {
            Some(few) if node.has_plain_keys() => {
                for (segment, child) in few {
                    match node.get(segment) {
                        Some(field) => {
                            self.run.enter(*child);
                            self.value(field, *child, only)?;
                        }
                        None if only && plan.places[*child as usize].required_below => return Err(Hopeless),
                        None => {}
                    }
                }
            }
            _ => {
                let _ = node.fields(&mut |key, field| {
                    if let Some(child) = self.run.step(place, key.as_bytes()) {
                        self.run.enter(child);
                        let _: Result<(), Hopeless> = self.value(field, child, false);
                    }
                    ControlFlow::Continue(())
                });
            }
        }
        Ok(())
    }

    /// The value of a field that leads to the place.
    #[inline(always)]
    fn value<N: Node>(&mut self, node: N, place: u32, only: bool) -> Result<(), Hopeless> {
        match node.kind() {
            Kind::Object => return self.object(node, place, only),
            Kind::Array => self.array(node, place),
            kind => {
                self.scalar(node, kind, place);
                if only && self.run.fails(place) {
                    return Err(Hopeless);
                }
            }
        }
        Ok(())
    }

    fn array<N: Node>(&mut self, node: N, place: u32) {
        let plan = self.run.plan;
        let here = &plan.places[place as usize];
        let (mut bare, mut elements) = (false, false);
        let _ = node.elements(&mut |element| {
            match element.kind() {
                Kind::Object if here.children.is_empty() => {}
                kind @ (Kind::Object | Kind::Array) => {
                    elements = true;
                    let outer = if here.scoped { Some(self.run.open(place)) } else { None };
                    if kind == Kind::Object {
                        // Only where there is one way to a place anything is found to be hopeless.
                        let _: Result<(), Hopeless> = self.object(element, place, false);
                    } else {
                        self.array(element, place);
                    }
                    if let Some(outer) = outer {
                        self.run.close(place, outer);
                    }
                }
                kind => {
                    bare = true;
                    self.scalar(element, kind, place);
                }
            }
            ControlFlow::Continue(())
        });
        if bare && elements {
            self.run.mixed(place);
        }
    }

    fn scalar<N: Node>(&mut self, node: N, kind: Kind, place: u32) {
        let plan = self.run.plan;
        let Some(tester) = &plan.places[place as usize].tester else { return };
        match kind {
            Kind::Object | Kind::Array => {}
            Kind::Bool(truth) => self.run.truth(tester, truth),
            Kind::Null => self.run.null(tester),
            Kind::String | Kind::Number => {
                let text = node.text(self.room);
                if kind == Kind::String {
                    self.run.text(tester, text.as_bytes());
                } else {
                    let number = if tester.reads_numbers() { Decimal::of(text) } else { None };
                    self.run.number(tester, text.as_bytes(), number);
                }
            }
        }
    }
}
