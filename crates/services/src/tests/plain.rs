//! Rules without a database.

use std::{collections::BTreeSet, time::Duration};

use kernel::{Date, Env, Time};
use packs::FileKind;
use proptest::prelude::*;

use crate::{
    Deadline, FileError, Reference,
    deadline::Promise,
    file::{Accepts, examine, safe_name, sniff},
    mask,
};

fn noon() -> Time {
    Time::start_of(Date::new(2026, 11, 23).unwrap()) + Duration::from_secs(12 * 3600)
}

#[test]
fn a_reference_reads_back_however_it_is_typed() {
    let (env, _) = Env::fake(noon(), 1);
    let mut seen = BTreeSet::new();
    for _ in 0..500 {
        let reference = Reference::fresh(&env);
        assert_eq!(reference.as_str().len(), 10);
        assert!(
            reference
                .as_str()
                .chars()
                .all(|c| !"AEIOUQXYZ0128".contains(c))
        );
        let shown = reference.to_string();
        for typed in [shown.clone(), shown.to_lowercase(), format!(" {shown} ")] {
            assert_eq!(typed.parse::<Reference>().unwrap(), reference);
        }
        assert!(seen.insert(reference));
    }
}

#[test]
fn one_slip_or_one_swap_makes_no_other_reference() {
    let (env, _) = Env::fake(noon(), 2);
    for _ in 0..50 {
        let text = Reference::fresh(&env).as_str().to_owned();
        for place in 0..10 {
            for other in "BCDFGHJKLMNPRSTVW345679".chars() {
                let mut slip: Vec<char> = text.chars().collect();
                if slip[place] != other {
                    slip[place] = other;
                    assert!(
                        slip.iter()
                            .collect::<String>()
                            .parse::<Reference>()
                            .is_err()
                    );
                }
            }
            let mut swap: Vec<char> = text.chars().collect();
            if place > 0 && swap[place] != swap[place - 1] {
                swap.swap(place, place - 1);
                assert!(
                    swap.iter()
                        .collect::<String>()
                        .parse::<Reference>()
                        .is_err()
                );
            }
        }
    }
}

#[test]
fn a_file_is_what_its_bytes_are() {
    let pdf = b"%PDF-1.7\n...".as_slice();
    let png = b"\x89PNG\r\n\x1a\n....".as_slice();
    let exe = b"MZ\x90\x00...".as_slice();
    let zip = b"PK\x03\x04 something.txt".as_slice();
    let docx = b"PK\x03\x04 word/document.xml".as_slice();
    let docm = b"PK\x03\x04 word/document.xml vbaProject.bin".as_slice();
    assert_eq!(sniff(pdf), Some(FileKind::Pdf));
    assert_eq!(sniff(png), Some(FileKind::Png));
    assert_eq!(sniff(docx), Some(FileKind::Docx));
    for none in [exe, zip, docm, b"".as_slice(), b"<html>".as_slice()] {
        assert_eq!(sniff(none), None);
    }
    let accepts = Accepts {
        kinds: vec![FileKind::Pdf],
        most_bytes: 20,
    };
    assert_eq!(examine(pdf, &accepts), Ok(FileKind::Pdf));
    let wrong = FileError::WrongKind {
        found: Some(FileKind::Png),
    };
    assert_eq!(examine(png, &accepts), Err(wrong));
    assert_eq!(
        examine(exe, &accepts),
        Err(FileError::WrongKind { found: None })
    );
    assert_eq!(examine(b"", &accepts), Err(FileError::Empty));
    let long = [b"%PDF-".as_slice(), &[0; 30]].concat();
    assert_eq!(
        examine(&long, &accepts),
        Err(FileError::TooLarge {
            bytes: 35,
            most: 20
        })
    );
}

#[test]
fn a_file_name_cannot_lie_or_climb() {
    for (given, safe) in [
        ("letter.pdf", "letter.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\scan.PDF", "scan.pdf"),
        ("gpj.exe", "gpj.pdf"),
        ("photo\u{202e}gpj.exe", "photogpj.pdf"),
        ("獸醫信.pdf", "獸醫信.pdf"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x.pdf"),
        ("...", "file.pdf"),
        ("", "file.pdf"),
    ] {
        assert_eq!(safe_name(given, FileKind::Pdf), safe, "{given:?}");
    }
    assert!(safe_name(&"x".repeat(5000), FileKind::Pdf).len() < 200);
}

#[test]
fn personal_data_is_struck_out_of_feedback() {
    for (words, masked) in [
        ("Call me at 9123 4567 please", "Call me at [number] please"),
        ("my id is A123456(3).", "my id is [HKID]."),
        ("A1234563 and AB987654(3)", "[HKID] and [HKID]"),
        (
            "write to tai.man@example.com.hk, thanks",
            "write to [e-mail], thanks",
        ),
        ("+852 9123-4567", "[number]"),
        (
            "it took 10 working days, form TD557",
            "it took 10 working days, form TD557",
        ),
        ("我的電話是91234567，謝謝", "我的電話是[number]，謝謝"),
        ("電話：９１２３ ４５６７", "電話：[number]"),
        ("身份證Ａ１２３４５６（３）已交", "身份證[HKID]已交"),
        ("card 4000 0566 5566 5556 refused", "card [number] refused"),
        ("card 4000-0566-5566-5556", "card [number]"),
        ("(852) 6123 0001", "(852) [number]"),
        ("ＴＡＩ＠example.com", "[e-mail]"),
        (
            "fee HK$900, page 3 of 12, Cap. 374B",
            "fee HK$900, page 3 of 12, Cap. 374B",
        ),
    ] {
        assert_eq!(mask(words), masked, "{words}");
    }
}

#[test]
fn names_known_from_the_session_are_struck_out() {
    let names = ["CHEUNG Ka Yan".to_owned(), "張嘉欣".to_owned()];
    for (words, struck) in [
        ("I am Cheung Ka Yan.", "I am [name]."),
        ("KA YAN CHEUNG here", "[name] here"),
        ("Cheung Ka-yan, 6123 0001", "[name], [number]"),
        ("ask for Ka Yan", "ask for [name]"),
        ("我是張嘉欣", "我是[name]"),
        ("我是张嘉欣", "我是[name]"),
        ("叫我嘉欣", "叫我[name]"),
        ("Cheung Chau ferry", "Cheung Chau ferry"),
        ("Ka Yanov wrote", "Ka Yanov wrote"),
        ("", ""),
    ] {
        assert_eq!(crate::strike(words, &names), struck, "{words}");
    }
    assert_eq!(crate::strike("Ka Yan", &[]), "Ka Yan");
    assert_eq!(crate::strike("any word", &[String::new()]), "any word");
}

proptest! {
    #[test]
    fn masking_never_fails_and_masks_what_it_masked_before(words in ".{0,200}") {
        let once = mask(&words);
        prop_assert_eq!(mask(&once), once.clone());
    }

    #[test]
    fn striking_names_never_fails(words in ".{0,100}", name in ".{0,30}") {
        let once = crate::strike(&words, std::slice::from_ref(&name));
        prop_assert!(once.chars().count() <= words.chars().count() * 8 + 8);
    }

    #[test]
    fn any_telephone_number_disappears(number in 20_000_000u32..99_999_999) {
        let masked = mask(&format!("call {number} now"));
        prop_assert_eq!(masked, "call [number] now");
    }

    #[test]
    fn a_safe_name_has_no_path_and_no_controls(name in ".{0,300}") {
        let safe = safe_name(&name, FileKind::Png);
        prop_assert!(!safe.contains(['/', '\\', '\n', '\r', '\0', '"']));
        prop_assert!(safe.ends_with(".png"));
    }
}

#[test]
fn the_colour_follows_the_deadline() {
    let now = noon();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let at = |due, stopped, closed| {
        Deadline::of(
            Promise {
                due,
                stopped,
                closed,
            },
            now,
        )
    };
    assert_eq!(at(Some(now - hours(1)), None, None), Deadline::Overdue);
    assert_eq!(at(Some(now + hours(48)), None, None), Deadline::Soon);
    assert_eq!(at(Some(now + hours(100)), None, None), Deadline::OnTime);
    assert_eq!(at(Some(now - hours(1)), Some(now), None), Deadline::Stopped);
    assert_eq!(at(Some(now - hours(1)), None, Some(now)), Deadline::None);
    assert_eq!(at(None, None, None), Deadline::None);
}

#[test]
fn a_district_is_known_by_its_name_in_any_language() {
    for name in ["Sha Tin", "sha tin ", "沙田", "沙田區", "沙田区", "sha_tin"] {
        let profile = serde_json::json!({ "building": "Sample House", "district": name });
        let Some(packs::Value::Address(address)) = crate::prefill::address(&profile) else {
            panic!("{name} is not found");
        };
        assert_eq!(address.district, "sha_tin", "{name}");
    }
    let nowhere = serde_json::json!({ "building": "Sample House", "district": "Atlantis" });
    assert!(crate::prefill::address(&nowhere).is_none());
}

#[test]
fn a_form_with_fewer_parts_than_the_profile_loses_nothing_of_an_address() {
    let lot = serde_json::json!({ "dd": "123", "number": "456", "section": "A" });
    let english = serde_json::json!({
        "flat": "A", "building": "Sample House", "estate": "Example Garden", "phase": "2",
        "number_from": "12", "number_to": "14", "street": "Sample Road",
        "sub_district": "Tai Wai", "district": "Sha Tin", "area": "nt", "lot": lot,
    });
    let chinese = serde_json::json!({
        "kind": "premises_zh", "building": "示例樓", "estate": "示例花園", "phase": "2",
        "number_from": "12", "street": "示例路", "sub_district": "大圍", "district": "沙田",
        "area": "nt",
    });
    for (held, estate, street) in [
        (
            english,
            "Phase 2, Example Garden",
            "12-14 Sample Road, Lot 456 S.A in D.D. 123, Tai Wai",
        ),
        (chinese, "示例花園第2期", "大圍示例路12號"),
    ] {
        let Some(packs::Value::Address(address)) = crate::prefill::address(&held) else {
            panic!("{held} is filled in");
        };
        assert_eq!(
            (address.estate.as_str(), address.street.as_str()),
            (estate, street)
        );
    }
}
