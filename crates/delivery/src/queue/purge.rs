//! Decides what emptying a queue takes out: all that was sent before, in whatever state, with its name; and nothing that
//! is sent later.

use super::{Flight, Queue, Waiting};
use crate::queue::groups::GroupNumber;

impl Queue {
    /// A number of which all messages so far have a lower one, and all later ones a higher one.
    pub fn divide(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes out everything with a lower number. What is held is gone as well, and its hold means nothing any more.
    pub fn purge(&mut self, below: u64) {
        let coming = self.coming.split_off(&below);
        let ready = self.ready.split_off(&below);
        let in_flight = self.in_flight.split_off(&below);
        let delayed = self.delayed.split_off(&below);
        let aged = self.aged.split_off(&below);
        let fresh = Self {
            last_id: self.last_id,
            latest: self.latest,
            memory: std::mem::take(&mut self.memory),
            by_age: aged.iter().map(|(id, sent_at)| (*sent_at, *id)).collect(),
            aged,
            ..Self::new(self.settings.clone())
        };
        let old = std::mem::replace(self, fresh);
        self.memory.forget_below(below);
        let joined = |queue: &mut Self, group: GroupNumber| queue.join(old.groups.name(group));
        for (id, group) in coming {
            let group = joined(self, group);
            self.coming.insert(id, group);
            self.wait_in_group(group, id);
        }
        for (id, waiting) in ready {
            let group = joined(self, waiting.group);
            self.ready.insert(id, Waiting { group, ..waiting });
            self.wait_in_group(group, id);
        }
        for (id, (visible_at, group)) in delayed {
            let group = joined(self, group);
            self.delay(id, visible_at, group);
            self.wait_in_group(group, id);
        }
        for (id, flight) in in_flight {
            let group = joined(self, flight.waiting.group);
            let waiting = Waiting { group, ..flight.waiting };
            self.in_flight.insert(id, Flight { waiting, ..flight });
            if !flight.held {
                self.returning.insert((flight.visible_at, id));
            }
            if group.is_some() {
                self.groups.fly(group, id);
                self.refresh(group);
            }
        }
    }
}
