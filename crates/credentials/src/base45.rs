//! Base45 (RFC 9285): the text form that QR alphanumeric mode carries most densely.

use crate::Error;

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for chunk in bytes.chunks(2) {
        let (mut rest, digits) = match chunk {
            [high, low] => (u32::from(*high) * 256 + u32::from(*low), 3),
            [one] => (u32::from(*one), 2),
            _ => continue,
        };
        for _ in 0..digits {
            text.push(digit(rest % 45));
            rest /= 45;
        }
    }
    text
}

/// The bytes of `text`.
///
/// # Errors
/// [`Error::Malformed`] for other characters, a length of 3n + 1, or a group above its range.
pub fn decode(text: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for group in text.as_bytes().chunks(3) {
        let mut number = 0;
        for character in group.iter().rev() {
            number = number * 45 + value(*character)?;
        }
        match group.len() {
            3 => bytes.extend(
                u16::try_from(number)
                    .map_err(|_| Error::Malformed("base45"))?
                    .to_be_bytes(),
            ),
            2 => bytes.push(u8::try_from(number).map_err(|_| Error::Malformed("base45"))?),
            _ => return Err(Error::Malformed("base45")),
        }
    }
    Ok(bytes)
}

fn digit(number: u32) -> char {
    let place = usize::try_from(number).unwrap_or_default();
    ALPHABET.get(place).copied().map_or('0', char::from)
}

fn value(character: u8) -> Result<u32, Error> {
    let place = ALPHABET
        .iter()
        .position(|&known| known == character)
        .ok_or(Error::Malformed("base45"))?;
    u32::try_from(place).map_err(|_| Error::Malformed("base45"))
}
