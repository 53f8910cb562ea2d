//! However commits, reads, crashes, trims and reopens follow one another, the store answers like a map.

use crate::common::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;
use store::{Before, Check, Direction, Options, Refused, Seq};

#[derive(Debug, Clone)]
enum Step {
    /// Puts (or deletes, without a value) several keys as one commit.
    Commit(Vec<(u8, Option<u16>)>),
    /// The same with a check of one key as it was some commits ago.
    Checked(u8, u8),
    Scan(u8, u8, bool),
    Crash,
    Close,
    Trim(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let change = (0..24u8, proptest::option::weighted(0.75, 0..400u16));
    let step = prop_oneof![
        12 => prop::collection::vec(change, 1..5).prop_map(Step::Commit),
        4 => (0..24u8, 0..4u8).prop_map(|(key, ago)| Step::Checked(key, ago)),
        4 => (0..24u8, 0..26u8, any::<bool>()).prop_map(|(from, to, back)| Step::Scan(from, to, back)),
        1 => Just(Step::Crash),
        1 => Just(Step::Close),
        1 => (0..100u8).prop_map(Step::Trim),
    ];
    prop::collection::vec(step, 1..60)
}

fn bytes(length: u16) -> Vec<u8> {
    (0..length).map(|at| (at % 256) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_a_map_with_numbers(steps in steps()) {
        let directory = tempfile::tempdir().unwrap();
        let options = || Options { segment_bytes: 1500, seal_bytes: 3000, ..small() };
        let mut store = open(directory.path(), options());
        let mut model: BTreeMap<u8, (u64, Vec<u8>)> = BTreeMap::new();
        let mut written: BTreeMap<u8, u64> = BTreeMap::new();
        let mut last = 0u64;
        let mut states = vec![store.snapshot().seen()];
        for step in steps {
            match step {
                Step::Commit(changes) => {
                    let entries = changes.iter().map(|(key, value)| match value {
                        Some(length) => put(&[*key], &bytes(*length)),
                        None => delete(&[*key]),
                    });
                    let committed = commit(&store, entries.collect()).unwrap();
                    prop_assert_eq!(committed.first, Seq(last + 1));
                    for (key, value) in changes {
                        last += 1;
                        written.insert(key, last);
                        match value {
                            Some(length) => { model.insert(key, (last, bytes(length))); }
                            None => { model.remove(&key); }
                        }
                    }
                    prop_assert_eq!(committed.last, Seq(last));
                    states.push(store.snapshot().seen());
                }
                Step::Checked(key, ago) => {
                    let seen = states[states.len().saturating_sub(1 + usize::from(ago))];
                    let unchanged = written.get(&key).is_none_or(|at| *at <= seen.seq().0);
                    let outcome = commit_checked(&store, vec![put(&[key], b"checked")], vec![Check::new(ITEMS, &[key], seen)]);
                    if unchanged {
                        last += 1;
                        prop_assert_eq!(outcome.map(|committed| committed.last), Ok(Seq(last)));
                        written.insert(key, last);
                        model.insert(key, (last, b"checked".to_vec()));
                        states.push(store.snapshot().seen());
                    } else {
                        prop_assert_eq!(outcome, Err(Refused::Conflict));
                    }
                }
                Step::Scan(from, to, back) => {
                    let direction = if back { Direction::Backward } else { Direction::Forward };
                    let snapshot = store.snapshot();
                    let scan = snapshot.range(ITEMS, Bound::Included(&[from]), Bound::Excluded(&[to]), direction);
                    let found: Vec<_> = scan.map(|item| item.unwrap()).map(|item| (item.key[0], (item.seq.0, item.value.to_vec()))).collect();
                    let mut expected: Vec<_> = model.iter().filter(|(key, _)| (from..to).contains(key)).map(|(k, v)| (*k, v.clone())).collect();
                    if back {
                        expected.reverse();
                    }
                    prop_assert_eq!(found, expected);
                }
                Step::Crash | Step::Close => {
                    if matches!(step, Step::Crash) { store.crash() } else { drop(store) }
                    let (opened, report) = try_open(directory.path(), options()).unwrap();
                    prop_assert_eq!(report.last, Seq(last));
                    store = opened;
                    // What was seen by an earlier process is of no use to this one.
                    states = vec![store.snapshot().seen()];
                }
                Step::Trim(part) => {
                    let lowest = store.trim(Before::Seq(Seq(last * u64::from(part) / 100))).unwrap();
                    prop_assert!(lowest.0 <= last + 1);
                    prop_assert_eq!(log_entries(&store, lowest).len() as u64, last + 1 - lowest.0);
                }
            }
            for key in 0..24u8 {
                let found = store.get(ITEMS, &[key]).unwrap().map(|(seq, value)| (seq.0, value.to_vec()));
                prop_assert_eq!(found.as_ref(), model.get(&key), "key {}", key);
            }
        }
    }
}
