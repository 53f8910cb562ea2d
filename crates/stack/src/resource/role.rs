//! `AWS::IAM::Role`, `AWS::IAM::Policy` and `AWS::IAM::ManagedPolicy`.

use super::Context;
use crate::iam::{self, DocumentKind};
use crate::identity::Identity;
use crate::properties::Properties;
use crate::stack::{InlinePolicy, Policy, Role};

pub(crate) fn read(properties: &mut Properties<'_, '_, '_>, identity: &Identity) -> Option<Role> {
    properties.parsed("RoleName", |name| name_of_iam(name, 64));
    path(properties);
    let trust = iam::read_document(properties, "AssumeRolePolicyDocument", DocumentKind::Trust);
    let inline_policies = properties.objects("Policies", |policy| {
        let name = policy.required_text("PolicyName", 1..=128);
        let statements = iam::read_document(policy, "PolicyDocument", DocumentKind::Identity);
        Some(InlinePolicy { name: name?, statements: statements? })
    });
    let managed_policies = properties.text_list("ManagedPolicyArns").unwrap_or_default();
    for arn in &managed_policies {
        if !arn.starts_with("arn:") {
            properties.wrong("ManagedPolicyArns", format!("`{arn}` is not an ARN"));
        }
    }
    properties.text("Description", 0..=1000);
    properties.count("MaxSessionDuration", 3_600..=43_200);
    let tags = properties.tag_list("Tags");
    properties.refuse("PermissionsBoundary", "a boundary is not checked; write narrow policies");
    Some(Role {
        name: identity.name.clone(),
        arn: identity.arn().to_owned(),
        trust: trust?,
        inline_policies: inline_policies.unwrap_or_default(),
        managed_policies,
        tags,
    })
}

/// `AWS::IAM::Policy`, which lives only with the roles it names.
pub(crate) fn read_policy(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<Policy> {
    let name = properties.required_text("PolicyName", 1..=128);
    properties.required_node("Roles");
    let roles = roles(properties, context);
    let statements = iam::read_document(properties, "PolicyDocument", DocumentKind::Identity);
    Some(Policy { name: name?, arn: None, roles, statements: statements? })
}

/// `AWS::IAM::ManagedPolicy`, which roles can also name by its ARN.
pub(crate) fn read_managed_policy(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Policy> {
    properties.parsed("ManagedPolicyName", |name| name_of_iam(name, 128));
    properties.text("Description", 0..=1000);
    path(properties);
    let roles = roles(properties, context);
    let statements = iam::read_document(properties, "PolicyDocument", DocumentKind::Identity);
    let arn = Some(identity.arn().to_owned());
    Some(Policy { name: identity.name.clone(), arn, roles, statements: statements? })
}

fn roles(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Vec<String> {
    properties.refuse("Users", "there are roles alone");
    properties.refuse("Groups", "there are roles alone");
    let roles = properties.text_list("Roles").unwrap_or_default();
    for role in &roles {
        let known = context
            .all
            .iter()
            .any(|other| other.identity.kind == crate::identity::ResourceType::Role && other.identity.name == *role);
        if !known {
            properties.wrong_with_hint(
                "Roles",
                format!("`{role}` is not a role of this template"),
                "use !Ref with the role's name",
            );
        }
    }
    roles
}

fn path(properties: &mut Properties<'_, '_, '_>) {
    properties.parsed("Path", |path| {
        let proper = path.starts_with('/')
            && path.ends_with('/')
            && path.len() <= 512
            && path.bytes().all(|byte| byte.is_ascii_graphic());
        if proper { Ok(()) } else { Err("must begin and end with `/`".to_owned()) }
    });
}

fn name_of_iam(name: &str, length_max: usize) -> Result<(), String> {
    let proper = (1..=length_max).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if proper { Ok(()) } else { Err(format!("must have 1 to {length_max} letters, digits or _+=,.@-")) }
}
