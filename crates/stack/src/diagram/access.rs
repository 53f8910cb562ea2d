//! Decides what the functions of a stack do with its tables, queues and buses, as far as their roles tell: what a function may
//! do it is taken to do, as roles allow exactly what their owners do.

use crate::iam::{self, Decision, Request, Statement, decide};
use crate::stack::{EventBus, Function, Queue, Stack, Table};
use types::SortedMap;

const READS: [&str; 4] = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:Scan"];
const WRITES: [&str; 4] = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"];

/// What a function may do.
pub(super) struct Access {
    role_arn: String,
    statements: Vec<Statement>,
}

impl Access {
    /// What the role of a function allows; `None` for a role that is not of the stack.
    pub(super) fn of(stack: &Stack, function: &Function) -> Option<Self> {
        let (role, statements, _) = iam::granted(stack, &function.role)?;
        Some(Self { role_arn: role.spec.arn.clone(), statements })
    }

    /// What it does with a table, in words.
    pub(super) fn to_table(&self, table: &Table) -> Option<&'static str> {
        let indexes = table.indexes.iter().map(|index| format!("{}/index/{}", table.arn, index.name));
        let places: Vec<String> = std::iter::once(table.arn.clone()).chain(indexes).collect();
        let any =
            |actions: [&str; 4]| actions.iter().any(|action| places.iter().any(|place| self.allows(action, place)));
        match (any(READS), any(WRITES)) {
            (true, true) => Some("reads, writes"),
            (true, false) => Some("reads"),
            (false, true) => Some("writes"),
            (false, false) => None,
        }
    }

    /// Whether it sends to a queue.
    pub(super) fn sends_to(&self, queue: &Queue) -> bool {
        self.allows("sqs:SendMessage", &queue.arn)
    }

    /// Whether it puts events on a bus.
    pub(super) fn puts_on(&self, bus: &EventBus) -> bool {
        self.allows("events:PutEvents", &bus.arn)
    }

    fn allows(&self, action: &str, resource: &str) -> bool {
        let request = Request {
            principal: ("AWS".to_owned(), self.role_arn.clone()),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: SortedMap::new(),
        };
        decide(&self.statements, &request).0 == Decision::Allowed
    }
}
