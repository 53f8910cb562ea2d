//! The event-pattern language: parse, validate, compile, match, explain, lint.
//!
//! A pattern is a piece of JSON that describes which events somebody wants to have. It is what a rule of an EventBridge
//! bus and a filter of a pipe consist of, and this crate decides, for a pattern and an event, whether they match, as
//! AWS decides it; and, because the commonest question about a filter is "why did it not fire", it says why. Start at
//! [`Pattern`]. The crate does no I/O, reads no clock, and knows nothing of queues, tables or templates.
//!
//! ```
//! use pattern::{Dialect, Pattern};
//!
//! let filter = Pattern::parse(
//!     r#"{
//!         "eventName": ["MODIFY"],
//!         "dynamodb": {
//!             "OldImage": {"status": {"S": ["pending"]}},
//!             "NewImage": {"status": {"S": ["shipped"]}, "test": {"BOOL": [false]}}
//!         }
//!     }"#,
//!     Dialect::Pipe,
//! )?;
//! let record = br#"{
//!     "eventName": "MODIFY",
//!     "dynamodb": {
//!         "OldImage": {"status": {"S": "pending"}},
//!         "NewImage": {"status": {"S": "cancelled"}, "test": {"BOOL": false}}
//!     }
//! }"#;
//! assert!(!filter.matches_json(record)?);
//! assert_eq!(
//!     filter.explain_json(record)?.reasons(),
//!     [r#"dynamodb.NewImage.status.S is "cancelled", the pattern wants "shipped""#]
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The language in one page
//!
//! A pattern is an object. Its keys name fields of the event; all of them must hold. A key holds either an object,
//! which goes one field deeper, or a list of alternatives, of which one must hold. What a pattern does not mention, it
//! does not look at.
//!
//! A field is really a *path*: the keys from the top joined by dots. `{"a": {"b": [1]}}`, `{"a.b": [1]}` and every
//! other way to cut the path mean the same, in patterns and in events. Arrays add nothing to a path. Values are
//! scalars only; a path that leads to an object, to `[]` or to `{}` has no value.
//!
//! An alternative is a literal or an object with one operator:
//!
//! | alternative | holds for |
//! |---|---|
//! | `"text"` | that string; if it reads as an IP address, every spelling of the address |
//! | `5` | numbers equal to it, and numbers of the same spelling |
//! | `true`, `false`, `null` | just that |
//! | `{"prefix": "x"}`, `{"suffix": "x"}` | strings that begin or end so |
//! | `{"prefix": {"equals-ignore-case": "x"}}`, same for `suffix` | the same in any case |
//! | `{"equals-ignore-case": "x"}` | strings equal but for case |
//! | `{"wildcard": "a*b"}` | strings like that; `\*` and `\\` are literal |
//! | `{"anything-but": …}` | every value but this string or number, or these in a list |
//! | `{"anything-but": {"prefix": …}}`, `suffix`, `equals-ignore-case`, `wildcard` | every value that is not such a string; buses only |
//! | `{"numeric": [">", 0, "<=", 5]}`, `["=", 5]` | numbers within the bounds |
//! | `{"exists": true}`, `{"exists": false}` | any value; no value anywhere |
//! | `{"cidr": "10.0.0.0/8"}` | strings that are addresses of the network |
//! | `{"exactly": "x"}` | that string, even if it reads as an address |
//!
//! `"$or": [{…}, {…}]` in place of a field holds if one of its objects holds beside everything else. It wants two
//! objects or more, and no field inside them may have an operator's name. Several lists multiply, up to
//! [`BRANCHES_MAX`] combinations.
//!
//! # What surprises people
//!
//! - *A string is never a number.* DynamoDB's `N` values are strings in a stream record, so `numeric` never holds there.
//! - *A list in the event* satisfies a clause if one of its elements does. So `anything-but` holds for `["x", "y"]`
//!   although `x` is excluded, since `y` is not.
//! - *Elements belong together.* Values taken from inside elements of one array must come from the same element:
//!   `{"a": {"x": [1], "y": [2]}}` does not match `{"a": [{"x": 1}, {"y": 2}]}`. Bare values of an array belong to no
//!   element of it. With `$or` this holds for each combination.
//! - *`exists: false` asks about the whole event*, not about one element, and is true of a path that leads to an
//!   object.
//! - *`anything-but` wants a value.* For an absent field it does not hold; add `{"exists": false}`.
//! - *A path that is given twice* counts the last time it is given, even if once is inside `$or` and once outside.
//! - *Repeated keys in an event* all count.
//! - *Numbers that no double holds exactly*, such as 9007199254740993, equal only their own spelling and satisfy no
//!   comparison; as an operand of `numeric` or `anything-but` they are refused.
//! - *What follows the top object* is not looked at, neither in patterns nor in events.
//!
//! # Where we read strictly
//!
//! Where AWS's own matcher has a plain defect, or leaves a bound open, this crate takes the strict reading:
//!
//! - `{"cidr": "0.0.0.0/0"}` does not hold for `::1`, nor any IPv4 network for an IPv6 address or the other way round,
//!   nor any network for a number. AWS compares hexadecimal texts and lets some through.
//! - `/32` and `/128` networks are refused, in AWS's words, although they would make sense: a pattern that is accepted
//!   here must be accepted there. Write the address itself.
//! - An empty list inside a nested `anything-but` is refused at once; on AWS it fails without a reason.
//! - `equals-ignore-case` always holds for the very same string; on AWS it does not for a few title-case letters, and
//!   characters beyond the basic plane are question marks to it.
//! - Patterns and JSON events nest at most [`DEPTH_MAX`] levels, and paths have at most as many parts.
//! - Half a surrogate pair, `"\ud800"`, reads as U+FFFD, because it is no character.
//! - An event that repeats keys over arrays in so many combinations that deciding would take time without bound is
//!   [`TooAmbiguous`]: see [`Matches::is_undecided`].
//!
//! The wildcard complexity that AWS accepts is unpublished; [`WILDCARD_COMPLEXITY_MAX`] agrees with the cases known.
//! It, and the size of a pattern, are limits of validation ([`Limits`]); the matcher needs neither.
//!
//! # How it works
//!
//! The text of a pattern is cut into tokens and read in order into clauses (a path and its alternatives) and branches
//! (the combinations of `$or`). That is a [`Pattern`]; it answers for one event, and explains.
//!
//! A [`Matcher`] is any number of patterns compiled into one, for many events. All paths are one tree, which is walked
//! along the event; at each place where a path ends the alternatives of all patterns that a value satisfies are looked
//! up together: equal texts and numbers by hashing, beginnings and ends by a walk along a trie, wildcards by their
//! literal ends, so that of these ten thousand cost little more than ten; ranges and networks one by one, a few
//! nanoseconds each. What holds is noted, and each combination of clauses waits for its rarest one. Of JSON only what
//! patterns name is read; the rest is skipped sixty-four bytes at a time. Typed events come in through the [`Node`]
//! trait, with no JSON in between. Once warm nothing is allocated, and time is linear in the event whatever the patterns
//! are: numbers are compared as decimals, wildcards never go back.
//!
//! ```
//! use pattern::{Dialect, Matcher, Pattern, Scratch};
//!
//! let patterns: Vec<Pattern> = (0..1000)
//!     .map(|shop| Pattern::parse(&format!(r#"{{"detail": {{"shop": [{shop}]}}}}"#), Dialect::Bus))
//!     .collect::<Result<_, _>>()?;
//! let matcher = Matcher::new((0..).zip(&patterns));
//! let mut scratch = Scratch::new();
//! let matched: Vec<&usize> = matcher.matches_json(br#"{"detail": {"shop": 7.0}}"#, &mut scratch)?.collect();
//! assert_eq!(matched, [&7]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An [`Explanation`] reads the pattern's text once more, so that it can mirror it: every clause with the values that
//! it saw, whether it held, and what was nearly right. With the feature `serde` it is serialized as it is.
//!
//! Elements of arrays are told apart only where patterns make it matter: what is inside one is noted by itself, and
//! leaves it as whole combinations. Repeated and dotted keys beside such arrays are what one walk cannot decide; only
//! there patterns are searched one by one, those that can match at all, which allocates and takes microseconds each.

#![forbid(unsafe_code)]

mod address;
mod bits;
mod complexity;
mod error;
mod explain;
mod ignore_case;
mod json;
mod lexer;
pub mod lint;
mod matcher;
mod node;
mod number;
mod parse;
mod pattern;
mod rule;
mod search;
mod test;
mod wildcard;

pub use complexity::WILDCARD_COMPLEXITY_MAX;
pub use error::{EventError, ParseError, ParseErrorKind, TooAmbiguous};
pub use explain::{
    BranchExplanation, ClauseExplanation, Conflict, Explanation, HeldAt, Leaf, Line, Mark, Replaced, Seen, Together,
    Tree, Tried,
};
pub use json::{JsonEvent, JsonNode};
pub use matcher::{Matcher, Matches, Rules, Scratch};
pub use node::{Kind, Node};
pub use pattern::{BRANCHES_MAX, BUS_SIZE_DEFAULT, DEPTH_MAX, Dialect, Limits, Pattern, SIZE_MAX};

/// The examples of the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
