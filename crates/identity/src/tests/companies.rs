//! Companies on both engines: who may join, give, agree, leave.

use std::time::Duration;

use ::store::Store;
use kernel::{FakeEnv, Id, Money, Text};

use crate::{
    Change, CommissionState, Company, Error, InvitationAnswer, Level, Member, MemberRole, Person,
    Powers, PowersError, ProposalKind, Proposed, Right, ServiceGrant, ServiceRole, Verdict, demo,
    needs_two,
    tests::{enrol, vault},
};

const RESTAURANT: &str = "fehd-restaurant-licence";
const DOG: &str = "afcd-dog-licence";

/// A company with a responsible person, and people who have not joined it.
pub(super) struct House {
    store: Store,
    vault: trust::Vault,
    pub(super) company: Id<Company>,
    pub(super) owner: Id<Person>,
}

impl House {
    pub(super) async fn new(store: &Store) -> Self {
        let vault = vault(store.env());
        let owner = enrol(store, &vault, "pang-lok-yi", Level::Plus)
            .await
            .person
            .id;
        let company = join(store, &vault, owner, ("0990004", "99000042"))
            .await
            .unwrap();
        Self {
            store: store.clone(),
            vault,
            company: company.id,
            owner,
        }
    }

    fn invitation(&self, key: &str, powers: Powers) -> Change {
        let document = demo::find(key).unwrap().hkid.clone().into();
        crate::invite(
            &self.vault,
            &document,
            "As the administrator wrote it",
            powers,
        )
    }

    async fn propose(&self, who: Id<Person>, change: Change) -> Result<Proposed, Error> {
        crate::propose(&self.store, who, self.company, change).await
    }

    /// Enrols and invites somebody, who accepts.
    pub(super) async fn hire(&self, key: &str, powers: Powers) -> Id<Person> {
        let person = enrol(&self.store, &self.vault, key, Level::Plus)
            .await
            .person
            .id;
        let asked = self
            .propose(self.owner, self.invitation(key, powers))
            .await
            .unwrap();
        if asked == Proposed::Waits {
            self.agree(self.second(self.owner).await, Verdict::Agree)
                .await
                .unwrap();
        }
        let open = crate::invitations_to(&self.store, person).await.unwrap();
        crate::answer_invitation(&self.store, person, open[0].id, InvitationAnswer::Accept)
            .await
            .unwrap();
        person
    }

    async fn second(&self, first: Id<Person>) -> Id<Person> {
        let people = crate::members(&self.store, self.owner, self.company)
            .await
            .unwrap();
        let is_other =
            |one: &&Member| one.person != first && one.powers.role >= MemberRole::Administrator;
        people.iter().find(is_other).unwrap().person
    }

    async fn agree(&self, who: Id<Person>, verdict: Verdict) -> Result<(), Error> {
        let (open, _) = crate::waiting(&self.store, self.owner, self.company)
            .await
            .unwrap();
        crate::decide_proposal(&self.store, who, (self.company, open[0].id), verdict).await
    }

    async fn member(&self, person: Id<Person>) -> Member {
        let people = crate::members(&self.store, self.owner, self.company)
            .await
            .unwrap();
        people.into_iter().find(|one| one.person == person).unwrap()
    }

    async fn may(&self, person: Id<Person>, right: Right, service: &str) -> bool {
        let mandate = crate::mandate_for(&self.store, person, self.company)
            .await
            .unwrap();
        mandate.is_some_and(|one| one.may(right, service))
    }
}

pub(crate) async fn join(
    store: &Store,
    vault: &trust::Vault,
    who: Id<Person>,
    (number, business): (&str, &str),
) -> Result<Company, Error> {
    let register = demo::companies();
    let numbers = (&number.parse().unwrap(), &business.parse().unwrap());
    crate::join_company(store, (vault, &register), who, numbers).await
}

fn user() -> Powers {
    Powers::of(MemberRole::User, false)
}

fn representative() -> Powers {
    Powers::of(MemberRole::Representative, false)
}

fn administrator() -> Powers {
    Powers::of(MemberRole::Administrator, false)
}

fn up_to(dollars: i64) -> Powers {
    Powers {
        limit: Some(Money::from_cents(dollars * 100)),
        ..representative()
    }
}

fn only(service: &str, role: ServiceRole) -> Powers {
    let service = service.to_owned();
    Powers {
        services: vec![ServiceGrant { service, role }],
        ..representative()
    }
}

/// An administrator who is held to one service, an amount and a last day.
fn held(today: kernel::Date) -> Powers {
    Powers {
        role: MemberRole::Administrator,
        limit: Some(Money::from_cents(10_000)),
        monthly: Some(Money::from_cents(50_000)),
        until: Some(today.plus_days(30)),
        ..only(DOG, ServiceRole::Sign)
    }
}

#[test]
fn what_gives_away_much_needs_two_people() {
    assert_eq!(needs_two(None, &user()), None);
    assert_eq!(needs_two(None, &up_to(100)), None);
    assert_eq!(
        needs_two(None, &administrator()),
        Some(ProposalKind::Administrator)
    );
    let chop = Powers {
        may_chop: true,
        ..user()
    };
    assert_eq!(needs_two(None, &chop), Some(ProposalKind::Chop));
    assert_eq!(
        needs_two(Some(&up_to(100)), &up_to(200)),
        Some(ProposalKind::Limit)
    );
    assert_eq!(
        needs_two(Some(&up_to(100)), &representative()),
        Some(ProposalKind::Limit)
    );
    assert_eq!(needs_two(Some(&up_to(200)), &up_to(100)), None);
    assert_eq!(
        needs_two(Some(&user()), &representative()),
        Some(ProposalKind::Wider)
    );
    assert_eq!(
        needs_two(Some(&only(DOG, ServiceRole::Fill)), &representative()),
        Some(ProposalKind::Wider)
    );
    assert_eq!(
        needs_two(Some(&representative()), &only(DOG, ServiceRole::Sign)),
        None
    );
    assert_eq!(needs_two(Some(&administrator()), &user()), None);
}

#[test]
fn powers_reach_the_services_they_name_and_no_others() {
    let named = only(RESTAURANT, ServiceRole::Fill);
    assert!(named.may(Right::Fill, RESTAURANT) && !named.may(Right::Sign, RESTAURANT));
    assert!(!named.may(Right::Fill, DOG) && !named.covers(DOG));
    assert!(representative().may(Right::Sign, DOG) && !representative().may(Right::Chop, DOG));
    assert!(user().may(Right::Fill, DOG) && !user().may(Right::Sign, DOG));
    let no_access = Powers {
        may_access: false,
        may_chop: true,
        ..user()
    };
    assert!(!no_access.may(Right::Fill, DOG) && no_access.may(Right::Chop, DOG));
}

#[test]
fn nobody_gives_more_than_they_hold() {
    assert_eq!(up_to(100).check_gift(&up_to(200)), Err(PowersError::More));
    assert_eq!(
        up_to(100).check_gift(&representative()),
        Err(PowersError::More)
    );
    assert_eq!(
        representative().check_gift(&administrator()),
        Err(PowersError::Role)
    );
    let responsible = Powers::of(MemberRole::Responsible, true);
    assert_eq!(responsible.check_gift(&responsible), Err(PowersError::Role));
    assert_eq!(administrator().check_gift(&up_to(100)), Ok(()));
}

#[test]
fn a_gift_stays_within_services_privileges_and_time_of_the_giver() {
    let today = kernel::Date::new(2026, 11, 22).unwrap();
    let giver = held(today);
    let within = Powers {
        role: MemberRole::User,
        ..held(today)
    };
    let beyond = [
        Powers {
            services: Vec::new(),
            ..within.clone()
        },
        Powers {
            services: only(RESTAURANT, ServiceRole::Fill).services,
            ..within.clone()
        },
        Powers {
            may_chop: true,
            ..within.clone()
        },
        Powers {
            until: None,
            ..within.clone()
        },
        Powers {
            until: Some(today.plus_days(31)),
            ..within.clone()
        },
        Powers {
            limit: None,
            ..within.clone()
        },
        Powers {
            monthly: None,
            ..within.clone()
        },
    ];
    assert_eq!(giver.check_gift(&within), Ok(()));
    for one in beyond {
        assert_eq!(giver.check_gift(&one), Err(PowersError::More), "{one:?}");
    }
    let fills = Powers {
        services: only(DOG, ServiceRole::Fill).services,
        ..giver.clone()
    };
    assert_eq!(fills.check_gift(&within), Err(PowersError::More));
    let names_only = Powers {
        may_access: false,
        ..giver
    };
    assert_eq!(names_only.check_gift(&within), Err(PowersError::More));
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_director_of_a_living_company_brings_it_and_nobody_else_does(store: Store) {
        let vault = vault(store.env());
        let director = enrol(&store, &vault, "pang-lok-yi", Level::Plus).await.person.id;
        let stranger = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let wrong = join(&store, &vault, director, ("0990004", "99000018")).await;
        assert!(matches!(wrong, Err(Error::CompanyUnknown)));
        let other = join(&store, &vault, stranger, ("0990004", "99000042")).await;
        assert!(matches!(other, Err(Error::NotDirector)));
        let ceased = join(&store, &vault, director, ("0990005", "99000050")).await;
        assert!(matches!(ceased, Err(Error::CompanyCeased)));
        let basic = enrol(&store, &vault, "cheung-ka-yan", Level::Basic).await.person.id;
        let low = join(&store, &vault, basic, ("0990004", "99000042")).await;
        assert!(matches!(low, Err(Error::LevelTooLow)));
        let company = join(&store, &vault, director, ("0990004", "99000042")).await.unwrap();
        let mandate = crate::mandate_for(&store, director, company.id).await.unwrap().unwrap();
        assert_eq!(mandate.powers.role, MemberRole::Responsible);
        let facts = crate::facts_of(&store, company.id).await.unwrap();
        assert!(facts.iter().all(|one| one.checked == store.env().now()));
        assert!(facts.iter().any(|one| one.key == crate::FactKey::AnnualReturn));
    }

    async fn only_the_invited_person_joins_and_only_once(store: Store) {
        let house = House::new(&store).await;
        let invited = enrol(&store, &house.vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let other = enrol(&store, &house.vault, "to-king-hei", Level::Plus).await.person.id;
        house.propose(house.owner, house.invitation("kwan-sum-yi", user())).await.unwrap();
        let again = house.propose(house.owner, house.invitation("kwan-sum-yi", user())).await;
        assert!(matches!(again, Err(Error::AlreadyThere)));
        let open = crate::invitations_to(&store, invited).await.unwrap();
        let accept = InvitationAnswer::Accept;
        let stolen = crate::answer_invitation(&store, other, open[0].id, accept).await;
        assert!(matches!(stolen, Err(Error::NotFound)));
        crate::answer_invitation(&store, invited, open[0].id, accept).await.unwrap();
        assert!(house.may(invited, Right::Fill, DOG).await);
        assert!(!house.may(invited, Right::Sign, DOG).await);
        let twice = crate::answer_invitation(&store, invited, open[0].id, accept).await;
        assert!(matches!(twice, Err(Error::NotFound)));
    }

    async fn a_sole_responsible_person_decides_alone_and_it_is_on_record(store: Store) {
        let house = House::new(&store).await;
        let asked = house.propose(house.owner, house.invitation("kwan-sum-yi", administrator()));
        assert_eq!(asked.await.unwrap(), Proposed::Alone);
        let company = house.company.to_string();
        let trail = store
            .read(move |db| {
                let company = company.clone();
                async move { journal::audit_of(&db, "company", &company).await }
            })
            .await
            .unwrap();
        assert!(trail.iter().any(|one| one.action == "company.decided_alone"));
    }

    async fn an_administrator_is_added_only_by_two_people(store: Store) {
        let house = House::new(&store).await;
        let second = house.hire("kwan-sum-yi", administrator()).await;
        enrol(&store, &house.vault, "to-king-hei", Level::Plus).await;
        let asked = house.propose(second, house.invitation("to-king-hei", administrator())).await;
        assert_eq!(asked.unwrap(), Proposed::Waits);
        assert!(matches!(house.agree(second, Verdict::Agree).await, Err(Error::SamePerson)));
        let (_, invited) = crate::waiting(&store, house.owner, house.company).await.unwrap();
        assert!(invited.is_empty());
        house.agree(house.owner, Verdict::Agree).await.unwrap();
        let (open, invited) = crate::waiting(&store, house.owner, house.company).await.unwrap();
        assert!(open.is_empty() && invited.len() == 1);
    }

    async fn a_limit_is_raised_by_two_and_lowered_by_one(store: Store) {
        let house = House::new(&store).await;
        let second = house.hire("kwan-sum-yi", administrator()).await;
        let clerk = house.hire("to-king-hei", up_to(100)).await;
        let member = house.member(clerk).await.id;
        let change = |powers| Change::Powers { member, powers };
        let lowered = house.propose(second, change(up_to(50))).await.unwrap();
        assert_eq!(lowered, Proposed::Done);
        assert_eq!(house.propose(second, change(up_to(500))).await.unwrap(), Proposed::Waits);
        assert_eq!(house.member(clerk).await.powers, up_to(50));
        house.agree(house.owner, Verdict::Refuse).await.unwrap();
        assert_eq!(house.member(clerk).await.powers, up_to(50));
        house.propose(second, change(up_to(500))).await.unwrap();
        house.agree(house.owner, Verdict::Agree).await.unwrap();
        assert_eq!(house.member(clerk).await.powers, up_to(500));
    }

    async fn nobody_widens_their_own_powers_and_everybody_may_narrow_them(store: Store) {
        let house = House::new(&store).await;
        let today = store.env().today();
        let second = house.hire("kwan-sum-yi", held(today)).await;
        let member = house.member(second).await.id;
        let change = |powers| Change::Powers { member, powers };
        let free = Powers { services: Vec::new(), ..held(today) };
        for wider in [
            free.clone(),
            Powers { limit: None, ..held(today) },
            Powers { monthly: None, ..held(today) },
            Powers { until: None, ..held(today) },
            Powers { may_chop: true, ..held(today) },
        ] {
            let asked = house.propose(second, change(wider)).await;
            assert!(matches!(asked, Err(Error::Powers(PowersError::Own))), "{asked:?}");
        }
        assert_eq!(house.member(second).await.powers, held(today));
        let narrow = Powers { limit: Some(Money::from_cents(100)), ..held(today) };
        assert_eq!(house.propose(second, change(narrow.clone())).await.unwrap(), Proposed::Done);
        assert_eq!(house.member(second).await.powers, narrow);
    }

    async fn who_gains_by_a_change_has_no_say_in_it(store: Store) {
        let house = House::new(&store).await;
        let second = house.hire("kwan-sum-yi", administrator()).await;
        let third = house.hire("to-king-hei", administrator()).await;
        let member = house.member(third).await.id;
        let held = held(store.env().today());
        let change = |powers| Change::Powers { member, powers };
        assert_eq!(house.propose(second, change(held)).await.unwrap(), Proposed::Done);
        let asked = house.propose(second, change(administrator())).await;
        assert_eq!(asked.unwrap(), Proposed::Waits);
        let own = house.agree(third, Verdict::Agree).await;
        assert!(matches!(own, Err(Error::Powers(PowersError::Own))), "{own:?}");
        house.agree(house.owner, Verdict::Agree).await.unwrap();
        assert_eq!(house.member(third).await.powers, administrator());
    }

    async fn an_administrator_held_to_one_service_opens_no_other(store: Store) {
        let house = House::new(&store).await;
        let second = house.hire("kwan-sum-yi", held(store.env().today())).await;
        let clerk = house.hire("to-king-hei", only(DOG, ServiceRole::Fill)).await;
        let member = house.member(clerk).await.id;
        let asked = house.propose(second, house.invitation("siu-hoi-yan", user())).await;
        assert!(matches!(asked, Err(Error::Powers(PowersError::More))), "{asked:?}");
        let wider = Powers { until: Some(store.env().today()), ..user() };
        let asked = house.propose(second, Change::Powers { member, powers: wider }).await;
        assert!(matches!(asked, Err(Error::Powers(PowersError::More))), "{asked:?}");
        let asked = house.propose(house.owner, Change::Powers { member, powers: representative() });
        assert_eq!(asked.await.unwrap(), Proposed::Alone, "the second could not give it, nobody else is there");
    }

    async fn an_amount_above_the_limit_passes_for_one_thing_with_a_second_person(store: Store) {
        let house = House::new(&store).await;
        let clerk = house.hire("to-king-hei", up_to(100)).await;
        let above = |about: &str, cents| Change::OverLimit {
            about: about.to_owned(),
            service: DOG.to_owned(),
            title: Text::same("A dog"),
            amount: Money::from_cents(cents),
        };
        assert!(house.propose(clerk, above("one", 9_000)).await.is_err());
        assert_eq!(house.propose(clerk, above("one", 20_000)).await.unwrap(), Proposed::Waits);
        let company = house.company;
        let passed = async |about: &'static str, cents| {
            store
                .read(move |db| async move {
                    crate::store::proposal::is_passed_in(&db, company, (about, Money::from_cents(cents))).await
                })
                .await
                .unwrap()
        };
        assert!(!passed("one", 20_000).await);
        house.agree(house.owner, Verdict::Agree).await.unwrap();
        assert!(passed("one", 20_000).await && !passed("one", 20_001).await);
        assert!(!passed("two", 20_000).await);
    }

    async fn those_who_administer_nothing_are_told_who_can(store: Store) {
        let house = House::new(&store).await;
        let clerk = house.hire("kwan-sum-yi", user()).await;
        let refused = house.propose(clerk, house.invitation("to-king-hei", user())).await;
        let Err(Error::NotAdministrator { who }) = refused else { panic!("{refused:?}") };
        assert_eq!(who, ["PANG Lok Yi 彭樂怡"]);
    }

    async fn leaving_ends_everything_in_one_write(store: Store) {
        let house = House::new(&store).await;
        let second = house.hire("kwan-sum-yi", administrator()).await;
        enrol(&store, &house.vault, "to-king-hei", Level::Plus).await;
        house.propose(second, house.invitation("to-king-hei", administrator())).await.unwrap();
        let member = house.member(second).await.id;
        let place = (house.company, member);
        crate::leave_company(&store, house.owner, place, "left the company").await.unwrap();
        assert!(crate::mandates_of(&store, second).await.unwrap().is_empty());
        let (open, _) = crate::waiting(&store, house.owner, house.company).await.unwrap();
        assert!(open.is_empty(), "what they had put forward is taken back");
        let company = house.company.to_string();
        let trail = store
            .read(move |db| {
                let company = company.clone();
                async move { journal::audit_of(&db, "company", &company).await }
            })
            .await
            .unwrap();
        let left = trail.iter().find(|one| one.action == "company.member_ended").unwrap();
        assert_eq!(left.reason.as_deref(), Some("left the company"));
        let gone = house.propose(second, house.invitation("siu-hoi-yan", user())).await;
        assert!(matches!(gone, Err(Error::NotFound)), "{gone:?}");
    }

    async fn the_last_who_answers_for_a_company_cannot_leave(store: Store) {
        let house = House::new(&store).await;
        let second = house.hire("kwan-sum-yi", administrator()).await;
        let owner = house.member(house.owner).await.id;
        let own = crate::leave_company(&store, house.owner, (house.company, owner), "").await;
        assert!(matches!(own, Err(Error::LastResponsible)));
        let taken = crate::leave_company(&store, second, (house.company, owner), "").await;
        assert!(matches!(taken, Err(Error::Powers(PowersError::Role))));
        let director = enrol(&store, &house.vault, "cheung-ka-yan", Level::Plus).await.person.id;
        join(&store, &house.vault, director, ("0990004", "99000042")).await.unwrap();
        crate::leave_company(&store, house.owner, (house.company, owner), "").await.unwrap();
    }

    async fn a_mandate_ends_after_its_last_day(store: Store, clock: FakeEnv) {
        let house = House::new(&store).await;
        let today = store.env().today();
        let until = Powers { until: Some(today), ..user() };
        let clerk = house.hire("kwan-sum-yi", until).await;
        assert!(house.may(clerk, Right::Fill, DOG).await);
        clock.advance(Duration::from_secs(86_400));
        assert!(!house.may(clerk, Right::Fill, DOG).await);
    }

    async fn a_commissioned_firm_names_its_own_people_and_both_sides_can_end_it(store: Store) {
        let house = House::new(&store).await;
        let partner = enrol(&store, &house.vault, "ho-mei-ling", Level::Plus).await.person.id;
        let firm = join(&store, &house.vault, partner, ("0990006", "99000068")).await.unwrap();
        let clerk = enrol(&store, &house.vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let invitation = crate::invite(&house.vault, &demo::find("kwan-sum-yi").unwrap().hkid.clone().into(), "K", user());
        crate::propose(&store, partner, firm.id, invitation).await.unwrap();
        let open = crate::invitations_to(&store, clerk).await.unwrap();
        crate::answer_invitation(&store, clerk, open[0].id, InvitationAnswer::Accept).await.unwrap();
        let endless = Change::Commission { firm: firm.id, powers: representative() };
        assert!(matches!(house.propose(house.owner, endless).await, Err(Error::Powers(_))));
        let powers = Powers {
            until: Some(store.env().today().plus_days(30)),
            ..representative()
        };
        house.propose(house.owner, Change::Commission { firm: firm.id, powers }).await.unwrap();
        let (_, held) = crate::commissions(&store, partner, firm.id).await.unwrap();
        let id = held[0].id;
        let accepted = CommissionState::Accepted;
        let own = crate::answer_commission(&store, house.owner, id, accepted).await;
        assert!(matches!(own, Err(Error::NotFound)), "the firm accepts, not the company");
        crate::answer_commission(&store, partner, id, accepted).await.unwrap();
        assert!(!house.may(clerk, Right::Sign, DOG).await, "the firm has named nobody yet");
        let (_, people) = crate::commission_members(&store, partner, id).await.unwrap();
        let member = people.iter().find(|(one, _)| one.person == clerk).unwrap().0.id;
        crate::name_members(&store, partner, id, vec![member]).await.unwrap();
        assert!(house.may(clerk, Right::Sign, DOG).await);
        assert!(!house.may(clerk, Right::Administer, "").await);
        assert!(!house.may(partner, Right::Fill, DOG).await, "only those whom the firm named");
        crate::leave_company(&store, partner, (firm.id, member), "left the firm").await.unwrap();
        assert!(!house.may(clerk, Right::Fill, DOG).await);
        crate::end_commission(&store, house.owner, id).await.unwrap();
        let (_, held) = crate::commissions(&store, partner, firm.id).await.unwrap();
        assert!(held.is_empty());
    }

    async fn a_director_the_register_no_longer_names_loses_the_company(store: Store) {
        let house = House::new(&store).await;
        let empty = crate::CompanyRecord {
            company_number: "0990004".parse().unwrap(),
            business_number: "99000042".parse().unwrap(),
            name: crate::PersonName { en: "A New Name Limited".to_owned(), zh: None },
            address: "1 Example Road".to_owned(),
            status: crate::CompanyStatus::WindingUp,
            facts: Vec::new(),
            directors: Vec::new(),
        };
        let register = crate::SimulatedCompanies::new([empty]);
        let actor = kernel::Actor::system("test");
        let company = crate::refresh_company(&store, (&house.vault, &register), &actor, house.company);
        assert_eq!(company.await.unwrap().name.en, "A New Name Limited");
        assert!(crate::mandates_of(&store, house.owner).await.unwrap().is_empty());
    }

    async fn people_of_a_firm_that_is_no_more_sign_nothing_for_its_client(store: Store) {
        let house = House::new(&store).await;
        let own = crate::mandate_for(&store, house.owner, house.company).await.unwrap().unwrap();
        assert!(own.may(Right::Sign, DOG));
        let status = crate::CompanyStatus::WindingUp;
        let firm = crate::Company { status, ..own.company.clone() };
        let by_firm = crate::Mandate { firm: Some(firm), ..own };
        assert!(!by_firm.may(Right::Sign, DOG));
        assert!(!by_firm.reaches(DOG));
    }
}
