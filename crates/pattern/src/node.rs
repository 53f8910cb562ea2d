//! Says what an event must offer to be matched: the [`Node`] trait.
//!
//! A JSON event is only one implementor ([`crate::JsonNode`]); a record that is already typed implements it too and is
//! then matched as it lies in memory, with no JSON in between. Implement [`Node::kind`], [`Node::fields`] and
//! [`Node::elements`]; add [`Node::has_plain_keys`] and [`Node::get`] where a field can be found without a search.

use std::ops::ControlFlow;

/// What one place of an event holds. Objects and arrays are entered, and texts read, through the [`Node`] that gave the
/// kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Named fields: see [`Node::fields`] and [`Node::get`].
    Object,
    /// Elements in order: see [`Node::elements`].
    Array,
    /// A string: see [`Node::text`].
    String,
    /// A number; [`Node::text`] is how it is spelled. The spelling counts: a number that no double holds exactly equals
    /// only the same spelling of it.
    Number,
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// One place of an event: cheap to copy, usually a reference into a typed record.
///
/// Nesting is followed with recursion, so an implementor bounds its own depth (as JSON events and DynamoDB items do).
///
/// ```
/// use pattern::{Dialect, Kind, Node, Pattern};
/// use std::ops::ControlFlow;
///
/// /// `{"status": {"S": …}}`, as a stream record holds it, made of nothing but references.
/// #[derive(Clone, Copy)]
/// enum Image<'r> {
///     Item { status: &'r str },
///     Typed(&'r str),
///     Text(&'r str),
/// }
///
/// impl Node for Image<'_> {
///     fn kind(&self) -> Kind {
///         match self {
///             Image::Item { .. } | Image::Typed(_) => Kind::Object,
///             Image::Text(_) => Kind::String,
///         }
///     }
///     fn text<'n>(&'n self, _room: &'n mut String) -> &'n str {
///         match self {
///             Image::Text(text) => text,
///             Image::Item { .. } | Image::Typed(_) => "",
///         }
///     }
///     fn fields(self, visit: &mut dyn FnMut(&str, Self) -> ControlFlow<()>) -> ControlFlow<()> {
///         match self {
///             Image::Item { status } => visit("status", Image::Typed(status)),
///             Image::Typed(text) => visit("S", Image::Text(text)),
///             Image::Text(_) => ControlFlow::Continue(()),
///         }
///     }
///     fn elements(self, _: &mut dyn FnMut(Self) -> ControlFlow<()>) -> ControlFlow<()> {
///         ControlFlow::Continue(())
///     }
///     fn has_plain_keys(self) -> bool {
///         true
///     }
///     fn get(self, key: &str) -> Option<Self> {
///         match (self, key) {
///             (Image::Item { status }, "status") => Some(Image::Typed(status)),
///             (Image::Typed(text), "S") => Some(Image::Text(text)),
///             _ => None,
///         }
///     }
/// }
///
/// let pattern = Pattern::parse(r#"{"status": {"S": ["shipped"]}}"#, Dialect::Pipe)?;
/// assert!(pattern.matches(Image::Item { status: "shipped" }));
/// assert!(!pattern.matches(Image::Item { status: "pending" }));
/// # Ok::<(), pattern::ParseError>(())
/// ```
pub trait Node: Copy {
    /// What is here.
    fn kind(&self) -> Kind;

    /// The text of a string, after unescaping, or of a number, as JSON spells it. Whoever has no text in memory writes
    /// it to `room`, which is there to be used again and again; what it held before does not matter. Asked only for
    /// strings and numbers.
    fn text<'n>(&'n self, room: &'n mut String) -> &'n str;

    /// Visits the fields of an object, in any order and with every repetition, until `visit` breaks. The answer is
    /// what the last visit said, so an implementation is a loop over `visit(key, value)?`. Anything but an object has
    /// no fields.
    fn fields(self, visit: &mut dyn FnMut(&str, Self) -> ControlFlow<()>) -> ControlFlow<()>;

    /// Visits the elements of an array until `visit` breaks. Anything but an array has no elements.
    fn elements(self, visit: &mut dyn FnMut(Self) -> ControlFlow<()>) -> ControlFlow<()>;

    /// True promises, for this object alone, that no key occurs twice and none contains a dot. Matching then asks
    /// [`get`](Node::get) for the keys that patterns name instead of going through all fields, and stops as soon as
    /// nothing can match any more.
    fn has_plain_keys(self) -> bool {
        false
    }

    /// The field of that name, if there is one. Asked only where [`has_plain_keys`](Node::has_plain_keys) is true.
    fn get(self, key: &str) -> Option<Self> {
        let mut found = None;
        let _ = self.fields(&mut |name, value| {
            if name == key {
                found = Some(value);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        found
    }
}
