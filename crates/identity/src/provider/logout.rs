//! Logout: a client sends the browser to end the session here (OpenID Connect RP-Initiated Logout),
//! and every client of the session hears of it (Back-Channel Logout), by jobs that try again.

use ::store::Write;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use kernel::Actor;
use serde_json::json;
use web::{Form, IntoResponse, Page, Visit, ctx};

use super::{
    Provider,
    authorize::{RECOGNISED, page},
    grant::Recognised,
    jobs, mint,
    params::Params,
    refusal::Refusal,
    store::grant,
};
use crate::Error;

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/logout";

/// A logout that a client asked for.
struct Leaving {
    /// Registered, with its state.
    place: Option<String>,
    /// Whether the hint proves that the client speaks of the session of this browser.
    is_certain: bool,
}

pub(crate) async fn posted(visit: Visit, body: Bytes) -> Response {
    match std::str::from_utf8(&body) {
        Ok(query) => visit.redirect(&format!("{PATH}?{query}")),
        Err(_) => Refusal::request("the parameters cannot be read").answer(),
    }
}

pub(crate) async fn leave(
    visit: Visit,
    State(provider): State<Provider>,
    RawQuery(query): RawQuery,
) -> web::Outcome<Response> {
    let query = query.unwrap_or_default();
    let leaving = match read(&visit, &provider, &query).await? {
        Ok(leaving) => leaving,
        Err(refusal) => return Ok(page(&visit, &refusal).into_response()),
    };
    if leaving.is_certain {
        end(&visit, provider.store()).await?;
        return Ok(go(&visit, leaving.place));
    }
    Ok(ask(&visit, &query).into_response())
}

/// Without a hint anybody could send a browser here: the person is asked.
fn ask(visit: &Visit, query: &str) -> Page {
    let context = ctx! {
        is_in => visit.signed_in().is_some(),
        action => visit.to("/connect-out"),
        query,
    };
    visit.page("identity/connect_out.html", context)
}

/// The person says that they want to leave.
pub(crate) async fn confirm(
    visit: Visit,
    State(provider): State<Provider>,
    form: Form,
) -> web::Outcome<Response> {
    let query = form.get("query").unwrap_or_default().to_owned();
    let leaving = match read(&visit, &provider, &query).await? {
        Ok(leaving) => leaving,
        Err(refusal) => return Ok(page(&visit, &refusal).into_response()),
    };
    end(&visit, provider.store()).await?;
    Ok(go(&visit, leaving.place))
}

fn go(visit: &Visit, place: Option<String>) -> Response {
    match place {
        Some(place) => visit.redirect_away(&place),
        None => visit.redirect(&visit.to("/sign-out")),
    }
}

async fn read(
    visit: &Visit,
    provider: &Provider,
    query: &str,
) -> Result<Result<Leaving, Refusal>, Error> {
    let params = match Params::read(query.as_bytes()) {
        Ok(params) => params,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let hint = match params.get("id_token_hint") {
        None => None,
        Some(token) => match mint::read_own(provider, mint::ID, token) {
            Some(claims) => Some(claims),
            None => return Ok(Err(Refusal::request("id_token_hint is not one of ours"))),
        },
    };
    let text = |name: &str| hint.as_ref()?.get(name)?.as_str();
    let id = params.get("client_id").or(text("aud"));
    if text("aud").is_some_and(|aud| Some(aud) != id) {
        return Ok(Err(Refusal::request("client_id is not the hint's client")));
    }
    let client = match id {
        Some(id) => provider.client(id).await?,
        None => None,
    };
    let wanted = params.get("post_logout_redirect_uri");
    let place = match (wanted, &client) {
        (None, _) => None,
        (Some(uri), Some(client))
            if client
                .post_logout_redirect_uris
                .iter()
                .any(|own| own == uri) =>
        {
            Some(with_state(uri, params.get("state")))
        }
        _ => {
            let reason = "post_logout_redirect_uri is not registered";
            return Ok(Err(Refusal::request(reason)));
        }
    };
    let who: Option<Recognised> = visit.recall(RECOGNISED);
    let own = client
        .zip(who)
        .map(|(client, who)| provider.session_for(client.id(), &who.session));
    let is_certain =
        visit.signed_in().is_none() || (own.is_some() && own.as_deref() == text("sid"));
    Ok(Ok(Leaving {
        place,
        is_certain: is_certain && hint.is_some(),
    }))
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else {
        return uri.to_owned();
    };
    let joint = if uri.contains('?') { '&' } else { '?' };
    let pair = serde_urlencoded::to_string([("state", state)]).unwrap_or_default();
    format!("{uri}{joint}{pair}")
}

/// Ends the browser's session, what was granted in it, and tells its clients.
///
/// # Errors
/// The store fails.
pub(crate) async fn end(visit: &Visit, store: &::store::Store) -> web::Outcome<()> {
    if let Some(who) = visit.recall::<Recognised>(RECOGNISED) {
        end_session(store, &visit.actor(), who.session).await?;
    }
    visit.sign_out().await?;
    Ok(())
}

/// Ends what was granted in a session, and leaves a job for every client that wants to hear of it.
pub(crate) async fn end_session(
    store: &::store::Store,
    actor: &Actor,
    session: String,
) -> Result<(), Error> {
    store
        .write(actor, move |tx| {
            let session = session.clone();
            async move { end_session_in(&tx, &session).await }
        })
        .await
}

/// As [`end_session`], in the write that ends the session.
pub(crate) async fn end_session_in(tx: &Write, session: &str) -> Result<(), Error> {
    for (id, client, person) in grant::end_session_in(tx, session).await? {
        let payload = json!({ "client": client, "person": person, "session": session });
        jobs::enqueue_in(tx, jobs::LOGOUT, id.to_string(), payload).await?;
    }
    Ok(())
}
