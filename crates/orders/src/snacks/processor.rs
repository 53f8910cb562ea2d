//! Decides how an order that was told of is processed: from NEW to PROCESSED, once.

use super::{Call, Failure, NEW, ORDER_CREATED, PROCESSED, World};
use crate::handler::shown;
use serde_json::{Value as Json, json};
use types::Timestamp;

/// Processes the order that an event tells of. An event that has come before changes nothing.
///
/// # Errors
/// When the event is not one of an order, the order is not there or stands where it cannot be processed, or the world
/// refuses.
pub async fn process<W: World>(world: &W, call: &mut Call<'_>) -> Result<Json, Failure> {
    let detail = match call.payload["detail-type"].as_str() {
        Some(ORDER_CREATED) => &call.payload["detail"],
        Some(other) => return Err(Failure::Event(format!("an event {:?} is not processed here", shown(other)))),
        None => return Err(Failure::Event("the event has no detail-type; expected is \"Order Created\"".to_owned())),
    };
    let Some(order_id) = detail["orderId"].as_str().filter(|id| !id.is_empty()) else {
        return Err(Failure::Event("the event's detail has no orderId".to_owned()));
    };
    let correlation_id = detail["correlationId"].as_str().unwrap_or(call.request_id).to_owned();
    let answer = |now: Timestamp, already: bool| {
        json!({"statusCode": 200, "orderId": order_id, "status": PROCESSED, "alreadyProcessed": already,
               "at": now.iso_millis(), "correlationId": correlation_id})
    };
    let now = world.now();
    let at = now.iso_millis();
    call.say("INFO", "Processing order", &correlation_id, now, json!({ "orderId": shown(order_id) }));
    let attributes =
        vec![("status", PROCESSED.into()), ("processedAt", at.as_str().into()), ("updatedAt", at.as_str().into())];
    if world.update(order_id, NEW, attributes).await? {
        let latency = latency_ms(detail, now);
        let more = json!({"orderId": shown(order_id), "status": PROCESSED, "latencyMs": latency});
        call.say("INFO", "Order processed", &correlation_id, now, more);
        return Ok(answer(now, false));
    }
    let found = world.find(order_id).await?;
    match found.as_ref().and_then(|order| order.text("status")) {
        Some(PROCESSED) => {
            let more = json!({ "orderId": shown(order_id) });
            call.say("INFO", "Order was processed before", &correlation_id, now, more);
            Ok(answer(now, true))
        }
        _ if found.is_none() => Err(Failure::NoOrder(shown(order_id))),
        status => Err(Failure::Status { order_id: shown(order_id), status: shown(status.unwrap_or_default()) }),
    }
}

/// From the order's taking in to now.
fn latency_ms(detail: &Json, now: Timestamp) -> Option<u64> {
    let created_at = Timestamp::parse(detail["createdAt"].as_str()?)?;
    u64::try_from(now.since(created_at).as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, run};
    use super::*;

    fn process_with(world: &Fake, payload: &Json) -> (Result<Json, Failure>, Vec<String>) {
        let mut lines = Vec::new();
        let mut log = |line: &str| lines.push(line.to_owned());
        let mut call = Call { payload, request_id: "request-2", log: &mut log };
        let answer = run(process(world, &mut call));
        (answer, lines)
    }

    fn event(id: &str) -> Json {
        let detail = json!({"orderId": id, "correlationId": "request-1", "createdAt": "2025-10-26T10:30:00.000Z"});
        json!({"detail-type": "Order Created", "source": "serverless-snacks", "detail": detail})
    }

    #[test]
    fn an_order_is_processed_once_however_often_it_is_told_of() {
        let world = Fake::default();
        world.put("one", NEW);
        let (answer, lines) = process_with(&world, &event("one"));
        assert_eq!(answer.unwrap()["alreadyProcessed"], false);
        let order = world.order("one").unwrap();
        assert_eq!(order.text("status"), Some(PROCESSED));
        assert_eq!(order.text("processedAt"), order.text("updatedAt"));
        assert!(lines.iter().all(|line| line.contains(r#""correlationId":"request-1""#)), "{lines:?}");
        world.tick();
        let (answer, _) = process_with(&world, &event("one"));
        assert_eq!(answer.unwrap()["alreadyProcessed"], true);
        assert_eq!(world.order("one").unwrap(), order);
    }

    #[test]
    fn what_cannot_be_processed_is_a_failure_that_says_why() {
        let world = Fake::default();
        world.put("odd", "CANCELLED");
        let mut other = event("odd");
        other["detail-type"] = "Order Cancelled".into();
        let cases = [
            (event("none"), "OrderNotFound", "there is no order none"),
            (
                event("odd"),
                "InvalidStatus",
                "order odd has the status \"CANCELLED\" and cannot be processed from there",
            ),
            (other, "InvalidEvent", "an event \"Order Cancelled\" is not processed here"),
            (json!({}), "InvalidEvent", "the event has no detail-type; expected is \"Order Created\""),
            (json!([1]), "InvalidEvent", "the event has no detail-type; expected is \"Order Created\""),
            (
                json!({"detail-type": "Order Created", "detail": {}}),
                "InvalidEvent",
                "the event's detail has no orderId",
            ),
        ];
        for (payload, error_type, message) in cases {
            let failure = process_with(&world, &payload).0.unwrap_err();
            assert_eq!((failure.error_type(), failure.to_string().as_str()), (error_type, message), "{payload}");
        }
        assert_eq!(world.order("odd").unwrap().text("status"), Some("CANCELLED"));
    }
}
