//! Two invented clients, so that a demonstration has somebody to sign in to. Their keys follow from the
//! vault's index key, like those of the simulated phones; a real client's private keys never come here.

use ::store::Store;
use kernel::{Actor, Text};
use serde_json::{Value, json};
use trust::{SigningKey, Vault};

use super::{
    client::{AuthMethod, GrantKind, Profile, Registration, ScopePurpose, Sender},
    detail::DetailKind,
    scope::Scope,
    store::client::{ClientChange, change_in, create_in, find_in},
};
use crate::Error;

/// The client of the FAPI 2.0 Security Profile.
pub const RATES: &str = "rvd-rates-demo";
/// The ordinary web application.
pub const LIBRARY: &str = "lcsd-library-demo";
/// Where the invented clients listen, on the machine of whoever tries them.
pub const CALLBACK: &str = "http://127.0.0.1:9123/callback";

/// The signing key of an invented client.
///
/// # Errors
/// [`Error::Trust`] never in practice.
pub fn client_key(vault: &Vault, id: &str) -> Result<SigningKey, Error> {
    Ok(SigningKey::from_scalar(
        vault.blind_index("simulated client", id).0,
    )?)
}

/// The secret of the ordinary web application.
#[must_use]
pub fn client_secret(vault: &Vault, id: &str) -> String {
    trust::base64url::encode(vault.blind_index("simulated client secret", id).0)
}

fn scopes() -> Vec<ScopePurpose> {
    let asked = [
        (Scope::Openid, "To know you again", "識別你的身分"),
        (
            Scope::Profile,
            "To address you by your name and check your age",
            "以姓名稱呼你及核對年齡",
        ),
        (Scope::Email, "To send you the receipt", "向你發送收據"),
        (Scope::Address, "To fill in the premises", "預填處所地址"),
        (Scope::Sign, "To sign your rates forms", "簽署差餉表格"),
    ];
    asked
        .into_iter()
        .map(|(scope, en, tc)| ScopePurpose {
            scope,
            purpose: Text::new(en, tc),
        })
        .collect()
}

fn public_jwk(key: &SigningKey) -> Value {
    let mut jwk = serde_json::to_value(key.public().jwk()).unwrap_or(Value::Null);
    if let Some(fields) = jwk.as_object_mut() {
        fields.insert("kid".to_owned(), json!(key.kid()));
        fields.insert("alg".to_owned(), json!("ES256"));
        fields.insert("use".to_owned(), json!("sig"));
    }
    jwk
}

/// The registration of the invented FAPI client.
///
/// # Errors
/// As [`client_key`].
pub fn rates(vault: &Vault) -> Result<Registration, Error> {
    Ok(Registration {
        name: Text::new("Rates e-account (demonstration)", "差餉電子帳戶（示範）"),
        sector: "rvd".to_owned(),
        profile: Profile::Fapi2Sp,
        auth: AuthMethod::PrivateKeyJwt,
        sender: Sender::Dpop,
        grants: GrantKind::ALL.to_vec(),
        scopes: scopes(),
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_redirect_uris: vec!["http://127.0.0.1:9123/bye".to_owned()],
        keys: vec![public_jwk(&client_key(vault, RATES)?)],
        jwks_uri: None,
        secret_digest: None,
        certificate_dns: None,
        id_token_enc: None,
        is_userinfo_signed: false,
        userinfo_enc: None,
        details: DetailKind::ALL.to_vec(),
        backchannel_logout_uri: None,
        ciba_notification_uri: None,
        needs_dpop_nonce: false,
        is_resource: false,
        resource: None,
        is_test: true,
        wire: None,
    })
}

fn library(vault: &Vault) -> Registration {
    let digest = trust::digest::sha256(client_secret(vault, LIBRARY));
    Registration {
        name: Text::new(
            "Library e-counter (demonstration)",
            "圖書館電子櫃枱（示範）",
        ),
        sector: "lcsd".to_owned(),
        profile: Profile::Oidc,
        auth: AuthMethod::ClientSecretBasic,
        sender: Sender::Bearer,
        grants: vec![GrantKind::Code],
        scopes: scopes(),
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_redirect_uris: Vec::new(),
        keys: Vec::new(),
        jwks_uri: None,
        secret_digest: Some(trust::base64url::encode(digest)),
        certificate_dns: None,
        id_token_enc: None,
        is_userinfo_signed: false,
        userinfo_enc: None,
        details: Vec::new(),
        backchannel_logout_uri: None,
        ciba_notification_uri: None,
        needs_dpop_nonce: false,
        is_resource: false,
        resource: None,
        is_test: true,
        wire: None,
    }
}

/// Registers the invented clients and puts them in force; what is there already stays.
///
/// # Errors
/// The store fails.
pub async fn seed(store: &Store, vault: &Vault) -> Result<(), Error> {
    put(store, RATES, ("rvd", rates(vault)?)).await?;
    put(store, LIBRARY, ("lcsd", library(vault))).await
}

/// Registers a client and puts it in force, as two people would.
///
/// # Errors
/// The store fails, or the registration has flaws.
pub async fn put(
    store: &Store,
    id: &'static str,
    (department, registration): (&'static str, Registration),
) -> Result<(), Error> {
    let proposal = registration.clone();
    let is_new = store
        .write(&Actor::system("demo author"), move |tx| {
            let proposal = proposal.clone();
            async move {
                if find_in(&tx, id).await?.is_some() {
                    return Ok::<_, Error>(false);
                }
                create_in(&tx, id, department, &proposal).await?;
                change_in(&tx, id, (&ClientChange::Submit, None)).await?;
                Ok(true)
            }
        })
        .await?;
    if !is_new {
        return Ok(());
    }
    store
        .write(&Actor::system("demo approver"), move |tx| async move {
            change_in(&tx, id, (&ClientChange::Approve, None)).await
        })
        .await
}
