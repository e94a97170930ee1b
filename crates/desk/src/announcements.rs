//! Announcements: owners and operators write them in both languages, see them as they will be shown,
//! publish them, and end them early. Who may announce to whom is asked of `services`.

use axum::{extract::State, response::Response};
use kernel::{Cursor, Date, Id, Role, Text, Time};
use notify::{Announcement, Audience, NewAnnouncement, Policy, Severity};
use serde::{Deserialize, Serialize};
use services::{Clerk, may_announce};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::Desk;

const OWNER: Access = Access::Roles(&[Role::Owner, Role::Operator]);
/// Where the browser keeps what waits to be published.
const WAITING: &str = "desk.announcement";
const MINUTE_MICROS: i64 = 60_000_000;

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/announcements", OWNER, list)
        .get("/{lang}/desk/announcements/new", OWNER, write)
        .post("/{lang}/desk/announcements/new", OWNER, offer)
        .get("/{lang}/desk/announcements/preview", OWNER, preview)
        .post("/{lang}/desk/announcements/preview", OWNER, publish)
        .post("/{lang}/desk/announcements/{id}/end", OWNER, end)
}

/// What was typed, kept as typed, so that the writer can go back and change a word.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Typed {
    severity: String,
    audience: String,
    title_en: String,
    title_tc: String,
    body_en: String,
    body_tc: String,
    starts_on: String,
    starts_at: String,
    ends_on: String,
    ends_at: String,
    policy: String,
}

impl Typed {
    fn of(form: &Form) -> Self {
        let word = |name: &str| form.text(name).trim().to_owned();
        Self {
            severity: word("severity"),
            audience: word("audience"),
            title_en: word("title_en"),
            title_tc: word("title_tc"),
            body_en: word("body_en"),
            body_tc: word("body_tc"),
            starts_on: word("starts_on"),
            starts_at: word("starts_at"),
            ends_on: word("ends_on"),
            ends_at: word("ends_at"),
            policy: word("policy"),
        }
    }

    /// The announcement, or the fields that are wrong with the key of what to say about each.
    fn read(&self, now: Time) -> Result<NewAnnouncement, Vec<(&'static str, &'static str)>> {
        let mut wrong = Vec::new();
        let severity = Severity::from_code(&self.severity);
        if severity.is_none() {
            wrong.push(("severity", "desk.announce.choose"));
        }
        if self.audience.is_empty() {
            wrong.push(("audience", "desk.announce.choose"));
        }
        for (field, words) in [
            ("title_en", &self.title_en),
            ("title_tc", &self.title_tc),
            ("body_en", &self.body_en),
            ("body_tc", &self.body_tc),
        ] {
            if words.is_empty() {
                wrong.push((field, "desk.announce.words_needed"));
            }
        }
        let starts = if self.starts_on.is_empty() {
            Some(now)
        } else {
            moment(&self.starts_on, &self.starts_at)
        };
        let ends = moment(&self.ends_on, &self.ends_at);
        if starts.is_none() {
            wrong.push(("starts_on", "desk.announce.moment"));
        }
        match (starts, ends) {
            (_, None) => wrong.push(("ends_on", "desk.announce.moment")),
            (Some(starts), Some(ends)) if ends <= starts.max(now) => {
                wrong.push(("ends_on", "desk.announce.period"));
            }
            _ => {}
        }
        let (Some(severity), Some(starts_at), Some(ends_at)) = (severity, starts, ends) else {
            return Err(wrong);
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(NewAnnouncement {
            severity,
            audience: audience(&self.audience),
            title: Text::new(&self.title_en, &self.title_tc),
            body: Text::new(&self.body_en, &self.body_tc),
            starts_at,
            ends_at,
            policy: policy(&self.policy),
        })
    }
}

/// A day and a time of the clock in Hong Kong; without a time the day's beginning.
fn moment(day: &str, clock: &str) -> Option<Time> {
    let day: Date = day.parse().ok()?;
    let (hours, minutes) = match clock {
        "" => (0, 0),
        clock => {
            let (hours, minutes) = clock.split_once(':')?;
            (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?)
        }
    };
    let is_clock = (0..24).contains(&hours) && (0..60).contains(&minutes);
    let start = Time::start_of(day).micros();
    is_clock.then(|| Time::from_micros(start + (hours * 60 + minutes) * MINUTE_MICROS))
}

/// `service:td-…`, `department:td`, `life_event:…`, `everyone`.
fn audience(code: &str) -> Audience {
    let (kind, id) = code.split_once(':').unwrap_or((code, ""));
    Audience::read(kind, id.to_owned())
}

/// `td-…@3`.
fn policy(code: &str) -> Option<Policy> {
    let (service, version) = code.split_once('@')?;
    Some(Policy {
        service: service.to_owned(),
        version: version.parse().ok()?,
    })
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let after = visit
        .query()
        .get("after")
        .map(|word| Cursor(word.to_owned()));
    let is_first = after.is_none();
    let page = desk
        .store
        .read(move |db| {
            let after = after.clone();
            async move {
                let all = Time::from_micros(i64::MAX);
                notify::announcements(&db, all, after.as_ref()).await
            }
        })
        .await?;
    let now = visit.site().env().now();
    let rows: Vec<Value> = page
        .items
        .iter()
        .map(|one| {
            let (state, state_kind) = state(one, now);
            let may_end =
                one.is_standing(now) && may_announce(&desk.services, &clerk, &one.audience);
            ctx! {
                title => one.title,
                severity => visit.t(severity_key(one.severity)),
                severity_kind => severity_kind(one.severity),
                audience => reach(&desk, &visit, &one.audience),
                starts_at => one.starts_at,
                ends_at => one.withdrawn_at.unwrap_or(one.ends_at),
                state => visit.t(state),
                state_kind,
                end => may_end.then(|| visit.to(&format!("/desk/announcements/{}/end", one.id))),
            }
        })
        .collect();
    let context = ctx! {
        rows,
        write => visit.to("/desk/announcements/new"),
        first => if is_first { String::new() } else { visit.to("/desk/announcements") },
        next => page.next.map(|next| visit.to(&format!("/desk/announcements?after={}", next.0))).unwrap_or_default(),
    };
    Ok(visit.page("desk/announcements.html", context))
}

const fn severity_key(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "desk.announce.info",
        Severity::Warning => "desk.announce.warning",
        Severity::Urgent => "desk.announce.urgent",
    }
}

const fn severity_kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "wait",
        Severity::Urgent => "bad",
    }
}

fn state(one: &Announcement, now: Time) -> (&'static str, &'static str) {
    if one.withdrawn_at.is_some() {
        ("desk.announce.state.withdrawn", "neutral")
    } else if one.ends_at <= now {
        ("desk.announce.state.over", "neutral")
    } else if one.starts_at > now {
        ("desk.announce.state.coming", "wait")
    } else {
        ("desk.announce.state.live", "good")
    }
}

/// Whom it reaches, in words.
fn reach(desk: &Desk, visit: &Visit, audience: &Audience) -> String {
    let catalogue = desk.services.catalogue();
    let name = match audience {
        Audience::Everyone => return visit.t("desk.announce.everyone"),
        Audience::Service(id) => catalogue.entry(id).map(|entry| entry.name.clone()),
        Audience::Department(code) => Some(catalogue.department_name(code)),
        Audience::LifeEvent(id) => catalogue
            .life_events()
            .iter()
            .find(|one| one.id == *id)
            .map(|one| one.name.clone()),
    };
    name.map_or_else(
        || audience.id().to_owned(),
        |name| name.get(visit.lang()).to_owned(),
    )
}

async fn write(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let typed = if visit.query().has("again") {
        visit.recall::<Typed>(WAITING).unwrap_or_default()
    } else {
        Typed::default()
    };
    form_page(&desk, &visit, (&typed, &[])).await
}

/// What is wrong with a field, in words that name it.
fn complaint(visit: &Visit, field: &str, key: &str) -> String {
    let label = match field.split_once('_').map_or(field, |(head, _)| head) {
        "title" => "desk.announce.heading",
        "body" => "desk.announce.body",
        "severity" => "desk.announce.severity",
        "audience" => "desk.announce.audience",
        "starts" => "desk.announce.starts",
        _ => "desk.announce.ends",
    };
    let mut label = visit.t(label);
    for (end, language) in [("_en", "desk.announce.en"), ("_tc", "desk.announce.tc")] {
        if field.ends_with(end) {
            label = format!("{label} ({})", visit.t(language));
        }
    }
    visit.t_with(key, &[("field", &label)])
}

/// Everybody this officer may announce to, for the form.
fn audiences(desk: &Desk, visit: &Visit, clerk: &Clerk) -> Vec<Value> {
    let catalogue = desk.services.catalogue();
    let option = |audience: &Audience, group: &str, name: &str| -> Option<Value> {
        let code = match audience {
            Audience::Everyone => audience.kind().to_owned(),
            other => format!("{}:{}", other.kind(), other.id()),
        };
        let words = if group.is_empty() {
            name.to_owned()
        } else {
            format!("{}: {name}", visit.t(group))
        };
        may_announce(&desk.services, clerk, audience).then(|| ctx! { value => code, words })
    };
    let lang = visit.lang();
    let mut audiences: Vec<Value> = Vec::new();
    audiences.extend(option(
        &Audience::Everyone,
        "",
        &visit.t("desk.announce.everyone"),
    ));
    for entry in catalogue.entries().iter().filter(|entry| entry.is_online()) {
        let audience = Audience::Service(entry.id.clone());
        audiences.extend(option(
            &audience,
            "desk.announce.service",
            entry.name.get(lang),
        ));
    }
    for department in catalogue.departments() {
        let audience = Audience::Department(department.code.clone());
        let name = department.name.get(lang);
        audiences.extend(option(&audience, "desk.announce.department", name));
    }
    for event in catalogue.life_events() {
        let audience = Audience::LifeEvent(event.id.clone());
        audiences.extend(option(
            &audience,
            "desk.announce.life_event",
            event.name.get(lang),
        ));
    }
    audiences
}

/// The newest versions of the services this officer may announce to.
fn policies(desk: &Desk, visit: &Visit, clerk: &Clerk) -> Vec<Value> {
    let catalogue = desk.services.catalogue();
    let lang = visit.lang();
    catalogue
        .newest()
        .filter(|one| {
            may_announce(
                &desk.services,
                clerk,
                &Audience::Service(one.pack.service.clone()),
            )
        })
        .map(|one| {
            let version = one.version.to_string();
            let values = [
                ("service", one.pack.name.get(lang)),
                ("version", version.as_str()),
            ];
            ctx! {
                value => format!("{}@{version}", one.pack.service),
                words => visit.t_with("desk.announce.version", &values),
            }
        })
        .collect()
}

async fn form_page(
    desk: &Desk,
    visit: &Visit,
    (typed, wrong): (&Typed, &[(&str, &str)]),
) -> Outcome<Page> {
    let clerk = desk.clerk(visit).await?;
    let errors: Vec<Value> = wrong
        .iter()
        .map(|(field, key)| ctx! { field, words => complaint(visit, field, key) })
        .collect();
    let error_of: std::collections::BTreeMap<&str, String> = wrong
        .iter()
        .map(|(field, key)| (*field, complaint(visit, field, key)))
        .collect();
    let severities =
        Severity::ALL.map(|one| ctx! { value => one.code(), words => visit.t(severity_key(one)) });
    let context = ctx! {
        typed,
        audiences => audiences(desk, visit, &clerk),
        policies => policies(desk, visit, &clerk),
        severities,
        errors,
        error_of,
        action => visit.to("/desk/announcements/new"),
        previous => visit.to("/desk/announcements"),
    };
    let page = visit.page("desk/announcement_form.html", context);
    Ok(if wrong.is_empty() {
        page
    } else {
        page.with_errors()
    })
}

async fn offer(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let typed = Typed::of(&form);
    visit.remember(WAITING, &typed).await?;
    if let Some(lang) = visit.switch(&form) {
        return Ok(visit.redirect(&format!("/{lang}/desk/announcements/new?again=yes")));
    }
    match typed.read(visit.site().env().now()) {
        Ok(new) => {
            let clerk = desk.clerk(&visit).await?;
            desk.services.check_announcement(&clerk, &new)?;
            Ok(visit.redirect(&visit.to("/desk/announcements/preview")))
        }
        Err(wrong) => Ok(form_page(&desk, &visit, (&typed, &wrong))
            .await?
            .into_response()),
    }
}

/// What waits to be published, if it still reads well.
fn waiting(visit: &Visit) -> Option<NewAnnouncement> {
    let typed = visit.recall::<Typed>(WAITING)?;
    typed.read(visit.site().env().now()).ok()
}

async fn preview(State(desk): State<Desk>, visit: Visit) -> Response {
    let Some(new) = waiting(&visit) else {
        return visit.redirect(&visit.to("/desk/announcements/new?again=yes"));
    };
    let catalogue = desk.services.catalogue();
    let policy = new.policy.as_ref().and_then(|policy| {
        let name = &catalogue.entry(&policy.service)?.name;
        Some(ctx! { name, version => policy.version })
    });
    let context = ctx! {
        title => new.title,
        body => new.body,
        kind => if new.severity == Severity::Info { "info" } else { "warning" },
        severity => visit.t(severity_key(new.severity)),
        audience => reach(&desk, &visit, &new.audience),
        starts_at => new.starts_at,
        ends_at => new.ends_at,
        policy,
        action => visit.to("/desk/announcements/preview"),
        change => visit.to("/desk/announcements/new?again=yes"),
    };
    visit
        .page("desk/announcement_preview.html", context)
        .into_response()
}

async fn publish(State(desk): State<Desk>, visit: Visit) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let list = visit.to("/desk/announcements");
    let Some(new) = waiting(&visit) else {
        return Ok(visit.redirect(&format!("{list}/new?again=yes")));
    };
    desk.services.announce(&clerk, new).await?;
    visit.forget(WAITING).await?;
    visit.flash("desk.announce.published");
    Ok(visit.redirect(&list))
}

async fn end(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Announcement>>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    desk.services
        .end_announcement(&clerk, id)
        .await
        .map_err(Failure::from)?;
    visit.flash("desk.announce.ended");
    Ok(visit.redirect(&visit.to("/desk/announcements")))
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_moment_is_a_day_and_a_clock_in_hong_kong() {
        let at = |day, clock| moment(day, clock).map(|time| time.rfc3339());
        assert_eq!(
            at("2026-11-22", "09:30").as_deref(),
            Some("2026-11-22T01:30:00Z")
        );
        assert_eq!(
            at("2026-11-22", "").as_deref(),
            Some("2026-11-21T16:00:00Z")
        );
        for (day, clock) in [
            ("22/11/2026", "09:30"),
            ("2026-11-22", "25:00"),
            ("2026-11-22", "9"),
            ("", ""),
        ] {
            assert_eq!(at(day, clock), None, "{day} {clock}");
        }
    }
}
