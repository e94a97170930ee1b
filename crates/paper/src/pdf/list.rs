//! Which signatures stand in a file, what each covers, and what came after it.
//!
//! After a signature a file may grow by further invisible signatures and by what helps to check them.
//! Whatever else an update touches (a page, a form value, a picture) makes it a changed file: readers
//! would show something that the signer did not see.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    PdfError,
    file::{File, Place},
    object::{Dict, Object, Ref},
};

/// Signatures of one file that are looked at.
pub const SIGNATURES_MAX: usize = 64;
/// Fields of one form that are looked at.
const FIELDS_MAX: usize = 10_000;
/// Streams of the security store that are read.
const VALIDATION_MAX: usize = 512;

/// A signature as it stands in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The name of its field.
    pub field: String,
    pub sub_filter: String,
    /// The message, with the padding of its place.
    pub message: Vec<u8>,
    /// The parts of the file that it signs; empty when its ranges make no sense.
    pub signed: [Range<usize>; 2],
    /// What the file says of the signer, the reason and the time.
    pub name: Option<String>,
    pub reason: Option<String>,
    pub said: Option<String>,
    pub coverage: Coverage,
}

/// How much of the file a signature covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Coverage {
    /// Everything but its own place.
    Whole,
    /// Everything there was; signatures or what checks them came later.
    WholeThen,
    /// Everything there was; something else came later.
    ChangedAfter,
    /// Something it leaves out was there when it was made.
    Partial,
}

impl Signature {
    /// The signed parts of `pdf`.
    #[must_use]
    pub fn parts<'f>(&self, pdf: &'f [u8]) -> [&'f [u8]; 2] {
        let [a, b] = &self.signed;
        [
            pdf.get(a.clone()).unwrap_or_default(),
            pdf.get(b.clone()).unwrap_or_default(),
        ]
    }
}

/// What a file brings along to check its signatures, all DER.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Validation {
    pub certificates: Vec<Vec<u8>>,
    pub answers: Vec<Vec<u8>>,
    pub lists: Vec<Vec<u8>>,
}

/// The signatures of a file in the order of its form.
///
/// # Errors
/// [`PdfError`] for files that cannot be read.
pub fn signatures(pdf: &[u8]) -> Result<Vec<Signature>, PdfError> {
    let file = File::open(pdf)?;
    let mut found = Vec::new();
    for (name, field) in signature_fields(&file)? {
        let value = file.value(&field, "V")?;
        let Object::Dict(value) = value else {
            continue;
        };
        if found.len() == SIGNATURES_MAX {
            return Err(PdfError::Broken("it has too many signatures"));
        }
        found.push(read(&file, name, &value)?);
    }
    Ok(found)
}

/// What the file's security store holds.
///
/// # Errors
/// [`PdfError`] for files that cannot be read.
pub fn validation(pdf: &[u8]) -> Result<Validation, PdfError> {
    let file = File::open(pdf)?;
    let (_, catalogue) = file.catalogue()?;
    let Object::Dict(store) = file.value(&catalogue, "DSS")? else {
        return Ok(Validation::default());
    };
    let streams = |key: &str| -> Result<Vec<Vec<u8>>, PdfError> {
        let list = file.value(&store, key)?;
        let all = list.as_array().unwrap_or_default();
        let mut found = Vec::new();
        for one in all.iter().take(VALIDATION_MAX) {
            if let Object::Stream(dict, range) = file.follow(one)? {
                let raw = pdf.get(range).unwrap_or_default();
                found.push(super::filter::open(&dict, raw)?);
            }
        }
        Ok(found)
    };
    Ok(Validation {
        certificates: streams("Certs")?,
        answers: streams("OCSPs")?,
        lists: streams("CRLs")?,
    })
}

/// What the author's certification allows: 1 nothing, 2 filling in, 3 notes too.
pub(super) fn permission(file: &File<'_>, catalogue: &Dict) -> Result<Option<i64>, PdfError> {
    let Object::Dict(permissions) = file.value(catalogue, "Perms")? else {
        return Ok(None);
    };
    let Object::Dict(signature) = file.value(&permissions, "DocMDP")? else {
        return Ok(None);
    };
    let references = file.value(&signature, "Reference")?;
    for one in references.as_array().unwrap_or_default() {
        let reference = file.dict(one)?;
        if reference.is_of("TransformMethod", "DocMDP") {
            let Object::Dict(parameters) = file.value(&reference, "TransformParams")? else {
                return Ok(Some(2));
            };
            return Ok(Some(parameters.int("P").unwrap_or(2)));
        }
    }
    Ok(None)
}

/// Signature fields with their full names.
fn signature_fields(file: &File<'_>) -> Result<Vec<(String, Dict)>, PdfError> {
    let (_, catalogue) = file.catalogue()?;
    let Object::Dict(form) = file.value(&catalogue, "AcroForm")? else {
        return Ok(Vec::new());
    };
    let mut waiting: Vec<(String, Object, bool)> = Vec::new();
    let fields = file.value(&form, "Fields")?;
    for field in fields.as_array().unwrap_or_default().iter().rev() {
        waiting.push((String::new(), field.clone(), false));
    }
    let (mut found, mut seen, mut looked) = (Vec::new(), BTreeSet::new(), 0);
    while let Some((above, object, is_signature)) = waiting.pop() {
        looked += 1;
        if looked > FIELDS_MAX {
            return Err(PdfError::Broken("its form has too many fields"));
        }
        if let Object::Ref(to) = &object
            && !seen.insert(*to)
        {
            continue;
        }
        let Object::Dict(field) = file.follow(&object)? else {
            continue;
        };
        let own = field.get("T").and_then(Object::words).unwrap_or_default();
        let name = match (above.is_empty(), own.is_empty()) {
            (true, _) => own,
            (false, true) => above,
            (false, false) => format!("{above}.{own}"),
        };
        let is_signature = is_signature || field.is_of("FT", "Sig");
        let kids = file.value(&field, "Kids")?;
        for kid in kids.as_array().unwrap_or_default().iter().rev() {
            waiting.push((name.clone(), kid.clone(), is_signature));
        }
        if is_signature && field.get("V").is_some() {
            found.push((name, field));
        }
    }
    Ok(found)
}

fn read(file: &File<'_>, field: String, value: &Dict) -> Result<Signature, PdfError> {
    let words = |key: &str| value.get(key).and_then(Object::words);
    let message = match file.value(value, "Contents")? {
        Object::Text(message) => message,
        _ => Vec::new(),
    };
    let signed = ranges(file, value, &message);
    let coverage = match &signed {
        Some([_, after]) => since(file, after.end),
        None => Coverage::Partial,
    };
    Ok(Signature {
        field,
        sub_filter: match value.get("SubFilter") {
            Some(Object::Name(name)) => String::from_utf8_lossy(name).into_owned(),
            _ => String::new(),
        },
        message,
        signed: signed.unwrap_or([0..0, 0..0]),
        name: words("Name"),
        reason: words("Reason"),
        said: words("M"),
        coverage,
    })
}

/// The ranges, when they begin at the file's first byte and leave out nothing but the message itself.
fn ranges(file: &File<'_>, value: &Dict, message: &[u8]) -> Option<[Range<usize>; 2]> {
    let numbers: Vec<usize> = value
        .get("ByteRange")?
        .as_array()?
        .iter()
        .map(|number| usize::try_from(number.as_int()?).ok())
        .collect::<Option<_>>()?;
    let [from, length, second, rest] = numbers.try_into().ok()?;
    let end = second.checked_add(rest)?;
    if from != 0 || end > file.bytes.len() {
        return None;
    }
    let gap = file.bytes.get(length..second)?;
    let digits = gap.strip_prefix(b"<")?.strip_suffix(b">")?;
    let own = super::object::hex(message);
    let is_message = digits.len() == own.len() && digits.eq_ignore_ascii_case(own.as_bytes());
    is_message.then_some([0..length, second..end])
}

/// What came after the revision that ends at `end`.
fn since(file: &File<'_>, end: usize) -> Coverage {
    let rest = file.bytes.get(end..).unwrap_or_default();
    if rest.iter().all(u8::is_ascii_whitespace) {
        return Coverage::Whole;
    }
    // What follows is a revision of its own, or it is not part of the document at all.
    if file.newest < end || !rest.trim_ascii_end().ends_with(b"%%EOF") {
        return Coverage::ChangedAfter;
    }
    let before = file.bytes.get(..end).map(File::open);
    match before {
        Some(Ok(before)) if only_adds(&before, file).unwrap_or(false) => Coverage::WholeThen,
        _ => Coverage::ChangedAfter,
    }
}

/// Whether `after` changes nothing of `before` but what checking and further signatures need.
fn only_adds(before: &File<'_>, after: &File<'_>) -> Result<bool, PdfError> {
    let (root, old) = before.catalogue()?;
    let (new_root, new) = after.catalogue()?;
    if root != new_root {
        return Ok(false);
    }
    let allowed = Allowed::of(before, root, (&old, &new))?;
    for (number, place) in &before.places {
        let now = after.places.get(number);
        if now == Some(place) || *place == Place::Free || *number == 0 {
            continue;
        }
        let Some(now) = now else {
            return Ok(false);
        };
        let was = before.get(reference(*number, *place))?;
        let is = after.get(reference(*number, *now))?;
        if was != is && !allowed.change(after, *number, (&was, &is))? {
            return Ok(false);
        }
    }
    Ok(true)
}

const fn reference(number: u32, place: Place) -> Ref {
    let generation = match place {
        Place::At(_, generation) => generation,
        Place::Free | Place::In(..) => 0,
    };
    Ref { number, generation }
}

/// The objects that may differ, by what they are in the file as it was.
struct Allowed {
    kinds: BTreeMap<u32, Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Catalogue,
    Form,
    /// The list of fields, or of a page's annotations.
    List,
    /// The security store and its lists.
    Store,
}

impl Allowed {
    fn of(before: &File<'_>, root: Ref, (old, _new): (&Dict, &Dict)) -> Result<Self, PdfError> {
        let mut kinds = BTreeMap::from([(root.number, Kind::Catalogue)]);
        if let Some(Object::Ref(form)) = old.get("AcroForm") {
            kinds.insert(form.number, Kind::Form);
        }
        if let Object::Dict(form) = before.value(old, "AcroForm")?
            && let Some(Object::Ref(fields)) = form.get("Fields")
        {
            kinds.insert(fields.number, Kind::List);
        }
        if let Some(Object::Ref(store)) = old.get("DSS") {
            kinds.insert(store.number, Kind::Store);
        }
        if let Object::Dict(store) = before.value(old, "DSS")? {
            for key in ["Certs", "OCSPs", "CRLs", "VRI"] {
                if let Some(Object::Ref(list)) = store.get(key) {
                    kinds.insert(list.number, Kind::Store);
                }
            }
        }
        Ok(Self { kinds })
    }

    fn change(
        &self,
        after: &File<'_>,
        number: u32,
        (was, is): (&Object, &Object),
    ) -> Result<bool, PdfError> {
        match (self.kinds.get(&number), was, is) {
            (Some(Kind::Store), ..) => Ok(true),
            (Some(Kind::Catalogue), Object::Dict(was), Object::Dict(is)) => {
                catalogue_grew(after, was, is)
            }
            (Some(Kind::Form), Object::Dict(was), Object::Dict(is)) => form_grew(after, was, is),
            (Some(Kind::List), was, is) => list_grew(after, was, is),
            // A list of annotations on its own, when all that is new are signatures.
            (None, Object::Array(_), Object::Array(_)) => list_grew(after, was, is),
            (None, Object::Dict(was), Object::Dict(is)) => {
                if was.is_of("Type", "Page") {
                    return page_grew(after, was, is);
                }
                // An empty signature field that was there is signed.
                let was_empty = was.is_of("FT", "Sig") && was.get("V").is_none();
                Ok(was_empty && was.without(&["V"]) == is.without(&["V"]))
            }
            _ => Ok(false),
        }
    }
}

fn catalogue_grew(after: &File<'_>, was: &Dict, is: &Dict) -> Result<bool, PdfError> {
    let aside = ["DSS", "Extensions", "AcroForm"];
    if was.without(&aside) != is.without(&aside) {
        return Ok(false);
    }
    match (was.get("AcroForm"), is.get("AcroForm")) {
        (old, new) if old == new => Ok(true),
        (None, Some(new)) => form_grew(after, &Dict::default(), &after.dict(new)?),
        (Some(Object::Dict(old)), Some(Object::Dict(new))) => form_grew(after, old, new),
        _ => Ok(false),
    }
}

fn form_grew(after: &File<'_>, was: &Dict, is: &Dict) -> Result<bool, PdfError> {
    let aside = ["Fields", "SigFlags"];
    if was.without(&aside) != is.without(&aside) {
        return Ok(false);
    }
    let (old, new) = (was.get("Fields"), is.get("Fields"));
    if old == new {
        return Ok(true);
    }
    let old = old.cloned().unwrap_or(Object::Array(Vec::new()));
    let new = new.map_or(Ok(Object::Null), |new| after.follow(new))?;
    list_grew(after, &old, &new)
}

fn page_grew(after: &File<'_>, was: &Dict, is: &Dict) -> Result<bool, PdfError> {
    let aside = ["Annots", "Tabs"];
    if was.without(&aside) != is.without(&aside) {
        return Ok(false);
    }
    let empty = Object::Array(Vec::new());
    let old = was.get("Annots").unwrap_or(&empty);
    let new = is.get("Annots").unwrap_or(&empty);
    Ok(old == new || list_grew(after, old, new)?)
}

/// Whether the new list is the old one and invisible signature fields behind it.
fn list_grew(after: &File<'_>, was: &Object, is: &Object) -> Result<bool, PdfError> {
    let (Some(was), Some(is)) = (was.as_array(), is.as_array()) else {
        return Ok(false);
    };
    let Some(more) = is.strip_prefix(was) else {
        return Ok(false);
    };
    for one in more {
        let Object::Dict(field) = after.follow(one)? else {
            return Ok(false);
        };
        if !field.is_of("FT", "Sig") || !is_invisible(after, &field)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_invisible(after: &File<'_>, field: &Dict) -> Result<bool, PdfError> {
    if field.get("Kids").is_some() {
        return Ok(false);
    }
    let rect = after.value(field, "Rect")?;
    let is_empty = match rect.as_array() {
        Some([a, b, c, d]) => a == c && b == d,
        Some(_) => false,
        None => true,
    };
    Ok(is_empty)
}
