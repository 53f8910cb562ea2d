//! A CloudFormation template becomes the resources to run.
//!
//! Start at [`Template::parse`], then [`Template::resolve`]: the text of a template and the
//! [`Environment`] that it runs in go in, a [`Stack`] or [`Errors`] come out. [`diff`] compares
//! two stacks of the same template and says what changes, or what cannot change without loss; [`refusals`] says the
//! latter of what is [`Kept`] of one.
//! [`check`] says of a template, also of one that does not run here, what would fail or silently never match.
//! [`diagram`] draws a stack.
//! Nothing here reads a file, a clock or a network.
//!
//! ```
//! use stack::{Environment, Overrides, Template};
//!
//! let text = "Resources:
//!   Failed:
//!     Type: AWS::SQS::Queue
//!     Properties: {QueueName: failed, DelaySeconds: 1000}
//! ";
//! let environment = Environment::local("shop");
//! let template = Template::parse(text, "shop.yaml")?;
//! let errors = template.resolve(&environment, &Overrides::new(), &[]).unwrap_err();
//! assert_eq!(
//!     errors.to_string(),
//!     "shop.yaml:4:51: Resources.Failed.Properties.DelaySeconds: \
//!      must be a whole number from 0 to 900, not `1000`"
//! );
//!
//! let template = Template::parse(&text.replace("1000", "10"), "shop.yaml")?;
//! let stack = template.resolve(&environment, &Overrides::new(), &[])?;
//! assert_eq!(stack.queues[0].spec.name.as_str(), "failed");
//! # Ok::<(), stack::Errors>(())
//! ```
//!
//! Invariant: nothing in a template is ignored. What is not run here is refused by name with
//! its line; what has no effect here is a [`Note`].

mod apis;
pub mod check;
pub mod cost;
pub mod diagram;
mod diff;
mod environment;
mod evaluate;
mod findings;
pub mod iam;
mod identity;
mod kept;
mod node;
mod parameter;
mod properties;
mod read;
mod references;
mod relations;
mod resolve;
mod resource;
mod stack;
mod template;

pub use diff::{Change, ChangeStep, Refusal, ResourceKind, diff, refusals};
pub use environment::{Environment, Overrides, StreamLabel, VersionNumber};
pub use findings::{Errors, Finding, Position, Sort};
pub use kept::{Kept, KeptApi};
pub use stack::{
    AccessLog, Alarm, Api, ApiKey, Asynchronous, Billing, Caching, Dashboard, DeadLettersFrom, DesiredState,
    Destination, Enrichment, EventArchive, EventBus, EventConnection, EventDestination, EventRule, Fifo, Function,
    FunctionAlias, FunctionReference, FunctionVersion, Index, InlinePolicy, Invocation, LogGroup, LogGroupOrigin,
    LogicalId, Method, MethodSettings, MetricFilter, Note, OtherVersion, Output, Period, Permission, Pipe, PipeSource,
    PipeTarget, Plan, Policy, Poller, Projection, QualifiedConfig, Queue, QueuePolicy, QueueReference, Quota, Rate,
    Redrive, Resource, Role, RoleReference, RouteThrottle, Stack, StartingPosition, Table, TableReference, Throttle,
};
pub use template::Template;
