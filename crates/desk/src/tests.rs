//! Templates and words hold together.

#[test]
fn templates_and_words_fit_together() {
    let found = web::check::bundle(&crate::BUNDLE, env!("CARGO_MANIFEST_DIR"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
