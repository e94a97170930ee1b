//! The operator's pages: work that failed for good, who did what, and days on which offices are shut.

use axum::{extract::State, response::Response};
use journal::suspension::{self, Reason, Suspension};
use kernel::{Id, Role};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Visit, ctx};

use crate::Desk;

const OPERATOR: Access = Access::Roles(&[Role::Operator]);

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/jobs", OPERATOR, jobs)
        .post("/{lang}/desk/jobs/{id}", OPERATOR, settle)
        .get("/{lang}/desk/audit", OPERATOR, audit)
        .get("/{lang}/desk/suspensions", OPERATOR, suspensions)
        .post("/{lang}/desk/suspensions", OPERATOR, declare)
        .post("/{lang}/desk/suspensions/{id}", OPERATOR, lift)
}

async fn jobs(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let (letters, depth) = desk
        .store
        .read(|db| async move {
            Ok::<_, journal::Error>((
                journal::dead_letters(&db).await?,
                journal::depth(&db).await?,
            ))
        })
        .await
        .map_err(|error| Failure::of(&Journal(error)))?;
    let letters: Vec<_> = letters
        .iter()
        .map(|one| {
            ctx! {
                id => one.id,
                kind => one.kind,
                error => one.last_error.clone().unwrap_or_default(),
                attempts => one.attempts,
                at => one.died_at.unwrap_or(one.created_at),
                action => visit.to(&format!("/desk/jobs/{}", one.id)),
            }
        })
        .collect();
    Ok(visit.page("desk/jobs.html", ctx! { letters, depth => ctx! { ready => depth.ready, running => depth.running, dead => depth.dead } }))
}

async fn settle(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<journal::Task>>,
    form: Form,
) -> Outcome<Response> {
    let reason = form.text(&format!("reason-{id}")).to_owned();
    if reason.is_empty() {
        visit.flash_with("warning", "desk.jobs.reason_needed", &[]);
        return Ok(visit.redirect(&visit.to("/desk/jobs")));
    }
    let is_retry = form.text("do") == "retry";
    desk.store
        .write(&visit.actor(), move |tx| {
            let reason = reason.clone();
            async move {
                if is_retry {
                    journal::retry_letter(&tx, id, reason).await
                } else {
                    journal::drop_letter(&tx, id, reason).await
                }
            }
        })
        .await
        .map_err(|error| Failure::of(&Journal(error)))?;
    visit.flash(if is_retry {
        "desk.jobs.retried"
    } else {
        "desk.jobs.dropped"
    });
    Ok(visit.redirect(&visit.to("/desk/jobs")).into_response())
}

async fn audit(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let noun = visit.query().text("noun").to_owned();
    let words = visit.query().text("id").to_owned();
    let records = desk
        .store
        .read(move |db| {
            let (noun, words) = (noun.clone(), words.clone());
            async move {
                if words.is_empty() {
                    journal::audit_latest(&db, None).await
                } else if noun.is_empty() {
                    journal::audit_by_actor(&db, &words).await
                } else {
                    journal::audit_of(&db, &noun, &words).await
                }
            }
        })
        .await
        .map_err(|error| Failure::of(&Journal(error)))?;
    let records: Vec<_> = records
        .iter()
        .map(|one| {
            ctx! {
                at => one.at,
                role => one.actor_role,
                subject => one.actor_subject,
                action => one.action,
                noun => one.noun,
                noun_id => one.noun_id,
                reason => one.reason,
            }
        })
        .collect();
    let context = ctx! {
        records,
        noun => visit.query().text("noun"),
        id => visit.query().text("id"),
    };
    Ok(visit.page("desk/audit.html", context))
}

async fn suspensions(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let declared = desk
        .store
        .read(|db| async move { suspension::list(&db).await })
        .await
        .map_err(|error| Failure::of(&Journal(error)))?;
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
        .map_err(|error| Failure::of(&Journal(error)))?;
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
        .map_err(|error| Failure::of(&Journal(error)))?;
    visit.flash("desk.suspensions.lifted");
    Ok(visit.redirect(&visit.to("/desk/suspensions")))
}

/// A failure of the journal in words for an operator.
#[derive(Debug)]
struct Journal(journal::Error);

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
            _ => web::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> kernel::Text {
        match self.0 {
            journal::Error::Gone(_) => {
                kernel::Text::new("Somebody has dealt with this already", "此項已由其他人處理")
            }
            _ => kernel::Text::new("The journal could not be read", "未能讀取日誌"),
        }
    }

    fn advice(&self) -> kernel::Text {
        kernel::Text::new("Go back to the list and look again.", "請返回列表再查看。")
    }
}
