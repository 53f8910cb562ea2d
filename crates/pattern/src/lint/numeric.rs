//! Decides what a refused `numeric` was meant to be.

use super::mend::Edit;
use super::operators::{Diagnosis, invalid};
use super::table::Id;
use super::tree::{Kind, Value};
use super::words::shown;

/// A comparison: `>= 5`.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    sign: &'static str,
    number: String,
}

impl Term {
    fn is_low(&self) -> bool {
        self.sign.starts_with('>')
    }

    fn is_high(&self) -> bool {
        self.sign.starts_with('<')
    }

    fn value(&self) -> f64 {
        self.number.parse().unwrap_or(f64::NAN)
    }

    fn list(&self) -> String {
        format!("\"{}\", {}", self.sign, self.number)
    }
}

pub(super) fn diagnose(text: &str, alternative: &Value<'_>, argument: &Value<'_>, reason: &str) -> Diagnosis {
    if let Some(number) = reason.strip_prefix("Cannot compare number : ") {
        let message = format!(
            "no double holds {} exactly, so it cannot be compared and is refused; write such numbers as strings",
            shown(number)
        );
        return Diagnosis::new(Id::NumericPrecision, message);
    }
    let Some(terms) = terms(argument) else {
        let mut diagnosis = invalid(reason);
        diagnosis.id = Id::NumericOrder;
        return diagnosis;
    };
    let shown = shown(&text[argument.range.clone()]);
    let list = |inside: String| Edit::new(argument.range.clone(), format!("[{inside}]"));
    let whole = |with: String| Edit::new(alternative.range.clone(), with);
    match &terms[..] {
        [only] if only.sign == "!=" => {
            let message = format!("numeric has no \"!=\", so {shown} is refused; anything-but does it");
            Diagnosis::new(Id::NumericOrder, message).remedy(whole(format!("{{\"anything-but\": {}}}", only.number)))
        }
        [only] => {
            let message = format!("numeric takes a list of a sign and a number, and {shown} is none: it is refused");
            Diagnosis::new(Id::NumericOrder, message).remedy(list(only.list()))
        }
        [one, other] if one.sign == "=" && other.sign == "=" => {
            let message =
                format!("{shown} asks for two equal numbers at once, which is refused; write them side by side");
            let both = format!("{{\"numeric\": [{}]}}, {{\"numeric\": [{}]}}", one.list(), other.list());
            Diagnosis::new(Id::NumericOrder, message).remedy(whole(both))
        }
        [one, other] if (one.is_low() && other.is_high()) || (one.is_high() && other.is_low()) => {
            let (low, high) = if one.is_low() { (one, other) } else { (other, one) };
            range(low, high, &shown, one.is_high(), list)
        }
        _ => {
            let mut diagnosis = invalid(reason);
            diagnosis.id = Id::NumericOrder;
            diagnosis
        }
    }
}

fn range(low: &Term, high: &Term, shown: &str, upper_first: bool, list: impl Fn(String) -> Edit) -> Diagnosis {
    let in_order = format!("{}, {}", low.list(), high.list());
    if low.value() == high.value() {
        let message = if low.sign == ">=" && high.sign == "<=" {
            format!("the range {shown} holds one number, which is refused; \"=\" does it")
        } else {
            format!("the range {shown} holds no number, and is refused")
        };
        let equal = Term { sign: "=", number: low.number.clone() };
        return Diagnosis::new(Id::NumericOrder, message).remedy(list(equal.list()));
    }
    if low.value() > high.value() {
        let message = format!("the range {shown} begins above its end: no number is in it, and it is refused");
        let turned = Term { sign: low.sign, number: high.number.clone() };
        let end = Term { sign: high.sign, number: low.number.clone() };
        return Diagnosis::new(Id::NumericOrder, message).remedy(list(format!("{}, {}", turned.list(), end.list())));
    }
    let message = if upper_first {
        format!("a range is written with its lower end first, so {shown} is refused")
    } else {
        format!("a range is a list of sign, number, sign, number, so {shown} is refused")
    };
    Diagnosis::new(Id::NumericOrder, message).remedy(list(in_order))
}

/// The comparisons that were meant; none if that is not clear.
fn terms(argument: &Value<'_>) -> Option<Vec<Term>> {
    match &argument.kind {
        Kind::Number(number) => Some(vec![Term { sign: "=", number: (*number).to_owned() }]),
        Kind::String(text) => Some(vec![term(text)?]),
        Kind::Array(list) => {
            let mut terms = Vec::new();
            let mut sign_before: Option<&'static str> = None;
            for value in list.iter().take(8) {
                match &value.kind {
                    Kind::Number(number) => {
                        let sign = sign_before.take().unwrap_or("=");
                        terms.push(Term { sign, number: (*number).to_owned() });
                    }
                    Kind::String(text) => match (sign(text.trim()), sign_before) {
                        (Some(sign), None) => sign_before = Some(sign),
                        (None, before) => {
                            let mut term = term(text)?;
                            if let Some(before) = before {
                                term.sign = before;
                                sign_before = None;
                            }
                            terms.push(term);
                        }
                        (Some(_), Some(_)) => return None,
                    },
                    _ => return None,
                }
            }
            (list.len() <= 8 && sign_before.is_none() && !terms.is_empty()).then_some(terms)
        }
        Kind::Object(_) | Kind::Bool(_) | Kind::Null => None,
    }
}

fn sign(text: &str) -> Option<&'static str> {
    Some(match text {
        "=" | "==" => "=",
        "!=" | "<>" => "!=",
        "<" => "<",
        ">" => ">",
        "<=" | "=<" => "<=",
        ">=" | "=>" => ">=",
        _ => return None,
    })
}

/// `">= 5"` or `"5"`
fn term(text: &str) -> Option<Term> {
    let text = text.trim();
    let end = text.find(|char| !matches!(char, '<' | '>' | '=' | '!')).unwrap_or(text.len());
    let (before, number) = text.split_at(end);
    let sign = if before.is_empty() { "=" } else { sign(before)? };
    let number = number.trim();
    let is_number = number.len() < 30
        && number.parse::<f64>().is_ok_and(f64::is_finite)
        && number.starts_with(|char: char| char == '-' || char.is_ascii_digit());
    is_number.then(|| Term { sign, number: number.to_owned() })
}
