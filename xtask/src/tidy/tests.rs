use super::{Source, advisories, arrows, names, papers, supply, text};

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: Some(text.to_owned()),
    }
}

fn manifest(name: &str, dependencies: &str) -> Source {
    let text = format!("[package]\nname = \"{name}\"\n\n{dependencies}");
    source(&format!("crates/{name}/Cargo.toml"), &text)
}

fn complaints(path: &str, content: &str) -> Vec<String> {
    text::check(&source(path, content))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn an_arrow_up_or_sideways_is_found_with_its_line() {
    for (name, dependency) in [
        ("kernel", "store"),
        ("identity", "payments"),
        ("store", "web"),
    ] {
        let manifest = manifest(
            name,
            &format!("[dependencies]\n{dependency}.workspace = true\n"),
        );
        let findings = arrows::check(&[manifest]).unwrap();
        assert_eq!(findings.len(), 1, "{name} -> {dependency}");
        assert_eq!(findings[0].line, 5);
    }
}

#[test]
fn an_arrow_down_is_fine_and_so_are_the_two_inside_a_floor() {
    for (name, dependency) in [
        ("services", "identity"),
        ("journal", "store"),
        ("web", "store"),
        ("causeway", "desk"),
    ] {
        let manifest = manifest(
            name,
            &format!("[dependencies]\n{dependency}.workspace = true\n"),
        );
        assert_eq!(
            arrows::check(&[manifest]).unwrap(),
            [],
            "{name} -> {dependency}"
        );
    }
}

#[test]
fn the_test_kit_is_never_shipped_but_may_test_every_floor() {
    let shipped = manifest("portal", "[dependencies]\ntestkit.workspace = true\n");
    assert_eq!(arrows::check(&[shipped]).unwrap().len(), 1);
    let tested = manifest("kernel", "[dev-dependencies]\ntestkit.workspace = true\n");
    assert_eq!(arrows::check(&[tested]).unwrap(), []);
    let sideways = manifest("kernel", "[dev-dependencies]\nstore.workspace = true\n");
    assert_eq!(arrows::check(&[sideways]).unwrap().len(), 1);
}

#[test]
fn a_crate_without_a_floor_is_found() {
    assert_eq!(arrows::check(&[manifest("attic", "")]).unwrap().len(), 1);
}

#[test]
fn a_name_that_says_nothing_is_found() {
    let bad = "pub(crate) struct CaseManager;\nenum OrderDto {}\nstruct Implicit;\n";
    let findings = names::check(&source("crates/kernel/src/case.rs", bad));
    assert_eq!(
        findings
            .iter()
            .map(|finding| finding.line)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(
        names::check(&source("crates/kernel/src/utils.rs", "")).len(),
        1
    );
    assert_eq!(
        names::check(&source("crates/kernel/src/common/x.rs", "")).len(),
        1
    );
}

#[test]
fn a_promise_is_found_in_a_program_and_a_masked_number_is_not() {
    let promise = concat!("//! Text.\n// TO", "DO: later\n");
    assert_eq!(complaints("crates/kernel/src/x.rs", promise).len(), 1);
    assert_eq!(
        complaints("packs/x.yaml", concat!("hint: A", "XX", "X123(X)\n")).len(),
        0
    );
}

#[test]
fn a_module_without_its_purpose_is_found_but_a_file_of_tests_is_not() {
    assert_eq!(complaints("crates/kernel/src/x.rs", "fn f() {}\n").len(), 1);
    assert_eq!(
        complaints("crates/kernel/src/tests.rs", "fn f() {}\n").len(),
        0
    );
}

#[test]
fn stray_white_space_is_found() {
    assert_eq!(complaints("a.md", "one \n").len(), 1);
    assert_eq!(complaints("a.md", "one\ttwo\n").len(), 1);
    assert_eq!(complaints("a.md", "one\n\n").len(), 1);
    assert_eq!(complaints("a.md", "one").len(), 1);
}

#[test]
fn a_folder_of_one_machine_is_found_but_the_middle_of_an_address_is_not() {
    assert_eq!(complaints("a.md", concat!("see `/wo", "rk/x`\n")).len(), 1);
    assert_eq!(
        complaints("a.md", concat!("https://example.hk/eng/wo", "rk/x\n")).len(),
        0
    );
    assert_eq!(
        complaints("a.json", concat!("\"https://registry.", "npmjs.org/x\"\n")).len(),
        1
    );
}

#[test]
fn an_allowed_lint_and_a_test_left_out_are_found() {
    let bad = concat!("//! X.\n#[al", "low(dead_code)]\n    #[ig", "nore]\n");
    assert_eq!(complaints("crates/kernel/src/x.rs", bad).len(), 2);
}

#[test]
fn a_dead_link_and_a_missing_readme_are_found() {
    let sources = [
        source("docs/a.md", "[x](nowhere.md)\n"),
        source("crates/attic/Cargo.toml", ""),
    ];
    assert_eq!(
        papers::check(std::path::Path::new("/nonexistent"), &sources).len(),
        2
    );
}

#[test]
fn a_decision_out_of_number_or_out_of_the_index_is_found() {
    let root = std::path::Path::new("/");
    let index = source("docs/decisions/README.md", "0001 and others\n");
    let second = source("docs/decisions/0002-x.md", "# 0002 X\n");
    assert_eq!(papers::check(root, &[second, index]).len(), 2);
}

#[test]
fn a_licence_expression_is_allowed_when_one_way_through_it_is() {
    for allowed in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "Apache-2.0 WITH LLVM-exception",
        "ISC AND (Apache-2.0 OR GPL-2.0-only)",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
    ] {
        assert!(supply::is_allowed(allowed), "{allowed}");
    }
    for refused in [
        "GPL-3.0-only",
        "MIT AND AGPL-3.0-only",
        "none stated",
        "",
        "(MIT",
    ] {
        assert!(!supply::is_allowed(refused), "{refused}");
    }
}

#[test]
fn a_locked_version_with_a_known_weakness_is_found() {
    let snapshot = r#"
        [[advisory]]
        id = "RUSTSEC-2020-0001"
        package = "brittle"
        kind = "vulnerability"
        patched = [">=1.2.3"]
        unaffected = ["<1.0.0"]
    "#;
    let found = |snapshot: &str, version: &str| {
        let lock = format!(
            "[[package]]\nname = \"brittle\"\nversion = \"{version}\"\nsource = \"elsewhere\"\n"
        );
        advisories::compare(snapshot, ("Cargo.lock", &lock)).unwrap()
    };
    assert_eq!(
        found(snapshot, "1.2.2")[0].to_string(),
        "Cargo.lock: `brittle` 1.2.2: RUSTSEC-2020-0001 (vulnerability); go to >=1.2.3"
    );
    assert!(found(snapshot, "1.2.3").is_empty());
    assert!(found(snapshot, "0.9.0").is_empty());
    let accepted = |why: &str| {
        format!("{snapshot}\n[[accepted]]\nid = \"RUSTSEC-2020-0001\"\nwhy = \"{why}\"\n")
    };
    assert!(found(&accepted("The brittle part is not called."), "1.2.2").is_empty());
    assert_eq!(
        found(&accepted(" "), "1.2.2").len(),
        1,
        "a reason is asked for"
    );
}

#[test]
fn a_test_that_the_security_model_names_must_stand() {
    let tests =
        "async fn a_post_from_another_site_is_refused() {}\nfn nobody_else_waits_here() {}\n";
    let row = |cell: &str| {
        let code = source("crates/web/src/tests.rs", tests);
        let text = format!("# Security\n| 7.1 | {cell} |\n");
        let table = source("docs/security.md", &text);
        let found = papers::check(std::path::Path::new("/"), &[code, table]);
        let named = |finding: &&super::Finding| finding.to_string().contains("no test is called");
        found.iter().filter(named).count()
    };
    for good in [
        "`access::a_post_from_another_site_is_refused`",
        "`a_post_from_…`, `nobody_else_waits_here`",
        "`web/session.rs`, `token_hash`",
    ] {
        assert_eq!(row(good), 0, "{good}");
    }
    assert_eq!(row("`access::a_post_from_another_site`"), 1);
    assert_eq!(row("`somebody_else_…`, `nobody_else_waits`"), 2);
}
