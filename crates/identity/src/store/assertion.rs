//! Approvals that a passkey answers, in the browser that asked.

use ::store::{Store, Write, params};
use kernel::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trust::{base64url, digest};
use webauthn_rs::prelude::{PasskeyAuthentication, PublicKeyCredential};

use crate::{
    Approval, Assertion, Authority, Binding, Ceremony, CeremonyKind, Error, Evidence, Passkey,
    PasskeyWay, Person, RelyingParty, Step,
    assertion::challenge,
    attempt,
    store::{
        answer::{Opened, refused, unfit_in},
        approval::{self, Change, SET_EVIDENCE, step_in},
        company::resident,
        json as to_json,
        passkey::{self, Asserted, Begun},
        person, signing,
    },
};

::store::sql! {
    COUNT_NAMED = "SELECT COUNT(*) FROM approval a WHERE a.id = $1 AND a.purpose = 'sign' AND (
        EXISTS (SELECT 1 FROM signing_request s WHERE s.approval = a.id AND s.client IS NOT NULL)
        OR EXISTS (SELECT 1 FROM oidc_ciba c WHERE c.approval = a.id)
        OR EXISTS (SELECT 1 FROM hongkong_task t WHERE t.approval = a.id
            AND t.kind NOT LIKE 'anonymous%'))";
}

/// Who sits at a browser: the secret it holds, and the person who is signed in there.
#[derive(Clone, Debug)]
pub struct AtBrowser {
    pub binding: Binding,
    pub person: Option<Id<Person>>,
}

impl AtBrowser {
    /// The question, where it is this browser's, or a request to sign that an application put to its person
    /// by name, from no browser.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OtherBrowser`].
    pub async fn find(&self, store: &Store, id: Id<Approval>) -> Result<Approval, Error> {
        let (asked, is_named) = store
            .read(move |db| async move {
                let named: i64 = db.only(&COUNT_NAMED, params![id]).await?;
                Ok::<_, Error>((approval::get_in(&db, id).await?, named > 0))
            })
            .await?;
        let is_theirs = asked.person.is_some() && asked.person == self.person;
        if (is_named && is_theirs) || self.is_asker(&asked) {
            Ok(asked)
        } else {
            Err(Error::OtherBrowser)
        }
    }

    /// Whether the question was put from this browser.
    #[must_use]
    pub fn is_asker(&self, asked: &Approval) -> bool {
        asked.is_bound_to(&self.binding)
    }
}

/// What a ceremony keeps of the question it answers.
#[derive(Serialize, Deserialize)]
struct About {
    approval: Id<Approval>,
    nonce: String,
}

impl About {
    fn nonce(&self) -> Result<[u8; 32], Error> {
        let bytes = base64url::decode(&self.nonce)?;
        bytes.try_into().map_err(|_| Error::Corrupt("ceremony"))
    }
}

/// Whether a passkey of the person who is asked can answer.
///
/// # Errors
/// The store fails.
pub async fn passkey_way(store: &Store, asked: &Approval) -> Result<PasskeyWay, Error> {
    let (Some(person), true) = (asked.person, asked.purpose.takes_passkeys()) else {
        return Ok(PasskeyWay::None);
    };
    let held = passkey::passkeys_of(store, person).await?;
    if held.is_empty() {
        return Ok(PasskeyWay::None);
    }
    if let Some(check) = signing::presence_of(store, asked.id).await? {
        return Ok(PasskeyWay::Phone(check));
    }
    Ok(if held.iter().any(Passkey::counts_for_signing) {
        PasskeyWay::Ready
    } else {
        PasskeyWay::Synced
    })
}

/// What the library is to check: these keys, their user verified, this very challenge.
fn expected(
    party: &RelyingParty,
    keys: &[webauthn_rs::prelude::Passkey],
    challenge: &[u8; 32],
) -> Result<(Value, PasskeyAuthentication), Error> {
    let corrupt = |_| Error::Corrupt("WebAuthn");
    let (asked, state) = party
        .webauthn
        .start_passkey_authentication(keys)
        .map_err(|_| Error::Corrupt("WebAuthn"))?;
    let mut options = passkey::options(&asked)?;
    let mut state = serde_json::to_value(state).map_err(corrupt)?;
    let own = Value::from(base64url::encode(challenge));
    // The library draws a challenge itself; ours says what is approved.
    let places = [
        options.pointer_mut("/challenge"),
        state.pointer_mut("/ast/challenge"),
    ];
    for place in places {
        *place.ok_or(Error::Corrupt("WebAuthn"))? = own.clone();
    }
    Ok((options, serde_json::from_value(state).map_err(corrupt)?))
}

/// Asks a browser to answer an approval with a passkey that cannot leave its device. The person has the
/// question in sight: it counts as opened.
///
/// # Errors
/// [`Error::PhoneOnly`] when the phone must show its holder, or this is no question for a passkey;
/// [`Error::PasskeySynced`] when the person has no other; [`Error::OtherBrowser`], [`Error::Expired`],
/// [`Error::Decided`], [`Error::LevelTooLow`].
pub async fn begin_answer(
    store: &Store,
    party: &RelyingParty,
    id: Id<Approval>,
    at: &AtBrowser,
) -> Result<Ceremony, Error> {
    let asked = at.find(store, id).await?;
    let who = asked.person.ok_or(Error::PhoneOnly)?;
    match passkey_way(store, &asked).await? {
        PasskeyWay::Ready => {}
        PasskeyWay::Synced => return Err(Error::PasskeySynced),
        PasskeyWay::Phone(_) | PasskeyWay::None => return Err(Error::PhoneOnly),
    }
    let held = passkey::passkeys_of(store, who).await?;
    let bound = held.into_iter().filter(Passkey::counts_for_signing);
    let keys: Vec<_> = bound.map(|one| one.key).collect();
    let nonce = store.env().bytes::<32>();
    let (options, _) = expected(party, &keys, &challenge(&asked, &nonce))?;
    let about = About {
        approval: id,
        nonce: base64url::encode(nonce),
    };
    let begun = Begun {
        kind: CeremonyKind::Approve,
        person: Some(who),
        name: String::new(),
        authority: Authority::Passkey,
        recovery: None,
        options,
        state: to_json(&about)?,
        binding: at.binding.clone(),
    };
    let opened = store
        .write(&resident(who, None), move |tx| {
            let begun = begun.clone();
            async move { open_in(&tx, (id, who), &begun).await }
        })
        .await?;
    opened.map_err(refused)
}

type Failed = crate::FailReason;

async fn open_in(
    tx: &Write,
    (id, who): (Id<Approval>, Id<Person>),
    begun: &Begun,
) -> Result<Result<Ceremony, Failed>, Error> {
    if let Err(reason) = fit_in(tx, (id, who)).await? {
        return Ok(Err(reason));
    }
    let asked = approval::get_in(tx, id).await?;
    step_in(tx, &asked, Step::Open, None).await?;
    let ceremony = passkey::keep_in(tx, begun).await?;
    let kept = passkey::find_in(tx, ceremony, begun.kind, &begun.binding).await?;
    Ok(Ok(kept))
}

/// A person whose level is too low, or who is suspended, answers by no means: the question fails, as it
/// does when their phone opens it.
async fn fit_in(
    tx: &Write,
    (id, who): (Id<Approval>, Id<Person>),
) -> Result<Result<(), Failed>, Error> {
    let asked = approval::get_in(tx, id).await?;
    let owner = person::get_in(tx, who).await?;
    let Some(reason) = unfit_in(tx, &asked, &owner).await? else {
        return Ok(Ok(()));
    };
    let change = Change {
        person: Some(who),
        reason: Some(reason),
    };
    step_in(tx, &asked, Step::Fail, Some(change)).await?;
    Ok(Err(reason))
}

/// An answer whose signature fits the question as it is stored.
#[derive(Clone)]
struct Checked {
    asked: Approval,
    asserted: Asserted,
    evidence: Evidence,
}

/// Takes what a browser answered to [`begin_answer`]: the approval is approved, and the assertion is kept
/// as its evidence.
///
/// # Errors
/// [`Error::PasskeyRefused`] for a passkey of somebody else, another site, a user who was not verified, or
/// a signature over another question; [`Error::PasskeySynced`]; [`Error::Consumed`]; [`Error::Expired`];
/// [`Error::Decided`].
pub async fn answer_by_passkey(
    store: &Store,
    party: &RelyingParty,
    (id, at): (Id<Ceremony>, &AtBrowser),
    answer: &str,
) -> Result<Approval, Error> {
    let checked = check(store, party, (id, at), answer).await?;
    let actor = resident(checked.asserted.passkey.person, None);
    let decided = store
        .write(&actor, move |tx| {
            let checked = checked.clone();
            async move { answer_in(&tx, &checked).await }
        })
        .await?;
    match decided {
        Opened::Seen(approval) => Ok(*approval),
        Opened::Failed(reason) => Err(refused(reason)),
    }
}

async fn check(
    store: &Store,
    party: &RelyingParty,
    (id, at): (Id<Ceremony>, &AtBrowser),
    answer: &str,
) -> Result<Checked, Error> {
    let ceremony = passkey::find_ceremony(store, id, CeremonyKind::Approve, &at.binding).await?;
    let about: About =
        serde_json::from_value(ceremony.state).map_err(|_| Error::Corrupt("ceremony"))?;
    let nonce = about.nonce()?;
    let asked = at.find(store, about.approval).await?;
    let answer: PublicKeyCredential = passkey::read(answer)?;
    let credential = answer.raw_id.clone();
    let found = store
        .read(move |db| {
            let credential = credential.clone();
            async move { passkey::by_credential_in(&db, credential).await }
        })
        .await?;
    let mut passkey = found.ok_or(Error::PasskeyRefused)?;
    if passkey.revoked.is_some() || asked.person != Some(passkey.person) {
        return Err(attempt::refuse(store, passkey.person).await);
    }
    if !passkey.counts_for_signing() {
        return Err(Error::PasskeySynced);
    }
    let own = challenge(&asked, &nonce);
    let (_, state) = expected(party, std::slice::from_ref(&passkey.key), &own)?;
    let result = party
        .webauthn
        .finish_passkey_authentication(&answer, &state);
    let Ok(result) = result else {
        return Err(attempt::refuse(store, passkey.person).await);
    };
    // A key may become copyable after it was added; the authenticator then says so.
    if result.backup_eligible() || result.backup_state() {
        return Err(Error::PasskeySynced);
    }
    let signed = Assertion::of(&asked, &nonce, (passkey.key.get_public_key(), &answer));
    passkey.key.update_credential(&result);
    Ok(Checked {
        asked,
        asserted: Asserted {
            ceremony: id,
            passkey,
        },
        evidence: Evidence::Passkey(Box::new(signed)),
    })
}

async fn answer_in(tx: &Write, checked: &Checked) -> Result<Opened, Error> {
    let known = passkey::use_in(tx, &checked.asserted).await?;
    let asked = approval::get_in(tx, checked.asked.id).await?;
    let is_same = asked.person == Some(known.person)
        && digest::equal(&asked.digest, &checked.asked.digest)
        && asked.code == checked.asked.code;
    if !is_same {
        return Err(Error::WrongApproval);
    }
    if asked.state.is_open()
        && let Err(reason) = fit_in(tx, (asked.id, known.person)).await?
    {
        return Ok(Opened::Failed(reason));
    }
    step_in(tx, &asked, Step::Approve, None).await?;
    tx.run(
        &SET_EVIDENCE,
        params![asked.id, to_json(&checked.evidence)?],
    )
    .await?;
    Ok(Opened::Seen(Box::new(
        approval::get_in(tx, asked.id).await?,
    )))
}
