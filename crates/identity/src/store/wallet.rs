//! A company's documents.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use kernel::{Id, Text};
use serde_json::json;
use trust::{Notary, Place, Sealed, Vault, cms::Word, digest};

use crate::{
    Company, Error, Mandate, Person, ValueError,
    hongkong::Task,
    signing,
    store::{
        company::{note, resident},
        json as to_json, member, wallet_share,
    },
    wallet::{
        Bringer, DOCUMENTS_MAX, Document, DocumentKind, DocumentState, MediaType, NewDocument,
        OFFERED_MAX, REMOVED_DAYS, Seal, Share, Title, WALLET_BYTES, file_name,
    },
};

::store::sql! {
    INSERT_DOCUMENT = "INSERT INTO company_document (id, company, state, kind, title_sealed,
            media_type, size, sha256, issued, expires, person, client, client_name, task, sealer,
            sealed_at, added)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    INSERT_CONTENT = "INSERT INTO company_document_content (document, content_sealed)
        VALUES ($1, $2)";
    LIST_DOCUMENTS = "SELECT id, company, state, kind, title_sealed, media_type, size, sha256,
            issued, expires, person, client, client_name, sealer, sealed_at, added, removed
        FROM company_document WHERE company = $1 AND state = $2 ORDER BY id DESC LIMIT $3";
    FIND_DOCUMENT = "SELECT id, company, state, kind, title_sealed, media_type, size, sha256,
            issued, expires, person, client, client_name, sealer, sealed_at, added, removed
        FROM company_document WHERE id = $1 AND company = $2";
    FIND_CONTENT = "SELECT content_sealed FROM company_document_content WHERE document = $1";
    COUNT_KEPT = "SELECT COUNT(*) FROM company_document WHERE company = $1 AND state <> 'offered'";
    COUNT_OFFERED = "SELECT COUNT(*) FROM company_document
        WHERE company = $1 AND state = 'offered'";
    SUM_KEPT = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM company_document
        WHERE company = $1 AND state <> 'offered'";
    SET_TITLE = "UPDATE company_document SET title_sealed = $2, kind = $3, issued = $4,
            expires = $5
        WHERE id = $1 AND state = 'held'";
    SET_REMOVED = "UPDATE company_document SET state = 'removed', removed = $2
        WHERE id = $1 AND state = 'held'";
    SET_RESTORED = "UPDATE company_document SET state = 'held', removed = NULL
        WHERE id = $1 AND state = 'removed'";
    LIST_SWEPT = "SELECT id FROM company_document
        WHERE (state = 'offered' AND added < $1) OR (state = 'removed' AND removed < $2)
        LIMIT $3";
    DROP_CONTENT = "DELETE FROM company_document_content WHERE document = $1";
    DROP_DOCUMENT = "DELETE FROM company_document WHERE id = $1";
}

/// An offer that nobody settled goes after this long.
const OFFER_KEPT: Duration = Duration::from_secs(86_400);
/// Rows one sweep takes away.
const SWEPT: i64 = 500;

pub(super) struct Stored {
    pub(super) document: Document,
    title: Vec<u8>,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        let client: Option<String> = row.get("client")?;
        let client = match client {
            Some(client) => Some(Bringer {
                client,
                name: row.json::<Text>("client_name")?,
            }),
            None => None,
        };
        let sealer: Option<String> = row.get("sealer")?;
        let at = row.get("sealed_at")?;
        Ok(Self {
            title: row.get("title_sealed")?,
            document: Document {
                id: row.get("id")?,
                company: row.get("company")?,
                state: row.get("state")?,
                kind: row.get("kind")?,
                name: String::new(),
                file_name: String::new(),
                media_type: row.get("media_type")?,
                size: row.get("size")?,
                sha256: row.get("sha256")?,
                issued: row.get("issued")?,
                expires: row.get("expires")?,
                person: row.get("person")?,
                client,
                seal: sealer.map(|by| Seal { by, at }),
                added: row.get("added")?,
                removed: row.get("removed")?,
            },
        })
    }
}

impl Stored {
    fn open(self, vault: &Vault) -> Result<Document, Error> {
        let place = title_place(self.document.id);
        let plain = vault.open(&place, &Sealed(self.title))?;
        let title: Title =
            serde_json::from_slice(&plain).map_err(|_| Error::Corrupt("company_document"))?;
        Ok(Document {
            name: title.name,
            file_name: title.file,
            ..self.document
        })
    }
}

fn title_place(id: Id<Document>) -> Place {
    Place::new("company_document.title_sealed", id)
}

fn content_place(id: Id<Document>) -> Place {
    Place::new("company_document_content.content_sealed", id)
}

fn seal_title(vault: &Vault, id: Id<Document>, title: &Title) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(title).map_err(|_| Error::Corrupt("company_document"))?;
    Ok(vault.seal(&title_place(id), plain)?.0)
}

/// A document ready to be written.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) document: Document,
    title: Vec<u8>,
    content: Vec<u8>,
}

/// Who puts a document in, and how.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) company: Id<Company>,
    pub(crate) person: Option<Id<Person>>,
    pub(crate) client: Option<Bringer>,
    pub(crate) state: DocumentState,
}

/// Seals a document, and looks whether somebody's seal stands on it.
///
/// # Errors
/// [`Error::Value`] for what [`NewDocument::flaws`] names.
pub(crate) async fn prepare(
    (store, vault, notary): (&Store, &Vault, &Notary),
    from: Origin,
    new: NewDocument,
) -> Result<Prepared, Error> {
    if !new.flaws(store.env().today()).is_empty() {
        return Err(Error::Value(ValueError::Shape));
    }
    let media_type = MediaType::of(&new.bytes).ok_or(Error::Value(ValueError::Shape))?;
    let id: Id<Document> = store.env().id();
    let title = Title {
        name: new.name.trim().to_owned(),
        file: file_name(&new.file_name, media_type),
    };
    let seal = match media_type {
        MediaType::Pdf => seal_on((store, notary), new.bytes.clone()).await?,
        MediaType::Jpeg | MediaType::Png => None,
    };
    let document = Document {
        id,
        company: from.company,
        state: from.state,
        kind: new.kind,
        name: title.name.clone(),
        file_name: title.file.clone(),
        media_type,
        size: i64::try_from(new.bytes.len()).unwrap_or(i64::MAX),
        sha256: digest::sha256(&new.bytes),
        issued: new.issued,
        expires: new.expires,
        person: from.person,
        client: from.client,
        seal,
        added: store.env().now(),
        removed: None,
    };
    Ok(Prepared {
        title: seal_title(vault, id, &title)?,
        content: vault.seal(&content_place(id), &new.bytes)?.0,
        document,
    })
}

/// Whose seal stands on a PDF, when the last word on it is good and nothing was added after.
async fn seal_on((store, notary): (&Store, &Notary), file: Vec<u8>) -> Result<Option<Seal>, Error> {
    let examined = match signing::examine(notary, store, file, None).await {
        Ok(examined) => examined,
        // It is kept as it is: nothing is claimed of a file that cannot be read.
        Err(Error::Pdf(_) | Error::Malformed(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_whole = examined
        .findings
        .iter()
        .all(|one| one.judgement.word == Word::Good);
    let last = examined.findings.last().filter(|_| is_whole);
    let judged = last.map(|one| &one.judgement);
    // A person's signature is no seal: only an office seals.
    let seal = judged.and_then(|judged| {
        let who = judged.who.as_ref()?;
        let is_office = who.organisation.is_some() && who.registered.is_none();
        is_office.then(|| Seal {
            by: who.organisation.clone().unwrap_or_else(|| who.name.clone()),
            at: judged.stamped,
        })
    });
    Ok(seal)
}

pub(super) async fn check_room_in(
    tx: &Write,
    company: Id<Company>,
    size: i64,
) -> Result<(), Error> {
    let kept: i64 = tx.only(&COUNT_KEPT, params![company]).await?;
    let bytes: i64 = tx.only(&SUM_KEPT, params![company]).await?;
    if kept >= DOCUMENTS_MAX || bytes.saturating_add(size) > WALLET_BYTES {
        return Err(Error::WalletFull);
    }
    Ok(())
}

pub(crate) async fn insert_in(
    tx: &Write,
    new: &Prepared,
    task: Option<Id<Task>>,
) -> Result<(), Error> {
    let one = &new.document;
    check_room_in(tx, one.company, one.size).await?;
    if one.state == DocumentState::Offered {
        let offered: i64 = tx.only(&COUNT_OFFERED, params![one.company]).await?;
        if offered >= OFFERED_MAX {
            return Err(Error::WalletFull);
        }
    }
    let client_name = match &one.client {
        Some(client) => Some(to_json(&client.name)?),
        None => None,
    };
    let seal = one.seal.as_ref();
    let row = params![
        one.id,
        one.company,
        one.state,
        one.kind,
        new.title.clone(),
        one.media_type,
        one.size,
        one.sha256,
        one.issued,
        one.expires,
        one.person,
        one.client.as_ref().map(|client| client.client.clone()),
        client_name,
        task,
        seal.map(|seal| seal.by.clone()),
        seal.and_then(|seal| seal.at),
        tx.now()
    ];
    tx.run(&INSERT_DOCUMENT, row).await?;
    tx.run(&INSERT_CONTENT, params![one.id, new.content.clone()])
        .await?;
    Ok(())
}

/// The mandate of somebody who may do this with the company's documents.
async fn mandate_of(
    db: &Read,
    (who, company): (Id<Person>, Id<Company>),
    may: fn(&Mandate) -> bool,
) -> Result<Mandate, Error> {
    let found = member::mandate_in(db, who, company).await?;
    let mandate = found.ok_or(Error::NotFound)?;
    if may(&mandate) {
        Ok(mandate)
    } else {
        Err(Error::NotKeeper)
    }
}

/// Puts a document in.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotKeeper`], [`Error::WalletFull`], [`Error::Value`].
pub async fn add_document(
    (store, vault, notary): (&Store, &Vault, &Notary),
    who: Id<Person>,
    company: Id<Company>,
    new: NewDocument,
) -> Result<Id<Document>, Error> {
    let from = Origin {
        company,
        person: Some(who),
        client: None,
        state: DocumentState::Held,
    };
    let prepared = prepare((store, vault, notary), from, new).await?;
    let id = prepared.document.id;
    store
        .write(&resident(who, Some(company)), move |tx| {
            let prepared = prepared.clone();
            async move {
                mandate_of(&tx, (who, company), Mandate::adds_documents).await?;
                insert_in(&tx, &prepared, None).await?;
                let detail = json!({
                    "document": id, "document_kind": prepared.document.kind, "person": who,
                });
                note(&tx, company, "company.document_added", detail).await
            }
        })
        .await?;
    Ok(id)
}

/// The documents of a company in one state, newest first, for somebody who may read them. There are few
/// enough to be read whole: what they are called rests sealed, and can only be searched opened.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotKeeper`].
pub async fn documents(
    store: &Store,
    vault: &Vault,
    (who, company): (Id<Person>, Id<Company>),
    state: DocumentState,
) -> Result<Vec<Document>, Error> {
    let vault = vault.clone();
    store
        .read(move |db| {
            let vault = vault.clone();
            async move {
                mandate_of(&db, (who, company), Mandate::reads_documents).await?;
                documents_in(&db, &vault, company, state).await
            }
        })
        .await
}

/// As [`documents`]; the caller has asked for the mandate.
pub(crate) async fn documents_in(
    db: &Read,
    vault: &Vault,
    company: Id<Company>,
    state: DocumentState,
) -> Result<Vec<Document>, Error> {
    let row = params![company, state, DOCUMENTS_MAX];
    let rows: Vec<Stored> = db.all(&LIST_DOCUMENTS, row).await?;
    rows.into_iter().map(|one| one.open(vault)).collect()
}

pub(crate) async fn find_in(
    db: &Read,
    vault: &Vault,
    (company, id): (Id<Company>, Id<Document>),
) -> Result<Option<Document>, Error> {
    let found: Option<Stored> = db.one(&FIND_DOCUMENT, params![id, company]).await?;
    found.map(|one| one.open(vault)).transpose()
}

/// A document, and to whom it was handed, latest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotKeeper`].
pub async fn document(
    store: &Store,
    vault: &Vault,
    (who, company): (Id<Person>, Id<Company>),
    id: Id<Document>,
) -> Result<(Document, Vec<Share>), Error> {
    let vault = vault.clone();
    store
        .read(move |db| {
            let vault = vault.clone();
            async move {
                mandate_of(&db, (who, company), Mandate::reads_documents).await?;
                let found = find_in(&db, &vault, (company, id)).await?;
                let found = found.filter(|one| one.state != DocumentState::Offered);
                let shares = wallet_share::of_document_in(&db, id).await?;
                Ok((found.ok_or(Error::NotFound)?, shares))
            }
        })
        .await
}

/// The content of a document, for somebody of the company; that they looked is put on record.
///
/// # Errors
/// As [`document`].
pub async fn document_content(
    store: &Store,
    vault: &Vault,
    (who, company): (Id<Person>, Id<Company>),
    id: Id<Document>,
) -> Result<(Document, Vec<u8>), Error> {
    let own = vault.clone();
    let (found, sealed) = store
        .write(&resident(who, Some(company)), move |tx| {
            let vault = own.clone();
            async move {
                mandate_of(&tx, (who, company), Mandate::reads_documents).await?;
                let found = find_in(&tx, &vault, (company, id)).await?;
                let found = found.filter(|one| one.state != DocumentState::Offered);
                let found = found.ok_or(Error::NotFound)?;
                let sealed = content_in(&tx, id).await?;
                let detail = json!({ "document": id, "document_kind": found.kind, "person": who });
                note(&tx, company, "company.document_opened", detail).await?;
                Ok::<_, Error>((found, sealed))
            }
        })
        .await?;
    let bytes = open_content(vault, &found, sealed)?;
    Ok((found, bytes))
}

pub(crate) async fn content_in(db: &Read, id: Id<Document>) -> Result<Vec<u8>, Error> {
    let sealed: Option<Vec<u8>> = db.one(&FIND_CONTENT, params![id]).await?;
    sealed.ok_or(Error::NotFound)
}

/// The content opened, and still what it was when it came in.
pub(crate) fn open_content(
    vault: &Vault,
    document: &Document,
    sealed: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let bytes = vault
        .open(&content_place(document.id), &Sealed(sealed))?
        .to_vec();
    if digest::sha256(&bytes) == document.sha256 {
        Ok(bytes)
    } else {
        Err(Error::Corrupt("company_document_content"))
    }
}

/// What the people of a company may change of a document they keep: what it is called, not what is in it.
#[derive(Clone, Debug)]
pub struct DocumentLabel {
    pub kind: DocumentKind,
    pub name: String,
    pub issued: Option<kernel::Date>,
    pub expires: Option<kernel::Date>,
}

/// Names a document anew.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotKeeper`]; [`Error::Value`].
pub async fn label_document(
    store: &Store,
    vault: &Vault,
    (who, company): (Id<Person>, Id<Company>),
    (id, label): (Id<Document>, DocumentLabel),
) -> Result<(), Error> {
    let is_turned = matches!((label.issued, label.expires), (Some(from), Some(to)) if to < from);
    let today = store.env().today();
    if !NewDocument::is_name(&label.name)
        || is_turned
        || label.issued.is_some_and(|day| day > today)
    {
        return Err(Error::Value(ValueError::Shape));
    }
    let vault = vault.clone();
    store
        .write(&resident(who, Some(company)), move |tx| {
            let (vault, label) = (vault.clone(), label.clone());
            async move {
                mandate_of(&tx, (who, company), Mandate::keeps_documents).await?;
                let found = find_in(&tx, &vault, (company, id)).await?;
                let found = found.ok_or(Error::NotFound)?;
                let title = Title {
                    name: label.name.trim().to_owned(),
                    file: found.file_name,
                };
                let sealed = seal_title(&vault, id, &title)?;
                let row = params![id, sealed, label.kind, label.issued, label.expires];
                if tx.run(&SET_TITLE, row).await? == 0 {
                    return Err(Error::NotFound);
                }
                let detail = json!({ "document": id, "document_kind": label.kind, "person": who });
                note(&tx, company, "company.document_named", detail).await
            }
        })
        .await
}

/// Takes a document out, or puts it back. What applications were handed ends with it, and does not come
/// back with it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotKeeper`].
pub async fn remove_document(
    store: &Store,
    vault: &Vault,
    (who, company): (Id<Person>, Id<Company>),
    (id, is_back): (Id<Document>, bool),
) -> Result<(), Error> {
    let vault = vault.clone();
    store
        .write(&resident(who, Some(company)), move |tx| {
            let vault = vault.clone();
            async move {
                mandate_of(&tx, (who, company), Mandate::keeps_documents).await?;
                let found = find_in(&tx, &vault, (company, id)).await?;
                let found = found.ok_or(Error::NotFound)?;
                let changed = if is_back {
                    tx.run(&SET_RESTORED, params![id]).await?
                } else {
                    wallet_share::end_of_document_in(&tx, id).await?;
                    tx.run(&SET_REMOVED, params![id, tx.now()]).await?
                };
                if changed == 0 {
                    return Err(Error::NotFound);
                }
                let action = if is_back {
                    "company.document_restored"
                } else {
                    "company.document_removed"
                };
                let detail = json!({ "document": id, "document_kind": found.kind, "person": who });
                note(&tx, company, action, detail).await
            }
        })
        .await
}

/// The application may no longer fetch what it was handed.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotKeeper`].
pub async fn end_share(
    store: &Store,
    (who, company): (Id<Person>, Id<Company>),
    (document, share): (Id<Document>, Id<Share>),
) -> Result<(), Error> {
    store
        .write(&resident(who, Some(company)), move |tx| async move {
            let found = member::mandate_in(&tx, who, company).await?;
            let mandate = found.ok_or(Error::NotFound)?;
            let known = wallet_share::find_in(&tx, share).await?;
            let known = known.filter(|one| one.document == document && one.company == company);
            let known = known.ok_or(Error::NotFound)?;
            // Whoever handed it over may take it back as well.
            if !mandate.keeps_documents() && known.person != who {
                return Err(Error::NotKeeper);
            }
            wallet_share::end_in(&tx, share).await?;
            let detail = json!({
                "document": document, "reader": known.client_name, "person": who,
            });
            note(&tx, company, "company.document_share_ended", detail).await
        })
        .await
}

pub(crate) async fn is_held_in(
    db: &Read,
    (company, id): (Id<Company>, Id<Document>),
) -> Result<bool, Error> {
    let found: Option<Stored> = db.one(&FIND_DOCUMENT, params![id, company]).await?;
    Ok(found.is_some_and(|one| one.document.state == DocumentState::Held))
}

/// Takes away for good what was removed long enough ago, and offers that nobody settled.
pub(crate) async fn sweep_in(tx: &Write) -> Result<(), Error> {
    let removed = Duration::from_secs(REMOVED_DAYS * 86_400);
    let row = params![tx.now() - OFFER_KEPT, tx.now() - removed, SWEPT];
    let due: Vec<Id<Document>> = tx.all(&LIST_SWEPT, row).await?;
    for id in due {
        tx.run(&DROP_CONTENT, params![id]).await?;
        tx.run(&DROP_DOCUMENT, params![id]).await?;
    }
    wallet_share::sweep_in(tx, SWEPT).await
}
