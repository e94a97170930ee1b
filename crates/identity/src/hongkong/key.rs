//! The content key of a client, one in each dialect: made when it is asked for, or when a result must be sent and none is in
//! force; sealed to the certificate that was in force at that moment, until it expires or is revoked.

use std::time::Duration;

use kernel::Actor;
use serde::Serialize;
use trust::{
    Place, Sealed, base64url,
    envelope::{ContentKey, Padding, SealingCertificate},
};
use utoipa::ToSchema;

use super::{
    HongKong,
    caller::{self, Come},
    reply::{Fault, KeyReply, Reply},
    store::key::{self as keys, StoredKey},
    word::{Dialect, Word},
};
use crate::provider::Client;

/// A content key is in force for this long.
pub(crate) const KEY_LIFE: Duration = Duration::from_secs(100 * 60);

/// A content key as it is sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyContent {
    /// Base64: the key, sealed to the client's certificate.
    secret_key: String,
    /// Base64: the public key it is sealed to.
    pub_key: String,
    /// Milliseconds since the epoch.
    issue_at: i64,
    /// Milliseconds from then on.
    expires_in: i64,
}

/// Gives the key in force.
pub(crate) async fn give(
    hk: &HongKong,
    dialect: Dialect,
    come: Come<'_>,
) -> Result<KeyReply, Fault> {
    let caller = caller::admit(hk, dialect, come).await?;
    let (_, stored) = in_force(hk, &caller.client, dialect).await?;
    let life = stored.expires.since(stored.issued);
    let content = KeyContent {
        secret_key: stored.wrapped,
        pub_key: stored.public_info,
        issue_at: stored.issued.micros() / 1_000,
        expires_in: i64::try_from(life.as_millis()).unwrap_or_default(),
    };
    Ok(Reply::success(hk, dialect).with_key(Some(content)))
}

/// Takes the key in force back.
pub(crate) async fn revoke(
    hk: &HongKong,
    dialect: Dialect,
    come: Come<'_>,
) -> Result<KeyReply, Fault> {
    let caller = caller::admit(hk, dialect, come).await?;
    let id = caller.client.id().to_owned();
    let dropped = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let id = id.clone();
            async move { keys::revoke_in(&tx, (&id, dialect)).await }
        })
        .await?;
    if !dropped {
        return Err(Word::NoKey.into());
    }
    Ok(Reply::success(hk, dialect).with_key(None))
}

/// The key in force, made now when there is none: what bodies are sealed under, and how it is sent.
pub(crate) async fn in_force(
    hk: &HongKong,
    client: &Client,
    dialect: Dialect,
) -> Result<(ContentKey, StoredKey), Fault> {
    let wanted = client.id().to_owned();
    let live = hk
        .store()
        .read(move |db| {
            let wanted = wanted.clone();
            async move { keys::live_in(&db, (&wanted, dialect)).await }
        })
        .await?;
    if let Some(stored) = live {
        return Ok((opened(hk, &stored)?, stored));
    }
    let wire = client.wire.as_ref().ok_or(Word::NoCertificate)?;
    let certificate =
        SealingCertificate::from_pem(&wire.certificate).map_err(|_| Word::NoCertificate)?;
    let now = hk.provider().now();
    let is_vouched = hk
        .authorities()
        .is_none_or(|all| all.vouch_for(&certificate, now));
    if certificate.until() <= now || !is_vouched {
        return Err(Word::NoCertificate.into());
    }
    let new = made(hk, (client.id(), dialect), (&certificate, wire.padding))?;
    let stored = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let new = new.clone();
            async move { keys::keep_in(&tx, &new).await }
        })
        .await?;
    Ok((opened(hk, &stored)?, stored))
}

fn made(
    hk: &HongKong,
    (client, dialect): (&str, Dialect),
    (certificate, padding): (&SealingCertificate, Padding),
) -> Result<StoredKey, Fault> {
    let key = ContentKey::draw(hk.env());
    let id = hk.env().id::<StoredKey>();
    let wrapped = certificate
        .seal(padding, &key)
        .map_err(|_| Word::NotSealed)?;
    let now = hk.provider().now();
    Ok(StoredKey {
        client: client.to_owned(),
        dialect,
        id,
        sealed: hk.identity().vault().seal(&place(id), key.bytes())?.0,
        wrapped: base64url::encode_standard(wrapped),
        public_info: base64url::encode_standard(certificate.public_info()),
        issued: now,
        expires: now + KEY_LIFE,
    })
}

pub(crate) fn opened(hk: &HongKong, stored: &StoredKey) -> Result<ContentKey, Fault> {
    let sealed = Sealed(stored.sealed.clone());
    let bytes = hk.identity().vault().open(&place(stored.id), &sealed)?;
    Ok(ContentKey::from_bytes(&bytes)?)
}

fn place(id: kernel::Id<StoredKey>) -> Place {
    Place::new("hongkong_key.sealed", id)
}
