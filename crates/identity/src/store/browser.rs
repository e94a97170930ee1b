//! Browsers that are signed in, and everything else that signs a person in: one list, one way to end each.

use std::{collections::BTreeMap, time::Duration};

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Event};
use kernel::{Id, Text, Time};
use serde_json::json;
use trust::base64url;

use crate::{
    Approval, Browser, Entrance, Error, Means, Person,
    provider::end_session_in,
    store::{device, json as to_json, officer, passkey},
};

::store::sql! {
    PUT_BROWSER = "INSERT INTO browser (session_key, person, session, means, place, since)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (session_key) DO NOTHING";
    RENEW = "UPDATE browser SET session_key = $2 WHERE session_key = $1";
    OF_PERSON = "SELECT session_key, session, means, place, since FROM browser
        WHERE person = $1 ORDER BY since DESC LIMIT $2";
    FIND_SESSION = "SELECT session FROM browser WHERE session_key = $1 AND person = $2";
    FORGET_BROWSERS = "DELETE FROM browser WHERE session_key IN
        (SELECT session_key FROM browser WHERE since < $1 ORDER BY since LIMIT $2)";
}

/// Browsers of one person that are shown and ended.
const BROWSERS: i64 = 50;
/// A session lives 12 hours at most; what is known of its browser a little longer.
const KEPT: Duration = Duration::from_secs(13 * 3_600);
/// Rows one sweep forgets.
const SWEPT: i64 = 5_000;
/// The event of something that signed in and was not its owner's. Data: person, kind.
pub const DISOWNED: &str = "causeway.entrance.disowned.v1";

struct Stored {
    key: Vec<u8>,
    session: String,
    means: Means,
    place: Text,
    since: Time,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            key: row.get("session_key")?,
            session: row.get("session")?,
            means: row.get("means")?,
            place: row.json("place")?,
            since: row.get("since")?,
        })
    }
}

/// What is known of a browser that has just been signed in.
#[derive(Clone, Debug)]
pub(crate) struct NewBrowser {
    pub(crate) key: Vec<u8>,
    pub(crate) person: Id<Person>,
    pub(crate) session: String,
    pub(crate) means: Means,
    pub(crate) place: Text,
}

pub(crate) async fn put(store: &Store, new: NewBrowser) -> Result<(), Error> {
    store
        .write(&kernel::Actor::system("identity"), move |tx| {
            let new = new.clone();
            async move {
                let place = to_json(&new.place)?;
                let row = params![new.key, new.person, new.session, new.means, place, tx.now()];
                tx.run(&PUT_BROWSER, row).await?;
                Ok(())
            }
        })
        .await
}

/// The session of a browser has another key: its person acts for somebody else now.
pub(crate) async fn renew(store: &Store, before: Vec<u8>, now: Vec<u8>) -> Result<(), Error> {
    store
        .write(&kernel::Actor::system("identity"), move |tx| {
            let row = params![before.clone(), now.clone()];
            async move { Ok::<_, Error>(tx.run(&RENEW, row).await?) }
        })
        .await?;
    Ok(())
}

/// Under which names the sessions of a person are kept: their own, and their post's.
async fn subjects_in(db: &Read, person: Id<Person>) -> Result<Vec<(String, bool)>, Error> {
    let mut subjects = vec![(person.to_string(), false)];
    if let Some(post) = officer::of_person_in(db, person).await? {
        subjects.push((post.id.to_string(), true));
    }
    Ok(subjects)
}

/// The browsers in which this person is signed in, the latest first.
///
/// # Errors
/// The store fails.
pub async fn browsers_of(store: &Store, person: Id<Person>) -> Result<Vec<Browser>, Error> {
    store
        .read(move |db| async move {
            let known: Vec<Stored> = db.all(&OF_PERSON, params![person, BROWSERS]).await?;
            let mut known: BTreeMap<Vec<u8>, Stored> = known
                .into_iter()
                .map(|one| (one.key.clone(), one))
                .collect();
            let mut found = Vec::new();
            for (subject, is_desk) in subjects_in(&db, person).await? {
                for live in web::live_sessions_in(&db, &subject).await? {
                    let stored = known.remove(&live.key);
                    found.push(Browser {
                        key: base64url::encode(&live.key),
                        means: stored.as_ref().map_or(Means::Phone, |one| one.means),
                        place: stored
                            .as_ref()
                            .map_or_else(|| crate::place_of(""), |one| one.place.clone()),
                        since: stored.map_or(live.created, |one| one.since),
                        seen: live.seen,
                        is_desk,
                    });
                }
            }
            found.sort_by_key(|one| std::cmp::Reverse(one.seen));
            Ok(found)
        })
        .await
}

/// Ends one browser's session and what was granted in it.
pub(crate) async fn end_in(tx: &Write, person: Id<Person>, key: &str) -> Result<(), Error> {
    let key = base64url::decode(key).map_err(|_| Error::NotFound)?;
    let mut ended = 0;
    for (subject, _) in subjects_in(tx, person).await? {
        ended += web::end_session_in(tx, &subject, &key).await?;
    }
    if ended == 0 {
        return Err(Error::NotFound);
    }
    let session: Option<String> = tx.one(&FIND_SESSION, params![key, person]).await?;
    if let Some(session) = session {
        end_session_in(tx, &session).await?;
    }
    let audit = Audit {
        action: "browser.ended",
        noun: "person",
        id: person.to_string(),
        reason: None,
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

/// Signs a person out of every browser, desks included, and ends what was granted there to clients.
pub(crate) async fn end_all_in(tx: &Write, person: Id<Person>) -> Result<(), Error> {
    let known: Vec<Stored> = tx.all(&OF_PERSON, params![person, BROWSERS]).await?;
    for one in &known {
        end_session_in(tx, &one.session).await?;
    }
    for (subject, _) in subjects_in(tx, person).await? {
        web::end_sessions_in(tx, &subject).await?;
    }
    Ok(())
}

/// Takes one entrance away, by its owner.
///
/// # Errors
/// [`Error::NotFound`] when there is no such thing, or it is not theirs.
pub async fn revoke_entrance_in(
    tx: &Write,
    person: Id<Person>,
    entrance: &Entrance,
) -> Result<(), Error> {
    match entrance {
        Entrance::Phone => device::revoke_in(tx, person, "removed by its owner").await,
        Entrance::Passkey(id) => passkey::revoke_in(tx, person, *id).await,
        Entrance::Browser(key) => end_in(tx, person, key).await,
    }
}

/// Its owner says that an entrance was not theirs: it goes, and with it every session.
///
/// # Errors
/// As [`revoke_entrance_in`].
pub async fn disown_in(tx: &Write, person: Id<Person>, entrance: &Entrance) -> Result<(), Error> {
    revoke_entrance_in(tx, person, entrance).await?;
    foreign_in(
        tx,
        person,
        json!({ "person": person, "kind": entrance.kind() }),
    )
    .await
}

/// Its owner says of a request, which they have refused on the phone, that it was not theirs: whoever
/// asked may be signed in somewhere, so every session goes.
pub(crate) async fn report_in(
    tx: &Write,
    person: Id<Person>,
    approval: Id<Approval>,
) -> Result<(), Error> {
    let data = json!({ "person": person, "kind": "approval", "approval": approval });
    foreign_in(tx, person, data).await
}

async fn foreign_in(tx: &Write, person: Id<Person>, data: serde_json::Value) -> Result<(), Error> {
    end_all_in(tx, person).await?;
    let audit = Audit {
        action: "entrance.disowned",
        noun: "person",
        id: person.to_string(),
        reason: None,
        detail: data.clone(),
    };
    journal::audit(tx, audit).await?;
    let event = Event {
        kind: DISOWNED,
        subject: person.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// Forgets browsers whose sessions are over in any case.
pub(crate) async fn forget_in(tx: &Write) -> Result<u64, Error> {
    Ok(tx
        .run(&FORGET_BROWSERS, params![tx.now() - KEPT, SWEPT])
        .await?)
}
