//! Striking personal data out of words people write freely: identity card numbers, telephone and card
//! numbers, e-mail addresses and names that are known become a word in brackets. Used for feedback,
//! which is read by many. Full-width letters and digits, as Chinese keyboards write them, count.

use std::fmt::Write as _;

/// Replaces identity card numbers (A123456(7), with or without brackets), runs of 8 or more digits
/// (telephones, cards, accounts; spaces and hyphens inside allowed) and e-mail addresses.
#[must_use]
pub fn mask(words: &str) -> String {
    let words: String = words.chars().map(narrow).collect();
    let mut masked = String::with_capacity(words.len());
    let mut rest = words.as_str();
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

/// As [`mask`], and the names given, however they are cased or ordered, become `[name]`. A name is
/// struck whole, turned round, and by its given part alone; the family name alone is too common a word.
#[must_use]
pub fn strike(words: &str, names: &[String]) -> String {
    let mut struck: String = words.chars().map(narrow).collect();
    let mut forms: Vec<String> = names.iter().flat_map(|name| forms_of(name)).collect();
    // The longest first: a part must not be struck out of the middle of the whole.
    forms.sort_by_key(|form| std::cmp::Reverse(form.chars().count()));
    for form in forms {
        struck = strike_one(&struck, &form);
    }
    mask(&struck)
}

/// The ways in which people write a name: `CHEUNG Ka Yan`, `Ka Yan CHEUNG`, `Ka Yan`; 張嘉欣, 嘉欣.
fn forms_of(name: &str) -> Vec<String> {
    const CHINESE_NAME: std::ops::RangeInclusive<usize> = 3..=4;
    let name = name.replace(',', " ");
    let parts: Vec<&str> = name.split_whitespace().collect();
    match parts.as_slice() {
        [] => Vec::new(),
        [one] => {
            let simplified = kernel::simplify(one);
            let whole = [(*one).to_owned(), simplified];
            let given = whole.iter().filter_map(|form| {
                let has_given = !form.is_ascii() && CHINESE_NAME.contains(&form.chars().count());
                has_given.then(|| form.chars().skip(1).collect::<String>())
            });
            let given: Vec<String> = given.collect();
            whole.into_iter().chain(given).collect()
        }
        [family, given @ ..] => {
            let given = given.join(" ");
            let whole = format!("{family} {given}");
            let turned = format!("{given} {family}");
            let joined = format!("{family} {}", given.replace(' ', "-"));
            let mut forms = vec![whole, turned, joined];
            if given.contains(' ') {
                forms.push(given.replace(' ', "-"));
                forms.push(given);
            }
            forms
        }
    }
}

/// Replaces `name` where it stands as words of its own; case does not matter.
fn strike_one(words: &str, name: &str) -> String {
    let lower = name.to_lowercase();
    let is_latin = name.is_ascii();
    let mut struck = String::with_capacity(words.len());
    let mut rest = words;
    let mut before: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let end = match_end(rest, &lower).filter(|end| {
            let after = rest.get(*end..).and_then(|after| after.chars().next());
            let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            !is_latin || !(joins(before) || joins(after))
        });
        if let Some(end) = end {
            struck.push_str("[name]");
            before = Some(']');
            rest = rest.get(end..).unwrap_or_default();
        } else {
            struck.push(c);
            before = Some(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    struck
}

/// Where `lower` ends in `text`, if `text` begins with it in any case.
fn match_end(text: &str, lower: &str) -> Option<usize> {
    let mut wanted = lower.chars();
    let mut next = wanted.next();
    for (at, c) in text.char_indices() {
        for small in c.to_lowercase() {
            match next {
                None => return Some(at),
                Some(want) if want == small => next = wanted.next(),
                Some(_) => return None,
            }
        }
    }
    next.is_none().then_some(text.len())
}

/// A full-width letter, digit or at-sign as its narrow form; everything else as it is.
fn narrow(c: char) -> char {
    const SHIFT: u32 = 0xFEE0;
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '＠' | '＋' | '－' => {
            char::from_u32(u32::from(c) - SHIFT).unwrap_or(c)
        }
        _ => c,
    }
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
    let wide = text.get(at..).unwrap_or_default().strip_prefix('（');
    if let Some(length) = wide.and_then(wide_check) {
        return Some(at + length);
    }
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

/// The length of a check character between full-width brackets, of which `inner` lacks the first.
fn wide_check(inner: &str) -> Option<usize> {
    let check = inner.chars().next()?;
    let is_check = check.is_ascii_digit() || check.eq_ignore_ascii_case(&'a');
    (is_check && inner.get(1..)?.starts_with('）')).then_some('（'.len_utf8() + 1 + '）'.len_utf8())
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
