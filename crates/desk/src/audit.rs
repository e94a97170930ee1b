//! The audit search: who did what to what, when and why. A search for one person, one case, or what one
//! person did needs a reason, which goes on record before the answer is shown.

use std::fmt::Write as _;

use axum::{extract::State, response::Response};
use journal::{Audit, AuditRecord, AuditSearch};
use kernel::{Date, Time};
use serde::{Deserialize, Serialize};
use web::{Download, Form, IntoResponse, Outcome, Page, Routes, Value, Visit, ctx};

use crate::{
    Desk,
    operator::{Journal, OPERATOR},
    overview::{cut, fetch},
};

/// Things of the platform itself: nobody's business is read with them.
const PLATFORM: [&str; 10] = [
    "announcement",
    "backup",
    "job",
    "key",
    "pack",
    "release",
    "service",
    "service_version",
    "suspension",
    "timer",
];
/// Lines of one export; a longer period is exported in parts.
const EXPORT_ROWS: i64 = 10_000;
const REASON_CHARS: usize = 500;
/// The name under which the browser remembers what the officer said why.
const REMEMBERED: &str = "desk.audit.reason";

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/audit", OPERATOR, show)
        .post("/{lang}/desk/audit", OPERATOR, give_reason)
        .get("/{lang}/desk/audit/export", OPERATOR, export)
}

/// What was looked for as it was typed; also what a reason was given for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    noun: String,
    id: String,
    actor: String,
    action: String,
    from: String,
    until: String,
}

/// A reason that stands on record, and for what.
#[derive(Serialize, Deserialize)]
struct Given {
    id: String,
    actor: String,
    reason: String,
}

impl Asked {
    fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            noun: text("noun"),
            id: text("id"),
            actor: text("actor"),
            action: text("action"),
            from: text("from"),
            until: text("until"),
        }
    }

    fn query(&self) -> String {
        let encode = |words: &str| {
            let mut text = String::new();
            for byte in words.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
                    text.push(char::from(byte));
                } else {
                    let _ = write!(text, "%{byte:02X}");
                }
            }
            text
        };
        let pairs = [
            ("noun", &self.noun),
            ("id", &self.id),
            ("actor", &self.actor),
            ("action", &self.action),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let kept: Vec<String> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        kept.join("&")
    }

    /// Whether the answer would be about one person: their record, their case, or what they did.
    fn is_personal(&self) -> bool {
        let is_thing = !self.id.is_empty() && !PLATFORM.contains(&self.noun.as_str());
        is_thing || !self.actor.is_empty()
    }

    /// The search, or the field that cannot be read.
    fn search(&self) -> Result<AuditSearch, &'static str> {
        let day = |words: &str, field: &'static str| match words {
            "" => Ok(None),
            words => words.parse::<Date>().map(Some).map_err(|_| field),
        };
        let from = day(&self.from, "from")?.map(Time::start_of);
        let until = day(&self.until, "until")?.map(|day| Time::start_of(day.plus_days(1)));
        if !self.id.is_empty() && self.noun.is_empty() {
            return Err("noun");
        }
        Ok(AuditSearch {
            noun: self.noun.clone(),
            noun_id: self.id.clone(),
            actor: self.actor.clone(),
            action: self.action.clone(),
            from,
            until,
            before: None,
        })
    }

    fn is_given(&self, visit: &Visit) -> bool {
        let given: Option<Given> = visit.recall(REMEMBERED);
        !self.is_personal()
            || given.is_some_and(|given| given.id == self.id && given.actor == self.actor)
    }
}

async fn show(State(desk): State<Desk>, visit: Visit) -> Outcome<Response> {
    let asked = Asked::of(visit.query());
    let mut search = match asked.search() {
        Ok(search) => search,
        Err(field) => {
            let page = page(&visit, &asked, (Found::None, field, ""));
            return Ok(page.with_errors().into_response());
        }
    };
    if !asked.is_given(&visit) {
        return Ok(page(&visit, &asked, (Found::NeedsReason, "", "")).into_response());
    }
    search.before = visit.query().text("before").parse().ok();
    let records = read(&desk, search, fetch()).await?;
    Ok(page(&visit, &asked, (Found::Records(records), "", "")).into_response())
}

async fn read(desk: &Desk, search: AuditSearch, rows: i64) -> Outcome<Vec<AuditRecord>> {
    desk.store
        .read(move |db| {
            let search = search.clone();
            async move { journal::audit_search(&db, &search, rows).await }
        })
        .await
        .map_err(Journal::failure)
}

/// What a search came to.
enum Found {
    None,
    NeedsReason,
    Records(Vec<AuditRecord>),
}

fn page(visit: &Visit, asked: &Asked, (found, field, typed): (Found, &str, &str)) -> Page {
    let needs_reason = matches!(found, Found::NeedsReason);
    let is_answered = matches!(found, Found::Records(_));
    let records = match found {
        Found::Records(records) => records,
        _ => Vec::new(),
    };
    let (records, is_more) = cut(records);
    let base = visit.to("/desk/audit");
    let query = asked.query();
    let next = records
        .last()
        .filter(|_| is_more)
        .map(|last| format!("{base}?{query}&before={}", last.id));
    let error = |name: &str| {
        if field == name {
            visit.t(&format!("desk.audit.wrong.{name}"))
        } else {
            String::new()
        }
    };
    let context = ctx! {
        records => records.iter().map(record).collect::<Vec<_>>(),
        is_answered,
        needs_reason,
        asked => ctx! { noun => asked.noun, id => asked.id, actor => asked.actor, action => asked.action, from => asked.from, until => asked.until },
        typed,
        wrong => ctx! { noun => error("noun"), from => error("from"), until => error("until"), reason => error("reason") },
        action => base,
        export => format!("{base}/export?{query}"),
        first => if visit.query().has("before") { format!("{base}?{query}") } else { String::new() },
        next => next.unwrap_or_default(),
    };
    visit.page("desk/audit.html", context)
}

fn record(one: &AuditRecord) -> Value {
    let detail = match &one.detail {
        serde_json::Value::Object(map) if map.is_empty() => String::new(),
        other => other.to_string(),
    };
    ctx! {
        at => one.at,
        role => one.actor_role,
        subject => one.actor_subject,
        department => one.actor_department,
        action => one.action,
        noun => one.noun,
        noun_id => one.noun_id,
        reason => one.reason,
        detail,
    }
}

/// Puts the reason on record and goes on to the answer.
async fn give_reason(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let asked = Asked::of(&form);
    let reason = form.text("reason").to_owned();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS {
        let shown = page(&visit, &asked, (Found::NeedsReason, "reason", &reason));
        return Ok(shown.with_errors().into_response());
    }
    note(&desk, &visit, ("audit.searched", &asked), Some(&reason)).await?;
    let given = Given {
        id: asked.id.clone(),
        actor: asked.actor.clone(),
        reason,
    };
    visit.remember(REMEMBERED, &given).await?;
    Ok(visit.redirect(&visit.to(&format!("/desk/audit?{}", asked.query()))))
}

/// The trail also says who read it.
async fn note(
    desk: &Desk,
    visit: &Visit,
    (action, asked): (&'static str, &Asked),
    reason: Option<&str>,
) -> Outcome<()> {
    let (noun, id) = if asked.actor.is_empty() {
        (asked.noun.clone(), asked.id.clone())
    } else {
        ("person".to_owned(), asked.actor.clone())
    };
    let noun = if noun.is_empty() {
        "audit".to_owned()
    } else {
        noun
    };
    let detail = serde_json::json!({
        "action": asked.action, "from": asked.from, "until": asked.until,
    });
    let reason = reason.map(str::to_owned);
    desk.store
        .write(&visit.actor(), move |tx| {
            let (noun, id) = (noun.clone(), id.clone());
            let (reason, detail) = (reason.clone(), detail.clone());
            async move {
                let entry = Audit {
                    action,
                    noun: &noun,
                    id,
                    reason,
                    detail,
                };
                journal::audit(&tx, entry).await.map(drop)
            }
        })
        .await
        .map_err(Journal::failure)
}

async fn export(State(desk): State<Desk>, visit: Visit) -> Outcome<Response> {
    let asked = Asked::of(visit.query());
    let search = asked.search();
    let (Ok(search), true) = (search, asked.is_given(&visit)) else {
        return Ok(visit.redirect(&visit.to(&format!("/desk/audit?{}", asked.query()))));
    };
    let given: Option<Given> = visit.recall(REMEMBERED);
    let reason = given
        .filter(|_| asked.is_personal())
        .map(|given| given.reason);
    note(&desk, &visit, ("audit.exported", &asked), reason.as_deref()).await?;
    let records = read(&desk, search, EXPORT_ROWS).await?;
    Ok(Download {
        file_name: "audit.csv".to_owned(),
        content_type: "text/csv; charset=utf-8",
        bytes: csv(&records).into_bytes().into(),
        is_inline: false,
    }
    .into_response())
}

/// RFC 4180, with a first line of names. A cell that a spreadsheet would take for a formula gets a
/// quotation mark in front.
fn csv(records: &[AuditRecord]) -> String {
    let mut text =
        String::from("at,role,actor,department,company,action,noun,id,reason,detail\r\n");
    for one in records {
        let detail = one.detail.to_string();
        let cells = [
            one.at.rfc3339(),
            one.actor_role.clone(),
            one.actor_subject.clone(),
            one.actor_department.clone().unwrap_or_default(),
            one.actor_company.clone().unwrap_or_default(),
            one.action.clone(),
            one.noun.clone(),
            one.noun_id.clone(),
            one.reason.clone().unwrap_or_default(),
            detail,
        ];
        let line: Vec<String> = cells.iter().map(|cell| cell_of(cell)).collect();
        text.push_str(&line.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell_of(words: &str) -> String {
    let is_formula = words.starts_with(['=', '+', '-', '@', '\t']);
    let words = if is_formula {
        format!("'{words}")
    } else {
        words.to_owned()
    };
    if words.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", words.replace('"', "\"\""))
    } else {
        words
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, cell_of};

    fn asked(noun: &str, id: &str, actor: &str) -> Asked {
        Asked {
            noun: noun.into(),
            id: id.into(),
            actor: actor.into(),
            ..Asked::default()
        }
    }

    #[test]
    fn whoever_looks_for_a_person_says_why() {
        assert!(asked("person", "p1", "").is_personal());
        assert!(asked("case", "c1", "").is_personal());
        assert!(asked("", "", "p1").is_personal());
        assert!(asked("a-noun-nobody-listed", "x", "").is_personal());
        assert!(!asked("job", "j1", "").is_personal());
        assert!(!asked("case", "", "").is_personal());
    }

    #[test]
    fn a_period_holds_its_last_day() {
        let mut period = asked("", "", "");
        period.from = "2026-11-22".into();
        period.until = "2026-11-22".into();
        let search = period.search().unwrap();
        let day = search.until.unwrap().since(search.from.unwrap());
        assert_eq!(day.as_secs(), 86_400);
        period.until = "yesterday".into();
        assert_eq!(period.search(), Err("until"));
    }

    #[test]
    fn no_cell_is_run_by_a_spreadsheet() {
        assert_eq!(cell_of("=1+1"), "'=1+1");
        assert_eq!(cell_of("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
