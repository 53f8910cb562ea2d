//! Decides how rules come and go while others match: [`Rules`].

use super::Matcher;
use crate::pattern::Pattern;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Rules that change while others match.
///
/// Whoever matches takes the [`Matcher`] of the moment, which never changes, and keeps it as long as it likes. Each
/// change compiles a new one beside it, which takes time in proportion to all rules, so many changes are best made
/// together, by [`Rules::edit`].
///
/// ```
/// use pattern::{Dialect, Pattern, Rules, Scratch};
///
/// let rules = Rules::new();
/// rules.insert("french", Pattern::parse(r#"{"country": ["FR"]}"#, Dialect::Bus)?);
/// let before = rules.matcher();
/// rules.remove(&"french");
///
/// let mut scratch = Scratch::new();
/// assert_eq!(before.matches_json(br#"{"country": "FR"}"#, &mut scratch)?.count(), 1);
/// assert_eq!(rules.matcher().matches_json(br#"{"country": "FR"}"#, &mut scratch)?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Rules<K> {
    /// What changes are made to, by one after the other.
    patterns: Mutex<HashMap<K, Vec<Pattern>>>,
    matcher: RwLock<Arc<Matcher<K>>>,
}

impl<K: Clone + Eq + Hash> Rules<K> {
    /// No rules.
    pub fn new() -> Rules<K> {
        Rules { patterns: Mutex::new(HashMap::new()), matcher: RwLock::new(Arc::new(Matcher::new([]))) }
    }

    /// The rules of this moment.
    pub fn matcher(&self) -> Arc<Matcher<K>> {
        // The lock is only held to copy or swap a pointer, so nothing can have been left half done.
        Arc::clone(&self.matcher.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a pattern. The key matches if any of its patterns does.
    pub fn insert(&self, key: K, pattern: Pattern) {
        self.edit(|patterns| patterns.entry(key).or_default().push(pattern));
    }

    /// Removes all patterns of a key, and says whether there were any.
    pub fn remove(&self, key: &K) -> bool {
        let is_known = self.patterns.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key);
        is_known && self.edit(|patterns| patterns.remove(key).is_some())
    }

    /// Makes many changes at once. Who matches sees all of them or none: none if `change` panics. It must not use these
    /// rules itself, which are locked for other changes until it is done.
    pub fn edit<T>(&self, change: impl FnOnce(&mut HashMap<K, Vec<Pattern>>) -> T) -> T {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = patterns.clone();
        let done = change(&mut changed);
        let each = changed.iter().flat_map(|(key, all)| all.iter().map(|pattern| (key.clone(), pattern)));
        let matcher = Arc::new(Matcher::new(each));
        *patterns = changed;
        let before = std::mem::replace(&mut *self.matcher.write().unwrap_or_else(PoisonError::into_inner), matcher);
        // Taking it apart takes time, for which nobody has to wait.
        drop(patterns);
        drop(before);
        done
    }
}

impl<K: Clone + Eq + Hash> Default for Rules<K> {
    fn default() -> Rules<K> {
        Rules::new()
    }
}

impl<K: fmt::Debug> fmt::Debug for Rules<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("matcher", &self.matcher).finish_non_exhaustive()
    }
}
