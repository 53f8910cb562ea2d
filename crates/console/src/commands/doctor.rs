//! Decides how a check of the data is told.

use super::{Given, counted};
use crate::exit::{DONE, NO, Stop};
use crate::terminal::{Look, Paint, safe};
use crate::views::Checked;

/// Checks the data of the server, or of the directory.
pub(super) fn run(given: Given<'_>) -> Result<u8, Stop> {
    let view = given.access()?.check()?;
    if given.options.json {
        given.out.json(&view)?;
    } else {
        let text = draw(&view, given.out.look);
        given.out.print(&text)?;
    }
    Ok(if view.findings.is_empty() { DONE } else { NO })
}

fn draw(view: &Checked, look: Look) -> String {
    let mut text = String::new();
    for note in &view.notes {
        text += &format!("{} {}\n", look.paint(Paint::Yellow, "note:"), safe(note));
    }
    for finding in &view.findings {
        text += &format!("{} {}\n", look.paint(Paint::Red, "✘"), safe(finding));
    }
    let looked = format!(
        "{} of the log read, {} of the index compared",
        if view.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", view.entries) },
        counted(view.compared, "item")
    );
    text += &match view.findings.len() {
        0 => format!("{} all is well: {looked}\n", look.paint(Paint::Green, "✔")),
        found => format!("{}: {looked}\n", look.paint(Paint::Red, &counted(found as u64, "finding"))),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_directory_is_told_in_a_line() {
        let view = Checked { entries: 1, compared: 2, findings: vec![], notes: vec![] };
        insta::assert_snapshot!(draw(&view, Look::PLAIN), @"✔ all is well: 1 entry of the log read, 2 items of the index compared");
    }

    #[test]
    fn findings_stand_one_to_a_line() {
        let findings = vec!["entry 7 is \u{1b}[31mdamaged".to_owned(), "entry 9 is gone".to_owned()];
        let view = Checked { entries: 10, compared: 1, findings, notes: vec!["the torn end was cut".to_owned()] };
        insta::assert_snapshot!(draw(&view, Look::PLAIN), @r"
        note: the torn end was cut
        ✘ entry 7 is \u{1b}[31mdamaged
        ✘ entry 9 is gone
        2 findings: 10 entries of the log read, 1 item of the index compared
        ");
    }
}
