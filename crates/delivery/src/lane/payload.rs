//! Decides how many bytes of JSON a record is, without writing the JSON: every record that is delivered is measured,
//! and few are ever written out.
//!
//! Invariant: [`bytes`] is the length of what `types::event` writes.

use types::{Item, Record, Value};

/// The bytes of the record's JSON.
pub(super) fn bytes(record: &Record) -> usize {
    let change = &record.change;
    let image = |name: &str, image: Option<&Item>| image.map_or(0, |image| name.len() + item(image));
    let mut sum = concat!(
        r#"{"eventID":"00000000000000000000000000000000","eventName":"","eventVersion":"1.1","#,
        r#""eventSource":"aws:dynamodb","dynamodb":{"ApproximateCreationDateTime":,"Keys":,"#,
        r#""SequenceNumber":"100000000000000000000","SizeBytes":,"StreamViewType":""}}"#,
    )
    .len();
    sum += change.kind.name().len() + record.view().name().len() + item(&change.keys);
    sum += image(r#""NewImage":,"#, record.new_image()) + image(r#""OldImage":,"#, record.old_image());
    let seconds = change.at.seconds();
    sum += usize::from(seconds < 0) + digits(seconds.unsigned_abs()) + digits(record.size() as u64);
    if change.by_service {
        sum += r#","userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"}"#.len();
    }
    if let Some(stream) = &record.stream {
        let arn = &stream.arn;
        let parts = [&arn.service, &arn.region, &arn.account, &arn.resource, &stream.region];
        sum += r#","awsRegion":"","eventSourceARN":"arn:aws::::""#.len();
        sum += parts.into_iter().map(|part| escaped(part)).sum::<usize>();
    }
    sum
}

fn item(item: &Item) -> usize {
    let attribute = |(name, content): (&str, &Value)| r#""":"#.len() + escaped(name) + value(content);
    list(item.iter().map(attribute))
}

fn value(content: &Value) -> usize {
    let quoted = |bytes: usize| bytes + 2;
    let inner = match content {
        Value::S(text) => quoted(escaped(text)),
        Value::N(number) => quoted(number.to_text().len()),
        Value::B(bytes) => quoted(base64(bytes)),
        Value::Bool(truth) => if *truth { "true" } else { "false" }.len(),
        Value::Null => "true".len(),
        Value::M(map) => item(map),
        Value::L(values) => list(values.iter().map(value)),
        Value::Ss(set) => list(set.iter().map(|text| quoted(escaped(text)))),
        Value::Ns(set) => list(set.iter().map(|number| quoted(number.to_text().len()))),
        Value::Bs(set) => list(set.iter().map(|bytes| quoted(base64(bytes)))),
    };
    r#"{"":}"#.len() + content.type_name().len() + inner
}

/// Brackets around all, and commas between.
fn list(elements: impl ExactSizeIterator<Item = usize>) -> usize {
    "[]".len() + elements.len().saturating_sub(1) + elements.sum::<usize>()
}

fn base64(bytes: &[u8]) -> usize {
    bytes.len().div_ceil(3) * 4
}

fn digits(count: u64) -> usize {
    count.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// The bytes of a text between the quotes.
fn escaped(text: &str) -> usize {
    // All bytes are looked at together first, as hardly any text has one that is escaped.
    let is_odd = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if !text.bytes().fold(false, |odd, byte| odd | is_odd(byte)) {
        return text.len();
    }
    let extra = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 1,
        0..0x20 => r"\u0000".len() - 1,
        _ => 0,
    };
    text.len() + text.bytes().map(extra).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::fixture::any_record;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the record, it is measured as it is written.
        #[test]
        fn a_record_is_measured_to_the_byte(record in any_record()) {
            let json = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(bytes(&record), json.len(), "{}", json);
        }
    }

    #[test]
    fn every_character_is_measured_as_it_is_escaped() {
        for code in 0..0x110 {
            let text = char::from_u32(code).expect("below the surrogates").to_string();
            assert_eq!(escaped(&text) + 2, serde_json::to_string(&text).unwrap().len(), "{code:#x}");
        }
    }
}
