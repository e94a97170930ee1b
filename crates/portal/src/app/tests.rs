//! Rules of the phone app's words and files.

use std::collections::BTreeSet;

use super::{BUNDLE, SHELL};

/// The scripts of the app by name.
fn scripts() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUNDLE
        .assets
        .iter()
        .filter(|asset| asset.name.ends_with(".js"))
        .map(|asset| (asset.name, std::str::from_utf8(asset.bytes).unwrap()))
}

fn keys() -> BTreeSet<String> {
    let messages = web::Messages::read(&[(BUNDLE.area, BUNDLE.messages)]).unwrap();
    messages
        .keys()
        .map(|key| key.trim_start_matches("app.").to_owned())
        .collect()
}

/// What stands between `t(` and the end of the literal: whole keys, and beginnings of made-up ones.
fn asked(script: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    for (place, _) in script.match_indices("t(") {
        let is_word = script[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &script[place + 2..];
        if is_word {
            continue;
        }
        if let Some(rest) = rest.strip_prefix('"') {
            found.push((rest.split('"').next().unwrap(), true));
        } else if let Some(rest) = rest.strip_prefix('`') {
            found.push((rest.split(['$', '`']).next().unwrap(), false));
        }
    }
    found
}

#[test]
fn the_templates_and_words_of_the_phone_hold() {
    let defects = web::check::bundle(&BUNDLE, env!("CARGO_MANIFEST_DIR"));
    assert_eq!(defects, Vec::<String>::new());
}

#[test]
fn every_word_the_app_asks_for_exists() {
    let keys = keys();
    for (name, script) in scripts() {
        for (key, is_whole) in asked(script) {
            let is_known = if is_whole {
                keys.contains(key)
            } else {
                keys.iter().any(|known| known.starts_with(key))
            };
            assert!(is_known, "{name} asks for {key}");
        }
    }
}

#[test]
fn every_field_choice_and_outcome_has_words() {
    let keys = keys();
    for field in identity::FieldKey::ALL {
        assert!(keys.contains(&format!("field.{field}")), "{field}");
        for choice in field.choices().unwrap_or_default() {
            assert!(
                keys.contains(&format!("{field}.{choice}")),
                "{field} {choice}"
            );
        }
    }
    for purpose in identity::Purpose::ALL {
        assert!(keys.contains(&format!("approval.title.{purpose}")));
        assert!(keys.contains(&format!("approval.approve.{purpose}")));
    }
    for state in identity::ApprovalState::ALL
        .iter()
        .filter(|state| !state.is_open())
    {
        assert!(keys.contains(&format!("outcome.{state}.title")));
        assert!(keys.contains(&format!("outcome.{state}.words")));
    }
}

#[test]
fn the_app_works_without_a_network_once_loaded() {
    for (name, script) in scripts() {
        let is_shell = SHELL.contains(&name);
        assert!(
            is_shell || name == "app/sw.js",
            "{name} is not kept by the worker"
        );
        for line in script.lines().filter(|line| line.contains("from \"./")) {
            let (_, rest) = line.split_once("from \"./").unwrap();
            let module = format!("app/{}", rest.split('"').next().unwrap());
            assert!(SHELL.contains(&module.as_str()), "{name} needs {module}");
        }
    }
}
