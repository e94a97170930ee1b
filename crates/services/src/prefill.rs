//! Filling a draft with what government holds already: field by field, with the person's consent and
//! the purpose shown. Values of the register are locked where the pack says so; everything else can be
//! changed.

use std::collections::BTreeMap;

use identity::{FieldKey, NewConsent, Reading};
use journal::Step;
use kernel::{Id, Text};
use packs::{Address, Field, FieldKind, Pack, Value};
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    Error, Services,
    applicant::Applicant,
    counted,
    draft::{Draft, OpenDraft},
    drafting::{Mark, kept_of},
    rules,
};

/// One field that can be filled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Offer {
    pub field: String,
    pub label: Text,
    /// Why the service asks for it.
    pub purpose: Text,
    /// What would be filled in.
    pub value: Text,
    /// Where it comes from: `profile.enName`, `wallet.driving_licence.number`.
    pub source: String,
    /// Vouched for by a register; where the pack locks it, it cannot be changed.
    pub is_verified: bool,
    pub is_locked: bool,
}

/// A value found at a source.
#[derive(Clone, Debug)]
struct Found {
    value: Value,
    source: String,
    is_verified: bool,
}

impl Services {
    /// What could be filled in, for the applicant to choose from. Nothing is written.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::DraftExpired`].
    pub async fn prefill_offer(
        &self,
        applicant: Applicant,
        id: Id<Draft>,
    ) -> Result<Vec<Offer>, Error> {
        let open = self.draft(applicant, id).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let found = self.sources(applicant, &pack).await?;
        let fields = pack
            .fields()
            .filter(|field| !open.locked.contains_key(&field.id));
        Ok(fields
            .filter_map(|field| offer(field, found.get(&field.id)?))
            .collect())
    }

    /// Fills the chosen fields, and records the consent and the reading.
    ///
    /// # Errors
    /// [`Error::StaleDraft`], [`Error::Paid`], [`Error::NoSuchDraft`].
    pub async fn prefill(
        &self,
        applicant: Applicant,
        (id, revision): (Id<Draft>, i64),
        fields: &[String],
    ) -> Result<OpenDraft, Error> {
        let open = self.draft(applicant, id).await?;
        if open.draft.revision != revision {
            return Err(Error::StaleDraft {
                current: open.draft.revision,
            });
        }
        self.guard_unpaid(&open.draft).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let found = self.sources(applicant, &pack).await?;
        let mut kept = kept_of(&open);
        let mut keys = Vec::new();
        let mut filled = 0;
        for field in pack.fields().filter(|field| fields.contains(&field.id)) {
            let (Some(found), Some(prefill)) = (found.get(&field.id), &field.prefill) else {
                continue;
            };
            kept.answers.set(field.id.clone(), found.value.clone());
            if prefill.locked && found.is_verified {
                kept.locked.insert(field.id.clone(), found.source.clone());
            }
            keys.extend(key_of(&found.source));
            filled += 1;
        }
        self.record_consent(applicant, &pack, keys).await?;
        let steps = if filled > 0 {
            let step = counted::of_draft(Step::Filled, &open.draft, &pack, applicant.channel)
                .value(filled);
            vec![step]
        } else {
            Vec::new()
        };
        let mark = Mark {
            action: "draft.prefilled",
            steps,
        };
        self.write_answers(open.draft.clone(), &kept, mark).await?;
        self.read_draft(id).await
    }

    /// Consent and reading in one write: the person finds both in their own history.
    async fn record_consent(
        &self,
        applicant: Applicant,
        pack: &Pack,
        keys: Vec<FieldKey>,
    ) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let consent = NewConsent {
            person: applicant.person,
            purpose: format!("service:{}", pack.service),
            title: pack.name.clone(),
            fields: keys,
        };
        let reading = Reading {
            person: applicant.person,
            reader: self.catalogue().department_name(&pack.owner),
            department: pack.owner.clone(),
            reason: pack.name.clone(),
        };
        self.store()
            .write(&applicant.actor(), move |tx| {
                let (consent, reading) = (consent.clone(), reading.clone());
                async move {
                    identity::grant_consent_in(&tx, &consent).await?;
                    identity::record_reading_in(&tx, &reading, &consent.fields).await?;
                    Ok::<_, Error>(())
                }
            })
            .await
    }

    /// The value of every prefillable field that some source holds.
    async fn sources(
        &self,
        applicant: Applicant,
        pack: &Pack,
    ) -> Result<BTreeMap<String, Found>, Error> {
        let profile = identity::own_profile(self.store(), self.vault(), applicant.person).await?;
        let company = match applicant.company {
            Some(company) => identity::facts_of(self.store(), company).await?,
            None => Vec::new(),
        };
        let wallet = self.wallet(applicant).await?;
        let mut found = BTreeMap::new();
        for field in pack.fields() {
            let Some(prefill) = &field.prefill else {
                continue;
            };
            let source = prefill.source.as_str();
            let json = match source.split_once('.') {
                Some(("profile" | "eme", _)) => {
                    key_of(source).and_then(|key| Some(profile.get(key)?.value.clone()))
                }
                Some(("corp", name)) => of_company(&company, name),
                Some(("wallet", path)) => wallet.get(path).cloned(),
                _ => None,
            };
            let Some(value) = json.and_then(|json| typed(field, &json)) else {
                continue;
            };
            let is_verified = !source.starts_with("eme.") && !source.starts_with("corp.eCorp");
            let source = source.to_owned();
            found.insert(
                field.id.clone(),
                Found {
                    value,
                    source,
                    is_verified,
                },
            );
        }
        Ok(found)
    }

    /// Claims of the person's live licences by `kind.claim`.
    async fn wallet(&self, applicant: Applicant) -> Result<BTreeMap<String, Json>, Error> {
        let services = self.clone();
        let holder = applicant.person.cast();
        let licences = self
            .store()
            .read(move |db| {
                let services = services.clone();
                async move {
                    Ok::<_, Error>(credentials::of_holder(&db, services.issuer(), holder).await?)
                }
            })
            .await?;
        let mut claims = BTreeMap::new();
        for licence in licences {
            if licence.state != credentials::LicenceState::Live {
                continue;
            }
            let mut add = |name: &str, value: Json| {
                claims
                    .entry(format!("{}.{name}", licence.kind))
                    .or_insert(value);
            };
            for (name, value) in &licence.claims {
                add(name, value.clone());
            }
            add("number", Json::from(licence.number.as_str()));
            if let Some(until) = licence.valid_until {
                add("valid_until", Json::from(until.to_string()));
            }
        }
        Ok(claims)
    }
}

fn offer(field: &Field, found: &Found) -> Option<Offer> {
    let prefill = field.prefill.as_ref()?;
    Some(Offer {
        field: field.id.clone(),
        label: field.label.clone(),
        purpose: prefill.purpose.clone(),
        value: rules::show(field, &found.value),
        source: found.source.clone(),
        is_verified: found.is_verified,
        is_locked: prefill.locked && found.is_verified,
    })
}

/// The profile field behind a source's name.
fn key_of(source: &str) -> Option<FieldKey> {
    Some(match source {
        "profile.idNo" => FieldKey::Hkid,
        "profile.enName" => FieldKey::NameEn,
        "profile.chName" => FieldKey::NameZh,
        "profile.birthDate" => FieldKey::DateOfBirth,
        "profile.gender" => FieldKey::Sex,
        "eme.maritalStatus" => FieldKey::MaritalStatus,
        "eme.educationLevel" => FieldKey::Education,
        "eme.homeTelNumber" => FieldKey::HomePhone,
        "eme.officeTelNumber" => FieldKey::OfficePhone,
        "eme.mobileNumber" => FieldKey::Mobile,
        "eme.emailAddress" => FieldKey::Email,
        "eme.residentialAddress" => FieldKey::ResidentialAddress,
        "eme.postalAddress" => FieldKey::PostalAddress,
        _ => return None,
    })
}

fn of_company(facts: &[identity::Fact], name: &str) -> Option<Json> {
    let key = identity::FactKey::from_prefill(name)?;
    let fact = facts.iter().find(|one| one.key == key)?;
    Some(Json::from(fact.value.as_str()))
}

/// The value as the field's type; `None` when it does not fit, so that nothing wrong is filled in.
pub(crate) fn typed(field: &Field, json: &Json) -> Option<Value> {
    match (&field.kind, json) {
        (FieldKind::AddressHk, Json::Object(_)) => address(json),
        // A register's address in one line names no district, and an address without one is none.
        (FieldKind::AddressHk, _) => None,
        (FieldKind::Choices { options, .. }, Json::Array(ids)) => {
            let ids: Option<Vec<String>> = ids
                .iter()
                .map(|id| id.as_str().map(str::to_owned))
                .collect();
            let ids = ids?;
            let known = ids.iter().all(|id| options.iter().any(|one| one.id == *id));
            known.then_some(Value::Choices(ids))
        }
        (FieldKind::Choice { .. }, Json::String(text)) => {
            field.read_text(&text.to_lowercase()).ok()
        }
        (_, Json::String(text)) => field.read_text(text).ok(),
        (_, Json::Number(number)) => field.read_text(&number.to_string()).ok(),
        (_, Json::Bool(truth)) => field.read_text(&truth.to_string()).ok(),
        _ => None,
    }
}

/// The profile knows a region besides the district, which packs work out from it; and it keeps more
/// parts than a form has, which are put together so that nothing is lost.
pub(crate) fn address(json: &Json) -> Option<Value> {
    let held: identity::Address = serde_json::from_value(json.clone()).ok()?;
    let district = district(&held.district)?;
    let [estate, street, lot] = [held.estate_line(), held.street_line(), held.lot_line()];
    let is_chinese = held.kind == identity::AddressKind::PremisesZh;
    let mut place = [street, lot, held.sub_district].to_vec();
    if is_chinese {
        place.reverse();
    }
    place.retain(|part| !part.is_empty());
    Some(Value::Address(Address {
        flat: held.flat,
        floor: held.floor,
        block: held.block,
        building: held.building,
        estate,
        street: place.join(if is_chinese { "" } else { ", " }),
        district: district.id.to_owned(),
    }))
}

/// A profile keeps the district as its person wrote it: a name in any of the three languages.
fn district(words: &str) -> Option<&'static packs::District> {
    let bare = |name: &str| name.trim_end_matches(['區', '区']).to_owned();
    let words = bare(words.trim());
    packs::DISTRICTS.iter().find(|known| {
        let name = Text::new(known.en, known.tc);
        known.id == words
            || name.en.eq_ignore_ascii_case(&words)
            || bare(&name.tc) == words
            || bare(&name.sc) == words
    })
}
