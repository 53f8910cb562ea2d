//! Decides whether single orders go the way they should, step by step.

use super::*;

const TO_COMPLETED: [&str; 6] =
    ["PENDING", "VALIDATING", "INVENTORY_CHECK", "PAYMENT_PROCESSING", "FULFILLMENT", "COMPLETED"];
/// More failures in a row than any breaker bears.
const BREAKER_TRIES: u32 = 100;
const TO_PAYMENT: [&str; 4] = ["PENDING", "VALIDATING", "INVENTORY_CHECK", "PAYMENT_PROCESSING"];

fn house(payment: PaymentBehaviour) -> House {
    house_with(Away::default(), payment)
}

fn house_with(away: Away, payment: PaymentBehaviour) -> House {
    let house = House::new(1, away, payment);
    for sku in LISTED {
        house.world().stock(sku, 10);
    }
    house.world().remote_stock = 10;
    house
}

fn payments_away() -> Away {
    Away { payments: true, ..Away::default() }
}

fn state_of_payment(house: &House, id: &str) -> Option<String> {
    house.world().items.get(&(Table::Payments, id.to_owned())).map(|item| item.text("state").unwrap().to_owned())
}

fn line(lines: &[String], at: usize) -> serde_json::Value {
    serde_json::from_str(&lines[at]).unwrap()
}

#[test]
fn the_happy_path_is_five_commits_and_one_read() {
    goes_to_its_end(false, 5);
}

#[test]
fn the_happy_path_is_one_commit_where_an_item_may_be_written_several_times_in_one() {
    goes_to_its_end(true, 1);
}

fn goes_to_its_end(chains: bool, commits: u64) {
    let house = house(PaymentBehaviour::default());
    house.world().chains = chains;
    house.world().submit(&pending("A", &[("mug", 2, 1_250), ("unlisted", 1, 500)]));
    let before = house.world().commits;
    assert_eq!(house.serve_one(), Some(Worked::Settled));
    let world = house.world();
    assert_eq!((world.commits - before, world.reads[&Table::Orders]), (commits, 1));
    assert_eq!(world.violations, Vec::<String>::new());
    assert_eq!(world.reads.get(&Table::Payments), None);
    let order = world.order("A");
    assert_eq!(statuses(&order), TO_COMPLETED);
    assert_eq!((order.version, order.error, order.progress.attempts), (6, None, 0));
    let tracking = order.tracking.unwrap();
    assert_eq!(order.history[5].detail, Some(format!("{} {}", tracking.carrier, tracking.number).into()));
    assert_eq!(world.counts("mug"), [8, 0, 2]);
    let payment = &world.items[&(Table::Payments, "A".to_owned())];
    assert_eq!((payment.text("state"), payment.text("currency")), (Some("charged"), Some("USD")));
    assert_eq!(payment.number("amountMinor"), Some(3_000u64.into()));
    assert!(world.queue.is_empty());
    drop(world);
    let lines = house.lines.lock().unwrap();
    assert_eq!(lines.len(), 5, "one line a step");
    let expected = serde_json::json!({
        "level": "INFO", "message": "FULFILLMENT → COMPLETED", "correlationId": "c-1", "orderId": "A",
        "status": "COMPLETED", "attempt": 1, "durationMs": 0.0
    });
    assert_eq!(line(&lines, 4), expected);
    for (step, _) in house.observed.0.lock().unwrap().iter() {
        assert_eq!(step.1, StepOutcome::Done);
    }
    assert_eq!(house.observed(Status::Fulfillment, StepOutcome::Done), 1);
}

#[test]
fn what_is_decided_is_written_before_anybody_is_waited_for() {
    let slow = PaymentBehaviour { delay: Duration::from_millis(20), ..PaymentBehaviour::default() };
    let houses = [
        (house(slow), "PAYMENT_PROCESSING"),
        (house_with(payments_away(), PaymentBehaviour::default()), "PAYMENT_PROCESSING"),
        (house_with(Away { inventory: true, ..Away::default() }, PaymentBehaviour::default()), "INVENTORY_CHECK"),
        (house_with(Away { fulfilment: true, ..Away::default() }, PaymentBehaviour::default()), "FULFILLMENT"),
    ];
    for (house, asked_at) in houses {
        house.world().chains = true;
        house.world().faults.hangs = 100;
        house.world().submit(&pending("A", &[("mug", 1, 100)]));
        let body = body_of("A");
        let mut running = house.start(Some(1), body, 1);
        assert_eq!(poll(&mut running), None, "the dependency has not answered");
        assert_eq!(house.world().order("A").status.name(), asked_at);
        let lines = house.lines.lock().unwrap();
        assert!(lines.last().unwrap().contains(asked_at), "what is written is told: {lines:?}");
    }
}

#[test]
fn what_was_decided_is_written_also_if_the_next_dependency_is_spared() {
    let house = house_with(payments_away(), PaymentBehaviour::default());
    house.world().chains = true;
    for _ in 0..BREAKER_TRIES {
        let Permit::Go(pass) = house.breakers.permit(Dependency::Payments, Duration::ZERO) else { break };
        house.breakers.record(Dependency::Payments, pass, false, Duration::ZERO);
    }
    house.world().submit(&pending("A", &[("mug", 1, 100)]));
    assert!(matches!(house.serve_one(), Some(Worked::Later(_))));
    let world = house.world();
    assert_eq!((world.order("A").status, world.calls), (Status::PaymentProcessing, 0));
}

#[test]
fn an_order_of_goods_that_are_gone_fails_and_its_message_is_done() {
    let house = house(PaymentBehaviour::default());
    house.world().submit(&pending("A", &[("pen", 1, 100), ("mug", 6, 100), ("mug", 5, 100)]));
    assert_eq!(house.drain(), 1);
    let world = house.world();
    let order = world.order("A");
    let error = order.error.unwrap();
    assert_eq!((error.step, error.code.as_str()), (Status::InventoryCheck, "out_of_stock"));
    assert_eq!(error.message, "11 of mug were ordered, 10 can be had");
    assert_eq!((world.counts("mug"), world.counts("pen")), ([10, 0, 0], [10, 0, 0]));
    assert_eq!((world.done, world.dead.len()), (1, 0));
}

#[test]
fn a_declined_card_gives_the_goods_back_in_the_same_commit() {
    let house = house(PaymentBehaviour { decline_percent: 100, ..Default::default() });
    house.world().submit(&pending("A", &[("mug", 3, 100)]));
    let before = house.world().commits;
    assert_eq!(house.drain(), 1);
    let world = house.world();
    let order = world.order("A");
    assert_eq!(statuses(&order), [&TO_PAYMENT[..], &["FAILED"]].concat());
    assert_eq!(order.error.unwrap().code, "card_declined");
    assert_eq!(order.progress, Progress::default());
    assert_eq!(world.commits - before, 4);
    assert_eq!((world.counts("mug"), world.done, world.dead.len()), ([10, 0, 0], 1, 0));
}

#[test]
fn a_payment_service_that_is_broken_is_tried_until_the_order_is_dead() {
    for (behaviour, code) in [
        (PaymentBehaviour { failure_percent: 100, ..Default::default() }, "payment_unavailable"),
        (PaymentBehaviour { hang_percent: 100, ..Default::default() }, "payment_timed_out"),
    ] {
        let house = house(behaviour);
        house.world().submit(&pending("A", &[("mug", 3, 100)]));
        for attempts in 1..5 {
            let Some(Worked::Later(span)) = house.serve_one() else { panic!("{code}: attempt {attempts}") };
            assert!(span <= Duration::from_millis(100 << (attempts - 1)), "{code}: {span:?}");
            assert_eq!(house.world().order("A").progress.attempts, attempts, "{code}");
        }
        assert_eq!(house.serve_one(), Some(Worked::Settled), "{code}");
        let world = house.world();
        let order = world.order("A");
        assert_eq!((order.status, order.error.unwrap().code.as_str()), (Status::Failed, code));
        assert!(order.progress.dead_lettered);
        assert_eq!((world.counts("mug"), world.done, world.dead.len()), ([10, 0, 0], 0, 1));
        drop(world);
        assert_eq!(house.observed(Status::PaymentProcessing, StepOutcome::Retried), 4);
        assert_eq!(house.observed(Status::PaymentProcessing, StepOutcome::DeadLettered), 1);
        assert_eq!(line(&house.lines.lock().unwrap(), 7)["level"], "ERROR");
    }
}

/// The first round fails after the payment, so that the second charges again what was voided.
#[test]
fn an_operator_has_a_dead_order_tried_again() {
    let away = Away { fulfilment: true, ..Away::default() };
    let house = house_with(away, PaymentBehaviour::default());
    house.world().faults.fails_before = 100;
    house.world().submit(&pending("A", &[("mug", 3, 100)]));
    while house.world().order("A").progress.undo.is_none() {
        house.serve_one().unwrap();
    }
    // The service is well again when the parcel that may have been sent is to be held back.
    house.world().faults.fails_before = 0;
    house.drain();
    assert_eq!(house.world().order("A").error.as_ref().unwrap().code, "fulfilment_unavailable");
    assert_eq!(state_of_payment(&house, "A").as_deref(), Some("voided"));
    house.world().redrive();
    assert_eq!(house.drain(), 2, "the message is exchanged for a fresh one");
    let world = house.world();
    let order = world.order("A");
    assert_eq!(
        statuses(&order)[5..],
        ["FAILED", "VALIDATING", "INVENTORY_CHECK", "PAYMENT_PROCESSING", "FULFILLMENT", "COMPLETED"]
    );
    let detail = order.history[6].detail.as_deref();
    assert_eq!(detail, Some("tried again by an operator after fulfilment_unavailable"));
    assert_eq!((order.error, order.progress.dead_lettered), (None, false));
    assert_eq!(order.progress.paid.unwrap().payment_id, "pay-A-2");
    assert_eq!((world.counts("mug"), world.dead.len()), ([7, 0, 3], 0));
    assert_eq!(order.tracking.unwrap().number, "A:FULFILLMENT:1");
    drop(world);
    assert_eq!(state_of_payment(&house, "A").as_deref(), Some("charged"));
}

/// A worker that slept while another gave the order up must not take that for an operator's wish.
#[test]
fn a_message_that_is_gone_changes_nothing() {
    let house = house(PaymentBehaviour { failure_percent: 100, ..Default::default() });
    house.world().submit(&pending("A", &[("mug", 3, 100)]));
    house.drain();
    let (before, body) = (house.world().order("A"), body_of("A"));
    assert!(before.progress.dead_lettered);
    assert_eq!(house.work(Some(1), &body), Worked::Done);
    assert_eq!(house.world().order("A"), before);
    assert_eq!(house.world().dead.len(), 1);
}

#[test]
fn a_customer_calls_an_order_off_before_it_is_paid() {
    for away in [Away::default(), payments_away()] {
        let house = house_with(away, PaymentBehaviour { failure_percent: 100, ..Default::default() });
        house.world().faults.fails_after = 100;
        house.world().submit(&pending("A", &[("mug", 3, 100)]));
        house.serve_one();
        house.world().cancel("A");
        assert!(house.world().order("A").progress.cancel_requested);
        house.world().faults.fails_after = 0;
        house.drain();
        let world = house.world();
        let order = world.order("A");
        assert_eq!(statuses(&order), [&TO_PAYMENT[..], &["CANCELLED"]].concat(), "{away:?}");
        assert_eq!((order.error, order.progress.reserved), (None, false));
        assert_eq!((world.counts("mug"), world.done), ([10, 0, 0], 1));
        let charged = world.payments.values().filter(|state| **state == Remotely::Done).count();
        assert_eq!(charged, 0, "{away:?}: what was charged and not heard of is voided");
    }
}

#[test]
fn a_message_that_comes_twice_is_done_without_a_change() {
    let house = house(PaymentBehaviour::default());
    for id in ["A", "B"] {
        house.world().submit(&pending(id, &[("mug", 1, 100)]));
    }
    house.world().cancel("B");
    house.drain();
    let commits = house.world().commits;
    for id in ["A", "B"] {
        assert_eq!(house.work(None, &body_of(id)), Worked::Done, "{id}");
    }
    assert_eq!(house.world().commits, commits);
}

#[test]
fn an_order_that_is_wrong_as_a_whole_fails() {
    let house = house(PaymentBehaviour::default());
    let mut order = pending("A", &[("mug", 0, 100), ("", 1, 250)]);
    order.amount = Minor(100);
    house.world().submit(&order);
    house.drain();
    let error = house.world().order("A").error.clone().unwrap();
    assert_eq!((error.step, error.code.as_str()), (Status::Validating, "invalid_order"));
    let faults =
        "item 1 has a quantity of 0; item 2 has no sku; its items cost 2.50 USD together, its amount is 1.00 USD";
    assert_eq!(error.message, faults);
}

#[test]
fn what_cannot_be_worked_on_is_left_to_the_queue() {
    let house = house(PaymentBehaviour::default());
    let broken = Item::from([("orderId", "X".into()), ("createdAt", "yesterday".into())]);
    house.world().items.insert((Table::Orders, "X".to_owned()), broken);
    let cases = [
        ("{}", "the message names no order; it should be an object with orderId"),
        ("{\"orderId\":\"B\"}", "there is no such order"),
        ("X", "the item is no order of the shop front: its currency is missing or of another type"),
    ];
    for (body, error) in cases {
        assert_eq!(house.work(None, body), Worked::Failed { error: error.to_owned() }, "{body}");
    }
    assert_eq!(house.lines.lock().unwrap().len(), cases.len());
}

#[test]
fn no_line_tells_anything_of_the_customer() {
    for (payment, away) in [
        (PaymentBehaviour { failure_percent: 50, ..Default::default() }, Away::default()),
        (PaymentBehaviour::default(), payments_away()),
    ] {
        let house = house_with(away, payment);
        house.world().faults.fails_after = 40;
        for id in 0..20 {
            house.world().submit(&pending(&format!("O-{id}"), &[("mug", 1, 100)]));
        }
        house.drain();
        let lines = house.lines.lock().unwrap();
        for (at, text) in lines.iter().enumerate() {
            assert!(!text.contains("secret") && !text.contains("C-1") && !text.contains('\n'), "{text}");
            assert!(line(&lines, at)["orderId"].is_string(), "{text}");
        }
    }
}

#[test]
fn what_cannot_be_taken_back_is_said_and_kept_for_an_operator() {
    let house = house_with(Away { fulfilment: true, ..payments_away() }, PaymentBehaviour::default());
    house.world().submit(&pending("A", &[("mug", 3, 100)]));
    house.world().faults.fails_after = 100;
    house.drain();
    // The payment was taken, though nobody heard of it, and cannot be voided.
    let world = house.world();
    let order = world.order("A");
    assert_eq!(order.error.as_ref().unwrap().code, COMPENSATION_INCOMPLETE);
    assert_eq!(order.error.as_ref().unwrap().message, "not everything could be taken back: the payment");
    assert!(order.progress.dead_lettered && order.progress.undo.as_ref().unwrap().void);
    assert_eq!((world.counts("mug"), world.dead.len()), ([10, 0, 0], 1), "what could be taken back is");
    drop(world);
    house.world().faults.fails_after = 0;
    house.world().redrive();
    house.drain();
    let world = house.world();
    let order = world.order("A");
    assert_eq!((order.status, order.error.unwrap().code.as_str()), (Status::Failed, "payment_unavailable"));
    assert!(world.payments.values().all(|state| *state == Remotely::TakenBack));
    assert_eq!((world.dead.len(), world.done), (0, 1));
}

/// While a dependency is down it is asked little more than once for each order, and soon after it is well again all
/// orders are through.
#[test]
fn an_outage_is_not_made_worse_and_is_over_soon() {
    const ORDERS: u64 = 300;
    let house = house_with(payments_away(), PaymentBehaviour::default());
    house.world().faults.fails_before = 100;
    for index in 0..ORDERS {
        house.world().submit(&pending(&format!("O-{index}"), &[("unlisted", 1, 100)]));
    }
    while house.world().now < Duration::from_secs(300) {
        house.serve_one().unwrap();
    }
    let calls = house.world().calls;
    assert!(calls <= ORDERS * 11 / 10, "{calls} calls");
    assert_eq!(house.world().dead.len(), 0);
    house.world().faults.fails_before = 0;
    house.drain();
    let took = house.world().now - Duration::from_secs(300);
    assert!(took < Duration::from_secs(30), "{took:?}");
    let completed = house.world().orders().iter().filter(|order| order.status == Status::Completed).count();
    assert_eq!(completed as u64, ORDERS);
}
