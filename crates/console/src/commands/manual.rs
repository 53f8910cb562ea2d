//! Decides how the command line is told to shells and to `man`: made from what [`crate::cli`] says, so never out of date.

use crate::cli::Cli;
use crate::exit::{DONE, Failure, NO, Stop};
use crate::terminal::Out;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use std::path::Path;

/// Prints the completions for a shell.
pub(super) fn completions(shell: Shell, out: &mut Out) -> Result<u8, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "orderflow", &mut script);
    out.print(&String::from_utf8_lossy(&script))?;
    Ok(DONE)
}

/// Writes a page for each verb into a directory, or prints the first one.
pub(super) fn man(directory: Option<&Path>, out: &mut Out) -> Result<u8, Stop> {
    let pages = pages().map_err(|error| Failure::new(NO, format!("the pages cannot be made: {error}")))?;
    let Some(directory) = directory else {
        out.print(&String::from_utf8_lossy(&pages[0].1))?;
        return Ok(DONE);
    };
    let failed = |error: std::io::Error| Failure::new(NO, format!("{}: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(failed)?;
    for (name, page) in &pages {
        std::fs::write(directory.join(format!("{name}.1")), page).map_err(failed)?;
    }
    out.print(&format!("{} pages are in {}", pages.len(), directory.display()))?;
    Ok(DONE)
}

/// Each page with its name, the program's own first.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    page(&command, "orderflow", &mut pages)?;
    Ok(pages)
}

fn page(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    pages.push((name.to_owned(), text));
    let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set());
    verbs.into_iter().try_for_each(|verb| page(verb, &format!("{name}-{}", verb.get_name()), pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page() {
        let pages = pages().unwrap();
        for name in ["orderflow", "orderflow-up", "orderflow-dlq-redrive", "orderflow-orders-submit"] {
            let (_, page) = pages.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name}"));
            assert!(String::from_utf8_lossy(page).contains(".SH NAME"), "{name}");
        }
    }
}
