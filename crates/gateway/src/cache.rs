//! Decides whether an answer that was given before is given again: for whom, how long, and until what happens.
//!
//! In what form answers are kept is for the shell to choose. Start at [`Cache::get`]; what is not there is fetched between [`Cache::begin`] and [`Cache::put`]. An answer carries
//! tags, such as the id of the order that it shows; [`Cache::drop_tag`] drops all answers of a tag when that changes, and
//! also what was begun before and is put after, so no answer of before a change is given after it.
//!
//! Invariant: entries, their bytes and what is remembered of changes are bounded. A key names the tenant and the API key,
//! so no answer reaches anybody else.

use crate::admission::{Headers, Query};
use crate::api::{Place, Route};
use crate::keys::KeyRecord;
use crate::route::{Params, RouteId};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use types::Timestamp;

/// How many changes are remembered for answers that are being fetched.
const CHANGES_MAX: usize = 4_096;
/// What an entry costs beside its bytes.
const ENTRY_OVERHEAD: usize = 256;

/// Which answer: route, parameters and whose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey(Arc<[u8]>);

impl CacheKey {
    /// Of a request. Parameters of the path always count; of query and headers those that the route names.
    pub fn of(
        id: RouteId,
        route: &Route,
        key: Option<&KeyRecord>,
        params: &Params<'_>,
        query: &Query<'_>,
        headers: &dyn Headers,
    ) -> Self {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(&(id.0 as u64).to_le_bytes());
        let mut part = |text: Option<&str>| {
            // Each part tells its length, so that no two different requests read alike; nothing is not empty.
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(text.unwrap_or_default().as_bytes());
        };
        part(key.map(|key| key.tenant.as_str()));
        part(key.map(|key| key.id.as_str()));
        params.iter().for_each(|(_, value)| part(Some(value)));
        for wanted in &route.cache_keys {
            match wanted.place {
                Place::Path => {}
                Place::Header => part(headers.value(&wanted.name)),
                Place::Query => {
                    let all = query.iter().filter(|(name, _)| *name == wanted.name.as_ref());
                    part(Some(&all.clone().count().to_string()));
                    all.for_each(|(_, value)| part(Some(value)));
                }
            }
        }
        Self(out.into())
    }
}

/// Whether a client asks for an answer that is made anew.
pub fn wants_fresh(headers: &dyn Headers) -> bool {
    let mut fresh = false;
    headers.each(&mut |name, value| {
        let named = name.eq_ignore_ascii_case("cache-control") || name.eq_ignore_ascii_case("pragma");
        let words = value.split(',').map(str::trim);
        fresh |= named
            && words
                .into_iter()
                .any(|word| ["no-cache", "no-store", "max-age=0"].iter().any(|fresh| word.eq_ignore_ascii_case(fresh)));
    });
    fresh
}

/// When a fetch began, in the order of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Begun(u64);

/// Answers that may be given again.
#[derive(Debug)]
pub struct Cache<A> {
    bytes_max: usize,
    entries_max: usize,
    bytes: usize,
    /// One more for each use and each change.
    turn: u64,
    entries: HashMap<CacheKey, Entry<A>>,
    /// The one used longest ago first.
    by_use: BTreeMap<u64, CacheKey>,
    by_tag: HashMap<Arc<str>, HashSet<CacheKey>>,
    changes: VecDeque<(u64, Arc<str>)>,
    /// Changes up to this one are forgotten.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry<A> {
    answer: Arc<A>,
    tags: Vec<Arc<str>>,
    made_at: Timestamp,
    until: Timestamp,
    used: u64,
    size: usize,
}

/// An answer of before.
#[derive(Debug, Clone)]
pub struct Hit<A> {
    /// The answer.
    pub answer: Arc<A>,
    /// How old it is.
    pub age: Duration,
}

impl<A> Cache<A> {
    /// An empty one, with bounds.
    pub fn new(entries_max: usize, bytes_max: usize) -> Self {
        Self {
            bytes_max,
            entries_max,
            bytes: 0,
            turn: 0,
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            by_tag: HashMap::new(),
            changes: VecDeque::new(),
            forgotten: 0,
        }
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes they hold.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The answer of before, if there is one that is young enough. A clock that steps back makes none younger.
    pub fn get(&mut self, key: &CacheKey, now: Timestamp) -> Option<Hit<A>> {
        let entry = self.entries.get_mut(key)?;
        if now >= entry.until || now < entry.made_at {
            self.drop_entry(&key.clone());
            return None;
        }
        self.turn += 1;
        let moved = self.by_use.remove(&entry.used).expect("every entry is in the order of use");
        self.by_use.insert(self.turn, moved);
        entry.used = self.turn;
        Some(Hit { answer: Arc::clone(&entry.answer), age: now.since(entry.made_at) })
    }

    /// To be called before an answer is fetched.
    pub fn begin(&mut self) -> Begun {
        Begun(self.turn)
    }

    /// Keeps an answer of so many bytes with what it shows, unless that changed since it was begun. Says whether it is
    /// kept.
    pub fn put(
        &mut self,
        key: CacheKey,
        (answer, bytes): (Arc<A>, usize),
        tags: &[&str],
        begun: Begun,
        keeps_for: Duration,
        now: Timestamp,
    ) -> bool {
        let of_tags: usize = tags.iter().map(|tag| tag.len() * 2 + 64).sum();
        let size = key.0.len() + bytes + of_tags + ENTRY_OVERHEAD;
        let changed = self.changes.iter().rev().take_while(|(turn, _)| *turn > begun.0);
        let stale = begun.0 < self.forgotten || changed.into_iter().any(|(_, tag)| tags.contains(&tag.as_ref()));
        if stale || size > self.bytes_max || self.entries_max == 0 || keeps_for.is_zero() {
            return false;
        }
        self.drop_entry(&key);
        while self.bytes + size > self.bytes_max || self.entries.len() >= self.entries_max {
            let oldest = self.by_use.first_key_value().map(|(_, key)| key.clone());
            self.drop_entry(&oldest.expect("what has bytes or entries has an oldest one"));
        }
        self.turn += 1;
        let mut of_entry: Vec<Arc<str>> = Vec::with_capacity(tags.len());
        for tag in tags {
            let known = self.by_tag.get_key_value(*tag).map(|(known, _)| Arc::clone(known));
            let tag = known.unwrap_or_else(|| Arc::from(*tag));
            self.by_tag.entry(Arc::clone(&tag)).or_default().insert(key.clone());
            of_entry.push(tag);
        }
        self.by_use.insert(self.turn, key.clone());
        self.bytes += size;
        let entry = Entry { answer, tags: of_entry, made_at: now, until: now + keeps_for, used: self.turn, size };
        self.entries.insert(key, entry);
        true
    }

    /// Drops all answers that show what changed.
    pub fn drop_tag(&mut self, tag: &str) {
        self.turn += 1;
        if self.changes.len() == CHANGES_MAX
            && let Some((turn, _)) = self.changes.pop_front()
        {
            self.forgotten = turn;
        }
        self.changes.push_back((self.turn, Arc::from(tag)));
        for key in self.by_tag.remove(tag).unwrap_or_default() {
            self.drop_entry(&key);
        }
    }

    fn drop_entry(&mut self, key: &CacheKey) {
        let Some(entry) = self.entries.remove(key) else { return };
        self.by_use.remove(&entry.used);
        self.bytes -= entry.size;
        for tag in entry.tags {
            if let Some(keys) = self.by_tag.get_mut(&tag) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_tag.remove(&tag);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(which: u8) -> CacheKey {
        CacheKey(Arc::from([which].as_slice()))
    }

    fn answer(size: usize) -> (Arc<()>, usize) {
        (Arc::new(()), size)
    }

    const SECOND: Duration = Duration::from_secs(1);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn an_answer_lives_its_time_and_no_longer() {
        let mut cache = Cache::new(10, 100_000);
        let begun = cache.begin();
        assert!(cache.put(key(1), answer(5), &["o1"], begun, SECOND, at(1_000)));
        assert_eq!(cache.get(&key(1), at(1_999)).unwrap().age, Duration::from_millis(999));
        assert!(cache.get(&key(1), at(2_000)).is_none());
        assert!(cache.is_empty() && cache.bytes() == 0);
        let begun = cache.begin();
        assert!(cache.put(key(1), answer(5), &[], begun, SECOND, at(1_000)));
        assert!(cache.get(&key(1), at(999)).is_none(), "a clock that stepped back proves nothing");
        assert!(!cache.put(key(1), answer(5), &[], begun, Duration::ZERO, at(1_000)));
        assert!(!cache.put(key(1), answer(200_000), &[], begun, SECOND, at(1_000)));
    }

    #[test]
    fn what_changed_while_it_was_fetched_is_not_kept() {
        let mut cache = Cache::new(10, 100_000);
        let begun = cache.begin();
        cache.drop_tag("o2");
        assert!(cache.put(key(1), answer(5), &["o1"], begun, SECOND, at(0)));
        cache.drop_tag("o1");
        assert!(cache.get(&key(1), at(0)).is_none());
        assert!(!cache.put(key(1), answer(5), &["o1"], begun, SECOND, at(0)));
        let begun = cache.begin();
        for _ in 0..=CHANGES_MAX {
            cache.drop_tag("o3");
        }
        assert!(!cache.put(key(1), answer(5), &["o1"], begun, SECOND, at(0)), "nobody knows any more what changed");
        let begun = cache.begin();
        assert!(cache.put(key(1), answer(5), &["o1"], begun, SECOND, at(0)));
    }

    #[test]
    fn the_one_used_longest_ago_makes_room() {
        let mut cache = Cache::new(2, 100_000);
        let begun = cache.begin();
        for which in [1, 2] {
            assert!(cache.put(key(which), answer(5), &[], begun, SECOND, at(0)));
        }
        assert!(cache.get(&key(1), at(0)).is_some());
        assert!(cache.put(key(3), answer(5), &[], begun, SECOND, at(0)));
        let there: Vec<bool> = (1..4).map(|which| cache.get(&key(which), at(0)).is_some()).collect();
        assert_eq!(there, [true, false, true]);
    }

    #[test]
    fn a_key_tells_everybody_and_every_parameter_apart() {
        let api = crate::openapi::read(&crate::openapi::tests::shop()).unwrap();
        let at = api.routes.iter().position(|route| route.cache_keys.len() == 2).unwrap();
        let record = |tenant: &str, id: &str| KeyRecord {
            id: crate::keys::KeyId::new(id),
            hash: crate::keys::KeyHash::of(id),
            name: "n".into(),
            tenant: crate::keys::Tenant::new(tenant),
            plan: crate::keys::PlanName::new("p"),
            scopes: Vec::new(),
            created_at: Timestamp::EPOCH,
            revoked_at: None,
            last_four: "aaaa".into(),
        };
        let of = |key: Option<&KeyRecord>, id: &str, query: &str| {
            let params = vec![("orderId", id.into())];
            let query = crate::admission::parse_query(Some(query)).unwrap();
            CacheKey::of(RouteId(at), api.route(RouteId(at)), key, &params, &query, &[("a", "b")])
        };
        let (ab, a, b) = (record("ab", "c"), record("a", "bc"), record("a", "c"));
        let all = [
            of(None, "1", ""),
            of(Some(&ab), "1", ""),
            of(Some(&a), "1", ""),
            of(Some(&b), "1", ""),
            of(Some(&b), "2", ""),
            of(Some(&b), "1", "limit=1"),
            of(Some(&b), "1", "limit="),
            of(Some(&b), "1", "limit=1&limit=1"),
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert_eq!(of(Some(&b), "1", "limit=1"), of(Some(&b), "1", "other=7&limit=1"));
    }

    #[test]
    fn a_client_can_ask_for_a_fresh_answer() {
        for (value, fresh) in
            [("max-age=0", true), ("No-Cache", true), ("private, no-cache", true), ("max-age=60", false)]
        {
            assert_eq!(wants_fresh(&[("Cache-Control", value)]), fresh, "{value}");
        }
        assert!(!wants_fresh(&[("accept", "no-cache")]));
    }

    proptest! {
        /// Whatever happens, bounds hold, and no answer outlives a change of what it shows.
        #[test]
        fn nothing_outlives_its_change_or_its_room(acts in prop::collection::vec((0u8..4, 0u8..6, 0u8..3), 1..200)) {
            let mut cache = Cache::new(4, 4 * 700);
            let tags = ["a", "b", "c"];
            let mut versions = [0usize; 3];
            let mut fetching: Vec<(u8, usize, usize, Begun)> = Vec::new();
            for (act, which, tag) in acts {
                let tag = usize::from(tag);
                match act {
                    0 => fetching.push((which, tag, versions[tag], cache.begin())),
                    1 => if let Some((which, tag, version, begun)) = fetching.pop() {
                        let answer = Arc::new((tag, version));
                        cache.put(key(which), (answer, 2), &[tags[tag]], begun, SECOND, at(0));
                    },
                    2 => {
                        versions[tag] += 1;
                        cache.drop_tag(tags[tag]);
                    }
                    _ => if let Some(hit) = cache.get(&key(which), at(0)) {
                        let (shown, version) = *hit.answer;
                        prop_assert_eq!(version, versions[shown]);
                    },
                }
                prop_assert!(cache.len() <= 4 && cache.bytes() <= 4 * 700);
                prop_assert_eq!(cache.by_use.len(), cache.len());
                prop_assert_eq!(cache.entries.values().map(|entry| entry.size).sum::<usize>(), cache.bytes());
                prop_assert_eq!(cache.by_tag.values().map(HashSet::len).sum::<usize>(), cache.len());
            }
        }
    }
}
