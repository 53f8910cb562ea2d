//! What a changed function, version, alias or permission means.

use super::{Change, Diffable, ResourceKind, differences};
use crate::stack::{Function, FunctionAlias, FunctionVersion, Permission, QualifiedConfig};

impl Diffable for Function {
    const KIND: ResourceKind = ResourceKind::Function;
    const WHEN_GONE: Change = Change::Stop;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(Function {
        name: "FunctionName",
        arn: "Arn",
        handler: "Handler",
        runtime: "Runtime",
        role: "Role",
        timeout: "Timeout",
        memory_mib: "MemorySize",
        environment: "Environment",
        reserved_concurrency: "ReservedConcurrentExecutions",
        log_group: "LoggingConfig",
        description: "Description",
        architecture: "Architectures",
        asynchronous: "EventInvokeConfig",
        tags: "Tags",
    });
}

impl Diffable for FunctionVersion {
    const KIND: ResourceKind = ResourceKind::FunctionVersion;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        format!("{}:{}", self.function.name, self.number)
    }

    differences!(FunctionVersion {
        function: "FunctionName",
        number: "Version",
        arn: "Arn",
        description: "Description",
    });

    fn losses(&self, new: &Self) -> Vec<(&'static str, String, String)> {
        // What was published stays as it was; another description would be another version.
        let mut losses = Vec::new();
        if self.function.name != new.function.name || self.description != new.description {
            let property = if self.description == new.description { "FunctionName" } else { "Description" };
            let reason = "a version stays as it was made".to_owned();
            losses.push((property, reason, "give the new version a new logical id".to_owned()));
        }
        losses
    }
}

impl Diffable for FunctionAlias {
    const KIND: ResourceKind = ResourceKind::FunctionAlias;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        format!("{}:{}", self.function.name, self.name)
    }

    differences!(FunctionAlias {
        function: "FunctionName",
        name: "Name",
        arn: "Arn",
        version: "FunctionVersion",
        other: "RoutingConfig",
        description: "Description",
    });
}

impl Diffable for QualifiedConfig {
    const KIND: ResourceKind = ResourceKind::InvokeConfig;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        let qualifier = self.function.qualifier.as_ref().map(|qualifier| format!(":{qualifier}"));
        format!("{}{}", self.function.name, qualifier.unwrap_or_default())
    }

    differences!(QualifiedConfig { function: "FunctionName", asynchronous: "EventInvokeConfig" });
}

impl Diffable for Permission {
    const KIND: ResourceKind = ResourceKind::Permission;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        format!("{} by {}", self.function.name, self.principal)
    }

    differences!(Permission {
        function: "FunctionName",
        action: "Action",
        principal: "Principal",
        source_arn: "SourceArn",
        source_account: "SourceAccount",
    });
}
