//! Reading one object at a place in the file (ISO 32000-1 section 7.2 and 7.3).

use super::{
    PdfError,
    object::{Dict, Object, Ref},
};

/// Arrays and dictionaries inside each other.
const DEPTH_MAX: usize = 64;
/// Values of one array or dictionary.
const VALUES_MAX: usize = 1_000_000;
/// Bytes of a number or a keyword.
const WORD_BYTES: usize = 64;

const BROKEN: PdfError = PdfError::Broken("an object cannot be read");

/// A place in the bytes of a file.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'f> {
    pub(super) bytes: &'f [u8],
    pub(super) at: usize,
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

impl<'f> Lexer<'f> {
    pub(super) const fn at(bytes: &'f [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'f [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Passes white space and comments.
    pub(super) fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self.peek().is_some_and(|byte| byte != 10 && byte != 13) {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    /// Takes `word` if it stands here.
    pub(super) fn take(&mut self, word: &[u8]) -> bool {
        self.skip();
        let is_here = self.rest().starts_with(word);
        if is_here {
            self.at += word.len();
        }
        is_here
    }

    fn word(&mut self) -> &'f [u8] {
        self.skip();
        let length = self
            .rest()
            .iter()
            .take(WORD_BYTES)
            .position(|byte| is_space(*byte) || is_delimiter(*byte))
            .unwrap_or_else(|| self.rest().len().min(WORD_BYTES));
        let word = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        word
    }

    /// A non-negative whole number.
    pub(super) fn number(&mut self) -> Result<usize, PdfError> {
        let word = self.word();
        std::str::from_utf8(word)
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .ok_or(BROKEN)
    }

    /// One object; references are not followed.
    pub(super) fn object(&mut self) -> Result<Object, PdfError> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Result<Object, PdfError> {
        if depth > DEPTH_MAX {
            return Err(PdfError::Broken("objects nest too deeply"));
        }
        self.skip();
        match self.peek().ok_or(BROKEN)? {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal().map(Object::Text),
            b'[' => self.array(depth),
            b'<' if self.rest().starts_with(b"<<") => self.dict(depth).map(Object::Dict),
            b'<' => self.hex().map(Object::Text),
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.numeric(),
            _ => match self.word() {
                b"true" => Ok(Object::Bool(true)),
                b"false" => Ok(Object::Bool(false)),
                b"null" => Ok(Object::Null),
                _ => Err(BROKEN),
            },
        }
    }

    fn array(&mut self, depth: usize) -> Result<Object, PdfError> {
        self.at += 1;
        let mut values = Vec::new();
        while !self.take(b"]") {
            if values.len() == VALUES_MAX {
                return Err(BROKEN);
            }
            values.push(self.nested(depth + 1)?);
        }
        Ok(Object::Array(values))
    }

    fn dict(&mut self, depth: usize) -> Result<Dict, PdfError> {
        self.at += 2;
        let mut dict = Dict::default();
        while !self.take(b">>") {
            if self.peek() != Some(b'/') || dict.0.len() == VALUES_MAX {
                return Err(BROKEN);
            }
            let name = self.name()?;
            let value = self.nested(depth + 1)?;
            dict.0.push((name, value));
        }
        Ok(dict)
    }

    fn name(&mut self) -> Result<Vec<u8>, PdfError> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(byte) = self.peek() {
            if is_space(byte) || is_delimiter(byte) {
                break;
            }
            self.at += 1;
            let escaped = (byte == b'#')
                .then(|| self.rest().get(..2).and_then(hex_pair))
                .flatten();
            if let Some(value) = escaped {
                self.at += 2;
                name.push(value);
            } else {
                name.push(byte);
            }
        }
        Ok(name)
    }

    fn literal(&mut self) -> Result<Vec<u8>, PdfError> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1usize;
        loop {
            let byte = self.peek().ok_or(BROKEN)?;
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(text);
                    }
                }
                b'\\' => {
                    self.escape(&mut text)?;
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), PdfError> {
        let byte = self.peek().ok_or(BROKEN)?;
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else {
                        break;
                    };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                text.push(u8::try_from(value & 0xff).unwrap_or_default());
            }
            other => text.push(other),
        }
        Ok(())
    }

    fn hex(&mut self) -> Result<Vec<u8>, PdfError> {
        self.at += 1;
        let mut digits = Vec::new();
        loop {
            let byte = self.peek().ok_or(BROKEN)?;
            self.at += 1;
            match byte {
                b'>' => break,
                byte if byte.is_ascii_hexdigit() => digits.push(byte),
                byte if is_space(byte) => {}
                _ => return Err(BROKEN),
            }
        }
        if !digits.len().is_multiple_of(2) {
            digits.push(b'0');
        }
        Ok(digits.chunks_exact(2).filter_map(hex_pair).collect())
    }

    /// A number, or a reference when two whole numbers and `R` stand here.
    fn numeric(&mut self) -> Result<Object, PdfError> {
        let word = self.word();
        let text = std::str::from_utf8(word).map_err(|_| BROKEN)?;
        let Ok(value) = text.parse::<i64>() else {
            let is_real = !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
            return if is_real {
                Ok(Object::Real(word.to_vec()))
            } else {
                Err(BROKEN)
            };
        };
        if let Ok(number) = u32::try_from(value)
            && let Some(generation) = self.reference()
        {
            return Ok(Object::Ref(Ref { number, generation }));
        }
        Ok(Object::Int(value))
    }

    fn reference(&mut self) -> Option<u16> {
        let mut ahead = self.clone();
        let generation = u16::try_from(ahead.number().ok()?).ok()?;
        ahead.skip();
        if ahead.word() != b"R" {
            return None;
        }
        self.at = ahead.at;
        Some(generation)
    }
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(pair).ok()?;
    u8::from_str_radix(text, 16).ok()
}
