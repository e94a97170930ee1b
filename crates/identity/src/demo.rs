//! Invented people, visitors, companies and officers, and the simulated phone that answers for them. Only a
//! platform started as a demonstration seeds them. Their card numbers carry a letter no card is
//! issued with, and right check digits.

use std::{collections::BTreeMap, sync::LazyLock};

use ::store::{Store, Write};
use kernel::{Actor, Date, Hkid, Id, Role, Text};
use serde::Deserialize;
use serde_json::Value;
use trust::{SigningKey, Vault, base64url, jws::Signer};

use crate::{
    Approval, Basis, CompanyRecord, CompanyStatus, Decision, Device, Error, FactKey, FactSource,
    FieldKey, IdentityDocument, Level, MemberRole, Officer, Passport, Person, PersonName, Powers,
    PublicJwk, RegisterEntry, Sex, SimulatedCompanies, SimulatedRegister,
    person::Identified,
    proof::{DECISION_TYP, SignedDecision},
    store::{answer, company, device, enrolment, member, officer, person, profile, signing},
};

/// The name of the simulated phone in a person's list of phones.
pub const PHONE_NAME: &str = "Simulated phone";

/// One invented person of the simulated register.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPerson {
    /// Stable word for addresses and tests: `cheung-ka-yan`, `td-officer`.
    pub key: String,
    pub hkid: Hkid,
    pub name_en: String,
    pub name_zh: Option<String>,
    pub sex: Sex,
    pub born: Date,
    pub level: Level,
    /// Whether the seed enrols the person with a simulated phone.
    pub enrolled: bool,
    /// What makes the person useful in a demonstration.
    #[serde(default)]
    pub note: Option<Text>,
    #[serde(default)]
    pub profile: BTreeMap<FieldKey, Value>,
    #[serde(default)]
    pub officer: Option<DemoPost>,
    /// Company number and role.
    #[serde(default)]
    pub mandates: Vec<(String, MemberRole)>,
}

/// One invented person without an identity card, seen at a counter with a passport.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoVisitor {
    /// As [`DemoPerson::key`], of the same set.
    pub key: String,
    pub passport: Passport,
    pub expires: Date,
    pub name_en: String,
    pub name_zh: Option<String>,
    pub sex: Sex,
    pub born: Date,
    /// What makes the person useful in a demonstration.
    pub note: Text,
    #[serde(default)]
    pub profile: BTreeMap<FieldKey, Value>,
    /// Company number and role.
    #[serde(default)]
    pub mandates: Vec<(String, MemberRole)>,
}

/// An invented person with a simulated phone, as the list of them shows it.
#[derive(Clone, Debug)]
pub struct Holder {
    pub key: &'static str,
    pub name: PersonName,
    pub officer: Option<&'static DemoPost>,
    pub note: Option<&'static Text>,
    document: IdentityDocument,
}

/// The post of an invented officer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPost {
    pub department: String,
    pub roles: Vec<String>,
    pub role: Role,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoCompany {
    company_number: String,
    business_number: String,
    name_en: String,
    name_zh: Option<String>,
    address: String,
    #[serde(default = "live")]
    status: CompanyStatus,
    #[serde(default)]
    facts: BTreeMap<FactKey, (FactSource, String)>,
    /// Keys of the invented people who are directors.
    #[serde(default)]
    directors: Vec<String>,
    /// Whether the seed brings it onto the platform.
    #[serde(default = "yes")]
    joined: bool,
}

const fn live() -> CompanyStatus {
    CompanyStatus::Live
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    people: Vec<DemoPerson>,
    #[serde(default)]
    visitors: Vec<DemoVisitor>,
    companies: Vec<DemoCompany>,
}

static REGISTER: LazyLock<Register> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../demo/register.json")).unwrap_or_else(|error| {
        tracing::error!(%error, "the register of invented people cannot be read");
        Register::default()
    })
});

/// Everybody in the simulated register.
#[must_use]
pub fn people() -> &'static [DemoPerson] {
    &REGISTER.people
}

/// The invented person with this key.
#[must_use]
pub fn find(key: &str) -> Option<&'static DemoPerson> {
    people().iter().find(|person| person.key == key)
}

/// Everybody whose passport was seen at a counter.
#[must_use]
pub fn visitors() -> &'static [DemoVisitor] {
    &REGISTER.visitors
}

/// Everybody with a simulated phone.
pub fn holders() -> impl Iterator<Item = Holder> {
    let enrolled = people().iter().filter(|demo| demo.enrolled);
    let enrolled = enrolled.map(DemoPerson::holder);
    enrolled.chain(visitors().iter().map(DemoVisitor::holder))
}

/// Whoever of them has this key, enrolled or not.
#[must_use]
pub fn holder(key: &str) -> Option<Holder> {
    let visitor = || visitors().iter().find(|one| one.key == key);
    find(key)
        .map(DemoPerson::holder)
        .or_else(|| visitor().map(DemoVisitor::holder))
}

impl DemoVisitor {
    fn document(&self) -> IdentityDocument {
        IdentityDocument::Passport(self.passport.clone())
    }

    fn name(&self) -> PersonName {
        PersonName {
            en: self.name_en.clone(),
            zh: self.name_zh.clone(),
        }
    }

    fn holder(&'static self) -> Holder {
        Holder {
            key: &self.key,
            name: self.name(),
            officer: None,
            note: Some(&self.note),
            document: self.document(),
        }
    }
}

impl DemoPerson {
    fn holder(&'static self) -> Holder {
        Holder {
            key: &self.key,
            name: self.entry().name,
            officer: self.officer.as_ref(),
            note: self.note.as_ref(),
            document: self.hkid.clone().into(),
        }
    }

    #[must_use]
    pub fn entry(&self) -> RegisterEntry {
        RegisterEntry {
            hkid: self.hkid.clone(),
            name: PersonName {
                en: self.name_en.clone(),
                zh: self.name_zh.clone(),
            },
            sex: self.sex,
            born: self.born,
        }
    }
}

/// The register of invented people, as the adapter enrolment asks.
#[must_use]
pub fn register() -> SimulatedRegister {
    SimulatedRegister::new(people().iter().map(DemoPerson::entry))
}

/// Enrols the invented people with their simulated phones, and writes their profiles, companies
/// and posts. What is there already stays as it is.
///
/// # Errors
/// The store fails.
pub async fn seed(store: &Store, vault: &Vault) -> Result<(), Error> {
    let joined = REGISTER.companies.iter().filter(|one| one.joined);
    for record in joined.filter_map(DemoCompany::record) {
        seed_company(store, record).await?;
    }
    for demo in people().iter().filter(|demo| demo.enrolled) {
        let known = person::find_person_by_hkid(store, vault, &demo.hkid).await?;
        if known.is_none() {
            seed_person(store, vault, demo).await?;
        }
    }
    for demo in visitors() {
        let known = person::find_person_by_document(store, vault, &demo.document()).await?;
        if known.is_none() {
            seed_visitor(store, vault, demo).await?;
        }
    }
    Ok(())
}

impl DemoCompany {
    fn record(&self) -> Option<CompanyRecord> {
        let facts = self.facts.iter();
        let directors = self.directors.iter().filter_map(|key| holder(key));
        Some(CompanyRecord {
            company_number: self.company_number.parse().ok()?,
            business_number: self.business_number.parse().ok()?,
            name: PersonName {
                en: self.name_en.clone(),
                zh: self.name_zh.clone(),
            },
            address: self.address.clone(),
            status: self.status,
            facts: facts
                .map(|(key, (source, value))| (*key, value.clone(), *source))
                .collect(),
            directors: directors.map(|one| one.document).collect(),
        })
    }
}

/// The register of invented companies, as the adapter a company joins by.
#[must_use]
pub fn companies() -> SimulatedCompanies {
    SimulatedCompanies::new(REGISTER.companies.iter().filter_map(DemoCompany::record))
}

async fn seed_company(store: &Store, record: CompanyRecord) -> Result<(), Error> {
    store
        .write(&Actor::system("demo"), move |tx| {
            let record = record.clone();
            async move {
                let number = record.company_number.as_str();
                if company::by_number_in(&tx, number).await?.is_none() {
                    company::put_in(&tx, &record).await?;
                }
                Ok::<_, Error>(())
            }
        })
        .await
}

async fn seed_person(store: &Store, vault: &Vault, demo: &'static DemoPerson) -> Result<(), Error> {
    let sealed = person::seal(vault, store.env().id(), demo.entry(), demo.level)?;
    let jwk = PublicJwk::from(phone_key(vault, &demo.key)?.public());
    let post: Id<Officer> = store.env().id();
    let owner = store
        .write(&Actor::system("demo"), move |tx| {
            let (sealed, jwk) = (sealed.clone(), jwk.clone());
            async move {
                let (owner, _) = enrolment::bind_in(&tx, &sealed, &jwk, PHONE_NAME).await?;
                empower_in(&tx, owner.id, &demo.mandates).await?;
                if let Some(demo_post) = &demo.officer {
                    let row = Officer {
                        id: post,
                        person: owner.id,
                        name: owner.name.clone(),
                        department: demo_post.department.clone(),
                        roles: demo_post.roles.clone(),
                        role: demo_post.role,
                        is_active: true,
                    };
                    officer::insert_in(&tx, &row).await?;
                }
                Ok::<_, Error>(owner)
            }
        })
        .await?;
    declare(store, vault, (owner.id, &demo.profile)).await
}

async fn empower_in(
    tx: &Write,
    owner: Id<Person>,
    mandates: &[(String, MemberRole)],
) -> Result<(), Error> {
    for (number, role) in mandates {
        let found = company::by_number_in(tx, number).await?;
        let found = found.ok_or(Error::NotFound)?;
        let powers = Powers::of(*role, *role > MemberRole::User);
        member::put_in(tx, found.id, owner, &powers).await?;
    }
    Ok(())
}

async fn declare(
    store: &Store,
    vault: &Vault,
    (owner, fields): (Id<Person>, &BTreeMap<FieldKey, Value>),
) -> Result<(), Error> {
    let declared: profile::Changes = fields
        .iter()
        .map(|(key, value)| (*key, value.clone()))
        .collect();
    if !declared.is_empty() {
        profile::update_profile(store, vault, owner, declared).await?;
    }
    Ok(())
}

async fn seed_visitor(
    store: &Store,
    vault: &Vault,
    demo: &'static DemoVisitor,
) -> Result<(), Error> {
    let basis = Basis::Passport {
        expires: demo.expires,
        seen: store.env().now(),
    };
    let entry = Identified {
        document: demo.document(),
        name: demo.name(),
        sex: demo.sex,
        born: demo.born,
        basis,
    };
    let sealed = person::seal(vault, store.env().id(), entry, Level::Plus)?;
    let jwk = PublicJwk::from(phone_key(vault, &demo.key)?.public());
    let owner = store
        .write(&Actor::system("demo"), move |tx| {
            let (sealed, jwk) = (sealed.clone(), jwk.clone());
            async move {
                let (owner, _) = enrolment::bind_in(&tx, &sealed, &jwk, PHONE_NAME).await?;
                empower_in(&tx, owner.id, &demo.mandates).await?;
                Ok::<_, Error>(owner)
            }
        })
        .await?;
    declare(store, vault, (owner.id, &demo.profile)).await
}

/// The key of a person's simulated phone. It follows from the vault's index key, so that every
/// node holds the same one and nothing more needs keeping.
pub(crate) fn phone_key(vault: &Vault, key: &str) -> Result<SigningKey, Error> {
    Ok(SigningKey::from_scalar(
        vault.blind_index("simulated phone", key).0,
    )?)
}

/// A simulated phone in the hand of an invented person.
#[derive(Debug)]
pub struct Phone {
    pub key: &'static str,
    pub person: Person,
    pub device: Device,
    signing: SigningKey,
}

impl Phone {
    /// Whether a real phone has taken the simulated one's place.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        !self.device.is_live()
    }
}

/// The simulated phone of an enrolled invented person.
///
/// # Errors
/// [`Error::NotFound`] when the person is not seeded.
pub async fn phone(store: &Store, vault: &Vault, key: &str) -> Result<Phone, Error> {
    let holder = holder(key).ok_or(Error::NotFound)?;
    let person = person::find_person_by_document(store, vault, &holder.document).await?;
    let person = person.ok_or(Error::NotFound)?;
    let signing = phone_key(vault, holder.key)?;
    let device = device::find_device(store, signing.kid())
        .await?
        .ok_or(Error::NotFound)?;
    Ok(Phone {
        key: holder.key,
        person,
        device,
        signing,
    })
}

/// Makes the simulated phone the person's phone again: the same replacement as with a real one.
///
/// # Errors
/// As [`phone`].
pub async fn take_back(store: &Store, vault: &Vault, key: &str) -> Result<(), Error> {
    let phone = phone(store, vault, key).await?;
    let (person, jwk) = (phone.person.id, phone.device.jwk);
    store
        .write(&Actor::system("demo"), move |tx| {
            let jwk = jwk.clone();
            async move { device::bind_in(&tx, person, &jwk, PHONE_NAME).await }
        })
        .await?;
    Ok(())
}

/// The simulated phone signs what a real one would, and hands it to the same function.
///
/// # Errors
/// As [`crate::decide`].
pub async fn answer(
    store: &Store,
    phone: &Phone,
    shown: &Approval,
    decision: Decision,
) -> Result<Approval, Error> {
    if decision == Decision::Approve {
        // An invented phone shows an invented holder.
        let actor = answer::actor_of(&phone.device);
        signing::present(store, &actor, (shown.id, phone.person.id)).await?;
    }
    decide(store, phone, (shown, decision)).await
}

/// Approves and shows nothing of the phone's holder, as no phone of ours does.
///
/// # Errors
/// As [`answer`].
pub async fn answer_unseen(
    store: &Store,
    phone: &Phone,
    shown: &Approval,
) -> Result<Approval, Error> {
    decide(store, phone, (shown, Decision::Approve)).await
}

async fn decide(
    store: &Store,
    phone: &Phone,
    (shown, decision): (&Approval, Decision),
) -> Result<Approval, Error> {
    let claims = SignedDecision {
        approval: shown.id.to_string(),
        purpose: shown.purpose,
        digest: base64url::encode(shown.digest),
        code: shown.code.clone(),
        decision,
        iat: store.env().now().seconds(),
        jti: base64url::encode(store.env().bytes::<16>()),
    };
    let jws = Signer::new(&phone.signing, DECISION_TYP).sign(&claims)?;
    answer::decide(store, &phone.device, &jws).await
}
