//! Decides at which places it matters which element of an array a value is in: [`find`].
//!
//! That is where a branch has several clauses at and below one place. There, and only there, elements of arrays are
//! scopes of their own, and branches have groups.

use super::plan::{Branch, ROOT};

/// What is to be known of a place. Places below others have greater numbers.
pub(super) struct Input {
    pub(super) parent: u32,
    /// The place below, if there is just one.
    pub(super) only_child: Option<u32>,
    /// Whether some path ends here.
    pub(super) is_path: bool,
}

/// What is found out about a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    pub(super) is_scoped: bool,
    /// Whether one of the several clauses is that of the place itself.
    pub(super) has_own: bool,
    /// Whether one of them may hold without a value. Said too often rather than too rarely: it costs a second walk.
    pub(super) has_absence: bool,
    /// The place whose groups stand for this one's: itself, or where the one way that leads on from it forks or ends.
    pub(super) groups_at: u32,
}

/// What is found out about all places.
pub(super) struct Scopes {
    pub(super) places: Vec<Scope>,
    /// The nearest place with groups, at or above each place.
    pub(super) home: Vec<u32>,
    parents: Vec<u32>,
}

impl Scopes {
    /// The next place with groups above one.
    pub(super) fn above(&self, place: u32) -> u32 {
        self.home[self.parents[place as usize] as usize]
    }
}

/// `clauses` are their places and whether they may hold without a value.
pub(super) fn find(places: &[Input], clauses: &[(u32, bool)], branches: &[Branch]) -> Scopes {
    let mut scopes: Vec<Scope> = (0_u32..)
        .zip(places)
        .map(|(number, _)| Scope { is_scoped: false, has_own: false, has_absence: false, groups_at: number })
        .collect();
    // How many clauses of a branch each place has, none, one or several; counted anew for each branch.
    let mut counts: Vec<(usize, u8)> = vec![(usize::MAX, 0); places.len()];
    for (number, (branch, _)) in branches.iter().enumerate().filter(|(_, (branch, _))| branch.len() > 1) {
        for &clause in branch {
            let mut place = clauses[clause as usize].0;
            while place != ROOT {
                let count = &mut counts[place as usize];
                *count = if count.0 == number { (number, count.1 + 1) } else { (number, 1) };
                if count.1 > 1 {
                    scopes[place as usize].is_scoped = true;
                }
                // All above have several already.
                if count.1 > 2 {
                    count.1 = 2;
                    break;
                }
                place = places[place as usize].parent;
            }
        }
        for &clause in branch {
            let place = clauses[clause as usize].0;
            if counts[place as usize].1 > 1 {
                scopes[place as usize].has_own = true;
            }
        }
    }
    for &(mut place, may_be_absent) in clauses {
        while may_be_absent && place != ROOT && !scopes[place as usize].has_absence {
            scopes[place as usize].has_absence = true;
            place = places[place as usize].parent;
        }
    }
    for (number, place) in places.iter().enumerate().rev() {
        if let (Some(child), false) = (place.only_child, place.is_path) {
            scopes[number].groups_at = scopes[child as usize].groups_at;
        }
    }
    let mut home: Vec<u32> = Vec::with_capacity(places.len());
    for (number, place) in (0_u32..).zip(places) {
        let scope = scopes[number as usize];
        let has_groups = scope.is_scoped && scope.groups_at == number;
        home.push(match number {
            ROOT => ROOT,
            number if has_groups => number,
            _ => home[place.parent as usize],
        });
    }
    Scopes { places: scopes, home, parents: places.iter().map(|place| place.parent).collect() }
}
