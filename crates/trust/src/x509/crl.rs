//! The revocation list (RFC 5280 section 5): every certificate of one authority that was taken back
//! before its end.

use std::time::Duration;

use der::asn1::{ObjectIdentifier, OctetString, Uint};
use kernel::Time;
use x509_cert::{
    Version,
    crl::{CertificateList, RevokedCert, TbsCertList},
    ext::pkix::{AuthorityKeyIdentifier, CrlNumber, CrlReason},
    serial_number::SerialNumber,
};

use super::{Reason, check::Certified, issue::extension};
use crate::{Error, Signer, asn1, digest, signer};

/// Days until the next list is promised.
pub const CRL_DAYS: u64 = 1;
/// Entries of one list; certificates of people live a day, so a list stays short.
pub const REVOKED_MAX: usize = 100_000;

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const CRL_REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// A certificate that was taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revoked {
    /// Hexadecimal, lower case.
    pub serial: String,
    pub at: Time,
    pub reason: Reason,
}

/// The list of `issuer` (DER) signed at `now`, DER. Its number is the second it was made in.
pub(crate) fn make_crl(
    issuer: &[u8],
    key: &dyn Signer,
    revoked: &[Revoked],
    now: Time,
) -> Result<Vec<u8>, Error> {
    if revoked.len() > REVOKED_MAX {
        return Err(Error::Malformed("too many revoked certificates"));
    }
    let issuer = Certified::read(issuer)?.certificate.tbs_certificate;
    let entries: Vec<RevokedCert> = revoked.iter().map(entry).collect::<Result<_, _>>()?;
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(signer::key_identifier(
            &issuer.subject_public_key_info,
        ))?),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    };
    let number = CrlNumber(Uint::new(&now.seconds().unsigned_abs().to_be_bytes())?);
    let list = TbsCertList {
        version: Version::V2,
        signature: key.algorithm().identifier(),
        issuer: issuer.subject,
        this_update: asn1::x509_time(now)?,
        next_update: Some(asn1::x509_time(
            now + Duration::from_secs(CRL_DAYS * 86_400),
        )?),
        revoked_certificates: (!entries.is_empty()).then_some(entries),
        crl_extensions: Some(vec![
            extension(AUTHORITY_KEY_IDENTIFIER, false, &identifier)?,
            extension(CRL_NUMBER, false, &number)?,
        ]),
    };
    let signature = key.sign_digest(&digest::sha256(asn1::write(&list)?))?;
    asn1::write(&CertificateList {
        tbs_cert_list: list,
        signature_algorithm: key.algorithm().identifier(),
        signature: asn1::bits(&signature)?,
    })
}

fn entry(revoked: &Revoked) -> Result<RevokedCert, Error> {
    let serial = digest::unhex(&revoked.serial).ok_or(Error::Malformed("serial"))?;
    Ok(RevokedCert {
        serial_number: SerialNumber::new(&serial)?,
        revocation_date: asn1::x509_time(revoked.at)?,
        crl_entry_extensions: Some(vec![extension(
            CRL_REASON,
            false,
            &CrlReason::from(revoked.reason),
        )?]),
    })
}

/// What the list (DER) says of `serial`, once its signature by `issuer` holds: when it was revoked,
/// or that it was not. None when the list is another authority's or does not verify.
pub(crate) fn check_crl(list: &[u8], issuer: &Certified, serial: &str) -> Option<Option<Time>> {
    let parsed: CertificateList = asn1::read(list, "list").ok()?;
    let signed = *asn1::parts(list).ok()?.first()?;
    if parsed.tbs_cert_list.issuer != issuer.certificate.tbs_certificate.subject {
        return None;
    }
    issuer
        .check(
            signed,
            parsed.signature_algorithm.oid,
            parsed.signature.raw_bytes(),
        )
        .ok()?;
    let found = parsed
        .tbs_cert_list
        .revoked_certificates
        .iter()
        .flatten()
        .find(|one| digest::hex(one.serial_number.as_bytes()) == serial)
        .map(|one| asn1::time_of(one.revocation_date.to_unix_duration()));
    Some(found)
}
