//! Decides whether a key may ask once more: buckets for how fast, a quota for how much, and what outlives a restart.
//!
//! Start at [`Usage::decide`]. A request is taken from the key's bucket for the method, the key's bucket for all, the
//! stage's buckets, and the quota; if one of them has nothing left, nothing is taken from any. A quota is spent from
//! leases that are durable before they are spent: [`Verdict::Reserve`] asks for [`Usage::keep`], and [`Usage::kept`] once
//! that is on disk. So a crash costs a key what is left of its lease, and gives nothing.
//!
//! Invariant: of any span `t` of time at most `burst + rate * t` requests are taken from a bucket, over crashes too, and
//! of a period at most the quota. A clock that steps backwards gives nothing for time that it shows again.

mod bucket;
mod quota;

pub use bucket::{Bucket, Rate, RateRefused};
pub use quota::{Period, Quota};

use crate::keys::{KeyId, PlanName};
use crate::route::Method;
use quota::Spent;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;
use types::Timestamp;

/// How fast requests may come: together, and for single methods of single paths beside that.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// For all requests together.
    pub overall: Option<Rate>,
    /// For a method of a path, given as the template: both this and what is for all must allow a request.
    pub methods: Vec<MethodRate>,
}

/// How fast requests of one method and path may come.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodRate {
    /// Such as `/orders/{id}`.
    pub resource: Box<str>,
    /// Such as `GET`.
    pub method: Method,
    /// How fast.
    pub rate: Rate,
}

impl Limits {
    fn method(&self, asked: Asked<'_>) -> Option<usize> {
        self.methods.iter().position(|one| one.method == asked.method && one.resource.as_ref() == asked.resource)
    }
}

/// What a usage plan allows each of its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What keys call it by.
    pub name: PlanName,
    /// How fast.
    pub limits: Limits,
    /// How much.
    pub quota: Option<Quota>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The template of the path.
    pub resource: &'a str,
    /// The method of the route.
    pub method: Method,
}

/// A request to be taken: of a key under its plan, or of nobody, and of the stage in either case.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Whose request it is, and what the key is allowed.
    pub key: Option<(&'a KeyId, &'a Plan)>,
    /// What the stage allows to all together.
    pub stage: &'a Limits,
    /// What is asked for.
    pub asked: Asked<'a>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Taken,
    /// It came too fast.
    Throttled {
        /// After this one more may be taken.
        retry_after: Duration,
    },
    /// The period's requests are used up.
    QuotaExceeded {
        /// After this the next period begins.
        retry_after: Duration,
    },
    /// The lease is spent: keep what [`Usage::keep`] gives, say so to [`Usage::kept`], then ask again.
    Reserve,
}

/// What was used of plans and of the stage.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    keys: HashMap<KeyId, KeyUsage>,
    stage: Buckets,
    /// After a crash nobody knows what was taken last, so buckets begin empty then.
    empty_since: Option<Timestamp>,
    taken: u64,
}

#[derive(Debug, Clone, Default)]
struct KeyUsage {
    buckets: Buckets,
    spent: Option<Spent>,
    changed: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Buckets {
    overall: Option<Bucket>,
    /// As [`Limits::methods`].
    methods: Vec<Option<Bucket>>,
}

/// What is to be kept of the usage: the keys that changed since the last time, each a row of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// When.
    pub at: Timestamp,
    /// Whether this was the end, after the last request. At the next start keep once more before the first request, so
    /// that a crash after it is not taken for an orderly end.
    pub orderly: bool,
    /// What of the stage's own limits.
    stage: Buckets,
    /// After a crash before: since when buckets that nobody has asked yet are empty.
    empty_since: Option<Timestamp>,
    /// What of each key; a row replaces the one that the key had.
    pub keys: Vec<KeptKey>,
}

/// What is kept of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptKey {
    /// Whose.
    pub id: KeyId,
    buckets: Buckets,
    spent: Option<quota::KeptSpent>,
}

impl Usage {
    /// As it was kept, all rows of it. Unless the end was orderly, buckets are empty and leases are spent.
    pub fn restore(kept: Kept, now: Timestamp) -> Self {
        let orderly = kept.orderly;
        let restored = |buckets: Buckets| if orderly { buckets } else { Buckets::default() };
        let keys = kept.keys.into_iter().map(|row| {
            let spent = row.spent.map(Spent::restore);
            (row.id, KeyUsage { buckets: restored(row.buckets), spent, changed: false })
        });
        let keys = keys.collect();
        let empty_since = if orderly { kept.empty_since } else { Some(now) };
        Self { keys, stage: restored(kept.stage), empty_since, taken: 0 }
    }

    /// Takes a request, or says why not.
    pub fn decide(&mut self, ask: &Ask<'_>, now: Timestamp) -> Verdict {
        let verdict = match ask.key {
            Some((key, plan)) => self.take(key, plan, ask.stage, ask.asked, now),
            None => self.take_keyless(ask.stage, ask.asked, now),
        };
        self.taken += u64::from(verdict == Verdict::Taken);
        verdict
    }

    /// How many requests were taken since this began; while it stays the same there is nothing to keep.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes a request of a key, or says why not.
    fn take(&mut self, key: &KeyId, plan: &Plan, stage: &Limits, asked: Asked<'_>, now: Timestamp) -> Verdict {
        if !self.keys.contains_key(key) {
            self.keys.insert(key.clone(), KeyUsage::default());
        }
        let used = self.keys.get_mut(key).expect("it is there or was put there");
        let since = self.empty_since;
        let own = used.buckets.look(&plan.limits, asked, since, now);
        let shared = self.stage.look(stage, asked, since, now);
        if let Some(retry_after) = own.max(shared) {
            return Verdict::Throttled { retry_after };
        }
        if let Some(quota) = &plan.quota {
            match used.spent.get_or_insert_with(|| Spent::first(quota, now)).take(quota, now) {
                Verdict::Taken => {}
                refused => return refused,
            }
        }
        used.changed = true;
        used.buckets.take(&plan.limits, asked);
        self.stage.take(stage, asked);
        Verdict::Taken
    }

    /// Takes a request that no key is asked for: of the stage alone.
    fn take_keyless(&mut self, stage: &Limits, asked: Asked<'_>, now: Timestamp) -> Verdict {
        if let Some(retry_after) = self.stage.look(stage, asked, self.empty_since, now) {
            return Verdict::Throttled { retry_after };
        }
        self.stage.take(stage, asked);
        Verdict::Taken
    }

    /// What to make durable now: every key that changed, with leases for what it will ask next. At least once a second
    /// while requests come, and when a lease is spent.
    pub fn keep(&mut self, now: Timestamp) -> Kept {
        self.rows(now, false)
    }

    /// What to make durable at an orderly end, after the last request: leases are given back.
    pub fn close(&mut self, now: Timestamp) -> Kept {
        for used in self.keys.values_mut() {
            used.changed = true;
        }
        self.rows(now, true)
    }

    fn rows(&mut self, now: Timestamp, orderly: bool) -> Kept {
        let needs = |used: &KeyUsage| used.changed || used.spent.as_ref().is_some_and(Spent::needs_lease);
        let changed = self.keys.iter_mut().filter(|(_, used)| needs(used));
        let keys = changed.map(|(id, used)| {
            used.changed = false;
            let spent = used.spent.as_mut().map(|spent| spent.keep(orderly));
            KeptKey { id: id.clone(), buckets: used.buckets.clone(), spent }
        });
        let keys = keys.collect();
        Kept { at: now, orderly, stage: self.stage.clone(), empty_since: self.empty_since, keys }
    }

    /// What [`Usage::keep`] gave is durable: its leases may be spent.
    pub fn kept(&mut self, kept: &Kept) {
        for row in &kept.keys {
            if let Some(used) = self.keys.get_mut(&row.id)
                && let (Some(spent), Some(leased)) = (&mut used.spent, &row.spent)
            {
                spent.kept(leased);
            }
        }
    }

    /// Whether a lease runs low: keep soon, before a request has to wait for it.
    pub fn is_low(&self) -> bool {
        self.keys.values().any(|used| used.spent.as_ref().is_some_and(Spent::needs_lease))
    }

    /// How many requests of its quota a key has used in this period.
    pub fn used(&self, key: &KeyId) -> u64 {
        self.keys.get(key).and_then(|used| used.spent.as_ref()).map_or(0, Spent::used)
    }
}

impl Buckets {
    /// How long until all have one; nothing if they have.
    fn look(
        &mut self,
        limits: &Limits,
        asked: Asked<'_>,
        empty: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Duration> {
        let begin = |rate: &Rate| empty.map_or_else(|| Bucket::full(rate, now), Bucket::empty);
        let overall = limits.overall.as_ref().and_then(|rate| {
            let bucket = self.overall.get_or_insert_with(|| begin(rate));
            bucket.look(rate, now)
        });
        let method = limits.method(asked).and_then(|at| {
            let rate = &limits.methods[at].rate;
            if self.methods.len() <= at {
                self.methods.resize(at + 1, None);
            }
            self.methods[at].get_or_insert_with(|| begin(rate)).look(rate, now)
        });
        overall.max(method)
    }

    /// Takes from all; only after [`Buckets::look`] found that they have.
    fn take(&mut self, limits: &Limits, asked: Asked<'_>) {
        if limits.overall.is_some()
            && let Some(bucket) = &mut self.overall
        {
            bucket.take();
        }
        if let Some(at) = limits.method(asked)
            && let Some(Some(bucket)) = self.methods.get_mut(at)
        {
            bucket.take();
        }
    }
}

#[cfg(test)]
mod tests;
