//! Rules of people without an identity card: passports, counters, codes.

use ::store::Store;
use kernel::{Date, FakeEnv, Id, Role};
use trust::{SigningKey, Vault};

use crate::{
    Basis, CounterCode, CounterEnrolment, Country, DocumentKind, Error, FieldKey, Level, Looked,
    NewCounterEnrolment, Officer, Passport, PassportEntry, PassportNumber, Person, PersonName,
    PersonState, PhoneWanted, Sex, Source, Verdict, demo,
    tests::{enrol, passkeys::keeper, vault},
};

fn entry(number: &str) -> PassportEntry {
    PassportEntry {
        passport: passport("GBR", number),
        expires: "2031-03-31".parse().unwrap(),
        name: PersonName {
            en: "SPECIMEN Angela".to_owned(),
            zh: None,
        },
        sex: Sex::Female,
        born: "1980-02-29".parse().unwrap(),
        email: Some("angela@example.com".parse().unwrap()),
        guardian: None,
    }
}

fn passport(country: &str, number: &str) -> Passport {
    Passport {
        country: country.parse().unwrap(),
        number: number.parse().unwrap(),
    }
}

fn new(entry: PassportEntry) -> NewCounterEnrolment {
    NewCounterEnrolment {
        entry,
        person: None,
        phone: PhoneWanted::Yes,
        reason: "Passport and face compared at the counter".to_owned(),
    }
}

struct Counter {
    store: Store,
    vault: Vault,
    officer: Officer,
    supervisor: Officer,
}

impl Counter {
    fn of(store: &Store) -> Self {
        Self {
            store: store.clone(),
            vault: vault(store.env()),
            officer: keeper(store, Role::Officer),
            supervisor: keeper(store, Role::Supervisor),
        }
    }

    async fn ask(&self, new: NewCounterEnrolment) -> Result<Id<CounterEnrolment>, Error> {
        crate::ask_counter(&self.store, &self.vault, &self.officer, new).await
    }

    async fn agree(&self, id: Id<CounterEnrolment>) -> Result<Looked, Error> {
        let given = (id, Verdict::Agree);
        crate::decide_counter(&self.store, &self.vault, &self.supervisor, given).await
    }

    async fn code(&self, new: NewCounterEnrolment) -> String {
        let id = self.ask(new).await.unwrap();
        match self.agree(id).await.unwrap() {
            Looked::Code(code) => code,
            other => panic!("{other:?}"),
        }
    }

    async fn redeem(&self, number: &str, code: &str) -> Result<Person, Error> {
        let key = SigningKey::generate(self.store.env()).unwrap();
        let asked = CounterCode {
            number: number.parse().unwrap(),
            code: code.to_owned(),
            jwk: key.public().into(),
            device_name: "Phone".to_owned(),
        };
        let bound = crate::redeem_counter(&self.store, &self.vault, asked).await;
        bound.map(|(person, _)| person)
    }

    async fn enrol(&self, entry: PassportEntry) -> Person {
        let number = entry.passport.number.as_str().to_owned();
        let code = self.code(new(entry)).await;
        self.redeem(&number, &code).await.unwrap()
    }
}

#[test]
fn a_passport_is_read_as_it_is_typed() {
    let spaced: PassportNumber = " yx 99-0007 ".parse().unwrap();
    assert_eq!(spaced.as_str(), "YX990007");
    assert_eq!(spaced.masked(), "YX9*****");
    for wrong in [
        "",
        "1234",
        "ABCDEFGH",
        "1234567890",
        "YX99000é",
        "A123456(3)",
    ] {
        assert!(wrong.parse::<PassportNumber>().is_err(), "{wrong}");
    }
    assert!(
        "HKG".parse::<Country>().is_err(),
        "its holders have an identity card"
    );
    assert!("XYZ".parse::<Country>().is_err());
    let italy: Country = "ita".parse().unwrap();
    assert_eq!(
        (italy.as_str(), italy.name().tc.as_str()),
        ("ITA", "意大利")
    );
    assert_eq!(Country::all().len(), 248);
    assert!(!format!("{:?}", passport("GBR", "990000017")).contains("990000017"));
}

#[test]
fn a_document_is_a_card_unless_a_country_is_named() {
    let card = crate::IdentityDocument::read("", "A123456(3)").unwrap();
    assert_eq!(card.kind(), DocumentKind::Card);
    let other = crate::IdentityDocument::read("GBR", "990000017").unwrap();
    assert_eq!(other.kind(), DocumentKind::Passport);
    for document in [card, other] {
        let again = crate::IdentityDocument::of_sealed(document.kind(), &document.sealed_form());
        assert_eq!(again, Some(document));
    }
    assert!(crate::IdentityDocument::read("", "990000017").is_err());
    assert!(crate::IdentityDocument::read("GBR", "A123456(3)").is_err());
}

::store::sql! {
    SEALED = "SELECT hkid_sealed FROM person";
    RECORDED = "SELECT particulars_sealed FROM counter_enrolment";
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn two_officers_enrol_somebody_with_a_passport(store: Store) {
        let counter = Counter::of(&store);
        let id = counter.ask(new(entry("990000017"))).await.unwrap();
        let own = (id, Verdict::Agree);
        let alone = crate::decide_counter(&store, &counter.vault, &counter.officer, own).await;
        assert!(matches!(alone, Err(Error::WrongPost)));
        let itself = new(entry("990000018"));
        let itself = crate::ask_counter(&store, &counter.vault, &counter.supervisor, itself).await.unwrap();
        assert!(matches!(counter.agree(itself).await, Err(Error::SamePerson)));
        let Looked::Code(code) = counter.agree(id).await.unwrap() else { panic!() };
        let person = counter.redeem("990000017", &code).await.unwrap();
        assert_eq!((person.level, person.state), (Level::Plus, PersonState::Active));
        assert!(matches!(person.basis, Basis::Passport { seen, .. } if seen == store.env().now()));
        let again = counter.redeem("990000017", &code).await;
        assert!(matches!(again, Err(Error::CodeRefused)), "a code binds one phone");

        let profile = crate::own_profile(&store, &counter.vault, person.id).await.unwrap();
        assert_eq!(profile.text(FieldKey::Passport), Some("990000017"));
        assert_eq!(profile.text(FieldKey::PassportCountry), Some("GBR"));
        assert_eq!(profile.get(FieldKey::NameEn).unwrap().source, Source::Counter);
        assert_eq!(profile.get(FieldKey::Email).unwrap().source, Source::SelfDeclared);
        assert_eq!(profile.get(FieldKey::Hkid), None);
        let sealed: Vec<Vec<u8>> = store.read(|db| async move {
            let mut all: Vec<Vec<u8>> = db.all(&SEALED, ::store::params![]).await?;
            all.extend(db.all::<Vec<u8>>(&RECORDED, ::store::params![]).await?);
            Ok::<_, Error>(all)
        }).await.unwrap();
        for bytes in sealed {
            assert!(!bytes.windows(9).any(|window| window == b"990000017"));
        }
    }

    async fn one_passport_is_one_account_and_countries_do_not_mix(store: Store) {
        let counter = Counter::of(&store);
        let first = counter.enrol(entry("990000017")).await;
        let twice = counter.ask(new(entry("990000017"))).await;
        assert!(matches!(twice, Err(Error::AlreadyThere)));
        let mut french = entry("990000017");
        french.passport = passport("FRA", "990000017");
        let other = counter.enrol(french).await;
        assert_ne!(first.id, other.id);
        let card = enrol(&store, &counter.vault, "cheung-ka-yan", Level::Plus).await;
        assert_eq!(card.person.basis, Basis::Card);
    }

    async fn who_may_not_be_enrolled_is_refused_with_the_reason(store: Store) {
        let counter = Counter::of(&store);
        let with = |change: &dyn Fn(&mut PassportEntry)| {
            let mut entry = entry("990000017");
            change(&mut entry);
            new(entry)
        };
        let born = |text: &str| -> Date { text.parse().unwrap() };
        let expired = with(&|one| one.expires = store.env().today().plus_days(-1));
        assert!(matches!(counter.ask(expired).await, Err(Error::Malformed("expires"))));
        let long = with(&|one| one.name.en = "A".repeat(41));
        assert!(matches!(counter.ask(long).await, Err(Error::Malformed("name_en"))));
        let chinese = with(&|one| one.name.zh = Some("一二三四五六七".to_owned()));
        assert!(matches!(counter.ask(chinese).await, Err(Error::Malformed("name_zh"))));
        let young = with(&|one| one.born = born("2020-01-01"));
        assert!(matches!(counter.ask(young).await, Err(Error::TooYoung)));
        let minor = with(&|one| one.born = born("2012-01-01"));
        assert!(matches!(counter.ask(minor).await, Err(Error::GuardianNeeded)));
        let guarded = with(&|one| {
            one.born = born("2012-01-01");
            one.guardian = Some("SPECIMEN Robert, father, passport shown".to_owned());
        });
        assert!(counter.ask(guarded).await.is_ok());
        let elsewhere = Officer { department: "td".to_owned(), ..counter.officer.clone() };
        let refused = crate::ask_counter(&store, &counter.vault, &elsewhere, new(entry("990000017"))).await;
        assert!(matches!(refused, Err(Error::WrongPost)));
        let mut silent = new(entry("990000017"));
        silent.reason = " ".to_owned();
        assert!(matches!(counter.ask(silent).await, Err(Error::Malformed("reason"))));
    }

    async fn a_code_dies_after_wrong_tries_and_the_number_waits(store: Store, clock: FakeEnv) {
        let counter = Counter::of(&store);
        let code = counter.code(new(entry("990000017"))).await;
        for _ in 0..5 {
            let wrong = counter.redeem("990000017", "K7QM-2XPA").await;
            assert!(matches!(wrong, Err(Error::CodeRefused)));
        }
        let locked = counter.redeem("990000017", &code).await;
        assert!(matches!(locked, Err(Error::TooManyAttempts)));
        clock.advance(std::time::Duration::from_secs(2 * 3_600));
        let void = counter.redeem("990000017", &code).await;
        assert!(matches!(void, Err(Error::CodeRefused)), "the code is void");
        let fresh = counter.code(new(entry("990000017"))).await;
        counter.redeem("990000017", &fresh).await.unwrap();
    }

    async fn a_code_nobody_used_within_a_day_is_void(store: Store, clock: FakeEnv) {
        let counter = Counter::of(&store);
        let code = counter.code(new(entry("990000017"))).await;
        clock.advance(std::time::Duration::from_secs(25 * 3_600));
        assert!(matches!(counter.redeem("990000017", &code).await, Err(Error::CodeRefused)));
        crate::sweep(&store).await.unwrap();
    }

    async fn a_passport_that_runs_out_lowers_the_account_until_a_new_one_is_seen(store: Store, clock: FakeEnv) {
        let counter = Counter::of(&store);
        let mut short = entry("990000017");
        short.expires = store.env().today().plus_days(10);
        let person = counter.enrol(short).await;
        crate::sweep(&store).await.unwrap();
        let known = crate::find_person(&store, person.id).await.unwrap().unwrap();
        assert_eq!(known.level, Level::Plus, "its last day is not over");
        clock.advance(std::time::Duration::from_secs(12 * 86_400));
        crate::sweep(&store).await.unwrap();
        crate::sweep(&store).await.unwrap();
        let known = crate::find_person(&store, person.id).await.unwrap().unwrap();
        assert_eq!((known.level, known.state), (Level::Basic, PersonState::Active));
        let today = store.env().today();
        let counts = crate::registrants(&store, today).await.unwrap();
        assert_eq!(counts.iter().map(|(_, _, people)| people).sum::<i64>(), 1, "{counts:?}");
        let raised = store.write(&counter.officer.actor(), move |tx| async move {
            crate::store::person::raise_in(&tx, person.id).await
        }).await;
        assert!(matches!(raised, Err(Error::NoCard)), "there is no card to show");

        clock.advance(std::time::Duration::from_secs(60));
        let renewal = |number: &str, phone| NewCounterEnrolment {
            person: Some(person.id),
            phone,
            ..new(entry(number))
        };
        let mut stranger = renewal("990000099", PhoneWanted::No);
        stranger.entry.born = "1981-01-01".parse().unwrap();
        assert!(matches!(counter.ask(stranger).await, Err(Error::Malformed("born"))));
        let id = counter.ask(renewal("990000099", PhoneWanted::No)).await.unwrap();
        assert_eq!(counter.agree(id).await.unwrap(), Looked::Renewed);
        let known = crate::find_person(&store, person.id).await.unwrap().unwrap();
        assert_eq!(known.level, Level::Plus);
        let told = crate::account_changes(&store, person.id).await.unwrap();
        let told: Vec<crate::Ground> = told.iter().map(|one| one.ground).collect();
        assert_eq!(told, [crate::Ground::Renewed, crate::Ground::Lapsed]);
        let find = |number: &str| crate::IdentityDocument::Passport(passport("GBR", number));
        let by_new = crate::find_person_by_document(&store, &counter.vault, &find("990000099")).await.unwrap();
        assert_eq!(by_new.unwrap().id, person.id);
        let by_old = crate::find_person_by_document(&store, &counter.vault, &find("990000017")).await.unwrap();
        assert_eq!(by_old, None);
        let old = counter.ask(new(entry("990000017"))).await;
        assert!(matches!(old, Err(Error::AlreadyThere)), "the old number opens no second account");

        let code = counter.code(renewal("990000099", PhoneWanted::Yes)).await;
        let same = counter.redeem("990000099", &code).await.unwrap();
        assert_eq!(same.id, person.id, "a new phone for the same account");
    }

    async fn a_director_with_a_passport_answers_for_a_company_with_it_or_the_one_before(store: Store) {
        let counter = Counter::of(&store);
        demo::seed(&store, &counter.vault).await.unwrap();
        let phone = demo::phone(&store, &counter.vault, "rossi-elena").await.unwrap();
        let who = phone.person.id;
        let own = crate::mandates_of(&store, who).await.unwrap();
        let company = own[0].company.id;
        let mut renewed = entry("YX9900072");
        renewed.passport.country = "ITA".parse().unwrap();
        renewed.born = "1984-09-12".parse().unwrap();
        let asked = NewCounterEnrolment { person: Some(who), phone: PhoneWanted::No, ..new(renewed) };
        let id = counter.ask(asked).await.unwrap();
        counter.agree(id).await.unwrap();
        let registers = (&counter.vault, &demo::companies() as &dyn crate::CompaniesRegister);
        let actor = kernel::Actor::system("test");
        crate::refresh_company(&store, registers, &actor, company).await.unwrap();
        let still = crate::mandates_of(&store, who).await.unwrap();
        assert_eq!(still.len(), 1, "the register still knows the passport before");
    }

    async fn somebody_with_a_passport_is_invited_by_it(store: Store) {
        let counter = Counter::of(&store);
        let visitor = counter.enrol(entry("990000017")).await;
        let owner = enrol(&store, &counter.vault, "pang-lok-yi", Level::Plus).await.person.id;
        let company = super::companies::join(&store, &counter.vault, owner, ("0990004", "99000042")).await.unwrap();
        let document = crate::IdentityDocument::read("GBR", "990000017").unwrap();
        let powers = crate::Powers::of(crate::MemberRole::Representative, true);
        let change = crate::invite(&counter.vault, &document, "Angela", powers);
        crate::propose(&store, owner, company.id, change).await.unwrap();
        let open = crate::invitations_to(&store, visitor.id).await.unwrap();
        assert_eq!(open.len(), 1);
        let accept = crate::InvitationAnswer::Accept;
        crate::answer_invitation(&store, visitor.id, open[0].id, accept).await.unwrap();
        let own = crate::mandates_of(&store, visitor.id).await.unwrap();
        assert!(own[0].powers.may_chop);
    }
}
