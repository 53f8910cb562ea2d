//! Decides what the small file says that tells what a group is: lines of a key and its values, names escaped.
//!
//! Five lines are always there, in their order. After them come tags, streams that were made before they had lines, and
//! streams that were let go, as many as there are. What a program does not know there it passes over, and it is lost when
//! that program writes the file again.

use super::segment::Segment;
use super::{Faults, disk, names};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The file that says what the group is.
pub(super) const ABOUT: &str = "group";

/// What the small file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) created_ms: i64,
    pub(super) retention_days: Option<u32>,
    /// No segment with a number below this one is made any more.
    pub(super) next: u64,
    /// What somebody knows the group by.
    pub(super) tags: BTreeMap<String, String>,
    /// Streams that were made before they had lines, and when.
    pub(super) made: BTreeMap<Box<str>, i64>,
    /// Streams that were let go: their lines count from the segment of this number on.
    pub(super) gone: BTreeMap<Box<str>, u64>,
}

impl About {
    pub(super) fn new(created_ms: i64, next: u64) -> Self {
        let (tags, made, gone) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { created_ms, retention_days: None, next, tags, made, gone }
    }

    pub(super) fn write(&self, dir: &Path, name: &str) -> io::Result<()> {
        let retention = self.retention_days.map_or_else(|| "none".to_owned(), |days| days.to_string());
        let name = names::escape(name);
        let mut text = format!(
            "orderflow lines 1\nname {name}\ncreated {}\nretention {retention}\nnext {}\n",
            self.created_ms, self.next
        );
        for (key, value) in &self.tags {
            text.push_str(&format!("tag {} {}\n", names::escape(key), names::escape(value)));
        }
        for (stream, made_ms) in &self.made {
            text.push_str(&format!("stream {made_ms} {}\n", names::escape(stream)));
        }
        for (stream, until) in &self.gone {
            text.push_str(&format!("gone {until} {}\n", names::escape(stream)));
        }
        disk::replace(&dir.join(ABOUT), &text)
    }

    pub(super) fn parse(text: &str) -> Option<(String, Self)> {
        let mut lines = text.lines();
        let mut value = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
        if value("orderflow lines")? != "1" {
            return None;
        }
        let name = names::unescape(value("name")?)?;
        let created_ms = value("created")?.parse().ok()?;
        let retention_days = match value("retention")? {
            "none" => None,
            days => Some(days.parse().ok()?),
        };
        let mut about = Self { retention_days, ..Self::new(created_ms, value("next")?.parse().ok()?) };
        for line in lines {
            let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
            // Before anything is asked of its values: another program's line may have any.
            if !["tag", "stream", "gone"].contains(&key) {
                continue;
            }
            let (first, second) = rest.split_once(' ')?;
            let second = names::unescape(second)?;
            match key {
                "tag" => drop(about.tags.insert(names::unescape(first)?, second)),
                "stream" => drop(about.made.insert(second.into(), first.parse().ok()?)),
                "gone" => drop(about.gone.insert(second.into(), first.parse().ok()?)),
                _ => {}
            }
        }
        Some((name, about))
    }
}

/// What the group is; if its file is lost, what its directory and its lines tell, kept for ever.
pub(super) fn read(dir: &Path, first: Option<&Segment>, faults: &Faults) -> io::Result<(String, About)> {
    let path = dir.join(ABOUT);
    let read = std::fs::read_to_string(&path);
    if let Some(known) = read.as_deref().ok().and_then(About::parse) {
        return Ok(known);
    }
    let name = dir.file_name().and_then(|name| name.to_str()).and_then(names::unescape);
    let name = name.ok_or_else(|| {
        let problem = format!("{} does not say which group this is", path.display());
        io::Error::new(io::ErrorKind::InvalidData, problem)
    })?;
    let about = About::new(first.map_or(0, |segment| segment.first_ms), 1);
    about.write(dir, &name)?;
    faults.add(&path, "this was lost or damaged and is made anew; the group's lines are kept until a retention is set");
    Ok((name, about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_is_survives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut full = About { retention_days: Some(14), ..About::new(-3, 9) };
        full.tags = [("a b".to_owned(), String::new()), ("é\n".to_owned(), "x y".to_owned())].into();
        full.made = [("2024/[$LATEST]1 2".into(), 5), (".".into(), -1)].into();
        full.gone = [("s".into(), 8)].into();
        for about in [About::new(-3, 9), full] {
            about.write(dir.path(), "/aws/lambda/F\n").unwrap();
            let text = std::fs::read_to_string(dir.path().join(ABOUT)).unwrap();
            let known = Some(("/aws/lambda/F\n".to_owned(), about));
            assert_eq!(About::parse(&text), known);
            for unknown in ["later", "later ", "later on", "later a %zz", "later a b c", ""] {
                assert_eq!(About::parse(&format!("{text}{unknown}\n")), known, "{unknown:?}");
            }
        }
        for text in [
            "",
            "orderflow lines 2\nname a\ncreated 1\nretention none\nnext 1\n",
            "orderflow lines 1\nname a\n",
            "orderflow lines 1\nname a\ncreated 1\nretention none\nnext 1\nstream x y\n",
            "orderflow lines 1\nname a\ncreated 1\nretention none\nnext 1\ntag x\n",
        ] {
            assert_eq!(About::parse(text), None, "{text}");
        }
    }
}
