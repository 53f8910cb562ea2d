//! Whatever clients say of a queue is what they are told of it.

use super::describe::Known;
use super::settings::{ThroughputWithoutScope, changed, new};
use engine::{Counts, QueueEntry, QueueInfo, QueueSettings};
use proptest::prelude::*;
use std::time::Duration;
use types::{QueueName, Timestamp};
use wire::sqs::{Change, DeadLetters, RedriveAllowed, Settings};

fn known(settings: QueueSettings, template: Option<stack::Queue>) -> Known {
    let QueueSettings { spec, tags, notes } = settings;
    let entry = QueueEntry {
        id: 1,
        stack: String::new(),
        spec,
        created_at: Timestamp::EPOCH,
        changed_at: Timestamp::EPOCH,
        dormant: false,
        tags,
        notes,
    };
    Known::of(QueueInfo { entry, counts: Counts::default(), oldest: None, purged_at: None }, template)
}

fn span() -> impl Strategy<Value = Option<Duration>> {
    proptest::option::of((60_u64..63).prop_map(Duration::from_secs))
}

fn change<T: std::fmt::Debug + Clone + 'static>(values: Vec<T>) -> impl Strategy<Value = Change<T>> {
    let set = proptest::sample::select(values).prop_map(Change::Set);
    prop_oneof![2 => Just(Change::Keep), 1 => Just(Change::Clear), 2 => set]
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

prop_compose! {
    /// Settings as `wire` lets them through.
    fn settings(fifo: bool)(
        spans in (span(), span(), span(), span(), span()),
        message_size_max in proptest::option::of(1_024_u32..1_027),
        receives_max in change(vec![1_u32, 2]),
        redrive_allowed in change(vec![
            RedriveAllowed::All,
            RedriveAllowed::None,
            RedriveAllowed::From(vec!["arn:aws:sqs:us-east-1:000000000000:a".parse().unwrap()]),
        ]),
        policy in change(texts(&[r#"{"Statement":[{"Effect":"Allow"}]}"#, r#"{"Statement":[{"Effect":"Deny"}]}"#])),
        key in change(texts(&["alias/a", "alias/b"])),
        truths in proptest::array::uniform4(proptest::option::of(any::<bool>())),
    ) -> Settings {
        let (visible_after, delayed_for, retained_for, wait_for, key_reused_for) = spans;
        let [by_content, in_groups, by_group, encrypted] = truths;
        let dead_letters = match receives_max {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(receives_max) => Change::Set(DeadLetters { queue: "Dead".parse().unwrap(), receives_max }),
        };
        let keyed = matches!(key, Change::Set(_));
        Settings {
            visible_after, delayed_for, retained_for, wait_for, message_size_max, dead_letters, redrive_allowed, policy,
            deduplicates_by_content: by_content.filter(|_| fifo),
            deduplicates_in_groups: in_groups.filter(|_| fifo),
            limited_by_group: by_group.filter(|_| fifo),
            encrypted: encrypted.filter(|_| !keyed),
            key,
            key_reused_for,
        }
    }
}

prop_compose! {
    fn both()(fifo in any::<bool>())(first in settings(fifo), second in settings(fifo), fifo in Just(fifo))
        -> (QueueName, Settings, Settings)
    {
        (if fifo { "Q.fifo" } else { "Q" }.parse().unwrap(), first, second)
    }
}

#[test]
fn a_queue_is_encrypted_with_the_services_own_key_unless_somebody_says_otherwise() {
    // As AWS was recorded to say in December 2025: by default; with a key; when the key is taken away again.
    let plain = new("Q".parse().unwrap(), Settings::default(), Vec::new()).unwrap();
    let keyed = changed(&plain, Settings { key: Change::Set("k".to_owned()), ..Settings::default() }).unwrap();
    let without = changed(&keyed, Settings { key: Change::Clear, ..Settings::default() }).unwrap();
    let own = changed(&keyed, Settings { encrypted: Some(true), ..Settings::default() }).unwrap();
    for (settings, expected) in [(plain, true), (keyed, false), (without, false), (own, true)] {
        assert_eq!(known(settings, None).description().encryption.own, expected);
    }
}

proptest! {
    /// A queue that was made or set as a client says has no other value for any of it; and setting what it has already
    /// changes nothing that anybody could see.
    #[test]
    fn a_queue_is_what_clients_have_said((queue, first, second) in both()) {
        let Ok(made) = new(queue, first.clone(), Vec::new()) else { return Ok(()) };
        let before = known(made.clone(), None);
        prop_assert_eq!(first.differs_from(&before.description()), None);
        let Ok(set) = changed(&made, second.clone()) else { return Ok(()) };
        let after = known(set, None);
        prop_assert_eq!(second.differs_from(&after.description()), None);
        let encryption = after.description().encryption;
        prop_assert!(!encryption.own || encryption.key.is_none(), "encrypted in one way at most");
        if second.differs_from(&before.description()).is_none() {
            prop_assert_eq!(first.differs_from(&after.description()), None);
        }
    }
}

#[test]
fn a_limit_of_each_group_wants_deduplication_in_groups_however_both_come_about() {
    let queue: QueueName = "Q.fifo".parse().unwrap();
    let said = |in_groups: Option<bool>, by_group: Option<bool>| Settings {
        deduplicates_in_groups: in_groups,
        limited_by_group: by_group,
        ..Settings::default()
    };
    let made = |settings| new(queue.clone(), settings, Vec::new());
    assert_eq!(made(said(None, Some(true))), Err(ThroughputWithoutScope));
    let both = made(said(Some(true), Some(true))).unwrap();
    assert_eq!(changed(&both, said(Some(false), None)), Err(ThroughputWithoutScope));
    assert!(changed(&both, said(Some(false), Some(false))).is_ok());
    let plain = made(Settings::default()).unwrap();
    assert_eq!(changed(&plain, said(None, Some(true))), Err(ThroughputWithoutScope));
    let grouped = changed(&plain, said(Some(true), None)).unwrap();
    assert!(changed(&grouped, said(None, Some(true))).is_ok());
}

#[test]
fn what_a_template_says_holds_until_a_client_says_something_else() {
    let template = stack::Queue {
        name: "Q".parse().unwrap(),
        arn: String::new(),
        url: String::new(),
        visibility_timeout: Duration::from_secs(30),
        retention: Duration::from_secs(60),
        delay: Duration::ZERO,
        maximum_message_bytes: 1_024,
        receive_wait: Duration::ZERO,
        redrive: None,
        takes_dead_letters: stack::DeadLettersFrom::None,
        fifo: None,
        tags: [("team".to_owned(), "shop".to_owned())].into(),
    };
    let plain = new("Q".parse().unwrap(), Settings::default(), Vec::new()).unwrap();
    let shown = known(plain.clone(), Some(template.clone()));
    assert_eq!((shown.redrive_allowed, shown.tags), (Some(RedriveAllowed::None), template.tags.clone()));
    let cleared = Settings { redrive_allowed: Change::Clear, ..Settings::default() };
    let shown = known(changed(&plain, cleared).unwrap(), Some(template.clone()));
    assert_eq!((shown.redrive_allowed, shown.tags), (None, template.tags.clone()));
    let all = Settings { redrive_allowed: Change::Set(RedriveAllowed::All), ..Settings::default() };
    assert_eq!(known(changed(&plain, all).unwrap(), Some(template)).redrive_allowed, Some(RedriveAllowed::All));
}
