//! A person's own files: brought, looked at, approved on the phone, signed and taken away. Each is kept
//! sealed for a day.

use std::time::Duration;

use kernel::{Actor, Id, Text, Time};
use trust::{Place, cms::Form, digest};

use super::{
    ItemKind, NewItem, NewSigning, SigningAlgorithm, SigningRoom, UPLOAD_BYTES, UPLOAD_HOURS,
    UPLOADS_MAX, Upload, document,
};
use crate::{Approval, Binding, Error, Person, store::signing as tables};

/// The person's own files.
impl SigningRoom {
    /// Takes in a PDF to sign, after checking that it can be signed.
    ///
    /// # Errors
    /// [`Error::Pdf`] for what cannot be signed; [`Error::TooManyOpen`] for too many in a day.
    pub async fn bring(
        &self,
        actor: &Actor,
        person: Id<Person>,
        (name, bytes): (&str, Vec<u8>),
    ) -> Result<Upload, Error> {
        if bytes.len() > UPLOAD_BYTES {
            return Err(Error::Pdf(paper::pdf::PdfError::TooLarge));
        }
        let at = self.now();
        let checked = tokio::task::spawn_blocking(move || {
            paper::pdf::prepare(&bytes, &document::slot(Form::Cades, "", at)).map(|_| bytes)
        });
        let bytes = checked.await.map_err(|_| Error::Corrupt("upload"))??;
        let id = self.identity().store().env().id();
        let upload = Upload {
            id,
            person,
            name: name.chars().take(super::NAME_CHARS).collect(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            sha256: digest::sha256(&bytes),
            received: at,
            request: None,
            signed: None,
        };
        let vault = self.identity().vault();
        let sealed_name = vault.seal(&Place::new("signing_upload.name", id), &upload.name)?;
        let content = vault.seal(&Place::new("signing_upload.content", id), &bytes)?;
        let kept = upload.clone();
        self.identity()
            .store()
            .write(actor, move |tx| {
                let (kept, name, content) = (kept.clone(), sealed_name.clone(), content.clone());
                async move {
                    let since = tx.now().minus(Duration::from_secs(UPLOAD_HOURS * 3_600));
                    let held = tables::count_uploads_in(&tx, person, since).await?;
                    if held >= UPLOADS_MAX {
                        return Err(Error::TooManyOpen);
                    }
                    tables::insert_upload_in(&tx, &kept, (&name.0, &content.0)).await
                }
            })
            .await?;
        Ok(upload)
    }

    /// A file this person brought.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is another person's, or its day is over.
    pub async fn upload(&self, id: Id<Upload>, person: Id<Person>) -> Result<Upload, Error> {
        let vault = self.identity().vault().clone();
        self.identity()
            .store()
            .read(move |db| {
                let vault = vault.clone();
                async move { tables::find_upload_in(&db, id, person).await?.open(&vault) }
            })
            .await
    }

    /// The bytes of a file as brought, and as signed.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn files(
        &self,
        id: Id<Upload>,
        person: Id<Person>,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
        let contents = self.contents(id, person).await?;
        Ok((contents.0, contents.1))
    }

    async fn contents(
        &self,
        id: Id<Upload>,
        person: Id<Person>,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>, Option<Time>), Error> {
        let vault = self.identity().vault().clone();
        self.identity()
            .store()
            .read(move |db| {
                let vault = vault.clone();
                async move {
                    tables::find_upload_in(&db, id, person).await?;
                    let held = tables::contents_in(&db, id).await?;
                    let open = |column, sealed| {
                        let place = Place::new(column, id);
                        vault.open(&place, &trust::Sealed(sealed))
                    };
                    let signed = held
                        .signed
                        .map(|sealed| open("signing_upload.signed_content", sealed))
                        .transpose()?;
                    let brought = open("signing_upload.content", held.brought)?;
                    Ok::<_, Error>((brought, signed, held.prepared))
                }
            })
            .await
    }

    /// Asks the person's phone to sign a file they brought.
    ///
    /// # Errors
    /// As [`SigningRoom::ask`]; [`Error::Decided`] when it is signed already.
    pub async fn ask_upload(
        &self,
        actor: &Actor,
        (upload, owner): (&Upload, &Person),
        (binding, place, return_to): (Binding, Text, String),
    ) -> Result<Approval, Error> {
        if upload.signed.is_some() {
            return Err(Error::Decided);
        }
        let at = self.now();
        let (brought, ..) = self.contents(upload.id, owner.id).await?;
        let digest = prepared_digest(brought, owner, at).await?;
        let new = NewSigning {
            person: Some(owner.id),
            department: Text::new("You", "你本人"),
            service: Text::new("Sign a document", "簽署文件"),
            algorithm: SigningAlgorithm::Es256,
            items: vec![NewItem {
                kind: ItemKind::PdfCades,
                name: upload.name.clone(),
                digest,
                data: None,
            }],
            minimum_age_hours: 0,
            client: None,
            presence: None,
            card: None,
            behalf: None,
            binding,
            place,
            return_to,
        };
        let (request, asked) = self.ask(actor, new).await?;
        let id = upload.id;
        self.identity()
            .store()
            .write(actor, move |tx| async move {
                tables::asked_in(&tx, id, request.id, at).await
            })
            .await?;
        Ok(asked)
    }

    /// Signs a file whose approval came back: the signed file, PAdES B-LT, is kept for its day.
    ///
    /// # Errors
    /// As [`SigningRoom::sign`].
    pub async fn sign_upload(
        &self,
        actor: &Actor,
        (upload, owner): (&Upload, &Person),
        binding: &Binding,
    ) -> Result<(), Error> {
        let request = upload.request.ok_or(Error::NotApproved)?;
        match self.sign(actor, request, binding).await {
            // Signed before, but the file was not put together: it is put together now.
            Ok(_) | Err(Error::Consumed) if upload.signed.is_none() => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
        let (_, items) = self.result(request, owner.id).await?;
        let message = items
            .into_iter()
            .next()
            .and_then(|item| item.signature)
            .ok_or(Error::NotApproved)?;
        let (brought, _, prepared) = self.contents(upload.id, owner.id).await?;
        let prepared = prepared.ok_or(Error::Corrupt("signing_upload"))?;
        let evidence = self.evidence(request, owner.id).await?;
        let material = self.material(&evidence.certificate).await?;
        let slot = document::slot(Form::Cades, &signer_name(owner), prepared);
        let joined = tokio::task::spawn_blocking(move || {
            let signed = paper::pdf::prepare(&brought, &slot)?.fill(&message)?;
            paper::pdf::add_validation(&signed, &document::validation(material))
        });
        let signed = joined.await.map_err(|_| Error::Corrupt("signing"))??;
        let place = Place::new("signing_upload.signed_content", upload.id);
        let sealed = self.identity().vault().seal(&place, &signed)?;
        let id = upload.id;
        self.identity()
            .store()
            .write(actor, move |tx| {
                let sealed = sealed.clone();
                async move { tables::signed_file_in(&tx, id, &sealed.0).await }
            })
            .await
    }
}

/// The digest of a file prepared for `owner` at `at`: preparing it again gives the same.
async fn prepared_digest(file: Vec<u8>, owner: &Person, at: Time) -> Result<[u8; 32], Error> {
    let slot = document::slot(Form::Cades, &signer_name(owner), at);
    let digest = tokio::task::spawn_blocking(move || {
        let prepared = paper::pdf::prepare(&file, &slot)?;
        Ok::<_, Error>(digest::sha256_parts(&prepared.signed()))
    });
    digest.await.map_err(|_| Error::Corrupt("preparing"))?
}

fn signer_name(owner: &Person) -> String {
    match &owner.name.zh {
        Some(zh) => format!("{} {zh}", owner.name.en),
        None => owner.name.en.clone(),
    }
}
