//! Decides how a request to AWS is signed: Signature Version 4, in the `Authorization` header.
//!
//! `wire` decides whether somebody else's signature is good; this is the other side of it, for the one service that we
//! ask. Paths are encoded once more than they are sent, as for every service but S3.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fmt::Write as _;
use types::Timestamp;

/// Who signs.
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) secret: String,
    /// What goes with keys that hold for a while only.
    pub(super) session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// What a signed request has in its headers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// `authorization`
    pub(super) authorization: String,
    /// `x-amz-date`
    pub(super) date: String,
}

/// Method, path as it is sent, headers by their names in small letters and in order, and body. The headers that signing
/// adds are not among them.
pub(super) type Parts<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [u8]);

/// Signs a request without a query.
pub(super) fn sign(
    credentials: &Credentials,
    region: &str,
    service: &str,
    (method, path, headers, body): Parts<'_>,
    now: Timestamp,
) -> Signed {
    let date = now.iso_seconds().replace(['-', ':'], "");
    let mut headers = headers.to_vec();
    headers.push(("x-amz-date", &date));
    if let Some(token) = &credentials.session_token {
        headers.push(("x-amz-security-token", token));
    }
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let values: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let payload = hex(&Sha256::digest(body));
    let request = format!("{method}\n{}\n\n{values}\n{names}\n{payload}", encoded_again(path));
    let scope = format!("{}/{region}/{service}/aws4_request", &date[..8]);
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let mut key = format!("AWS4{}", credentials.secret).into_bytes();
    for part in scope.split('/').chain([to_sign.as_str()]) {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length will do");
        mac.update(part.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    let key_id = &credentials.key_id;
    let signature = hex(&key);
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}");
    Signed { authorization, date }
}

/// A path that is encoded already, encoded once more: only its percent signs change.
fn encoded_again(path: &str) -> String {
    path.replace('%', "%25")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a String takes everything");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(session_token: Option<&str>) -> Credentials {
        Credentials {
            key_id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.map(str::to_owned),
        }
    }

    /// 30 August 2015, 12:36, as in all of AWS's examples.
    const NOW: Timestamp = Timestamp::from_millis(1_440_938_160_000);

    /// From AWS's own test suite: get-vanilla, post-vanilla, post-sts-header-before.
    #[test]
    fn signatures_are_those_of_the_test_suite() {
        let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
        let cases = [
            ("GET", None, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", None, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            ("POST", Some(token), "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        ];
        for (method, token, signature) in cases {
            let headers = [("host", "example.amazonaws.com")];
            let signed = sign(&example(token), "us-east-1", "service", (method, "/", &headers, b""), NOW);
            assert_eq!(signed.date, "20150830T123600Z");
            assert_eq!(signed.authorization.rsplit_once('=').unwrap().1, signature, "{method} {token:?}");
            let names = if token.is_some() { "host;x-amz-date;x-amz-security-token" } else { "host;x-amz-date" };
            let head = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={names}, "
            );
            assert!(signed.authorization.starts_with(&head), "{}", signed.authorization);
        }
    }

    /// As botocore 1.43 signs it.
    #[test]
    fn a_path_is_encoded_once_more_than_it_is_sent() {
        let path = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
        let headers = [("content-type", "application/json"), ("host", "bedrock-runtime.us-east-1.amazonaws.com")];
        let parts = ("POST", path, &headers[..], &b"{\"a\":1}"[..]);
        let signed = sign(&example(None), "us-east-1", "bedrock", parts, NOW);
        let signature = "0c70a227e6ddbb2a912ba9cff13cfc09ea63f8a804f58da3ef19ece0d87d2abe";
        assert_eq!(signed.authorization.rsplit_once('=').unwrap().1, signature, "{}", signed.authorization);
    }

    #[test]
    fn no_secret_is_shown() {
        assert!(!format!("{:?}", example(Some("token"))).contains("wJalr"));
    }
}
