//! Decides what time it is: the one place of this room that asks the system.

use std::time::{SystemTime, UNIX_EPOCH};
use types::Timestamp;

/// Now, as the system's clock says.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
