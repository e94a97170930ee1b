//! What a new version means for what is under way.

use super::{changed, every_type};
use crate::{ChangeClass, diff, gravest};

fn class(from: &str, to: &str) -> Option<ChangeClass> {
    gravest(&diff(&every_type(), &changed(from, to)))
}

#[test]
fn the_same_pack_has_no_changes() {
    assert_eq!(diff(&every_type(), &every_type()), []);
    assert_eq!(
        class("version: 1", "version: 2"),
        None,
        "the number alone changes nothing"
    );
    assert_eq!(
        class("owner: TD", "\n\nowner: TD"),
        None,
        "nor does where things stand"
    );
}

#[test]
fn words_alone_are_text_only() {
    for (from, to) in [
        (
            "label: { en: Months, tc: 月數 }",
            "label: { en: How many months, tc: 月數 }",
        ),
        (
            "say: { en: You must be 18,",
            "say: { en: You must be eighteen,",
        ),
        (
            "Dear {full_name}, {case.reason}",
            "To {full_name}: {case.reason}",
        ),
        (
            "label: { en: East, tc: 東區 }",
            "label: { en: The East, tc: 東區 }",
        ),
        ("name: { en: Parking permit,", "name: { en: Permit to park,"),
    ] {
        assert_eq!(class(from, to), Some(ChangeClass::TextOnly), "{from}");
    }
}

#[test]
fn changes_that_older_answers_bear_are_compatible() {
    for (from, to) in [
        ("cents: 9000", "cents: 9100"),
        ("working_days: 5", "working_days: 7"),
        ("\"age >= 18\"", "\"age >= 21\""),
        ("when: \"minor\"", "when: \"minor && share > dollars(1)\""),
        (
            "- { id: firm, type: yes_no",
            "- { id: extra, type: text, required: false, label: { en: More, tc: 其他 } }\n      - { id: firm, type: yes_no",
        ),
        (
            "{ id: hkid, type: hkid",
            "{ id: hkid, required: false, type: hkid",
        ),
        ("max: 12", "max: 10"),
    ] {
        assert_eq!(class(from, to), Some(ChangeClass::Compatible), "{from}");
    }
}

#[test]
fn changes_that_older_answers_or_cases_cannot_bear_need_migration() {
    for (from, to) in [
        (
            "- { id: firm, type: yes_no",
            "- { id: extra, type: text, label: { en: More, tc: 其他 } }\n      - { id: firm, type: yes_no",
        ),
        ("id: story, type: long_text", "id: tale, type: long_text"),
        ("id: story, type: long_text", "id: story, type: text"),
        ("type: email, required: false", "type: email"),
        (
            "- { id: share, type: money",
            "- { id: part, type: money, required: false, label: { en: Part, tc: 部分 } }\n          - { id: share, type: money",
        ),
        ("level: basic", "level: plus"),
        ("kind: parking_permit", "kind: parking_licence"),
        ("claims: { zone: zone }", "claims: { area: zone }"),
    ] {
        let found = class(from, to);
        let wanted = if from.contains("share") {
            ChangeClass::Compatible
        } else {
            ChangeClass::NeedsMigration
        };
        assert_eq!(found, Some(wanted), "{from}");
    }
}

#[test]
fn each_change_is_told_with_its_path() {
    let changes = diff(
        &every_type(),
        &changed("id: story, type: long_text", "id: story, type: text"),
    );
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].path, "fields.story.type");
    assert_eq!(changes[0].what, "the type changed from long_text to text");
}
