//! Requests to sign, what was signed, and files brought to sign.

use ::store::{FromRow, Read, Row, Store, Write, params};
use kernel::{Id, Time};
use trust::{Place, Sealed, Vault};

use crate::{
    Acknowledgement, Approval, Error, Person, PresenceCheck, SigningEvidence, SigningItem,
    SigningRequest, Upload,
    signing::{ForCompany, Part, Warrant},
    store::json as to_json,
};

::store::sql! {
    INSERT_REQUEST = "INSERT INTO signing_request
            (id, person, department, service, algorithm, approval, digest, created, expires,
            client, presence, company, capacity, behalf_service, amount, follows, chop_until,
            presence_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    INSERT_ITEM = "INSERT INTO signing_item (request, position, kind, name, digest, content)
        VALUES ($1, $2, $3, $4, $5, $6)";
    FIND_REQUEST = "SELECT id, person, department, service, algorithm, approval, digest, created,
            expires, signed, acknowledged, client, presence, presence_at, company, capacity,
            behalf_service, amount, follows, chop_until, chop
        FROM signing_request WHERE id = $1";
    LIST_OF_PERSON = "SELECT id, person, department, service, algorithm, approval, digest, created,
            expires, signed, acknowledged, client, presence, presence_at, company, capacity,
            behalf_service, amount, follows, chop_until, chop
        FROM signing_request WHERE person = $1 ORDER BY created DESC, id LIMIT $2";
    PRESENCE_OF = "SELECT presence FROM signing_request
        WHERE approval = $1 AND presence IS NOT NULL
        UNION SELECT presence FROM signing_presence WHERE approval = $1";
    WANT_PRESENCE = "INSERT INTO signing_presence (approval, presence, expires)
        VALUES ($1, $2, $3)";
    KEEP_SHOWN = "INSERT INTO signing_presence_shown (approval, person, shown)
        SELECT approval, $2, $3 FROM signing_presence WHERE approval = $1
        ON CONFLICT (approval, person) DO NOTHING";
    FIND_SHOWN = "SELECT shown FROM signing_presence_shown WHERE approval = $1 AND person = $2";
    FORGET_SHOWN = "DELETE FROM signing_presence_shown WHERE approval IN
        (SELECT approval FROM signing_presence WHERE expires < $1)";
    FORGET_PRESENCE = "DELETE FROM signing_presence WHERE expires < $1";
    SET_PRESENT = "UPDATE signing_request SET presence_at = $3
        WHERE approval = $1 AND person = $2 AND presence_at IS NULL";
    OLD_REQUESTS = "SELECT id, approval FROM signing_request
        WHERE created < $1 OR (signed IS NULL AND created < $2) ORDER BY created LIMIT $3";
    DROP_ITEMS = "DELETE FROM signing_item WHERE request = $1";
    DROP_REQUEST = "DELETE FROM signing_request WHERE id = $1";
    LIST_ITEMS = "SELECT position, kind, name, digest, content, signature
        FROM signing_item WHERE request = $1 ORDER BY position LIMIT 1000";
    SET_SIGNED = "UPDATE signing_request SET signed = $2, certificate = $3, chain = $4,
            status_answer = $5, time_stamp = $6, approval_evidence = $7
        WHERE id = $1 AND signed IS NULL";
    SET_SIGNATURE = "UPDATE signing_item SET signature = $3 WHERE request = $1 AND position = $2";
    FIND_EVIDENCE = "SELECT certificate, chain, status_answer, time_stamp, approval_evidence
        FROM signing_request WHERE id = $1 AND signed IS NOT NULL";
    COMPLETE = "UPDATE signing_request SET chop = $2
        WHERE id = $1 AND chop IS NULL AND signed IS NOT NULL AND chop_until > $3";
    SET_WARRANT = "UPDATE signing_request SET warrant = $2 WHERE id = $1";
    FIND_WARRANT = "SELECT warrant FROM signing_request WHERE id = $1 AND signed IS NOT NULL";
    ACKNOWLEDGE = "UPDATE signing_request SET acknowledged = $2, acknowledged_at = $3
        WHERE id = $1 AND acknowledged IS NULL";
    COUNT_UPLOADS = "SELECT COUNT(*) FROM signing_upload WHERE person = $1 AND received > $2";
    INSERT_UPLOAD = "INSERT INTO signing_upload (id, person, name, content, size, sha256, received)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND_UPLOAD = "SELECT id, person, name, size, sha256, received, request, signed
        FROM signing_upload WHERE id = $1 AND person = $2";
    FIND_CONTENT = "SELECT content, signed_content, prepared FROM signing_upload WHERE id = $1";
    SET_ASKED = "UPDATE signing_upload SET request = $2, prepared = $3 WHERE id = $1";
    SET_SIGNED_FILE = "UPDATE signing_upload SET signed_content = $2, signed = $3 WHERE id = $1";
    FORGET_UPLOADS = "DELETE FROM signing_upload WHERE received < $1";
}

/// Requests one sweep forgets.
pub(crate) const FORGOTTEN: i64 = 200;

impl FromRow for SigningRequest {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            department: row.json("department")?,
            service: row.json("service")?,
            algorithm: row.get("algorithm")?,
            approval: row.get("approval")?,
            digest: row.get("digest")?,
            created: row.get("created")?,
            expires: row.get("expires")?,
            signed: row.get("signed")?,
            acknowledged: row.get("acknowledged")?,
            client: row.get("client")?,
            presence: row.get("presence")?,
            presence_at: row.get("presence_at")?,
            behalf: behalf_of(row)?,
            chop_until: row.get("chop_until")?,
            chop: row.get("chop")?,
        })
    }
}

fn behalf_of(row: &Row) -> Result<Option<ForCompany>, ::store::Error> {
    let Some(company) = row.get("company")? else {
        return Ok(None);
    };
    let follows: Option<Id<SigningRequest>> = row.get("follows")?;
    let chop_until: Option<Time> = row.get("chop_until")?;
    let part = match (follows, chop_until) {
        (Some(first), _) => Part::Second(first),
        (None, Some(_)) => Part::First,
        (None, None) => Part::Only,
    };
    Ok(Some(ForCompany {
        company,
        capacity: row.get("capacity")?,
        service: row.get("behalf_service")?,
        amount: row.get("amount")?,
        part,
    }))
}

/// An item with its sealed parts.
#[derive(Clone, Debug)]
pub(crate) struct ItemRow {
    item: SigningItem,
    name: Vec<u8>,
    content: Option<Vec<u8>>,
}

impl FromRow for ItemRow {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            item: SigningItem {
                position: row.get("position")?,
                kind: row.get("kind")?,
                name: String::new(),
                digest: row.get("digest")?,
                signature: row.get("signature")?,
            },
            name: row.get("name")?,
            content: row.get("content")?,
        })
    }
}

impl ItemRow {
    /// The item with its name, and the data it signs.
    pub(crate) fn open(
        self,
        vault: &Vault,
        request: Id<SigningRequest>,
    ) -> Result<(SigningItem, Option<Vec<u8>>), Error> {
        let position = self.item.position;
        let name = vault.open_text(&name_of(request, position), &Sealed(self.name))?;
        let content = self
            .content
            .map(|sealed| vault.open(&content_of(request, position), &Sealed(sealed)))
            .transpose()?;
        Ok((SigningItem { name, ..self.item }, content))
    }
}

pub(crate) fn name_of(request: Id<SigningRequest>, position: i64) -> Place {
    Place::new("signing_item.name", format!("{request}/{position}"))
}

pub(crate) fn content_of(request: Id<SigningRequest>, position: i64) -> Place {
    Place::new("signing_item.content", format!("{request}/{position}"))
}

/// A new item, sealed before the write.
#[derive(Clone, Debug)]
pub(crate) struct SealedItem {
    pub(crate) kind: crate::ItemKind,
    pub(crate) name: Vec<u8>,
    pub(crate) digest: [u8; 32],
    pub(crate) content: Option<Vec<u8>>,
}

pub(crate) async fn insert_in(
    tx: &Write,
    request: &SigningRequest,
    items: &[SealedItem],
) -> Result<(), Error> {
    let behalf = request.behalf.as_ref();
    let follows = match behalf.map(|terms| terms.part) {
        Some(Part::Second(first)) => Some(first),
        _ => None,
    };
    tx.run(
        &INSERT_REQUEST,
        params![
            request.id,
            request.person,
            to_json(&request.department)?,
            to_json(&request.service)?,
            request.algorithm,
            request.approval,
            request.digest,
            request.created,
            request.expires,
            request.client,
            request.presence,
            behalf.map(|terms| terms.company),
            behalf.map(|terms| terms.capacity),
            behalf.map(|terms| terms.service.clone()),
            behalf.and_then(|terms| terms.amount),
            follows,
            request.chop_until,
            request.presence_at
        ],
    )
    .await?;
    for (item, position) in items.iter().zip(0i64..) {
        tx.run(
            &INSERT_ITEM,
            params![
                request.id,
                position,
                item.kind,
                item.name.clone(),
                item.digest,
                item.content.clone()
            ],
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn get_in(db: &Read, id: Id<SigningRequest>) -> Result<SigningRequest, Error> {
    db.one(&FIND_REQUEST, params![id])
        .await?
        .ok_or(Error::NotFound)
}

pub(crate) async fn items_in(db: &Read, id: Id<SigningRequest>) -> Result<Vec<ItemRow>, Error> {
    Ok(db.all(&LIST_ITEMS, params![id]).await?)
}

/// A request with everything that is kept of it, for its own person.
#[derive(Clone, Debug)]
pub struct OwnSigning {
    pub request: SigningRequest,
    pub items: Vec<SigningItem>,
    /// Where it was signed.
    pub evidence: Option<SigningEvidence>,
}

/// What a person was asked to sign, latest first.
///
/// # Errors
/// The store fails; [`Error::Trust`] when a name cannot be opened.
pub async fn signings_of(
    store: &Store,
    vault: &Vault,
    (person, most): (Id<Person>, i64),
) -> Result<Vec<OwnSigning>, Error> {
    let vault = vault.clone();
    store
        .read(move |db| {
            let vault = vault.clone();
            async move {
                let row = params![person, most];
                let found: Vec<SigningRequest> = db.all(&LIST_OF_PERSON, row).await?;
                let mut all = Vec::with_capacity(found.len());
                for request in found {
                    let items = items_in(&db, request.id).await?.into_iter();
                    let items = items.map(|one| Ok(one.open(&vault, request.id)?.0));
                    let items = items.collect::<Result<_, Error>>()?;
                    let evidence = match request.signed {
                        Some(_) => Some(evidence_in(&db, request.id).await?),
                        None => None,
                    };
                    all.push(OwnSigning {
                        request,
                        items,
                        evidence,
                    });
                }
                Ok(all)
            }
        })
        .await
}

/// Writes signatures and evidence, once.
pub(crate) async fn signed_in(
    tx: &Write,
    id: Id<SigningRequest>,
    (signatures, evidence): (&[Vec<u8>], &SigningEvidence),
) -> Result<(), Error> {
    let changed = tx
        .run(
            &SET_SIGNED,
            params![
                id,
                tx.now(),
                evidence.certificate.clone(),
                evidence.chain.clone(),
                evidence.status_answer.clone(),
                evidence.time_stamp.clone(),
                to_json(&evidence.approval)?
            ],
        )
        .await?;
    if changed == 0 {
        return Err(Error::Decided);
    }
    for (signature, position) in signatures.iter().zip(0i64..) {
        tx.run(&SET_SIGNATURE, params![id, position, signature.clone()])
            .await?;
    }
    Ok(())
}

impl FromRow for SigningEvidence {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            certificate: row.get("certificate")?,
            chain: row.get("chain")?,
            status_answer: row.get("status_answer")?,
            time_stamp: row.get("time_stamp")?,
            approval: row.json("approval_evidence")?,
        })
    }
}

pub(crate) async fn evidence_in(
    db: &Read,
    id: Id<SigningRequest>,
) -> Result<SigningEvidence, Error> {
    db.one(&FIND_EVIDENCE, params![id])
        .await?
        .ok_or(Error::NotFound)
}

/// The chop `second` completes the personal signature `first`; `false` when another did, or it is
/// too late.
pub(crate) async fn complete_in(
    tx: &Write,
    first: Id<SigningRequest>,
    second: Id<SigningRequest>,
) -> Result<bool, Error> {
    let row = params![first, second, tx.now()];
    Ok(tx.run(&COMPLETE, row).await? == 1)
}

/// Keeps what entitled the signer.
pub(crate) async fn warrant_in(
    tx: &Write,
    id: Id<SigningRequest>,
    warrant: &Warrant,
) -> Result<(), Error> {
    tx.run(&SET_WARRANT, params![id, to_json(warrant)?]).await?;
    Ok(())
}

pub(crate) async fn warrant_of_in(
    db: &Read,
    id: Id<SigningRequest>,
) -> Result<Option<Warrant>, Error> {
    let found: Option<Option<serde_json::Value>> = db.one(&FIND_WARRANT, params![id]).await?;
    let kept = found.ok_or(Error::NotFound)?;
    kept.map(serde_json::from_value)
        .transpose()
        .map_err(|_| Error::Corrupt("warrant"))
}

/// What the phone must show of its holder for this approval, where a request to sign says so.
///
/// # Errors
/// The store fails.
pub async fn presence_of(
    store: &Store,
    approval: Id<Approval>,
) -> Result<Option<PresenceCheck>, Error> {
    let code: Option<String> = store
        .read(move |db| async move { db.one(&PRESENCE_OF, params![approval]).await })
        .await?;
    let check = code.map(|code| code.parse().map_err(|_| Error::Corrupt("presence")));
    check.transpose()
}

/// The phone has shown it.
pub(crate) async fn present(
    store: &Store,
    actor: &kernel::Actor,
    (approval, person): (Id<Approval>, Id<Person>),
) -> Result<(), Error> {
    store
        .write(actor, move |tx| async move {
            let shown = || params![approval, person, tx.now()];
            tx.run(&SET_PRESENT, shown()).await?;
            tx.run(&KEEP_SHOWN, shown()).await?;
            Ok(())
        })
        .await
}

/// A question that anybody may answer, whose documents become theirs who does, wants `check` of them.
pub(crate) async fn want_presence_in(
    tx: &Write,
    asked: &Approval,
    check: PresenceCheck,
) -> Result<(), Error> {
    tx.run(&WANT_PRESENCE, params![asked.id, check, asked.expires])
        .await?;
    Ok(())
}

/// When somebody showed that it is them, before the documents were theirs.
pub(crate) async fn shown_in(
    db: &Read,
    approval: Id<Approval>,
    person: Id<Person>,
) -> Result<Option<Time>, Error> {
    Ok(db.one(&FIND_SHOWN, params![approval, person]).await?)
}

/// Forgets what was shown for questions that ended before `before`.
pub(crate) async fn forget_presence_in(tx: &Write, before: Time) -> Result<(), Error> {
    tx.run(&FORGET_SHOWN, params![before]).await?;
    tx.run(&FORGET_PRESENCE, params![before]).await?;
    Ok(())
}

/// Forgets evidence past its years, and requests that nobody signed; how many there were. Their
/// approvals go with them.
pub(crate) async fn forget_in(tx: &Write, (old, unsigned): (Time, Time)) -> Result<usize, Error> {
    let gone: Vec<(Id<SigningRequest>, Id<Approval>)> = tx
        .all(&OLD_REQUESTS, params![old, unsigned, FORGOTTEN])
        .await?;
    for (request, approval) in &gone {
        tx.run(&DROP_ITEMS, params![*request]).await?;
        tx.run(&DROP_REQUEST, params![*request]).await?;
        super::approval::forget_in(tx, *approval).await?;
    }
    Ok(gone.len())
}

/// Writes what the one who asked says; the first word stands.
pub(crate) async fn acknowledge_in(
    tx: &Write,
    id: Id<SigningRequest>,
    word: Acknowledgement,
) -> Result<bool, Error> {
    Ok(tx.run(&ACKNOWLEDGE, params![id, word, tx.now()]).await? == 1)
}

/// A stored upload with its name still sealed.
#[derive(Clone, Debug)]
pub(crate) struct UploadRow {
    upload: Upload,
    name: Vec<u8>,
}

impl FromRow for UploadRow {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            upload: Upload {
                id: row.get("id")?,
                person: row.get("person")?,
                name: String::new(),
                size: row.get("size")?,
                sha256: row.get("sha256")?,
                received: row.get("received")?,
                request: row.get("request")?,
                signed: row.get("signed")?,
            },
            name: row.get("name")?,
        })
    }
}

impl UploadRow {
    pub(crate) fn open(self, vault: &Vault) -> Result<Upload, Error> {
        let place = Place::new("signing_upload.name", self.upload.id);
        let name = vault.open_text(&place, &Sealed(self.name))?;
        Ok(Upload {
            name,
            ..self.upload
        })
    }
}

pub(crate) async fn count_uploads_in(
    db: &Read,
    person: Id<Person>,
    since: Time,
) -> Result<i64, Error> {
    Ok(db.only(&COUNT_UPLOADS, params![person, since]).await?)
}

pub(crate) async fn insert_upload_in(
    tx: &Write,
    upload: &Upload,
    (name, content): (&[u8], &[u8]),
) -> Result<(), Error> {
    tx.run(
        &INSERT_UPLOAD,
        params![
            upload.id,
            upload.person,
            name,
            content,
            upload.size,
            upload.sha256,
            upload.received
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn find_upload_in(
    db: &Read,
    id: Id<Upload>,
    person: Id<Person>,
) -> Result<UploadRow, Error> {
    db.one(&FIND_UPLOAD, params![id, person])
        .await?
        .ok_or(Error::NotFound)
}

/// The sealed bytes of an upload.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) brought: Vec<u8>,
    pub(crate) signed: Option<Vec<u8>>,
    /// When it was prepared for signing: preparing again at the same time gives the same bytes.
    pub(crate) prepared: Option<Time>,
}

impl FromRow for Contents {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            brought: row.get("content")?,
            signed: row.get("signed_content")?,
            prepared: row.get("prepared")?,
        })
    }
}

/// The bytes of an upload whose owner has been checked by [`find_upload_in`].
pub(crate) async fn contents_in(db: &Read, id: Id<Upload>) -> Result<Contents, Error> {
    db.one(&FIND_CONTENT, params![id])
        .await?
        .ok_or(Error::NotFound)
}

pub(crate) async fn asked_in(
    tx: &Write,
    id: Id<Upload>,
    request: Id<SigningRequest>,
    prepared: Time,
) -> Result<(), Error> {
    tx.run(&SET_ASKED, params![id, request, prepared]).await?;
    Ok(())
}

pub(crate) async fn signed_file_in(
    tx: &Write,
    id: Id<Upload>,
    content: &[u8],
) -> Result<(), Error> {
    tx.run(&SET_SIGNED_FILE, params![id, content, tx.now()])
        .await?;
    Ok(())
}

pub(crate) async fn forget_uploads_in(tx: &Write, before: Time) -> Result<u64, Error> {
    Ok(tx.run(&FORGET_UPLOADS, params![before]).await?)
}
