//! The two-level certificate authority of this installation: a root made at first start, and leaf
//! certificates for credential signing and status lists. Chains in `x5c` carry the leaf only; the
//! root is a trust anchor and travels apart (HAIP 1.0: no anchor in the chain, leaf not self-signed).
//!
//! Profiles: `C=HK`, key usage `digitalSignature` for leaves, `keyCertSign` for the root. Documents
//! have an authority and profiles of their own, see [`crate::x509`].

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use kernel::{Date, Env, Time};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{Error, PublicKey, Signer as _, SigningKey};

/// Days a root certificate lives.
pub const ROOT_DAYS: i64 = 3_650;
/// Days a leaf certificate lives.
pub const LEAF_DAYS: i64 = 825;
/// Days before its end at which a leaf is renewed at start.
pub const RENEW_DAYS: i64 = 60;

/// What a leaf may sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// Verifiable credentials (SD-JWT VC and passes).
    CredentialSigner,
    /// Status list tokens and the trust list.
    StatusSigner,
}

impl Profile {
    const fn common_name(self) -> &'static str {
        match self {
            Self::CredentialSigner => "Causeway credential signer",
            Self::StatusSigner => "Causeway status list signer",
        }
    }
}

/// A certificate that was checked against a root at a time.
#[derive(Debug, Clone)]
pub struct CheckedLeaf {
    /// The key certified.
    pub key: PublicKey,
    /// The subject as text, `C=HK, O=…`.
    pub subject: String,
}

/// The self-signed root certificate of `key`, DER.
///
/// # Errors
/// [`Error::Certificate`] when the certificate library refuses.
pub(crate) fn root(key: &SigningKey, env: &Env) -> Result<Vec<u8>, Error> {
    let mut params = root_params();
    set_life(&mut params, env, ROOT_DAYS);
    let certificate = params.self_signed(key).map_err(refused)?;
    Ok(der(&certificate))
}

/// A leaf certificate for `key`, signed by the root key, DER.
///
/// # Errors
/// [`Error::Certificate`] when the certificate library refuses.
pub(crate) fn leaf(
    profile: Profile,
    key: &SigningKey,
    root: &SigningKey,
    env: &Env,
) -> Result<Vec<u8>, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(profile.common_name());
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    set_life(&mut params, env, LEAF_DAYS);
    let issuer = Issuer::new(root_params(), root);
    let certificate = params.signed_by(key, &issuer).map_err(refused)?;
    Ok(der(&certificate))
}

/// Checks a leaf (DER) against a root (DER) at `at`: signature, names, dates, that the root may
/// sign certificates and the leaf may sign data and is no authority itself.
///
/// # Errors
/// [`Error::Certificate`] naming the rule that failed; [`Error::BadSignature`].
pub fn check_leaf(leaf: &[u8], root: &[u8], at: Time) -> Result<CheckedLeaf, Error> {
    let leaf = parse(leaf)?;
    let root = parse(root)?;
    if leaf.issuer() != root.subject() || leaf.subject() == leaf.issuer() {
        return Err(rule("the leaf is not issued by this root"));
    }
    if !root.is_ca() || leaf.is_ca() {
        return Err(rule("authority flags"));
    }
    let usage = leaf.key_usage().ok().flatten();
    if !usage.is_some_and(|usage| usage.value.digital_signature()) {
        return Err(rule("the leaf may not sign data"));
    }
    for certificate in [&leaf, &root] {
        let validity = certificate.validity();
        let now = at.seconds();
        if now < validity.not_before.timestamp() || now > validity.not_after.timestamp() {
            return Err(rule("outside its dates"));
        }
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point(&root))
        .verify(leaf.tbs_certificate.as_ref(), &leaf.signature_value.data)
        .map_err(|_| Error::BadSignature)?;
    Ok(CheckedLeaf {
        key: PublicKey::from_point(point(&leaf))?,
        subject: leaf.subject().to_string(),
    })
}

/// The last second of a certificate (DER).
///
/// # Errors
/// [`Error::Certificate`] when it does not parse.
pub fn not_after(certificate: &[u8]) -> Result<Time, Error> {
    let parsed = parse(certificate)?;
    Ok(Time::from_seconds(parsed.validity().not_after.timestamp()))
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(rule("not a certificate")),
    }
}

fn point<'c>(certificate: &'c X509Certificate<'_>) -> &'c [u8] {
    &certificate.public_key().subject_public_key.data
}

fn root_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Causeway root");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "HK");
    name.push(DnType::OrganizationName, "Causeway");
    name.push(DnType::CommonName, common);
    name
}

fn set_life(params: &mut CertificateParams, env: &Env, days: i64) {
    let today = env.today();
    let (year, month, day) = civil(today.plus_days(-1));
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = civil(today.plus_days(days));
    params.not_after = date_time_ymd(year, month, day);
    let mut serial: [u8; 16] = env.bytes();
    if let Some(first) = serial.first_mut() {
        // A serial number is a positive integer without leading zero (RFC 5280 section 4.1.2.2).
        *first = (*first & 0x7f) | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
}

fn civil(date: Date) -> (i32, u8, u8) {
    let month = date.month().unsigned_abs();
    (i32::from(date.year()), month, date.day().unsigned_abs())
}

/// The certificate library signs through our key, so that it may lie in a token.
impl PublicKeyData for SigningKey {
    fn der_bytes(&self) -> &[u8] {
        self.public().point()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for SigningKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sign_digest(&crate::digest::sha256(message))
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

fn der(certificate: &Certificate) -> Vec<u8> {
    certificate.der().as_ref().to_vec()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "takes the error as map_err gives it"
)]
fn refused(error: rcgen::Error) -> Error {
    Error::Certificate(error.to_string())
}

fn rule(text: &str) -> Error {
    Error::Certificate(text.to_owned())
}
