//! `AWS::Lambda::Version` and `AWS::Lambda::Alias`: functions as they were, and names that stand for them.
//!
//! Which number a version has is the environment's to say: it is given out when the version is made, and a template cannot
//! know it.

use types::{Qualifier, Version};

use super::{Context, Evaluated};
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{FunctionAlias, FunctionReference, FunctionVersion, OtherVersion};

/// The parts that a weight is counted in: all invocations have so many.
const WHOLE: f64 = 1_000_000.0;

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<FunctionVersion> {
    let function = context.function(properties, "FunctionName");
    let description = properties.text("Description", 0..=256);
    context.without_effect(properties, "CodeSha256", "the handler is built in");
    context.without_effect(properties, "ProvisionedConcurrencyConfig", "built-in handlers need no warming up");
    properties.refuse("RuntimePolicy", "the handler is built in");
    let number = identity.attribute("Version")?.parse().ok()?;
    Some(FunctionVersion { function: function?, number, arn: identity.reference.clone(), description })
}

pub(crate) fn read_alias(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<FunctionAlias> {
    let function = context.function(properties, "FunctionName");
    let name = properties.required_text("Name", 1..=128).and_then(|name| match name.parse() {
        Ok(Qualifier::Alias(name)) => Some(name),
        Ok(Qualifier::Version(_)) | Err(_) => {
            properties
                .wrong("Name", format!("`{name}` cannot name an alias: letters, digits, `_` or `-`, not digits alone"));
            None
        }
    });
    properties.required_node("FunctionVersion");
    let version = version_in(properties, "FunctionVersion");
    let other = properties.object("RoutingConfig", |routing| {
        let weights = routing.objects("AdditionalVersionWeights", |weight| {
            let version = version_in(weight, "FunctionVersion");
            weight.required_node("FunctionVersion");
            weight.required_node("FunctionWeight");
            let part = weight.float("FunctionWeight");
            if part.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
                weight.wrong("FunctionWeight", "must be from 0 to 1");
            }
            match (version?, part.filter(|part| (0.0..=1.0).contains(part))?) {
                (Version::Numbered(version), part) => {
                    Some(OtherVersion { version, millionths: (part * WHOLE).round() as u32 })
                }
                (Version::Latest, _) => {
                    weight.wrong("FunctionVersion", "must be a version with a number");
                    None
                }
            }
        });
        let weights = weights.unwrap_or_default();
        if weights.len() > 1 {
            routing.wrong("AdditionalVersionWeights", "has more than one version beside the alias's own");
        }
        weights.into_iter().next()
    });
    if let (Some(version), Some(other)) = (version, other) {
        match version {
            Version::Latest => properties.wrong("RoutingConfig", "an alias of $LATEST stands for nothing beside it"),
            Version::Numbered(number) if number == other.version => {
                properties.wrong("RoutingConfig", format!("version {number} is the alias's own already"));
            }
            Version::Numbered(_) => {}
        }
    }
    let description = properties.text("Description", 0..=256);
    context.without_effect(properties, "ProvisionedConcurrencyConfig", "built-in handlers need no warming up");
    Some(FunctionAlias {
        function: function?,
        name: name?,
        arn: identity.reference.clone(),
        version: version?,
        other,
        description,
    })
}

fn version_in(properties: &mut Properties<'_, '_, '_>, key: &'static str) -> Option<Version> {
    properties.parsed(key, |text| match text.parse() {
        Ok(Qualifier::Version(version)) => Ok(version),
        Ok(Qualifier::Alias(_)) | Err(_) => Err("is not the number of a version, nor $LATEST".to_owned()),
    })
}

impl Context<'_> {
    /// The function, version or alias in a property: by name, or by ARN.
    pub(super) fn qualified_function(
        &self,
        properties: &mut Properties<'_, '_, '_>,
        key: &'static str,
    ) -> Option<FunctionReference> {
        let given = properties.node(key).and_then(|node| node.as_scalar()).map(str::to_owned);
        match given.and_then(|given| self.by_qualified(&given)) {
            Some(found) => {
                properties.required_text(key, 1..=300);
                Some(found)
            }
            None => self.function(properties, key),
        }
    }

    /// The version or alias of this template that an ARN, or a function's name with something behind it, names.
    pub(super) fn by_qualified(&self, given: &str) -> Option<FunctionReference> {
        let (of, behind) = given.rsplit_once(':')?;
        let qualifier: Qualifier = behind.parse().ok()?;
        let functions = self.all.iter().filter(|resource| resource.identity.kind == ResourceType::Function);
        let function =
            functions.into_iter().find(|function| function.identity.arn() == of || function.identity.name == of)?;
        let arn = format!("{}:{qualifier}", function.identity.arn());
        let is_named = |resource: &Evaluated| {
            matches!(resource.identity.kind, ResourceType::FunctionVersion | ResourceType::FunctionAlias)
                && resource.identity.reference == arn
        };
        if qualifier != Qualifier::LATEST && !self.all.iter().any(is_named) {
            return None;
        }
        let reference = super::function_reference(function)?;
        Some(FunctionReference { qualifier: Some(qualifier), ..reference })
    }
}
