//! The handle that portal and desk hold: what the capabilities below give, and the loaded catalogue.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use credentials::{ClaimType, Issuer, LicenceType};
use journal::Calendar;
use kernel::{Date, Env, Time};
use packs::Pack;
use store::Store;
use trust::{KeyStore, Notary, Vault};

use crate::{
    Error,
    catalogue::{Catalogue, Published},
    scanner::Scanner,
    store::{retirement, version},
};

/// What an installation gives this crate.
#[derive(Clone, Debug)]
pub struct Parts {
    pub store: Store,
    pub keys: KeyStore,
    pub calendar: Calendar,
    /// Grants licences.
    pub issuer: Issuer,
    pub scanner: Scanner,
    /// Where people reach this installation, for links in letters: `https://causeway.example`.
    pub base_url: String,
}

/// The catalogue, drafts, applications and cases of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

struct Inner {
    parts: Parts,
    vault: Vault,
    loaded: RwLock<Loaded>,
}

/// What changes when anybody publishes, cuts off, or decides that a service ends.
type Fingerprint = ((i64, i64, i64), (i64, i64));

#[derive(Clone)]
struct Loaded {
    catalogue: Arc<Catalogue>,
    fingerprint: Fingerprint,
}

impl Services {
    /// Loads every published pack.
    ///
    /// # Errors
    /// The store fails, or a published pack cannot be read by this program.
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let loaded = load(&parts.store).await?;
        parts.issuer.set_types(types(&loaded.catalogue));
        let vault = parts.keys.vault();
        Ok(Self(Arc::new(Inner {
            parts,
            vault,
            loaded: RwLock::new(loaded),
        })))
    }

    /// The catalogue as last loaded.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(
            &self
                .0
                .loaded
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .catalogue,
        )
    }

    /// Loads the published packs again, if another process published since.
    ///
    /// # Errors
    /// As [`Services::open`].
    pub async fn reload(&self) -> Result<(), Error> {
        let now = self
            .store()
            .read(|db| async move { fingerprint(&db).await })
            .await?;
        let known = self
            .0
            .loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .fingerprint;
        if now != known {
            let loaded = load(self.store()).await?;
            self.issuer().set_types(types(&loaded.catalogue));
            *self
                .0
                .loaded
                .write()
                .unwrap_or_else(PoisonError::into_inner) = loaded;
        }
        Ok(())
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    #[must_use]
    pub fn env(&self) -> &Env {
        self.0.parts.store.env()
    }

    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.0.parts.calendar
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn keys(&self) -> &KeyStore {
        &self.0.parts.keys
    }

    /// Seals what leaves this installation.
    pub(crate) fn notary(&self) -> Notary {
        Notary::new(self.0.parts.keys.clone(), &self.0.parts.base_url)
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.0.parts.issuer
    }

    pub(crate) fn scanner(&self) -> &Scanner {
        &self.0.parts.scanner
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.0.parts.base_url
    }

    pub(crate) fn now(&self) -> Time {
        self.env().now()
    }

    pub(crate) fn today(&self) -> Date {
        self.env().today()
    }

    /// The pack version a draft or a case is pinned to.
    pub(crate) fn pinned(&self, service: &str, version: i64) -> Result<Arc<Pack>, Error> {
        self.catalogue()
            .pinned(service, version)
            .map(|one| Arc::clone(&one.pack))
            .ok_or_else(|| Error::NoSuchService(service.to_owned()))
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}

async fn fingerprint(db: &store::Read) -> Result<Fingerprint, Error> {
    Ok((
        version::fingerprint(db).await?,
        retirement::fingerprint(db).await?,
    ))
}

async fn load(store: &Store) -> Result<Loaded, Error> {
    let (rows, ending, fingerprint) = store
        .read(|db| async move {
            let rows = version::all(&db).await?;
            let ending = retirement::all(&db).await?;
            Ok::<_, Error>((rows, ending, fingerprint(&db).await?))
        })
        .await?;
    let mut published = Vec::with_capacity(rows.len());
    for row in rows {
        published.push(Published {
            pack: Arc::new(crate::rules::load(&row.service, &row.source)?),
            version: row.version,
            published_at: row.published_at,
            cutoff: row.cutoff,
        });
    }
    Ok(Loaded {
        catalogue: Arc::new(Catalogue::build(published)?.ending(ending)),
        fingerprint,
    })
}

/// The kinds of licence that the published packs issue; the newest version of each names the claims.
fn types(catalogue: &Catalogue) -> Vec<LicenceType> {
    catalogue
        .newest()
        .filter_map(|one| {
            let issue = one.pack.issue.as_ref()?;
            let claim = |claim: &packs::Claim| {
                let label = one
                    .pack
                    .field(claim.value.source())
                    .map(|field| field.label.clone());
                ClaimType::new(claim.name.clone(), label)
            };
            Some(LicenceType {
                kind: issue.kind.clone(),
                title: issue.title.clone(),
                authority: catalogue.department_name(&one.pack.owner),
                claims: issue.claims.iter().map(claim).collect(),
            })
        })
        .collect()
}
