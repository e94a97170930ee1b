//! The caller of the phone's API: a device key that has just signed this very request.

use axum::{
    body::Bytes,
    extract::{FromRef, FromRequest, Request},
    http::HeaderMap,
};
use kernel::Actor;
use serde::de::DeserializeOwned;
use trust::PublicKey;
use web::{Door, Failure, Rate};

use crate::{
    Device, Error, Identity, Person, PublicJwk,
    api::SHOWN_BODY_BYTES,
    device::SEEN_STEP,
    proof::{self, Asked, PROOF_TYP, Proof, ProofError},
    store::{device, person, token},
};

/// The header that carries the proof.
const HEADER: &str = "device-proof";

/// An enrolled phone and its person: the extractor of every endpoint below `/app/api`, here and in
/// the pages above.
#[derive(Debug)]
pub struct Phone {
    pub device: Device,
    pub person: Person,
    body: Bytes,
}

/// A phone that is not enrolled yet: it carries its key with it.
#[derive(Debug)]
pub(crate) struct NewPhone {
    pub(crate) jwk: PublicJwk,
    body: Bytes,
}

impl Phone {
    /// The body as a declared type.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not that.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|_| Error::Malformed("body"))
    }

    /// The person as the author of a write.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Resident {
            person: self.person.id.to_string(),
            company: None,
        }
    }
}

impl NewPhone {
    /// The body as a declared type.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|_| Error::Malformed("body"))
    }
}

/// A request taken apart, with its proof still to be believed.
struct Signed {
    token: trust::jws::Unverified,
    method: String,
    path: String,
    body: Bytes,
}

async fn take(request: Request) -> Result<Signed, Error> {
    let token = header(request.headers())?;
    let token = proof::parse(&token)?;
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), SHOWN_BODY_BYTES)
        .await
        .map_err(|_| Error::Malformed("body"))?;
    Ok(Signed {
        token,
        method,
        path,
        body,
    })
}

fn header(headers: &HeaderMap) -> Result<String, Error> {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
        .ok_or(Error::Proof(ProofError::Shape))
}

/// Checks signature, freshness and request, then marks the token as used.
async fn check(
    identity: &Identity,
    signed: Signed,
    key: &PublicKey,
    device: Option<&Device>,
) -> Result<Bytes, Error> {
    let Signed {
        token,
        method,
        path,
        body,
    } = signed;
    let verified = token.verify(PROOF_TYP, key).map_err(ProofError::from)?;
    let proof: Proof = verified.claims().map_err(ProofError::from)?;
    let store = identity.store();
    proof::check_fresh(proof.iat, &proof.jti, store.env().now())?;
    proof::check_request(
        &proof,
        Asked {
            method: &method,
            path: &path,
            body: &body,
        },
    )?;
    let thumbprint = key.thumbprint();
    let now = store.env().now();
    let touched = device.filter(|device| now.since(device.last_seen) >= SEEN_STEP);
    let touched = touched.map(|device| device.id);
    store
        .write(&Actor::system("identity"), move |tx| {
            let (thumbprint, jti) = (thumbprint.clone(), proof.jti.clone());
            async move {
                token::use_in(&tx, &thumbprint, &jti).await?;
                match touched {
                    Some(device) => device::touch_in(&tx, device).await,
                    None => Ok(()),
                }
            }
        })
        .await?;
    Ok(body)
}

/// What is counted of phones: failures to prove a device's key at one address, and of people: calls.
const COUNTED: &str = "phone";

/// A phone that proves its key is counted as its person; who cannot prove it waits, at that address.
async fn phone(identity: &Identity, request: Request) -> Result<Phone, Failure> {
    let door = Door::of(&request)?;
    let signed = take(request).await?;
    let claimed = door.here(signed.token.header().kid.as_deref().unwrap_or_default());
    door.check_held(COUNTED, &claimed)?;
    match known_phone(identity, signed).await {
        Ok(phone) => {
            door.count(Rate::Any, "person", &phone.person.id.to_string())?;
            Ok(phone)
        }
        Err(error) => {
            if matches!(error, Error::Proof(_) | Error::UnknownDevice) {
                door.failed(COUNTED, &claimed);
            }
            Err(error.into())
        }
    }
}

async fn known_phone(identity: &Identity, signed: Signed) -> Result<Phone, Error> {
    let kid = signed
        .token
        .header()
        .kid
        .clone()
        .ok_or(Error::Proof(ProofError::Shape))?;
    let store = identity.store();
    let device = device::find_device(store, &kid)
        .await?
        .ok_or(Error::UnknownDevice)?;
    let body = check(identity, signed, &device.jwk.public_key()?, Some(&device)).await?;
    if !device.is_live() {
        return Err(Error::UnknownDevice);
    }
    let person = person::find_person(store, device.person)
        .await?
        .ok_or(Error::UnknownDevice)?;
    if !person.is_active() {
        return Err(Error::Inactive);
    }
    Ok(Phone {
        device,
        person,
        body,
    })
}

async fn new_phone(identity: &Identity, request: Request) -> Result<NewPhone, Error> {
    let signed = take(request).await?;
    let key = signed
        .token
        .carried_key()
        .map_err(|_| Error::Proof(ProofError::Shape))?;
    let body = check(identity, signed, &key, None).await?;
    Ok(NewPhone {
        jwk: PublicJwk::from(&key),
        body,
    })
}

impl<S: Send + Sync> FromRequest<S> for Phone
where
    Identity: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        phone(&Identity::from_ref(state), request).await
    }
}

impl FromRequest<Identity> for NewPhone {
    type Rejection = Failure;

    async fn from_request(request: Request, identity: &Identity) -> Result<Self, Failure> {
        Ok(new_phone(identity, request).await?)
    }
}
