//! Requests without a login: a ticket, one answer of a phone, a short-lived code, one result.

use kernel::Actor;
use serde_json::{Value, json};
use trust::digest;

use super::{
    HongKong, account, broker, bulk,
    caller::Call,
    corporation, holder,
    reply::Fault,
    store::{
        task::{self as tasks, NewTask},
        token::{self, TokenKind},
    },
    task::{Kind, Task, business_of, seal_asked},
    word::{Dialect, Word},
};
use crate::approval::drawn_code;

/// Keeps what is asked under a ticket; the browser that brings it is asked for a phone.
pub(crate) async fn initiate(hk: &HongKong, call: &Call, kind: Kind) -> Result<Value, Fault> {
    holder::check_registered(call, kind.scope())?;
    let business = business_of(&call.fields)?.to_owned();
    let mut asked = account::read_asked(hk, call, kind)?;
    let code = drawn_code(hk.env());
    asked.code = Some(code.clone());
    let id = hk.env().id::<Task>();
    let ticket = hk.provider().draw();
    let new = NewTask {
        id,
        client: call.client.id().to_owned(),
        kind,
        business: Some(business),
        ticket: Some(digest::sha256(&ticket)),
        person: None,
        approval: None,
        signing: None,
        asked: seal_asked(hk.identity().vault(), id, &asked)?,
        expires: hk.provider().now() + kind.ticket_life(),
        company: None,
    };
    let is_new = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let new = new.clone();
            async move { tasks::insert_in(&tx, &new).await }
        })
        .await?;
    if !is_new {
        return Err(Word::Business.of("businessID").into());
    }
    let mut answer = json!({
        "authByQR": asked.source.is_elsewhere(),
        "ticketID": ticket,
        "identificationCode": code,
    });
    if kind.is_bulk()
        && let Some(fields) = answer.as_object_mut()
    {
        fields.insert("statusToken".to_owned(), json!(bulk::status_token(hk, id)));
    }
    Ok(answer)
}

/// Hands a result out, once: for the access token that the code brought, or for the code itself.
pub(crate) async fn result(hk: &HongKong, call: &Call, kind: Kind) -> Result<Value, Fault> {
    let (secret, shown) = presented(hk, call).await?;
    let gone = match shown {
        TokenKind::Code | TokenKind::CorpCode => Word::CodeGone,
        TokenKind::Access | TokenKind::CorpAccess => Word::Token,
    };
    let client = call.client.id().to_owned();
    let task = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (secret, client) = (secret.clone(), client.clone());
            async move { fetch_in(&tx, (&secret, shown), (&client, kind)).await }
        })
        .await?
        .ok_or(gone)?;
    let result = task.open_result(hk.identity().vault())?;
    let mut result = result.ok_or(gone)?;
    if let Some(fields) = result.as_object_mut() {
        broker::seal_personal(hk, &call.client, fields).await?;
        fields.insert("businessID".to_owned(), json!(task.business));
    }
    Ok(result)
}

/// The code or token that fetches a result: the person's, or over the other interface the company's.
async fn presented(hk: &HongKong, call: &Call) -> Result<(String, TokenKind), Fault> {
    let (code, access, kinds) = match call.dialect {
        Dialect::IamSmart => ("code", "accessToken", (TokenKind::Code, TokenKind::Access)),
        Dialect::CorpId => (
            "cAuthCode",
            "cAccessToken",
            (TokenKind::CorpCode, TokenKind::CorpAccess),
        ),
    };
    if let Some(code) = call.fields.optional(code, holder::SECRET_CHARS)? {
        return Ok((code.to_owned(), kinds.0));
    }
    match call.dialect {
        Dialect::IamSmart => holder::read(hk, call).await.map(|_| ())?,
        Dialect::CorpId => holder::read_corporate(hk, call).await.map(|_| ())?,
    }
    let access = call.fields.need(access, holder::SECRET_CHARS)?;
    Ok((access.to_owned(), kinds.1))
}

/// The task behind a single-use token, with its result for the last time. Asked for as another kind, it
/// stays where it is.
async fn fetch_in(
    tx: &::store::Write,
    (secret, shown): (&str, TokenKind),
    (client, kind): (&str, Kind),
) -> Result<Option<Task>, Fault> {
    let found = token::find_in(tx, secret).await?.filter(|token| {
        token.kind == shown && token.is_single && token.client == client && token.is_live(tx.now())
    });
    let Some(found) = found else { return Ok(None) };
    let task = tasks::find_in(tx, found.task).await?;
    let is_own = task.as_ref().is_some_and(|task| task.kind == kind);
    let is_cut_off =
        found.company.is_some() && corporation::mandate_in(tx, &found).await?.is_none();
    if !is_own || is_cut_off || !token::use_in(tx, secret).await? {
        return Ok(None);
    }
    tasks::drop_result_in(tx, found.task).await?;
    Ok(task)
}

/// The result of a request about a signed-in person, once, for a client whose callback was not heard.
pub(crate) async fn account_result(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let (person, company) = match call.dialect {
        Dialect::IamSmart => (holder::read(hk, call).await?.person, None),
        Dialect::CorpId => {
            let token = holder::read_corporate(hk, call).await?.token;
            (token.person, token.company)
        }
    };
    let business = business_of(&call.fields)?.to_owned();
    let client = call.client.id().to_owned();
    let task = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (client, business) = (client.clone(), business.clone());
            async move {
                let found = tasks::by_business_in(&tx, &client, &business).await?;
                let Some(task) =
                    found.filter(|task| task.person == Some(person) && task.company == company)
                else {
                    return Ok::<_, Fault>(None);
                };
                tasks::drop_result_in(&tx, task.id).await?;
                Ok(Some(task))
            }
        })
        .await?
        .ok_or(Word::Invalid.of("businessID"))?;
    match task.outcome {
        None => Ok(json!({ "isReady": false, "businessID": task.business })),
        Some(Word::Success) => {
            let result = task.open_result(hk.identity().vault())?;
            let mut result = result.ok_or(Word::Unknown)?;
            if let Some(fields) = result.as_object_mut() {
                broker::seal_personal(hk, &call.client, fields).await?;
                fields.insert("isReady".to_owned(), json!(true));
                fields.insert("businessID".to_owned(), json!(task.business));
            }
            Ok(result)
        }
        Some(word) => Err(word.into()),
    }
}
