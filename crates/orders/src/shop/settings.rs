//! Decides how the shop front's worker is set up, from the environment of its function.
//!
//! Start at [`Settings::parse`]: it names every wrong value at once, with what is allowed.

use super::inventory::UnlistedStock;
use super::payments::PaymentBehaviour;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;
use types::Number;

/// How the worker works, and whom it asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How the payment simulator behaves.
    pub payment: PaymentBehaviour,
    /// What a sku means that the stock table does not know.
    pub unlisted_stock: UnlistedStock,
    /// Where the inventory service is; the ledger is used without one.
    pub inventory_url: Option<String>,
    /// Where the payment service is; the simulator is used without one.
    pub payment_url: Option<String>,
    /// Where the fulfilment service is; the simulator is used without one.
    pub fulfilment_url: Option<String>,
    /// The name of the secret that requests to these services are signed with.
    pub dependency_secret: Option<String>,
    /// How long a dependency may take.
    pub step_timeout: Duration,
    /// How often a step is tried.
    pub attempts_max: u32,
    /// No order is worth more, in its own currency's unit.
    pub amount_max: Option<Number>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            payment: PaymentBehaviour::default(),
            unlisted_stock: UnlistedStock::Accept,
            inventory_url: None,
            payment_url: None,
            fulfilment_url: None,
            dependency_secret: None,
            step_timeout: Duration::from_secs(10),
            attempts_max: 5,
            amount_max: None,
        }
    }
}

/// A value that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value:?}; {allowed}")]
pub struct WrongSetting {
    /// Of which variable.
    pub name: &'static str,
    /// As it is.
    pub value: String,
    /// What it may be.
    pub allowed: String,
}

/// Every value that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongSettings(pub Vec<WrongSetting>);

impl fmt::Display for WrongSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("\n"))
    }
}

impl std::error::Error for WrongSettings {}

/// Reads variables one by one and keeps what is wrong.
pub(crate) struct Reader<'e, L> {
    look_up: L,
    pub(crate) wrong: Vec<WrongSetting>,
    environment: std::marker::PhantomData<&'e str>,
}

impl<'e, L: Fn(&str) -> Option<&'e str>> Reader<'e, L> {
    pub(crate) fn new(look_up: L) -> Self {
        Self { look_up, wrong: Vec::new(), environment: std::marker::PhantomData }
    }

    /// The value of a variable; one that is blank is not set.
    pub(crate) fn text(&self, name: &str) -> Option<&'e str> {
        (self.look_up)(name).map(str::trim).filter(|value| !value.is_empty())
    }

    pub(crate) fn read<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.text(name)?;
        let parsed = read(value);
        if parsed.is_none() {
            self.wrong.push(WrongSetting { name, value: value.to_owned(), allowed: allowed.to_owned() });
        }
        parsed
    }

    pub(crate) fn whole(&mut self, name: &'static str, allowed: RangeInclusive<u32>, of: &str) -> Option<u32> {
        let words = format!("write a whole number of {of} from {} to {}", allowed.start(), allowed.end());
        self.read(name, &words, |value| value.parse().ok().filter(|number| allowed.contains(number)))
    }

    pub(crate) fn url(&mut self, name: &'static str) -> Option<String> {
        let allowed = "write a URL such as https://inventory.example.com/v1, without user, query or fragment";
        self.read(name, allowed, |value| is_url(value).then(|| value.trim_end_matches('/').to_owned()))
    }
}

impl Settings {
    /// Reads the environment of a function; what is not set has its default.
    ///
    /// # Errors
    /// When a value is not allowed: all such at once.
    pub fn parse<'e>(look_up: impl Fn(&str) -> Option<&'e str>) -> Result<Self, WrongSettings> {
        let mut reader = Reader::new(look_up);
        let default = Self::default();
        let percent = |reader: &mut Reader<'e, _>, name| reader.whole(name, 0..=100, "percents").unwrap_or(0);
        let payment = PaymentBehaviour {
            failure_percent: percent(&mut reader, "PAYMENT_FAILURE_PERCENT"),
            decline_percent: percent(&mut reader, "PAYMENT_DECLINE_PERCENT"),
            hang_percent: percent(&mut reader, "PAYMENT_HANG_PERCENT"),
            delay: millis(reader.whole("PAYMENT_DELAY_MS", 0..=600_000, "milliseconds").unwrap_or(0)),
        };
        let all = payment.failure_percent + payment.decline_percent + payment.hang_percent;
        if all > 100 {
            reader.wrong.push(WrongSetting {
                name: "PAYMENT_FAILURE_PERCENT + PAYMENT_DECLINE_PERCENT + PAYMENT_HANG_PERCENT",
                value: all.to_string(),
                allowed: "together they may be 100 at most".to_owned(),
            });
        }
        let unlisted_stock = reader.read("UNLISTED_STOCK", "write accept or refuse", |value| match value {
            "accept" => Some(UnlistedStock::Accept),
            "refuse" => Some(UnlistedStock::Refuse),
            _ => None,
        });
        let urls = ["INVENTORY_URL", "PAYMENT_URL", "FULFILMENT_URL"].map(|name| reader.url(name));
        let any_url = urls.iter().any(Option::is_some);
        let [inventory_url, payment_url, fulfilment_url] = urls;
        let secret = "write the name of a secret: up to 512 letters, digits and /_+=.@-";
        let dependency_secret =
            reader.read("DEPENDENCY_SECRET", secret, |value| is_secret_name(value).then(|| value.to_owned()));
        if any_url && reader.text("DEPENDENCY_SECRET").is_none() {
            let allowed = format!("requests to a URL are signed: {secret}");
            reader.wrong.push(WrongSetting { name: "DEPENDENCY_SECRET", value: String::new(), allowed });
        }
        let step_timeout = reader.whole("STEP_TIMEOUT_MS", 10..=900_000, "milliseconds").map(millis);
        let attempts_max = reader.whole("ATTEMPTS_MAX", 1..=100, "attempts");
        let amount_max = reader.read("ORDER_AMOUNT_MAX", "write a number above 0, such as 50000", |value| {
            value.parse().ok().filter(|most| *most > Number::ZERO)
        });
        if !reader.wrong.is_empty() {
            return Err(WrongSettings(reader.wrong));
        }
        Ok(Self {
            payment,
            unlisted_stock: unlisted_stock.unwrap_or(default.unlisted_stock),
            inventory_url,
            payment_url,
            fulfilment_url,
            dependency_secret,
            step_timeout: step_timeout.unwrap_or(default.step_timeout),
            attempts_max: attempts_max.unwrap_or(default.attempts_max),
            amount_max,
        })
    }
}

fn millis(millis: u32) -> Duration {
    Duration::from_millis(millis.into())
}

/// Whether a text is a URL of a service; whether anybody may be asked there is for those to decide who ask.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split('/').next().unwrap_or("");
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}?#@".contains(&byte);
    !authority.is_empty() && !authority.starts_with(':') && rest.len() <= 2_000 && rest.bytes().all(plain)
}

pub(crate) fn is_secret_name(text: &str) -> bool {
    text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &'static str)]) -> Result<Settings, Vec<String>> {
        let look_up = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Settings::parse(look_up).map_err(|wrong| wrong.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(parse(&[]), Ok(Settings::default()));
        assert_eq!(parse(&[("PAYMENT_URL", " "), ("ATTEMPTS_MAX", "")]), Ok(Settings::default()));
    }

    #[test]
    fn each_variable_has_its_place() {
        let settings = parse(&[
            ("PAYMENT_FAILURE_PERCENT", "20"),
            ("PAYMENT_DECLINE_PERCENT", "5"),
            ("PAYMENT_HANG_PERCENT", "75"),
            ("PAYMENT_DELAY_MS", "40"),
            ("UNLISTED_STOCK", "refuse"),
            ("INVENTORY_URL", "http://10.0.0.1:8080/stock/"),
            ("PAYMENT_URL", "https://pay.example.com"),
            ("FULFILMENT_URL", "https://ship.example.com/v1"),
            ("DEPENDENCY_SECRET", "prod/orders-key"),
            ("STEP_TIMEOUT_MS", "2500"),
            ("ATTEMPTS_MAX", "3"),
            ("ORDER_AMOUNT_MAX", "50000.50"),
        ]);
        let expected = Settings {
            payment: PaymentBehaviour {
                failure_percent: 20,
                decline_percent: 5,
                hang_percent: 75,
                delay: Duration::from_millis(40),
            },
            unlisted_stock: UnlistedStock::Refuse,
            inventory_url: Some("http://10.0.0.1:8080/stock".to_owned()),
            payment_url: Some("https://pay.example.com".to_owned()),
            fulfilment_url: Some("https://ship.example.com/v1".to_owned()),
            dependency_secret: Some("prod/orders-key".to_owned()),
            step_timeout: Duration::from_millis(2_500),
            attempts_max: 3,
            amount_max: Some("50000.5".parse().unwrap()),
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn every_wrong_value_is_named_with_what_is_allowed() {
        let percents = "write a whole number of percents from 0 to 100";
        let url = "write a URL such as https://inventory.example.com/v1, without user, query or fragment";
        let cases = [
            ("PAYMENT_FAILURE_PERCENT", "101", percents),
            ("PAYMENT_DECLINE_PERCENT", "-1", percents),
            ("PAYMENT_HANG_PERCENT", "1.5", percents),
            ("PAYMENT_DELAY_MS", "soon", "write a whole number of milliseconds from 0 to 600000"),
            ("UNLISTED_STOCK", "Accept", "write accept or refuse"),
            ("STEP_TIMEOUT_MS", "9", "write a whole number of milliseconds from 10 to 900000"),
            ("ATTEMPTS_MAX", "0", "write a whole number of attempts from 1 to 100"),
            ("ORDER_AMOUNT_MAX", "0", "write a number above 0, such as 50000"),
            ("DEPENDENCY_SECRET", "a b", "write the name of a secret: up to 512 letters, digits and /_+=.@-"),
            ("INVENTORY_URL", "ftp://x", url),
            ("PAYMENT_URL", "https://", url),
            ("FULFILMENT_URL", "https://user:secret@x/", url),
        ];
        for (name, value, allowed) in cases {
            let mut set = vec![(name, value)];
            set.extend((name != "DEPENDENCY_SECRET").then_some(("DEPENDENCY_SECRET", "s")));
            assert_eq!(parse(&set), Err(vec![format!("{name} is {value:?}; {allowed}")]), "{name}={value}");
        }
        let all: Vec<_> = cases.iter().map(|(name, value, _)| (*name, *value)).collect();
        assert_eq!(parse(&all).unwrap_err().len(), cases.len());
    }

    #[test]
    fn values_that_do_not_go_together_are_named_too() {
        let shares = [("PAYMENT_FAILURE_PERCENT", "60"), ("PAYMENT_HANG_PERCENT", "50")];
        assert!(parse(&shares).unwrap_err()[0].ends_with("is \"110\"; together they may be 100 at most"));
        let unsigned = parse(&[("PAYMENT_URL", "https://x")]).unwrap_err();
        assert!(unsigned[0].starts_with("DEPENDENCY_SECRET is \"\"; requests to a URL are signed"), "{unsigned:?}");
    }
}
