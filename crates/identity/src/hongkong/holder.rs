//! Whose token a call carries, and whether it may be used for this.

use kernel::Id;

use super::{
    HongKong,
    caller::Call,
    registration::WireScope,
    reply::Fault,
    store::token::{self, Token, TokenKind},
    word::Word,
};
use crate::Person;

/// Characters of a token or a subject.
pub(crate) const SECRET_CHARS: usize = 64;

/// The person whose access token and openID the call carries, if they let the client do `scope`.
pub(crate) async fn of(hk: &HongKong, call: &Call, scope: WireScope) -> Result<Id<Person>, Fault> {
    check_registered(call, scope)?;
    let token = read(hk, call).await?;
    if token.is_single {
        return Err(Word::Token.into());
    }
    if !token.scopes.contains(&scope) {
        return Err(Word::Scope.into());
    }
    Ok(token.person)
}

/// The person whose company token the call carries, and their mandate now.
pub(crate) async fn of_company(
    hk: &HongKong,
    call: &Call,
    scope: WireScope,
) -> Result<(Id<Person>, crate::Mandate), Fault> {
    let person = of(hk, call, scope).await?;
    let all = crate::mandates_of(hk.store(), person).await?;
    let ubi = call.fields.need("ubi", SECRET_CHARS)?;
    let found = all
        .into_iter()
        .find(|one| one.company.business_number == ubi);
    Ok((person, found.ok_or(Word::Token)?))
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
    let secret = call.fields.need("accessToken", SECRET_CHARS)?.to_owned();
    let subject = call.fields.need("openID", SECRET_CHARS)?;
    let found = hk
        .store()
        .read(move |db| {
            let secret = secret.clone();
            async move { token::find_in(&db, &secret).await }
        })
        .await?;
    let token = found
        .filter(|token| token.kind == TokenKind::Access && token.client == call.client.id())
        .filter(|token| token.is_live(hk.provider().now()))
        .ok_or(Word::Token)?;
    if hk.provider().subject(&call.client.sector, token.person) != subject {
        return Err(Word::OpenId.into());
    }
    Ok(token)
}
