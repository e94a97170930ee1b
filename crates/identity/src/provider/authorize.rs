//! The authorization endpoint: a browser arrives with a request and leaves with an answer, at once
//! when the person is recognised and has agreed before, else by way of `connect`.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use kernel::{Id, Lang, Time};
use web::{Failure, HeaderValue, IntoResponse, Page, StatusCode, Visit, ctx, header};

use super::{
    Provider,
    client::{Client, GrantKind},
    grant::{Granted, Issued, Recognised},
    mint,
    par::{self, URI},
    params::Params,
    refusal::{Fault, Refusal, Word},
    request::{Asked, Prompt, ReturnTo},
    resource::{self, Resource},
    scope::Scope,
    store::{
        client::check_in,
        consent::{self, Agreed, Connection},
        grant,
        request::{self, Pending},
    },
};
use crate::{Approval, Binding, Level, Person, store::approval};

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/authorize";
/// Who has arrived has this long to sign in and agree.
pub(crate) const CONNECT_LIFE: Duration = Duration::from_secs(20 * 60);
/// Where the browser remembers when and how its person was recognised.
pub(crate) const RECOGNISED: &str = "identity.recognised";
/// Where the browser remembers which requests it arrived with.
pub(crate) const ARRIVED: &str = "identity.connect";
/// Requests one browser works on.
pub(crate) const ARRIVED_MAX: usize = 10;

/// Why a browser does not get a code: told to the client, or on a page when there is no address that
/// is known to be the client's.
pub(crate) enum Stop {
    Page(Refusal),
    Back(Client, ReturnTo, Refusal),
    Failed(Failure),
}

impl From<crate::Error> for Stop {
    fn from(error: crate::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<web::Error> for Stop {
    fn from(error: web::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Page(refusal)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => Self::Page(refusal),
            Fault::Failed(error) => error.into(),
            Fault::Held(error) => error.into(),
            Fault::Changed(_) => Self::Page(Refusal::client("the client is unknown")),
        }
    }
}

/// `POST` is the same request in a body; as a `GET` the browser sends its cookie with it.
pub(crate) async fn posted(visit: Visit, body: Bytes) -> Response {
    match std::str::from_utf8(&body) {
        Ok(query) => visit.redirect(&format!("{PATH}?{query}")),
        Err(_) => Refusal::request("the parameters cannot be read").answer(),
    }
}

pub(crate) async fn arrive(
    visit: Visit,
    State(provider): State<Provider>,
    RawQuery(query): RawQuery,
) -> Response {
    let answered = begin(&visit, &provider, query.as_deref().unwrap_or_default()).await;
    finish(&visit, &provider, answered)
}

/// What becomes of a stop.
pub(crate) fn finish(
    visit: &Visit,
    provider: &Provider,
    answered: Result<Response, Stop>,
) -> Response {
    let mut response = match answered {
        Ok(response) => response,
        Err(Stop::Failed(failure)) => failure.into_response(),
        Err(Stop::Page(refusal)) => page(visit, &refusal).into_response(),
        Err(Stop::Back(client, back, refusal)) => {
            tracing::info!(
                error = refusal.word.code(),
                reason = refusal.reason,
                "login refused"
            );
            let answer = vec![
                ("error", refusal.word.code().to_owned()),
                ("error_description", refusal.reason.to_owned()),
            ];
            match mint::answer_to(provider, client.id(), &back, answer) {
                Ok(place) => visit.redirect_away(&place),
                Err(fault) => fault.answer(),
            }
        }
    };
    // A code stands in the address: it must not travel on to another site, nor into a cache.
    let headers = response.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The page of a refusal that no client may hear of.
pub(crate) fn page(visit: &Visit, refusal: &Refusal) -> Page {
    let kind = match refusal.word {
        Word::InvalidClient => "client",
        Word::InvalidRequestUri => "stale",
        _ => "request",
    };
    let context = ctx! {
        title => visit.t(&format!("identity.connect.refused.{kind}.title")),
        advice => visit.t(&format!("identity.connect.refused.{kind}.advice")),
        word => refusal.word.code(),
        reason => refusal.reason,
    };
    visit
        .page("identity/connect_refused.html", context)
        .status(StatusCode::BAD_REQUEST)
}

/// A request at the door.
struct Arrival {
    client: Client,
    asked: Asked,
    /// The pushed request; a plain one has no row yet.
    pending: Option<Pending>,
    /// What the person at the browser agreed to before.
    consent: Option<Connection>,
}

async fn begin(visit: &Visit, provider: &Provider, query: &str) -> Result<Response, Stop> {
    let params = Params::read(query.as_bytes()).map_err(Stop::Page)?;
    let who = Who::at(visit);
    let arrival = read(provider, (&params, &who)).await?;
    let now = provider.now();
    let began = arrival
        .pending
        .as_ref()
        .map_or(now, |pending| pending.created);
    let asked_by = (&arrival.client, &arrival.asked);
    let standing = who.stand(provider, asked_by, arrival.consent.clone());
    match standing.next(&arrival.asked, (began, now)) {
        Next::Refuse(refusal) => Err(back(&arrival.client, &arrival.asked, refusal)),
        Next::Issue => {
            let pending = arrival.pending.map(|pending| pending.id);
            let answer = Answer {
                client: arrival.client,
                asked: arrival.asked,
                pending,
                approval: None,
                is_consent: false,
            };
            issue(visit, provider, (answer, standing)).await
        }
        Next::SignIn | Next::Consent => {
            let id = match arrival.pending {
                Some(pending) => pending.id,
                None => keep(provider, &arrival).await?,
            };
            let mut arrived: Vec<Id<Pending>> = visit.recall(ARRIVED).unwrap_or_default();
            arrived.retain(|known| *known != id);
            arrived.push(id);
            let surplus = arrived.len().saturating_sub(ARRIVED_MAX);
            arrived.drain(..surplus);
            visit.remember(ARRIVED, &arrived).await?;
            let lang = arrival.asked.lang.unwrap_or_else(|| visit.lang());
            Ok(visit.redirect(&connect_path(lang, id)))
        }
    }
}

pub(crate) fn connect_path(lang: Lang, id: Id<Pending>) -> String {
    format!("/{lang}/connect/{id}")
}

pub(crate) fn back(client: &Client, asked: &Asked, refusal: Refusal) -> Stop {
    Stop::Back(client.clone(), asked.back(), refusal)
}

async fn read(provider: &Provider, (params, who): (&Params, &Who)) -> Result<Arrival, Stop> {
    let id = params
        .need("client_id", "client_id is missing")
        .map_err(Stop::Page)?;
    if let Some(uri) = params.get("request_uri") {
        return match pushed(provider, (id, uri), who).await {
            Err(Fault::Changed(_)) if provider.forget_changed(id).await? => {
                Ok(pushed(provider, (id, uri), who).await?)
            }
            arrived => Ok(arrived?),
        };
    }
    let client = able(provider.client(id).await?)?;
    // Where a request is signed, only what was signed counts (RFC 9101 section 5).
    let signed = match params.get("request") {
        Some(object) if !client.is_fapi() => Some(par::open(provider, &client, object).await?),
        _ => None,
    };
    let params = signed.as_ref().unwrap_or(params);
    let back = ReturnTo::read(params, &client).map_err(Stop::Page)?;
    let refused = |refusal| Stop::Back(client.clone(), back.clone(), refusal);
    if client.is_fapi() {
        let reason = "this client must push its requests";
        return Err(refused(Refusal::request(reason)));
    }
    let mut asked = Asked::read(params, &client, back.clone()).map_err(refused)?;
    asked.resource = match resource::read(provider, params).await {
        Err(Fault::Refused(refusal)) => return Err(refused(refusal)),
        read => read?,
    };
    Ok(Arrival {
        consent: who.consent(provider, &client).await?,
        client,
        asked,
        pending: None,
    })
}

/// A client that may send browsers here.
fn able(client: Option<Client>) -> Result<Client, Refusal> {
    client
        .filter(|client| client.has_grant(GrantKind::Code))
        .ok_or(Refusal::client("the client is unknown"))
}

/// What stands beside a `request_uri` is not looked at: only what was pushed counts. One look into the
/// store for all that decides what comes next.
async fn pushed(provider: &Provider, (id, uri): (&str, &str), who: &Who) -> Result<Arrival, Fault> {
    let client = able(provider.known_client(id).await?)?;
    let stale = |reason| Refusal::new(Word::InvalidRequestUri, reason);
    let secret = uri
        .strip_prefix(URI)
        .ok_or(stale("this request_uri is not one of ours"))?
        .to_owned();
    let (known, person) = (client.clone(), who.person());
    let (pending, consent) = provider
        .store()
        .read(move |db| async move {
            check_in(&db, &known).await?;
            let pending = request::by_uri_in(&db, &secret).await?;
            let consent = match person {
                Some(person) => consent::find_in(&db, person, known.id()).await?,
                None => None,
            };
            Ok::<_, Fault>((pending, consent))
        })
        .await?;
    let pending = pending
        .filter(|pending| pending.client == client.id())
        .ok_or(stale("this request_uri is unknown"))?;
    if pending.used.is_some() {
        return Err(stale("this request_uri has been used").into());
    }
    if provider.now() >= pending.expires {
        return Err(stale("this request_uri has expired").into());
    }
    Ok(Arrival {
        client,
        asked: pending.asked.clone(),
        pending: Some(pending),
        consent,
    })
}

async fn keep(provider: &Provider, arrival: &Arrival) -> Result<Id<Pending>, Stop> {
    let (client, asked) = (arrival.client.clone(), arrival.asked.clone());
    let (secret, now) = (provider.draw(), provider.now());
    let actor = kernel::Actor::system("openid");
    let id = provider
        .store()
        .write(&actor, move |tx| {
            let (client, asked, secret) = (client.clone(), asked.clone(), secret.clone());
            async move { request::keep_in(&tx, client.id(), &asked, (&secret, now)).await }
        })
        .await?;
    Ok(id)
}

/// Who is at the browser, and what they agreed to before.
pub(crate) struct Standing {
    pub(crate) person: Option<Id<Person>>,
    pub(crate) who: Option<Recognised>,
    /// What they agreed to before, for what the client says now that it is for.
    agreed: Vec<Scope>,
    /// Whose resources they agreed to have it used at.
    resources: Vec<String>,
    /// Whether the hint of the request speaks of somebody else.
    is_other: bool,
    /// Whether the person has just agreed to this very request.
    pub(crate) has_agreed: bool,
}

/// What a request needs next.
pub(crate) enum Next {
    SignIn,
    Consent,
    Issue,
    Refuse(Refusal),
}

pub(crate) async fn stand(
    visit: &Visit,
    provider: &Provider,
    client: &Client,
    asked: &Asked,
) -> Result<Standing, Stop> {
    let who = Who::at(visit);
    let consent = who.consent(provider, client).await?;
    Ok(who.stand(provider, (client, asked), consent))
}

/// The person at the browser, if one was recognised there.
struct Who(Option<(Id<Person>, Recognised)>);

impl Who {
    fn at(visit: &Visit) -> Self {
        let who: Option<Recognised> = visit.recall(RECOGNISED);
        let person = visit.signed_in().and_then(|who| match &who.actor {
            kernel::Actor::Resident { person, .. } => person.parse::<Id<Person>>().ok(),
            _ => None,
        });
        Self(person.zip(who))
    }

    fn person(&self) -> Option<Id<Person>> {
        self.0.as_ref().map(|(person, _)| *person)
    }

    async fn consent(
        &self,
        provider: &Provider,
        client: &Client,
    ) -> Result<Option<Connection>, crate::Error> {
        let Some(person) = self.person() else {
            return Ok(None);
        };
        let id = client.id().to_owned();
        provider
            .store()
            .read(move |db| async move { consent::find_in(&db, person, &id).await })
            .await
    }

    fn stand(
        self,
        provider: &Provider,
        (client, asked): (&Client, &Asked),
        consent: Option<Connection>,
    ) -> Standing {
        let (person, who) = self.0.unzip();
        let subject = |person| provider.subject(&client.sector, person);
        let is_other = person
            .zip(asked.id_token_hint.as_deref())
            .is_some_and(|(person, hint)| {
                let claims = mint::read_own(provider, mint::ID, hint);
                let named = claims
                    .as_ref()
                    .and_then(|claims| claims.get("sub")?.as_str());
                named != Some(&subject(person))
            });
        let covered = |scope: &Scope| {
            let agreed = consent.as_ref();
            agreed.is_some_and(|agreed| agreed.covers(client, *scope))
        };
        Standing {
            person,
            who,
            agreed: Scope::ALL.iter().copied().filter(covered).collect(),
            resources: consent.map(|agreed| agreed.resources).unwrap_or_default(),
            is_other,
            has_agreed: false,
        }
    }
}

impl Standing {
    /// Pure: what comes next for `asked`, which arrived at `began`.
    pub(crate) fn next(&self, asked: &Asked, (began, now): (Time, Time)) -> Next {
        let is_quiet = asked.has_prompt(Prompt::None);
        let is_fresh = self
            .who
            .as_ref()
            .is_some_and(|who| who.at >= began.seconds());
        if self.needs_login(asked, (began, now)) || (self.is_other && is_fresh) {
            let reason = "the person must sign in";
            return if is_quiet || (self.is_other && is_fresh) {
                Next::Refuse(Refusal::new(Word::LoginRequired, reason))
            } else {
                Next::SignIn
            };
        }
        let level = self.who.as_ref().map_or(Level::Basic, |who| who.level);
        if asked.is_essential && asked.level.is_some_and(|wanted| level < wanted) {
            let reason = "the person does not reach the acr that is essential";
            return Next::Refuse(Refusal::new(Word::UnmetAuthentication, reason));
        }
        if self.has_agreed || !self.needs_consent(asked) {
            return Next::Issue;
        }
        if is_quiet {
            let reason = "the person must agree";
            return Next::Refuse(Refusal::new(Word::ConsentRequired, reason));
        }
        Next::Consent
    }

    fn needs_login(&self, asked: &Asked, (began, now): (Time, Time)) -> bool {
        let Some(who) = &self.who else { return true };
        let is_fresh = who.at >= began.seconds();
        let is_forced = asked.has_prompt(Prompt::Login) || asked.has_prompt(Prompt::SelectAccount);
        let is_old = asked
            .max_age
            .is_some_and(|age| now.seconds().saturating_sub(who.at) > age);
        let is_low = asked.level.is_some_and(|wanted| who.level < wanted);
        is_old && !is_fresh || self.is_other || !is_fresh && (is_forced || is_low)
    }

    fn needs_consent(&self, asked: &Asked) -> bool {
        let is_new = |resource: &Resource| !self.resources.contains(&resource.uri);
        asked.has_prompt(Prompt::Consent)
            || !asked.details.is_empty()
            || asked.resource.as_ref().is_some_and(is_new)
            || wanted_scopes(asked)
                .iter()
                .any(|scope| !self.agreed.contains(scope))
    }
}

/// The scopes a request needs a person's agreement to, those of single claims included.
pub(crate) fn wanted_scopes(asked: &Asked) -> Vec<Scope> {
    let claims = asked.id_claims.iter().chain(&asked.info_claims);
    let mut scopes: Vec<Scope> = asked
        .scopes
        .iter()
        .copied()
        .chain(claims.map(|claim| claim.scope()))
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// A request the person may be given to.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) client: Client,
    pub(crate) asked: Asked,
    pub(crate) pending: Option<Id<Pending>>,
    /// The approval that allows it, and the binding of the browser that asked.
    pub(crate) approval: Option<(Id<Approval>, Binding)>,
    /// Whether the person agreed just now, which is put on record.
    pub(crate) is_consent: bool,
}

/// Writes the grant and its code, and sends the browser back: one write.
pub(crate) async fn issue(
    visit: &Visit,
    provider: &Provider,
    (answer, standing): (Answer, Standing),
) -> Result<Response, Stop> {
    let (Some(person), Some(who)) = (standing.person, standing.who) else {
        return Err(Stop::Failed(Failure::not_found()));
    };
    let code = provider.draw();
    let mut content = Granted::of(&answer.asked, &answer.client, &who);
    content.approval = answer.approval.as_ref().map(|(id, _)| *id);
    let issued = Issued {
        client: answer.client.id().to_owned(),
        person,
        session: Some(who.session),
        life: content.life(&answer.client),
        content,
        code: Some(code.clone()),
        refresh: None,
    };
    let subject = provider.subject(&answer.client.sector, person);
    let (client, asked) = (answer.client.clone(), answer.asked.clone());
    let written = provider
        .store()
        .write(&visit.actor(), move |tx| {
            let (answer, issued, subject) = (answer.clone(), issued.clone(), subject.clone());
            async move {
                if let Some(id) = answer.pending {
                    request::use_in(&tx, id).await?;
                }
                if let Some((id, binding)) = &answer.approval {
                    approval::consume_in(&tx, *id, binding).await?;
                }
                if answer.is_consent {
                    let scopes = wanted_scopes(&answer.asked);
                    let known = (answer.client.id(), subject.as_str());
                    let resource = answer.asked.resource.as_ref();
                    let agreed = Agreed::to(&answer.client, &scopes, resource);
                    consent::agree_in(&tx, person, known, &agreed).await?;
                }
                grant::insert_in(&tx, &issued).await?;
                Ok::<_, Fault>(())
            }
        })
        .await;
    written?;
    let place = mint::answer_to(provider, client.id(), &asked.back(), vec![("code", code)])?;
    Ok(visit.redirect_away(&place))
}
