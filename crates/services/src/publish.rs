//! Publishing a pack: checked, compared with the version before, written once and never changed.
//! Only a cut-off can be set later, after which nobody begins or submits with that version.

use journal::{Audit, Event};
use kernel::{Actor, Time};
use serde::Serialize;
use serde_json::{Value, json};
use store::Write;

use crate::{
    Error, Services, rules,
    store::version::{self, ServiceVersion},
};

/// What publishing did.
#[derive(Clone, Debug, Serialize)]
pub struct Publication {
    pub service: String,
    pub version: i64,
    /// The classified difference to the version before.
    pub changes: Value,
    pub digest: String,
    /// The same text was published before: nothing was written.
    pub is_known: bool,
}

impl Services {
    /// Publishes the pack `source`, whose `file` is named after its service. Publishing the same text again changes nothing.
    ///
    /// # Errors
    /// [`Error::PackRefused`] names every defect; [`Error::VersionExists`] when the version was
    /// published with other words.
    pub async fn publish(
        &self,
        actor: &Actor,
        (file, source): (&str, &str),
    ) -> Result<Publication, Error> {
        let publication = self.write_version(actor, (file, source)).await?;
        self.reload().await?;
        Ok(publication)
    }

    /// Publishes those of `packs`, one a service, that are not published yet, and loads the catalogue
    /// once. Returns how many were new.
    ///
    /// # Errors
    /// As [`Services::publish`], of the first pack that is refused; those before it stay published.
    pub async fn publish_new(&self, actor: &Actor, packs: &[(&str, &str)]) -> Result<usize, Error> {
        let known = self
            .store()
            .read(|db| async move { version::digests(&db).await })
            .await?;
        let mut new = 0;
        for (file, source) in packs {
            if known.contains(&digest(source)) {
                continue;
            }
            self.write_version(actor, (file, source)).await?;
            new += 1;
        }
        self.reload().await?;
        Ok(new)
    }

    async fn write_version(
        &self,
        actor: &Actor,
        (file, source): (&str, &str),
    ) -> Result<Publication, Error> {
        let pack = rules::check(file, source)?;
        let (service, number) = (pack.service.clone(), i64::from(pack.version));
        let changes = self.changes_to(&pack);
        let row = ServiceVersion {
            service,
            version: number,
            digest: digest(source),
            source: source.to_owned(),
            changes,
            published_at: self.now(),
            published_by: actor.subject().to_owned(),
            cutoff: None,
        };
        self.store()
            .write(actor, move |tx| {
                let row = row.clone();
                async move { publish_in(&tx, &row, None).await }
            })
            .await
    }

    /// The classified difference from the newest published version to `pack`.
    pub(crate) fn changes_to(&self, pack: &packs::Pack) -> Value {
        self.catalogue()
            .versions(&pack.service)
            .first()
            .map_or_else(
                || json!({ "first": true }),
                |before| rules::changes(&before.pack, pack),
            )
    }

    /// Sets the instant after which `version` is no longer accepted, for drafts already begun too.
    ///
    /// # Errors
    /// [`Error::CutOffPast`], [`Error::NoSuchService`].
    pub async fn cut_off(
        &self,
        actor: &Actor,
        service: &str,
        number: i64,
        at: Time,
    ) -> Result<(), Error> {
        if at <= self.now() {
            return Err(Error::CutOffPast(at));
        }
        let service = service.to_owned();
        self.store()
            .write(actor, move |tx| {
                let service = service.clone();
                async move {
                    if version::cut_off(&tx, &service, number, at).await? == 0 {
                        return Err(Error::NoSuchService(service));
                    }
                    journal::audit(
                        &tx,
                        Audit {
                            action: "service_version.cut_off",
                            noun: "service_version",
                            id: format!("{service}/{number}"),
                            reason: None,
                            detail: json!({ "cutoff_at": at.rfc3339() }),
                        },
                    )
                    .await?;
                    Ok(())
                }
            })
            .await?;
        self.reload().await
    }

    /// Every published version of a service, newest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn published(&self, service: &str) -> Result<Vec<ServiceVersion>, Error> {
        let service = service.to_owned();
        self.store()
            .read(move |db| {
                let service = service.clone();
                async move {
                    let mut rows = version::all(&db).await?;
                    rows.retain(|row| row.service == service);
                    rows.reverse();
                    Ok(rows)
                }
            })
            .await
    }
}

/// The digest of a pack's text, hexadecimal.
pub(crate) fn digest(source: &str) -> String {
    trust::digest::hex(&trust::digest::sha256(source))
}

pub(crate) async fn publish_in(
    tx: &Write,
    row: &ServiceVersion,
    reason: Option<String>,
) -> Result<Publication, Error> {
    let publication = |is_known| Publication {
        service: row.service.clone(),
        version: row.version,
        changes: row.changes.clone(),
        digest: row.digest.clone(),
        is_known,
    };
    if let Some(before) = version::find(tx, &row.service, row.version).await? {
        return if before.digest == row.digest {
            Ok(publication(true))
        } else {
            Err(Error::VersionExists {
                service: row.service.clone(),
                version: row.version,
            })
        };
    }
    let newest = version::newest(tx, &row.service).await?;
    if newest.is_some_and(|newest| newest.version > row.version) {
        return Err(Error::VersionExists {
            service: row.service.clone(),
            version: row.version,
        });
    }
    version::insert(tx, row).await?;
    let id = format!("{}/{}", row.service, row.version);
    let data = json!({
        "service": row.service,
        "version": row.version,
        "digest": row.digest,
        "changes": row.changes,
    });
    journal::audit(
        tx,
        Audit {
            action: "service_version.published",
            noun: "service_version",
            id: id.clone(),
            reason,
            detail: data.clone(),
        },
    )
    .await?;
    journal::emit(
        tx,
        Event {
            kind: "causeway.service.published.v1",
            subject: id,
            data,
        },
    )
    .await?;
    Ok(publication(false))
}
