//! The parameters of a request, read once: a repeated one is an error at every endpoint (RFC 6749
//! section 3.1).

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Parameters of one request.
const COUNT_MAX: usize = 60;
/// Bytes of one value; a request object is the largest.
const VALUE_BYTES: usize = 48 * 1024;

/// Named values, each at most once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Map<String, Value>);

impl Params {
    /// Reads a form body or a query.
    pub(crate) fn read(text: &[u8]) -> Result<Self, Refusal> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(text)
            .map_err(|_| Refusal::request("the parameters cannot be read"))?;
        if pairs.len() > COUNT_MAX {
            return Err(Refusal::request("there are too many parameters"));
        }
        let mut values = Map::new();
        for (name, value) in pairs {
            if value.len() > VALUE_BYTES {
                return Err(Refusal::request("a parameter is too long"));
            }
            // RFC 6749 section 3.1: a parameter without a value is as if it were not there.
            if value.is_empty() {
                continue;
            }
            if values.insert(name, Value::String(value)).is_some() {
                return Err(Refusal::request("a parameter is repeated"));
            }
        }
        Ok(Self(values))
    }

    /// The claims of a request object.
    pub(crate) fn of_claims(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A parameter that is JSON: text in a form, a value in a request object.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| Refusal::request("a parameter is not JSON")),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A whole number: digits in a form, a number in a request object.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let number = match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        };
        match number {
            Some(number) if number >= 0 => Ok(Some(number)),
            _ => Err(Refusal::request("a parameter is not a whole number")),
        }
    }

    /// The value, or a refusal that names it.
    pub(crate) fn need(&self, name: &str, reason: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or(Refusal::request(reason))
    }
}
