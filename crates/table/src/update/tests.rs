//! What updates make of items: AWS's documentation's own cases, and a model that changes a copy step by step.

use super::*;
use crate::{Names, read_update};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

fn item(json: &Json) -> Item {
    Item::from_json(json, "").unwrap()
}

fn key() -> Item {
    Item::from([("id", "1".into())])
}

fn update(text: &str, values: &Json) -> Update {
    let values = values.as_object().unwrap().iter();
    let values = values.map(|(alias, json)| (alias.clone(), Value::from_json(json, alias).unwrap()));
    let names = Names::new([("#dot".to_owned(), "a.b".to_owned())], values);
    read_update(text, &names).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is made of an item that is written as JSON.
fn made(old: &Json, text: &str, values: &Json) -> Result<Json, UpdateRefused> {
    Ok(update(text, values).apply(Some(&item(old)), &key())?.unwrap().to_json())
}

fn n(number: &str) -> Json {
    json!({ "N": number })
}

fn l(numbers: &[&str]) -> Json {
    json!({ "L": numbers.iter().map(|number| n(number)).collect::<Vec<_>>() })
}

#[test]
fn updates_do_what_awss_documentation_says() {
    let bicycle = || {
        json!({
            "id": {"S": "1"}, "price": n("500"), "colors": {"SS": ["Red", "Black"]}, "counts": {"NS": ["1", "2"]},
            "blobs": {"BS": ["YQ==", "Yg=="]}, "line": l(&["0", "1", "2", "3"]), "a.b": {"S": "dotted"},
            "reviews": {"M": {"five": l(&["7"]), "one": {"M": {"words": {"S": "bad"}}}}},
        })
    };
    let with = |changes: Json| {
        let mut item = bicycle();
        for (name, value) in changes.as_object().unwrap() {
            match value.is_null() {
                true => drop(item.as_object_mut().unwrap().remove(name)),
                false => item[name] = value.clone(),
            }
        }
        item
    };
    let v = |value: Json| json!({ ":v": value });
    let reviews = |five: Json, one: Json| json!({"M": {"five": five, "one": one}});
    let bad = || json!({"M": {"words": {"S": "bad"}}});
    let cases = [
        ("SET price = price - :v", v(n("15.5")), with(json!({"price": n("484.5")}))),
        ("SET price = :v + price, was = price", v(n("1")), with(json!({"price": n("501"), "was": n("500")}))),
        ("SET price = if_not_exists(price, :v)", v(n("0")), bicycle()),
        ("SET cost = if_not_exists(cost, :v)", v(n("0")), with(json!({"cost": n("0")}))),
        ("SET cost = if_not_exists(cost, price) + :v", v(n("1")), with(json!({"cost": n("501")}))),
        ("SET cost = if_not_exists(nil, if_not_exists(price, :v))", v(n("1")), with(json!({"cost": n("500")}))),
        ("SET line = list_append(line, :v)", v(l(&["9"])), with(json!({"line": l(&["0", "1", "2", "3", "9"])}))),
        ("SET line = list_append(:v, line)", v(l(&["9"])), with(json!({"line": l(&["9", "0", "1", "2", "3"])}))),
        (
            "SET more = list_append(if_not_exists(more, :v), line)",
            v(l(&[])),
            with(json!({"more": l(&["0", "1", "2", "3"])})),
        ),
        // All is read as it was before, whatever the order.
        ("REMOVE price SET cost = price", json!({}), with(json!({"price": null, "cost": n("500")}))),
        (
            "SET price = line[0], line[0] = price",
            json!({}),
            with(json!({"price": n("0"), "line": l(&["500", "1", "2", "3"])})),
        ),
        // Elements: a number is the one from before, and what lies behind the end is appended in order.
        ("SET line[1] = :v", v(n("9")), with(json!({"line": l(&["0", "9", "2", "3"])}))),
        ("REMOVE line[1]", json!({}), with(json!({"line": l(&["0", "2", "3"])}))),
        ("REMOVE line[1] SET line[3] = :v", v(n("9")), with(json!({"line": l(&["0", "2", "9"])}))),
        ("REMOVE line[3], line[0], line[17]", json!({}), with(json!({"line": l(&["1", "2"])}))),
        ("REMOVE line[0], line[1], line[2], line[3]", json!({}), with(json!({"line": l(&[])}))),
        (
            "SET line[84] = line[0], line[37] = line[1], line[4] = :v",
            v(n("9")),
            with(json!({"line": l(&["0", "1", "2", "3", "9", "1", "0"])})),
        ),
        // Into maps and lists.
        (
            "SET reviews.one.stars = :v, reviews.five[1] = :v, reviews.two = :v",
            v(n("1")),
            with(json!({"reviews": {"M": {
                "five": l(&["7", "1"]), "one": {"M": {"words": {"S": "bad"}, "stars": n("1")}}, "two": n("1"),
            }}})),
        ),
        ("REMOVE reviews.one.words", json!({}), with(json!({"reviews": reviews(l(&["7"]), json!({"M": {}}))}))),
        ("REMOVE reviews.two, nil, reviews.five[3]", json!({}), bicycle()),
        ("ADD reviews.five[0] :v", v(n("3")), with(json!({"reviews": reviews(l(&["10"]), bad())}))),
        ("ADD reviews.five[4] :v", v(n("3")), with(json!({"reviews": reviews(l(&["7", "3"]), bad())}))),
        ("REMOVE #dot", json!({}), with(json!({"a.b": null}))),
        // Numbers and sets.
        ("ADD price :v", v(n("-500")), with(json!({"price": n("0")}))),
        ("ADD sold :v", v(n("7")), with(json!({"sold": n("7")}))),
        ("ADD colors :v", v(json!({"SS": ["Blue", "Red"]})), with(json!({"colors": {"SS": ["Black", "Blue", "Red"]}}))),
        ("ADD counts :v", v(json!({"NS": ["10", "1"]})), with(json!({"counts": {"NS": ["1", "2", "10"]}}))),
        ("ADD blobs :v", v(json!({"BS": ["Yw=="]})), with(json!({"blobs": {"BS": ["YQ==", "Yg==", "Yw=="]}}))),
        ("ADD sizes :v", v(json!({"SS": ["L"]})), with(json!({"sizes": {"SS": ["L"]}}))),
        ("DELETE colors :v", v(json!({"SS": ["Red", "Pink"]})), with(json!({"colors": {"SS": ["Black"]}}))),
        ("DELETE colors :v", v(json!({"SS": ["Red", "Black"]})), with(json!({"colors": null}))),
        ("DELETE counts :v", v(json!({"NS": ["2.0"]})), with(json!({"counts": {"NS": ["1"]}}))),
        ("DELETE nil :v", v(json!({"SS": ["Red"]})), bicycle()),
        // A value of another type takes the place of any.
        ("SET reviews = :v", v(json!({"NULL": true})), with(json!({"reviews": {"NULL": true}}))),
        ("SET reviews.one = :v", v(n("1")), with(json!({"reviews": reviews(l(&["7"]), n("1"))}))),
    ];
    for (text, values, expected) in cases {
        assert_eq!(made(&bicycle(), text, &values), Ok(item(&expected).to_json()), "{text}");
    }
}

#[test]
fn what_does_not_fit_the_item_is_refused() {
    let old = json!({
        "id": {"S": "1"}, "n": n("1"), "s": {"S": "x"}, "line": l(&["1"]), "m": {"M": {"n": n("1")}}, "big": n("1e125"),
        "ss": {"SS": ["a"]}, "ns": {"NS": ["1"]},
    });
    let v = |value: Json| json!({ ":v": value });
    use UpdateRefused::{AttributeMissing, PathInvalid, WrongType};
    let cases = [
        ("SET a = nil", json!({}), AttributeMissing),
        ("SET a = n, b = a", json!({}), AttributeMissing),
        ("SET a = m.nil", json!({}), AttributeMissing),
        ("SET a = nil + :v", v(n("1")), AttributeMissing),
        ("SET a = list_append(nil, :v)", v(l(&[])), AttributeMissing),
        ("SET a = if_not_exists(nil, nil.x)", json!({}), AttributeMissing),
        ("SET a = s + :v", v(n("1")), WrongType),
        ("SET a = if_not_exists(nil, :v) + n", v(json!({"S": "x"})), WrongType),
        ("SET a = list_append(s, :v)", v(l(&[])), WrongType),
        ("SET a = list_append(if_not_exists(line, :v), n)", v(l(&[])), WrongType),
        ("ADD s :v", v(n("1")), WrongType),
        ("ADD line :v", v(json!({"NS": ["1"]})), WrongType),
        ("ADD ns :v", v(n("1")), WrongType),
        ("ADD ss :v", v(json!({"NS": ["1"]})), WrongType),
        ("DELETE ss :v", v(json!({"NS": ["1"]})), WrongType),
        ("DELETE n :v", v(json!({"NS": ["1"]})), WrongType),
        ("SET nil.a = :v", v(n("1")), PathInvalid),
        ("SET s.a = :v", v(n("1")), PathInvalid),
        ("SET line.a = :v", v(n("1")), PathInvalid),
        ("SET m[0] = :v", v(n("1")), PathInvalid),
        ("SET nil[0] = :v", v(n("1")), PathInvalid),
        ("SET m.nil.a = :v", v(n("1")), PathInvalid),
        ("SET line[7].a = :v", v(n("1")), PathInvalid),
        ("REMOVE nil.a", json!({}), PathInvalid),
        ("REMOVE s.a", json!({}), PathInvalid),
        ("REMOVE s[0]", json!({}), PathInvalid),
        ("ADD nil.a :v", v(n("1")), PathInvalid),
        ("DELETE nil.a :v", v(json!({"NS": ["1"]})), PathInvalid),
        ("ADD big :v", v(n("9.5e125")), UpdateRefused::Number(NumberError::Overflow)),
        ("SET a = big - n", json!({}), UpdateRefused::Number(NumberError::TooManyDigits)),
    ];
    for (text, values, refused) in cases {
        assert_eq!(made(&old, text, &values), Err(refused), "{text}");
    }
}

#[test]
fn of_no_item_one_is_made_unless_there_is_nothing_but_to_take_away() {
    let made = |text: &str, values: Json| update(text, &values).apply(None, &key());
    let one = json!({":v": n("1"), ":s": {"NS": ["1"]}});
    let with = |name: &str, value: Json| Ok(Some(item(&json!({"id": {"S": "1"}, name: value}))));
    assert_eq!(Update::nothing().apply(None, &key()), Ok(Some(key())));
    assert_eq!(made("SET a = :v", json!({":v": n("1")})), with("a", n("1")));
    assert_eq!(made("ADD a :v", json!({":v": n("1")})), with("a", n("1")));
    assert_eq!(made("ADD a :v REMOVE b, c.d, e[0] DELETE f :s", one.clone()), with("a", n("1")));
    assert_eq!(made("SET a = if_not_exists(b, :v)", json!({":v": n("1")})), with("a", n("1")));
    for text in ["REMOVE a", "REMOVE a.b, c[0]", "DELETE a :s", "REMOVE b DELETE a.c :s"] {
        assert_eq!(made(text, one.clone()), Ok(None), "{text}");
    }
    assert_eq!(made("SET a = b", json!({})), Err(UpdateRefused::AttributeMissing));
    assert_eq!(made("SET a.b = :v", json!({":v": n("1")})), Err(UpdateRefused::PathInvalid));
    assert_eq!(made("SET a[0] = :v", json!({":v": n("1")})), Err(UpdateRefused::PathInvalid));
}

#[test]
fn an_item_nests_no_deeper_for_an_update() {
    let nested = |depth: usize| (0..depth).fold(Value::Null, |value, _| Value::M(Item::from([("a", value)])));
    let old = |depth: usize| Item::from([("id", "1".into()), ("a", nested(depth))]);
    let twice = update("SET b = :v", &json!({":v": {"M": {}}}));
    assert!(check_depth(&twice.apply(Some(&old(31)), &key()).unwrap().unwrap()).is_ok());
    let deeper = update("SET a.b = a", &json!({}));
    let made = |depth: usize| check_depth(&deeper.apply(Some(&old(depth)), &key()).unwrap().unwrap());
    assert_eq!((made(30), made(31)), (Ok(()), Err(UpdateRefused::TooDeep)));
}

/// One action, as it was drawn; what is set is a number, or what lies at another place.
#[derive(Debug, Clone)]
enum Drawn {
    Set(&'static str, i64),
    Copy(&'static str, &'static str),
    Plus(&'static str, &'static str, i64),
    Remove(&'static str),
    Add(&'static str, i64),
}

impl Drawn {
    fn path(&self) -> &'static str {
        match self {
            Self::Set(path, _)
            | Self::Copy(path, _)
            | Self::Plus(path, ..)
            | Self::Remove(path)
            | Self::Add(path, _) => path,
        }
    }
}

const PLACES: [&str; 10] = ["a", "b", "c", "m.a", "m.b", "l[0]", "l[1]", "l[2]", "l[5]", "l[4]"];

fn any_drawn() -> impl Strategy<Value = Drawn> {
    let place = || proptest::sample::select(PLACES.to_vec());
    let number = -9i64..10;
    prop_oneof![
        (place(), number.clone()).prop_map(|(to, number)| Drawn::Set(to, number)),
        (place(), place()).prop_map(|(to, from)| Drawn::Copy(to, from)),
        (place(), place(), number.clone()).prop_map(|(to, from, number)| Drawn::Plus(to, from, number)),
        place().prop_map(Drawn::Remove),
        (place(), number).prop_map(|(to, number)| Drawn::Add(to, number)),
    ]
}

/// Items of numbers: three attributes, a map of two and a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbers {
    named: BTreeMap<&'static str, i64>,
    list: Vec<i64>,
}

impl Numbers {
    fn get(&self, place: &str) -> Option<i64> {
        match place.strip_prefix("l[") {
            Some(index) => self.list.get(index.trim_end_matches(']').parse::<usize>().unwrap()).copied(),
            None => self.named.get(place).copied(),
        }
    }

    fn item(&self) -> Item {
        let number = |number: &i64| Value::N((*number).into());
        let member =
            |name: &&str| Some((types::Text::from(name.rsplit('.').next().unwrap()), number(self.named.get(name)?)));
        let map: Item = ["m.a", "m.b"].iter().filter_map(member).collect();
        let list = Value::L(self.list.iter().map(number).collect());
        let rest = [("id", "1".into()), ("m", Value::M(map)), ("l", list)].map(|(name, value)| (name.into(), value));
        ["a", "b", "c"].iter().filter_map(member).chain(rest).collect()
    }

    /// Changes a copy: first what is set, the places behind the list's end last and in order; then, from the list's end
    /// on, what is removed.
    fn changed(&self, actions: &[Drawn]) -> Option<Self> {
        let mut puts = BTreeMap::new();
        let mut takes = Vec::new();
        for action in actions {
            let value = match action {
                Drawn::Set(_, number) => *number,
                Drawn::Copy(_, from) => self.get(from)?,
                Drawn::Plus(_, from, number) => self.get(from)? + number,
                Drawn::Add(to, number) => self.get(to).unwrap_or(0) + number,
                Drawn::Remove(place) => {
                    takes.push(*place);
                    continue;
                }
            };
            puts.insert(action.path(), value);
        }
        let mut new = self.clone();
        // One-digit indexes sort as their numbers do.
        for (place, value) in puts {
            match place.strip_prefix("l[") {
                None => drop(new.named.insert(place, value)),
                Some(index) => match index.trim_end_matches(']').parse::<usize>().unwrap() {
                    index if index < self.list.len() => new.list[index] = value,
                    _ => new.list.push(value),
                },
            }
        }
        takes.sort_unstable();
        for place in takes.into_iter().rev() {
            match place.strip_prefix("l[") {
                None => drop(new.named.remove(place)),
                Some(index) => {
                    let index: usize = index.trim_end_matches(']').parse().unwrap();
                    if index < self.list.len() {
                        new.list.remove(index);
                    }
                }
            }
        }
        Some(new)
    }
}

fn any_numbers() -> impl Strategy<Value = Numbers> {
    let names = proptest::sample::subsequence(vec!["a", "b", "c", "m.a", "m.b"], 0..=5);
    let named = names.prop_flat_map(|names| {
        let length = names.len();
        proptest::collection::vec(-9i64..10, length..=length)
            .prop_map(move |numbers| names.iter().copied().zip(numbers).collect())
    });
    (named, proptest::collection::vec(-9i64..10, 0..5)).prop_map(|(named, list)| Numbers { named, list })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is set, copied, added and removed at once, in whatever order it is written: the item is what the model
    /// makes of it step by step; or both have nothing to read from.
    #[test]
    fn updates_are_what_the_model_makes(mut drawn in proptest::collection::vec(any_drawn(), 1..7), old in any_numbers()) {
        let mut seen = std::collections::BTreeSet::new();
        drawn.retain(|action| seen.insert(action.path()));
        let mut values = serde_json::Map::new();
        let mut value = |number: i64| {
            let alias = format!(":v{}", values.len());
            values.insert(alias.clone(), n(&number.to_string()));
            alias
        };
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for action in &drawn {
            let (section, text) = match action {
                Drawn::Set(to, number) => ("SET", format!("{to} = {}", value(*number))),
                Drawn::Copy(to, from) => ("SET", format!("{to} = {from}")),
                Drawn::Plus(to, from, number) => ("SET", format!("{to} = {from} + {}", value(*number))),
                Drawn::Remove(place) => ("REMOVE", (*place).to_owned()),
                Drawn::Add(to, number) => ("ADD", format!("{to} {}", value(*number))),
            };
            sections.entry(section).or_default().push(text);
        }
        let text: Vec<String> = sections.iter().map(|(word, texts)| format!("{word} {}", texts.join(", "))).collect();
        let text = text.join(" ");
        let made = update(&text, &Json::Object(values)).apply(Some(&old.item()), &key());
        match old.changed(&drawn) {
            Some(expected) => prop_assert_eq!(made, Ok(Some(expected.item())), "{}", text),
            None => prop_assert_eq!(made, Err(UpdateRefused::AttributeMissing), "{}", text),
        }
    }
}
