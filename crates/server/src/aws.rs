//! Decides what of a call of an AWS client is traced; the room `desk` answers it.

use crate::app::App;
use crate::tracing;
use engine::trace;
use wire::{Reply, RequestHead, Response};

/// Answers a call.
pub(crate) async fn answer(app: &App, context: &wire::Context, head: &RequestHead<'_>, body: &[u8]) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let reply = Reply::new(head, body, &request_id, context);
    let Some(mut span) = tracing::begin(app, &Heads(head), &request_id) else {
        return desk::answer(&app.desk, &reply, head, body).await;
    };
    let response = trace::within(Some(span.current()), Box::pin(desk::answer(&app.desk, &reply, head, body))).await;
    span.rename(reply.operation().to_owned());
    span.say("rpc.system.name", "aws-api");
    span.say("rpc.method", reply.operation());
    span.say("http.response.status_code", i64::from(response.status));
    span.say("orderflow.request.id", request_id.as_str());
    span.end((response.status >= 500).then(|| format!("status {}", response.status)));
    response
}

/// The headers of a request, by their names.
struct Heads<'a>(&'a RequestHead<'a>);

impl gateway::admission::Headers for Heads<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.0.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn each(&self, see: &mut dyn FnMut(&str, &str)) {
        self.0.headers.iter().for_each(|(name, value)| see(name, value));
    }
}
