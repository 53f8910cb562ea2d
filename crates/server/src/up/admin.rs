//! Decides who answers operators: AWS's APIs, the page of metrics, and what the command line asks.

use crate::app::App;
use crate::body::Body;
use crate::listener::{self, Admission, Service, Unread, Whole};
use crate::{aws, metrics, own};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;

/// The listener for operators: AWS's APIs, and our own under `/_orderflow/`.
pub(super) struct Admin {
    pub(super) app: Arc<App>,
    pub(super) context: wire::Context,
    pub(super) hosts: Vec<String>,
    pub(super) loopback: Vec<String>,
}

impl Service for Admin {
    type Ticket = ();

    fn admit(&self, parts: &Parts, _: SocketAddr) -> Admission<()> {
        match listener::is_ours(&parts.headers, &self.hosts) {
            // A batch of 25 items of 400 KB, with room for how JSON writes them.
            Ok(()) => Admission::Read { max: 20 << 20, ticket: () },
            Err(said) => Admission::Answer(listener::plain(StatusCode::FORBIDDEN, said)),
        }
    }

    fn refuse(&self, _: &Parts, (): (), unread: Unread) -> Response<Body> {
        listener::unread(unread)
    }

    async fn answer(self: &Arc<Self>, request: Whole, (): ()) -> Response<Body> {
        let Whole { parts, body, peer } = request;
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let query = parts.uri.query().unwrap_or("");
        if path == "/metrics" && method == "GET" {
            let app = Arc::clone(&self.app);
            // Counting what queues hold may wait for them.
            let page = engine::aside(move || metrics::page(&app)).await.unwrap_or_default();
            let kind = "text/plain; version=0.0.4; charset=utf-8".to_owned();
            return listener::respond(StatusCode::OK, &[("content-type", kind)], page.into_bytes());
        }
        if path.starts_with("/_orderflow/") {
            // Requests to these are not signed, so they are for this machine alone.
            if !peer.ip().is_loopback() {
                return listener::plain(StatusCode::FORBIDDEN, "this path answers to this machine only\n");
            }
            // Nor for pages of other sites that this machine's browser shows.
            if let Err(said) = listener::is_ours(&parts.headers, &self.loopback) {
                return listener::plain(StatusCode::FORBIDDEN, said);
            }
            let answer = own::answer(&self.app, method, path, query, &body).await;
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return listener::respond(status, &[("content-type", answer.content_type.to_owned())], answer.body);
        }
        let headers: Vec<(&str, &str)> =
            parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let head = wire::RequestHead { method, path, query, headers: &headers };
        let response = aws::answer(&self.app, &self.context, &head, &body).await;
        let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers: Vec<(&str, String)> = response.headers;
        listener::respond(status, &headers, response.body)
    }
}
