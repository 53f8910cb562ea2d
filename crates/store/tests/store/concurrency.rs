//! What holds when many threads write at once.

use crate::common::*;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Check, Class, Commit, Direction, Options, Refused};

const THREADS: u64 = 8;
const KEYS: u64 = 3;

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap())
}

/// No update is lost: the counters sum up to the increments that were acknowledged.
#[test]
fn concurrent_increments_of_few_keys_are_all_counted() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), small());
    let conflicts = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, conflicts) = (&store, &conflicts);
            scope.spawn(move || {
                for at in 0..250u64 {
                    let key = [u8::try_from((at * 7 + thread) % KEYS).unwrap()];
                    loop {
                        let read = store.read(ITEMS, &key).unwrap();
                        let old = read.value.map_or(0, |(_, bytes)| number(&bytes));
                        let entry = put(&key, &(old + 1).to_le_bytes());
                        match commit_checked(store, vec![entry], vec![Check::new(ITEMS, &key, read.seen)]) {
                            Ok(_) => break,
                            Err(Refused::Conflict) => conflicts.fetch_add(1, Ordering::Relaxed),
                            Err(refused) => panic!("{refused}"),
                        };
                    }
                }
            });
        }
    });
    let counted: u64 = (0..KEYS).map(|key| number(&value(&store, &[u8::try_from(key).unwrap()]).unwrap())).sum();
    assert_eq!(counted, THREADS * 250);
    assert!(conflicts.into_inner() > 0, "the threads must have met");
}

/// Every snapshot sees every transfer as a whole, while tables move into the index under it.
#[test]
fn the_sum_over_all_accounts_is_the_same_in_every_snapshot() {
    const ACCOUNTS: u8 = 20;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Options { seal_bytes: 8192, ..small() });
    commit(&store, (0..ACCOUNTS).map(|at| put(&[at], &100u64.to_le_bytes())).collect()).unwrap();
    let done = AtomicBool::new(false);
    let snapshots = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4u16)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || {
                    for at in 0..300u16 {
                        let account = |number: u16| [u8::try_from(number % u16::from(ACCOUNTS)).unwrap()];
                        let (from, to) = (account(at * 3 + thread), account(at * 5 + thread + 1));
                        if from == to {
                            continue;
                        }
                        let (a, b) = (store.read(ITEMS, &from).unwrap(), store.read(ITEMS, &to).unwrap());
                        let (from_has, to_has) = (number(&a.value.unwrap().1), number(&b.value.unwrap().1));
                        let checks = vec![Check::new(ITEMS, &from, a.seen), Check::new(ITEMS, &to, b.seen)];
                        let entries = vec![
                            put(&from, &from_has.saturating_sub(1).to_le_bytes()),
                            put(&to, &(to_has + from_has.min(1)).to_le_bytes()),
                        ];
                        let commit = Commit { entries, checks, class: Class::Engine, attachment: 0 };
                        match store.commit_wait(commit) {
                            Ok(_) | Err(Refused::Conflict) => {}
                            Err(refused) => panic!("{refused}"),
                        }
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let mut snapshots = 0;
            while !done.load(Ordering::Relaxed) {
                let snapshot = store.snapshot();
                let direction = if snapshots % 2 == 0 { Direction::Forward } else { Direction::Backward };
                let scanned: Vec<_> =
                    snapshot.prefix(ITEMS, b"", direction).map(|item| number(&item.unwrap().value)).collect();
                let got = (0..ACCOUNTS).map(|at| number(&snapshot.get(ITEMS, &[at]).unwrap().unwrap().1));
                assert_eq!((scanned.len(), scanned.iter().sum::<u64>()), (usize::from(ACCOUNTS), 2000));
                assert_eq!(got.sum::<u64>(), 2000);
                snapshots += 1;
            }
            snapshots
        });
        let ended: Vec<_> = writers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(|writer| writer.unwrap());
        reader.join().unwrap()
    });
    assert!(snapshots > 10 && store.applied().0 > 0, "{snapshots} snapshots, applied {}", store.applied());
}
