//! Decides where each attribute of a queue is kept: how the queue works in its specification, the rest in its notes.

use engine::QueueSettings;
use engine::spec::{FifoSpec, QueueSpec, RedriveSpec};
use std::time::Duration;
use types::{QueueName, SortedMap};
use wire::sqs::{self, Change, DeadLetters, RedriveAllowed, Settings};

/// The names of what is kept in notes: AWS's, where it has any.
pub(super) mod note {
    /// Who may do what, as JSON.
    pub(crate) const POLICY: &str = "Policy";
    /// Which queues may send their dead letters here, as JSON; empty if a client has taken away what a template says.
    pub(crate) const REDRIVE_ALLOWED: &str = "RedriveAllowPolicy";
    pub(crate) const ENCRYPTED: &str = "SqsManagedSseEnabled";
    pub(crate) const KEY: &str = "KmsMasterKeyId";
    pub(crate) const KEY_REUSED: &str = "KmsDataKeyReusePeriodSeconds";
    pub(crate) const LIMITED_BY_GROUP: &str = "FifoThroughputLimit";
    /// Whether clients have written on the queue: then what its template wrote on it counts no more.
    pub(crate) const OWN_TAGS: &str = "Tags";
}

type Notes = SortedMap<String, String>;

const TRUE: &str = "true";

/// Each group is to have a limit of its own, and the queue does not deduplicate in groups.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ThroughputWithoutScope;

pub(super) fn is_noted(notes: &Notes, name: &str) -> bool {
    notes.contains_key(name)
}

/// Whether a queue is said to be encrypted with a key of the service's own: it is unless somebody said otherwise.
pub(super) fn is_encrypted(notes: &Notes) -> bool {
    notes.get(note::ENCRYPTED).map_or(!is_noted(notes, note::KEY), |said| said == TRUE)
}

/// A queue as AWS makes it when nothing is said of it.
fn usual(queue: QueueName) -> QueueSpec {
    let fifo = FifoSpec { deduplicates_by_content: false, deduplicates_in_groups: false };
    QueueSpec {
        fifo: sqs::is_fifo(&queue).then_some(fifo),
        name: queue,
        visible_for_seconds: 30,
        retention_seconds: 4 * 24 * 60 * 60,
        delay_seconds: 0,
        message_bytes_max: u32::try_from(sqs::MESSAGE_BYTES_MAX).expect("a message is far smaller than 4 GiB"),
        wait_seconds: 0,
        redrive: None,
    }
}

/// A new queue.
pub(super) fn new(
    queue: QueueName,
    settings: Settings,
    tags: Vec<(String, String)>,
) -> Result<QueueSettings, ThroughputWithoutScope> {
    let usual = QueueSettings { spec: usual(queue), tags: tags.into_iter().collect(), notes: Notes::new() };
    changed(&usual, settings)
}

/// A queue that is set anew.
pub(super) fn changed(before: &QueueSettings, settings: Settings) -> Result<QueueSettings, ThroughputWithoutScope> {
    let mut queue = before.clone();
    let spec = &mut queue.spec;
    for (said, kept) in [
        (settings.visible_after, &mut spec.visible_for_seconds),
        (settings.delayed_for, &mut spec.delay_seconds),
        (settings.retained_for, &mut spec.retention_seconds),
        (settings.wait_for, &mut spec.wait_seconds),
    ] {
        if let Some(span) = said {
            *kept = seconds(span);
        }
    }
    spec.message_bytes_max = settings.message_size_max.unwrap_or(spec.message_bytes_max);
    spec.redrive = match settings.dead_letters {
        Change::Keep => spec.redrive.take(),
        Change::Clear => None,
        Change::Set(DeadLetters { queue: dead_letters, receives_max }) => {
            Some(RedriveSpec { dead_letters, receives_max })
        }
    };
    if let Some(fifo) = &mut spec.fifo {
        fifo.deduplicates_by_content = settings.deduplicates_by_content.unwrap_or(fifo.deduplicates_by_content);
        fifo.deduplicates_in_groups = settings.deduplicates_in_groups.unwrap_or(fifo.deduplicates_in_groups);
    }
    let in_groups = spec.fifo.is_some_and(|fifo| fifo.deduplicates_in_groups);
    let notes = &mut queue.notes;
    note_text(notes, note::POLICY, settings.policy);
    let redrive_allowed = match settings.redrive_allowed {
        Change::Keep => Change::Keep,
        // Kept as said, because a template may say something else.
        Change::Clear => Change::Set(String::new()),
        Change::Set(allowed) => Change::Set(RedriveAllowed::spell(&allowed)),
    };
    note_text(notes, note::REDRIVE_ALLOWED, redrive_allowed);
    note_encryption(notes, settings.encrypted, settings.key, settings.key_reused_for);
    note_truth(notes, note::LIMITED_BY_GROUP, settings.limited_by_group);
    if is_noted(notes, note::LIMITED_BY_GROUP) && !in_groups {
        return Err(ThroughputWithoutScope);
    }
    Ok(queue)
}

/// A queue is encrypted in one way or the other, never in both.
fn note_encryption(notes: &mut Notes, own: Option<bool>, key: Change<String>, key_reused_for: Option<Duration>) {
    if own == Some(true) {
        notes.remove(note::KEY);
    }
    let own = if matches!(key, Change::Set(_)) { Some(false) } else { own };
    if let Some(own) = own {
        notes.insert(note::ENCRYPTED.to_owned(), own.to_string());
    }
    note_text(notes, note::KEY, key);
    if let Some(span) = key_reused_for {
        notes.insert(note::KEY_REUSED.to_owned(), span.as_secs().to_string());
    }
}

fn note_text(notes: &mut Notes, name: &str, change: Change<String>) {
    match change {
        Change::Keep => {}
        Change::Clear => drop(notes.remove(name)),
        Change::Set(text) => drop(notes.insert(name.to_owned(), text)),
    }
}

fn note_truth(notes: &mut Notes, name: &str, said: Option<bool>) {
    match said {
        Some(true) => drop(notes.insert(name.to_owned(), TRUE.to_owned())),
        Some(false) => drop(notes.remove(name)),
        None => {}
    }
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
