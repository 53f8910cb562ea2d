//! Decides how an order is taken in: checked, given its id, stored as NEW, told of.

use super::submission::Submission;
use super::{Call, Event, Failure, ORDER_CREATED, World, shown};
use serde_json::{Value as Json, json};

/// Takes an order in and answers it. An order that is not in order is answered with what is wrong, and is not stored.
///
/// # Errors
/// When the world refuses to store it.
pub async fn create<W: World>(world: &W, call: &mut Call<'_>) -> Result<Json, Failure> {
    let now = world.now();
    // What the order's whole way is found by: the invocation that it came with.
    let correlation_id = call.request_id.to_owned();
    let submission = match Submission::read(call.payload) {
        Ok(submission) => submission,
        Err(problems) => {
            let more = json!({ "problems": problems.len() });
            call.say("WARN", "Order refused", &correlation_id, now, more);
            let message = "The order cannot be taken. What is wrong stands in problems.";
            return Ok(json!({
                "statusCode": 400,
                "error": "InvalidOrder",
                "message": message,
                "problems": problems,
                "correlationId": correlation_id,
            }));
        }
    };
    let order_id = world.new_id();
    let order = submission.order(&order_id, now);
    let answered = shown(&order);
    let mut detail = answered.clone();
    detail["correlationId"] = correlation_id.as_str().into();
    world.create(order, Event { detail_type: ORDER_CREATED, detail }).await?;
    let more = json!({
        "orderId": order_id,
        "status": super::NEW,
        "items": submission.lines(),
        "totalAmount": submission.total_text(),
    });
    call.say("INFO", ORDER_CREATED, &correlation_id, now, more);
    Ok(json!({
        "statusCode": 201,
        "message": "The order is taken.",
        "order": answered,
        "correlationId": correlation_id,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, run};
    use super::*;

    fn create_with(world: &Fake, payload: &Json) -> (Result<Json, Failure>, Vec<String>) {
        let mut lines = Vec::new();
        let mut log = |line: &str| lines.push(line.to_owned());
        let mut call = Call { payload, request_id: "request-1", log: &mut log };
        let answer = run(create(world, &mut call));
        (answer, lines)
    }

    fn order() -> Json {
        json!({
            "customerName": "John Doe",
            "snackItems": [
                {"name": "Chips", "quantity": 2, "price": 3.99},
                {"name": "Soda", "quantity": 1, "price": 1.99}
            ],
            "totalAmount": 9.97
        })
    }

    #[test]
    fn an_order_is_stored_told_of_and_answered() {
        let world = Fake::default();
        let (answer, lines) = create_with(&world, &order());
        let answer = answer.unwrap();
        assert_eq!(answer["statusCode"], 201);
        assert_eq!(answer["order"]["status"], "NEW");
        assert_eq!(answer["order"]["totalAmount"], json!(9.97));
        assert_eq!(answer["order"]["snackItems"], order()["snackItems"]);
        assert_eq!(answer["order"]["createdAt"], answer["order"]["updatedAt"]);
        let id = answer["order"]["orderId"].as_str().unwrap();
        assert_eq!(world.order(id).unwrap().text("customerName"), Some("John Doe"));
        let events = world.events();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].detail_type, "Order Created");
        assert_eq!(events[0].detail["orderId"], id);
        assert_eq!(events[0].detail["correlationId"], "request-1");
        let line: Json = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["correlationId"], "request-1");
        assert_eq!(line["orderId"], id);
    }

    #[test]
    fn nobodys_name_is_in_the_log() {
        for payload in [order(), json!({"customerName": "John Doe", "totalAmount": "John Doe"})] {
            let (_, lines) = create_with(&Fake::default(), &payload);
            assert!(!lines.is_empty() && lines.iter().all(|line| !line.contains("John")), "{lines:?}");
        }
    }

    #[test]
    fn an_order_that_is_wrong_is_answered_and_not_stored() {
        let world = Fake::default();
        let (answer, lines) = create_with(&world, &json!({"customerName": "John Doe"}));
        let answer = answer.unwrap();
        assert_eq!(answer["statusCode"], 400);
        assert_eq!(answer["problems"], json!(["snackItems: is missing", "totalAmount: is missing"]));
        assert!(world.events().is_empty() && world.is_empty());
        assert_eq!(lines.len(), 1);
    }

    #[test]
    fn an_order_that_cannot_be_stored_is_a_failure() {
        let world = Fake::default();
        world.refuse("the disk is full");
        let (answer, _) = create_with(&world, &order());
        assert_eq!(answer.unwrap_err().to_string(), "the disk is full");
        assert!(world.events().is_empty() && world.is_empty());
    }
}
