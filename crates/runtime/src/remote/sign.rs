//! Decides how the other side knows that a call is ours: the signature of Standard Webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// What both sides know and nobody else: one secret, or several while one is replaced by another.
pub(crate) struct Secret(Vec<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A text such as `whsec_` and base64, or several of these with blanks in between; any other text counts as its
    /// bytes.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let encoded: Option<Vec<&str>> = text.split_whitespace().map(|one| one.strip_prefix("whsec_")).collect();
        let secrets = match encoded.filter(|all| !all.is_empty()) {
            Some(all) => {
                let decoded = all.into_iter().map(|one| BASE64.decode(one));
                decoded.collect::<Result<Vec<_>, _>>().map_err(|_| "is not base64 behind whsec_".to_owned())?
            }
            None => vec![text.as_bytes().to_vec()],
        };
        if secrets.iter().any(|secret| secret.len() < 16) {
            return Err("is shorter than 16 bytes, so it could be guessed".to_owned());
        }
        Ok(Self(secrets))
    }

    /// The signatures of a call, one for each secret: of its id, its second, and its body.
    pub(crate) fn sign(&self, id: &str, at: &str, body: &str) -> String {
        let signature = |secret: &Vec<u8>| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
            for part in [id, ".", at, ".", body] {
                mac.update(part.as_bytes());
            }
            format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
        };
        self.0.iter().map(signature).collect::<Vec<_>>().join(" ")
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
    fn while_a_secret_is_replaced_both_sign() {
        let (old, new) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let sign = |secret: &str| Secret::parse(secret).unwrap().sign("msg_1", "7", "{}");
        assert_eq!(sign(&format!("{new} {old}\n")), format!("{} {}", sign(new), sign(old)));
        assert!(Secret::parse(&format!("{new} whsec_c2hvcnQ=")).is_err(), "each is long enough");
    }

    #[test]
    fn weak_secrets_are_refused_and_none_is_shown() {
        assert!(Secret::parse("short").is_err());
        assert!(Secret::parse("whsec_***").is_err());
        let secret = Secret::parse("a secret that is long enough").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
