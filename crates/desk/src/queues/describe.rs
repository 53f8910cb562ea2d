//! Decides what is said of a queue: how it works from its specification, the rest from its notes, and from its template
//! where that says more.

use super::settings::{self, note};
use super::{Answered, Desk, Response};
use crate::Backend;
use engine::QueueInfo;
use serde::Deserialize;
use std::time::Duration;
use types::{QueueName, SortedMap, SortedSet};
use wire::sqs::{self, DeadLetters, Encryption, Fifo, QueueDescription, RedriveAllowed};

/// AWS lists at most so many queues when it is not told how many.
const LISTED_MAX: usize = 1_000;

/// A queue that is served, and all that can be said of it.
pub(super) struct Known {
    pub(super) info: QueueInfo,
    /// Which queues may send their dead letters to it, if that was said.
    pub(super) redrive_allowed: Option<RedriveAllowed>,
    /// What is written on it.
    pub(super) tags: SortedMap<String, String>,
}

impl Known {
    pub(super) fn find(backend: &Backend, queue: &QueueName) -> Option<Self> {
        let info = backend.engine.queue_info(queue).ok()?;
        let template = of_template(backend, &info);
        Some(Self::of(info, template))
    }

    /// What clients have said counts for more than what the queue's template says.
    pub(super) fn of(info: QueueInfo, template: Option<stack::Queue>) -> Self {
        let notes = &info.entry.notes;
        let redrive_allowed = match notes.get(note::REDRIVE_ALLOWED) {
            Some(text) => RedriveAllowed::read(text).ok(),
            None => template.as_ref().and_then(|template| allowed_by(&template.takes_dead_letters)),
        };
        let tags = match template {
            Some(template) if !notes.contains_key(note::OWN_TAGS) => template.tags,
            Some(_) | None => info.entry.tags.clone(),
        };
        Self { info, redrive_allowed, tags }
    }

    pub(super) fn description(&self) -> QueueDescription<'_> {
        let (entry, counts) = (&self.info.entry, self.info.counts);
        let (spec, notes) = (&entry.spec, &entry.notes);
        let span = |seconds: u32| Duration::from_secs(seconds.into());
        let usual = Encryption::default();
        QueueDescription {
            name: &spec.name,
            created_at: entry.created_at,
            modified_at: entry.changed_at,
            visible_after: span(spec.visible_for_seconds),
            delayed_for: span(spec.delay_seconds),
            retained_for: span(spec.retention_seconds),
            wait_for: span(spec.wait_seconds),
            message_size_max: spec.message_bytes_max,
            waiting: counts.visible as u64,
            in_flight: counts.in_flight as u64,
            delayed: counts.delayed as u64,
            dead_letters: spec
                .redrive
                .as_ref()
                .map(|redrive| DeadLetters { queue: redrive.dead_letters.clone(), receives_max: redrive.receives_max }),
            redrive_allowed: self.redrive_allowed.clone(),
            policy: notes.get(note::POLICY).map(String::as_str),
            fifo: spec.fifo.map(|fifo| Fifo {
                deduplicates_by_content: fifo.deduplicates_by_content,
                deduplicates_in_groups: fifo.deduplicates_in_groups,
                limited_by_group: settings::is_noted(notes, note::LIMITED_BY_GROUP),
            }),
            encryption: Encryption {
                own: settings::is_encrypted(notes),
                key: notes.get(note::KEY).map(String::as_str),
                key_reused_for: notes
                    .get(note::KEY_REUSED)
                    .and_then(|text| text.parse().ok())
                    .map_or(usual.key_reused_for, Duration::from_secs),
            },
        }
    }
}

/// A queue as its stack's template has it.
fn of_template(backend: &Backend, info: &QueueInfo) -> Option<stack::Queue> {
    let catalog = backend.engine.catalog();
    let queues = catalog.origins.get(&info.entry.stack)?.get("queues")?.as_array()?;
    let name = info.entry.spec.name.as_str();
    let spec = queues.iter().filter_map(|queue| queue.get("spec")).find(|spec| spec["name"] == *name)?;
    stack::Queue::deserialize(spec).ok()
}

fn allowed_by(template: &stack::DeadLettersFrom) -> Option<RedriveAllowed> {
    match template {
        // As when nothing is said.
        stack::DeadLettersFrom::All => None,
        stack::DeadLettersFrom::None => Some(RedriveAllowed::None),
        stack::DeadLettersFrom::Only(arns) => {
            Some(RedriveAllowed::From(arns.iter().filter_map(|arn| arn.parse().ok()).collect()))
        }
    }
}

pub(super) fn list(desk: Desk<'_>, prefix: &str, after: Option<&QueueName>, limit: Option<usize>) -> Response {
    let (names, more) = page(desk.backend.engine.queue_names_with(prefix), after, limit);
    desk.say(sqs::Answer::Listed { names: &names, more })
}

pub(super) fn list_sources(
    desk: Desk<'_>,
    queue: &QueueName,
    after: Option<&QueueName>,
    limit: Option<usize>,
) -> Answered {
    let engine = &desk.backend.engine;
    let mut sources = engine.dead_letter_sources(queue).map_err(|_| desk.no_queue(queue))?;
    // A stack that is not up may have some more; nobody could ask for them.
    let served: SortedSet<QueueName> = engine.queue_names().into_iter().collect();
    sources.retain(|source| served.contains(source));
    let (names, more) = page(sources, after, limit);
    Ok(desk.say(sqs::Answer::DeadLetterSources { names: &names, more }))
}

/// The part of a list that was asked for, and whether to say that there is more: AWS does only if it was told how many
/// to list.
fn page(mut names: Vec<QueueName>, after: Option<&QueueName>, limit: Option<usize>) -> (Vec<QueueName>, bool) {
    names.retain(|name| after.is_none_or(|after| name > after));
    let more = limit.is_some_and(|limit| names.len() > limit);
    names.truncate(limit.unwrap_or(LISTED_MAX));
    (names, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_begin_after_a_name_and_tell_of_more_only_if_their_size_was_asked_for() {
        let names = |range: std::ops::Range<usize>| -> Vec<QueueName> {
            range.map(|number| format!("q{number:04}").parse().unwrap()).collect()
        };
        let cases = [
            ((0, None, Some(1)), 0..0, false),
            ((3, None, Some(2)), 0..2, true),
            ((3, None, Some(3)), 0..3, false),
            ((3, Some(0), Some(1)), 1..2, true),
            ((3, Some(1), Some(1)), 2..3, false),
            ((3, Some(2), None), 3..3, false),
            ((1_001, None, None), 0..1_000, false),
        ];
        for ((count, after, limit), listed, more) in cases {
            let all = names(0..count);
            let after: Option<QueueName> = after.map(|after: usize| all[after].clone());
            assert_eq!(page(all, after.as_ref(), limit), (names(listed), more), "{count} {after:?} {limit:?}");
        }
    }
}
