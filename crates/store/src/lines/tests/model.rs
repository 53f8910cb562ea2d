//! Lines against the plainest model there is: a list.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// To a stream, lines of these times, taken in this many hours later.
    Append(u8, Vec<i64>, i64),
    Reopen,
    /// Walk all pages: direction, times, lines a page, bytes of disk a page.
    Walk(Direction, Range<i64>, usize, u64),
    /// Go on reading where the follower stopped.
    Follow(usize),
}

use std::ops::Range;

fn any_step() -> impl Strategy<Value = Step> {
    let direction = prop_oneof![Just(Direction::Forward), Just(Direction::Backward)];
    prop_oneof![
        4 => (0..3u8, vec(0..20i64, 1..5), 0..13i64).prop_map(|(stream, times, hours)| Step::Append(stream, times, hours)),
        1 => Just(Step::Reopen),
        2 => (direction, 0..20i64, 0..20i64, 1..6usize, 1..400u64)
            .prop_map(|(direction, start, length, limit, scan)| Step::Walk(direction, start..start + length, limit, scan)),
        1 => (1..4usize).prop_map(Step::Follow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However appends, restarts and reads interleave, and over however many segments: pages in either direction
    /// together give exactly the lines of their times, and who follows sees every line once, in order.
    #[test]
    fn lines_are_a_list(steps in vec(any_step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let mut lines = open(dir.path());
        lines.create_group("g", None, 0).unwrap();
        let mut model: Vec<(String, i64, String)> = Vec::new();
        let (mut followed, mut from) = (0, Position::FIRST);
        let mut now = 0;
        for step in steps {
            match step {
                Step::Append(stream, times, hours) => {
                    now += hours * 3_600_000;
                    let stream = format!("s{stream}");
                    let added: Vec<_> =
                        times.iter().enumerate().map(|(n, time)| (*time, format!("{}", model.len() + n))).collect();
                    lines.append("g", &stream, &added, now).unwrap();
                    model.extend(added.into_iter().map(|(time, text)| (stream.clone(), time, text)));
                }
                Step::Reopen => {
                    drop(lines);
                    lines = open(dir.path());
                    prop_assert_eq!(lines.take_faults(), []);
                }
                Step::Walk(direction, times_ms, limit, scan_max) => {
                    let start = match direction {
                        Direction::Forward => Query::forward(),
                        Direction::Backward => Query::backward(),
                    };
                    let mut query = Query { times_ms: times_ms.clone(), limit, scan_max, ..start };
                    let mut pages = Vec::new();
                    loop {
                        let page = lines.read("g", &query, |_| true).unwrap();
                        prop_assert!(page.lines.len() <= limit);
                        prop_assert_eq!(page.skipped_bytes, 0);
                        pages.push(page.lines);
                        if !page.more {
                            break;
                        }
                        prop_assert_ne!(page.next, query.from, "a page that goes nowhere");
                        query.from = page.next;
                    }
                    if direction == Direction::Backward {
                        pages.reverse();
                    }
                    let found: Vec<_> = pages.into_iter().flatten().collect();
                    prop_assert!(found.iter().map(|line| line.position).is_sorted_by(|a, b| a < b));
                    let found: Vec<_> = found
                        .into_iter()
                        .map(|line| (line.stream.to_string(), line.timestamp_ms, line.message.to_string()))
                        .collect();
                    let expected: Vec<_> =
                        model.iter().filter(|(_, time, _)| times_ms.contains(time)).cloned().collect();
                    prop_assert_eq!(found, expected);
                }
                Step::Follow(limit) => {
                    let page = lines.read("g", &Query { from, limit, ..Query::forward() }, |_| true).unwrap();
                    let texts: Vec<_> = page.lines.iter().map(|line| line.message.to_string()).collect();
                    let expected: Vec<_> = model[followed..].iter().take(limit).map(|(_, _, text)| text.clone()).collect();
                    prop_assert_eq!(&texts, &expected);
                    followed += texts.len();
                    from = page.next;
                }
            }
        }
        let mut streams: Vec<String> = model.iter().map(|(stream, _, _)| stream.clone()).collect();
        streams.sort();
        streams.dedup();
        for stream in lines.streams("g").unwrap() {
            let times = || model.iter().filter(|(name, _, _)| *name == stream.name).map(|(_, time, _)| *time);
            prop_assert_eq!(stream.lines.map(|lines| lines.first_ms), times().min());
            prop_assert_eq!(stream.lines.map(|lines| lines.last_ms), times().max());
            streams.retain(|name| *name != stream.name);
        }
        prop_assert_eq!(streams, Vec::<String>::new());
    }
}
