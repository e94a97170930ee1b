//! A PDF file as it lies there: where each object stands, and the trailer. Cross-reference tables,
//! streams and hybrids are read; a file whose table is damaged is refused, because whoever rebuilds it
//! decides what was signed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    PdfError, filter,
    lex::Lexer,
    object::{Dict, Object, Ref},
};

/// Bytes of a file that are looked at.
pub const FILE_BYTES: usize = 32 * 1024 * 1024;
/// Objects one file may have.
const OBJECTS_MAX: usize = 1_000_000;
/// Revisions one file may have.
const REVISIONS_MAX: usize = 512;
/// Bytes at the end among which `startxref` is looked for.
const TAIL_BYTES: usize = 2_048;
/// References followed from one to the next.
const HOPS_MAX: usize = 32;

/// Where an object stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Free,
    At(usize, u16),
    /// In an object stream, at a position.
    In(u32, usize),
}

/// A file whose table was read.
#[derive(Clone, Debug)]
pub(super) struct File<'f> {
    pub(super) bytes: &'f [u8],
    pub(super) places: BTreeMap<u32, Place>,
    pub(super) trailer: Dict,
    /// Where the newest cross-reference section stands.
    pub(super) newest: usize,
    /// The newest section is a stream, so a later one must be too.
    pub(super) is_stream: bool,
}

const TABLE: PdfError = PdfError::Broken("its table of objects cannot be read");
const OBJECT: PdfError = PdfError::Broken("an object is not where the table says");

impl<'f> File<'f> {
    pub(super) fn open(bytes: &'f [u8]) -> Result<Self, PdfError> {
        if bytes.len() > FILE_BYTES {
            return Err(PdfError::TooLarge);
        }
        if !bytes.starts_with(b"%PDF-") {
            return Err(PdfError::NotPdf);
        }
        let newest = last_section(bytes)?;
        let mut file = Self {
            bytes,
            places: BTreeMap::new(),
            trailer: Dict::default(),
            newest,
            is_stream: false,
        };
        let mut seen = BTreeSet::new();
        let mut next = Some(newest);
        while let Some(at) = next {
            if seen.len() == REVISIONS_MAX || !seen.insert(at) {
                return Err(TABLE);
            }
            let (dict, is_stream) = file.section(at)?;
            if let Some(hybrid) = dict.int("XRefStm") {
                let hybrid = usize::try_from(hybrid).map_err(|_| TABLE)?;
                file.stream_section(hybrid)?;
            }
            next = match dict.int("Prev") {
                Some(previous) => Some(usize::try_from(previous).map_err(|_| TABLE)?),
                None => None,
            };
            if seen.len() == 1 {
                file.is_stream = is_stream;
                file.trailer = dict;
            }
        }
        if file.trailer.get("Encrypt").is_some() {
            return Err(PdfError::Encrypted);
        }
        Ok(file)
    }

    /// Reads the section at `at`; entries of newer sections stay.
    fn section(&mut self, at: usize) -> Result<(Dict, bool), PdfError> {
        let mut lexer = Lexer::at(self.bytes, at);
        if !lexer.take(b"xref") {
            return Ok((self.stream_section(at)?, true));
        }
        while !lexer.take(b"trailer") {
            let first = u32::try_from(lexer.number()?).map_err(|_| TABLE)?;
            let count = lexer.number()?;
            if count > OBJECTS_MAX {
                return Err(TABLE);
            }
            for place in 0..u32::try_from(count).map_err(|_| TABLE)? {
                let offset = lexer.number()?;
                let generation = u16::try_from(lexer.number()?).map_err(|_| TABLE)?;
                let found = if lexer.take(b"n") {
                    Place::At(offset, generation)
                } else if lexer.take(b"f") {
                    Place::Free
                } else {
                    return Err(TABLE);
                };
                self.add(first.saturating_add(place), found)?;
            }
        }
        match lexer.object()? {
            Object::Dict(dict) => Ok((dict, false)),
            _ => Err(TABLE),
        }
    }

    fn stream_section(&mut self, at: usize) -> Result<Dict, PdfError> {
        let Object::Stream(dict, range) = self.indirect(at, None)? else {
            return Err(TABLE);
        };
        if !dict.is_of("Type", "XRef") {
            return Err(TABLE);
        }
        let raw = self.bytes.get(range).ok_or(TABLE)?;
        let plain = filter::open(&dict, raw)?;
        let widths = widths(&dict)?;
        let whole = vec![Object::Int(0), dict.get("Size").cloned().ok_or(TABLE)?];
        let index = match dict.get("Index") {
            Some(Object::Array(index)) => index.clone(),
            _ => whole,
        };
        let mut rows = plain.chunks_exact(widths.iter().sum::<usize>().max(1));
        for pair in index.chunks(2) {
            let [Object::Int(first), Object::Int(count)] = pair else {
                return Err(TABLE);
            };
            let first = u32::try_from(*first).map_err(|_| TABLE)?;
            for place in 0..u32::try_from(*count).map_err(|_| TABLE)? {
                let row = rows.next().ok_or(TABLE)?;
                self.add(first.saturating_add(place), entry(row, widths)?)?;
            }
        }
        Ok(dict)
    }

    fn add(&mut self, number: u32, place: Place) -> Result<(), PdfError> {
        if self.places.len() == OBJECTS_MAX {
            return Err(TABLE);
        }
        self.places.entry(number).or_insert(place);
        Ok(())
    }

    /// The object behind `to`; null when there is none, as the standard has it.
    pub(super) fn get(&self, to: Ref) -> Result<Object, PdfError> {
        match self.places.get(&to.number) {
            None | Some(Place::Free) => Ok(Object::Null),
            Some(Place::At(at, generation)) if *generation == to.generation => {
                self.indirect(*at, Some(to))
            }
            Some(Place::At(..)) => Ok(Object::Null),
            Some(Place::In(stream, position)) => self.packed(*stream, *position, to.number),
        }
    }

    /// `object`, or what it refers to.
    pub(super) fn follow(&self, object: &Object) -> Result<Object, PdfError> {
        let mut found = object.clone();
        for _ in 0..HOPS_MAX {
            match found {
                Object::Ref(to) => found = self.get(to)?,
                other => return Ok(other),
            }
        }
        Err(OBJECT)
    }

    /// The value of `key`, followed; null when there is none.
    pub(super) fn value(&self, dict: &Dict, key: &str) -> Result<Object, PdfError> {
        dict.get(key)
            .map_or(Ok(Object::Null), |value| self.follow(value))
    }

    pub(super) fn dict(&self, object: &Object) -> Result<Dict, PdfError> {
        match self.follow(object)? {
            Object::Dict(dict) | Object::Stream(dict, _) => Ok(dict),
            _ => Err(OBJECT),
        }
    }

    /// The catalogue with its reference.
    pub(super) fn catalogue(&self) -> Result<(Ref, Dict), PdfError> {
        let Some(Object::Ref(root)) = self.trailer.get("Root") else {
            return Err(PdfError::Broken("it has no catalogue"));
        };
        let dict = self.dict(&Object::Ref(*root))?;
        Ok((*root, dict))
    }

    /// Reads `n g obj …` at a place; with `expected`, it must be that object.
    fn indirect(&self, at: usize, expected: Option<Ref>) -> Result<Object, PdfError> {
        let mut lexer = Lexer::at(self.bytes, at);
        let number = lexer.number().map_err(|_| OBJECT)?;
        let generation = lexer.number().map_err(|_| OBJECT)?;
        let is_it = expected.is_none_or(|to| {
            u32::try_from(number) == Ok(to.number) && u16::try_from(generation) == Ok(to.generation)
        });
        if !is_it || !lexer.take(b"obj") {
            return Err(OBJECT);
        }
        let object = lexer.object()?;
        let Object::Dict(dict) = object else {
            return Ok(object);
        };
        if !lexer.take(b"stream") {
            return Ok(Object::Dict(dict));
        }
        // The word is followed by CR LF or LF (section 7.3.8.1).
        let mut from = lexer.at;
        if self.bytes.get(from) == Some(&b'\r') {
            from += 1;
        }
        if self.bytes.get(from) == Some(&b'\n') {
            from += 1;
        }
        let length = match dict.get("Length") {
            Some(Object::Int(length)) => *length,
            Some(Object::Ref(to)) if Some(*to) != expected => {
                self.get(*to)?.as_int().ok_or(OBJECT)?
            }
            _ => return Err(OBJECT),
        };
        let length = usize::try_from(length).map_err(|_| OBJECT)?;
        let until = from.checked_add(length).ok_or(OBJECT)?;
        let mut after = Lexer::at(self.bytes, until);
        if !after.take(b"endstream") {
            return Err(OBJECT);
        }
        Ok(Object::Stream(dict, from..until))
    }

    fn packed(&self, stream: u32, position: usize, number: u32) -> Result<Object, PdfError> {
        let Some(Place::At(at, generation)) = self.places.get(&stream) else {
            return Err(OBJECT);
        };
        let to = Ref {
            number: stream,
            generation: *generation,
        };
        let Object::Stream(dict, range) = self.indirect(*at, Some(to))? else {
            return Err(OBJECT);
        };
        let plain = filter::open(&dict, self.bytes.get(range).ok_or(OBJECT)?)?;
        let first = dict
            .int("First")
            .and_then(|first| usize::try_from(first).ok());
        let first = first.ok_or(OBJECT)?;
        let mut header = Lexer::at(&plain, 0);
        for _ in 0..position {
            header.number()?;
            header.number()?;
        }
        let found = header.number()?;
        let offset = header.number()?;
        if u32::try_from(found) != Ok(number) {
            return Err(OBJECT);
        }
        Lexer::at(&plain, first.saturating_add(offset)).object()
    }

    /// The first number no object has.
    pub(super) fn next_number(&self) -> Result<u32, PdfError> {
        let size = self
            .trailer
            .int("Size")
            .and_then(|size| u32::try_from(size).ok());
        let above = self.places.last_key_value().map_or(1, |(last, _)| last + 1);
        Ok(size.ok_or(TABLE)?.max(above))
    }
}

/// The offset written after the last `startxref`.
fn last_section(bytes: &[u8]) -> Result<usize, PdfError> {
    let from = bytes.len().saturating_sub(TAIL_BYTES);
    let tail = bytes.get(from..).unwrap_or_default();
    let word = b"startxref";
    let place = tail
        .windows(word.len())
        .rposition(|part| part == word)
        .ok_or(PdfError::Broken("its end is missing"))?;
    Lexer::at(bytes, from + place + word.len())
        .number()
        .map_err(|_| TABLE)
}

fn widths(dict: &Dict) -> Result<[usize; 3], PdfError> {
    let Some(Object::Array(widths)) = dict.get("W") else {
        return Err(TABLE);
    };
    let widths: Vec<usize> = widths
        .iter()
        .filter_map(|width| usize::try_from(width.as_int()?).ok().filter(|w| *w <= 8))
        .collect();
    widths.try_into().map_err(|_| TABLE)
}

fn entry(row: &[u8], widths: [usize; 3]) -> Result<Place, PdfError> {
    let mut rest = row;
    let mut fields = [1u64, 0, 0];
    for (field, width) in fields.iter_mut().zip(widths) {
        let (own, after) = rest.split_at_checked(width).ok_or(TABLE)?;
        rest = after;
        if width > 0 {
            *field = own
                .iter()
                .fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
        }
    }
    let [kind, second, third] = fields;
    Ok(match kind {
        0 => Place::Free,
        1 => Place::At(
            usize::try_from(second).map_err(|_| TABLE)?,
            u16::try_from(third).map_err(|_| TABLE)?,
        ),
        2 => Place::In(
            u32::try_from(second).map_err(|_| TABLE)?,
            usize::try_from(third).map_err(|_| TABLE)?,
        ),
        // Unknown kinds are references to the null object (section 7.5.8.3).
        _ => Place::Free,
    })
}
