//! Pages in three languages, with nothing inline and every component in place.

use super::*;

#[tokio::test]
async fn the_gallery_renders_every_component_in_three_languages() {
    let world = World::new().await;
    for (path, tag, word) in [
        ("/en/gallery", "en-HK", "Renew a full driving licence"),
        ("/tc/gallery", "zh-Hant-HK", "續領正式駕駛執照"),
        ("/sc/gallery", "zh-Hans-HK", "续领正式驾驶执照"),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.text.contains(word));
        assert!(answer.text.contains(&format!("<html lang=\"{tag}\">")));
        assert_eq!(answer.header("content-language"), tag);
    }
}

#[tokio::test]
async fn no_page_holds_an_inline_script_or_style() {
    let world = World::new().await;
    let text = world.get("/en/gallery").await.text;
    for bad in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
        assert!(!text.contains(bad), "{bad}");
    }
    let scripts = text.matches("<script").count();
    assert_eq!(
        scripts,
        text.matches("<script type=\"module\" src=\"/assets/")
            .count()
    );
}

#[tokio::test]
async fn every_field_has_a_label_and_every_id_is_unique() {
    let text = World::new().await.get("/en/gallery").await.text;
    let after = |word: &str| -> Vec<String> {
        text.split(word)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    let mut ids = after(" id=\"");
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for target in after(" for=\"").iter().chain(&after("aria-labelledby=\"")) {
        assert!(ids.contains(target), "{target}");
    }
    for list in after("aria-describedby=\"") {
        for target in list.split_whitespace() {
            assert!(ids.contains(&target.to_owned()), "{target}");
        }
    }
}

#[tokio::test]
async fn the_language_toggle_keeps_the_place() {
    let world = World::new().await;
    let text = world.get("/en/number/7?q=dog%20licence&page=2").await.text;
    assert!(
        text.contains("href=\"/tc/number/7?q=dog%20licence&amp;page=2\""),
        "{text}"
    );
    assert!(text.contains("href=\"/sc/number/7?q=dog%20licence&amp;page=2\""));
    assert_eq!(
        crate::path_in("/app", "lang=en&a=1", kernel::Lang::Sc),
        "/app?a=1&lang=sc"
    );
    assert_eq!(crate::path_in("/en", "", kernel::Lang::Tc), "/tc");
}

#[tokio::test]
async fn the_toggle_of_a_page_with_a_form_sends_the_answers_along() {
    let text = World::new().await.get("/en/gallery").await.text;
    assert!(
        text.contains("form=\"answers\" name=\"switch_lang\" value=\"tc\""),
        "{text}"
    );
    assert!(text.contains("id=\"answers\""));
}

#[test]
fn a_browsers_languages_choose_the_language() {
    use kernel::Lang::{En, Sc, Tc};
    for (header, lang) in [
        ("", En),
        ("fr", En),
        ("zh-HK,zh;q=0.9,en;q=0.8", Tc),
        ("zh-CN", Sc),
        ("zh-Hans-HK", Sc),
        ("zh-Hant-CN", Tc),
        ("en;q=0.5, zh-TW", Tc),
        ("zh-SG;q=0, en", En),
        ("yue", Tc),
        (";;q=x,", En),
    ] {
        assert_eq!(crate::negotiate(header), lang, "{header}");
    }
}

#[test]
fn templates_and_words_of_the_shell_hold_together() {
    let dir = env!("CARGO_MANIFEST_DIR");
    assert_eq!(
        crate::check::bundle(&crate::page::BUNDLE, dir),
        Vec::<String>::new()
    );
    assert_eq!(crate::check::bundle(&GALLERY, dir), Vec::<String>::new());
}

#[test]
fn the_check_finds_what_is_wrong() {
    let broken = |templates, messages| Bundle {
        area: "x",
        templates,
        messages,
        assets: &[],
    };
    let dir = "/nowhere";
    let cases: [(Bundle, &str); 7] = [
        (
            broken(&[("x/a.html", "{{ t(\"x.none\") }}")], ""),
            "there is no message x.none",
        ),
        (
            broken(&[], "x.a: {en: a, tc: b}"),
            "message x.a is not used",
        ),
        (
            broken(
                &[("x/a.html", "{{ t(\"x.a\", n=1) }}")],
                "x.a: {en: \"{n}\", tc: b}",
            ),
            "placeholders differ",
        ),
        (broken(&[], "y.a: {en: a, tc: b}"), "must start with"),
        (broken(&[], "x.a: {en: a}"), "tc"),
        (
            broken(&[("x/a.html", "{% extends \"x/b.html\" %}")], ""),
            "there is no template x/b.html",
        ),
        (
            broken(
                &[("x/a.html", "{% from \"web/parts.html\" import nothing %}")],
                "",
            ),
            "no macro nothing",
        ),
    ];
    for (bundle, words) in cases {
        let defects = crate::check::bundle(&bundle, dir).join("\n");
        assert!(defects.contains(words), "{words}: {defects}");
    }
    let syntax = broken(&[("x/a.html", "{% if %}")], "");
    assert!(!crate::check::bundle(&syntax, dir).is_empty());
}

#[tokio::test]
async fn markup_in_a_value_is_shown_not_run() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let answer = browser
        .fill(
            &world,
            "/en/form",
            "a=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27",
        )
        .await;
    assert!(
        answer
            .text
            .contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;")
    );
    assert!(!answer.text.contains("<script>alert"));
}

#[tokio::test]
async fn the_demonstration_says_so_on_every_page() {
    let config = SiteConfig {
        is_demo: true,
        ..SiteConfig::default()
    };
    let demo = World::with(config).await;
    assert!(demo.get("/en").await.text.contains("Demonstration"));
    assert!(demo.get("/en/nowhere").await.text.contains("Demonstration"));
    assert!(
        !World::new()
            .await
            .get("/en")
            .await
            .text
            .contains("Demonstration")
    );
}
