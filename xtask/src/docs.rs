//! Decides which pages of the documentation are written by the code that they are about, and how.
//!
//! A test says when a page is not what would be written, so that neither is changed without the other.

use anyhow::Context as _;

/// Where the page of all lints is, from the root of the repository.
const LINTS: &str = "docs/lints.md";

/// Writes the pages.
pub(crate) fn run() -> anyhow::Result<bool> {
    let path = crate::root().join(LINTS);
    let directory = path.parent().expect("the page lies in a directory");
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    std::fs::write(&path, lints()).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {LINTS}");
    Ok(true)
}

/// The page of all lints: those of patterns, and those of templates.
fn lints() -> String {
    let patterns = pattern::lint::page();
    format!("{}\n\n{}", patterns.trim_end(), stack::check::page())
}

#[test]
fn the_page_of_lints_is_what_the_lints_say() {
    let path = crate::root().join(LINTS);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    // Compared line by line, so that a failure says which line it is.
    for (number, (found, wanted)) in text.lines().zip(lints().lines()).enumerate() {
        assert_eq!(found, wanted, "{LINTS}, line {}: run cargo xtask docs", number + 1);
    }
    assert!(text == lints(), "{LINTS} has {} bytes, not {}: run cargo xtask docs", text.len(), lints().len());
}
