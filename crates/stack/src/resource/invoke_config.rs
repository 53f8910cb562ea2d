//! `AWS::Lambda::EventInvokeConfig`: how a function does what nobody waits for.

use std::time::Duration;

use super::{Context, function_reference, queue_reference};
use crate::findings::Sort;
use crate::identity::ResourceType;
use crate::properties::Properties;
use crate::stack::{Asynchronous, Destination, FunctionReference};

/// What one resource says of one function.
pub(crate) struct InvokeConfig {
    pub(crate) function: FunctionReference,
    pub(crate) asynchronous: Asynchronous,
}

pub(crate) fn read(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<InvokeConfig> {
    let function = context.function(properties, "FunctionName");
    let qualifier = properties.required_text("Qualifier", 1..=128);
    let function = match (function, qualifier.as_deref()) {
        (Some(function), Some(of)) if of != "$LATEST" => {
            let found = context.by_qualified(&format!("{}:{of}", function.name));
            if found.is_none() {
                let message = format!("`{of}` is no version or alias of function `{}` in this template", function.name);
                properties.wrong_with_hint("Qualifier", message, "use !GetAtt Version.Version or the alias's name");
            }
            found
        }
        (function, _) => function,
    };
    let usual = Asynchronous::default();
    let retries = properties.count("MaximumRetryAttempts", 0..=2).unwrap_or(usual.retries);
    let age = properties.count("MaximumEventAgeInSeconds", 60..=21_600);
    let destinations = properties.object("DestinationConfig", |config| {
        let on_success = config.object("OnSuccess", |to| destination(to, context));
        let on_failure = config.object("OnFailure", |to| destination(to, context));
        Some((on_success, on_failure))
    });
    let (on_success, on_failure) = destinations.unwrap_or_default();
    let maximum_age = age.map_or(usual.maximum_age, |seconds| Duration::from_secs(seconds.into()));
    let asynchronous = Asynchronous { retries, maximum_age, on_success, on_failure, dead_letter: None, is_said: true };
    Some(InvokeConfig { function: function?, asynchronous })
}

fn destination(to: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<Destination> {
    let arn = to.required_text("Destination", 1..=350)?;
    if let Some(queue) = context.by_arn(ResourceType::Queue, &arn) {
        return queue_reference(queue).map(Destination::Queue);
    }
    if let Some(function) = context.by_arn(ResourceType::Function, &arn) {
        return function_reference(function).map(Destination::Function);
    }
    match arn.split(':').nth(2) {
        Some("sqs" | "lambda") => {
            let message = format!("`{arn}` is not a queue or function of this template");
            to.wrong_with_hint("Destination", message, "use !GetAtt Queue.Arn or !GetAtt Function.Arn");
        }
        _ => {
            let message = format!("`{arn}` is not the ARN of a queue or function, and others are not told here");
            to.not_run("Destination", Sort::FeatureNotRun, message, None);
        }
    }
    None
}
