//! Rules of following a pack, told on a pack that has every type of question and on the model pack.

mod answers;
mod differences;
mod following;
mod letters;
mod robust;
mod schemas;
mod told;
mod words;
mod yaml;

use kernel::Date;

use crate::{Answers, Facts, Form, Pack};

pub(crate) const EVERY_TYPE: &str = include_str!("../../tests/every-type.yaml");
pub(crate) const MODEL: &str =
    include_str!("../../../../packs/td-full-driving-licence-renewal.yaml");

pub(crate) fn every_type() -> Pack {
    Pack::read("every-type.yaml", EVERY_TYPE).unwrap()
}

/// The pack of every type with `from` written as `to`.
pub(crate) fn changed(from: &str, to: &str) -> Pack {
    assert!(EVERY_TYPE.contains(from), "{from}");
    Pack::read("every-type.yaml", &EVERY_TYPE.replacen(from, to, 1)).unwrap()
}

pub(crate) fn model() -> Pack {
    Pack::read("td-full-driving-licence-renewal.yaml", MODEL).unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn facts() -> Facts<'static> {
    Facts::on(day("2026-11-22"))
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> Form {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) const YOU: &[(&str, &str)] = &[
    ("full_name", "CHAN Tai Man"),
    ("name_zh", "陳大文"),
    ("hkid", "a123456(3)"),
    ("born.day", "3"),
    ("born.month", "2"),
    ("born.year", "1974"),
    ("mobile", "6123 4567"),
    ("email", "tm@example.hk"),
    ("home.building", "Wing Fat House"),
    ("home.street", "1 Kwong Lee Road"),
    ("home.district", "sham_shui_po"),
];

pub(crate) const PLACE: &[(&str, &str)] = &[
    ("zone", "west"),
    ("months", "７"),
    ("rent", "1,234.50"),
    ("kinds", "east"),
    ("firm", "true"),
    ("mark", "ab 1234"),
    ("note", "ABC"),
    ("story", "one\r\ntwo"),
];

pub(crate) const COMPANY: &[(&str, &str)] = &[
    ("crn", "1234567"),
    ("brn", "12345678"),
    ("partners.0.partner", "WONG Siu Ming"),
    ("partners.0.share", "100"),
    ("partners.0.minor", "false"),
    ("partners.0.joined.day", "1"),
    ("partners.0.joined.month", "6"),
    ("partners.0.joined.year", "2020"),
    ("partners.4.partner", "LEE Ka Yan"),
    ("partners.4.share", "0.01"),
    ("partners.4.minor", "true"),
    ("partners.4.guardian", "LEE Senior"),
    ("partners.4.joined", "2021-01-31"),
];

/// Answers to every page, as a person would give them.
pub(crate) fn complete(pack: &Pack) -> Answers {
    let mut answers = pack
        .read_page("you", &form(YOU), &Answers::new(), &facts())
        .unwrap();
    answers.set("plan", crate::Value::Files(vec![file("plan.pdf", 1_000)]));
    let answers = pack
        .read_page("place", &form(PLACE), &answers, &facts())
        .unwrap();
    let answers = pack
        .read_page("company", &form(COMPANY), &answers, &facts())
        .unwrap();
    pack.read_page("end", &form(&[("truth", "on")]), &answers, &facts())
        .unwrap()
}

pub(crate) fn file(name: &str, bytes: u64) -> crate::FileAnswer {
    crate::FileAnswer {
        id: "upload".to_owned(),
        name: name.to_owned(),
        kind: "pdf".to_owned(),
        bytes,
        sha256: "0".repeat(64),
    }
}
