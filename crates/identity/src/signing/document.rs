//! Where paper and trust meet: files are signed and judged here, because one knows PDF and the other
//! knows signatures.

use ::store::Store;
use kernel::Time;
use paper::pdf::{self, Coverage, PdfError, Slot, Validation};
use trust::{
    Attested, Material, Notary, Sealing,
    cms::{Form, Judgement, Word},
    digest,
};

use crate::Error;

/// Bytes of a file that is examined.
pub const EXAMINED_BYTES: usize = 20 * 1024 * 1024;

/// What was brought to be examined.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    Pdf,
    /// A detached message (`.p7s`) with what it signs.
    Message,
    /// A compact JWS.
    Data,
    /// What the platform vouches for about a signer: an SD-JWT with key binding.
    Attestation,
}

/// One signature found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub judgement: Judgement,
    /// The reason the signer wrote into the file: nobody vouches for it.
    pub reason: Option<String>,
}

/// What examining a file gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Examined {
    pub subject: Subject,
    pub findings: Vec<Finding>,
    /// What is vouched for, of an attestation.
    pub attested: Option<Attested>,
}

impl Examined {
    /// Whether there is a signature and every one is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let is_good = |one: &Finding| one.judgement.word == Word::Good;
        !self.findings.is_empty() && self.findings.iter().all(is_good)
    }
}

/// Seals a PDF with the platform's document seal, PAdES B-LT.
///
/// # Errors
/// [`Error::Pdf`] for files that cannot be signed; [`Error::Trust`].
pub async fn seal_pdf(notary: &Notary, store: &Store, file: Vec<u8>) -> Result<Vec<u8>, Error> {
    let (reader, at) = (notary.clone(), notary.env().now());
    let material = store
        .read(move |db| {
            let reader = reader.clone();
            async move { reader.seal_material(&db).await.map_err(Error::from) }
        })
        .await?;
    let notary = notary.clone();
    let sealed = tokio::task::spawn_blocking(move || {
        let slot = slot(Form::Cades, "Causeway", at);
        let sealed = pdf::sign::<Error>(&file, &slot, |parts| {
            Ok(notary.seal(&Sealing::stamped(digest::sha256_parts(&parts)))?)
        })?;
        Ok::<_, Error>(pdf::add_validation(&sealed, &validation(material))?)
    });
    sealed.await.map_err(|_| Error::Corrupt("sealing"))?
}

pub(super) fn slot(form: Form, name: &str, at: Time) -> Slot {
    Slot {
        sub_filter: form.sub_filter(),
        name: name.to_owned(),
        reason: None,
        place: Some("Hong Kong".to_owned()),
        at,
    }
}

pub(super) fn validation(material: Material) -> Validation {
    Validation {
        certificates: material.certificates,
        answers: material.answers,
        lists: material.lists,
    }
}

/// Says of a file who signed what, when, and whether it was changed since. A PDF and a JWS stand
/// alone; a message (`.p7s`, `.p7m`) needs the `content` it was made over.
///
/// # Errors
/// [`Error::Pdf`] for a PDF that cannot be read; [`Error::Malformed`] for a file of no kind known
/// here, or a message without its content; [`Error::Store`].
pub async fn examine(
    notary: &Notary,
    store: &Store,
    file: Vec<u8>,
    content: Option<Vec<u8>>,
) -> Result<Examined, Error> {
    if file.len() > EXAMINED_BYTES {
        return Err(Error::Pdf(PdfError::TooLarge));
    }
    if file.starts_with(b"%PDF-") {
        return examine_pdf(notary, store, file).await;
    }
    if let Some(text) = as_presentation(&file) {
        return examine_attestation(notary, store, text).await;
    }
    if let Some(token) = as_token(&file) {
        let notary = notary.clone();
        let signed = store
            .read(move |db| {
                let (notary, token) = (notary.clone(), token.clone());
                async move { notary.judge_data(&db, &token).await.map_err(Error::from) }
            })
            .await?;
        return Ok(found(Subject::Data, signed.judgement));
    }
    if file.first() != Some(&0x30) {
        return Err(Error::Malformed("file"));
    }
    let content = content.ok_or(Error::Malformed("content"))?;
    let brought = Material::default();
    let judgement = judge(notary, store, (file, digest::sha256(content)), brought).await?;
    Ok(found(Subject::Message, judgement))
}

fn found(subject: Subject, judgement: Judgement) -> Examined {
    Examined {
        subject,
        findings: vec![Finding {
            judgement,
            reason: None,
        }],
        attested: None,
    }
}

fn as_presentation(file: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(file).ok()?.trim();
    let is_one = text.starts_with("ey") && text.contains('~') && !text.contains('\n');
    is_one.then(|| text.to_owned())
}

async fn examine_attestation(
    notary: &Notary,
    store: &Store,
    text: String,
) -> Result<Examined, Error> {
    let notary = notary.clone();
    let attested = store
        .read(move |db| {
            let (notary, text) = (notary.clone(), text.clone());
            async move {
                notary
                    .judge_attestation(&db, &text)
                    .await
                    .map_err(Error::from)
            }
        })
        .await?;
    let mut examined = found(Subject::Attestation, attested.judgement.clone());
    examined.attested = Some(attested).filter(|one| one.judgement.word == Word::Good);
    Ok(examined)
}

fn as_token(file: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(file).ok()?.trim();
    let is_token = text.starts_with("ey")
        && text.bytes().filter(|byte| *byte == b'.').count() == 2
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_token.then(|| text.to_owned())
}

async fn examine_pdf(notary: &Notary, store: &Store, file: Vec<u8>) -> Result<Examined, Error> {
    type Read = (Vec<u8>, Vec<pdf::Signature>, Validation);
    let read = tokio::task::spawn_blocking(move || -> Result<Read, Error> {
        let signatures = pdf::signatures(&file)?;
        let brought = pdf::validation(&file)?;
        Ok((file, signatures, brought))
    });
    let (file, signatures, brought) = read.await.map_err(|_| Error::Corrupt("reading"))??;
    let brought = Material {
        certificates: brought.certificates,
        answers: brought.answers,
        lists: brought.lists,
    };
    let mut findings = Vec::with_capacity(signatures.len());
    for one in signatures {
        let hash = digest::sha256_parts(&one.parts(&file));
        let message = (one.message.clone(), hash);
        let mut judgement = judge(notary, store, message, brought.clone()).await?;
        // The digest of a signature that leaves things out says nothing about the file.
        judgement.word = match (one.coverage, judgement.word) {
            (Coverage::Partial, Word::Unreadable) => Word::Unreadable,
            (Coverage::Partial, _) => Word::NotWholeFile,
            (Coverage::ChangedAfter, Word::Good) => Word::ChangedAfterSigning,
            (_, word) => word,
        };
        findings.push(Finding {
            judgement,
            reason: one.reason,
        });
    }
    Ok(Examined {
        subject: Subject::Pdf,
        findings,
        attested: None,
    })
}

async fn judge(
    notary: &Notary,
    store: &Store,
    (message, hash): (Vec<u8>, [u8; 32]),
    brought: Material,
) -> Result<Judgement, Error> {
    let notary = notary.clone();
    store
        .read(move |db| {
            let (notary, message, brought) = (notary.clone(), message.clone(), brought.clone());
            async move {
                let judged = notary.judge(&db, &message, &hash, brought).await;
                judged.map_err(Error::from)
            }
        })
        .await
}
