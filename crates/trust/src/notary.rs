//! The notary: the platform's document trust service over its keys. It certifies people's keys for a
//! day, seals and signs digests, stamps the time, says how certificates stand, and judges.
//!
//! It never sees a document, only digests: what is signed stays with who has it signed. A person's key
//! is made for one act of signing, signs, and is forgotten; what lasts is the certificate, the
//! time-stamp and the status answer of that minute.

mod attest;
mod store;

use std::time::Duration;

use ::store::Read;
use kernel::{Env, Time};

pub use attest::{Attestation, Attested, SIGNING_AUTHORITY};
pub(crate) use store::STATEMENTS;
pub use store::{find_certificate, insert_certificate, revoke_certificate, revoke_certificates_of};

use crate::{
    Error, KeyStore, Purpose, Signer,
    cms::{self, Content, Evidence, Form, Judgement, Signing, Word},
    jades,
    keystore::CLOCK_SLACK,
    tsp::{self, Stamper},
    x509::{self, Certified, Life, Order, Places, Revoked, Standing, Subject},
};

/// Hours a person's certificate lives. A key signs within a second of being made; the day is for those
/// who check without a time-stamp, as the Hong Kong signing interfaces do.
pub const PERSON_HOURS: u64 = 24;

/// The document trust service of this installation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notary {
    keys: KeyStore,
    base_url: String,
}

/// A certificate that was issued.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// Hexadecimal, lower case.
    pub serial: String,
    /// The key id of the authority that issued it.
    pub authority: String,
    pub der: Vec<u8>,
    pub from: Time,
    pub until: Time,
}

/// What a signed document carries for later (PAdES B-LT): all DER.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Material {
    pub certificates: Vec<Vec<u8>>,
    pub answers: Vec<Vec<u8>>,
    pub lists: Vec<Vec<u8>>,
}

/// How a digest is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Sealing {
    pub form: Form,
    /// SHA-256 of what is signed.
    pub digest: [u8; 32],
    /// Whether a time-stamp goes in (B-T).
    pub is_stamped: bool,
}

impl Sealing {
    /// PAdES baseline with a time-stamp: how the platform signs.
    #[must_use]
    pub const fn stamped(digest: [u8; 32]) -> Self {
        Self {
            form: Form::Cades,
            digest,
            is_stamped: true,
        }
    }
}

impl Notary {
    /// The notary over `keys`, reached by others at `base_url` (without a trailing slash).
    pub fn new(keys: KeyStore, base_url: &str) -> Self {
        Self {
            keys,
            base_url: base_url.trim_end_matches('/').to_owned(),
        }
    }

    #[must_use]
    pub fn env(&self) -> &Env {
        self.keys.env()
    }

    /// The certificates of every authority this installation had, DER: what it signed stays good.
    #[must_use]
    pub fn anchors(&self) -> Vec<Vec<u8>> {
        self.keys
            .all(Purpose::DocumentAuthority)
            .into_iter()
            .filter_map(|known| known.certificate)
            .collect()
    }

    /// The certificate of the authority with this key id, DER.
    #[must_use]
    pub fn anchor(&self, kid: &str) -> Option<Vec<u8>> {
        self.keys
            .find(Purpose::DocumentAuthority, kid)
            .and_then(|known| known.certificate)
    }

    /// The key id of the authority that certifies now.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] never after a successful open.
    pub fn authority(&self) -> Result<String, Error> {
        let signed = self.keys.signer(Purpose::DocumentAuthority)?;
        Ok(signed.key.kid().to_owned())
    }

    /// Certifies the key of a person, or of a company's chop, for [`PERSON_HOURS`]. The caller writes it down with
    /// [`insert_certificate`] before it gives anything signed with it away.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a name that no certificate can carry; [`Error::Token`].
    pub fn certify(&self, subject: &Subject, key: &dyn Signer) -> Result<Issued, Error> {
        let above = self.keys.signer(Purpose::DocumentAuthority)?;
        let authority = above.key.kid().to_owned();
        let issuer = self.anchor(&authority).ok_or(Error::UnknownKey)?;
        let now = self.env().now();
        let order = Order {
            profile: subject.profile(),
            subject,
            key: key.public_info()?,
            life: Life {
                from: now.minus(CLOCK_SLACK),
                until: now + Duration::from_secs(PERSON_HOURS * 3_600),
            },
            places: Some(&self.places(&authority)),
        };
        let der = x509::issue(&order, &issuer, &*above.key, self.env())?;
        let own = Certified::read(&der)?;
        Ok(Issued {
            serial: own.serial(),
            authority,
            from: own.from(),
            until: own.until(),
            der,
        })
    }

    fn places(&self, authority: &str) -> Places {
        let base = &self.base_url;
        Places {
            issuer: format!("{base}/trust/authority/{authority}"),
            list: format!("{base}/trust/revoked/{authority}"),
            answers: format!("{base}/trust/status"),
        }
    }

    /// Signs a digest with a certified key, as CMS, DER.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Token`] when a key fails.
    pub fn sign(
        &self,
        sealing: &Sealing,
        key: &dyn Signer,
        issued: &Issued,
    ) -> Result<Vec<u8>, Error> {
        let anchor = self.anchor(&issued.authority).ok_or(Error::UnknownKey)?;
        self.sign_with(sealing, key, (&issued.der, &[anchor]))
    }

    /// Seals a digest with the platform's document seal, as CMS, DER.
    ///
    /// # Errors
    /// As [`Notary::sign`].
    pub fn seal(&self, sealing: &Sealing) -> Result<Vec<u8>, Error> {
        let signed = self.keys.signer(Purpose::DocumentSeal)?;
        let certificate = signed.chain.first().ok_or(Error::UnknownKey)?;
        let anchor = self.anchor_of(certificate)?;
        self.sign_with(sealing, &*signed.key, (certificate, &[anchor]))
    }

    fn sign_with(
        &self,
        sealing: &Sealing,
        key: &dyn Signer,
        (certificate, others): (&[u8], &[Vec<u8>]),
    ) -> Result<Vec<u8>, Error> {
        let signing = Signing {
            form: sealing.form,
            content: Content::Apart(sealing.digest),
            key,
            certificate,
            others,
            at: self.env().now(),
        };
        let stamp = |hash: &[u8; 32]| self.with_stamper(|stamper| tsp::stamp(stamper, hash));
        cms::sign(&signing, sealing.is_stamped.then_some(&stamp))
    }

    /// Signs data of a media type with a certified key, as JAdES B-B.
    ///
    /// # Errors
    /// As [`jades::sign`].
    pub fn sign_data(
        &self,
        key: &dyn Signer,
        issued: &Issued,
        data: (&str, &[u8]),
    ) -> Result<String, Error> {
        jades::sign(key, &issued.der, data, self.env().now())
    }

    /// Seals data of a media type with the platform's document seal, as JAdES B-B.
    ///
    /// # Errors
    /// As [`jades::sign`].
    pub fn seal_data(&self, data: (&str, &[u8])) -> Result<String, Error> {
        let signed = self.keys.signer(Purpose::DocumentSeal)?;
        let certificate = signed.chain.first().ok_or(Error::UnknownKey)?;
        jades::sign(&*signed.key, certificate, data, self.env().now())
    }

    fn anchor_of(&self, certificate: &[u8]) -> Result<Vec<u8>, Error> {
        let own = Certified::read(certificate)?;
        self.anchors()
            .into_iter()
            .find(|anchor| Certified::read(anchor).is_ok_and(|anchor| own.is_issued_by(&anchor)))
            .ok_or(Error::UnknownKey)
    }

    fn with_stamper<T>(
        &self,
        work: impl FnOnce(&Stamper<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let signed = self.keys.signer(Purpose::TimeStamp)?;
        let certificate = signed.chain.first().ok_or(Error::UnknownKey)?;
        let above = [self.anchor_of(certificate)?];
        work(&Stamper {
            key: &*signed.key,
            certificate,
            above: &above,
            env: self.env(),
        })
    }

    /// The answer (DER) to an RFC 3161 request, whatever it is.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Token`] when the key fails.
    pub fn time_stamp(&self, request: &[u8]) -> Result<Vec<u8>, Error> {
        self.with_stamper(|stamper| tsp::respond(stamper, request))
    }

    /// The time-stamp token (DER) over a SHA-256: for whoever in the house keeps one beside a record.
    ///
    /// # Errors
    /// As [`Notary::time_stamp`].
    pub fn stamp(&self, hash: &[u8; 32]) -> Result<Vec<u8>, Error> {
        self.with_stamper(|stamper| tsp::stamp(stamper, hash))
    }

    /// The answer (DER) to an RFC 6960 request, whatever it is.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Token`] when the key fails.
    pub async fn status(&self, db: &Read, request: &[u8]) -> Result<Vec<u8>, Error> {
        let Ok(asked) = x509::read_request(request) else {
            return x509::refuse();
        };
        let is_ours = self
            .anchors()
            .iter()
            .filter_map(|anchor| Certified::read(anchor).ok())
            .any(|anchor| asked.is_about(&anchor));
        let mut standings = Vec::new();
        for serial in asked.serials() {
            standings.push(if is_ours {
                self.standing(db, &serial).await?
            } else {
                Standing::Unknown
            });
        }
        self.answer(&asked, &standings)
    }

    fn answer(&self, asked: &x509::Asked, standings: &[Standing]) -> Result<Vec<u8>, Error> {
        let signed = self.keys.signer(Purpose::CertificateStatus)?;
        let own = signed.chain.first().ok_or(Error::UnknownKey)?;
        x509::answer(asked, standings, (own, &*signed.key), self.env().now())
    }

    /// How the certificate with this serial number stands.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn standing(&self, db: &Read, serial: &str) -> Result<Standing, Error> {
        if let Some(revoked) = store::revocation(db, serial).await? {
            return Ok(Standing::Revoked(revoked.at, revoked.reason));
        }
        let is_own = [
            Purpose::DocumentSeal,
            Purpose::TimeStamp,
            Purpose::CertificateStatus,
        ]
        .into_iter()
        .flat_map(|purpose| self.keys.all(purpose))
        .filter_map(|known| Certified::read(&known.certificate?).ok())
        .any(|own| own.serial() == serial);
        if is_own || find_certificate(db, serial).await?.is_some() {
            return Ok(Standing::Good);
        }
        Ok(Standing::Unknown)
    }

    /// The revocation list (DER) of the authority with this key id; none when there is no such.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Token`] when the key fails.
    pub async fn revoked(&self, db: &Read, authority: &str) -> Result<Option<Vec<u8>>, Error> {
        let current = self.keys.signer(Purpose::DocumentAuthority)?;
        if current.key.kid() != authority {
            return Ok(None);
        }
        let Some(own) = self.anchor(authority) else {
            return Ok(None);
        };
        let revoked: Vec<Revoked> = store::revocations(db, authority).await?;
        x509::make_crl(&own, &*current.key, &revoked, self.env().now()).map(Some)
    }

    /// What a document signed with `certificate` (DER) carries for later: the chain of the signer and
    /// of the time-stamp, how the certificate stands now, and the list.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] for a certificate of somebody else; [`Error::Store`].
    pub async fn material(&self, db: &Read, certificate: &[u8]) -> Result<Material, Error> {
        let leaf = Certified::read(certificate)?;
        let standing = match self.standing(db, &leaf.serial()).await? {
            // Written down in the same write as what it signed, after this.
            Standing::Unknown => Standing::Good,
            known => known,
        };
        let list = self.revoked(db, &self.authority()?).await?;
        self.material_with(&leaf, standing, list)
    }

    /// As [`Notary::material`] for the document seal in use.
    ///
    /// # Errors
    /// As [`Notary::material`].
    pub async fn seal_material(&self, db: &Read) -> Result<Material, Error> {
        let signed = self.keys.signer(Purpose::DocumentSeal)?;
        let certificate = signed.chain.first().ok_or(Error::UnknownKey)?;
        self.material(db, certificate).await
    }

    fn material_with(
        &self,
        leaf: &Certified,
        standing: Standing,
        list: Option<Vec<u8>>,
    ) -> Result<Material, Error> {
        let above = self.anchor_of(&leaf.der)?;
        let issuer = Certified::read(&above)?;
        let stamper = self.keys.signer(Purpose::TimeStamp)?;
        let answerer = self.keys.signer(Purpose::CertificateStatus)?;
        let mut answers = Vec::with_capacity(2);
        let serial = &leaf.certificate.tbs_certificate.serial_number;
        answers.push(self.answer(&x509::request_for(&issuer, serial)?, &[standing])?);
        let mut certificates = vec![leaf.der.clone(), above];
        if let Some(stamping) = stamper.chain.first() {
            let own = Certified::read(stamping)?;
            let serial = &own.certificate.tbs_certificate.serial_number;
            let asked = x509::request_for(&issuer, serial)?;
            answers.push(self.answer(&asked, &[Standing::Good])?);
            certificates.push(stamping.clone());
        }
        certificates.extend(answerer.chain.first().cloned());
        Ok(Material {
            certificates,
            answers,
            lists: list.into_iter().collect(),
        })
    }

    /// Judges a detached signature (CMS, DER) over content with this SHA-256, with what the document
    /// brought along and what is known here about the certificate now.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn judge(
        &self,
        db: &Read,
        message: &[u8],
        digest: &[u8; 32],
        brought: Material,
    ) -> Result<Judgement, Error> {
        let now = self.env().now();
        let judged = cms::judge(message, digest, &self.evidence(brought), now);
        self.with_standing(db, judged, now).await
    }

    /// Judges signed data (a compact JWS with its certificate) with what is known here.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn judge_data(&self, db: &Read, token: &str) -> Result<jades::Signed, Error> {
        let now = self.env().now();
        let signed = jades::judge(token, &self.evidence(Material::default()), now);
        Ok(jades::Signed {
            judgement: self.with_standing(db, signed.judgement, now).await?,
            ..signed
        })
    }

    /// The judgement, or `revoked` when the certificate was taken back here before the signature can
    /// be shown to have been there. Asked of the record itself: a list brought along may be older, and
    /// a former authority signs none.
    async fn with_standing(
        &self,
        db: &Read,
        judged: Judgement,
        now: Time,
    ) -> Result<Judgement, Error> {
        let who = judged.who.as_ref().filter(|_| judged.word == Word::Good);
        let Some(serial) = who.map(|who| who.certificate.clone()) else {
            return Ok(judged);
        };
        match self.standing(db, &serial).await? {
            Standing::Revoked(since, _) if since <= judged.stamped.unwrap_or(now) => {
                Ok(Judgement {
                    word: Word::Revoked,
                    ..judged
                })
            }
            _ => Ok(judged),
        }
    }

    /// As [`Notary::judge`] from what the document brought along alone, with `more` anchors (DER).
    #[must_use]
    pub fn evidence(&self, brought: Material) -> Evidence {
        Evidence {
            anchors: self.anchors(),
            answers: brought.answers,
            lists: brought.lists,
        }
    }
}
