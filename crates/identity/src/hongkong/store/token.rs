//! Codes and access tokens, by their digests.

use ::store::{FromRow, Read, Row, Write, params};
use kernel::{Id, Time};
use trust::digest;

use crate::{
    Company, Error, Person, PersonState,
    code::codes,
    hongkong::{registration::WireScope, task::Task},
    store::json as to_json,
};

::store::sql! {
    INSERT_TOKEN = "INSERT INTO hongkong_token
            (digest, kind, client, person, scopes, task, is_single, created, expires, company)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND_TOKEN = "SELECT t.kind, t.client, t.person, t.scopes, t.task, t.is_single, t.expires,
            t.used, t.company, p.state,
            EXISTS (SELECT 1 FROM oidc_consent c WHERE c.person = t.person
                AND c.client = t.client AND c.expires > $2) AS is_connected
        FROM hongkong_token t JOIN person p ON p.id = t.person WHERE t.digest = $1";
    USE_TOKEN = "UPDATE hongkong_token SET used = $2 WHERE digest = $1 AND used IS NULL";
    END_ACTING = "UPDATE hongkong_token SET expires = $3
        WHERE person = $1 AND company = $2 AND expires > $3";
    END_TASK = "UPDATE hongkong_token SET expires = $2 WHERE task = $1 AND expires > $2";
    FORGET_TOKENS = "DELETE FROM hongkong_token WHERE digest IN
        (SELECT digest FROM hongkong_token WHERE expires < $1 ORDER BY expires LIMIT $2)";
}

codes! {
    /// What a secret is good for.
    TokenKind {
        Code = "code",
        Access = "access",
        /// The two of a company: they count while their person may act for it.
        CorpCode = "corp_code",
        CorpAccess = "corp_access",
    }
}

/// A token as stored.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) client: String,
    pub(crate) person: Id<Person>,
    pub(crate) scopes: Vec<WireScope>,
    pub(crate) task: Id<Task>,
    /// The token of a request without a login: it fetches one result and lets in to nothing.
    pub(crate) is_single: bool,
    pub(crate) expires: Time,
    pub(crate) used: Option<Time>,
    pub(crate) company: Option<Id<Company>>,
    state: PersonState,
    is_connected: bool,
}

impl Token {
    /// Whether it counts: in time, its person active, and still connected to the client. That a company's
    /// still has its mandate is asked apart, of `corporation`.
    pub(crate) fn is_live(&self, now: Time) -> bool {
        let is_code = matches!(self.kind, TokenKind::Code | TokenKind::CorpCode);
        let is_used_up = (self.is_single || is_code) && self.used.is_some();
        now < self.expires
            && !is_used_up
            && self.state == PersonState::Active
            && (self.is_single || self.is_connected)
    }
}

impl FromRow for Token {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            kind: row.get("kind")?,
            client: row.get("client")?,
            person: row.get("person")?,
            scopes: row.json("scopes")?,
            task: row.get("task")?,
            is_single: row.get("is_single")?,
            expires: row.get("expires")?,
            used: row.get("used")?,
            company: row.get("company")?,
            state: row.get("state")?,
            is_connected: row.get("is_connected")?,
        })
    }
}

/// A token to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    pub(crate) secret: String,
    pub(crate) kind: TokenKind,
    pub(crate) client: String,
    pub(crate) person: Id<Person>,
    pub(crate) scopes: Vec<WireScope>,
    pub(crate) task: Id<Task>,
    pub(crate) is_single: bool,
    pub(crate) expires: Time,
    pub(crate) company: Option<Id<Company>>,
}

pub(crate) async fn insert_in(tx: &Write, new: &NewToken) -> Result<(), Error> {
    let row = params![
        digest::sha256(&new.secret),
        new.kind,
        new.client,
        new.person,
        to_json(&new.scopes)?,
        new.task,
        new.is_single,
        tx.now(),
        new.expires,
        new.company
    ];
    tx.run(&INSERT_TOKEN, row).await?;
    Ok(())
}

pub(crate) async fn find_in(db: &Read, secret: &str) -> Result<Option<Token>, Error> {
    let row = params![digest::sha256(secret), db.now()];
    Ok(db.one(&FIND_TOKEN, row).await?)
}

/// Uses a secret up; `false` when it was used before.
pub(crate) async fn use_in(tx: &Write, secret: &str) -> Result<bool, Error> {
    let row = params![digest::sha256(secret), tx.now()];
    Ok(tx.run(&USE_TOKEN, row).await? > 0)
}

/// Ends what a person holds in the name of a company they no longer act for.
pub(crate) async fn end_acting_in(
    tx: &Write,
    person: Id<Person>,
    company: Id<Company>,
) -> Result<(), Error> {
    let row = params![person, company, tx.now()];
    tx.run(&END_ACTING, row).await?;
    Ok(())
}

/// Ends every token that came from a task.
pub(crate) async fn end_in(tx: &Write, task: Id<Task>) -> Result<(), Error> {
    tx.run(&END_TASK, params![task, tx.now()]).await?;
    Ok(())
}

pub(crate) async fn forget_in(tx: &Write, before: Time, rows: i64) -> Result<(), Error> {
    tx.run(&FORGET_TOKENS, params![before, rows]).await?;
    Ok(())
}
