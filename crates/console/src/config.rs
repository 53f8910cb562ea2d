//! Decides how orderflow is configured: the defaults, a file, and what the file may say.
//!
//! Defaults stand in `default-config.toml` beside this crate's manifest, which is also what `orderflow config` prints.
//! Start at `Config::load`; what stands on the command line is laid over it afterwards (`cli::Options`).

use crate::exit::{Failure, USAGE};
use crate::nearest::nearest;
use serde::Deserialize;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The commented defaults.
pub(crate) const DEFAULTS: &str = include_str!("../default-config.toml");

/// The stack that runs when none is named, and its template.
pub const BUILT_IN: (&str, &str) = ("commerce", include_str!("../../../stacks/commerce.yaml"));

/// The file that is read if none is named and it is there.
const FILE: &str = "orderflow.toml";

/// The keys that a file may have.
const KEYS: [&str; 13] = [
    "account",
    "region",
    "data-dir",
    "admin",
    "public",
    "tls",
    "tls-certificate",
    "tls-key",
    "keep-changes-for-hours",
    "log-megabytes-max",
    "endpoint-addresses",
    "access-key-id",
    "secret-access-key",
];

/// How orderflow is configured.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The account that ARNs name.
    pub account: String,
    /// The region that ARNs name.
    pub region: String,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where the admin listener listens.
    pub admin: SocketAddr,
    /// Where the public listener listens.
    pub public: SocketAddr,
    /// Whether the public listener speaks TLS, with a certificate for development if no other is named.
    pub tls: bool,
    /// The certificates that it shows, its own first.
    pub tls_certificate: Option<PathBuf>,
    /// The private key of the first of them.
    pub tls_key: Option<PathBuf>,
    /// How long changes stay in the log.
    pub keep_changes_for_hours: u32,
    /// How large the log may get.
    pub log_megabytes_max: u32,
    /// What is called for events although it is not public.
    pub endpoint_addresses: String,
    /// Who may use the admin listener.
    pub access_key_id: Option<String>,
    /// What they sign with.
    pub secret_access_key: Option<String>,
}

/// Not derived, so that no log ever shows the secret.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secret = self.secret_access_key.as_ref().map(|_| "…");
        f.debug_struct("Config")
            .field("account", &self.account)
            .field("region", &self.region)
            .field("data_dir", &self.data_dir)
            .field("admin", &self.admin)
            .field("public", &self.public)
            .field("tls", &self.tls)
            .field("tls_certificate", &self.tls_certificate)
            .field("tls_key", &self.tls_key)
            .field("keep_changes_for_hours", &self.keep_changes_for_hours)
            .field("log_megabytes_max", &self.log_megabytes_max)
            .field("endpoint_addresses", &self.endpoint_addresses)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &secret)
            .finish()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::deserialize(defaults()).expect("the defaults are a configuration; a test says so")
    }
}

impl Config {
    /// The defaults, with what the file says laid over them: `named`, or else `./orderflow.toml` if it is there.
    pub(crate) fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let file = named.unwrap_or(Path::new(FILE));
        match std::fs::read_to_string(file) {
            Ok(text) => Self::read(&text, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(error) => {
                let failure =
                    Failure::new(USAGE, format!("the configuration {} cannot be read: {error}", file.display()));
                Err(failure.hint("`orderflow config > orderflow.toml` writes one with every default"))
            }
        }
    }

    /// The defaults, with this text laid over them; `file` is for errors.
    pub(crate) fn read(text: &str, file: &Path) -> Result<Self, Failure> {
        let refuse = |span: Option<std::ops::Range<usize>>, problem: &str| {
            let line = span.map_or(String::new(), |span| format!(":{}", line_of(text, span.start)));
            Failure::new(USAGE, format!("{}{line}: {problem}", file.display()))
        };
        let given = DeTable::parse(text).map_err(|error| refuse(error.span(), error.message()))?;
        let mut merged = defaults();
        for (key, _) in given.get_ref() {
            let name: &str = key.get_ref();
            if !KEYS.contains(&name) {
                let failure = refuse(Some(key.span()), &format!("there is no setting `{name}`"));
                return Err(failure.hint(match nearest(name, KEYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`orderflow config` prints every setting".to_owned(),
                }));
            }
        }
        let values: toml::Table = toml::from_str(text).map_err(|error| refuse(error.span(), error.message()))?;
        for (name, value) in values {
            merged.insert(name.clone(), value);
            // One at a time, so that what is refused can be named.
            if let Err(error) = Self::deserialize(merged.clone()) {
                let key = given.get_ref().iter().find(|(key, _)| *key.get_ref() == name);
                let message = error.message().trim_end();
                return Err(refuse(key.map(|(key, _)| key.span()), &format!("`{name}`: {message}"))
                    .hint("`orderflow config` prints every setting with an example"));
            }
        }
        let config = Self::deserialize(merged).expect("each of its values was just accepted");
        config.check(file)
    }

    fn check(self, file: &Path) -> Result<Self, Failure> {
        let refuse =
            |problem: &str, hint: &str| Err(Failure::new(USAGE, format!("{}: {problem}", file.display())).hint(hint));
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse(
                "`account` is not twelve digits",
                "without a reason for another, leave it out: 000000000000",
            );
        }
        if self.region.is_empty() || !self.region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return refuse("`region` is not the name of a region", "such as us-east-1");
        }
        if self.keep_changes_for_hours == 0 {
            return refuse("`keep-changes-for-hours` is 0, so pipes could not lag at all", "the default is 24");
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return refuse("`tls-certificate` and `tls-key` go together", "set both, or `tls = true` for development");
        }
        if self.access_key_id.is_some() != self.secret_access_key.is_some() {
            return refuse("`access-key-id` and `secret-access-key` go together", "set both, or none");
        }
        Ok(self)
    }
}

/// The defaults, setting by setting.
pub(crate) fn defaults() -> toml::Table {
    toml::from_str(DEFAULTS).expect("the defaults are TOML; a test says so")
}

/// The line, from 1, on which this byte stands.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_configuration() {
        let config = Config::default();
        assert_eq!((config.account.as_str(), config.region.as_str()), ("000000000000", "us-east-1"));
        assert_eq!(config.data_dir, Path::new("orderflow-data"));
        assert_eq!(
            (config.admin.to_string(), config.public.to_string()),
            ("127.0.0.1:4566".into(), "127.0.0.1:8080".into())
        );
        assert_eq!((config.keep_changes_for_hours, config.log_megabytes_max), (24, 20480));
        assert_eq!((&config.access_key_id, &config.secret_access_key), (&None, &None));
        assert_eq!(config.clone().check(Path::new("defaults")), Ok(config));
    }

    #[test]
    fn every_setting_stands_in_the_defaults_and_can_be_set() {
        let uncommented: String = DEFAULTS
            .lines()
            .map(|line| {
                let bare =
                    line.strip_prefix("# ").filter(|rest| KEYS.iter().any(|key| rest.starts_with(&format!("{key} ="))));
                format!("{}\n", bare.unwrap_or(line))
            })
            .collect();
        let table: toml::Table = toml::from_str(&uncommented).unwrap();
        let mut names: Vec<&str> = table.keys().map(String::as_str).collect();
        let mut keys = KEYS;
        names.sort_unstable();
        keys.sort_unstable();
        assert_eq!(names, keys);
        let config = Config::read(&uncommented, Path::new("f")).unwrap();
        assert_eq!(config.access_key_id.as_deref(), Some("orderflow"));
    }

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let config = Config::read("admin = \"127.0.0.1:9999\"\n", Path::new("f")).unwrap();
        assert_eq!(config, Config { admin: "127.0.0.1:9999".parse().unwrap(), ..Config::default() });
        assert_eq!(Config::read("", Path::new("f")), Ok(Config::default()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let cases = [
            (
                "# mine\ndata-dri = \"x\"\n",
                "f.toml:2: there is no setting `data-dri`",
                Some("did you mean `data-dir`?"),
            ),
            ("\n\nport = 1\n", "f.toml:3: there is no setting `port`", Some("`orderflow config` prints every setting")),
            ("account = \"1\"", "f.toml: `account` is not twelve digits", None),
            (
                "access-key-id = \"a\"",
                "f.toml: `access-key-id` and `secret-access-key` go together",
                Some("set both, or none"),
            ),
            (
                "keep-changes-for-hours = 0",
                "f.toml: `keep-changes-for-hours` is 0, so pipes could not lag at all",
                None,
            ),
        ];
        for (text, error, hint) in cases {
            let failure = Config::read(text, Path::new("f.toml")).unwrap_err();
            assert_eq!((failure.code, failure.error.as_str()), (USAGE, error), "{text}");
            if hint.is_some() {
                assert_eq!(failure.hint.as_deref(), hint, "{text}");
            }
        }
        // What the library says about it is its own business; the place and the key are ours.
        for (text, start) in [
            ("region = \"r\"\nadmin = \"nowhere\"\n", "f.toml:2: `admin`: "),
            ("region = \"r\"\n\nlog-megabytes-max = -1\n", "f.toml:3: `log-megabytes-max`: "),
            ("region = \"r\"\nregion = \"s\"\n", "f.toml:2: "),
            ("region = [\n", "f.toml:"),
        ] {
            let failure = Config::read(text, Path::new("f.toml")).unwrap_err();
            assert!(failure.error.starts_with(start), "{text}: {}", failure.error);
        }
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let failure = Config::load(Some(Path::new("/nonexistent/o.toml"))).unwrap_err();
        assert_eq!(failure.code, USAGE);
        assert!(failure.error.contains("/nonexistent/o.toml"), "{}", failure.error);
    }

    #[test]
    fn the_secret_is_not_shown() {
        let config = Config { secret_access_key: Some("hidden".into()), ..Config::default() };
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
