//! Whether a typed value may be the answer to a question, apart from its author's rules.

use kernel::{
    BusinessNumber, CompanyNumber, Email, Hkid, IdentifierError, Money, PhoneHk, Text, VehicleMark,
    limits,
};

use crate::{
    field::{Field, FieldKind, FileKind},
    value::{Address, FileAnswer, Value},
    words,
};

/// Characters of a person's name, and of one in Chinese.
const NAME_CHARS: usize = 100;
const NAME_ZH_CHARS: usize = 20;
/// Characters of one part of an address.
const ADDRESS_CHARS: usize = 100;
/// Whole numbers a question takes when its author sets no bounds.
const NUMBER_MOST: i64 = 1_000_000_000_000;
/// Years a date may be in.
pub(crate) const YEARS: std::ops::RangeInclusive<i16> = 1800..=2200;

/// `Some` words for the person when the value cannot be taken.
pub(crate) fn refuse(field: &Field, value: &Value) -> Option<Text> {
    match (&field.kind, value) {
        (FieldKind::Text { min, max, pattern }, Value::Text(text)) => {
            let unfit = pattern
                .as_ref()
                .filter(|pattern| !pattern.regex.is_match(text));
            line(text).or_else(|| length(text, *min, *max)).or_else(|| {
                unfit.map(|pattern| pattern.says.clone().unwrap_or_else(words::wrong_form))
            })
        }
        (FieldKind::LongText { min, max }, Value::Text(text)) => length(text, *min, *max),
        (FieldKind::Number { min, max, .. }, Value::Int(number)) => {
            let (least, most) = (min.unwrap_or(-NUMBER_MOST), max.unwrap_or(NUMBER_MOST));
            (*number < least)
                .then(|| words::at_least(least))
                .or_else(|| (*number > most).then(|| words::at_most(most)))
        }
        (FieldKind::Money { min, max }, Value::Money(amount)) => {
            let least = min.unwrap_or(Money::ZERO);
            let most = max.unwrap_or(Money::from_cents(limits::MONEY_MAX_CENTS));
            (*amount < least)
                .then(|| words::money_least(least))
                .or_else(|| (*amount > most).then(|| words::money_most(most)))
        }
        (FieldKind::Date, Value::Date(date)) => {
            (!YEARS.contains(&date.year())).then(words::full_year)
        }
        (FieldKind::YesNo, Value::Bool(_)) => None,
        (FieldKind::Declaration, Value::Bool(ticked)) => {
            (field.required && !ticked).then(|| words::required(&field.kind))
        }
        (FieldKind::Choice { options }, Value::Choice(id)) => {
            (!options.iter().any(|choice| choice.id == *id)).then(words::not_offered)
        }
        (FieldKind::Choices { min, max, .. }, Value::Choices(ids)) => {
            choices(field, ids, (*min, *max))
        }
        (FieldKind::AddressHk, Value::Address(written)) => address(written),
        (
            FieldKind::File {
                kinds,
                max_mb,
                min,
                max,
            },
            Value::Files(given),
        ) => files(given, kinds, *max_mb, (*min, *max)),
        (FieldKind::Group { min, max, .. }, Value::Items(items)) => {
            let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
            (count < *min)
                .then(|| words::items_least(*min))
                .or_else(|| (count > *max).then(|| words::items_most(*max)))
        }
        (_, Value::Text(text)) => match normal(&field.kind, text) {
            Ok(written) if written == *text => None,
            Ok(_) => Some(words::identifier(field)),
            Err(IdentifierError::CheckDigit) => Some(words::check_digit()),
            Err(IdentifierError::Shape) => Some(words::identifier(field)),
        },
        _ => Some(words::wrong_form()),
    }
}

/// The normal form of an identifier or name.
pub(crate) fn normal(kind: &FieldKind, text: &str) -> Result<String, IdentifierError> {
    let text = text.trim();
    match kind {
        FieldKind::Hkid => text.parse::<Hkid>().map(|id| id.as_str().to_owned()),
        FieldKind::PhoneHk => text.parse::<PhoneHk>().map(|id| id.as_str().to_owned()),
        FieldKind::Email => text.parse::<Email>().map(|id| id.as_str().to_owned()),
        FieldKind::CompanyNumber => text
            .parse::<CompanyNumber>()
            .map(|id| id.as_str().to_owned()),
        FieldKind::BusinessNumber => text
            .parse::<BusinessNumber>()
            .map(|id| id.as_str().to_owned()),
        FieldKind::VehicleMark => text.parse::<VehicleMark>().map(|id| id.as_str().to_owned()),
        FieldKind::PersonName => name(text),
        FieldKind::PersonNameZh => name_zh(text),
        _ => Err(IdentifierError::Shape),
    }
}

fn name(text: &str) -> Result<String, IdentifierError> {
    let joined: Vec<&str> = text.split_whitespace().collect();
    let joined = joined.join(" ");
    let letter = |c: char| c.is_alphabetic() && !('\u{2E80}'..='\u{323AF}').contains(&c);
    let shape = |c: char| letter(c) || " -'’.,/()".contains(c);
    let fits = joined.chars().count() <= NAME_CHARS;
    if fits && joined.chars().all(shape) && joined.chars().any(letter) {
        Ok(joined)
    } else {
        Err(IdentifierError::Shape)
    }
}

/// Names keep the characters people have, those of the Hong Kong Supplementary Character Set
/// included (in Unicode's CJK blocks and their extensions).
fn name_zh(text: &str) -> Result<String, IdentifierError> {
    let shape = |c: char| {
        matches!(c, '\u{2E80}'..='\u{2FDF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{323AF}' | '·' | '‧' | '．' | '〇')
    };
    let count = text.chars().count();
    if (1..=NAME_ZH_CHARS).contains(&count) && text.chars().all(shape) {
        Ok(text.to_owned())
    } else {
        Err(IdentifierError::Shape)
    }
}

fn line(text: &str) -> Option<Text> {
    text.chars().any(char::is_control).then(words::one_line)
}

fn length(text: &str, min: u32, max: u32) -> Option<Text> {
    let typed = text.chars().count();
    let count = u32::try_from(typed).unwrap_or(u32::MAX);
    if count > max {
        Some(words::too_long(max, typed))
    } else if count < min {
        Some(words::too_short(min))
    } else {
        None
    }
}

fn choices(field: &Field, ids: &[String], (min, max): (u32, u32)) -> Option<Text> {
    let known = |id: &String| field.kind.options().iter().any(|choice| choice.id == *id);
    let mut seen = std::collections::BTreeSet::new();
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    if !ids.iter().all(|id| known(id) && seen.insert(id)) {
        Some(words::not_offered())
    } else if count < min {
        Some(words::choose_least(min))
    } else if count > max {
        Some(words::choose_most(max))
    } else {
        None
    }
}

fn address(written: &Address) -> Option<Text> {
    let parts = Address::PARTS.iter().filter_map(|part| written.part(part));
    let bad =
        |part: &str| part.chars().count() > ADDRESS_CHARS || part.chars().any(char::is_control);
    if written.area().is_none() {
        Some(words::address_district())
    } else if written.building.is_empty() && written.estate.is_empty() && written.street.is_empty()
    {
        Some(words::address_place())
    } else if parts.into_iter().any(bad) {
        Some(words::one_line())
    } else {
        None
    }
}

fn files(
    given: &[FileAnswer],
    kinds: &[FileKind],
    max_mb: u32,
    (min, max): (u32, u32),
) -> Option<Text> {
    let count = u32::try_from(given.len()).unwrap_or(u32::MAX);
    let known = |file: &FileAnswer| kinds.iter().any(|kind| kind.code() == file.kind);
    if count < min {
        Some(words::files_least(min))
    } else if count > max {
        Some(words::files_most(max))
    } else if !given.iter().all(known) {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
        Some(words::file_kind(&names.join(", ")))
    } else if given
        .iter()
        .any(|file| file.bytes > u64::from(max_mb) * 1024 * 1024)
    {
        Some(words::file_size(max_mb))
    } else {
        None
    }
}
