//! What the provider does beside requests: telling clients of a logout or of an approval that is
//! ready, again and again until they hear; folding and forgetting.

use std::time::Duration;

use ::store::{Store, Write};
use journal::{Failure, Job, OutboxEvent, Runner, Task};
use kernel::{Actor, Id};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Provider, ciba,
    client::Client,
    mint,
    outbound::{Post, Sent},
    store::{ciba as waiting, grant, request},
};
use crate::{Approval, Error, Person, wake};

/// The job that tells a client of a logout.
pub(crate) const LOGOUT: &str = "identity.client_logout";
/// The job that tells a client that its CIBA request has an outcome.
pub(crate) const PING: &str = "identity.client_ping";
/// The consumer of events that finds what to ping.
const CONSUMER: &str = "identity.openid";
/// The event of an approval's outcome.
const DECIDED: &str = "causeway.approval.decided.v1";
/// The member of `events` in a logout token.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A logout token lives this long: the client's clock may differ.
const LOGOUT_LIFE: i64 = 120;
/// How often old rows go.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Rows of each table one sweep touches.
const SWEPT: i64 = 5_000;
/// An answered or abandoned request is kept this long.
const REQUEST_KEPT: Duration = Duration::from_secs(3_600);

/// Adds the provider's work to a runner.
#[must_use]
pub fn jobs(runner: Runner, provider: &Provider) -> Runner {
    let (logout, ping, listener, sweeper) = (
        provider.clone(),
        provider.clone(),
        provider.clone(),
        provider.clone(),
    );
    wake::jobs(runner, provider)
        .on(LOGOUT, move |task| {
            let provider = logout.clone();
            async move { tell_logout(&provider, &task).await }
        })
        .on(PING, move |task| {
            let provider = ping.clone();
            async move { tell_ready(&provider, &task).await }
        })
        .consume(CONSUMER, move |event| {
            let provider = listener.clone();
            async move { hear(&provider, &event).await }
        })
        .every("identity.openid.sweep", SWEEP_EVERY, move || {
            let provider = sweeper.clone();
            async move {
                sweep(provider.store()).await?;
                // Another process may have rotated the keys: its tokens must verify here too.
                provider.keys().reload()?;
                Ok(())
            }
        })
}

/// Leaves a job in the caller's write.
pub(crate) async fn enqueue_in(
    tx: &Write,
    kind: &str,
    key: String,
    payload: Value,
) -> Result<(), Error> {
    let job = Job {
        kind,
        key: Some(key),
        payload,
        run_at: tx.now(),
    };
    journal::enqueue(tx, job).await?;
    Ok(())
}

/// Folds logins into days, and forgets what is over.
pub(crate) async fn sweep(store: &Store) -> Result<(), Error> {
    store
        .write(&Actor::system("openid"), |tx| async move {
            grant::fold_in(&tx, SWEPT).await?;
            request::forget_in(&tx, tx.now() - REQUEST_KEPT, SWEPT).await?;
            waiting::forget_in(&tx, tx.now() - REQUEST_KEPT, SWEPT).await?;
            Ok::<_, Error>(())
        })
        .await
}

#[derive(Deserialize)]
struct Logout {
    client: String,
    person: Id<Person>,
    session: String,
}

async fn tell_logout(provider: &Provider, task: &Task) -> Result<(), Failure> {
    let logout: Logout = serde_json::from_value(task.payload.clone())
        .map_err(|error| Failure::Dead(error.to_string()))?;
    // A client that is gone or never asked to hear has nothing to be told.
    let Some(client) = provider.client(&logout.client).await? else {
        return Ok(());
    };
    let Some(uri) = client.backchannel_logout_uri.clone() else {
        return Ok(());
    };
    let token = logout_token(provider, &client, &logout, task)?;
    let body = serde_urlencoded::to_string([("logout_token", token)])?;
    let post = Post {
        uri,
        content_type: "application/x-www-form-urlencoded",
        authorization: None,
        more: Vec::new(),
        body,
    };
    settle(provider.outbound().post(post).await)
}

/// OpenID Connect Back-Channel Logout section 2.4: no nonce, the one event, `typ` of its own.
fn logout_token(
    provider: &Provider,
    client: &Client,
    logout: &Logout,
    task: &Task,
) -> Result<String, Error> {
    let now = provider.now().seconds();
    let claims = json!({
        "iss": provider.issuer(),
        "aud": client.id(),
        "sub": provider.subject(&client.sector, logout.person),
        "sid": provider.session_for(client.id(), &logout.session),
        "iat": now,
        "exp": now + LOGOUT_LIFE,
        "jti": task.id,
        "events": { LOGOUT_EVENT: {} },
    });
    mint::sign(provider, mint::LOGOUT, &claims)
}

fn settle(sent: Sent) -> Result<(), Failure> {
    match sent {
        Sent::Heard => Ok(()),
        Sent::Refused => Err(Failure::Dead("the client refuses".to_owned())),
        Sent::Gone | Sent::Unheard => Err(Failure::Again("the client does not answer".to_owned())),
    }
}

/// An approval has its outcome: if a client waits for it and wants a ping, a job says so.
async fn hear(provider: &Provider, event: &OutboxEvent) -> Result<(), Failure> {
    if event.kind != DECIDED {
        return Ok(());
    }
    let Ok(id) = event.subject.parse::<Id<Approval>>() else {
        return Ok(());
    };
    let found = provider
        .store()
        .read(move |db| async move { waiting::by_approval_in(&db, id).await })
        .await?;
    if found.is_none_or(|found| found.notification.is_none()) {
        return Ok(());
    }
    provider
        .store()
        .write(&Actor::system("openid"), move |tx| async move {
            enqueue_in(&tx, PING, id.to_string(), json!({ "approval": id })).await
        })
        .await?;
    Ok(())
}

/// The approval a job is about.
pub(crate) fn approval_of(task: &Task) -> Result<Id<Approval>, Failure> {
    let id = task.payload.get("approval").and_then(Value::as_str);
    id.and_then(|id| id.parse().ok())
        .ok_or_else(|| Failure::Dead("no approval".to_owned()))
}

async fn tell_ready(provider: &Provider, task: &Task) -> Result<(), Failure> {
    let id = approval_of(task)?;
    let found = provider
        .store()
        .read(move |db| async move { waiting::by_approval_in(&db, id).await })
        .await?;
    let Some(found) = found else { return Ok(()) };
    let Some(client) = provider.client(&found.client).await? else {
        return Ok(());
    };
    let (Some(uri), Some(token)) = (client.ciba_notification_uri.clone(), found.notification)
    else {
        return Ok(());
    };
    let token = ciba::unsealed(provider, &token)?;
    let auth_req_id = ciba::unsealed(provider, &found.asked.id)?;
    let post = Post {
        uri,
        content_type: "application/json",
        authorization: Some(format!("Bearer {token}")),
        more: Vec::new(),
        body: json!({ "auth_req_id": auth_req_id }).to_string(),
    };
    settle(provider.outbound().post(post).await)
}
