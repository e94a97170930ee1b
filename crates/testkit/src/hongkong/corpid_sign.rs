//! Signing for a company, as a department's machine speaks it.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Department, REDIRECT, open, text_of};

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
        let own = json!({
            "businessID": business, "signType": sign_type, "ubi": self.ubi,
            "source": "PC_Browser", "redirectURI": REDIRECT, "state": "two-state",
            "department": "Transport Department", "serviceName": "Parking permit",
        });
        self.with(own, more)
    }

    /// The parameters of the chop that completes a signature.
    #[must_use]
    pub fn complete(&self, business: &str, sign_token: &str, more: &Value) -> Value {
        let own = json!({
            "businessID": business, "signToken": sign_token, "serviceName": "Parking permit",
        });
        self.with(own, more)
    }

    fn with(&self, mut own: Value, more: &Value) -> Value {
        own["cAccessToken"] = json!(self.access);
        own["cOpenID"] = json!(self.subject);
        for (name, value) in more.as_object().into_iter().flatten() {
            own[name] = value.clone();
        }
        own
    }
}

impl Department<'_> {
    /// Opens the part of a posted result that is about the person.
    ///
    /// # Errors
    /// There is none, or it is not what it should be.
    pub fn open_personal(&self, body: &str) -> anyhow::Result<Value> {
        let body: Value = serde_json::from_str(body)?;
        let sealed = text_of(&body, "iAMSecretKey");
        let key = self.open_key(&sealed).context("no key for the person")?;
        Ok(serde_json::from_slice(&open(
            &key,
            &text_of(&body, "iAMContent"),
        )?)?)
    }
}
