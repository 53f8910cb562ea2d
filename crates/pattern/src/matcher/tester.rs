//! Decides which alternatives of all rules one value satisfies: [`Tester`], one for each path.
//!
//! Alternatives are sorted by what finds them fastest: equal texts and numbers by hashing, beginnings and ends by one
//! walk of a [`Trie`], wildcards by their literal beginning or end and then their pieces in order. So what these cost
//! hardly depends on how many there are, only on how many nearly hold. Ranges, networks, wildcards that are open at both
//! ends and letters beyond ASCII in any case are gone through one by one, a few nanoseconds each.
//!
//! `anything-but` is turned around: a value is looked up among what is excluded, and every `anything-but` that was not
//! found there holds.

use super::index;
use super::plan::same;
use super::trie::{self, Builder as TrieBuilder, Trie, Way};
use crate::address::{Address, Network};
use crate::number::Decimal;
use crate::test::{Excluded, Range, Scalar, Test};
use crate::wildcard::Wildcard;
use foldhash::fast::RandomState;
use memchr::memmem::Finder;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// What a value satisfies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The clause of this number holds.
    Holds(u32),
    /// The `anything-but` of this number does not.
    Excludes(u32),
}

/// What comes of a text that was found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    Outcome(Outcome),
    /// The wildcard of this number may match.
    Check(u32),
}

/// Everything that rules want of the values of one path.
#[derive(Debug)]
pub(super) struct Tester {
    /// The path's number among those whose absence somebody asks for.
    pub(super) absence: Option<u32>,
    /// Each `anything-but` and its clause.
    pub(super) nots: Box<[(u32, u32)]>,
    /// Clauses that hold for every value.
    present: Box<[u32]>,
    truths: [Box<[u32]>; 2],
    null: Box<[u32]>,
    texts: Lookup<Box<[u8]>>,
    /// For each way of walking a text that anybody needs.
    tries: Box<[Trie]>,
    wildcards: Box<[(Pieces, Outcome)]>,
    /// What no literal end of a text tells.
    loose: Box<[Loose]>,
    addresses: Lookup<Address>,
    networks: Box<[(Network, Outcome)]>,
    numbers: Lookup<Decimal>,
    /// Numbers that equal only their own spelling.
    spellings: Lookup<Box<[u8]>>,
    ranges: Box<[(Range, u32)]>,
}

#[derive(Debug)]
enum Loose {
    /// The wildcard of this number: it is open at both ends.
    Check(u32),
    /// A test in any case with letters beyond ASCII.
    Test(Test, Outcome),
}

impl Tester {
    /// Visits what a string satisfies. The bytes are UTF-8.
    #[inline]
    pub(super) fn text(&self, text: &[u8], visit: &mut impl FnMut(Outcome)) {
        self.visit_present(visit);
        self.texts.visit(text, same, visit);
        for trie in &self.tries {
            trie.walk(text, &mut |then| match then {
                Then::Outcome(outcome) => visit(outcome),
                Then::Check(wildcard) => self.check(wildcard, text, visit),
            });
        }
        for loose in &self.loose {
            match loose {
                Loose::Check(wildcard) => self.check(*wildcard, text, visit),
                Loose::Test(test, outcome) => {
                    if std::str::from_utf8(text).is_ok_and(|text| test.holds(Scalar::Text(text))) {
                        visit(*outcome);
                    }
                }
            }
        }
        if !self.addresses.is_empty() || !self.networks.is_empty() {
            self.address(text, visit);
        }
    }

    #[inline]
    fn check(&self, wildcard: u32, text: &[u8], visit: &mut impl FnMut(Outcome)) {
        let (pieces, outcome) = &self.wildcards[wildcard as usize];
        if pieces.match_text(text) {
            visit(*outcome);
        }
    }

    fn address(&self, text: &[u8], visit: &mut impl FnMut(Outcome)) {
        let Some(address) = std::str::from_utf8(text).ok().and_then(Address::parse) else { return };
        self.addresses.visit(&address, Address::eq, visit);
        for (network, outcome) in &self.networks {
            if network.contains(address) {
                visit(*outcome);
            }
        }
    }

    /// Whether anybody needs to know what a number is, and not just that there is one.
    pub(super) fn reads_numbers(&self) -> bool {
        !self.numbers.is_empty() || !self.ranges.is_empty()
    }

    /// Visits what a number satisfies: how it is spelled, and what it is if that can be compared at all.
    #[inline]
    pub(super) fn number(&self, text: &[u8], value: Option<Decimal>, visit: &mut impl FnMut(Outcome)) {
        self.visit_present(visit);
        self.spellings.visit(text, same, visit);
        let Some(value) = value else { return };
        self.numbers.visit(&value, Decimal::eq, visit);
        // Finding out whether a number is comparable costs more than all the rest, and few hold.
        let mut comparable = None;
        for (range, clause) in &self.ranges {
            let is_comparable = || std::str::from_utf8(text).is_ok_and(|text| value.is_comparable(text));
            if range.contains(value) && *comparable.get_or_insert_with(is_comparable) {
                visit(Outcome::Holds(*clause));
            }
        }
    }

    /// Visits what `true` or `false` satisfies.
    pub(super) fn truth(&self, value: bool, visit: &mut impl FnMut(Outcome)) {
        self.visit_present(visit);
        self.truths[usize::from(value)].iter().for_each(|clause| visit(Outcome::Holds(*clause)));
    }

    /// Visits what `null` satisfies.
    pub(super) fn null(&self, visit: &mut impl FnMut(Outcome)) {
        self.visit_present(visit);
        self.null.iter().for_each(|clause| visit(Outcome::Holds(*clause)));
    }

    #[inline]
    fn visit_present(&self, visit: &mut impl FnMut(Outcome)) {
        self.present.iter().for_each(|clause| visit(Outcome::Holds(*clause)));
    }
}

/// From so many keys on hashing is faster than looking at each.
const KEYS_FOR_HASHING: usize = 6;

/// Keys with what they satisfy.
#[derive(Debug)]
enum Lookup<K> {
    Few(Box<[(K, Box<[Outcome]>)]>),
    Many(HashMap<K, Box<[Outcome]>, RandomState>),
}

impl<K: Hash + Eq> Lookup<K> {
    fn new(all: HashMap<K, Vec<Outcome>, RandomState>) -> Lookup<K> {
        let all = all.into_iter().map(|(key, outcomes)| (key, outcomes.into_boxed_slice()));
        if all.len() < KEYS_FOR_HASHING { Lookup::Few(all.collect()) } else { Lookup::Many(all.collect()) }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Lookup::Few(few) if few.is_empty())
    }

    #[inline]
    fn visit<Q: Hash + Eq + ?Sized>(&self, key: &Q, equal: fn(&Q, &Q) -> bool, visit: &mut impl FnMut(Outcome))
    where
        K: Borrow<Q>,
    {
        match self {
            Lookup::Few(few) => {
                for (known, outcomes) in few {
                    if equal(known.borrow(), key) {
                        outcomes.iter().for_each(|outcome| visit(*outcome));
                        return;
                    }
                }
            }
            Lookup::Many(many) => {
                if let Some(outcomes) = many.get(key) {
                    outcomes.iter().for_each(|outcome| visit(*outcome));
                }
            }
        }
    }
}

/// A wildcard ready to be looked for.
#[derive(Debug)]
struct Pieces {
    first: Box<[u8]>,
    middle: Box<[Finder<'static>]>,
    last: Box<[u8]>,
}

impl Pieces {
    /// Each piece is placed where it is first found, which is right because what stands between two stars may stand
    /// anywhere; so this takes time linear in the text.
    fn match_text(&self, text: &[u8]) -> bool {
        let Some(mut rest) = text.strip_prefix(&*self.first).and_then(|rest| rest.strip_suffix(&*self.last)) else {
            return false;
        };
        for piece in &self.middle {
            match piece.find(rest) {
                Some(at) => rest = &rest[at + piece.needle().len()..],
                None => return false,
            }
        }
        true
    }
}

const FORWARDS: Way = Way { backwards: false, folded: false };
const BACKWARDS: Way = Way { backwards: true, folded: false };
const FORWARDS_FOLDED: Way = Way { backwards: false, folded: true };
const BACKWARDS_FOLDED: Way = Way { backwards: true, folded: true };

/// A tester in the making.
#[derive(Debug)]
pub(super) struct Builder {
    absence: Option<u32>,
    nots: Vec<(u32, u32)>,
    present: Vec<u32>,
    truths: [Vec<u32>; 2],
    null: Vec<u32>,
    texts: HashMap<Box<[u8]>, Vec<Outcome>, RandomState>,
    tries: [TrieBuilder; 4],
    wildcards: Vec<(Pieces, Outcome)>,
    loose: Vec<Loose>,
    addresses: HashMap<Address, Vec<Outcome>, RandomState>,
    networks: Vec<(Network, Outcome)>,
    numbers: HashMap<Decimal, Vec<Outcome>, RandomState>,
    spellings: HashMap<Box<[u8]>, Vec<Outcome>, RandomState>,
    ranges: Vec<(Range, u32)>,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder {
            absence: None,
            nots: Vec::new(),
            present: Vec::new(),
            truths: [Vec::new(), Vec::new()],
            null: Vec::new(),
            texts: HashMap::default(),
            tries: [FORWARDS, BACKWARDS, FORWARDS_FOLDED, BACKWARDS_FOLDED].map(TrieBuilder::new),
            wildcards: Vec::new(),
            loose: Vec::new(),
            addresses: HashMap::default(),
            networks: Vec::new(),
            numbers: HashMap::default(),
            spellings: HashMap::default(),
            ranges: Vec::new(),
        }
    }

    /// Adds an alternative of a clause. `nots` counts the `anything-but` of the whole matcher, `absences` the paths
    /// whose absence is asked for.
    pub(super) fn add(&mut self, test: &Test, clause: u32, nots: &mut u32, absences: &mut u32) {
        let holds = Outcome::Holds(clause);
        match test {
            Test::Number { text, value: None } => {
                self.spellings.entry(text.as_bytes().into()).or_default().push(holds);
            }
            Test::Number { value: Some(value), .. } => self.numbers.entry(*value).or_default().push(holds),
            Test::Numeric(range) => match (&range.low, &range.high) {
                (Some(low), Some(high)) if low.value == high.value => {
                    self.numbers.entry(low.value).or_default().push(holds);
                }
                _ => self.ranges.push((range.clone(), clause)),
            },
            Test::Bool(value) => self.truths[usize::from(*value)].push(clause),
            Test::Null => self.null.push(clause),
            Test::Present => self.present.push(clause),
            Test::Absent => {
                self.absence.get_or_insert_with(|| {
                    *absences += 1;
                    *absences - 1
                });
            }
            Test::Not(excluded) => {
                let not = *nots;
                *nots += 1;
                self.nots.push((not, clause));
                self.exclude(excluded, Outcome::Excludes(not));
            }
            Test::Wildcard(wildcard, _) => self.wildcard(wildcard, holds),
            Test::Text(_)
            | Test::Address(..)
            | Test::Network(..)
            | Test::Prefix(_)
            | Test::PrefixIgnoringCase(_)
            | Test::Suffix(_)
            | Test::SuffixIgnoringCase(_)
            | Test::EqualIgnoringCase(_) => self.text(test.clone(), holds),
        }
    }

    fn exclude(&mut self, excluded: &Excluded, excludes: Outcome) {
        let mut each = |texts: &[String], test: fn(String) -> Test| {
            texts.iter().for_each(|text| self.text(test(text.clone()), excludes));
        };
        match excluded {
            Excluded::Texts(texts) => each(texts, Test::Text),
            Excluded::Prefixes(texts) => each(texts, Test::Prefix),
            Excluded::Suffixes(texts) => each(texts, Test::Suffix),
            Excluded::EqualIgnoringCase(texts) => each(texts, Test::EqualIgnoringCase),
            Excluded::Wildcards(wildcards) => wildcards.iter().for_each(|(one, _)| self.wildcard(one, excludes)),
            Excluded::Numbers(numbers) => {
                numbers.iter().for_each(|(_, value)| self.numbers.entry(*value).or_default().push(excludes));
            }
        }
    }

    fn text(&mut self, test: Test, outcome: Outcome) {
        let then = Then::Outcome(outcome);
        let [forwards, backwards, forwards_folded, backwards_folded] = &mut self.tries;
        match test {
            Test::Text(text) => self.texts.entry(text.into_bytes().into()).or_default().push(outcome),
            Test::Address(address, _) => self.addresses.entry(address).or_default().push(outcome),
            Test::Network(network, _) => self.networks.push((network, outcome)),
            Test::Prefix(text) => forwards.begins(text.as_bytes(), then),
            Test::Suffix(text) => backwards.begins(text.as_bytes(), then),
            Test::PrefixIgnoringCase(text) if text.is_ascii() => forwards_folded.begins(text.as_bytes(), then),
            Test::SuffixIgnoringCase(text) if text.is_ascii() => backwards_folded.begins(text.as_bytes(), then),
            Test::EqualIgnoringCase(text) if text.is_ascii() => forwards_folded.is(text.as_bytes(), then),
            other => self.loose.push(Loose::Test(other, outcome)),
        }
    }

    fn wildcard(&mut self, wildcard: &Wildcard, outcome: Outcome) {
        let (first, middle, last) = match &wildcard.pieces[..] {
            [first, middle @ .., last] => (first.as_bytes(), middle, last.as_bytes()),
            [only] => return self.text(Test::Text(only.clone()), outcome),
            [] => return,
        };
        let [forwards, backwards, ..] = &mut self.tries;
        let check = Then::Check(index(self.wildcards.len()));
        match (first, middle, last) {
            (first, [], []) => return forwards.begins(first, Then::Outcome(outcome)),
            ([], [], last) => return backwards.begins(last, Then::Outcome(outcome)),
            ([], _, []) => self.loose.push(Loose::Check(index(self.wildcards.len()))),
            ([], _, last) => backwards.begins(last, check),
            (first, _, _) => forwards.begins(first, check),
        }
        let finder = |piece: &String| Finder::new(piece.as_bytes()).into_owned();
        let pieces = Pieces { first: first.into(), middle: middle.iter().map(finder).collect(), last: last.into() };
        self.wildcards.push((pieces, outcome));
    }

    /// The number of the path, if its absence is asked for.
    pub(super) fn absence(&self) -> Option<u32> {
        self.absence
    }

    pub(super) fn finish(self) -> Tester {
        Tester {
            absence: self.absence,
            nots: self.nots.into(),
            present: self.present.into(),
            truths: self.truths.map(Vec::into_boxed_slice),
            null: self.null.into(),
            texts: Lookup::new(self.texts),
            tries: self.tries.into_iter().filter_map(trie::Builder::finish).collect(),
            wildcards: self.wildcards.into(),
            loose: self.loose.into(),
            addresses: Lookup::new(self.addresses),
            networks: self.networks.into(),
            numbers: Lookup::new(self.numbers),
            spellings: Lookup::new(self.spellings),
            ranges: self.ranges.into(),
        }
    }
}
