//! SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc): issuing with every personal claim behind its
//! own disclosure, presenting, and verifying with every check of RFC 9901 section 7. Compact form
//! only. Licences on phones and attestations of a signer's authority speak it.

mod issue;
mod present;
mod verify;

use serde::{Deserialize, Serialize};

pub use issue::{Issued, Subject, issue};
pub use present::present;
pub use verify::{Claims, Expected, KeyBinding, open_presentation, verify, verify_presentation};

/// Where a credential stands on a status list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusRef {
    pub idx: u32,
    pub uri: String,
}

/// The media type in `typ`.
pub const TYPE: &str = "dc+sd-jwt";
/// The media type of a key binding token.
pub const KEY_BINDING_TYPE: &str = "kb+jwt";
/// Disclosures one credential may carry.
pub const DISCLOSURES: usize = 64;
/// Characters of one presentation.
pub const PRESENTATION_CHARS: usize = 128 * 1024;
/// Clock difference accepted either way.
pub const SKEW_SECONDS: i64 = 60;
