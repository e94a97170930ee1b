//! Words that say there is no such thing: no fee, no promise, no appeal; and what an author is advised.

use kernel::Lang;

use crate::{Pack, PackFile, SourceDate, outline, siblings::Siblings};

const SOUND: &str = include_str!("../../tests/sound.yaml");
const FEE: &str = "        - { zone: west, months: 7.., cents: 9000 }\n";
const GOES_WELL: &str = "then: { fee: 3000, eligible: true }";

fn sound(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(SOUND.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// The sound pack with its fee written as `fee`.
fn with_fee(fee: &str) -> Pack {
    let start = SOUND.find("fee:").unwrap();
    let end = SOUND.find("case:").unwrap();
    let text = SOUND.replace(&SOUND[start..end], fee);
    Pack::read("sound.yaml", &text.replace("fee: 3000, ", "")).unwrap()
}

#[test]
fn a_fee_is_charged_here_or_elsewhere_or_said_to_be_none() {
    let free = with_fee("fee: free\n");
    assert!(free.is_free() && !free.takes_payment());
    let elsewhere = with_fee("fee: { elsewhere: { en: By bill, tc: 憑單繳付 } }\n");
    assert!(!elsewhere.is_free() && !elsewhere.takes_payment());
    assert!(outline(&elsewhere, Lang::En).contains("- By bill"));
    let charged = Pack::read("sound.yaml", SOUND).unwrap();
    assert!(!charged.is_free() && charged.takes_payment());
}

#[test]
fn a_department_may_promise_no_time() {
    for (written, told) in [
        ("none", "no time is promised"),
        (
            "{ none: { en: The court decides, tc: 由法院決定 } }",
            "The court decides",
        ),
    ] {
        let text = sound(&[("{ working_days: 5 }", written)]);
        let pack = Pack::read("sound.yaml", &text).unwrap();
        assert_eq!(pack.promise, None);
        assert!(outline(&pack, Lang::En).contains(told));
    }
}

#[test]
fn an_appeal_lies_only_where_the_pack_says_so() {
    let appeal = "appeal: { body: { en: the Board, tc: 上訴委員會 } }\nkeep:";
    let pack = |changes: &[(&str, &str)]| Pack::read("sound.yaml", &sound(changes)).unwrap();
    let with = pack(&[("keep:", appeal)]);
    assert!(with.appeal_from("refused").is_some());
    assert!(with.appeal_from("approved").is_none());
    let silent = ("letter: refusal }", "letter: refusal, appeal: none }");
    assert!(
        pack(&[("keep:", appeal), silent])
            .appeal_from("refused")
            .is_none()
    );
    let none = pack(&[("keep:", "appeal: none\nkeep:")]);
    assert!(none.has_no_appeal && none.appeal_from("refused").is_none());
}

#[test]
fn a_source_is_dated_as_exactly_as_it_is_known() {
    for (written, told) in [
        ("2020-12-31", "31 December 2020"),
        ("2020-12", "2020-12"),
        ("2020", "2020"),
    ] {
        let date: SourceDate = written.parse().unwrap();
        assert_eq!(date.words().get(Lang::En), told);
    }
    for wrong in ["2020-13", "20", "2020-", "soon", "+2020", "2020-1-1"] {
        assert_eq!(wrong.parse::<SourceDate>(), Err(()), "{wrong}");
    }
}

fn advice(text: &str, today: &str) -> String {
    let pack = Pack::read("sound.yaml", text).unwrap();
    pack.advice(today.parse().unwrap()).join("\n")
}

#[test]
fn a_service_nobody_can_use_is_told() {
    let refuse = "{ en: Please write to us, tc: 請致函本署 }";
    let rows = format!("        - {{ refuse: {refuse} }}\n");
    let shut = sound(&[
        ("        - { zone: east, cents: \"1000 * months\" }\n", ""),
        ("        - { zone: west, months: 1..6, cents: 5000 }\n", ""),
        (FEE, &rows),
        (GOES_WELL, "then: { refused_by: fee }"),
    ]);
    let told = advice(&shut, "2026-11-22");
    assert!(
        told.contains("nobody can use this service: ") && told.contains("the fee"),
        "{told}"
    );
    let over = sound(&[(
        "rule: \"age >= 18\"",
        "rule: \"age >= 18 && today() <= date('2026-12-31')\"",
    )]);
    assert!(!advice(&over, "2026-11-22").contains("nobody"));
    let told = advice(&over, "2027-01-01");
    assert!(
        told.contains("nobody can use this service on 2027-01-01: "),
        "{told}"
    );
}

#[test]
fn a_rule_that_nothing_breaks_is_told() {
    let blind = sound(&[(
        "label: { en: Name, tc: 姓名 } }",
        "label: { en: Name, tc: 姓名 }, must: [{ rule: \"!matches(full_name, 'LTD')\", say: { en: Not a firm, tc: 不可為公司 } }] }",
    )]);
    let told = advice(&blind, "2026-11-22");
    assert!(
        told.contains("made-up application: full_name.must 1; "),
        "{told}"
    );
    assert!(!told.contains("eligibility.adult"), "{told}");
}

#[test]
fn what_no_journey_shows_is_advice_and_no_defect() {
    let told = advice(SOUND, "2026-11-22");
    assert!(
        told.contains("not shown by any golden journey: fee.permit.row 2"),
        "{told}"
    );
    assert!(Pack::check("sound.yaml", SOUND).is_empty());
}

#[test]
fn a_question_is_filled_from_a_credential_that_some_pack_issues() {
    let asks = |source: &str| {
        let from = "prefill: eme.mobileNumber, purpose: contact";
        let to = format!(
            "required: false }}\n      - {{ id: held, type: text, label: {{ en: Permit, tc: 許可證 }}, prefill: {source}, purpose: contact"
        );
        sound(&[(from, &to)])
    };
    let file = |name: &str, text: &str| PackFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let told = |source: &str| {
        let text = asks(source);
        let other = file(
            "other.yaml",
            &SOUND.replacen("service: sound", "service: other", 1),
        );
        let siblings = Siblings::of(&[other, file("sound.yaml", &text)]);
        let defects = Pack::check_among("sound.yaml", &text, &siblings);
        defects
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(told("wallet.parking_permit.zone"), "");
    assert_eq!(told("wallet.parking_permit.number"), "");
    assert!(told("wallet.parking_permit.zon").contains("Did you mean `zone`?"));
    assert!(told("wallet.parking_permits.zone").contains("Did you mean `parking_permit`?"));
    let alone = Pack::check("sound.yaml", &asks("wallet.nothing.zone"));
    assert!(alone.is_empty(), "{alone:?}");
}

#[test]
fn two_versions_are_compared_whatever_their_files_are_called() {
    assert!(Pack::read("sound-2.yaml", SOUND).is_err());
    let old = Pack::read_version("sound-2.yaml", SOUND).unwrap();
    assert_eq!(old.service, "sound");
}

#[test]
fn a_preview_is_in_the_words_of_the_pack() {
    let pack = Pack::read("sound.yaml", SOUND).unwrap();
    let told = outline(&pack, Lang::En);
    assert!(told.contains("Zone: West, Months: 1..6: HK$50"), "{told}");
    let sc = outline(&pack, Lang::Sc);
    assert!(sc.contains("5 个工作天") && !sc.contains('個'), "{sc}");
}

#[test]
fn a_letter_is_previewed_from_the_journey_that_comes_to_it() {
    let refused = sound(&[(
        GOES_WELL,
        "then: { fee: 3000, eligible: true } }\n  - { name: refused by an officer, today: 2026-11-22, given: { full_name: CHAN Tai Man, born: 1990-01-01, zone: east, months: 3 }, take: [refuse], then: { state: refused }",
    )]);
    let pack = Pack::read("sound.yaml", &refused).unwrap();
    let letters = pack.sample_letters(Lang::En);
    let letter = letters.first().unwrap();
    assert_eq!(letter.journey.as_deref(), Some("refused by an officer"));
    assert_eq!(letter.written.body, "Dear CHAN Tai Man, …");
    let unseen = Pack::read("sound.yaml", SOUND)
        .unwrap()
        .sample_letters(Lang::En);
    assert_eq!(unseen.first().unwrap().journey, None);
}

#[test]
fn a_working_day_is_told_from_a_holiday() {
    for (day, told) in [("2026-11-20", "true"), ("2026-11-21", "false")] {
        let text = sound(&[
            (
                "  age: ",
                &format!("  works: \"is_working_day(date('{day}'))\"\n  age: "),
            ),
            (
                "rule: \"age >= 18\"",
                "rule: \"age >= 18 || (works && !works)\"",
            ),
            (
                GOES_WELL,
                &format!("then: {{ fee: 3000, let: {{ works: \"{told}\" }} }}"),
            ),
        ]);
        assert_eq!(Pack::check("sound.yaml", &text), [], "{day}");
    }
}
