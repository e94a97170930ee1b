//! The officer's way, and what the applicant sees of it.

use std::time::Duration;

use kernel::{Date, FakeEnv, Id};
use store::Store;

use super::world::{Count, OWNERS, World};
use crate::{
    Act, Acted, Applicant, Case, Clerk, Clock, Correction, Deadline, Error, Flag, Holder,
    InboxQuery, NewUpload, Preview, SaveReply, Submitted,
};

struct Desk {
    world: World,
    person: Applicant,
    officer: Clerk,
    supervisor: Clerk,
    done: Submitted,
}

impl Desk {
    async fn new(store: Store, clock: FakeEnv) -> Self {
        let world = World::new(store, clock).await;
        let person = world.resident().await;
        let done = world.submitted(person, "900001").await;
        let officer = world.clerk("afcd-officer").await;
        let supervisor = world.clerk("afcd-supervisor").await;
        Self {
            world,
            person,
            officer,
            supervisor,
            done,
        }
    }

    async fn case(&self) -> Case {
        self.world.case(self.done.case).await
    }

    async fn act(&self, clerk: &Clerk, action: &str, reason: &str) -> Result<Acted, Error> {
        let act = Act {
            case: self.done.case,
            revision: self.case().await.revision,
            action: action.into(),
            reason: (!reason.is_empty()).then(|| reason.into()),
            fields: if action == "ask" {
                vec!["chip".into()]
            } else {
                Vec::new()
            },
        };
        self.world.services.act(clerk, act).await
    }

    async fn inbox(&self, query: InboxQuery) -> Vec<Id<Case>> {
        let page = self
            .world
            .services
            .inbox(&self.officer, query)
            .await
            .unwrap();
        page.items.into_iter().map(|row| row.case).collect()
    }

    async fn promise_due(&self) -> Option<kernel::Time> {
        self.world
            .timer(format!("case/{}/promise", self.done.case))
            .await
    }
}

store::db_tests! {
    OWNERS;

    async fn an_approved_case_issues_the_licence_and_tells_the_applicant(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        assert_eq!(desk.inbox(InboxQuery::default()).await, [desk.done.case]);
        assert_eq!(desk.act(&desk.officer, "approve", "").await.unwrap(), Acted::Moved);
        let case = desk.case().await;
        assert_eq!(case.outcome.as_deref(), Some("approved"));
        assert!(case.licence.is_some() && case.is_closed());
        assert_eq!(case.forget_on, Some(Date::new(2030, 11, 23).unwrap()));
        assert!(desk.promise_due().await.is_none());
        assert!(desk.inbox(InboxQuery::default()).await.is_empty());
        desk.world.work().await;
        desk.world.work().await;
        let view = desk.world.services.application(desk.person, &desk.done.reference).await.unwrap();
        let letters: Vec<_> = view.documents.iter().map(|one| one.media_type.as_str()).collect();
        assert_eq!(letters, ["application/pdf"], "one letter however often the job runs");
        let letter = view.documents[0].id;
        let letter = desk.world.services.own_document(desk.person, letter).await.unwrap();
        assert!(letter.bytes.starts_with(b"%PDF-"));
        let words: Vec<_> = view.timeline.iter().map(|line| line.words.en.as_str()).collect();
        assert_eq!(words, ["Application submitted", "Approve", "Licence issued"]);
        assert!(view.timeline.iter().all(|line| line.actor.is_empty()));
        let again = desk.act(&desk.officer, "approve", "").await;
        assert!(matches!(again, Err(Error::Closed)));
    }

    async fn opening_a_case_needs_a_reason_on_record(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        let bare = services.open_case(&desk.officer, desk.done.case, "  ").await;
        assert!(matches!(bare, Err(Error::ReasonNeeded)));
        assert!(services.accesses(&desk.officer, desk.done.case, None).await.unwrap().items.is_empty());
        let view = services.open_case(&desk.officer, desk.done.case, "my queue").await.unwrap();
        assert!(view.applicant.starts_with("CHEUNG Ka Yan"));
        assert!(view.is_signed);
        let actions: Vec<_> = view.actions.iter().map(|action| action.id.as_str()).collect();
        assert_eq!(actions, ["approve", "refuse", "ask"]);
        let looks = services.accesses(&desk.officer, desk.done.case, None).await.unwrap().items;
        assert_eq!((looks.len(), looks[0].reason.as_str()), (1, "my queue"));
        let standing = services.standing_reason(&desk.officer, desk.done.case).await.unwrap();
        assert_eq!(standing.as_deref(), Some("my queue"));
    }

    async fn looks_at_a_case_are_read_a_page_at_a_time(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock.clone()).await;
        let (services, case) = (&desk.world.services, desk.done.case);
        for opened in 0..kernel::limits::PAGE_ITEMS + 3 {
            services.open_case(&desk.officer, case, &format!("look {opened}")).await.unwrap();
            clock.advance(Duration::from_secs(1));
        }
        let first = services.accesses(&desk.officer, case, None).await.unwrap();
        assert_eq!(first.items.len(), kernel::limits::PAGE_ITEMS);
        assert_eq!(first.items[0].reason, format!("look {}", kernel::limits::PAGE_ITEMS + 2));
        let rest = services.accesses(&desk.officer, case, first.next.as_ref()).await.unwrap();
        let reasons: Vec<_> = rest.items.iter().map(|look| look.reason.as_str()).collect();
        assert_eq!(reasons, ["look 2", "look 1", "look 0"]);
        assert!(rest.next.is_none());
    }

    async fn another_department_sees_nothing(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let other = desk.world.clerk("td-officer").await;
        let services = &desk.world.services;
        let seen = services.open_case(&other, desk.done.case, "curious").await;
        assert!(matches!(seen, Err(Error::WrongRole)));
        assert!(matches!(desk.act(&other, "approve", "").await, Err(Error::WrongRole)));
        assert!(matches!(services.claim(&other, desk.done.case).await, Err(Error::WrongRole)));
        assert!(services.inbox(&other, InboxQuery::default()).await.unwrap().items.is_empty());
        let reference = desk.done.reference.to_string();
        assert!(services.find_cases(&other, (&reference, "x")).await.unwrap().is_empty());
        let role = InboxQuery { role: Some("afcd.officer".into()), ..InboxQuery::default() };
        assert!(matches!(services.inbox(&other, role).await, Err(Error::WrongRole)));
        let looks = services.accesses(&desk.officer, desk.done.case, None).await.unwrap().items;
        assert!(looks.is_empty());
    }

    async fn nobody_works_on_their_own_application(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let person = world.person("afcd-supervisor").await;
        let clerk = world.clerk("afcd-supervisor").await;
        let done = world.submitted(person, "900001").await;
        let seen = world.services.open_case(&clerk, done.case, "mine").await;
        assert!(matches!(seen, Err(Error::OwnCase)));
        let claimed = world.services.claim(&clerk, done.case).await;
        assert!(matches!(claimed, Err(Error::OwnCase)));
        let approve = Act {
            case: done.case,
            revision: world.case(done.case).await.revision,
            action: "approve".into(),
            reason: None,
            fields: Vec::new(),
        };
        assert!(matches!(world.services.act(&clerk, approve).await, Err(Error::OwnCase)));
        let own = world.services.application(person, &done.reference).await.unwrap();
        assert_eq!(own.row.reference, done.reference, "as an applicant they follow it");
    }

    async fn a_refusal_needs_a_reason_and_a_second_person(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        assert!(matches!(desk.act(&desk.officer, "refuse", "").await, Err(Error::ReasonNeeded)));
        let proposed = desk.act(&desk.officer, "refuse", "The chip is not registered").await;
        assert_eq!(proposed.unwrap(), Acted::Proposed);
        assert_eq!(desk.case().await.state, "received");
        let revision = desk.case().await.revision;
        let own = services.confirm(&desk.officer, desk.done.case, revision).await;
        assert!(matches!(own, Err(Error::FourEyes)));
        let other = desk.act(&desk.supervisor, "approve", "").await;
        assert!(matches!(other, Err(Error::DecisionPending)));
        let stale = services.confirm(&desk.supervisor, desk.done.case, revision - 1).await;
        assert!(matches!(stale, Err(Error::CaseMoved)));
        services.confirm(&desk.supervisor, desk.done.case, revision).await.unwrap();
        let case = desk.case().await;
        assert_eq!(case.outcome.as_deref(), Some("refused"));
        assert_eq!(desk.world.returned(case.demand.unwrap()).await, 8000);
        let view = services.application(desk.person, &desk.done.reference).await.unwrap();
        let appeal = view.appeal.unwrap();
        assert_eq!(appeal.by.unwrap().date(), Date::new(2026, 12, 21).unwrap());
        let reasons: Vec<_> = view.timeline.iter().filter_map(|line| line.reason.as_deref()).collect();
        assert_eq!(reasons, ["The chip is not registered"]);
    }

    async fn a_proposed_decision_can_go_back(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        desk.act(&desk.officer, "refuse", "No").await.unwrap();
        services.send_back(&desk.supervisor, desk.done.case, "Look again").await.unwrap();
        assert_eq!(desk.act(&desk.officer, "approve", "").await.unwrap(), Acted::Moved);
    }

    async fn asking_stops_the_clock_and_the_reply_starts_it_again(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        desk.world.after(1);
        desk.act(&desk.officer, "ask", "Which chip is it?").await.unwrap();
        let case = desk.case().await;
        assert_eq!((case.state.as_str(), case.clock), ("waiting", Clock::Stopped));
        assert_eq!(case.deadline(services.env().now()), Deadline::Stopped);
        assert!(desk.promise_due().await.is_none());
        desk.world.after(10);
        let draft = services.reply_draft(desk.person, &desk.done.reference).await.unwrap();
        assert_eq!(draft.question.fields, ["chip"]);
        let save = SaveReply {
            applicant: desk.person,
            reference: desk.done.reference.clone(),
            revision: draft.revision,
            form: vec![("chip".into(), "900999".into()), ("sex".into(), "female".into())],
        };
        let saved = services.save_reply(save.clone()).await.unwrap();
        assert!(saved.problems.is_empty());
        let stale = services.save_reply(save).await;
        assert!(matches!(stale, Err(Error::StaleDraft { .. })));
        services.send_reply(desk.person, &desk.done.reference).await.unwrap();
        let case = desk.case().await;
        assert_eq!((case.state.as_str(), case.clock), ("received", Clock::Running));
        // Four working days were left on Tuesday the 24th; the reply came on Friday 4 December.
        assert_eq!(case.due.unwrap().date(), Date::new(2026, 12, 10).unwrap());
        assert_eq!(desk.promise_due().await.map(kernel::Time::date), Some(Date::new(2026, 12, 11).unwrap()));
        assert!(case.has(Flag::Changed));
        let view = services.open_case(&desk.officer, desk.done.case, "reply").await.unwrap();
        assert_eq!(view.changed, ["chip"]);
        let shown = |field: &str| {
            let rows = view.pages.iter().flat_map(|page| &page.rows);
            rows.filter(|row| row.field == field).map(|row| row.value.en.clone()).next().unwrap()
        };
        assert_eq!((shown("chip"), shown("sex")), ("900999".into(), "Male".into()), "only named questions reopen");
        let twice = services.send_reply(desk.person, &desk.done.reference).await;
        assert!(matches!(twice, Err(Error::NothingToAnswer)));
    }

    async fn a_question_must_name_questions_that_exist(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        for fields in [Vec::new(), vec!["nothing".to_owned()]] {
            let act = Act {
                case: desk.done.case,
                revision: desk.case().await.revision,
                action: "ask".into(),
                reason: Some("Tell us".into()),
                fields,
            };
            let asked = desk.world.services.act(&desk.officer, act).await;
            assert!(matches!(asked, Err(Error::NothingAsked)));
        }
        assert_eq!(desk.case().await.state, "received");
    }

    async fn a_file_is_taken_only_for_a_reopened_question(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let upload = |field: &str| NewUpload {
            applicant: desk.person,
            draft: desk.world.services.env().id(),
            field: field.into(),
            file_name: "letter.pdf".into(),
            bytes: b"%PDF-1.7".to_vec(),
        };
        let services = &desk.world.services;
        let early = services.reply_upload(&desk.done.reference, upload("vet_letter")).await;
        assert!(matches!(early, Err(Error::NothingToAnswer)));
        desk.act(&desk.officer, "ask", "Which chip is it?").await.unwrap();
        let other = services.reply_upload(&desk.done.reference, upload("vet_letter")).await;
        assert!(matches!(other, Err(Error::NothingAsked)));
    }

    async fn a_new_file_replaces_the_oldest_of_a_full_question(store: Store, clock: FakeEnv) {
        let world = World::with(store, clock, crate::scanner::tests::clamd().await).await;
        let person = world.resident().await;
        let draft = world.answered(person, "900001").await;
        let mut form = super::world::dog("900001").to_vec();
        form[5] = ("neutered", "true");
        let draft = world.save(&draft, "dog", &form).await.unwrap().draft;
        let file = |name: &str, bytes: &[u8]| NewUpload {
            applicant: person,
            draft: draft.draft.id,
            field: "vet_letter".into(),
            file_name: name.into(),
            bytes: bytes.to_vec(),
        };
        for name in ["one.pdf", "two.pdf"] {
            world.services.upload(file(name, b"%PDF-1.7")).await.unwrap();
        }
        let draft = world.services.draft(person, draft.draft.id).await.unwrap();
        let demand = world.frozen(&draft).await;
        world.pay(demand).await;
        let signature = Some(world.sign(person, draft.draft.id).await);
        let submit = crate::Submit { applicant: person, draft: draft.draft.id, signature };
        let done = world.services.submit(submit).await.unwrap();
        let officer = world.clerk("afcd-officer").await;
        let ask = Act {
            case: done.case,
            revision: world.case(done.case).await.revision,
            action: "ask".into(),
            reason: Some("The letter cannot be read".into()),
            fields: vec!["vet_letter".into()],
        };
        world.services.act(&officer, ask).await.unwrap();
        let bad = file("bad.pdf", b"%PDF-1.7 EICAR");
        world.services.reply_upload(&done.reference, bad).await.unwrap();
        world.work().await;
        let sent = world.services.send_reply(person, &done.reference).await;
        assert!(matches!(sent, Err(Error::Infected)));
        world.services.reply_upload(&done.reference, file("three.pdf", b"%PDF-1.7")).await.unwrap();
        world.work().await;
        world.services.send_reply(person, &done.reference).await.unwrap();
        let view = world.services.open_case(&officer, done.case, "reply").await.unwrap();
        let rows = view.pages.iter().flat_map(|page| &page.rows);
        let letter = rows.filter(|row| row.field == "vet_letter").map(|row| row.value.en.clone());
        assert_eq!(letter.collect::<Vec<_>>(), ["two.pdf\nthree.pdf"]);
        // Four files ever given, and the letter that asked for the last ones.
        assert_eq!(view.documents.len(), 5, "what was submitted stays with the case");
        let gone = view.documents.iter().find(|one| one.name == "bad.pdf").unwrap().id;
        let seen = world.services.case_document(&officer, done.case, (gone, "look")).await;
        assert!(matches!(seen, Err(Error::Infected | Error::NoSuchDocument)));
    }

    async fn an_unanswered_question_closes_the_case_and_returns_the_fee(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        desk.act(&desk.officer, "ask", "Which chip is it?").await.unwrap();
        desk.world.after(28);
        desk.world.work().await;
        assert_eq!(desk.case().await.state, "waiting", "the last day counts in full");
        desk.world.after(1);
        desk.world.work().await;
        let case = desk.case().await;
        assert_eq!(case.outcome.as_deref(), Some("lapsed"));
        assert_eq!(desk.world.returned(case.demand.unwrap()).await, 8000);
        let late = desk.world.services.send_reply(desk.person, &desk.done.reference).await;
        assert!(matches!(late, Err(Error::NothingToAnswer)));
    }

    async fn a_timer_that_comes_late_moves_nothing(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        desk.act(&desk.officer, "ask", "Which chip is it?").await.unwrap();
        let waiting = desk.case().await;
        desk.world.after(1);
        desk.world.services.send_reply(desk.person, &desk.done.reference).await.unwrap();
        desk.act(&desk.officer, "ask", "And again?").await.unwrap();
        let elapsed = crate::timers::Elapsed {
            case: desk.done.case,
            state: "waiting".into(),
            since: waiting.state_since,
            go: Some("lapsed".into()),
        };
        desk.world.services.elapsed(elapsed).await.unwrap();
        assert_eq!(desk.case().await.state, "waiting");
    }

    async fn the_promise_runs_on_working_days_and_its_breach_is_flagged_once(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        desk.world.after(7);
        desk.world.work().await;
        assert!(!desk.case().await.has(Flag::Overdue), "30 November is the fifth working day");
        desk.world.after(1);
        desk.world.work().await;
        desk.world.work().await;
        let case = desk.case().await;
        assert!(case.has(Flag::Overdue));
        assert_eq!(case.deadline(desk.world.services.env().now()), Deadline::Overdue);
        let counts = desk.world.services.inbox_counts(&desk.officer).await.unwrap();
        assert_eq!((counts.open, counts.overdue, counts.soon), (1, 1, 0));
        let late = InboxQuery { deadline: Some(Deadline::Overdue), ..InboxQuery::default() };
        assert_eq!(desk.inbox(late).await, [desk.done.case]);
    }

    async fn a_day_lost_to_a_typhoon_moves_the_promise(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        desk.world.after(1);
        let start = desk.world.services.env().now();
        let end = start + std::time::Duration::from_secs(3600);
        desk.world
            .store
            .write(&kernel::Actor::system("test"), move |tx| async move {
                let reason = journal::suspension::Reason::Typhoon;
                journal::suspension::declare(&tx, reason, start, Some(end), "signal 8").await
            })
            .await
            .unwrap();
        desk.world.work().await;
        let case = desk.case().await;
        assert_eq!(case.due.unwrap().date(), Date::new(2026, 12, 1).unwrap());
        assert_eq!(desk.promise_due().await.map(kernel::Time::date), Some(Date::new(2026, 12, 2).unwrap()));
        let view = desk.world.services.application(desk.person, &desk.done.reference).await.unwrap();
        assert_eq!(view.row.next.by, case.due, "the applicant sees the same instant as the desk");
        desk.world.after(7);
        desk.world.work().await;
        assert!(!desk.case().await.has(Flag::Overdue));
    }

    async fn the_applicant_withdraws_and_gets_the_fee_back(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        let other = desk.world.person("ho-mei-ling").await;
        let foreign = services.withdraw(other, &desk.done.reference, None).await;
        assert!(matches!(foreign, Err(Error::NoSuchCase)));
        let view = services.application(desk.person, &desk.done.reference).await.unwrap();
        assert!(view.may_withdraw && view.withdrawal_returns_fee);
        services.withdraw(desk.person, &desk.done.reference, Some("Moved away".into())).await.unwrap();
        let case = desk.case().await;
        assert_eq!(case.outcome.as_deref(), Some("withdrawn"));
        assert_eq!(desk.world.returned(case.demand.unwrap()).await, 8000);
        let twice = services.withdraw(desk.person, &desk.done.reference, None).await;
        assert!(matches!(twice, Err(Error::Closed)));
    }

    async fn a_claimed_case_is_one_officer_s(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        services.claim(&desk.supervisor, desk.done.case).await.unwrap();
        let taken = services.claim(&desk.officer, desk.done.case).await;
        assert!(matches!(taken, Err(Error::Claimed)));
        assert!(matches!(desk.act(&desk.officer, "approve", "").await, Err(Error::Claimed)));
        let released = services.release(&desk.officer, desk.done.case).await;
        assert!(matches!(released, Err(Error::Claimed)));
        assert!(desk.inbox(InboxQuery { holder: Holder::Nobody, ..InboxQuery::default() }).await.is_empty());
        services.assign(&desk.supervisor, vec![desk.done.case], desk.officer.id).await.unwrap();
        let mine = InboxQuery { holder: Holder::Mine, ..InboxQuery::default() };
        assert_eq!(desk.inbox(mine).await, [desk.done.case]);
        let plain = services.assign(&desk.officer, vec![desk.done.case], desk.supervisor.id).await;
        assert!(matches!(plain, Err(Error::WrongRole)));
        let stranger = desk.world.clerk("td-officer").await;
        let wrong = services.assign(&desk.supervisor, vec![desk.done.case], stranger.id).await;
        assert!(matches!(wrong, Err(Error::WrongRole)));
        services.release(&desk.officer, desk.done.case).await.unwrap();
    }

    async fn two_officers_do_not_move_one_case_at_once(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let act = Act {
            case: desk.done.case,
            revision: desk.case().await.revision,
            action: "approve".into(),
            reason: None,
            fields: Vec::new(),
        };
        let ask = Act {
            action: "ask".into(),
            reason: Some("?".into()),
            fields: vec!["chip".into()],
            ..act.clone()
        };
        let (one, two) = tokio::join!(
            desk.world.services.act(&desk.officer, act),
            desk.world.services.act(&desk.supervisor, ask),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }

    async fn a_correction_keeps_the_old_answer_and_needs_a_supervisor_once_decided(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        let correction = |revision, value: &str| Correction {
            case: desk.done.case,
            revision,
            field: "chip".into(),
            form: vec![("chip".into(), value.into()), ("sex".into(), "female".into())],
            reason: "Misread from the form".into(),
        };
        let revision = desk.case().await.revision;
        let empty = services.correct(&desk.officer, correction(revision, "")).await;
        assert!(matches!(empty, Err(Error::Incomplete(_))));
        services.correct(&desk.officer, correction(revision, "900777")).await.unwrap();
        let stale = services.correct(&desk.officer, correction(revision, "900888")).await;
        assert!(matches!(stale, Err(Error::CaseMoved)));
        desk.act(&desk.officer, "approve", "").await.unwrap();
        let revision = desk.case().await.revision;
        let closed = services.correct(&desk.officer, correction(revision, "900888")).await;
        assert!(matches!(closed, Err(Error::WrongRole)));
        services.correct(&desk.supervisor, correction(revision, "900888")).await.unwrap();
        let view = services.open_case(&desk.officer, desk.done.case, "check").await.unwrap();
        assert_eq!(view.changed, ["chip"]);
        let line = view.timeline.iter().rev().find_map(|line| line.reason.clone()).unwrap();
        assert!(line.contains("Misread") && line.contains("900777"), "{line}");
        assert!(view.case.has(Flag::Corrected));
    }

    async fn cases_that_name_the_same_thing_are_shown_to_the_officer(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let other = desk.world.person("ho-mei-ling").await;
        let second = desk.world.submitted(other, "900001").await;
        assert!(desk.world.case(second.case).await.has(Flag::Duplicate));
        let services = &desk.world.services;
        let view = services.open_case(&desk.officer, second.case, "queue").await.unwrap();
        assert_eq!(view.duplicates, [desk.done.reference.as_str().to_owned()]);
        let third = desk.world.person("tse-kwok-wah").await;
        let third = desk.world.submitted(third, "900003").await;
        assert!(!desk.world.case(third.case).await.has(Flag::Duplicate));
    }

    async fn officers_find_cases_by_reference_and_identity_card(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        for words in [desk.done.reference.to_string(), "Q311117(9)".into(), "q3111179".into()] {
            let found = services.find_cases(&desk.officer, (&words, "call")).await.unwrap();
            assert_eq!(found.len(), 1, "{words}");
        }
        assert!(services.find_cases(&desk.officer, ("nonsense", "call")).await.unwrap().is_empty());
        let looks = services.accesses(&desk.officer, desk.done.case, None).await.unwrap().items;
        assert_eq!(looks.iter().filter(|look| look.what == "search").count(), 3);
    }

    async fn a_letter_can_be_seen_before_it_is_sent(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let preview = |action: &str| Preview {
            case: desk.done.case,
            action: action.into(),
            reason: Some("晶片號碼未登記".into()),
        };
        let services = &desk.world.services;
        let pdf = services.letter_preview(&desk.officer, preview("refuse")).await.unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        let stranger = desk.world.clerk("td-officer").await;
        let foreign = services.letter_preview(&stranger, preview("refuse")).await;
        assert!(matches!(foreign, Err(Error::WrongRole)));
        assert_eq!(desk.case().await.state, "received");
    }

    async fn a_forgotten_case_leaves_no_answers(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        desk.act(&desk.officer, "approve", "").await.unwrap();
        desk.world.work().await;
        desk.world.after(4 * 366);
        desk.world.services.sweep().await.unwrap();
        assert_eq!(desk.world.count(Count::Cases).await, 0);
        assert_eq!(desk.world.count(Count::Documents).await, 0);
    }

    async fn notes_are_for_officers_only(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store, clock).await;
        let services = &desk.world.services;
        services.note(&desk.officer, desk.done.case, "Called, no answer").await.unwrap();
        let desk_view = services.open_case(&desk.officer, desk.done.case, "x").await.unwrap();
        assert!(desk_view.timeline.iter().any(|line| line.reason.as_deref() == Some("Called, no answer")));
        let own = services.application(desk.person, &desk.done.reference).await.unwrap();
        assert!(own.timeline.iter().all(|line| line.reason.is_none()));
        assert!(matches!(own.pages[1].rows[0].value.en.as_str(), "900001"));
    }
}
