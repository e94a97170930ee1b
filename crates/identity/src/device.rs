//! A phone: the public half of a key that cannot leave it. A person has one live device, and a
//! device belongs to one person; enrolling another phone revokes the first.

use std::time::Duration;

use kernel::{Id, Time};
use serde::{Deserialize, Serialize};
use trust::{Jwk, PublicKey};
use utoipa::ToSchema;

use crate::Person;

/// Characters of the name a person gives a phone.
pub(crate) const DEVICE_NAME_CHARS: usize = 60;

/// How exactly `last_seen` is kept: one write in this time at most.
pub(crate) const SEEN_STEP: Duration = Duration::from_secs(60);

/// The event that asks for licences to be issued again to the new phone. Data: person, and
/// device and replaced as key thumbprints.
pub const DEVICE_REPLACED: &str = "causeway.device.replaced.v1";
/// The event of a first phone. Data: person, device (its key's thumbprint).
pub const DEVICE_ENROLLED: &str = "causeway.device.enrolled.v1";

/// The event of a phone given up with none in its place. Data: person, replaced (its
/// key's thumbprint).
pub const DEVICE_REVOKED: &str = "causeway.device.revoked.v1";

/// A P-256 public key as a JWK (RFC 7517, RFC 7518 section 6.2) and nothing more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicJwk {
    pub kty: String,
    pub crv: String,
    pub x: String,
    pub y: String,
}

impl PublicJwk {
    /// The key, checked to be a point on the curve.
    ///
    /// # Errors
    /// Another key type or curve, or coordinates that are not on it.
    pub fn public_key(&self) -> Result<PublicKey, trust::Error> {
        let jwk = Jwk {
            kty: self.kty.clone(),
            crv: self.crv.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
            kid: None,
            alg: None,
            r#use: None,
        };
        jwk.public_key()
    }
}

impl From<&PublicKey> for PublicJwk {
    fn from(key: &PublicKey) -> Self {
        let Jwk { kty, crv, x, y, .. } = key.jwk();
        Self { kty, crv, x, y }
    }
}

/// A phone as stored.
#[derive(Clone, PartialEq, Debug)]
pub struct Device {
    pub id: Id<Device>,
    pub person: Id<Person>,
    pub name: String,
    pub jwk: PublicJwk,
    pub thumbprint: String,
    pub created: Time,
    pub last_seen: Time,
    pub revoked: Option<Time>,
}

impl Device {
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.revoked.is_none()
    }
}
