//! What a client of the wire form registers beside its name and its addresses: scopes with what they are
//! for, the certificate that keys are sealed to, where results are sent, and its secrets.
//!
//! Invariants: a secret stands here sealed under the vault and is shown once; two count at a time, so that
//! changing one needs no quiet hour; all of it is in force only after a second person has approved.

use kernel::{Secret, Text};
use serde::{Deserialize, Serialize};
use trust::{
    Place, Sealed, Vault, base64url,
    envelope::{Padding, SealingCertificate},
};

use super::word::Dialect;
use crate::{
    Error,
    code::codes,
    provider::{ClientProfile, Flaw},
};

/// Secrets that count at a time.
pub const SECRETS_MAX: usize = 2;
/// Addresses that results may be posted to.
const CALLBACKS_MAX: usize = 20;
/// Characters of a purpose, in each language.
const PURPOSE_CHARS: usize = 200;

codes! {
    /// What a client may ask of people.
    WireScope {
        Auth = "eidapi_auth",
        Profiles = "eidapi_profiles",
        FormFilling = "eidapi_formFilling",
        Sign = "eidapi_sign",
        StepUp = "eidapi_fr",
        BulkSign = "eidapi_bulksign",
        CorpAuth = "corpidapi_auth",
        CorpProfiles = "corpidapi_profiles",
        CorpFormFilling = "corpidapi_formFilling",
        CorpSign = "corpidapi_sign",
        CorpDocWallet = "corpidapi_docwallet",
    }
}

impl WireScope {
    /// The interface it belongs to: of a person, or of the company they act for.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::CorpAuth
            | Self::CorpProfiles
            | Self::CorpFormFilling
            | Self::CorpSign
            | Self::CorpDocWallet => Dialect::CorpId,
            _ => Dialect::IamSmart,
        }
    }
}

/// A secret that counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WireSecret {
    /// Base64url of what the vault sealed.
    sealed: String,
    /// Seconds since the epoch.
    pub made: i64,
}

/// The part of a registration that only the wire form has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    pub scopes: Vec<WireScope>,
    /// What the application is for, in words that people read on their phone.
    pub purpose: Text,
    /// RSA certificate in PEM: the key encryption key.
    pub certificate: String,
    #[serde(default)]
    pub padding: Padding,
    /// Where results may be posted to. A request names one as its `redirectURI`; else it is the first.
    pub callback_uris: Vec<String>,
    /// Newest first.
    #[serde(default)]
    pub secrets: Vec<WireSecret>,
}

impl Wire {
    /// What stands against putting this in force, beside what any client must have.
    pub(crate) fn flaws(&self, profile: ClientProfile) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flaw = |is: bool, field, words| {
            if is {
                flaws.push(Flaw { field, words });
            }
        };
        let is_wordless = [&self.purpose.en, &self.purpose.tc]
            .iter()
            .any(|words| words.trim().is_empty() || words.chars().count() > PURPOSE_CHARS);
        flaw(is_wordless, "purpose_en", "identity.client.flaw.purpose");
        flaw(
            !self.scopes.contains(&WireScope::Auth),
            "scopes",
            "identity.client.flaw.wire_scopes",
        );
        let is_corporate = profile == ClientProfile::CorpId;
        let has = |scope: &WireScope| self.scopes.contains(scope);
        let has_any = self
            .scopes
            .iter()
            .any(|scope| scope.dialect() == Dialect::CorpId);
        flaw(
            is_corporate != has(&WireScope::CorpAuth) || (has_any && !is_corporate),
            "scopes",
            "identity.client.flaw.corp_scopes",
        );
        flaw(
            SealingCertificate::from_pem(&self.certificate).is_err(),
            "certificate",
            "identity.client.flaw.kek",
        );
        let is_bad = |uri: &String| !crate::provider::is_redirect(uri);
        flaw(
            self.callback_uris.is_empty()
                || self.callback_uris.len() > CALLBACKS_MAX
                || self.callback_uris.iter().any(is_bad),
            "callback_uris",
            "identity.client.flaw.callback",
        );
        flaw(
            self.secrets.is_empty(),
            "secrets",
            "identity.client.flaw.secret",
        );
        flaws
    }

    /// A new secret beside the latest one; an older one no longer counts.
    ///
    /// # Errors
    /// The vault fails.
    pub fn renew(
        &mut self,
        vault: &Vault,
        client: &str,
        (secret, made): (&str, i64),
    ) -> Result<(), Error> {
        let sealed = vault.seal(&place(client), secret)?;
        let new = WireSecret {
            sealed: base64url::encode(sealed.0),
            made,
        };
        self.secrets.insert(0, new);
        self.secrets.truncate(SECRETS_MAX);
        Ok(())
    }

    /// Only the newest secret counts from now on.
    pub fn retire(&mut self) {
        self.secrets.truncate(1);
    }

    /// The secrets that count, opened.
    ///
    /// # Errors
    /// The vault fails.
    pub(crate) fn open_secrets(
        &self,
        vault: &Vault,
        client: &str,
    ) -> Result<Vec<Secret<Vec<u8>>>, Error> {
        self.secrets
            .iter()
            .map(|one| {
                let sealed = Sealed(base64url::decode(&one.sealed)?);
                Ok(Secret::new(vault.open(&place(client), &sealed)?))
            })
            .collect()
    }
}

fn place(client: &str) -> Place {
    Place::new("oidc_client.wire_secret", client)
}
