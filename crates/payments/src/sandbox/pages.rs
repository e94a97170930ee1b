//! The simulated bank's payment page. Public, because a bank knows nothing of the portal's sessions;
//! the token in the address is what gives access, as with real hosted payment pages.

use axum::extract::State;
use web::{Access, Form, IntoResponse, Outcome, Page, Path, Response, Routes, Visit, ctx};

use super::{
    Sandbox,
    books::{self, Choice, Chosen, PaymentState, SandboxPayment},
};
use crate::Error;

/// The routes of the simulated bank.
#[must_use]
pub fn routes(sandbox: &Sandbox) -> Routes {
    Routes::new()
        .get("/sandbox-bank/pay/{token}", Access::Public, show)
        .extension(web::Extension::PostsAway)
        .post("/sandbox-bank/pay/{token}", Access::Public, choose)
        .with_state(sandbox)
}

async fn show(
    State(bank): State<Sandbox>,
    visit: Visit,
    Path(token): Path<String>,
) -> Outcome<Page> {
    let payment = find(&bank, token).await?;
    Ok(page(&visit, &payment, None, ""))
}

async fn choose(
    State(bank): State<Sandbox>,
    visit: Visit,
    Path(token): Path<String>,
    form: Form,
) -> Outcome<Response> {
    let payment = find(&bank, token.clone()).await?;
    let Some(choice) = Choice::from_code(form.text("choice")) else {
        let error = visit.t("payments.bank.choose");
        return Ok(page(&visit, &payment, None, &error)
            .with_errors()
            .into_response());
    };
    let (payment, chosen) = books::choose(bank.store(), token, choice).await?;
    if choice == Choice::Abandon {
        return Ok(page(&visit, &payment, Some("payments.bank.abandoned"), "").into_response());
    }
    if chosen == Chosen::TooLate {
        return Ok(page(&visit, &payment, Some("payments.bank.decided"), "").into_response());
    }
    Ok(visit.redirect_away(&payment.return_url))
}

async fn find(bank: &Sandbox, token: String) -> Outcome<SandboxPayment> {
    let found: Result<Option<SandboxPayment>, Error> = bank
        .store()
        .read(move |db| async move { books::find(&db, &token).await })
        .await;
    Ok(found?.ok_or(Error::NotFound)?)
}

fn page(visit: &Visit, payment: &SandboxPayment, said: Option<&str>, error: &str) -> Page {
    let now = visit.site().env().now();
    let is_open = payment.state == PaymentState::Open && payment.expires_at > now;
    let said = said.or((!is_open).then_some("payments.bank.decided"));
    let options: Vec<_> = Choice::ALL
        .into_iter()
        .map(|choice| {
            let (words, hint) = keys(choice);
            ctx! { value => choice.code(), words => visit.t(words), hint => visit.t(hint) }
        })
        .collect();
    visit.page(
        "payments/bank.html",
        ctx! {
            title => visit.t("payments.bank.title"),
            token => payment.token,
            amount => payment.amount,
            bill => payment.bill,
            purpose => payment.words,
            said => said.map(|key| visit.t(key)),
            return_url => payment.return_url,
            options,
            error,
        },
    )
}

/// The messages that name a choice and explain it.
const fn keys(choice: Choice) -> (&'static str, &'static str) {
    match choice {
        Choice::Approve => ("payments.choice.approve", "payments.choice_hint.approve"),
        Choice::Late => ("payments.choice.late", "payments.choice_hint.late"),
        Choice::Twice => ("payments.choice.twice", "payments.choice_hint.twice"),
        Choice::Silent => ("payments.choice.silent", "payments.choice_hint.silent"),
        Choice::Short => ("payments.choice.short", "payments.choice_hint.short"),
        Choice::Decline => ("payments.choice.decline", "payments.choice_hint.decline"),
        Choice::Abandon => ("payments.choice.abandon", "payments.choice_hint.abandon"),
    }
}
