//! The paper with an address on it that a person keeps in their profile, offered where a question asks for
//! one: used, it is copied into the draft and goes through the same door and the same quarantine as a file
//! that is brought. What the person does with the one they keep changes nothing in the draft.

use identity::{AddressProof, PROOF_DAYS, Reading};
use journal::Step;
use kernel::Id;
use packs::{Field, FieldKind, Pack};

use crate::{Error, NewUpload, Services, Uploaded, applicant::Applicant, counted, draft::Draft};

/// The source of a question that takes the paper, as packs name it.
const SOURCE: &str = "eme.addressDocFile";

/// Whether a question takes the paper that a person keeps.
#[must_use]
pub fn takes_kept_paper(field: &Field) -> bool {
    let prefill = field.prefill.as_ref();
    matches!(field.kind, FieldKind::File { .. }) && prefill.is_some_and(|one| one.source == SOURCE)
}

impl Services {
    /// The paper the applicant could use: their own, and not older than such papers count for. A company has
    /// none.
    ///
    /// # Errors
    /// The store fails.
    pub async fn kept_paper(&self, applicant: Applicant) -> Result<Option<AddressProof>, Error> {
        if applicant.company.is_some() {
            return Ok(None);
        }
        let kept = identity::find_address_proof(self.store(), applicant.person).await?;
        let today = self.store().env().today();
        Ok(kept.filter(|one| one.dated.days_until(today) <= PROOF_DAYS))
    }

    /// Copies the kept paper into a draft as the answer to `field`. The person reads in who looked that the
    /// department was given it.
    ///
    /// # Errors
    /// [`Error::NoSuchPage`] when the question takes none; [`Error::NoSuchDocument`] when none is kept; as
    /// [`Services::upload`].
    pub async fn use_kept_paper(
        &self,
        applicant: Applicant,
        id: Id<Draft>,
        field: &str,
    ) -> Result<Uploaded, Error> {
        let open = self.draft(applicant, id).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let asked = pack.fields().find(|one| one.id == field);
        if !asked.is_some_and(takes_kept_paper) {
            return Err(Error::NoSuchPage(field.to_owned()));
        }
        let kept = self.kept_paper(applicant).await?;
        let kept = kept.ok_or(Error::NoSuchDocument)?;
        let (store, vault) = (self.store(), self.vault());
        let bytes = identity::address_proof_content(store, vault, applicant.person).await?;
        let uploaded = self
            .upload(NewUpload {
                applicant,
                draft: id,
                field: field.to_owned(),
                file_name: kept.file_name,
                bytes,
            })
            .await?;
        self.record_use(applicant, (&open.draft, &pack)).await?;
        Ok(uploaded)
    }

    async fn record_use(
        &self,
        applicant: Applicant,
        (draft, pack): (&Draft, &Pack),
    ) -> Result<(), Error> {
        let reading = Reading {
            person: applicant.person,
            reader: self.catalogue().department_name(&pack.owner),
            department: pack.owner.clone(),
            reason: pack.name.clone(),
        };
        let step = counted::of_draft(Step::Filled, draft, pack, applicant.channel).value(1);
        self.store()
            .write(&applicant.actor(), move |tx| {
                let (reading, step) = (reading.clone(), step.clone());
                async move {
                    identity::record_reading_in(&tx, &reading, &[]).await?;
                    journal::usage(&tx, step).await?;
                    Ok::<_, Error>(())
                }
            })
            .await
    }
}
