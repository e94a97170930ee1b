//! My profile: every field that forms may be filled with, who vouches for it and since when, each
//! changed on a page of its own with its history; consents.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use identity::{
    Address, AddressKind, Consent, Error, Field, FieldKey, FieldVersion, Person, Profile, Source,
};
use kernel::{Date, Id};
use serde_json::{Value as Json, json};
use web::{
    Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, Wrong, ctx,
};

use crate::{Portal, address_proof};

/// Consents that are shown.
const CONSENTS_SHOWN: usize = 200;

/// What a card or a passport has and the other has not.
const DOCUMENT_FIELDS: [FieldKey; 3] = [
    FieldKey::Hkid,
    FieldKey::Passport,
    FieldKey::PassportCountry,
];

/// The fields in the order in which people think of themselves.
const GROUPS: [(&str, &[FieldKey]); 4] = [
    (
        "who",
        &[
            FieldKey::NameEn,
            FieldKey::NameZh,
            FieldKey::Hkid,
            FieldKey::Passport,
            FieldKey::PassportCountry,
            FieldKey::DateOfBirth,
            FieldKey::Sex,
        ],
    ),
    (
        "reach",
        &[
            FieldKey::Mobile,
            FieldKey::Email,
            FieldKey::HomePhone,
            FieldKey::OfficePhone,
        ],
    ),
    (
        "live",
        &[FieldKey::ResidentialAddress, FieldKey::PostalAddress],
    ),
    (
        "about",
        &[
            FieldKey::Prefix,
            FieldKey::MaritalStatus,
            FieldKey::Education,
        ],
    ),
];

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/profile", Access::RESIDENT, show)
        .merge(address_proof::routes())
        .post(
            "/{lang}/profile/consents/{id}/revoke",
            Access::RESIDENT,
            revoke,
        )
        .post(
            "/{lang}/profile/versions/{id}/restore",
            Access::RESIDENT,
            restore,
        )
        .get("/{lang}/profile/{field}", Access::RESIDENT, edit)
        .post("/{lang}/profile/{field}", Access::RESIDENT, save)
}

pub(crate) async fn own(portal: &Portal, id: Id<Person>) -> Outcome<Profile> {
    Ok(identity::own_profile(&portal.store, portal.identity.vault(), id).await?)
}

/// A value in words, line by line. The card number is masked: its owner knows it.
pub(crate) fn words(visit: &Visit, key: FieldKey, value: &Json) -> Vec<String> {
    let text = value.as_str().unwrap_or_default();
    match key {
        FieldKey::ResidentialAddress | FieldKey::PostalAddress => {
            let address: Address = serde_json::from_value(value.clone()).unwrap_or_default();
            address.envelope()
        }
        FieldKey::Prefix | FieldKey::MaritalStatus | FieldKey::Education => {
            vec![visit.t(&format!("app.{key}.{text}"))]
        }
        FieldKey::Sex if text == "F" => vec![visit.t("portal.profile.sex.female")],
        FieldKey::Sex => vec![visit.t("portal.profile.sex.male")],
        FieldKey::DateOfBirth => {
            let day = text.parse::<Date>();
            vec![day.map_or_else(|_| text.to_owned(), |day| day.long(visit.lang()))]
        }
        FieldKey::Hkid => {
            let card = text.parse::<kernel::Hkid>();
            vec![card.map(|card| card.masked()).unwrap_or_default()]
        }
        FieldKey::Passport => {
            let number = text.parse::<identity::PassportNumber>();
            vec![number.map(|number| number.masked()).unwrap_or_default()]
        }
        FieldKey::PassportCountry => {
            let country = text.parse::<identity::Country>();
            let name = country.map(|country| country.name().get(visit.lang()).to_owned());
            vec![name.unwrap_or_default()]
        }
        _ => vec![text.to_owned()],
    }
}

async fn show(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let id = portal.person(&visit)?;
    let profile = own(&portal, id).await?;
    let owner = identity::find_person(&portal.store, id)
        .await?
        .ok_or(Error::NotFound)?;
    // Nobody has every document: what an account does not rest on is not missing.
    let is_theirs =
        |key: &&FieldKey| profile.get(**key).is_some() || !DOCUMENT_FIELDS.contains(*key);
    let groups: Vec<Value> = GROUPS
        .iter()
        .map(|(group, keys)| {
            let fields: Vec<Value> = keys
                .iter()
                .filter(is_theirs)
                .map(|key| field_view(&visit, *key, profile.get(*key)))
                .collect();
            ctx! { id => *group, title => visit.t(&format!("portal.profile.group.{group}")), fields }
        })
        .collect();
    let all = GROUPS.iter().flat_map(|(_, keys)| keys.iter());
    let all = all.filter(is_theirs).count();
    let consents = identity::consents_of(&portal.store, id).await?;
    let consents: Vec<Value> = consents
        .iter()
        .take(CONSENTS_SHOWN)
        .map(|one| consent_view(&visit, one))
        .collect();
    let proof = identity::find_address_proof(&portal.store, id).await?;
    let context = ctx! {
        name => owner.name.get(visit.lang()),
        level => visit.t(&format!("portal.profile.level.{}", owner.level)),
        since => owner.enrolled,
        filled => profile.fields.len(),
        all,
        groups,
        consents,
        proof => proof.as_ref().map(|one| address_proof::view(&visit, one)),
        has_passport => matches!(owner.basis, identity::Basis::Passport { .. }),
        is_simulated => portal.identity.register().is_simulated(),
    };
    Ok(visit.page("portal/profile.html", context))
}

fn field_view(visit: &Visit, key: FieldKey, held: Option<&Field>) -> Value {
    ctx! {
        key => key.code(),
        label => visit.t(&format!("app.field.{key}")),
        lines => held.map(|one| words(visit, key, &one.value)).unwrap_or_default(),
        is_verified => held.is_some_and(|one| one.source != Source::SelfDeclared),
        at_counter => held.is_some_and(|one| one.source == Source::Counter),
        updated => held.map(|one| one.updated),
        prove => (key == FieldKey::Email && held.is_some_and(|one| one.source == Source::SelfDeclared))
            .then(|| visit.to("/profile/email-proof")),
        change => (!key.is_verified()).then(|| visit.to(&format!("/profile/{key}"))),
    }
}

fn consent_view(visit: &Visit, one: &Consent) -> Value {
    let fields: Vec<String> = one
        .fields
        .iter()
        .map(|key| visit.t(&format!("app.field.{key}")))
        .collect();
    ctx! {
        title => one.title,
        fields => fields.join(&visit.t("portal.profile.comma")),
        granted => one.granted,
        expires => one.expires,
        revoke => visit.to(&format!("/profile/consents/{}/revoke", one.id)),
    }
}

async fn revoke(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Consent>>,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    portal
        .store
        .write(&visit.actor(), move |tx| async move {
            identity::revoke_consent_in(&tx, who, id).await
        })
        .await?;
    visit.flash("portal.profile.consent.revoked");
    Ok(visit.redirect(&visit.to("/profile")))
}

/// The field a page is for; those of the register have no page.
fn editable(field: &str) -> Outcome<FieldKey> {
    let key: FieldKey = field.parse().map_err(|_| Failure::not_found())?;
    if key.is_verified() {
        return Err(Failure::not_found());
    }
    Ok(key)
}

async fn edit(
    State(portal): State<Portal>,
    visit: Visit,
    Path(field): Path<String>,
) -> Outcome<Page> {
    let key = editable(&field)?;
    let id = portal.person(&visit)?;
    let profile = own(&portal, id).await?;
    let value = profile.get(key).map(|one| one.value.clone());
    form_page(
        &portal,
        &visit,
        (id, key),
        (value.unwrap_or(Json::Null), &[]),
    )
    .await
}

/// The choices of a choice field in words.
fn choices(visit: &Visit, key: FieldKey) -> Vec<Value> {
    key.choices()
        .unwrap_or_default()
        .iter()
        .map(|code| ctx! { value => *code, words => visit.t(&format!("app.{key}.{code}")) })
        .collect()
}

const fn is_address(key: FieldKey) -> bool {
    matches!(key, FieldKey::ResidentialAddress | FieldKey::PostalAddress)
}

/// The ways to write an address, each a page.
fn kinds(visit: &Visit, key: FieldKey, now: AddressKind) -> Vec<Value> {
    AddressKind::ALL
        .iter()
        .map(|kind| {
            ctx! {
                href => visit.to(&format!("/profile/{key}?kind={kind}")),
                words => visit.t(&format!("portal.profile.kind.{kind}")),
                is_now => *kind == now,
            }
        })
        .collect()
}

/// What stands beside each part of an address.
fn part_errors(wrong: &Wrong, address: &Address) -> BTreeMap<&'static str, String> {
    let words = |(part, _)| (part, wrong.words(&format!("value-{part}")));
    address.parts().into_iter().map(words).collect()
}

async fn form_page(
    portal: &Portal,
    visit: &Visit,
    (id, key): (Id<Person>, FieldKey),
    (value, errors): (Json, &[(&str, &str)]),
) -> Outcome<Page> {
    let wrong = Wrong::of(visit, errors);
    let vault = portal.identity.vault();
    let versions = identity::field_versions(&portal.store, vault, id, key).await?;
    let versions: Vec<Value> = versions
        .iter()
        .map(|one| version_view(visit, key, one))
        .collect();
    let is_address = is_address(key);
    let mut address: Address = serde_json::from_value(value.clone()).unwrap_or_default();
    if let Some(kind) = visit.query().get("kind").and_then(|kind| kind.parse().ok()) {
        address.kind = kind;
    }
    let kinds = kinds(visit, key, address.kind);
    let choices = choices(visit, key);
    let hint = match key {
        FieldKey::Mobile | FieldKey::HomePhone | FieldKey::OfficePhone => {
            "portal.profile.hint.phone"
        }
        FieldKey::Email => "portal.profile.hint.email",
        _ => "portal.profile.hint.none",
    };
    let context = ctx! {
        key => key.code(),
        label => visit.t(&format!("app.field.{key}")),
        hint => visit.t(hint),
        value => value.as_str().unwrap_or_default(),
        has_value => !value.is_null(),
        is_email => key == FieldKey::Email,
        choices,
        is_address,
        parts => BTreeMap::from(address.parts()),
        lines => address.lines,
        kind => address.kind.code(),
        kinds,
        error => wrong.words("value"),
        office_error => wrong.words("value-office"),
        part_errors => part_errors(&wrong, &address),
        errors => wrong.list(),
        versions,
    };
    Ok(visit.page("portal/profile_field.html", context))
}

fn version_view(visit: &Visit, key: FieldKey, one: &FieldVersion) -> Value {
    ctx! {
        lines => one.value.as_ref().map(|value| words(visit, key, value)).unwrap_or_default(),
        changed => one.changed,
        restore => visit.to(&format!("/profile/versions/{}/restore", one.id)),
    }
}

/// What was posted, as the field's value; `null` takes it back.
fn posted(key: FieldKey, form: &Form) -> Json {
    if form.has("remove") {
        return Json::Null;
    }
    if !is_address(key) {
        return Json::from(form.text("value"));
    }
    let part = |name: &str| form.text(&format!("value-{name}")).to_owned();
    let kind = form.text("kind");
    if kind == AddressKind::Free.code() {
        return json!({ "kind": kind, "lines": form.text("value") });
    }
    if kind == AddressKind::PostBox.code() {
        return json!({
            "kind": kind, "post_box": form.text("value"), "building": part("office"),
        });
    }
    json!({
        "kind": kind, "flat": part("flat"), "floor": part("floor"), "block": part("block"),
        "building": part("building"), "estate": part("estate"), "phase": part("phase"),
        "number_from": part("number_from"), "number_to": part("number_to"),
        "street": part("street"), "sub_district": part("sub_district"),
        "district": part("district"), "area": part("area"),
        "lot": {
            "dd": part("dd"), "number": part("lot"), "section": part("section"),
            "subsection": part("subsection"),
        },
    })
}

/// What is wrong with a refused value: the field of the form, and the key of the words for it.
fn faults(key: FieldKey, value: &Json) -> Vec<(String, String)> {
    if !is_address(key) {
        let words = format!("portal.profile.wrong.{}", wrong(key));
        return vec![("value".to_owned(), words)];
    }
    let address: Address = serde_json::from_value(value.clone()).unwrap_or_default();
    let kind = address.kind;
    let field = |part: &str| match (kind, part) {
        (AddressKind::Free, _) | (AddressKind::PostBox, "post_box") => "value".to_owned(),
        (AddressKind::PostBox, _) => "value-office".to_owned(),
        _ => format!("value-{part}"),
    };
    let faults = address.tidied().faults();
    let words = |(part, fault)| (field(part), format!("portal.profile.fault.{fault}"));
    faults.into_iter().map(words).collect()
}

async fn save(
    State(portal): State<Portal>,
    visit: Visit,
    Path(field): Path<String>,
    form: Form,
) -> Outcome<Response> {
    let key = editable(&field)?;
    let id = portal.person(&visit)?;
    let value = posted(key, &form);
    let changes = vec![(key, value.clone())];
    if !identity::refused_fields(&changes).is_empty() {
        let faults = faults(key, &value);
        let errors: Vec<(&str, &str)> = faults
            .iter()
            .map(|(field, words)| (field.as_str(), words.as_str()))
            .collect();
        let page = form_page(&portal, &visit, (id, key), (value, &errors)).await?;
        return Ok(page.with_errors().into_response());
    }
    identity::update_profile(&portal.store, portal.identity.vault(), id, changes).await?;
    visit.flash(if value.is_null() {
        "portal.profile.removed"
    } else {
        "portal.profile.saved"
    });
    Ok(visit.redirect(&visit.to("/profile")))
}

/// The last word of the message for a value that was refused.
const fn wrong(key: FieldKey) -> &'static str {
    match key {
        FieldKey::Email => "email",
        FieldKey::Mobile | FieldKey::HomePhone | FieldKey::OfficePhone => "phone",
        _ => "choice",
    }
}

async fn restore(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<FieldVersion>>,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let key = identity::restore_field(&portal.store, who, id).await?;
    visit.flash("portal.profile.restored");
    Ok(visit.redirect(&visit.to(&format!("/profile/{key}"))))
}
