//! Decides how API keys are kept: in memory to be found by every request, durably so that they outlast the server.
//!
//! A key's own text is given back once, by [`Keyring::make`]; from then on there is only its hash.

use crate::ask::{Kind, Problem};
use crate::views::keys::{Created, Key, List, Make};
use engine::{Document, Documents, Engine};
use gateway::keys::{KEY_RANDOM_BYTES, KeyId, KeyRecord, Keys, PlanName, Scope, Secret, Tenant};
use stack::Kept;
use std::sync::{Mutex, PoisonError, RwLock};
use types::sort;

/// Whose orders a key opens if nobody says.
const TENANT_USUAL: &str = "default";
/// The longest name of a key, a tenant or a plan.
const NAME_MAX: usize = 64;

/// All keys.
pub struct Keyring {
    documents: Documents,
    keys: RwLock<Keys>,
    /// Held while keys change, so that what is kept and what is in memory agree.
    changing: Mutex<()>,
}

/// What keys can be made for, as the stacks have it.
#[derive(Debug, Default)]
pub struct Offer {
    /// The usage plans, the usual one first.
    plans: Vec<String>,
    /// What can be asked for, such as `orders:read`.
    scopes: Vec<String>,
}

impl Offer {
    /// What is deployed has it.
    pub fn of(engine: &Engine) -> Self {
        let mut offer = Self::default();
        for origin in engine.catalog().origins.values() {
            let Ok(kept) = Kept::read(origin) else { continue };
            for api in kept.apis() {
                offer.plans.extend(api.plans().map(str::to_owned));
                let read = gateway::openapi::read(&api.body);
                let scopes = read.iter().flat_map(|read| &read.routes).flat_map(|route| &route.scopes);
                offer.scopes.extend(scopes.map(ToString::to_string));
            }
        }
        sort::ascending(&mut offer.scopes);
        offer.scopes.dedup();
        offer
    }
}

fn unreadable(error: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::Damaged, format!("the keys cannot be read or kept: {error}"))
}

impl Keyring {
    /// Reads the keys.
    pub fn open(engine: &Engine) -> Result<Self, Problem> {
        let documents = engine.documents();
        let mut keys = Keys::default();
        for (_, bytes) in documents.all(Document::ApiKey).map_err(unreadable)? {
            keys.put(serde_json::from_slice::<KeyRecord>(&bytes).map_err(unreadable)?);
        }
        Ok(Self { documents, keys: RwLock::new(keys), changing: Mutex::default() })
    }

    /// Looks at the keys.
    pub fn with<R>(&self, look: impl FnOnce(&Keys) -> R) -> R {
        look(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a key is there and was not revoked.
    pub fn is_good(&self, id: &str) -> bool {
        self.with(|keys| keys.by_id(id).is_some_and(|key| key.revoked_at.is_none()))
    }

    /// All keys, the oldest first.
    pub fn list(&self) -> List {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut records: Vec<&KeyRecord> = keys.iter().collect();
        sort::by_key(&mut records, |key| (key.created_at, key.id.as_str()));
        List { keys: records.into_iter().map(view).collect() }
    }

    /// Makes a key, on a thread that may wait for the disk.
    pub fn make(&self, wanted: &Make, offer: &Offer) -> Result<Created, Problem> {
        self.make_and(wanted, offer, |_| Ok(()))
    }

    /// The same; `first` is given the key before it opens anything.
    pub fn make_and(
        &self,
        wanted: &Make,
        offer: &Offer,
        first: impl FnOnce(&str) -> Result<(), Problem>,
    ) -> Result<Created, Problem> {
        let invalid = |error: String| Problem::new(Kind::Invalid, error);
        let name = wanted.name.clone().unwrap_or_else(|| "key".to_owned());
        let tenant = wanted.tenant.clone().unwrap_or_else(|| TENANT_USUAL.to_owned());
        for (what, text) in [("name", &name), ("tenant", &tenant)] {
            let length = text.chars().count();
            if length == 0 || length > NAME_MAX || text.chars().any(char::is_control) {
                return Err(invalid(format!(
                    "a {what} has 1 to {NAME_MAX} characters, none of them a control character"
                )));
            }
        }
        if tenant.contains('#') {
            return Err(invalid("a tenant's name has no # in it".to_owned()));
        }
        let plan = match &wanted.plan {
            Some(plan) if !offer.plans.contains(plan) => {
                let known = if offer.plans.is_empty() { "none".to_owned() } else { offer.plans.join(", ") };
                return Err(invalid(format!("there is no usage plan {plan}; there is: {known}")));
            }
            Some(plan) => plan.clone(),
            None => offer.plans.first().cloned().unwrap_or_default(),
        };
        if let Some(scope) = wanted.scopes.iter().find(|scope| !offer.scopes.contains(scope)) {
            return Err(invalid(format!("there is no scope {scope}; there is: {}", offer.scopes.join(", "))));
        }
        let scopes = if wanted.scopes.is_empty() { &offer.scopes } else { &wanted.scopes };
        let mut random = [0; KEY_RANDOM_BYTES];
        for chunk in random.chunks_mut(8) {
            // Random in all but six of their bits, of which the first eight bytes hold four.
            chunk.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[8 - chunk.len()..8]);
        }
        let secret = Secret::generate(random);
        let record = KeyRecord {
            id: KeyId::new(uuid::Uuid::new_v4().simple().to_string()[..10].to_owned()),
            hash: secret.hash(),
            name: name.into(),
            tenant: Tenant::new(tenant),
            plan: PlanName::new(plan),
            scopes: scopes.iter().map(|scope| Scope::new(scope.as_str())).collect(),
            created_at: engine::now(),
            revoked_at: None,
            last_four: secret.last_four().into(),
        };
        first(secret.show())?;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.keep(&record)?;
        let key = view(&record);
        self.keys.write().unwrap_or_else(PoisonError::into_inner).put(record);
        Ok(Created { value: secret.show().to_owned(), key })
    }

    /// Takes a key back, on a thread that may wait for the disk.
    pub fn revoke(&self, id: &str) -> Result<Key, Problem> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.keys.read().unwrap_or_else(PoisonError::into_inner).by_id(id).cloned();
        let Some(mut record) = found else {
            let problem = Problem::new(Kind::NotFound, format!("there is no key {id}"));
            return Err(problem.hint("`orderflow keys list` shows the ids of all keys"));
        };
        record.revoked_at.get_or_insert_with(engine::now);
        // Refused in memory first: if it cannot be kept, it is at least refused while this server runs.
        self.keys.write().unwrap_or_else(PoisonError::into_inner).put(record.clone());
        self.keep(&record)?;
        Ok(view(&record))
    }

    fn keep(&self, record: &KeyRecord) -> Result<(), Problem> {
        let bytes = serde_json::to_vec(record).expect("a record is plain data");
        self.documents.keep_blocking(Document::ApiKey, &[(record.id.as_str(), Some(&bytes))]).map_err(unreadable)
    }
}

fn view(record: &KeyRecord) -> Key {
    Key {
        id: record.id.to_string(),
        name: record.name.to_string(),
        tenant: record.tenant.to_string(),
        plan: record.plan.to_string(),
        scopes: record.scopes.iter().map(Scope::to_string).collect(),
        created_at: record.created_at.iso_millis(),
        revoked_at: record.revoked_at.map(types::Timestamp::iso_millis),
        ends_with: record.last_four.to_string(),
    }
}
