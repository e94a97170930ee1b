//! Checking a certificate against the anchors: who issued it, when it held, what it may be used for.

use kernel::Time;
use x509_cert::Certificate;

use super::Profile;
use crate::{
    Error, asn1,
    cms::{Evidence, Who},
    digest, signer,
};

/// Why a certificate does not carry a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// No anchor issued it.
    Untrusted,
    /// Outside its dates.
    Expired,
    /// Certified for something else.
    WrongProfile,
}

/// A certificate with the bytes it came in.
#[derive(Clone, Debug)]
pub(crate) struct Certified {
    pub(crate) der: Vec<u8>,
    pub(crate) certificate: Certificate,
}

impl Certified {
    pub(crate) fn read(der: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            certificate: asn1::read(der, "certificate")?,
            der: der.to_vec(),
        })
    }

    /// The serial number as it stands in records: hexadecimal, lower case.
    pub(crate) fn serial(&self) -> String {
        digest::hex(self.certificate.tbs_certificate.serial_number.as_bytes())
    }

    pub(crate) fn from(&self) -> Time {
        let validity = &self.certificate.tbs_certificate.validity;
        asn1::time_of(validity.not_before.to_unix_duration())
    }

    pub(crate) fn until(&self) -> Time {
        let validity = &self.certificate.tbs_certificate.validity;
        asn1::time_of(validity.not_after.to_unix_duration())
    }

    /// Whom it names.
    pub(crate) fn who(&self) -> Option<Who> {
        let subject = &self.certificate.tbs_certificate.subject;
        Some(Who {
            name: asn1::in_name(subject, asn1::COMMON_NAME)?,
            chinese: asn1::in_name(subject, asn1::OTHER_NAME),
            serial: asn1::in_name(subject, asn1::SERIAL),
            organisation: asn1::in_name(subject, asn1::ORGANIZATION),
            registered: asn1::in_name(subject, asn1::ORGANIZATION_IDENTIFIER),
            certificate: self.serial(),
            valid_from: self.from(),
            valid_until: self.until(),
        })
    }

    pub(crate) fn holds_at(&self, at: Time) -> bool {
        (self.from().seconds()..=self.until().seconds()).contains(&at.seconds())
    }

    /// Whether `issuer` signed this certificate.
    pub(crate) fn is_issued_by(&self, issuer: &Self) -> bool {
        let own = &self.certificate;
        let above = &issuer.certificate.tbs_certificate;
        if own.tbs_certificate.issuer != above.subject
            || own.tbs_certificate.signature != own.signature_algorithm
        {
            return false;
        }
        // The first element of a certificate is what was signed.
        let Ok(parts) = asn1::parts(&self.der) else {
            return false;
        };
        let signed = parts.first().copied().unwrap_or_default();
        signer::check(
            &above.subject_public_key_info,
            own.signature_algorithm.oid,
            signed,
            own.signature.raw_bytes(),
        )
        .is_ok()
    }

    pub(crate) fn check(
        &self,
        message: &[u8],
        claimed: der::asn1::ObjectIdentifier,
        signature: &[u8],
    ) -> Result<(), Error> {
        let key = &self.certificate.tbs_certificate.subject_public_key_info;
        signer::check(key, claimed, message, signature)
    }
}

/// A certificate and the anchor that issued it.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) leaf: Certified,
    pub(crate) anchor: Certified,
}

/// Connects `leaf` to one of `anchors` (DER) and checks it at `at` for `profile`.
pub(crate) fn chain(
    leaf: Certified,
    anchors: &[Vec<u8>],
    profile: Profile,
    at: Time,
) -> Result<Chain, Fault> {
    let anchor = anchors
        .iter()
        .filter_map(|der| Certified::read(der).ok())
        .filter(|anchor| Profile::Authority.allows(&anchor.certificate))
        .find(|anchor| leaf.is_issued_by(anchor))
        .ok_or(Fault::Untrusted)?;
    if !profile.allows(&leaf.certificate) {
        return Err(Fault::WrongProfile);
    }
    if !leaf.holds_at(at) || !anchor.holds_at(at) {
        return Err(Fault::Expired);
    }
    Ok(Chain { leaf, anchor })
}

/// What the evidence says of the leaf: since when it is taken back, or that it is not.
pub(crate) fn said_of(chain: &Chain, evidence: &Evidence) -> Vec<Option<Time>> {
    let serial = &chain.leaf.certificate.tbs_certificate.serial_number;
    let answers = evidence
        .answers
        .iter()
        .filter_map(|answer| super::check_answer(answer, &chain.anchor, serial));
    let lists = evidence
        .lists
        .iter()
        .filter_map(|list| super::check_crl(list, &chain.anchor, &chain.leaf.serial()));
    answers.chain(lists).collect()
}

/// Since when the leaf is taken back; the earliest that anything says.
pub(crate) fn revoked_at(chain: &Chain, evidence: &Evidence) -> Option<Time> {
    said_of(chain, evidence)
        .into_iter()
        .flatten()
        .min_by_key(|since| since.micros())
}
