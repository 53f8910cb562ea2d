//! `AWS::Lambda::Function`.

use std::time::Duration;

use super::queue::is_fifo;
use super::{Context, queue_reference};
use crate::findings::{Sort, did_you_mean};
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{Asynchronous, Function, QueueReference};
use types::SortedMap;

/// Lambda's own limit for all environment variables together.
const ENVIRONMENT_BYTES_MAX: usize = 4_096;

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Function> {
    let name = properties.name_or("FunctionName", &identity.name);
    let (runtime, handler) = built_in(properties, context);
    code(properties);
    let role = context.role(properties, "Role");
    let timeout = properties.count("Timeout", 1..=900).unwrap_or(3);
    let memory_mib = properties.count("MemorySize", 128..=10_240).unwrap_or(128);
    let environment = environment(properties);
    let reserved_concurrency = properties.count("ReservedConcurrentExecutions", 0..=1_000_000);
    let description = properties.text("Description", 0..=256);
    let architecture = architecture(properties);
    let log_group = properties.object("LoggingConfig", |logging| {
        logging.choice("LogFormat", &[("Text", ())]);
        logging.refuse("ApplicationLogLevel", "it goes with JSON lines");
        logging.refuse("SystemLogLevel", "it goes with JSON lines");
        logging.parsed_name("LogGroup")
    });
    let log_group = log_group.unwrap_or_else(|| {
        let own = format!("/aws/lambda/{}", identity.name);
        own.parse().unwrap_or_else(|_| "/aws/lambda/unnamed".parse().expect("the rule of names allows it"))
    });
    let tags = properties.tag_list("Tags");
    properties.object("TracingConfig", |tracing| tracing.choice("Mode", &[("PassThrough", ()), ("Active", ())]));
    context.without_effect(properties, "TracingConfig", "there is no X-Ray");
    properties.choice("PackageType", &[("Zip", ())]);
    context.without_effect(properties, "EphemeralStorage", "a built-in handler writes no files");
    let dead_letter = dead_letter(properties, context);
    for key in
        ["Layers", "ImageConfig", "FileSystemConfigs", "CodeSigningConfigArn", "SnapStart", "RuntimeManagementConfig"]
    {
        properties.refuse(key, "the handler is built in");
    }
    properties.refuse("VpcConfig", "there is no network to join");
    properties.refuse("KmsKeyArn", "there are no keys; keep secrets out of templates");
    properties.refuse("RecursiveLoop", "nothing looks for loops");
    Some(Function {
        name: name?,
        arn: identity.arn().to_owned(),
        handler: handler?,
        runtime: runtime?,
        role: role?,
        timeout: Duration::from_secs(timeout.into()),
        memory_mib,
        environment,
        reserved_concurrency,
        log_group,
        description,
        architecture,
        asynchronous: Asynchronous { dead_letter, ..Asynchronous::default() },
        tags,
    })
}

/// The queue of events that were given up, which nobody waited for.
fn dead_letter(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<QueueReference> {
    properties.object("DeadLetterConfig", |config| {
        let arn = config.required_text("TargetArn", 1..=1600)?;
        let Some(queue) = context.by_arn(ResourceType::Queue, &arn) else {
            let message = format!("`{arn}` is not a queue of this template");
            config.wrong_with_hint("TargetArn", message, "use !GetAtt Queue.Arn");
            return None;
        };
        if is_fifo(&queue.identity.name) {
            config.wrong("TargetArn", "the dead letters of a function go to a queue that keeps no order");
        }
        queue_reference(queue)
    })
}

/// The runtime and the handler, which must be built in.
fn built_in(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> (Option<String>, Option<String>) {
    let runtime = properties.required_text("Runtime", 1..=128);
    let handler = properties.required_text("Handler", 1..=128);
    let (Some(runtime), Some(handler)) = (runtime, handler) else { return (None, None) };
    let catalogue = context.catalogue.join(", ");
    if !runtime.starts_with("provided.") {
        properties.not_run(
            "Runtime",
            Sort::FeatureNotRun,
            format!("`{runtime}` is not run here: functions run by handlers that are built in"),
            Some(format!("write Runtime: provided.al2023 and a Handler of {catalogue}")),
        );
        return (None, None);
    }
    if !context.catalogue.contains(&handler.as_str()) {
        let guess = did_you_mean(&handler, context.catalogue.iter().copied());
        let guess = guess.map_or(String::new(), |guess| format!("; {guess}"));
        properties.not_run(
            "Handler",
            Sort::FeatureNotRun,
            format!("there is no built-in handler `{handler}`{guess}"),
            Some(format!("built in are {catalogue}")),
        );
        return (None, None);
    }
    (Some(runtime), Some(handler))
}

/// AWS needs the code; a built-in handler does not, so only its form is checked.
fn code(properties: &mut Properties<'_, '_, '_>) {
    properties.required_node("Code");
    properties.object("Code", |code| {
        let bucket = code.text("S3Bucket", 3..=63);
        let key = code.text("S3Key", 1..=1024);
        code.text("S3ObjectVersion", 1..=1024);
        let (bucket_given, key_given) = (code.node("S3Bucket").is_some(), code.node("S3Key").is_some());
        code.refuse("ImageUri", "there are no containers");
        code.refuse("ZipFile", "AWS takes code in the template for Node.js and Python alone; use S3Bucket and S3Key");
        code.refuse("SourceKMSKeyArn", "there are no keys");
        if !(bucket_given && key_given) {
            code.wrong("S3Bucket", "AWS needs S3Bucket and S3Key");
        }
        bucket.zip(key)
    });
}

fn environment(properties: &mut Properties<'_, '_, '_>) -> SortedMap<String, String> {
    let variables = properties.object("Environment", |environment| {
        let variables = environment.text_map("Variables")?;
        for (name, _) in &variables {
            let mut bytes = name.bytes();
            let proper = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
                && name.len() > 1
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !proper {
                environment.wrong(
                    "Variables",
                    format!("`{name}` cannot name a variable: a letter, then letters, digits or `_`, at least two"),
                );
            }
        }
        let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > ENVIRONMENT_BYTES_MAX {
            environment.wrong("Variables", format!("has {bytes} bytes together, the limit is {ENVIRONMENT_BYTES_MAX}"));
        }
        Some(variables)
    });
    variables.unwrap_or_default().into_iter().collect()
}

fn architecture(properties: &mut Properties<'_, '_, '_>) -> String {
    let given = properties.text_list("Architectures");
    match given.as_deref() {
        None => "x86_64".to_owned(),
        Some([one]) if one == "x86_64" || one == "arm64" => one.clone(),
        Some(_) => {
            properties.wrong("Architectures", "must be a list of one: x86_64 or arm64");
            "x86_64".to_owned()
        }
    }
}
