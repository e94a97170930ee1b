//! Answers about the standing of one certificate (RFC 6960), made and checked.

use std::time::Duration;

use der::asn1::{Null, ObjectIdentifier, OctetString};
use kernel::Time;
use serde::{Deserialize, Serialize};
use x509_cert::{ext::pkix::CrlReason, serial_number::SerialNumber};
use x509_ocsp::{
    AsResponseBytes, BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspRequest,
    OcspResponse, OcspResponseStatus, ResponderId, ResponseData, RevokedInfo, SingleResponse,
    Version,
};

use super::{Profile, check::Certified};
use crate::{Error, Signer, asn1, digest};

/// Days an answer holds.
pub const OCSP_DAYS: u64 = 1;
/// Bytes of a request that are looked at.
pub const OCSP_REQUEST_BYTES: usize = 16 * 1024;
/// Certificates asked for in one request.
const ASKED_MAX: usize = 16;
/// Bytes of a nonce that is sent back (RFC 9654 section 2.1: 128 at most).
const NONCE_BYTES: usize = 128;

const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// Why a certificate was taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The key may be in other hands: a lost phone, a stolen key.
    KeyCompromise,
    /// The person may no longer sign so: closed, suspended, deceased.
    PrivilegeWithdrawn,
    /// Replaced by another.
    Superseded,
}

impl Reason {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyCompromise => "key_compromise",
            Self::PrivilegeWithdrawn => "privilege_withdrawn",
            Self::Superseded => "superseded",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [
            Self::KeyCompromise,
            Self::PrivilegeWithdrawn,
            Self::Superseded,
        ]
        .into_iter()
        .find(|reason| reason.code() == code)
    }
}

impl From<Reason> for CrlReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::KeyCompromise => Self::KeyCompromise,
            Reason::PrivilegeWithdrawn => Self::PrivilegeWithdrawn,
            Reason::Superseded => Self::Superseded,
        }
    }
}

/// How a certificate stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Issued here and not taken back.
    Good,
    /// Taken back at this time.
    Revoked(Time, Reason),
    /// Not issued here.
    Unknown,
}

/// A request that was read: the certificates asked for, and the nonce to send back.
#[derive(Debug)]
pub(crate) struct Asked {
    ids: Vec<CertId>,
    nonce: Option<Vec<u8>>,
}

impl Asked {
    /// Serial numbers in hexadecimal, in the order asked.
    pub(crate) fn serials(&self) -> Vec<String> {
        self.ids
            .iter()
            .map(|id| digest::hex(id.serial_number.as_bytes()))
            .collect()
    }

    /// Whether every certificate asked for is of `issuer`.
    pub(crate) fn is_about(&self, issuer: &Certified) -> bool {
        self.ids.iter().all(|id| {
            let own = id_for(issuer, &id.serial_number, id.hash_algorithm.oid);
            own.is_ok_and(|own| {
                own.issuer_key_hash == id.issuer_key_hash
                    && own.issuer_name_hash == id.issuer_name_hash
            })
        })
    }
}

/// Reads a request (DER).
pub(crate) fn read_request(bytes: &[u8]) -> Result<Asked, Error> {
    if bytes.len() > OCSP_REQUEST_BYTES {
        return Err(Error::Malformed("request too long"));
    }
    let request: OcspRequest = asn1::read(bytes, "status request")?;
    let list = request.tbs_request.request_list;
    if list.is_empty() || list.len() > ASKED_MAX {
        return Err(Error::Malformed("status request"));
    }
    let nonce = request
        .tbs_request
        .request_extensions
        .iter()
        .flatten()
        .find(|extension| extension.extn_id == NONCE)
        .map(|extension| extension.extn_value.as_bytes().to_vec())
        .filter(|nonce| nonce.len() <= NONCE_BYTES + 2);
    Ok(Asked {
        ids: list.into_iter().map(|one| one.req_cert).collect(),
        nonce,
    })
}

/// A request about `serial` of `issuer`, for answers made without being asked.
pub(crate) fn request_for(issuer: &Certified, serial: &SerialNumber) -> Result<Asked, Error> {
    Ok(Asked {
        ids: vec![id_for(issuer, serial, asn1::SHA1)?],
        nonce: None,
    })
}

fn id_for(
    issuer: &Certified,
    serial: &SerialNumber,
    hash: ObjectIdentifier,
) -> Result<CertId, Error> {
    let body = &issuer.certificate.tbs_certificate;
    let name = asn1::write(&body.subject)?;
    let key = body.subject_public_key_info.subject_public_key.raw_bytes();
    // SHA-1 names an issuer here and protects nothing: it is what clients of RFC 6960 send.
    let (name, key, parameters) = match hash {
        asn1::SHA1 => (
            digest::sha1(&name),
            digest::sha1(key),
            Some(der::Any::null()),
        ),
        asn1::SHA256 => (
            digest::sha256(&name).to_vec(),
            digest::sha256(key).to_vec(),
            None,
        ),
        _ => return Err(Error::RefusedHeader("hash of a status request")),
    };
    Ok(CertId {
        hash_algorithm: x509_cert::spki::AlgorithmIdentifierOwned {
            oid: hash,
            parameters,
        },
        issuer_name_hash: OctetString::new(name)?,
        issuer_key_hash: OctetString::new(key)?,
        serial_number: serial.clone(),
    })
}

/// The signed answer (DER) to `asked`; `standings` are in the order asked. `responder` is the DER
/// certificate of `key`.
pub(crate) fn answer(
    asked: &Asked,
    standings: &[Standing],
    (responder, key): (&[u8], &dyn Signer),
    now: Time,
) -> Result<Vec<u8>, Error> {
    let own = Certified::read(responder)?.certificate;
    let this_update = OcspGeneralizedTime(asn1::general_time(now)?);
    let next = asn1::general_time(now + Duration::from_secs(OCSP_DAYS * 86_400))?;
    let mut responses = Vec::with_capacity(asked.ids.len());
    for (id, standing) in asked.ids.iter().zip(standings) {
        responses.push(SingleResponse {
            cert_id: id.clone(),
            cert_status: status(*standing)?,
            this_update,
            next_update: Some(OcspGeneralizedTime(next)),
            single_extensions: None,
        });
    }
    let key_hash = digest::sha1(
        own.tbs_certificate
            .subject_public_key_info
            .subject_public_key
            .raw_bytes(),
    );
    let nonce = asked.nonce.as_ref().map(|nonce| {
        Ok::<_, Error>(vec![x509_cert::ext::Extension {
            extn_id: NONCE,
            critical: false,
            extn_value: OctetString::new(nonce.as_slice())?,
        }])
    });
    let data = ResponseData {
        version: Version::V1,
        responder_id: ResponderId::ByKey(OctetString::new(key_hash)?),
        produced_at: this_update,
        responses,
        response_extensions: nonce.transpose()?,
    };
    let signature = key.sign_digest(&digest::sha256(asn1::write(&data)?))?;
    let basic = BasicOcspResponse {
        tbs_response_data: data,
        signature_algorithm: key.algorithm().identifier(),
        signature: asn1::bits(&signature)?,
        certs: Some(vec![own]),
    };
    asn1::write(&OcspResponse {
        response_status: OcspResponseStatus::Successful,
        response_bytes: Some(basic.to_response_bytes()?),
    })
}

fn status(standing: Standing) -> Result<CertStatus, Error> {
    Ok(match standing {
        Standing::Good => CertStatus::Good(Null),
        Standing::Unknown => CertStatus::Unknown(Null),
        Standing::Revoked(at, reason) => CertStatus::Revoked(RevokedInfo {
            revocation_time: OcspGeneralizedTime(asn1::general_time(at)?),
            revocation_reason: Some(reason.into()),
        }),
    })
}

/// The unsigned answer to what cannot be read.
pub(crate) fn refuse() -> Result<Vec<u8>, Error> {
    asn1::write(&OcspResponse {
        response_status: OcspResponseStatus::MalformedRequest,
        response_bytes: None,
    })
}

/// What the answer (DER) says of `serial` of `issuer`, once it verifies: signed by the issuer or by a
/// certificate that the issuer certified for answers. None when it is about something else or does not
/// verify.
pub(crate) fn check_answer(
    response: &[u8],
    issuer: &Certified,
    serial: &SerialNumber,
) -> Option<Option<Time>> {
    let response: OcspResponse = asn1::read(response, "answer").ok()?;
    let bytes = response.response_bytes?;
    if response.response_status != OcspResponseStatus::Successful || bytes.response_type != BASIC {
        return None;
    }
    let raw = bytes.response.as_bytes();
    let basic: BasicOcspResponse = asn1::read(raw, "answer").ok()?;
    let signed = *asn1::parts(raw).ok()?.first()?;
    let oid = basic.signature_algorithm.oid;
    let signature = basic.signature.raw_bytes();
    let produced = asn1::time_of(basic.tbs_response_data.produced_at.0.to_unix_duration());
    let delegates = basic.certs.iter().flatten().filter_map(|certificate| {
        let der = asn1::write(certificate).ok()?;
        let own = Certified::read(&der).ok()?;
        let fits = Profile::Status.allows(&own.certificate)
            && own.is_issued_by(issuer)
            && own.holds_at(produced);
        fits.then_some(own)
    });
    std::iter::once(issuer.clone())
        .chain(delegates)
        .find(|signer| signer.check(signed, oid, signature).is_ok())?;
    basic.tbs_response_data.responses.iter().find_map(|one| {
        let own = id_for(issuer, serial, one.cert_id.hash_algorithm.oid).ok()?;
        let is_it = own.issuer_key_hash == one.cert_id.issuer_key_hash
            && own.serial_number == one.cert_id.serial_number;
        match one.cert_status {
            _ if !is_it => None,
            CertStatus::Good(_) => Some(None),
            CertStatus::Revoked(info) => Some(Some(asn1::time_of(
                info.revocation_time.0.to_unix_duration(),
            ))),
            CertStatus::Unknown(_) => None,
        }
    })
}
