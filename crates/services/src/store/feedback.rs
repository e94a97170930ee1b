//! Feedback rows.

use kernel::{Id, Lang, Text};
use store::{FromRow, Read, Row, Write, params};

use crate::{
    Error,
    feedback::{Feedback, FeedbackQuery},
};

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, kind, state, reference, department, service, pack_version, page, lang, ",
            "rating, words, about, at, said, answer, closed_reason, settled_at FROM feedback ",
            $where
        )
    };
}

store::sql! {
    INSERT_FEEDBACK = "INSERT INTO feedback (id, kind, state, reference, department, service,
        pack_version, page, lang, rating, words, about, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    FIND_FEEDBACK = select!("WHERE id = $1");
    LIST_FEEDBACK = select!(
        "WHERE id < $1 AND ($2 = '' OR department = $2) AND ($3 = '' OR service = $3)
        AND ($4 = '' OR state = $4) AND ($5 = '' OR kind = $5) AND ($6 = 0 OR rating = $6)
        ORDER BY id DESC LIMIT $7"
    );
    ANSWERED = select!(
        "WHERE service = $1 AND state = 'answered' AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    SETTLE = "UPDATE feedback SET state = $2, said = $3, answer = $4, closed_reason = $5,
        settled_at = $6 WHERE id = $1 AND state = 'open'";
}

impl FromRow for Feedback {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let lang: String = row.get("lang")?;
        let rating: i64 = row.get("rating")?;
        let text = |column: &str| -> Result<Option<Text>, store::Error> {
            let json: Option<serde_json::Value> = row.get(column)?;
            Ok(json.and_then(|json| serde_json::from_value(json).ok()))
        };
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            state: row.get("state")?,
            reference: row.get("reference")?,
            department: row.get("department")?,
            service: row.get("service")?,
            pack_version: row.get("pack_version")?,
            page: row.get("page")?,
            lang: lang.parse().unwrap_or(Lang::En),
            rating: (rating > 0).then_some(rating),
            words: row.get("words")?,
            about: row.get("about")?,
            at: row.get("at")?,
            said: text("said")?,
            answer: text("answer")?,
            closed_reason: row.get("closed_reason")?,
            settled_at: row.get("settled_at")?,
        })
    }
}

pub(crate) async fn insert(tx: &Write, row: &Feedback) -> Result<(), Error> {
    tx.run(
        &INSERT_FEEDBACK,
        params![
            row.id,
            row.kind,
            row.state,
            row.reference,
            row.department,
            row.service,
            row.pack_version,
            row.page,
            row.lang.code(),
            row.rating.unwrap_or_default(),
            row.words,
            row.about,
            row.at
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn find(db: &Read, id: Id<Feedback>) -> Result<Option<Feedback>, Error> {
    Ok(db.one(&FIND_FEEDBACK, params![id]).await?)
}

/// Feedback of one department, or of all when `department` is empty, newest first.
pub(crate) async fn list(
    db: &Read,
    department: &str,
    (query, before): (&FeedbackQuery, Id<Feedback>),
    rows: i64,
) -> Result<Vec<Feedback>, Error> {
    let values = params![
        before,
        department,
        query.service,
        query.state.map(|state| state.code()).unwrap_or_default(),
        query.kind.map(|kind| kind.code()).unwrap_or_default(),
        query.rating.unwrap_or_default(),
        rows
    ];
    Ok(db.all(&LIST_FEEDBACK, values).await?)
}

/// Feedback on a service that was answered in public, newest first.
pub(crate) async fn answered(
    db: &Read,
    service: &str,
    before: Id<Feedback>,
    rows: i64,
) -> Result<Vec<Feedback>, Error> {
    Ok(db.all(&ANSWERED, params![service, before, rows]).await?)
}

/// Keeps how feedback was settled; `0` when it was settled already.
pub(crate) async fn settle(tx: &Write, row: &Feedback) -> Result<u64, Error> {
    let json = |text: &Option<Text>| text.as_ref().map(|text| serde_json::json!(text));
    Ok(tx
        .run(
            &SETTLE,
            params![
                row.id,
                row.state,
                json(&row.said),
                json(&row.answer),
                row.closed_reason,
                tx.now()
            ],
        )
        .await?)
}
