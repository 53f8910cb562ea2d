//! Decides how a list is put in order where that happens once a start, a command or a call.
//!
//! std's sort is made anew for every type and every closure, seven to ten kilobytes each time. Here it is made once, for
//! places in a list: what remains for each type is how the items at two places are compared and how they change places.
//! Start at [`by`]. Whoever sorts per order or per record takes std's, which does not compare through a pointer.
//!
//! Invariant: sorting is stable, and items are moved, never copied.

use std::cmp::Ordering;

/// Sorts as `compare` says; items that it calls equal stay as they stand.
pub fn by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut sources = sorted_places(items.len(), &mut |one, other| compare(&items[one], &items[other]));
    arrange(&mut sources, &mut |one, other| items.swap(one, other));
}

/// Sorts by what `key` says of each item; items of equal keys stay as they stand.
pub fn by_key<T, K: Ord>(items: &mut [T], mut key: impl FnMut(&T) -> K) {
    by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts by the items' own order.
pub fn ascending<T: Ord>(items: &mut [T]) {
    by(items, T::cmp);
}

/// Sorts, and of equal items keeps the last, as if they had been put in one after the other. What rises already, which is
/// everything that was sorted before, is left alone.
pub(crate) fn once<T>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    if items.is_sorted_by(|one, other| compare(one, other) == Ordering::Less) {
        return;
    }
    by(items, &mut compare);
    let mut kept = 0;
    for at in 1..items.len() {
        if compare(&items[kept], &items[at]) == Ordering::Less {
            kept += 1;
        }
        items.swap(kept, at);
    }
    items.truncate(kept + 1);
}

/// For each place, which one the item stands at that belongs there.
fn sorted_places(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    if count < 2 {
        return Vec::new();
    }
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

/// Brings every item to its place: along each cycle of the permutation, by one swap less than the cycle has places.
fn arrange(sources: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..sources.len() {
        let mut place = start;
        loop {
            // Its own source from now on: it is done, and a cycle is gone along once.
            let source = std::mem::replace(&mut sources[place], place);
            if source == start {
                break;
            }
            swap(place, source);
            place = source;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::cmp::Reverse;

    proptest! {
        /// Many equal keys, each item with a number of its own: the order is std's stable one, also of equal items.
        #[test]
        fn the_order_is_that_of_stds_stable_sort(keys in vec(0..8_u8, 0..200)) {
            let items: Vec<(u8, String)> = keys.iter().enumerate().map(|(n, key)| (*key, n.to_string())).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            let mut sorted = items.clone();
            by_key(&mut sorted, |(key, _)| *key);
            prop_assert_eq!(&sorted, &expected);

            expected.sort_by_key(|(key, _)| Reverse(*key));
            by(&mut sorted, |one, other| other.0.cmp(&one.0));
            prop_assert_eq!(&sorted, &expected);

            expected.sort();
            ascending(&mut sorted);
            prop_assert_eq!(sorted, expected);
        }

        /// Of any permutation, every item comes to its place.
        #[test]
        fn what_is_mixed_comes_in_order(mixed in Just((0..150_u32).collect::<Vec<_>>()).prop_shuffle()) {
            let mut sorted = mixed;
            ascending(&mut sorted);
            prop_assert_eq!(sorted, (0..150).collect::<Vec<_>>());
        }
    }
}
