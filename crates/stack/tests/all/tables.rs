//! Secondary indexes of tables, and items that expire.

use stack::{Projection, diff};

use crate::resolve;

/// A table with these properties beside its own key.
fn table(attributes: &[&str], rest: &str) -> String {
    let attributes: Vec<String> = attributes
        .iter()
        .map(|attribute| {
            let (name, kind) = attribute.split_once(':').unwrap_or((attribute, "S"));
            format!("{{AttributeName: {name}, AttributeType: {kind}}}")
        })
        .collect();
    format!(
        "Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
{rest}",
        attributes.join(", ")
    )
}

fn index(name: &str, keys: &[&str], projection: &str) -> String {
    let roles = ["HASH", "RANGE"];
    let keys: Vec<String> =
        keys.iter().zip(roles).map(|(key, role)| format!("{{AttributeName: {key}, KeyType: {role}}}")).collect();
    format!("        - {{IndexName: {name}, KeySchema: [{}], Projection: {projection}}}\n", keys.join(", "))
}

fn indexes(all: &[String]) -> String {
    format!("      GlobalSecondaryIndexes:\n{}", all.concat())
}

const ALL: &str = "{ProjectionType: ALL}";

#[test]
fn indexes_have_their_keys_and_projections() {
    let text = table(
        &["id", "customer", "at:N"],
        &indexes(&[
            index("byCustomer", &["customer", "at"], ALL),
            index("byTime", &["at"], "{ProjectionType: KEYS_ONLY}"),
            index("some", &["customer"], "{ProjectionType: INCLUDE, NonKeyAttributes: [status, total]}"),
        ]),
    );
    let stack = resolve(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let found: Vec<_> = (stack.tables[0].spec.indexes.iter())
        .map(|index| {
            let keys: Vec<String> =
                index.key.attributes().map(|key| format!("{} {:?}", key.name, key.key_type)).collect();
            (index.name.as_str(), keys.join(", "), index.projection.clone())
        })
        .collect();
    let included = vec!["status".to_owned(), "total".to_owned()];
    assert_eq!(
        found,
        [
            ("byCustomer", "customer S, at N".to_owned(), Projection::All),
            ("byTime", "at N".to_owned(), Projection::Keys),
            ("some", "customer S".to_owned(), Projection::Include(included)),
        ]
    );
}

#[test]
fn an_index_that_is_wrong_is_named() {
    let six = |projection: &str| indexes(&[index("one", &["c"], projection)]);
    let many: Vec<String> = (0..21).map(|n| index(&format!("index{n}"), &["c"], ALL)).collect();
    let wide: Vec<String> = (0..20).map(|n| format!("a{n}")).collect();
    let wide = format!("{{ProjectionType: INCLUDE, NonKeyAttributes: [{}]}}", wide.join(", "));
    let six_wide: Vec<String> = (0..6).map(|n| index(&format!("index{n}"), &["c"], &wide)).collect();
    let cases: [(&[&str], String, &str); 13] = [
        (&["id", "other"], six(ALL), "GlobalSecondaryIndexes[0].KeySchema: `c` is not in AttributeDefinitions"),
        (&["id", "c", "d"], six(ALL), "AttributeDefinitions: `d` is not a key"),
        (&["id", "c"], six("{}"), "Projection: `ProjectionType` is required"),
        (&["id", "c"], six("{ProjectionType: SOME}"), "ProjectionType: must be ALL, KEYS_ONLY or INCLUDE"),
        (&["id", "c"], six("{ProjectionType: INCLUDE}"), "INCLUDE names 1 to 20 attributes in NonKeyAttributes, not 0"),
        (&["id", "c"], six("{ProjectionType: ALL, NonKeyAttributes: [x]}"), "goes with ProjectionType: INCLUDE alone"),
        (&["id", "c"], indexes(&many), "has 21 indexes, allowed are 1 to 20"),
        (&["id", "c"], indexes(&six_wide), "include 120 attributes together, the limit is 100"),
        (&["id"], "      GlobalSecondaryIndexes: []\n".to_owned(), "has 0 indexes, allowed are 1 to 20"),
        (
            &["id", "c"],
            indexes(&[index("one", &["c"], ALL), index("one", &["id"], ALL)]),
            "there are two indexes `one`",
        ),
        (&["id", "c"], indexes(&[index("a/b", &["c"], ALL)]), "\"a/b\" cannot name a index"),
        (
            &["id", "c"],
            six(ALL).replace(
                "Projection:",
                "ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}, Projection:",
            ),
            "must not be given when BillingMode is PAY_PER_REQUEST",
        ),
        (
            &["id", "c"],
            six(ALL).replace("Projection:", "OnDemandThroughput: {}, Projection:"),
            "GlobalSecondaryIndexes[0].OnDemandThroughput: `OnDemandThroughput` is not run here",
        ),
    ];
    for (attributes, rest, expected) in cases {
        let found = resolve(&table(attributes, &rest)).expect_err(expected).to_string();
        assert!(found.contains(expected), "{rest}\nexpected {expected}\nfound    {found}");
    }
}

#[test]
fn an_index_of_a_provisioned_table_says_its_units() {
    let text = table(&["id", "c"], &indexes(&[index("one", &["c"], ALL)]));
    let text = text.replace(
        "BillingMode: PAY_PER_REQUEST",
        "ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}",
    );
    let found = resolve(&text).unwrap_err().to_string();
    assert!(found.contains("is required when BillingMode is PROVISIONED, for each index too"), "{found}");
}

#[test]
fn items_expire_by_an_attribute_where_that_is_enabled() {
    let cases = [
        ("{AttributeName: expiresAt, Enabled: true}", Ok(Some("expiresAt"))),
        ("{AttributeName: expiresAt, Enabled: false}", Ok(None)),
        ("{Enabled: false}", Ok(None)),
        ("{Enabled: true}", Err("AttributeName: is required")),
        ("{AttributeName: expiresAt}", Err("`Enabled` is required")),
        ("{AttributeName: id, Enabled: true}", Err("is a key of another type than N")),
    ];
    for (expiry, expected) in cases {
        let resolved = resolve(&table(&["id"], &format!("      TimeToLiveSpecification: {expiry}\n")));
        match (resolved, expected) {
            (Ok(stack), Ok(attribute)) => assert_eq!(stack.tables[0].spec.expires_by.as_deref(), attribute, "{expiry}"),
            (Err(errors), Err(expected)) => assert!(errors.to_string().contains(expected), "{expiry}: {errors}"),
            (found, _) => panic!("{expiry}: {found:?}"),
        }
    }
}

#[test]
fn an_index_comes_and_goes_and_is_never_another_under_its_name() {
    let stack = |rest: &str| {
        let text = table(if rest.is_empty() { &["id"] } else { &["id", "c"] }, rest);
        resolve(&text).unwrap_or_else(|errors| panic!("{errors}"))
    };
    let bare = stack("");
    let with = |projection: &str| stack(&indexes(&[index("one", &["c"], projection)]));
    for (old, new) in [(&bare, &with(ALL)), (&with(ALL), &bare)] {
        let steps = diff(old, new).unwrap();
        assert_eq!(steps.len(), 1);
        let stack::Change::Update(properties) = &steps[0].change else { panic!("{steps:?}") };
        assert_eq!(properties, &["GlobalSecondaryIndexes"]);
    }
    let refusals = diff(&with(ALL), &with("{ProjectionType: KEYS_ONLY}")).unwrap_err();
    assert_eq!(refusals[0].property, "GlobalSecondaryIndexes");
}
