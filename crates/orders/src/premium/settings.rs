//! Decides which effects of the premium service are switched on, from the environment of its function.
//!
//! Start at [`Settings::parse`]. An effect whose address is not set is off. Secrets are named here and stand elsewhere.

use super::effect::Effect;
use super::mail::Mailbox;
use crate::shop::settings::{Reader, WrongSetting, WrongSettings, is_secret_name};
use std::time::Duration;

const TIMEOUT_MS_USUAL: u32 = 5_000;
const SECRET: &str = "write the name of a secret: up to 512 letters, digits and /_+=.@-";
const SMTP: &str =
    "write smtp://[user@]host[:port] (STARTTLS), smtps://[user@]host[:port] (TLS), or smtp://127.0.0.1:25?tls=none";
const MAILBOX: &str = "write an address such as orders@example.com or Orders <orders@example.com>";

/// Which effects are switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the account manager's system is.
    pub manager_webhook: Option<Endpoint>,
    /// How the account manager gets mail.
    pub mail: Option<MailSettings>,
    /// Where the CRM is.
    pub crm: Option<Endpoint>,
    /// Addresses that may be called although they are not public, as they were written.
    pub allowed_addresses: String,
    /// How long one effect may take.
    pub timeout: Duration,
}

/// Where somebody is told by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole URL.
    pub url: String,
    /// The name of the secret that calls are signed with.
    pub secret: String,
}

/// How mail goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// Through which server.
    pub server: SmtpServer,
    /// The name of the secret that is the user's password.
    pub secret: Option<String>,
    /// Who sends it.
    pub from: Mailbox,
    /// Who gets it.
    pub to: Vec<Mailbox>,
}

/// A server that takes mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: Security,
    /// As whom we log in.
    pub user: Option<String>,
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// By TLS from the first byte.
    Tls,
    /// By TLS after STARTTLS, or not at all.
    StartTls,
    /// In the open; only to this machine itself.
    None,
}

impl Settings {
    /// Reads the environment of a function.
    ///
    /// # Errors
    /// When a value is not allowed, or one is missing that another needs: all such at once.
    pub fn parse<'e>(look_up: impl Fn(&str) -> Option<&'e str>) -> Result<Self, WrongSettings> {
        let mut reader = Reader::new(look_up);
        let secret = |reader: &mut Reader<'e, _>, name| {
            reader.read(name, SECRET, |value| is_secret_name(value).then(|| value.to_owned()))
        };
        let endpoint = |reader: &mut Reader<'e, _>, url_name, secret_name: &'static str| {
            let (url, secret) = (reader.url(url_name), secret(reader, secret_name));
            if url.is_some() && reader.text(secret_name).is_none() {
                let allowed = format!("{url_name} is set, and calls are signed: {SECRET}");
                reader.wrong.push(WrongSetting { name: secret_name, value: String::new(), allowed });
            }
            url.zip(secret).map(|(url, secret)| Endpoint { url, secret })
        };
        let manager_webhook = endpoint(&mut reader, "ACCOUNT_MANAGER_WEBHOOK_URL", "ACCOUNT_MANAGER_WEBHOOK_SECRET");
        let crm = endpoint(&mut reader, "CRM_URL", "CRM_SECRET");
        let server = reader.read("SMTP_URL", SMTP, SmtpServer::parse);
        let from = reader.read("MAIL_FROM", MAILBOX, Mailbox::parse);
        let to = reader.read("MAIL_TO", &format!("{MAILBOX}; several are separated by commas"), Mailbox::parse_list);
        let password = secret(&mut reader, "SMTP_SECRET");
        if let Some(server) = &server {
            let mut needed = vec![("MAIL_FROM", MAILBOX), ("MAIL_TO", MAILBOX)];
            if server.user.is_some() {
                needed.push(("SMTP_SECRET", SECRET));
            }
            for (name, allowed) in needed {
                if reader.text(name).is_none() {
                    let allowed = format!("SMTP_URL is set: {allowed}");
                    reader.wrong.push(WrongSetting { name, value: String::new(), allowed });
                }
            }
        }
        let timeout = reader.whole("EFFECT_TIMEOUT_MS", 10..=25_000, "milliseconds").unwrap_or(TIMEOUT_MS_USUAL);
        let allowed_addresses = reader.text("ALLOWED_ADDRESSES").unwrap_or_default().to_owned();
        if !reader.wrong.is_empty() {
            for wrong in &mut reader.wrong {
                wrong.value = without_user(&wrong.value);
            }
            return Err(WrongSettings(reader.wrong));
        }
        let mail = server.zip(from).zip(to);
        let mail = mail.map(|((server, from), to)| MailSettings { server, secret: password, from, to });
        let timeout = Duration::from_millis(timeout.into());
        Ok(Self { manager_webhook, mail, crm, allowed_addresses, timeout })
    }

    /// Whether an effect is switched on.
    pub fn is_on(&self, effect: Effect) -> bool {
        match effect {
            Effect::ShippingPriority => true,
            Effect::ManagerWebhook => self.manager_webhook.is_some(),
            Effect::ManagerMail => self.mail.is_some(),
            Effect::Crm => self.crm.is_some(),
        }
    }
}

impl SmtpServer {
    fn parse(url: &str) -> Option<Self> {
        let (rest, implicit) = match url.strip_prefix("smtps://") {
            Some(rest) => (rest, true),
            None => (url.strip_prefix("smtp://")?, false),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let security = match (implicit, query) {
            (true, "") => Security::Tls,
            (false, "" | "tls=required") => Security::StartTls,
            (false, "tls=none") => Security::None,
            _ => return None,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, authority) = match rest.rsplit_once('@') {
            // A password in a URL would stand in templates and logs.
            Some((user, _)) if user.is_empty() || user.contains(':') => return None,
            Some((user, authority)) => (Some(percent_decoded(user)?), authority),
            None => (None, rest),
        };
        let usual = if implicit { 465 } else { 587 };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, port.strip_prefix(':').map_or((port.is_empty()).then_some(usual), |port| port.parse().ok())?)
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, port.parse().ok()?),
                None => (authority, usual),
            },
        };
        let fair = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        let sound = !host.is_empty() && host.len() <= 253 && host.bytes().all(fair) && port != 0;
        sound.then(|| Self { host: host.to_owned(), port, security, user })
    }
}

/// A URL without whatever stands before its host: it may be a password, and what is wrong is printed.
fn without_user(value: &str) -> String {
    match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => value.to_owned(),
    }
}

/// A user's name out of a URL; one with control characters in it is none.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = tail.get(..2)?;
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &'static str)]) -> Result<Settings, Vec<String>> {
        let look_up = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Settings::parse(look_up).map_err(|wrong| wrong.0.iter().map(|one| one.name.to_owned()).collect())
    }

    #[test]
    fn without_addresses_only_the_priority_is_raised() {
        let settings = parse(&[("CRM_URL", " "), ("SMTP_URL", "")]).unwrap();
        assert_eq!(Effect::ALL.map(|effect| settings.is_on(effect)), [true, false, false, false]);
    }

    #[test]
    fn what_is_set_is_on_and_what_it_needs_is_asked_for() {
        let all = [
            ("ACCOUNT_MANAGER_WEBHOOK_URL", "https://hooks.example/vip/"),
            ("ACCOUNT_MANAGER_WEBHOOK_SECRET", "MANAGER_SECRET"),
            ("CRM_URL", "https://crm.example"),
            ("CRM_SECRET", "CRM_SECRET"),
            ("SMTP_URL", "smtp://user%40shop.example@mail.example"),
            ("SMTP_SECRET", "MAIL_PASSWORD"),
            ("MAIL_FROM", "orders@shop.example"),
            ("MAIL_TO", "a@b.example, B <b@b.example>"),
        ];
        let settings = parse(&all).unwrap();
        assert!(Effect::ALL.into_iter().all(|effect| settings.is_on(effect)));
        assert_eq!(settings.manager_webhook.unwrap().url, "https://hooks.example/vip");
        let mail = settings.mail.unwrap();
        assert_eq!(mail.server.user.as_deref(), Some("user@shop.example"));
        assert_eq!(mail.to.len(), 2);
        for needed in ["ACCOUNT_MANAGER_WEBHOOK_SECRET", "CRM_SECRET", "SMTP_SECRET", "MAIL_FROM", "MAIL_TO"] {
            let without: Vec<_> = all.into_iter().filter(|(name, _)| *name != needed).collect();
            assert_eq!(parse(&without), Err(vec![needed.to_owned()]));
        }
        assert_eq!(
            parse(&[("MAIL_FROM", "x\r\nBcc: y@z"), ("CRM_URL", "ftp://x"), ("EFFECT_TIMEOUT_MS", "0")]),
            Err(vec!["CRM_URL".to_owned(), "MAIL_FROM".to_owned(), "EFFECT_TIMEOUT_MS".to_owned()])
        );
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        let look_up = |name: &str| (name == "SMTP_URL").then_some("smtp://me:hunter2@mail.example");
        let wrong = Settings::parse(look_up).unwrap_err().to_string();
        assert!(wrong.contains("smtp://…@mail.example") && !wrong.contains("hunter2"), "{wrong}");
    }

    #[test]
    fn mail_servers_are_read_whole_or_refused() {
        let of = |host: &str, port, security, user: Option<&str>| {
            Some(SmtpServer { host: host.to_owned(), port, security, user: user.map(str::to_owned) })
        };
        let cases = [
            ("smtp://mail.example", of("mail.example", 587, Security::StartTls, None)),
            ("smtp://mail.example:2525/?tls=required", of("mail.example", 2525, Security::StartTls, None)),
            ("smtps://u@mail.example", of("mail.example", 465, Security::Tls, Some("u"))),
            ("smtp://127.0.0.1:25?tls=none", of("127.0.0.1", 25, Security::None, None)),
            ("smtp://[::1]:25?tls=none", of("::1", 25, Security::None, None)),
            ("smtps://[::1]", of("::1", 465, Security::Tls, None)),
            ("smtp://u:secret@mail.example", None),
            ("smtp://@mail.example", None),
            ("smtp://u%0d%0a@mail.example", None),
            ("smtp://u%zz@mail.example", None),
            ("smtps://mail.example?tls=none", None),
            ("smtp://mail.example?tls=maybe", None),
            ("smtp://mail.example:0", None),
            ("smtp://mail.example:x", None),
            ("smtp://[::1", None),
            ("smtp://[mail]:25", None),
            ("smtp://", None),
            ("http://mail.example", None),
        ];
        for (url, expected) in cases {
            assert_eq!(SmtpServer::parse(url), expected, "{url}");
        }
    }
}
