//! Signing for a company: who may, what their certificates say, and how two signatures belong together.

use std::{sync::Arc, time::Duration};

use ::store::Store;
use kernel::{Actor, FakeEnv, Id, Money, Text};
use trust::{
    KeyStore, Notary,
    cms::{Judgement, Word},
    digest,
};

use super::{Holder, OWNERS, browser, enrol, reply};
use crate::{
    Company, Decision, Error, Identity, ItemKind, Level, MemberRole, NewItem, NewSigning, Powers,
    Proposed, Purpose, SigningAlgorithm, SigningRequest, SigningRoom, Verdict, demo,
    signing::{Capacity, ForCompany, OnBehalf, Part, examine},
    store::{approval, member},
};

const SERVICE: &str = "td-parking";

/// A company with a director, and the room where its people sign.
struct House {
    store: Store,
    keys: KeyStore,
    room: SigningRoom,
    company: Company,
    director: Holder,
}

impl House {
    async fn new(store: &Store) -> Self {
        let keys = KeyStore::in_memory(store.env()).unwrap();
        let register = Arc::new(demo::register());
        let identity = Identity::new(store.clone(), keys.vault(), register);
        let notary = Notary::new(keys.clone(), "http://localhost:8080");
        let director = enrol(store, &keys.vault(), "pang-lok-yi", Level::Plus).await;
        let vault = keys.vault();
        let numbers = (&"0990004".parse().unwrap(), &"99000042".parse().unwrap());
        let companies = demo::companies();
        let company = crate::join_company(store, (&vault, &companies), director.person.id, numbers)
            .await
            .unwrap();
        Self {
            store: store.clone(),
            room: SigningRoom::new(identity, notary),
            keys,
            company,
            director,
        }
    }

    /// Somebody who is of the company with these powers.
    async fn with(&self, key: &str, powers: Powers) -> Holder {
        let holder = enrol(&self.store, &self.keys.vault(), key, Level::Plus).await;
        self.give(&holder, powers).await;
        holder
    }

    async fn give(&self, holder: &Holder, powers: Powers) {
        let (company, who) = (self.company.id, holder.person.id);
        self.store
            .write(&Actor::system("test"), move |tx| {
                let powers = powers.clone();
                async move { member::put_in(&tx, company, who, &powers).await }
            })
            .await
            .unwrap();
    }

    async fn leave(&self, holder: &Holder) {
        let people = crate::members(&self.store, self.director.person.id, self.company.id)
            .await
            .unwrap();
        let own = people.iter().find(|one| one.person == holder.person.id);
        let left = (self.company.id, own.unwrap().id);
        crate::leave_company(&self.store, holder.person.id, left, "left")
            .await
            .unwrap();
    }

    fn request(&self, holder: &Holder, (capacity, part): (Capacity, Part)) -> NewSigning {
        NewSigning {
            person: Some(holder.person.id),
            department: Text::new("Transport Department", "運輸署"),
            service: Text::new("Parking permits", "泊車許可證"),
            algorithm: SigningAlgorithm::Es256,
            items: vec![document(b"the form")],
            minimum_age_hours: 0,
            client: None,
            presence: None,
            card: None,
            behalf: Some(OnBehalf {
                name: self.company.name.clone(),
                terms: ForCompany {
                    company: self.company.id,
                    capacity,
                    service: SERVICE.to_owned(),
                    amount: None,
                    part,
                },
                is_told: false,
            }),
            binding: browser("one"),
            place: Text::same("Chrome"),
            return_to: "/en".to_owned(),
        }
    }

    async fn asked(&self, new: NewSigning) -> Result<(SigningRequest, crate::Approval), Error> {
        self.room.ask(&Actor::Visitor, new).await
    }

    async fn approved(&self, holder: &Holder, new: NewSigning) -> Id<SigningRequest> {
        let (request, approval) = self.asked(new).await.unwrap();
        reply(&self.store, holder, &approval, Decision::Approve)
            .await
            .unwrap();
        request.id
    }

    async fn sign(&self, id: Id<SigningRequest>) -> Result<SigningRequest, Error> {
        let own = browser("one");
        self.room.sign(&Actor::Visitor, id, &own).await
    }

    async fn judged(&self, id: Id<SigningRequest>, holder: &Holder) -> Judgement {
        let (_, items) = self.room.result(id, holder.person.id).await.unwrap();
        let message = items[0].signature.clone().unwrap();
        let content = Some(b"the form".to_vec());
        let examined = examine(self.room.notary(), &self.store, message, content)
            .await
            .unwrap();
        examined.findings[0].judgement.clone()
    }
}

fn document(bytes: &[u8]) -> NewItem {
    NewItem {
        kind: ItemKind::PdfPkcs7,
        name: "Application form".to_owned(),
        digest: digest::sha256(bytes),
        data: None,
    }
}

fn amount(mut new: NewSigning, cents: i64) -> NewSigning {
    if let Some(behalf) = &mut new.behalf {
        behalf.terms.amount = Some(Money::from_cents(cents));
    }
    new
}

const CHOP: (Capacity, Part) = (Capacity::Chop, Part::Only);
const ONLY: (Capacity, Part) = (Capacity::Personal, Part::Only);
const FIRST: (Capacity, Part) = (Capacity::Personal, Part::First);

::store::db_tests! {
    OWNERS;

    async fn a_chop_names_the_company_and_keeps_by_what_right_it_was_put(store: Store) {
        let house = House::new(&store).await;
        let director = &house.director;
        let new = house.request(director, CHOP);
        let (request, approval) = house.asked(new).await.unwrap();
        assert_eq!(approval.purpose, Purpose::Chop);
        assert!(approval.summary.en.starts_with("Put the company chop"), "{:?}", approval.summary);
        assert_eq!(approval.detail[0].value.en, house.company.name.en);
        reply(&store, director, &approval, Decision::Approve).await.unwrap();
        house.sign(request.id).await.unwrap();
        let judged = house.judged(request.id, director).await;
        assert_eq!(judged.word, Word::Good);
        let who = judged.who.unwrap();
        assert_eq!(who.name, house.company.name.en);
        assert_eq!(who.organisation.as_deref(), Some(house.company.name.en.as_str()));
        assert_eq!(who.registered.as_deref(), Some("NTRHK-99000042"));
        let warrant = house.room.warrant(request.id).await.unwrap().unwrap();
        assert_eq!((warrant.role, warrant.may_chop), (MemberRole::Responsible, true));
        assert_eq!(warrant.firm, None);

        let own = house.request(director, (Capacity::Personal, Part::Only));
        let own = house.approved(director, own).await;
        house.sign(own).await.unwrap();
        let who = house.judged(own, director).await.who.unwrap();
        assert_eq!((who.name.as_str(), who.organisation), ("PANG Lok Yi", None));
    }

    async fn who_holds_no_chop_is_not_asked_for_one(store: Store) {
        let house = House::new(&store).await;
        for (role, may_chop) in [(MemberRole::User, false), (MemberRole::Administrator, false)] {
            let who = house.with("kwok-wing-sze", Powers::of(role, may_chop)).await;
            let refused = house.asked(house.request(&who, CHOP)).await;
            assert!(matches!(refused, Err(Error::OutsidePowers)), "{refused:?}");
        }
        let elsewhere = Powers {
            services: vec![crate::ServiceGrant {
                service: "td-other".to_owned(),
                role: crate::ServiceRole::Sign,
            }],
            ..Powers::of(MemberRole::Representative, true)
        };
        let bound = house.with("siu-hoi-yan", elsewhere).await;
        for wanted in [CHOP, FIRST] {
            let refused = house.asked(house.request(&bound, wanted)).await;
            assert!(matches!(refused, Err(Error::OutsidePowers)), "another service: {refused:?}");
        }
        let stranger = enrol(&store, &house.keys.vault(), "cheung-ka-yan", Level::Plus).await;
        let refused = house.asked(house.request(&stranger, CHOP)).await;
        assert!(matches!(refused, Err(Error::OutsidePowers)), "{refused:?}");
    }

    async fn who_left_meanwhile_signs_nothing_for_the_company(store: Store) {
        let house = House::new(&store).await;
        let clerk = house.with("kwok-wing-sze", Powers::of(MemberRole::Representative, true)).await;
        let approved = house.approved(&clerk, house.request(&clerk, CHOP)).await;
        let personal = house.approved(&clerk, house.request(&clerk, FIRST)).await;
        let (waiting, question) = house.asked(house.request(&clerk, CHOP)).await.unwrap();
        house.leave(&clerk).await;
        for id in [approved, personal] {
            let refused = house.sign(id).await;
            assert!(matches!(refused, Err(Error::OutsidePowers)), "{refused:?}");
        }
        let asked = approval::get_for_test(&store, question.id).await;
        assert_eq!(asked.state, crate::ApprovalState::Cancelled);
        assert!(house.sign(waiting.id).await.is_err());
        let told: Vec<_> = super::simulation::events(&store, "causeway.approval.decided.v1").await;
        assert!(told.iter().any(|one| one["state"] == "cancelled"), "{told:?}");
    }

    async fn a_chop_completes_one_signature_over_the_same_documents_once(store: Store, clock: FakeEnv) {
        let house = House::new(&store).await;
        let clerk = house.with("kwok-wing-sze", Powers::of(MemberRole::Representative, false)).await;
        let first = house.approved(&clerk, house.request(&clerk, FIRST)).await;
        let second = |id| house.request(&house.director, (Capacity::Chop, Part::Second(id)));
        let early = house.asked(second(first)).await;
        assert!(matches!(early, Err(Error::NotApproved)), "{early:?}");
        house.sign(first).await.unwrap();
        let other = NewSigning { items: vec![document(b"another form")], ..second(first) };
        let refused = house.asked(other).await;
        assert!(matches!(refused, Err(Error::WrongApproval)), "{refused:?}");

        let chops = [
            house.approved(&house.director, second(first)).await,
            house.approved(&house.director, second(first)).await,
        ];
        house.sign(chops[0]).await.unwrap();
        let twice = house.sign(chops[1]).await;
        assert!(matches!(twice, Err(Error::Decided)), "{twice:?}");
        let (whole, _) = house.room.result(first, clerk.person.id).await.unwrap();
        assert_eq!(whole.chop, Some(chops[0]));
        let again = house.asked(second(first)).await;
        assert!(matches!(again, Err(Error::Decided)), "{again:?}");

        let only = house.request(&clerk, (Capacity::Personal, Part::Only));
        let only = house.approved(&clerk, only).await;
        house.sign(only).await.unwrap();
        let refused = house.asked(second(only)).await;
        assert!(matches!(refused, Err(Error::NotApproved)), "none was to follow: {refused:?}");

        let late = house.approved(&clerk, house.request(&clerk, FIRST)).await;
        house.sign(late).await.unwrap();
        clock.advance(Duration::from_secs(25 * 3_600));
        let refused = house.asked(second(late)).await;
        assert!(matches!(refused, Err(Error::Expired)), "{refused:?}");
    }

    async fn a_limit_holds_until_a_second_person_lets_the_amount_pass(store: Store) {
        let house = House::new(&store).await;
        let limited = Powers {
            limit: Some(Money::from_cents(100_000)),
            ..Powers::of(MemberRole::Representative, true)
        };
        let clerk = house.with("kwok-wing-sze", limited).await;
        let unsaid = house.asked(house.request(&clerk, CHOP)).await;
        assert!(matches!(unsaid, Err(Error::OverLimit)), "nobody said the amount: {unsaid:?}");
        let within = amount(house.request(&clerk, CHOP), 100_000);
        house.asked(within).await.unwrap();
        let above = amount(house.request(&clerk, CHOP), 100_001);
        let refused = house.asked(above.clone()).await;
        assert!(matches!(refused, Err(Error::OverLimit)), "{refused:?}");
        let put = || house.room.ask_to_exceed(&above);
        assert_eq!(put().await.unwrap(), Proposed::Waits);
        assert_eq!(put().await.unwrap(), Proposed::Waits, "asking again changes nothing");
        let who = house.director.person.id;
        let (open, _) = crate::waiting(&store, who, house.company.id).await.unwrap();
        assert_eq!(open.len(), 1);
        let decided = (house.company.id, open[0].id);
        crate::decide_proposal(&store, who, decided, Verdict::Agree).await.unwrap();
        let other = NewSigning { items: vec![document(b"another form")], ..above.clone() };
        let refused = house.asked(other).await;
        assert!(matches!(refused, Err(Error::OverLimit)), "it was for these documents: {refused:?}");
        let id = house.approved(&clerk, above).await;
        house.sign(id).await.unwrap();
    }

    async fn a_limit_of_a_month_holds_over_everything_until_the_next(
        store: Store,
        clock: FakeEnv,
    ) {
        let house = House::new(&store).await;
        let limited = Powers {
            monthly: Some(Money::from_cents(100_000)),
            ..Powers::of(MemberRole::Representative, true)
        };
        let clerk = house.with("kwok-wing-sze", limited).await;
        let worth = |cents| amount(house.request(&clerk, ONLY), cents);
        let unsaid = house.asked(house.request(&clerk, ONLY)).await;
        assert!(matches!(unsaid, Err(Error::OverLimit)), "nobody said the amount: {unsaid:?}");

        let first = house.approved(&clerk, worth(60_000)).await;
        let race = house.approved(&clerk, worth(60_000)).await;
        house.sign(first).await.unwrap();
        let late = house.sign(race).await;
        assert!(matches!(late, Err(Error::OverLimit)), "two at once are one too many: {late:?}");
        house.asked(worth(40_000)).await.unwrap();
        let above = worth(40_001);
        let refused = house.asked(above.clone()).await;
        assert!(matches!(refused, Err(Error::OverLimit)), "{refused:?}");

        assert_eq!(house.room.ask_to_exceed(&above).await.unwrap(), Proposed::Waits);
        let who = house.director.person.id;
        let (open, _) = crate::waiting(&store, who, house.company.id).await.unwrap();
        let decided = (house.company.id, open[0].id);
        crate::decide_proposal(&store, who, decided, Verdict::Agree).await.unwrap();
        let passed = house.approved(&clerk, above).await;
        house.sign(passed).await.unwrap();
        let spending = crate::spending_of(&store, house.company.id).await.unwrap();
        let of = |who| spending.iter().find(|(one, _)| *one == who).map(|(_, spent)| spent.cents());
        assert_eq!(of(clerk.person.id), Some(60_000));
        assert_eq!(of(who), Some(40_001), "what somebody let pass is theirs");

        clock.advance(Duration::from_secs(31 * 86_400));
        house.asked(worth(100_000)).await.unwrap();
        assert!(crate::spending_of(&store, house.company.id).await.unwrap().is_empty());
    }

    async fn a_chop_does_not_count_an_amount_twice(store: Store) {
        let house = House::new(&store).await;
        let limited = Powers {
            monthly: Some(Money::from_cents(100_000)),
            ..Powers::of(MemberRole::Representative, true)
        };
        let clerk = house.with("kwok-wing-sze", limited).await;
        let first = house.approved(&clerk, amount(house.request(&clerk, FIRST), 80_000)).await;
        house.sign(first).await.unwrap();
        let second = (Capacity::Chop, Part::Second(first));
        let chop = house.approved(&clerk, amount(house.request(&clerk, second), 80_000)).await;
        house.sign(chop).await.unwrap();
        let spending = crate::spending_of(&store, house.company.id).await.unwrap();
        assert_eq!(spending, [(clerk.person.id, Money::from_cents(80_000))]);
    }
}
