//! The payer's way: the bill, the choice of method, waiting for the provider's word, the outcome.
//! What the browser brings back is never believed; every page reads what is on record.

use axum::{body::Bytes, extract::State, http::Method as Verb};
use kernel::{Actor, Id, Lang, Role, Text};
use qrcode::{QrCode, render::svg};
use serde::Serialize;
use web::{
    Access, Download, Form, HeaderMap, IntoResponse, Json, Outcome, Page, Path, Response, Routes,
    ToSchema, Value, Visit, ctx, operation,
};

use crate::{
    Attempt, Demand, DemandState, Error, Method, NewAttempt, Next, Payer, PublicState, Receipt,
    Shroff, store as tables,
};

/// Seconds between two looks of a waiting page.
const REFRESH_SECONDS: u32 = 4;
const READERS: Access = Access::Roles(&[Role::Resident, Role::Officer, Role::Supervisor]);

/// The routes of the payer's pages and of the providers' webhooks.
#[must_use]
pub fn routes(shroff: &Shroff) -> Routes {
    let hears = operation::<(), Heard>("Takes in a payment provider's signed report");
    Routes::new()
        .get("/{lang}/pay/{demand}", Access::RESIDENT, bill)
        .extension(web::Extension::PostsAway)
        .post("/{lang}/pay/{demand}", Access::RESIDENT, start)
        .extension(web::Extension::PostsAway)
        .get(
            "/{lang}/pay/{demand}/attempt/{attempt}",
            Access::RESIDENT,
            attempt,
        )
        .get(
            "/{lang}/pay/{demand}/attempt/{attempt}/state",
            Access::RESIDENT,
            state,
        )
        .post(
            "/{lang}/pay/{demand}/attempt/{attempt}/cancel",
            Access::RESIDENT,
            cancel,
        )
        .get("/{lang}/pay/{demand}/receipt/{receipt}", READERS, receipt)
        .json(
            &Verb::POST,
            "/payments/webhooks/{provider}",
            Access::Public,
            hears,
            webhook,
        )
        .rate(web::Rate::Any)
        .with_state(shroff)
}

/// The answer to a webhook.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Heard {
    /// Always true: anything else is a problem document.
    heard: bool,
}

/// A demand and everything paid on it.
struct Account {
    demand: Demand,
    attempts: Vec<Attempt>,
    receipts: Vec<Receipt>,
    is_returning: bool,
}

async fn bill(
    State(shroff): State<Shroff>,
    visit: Visit,
    Path(id): Path<Id<Demand>>,
) -> Outcome<Page> {
    let account = account(&shroff, &visit, id).await?;
    Ok(bill_page(&visit, &account, None))
}

fn bill_page(visit: &Visit, account: &Account, error: Option<String>) -> Page {
    let demand = &account.demand;
    let now = visit.site().env().now();
    let open = account
        .attempts
        .iter()
        .rev()
        .find(|attempt| attempt.state.is_pending() && attempt.expires_at > now);
    let key = visit.site().env().id::<Attempt>().to_string();
    let options: Vec<Value> = tables::attempt::METHODS
        .into_iter()
        .map(|method| {
            ctx! {
                value => method.code(),
                words => method.words().get(visit.lang()),
                hint => visit.t(method_hint(method)),
            }
        })
        .collect();
    let has_error = error.is_some();
    let page = visit.page(
        "payments/bill.html",
        ctx! {
            title => visit.t(if demand.state == DemandState::Open {
                "payments.bill.title"
            } else {
                "payments.bill.title_closed"
            }),
            toggle_form => "form",
            demand => shown(demand),
            state => demand.state.code(),
            is_overdue => demand.is_overdue(now),
            receipts => account.receipts.iter().map(|receipt| receipt_row(visit, receipt)).collect::<Vec<_>>(),
            is_returning => account.is_returning,
            open => open.map(|attempt| visit.to(&format!("/pay/{}/attempt/{}", demand.id, attempt.id))),
            back => visit.to(&demand.back),
            key,
            options,
            error => error.unwrap_or_default(),
        },
    );
    if has_error { page.with_errors() } else { page }
}

async fn start(
    State(shroff): State<Shroff>,
    visit: Visit,
    Path(id): Path<Id<Demand>>,
    form: Form,
) -> Outcome<Response> {
    let account = account(&shroff, &visit, id).await?;
    if let Some(lang) = visit.switch(&form) {
        return Ok(visit.redirect(&format!("/{lang}/pay/{id}")));
    }
    let Some(method) = Method::from_code(form.text("method")) else {
        let error = Some(visit.t("payments.bill.choose"));
        return Ok(bill_page(&visit, &account, error).into_response());
    };
    let new = NewAttempt {
        method,
        key: form.text("key").to_owned(),
        lang: visit.lang(),
    };
    let attempt = shroff.pay(&visit.actor(), id, new).await?;
    match (&attempt.next, attempt.state.public()) {
        (Some(Next::Page { url }), PublicState::Created | PublicState::Started) => {
            Ok(visit.redirect_away(url))
        }
        _ => Ok(visit.redirect(&visit.to(&format!("/pay/{id}/attempt/{}", attempt.id)))),
    }
}

async fn attempt(
    State(shroff): State<Shroff>,
    visit: Visit,
    Path((id, attempt)): Path<(Id<Demand>, Id<Attempt>)>,
) -> Outcome<Page> {
    let account = account(&shroff, &visit, id).await?;
    let attempt = one(&account, attempt)?;
    let context = standing(&visit, &account, attempt)?;
    Ok(visit.page("payments/attempt.html", context))
}

/// The part of the waiting page that a script fetches again and again. When the outcome is known,
/// `x-next` names the page to go to.
async fn state(
    State(shroff): State<Shroff>,
    visit: Visit,
    Path((id, attempt)): Path<(Id<Demand>, Id<Attempt>)>,
) -> Outcome<Response> {
    let account = account(&shroff, &visit, id).await?;
    let attempt = one(&account, attempt)?;
    let html = visit.render("payments/state.html", standing(&visit, &account, attempt)?)?;
    let mut response = axum::response::Html(html).into_response();
    if !attempt.state.is_pending() {
        let next = visit.to(&format!("/pay/{id}/attempt/{}", attempt.id));
        if let Ok(next) = web::HeaderValue::from_str(&next) {
            response.headers_mut().insert("x-next", next);
        }
    }
    Ok(response)
}

async fn cancel(
    State(shroff): State<Shroff>,
    visit: Visit,
    Path((id, attempt)): Path<(Id<Demand>, Id<Attempt>)>,
) -> Outcome<Response> {
    let account = account(&shroff, &visit, id).await?;
    let attempt = shroff.give_up(one(&account, attempt)?).await?;
    let place = match attempt.state.public() {
        PublicState::Cancelled => {
            visit.flash("payments.flash.cancelled");
            visit.to(&format!("/pay/{id}"))
        }
        _ => visit.to(&format!("/pay/{id}/attempt/{}", attempt.id)),
    };
    Ok(visit.redirect(&place))
}

async fn receipt(
    State(shroff): State<Shroff>,
    visit: Visit,
    Path((id, receipt)): Path<(Id<Demand>, Id<Receipt>)>,
) -> Outcome<Download> {
    let account = account(&shroff, &visit, id).await?;
    let receipt = account
        .receipts
        .iter()
        .find(|own| own.id == receipt)
        .ok_or(Error::NotFound)?;
    let who = visit.require()?;
    let payer = match who.actor {
        Actor::Resident { .. } => who.name.clone(),
        _ => visit.t("payments.receipt.payer"),
    };
    let notice = shroff.is_demo().then(|| demo_words(visit.lang()));
    let document = receipt.document(&account.demand, visit.lang(), &payer, notice);
    let bytes = tokio::task::spawn_blocking(move || paper::render(&document))
        .await
        .map_err(|_| Error::Range)?
        .map_err(Error::from)?;
    let bytes = shroff.seal(bytes).await?;
    Ok(Download {
        file_name: format!("receipt-{}.pdf", receipt.number),
        content_type: "application/pdf",
        bytes: bytes.into(),
        is_inline: true,
    })
}

async fn webhook(
    State(shroff): State<Shroff>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome<Json<Heard>> {
    shroff.webhook(&provider, &headers, &body).await?;
    Ok(Json(Heard { heard: true }))
}

fn demo_words(lang: Lang) -> String {
    Text::new(
        "Demonstration. No money was moved and this receipt has no legal effect.",
        "示範收據：並無實際款項往來，不具法律效力。",
    )
    .get(lang)
    .to_owned()
}

/// Everything about a demand, for its payer or an officer; for anybody else it does not exist.
async fn account(shroff: &Shroff, visit: &Visit, id: Id<Demand>) -> Outcome<Account> {
    let actor = visit.require()?.actor.clone();
    let account = shroff
        .store()
        .read(move |db| async move {
            let demand = tables::demand::get(&db, id).await?;
            if !may_see(&actor, demand.payer) {
                return Err(Error::NotFound);
            }
            let refunds = tables::refund::refunds_of(&db, id).await?;
            Ok(Account {
                demand,
                attempts: tables::attempt::attempts_of(&db, id).await?,
                receipts: tables::receipt::receipts_of(&db, id).await?,
                is_returning: refunds.iter().any(|refund| refund.state.holds_money()),
            })
        })
        .await?;
    Ok(account)
}

fn may_see(actor: &Actor, payer: Id<Payer>) -> bool {
    match actor {
        Actor::Resident { person, .. } => *person == payer.to_string(),
        Actor::Officer { .. } => true,
        Actor::Visitor | Actor::System { .. } => false,
    }
}

fn one(account: &Account, id: Id<Attempt>) -> Result<&Attempt, Error> {
    account
        .attempts
        .iter()
        .find(|attempt| attempt.id == id)
        .ok_or(Error::NotFound)
}

fn standing(visit: &Visit, account: &Account, attempt: &Attempt) -> Result<Value, Error> {
    let demand = &account.demand;
    let own = account
        .receipts
        .iter()
        .find(|receipt| receipt.attempt == attempt.id);
    let (code, simulated) = match &attempt.next {
        Some(Next::Code { payload, simulated }) => (Some(picture(payload)?), simulated.clone()),
        Some(Next::Page { url }) => (None, Some(url.clone())),
        None => (None, None),
    };
    let here = visit.to(&format!("/pay/{}/attempt/{}", demand.id, attempt.id));
    let public = attempt.state.public();
    Ok(ctx! {
        title => visit.t(title_of(attempt)),
        demand => shown(demand),
        state => public,
        code => attempt.state.reason_code(),
        detail_key => attempt.state.code(),
        words => visit.t(words_of(attempt, demand)),
        method => attempt.method.code(),
        amount => attempt.amount,
        is_pending => attempt.state.is_pending(),
        expires_at => attempt.expires_at,
        picture => code,
        open => simulated,
        here => here,
        bill => visit.to(&format!("/pay/{}", demand.id)),
        back => visit.to(&demand.back),
        receipt => own.map(|receipt| receipt_row(visit, receipt)),
        every => REFRESH_SECONDS,
        is_paid => demand.state == DemandState::Paid,
    })
}

fn title_of(attempt: &Attempt) -> &'static str {
    match (attempt.state.public(), attempt.method) {
        (PublicState::Created | PublicState::Started, Method::Fps) => "payments.attempt.scan",
        (PublicState::Created | PublicState::Started | PublicState::Submitted, _) => {
            "payments.attempt.checking"
        }
        (PublicState::Success, _) => "payments.attempt.success",
        (PublicState::Failed, _) => "payments.attempt.failed",
        (PublicState::Cancelled, _) => "payments.attempt.cancelled",
        (PublicState::Error, _) => "payments.attempt.error",
    }
}

fn words_of(attempt: &Attempt, demand: &Demand) -> &'static str {
    use crate::AttemptState as State;
    match attempt.state {
        State::Created | State::Started if attempt.method == Method::Fps => "payments.words.scan",
        State::Created | State::Started | State::Submitted => "payments.words.checking",
        State::Received if demand.state == DemandState::Paid => "payments.words.received",
        State::Received => "payments.words.returned",
        State::Declined => "payments.words.declined",
        State::Expired => "payments.words.expired",
        State::CancelledByPayer => "payments.words.cancelled",
        State::CancelledByService => "payments.words.replaced",
        State::ProviderFailed => "payments.words.provider",
        State::IntegrityFailure => "payments.words.integrity",
    }
}

const fn method_hint(method: Method) -> &'static str {
    match method {
        Method::Card => "payments.method.card",
        Method::Fps => "payments.method.fps",
    }
}

fn shown(demand: &Demand) -> Value {
    ctx! {
        id => demand.id,
        bill => demand.bill,
        payee => demand.payee,
        purpose => demand.purpose,
        lines => demand.lines,
        total => demand.total,
        due => demand.due,
        paid_at => demand.paid_at,
    }
}

fn receipt_row(visit: &Visit, receipt: &Receipt) -> Value {
    ctx! {
        number => receipt.number,
        amount => receipt.amount,
        received_at => receipt.received_at,
        returned => receipt.amount.minus(receipt.available).unwrap_or_default(),
        href => visit.to(&format!("/pay/{}/receipt/{}", receipt.demand, receipt.id)),
    }
}

/// The code as an SVG picture with a quiet zone of four modules (ISO/IEC 18004).
fn picture(payload: &str) -> Result<String, Error> {
    let code = QrCode::new(payload).map_err(|_| Error::Range)?;
    let svg = code
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .quiet_zone(true)
        .build();
    Ok(svg
        .split_once("?>")
        .map_or(svg.clone(), |(_, picture)| picture.to_owned()))
}
