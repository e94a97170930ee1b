//! Know who looked: every look at the signed-in person's data, as a page, a file and a way to say that
//! a look is not expected. The officer's department and role are shown, never the name.

use axum::{extract::State, response::Response};
use kernel::{Cursor, Date, Id, Time};
use services::{Error, FeedbackKind, Look, LookQuery, NewFeedback, Reference, Seen};
use web::{
    Access, Download, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, ctx,
};

use crate::{Portal, feedback};

/// Lines of one file; who has more chooses a period.
const FILE_LINES: usize = 5_000;
/// Spreadsheets read the file as UTF-8 when it begins with this mark.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Reasons that officers choose from a list are shown in the reader's language.
const KNOWN_REASONS: [&str; 3] = ["work", "enquiry", "complaint"];

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/who-looked", Access::RESIDENT, list)
        .get("/{lang}/who-looked/file", Access::RESIDENT, file)
        .get(
            "/{lang}/who-looked/{id}/report",
            Access::RESIDENT,
            ask_report,
        )
        .post("/{lang}/who-looked/{id}/report", Access::RESIDENT, report)
        .rate(Rate::Attempt)
}

/// What the page is asked to show.
struct Filter {
    department: String,
    from: String,
    until: String,
}

impl Filter {
    fn of(visit: &Visit) -> Self {
        let word = |name: &str| visit.query().text(name).trim().to_owned();
        Self {
            department: word("department").to_lowercase(),
            from: word("from"),
            until: word("until"),
        }
    }

    fn is_set(&self) -> bool {
        !(self.department.is_empty() && self.from.is_empty() && self.until.is_empty())
    }

    /// The days of the filter; a day that cannot be read counts as none.
    fn query(&self, portal: &Portal, visit: &Visit) -> Outcome<LookQuery> {
        let day = |text: &str| text.parse::<Date>().ok().map(Time::start_of);
        let until = self.until.parse::<Date>().ok();
        Ok(LookQuery {
            person: portal.applicant(visit)?.person,
            department: self.department.clone(),
            from: day(&self.from).unwrap_or(Time::from_micros(i64::MIN)),
            until: until.map_or(Time::from_micros(i64::MAX), |day| {
                Time::start_of(day.plus_days(1))
            }),
            after: None,
        })
    }

    /// Which of the two days cannot be read.
    fn errors(&self, visit: &Visit) -> Vec<Value> {
        [("from", &self.from), ("until", &self.until)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty() && text.parse::<Date>().is_err())
            .map(|(field, _)| ctx! { field, words => visit.t("portal.looked.day") })
            .collect()
    }

    fn path(&self, visit: &Visit, path: &str, after: Option<&Cursor>) -> String {
        let mut pairs: Vec<String> = [
            ("department", &self.department),
            ("from", &self.from),
            ("until", &self.until),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", web::encode(value)))
        .collect();
        pairs.extend(after.map(|cursor| format!("after={}", cursor.0)));
        let joint = if pairs.is_empty() { "" } else { "?" };
        format!("{}{joint}{}", visit.to(path), pairs.join("&"))
    }
}

/// A look in words, as the page, the file and the report tell it.
struct Told {
    what: String,
    record: String,
    href: Option<String>,
    who: String,
    role: String,
    reason: String,
}

fn told(visit: &Visit, look: &Look) -> Told {
    let lang = visit.lang();
    let (what, of) = match &look.seen {
        Seen::Case(of) => (visit.t("portal.looked.case"), Some(of)),
        Seen::Document(of, label) if label.is_empty() => {
            (visit.t("portal.looked.file_given"), Some(of))
        }
        Seen::Document(of, label) => {
            let values = [("label", label.get(lang))];
            (visit.t_with("portal.looked.document", &values), Some(of))
        }
        Seen::Found(of) => (visit.t("portal.looked.found"), Some(of)),
        Seen::Fields(keys) => {
            let names: Vec<String> = keys
                .iter()
                .map(|key| visit.t(&format!("app.field.{key}")))
                .collect();
            (names.join(&visit.t("portal.looked.comma")), None)
        }
    };
    Told {
        what,
        record: of.map_or_else(
            || visit.t("portal.looked.profile"),
            |of| {
                let reference = of.reference.parse::<Reference>();
                let reference =
                    reference.map_or_else(|_| of.reference.clone(), |one| one.to_string());
                format!("{} {reference}", of.service_name.get(lang))
            },
        ),
        href: of.map(|of| visit.to(&format!("/applications/{}", of.reference))),
        who: look.department_name.get(lang).to_owned(),
        role: visit.t(match look.role.as_deref() {
            Some("supervisor") => "portal.looked.role.supervisor",
            Some(_) => "portal.looked.role.officer",
            None => "portal.looked.role.service",
        }),
        reason: reason(visit, look),
    }
}

fn reason(visit: &Visit, look: &Look) -> String {
    let known = KNOWN_REASONS
        .iter()
        .map(|code| visit.site().text(&format!("desk.reason.{code}")))
        .find(|text| text.en == look.reason.en);
    let text = known.as_ref().unwrap_or(&look.reason);
    text.get(visit.lang()).to_owned()
}

fn view(visit: &Visit, look: &Look) -> Value {
    let told = told(visit, look);
    ctx! {
        at => look.at,
        what => told.what,
        record => told.record,
        href => told.href,
        who => told.who,
        role => told.role,
        reason => told.reason,
        report => visit.to(&format!("/who-looked/{}/report", look.id)),
    }
}

async fn list(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let filter = Filter::of(&visit);
    let mut query = filter.query(&portal, &visit)?;
    query.after = visit
        .query()
        .get("after")
        .map(|word| Cursor(word.to_owned()));
    let page = portal.services.looks(&query).await?;
    let catalogue = portal.services.catalogue();
    let departments = portal.services.look_departments(query.person).await?;
    let departments: Vec<Value> = departments
        .iter()
        .map(|code| ctx! { value => code, words => catalogue.department_name(code).get(visit.lang()) })
        .collect();
    let errors = filter.errors(&visit);
    let has_errors = !errors.is_empty();
    let context = ctx! {
        looks => page.items.iter().map(|look| view(&visit, look)).collect::<Vec<_>>(),
        departments,
        is_filtered => filter.is_set(),
        errors,
        first => query.after.as_ref().map(|_| filter.path(&visit, "/who-looked", None)).unwrap_or_default(),
        next => page.next.as_ref().map(|next| filter.path(&visit, "/who-looked", Some(next))).unwrap_or_default(),
        file => filter.path(&visit, "/who-looked/file", None),
        department => filter.department,
        from => filter.from,
        until => filter.until,
    };
    let page = visit.page("portal/who_looked.html", context);
    Ok(if has_errors { page.with_errors() } else { page })
}

/// One line of the file. What is not declared here does not leave.
struct Line<'a> {
    at: String,
    told: &'a Told,
}

impl Line<'_> {
    const HEAD: [&'static str; 6] = [
        "portal.looked.at",
        "portal.looked.who",
        "portal.looked.role",
        "portal.looked.what",
        "portal.looked.record",
        "portal.looked.reason",
    ];

    fn csv(&self) -> String {
        let Told {
            what,
            record,
            who,
            role,
            reason,
            ..
        } = self.told;
        row(&[&self.at, who, role, what, record, reason])
    }
}

/// A row of a CSV file (RFC 4180). A cell that a spreadsheet would take for a formula is kept words.
fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| {
            let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                "'"
            } else {
                ""
            };
            format!("\"{guard}{}\"", cell.replace('"', "\"\""))
        })
        .collect();
    format!("{}\r\n", cells.join(","))
}

async fn file(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let mut query = Filter::of(&visit).query(&portal, &visit)?;
    let head = Line::HEAD.map(|key| visit.t(key));
    let mut csv = BYTE_ORDER_MARK.to_owned() + &row(&head.each_ref().map(String::as_str));
    let mut lines = 0;
    loop {
        let page = portal.services.looks(&query).await?;
        for look in &page.items {
            let told = told(&visit, look);
            let at = look.at.rfc3339();
            csv.push_str(&Line { at, told: &told }.csv());
        }
        lines += page.items.len();
        match page.next {
            Some(next) if lines < FILE_LINES => query.after = Some(next),
            _ => break,
        }
    }
    Ok(Download {
        file_name: format!("who-looked-{}.csv", visit.site().env().today()),
        content_type: "text/csv; charset=utf-8",
        bytes: csv.into(),
        is_inline: false,
    }
    .into_response())
}

async fn ask_report(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Look>>,
) -> Outcome<Page> {
    let person = portal.applicant(&visit)?.person;
    let look = portal.services.look(person, id).await?;
    Ok(report_page(&visit, &look, ("", "")))
}

fn report_page(visit: &Visit, look: &Look, (words, error): (&str, &str)) -> Page {
    let context = ctx! {
        look => view(visit, look),
        action => visit.to(&format!("/who-looked/{}/report", look.id)),
        previous => visit.to("/who-looked"),
        words,
        error,
    };
    visit.page("portal/look_report.html", context)
}

async fn report(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Look>>,
    form: Form,
) -> Outcome<Response> {
    let person = portal.applicant(&visit)?.person;
    let look = portal.services.look(person, id).await?;
    let words = form.text("words");
    let service = match &look.seen {
        Seen::Case(of) | Seen::Document(of, _) | Seen::Found(of) => {
            let catalogue = portal.services.catalogue();
            catalogue
                .versions(&of.service)
                .first()
                .map(|newest| (of.service.clone(), newest.version))
        }
        Seen::Fields(_) => None,
    };
    let new = NewFeedback {
        kind: FeedbackKind::Access,
        service,
        page: "/who-looked".to_owned(),
        lang: visit.lang(),
        rating: None,
        words: words.to_owned(),
        names: feedback::names(&portal, &visit).await?,
        about: Some(id),
        department: Some(look.department.clone()).filter(|code| !code.is_empty()),
    };
    match portal.services.feedback(new).await {
        Ok(reference) => {
            let reference = reference.to_string();
            visit.flash_with(
                "success",
                "portal.looked.reported",
                &[("reference", &reference)],
            );
            Ok(visit.redirect(&visit.to("/who-looked")))
        }
        Err(Error::NothingSaid) => {
            let error = visit.t("portal.looked.report.needed");
            let page = report_page(&visit, &look, (words, &error));
            Ok(page.with_errors().into_response())
        }
        Err(error) => Err(error.into()),
    }
}
