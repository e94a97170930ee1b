//! A small broken pack for every kind of defect; what is told about each is a snapshot beside it.
//! After a wanted change: `INSTA_UPDATE=always cargo test -p packs --test broken`.

use std::path::{Path, PathBuf};

use packs::{Code, Pack};

fn tests_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

#[test]
fn a_sound_pack_has_no_defect() {
    let text = std::fs::read_to_string(tests_dir().join("sound.yaml")).unwrap();
    let defects: Vec<String> = Pack::check("sound.yaml", &text)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(defects.is_empty(), "{}", defects.join("\n"));
}

#[test]
fn every_broken_pack_is_told_where_what_and_how_to_mend() {
    let dir = tests_dir().join("broken");
    let files = packs::read_dir(&dir).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&dir);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for file in &files {
            let defects = Pack::check(&file.name, &file.text);
            let told: Vec<String> = defects.iter().map(ToString::to_string).collect();
            let name = file.name.trim_end_matches(".yaml");
            insta::assert_snapshot!(name, told.join("\n"));
        }
    });
}

#[test]
fn every_code_has_a_broken_pack_that_shows_it() {
    let files = packs::read_dir(&tests_dir().join("broken")).unwrap();
    for code in Code::ALL {
        let prefix = format!("pk-{:03}-", code.number());
        let file = files.iter().find(|file| file.name.starts_with(&prefix));
        let file = file.unwrap_or_else(|| panic!("no broken pack for {code}"));
        let defects = Pack::check(&file.name, &file.text);
        assert!(
            defects.iter().any(|defect| defect.code == code),
            "{}: {defects:?}",
            file.name
        );
    }
}
