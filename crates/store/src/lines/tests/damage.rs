//! Torn ends, flipped bits, lost files, full disks: what is left is found, and appending goes on.

use super::super::disk::faults::{fail_cut, fail_write};
use super::*;

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// Three appends in one segment; its path, and where each of them ends.
fn three_appends(dir: &Path) -> (PathBuf, Vec<u64>) {
    let lines = open(dir);
    let mut ends = Vec::new();
    for text in ["first", "second", "third"] {
        lines.append("g", "s", &[(1, text), (2, "and more")], 5).unwrap();
        ends.push(lines.groups()[0].stored_bytes);
    }
    (segments(&lines, "g").remove(0), ends)
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_appending_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (path, ends) = three_appends(dir.path());
    let whole = std::fs::read(&path).unwrap();
    let expected = ["first", "and more", "second", "and more", "third", "and more"];
    for length in 0..=whole.len() {
        // The rest of the torn write may be missing, or be there without its bytes.
        for tail in [vec![], vec![0; whole.len() - length], vec![0xFF; 40]] {
            std::fs::write(&path, [&whole[..length], &tail].concat()).unwrap();
            let kept = 2 * ends.iter().filter(|end| **end <= length as u64).count();
            let lines = open(dir.path());
            assert_eq!(texts(&lines, "g"), expected[..kept], "cut at {length}");
            let clean = tail.is_empty() && (length == whole.len() || ends.contains(&(length as u64)));
            assert_eq!(lines.take_faults().is_empty(), clean, "cut at {length}");
            lines.append("g", "s", &[(3, "after")], 6).unwrap();
            drop(lines);
            let lines = open(dir.path());
            assert_eq!(texts(&lines, "g").last().unwrap(), "after", "cut at {length}");
            assert_eq!(texts(&lines, "g").len(), kept + 1);
            // Only what begins as nothing we know is left alone, and said again.
            let unknown = length < 8 && (tail.first() == Some(&0xFF) || (length > 0 && !tail.is_empty()));
            assert_eq!(lines.take_faults().len(), usize::from(unknown), "cut at {length}");
            drop(lines);
            // Back to one segment for the next case.
            for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
                let file = file.unwrap().path();
                if file.extension().is_some_and(|extension| extension == "lines") {
                    std::fs::remove_file(file).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_flipped_byte_costs_its_own_append_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (path, ends) = three_appends(dir.path());
    let whole = std::fs::read(&path).unwrap();
    // Byte 7 is the version; another version's file is left alone.
    for at in (0..whole.len()).filter(|at| *at != 7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        // Before the first append stands the head, which costs nothing.
        let hit = if at < 8 { 3 } else { ends.iter().filter(|end| **end <= at as u64).count() };
        let expected: Vec<_> = ["first", "second", "third"].iter().enumerate().filter(|(n, _)| *n != hit).collect();
        let lines = open(dir.path());
        let found: Vec<_> = texts(&lines, "g").into_iter().filter(|text| text != "and more").collect();
        assert_eq!(found, expected.iter().map(|(_, text)| **text).collect::<Vec<_>>(), "byte {at}");
        let faults = lines.take_faults();
        assert_eq!(faults.len(), 1, "byte {at}: {faults:?}");
        assert_eq!(faults[0].path, path);
        let page = lines.read("g", &Query::forward(), |_| true).unwrap();
        assert_eq!(page.skipped_bytes > 0, hit < 2, "byte {at}");
        let back = lines.read("g", &Query::backward(), |_| true).unwrap();
        assert_eq!(back.lines, page.lines, "byte {at}");
    }
}

#[test]
fn a_file_that_is_none_of_ours_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = three_appends(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[7] = b'2';
    std::fs::write(&path, &bytes).unwrap();
    let lines = open(dir.path());
    assert_eq!(lines.take_faults().len(), 1);
    lines.append("g", "s", &[(1, "new")], 1).unwrap();
    assert_eq!(texts(&lines, "g"), ["new"]);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_torn_seal_costs_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let (path, ends) = three_appends(dir.path());
    let lines = open(dir.path());
    lines.append("g", "s", &[(9, "next day")], 5 + DAY_MS).unwrap();
    drop(lines);
    let sealed = std::fs::read(&path).unwrap();
    assert!(sealed.len() as u64 > ends[2]);
    for length in ends[2] as usize..=sealed.len() {
        std::fs::write(&path, &sealed[..length]).unwrap();
        let lines = open(dir.path());
        assert_eq!(texts(&lines, "g").len(), 7, "cut at {length}");
        assert_eq!(lines.streams("g").unwrap()[0].lines.unwrap().last_ingested_ms, 5 + DAY_MS);
        lines.append("g", "s", &[(9, "x")], 5 + DAY_MS).unwrap();
        assert_eq!(texts(&lines, "g").len(), 8, "cut at {length}");
        drop(lines);
        // Take back the append for the next case.
        let second = &segments(&open(dir.path()), "g")[1];
        let file = std::fs::OpenOptions::new().write(true).open(second).unwrap();
        let one = encoded_length("s", "x");
        file.set_len(second.metadata().unwrap().len() - one).unwrap();
    }
}

fn encoded_length(stream: &str, text: &str) -> u64 {
    super::super::batch::encode(stream, &[(0, text)], 0).unwrap().bytes.len() as u64
}

/// A write that fails after any number of bytes: refused, repaired, and the next append is as if nothing had been.
#[test]
fn a_failed_append_keeps_nothing_and_the_next_starts_clean() {
    let length = encoded_length("s", "lost") as usize + 8;
    for through in 0..length {
        let errno = if through % 2 == 0 { ENOSPC } else { EIO };
        // The first append makes the segment, the second finds it; the cut may fail too.
        for (appends_before, cut_fails) in [(0, false), (1, false), (1, true)] {
            let dir = tempfile::tempdir().unwrap();
            let lines = open(dir.path());
            for _ in 0..appends_before {
                lines.append("g", "s", &[(1, "before")], 1).unwrap();
            }
            fail_write(through, errno);
            if cut_fails {
                fail_cut(EIO);
            }
            let error = lines.append("g", "s", &[(1, "lost")], 1).unwrap_err();
            assert_eq!(error.kind(), io::Error::from_raw_os_error(errno).kind());
            let before = vec!["before"; appends_before];
            assert_eq!(texts(&lines, "g"), before);
            // A crash now, or the next append: both find the lines before and nothing torn among them.
            let crashed = copy(dir.path());
            let after_crash = open(crashed.path());
            let unharmed = texts(&after_crash, "g");
            let written_whole = cut_fails && through >= length - 8;
            assert!(unharmed == before || written_whole, "{unharmed:?}");
            lines.append("g", "s", &[(1, "x")], 1).unwrap();
            let expected = [before, vec!["x"]].concat();
            assert_eq!(texts(&lines, "g"), expected);
            drop(lines);
            let lines = open(dir.path());
            assert_eq!(texts(&lines, "g"), expected);
            assert_eq!(lines.take_faults(), []);
        }
    }
}

/// A copy of all groups, as a crash would leave them.
fn copy(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for group in std::fs::read_dir(dir).unwrap() {
        let group = group.unwrap();
        let to = copy.path().join(group.file_name());
        std::fs::create_dir(&to).unwrap();
        for file in std::fs::read_dir(group.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    copy
}

#[test]
fn a_seal_that_cannot_be_written_is_said_and_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.append("g", "s", &[(1, "a")], 1).unwrap();
    fail_write(3, ENOSPC);
    lines.append("g", "t", &[(1, "b")], DAY_MS + 1).unwrap();
    let faults = lines.take_faults();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].problem.contains("could not be sealed"), "{faults:?}");
    for lines in [lines, open(dir.path())] {
        assert_eq!(texts(&lines, "g"), ["a", "b"]);
        assert_eq!(lines.streams("g").unwrap().len(), 2);
    }
}

#[test]
fn a_lost_group_file_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let lines = open(dir.path());
    lines.create_group("/aws/g", Some(1), 3).unwrap();
    lines.append("/aws/g", "s", &[(1, "a")], 7).unwrap();
    drop(lines);
    for content in [None, Some(""), Some("orderflow lines 1\nname x\ncreated soon\n")] {
        let about = dir.path().join("%2Faws%2Fg").join("group");
        match content {
            None => std::fs::remove_file(&about).unwrap(),
            Some(content) => std::fs::write(&about, content).unwrap(),
        }
        let lines = open(dir.path());
        assert_eq!(lines.take_faults().len(), 1);
        assert_eq!(texts(&lines, "/aws/g"), ["a"]);
        let group = &lines.groups()[0];
        assert_eq!((group.created_ms, group.retention_days), (7, None), "kept rather than deleted");
        assert_eq!(open(dir.path()).take_faults(), []);
    }
}

#[test]
fn a_group_that_cannot_be_told_is_left_out_and_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let name = "long/".repeat(100);
    let lines = open(dir.path());
    lines.append(&name, "s", &[(1, "a")], 7).unwrap();
    drop(lines);
    let group = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(group.join("group")).unwrap();
    let lines = open(dir.path());
    assert_eq!(lines.groups(), []);
    assert_eq!(lines.take_faults().len(), 1);
    assert_eq!(lines.append(&name, "s", &[(1, "b")], 8).unwrap_err().kind(), io::ErrorKind::InvalidData);
}
