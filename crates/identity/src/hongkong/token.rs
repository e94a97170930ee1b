//! Codes and access tokens: opaque, kept as digests, good while the person stays connected to the client.

use std::time::Duration;

use kernel::{Actor, Id};
use serde_json::{Value, json};

use super::{
    HongKong,
    caller::Call,
    corporation,
    holder::SECRET_CHARS,
    registration::WireScope,
    reply::Fault,
    store::token::{self, NewToken, Token, TokenKind},
    task::Task,
    word::Word,
};
use crate::{
    Company, Person,
    provider::Client,
    store::{person, profile},
};

/// A code of a client in service lives this long.
const CODE_LIFE: Duration = Duration::from_secs(30);
/// A code of a test client, and of a request without a login.
const LONG_CODE_LIFE: Duration = Duration::from_secs(60);
/// An access token lives this long.
const ACCESS_LIFE: Duration = Duration::from_secs(4 * 3_600);
/// The token of a request without a login.
const SINGLE_LIFE: Duration = Duration::from_secs(10 * 60);
/// The one grant type.
const GRANT_TYPE: &str = "authorization_code";

/// A new code for what a person agreed to in `task`; with a company, the one that the company's token is
/// fetched with.
pub(crate) fn code(
    hk: &HongKong,
    client: &Client,
    (task, person, company): (&Task, Id<Person>, Option<Id<Company>>),
    scopes: &[WireScope],
) -> NewToken {
    let is_single = !task.kind.is_login();
    let life = if client.is_test || is_single {
        LONG_CODE_LIFE
    } else {
        CODE_LIFE
    };
    NewToken {
        secret: hk.provider().draw(),
        kind: match company {
            Some(_) => TokenKind::CorpCode,
            None => TokenKind::Code,
        },
        client: client.id().to_owned(),
        person,
        scopes: scopes.to_vec(),
        task: task.id,
        is_single,
        expires: hk.provider().now() + life,
        company,
    }
}

/// Uses up the code of this `kind` that the call carries. The access token, and what stands behind it.
pub(crate) async fn redeem(
    hk: &HongKong,
    call: &Call,
    (name, kind): (&'static str, TokenKind),
) -> Result<(String, Token), Fault> {
    let code = call.fields.need(name, SECRET_CHARS)?.to_owned();
    if call.fields.need("grantType", SECRET_CHARS)? != GRANT_TYPE {
        return Err(Word::Invalid.of("grantType").into());
    }
    let (client, secret) = (call.client.id().to_owned(), hk.provider().draw());
    let access = secret.clone();
    let used = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (code, client, secret) = (code.clone(), client.clone(), secret.clone());
            async move { redeem_in(&tx, (&code, kind), (&client, secret)).await }
        })
        .await?;
    Ok((access, used.ok_or(Word::CodeGone)?))
}

/// Exchanges the code of a person.
pub(crate) async fn exchange(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let (access, token) = redeem(hk, call, ("code", TokenKind::Code)).await?;
    let now = hk.provider().now();
    let owner = person::find_person(hk.store(), token.person)
        .await?
        .ok_or(Word::CodeGone)?;
    let known = profile::own_profile(hk.store(), hk.identity().vault(), owner.id).await?;
    // That the register said the same again is no change.
    let declared = known.fields.iter().filter(|field| !field.key.is_verified());
    let changed = declared.map(|field| field.updated).max();
    let changed = changed.map_or(owner.corrected, |at| at.max(owner.corrected));
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.code()).collect();
    let life = life_of(token.is_single);
    Ok(json!({
        "accessToken": access,
        "tokenType": "Bearer",
        "issueAt": now.micros() / 1_000,
        "expiresIn": i64::try_from(life.as_millis()).unwrap_or_default(),
        "openID": hk.provider().subject(&call.client.sector, owner.id),
        "lastModifiedDate": changed.micros() / 1_000,
        "userType": owner.level.code(),
        "scope": scopes.join(" "),
    }))
}

/// How long the access token lives that a code brings.
pub(crate) const fn life_of(is_single: bool) -> Duration {
    if is_single { SINGLE_LIFE } else { ACCESS_LIFE }
}

/// Uses the code and keeps the token it brings. A second use ends what the first brought.
async fn redeem_in(
    tx: &::store::Write,
    (code, kind): (&str, TokenKind),
    (client, secret): (&str, String),
) -> Result<Option<Token>, Fault> {
    let found = token::find_in(tx, code)
        .await?
        .filter(|token| token.kind == kind && token.client == client);
    let Some(found) = found else { return Ok(None) };
    if found.used.is_some() {
        token::end_in(tx, found.task).await?;
        return Ok(None);
    }
    let has_mandate = match found.company {
        Some(_) => corporation::mandate_in(tx, &found).await?.is_some(),
        None => true,
    };
    if !has_mandate || !found.is_live(tx.now()) || !token::use_in(tx, code).await? {
        return Ok(None);
    }
    let new = NewToken {
        secret,
        kind: match kind {
            TokenKind::CorpCode => TokenKind::CorpAccess,
            _ => TokenKind::Access,
        },
        client: client.to_owned(),
        person: found.person,
        scopes: found.scopes.clone(),
        task: found.task,
        is_single: found.is_single,
        expires: tx.now() + life_of(found.is_single),
        company: found.company,
    };
    token::insert_in(tx, &new).await?;
    Ok(Some(found))
}
