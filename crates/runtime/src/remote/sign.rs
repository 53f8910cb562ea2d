//! Decides how the other side knows that a call is ours: the signature of Standard Webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// What both sides know and nobody else.
pub(super) struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A text such as `whsec_` and base64; any other text counts as its bytes.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bytes = match text.strip_prefix("whsec_") {
            Some(encoded) => BASE64.decode(encoded).map_err(|_| "is not base64 behind whsec_".to_owned())?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.len() < 16 {
            return Err("is shorter than 16 bytes, so it could be guessed".to_owned());
        }
        Ok(Self(bytes))
    }

    /// The signature of a call: of its id, its second, and its body.
    pub(super) fn sign(&self, id: &str, at: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        for part in [id, ".", at, ".", body] {
            mac.update(part.as_bytes());
        }
        format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of the specification's own libraries.
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn weak_secrets_are_refused_and_none_is_shown() {
        assert!(Secret::parse("short").is_err());
        assert!(Secret::parse("whsec_***").is_err());
        let secret = Secret::parse("a secret that is long enough").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
