//! What changes mean of what stands around: roles and policies, APIs, and what is watched.

use super::{Change, Diffable, ResourceKind, differences};
use crate::stack::{Alarm, Api, Dashboard, MetricFilter, Policy, Role};

impl Diffable for Role {
    const KIND: ResourceKind = ResourceKind::Role;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Role {
        name: "RoleName",
        arn: "Arn",
        trust: "AssumeRolePolicyDocument",
        inline_policies: "Policies",
        managed_policies: "ManagedPolicyArns",
        tags: "Tags",
    });
}

impl Diffable for Policy {
    const KIND: ResourceKind = ResourceKind::Policy;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Policy { name: "PolicyName", arn: "Arn", roles: "Roles", statements: "PolicyDocument" });
}

impl Diffable for Api {
    const KIND: ResourceKind = ResourceKind::Api;
    const WHEN_GONE: Change = Change::Stop;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Api {
        name: "Name",
        id: "RestApiId",
        url_on_aws: "Url",
        stage: "StageName",
        body: "Body",
        method_settings: "MethodSettings",
        caching: "CacheClusterEnabled",
        access_log: "AccessLogSetting",
        variables: "Variables",
        plans: "UsagePlans",
        keys: "ApiKeys",
        functions: "Functions",
        tags: "Tags",
    });
}

impl Diffable for Alarm {
    const KIND: ResourceKind = ResourceKind::Alarm;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Alarm { name: "AlarmName", arn: "Arn", request: "Properties" });
}

impl Diffable for Dashboard {
    const KIND: ResourceKind = ResourceKind::Dashboard;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Dashboard { name: "DashboardName", body: "DashboardBody" });
}

impl Diffable for MetricFilter {
    const KIND: ResourceKind = ResourceKind::MetricFilter;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        format!("{} of {}", self.name, self.group)
    }

    differences!(MetricFilter {
        name: "FilterName",
        group: "LogGroupName",
        pattern: "FilterPattern",
        metric: "MetricName",
        namespace: "MetricNamespace",
        value: "MetricValue",
        otherwise: "DefaultValue",
        unit: "Unit",
        dimensions: "Dimensions",
    });
}
