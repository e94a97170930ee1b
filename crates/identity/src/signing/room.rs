//! The signing room: requests come in, phones approve them, keys are made and forgotten, signatures go
//! out. Callers are the pages of the portal, the Hong Kong wire facade and departments' clients.

use std::time::Duration;

use ::store::{Read, Write};
use journal::{Audit, Step, Usage};
use kernel::{Actor, Id, Time};
use serde_json::json;
use trust::{
    Issued, Material, Notary, Place, Sealing, Signer, digest, evidence, fresh, insert_certificate,
    x509,
};

use super::{
    Acknowledgement, ForCompany, ItemKind, NewItem, NewSigning, SigningEvidence, SigningItem,
    SigningRequest, company, digest_of, words,
};
use crate::{
    Approval, ApprovalState, Binding, Company, Error, Identity, Level, NewApproval, Person,
    store::{
        approval, person,
        signing::{self as tables, SealedItem},
    },
};

/// Characters of the serial number in a person's certificate.
const SUBJECT_SERIAL_CHARS: usize = 16;
/// The kind of a leaf in the evidence log.
const LOGGED: &str = "document.signed";

/// Signing for people. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SigningRoom {
    identity: Identity,
    notary: Notary,
}

/// Everything made in one act of signing, before any of it is written.
struct Act {
    issued: Issued,
    signatures: Vec<Vec<u8>>,
    evidence: SigningEvidence,
    digest: [u8; 32],
}

impl SigningRoom {
    #[must_use]
    pub const fn new(identity: Identity, notary: Notary) -> Self {
        Self { identity, notary }
    }

    #[must_use]
    pub const fn notary(&self) -> &Notary {
        &self.notary
    }

    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn now(&self) -> Time {
        self.identity.store().env().now()
    }

    /// How a card is kept beside a request: an index under a secret key. The Hong Kong interfaces send
    /// a bare SHA-256 of the card number, which anybody can try all cards against; it goes no further
    /// than the facade that calls this.
    #[must_use]
    pub fn card_index(&self, sha256: &[u8; 32]) -> Vec<u8> {
        self.identity
            .vault()
            .blind_index("signing.card", &digest::hex(sha256))
            .bytes()
    }

    /// Asks a person to sign. The answer carries the approval whose page they are sent to.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::AccountTooNew`], [`Error::CardMismatch`], [`Error::Inactive`],
    /// [`Error::TooManyOpen`].
    pub async fn ask(
        &self,
        actor: &Actor,
        new: NewSigning,
    ) -> Result<(SigningRequest, Approval), Error> {
        let question = self.question(&new)?;
        let prepared = self.prepare(new).await?;
        let draws = approval::Draws::of(self.identity.store().env());
        self.identity
            .store()
            .write(actor, move |tx| {
                let (prepared, question) = (prepared.clone(), question.clone());
                let draws = draws.clone();
                async move {
                    let asked = approval::ask_with_in(&tx, &question, &draws).await?;
                    let request = keep_in(&tx, &prepared, &asked).await?;
                    Ok::<_, Error>((request, asked))
                }
            })
            .await
    }

    /// What the phone is asked.
    ///
    /// # Errors
    /// As [`NewSigning::check`].
    pub(crate) fn question(&self, new: &NewSigning) -> Result<NewApproval, Error> {
        new.check()?;
        if !web::is_local_path(&new.return_to) {
            return Err(Error::Malformed("return_to"));
        }
        Ok(NewApproval {
            purpose: company::purpose_of(new.behalf.as_ref().map(|one| &one.terms)),
            requester: words::requester(new),
            place: new.place.clone(),
            asked: Level::Plus,
            person: new.person,
            summary: words::summary(new),
            detail: words::detail(new),
            digest: new.digest(),
            binding: new.binding.clone(),
            return_to: new.return_to.clone(),
        })
    }

    /// Checks the signer and seals the documents, before the write that keeps them.
    ///
    /// # Errors
    /// As [`SigningRoom::ask`].
    pub(crate) async fn prepare(&self, new: NewSigning) -> Result<Prepared, Error> {
        new.check()?;
        let person = new.person.ok_or(Error::Malformed("person"))?;
        self.check_signer(&new, person).await?;
        if let Some(behalf) = &new.behalf {
            let documents = (&behalf.terms, new.digest());
            self.check_company(person, documents).await?;
        }
        let id = self.identity.store().env().id();
        let items = self.seal_items(id, &new.items)?;
        Ok(Prepared {
            id,
            person,
            digest: new.digest(),
            department: new.department,
            service: new.service,
            algorithm: new.algorithm,
            client: new.client,
            presence: new.presence,
            behalf: new.behalf.map(|one| one.terms),
            items,
        })
    }

    async fn check_signer(&self, new: &NewSigning, id: Id<Person>) -> Result<(), Error> {
        let vault = self.identity.vault().clone();
        let (owner, particulars) = self
            .identity
            .store()
            .read(move |db| {
                let vault = vault.clone();
                async move {
                    let owner = person::get_in(&db, id).await?;
                    let particulars = person::particulars_in(&db, &vault, id).await?;
                    Ok::<_, Error>((owner, particulars))
                }
            })
            .await?;
        if !owner.is_active() {
            return Err(Error::Inactive);
        }
        let age = self.now().since(owner.enrolled);
        if age < Duration::from_secs(u64::from(new.minimum_age_hours) * 3_600) {
            return Err(Error::AccountTooNew(new.minimum_age_hours));
        }
        if let Some(card) = &new.card {
            // Whoever has no card signs nothing that is bound to one.
            let own = particulars.card().ok_or(Error::CardMismatch)?;
            let own = self.card_index(&digest::sha256(own.stem()));
            if !digest::equal(card, &own) {
                return Err(Error::CardMismatch);
            }
        }
        Ok(())
    }

    fn seal_items(
        &self,
        request: Id<SigningRequest>,
        items: &[NewItem],
    ) -> Result<Vec<SealedItem>, Error> {
        let vault = self.identity.vault();
        let seal = |place: Place, plain: &[u8]| Ok::<_, Error>(vault.seal(&place, plain)?.0);
        items
            .iter()
            .zip(0i64..)
            .map(|(item, position)| {
                let content = item
                    .data
                    .as_ref()
                    .map(|data| seal(tables::content_of(request, position), data));
                Ok(SealedItem {
                    kind: item.kind,
                    name: seal(tables::name_of(request, position), item.name.as_bytes())?,
                    digest: item.digest,
                    content: content.transpose()?,
                })
            })
            .collect()
    }

    /// Signs what the phone approved, for the browser (or client) that asked. A request is signed
    /// once; asking again says [`Error::Consumed`].
    ///
    /// # Errors
    /// [`Error::NotApproved`], [`Error::Expired`], [`Error::OtherBrowser`], [`Error::Consumed`];
    /// [`Error::Corrupt`] when what is stored is not what was approved.
    pub async fn sign(
        &self,
        actor: &Actor,
        id: Id<SigningRequest>,
        binding: &Binding,
    ) -> Result<SigningRequest, Error> {
        let (request, subject, items) = self.approved(id, binding).await?;
        let approval = request.approval;
        let answered = self.evidence_of(approval).await?;
        let act = self.act(&request, subject, items, answered).await?;
        let (binding, act) = (binding.clone(), std::sync::Arc::new(act));
        self.identity
            .store()
            .write(actor, move |tx| {
                let (binding, act) = (binding.clone(), std::sync::Arc::clone(&act));
                let request = request.clone();
                async move {
                    let used = approval::consume_in(&tx, approval, &binding).await?;
                    company::check_approved(&request, &used)?;
                    company::signed_in(&tx, &request).await?;
                    write_in(&tx, &request, &act).await?;
                    tables::get_in(&tx, request.id).await
                }
            })
            .await
    }

    /// The request, whom its certificate names and its documents, once the phone has approved.
    async fn approved(
        &self,
        id: Id<SigningRequest>,
        binding: &Binding,
    ) -> Result<(SigningRequest, x509::Subject, Vec<Opened>), Error> {
        let (vault, own) = (self.identity.vault().clone(), binding.clone());
        let (request, owner, chop, items) = self
            .identity
            .store()
            .read(move |db| {
                let (vault, own) = (vault.clone(), own.clone());
                async move {
                    let request = tables::get_in(&db, id).await?;
                    let asked = approval::get_in(&db, request.approval).await?;
                    if !asked.is_bound_to(&own) {
                        return Err(Error::OtherBrowser);
                    }
                    match asked.state_at(db.now()) {
                        _ if asked.consumed.is_some() => return Err(Error::Consumed),
                        ApprovalState::Approved => {}
                        ApprovalState::Expired => return Err(Error::Expired),
                        _ => return Err(Error::NotApproved),
                    }
                    if request.presence.is_some() && request.presence_at.is_none() {
                        return Err(Error::NotPresent);
                    }
                    let owner = person::get_in(&db, request.person).await?;
                    let chop = company::chop_of_in(&db, &request).await?;
                    let items = open_items(&db, &vault, id).await?;
                    Ok((request, owner, chop, items))
                }
            })
            .await?;
        let subject = self.subject(&owner, chop.as_ref());
        Ok((request, subject, items))
    }

    async fn evidence_of(&self, id: Id<Approval>) -> Result<crate::Evidence, Error> {
        let asked = self
            .identity
            .store()
            .read(move |db| async move { approval::get_in(&db, id).await })
            .await?;
        asked.evidence.ok_or(Error::NotApproved)
    }

    /// Makes the key, the certificate and every signature. Nothing is written yet.
    async fn act(
        &self,
        request: &SigningRequest,
        subject: x509::Subject,
        items: Vec<Opened>,
        approval: crate::Evidence,
    ) -> Result<Act, Error> {
        let own = digest_of(
            request.algorithm,
            items.iter().map(|one| (one.item.kind, &one.item.digest)),
        );
        if !digest::equal(&own, &request.digest) {
            return Err(Error::Corrupt("signing_item"));
        }
        let (notary, algorithm) = (self.notary.clone(), request.algorithm);
        let made = tokio::task::spawn_blocking(move || {
            let key = fresh(algorithm.into(), notary.env())?;
            let issued = notary.certify(&subject, &*key)?;
            let signatures: Vec<Vec<u8>> = items
                .iter()
                .map(|one| one.sign(&notary, (&*key, &issued)))
                .collect::<Result<_, _>>()?;
            let parts: Vec<&[u8]> = signatures.iter().map(Vec::as_slice).collect();
            let digest = digest::sha256_parts(&parts);
            let time_stamp = notary.stamp(&digest)?;
            Ok::<_, Error>((issued, signatures, digest, time_stamp))
        });
        let (issued, signatures, digest, time_stamp) =
            made.await.map_err(|_| Error::Corrupt("signing"))??;
        let material = self.material(&issued.der).await?;
        Ok(Act {
            evidence: SigningEvidence {
                certificate: issued.der.clone(),
                chain: self
                    .notary
                    .anchor(&issued.authority)
                    .ok_or(Error::Corrupt("authority"))?,
                status_answer: material.answers.into_iter().next().unwrap_or_default(),
                time_stamp,
                approval,
            },
            issued,
            signatures,
            digest,
        })
    }

    /// The name as registered, and a number that tells people of one name apart without saying who
    /// they are. A chop names the company, with the number of whoever put it.
    fn subject(&self, owner: &Person, chop: Option<&Company>) -> x509::Subject {
        let index = self
            .identity
            .vault()
            .blind_index("signing.subject", &owner.id.to_string());
        let serial = digest::hex(&index.bytes());
        let name = chop.map_or(&owner.name, |company| &company.name);
        x509::Subject {
            common: name.en.clone(),
            chinese: name.zh.clone(),
            serial: serial.get(..SUBJECT_SERIAL_CHARS).map(str::to_uppercase),
            organization: chop.map(|company| {
                x509::Organization::registered(&company.name.en, &company.business_number)
            }),
        }
    }

    /// What a document signed with `certificate` (DER) carries for later.
    pub(super) async fn material(&self, certificate: &[u8]) -> Result<Material, Error> {
        let (notary, der) = (self.notary.clone(), certificate.to_vec());
        self.identity
            .store()
            .read(move |db| {
                let (notary, der) = (notary.clone(), der.clone());
                async move { notary.material(&db, &der).await.map_err(Error::from) }
            })
            .await
    }

    /// The request with its documents and signatures, for `person`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is another person's.
    pub async fn result(
        &self,
        id: Id<SigningRequest>,
        person: Id<Person>,
    ) -> Result<(SigningRequest, Vec<SigningItem>), Error> {
        let vault = self.identity.vault().clone();
        self.identity
            .store()
            .read(move |db| {
                let vault = vault.clone();
                async move {
                    let request = tables::get_in(&db, id).await?;
                    if request.person != person {
                        return Err(Error::NotFound);
                    }
                    let items = open_items(&db, &vault, id).await?;
                    Ok((request, items.into_iter().map(|one| one.item).collect()))
                }
            })
            .await
    }

    /// What was kept of a signed request.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not signed, or another person's.
    pub async fn evidence(
        &self,
        id: Id<SigningRequest>,
        person: Id<Person>,
    ) -> Result<SigningEvidence, Error> {
        self.identity
            .store()
            .read(move |db| async move {
                if tables::get_in(&db, id).await?.person != person {
                    return Err(Error::NotFound);
                }
                tables::evidence_in(&db, id).await
            })
            .await
    }

    /// The request of an application about a person, whose it must be on both sides, and how its
    /// approval stands.
    ///
    /// # Errors
    /// [`Error::NotFound`] when another application asked, or for another person.
    pub(crate) async fn of_client(
        &self,
        id: Id<SigningRequest>,
        (client, person): (&str, Id<Person>),
    ) -> Result<(SigningRequest, ApprovalState), Error> {
        let client = client.to_owned();
        self.identity
            .store()
            .read(move |db| {
                let client = client.clone();
                async move {
                    let request = tables::get_in(&db, id).await?;
                    let is_own = request.client.as_deref() == Some(client.as_str());
                    if !is_own || request.person != person {
                        return Err(Error::NotFound);
                    }
                    let asked = approval::get_in(&db, request.approval).await?;
                    Ok((request, asked.state_at(db.now())))
                }
            })
            .await
    }

    /// Keeps what the one who asked says of the result. The first word stands; whether it was this
    /// one is the answer.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn acknowledge(
        &self,
        actor: &Actor,
        id: Id<SigningRequest>,
        word: Acknowledgement,
    ) -> Result<bool, Error> {
        self.identity
            .store()
            .write(actor, move |tx| async move {
                tables::get_in(&tx, id).await?;
                let is_first = tables::acknowledge_in(&tx, id, word).await?;
                if is_first {
                    audit_in(&tx, "signing.acknowledged", id, json!({ "word": word })).await?;
                }
                Ok(is_first)
            })
            .await
    }
}

/// A request that has been looked at and sealed.
#[derive(Clone)]
pub(crate) struct Prepared {
    id: Id<SigningRequest>,
    person: Id<Person>,
    digest: [u8; 32],
    department: kernel::Text,
    service: kernel::Text,
    algorithm: super::SigningAlgorithm,
    client: Option<String>,
    presence: Option<crate::PresenceCheck>,
    behalf: Option<ForCompany>,
    items: Vec<SealedItem>,
}

/// Keeps a request beside the approval that asks for it.
pub(crate) async fn keep_in(
    tx: &Write,
    prepared: &Prepared,
    asked: &Approval,
) -> Result<SigningRequest, Error> {
    if !digest::equal(&prepared.digest, &asked.digest) {
        return Err(Error::WrongApproval);
    }
    let request = SigningRequest {
        id: prepared.id,
        person: prepared.person,
        department: prepared.department.clone(),
        service: prepared.service.clone(),
        algorithm: prepared.algorithm,
        approval: asked.id,
        digest: prepared.digest,
        created: asked.created,
        expires: asked.expires,
        signed: None,
        acknowledged: None,
        client: prepared.client.clone(),
        presence: prepared.presence,
        presence_at: tables::shown_in(tx, asked.id, prepared.person).await?,
        behalf: prepared.behalf.clone(),
        chop_until: company::chop_until(prepared.behalf.as_ref(), asked.expires),
        chop: None,
    };
    tables::insert_in(tx, &request, &prepared.items).await?;
    let detail = json!({ "documents": prepared.items.len(), "algorithm": prepared.algorithm });
    audit_in(tx, "signing.asked", request.id, detail).await?;
    Ok(request)
}

/// A document with the data it carries, if any.
struct Opened {
    item: SigningItem,
    data: Option<Vec<u8>>,
}

impl Opened {
    fn sign(
        &self,
        notary: &Notary,
        (key, issued): (&dyn Signer, &Issued),
    ) -> Result<Vec<u8>, Error> {
        let digest = self.item.digest;
        if let Some(form) = self.item.kind.form() {
            let sealing = Sealing {
                form,
                digest,
                is_stamped: self.item.kind != ItemKind::PdfCadesBasic,
            };
            return Ok(notary.sign(&sealing, key, issued)?);
        }
        Ok(match (self.item.kind, &self.data) {
            (ItemKind::Data, Some(data)) => notary
                .sign_data(key, issued, ("application/json", data))?
                .into_bytes(),
            (ItemKind::Data, None) => return Err(Error::Corrupt("signing_item")),
            (ItemKind::HashValue, _) => key.sign_message(&digest)?,
            _ => key.sign_digest(&digest)?,
        })
    }
}

async fn open_items(
    db: &Read,
    vault: &trust::Vault,
    id: Id<SigningRequest>,
) -> Result<Vec<Opened>, Error> {
    tables::items_in(db, id)
        .await?
        .into_iter()
        .map(|row| {
            let (item, data) = row.open(vault, id)?;
            Ok(Opened { item, data })
        })
        .collect()
}

async fn write_in(tx: &Write, request: &SigningRequest, act: &Act) -> Result<(), Error> {
    insert_certificate(tx, &act.issued, &request.person.to_string()).await?;
    tables::signed_in(tx, request.id, (&act.signatures, &act.evidence)).await?;
    evidence::append(tx, LOGGED, act.digest).await?;
    let step = person::counted_in(tx, request.person, Usage::of(Step::Signed)).await?;
    journal::usage(tx, step).await?;
    let detail = json!({
        "documents": act.signatures.len(), "certificate": act.issued.serial,
    });
    audit_in(tx, "signing.signed", request.id, detail).await
}

async fn audit_in(
    tx: &Write,
    action: &'static str,
    id: Id<SigningRequest>,
    detail: serde_json::Value,
) -> Result<(), Error> {
    let entry = Audit {
        action,
        noun: "signing_request",
        id: id.to_string(),
        reason: None,
        detail,
    };
    journal::audit(tx, entry).await?;
    Ok(())
}
