//! How the service is set up; what it does is tried on the running program.

use super::*;
use orders::{Kind, find};

fn spec(variables: &[(&str, &str)]) -> FunctionSpec {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    FunctionSpec {
        name: "Vip".parse().unwrap(),
        handler: "premium-order-events".to_owned(),
        runtime: "provided.al2023".to_owned(),
        timeout_seconds: 3,
        memory_mb: 128,
        concurrency: None,
        environment,
        log_group: "/aws/lambda/Vip".parse().unwrap(),
        description: String::new(),
        role: String::new(),
        asynchronous: engine::spec::AsynchronousSpec::default(),
    }
}

fn made(variables: &[(&str, &str)]) -> Result<bool, Vec<String>> {
    let Kind::Premium(handler, layout) = find("premium-order-events").unwrap().kind else { panic!("of another kind") };
    let made = Premium::new(&Weak::new(), &spec(variables), handler, layout);
    made.map(|made| made.is_some()).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
}

#[test]
fn without_a_table_of_effects_there_is_no_service_and_no_channel_either() {
    assert_eq!(made(&[]), Ok(false));
    assert_eq!(made(&[("EFFECTS_TABLE", " "), ("CRM_URL", "")]), Ok(false));
    let wrong = made(&[("SMTP_URL", "smtp://m.example"), ("MAIL_FROM", "a@b"), ("MAIL_TO", "c@d")]).unwrap_err();
    assert_eq!(wrong, ["function Vip: the environment variable EFFECTS_TABLE is missing, and SMTP_URL is set"]);
}

#[test]
fn what_is_wrong_is_named() {
    let tables = [("ORDERS_TABLE", "Orders"), ("EFFECTS_TABLE", "PremiumService")];
    assert_eq!(made(&tables), Ok(true));
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("ALLOWED_ADDRESSES", "everywhere")], "ALLOWED_ADDRESSES holds \"everywhere\""),
        (
            &[("CRM_URL", "https://crm.example"), ("CRM_SECRET", "NOBODY_HAS_SET_THIS")],
            "CRM_SECRET names the secret NOBODY_HAS_SET_THIS: set the environment variable",
        ),
        (&[("CRM_URL", "https://crm.example"), ("CRM_SECRET", "PATH"), ("SMTP_URL", "x")], "SMTP_URL is \"x\""),
        (&[("EFFECTS_TABLE", "no such name!")], "EFFECTS_TABLE is wrong"),
    ];
    for (variables, expected) in cases {
        let wrong = made(&[&tables[..], variables].concat()).unwrap_err();
        assert!(wrong.iter().any(|one| one.contains(expected)), "{wrong:?}");
    }
}

#[test]
fn whoever_fails_too_often_is_not_asked_for_a_moment() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let spec = spec(&[
        ("ORDERS_TABLE", "Orders"),
        ("EFFECTS_TABLE", "PremiumService"),
        ("CRM_URL", &url),
        // Whatever it holds, it is long enough.
        ("CRM_SECRET", "CARGO_MANIFEST_DIR"),
        ("ALLOWED_ADDRESSES", "127.0.0.1"),
    ]);
    let Kind::Premium(handler, layout) = find("premium-order-events").unwrap().kind else { panic!("of another kind") };
    let premium = Premium::new(&Weak::new(), &spec, handler, layout).unwrap().unwrap();
    let message = Message { effect: Effect::Crm, id: "msg_1".to_owned(), body: "{}".to_owned() };
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let errors: Vec<String> = (0..12).map(|_| waiting.block_on(premium.desk.send(&message)).unwrap_err()).collect();
    assert!(errors[..10].iter().all(|error| error.contains(&free.to_string())), "{errors:?}");
    assert!(errors[10..].iter().all(|error| error.starts_with("not asked, because")), "{errors:?}");
    assert_eq!(premium.breakers().collect::<Vec<_>>(), [("crm", Position::Open)]);
}
