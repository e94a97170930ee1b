//! No input, however odd, may panic, hang or exhaust the stack.

use proptest::prelude::*;

use super::{EVERY_TYPE, MODEL};
use crate::{Pack, fuzz_pack};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_pack(&bytes);
    }

    #[test]
    fn any_yaml_like_text_is_read_or_refused(text in "([ a-z]{0,4}[-:{}\\[\\]|>&*!'\"#,\n]{0,3}){0,60}") {
        fuzz_pack(text.as_bytes());
    }

    /// A pack with a piece cut out or doubled is the likeliest broken pack of all.
    #[test]
    fn a_mangled_pack_is_read_or_refused(
        which in any::<bool>(),
        from in 0_usize..20_000,
        length in 0_usize..200,
        put in "[ a-z0-9:{}\\[\\]'\"\n.()&|<>=-]{0,30}",
    ) {
        let text = if which { EVERY_TYPE } else { MODEL };
        let mut chars: Vec<char> = text.chars().collect();
        let from = from % chars.len();
        let to = (from + length).min(chars.len());
        chars.splice(from..to, put.chars());
        let text: String = chars.into_iter().collect();
        let _ = Pack::check("every-type.yaml", &text);
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    for open in ["[", "{a: ", "- "] {
        let text = open.repeat(100_000);
        assert!(!Pack::check("deep.yaml", &text).is_empty());
    }
    let brackets = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(!crate::expression_parses(&brackets));
    assert!(!crate::expression_parses(&"!".repeat(1_900)));
    assert!(!crate::expression_parses(&vec!["a"; 900].join("+")));
}

#[test]
fn a_file_beyond_the_limit_is_refused_unread() {
    let text = "# ".repeat(crate::yaml::PACK_BYTES);
    let told = Pack::check("large.yaml", &text);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].code, crate::Code::TooLarge);
}

#[test]
fn lets_that_double_stay_small() {
    let mut lets = String::from("let:\n  t0: \"'xxxxxxxxxxxxxxxx'\"\n");
    for place in 1..50 {
        let before = place - 1;
        lets.push_str(&format!("  t{place}: \"t{before} + t{before}\"\n"));
    }
    let text = EVERY_TYPE.replacen("let:\n", &lets, 1).replacen(
        "\"age >= 18\"",
        "\"age >= 18 || t49 == 'x'\"",
        1,
    );
    let pack = Pack::read("every-type.yaml", &text).unwrap();
    let answers = super::complete(&pack);
    assert!(pack.let_text("t3", &answers, &super::facts()).is_some());
    assert!(
        pack.let_text("t49", &answers, &super::facts()).is_none(),
        "too long is unknown"
    );
}
