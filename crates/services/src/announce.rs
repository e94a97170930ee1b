//! Announcing: who may announce to whom, and telling everybody with an open case or a draft in an
//! affected service, once, in their inbox. The job goes through the services and their people in
//! batches and can be run again at any place: a message with the same key is not sent twice.

use identity::Person;
use journal::Job;
use kernel::{Id, Role, Text};
use notify::{About, Announcement, Audience, Class, NewAnnouncement, NewMessage, Severity};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Clerk, Error, PLATFORM_DEPARTMENT, Services, store::affected};

/// The job that tells the people of the affected services.
pub const ANNOUNCE_JOB: &str = "services.announce";
/// People told in one write.
const TOLD_AT_ONCE: i64 = 200;

/// How far the telling has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnnounceJob {
    announcement: Id<Announcement>,
    /// The service now gone through; the next ones follow in the order of their ids.
    #[serde(default)]
    service: String,
    /// The last person told in it.
    #[serde(default = "nobody")]
    after: Id<Person>,
}

fn nobody() -> Id<Person> {
    Id::from_bits(0)
}

/// Whether the officer may announce to `audience`: an operator and the owner of the platform to
/// anybody, the owner of a department to it and its services.
#[must_use]
pub fn may_announce(services: &Services, clerk: &Clerk, audience: &Audience) -> bool {
    let own = clerk.department.to_lowercase();
    let is_platform = own == PLATFORM_DEPARTMENT;
    match (clerk.role, audience) {
        (Role::Operator, _) => true,
        (Role::Owner, _) if is_platform => true,
        (Role::Owner, Audience::Department(code)) => code.eq_ignore_ascii_case(&own),
        (Role::Owner, Audience::Service(id)) => services
            .catalogue()
            .entry(id)
            .is_some_and(|entry| entry.department.eq_ignore_ascii_case(&own)),
        _ => false,
    }
}

impl Services {
    /// Makes an announcement; the people it affects are told in their inbox when it begins.
    ///
    /// # Errors
    /// [`Error::WrongAudience`]; [`Error::NoSuchService`] for an audience or a version that does not
    /// exist; [`Error::Notify`] for words or dates that do not fit.
    pub async fn announce(
        &self,
        clerk: &Clerk,
        new: NewAnnouncement,
    ) -> Result<Id<Announcement>, Error> {
        self.check_announcement(clerk, &new)?;
        self.store()
            .write(&clerk.actor(), move |tx| {
                let new = new.clone();
                async move {
                    let starts = new.starts_at.max(tx.now());
                    let id = notify::announce(&tx, new).await?;
                    let job = Job {
                        kind: ANNOUNCE_JOB,
                        key: Some(format!("announcement/{id}")),
                        payload: json!({ "announcement": id }),
                        run_at: starts,
                    };
                    journal::enqueue(&tx, job).await?;
                    Ok(id)
                }
            })
            .await
    }

    /// Whether `clerk` may make this announcement, and whether what it names exists.
    ///
    /// # Errors
    /// [`Error::WrongAudience`], [`Error::NoSuchService`].
    pub fn check_announcement(&self, clerk: &Clerk, new: &NewAnnouncement) -> Result<(), Error> {
        if !may_announce(self, clerk, &new.audience) {
            return Err(Error::WrongAudience);
        }
        let catalogue = self.catalogue();
        let exists = match &new.audience {
            Audience::Everyone => true,
            Audience::Service(id) => catalogue.entry(id).is_some(),
            Audience::Department(code) => catalogue.department(code).is_some(),
            Audience::LifeEvent(id) => catalogue.life_events().iter().any(|one| one.id == *id),
        };
        if !exists {
            return Err(Error::NoSuchService(new.audience.id().to_owned()));
        }
        match &new.policy {
            Some(policy) => self.pinned(&policy.service, policy.version).map(drop),
            None => Ok(()),
        }
    }

    /// Ends an announcement before its time.
    ///
    /// # Errors
    /// [`Error::WrongAudience`]; [`Error::Notify`] when there is none.
    pub async fn end_announcement(&self, clerk: &Clerk, id: Id<Announcement>) -> Result<(), Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who) = (services.clone(), who.clone());
                async move {
                    let found = notify::get_announcement(&tx, id).await?;
                    if !may_announce(&services, &who, &found.audience) {
                        return Err(Error::WrongAudience);
                    }
                    Ok(notify::withdraw_announcement(&tx, id).await?)
                }
            })
            .await
    }

    /// Tells one batch of people and leaves the rest to the next job.
    pub(crate) async fn tell_affected(&self, job: &AnnounceJob) -> Result<(), Error> {
        let (services, job) = (self.clone(), job.clone());
        self.store()
            .write(&kernel::Actor::system("announcer"), move |tx| {
                let (services, job) = (services.clone(), job.clone());
                async move {
                    let found = notify::get_announcement(&tx, job.announcement).await?;
                    if !found.is_current(tx.now()) {
                        return Ok::<_, Error>(());
                    }
                    let ids = services.affected_services(&found.audience);
                    let Some(service) = ids.into_iter().find(|id| *id >= job.service) else {
                        return Ok(());
                    };
                    let is_same = service == job.service;
                    let after = if is_same { job.after } else { nobody() };
                    let people = affected::people(&tx, &service, after, TOLD_AT_ONCE).await?;
                    for person in &people {
                        notify::send(&tx, message(&found, *person)).await?;
                    }
                    let is_over =
                        people.len() < usize::try_from(TOLD_AT_ONCE).unwrap_or(usize::MAX);
                    let next = AnnounceJob {
                        announcement: job.announcement,
                        // Sorts after this id and before every other: ids hold no exclamation mark.
                        service: if is_over {
                            format!("{service}!")
                        } else {
                            service
                        },
                        after: people
                            .last()
                            .copied()
                            .filter(|_| !is_over)
                            .unwrap_or(nobody()),
                    };
                    again(&tx, &next).await
                }
            })
            .await
    }

    /// Ids of the services an audience has to do with, in order.
    fn affected_services(&self, audience: &Audience) -> Vec<String> {
        let catalogue = self.catalogue();
        let online = catalogue.entries().iter().filter(|entry| entry.is_online());
        let mut ids: Vec<String> = online
            .filter(|entry| match audience {
                Audience::Everyone => true,
                Audience::Service(id) => entry.id == *id,
                Audience::Department(code) => entry.department.eq_ignore_ascii_case(code),
                Audience::LifeEvent(id) => entry.life_events.contains(id),
            })
            .map(|entry| entry.id.clone())
            .collect();
        ids.sort();
        ids
    }
}

async fn again(tx: &store::Write, next: &AnnounceJob) -> Result<(), Error> {
    let job = Job {
        kind: ANNOUNCE_JOB,
        key: None,
        payload: serde_json::to_value(next).map_err(Error::data)?,
        run_at: tx.now(),
    };
    journal::enqueue(tx, job).await?;
    Ok(())
}

fn message(found: &Announcement, person: Id<Person>) -> NewMessage {
    let class = match found.severity {
        Severity::Urgent => Class::Deadline,
        Severity::Info | Severity::Warning => Class::Info,
    };
    let link = found.policy.as_ref().map_or_else(
        || match &found.audience {
            Audience::Service(id) => format!("/services/{id}"),
            _ => "/news".to_owned(),
        },
        |policy| format!("/services/{}#version", policy.service),
    );
    let title: Text = found.title.clone();
    let mut message = NewMessage::new(person.cast(), class, title, found.body.clone())
        .link(link)
        .key(format!("announcement-{}-{person}", found.id));
    message.about = Some(About {
        noun: "announcement".to_owned(),
        id: found.id.to_string(),
    });
    message
}
