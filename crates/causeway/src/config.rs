//! The configuration: one struct per component, read from a TOML file, overridden by environment
//! variables (`CAUSEWAY__SERVER__LISTEN=…`), checked whole before anything starts.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything an operator can set. Every key has a default that works on one machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub store: StoreConfig,
    pub session: SessionConfig,
    pub upload: UploadConfig,
    pub openid: OpenidConfig,
    pub outbound: OutboundConfig,
    pub hongkong: HongkongConfig,
    pub keys: KeysConfig,
    pub log: LogConfig,
}

/// Where the portal listens and how it is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The address people type, without a trailing slash. Cookies are marked secure and HSTS is sent
    /// when it begins with `https://`.
    pub base_url: String,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Demonstration mode: synthetic people, simulated phone and bank, labelled on every page.
    pub demo: bool,
    /// For those who write pages: the `crates` directory of a checkout, from which templates are read
    /// at every request instead of from the binary. Messages and assets stay those of the binary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates_dir: Option<PathBuf>,
}

/// Where records are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Directory of the embedded database and the sealed keys.
    pub data_dir: PathBuf,
    /// `postgres://user@host/database`, or empty for the embedded SQLite database in `data_dir`.
    pub url: String,
}

/// How long a browser stays signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// Minutes without a request after which a session ends.
    pub idle_minutes: u32,
    /// Hours after sign-in at which a session ends in any case.
    pub absolute_hours: u32,
}

/// What happens to files people upload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UploadConfig {
    /// `tcp://127.0.0.1:3310` or `unix:///run/clamav/clamd.ctl`; empty leaves files visibly
    /// "not scanned yet".
    pub clamd: String,
}

/// The OpenID provider, by which other applications sign people in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OpenidConfig {
    /// The header in which the TLS terminator in front passes on the certificate of a client, as
    /// RFC 9440 says or as PEM, percent-encoded. The terminator must take the header away from
    /// requests that bring one, and be one of `server.trusted_proxies`: from anybody else the header
    /// is ignored. Empty: clients cannot authenticate by certificate.
    pub certificate_header: String,
}

/// How the platform calls the clients of its provider: results, logouts, approvals that are ready. All
/// files are PEM.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundConfig {
    /// The platform's certificate and those between it and its authority, for clients that ask who calls
    /// them; empty shows none.
    pub certificate_file: PathBuf,
    /// Its private key, readable by its owner only.
    pub key_file: PathBuf,
    /// Authorities that are trusted beside those of the operating system; empty adds none.
    pub authorities_file: PathBuf,
}

/// The wire form that Hong Kong departments speak.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HongkongConfig {
    /// Certificates, in PEM, of the authorities that issue those of departments: a content key is sealed
    /// to no other. Empty: to whatever RSA certificate two people put in force.
    pub authorities_file: PathBuf,
}

/// Where private keys lie: sealed in `store.data_dir`, or in a PKCS #11 token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeysConfig {
    /// The library of the token's maker, such as `/usr/lib/softhsm/libsofthsm2.so`; empty keeps keys
    /// sealed in `store.data_dir`. Keys made before stay where they are until they are rotated.
    pub module: PathBuf,
    /// The label the token was initialised with.
    pub label: String,
    /// A file that holds the user's PIN alone, readable by its owner only.
    pub pin_file: PathBuf,
}

impl KeysConfig {
    /// The PIN, from its file.
    ///
    /// # Errors
    /// The file cannot be read, or others can read it.
    pub fn pin(&self) -> Result<String, ConfigError> {
        let pin = read_private("keys.pin_file", &self.pin_file)?;
        Ok(pin.trim().to_owned())
    }
}

/// What a file holds that only its owner may read.
///
/// # Errors
/// The file cannot be read, or others can read it.
pub(crate) fn read_private(key: &'static str, path: &Path) -> Result<String, ConfigError> {
    use std::os::unix::fs::PermissionsExt as _;
    let unread = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let mode = std::fs::metadata(path)
        .map_err(unread)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(ConfigError::Value {
            key,
            problem: format!("others can read {}", path.display()),
            fix: "Run chmod 600 on it",
        });
    }
    std::fs::read_to_string(path).map_err(unread)
}

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text` for people, `json` for collectors.
    pub format: LogFormat,
    /// A filter such as `info` or `info,store=debug`.
    pub filter: String,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_url: "http://localhost:8080".to_owned(),
            trusted_proxies: Vec::new(),
            demo: false,
            templates_dir: None,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            url: String::new(),
        }
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle_minutes: 30,
            absolute_hours: 12,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// What is wrong with a configuration, naming the key and the fix.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{origin} is not a valid configuration: {detail}")]
    Shape { origin: String, detail: String },
    #[error("{key}: {problem}. {fix}")]
    Value {
        key: &'static str,
        problem: String,
        fix: &'static str,
    },
}

const PREFIX: &str = "CAUSEWAY__";

impl Config {
    /// Reads `file` if given, then applies `CAUSEWAY__SECTION__KEY` variables, then checks.
    ///
    /// # Errors
    /// The file is unreadable, a key is unknown or mistyped, or a value makes no sense.
    pub fn load(
        file: Option<&std::path::Path>,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut origin = "the built-in default".to_owned();
        let mut table = toml::Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?;
            origin = path.display().to_string();
            table = text
                .parse()
                .map_err(|error: toml::de::Error| ConfigError::Shape {
                    origin: origin.clone(),
                    detail: error.to_string(),
                })?;
        }
        for (name, value) in variables {
            if let Some(path) = name.strip_prefix(PREFIX) {
                set(&mut table, &path.to_lowercase(), &value);
                origin = format!("{origin} with {name}");
            }
        }
        let config: Self =
            table
                .try_into()
                .map_err(|error: toml::de::Error| ConfigError::Shape {
                    origin,
                    detail: error.to_string(),
                })?;
        config.check()?;
        Ok(config)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError::Value`] names the key and the fix.
    pub fn check(&self) -> Result<(), ConfigError> {
        let base = &self.server.base_url;
        let local = base
            .strip_prefix("http://")
            .or_else(|| base.strip_prefix("https://"));
        if local.is_none_or(|rest| rest.is_empty() || rest.ends_with('/')) {
            return Err(ConfigError::Value {
                key: "server.base_url",
                problem: format!("\"{base}\" is not an address"),
                fix: "Write https://host or http://host:port without a trailing slash",
            });
        }
        if !(self.store.url.is_empty() || self.store.url.starts_with("postgres")) {
            return Err(ConfigError::Value {
                key: "store.url",
                problem: format!("\"{}\" names no known engine", self.store.url),
                fix: "Leave it empty for SQLite in store.data_dir, or write postgres://user@host/database",
            });
        }
        if self.session.idle_minutes == 0 || self.session.absolute_hours == 0 {
            return Err(ConfigError::Value {
                key: "session",
                problem: "a session that lasts no time".to_owned(),
                fix: "Set idle_minutes and absolute_hours to at least 1",
            });
        }
        let clamd = &self.upload.clamd;
        if !(clamd.is_empty() || clamd.starts_with("tcp://") || clamd.starts_with("unix://")) {
            return Err(ConfigError::Value {
                key: "upload.clamd",
                problem: format!("\"{clamd}\" is not an address of clamd"),
                fix: "Write tcp://host:port or unix:///path, or leave it empty",
            });
        }
        self.check_certificates_and_keys()
    }

    fn check_certificates_and_keys(&self) -> Result<(), ConfigError> {
        let header = &self.openid.certificate_header;
        if !header.is_empty() && axum::http::HeaderName::try_from(header.as_str()).is_err() {
            return Err(ConfigError::Value {
                key: "openid.certificate_header",
                problem: format!("\"{header}\" is not the name of a header"),
                fix: "Write a name such as client-cert, or leave it empty",
            });
        }
        if !header.is_empty() && self.server.trusted_proxies.is_empty() {
            return Err(ConfigError::Value {
                key: "openid.certificate_header",
                problem: "nobody's word about certificates is believed".to_owned(),
                fix: "Name the TLS terminator's address in server.trusted_proxies, or leave it empty",
            });
        }
        let outbound = &self.outbound;
        if outbound.certificate_file.as_os_str().is_empty()
            != outbound.key_file.as_os_str().is_empty()
        {
            return Err(ConfigError::Value {
                key: "outbound",
                problem: "a certificate without its key, or a key alone".to_owned(),
                fix: "Name certificate_file and key_file, or neither",
            });
        }
        let keys = &self.keys;
        let has_module = !keys.module.as_os_str().is_empty();
        if has_module && (keys.label.is_empty() || keys.pin_file.as_os_str().is_empty()) {
            return Err(ConfigError::Value {
                key: "keys",
                problem: "a module without a label or a pin_file".to_owned(),
                fix: "Name the token's label and the file that holds its PIN, or leave module empty",
            });
        }
        Ok(())
    }

    /// The address of the database: the configured one, or SQLite in the data directory.
    #[must_use]
    pub fn store_url(&self) -> String {
        if self.store.url.is_empty() {
            format!(
                "sqlite:{}",
                self.store.data_dir.join("causeway.db").display()
            )
        } else {
            self.store.url.clone()
        }
    }
}

/// Puts `value` at `section__key`, as a boolean or number when it reads as one.
fn set(table: &mut toml::Table, path: &str, value: &str) {
    let Some((section, key)) = path.split_once("__") else {
        return;
    };
    let inner = table
        .entry(section.to_owned())
        .or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let toml::Value::Table(inner) = inner {
        let parsed = value
            .parse::<bool>()
            .map(toml::Value::Boolean)
            .or_else(|_| value.parse::<i64>().map(toml::Value::Integer))
            .unwrap_or_else(|_| toml::Value::String(value.to_owned()));
        inner.insert(key.to_owned(), parsed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let dir = std::env::temp_dir().join(format!("causeway-config-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join(format!("{:x}.toml", text.len() * 31 + variables.len()));
        std::fs::write(&file, text).unwrap();
        let pairs = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::load(Some(&file), pairs)
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(load("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let config = load(
            "[server]\nlisten = \"127.0.0.1:1\"",
            &[
                ("CAUSEWAY__SERVER__LISTEN", "127.0.0.1:2"),
                ("CAUSEWAY__SESSION__IDLE_MINUTES", "5"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.session.idle_minutes, 5);
    }

    #[test]
    fn a_mistake_is_named_with_its_key_and_its_fix() {
        for (text, expected) in [
            ("[server]\nlistn = 1", "listn"),
            ("[server]\nbase_url = \"causeway.hk\"", "server.base_url"),
            ("[store]\nurl = \"mysql://x\"", "store.url"),
            ("[session]\nidle_minutes = 0", "session"),
            ("[upload]\nclamd = \"3310\"", "upload.clamd"),
            (
                "[openid]\ncertificate_header = \"a b\"",
                "openid.certificate_header",
            ),
        ] {
            let message = load(text, &[]).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
