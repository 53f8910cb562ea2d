//! Decides which stack a value on the command line is for: `--param NAME=VALUE`, or `STACK.NAME=VALUE`.
//!
//! Whether a template has such a parameter, and may be given such a value, says the template.

use crate::exit::{Failure, USAGE};
use crate::nearest::nearest;
use stack::Overrides;
use std::str::FromStr;

/// A value for a parameter, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Whose parameter it is, where that was said.
    stack: Option<String>,
    name: String,
    value: String,
}

impl FromStr for Param {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').map(|(key, value)| match key.split_once('.') {
            Some((stack, name)) => (Some(stack.to_owned()), name, value),
            None => (None, key, value),
        });
        let proper = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match parts {
            Some((stack, name, value)) if proper(name) && stack.as_deref() != Some("") => {
                Ok(Self { stack, name: name.to_owned(), value: value.to_owned() })
            }
            Some(_) | None => Err("write NAME=VALUE or STACK.NAME=VALUE, such as TableName=Sales".to_owned()),
        }
    }
}

/// The values for each of the stacks with these names.
pub fn by_stack(params: &[Param], stacks: &[&str]) -> Result<Vec<Overrides>, Failure> {
    let mut all = vec![Overrides::new(); stacks.len()];
    for param in params {
        let Param { stack, name, value } = param;
        let place = match (stack, stacks) {
            (Some(stack), _) => stacks.iter().position(|known| known == stack).ok_or_else(|| {
                let failure = Failure::new(USAGE, format!("--param {stack}.{name}: there is no stack {stack}"));
                failure.hint(match nearest(stack, stacks.iter().copied()) {
                    Some(near) => format!("did you mean {near}.{name}={value}?"),
                    None => format!("a stack is called like its file; here are {}", stacks.join(", ")),
                })
            })?,
            (None, [_]) => 0,
            (None, several) => {
                let failure = Failure::new(USAGE, format!("--param {name}: of which stack?"));
                let first = several.first().copied().unwrap_or("STACK");
                return Err(failure.hint(format!("write {first}.{name}={value}; here are {}", several.join(", "))));
            }
        };
        if all[place].insert(name.clone(), value.clone()).is_some() {
            let failure = Failure::new(USAGE, format!("--param {name} is given twice for {}", stacks[place]));
            return Err(failure.hint("leave one of them out"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one stack is given.
    type Given = Vec<(String, String)>;

    fn given(texts: &[&str], stacks: &[&str]) -> Result<Vec<Given>, String> {
        let params: Vec<Param> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let all =
            by_stack(&params, stacks).map_err(|failure| format!("{}; {}", failure.error, failure.hint.unwrap()))?;
        Ok(all.into_iter().map(|overrides| overrides.into_iter().collect()).collect())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_value_goes_to_its_stack() {
        let cases: [(&[&str], &[&str], Vec<Given>); 4] = [
            (&[], &["a", "b"], vec![vec![], vec![]]),
            (&["N=1", "a.M=x=y.z"], &["a"], vec![vec![pair("M", "x=y.z"), pair("N", "1")]]),
            (&["N="], &["a"], vec![vec![pair("N", "")]]),
            (&["b-c.N=1", "a.N=2"], &["a", "b-c"], vec![vec![pair("N", "2")], vec![pair("N", "1")]]),
        ];
        for (texts, stacks, expected) in cases {
            assert_eq!(given(texts, stacks), Ok(expected), "{texts:?}");
        }
    }

    #[test]
    fn a_value_for_nobody_is_refused_with_what_to_write() {
        let cases: [(&[&str], &[&str], &str); 4] = [
            (&["N=1"], &["a", "b"], "--param N: of which stack?; write a.N=1; here are a, b"),
            (&["oders.N=1"], &["orders"], "--param oders.N: there is no stack oders; did you mean orders.N=1?"),
            (
                &["q.N=1"],
                &["orders", "premium"],
                "--param q.N: there is no stack q; a stack is called like its file; here are orders, premium",
            ),
            (&["N=1", "a.N=2"], &["a"], "--param N is given twice for a; leave one of them out"),
        ];
        for (texts, stacks, expected) in cases {
            assert_eq!(given(texts, stacks), Err(expected.to_owned()), "{texts:?}");
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in ["", "N", "=1", ".N=1", "a.=1", "a.b.c=1", "N N=1"] {
            assert!(text.parse::<Param>().is_err(), "{text}");
        }
    }
}
