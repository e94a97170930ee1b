//! Rules of the vocabulary, as tables and properties.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[test]
fn an_identity_card_number_needs_its_check_digit() {
    for good in [
        "A123456(3)",
        "a1234563",
        " A123456 (3) ",
        "AB987654(3)",
        "C123456(9)",
        "G123456(A)",
    ] {
        assert!(good.parse::<Hkid>().is_ok(), "{good}");
    }
    let typo: Result<Hkid, _> = "A123457(3)".parse();
    assert_eq!(typo.unwrap_err(), IdentifierError::CheckDigit);
    for bad in [
        "",
        "A12345(6)",
        "ABC123456(7)",
        "1234567(8)",
        "A123456",
        "A123456(B)",
        "Ä123456(3)",
    ] {
        assert_eq!(
            bad.parse::<Hkid>().unwrap_err(),
            IdentifierError::Shape,
            "{bad}"
        );
    }
    let card: Hkid = "A123456(3)".parse().unwrap();
    assert_eq!(card.stem(), "A123456");
    assert_eq!(card.masked(), "A123***(*)");
    assert_eq!(format!("{card:?}"), "Hkid(…)");
}

proptest! {
    #[test]
    fn one_wrong_digit_never_passes_the_check(number in 0u32..1_000_000, place in 0usize..6, shift in 1u32..10) {
        let stem = format!("A{number:06}");
        let digit = Hkid::check_digit(&stem).unwrap();
        let written = format!("{stem}({digit})");
        prop_assert!(written.parse::<Hkid>().is_ok());
        let mut wrong: Vec<char> = written.chars().collect();
        let old = wrong[place + 1].to_digit(10).unwrap();
        wrong[place + 1] = char::from_digit((old + shift) % 10, 10).unwrap();
        let wrong: String = wrong.into_iter().collect();
        prop_assert!(wrong.parse::<Hkid>().is_err());
    }

    #[test]
    fn money_survives_writing_and_reading(cents in -10_000_000_000i64..10_000_000_000) {
        let money = Money::from_cents(cents);
        prop_assert_eq!(money.plain().parse::<Money>().unwrap(), money);
        let shown = money.to_string();
        let read: Money = shown.replace("-HK$", "-").parse().unwrap();
        prop_assert_eq!(read, money);
    }

    #[test]
    fn an_id_survives_writing_and_reading(bits: u128) {
        let id: Id<Case> = Id::from_bits(bits);
        prop_assert_eq!(id.to_string().parse::<Id<Case>>().unwrap(), id);
        prop_assert_eq!(Id::<Case>::from_bytes(id.bytes()), id);
    }

    #[test]
    fn midnight_in_hong_kong_starts_the_date(days in -20_000i64..60_000) {
        let date = Date::new(1970, 1, 1).unwrap().plus_days(days);
        let start = Time::start_of(date);
        prop_assert_eq!(start.date(), date);
        prop_assert_eq!((start - Duration::from_micros(1)).date(), date.plus_days(-1));
        prop_assert_eq!(date.to_string().parse::<Date>().unwrap(), date);
    }

    #[test]
    fn parsers_never_panic(text in ".{0,40}") {
        let _ = text.parse::<Hkid>();
        let _ = text.parse::<Email>();
        let _ = text.parse::<PhoneHk>();
        let _ = text.parse::<CompanyNumber>();
        let _ = text.parse::<BusinessNumber>();
        let _ = text.parse::<VehicleMark>();
        let _ = text.parse::<Money>();
        let _ = text.parse::<Date>();
        let _ = text.parse::<Id<Case>>();
        let _ = simplify(&text);
    }
}

#[derive(Debug)]
struct Case;

#[test]
fn ids_are_ordered_by_creation() {
    let (env, fake) = Env::fake(Time::from_seconds(1_700_000_000), 7);
    let first: Id<Case> = env.id();
    fake.advance(Duration::from_millis(1));
    let second: Id<Case> = env.id();
    assert!(first < second);
    assert!(first.to_string() < second.to_string());
    assert_eq!("not an id".parse::<Id<Case>>(), Err(IdError));
}

#[test]
fn dates_that_do_not_exist_are_refused() {
    for bad in [
        "2026-02-29",
        "2026-13-01",
        "2026-1-1",
        "26-01-01",
        "2026-04-31",
        "",
        "2026-01-01-01",
    ] {
        assert!(bad.parse::<Date>().is_err(), "{bad}");
    }
    assert!("2024-02-29".parse::<Date>().is_ok());
}

#[test]
fn a_leap_day_child_comes_of_age_on_the_first_of_march() {
    let born: Date = "2008-02-29".parse().unwrap();
    assert_eq!(born.age_on("2026-02-28".parse().unwrap()), 17);
    assert_eq!(born.age_on("2026-03-01".parse().unwrap()), 18);
}

#[test]
fn months_end_where_the_shorter_month_ends() {
    let day: Date = "2026-01-31".parse().unwrap();
    assert_eq!(day.plus_months(1).to_string(), "2026-02-28");
    assert_eq!(day.plus_years(2).to_string(), "2028-01-31");
}

#[test]
fn money_is_shown_with_groups_and_read_strictly() {
    assert_eq!(
        Money::from_cents(123_456_750).to_string(),
        "HK$1,234,567.50"
    );
    assert_eq!(Money::from_cents(90_000).to_string(), "HK$900");
    assert_eq!(Money::from_cents(-5).to_string(), "-HK$0.05");
    for bad in [
        "",
        "1.234",
        "1.2.3",
        "abc",
        ".50",
        "12a",
        "99999999999999999999",
    ] {
        assert!(bad.parse::<Money>().is_err(), "{bad}");
    }
}

#[test]
fn simplified_chinese_is_derived_and_can_be_overridden() {
    let text = Text::new("Driving licence", "駕駛執照");
    assert_eq!(text.get(Lang::Sc), "驾驶执照");
    let read: Text = serde_json::from_str(r#"{"en":"a","tc":"裏","sc":"里头"}"#).unwrap();
    assert_eq!(read.get(Lang::Sc), "里头");
    assert!(serde_json::from_str::<Text>(r#"{"en":"a"}"#).is_err());
}

#[test]
fn phones_mails_and_marks_take_what_people_write() {
    assert_eq!(
        "+852 6123 4567".parse::<PhoneHk>().unwrap().as_str(),
        "61234567"
    );
    assert!("01234567".parse::<PhoneHk>().is_err());
    assert_eq!(
        "a.b@Example.HK".parse::<Email>().unwrap().as_str(),
        "a.b@example.hk"
    );
    for bad in ["a@b", "@x.hk", "a b@x.hk", "a..b@x.hk", "a@x..hk"] {
        assert!(bad.parse::<Email>().is_err(), "{bad}");
    }
    assert_eq!("ab 1234".parse::<VehicleMark>().unwrap().as_str(), "AB1234");
    assert!("OIQ".parse::<VehicleMark>().is_err());
    assert_eq!(
        "f1234567".parse::<CompanyNumber>().unwrap().as_str(),
        "F1234567"
    );
    assert_eq!(
        "12345678".parse::<BusinessNumber>().unwrap().as_str(),
        "12345678"
    );
}

#[test]
fn a_seeded_env_repeats_itself_and_a_secret_never_prints() {
    let (one, _) = Env::fake(Time::default(), 3);
    let (two, _) = Env::fake(Time::default(), 3);
    assert_eq!(one.bytes::<32>(), two.bytes::<32>());
    assert!((0..100).all(|_| one.below(10) < 10));
    assert_eq!(format!("{:?}", Secret::new("hunter2")), "[secret]");
}
