//! What people say after a journey: a rating and words, per service, version, page and language, with
//! personal data struck out before anything is kept.

use kernel::{Actor, Cursor, Id, Lang, Page, Time, limits};
use serde::Serialize;
use serde_json::json;

use crate::{Error, Services, mask::mask, store::feedback as rows};

/// One piece of feedback, as kept.
#[derive(Clone, Debug, Serialize)]
pub struct Feedback {
    pub id: Id<Feedback>,
    pub service: String,
    pub pack_version: i64,
    pub page: String,
    pub lang: Lang,
    /// 1 (very dissatisfied) to 5 (very satisfied).
    pub rating: i64,
    pub words: Option<String>,
    pub at: Time,
}

/// What a person sends.
#[derive(Clone, Debug)]
pub struct NewFeedback {
    pub service: String,
    pub pack_version: i64,
    pub page: String,
    pub lang: Lang,
    pub rating: i64,
    pub words: String,
}

impl NewFeedback {
    /// `None` for a rating that is not 1 to 5.
    #[must_use]
    pub(crate) fn keep(self, id: Id<Feedback>, at: Time) -> Option<Feedback> {
        let words: String = mask(self.words.trim())
            .chars()
            .take(limits::LONG_TEXT_CHARS)
            .collect();
        (1..=5).contains(&self.rating).then_some(Feedback {
            id,
            service: self.service,
            pack_version: self.pack_version,
            page: self.page.chars().take(limits::LINE_CHARS).collect(),
            lang: self.lang,
            rating: self.rating,
            words: (!words.is_empty()).then_some(words),
            at,
        })
    }
}

impl Services {
    /// Keeps what a person says after a journey, struck of personal data. Nothing ties it to them.
    ///
    /// # Errors
    /// [`Error::Rating`], [`Error::NoSuchService`].
    pub async fn feedback(&self, new: NewFeedback) -> Result<(), Error> {
        let pack = self.pinned(&new.service, new.pack_version)?;
        let row = new.keep(self.env().id(), self.now()).ok_or(Error::Rating)?;
        let owner = pack.owner.clone();
        // The author is left out on purpose: feedback is read by many.
        self.store()
            .write(&Actor::Visitor, move |tx| {
                let (row, owner) = (row.clone(), owner.clone());
                async move {
                    rows::insert(&tx, &row).await?;
                    let data = json!({
                        "service": row.service,
                        "version": row.pack_version,
                        "page": row.page,
                        "lang": row.lang.code(),
                        "rating": row.rating,
                    });
                    let event = journal::Event {
                        kind: "causeway.feedback.given.v1",
                        subject: row.id.to_string(),
                        data,
                    };
                    journal::emit(&tx, event).await?;
                    let rated = journal::Usage::of(journal::Step::Rated)
                        .about(&owner, &row.service, row.pack_version)
                        .page(&row.page)
                        .lang(Some(row.lang))
                        .value(row.rating);
                    journal::usage(&tx, rated).await?;
                    Ok(())
                }
            })
            .await
    }

    /// Feedback on a service, newest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn feedback_of(
        &self,
        service: &str,
        after: Option<Cursor>,
    ) -> Result<Page<Feedback>, Error> {
        let service = service.to_owned();
        let before = after
            .and_then(|cursor| cursor.0.parse().ok())
            .map_or(Time::from_micros(i64::MAX), Time::from_micros);
        let found =
            self.store()
                .read(move |db| {
                    let service = service.clone();
                    async move {
                        rows::of_service(&db, &service, before, Page::<Feedback>::fetch()).await
                    }
                })
                .await?;
        Ok(Page::cut(found, |row| Cursor(row.at.micros().to_string())))
    }
}
