//! Decides how what clients write on a queue changes: its tags, and the permissions in its policy. Nobody here reads
//! either of them but clients.

use super::settings::note;
use super::{Answered, Desk, Refused};
use engine::QueueSettings;
use types::{QueueName, SortedMap};
use wire::WireError;
use wire::sqs::{self, Answer, Permission};

/// The most tags of a queue.
const TAGS_MAX: usize = 50;

type Tags = SortedMap<String, String>;

pub(super) fn list(desk: Desk<'_>, queue: &QueueName) -> Answered {
    let tags: Vec<(String, String)> = desk.known(queue)?.tags.into_iter().collect();
    Ok(desk.say(Answer::Tags(&tags)))
}

pub(super) async fn tag(desk: Desk<'_>, queue: &QueueName, tags: Vec<(String, String)>) -> Answered {
    write(desk, queue, move |all| all.extend(tags)).await
}

pub(super) async fn untag(desk: Desk<'_>, queue: &QueueName, keys: Vec<String>) -> Answered {
    write(desk, queue, move |all| all.retain(|key, _| !keys.contains(key))).await
}

/// Changes the tags. From then on they are the client's: those of the queue's template have become part of them.
async fn write(desk: Desk<'_>, queue: &QueueName, change: impl FnOnce(&mut Tags) + Send + 'static) -> Answered {
    let shown = desk.known(queue)?.tags;
    let change = move |settings: &mut QueueSettings| {
        let own = settings.notes.contains_key(note::OWN_TAGS);
        let mut tags = if own { settings.tags.clone() } else { shown };
        change(&mut tags);
        if tags.len() > TAGS_MAX {
            return false;
        }
        settings.tags = tags;
        settings.notes.insert(note::OWN_TAGS.to_owned(), "own".to_owned());
        true
    };
    match desk.backend.engine.configure_queue(queue, change).await {
        Ok(true) => Ok(desk.say(Answer::Done)),
        Ok(false) => Err(desk.refuse(Refused::TooManyTags(queue))),
        Err(error) => Err(desk.not_done(queue, &error)),
    }
}

pub(super) async fn allow(desk: Desk<'_>, queue: &QueueName, permission: Permission) -> Answered {
    let (name, account) = (queue.clone(), desk.backend.engine.account().clone());
    rule(desk, queue, move |policy| permission.add_to(policy, &name, &account).map(Some)).await
}

pub(super) async fn disallow(desk: Desk<'_>, queue: &QueueName, label: String) -> Answered {
    rule(desk, queue, move |policy| sqs::remove_permission(policy, &label)).await
}

/// Changes the policy.
async fn rule(
    desk: Desk<'_>,
    queue: &QueueName,
    change: impl FnOnce(Option<&str>) -> Result<Option<String>, WireError> + Send + 'static,
) -> Answered {
    let change = move |settings: &mut QueueSettings| {
        let before = settings.notes.get(note::POLICY).map(String::as_str);
        match change(before)? {
            Some(policy) => drop(settings.notes.insert(note::POLICY.to_owned(), policy)),
            None => drop(settings.notes.remove(note::POLICY)),
        }
        Ok(())
    };
    match desk.backend.engine.configure_queue(queue, change).await {
        Ok(Ok(())) => Ok(desk.say(Answer::Done)),
        Ok(Err(error)) => {
            let error: WireError = error;
            Err(desk.reply.error(&error))
        }
        Err(error) => Err(desk.not_done(queue, &error)),
    }
}
