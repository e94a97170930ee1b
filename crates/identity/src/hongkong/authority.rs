//! The proof of a signer's identity and authority: a verifiable presentation (SD-JWT VC with key binding)
//! under the platform's document seal, made for one client and one request. Decision 0013 says which
//! claims it has.

use serde_json::{Map, Value, json};
use trust::{Attestation, base64url, digest, sd_jwt::Expected};

use super::{HongKong, corporation::role_of};
use crate::{
    Error, SigningRequest, Warrant,
    signing::{Named, Part},
    store::person,
};

fn privileges(warrant: &Warrant) -> Vec<&'static str> {
    let access = warrant.may_access.then_some("user_access");
    let chop = warrant.may_chop.then_some("user_companychop");
    access.into_iter().chain(chop).collect()
}

fn company(named: &Named) -> Value {
    json!({
        "name": named.name.en, "name_zh": named.name.zh, "ubi": named.business_number,
    })
}

/// Vouches for who signed `request` and by what right, to `audience` for the request it calls `named`.
pub(crate) async fn proof(
    hk: &HongKong,
    request: &SigningRequest,
    (audience, named): (&str, &str),
) -> Result<String, Error> {
    let room = hk.room();
    let warrant = room.warrant(request.id).await?.ok_or(Error::NotFound)?;
    let owner = person::find_person(hk.store(), request.person)
        .await?
        .ok_or(Error::NotFound)?;
    let (_, items) = room.result(request.id, request.person).await?;
    let digests: Vec<&[u8]> = items.iter().map(|item| item.digest.as_slice()).collect();
    let terms = request.behalf.as_ref().ok_or(Error::NotFound)?;
    let mut open = Map::new();
    let mut say = |name: &str, value: Value| open.insert(name.to_owned(), value);
    say("capacity", json!(terms.capacity));
    say(
        "signed_at",
        json!(request.signed.map(kernel::Time::seconds)),
    );
    say("document_count", json!(items.len()));
    let all = digest::sha256_parts(&digests);
    say("documents_sha256", json!(base64url::encode(all)));
    let own = certificate(hk, request).await?;
    say("certificate_sha256", json!(own));
    if let Part::Second(first) = terms.part {
        let first = room.request(first).await?;
        say(
            "completes_certificate_sha256",
            json!(certificate(hk, &first).await?),
        );
    }
    let mut selective = Map::new();
    let signer = json!({
        "name": owner.name.en, "name_zh": owner.name.zh, "level": owner.level,
    });
    selective.insert("signer".to_owned(), signer);
    selective.insert("company".to_owned(), company(&warrant.company));
    let right = json!({
        "role": role_of(warrant.role),
        "privileges": privileges(&warrant),
        "through": warrant.firm.as_ref().map(company),
    });
    selective.insert("authority".to_owned(), right);
    let expected = Expected {
        audience,
        nonce: named,
        max_age: 0,
    };
    Ok(room
        .notary()
        .attest(Attestation { open, selective }, expected)?)
}

/// The digest of the certificate that a request was signed with.
async fn certificate(hk: &HongKong, request: &SigningRequest) -> Result<String, Error> {
    let kept = hk.room().evidence(request.id, request.person).await?;
    Ok(base64url::encode(digest::sha256(&kept.certificate)))
}
