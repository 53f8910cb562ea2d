//! Decides which pages of the documentation are written by the code that they are about, and how.
//!
//! A test says when a page is not what would be written, so that neither is changed without the other.

use anyhow::Context as _;
use stack::diagram::Graph;
use stack::{Environment, Overrides, Template};
use std::path::Path;

/// Where the page of all lints is, from the root of the repository.
const LINTS: &str = "docs/lints.md";

/// Where the stacks are whose pictures lie in `docs`.
const STACKS: &str = "stacks";

/// Writes the pages.
pub(crate) fn run() -> anyhow::Result<bool> {
    let pages = std::iter::once((LINTS.to_owned(), lints())).chain(pictures()?);
    for (name, text) in pages {
        let path = crate::root().join(&name);
        let directory = path.parent().expect("the page lies in a directory");
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {name}");
    }
    Ok(true)
}

/// A picture of each stack, with where it belongs.
fn pictures() -> anyhow::Result<Vec<(String, String)>> {
    let directory = crate::root().join(STACKS);
    let entries = std::fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut templates = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    templates.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    templates.sort();
    templates.iter().map(|path| picture(path)).collect()
}

fn picture(path: &Path) -> anyhow::Result<(String, String)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_stem().and_then(|name| name.to_str()).context("a template has a name")?;
    let handlers: Vec<&str> = orders::catalogue().iter().map(|entry| entry.name).collect();
    let stack = Template::parse(&text, &path.display().to_string())?.resolve(
        &Environment::local(name),
        &Overrides::new(),
        &handlers,
    )?;
    Ok((format!("docs/{name}.svg"), Graph::of(&stack).svg()))
}

/// The page of all lints: those of patterns, and those of templates.
fn lints() -> String {
    let patterns = pattern::lint::page();
    format!("{}\n\n{}", patterns.trim_end(), stack::check::page())
}

/// Holds a page against what would be written.
#[cfg(test)]
fn check(page: &str, wanted: &str) {
    let text = std::fs::read_to_string(crate::root().join(page)).unwrap_or_default();
    // Compared line by line, so that a failure says which line it is.
    for (number, (found, wanted)) in text.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "{page}, line {}: run cargo xtask docs", number + 1);
    }
    assert!(text == wanted, "{page} has {} bytes, not {}: run cargo xtask docs", text.len(), wanted.len());
}

#[test]
fn the_page_of_lints_is_what_the_lints_say() {
    check(LINTS, &lints());
}

#[test]
fn the_pictures_of_stacks_are_what_their_templates_say() {
    let pictures = pictures().unwrap();
    assert!(!pictures.is_empty(), "there are stacks");
    for (page, wanted) in pictures {
        check(&page, &wanted);
    }
}
