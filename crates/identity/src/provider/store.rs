//! The tables of the provider. Codes, tokens and identifiers of requests are kept as SHA-256 only:
//! who reads the database cannot use one.

pub(crate) mod ciba;
pub(crate) mod client;
pub(crate) mod consent;
pub(crate) mod day;
pub(crate) mod grant;
pub(crate) mod keyset;
pub(crate) mod request;

use ::store::{Stmt, Write, params};
use kernel::Time;
use trust::digest;

use super::{
    caller::Caller,
    refusal::{Fault, Refusal},
};

::store::sql! {
    USE_ONCE = "INSERT INTO used_token (digest, expires) VALUES ($1, $2)
        ON CONFLICT (digest) DO NOTHING";
}

/// Every statement of the provider.
pub(crate) fn statements() -> Vec<&'static Stmt> {
    [
        STATEMENTS,
        ciba::STATEMENTS,
        client::STATEMENTS,
        consent::STATEMENTS,
        day::STATEMENTS,
        grant::STATEMENTS,
        keyset::STATEMENTS,
        request::STATEMENTS,
    ]
    .concat()
}

/// Something signed that may be used once: its digest, until when it could pass, and the refusal of
/// a second use.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    digest: [u8; 32],
    until: Time,
    refusal: Refusal,
}

impl Once {
    /// `kind` keeps assertions apart from proofs, `owner` one client's identifiers from another's.
    pub(crate) fn new(
        kind: &str,
        owner: &str,
        jti: &str,
        (until, refusal): (Time, Refusal),
    ) -> Self {
        let parts = [kind, "\0", owner, "\0", jti].map(str::as_bytes);
        Self {
            digest: digest::sha256_parts(&parts),
            until,
            refusal,
        }
    }
}

/// Begins a transaction of a client's call: its registration is the one it was authenticated by, and
/// what it showed is used from now on, on every node.
///
/// # Errors
/// [`Fault::Changed`], or the refusal of the first thing that was used before.
pub(crate) async fn enter_in(tx: &Write, caller: &Caller) -> Result<(), Fault> {
    client::check_in(tx, &caller.client).await?;
    use_all_in(tx, &caller.once).await
}

/// Marks all of `used` as used; the store knows, so every node does.
///
/// # Errors
/// The refusal of the first that was used before.
pub(crate) async fn use_all_in(tx: &Write, used: &[Once]) -> Result<(), Fault> {
    for once in used {
        if tx.run(&USE_ONCE, params![once.digest, once.until]).await? == 0 {
            return Err(once.refusal.clone().into());
        }
    }
    Ok(())
}

/// Marks something as used until `until`; `false` when it was used before.
pub(crate) async fn use_digest_in(
    tx: &Write,
    digest: [u8; 32],
    until: Time,
) -> Result<bool, crate::Error> {
    Ok(tx.run(&USE_ONCE, params![digest, until]).await? > 0)
}
