//! The simulated phone, in a demonstration only: an invented person's phone held by the platform,
//! worked with plain forms. It opens and answers approvals through the same functions as a real
//! phone, and every page says that it is a simulation.

use axum::{extract::State, response::Response};
use identity::{Approval, Decision, Error, Identity, demo, wallet};
use kernel::{Actor, Id, Lang, Time};
use web::{
    Access, Failure, Form, IntoResponse as _, Outcome, Page, Path, Routes, Value, Visit, ctx,
};

/// The routes of the simulated phone.
#[must_use]
pub fn routes(identity: &Identity) -> Routes {
    Routes::new()
        .get("/{lang}/demo/phone", Access::Public, choose)
        .post("/{lang}/demo/phone", Access::Public, open)
        .get("/{lang}/demo/phone/{person}", Access::Public, home)
        .post(
            "/{lang}/demo/phone/{person}/back",
            Access::Public,
            take_back,
        )
        .get(
            "/{lang}/demo/phone/{person}/{approval}",
            Access::Public,
            show,
        )
        .post(
            "/{lang}/demo/phone/{person}/{approval}",
            Access::Public,
            answer,
        )
        .with_state(identity)
}

fn only_in_demo(visit: &Visit) -> Result<(), Failure> {
    if visit.site().is_demo() {
        Ok(())
    } else {
        Err(Failure::not_found())
    }
}

/// Whose phone? Residents first, then officers.
async fn choose(visit: Visit, State(identity): State<Identity>) -> Outcome<Page> {
    only_in_demo(&visit)?;
    let approval = visit.query().text("approval").to_owned();
    let person = visit.query().text("person").to_owned();
    let now = visit.recall::<String>(LAST).unwrap_or_default();
    let lang = visit.lang();
    let options: Vec<Value> = demo::holders()
        .map(|demo| ctx! { value => demo.key, words => words_of(&demo, lang) })
        .collect();
    let chosen = if person.is_empty() { now } else { person };
    let phone = match demo::holder(&chosen) {
        Some(demo) => Some(phone_view(&visit, &identity, &demo).await?),
        None => None,
    };
    let context = ctx! { options, chosen, approval, phone, error => "" };
    Ok(visit.page("app/demo_phone.html", context))
}

/// Which phone this browser used last.
const LAST: &str = "app.demo_phone";

fn words_of(demo: &demo::Holder, lang: Lang) -> String {
    let name = demo.name.get(lang).to_owned();
    let more = match (demo.officer, demo.note) {
        (Some(post), _) => post.roles.last().cloned(),
        (None, Some(note)) => Some(note.get(lang).to_owned()),
        _ => None,
    };
    match more {
        Some(more) => format!("{name} – {more}"),
        None => name,
    }
}

async fn phone_view(visit: &Visit, identity: &Identity, demo: &demo::Holder) -> Outcome<Value> {
    let phone = demo::phone(identity.store(), identity.vault(), demo.key).await?;
    let open = identity::open_of(identity.store(), phone.person.id).await?;
    let waiting: Vec<Value> = open
        .iter()
        .map(|one| {
            ctx! { id => one.id, requester => one.requester, summary => one.summary, code => one.code }
        })
        .collect();
    Ok(ctx! {
        key => demo.key,
        name => phone.person.name.get(visit.lang()),
        is_plus => phone.person.level == identity::Level::Plus,
        is_replaced => phone.is_replaced(),
        waiting,
    })
}

async fn home(visit: Visit, Path(person): Path<String>) -> Outcome<Response> {
    only_in_demo(&visit)?;
    let demo = demo::holder(&person).ok_or_else(Failure::not_found)?;
    visit.remember(LAST, &demo.key).await?;
    Ok(visit.redirect(&visit.to("/demo/phone")))
}

/// The phone opens an approval: by its id (link), by its reference (typed), or only itself.
async fn open(visit: Visit, State(identity): State<Identity>, form: Form) -> Outcome<Response> {
    only_in_demo(&visit)?;
    let demo = demo::holder(form.text("person")).ok_or_else(Failure::not_found)?;
    visit.remember(LAST, &demo.key).await?;
    let id = match (form.text("approval"), form.text("reference")) {
        ("", "") => return Ok(visit.redirect(&visit.to("/demo/phone"))),
        ("", typed) => identity::find_by_reference(identity.store(), typed).await?,
        (id, _) => id.parse().map_err(|_| Failure::not_found())?,
    };
    let phone = demo::phone(identity.store(), identity.vault(), demo.key).await?;
    identity::open(identity.store(), &phone.device, id).await?;
    Ok(visit.redirect(&visit.to(&format!("/demo/phone/{}/{id}", demo.key))))
}

async fn show(
    visit: Visit,
    State(identity): State<Identity>,
    Path((person, id)): Path<(String, Id<Approval>)>,
) -> Outcome<Page> {
    only_in_demo(&visit)?;
    let phone = demo::phone(identity.store(), identity.vault(), &person).await?;
    let shown = identity::find_for_person(identity.store(), id, phone.person.id).await?;
    let now = visit.site().env().now();
    answer_page(&visit, &identity, (&person, &phone), (&shown, now), false).await
}

/// The question on the simulated phone.
async fn answer_page(
    visit: &Visit,
    identity: &Identity,
    (person, phone): (&str, &demo::Phone),
    (shown, now): (&Approval, Time),
    is_wrong: bool,
) -> Outcome<Page> {
    let (store, vault) = (identity.store(), identity.vault());
    let pick = wallet::pickable(store, vault, (shown.id, phone.person.id)).await?;
    let pick = pick.map(|picking| {
        let options: Vec<Value> = picking
            .documents
            .iter()
            .map(|one| {
                let kind = one.kind.words();
                let added = one.added.date().long(visit.lang());
                ctx! {
                    value => one.id,
                    words => one.name,
                    hint => format!("{} · {added}", kind.get(visit.lang())),
                }
            })
            .collect();
        let picked: Vec<String> = picking.picked.iter().map(Id::to_string).collect();
        ctx! { options, picked, most => picking.most }
    });
    let error = if is_wrong {
        visit.t("app.approval.pick.error")
    } else {
        String::new()
    };
    let errors: Vec<Value> = is_wrong
        .then(|| ctx! { field => "documents", words => error.clone() })
        .into_iter()
        .collect();
    let context = ctx! {
        pick,
        error,
        errors,
        person,
        name => phone.person.name.get(visit.lang()),
        approval => ctx! {
            id => shown.id,
            purpose => shown.purpose,
            requester => shown.requester,
            place => shown.place,
            summary => shown.summary,
            detail => shown.detail,
            code => shown.code,
            created => shown.created,
        },
        state => shown.state_at(now),
        is_open => shown.state_at(now).is_open(),
    };
    Ok(visit.page("app/demo_answer.html", context))
}

async fn answer(
    visit: Visit,
    State(identity): State<Identity>,
    Path((person, id)): Path<(String, Id<Approval>)>,
    form: Form,
) -> Outcome<Response> {
    only_in_demo(&visit)?;
    let now = visit.site().env().now();
    let decision: Decision = form
        .text("decision")
        .parse()
        .map_err(|_| Failure::not_found())?;
    let phone = demo::phone(identity.store(), identity.vault(), &person).await?;
    let shown = identity::find_for_person(identity.store(), id, phone.person.id).await?;
    if decision == Decision::Approve {
        match pick(&identity, (&phone, shown.id), &form).await {
            Ok(()) => {}
            Err(Error::NothingPicked) => {
                let shown = (&shown, now);
                let page = answer_page(&visit, &identity, (&person, &phone), shown, true).await?;
                return Ok(page.with_errors().into_response());
            }
            Err(error) => return Err(error.into()),
        }
    }
    demo::answer(identity.store(), &phone, &shown, decision).await?;
    Ok(visit.redirect(&visit.to(&format!("/demo/phone/{person}/{id}"))))
}

/// What was ticked, where the question lets the phone pick.
async fn pick(
    identity: &Identity,
    (phone, id): (&demo::Phone, Id<Approval>),
    form: &Form,
) -> Result<(), Error> {
    let picked = form.all("documents").take(wallet::SHARED_AT_ONCE + 1);
    let picked: Result<Vec<_>, _> = picked.map(str::parse).collect();
    let picked = picked.map_err(|_| Error::NothingPicked)?;
    let about = (id, phone.person.id);
    let actor = Actor::Resident {
        person: phone.person.id.to_string(),
        company: None,
    };
    let (store, vault) = (identity.store(), identity.vault());
    wallet::pick_documents(store, vault, &actor, about, picked).await
}

/// The simulated phone takes the place of the real one again.
async fn take_back(
    visit: Visit,
    State(identity): State<Identity>,
    Path(person): Path<String>,
) -> Outcome<Response> {
    only_in_demo(&visit)?;
    demo::take_back(identity.store(), identity.vault(), &person).await?;
    visit.flash("app.demo.back.done");
    Ok(visit.redirect(&visit.to("/demo/phone")))
}
