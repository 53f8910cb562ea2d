//! Decides how members become a JSON object where that happens once a start, a command or a call: one is put in after the
//! other.
//!
//! What `collect` does is to sort first, with a sort made anew for every iterator, of up to ten kilobytes. Of a handful of
//! members that is more to load than to do. Start at [`Gather`], or at [`object`] where the members are written out.
//! Whoever gathers thousands takes `collect`; maps and sets of ours have one sort for all ([`crate::SortedMap`]).
//!
//! Invariant: of equal names the later one's value is kept, as by `collect`.

use serde_json::{Map, Value as Json};

/// Iterators whose items are gathered in a JSON object.
pub trait Gather: Iterator + Sized {
    /// The members of a JSON object, by their names.
    fn into_object(self) -> Map<String, Json>
    where
        Self: Iterator<Item = (String, Json)>,
    {
        let mut object = Map::new();
        for (name, value) in self {
            put(&mut object, name, value);
        }
        object
    }

    /// The members of a JSON object, or the first error among them.
    ///
    /// # Errors
    /// That error.
    fn try_into_object<E>(self) -> Result<Map<String, Json>, E>
    where
        Self: Iterator<Item = Result<(String, Json), E>>,
    {
        let mut object = Map::new();
        for member in self {
            let (name, value) = member?;
            put(&mut object, name, value);
        }
        Ok(object)
    }
}

impl<I: Iterator> Gather for I {}

/// A JSON object of these members.
pub fn object<const N: usize>(members: [(&str, Json); N]) -> Map<String, Json> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).into_object()
}

/// Apart, so that a map's insertion is made once for all objects.
fn put(object: &mut Map<String, Json>, name: String, value: Json) {
    object.insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        /// With few keys and many pairs, the same as what std collects: of equal keys the later value stays.
        #[test]
        fn what_is_gathered_is_what_is_collected(pairs in vec(("[a-d]{1,2}", any::<u16>()), 0..60)) {
            let pairs = || pairs.iter().cloned();
            let members = || pairs().map(|(name, number)| (name, Json::from(number)));
            prop_assert_eq!(members().into_object(), Map::from_iter(members()));
            prop_assert_eq!(members().map(Ok::<_, u8>).try_into_object(), Ok(Map::from_iter(members())));
        }
    }

    #[test]
    fn an_object_has_the_members_that_are_written_out() {
        let expected = serde_json::json!({"a": 1, "b": [true]});
        assert_eq!(Json::Object(object([("b", vec![true].into()), ("a", 1.into())])), expected);
    }

    #[test]
    fn an_object_is_none_when_a_member_is_not_there() {
        let members = [Ok(("a".to_owned(), Json::Null)), Err("first"), Err("second")];
        assert_eq!(members.into_iter().try_into_object(), Err("first"));
    }
}
