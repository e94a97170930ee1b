//! Papers are written to files and read back by poppler, an independent reader.

mod sample;

use std::{path::PathBuf, process::Command};

use kernel::{Date, Lang};

use crate::{Block, Document, Error, Fact, render};

/// A file in the build's own scratch space, and its reading by a poppler program.
struct File(PathBuf);

impl File {
    fn new(name: &str, document: &Document) -> Self {
        let path =
            std::env::temp_dir().join(format!("causeway-paper-{}-{name}.pdf", std::process::id()));
        std::fs::write(&path, render(document).unwrap()).unwrap();
        Self(path)
    }

    fn read(&self, program: &str, before: &[&str], after: &[&str]) -> String {
        let output = Command::new(program)
            .args(before)
            .arg(&self.0)
            .args(after)
            .output()
            .unwrap_or_else(|error| {
                panic!("{program}: {error}. Install it with: apt-get install poppler-utils")
            });
        assert!(
            output.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn text(&self) -> String {
        self.read("pdftotext", &["-enc", "UTF-8"], &["-"])
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if std::env::var_os("CAUSEWAY_KEEP_PAPER").is_none() {
            drop(std::fs::remove_file(&self.0));
        }
    }
}

/// Without the line breaks that setting put in.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(words: &str) -> Document {
    let mut document = Document::new(Lang::Tc, "測試", Date::new(2026, 11, 22).unwrap());
    document.body.push(Block::Paragraph(words.to_owned()));
    document
}

#[test]
fn every_word_of_an_english_letter_can_be_read_back() {
    let file = File::new("letter-en", &sample::letter(Lang::En));
    let text = joined(&file.text());
    for words in [
        "Transport Department",
        "Renewal of full driving licence",
        "TD-2026-000123",
        "22 November 2026",
        "CHAN Tai Man",
        "for Commissioner for Transport",
        "Page 1 of 1",
    ] {
        assert!(text.contains(words), "{words:?} not in {text}");
    }
}

#[test]
fn characters_of_hong_kong_names_survive_in_traditional_and_simplified_papers() {
    for lang in [Lang::Tc, Lang::Sc] {
        let file = File::new(&format!("letter-{lang}"), &sample::letter(lang));
        let text = joined(&file.text());
        for character in "𠝹𨋢𠮩𡃁𠵱陳".chars() {
            assert!(text.contains(character), "{character} not in {text}");
        }
    }
}

#[test]
fn a_simplified_paper_has_simplified_glyphs() {
    let file = File::new(
        "sc",
        &Document {
            lang: Lang::Sc,
            ..plain("驾驶执照续期：请于限期前领取。")
        },
    );
    assert!(joined(&file.text()).contains("驾驶执照续期"));
    assert!(file.read("pdffonts", &[], &[]).contains("NotoSansSC"));
}

#[test]
fn every_font_is_embedded_as_a_subset_with_a_way_back_to_unicode() {
    let file = File::new("fonts", &sample::receipt(Lang::Tc));
    let fonts = file.read("pdffonts", &[], &[]);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(!rows.is_empty());
    for row in rows {
        let columns: Vec<&str> = row.split_whitespace().rev().collect();
        let [_, _, unicode, subset, embedded] = columns[..5] else {
            panic!("{row}")
        };
        assert_eq!((embedded, subset, unicode), ("yes", "yes", "yes"), "{row}");
    }
}

#[test]
fn the_file_says_that_it_is_archival_accessible_and_in_which_language() {
    for (lang, tag) in [
        (Lang::En, "en-HK"),
        (Lang::Tc, "zh-Hant-HK"),
        (Lang::Sc, "zh-Hans-HK"),
    ] {
        let bytes = render(&sample::receipt(lang)).unwrap();
        let raw = String::from_utf8_lossy(&bytes);
        for marker in [
            "<pdfaid:part>2</pdfaid:part>",
            "<pdfaid:conformance>A</pdfaid:conformance>",
            "<pdfuaid:part>1</pdfuaid:part>",
            "/OutputIntents",
            "/MarkInfo",
            "/StructTreeRoot",
        ] {
            assert!(raw.contains(marker), "{marker} missing");
        }
        assert!(raw.contains(tag), "{tag} missing");
    }
}

#[test]
fn a_reader_sees_headings_tables_and_lists_in_reading_order() {
    let file = File::new("tags", &sample::receipt(Lang::En));
    let tree = file.read("pdfinfo", &["-struct-text"], &[]);
    let places: Vec<usize> = ["H1", "Table", "TH", "TD", "Figure"]
        .into_iter()
        .map(|tag| {
            tree.find(tag)
                .unwrap_or_else(|| panic!("{tag} not in {tree}"))
        })
        .collect();
    assert!(places.is_sorted(), "{tree}");
    let info = file.read("pdfinfo", &[], &[]);
    assert!(info.contains("Tagged:          yes"), "{info}");
    assert!(info.contains("Title:           Receipt"), "{info}");
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = sample::letter(Lang::Tc);
    assert_eq!(render(&document).unwrap(), render(&document).unwrap());
}

#[test]
fn a_character_without_a_glyph_is_named_and_nothing_is_set() {
    let Err(Error::Missing { characters }) = render(&plain("申請人：𓀀先生 ꙮ")) else {
        panic!("the gap was silent")
    };
    assert_eq!(characters, ['ꙮ', '𓀀']);
}

#[test]
fn a_long_document_turns_pages_and_keeps_every_paragraph() {
    let mut document = sample::letter(Lang::En);
    for number in 1..=60 {
        document.body.push(Block::Paragraph(format!(
            "Paragraph {number}. The licensing office keeps the record of every decision and of its reasons for as long as the law requires, and shows it to the person it concerns."
        )));
    }
    let file = File::new("long", &document);
    let text = joined(&file.text());
    for number in 1..=60 {
        assert!(text.contains(&format!("Paragraph {number}. The")));
    }
    assert!(
        text.contains("Page 2 of 6") || text.contains("Page 2 of 5"),
        "{text}"
    );
}

#[test]
fn a_cell_longer_than_a_page_is_continued_on_the_next() {
    let words: String = (0..1200).map(|n| format!("w{n} ")).collect();
    let mut document = plain("表");
    document.body = vec![Block::Facts(vec![Fact::new("名稱", words)])];
    let text = joined(&File::new("cell", &document).text());
    assert!(text.contains("w0 ") && text.contains("w1199"), "{text}");
}

#[test]
fn an_endless_document_is_refused() {
    let words = "字".repeat(crate::WORDS_MAX);
    let mut document = plain("");
    document.body = vec![Block::Paragraph(words); 20];
    assert!(matches!(
        render(&document),
        Err(Error::TooLong { what: "pages", .. })
    ));
}

#[test]
fn a_ragged_table_is_refused() {
    let mut document = plain("");
    document.body = vec![Block::Table(crate::Table {
        columns: vec![crate::Column::new("A", 1, crate::Lean::Start)],
        rows: vec![vec!["1".to_owned()], vec![]],
        foot: None,
    })];
    assert!(matches!(
        render(&document),
        Err(Error::Ragged {
            row: 2,
            cells: 0,
            columns: 1
        })
    ));
}

#[test]
fn empty_parts_and_control_characters_do_not_stop_the_press() {
    let mut document = plain("a\u{0}b\r\nc\td");
    document.body.push(Block::Paragraph(String::new()));
    document.body.push(Block::List(Vec::new()));
    document.body.push(Block::Facts(vec![Fact::new("", "")]));
    let text = File::new("odd", &document).text();
    assert!(text.contains("ab") && text.contains('c'), "{text}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn any_words_become_paper_or_a_named_refusal(words in "\\PC{0,300}") {
        match render(&plain(&words)) {
            Ok(bytes) => assert!(bytes.starts_with(b"%PDF-1.")),
            Err(error) => assert!(matches!(error, Error::Missing { .. }), "{error}"),
        }
    }
}

/// Signs that must not begin a line in Chinese (CLREQ, prohibition rules for line start).
#[test]
fn no_line_of_chinese_begins_with_a_closing_sign() {
    let sentence = "申請人須於限期前（即二〇二六年十二月十四日）繳付「正式駕駛執照」費用；逾期者，本署不予辦理。";
    let mut document = plain("");
    document.body = (0..30)
        .map(|shift| Block::Paragraph(format!("{}{}", "甲".repeat(shift), sentence.repeat(4))))
        .collect();
    let file = File::new("lines", &document);
    for line in file
        .read("pdftotext", &["-enc", "UTF-8", "-layout"], &["-"])
        .lines()
    {
        let first = line.trim_start().chars().next().unwrap_or('甲');
        assert!(!"，。；：、）」』！？".contains(first), "{line}");
    }
}
