//! Decides which attributes a message may be sent with, and the digest by which clients check them.

use super::{Code, WireError, invalid, is_message_char, shown};
use crate::head::hex;
use crate::members::{Members, wrong_type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value as Json, json};
use types::sort;

/// The most attributes that a message may have.
const ATTRIBUTES_MAX: usize = 10;
/// The longest name and the longest type of an attribute.
const NAME_MAX: usize = 256;

/// An attribute that a sender gave a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type as the sender said it, such as `Number.price`.
    pub data_type: String,
    /// Its value; never empty.
    pub value: AttributeValue,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text, or a number as it was written.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl AttributeValue {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Attribute {
    /// What the attribute counts for in the size of its message.
    pub(super) fn size(&self) -> usize {
        self.name.len() + self.data_type.len() + self.value.as_bytes().len()
    }

    /// As it stands in an answer, without its name.
    pub(super) fn spell(&self) -> Json {
        match &self.value {
            AttributeValue::Text(text) => json!({ "DataType": self.data_type, "StringValue": text }),
            AttributeValue::Bytes(bytes) => json!({ "DataType": self.data_type, "BinaryValue": BASE64.encode(bytes) }),
        }
    }

    /// The same, as functions get it.
    pub(super) fn of_record(&self) -> Json {
        let (name, value) = match &self.value {
            AttributeValue::Text(text) => ("stringValue", text.clone()),
            AttributeValue::Bytes(bytes) => ("binaryValue", BASE64.encode(bytes)),
        };
        json!({ name: value, "stringListValues": [], "binaryListValues": [], "dataType": self.data_type })
    }
}

/// The digest of attributes, in whatever order they come; there is none of no attributes.
pub(super) fn digest<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Option<String> {
    let mut attributes: Vec<&Attribute> = attributes.into_iter().collect();
    if attributes.is_empty() {
        return None;
    }
    sort::by(&mut attributes, |a, b| a.name.cmp(&b.name));
    let mut sum = Md5::new();
    for attribute in attributes {
        // Every part has its length before it, and the value a byte that says whether it is text.
        for part in [attribute.name.as_bytes(), attribute.data_type.as_bytes()] {
            sum.update(length(part));
            sum.update(part);
        }
        let (kind, value) = match &attribute.value {
            AttributeValue::Text(text) => (1, text.as_bytes()),
            AttributeValue::Bytes(bytes) => (2, bytes.as_slice()),
        };
        sum.update([kind]);
        sum.update(length(value));
        sum.update(value);
    }
    Some(hex(&sum.finalize()))
}

fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).expect("a message is far smaller than 4 GiB").to_be_bytes()
}

/// The attributes that a message is to be sent with, sorted by name.
pub(super) fn read(members: Members<'_>) -> Result<Vec<Attribute>, WireError> {
    let Some(given) = members.object("MessageAttributes")? else { return Ok(Vec::new()) };
    if given.len() > ATTRIBUTES_MAX {
        let count = given.len();
        return Err(invalid(format!(
            "Number of message attributes [{count}] exceeds the allowed maximum [{ATTRIBUTES_MAX}]."
        )));
    }
    let mut attributes =
        given.iter().map(|(name, value)| read_one(name, value)).collect::<Result<Vec<Attribute>, WireError>>()?;
    sort::by(&mut attributes, |a, b| a.name.cmp(&b.name));
    Ok(attributes)
}

/// The trace header, the only attribute of the system's own that a sender may give.
pub(super) fn read_trace_header(members: Members<'_>) -> Result<Option<String>, WireError> {
    let Some(given) = members.object("MessageSystemAttributes")? else { return Ok(None) };
    if let Some(name) = given.keys().find(|name| *name != TRACE_HEADER) {
        return Err(invalid(format!("Message system attribute name '{}' is invalid.", shown(name))));
    }
    let Some(value) = given.get(TRACE_HEADER) else { return Ok(None) };
    let value = value.as_object().ok_or_else(|| wrong_type(value, "Map"))?;
    let value = Members::new(value, crate::Service::Sqs);
    if value.text("DataType")? != Some("String") {
        return Err(invalid(format!(
            "The type of message (system) attribute '{TRACE_HEADER}' is invalid. You must use only the following \
             supported type prefixes: String."
        )));
    }
    match value.text("StringValue")?.filter(|text| !text.is_empty()) {
        Some(text) if text.chars().all(is_message_char) => Ok(Some(text.to_owned())),
        Some(_) => Err(invalid(BAD_CHARACTERS)),
        None => Err(invalid(format!(
            "Message (system) attribute '{TRACE_HEADER}' must contain a non-empty value of type 'String'."
        ))),
    }
}

pub(super) const TRACE_HEADER: &str = "AWSTraceHeader";

/// The digest of the attributes that the system has of a message.
pub(super) fn digest_of_trace_header(header: &str) -> Option<String> {
    digest([&Attribute {
        name: TRACE_HEADER.to_owned(),
        data_type: "String".to_owned(),
        value: AttributeValue::Text(header.to_owned()),
    }])
}

pub(super) const BAD_CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
     #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";

fn read_one(name: &str, value: &Json) -> Result<Attribute, WireError> {
    check_name(name)?;
    let no_value =
        || invalid(format!("The message (user) attribute '{name}' must contain a non-empty message attribute value."));
    if value.is_null() {
        return Err(no_value());
    }
    let members: &Map<String, Json> = value.as_object().ok_or_else(|| wrong_type(value, "Map"))?;
    if members.is_empty() {
        return Err(no_value());
    }
    let members = Members::new(members, crate::Service::Sqs);
    let filled = |list: &str| members.get(list).is_some_and(|list| list.as_array().is_none_or(|list| !list.is_empty()));
    if filled("StringListValues") || filled("BinaryListValues") {
        let message = "Message attribute list values in SendMessage operation are not supported.";
        return Err(WireError::new(Code::UnsupportedOperation, message));
    }
    let data_type = members.text("DataType")?.unwrap_or("");
    let kind = kind(name, data_type)?;
    let text = members.text("StringValue")?.filter(|text| !text.is_empty());
    let bytes = members.text("BinaryValue")?.filter(|text| !text.is_empty());
    let value = match (kind, text, bytes) {
        (_, Some(_), Some(_)) => return Err(invalid(format!("Message attribute '{name}' has multiple values."))),
        (Kind::Binary, None, Some(bytes)) => BASE64.decode(bytes).map(AttributeValue::Bytes).map_err(|_| {
            invalid(format!(
                "The message attribute '{name}' contains an invalid Base64 Encoded String as a binary value"
            ))
        })?,
        (Kind::Text | Kind::Number, Some(text), None) => {
            if !text.chars().all(is_message_char) {
                return Err(invalid(BAD_CHARACTERS));
            }
            if matches!(kind, Kind::Number) && !is_number(text) {
                return Err(invalid(format!("Can't cast the value of message (user) attribute '{name}' to a number.")));
            }
            AttributeValue::Text(text.to_owned())
        }
        (Kind::Binary, _, None) => return Err(empty(name, "Binary")),
        (Kind::Text | Kind::Number, None, _) => return Err(empty(name, "String")),
    };
    Ok(Attribute { name: name.to_owned(), data_type: data_type.to_owned(), value })
}

fn empty(name: &str, kind: &str) -> WireError {
    invalid(format!("Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."))
}

fn check_name(name: &str) -> Result<(), WireError> {
    if name.is_empty() {
        return Err(invalid("The request must contain non-empty message (user) attribute names."));
    }
    if name.chars().count() > NAME_MAX {
        return Err(invalid("Message (user) attribute name must be shorter than 256 bytes."));
    }
    // AWS takes the letters of all scripts.
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    if let Some(other) = name.chars().find(|character| !allowed(*character)) {
        return Err(invalid(format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
             alphanumeric characters, hyphens, underscores, or dots.",
            u32::from(other)
        )));
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("aws.") || lower.starts_with("amazon.") || name.starts_with('.') || name.ends_with('.') {
        return Err(invalid(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for \
             internal use. Additionally, they cannot start or end with '.'.",
        ));
    }
    if name.contains("..") {
        return Err(invalid("Message attribute name can not have successive '.' characters."));
    }
    Ok(())
}

/// Of which kind the value is, whatever the sender adds to it after a dot.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Number,
    Binary,
}

fn kind(name: &str, data_type: &str) -> Result<Kind, WireError> {
    if data_type.is_empty() {
        return Err(invalid(format!(
            "The message (user) attribute '{name}' must contain a non-empty message attribute type."
        )));
    }
    let kind = match data_type.split_once('.').map_or(data_type, |(kind, _)| kind) {
        "String" => Kind::Text,
        "Number" => Kind::Number,
        "Binary" => Kind::Binary,
        _ => {
            return Err(invalid(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                 type prefixes: Binary, Number, String."
            )));
        }
    };
    if data_type.len() > NAME_MAX {
        return Err(invalid("Message (user) attribute type must be shorter than 256 bytes."));
    }
    if !data_type.chars().all(is_message_char) {
        return Err(invalid(BAD_CHARACTERS));
    }
    Ok(kind)
}

/// Whether a text is a decimal number. A parser of floats alone would also take `inf` and `nan`.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}
