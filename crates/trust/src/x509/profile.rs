//! What a certificate of the document authority may be used for. A certificate of one profile is
//! refused where another is wanted, whoever issued it.

use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages},
};

use crate::asn1;

/// The use of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Profile {
    /// Signs certificates and revocation lists, nothing else.
    Authority,
    /// A person's declared will: key usage `nonRepudiation` alone, for one day.
    Person,
    /// A company's chop, put by one of its people: key usage `nonRepudiation` alone, for one day.
    Company,
    /// The platform's seal on its own documents: key usage `nonRepudiation` alone.
    Seal,
    /// Time-stamps: extended key usage `timeStamping` alone and critical (RFC 3161 section 2.3).
    TimeStamp,
    /// Answers about the standing of certificates (RFC 6960 section 4.2.2.2).
    Status,
}

impl Profile {
    /// The word in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Person => "person",
            Self::Company => "company",
            Self::Seal => "seal",
            Self::TimeStamp => "time_stamp",
            Self::Status => "status",
        }
    }

    pub(super) fn key_usage(self) -> KeyUsage {
        KeyUsage(match self {
            Self::Authority => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            Self::Person | Self::Company | Self::Seal => KeyUsages::NonRepudiation.into(),
            Self::TimeStamp | Self::Status => KeyUsages::DigitalSignature.into(),
        })
    }

    /// Whether `certificate` may be used so.
    pub(crate) fn allows(self, certificate: &Certificate) -> bool {
        let body = &certificate.tbs_certificate;
        let usage = body.get::<KeyUsage>().ok().flatten();
        let extended = body.get::<ExtendedKeyUsage>().ok().flatten();
        let is_authority = body
            .get::<BasicConstraints>()
            .ok()
            .flatten()
            .is_some_and(|(_, constraints)| constraints.ca);
        let Some((_, usage)) = usage else {
            return false;
        };
        let is_only = |oid| {
            extended.as_ref().is_some_and(|(critical, uses)| {
                uses.0 == [oid] && (*critical || self != Self::TimeStamp)
            })
        };
        match self {
            Self::Authority => is_authority && usage.key_cert_sign(),
            Self::Person | Self::Company | Self::Seal => {
                !is_authority && usage.non_repudiation() && extended.is_none()
            }
            Self::TimeStamp => {
                !is_authority && usage.digital_signature() && is_only(asn1::TIME_STAMPING)
            }
            Self::Status => !is_authority && is_only(asn1::OCSP_SIGNING),
        }
    }
}
