//! Attestations: what the platform vouches for about a signer and their authority at the moment of
//! signing, as a verifiable presentation (SD-JWT VC with key binding) under its document seal.
//!
//! The holder's key is made for the one presentation and forgotten: nobody can present it again to
//! somebody else. What ties it to a signature is what it says, the digest of the certificate.

use ::store::Read;
use kernel::Time;
use serde_json::{Map, Value};

use super::Notary;
use crate::{
    Error, Purpose, SigningKey, base64url,
    cms::{Judgement, Level, Word},
    digest, jws,
    sd_jwt::{self, Expected, Subject},
    x509::Certified,
};

/// The `vct` of what is attested about signers.
pub const SIGNING_AUTHORITY: &str = "urn:causeway:signing-authority:1";

/// What is vouched for.
#[derive(Clone, Debug, Default)]
pub struct Attestation {
    /// What everybody who holds it may see.
    pub open: Map<String, Value>,
    /// What names people and companies, each behind its own disclosure.
    pub selective: Map<String, Value>,
}

/// A presentation judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attested {
    pub judgement: Judgement,
    /// Only to be believed when the word is good.
    pub claims: Map<String, Value>,
    /// Whom it was made for.
    pub audience: String,
    /// Their own name for the request it answers.
    pub request: String,
}

impl Notary {
    /// Vouches for `what` to one audience, for one request.
    ///
    /// # Errors
    /// [`Error::Malformed`] for reserved names of claims; [`Error::Refused`], [`Error::Token`].
    pub fn attest(&self, what: Attestation, expected: Expected<'_>) -> Result<String, Error> {
        let sealed = self.keys.signer(Purpose::DocumentSeal)?;
        let holder = SigningKey::generate(self.env())?;
        let now = self.env().now();
        let subject = Subject {
            issuer: self.base_url.clone(),
            vct: SIGNING_AUTHORITY.to_owned(),
            holder: holder.public().clone(),
            issued: now,
            expires: None,
            status: None,
            open: what.open,
            selective: what.selective,
        };
        let issued = sd_jwt::issue(&subject, &sealed, self.env())?;
        sd_jwt::present(&issued, &holder, expected, now)
    }

    /// Judges a presentation: that this installation's seal vouches for it, that it is whole, and that
    /// the seal held when it was made and is not taken back.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn judge_attestation(&self, db: &Read, text: &str) -> Result<Attested, Error> {
        let text = text.trim();
        let opened = sd_jwt::open_presentation(text, &|header| self.seal_of(header));
        let (claims, binding) = match opened {
            Ok(opened) if opened.0.vct == SIGNING_AUTHORITY => opened,
            Ok(_) => return Ok(nothing(Word::Unreadable)),
            Err(Error::UnknownKey) => return Ok(nothing(Word::Untrusted)),
            Err(Error::BadSignature | Error::BadProof) => return Ok(nothing(Word::Changed)),
            Err(_) => return Ok(nothing(Word::Unreadable)),
        };
        let claimed = claims.issued.map(Time::from_seconds);
        let own = certificate_in(text).and_then(|der| Certified::read(&der).ok());
        let holds = match (&own, claimed) {
            (Some(own), Some(at)) => own.holds_at(at),
            _ => false,
        };
        let judged = Judgement {
            word: if holds { Word::Good } else { Word::Expired },
            who: own.as_ref().and_then(Certified::who),
            stamped: None,
            claimed,
            level: Level::B,
        };
        let now = self.env().now();
        Ok(Attested {
            judgement: self.with_standing(db, judged, now).await?,
            claims: claims.claims,
            audience: binding.aud,
            request: binding.nonce,
        })
    }

    /// The key of the document seal, now or before, whose certificate the header carries.
    fn seal_of(&self, header: &jws::Header) -> Option<crate::PublicKey> {
        let leaf = leaf_of(header)?;
        let known = self.keys.all(Purpose::DocumentSeal);
        let is_it = |own: &Vec<u8>| digest::equal(own, &leaf);
        known
            .into_iter()
            .find(|known| known.certificate.as_ref().is_some_and(is_it))
            .map(|known| known.key)
    }
}

fn leaf_of(header: &jws::Header) -> Option<Vec<u8>> {
    let leaf = header.x5c.as_ref()?.first()?;
    base64url::decode_standard(leaf).ok()
}

/// The certificate that a presentation carries.
fn certificate_in(text: &str) -> Option<Vec<u8>> {
    let token = jws::Unverified::parse(text.split('~').next()?).ok()?;
    leaf_of(token.header())
}

fn nothing(word: Word) -> Attested {
    Attested {
        judgement: Judgement {
            word,
            who: None,
            stamped: None,
            claimed: None,
            level: Level::B,
        },
        claims: Map::new(),
        audience: String::new(),
        request: String::new(),
    }
}
