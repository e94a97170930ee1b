//! Enrolment at a counter, of people without a Hong Kong identity card: an officer of the keeper records the
//! passport, a supervisor takes a second look at it and agrees, and the code is shown once to be handed over.

use axum::{extract::State, response::Response};
use identity::{
    CounterEnrolment, Error, IdentityDocument, Looked, NewCounterEnrolment, Officer, PassportEntry,
    Person, PersonName, PhoneWanted, RecoveryState, Verdict,
};
use kernel::{Date, Id, Role};
use web::{
    Access, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, Wrong, ctx,
};

use crate::{
    Desk,
    accounts::{guard, officer},
};

/// Fields that a form of this page has, beside its dates.
const TYPED: [&str; 8] = [
    "country", "number", "name_en", "name_zh", "sex", "email", "guardian", "reason",
];
/// Its dates.
const DATES: [&str; 2] = ["born", "expires"];

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/counter", Access::OFFICER, list)
        .get("/{lang}/desk/counter/new", Access::OFFICER, new)
        .post("/{lang}/desk/counter/new", Access::OFFICER, record)
        .rate(Rate::Attempt)
        .get("/{lang}/desk/counter/{id}", Access::OFFICER, show)
        .post("/{lang}/desk/counter/{id}", Access::OFFICER, decide)
        .rate(Rate::Attempt)
        .get(
            "/{lang}/desk/accounts/{id}/passport",
            Access::OFFICER,
            renew,
        )
        .post(
            "/{lang}/desk/accounts/{id}/passport",
            Access::OFFICER,
            record_again,
        )
        .rate(Rate::Attempt)
}

/// The keeper's officer at the browser: no other department enrols.
async fn keeper(desk: &Desk, visit: &Visit) -> Outcome<Officer> {
    let by = officer(desk, visit).await?;
    if by.department == identity::KEEPER {
        Ok(by)
    } else {
        Err(Error::WrongPost.into())
    }
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let by = keeper(&desk, &visit).await?;
    let waiting = identity::waiting_counters(&desk.store, desk.identity.vault(), &by).await?;
    let mut rows: Vec<Value> = Vec::new();
    for one in &waiting {
        let asker = identity::find_officer(&desk.store, one.asked_by).await?;
        rows.push(ctx! {
            name => one.entry.name.get(visit.lang()),
            is_known => one.person.is_some(),
            asker => asker.map(|one| one.name.get(visit.lang()).to_owned()),
            at => one.created,
            until => one.expires,
            href => visit.to(&format!("/desk/counter/{}", one.id)),
        });
    }
    Ok(visit.page("desk/counters.html", ctx! { waiting => rows }))
}

async fn new(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    keeper(&desk, &visit).await?;
    Ok(form_page(&visit, None, (&Form::default(), &[])))
}

async fn renew(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Person>>,
) -> Outcome<Page> {
    keeper(&desk, &visit).await?;
    guard(&visit, id)?;
    let known = identity::find_person(&desk.store, id)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(form_page(&visit, Some(&known), (&Form::default(), &[])))
}

fn form_page(
    visit: &Visit,
    known: Option<&Person>,
    (form, errors): (&Form, &[(&str, &str)]),
) -> Page {
    let wrong = Wrong::of(visit, errors);
    let words = |name: &str| form.text(name).to_owned();
    let mut typed: std::collections::BTreeMap<String, String> = TYPED
        .iter()
        .map(|name| ((*name).to_owned(), words(name)))
        .collect();
    for date in DATES {
        for part in ["day", "month", "year"] {
            typed.insert(format!("{date}_{part}"), words(&format!("{date}-{part}")));
        }
    }
    let beside: std::collections::BTreeMap<&str, String> = TYPED
        .iter()
        .chain(&DATES)
        .map(|name| (*name, wrong.words(name)))
        .collect();
    let context = ctx! {
        known => known.map(|known| known.name.get(visit.lang()).to_owned()),
        cancel => known.map(|known| visit.to(&format!("/desk/accounts/{}", known.id))),
        countries => identity::countries(visit.lang()),
        phone => form.has("phone"),
        typed,
        wrong => beside,
        errors => wrong.list(),
    };
    visit.page("desk/counter_form.html", context)
}

fn date_of(form: &Form, name: &str) -> Option<Date> {
    let part = |part: &str| form.text(&format!("{name}-{part}")).trim().to_owned();
    let year = part("year").parse().ok()?;
    Date::new(year, part("month").parse().ok()?, part("day").parse().ok()?).ok()
}

type Problem = (&'static str, &'static str);

/// What was typed, or what is wrong with it.
fn read(form: &Form) -> Result<PassportEntry, Vec<Problem>> {
    let mut errors = Vec::new();
    let text = |name: &str| {
        form.text(name)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let optional = |name: &str| Some(text(name)).filter(|words| !words.is_empty());
    let country = form.text("country").parse().ok();
    if country.is_none() {
        errors.push(("country", "desk.counter.wrong.country"));
    }
    let number = form.text("number").parse().ok();
    if number.is_none() {
        errors.push(("number", "desk.counter.wrong.number"));
    }
    let name_en = text("name_en").to_uppercase();
    if name_en.is_empty() {
        errors.push(("name_en", "desk.counter.wrong.name_en"));
    }
    let sex = form.text("sex").parse().ok();
    if sex.is_none() {
        errors.push(("sex", "desk.counter.wrong.sex"));
    }
    let (born, expires) = (date_of(form, "born"), date_of(form, "expires"));
    if born.is_none() {
        errors.push(("born", "desk.counter.wrong.born"));
    }
    if expires.is_none() {
        errors.push(("expires", "desk.counter.wrong.expires"));
    }
    let email = optional("email").map(|text| text.parse());
    if email.as_ref().is_some_and(Result::is_err) {
        errors.push(("email", "desk.counter.wrong.email"));
    }
    if form.text("reason").trim().is_empty() {
        errors.push(("reason", "desk.counter.wrong.reason"));
    }
    match (country, number, sex, born, expires) {
        (Some(country), Some(number), Some(sex), Some(born), Some(expires))
            if errors.is_empty() =>
        {
            Ok(PassportEntry {
                passport: identity::Passport { country, number },
                expires,
                name: PersonName {
                    en: name_en,
                    zh: optional("name_zh"),
                },
                sex,
                born,
                email: email.and_then(Result::ok),
                guardian: optional("guardian"),
            })
        }
        _ => Err(errors),
    }
}

/// The field an error is about, and its words.
fn problem_of(error: &Error) -> Option<Problem> {
    Some(match error {
        Error::Malformed("name_en") => ("name_en", "desk.counter.wrong.name_en"),
        Error::Malformed("name_zh") => ("name_zh", "desk.counter.wrong.name_zh"),
        Error::Malformed("born") => ("born", "desk.counter.wrong.other"),
        Error::Malformed("expires") => ("expires", "desk.counter.wrong.expired"),
        Error::Malformed("reason") => ("reason", "desk.counter.wrong.reason"),
        Error::TooYoung => ("born", "desk.counter.wrong.young"),
        Error::GuardianNeeded => ("guardian", "desk.counter.wrong.guardian"),
        Error::AlreadyThere => ("number", "desk.counter.wrong.taken"),
        _ => return None,
    })
}

async fn record(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let by = keeper(&desk, &visit).await?;
    keep(&desk, &visit, (&by, None), &form).await
}

async fn record_again(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Person>>,
    form: Form,
) -> Outcome<Response> {
    let by = keeper(&desk, &visit).await?;
    guard(&visit, id)?;
    let known = identity::find_person(&desk.store, id)
        .await?
        .ok_or(Error::NotFound)?;
    keep(&desk, &visit, (&by, Some(&known)), &form).await
}

async fn keep(
    desk: &Desk,
    visit: &Visit,
    (by, known): (&Officer, Option<&Person>),
    form: &Form,
) -> Outcome<Response> {
    let refused = |errors: &[Problem]| {
        let page = form_page(visit, known, (form, errors));
        Ok(page.with_errors().into_response())
    };
    let entry = match read(form) {
        Ok(entry) => entry,
        Err(errors) => return refused(&errors),
    };
    let new = NewCounterEnrolment {
        entry,
        person: known.map(|known| known.id),
        phone: if known.is_none() || form.has("phone") {
            PhoneWanted::Yes
        } else {
            PhoneWanted::No
        },
        reason: form.text("reason").to_owned(),
    };
    match identity::ask_counter(&desk.store, desk.identity.vault(), by, new).await {
        Ok(id) => Ok(visit.redirect(&visit.to(&format!("/desk/counter/{id}")))),
        Err(error) => match problem_of(&error) {
            Some(problem) => refused(&[problem]),
            None => Err(error.into()),
        },
    }
}

/// The second look: what was recorded, beside the passport in the officer's hand.
async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<CounterEnrolment>>,
) -> Outcome<Page> {
    let by = keeper(&desk, &visit).await?;
    let vault = desk.identity.vault();
    let found = identity::find_counter(&desk.store, vault, &by, id).await?;
    let asker = identity::find_officer(&desk.store, found.asked_by).await?;
    let entry = &found.entry;
    let document = IdentityDocument::Passport(entry.passport.clone());
    let holder = identity::taken_by(&desk.store, vault, &by, &document).await?;
    let is_open = found.state == RecoveryState::Asked && found.expires > visit.site().env().now();
    let context = ctx! {
        name_en => entry.name.en,
        name_zh => entry.name.zh,
        country => entry.passport.country.name(),
        number => entry.passport.number.as_str(),
        sex => visit.t(&format!("desk.counter.sex.{}", entry.sex)),
        born => entry.born,
        expires => entry.expires,
        email => entry.email.as_ref().map(kernel::Email::as_str),
        guardian => entry.guardian,
        reason => found.reason,
        asker => asker.map(|one| one.name.get(visit.lang()).to_owned()),
        at => found.created,
        until => found.expires,
        state => visit.t(&format!("desk.counter.state.{}", found.state)),
        is_known => found.person.is_some(),
        is_new_passport => found.person.is_some() && holder.is_none(),
        has_code => found.phone == PhoneWanted::Yes,
        is_own => found.asked_by == by.id,
        may_agree => by.role == Role::Supervisor,
        is_open,
    };
    Ok(visit.page("desk/counter.html", context))
}

/// Agreeing shows the code this once: it is not written anywhere, and the page cannot be opened again.
async fn decide(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<CounterEnrolment>>,
    form: Form,
) -> Outcome<Response> {
    let by = keeper(&desk, &visit).await?;
    let verdict = if form.text("do") == "agree" {
        Verdict::Agree
    } else {
        Verdict::Refuse
    };
    let vault = desk.identity.vault();
    let flash = match identity::decide_counter(&desk.store, vault, &by, (id, verdict)).await? {
        Looked::Code(code) => {
            let page = visit.page("desk/counter_code.html", ctx! { code });
            return Ok(page.into_response());
        }
        Looked::Renewed => "desk.counter.renewed",
        Looked::Refused => "desk.counter.refused",
    };
    visit.flash(flash);
    Ok(visit.redirect(&visit.to("/desk/counter")))
}
