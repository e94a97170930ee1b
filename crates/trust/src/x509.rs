//! Certificates for documents: the authority that issues them, people's short-lived ones, the
//! platform's seal, the time-stamp authority and the answerer of status requests; with revocation
//! lists (RFC 5280) and status answers (RFC 6960), made and checked.
//!
//! This is another authority than the root of [`crate::ca`], which inspectors' devices pin: documents
//! leave the platform with their chain, and their authority can be renewed while the old one stays an
//! anchor for what was signed under it.

mod check;
mod crl;
mod issue;
mod ocsp;
mod profile;

pub(crate) use check::{Certified, Fault, chain, revoked_at, said_of};
pub use crl::{CRL_DAYS, REVOKED_MAX, Revoked};
pub(crate) use crl::{check_crl, make_crl};
pub(crate) use issue::{Life, Order, Places, authority, issue};
pub use issue::{Organization, Subject};
pub(crate) use ocsp::{Asked, answer, check_answer, read_request, refuse, request_for};
pub use ocsp::{OCSP_DAYS, OCSP_REQUEST_BYTES, Reason, Standing};
pub use profile::Profile;
