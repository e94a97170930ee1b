//! Striking personal data out of words people write freely: identity card numbers, telephone numbers
//! and e-mail addresses become a word in brackets. Used for feedback, which is read by many.

use std::fmt::Write as _;

/// Replaces identity card numbers (A123456(7), with or without brackets), runs of 8 or more digits
/// (telephones, cards, accounts; spaces and hyphens inside allowed) and e-mail addresses.
#[must_use]
pub fn mask(words: &str) -> String {
    let mut masked = String::with_capacity(words.len());
    let mut rest = words;
    let mut before: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let at_start = !before.is_some_and(|b| b.is_ascii_alphanumeric());
        let found = if at_start { personal(rest) } else { None };
        if let Some((length, label)) = found {
            let _ = write!(masked, "[{label}]");
            before = rest.get(..length).and_then(|gone| gone.chars().last());
            rest = rest.get(length..).unwrap_or_default();
        } else {
            masked.push(c);
            before = Some(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    masked
}

/// The length in bytes of the personal datum that `text` begins with, and what it is.
fn personal(text: &str) -> Option<(usize, &'static str)> {
    email(text)
        .map(|length| (length, "e-mail"))
        .or_else(|| hkid(text).map(|length| (length, "HKID")))
        .or_else(|| number(text).map(|length| (length, "number")))
}

/// One or two letters, six digits and a check character, in brackets or not.
fn hkid(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let letters = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    if !(1..=2).contains(&letters) {
        return None;
    }
    let mut at = letters + count(bytes, letters, |b| b == b' ');
    let digits = count(bytes, at, |b| b.is_ascii_digit());
    at += digits.min(6);
    if digits < 6 {
        return None;
    }
    let tail = bytes.get(at..).unwrap_or_default();
    let is_check = |b: u8| b.is_ascii_digit() || b.eq_ignore_ascii_case(&b'a');
    let tail = match tail {
        [b'(', check, b')', ..] if is_check(*check) => 3,
        [b' ', b'(', check, b')', ..] if is_check(*check) => 4,
        [check, next, ..] if is_check(*check) && !next.is_ascii_alphanumeric() => 1,
        [check] if is_check(*check) => 1,
        [next, ..] if next.is_ascii_alphanumeric() => return None,
        _ => 0,
    };
    Some(at + tail)
}

/// At least eight digits with at most one space, hyphen or bracket between neighbours.
fn number(text: &str) -> Option<usize> {
    const LEAST_DIGITS: usize = 8;
    let bytes = text.as_bytes();
    let lead = usize::from(bytes.first() == Some(&b'+'));
    let (mut digits, mut end, mut gap) = (0, 0, 0);
    for (at, b) in bytes.iter().enumerate().skip(lead) {
        match b {
            b'0'..=b'9' => {
                digits += 1;
                gap = 0;
                end = at + 1;
            }
            b' ' | b'-' if digits > 0 && gap == 0 => gap = 1,
            _ => break,
        }
    }
    (digits >= LEAST_DIGITS).then_some(end)
}

fn email(text: &str) -> Option<usize> {
    let is_local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let at = text.find(|c| !is_local(c))?;
    let host = text.get(at..)?.strip_prefix('@')?;
    let length = host.find(|c| !is_host(c)).unwrap_or(host.len());
    let name = host.get(..length)?.trim_end_matches(['.', '-']);
    (at > 0 && name.contains('.')).then_some(at + 1 + name.len())
}

fn count(bytes: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(from).take_while(|b| is(**b)).count()
}
