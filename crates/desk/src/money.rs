//! The shroff's page: refunds that wait for a second officer, payments that need a person, and a receipt
//! with everything that happened to its money.

use axum::{extract::State, response::Response};
use kernel::{Id, Money, Time};
use payments::{NewRefund, Refund, RefundReason, RefundState, TroubleKind};
use services::{Error, Place, ReceiptView, RefundRow, RefundVerdict, TroubleRow};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::Desk;

/// Reasons an officer may have; the others are rules.
const REASONS: [RefundReason; 2] = [RefundReason::Decision, RefundReason::Mistake];

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/money", Access::OFFICER, money)
        .get("/{lang}/desk/money/receipts", Access::OFFICER, receipt)
        .post("/{lang}/desk/money/receipts", Access::OFFICER, ask)
        .post("/{lang}/desk/money/refunds/{id}", Access::OFFICER, decide)
}

async fn money(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    page(&desk, &visit, ("", "", "")).await
}

/// The page, with what was typed for the refund `refund` when it was refused.
async fn page(
    desk: &Desk,
    visit: &Visit,
    (refund, typed, error): (&str, &str, &str),
) -> Outcome<Page> {
    let clerk = desk.clerk(visit).await?;
    let place = |name: &str| split(visit.query().text(name));
    let [after, failed_after, before] = ["after", "failed", "before"].map(place);
    let services = &desk.services;
    let waiting = services
        .refunds(&clerk, RefundState::Requested, after.clone())
        .await?;
    let failed = services
        .refunds(&clerk, RefundState::Failed, failed_after.clone())
        .await?;
    let troubles = services.troubles(&clerk, before.clone()).await?;
    let base = visit.to("/desk/money");
    let next = |name: &str, place: &Option<Place>| {
        place.as_ref().map_or_else(String::new, |(at, id)| {
            format!("{base}?{name}={}.{id}", at.micros())
        })
    };
    let first = |place: &Option<Place>| place.as_ref().map_or("", |_| base.as_str()).to_owned();
    let context = ctx! {
        waiting => waiting.rows.iter().map(|one| refund_row(visit, one)).collect::<Vec<_>>(),
        waiting_next => next("after", &waiting.next),
        waiting_first => first(&after),
        failed_next => next("failed", &failed.next),
        failed_first => first(&failed_after),
        failed => failed.rows.iter().map(|one| refund_row(visit, one)).collect::<Vec<_>>(),
        troubles => troubles.rows.iter().map(|one| trouble_row(visit, one)).collect::<Vec<_>>(),
        troubles_next => next("before", &troubles.next),
        troubles_first => first(&before),
        refund,
        typed,
        error,
        receipts => visit.to("/desk/money/receipts"),
    };
    Ok(visit.page("desk/money.html", context))
}

/// `1795395600000000.7k3m…`
fn split(words: &str) -> Option<Place> {
    let (at, rest) = words.split_once('.')?;
    Some((Time::from_micros(at.parse().ok()?), rest.to_owned()))
}

fn refund_row(visit: &Visit, one: &RefundRow) -> Value {
    let receipt = visit.to(&format!(
        "/desk/money/receipts?number={}",
        one.receipt.number
    ));
    ctx! {
        id => one.refund.id,
        amount => one.refund.amount,
        of => one.receipt.amount,
        number => one.receipt.number,
        receipt,
        service => one.service,
        reference => one.reference.as_ref().map(ToString::to_string),
        why => visit.t(&format!("desk.money.reason.{}", one.refund.reason.code())),
        note => one.note,
        by => one.requested_by.clone().unwrap_or_else(|| visit.t("desk.money.by_rule")),
        at => one.refund.requested_at,
        may_decide => one.may_decide,
        action => visit.to(&format!("/desk/money/refunds/{}", one.refund.id)),
    }
}

fn trouble_row(visit: &Visit, one: &TroubleRow) -> Value {
    let kind = one.trouble.kind;
    ctx! {
        what => visit.t(&format!("desk.money.trouble.{}", kind.code())),
        advice => visit.t(&format!("desk.money.advice.{}", kind.code())),
        kind => match kind {
            TroubleKind::Mismatch => "bad",
            TroubleKind::Returned => "info",
            TroubleKind::ProviderFailed => "wait",
        },
        bill => one.bill,
        service => one.service,
        reference => one.reference.as_ref().map(ToString::to_string),
        asked => one.trouble.asked,
        reported => one.trouble.reported,
        is_other => one.trouble.asked != one.trouble.reported,
        currency => one.trouble.currency,
        provider_ref => one.trouble.provider_ref,
        at => one.trouble.at,
    }
}

async fn receipt(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let number = visit.query().text("number").to_owned();
    let form = Form::from_fields(Vec::new());
    receipt_page(&desk, &visit, &number, (&form, Vec::new())).await
}

async fn receipt_page(
    desk: &Desk,
    visit: &Visit,
    number: &str,
    (form, errors): (&Form, Vec<(&str, String)>),
) -> Outcome<Page> {
    let clerk = desk.clerk(visit).await?;
    let found = if number.is_empty() {
        None
    } else {
        desk.services.find_receipt(&clerk, number).await?
    };
    let error = |name: &str| {
        let found = errors.iter().find(|(field, _)| *field == name);
        found.map(|(_, words)| words.clone()).unwrap_or_default()
    };
    let context = ctx! {
        number,
        is_asked => !number.is_empty(),
        found => found.as_ref().map(|one| receipt_view(visit, one)),
        reasons => REASONS.map(|one| ctx! { value => one.code(), words => visit.t(&format!("desk.money.reason.{}", one.code())) }),
        typed => ctx! { amount => form.text("amount"), reason => form.text("reason"), note => form.text("note") },
        wrong => ctx! { amount => error("amount"), reason => error("reason"), note => error("note") },
        errors => errors.iter().map(|(field, words)| ctx! { field, words }).collect::<Vec<_>>(),
        action => visit.to("/desk/money/receipts"),
        back => visit.to("/desk/money"),
    };
    Ok(visit.page("desk/money_receipt.html", context))
}

fn receipt_view(visit: &Visit, one: &ReceiptView) -> Value {
    let refunds: Vec<Value> = one
        .refunds
        .iter()
        .map(|refund| {
            ctx! {
                amount => refund.amount,
                state => visit.t(&format!("desk.money.state.{}", refund.state.code())),
                kind => match refund.state {
                    RefundState::Done => "good",
                    RefundState::Refused => "neutral",
                    RefundState::Failed => "bad",
                    _ => "wait",
                },
                why => visit.t(&format!("desk.money.reason.{}", refund.reason.code())),
                at => refund.requested_at,
            }
        })
        .collect();
    ctx! {
        number => one.receipt.number,
        amount => one.receipt.amount,
        available => one.receipt.available,
        available_plain => one.receipt.available.plain(),
        is_left => one.receipt.available > Money::ZERO,
        received_at => one.receipt.received_at,
        method => one.receipt.method.words(),
        provider_ref => one.receipt.provider_ref,
        bill => one.demand.bill,
        purpose => one.demand.purpose,
        service => one.service,
        reference => one.reference.as_ref().map(ToString::to_string),
        refunds,
    }
}

/// Asks for a refund of a receipt. What was typed stays when it is refused.
async fn ask(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let number = form.text("number").to_owned();
    let found = desk.services.find_receipt(&clerk, &number).await?;
    let found = found.ok_or_else(Failure::not_found)?;
    let amount: Option<Money> = form.text("amount").parse().ok();
    let reason = RefundReason::from_code(form.text("reason")).filter(|one| REASONS.contains(one));
    let seen: Option<i64> = form.text("seen").parse().ok();
    let mut errors = Vec::new();
    if amount.is_none() {
        errors.push(("amount", visit.t("desk.money.amount_needed")));
    }
    if reason.is_none() {
        errors.push(("reason", visit.t("desk.money.reason_needed")));
    }
    if form.text("note").is_empty() {
        errors.push(("note", visit.t("desk.money.note_needed")));
    }
    let (Some(amount), Some(reason), true) = (amount, reason, errors.is_empty()) else {
        let shown = receipt_page(&desk, &visit, &number, (&form, errors)).await?;
        return Ok(shown.with_errors().into_response());
    };
    let new = NewRefund {
        receipt: found.receipt.id,
        amount,
        seen_available: Money::from_cents(seen.unwrap_or_default()),
        reason,
        note: form.text("note").to_owned(),
    };
    let error = match desk.services.ask_refund(&clerk, new).await {
        Ok(()) => {
            visit.flash("desk.money.asked");
            let place = format!("/desk/money/receipts?number={number}");
            return Ok(visit.redirect(&visit.to(&place)));
        }
        Err(error) => error,
    };
    let field = match &error {
        Error::Payments(
            payments::Error::RefundAmount { .. } | payments::Error::AvailableChanged { .. },
        ) => "amount",
        Error::ReasonNeeded => "note",
        _ => return Err(error.into()),
    };
    let words = Failure::of(&error).title().get(visit.lang()).to_owned();
    let errors = vec![(field, words)];
    let shown = receipt_page(&desk, &visit, &number, (&form, errors)).await?;
    Ok(shown.with_errors().into_response())
}

async fn decide(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Refund>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let is_approval = form.text("do") == "approve";
    let note = form.text(&format!("note-{id}"));
    let verdict = if is_approval {
        RefundVerdict::Approve
    } else {
        RefundVerdict::Refuse(note.to_owned())
    };
    match desk.services.decide_refund(&clerk, id, verdict).await {
        Ok(()) => {}
        Err(Error::ReasonNeeded) => {
            let words = visit.t("desk.money.note_needed");
            let shown = page(&desk, &visit, (&id.to_string(), note, &words)).await?;
            return Ok(shown.with_errors().into_response());
        }
        Err(error) => return Err(error.into()),
    }
    visit.flash(if is_approval {
        "desk.money.approved"
    } else {
        "desk.money.refused"
    });
    Ok(visit.redirect(&visit.to("/desk/money")))
}
