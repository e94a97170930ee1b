//! Signing as a service, from the request to what an outsider's program says of the result.

use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ::store::Store;
use kernel::{Actor, FakeEnv, Text};
use paper::pdf::{self, Slot};
use trust::{
    KeyStore, Notary,
    cms::{Form, Level as Kept, Word},
    digest, jades,
};

use super::{Holder, OWNERS, browser, enrol, reply};
use crate::{
    Acknowledgement, Decision, Error, Identity, ItemKind, Level, NewItem, NewSigning,
    SigningAlgorithm, SigningRoom, demo,
    signing::{Examinee, examine, seal_pdf},
};

const PAGE: &[u8] = include_bytes!("../../../paper/src/samples/table.pdf");

pub(crate) fn room(store: &Store) -> (SigningRoom, KeyStore) {
    let keys = KeyStore::in_memory(store.env()).unwrap();
    let identity = Identity::new(store.clone(), keys.vault(), Arc::new(demo::register()));
    let notary = Notary::new(keys.clone(), "http://localhost:8080");
    (SigningRoom::new(identity, notary), keys)
}

pub(crate) fn item(kind: ItemKind, name: &str, bytes: &[u8]) -> NewItem {
    NewItem {
        kind,
        name: name.to_owned(),
        digest: digest::sha256(bytes),
        data: (kind == ItemKind::Data).then(|| bytes.to_vec()),
    }
}

pub(crate) fn request(holder: &Holder, items: Vec<NewItem>) -> NewSigning {
    NewSigning {
        person: Some(holder.person.id),
        department: Text::new("Lands Department", "地政總署"),
        service: Text::new("Short term tenancy", "短期租約"),
        algorithm: SigningAlgorithm::Es256,
        items,
        minimum_age_hours: 0,
        client: None,
        presence: None,
        card: None,
        behalf: None,
        binding: browser("one"),
        place: Text::same("Chrome"),
        return_to: "/en".to_owned(),
    }
}

/// Poppler's `pdfsig` with our authority among those it trusts.
fn poppler(notary: &Notary, pdf: &[u8]) -> String {
    // The twins of one test run at one time.
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("causeway-signing-{}-{run}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let run = |program: &str, words: &str| {
        let output = Command::new(program)
            .args(words.split_whitespace())
            .current_dir(&dir)
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    fs::write(dir.join("signed.pdf"), pdf).unwrap();
    fs::write(dir.join("ca.der"), &notary.anchors()[0]).unwrap();
    run("certutil", "-N -d sql:. --empty-password");
    run("certutil", "-A -d sql:. -n causeway -t ,C, -i ca.der");
    let said = run("pdfsig", "-nssdir . signed.pdf");
    let _ = fs::remove_dir_all(&dir);
    said
}

/// A PDF that a department embeds a message in, as an outsider's library does, for Adobe's old subfilter.
async fn embedded(room: &SigningRoom, holder: &Holder) -> Vec<u8> {
    let slot = Slot {
        sub_filter: Form::Pkcs7.sub_filter(),
        name: holder.person.name.en.clone(),
        reason: None,
        place: None,
        at: room.notary().env().now(),
    };
    let prepared = pdf::prepare(PAGE, &slot).unwrap();
    let lease = NewItem {
        digest: digest::sha256_parts(&prepared.signed()),
        ..item(ItemKind::PdfPkcs7, "Lease", b"")
    };
    let (asked, approval) = room
        .ask(&Actor::Visitor, request(holder, vec![lease]))
        .await
        .unwrap();
    reply(
        room.identity().store(),
        holder,
        &approval,
        Decision::Approve,
    )
    .await
    .unwrap();
    room.sign(&Actor::Visitor, asked.id, &browser("one"))
        .await
        .unwrap();
    let (_, items) = room.result(asked.id, holder.person.id).await.unwrap();
    prepared.fill(items[0].signature.as_ref().unwrap()).unwrap()
}

/// `pdf` with an update after it that writes one object again.
fn updated(pdf: &[u8], number: u32, body: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(pdf);
    let previous = text.rsplit_once("startxref\n").unwrap().1;
    let previous: usize = previous.lines().next().unwrap().trim().parse().unwrap();
    let (at, object) = (pdf.len(), format!("{number} 0 obj\n{body}\nendobj\n"));
    let section = at + object.len();
    let tail = format!(
        "xref\n{number} 1\n{at:010} 00000 n\r\ntrailer\n<</Size 40/Root 1 0 R/Prev {previous}>>\n\
         startxref\n{section}\n%%EOF\n"
    );
    [pdf, object.as_bytes(), tail.as_bytes()].concat()
}

::store::db_tests! {
    OWNERS;

    async fn a_signed_pdf_that_was_touched_is_refused_with_the_word_that_fits(store: Store) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let signed = embedded(&room, &holder).await;
        let word = async |file: &[u8]| {
            let found = examine(room.notary(), &store, file.to_vec(), None).await.unwrap();
            found.findings[0].judgement.word
        };
        assert_eq!(word(&signed).await, Word::Good);
        let said = poppler(room.notary(), &signed);
        assert!(said.contains("adbe.pkcs7.detached"), "{said}");
        assert!(said.contains("Signature is Valid"), "{said}");

        let words = "<</Length 26>>\nstream\nBT (Another lease) Tj ET  \nendstream";
        let later = updated(&signed, 5, words);
        assert_eq!(word(&later).await, Word::ChangedAfterSigning);
        assert!(!poppler(room.notary(), &later).contains("Total document signed"));
        let mark = b"/ByteRange [";
        let from = signed.windows(mark.len()).position(|part| part == mark).unwrap() + mark.len();
        let mut left_out = signed.clone();
        left_out[from + 9] = b'1';
        assert_eq!(word(&left_out).await, Word::NotWholeFile, "it begins at the second byte");
        let mut changed = signed.clone();
        let place = changed.windows(7).position(|part| part == b"tenancy").unwrap();
        changed[place] = b'T';
        assert_eq!(word(&changed).await, Word::Changed);
        assert!(poppler(room.notary(), &changed).contains("Digest Mismatch"));
        let id = holder.person.id;
        store
            .write(&Actor::system("test"), move |tx| async move {
                crate::set_person_state_in(&tx, id, crate::PersonState::Suspended, "reported").await
            })
            .await
            .unwrap();
        assert_eq!(word(&signed).await, Word::Revoked);
    }

    async fn evidence_is_forgotten_after_its_years_a_few_at_a_time(store: Store, clock: FakeEnv) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let ask = || request(&holder, vec![item(ItemKind::Document, "Plan", b"plan")]);
        let (signed, approval) = room.ask(&Actor::Visitor, ask()).await.unwrap();
        reply(&store, &holder, &approval, Decision::Approve).await.unwrap();
        room.sign(&Actor::Visitor, signed.id, &browser("one")).await.unwrap();
        let (unsigned, _) = room.ask(&Actor::Visitor, ask()).await.unwrap();
        let day = Duration::from_secs(86_400);
        clock.advance(day * 91);
        crate::sweep(&store).await.unwrap();
        let who = holder.person.id;
        assert!(matches!(room.result(unsigned.id, who).await, Err(Error::NotFound)));
        room.evidence(signed.id, who).await.unwrap();
        clock.advance(day * 366 * 7);
        crate::sweep(&store).await.unwrap();
        assert!(matches!(room.evidence(signed.id, who).await, Err(Error::NotFound)));
        // A sweep takes a few, so that it never holds the store for long.
        let most = usize::try_from(crate::store::signing::FORGOTTEN).unwrap();
        for round in 0..=most {
            if round % 15 == 0 {
                clock.advance(crate::SIGN_TTL);
                crate::sweep(&store).await.unwrap();
            }
            room.ask(&Actor::Visitor, ask()).await.unwrap();
        }
        clock.advance(day * 91);
        for left in [most, 1, 0] {
            let before = store.env().now() - day * 90;
            let gone = store.write(&Actor::Visitor, move |tx| async move {
                crate::store::signing::forget_in(&tx, (before, before)).await
            });
            assert_eq!(gone.await.unwrap(), left);
        }
    }

    async fn a_face_that_was_not_shown_signs_nothing(store: Store) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let new = NewSigning {
            presence: Some(crate::PresenceCheck::Face),
            ..request(&holder, vec![item(ItemKind::Document, "Plan", b"plan")])
        };
        let (asked, approval) = room.ask(&Actor::Visitor, new).await.unwrap();
        reply(&store, &holder, &approval, Decision::Approve).await.unwrap();
        let early = room.sign(&Actor::Visitor, asked.id, &browser("one")).await;
        assert!(matches!(early, Err(Error::NotPresent)), "{early:?}");
        let shown = (approval.id, holder.person.id);
        crate::store::signing::present(&store, &Actor::Visitor, shown).await.unwrap();
        room.sign(&Actor::Visitor, asked.id, &browser("one")).await.unwrap();
    }

    async fn what_the_phone_approved_is_signed_and_nothing_else(store: Store) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let items = vec![
            item(ItemKind::Document, "Plan", b"plan"),
            item(ItemKind::PdfPkcs7, "Lease", b"lease"),
            item(ItemKind::Data, "Offer", br#"{"rent":12000}"#),
            item(ItemKind::HashValue, "Map", b"map"),
        ];
        let (asked, approval) = room.ask(&Actor::Visitor, request(&holder, items)).await.unwrap();
        assert_eq!(approval.detail.len(), 7, "for, service, number, four names");
        let early = room.sign(&Actor::Visitor, asked.id, &browser("one")).await;
        assert!(matches!(early, Err(Error::NotApproved)));
        reply(&store, &holder, &approval, Decision::Approve).await.unwrap();
        let stolen = room.sign(&Actor::Visitor, asked.id, &browser("two")).await;
        assert!(matches!(stolen, Err(Error::OtherBrowser)));
        let signed = room.sign(&Actor::Visitor, asked.id, &browser("one")).await.unwrap();
        assert!(signed.signed.is_some());
        let again = room.sign(&Actor::Visitor, asked.id, &browser("one")).await;
        assert!(matches!(again, Err(Error::Consumed)));

        let (_, items) = room.result(asked.id, holder.person.id).await.unwrap();
        let lease = items[1].signature.clone().unwrap();
        let judged = examine(room.notary(), &store, lease.clone(), Some(b"lease".to_vec())).await.unwrap();
        assert_eq!(judged.subject, Examinee::Message);
        assert_eq!(judged.findings[0].judgement.word, Word::Good);
        let judged = examine(room.notary(), &store, lease, Some(b"release".to_vec())).await.unwrap();
        assert_eq!(judged.findings[0].judgement.word, Word::Changed);
        let offer = items[2].signature.clone().unwrap();
        let token = String::from_utf8(offer.clone()).unwrap();
        let evidence = room.notary().evidence(trust::Material::default());
        assert_eq!(jades::judge(&token, &evidence, store.env().now()).data, br#"{"rent":12000}"#);
        let judged = examine(room.notary(), &store, offer, None).await.unwrap();
        assert!(judged.is_good());
        let kept = room.evidence(asked.id, holder.person.id).await.unwrap();
        assert!(!kept.status_answer.is_empty() && !kept.time_stamp.is_empty());
        assert!(!String::from_utf8_lossy(&kept.certificate).contains("A123456"));
        assert_eq!(kept.approval.key(), holder.device.thumbprint);
        let other = enrol(&store, &keys.vault(), "fung-chun-kit", Level::Basic).await;
        assert!(matches!(room.result(asked.id, other.person.id).await, Err(Error::NotFound)));
        let first = room.acknowledge(&Actor::Visitor, asked.id, Acknowledgement::Accepted).await;
        assert!(first.unwrap());
        let second = room.acknowledge(&Actor::Visitor, asked.id, Acknowledgement::Rejected).await;
        assert!(!second.unwrap(), "the first word stands");
    }

    async fn an_act_of_signing_is_counted_once_and_names_nobody(store: Store) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let items = ["Plan", "Map"].map(|name| item(ItemKind::Document, name, name.as_bytes()));
        let (asked, approval) = room.ask(&Actor::Visitor, request(&holder, items.into())).await.unwrap();
        reply(&store, &holder, &approval, Decision::Approve).await.unwrap();
        room.sign(&Actor::Visitor, asked.id, &browser("one")).await.unwrap();
        room.sign(&Actor::Visitor, asked.id, &browser("one")).await.unwrap_err();
        let steps = super::simulation::usage(&store).await;
        let signed: Vec<_> = steps.iter().filter(|one| one["step"] == "signed").collect();
        assert_eq!((signed.len(), &signed[0]["level"]), (1, &serde_json::Value::from("plus")));
        assert!(!signed[0].to_string().contains(&holder.person.id.to_string()));
    }

    async fn a_thousand_documents_take_one_approval_and_one_more_is_refused(store: Store) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let document = |place: usize| item(ItemKind::Document, &format!("Bill {place}"), &[7]);
        let many = |count: usize| (0..count).map(document).collect::<Vec<_>>();
        let refused = room.ask(&Actor::Visitor, request(&holder, many(1_001))).await;
        assert!(matches!(refused, Err(Error::Malformed("documents"))));
        let refused = room.ask(&Actor::Visitor, request(&holder, Vec::new())).await;
        assert!(matches!(refused, Err(Error::Malformed("documents"))));
        let (asked, approval) = room.ask(&Actor::Visitor, request(&holder, many(1_000))).await.unwrap();
        assert!(approval.detail.last().unwrap().value.en.starts_with("994 more"));
        reply(&store, &holder, &approval, Decision::Approve).await.unwrap();
        room.sign(&Actor::Visitor, asked.id, &browser("one")).await.unwrap();
        let (_, items) = room.result(asked.id, holder.person.id).await.unwrap();
        assert_eq!(items.len(), 1_000);
        assert!(items.iter().all(|item| item.signature.is_some()));
    }

    async fn a_rejected_request_signs_nothing(store: Store) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let items = vec![item(ItemKind::Document, "Plan", b"plan")];
        let (asked, approval) = room.ask(&Actor::Visitor, request(&holder, items)).await.unwrap();
        reply(&store, &holder, &approval, Decision::Reject).await.unwrap();
        let refused = room.sign(&Actor::Visitor, asked.id, &browser("one")).await;
        assert!(matches!(refused, Err(Error::NotApproved)));
    }

    async fn a_new_account_or_another_card_may_not_sign(store: Store, clock: FakeEnv) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let new = || request(&holder, vec![item(ItemKind::Document, "Plan", b"plan")]);
        let aged = || NewSigning { minimum_age_hours: 48, ..new() };
        let refused = room.ask(&Actor::Visitor, aged()).await;
        assert!(matches!(refused, Err(Error::AccountTooNew(48))));
        clock.advance(Duration::from_secs(48 * 3_600));
        room.ask(&Actor::Visitor, aged()).await.unwrap();
        let stem = demo::find("cheung-ka-yan").unwrap().hkid.stem().to_owned();
        let with = |stem: &str| NewSigning {
            card: Some(room.card_index(&digest::sha256(stem))),
            ..new()
        };
        room.ask(&Actor::Visitor, with(&stem)).await.unwrap();
        let refused = room.ask(&Actor::Visitor, with("A000000")).await;
        assert!(matches!(refused, Err(Error::CardMismatch)));
    }

    async fn a_suspended_person_loses_their_certificates(store: Store) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let items = vec![item(ItemKind::Data, "Offer", b"{}")];
        let (asked, approval) = room.ask(&Actor::Visitor, request(&holder, items)).await.unwrap();
        reply(&store, &holder, &approval, Decision::Approve).await.unwrap();
        room.sign(&Actor::Visitor, asked.id, &browser("one")).await.unwrap();
        let (_, signed) = room.result(asked.id, holder.person.id).await.unwrap();
        let token = signed[0].signature.clone().unwrap();
        let id = holder.person.id;
        store
            .write(&Actor::system("test"), move |tx| async move {
                crate::set_person_state_in(&tx, id, crate::PersonState::Suspended, "reported").await
            })
            .await
            .unwrap();
        let judged = examine(room.notary(), &store, token, None).await.unwrap();
        assert_eq!(judged.findings[0].judgement.word, Word::Revoked);
    }

    async fn a_file_brought_leaves_signed_for_years_and_poppler_agrees(store: Store, clock: FakeEnv) {
        let (room, keys) = room(&store);
        let holder = enrol(&store, &keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let owner = &holder.person;
        let junk = room.bring(&Actor::Visitor, owner.id, ("a.pdf", b"GIF89a".to_vec())).await;
        assert!(matches!(junk, Err(Error::Pdf(_))));
        let upload = room.bring(&Actor::Visitor, owner.id, ("tenancy.pdf", PAGE.to_vec())).await.unwrap();
        let asked = (browser("one"), Text::same("Chrome"), "/en".to_owned());
        let approval = room.ask_upload(&Actor::Visitor, (&upload, owner), asked).await.unwrap();
        reply(&store, &holder, &approval, Decision::Approve).await.unwrap();
        clock.advance(Duration::from_secs(30));
        let upload = room.upload(upload.id, owner.id).await.unwrap();
        room.sign_upload(&Actor::Visitor, (&upload, owner), &browser("one")).await.unwrap();
        let (_, signed) = room.files(upload.id, owner.id).await.unwrap();
        let signed = signed.unwrap();
        let judged = examine(room.notary(), &store, signed.clone(), None).await.unwrap();
        let finding = &judged.findings[0].judgement;
        assert_eq!((finding.word, finding.level), (Word::Good, Kept::LT));
        let said = poppler(room.notary(), &signed);
        assert!(said.contains("Signature is Valid"), "{said}");
        assert!(said.contains(&owner.name.en), "{said}");
        let both = seal_pdf(room.notary(), &store, signed.clone()).await.unwrap();
        let judged = examine(room.notary(), &store, both, None).await.unwrap();
        assert!(judged.is_good() && judged.findings.len() == 2);
        clock.advance(Duration::from_secs(3 * 365 * 86_400));
        let later = examine(room.notary(), &store, signed.clone(), None).await.unwrap();
        assert!(later.is_good(), "the time-stamp outlives the certificate: {later:?}");
        let mut changed = signed.clone();
        let place = changed.windows(7).position(|part| part == b"tenancy").unwrap();
        changed[place] = b'T';
        let judged = examine(room.notary(), &store, changed, None).await.unwrap();
        assert_eq!(judged.findings[0].judgement.word, Word::Changed);
    }
}
