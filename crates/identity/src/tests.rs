//! Each test states a rule of people, phones and approvals.

mod addresses;
mod approvals;
mod assertions;
#[expect(unreachable_pub, reason = "testkit shows it to other crates")]
#[path = "../../testkit/src/authenticator.rs"]
mod authenticator;
mod browser;
mod chop;
mod companies;
mod counter;
mod enrolment;
mod freshness;
mod passkeys;
mod profiles;
mod rules;
pub(crate) mod signing;
mod simulation;
mod standing;
mod wallet;
mod wire;

::store::check_tests!(
    [&crate::MIGRATIONS, &journal::MIGRATIONS, &web::MIGRATIONS],
    crate::statements()
);

use ::store::Store;
use kernel::{Actor, Env, Text};
use trust::{KeyStore, SigningKey, Vault, base64url, jws::Signer};

use crate::{
    Approval, Binding, Decision, Level, NewApproval, Person, Purpose, demo,
    proof::{DECISION_TYP, SignedDecision},
    store::{answer, approval},
};

/// The tables a test of identity needs.
pub(crate) static OWNERS: [&::store::Migrations; 4] = [
    &journal::MIGRATIONS,
    &web::MIGRATIONS,
    &trust::MIGRATIONS,
    &crate::MIGRATIONS,
];

pub(crate) fn vault(env: &Env) -> Vault {
    KeyStore::in_memory(env).unwrap().vault()
}

/// An enrolled person with a phone whose key the test holds.
pub(crate) struct Holder {
    pub(crate) person: Person,
    pub(crate) device: crate::Device,
    pub(crate) key: SigningKey,
}

/// Enrols an invented person with a fresh key.
pub(crate) async fn enrol(store: &Store, vault: &Vault, key: &str, level: Level) -> Holder {
    let demo = demo::find(key).unwrap();
    let signing = SigningKey::generate(store.env()).unwrap();
    let asked = crate::StartEnrolment {
        hkid: demo.hkid.clone(),
        born: demo.born,
        jwk: signing.public().into(),
        device_name: "Test phone".to_owned(),
        level,
        guardian: crate::Guardian::Agreed,
    };
    let started = crate::start_enrolment(store, vault, &demo::register(), asked)
        .await
        .unwrap();
    let (person, device) = crate::confirm_enrolment(store, vault, started.id)
        .await
        .unwrap();
    Holder {
        person,
        device,
        key: signing,
    }
}

pub(crate) fn browser(secret: &str) -> Binding {
    Binding::of(secret.as_bytes())
}

/// A question as the portal would ask it.
pub(crate) fn question(purpose: Purpose, person: Option<&Person>) -> NewApproval {
    NewApproval {
        purpose,
        requester: Text::new("Transport Department", "運輸署"),
        place: crate::place_of("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0"),
        asked: if purpose == Purpose::Sign {
            Level::Plus
        } else {
            Level::Basic
        },
        person: person.map(|person| person.id),
        summary: Text::new("Renew a full driving licence", "正式駕駛執照續期"),
        detail: Vec::new(),
        digest: trust::digest::sha256("the frozen answers"),
        binding: browser("one"),
        return_to: "/en/applications".to_owned(),
    }
}

pub(crate) async fn ask(store: &Store, new: NewApproval) -> Approval {
    approval::ask(store, &Actor::Visitor, new).await.unwrap()
}

pub(crate) fn claims(store: &Store, shown: &Approval, decision: Decision) -> SignedDecision {
    SignedDecision {
        approval: shown.id.to_string(),
        purpose: shown.purpose,
        digest: base64url::encode(shown.digest),
        code: shown.code.clone(),
        decision,
        iat: store.env().now().seconds(),
        jti: base64url::encode(store.env().bytes::<16>()),
    }
}

pub(crate) fn signed(key: &SigningKey, claims: &SignedDecision) -> String {
    Signer::new(key, DECISION_TYP).sign(claims).unwrap()
}

/// Opens and answers as a phone does.
pub(crate) async fn reply(
    store: &Store,
    holder: &Holder,
    asked: &Approval,
    decision: Decision,
) -> Result<Approval, crate::Error> {
    let shown = answer::open(store, &holder.device, asked.id).await?;
    let jws = signed(&holder.key, &claims(store, &shown, decision));
    answer::decide(store, &holder.device, &jws).await
}
