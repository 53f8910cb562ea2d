//! What is drawn of a stack: its parts, and what goes from where to where.

use stack::diagram::{Graph, Kind, Node};
use stack::{Environment, Overrides, Template};

use crate::{CATALOGUE, resolve};

/// Each edge on a line, as `from → to: flow, label`.
pub(crate) fn edges(graph: &Graph) -> Vec<String> {
    let edge = |edge: &stack::diagram::Edge| {
        let [from, to] = [edge.from, edge.to].map(|id| graph.node(id).name.as_str());
        let label = edge.label.as_ref().map_or(String::new(), |label| format!(", {label}"));
        format!("{from} → {to}: {}{label}", edge.flow.name())
    };
    let mut edges: Vec<String> = graph.edges().iter().map(edge).collect();
    edges.sort();
    edges
}

fn node<'g>(graph: &'g Graph, name: &str) -> &'g Node {
    graph.nodes().iter().find(|node| node.name == name).unwrap_or_else(|| panic!("{name} is drawn: {graph:#?}"))
}

fn of(file: &str) -> Graph {
    let path = format!("{}/../../stacks/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the template is part of this repository");
    let handlers = [crate::commerce::CATALOGUE.as_slice(), CATALOGUE.as_slice()].concat();
    let stack = Template::parse(&text, file)
        .and_then(|template| template.resolve(&Environment::local(file), &Overrides::new(), &handlers))
        .unwrap_or_else(|errors| panic!("{errors}"));
    Graph::of(&stack)
}

#[test]
fn the_shop_front_is_drawn_as_its_template_tells_it() {
    let graph = of("commerce");
    let mut expected = [
        "Clients → commerce-orders: hands on, HTTP + key",
        // One box for the routes of each function.
        "Clients → commerce-orders: hands on, HTTP + key",
        "commerce-orders → ChatbotFunction: hands on",
        "ChatbotFunction → /aws/lambda/ChatbotFunction: belongs to",
        "ChatbotFunction → Orders: reads, writes, reads",
        "commerce-shop → commerce-orders: belongs to",
        "commerce-orders → /aws/apigateway/commerce-orders: belongs to",
        "commerce-orders → OrdersApi: hands on",
        "OrdersApi → /aws/lambda/OrdersApi: belongs to",
        "OrdersApi → Orders: reads, writes, reads, writes",
        "OrdersApi → OrderRequests: reads, writes, reads, writes",
        "OrdersApi → OrderQueue: hands on, sends",
        "OrdersApi → commerce-order-events: hands on, puts events",
        "OrderWorker → commerce-order-events: hands on, puts events",
        "OrderQueue → OrderWorker: hands on, batches of 10",
        "OrderQueue → OrderQueueDLQ: gives up, after 1000 tries",
        "OrderWorker → /aws/lambda/OrderWorker: belongs to",
        "OrderWorker → OrderQueueDLQ: gives up, gives up",
        "OrderWorker → Orders: reads, writes, reads, writes",
        "OrderWorker → Payments: reads, writes, reads, writes",
        "OrderWorker → Stock: reads, writes, reads, writes",
        "Orders → commerce-standard-orders: hands on, changes",
        "commerce-standard-orders → StandardOrderFunction: hands on, batches of 100",
        "commerce-standard-orders → StandardOrderDLQ: gives up, after 4 tries",
        "StandardOrderFunction → /aws/lambda/StandardOrderFunction: belongs to",
        "Orders → commerce-premium-orders: hands on, changes",
        "commerce-premium-orders → PremiumOrderFunction: hands on, batches of 100",
        "commerce-premium-orders → PremiumOrderDLQ: gives up, after 4 tries",
        "PremiumOrderFunction → /aws/lambda/PremiumOrderFunction: belongs to",
    ];
    expected.sort_unstable();
    assert_eq!(edges(&graph), expected);
    let apis: Vec<&Node> = graph.nodes().iter().filter(|node| node.kind == Kind::Api).collect();
    let mut drawn: Vec<&str> = apis.iter().flat_map(|node| &node.routes).map(String::as_str).collect();
    drawn.sort_unstable();
    let mut routes = [
        "POST /chatbot",
        "POST /orders",
        "GET /orders/{orderId}",
        "GET /customers/{customerId}/orders",
        "POST /orders/{orderId}/cancel",
        "GET /orders/{orderId}/events",
    ];
    routes.sort_unstable();
    assert_eq!((apis.len(), drawn.as_slice()), (2, routes.as_slice()));
    let pipe = node(&graph, "commerce-premium-orders");
    let words: Vec<String> = pipe.details.iter().map(|line| line.replace('\u{a0}', " ")).collect();
    assert_eq!(words, ["MODIFY, status FULFILLMENT → COMPLETED", "and not test, tier premium", "  or no tier"]);
}

#[test]
fn dead_letters_stand_right_of_all_and_clients_left() {
    for file in ["commerce", "orders", "premium"] {
        let graph = of(file);
        let layout = graph.layout();
        let lefts = |wanted: fn(Kind) -> bool| {
            let placed = graph.nodes().iter().zip(&layout.boxes).filter(move |(node, _)| wanted(node.kind));
            placed.map(|(_, place)| place.x).collect::<Vec<_>>()
        };
        let between = lefts(|kind| !matches!(kind, Kind::DeadLetters | Kind::Client));
        let (first, last) = (between.iter().min().unwrap(), between.iter().max().unwrap());
        assert!(lefts(|kind| kind == Kind::Client).iter().all(|x| x < first), "{file}");
        assert!(lefts(|kind| kind == Kind::DeadLetters).iter().all(|x| x > last), "{file}");
    }
}

/// A queue with a filter before its function, a table that is only read, and a queue that nobody in the stack sends to.
const MIXED: &str = r#"Resources:
  In:
    Type: AWS::SQS::Queue
    Properties: {QueueName: in.fifo, FifoQueue: true, DelaySeconds: 90}
  Out: {Type: AWS::SQS::Queue, Properties: {QueueName: out}}
  Known:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: known
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: provided.al2023
      Handler: order-events
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: bucket, S3Key: key}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt In.Arn
      FunctionName: !Ref Function
      BatchSize: 1
      FilterCriteria: {Filters: [{Pattern: '{"body": {"kind": ["a"]}}'}]}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "logs:*", Resource: "*"}
              - {Effect: Allow, Action: "sqs:*", Resource: "*"}
              - {Effect: Deny, Action: "sqs:SendMessage", Resource: !GetAtt In.Arn}
              - {Effect: Allow, Action: "dynamodb:Get*", Resource: !GetAtt Known.Arn}
"#;

#[test]
fn what_roles_allow_and_deny_shows_as_edges() {
    let graph = Graph::of(&resolve(MIXED).unwrap_or_else(|errors| panic!("{errors}")));
    let expected = [
        "Clients → in.fifo: hands on, send",
        "Clients → known: hands on, write items",
        "Mapping → function: hands on, one by one",
        "function → /aws/lambda/function: belongs to",
        "function → known: reads, writes, reads",
        "function → out: hands on, sends",
        "in.fifo → Mapping: hands on, messages",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(node(&graph, "in.fifo").details, ["first in, first out", "delays by 90 seconds", "keeps 4 days"]);
    assert_eq!(node(&graph, "Mapping").details, ["kind\u{a0}a"]);
}

#[test]
fn a_picture_is_well_formed_and_needs_nothing_from_elsewhere() {
    let svg = of("commerce").svg();
    // Every tag that is opened is closed, in the right order.
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1).map(|rest| rest.split_once('>').expect("a tag ends").0) {
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(name), _) => assert_eq!(open.pop(), Some(name)),
            (None, true) => {}
            (None, false) => open.push(tag.split_whitespace().next().unwrap_or_default()),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    for outside in ["<script", "href", "url(", "@import", "@font-face", "<image", "<foreignObject"] {
        assert!(!svg.contains(outside), "{outside}");
    }
    assert_eq!(svg.matches("http").count(), 1, "the namespace alone");
    assert!(svg.contains("prefers-color-scheme:dark") && svg.contains("<title id=") && svg.contains("<desc id="));
}
