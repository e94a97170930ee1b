//! People whom an announcement about a service concerns.

use identity::Person;
use kernel::Id;
use store::{Read, params};

use crate::Error;

store::sql! {
    AFFECTED = "SELECT person FROM (
        SELECT person FROM case_file WHERE service = $1 AND closed_at IS NULL AND person > $2
        UNION
        SELECT person FROM draft WHERE service = $1 AND expires_at > $3 AND person > $2
        ) AS affected ORDER BY person LIMIT $4";
}

/// People after `after` with an open case or a live draft in `service`, each once.
pub(crate) async fn people(
    db: &Read,
    service: &str,
    after: Id<Person>,
    rows: i64,
) -> Result<Vec<Id<Person>>, Error> {
    Ok(db
        .all(&AFFECTED, params![service, after, db.now(), rows])
        .await?)
}
