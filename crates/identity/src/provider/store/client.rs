//! The registry of clients.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Audit;
use kernel::{Actor, Text};
use serde_json::json;

use crate::{
    Error,
    provider::{
        client::{Client, ClientRecord, Registration},
        refusal::Fault,
        resource::Resource,
    },
    store::json as to_json,
};

::store::sql! {
    FIND_REVISION = "SELECT revision, is_suspended FROM oidc_client WHERE id = $1";
    FIND_CLIENT = "SELECT id, department, registration, proposal, is_submitted, is_suspended,
            proposed_by, revision, created, changed
        FROM oidc_client WHERE id = $1";
    LIST_CLIENTS = "SELECT id, department, registration, proposal, is_submitted, is_suspended,
            proposed_by, revision, created, changed
        FROM oidc_client WHERE $1 = '' OR department = $1 ORDER BY created DESC, id LIMIT $2";
    INSERT_CLIENT = "INSERT INTO oidc_client (id, department, proposal, is_submitted, is_suspended,
            proposed_by, revision, created, changed)
        VALUES ($1, $2, $3, FALSE, FALSE, $4, 1, $5, $5) ON CONFLICT (id) DO NOTHING";
    PROPOSE = "UPDATE oidc_client SET proposal = $2, proposed_by = $3, is_submitted = FALSE,
            changed = $4, revision = revision + 1 WHERE id = $1 AND revision = $5";
    SUBMIT = "UPDATE oidc_client SET is_submitted = TRUE, changed = $2, revision = revision + 1
        WHERE id = $1 AND proposal IS NOT NULL AND NOT is_submitted";
    SEND_BACK = "UPDATE oidc_client SET is_submitted = FALSE, changed = $2,
            revision = revision + 1 WHERE id = $1 AND is_submitted";
    APPROVE = "UPDATE oidc_client SET registration = proposal, proposal = NULL,
            is_submitted = FALSE, is_suspended = FALSE, changed = $2, revision = revision + 1
        WHERE id = $1 AND is_submitted";
    SUSPEND = "UPDATE oidc_client SET is_suspended = $2, changed = $3, revision = revision + 1
        WHERE id = $1";
    PUT_SECRET = "UPDATE oidc_client SET proposal = $2, changed = $3, revision = revision + 1
        WHERE id = $1";
    FIND_GUARD = "SELECT id, registration FROM oidc_client
        WHERE registration ->> 'resource' = $1 AND is_suspended = FALSE";
    OTHER_GUARD = "SELECT COUNT(*) FROM oidc_client
        WHERE registration ->> 'resource' = $1 AND id <> $2";
    LIST_FOR_COMPANIES = "SELECT id, registration FROM oidc_client
        WHERE registration IS NOT NULL AND is_suspended = FALSE
            AND (registration ->> 'profile' = 'corpid'
                OR COALESCE(registration ->> 'details', '') LIKE '%\"act_for\"%')
        ORDER BY id LIMIT $1";
}

/// Clients on one page.
pub const CLIENTS_LISTED: i64 = 200;

impl FromRow for ClientRecord {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        let read = |name: &str| {
            let text: Option<String> = row.get(name)?;
            text.map(|_| row.json::<Registration>(name)).transpose()
        };
        Ok(Self {
            id: row.get("id")?,
            department: row.get("department")?,
            registration: read("registration")?,
            proposal: read("proposal")?,
            is_submitted: row.get("is_submitted")?,
            is_suspended: row.get("is_suspended")?,
            proposed_by: row.get("proposed_by")?,
            revision: row.get("revision")?,
            created: row.get("created")?,
            changed: row.get("changed")?,
        })
    }
}

/// Whether `client` is what is in force.
pub(crate) async fn is_current_in(db: &Read, client: &Client) -> Result<bool, Error> {
    let found: Option<(i64, bool)> = db.one(&FIND_REVISION, params![client.id()]).await?;
    Ok(found == Some((client.revision(), false)))
}

/// Ends a transaction that relies on a registration which has changed since this process read it.
///
/// # Errors
/// [`Fault::Changed`].
pub(crate) async fn check_in(db: &Read, client: &Client) -> Result<(), Fault> {
    if is_current_in(db, client).await? {
        Ok(())
    } else {
        Err(Fault::Changed(client.id().to_owned()))
    }
}

pub(crate) async fn find_in(db: &Read, id: &str) -> Result<Option<ClientRecord>, Error> {
    Ok(db.one(&FIND_CLIENT, params![id]).await?)
}

/// The client with this id, whatever its state.
///
/// # Errors
/// The store fails.
pub async fn find_client(store: &Store, id: &str) -> Result<Option<ClientRecord>, Error> {
    let id = id.to_owned();
    store
        .read(move |db| {
            let id = id.clone();
            async move { find_in(&db, &id).await }
        })
        .await
}

/// The clients of a department, or of all when it is empty; newest first.
///
/// # Errors
/// The store fails.
pub async fn clients_of(store: &Store, department: &str) -> Result<Vec<ClientRecord>, Error> {
    let department = department.to_owned();
    store
        .read(move |db| {
            let values = params![department, CLIENTS_LISTED];
            async move { Ok(db.all(&LIST_CLIENTS, values).await?) }
        })
        .await
}

/// Whose resources are called `uri`, while they are in force.
pub(crate) async fn guard_of_in(db: &Read, uri: &str) -> Result<Option<Resource>, Error> {
    let found: Option<Named> = db.one(&FIND_GUARD, params![uri]).await?;
    let guard = found.filter(|found| found.registration.is_resource);
    Ok(guard.map(|found| Resource {
        uri: uri.to_owned(),
        name: found.registration.name,
    }))
}

/// The name of those whose resources are called `uri`, for the person who agreed to their use; `None`
/// when they are in force no longer.
///
/// # Errors
/// The store fails.
pub async fn resource_name(store: &Store, uri: &str) -> Result<Option<Text>, Error> {
    let uri = uri.to_owned();
    store
        .read(move |db| {
            let uri = uri.clone();
            async move { Ok(guard_of_in(&db, &uri).await?.map(|guard| guard.name)) }
        })
        .await
}

/// The applications in force that know companies, by id: whom powers may be limited to beside the
/// services of this platform.
///
/// # Errors
/// The store fails.
pub async fn clients_for_companies(store: &Store) -> Result<Vec<(String, Text)>, Error> {
    store
        .read(|db| async move {
            let rows: Vec<Named> = db.all(&LIST_FOR_COMPANIES, params![CLIENTS_LISTED]).await?;
            let named = rows.into_iter().map(|one| (one.id, one.registration.name));
            Ok(named.collect())
        })
        .await
}

struct Named {
    id: String,
    registration: Registration,
}

impl FromRow for Named {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            registration: row.json("registration")?,
        })
    }
}

/// A change to a client's record. Each is audited with the reason given.
#[derive(Clone, Debug)]
pub enum ClientChange {
    /// A new proposal, written over revision `.1`.
    Propose(Box<Registration>, i64),
    Submit,
    /// Back to the author, with the reason on record.
    SendBack,
    /// In force; never by the author.
    Approve,
    Suspend,
    Resume,
}

impl ClientChange {
    const fn action(&self) -> &'static str {
        match self {
            Self::Propose(..) => "client.proposed",
            Self::Submit => "client.submitted",
            Self::SendBack => "client.sent_back",
            Self::Approve => "client.approved",
            Self::Suspend => "client.suspended",
            Self::Resume => "client.resumed",
        }
    }
}

/// Registers a client as a draft of `department`. The id is the caller's choice and final.
///
/// # Errors
/// [`Error::Decided`] when the id is taken.
pub async fn create_in(
    tx: &Write,
    id: &str,
    department: &str,
    proposal: &Registration,
) -> Result<(), Error> {
    let author = tx.actor().subject().to_owned();
    let values = params![id, department, to_json(proposal)?, author, tx.now()];
    if tx.run(&INSERT_CLIENT, values).await? == 0 {
        return Err(Error::Decided);
    }
    note(tx, "client.created", id, None).await
}

/// Takes one step with a client, in one write of `actor`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Decided`] when the step does not fit where the client stands;
/// [`Error::SamePerson`] when an author approves; [`Error::Malformed`] when flaws remain.
pub async fn change_client(
    store: &Store,
    actor: &Actor,
    id: &str,
    (change, reason): (ClientChange, Option<String>),
) -> Result<(), Error> {
    let id = id.to_owned();
    store
        .write(actor, move |tx| {
            let (id, change, reason) = (id.clone(), change.clone(), reason.clone());
            async move { change_in(&tx, &id, (&change, reason)).await }
        })
        .await
}

pub(crate) async fn change_in(
    tx: &Write,
    id: &str,
    (change, reason): (&ClientChange, Option<String>),
) -> Result<(), Error> {
    let found = find_in(tx, id).await?.ok_or(Error::NotFound)?;
    let author = tx.actor().subject().to_owned();
    let now = tx.now();
    let count = match change {
        ClientChange::Propose(proposal, revision) => {
            let values = params![id, to_json(proposal)?, author, now, *revision];
            tx.run(&PROPOSE, values).await?
        }
        ClientChange::Submit => {
            check_whole(&found)?;
            tx.run(&SUBMIT, params![id, now]).await?
        }
        ClientChange::SendBack => tx.run(&SEND_BACK, params![id, now]).await?,
        ClientChange::Approve => {
            if found.proposed_by == author {
                return Err(Error::SamePerson);
            }
            check_whole(&found)?;
            check_name_in(tx, &found).await?;
            tx.run(&APPROVE, params![id, now]).await?
        }
        ClientChange::Suspend => tx.run(&SUSPEND, params![id, true, now]).await?,
        ClientChange::Resume => tx.run(&SUSPEND, params![id, false, now]).await?,
    };
    if count == 0 {
        return Err(Error::Decided);
    }
    note(tx, change.action(), id, reason).await
}

fn check_whole(found: &ClientRecord) -> Result<(), Error> {
    let proposal = found.proposal.as_ref().ok_or(Error::Decided)?;
    if proposal.flaws().is_empty() {
        Ok(())
    } else {
        Err(Error::Malformed("registration"))
    }
}

/// What resources are called, nobody else's are.
async fn check_name_in(tx: &Write, found: &ClientRecord) -> Result<(), Error> {
    let proposal = found.proposal.as_ref();
    let Some(uri) = proposal.and_then(|proposal| proposal.resource.as_deref()) else {
        return Ok(());
    };
    let others: i64 = tx.only(&OTHER_GUARD, params![uri, found.id]).await?;
    if others == 0 {
        Ok(())
    } else {
        Err(Error::Malformed("resource"))
    }
}

/// Puts the digest of a new secret into the proposal, or into a proposal made of what is in force.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn renew_secret(
    store: &Store,
    actor: &Actor,
    id: &str,
    digest: String,
) -> Result<(), Error> {
    let id = id.to_owned();
    store
        .write(actor, move |tx| {
            let (id, digest) = (id.clone(), digest.clone());
            async move {
                let found = find_in(&tx, &id).await?.ok_or(Error::NotFound)?;
                let mut proposal = found.latest().cloned().ok_or(Error::NotFound)?;
                proposal.secret_digest = Some(digest);
                let values = params![id, to_json(&proposal)?, tx.now()];
                tx.run(&PUT_SECRET, values).await?;
                note(&tx, "client.secret_renewed", &id, None).await
            }
        })
        .await
}

async fn note(
    tx: &Write,
    action: &'static str,
    id: &str,
    reason: Option<String>,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "client",
        id: id.to_owned(),
        reason,
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}
