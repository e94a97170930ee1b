//! Enrolling a phone, raising the level, giving the phone up.

use axum::extract::State;
use kernel::{Date, Hkid, Id};
use serde::{Deserialize, Serialize};
use trust::{base64url, digest};
use utoipa::ToSchema;
use web::{Door, Failure, Json, Outcome, Visit};

use crate::{
    EVIDENCE_BYTES, Error, Guardian, Identity, Level, Person, PresenceCheck, PresenceError,
    PresenceProof,
    api::{
        phone::{NewPhone, Phone},
        view::{Done, Me},
    },
    store::{
        counter::{self, CounterCode},
        device,
        enrolment::{self, StartEnrolment},
        officer, person,
    },
};

/// The particulars a person types.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    hkid: String,
    date_of_birth: String,
    device_name: String,
    level: Level,
    guardian: Guardian,
}

/// The particulars matched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Started {
    enrolment: String,
    /// To be sent back in a request signed by the same key.
    challenge: String,
    seconds_left: u64,
    /// Whether the checks that follow are simulated.
    is_simulated: bool,
}

/// What is counted of enrolments: particulars that match nobody, by network address. Each card is
/// counted too, in the store.
const COUNTED: &str = "enrolment";

pub(crate) async fn start(
    State(identity): State<Identity>,
    door: Door,
    phone: NewPhone,
) -> Outcome<Json<Started>> {
    let place = door.here("");
    door.check_held(COUNTED, &place)?;
    let asked: Start = phone.read()?;
    // A mistyped number is told apart from an unknown one: the check digit is public knowledge.
    let hkid: Hkid = asked.hkid.parse().map_err(|_| Error::Malformed("hkid"))?;
    let born: Date = asked
        .date_of_birth
        .parse()
        .map_err(|_| Error::Malformed("date"))?;
    let asked = StartEnrolment {
        hkid,
        born,
        jwk: phone.jwk,
        device_name: asked.device_name,
        level: asked.level,
        guardian: asked.guardian,
    };
    let store = identity.store();
    let started = enrolment::start(store, identity.vault(), identity.register(), asked).await;
    if let Err(Error::NoMatch | Error::TooManyAttempts) = &started {
        door.failed(COUNTED, &place);
    }
    let started = started?;
    Ok(Json(Started {
        enrolment: started.id.to_string(),
        challenge: started.challenge,
        seconds_left: started.expires.since(store.env().now()).as_secs(),
        is_simulated: identity.presence().is_simulated(),
    }))
}

/// The phone proves its key and says which checks were made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    enrolment: String,
    challenge: String,
    /// The look at the face.
    liveness: Check,
    /// The card's chip, read by the phone: needed for the plus level.
    #[serde(default)]
    card_present: Option<Check>,
}

/// What the phone's camera or card reader made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// How it was made: `simulated`, or a way of the adapter in use.
    method: String,
    /// The bytes in base64url, made for the challenge, the approval or the phone's key.
    evidence: String,
}

/// The passport's number and the code that an officer handed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AtCounter {
    passport: String,
    code: String,
    device_name: String,
}

/// Binds the phone of somebody whom two officers have seen: no further check of the person follows.
pub(crate) async fn at_counter(
    visit: Visit,
    State(identity): State<Identity>,
    door: Door,
    phone: NewPhone,
) -> Outcome<Json<Me>> {
    let place = door.here("");
    door.check_held(COUNTED, &place)?;
    let asked: AtCounter = phone.read()?;
    // A number that is none is answered as one that nobody has.
    let number = asked.passport.parse().map_err(|_| Error::CodeRefused)?;
    let asked = CounterCode {
        number,
        code: asked.code,
        jwk: phone.jwk,
        device_name: asked.device_name,
    };
    let bound = counter::redeem_counter(identity.store(), identity.vault(), asked).await;
    if let Err(Error::CodeRefused | Error::TooManyAttempts) = &bound {
        door.failed(COUNTED, &place);
    }
    let (person, _) = bound?;
    end_sessions(&visit, &identity, person.id).await?;
    Ok(Json(Me::of(&identity, &person).await?))
}

/// Asks whoever makes the check. A simulated one counts only where the register is simulated too.
pub(crate) async fn check(
    identity: &Identity,
    (what, binding): (PresenceCheck, &str),
    made: &Check,
) -> Result<(), Error> {
    let presence = identity.presence();
    if presence.is_simulated() && !identity.register().is_simulated() {
        return Err(Error::NotPresent);
    }
    let evidence = base64url::decode(&made.evidence).map_err(|_| Error::Malformed("evidence"))?;
    if evidence.len() > EVIDENCE_BYTES {
        return Err(Error::Malformed("evidence"));
    }
    let shown = PresenceProof {
        check: what,
        binding,
        method: &made.method,
        evidence: &evidence,
    };
    presence.confirm(shown).await.map_err(|error| match error {
        PresenceError::NotPresent => Error::NotPresent,
        PresenceError::Down => Error::RegisterDown,
    })
}

pub(crate) async fn confirm(
    visit: Visit,
    State(identity): State<Identity>,
    phone: NewPhone,
) -> Outcome<Json<Me>> {
    let asked: Confirm = phone.read()?;
    let id = asked.enrolment.parse().map_err(|_| Error::NotFound)?;
    let store = identity.store();
    let started = enrolment::find_started(store, id).await?;
    let same_challenge = digest::equal(started.challenge.as_bytes(), asked.challenge.as_bytes());
    if started.jwk != phone.jwk || !same_challenge {
        return Err(Error::NotFound.into());
    }
    let made_for = |what| (what, started.challenge.as_str());
    check(&identity, made_for(PresenceCheck::Face), &asked.liveness).await?;
    if started.level == Level::Plus {
        let card = asked.card_present.as_ref().ok_or(Error::NotPresent)?;
        check(&identity, made_for(PresenceCheck::Card), card).await?;
    }
    let (person, _) = enrolment::confirm(store, identity.vault(), id).await?;
    end_sessions(&visit, &identity, person.id).await?;
    Ok(Json(Me::of(&identity, &person).await?))
}

/// Whoever holds the lost phone may also be signed in on it: every browser is signed out.
async fn end_sessions(
    visit: &Visit,
    identity: &Identity,
    person: Id<Person>,
) -> Result<(), Failure> {
    let sessions = visit.site().sessions();
    sessions.end_all(&person.to_string()).await?;
    if let Some(post) = officer::officer_of(identity.store(), person).await? {
        sessions.end_all(&post.id.to_string()).await?;
    }
    Ok(())
}

/// The card was read by the phone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raise {
    card_present: Check,
}

pub(crate) async fn raise(State(identity): State<Identity>, phone: Phone) -> Outcome<Json<Me>> {
    let asked: Raise = phone.read()?;
    let key = phone
        .device
        .jwk
        .public_key()
        .map_err(Error::from)?
        .thumbprint();
    let made_for = (PresenceCheck::Card, key.as_str());
    check(&identity, made_for, &asked.card_present).await?;
    let id = phone.person.id;
    let store = identity.store();
    let raised = store
        .write(&phone.actor(), move |tx| async move {
            person::raise_in(&tx, id).await
        })
        .await?;
    Ok(Json(Me::of(&identity, &raised).await?))
}

pub(crate) async fn revoke(
    visit: Visit,
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<Done>> {
    let id = phone.person.id;
    identity
        .store()
        .write(&phone.actor(), move |tx| async move {
            device::revoke_in(&tx, id, "removed by its owner").await
        })
        .await?;
    end_sessions(&visit, &identity, id).await?;
    Ok(Json(Done { done: true }))
}
