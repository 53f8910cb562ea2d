//! Decides what a stack's versions and aliases come to when it is deployed.
//!
//! A version is published once, when its template first names it, and stays when the template names it no longer: whoever
//! stands for it goes on. What clients make of an alias stays until its template says something else of it.

use super::{AliasEntry, Invoking, Versions};
use crate::catalog::{Act, Catalog, DeployRefused, Deployed};
use crate::spec::{AliasSpec, StackSpec, VersionSpec};
use types::{AliasName, FunctionName, Qualifier, SortedMap, Timestamp};

impl Versions {
    /// Whether another template says something else of a version or alias, or nothing any more.
    fn takes_over(&mut self, told: SortedMap<Qualifier, crate::spec::AsynchronousSpec>) {
        let before = std::mem::replace(&mut self.told, told);
        // A template that says something new is heard before clients.
        let said_anew = |qualifier: &Qualifier| before.get(qualifier) != self.told.get(qualifier);
        self.invoking.retain(|qualifier, _: &mut Invoking| !said_anew(qualifier));
    }
}

impl Catalog {
    /// Takes in a stack's versions and aliases; its functions are there already.
    pub(crate) fn deploy_versions(
        &mut self,
        stack: &StackSpec,
        now: Timestamp,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        let mut published: Vec<&VersionSpec> = stack.versions.published.iter().collect();
        published.sort_by_key(|spec| spec.number);
        for spec in published {
            self.deploy_version(spec, now, deployed)?;
        }
        for spec in &stack.versions.aliases {
            self.deploy_alias(spec, deployed)?;
        }
        let own = self.functions.iter_mut().filter(|(_, entry)| entry.stack == stack.name && !entry.dormant);
        for (name, entry) in own {
            let is_of = |function: &FunctionName| function == name;
            let versions = &mut entry.versions;
            let named =
                |id: &String| stack.versions.published.iter().any(|spec| is_of(&spec.function) && spec.id == *id);
            versions.of_stack.retain(|id, _| named(id));
            let keeps = |alias: &AliasName| {
                stack.versions.aliases.iter().any(|spec| is_of(&spec.function) && spec.name == *alias)
            };
            versions.aliases.retain(|alias, entry| {
                let kept = entry.of_stack.is_none() || keeps(alias);
                if !kept {
                    deployed.step(Act::Removed, "alias", format!("{name}:{alias}"));
                }
                kept
            });
            let told = stack.versions.invoking.iter().filter(|spec| is_of(&spec.function));
            versions.takes_over(told.map(|spec| (spec.qualifier.clone(), spec.asynchronous.clone())).collect());
        }
        let mut invoking = stack.versions.invoking.iter();
        invoking.try_for_each(|spec| self.check_destinations(&spec.function, &spec.asynchronous))
    }

    fn deploy_version(
        &mut self,
        spec: &VersionSpec,
        now: Timestamp,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        let refused =
            |why: String| DeployRefused::Version { function: spec.function.clone(), what: spec.id.clone(), why };
        let entry = self.functions.get_mut(&spec.function).filter(|entry| !entry.dormant);
        let entry = entry.ok_or_else(|| refused("its function is not there".to_owned()))?;
        if entry.versions.of_stack.contains_key(&spec.id) {
            return Ok(());
        }
        let last = entry.versions.last();
        let (is, function) = (entry.revision(), entry.spec.clone());
        let made = entry.versions.publish(&function, &is, spec.description.clone(), super::api::new_revision(), now);
        match made {
            Some(number) if number == last => Err(refused(format!(
                "a version for this function exists ({last}): change the function to make a new version"
            ))),
            Some(number) if number == spec.number => {
                entry.versions.of_stack.insert(spec.id.clone(), number);
                deployed.step(Act::Created, "version", format!("{}:{number}", spec.function));
                Ok(())
            }
            Some(number) => Err(refused(format!("it is number {number} now, not {}: try again", spec.number))),
            None => Err(refused("the function has as many versions as it may".to_owned())),
        }
    }

    fn deploy_alias(&mut self, spec: &AliasSpec, deployed: &mut Deployed) -> Result<(), DeployRefused> {
        let refused =
            |why: String| DeployRefused::Version { function: spec.function.clone(), what: spec.name.to_string(), why };
        let entry = self.functions.get_mut(&spec.function).filter(|entry| !entry.dormant);
        let versions = &mut entry.ok_or_else(|| refused("its function is not there".to_owned()))?.versions;
        versions.check(&spec.function, &spec.aim).map_err(|error| refused(error.to_string()))?;
        let named = format!("{}:{}", spec.function, spec.name);
        let said = (spec.aim.clone(), spec.description.clone());
        match versions.aliases.get(&spec.name).map(|known| &known.of_stack) {
            Some(None) => {
                return Err(refused("a client has made an alias of this name; delete that first".to_owned()));
            }
            Some(Some(before)) if *before == said => return Ok(()),
            Some(Some(_)) => deployed.step(Act::Changed, "alias", named),
            None => deployed.step(Act::Created, "alias", named),
        }
        let made = AliasEntry {
            aim: spec.aim.clone(),
            description: spec.description.clone(),
            revision: super::api::new_revision(),
            of_stack: Some(said),
        };
        versions.aliases.insert(spec.name.clone(), made);
        Ok(())
    }
}
