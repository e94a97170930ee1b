//! Signing in three phases: prepare the file with a hole, have its digest signed elsewhere, fill the
//! hole; and afterwards add what lets the signature be checked in years to come (a document security
//! store, PAdES B-LT).

use std::{collections::BTreeSet, ops::Range};

use kernel::Time;

use super::{
    PdfError, Validation,
    file::File,
    list,
    object::{Dict, Object, Ref, hex},
    update::Update,
};

/// Bytes kept for the message: a time-stamped RSA signature with its chain takes some 6 KiB.
pub const HOLE_BYTES: usize = 12 * 1024;
/// Levels of the page tree.
const TREE_MAX: usize = 64;
/// Characters of a name, reason or place written into the file.
const WORDS_MAX: usize = 200;
/// Digits kept for each number of the byte range.
const RANGE_DIGITS: usize = 10;
/// Signatures and appended fields: the document was signed, and may be changed by appending only.
const SIGNED_APPEND_ONLY: i64 = 3;
/// Shown on paper too, and locked.
const WIDGET_FLAGS: i64 = 4 + 128;

/// What a signature says about itself in the file. Readers show it; nobody should believe it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// `ETSI.CAdES.detached` or `adbe.pkcs7.detached`.
    pub sub_filter: &'static str,
    pub name: String,
    pub reason: Option<String>,
    pub place: Option<String>,
    pub at: Time,
}

/// A file waiting for its signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prepared {
    bytes: Vec<u8>,
    /// From `<` to behind `>`.
    hole: Range<usize>,
}

impl Prepared {
    /// The two parts that are signed, in order: everything but the hole.
    #[must_use]
    pub fn signed(&self) -> [&[u8]; 2] {
        let part = |range: Range<usize>| self.bytes.get(range).unwrap_or_default();
        [
            part(0..self.hole.start),
            part(self.hole.end..self.bytes.len()),
        ]
    }

    /// The signed file, with the message in the hole.
    ///
    /// # Errors
    /// [`PdfError::Full`] when it does not fit.
    pub fn fill(mut self, message: &[u8]) -> Result<Vec<u8>, PdfError> {
        let digits = hex(message);
        let room = self.hole.len().saturating_sub(2);
        if digits.len() > room {
            return Err(PdfError::Full);
        }
        let from = self.hole.start + 1;
        let place = self
            .bytes
            .get_mut(from..from + digits.len())
            .ok_or(PdfError::Full)?;
        place.copy_from_slice(digits.as_bytes());
        Ok(self.bytes)
    }
}

/// All three phases: `message` gets the two parts to be signed and gives the finished message.
///
/// # Errors
/// [`PdfError`] as [`prepare`] and [`Prepared::fill`]; whatever `message` fails with.
pub fn sign<E: From<PdfError>>(
    pdf: &[u8],
    slot: &Slot,
    message: impl FnOnce([&[u8]; 2]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let prepared = prepare(pdf, slot)?;
    let message = message(prepared.signed())?;
    Ok(prepared.fill(&message)?)
}

/// Adds an invisible signature field with an empty signature.
///
/// # Errors
/// [`PdfError`] for files that cannot be signed.
pub fn prepare(pdf: &[u8], slot: &Slot) -> Result<Prepared, PdfError> {
    let file = File::open(pdf)?;
    let (root, catalogue) = file.catalogue()?;
    refuse(&file, &catalogue)?;
    let mut update = Update::new(&file)?;
    let (signature, field) = (update.number(), update.number());
    let (text, hole, range) = signature_dict(slot);
    let at = update.put_raw(signature, text.as_bytes());
    let hole = at + hole.start..at + hole.end;
    let range = at + range.start..at + range.end;
    let page = first_page(&file, &catalogue)?;
    let widget = widget(signature, field, page);
    update.put(field, &Object::Dict(widget));
    add_to_form(&file, &mut update, (root, &catalogue), field)?;
    let is_tagged = catalogue.get("MarkInfo").is_some();
    add_to_page(&file, &mut update, (page, is_tagged), field)?;
    let mut bytes = update.finish();
    write_range(&mut bytes, &hole, range)?;
    Ok(Prepared { bytes, hole })
}

fn refuse(file: &File<'_>, catalogue: &Dict) -> Result<(), PdfError> {
    let form = file.value(catalogue, "AcroForm")?;
    if form.as_dict().is_some_and(|form| form.get("XFA").is_some()) {
        return Err(PdfError::Xfa);
    }
    if list::permission(file, catalogue)? == Some(1) {
        return Err(PdfError::Certified);
    }
    Ok(())
}

/// The signature dictionary as text, with where its hole and its range stand in it.
fn signature_dict(slot: &Slot) -> (String, Range<usize>, Range<usize>) {
    let mut text = format!(
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/{}\n/ByteRange ",
        slot.sub_filter
    );
    let range_from = text.len();
    text.push_str(&range_text([0, 0, 0, 0]));
    let range = range_from..text.len();
    text.push_str("\n/Contents ");
    let hole_from = text.len();
    text.push('<');
    text.push_str(&"0".repeat(HOLE_BYTES * 2));
    text.push('>');
    let hole = hole_from..text.len();
    let mut rest = Dict::default();
    rest.set("M", Object::text(&pdf_date(slot.at)));
    let words = [
        ("Name", Some(&slot.name)),
        ("Reason", slot.reason.as_ref()),
        ("Location", slot.place.as_ref()),
    ];
    for (key, value) in words {
        if let Some(value) = value {
            let short: String = value.chars().take(WORDS_MAX).collect();
            rest.set(key, Object::text(&short));
        }
    }
    let mut written = Vec::new();
    rest.write(&mut written);
    // What is written is ASCII: strings are hexadecimal.
    text.push_str(String::from_utf8_lossy(&written).trim_start_matches("<<"));
    (text, hole, range)
}

fn range_text(numbers: [usize; 4]) -> String {
    let [a, b, c, d] = numbers;
    let w = RANGE_DIGITS;
    format!("[{a:0w$} {b:0w$} {c:0w$} {d:0w$}]")
}

fn write_range(bytes: &mut [u8], hole: &Range<usize>, range: Range<usize>) -> Result<(), PdfError> {
    let after = bytes.len() - hole.end;
    let text = range_text([0, hole.start, hole.end, after]);
    bytes
        .get_mut(range)
        .filter(|place| place.len() == text.len())
        .ok_or(PdfError::TooLarge)?
        .copy_from_slice(text.as_bytes());
    Ok(())
}

/// `D:20261122101500Z`: RFC 3339 in UTC without its marks.
fn pdf_date(at: Time) -> String {
    let digits: String = at
        .rfc3339()
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    format!("D:{digits}Z")
}

/// A field that is its own widget: without size, so that no page looks different (EN 319 142-1
/// section 5.2 leaves appearance free; PDF/A wants none from a widget without size).
fn widget(signature: Ref, field: Ref, page: Ref) -> Dict {
    let mut widget = Dict::default();
    let label = format!("Signature{}", field.number);
    for (key, value) in [
        ("Type", Object::name("Annot")),
        ("Subtype", Object::name("Widget")),
        ("FT", Object::name("Sig")),
        ("T", Object::text(&label)),
        ("TU", Object::text(&label)),
        ("F", Object::Int(WIDGET_FLAGS)),
        ("Rect", Object::Array(vec![Object::Int(0); 4])),
        ("P", Object::Ref(page)),
        ("V", Object::Ref(signature)),
    ] {
        widget.set(key, value);
    }
    widget
}

fn first_page(file: &File<'_>, catalogue: &Dict) -> Result<Ref, PdfError> {
    const LOST: PdfError = PdfError::Broken("it has no pages");
    let Some(Object::Ref(root)) = catalogue.get("Pages") else {
        return Err(LOST);
    };
    let mut seen = BTreeSet::new();
    let mut at = *root;
    for _ in 0..TREE_MAX {
        if !seen.insert(at) {
            return Err(LOST);
        }
        let node = file.dict(&Object::Ref(at))?;
        if node.is_of("Type", "Page") {
            return Ok(at);
        }
        let kids = file.value(&node, "Kids")?;
        match kids.as_array().and_then(<[Object]>::first) {
            Some(Object::Ref(kid)) => at = *kid,
            _ => return Err(LOST),
        }
    }
    Err(LOST)
}

/// Adds the field to the form, made if there is none, wherever form and list stand.
fn add_to_form(
    file: &File<'_>,
    update: &mut Update<'_, '_>,
    (root, catalogue): (Ref, &Dict),
    field: Ref,
) -> Result<(), PdfError> {
    let held = catalogue.get("AcroForm").cloned();
    let mut form = match &held {
        Some(object) => file.dict(object)?,
        None => Dict::default(),
    };
    form.set("SigFlags", Object::Int(SIGNED_APPEND_ONLY));
    match form.get("Fields").cloned() {
        Some(Object::Ref(list)) => {
            let fields = with(&file.follow(&Object::Ref(list))?, field);
            update.put(update.again(list), &fields);
        }
        other => {
            let fields = with(&other.unwrap_or(Object::Null), field);
            form.set("Fields", fields);
        }
    }
    if let Some(Object::Ref(to)) = held {
        update.put(update.again(to), &Object::Dict(form));
    } else {
        let mut changed = catalogue.clone();
        changed.set("AcroForm", Object::Dict(form));
        update.put(update.again(root), &Object::Dict(changed));
    }
    Ok(())
}

fn add_to_page(
    file: &File<'_>,
    update: &mut Update<'_, '_>,
    (page, is_tagged): (Ref, bool),
    field: Ref,
) -> Result<(), PdfError> {
    let mut dict = file.dict(&Object::Ref(page))?;
    match dict.get("Annots").cloned() {
        Some(Object::Ref(list)) => {
            let annotations = with(&file.follow(&Object::Ref(list))?, field);
            update.put(update.again(list), &annotations);
        }
        other => {
            let annotations = with(&other.unwrap_or(Object::Null), field);
            dict.set("Annots", annotations);
            if is_tagged && dict.get("Tabs").is_none() {
                // PDF/UA-1 section 7.18.3: a page with annotations says in which order they come.
                dict.set("Tabs", Object::name("S"));
            }
            update.put(update.again(page), &Object::Dict(dict));
        }
    }
    Ok(())
}

fn with(list: &Object, field: Ref) -> Object {
    let mut values = list.as_array().unwrap_or_default().to_vec();
    values.push(Object::Ref(field));
    Object::Array(values)
}

/// Adds certificates, status answers and revocation lists to the file's security store.
///
/// # Errors
/// [`PdfError`] for files that cannot be read.
pub fn add_validation(pdf: &[u8], more: &Validation) -> Result<Vec<u8>, PdfError> {
    let file = File::open(pdf)?;
    let (root, catalogue) = file.catalogue()?;
    let held = catalogue.get("DSS").cloned();
    let mut store = match &held {
        Some(object) => file.dict(object)?,
        None => Dict::default(),
    };
    let mut update = Update::new(&file)?;
    for (key, kind) in [
        ("Certs", &more.certificates),
        ("OCSPs", &more.answers),
        ("CRLs", &more.lists),
    ] {
        if kind.is_empty() {
            continue;
        }
        let mut values = match file.value(&store, key)? {
            Object::Array(values) => values,
            _ => Vec::new(),
        };
        for bytes in kind {
            values.push(Object::Ref(update.put_stream(bytes)));
        }
        store.set(key, Object::Array(values));
    }
    if let Some(Object::Ref(to)) = held {
        update.put(update.again(to), &Object::Dict(store));
    } else {
        let own = update.number();
        update.put(own, &Object::Dict(store));
        let mut changed = catalogue;
        changed.set("DSS", Object::Ref(own));
        update.put(update.again(root), &Object::Dict(changed));
    }
    Ok(update.finish())
}
