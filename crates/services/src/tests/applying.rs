//! The applicant's way: drafts, files, payment, signature, submission.

use kernel::{Date, FakeEnv, Lang};
use store::Store;

use super::{
    SERVICE,
    world::{Count, OWNERS, World, dog},
};
use crate::{
    Applicant, Choice, Error, FeedbackKind, FeedbackQuery, FileError, NewFeedback, NewUpload,
    SavePage, ScanState, Stage, Start, Submit, scanner::tests::clamd,
};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";

fn upload(draft: &crate::OpenDraft, name: &str, bytes: &[u8]) -> NewUpload {
    NewUpload {
        applicant: draft.draft.applicant(),
        draft: draft.draft.id,
        field: "vet_letter".into(),
        file_name: name.into(),
        bytes: bytes.to_vec(),
    }
}

fn submit(applicant: Applicant, draft: &crate::OpenDraft) -> Submit {
    Submit {
        applicant,
        draft: draft.draft.id,
        signature: None,
    }
}

async fn neutered(world: &World, applicant: Applicant) -> crate::OpenDraft {
    let draft = world.start(applicant).await;
    let mut form = dog("900001").to_vec();
    form[5] = ("neutered", "true");
    world.save(&draft, "dog", &form).await.unwrap().draft
}

store::db_tests! {
    OWNERS;

    async fn a_person_has_one_live_draft_of_a_service(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let first = world.start(person).await;
        let second = world.start(person).await;
        assert_eq!(first.draft.id, second.draft.id);
        assert_eq!(world.count(Count::Drafts).await, 1);
        assert_eq!(world.services.drafts(person).await.unwrap().len(), 1);
    }

    async fn a_draft_is_nobody_else_s(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let draft = world.start(world.resident().await).await;
        let other = world.person("ho-mei-ling").await;
        let seen = world.services.draft(other, draft.draft.id).await;
        assert!(matches!(seen, Err(Error::NoSuchDraft)));
        let erased = world.services.delete_draft(other, draft.draft.id).await;
        assert!(matches!(erased, Err(Error::NoSuchDraft)));
    }

    async fn an_information_entry_cannot_be_begun(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let catalogue = world.services.catalogue();
        let entry = catalogue.entries().iter().find(|entry| !entry.is_online()).unwrap();
        let applicant = world.resident().await;
        let start = |service: &str| Start { applicant, service: service.into(), lang: Lang::En };
        let known = world.services.start(start(&entry.id)).await;
        assert!(matches!(known, Err(Error::NotOnline)));
        let unknown = world.services.start(start("no-such-service")).await;
        assert!(matches!(unknown, Err(Error::NoSuchService(_))));
    }

    async fn what_can_be_read_is_saved_beside_what_must_be_mended(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let draft = world.start(world.resident().await).await;
        let mut form = dog("900001").to_vec();
        form[2] = ("born.day", "31");
        let saved = world.save(&draft, "dog", &form).await.unwrap();
        assert_eq!(saved.problems.len(), 1);
        assert_eq!(saved.problems[0].field, "born");
        assert!(saved.draft.answers.has("chip") && !saved.draft.answers.has("born"));
        assert_eq!(saved.draft.draft.revision, draft.draft.revision + 1);
        assert_eq!(saved.draft.draft.page.as_deref(), Some("dog"));
    }

    async fn prefilled_values_of_the_register_are_locked(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.start(person).await;
        let offers = world.services.prefill_offer(person, draft.draft.id).await.unwrap();
        let offered: Vec<_> = offers.iter().map(|offer| offer.field.as_str()).collect();
        assert!(offered.starts_with(&["name_en", "hkid"]), "{offered:?}");
        assert!(offers[0].is_locked && offers[0].value.en == "CHEUNG Ka Yan");
        let place = (draft.draft.id, draft.draft.revision);
        let chosen = ["name_en".to_owned()];
        let draft = world.services.prefill(person, place, &chosen).await.unwrap();
        assert!(draft.answers.has("name_en") && !draft.answers.has("hkid"));
        let form = [("name_en", "MALLORY"), ("hkid", "A123456(3)")];
        let saved = world.save(&draft, "you", &form).await.unwrap();
        let name = saved.draft.answers.get("name_en").and_then(|value| value.as_text());
        assert_eq!(name, Some("CHEUNG Ka Yan"));
        let read = identity::readings_of(&world.store, person.person).await.unwrap();
        assert_eq!(read.len(), 1, "the person sees in their history that the form was filled");
    }

    async fn two_tabs_lose_nothing(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.start(person).await;
        world.save(&draft, "dog", &dog("first")).await.unwrap();
        let stale = world.save(&draft, "dog", &dog("second")).await;
        assert!(matches!(stale, Err(Error::StaleDraft { current: 2 })), "{stale:?}");
        let id = draft.draft.id;
        let now = world.services.draft(person, id).await.unwrap();
        assert_eq!(now.conflicts, ["dog"]);
        let conflict = world.services.conflict(person, id, "dog").await.unwrap();
        let chip = |answers: &packs::Answers| answers.get("chip").unwrap().as_text().unwrap().to_owned();
        assert_eq!((chip(&conflict.saved), chip(&conflict.typed)), ("first".into(), "second".into()));
        let kept = world.services.settle(person, id, ("dog", Choice::Typed)).await.unwrap();
        assert_eq!(chip(&kept.answers), "second");
        assert!(kept.conflicts.is_empty());
    }

    async fn an_expired_draft_is_refused_and_then_erased(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = neutered(&world, person).await;
        world.services.upload(upload(&draft, "a.pdf", PDF)).await.unwrap();
        world.after(31);
        let late = world.services.draft(person, draft.draft.id).await;
        assert!(matches!(late, Err(Error::DraftExpired)));
        world.work().await;
        assert_eq!(world.count(Count::Drafts).await, 0);
        assert_eq!(world.count(Count::Documents).await, 0);
        let fresh = world.start(person).await;
        assert!(fresh.answers.is_empty());
    }

    async fn an_oversize_or_disguised_upload_is_refused_and_nothing_is_lost(store: Store, clock: FakeEnv) {
        let later = clock.clone();
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = neutered(&world, person).await;
        let large = [PDF, &vec![0; 1024 * 1024]].concat();
        let refused = world.services.upload(upload(&draft, "a.pdf", &large)).await;
        assert!(matches!(refused, Err(Error::File(FileError::TooLarge { .. }))));
        let refused = world.services.upload(upload(&draft, "a.pdf", b"MZ\x90 not a pdf")).await;
        assert!(matches!(refused, Err(Error::File(FileError::WrongKind { found: None }))));
        let refused = world.services.upload(upload(&draft, "a.pdf", b"")).await;
        assert!(matches!(refused, Err(Error::File(FileError::Empty))));
        for name in ["one.pdf", "../two.exe"] {
            world.services.upload(upload(&draft, name, PDF)).await.unwrap();
            later.advance(std::time::Duration::from_secs(1));
        }
        let refused = world.services.upload(upload(&draft, "three.pdf", PDF)).await;
        assert!(matches!(refused, Err(Error::File(FileError::TooMany { most: 2 }))));
        let kept = world.services.uploads(person, draft.draft.id).await.unwrap();
        let names: Vec<_> = kept.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["one.pdf", "two.pdf"]);
        let draft = world.services.draft(person, draft.draft.id).await.unwrap();
        assert!(draft.answers.has("chip") && draft.answers.has("vet_letter"));
        world.services.remove_upload(person, draft.draft.id, kept[0].id).await.unwrap();
        let own = world.services.own_document(person, kept[1].id).await.unwrap();
        assert_eq!(own.bytes, PDF);
        let other = world.person("ho-mei-ling").await;
        let foreign = world.services.own_document(other, kept[1].id).await;
        assert!(matches!(foreign, Err(Error::NoSuchDocument)));
    }

    async fn without_a_scanner_a_file_stays_visibly_not_scanned(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = neutered(&world, person).await;
        let file = world.services.upload(upload(&draft, "a.pdf", PDF)).await.unwrap().document;
        assert_eq!(file.scan, ScanState::Received);
        world.work().await;
        let files = world.services.uploads(person, draft.draft.id).await.unwrap();
        assert_eq!(files[0].scan, ScanState::NotScanned);
    }

    async fn malware_is_found_erased_and_stops_the_submission(store: Store, clock: FakeEnv) {
        let world = World::with(store, clock, clamd().await).await;
        let person = world.resident().await;
        let draft = neutered(&world, person).await;
        world.services.upload(upload(&draft, "good.pdf", PDF)).await.unwrap();
        let bad = b"%PDF-1.7 EICAR".as_slice();
        let bad = world.services.upload(upload(&draft, "bad.pdf", bad)).await.unwrap().document;
        world.work().await;
        let files = world.services.uploads(person, draft.draft.id).await.unwrap();
        // Both came in one moment, so that their order is the dice's.
        for file in &files {
            let expected = if file.id == bad.id { ScanState::Infected } else { ScanState::Clean };
            assert_eq!(file.scan, expected);
        }
        assert_eq!(files.len(), 2);
        let content = world.services.own_document(person, bad.id).await;
        assert!(matches!(content, Err(Error::Infected)));
    }

    async fn an_unanswered_or_refused_application_is_not_frozen(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.start(person).await;
        let id = draft.draft.id;
        let early = world.services.freeze(person, id, draft.draft.revision).await;
        assert!(matches!(early, Err(Error::Incomplete(problems)) if problems.len() >= 4));
        let draft = world.answered(person, "900001").await;
        let mut form = dog("900001").to_vec();
        form[4] = ("born.year", "1990");
        let draft = world.save(&draft, "dog", &form).await.unwrap().draft;
        let refused = world.services.freeze(person, id, draft.draft.revision).await;
        assert!(matches!(refused, Err(Error::NotEligible(rules)) if rules[0].rule == "too_old"));
        let review = world.services.review(person, id).await.unwrap();
        assert_eq!(review.refusals.len(), 1);
        assert_eq!(review.fee.unwrap().total.cents(), 8000);
    }

    async fn submission_needs_the_fee_and_the_signature(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.answered(person, "900001").await;
        let id = draft.draft.id;
        assert_eq!(world.services.stage(person, id).await.unwrap(), Stage::Check);
        let demand = world.frozen(&draft).await;
        assert!(matches!(world.services.submit(submit(person, &draft)).await, Err(Error::NotPaid)));
        world.pay(demand).await;
        assert_eq!(world.services.stage(person, id).await.unwrap(), Stage::Sign);
        assert!(matches!(world.services.submit(submit(person, &draft)).await, Err(Error::NotSigned)));
        let changed = world.save(&world.services.draft(person, id).await.unwrap(), "dog", &dog("x")).await;
        assert!(matches!(changed, Err(Error::Paid)));
        let signature = world.sign(person, id).await;
        let whole = Submit { signature: Some(signature), ..submit(person, &draft) };
        let done = world.services.submit(whole).await.unwrap();
        let case = world.case(done.case).await;
        assert_eq!((case.state.as_str(), case.fee.cents()), ("received", 8000));
        assert_eq!(world.count(Count::Drafts).await, 0);
        // Monday 23 November plus five working days.
        assert_eq!(case.due.unwrap().date(), Date::new(2026, 11, 30).unwrap());
        assert!(!done.is_repeat);
    }

    async fn a_changed_answer_thaws_the_draft_and_withdraws_the_demand(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.answered(person, "900001").await;
        let demand = world.frozen(&draft).await;
        let frozen = world.services.draft(person, draft.draft.id).await.unwrap();
        let saved = world.save(&frozen, "dog", &dog("900002")).await.unwrap();
        assert_eq!(saved.draft.draft.state, crate::DraftState::Open);
        assert_eq!(saved.draft.draft.demand, None);
        let found = world
            .store
            .read(move |db| async move { payments::find_demand(&db, demand).await })
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.state, payments::DemandState::Withdrawn);
        let again = world.frozen(&saved.draft).await;
        assert_ne!(again, demand);
    }

    async fn a_double_submit_gives_the_same_reference(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.answered(person, "900001").await;
        let demand = world.frozen(&draft).await;
        world.pay(demand).await;
        let signature = world.sign(person, draft.draft.id).await;
        let whole = Submit { signature: Some(signature), ..submit(person, &draft) };
        let (one, two) = tokio::join!(
            world.services.submit(whole.clone()),
            world.services.submit(whole.clone()),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.reference, two.reference);
        let three = world.services.submit(whole).await.unwrap();
        assert!(three.is_repeat && three.reference == one.reference);
        assert_eq!(world.count(Count::Cases).await, 1);
        let other = world.person("ho-mei-ling").await;
        let foreign = world.services.submit(submit(other, &draft)).await;
        assert!(matches!(foreign, Err(Error::NoSuchDraft)));
    }

    async fn a_signature_for_other_answers_is_refused_and_nothing_is_written(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.answered(person, "900001").await;
        let demand = world.frozen(&draft).await;
        world.pay(demand).await;
        let other = world.person("ho-mei-ling").await;
        let theirs = world.answered(other, "900002").await;
        let demand = world.frozen(&theirs).await;
        world.pay(demand).await;
        let signature = world.sign(other, theirs.draft.id).await;
        let leaves = world.count(Count::Leaves).await;
        let forged = Submit { signature: Some(signature), ..submit(person, &draft) };
        assert!(matches!(world.services.submit(forged).await, Err(Error::WrongSignature)));
        // The refused write left nothing: the draft lives, no case, no evidence, and the signature
        // was not used up.
        assert_eq!(world.count(Count::Cases).await, 0);
        assert_eq!(world.count(Count::Drafts).await, 2);
        assert_eq!(world.count(Count::Leaves).await, leaves);
    }

    async fn one_live_application_per_person(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let done = world.submitted(person, "900001").await;
        let draft = world.answered(person, "900002").await;
        let second = world.services.freeze(person, draft.draft.id, draft.draft.revision).await;
        assert!(
            matches!(&second, Err(Error::OneLive { reference: Some(first) }) if *first == done.reference),
            "{second:?}"
        );
        world.services.withdraw(person, &done.reference, None).await.unwrap();
        world.frozen(&draft).await;
    }

    async fn a_level_too_low_cannot_apply(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let basic = world.person("lau-tsz-hin").await;
        let draft = world.answered(basic, "900001").await;
        let frozen = world.services.freeze(basic, draft.draft.id, draft.draft.revision).await;
        assert!(matches!(frozen, Err(Error::LevelTooLow)));
    }

    async fn a_draft_keeps_its_version_until_the_cut_off(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.answered(person, "900001").await;
        let actor = kernel::Actor::system("test");
        let two = super::PACK.replace("version: 1", "version: 2").replace("cents: 8000", "cents: 9000");
        let two = two.replace("fee: 8000", "fee: 9000");
        let published = world.services.publish(&actor, ("afcd-dog-licence.yaml", &two)).await.unwrap();
        assert_eq!((published.version, published.is_known), (2, false));
        let changed = two.replace("9000", "9900");
        let again = world.services.publish(&actor, ("afcd-dog-licence.yaml", &changed)).await;
        assert!(matches!(again, Err(Error::VersionExists { version: 2, .. })));
        let same = world.services.publish(&actor, ("afcd-dog-licence.yaml", &two)).await.unwrap();
        assert!(same.is_known);
        let kept = world.start(person).await;
        assert_eq!((kept.draft.id, kept.draft.pack_version), (draft.draft.id, 1));
        let at = world.services.env().now() + std::time::Duration::from_secs(86_400);
        world.services.cut_off(&actor, SERVICE, 1, at).await.unwrap();
        world.after(2);
        let late = world.services.freeze(person, draft.draft.id, draft.draft.revision).await;
        assert!(matches!(late, Err(Error::CutOff)));
        let fresh = world.start(person).await;
        assert_eq!(fresh.draft.pack_version, 2);
        assert!(fresh.answers.has("chip") && !fresh.answers.has("hkid"), "locked values are asked anew");
    }

    async fn a_request_that_is_dropped_submits_everything_or_nothing(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let draft = world.answered(person, "900001").await;
        let demand = world.frozen(&draft).await;
        world.pay(demand).await;
        let signature = world.sign(person, draft.draft.id).await;
        let whole = Submit { signature: Some(signature), ..submit(person, &draft) };
        for micros in [0, 200, 500, 1_000, 2_000, 4_000, 8_000] {
            let patience = std::time::Duration::from_micros(micros);
            let _ = tokio::time::timeout(patience, world.services.submit(whole.clone())).await;
            assert_eq!(world.count(Count::Places).await, 1, "the answers are in the draft or in the case");
        }
        let done = world.services.submit(whole).await.unwrap();
        assert!(world.timer(format!("case/{}/promise", done.case)).await.is_some());
        assert_eq!(world.count(Count::Cases).await, 1);
    }

    async fn colleagues_share_a_company_s_draft_and_strangers_do_not(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let owner = world.person("ng-chi-ming").await.person;
        let company = identity::mandates_of(&world.store, owner).await.unwrap()[0].company.id;
        let owner = Applicant::company(owner, company);
        let draft = world.start(owner).await;
        let colleague = world.person("kwok-wing-sze").await.person;
        let colleague = Applicant::company(colleague, company);
        assert_eq!(world.start(colleague).await.draft.id, draft.draft.id);
        let stranger = world.resident().await.person;
        let stranger = Applicant::company(stranger, company);
        let seen = world.services.draft(stranger, draft.draft.id).await;
        assert!(matches!(seen, Err(Error::NoMandate)));
        assert!(matches!(world.services.applications(stranger, None).await, Err(Error::NoMandate)));
    }

    async fn answers_are_sealed_at_rest(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let done = world.submitted(world.resident().await, "900001777").await;
        let raw = world.raw_answers(done.case).await;
        assert!(!raw.windows(9).any(|window| window == b"900001777"));
    }

    async fn feedback_is_kept_without_personal_data(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let new = |rating, words: &str| NewFeedback {
            kind: FeedbackKind::Feedback,
            service: Some((SERVICE.into(), 1)),
            page: "done".into(),
            lang: Lang::En,
            rating,
            words: words.into(),
            names: vec!["CHEUNG Ka Yan".into()],
            about: None,
            department: None,
        };
        let said = "Good. Call 91234567, I am A123456(3), Cheung Ka Yan";
        world.services.feedback(new(Some(5), said)).await.unwrap();
        let too_good = world.services.feedback(new(Some(6), said)).await;
        assert!(matches!(too_good, Err(Error::Rating)));
        let nothing = world.services.feedback(new(None, " ")).await;
        assert!(matches!(nothing, Err(Error::NothingSaid)));
        let operator = world.clerk("operator").await;
        let kept = world.services.feedback_for(&operator, &FeedbackQuery::default()).await.unwrap();
        assert_eq!(kept.items.len(), 1);
        assert_eq!(kept.items[0].department, "afcd");
        let words = kept.items[0].words.as_deref();
        assert_eq!(words, Some("Good. Call [number], I am [HKID], [name]"));
        let stranger = world.clerk("owner").await;
        let none = world.services.feedback_for(&stranger, &FeedbackQuery::default()).await.unwrap();
        assert!(none.items.is_empty(), "an owner sees feedback of another department");
    }

    async fn a_page_that_does_not_show_is_refused(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let draft = world.start(world.resident().await).await;
        let missing = world.save(&draft, "nowhere", &[]).await;
        assert!(matches!(missing, Err(Error::NoSuchPage(_))));
        let save = SavePage {
            manner: crate::Manner::Sent,
            applicant: draft.draft.applicant(),
            draft: world.services.env().id(),
            revision: 1,
            page: "dog".into(),
            form: Vec::new(),
            lang: Lang::En,
        };
        assert!(matches!(world.services.save_page(save).await, Err(Error::NoSuchDraft)));
    }
}
