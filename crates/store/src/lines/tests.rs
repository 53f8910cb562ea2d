//! What holds of lines on a real file system, whatever happens to their files.

mod damage;
mod killed;
mod model;

use super::*;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn open(dir: &Path) -> Lines {
    Lines::open(dir).unwrap()
}

/// Every line of a group: its stream, time and text.
fn all(lines: &Lines, group: &str) -> Vec<(String, i64, String)> {
    let query = Query { bytes_max: usize::MAX, limit: usize::MAX, ..Query::forward() };
    let page = lines.read(group, &query, |_| true).unwrap();
    assert!(!page.more);
    page.lines.into_iter().map(|line| (line.stream.to_string(), line.timestamp_ms, line.message.into())).collect()
}

fn texts(lines: &Lines, group: &str) -> Vec<String> {
    all(lines, group).into_iter().map(|(_, _, text)| text).collect()
}

/// The paths of a group's segments, by number.
fn segments(lines: &Lines, group: &str) -> Vec<PathBuf> {
    let group = lines.find(group).unwrap();
    group.segments().iter().map(|segment| segment.path(group.dir())).collect()
}

#[test]
fn appended_lines_are_found_by_time_stream_and_direction() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.append("/aws/lambda/F", "one", &[(10, "a"), (20, "b")], 100).unwrap();
    lines.append("/aws/lambda/F", "two", &[(15, "c")], 101).unwrap();
    lines.append("/aws/lambda/F", "one", &[(30, "d\nwith ü")], 102).unwrap();
    lines.append("other", "one", &[(10, "x")], 103).unwrap();
    for lines in [lines, open(dir.path())] {
        let found = |query: &Query, stream: Option<&str>| -> Vec<String> {
            let wanted = |line: &Line<'_>| stream.is_none_or(|stream| line.stream == stream);
            let page = lines.read("/aws/lambda/F", query, wanted).unwrap();
            page.lines.into_iter().map(|line| line.message.into()).collect()
        };
        assert_eq!(found(&Query::forward(), None), ["a", "b", "c", "d\nwith ü"]);
        assert_eq!(found(&Query::backward(), None), ["a", "b", "c", "d\nwith ü"]);
        assert_eq!(found(&Query { limit: 2, ..Query::forward() }, None), ["a", "b"]);
        assert_eq!(found(&Query { limit: 2, ..Query::backward() }, None), ["c", "d\nwith ü"]);
        assert_eq!(found(&Query::forward(), Some("one")), ["a", "b", "d\nwith ü"]);
        assert_eq!(found(&Query { times_ms: 15..30, ..Query::forward() }, None), ["b", "c"]);
        assert_eq!(found(&Query { times_ms: 31..90, ..Query::backward() }, None), Vec::<String>::new());
    }
}

#[test]
fn groups_and_streams_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    assert!(lines.create_group("b", Some(14), 5).unwrap());
    assert!(!lines.create_group("b", None, 6).unwrap());
    lines.append("a", "s1", &[(50, "x"), (40, "y")], 60).unwrap();
    lines.append("a", "s0", &[(70, "x")], 80).unwrap();
    // A day later: a new segment, so that streams come from two.
    lines.append("a", "s1", &[(DAY_MS, "z")], DAY_MS + 60).unwrap();
    lines.set_retention("a", Some(3)).unwrap();
    assert_eq!(segments(&lines, "a").len(), 2);
    for lines in [lines, open(dir.path())] {
        let groups = lines.groups();
        let about: Vec<_> =
            groups.iter().map(|group| (group.name.as_str(), group.created_ms, group.retention_days)).collect();
        assert_eq!(about, [("a", 60, Some(3)), ("b", 5, Some(14))]);
        let on_disk: u64 = segments(&lines, "a").iter().map(|path| path.metadata().unwrap().len()).sum();
        assert_eq!((groups[0].stored_bytes, groups[1].stored_bytes), (on_disk, 0));
        let streams = lines.streams("a").unwrap();
        let info = |name: &str, created_ms, first_ms, last_ms, last_ingested_ms| StreamInfo {
            name: name.to_owned(),
            created_ms,
            lines: Some(StreamTimes { first_ms, last_ms, last_ingested_ms }),
        };
        assert_eq!(streams, [info("s0", 80, 70, 70, 80), info("s1", 60, 40, DAY_MS, DAY_MS + 60)]);
        assert_eq!(lines.streams("b").unwrap(), []);
        assert_eq!(lines.take_faults(), []);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    let kind = |error: io::Error| error.kind();
    assert_eq!(lines.read("g", &Query::forward(), |_| true).map_err(kind), Err(io::ErrorKind::NotFound));
    assert_eq!(lines.streams("g").map_err(kind), Err(io::ErrorKind::NotFound));
    assert_eq!(lines.set_retention("g", None).map_err(kind), Err(io::ErrorKind::NotFound));
    lines.append::<&str>("g", "s", &[], 1).unwrap();
    assert_eq!(lines.groups(), []);
}

#[test]
fn what_is_too_long_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    let longest = "x".repeat(MESSAGE_BYTES_MAX);
    let too_long = "x".repeat(MESSAGE_BYTES_MAX + 1);
    let kind = |error: io::Error| error.kind();
    let refused = Err(io::ErrorKind::InvalidInput);
    assert_eq!(lines.append("g", "s", &[(1, "a"), (1, &too_long)], 1).map_err(kind), refused);
    assert_eq!(lines.append("g", &"s".repeat(65_536), &[(1, "a")], 1).map_err(kind), refused);
    assert_eq!(lines.append("", "s", &[(1, "a")], 1).map_err(kind), refused);
    assert_eq!(lines.append("g", "s", &vec![(1, &longest); 65], 1).map_err(kind), refused);
    assert_eq!(lines.groups(), []);
    lines.append("g", &"s".repeat(65_535), &[(1, &longest), (1, &longest)], 1).unwrap();
    drop(lines);
    assert_eq!(texts(&open(dir.path()), "g"), [longest.clone(), longest]);
}

#[test]
fn full_segments_are_sealed_and_positions_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    let text = "x".repeat(300_000);
    for time in 0..70 {
        lines.append("g", &format!("s{}", time % 3), &[(time, format!("{time}{text}"))], time).unwrap();
    }
    let paths = segments(&lines, "g");
    assert_eq!(paths.len(), 3);
    for path in &paths {
        // The seal comes on top.
        assert!(path.metadata().unwrap().len() <= group::SEGMENT_LENGTH_MAX + 1000);
    }
    for lines in [lines, open(dir.path())] {
        let mut from = Position::FIRST;
        let mut times = Vec::new();
        loop {
            let query = Query { from, bytes_max: 1_000_000, ..Query::forward() };
            let page = lines.read("g", &query, |_| true).unwrap();
            assert!(page.lines.len() <= 4, "a page has bounded bytes");
            assert!(page.lines.iter().map(|line| line.position).is_sorted_by(|a, b| a < b));
            times.extend(page.lines.iter().map(|line| line.timestamp_ms));
            from = page.next;
            if !page.more {
                break;
            }
        }
        assert_eq!(times, (0..70).collect::<Vec<_>>());
        assert_eq!(lines.streams("g").unwrap().len(), 3);
    }
}

#[test]
fn a_query_gives_back_control_when_it_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    for time in 0..100 {
        lines.append("g", "s", &[(time, "x".repeat(1000))], time).unwrap();
    }
    for start in [Query::forward(), Query::backward()] {
        let mut query = Query { scan_max: 10_000, ..start };
        let (mut pages, mut looked_at) = (0, 0);
        loop {
            let page = lines
                .read("g", &query, |_| {
                    looked_at += 1;
                    false
                })
                .unwrap();
            pages += 1;
            if !page.more {
                break;
            }
            assert_ne!(page.next, query.from);
            query.from = page.next;
        }
        assert_eq!(looked_at, 100, "each line is looked at once");
        assert_eq!(pages, 10, "{:?}", query.direction);
    }
}

#[test]
fn positions_survive_their_number() {
    let position = Position { segment: 3, offset: 70_000, index: 9 };
    for position in [position, Position::FIRST, Position::LAST] {
        assert_eq!(Position::from_u128(position.to_u128()), position);
    }
    let later = Position { offset: 70_001, index: 0, ..position };
    assert!(position < later && position.to_u128() < later.to_u128());
}

#[test]
fn expired_segments_go_and_their_numbers_are_not_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.append("kept", "s", &[(0, "for ever")], 0).unwrap();
    lines.create_group("g", Some(1), 0).unwrap();
    lines.append("g", "s", &[(0, "first")], 0).unwrap();
    lines.append("g", "s", &[(DAY_MS, "second")], DAY_MS).unwrap();
    let old = segments(&lines, "g");
    assert_eq!(lines.drop_expired(DAY_MS - 1).unwrap(), Dropped::default());
    let dropped = lines.drop_expired(DAY_MS).unwrap();
    assert_eq!(dropped.segments, 1);
    assert!(dropped.bytes > 0);
    assert!(!old[0].exists());
    assert_eq!(texts(&lines, "g"), ["second"]);

    // The segment that is appended to goes as well, and what follows has a later position, after a restart too.
    let end = lines.read("g", &Query::forward(), |_| true).unwrap().next;
    assert_eq!(lines.drop_expired(2 * DAY_MS).unwrap().segments, 1);
    assert_eq!(texts(&lines, "g"), Vec::<String>::new());
    assert_eq!(lines.streams("g").unwrap(), []);
    drop(lines);
    let lines = open(dir.path());
    lines.append("g", "s", &[(2 * DAY_MS, "third")], 2 * DAY_MS).unwrap();
    let page = lines.read("g", &Query { from: end, ..Query::forward() }, |_| true).unwrap();
    assert_eq!(page.lines.len(), 1);
    assert!(page.lines[0].position >= end);
    assert_eq!(texts(&lines, "kept"), ["for ever"]);
}

#[test]
fn old_segments_go_even_if_the_last_number_cannot_be_kept() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.create_group("g", Some(1), 0).unwrap();
    lines.append("g", "s", &[(0, "first")], 0).unwrap();
    lines.append("g", "s", &[(DAY_MS, "second")], DAY_MS).unwrap();
    // The small file is written beside itself first, which a directory in its place prevents.
    std::fs::create_dir(dir.path().join("g").join("group.tmp")).unwrap();
    assert!(lines.drop_expired(3 * DAY_MS).is_err());
    assert_eq!(texts(&lines, "g"), ["second"]);
    lines.append("g", "s", &[(DAY_MS, "third")], DAY_MS).unwrap();
    assert_eq!(texts(&lines, "g"), ["second", "third"]);
}

#[test]
fn a_line_from_the_future_does_not_stay_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.create_group("g", Some(1), 0).unwrap();
    lines.append("g", "s", &[(i64::MAX, "later")], 10).unwrap();
    assert_eq!(lines.drop_expired(DAY_MS + 10).unwrap().segments, 1);
}

#[test]
fn only_the_owner_can_read() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data").join("lines");
    let lines = open(&dir);
    lines.append("g", "s", &[(0, "secret")], 0).unwrap();
    lines.set_retention("g", Some(1)).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("g"))), (0o700, 0o700));
    for file in std::fs::read_dir(dir.join("g")).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn few_files_are_open_however_many_groups_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    let ours = std::fs::canonicalize(dir.path()).unwrap();
    let open_files = || {
        let links =
            std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        links.filter(|path| path.starts_with(&ours)).count()
    };
    for round in 0..2 {
        for group in 0..150 {
            lines.append(&format!("g{group}"), "s", &[(round, "x")], round).unwrap();
            assert!(open_files() <= 2 * OPEN_MAX + 4, "{} files are open", open_files());
        }
    }
    assert!((0..150).all(|group| texts(&lines, &format!("g{group}")).len() == 2));
}

/// Eight writers, three groups, and a reader that follows one of them: every line once, each writer's in order.
#[test]
fn writers_and_followers_do_not_disturb_each_other() {
    const WRITERS: usize = 8;
    const APPENDS: usize = 300;
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let (mut from, mut seen) = (Position::FIRST, Vec::new());
            loop {
                // Asked before reading, so that the read after the last append is the last one.
                let last = done.load(Ordering::Acquire);
                let page = match lines.read("g0", &Query { from, limit: 7, ..Query::forward() }, |_| true) {
                    Ok(page) => page,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => panic!("{error}"),
                };
                assert_eq!(page.skipped_bytes, 0);
                seen.extend(page.lines);
                from = page.next;
                if last && !page.more {
                    return seen;
                }
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let lines = &lines;
                scope.spawn(move || {
                    for n in 0..APPENDS {
                        // Days pass, so that segments are sealed in between.
                        let now = (n / 50) as i64 * DAY_MS;
                        let line = [(now, format!("{n}")), (now, format!("{n}+"))];
                        lines.append(&format!("g{}", n % 3), &format!("w{writer}"), &line, now).unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Release);
        let seen = follower.join().unwrap();
        let positions: BTreeSet<_> = seen.iter().map(|line| line.position).collect();
        assert_eq!(positions.len(), seen.len());
        for writer in 0..WRITERS {
            let stream = format!("w{writer}");
            let theirs: Vec<_> =
                seen.iter().filter(|line| *line.stream == *stream).map(|line| &*line.message).collect();
            let expected: Vec<_> =
                (0..APPENDS).filter(|n| n % 3 == 0).flat_map(|n| [format!("{n}"), format!("{n}+")]).collect();
            assert_eq!(theirs, expected, "{stream}");
        }
    });
    let everywhere: usize = ["g0", "g1", "g2"].map(|group| texts(&lines, group).len()).iter().sum();
    assert_eq!(everywhere, WRITERS * APPENDS * 2);
}

/// A stream is there from when it is made, and gone with its lines once it is deleted, over a restart too; a stream of
/// the same name begins anew.
#[test]
fn streams_are_made_and_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    let names = |lines: &Lines| lines.streams("g").unwrap().iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert!(lines.create_group("g", None, 1).unwrap());
    assert_eq!(lines.create_stream("g", "made", 2).unwrap(), StreamMade::Made);
    assert_eq!(lines.create_stream("g", "made", 3).unwrap(), StreamMade::There);
    assert_eq!(lines.streams("g").unwrap(), [StreamInfo { name: "made".to_owned(), created_ms: 2, lines: None }]);
    for stream in ["made", "other"] {
        lines.append("g", stream, &[(5, stream)], 6).unwrap();
    }
    assert_eq!(lines.create_stream("g", "other", 7).unwrap(), StreamMade::There);
    assert_eq!(lines.streams("g").unwrap()[0].created_ms, 2);
    assert!(lines.delete_stream("g", "made").unwrap());
    assert!(!lines.delete_stream("g", "made").unwrap());
    drop(lines);
    let lines = open(dir.path());
    assert_eq!((names(&lines), texts(&lines, "g")), (vec!["other".to_owned()], vec!["other".to_owned()]));
    assert!(!lines.has_stream("g", "made").unwrap());
    lines.append("g", "made", &[(8, "anew")], 9).unwrap();
    assert_eq!(texts(&lines, "g"), ["other", "anew"]);
    assert_eq!(lines.streams("g").unwrap()[0].created_ms, 9);
    drop(lines);
    assert_eq!(texts(&open(dir.path()), "g"), ["other", "anew"]);
}

/// A deleted group is gone with all it had, also if the program ended in between; lines that come later make it anew.
#[test]
fn groups_are_deleted_whole() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.create_tagged("g/1", [("k".to_owned(), "v".to_owned())].into(), 4).unwrap();
    lines.append("g/1", "s", &[(5, "old")], 6).unwrap();
    lines.append("h", "s", &[(5, "stays")], 6).unwrap();
    // What an earlier run could not remove stands where the group would be put aside, and is in nobody's way.
    let left = dir.path().join("g%2F1.0.%~gone");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("group"), "x").unwrap();
    lines.delete_group("g/1").unwrap();
    assert_eq!(lines.taken_in().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["h"]);
    assert_eq!(lines.delete_group("g/1").unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(lines.groups().len(), 1);
    lines.append("g/1", "s", &[(7, "new")], 8).unwrap();
    assert_eq!(texts(&lines, "g/1"), ["new"]);
    assert_eq!(lines.tags("g/1").unwrap(), BTreeMap::new());
    drop(lines);
    std::fs::remove_dir_all(&left).unwrap();
    std::fs::rename(dir.path().join("g%2F1"), &left).unwrap();
    let lines = open(dir.path());
    assert_eq!(lines.groups().iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["h"]);
    assert!(!left.exists());
    assert_eq!(lines.take_faults(), []);
}

/// Whoever still holds a group that was deleted changes nothing of the group that has its name by now.
#[test]
fn a_deleted_group_is_written_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.create_group("g", None, 1).unwrap();
    lines.create_stream("g", "made", 2).unwrap();
    lines.append("g", "s", &[(3, "old")], 4).unwrap();
    let stale = lines.find("g").unwrap();
    lines.delete_group("g").unwrap();
    lines.create_group("g", Some(7), 5).unwrap();
    lines.append("g", "s", &[(6, "new")], 7).unwrap();
    let about = std::fs::read_to_string(dir.path().join("g/group")).unwrap();
    let refused = [
        stale.set_retention(Some(1)).map(drop),
        stale.change_tags(50, |tags| drop(tags.insert("k".to_owned(), "v".to_owned()))).map(drop),
        stale.make_stream("t", 8, 10).map(drop),
        stale.make_stream("made", 8, 10).map(drop),
        stale.has_stream("made").map(drop),
        stale.put_aside(&dir.path().join("x.%~gone")),
        stale.append(&batch::encode("s", &[(9, "late")], 9).unwrap(), "s", 9, &lines.syncer, &lines.faults).map(drop),
    ];
    for (case, refused) in refused.into_iter().enumerate() {
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::NotFound, "case {case}");
    }
    for stream in ["made", "s"] {
        let gone = stale.delete_stream(stream, &lines.syncer, &lines.faults);
        assert!(gone.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |was_there| !was_there), "{stream}");
    }
    stale.drop_expired(i64::MAX, &mut Dropped::default()).unwrap();
    lines.count(&stale, 5, 5);
    lines.forget(&stale);
    assert_eq!(lines.taken_in(), [("g".to_owned(), TakenIn { lines: 1, bytes: 3 })]);
    assert_eq!(lines.info("g").unwrap().retention_days, Some(7));
    assert_eq!(std::fs::read_to_string(dir.path().join("g/group")).unwrap(), about);
    drop(lines);
    assert_eq!(texts(&open(dir.path()), "g"), ["new"]);
}

/// Deleting, making and appending at once: nobody is refused, and what is appended after the last deletion is found.
#[test]
fn groups_are_deleted_while_others_append() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let lines = &lines;
            scope.spawn(move || {
                for n in 0..50 {
                    lines.append("g", &format!("w{writer}"), &[(n, "x")], n).unwrap();
                }
            });
        }
        for _ in 0..20 {
            match lines.delete_group("g") {
                Ok(()) => {}
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}"),
            }
        }
    });
    lines.append_synced("g", "last", &[(60, "last")], 60).unwrap();
    let found = texts(&lines, "g");
    assert_eq!(found.last().map(String::as_str), Some("last"));
    drop(lines);
    let lines = open(dir.path());
    assert_eq!(texts(&lines, "g"), found);
    assert_eq!(lines.take_faults(), []);
}

#[test]
fn a_group_has_at_most_fifty_tags_however_they_come() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    let tags = |numbers: std::ops::Range<usize>| numbers.map(|n| (format!("k{n}"), n.to_string()));
    assert!(lines.create_tagged("g", tags(0..30).collect(), 1).unwrap());
    assert!(!lines.create_tagged("g", tags(0..1).collect(), 1).unwrap());
    assert!(lines.change_tags("g", |had| had.extend(tags(20..50))).unwrap());
    assert!(!lines.change_tags("g", |had| had.extend(tags(50..51))).unwrap());
    assert_eq!(lines.tags("g").unwrap(), tags(0..50).collect());
    std::thread::scope(|scope| {
        for n in 0..10 {
            let lines = &lines;
            scope.spawn(move || lines.change_tags("g", |had| drop(had.remove(&format!("k{n}")))).unwrap());
        }
    });
    drop(lines);
    assert_eq!(open(dir.path()).tags("g").unwrap(), tags(10..50).collect());
}

#[test]
fn all_groups_together_have_a_bound_of_made_streams() {
    let dir = tempfile::tempdir().unwrap();
    let make = |lines: &Lines, group: &str, stream: &str| lines.create_stream_below(group, stream, 1, 3).unwrap();
    let lines = open(dir.path());
    for group in ["a", "b"] {
        lines.create_group(group, None, 1).unwrap();
    }
    assert_eq!(make(&lines, "a", "1"), StreamMade::Made);
    assert_eq!(make(&lines, "a", "2"), StreamMade::Made);
    drop(lines);
    let lines = open(dir.path());
    assert_eq!(make(&lines, "b", "1"), StreamMade::Made);
    assert_eq!(make(&lines, "b", "2"), StreamMade::TooMany);
    assert_eq!(make(&lines, "b", "1"), StreamMade::There);
    assert!(lines.delete_stream("b", "1").unwrap());
    assert_eq!(make(&lines, "b", "2"), StreamMade::Made);
    assert_eq!(make(&lines, "b", "3"), StreamMade::TooMany);
    lines.delete_group("a").unwrap();
    assert_eq!(make(&lines, "b", "3"), StreamMade::Made);
}

/// Who is told that something is on the disk was not told before the disk said so.
#[test]
fn what_the_disk_does_not_confirm_is_not_confirmed() {
    const EIO: i32 = 5;
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.create_group("g", None, 1).unwrap();
    // The lines, and the name of the file that they are in.
    for after in [0, 1] {
        disk::faults::fail_sync(after, EIO);
        assert!(lines.append_synced("g", "s", &[(2, "a")], 3).is_err(), "{after}");
    }
    lines.append_synced("g", "s", &[(2, "b")], 3).unwrap();
    // The name is known by now.
    disk::faults::fail_sync(1, EIO);
    lines.append_synced("g", "s", &[(2, "c")], 3).unwrap();
    assert!(lines.delete_group("g").is_err());
    assert_eq!(lines.groups(), []);
    lines.create_group("g", None, 4).unwrap();
    assert_eq!(texts(&lines, "g"), Vec::<String>::new());
    lines.delete_group("g").unwrap();
    drop(lines);
    assert_eq!(open(dir.path()).groups(), []);
}
