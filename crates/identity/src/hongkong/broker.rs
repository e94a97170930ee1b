//! What is a person's in an answer about a company: it travels under the content key of the person's own
//! interface, inside the envelope of the company's, so that whoever may open the one learns nothing of
//! the other.

use serde_json::{Map, Value, json};

use super::{
    HongKong, key,
    reply::Fault,
    word::{Dialect, Word},
};
use crate::provider::Client;

/// Where a task's result keeps what is the person's, until it is sent.
pub(crate) const PERSONAL: &str = "personal";

/// Seals the personal part of `content`, if it has one, for its way to the client.
pub(crate) async fn seal_personal(
    hk: &HongKong,
    client: &Client,
    content: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let Some(personal) = content.remove(PERSONAL) else {
        return Ok(());
    };
    let (key, stored) = key::in_force(hk, client, Dialect::IamSmart).await?;
    let sealed = key
        .seal(hk.env(), personal.to_string().as_bytes())
        .map_err(|_| Word::NotSealed)?;
    content.insert("iAMContent".to_owned(), json!(sealed));
    content.insert("iAMSecretKey".to_owned(), json!(stored.wrapped));
    Ok(())
}
