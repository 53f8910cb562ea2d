//! Decides what `orderflow keys` does: who may use the public listener, and how that is taken back.
//!
//! A key is shown once, when it is made; what is kept of it is a hash, so nobody can be shown it again.

use super::{Given, instant};
use crate::cli::Keys;
use crate::exit::{DONE, Stop};
use crate::terminal::{Look, Paint, columns, safe};
use crate::views::keys::{Created, Key, List, Make};

/// Does what was typed.
pub(super) fn run(given: Given<'_>, keys: Keys) -> Result<u8, Stop> {
    let access = given.access()?;
    let Given { options, out, .. } = given;
    match keys {
        Keys::List => {
            let list = access.keys()?;
            if options.json { out.json(&list)? } else { out.print(&draw(&list, out.look))? }
        }
        Keys::Create { name, tenant, plan, scopes } => {
            let made = access.make_key(&Make { name, tenant, plan, scopes })?;
            if options.json { out.json(&made)? } else { out.print(&created(&made, out.look))? }
        }
        Keys::Revoke { id } => {
            let key = access.revoke_key(&id)?;
            if options.json {
                out.json(&key)?;
            } else {
                out.print(&format!(
                    "{} ({}) is revoked: requests with it are refused from now on",
                    safe(&key.id),
                    safe(&key.name)
                ))?;
            }
        }
    }
    Ok(DONE)
}

fn created(made: &Created, look: Look) -> String {
    format!(
        "{}\n\nkey {} for tenant {}, plan {}, may {}\nit is shown this once: keep it where secrets are kept\n",
        look.paint(Paint::Bold, &made.value),
        safe(&made.key.id),
        safe(&made.key.tenant),
        safe(&made.key.plan),
        safe(&made.key.scopes.join(" ")),
    )
}

fn draw(list: &List, look: Look) -> String {
    if list.keys.is_empty() {
        return "there are no keys: `orderflow keys create` makes one\n".to_owned();
    }
    let row = |key: &Key| {
        let state = match &key.revoked_at {
            Some(at) => format!("revoked {}", instant(at)),
            None => "may be used".to_owned(),
        };
        [
            key.id.clone(),
            format!("…{}", key.ends_with),
            key.name.clone(),
            key.tenant.clone(),
            key.plan.clone(),
            key.scopes.join(" "),
            instant(&key.created_at),
            state,
        ]
        .map(|cell| safe(&cell).into_owned())
    };
    let heads = ["ID", "KEY", "NAME", "TENANT", "PLAN", "SCOPES", "MADE", "STATE"].map(str::to_owned);
    let rows: Vec<[String; 8]> = std::iter::once(heads).chain(list.keys.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - columns(cell))));
        let line = cells.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        text.push_str(&if index == 0 { look.paint(Paint::Dim, line) } else { line.to_owned() });
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            id: "k1".into(),
            name: "web shop".into(),
            tenant: "acme".into(),
            plan: "Standard".into(),
            scopes: vec!["orders:read".into(), "orders:write".into()],
            created_at: "2026-01-02T03:04:05.000Z".into(),
            revoked_at: None,
            ends_with: "9xYz".into(),
        }
    }

    #[test]
    fn keys_are_a_table_without_secrets() {
        let revoked = Key { id: "k22".into(), revoked_at: Some("2026-01-03T00:00:00.000Z".into()), ..key() };
        insta::assert_snapshot!(draw(&List { keys: vec![key(), revoked] }, Look::PLAIN), @r"
        ID   KEY    NAME      TENANT  PLAN      SCOPES                    MADE                     STATE
        k1   …9xYz  web shop  acme    Standard  orders:read orders:write  2026-01-02 03:04:05.000  may be used
        k22  …9xYz  web shop  acme    Standard  orders:read orders:write  2026-01-02 03:04:05.000  revoked 2026-01-03 00:00:00.000
        ");
    }

    #[test]
    fn a_new_key_stands_alone_on_the_first_line() {
        let made = created(&Created { key: key(), value: "of_secret".into() }, Look::PLAIN);
        assert_eq!(made.lines().next(), Some("of_secret"));
    }
}
