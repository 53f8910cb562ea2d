//! Decides the order of things: the one thread that turns commits into groups of the log.
//!
//! Start at [`Writer::run`]. Each round takes what waits, refuses what no longer holds, numbers the
//! rest, and makes it durable with one sync; whatever arrives meanwhile is the next round. Nobody
//! hears of a commit before its group is durable, and after a failure nobody hears `Ok` again.

use crate::inbox::{GroupLimit, Inbox, Reply, Waiting};
use crate::log::append::{Appender, NotAppended};
use crate::log::layout::{GROUP_HEAD, GroupHead};
use crate::overlay::Overlay;
use crate::progress::Progress;
use crate::space::FreeSpace;
use crate::stats::Counting;
use crate::teller::{Teller, Told};
use crate::versions::{Slot, Versions};
use crate::watermark::Watermark;
use crate::{Clock, Committed, Durable, Entry, Fatal, Refused, Seq};
use std::sync::Arc;
use std::time::Instant;

pub(crate) struct Writer<A> {
    pub(crate) inbox: Arc<Inbox<A>>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) overlay: Arc<Overlay>,
    pub(crate) space: Arc<FreeSpace>,
    pub(crate) watermark: Arc<Watermark>,
    pub(crate) appender: Appender,
    pub(crate) versions: Versions,
    pub(crate) teller: Teller<A>,
    pub(crate) clock: Clock,
    pub(crate) counting: Arc<Counting>,
    pub(crate) limit: GroupLimit,
    pub(crate) overlay_bytes: usize,
    pub(crate) seal_bytes: usize,
}

/// The buffers of a round, used again.
struct Round<A> {
    taken: Vec<Waiting<A>>,
    durable: Vec<Durable<A>>,
    replies: Vec<Reply>,
    refused: Vec<(Reply, Refused)>,
    group: Vec<u8>,
}

impl<A: Send> Writer<A> {
    pub(crate) fn run(mut self) {
        let mut round = Round {
            taken: Vec::new(),
            durable: Vec::new(),
            replies: Vec::new(),
            refused: Vec::new(),
            group: Vec::new(),
        };
        while self.inbox.take(self.limit, &mut round.taken) {
            self.overlay.wait_for_room(self.overlay_bytes, || self.progress.stopped());
            if self.progress.failed() {
                round.refused.extend(round.taken.drain(..).map(|commit| (commit.reply, Refused::Failed)));
            } else {
                self.number(&mut round);
                if !round.replies.is_empty() {
                    self.write(&mut round);
                }
            }
            for (reply, refused) in round.refused.drain(..) {
                reply.send(Err(refused));
            }
        }
    }

    /// Refuses what no longer holds, and gives everything else its numbers and its place in the group.
    fn number(&mut self, round: &mut Round<A>) {
        round.group.clear();
        round.group.resize(GROUP_HEAD, 0);
        self.versions.begin_group();
        let time_ms = (self.clock)();
        let mut next = self.appender.next_seq();
        for commit in round.taken.drain(..) {
            let refused = if !self.space.admits(commit.class) {
                Refused::NoSpace
            } else if !commit
                .checks
                .iter()
                .all(|check| self.progress.still_holds(check.seen()) && self.versions.unchanged_since(check))
            {
                Refused::Conflict
            } else {
                let first = next;
                for entry in &commit.entries {
                    round.group.extend_from_slice(entry.bytes());
                    for operation in entry.operations() {
                        self.versions.write(Slot::of(&entry.bytes()[operation.key]), next);
                    }
                    next = next.next();
                }
                let committed = Committed { first, last: next.before() };
                round.durable.push(Durable {
                    committed,
                    time_ms,
                    entries: commit.entries,
                    attachment: commit.attachment,
                });
                round.replies.push(commit.reply);
                continue;
            };
            round.refused.push((commit.reply, refused));
        }
    }

    /// Makes the group durable, and everybody hears of it.
    fn write(&mut self, round: &mut Round<A>) {
        let first = self.appender.next_seq();
        let last = round.durable.last().expect("a group has a commit").committed.last;
        let table = self.overlay.insert(last, numbered(&round.durable));
        self.progress.accept(last);
        let head = GroupHead {
            payload_bytes: u32::try_from(round.group.len() - GROUP_HEAD).expect("a group is bounded"),
            entries: u32::try_from(last.0 - first.0 + 1).expect("a group is bounded"),
            first,
            durable: first.before(),
            time_ms: round.durable[0].time_ms,
            previous_sum: 0,
            sum: 0,
        };
        let begun = Instant::now();
        match self.appender.append(&mut round.group, head) {
            Ok(()) => {
                self.counting.group(round.durable.len(), round.group.len(), begun.elapsed());
                self.tell(round, last);
            }
            Err(NotAppended::NoSpace) => {
                self.space.exhausted();
                self.versions.take_back_group();
                self.progress.take_back(first.before(), || {
                    self.overlay.take_back(&table, first.before(), numbered(&round.durable));
                });
                self.refuse(round, Refused::NoSpace);
            }
            Err(NotAppended::Fatal(fatal)) => self.fail(round, fatal),
        }
    }

    fn tell(&mut self, round: &mut Round<A>, last: Seq) {
        if let Err(error) = self.watermark.write(last) {
            return self.fail(round, Fatal::log("write", self.watermark.path(), error));
        }
        self.progress.make_durable(last);
        let told = Told { durable: std::mem::take(&mut round.durable), replies: std::mem::take(&mut round.replies) };
        if let Err(untold) = self.teller.tell(told) {
            // The thread that tells has panicked, in the feed perhaps, and the store has failed.
            round.replies = untold.replies;
            return self.refuse(round, Refused::Failed);
        }
        if self.overlay.open_bytes() >= self.seal_bytes {
            self.overlay.ring();
        }
        // What cannot be measured is not known to be full; the next append will tell.
        let _ = self.space.spend(round.group.len() as u64);
    }

    fn fail(&mut self, round: &mut Round<A>, fatal: Fatal) {
        self.progress.fail(fatal);
        self.inbox.close(Refused::Failed);
        self.refuse(round, Refused::Failed);
    }

    fn refuse(&mut self, round: &mut Round<A>, refused: Refused) {
        round.durable.clear();
        for reply in round.replies.drain(..) {
            reply.send(Err(refused));
        }
    }
}

fn numbered<A>(durable: &[Durable<A>]) -> impl Iterator<Item = (Seq, &Entry)> {
    durable.iter().flat_map(|durable| {
        durable.entries.iter().enumerate().map(|(at, entry)| (Seq(durable.committed.first.0 + at as u64), entry))
    })
}
