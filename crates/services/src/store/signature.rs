//! Signatures on a company's draft, and the chop on its application.

use identity::{Approval, Person};
use kernel::{Id, Time};
use store::{FromRow, Read, Row, Write, params};

use crate::{Case, Draft, Error, signing::SigningKind};

store::sql! {
    OF_DRAFT = "SELECT kind, approval, person, digest, jws, thumbprint, signed_at
        FROM draft_signature WHERE draft = $1 ORDER BY kind";
    PUT = "INSERT INTO draft_signature (draft, kind, approval, person, digest, jws, thumbprint,
            signed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (draft, kind) DO UPDATE SET approval = excluded.approval,
            person = excluded.person, digest = excluded.digest, jws = excluded.jws,
            thumbprint = excluded.thumbprint, signed_at = excluded.signed_at";
    DROP_ALL = "DELETE FROM draft_signature WHERE draft = $1";
    INSERT_CHOP = "INSERT INTO case_chop (case_id, approval, person, jws, chopped_at)
        VALUES ($1, $2, $3, $4, $5)";
    FIND_CHOP = "SELECT approval FROM case_chop WHERE case_id = $1";
    DROP_CHOP = "DELETE FROM case_chop WHERE case_id = $1";
}

/// One signature, as kept until the application is submitted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Signed {
    pub(crate) kind: SigningKind,
    pub(crate) approval: Id<Approval>,
    pub(crate) person: Id<Person>,
    pub(crate) digest: [u8; 32],
    pub(crate) jws: String,
    pub(crate) thumbprint: String,
    pub(crate) at: Time,
}

impl FromRow for Signed {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            kind: row.get("kind")?,
            approval: row.get("approval")?,
            person: row.get("person")?,
            digest: row.get("digest")?,
            jws: row.get("jws")?,
            thumbprint: row.get("thumbprint")?,
            at: row.get("signed_at")?,
        })
    }
}

pub(crate) async fn of_draft(db: &Read, draft: Id<Draft>) -> Result<Vec<Signed>, Error> {
    Ok(db.all(&OF_DRAFT, params![draft]).await?)
}

pub(crate) async fn put(tx: &Write, draft: Id<Draft>, signed: &Signed) -> Result<(), Error> {
    let row = params![
        draft,
        signed.kind,
        signed.approval,
        signed.person,
        signed.digest,
        signed.jws,
        signed.thumbprint,
        signed.at
    ];
    tx.run(&PUT, row).await?;
    Ok(())
}

/// What was signed no longer stands: the answers changed, or the draft is gone.
pub(crate) async fn drop_all(tx: &Write, draft: Id<Draft>) -> Result<(), Error> {
    tx.run(&DROP_ALL, params![draft]).await?;
    Ok(())
}

pub(crate) async fn keep_chop(tx: &Write, case: Id<Case>, signed: &Signed) -> Result<(), Error> {
    let row = params![case, signed.approval, signed.person, signed.jws, signed.at];
    tx.run(&INSERT_CHOP, row).await?;
    Ok(())
}

/// The approval of the chop on a case.
pub(crate) async fn chop_of(db: &Read, case: Id<Case>) -> Result<Option<Id<Approval>>, Error> {
    Ok(db.one(&FIND_CHOP, params![case]).await?)
}

pub(crate) async fn drop_chop(tx: &Write, case: Id<Case>) -> Result<(), Error> {
    tx.run(&DROP_CHOP, params![case]).await?;
    Ok(())
}
