//! Decides what must hold between resources that are sound each by itself: queues, their dead letters and their
//! readers.
//!
//! Start at [`check`]. Who may do what is decided in `iam`.

use crate::findings::{Findings, Path};
use crate::stack::{DeadLettersFrom, Resource, Stack};

/// Adds what does not fit together.
pub(crate) fn check(stack: &Stack, findings: &mut Findings) {
    check_dead_letters(stack, findings);
    check_pollers(stack, findings);
}

/// A queue must take the dead letters that are sent to it.
fn check_dead_letters(stack: &Stack, findings: &mut Findings) {
    for queue in &stack.queues {
        let Some(redrive) = &queue.spec.redrive else { continue };
        let target = stack.queues.iter().find(|target| target.spec.name == redrive.dead_letters);
        let Some(target) = target else { continue };
        let takes = match &target.spec.takes_dead_letters {
            DeadLettersFrom::All => true,
            DeadLettersFrom::None => false,
            DeadLettersFrom::Only(sources) => sources.contains(&queue.spec.arn),
        };
        if !takes {
            let message = format!("the queue `{}` does not take dead letters of this one", target.logical_id);
            let hint = "name this queue in sourceQueueArns of its RedriveAllowPolicy";
            add(queue, "RedrivePolicy", message, Some(hint), findings);
        }
    }
}

fn check_pollers(stack: &Stack, findings: &mut Findings) {
    for (place, poller) in stack.pollers.iter().enumerate() {
        let (queue, function) = (&poller.spec.queue, &poller.spec.function);
        let is_twin = |other: &&Resource<crate::stack::Poller>| {
            other.spec.queue.logical_id == queue.logical_id && other.spec.function.logical_id == function.logical_id
        };
        if let Some(twin) = stack.pollers[..place].iter().find(is_twin) {
            let message = format!("`{}` hands the messages of this queue to this function already", twin.logical_id);
            add(poller, "EventSourceArn", message, None, findings);
        }
        let queue = stack.queues.iter().find(|candidate| candidate.logical_id == queue.logical_id);
        let function = stack.functions.iter().find(|candidate| candidate.logical_id == function.logical_id);
        let (Some(queue), Some(function)) = (queue, function) else { continue };
        let (visibility, timeout) = (queue.spec.visibility_timeout, function.spec.timeout);
        if visibility < timeout {
            let message = format!(
                "a message of `{}` is hidden for {} s, and `{}` may take {} s: AWS refuses it, because others would \
                 receive the message meanwhile",
                queue.logical_id,
                visibility.as_secs(),
                function.logical_id,
                timeout.as_secs()
            );
            let hint = format!("set the queue's VisibilityTimeout to {} or more", 6 * timeout.as_secs());
            add(poller, "EventSourceArn", message, Some(&hint), findings);
        }
    }
}

fn add<T>(resource: &Resource<T>, key: &str, message: String, hint: Option<&str>, findings: &mut Findings) {
    let section = Path::TOP.key("Resources");
    let path = section.key(resource.logical_id.as_str());
    let path = path.key("Properties");
    let path = path.key(key);
    match hint {
        Some(hint) => findings.add_with_hint(resource.at, &path, message, hint),
        None => findings.add(resource.at, &path, message),
    };
}
