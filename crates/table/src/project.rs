//! Decides what is left of an item when only some of its paths are wanted.
//!
//! Start at [`project`]. What a path does not lead to is left out; the elements of a list that are wanted close up.

use crate::{Path, Step};
use types::{Item, SortedMap, Value};

/// What these paths lead to in an item. No path leads through another.
pub fn project(item: &Item, paths: &[Path]) -> Item {
    let mut wanted: SortedMap<&str, Vec<&[Step]>> = SortedMap::new();
    for path in paths {
        wanted.get_or_default(&path.attribute).push(&path.steps);
    }
    let pick = |(name, steps): (&str, Vec<&[Step]>)| Some((name.into(), part(item.get(name)?, &steps)?));
    wanted.into_iter().filter_map(pick).collect()
}

/// What is wanted of a value; `None` if nothing of it is there.
fn part(value: &Value, steps: &[&[Step]]) -> Option<Value> {
    if steps.iter().any(|steps| steps.is_empty()) {
        return Some(value.clone());
    }
    let mut fields: SortedMap<&str, Vec<&[Step]>> = SortedMap::new();
    let mut elements: SortedMap<usize, Vec<&[Step]>> = SortedMap::new();
    for steps in steps {
        match steps.split_first() {
            Some((Step::Field(name), rest)) => fields.get_or_default(name).push(rest),
            Some((Step::Index(at), rest)) => elements.get_or_default(*at).push(rest),
            None => {}
        }
    }
    match value {
        Value::M(map) => {
            let pick = |(name, steps): (&str, Vec<&[Step]>)| Some((name.into(), part(map.get(name)?, &steps)?));
            let found: Item = fields.into_iter().filter_map(pick).collect();
            (!found.is_empty()).then_some(Value::M(found))
        }
        Value::L(list) => {
            let found: Vec<Value> =
                elements.into_iter().filter_map(|(at, steps)| part(list.get(at)?, &steps)).collect();
            (!found.is_empty()).then_some(Value::L(found))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(attribute: &str, steps: &[Step]) -> Path {
        Path { attribute: attribute.into(), steps: steps.to_vec() }
    }

    fn field(name: &str) -> Step {
        Step::Field(name.into())
    }

    #[test]
    fn only_what_is_wanted_and_there_is_left() {
        let line = |sku: &str| Value::M(Item::from([("sku", sku.into()), ("count", "2".into())]));
        let item = Item::from([
            ("id", "1".into()),
            ("lines", Value::L(vec![line("a"), line("b"), line("c")])),
            ("to", Value::M(Item::from([("city", "Ulm".into()), ("street", "Gasse".into())]))),
        ]);
        let cases = [
            (vec![path("id", &[])], Item::from([("id", "1".into())])),
            (vec![path("none", &[])], Item::new()),
            (vec![path("to", &[field("city")])], Item::from([("to", Value::M(Item::from([("city", "Ulm".into())])))])),
            (vec![path("to", &[field("none")])], Item::new()),
            (vec![path("id", &[field("none")])], Item::new()),
            (vec![path("to", &[Step::Index(0)])], Item::new()),
            (
                vec![path("lines", &[Step::Index(2), field("sku")]), path("lines", &[Step::Index(0)]), path("id", &[])],
                Item::from([
                    ("id", "1".into()),
                    ("lines", Value::L(vec![line("a"), Value::M(Item::from([("sku", "c".into())]))])),
                ]),
            ),
            (vec![path("lines", &[Step::Index(7)])], Item::new()),
        ];
        for (paths, left) in cases {
            assert_eq!(project(&item, &paths), left, "{paths:?}");
        }
    }
}
