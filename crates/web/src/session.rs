//! Sessions: who is signed in on this browser, and what its pages remember between requests.
//!
//! Invariants: the token changes whenever somebody signs in (a fixed token is worth nothing); a
//! session ends after it has been idle, and at the latest after its absolute time; signing out
//! removes the row, so that a kept copy of the cookie opens nothing.

use std::{collections::BTreeMap, time::Duration};

use kernel::{Actor, Env, Role, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{FromRow, Read, Row, Store, Write, params};

use crate::{Error, seal::Token};

/// A session unused for this long ends.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// A session ends this long after signing in, used or not.
const ABSOLUTE: Duration = Duration::from_secs(12 * 3600);
/// A session on a kiosk unused for this long ends: longer than a page stands still and asks, so that the
/// person sees the question first.
const KIOSK_IDLE: Duration = Duration::from_secs(180);
/// How exactly `seen_at` is kept on a kiosk, where a minute is much.
const KIOSK_STEP: Duration = Duration::from_secs(10);
/// How exactly `seen_at` is kept: one write per minute of use at most.
const SEEN_STEP: Duration = Duration::from_secs(60);
/// Bytes a session may remember.
const DATA_BYTES: usize = 256 * 1024;
/// Rows removed by one sweep.
const SWEEP_ROWS: i64 = 1_000;
/// Sessions of one person that are shown.
const SESSIONS_SHOWN: i64 = 50;
const PURPOSE: &str = "session";

store::sql! {
    FIND_SESSION = "SELECT actor, roles, level, sealed, seen_at, expires_at FROM web_session \
        WHERE token_hash = $1 AND idle_until > $2 AND expires_at > $2";
    INSERT_SESSION = "INSERT INTO web_session (token_hash, subject, actor, roles, level, sealed, \
        created_at, seen_at, idle_until, expires_at, company) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10)";
    SAVE_DATA = "UPDATE web_session SET sealed = $2 WHERE token_hash = $1";
    TOUCH_SESSION = "UPDATE web_session SET seen_at = $2, idle_until = $3 WHERE token_hash = $1";
    END_SESSION = "DELETE FROM web_session WHERE token_hash = $1";
    END_SUBJECT = "DELETE FROM web_session WHERE subject = $1";
    LIVE_OF_SUBJECT = "SELECT token_hash, created_at, seen_at FROM web_session \
        WHERE subject = $1 AND idle_until > $2 AND expires_at > $2 ORDER BY seen_at DESC LIMIT $3";
    END_ONE = "DELETE FROM web_session WHERE subject = $1 AND token_hash = $2";
    END_ACTING = "DELETE FROM web_session WHERE company = $1 AND subject = $2";
    SWEEP_SESSIONS = "DELETE FROM web_session WHERE token_hash IN (SELECT token_hash FROM \
        web_session WHERE idle_until <= $1 OR expires_at <= $1 LIMIT $2)";
}

pub(crate) fn statements() -> Vec<&'static store::Stmt> {
    STATEMENTS.to_vec()
}

/// How sure the platform is of who signed in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A registered device approved.
    Basic,
    /// The identity was proven in person or by document at enrolment; may sign.
    Plus,
}

impl Level {
    /// `basic` or `plus`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Plus => "plus",
        }
    }
}

/// Who is signed in on a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub actor: Actor,
    /// What routes ask for.
    pub roles: Vec<Role>,
    /// Department roles as packs name them: `td.officer`.
    pub duties: Vec<String>,
    pub level: Level,
    /// How the header greets this person; kept encrypted.
    pub name: String,
}

impl SignedIn {
    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    #[must_use]
    pub fn has_duty(&self, duty: &str) -> bool {
        self.duties.iter().any(|own| own == duty)
    }
}

/// What pages remember, by name. Kept encrypted.
pub(crate) type Data = BTreeMap<String, Json>;

/// A session as loaded for one request.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) signed_in: Option<SignedIn>,
    pub(crate) data: Data,
    seen_at: Time,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    name: String,
    data: Data,
}

struct SessionRow {
    actor: Option<Json>,
    roles: Json,
    level: String,
    sealed: Vec<u8>,
    seen_at: Time,
}

impl FromRow for SessionRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            actor: row.get("actor")?,
            roles: row.get("roles")?,
            level: row.get("level")?,
            sealed: row.get("sealed")?,
            seen_at: row.get("seen_at")?,
        })
    }
}

/// The session store.
#[derive(Clone, Debug)]
pub struct Sessions {
    store: Store,
    env: Env,
    idle: Duration,
}

impl Sessions {
    #[must_use]
    pub fn new(store: Store, idle: Option<Duration>) -> Self {
        let env = store.env().clone();
        Self {
            store,
            env,
            idle: idle.unwrap_or(IDLE),
        }
    }

    pub(crate) async fn load(&self, token: &Token) -> Result<Option<Loaded>, Error> {
        let (hash, now) = (token.hash(), self.env.now());
        let row: Option<SessionRow> = self
            .store
            .read(move |db| {
                let hash = hash.clone();
                async move { db.one(&FIND_SESSION, params![hash, now]).await }
            })
            .await?;
        let Some(row) = row else { return Ok(None) };
        let loaded = row.open(token)?;
        let step = if is_kiosk(&loaded.data) {
            KIOSK_STEP
        } else {
            SEEN_STEP
        };
        if now.since(loaded.seen_at) >= step {
            let until = now + self.idle_of(&loaded.data);
            self.touch(token, (now, until)).await?;
        }
        Ok(Some(loaded))
    }

    fn idle_of(&self, data: &Data) -> Duration {
        if is_kiosk(data) {
            self.idle.min(KIOSK_IDLE)
        } else {
            self.idle
        }
    }

    async fn touch(&self, token: &Token, (now, until): (Time, Time)) -> Result<(), Error> {
        let hash = token.hash();
        self.store
            .write(&Actor::system("web"), move |tx| {
                let hash = hash.clone();
                async move { tx.run(&TOUCH_SESSION, params![hash, now, until]).await }
            })
            .await?;
        Ok(())
    }

    /// Starts a session under a fresh token and ends the one under `old`, in one write.
    pub(crate) async fn begin(
        &self,
        signed_in: Option<&SignedIn>,
        data: &Data,
        old: Option<&Token>,
    ) -> Result<Token, Error> {
        let token = Token::draw(&self.env);
        self.insert(&token, signed_in, data, old).await?;
        Ok(token)
    }

    /// Writes the row of `token`; of `old` nothing remains.
    pub(crate) async fn insert(
        &self,
        token: &Token,
        signed_in: Option<&SignedIn>,
        data: &Data,
        old: Option<&Token>,
    ) -> Result<(), Error> {
        let now = self.env.now();
        let old = old.map(Token::hash);
        let subject = signed_in.map_or_else(|| "visitor".to_owned(), |who| subject(&who.actor));
        let roles = signed_in
            .map(|who| (who.roles.clone(), who.duties.clone()))
            .unwrap_or_default();
        let row = params![
            token.hash(),
            subject,
            signed_in.map(|who| json(&who.actor)),
            json(&roles),
            signed_in.map_or(Level::Basic, |who| who.level).code(),
            self.sealed(token, signed_in, data)?,
            now,
            now + self.idle_of(data),
            now + ABSOLUTE,
            signed_in.and_then(|who| company(&who.actor))
        ];
        self.store
            .write(&Actor::system("web"), move |tx| {
                let (row, old) = (row.clone(), old.clone());
                async move {
                    if let Some(old) = old {
                        tx.run(&END_SESSION, params![old]).await?;
                    }
                    tx.run(&INSERT_SESSION, row).await
                }
            })
            .await?;
        Ok(())
    }

    pub(crate) async fn save(
        &self,
        token: &Token,
        signed_in: Option<&SignedIn>,
        data: &Data,
    ) -> Result<(), Error> {
        let (hash, sealed) = (token.hash(), self.sealed(token, signed_in, data)?);
        self.store
            .write(&Actor::system("web"), move |tx| {
                let (hash, sealed) = (hash.clone(), sealed.clone());
                async move { tx.run(&SAVE_DATA, params![hash, sealed]).await }
            })
            .await?;
        Ok(())
    }

    pub(crate) async fn end(&self, token: &Token) -> Result<(), Error> {
        let hash = token.hash();
        self.store
            .write(&Actor::system("web"), move |tx| {
                let hash = hash.clone();
                async move { tx.run(&END_SESSION, params![hash]).await }
            })
            .await?;
        Ok(())
    }

    /// Signs a person or officer out of every browser: a lost phone, a left post. Returns how many
    /// sessions ended.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_all(&self, subject: &str) -> Result<u64, Error> {
        let subject = subject.to_owned();
        let ended = self
            .store
            .write(&Actor::system("web"), move |tx| {
                let subject = subject.clone();
                async move { tx.run(&END_SUBJECT, params![subject]).await }
            })
            .await?;
        Ok(ended)
    }

    /// Removes sessions that have ended, at most 1,000 in one call. Returns how many.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let now = self.env.now();
        let swept = self
            .store
            .write(&Actor::system("web"), move |tx| async move {
                tx.run(&SWEEP_SESSIONS, params![now, SWEEP_ROWS]).await
            })
            .await?;
        Ok(swept)
    }

    fn sealed(
        &self,
        token: &Token,
        signed_in: Option<&SignedIn>,
        data: &Data,
    ) -> Result<Vec<u8>, Error> {
        let name = signed_in.map(|who| who.name.clone()).unwrap_or_default();
        let plain = serde_json::to_vec(&Sealed {
            name,
            data: data.clone(),
        })
        .map_err(|_| Error::Seal)?;
        if plain.len() > DATA_BYTES {
            return Err(Error::TooLarge);
        }
        token.seal(&self.env, PURPOSE, &plain)
    }
}

impl SessionRow {
    fn open(self, token: &Token) -> Result<Loaded, Error> {
        let plain = token.open(PURPOSE, &self.sealed)?;
        let Sealed { name, data } = serde_json::from_slice(&plain).map_err(|_| Error::Seal)?;
        let (roles, duties) = serde_json::from_value(self.roles).map_err(|_| Error::Seal)?;
        let level = if self.level == Level::Plus.code() {
            Level::Plus
        } else {
            Level::Basic
        };
        let signed_in = match self.actor {
            Some(actor) => {
                let actor = serde_json::from_value(actor).map_err(|_| Error::Seal)?;
                Some(SignedIn {
                    actor,
                    roles,
                    duties,
                    level,
                    name,
                })
            }
            None => None,
        };
        Ok(Loaded {
            signed_in,
            data,
            seen_at: self.seen_at,
        })
    }
}

fn is_kiosk(data: &Data) -> bool {
    data.contains_key(crate::visit::KIOSK)
}

/// Ends the sessions in which a person acts for a company, in the write that ends their mandate.
///
/// # Errors
/// The store failed.
pub async fn end_acting_in(tx: &Write, person: &str, company: &str) -> Result<u64, store::Error> {
    tx.run(&END_ACTING, params![company, person]).await
}

/// Ends every session of a person or officer, in the write that suspends or closes them.
///
/// # Errors
/// The store failed.
pub async fn end_sessions_in(tx: &Write, subject: &str) -> Result<u64, store::Error> {
    tx.run(&END_SUBJECT, params![subject]).await
}

/// A session of somebody, to be shown to them.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// Names the session in the database. It is a digest of the browser's secret and opens nothing.
    pub key: Vec<u8>,
    pub created: Time,
    /// When it was last used, to the minute.
    pub seen: Time,
}

impl FromRow for LiveSession {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            key: row.get("token_hash")?,
            created: row.get("created_at")?,
            seen: row.get("seen_at")?,
        })
    }
}

/// The sessions of a person or officer that still open something, the latest used first.
///
/// # Errors
/// The store failed.
pub async fn live_sessions_in(db: &Read, subject: &str) -> Result<Vec<LiveSession>, store::Error> {
    db.all(&LIVE_OF_SUBJECT, params![subject, db.now(), SESSIONS_SHOWN])
        .await
}

/// Ends one session of a person or officer; answers how many ended, which is none for another's.
///
/// # Errors
/// The store failed.
pub async fn end_session_in(tx: &Write, subject: &str, key: &[u8]) -> Result<u64, store::Error> {
    tx.run(&END_ONE, params![subject, key]).await
}

/// The company somebody acts for.
fn company(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Resident { company, .. } => company.clone(),
        _ => None,
    }
}

/// The key by which all sessions of one person or officer are found.
fn subject(actor: &Actor) -> String {
    actor.subject().to_owned()
}

fn json<T: Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}
