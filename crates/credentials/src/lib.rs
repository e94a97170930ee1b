//! E-licences: granted to a person, carried on one phone, checked by anybody.
//!
//! A service grants a licence ([`offer`]) in its own transaction; the phone fetches it by OpenID4VCI
//! (pre-authorised code) as an SD-JWT VC bound to its key, with a pass for offline checking beside
//! it; inspectors check the pass against signed keys and status lists.
//!
//! Invariants: a licence has at most one copy that is not invalid; a copy's status follows its
//! licence in the same transaction; a code, a nonce and a DPoP proof are used once; number and
//! claims are sealed at rest; nothing redeemable can be learned from the database.

mod api;
pub mod base45;
mod error;
mod issuer;
mod licence;
pub mod metadata;
mod offer;
pub mod pass;
mod proof;
mod publish;
mod refusal;
pub mod sd_jwt;
mod sign;
pub mod status_list;
mod store;
mod verdict;

pub use api::{Desk, routes};
pub use error::{Error, explanations};
pub use issuer::Issuer;
pub use licence::{
    Act, ClaimType, Credential, Holder, Licence, LicenceState, LicenceType, NewLicence,
};
pub use offer::{Binding, Offer, OfferDocument};
pub use publish::{TRUST_LIST_TYPE, trust_list};
pub use refusal::Refusal;
pub use verdict::{Light, Outcome, Shown, ShownClaim, Verdict, check_pass, verify_pass};

pub use self::store::licence::{
    collect, drop_device, get, of_case, of_holder, offer, reinstate, reissue, revoke, suspend,
};
pub use self::store::sweep;

/// The tables of this crate.
pub static MIGRATIONS: ::store::Migrations = ::store::migrations!(
    "credentials",
    "0001_create_licence.sql",
    "0002_index_offer_expiry.sql"
);

/// Every statement of this crate, prepared on both engines by a test.
#[must_use]
pub fn statements() -> Vec<&'static ::store::Stmt> {
    self::store::statements()
}

#[cfg(test)]
mod tests;
