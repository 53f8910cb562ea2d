//! What a start does with a log or an index that is not as it was left.
//!
//! The oracle of all of them: entries up to an acknowledged one are there with their bytes, or the
//! start is refused; and a refusal changes nothing.

use crate::common::*;
use std::path::{Path, PathBuf};
use store::{OpenError, Options, Seq};
use tempfile::TempDir;

const COMMITS: u64 = 12;

fn key(at: u64) -> [u8; 8] {
    at.to_be_bytes()
}

/// A directory with twelve small groups, without its index (so that a copy is quick), and the
/// watermark as it stood after each.
struct Base {
    directory: TempDir,
    watermarks: Vec<Vec<u8>>,
    ends: Vec<u64>,
}

fn base(segment_bytes: u64) -> Base {
    base_with_zeros(segment_bytes, 0)
}

/// The same, with zeros behind the last group.
fn base_with_zeros(segment_bytes: u64, ahead_bytes: u64) -> Base {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Options { segment_bytes, ahead_bytes, ..small() });
    let (mut watermarks, mut ends) = (Vec::new(), Vec::new());
    for at in 1..=COMMITS {
        commit(&store, vec![put(&key(at), b"an order")]).unwrap();
        watermarks.push(std::fs::read(directory.path().join("WATERMARK")).unwrap());
        ends.push(store.log_bytes());
    }
    store.crash();
    std::fs::remove_dir_all(directory.path().join("index")).unwrap();
    Base { directory, watermarks, ends }
}

fn copy(base: &Base) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_directory(base.directory.path(), copy.path());
    copy
}

fn newest(directory: &Path) -> PathBuf {
    segments(directory).pop().unwrap()
}

fn cut(path: &Path, bytes: u64) {
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn refused(directory: &Path) -> OpenError {
    try_open(directory, small()).map(|(_, report)| report).unwrap_err()
}

#[test]
fn a_log_torn_anywhere_in_its_last_three_groups_keeps_what_was_acknowledged() {
    let base = base(1 << 20);
    let whole = base.ends[COMMITS as usize - 1];
    for bytes in base.ends[COMMITS as usize - 4]..whole {
        // Whole groups that are left, and what the watermark said when the torn one was written.
        let left = base.ends.iter().filter(|end| **end <= bytes).count();
        let directory = copy(&base);
        cut(&newest(directory.path()), bytes);
        let acknowledged = refused(directory.path());
        let names = matches!(
            &acknowledged,
            OpenError::EndMissing { acknowledged: Seq(COMMITS), .. } | OpenError::Damaged { .. }
        );
        assert!(names, "cut at {bytes}, all acknowledged: {acknowledged}");
        assert_eq!(std::fs::metadata(newest(directory.path())).unwrap().len(), bytes, "a refusal changes nothing");
        std::fs::write(directory.path().join("WATERMARK"), &base.watermarks[left - 1]).unwrap();
        let (store, report) = try_open(directory.path(), small()).unwrap();
        assert_eq!(report.last, Seq(left as u64), "cut at {bytes}");
        let torn = report.torn.map_or(0, |torn| {
            assert_eq!(torn.offset, base.ends[left - 1]);
            let kept = std::fs::read(torn.kept_in.unwrap()).unwrap();
            assert_eq!(kept.len() as u64, torn.bytes);
            torn.bytes
        });
        assert_eq!(torn, bytes - base.ends[left - 1], "cut at {bytes}");
        for at in 1..=COMMITS {
            assert_eq!(value(&store, &key(at)).is_some(), at <= left as u64, "cut at {bytes}, entry {at}");
        }
        let next = commit(&store, vec![put(b"next", b"order")]).unwrap();
        assert_eq!(next.first, Seq(left as u64 + 1));
    }
}

#[test]
fn garbage_after_the_log_is_cut_and_garbage_in_it_is_not() {
    let base = base(1 << 20);
    let directory = copy(&base);
    let path = newest(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes.extend_from_slice(&[3; 700]);
    std::fs::write(&path, &bytes).unwrap();
    let (store, report) = try_open(directory.path(), small()).unwrap();
    assert_eq!(
        (report.last, report.torn.map(|torn| (torn.offset, torn.bytes))),
        (Seq(COMMITS), Some((end as u64, 700)))
    );
    drop(store);
    // Zeros over a group whose successor is whole: even if the watermark knew nothing.
    let directory = copy(&base);
    let path = newest(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let (from, to) = (base.ends[5] as usize, base.ends[6] as usize);
    bytes[from..to].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    std::fs::remove_file(directory.path().join("WATERMARK")).unwrap();
    let error = refused(directory.path());
    assert!(
        matches!(&error, OpenError::Damaged { damage, .. } if damage.offset == from as u64 && damage.file == path),
        "{error}"
    );
}

#[test]
fn a_bit_flipped_anywhere_at_or_below_the_watermark_is_found_named_and_refused() {
    for ahead_bytes in [0, 1000] {
        flip_each_byte(&base_with_zeros(400, ahead_bytes), ahead_bytes);
    }
}

fn flip_each_byte(base: &Base, ahead_bytes: u64) {
    let paths = segments(base.directory.path());
    assert!(paths.len() > 2, "several segments");
    let directory = copy(base);
    let sealed: u64 = paths[..paths.len() - 1].iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
    let end = (base.ends[COMMITS as usize - 1] - sealed) as usize;
    let mut flipped_zeros = 0;
    for path in &paths {
        let path = directory.path().join("log").join(path.file_name().unwrap());
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            if path.file_name() == paths[paths.len() - 1].file_name() && at >= end {
                // Not what was acknowledged, but the zeros behind it.
                let directory = copy(base);
                let path = newest(directory.path());
                let mut bad = good.clone();
                bad[at] ^= 1 << (at % 8);
                std::fs::write(&path, &bad).unwrap();
                let (_store, report) = try_open(directory.path(), small()).unwrap();
                let torn = report.torn.expect("zeros that are none are told of");
                assert_eq!((report.last, torn.offset), (Seq(COMMITS), end as u64));
                assert_eq!(std::fs::read(torn.kept_in.unwrap()).unwrap(), bad[end..], "byte {at}");
                flipped_zeros += 1;
                continue;
            }
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bad).unwrap();
            match refused(directory.path()) {
                OpenError::Damaged { damage, .. } => {
                    assert_eq!(damage.file.file_name(), path.file_name(), "byte {at}: {damage}");
                    assert!(damage.offset <= at as u64, "byte {at}: {damage}");
                }
                error => panic!("byte {at} of {}: {error}", path.display()),
            }
        }
        std::fs::write(&path, &good).unwrap();
    }
    let (_store, report) = try_open(directory.path(), small()).expect("the undamaged log still opens");
    assert_eq!((report.last, report.torn), (Seq(COMMITS), None));
    assert_eq!(flipped_zeros > 0, ahead_bytes > 0);
}

#[test]
fn a_missing_segment_is_refused_wherever_it_was() {
    let base = base(400);
    for missing in segments(base.directory.path()) {
        let directory = copy(&base);
        std::fs::remove_file(directory.path().join("log").join(missing.file_name().unwrap())).unwrap();
        let error = refused(directory.path());
        let named =
            matches!(error, OpenError::BeginMissing { .. } | OpenError::Damaged { .. } | OpenError::EndMissing { .. });
        assert!(named, "without {}: {error}", missing.display());
    }
    let directory = copy(&base);
    std::fs::remove_dir_all(directory.path().join("log")).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::EndMissing { acknowledged: Seq(COMMITS), .. }), "{error}");
}

#[test]
fn the_watermark_may_be_missing_but_not_unreadable() {
    let base = base(1 << 20);
    let directory = copy(&base);
    let path = directory.path().join("WATERMARK");
    let good = std::fs::read(&path).unwrap();
    for slot in [0, 512] {
        let mut bytes = good.clone();
        bytes[slot + 17] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let (store, report) = try_open(directory.path(), small()).unwrap();
        assert_eq!(report.last, Seq(COMMITS), "the other slot is enough");
        store.crash();
    }
    let mut bytes = good;
    bytes[17] ^= 1;
    bytes[512 + 17] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = refused(directory.path()).to_string();
    assert!(error.contains("WATERMARK") && error.contains("remove this file"), "{error}");
    std::fs::remove_file(&path).unwrap();
    let (_store, report) = try_open(directory.path(), small()).unwrap();
    assert_eq!((report.last, report.watermark_was_missing), (Seq(COMMITS), true));
}

#[test]
fn an_index_that_is_gone_or_set_back_is_built_again_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let older = tempfile::tempdir().unwrap();
    let store = open(directory.path(), small());
    for at in 0..100 {
        commit(&store, vec![put(&key(at), &[1; 60]), delete(&key(at / 2))]).unwrap();
        if at == 50 {
            store.crash();
            copy_directory(&directory.path().join("index"), older.path());
            return the_rest(&directory, &older);
        }
    }
}

fn the_rest(directory: &TempDir, older: &TempDir) {
    let expected = |store: &store::Store<u64>| (0..100u64).map(|at| value(store, &key(at))).collect::<Vec<_>>();
    let store = open(directory.path(), small());
    let set_back = store.applied();
    for at in 51..100 {
        commit(&store, vec![put(&key(at), &[1; 60]), delete(&key(at / 2))]).unwrap();
    }
    let good = expected(&store);
    drop(store);
    let index = directory.path().join("index");
    std::fs::remove_dir_all(&index).unwrap();
    let (store, report) = try_open(directory.path(), small()).unwrap();
    assert_eq!((report.applied, report.replayed, expected(&store)), (Seq(0), 200, good.clone()), "deleted");
    drop(store);
    std::fs::remove_dir_all(&index).unwrap();
    copy_directory(older.path(), &index);
    let (store, report) = try_open(directory.path(), small()).unwrap();
    assert!(report.applied <= set_back && report.applied > Seq(0), "{} {set_back}", report.applied);
    assert_eq!(expected(&store), good, "set back");
}

#[test]
fn an_index_in_which_a_file_is_something_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), small());
    for at in 0..100 {
        commit(&store, vec![put(&key(at), &[1; 60])]).unwrap();
    }
    drop(store);
    let tables = directory.path().join("index/keyspaces/0/tables");
    let table = std::fs::read_dir(&tables).unwrap().next().expect("the index has a table").unwrap().path();
    std::fs::remove_file(&table).unwrap();
    std::fs::create_dir(&table).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::Index { .. }), "{error}");
}

#[test]
fn an_index_of_another_log_or_ahead_of_its_log_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for directory in [&one, &other] {
        let store = open(directory.path(), small());
        commit(&store, vec![put(b"a", b"1")]).unwrap();
    }
    std::fs::remove_dir_all(one.path().join("index")).unwrap();
    copy_directory(&other.path().join("index"), &one.path().join("index"));
    let error = refused(one.path());
    assert!(matches!(error, OpenError::IndexForeign { .. }), "{error}");
    // The log is lost, and so is the watermark that would say so.
    std::fs::remove_dir_all(other.path().join("log")).unwrap();
    std::fs::remove_file(other.path().join("WATERMARK")).unwrap();
    let error = refused(other.path());
    assert!(matches!(error, OpenError::IndexAhead { applied: Seq(1), end: Seq(0), .. }), "{error}");
}

#[test]
fn damage_in_a_part_that_is_read_later_ends_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Options { segment_bytes: 400, verify_bytes: 0, ..small() };
    let store = open(directory.path(), options());
    for at in 1..=COMMITS {
        commit(&store, vec![put(&key(at), b"an order")]).unwrap();
    }
    drop(store);
    let oldest = segments(directory.path())[0].clone();
    let mut bytes = std::fs::read(&oldest).unwrap();
    bytes[200] ^= 4;
    std::fs::write(&oldest, bytes).unwrap();
    let (told, heard) = std::sync::mpsc::channel();
    let on_fatal = move |fatal: &store::Fatal| told.send(fatal.clone()).unwrap();
    let (store, _) = store::Store::<u64>::open(directory.path(), options(), Box::new(|_| {}), on_fatal).unwrap();
    let fatal = heard.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert!(matches!(&fatal, store::Fatal::Damaged(damage) if damage.file == oldest), "{fatal}");
    assert_eq!(store.verify_all().unwrap().len(), 1);
    assert_eq!(commit(&store, vec![put(b"k", b"v")]), Err(store::Refused::Failed));
}
