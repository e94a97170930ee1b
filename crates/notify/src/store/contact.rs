//! Wishes and sealed addresses.

use kernel::{Id, Lang};
use store::{FromRow, Read, Row, Write, params};
use trust::Sealed;

use crate::{Contact, Error, Recipient, contact::Address};

store::sql! {
    PUT_CONTACT = "INSERT INTO contact (recipient, lang, email_sealed, email_index, sms_sealed,
        sms_index, wants_email, wants_sms, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (recipient) DO UPDATE SET lang = excluded.lang,
        email_sealed = excluded.email_sealed, email_index = excluded.email_index,
        sms_sealed = excluded.sms_sealed, sms_index = excluded.sms_index,
        wants_email = excluded.wants_email, wants_sms = excluded.wants_sms,
        changed_at = excluded.changed_at";
    FIND_CONTACT = "SELECT * FROM contact WHERE recipient = $1";
}

impl FromRow for Contact {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let lang: String = row.get("lang")?;
        let address = |sealed: &str, index: &str| -> Result<Option<Address>, store::Error> {
            let sealed: Option<Vec<u8>> = row.get(sealed)?;
            let index: Option<Vec<u8>> = row.get(index)?;
            Ok(sealed.zip(index).map(|(sealed, index)| Address {
                sealed: Sealed(sealed),
                index,
            }))
        };
        Ok(Self {
            recipient: row.get("recipient")?,
            lang: lang.parse::<Lang>().unwrap_or_default(),
            email: address("email_sealed", "email_index")?,
            sms: address("sms_sealed", "sms_index")?,
            wants_email: row.get("wants_email")?,
            wants_sms: row.get("wants_sms")?,
        })
    }
}

/// How a person wants to hear.
///
/// # Errors
/// The store failed.
pub async fn find_contact(db: &Read, id: Id<Recipient>) -> Result<Option<Contact>, Error> {
    Ok(db.one(&FIND_CONTACT, params![id]).await?)
}

pub(crate) async fn put(tx: &Write, contact: &Contact) -> Result<(), Error> {
    let sealed = |address: &Option<Address>| address.as_ref().map(|a| a.sealed.0.clone());
    let index = |address: &Option<Address>| address.as_ref().map(|a| a.index.clone());
    tx.run(
        &PUT_CONTACT,
        params![
            contact.recipient,
            contact.lang.code(),
            sealed(&contact.email),
            index(&contact.email),
            sealed(&contact.sms),
            index(&contact.sms),
            contact.wants_email,
            contact.wants_sms,
            tx.now(),
        ],
    )
    .await?;
    Ok(())
}
