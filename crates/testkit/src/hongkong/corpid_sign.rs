//! Signing for a company, as a department's machine speaks it.

use anyhow::Context as _;
use identity::{
    hongkong::WireScope,
    provider::{ClientProfile, Registration},
};
use serde_json::{Value, json};

use super::{Department, REDIRECT, open, text_of};
use crate::App;

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

impl<'a> Department<'a> {
    /// A department that speaks for companies, registered and in force, with the content key of that
    /// interface in its hands.
    ///
    /// # Errors
    /// The store fails.
    pub async fn register_corporate(
        app: &'a App,
        id: &str,
        callback: &str,
    ) -> anyhow::Result<Self> {
        let edit = |wanted: &mut Registration| {
            wanted.profile = ClientProfile::CorpId;
            if let Some(wire) = wanted.wire.as_mut() {
                wire.scopes = WireScope::ALL.to_vec();
            }
        };
        let department = Self::register_with(app, id, callback, edit).await?;
        department.fetch_corporate_key().await?;
        Ok(department)
    }

    /// Fetches the content key for companies and opens it; calls go under it from now on.
    ///
    /// # Errors
    /// There is none.
    pub async fn fetch_corporate_key(&self) -> anyhow::Result<()> {
        let path = "/api/eservice/v1/security/getKey";
        let answer = self.send(path, &self.sign(""), "").await?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let sealed = answer.pointer("/content/secretKey");
        let sealed = sealed.and_then(Value::as_str).context("no key")?;
        let key = self.open_key(sealed)?;
        *self.own_key() = Some(key);
        Ok(())
    }

    /// Opens the part of a posted result that is about the person.
    ///
    /// # Errors
    /// There is none, or it is not what it should be.
    pub fn open_personal(&self, body: &str) -> anyhow::Result<Value> {
        let body: Value = serde_json::from_str(body)?;
        let company = self.open_key(&text_of(&body, "secretKey"))?;
        let content = open(&company, &text_of(&body, "content"))?;
        let content: Value = serde_json::from_slice(&content)?;
        let sealed = text_of(&content, "iAMSecretKey");
        let key = self.open_key(&sealed).context("no key for the person")?;
        let own = open(&key, &text_of(&content, "iAMContent"))?;
        Ok(serde_json::from_slice(&own)?)
    }
}
