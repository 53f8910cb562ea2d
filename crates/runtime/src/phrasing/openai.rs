//! Decides how an endpoint as OpenAI's is asked: `POST {url}/v1/chat/completions`.

use super::{Surroundings, TOKENS_MAX, call};
use crate::remote::connect::{Address, Pool};
use crate::remote::sensitive;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use orders::shop::chatbot::phrasing::Prompt;
use serde_json::{Value as Json, json};

/// A model behind an endpoint as OpenAI's.
pub(crate) struct OpenAi {
    address: Address,
    pool: Pool,
    model: String,
    bearer: Option<HeaderValue>,
}

impl OpenAi {
    pub(super) fn new(
        url: &str,
        model: &str,
        key: Option<&str>,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, (&'static str, String)> {
        let address = Address::parse(url).map_err(|problem| ("CHATBOT_MODEL_URL", problem))?;
        let bearer = key.map(|name| {
            let missing =
                || format!("names the secret {name}: set the environment variable {name} where orderflow runs");
            let secret = surroundings(name).ok_or_else(missing)?;
            sensitive(&format!("Bearer {}", secret.trim()))
                .map_err(|_| format!("names the secret {name}, which has characters in it that no header may have"))
        });
        let bearer = bearer.transpose().map_err(|problem| ("CHATBOT_MODEL_KEY", problem))?;
        Ok(Self { address, pool: Pool::default(), model: model.to_owned(), bearer })
    }

    pub(super) async fn ask(&self, prompt: &Prompt) -> Result<String, String> {
        let body = json!({
            "model": self.model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "max_tokens": TOKENS_MAX,
            "temperature": 0.2,
        });
        // Some write the version into the URL, as OpenAI's own clients want it.
        let path = self.address.path();
        let path = path.strip_suffix("/v1").unwrap_or(path);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{path}/v1/chat/completions"))
            .header("host", self.address.host_header())
            .header("content-type", "application/json");
        if let Some(bearer) = &self.bearer {
            request = request.header("authorization", bearer);
        }
        let request = request.body(Full::new(Bytes::from(body.to_string()))).map_err(|error| error.to_string())?;
        let answer = call(&self.pool, &self.address, request).await?;
        text(&answer).ok_or_else(|| format!("{}: its answer has no text", self.address.shown()))
    }
}

/// The text of an answer. One that was cut off is none.
fn text(answer: &[u8]) -> Option<String> {
    let answer: Json = serde_json::from_slice(answer).ok()?;
    let choice = &answer["choices"][0];
    let whole = matches!(choice["finish_reason"].as_str(), None | Some("stop"));
    choice["message"]["content"].as_str().filter(|_| whole).map(str::to_owned)
}
