//! Signed messages (CMS, RFC 5652) beside what they sign: made in the two forms that PDF carries, and
//! judged with words that say what is wrong.
//!
//! `ETSI.CAdES.detached` (EN 319 122, PAdES baseline) binds the certificate by `signing-certificate-v2`
//! and takes the time from the file or a time-stamp; `adbe.pkcs7.detached` also carries the claimed
//! time among what is signed. Readers accept both; a verifier here does not ask which.

mod judge;
mod parse;
mod sign;

pub use judge::{Evidence, Judgement, Level, Who, Word, judge};
pub use parse::MESSAGE_BYTES;
pub(crate) use parse::Message;
pub(crate) use sign::{Content, Signing, sign};

/// Which of the two detached forms.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// `ETSI.CAdES.detached`: PAdES baseline.
    Cades,
    /// `adbe.pkcs7.detached`: what older readers and the Hong Kong contract name.
    Pkcs7,
}

impl Form {
    /// The `SubFilter` of a PDF signature dictionary.
    #[must_use]
    pub const fn sub_filter(self) -> &'static str {
        match self {
            Self::Cades => "ETSI.CAdES.detached",
            Self::Pkcs7 => "adbe.pkcs7.detached",
        }
    }
}
