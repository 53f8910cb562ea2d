//! Decides which HTTP endpoints events can be brought to, as whom they are called, and how both are made and changed.
//!
//! What clients make belongs to no stack. A stack's own go with it: what is on its way to one that is gone is a dead letter.
//! A secret that a client hands over is kept with the connection and told nobody; one that a template names stands in the
//! environment.

use super::change::{change, of_no_stack};
use super::entries::{missing, refused};
use super::error::BusError;
use crate::catalog::{Act, Catalog, DeployRefused, Deployed, Standing, owned};
use crate::engine::{Engine, NotFound};
use crate::spec::StackSpec;
use delivery::bus::endpoint::{Connection, ConnectionSpec, Destination, DestinationSpec};
use serde::{Deserialize, Serialize};
use types::{Account, Arn, ConnectionName, DestinationName, Timestamp};

/// How many connections there may be, and how many destinations.
const EACH_MAX: usize = 3_000;

/// A connection that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionEntry {
    /// The id that its ARN ends with.
    pub id: String,
    /// The stack it belongs to; empty if clients have made it.
    pub stack: String,
    /// What it is.
    pub spec: ConnectionSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// An API destination that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DestinationEntry {
    /// The id that its ARN ends with.
    pub id: String,
    /// The stack it belongs to; empty if clients have made it.
    pub stack: String,
    /// What it is.
    pub spec: DestinationSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// What is known of a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionInfo {
    /// Its ARN.
    pub arn: Arn,
    /// What it is.
    pub entry: ConnectionEntry,
}

/// What is known of an API destination.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationInfo {
    /// Its ARN.
    pub arn: Arn,
    /// What it is.
    pub entry: DestinationEntry,
    /// Whether its connection is there.
    pub active: bool,
}

fn connection_arn(account: &Account, entry: &ConnectionEntry) -> Arn {
    account.arn("events", &format!("connection/{}/{}", entry.spec.name, entry.id))
}

/// The connection that a destination is called by, if it is there.
pub(super) fn connection_of<'c>(
    catalog: &'c Catalog,
    destination: &DestinationSpec,
    account: &Account,
) -> Option<&'c ConnectionEntry> {
    let arn: Arn = destination.connection.parse().ok()?;
    let name = arn.resource.strip_prefix("connection/")?.split('/').next()?;
    let entry = catalog.connections.get(&name.parse::<ConnectionName>().ok()?)?;
    (connection_arn(account, entry) == arn).then_some(entry)
}

impl Catalog {
    /// Takes in what of a stack says which HTTP endpoints there are.
    pub(crate) fn deploy_endpoints(
        &mut self,
        stack: &StackSpec,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        let now = standing.now;
        for given in &stack.events.connections {
            let (kind, name) = ("connection", &given.spec.name);
            Connection::parse(given.spec.clone()).map_err(|why| refused(kind, name, &why.into()))?;
            let known = self.connections.get(name);
            if let Some(known) = known {
                owned(&known.stack, stack, kind, name)?;
            }
            let act = match known {
                Some(known) if known.spec == given.spec && known.id == given.id => continue,
                Some(_) => Act::Changed,
                None if self.connections.len() >= EACH_MAX => {
                    return Err(refused(kind, name, &BusError::TooMany { kind, max: EACH_MAX }));
                }
                None => Act::Created,
            };
            let entry = ConnectionEntry {
                id: given.id.clone(),
                stack: stack.name.clone(),
                spec: given.spec.clone(),
                created_at: known.map_or(now, |known| known.created_at),
                changed_at: now,
            };
            self.connections.insert(name.clone(), entry);
            deployed.step(act, kind, name);
        }
        for given in &stack.events.destinations {
            let (kind, name) = ("API destination", &given.spec.name);
            Destination::parse(given.spec.clone()).map_err(|why| refused(kind, name, &why.into()))?;
            let known = self.destinations.get(name);
            if let Some(known) = known {
                owned(&known.stack, stack, kind, name)?;
            }
            let act = match known {
                Some(known) if known.spec == given.spec && known.id == given.id => continue,
                Some(_) => Act::Changed,
                None if self.destinations.len() >= EACH_MAX => {
                    return Err(refused(kind, name, &BusError::TooMany { kind, max: EACH_MAX }));
                }
                None => Act::Created,
            };
            let entry = DestinationEntry {
                id: given.id.clone(),
                stack: stack.name.clone(),
                spec: given.spec.clone(),
                created_at: known.map_or(now, |known| known.created_at),
                changed_at: now,
            };
            self.destinations.insert(name.clone(), entry);
            self.with_deliveries();
            deployed.step(act, kind, name);
        }
        let named = |name: &DestinationName| stack.events.destinations.iter().any(|given| given.spec.name == *name);
        self.destinations.retain(|name, entry| {
            let goes = entry.stack == stack.name && !named(name);
            if goes {
                deployed.step(Act::Removed, "API destination", name);
            }
            !goes
        });
        let named = |name: &ConnectionName| stack.events.connections.iter().any(|given| given.spec.name == *name);
        self.connections.retain(|name, entry| {
            let goes = entry.stack == stack.name && !named(name);
            if goes {
                deployed.step(Act::Removed, "connection", name);
            }
            !goes
        });
        Ok(())
    }
}

impl Engine {
    /// Makes a connection that belongs to no stack.
    pub async fn create_connection(&self, spec: ConnectionSpec) -> Result<ConnectionInfo, BusError> {
        let name = spec.name.clone();
        self.change_buses(move |inner| {
            change(inner, |catalog, now| {
                Connection::parse(spec.clone())?;
                if catalog.connections.contains_key(&spec.name) {
                    return Err(BusError::Exists { kind: "connection", name: spec.name.to_string() });
                }
                if catalog.connections.len() >= EACH_MAX {
                    return Err(BusError::TooMany { kind: "connection", max: EACH_MAX });
                }
                let (id, stack) = (uuid::Uuid::new_v4().to_string(), String::new());
                let name = spec.name.clone();
                let entry = ConnectionEntry { id, stack, spec, created_at: now, changed_at: now };
                catalog.connections.insert(name, entry);
                Ok(())
            })
        })
        .await?;
        Ok(self.connection(&name)?)
    }

    /// Changes a connection that clients have made.
    pub async fn update_connection(
        &self,
        name: &ConnectionName,
        change_it: impl FnOnce(&mut ConnectionSpec) -> Result<(), BusError> + Send + 'static,
    ) -> Result<ConnectionInfo, BusError> {
        let changed = name.clone();
        self.change_buses(move |inner| {
            change(inner, |catalog, now| {
                let entry = catalog.connections.get_mut(&changed).ok_or_else(|| missing("connection", &changed))?;
                of_no_stack("connection", &changed, &entry.stack)?;
                change_it(&mut entry.spec)?;
                entry.changed_at = now;
                Connection::parse(entry.spec.clone())?;
                Ok(())
            })
        })
        .await?;
        Ok(self.connection(name)?)
    }

    /// Deletes a connection that clients have made, and with it what it was called by; what that was.
    pub async fn delete_connection(&self, name: &ConnectionName) -> Result<ConnectionInfo, BusError> {
        let info = self.connection(name)?;
        let name = name.clone();
        self.change_buses(move |inner| {
            change(inner, |catalog, _| {
                let entry = catalog.connections.get(&name).ok_or_else(|| missing("connection", &name))?;
                of_no_stack("connection", &name, &entry.stack)?;
                catalog.connections.remove(&name);
                Ok(())
            })
        })
        .await?;
        Ok(info)
    }

    /// The connection of this name.
    pub fn connection(&self, name: &ConnectionName) -> Result<ConnectionInfo, NotFound> {
        let catalog = self.inner.catalog();
        let entry = catalog.connections.get(name).cloned().ok_or_else(|| missing("connection", name))?;
        Ok(ConnectionInfo { arn: connection_arn(&self.inner.account, &entry), entry })
    }

    /// All connections, in the order of their names.
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        self.inner.catalog().connections.keys().filter_map(|name| self.connection(name).ok()).collect()
    }

    /// Makes an API destination that belongs to no stack.
    pub async fn create_destination(&self, spec: DestinationSpec) -> Result<DestinationInfo, BusError> {
        let name = spec.name.clone();
        self.change_buses(move |inner| {
            change(inner, |catalog, now| {
                check(catalog, &spec, &inner.account)?;
                if catalog.destinations.contains_key(&spec.name) {
                    return Err(BusError::Exists { kind: "API destination", name: spec.name.to_string() });
                }
                if catalog.destinations.len() >= EACH_MAX {
                    return Err(BusError::TooMany { kind: "API destination", max: EACH_MAX });
                }
                let (id, stack) = (uuid::Uuid::new_v4().to_string(), String::new());
                let name = spec.name.clone();
                let entry = DestinationEntry { id, stack, spec, created_at: now, changed_at: now };
                catalog.destinations.insert(name, entry);
                catalog.with_deliveries();
                Ok(())
            })
        })
        .await?;
        Ok(self.destination(&name)?)
    }

    /// Changes an API destination that clients have made.
    pub async fn update_destination(
        &self,
        name: &DestinationName,
        change_it: impl FnOnce(&mut DestinationSpec) + Send + 'static,
    ) -> Result<DestinationInfo, BusError> {
        let changed = name.clone();
        self.change_buses(move |inner| {
            change(inner, |catalog, now| {
                let known = catalog.destinations.get(&changed).ok_or_else(|| missing("API destination", &changed))?;
                of_no_stack("API destination", &changed, &known.stack)?;
                let mut entry = DestinationEntry { changed_at: now, ..known.clone() };
                change_it(&mut entry.spec);
                check(catalog, &entry.spec, &inner.account)?;
                catalog.destinations.insert(changed.clone(), entry);
                Ok(())
            })
        })
        .await?;
        Ok(self.destination(name)?)
    }

    /// Deletes an API destination that clients have made.
    pub async fn delete_destination(&self, name: &DestinationName) -> Result<(), BusError> {
        let name = name.clone();
        self.change_buses(move |inner| {
            change(inner, |catalog, _| {
                let entry = catalog.destinations.get(&name).ok_or_else(|| missing("API destination", &name))?;
                of_no_stack("API destination", &name, &entry.stack)?;
                catalog.destinations.remove(&name);
                Ok(())
            })
        })
        .await
    }

    /// The API destination of this name.
    pub fn destination(&self, name: &DestinationName) -> Result<DestinationInfo, NotFound> {
        let catalog = self.inner.catalog();
        let entry = catalog.destinations.get(name).cloned().ok_or_else(|| missing("API destination", name))?;
        let account = &self.inner.account;
        let active = connection_of(&catalog, &entry.spec, account).is_some();
        let arn = account.arn("events", &format!("api-destination/{name}/{}", entry.id));
        Ok(DestinationInfo { arn, entry, active })
    }

    /// All API destinations, in the order of their names.
    pub fn destinations(&self) -> Vec<DestinationInfo> {
        self.inner.catalog().destinations.keys().filter_map(|name| self.destination(name).ok()).collect()
    }
}

/// Whether a destination is one, whose connection is there.
fn check(catalog: &Catalog, spec: &DestinationSpec, account: &Account) -> Result<(), BusError> {
    Destination::parse(spec.clone())?;
    match connection_of(catalog, spec, account) {
        Some(_) => Ok(()),
        None => Err(missing("connection", &spec.connection).into()),
    }
}
