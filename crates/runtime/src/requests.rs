//! Decides how functions that answer requests are called: with what the gateway read, as often at once as they may.

use crate::invoke::{Body, InvokeError, Runtime};
use engine::trace::{self, Begun};
use orders::shop::api::{self, Answer, Follow, Operation, Request};
use orders::shop::ports::Unreadable;
use std::time::Instant;
use types::{FunctionName, Qualifier};

impl Runtime {
    /// Whether a function answers requests.
    pub fn takes_requests(&self, function: &FunctionName) -> bool {
        self.function(function).is_ok_and(|function| matches!(function.body, Body::Api(_) | Body::Chatbot(_)))
    }

    /// Has a function, or a version or alias of it, answer a request; one that it does not answer is not found.
    pub async fn answer(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
        request: &Request<'_>,
    ) -> Result<Answer, InvokeError> {
        let drawn = self.drawn(name, qualifier)?;
        let function = match &drawn {
            Some(version) => version,
            None => self.function(name)?,
        };
        let Some(_taken) = function.environments.take(engine::now()) else {
            self.meters.invocations.with(&[name.as_str(), "throttled"]).one();
            return Err(InvokeError::Throttled(name.clone()));
        };
        let begun = Instant::now();
        let span = self.begin_span(name, request.request_id);
        let within = || span.as_ref().map(Begun::current);
        let answer = match &function.body {
            // Put aside, so that what it takes is not moved about with each future around it.
            Body::Api(shop) => trace::within(within(), Box::pin(api::handle(&**shop, request))).await,
            Body::Chatbot(chat) if request.operation == Operation::AskChatbot => {
                trace::within(within(), Box::pin(chat.answer(request))).await
            }
            Body::Chatbot(_) | Body::Records(_) | Body::Premium(_) | Body::Worker(_) | Body::Snacks(_) => {
                return Err(InvokeError::NotFound(name.clone()));
            }
        };
        if let Some(mut span) = span {
            if let Some(order) = &answer.concerns {
                span.say("orderflow.order.id", order.as_str());
            }
            span.end((answer.status >= 500).then(|| format!("status {}", answer.status)));
        }
        // What is said again was taken in before.
        let again = || answer.headers.iter().any(|(name, _)| *name == "idempotent-replayed");
        if request.operation == Operation::CreateOrder && answer.status == 201 && !again() {
            self.meters.taken.with(&[name.as_str()]).one();
        }
        self.meters.ran(name, if answer.status < 500 { "ok" } else { "failed" }, begun.elapsed());
        Ok(answer)
    }

    /// What has happened to an order since the client heard of it last.
    pub async fn more_events(
        &self,
        name: &FunctionName,
        tenant: &str,
        follow: Follow,
    ) -> Result<(Vec<u8>, Option<Follow>), Unreadable> {
        match self.function(name).map(|function| &function.body) {
            Ok(Body::Api(shop)) => api::more_events(&**shop, tenant, follow).await,
            _ => Ok((Vec::new(), None)),
        }
    }
}
