//! Bills reckoned by hand from the prices that are built in, tiers at their edges, and what holds for every bill.

use super::exact::Money;
use super::*;
use crate::{Environment, Overrides, Template};
use proptest::prelude::*;
use types::SortedMap;

fn function(architecture: Architecture, memory_mib: u32, invocations: u64, millis: u64) -> Usage {
    let function = FunctionUsage { name: "f".into(), architecture, memory_mib, invocations, millis };
    Usage { functions: vec![function], ..Usage::default() }
}

fn table(capacity: Capacity, stored_bytes: u64) -> Usage {
    Usage { tables: vec![TableUsage { name: "t".into(), capacity, stored_bytes }], ..Usage::default() }
}

fn asked(write_units: u64, read_units: u64) -> Usage {
    table(Capacity::Asked { write_units, read_units }, 0)
}

fn queue(fifo: bool, requests: u64) -> Usage {
    Usage { queues: vec![QueueUsage { name: "q".into(), fifo, requests }], ..Usage::default() }
}

fn api(requests: u64, cache_mib: Option<u32>) -> Usage {
    Usage { apis: vec![ApiUsage { name: "a".into(), requests, cache_mib }], ..Usage::default() }
}

fn logs(of_function: bool, gib: u64, kept_days: u64) -> Usage {
    Usage { logs: vec![LogUsage { name: "l".into(), of_function, bytes: gib << 30, kept_days }], ..Usage::default() }
}

fn pipe(requests: u64, stopped: u64) -> Usage {
    let Usage { functions, .. } = function(Architecture::Arm, 1024, stopped, stopped * 10);
    let [function] = functions.try_into().unwrap();
    let stopped = Stopped { records: stopped, requests: stopped, function, log_bytes: 0 };
    Usage { pipes: vec![PipeUsage { name: "p".into(), requests, stopped }], ..Usage::default() }
}

fn cost(usage: &Usage, free_tier: FreeTier) -> String {
    Bill::of(usage, &Prices::built_in(), free_tier).total().to_string()
}

#[test]
fn every_service_costs_what_its_price_says() {
    let (free, paid) = (FreeTier::Taken, FreeTier::Left);
    let billion = 1_000_000_000_u64;
    let cases = [
        // API Gateway: 333 M at 3.50, to a billion at 2.80, to 20 billion at 2.38, then 1.51 a million.
        (api(0, None), paid, "$0.00"),
        (api(1, None), paid, "<$0.01"),
        (api(333_000_000, None), paid, "$1,165.50"),
        (api(334_000_000, None), paid, "$1,168.30"),
        (api(billion, None), paid, "$3,033.10"),
        (api(billion + 1_000_000, None), paid, "$3,035.48"),
        (api(20 * billion, None), paid, "$48,253.10"),
        (api(20 * billion + 1_000_000, None), paid, "$48,254.61"),
        // Half a GB of cache is 730 hours at 0.02; 1.6 GB at 0.038. A size between two is the next one's.
        (api(0, Some(512)), paid, "$14.60"),
        (api(0, Some(1_638)), paid, "$27.74"),
        (api(0, Some(513)), free, "$27.74"),
        // Lambda: a million calls of 1 GB for a second are 0.20 and a million GB-seconds.
        (function(Architecture::Arm, 1024, 1_000_000, 1_000_000_000), paid, "$13.53"),
        (function(Architecture::X86, 1024, 1_000_000, 1_000_000_000), paid, "$16.87"),
        (function(Architecture::Arm, 1024, 1_000_000, 1_000_000_000), free, "$8.00"),
        (function(Architecture::X86, 1024, 1_000_000, 1_000_000_000), free, "$10.00"),
        (function(Architecture::Arm, 128, 8, 8_000), paid, "<$0.01"),
        // 7.5 billion GB-seconds on arm64 at 0.0000133334, the next at 0.0000120001.
        (function(Architecture::Arm, 1024, 0, 7_500 * billion), paid, "$100,000.50"),
        (function(Architecture::Arm, 1024, 0, 7_501 * billion), paid, "$100,012.50"),
        (function(Architecture::X86, 1024, 0, 6_001 * billion), paid, "$100,015.20"),
        // DynamoDB.
        (asked(1_000_000, 0), paid, "$0.63"),
        (asked(8_000_000, 8_000_000), paid, "$6.00"),
        (table(Capacity::Ready { write_units: 10, read_units: 20 }, 0), paid, "$6.64"),
        (table(Capacity::Asked { write_units: 0, read_units: 0 }, 25 << 30), paid, "$6.25"),
        (table(Capacity::Asked { write_units: 0, read_units: 0 }, 25 << 30), free, "$0.00"),
        (table(Capacity::Asked { write_units: 0, read_units: 0 }, 26 << 30), free, "$0.25"),
        // Pipes and buses.
        (pipe(2_500_000, 0), paid, "$1.00"),
        (Usage { bus_events: 2_500_000, ..Usage::default() }, paid, "$2.50"),
        // SQS: what is free is free once, also for two kinds of queue.
        (queue(false, 1_000_000), free, "$0.00"),
        (queue(false, 1_000_001), free, "<$0.01"),
        (queue(true, 2_000_000), paid, "$1.00"),
        (queue(true, 2_000_000), free, "$0.50"),
        (queue(false, 100 * billion), paid, "$40,000.00"),
        (queue(false, 101 * billion), paid, "$40,300.00"),
        (queue(false, 201 * billion), paid, "$70,240.00"),
        (queue(true, 201 * billion), paid, "$90,350.00"),
        // CloudWatch: 10 TB of what functions print at 0.50, then 0.25; other logs at 0.50; kept ones shrink to 15 %.
        (logs(true, 10_240, 0), paid, "$5,120.00"),
        (logs(true, 10_244, 0), paid, "$5,121.00"),
        (logs(true, 5, 0), free, "$0.00"),
        (logs(false, 6, 0), free, "$0.50"),
        (logs(false, 1_000, 30), paid, "$504.50"),
        (logs(false, 1_000, 3_650), paid, "$504.50"),
        (logs(false, 1_000, 15), paid, "$502.25"),
        (Usage { metrics: 10_001, ..Usage::default() }, paid, "$3,000.10"),
        (Usage { alarms: 12, metrics: 10, dashboards: 4, ..Usage::default() }, free, "$3.20"),
    ];
    for (usage, free_tier, expected) in cases {
        assert_eq!(cost(&usage, free_tier), expected, "{usage:?} {free_tier:?}");
    }
}

#[test]
fn what_is_free_for_two_kinds_is_free_once() {
    let queues = [queue(false, 1_000_000).queues, queue(true, 1_000_000).queues].concat();
    assert_eq!(cost(&Usage { queues, ..Usage::default() }, FreeTier::Taken), "$0.50");
    let logs = [logs(true, 3, 0).logs, logs(false, 3, 0).logs].concat();
    assert_eq!(cost(&Usage { logs, ..Usage::default() }, FreeTier::Taken), "$0.50");
}

#[test]
fn filters_save_the_requests_of_the_pipe_and_the_calls_of_its_function() {
    let bill = Bill::of(&pipe(1_000_000, 3_000_000), &Prices::built_in(), FreeTier::Left);
    // 3 M requests at 0.40, 3 M calls at 0.20, and 30,000 GB-seconds at 0.0000133334.
    let saving = bill.saving.unwrap();
    assert_eq!(
        (saving.records, saving.invocations, saving.cost.to_string()),
        (3_000_000, 3_000_000, "$2.20".to_owned())
    );
    assert_eq!(bill.total().to_string(), "$0.40");
    assert_eq!(Bill::of(&pipe(1, 0), &Prices::built_in(), FreeTier::Left).saving, None);
}

#[test]
fn a_line_shows_what_falls_into_each_tier() {
    let bill = Bill::of(&api(334_000_000, None), &Prices::built_in(), FreeTier::Left);
    let [line] = &bill.lines[..] else { panic!("there is one line") };
    let parts: Vec<_> = line.parts.iter().map(|part| (part.quantity.to_string(), part.cost.to_string())).collect();
    let expected = [("333,000,000", "$1,165.50"), ("1,000,000", "$2.80")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(parts, expected);
    assert_eq!(bill.biggest().map(|line| line.service), Some(Service::ApiGateway));
}

#[test]
fn a_bad_file_of_prices_is_told_by_line_and_reason() {
    let good = Prices::built_in_text();
    let cases = [
        (
            "[alarms]\nprice = \"0.10\"",
            "[alarms]\nprice = \"ten cents\"",
            "the price \"ten cents\" is no decimal number",
        ),
        ("[alarms]\nprice = \"0.10\"", "[alarms]\nprice = \"-0.10\"", "the price \"-0.10\" is no decimal number"),
        ("[alarms]\nprice = \"0.10\"", "[alarms]\nprice = 0.10", "expected a string"),
        ("[alarms]\nprice = \"0.10\"", "[alarms]\nprise = \"0.10\"", "unknown field `prise`"),
        ("[alarms]\nprice = \"0.10\"", "[alarms]", "there is no `price`, and there are no `tiers`"),
        ("[alarms]\nprice = \"0.10\"", "[alarms]\nper = 0\nprice = \"0.10\"", "`per` is 0"),
        ("[alarms]\nprice = \"0.10\"", "[alarms]\nper = 3\nprice = \"0.10\"", "without rounding"),
        ("[alarms]\nprice = \"0.10\"", "[alarms]\ntiers = []", "`tiers` is empty"),
        (
            "[alarms]\nprice = \"0.10\"",
            "[alarms]\ntiers = [{ up-to = 5, price = \"1\" }]",
            "the last of `tiers` has an `up-to`",
        ),
        ("[alarms]\nprice = \"0.10\"", "[alarms]\nprice = \"1\"\ntiers = [{ price = \"1\" }]", "leave one of them out"),
        ("up-to = 18_750_000_000", "up-to = 7_500_000_000", "`up-to` of `tiers` has to grow"),
        (
            "{ up-to = 7_500_000_000, price = \"0.0000133334\" }",
            "{ price = \"1\" }",
            "only the last of `tiers` has no `up-to`",
        ),
        ("\"USD\"", "\"EUR\"", "unknown variant `EUR`"),
        ("\"0.5\" = \"0.02\"", "\"half\" = \"0.02\"", "the size \"half\" is no number of GB"),
        ("[alarms]", "[alarums]", "unknown field `alarums`"),
    ];
    for (old, new, expected) in cases {
        assert_eq!(good.matches(old).count(), 1, "{old} is changed at one place");
        let error = Prices::parse(&good.replace(old, new), "my.toml").unwrap_err().to_string();
        assert!(error.starts_with("my.toml has no prices that can be used: TOML parse error at line "), "{error}");
        assert!(error.contains(expected), "{error} says {expected}");
    }
    let without = good.replace("[alarms]\nprice = \"0.10\"\nfree = 10", "[x]\nprice=\"1\"");
    assert!(Prices::parse(&without, "my.toml").is_err());
}

#[test]
fn every_price_says_where_it_stands() {
    let mut usage = everything(&[1; 14]);
    usage.apis = api(1, Some(512)).apis;
    let bill = Bill::of(&usage, &Prices::built_in(), FreeTier::Left);
    for line in &bill.lines {
        assert!(line.source.starts_with("https://"), "{line:?}");
    }
    assert_eq!(bill.lines.len(), 20, "each kind of line is there");
}

/// A usage of everything, by 14 numbers.
fn everything(numbers: &[u64]) -> Usage {
    let [
        writes,
        reads,
        stored,
        arm,
        x86,
        passed,
        stopped,
        standard,
        fifo,
        requests,
        printed,
        accessed,
        events,
        metrics,
    ] = numbers.try_into().unwrap();
    let mut usage = function(Architecture::Arm, 512, arm, arm * 3);
    usage.functions.extend(function(Architecture::X86, 512, x86, x86 * 3).functions);
    usage.tables = table(Capacity::Asked { write_units: writes, read_units: reads }, stored).tables;
    usage.tables.extend(table(Capacity::Ready { write_units: 1, read_units: 1 }, 0).tables);
    usage.pipes = pipe(passed, stopped).pipes;
    usage.queues = [queue(false, standard).queues, queue(true, fifo).queues].concat();
    usage.apis = api(requests, None).apis;
    let log = |of_function, bytes| LogUsage { name: "l".into(), of_function, bytes, kept_days: 14 };
    usage.logs = vec![log(true, printed), log(false, accessed)];
    (usage.bus_events, usage.metrics, usage.alarms, usage.dashboards) = (events, metrics, 1, 1);
    usage
}

fn numbers() -> impl Strategy<Value = Vec<u64>> {
    let any = prop_oneof![0..1000_u64, 0..10_000_000_u64, 0..1_000_000_000_000_u64];
    proptest::collection::vec(any, 14)
}

fn free_tier() -> impl Strategy<Value = FreeTier> {
    prop_oneof![Just(FreeTier::Taken), Just(FreeTier::Left)]
}

proptest! {
    /// Whoever uses more of anything pays no less.
    #[test]
    fn more_traffic_never_costs_less(before in numbers(), more in 0..1_000_000_000_000_u64, at in 0..14_usize, free_tier in free_tier()) {
        let mut after = before.clone();
        after[at] += more;
        let total = |numbers: &[u64]| Bill::of(&everything(numbers), &Prices::built_in(), free_tier).total();
        prop_assert!(total(&before) <= total(&after));
    }

    /// What one table, function or queue uses costs the same as when two share it; and a bill is the sum of its parts.
    #[test]
    fn what_is_split_adds_up(one in numbers(), other in numbers(), free_tier in free_tier()) {
        let both: Vec<u64> = one.iter().zip(&other).map(|(one, other)| one + other).collect();
        let (together, mut apart) = (everything(&both), everything(&one));
        let Usage { tables, functions, pipes, queues, apis, logs, bus_events, metrics, .. } = everything(&other);
        // What is kept ready is there once.
        apart.tables.extend(tables.into_iter().take(1));
        apart.functions.extend(functions);
        apart.pipes.extend(pipes);
        apart.queues.extend(queues);
        apart.apis.extend(apis);
        apart.logs.extend(logs);
        (apart.bus_events, apart.metrics) = (apart.bus_events + bus_events, apart.metrics + metrics);
        let [together, apart] = [together, apart].map(|usage| Bill::of(&usage, &Prices::built_in(), free_tier));
        prop_assert_eq!(&together, &apart);
        let of_services: Money = together.services().into_iter().map(|service| together.of_service(service)).sum();
        prop_assert_eq!(of_services, together.total());
        for line in &together.lines {
            let quantity: Quantity = line.parts.iter().map(|part| part.quantity).sum();
            prop_assert_eq!(quantity + line.free, line.quantity);
        }
    }

    /// What filters save is what the stack would cost more without them.
    #[test]
    fn savings_are_never_negative(numbers in numbers(), free_tier in free_tier()) {
        let bill = Bill::of(&everything(&numbers), &Prices::built_in(), free_tier);
        prop_assert_eq!(bill.saving.is_some(), numbers[6] > 0);
        let without = Bill::of(&everything(&{ let mut all = numbers.clone(); all[6] = 0; all }), &Prices::built_in(), free_tier);
        prop_assert_eq!(without.total(), bill.total());
        // At no tier is what would come in addition cheaper than AWS's lowest price for a request.
        if let Some(saving) = bill.saving.filter(|_| free_tier == FreeTier::Left) {
            prop_assert!(saving.cost.as_f64() >= numbers[6] as f64 * 0.6e-6);
        }
    }
}

const STACK: &str = r#"
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: orderId, AttributeType: S}, {AttributeName: customer, AttributeType: S}]
      KeySchema: [{AttributeName: orderId, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: byCustomer
          KeySchema: [{AttributeName: customer, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Premium:
    Type: AWS::Pipes::Pipe
    Properties:
      Name: premium
      RoleArn: arn:aws:iam::000000000000:role/pipe
      Source: !GetAtt Orders.StreamArn
      SourceParameters:
        FilterCriteria:
          Filters:
            - Pattern: '{"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"tier": {"S": ["premium"]}}}}'
        DynamoDBStreamParameters: {StartingPosition: TRIM_HORIZON, BatchSize: 10, MaximumRetryAttempts: 1, MaximumRecordAgeInSeconds: 3600}
      Target: !GetAtt Teller.Arn
  Teller:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: Teller
      Runtime: provided.al2023
      Handler: teller
      Architectures: [arm64]
      MemorySize: 256
      Timeout: 10
      Role: arn:aws:iam::000000000000:role/function
      Code: {S3Bucket: bucket, S3Key: key.zip}
"#;

fn stack() -> crate::Stack {
    let template = Template::parse(STACK, "t.yaml").unwrap();
    template
        .resolve(&Environment::local("shop"), &Overrides::new(), &["teller"])
        .unwrap_or_else(|errors| panic!("{errors}"))
}

/// An hour with 1,000 orders, each written twice.
fn hour() -> Measured {
    let table = MeasuredTable {
        items: 1_000,
        bytes: 900_000,
        inserts: 1_000,
        writes: 2_000,
        write_blocks: 3_000,
        blocks_together: 500,
        read_blocks: 100,
    };
    let pipe = MeasuredPipe { passed: 200, passed_blocks: 250, stopped: 1_800, stopped_blocks: 1_800 };
    Measured {
        micros: 3_600_000_000,
        tables: SortedMap::from([("Orders".to_owned(), table)]),
        pipes: SortedMap::from([("premium".to_owned(), pipe)]),
        functions: SortedMap::from([("Teller".to_owned(), MeasuredFunction { invocations: 50, millis: 200 })]),
        logs: SortedMap::from([("/aws/lambda/Teller".to_owned(), MeasuredLogs { lines: 200, bytes: 10_000 })]),
        ..Measured::default()
    }
}

#[test]
fn an_hour_is_scaled_to_a_month_or_to_orders() {
    for (period, times) in [(Period::GoesOn, 730), (Period::Orders(5_000), 5), (Period::Whole, 1)] {
        let Month { usage, orders, .. } = measured(&stack(), &hour(), period).unwrap();
        assert_eq!(orders, Some(1_000 * times), "{period:?}");
        // 3,000 KB, 500 of them in transactions, and all of it into the index too; kept with 100 bytes more each.
        let capacity = Capacity::Asked { write_units: 6_500 * times, read_units: 100 * times };
        assert_eq!(usage.tables, [TableUsage { name: "Orders".into(), capacity, stored_bytes: 2_000_000 * times }]);
        let [pipe] = &usage.pipes[..] else { panic!("there is one pipe") };
        assert_eq!(
            (pipe.requests, pipe.stopped.records, pipe.stopped.requests),
            (250 * times, 1_800 * times, 1_800 * times)
        );
        // Four records a call, 4 ms each.
        let stopped = &pipe.stopped.function;
        assert_eq!((stopped.invocations, stopped.millis), (450 * times, 1_800 * times));
        assert_eq!(pipe.stopped.log_bytes, 450 * times * 350);
        assert_eq!((usage.functions[0].invocations, usage.functions[0].millis), (50 * times, 200 * times));
        assert_eq!(usage.logs[0].bytes, 15_200 * times);
    }
}

#[test]
fn a_month_of_nothing_cannot_be_told() {
    let nothing = Measured { micros: 1, ..Measured::default() };
    assert_eq!(measured(&stack(), &nothing, Period::Orders(1)), Err(NothingMeasured::NoOrder));
    assert_eq!(measured(&stack(), &Measured::default(), Period::GoesOn), Err(NothingMeasured::NoTime));
    let idle = measured(&stack(), &nothing, Period::GoesOn).unwrap();
    assert_eq!(Bill::of(&idle.usage, &Prices::built_in(), FreeTier::Left).total(), Money::ZERO);
}

/// What is watched is paid for by what it looks at, whatever the traffic; events and requests by their number.
#[test]
fn watching_costs_what_it_looks_at_and_buses_what_is_put() {
    let more = r#"
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  One: {Type: AWS::CloudWatch::Alarm, Properties: {
    AlarmName: one, Namespace: N, MetricName: M, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1,
    ComparisonOperator: GreaterThanThreshold}}
  Two: {Type: AWS::CloudWatch::Alarm, Properties: {
    AlarmName: two, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: GreaterThanThreshold, Metrics: [
      {Id: a, ReturnData: false, MetricStat: {Metric: {Namespace: N, MetricName: A}, Period: 60, Stat: Sum}},
      {Id: b, ReturnData: false, MetricStat: {Metric: {Namespace: N, MetricName: B}, Period: 60, Stat: Sum}},
      {Id: c, Expression: a + b}]}}
  Board: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardName: board, DashboardBody: '{"widgets": []}'}}
"#;
    let text = format!("{}\n{more}", STACK.trim_end());
    let template = Template::parse(&text, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let stack = template.resolve(&Environment::local("shop"), &Overrides::new(), &["teller"]);
    let stack = stack.unwrap_or_else(|errors| panic!("{errors}"));
    let jobs = MeasuredQueue { sent: 10, sent_blocks: 10, receives: 10, empty_receives: 7, deleted: 10, hidden: 0 };
    let counted = Measured {
        buses: SortedMap::from([("shop".to_owned(), 5), ("default".to_owned(), 2), ("another".to_owned(), 100)]),
        queues: SortedMap::from([("jobs".to_owned(), jobs)]),
        metrics: 4,
        ..hour()
    };
    for (period, times) in [(Period::GoesOn, 730), (Period::Whole, 1)] {
        let usage = measured(&stack, &counted, period).unwrap().usage;
        assert_eq!(usage.bus_events, 7 * times, "those of the stack's bus and of the default one");
        assert_eq!((usage.alarms, usage.dashboards, usage.metrics), (3, 1, 4), "they cost by the month");
        let of_jobs = usage.queues.iter().find(|queue| queue.name == "jobs").unwrap();
        assert_eq!(of_jobs.requests, 37 * times);
    }
}

#[test]
fn an_estimate_asks_the_filters_of_the_template() {
    let month = estimate(&stack(), 1_000).unwrap();
    let [pipe] = &month.usage.pipes[..] else { panic!("there is one pipe") };
    // Of ten orders two are premium, and of their two changes one is a MODIFY.
    assert_eq!((pipe.requests, pipe.stopped.records), (200, 1_800));
    assert_eq!(month.usage.functions[0].invocations, 200);
    let without = STACK.replace("[\"premium\"]", "[{\"exists\": true}]");
    let template = Template::parse(&without, "t.yaml").unwrap();
    let stack = template.resolve(&Environment::local("shop"), &Overrides::new(), &["teller"]).unwrap();
    assert_eq!(estimate(&stack, 1_000).unwrap().usage.pipes[0].requests, 1_000);
}

#[test]
fn a_template_without_a_way_for_orders_is_not_estimated() {
    let text = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}";
    let template = Template::parse(text, "t.yaml").unwrap();
    let stack = template.resolve(&Environment::local("shop"), &Overrides::new(), &[]).unwrap();
    assert_eq!(estimate(&stack, 1), Err(NoWay));
}

#[test]
fn numbers_are_shown_as_people_read_them() {
    let cases = [
        (Quantity::whole(0), "0"),
        (Quantity::whole(999), "999"),
        (Quantity::whole(1_000), "1,000"),
        (Quantity::whole(1_234_567), "1,234,567"),
        (Quantity::fraction(1, 2), "0.5"),
        (Quantity::fraction(1, 3_000_000), "0.001"),
        (Quantity::fraction(12_345, 10), "1,235"),
    ];
    for (quantity, expected) in cases {
        assert_eq!(quantity.to_string(), expected);
    }
}
