//! Decides which parts of a template read events, and where their patterns stand.
//!
//! Start at [`consumers`]. Every resource that can hold a pattern is known here, those too that do not run here: a
//! mistake in a pattern is one wherever it is deployed.

use pattern::lint::{Images, Source};

use super::origin::Origins;
use super::report::Reader;
use super::values::{Place, Values};

/// Something that reads events, with where the parts of it stand that a check looks at.
pub(crate) struct Consumer<'n> {
    /// The resource that it is, or belongs to.
    pub(crate) id: &'n str,
    pub(crate) reader: Reader,
    pub(crate) source: Source,
    /// Where its patterns stand.
    pub(crate) patterns: Vec<Place<'n>>,
    /// Its list of filters, which a rule does not have.
    pub(crate) filters: Option<Place<'n>>,
    /// The bus of a rule.
    pub(crate) bus: Option<String>,
    /// Where it is said when a record is given up, and the keys for that.
    pub(crate) giving_up: Option<GivingUp<'n>>,
}

/// Where it is said when a record that cannot be handled is given up.
pub(crate) struct GivingUp<'n> {
    pub(crate) parameters: Place<'n>,
    /// The keys down to the place for what is given up.
    pub(crate) dead_letters: &'static [&'static str],
}

/// The events of `AWS::Serverless` that become event source mappings, and what sends them.
const SERVERLESS_SOURCES: [(&str, Source); 7] = [
    ("DynamoDB", Source::DynamoDb(Images::Unknown)),
    ("Kinesis", Source::Kinesis),
    ("SQS", Source::Queue),
    ("MQ", Source::Broker),
    ("MSK", Source::Kafka),
    ("SelfManagedKafka", Source::Kafka),
    ("DocumentDB", Source::Unknown),
];

/// The parameters of a pipe's source that say what it is.
const PIPE_PARAMETERS: [(&str, Source); 7] = [
    ("DynamoDBStreamParameters", Source::DynamoDb(Images::Unknown)),
    ("KinesisStreamParameters", Source::Kinesis),
    ("SqsQueueParameters", Source::Queue),
    ("ActiveMQBrokerParameters", Source::Broker),
    ("RabbitMQBrokerParameters", Source::Broker),
    ("ManagedStreamingKafkaParameters", Source::Kafka),
    ("SelfManagedKafkaParameters", Source::Kafka),
];

/// All that reads events, in the order of the template.
pub(crate) fn consumers<'n>(resources: &[Place<'n>], values: &Values<'_>) -> Vec<Consumer<'n>> {
    let search = Search { values, origins: Origins { resources, values } };
    resources.iter().flat_map(|resource| search.resource(resource)).collect()
}

struct Search<'n, 'v, 's> {
    values: &'v Values<'s>,
    origins: Origins<'n, 'v, 's>,
}

impl<'n> Search<'n, '_, '_> {
    fn resource(&self, resource: &Place<'n>) -> Vec<Consumer<'n>> {
        let Some(kind) = self.first_text(resource, "Type") else { return Vec::new() };
        let Some(properties) = self.values.below(resource, &["Properties"]).into_iter().next() else {
            return Vec::new();
        };
        let id = resource.key;
        match kind.as_str() {
            "AWS::Pipes::Pipe" => vec![self.pipe(id, &properties)],
            "AWS::Lambda::EventSourceMapping" => {
                let known = match self.values.below(&properties, &["SelfManagedEventSource"]).is_empty() {
                    true => Source::Unknown,
                    false => Source::Kafka,
                };
                vec![self.mapping(id, &properties, "EventSourceArn", known)]
            }
            "AWS::Events::Rule" => vec![self.rule(id, &properties, "EventPattern")],
            // An archive keeps what its pattern matches; it is no rule that counts towards those of its bus.
            "AWS::Events::Archive" => vec![Consumer { bus: None, ..self.rule(id, &properties, "EventPattern") }],
            "AWS::Serverless::Function" | "AWS::Serverless::StateMachine" => {
                let events = self.values.below(&properties, &["Events"]);
                events.iter().flat_map(|events| self.serverless(id, events)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn serverless(&self, id: &'n str, events: &Place<'n>) -> Vec<Consumer<'n>> {
        let names = events.node.as_map().unwrap_or_default().iter().map(|entry| entry.key.as_str());
        let events = names.flat_map(|name| self.values.below(events, &[name]));
        let consumers = events.filter_map(|event| {
            let kind = self.first_text(&event, "Type")?;
            let properties = self.values.below(&event, &["Properties"]).into_iter().next()?;
            if matches!(kind.as_str(), "EventBridgeRule" | "CloudWatchEvent") {
                return Some(self.rule(id, &properties, "Pattern"));
            }
            let (_, source) = SERVERLESS_SOURCES.into_iter().find(|(name, _)| *name == kind)?;
            let key = if source == Source::Queue { "Queue" } else { "Stream" };
            Some(self.mapping(id, &properties, key, source))
        });
        consumers.collect()
    }

    fn pipe(&self, id: &'n str, properties: &Place<'n>) -> Consumer<'n> {
        let mut parameters = PIPE_PARAMETERS.into_iter().filter_map(|(key, source)| {
            let place = self.values.below(properties, &["SourceParameters", key]).into_iter().next()?;
            Some((place, source))
        });
        let parameters = parameters.next();
        let told = parameters.as_ref().map_or(Source::Unknown, |(_, source)| *source);
        let source = self.source(properties, "Source", told);
        let giving_up = parameters
            .filter(|_| is_stream(source))
            .map(|(parameters, _)| GivingUp { parameters, dead_letters: &["DeadLetterConfig", "Arn"] });
        Consumer { giving_up, ..self.filtering(id, Reader::Pipe, source, properties, &["SourceParameters"]) }
    }

    fn mapping(&self, id: &'n str, properties: &Place<'n>, source_key: &str, told: Source) -> Consumer<'n> {
        let source = self.source(properties, source_key, told);
        let giving_up = is_stream(source).then(|| GivingUp {
            parameters: properties.clone(),
            dead_letters: &["DestinationConfig", "OnFailure", "Destination"],
        });
        Consumer { giving_up, ..self.filtering(id, Reader::EventSourceMapping, source, properties, &[]) }
    }

    fn filtering(
        &self,
        id: &'n str,
        reader: Reader,
        source: Source,
        properties: &Place<'n>,
        before: &[&str],
    ) -> Consumer<'n> {
        let keys = [before, &["FilterCriteria", "Filters"]].concat();
        let lists = self.values.below(properties, &keys);
        let items = lists.iter().flat_map(|list| self.values.items(list));
        let patterns = items.flat_map(|item| self.values.below(&item, &["Pattern"])).collect();
        let filters = lists.into_iter().next();
        Consumer { id, reader, source, patterns, filters, bus: None, giving_up: None }
    }

    fn rule(&self, id: &'n str, properties: &Place<'n>, key: &str) -> Consumer<'n> {
        let bus = self.values.below(properties, &["EventBusName"]).into_iter().next();
        // A bus that is not known is told apart by how it is named in the template.
        let bus = bus.map(|bus| match self.values.scalar(bus.node) {
            Some(name) => name.rsplit('/').next().unwrap_or_default().to_owned(),
            None => self.values.text(bus.node).map_or_else(String::new, |read| read.located.text().to_owned()),
        });
        let patterns = self.values.below(properties, &[key]);
        let bus = Some(bus.unwrap_or_else(|| "default".to_owned()));
        Consumer { id, reader: Reader::Rule, source: Source::Bus, patterns, filters: None, bus, giving_up: None }
    }

    /// What the property says that sends the events, or else what its surroundings tell.
    fn source(&self, properties: &Place<'n>, key: &str, told: Source) -> Source {
        let nodes = self.values.below(properties, &[key]);
        match nodes.as_slice() {
            [one] => match self.origins.of(one.node) {
                Source::Unknown => told,
                source => source,
            },
            _ => told,
        }
    }

    fn first_text(&self, place: &Place<'n>, key: &str) -> Option<String> {
        let node = self.values.below(place, &[key]).into_iter().next()?;
        node.node.as_scalar().map(str::to_owned)
    }
}

/// Whether records of this source are read in order, so that one that fails holds up those behind it.
fn is_stream(source: Source) -> bool {
    match source {
        Source::DynamoDb(_) | Source::Kinesis => true,
        Source::Bus | Source::Queue | Source::Broker | Source::Kafka | Source::Unknown => false,
    }
}
