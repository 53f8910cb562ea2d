//! Following orders by server-sent events.

use super::*;

fn events(piece: &[u8]) -> Vec<(u64, String)> {
    let text = std::str::from_utf8(piece).unwrap();
    let mut events = Vec::new();
    for block in text.split_terminator("\n\n").filter(|block| !block.starts_with("retry: ")) {
        let lines: Vec<&str> = block.split('\n').collect();
        let [event, id, data] = lines[..] else { panic!("three lines: {block}") };
        assert_eq!(event, "event: status");
        let data: Json = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        let status = data["status"].as_str().unwrap().to_owned();
        events.push((id.strip_prefix("id: ").unwrap().parse().unwrap(), status));
    }
    events
}

#[test]
fn an_order_is_followed_from_its_first_status_to_its_last() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    let answer = Ask::follow(&id).run(&shop);
    assert_eq!((answer.status, header(&answer, "content-type")), (200, Some("text/event-stream")));
    let at = "2026-01-01T00:00:00.000Z";
    let data = format!("{{\"orderId\":\"{id}\",\"status\":\"PENDING\",\"at\":\"{at}\"}}");
    let expected = format!("retry: 2000\n\nevent: status\nid: 1\ndata: {data}\n\n");
    assert_eq!(String::from_utf8(answer.body).unwrap(), expected);
    let follow = answer.stream.unwrap();
    assert_eq!((follow.order_id.as_str(), follow.sent), (id.as_str(), 1));

    let (piece, follow) = run(more_events(&shop, "demo", follow)).unwrap();
    assert_eq!(piece, b"", "nothing happened");
    take_to(&shop, &id, Status::InventoryCheck);
    let (piece, follow) = run(more_events(&shop, "demo", follow.unwrap())).unwrap();
    assert_eq!(events(&piece), [(2, "VALIDATING".to_owned()), (3, "INVENTORY_CHECK".to_owned())]);
    take_to(&shop, &id, Status::Failed);
    let (piece, follow) = run(more_events(&shop, "demo", follow.unwrap())).unwrap();
    assert_eq!((events(&piece), follow), (vec![(4, "FAILED".to_owned())], None));
}

#[test]
fn whoever_comes_back_goes_on_after_the_last_event() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    take_to(&shop, &id, Status::Validating);
    for (last, first) in [("0", 1), ("1", 2), ("2", 3), ("3", 1), ("-1", 1), ("x", 1), ("99999999999999999999", 1)] {
        let answer = Ask::follow(&id).header("last-event-id", last).run(&shop);
        let expected: Vec<u64> = (first..=2).collect();
        assert_eq!(events(&answer.body).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), expected, "{last}");
        assert_eq!(answer.stream.unwrap().sent, 2);
    }
}

#[test]
fn a_final_order_has_nothing_more_to_tell() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    take_to(&shop, &id, Status::Cancelled);
    let whole = Ask::follow(&id).run(&shop);
    assert_eq!((whole.status, events(&whole.body).len(), whole.stream), (200, 2, None));
    let rest = Ask::follow(&id).header("last-event-id", "2").run(&shop);
    assert_eq!((rest.status, rest.body.len(), rest.stream), (204, 0, None));
}

#[test]
fn nobody_follows_another_tenants_order_on() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    let follow = Follow { order_id: id, sent: 0 };
    assert_eq!(run(more_events(&shop, "theirs", follow.clone())).unwrap(), (vec![], None));
    shop.fail_reads(1);
    assert!(run(more_events(&shop, "demo", follow)).is_err());
}

#[test]
fn no_detail_breaks_out_of_its_event() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    change(&shop, &id, |order| order.history[0].detail = Some("a\n\nevent: status\rdata: \"x\"".into()));
    assert_eq!(events(&events_after(&kept(&shop, &id), 0)).len(), 1);
}
