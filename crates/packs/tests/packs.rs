//! The real packs of the repository.

use std::path::Path;

#[test]
fn every_pack_of_the_repository_has_no_defect() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let defects: Vec<String> = packs::check_dir(&dir)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(defects.is_empty(), "{}", defects.join("\n"));
}
