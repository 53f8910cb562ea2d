//! Decides how a model of Amazon Bedrock is asked: `POST /model/{modelId}/converse`, signed or with a bearer token.

use super::sigv4::{Credentials, Signed, sign};
use super::{Surroundings, TOKENS_MAX, call};
use crate::remote::connect::{Address, Pool};
use crate::remote::sensitive;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use orders::shop::chatbot::phrasing::Prompt;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use types::Timestamp;

/// What Bedrock's requests are signed for.
const SERVICE: &str = "bedrock";
const REGION_USUAL: &str = "us-east-1";

/// A model of Amazon Bedrock.
pub(crate) struct Bedrock {
    address: Address,
    pool: Pool,
    path: String,
    region: String,
    proof: Proof,
}

/// How Bedrock knows who asks.
enum Proof {
    Signature(Credentials),
    Bearer(HeaderValue),
}

impl Bedrock {
    pub(super) fn new(
        model_id: &str,
        endpoint: Option<&str>,
        region: Option<&str>,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, (&'static str, String)> {
        let usual = || surroundings("AWS_REGION").or_else(|| surroundings("AWS_DEFAULT_REGION"));
        let region = region.map(str::to_owned).or_else(usual).unwrap_or_else(|| REGION_USUAL.to_owned());
        let endpoint =
            endpoint.map_or_else(|| format!("https://bedrock-runtime.{region}.amazonaws.com"), str::to_owned);
        let address = Address::parse(&endpoint).map_err(|problem| ("BEDROCK_ENDPOINT", problem))?;
        let proof = Proof::find(surroundings).map_err(|problem| ("BEDROCK_MODEL_ID", problem))?;
        let path = format!("{}/model/{}/converse", address.path(), encoded(model_id));
        Ok(Self { address, pool: Pool::default(), path, region, proof })
    }

    pub(super) async fn ask(&self, prompt: &Prompt) -> Result<String, String> {
        let body = json!({
            "system": [{"text": prompt.system}],
            "messages": [{"role": "user", "content": [{"text": prompt.user}]}],
            "inferenceConfig": {"maxTokens": TOKENS_MAX, "temperature": 0.2},
        });
        let request = self.request(body.to_string(), engine::now())?;
        let answer = call(&self.pool, &self.address, request).await?;
        text(&answer).ok_or_else(|| format!("{}: its answer has no text", self.address.shown()))
    }

    fn request(&self, body: String, now: Timestamp) -> Result<Request<Full<Bytes>>, String> {
        let host = self.address.host_header();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header("host", &host)
            .header("content-type", "application/json");
        match &self.proof {
            Proof::Bearer(token) => request = request.header("authorization", token),
            Proof::Signature(credentials) => {
                let headers = [("content-type", "application/json"), ("host", &host)];
                let Signed { authorization, date } =
                    sign(credentials, &self.region, SERVICE, ("POST", &self.path, &headers, body.as_bytes()), now);
                request = request.header("x-amz-date", date).header("authorization", sensitive(&authorization)?);
                if let Some(token) = &credentials.session_token {
                    request = request.header("x-amz-security-token", sensitive(token)?);
                }
            }
        }
        request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())
    }
}

impl Proof {
    /// What the process is given, by the names that AWS's own programs look for.
    fn find(surroundings: Surroundings<'_>) -> Result<Self, String> {
        let filled = |name: &str| surroundings(name).filter(|value| !value.trim().is_empty());
        if let Some(token) = filled("AWS_BEARER_TOKEN_BEDROCK") {
            let wrong = |_| "needs AWS_BEARER_TOKEN_BEDROCK without characters that no header may have".to_owned();
            return sensitive(&format!("Bearer {}", token.trim())).map(Self::Bearer).map_err(wrong);
        }
        match (filled("AWS_ACCESS_KEY_ID"), filled("AWS_SECRET_ACCESS_KEY")) {
            (Some(key_id), Some(secret)) => {
                let session_token = filled("AWS_SESSION_TOKEN");
                Ok(Self::Signature(Credentials { key_id, secret, session_token }))
            }
            _ => Err("needs somebody who asks: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
                      AWS_BEARER_TOKEN_BEDROCK, where orderflow runs"
                .to_owned()),
        }
    }
}

/// A model's name as one part of a path.
fn encoded(model_id: &str) -> String {
    let mut out = String::with_capacity(model_id.len() + 8);
    for byte in model_id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes everything");
        }
    }
    out
}

/// The text of an answer. One that was cut off, or stopped by a guardrail, is none.
fn text(answer: &[u8]) -> Option<String> {
    let answer: Json = serde_json::from_slice(answer).ok()?;
    if !matches!(answer["stopReason"].as_str(), Some("end_turn" | "stop_sequence")) {
        return None;
    }
    let pieces = answer["output"]["message"]["content"].as_array()?;
    let text: String = pieces.iter().filter_map(|piece| piece["text"].as_str()).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name in the path is encoded once on the wire, and once more in what is signed.
    #[test]
    fn a_models_name_is_one_part_of_the_path() {
        let cases = [
            ("amazon.nova-lite-v1", "amazon.nova-lite-v1"),
            ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1%3A0"),
            (
                "arn:aws:bedrock:eu-west-1::foundation-model/m",
                "arn%3Aaws%3Abedrock%3Aeu-west-1%3A%3Afoundation-model%2Fm",
            ),
        ];
        for (model_id, expected) in cases {
            assert_eq!(encoded(model_id), expected);
        }
    }
}
