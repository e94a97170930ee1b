//! Letters and their places.

use kernel::{Lang, Money};

use super::{complete, day, every_type, facts, model};
use crate::{
    CaseFacts,
    letter::{Piece, number, pieces},
};

#[test]
fn places_and_braces_are_told_apart() {
    assert_eq!(
        pieces("a {b} {{c}} {d e} }"),
        [
            Piece::Words("a "),
            Piece::Place("b"),
            Piece::Words(" "),
            Piece::Words("{"),
            Piece::Words("c"),
            Piece::Words("}"),
            Piece::Words(" "),
            Piece::Stray('{'),
            Piece::Words("d e"),
            Piece::Stray('}'),
            Piece::Words(" "),
            Piece::Stray('}'),
        ]
    );
}

#[test]
fn a_letter_is_filled_in_the_persons_language() {
    let pack = every_type();
    let answers = complete(&pack);
    let case = CaseFacts {
        reason: Some("No space 沒有車位".to_owned()),
        ..CaseFacts::default()
    };
    let letter = |lang| {
        pack.letter("refusal", lang, (&answers, &case), &facts())
            .unwrap()
    };
    assert_eq!(
        letter(Lang::En).body,
        "Dear CHAN Tai Man, No space 沒有車位"
    );
    assert_eq!(letter(Lang::Sc).title, "申请不获批准");
    assert_eq!(
        letter(Lang::Sc).body,
        "CHAN Tai Man：No space 沒有車位",
        "an officer's words stay as written"
    );
    assert!(
        pack.letter("nothing", Lang::En, (&answers, &case), &facts())
            .is_none()
    );
}

#[test]
fn dates_amounts_and_the_appeal_fill_their_places() {
    let pack = model();
    let case = CaseFacts {
        reference: "TD-1".to_owned(),
        decided_on: Some(day("2026-12-01")),
        reason: Some("Disqualified".to_owned()),
        fee_total: Money::from_cents(90_000),
        issue_number: Some("A123456".to_owned()),
        issue_valid_until: Some(day("2037-01-31")),
        ..CaseFacts::default()
    };
    let given = pack.tries[0].given.clone();
    let refusal = pack
        .letter("refusal", Lang::Tc, (&given, &case), &facts())
        .unwrap();
    for words in [
        "TD-1",
        "2026年12月1日",
        "Disqualified",
        "交通審裁處",
        "HK$900",
    ] {
        assert!(refusal.body.contains(words), "{words}: {}", refusal.body);
    }
    let approval = pack
        .letter("approval", Lang::En, (&given, &case), &facts())
        .unwrap();
    assert!(
        approval
            .body
            .contains("Licence A123456 is valid until 31 January 2037.")
    );
}

#[test]
fn numbers_take_year_sequence_and_questions() {
    let text = |name: &str| (name == "mark").then(|| "AB1234".to_owned());
    let number = |format: &str| number(format, day("2026-11-22"), 42, &text);
    assert_eq!(number("L-{year}-{seq:6}").as_deref(), Some("L-2026-000042"));
    assert_eq!(number("{seq}/{mark}").as_deref(), Some("42/AB1234"));
    assert_eq!(number("{nothing}"), None);
    assert_eq!(number("{seq:99}"), None);
}
