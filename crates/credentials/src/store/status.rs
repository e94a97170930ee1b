//! Places on status lists. A place is drawn at random and given once; when draws keep hitting taken
//! places the list is full enough, and a new one is opened: no counter, so no hot row.

use kernel::Id;
use store::{Read, Write, params};

use crate::{
    Error, Issuer,
    licence::{Credential, CredentialState, Holder, Licence},
    status_list::{LIST_ENTRIES, StatusList},
};

/// Draws before a list counts as full. At seven tenths full one allocation in seventy gives up.
const DRAWS: u32 = 12;
/// Entries read in one query.
const CHUNK: i64 = 16_384;

store::sql! {
    OPEN_LIST = "SELECT id FROM status_list WHERE is_open ORDER BY id DESC LIMIT 1";
    LAST_LIST = "SELECT COALESCE(MAX(id), 0) FROM status_list";
    ADD_LIST = "INSERT INTO status_list (id, version, is_open, created) VALUES ($1, 0, $2, $3)";
    CLOSE_LIST = "UPDATE status_list SET is_open = $2 WHERE id = $1";
    LISTS = "SELECT id FROM status_list ORDER BY id";
    IS_TAKEN = "SELECT slot FROM credential WHERE list = $1 AND slot = $2";
    GET_ENTRY = "SELECT state FROM credential WHERE list = $1 AND slot = $2";
    VERSION = "SELECT version FROM status_list WHERE id = $1";
    LIST_ENTRIES_NOT_LIVE = "SELECT slot, state FROM credential
        WHERE list = $1 AND slot >= $2 AND slot < $3 AND state <> 'live'";
    TOUCH_LISTS_OF_LICENCE = "UPDATE status_list SET version = version + 1
        WHERE id IN (SELECT list FROM credential WHERE licence = $1 AND state <> 'invalid')";
    SET_COPIES = "UPDATE credential SET state = $2 WHERE licence = $1 AND state <> 'invalid'";
    TOUCH_LISTS_OF_DEVICE = "UPDATE status_list SET version = version + 1 WHERE id IN (
        SELECT c.list FROM credential c JOIN licence l ON l.id = c.licence
        WHERE c.device = $1 AND l.holder = $2 AND c.state <> 'invalid')";
    DROP_DEVICE = "UPDATE credential SET state = 'invalid' WHERE device = $1 AND state <> 'invalid'
        AND licence IN (SELECT id FROM licence WHERE holder = $2)";
}

/// A place on a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot {
    pub(crate) list: i64,
    pub(crate) index: u32,
}

/// Draws a free place for a credential.
pub(crate) async fn allocate(
    tx: &Write,
    issuer: &Issuer,
    credential: Id<Credential>,
) -> Result<Slot, Error> {
    if let Some(list) = tx.one::<i64>(&OPEN_LIST, params![]).await? {
        for attempt in 0..DRAWS {
            let index = issuer.slot(credential, attempt);
            let taken: Option<i64> = tx.one(&IS_TAKEN, params![list, index]).await?;
            if taken.is_none() {
                return Ok(Slot { list, index });
            }
        }
        tx.run(&CLOSE_LIST, params![list, false]).await?;
    }
    let list = tx.only::<i64>(&LAST_LIST, params![]).await? + 1;
    tx.run(&ADD_LIST, params![list, true, tx.now()]).await?;
    let index = issuer.slot(credential, 0);
    Ok(Slot { list, index })
}

/// Sets the state of every copy of a licence that is not invalid already; invalid is final.
pub(crate) async fn set_copies(
    tx: &Write,
    licence: Id<Licence>,
    state: CredentialState,
) -> Result<(), Error> {
    tx.run(&TOUCH_LISTS_OF_LICENCE, params![licence]).await?;
    tx.run(&SET_COPIES, params![licence, state]).await?;
    Ok(())
}

pub(crate) async fn invalidate_copies(tx: &Write, licence: Id<Licence>) -> Result<(), Error> {
    set_copies(tx, licence, CredentialState::Invalid).await
}

pub(crate) async fn invalidate_device(
    tx: &Write,
    holder: Id<Holder>,
    device: &str,
) -> Result<u64, Error> {
    tx.run(&TOUCH_LISTS_OF_DEVICE, params![device, holder])
        .await?;
    Ok(tx.run(&DROP_DEVICE, params![device, holder]).await?)
}

/// The version of a list; changes whenever an entry does.
pub(crate) async fn version(db: &Read, list: i64) -> Result<i64, Error> {
    db.one(&VERSION, params![list])
        .await?
        .ok_or(Error::NotFound)
}

/// The state of one entry; none when it was never given out.
pub(crate) async fn entry(
    db: &Read,
    list: i64,
    index: u32,
) -> Result<Option<CredentialState>, Error> {
    let code: Option<(CredentialState,)> = db.one(&GET_ENTRY, params![list, index]).await?;
    Ok(code.map(|(state,)| state))
}

/// The entries of a list as they are now.
pub(crate) async fn entries(db: &Read, list: i64) -> Result<StatusList, Error> {
    let mut entries = StatusList::default();
    let mut low = 0;
    while low < i64::from(LIST_ENTRIES) {
        let rows: Vec<(u32, CredentialState)> = db
            .all(&LIST_ENTRIES_NOT_LIVE, params![list, low, low + CHUNK])
            .await?;
        for (index, state) in rows {
            entries.set(index, state.status());
        }
        low += CHUNK;
    }
    Ok(entries)
}

/// The numbers of all lists.
pub(crate) async fn lists(db: &Read) -> Result<Vec<i64>, Error> {
    Ok(db.all(&LISTS, params![]).await?)
}
