//! Decides what is served beside the API: health, the document of the API, and a page that draws it.

use super::Front;
use crate::body::Body;
use crate::listener;
use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

const INDEX: &str = include_str!("docs/index.html");
const SCRIPT: &str = include_str!("docs/docs.js");
const STYLE: &str = include_str!("docs/docs.css");
/// The page may use what it came with, and ask this server.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

impl Front {
    /// The page at this path, if there is one and the stack has no route of its own there.
    pub(super) fn page(&self, parts: &Parts) -> Option<Response<Body>> {
        if !matches!(parts.method.as_str(), "GET" | "HEAD") {
            return None;
        }
        Some(match parts.uri.path() {
            "/livez" => listener::plain(StatusCode::OK, "ok\n"),
            "/readyz" => match self.app.readiness() {
                Ok(()) => listener::plain(StatusCode::OK, "ok\n"),
                Err(why) => {
                    let text = [("content-type", "text/plain; charset=utf-8".to_owned())];
                    listener::respond(StatusCode::SERVICE_UNAVAILABLE, &text, format!("{why}\n").into_bytes())
                }
            },
            "/openapi.json" => match &self.served {
                Some(served) => page("application/json", served.document.clone()),
                None => return None,
            },
            "/" if self.served.is_some() => {
                listener::respond(StatusCode::FOUND, &[("location", "/docs".to_owned())], Vec::new())
            }
            "/docs" | "/docs/" => page("text/html; charset=utf-8", Bytes::from_static(INDEX.as_bytes())),
            "/docs/docs.js" => page("text/javascript; charset=utf-8", Bytes::from_static(SCRIPT.as_bytes())),
            "/docs/docs.css" => page("text/css; charset=utf-8", Bytes::from_static(STYLE.as_bytes())),
            _ => return None,
        })
    }
}

fn page(kind: &str, bytes: Bytes) -> Response<Body> {
    let headers = [
        ("content-type", kind.to_owned()),
        ("content-security-policy", POLICY.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("cache-control", "no-cache".to_owned()),
        // Anybody may read what the API is.
        ("access-control-allow-origin", "*".to_owned()),
    ];
    listener::respond(StatusCode::OK, &headers, bytes)
}
