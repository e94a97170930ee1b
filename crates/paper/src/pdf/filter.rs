//! Opening the streams that hold structure: deflate, with the predictors of PNG.

use std::io::Read as _;

use super::{
    PdfError,
    object::{Dict, Object},
};

/// Bytes one stream of structure may unfold to.
const STREAM_BYTES: u64 = 64 * 1024 * 1024;
const BROKEN: PdfError = PdfError::Broken("a compressed part cannot be opened");

/// The bytes of a stream of structure.
pub(super) fn open(dict: &Dict, raw: &[u8]) -> Result<Vec<u8>, PdfError> {
    let filter = match dict.get("Filter") {
        None => return Ok(raw.to_vec()),
        Some(Object::Array(filters)) => match filters.as_slice() {
            [] => return Ok(raw.to_vec()),
            [only] => only,
            _ => return Err(BROKEN),
        },
        Some(filter) => filter,
    };
    if *filter != Object::name("FlateDecode") {
        return Err(BROKEN);
    }
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(raw)
        .take(STREAM_BYTES)
        .read_to_end(&mut plain)
        .map_err(|_| BROKEN)?;
    let parameters = match dict.get("DecodeParms") {
        Some(Object::Array(all)) => all.first(),
        other => other,
    };
    match parameters.and_then(Object::as_dict) {
        Some(parameters) => predicted(parameters, &plain),
        None => Ok(plain),
    }
}

fn predicted(parameters: &Dict, plain: &[u8]) -> Result<Vec<u8>, PdfError> {
    let number = |key, default| {
        let value = parameters.int(key).unwrap_or(default);
        usize::try_from(value).map_err(|_| BROKEN)
    };
    let predictor = number("Predictor", 1)?;
    if predictor == 1 {
        return Ok(plain.to_vec());
    }
    let (colours, bits) = (number("Colors", 1)?, number("BitsPerComponent", 8)?);
    let columns = number("Columns", 1)?;
    let is_sane = predictor >= 10 && bits == 8 && (1..=32).contains(&colours);
    if !is_sane || columns == 0 || columns > 1 << 16 {
        return Err(BROKEN);
    }
    let width = colours * columns;
    let mut above = vec![0u8; width];
    let mut out = Vec::with_capacity(plain.len());
    for row in plain.chunks(width + 1) {
        let (kind, body) = row.split_first().ok_or(BROKEN)?;
        let mut line = body.to_vec();
        line.resize(width, 0);
        unfilter(*kind, &mut line, &above, colours)?;
        out.extend(&line);
        above = line;
    }
    Ok(out)
}

/// Undoes one row of a PNG filter (RFC 2083 section 6).
fn unfilter(kind: u8, line: &mut [u8], above: &[u8], step: usize) -> Result<(), PdfError> {
    for place in 0..line.len() {
        let byte = |row: &[u8], place: Option<usize>| {
            place.and_then(|place| row.get(place).copied()).unwrap_or(0)
        };
        let left = byte(line, place.checked_sub(step));
        let up = byte(above, Some(place));
        let corner = byte(above, place.checked_sub(step));
        let guess = match kind {
            0 => 0,
            1 => left,
            2 => up,
            3 => u8::try_from(u16::midpoint(u16::from(left), u16::from(up))).unwrap_or_default(),
            4 => paeth(left, up, corner),
            _ => return Err(BROKEN),
        };
        if let Some(value) = line.get_mut(place) {
            *value = value.wrapping_add(guess);
        }
    }
    Ok(())
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (guess - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
