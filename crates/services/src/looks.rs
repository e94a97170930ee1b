//! Who looked at a person's data: the officers' looks at cases and the readings of the profile, in one
//! list for the person themselves. The officer's department and role are told, never the name.
//!
//! A reading without fields is identity's note of a look at a case; the look itself says more, so the
//! list shows that one only.

use identity::{FieldKey, Person, ReadingQuery, ReadingRecord};
use kernel::{Actor, Cursor, Id, Page, Text, Time};

use crate::{
    Error, Services,
    seal::{self, Column},
    store::access::{self, AccessQuery, AccessRecord},
};

/// Departments offered as a filter.
const DEPARTMENTS: i64 = 100;
/// Stretches read for one page: readings that only note a look are passed over, and every one of them
/// stands beside the look it notes, so that a page never needs more than a few.
const STEPS: usize = 40;
/// Rows sealed by one write of the chore.
const SEALED_AT_ONCE: i64 = 200;

/// One look at a person's data, as the person sees it.
#[derive(Clone, Debug)]
pub struct Look {
    pub id: Id<Look>,
    pub at: Time,
    /// A department's code.
    pub department: String,
    pub department_name: Text,
    /// `officer`, `supervisor`, …; `None` when a service filled a form for the person.
    pub role: Option<String>,
    pub seen: Seen,
    pub reason: Text,
}

/// What was looked at.
#[derive(Clone, Debug)]
pub enum Seen {
    /// Everything of an application.
    Case(Record),
    /// A file of an application, by the question it answers.
    Document(Record, Text),
    /// That the application exists, by a search with the identity card number.
    Found(Record),
    /// Fields of the profile.
    Fields(Vec<FieldKey>),
}

/// The application a look belongs to.
#[derive(Clone, Debug)]
pub struct Record {
    pub reference: String,
    pub service: String,
    pub service_name: Text,
}

/// Which looks are asked for.
#[derive(Clone, Debug)]
pub struct LookQuery {
    pub person: Id<Person>,
    /// A department's code, or empty for all.
    pub department: String,
    pub from: Time,
    pub until: Time,
    pub after: Option<Cursor>,
}

/// Both kinds of record, cut to one order by their ids, which begin with the time.
struct Stretch {
    looks: Vec<AccessRecord>,
    readings: Vec<ReadingRecord>,
}

impl Services {
    /// Who looked at the person's data, latest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn looks(&self, query: &LookQuery) -> Result<Page<Look>, Error> {
        let mut before: Id<Look> = query
            .after
            .as_ref()
            .and_then(|cursor| cursor.0.parse().ok())
            .unwrap_or(Id::from_bits(u128::MAX));
        let wanted = usize::try_from(Page::<Look>::fetch()).unwrap_or_default();
        let mut found = Vec::new();
        for _ in 0..STEPS {
            let Stretch { looks, readings } = self.stretch(query, before).await?;
            let is_last = looks.len() < wanted && readings.len() < wanted;
            let end = [
                (looks.len() == wanted).then(|| looks.last().map(|one| one.id.cast())),
                (readings.len() == wanted).then(|| readings.last().map(|one| one.id.cast())),
            ];
            // Beyond the nearer end of the two, one kind is not read yet.
            let end: Option<Id<Look>> = end.into_iter().flatten().flatten().max();
            let kept = readings.iter().filter(|one| !one.fields.is_empty());
            let mut part: Vec<Look> = kept.map(|one| self.of_reading(one)).collect();
            part.extend(looks.iter().map(|one| self.of_access(one)));
            part.retain(|one| end.is_none_or(|end| one.id >= end));
            part.sort_by_key(|look| std::cmp::Reverse(look.id));
            found.append(&mut part);
            match end {
                Some(end) if !is_last && found.len() < wanted => before = end,
                _ => break,
            }
        }
        Ok(Page::cut(found, |look| Cursor(look.id.to_string())))
    }

    async fn stretch(&self, query: &LookQuery, before: Id<Look>) -> Result<Stretch, Error> {
        let rows = Page::<Look>::fetch();
        let cases = AccessQuery {
            person: query.person,
            before: before.cast(),
            from: query.from,
            until: query.until,
            department: query.department.clone(),
            rows,
        };
        let profile = ReadingQuery {
            person: query.person,
            before: before.cast(),
            from: query.from,
            until: query.until,
            department: query.department.clone(),
            rows,
        };
        let (looks, readings) = self
            .store()
            .read(move |db| {
                let (cases, profile) = (cases.clone(), profile.clone());
                async move {
                    Ok::<_, Error>((
                        access::to_person(&db, &cases).await?,
                        identity::readings_in(&db, &profile).await?,
                    ))
                }
            })
            .await?;
        Ok(Stretch {
            looks: access::open_all(self.vault(), looks)?,
            readings,
        })
    }

    /// One look at the person's own data.
    ///
    /// # Errors
    /// [`Error::NoSuchLook`], also for a look at somebody else's data.
    pub async fn look(&self, person: Id<Person>, id: Id<Look>) -> Result<Look, Error> {
        let (access, reading) = self
            .store()
            .read(move |db| async move {
                Ok::<_, Error>((
                    access::find(&db, id.cast()).await?,
                    identity::find_reading(&db, person, id.cast()).await?,
                ))
            })
            .await?;
        if let Some(row) = access {
            let record = row.open(self.vault())?;
            if record.person == Some(person) {
                return Ok(self.of_access(&record));
            }
        }
        reading
            .map(|one| self.of_reading(&one))
            .ok_or(Error::NoSuchLook)
    }

    /// Departments that looked at the person's data, by code.
    ///
    /// # Errors
    /// The store fails.
    pub async fn look_departments(&self, person: Id<Person>) -> Result<Vec<String>, Error> {
        let (mut all, more) = self
            .store()
            .read(move |db| async move {
                Ok::<_, Error>((
                    access::departments(&db, person, DEPARTMENTS).await?,
                    identity::reading_departments(&db, person, DEPARTMENTS).await?,
                ))
            })
            .await?;
        all.extend(more);
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// What a look was at.
    #[must_use]
    pub fn seen(&self, record: &AccessRecord) -> Seen {
        let catalogue = self.catalogue();
        let service = record.service.clone().unwrap_or_default();
        let of = Record {
            reference: record.reference.clone().unwrap_or_default(),
            service_name: catalogue
                .entry(&service)
                .map(|entry| entry.name.clone())
                .unwrap_or_default(),
            service,
        };
        match record.what.split_once(' ') {
            Some(("document", field)) => {
                let label = catalogue
                    .versions(&of.service)
                    .into_iter()
                    .find_map(|one| Some(one.pack.field(field)?.label.clone()));
                Seen::Document(of, label.unwrap_or_default())
            }
            _ if record.what == "search" => Seen::Found(of),
            _ => Seen::Case(of),
        }
    }

    fn of_access(&self, record: &AccessRecord) -> Look {
        Look {
            id: record.id.cast(),
            at: record.at,
            department_name: self.catalogue().department_name(&record.department),
            department: record.department.clone(),
            role: Some(record.role.clone().unwrap_or_else(|| "officer".to_owned())),
            seen: self.seen(record),
            reason: Text::same(record.reason.as_str()),
        }
    }

    fn of_reading(&self, record: &ReadingRecord) -> Look {
        Look {
            id: record.id.cast(),
            at: record.read_at,
            department: record.department.clone().unwrap_or_default(),
            department_name: record.reader.clone(),
            role: None,
            seen: Seen::Fields(record.fields.clone()),
            reason: record.reason.clone(),
        }
    }

    /// Seals the reasons that stand open from before they were sealed. Returns how many.
    ///
    /// # Errors
    /// The store fails.
    pub async fn seal_reasons(&self) -> Result<u64, Error> {
        let mut sealed = 0;
        loop {
            let rows = self
                .store()
                .read(|db| async move { access::unsealed(&db, SEALED_AT_ONCE).await })
                .await?;
            let mut closed = Vec::with_capacity(rows.len());
            for record in access::open_all(self.vault(), rows)? {
                let words = seal::seal(
                    self.vault(),
                    Column::AccessReason,
                    record.id,
                    &record.reason,
                )?;
                closed.push((record.id, words));
            }
            if closed.is_empty() {
                return Ok(sealed);
            }
            sealed += self
                .store()
                .write(&Actor::system("sealer"), move |tx| {
                    let closed = closed.clone();
                    async move {
                        let mut rows = 0;
                        for (id, words) in closed {
                            rows += access::seal_reason(&tx, id, words).await?;
                        }
                        Ok::<_, Error>(rows)
                    }
                })
                .await?;
        }
    }
}
