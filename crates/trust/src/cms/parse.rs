//! Reading a signed message: one signer, SHA-256, attributes signed. Nothing is believed yet.

use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{
    Tag,
    asn1::{ObjectIdentifier, OctetString},
};
use kernel::Time;
use x509_cert::{attr::Attributes, ext::pkix::SubjectKeyIdentifier};

use crate::{Error, asn1, digest, x509::Certified};

/// Bytes of a message that are looked at.
pub const MESSAGE_BYTES: usize = 1024 * 1024;
/// Certificates of a message that are looked at.
const CERTIFICATES_MAX: usize = 32;
/// `[0]` around the signed attributes, and the SET they are signed as (RFC 5652 section 5.4).
const SIGNED_ATTRIBUTES: u8 = 0xa0;
const SET: u8 = 0x31;

/// A message that was read but not verified.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The certificate the signature names.
    pub(crate) signer: Certified,
    pub(crate) content_type: ObjectIdentifier,
    /// The content, when it is carried inside.
    pub(crate) content: Option<Vec<u8>>,
    /// The digest the signer signed.
    pub(crate) digest: Vec<u8>,
    /// The time the signer claims.
    pub(crate) claimed: Option<Time>,
    /// A time-stamp token over the signature value, DER.
    pub(crate) stamp: Option<Vec<u8>>,
    pub(crate) signature: Vec<u8>,
    algorithm: ObjectIdentifier,
    /// The attributes as they were signed.
    signed: Vec<u8>,
    /// SHA-256 of the certificate meant, when the signer says.
    reference: Option<Vec<u8>>,
}

impl Message {
    /// Reads a message; bytes after it are padding.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MESSAGE_BYTES {
            return Err(Error::Malformed("message too long"));
        }
        let whole = asn1::first(bytes)?;
        let outer: ContentInfo = asn1::read(whole, "signed message")?;
        if outer.content_type != asn1::SIGNED_DATA {
            return Err(Error::Malformed("not a signed message"));
        }
        let message: SignedData = outer.content.decode_as()?;
        let [signer] = message.signer_infos.0.as_slice() else {
            return Err(Error::Malformed("not exactly one signature"));
        };
        let is_announced = message
            .digest_algorithms
            .iter()
            .any(|one| one.oid == asn1::SHA256);
        if signer.digest_alg.oid != asn1::SHA256 || !is_announced {
            return Err(Error::RefusedHeader("digest algorithm"));
        }
        let signed = signed_bytes(whole)?;
        let attributes = signer
            .signed_attrs
            .as_ref()
            .ok_or(Error::Malformed("no signed attributes"))?;
        let content_type = message.encap_content_info.econtent_type;
        let named: ObjectIdentifier = only(attributes, asn1::CONTENT_TYPE)?
            .ok_or(Error::Malformed("content type"))?
            .decode_as()?;
        if named != content_type {
            return Err(Error::Malformed("content type"));
        }
        let digest: OctetString = only(attributes, asn1::MESSAGE_DIGEST)?
            .ok_or(Error::Malformed("message digest"))?
            .decode_as()?;
        let content = match &message.encap_content_info.econtent {
            Some(content) => Some(content.decode_as::<OctetString>()?.as_bytes().to_vec()),
            None => None,
        };
        Ok(Self {
            signer: find_signer(signer, &certificates(&message)?)?,
            content_type,
            content,
            digest: digest.as_bytes().to_vec(),
            claimed: claimed(attributes)?,
            stamp: stamp(signer)?,
            signature: signer.signature.as_bytes().to_vec(),
            algorithm: signer.signature_algorithm.oid,
            signed,
            reference: reference(attributes)?,
        })
    }

    /// Whether the signature is the certificate's, and the certificate the one meant.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(reference) = &self.reference
            && !digest::equal(reference, &digest::sha256(&self.signer.der))
        {
            return Err(Error::BadSignature);
        }
        self.signer
            .check(&self.signed, self.algorithm, &self.signature)
    }
}

fn certificates(message: &SignedData) -> Result<Vec<Certified>, Error> {
    let Some(set) = &message.certificates else {
        return Ok(Vec::new());
    };
    if set.0.len() > CERTIFICATES_MAX {
        return Err(Error::Malformed("too many certificates"));
    }
    let mut found = Vec::with_capacity(set.0.len());
    for choice in set.0.iter() {
        if let CertificateChoices::Certificate(certificate) = choice {
            found.push(Certified::read(&asn1::write(certificate)?)?);
        }
    }
    Ok(found)
}

fn find_signer(info: &SignerInfo, certificates: &[Certified]) -> Result<Certified, Error> {
    let is_it = |one: &&Certified| {
        let body = &one.certificate.tbs_certificate;
        match &info.sid {
            SignerIdentifier::IssuerAndSerialNumber(id) => {
                id.issuer == body.issuer && id.serial_number == body.serial_number
            }
            SignerIdentifier::SubjectKeyIdentifier(id) => body
                .get::<SubjectKeyIdentifier>()
                .ok()
                .flatten()
                .is_some_and(|(_, own)| own == *id),
        }
    };
    certificates
        .iter()
        .find(is_it)
        .cloned()
        .ok_or(Error::Malformed("the signer's certificate is not carried"))
}

/// The signed attributes as they were signed: taken from the message, with the tag of a SET.
fn signed_bytes(message: &[u8]) -> Result<Vec<u8>, Error> {
    let missing = Error::Malformed("signature");
    let explicit = *asn1::parts(message)?.get(1).ok_or(missing)?;
    let data = asn1::inside(explicit)?;
    let missing = Error::Malformed("signature");
    let infos = *asn1::parts(data)?.last().ok_or(missing)?;
    let missing = Error::Malformed("signature");
    let info = *asn1::parts(infos)?.first().ok_or(missing)?;
    let attributes = asn1::parts(info)?
        .into_iter()
        .find(|part| part.first() == Some(&SIGNED_ATTRIBUTES))
        .ok_or(Error::Malformed("no signed attributes"))?;
    let mut signed = attributes.to_vec();
    if let Some(tag) = signed.first_mut() {
        *tag = SET;
    }
    Ok(signed)
}

/// The one value of the one attribute `oid`.
fn only(attributes: &Attributes, oid: ObjectIdentifier) -> Result<Option<&der::Any>, Error> {
    let mut found = attributes.iter().filter(|one| one.oid == oid);
    let (first, second) = (found.next(), found.next());
    match (first, second) {
        (None, _) => Ok(None),
        (Some(one), None) => match one.values.as_slice() {
            [value] => Ok(Some(value)),
            _ => Err(Error::Malformed("attribute")),
        },
        (Some(_), Some(_)) => Err(Error::Malformed("attribute given twice")),
    }
}

fn claimed(attributes: &Attributes) -> Result<Option<Time>, Error> {
    let Some(value) = only(attributes, asn1::SIGNING_TIME)? else {
        return Ok(None);
    };
    let value = asn1::write(value)?;
    let time: x509_cert::time::Time = asn1::read(&value, "signing time")?;
    Ok(Some(asn1::time_of(time.to_unix_duration())))
}

fn stamp(signer: &SignerInfo) -> Result<Option<Vec<u8>>, Error> {
    let Some(attributes) = &signer.unsigned_attrs else {
        return Ok(None);
    };
    only(attributes, asn1::SIGNATURE_TIME_STAMP)?
        .map(asn1::write)
        .transpose()
}

/// The certificate hash of the first `ESSCertIDv2`, when its hash is the default.
fn reference(attributes: &Attributes) -> Result<Option<Vec<u8>>, Error> {
    let Some(value) = only(attributes, asn1::SIGNING_CERTIFICATE_V2)? else {
        return Ok(None);
    };
    let value = asn1::write(value)?;
    let missing = || Error::Malformed("signing certificate");
    let list = *asn1::parts(&value)?.first().ok_or_else(missing)?;
    let first = *asn1::parts(list)?.first().ok_or_else(missing)?;
    let fields = asn1::parts(first)?;
    let hash = *fields.first().ok_or_else(missing)?;
    if hash.first() == Some(&u8::from(Tag::OctetString)) {
        return Ok(Some(asn1::inside(hash)?.to_vec()));
    }
    // A hash algorithm is named: only SHA-256 is known, and it may be written although it is the
    // default.
    let named = *asn1::parts(hash)?.first().ok_or_else(missing)?;
    if asn1::read::<ObjectIdentifier>(named, "hash")? != asn1::SHA256 {
        return Err(Error::RefusedHeader("hash of the signing certificate"));
    }
    let hash = *fields.get(1).ok_or_else(missing)?;
    Ok(Some(asn1::inside(hash)?.to_vec()))
}
