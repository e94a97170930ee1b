//! The form of a client that speaks the Hong Kong wire form, and its own rows on its page.

use identity::{
    hongkong::{UseDay, Wire, WireScope},
    provider::{ClientProfile, ClientRecord, Registration},
};
use kernel::{Text, Time};
use serde::Serialize;
use trust::envelope::{Padding, SealingCertificate};
use web::{Form, Value, Visit, ctx};

use super::form::{Mistake, mistake_of_id, optional_lines};

/// What was typed, as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Typed {
    pub(super) id: String,
    revision: String,
    profile: String,
    name_en: String,
    name_tc: String,
    sector: String,
    purpose_en: String,
    purpose_tc: String,
    scopes: Vec<String>,
    redirect_uris: String,
    callback_uris: String,
    certificate: String,
    padding: String,
    is_test: bool,
}

impl Typed {
    /// A sound beginning: a test that signs people in.
    pub(super) fn blank() -> Self {
        Self {
            profile: ClientProfile::IamSmart.code().to_owned(),
            scopes: vec![WireScope::Auth.code().to_owned()],
            padding: Padding::default().code().to_owned(),
            is_test: true,
            ..Self::default()
        }
    }

    pub(super) fn of(form: &Form) -> Self {
        let word = |name: &str| form.text(name).to_owned();
        Self {
            id: word("id"),
            revision: word("revision"),
            profile: word("profile"),
            name_en: word("name_en"),
            name_tc: word("name_tc"),
            sector: word("sector"),
            purpose_en: word("purpose_en"),
            purpose_tc: word("purpose_tc"),
            scopes: form.all("scopes").map(str::to_owned).collect(),
            redirect_uris: word("redirect_uris"),
            callback_uris: word("callback_uris"),
            certificate: word("certificate"),
            padding: word("padding"),
            is_test: form.has("is_test"),
        }
    }

    pub(super) fn from_record(found: &ClientRecord) -> Self {
        let latest = found.latest();
        let Some((latest, wire)) = latest.and_then(|one| Some((one, one.wire.as_ref()?))) else {
            return Self::blank();
        };
        Self {
            id: found.id.clone(),
            revision: found.revision.to_string(),
            profile: latest.profile.code().to_owned(),
            name_en: latest.name.en.clone(),
            name_tc: latest.name.tc.clone(),
            sector: latest.sector.clone(),
            purpose_en: wire.purpose.en.clone(),
            purpose_tc: wire.purpose.tc.clone(),
            scopes: wire
                .scopes
                .iter()
                .map(|one| one.code().to_owned())
                .collect(),
            redirect_uris: latest.redirect_uris.join("\n"),
            callback_uris: wire.callback_uris.join("\n"),
            certificate: wire.certificate.clone(),
            padding: wire.padding.code().to_owned(),
            is_test: latest.is_test,
        }
    }

    pub(super) fn mistake_of_id(&self) -> Option<Mistake> {
        mistake_of_id(&self.id)
    }

    /// What it means, and what is wrong with it. Secrets are made later, so their lack is no mistake yet.
    pub(super) fn read(&self) -> (Registration, Vec<Mistake>) {
        let padding = Padding::ALL
            .into_iter()
            .find(|one| one.code() == self.padding);
        let scopes = self.scopes.iter().filter_map(|code| code.parse().ok());
        let wire = Wire {
            scopes: scopes.collect(),
            purpose: Text::new(&self.purpose_en, &self.purpose_tc),
            certificate: self.certificate.trim().to_owned(),
            padding: padding.unwrap_or_default(),
            callback_uris: optional_lines(&self.callback_uris),
            secrets: Vec::new(),
        };
        let profile = match self.profile.parse() {
            Ok(ClientProfile::CorpId) => ClientProfile::CorpId,
            _ => ClientProfile::IamSmart,
        };
        let name = Text::new(&self.name_en, &self.name_tc);
        let redirect_uris = optional_lines(&self.redirect_uris);
        let read = Registration {
            is_test: self.is_test,
            ..Registration::over_wire(profile, name, self.sector.clone(), redirect_uris, wire)
        };
        let mistakes = read
            .flaws()
            .into_iter()
            .filter(|flaw| flaw.field != "secrets")
            .map(|flaw| Mistake {
                field: flaw.field,
                words: flaw.words,
            })
            .collect();
        (read, mistakes)
    }
}

/// The words of every choice on the form.
pub(super) fn choices(visit: &Visit) -> Value {
    let scopes: Vec<Value> = WireScope::ALL
        .iter()
        .map(|one| {
            let words = visit.t(&format!("desk.clients.wire_scope.{}", one.code()));
            ctx! { value => one.code(), words => format!("{} – {words}", one.code()) }
        })
        .collect();
    let profiles: Vec<Value> = ClientProfile::ALL
        .iter()
        .filter(|one| one.is_wire())
        .map(|one| {
            let words = visit.t(&format!("desk.clients.profile.{}", one.code()));
            let hint = visit.t(&format!("desk.clients.wire_profile.{}", one.code()));
            ctx! { value => one.code(), words, hint }
        })
        .collect();
    let paddings: Vec<Value> = Padding::ALL
        .iter()
        .map(|one| {
            let words = visit.t(&format!("desk.clients.padding.{}", one.code()));
            ctx! { value => one.code(), words }
        })
        .collect();
    ctx! { profiles, scopes, paddings }
}

/// What stands on the client's page: label and lines.
pub(super) fn rows_of(
    visit: &Visit,
    found: &Registration,
    wire: &Wire,
) -> Vec<(String, Vec<String>)> {
    let words = |area: &str, code: &str| visit.t(&format!("desk.clients.{area}.{code}"));
    let scopes = wire.scopes.iter().map(|one| {
        let code = one.code();
        format!("{code} – {}", words("wire_scope", code))
    });
    let made = wire.secrets.iter().map(|one| {
        let day = Time::from_seconds(one.made).date().long(visit.lang());
        visit.t_with("desk.clients.secret.made", &[("day", &day)])
    });
    let rows = [
        ("profile", vec![words("profile", found.profile.code())]),
        ("purpose", vec![wire.purpose.get(visit.lang()).to_owned()]),
        ("scopes", scopes.collect()),
        ("sector", vec![found.sector.clone()]),
        ("redirect_uris", found.redirect_uris.clone()),
        ("callback_uris", wire.callback_uris.clone()),
        ("certificate", certificate_lines(visit, wire)),
        ("padding", vec![words("padding", wire.padding.code())]),
        ("secrets", made.collect()),
    ];
    rows.into_iter()
        .filter(|(_, lines)| lines.iter().any(|line| !line.is_empty()))
        .map(|(name, lines)| (visit.t(&format!("desk.clients.{name}")), lines))
        .collect()
}

/// For whom, until when, and the print that the second person compares with the department's own.
fn certificate_lines(visit: &Visit, wire: &Wire) -> Vec<String> {
    match SealingCertificate::from_pem(&wire.certificate) {
        Ok(certificate) => vec![
            certificate.subject().to_owned(),
            visit.t_with(
                "desk.clients.certificate.until",
                &[("day", &certificate.until().date().long(visit.lang()))],
            ),
            format!("SHA-256 {}", certificate.print()),
        ],
        Err(_) => Vec::new(),
    }
}

/// Use by day and kind.
pub(super) fn uses_of(visit: &Visit, days: &[UseDay]) -> Vec<Value> {
    days.iter()
        .map(|one| {
            ctx! {
                day => one.day.long(visit.lang()),
                kind => visit.t(&format!("desk.clients.kind.{}", one.kind.code())),
                asked => one.asked,
                granted => one.granted,
                refused => one.asked - one.granted,
            }
        })
        .collect()
}
