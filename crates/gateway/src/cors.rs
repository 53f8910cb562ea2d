//! Decides which browser page may use the API: what a preflight is answered, and which headers answers then carry.
//!
//! Start at [`Cors::of`]: a path whose `OPTIONS` is a mock with `Access-Control-Allow-Origin` allows what that mock says.
//! On AWS functions must repeat the header themselves; here every answer of the path carries it, errors too.
//!
//! Invariant: an origin is allowed only if the template names it or all; what a request sends is never sent back unless
//! it equals a text of the template.

use crate::answer::{Answer, Header};
use crate::mock::Mock;
use std::borrow::Cow;

/// What a path allows to pages of other origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cors {
    origins: Origins,
    /// Of the answer itself, beside the origin.
    beside: Vec<Header>,
    preflight: Mock,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origins {
    Any,
    /// As a browser writes them: `https://shop.example.com`.
    Listed(Box<[Box<str>]>),
}

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

impl Cors {
    /// What the mock of `OPTIONS` allows, if it is one for browsers.
    pub(crate) fn of(mock: &Mock) -> Option<Self> {
        let is = |header: &Header, name: &str| header.0.eq_ignore_ascii_case(name);
        let (_, value) = mock.headers.iter().find(|header| is(header, ALLOW_ORIGIN))?;
        let origins = if value.trim() == "*" {
            Origins::Any
        } else {
            Origins::Listed(value.split([',', ' ']).filter(|one| !one.is_empty()).map(Into::into).collect())
        };
        let kept = |header: &&Header| {
            is(header, "Access-Control-Allow-Credentials") || is(header, "Access-Control-Expose-Headers")
        };
        let beside = mock.headers.iter().filter(kept).cloned().collect();
        let mut preflight = mock.clone();
        preflight.headers.retain(|header| !is(header, ALLOW_ORIGIN));
        Some(Self { origins, beside, preflight })
    }

    /// What a preflight is answered.
    pub(crate) fn preflight(&self, origin: Option<&str>) -> Answer {
        let mut answer = self.preflight.answer();
        answer.add_missing(self.headers(origin));
        answer
    }

    /// What every answer of the path carries.
    pub(crate) fn headers(&self, origin: Option<&str>) -> Vec<Header> {
        let allowed: Option<Cow<'static, str>> = match &self.origins {
            Origins::Any => Some("*".into()),
            Origins::Listed(all) => {
                let same = |one: &&str| origin.is_some_and(|origin| one.eq_ignore_ascii_case(origin));
                all.iter().map(AsRef::as_ref).find(same).map(|origin| origin.to_owned().into())
            }
        };
        let mut headers: Vec<Header> = Vec::new();
        if let Some(allowed) = allowed {
            headers.push((ALLOW_ORIGIN.into(), allowed));
            headers.extend(self.beside.iter().cloned());
        }
        if self.origins != Origins::Any {
            headers.push(("Vary".into(), "Origin".into()));
        }
        headers
    }

    pub(crate) fn allows_the_same(&self, other: &Self) -> bool {
        self.origins == other.origins && self.beside == other.beside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origin: &str) -> Cors {
        let headers = vec![
            (ALLOW_ORIGIN.into(), origin.to_owned().into()),
            ("Access-Control-Allow-Methods".into(), "GET,POST".into()),
            ("Access-Control-Expose-Headers".into(), "ETag".into()),
        ];
        Cors::of(&Mock { status: 204, headers, body: "".into() }).unwrap()
    }

    #[test]
    fn an_origin_is_allowed_if_the_template_names_it() {
        let cases = [
            ("*", Some("https://any.example"), Some("*")),
            ("*", None, Some("*")),
            ("https://a.example,https://b.example", Some("https://b.example"), Some("https://b.example")),
            ("https://a.example", Some("https://a.example.evil"), None),
            ("https://a.example", Some("http://a.example"), None),
            ("https://a.example", Some("null"), None),
            ("https://a.example", None, None),
        ];
        for (listed, origin, allowed) in cases {
            let answer = cors(listed).preflight(origin);
            assert_eq!(answer.header(ALLOW_ORIGIN), allowed, "{listed} for {origin:?}");
            assert_eq!(answer.header("vary").is_some(), listed != "*", "{listed}");
            assert_eq!(answer.header("access-control-allow-methods"), Some("GET,POST"));
            let headers = cors(listed).headers(origin);
            assert_eq!(headers.iter().any(|(name, _)| name == "Access-Control-Expose-Headers"), allowed.is_some());
        }
    }

    #[test]
    fn a_mock_that_names_no_origin_is_none_for_browsers() {
        assert_eq!(Cors::of(&Mock { status: 200, headers: Vec::new(), body: "".into() }), None);
    }
}
