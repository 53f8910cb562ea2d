//! What holds when the disk refuses: for every n, the n-th write and the n-th sync of a short run.

use crate::common::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::faults::{Call, Failure, Fault, FaultyDisk};
use store::{Class, Commit, Fatal, Options, Refused, Store};

const COMMITS: u64 = 14;

fn options(disk: &FaultyDisk) -> Options {
    Options { disk: Arc::new(disk.clone()), segment_bytes: 700, ..small() }
}

/// A power cut: seeds that divide by three lose everything that was not synced, the others some of it.
fn lose_unsynced(disk: &FaultyDisk, seed: u64) {
    let mut drawn = seed;
    let reached = || {
        drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        !seed.is_multiple_of(3) && drawn >> 63 == 1
    };
    disk.lose_some_unsynced(reached).unwrap();
}

struct Run {
    /// What each commit was told: two keys each, so that half of one shows.
    told: Vec<Result<(), Refused>>,
    fatals: u64,
}

/// Opens and commits, whatever happens; `None` if the start was refused.
fn run(directory: &Path, disk: &FaultyDisk) -> Option<Run> {
    let fatals = Arc::new(AtomicU64::new(0));
    let count = fatals.clone();
    let on_fatal = move |_: &Fatal| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let (store, _) = Store::open(directory, options(disk), Box::new(|_| {}), on_fatal).ok()?;
    let told = (0..COMMITS)
        .map(|at| {
            let entries = vec![put(&[0, at as u8], &[7; 40]), put(&[1, at as u8], &[8; 40])];
            let class = if at % 2 == 0 { Class::Client } else { Class::Engine };
            store.commit_wait(Commit { entries, checks: Vec::new(), class, attachment: at }).map(|_| ())
        })
        .collect();
    for at in 0..COMMITS as u8 {
        let pending = store.read(ITEMS, &[0, at]).unwrap().value.is_some();
        assert_eq!(pending, store.read(ITEMS, &[1, at]).unwrap().value.is_some(), "never half of a commit");
    }
    store.crash();
    Some(Run { told, fatals: fatals.load(Ordering::Relaxed) })
}

/// Every acknowledged commit is there, and of no commit a half.
fn check(directory: &Path, run: Option<&Run>, case: &str) {
    let store = open(directory, small());
    for at in 0..COMMITS as u8 {
        let there = [value(&store, &[0, at]).is_some(), value(&store, &[1, at]).is_some()];
        assert_eq!(there[0], there[1], "{case}: half of commit {at}");
        match run.map(|run| run.told[usize::from(at)]) {
            Some(Ok(())) => assert!(there[0], "{case}: commit {at} was acknowledged and is gone"),
            Some(Err(Refused::NoSpace)) => assert!(!there[0], "{case}: commit {at} was refused and is there"),
            Some(Err(_)) | None => {}
        }
    }
    assert_eq!(log_entries(&store, store.lowest()).len() as u64, store.durable().0, "{case}: no gap");
}

#[test]
fn whichever_write_or_sync_fails_acknowledged_commits_are_there_and_no_halves() {
    let (mut acknowledged, mut fatal, mut no_space) = (0, 0, 0);
    for call in [Call::Write, Call::Sync] {
        let calls = {
            let (directory, disk) = (tempfile::tempdir().unwrap(), FaultyDisk::default());
            let clean = run(directory.path(), &disk).unwrap();
            assert!(clean.told.iter().all(Result::is_ok));
            disk.calls(call)
        };
        assert!(calls > 20, "{call:?}: {calls}");
        for failure in [Failure::NoSpace, Failure::NoSpaceHalfway, Failure::Io] {
            if call == Call::Sync && failure == Failure::NoSpaceHalfway {
                continue;
            }
            for nth in 1..=calls {
                let forever = u64::MAX / 2;
                // What a power cut leaves differs most where nothing was cut back.
                let in_part = (failure == Failure::Io).then_some((forever, Some(1)));
                for (times, power_cut) in [(1, None), (forever, Some(0))].into_iter().chain(in_part) {
                    let case = format!("{failure:?} at {call:?} {nth}, {times} times, power cut {power_cut:?}");
                    let (directory, disk) = (tempfile::tempdir().unwrap(), FaultyDisk::default());
                    disk.set_fault(Some(Fault { call, nth, times, failure }));
                    let run = run(directory.path(), &disk);
                    disk.set_fault(None);
                    if let Some(seed) = power_cut {
                        lose_unsynced(&disk, seed + 3 * nth);
                    }
                    check(directory.path(), run.as_ref(), &case);
                    let Some(run) = run else { continue };
                    assert!(run.fatals <= 1, "{case}: told once");
                    if let Some(failed) = run.told.iter().position(|told| *told == Err(Refused::Failed)) {
                        assert!(
                            run.told[failed..].iter().all(|told| *told == Err(Refused::Failed)),
                            "{case}: no later acknowledgement"
                        );
                        assert_eq!(run.fatals, 1, "{case}");
                    }
                    if call == Call::Write && failure != Failure::Io && times == 1 {
                        let refused = run.told.iter().filter(|told| told.is_err()).count();
                        assert!(run.fatals == 1 || refused <= COMMITS as usize, "{case}");
                    }
                    acknowledged += run.told.iter().filter(|told| told.is_ok()).count();
                    no_space += run.told.iter().filter(|told| **told == Err(Refused::NoSpace)).count();
                    fatal += run.fatals;
                }
            }
        }
    }
    assert!(acknowledged > 500 && fatal > 20 && no_space > 20, "{acknowledged} {fatal} {no_space}");
}

#[test]
fn a_full_disk_refuses_takes_back_and_goes_on_when_there_is_room() {
    let (directory, disk) = (tempfile::tempdir().unwrap(), FaultyDisk::default());
    let store = open(directory.path(), Options { segment_bytes: 1 << 20, ..options(&disk) });
    commit(&store, vec![put(b"a", b"1")]).unwrap();
    let seen = store.read(ITEMS, b"a").unwrap().seen;
    disk.set_fault(Some(Fault {
        call: Call::Write,
        nth: disk.calls(Call::Write) + 1,
        times: 1,
        failure: Failure::NoSpaceHalfway,
    }));
    let taken_back = vec![put(b"a", b"2"), put(b"a", b"2"), put(b"a", b"2"), put(b"b", b"2")];
    assert_eq!(commit(&store, taken_back), Err(Refused::NoSpace));
    assert_eq!(value(&store, b"a"), Some(b"1".to_vec()));
    assert_eq!(store.read(ITEMS, b"a").unwrap().value.map(|(seq, _)| seq), Some(store::Seq(1)));
    assert_eq!(store.wait_durable(seen), Err(store::Lost::TakenBack), "what was seen may have been taken back");
    assert_eq!(commit(&store, vec![put(b"a", b"3")]), Err(Refused::NoSpace), "until the disk is looked at again");
    let began = std::time::Instant::now();
    let third = loop {
        match commit(&store, vec![put(b"a", b"3")]) {
            Ok(third) => break third,
            Err(refused) => assert_eq!(refused, Refused::NoSpace),
        }
        assert!(began.elapsed().as_secs() < 20, "it recovers without a restart");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(third.first, store::Seq(2), "no number is skipped");
    // What was taken back has written nothing, so it is in nobody's way.
    let now = store.read(ITEMS, b"b").unwrap().seen;
    let check = store::Check::new(ITEMS, b"b", now);
    commit_checked(&store, vec![put(b"b", b"4")], vec![check]).unwrap();
    store.crash();
    assert_eq!(log_entries(&open(directory.path(), small()), store::Seq(1)).len(), 3);
}

#[test]
fn below_the_first_floor_only_the_engine_writes_below_the_second_nobody() {
    let (directory, disk) = (tempfile::tempdir().unwrap(), FaultyDisk::default());
    let floors = |free| {
        disk.set_free_bytes(Some(free));
        let store =
            open(directory.path(), Options { floor_clients_bytes: 1000, floor_engine_bytes: 300, ..options(&disk) });
        [Class::Client, Class::Engine].map(|class| {
            let commit = Commit { entries: vec![put(b"k", b"v")], checks: Vec::new(), class, attachment: 0 };
            store.commit_wait(commit).is_ok()
        })
    };
    assert_eq!([5000, 900, 100].map(floors), [[true, true], [false, true], [false, false]]);
}

#[test]
fn after_a_power_cut_everything_acknowledged_is_there() {
    for commits in 0..20u8 {
        let (directory, disk) = (tempfile::tempdir().unwrap(), FaultyDisk::default());
        let store = open(directory.path(), options(&disk));
        for at in 0..commits {
            commit(&store, vec![put(&[at], &[at; 50])]).unwrap();
        }
        store.crash();
        disk.lose_unsynced().unwrap();
        let (store, report) = try_open(directory.path(), small()).unwrap();
        assert_eq!((store.durable().0, report.torn), (u64::from(commits), None));
        for at in 0..commits {
            assert_eq!(value(&store, &[at]), Some(vec![at; 50]));
        }
    }
}
