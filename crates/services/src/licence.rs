//! Where a decided case becomes a licence: numbered, computed by the pack, granted by credentials in
//! the same transaction.

use credentials::{Licence, NewLicence};
use kernel::Id;
use packs::{Answers, Pack};
use serde_json::json;
use store::{Write, params};

use crate::{Error, Services, case::Case, rules};

store::sql! {
    NEXT_NUMBER = "INSERT INTO licence_sequence (service, year, last) VALUES ($1, $2, 1)
        ON CONFLICT (service, year) DO UPDATE SET last = licence_sequence.last + 1 RETURNING last";
}

/// Grants the licence of a case that has been approved.
pub(crate) async fn grant(
    services: &Services,
    tx: &Write,
    case: &Case,
    (pack, answers): (&Pack, &Answers),
) -> Result<Id<Licence>, Error> {
    let today = tx.now().date();
    let year = i64::from(today.year());
    let sequence: i64 = tx.only(&NEXT_NUMBER, params![case.service, year]).await?;
    let on = services.on(today, &std::collections::BTreeMap::new());
    let issued = rules::issue(pack, answers, sequence, &on)?;
    let mut claims = issued.claims;
    claims
        .entry("number")
        .or_insert_with(|| json!(issued.number));
    let new = NewLicence {
        holder: case.person.cast(),
        kind: issued.kind,
        number: issued.number,
        claims,
        valid_from: issued.valid_from,
        valid_until: issued.valid_until,
        case_reference: case.reference.as_str().to_owned(),
    };
    let offer = credentials::offer(tx, services.issuer(), &new).await?;
    Ok(offer.licence)
}
