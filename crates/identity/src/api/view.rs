//! What the phone's API answers. A field that is not declared here cannot leave.

use kernel::{Id, Text, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Address, Approval, ApprovalState, Basis, Consent, DocumentKind, Error, Field, FieldKey,
    Identity, Level, MemberRole, PassportNumber, Person, PersonName, PresenceCheck, Profile,
    Purpose, ReadingRecord, Source,
    store::{device, member, officer},
    wallet::Picking,
};

/// Words in three languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Words {
    en: String,
    tc: String,
    sc: String,
}

impl From<&Text> for Words {
    fn from(text: &Text) -> Self {
        Self {
            en: text.en.clone(),
            tc: text.tc.clone(),
            sc: text.sc.clone(),
        }
    }
}

/// An empty request body.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Nothing {}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    pub(crate) done: bool,
}

/// The owner of the phone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    name: PersonName,
    level: Level,
    /// The number of card or passport, masked.
    card: String,
    document: DocumentKind,
    /// The last day of a passport.
    document_expires: Option<String>,
    device_name: String,
    device_since: String,
    enrolled: String,
    /// Whether the person has a desk.
    is_officer: bool,
    companies: Vec<MyCompany>,
    /// Whether the register behind this account is simulated.
    is_simulated: bool,
}

/// A company the person may act for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyCompany {
    name: PersonName,
    company_number: String,
    role: MemberRole,
}

impl Me {
    pub(crate) async fn of(identity: &Identity, person: &Person) -> Result<Self, Error> {
        let store = identity.store();
        let phone = device::live_device(store, person.id)
            .await?
            .ok_or(Error::UnknownDevice)?;
        let post = officer::officer_of(store, person.id).await?;
        let mandates = member::mandates_of(store, person.id).await?;
        let own = crate::own_profile(store, identity.vault(), person.id).await?;
        let (document_expires, card) = match person.basis {
            Basis::Card => {
                let card = own.text(FieldKey::Hkid).unwrap_or_default();
                (None, card.parse::<kernel::Hkid>().map(|card| card.masked()))
            }
            Basis::Passport { expires, .. } => {
                let number = own.text(FieldKey::Passport).unwrap_or_default();
                let number = number.parse::<PassportNumber>();
                (
                    Some(expires.to_string()),
                    number.map(|number| number.masked()),
                )
            }
        };
        Ok(Self {
            name: person.name.clone(),
            level: person.level,
            card: card.unwrap_or_default(),
            document: person.basis.kind(),
            document_expires,
            device_name: phone.name,
            device_since: phone.created.rfc3339(),
            enrolled: person.enrolled.rfc3339(),
            is_officer: post.is_some(),
            companies: mandates
                .into_iter()
                .map(|mandate| MyCompany {
                    name: mandate.company.name,
                    company_number: mandate.company.company_number,
                    role: mandate.powers.role,
                })
                .collect(),
            is_simulated: identity.register().is_simulated(),
        })
    }
}

/// What waits for the phone, and the server's clock for counting down.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Approvals {
    pub(crate) open: Vec<ApprovalView>,
}

/// One approval as the phone shows it: what is shown is what is signed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalView {
    id: String,
    purpose: Purpose,
    requester: Words,
    place: Words,
    asked: Level,
    summary: Words,
    detail: Vec<Line>,
    /// base64url SHA-256 of what is approved.
    digest: String,
    code: String,
    state: ApprovalState,
    created: String,
    seconds_left: u64,
    /// What the phone must show of its holder when it approves.
    pub(crate) presence: Option<PresenceCheck>,
    /// The documents that the phone picks from when it approves.
    pub(crate) pick: Option<PickView>,
}

/// Documents of a company, to pick from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PickView {
    documents: Vec<PickableView>,
    /// The most that may be picked.
    most: usize,
    /// Picked on a page beside the phone.
    picked: Vec<String>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct PickableView {
    id: String,
    name: String,
    kind: Words,
    /// When it was added.
    added: String,
}

impl PickView {
    pub(crate) fn of(picking: &Picking) -> Self {
        let documents = picking.documents.iter().map(|one| PickableView {
            id: one.id.to_string(),
            name: one.name.clone(),
            kind: (&one.kind.words()).into(),
            added: one.added.rfc3339(),
        });
        Self {
            documents: documents.collect(),
            most: picking.most,
            picked: picking.picked.iter().map(Id::to_string).collect(),
        }
    }
}

/// One line of what is approved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    label: Words,
    value: Words,
}

impl ApprovalView {
    pub(crate) fn of(approval: &Approval, now: Time) -> Self {
        Self {
            id: approval.id.to_string(),
            purpose: approval.purpose,
            requester: (&approval.requester).into(),
            place: (&approval.place).into(),
            asked: approval.asked,
            summary: (&approval.summary).into(),
            detail: approval
                .detail
                .iter()
                .map(|line| Line {
                    label: (&line.label).into(),
                    value: (&line.value).into(),
                })
                .collect(),
            digest: trust::base64url::encode(approval.digest),
            code: approval.code.clone(),
            state: approval.state_at(now),
            created: approval.created.rfc3339(),
            seconds_left: approval.seconds_left(now),
            presence: None,
            pick: None,
        }
    }
}

/// The outcome of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decided {
    pub(crate) id: String,
    pub(crate) state: ApprovalState,
}

/// The profile with the choices of its choice fields.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileView {
    fields: Vec<FieldView>,
    choices: Vec<Choices>,
}

/// One field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldView {
    key: FieldKey,
    value: FieldValue,
    source: Source,
    updated: String,
}

/// Plain text, or an address.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FieldValue {
    Text(String),
    Address(Box<Address>),
}

/// The codes a choice field takes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Choices {
    key: FieldKey,
    codes: Vec<String>,
}

impl ProfileView {
    pub(crate) fn of(profile: Profile) -> Result<Self, Error> {
        let fields = profile
            .fields
            .into_iter()
            .map(FieldView::of)
            .collect::<Result<_, _>>()?;
        let choices = FieldKey::ALL
            .iter()
            .filter_map(|key| {
                let codes = key
                    .choices()?
                    .iter()
                    .map(|code| (*code).to_owned())
                    .collect();
                Some(Choices { key: *key, codes })
            })
            .collect();
        Ok(Self { fields, choices })
    }
}

impl FieldView {
    fn of(field: Field) -> Result<Self, Error> {
        let value =
            serde_json::from_value(field.value).map_err(|_| Error::Corrupt("profile_field"))?;
        let updated = field.updated.rfc3339();
        Ok(Self {
            key: field.key,
            value,
            source: field.source,
            updated,
        })
    }
}

/// The consents in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Consents {
    consents: Vec<ConsentView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConsentView {
    id: String,
    purpose: String,
    title: Words,
    fields: Vec<FieldKey>,
    granted: String,
    expires: String,
}

impl Consents {
    pub(crate) fn of(consents: &[Consent]) -> Self {
        let consents = consents
            .iter()
            .map(|consent| ConsentView {
                id: consent.id.to_string(),
                purpose: consent.purpose.clone(),
                title: (&consent.title).into(),
                fields: consent.fields.clone(),
                granted: consent.granted.rfc3339(),
                expires: consent.expires.rfc3339(),
            })
            .collect();
        Self { consents }
    }
}

/// Who read the profile, and what was approved or refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    readings: Vec<ReadingView>,
    approvals: Vec<ApprovalView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReadingView {
    reader: Words,
    reason: Words,
    fields: Vec<FieldKey>,
    read_at: String,
}

impl History {
    pub(crate) fn of(readings: &[ReadingRecord], approvals: &[Approval], now: Time) -> Self {
        Self {
            readings: readings
                .iter()
                .map(|record| ReadingView {
                    reader: (&record.reader).into(),
                    reason: (&record.reason).into(),
                    fields: record.fields.clone(),
                    read_at: record.read_at.rfc3339(),
                })
                .collect(),
            approvals: approvals
                .iter()
                .map(|one| ApprovalView::of(one, now))
                .collect(),
        }
    }
}
