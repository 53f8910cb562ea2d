//! Decides how the chatbot's model is asked: Bedrock's Converse, or any endpoint that speaks as OpenAI's.
//!
//! Start at [`Phraser::new`], which makes what the function's environment asks for. Secrets stand where orderflow runs,
//! never in a template. What a model says is only a text here; whether anybody reads it is for `orders` to decide.
//!
//! Invariant: a call costs one connection, an answer of bounded size, and the time that its caller allows. Redirects are
//! not followed.

mod bedrock;
mod openai;
mod sigv4;

use crate::remote::connect::{Address, Pool};
use bedrock::Bedrock;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use openai::OpenAi;
use orders::shop::chatbot::phrasing::{Model, Phrased, Phrasing, Prompt, Unphrased};
use orders::shop::chatbot::settings::ModelSettings;

/// How many pieces of text an answer may have.
const TOKENS_MAX: u32 = 400;

/// The model that is asked.
pub(crate) enum Phraser {
    /// None.
    Nobody,
    /// One of Bedrock.
    Bedrock(Bedrock),
    /// One behind an endpoint as OpenAI's.
    OpenAi(OpenAi),
}

/// Where the process' own environment is looked up: secrets, and the region of AWS.
pub(crate) type Surroundings<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Phraser {
    /// What these settings ask for; else the variable to mend, and what is wrong with it.
    pub(crate) fn new(
        settings: Option<&ModelSettings>,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, (&'static str, String)> {
        Ok(match settings {
            None => Self::Nobody,
            Some(ModelSettings::Bedrock { model_id, endpoint, region }) => {
                Self::Bedrock(Bedrock::new(model_id, endpoint.as_deref(), region.as_deref(), surroundings)?)
            }
            Some(ModelSettings::OpenAi { url, model, key }) => {
                Self::OpenAi(OpenAi::new(url, model, key.as_deref(), surroundings)?)
            }
        })
    }
}

impl Phrasing for Phraser {
    async fn phrase(&self, prompt: &Prompt) -> Result<Phrased, Unphrased> {
        let (said, by) = match self {
            Self::Nobody => return Err(Unphrased::NoModel),
            Self::Bedrock(bedrock) => (bedrock.ask(prompt).await, Model::Bedrock),
            Self::OpenAi(openai) => (openai.ask(prompt).await, Model::OpenAi),
        };
        said.map(|text| Phrased { text, by }).map_err(Unphrased::Failed)
    }
}

/// Sends a request to a model; the answer's body, if it is a good one.
///
/// What a bad answer says stays there: it may repeat the question.
async fn call(pool: &Pool, address: &Address, request: Request<Full<Bytes>>) -> Result<Bytes, String> {
    let shown = |error: String| format!("{}: {error}", address.shown());
    match pool.call(address, request).await.map_err(shown)? {
        (200, body) => Ok(body),
        (status, _) => Err(shown(format!("it answers with status {status}"))),
    }
}

#[cfg(test)]
mod tests;
