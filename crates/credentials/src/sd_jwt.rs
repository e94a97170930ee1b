//! SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc): issuing with every personal claim behind its
//! own disclosure, and verifying with every check of RFC 9901 section 7. Compact form only.

mod issue;
mod verify;

pub use issue::{Issued, Subject, issue};
pub use verify::{Claims, Expected, KeyBinding, verify, verify_presentation};

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
