//! Decides what somebody probably meant who named something that is not there.

/// The candidate nearest to `given`, if one is near enough to be a slip of the hand.
pub(crate) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = given.to_lowercase();
    let near = |candidate: &'a str| {
        let known = candidate.to_lowercase();
        let length = wanted.chars().count().max(known.chars().count());
        let steps = distance(&wanted, &known);
        // A third of the letters may be wrong; part of a long name is near as well.
        let part = wanted.chars().count() >= 4 && known.contains(&wanted);
        (steps * 3 <= length || part).then_some((steps, candidate))
    };
    candidates.into_iter().filter_map(near).min_by_key(|(steps, _)| *steps).map(|(_, candidate)| candidate)
}

/// How many letters must be added, taken away or replaced to make one text of the other.
fn distance(a: &str, b: &str) -> usize {
    // Names are short; what is not a name is cut, so that nobody waits for the product of two lengths.
    const COMPARED_MAX: usize = 256;
    let b: Vec<char> = b.chars().take(COMPARED_MAX).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(COMPARED_MAX).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let names = ["data-dir", "admin", "public", "/aws/lambda/PremiumOrderLambda"];
        let cases = [
            ("data-dri", Some("data-dir")),
            ("datadir", Some("data-dir")),
            ("Admin", Some("admin")),
            ("pulbic", Some("public")),
            ("premiumorder", Some("/aws/lambda/PremiumOrderLambda")),
            ("port", None),
            ("", None),
        ];
        for (given, expected) in cases {
            assert_eq!(nearest(given, names), expected, "{given}");
        }
    }

    #[test]
    fn distances_count_single_letters() {
        let cases = [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("abc", "acb", 2), ("grün", "grun", 1)];
        for (a, b, steps) in cases {
            assert_eq!((distance(a, b), distance(b, a)), (steps, steps), "{a} {b}");
        }
    }
}
