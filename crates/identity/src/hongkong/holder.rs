//! Whose token a call carries, and whether it may be used for this.

use kernel::Id;
use serde_json::{Map, Value};

use super::{
    HongKong,
    caller::{Call, Fields},
    corporation, key,
    registration::WireScope,
    reply::Fault,
    store::token::{self, Token, TokenKind},
    word::{Dialect, Word},
};
use crate::{Mandate, Person};

/// Characters of a token or a subject.
pub(crate) const SECRET_CHARS: usize = 64;
/// Characters of a person's token sealed inside a company's call.
const SEALED_CHARS: usize = 2_000;

/// Somebody who acts for a company, by the company's token.
#[derive(Clone, Debug)]
pub(crate) struct Representative {
    pub(crate) token: Token,
    /// Worked out for this call.
    pub(crate) mandate: Mandate,
}

/// The person whose access token and openID the call carries, if they let the client do `scope`.
pub(crate) async fn of(hk: &HongKong, call: &Call, scope: WireScope) -> Result<Id<Person>, Fault> {
    check_registered(call, scope)?;
    let token = read(hk, call).await?;
    check_scope(&token, scope)?;
    Ok(token.person)
}

/// Who acts for which company by the token and cOpenID the call carries, if they let the client do
/// `scope`.
pub(crate) async fn representative(
    hk: &HongKong,
    call: &Call,
    scope: WireScope,
) -> Result<Representative, Fault> {
    check_registered(call, scope)?;
    let found = read_corporate(hk, call).await?;
    check_scope(&found.token, scope)?;
    Ok(found)
}

fn check_scope(token: &Token, scope: WireScope) -> Result<(), Fault> {
    if token.is_single {
        return Err(Word::Token.into());
    }
    if !token.scopes.contains(&scope) {
        return Err(Word::Scope.into());
    }
    Ok(())
}

/// Whether the client may ask for `scope` at all.
pub(crate) fn check_registered(call: &Call, scope: WireScope) -> Result<(), Fault> {
    let wire = call.client.wire.as_ref();
    if wire.is_some_and(|wire| wire.scopes.contains(&scope)) {
        Ok(())
    } else {
        Err(Word::Permission.into())
    }
}

/// The live access token of this client that the call carries, with the openID that belongs to it.
pub(crate) async fn read(hk: &HongKong, call: &Call) -> Result<Token, Fault> {
    let subject = call.fields.need("openID", SECRET_CHARS)?.to_owned();
    let secret = call.fields.need("accessToken", SECRET_CHARS)?;
    let token = live(hk, call, (secret, TokenKind::Access)).await?;
    if hk.provider().subject(&call.client.sector, token.person) != subject {
        return Err(Word::OpenId.into());
    }
    Ok(token)
}

/// The same of a company: live only while its person may act for the company, and the company lives.
pub(crate) async fn read_corporate(hk: &HongKong, call: &Call) -> Result<Representative, Fault> {
    let subject = call.fields.need("cOpenID", SECRET_CHARS)?.to_owned();
    let secret = call.fields.need("cAccessToken", SECRET_CHARS)?;
    let token = live(hk, call, (secret, TokenKind::CorpAccess)).await?;
    let read = token.clone();
    let mandate = hk
        .store()
        .read(move |db| {
            let token = read.clone();
            async move { corporation::mandate_in(&db, &token).await }
        })
        .await?
        .ok_or(Word::Token)?;
    let sector = &call.client.sector;
    if hk.provider().company_subject(sector, mandate.company.id) != subject {
        return Err(Word::OpenId.into());
    }
    Ok(Representative { token, mandate })
}

async fn live(
    hk: &HongKong,
    call: &Call,
    (secret, kind): (&str, TokenKind),
) -> Result<Token, Fault> {
    let secret = secret.to_owned();
    let found = hk
        .store()
        .read(move |db| {
            let secret = secret.clone();
            async move { token::find_in(&db, &secret).await }
        })
        .await?;
    let token = found
        .filter(|token| token.kind == kind && token.client == call.client.id())
        .filter(|token| token.is_live(hk.provider().now()))
        .ok_or(Word::Token)?;
    Ok(token)
}

/// Checks the token of the person themselves, which a company's call carries in `iAMToken`, sealed under
/// the content key of the person's own interface: it must be theirs who acts for the company, and allow
/// `scope`.
pub(crate) async fn check_person(
    hk: &HongKong,
    call: &Call,
    (who, scope): (&Representative, WireScope),
) -> Result<(), Fault> {
    check_registered(call, scope)?;
    let sealed = call.fields.need("iAMToken", SEALED_CHARS)?;
    let (key, _) = key::in_force(hk, &call.client, Dialect::IamSmart).await?;
    let plain = key
        .open(sealed)
        .map_err(|_| Word::NotOpened.of("iAMToken"))?;
    let fields: Map<String, Value> =
        serde_json::from_slice(&plain).map_err(|_| Word::NotOpened.of("iAMToken"))?;
    let inner = Call {
        fields: Fields(fields),
        ..call.clone()
    };
    let token = read(hk, &inner).await?;
    check_scope(&token, scope)?;
    if token.person == who.token.person {
        Ok(())
    } else {
        Err(Word::Token.of("iAMToken").into())
    }
}
