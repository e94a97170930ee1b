//! The real packs of the repository.

use std::path::{Path, PathBuf};

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

#[test]
fn every_pack_of_the_repository_has_no_defect() {
    let defects = packs::check_dir(&dir());
    let told: Vec<String> = defects.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn complete_journeys_of_every_pack_fit_the_schema_of_its_answers() {
    let mut seen = 0;
    for pack in packs::load_dir(&dir()).unwrap() {
        let validator = jsonschema::draft202012::new(&packs::answers_schema(&pack)).unwrap();
        for one in &pack.tries {
            let facts = packs::Facts::on(one.today);
            let answers = pack.journey(&one.given, &facts).answers;
            let json = answers.to_json();
            assert_eq!(
                pack.read_answers(&json).unwrap(),
                answers,
                "{}",
                pack.service
            );
            if pack.check_all(&answers, &facts).is_empty() {
                let errors: Vec<String> = validator
                    .iter_errors(&json)
                    .map(|error| error.to_string())
                    .collect();
                assert!(
                    errors.is_empty(),
                    "{} “{}”: {errors:?}",
                    pack.service,
                    one.name
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "no golden journey is complete");
}

#[test]
fn no_pack_differs_from_itself_and_each_can_be_outlined() {
    for pack in packs::load_dir(&dir()).unwrap() {
        assert_eq!(packs::diff(&pack, &pack), []);
        for lang in kernel::Lang::ALL {
            let outline = packs::outline(&pack, lang);
            assert!(outline.contains(pack.name.get(lang)), "{}", pack.service);
        }
    }
}
