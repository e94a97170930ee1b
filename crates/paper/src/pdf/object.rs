//! The objects of PDF, as read and as written (ISO 32000-1 section 7.3).

use std::fmt::Write as _;

/// One object. Real numbers keep their text, so that nothing is rounded on the way through.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Object {
    Null,
    Bool(bool),
    Int(i64),
    Real(Vec<u8>),
    Text(Vec<u8>),
    Name(Vec<u8>),
    Array(Vec<Self>),
    Dict(Dict),
    /// A dictionary and where its raw bytes stand in the file.
    Stream(Dict, std::ops::Range<usize>),
    Ref(Ref),
}

/// A reference to an indirect object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Ref {
    pub(super) number: u32,
    pub(super) generation: u16,
}

/// A dictionary in the order written.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Dict(pub(super) Vec<(Vec<u8>, Object)>);

impl Dict {
    pub(super) fn get(&self, key: &str) -> Option<&Object> {
        self.0
            .iter()
            .find(|(name, _)| name == key.as_bytes())
            .map(|(_, value)| value)
            .filter(|value| !matches!(value, Object::Null))
    }

    pub(super) fn set(&mut self, key: &str, value: Object) {
        match self.0.iter_mut().find(|(name, _)| name == key.as_bytes()) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.as_bytes().to_vec(), value)),
        }
    }

    pub(super) fn int(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(Object::as_int)
    }

    pub(super) fn is_of(&self, key: &str, name: &str) -> bool {
        matches!(self.get(key), Some(Object::Name(found)) if found == name.as_bytes())
    }

    /// The dictionary without some keys.
    pub(super) fn without(&self, keys: &[&str]) -> Self {
        let mut kept: Vec<_> = self
            .0
            .iter()
            .filter(|(name, _)| !keys.iter().any(|key| key.as_bytes() == name))
            .cloned()
            .collect();
        kept.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(kept)
    }
}

impl Object {
    pub(super) fn name(text: &str) -> Self {
        Self::Name(text.as_bytes().to_vec())
    }

    /// A text string: as it is when it is ASCII, else UTF-16 with its mark (section 7.9.2.2).
    pub(super) fn text(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Text(text.as_bytes().to_vec());
        }
        let mut bytes = vec![0xfe, 0xff];
        bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        Self::Text(bytes)
    }

    pub(super) const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    pub(super) const fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) | Self::Stream(dict, _) => Some(dict),
            _ => None,
        }
    }

    /// The words of a text string.
    pub(super) fn words(&self) -> Option<String> {
        let Self::Text(bytes) = self else {
            return None;
        };
        match bytes.as_slice() {
            [0xfe, 0xff, rest @ ..] => {
                let units: Vec<u16> = rest
                    .chunks_exact(2)
                    .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)))
                    .collect();
                Some(String::from_utf16_lossy(&units))
            }
            [0xef, 0xbb, 0xbf, rest @ ..] => Some(String::from_utf8_lossy(rest).into_owned()),
            // PDFDocEncoding agrees with Latin-1 where names and reasons are written.
            other => Some(other.iter().map(|byte| char::from(*byte)).collect()),
        }
    }

    /// Writes the object as it stands in a file. Streams are written by [`super::update`].
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null | Self::Stream(..) => out.extend(b"null"),
            Self::Bool(value) => out.extend(value.to_string().as_bytes()),
            Self::Int(value) => out.extend(value.to_string().as_bytes()),
            Self::Real(text) => out.extend(text),
            Self::Text(bytes) => {
                out.push(b'<');
                out.extend(hex(bytes).as_bytes());
                out.push(b'>');
            }
            Self::Name(name) => write_name(name, out),
            Self::Array(values) => {
                out.push(b'[');
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        out.push(b' ');
                    }
                    value.write(out);
                }
                out.push(b']');
            }
            Self::Dict(dict) => dict.write(out),
            Self::Ref(to) => {
                out.extend(format!("{} {} R", to.number, to.generation).as_bytes());
            }
        }
    }
}

impl Dict {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(b"<<");
        for (name, value) in &self.0 {
            write_name(name, out);
            out.push(b' ');
            value.write(out);
            out.push(b'\n');
        }
        out.extend(b">>");
    }
}

fn write_name(name: &[u8], out: &mut Vec<u8>) {
    out.push(b'/');
    for byte in name {
        let is_plain = byte.is_ascii_graphic() && !b"#/()<>[]{}%".contains(byte);
        if is_plain {
            out.push(*byte);
        } else {
            out.extend(format!("#{byte:02X}").as_bytes());
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}
