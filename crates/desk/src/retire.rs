//! Ending a service: from when nobody begins, until when open drafts are accepted, why, and what to use
//! instead. It can be taken back until the cut-off.

use axum::{extract::State, response::Response};
use kernel::{Date, Role, Time};
use services::{Error, NewRetirement};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::{Desk, packs_view};

const OWNER: Access = Access::Roles(&[Role::Owner]);
const HOUR_MICROS: i64 = 3_600 * 1_000_000;
const MINUTE_MICROS: i64 = 60 * 1_000_000;

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/packs/{service}/retire", OWNER, ask)
        .post("/{lang}/desk/packs/{service}/retire", OWNER, retire)
        .post("/{lang}/desk/packs/{service}/keep", OWNER, keep)
}

async fn ask(State(desk): State<Desk>, visit: Visit, Path(service): Path<String>) -> Outcome<Page> {
    let form = Form::from_fields(Vec::new());
    page(&desk, &visit, &service, (&form, Vec::new())).await
}

/// The form, with what was typed and what is wrong with it.
async fn page(
    desk: &Desk,
    visit: &Visit,
    service: &str,
    (form, errors): (&Form, Vec<(String, String)>),
) -> Outcome<Page> {
    let clerk = desk.clerk(visit).await?;
    let newest = desk.services.owned_version(&clerk, (service, None))?;
    let catalogue = desk.services.catalogue();
    let now = visit.site().env().now();
    let error = |field: &str| {
        errors
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, words)| words.clone())
            .unwrap_or_default()
    };
    let moment = |name: &str| -> Value {
        ctx! {
            day => form.text(&format!("{name}-day")),
            month => form.text(&format!("{name}-month")),
            year => form.text(&format!("{name}-year")),
            time => if form.has(&format!("{name}-time")) { form.text(&format!("{name}-time")) } else { "00:00" },
            error => error(name),
        }
    };
    let mut others: Vec<Value> = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.is_online() && entry.id != service)
        .map(|entry| ctx! { value => entry.id, words => entry.name.get(visit.lang()) })
        .collect();
    others.truncate(500);
    let context = ctx! {
        name => newest.pack.name,
        starts => moment("starts"),
        until => moment("until"),
        en => ctx! { value => form.text("reason_en"), error => error("reason_en") },
        tc => ctx! { value => form.text("reason_tc"), error => error("reason_tc") },
        instead => form.text("instead"),
        others,
        errors => errors.iter().map(|(field, words)| ctx! { field, words }).collect::<Vec<_>>(),
        ending => catalogue.retirement(service).map(|one| packs_view::ending(desk, one, now)),
        action => visit.to(&format!("/desk/packs/{service}/retire")),
        keep => visit.to(&format!("/desk/packs/{service}/keep")),
        back => visit.to(&format!("/desk/packs/{service}")),
    };
    Ok(visit.page("desk/pack_retire.html", context))
}

/// The instant written as a day and a time of the clock in Hong Kong.
fn moment(form: &Form, name: &str) -> Option<Time> {
    let part = |part: &str| form.text(&format!("{name}-{part}")).to_owned();
    let day = Date::new(
        part("year").parse().ok()?,
        part("month").parse().ok()?,
        part("day").parse().ok()?,
    )
    .ok()?;
    let clock = part("time");
    let clock = if clock.is_empty() { "00:00" } else { &clock };
    let (hour, minute) = clock.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.trim().parse().ok()?, minute.trim().parse().ok()?);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    let start = Time::start_of(day).micros();
    Some(Time::from_micros(
        start + hour * HOUR_MICROS + minute * MINUTE_MICROS,
    ))
}

async fn retire(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let mut errors = Vec::new();
    let (starts, until) = (moment(&form, "starts"), moment(&form, "until"));
    for (name, found) in [("starts", starts), ("until", until)] {
        if found.is_none() {
            errors.push((name.to_owned(), visit.t("desk.retire.moment_needed")));
        }
    }
    for name in ["reason_en", "reason_tc"] {
        if form.text(name).is_empty() {
            errors.push((name.to_owned(), visit.t("desk.retire.reason_needed")));
        }
    }
    let (Some(starts_at), Some(submit_until), true) = (starts, until, errors.is_empty()) else {
        let shown = page(&desk, &visit, &service, (&form, errors)).await?;
        return Ok(shown.with_errors().into_response());
    };
    let new = NewRetirement {
        service: service.clone(),
        starts_at,
        submit_until,
        reason: [form.text("reason_en"), form.text("reason_tc")].map(str::to_owned),
        instead: Some(form.text("instead").to_owned()).filter(|id| !id.is_empty()),
    };
    let error = match desk.services.retire(&clerk, new).await {
        Ok(()) => {
            visit.flash("desk.retire.done");
            return Ok(visit.redirect(&visit.to(&format!("/desk/packs/{service}"))));
        }
        Err(error) => error,
    };
    let field = match &error {
        Error::CutOffPast(_) => "starts",
        Error::SubmitBeforeCutOff => "until",
        Error::ReasonNeeded => "reason_en",
        _ => return Err(error.into()),
    };
    let words = Failure::of(&error).title().get(visit.lang()).to_owned();
    let errors = vec![(field.to_owned(), words)];
    let shown = page(&desk, &visit, &service, (&form, errors)).await?;
    Ok(shown.with_errors().into_response())
}

async fn keep(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    desk.services.keep_service(&clerk, &service).await?;
    visit.flash("desk.retire.kept");
    Ok(visit.redirect(&visit.to(&format!("/desk/packs/{service}"))))
}

#[cfg(test)]
mod tests {
    use kernel::Time;
    use web::Form;

    use super::moment;

    fn read(time: &str) -> Option<Time> {
        let fields = [
            ("day", "1"),
            ("month", "2"),
            ("year", "2027"),
            ("time", time),
        ];
        let fields = fields.map(|(name, value)| (format!("at-{name}"), value.to_owned()));
        moment(&Form::from_fields(fields.to_vec()), "at")
    }

    #[test]
    fn a_moment_is_read_by_the_clock_of_hong_kong() {
        assert_eq!(read("18:30").unwrap().rfc3339(), "2027-02-01T10:30:00Z");
        assert_eq!(read("24:00"), None);
        assert_eq!(read("half past"), None);
    }
}
