//! Decides which key this machine's own command line shows.

use crate::app::App;
use console::KEY_FILE;
use console::ask::{Kind, Problem};
use console::keyring::Offer;
use gateway::keys::Outcome;
use stack::Stack;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

/// The key that this machine's own command line uses. The first time that a stack with keys runs it is made, and left
/// in the data directory for whoever may read that.
pub(super) fn first_key(app: &App, stacks: &[&Stack]) -> anyhow::Result<Option<FirstKey>> {
    let file = app.directory.join(KEY_FILE);
    let kept = std::fs::read_to_string(&file).ok().map(|key| key.trim().to_owned());
    let good = |key: &String| app.front.keyring.with(|keys| matches!(keys.find(Some(key), &[]), Outcome::Key(_)));
    if let Some(key) = kept.as_ref().filter(|key| good(key)) {
        return Ok(Some(FirstKey::Kept(key.clone())));
    }
    let api = stacks.iter().flat_map(|stack| &stack.apis).map(|api| &api.spec).next();
    let Some((api, declared)) = api.and_then(|api| Some((api, api.keys.iter().find(|key| key.enabled)?))) else {
        return Ok(None);
    };
    // Somebody took the file away: whoever wants another key makes one. A file with a key that opens nothing is what a
    // crash left between the two.
    if kept.is_none() && !app.front.keyring.list().keys.is_empty() {
        return Ok(None);
    }
    let plan = api.plans.iter().find(|plan| declared.plans.contains(&plan.logical_id));
    let make = console::views::keys::Make {
        name: Some(declared.name.clone()),
        tenant: None,
        plan: plan.map(|plan| plan.name.clone()),
        scopes: Vec::new(),
    };
    let keep = |key: &str| {
        let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&file);
        let kept = opened.and_then(|mut file| writeln!(file, "{key}").and_then(|()| file.sync_all()));
        kept.map_err(|error| Problem::new(Kind::Damaged, format!("cannot write {}: {error}", file.display())))
    };
    let made = app.front.keyring.make_and(&make, &Offer::of(&app.engine), keep);
    let made = made.map_err(|problem| anyhow::anyhow!("no key can be made: {}", problem.refused.error))?;
    Ok(Some(FirstKey::Made(made.value)))
}

/// The key of this machine.
pub(crate) enum FirstKey {
    /// It was made just now, and is shown this once.
    Made(String),
    /// It lies in the data directory.
    Kept(String),
}
