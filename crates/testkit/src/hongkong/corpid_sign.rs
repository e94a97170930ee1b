//! Signing for a company, as a department's machine speaks it.

use serde_json::{Map, Value, json};

use super::REDIRECT;

/// A person who acts for a company, as the department knows them.
#[derive(Debug, Clone)]
pub struct Corporate {
    pub access: String,
    pub subject: String,
    pub ubi: String,
}

impl Corporate {
    /// The parameters of a first, or only, signature.
    #[must_use]
    pub fn sign(&self, business: &str, sign_type: &str, more: &Value) -> Value {
        let own = [
            ("businessID", business),
            ("signType", sign_type),
            ("ubi", &self.ubi),
            ("source", "PC_Browser"),
            ("redirectURI", REDIRECT),
            ("state", "two-state"),
            ("department", "Transport Department"),
        ];
        self.with(&own, more)
    }

    /// The parameters of the chop that completes a signature.
    #[must_use]
    pub fn complete(&self, business: &str, sign_token: &str, more: &Value) -> Value {
        self.with(&[("businessID", business), ("signToken", sign_token)], more)
    }

    fn with(&self, own: &[(&str, &str)], more: &Value) -> Value {
        let who = [
            ("cAccessToken", self.access.as_str()),
            ("cOpenID", &self.subject),
            ("serviceName", "Parking permit"),
        ];
        let said = who.iter().chain(own);
        let mut all: Map<String, Value> = said
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        all.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(all)
    }
}
