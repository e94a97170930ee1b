//! Requests without a login: a ticket, one answer of a phone, a short-lived code, one result.

use kernel::Actor;
use serde_json::{Value, json};
use trust::digest;

use super::{
    HongKong, account,
    caller::Call,
    holder,
    reply::Fault,
    store::{
        task::{self as tasks, NewTask},
        token::{self, TokenKind},
    },
    task::{Kind, Task, business_of, seal_asked},
    word::Word,
};

/// Keeps what is asked under a ticket; the browser that brings it is asked for a phone.
pub(crate) async fn initiate(hk: &HongKong, call: &Call, kind: Kind) -> Result<Value, Fault> {
    holder::check_registered(call, kind.scope())?;
    let business = business_of(&call.fields)?.to_owned();
    let asked = account::read_asked(hk, call, kind)?;
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
    Ok(json!({ "authByQR": asked.source.is_elsewhere(), "ticketID": ticket }))
}

/// Hands a result out, once: for the access token that the code brought, or for the code itself.
pub(crate) async fn result(hk: &HongKong, call: &Call, kind: Kind) -> Result<Value, Fault> {
    let (secret, shown) = match call.fields.optional("code", holder::SECRET_CHARS)? {
        Some(code) => (code.to_owned(), TokenKind::Code),
        None => {
            holder::read(hk, call).await?;
            let access = call.fields.need("accessToken", holder::SECRET_CHARS)?;
            (access.to_owned(), TokenKind::Access)
        }
    };
    let gone = match shown {
        TokenKind::Code => Word::CodeGone,
        TokenKind::Access => Word::Token,
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
        fields.insert("businessID".to_owned(), json!(task.business));
    }
    Ok(result)
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
    if !task.as_ref().is_some_and(|task| task.kind == kind) || !token::use_in(tx, secret).await? {
        return Ok(None);
    }
    tasks::drop_result_in(tx, found.task).await?;
    Ok(task)
}

/// The result of a request about a signed-in person, once, for a client whose callback was not heard.
pub(crate) async fn account_result(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let person = holder::read(hk, call).await?.person;
    let business = business_of(&call.fields)?.to_owned();
    let client = call.client.id().to_owned();
    let task = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (client, business) = (client.clone(), business.clone());
            async move {
                let found = tasks::by_business_in(&tx, &client, &business).await?;
                let Some(task) = found.filter(|task| task.person == Some(person)) else {
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
                fields.insert("isReady".to_owned(), json!(true));
                fields.insert("businessID".to_owned(), json!(task.business));
            }
            Ok(result)
        }
        Some(word) => Err(word.into()),
    }
}
