//! Decides how many connections there may be under the system's limit of open files.
//!
//! The log, the index and the lines need files of their own: if clients could take the last one, the log could not go on,
//! and a log that cannot go on ends the server. So the limit is raised as far as this process may raise it, and if it is
//! still low, there are fewer connections.

use crate::listener::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the data may need: hundreds of segments, the index's files, lines of log groups, and calls to services.
const OWN: u64 = 2_048;

/// Raises the limit of open files to what these listeners and the data need, as far as the system lets us; returns the
/// listeners' limits as they fit into what there is.
pub(crate) fn make_room(listeners: [Limits; 2]) -> [Limits; 2] {
    let wanted = OWN + listeners.iter().map(|limits| limits.connections as u64).sum::<u64>();
    let had = getrlimit(Resource::Nofile);
    let mut current = had.current.unwrap_or(u64::MAX);
    if current < wanted {
        let raised = had.maximum.map_or(wanted, |maximum| wanted.min(maximum));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: had.maximum }).is_ok() {
            current = raised;
        }
    }
    fit(listeners, current)
}

/// The same listeners, with connections for which there are files.
fn fit(listeners: [Limits; 2], files: u64) -> [Limits; 2] {
    let asked = listeners.iter().map(|limits| limits.connections as u64).sum::<u64>();
    let left = files.saturating_sub(OWN.min(files / 2)).min(asked);
    listeners.map(|limits| {
        let share = (limits.connections as u64 * left / asked).max(1);
        let share = usize::try_from(share).unwrap_or(usize::MAX);
        Limits { connections: limits.connections.min(share), ..limits }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn clients_leave_half_of_few_files_to_the_data() {
        let limits = |connections| Limits { connections, bodies_kib: 1, body_within: Duration::from_secs(1) };
        // The limit of open files, and what is left of 1,000 and 2,000 connections.
        let cases = [
            (u64::MAX, [1_000, 2_000]),
            (5_048, [1_000, 2_000]),
            (5_047, [999, 1_999]),
            (4_096, [682, 1_365]),
            (1_024, [170, 341]),
            (64, [10, 21]),
            (3, [1, 1]),
            (0, [1, 1]),
        ];
        for (files, expected) in cases {
            let fitted = fit([limits(1_000), limits(2_000)], files).map(|limits| limits.connections);
            assert_eq!(fitted, expected, "{files} files");
            let in_all = fitted.iter().sum::<usize>() as u64;
            assert!(files < 4 || in_all <= files - OWN.min(files / 2), "{files} files, {in_all} connections");
        }
    }
}
