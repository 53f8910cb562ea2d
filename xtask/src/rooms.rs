//! Decides which room may import which: the table of ARCHITECTURE.md, held against itself and against the manifests.
//!
//! [`ROOMS`] and the table must say the same, so that neither is changed without the other. A room's dependencies for
//! tests obey the table too: a test that needs more than its room may import belongs into a room above.

use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Every room, and what it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("pattern", &[]),
    ("table", &["types"]),
    ("delivery", &["types", "pattern"]),
    ("observe", &["types", "pattern"]),
    ("orders", &["types"]),
    ("store", &[]),
    ("engine", &["types", "table", "delivery", "observe", "store"]),
    ("stack", &["types", "pattern", "delivery"]),
    ("runtime", &["types", "table", "observe", "engine", "orders"]),
    ("gateway", &["types"]),
    ("wire", &["types", "pattern", "table", "delivery", "observe"]),
    ("desk", &["types", "pattern", "table", "delivery", "observe", "store", "engine", "stack", "runtime", "wire"]),
    ("console", &["types", "pattern", "table", "delivery", "observe", "orders", "store", "engine", "stack", "gateway"]),
    (
        "server",
        &[
            "types", "pattern", "table", "delivery", "observe", "orders", "store", "engine", "stack", "runtime",
            "gateway", "wire", "desk", "console",
        ],
    ),
];

const BEGIN: &str = "<!-- rooms:begin -->";
const END: &str = "<!-- rooms:end -->";

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    room: String,
    imports: BTreeSet<String>,
    decides: String,
    never: String,
}

/// The rows between the markers.
fn parse(architecture: &str) -> Result<Vec<Row>, String> {
    let (_, rest) = architecture.split_once(BEGIN).ok_or_else(|| format!("there is no {BEGIN}"))?;
    let (table, _) = rest.split_once(END).ok_or_else(|| format!("there is no {END} after {BEGIN}"))?;
    let mut rows = table.lines().map(str::trim).filter(|line| line.starts_with('|'));
    let head = cells(rows.next().ok_or("the table is empty")?);
    if head != ["room", "decides", "may import", "never"] {
        return Err(format!("the columns are {head:?}, not room, decides, may import, never"));
    }
    let rule = cells(rows.next().unwrap_or(""));
    if rule.len() != 4 || rule.iter().any(|cell| !cell.trim_matches(['-', ':', ' ']).is_empty()) {
        return Err("the line under the columns' names is none of dashes".to_owned());
    }
    rows.map(row).collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

fn row(line: &str) -> Result<Row, String> {
    let [room, decides, imports, never] = cells(line)[..] else {
        return Err(format!("not four cells: {line}"));
    };
    let Some(room) = room.strip_prefix('`').and_then(|room| room.strip_suffix('`')) else {
        return Err(format!("the room is no name in backticks: {line}"));
    };
    let names: BTreeSet<String> = imports.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    if names.is_empty() && !matches!(imports, "–" | "-" | "—" | "nothing") {
        return Err(format!("what `{room}` may import is neither names in backticks nor a dash: {imports}"));
    }
    Ok(Row { room: room.to_owned(), imports: names, decides: decides.to_owned(), never: never.to_owned() })
}

/// An import that the table does not allow, in words.
fn breaches(rows: &[Row], packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages {
        let Some(row) = rows.iter().find(|row| row.room == package.name) else {
            found.push(format!("crates/{} is not in the table of rooms", package.name));
            continue;
        };
        for (other, kind) in &package.rooms {
            // A room may ask more of itself in tests: features, say.
            if *other != package.name && !row.imports.contains(other) {
                found.push(format!("`{}` must not import `{other}` ({kind})", package.name));
            }
        }
    }
    let known = |row: &&Row| packages.iter().any(|package| package.name == row.room);
    found.extend(rows.iter().filter(|row| !known(row)).map(|row| format!("there is no crates/{}", row.room)));
    found
}

/// A crate, and the rooms that its manifest names.
#[derive(Debug)]
struct Package {
    name: String,
    rooms: Vec<(String, String)>,
}

/// What cargo says of the workspace; xtask itself is no room.
fn packages() -> Vec<Package> {
    let asked = crate::cargo().args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).output();
    let asked = asked.expect("cargo runs");
    assert!(asked.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&asked.stderr));
    let said: Json = serde_json::from_slice(&asked.stdout).expect("cargo speaks JSON");
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let all: Vec<&Json> = said["packages"].as_array().expect("a list of packages").iter().collect();
    let names: BTreeSet<String> = all.iter().map(|package| text(&package["name"])).collect();
    let rooms_of = |package: &Json| {
        let all = package["dependencies"].as_array().expect("a list of dependencies").iter();
        let ours = all.filter(|one| one["path"].is_string() && names.contains(&text(&one["name"])));
        ours.map(|one| (text(&one["name"]), one["kind"].as_str().unwrap_or("normal").to_owned())).collect()
    };
    let packages = all.iter().map(|package| Package { name: text(&package["name"]), rooms: rooms_of(package) });
    packages.filter(|package| package.name != "xtask").collect()
}

fn architecture() -> Vec<Row> {
    let path = crate::root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text).unwrap_or_else(|problem| panic!("ARCHITECTURE.md: {problem}"))
}

#[test]
fn the_table_in_architecture_md_says_what_this_file_says() {
    let said: Vec<(String, BTreeSet<String>)> = architecture().into_iter().map(|row| (row.room, row.imports)).collect();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let meant: Vec<_> = ROOMS.iter().map(|(room, imports)| ((*room).to_owned(), owned(imports))).collect();
    assert_eq!(said, meant, "change ARCHITECTURE.md and xtask/src/rooms.rs together");
}

#[test]
fn every_room_says_what_it_decides() {
    for row in architecture() {
        assert!(!row.decides.is_empty(), "`{}` decides nothing", row.room);
    }
}

#[test]
fn no_room_imports_what_the_table_does_not_allow() {
    let packages = packages();
    assert!(packages.len() >= ROOMS.len(), "{packages:?}");
    assert!(packages.iter().any(|package| !package.rooms.is_empty()), "cargo was understood: {packages:?}");
    let found = breaches(&architecture(), &packages);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_room_is_above_all_that_it_may_import() {
    // Rooms stand in the order in which they can be built, so the table has no circles.
    for (at, (room, imports)) in ROOMS.iter().enumerate() {
        for name in *imports {
            assert!(ROOMS[..at].iter().any(|(below, _)| below == name), "`{room}` imports `{name}`");
        }
    }
}

#[test]
fn an_import_that_is_not_allowed_is_found() {
    let table = format!(
        "text\n{BEGIN}\n| room | decides | may import | never |\n|---|---|---|---|\n| `low` | a | – | x |\n\
         | `mid` | b | `low` | x |\n| `top` | c | `low`, `mid` | |\n{END}\n"
    );
    let rows = parse(&table).unwrap();
    let package = |name: &str, rooms: &[(&str, &str)]| Package {
        name: name.to_owned(),
        rooms: rooms.iter().map(|(room, kind)| ((*room).to_owned(), (*kind).to_owned())).collect(),
    };
    let good = [
        package("low", &[("low", "dev")]),
        package("mid", &[("low", "normal")]),
        package("top", &[("mid", "normal"), ("low", "dev")]),
    ];
    assert_eq!(breaches(&rows, &good), Vec::<String>::new());
    let bad = [
        package("low", &[("mid", "dev")]),
        package("mid", &[("top", "build")]),
        package("top", &[("odd", "normal")]),
        package("odd", &[]),
    ];
    assert_eq!(
        breaches(&rows, &bad),
        [
            "`low` must not import `mid` (dev)",
            "`mid` must not import `top` (build)",
            "`top` must not import `odd` (normal)",
            "crates/odd is not in the table of rooms",
        ]
    );
    assert_eq!(breaches(&rows, &good[..2]), ["there is no crates/top"]);
}

#[test]
fn a_table_that_cannot_be_read_is_refused() {
    let with = |rows: &str| parse(&format!("{BEGIN}\n{rows}\n{END}"));
    let head = "| room | decides | may import | never |\n|---|---|---|---|\n";
    assert!(parse("nothing").is_err());
    assert!(parse(&format!("{END}\n{BEGIN}")).is_err());
    assert!(with("| room | may import |\n|---|---|").is_err());
    assert!(with(&format!("{head}| low | a | – | x |")).is_err(), "no backticks");
    assert!(with(&format!("{head}| `low` | a | types | x |")).is_err(), "no backticks");
    assert!(with(&format!("{head}| `low` | a | x |")).is_err(), "a cell is missing");
    assert_eq!(with(head).unwrap(), []);
}
