//! What applications were handed of a company's documents, and what phones pick from.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use kernel::{Actor, Id, Text, Time};
use trust::Vault;

use crate::{
    Approval, ApprovalState, Company, Error, Person,
    store::{approval, company::resident, json as to_json, member, wallet},
    wallet::{
        Document, DocumentState, Pick, Picking, SHARE_DAYS, SHARES_KEPT_DAYS, SHARES_SHOWN, Share,
    },
};

::store::sql! {
    INSERT_SHARE = "INSERT INTO company_document_share (id, document, company, person, client,
            client_name, purpose, shared, until, fetched)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
    FIND_SHARE = "SELECT id, document, company, person, client, client_name, purpose, shared,
            until, ended, fetched, last_fetched
        FROM company_document_share WHERE id = $1";
    OF_DOCUMENT = "SELECT id, document, company, person, client, client_name, purpose, shared,
            until, ended, fetched, last_fetched
        FROM company_document_share WHERE document = $1 ORDER BY id DESC LIMIT $2";
    LIVE_OF = "SELECT id, document, company, person, client, client_name, purpose, shared,
            until, ended, fetched, last_fetched
        FROM company_document_share
        WHERE person = $1 AND client = $2 AND company = $3 AND ended IS NULL AND until > $4
        ORDER BY id DESC LIMIT $5";
    FETCHED = "UPDATE company_document_share SET fetched = fetched + 1, last_fetched = $2
        WHERE id = $1";
    END_SHARE = "UPDATE company_document_share SET ended = $2 WHERE id = $1 AND ended IS NULL";
    END_OF_DOCUMENT = "UPDATE company_document_share SET ended = $2
        WHERE document = $1 AND ended IS NULL AND until > $2";
    END_OF_CLIENT = "UPDATE company_document_share SET ended = $3
        WHERE person = $1 AND client = $2 AND ended IS NULL AND until > $3";
    END_OF_PERSON = "UPDATE company_document_share SET ended = $3
        WHERE person = $1 AND company = $2 AND ended IS NULL AND until > $3";
    FORGET_SHARES = "DELETE FROM company_document_share WHERE id IN
        (SELECT id FROM company_document_share WHERE shared < $1 LIMIT $2)";
    INSERT_PICK = "INSERT INTO company_document_pick
            (approval, company, person, kinds, most, expires)
        VALUES ($1, $2, $3, $4, $5, $6)";
    FIND_PICK = "SELECT company, person, kinds, most, picked FROM company_document_pick
        WHERE approval = $1";
    SET_PICKED = "UPDATE company_document_pick SET picked = $2 WHERE approval = $1";
    FORGET_PICKS = "DELETE FROM company_document_pick WHERE expires < $1";
}

/// Live shares of one client that are read at once.
const LIVE_MAX: i64 = 500;
/// A pick is of no use once what came of it has been told.
const PICK_KEPT: Duration = Duration::from_secs(86_400);

impl FromRow for Share {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            document: row.get("document")?,
            company: row.get("company")?,
            person: row.get("person")?,
            client: row.get("client")?,
            client_name: row.json("client_name")?,
            purpose: row.json("purpose")?,
            shared: row.get("shared")?,
            until: row.get("until")?,
            ended: row.get("ended")?,
            fetched: row.get("fetched")?,
            last_fetched: row.get("last_fetched")?,
        })
    }
}

impl FromRow for Pick {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        let picked: Option<String> = row.get("picked")?;
        let most: i64 = row.get("most")?;
        Ok(Self {
            company: row.get("company")?,
            person: row.get("person")?,
            kinds: row.json("kinds")?,
            most: usize::try_from(most).unwrap_or_default(),
            picked: if picked.is_some() {
                row.json("picked").map(Some)?
            } else {
                None
            },
        })
    }
}

/// Who is handed what, and what for.
#[derive(Clone, Debug)]
pub(crate) struct HandOver {
    pub(crate) company: Id<Company>,
    pub(crate) person: Id<Person>,
    pub(crate) client: String,
    pub(crate) client_name: Text,
    pub(crate) purpose: Text,
    pub(crate) documents: Vec<Id<Document>>,
}

/// When a hand-over of now is over.
#[must_use]
pub(crate) fn until(now: Time) -> Time {
    now + Duration::from_secs(SHARE_DAYS * 86_400)
}

pub(crate) async fn hand_over_in(tx: &Write, what: &HandOver) -> Result<(), Error> {
    for document in &what.documents {
        let row = params![
            tx.id::<Share>(),
            *document,
            what.company,
            what.person,
            what.client,
            to_json(&what.client_name)?,
            to_json(&what.purpose)?,
            tx.now(),
            until(tx.now())
        ];
        tx.run(&INSERT_SHARE, row).await?;
    }
    Ok(())
}

pub(crate) async fn find_in(db: &Read, id: Id<Share>) -> Result<Option<Share>, Error> {
    Ok(db.one(&FIND_SHARE, params![id]).await?)
}

pub(crate) async fn of_document_in(db: &Read, id: Id<Document>) -> Result<Vec<Share>, Error> {
    Ok(db.all(&OF_DOCUMENT, params![id, SHARES_SHOWN]).await?)
}

/// What a person has handed to a client for a company and not taken back, latest first.
pub(crate) async fn live_in(
    db: &Read,
    (person, company): (Id<Person>, Id<Company>),
    client: &str,
) -> Result<Vec<Share>, Error> {
    let row = params![person, client, company, db.now(), LIVE_MAX];
    Ok(db.all(&LIVE_OF, row).await?)
}

pub(crate) async fn fetched_in(tx: &Write, share: Id<Share>) -> Result<(), Error> {
    tx.run(&FETCHED, params![share, tx.now()]).await?;
    Ok(())
}

pub(crate) async fn end_in(tx: &Write, share: Id<Share>) -> Result<(), Error> {
    if tx.run(&END_SHARE, params![share, tx.now()]).await? == 0 {
        return Err(Error::NotFound);
    }
    Ok(())
}

pub(crate) async fn end_of_document_in(tx: &Write, id: Id<Document>) -> Result<(), Error> {
    tx.run(&END_OF_DOCUMENT, params![id, tx.now()]).await?;
    Ok(())
}

/// The person has withdrawn what they let the client do.
pub(crate) async fn end_of_client_in(
    tx: &Write,
    person: Id<Person>,
    client: &str,
) -> Result<(), Error> {
    tx.run(&END_OF_CLIENT, params![person, client, tx.now()])
        .await?;
    Ok(())
}

/// The person no longer acts for the company.
pub(crate) async fn end_of_person_in(
    tx: &Write,
    person: Id<Person>,
    company: Id<Company>,
) -> Result<(), Error> {
    tx.run(&END_OF_PERSON, params![person, company, tx.now()])
        .await?;
    Ok(())
}

/// Leaves beside an approval that its phone is to pick.
pub(crate) async fn want_pick_in(tx: &Write, open: &Approval, pick: &Pick) -> Result<(), Error> {
    let row = params![
        open.id,
        pick.company,
        pick.person,
        to_json(&pick.kinds)?,
        i64::try_from(pick.most).unwrap_or_default(),
        open.expires
    ];
    tx.run(&INSERT_PICK, row).await?;
    Ok(())
}

pub(crate) async fn pick_in(db: &Read, approval: Id<Approval>) -> Result<Option<Pick>, Error> {
    Ok(db.one(&FIND_PICK, params![approval]).await?)
}

/// The documents that an approval lets `person` pick from; none when it is about no documents.
///
/// # Errors
/// The store fails.
pub async fn pickable(
    store: &Store,
    vault: &Vault,
    (approval, person): (Id<Approval>, Id<Person>),
) -> Result<Option<Picking>, Error> {
    let vault = vault.clone();
    store
        .read(move |db| {
            let vault = vault.clone();
            async move {
                let found = pick_in(&db, approval).await?;
                let Some(pick) = found.filter(|one| one.person == person) else {
                    return Ok(None);
                };
                let documents = candidates_in(&db, &vault, &pick).await?;
                Ok(Some(Picking {
                    documents,
                    most: pick.most,
                    picked: pick.picked.unwrap_or_default(),
                }))
            }
        })
        .await
}

/// What may be picked now: nothing by somebody who may not read what the company keeps, or acts for it no
/// more.
async fn candidates_in(db: &Read, vault: &Vault, pick: &Pick) -> Result<Vec<Document>, Error> {
    let mandate = member::mandate_in(db, pick.person, pick.company).await?;
    if !mandate.is_some_and(|mandate| mandate.reads_documents()) {
        return Ok(Vec::new());
    }
    let mut all = wallet::documents_in(db, vault, pick.company, DocumentState::Held).await?;
    all.retain(|one| pick.kinds.is_empty() || pick.kinds.contains(&one.kind));
    Ok(all)
}

/// Keeps what the person picked on their phone, before they agree to hand it over.
///
/// # Errors
/// [`Error::NothingPicked`] when it is nothing, too much, or not to be picked from; [`Error::Decided`] once
/// the approval has its outcome. Nothing happens when the approval is about no documents.
pub async fn pick_documents(
    store: &Store,
    vault: &Vault,
    actor: &Actor,
    about: (Id<Approval>, Id<Person>),
    picked: Vec<Id<Document>>,
) -> Result<(), Error> {
    let (vault, actor) = (vault.clone(), actor.clone());
    store
        .write(&actor, move |tx| {
            let (vault, picked) = (vault.clone(), picked.clone());
            async move { keep_in(&tx, &vault, about, (picked, ApprovalState::is_open)).await }
        })
        .await
}

/// The same on the page beside the phone, which counts only until the phone has opened the question: what
/// the phone shows then is what is agreed to.
///
/// # Errors
/// As [`pick_documents`].
pub(crate) async fn pick_beside(
    store: &Store,
    vault: &Vault,
    (approval, person): (Id<Approval>, Id<Person>),
    picked: Vec<Id<Document>>,
) -> Result<(), Error> {
    let vault = vault.clone();
    store
        .write(&resident(person, None), move |tx| {
            let (vault, picked) = (vault.clone(), picked.clone());
            async move {
                let about = (approval, person);
                keep_in(&tx, &vault, about, (picked, is_unopened)).await
            }
        })
        .await
}

/// Whether no phone has opened the question yet.
pub(crate) const fn is_unopened(state: ApprovalState) -> bool {
    matches!(state, ApprovalState::Pending)
}

/// In which states of its approval a pick counts.
type When = fn(ApprovalState) -> bool;

async fn keep_in(
    tx: &Write,
    vault: &Vault,
    (approval, person): (Id<Approval>, Id<Person>),
    (mut picked, may): (Vec<Id<Document>>, When),
) -> Result<(), Error> {
    let found = pick_in(tx, approval).await?;
    let Some(pick) = found.filter(|one| one.person == person) else {
        return Ok(());
    };
    let open = approval::get_in(tx, approval).await?;
    if !may(open.state_at(tx.now())) {
        return Err(Error::Decided);
    }
    picked.sort_unstable();
    picked.dedup();
    let all = candidates_in(tx, vault, &pick).await?;
    let is_there = |id: &Id<Document>| all.iter().any(|one| one.id == *id);
    let is_right = !picked.is_empty() && picked.len() <= pick.most && picked.iter().all(is_there);
    if !is_right {
        return Err(Error::NothingPicked);
    }
    let row = params![approval, to_json(&picked)?];
    tx.run(&SET_PICKED, row).await?;
    Ok(())
}

pub(crate) async fn sweep_in(tx: &Write, rows: i64) -> Result<(), Error> {
    let kept = Duration::from_secs(SHARES_KEPT_DAYS * 86_400);
    tx.run(&FORGET_SHARES, params![tx.now() - kept, rows])
        .await?;
    tx.run(&FORGET_PICKS, params![tx.now() - PICK_KEPT]).await?;
    Ok(())
}
