//! What a new version means for people, in facts that a page puts into words.

use super::{MODEL, changed, every_type, model};
use crate::{About, Pack, Plain, Told, Turn, diff, plain};

fn told(from: &str, to: &str) -> Plain {
    plain(&every_type(), &changed(from, to))
}

fn turns(found: &Plain) -> Vec<(About, Turn)> {
    let changes = found.changes.iter();
    changes.map(|one| (one.about, one.turn)).collect()
}

#[test]
fn the_same_pack_tells_nothing() {
    assert_eq!(plain(&every_type(), &every_type()), Plain::default());
    assert_eq!(told("version: 1", "version: 2"), Plain::default());
}

/// What is written in place of what, and how it is told.
const CHANGES: [(&str, &str, About, Turn); 13] = [
    ("cents: 9000", "cents: 9100", About::Fee, Turn::Condition),
    (
        "working_days: 5",
        "working_days: 7",
        About::Time,
        Turn::Changed,
    ),
    (
        "\"age >= 18\"",
        "\"age >= 21\"",
        About::Rule,
        Turn::Condition,
    ),
    (
        "say: { en: You must be 18,",
        "say: { en: You must be eighteen,",
        About::Rule,
        Turn::Changed,
    ),
    ("level: basic", "level: plus", About::SignIn, Turn::Changed),
    (
        "type: email, required: false",
        "type: email",
        About::Question,
        Turn::Required,
    ),
    (
        "{ id: hkid, type: hkid",
        "{ id: hkid, required: false, type: hkid",
        About::Question,
        Turn::Optional,
    ),
    (
        "label: { en: Months, tc: 月數 }",
        "label: { en: How many months, tc: 月數 }",
        About::Question,
        Turn::Changed,
    ),
    ("max: 12", "max: 10", About::Question, Turn::Bounds),
    (
        "id: story, type: long_text",
        "id: story, type: text",
        About::Question,
        Turn::Bounds,
    ),
    (
        "name: { en: Parking permit,",
        "name: { en: Permit to park,",
        About::Name,
        Turn::Changed,
    ),
    (
        "- { id: firm, type: yes_no",
        "- { id: extra, type: text, required: false, label: { en: More, tc: 其他 } }\n      - { id: firm, type: yes_no",
        About::Question,
        Turn::New,
    ),
    (
        "- { id: share, type: money",
        "- { id: part, type: money, required: false, label: { en: Part, tc: 部分 } }\n          - { id: share, type: money",
        About::Question,
        Turn::New,
    ),
];

#[test]
fn each_change_is_told_once_and_as_what_it_is() {
    for (from, to, about, turn) in CHANGES {
        let found = told(from, to);
        assert_eq!(turns(&found), [(about, turn)], "{from}");
        assert_eq!(found.others, 0, "{from}: told and counted");
    }
}

#[test]
fn a_choice_of_two_questions_is_told_for_each() {
    let found = told(
        "label: { en: East, tc: 東區 }",
        "label: { en: The East, tc: 東區 }",
    );
    let subjects = found.changes.iter().filter_map(|one| one.subject.as_ref());
    let subjects: Vec<&str> = subjects.map(|text| text.en.as_str()).collect();
    assert_eq!(subjects, ["Zone", "Kinds"]);
    assert_eq!(turns(&found), [(About::Choice, Turn::Changed); 2]);
}

#[test]
fn what_people_do_not_meet_is_counted_and_not_told() {
    let found = told(
        "Dear {full_name}, {case.reason}",
        "To {full_name}: {case.reason}",
    );
    assert_eq!((found.changes.len(), found.others), (0, 1));
}

#[test]
fn a_fact_is_told_before_and_after() {
    let dearer = MODEL.replace("90000", "96000");
    let dearer = Pack::read("td-full-driving-licence-renewal.yaml", &dearer).unwrap();
    let found = plain(&model(), &dearer);
    assert_eq!(turns(&found), [(About::Fee, Turn::Changed)]);
    let one = &found.changes[0];
    assert_eq!(one.before, Some(Told::Cents(90_000, 90_000)));
    assert_eq!(one.after, Some(Told::Cents(96_000, 96_000)));
    let found = told("working_days: 5", "working_days: 7");
    let days = |told: &Option<Told>| match told {
        Some(Told::Promise(promise)) => promise.map(|one| one.days),
        _ => None,
    };
    let one = &found.changes[0];
    assert_eq!((days(&one.before), days(&one.after)), (Some(5), Some(7)));
}

#[test]
fn a_question_that_is_called_otherwise_goes_and_comes() {
    let found = told("id: story, type: long_text", "id: tale, type: long_text");
    assert_eq!(
        turns(&found),
        [(About::Question, Turn::New), (About::Question, Turn::Gone)]
    );
}

#[test]
fn nothing_that_changed_is_passed_over_in_silence() {
    for (from, to) in [
        ("cents: 9000", "cents: 9100"),
        ("kind: parking_permit", "kind: parking_licence"),
        ("claims: { zone: zone }", "claims: { area: zone }"),
        ("when: \"minor\"", "when: \"minor && share > dollars(1)\""),
        ("drafts: 30 days", "drafts: 60 days"),
        ("say: { en: Not in the future,", "say: { en: Not to come,"),
    ] {
        let (old, new) = (every_type(), changed(from, to));
        let found = plain(&old, &new);
        assert!(!diff(&old, &new).is_empty());
        assert!(!found.changes.is_empty() || found.others > 0, "{from}");
    }
}
