//! Documents that applications bring: kept beside the question to the phone, and the company's once it agrees.

use ::store::{Read, Write, params};
use kernel::{Id, Text};

use crate::{
    Company, Error, Person,
    hongkong::Task,
    store::wallet::{Stored, check_room_in},
    wallet::Document,
};

::store::sql! {
    ACCEPT = "UPDATE company_document SET state = 'held', person = $2, added = $3
        WHERE task = $1 AND company = $4 AND state = 'offered'";
    FIND_OFFER = "SELECT id, company, state, kind, title_sealed, media_type, size, sha256,
            issued, expires, person, client, client_name, sealer, sealed_at, added, removed
        FROM company_document WHERE task = $1 AND state = 'offered'";
    FIND_OFFERED = "SELECT id FROM company_document WHERE task = $1 AND state = 'offered'";
    DROP_OFFERED_CONTENT = "DELETE FROM company_document_content WHERE document IN
        (SELECT id FROM company_document WHERE task = $1 AND state = 'offered')";
    DROP_OFFERED = "DELETE FROM company_document WHERE task = $1 AND state = 'offered'";
}

/// An application's document is the company's: the phone agreed.
pub(crate) async fn accept_in(
    tx: &Write,
    task: Id<Task>,
    (person, company): (Id<Person>, Id<Company>),
) -> Result<(Id<Document>, Option<Text>), Error> {
    let found: Option<Stored> = tx.one(&FIND_OFFER, params![task]).await?;
    let found = found.ok_or(Error::Inactive)?.document;
    check_room_in(tx, company, found.size).await?;
    let row = params![task, person, tx.now(), company];
    if tx.run(&ACCEPT, row).await? == 0 {
        return Err(Error::Inactive);
    }
    Ok((found.id, found.client.map(|client| client.name)))
}

pub(crate) async fn offered_in(db: &Read, task: Id<Task>) -> Result<Option<Id<Document>>, Error> {
    Ok(db.one(&FIND_OFFERED, params![task]).await?)
}

/// Nobody wants what the application offered: it is gone.
pub(crate) async fn drop_offered_in(tx: &Write, task: Id<Task>) -> Result<(), Error> {
    tx.run(&DROP_OFFERED_CONTENT, params![task]).await?;
    tx.run(&DROP_OFFERED, params![task]).await?;
    Ok(())
}
