//! Signed tokens a phone has used, so that a second use is refused on every node.

use ::store::{Write, params};

use crate::{Error, proof::IAT_SKEW_SECONDS};

::store::sql! {
    USE_TOKEN = "INSERT INTO used_token (digest, expires) VALUES ($1, $2)
        ON CONFLICT (digest) DO NOTHING";
    FORGET_TOKENS = "DELETE FROM used_token WHERE expires < $1";
}

/// Marks the token of `thumbprint` with this `jti` as used.
///
/// # Errors
/// [`Error::Replayed`] when it was used before.
pub(crate) async fn use_in(tx: &Write, thumbprint: &str, jti: &str) -> Result<(), Error> {
    let digest = trust::digest::sha256_parts(&[thumbprint.as_bytes(), &[0], jti.as_bytes()]);
    let kept = std::time::Duration::from_secs(2 * IAT_SKEW_SECONDS.unsigned_abs() + 60);
    let count = tx.run(&USE_TOKEN, params![digest, tx.now() + kept]).await?;
    if count == 0 {
        Err(Error::Replayed)
    } else {
        Ok(())
    }
}

/// Deletes tokens that could no longer pass for their age.
pub(crate) async fn forget_in(tx: &Write) -> Result<u64, Error> {
    Ok(tx.run(&FORGET_TOKENS, params![tx.now()]).await?)
}
