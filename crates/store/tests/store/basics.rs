//! What a store does when nothing goes wrong, and what it refuses by name.

use crate::common::*;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use store::{
    Before, Check, Class, Commit, Direction, EntryBuilder, Fatal, OpenError, Options, ReadError, Refused, Seq, Space,
    Store,
};

#[test]
fn what_is_committed_is_read_back_after_a_reopen() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), small());
    let first = commit(&store, vec![put(b"a", b"1"), put(b"b", b"2")]).unwrap();
    let second = commit(&store, vec![put(b"a", b"3"), delete(b"b")]).unwrap();
    assert_eq!((first.first, first.last, second.first, second.last), (Seq(1), Seq(2), Seq(3), Seq(4)));
    for crash in [true, false] {
        let (read, snapshot) = (store.read(ITEMS, b"a").unwrap(), store.snapshot());
        assert_eq!(read.value.map(|(seq, value)| (seq, value.to_vec())), Some((Seq(3), b"3".to_vec())));
        assert_eq!(snapshot.get(ITEMS, b"b").unwrap(), None);
        if crash {
            let copy = tempfile::tempdir().unwrap();
            copy_directory(directory.path(), copy.path());
            let store = open(copy.path(), small());
            assert_eq!((value(&store, b"a"), value(&store, b"b")), (Some(b"3".to_vec()), None));
        }
    }
    store.close();
    drop(store);
    let (store, report) = try_open(directory.path(), small()).unwrap();
    assert_eq!((report.last, report.applied, report.replayed, report.torn), (Seq(4), Seq(4), 0, None));
    assert_eq!((value(&store, b"a"), value(&store, b"b")), (Some(b"3".to_vec()), None));
    let expected = [(1, 7, "1"), (2, 7, "2"), (3, 7, "3"), (4, 8, "gone")];
    let expected: Vec<_> = expected.map(|(seq, kind, record)| (Seq(seq), kind, record.as_bytes().to_vec())).into();
    assert_eq!(log_entries(&store, Seq(1)), expected);
    assert_eq!(store.entry(Seq(3)).unwrap().unwrap().record(), b"3");
    assert!(store.entry(Seq(5)).unwrap().is_none());
}

#[test]
fn the_feed_gets_every_commit_in_order_before_its_reply() {
    let directory = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    let feed: store::Feed<u64> = Box::new(move |group| {
        into.lock().unwrap().extend(
            group.drain(..).map(|durable| (durable.committed.first, durable.entries.len(), durable.attachment)),
        );
    });
    let (store, _) = Store::open(directory.path(), small(), feed, |_: &Fatal| {}).unwrap();
    for attachment in 0..20 {
        let entries = vec![put(b"k", b"v"); 2];
        store.commit_wait(Commit { entries, checks: Vec::new(), class: Class::Engine, attachment }).unwrap();
        assert_eq!(seen.lock().unwrap().last(), Some(&(Seq(attachment * 2 + 1), 2, attachment)));
    }
}

#[test]
fn a_check_fails_exactly_when_its_key_was_written_since() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), small());
    let before = store.read(ITEMS, b"a").unwrap().seen;
    commit_checked(&store, vec![put(b"a", b"1")], vec![Check::new(ITEMS, b"a", before)]).unwrap();
    let stale = commit_checked(&store, vec![put(b"c", b"x")], vec![Check::new(ITEMS, b"a", before)]);
    assert_eq!(stale, Err(Refused::Conflict));
    assert_eq!(value(&store, b"c"), None, "nothing of a refused commit happens");
    let other = Check::new(Space::new(2), b"a", before);
    commit_checked(&store, vec![put(b"c", b"x")], vec![other]).unwrap();
    let now = store.read(ITEMS, b"a").unwrap().seen;
    commit_checked(&store, vec![delete(b"a")], vec![Check::new(ITEMS, b"a", now)]).unwrap();
    let deleted = commit_checked(&store, vec![put(b"a", b"2")], vec![Check::new(ITEMS, b"a", now)]);
    assert_eq!(deleted, Err(Refused::Conflict), "a delete is a change too");
}

#[test]
fn limits_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let (enter, entered) = std::sync::mpsc::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    // A feed that stops the writer lets the inbox fill.
    let feed: store::Feed<u64> = Box::new(move |_| {
        enter.send(()).unwrap();
        let _ = left.recv();
    });
    let options = Options { inbox_commits: 3, ..small() };
    let (store, _) = Store::open(directory.path(), options, feed, |_: &Fatal| {}).unwrap();
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let send = |entries| {
        let outcomes = outcomes.clone();
        let commit = Commit { entries, checks: Vec::new(), class: Class::Client, attachment: 0 };
        store.commit(commit, move |outcome| outcomes.lock().unwrap().push(outcome.map(|_| ())));
    };
    send(vec![]);
    send(vec![put(b"k", b"v"); 1025]);
    send(vec![put(b"k", &vec![0; 7 << 20]); 3]);
    let too_large = Err(Refused::TooLarge { max_bytes: store::COMMIT_BYTES_MAX, max_entries: 1024 });
    assert_eq!(*outcomes.lock().unwrap(), [too_large; 3]);
    send(vec![put(b"k", b"v")]);
    entered.recv().unwrap();
    (0..4).for_each(|_| send(vec![put(b"k", b"v")]));
    assert_eq!(outcomes.lock().unwrap()[3..], [Err(Refused::Busy)]);
    drop(leave);
    store.close();
    assert_eq!(outcomes.lock().unwrap()[4..], [Ok(()); 4]);
    send(vec![put(b"k", b"v")]);
    assert_eq!(outcomes.lock().unwrap().last(), Some(&Err(Refused::Closed)));
}

#[test]
fn scans_go_both_ways_over_overlay_and_index_and_stay_as_they_were() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), small());
    // Enough to be partly in the index, partly in memory.
    for round in 0..3u8 {
        for at in 0..40u8 {
            commit(&store, vec![put(&[b'k', at], &[round; 30])]).unwrap();
        }
    }
    commit(&store, vec![delete(&[b'k', 5]), put(b"l", b"other"), put(&[b'j', 255], b"before")]).unwrap();
    let other = EntryBuilder::new(0, b"")
        .put(Space::new(0), b"k\x07", b"x")
        .put(Space::new(2), b"k\x07", b"x")
        .finish()
        .unwrap();
    commit(&store, vec![other]).unwrap();
    let snapshot = store.snapshot();
    commit(&store, vec![put(&[b'k', 1], b"later"), delete(&[b'k', 2])]).unwrap();
    let keys = |scan: store::Scan<'_>| -> Vec<Vec<u8>> { scan.map(|item| item.unwrap().key.to_vec()).collect() };
    let forward = keys(snapshot.prefix(ITEMS, b"k", Direction::Forward));
    let expected: Vec<_> = (0..40).filter(|at| *at != 5).map(|at| vec![b'k', at]).collect();
    assert_eq!(forward, expected);
    let backward = keys(snapshot.prefix(ITEMS, b"k", Direction::Backward));
    assert_eq!(backward, expected.iter().rev().cloned().collect::<Vec<_>>());
    let all = keys(snapshot.range(ITEMS, Bound::Unbounded, Bound::Unbounded, Direction::Forward));
    assert_eq!((all.len(), &all[0][..], &all[40][..]), (41, &[b'j', 255][..], &b"l"[..]));
    let part = snapshot.range(ITEMS, Bound::Excluded(&[b'k', 3]), Bound::Included(&[b'k', 6]), Direction::Backward);
    assert_eq!(keys(part), [vec![b'k', 6], vec![b'k', 4]]);
    let none = snapshot.range(ITEMS, Bound::Included(b"z"), Bound::Excluded(b"a"), Direction::Forward);
    assert_eq!(keys(none), Vec::<Vec<u8>>::new());
    assert_eq!(snapshot.get(ITEMS, &[b'k', 1]).unwrap().unwrap().1.to_vec(), [2; 30]);
}

#[test]
fn a_directory_in_use_is_refused_with_its_name_and_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let _store = open(directory.path(), small());
    let refused = try_open(directory.path(), small()).map(|_| ()).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, OpenError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{text}");
    assert!(text.contains(&directory.path().display().to_string()), "{text}");
}

#[test]
fn a_later_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path(), small()));
    std::fs::write(directory.path().join("FORMAT"), "orderflow data directory\nversion 2\nsomething else\n").unwrap();
    let refused = try_open(directory.path(), small()).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 2, known: 1, .. }), "{refused}");
}

#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    drop(open(&directory, small()));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&directory.join("log"))), (0o700, 0o700));
    for file in ["FORMAT", "LOCK", "WATERMARK"].map(|name| directory.join(name)).into_iter().chain(segments(&directory))
    {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_trim_removes_whole_old_segments_and_the_rest_still_reads() {
    let directory = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(1000));
    let options = || Options { clock: clock(&time), seal_bytes: 1 << 20, ..small() };
    let store = open(directory.path(), options());
    for at in 0..200u64 {
        time.store(1000 + at, Ordering::Relaxed);
        commit(&store, vec![put(&at.to_be_bytes(), &[1; 100])]).unwrap();
    }
    let before = segments(directory.path()).len();
    assert!(before > 5);
    assert_eq!(store.applied(), Seq(0), "nothing is in the index yet");
    assert_eq!(store.trim(Before::Seq(Seq(1))).unwrap(), Seq(1));
    let lowest = store.trim(Before::Old { seq: Seq(u64::MAX), time_ms: 1100 }).unwrap();
    assert!(lowest > Seq(50) && lowest <= Seq(101), "{lowest}");
    assert!(store.applied() >= lowest.before());
    assert!(matches!(store.log_from(lowest.before()), Err(ReadError::Trimmed { lowest: found }) if found == lowest));
    assert_eq!(log_entries(&store, lowest).len() as u64, 201 - lowest.0);
    let lowest = store.trim(Before::Seq(Seq(u64::MAX))).unwrap();
    assert_eq!(segments(directory.path()).len(), 1, "the newest segment stays");
    store.crash();
    let (store, report) = try_open(directory.path(), options()).unwrap();
    assert_eq!(report.lowest, lowest);
    for at in 0..200u64 {
        assert_eq!(value(&store, &at.to_be_bytes()), Some(vec![1; 100]), "{at}");
    }
    drop(store);
    // Without its index, a log that was trimmed cannot bring everything back.
    std::fs::remove_dir_all(directory.path().join("index")).unwrap();
    let refused = try_open(directory.path(), options()).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::IndexBehind { applied: Seq(0), .. }), "{refused}");
}

#[test]
fn a_reader_goes_on_with_what_becomes_durable_later() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), small());
    let mut reader = store.log_from(Seq(1)).unwrap();
    for at in 1..=100u64 {
        assert!(reader.next().unwrap().is_none());
        commit(&store, vec![put(b"k", &[9; 90])]).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().seq, Seq(at));
    }
    for from in 1..=100 {
        assert_eq!(store.entry(Seq(from)).unwrap().unwrap().seq, Seq(from));
        assert_eq!(log_entries(&store, Seq(from)).len() as u64, 101 - from);
    }
}

/// What a crash has left of the making of an index is made anew; nothing of it is taken for an index.
#[test]
fn a_half_made_index_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    commit(&open(directory.path(), small()), vec![put(b"a", b"1")]).unwrap();
    let (index, beside) = (directory.path().join("index"), directory.path().join("index.new"));
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::create_dir_all(beside.join("keyspaces/1")).unwrap();
    std::fs::write(beside.join("0.jnl"), b"begun").unwrap();
    let store = open(directory.path(), small());
    assert_eq!(value(&store, b"a").as_deref(), Some(&b"1"[..]));
    assert!(index.exists() && !beside.exists());
}
