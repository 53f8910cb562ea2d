//! Bodies by the thousand: what holds however they are spelled or broken.

use super::*;
use crate::shop::idempotency::content;
use proptest::prelude::*;

/// A draft, and how its prices are spelled: as numbers or texts.
fn any_draft() -> impl Strategy<Value = (Draft, Vec<bool>)> {
    let line = ("[!-~]{1,12}", "[^\\p{C}\\p{Z}]{1,12}", 1..=QUANTITY_MAX, 0..10_000_000u64);
    let address = proptest::option::of(("[^\\p{C}\\p{Z}]{1,9}", proptest::option::of("[^\\p{C}\\p{Z}]{1,9}")));
    let currency = prop_oneof![Just("USD"), Just("JPY"), Just("KWD")];
    let note = proptest::option::of("[^\\p{C}\\p{Z}][ \"\\\\\n\t]{0,3}[^\\p{C}\\p{Zl}\\p{Zp}]{0,9}");
    let lines = proptest::collection::btree_map(line.0, (line.1, line.2, line.3), 1..6);
    let numbers = proptest::collection::vec(any::<bool>(), 6);
    ("[!-\"$-.0-~]{0,9}C", lines, address, currency, note, numbers).prop_map(
        |(customer_id, lines, address, currency, note, numbers)| {
            let lines: Vec<Line> = lines
                .into_iter()
                .map(|(sku, (name, quantity, price))| Line {
                    sku: sku.into(),
                    name: name.into(),
                    quantity,
                    price: Minor(price),
                })
                .collect();
            let draft = Draft {
                customer_email: format!("{}@example.com", customer_id.replace('@', "-")).into(),
                customer_id: customer_id.into(),
                currency: Currency::parse(currency).unwrap(),
                amount: Minor(lines.iter().map(|line| line.price.0 * u64::from(line.quantity)).sum()),
                lines,
                shipping_address: address.map(|(line1, line2)| Address {
                    city: line1.as_str().into(),
                    line1: line1.into(),
                    line2: line2.map(Into::into),
                    country: "DE".into(),
                    ..Address::default()
                }),
                note: note.map(Into::into),
            };
            (draft, numbers)
        },
    )
}

/// An amount's digits, by a division that owes nothing to the code under test.
fn decimal(minor: Minor, currency: Currency) -> String {
    let unit = 10u64.pow(u32::from(currency.decimals()));
    let (whole, part) = (minor.0 / unit, minor.0 % unit);
    if unit == 1 {
        whole.to_string()
    } else {
        format!("{whole}.{part:0width$}", width = usize::from(currency.decimals()))
    }
}

/// A body with its members in the order given, `turned` or not, and with blanks or without.
fn print(draft: &Draft, numbers: &[bool], turned: bool, total: bool) -> String {
    let quoted = |text: &str| Json::from(text).to_string();
    let object = |mut members: Vec<(&str, String)>| {
        if turned {
            members.reverse();
        }
        let (colon, comma) = if turned { (" :\n", "\t, ") } else { (":", ",") };
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\"{colon}{value}")).collect();
        format!("{{{}}}", members.join(comma))
    };
    let amount = |amount: Minor, number: bool| {
        let digits = decimal(amount, draft.currency);
        if number { digits } else { quoted(&digits) }
    };
    let lines: Vec<String> = draft
        .lines
        .iter()
        .zip(numbers)
        .map(|(line, number)| {
            object(vec![
                ("sku", quoted(&line.sku)),
                ("name", quoted(&line.name)),
                ("quantity", line.quantity.to_string()),
                ("price", amount(line.price, *number)),
            ])
        })
        .collect();
    let mut members = vec![
        ("customerId", quoted(&draft.customer_id)),
        ("customerEmail", quoted(&draft.customer_email)),
        ("currency", quoted(draft.currency.code())),
        ("items", format!("[{}]", lines.join(","))),
    ];
    if let Some(address) = &draft.shipping_address {
        let mut parts = vec![
            ("line1", quoted(&address.line1)),
            ("city", quoted(&address.city)),
            ("country", quoted(&address.country)),
        ];
        parts.extend(address.line2.as_deref().map(|line2| ("line2", quoted(line2))));
        members.push(("shippingAddress", object(parts)));
    }
    members.extend(draft.note.as_deref().map(|note| ("note", quoted(note))));
    if total {
        members.push(("total", amount(draft.amount, turned)));
    }
    object(members)
}

/// JSON, or nearly: a sound order with bytes changed, left out or doubled.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<prop::sample::Index>(),
        prop::sample::select(b"\"\\{}[],:.-+0159eEtfnu \n\x00\x7f\xc3".to_vec()),
        0..3u8,
    );
    (any_draft(), proptest::collection::vec(change, 0..4)).prop_map(|((draft, numbers), changes)| {
        let mut body = print(&draft, &numbers, numbers[0], true).into_bytes();
        for (at, byte, act) in changes {
            let at = at.index(body.len());
            match act {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        body
    })
}

proptest! {
    /// However an order is spelled, it is read as what it says, its total to the unit, and it counts as one request.
    #[test]
    fn orders_are_read_back_however_they_are_spelled((draft, numbers) in any_draft()) {
        for (turned, total) in [(false, true), (true, false), (true, true)] {
            let body = print(&draft, &numbers, turned, total);
            let read = read_order(body.as_bytes());
            prop_assert_eq!(read.as_ref().ok(), Some(&draft), "{}: {:?}", body, read);
            prop_assert_eq!(content(&read.unwrap()), content(&draft));
        }
    }

    /// Two orders that differ in anything are two requests.
    #[test]
    fn another_order_is_another_request((draft, _) in any_draft(), (other, _) in any_draft(), part in 0..7) {
        let mut mixed = draft.clone();
        match part {
            0 => mixed.customer_id = other.customer_id,
            1 => mixed.customer_email = other.customer_email,
            2 => mixed.currency = other.currency,
            3 => mixed.lines = other.lines,
            4 => mixed.shipping_address = other.shipping_address,
            5 => mixed.note = other.note,
            _ => mixed.lines[0].price.0 += 1,
        }
        prop_assert_eq!(content(&mixed) == content(&draft), mixed == draft);
    }

    /// Nothing of one part counts as the next one's.
    #[test]
    fn parts_do_not_run_into_each_other((draft, _) in any_draft(), text in "[a-z]{2,8}", at in 1..8usize, by in 1..8usize) {
        let (at, other) = (at.min(text.len()), (at + by) % (text.len() + 1));
        let cut = |at: usize| {
            let mut draft = draft.clone();
            (draft.customer_id, draft.customer_email) = (text[..at].into(), text[at..].into());
            (draft.lines[0].sku, draft.lines[0].name) = (text[at..].into(), text[..at].into());
            draft
        };
        prop_assert_eq!(content(&cut(at)) == content(&cut(other)), at == other);
    }

    /// A total that is wrong by anything is refused.
    #[test]
    fn a_wrong_total_is_a_fault((draft, numbers) in any_draft(), off in 1..1000u64) {
        let mut wrong = draft.clone();
        wrong.amount.0 += off;
        let body = print(&wrong, &numbers, false, true);
        let Err(Refused::Faulty(faults)) = read_order(body.as_bytes()) else { panic!("{body} is taken") };
        let pointers: Vec<String> = faults.into_list().into_iter().map(|fault| fault.pointer).collect();
        prop_assert_eq!(pointers, ["/total"]);
    }

    /// Any number is taken exactly as a slow model reads it: as digits shifted by the exponent, in whole units.
    #[test]
    fn numbers_with_exponents_are_exact(whole in 0..1000u32, fraction in "[0-9]{0,6}", power in -8..14i32) {
        let point = if fraction.is_empty() { "" } else { "." };
        let number = format!("{whole}{point}{fraction}e{power}");
        let digits: u128 = format!("{whole}{fraction}").parse().unwrap();
        // In units of the currency with two decimals.
        let shift = power + 2 - i32::try_from(fraction.len()).unwrap();
        let by = 10u128.pow(shift.unsigned_abs());
        let (minor, rest) = if shift < 0 { (digits / by, digits % by) } else { (digits * by, 0) };
        let expected = match u64::try_from(minor) {
            _ if rest != 0 => Err(NotMoney::TooFine(2)),
            Ok(minor) if minor <= AMOUNT_MAX => Ok(Minor(minor)),
            _ => Err(NotMoney::TooLarge),
        };
        prop_assert_eq!(Written::Number(&number).amount(Currency::USD), expected, "{}", number);
    }

    /// Whatever comes is read or refused; a refusal names something, and not endlessly. What is JSON is what another
    /// reader takes for JSON.
    #[test]
    fn whatever_comes_is_answered(body in prop_oneof![nearly_json(), proptest::collection::vec(any::<u8>(), 0..60)]) {
        let json = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok() && std::str::from_utf8(&body).is_ok();
        match read_order(&body) {
            Ok(draft) => {
                prop_assert!(json);
                let sum: u128 = draft.lines.iter().map(|line| u128::from(line.price.0) * u128::from(line.quantity)).sum();
                prop_assert_eq!(sum, u128::from(draft.amount.0));
            }
            Err(Refused::NotJson(_)) => prop_assert!(!json),
            Err(Refused::Faulty(faults)) => {
                prop_assert!(json);
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.into_list().len() <= FAULTS_MAX);
            }
        }
    }
}
