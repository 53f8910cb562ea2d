//! What an invocation prints, and what becomes of those that fail.

use super::*;
use std::sync::Mutex;
use types::SortedMap;

fn spec(handler: &str, concurrency: Option<u32>) -> FunctionSpec {
    FunctionSpec {
        name: "F".parse().unwrap(),
        handler: handler.to_owned(),
        runtime: "provided.al2023".to_owned(),
        timeout_seconds: 3,
        memory_mb: 128,
        concurrency,
        environment: SortedMap::new(),
        log_group: "/aws/lambda/F".parse().unwrap(),
        description: String::new(),
        role: String::new(),
        asynchronous: Default::default(),
    }
}

type Printed = Arc<Mutex<Vec<String>>>;

fn runtime(spec: FunctionSpec, failing: &str) -> (Runtime, Printed) {
    let printed = Printed::default();
    let into = Arc::clone(&printed);
    let printer = move |group: &str, stream: &str, lines: &[(Timestamp, &str)]| {
        assert_eq!(group, "/aws/lambda/F");
        assert!(stream.contains("/[$LATEST]"), "{stream}");
        into.lock().unwrap().extend(lines.iter().map(|(_, line)| (*line).to_owned()));
        Ok(())
    };
    (Runtime::new(&Weak::new(), [spec], FailingOrders::parse(failing), Arc::new(printer)).unwrap(), printed)
}

fn premium() -> Json {
    json!({
        "eventName": "MODIFY",
        "dynamodb": {
            "NewImage": {
                "orderId": {"S": "ORD-1001"}, "status": {"S": "shipped"}, "amount": {"N": "1500"},
                "customerEmail": {"S": "vip@example.com"}
            },
            "OldImage": {"status": {"S": "pending"}}
        }
    })
}

#[test]
fn an_invocation_prints_what_lambda_prints() {
    let (runtime, printed) = runtime(spec("premium-orders", None), "");
    let name = "F".parse().unwrap();
    let invocation = runtime.invoke_payload(&name, Version::Latest, &premium(), "r".to_owned()).unwrap();
    assert_eq!(invocation.payload, json!({"statusCode": 200, "premiumOrdersProcessed": ["ORD-1001"]}));
    assert!(!invocation.failed);
    let id = &invocation.request_id;
    let printed = printed.lock().unwrap();
    assert_eq!(printed[0], format!("START RequestId: {id} Version: $LATEST\n"));
    assert_eq!(printed[1], "🚀 Premium order shipped! Order ID: ORD-1001 | Amount: 1500.0\n");
    assert_eq!(printed[2], format!("END RequestId: {id}\n"));
    assert!(printed[3].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{}", printed[3]);
    assert!(printed[3].contains("\tInit Duration: "), "the first call of an environment is a cold start");
    assert_eq!(printed.concat(), invocation.printed);
}

#[test]
fn a_busy_function_is_not_run_and_a_missing_one_is_not_found() {
    let (runtime, printed) = runtime(spec("premium-orders", Some(0)), "");
    let invoke =
        |name: &str| runtime.invoke_payload(&name.parse().unwrap(), Version::Latest, &json!([]), "r".to_owned());
    assert_eq!(invoke("F"), Err(InvokeError::Throttled("F".parse().unwrap())));
    assert_eq!(invoke("G"), Err(InvokeError::NotFound("G".parse().unwrap())));
    assert!(printed.lock().unwrap().is_empty());
}

#[test]
fn a_panic_fails_the_batch_and_nothing_else() {
    struct Panics;
    impl Handler for Panics {
        fn handle(&self, _: &[Record], _: &mut Context<'_>) -> Result<Json, orders::HandlerError> {
            panic!("this handler always panics")
        }
    }
    static PANICS: Panics = Panics;
    let (mut runtime, printed) = runtime(spec("premium-orders", Some(1)), "");
    let function = runtime.functions.get_mut(&"F".parse::<FunctionName>().unwrap()).unwrap();
    Arc::get_mut(function).unwrap().body = Body::Records(&PANICS);
    for _ in 0..2 {
        let invoked = runtime.invoke(&"F".parse().unwrap(), &[]);
        assert_eq!(invoked, Invoked::Failed { error: "Panic: this handler always panics".to_owned() });
    }
    assert!(printed.lock().unwrap().iter().any(|line| line == "[ERROR] Panic: this handler always panics\n"));
}

#[test]
fn a_faulty_event_is_answered_with_its_fault() {
    let (runtime, _) = runtime(spec("premium-orders", None), "");
    let payload = json!([{"dynamodb": {"NewImage": {"amount": {"N": 5}}}}]);
    let invocation = runtime.invoke_payload(&"F".parse().unwrap(), Version::Latest, &payload, "r".to_owned()).unwrap();
    assert!(invocation.failed);
    assert_eq!(
        invocation.payload["errorMessage"],
        "the event's records cannot be read: the value at [0].dynamodb.NewImage.amount should be a number written as \
         a string"
    );
}
