//! Days on which offices are shut, and what the operator's pages share.

use axum::{extract::State, response::Response};
use journal::suspension::{self, Reason, Suspension};
use kernel::{Id, Role};
use web::{Access, Failure, Form, Outcome, Page, Path, Routes, Visit, ctx};

use crate::Desk;

pub(crate) const OPERATOR: Access = Access::Roles(&[Role::Operator]);

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/suspensions", OPERATOR, suspensions)
        .post("/{lang}/desk/suspensions", OPERATOR, declare)
        .post("/{lang}/desk/suspensions/{id}", OPERATOR, lift)
}

async fn suspensions(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let declared = desk
        .store
        .read(|db| async move { suspension::list(&db).await })
        .await
        .map_err(Journal::failure)?;
    let now = desk.store.env().now();
    let rows: Vec<_> = declared
        .iter()
        .map(|one| {
            ctx! {
                id => one.id,
                reason => visit.t(word_of(one.reason)),
                note => one.note,
                starts_at => one.starts_at,
                ends_at => one.ends_at,
                is_open => one.ends_at.is_none_or(|end| end > now),
                action => visit.to(&format!("/desk/suspensions/{}", one.id)),
            }
        })
        .collect();
    let reasons = [Reason::Typhoon, Reason::BlackRain, Reason::Other]
        .map(|one| ctx! { value => one.code(), words => visit.t(word_of(one)) });
    let is_open = declared
        .iter()
        .any(|one| one.ends_at.is_none_or(|end| end > now));
    let context = ctx! { rows, reasons, is_open, action => visit.to("/desk/suspensions") };
    Ok(visit.page("desk/suspensions.html", context))
}

const fn word_of(reason: Reason) -> &'static str {
    match reason {
        Reason::Typhoon => "desk.suspensions.typhoon",
        Reason::BlackRain => "desk.suspensions.black_rain",
        Reason::Other => "desk.suspensions.other",
    }
}

/// Declares that offices are shut from now on, until it is lifted.
async fn declare(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let list = visit.to("/desk/suspensions");
    let note = form.text("note").to_owned();
    let Some(reason) = Reason::from_code(form.text("reason")) else {
        visit.flash_with("warning", "desk.suspensions.reason_needed", &[]);
        return Ok(visit.redirect(&list));
    };
    desk.store
        .write(&visit.actor(), move |tx| {
            let note = note.clone();
            async move {
                let now = tx.now();
                suspension::declare(&tx, reason, now, None, &note).await
            }
        })
        .await
        .map_err(Journal::failure)?;
    visit.flash("desk.suspensions.declared");
    Ok(visit.redirect(&list))
}

async fn lift(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Suspension>>,
) -> Outcome<Response> {
    desk.store
        .write(&visit.actor(), move |tx| async move {
            suspension::lift(&tx, id, "Offices are open again").await
        })
        .await
        .map_err(Journal::failure)?;
    visit.flash("desk.suspensions.lifted");
    Ok(visit.redirect(&visit.to("/desk/suspensions")))
}

/// A failure of the journal in words for an operator.
#[derive(Debug)]
pub(crate) struct Journal(journal::Error);

impl Journal {
    pub(crate) fn failure(error: journal::Error) -> Failure {
        Failure::of(&Self(error))
    }
}

/// The errors of the journal in words, for the list of errors.
#[must_use]
pub fn explanations() -> Vec<web::Explanation> {
    web::explain(&[
        Journal(journal::Error::Gone("")),
        Journal(journal::Error::Backwards),
    ])
}

impl std::fmt::Display for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Journal {}

impl web::Explain for Journal {
    fn code(&self) -> &'static str {
        self.0.code()
    }

    fn status(&self) -> web::StatusCode {
        match self.0 {
            journal::Error::Gone(_) => web::StatusCode::NOT_FOUND,
            journal::Error::Backwards => web::StatusCode::UNPROCESSABLE_ENTITY,
            _ => web::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> kernel::Text {
        match self.0 {
            journal::Error::Gone(_) => {
                kernel::Text::new("Somebody has dealt with this already", "此項已由其他人處理")
            }
            journal::Error::Backwards => kernel::Text::new(
                "A suspension ends after it begins",
                "結束時間須在開始時間之後",
            ),
            journal::Error::Store(_) => {
                kernel::Text::new("The journal could not be read", "未能讀取日誌")
            }
        }
    }

    fn advice(&self) -> kernel::Text {
        kernel::Text::new("Go back to the list and look again.", "請返回列表再查看。")
    }
}
