//! My profile: every field that forms may be filled with, who vouches for it and since when, each
//! changed on a page of its own with its history; consents; the paper that shows an address.

use axum::{extract::State, response::Response};
use identity::{
    Address, AddressKind, AddressProof, Consent, Error, Field, FieldKey, FieldVersion,
    NewAddressProof, Person, Profile, Source,
};
use kernel::{Date, Id};
use serde_json::{Value as Json, json};
use web::{
    Access, Download, Failure, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit,
    Wrong, ctx,
};

use crate::Portal;

/// Bytes of a posted paper with what surrounds it.
const PROOF_BODY_BYTES: usize = identity::PROOF_BYTES + 64 * 1024;
/// Consents that are shown.
const CONSENTS_SHOWN: usize = 200;
/// Characters of a file's name that are kept.
const FILE_NAME_CHARS: usize = 100;

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
        .get(
            "/{lang}/profile/address-proof",
            Access::RESIDENT,
            proof_page,
        )
        .post(
            "/{lang}/profile/address-proof",
            Access::RESIDENT,
            give_proof,
        )
        .body_bytes(PROOF_BODY_BYTES)
        .rate(Rate::Post)
        .get(
            "/{lang}/profile/address-proof/file",
            Access::RESIDENT,
            proof_file,
        )
        .post(
            "/{lang}/profile/address-proof/remove",
            Access::RESIDENT,
            drop_proof,
        )
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
            address_lines(visit, &address)
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

fn address_lines(visit: &Visit, address: &Address) -> Vec<String> {
    let labelled = |key: &str, value: &str| {
        (!value.is_empty()).then(|| visit.t_with(key, &[("value", value)]))
    };
    match address.kind {
        AddressKind::Free => address.lines.lines().map(str::to_owned).collect(),
        AddressKind::PostBox => {
            let office = [("office", address.building.as_str())];
            let line = visit.t_with(
                "portal.profile.address.box",
                &[("number", &address.post_box)],
            );
            vec![line, visit.t_with("portal.profile.address.office", &office)]
        }
        AddressKind::PremisesEn | AddressKind::PremisesZh => {
            let door: Vec<String> = [
                labelled("portal.profile.address.flat", &address.flat),
                labelled("portal.profile.address.floor", &address.floor),
                labelled("portal.profile.address.block", &address.block),
            ]
            .into_iter()
            .flatten()
            .collect();
            let area = match address.area.as_str() {
                "hk" => visit.t("portal.profile.area.hk"),
                "kln" => visit.t("portal.profile.area.kln"),
                _ => visit.t("portal.profile.area.nt"),
            };
            let place = [address.district.clone(), area];
            let joint = visit.t("portal.profile.comma");
            [
                door.join(&joint),
                address.building.clone(),
                address.street.clone(),
                place.join(&joint),
            ]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect()
        }
    }
}

async fn show(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let id = portal.person(&visit)?;
    let profile = own(&portal, id).await?;
    let owner = identity::find_person(&portal.store, id)
        .await?
        .ok_or(Error::NotFound)?;
    let groups: Vec<Value> = GROUPS
        .iter()
        .map(|(group, keys)| {
            let fields: Vec<Value> = keys
                .iter()
                .map(|key| field_view(&visit, *key, profile.get(*key)))
                .collect();
            ctx! { id => *group, title => visit.t(&format!("portal.profile.group.{group}")), fields }
        })
        .collect();
    let all: usize = GROUPS.iter().map(|(_, keys)| keys.len()).sum();
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
        proof => proof.as_ref().map(proof_view),
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

fn proof_view(one: &AddressProof) -> Value {
    ctx! {
        file_name => one.file_name,
        dated => one.dated,
        uploaded => one.uploaded,
        sha256 => trust::digest::hex(&one.sha256),
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
        (value.unwrap_or(Json::Null), ""),
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

async fn form_page(
    portal: &Portal,
    visit: &Visit,
    (id, key): (Id<Person>, FieldKey),
    (value, error): (Json, &str),
) -> Outcome<Page> {
    let vault = portal.identity.vault();
    let versions = identity::field_versions(&portal.store, vault, id, key).await?;
    let versions: Vec<Value> = versions
        .iter()
        .map(|one| version_view(visit, key, one))
        .collect();
    let is_address = matches!(key, FieldKey::ResidentialAddress | FieldKey::PostalAddress);
    let mut address: Address = serde_json::from_value(value.clone()).unwrap_or_default();
    if let Some(kind) = visit.query().get("kind").and_then(|kind| kind.parse().ok()) {
        address.kind = kind;
    }
    let kinds: Vec<Value> = AddressKind::ALL
        .iter()
        .map(|kind| {
            ctx! {
                href => visit.to(&format!("/profile/{key}?kind={kind}")),
                words => visit.t(&format!("portal.profile.kind.{kind}")),
                is_now => *kind == address.kind,
            }
        })
        .collect();
    let choices = choices(visit, key);
    let error = if error.is_empty() {
        String::new()
    } else {
        visit.t(error)
    };
    let errors: Vec<Value> = (!error.is_empty())
        .then(|| ctx! { field => "value", words => error })
        .into_iter()
        .collect();
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
        address,
        kind => address.kind.code(),
        kinds,
        error,
        errors,
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
    if !matches!(key, FieldKey::ResidentialAddress | FieldKey::PostalAddress) {
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
        "building": part("building"), "street": part("street"), "district": part("district"),
        "area": part("area"),
    })
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
        let error = format!("portal.profile.wrong.{}", wrong(key, form.text("kind")));
        let page = form_page(&portal, &visit, (id, key), (value, &error)).await?;
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
fn wrong(key: FieldKey, kind: &str) -> &'static str {
    match (key, kind) {
        (FieldKey::Email, _) => "email",
        (FieldKey::Mobile | FieldKey::HomePhone | FieldKey::OfficePhone, _) => "phone",
        (FieldKey::ResidentialAddress | FieldKey::PostalAddress, "free") => "free",
        (FieldKey::ResidentialAddress | FieldKey::PostalAddress, "post_box") => "post_box",
        (FieldKey::ResidentialAddress | FieldKey::PostalAddress, _) => "premises",
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

async fn proof_page(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let id = portal.person(&visit)?;
    let proof = identity::find_address_proof(&portal.store, id).await?;
    Ok(proof_form(&visit, proof.as_ref(), &Form::default(), &[]))
}

fn proof_form(
    visit: &Visit,
    proof: Option<&AddressProof>,
    form: &Form,
    errors: &[(&str, &str)],
) -> Page {
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        errors => wrong.list(),
        file_error => wrong.words("file"),
        dated_error => wrong.words("dated"),
        day => form.text("dated-day"),
        month => form.text("dated-month"),
        year => form.text("dated-year"),
        proof => proof.map(proof_view),
    };
    visit.page("portal/profile_proof.html", context)
}

async fn give_proof(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let id = portal.person(&visit)?;
    let mut errors = Vec::new();
    let part = |name: &str| form.text(name).trim().to_owned();
    let day = (
        part("dated-year").parse::<i16>(),
        part("dated-month").parse::<i8>(),
        part("dated-day").parse::<i8>(),
    );
    let dated = match day {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    };
    let today = portal.store.env().today();
    let oldest = today.plus_days(-identity::PROOF_DAYS);
    let dated = dated.filter(|day| (oldest..=today).contains(day));
    if dated.is_none() {
        errors.push(("dated", "portal.profile.proof.wrong.dated"));
    }
    let media_type = form.file("file").and_then(|file| {
        let is_size = !file.bytes.is_empty() && file.bytes.len() <= identity::PROOF_BYTES;
        is_size.then(|| kind_of(&file.bytes)).flatten()
    });
    if media_type.is_none() {
        errors.push(("file", "portal.profile.proof.wrong.file"));
    }
    if let (Some(file), Some(media_type), Some(dated)) = (form.file("file"), media_type, dated) {
        let new = NewAddressProof {
            file_name: file_name(&file.file_name),
            media_type,
            dated,
            bytes: file.bytes.to_vec(),
        };
        identity::put_address_proof(&portal.store, portal.identity.vault(), id, new).await?;
        visit.flash("portal.profile.proof.saved");
        return Ok(visit.redirect(&visit.to("/profile")));
    }
    let proof = identity::find_address_proof(&portal.store, id).await?;
    let page = proof_form(&visit, proof.as_ref(), &form, &errors);
    Ok(page.with_errors().into_response())
}

/// The name as it is shown again: no folder, nothing that could steer a header.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = last
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' '));
    clean.take(FILE_NAME_CHARS).collect()
}

/// What kind of file the bytes are, of those that are taken.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    if starts(b"%PDF-") {
        Some("application/pdf")
    } else if starts(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else {
        None
    }
}

async fn proof_file(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let id = portal.person(&visit)?;
    let proof = identity::find_address_proof(&portal.store, id)
        .await?
        .ok_or(Error::NotFound)?;
    let bytes = identity::address_proof_content(&portal.store, portal.identity.vault(), id).await?;
    let content_type = kind_of(&bytes).unwrap_or("application/octet-stream");
    let download = Download {
        file_name: proof.file_name,
        content_type,
        bytes: bytes.into(),
        is_inline: false,
    };
    Ok(download.into_response())
}

async fn drop_proof(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let id = portal.person(&visit)?;
    identity::drop_address_proof(&portal.store, id).await?;
    visit.flash("portal.profile.proof.removed");
    Ok(visit.redirect(&visit.to("/profile")))
}
