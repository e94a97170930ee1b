//! A service that ends: from one instant nobody begins, until a later one open drafts may be sent. The
//! service's page and the search say so beforehand, with the reason and what to use instead.

use journal::{Audit, Event};
use kernel::{Text, Time};
use serde_json::json;

use crate::{
    Error, OpenDraft, Services, Start,
    applicant::Clerk,
    release::{guard_owner, words},
    store::{draft, retirement as table},
};

/// How a service ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retirement {
    pub service: String,
    /// From here on nobody begins.
    pub starts_at: Time,
    /// From here on nobody submits.
    pub submit_until: Time,
    pub reason: Text,
    /// The service to use in its place.
    pub instead: Option<String>,
    pub declared_by_name: String,
    pub declared_at: Time,
}

impl Retirement {
    /// Whether nobody begins any more.
    #[must_use]
    pub fn is_closed(&self, now: Time) -> bool {
        now >= self.starts_at
    }

    /// Whether nobody submits any more.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        now >= self.submit_until
    }
}

/// What an owner decides about the end of a service.
#[derive(Clone, Debug)]
pub struct NewRetirement {
    pub service: String,
    pub starts_at: Time,
    pub submit_until: Time,
    /// Why, in English and in Chinese.
    pub reason: [String; 2],
    pub instead: Option<String>,
}

impl Services {
    /// Decides that a service ends. Deciding again before it began changes the decision.
    ///
    /// # Errors
    /// [`Error::NotOwner`], [`Error::NoSuchService`] also for the replacement, [`Error::CutOffPast`],
    /// [`Error::SubmitBeforeCutOff`], [`Error::ReasonNeeded`], [`Error::RetiredAlready`].
    pub async fn retire(&self, clerk: &Clerk, new: NewRetirement) -> Result<(), Error> {
        self.guard_own_service(clerk, &new.service)?;
        let now = self.now();
        if new.starts_at <= now {
            return Err(Error::CutOffPast(new.starts_at));
        }
        if new.submit_until < new.starts_at {
            return Err(Error::SubmitBeforeCutOff);
        }
        let catalogue = self.catalogue();
        if let Some(instead) = &new.instead
            && (*instead == new.service || catalogue.entry(instead).is_none())
        {
            return Err(Error::NoSuchService(instead.clone()));
        }
        if catalogue
            .retirement(&new.service)
            .is_some_and(|one| one.is_closed(now))
        {
            return Err(Error::RetiredAlready);
        }
        let [en, tc] = &new.reason;
        let row = Retirement {
            reason: Text::new(words(en)?, words(tc)?),
            service: new.service,
            starts_at: new.starts_at,
            submit_until: new.submit_until,
            instead: new.instead,
            declared_by_name: clerk.name.clone(),
            declared_at: now,
        };
        self.store()
            .write(&clerk.actor(), move |tx| {
                let row = row.clone();
                async move {
                    table::put(&tx, &row).await?;
                    tell(
                        &tx,
                        ("service.retired", "causeway.service.retired.v1"),
                        &row,
                    )
                    .await
                }
            })
            .await?;
        self.reload().await
    }

    /// Takes the decision back, before anybody was turned away.
    ///
    /// # Errors
    /// [`Error::NotOwner`], [`Error::NoSuchService`] when it does not end, [`Error::RetiredAlready`].
    pub async fn keep_service(&self, clerk: &Clerk, service: &str) -> Result<(), Error> {
        self.guard_own_service(clerk, service)?;
        let row = self
            .catalogue()
            .retirement(service)
            .cloned()
            .ok_or_else(|| Error::NoSuchService(service.to_owned()))?;
        if row.is_closed(self.now()) {
            return Err(Error::RetiredAlready);
        }
        self.store()
            .write(&clerk.actor(), move |tx| {
                let row = row.clone();
                async move {
                    table::remove(&tx, &row.service).await?;
                    tell(&tx, ("service.kept", "causeway.service.kept.v1"), &row).await
                }
            })
            .await?;
        self.reload().await
    }

    fn guard_own_service(&self, clerk: &Clerk, service: &str) -> Result<(), Error> {
        guard_owner(clerk)?;
        let catalogue = self.catalogue();
        let owner = catalogue
            .versions(service)
            .first()
            .map(|one| one.pack.owner.clone())
            .ok_or_else(|| Error::NoSuchService(service.to_owned()))?;
        if owner.eq_ignore_ascii_case(&clerk.department) {
            Ok(())
        } else {
            Err(Error::NotOwner)
        }
    }

    /// Who began before the end goes on with what they have; nobody else begins.
    pub(crate) async fn resume_retired(&self, start: &Start) -> Result<OpenDraft, Error> {
        let now = self.now();
        let is_over = self
            .catalogue()
            .retirement(&start.service)
            .is_none_or(|one| one.is_over(now));
        let (holder, service) = (start.applicant.holder(), start.service.clone());
        let row = self
            .store()
            .read(move |db| {
                let (holder, service) = (holder.clone(), service.clone());
                async move { draft::live(&db, &holder, &service).await }
            })
            .await?;
        match row {
            Some(row) if !is_over && !row.draft.is_expired(now) => self.open_row(row),
            _ => Err(Error::Retired),
        }
    }
}

async fn tell(
    tx: &store::Write,
    (action, kind): (&str, &str),
    row: &Retirement,
) -> Result<(), Error> {
    let data = json!({
        "service": row.service,
        "starts_at": row.starts_at.rfc3339(),
        "submit_until": row.submit_until.rfc3339(),
        "instead": row.instead,
    });
    let entry = Audit {
        action,
        noun: "service",
        id: row.service.clone(),
        reason: Some(row.reason.en.clone()),
        detail: data.clone(),
    };
    journal::audit(tx, entry).await?;
    let event = Event {
        kind,
        subject: row.service.clone(),
        data,
    };
    journal::emit(tx, event).await?;
    Ok(())
}
