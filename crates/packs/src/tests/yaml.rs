//! The part of YAML that packs use.

use crate::{
    Code,
    defect::Defects,
    yaml::{Kind, parse},
};

fn codes(text: &str) -> Vec<Code> {
    let mut defects = Defects::new("x.yaml");
    parse(text, &mut defects);
    defects
        .into_sorted()
        .into_iter()
        .map(|defect| defect.code)
        .collect()
}

#[test]
fn plain_yaml_is_let_in() {
    for text in [
        "a: 1",
        "a: [1, 'x', \"y\"]\nb: { c: d }",
        "a: |\n  two\n  lines\n",
        "# c\na: no",
    ] {
        assert_eq!(codes(text), [], "{text}");
    }
}

#[test]
fn what_hides_meaning_is_kept_out() {
    for text in [
        "a: &x 1\nb: *x",
        "a: !!int 1",
        "a: !mine 1",
        "<<: { a: 1 }",
        "a: 1\n---\nb: 2",
        "? [a, b]\n: 1",
        "a: [&x 1]",
        "a: *nowhere",
    ] {
        let found = codes(text);
        assert!(
            found.contains(&Code::YamlFeature) || found == [Code::YamlSyntax],
            "{text}: {found:?}"
        );
    }
    assert_eq!(codes("a: 1\na: 2"), [Code::KeyTwice]);
}

#[test]
fn values_stay_what_was_written() {
    let mut defects = Defects::new("x.yaml");
    let node = parse("a: no\nb: 012\nc: 1.0\nd: ~", &mut defects).unwrap();
    let Kind::Map(entries) = node.kind else {
        panic!()
    };
    let texts: Vec<String> = entries
        .iter()
        .map(|(_, node)| match &node.kind {
            Kind::Scalar { text, .. } => text.clone(),
            _ => panic!(),
        })
        .collect();
    assert_eq!(texts, ["no", "012", "1.0", "~"]);
    assert!(entries[3].1.is_null() && !entries[0].1.is_null());
    assert_eq!((entries[1].1.span.line, entries[1].1.span.column), (2, 4));
}
