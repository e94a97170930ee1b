//! Pages, forms, conditions, fees.

use kernel::{Lang, Money};

use super::{
    COMPANY, EVERY_TYPE, PLACE, YOU, changed, complete, day, every_type, facts, file, form, model,
};
use crate::{
    Answers, Facts, FeeError, FieldError, FileKind, IfNot, Pack, PageError, Refusal, Value,
};

fn errors(pack: &Pack, page: &str, pairs: &[(&str, &str)], answers: &Answers) -> Vec<FieldError> {
    match pack.read_page(page, &form(pairs), answers, &facts()) {
        Err(PageError::Fields(errors)) => errors,
        other => panic!("{other:?}"),
    }
}

fn with(
    pairs: &[(&'static str, &'static str)],
    name: &str,
    value: &'static str,
) -> Vec<(&'static str, &'static str)> {
    let mut pairs: Vec<_> = pairs
        .iter()
        .copied()
        .filter(|(key, _)| *key != name)
        .collect();
    let name = Box::leak(name.to_owned().into_boxed_str());
    pairs.push((name, value));
    pairs
}

#[test]
fn a_complete_application_has_nothing_missing() {
    let pack = every_type();
    let answers = complete(&pack);
    assert_eq!(pack.check_all(&answers, &facts()), []);
    let journey = pack.journey(&answers, &facts());
    assert!(journey.is_complete());
    assert_eq!(journey.answers, answers);
    assert_eq!(journey.after("you").unwrap().page.id, "place");
    assert_eq!(journey.before("place").unwrap().page.id, "you");
    assert!(journey.before("you").is_none() && journey.after("end").is_none());
}

#[test]
fn answers_are_kept_in_normal_form() {
    let answers = complete(&every_type());
    let text = |id: &str| answers.get(id).and_then(Value::as_text).unwrap().to_owned();
    assert_eq!(text("hkid"), "A123456(3)");
    assert_eq!(text("mobile"), "61234567");
    assert_eq!(text("mark"), "AB1234");
    assert_eq!(text("story"), "one\ntwo");
    assert_eq!(answers.get("months"), Some(&Value::Int(7)));
    assert_eq!(
        answers.get("rent"),
        Some(&Value::Money(Money::from_cents(123_450)))
    );
    assert_eq!(answers.get("born"), Some(&Value::Date(day("1974-02-03"))));
    let Some(Value::Items(items)) = answers.get("partners") else {
        panic!()
    };
    assert_eq!(items.len(), 2, "items close up");
}

#[test]
fn a_form_shows_the_answers_it_reads() {
    let pack = every_type();
    let answers = complete(&pack);
    for page in ["you", "place", "company", "end"] {
        let shown = pack.page_form(page, &answers);
        let again = pack.read_page(page, &shown, &answers, &facts()).unwrap();
        assert_eq!(again, answers, "{page}");
    }
}

#[test]
fn an_unanswered_page_tells_every_required_question() {
    let pack = every_type();
    let paths: Vec<String> = errors(&pack, "you", &[], &Answers::new())
        .into_iter()
        .map(|error| error.path)
        .collect();
    assert_eq!(paths, ["full_name", "hkid", "born", "mobile", "home"]);
}

#[test]
fn wrong_answers_are_told_in_three_languages() {
    let pack = every_type();
    for (name, value, en) in [
        (
            "hkid",
            "A123456(4)",
            "The check digit does not match: one character may be mistyped",
        ),
        (
            "hkid",
            "123",
            "Enter the identity card number with the digit in brackets, for example A123456(3)",
        ),
        (
            "mobile",
            "12345678",
            "Enter a Hong Kong telephone number of 8 digits",
        ),
        (
            "email",
            "nobody",
            "Enter an e-mail address, for example name@example.com",
        ),
        (
            "full_name",
            "陳大文",
            "Enter the name in English letters, as on the identity document",
        ),
        ("name_zh", "Chan", "Enter the name in Chinese characters"),
        ("born.day", "31", "Enter a real date, for example 27 3 2026"),
        (
            "born.year",
            "74",
            "Write the year with 4 digits, 1800 to 2200",
        ),
        ("born.month", "", "The date needs a month"),
        ("home.district", "", "Choose the district"),
    ] {
        let told = errors(&pack, "you", &with(YOU, name, value), &Answers::new());
        assert_eq!(told.len(), 1, "{name}={value}: {told:?}");
        assert_eq!(told[0].message.en, en);
        assert!(told[0].message.tc != told[0].message.en && !told[0].message.sc.is_empty());
    }
}

#[test]
fn bounds_and_choices_are_kept() {
    let pack = every_type();
    let mut answers = Answers::new();
    answers.set("plan", Value::Files(vec![file("plan.pdf", 10)]));
    for (name, value, en) in [
        ("zone", "north", "Choose one of the answers offered"),
        ("months", "13", "Enter 12 or less"),
        ("months", "0", "Enter 1 or more"),
        ("months", "1.5", "Enter a whole number, for example 12"),
        ("rent", "100000.01", "Enter HK$100,000 or less"),
        ("rent", "-1", "Enter HK$0 or more"),
        ("note", "abc", "This is not in the right form"),
        (
            "note",
            "ABCDEFGHIJK",
            "Use at most 10 characters; this has 11",
        ),
        ("firm", "maybe", "Choose one of the answers offered"),
        (
            "mark",
            "IOQ",
            "Enter the registration mark, for example AB 1234",
        ),
    ] {
        let told = errors(&pack, "place", &with(PLACE, name, value), &answers);
        let messages: Vec<&str> = told.iter().map(|error| error.message.en.as_str()).collect();
        assert_eq!(messages, [en], "{name}={value}");
    }
    let both = [PLACE, &[("kinds", "west")]].concat();
    assert_eq!(
        errors(&pack, "place", &both, &answers)[0].message.en,
        "Choose at most 1"
    );
}

#[test]
fn files_are_judged_by_count_type_and_size() {
    let pack = every_type();
    let mut answers = Answers::new();
    assert_eq!(
        errors(&pack, "place", PLACE, &answers)[0].message.en,
        "Upload the document"
    );
    answers.set("plan", Value::Files(vec![file("a.pdf", 2 * 1024 * 1024)]));
    assert_eq!(
        errors(&pack, "place", PLACE, &answers)[0].message.en,
        "The file must be at most 1 MB"
    );
    answers.set("plan", Value::Files(vec![file("a.pdf", 1); 3]));
    assert_eq!(
        errors(&pack, "place", PLACE, &answers)[0].message.en,
        "Upload at most 2 files"
    );
    let other = crate::FileAnswer {
        kind: "png".to_owned(),
        ..file("a.png", 1)
    };
    answers.set("plan", Value::Files(vec![other]));
    assert_eq!(
        errors(&pack, "place", PLACE, &answers)[0].message.en,
        "The file must be one of: pdf"
    );
}

#[test]
fn the_content_says_what_a_file_is() {
    assert!(FileKind::Pdf.matches(b"%PDF-1.7") && !FileKind::Pdf.matches(b"MZ"));
    assert!(FileKind::Jpeg.matches(&[0xFF, 0xD8, 0xFF, 0xE0]));
    assert!(FileKind::Png.matches(b"\x89PNG\r\n\x1a\n..") && !FileKind::Png.matches(b"\x89PN"));
}

#[test]
fn hidden_answers_do_not_survive() {
    let pack = every_type();
    let answers = complete(&pack);
    assert!(answers.has("crn") && answers.has("partners"));
    let answers = pack
        .read_page(
            "place",
            &form(&with(PLACE, "firm", "false")),
            &answers,
            &facts(),
        )
        .unwrap();
    assert!(!answers.has("crn") && !answers.has("partners"));
    assert!(pack.journey(&answers, &facts()).page("company").is_none());
    assert_eq!(
        pack.read_page("company", &form(COMPANY), &answers, &facts()),
        Err(PageError::NoPage)
    );
}

#[test]
fn an_item_loses_the_answers_its_own_conditions_hide() {
    let pack = every_type();
    let answers = complete(&pack);
    let posted = with(COMPANY, "partners.4.minor", "false");
    let answers = pack
        .read_page("company", &form(&posted), &answers, &facts())
        .unwrap();
    let Some(Value::Items(items)) = answers.get("partners") else {
        panic!()
    };
    assert!(!items[1].has("guardian"));
}

#[test]
fn errors_in_a_group_name_the_item() {
    let pack = every_type();
    let answers = complete(&pack);
    let posted = with(COMPANY, "partners.4.guardian", "");
    let told = errors(&pack, "company", &posted, &answers);
    assert_eq!(
        (told[0].path.as_str(), told[0].index),
        ("partners.1.guardian", Some(1))
    );
    assert_eq!(told[0].field, "partners");
    let posted = with(COMPANY, "partners.4.joined", "2027-01-01");
    assert_eq!(
        errors(&pack, "company", &posted, &answers)[0].message.en,
        "Not in the future"
    );
    let told = errors(
        &pack,
        "company",
        &[("crn", "1234567"), ("brn", "12345678")],
        &answers,
    );
    assert_eq!(told[0].message.en, "Add at least one: Partner");
}

#[test]
fn a_page_opens_when_everything_before_it_is_complete() {
    let pack = every_type();
    let answers = pack
        .read_page("you", &form(YOU), &Answers::new(), &facts())
        .unwrap();
    let journey = pack.journey(&answers, &facts());
    assert!(journey.may_open("place") && !journey.may_open("end"));
    assert_eq!(journey.next().unwrap().page.id, "place");
}

#[test]
fn a_verified_locked_answer_cannot_be_changed() {
    let pack = model();
    let mut answers = Answers::new();
    answers.set("name_en", Value::Text("CHAN Tai Man".to_owned()));
    answers.set("hkid", Value::Text("A123456(3)".to_owned()));
    let verified = ["name_en".to_owned()];
    let facts = Facts {
        verified: &verified,
        ..facts()
    };
    let posted = form(&[
        ("name_en", "SOMEBODY Else"),
        ("hkid", "C668668(E)"),
        ("hkid", "ignored"),
        ("dob", "1974-02-03"),
    ]);
    let read = pack.read_page("you", &posted, &answers, &facts);
    let Err(PageError::Fields(told)) = read else {
        panic!("{read:?}")
    };
    assert_eq!(
        told.len(),
        1,
        "only the unverified number was read: {told:?}"
    );
    let posted = form(&[
        ("name_en", "SOMEBODY Else"),
        ("hkid", "A123456(3)"),
        ("dob", "1974-02-03"),
    ]);
    let read = pack.read_page("you", &posted, &answers, &facts).unwrap();
    assert_eq!(
        read.get("name_en").and_then(Value::as_text),
        Some("CHAN Tai Man")
    );
}

#[test]
fn the_fee_adds_the_lines_that_apply() {
    let pack = every_type();
    let quote = pack.fee(&complete(&pack), &facts()).unwrap();
    let lines: Vec<(&str, i64)> = quote
        .lines
        .iter()
        .map(|line| (line.id.as_str(), line.amount.cents()))
        .collect();
    // 10,001 cents of shares ÷ 100 rounded up, and one minor.
    assert_eq!(lines, [("permit", 9_000), ("company", 201)]);
    assert_eq!(quote.total.cents(), 9_201);
}

#[test]
fn a_fee_that_waits_for_answers_says_which() {
    let pack = every_type();
    let waits = pack.fee(&Answers::new(), &facts()).unwrap_err();
    let FeeError::Unanswered { line, fields } = waits else {
        panic!()
    };
    assert_eq!(
        (line.as_str(), fields),
        ("permit", vec!["months".to_owned(), "zone".to_owned()])
    );
}

#[test]
fn a_case_that_cannot_be_done_online_says_why() {
    let pack = changed(
        "{ zone: west, months: 7.., cents: 9000 }",
        "{ zone: west, months: 7.., refuse: { en: At the counter, tc: 親身辦理 } }",
    );
    let refused = pack.fee(&complete(&pack), &facts()).unwrap_err();
    assert!(matches!(refused, FeeError::Refused(why) if why.en == "At the counter"));
}

#[test]
fn the_age_of_tomorrow_changes_the_fee_tomorrow() {
    let pack = model();
    let mut answers = Answers::new();
    answers.set("dob", Value::Date(day("1965-11-23")));
    answers.set("expiry", Value::Date(day("2027-01-31")));
    let on = |text: &str| {
        pack.fee(&answers, &Facts::on(day(text)))
            .unwrap()
            .total
            .cents()
    };
    assert_eq!(on("2026-11-22"), 90_000, "still 60");
    // From 61: nine years begun, and 3,217 days of the levy.
    assert_eq!(on("2026-11-23"), 5_200 * 9 + 33_492);
}

#[test]
fn rules_of_eligibility_refuse_warn_or_wait() {
    let pack = model();
    let mut answers = Answers::new();
    let open = pack.eligibility(&answers, &facts());
    assert!(open.is_eligible() && open.open.len() == 3);
    answers.set("expiry", Value::Date(day("2023-01-01")));
    answers.set("disease", Value::Bool(true));
    let found = pack.eligibility(&answers, &facts());
    assert_eq!(found.refused.len(), 1);
    assert_eq!(
        (found.warned.len(), found.warned[0].if_not),
        (1, IfNot::Warn)
    );
    assert!(!found.is_eligible());
}

#[test]
fn the_chart_lets_only_its_roles_act() {
    let chart = model().case;
    let ids = |roles: &[&str]| -> Vec<String> {
        chart
            .actions_for("received", roles)
            .iter()
            .map(|action| action.id.clone())
            .collect()
    };
    assert_eq!(ids(&["td.clerk"]), ["check", "ask"]);
    assert_eq!(ids(&["applicant"]), ["withdraw"]);
    assert_eq!(ids(&["immd.officer"]), Vec::<String>::new());
    assert_eq!(
        chart
            .transition("deciding", "approve", &["td.officer"])
            .unwrap()
            .id,
        "approved"
    );
    let refusal = |state: &str, action: &str, role: &str| {
        chart.transition(state, action, &[role]).unwrap_err()
    };
    assert_eq!(
        refusal("deciding", "approve", "td.clerk"),
        Refusal::WrongRole
    );
    assert_eq!(
        refusal("approved", "approve", "td.officer"),
        Refusal::UnknownAction
    );
    assert_eq!(
        refusal("lost", "approve", "td.officer"),
        Refusal::UnknownState
    );
    assert!(
        chart.asks_applicant("received", "ask") && !chart.asks_applicant("received", "withdraw")
    );
    assert_eq!(chart.officer_roles(), ["td.clerk", "td.officer"]);
}

#[test]
fn an_approved_application_issues_its_claims() {
    let pack = model();
    let mut answers = pack.tries[0].given.clone();
    answers.remove("name_tc");
    let issued = pack.issue(&answers, &facts(), 7).unwrap();
    assert_eq!(
        (issued.kind.as_str(), issued.number.as_str()),
        ("driving_licence", "A123456")
    );
    assert_eq!(issued.valid_from, day("2027-02-01"));
    assert_eq!(issued.valid_until, Some(day("2037-01-31")));
    assert_eq!(issued.claims["classes"], serde_json::json!(["1", "2"]));
    assert!(
        !issued.claims.contains_key("name_tc"),
        "a claim without a value is left out"
    );
    let pack = every_type();
    assert_eq!(
        pack.issue(&complete(&pack), &facts(), 7).unwrap().number,
        "PP-000007"
    );
    assert!(pack.issue(&Answers::new(), &facts(), 7).is_err());
}

#[test]
fn answers_are_shown_in_the_readers_language() {
    let pack = every_type();
    let answers = complete(&pack);
    let show = |id: &str, lang: Lang| pack.field(id).unwrap().show(answers.get(id).unwrap(), lang);
    assert_eq!(show("months", Lang::En), ["7 months"]);
    assert_eq!(show("months", Lang::Sc), ["7个月"]);
    assert_eq!(show("zone", Lang::Tc), ["西區"]);
    assert_eq!(show("born", Lang::En), ["3 February 1974"]);
    assert_eq!(show("rent", Lang::Tc), ["HK$1,234.50"]);
    assert_eq!(
        show("home", Lang::En),
        [
            "Wing Fat House",
            "1 Kwong Lee Road",
            "Sham Shui Po, Kowloon"
        ]
    );
    assert_eq!(show("home", Lang::Tc)[0], "九龍深水埗");
    assert_eq!(
        show("name_zh", Lang::Sc),
        ["陳大文"],
        "names are never converted"
    );
    assert_eq!(
        show("partners", Lang::En)[1],
        "LEE Ka Yan, HK$0.01, Yes, LEE Senior, 31 January 2021"
    );
}

#[test]
fn every_golden_journey_of_the_fixture_comes_true() {
    assert_eq!(Pack::check("every-type.yaml", EVERY_TYPE), []);
}

#[test]
fn an_unreadable_answer_to_a_hidden_question_of_an_item_is_no_error() {
    let pack = changed(
        "- { id: joined, type: date,",
        "- { id: count, type: number, when: \"minor\", label: { en: Count, tc: 數目 } }\n          - { id: joined, type: date,",
    );
    let answers = complete(&every_type());
    let posted = [
        COMPANY,
        &[("partners.0.count", "many"), ("partners.4.count", "2")],
    ]
    .concat();
    assert!(
        pack.read_page("company", &form(&posted), &answers, &facts())
            .is_ok()
    );
    let posted = [COMPANY, &[("partners.4.count", "many")]].concat();
    let told = errors(&pack, "company", &posted, &answers);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].path, "partners.1.count");
}

#[test]
fn what_no_golden_journey_shows_is_told() {
    let untried = every_type().untried();
    for path in [
        "fee.permit.row 2",
        "pages.company",
        "fee.company",
        "case.states.refused",
    ] {
        assert!(untried.iter().any(|one| one == path), "{path}: {untried:?}");
    }
    for path in [
        "fee.permit.row 1",
        "pages.you",
        "eligibility.adult",
        "case.states.received",
    ] {
        assert!(!untried.iter().any(|one| one == path), "{path}");
    }
    assert_eq!(model().untried(), Vec::<String>::new());
}

#[test]
fn an_outline_tells_questions_rules_fee_and_chart() {
    let pack = every_type();
    let en = crate::outline(&pack, Lang::En);
    for words in [
        "# Parking permit",
        "answer within 5 working days",
        "- Chinese name (optional) `name_zh` person_name_zh",
        "— when `firm`",
        "Zone: West, Months: 1..6: HK$50",
        "otherwise refused: You must be 18",
        "received --> refused : Refuse",
    ] {
        assert!(en.contains(words), "{words}\n{en}");
    }
    assert!(crate::outline(&pack, Lang::Sc).contains("泊车许可证"));
}

#[test]
fn a_pack_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Pack>();
    shared::<Facts<'static>>();
}
