//! Decides who a request is from: what an API key looks like, what is kept of it, whether it may do what it asks for.
//!
//! Start at [`Keys::find`]. A key is shown once, when it is made ([`Secret`]); what is kept is its hash, so a copy of what
//! is kept opens nothing. 192 random bits need no salt and no slow hash: there is nothing to guess.
//!
//! Invariant: a key is looked up by its hash alone, so how long that takes says nothing about keys that are there.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use types::Timestamp;

/// How many random bytes a key is made of.
pub const KEY_RANDOM_BYTES: usize = 24;
/// How many letters write them: 62^33 is more than 2^192.
const LETTERS: usize = 33;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIX: &str = "of_";
/// What is longer is no key, and is not hashed.
const PRESENTED_BYTES_MAX: usize = 256;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// From its text.
            pub fn new(text: impl Into<Box<str>>) -> Self {
                Self(text.into())
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// What a key is called where the key itself must not stand.
    KeyId
}
name! {
    /// Whose data a key opens.
    Tenant
}
name! {
    /// Which usage plan a key has.
    PlanName
}
name! {
    /// What a key may do, such as `orders:write`.
    Scope
}

/// A key in the clear: shown once, kept nowhere.
pub struct Secret(String);

impl Secret {
    /// Makes a key of bytes that nobody can guess.
    pub fn generate(random: [u8; KEY_RANDOM_BYTES]) -> Self {
        let mut number = random;
        let mut letters = [b'0'; LETTERS];
        for letter in letters.iter_mut().rev() {
            // The number is divided by 62, from its highest byte on; what is left over is the next letter.
            let mut left = 0u32;
            for byte in &mut number {
                let here = left << 8 | u32::from(*byte);
                *byte = u8::try_from(here / 62).expect("what is left is below 62");
                left = here % 62;
            }
            *letter = ALPHABET[left as usize];
        }
        let letters = std::str::from_utf8(&letters).expect("the alphabet is ASCII");
        Self(format!("{PREFIX}{letters}"))
    }

    /// The key, for the one time that it is shown.
    pub fn show(&self) -> &str {
        &self.0
    }

    /// What is kept.
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }

    /// By what people recognise it.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(…{})", self.last_four())
    }
}

/// The SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Of a key as it was presented.
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({self})")
    }
}

impl From<KeyHash> for String {
    fn from(hash: KeyHash) -> Self {
        hash.to_string()
    }
}

/// The text is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the hash of a key is 64 hexadecimal digits")]
pub struct ParseKeyHashError;

impl TryFrom<String> for KeyHash {
    type Error = ParseKeyHashError;

    fn try_from(text: String) -> Result<Self, ParseKeyHashError> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseKeyHashError);
        }
        for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| ParseKeyHashError)?;
        }
        Ok(Self(hash))
    }
}

/// What is kept of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// What it is called.
    pub id: KeyId,
    /// The SHA-256 of the key.
    pub hash: KeyHash,
    /// For people.
    pub name: Box<str>,
    /// Whose data it opens.
    pub tenant: Tenant,
    /// How much it may ask for.
    pub plan: PlanName,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken back, if it was; it never comes back.
    pub revoked_at: Option<Timestamp>,
    /// The last four characters of the key, for people to recognise it.
    pub last_four: Box<str>,
}

impl KeyRecord {
    /// Whether the key may do what needs this scope.
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|had| had.as_str() == scope)
    }
}

/// A key, shared with the requests that come with it.
pub type KeyRef<'k> = &'k Arc<KeyRecord>;

/// What a presented key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'k> {
    /// There is none.
    Missing,
    /// There is no such key.
    Unknown,
    /// It was taken back.
    Revoked(KeyRef<'k>),
    /// It may not do this.
    WrongScope(KeyRef<'k>),
    /// It is good.
    Key(KeyRef<'k>),
}

/// All keys that there are.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// Shared, since a request keeps its key until it is answered.
    by_hash: HashMap<KeyHash, Arc<KeyRecord>>,
}

impl Keys {
    /// Adds a key, or replaces what is known of it.
    pub fn put(&mut self, record: KeyRecord) {
        self.by_hash.insert(record.hash, Arc::new(record));
    }

    /// Every key, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &KeyRecord> {
        self.by_hash.values().map(AsRef::as_ref)
    }

    /// The key of an id.
    pub fn by_id(&self, id: &str) -> Option<&KeyRecord> {
        self.iter().find(|record| record.id.as_str() == id)
    }

    /// Takes a key back; false if there is none of this id. Of a key that was taken back the first time holds.
    pub fn revoke(&mut self, id: &str, at: Timestamp) -> bool {
        let found = self.by_hash.values_mut().find(|record| record.id.as_str() == id);
        found.map(|record| Arc::make_mut(record).revoked_at.get_or_insert(at)).is_some()
    }

    /// What a presented key is, for what needs all of these scopes.
    pub fn find(&self, presented: Option<&str>, scopes: &[Scope]) -> Outcome<'_> {
        let presented = match presented.map(str::trim) {
            None | Some("") => return Outcome::Missing,
            Some(presented) if presented.len() > PRESENTED_BYTES_MAX => return Outcome::Unknown,
            Some(presented) => presented,
        };
        match self.by_hash.get(&KeyHash::of(presented)) {
            None => Outcome::Unknown,
            Some(record) if record.revoked_at.is_some() => Outcome::Revoked(record),
            Some(record) if !scopes.iter().all(|scope| record.has(scope.as_str())) => Outcome::WrongScope(record),
            Some(record) => Outcome::Key(record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(secret: &Secret) -> KeyRecord {
        KeyRecord {
            id: KeyId::new("k1"),
            hash: secret.hash(),
            name: "shop".into(),
            tenant: Tenant::new("acme"),
            plan: PlanName::new("standard"),
            scopes: vec![Scope::new("orders:read")],
            created_at: Timestamp::EPOCH,
            revoked_at: None,
            last_four: secret.last_four().into(),
        }
    }

    #[test]
    fn a_presented_key_is_one_of_five_things() {
        let secret = Secret::generate([7; KEY_RANDOM_BYTES]);
        let mut keys = Keys::default();
        keys.put(record(&secret));
        let (read, write) = ([Scope::new("orders:read")], [Scope::new("orders:write"), Scope::new("orders:read")]);
        assert_eq!(keys.find(None, &read), Outcome::Missing);
        assert_eq!(keys.find(Some("  "), &read), Outcome::Missing);
        assert_eq!(keys.find(Some("of_nothing"), &read), Outcome::Unknown);
        assert_eq!(keys.find(Some(&secret.show().to_lowercase()), &read), Outcome::Unknown);
        assert_eq!(keys.find(Some(&"x".repeat(10_000)), &read), Outcome::Unknown);
        assert!(
            matches!(keys.find(Some(secret.show()), &read), Outcome::Key(found) if found.tenant.as_str() == "acme")
        );
        assert!(matches!(keys.find(Some(secret.show()), &write), Outcome::WrongScope(_)));
        assert!(keys.revoke("k1", Timestamp::from_millis(5)) && keys.revoke("k1", Timestamp::from_millis(9)));
        assert!(!keys.revoke("k2", Timestamp::EPOCH));
        let Outcome::Revoked(found) = keys.find(Some(secret.show()), &read) else { panic!("it was taken back") };
        assert_eq!(found.revoked_at, Some(Timestamp::from_millis(5)));
    }

    #[test]
    fn what_is_kept_does_not_show_the_key() {
        let secret = Secret::generate([200; KEY_RANDOM_BYTES]);
        let kept = serde_json::to_string(&record(&secret)).unwrap();
        assert!(!kept.contains(&secret.show()[3..20]), "{kept}");
        assert!(!format!("{secret:?}").contains(&secret.show()[..20]));
        assert_eq!(serde_json::from_str::<KeyRecord>(&kept).unwrap(), record(&secret));
        assert!(serde_json::from_str::<KeyHash>("\"é0\"").is_err());
    }

    #[test]
    fn the_hash_is_sha_256() {
        let hash = KeyHash::of("abc").to_string();
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    proptest! {
        /// A key's letters give back its bytes, so no two keys are alike and none is short of a bit.
        #[test]
        fn a_key_holds_all_of_its_random_bits(random in any::<[u8; KEY_RANDOM_BYTES]>()) {
            let secret = Secret::generate(random);
            let letters = secret.show().strip_prefix("of_").unwrap();
            prop_assert_eq!(letters.len(), LETTERS);
            let mut number = [0u8; KEY_RANDOM_BYTES];
            for letter in letters.bytes() {
                let mut carry = ALPHABET.iter().position(|one| *one == letter).unwrap() as u32;
                for byte in number.iter_mut().rev() {
                    let here = u32::from(*byte) * 62 + carry;
                    *byte = (here & 0xff) as u8;
                    carry = here >> 8;
                }
                prop_assert_eq!(carry, 0);
            }
            prop_assert_eq!(number, random);
        }
    }
}
