//! What holds of the zeros that are written behind the end of the log: they make no difference.

use crate::common::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::faults::{Call, Failure, Fault, FaultyDisk};
use store::{OpenError, Options, Seq};

fn newest(directory: &Path) -> PathBuf {
    segments(directory).pop().unwrap()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

fn lengths(directory: &Path) -> u64 {
    segments(directory).iter().map(|path| length(path)).sum()
}

#[test]
fn a_killed_store_leaves_zeros_that_the_next_start_cuts_and_tells_nobody_of() {
    for segment_bytes in [700, 4096, 1 << 20] {
        let directory = tempfile::tempdir().unwrap();
        let options = || Options { segment_bytes, ..small() };
        let mut zeros = 0;
        for at in 0..20u8 {
            let (store, report) = try_open(directory.path(), options()).unwrap();
            assert_eq!((report.last, report.torn), (Seq(u64::from(at)), None));
            assert_eq!(lengths(directory.path()), store.log_bytes(), "cut at the start");
            commit(&store, vec![put(&[at], &[at; 50])]).unwrap();
            let log_bytes = store.log_bytes();
            store.crash();
            zeros += lengths(directory.path()) - log_bytes;
        }
        assert!(zeros > 20 * 100, "{zeros} zeros in segments of {segment_bytes}");
        let store = open(directory.path(), options());
        commit(&store, vec![put(&[20], &[20; 50])]).unwrap();
        let log_bytes = store.log_bytes();
        drop(store);
        assert_eq!(lengths(directory.path()), log_bytes, "a store that was closed leaves none");
    }
}

#[test]
fn a_segment_is_made_longer_once_for_many_groups_and_never_beyond_its_size() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 50_000, ahead_bytes: 10_000, ..small() };
    let store = open(directory.path(), options);
    let mut seen = Vec::new();
    while segments(directory.path()).len() == 1 {
        seen.push(length(&newest(directory.path())));
        commit(&store, vec![put(b"k", &[9; 300])]).unwrap();
    }
    let commits = seen.len();
    seen.dedup();
    // A head, four times ten thousand in whole blocks, and what is left.
    assert_eq!(seen, [64, 12_288, 24_576, 36_864, 49_152, 50_000], "{commits} commits");
    assert!(commits > 100, "{commits}");
    let sealed = &segments(directory.path())[0];
    assert_eq!(std::fs::read(sealed).unwrap().last(), Some(&b'k'), "a sealed segment has no zeros");
}

/// Whichever sectors of the last group are still the zeros that were there before.
#[test]
fn a_group_torn_over_zeros_is_cut_unless_it_was_acknowledged() {
    let base = tempfile::tempdir().unwrap();
    let options = || Options { segment_bytes: 1 << 20, ahead_bytes: 100_000, ..small() };
    let store = open(base.path(), options());
    commit(&store, vec![put(b"a", &[1; 1700])]).unwrap();
    let (begin, watermark) = (store.log_bytes() as usize, std::fs::read(base.path().join("WATERMARK")).unwrap());
    commit(&store, vec![put(b"b", &[2; 1700])]).unwrap();
    let end = store.log_bytes() as usize;
    store.crash();
    std::fs::remove_dir_all(base.path().join("index")).unwrap();
    let whole = std::fs::read(newest(base.path())).unwrap();
    assert!(whole.len() > 100_000 && whole[end..].iter().all(|byte| *byte == 0));
    let sectors: Vec<_> =
        (begin / 512..end.div_ceil(512)).map(|at| (at * 512).max(begin)..end.min(at * 512 + 512)).collect();
    for lost in 1..1u32 << sectors.len() {
        let mut bytes = whole.clone();
        for (at, sector) in sectors.iter().enumerate() {
            if lost & (1 << at) != 0 {
                bytes[sector.clone()].fill(0);
            }
        }
        let directory = tempfile::tempdir().unwrap();
        copy_directory(base.path(), directory.path());
        let path = newest(directory.path());
        std::fs::write(&path, &bytes).unwrap();
        let error = try_open(directory.path(), options()).map(|(_, report)| report).unwrap_err();
        assert!(
            matches!(&error, OpenError::Damaged { damage, .. } if damage.offset == begin as u64),
            "{lost:b} lost, all acknowledged: {error}"
        );
        assert!(std::fs::read(&path).unwrap() == bytes, "a refusal changes nothing");
        std::fs::write(directory.path().join("WATERMARK"), &watermark).unwrap();
        let (store, report) = try_open(directory.path(), options()).unwrap();
        assert_eq!(report.last, Seq(1), "{lost:b} lost");
        assert_eq!((value(&store, b"a"), value(&store, b"b")), (Some(vec![1; 1700]), None));
        let Some(torn) = report.torn else {
            assert_eq!(lost + 1, 1 << sectors.len(), "nothing of it is there, so nothing is told");
            continue;
        };
        let kept = std::fs::read(torn.kept_in.unwrap()).unwrap();
        assert_eq!((torn.offset, torn.bytes), (begin as u64, kept.len() as u64));
        assert!(bytes[begin..end].starts_with(&kept[..kept.len().min(end - begin)]), "{lost:b} lost");
        assert!(kept.len() < end - begin + 4096 && kept.iter().any(|byte| *byte != 0), "{} bytes kept", kept.len());
        assert!(bytes[begin + kept.len()..].iter().all(|byte| *byte == 0), "{lost:b} lost: all of it is kept");
        assert_eq!(commit(&store, vec![put(b"c", b"3")]).unwrap().first, Seq(2));
    }
}

#[test]
fn a_disk_without_room_for_zeros_takes_the_group() {
    // In the smaller segments no second group follows that could try again.
    let failures = [Failure::NoSpace, Failure::NoSpaceHalfway];
    for (failure, segment_bytes) in failures.into_iter().flat_map(|failure| [(failure, 3000), (failure, 400)]) {
        let (directory, disk) = (tempfile::tempdir().unwrap(), FaultyDisk::default());
        let options = || Options { disk: Arc::new(disk.clone()), segment_bytes, ..small() };
        let store = open(directory.path(), options());
        // The next write is the first group's, the one after it that of its zeros.
        disk.set_fault(Some(Fault { call: Call::Write, nth: disk.calls(Call::Write) + 2, times: 1, failure }));
        for at in 0..40u8 {
            commit(&store, vec![put(&[at], &[at; 200])]).unwrap();
        }
        assert!(segments(directory.path()).len() > 3, "and the segment is sealed as any other");
        store.crash();
        let store = open(directory.path(), small());
        assert_eq!((store.durable(), store.verify_all().unwrap().len()), (Seq(40), 0));
    }
}
