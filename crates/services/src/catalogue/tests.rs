use std::time::Instant;

use super::{
    Catalogue,
    fold::{fold, stem},
    search::is_one_edit,
};
use kernel::Lang;

fn catalogue() -> Catalogue {
    Catalogue::build(vec![crate::tests::published()]).unwrap()
}

fn first(catalogue: &Catalogue, query: &str) -> String {
    catalogue
        .search(query)
        .first()
        .map(|entry| entry.id.clone())
        .unwrap_or_default()
}

#[test]
fn every_known_name_is_listed_and_the_published_one_says_it_is_online() {
    let catalogue = catalogue();
    assert!(catalogue.entries().len() > 700);
    let online: Vec<_> = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.is_online())
        .collect();
    assert_eq!(online.len(), 1);
    assert_eq!(catalogue.entries()[0].id, online[0].id);
}

#[test]
fn three_languages_find_the_same_service() {
    let catalogue = catalogue();
    for query in [
        "dog licence",
        "DOG LICENSE",
        "狗隻牌照",
        "狗只牌照",
        "Ｄｏｇ　ｌｉｃｅｎｃｅ",
    ] {
        assert_eq!(first(&catalogue, query), "afcd-dog-licence", "{query}");
    }
}

#[test]
fn simplified_characters_find_traditional_names() {
    let catalogue = catalogue();
    let tc: Vec<_> = catalogue
        .search("國際駕駛許可證")
        .iter()
        .map(|entry| &entry.id)
        .collect();
    let sc: Vec<_> = catalogue
        .search("国际驾驶许可证")
        .iter()
        .map(|entry| &entry.id)
        .collect();
    assert!(!tc.is_empty());
    assert_eq!(tc, sc);
}

#[test]
fn one_mistyped_letter_still_finds() {
    let catalogue = catalogue();
    for query in ["dog licnece", "drivng licence", "driving licenxe"] {
        assert!(!catalogue.search(query).is_empty(), "{query}");
    }
    assert_eq!(first(&catalogue, "dog licnce"), "afcd-dog-licence");
}

#[test]
fn a_form_number_finds_its_entry() {
    let catalogue = catalogue();
    let found = catalogue.search("TD51");
    assert!(
        found[0].forms.contains(&"TD51".to_owned()),
        "{:?}",
        found[0]
    );
}

#[test]
fn a_name_stands_before_a_department() {
    let catalogue = catalogue();
    let found = catalogue.search("international driving permit");
    assert!(
        found[0].name.en.contains("International Driving Permit"),
        "{:?}",
        found[0]
    );
}

#[test]
fn what_is_being_typed_gives_suggestions_in_the_reader_s_language() {
    let catalogue = catalogue();
    let english = catalogue.suggest("interna", Lang::En);
    assert!(english.iter().any(|one| one.name.contains("International")));
    assert!(english.len() <= super::SUGGESTIONS);
    let chinese = catalogue.suggest("interna", Lang::Tc);
    assert!(chinese.iter().all(|one| !one.name.is_empty()));
    assert!(!catalogue.suggest("駕", Lang::Tc).is_empty());
}

#[test]
fn nonsense_and_nothing_find_nothing() {
    let catalogue = catalogue();
    for query in [
        "",
        "   ",
        "the of and",
        "qwxzv",
        "!!!",
        &"字".repeat(10_000),
    ] {
        assert!(catalogue.search(query).is_empty(), "{query:.20}");
    }
}

#[test]
fn subjects_hold_their_sub_topics() {
    let catalogue = catalogue();
    let topic = catalogue.of_subject("transport/driving-licence").len();
    let subject = catalogue.of_subject("transport").len();
    assert!(topic > 5 && subject > topic);
    assert!(catalogue.of_subject("trans").is_empty());
    assert!(!catalogue.of_department("TD").is_empty());
    assert!(!catalogue.of_audience("resident").is_empty());
}

#[test]
fn a_search_stays_below_its_budget() {
    let catalogue = catalogue();
    let queries = ["driving licence", "駕駛執照續期", "restaurnt licence", "狗"];
    for query in queries {
        assert!(!catalogue.search(query).is_empty());
    }
    let start = Instant::now();
    for query in queries.iter().cycle().take(100) {
        let _ = catalogue.search(query);
    }
    // Two milliseconds each is the budget of a release build; this guards against another order.
    assert!(
        start.elapsed().as_millis() / 100 < 20,
        "{:?}",
        start.elapsed() / 100
    );
}

#[test]
fn stems_meet_across_forms() {
    for (a, b) in [
        ("licences", "license"),
        ("renewal", "renew"),
        ("driving", "drive"),
        ("companies", "company"),
        ("permits", "permit"),
    ] {
        assert_eq!(stem(a), stem(b), "{a} {b}");
    }
    assert_eq!(fold("Café ＡＢＣ 身分證"), fold("cafe abc 身份證"));
}

#[test]
fn one_edit_is_an_insertion_a_deletion_a_replacement_or_a_swap() {
    for (a, b) in [
        ("driv", "drive"),
        ("drvie", "drive"),
        ("drove", "drive"),
        ("xdrive", "drive"),
    ] {
        assert!(is_one_edit(a, b) && is_one_edit(b, a), "{a} {b}");
    }
    for (a, b) in [
        ("drive", "drive"),
        ("dr", "drive"),
        ("ab", "cd"),
        ("aa", "aaaa"),
    ] {
        assert!(!is_one_edit(a, b), "{a} {b}");
    }
}

/// Every pack of the repository, as published.
fn everything() -> Catalogue {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let packs = packs::load_dir(&dir).unwrap_or_else(|defects| panic!("{}", defects[0]));
    let published = packs.into_iter().map(|pack| super::Published {
        version: i64::from(pack.version),
        pack: std::sync::Arc::new(pack),
        published_at: kernel::Time::from_micros(0),
        cutoff: None,
    });
    Catalogue::build(published.collect()).unwrap()
}

#[test]
fn what_people_type_brings_the_service_they_mean_first() {
    let catalogue = everything();
    for (query, service) in [
        ("renew driving licence", "td-full-driving-licence-renewal"),
        ("driving license renewal", "td-full-driving-licence-renewal"),
        ("駕駛執照續期", "td-full-driving-licence-renewal"),
        ("驾驶执照续期", "td-full-driving-licence-renewal"),
        ("TD557", "td-full-driving-licence-renewal"),
        ("vehicle licence", "td-vehicle-licence-renewal"),
        ("dog licence", "afcd-dog-licence"),
        ("狗牌", "afcd-dog-licence"),
        ("restaurant", "fehd-restaurant-licence"),
        ("restaurnt licence", "fehd-restaurant-licence"),
        ("食肆牌照", "fehd-restaurant-licence"),
        ("liquor licence", "llb-liquor-licence"),
        ("酒牌", "llb-liquor-licence"),
        ("change of address", "dpo-change-of-address"),
        ("business registration", "ird-business-registration"),
        ("商業登記", "ird-business-registration"),
        ("old age living allowance", "swd-old-age-living-allowance"),
        ("長者生活津貼", "swd-old-age-living-allowance"),
        ("voter registration", "reo-voter-registration"),
        ("选民登记", "reo-voter-registration"),
    ] {
        let found = catalogue.search(query);
        let place = found.iter().position(|entry| entry.id == service);
        let top: Vec<_> = found.iter().take(4).map(|entry| &entry.id).collect();
        assert!(
            place == Some(0),
            "{query}: place {place:?}, before it {top:?}"
        );
    }
}
