//! Passkeys and their ceremonies.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Event};
use kernel::{Actor, Id};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid,
};

use crate::{
    Approval, Authority, Binding, Ceremony, CeremonyKind, Error, Known, Level, Passkey, Person,
    Purpose, Recovery, RelyingParty,
    attempt::{self, Attempt},
    passkey::{
        ANSWER_BYTES, CEREMONY_TTL, PASSKEY_ADDED, PASSKEY_REVOKED, PASSKEYS_MAX, adding_digest,
        is_synced, passkey_name,
    },
    store::{approval, company::resident, json as to_json, person, recovery},
};

::store::sql! {
    OF_PERSON = "SELECT id, person, name, content, is_synced, created, last_used, revoked
        FROM passkey WHERE person = $1 AND revoked IS NULL ORDER BY id LIMIT $2";
    BY_CREDENTIAL = "SELECT id, person, name, content, is_synced, created, last_used, revoked
        FROM passkey WHERE credential = $1";
    INSERT_PASSKEY = "INSERT INTO passkey (id, person, credential, name, content, is_synced, created)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential) DO NOTHING";
    USE_PASSKEY = "UPDATE passkey SET content = $2, last_used = $3
        WHERE id = $1 AND revoked IS NULL";
    RENAME = "UPDATE passkey SET name = $3 WHERE id = $1 AND person = $2 AND revoked IS NULL";
    REVOKE = "UPDATE passkey SET revoked = $3 WHERE id = $1 AND person = $2 AND revoked IS NULL";
    FIND_CEREMONY = "SELECT id, kind, person, name, authority, recovery, options, state
        FROM passkey_ceremony WHERE id = $1 AND binding = $2 AND kind = $3 AND expires > $4";
    INSERT_CEREMONY = "INSERT INTO passkey_ceremony (id, kind, person, name, authority, recovery,
            options, state, binding, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    USE_CEREMONY = "DELETE FROM passkey_ceremony WHERE id = $1";
    FORGET_CEREMONIES = "DELETE FROM passkey_ceremony WHERE id IN
        (SELECT id FROM passkey_ceremony WHERE expires <= $1 ORDER BY expires LIMIT $2)";
}

/// Ceremonies one sweep forgets.
const SWEPT: i64 = 5_000;

impl FromRow for Passkey {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            name: row.get("name")?,
            key: row.json("content")?,
            is_synced: row.get("is_synced")?,
            created: row.get("created")?,
            last_used: row.get("last_used")?,
            revoked: row.get("revoked")?,
        })
    }
}

impl FromRow for Ceremony {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            person: row.get("person")?,
            name: row.get("name")?,
            authority: row.get("authority")?,
            recovery: row.get("recovery")?,
            options: row.get("options")?,
            state: row.get("state")?,
        })
    }
}

/// The passkeys that sign this person in.
///
/// # Errors
/// The store fails.
pub async fn passkeys_of(store: &Store, person: Id<Person>) -> Result<Vec<Passkey>, Error> {
    store
        .read(move |db| async move { live_in(&db, person).await })
        .await
}

pub(crate) async fn live_in(db: &Read, person: Id<Person>) -> Result<Vec<Passkey>, Error> {
    let most = i64::try_from(PASSKEYS_MAX).unwrap_or(i64::MAX);
    Ok(db.all(&OF_PERSON, params![person, most]).await?)
}

/// The passkey with this credential, whosever it is, and also when it signs in no more.
pub(crate) async fn by_credential_in(
    db: &Read,
    credential: Vec<u8>,
) -> Result<Option<Passkey>, Error> {
    Ok(db.one(&BY_CREDENTIAL, params![credential]).await?)
}

/// What a new ceremony keeps.
#[derive(Clone)]
pub(crate) struct Begun {
    pub(crate) kind: CeremonyKind,
    pub(crate) person: Option<Id<Person>>,
    pub(crate) name: String,
    pub(crate) authority: Authority,
    pub(crate) recovery: Option<Id<Recovery>>,
    pub(crate) options: Value,
    pub(crate) state: Value,
    pub(crate) binding: Binding,
}

pub(crate) async fn keep_in(tx: &Write, begun: &Begun) -> Result<Id<Ceremony>, Error> {
    let id = tx.id::<Ceremony>();
    let row = params![
        id,
        begun.kind,
        begun.person,
        begun.name,
        begun.authority,
        begun.recovery,
        begun.options.clone(),
        begun.state.clone(),
        begun.binding.0,
        tx.now() + CEREMONY_TTL
    ];
    tx.run(&INSERT_CEREMONY, row).await?;
    Ok(id)
}

/// What the browser's credential manager takes: the part under `publicKey`.
pub(crate) fn options<T: Serialize>(challenge: &T) -> Result<Value, Error> {
    let whole = to_json(challenge)?;
    let inner = whole.get("publicKey").cloned();
    inner.ok_or(Error::Corrupt("WebAuthn options"))
}

pub(crate) fn read<T: DeserializeOwned>(answer: &str) -> Result<T, Error> {
    if answer.len() > ANSWER_BYTES {
        return Err(Error::PasskeyRefused);
    }
    serde_json::from_str(answer).map_err(|_| Error::PasskeyRefused)
}

/// Asks a browser for any passkey of this site: to sign in, or to confirm who is there.
///
/// # Errors
/// The store fails.
pub async fn begin_passkey(
    store: &Store,
    party: &RelyingParty,
    kind: CeremonyKind,
    binding: &Binding,
) -> Result<Ceremony, Error> {
    let (challenge, state) = party
        .webauthn
        .start_discoverable_authentication()
        .map_err(|_| Error::Corrupt("WebAuthn"))?;
    let begun = Begun {
        kind,
        person: None,
        name: String::new(),
        authority: Authority::Passkey,
        recovery: None,
        options: options(&challenge)?,
        state: to_json(&state)?,
        binding: binding.clone(),
    };
    begin(store, &Actor::Visitor, begun).await
}

async fn begin(store: &Store, actor: &Actor, begun: Begun) -> Result<Ceremony, Error> {
    store
        .write(actor, move |tx| {
            let begun = begun.clone();
            async move {
                let id = keep_in(&tx, &begun).await?;
                find_in(&tx, id, begun.kind, &begun.binding).await
            }
        })
        .await
}

pub(crate) async fn find_in(
    db: &Read,
    id: Id<Ceremony>,
    kind: CeremonyKind,
    binding: &Binding,
) -> Result<Ceremony, Error> {
    db.one(&FIND_CEREMONY, params![id, binding.0, kind, db.now()])
        .await?
        .ok_or(Error::Expired)
}

/// The ceremony this browser began, while it lasts.
///
/// # Errors
/// [`Error::Expired`] when it is over, used, or of another browser.
pub async fn find_ceremony(
    store: &Store,
    id: Id<Ceremony>,
    kind: CeremonyKind,
    binding: &Binding,
) -> Result<Ceremony, Error> {
    let binding = binding.clone();
    store
        .read(move |db| {
            let binding = binding.clone();
            async move { find_in(&db, id, kind, &binding).await }
        })
        .await
}

/// A checked assertion: what must still be written for it to count.
#[derive(Clone)]
pub(crate) struct Asserted {
    pub(crate) ceremony: Id<Ceremony>,
    pub(crate) passkey: Passkey,
}

/// Checks what a browser answered to [`begin_passkey`], without writing.
///
/// # Errors
/// [`Error::PasskeyRefused`] for an unknown or revoked passkey, another site's origin, a user who was not
/// verified, a signature that does not fit; [`Error::Expired`].
pub(crate) async fn assert_passkey(
    store: &Store,
    party: &RelyingParty,
    (id, kind, binding): (Id<Ceremony>, CeremonyKind, &Binding),
    answer: &str,
) -> Result<Asserted, Error> {
    let ceremony = find_ceremony(store, id, kind, binding).await?;
    let state: DiscoverableAuthentication =
        serde_json::from_value(ceremony.state).map_err(|_| Error::Corrupt("ceremony"))?;
    let answer: PublicKeyCredential = read(answer)?;
    let refused = |_| Error::PasskeyRefused;
    let (handle, credential) = party
        .webauthn
        .identify_discoverable_authentication(&answer)
        .map_err(refused)?;
    let credential = credential.to_vec();
    let found = store
        .read(move |db| {
            let credential = credential.clone();
            async move { by_credential_in(&db, credential).await }
        })
        .await?;
    let mut passkey = found.ok_or(Error::PasskeyRefused)?;
    let is_live = passkey.revoked.is_none() && passkey.person.bytes() == *handle.as_bytes();
    let result = party
        .webauthn
        .finish_discoverable_authentication_v2(&answer, state, &passkey.key);
    let Some(result) = result.ok().filter(|_| is_live) else {
        return Err(attempt::refuse(store, passkey.person).await);
    };
    passkey.key.update_credential(&result);
    Ok(Asserted {
        ceremony: id,
        passkey,
    })
}

/// Uses a checked assertion, once: the ceremony goes and the passkey's counter moves on.
pub(crate) async fn use_in(tx: &Write, asserted: &Asserted) -> Result<Known, Error> {
    let passkey = &asserted.passkey;
    if tx.run(&USE_CEREMONY, params![asserted.ceremony]).await? == 0 {
        return Err(Error::Consumed);
    }
    let row = params![passkey.id, to_json(&passkey.key)?, tx.now()];
    if tx.run(&USE_PASSKEY, row).await? == 0 {
        return Err(Error::PasskeyRefused);
    }
    if !person::get_in(tx, passkey.person).await?.is_active() {
        return Err(Error::Inactive);
    }
    Ok(Known {
        person: passkey.person,
        passkey: passkey.id,
        means: passkey.means(),
    })
}

/// Signs in with what a browser answered, and counts it. `return_to` is where the sign-in leads; the plus
/// level, where it is asked for, takes a passkey that stays on its device.
///
/// # Errors
/// As the check of the answer; [`Error::Inactive`]; [`Error::Consumed`] when it was used before;
/// [`Error::PasskeySynced`] and [`Error::LevelTooLow`] when plus is asked for.
pub async fn sign_in_by_passkey(
    store: &Store,
    party: &RelyingParty,
    (id, binding): (Id<Ceremony>, &Binding),
    (answer, (return_to, level)): (&str, (&str, Level)),
) -> Result<Known, Error> {
    let asked = (id, CeremonyKind::SignIn, binding);
    let asserted = assert_passkey(store, party, asked, answer).await?;
    let who = asserted.passkey.person;
    if level > Level::Basic && !asserted.passkey.counts_for_signing() {
        return Err(Error::PasskeySynced);
    }
    let actor = resident(who, None);
    let return_to = return_to.to_owned();
    let known = store
        .write(&actor, move |tx| {
            let (asserted, return_to) = (asserted.clone(), return_to.clone());
            async move {
                let known = use_in(&tx, &asserted).await?;
                let owner = person::get_in(&tx, known.person).await?;
                if owner.level < level {
                    return Err(Error::LevelTooLow);
                }
                let how = (Purpose::SignIn, known.means);
                approval::signed_in_in(&tx, &owner, how, &return_to).await?;
                Ok(known)
            }
        })
        .await;
    if matches!(known, Err(Error::Inactive)) {
        attempt::note(store, who, Attempt::Suspended).await?;
    }
    known
}

/// What is made anew by an authenticator, before somebody's word allows it.
async fn prepare(
    store: &Store,
    party: &RelyingParty,
    (person, name): (Id<Person>, &str),
    binding: &Binding,
) -> Result<Begun, Error> {
    let owner = person::find_person(store, person)
        .await?
        .ok_or(Error::NotFound)?;
    let held = passkeys_of(store, person).await?;
    if held.len() >= PASSKEYS_MAX {
        return Err(Error::TooManyPasskeys);
    }
    let exclude = held.iter().map(|one| one.key.cred_id().clone()).collect();
    let handle = Uuid::from_bytes(person.bytes());
    let label = owner.name.en.as_str();
    let (challenge, state) = party
        .webauthn
        .start_passkey_registration(handle, label, label, Some(exclude))
        .map_err(|_| Error::Corrupt("WebAuthn"))?;
    let mut options = options(&challenge)?;
    // The sign-in page asks for no name first, so the key must be one that the authenticator can find.
    if let Some(wanted) = options
        .get_mut("authenticatorSelection")
        .and_then(Value::as_object_mut)
    {
        wanted.insert("residentKey".to_owned(), json!("required"));
        wanted.insert("requireResidentKey".to_owned(), json!(true));
    }
    Ok(Begun {
        kind: CeremonyKind::Add,
        person: Some(person),
        name: passkey_name(name)?,
        authority: Authority::Phone,
        recovery: None,
        options,
        state: to_json(&state)?,
        binding: binding.clone(),
    })
}

/// Begins to add a passkey with the phone's approval.
///
/// # Errors
/// As [`crate::consume_in`]; [`Error::WrongApproval`]; [`Error::TooManyPasskeys`].
pub async fn add_by_phone(
    store: &Store,
    party: &RelyingParty,
    (person, name): (Id<Person>, &str),
    (given, binding): (Id<Approval>, &Binding),
) -> Result<Ceremony, Error> {
    let begun = prepare(store, party, (person, name), binding).await?;
    store
        .write(&resident(person, None), move |tx| {
            let begun = begun.clone();
            async move {
                let approved = approval::consume_in(&tx, given, &begun.binding).await?;
                let fits = approved.purpose == Purpose::StepUp
                    && approved.person == person
                    && approved.digest == adding_digest(person, &begun.name);
                if !fits {
                    return Err(Error::WrongApproval);
                }
                let id = keep_in(&tx, &begun).await?;
                find_in(&tx, id, begun.kind, &begun.binding).await
            }
        })
        .await
}

/// Begins to add a passkey with the word of another one of the same person.
///
/// # Errors
/// As [`sign_in_by_passkey`]; [`Error::OtherPerson`]; [`Error::TooManyPasskeys`].
pub async fn add_by_passkey(
    store: &Store,
    party: &RelyingParty,
    (person, name): (Id<Person>, &str),
    (confirm, binding): (Id<Ceremony>, &Binding),
    answer: &str,
) -> Result<Ceremony, Error> {
    let asked = (confirm, CeremonyKind::Confirm, binding);
    let asserted = assert_passkey(store, party, asked, answer).await?;
    if asserted.passkey.person != person {
        return Err(Error::OtherPerson);
    }
    let mut begun = prepare(store, party, (person, name), binding).await?;
    begun.authority = Authority::Passkey;
    store
        .write(&resident(person, None), move |tx| {
            let (asserted, begun) = (asserted.clone(), begun.clone());
            async move {
                use_in(&tx, &asserted).await?;
                let id = keep_in(&tx, &begun).await?;
                find_in(&tx, id, begun.kind, &begun.binding).await
            }
        })
        .await
}

/// Begins to add a passkey with a code from a counter, which the finished ceremony uses up.
pub(crate) async fn add_by_code(
    store: &Store,
    party: &RelyingParty,
    (person, name): (Id<Person>, &str),
    (code, binding): (Id<Recovery>, &Binding),
) -> Result<Ceremony, Error> {
    let mut begun = prepare(store, party, (person, name), binding).await?;
    begun.authority = Authority::Counter;
    begun.recovery = Some(code);
    begin(store, &resident(person, None), begun).await
}

/// Adds the passkey that the authenticator has made, and says by whose authority.
///
/// # Errors
/// [`Error::PasskeyRefused`] when the answer does not fit what was asked; [`Error::Expired`];
/// [`Error::Consumed`]; [`Error::AlreadyThere`] when this key is known.
pub async fn finish_adding(
    store: &Store,
    party: &RelyingParty,
    (id, binding): (Id<Ceremony>, &Binding),
    answer: &str,
) -> Result<(Passkey, Authority), Error> {
    let ceremony = find_ceremony(store, id, CeremonyKind::Add, binding).await?;
    let state: PasskeyRegistration =
        serde_json::from_value(ceremony.state.clone()).map_err(|_| Error::Corrupt("ceremony"))?;
    let person = ceremony.person.ok_or(Error::Corrupt("ceremony"))?;
    let answer: RegisterPublicKeyCredential = read(answer)?;
    let key = party
        .webauthn
        .finish_passkey_registration(&answer, &state)
        .map_err(|_| Error::PasskeyRefused)?;
    let (name, authority, code) = (ceremony.name, ceremony.authority, ceremony.recovery);
    let added = store
        .write(&resident(person, None), move |tx| {
            let (key, name) = (key.clone(), name.clone());
            async move {
                if tx.run(&USE_CEREMONY, params![id]).await? == 0 {
                    return Err(Error::Consumed);
                }
                if let Some(code) = code {
                    recovery::use_in(&tx, code).await?;
                }
                insert_in(&tx, (person, &name), &key, authority).await
            }
        })
        .await?;
    Ok((added, authority))
}

async fn insert_in(
    tx: &Write,
    (person, name): (Id<Person>, &str),
    key: &webauthn_rs::prelude::Passkey,
    authority: Authority,
) -> Result<Passkey, Error> {
    if !person::get_in(tx, person).await?.is_active() {
        return Err(Error::Inactive);
    }
    if live_in(tx, person).await?.len() >= PASSKEYS_MAX {
        return Err(Error::TooManyPasskeys);
    }
    let (id, is_synced) = (tx.id::<Passkey>(), is_synced(key));
    let credential: Vec<u8> = key.cred_id().to_vec();
    let content = to_json(key)?;
    let row = params![
        id,
        person,
        credential.clone(),
        name,
        content,
        is_synced,
        tx.now()
    ];
    if tx.run(&INSERT_PASSKEY, row).await? == 0 {
        return Err(Error::AlreadyThere);
    }
    let data =
        json!({ "person": person, "passkey": id, "authority": authority, "is_synced": is_synced });
    note_in(tx, ("passkey.added", PASSKEY_ADDED), (id, person), data).await?;
    let added = tx.one(&BY_CREDENTIAL, params![credential]).await?;
    added.ok_or(Error::NotFound)
}

async fn note_in(
    tx: &Write,
    (action, kind): (&'static str, &'static str),
    (id, person): (Id<Passkey>, Id<Person>),
    data: Value,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "passkey",
        id: id.to_string(),
        reason: None,
        detail: data.clone(),
    };
    journal::audit(tx, audit).await?;
    let subject = person.to_string();
    let event = Event {
        kind,
        subject,
        data,
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// Gives a passkey of this person another name.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Malformed`].
pub async fn rename_passkey(
    store: &Store,
    person: Id<Person>,
    id: Id<Passkey>,
    name: &str,
) -> Result<(), Error> {
    let name = passkey_name(name)?;
    store
        .write(&resident(person, None), move |tx| {
            let name = name.clone();
            async move {
                match tx.run(&RENAME, params![id, person, name]).await? {
                    0 => Err(Error::NotFound),
                    _ => Ok(()),
                }
            }
        })
        .await
}

/// A passkey of this person signs in no more.
///
/// # Errors
/// [`Error::NotFound`] when it is another person's, or revoked.
pub(crate) async fn revoke_in(
    tx: &Write,
    person: Id<Person>,
    id: Id<Passkey>,
) -> Result<(), Error> {
    if tx.run(&REVOKE, params![id, person, tx.now()]).await? == 0 {
        return Err(Error::NotFound);
    }
    let data = json!({ "person": person, "passkey": id });
    note_in(tx, ("passkey.revoked", PASSKEY_REVOKED), (id, person), data).await
}

/// The account closes: none of its passkeys signs in.
pub(crate) async fn revoke_all_in(tx: &Write, person: Id<Person>) -> Result<(), Error> {
    for one in live_in(tx, person).await? {
        revoke_in(tx, person, one.id).await?;
    }
    Ok(())
}

/// Forgets ceremonies nobody finished.
pub(crate) async fn forget_in(tx: &Write) -> Result<u64, Error> {
    Ok(tx.run(&FORGET_CEREMONIES, params![tx.now(), SWEPT]).await?)
}
