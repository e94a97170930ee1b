//! The little of DER that the ASN.1 crates leave to us: elements as received, names, times, and the
//! object identifiers of the standards implemented here.
//!
//! Signatures are always checked over the bytes as received, never over a re-encoding.

use std::time::Duration;

use der::{
    Any, DateTime, Decode, Encode, Reader, SliceReader, Tag,
    asn1::{
        BitString, GeneralizedTime, ObjectIdentifier, OctetString, PrintableStringRef, SetOfVec,
        UtcTime, Utf8StringRef,
    },
};
use kernel::Time;
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::{Name, RdnSequence, RelativeDistinguishedName},
    spki::AlgorithmIdentifierOwned,
    time::Time as X509Time,
};

use crate::Error;

pub(crate) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(crate) const SIGNED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(crate) const TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
pub(crate) const CONTENT_TYPE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub(crate) const SIGNING_TIME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
/// RFC 5035: binds the signature to one certificate.
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// RFC 3161 appendix A: the time-stamp over the signature value.
pub(crate) const SIGNATURE_TIME_STAMP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
pub(crate) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(crate) const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
pub(crate) const ECDSA_SHA256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const RSA_SHA256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const TIME_STAMPING: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
pub(crate) const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

pub(crate) const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
pub(crate) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
pub(crate) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
pub(crate) const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
/// X.520 `name`: here the Chinese name, beside the English one in the common name.
pub(crate) const OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.41");
/// X.520 `organizationIdentifier`: the number of an organisation in its register.
pub(crate) const ORGANIZATION_IDENTIFIER: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.5.4.97");

/// Elements of one SEQUENCE or SET that are looked at.
const PARTS_MAX: usize = 4_096;
/// The last second that is written as `UTCTime`: the end of 2049 (RFC 5280 section 4.1.2.5).
const UTC_TIME_END: i64 = 2_524_608_000;

impl From<der::Error> for Error {
    fn from(_: der::Error) -> Self {
        Self::Malformed("DER")
    }
}

/// The value of one constructed element, whatever its tag.
pub(crate) fn inside(element: &[u8]) -> Result<&[u8], Error> {
    let mut reader = SliceReader::new(element)?;
    let header = der::Header::decode(&mut reader)?;
    let value = reader.read_slice(header.length)?;
    Ok(value)
}

/// The elements of a SEQUENCE or SET, each as received with its tag and length.
pub(crate) fn parts(element: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut reader = SliceReader::new(inside(element)?)?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        if found.len() == PARTS_MAX {
            return Err(Error::Malformed("too many elements"));
        }
        found.push(reader.tlv_bytes()?);
    }
    Ok(found)
}

/// The first whole element of `bytes`: what follows it is padding.
pub(crate) fn first(bytes: &[u8]) -> Result<&[u8], Error> {
    Ok(SliceReader::new(bytes)?.tlv_bytes()?)
}

/// A moment with whole seconds, as X.509 writes it.
pub(crate) fn x509_time(at: Time) -> Result<X509Time, Error> {
    let since = Duration::from_secs(u64::try_from(at.seconds()).unwrap_or_default());
    if at.seconds() < UTC_TIME_END {
        Ok(X509Time::UtcTime(UtcTime::from_unix_duration(since)?))
    } else {
        Ok(X509Time::GeneralTime(general_time(at)?))
    }
}

pub(crate) fn general_time(at: Time) -> Result<GeneralizedTime, Error> {
    let since = Duration::from_secs(u64::try_from(at.seconds()).unwrap_or_default());
    let date = DateTime::from_unix_duration(since)?;
    Ok(GeneralizedTime::from_date_time(date))
}

pub(crate) fn time_of(since: Duration) -> Time {
    Time::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// A distinguished name in the order given.
pub(crate) fn name(values: &[(ObjectIdentifier, &str)]) -> Result<Name, Error> {
    let mut sequence = Vec::with_capacity(values.len());
    for (oid, value) in values {
        let value = if *oid == COUNTRY || *oid == SERIAL {
            Any::encode_from(&PrintableStringRef::new(value)?)?
        } else {
            Any::encode_from(&Utf8StringRef::new(value)?)?
        };
        let mut set = SetOfVec::new();
        set.insert(AttributeTypeAndValue { oid: *oid, value })?;
        sequence.push(RelativeDistinguishedName(set));
    }
    Ok(RdnSequence(sequence))
}

/// The text of the first attribute `oid` of a name.
pub(crate) fn in_name(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    name.0
        .iter()
        .flat_map(|set| set.0.iter())
        .find(|one| one.oid == oid)
        .and_then(|one| match der::Tagged::tag(&one.value) {
            Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
                std::str::from_utf8(one.value.value()).ok()
            }
            _ => None,
        })
        .map(str::to_owned)
}

pub(crate) fn sha256_algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: SHA256,
        parameters: None,
    }
}

pub(crate) fn bits(bytes: &[u8]) -> Result<BitString, Error> {
    Ok(BitString::from_bytes(bytes)?)
}

pub(crate) fn octets(bytes: &[u8]) -> Result<OctetString, Error> {
    Ok(OctetString::new(bytes)?)
}

/// `bytes` decoded whole.
pub(crate) fn read<'a, T: Decode<'a>>(bytes: &'a [u8], what: &'static str) -> Result<T, Error> {
    T::from_der(bytes).map_err(|_| Error::Malformed(what))
}

pub(crate) fn write<T: Encode>(value: &T) -> Result<Vec<u8>, Error> {
    Ok(value.to_der()?)
}
