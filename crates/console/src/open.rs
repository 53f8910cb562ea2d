//! Decides how the data directory of a configuration is opened: for a server, or for a look without one.

use crate::config::Config;
use engine::{Engine, Options};
use std::path::Path;
use std::time::{Duration, Instant};
use types::Account;

/// How long a process that was killed may take to let go of its directory.
const LET_GO_WITHIN: Duration = Duration::from_secs(2);

/// Opens the engine on `directory`, waiting a moment for another process that is just ending.
///
/// # Errors
/// When another process has it, or its data is refused.
pub fn open_patiently(config: &Config, directory: &Path) -> Result<(Engine, store::OpenReport), engine::OpenError> {
    let begun = Instant::now();
    loop {
        match open(config, directory) {
            Err(engine::OpenError::Store(store::OpenError::Locked { .. })) if begun.elapsed() < LET_GO_WITHIN => {
                std::thread::sleep(Duration::from_millis(50));
            }
            opened => return opened,
        }
    }
}

/// Opens the engine on `directory`.
///
/// # Errors
/// When another process has it, or its data is refused.
pub fn open(config: &Config, directory: &Path) -> Result<(Engine, store::OpenReport), engine::OpenError> {
    let options = Options {
        account: Account { id: config.account.clone(), region: config.region.clone() },
        directory: directory.to_owned(),
        store: store::Options::default(),
        on_fatal: Box::new(|fatal| {
            // Nothing may be acknowledged after this, so nothing may be answered after this.
            engine::complain!("orderflow: {fatal}");
            std::process::exit(crate::exit::DATA_REFUSED.into());
        }),
        keep_changes_for: Duration::from_secs(u64::from(config.keep_changes_for_hours) * 3600),
        log_bytes_max: u64::from(config.log_megabytes_max) << 20,
    };
    Engine::open(options)
}
