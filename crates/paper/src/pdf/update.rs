//! An incremental update: new and changed objects after the end of a file, with a cross-reference
//! section of the kind the file has.

use std::collections::BTreeMap;

use super::{
    PdfError,
    file::{File, Place},
    object::{Dict, Object, Ref},
};

/// What is appended to a file.
#[derive(Debug)]
pub(super) struct Update<'f, 'b> {
    file: &'f File<'b>,
    /// Written so far, from the end of the file on.
    out: Vec<u8>,
    places: BTreeMap<u32, (usize, u16)>,
    next: u32,
}

impl<'f, 'b> Update<'f, 'b> {
    pub(super) fn new(file: &'f File<'b>) -> Result<Self, PdfError> {
        let mut out = Vec::new();
        if file.bytes.last() != Some(&b'\n') {
            out.push(b'\n');
        }
        Ok(Self {
            file,
            out,
            places: BTreeMap::new(),
            next: file.next_number()?,
        })
    }

    /// A number for a new object.
    pub(super) fn number(&mut self) -> Ref {
        let number = self.next;
        self.next += 1;
        Ref {
            number,
            generation: 0,
        }
    }

    /// Writes an object; returns where in the whole file its body begins.
    pub(super) fn put(&mut self, to: Ref, object: &Object) -> usize {
        self.begin(to);
        let at = self.file.bytes.len() + self.out.len();
        object.write(&mut self.out);
        self.out.extend(b"\nendobj\n");
        at
    }

    /// Writes a stream without a filter.
    pub(super) fn put_stream(&mut self, bytes: &[u8]) -> Ref {
        let to = self.number();
        self.begin(to);
        self.out
            .extend(format!("<</Length {}>>\nstream\n", bytes.len()).as_bytes());
        self.out.extend(bytes);
        self.out.extend(b"\nendstream\nendobj\n");
        to
    }

    /// Writes bytes that are an object already; returns where they begin.
    pub(super) fn put_raw(&mut self, to: Ref, bytes: &[u8]) -> usize {
        self.begin(to);
        let at = self.file.bytes.len() + self.out.len();
        self.out.extend(bytes);
        self.out.extend(b"\nendobj\n");
        at
    }

    fn begin(&mut self, to: Ref) {
        let at = self.file.bytes.len() + self.out.len();
        self.places.insert(to.number, (at, to.generation));
        self.out
            .extend(format!("{} {} obj\n", to.number, to.generation).as_bytes());
    }

    /// The reference under which an existing object is written again.
    pub(super) fn again(&self, to: Ref) -> Ref {
        match self.file.places.get(&to.number) {
            // Objects of an object stream have generation 0 and come out of it.
            Some(Place::In(..)) => Ref {
                generation: 0,
                ..to
            },
            _ => to,
        }
    }

    /// The whole file with the update.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let section = self.file.bytes.len() + self.out.len();
        let mut trailer = Dict::default();
        for key in ["Root", "Info", "ID"] {
            if let Some(value) = self.file.trailer.get(key) {
                trailer.set(key, value.clone());
            }
        }
        trailer.set("Prev", Object::Int(int(self.file.newest)));
        if self.file.is_stream {
            self.finish_stream(section, trailer);
        } else {
            self.finish_table(trailer);
        }
        self.out
            .extend(format!("startxref\n{section}\n%%EOF\n").as_bytes());
        [self.file.bytes, &self.out].concat()
    }

    fn finish_table(&mut self, mut trailer: Dict) {
        trailer.set("Size", Object::Int(i64::from(self.next)));
        self.out.extend(b"xref\n");
        for run in runs(&self.places) {
            let first = run.first().map_or(0, |(number, ..)| *number);
            self.out
                .extend(format!("{first} {}\n", run.len()).as_bytes());
            for (_, at, generation) in run {
                self.out
                    .extend(format!("{at:010} {generation:05} n\r\n").as_bytes());
            }
        }
        self.out.extend(b"trailer\n");
        trailer.write(&mut self.out);
        self.out.push(b'\n');
    }

    fn finish_stream(&mut self, section: usize, mut trailer: Dict) {
        let own = self.number();
        self.places.insert(own.number, (section, 0));
        let mut index = Vec::new();
        let mut rows = Vec::new();
        for run in runs(&self.places) {
            index.push(Object::Int(run.first().map_or(0, |one| i64::from(one.0))));
            index.push(Object::Int(int(run.len())));
            for (_, at, generation) in run {
                rows.push(1);
                rows.extend(u64::try_from(at).unwrap_or_default().to_be_bytes());
                rows.extend(generation.to_be_bytes());
            }
        }
        trailer.set("Type", Object::name("XRef"));
        trailer.set("Size", Object::Int(i64::from(self.next)));
        trailer.set("Index", Object::Array(index));
        let widths = [1, 8, 2].map(Object::Int);
        trailer.set("W", Object::Array(widths.to_vec()));
        trailer.set("Length", Object::Int(int(rows.len())));
        self.out
            .extend(format!("{} 0 obj\n", own.number).as_bytes());
        trailer.write(&mut self.out);
        self.out.extend(b"\nstream\n");
        self.out.extend(rows);
        self.out.extend(b"\nendstream\nendobj\n");
    }
}

/// Entries whose numbers follow each other.
fn runs(places: &BTreeMap<u32, (usize, u16)>) -> Vec<Vec<(u32, usize, u16)>> {
    let mut all: Vec<Vec<(u32, usize, u16)>> = Vec::new();
    for (number, (at, generation)) in places {
        let follows = all
            .last()
            .and_then(|run| run.last())
            .is_some_and(|(last, ..)| last + 1 == *number);
        let entry = (*number, *at, *generation);
        match all.last_mut().filter(|_| follows) {
            Some(run) => run.push(entry),
            None => all.push(vec![entry]),
        }
    }
    all
}

fn int(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
