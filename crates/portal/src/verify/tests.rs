//! The inspector's page has every word and file it names, and words for every outcome.

use credentials::Outcome;

use super::{BUNDLE, SCANNER, SHELL};

#[test]
fn the_bundle_holds_but_for_the_frame_which_is_the_portals() {
    let defects = web::check::bundle(&BUNDLE, env!("CARGO_MANIFEST_DIR"));
    assert_eq!(
        defects,
        ["verify/verify.html: there is no template portal/frame.html"]
    );
    assert!(
        crate::BUNDLE
            .templates
            .iter()
            .any(|(name, _)| *name == "portal/frame.html")
    );
}

#[test]
fn every_outcome_has_a_title_and_advice() {
    for outcome in Outcome::ALL {
        for part in ["outcome", "advice"] {
            let key = format!("verify.{part}.{}:", outcome.code());
            assert!(BUNDLE.messages.contains(&key), "{key}");
        }
    }
}

#[test]
fn what_the_worker_keeps_is_embedded() {
    let own = SHELL
        .into_iter()
        .chain([SCANNER])
        .filter(|name| name.starts_with("verify/"));
    for name in own {
        assert!(
            BUNDLE.assets.iter().any(|asset| asset.name == name),
            "{name}"
        );
    }
}

#[test]
fn every_file_the_page_names_is_kept() {
    let page = BUNDLE.templates.iter().map(|(_, text)| *text);
    let frames = crate::BUNDLE
        .templates
        .iter()
        .filter(|(name, _)| *name == "portal/frame.html");
    for text in page.chain(frames.map(|(_, text)| *text)) {
        for (place, _) in text.match_indices("asset(\"") {
            let name = text[place + 7..].split('"').next().unwrap();
            assert!(
                SHELL.contains(&name),
                "{name} would be missing without a network"
            );
        }
    }
}
