//! Signed files: what we write, poppler reads; what we read, we read strictly. The messages here are
//! made by the `openssl` command, because this crate knows nothing about them.

use std::{fs, path::PathBuf, process::Command};

use kernel::{Date, Lang, Time};

use crate::{
    Block, Document,
    pdf::{
        Coverage, PdfError, Slot, Validation, add_validation, prepare, sign, signatures, validation,
    },
    render,
};

const TABLE: &[u8] = include_bytes!("samples/table.pdf");
const STREAMS: &[u8] = include_bytes!("samples/streams.pdf");
const ENCRYPTED: &[u8] = include_bytes!("samples/encrypted.pdf");

struct Pen(PathBuf);

impl Pen {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("causeway-pdf-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let pen = Self(dir);
        pen.run(
            "openssl",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out own.pem -days 2 -subj /CN=Tester -addext keyUsage=nonRepudiation",
        );
        pen
    }

    fn run(&self, program: &str, words: &str) -> String {
        let output = Command::new(program)
            .args(words.split_whitespace())
            .current_dir(&self.0)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{program} {words}: {text}");
        text
    }

    fn sign(&self, pdf: &[u8]) -> Vec<u8> {
        sign::<PdfError>(pdf, &slot(), |parts| {
            fs::write(self.0.join("content"), parts.concat()).unwrap();
            self.run(
                "openssl",
                "cms -sign -binary -in content -signer own.pem -inkey key.pem -md sha256 -outform DER -out message -noattr",
            );
            Ok(fs::read(self.0.join("message")).unwrap())
        })
        .unwrap()
    }

    fn poppler(&self, pdf: &[u8]) -> String {
        fs::write(self.0.join("signed.pdf"), pdf).unwrap();
        self.run("pdfsig", "-nocert signed.pdf")
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn slot() -> Slot {
    Slot {
        sub_filter: "adbe.pkcs7.detached",
        name: "陳大文 CHAN (Tai) Man".to_owned(),
        reason: Some("I agree".to_owned()),
        place: None,
        at: Time::from_seconds(1_795_399_200),
    }
}

fn letter() -> Vec<u8> {
    let date = Date::new(2026, 11, 22).unwrap();
    let mut letter = Document::new(Lang::Tc, "正式駕駛執照續期", date);
    letter.letterhead.department = "運輸署".to_owned();
    letter
        .body
        .push(Block::Paragraph("現批准你的申請。".to_owned()));
    render(&letter).unwrap()
}

#[test]
fn poppler_finds_our_signatures_good_and_whole_in_every_kind_of_file() {
    let pen = Pen::new("good");
    for pdf in [letter(), TABLE.to_vec(), STREAMS.to_vec()] {
        let signed = pen.sign(&pdf);
        assert!(signed.starts_with(&pdf), "not one byte changes");
        let said = pen.poppler(&signed);
        assert!(said.contains("Signature is Valid"), "{said}");
        assert!(said.contains("Total document signed"), "{said}");
        let found = signatures(&signed).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].coverage, Coverage::Whole);
        assert_eq!(found[0].name.as_deref(), Some("陳大文 CHAN (Tai) Man"));
        assert_eq!(found[0].said.as_deref(), Some("D:20261123020000Z"));
        assert_eq!(
            found[0].parts(&signed).concat().len() + found[0].message.len() * 2 + 2,
            signed.len()
        );
        pen.run("pdftotext", "signed.pdf -");
    }
}

#[test]
fn a_second_signature_and_what_checks_them_leave_the_first_good() {
    let pen = Pen::new("second");
    for pdf in [letter(), TABLE.to_vec(), STREAMS.to_vec()] {
        let once = pen.sign(&pdf);
        let more = Validation {
            certificates: vec![b"certificate".to_vec()],
            answers: vec![b"answer".to_vec()],
            lists: vec![b"list".to_vec()],
        };
        let kept = add_validation(&once, &more).unwrap();
        let twice = pen.sign(&kept);
        let last = add_validation(&twice, &more).unwrap();
        assert_eq!(validation(&kept).unwrap(), more);
        assert_eq!(validation(&last).unwrap().lists.len(), 2);
        let coverage: Vec<_> = signatures(&last)
            .unwrap()
            .iter()
            .map(|one| one.coverage)
            .collect();
        assert_eq!(coverage, [Coverage::WholeThen, Coverage::WholeThen]);
        let said = pen.poppler(&last);
        assert_eq!(said.matches("Signature is Valid").count(), 2, "{said}");
        let coverage: Vec<_> = signatures(&twice)
            .unwrap()
            .iter()
            .map(|one| one.coverage)
            .collect();
        assert_eq!(coverage, [Coverage::WholeThen, Coverage::Whole]);
    }
}

/// `pdf` with an update that writes one object again.
fn updated(pdf: &[u8], number: u32, body: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(pdf).into_owned();
    let previous = text.rsplit_once("startxref\n").unwrap().1;
    let previous: usize = previous.lines().next().unwrap().trim().parse().unwrap();
    let mut out = pdf.to_vec();
    let at = out.len();
    out.extend(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
    let section = out.len();
    out.extend(
        format!(
            "xref\n{number} 1\n{at:010} 00000 n\r\ntrailer\n<</Size 40/Root 1 0 R/Prev {previous}>>\nstartxref\n{section}\n%%EOF\n"
        )
        .as_bytes(),
    );
    out
}

#[test]
fn what_changes_the_page_after_signing_is_a_changed_file() {
    let pen = Pen::new("after");
    let signed = pen.sign(TABLE);
    let other_words =
        "<</Length 48>>\nstream\nBT /F 18 Tf 20 100 Td (Another agreement!) Tj ET  \nendstream";
    let other_font = "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>";
    let other_page =
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 5 0 R/Annots[7 0 R]>>";
    let other_root = "<</Type/Catalog/Pages 9 0 R>>";
    let stamp = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R/Annots[7 0 R<</Subtype/FreeText/Rect[0 0 300 200]>>]>>";
    for (number, body) in [
        (5, other_words),
        (4, other_font),
        (3, other_page),
        (1, other_root),
        (3, stamp),
    ] {
        let changed = updated(&signed, number, body);
        match signatures(&changed) {
            Ok(found) if found.is_empty() => {
                assert_eq!(number, 1, "the form went with its catalogue")
            }
            Ok(found) => assert_eq!(found[0].coverage, Coverage::ChangedAfter, "{body}"),
            Err(error) => panic!("{error}"),
        }
    }
    let junk = [&signed[..], b"and then some"].concat();
    assert_eq!(
        signatures(&junk).unwrap()[0].coverage,
        Coverage::ChangedAfter
    );
    let unused = updated(&signed, 30, "<</Nothing true>>");
    assert_eq!(
        signatures(&unused).unwrap()[0].coverage,
        Coverage::WholeThen
    );
}

#[test]
fn a_range_that_leaves_something_out_is_partial() {
    let pen = Pen::new("partial");
    let signed = pen.sign(TABLE);
    let mark = b"/ByteRange [";
    let from = signed.windows(12).position(|part| part == mark).unwrap() + 12;
    let numbers = String::from_utf8(signed[from..from + 43].to_vec()).unwrap();
    let mut parts: Vec<usize> = numbers
        .split(' ')
        .map(|part| part.parse().unwrap())
        .collect();
    for (place, by) in [(1usize, -5isize), (2, 5), (0, 1)] {
        let kept = parts[place];
        parts[place] = kept.checked_add_signed(by).unwrap();
        let range: Vec<String> = parts.iter().map(|part| format!("{part:010}")).collect();
        let mut broken = signed.clone();
        broken[from..from + 43].copy_from_slice(range.join(" ").as_bytes());
        assert_eq!(signatures(&broken).unwrap()[0].coverage, Coverage::Partial);
        parts[place] = kept;
    }
}

#[test]
fn files_that_cannot_be_signed_say_why() {
    assert_eq!(
        prepare(ENCRYPTED, &slot()).unwrap_err(),
        PdfError::Encrypted
    );
    assert_eq!(prepare(b"GIF89a", &slot()).unwrap_err(), PdfError::NotPdf);
    assert!(matches!(
        prepare(&TABLE[..400], &slot()),
        Err(PdfError::Broken(_))
    ));
    let lost = String::from_utf8_lossy(TABLE).replace("startxref\n", "startxref\n9");
    assert!(matches!(
        prepare(lost.as_bytes(), &slot()),
        Err(PdfError::Broken(_) | PdfError::NotPdf)
    ));
    let xfa = updated(
        TABLE,
        1,
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</XFA 5 0 R/Fields[]>>>>",
    );
    assert_eq!(prepare(&xfa, &slot()).unwrap_err(), PdfError::Xfa);
    let certified = updated(
        TABLE,
        1,
        "<</Type/Catalog/Pages 2 0 R/Perms<</DocMDP<</Reference[<</TransformMethod/DocMDP/TransformParams<</P 1>>>>]>>>>>>",
    );
    assert_eq!(
        prepare(&certified, &slot()).unwrap_err(),
        PdfError::Certified
    );
    let prepared = prepare(TABLE, &slot()).unwrap();
    assert_eq!(prepared.fill(&[0; 20_000]).unwrap_err(), PdfError::Full);
}

#[test]
fn a_cut_or_damaged_file_is_refused_and_never_a_panic() {
    let pen = Pen::new("damaged");
    for pdf in [TABLE, STREAMS] {
        let signed = pen.sign(pdf);
        for cut in (0..signed.len()).step_by(97) {
            let _ = signatures(&signed[..cut]);
        }
        for place in 0..pdf.len() {
            let mut broken = pdf.to_vec();
            broken[place] ^= 0x15;
            let _ = prepare(&broken, &slot());
            let _ = signatures(&broken);
        }
    }
}

#[test]
fn a_signed_letter_keeps_what_archives_and_readers_need() {
    let pen = Pen::new("archive");
    let signed = pen.sign(&letter());
    let text = String::from_utf8_lossy(&signed).into_owned();
    assert!(text.contains("pdfaid"), "the claim of PDF/A stays");
    let update = text.rsplit_once("/SubFilter").unwrap().1;
    assert!(
        update.contains("/ID ["),
        "PDF/A wants the id in every trailer"
    );
    assert!(update.contains("/F 132"), "printed, not hidden");
    assert!(update.contains("/Rect [0 0 0 0]"));
    assert!(
        update.contains("/Tabs /S"),
        "PDF/UA wants an order of annotations"
    );
    assert!(!update.contains("NeedAppearances"));
}
