//! Making certificates.

use der::asn1::{Ia5String, Null, ObjectIdentifier, OctetString};
use kernel::{Env, Time};
use x509_cert::ext::pkix::AccessDescription;
use x509_cert::{
    TbsCertificate, Version,
    certificate::Certificate,
    ext::{
        Extension,
        pkix::{
            AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
            CertificatePolicies, CrlDistributionPoints, ExtendedKeyUsage, SubjectKeyIdentifier,
            certpolicy::PolicyInformation,
            crl::dp::DistributionPoint,
            name::{DistributionPointName, GeneralName},
        },
    },
    name::Name,
    serial_number::SerialNumber,
    spki::SubjectPublicKeyInfoOwned,
    time::Validity,
};

use super::Profile;
use crate::{Error, Signer, asn1, digest, signer};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const AUTHORITY_INFO_ACCESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");
const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const OCSP_NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const AD_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const AD_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");
/// The policy of people's certificates, under the arc that RFC 5612 sets aside for examples: an
/// installation that issues certificates in law puts its own number here.
const PERSON_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.1");
/// The same for companies' chops.
const COMPANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.2");

/// Whom a certificate names. Never an identity card number: a certificate travels with every document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The name in Latin letters, or what the key is for.
    pub common: String,
    /// The Chinese name as registered.
    pub chinese: Option<String>,
    /// Tells two people of one name apart without saying who they are.
    pub serial: Option<String>,
    /// The organisation whose will it is, for its chop; none for a person.
    pub organization: Option<Organization>,
}

/// A company as a certificate names it (ETSI EN 319 412-3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organization {
    pub name: String,
    /// Its number in the register, as [`Organization::registered`] writes it.
    pub identifier: String,
}

impl Organization {
    /// A company of Hong Kong by its number in the trade register (ETSI EN 319 412-1 clause 5.1.4).
    #[must_use]
    pub fn registered(name: &str, number: &str) -> Self {
        Self {
            name: name.to_owned(),
            identifier: format!("NTRHK-{number}"),
        }
    }
}

impl Subject {
    /// A subject known by what it does.
    #[must_use]
    pub fn named(common: &str) -> Self {
        Self {
            common: common.to_owned(),
            chinese: None,
            serial: None,
            organization: None,
        }
    }

    /// What a key of this subject may be used for when it signs documents.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        match self.organization {
            Some(_) => Profile::Company,
            None => Profile::Person,
        }
    }

    fn name(&self, profile: Profile) -> Result<Name, Error> {
        let mut values = vec![(asn1::COUNTRY, "HK")];
        match &self.organization {
            Some(own) => {
                values.push((asn1::ORGANIZATION, own.name.as_str()));
                values.push((asn1::ORGANIZATION_IDENTIFIER, &own.identifier));
            }
            None if profile == Profile::Person => {}
            None => values.push((asn1::ORGANIZATION, "Causeway")),
        }
        values.push((asn1::COMMON_NAME, self.common.as_str()));
        if let Some(chinese) = &self.chinese {
            values.push((asn1::OTHER_NAME, chinese));
        }
        if let Some(serial) = &self.serial {
            values.push((asn1::SERIAL, serial));
        }
        asn1::name(&values)
    }
}

/// From when until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) from: Time,
    pub(crate) until: Time,
}

/// Where others find the authority's own certificate, its list and its answers.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) issuer: String,
    pub(crate) list: String,
    pub(crate) answers: String,
}

/// A certificate wanted.
#[derive(Debug)]
pub(crate) struct Order<'o> {
    pub(crate) profile: Profile,
    pub(crate) subject: &'o Subject,
    /// DER `SubjectPublicKeyInfo`.
    pub(crate) key: Vec<u8>,
    pub(crate) life: Life,
    pub(crate) places: Option<&'o Places>,
}

/// The self-signed certificate of a document authority, DER.
pub(crate) fn authority(
    key: &dyn Signer,
    subject: &Subject,
    life: Life,
    env: &Env,
) -> Result<Vec<u8>, Error> {
    let order = Order {
        profile: Profile::Authority,
        subject,
        key: key.public_info()?,
        life,
        places: None,
    };
    let name = subject.name(Profile::Authority)?;
    let info: SubjectPublicKeyInfoOwned = asn1::read(&order.key, "public key")?;
    make(&order, (name, signer::key_identifier(&info)), key, env)
}

/// A certificate of `order` under the authority whose certificate (DER) and key are given, DER.
pub(crate) fn issue(
    order: &Order<'_>,
    issuer: &[u8],
    key: &dyn Signer,
    env: &Env,
) -> Result<Vec<u8>, Error> {
    let issuer: Certificate = asn1::read(issuer, "issuer")?;
    let body = issuer.tbs_certificate;
    let identifier = signer::key_identifier(&body.subject_public_key_info);
    make(order, (body.subject, identifier), key, env)
}

fn make(
    order: &Order<'_>,
    (issuer, issuer_id): (Name, Vec<u8>),
    key: &dyn Signer,
    env: &Env,
) -> Result<Vec<u8>, Error> {
    let info: SubjectPublicKeyInfoOwned = asn1::read(&order.key, "public key")?;
    let body = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial(env))?,
        signature: key.algorithm().identifier(),
        issuer,
        validity: Validity {
            not_before: asn1::x509_time(order.life.from)?,
            not_after: asn1::x509_time(order.life.until)?,
        },
        subject: order.subject.name(order.profile)?,
        extensions: Some(extensions(order, &info, &issuer_id)?),
        subject_public_key_info: info,
        issuer_unique_id: None,
        subject_unique_id: None,
    };
    let signature = key.sign_digest(&digest::sha256(asn1::write(&body)?))?;
    asn1::write(&Certificate {
        tbs_certificate: body,
        signature_algorithm: key.algorithm().identifier(),
        signature: asn1::bits(&signature)?,
    })
}

/// Positive, sixteen bytes, never beginning with zero (RFC 5280 section 4.1.2.2).
fn serial(env: &Env) -> [u8; 16] {
    let mut serial: [u8; 16] = env.bytes();
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    serial
}

fn extensions(
    order: &Order<'_>,
    info: &SubjectPublicKeyInfoOwned,
    issuer_id: &[u8],
) -> Result<Vec<Extension>, Error> {
    let profile = order.profile;
    let own_id = SubjectKeyIdentifier(OctetString::new(signer::key_identifier(info))?);
    let issuer_id = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(issuer_id)?),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    };
    let is_authority = profile == Profile::Authority;
    let constraints = BasicConstraints {
        ca: is_authority,
        path_len_constraint: is_authority.then_some(0),
    };
    let mut all = vec![
        extension(BASIC_CONSTRAINTS, is_authority, &constraints)?,
        extension(KEY_USAGE, true, &profile.key_usage())?,
        extension(SUBJECT_KEY_IDENTIFIER, false, &own_id)?,
    ];
    if !is_authority {
        all.push(extension(AUTHORITY_KEY_IDENTIFIER, false, &issuer_id)?);
    }
    match profile {
        Profile::TimeStamp => {
            let uses = ExtendedKeyUsage(vec![asn1::TIME_STAMPING]);
            all.push(extension(EXTENDED_KEY_USAGE, true, &uses)?);
        }
        Profile::Status => {
            let uses = ExtendedKeyUsage(vec![asn1::OCSP_SIGNING]);
            all.push(extension(EXTENDED_KEY_USAGE, false, &uses)?);
            all.push(extension(OCSP_NO_CHECK, false, &Null)?);
        }
        Profile::Person | Profile::Company => {
            let policy = PolicyInformation {
                policy_identifier: if profile == Profile::Person {
                    PERSON_POLICY
                } else {
                    COMPANY_POLICY
                },
                policy_qualifiers: None,
            };
            let policies = CertificatePolicies(vec![policy]);
            all.push(extension(CERTIFICATE_POLICIES, false, &policies)?);
        }
        Profile::Authority | Profile::Seal => {}
    }
    if let Some(places) = order.places {
        all.extend(where_to_look(places)?);
    }
    Ok(all)
}

fn where_to_look(places: &Places) -> Result<[Extension; 2], Error> {
    let access = AuthorityInfoAccessSyntax(vec![
        AccessDescription {
            access_method: AD_OCSP,
            access_location: address(&places.answers)?,
        },
        AccessDescription {
            access_method: AD_ISSUERS,
            access_location: address(&places.issuer)?,
        },
    ]);
    let lists = CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![address(
            &places.list,
        )?])),
        reasons: None,
        crl_issuer: None,
    }]);
    Ok([
        extension(AUTHORITY_INFO_ACCESS, false, &access)?,
        extension(CRL_DISTRIBUTION_POINTS, false, &lists)?,
    ])
}

fn address(url: &str) -> Result<GeneralName, Error> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(url)?))
}

pub(super) fn extension<T: der::Encode>(
    oid: ObjectIdentifier,
    critical: bool,
    value: &T,
) -> Result<Extension, Error> {
    Ok(Extension {
        extn_id: oid,
        critical,
        extn_value: OctetString::new(asn1::write(value)?)?,
    })
}
