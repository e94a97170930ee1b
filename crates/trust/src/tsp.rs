//! Time-stamps (RFC 3161): the authority that answers requests, and the reader of its tokens.
//!
//! The structures are written out here: the crate that has them brings certificate management
//! protocols along, which nobody else in this house needs.

use der::{
    Any, Encode as _, Sequence, Tag, ValueOrd,
    asn1::{GeneralizedTime, Int, ObjectIdentifier, OctetString},
};
use kernel::{Env, Time};
use x509_cert::{
    ext::{Extensions, pkix::name::GeneralName},
    spki::AlgorithmIdentifierOwned,
};

use crate::{
    Error, Signer, asn1,
    cms::{Content, Form, Message, Signing, sign},
    digest,
    x509::{self, Fault, Profile},
};

/// Bytes of a request that are looked at.
pub const REQUEST_BYTES: usize = 8 * 1024;
/// Bytes of a nonce that is sent back.
const NONCE_BYTES: usize = 64;

/// The policy under which this authority stamps: the clock of the machine, kept by its operator. Under
/// the arc that RFC 5612 sets aside for examples, until an installation has its own.
pub const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.2");
/// Seconds by which a stamp may be off.
const ACCURACY_SECONDS: u32 = 1;
/// The hashes whose values are stamped, with their lengths.
const HASHES: [(ObjectIdentifier, usize); 3] = [
    (asn1::SHA256, 32),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), 48),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), 64),
];

#[derive(Clone, Debug, PartialEq, Eq, Sequence, ValueOrd)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

#[derive(Clone, Debug, Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    req_policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    cert_req: bool,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Clone, Debug, Sequence)]
struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

#[derive(Clone, Debug, Sequence)]
struct TstInfo {
    version: u8,
    policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    gen_time: GeneralizedTime,
    #[asn1(optional = "true")]
    accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<GeneralName>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

/// Why a request gets no stamp: the bit of `PKIFailureInfo`.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    BadAlgorithm = 0,
    BadRequest = 2,
    BadFormat = 5,
    Policy = 15,
    Extension = 16,
}

/// The keys of the time-stamp authority.
pub(crate) struct Stamper<'s> {
    pub(crate) key: &'s dyn Signer,
    /// Its certificate, DER.
    pub(crate) certificate: &'s [u8],
    /// The authority's, DER.
    pub(crate) above: &'s [Vec<u8>],
    pub(crate) env: &'s Env,
}

/// The answer (DER) to a request as it came in.
pub(crate) fn respond(stamper: &Stamper<'_>, request: &[u8]) -> Result<Vec<u8>, Error> {
    let asked = match read(request) {
        Ok(asked) => asked,
        Err(refusal) => return refused(refusal),
    };
    let others: &[Vec<u8>] = if asked.cert_req { stamper.above } else { &[] };
    let token = token(stamper, asked.message_imprint, asked.nonce, others)?;
    let granted = Any::new(Tag::Sequence, 0u8.to_der()?)?.to_der()?;
    let body = [granted, token].concat();
    Ok(Any::new(Tag::Sequence, body)?.to_der()?)
}

/// A token over a SHA-256, without asking over the wire.
pub(crate) fn stamp(stamper: &Stamper<'_>, hash: &[u8; 32]) -> Result<Vec<u8>, Error> {
    let imprint = MessageImprint {
        hash_algorithm: asn1::sha256_algorithm(),
        hashed_message: asn1::octets(hash)?,
    };
    token(stamper, imprint, None, stamper.above)
}

fn read(request: &[u8]) -> Result<TimeStampReq, Refusal> {
    if request.len() > REQUEST_BYTES {
        return Err(Refusal::BadFormat);
    }
    let asked: TimeStampReq =
        asn1::read(request, "time-stamp request").map_err(|_| Refusal::BadFormat)?;
    let imprint = &asked.message_imprint;
    let length = HASHES
        .iter()
        .find(|(oid, _)| *oid == imprint.hash_algorithm.oid)
        .map(|(_, length)| *length)
        .ok_or(Refusal::BadAlgorithm)?;
    let is_long = asked
        .nonce
        .as_ref()
        .is_some_and(|nonce| nonce.as_bytes().len() > NONCE_BYTES);
    if asked.version != 1 || imprint.hashed_message.as_bytes().len() != length || is_long {
        return Err(Refusal::BadRequest);
    }
    if asked.req_policy.is_some_and(|policy| policy != POLICY) {
        return Err(Refusal::Policy);
    }
    if asked.extensions.is_some() {
        return Err(Refusal::Extension);
    }
    Ok(asked)
}

fn token(
    stamper: &Stamper<'_>,
    imprint: MessageImprint,
    nonce: Option<Int>,
    others: &[Vec<u8>],
) -> Result<Vec<u8>, Error> {
    let now = stamper.env.now();
    let mut serial: [u8; 16] = stamper.env.bytes();
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    let info = TstInfo {
        version: 1,
        policy: POLICY,
        message_imprint: imprint,
        serial_number: Int::new(&serial)?,
        gen_time: asn1::general_time(now)?,
        accuracy: Some(Accuracy {
            seconds: Some(ACCURACY_SECONDS),
            millis: None,
            micros: None,
        }),
        ordering: false,
        nonce,
        tsa: None,
        extensions: None,
    };
    let content = asn1::write(&info)?;
    let signing = Signing {
        form: Form::Cades,
        content: Content::Inside(asn1::TST_INFO, &content),
        key: stamper.key,
        certificate: stamper.certificate,
        others,
        at: now,
    };
    sign(&signing, None)
}

/// `TimeStampResp` with status `rejection` and the reason as a bit.
fn refused(refusal: Refusal) -> Result<Vec<u8>, Error> {
    let bit = refusal as usize;
    let mut bits = vec![0u8; bit / 8 + 1];
    if let Some(byte) = bits.last_mut() {
        *byte = 0x80 >> (bit % 8);
    }
    let unused = u8::try_from(7 - bit % 8).unwrap_or_default();
    let info = der::asn1::BitString::new(unused, bits)?.to_der()?;
    let status = Any::new(Tag::Sequence, [2u8.to_der()?, info].concat())?.to_der()?;
    Ok(Any::new(Tag::Sequence, status)?.to_der()?)
}

/// Checks a token (DER) over a SHA-256 against the anchors and gives its time.
///
/// # Errors
/// [`Error::BadSignature`] when it stamps something else or does not verify;
/// [`Error::Certificate`] when no anchor stands behind it.
pub(crate) fn check(token: &[u8], hash: &[u8; 32], anchors: &[Vec<u8>]) -> Result<Time, Error> {
    let message = Message::read(token)?;
    let content = message
        .content
        .as_ref()
        .filter(|_| message.content_type == asn1::TST_INFO)
        .ok_or(Error::Malformed("time-stamp"))?;
    let info: TstInfo = asn1::read(content, "time-stamp")?;
    let is_of_this = info.message_imprint.hash_algorithm.oid == asn1::SHA256
        && digest::equal(info.message_imprint.hashed_message.as_bytes(), hash);
    if !is_of_this || !digest::equal(&message.digest, &digest::sha256(content)) {
        return Err(Error::BadSignature);
    }
    message.check()?;
    let at = asn1::time_of(info.gen_time.to_unix_duration());
    x509::chain(message.signer, anchors, Profile::TimeStamp, at).map_err(|fault| {
        Error::Certificate(
            match fault {
                Fault::Untrusted => "an unknown time-stamp authority",
                Fault::Expired => "a time-stamp authority outside its dates",
                Fault::WrongProfile => "not the certificate of a time-stamp authority",
            }
            .to_owned(),
        )
    })?;
    Ok(at)
}
