//! The owner's view of services: what is live, what is open with each version, what waits.

use std::collections::BTreeMap;

use kernel::Text;
use store::{FromRow, Read, Row, params};

use crate::{Error, Published, Retirement, Services, applicant::Clerk, release::sees_service};

/// Drafts and cases of one version are counted up to this: "1000+".
pub const OPEN_BOUND: i64 = 1_000;

store::sql! {
    OPEN_DRAFTS = "SELECT pack_version AS version, COUNT(*) AS open FROM
        (SELECT pack_version FROM draft WHERE service = $1 LIMIT $2) AS open_draft
        GROUP BY pack_version";
    OPEN_CASES = "SELECT pack_version AS version, COUNT(*) AS open FROM
        (SELECT pack_version FROM case_file WHERE service = $1 AND closed_at IS NULL LIMIT $2)
            AS open_case
        GROUP BY pack_version";
}

/// One service as its owner sees it in the list.
#[derive(Clone, Debug)]
pub struct Owned {
    pub service: String,
    pub name: Text,
    pub department: String,
    /// The version new drafts begin with; `None` when nobody begins.
    pub live: Option<i64>,
    pub open: Open,
    pub confidence: &'static str,
    pub retirement: Option<Retirement>,
}

/// What is open, all versions together or one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    pub drafts: i64,
    pub cases: i64,
}

struct Counted {
    version: i64,
    open: i64,
}

impl FromRow for Counted {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            version: row.get("version")?,
            open: row.get("open")?,
        })
    }
}

impl Services {
    /// The services the officer may look at, by name: those of the department, all for operators.
    ///
    /// # Errors
    /// The store fails.
    pub async fn owned(&self, clerk: &Clerk) -> Result<Vec<Owned>, Error> {
        let catalogue = self.catalogue();
        let now = self.now();
        let mut owned = Vec::new();
        for newest in catalogue.newest() {
            let pack = &newest.pack;
            if !sees_service(clerk, &pack.owner) {
                continue;
            }
            let open = self.open_of(&pack.service).await?;
            owned.push(Owned {
                service: pack.service.clone(),
                name: pack.name.clone(),
                department: pack.owner.clone(),
                live: catalogue.current(&pack.service, now).map(|one| one.version),
                open: open.values().fold(Open::default(), |sum, one| Open {
                    drafts: sum.drafts + one.drafts,
                    cases: sum.cases + one.cases,
                }),
                confidence: pack.confidence.code(),
                retirement: catalogue.retirement(&pack.service).cloned(),
            });
        }
        owned.sort_by(|a, b| a.name.en.cmp(&b.name.en));
        Ok(owned)
    }

    /// Drafts and cases that are open, by version. Nothing of any of them is read but their number.
    ///
    /// # Errors
    /// The store fails.
    pub async fn open_of(&self, service: &str) -> Result<BTreeMap<i64, Open>, Error> {
        let service = service.to_owned();
        self.store()
            .read(move |db| {
                let service = service.clone();
                async move { open_in(&db, &service).await }
            })
            .await
    }

    /// The newest version of a service of the officer's, whether it is live or not.
    ///
    /// # Errors
    /// [`Error::NoSuchService`] also for a department the officer has no business with.
    pub fn owned_version(
        &self,
        clerk: &Clerk,
        (service, version): (&str, Option<i64>),
    ) -> Result<Published, Error> {
        let catalogue = self.catalogue();
        let found = match version {
            Some(version) => catalogue.pinned(service, version),
            None => catalogue.versions(service).into_iter().next(),
        };
        found
            .filter(|one| sees_service(clerk, &one.pack.owner))
            .cloned()
            .ok_or_else(|| Error::NoSuchService(service.to_owned()))
    }
}

async fn open_in(db: &Read, service: &str) -> Result<BTreeMap<i64, Open>, Error> {
    let bound = OPEN_BOUND + 1;
    let drafts: Vec<Counted> = db.all(&OPEN_DRAFTS, params![service, bound]).await?;
    let cases: Vec<Counted> = db.all(&OPEN_CASES, params![service, bound]).await?;
    let mut open: BTreeMap<i64, Open> = BTreeMap::new();
    for one in drafts {
        open.entry(one.version).or_default().drafts = one.open;
    }
    for one in cases {
        open.entry(one.version).or_default().cases = one.open;
    }
    Ok(open)
}
