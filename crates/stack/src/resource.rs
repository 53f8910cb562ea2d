//! Turns evaluated properties into resources, one file per AWS service.
//!
//! Each `read` asks for every property that it knows; [`Properties::finish`] refuses the rest
//! by name. A property that means something on AWS and nothing here leaves a [`Note`]; one that
//! would change what happens is refused.

pub(crate) mod function;
pub(crate) mod pipe;
pub(crate) mod queue;
pub(crate) mod role;
pub(crate) mod table;

use crate::findings::Position;
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{LogicalId, Note, RoleReference};

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
