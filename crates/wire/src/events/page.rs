//! Decides which part of a list a client gets: [`Page`].
//!
//! A token is the last name that was told, so a list may change between two pages: what is there all the time is told
//! once.

use crate::error::WireError;
use crate::reply::Service;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use types::sort;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    prefix: Option<String>,
    after: Option<String>,
    limit: usize,
}

impl Page {
    pub(crate) fn new(prefix: Option<&str>, token: Option<&str>, limit: usize) -> Result<Self, WireError> {
        let after = token.map(|token| {
            let name = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            name.ok_or_else(|| WireError::token_invalid(Service::Events))
        });
        Ok(Self { prefix: prefix.map(str::to_owned), after: after.transpose()?, limit })
    }

    /// Of all that there is this page, in the order of the names, and whether there is more after it.
    pub fn of<T>(&self, mut all: Vec<T>, name: impl Fn(&T) -> &str) -> (Vec<T>, bool) {
        all.retain(|one| {
            let begins = self.prefix.as_deref().is_none_or(|prefix| name(one).starts_with(prefix));
            begins && self.after.as_deref().is_none_or(|after| name(one) > after)
        });
        sort::by(&mut all, |one, other| name(one).cmp(name(other)));
        let more = all.len() > self.limit;
        all.truncate(self.limit);
        (all, more)
    }

    /// What goes on after the last name, if there is more.
    pub(crate) fn token(last: Option<&str>, more: bool) -> Option<String> {
        last.filter(|_| more).map(|last| BASE64.encode(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_tell_everything_once() {
        let all = || vec!["b", "aa", "ac", "ab", "c"];
        let mut seen = Vec::new();
        let mut next = None;
        loop {
            let (names, more) = Page::new(Some("a"), next.as_deref(), 2).unwrap().of(all(), |name| name);
            seen.extend(names.iter().copied());
            next = Page::token(names.last().copied(), more);
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["aa", "ab", "ac"]);
        assert!(Page::new(None, Some("no token!"), 2).is_err());
        let (names, more) = Page::new(None, None, 5).unwrap().of(all(), |name| name);
        assert_eq!((names.len(), more), (5, false));
    }
}
