//! Both against the standard library's as the model.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Act {
    Insert(u8, u32),
    GetOrInsert(u8, u32),
    AddTo(u8, u32),
    Change(u8, u32),
    Remove(u8),
    Retain(u32),
    ChangeAll(u32),
    Extend(Vec<(u8, u32)>),
}

fn act() -> impl Strategy<Value = Act> {
    let key = 0..12u8;
    let value = 0..1000u32;
    prop_oneof![
        (key.clone(), value.clone()).prop_map(|(key, value)| Act::Insert(key, value)),
        (key.clone(), value.clone()).prop_map(|(key, value)| Act::GetOrInsert(key, value)),
        (key.clone(), value.clone()).prop_map(|(key, value)| Act::AddTo(key, value)),
        (key.clone(), value.clone()).prop_map(|(key, value)| Act::Change(key, value)),
        key.clone().prop_map(Act::Remove),
        (2..5u32).prop_map(Act::Retain),
        (1..5u32).prop_map(Act::ChangeAll),
        vec((key, value), 0..6).prop_map(Act::Extend),
    ]
}

fn same(map: &SortedMap<u8, u32>, model: &BTreeMap<u8, u32>) -> Result<(), TestCaseError> {
    prop_assert!(map.iter().map(|(key, value)| (key, value)).eq(model.iter()));
    prop_assert!(map.into_iter().map(|(key, value)| (key, value)).eq(model.iter()));
    prop_assert!(map.keys().eq(model.keys()) && map.values().eq(model.values()));
    prop_assert!(
        map.clone().into_iter().eq(model.clone()) && map.clone().into_values().eq(model.clone().into_values())
    );
    prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
    for key in 0..13 {
        prop_assert_eq!(map.get(&key), model.get(&key));
        prop_assert_eq!(map.contains_key(&key), model.contains_key(&key));
    }
    Ok(())
}

proptest! {
    /// Whatever is done to both, a sorted map and the standard library's hold and answer the same.
    #[test]
    fn does_what_a_btree_map_does(acts in vec(act(), 0..40)) {
        let (mut map, mut model) = (SortedMap::new(), BTreeMap::new());
        for act in acts {
            match act {
                Act::Insert(key, value) => prop_assert_eq!(map.insert(key, value), model.insert(key, value)),
                Act::GetOrInsert(key, value) => {
                    prop_assert_eq!(map.get_or_insert_with(key, || value), model.entry(key).or_insert(value));
                }
                Act::AddTo(key, value) => {
                    *map.get_or_default(key) += value;
                    *model.entry(key).or_default() += value;
                }
                Act::Change(key, value) => {
                    prop_assert_eq!(map.get_mut(&key).map(|had| std::mem::replace(had, value)),
                        model.get_mut(&key).map(|had| std::mem::replace(had, value)));
                }
                Act::Remove(key) => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                Act::Retain(by) => {
                    let keep = |key: &u8, value: &mut u32| { *value += 1; !(u32::from(*key) + *value).is_multiple_of(by) };
                    map.retain(keep);
                    model.retain(keep);
                }
                Act::ChangeAll(by) => {
                    map.values_mut().for_each(|value| *value *= by);
                    for (key, value) in &mut map {
                        *value += u32::from(*key);
                    }
                    model.iter_mut().for_each(|(key, value)| *value = *value * by + u32::from(*key));
                }
                Act::Extend(pairs) => {
                    map.extend(pairs.clone());
                    model.extend(pairs);
                }
            }
            same(&map, &model)?;
        }
    }

    /// Pairs in any order, some of them several times, make the map that the standard library makes of them; so does
    /// what is read from JSON, where members may come several times too.
    #[test]
    fn is_made_of_pairs_as_a_btree_map_is(pairs in vec((0..40u8, any::<u32>()), 0..60)) {
        let model: BTreeMap<u8, u32> = pairs.iter().copied().collect();
        same(&pairs.iter().copied().collect(), &model)?;
        let members: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let text = format!("{{{}}}", members.join(","));
        let map: SortedMap<u8, u32> = serde_json::from_str(&text).unwrap();
        same(&map, &serde_json::from_str(&text).unwrap())?;
        prop_assert_eq!(serde_json::to_string(&map).unwrap(), serde_json::to_string(&model).unwrap());
        prop_assert_eq!(serde_json::to_string_pretty(&map).unwrap(), serde_json::to_string_pretty(&model).unwrap());
        prop_assert_eq!(format!("{map:?} {map:#?}"), format!("{model:?} {model:#?}"));
    }

    /// Two maps compare as the standard library's do.
    #[test]
    fn compares_as_a_btree_map_does(one in vec((0..3u8, 0..3u32), 0..4), other in vec((0..3u8, 0..3u32), 0..4)) {
        let maps = [&one, &other].map(|pairs| pairs.iter().copied().collect::<SortedMap<_, _>>());
        let models = [&one, &other].map(|pairs| pairs.iter().copied().collect::<BTreeMap<_, _>>());
        prop_assert_eq!(maps[0].cmp(&maps[1]), models[0].cmp(&models[1]));
        prop_assert_eq!(maps[0] == maps[1], models[0] == models[1]);
    }

    /// Whatever is done to both, a sorted set and the standard library's hold and answer the same.
    #[test]
    fn a_set_does_what_a_btree_set_does(first in vec(0..40u8, 0..60), acts in vec((any::<bool>(), 0..40u8), 0..40)) {
        let (mut set, mut model): (SortedSet<u8>, BTreeSet<u8>) = (first.iter().copied().collect(), first.into_iter().collect());
        for (insert, key) in acts {
            if insert {
                prop_assert_eq!(set.insert(key), model.insert(key));
            } else {
                prop_assert_eq!(set.remove(&key), model.remove(&key));
            }
            prop_assert!(set.iter().eq(model.iter()) && (&set).into_iter().eq(&model));
            prop_assert!(set.clone().into_iter().eq(model.clone()));
            prop_assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
            prop_assert!((0..41).all(|key| set.contains(&key) == model.contains(&key)));
        }
        prop_assert_eq!(format!("{set:?}"), format!("{model:?}"));
    }
}

#[test]
fn keys_are_found_by_what_they_are_made_of() {
    let map = SortedMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]);
    assert_eq!((map.get("a"), map["b"], map.contains_key("c")), (Some(&1), 2, false));
}

/// Names are JSON's own members, numbers are written as texts; a faulty key or value is told of.
#[test]
fn is_an_object_in_json_as_a_btree_map_is() {
    let named = SortedMap::from([("jobs".parse::<crate::QueueName>().unwrap(), vec![1, 2])]);
    assert_eq!(serde_json::to_value(&named).unwrap(), json!({"jobs": [1, 2]}));
    assert_eq!(serde_json::from_value::<SortedMap<crate::QueueName, Vec<u8>>>(json!({"jobs": [1, 2]})).unwrap(), named);
    let numbered = SortedMap::from([(10u64, "x".to_owned()), (9, "y".to_owned())]);
    assert_eq!(serde_json::to_string(&numbered).unwrap(), r#"{"9":"y","10":"x"}"#);
    assert_eq!(serde_json::from_str::<SortedMap<u64, String>>(r#"{"10":"x","9":"y"}"#).unwrap(), numbered);
    for faulty in ["[]", "1", r#"{"x":"y"}"#, r#"{"1":2}"#] {
        let refused = serde_json::from_str::<SortedMap<u64, String>>(faulty).unwrap_err().to_string();
        assert_eq!(refused, serde_json::from_str::<BTreeMap<u64, String>>(faulty).unwrap_err().to_string());
    }
}
