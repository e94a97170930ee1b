//! Making a signed message over a digest.

use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{
        CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo,
        SignerInfos,
    },
};
use der::{
    Any, Encode, Tag,
    asn1::{ObjectIdentifier, OctetString, SetOfVec},
};
use kernel::Time;
use x509_cert::{attr::Attribute, certificate::Certificate};

use super::Form;
use crate::{Error, Signer, asn1, digest};

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'c> {
    /// Kept apart: only its SHA-256 is known here.
    Apart([u8; 32]),
    /// Carried inside, of a type of its own (a time-stamp).
    Inside(ObjectIdentifier, &'c [u8]),
}

/// A signed message wanted.
pub(crate) struct Signing<'s> {
    pub(crate) form: Form,
    pub(crate) content: Content<'s>,
    pub(crate) key: &'s dyn Signer,
    /// The signer's certificate, DER.
    pub(crate) certificate: &'s [u8],
    /// Other certificates to carry, DER: the authority's.
    pub(crate) others: &'s [Vec<u8>],
    pub(crate) at: Time,
}

/// Gives the time-stamp token (DER) over the SHA-256 of a signature value.
pub(crate) type Stamp<'s> = &'s dyn Fn(&[u8; 32]) -> Result<Vec<u8>, Error>;

/// The message, DER.
pub(crate) fn sign(signing: &Signing<'_>, stamp: Option<Stamp<'_>>) -> Result<Vec<u8>, Error> {
    let own: Certificate = asn1::read(signing.certificate, "certificate")?;
    let (kind, inside, hash) = match signing.content {
        Content::Apart(hash) => (asn1::DATA, None, hash),
        Content::Inside(kind, bytes) => (kind, Some(bytes), digest::sha256(bytes)),
    };
    let attributes = attributes(signing, kind, &hash)?;
    let signed = asn1::write(&attributes)?;
    let signature = signing.key.sign_digest(&digest::sha256(signed))?;
    let stamped = stamp.map(|stamp| stamp(&digest::sha256(&signature)));
    let unsigned = match stamped.transpose()? {
        Some(token) => Some(set([raw_attribute(asn1::SIGNATURE_TIME_STAMP, &token)?])?),
        None => None,
    };
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: own.tbs_certificate.issuer.clone(),
            serial_number: own.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: asn1::sha256_algorithm(),
        signed_attrs: Some(attributes),
        signature_algorithm: signing.key.algorithm().identifier(),
        signature: OctetString::new(signature)?,
        unsigned_attrs: unsigned,
    };
    let content = inside.map(|bytes| Any::encode_from(&OctetString::new(bytes)?));
    let message = SignedData {
        version: if kind == asn1::DATA {
            CmsVersion::V1
        } else {
            CmsVersion::V3
        },
        digest_algorithms: set([asn1::sha256_algorithm()])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: kind,
            econtent: content.transpose()?,
        },
        certificates: certificates(own, signing.others)?,
        crls: None,
        signer_infos: SignerInfos(set([signer])?),
    };
    asn1::write(&ContentInfo {
        content_type: asn1::SIGNED_DATA,
        content: Any::encode_from(&message)?,
    })
}

fn certificates(own: Certificate, others: &[Vec<u8>]) -> Result<Option<CertificateSet>, Error> {
    let mut all = SetOfVec::new();
    all.insert(CertificateChoices::Certificate(own))?;
    for other in others {
        let other = asn1::read(other, "certificate")?;
        all.insert(CertificateChoices::Certificate(other))?;
    }
    Ok(Some(CertificateSet(all)))
}

fn attributes(
    signing: &Signing<'_>,
    kind: ObjectIdentifier,
    hash: &[u8; 32],
) -> Result<SetOfVec<Attribute>, Error> {
    let mut all = vec![
        attribute(asn1::CONTENT_TYPE, &kind)?,
        attribute(asn1::MESSAGE_DIGEST, &asn1::octets(hash)?)?,
        raw_attribute(
            asn1::SIGNING_CERTIFICATE_V2,
            &certificate_reference(signing.certificate)?,
        )?,
    ];
    let is_stamp = kind != asn1::DATA;
    if signing.form == Form::Pkcs7 && !is_stamp {
        all.push(attribute(
            asn1::SIGNING_TIME,
            &asn1::x509_time(signing.at)?,
        )?);
    }
    set(all)
}

/// `SigningCertificateV2` with one `ESSCertIDv2` of the default hash (RFC 5035 section 3).
fn certificate_reference(certificate: &[u8]) -> Result<Vec<u8>, Error> {
    let hash = asn1::octets(&digest::sha256(certificate))?.to_der()?;
    let mut nested = hash;
    for _ in 0..3 {
        nested = Any::new(Tag::Sequence, nested)?.to_der()?;
    }
    Ok(nested)
}

fn attribute<T: Encode + der::Tagged + der::EncodeValue>(
    oid: ObjectIdentifier,
    value: &T,
) -> Result<Attribute, Error> {
    raw_attribute(oid, &asn1::write(value)?)
}

fn raw_attribute(oid: ObjectIdentifier, value: &[u8]) -> Result<Attribute, Error> {
    Ok(Attribute {
        oid,
        values: set([asn1::read::<Any>(value, "attribute")?])?,
    })
}

fn set<T: der::DerOrd>(values: impl IntoIterator<Item = T>) -> Result<SetOfVec<T>, Error> {
    let mut all = SetOfVec::new();
    for value in values {
        all.insert(value)?;
    }
    Ok(all)
}
