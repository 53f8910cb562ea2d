//! Decides whether each answer leads where it should, as a table; how all of it works together is the worker's to test.

use super::*;
use crate::shop::money::{Currency, Minor};
use crate::shop::order::{Line, Moment, Progress};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_001_000);
const BUILT_IN: Remote = Remote { inventory: false, payments: false, fulfilment: false };
const ELSEWHERE: Remote = Remote { inventory: true, payments: true, fulfilment: true };

fn rules(remote: Remote) -> Rules {
    Rules { attempts_max: 3, amount_max: None, remote }
}

/// An order that went the straight way to a status.
fn order(status: Status) -> Order {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let way =
        [Status::Pending, Status::Validating, Status::InventoryCheck, Status::PaymentProcessing, Status::Fulfillment];
    let before = way.into_iter().take_while(|passed| *passed != status && *passed < status);
    let history: Vec<Moment> = before.chain([status]).map(|status| Moment { status, at, detail: None }).collect();
    Order {
        id: "A".into(),
        tenant: "demo".into(),
        customer_id: "C-1".into(),
        customer_email: "a@example.com".into(),
        status,
        currency: Currency::USD,
        amount: Minor(300),
        lines: vec![Line { sku: "mug".into(), name: "Mug".into(), quantity: 3, price: Minor(100) }],
        shipping_address: None,
        note: None,
        created_at: at,
        updated_at: at,
        version: 4,
        history,
        tracking: None,
        error: None,
        progress: Progress {
            reserved: matches!(status, Status::PaymentProcessing | Status::Fulfillment),
            paid: (status == Status::Fulfillment).then(|| Paid { payment_id: "p".into() }),
            ..Progress::default()
        },
        correlation: Text::default(),
    }
}

/// What comes next, in a few words.
fn told(next: &Next) -> String {
    let undo = |undo: &Undo| {
        let flags = [(undo.recall, "parcel"), (undo.void, "payment"), (undo.release, "goods")];
        flags.into_iter().filter_map(|(up, name)| up.then_some(name)).collect::<Vec<_>>().join("+")
    };
    match next {
        Next::Finished => "nothing".to_owned(),
        Next::Call(call) => format!("ask {call:?}"),
        Next::TakeBack(what) => format!("take back {}", undo(what)),
        Next::Step(step) => {
            let Step { order, then } = &**step;
            let then = match then {
                Then::Continue => "go on",
                Then::Wait(_) => "wait",
                Then::Settle(Settle::Done) => "done",
                Then::Settle(Settle::Dead { .. }) => "dead",
                Then::Anew => "anew",
            };
            let intent = order.progress.undo.as_ref().map(|what| format!(", to take back {}", undo(what)));
            format!("{}, {then}{}", order.status, intent.unwrap_or_default())
        }
    }
}

#[test]
fn an_order_alone_says_what_comes_next() {
    let with = |status, change: fn(&mut Order)| {
        let mut order = order(status);
        change(&mut order);
        order
    };
    let wanted = |order: &mut Order| order.progress.cancel_requested = true;
    let dead = |order: &mut Order| order.progress.dead_lettered = true;
    let wrong = |order: &mut Order| order.amount = Minor(299);
    let none = |_: &mut Order| {};
    let cases = [
        (with(Status::Pending, none), "VALIDATING, go on", "VALIDATING, go on"),
        (with(Status::Validating, none), "INVENTORY_CHECK, go on", "INVENTORY_CHECK, go on"),
        (with(Status::Validating, wrong), "FAILED, done", "FAILED, done"),
        (with(Status::InventoryCheck, none), "ask Reserve", "ask Reserve"),
        (with(Status::PaymentProcessing, none), "ask Charge", "ask Charge"),
        (with(Status::Fulfillment, none), "ask Ship", "ask Ship"),
        (with(Status::Completed, none), "nothing", "nothing"),
        (with(Status::Failed, none), "nothing", "nothing"),
        (with(Status::Failed, dead), "VALIDATING, anew", "VALIDATING, anew"),
        (with(Status::Cancelled, none), "nothing", "nothing"),
        (with(Status::Pending, wanted), "CANCELLED, done", "CANCELLED, done"),
        (
            with(Status::PaymentProcessing, wanted),
            "take back goods",
            "PAYMENT_PROCESSING, go on, to take back payment+goods",
        ),
        (with(Status::Fulfillment, wanted), "ask Ship", "ask Ship"),
    ];
    for (order, built_in, elsewhere) in cases {
        for (remote, expected) in [(BUILT_IN, built_in), (ELSEWHERE, elsewhere)] {
            let next = next(&order, true, &rules(remote), NOW);
            assert_eq!(told(&next), expected, "{} with {:?}, {remote:?}", order.status, order.progress);
        }
    }
    let dead = with(Status::Failed, dead);
    assert_eq!(next(&dead, false, &rules(BUILT_IN), NOW), Next::Finished, "nobody wished for it");
}

/// A customer called the order off while another service was setting its goods aside.
#[test]
fn goods_that_may_have_been_set_aside_are_released_once() {
    let mut order = order(Status::InventoryCheck);
    order.advance(Status::Cancelled, NOW, None);
    assert_eq!(next(&order, false, &rules(BUILT_IN), NOW), Next::Finished);
    let Next::TakeBack(undo) = next(&order, false, &rules(ELSEWHERE), NOW) else { panic!("the goods are released") };
    assert_eq!(undo, Undo { release: true, ..Undo::default() });
    let after = after_taking_back(&order, Undo::default(), None, &rules(ELSEWHERE), NOW, || 0);
    assert_eq!(told(&after), "CANCELLED, done, to take back ");
    let Next::Step(step) = after else { panic!("it is written") };
    assert_eq!(next(&step.order, false, &rules(ELSEWHERE), NOW), Next::Finished);
}

#[test]
fn each_answer_leads_on_or_back() {
    let refused = || Err(Failed::refused("no", "never"));
    let broken = || Err(Failed::transient("broken"));
    let reserved = || Ok(Outcome::Reserved(vec!["mug".into()]));
    let charged = || Ok(Outcome::Charged(Paid { payment_id: "p".into() }));
    let shipped = || Ok(Outcome::Shipped(Tracking { carrier: "c".into(), number: "n".into(), url: None }));
    let (stock, pay, ship) = (Status::InventoryCheck, Status::PaymentProcessing, Status::Fulfillment);
    let cases = [
        (stock, 0, reserved(), "PAYMENT_PROCESSING, go on", "PAYMENT_PROCESSING, go on"),
        (pay, 0, charged(), "FULFILLMENT, go on", "FULFILLMENT, go on"),
        (ship, 0, shipped(), "COMPLETED, done", "COMPLETED, done"),
        (stock, 0, refused(), "FAILED, done", "INVENTORY_CHECK, go on, to take back goods"),
        (pay, 0, refused(), "take back goods", "PAYMENT_PROCESSING, go on, to take back payment+goods"),
        (ship, 0, refused(), "take back payment+goods", "FULFILLMENT, go on, to take back parcel+payment+goods"),
        (stock, 0, broken(), "INVENTORY_CHECK, wait", "INVENTORY_CHECK, wait"),
        (pay, 1, Err(Failed::TimedOut), "PAYMENT_PROCESSING, wait", "PAYMENT_PROCESSING, wait"),
        (stock, 2, broken(), "FAILED, dead", "INVENTORY_CHECK, go on, to take back goods"),
        (pay, 2, broken(), "take back goods", "PAYMENT_PROCESSING, go on, to take back payment+goods"),
        (ship, 2, broken(), "take back payment+goods", "FULFILLMENT, go on, to take back parcel+payment+goods"),
    ];
    for (status, attempts, answer, built_in, elsewhere) in cases {
        for (remote, expected) in [(BUILT_IN, built_in), (ELSEWHERE, elsewhere)] {
            let mut order = order(status);
            order.progress.attempts = attempts;
            let next = after_call(&order, answer.clone(), &rules(remote), NOW, || 0);
            assert_eq!(told(&next), expected, "{status}, attempt {attempts}, {answer:?}, {remote:?}");
            if let Next::Step(step) = next {
                assert_eq!(step.order.version, order.version + 1, "each step counts");
            }
        }
    }
}

#[test]
fn what_is_taken_back_ends_the_order_or_is_tried_again() {
    let error = || Some(Error { step: Status::PaymentProcessing, code: "no".into(), message: "never".into() });
    let none = |dead| Undo { error: error(), dead, ..Undo::default() };
    let some = |dead| Undo { void: true, ..none(dead) };
    let broken = || Some(Failed::transient("broken"));
    let refused = || Some(Failed::refused("settled", "too late"));
    let called_off = Undo::default();
    let cases = [
        (0, none(false), None, "FAILED, done"),
        (0, none(true), None, "FAILED, dead"),
        (0, called_off, None, "CANCELLED, done"),
        (0, some(false), broken(), "PAYMENT_PROCESSING, wait, to take back payment"),
        (2, some(false), broken(), "FAILED, dead, to take back payment"),
        (0, some(false), refused(), "FAILED, dead, to take back payment"),
        (2, Undo { release: true, ..Undo::default() }, broken(), "FAILED, dead, to take back goods"),
    ];
    for (attempts, left, failed, expected) in cases {
        let mut order = order(Status::PaymentProcessing);
        order.progress.attempts = attempts;
        let next = after_taking_back(&order, left.clone(), failed.clone(), &rules(ELSEWHERE), NOW, || 0);
        assert_eq!(told(&next), expected, "{attempts}, {left:?}, {failed:?}");
        let Next::Step(step) = next else { panic!("it is written") };
        let given_up = step.order.status == Status::Failed && left.is_left();
        let code = step.order.error.map(|error| error.code);
        let expected = if given_up { Some(COMPENSATION_INCOMPLETE) } else { left.error.as_ref().map(|_| "no") };
        assert_eq!(code.as_deref(), expected.filter(|_| step.order.status == Status::Failed));
    }
}

#[test]
fn an_order_is_looked_at_as_a_whole() {
    type Change = fn(&mut Order);
    let cases: [(Change, &str); 7] = [
        (|order| order.lines.clear(), "it has no items; its items cost 0.00 USD together, its amount is 3.00 USD"),
        (
            |order| order.lines[0].quantity = 0,
            "item 1 has a quantity of 0; its items cost 0.00 USD together, its amount is 3.00 USD",
        ),
        (|order| order.lines[0].sku.clear(), "item 1 has no sku"),
        (|order| order.amount = Minor(301), "its items cost 3.00 USD together, its amount is 3.01 USD"),
        (
            |order| order.currency = Currency::parse("JPY").unwrap(),
            "its amount of 300 JPY is more than the 250 that are taken",
        ),
        (|order| order.lines[0].price = Minor(u64::MAX), "its items cost more than any amount that is taken"),
        (
            |order| {
                order.lines =
                    vec![
                        Line { price: Minor(crate::shop::money::AMOUNT_MAX), quantity: 1, ..order.lines[0].clone() };
                        2
                    ];
            },
            "its items cost more than any amount that is taken",
        ),
    ];
    let rules = Rules { amount_max: Some(250u64.into()), ..rules(BUILT_IN) };
    assert_eq!(fault(&order(Status::Validating), &rules), None);
    for (change, expected) in cases {
        let mut order = order(Status::Validating);
        change(&mut order);
        assert_eq!(fault(&order, &rules).as_deref(), Some(expected));
    }
}

proptest! {
    /// Whatever time it is and however often a step was tried: time goes forward, versions go up, and a wait is bounded.
    #[test]
    fn a_failed_attempt_is_counted_and_waited_for(attempts in 0..6u32, max in 1..6u32, millis in any::<i32>(), random in any::<u64>()) {
        let mut order = order(Status::PaymentProcessing);
        order.progress.attempts = attempts;
        let rules = Rules { attempts_max: max, ..rules(ELSEWHERE) };
        let now = Timestamp::from_millis(i64::from(millis));
        let Next::Step(step) = after_call(&order, Err(Failed::TimedOut), &rules, now, || random) else {
            panic!("a service elsewhere is never taken back from before that is written")
        };
        prop_assert_eq!(step.order.version, order.version + 1);
        prop_assert!(step.order.updated_at >= order.updated_at);
        match step.then {
            Then::Wait(span) => {
                prop_assert!(attempts + 1 < max && step.order.progress.attempts == attempts + 1);
                prop_assert!(span >= Duration::from_millis(1) && span <= Duration::from_millis(100 << attempts));
            }
            then => prop_assert!(attempts + 1 >= max && then == Then::Continue),
        }
    }
}
