//! Decides how alarms and dashboards are kept: as documents, each change durable before it is answered or told.

use super::{Measures, Round};
use crate::clock;
use crate::commit::WriteRefused;
use crate::documents::{Document, Documents};
use observe::alarm::{Alarm, Definition, State, Status};
use observe::measure::query::{self, QueryError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use types::{Account, SortedMap, SortedSet, Timestamp};

/// The most alarms of a data directory.
const ALARMS_MAX: usize = 1_000;
/// The most tags of an alarm.
const TAGS_MAX: usize = 50;
/// The most dashboards of a data directory.
const DASHBOARDS_MAX: usize = 200;

/// Why something was not done to alarms or dashboards.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    /// There is none of this name.
    #[error("there is no {kind} {name}")]
    NotFound {
        /// `alarm` or `dashboard`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// There are as many as there may be.
    #[error("there are as many {0} as there may be")]
    TooMany(&'static str),
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// A dashboard, as somebody wrote it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Dashboard {
    /// What it shows, as JSON.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
    /// The stack whose template has it, if one does.
    pub stack: Option<String>,
}

/// Alarms and dashboards.
pub struct Alarms {
    documents: Documents,
    account: Account,
    alarms: Mutex<SortedMap<String, Alarm>>,
    dashboards: Mutex<SortedMap<String, Dashboard>>,
}

impl Alarms {
    pub(super) fn open(documents: Documents, account: Account) -> Result<Self, WriteRefused> {
        let alarms = read_all(&documents, Document::Alarm)?;
        let dashboards = read_all(&documents, Document::Dashboard)?;
        Ok(Self { documents, account, alarms: Mutex::new(alarms), dashboards: Mutex::new(dashboards) })
    }

    fn lock(&self) -> MutexGuard<'_, SortedMap<String, Alarm>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_dashboards(&self) -> MutexGuard<'_, SortedMap<String, Dashboard>> {
        self.dashboards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All alarms, by name.
    pub fn all(&self) -> SortedMap<String, Alarm> {
        self.lock().clone()
    }

    /// Makes an alarm, or changes what is asked of one; whose tags it has is then said elsewhere, unless a template does.
    /// On a thread that may wait, as all that follows.
    pub fn put(&self, mut definition: Definition, stack: Option<String>) -> Result<(), AlarmError> {
        let now = clock::now();
        let mut alarms = self.lock();
        if let Some(known) = alarms.get(&definition.name).filter(|_| stack.is_none()) {
            definition.tags = known.definition.tags.clone();
        }
        let alarm = match alarms.get(&definition.name) {
            Some(known) if known.definition == definition && known.stack == stack => return Ok(()),
            Some(known) => {
                let mut alarm = known.clone();
                alarm.configure(definition, stack, now);
                alarm
            }
            None if alarms.len() >= ALARMS_MAX => return Err(AlarmError::TooMany("alarms")),
            None => Alarm::new(definition, stack, now),
        };
        self.keep(&mut alarms, alarm)?;
        Ok(())
    }

    /// Deletes alarms: all of them, or none if one is not there.
    pub fn delete(&self, names: &[String]) -> Result<(), AlarmError> {
        let mut alarms = self.lock();
        if let Some(name) = names.iter().find(|name| !alarms.contains_key(*name)) {
            return Err(AlarmError::NotFound { kind: "alarm", name: name.clone() });
        }
        forget(&self.documents, Document::Alarm, &mut alarms, names)
    }

    /// Gives an alarm tags, and takes some from it.
    pub fn tag(&self, name: &str, tags: SortedMap<String, String>, gone: &[String]) -> Result<(), AlarmError> {
        let mut alarms = self.lock();
        let missing = || AlarmError::NotFound { kind: "alarm", name: name.to_owned() };
        let mut alarm = alarms.get(name).cloned().ok_or_else(missing)?;
        let had = &mut alarm.definition.tags;
        had.extend(tags);
        had.retain(|key, _| !gone.contains(key));
        if had.len() > TAGS_MAX {
            return Err(AlarmError::TooMany("tags"));
        }
        self.keep(&mut alarms, alarm)?;
        Ok(())
    }

    /// Says whether these alarms tell anybody; those that are not there are left out.
    pub fn enable(&self, names: &[String], enabled: bool) -> Result<(), AlarmError> {
        let mut alarms = self.lock();
        for name in names {
            let Some(alarm) = alarms.get(name).filter(|alarm| alarm.definition.actions_enabled != enabled) else {
                continue;
            };
            let mut alarm = alarm.clone();
            let mut definition = alarm.definition.clone();
            definition.actions_enabled = enabled;
            let stack = alarm.stack.clone();
            alarm.configure(definition, stack, clock::now());
            self.keep(&mut alarms, alarm)?;
        }
        Ok(())
    }

    /// Sets an alarm's state, until it is looked at again.
    pub fn set_state(
        &self,
        name: &str,
        state: State,
        reason: String,
        reason_data: Option<String>,
    ) -> Result<(), AlarmError> {
        let mut alarms = self.lock();
        let missing = || AlarmError::NotFound { kind: "alarm", name: name.to_owned() };
        let mut alarm = alarms.get(name).cloned().ok_or_else(missing)?;
        alarm.take_on(Status { state, reason, reason_data, at: clock::now() });
        self.keep(&mut alarms, alarm)?;
        Ok(())
    }

    /// Makes the alarms and dashboards of a stack what its template says; those that it no longer says go.
    pub fn of_stack(
        &self,
        stack: &str,
        alarms: Vec<Definition>,
        dashboards: Vec<(String, String)>,
    ) -> Result<(), AlarmError> {
        let of_stack = Some(stack.to_owned());
        let stays: SortedSet<String> = alarms.iter().map(|alarm| alarm.name.clone()).collect();
        let gone = |known: &Option<String>, name: &String, stays: &SortedSet<String>| {
            *known == of_stack && !stays.contains(name)
        };
        let names: Vec<String> = {
            let known = self.lock();
            known
                .iter()
                .filter(|(name, alarm)| gone(&alarm.stack, name, &stays))
                .map(|(name, _)| name.clone())
                .collect()
        };
        self.delete(&names)?;
        alarms.into_iter().try_for_each(|alarm| self.put(alarm, of_stack.clone()))?;
        let stays: SortedSet<String> = dashboards.iter().map(|(name, _)| name.clone()).collect();
        let names: Vec<String> = {
            let known = self.lock_dashboards();
            known.iter().filter(|(name, one)| gone(&one.stack, name, &stays)).map(|(name, _)| name.clone()).collect()
        };
        self.delete_dashboards(&names)?;
        dashboards.into_iter().try_for_each(|(name, body)| self.put_dashboard(&name, body, of_stack.clone()))
    }

    /// All dashboards, by name.
    pub fn dashboards(&self) -> SortedMap<String, Dashboard> {
        self.lock_dashboards().clone()
    }

    /// Keeps a dashboard, in place of what was there.
    pub fn put_dashboard(&self, name: &str, body: String, stack: Option<String>) -> Result<(), AlarmError> {
        let mut dashboards = self.lock_dashboards();
        match dashboards.get(name) {
            Some(known) if known.body == body && known.stack == stack => return Ok(()),
            None if dashboards.len() >= DASHBOARDS_MAX => return Err(AlarmError::TooMany("dashboards")),
            Some(_) | None => {}
        }
        let dashboard = Dashboard { body, at: clock::now(), stack };
        let bytes = serde_json::to_vec(&dashboard).expect("a dashboard is plain data");
        self.documents.keep_blocking(Document::Dashboard, &[(name, Some(&bytes))])?;
        dashboards.insert(name.to_owned(), dashboard);
        Ok(())
    }

    /// Deletes dashboards: all of them, or none if one is not there.
    pub fn delete_dashboards(&self, names: &[String]) -> Result<(), AlarmError> {
        let mut dashboards = self.lock_dashboards();
        if let Some(name) = names.iter().find(|name| !dashboards.contains_key(*name)) {
            return Err(AlarmError::NotFound { kind: "dashboard", name: name.clone() });
        }
        forget(&self.documents, Document::Dashboard, &mut dashboards, names)
    }

    /// Looks at the alarms whose time it is. What cannot be read keeps an alarm from being looked at, and no other.
    pub fn evaluate(&self, measures: &Measures, now: Timestamp, of_minute: bool) -> Result<(), WriteRefused> {
        let due: Vec<Definition> = {
            let alarms = self.lock();
            let definitions = alarms.values().map(|alarm| &alarm.definition);
            definitions.filter(|definition| of_minute || definition.every() < 60).cloned().collect()
        };
        let mut done = Ok(());
        for definition in due {
            let windows = |period| definition.windows(now, period);
            let found =
                query::run(&definition.queries(), &windows, &mut |asked, windows| measures.read(asked, windows));
            let found = match found {
                Ok(found) => found,
                Err(QueryError::Read(refused)) => {
                    done = Err(refused);
                    continue;
                }
                // It was checked when the alarm was made.
                Err(QueryError::Expression { .. } | QueryError::NotASeries { .. }) => Vec::new(),
            };
            let mut alarms = self.lock();
            // It may have been changed or deleted meanwhile: then its time comes again.
            let Some(alarm) = alarms.get(&definition.name).filter(|alarm| alarm.definition == definition) else {
                continue;
            };
            let mut alarm = alarm.clone();
            if alarm.evaluate(&found, &windows(definition.period()), now).is_some() {
                done = done.and(self.keep(&mut alarms, alarm));
            }
        }
        done
    }

    /// Tells of all changes of which nobody has been told.
    pub fn tell_all(&self, round: &mut dyn Round) {
        if !round.ready() {
            return;
        }
        let untold: Vec<String> = {
            let alarms = self.lock();
            alarms.iter().filter(|(_, alarm)| !alarm.untold.is_empty()).map(|(name, _)| name.clone()).collect()
        };
        for name in untold {
            // Without the lock: whoever is told may take his time.
            let Some(alarm) = self.lock().get(&name).cloned() else { continue };
            let (mut outcomes, mut done) = (Vec::new(), Vec::new());
            for transition in &alarm.untold {
                let id = event_id(&alarm, transition.to.at);
                let event = alarm.event(transition, &self.account, &id);
                if let Err(why) = round.changed(&event) {
                    crate::complain!("orderflow: the change of alarm {name} is told later: {why}");
                    break;
                }
                done.push(transition);
                for action in alarm.to_tell(transition) {
                    outcomes.push((action.clone(), round.tell(action, &event)));
                }
            }
            let mut alarms = self.lock();
            let Some(mut now) = alarms.get(&name).cloned() else { continue };
            now.untold.retain(|transition| !done.contains(&transition));
            for (action, outcome) in outcomes {
                now.told(&action, outcome.as_ref().copied().map_err(String::as_str), clock::now());
            }
            if self.keep(&mut alarms, now).is_err() {
                // It is told again with the next round; whoever listens knows it by its id.
                return;
            }
        }
    }

    fn keep(&self, alarms: &mut SortedMap<String, Alarm>, alarm: Alarm) -> Result<(), WriteRefused> {
        let bytes = serde_json::to_vec(&alarm).expect("an alarm is plain data");
        self.documents.keep_blocking(Document::Alarm, &[(&alarm.definition.name, Some(&bytes))])?;
        alarms.insert(alarm.definition.name.clone(), alarm);
        Ok(())
    }
}

/// An id that an event has however often it is told.
fn event_id(alarm: &Alarm, at: Timestamp) -> String {
    let sum = |seed: u64| {
        alarm.definition.name.bytes().fold(seed, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    let (high, low) = (sum(0xcbf2_9ce4_8422_2325), at.millis().unsigned_abs());
    let tail = (high.rotate_left(32) ^ low) & 0xffff_ffff_ffff;
    format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{tail:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff, low & 0xfff)
}

fn read_all<T: serde::de::DeserializeOwned>(
    documents: &Documents,
    of: Document,
) -> Result<SortedMap<String, T>, WriteRefused> {
    let read = |(name, bytes): (String, Vec<u8>)| {
        let read = serde_json::from_slice(&bytes).map_err(|_| crate::codec::Malformed("document of alarms"))?;
        Ok((name, read))
    };
    documents.all(of)?.into_iter().map(read).collect()
}

fn forget<T>(
    documents: &Documents,
    of: Document,
    known: &mut SortedMap<String, T>,
    names: &[String],
) -> Result<(), AlarmError> {
    if !names.is_empty() {
        let gone: Vec<(&str, Option<&[u8]>)> = names.iter().map(|name| (name.as_str(), None)).collect();
        documents.keep_blocking(of, &gone)?;
        known.retain(|name, _| !names.contains(name));
    }
    Ok(())
}
