//! Acting for a company: who fills in, who signs, who puts the chop, and what stops when they leave.

use identity::{
    Change, Company, MemberRole, Powers, Proposed, Right, ServiceGrant, ServiceRole, Verdict,
};
use kernel::{FakeEnv, Id, Money};
use store::Store;

use super::{
    SERVICE,
    world::{Count, OWNERS, World},
};
use crate::{Applicant, Error, Signature, SigningKind, Stage, Submit};

/// The restaurant company: one answers for it, one administers it, one only fills in.
struct Firm {
    world: World,
    company: Id<Company>,
    owner: Applicant,
    administrator: Applicant,
    clerk: Applicant,
}

impl Firm {
    async fn new(store: Store, clock: FakeEnv) -> Self {
        let world = World::new(store, clock).await;
        let owner = world.person("ng-chi-ming").await.person;
        let company = identity::mandates_of(&world.store, owner).await.unwrap()[0]
            .company
            .id;
        let acting = async |key| Applicant::company(world.person(key).await.person, company);
        Self {
            owner: acting("ng-chi-ming").await,
            administrator: acting("siu-hoi-yan").await,
            clerk: acting("kwok-wing-sze").await,
            company,
            world,
        }
    }

    async fn member(&self, who: Applicant) -> Id<identity::Member> {
        let store = &self.world.store;
        let people = identity::members(store, self.owner.person, self.company)
            .await
            .unwrap();
        people
            .iter()
            .find(|one| one.person == who.person)
            .unwrap()
            .id
    }

    async fn set(&self, who: Applicant, powers: Powers) {
        let store = &self.world.store;
        let change = Change::Powers {
            member: self.member(who).await,
            powers,
        };
        let by = self.owner.person;
        let asked = identity::propose(store, by, self.company, change)
            .await
            .unwrap();
        if asked == Proposed::Waits {
            let (open, _) = identity::waiting(store, by, self.company).await.unwrap();
            let second = self.administrator.person;
            identity::decide_proposal(store, second, (self.company, open[0].id), Verdict::Agree)
                .await
                .unwrap();
        }
    }

    /// A draft of the company, answered, frozen by `who` and paid.
    async fn paid(&self, who: Applicant) -> crate::OpenDraft {
        let draft = self.world.answered(who, "900001555").await;
        let demand = self.world.frozen(&draft).await;
        self.world.pay(demand).await;
        self.world
            .services
            .draft(who, draft.draft.id)
            .await
            .unwrap()
    }

    /// Messages to `who` whose subject begins so.
    async fn told(&self, who: Applicant, subject: &'static str) -> usize {
        let to = who.person.cast();
        let inbox = self
            .world
            .store
            .read(move |db| async move { notify::inbox(&db, to, None).await })
            .await
            .unwrap();
        let found = inbox.items.iter();
        found
            .filter(|one| one.subject.en.starts_with(subject))
            .count()
    }

    async fn submit(
        &self,
        applicant: Applicant,
        draft: &crate::OpenDraft,
        signature: Option<Signature>,
    ) -> Result<crate::Submitted, Error> {
        let submit = Submit {
            applicant,
            draft: draft.draft.id,
            signature,
        };
        self.world.services.submit(submit).await
    }
}

store::db_tests! {
    OWNERS;

    async fn a_company_signs_in_person_and_then_by_its_chop(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        let draft = firm.paid(firm.owner).await;
        let id = draft.draft.id;
        let stage = async |who| firm.world.services.stage(who, id).await.unwrap();
        assert_eq!(stage(firm.owner).await, Stage::Sign);
        let personal = firm.world.sign(firm.owner, id).await;
        let half = firm.submit(firm.owner, &draft, Some(personal)).await;
        assert!(matches!(half, Err(Error::NotChopped)));
        assert_eq!(firm.world.count(Count::Cases).await, 0);
        assert_eq!(stage(firm.owner).await, Stage::Chop);
        let chop = firm.world.sign(firm.administrator, id).await;
        let done = firm.submit(firm.administrator, &draft, Some(chop)).await.unwrap();
        let case = firm.world.case(done.case).await;
        assert_eq!(case.person, firm.owner.person, "who signed in person is the applicant");
        assert_eq!(case.company, Some(firm.company));
    }

    async fn who_only_fills_in_is_told_who_can_sign(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        let draft = firm.world.answered(firm.clerk, "900001555").await;
        let frozen = firm.world.services.freeze(firm.clerk, draft.draft.id, draft.draft.revision).await;
        let Err(Error::MayNotSign { who }) = frozen else { panic!("{frozen:?}") };
        assert_eq!(who, ["NG Chi Ming 吳志明", "SIU Hoi Yan 蕭凱欣"]);
        let colleague = firm.world.services.draft(firm.owner, draft.draft.id).await.unwrap();
        assert_eq!(colleague.answers, draft.answers, "the draft is the company's");
    }

    async fn only_who_holds_the_chop_is_asked_for_it(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        firm.set(firm.clerk, Powers::of(MemberRole::Representative, false)).await;
        let draft = firm.paid(firm.clerk).await;
        let id = draft.draft.id;
        let personal = firm.world.sign(firm.clerk, id).await;
        let half = firm.submit(firm.clerk, &draft, Some(personal)).await;
        assert!(matches!(half, Err(Error::NotChopped)));
        let open = firm.world.services.draft(firm.clerk, id).await.unwrap();
        let fee = open.draft.fee.unwrap_or_default();
        let standing = firm.world.services.standing(firm.clerk, (&open, fee)).await.unwrap().unwrap();
        assert!(standing.may_sign && !standing.may_chop && standing.signed_by.is_some());
        let ask = crate::AskSignature {
            applicant: firm.clerk,
            draft: id,
            binding: identity::Binding::of(b"browser"),
            place: kernel::Text::new("a test", "測試"),
            return_to: "/en/applications".into(),
        };
        let refused = firm.world.services.ask_signature(ask).await;
        assert!(matches!(refused, Err(Error::MayNotChop { who }) if who.len() == 2));
    }

    async fn whoever_left_before_the_chop_has_signed_nothing(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        firm.set(firm.clerk, Powers::of(MemberRole::Representative, false)).await;
        let draft = firm.paid(firm.clerk).await;
        let personal = firm.world.sign(firm.clerk, draft.draft.id).await;
        firm.submit(firm.clerk, &draft, Some(personal)).await.unwrap_err();
        let place = (firm.company, firm.member(firm.clerk).await);
        identity::leave_company(&firm.world.store, firm.owner.person, place, "left").await.unwrap();
        let gone = firm.world.services.draft(firm.clerk, draft.draft.id).await;
        assert!(matches!(gone, Err(Error::NoMandate)));
        let chop = firm.world.sign(firm.owner, draft.draft.id).await;
        let refused = firm.submit(firm.owner, &draft, Some(chop)).await;
        assert!(matches!(refused, Err(Error::NoMandate)));
        assert_eq!(firm.world.count(Count::Cases).await, 0);
    }

    async fn a_paid_draft_of_somebody_who_left_goes_to_the_administrators(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        firm.set(firm.clerk, Powers::of(MemberRole::Representative, false)).await;
        let draft = firm.world.answered(firm.clerk, "900001555").await;
        let demand = firm.world.frozen(&draft).await;
        let place = (firm.company, firm.member(firm.clerk).await);
        identity::leave_company(&firm.world.store, firm.owner.person, place, "left").await.unwrap();
        firm.world.pay(demand).await;
        firm.world.work().await;
        let open = firm.world.services.draft(firm.owner, draft.draft.id).await.unwrap();
        assert_ne!(open.draft.person, firm.clerk.person, "somebody of the company stands for it");
        for (who, count) in [(firm.owner, 1), (firm.administrator, 1), (firm.clerk, 0)] {
            assert_eq!(firm.told(who, "A paid application of your company").await, count);
        }
        let personal = firm.world.sign(firm.owner, draft.draft.id).await;
        firm.submit(firm.owner, &draft, Some(personal)).await.unwrap_err();
        let chop = firm.world.sign(firm.owner, draft.draft.id).await;
        firm.submit(firm.owner, &draft, Some(chop)).await.unwrap();
    }

    async fn whoever_holds_the_chop_is_told_that_it_is_wanted(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        firm.set(firm.clerk, Powers::of(MemberRole::Representative, false)).await;
        let draft = firm.paid(firm.clerk).await;
        let personal = firm.world.sign(firm.clerk, draft.draft.id).await;
        firm.submit(firm.clerk, &draft, Some(personal)).await.unwrap_err();
        for (who, count) in [(firm.owner, 1), (firm.administrator, 1), (firm.clerk, 0)] {
            assert_eq!(firm.told(who, "The company chop is wanted").await, count);
        }
    }

    async fn changed_answers_take_the_signature_back(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        let draft = firm.paid(firm.owner).await;
        let personal = firm.world.sign(firm.owner, draft.draft.id).await;
        firm.submit(firm.owner, &draft, Some(personal.clone())).await.unwrap_err();
        let again = firm.submit(firm.owner, &draft, Some(personal)).await;
        assert!(matches!(again, Err(Error::Identity(identity::Error::Consumed))));
        let kind = firm.world.services.stage(firm.owner, draft.draft.id).await.unwrap();
        assert_eq!(kind, Stage::Chop);
        assert_eq!(SigningKind::Chop.right(), Right::Chop);
    }

    async fn a_fee_above_the_limit_needs_a_second_person(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        let limit = Some(Money::from_cents(100));
        let limited = Powers { limit, ..Powers::of(MemberRole::Representative, true) };
        firm.set(firm.clerk, limited).await;
        let draft = firm.world.answered(firm.clerk, "900001555").await;
        let freeze = async || {
            let (id, revision) = (draft.draft.id, draft.draft.revision);
            firm.world.services.freeze(firm.clerk, id, revision).await
        };
        let refused = freeze().await;
        assert!(matches!(refused, Err(Error::OverLimit { .. })), "{refused:?}");
        let asked = firm.world.services.ask_to_exceed(firm.clerk, draft.draft.id).await.unwrap();
        assert_eq!(asked, Proposed::Waits);
        let store = &firm.world.store;
        let owner = firm.owner.person;
        let (open, _) = identity::waiting(store, owner, firm.company).await.unwrap();
        identity::decide_proposal(store, owner, (firm.company, open[0].id), Verdict::Agree)
            .await
            .unwrap();
        assert!(matches!(freeze().await.unwrap(), Stage::Pay(_)));
    }

    async fn fees_of_a_month_count_together_for_whoever_signs(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        let unlimited = Powers::of(MemberRole::Representative, true);
        firm.set(firm.clerk, unlimited.clone()).await;
        let draft = firm.paid(firm.clerk).await;
        let open = firm.world.services.draft(firm.clerk, draft.draft.id).await.unwrap();
        let fee = open.draft.fee.unwrap();
        firm.set(firm.clerk, Powers { monthly: Some(fee), ..unlimited }).await;
        let personal = firm.world.sign(firm.clerk, draft.draft.id).await;
        firm.submit(firm.clerk, &draft, Some(personal)).await.unwrap_err();
        let chop = firm.world.sign(firm.clerk, draft.draft.id).await;
        firm.submit(firm.clerk, &draft, Some(chop)).await.unwrap();

        let next = firm.world.answered(firm.clerk, "900001556").await;
        let (id, revision) = (next.draft.id, next.draft.revision);
        let refused = firm.world.services.freeze(firm.clerk, id, revision).await;
        let Err(Error::OverLimit { limit, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(limit, identity::Limit::Month { limit: fee, spent: fee });
    }

    async fn a_mandate_reaches_only_the_services_it_names(store: Store, clock: FakeEnv) {
        let firm = Firm::new(store, clock).await;
        let own = firm.world.start(firm.owner).await;
        let grant = |service: &str| ServiceGrant {
            service: service.to_owned(),
            role: ServiceRole::Fill,
        };
        let elsewhere = Powers { services: vec![grant("some-other-service")], ..Powers::of(MemberRole::User, false) };
        firm.set(firm.clerk, elsewhere).await;
        let start = crate::Start { applicant: firm.clerk, service: SERVICE.into(), lang: kernel::Lang::En };
        let refused = firm.world.services.start(start).await;
        assert!(matches!(refused, Err(Error::OtherService { who }) if who.len() == 2));
        let seen = firm.world.services.draft(firm.clerk, own.draft.id).await;
        assert!(matches!(seen, Err(Error::NoSuchDraft)));
        assert!(firm.world.services.drafts(firm.clerk).await.unwrap().is_empty());
        let here = Powers { services: vec![grant(SERVICE)], ..Powers::of(MemberRole::User, false) };
        firm.set(firm.clerk, here).await;
        assert_eq!(firm.world.start(firm.clerk).await.draft.id, own.draft.id);
    }
}
