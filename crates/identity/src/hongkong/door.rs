//! What a browser sees: it arrives with a login or a ticket, waits on the house's own page, and goes back
//! to its client with a code or with the number of what went wrong.

use axum::extract::State;
use kernel::{Id, Lang, Text};
use trust::digest;
use web::{
    Failure, Form, HeaderMap, HeaderValue, IntoResponse, Path, Response, Visit, ctx, header,
};

use super::{
    HongKong, account, choice, picking,
    registration::WireScope,
    reply::Refusal,
    settle,
    store::task::{self as tasks, NewTask},
    task::{ADDRESS_CHARS, Asked, Kind, Source, State as Standing, Task, is_state, seal_asked},
    word::{Dialect, Word},
};
use crate::{
    Approval, Error, NewApproval,
    pages::{ask_drawn_in, ask_in, binding},
    provider::{self, Client},
    store::{approval, signing},
    wallet::Document,
};

/// Characters of a list of scopes.
const SCOPE_CHARS: usize = 300;
/// Characters of a ticket.
const TICKET_CHARS: usize = 64;

/// Where a browser goes back to.
#[derive(Clone, Debug)]
pub(super) struct Way {
    redirect_uri: String,
    state: Option<String>,
    business: Option<String>,
    /// Of a company a client may look for either of two names.
    dialect: Dialect,
}

impl Way {
    pub(super) fn of(asked: &Asked, task: &Task) -> Self {
        Self {
            redirect_uri: asked.redirect_uri.clone(),
            state: asked.state.clone(),
            business: task.business.clone(),
            dialect: task.kind.dialect(),
        }
    }

    fn back<const N: usize>(&self, first: [(&str, String); N]) -> String {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.extend(self.business.clone().map(|name| ("businessID", name)));
        pairs.extend(first);
        pairs.extend(self.state.clone().map(|state| ("state", state)));
        let query = serde_urlencoded::to_string(&pairs).unwrap_or_default();
        let joint = if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{joint}{query}", self.redirect_uri)
    }

    pub(super) fn refused(&self, word: Word) -> String {
        let told = ("error_code", word.sent(Dialect::IamSmart));
        match self.dialect {
            Dialect::IamSmart => self.back([told]),
            Dialect::CorpId => self.back([told, ("cError_code", word.sent(self.dialect))]),
        }
    }

    /// With the code of the person, and of the company when there is one.
    pub(super) fn granted(&self, concluded: &settle::Concluded) -> String {
        let code = concluded.code.clone().unwrap_or_default();
        match &concluded.corp_code {
            Some(own) => self.back([("code", code), ("cCode", own.clone())]),
            None => self.back([("code", code)]),
        }
    }
}

/// Why a browser is not let through.
pub(super) enum Stop {
    /// No address is known to be the client's: a page says so.
    Page(provider::Refusal),
    /// The client hears the number.
    Back(Box<Way>, Refusal),
    Failed(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<web::Error> for Stop {
    fn from(error: web::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

pub(super) fn finish(visit: &Visit, answered: Result<Response, Stop>) -> Response {
    let mut response = match answered {
        Ok(response) => response,
        Err(Stop::Failed(failure)) => failure.into_response(),
        Err(Stop::Page(refusal)) => provider::refusal_page(visit, &refusal).into_response(),
        Err(Stop::Back(way, refusal)) => {
            tracing::info!(
                code = refusal.word.code(),
                parameter = refusal.parameter,
                "wire login refused"
            );
            visit.redirect_away(&way.refused(refusal.word))
        }
    };
    // A code or a ticket stands in the address: it must not travel on, nor into a cache.
    let headers = response.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn stale(reason: &'static str) -> Stop {
    let word = provider::Word::InvalidRequestUri;
    Stop::Page(provider::Refusal::new(word, reason))
}

/// The first page of a login, and of a ticket.
pub(crate) async fn arrive(
    visit: Visit,
    State(hk): State<HongKong>,
    headers: HeaderMap,
) -> Response {
    let answered = begin(&visit, &hk, &headers).await;
    finish(&visit, answered)
}

async fn begin(visit: &Visit, hk: &HongKong, headers: &HeaderMap) -> Result<Response, Stop> {
    let query = visit.query();
    let unknown = || Stop::Page(provider::Refusal::client("the client is unknown"));
    let found = hk.provider().wire_client(query.text("clientID")).await?;
    let (client, is_suspended) = found.ok_or_else(unknown)?;
    let ticket = query.text("ticketID");
    if !ticket.is_empty() {
        if is_suspended || ticket.len() > TICKET_CHARS {
            return Err(unknown());
        }
        return with_ticket(visit, hk, (&client, headers), ticket).await;
    }
    let redirect_uri = query.text("redirectURI");
    if redirect_uri.len() > ADDRESS_CHARS || !client.redirects_to(redirect_uri) {
        let reason = "the address to go back to is not registered";
        return Err(Stop::Page(provider::Refusal::request(reason)));
    }
    // A list of scopes about a company makes it a login for one.
    let kind = match query.text("cScope") {
        "" => Kind::Login,
        _ => Kind::CorpLogin,
    };
    let way = Way {
        redirect_uri: redirect_uri.to_owned(),
        state: Some(query.text("state").to_owned()).filter(|state| is_state(state)),
        business: None,
        dialect: kind.dialect(),
    };
    let refused = |refusal| Stop::Back(Box::new(way.clone()), refusal);
    if is_suspended {
        return Err(refused(Word::Suspended.into()));
    }
    let mut asked = read(&client, query).map_err(refused)?;
    asked.secret = hk.provider().draw();
    let id = hk.env().id::<Task>();
    let page = format!("/{}/wire/{id}", asked.lang);
    let lead = (binding(visit).await?, Text::default(), page);
    let question = account::question(&client, (kind, &asked), None, lead);
    let (open, _) = ask_in(visit, hk.identity(), headers, question).await?;
    let new = NewTask {
        id,
        client: client.id().to_owned(),
        kind,
        business: None,
        ticket: None,
        person: None,
        approval: Some(open.id),
        signing: None,
        asked: seal_asked(hk.identity().vault(), id, &asked)?,
        expires: open.expires,
        company: None,
    };
    hk.store()
        .write(&visit.actor(), move |tx| {
            let new = new.clone();
            async move { tasks::insert_in(&tx, &new).await }
        })
        .await?;
    Ok(to_phone(visit, (&asked, &open)))
}

/// The waiting page; from a page on the phone itself, straight to the wallet when no page is wanted
/// between.
fn to_phone(visit: &Visit, (asked, open): (&Asked, &Approval)) -> Response {
    let waiting = format!("/{}/approvals/{}", asked.lang, open.id);
    let wants_page = asked.source.is_elsewhere() || visit.query().text("brokerPage") != "false";
    if wants_page {
        visit.redirect(&waiting)
    } else {
        visit.redirect(&format!("/app?approval={}&return={waiting}", open.id))
    }
}

fn read(client: &Client, query: &Form) -> Result<Asked, Refusal> {
    let need = |name: &'static str| match query.get(name) {
        None => Err(Word::Missing.of(name)),
        Some("") => Err(Word::Empty.of(name)),
        Some(value) => Ok(value),
    };
    if need("responseType")? != "code" {
        return Err(Word::Invalid.of("responseType"));
    }
    let source = Source::read(need("source")?)?;
    let lang = lang_of(query.text("lang"))?;
    let state = query.text("state");
    if !state.is_empty() && !is_state(state) {
        return Err(Word::Invalid.of("state"));
    }
    if !matches!(query.text("brokerPage"), "" | "true" | "false") {
        return Err(Word::Invalid.of("brokerPage"));
    }
    Ok(Asked {
        source,
        redirect_uri: need("redirectURI")?.to_owned(),
        state: Some(state.to_owned()).filter(|state| !state.is_empty()),
        lang,
        callback_uri: None,
        scopes: scopes_of(client, ("scope", need("scope")?), WireScope::Auth)?,
        corp_scopes: match query.text("cScope") {
            "" => Vec::new(),
            own => scopes_of(client, ("cScope", own), WireScope::CorpAuth)?,
        },
        fields: Vec::new(),
        corp_fields: Vec::new(),
        elsewhere: Vec::new(),
        company: None,
        company_name: None,
        form: None,
        signing: None,
        wallet: None,
        secret: String::new(),
        code: None,
    })
}

fn lang_of(code: &str) -> Result<Lang, Refusal> {
    match code {
        "" | "en-US" => Ok(Lang::En),
        "zh-HK" => Ok(Lang::Tc),
        "zh-CN" => Ok(Lang::Sc),
        _ => Err(Word::Invalid.of("lang")),
    }
}

/// One list of scopes: all of the interface that `least` belongs to, which must stand in it.
fn scopes_of(
    client: &Client,
    (name, text): (&'static str, &str),
    least: WireScope,
) -> Result<Vec<WireScope>, Refusal> {
    if text.len() > SCOPE_CHARS {
        return Err(Word::Invalid.of(name));
    }
    let mut scopes: Vec<WireScope> = text
        .split_whitespace()
        .map(|code| code.parse().map_err(|_| Word::Scope.of(name)))
        .collect::<Result<_, _>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    let wire = client.wire.as_ref();
    let may = |scope: &WireScope| {
        scope.dialect() == least.dialect() && wire.is_some_and(|wire| wire.scopes.contains(scope))
    };
    if !scopes.contains(&least) || !scopes.iter().all(may) {
        return Err(Word::Scope.of(name));
    }
    Ok(scopes)
}

async fn with_ticket(
    visit: &Visit,
    hk: &HongKong,
    (client, headers): (&Client, &HeaderMap),
    ticket: &str,
) -> Result<Response, Stop> {
    let print = digest::sha256(ticket);
    let task = hk
        .store()
        .read(move |db| async move { tasks::by_ticket_in(&db, print).await })
        .await?
        .filter(|task| task.client == client.id())
        .ok_or(stale("the ticket is unknown"))?;
    let lang = lang_of(visit.query().text("lang")).unwrap_or_default();
    if !task.kind.is_of_browser() {
        let page = format!("/{lang}/wire/{}?ticketID={ticket}", task.id);
        return Ok(visit.redirect(&page));
    }
    let mut asked = task.open_asked(hk.identity().vault())?;
    if asked.redirect_uri.is_empty() {
        come_back(client, visit.query(), &mut asked)?;
    }
    let way = Way::of(&asked, &task);
    if hk.provider().now() >= task.expires {
        let word = task.kind.family().timed_out();
        return Err(Stop::Back(Box::new(way), word.into()));
    }
    if task.state != Standing::Ticket {
        return Err(stale("the ticket has been used"));
    }
    asked.lang = lang;
    let open = ask_anybody(visit, hk, (client, headers), (&task, &asked)).await?;
    let sealed = seal_asked(hk.identity().vault(), task.id, &asked)?;
    let asked_for = open.clone();
    let presence = asked.signing.as_ref().and_then(|one| one.presence);
    let is_first = hk
        .store()
        .write(&visit.actor(), move |tx| {
            let (open, sealed) = (asked_for.clone(), sealed.clone());
            async move {
                if let Some(check) = presence {
                    signing::want_presence_in(&tx, &open, check).await?;
                }
                tasks::asked_in(&tx, task.id, (&open, &sealed)).await
            }
        })
        .await?;
    if !is_first {
        return Err(stale("the ticket has been used"));
    }
    Ok(to_phone(visit, (&asked, &open)))
}

/// Where this browser goes back to, which its request left open.
fn come_back(client: &Client, query: &Form, asked: &mut Asked) -> Result<(), Stop> {
    let redirect_uri = query.text("redirectURI");
    if redirect_uri.len() > ADDRESS_CHARS || !client.redirects_to(redirect_uri) {
        let reason = "the address to go back to is not registered";
        return Err(Stop::Page(provider::Refusal::request(reason)));
    }
    redirect_uri.clone_into(&mut asked.redirect_uri);
    asked.state = Some(query.text("state").to_owned()).filter(|state| is_state(state));
    if let Ok(source) = Source::read(query.text("source")) {
        asked.source = source;
    }
    Ok(())
}

/// Asks whichever phone comes: it is the answer that says who the person is.
async fn ask_anybody(
    visit: &Visit,
    hk: &HongKong,
    (client, headers): (&Client, &HeaderMap),
    (task, asked): (&Task, &Asked),
) -> Result<Approval, Stop> {
    let page = format!("/{}/wire/{}", asked.lang, task.id);
    let lead = (binding(visit).await?, Text::default(), page);
    let question: NewApproval = if task.kind.is_signature() {
        hk.room().question(&asked.signing(None, lead)?)?
    } else {
        account::question(client, (task.kind, asked), None, lead)
    };
    let draws = approval::Draws::of(hk.env()).with_code(asked.code.clone());
    let (open, _) = ask_drawn_in(visit, hk.identity(), headers, (question, draws)).await?;
    Ok(open)
}

/// Back from the phone; or, with a ticket, the page in between.
pub(crate) async fn show(
    visit: Visit,
    State(hk): State<HongKong>,
    Path(id): Path<Id<Task>>,
) -> Response {
    let ticket = visit.query().text("ticketID").to_owned();
    let answered = if ticket.is_empty() {
        go_back(&visit, &hk, id).await
    } else {
        between(&visit, &hk, (id, &ticket), None).await
    };
    finish(&visit, answered)
}

pub(super) async fn find(hk: &HongKong, id: Id<Task>) -> Result<(Task, Client), Stop> {
    let task = hk
        .store()
        .read(move |db| async move { tasks::find_in(&db, id).await })
        .await?
        .ok_or(stale("the request is unknown"))?;
    let client = hk.provider().wire_client(&task.client).await?;
    match client {
        Some((client, false)) => Ok((task, client)),
        _ => Err(Stop::Page(provider::Refusal::client(
            "the client is unknown",
        ))),
    }
}

async fn go_back(visit: &Visit, hk: &HongKong, id: Id<Task>) -> Result<Response, Stop> {
    let (task, client) = find(hk, id).await?;
    let open = task.approval.ok_or(stale("the request is unknown"))?;
    let own = binding(visit).await?;
    let found = approval::find_for_browser(hk.store(), open, &own).await?;
    if task.state == Standing::Done {
        return Err(stale("the request has been answered"));
    }
    let asked = task.open_asked(hk.identity().vault())?;
    let way = Way::of(&asked, &task);
    let task = match choice::settled_on(visit, hk, (task, &client, &found)).await? {
        Ok(task) => task,
        Err(page) => return Ok(page),
    };
    let actor = visit.actor();
    choice::conclude(visit, hk, (&task, &client, &way), (&actor, &own)).await
}

/// A task that the ticket opens: only who was handed the ticket may look, and withdraw it.
pub(super) async fn ticketed(
    hk: &HongKong,
    (id, ticket): (Id<Task>, &str),
) -> Result<(Task, Client, Approval), Stop> {
    let print = digest::sha256(ticket);
    let task = hk
        .store()
        .read(move |db| async move { tasks::by_ticket_in(&db, print).await })
        .await?
        .filter(|task| task.id == id && !task.kind.is_of_browser())
        .ok_or(stale("the ticket is unknown"))?;
    let (_, client) = find(hk, id).await?;
    let open = task.approval.ok_or(stale("the ticket is unknown"))?;
    let open = hk
        .store()
        .read(move |db| async move { approval::get_in(&db, open).await })
        .await?;
    Ok((task, client, open))
}

pub(super) async fn between(
    visit: &Visit,
    hk: &HongKong,
    (id, ticket): (Id<Task>, &str),
    refused: Option<&[Id<Document>]>,
) -> Result<Response, Stop> {
    let (task, client, open) = ticketed(hk, (id, ticket)).await?;
    let asked = task.open_asked(hk.identity().vault())?;
    let way = Way::of(&asked, &task);
    let state = open.state_at(hk.provider().now());
    if let Some(word) = task.kind.family().word(state, open.reason) {
        return Ok(visit.redirect_away(&way.refused(word)));
    }
    if !state.is_open() {
        return Ok(visit.redirect_away(&way.back([])));
    }
    let here = visit.to(&format!("/wire/{id}"));
    let back = format!("{here}%3FticketID%3D{ticket}");
    let context = ctx! {
        client => client.name,
        is_test => client.is_test,
        summary => open.summary,
        detail => open.detail,
        code => open.code,
        minutes => open.seconds_left(hk.provider().now()).div_ceil(60),
        link => format!("/app?approval={}&return={back}", open.id),
        simulated => visit.to(&format!("/demo/phone?approval={}", open.id)),
        pick => picking::view(visit, hk, (&open, refused)).await?,
        pick_error => refused.map(|_| visit.t("identity.wire.pick.error")),
        action => here,
        ticket,
    };
    let page = visit.page("identity/wire.html", context);
    Ok(match refused {
        Some(_) => page.with_errors().into_response(),
        None => page.into_response(),
    })
}

/// The person no longer wants to.
pub(crate) async fn cancel(
    visit: Visit,
    State(hk): State<HongKong>,
    (Path(id), form): (Path<Id<Task>>, Form),
) -> Response {
    let answered = withdraw(&visit, &hk, (id, form.text("ticketID"))).await;
    finish(&visit, answered)
}

async fn withdraw(
    visit: &Visit,
    hk: &HongKong,
    (id, ticket): (Id<Task>, &str),
) -> Result<Response, Stop> {
    let (task, _, open) = ticketed(hk, (id, ticket)).await?;
    let asked = task.open_asked(hk.identity().vault())?;
    let own = asked.binding();
    match approval::cancel(hk.store(), &visit.actor(), open.id, &own).await {
        Ok(()) | Err(Error::Decided | Error::Expired) => {}
        Err(error) => return Err(error.into()),
    }
    // What has come of it by now decides where the browser goes.
    between(visit, hk, (id, ticket), None).await
}
