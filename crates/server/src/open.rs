//! Decides how the data directory of a configuration is opened: for a server, or for a look without one.

use crate::config::Config;
use engine::{Engine, Options};
use std::path::Path;
use std::time::Duration;
use types::Account;

/// Opens the engine on `directory`.
///
/// # Errors
/// When another process has it, or its data is refused.
pub(crate) fn open(config: &Config, directory: &Path) -> Result<(Engine, store::OpenReport), engine::OpenError> {
    let options = Options {
        account: Account { id: config.account.clone(), region: config.region.clone() },
        directory: directory.to_owned(),
        store: store::Options::default(),
        on_fatal: Box::new(|fatal| {
            // Nothing may be acknowledged after this, so nothing may be answered after this.
            eprintln!("orderflow: {fatal}");
            std::process::exit(crate::exit::DATA_REFUSED.into());
        }),
        keep_changes_for: Duration::from_secs(u64::from(config.keep_changes_for_hours) * 3600),
        log_bytes_max: u64::from(config.log_megabytes_max) << 20,
    };
    Engine::open(options)
}
