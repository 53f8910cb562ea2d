//! Decides what a server says when it is up: what runs, where to look, and lines to paste.
//!
//! Start at [`words`]; [`json`] says the same to programs.

use crate::up::{Deployed, FirstKey};
use console::KEY_FILE;
use console::config::Config;
use engine::Act;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use types::SortedMap;

/// An order to paste.
const SAMPLE_ORDER: &str = r#"{"customerId":"C-1001","customerEmail":"vip@example.com","items":[{"sku":"TEA-1",
    "name":"Green tea","quantity":2,"price":"19.90"}]}"#;

/// What there is to say.
pub(crate) struct Greeting<'a> {
    pub(crate) deployed: &'a [Deployed],
    pub(crate) admin: SocketAddr,
    pub(crate) public: SocketAddr,
    /// How customers speak: `http` or `https`.
    pub(crate) scheme: &'a str,
    /// The key of this machine, if a stack has keys.
    pub(crate) key: Option<&'a FirstKey>,
    /// The certificate for development, if customers are to trust one.
    pub(crate) certificate: Option<&'a Path>,
    /// Where the data is; `None` if nothing is kept.
    pub(crate) directory: Option<&'a Path>,
    pub(crate) ready_after: Duration,
    /// The orders that handlers must fail on.
    pub(crate) drill: &'a [String],
    /// The stacks that are in the data and do not run.
    pub(crate) asleep: &'a [String],
    /// Whether clients must sign what they ask.
    pub(crate) signed: bool,
    /// The region that clients are to name.
    pub(crate) region: &'a str,
}

/// For programs, in one line.
pub(crate) fn json(greeting: &Greeting<'_>) -> Json {
    let stack = |one: &Deployed| {
        let stack = &one.stack;
        let outputs: SortedMap<&str, &str> = stack.outputs.iter().map(|out| (&*out.name, &*out.value)).collect();
        json!({
            "name": stack.name,
            "tables": stack.tables.iter().map(|table| &table.spec.name).collect::<Vec<_>>(),
            "pipes": stack.pipes.iter().map(|pipe| &pipe.spec.name).collect::<Vec<_>>(),
            "functions": stack.functions.iter().map(|function| &function.spec.name).collect::<Vec<_>>(),
            "queues": stack.queues.iter().map(|queue| &queue.spec.name).collect::<Vec<_>>(),
            "outputs": outputs,
            "notes": stack.notes.iter().map(|note| json!({"line": note.at.line, "text": note.text})).collect::<Vec<_>>(),
        })
    };
    json!({
        "admin": format!("http://{}", greeting.admin),
        "public": format!("{}://{}", greeting.scheme, greeting.public),
        "apiKey": greeting.key.and_then(|key| match key {
            FirstKey::Made(key) => Some(key),
            FirstKey::Kept(_) => None,
        }),
        "readyAfterMs": greeting.ready_after.as_secs_f64() * 1000.0,
        "stacks": greeting.deployed.iter().map(stack).collect::<Vec<_>>(),
    })
}

/// For people.
pub(crate) fn words(greeting: &Greeting<'_>) -> String {
    let mut text = String::new();
    say(greeting, &mut text).expect("a text takes what is written to it");
    text
}

fn say(greeting: &Greeting<'_>, text: &mut String) -> std::fmt::Result {
    let Greeting { deployed, admin, public, scheme, directory, ready_after, drill, asleep, signed, region, .. } =
        greeting;
    let admin = &reachable(*admin);
    let kept = directory.map_or("nothing is kept".to_owned(), |directory| format!("data in {}", directory.display()));
    writeln!(text, "orderflow is up in {} ms, {kept}", ready_after.as_millis())?;
    let api = deployed.iter().any(|one| !one.stack.apis.is_empty());
    let public = format!("{scheme}://{}", reachable(*public));
    let aws = format!("http://{admin}");
    let width = if api { public.len().max(aws.len()) } else { aws.len() };
    if api {
        writeln!(text, "  orders    {public:<width$}        their API: {public}/docs")?;
    }
    writeln!(text, "  AWS APIs  {aws:<width$}        metrics: {aws}/metrics")?;
    if !api {
        writeln!(text, "  health    {public}/readyz")?;
    }
    for one in *deployed {
        say_stack(one, text)?;
    }
    if !asleep.is_empty() {
        writeln!(
            text,
            "\nin the data, and not running: {} (name their templates too, to run them)",
            asleep.join(", ")
        )?;
    }
    if !drill.is_empty() {
        writeln!(text, "\ndrill: handlers fail on {}", drill.join(", "))?;
    }
    if api {
        return say_shop(greeting, &public, text);
    }
    let takes_snacks = |one: &&stack::Resource<stack::Function>| one.spec.handler == "order-creator";
    if let Some(creator) = deployed.iter().flat_map(|one| &one.stack.functions).find(takes_snacks) {
        return say_snacks(greeting, creator.spec.name.as_str(), text);
    }
    let premium =
        |one: &Deployed| one.stack.functions.iter().find(|f| f.spec.name.as_str().contains("Premium")).cloned();
    let Some(table) = deployed.iter().flat_map(|one| &one.stack.tables).next() else { return Ok(()) };
    let table = &table.spec.name;
    let program = again(*directory, *admin);
    let signing = if *signed {
        format!(" --aws-sigv4 aws:amz:{region}:dynamodb --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"")
    } else {
        String::new()
    };
    writeln!(text, "\nput an order with curl:")?;
    writeln!(
        text,
        "  curl -s{signing} http://{admin} -H 'X-Amz-Target: DynamoDB_20120810.PutItem' \\\n    -H 'Content-Type: \
         application/x-amz-json-1.0' -d '{{\"TableName\":\"{table}\",\"Item\":{}}}'",
        sample(table.as_str(), "pending")
    )?;
    let keys = if *signed {
        "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…"
    } else {
        "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
    };
    writeln!(text, "or with the AWS CLI, and ship it:")?;
    writeln!(text, "  export AWS_ENDPOINT_URL=http://{admin} {keys} AWS_DEFAULT_REGION={region}")?;
    writeln!(text, "  aws dynamodb put-item --table-name {table} --item '{}'", sample(table.as_str(), "shipped"))?;
    writeln!(text, "then look, from another terminal here:")?;
    writeln!(text, "  {program} explain ORD-1001")?;
    if let Some(function) = deployed.iter().find_map(premium) {
        writeln!(text, "  {program} logs {}", function.spec.log_group)?;
    }
    writeln!(text, "  {program} trigger --count 20        # realistic sample orders")?;
    writeln!(text, "\nCtrl-C stops; {}.", if directory.is_some() { "what is written stays" } else { "nothing stays" })
}

/// Lines to paste for a stack that takes orders by having a function invoked.
fn say_snacks(greeting: &Greeting<'_>, creator: &str, text: &mut String) -> std::fmt::Result {
    let program = again(greeting.directory, reachable(greeting.admin));
    let admin = reachable(greeting.admin);
    let keys = if greeting.signed {
        "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…"
    } else {
        "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
    };
    writeln!(text, "\nplace an order with the AWS CLI:")?;
    writeln!(text, "  export {keys} AWS_DEFAULT_REGION={}", greeting.region)?;
    writeln!(
        text,
        "  aws --endpoint-url http://{admin} lambda invoke --function-name {creator} response.json \\\n    \
         --cli-binary-format raw-in-base64-out --payload '{SAMPLE_SNACKS}'"
    )?;
    writeln!(text, "then look:")?;
    for table in greeting.deployed.iter().flat_map(|one| &one.stack.tables).take(1) {
        writeln!(text, "  aws --endpoint-url http://{admin} dynamodb scan --table-name {}", table.spec.name)?;
    }
    writeln!(text, "  {program} logs {creator}")?;
    let directory = greeting.directory;
    writeln!(text, "\nCtrl-C stops; {}.", if directory.is_some() { "what is written stays" } else { "nothing stays" })
}

/// An order that is in order.
const SAMPLE_SNACKS: &str = r#"{"customerName": "Alice Smith", "snackItems": [{"name": "Pretzels", "quantity": 1, "price": 2.99}], "totalAmount": 2.99}"#;

/// Lines to paste for a stack that takes orders over HTTP.
fn say_shop(greeting: &Greeting<'_>, public: &str, text: &mut String) -> std::fmt::Result {
    let program = again(greeting.directory, reachable(greeting.admin));
    let key = match (greeting.key, greeting.directory) {
        (Some(FirstKey::Made(key)), _) => format!("'x-api-key: {key}'"),
        // A key is shown once; from then on its file says it.
        (Some(FirstKey::Kept(_)), Some(directory)) => {
            format!("\"x-api-key: $(cat {}/{KEY_FILE})\"", directory.display())
        }
        (Some(FirstKey::Kept(key)), None) => format!("'x-api-key: {key}'"),
        (None, _) => "'x-api-key: KEY'".to_owned(),
    };
    let trust = greeting.certificate.map_or(String::new(), |file| format!(" --cacert {}", file.display()));
    writeln!(text, "\nplace an order:")?;
    writeln!(
        text,
        "  curl -s{trust} {public}/orders -H {key} -H 'content-type: application/json' \\\n    -d '{}'",
        SAMPLE_ORDER
    )?;
    if greeting.key.is_none() {
        writeln!(text, "  (a key of your own: `{program} keys create`)")?;
    }
    writeln!(text, "then look, from another terminal here:")?;
    writeln!(text, "  {program} orders list C-1001             # what became of it")?;
    writeln!(text, "  {program} orders submit --watch          # another one, seen through to its end")?;
    writeln!(text, "  {program} explain ORDER                  # what every pipe did with an order, and why")?;
    let keys = if greeting.signed {
        "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…"
    } else {
        "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
    };
    writeln!(text, "queues, tables and logs with any AWS client:")?;
    writeln!(
        text,
        "  export AWS_ENDPOINT_URL=http://{} {keys} AWS_DEFAULT_REGION={}",
        reachable(greeting.admin),
        greeting.region
    )?;
    let kept = if greeting.directory.is_some() {
        "what was accepted stays, and goes on with the next start"
    } else {
        "nothing stays"
    };
    writeln!(text, "\nCtrl-C stops; {kept}.")
}

fn say_stack(one: &Deployed, text: &mut String) -> std::fmt::Result {
    let from = one.shown.strip_prefix(&*one.stack.name).map_or(one.shown.as_str(), str::trim_start);
    let from = from.trim_start_matches('(').trim_end_matches(')');
    writeln!(text, "\nstack {} ({from})", one.stack.name)?;
    for api in one.stack.apis.iter().map(|api| &api.spec) {
        let functions: Vec<&str> = api.functions.iter().map(|function| function.name.as_str()).collect();
        writeln!(text, "  API {}  →  {}", api.name, functions.join(", "))?;
    }
    for poller in one.stack.pollers.iter().map(|poller| &poller.spec) {
        let queue = one.stack.queues.iter().find(|queue| queue.spec.name == poller.queue.name);
        let redrive = queue.and_then(|queue| queue.spec.redrive.as_ref());
        let letters = redrive.map_or(String::new(), |redrive| format!("  ✖ {}", redrive.dead_letters));
        writeln!(text, "  {}  →  {}{letters}", poller.queue.name, poller.function.name)?;
    }
    for pipe in one.stack.pipes.iter().map(|pipe| &pipe.spec) {
        let letters = pipe.dead_letter.as_ref().map_or(String::new(), |queue| format!("  ✖ {}", queue.name));
        writeln!(text, "  {}  →  {}  →  {}{letters}", pipe.source.name(), pipe.name, pipe.target.name())?;
    }
    for function in one.stack.functions.iter().map(|function| &function.spec) {
        if let Some(letters) = &function.asynchronous.dead_letter {
            writeln!(text, "  {}  ✖ {}", function.name, letters.name)?;
        }
    }
    for rule in one.stack.rules.iter().map(|rule| &rule.spec) {
        let name = |arn: &str| arn.rsplit([':', '/']).find(|part| *part != "*").unwrap_or_default().to_owned();
        let targets: Vec<String> = rule.targets.iter().map(|target| name(&target.arn)).collect();
        let from = rule.spec.schedule.as_deref().unwrap_or(rule.bus.as_str());
        writeln!(text, "  {from}  →  {}  →  {}", rule.spec.name, targets.join(", "))?;
    }
    for step in one.steps.iter().filter(|step| step.act != Act::Created) {
        let act = match step.act {
            Act::Created => "created",
            Act::Changed => "changed",
            Act::Dormant => "no longer named; what it holds stays",
            Act::Removed => "no longer named, and gone",
        };
        writeln!(text, "  {} {}: {act}", step.kind, step.name)?;
    }
    if !one.stack.notes.is_empty() {
        let (count, s) = (one.stack.notes.len(), if one.stack.notes.len() == 1 { "y" } else { "ies" });
        writeln!(text, "  ({count} propert{s} for AWS alone, without effect here: `check --info` names them)")?;
    }
    Ok(())
}

/// An order as this table keeps it.
fn sample(table: &str, status: &str) -> String {
    let (status_name, amount_name) =
        if table == "Orders" { ("orderStatus", "orderAmount") } else { ("status", "amount") };
    format!(
        "{{\"orderId\":{{\"S\":\"ORD-1001\"}},\"{status_name}\":{{\"S\":\"{status}\"}},\
         \"{amount_name}\":{{\"N\":\"1500\"}},\"customerEmail\":{{\"S\":\"vip@example.com\"}}}}"
    )
}

/// An address that clients on this machine can use: listening on all of them is no address.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

/// How this program was called, and how it finds this server: what can be typed again.
fn again(directory: Option<&Path>, admin: SocketAddr) -> String {
    let called = std::env::args().next().filter(|called| !called.is_empty());
    let program = called.unwrap_or_else(|| "orderflow".to_owned());
    match directory {
        Some(directory) if directory != Config::default().data_dir => {
            format!("{program} --data-dir {}", directory.display())
        }
        Some(_) => program,
        // By its address also if that is the usual one: a directory that was kept earlier would be looked at first.
        None => format!("{program} --admin {admin}"),
    }
}
