//! What the fuzz targets hand their bytes to. The promises themselves are in [`promises`], which the tests of the crate
//! include too, so that the corpora are replayed wherever those run.

mod choices;
mod generated;
#[path = "../../tests/model/mod.rs"]
mod model;
mod nodes;
mod promises;

/// See [`promises::parse`].
pub fn parse(data: &[u8]) {
    promises::parse(data);
}

/// See [`promises::match_bytes`].
pub fn match_bytes(data: &[u8]) {
    promises::match_bytes(data);
}

/// See [`promises::match_model`].
pub fn match_model(data: &[u8]) {
    promises::match_model(data);
}

/// See [`promises::typed`].
pub fn typed(data: &[u8]) {
    promises::typed(data);
}

/// See [`promises::lint`].
pub fn lint(data: &[u8]) {
    promises::lint(data);
}
