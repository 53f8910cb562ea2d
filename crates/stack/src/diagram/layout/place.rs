//! Decides how far down everything in a column is, given who stands above whom: as near as possible to where its edges
//! would be straight.
//!
//! Each column in turn is moved towards those beside it, while what stands above stays above and keeps its distance:
//! the nearest such places are found at once, by pooling those that would overlap. Start at [`middles`].

/// How often all columns are moved, from left to right and back.
const SWEEPS: usize = 24;
/// How far boxes are from each other.
const GAP: i32 = 24;
/// How far a lane is from a box.
const LANE_GAP: i32 = 12;
/// How far a lane is from the next.
const LANES_GAP: i32 = 6;

/// What pulls two slots of neighbouring columns together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pull {
    pub(super) left: usize,
    pub(super) right: usize,
    /// How much further down the right one's middle would best be.
    pub(super) difference: i32,
    /// How hard it pulls.
    pub(super) weight: i32,
}

/// How far down the middle of each slot is; the uppermost begins at 0. Slots that stand in no column are at 0.
pub(super) fn middles(columns: &[Vec<usize>], heights: &[i32], is_lane: &[bool], pulls: &[Pull]) -> Vec<i32> {
    let mut lefts: Vec<Vec<(usize, f64, f64)>> = vec![Vec::new(); heights.len()];
    let mut rights = lefts.clone();
    for pull in pulls {
        let (difference, weight) = (f64::from(pull.difference), f64::from(pull.weight));
        lefts[pull.right].push((pull.left, difference, weight));
        rights[pull.left].push((pull.right, -difference, weight));
    }
    let apart = |upper: usize, lower: usize| {
        let gap = match (is_lane[upper], is_lane[lower]) {
            (false, false) => GAP,
            (true, true) => LANES_GAP,
            (true, false) | (false, true) => LANE_GAP,
        };
        // One more, because middles are rounded at the end.
        f64::from(heights[upper] + heights[lower]) / 2.0 + f64::from(gap + 1)
    };
    let mut middles = vec![0.0; heights.len()];
    for column in columns {
        let mut y = 0.0;
        for pair in column.windows(2) {
            middles[pair[0]] = y;
            y += apart(pair[0], pair[1]);
        }
        if let Some(last) = column.last() {
            middles[*last] = y;
        }
        column.iter().for_each(|slot| middles[*slot] -= y / 2.0);
    }
    for sweep in 0..SWEEPS {
        let order: Vec<usize> =
            if sweep % 2 == 0 { (0..columns.len()).collect() } else { (0..columns.len()).rev().collect() };
        for column in order {
            let wanted: Vec<(f64, f64)> = columns[column]
                .iter()
                .map(|slot| {
                    // At first only those it was come from pull, then both sides.
                    let (first, second) = if sweep % 2 == 0 { (&lefts, &rights) } else { (&rights, &lefts) };
                    let from = if first[*slot].is_empty() { &second[*slot] } else { &first[*slot] };
                    let both = lefts[*slot].iter().chain(&rights[*slot]);
                    let pulling: Vec<_> = if sweep < SWEEPS / 2 { from.iter().collect() } else { both.collect() };
                    let weight: f64 = pulling.iter().map(|(_, _, weight)| weight).sum();
                    let sum: f64 =
                        pulling.iter().map(|(other, difference, weight)| (middles[*other] + difference) * weight).sum();
                    // Whoever nothing pulls stays, but gives way.
                    if pulling.is_empty() { (middles[*slot], 0.01) } else { (sum / weight, weight) }
                })
                .collect();
            let column = &columns[column];
            let gaps: Vec<f64> = column.windows(2).map(|pair| apart(pair[0], pair[1])).collect();
            for (slot, middle) in column.iter().zip(nearest(&wanted, &gaps)) {
                middles[*slot] = middle;
            }
        }
    }
    straighten(columns, is_lane, &lefts, &apart, &mut middles);
    let standing = || columns.iter().flatten();
    let top = standing().map(|slot| middles[*slot] - f64::from(heights[*slot]) / 2.0).fold(f64::INFINITY, f64::min);
    let mut rounded = vec![0; heights.len()];
    for slot in standing() {
        // Far below the largest whole number: heights and how many there are are bounded.
        rounded[*slot] = (middles[*slot] - top).round() as i32;
    }
    rounded
}

/// Moves lanes to where their edges come from, as far as those above and below leave room: an edge with one bend is
/// easier to follow than one with a small bend in each column.
fn straighten(
    columns: &[Vec<usize>],
    is_lane: &[bool],
    lefts: &[Vec<(usize, f64, f64)>],
    apart: &impl Fn(usize, usize) -> f64,
    middles: &mut [f64],
) {
    for column in columns {
        let downward = 0..column.len();
        // Whoever moves away makes room for the next, above or below.
        for place in downward.clone().chain(downward.rev()) {
            let slot = column[place];
            let Some((other, difference, _)) = lefts[slot].first().filter(|_| is_lane[slot]) else { continue };
            let above = place.checked_sub(1).map(|above| middles[column[above]] + apart(column[above], slot));
            let below = column.get(place + 1).map(|below| middles[*below] - apart(slot, *below));
            let wanted = (middles[*other] + difference).min(below.unwrap_or(f64::INFINITY));
            middles[slot] = wanted.max(above.unwrap_or(f64::NEG_INFINITY));
        }
    }
}

/// The places nearest to the wanted ones, each with its weight, that keep these distances: least squares, by pooling
/// neighbours that would come too near to each other.
fn nearest(wanted: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    struct Pool {
        middle: f64,
        weight: f64,
        count: usize,
    }
    let mut offsets = vec![0.0; wanted.len()];
    for (index, gap) in gaps.iter().enumerate() {
        offsets[index + 1] = offsets[index] + gap;
    }
    let mut pools: Vec<Pool> = Vec::new();
    for ((place, weight), offset) in wanted.iter().zip(&offsets) {
        let mut pool = Pool { middle: place - offset, weight: *weight, count: 1 };
        while let Some(before) = pools.pop_if(|before| before.middle > pool.middle) {
            let weight = before.weight + pool.weight;
            let middle = (before.middle * before.weight + pool.middle * pool.weight) / weight;
            pool = Pool { middle, weight, count: before.count + pool.count };
        }
        pools.push(pool);
    }
    let spread = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.middle, pool.count));
    spread.zip(&offsets).map(|(middle, offset)| middle + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        /// Distances are kept, and no nudge of a single slot or of all from one on brings them nearer.
        #[test]
        fn the_nearest_places_are_found(wanted in vec((-100.0..100.0_f64, 1.0..4.0_f64), 1..12)) {
            let gaps: Vec<f64> = wanted.iter().skip(1).map(|(_, weight)| 10.0 * weight).collect();
            let found = nearest(&wanted, &gaps);
            let keeps = |places: &[f64]| places.windows(2).zip(&gaps).all(|(pair, gap)| pair[1] - pair[0] >= gap - 1e-6);
            let cost = |places: &[f64]| -> f64 {
                places.iter().zip(&wanted).map(|(place, (wish, weight))| weight * (place - wish).powi(2)).sum()
            };
            prop_assert!(keeps(&found));
            for from in 0..found.len() {
                for to in from..found.len() {
                    for nudge in [-1.0, 1.0] {
                        let mut nudged = found.clone();
                        nudged[from..=to].iter_mut().for_each(|place| *place += nudge);
                        prop_assert!(!keeps(&nudged) || cost(&nudged) >= cost(&found) - 1e-6);
                    }
                }
            }
        }
    }
}
