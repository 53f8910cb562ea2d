//! Bytes of messages that are read back, and acts that are parts of larger commits.

use super::message::{read, read_header, write};
use super::*;
use crate::engine::{Engine, Options};
use crate::spec::QueueSpec;
use proptest::prelude::*;
use store::Class;
use types::SortedMap;

fn any_message() -> impl Strategy<Value = Message> {
    let text = || proptest::option::of("[a-z]{1,5}");
    let value = prop_oneof![
        ".{0,5}".prop_map(AttributeValue::Text),
        proptest::collection::vec(any::<u8>(), 0..5).prop_map(AttributeValue::Bytes),
    ];
    let attribute = ("[A-Z]{1,5}", value).prop_map(|(data_type, value)| Attribute { data_type, value });
    let attributes = proptest::collection::btree_map("[a-z]{1,4}", attribute, 0..4);
    let ids = (any::<u64>(), any::<u32>(), any::<u64>(), 0i64..1 << 44, any::<u32>());
    (ids, ".{0,20}", attributes, [text(), text(), text(), text(), text()]).prop_map(
        |(
            (id, queue, origin, sent_at, received_before),
            body,
            attributes,
            [trace, group, deduplication, source, error],
        )| Message {
            id,
            sent_at: Timestamp::from_millis(sent_at),
            origin: Origin { queue, id: origin },
            body,
            attributes: attributes.into_iter().collect(),
            trace,
            group,
            deduplication,
            source: source.map(|name| name.parse().unwrap()),
            failed: error.map(|error| Failed { function: "F".parse().unwrap(), error }),
            received_before,
            aside: None,
        },
    )
}

proptest! {
    /// A message is read back as it was written, one that is cut is refused, and no bytes make reading panic.
    #[test]
    fn messages_round_trip(message in any_message(), delay in 0u64..1000, cut in 1usize..40, noise: Vec<u8>) {
        let mut bytes = Vec::new();
        write(&message, Duration::from_millis(delay), &mut bytes);
        let again = read(message.id, &bytes).unwrap();
        prop_assert_eq!(format!("{again:?}"), format!("{message:?}"));
        let header = read_header(&bytes).unwrap();
        prop_assert_eq!(header.visible_at, message.sent_at + Duration::from_millis(delay));
        prop_assert_eq!(header.group, message.group);
        prop_assert!(read(1, &bytes[..bytes.len().saturating_sub(cut)]).is_err());
        let _ = (read(1, &noise), read_header(&noise));
    }
}

fn open(directory: &std::path::Path) -> Engine {
    let options = Options {
        account: types::Account::default(),
        directory: directory.to_owned(),
        store: store::Options::default(),
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(3600),
        log_bytes_max: 1 << 40,
    };
    let engine = Engine::open(options).unwrap().0;
    for name in ["Work", "Dead"] {
        let spec = QueueSpec { name: name.parse().unwrap(), ..crate::asynchronous::queue_spec() };
        let settings = QueueSettings { spec, tags: SortedMap::new(), notes: SortedMap::new() };
        manage::create(&engine.inner, settings).unwrap();
    }
    engine
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
}

#[test]
fn acts_on_several_queues_are_one_commit_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let queue = |name: &str| engine.inner.queue(&name.parse().unwrap()).unwrap();
    let (work, dead, commits) = (queue("Work"), queue("Dead"), &engine.inner.commits);
    run(async {
        let outgoing = ["a", "b"].map(Outgoing::text).to_vec();
        work.send_many(commits, outgoing).await.unwrap();
        let wanted = Wanted { max: 10, ..Wanted::default() };
        let received = work.receive(commits, &wanted).await.unwrap();
        let [a, b] = [received[0].receipt, received[1].receipt];
        let function = "F".parse().unwrap();
        let parts = || {
            let Ok(Sending::New(sent, _)) = dead.send_part(Outgoing::text("new")) else { panic!("it is new") };
            let moved = work.dead_letter_part(commits, &dead, b, &function, "no stock").unwrap().unwrap();
            vec![work.delete_part(a).unwrap(), moved, sent]
        };
        // Made, and given up: everything is as it was.
        parts().into_iter().map(Part::split).for_each(|(_, after)| after.refused());
        assert_eq!((work.counts().in_flight, dead.counts().visible), (2, 0));
        let parts = parts();
        assert!(work.delete_part(a).is_none(), "it is about to go");
        assert!(work.hide_part(b, Duration::ZERO).is_err());
        commits.commit_parts(parts, Class::Client).await.unwrap();
        assert_eq!((work.counts(), dead.counts().visible), (Counts::default(), 2));
        work.wait_settled().await;
    });
    drop((work, dead));
    engine.stop();
    drop(engine);
    // Making the queues again finds them there, set alike.
    let engine = open(directory.path());
    let letters = engine.browse(&"Dead".parse().unwrap(), 0, 10).unwrap();
    let failed = letters.iter().find_map(|letter| letter.failed.clone()).unwrap();
    assert_eq!((failed.error.as_str(), letters.len()), ("no stock", 2));
    engine.stop();
}
