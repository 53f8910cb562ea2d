//! Decides what is said of clauses that each hold, but not with values that belong together: [`together`].
//!
//! The search has decided that they do not. Here two of them are looked for that are enough to show it.

use super::Conflict;
use super::event::Place;
use super::leaf::{Looked, PLACES_MAX};
use super::tree::{HeldAt, Together};
use super::words::name;

/// Places told of one clause.
const PLACES_SHOWN_MAX: usize = 3;

/// Clauses told, if no two of them are enough.
const CLAUSES_SHOWN_MAX: usize = 6;

/// Why the clauses of one branch do not hold together.
pub(super) fn together(conflict: Conflict, clauses: &[&Looked]) -> Together {
    match conflict {
        Conflict::TooAmbiguous => Together { clauses: Vec::new(), sentence: conflict.to_string() },
        Conflict::DifferentElements => different_elements(conflict, clauses),
    }
}

fn different_elements(conflict: Conflict, clauses: &[&Looked]) -> Together {
    // What holds because there is no value, holds whatever elements are chosen.
    let with_values: Vec<&Looked> = clauses.iter().copied().filter(|clause| !clause.holding.is_empty()).collect();
    let excluding = with_values.iter().enumerate().find_map(|(index, one)| {
        let other = with_values[index + 1..].iter().find(|other| exclude(&one.holding, &other.holding))?;
        Some([held_at(one), held_at(other)])
    });
    if let Some([one, other]) = excluding {
        let sentence = format!(
            "each field matches by itself, but in different elements: {} at {}, {} at {}; no element has both",
            name(&one.path),
            one.places.join(", "),
            name(&other.path),
            other.places.join(", ")
        );
        return Together { clauses: vec![one, other], sentence };
    }
    let held: Vec<HeldAt> = with_values.iter().take(CLAUSES_SHOWN_MAX).map(|clause| held_at(clause)).collect();
    let places: Vec<String> =
        held.iter().map(|held| format!("{} at {}", name(&held.path), held.places.join(", "))).collect();
    Together { sentence: format!("{conflict}: {}", places.join("; ")), clauses: held }
}

/// Whether no place of the one belongs together with a place of the other.
fn exclude(one: &[Place], other: &[Place]) -> bool {
    // Places beyond the bound are not known.
    if one.len() == PLACES_MAX || other.len() == PLACES_MAX {
        return false;
    }
    one.iter().all(|one| other.iter().all(|other| one.excludes(other)))
}

fn held_at(clause: &Looked) -> HeldAt {
    let places = clause.holding.iter().take(PLACES_SHOWN_MAX).map(Place::text).collect();
    HeldAt { path: clause.leaf.path.clone(), places }
}
