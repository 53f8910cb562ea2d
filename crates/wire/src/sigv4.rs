//! Decides whether a request was signed by who may: AWS's Signature Version 4, in the `Authorization` header.
//!
//! Start at [`verify`]. The body that arrived is hashed here, so a signature holds for it and no other. Signatures in
//! the query string (presigned URLs) are as good as none.

use crate::error::Code;
use crate::head::{RequestHead, form, hex, percent_decode};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use types::{Timestamp, sort};

/// How far a client's clock may be off.
pub const SKEW_MAX: Duration = Duration::from_secs(300);

/// A key that may sign requests.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// What requests name it by.
    pub access_key_id: String,
    /// What they are signed with.
    pub secret_access_key: String,
}

impl std::fmt::Debug for Credentials {
    /// Without the secret: what is printed ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Why a request is not taken as who it says it is from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no signature.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A part of the signature is missing or unreadable.
    #[error("Authorization header requires existence of {part}. Authorization={shown}")]
    Incomplete {
        /// Which part.
        part: &'static str,
        /// The header without its signature.
        shown: String,
    },
    /// The key is not one of ours.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// It was signed too long ago, or in the future.
    #[error("Signature {}", if *early {
        format!("not yet current: {signed_at} is still later than {bound} ({now} + 5 min.)")
    } else {
        format!("expired: {signed_at} is now earlier than {bound} ({now} - 5 min.)")
    })]
    Skewed {
        /// Whether it was signed in the future.
        early: bool,
        /// When, as the client says.
        signed_at: String,
        /// When it would be taken.
        bound: String,
        /// What our clock says.
        now: String,
    },
    /// The signature is not that of this request with this key.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl AuthError {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Missing => Code::MissingAuthenticationToken,
            Self::Incomplete { .. } => Code::IncompleteSignature,
            Self::UnknownKey => Code::UnrecognizedClient,
            Self::Skewed { .. } | Self::Mismatch => Code::InvalidSignature,
        }
    }
}

/// The parts of an `Authorization` header.
struct Signature<'a> {
    key_id: &'a str,
    /// `20240101/us-east-1/sqs/aws4_request`
    scope: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whether the request is signed with one of `keys`, by now; the key it is signed with.
pub fn verify<'k>(
    head: &RequestHead<'_>,
    body: &[u8],
    keys: &'k [Credentials],
    now: Timestamp,
) -> Result<&'k Credentials, AuthError> {
    let header = head.header("authorization").ok_or(AuthError::Missing)?;
    let signature = read(header)?;
    let incomplete = |part| AuthError::Incomplete { part, shown: without_signature(header) };
    let date = head.header("x-amz-date").ok_or_else(|| incomplete("either a 'X-Amz-Date' or a 'Date' header"))?;
    let signed_at = read_date(date).ok_or_else(|| incomplete("a 'X-Amz-Date' header of the form 20240101T000000Z"))?;
    let scope: Vec<&str> = signature.scope.split('/').collect();
    let [day, region, service, "aws4_request"] = scope[..] else {
        return Err(incomplete("a 'Credential' of the form key/date/region/service/aws4_request"));
    };
    let key = keys.iter().find(|key| key.access_key_id == signature.key_id).ok_or(AuthError::UnknownKey)?;
    check_clock(signed_at, date, now)?;
    if !signs(signature.signed_headers, "host") || !date.starts_with(day) {
        return Err(AuthError::Mismatch);
    }
    let body_hash = hex(&Sha256::digest(body));
    let claimed = head.header("x-amz-content-sha256");
    let payload = match claimed {
        // A client may say that it did not hash the body; then that is what it signed.
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD",
        Some(claimed) if claimed != body_hash => return Err(AuthError::Mismatch),
        Some(_) | None => &body_hash,
    };
    let request = canonical_request(head, service, signature.signed_headers, payload).ok_or(AuthError::Mismatch)?;
    let to_sign = format!("{ALGORITHM}\n{date}\n{}\n{}", signature.scope, hex(&Sha256::digest(request.as_bytes())));
    let first = format!("AWS4{}", key.secret_access_key);
    let steps = [day, region, service, "aws4_request"];
    let signing_key =
        steps.iter().fold(first.into_bytes(), |key, step| mac(&key, step).finalize().into_bytes().to_vec());
    let given = unhex(signature.signature).ok_or(AuthError::Mismatch)?;
    // Compared in constant time, so that the answer's delay says nothing of the right signature.
    mac(&signing_key, &to_sign).verify_slice(&given).map(|()| key).map_err(|_| AuthError::Mismatch)
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text.as_bytes());
    mac
}

fn read(header: &str) -> Result<Signature<'_>, AuthError> {
    let rest = header.strip_prefix(ALGORITHM).ok_or(AuthError::Missing)?;
    let find = |name: &str, part: &'static str| {
        let mut parts = rest.split(',').map(str::trim);
        let found = parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| AuthError::Incomplete { part, shown: without_signature(header) })
    };
    let (credential, part) = (find("Credential", "'Credential' parameter")?, "'Credential' parameter");
    let incomplete = || AuthError::Incomplete { part, shown: without_signature(header) };
    let (key_id, scope) = credential.split_once('/').ok_or_else(incomplete)?;
    let signed_headers = find("SignedHeaders", "'SignedHeaders' parameter")?;
    Ok(Signature { key_id, scope, signed_headers, signature: find("Signature", "'Signature' parameter")? })
}

/// The header, cut before its signature and to a readable length.
fn without_signature(header: &str) -> String {
    header.split("Signature=").next().unwrap_or("").chars().take(300).collect()
}

fn signs(signed_headers: &str, name: &str) -> bool {
    signed_headers.split(';').any(|signed| signed == name)
}

/// What is signed of a request; `None` if it says to sign a header that it does not have.
fn canonical_request(head: &RequestHead<'_>, service: &str, signed_headers: &str, payload: &str) -> Option<String> {
    let mut lines = String::new();
    for name in signed_headers.split(';') {
        let values: Vec<String> = head
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() {
            return None;
        }
        lines.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let path = canonical_path(head.path, service);
    let mut query: Vec<(String, String)> = form(&head.query.replace('+', "%2B"))
        .iter()
        .map(|(name, value)| (escape(name, false), escape(value, false)))
        .collect();
    sort::ascending(&mut query);
    let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(format!("{}\n{path}\n{}\n{lines}\n{signed_headers}\n{payload}", head.method, query.join("&")))
}

/// The path as it is signed: without empty and dotted steps, and escaped once more than it was sent. S3 alone signs
/// paths as they are.
fn canonical_path(path: &str, service: &str) -> String {
    if service == "s3" {
        return escape(&percent_decode(path, false), true);
    }
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    let end = if path.ends_with('/') && !steps.is_empty() { "/" } else { "" };
    escape(&format!("/{}{end}", steps.join("/")), true)
}

/// Percent escapes for all but the characters that never need one.
fn escape(text: &str, path: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || path && byte == b'/';
        if plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn check_clock(signed_at: Timestamp, date: &str, now: Timestamp) -> Result<(), AuthError> {
    let early = signed_at.since(now) > SKEW_MAX;
    if !early && now.since(signed_at) <= SKEW_MAX {
        return Ok(());
    }
    let skew = i64::try_from(SKEW_MAX.as_millis()).expect("minutes fit");
    let bound = Timestamp::from_millis(now.millis() + if early { skew } else { -skew });
    Err(AuthError::Skewed { early, signed_at: date.to_owned(), bound: basic_date(bound), now: basic_date(now) })
}

/// `20240101T000000Z`
fn basic_date(at: Timestamp) -> String {
    at.iso_seconds().replace(['-', ':'], "")
}

fn read_date(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970 in the proleptic calendar: years begin in March, so that the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (month * 153 + 2) / 5 + day - 1 - 719_468;
    Some(Timestamp::from_millis((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(digits).collect()
}
