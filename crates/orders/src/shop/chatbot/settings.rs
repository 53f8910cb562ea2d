//! Decides which model the chatbot asks, from the environment of its function.
//!
//! Start at [`Settings::parse`]. Without a model the chatbot answers in our own words. Secrets are named here and stand
//! elsewhere.

use crate::shop::settings::{Reader, WrongSetting, WrongSettings, is_secret_name};
use std::time::Duration;

/// Which model is asked, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which, if any.
    pub model: Option<ModelSettings>,
    /// How long it may take.
    pub timeout: Duration,
}

/// Which model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSettings {
    /// One of Amazon Bedrock.
    Bedrock {
        /// What Bedrock calls it, or its ARN.
        model_id: String,
        /// Where Bedrock is, if not where its region says.
        endpoint: Option<String>,
        /// Its region, if it is set.
        region: Option<String>,
    },
    /// One behind an endpoint as OpenAI's.
    OpenAi {
        /// What comes before `/v1/chat/completions`.
        url: String,
        /// What the endpoint calls it.
        model: String,
        /// The name of the secret that it is asked with, if it wants one.
        key: Option<String>,
    },
}

const TIMEOUT_MS_USUAL: u32 = 5_000;
const SECRET: &str = "write the name of a secret: up to 512 letters, digits and /_+=.@-";

impl Settings {
    /// Reads the environment of a function.
    ///
    /// # Errors
    /// When a value is not allowed, or two models are set: all such at once.
    pub fn parse<'e>(look_up: impl Fn(&str) -> Option<&'e str>) -> Result<Self, WrongSettings> {
        let mut reader = Reader::new(look_up);
        let name = "write the model's name or ARN: up to 2048 visible ASCII characters";
        let fair = |value: &str| {
            let fair = value.len() <= 2_048 && value.bytes().all(|byte| byte.is_ascii_graphic());
            fair.then(|| value.to_owned())
        };
        let model_id = reader.read("BEDROCK_MODEL_ID", name, fair);
        let endpoint = reader.url("BEDROCK_ENDPOINT");
        let region = reader.read("BEDROCK_REGION", "write a region such as us-east-1", |value| {
            let sound = value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            (sound && value.len() <= 64).then(|| value.to_owned())
        });
        let url = reader.url("CHATBOT_MODEL_URL");
        let model = reader.read("CHATBOT_MODEL", name, fair);
        let key = reader.read("CHATBOT_MODEL_KEY", SECRET, |value| is_secret_name(value).then(|| value.to_owned()));
        let timeout = reader.whole("CHATBOT_TIMEOUT_MS", 10..=25_000, "milliseconds").unwrap_or(TIMEOUT_MS_USUAL);
        let mut missing = |name, other: &str, allowed: &str| {
            let allowed = format!("{other} is set: {allowed}");
            reader.wrong.push(WrongSetting { name, value: String::new(), allowed });
        };
        if url.is_some() && model.is_none() {
            missing("CHATBOT_MODEL", "CHATBOT_MODEL_URL", "write what the endpoint calls the model");
        }
        if url.is_none() && (model.is_some() || key.is_some()) {
            missing("CHATBOT_MODEL_URL", "CHATBOT_MODEL or CHATBOT_MODEL_KEY", "write where the model is");
        }
        if model_id.is_none() && (endpoint.is_some() || region.is_some()) {
            missing("BEDROCK_MODEL_ID", "BEDROCK_ENDPOINT or BEDROCK_REGION", "write which model to ask");
        }
        if url.is_some() && model_id.is_some() {
            missing("CHATBOT_MODEL_URL", "BEDROCK_MODEL_ID", "leave out one of both, as one model is asked");
        }
        let timeout = Duration::from_millis(timeout.into());
        let model = match (model_id, url, model) {
            _ if !reader.wrong.is_empty() => return Err(WrongSettings(reader.wrong)),
            (Some(model_id), ..) => Some(ModelSettings::Bedrock { model_id, endpoint, region }),
            (None, Some(url), Some(model)) => Some(ModelSettings::OpenAi { url, model, key }),
            (None, ..) => None,
        };
        Ok(Self { model, timeout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &'static str)]) -> Result<Settings, Vec<String>> {
        let look_up = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Settings::parse(look_up).map_err(|wrong| wrong.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn no_model_is_asked_unless_one_is_set() {
        let usual = Settings { model: None, timeout: Duration::from_secs(5) };
        assert_eq!(parse(&[]), Ok(usual.clone()));
        assert_eq!(parse(&[("CHATBOT_MODEL_URL", ""), ("BEDROCK_MODEL_ID", " ")]), Ok(usual));
    }

    #[test]
    fn each_model_has_its_settings() {
        let bedrock = parse(&[
            ("BEDROCK_MODEL_ID", "anthropic.claude-3-haiku-20240307-v1:0"),
            ("BEDROCK_ENDPOINT", "https://bedrock.example/"),
            ("BEDROCK_REGION", "eu-central-1"),
            ("CHATBOT_TIMEOUT_MS", "2500"),
        ]);
        let model = ModelSettings::Bedrock {
            model_id: "anthropic.claude-3-haiku-20240307-v1:0".to_owned(),
            endpoint: Some("https://bedrock.example".to_owned()),
            region: Some("eu-central-1".to_owned()),
        };
        assert_eq!(bedrock, Ok(Settings { model: Some(model), timeout: Duration::from_millis(2_500) }));
        let open = parse(&[
            ("CHATBOT_MODEL_URL", "http://127.0.0.1:11434"),
            ("CHATBOT_MODEL", "small"),
            ("CHATBOT_MODEL_KEY", "MODEL_KEY"),
        ]);
        let model = ModelSettings::OpenAi {
            url: "http://127.0.0.1:11434".to_owned(),
            model: "small".to_owned(),
            key: Some("MODEL_KEY".to_owned()),
        };
        assert_eq!(open.unwrap().model, Some(model));
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let cases: [(&[(&str, &'static str)], &str); 7] = [
            (&[("CHATBOT_MODEL_URL", "https://x")], "CHATBOT_MODEL is \"\"; CHATBOT_MODEL_URL is set"),
            (&[("CHATBOT_MODEL_KEY", "K")], "CHATBOT_MODEL_URL is \"\"; CHATBOT_MODEL or"),
            (&[("BEDROCK_REGION", "us-east-1")], "BEDROCK_MODEL_ID is \"\"; BEDROCK_ENDPOINT or"),
            (&[("BEDROCK_MODEL_ID", "a b")], "BEDROCK_MODEL_ID is \"a b\"; write the model's name"),
            (&[("BEDROCK_REGION", "US East")], "BEDROCK_REGION is \"US East\"; write a region"),
            (&[("CHATBOT_TIMEOUT_MS", "60000")], "CHATBOT_TIMEOUT_MS is \"60000\"; write a whole number"),
            (
                &[("BEDROCK_MODEL_ID", "m"), ("CHATBOT_MODEL_URL", "https://x"), ("CHATBOT_MODEL", "m")],
                "CHATBOT_MODEL_URL is \"\"; BEDROCK_MODEL_ID is set: leave out one",
            ),
        ];
        for (variables, expected) in cases {
            let wrong = parse(variables).unwrap_err();
            assert!(wrong[0].starts_with(expected), "{variables:?}: {wrong:?}");
        }
    }
}
