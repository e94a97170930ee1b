//! The pages between a client's request and its answer: signing in, agreeing, and the phone where the
//! request weighs enough. One browser, the one that arrived with the request, can open them.

use axum::{extract::State, http::HeaderMap, response::Response};
use kernel::{Id, Text};
use web::{Form, HeaderValue, IntoResponse, Path, Visit, ctx, header};

use super::{
    Provider,
    authorize::{
        ARRIVED, Answer, CONNECT_LIFE, Next, Standing, Stop, back, connect_path, finish, issue,
        stand, wanted_scopes,
    },
    client::Client,
    detail::{Detail, digest_of},
    refusal::{Refusal, Word},
    request::Asked,
    scope::Scope,
    store::request::{self, Pending},
};
use crate::{
    Approval, ApprovalState, DetailLine, Error, FailReason, Level, NewApproval, Person, Purpose,
    approval::DETAIL_LINES,
    pages::{ask_in, binding},
    store::{approval, member},
};

pub(crate) async fn show(
    visit: Visit,
    State(provider): State<Provider>,
    headers: HeaderMap,
    Path(id): Path<Id<Pending>>,
) -> Response {
    let answered = go_on(&visit, &provider, (&headers, id)).await;
    finish(&visit, &provider, answered)
}

pub(crate) async fn decide(
    visit: Visit,
    State(provider): State<Provider>,
    headers: HeaderMap,
    (Path(id), form): (Path<Id<Pending>>, Form),
) -> Response {
    let answered = agree(&visit, &provider, (&headers, id), &form).await;
    finish(&visit, &provider, answered)
}

/// A request this browser arrived with and that is not answered yet.
async fn open(
    visit: &Visit,
    provider: &Provider,
    id: Id<Pending>,
) -> Result<(Pending, Client), Stop> {
    let stale = |reason| Stop::Page(Refusal::new(Word::InvalidRequestUri, reason));
    let arrived: Vec<Id<Pending>> = visit.recall(ARRIVED).unwrap_or_default();
    if !arrived.contains(&id) {
        return Err(stale("this browser did not begin this request"));
    }
    let pending = provider
        .store()
        .read(move |db| async move { request::find_in(&db, id).await })
        .await?
        .ok_or(stale("the request is unknown"))?;
    if pending.used.is_some() {
        return Err(stale("the request has been answered"));
    }
    if provider.now().since(pending.created) > CONNECT_LIFE {
        return Err(stale("the request has expired"));
    }
    let client = provider.client(&pending.client).await?;
    let client = client.ok_or(Stop::Page(Refusal::client("the client is unknown")))?;
    Ok((pending, client))
}

type At<'a> = (&'a HeaderMap, Id<Pending>);

async fn go_on(
    visit: &Visit,
    provider: &Provider,
    (headers, id): At<'_>,
) -> Result<Response, Stop> {
    let (pending, client) = open(visit, provider, id).await?;
    let mut standing = stand(visit, provider, &client, &pending.asked).await?;
    let outcome = match visit.query().get("approval").and_then(|id| id.parse().ok()) {
        Some(id) => Some(outcome(visit, provider, (&client, &pending.asked), id).await?),
        None => None,
    };
    let approved = outcome.flatten();
    let agreed = approved.as_ref().filter(|found| {
        let is_own = found.person.is_some() && found.person == standing.person;
        is_own && found.digest == digest_of(&id.to_string(), &pending.asked.details)
    });
    standing.has_agreed = agreed.is_some();
    match standing.next(&pending.asked, (pending.created, provider.now())) {
        Next::Refuse(refusal) => Err(back(&client, &pending.asked, refusal)),
        Next::SignIn => sign_in(visit, provider, (headers, id), (&client, &pending.asked)).await,
        Next::Consent => consent_page(visit, (&client, &pending), &standing),
        Next::Issue => {
            let approval = match agreed {
                Some(found) => Some((found.id, binding(visit).await?)),
                None => None,
            };
            let answer = Answer {
                client,
                asked: pending.asked,
                pending: Some(id),
                is_consent: approval.is_some(),
                approval,
            };
            issue(visit, provider, (answer, standing)).await
        }
    }
}

/// What the phone said. Rejected, cancelled, run out of time and not able to are told apart.
async fn outcome(
    visit: &Visit,
    provider: &Provider,
    (client, asked): (&Client, &Asked),
    id: Id<Approval>,
) -> Result<Option<Approval>, Stop> {
    let own = binding(visit).await?;
    let found = approval::find_for_browser(provider.store(), id, &own).await?;
    let denied = |word, reason| Err(back(client, asked, Refusal::new(word, reason)));
    match (found.state_at(provider.now()), found.reason) {
        (ApprovalState::Approved, _) if found.purpose != Purpose::SignIn => Ok(Some(found)),
        (ApprovalState::Rejected, _) => {
            denied(Word::AccessDenied, "the person refused on the phone")
        }
        (ApprovalState::Cancelled, _) => denied(Word::AccessDenied, "the person cancelled"),
        (ApprovalState::Expired, _) => {
            denied(Word::AccessDenied, "the person did not answer in time")
        }
        (ApprovalState::Failed, Some(FailReason::Level)) => {
            let reason = "the person does not reach the level that is asked for";
            denied(Word::UnmetAuthentication, reason)
        }
        (ApprovalState::Failed, _) => denied(Word::AccessDenied, "the phone may not approve"),
        _ => Ok(None),
    }
}

/// Asks the phone to sign the person in, naming the client that wants to know.
async fn sign_in(
    visit: &Visit,
    provider: &Provider,
    (headers, id): At<'_>,
    (client, asked): (&Client, &Asked),
) -> Result<Response, Stop> {
    let site = visit.site();
    let summary = site.text("identity.connect.sign_in.summary");
    let name = &client.name;
    let summary = Text::with_sc(
        summary.en.replace("{client}", &name.en),
        summary.tc.replace("{client}", &name.tc),
        summary.sc.replace("{client}", &name.sc),
    );
    let new = NewApproval {
        purpose: Purpose::SignIn,
        requester: client.asking(),
        place: Text::default(),
        asked: match asked.level {
            Some(level) if asked.is_essential => level,
            _ => Level::Basic,
        },
        person: None,
        digest: trust::digest::sha256(&summary.en),
        summary,
        detail: Vec::new(),
        binding: binding(visit).await?,
        return_to: connect_path(visit.lang(), id),
    };
    let (_, page) = ask_in(visit, provider.identity(), headers, new)
        .await
        .map_err(Stop::Failed)?;
    Ok(visit.redirect(&page))
}

/// The page that says who asks for what, and for what purpose.
fn consent_page(
    visit: &Visit,
    (client, pending): (&Client, &Pending),
    standing: &Standing,
) -> Result<Response, Stop> {
    let asked = &pending.asked;
    let scopes: Vec<_> = wanted_scopes(asked)
        .into_iter()
        .filter(|scope| *scope != Scope::Openid)
        .map(|scope| {
            ctx! {
                words => visit.t(&format!("identity.scope.{}", scope.code())),
                purpose => client.purpose_of(scope),
            }
        })
        .collect();
    let context = ctx! {
        client => client.name,
        purpose => client.purpose_of(Scope::Openid),
        is_test => client.is_test,
        scopes,
        lines => lines_of(&asked.details),
        resource => asked.resource.as_ref().map(|resource| resource.name.clone()),
        needs_phone => needs_phone(asked),
        who => visit.signed_in().map(|who| who.name.clone()),
        is_known => standing.person.is_some(),
        action => visit.path(),
    };
    let mut response = visit.page("identity/connect.html", context).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn lines_of(details: &[Detail]) -> Vec<DetailLine> {
    details.iter().flat_map(Detail::lines).collect()
}

fn needs_phone(asked: &Asked) -> bool {
    asked.details.iter().any(Detail::needs_phone)
}

async fn agree(
    visit: &Visit,
    provider: &Provider,
    (headers, id): At<'_>,
    form: &Form,
) -> Result<Response, Stop> {
    let (pending, client) = open(visit, provider, id).await?;
    let asked = &pending.asked;
    if form.text("choice") != "allow" {
        let reason = "the person does not agree";
        return Err(back(
            &client,
            asked,
            Refusal::new(Word::AccessDenied, reason),
        ));
    }
    let mut standing = stand(visit, provider, &client, asked).await?;
    // Whoever agrees must be who was asked: a session that ended meanwhile begins again.
    let is_ready = matches!(
        standing.next(asked, (pending.created, provider.now())),
        Next::Consent | Next::Issue
    );
    if !is_ready {
        return Ok(visit.redirect(&connect_path(visit.lang(), id)));
    }
    check_companies(provider, &standing, (&client, asked)).await?;
    if needs_phone(asked) {
        return ask_phone(visit, provider, (headers, id), (&client, asked, &standing)).await;
    }
    standing.has_agreed = true;
    let answer = Answer {
        asked: pending.asked,
        client,
        pending: Some(id),
        approval: None,
        is_consent: true,
    };
    issue(visit, provider, (answer, standing)).await
}

/// A person agrees to act for a company only where they hold a mandate.
async fn check_companies(
    provider: &Provider,
    standing: &Standing,
    (client, asked): (&Client, &Asked),
) -> Result<(), Stop> {
    let Some(person) = standing.person else {
        return Ok(());
    };
    if may_act(provider, person, (client.id(), &asked.details)).await? {
        Ok(())
    } else {
        let reason = "the person may not act for this company";
        Err(back(
            client,
            asked,
            Refusal::new(Word::AccessDenied, reason),
        ))
    }
}

/// Whether the person holds a mandate for every company in `details` that reaches the client, and powers for
/// every action.
pub(crate) async fn may_act(
    provider: &Provider,
    person: Id<Person>,
    (client, details): (&str, &[Detail]),
) -> Result<bool, Error> {
    let has_company = |detail: &Detail| matches!(detail, Detail::ActFor { .. });
    if !details.iter().any(has_company) {
        return Ok(true);
    }
    let mandates = member::mandates_of(provider.store(), person).await?;
    Ok(details.iter().all(|detail| match detail {
        Detail::ActFor { company, .. } => mandates.iter().any(|mandate| {
            mandate.company.company_number == *company
                && mandate.reaches(client)
                && detail.is_held(|right| mandate.may(right, client))
        }),
        _ => true,
    }))
}

/// Signing and paying are agreed to on the phone, line by line.
async fn ask_phone(
    visit: &Visit,
    provider: &Provider,
    (headers, id): At<'_>,
    (client, asked, standing): (&Client, &Asked, &Standing),
) -> Result<Response, Stop> {
    let detail = lines_of(&asked.details);
    if detail.len() > DETAIL_LINES {
        return Err(Stop::from(Error::Malformed("detail")));
    }
    let is_signature = asked
        .details
        .iter()
        .any(|detail| matches!(detail, Detail::Sign { .. }));
    let new = NewApproval {
        purpose: if is_signature {
            Purpose::Sign
        } else {
            Purpose::Consent
        },
        requester: client.asking(),
        place: Text::default(),
        asked: Level::Plus,
        person: standing.person,
        summary: visit.site().text("identity.connect.phone.summary"),
        detail,
        digest: digest_of(&id.to_string(), &asked.details),
        binding: binding(visit).await?,
        return_to: connect_path(visit.lang(), id),
    };
    let (_, page) = ask_in(visit, provider.identity(), headers, new)
        .await
        .map_err(Stop::Failed)?;
    Ok(visit.redirect(&page))
}
