//! Feedback rows.

use kernel::{Lang, Time};
use store::{FromRow, Read, Row, Write, params};

use crate::{Error, feedback::Feedback};

store::sql! {
    INSERT_FEEDBACK = "INSERT INTO feedback (id, service, pack_version, page, lang, rating, words, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FEEDBACK_OF = "SELECT id, service, pack_version, page, lang, rating, words, at FROM feedback
        WHERE service = $1 AND at < $2 ORDER BY at DESC LIMIT $3";
}

impl FromRow for Feedback {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let lang: String = row.get("lang")?;
        Ok(Self {
            id: row.get("id")?,
            service: row.get("service")?,
            pack_version: row.get("pack_version")?,
            page: row.get("page")?,
            lang: lang.parse().unwrap_or(Lang::En),
            rating: row.get("rating")?,
            words: row.get("words")?,
            at: row.get("at")?,
        })
    }
}

pub(crate) async fn insert(tx: &Write, row: &Feedback) -> Result<(), Error> {
    tx.run(
        &INSERT_FEEDBACK,
        params![
            row.id,
            row.service,
            row.pack_version,
            row.page,
            row.lang.code(),
            row.rating,
            row.words,
            row.at
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn of_service(
    db: &Read,
    service: &str,
    before: Time,
    rows: i64,
) -> Result<Vec<Feedback>, Error> {
    Ok(db.all(&FEEDBACK_OF, params![service, before, rows]).await?)
}
