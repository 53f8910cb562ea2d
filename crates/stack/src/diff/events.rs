//! What a changed bus, rule, archive, connection or destination of events means.

use super::{Change, Diffable, ResourceKind, differences, renamed};
use crate::stack::{EventArchive, EventBus, EventConnection, EventDestination, EventRule};

impl Diffable for EventBus {
    const KIND: ResourceKind = ResourceKind::EventBus;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(EventBus { name: "Name", arn: "Arn", description: "Description", tags: "Tags" });
}

impl Diffable for EventRule {
    const KIND: ResourceKind = ResourceKind::EventRule;
    const WHEN_GONE: Change = Change::Remove;

    /// Two buses may have rules of one name.
    fn name(&self) -> String {
        format!("{}/{}", self.bus, self.spec.name)
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        // Every field is named here, as in `differences!`, which knows one property for each.
        let Self { bus: _, arn: _, spec, role, targets, tags } = self;
        let parts = [
            ("EventPattern", spec.pattern != new.spec.pattern),
            ("ScheduleExpression", spec.schedule != new.spec.schedule),
            ("State", spec.state != new.spec.state),
            ("Description", spec.description != new.spec.description),
            ("RoleArn", *role != new.role),
            ("Targets", *targets != new.targets),
            ("Tags", *tags != new.tags),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

impl Diffable for EventArchive {
    const KIND: ResourceKind = ResourceKind::EventArchive;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        self.spec.name.to_string()
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        let Self { spec, arn: _ } = self;
        let parts = [
            ("SourceArn", spec.bus != new.spec.bus),
            ("EventPattern", spec.pattern != new.spec.pattern),
            ("RetentionDays", spec.retention_days != new.spec.retention_days),
            ("Description", spec.description != new.spec.description),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    fn losses(&self, new: &Self) -> Vec<(&'static str, String, String)> {
        let mut losses = Vec::new();
        if self.spec.name != new.spec.name {
            let (reason, hint) = renamed("archive", "its events");
            losses.push(("ArchiveName", reason, hint));
        }
        if self.spec.bus != new.spec.bus {
            let reason = "the events that it has are another bus's".to_owned();
            losses.push(("SourceArn", reason, "give the new archive a new name and a new logical id".to_owned()));
        }
        losses
    }
}

impl Diffable for EventConnection {
    const KIND: ResourceKind = ResourceKind::EventConnection;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.spec.name.to_string()
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        let Self { spec, id: _, arn } = self;
        let parts = [
            ("Name", *arn != new.arn),
            ("Description", spec.description != new.spec.description),
            (
                "AuthParameters",
                (&spec.auth, &spec.headers, &spec.query, &spec.body)
                    != (&new.spec.auth, &new.spec.headers, &new.spec.query, &new.spec.body),
            ),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

impl Diffable for EventDestination {
    const KIND: ResourceKind = ResourceKind::EventDestination;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.spec.name.to_string()
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        let Self { spec, id: _, arn } = self;
        let parts = [
            ("Name", *arn != new.arn),
            ("Description", spec.description != new.spec.description),
            ("ConnectionArn", spec.connection != new.spec.connection),
            ("InvocationEndpoint", spec.endpoint != new.spec.endpoint),
            ("HttpMethod", spec.method != new.spec.method),
            ("InvocationRateLimitPerSecond", spec.per_second != new.spec.per_second),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}
