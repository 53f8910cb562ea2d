//! Decides how the parameters of a request are read and written: `order=ORD-1001&limit=10`.

use std::fmt::Write;

/// The parameters of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of a request behind the question mark.
    pub fn parse(text: &str) -> Result<Self, String> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| format!("the parameter {name} is not UTF-8 in percent encoding"))?;
            let value = decode(value).ok_or_else(|| format!("{name}: the value is not UTF-8 in percent encoding"))?;
            Ok((name, value))
        });
        Ok(Self(pairs.collect::<Result<_, String>>()?))
    }

    /// With one more parameter.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// With one more parameter, if there is a value.
    pub(crate) fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Refuses parameters of other names, and a name that comes twice.
    pub fn only(&self, names: &[&str]) -> Result<(), String> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(format!("there is no parameter {name} here; there is: {known}"));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(format!("the parameter {name} is there twice"));
            }
        }
        Ok(())
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text of a parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, String> {
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(|| format!("the parameter {name} is missing"))
    }

    /// A parameter that is a number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, String> {
        let parse = |text: &str| text.parse().map_err(|_| format!("the parameter {name} is not a number in range"));
        self.text(name).map(parse).transpose()
    }
}

/// As it stands behind the question mark.
impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "&" };
            write!(f, "{between}{}={}", encode(name), encode(value))?;
        }
        Ok(())
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    encoded
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_found_and_faults_named() {
        let query = Query::parse("order=ORD+1%2F&limit=7&empty=").unwrap();
        assert_eq!(query.text("order"), Some("ORD 1/"));
        assert_eq!(query.number::<u32>("limit"), Ok(Some(7)));
        assert_eq!(query.number::<u32>("after"), Ok(None));
        assert_eq!(query.required("empty"), Err("the parameter empty is missing".to_owned()));
        assert_eq!(query.number::<u32>("order"), Err("the parameter order is not a number in range".to_owned()));
        assert_eq!(query.only(&["order", "limit", "empty"]), Ok(()));
        let wrong = query.only(&["order", "limit"]).unwrap_err();
        assert_eq!(wrong, "there is no parameter empty here; there is: order, limit");
        assert_eq!(Query::parse("a=1&a=2").unwrap().only(&["a"]), Err("the parameter a is there twice".to_owned()));
        for text in ["a=%", "a=%4", "a=%zz", "a=%ff"] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        /// What was written is read back.
        #[test]
        fn queries_round_trip(pairs in proptest::collection::vec((any::<String>(), any::<String>()), 0..6)) {
            let query = pairs.iter().fold(Query::default(), |query, (name, value)| query.with(name, value));
            let text = query.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(Query::parse(&text).unwrap(), query);
        }
    }
}
