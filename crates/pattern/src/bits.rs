//! A set of small numbers, for positions of paths and clauses. Those below 64, which is all that most patterns have,
//! need no allocation.

use std::ops::Range;

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    first: u64,
    /// Without zeros at the end.
    more: Vec<u64>,
}

impl Bits {
    pub(crate) fn insert(&mut self, position: usize) {
        let bit = 1 << (position % 64);
        match (position / 64).checked_sub(1) {
            None => self.first |= bit,
            Some(word) => {
                if self.more.len() <= word {
                    self.more.resize(word + 1, 0);
                }
                self.more[word] |= bit;
            }
        }
    }

    pub(crate) fn contains(&self, position: usize) -> bool {
        let word = match (position / 64).checked_sub(1) {
            None => self.first,
            Some(word) => self.more.get(word).copied().unwrap_or(0),
        };
        word >> (position % 64) & 1 == 1
    }

    pub(crate) fn remove(&mut self, position: usize) {
        let bit = 1 << (position % 64);
        match (position / 64).checked_sub(1) {
            None => self.first &= !bit,
            Some(word) => {
                if let Some(word) = self.more.get_mut(word) {
                    *word &= !bit;
                }
            }
        }
    }

    /// Whether any number of the range is in the set.
    pub(crate) fn any_in(&self, range: Range<usize>) -> bool {
        let (first, last) = (range.start / 64, range.end.div_ceil(64));
        (first..last.min(self.more.len() + 1)).any(|index| {
            let word = index.checked_sub(1).map_or(self.first, |index| self.more[index]);
            let from = range.start.saturating_sub(index * 64);
            let below = (range.end - index * 64).min(64);
            let mask = if below == 64 { u64::MAX } else { (1 << below) - 1 };
            word & mask & (u64::MAX << from) != 0
        })
    }

    /// Those numbers of the set that are in the range.
    pub(crate) fn within(&self, range: Range<usize>) -> Bits {
        let mut within = Bits::default();
        for position in range.filter(|position| self.contains(*position)) {
            within.insert(position);
        }
        within
    }

    pub(crate) fn union(&self, other: &Bits) -> Bits {
        let (long, short) = if self.more.len() < other.more.len() { (other, self) } else { (self, other) };
        let mut more = long.more.clone();
        for (word, other) in more.iter_mut().zip(&short.more) {
            *word |= other;
        }
        Bits { first: self.first | other.first, more }
    }

    pub(crate) fn contains_all(&self, other: &Bits) -> bool {
        let word = |index: usize| self.more.get(index).copied().unwrap_or(0);
        other.first & !self.first == 0 && other.more.iter().enumerate().all(|(index, bits)| bits & !word(index) == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set() -> impl Strategy<Value = BTreeSet<usize>> {
        proptest::collection::btree_set(0..200usize, 0..12)
    }

    fn bits(set: &BTreeSet<usize>) -> Bits {
        let mut bits = Bits::default();
        set.iter().for_each(|number| bits.insert(*number));
        bits
    }

    proptest! {
        #[test]
        fn bits_behave_as_a_set(one in set(), other in set(), start in 0..200usize, length in 0..140usize) {
            let range = start..start + length;
            prop_assert_eq!(bits(&one).any_in(range.clone()), one.iter().any(|number| range.contains(number)));
            let inside: BTreeSet<usize> = one.iter().copied().filter(|number| range.contains(number)).collect();
            prop_assert_eq!(bits(&one).within(range), bits(&inside));
            let union: BTreeSet<usize> = one.union(&other).copied().collect();
            prop_assert!(bits(&one).union(&bits(&other)).contains_all(&bits(&union)));
            prop_assert!(bits(&union).contains_all(&bits(&one).union(&bits(&other))));
            prop_assert_eq!(bits(&one).contains_all(&bits(&other)), one.is_superset(&other));
            let mut rest = bits(&one);
            other.iter().for_each(|number| rest.remove(*number));
            for number in 0..400 {
                prop_assert_eq!(rest.contains(number), one.contains(&number) && !other.contains(&number));
            }
        }
    }
}
