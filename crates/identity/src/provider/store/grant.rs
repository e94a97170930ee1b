//! Grants: one row a login, with the code and the refresh token that stand for it.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Write, params};
use kernel::{Id, Time};
use trust::digest;

use crate::{
    Error, Person, PersonState, Powers,
    provider::{
        detail::{Detail, DetailKind},
        grant::{CODE_LIFE, Granted, Issued},
    },
    store::json as to_json,
};

use super::day;

/// Live grants of one person that are looked through when a mandate ends.
const LIVE_GRANTS: i64 = 500;

::store::sql! {
    INSERT_GRANT = "INSERT INTO oidc_grant (id, client, person, session, content, code,
            code_expires, refresh, created, expires, is_counted)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, FALSE)";
    FIND_BY_CODE = "SELECT g.id, g.client, g.person, g.session, g.content, g.code_expires,
            g.code_used, g.expires, g.revoked, p.state, FALSE AS is_dead
        FROM oidc_grant g JOIN person p ON p.id = g.person WHERE g.code = $1";
    FIND_BY_REFRESH = "SELECT g.id, g.client, g.person, g.session, g.content, g.code_expires,
            g.code_used, g.expires, g.revoked, p.state, FALSE AS is_dead
        FROM oidc_grant g JOIN person p ON p.id = g.person WHERE g.refresh = $1";
    FIND_GRANT = "SELECT g.id, g.client, g.person, g.session, g.content, g.code_expires,
            g.code_used, g.expires, g.revoked, p.state,
            EXISTS (SELECT 1 FROM oidc_dead_token d WHERE d.digest = $2) AS is_dead
        FROM oidc_grant g JOIN person p ON p.id = g.person WHERE g.id = $1";
    USE_CODE = "UPDATE oidc_grant SET code_used = $2, refresh = $3
        WHERE id = $1 AND code_used IS NULL";
    REVOKE_GRANT = "UPDATE oidc_grant SET revoked = $2 WHERE id = $1 AND revoked IS NULL";
    LIVE_OF_PERSON = "SELECT id, client, content FROM oidc_grant
        WHERE person = $1 AND revoked IS NULL AND expires > $2 ORDER BY expires DESC LIMIT $3";
    REVOKE_OF_CLIENT = "UPDATE oidc_grant SET revoked = $3
        WHERE person = $1 AND client = $2 AND revoked IS NULL";
    OF_SESSION = "SELECT id, client, person FROM oidc_grant
        WHERE session = $1 AND revoked IS NULL";
    END_SESSION = "UPDATE oidc_grant SET revoked = $2 WHERE session = $1 AND revoked IS NULL
        AND COALESCE(content ->> 'outlives_session', '') <> 'yes'";
    KILL_TOKEN = "INSERT INTO oidc_dead_token (digest, expires) VALUES ($1, $2)
        ON CONFLICT (digest) DO NOTHING";
    FORGET_TOKENS = "DELETE FROM oidc_dead_token WHERE expires < $1";
    FORGET_GRANTS = "DELETE FROM oidc_grant WHERE id IN (SELECT id FROM oidc_grant
        WHERE expires < $1 AND is_counted ORDER BY expires LIMIT $2)";
    COUNT_NEW = "SELECT client, created, content ->> 'act' AS act,
            content ->> 'details' AS details FROM oidc_grant
        WHERE NOT is_counted AND created <= $1 ORDER BY created LIMIT $2";
    MARK_COUNTED = "UPDATE oidc_grant SET is_counted = TRUE WHERE id IN (SELECT id FROM oidc_grant
        WHERE NOT is_counted AND created <= $1 ORDER BY created LIMIT $2)";
}

/// A grant as stored, with what its person is now.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: Id<Grant>,
    pub(crate) client: String,
    pub(crate) person: Id<Person>,
    pub(crate) session: Option<String>,
    pub(crate) content: Granted,
    pub(crate) code_expires: Option<Time>,
    pub(crate) code_used: Option<Time>,
    pub(crate) expires: Time,
    pub(crate) revoked: Option<Time>,
    pub(crate) state: PersonState,
    /// Whether the one access token that was asked about is revoked.
    pub(crate) is_dead: bool,
}

impl Grant {
    pub(crate) fn is_live(&self, now: Time) -> bool {
        self.revoked.is_none()
            && now < self.expires
            && self.state == PersonState::Active
            && !self.is_dead
    }
}

/// A grant by the company it acts for.
struct Acting {
    id: Id<Grant>,
    client: String,
    content: Granted,
}

impl Acting {
    fn is_for(&self, number: &str) -> bool {
        let mut details = self.content.details.iter();
        details.any(|one| matches!(one, Detail::ActFor { company, .. } if company == number))
    }
}

impl FromRow for Acting {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            client: row.get("client")?,
            content: row.json("content")?,
        })
    }
}

impl FromRow for Grant {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            client: row.get("client")?,
            person: row.get("person")?,
            session: row.get("session")?,
            content: row.json("content")?,
            code_expires: row.get("code_expires")?,
            code_used: row.get("code_used")?,
            expires: row.get("expires")?,
            revoked: row.get("revoked")?,
            state: row.get("state")?,
            is_dead: row.get("is_dead")?,
        })
    }
}

/// Writes a grant; the secrets in `issued` are kept as digests.
pub(crate) async fn insert_in(tx: &Write, issued: &Issued) -> Result<Id<Grant>, Error> {
    let id = tx.id::<Grant>();
    let now = tx.now();
    let row = params![
        id,
        issued.client,
        issued.person,
        issued.session,
        to_json(&issued.content)?,
        issued.code.as_deref().map(digest::sha256),
        issued.code.as_ref().map(|_| now + CODE_LIFE),
        issued.refresh.as_deref().map(digest::sha256),
        now,
        now + issued.life
    ];
    tx.run(&INSERT_GRANT, row).await?;
    Ok(id)
}

/// Writes a grant, and gives it back as it stands.
pub(crate) async fn issue_in(tx: &Write, issued: &Issued) -> Result<Grant, Error> {
    let id = insert_in(tx, issued).await?;
    find_in(tx, id, "")
        .await?
        .ok_or(Error::Corrupt("oidc_grant"))
}

pub(crate) async fn by_code_in(db: &Read, code: &str) -> Result<Option<Grant>, Error> {
    Ok(db.one(&FIND_BY_CODE, params![digest::sha256(code)]).await?)
}

pub(crate) async fn by_refresh_in(db: &Read, token: &str) -> Result<Option<Grant>, Error> {
    Ok(db
        .one(&FIND_BY_REFRESH, params![digest::sha256(token)])
        .await?)
}

/// The grant behind an access token, and whether that token is revoked.
pub(crate) async fn find_in(db: &Read, id: Id<Grant>, jti: &str) -> Result<Option<Grant>, Error> {
    Ok(db
        .one(&FIND_GRANT, params![id, digest::sha256(jti)])
        .await?)
}

/// Marks the code as used; `false` when somebody was faster.
pub(crate) async fn use_code_in(
    tx: &Write,
    id: Id<Grant>,
    refresh: Option<&str>,
) -> Result<bool, Error> {
    let refresh = refresh.map(digest::sha256);
    Ok(tx.run(&USE_CODE, params![id, tx.now(), refresh]).await? > 0)
}

pub(crate) async fn revoke_in(tx: &Write, id: Id<Grant>) -> Result<(), Error> {
    tx.run(&REVOKE_GRANT, params![id, tx.now()]).await?;
    Ok(())
}

/// Ends what clients may do for a company in the name of somebody who acts for it no more, or only with
/// the applications that `powers` still reach.
pub(crate) async fn revoke_acting_in(
    tx: &Write,
    (person, company_number): (Id<Person>, &str),
    powers: Option<&Powers>,
) -> Result<(), Error> {
    let live: Vec<Acting> = tx
        .all(&LIVE_OF_PERSON, params![person, tx.now(), LIVE_GRANTS])
        .await?;
    let is_kept = |grant: &Acting| {
        powers.is_some_and(|powers| {
            let may = |right| powers.may(right, &grant.client);
            let details = &grant.content.details;
            powers.covers(&grant.client) && details.iter().all(|detail| detail.is_held(may))
        })
    };
    let all = live.iter().filter(|grant| grant.is_for(company_number));
    for grant in all.filter(|grant| !is_kept(grant)) {
        revoke_in(tx, grant.id).await?;
    }
    Ok(())
}

pub(crate) async fn revoke_of_client_in(
    tx: &Write,
    person: Id<Person>,
    client: &str,
) -> Result<u64, Error> {
    Ok(tx
        .run(&REVOKE_OF_CLIENT, params![person, client, tx.now()])
        .await?)
}

/// Ends what was granted in a browser session; the clients that were granted something.
pub(crate) async fn end_session_in(
    tx: &Write,
    session: &str,
) -> Result<Vec<(Id<Grant>, String, Id<Person>)>, Error> {
    let ended = tx.all(&OF_SESSION, params![session]).await?;
    tx.run(&END_SESSION, params![session, tx.now()]).await?;
    Ok(ended)
}

/// Revokes one access token for the rest of its time.
pub(crate) async fn kill_in(tx: &Write, jti: &str, expires: Time) -> Result<(), Error> {
    tx.run(&KILL_TOKEN, params![digest::sha256(jti), expires])
        .await?;
    Ok(())
}

/// A grant that no day has counted yet.
struct Uncounted {
    client: String,
    created: Time,
    act: Option<String>,
    details: Option<String>,
}

impl FromRow for Uncounted {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            client: row.get("client")?,
            created: row.get("created")?,
            act: row.get("act")?,
            details: row.get("details")?,
        })
    }
}

/// Adds new grants and signatures to the days of their clients, and forgets what is over.
pub(crate) async fn fold_in(tx: &Write, rows: i64) -> Result<(), Error> {
    let until = tx.now() - Duration::from_secs(1);
    let new: Vec<Uncounted> = tx.all(&COUNT_NEW, params![until, rows]).await?;
    if !new.is_empty() {
        tx.run(&MARK_COUNTED, params![until, rows]).await?;
    }
    let mut days = day::Days::new();
    // Whoever acts for another had a login of their own, which is counted.
    for one in new.into_iter().filter(|one| one.act.is_none()) {
        let details = one.details.as_deref().unwrap_or("[]");
        let details: Vec<Detail> = serde_json::from_str(details).unwrap_or_default();
        let has = |kind| i64::from(details.iter().any(|detail| detail.kind() == kind));
        let uses = days.entry((one.client, one.created.date())).or_default();
        uses.logins += 1;
        uses.fills += has(DetailKind::ShareData);
        uses.signatures += has(DetailKind::Sign);
    }
    day::add_in(tx, days).await?;
    day::fold_signatures_in(tx, rows).await?;
    tx.run(&FORGET_TOKENS, params![tx.now()]).await?;
    tx.run(&FORGET_GRANTS, params![tx.now(), rows]).await?;
    Ok(())
}
