//! Turns evaluated properties into resources, one file per AWS service.
//!
//! Each `read` asks for every property that it knows; [`Properties::finish`] refuses the rest
//! by name. A property that means something on AWS and nothing here leaves a [`Note`]; one that
//! would change what happens is refused.

pub(crate) mod api;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod function;
pub(crate) mod invoke_config;
pub(crate) mod log_group;
pub(crate) mod permission;
pub(crate) mod pipe;
pub(crate) mod plan;
pub(crate) mod poller;
pub(crate) mod queue;
pub(crate) mod role;
pub(crate) mod stage;
pub(crate) mod table;
pub(crate) mod version;
pub(crate) mod watch;

use crate::findings::{Position, Sort};
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{FunctionReference, LogicalId, Note, QueueReference, RoleReference};

/// One resource with its properties evaluated.
pub(crate) struct Evaluated {
    pub(crate) logical_id: LogicalId,
    pub(crate) at: Position,
    pub(crate) identity: Identity,
}

/// What reading one resource may look at and add to.
pub(crate) struct Context<'c> {
    /// All resources of the stack, to find those that ARNs and names point at.
    pub(crate) all: &'c [Evaluated],
    /// The handlers that are built in.
    pub(crate) catalogue: &'c [&'c str],
    pub(crate) notes: &'c mut Vec<Note>,
}

impl<'c> Context<'c> {
    /// Notes that a property has no effect here, if it is there.
    fn without_effect(&mut self, properties: &mut Properties<'_, '_, '_>, key: &'static str, reason: &str) {
        if let Some(at) = properties.accept(key) {
            self.note(at, properties, key, format!("`{key}` has no effect here: {reason}"));
        }
    }

    fn note(&mut self, at: Position, properties: &Properties<'_, '_, '_>, key: &str, text: String) {
        self.notes.push(Note { at, path: properties.path().key(key).to_string(), text });
    }

    /// The resource of a type that has this ARN.
    fn by_arn(&self, kind: ResourceType, arn: &str) -> Option<&'c Evaluated> {
        self.all.iter().find(|resource| resource.identity.kind == kind && resource.identity.arn() == arn)
    }

    /// The resource of a type that a `Ref` answers this for.
    fn by_reference(&self, kind: ResourceType, reference: &str) -> Option<&'c Evaluated> {
        self.all.iter().find(|resource| resource.identity.kind == kind && resource.identity.reference == reference)
    }

    /// The logical id of a part of the gateway that a property refers to by `Ref`.
    fn referred(
        &self,
        properties: &mut Properties<'_, '_, '_>,
        key: &'static str,
        kind: ResourceType,
        what: &str,
    ) -> Option<LogicalId> {
        let id = properties.required_text(key, 1..=255)?;
        let found = self.by_reference(kind, &id);
        if found.is_none() {
            properties.wrong_with_hint(
                key,
                format!("`{id}` is not {what} of this template"),
                "use !Ref with its logical id",
            );
        }
        found.map(|resource| resource.logical_id.clone())
    }

    /// The function in a property: its name or its ARN, as the parts of Lambda's own API take it.
    fn function(&self, properties: &mut Properties<'_, '_, '_>, key: &'static str) -> Option<FunctionReference> {
        let given = properties.required_text(key, 1..=170)?;
        let functions = || self.all.iter().filter(|resource| resource.identity.kind == ResourceType::Function);
        let is_meant = |function: &&Evaluated| {
            let (name, arn) = (function.identity.name.as_str(), function.identity.arn());
            let account = arn.split(':').nth(4).unwrap_or_default();
            given == name || given == arn || given == format!("{account}:function:{name}")
        };
        let Some(function) = functions().find(is_meant) else {
            let qualified = functions().any(|function| {
                let rest = given.strip_prefix(function.identity.arn()).or(given.strip_prefix(&function.identity.name));
                rest.is_some_and(|rest| rest.starts_with(':'))
            });
            if qualified {
                let message = format!("`{given}` is a version or alias, which cannot be named here");
                properties.not_run(key, Sort::FeatureNotRun, message, Some("name the function itself".to_owned()));
            } else {
                let message = format!("`{given}` is not a function of this template");
                properties.wrong_with_hint(key, message, "use !Ref or !GetAtt Function.Arn");
            }
            return None;
        };
        function_reference(function)
    }

    /// The role in a property, which must be an ARN.
    fn role(&mut self, properties: &mut Properties<'_, '_, '_>, key: &'static str) -> Option<RoleReference> {
        let arn = properties.required_text(key, 1..=1600)?;
        if let Some(role) = self.by_arn(ResourceType::Role, &arn) {
            return Some(RoleReference::InStack { logical_id: role.logical_id.clone(), arn });
        }
        if let Some(role) =
            self.all.iter().find(|role| role.identity.kind == ResourceType::Role && role.identity.name == arn)
        {
            properties.wrong_with_hint(
                key,
                "must be the ARN of a role, not its name",
                format!("use !GetAtt {}.Arn", role.logical_id),
            );
            return None;
        }
        let mut parts = arn.splitn(6, ':');
        let (prefix, service, resource) = (parts.next(), parts.nth(1), parts.nth(2));
        if prefix != Some("arn")
            || service != Some("iam")
            || !resource.is_some_and(|resource| resource.starts_with("role/"))
        {
            properties.wrong(key, format!("`{arn}` is not the ARN of a role"));
            return None;
        }
        let at = properties.position_of(key);
        self.note(
            at,
            properties,
            key,
            format!("what the role `{arn}` allows cannot be checked: it is not in this template"),
        );
        Some(RoleReference::Outside { arn })
    }
}

fn queue_reference(queue: &Evaluated) -> Option<QueueReference> {
    // A name that breaks its rule is a finding at the queue itself.
    Some(QueueReference { logical_id: queue.logical_id.clone(), name: queue.identity.name.parse().ok()? })
}

fn function_reference(function: &Evaluated) -> Option<FunctionReference> {
    // As with queues.
    let name = function.identity.name.parse().ok()?;
    Some(FunctionReference { logical_id: function.logical_id.clone(), name, qualifier: None })
}
