//! Posted strings to typed answers. Names of inputs: the question's id; `dob.day`, `dob.month`,
//! `dob.year` for dates (or `dob` holding `2026-11-22`); `home.building`, … for addresses;
//! `partners.0.name` inside groups; a repeated name for many choices. Files are not in the form: they
//! are uploaded on their own and already among the answers.

use std::collections::BTreeSet;

use kernel::{Date, IdentifierError, Text};

use crate::{
    expr::Names,
    field::{Field, FieldKind},
    journey::{FieldError, shown_in_item},
    judge,
    known::{Facts, Known},
    pack::Pack,
    value::{Address, Answers, Value},
    words,
};

/// Inputs one form may have.
const INPUTS: usize = 2_000;
/// Items of a group looked for in a form.
const ITEMS: usize = 200;

/// A posted form: names and values in the order they came, names repeated for many choices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Inputs beyond the two thousandth are dropped.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().take(INPUTS).collect())
    }

    /// The first value with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values with this name.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn push(&mut self, name: String, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    fn trimmed(&self, name: &str) -> String {
        self.get(name)
            .map(|value| value.trim().to_owned())
            .unwrap_or_default()
    }

    /// The numbers of the items of a group, in order.
    fn items(&self, group: &str) -> BTreeSet<usize> {
        self.0
            .iter()
            .filter_map(|(key, _)| {
                key.strip_prefix(group)?
                    .strip_prefix('.')?
                    .split('.')
                    .next()
            })
            .filter_map(|number| number.parse().ok())
            .filter(|number| *number < ITEMS)
            .collect()
    }
}

impl FromIterator<(String, String)> for Form {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self::new(pairs)
    }
}

/// Why a posted page was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The page does not exist or does not show for these answers.
    #[error("the service has no such page for these answers")]
    NoPage,
    /// The answers to mend, in the order of the page.
    #[error("{} answers cannot be taken", .0.len())]
    Fields(Vec<FieldError>),
}

impl Pack {
    /// Takes a posted page into the answers given `before`. Answers to other pages stay, except those that the new
    /// answers hide. Locked questions among `facts.verified`, and files, keep the answer they have.
    ///
    /// # Errors
    /// Every answer of the page that cannot be taken, or the page does not show.
    pub fn read_page(
        &self,
        page: &str,
        form: &Form,
        before: &Answers,
        facts: &Facts<'_>,
    ) -> Result<Answers, PageError> {
        let (answers, errors) = self.read_part(page, form, before, facts)?;
        if errors.is_empty() {
            Ok(answers)
        } else {
            Err(PageError::Fields(errors))
        }
    }

    /// As [`Pack::read_page`], but keeps what can be read beside what is to be mended: a draft saves
    /// every page as far as it goes.
    ///
    /// # Errors
    /// The page does not show.
    pub fn read_part(
        &self,
        page: &str,
        form: &Form,
        before: &Answers,
        facts: &Facts<'_>,
    ) -> Result<(Answers, Vec<FieldError>), PageError> {
        let page = self.page(page).ok_or(PageError::NoPage)?;
        let mut answers = before.clone();
        let mut unread = Vec::new();
        for field in page
            .fields
            .iter()
            .filter(|field| !keeps(field, before, facts))
        {
            match read_field(field, &field.id, form, &mut unread) {
                Some(value) => answers.set(&field.id, value),
                None => {
                    answers.remove(&field.id);
                }
            }
        }
        let journey = self.journey(&answers, facts);
        let view = journey.page(&page.id).ok_or(PageError::NoPage)?;
        let known = Known::new(self, &journey.answers, facts);
        unread.retain(|error| shows_inside(&view.fields, error, &journey.answers, &known));
        let errors = merge(&view.fields, &unread, &view.errors);
        Ok((journey.answers, errors))
    }

    /// The form that shows `answers` on `page`: what [`Pack::read_page`] would read back.
    #[must_use]
    pub fn page_form(&self, page: &str, answers: &Answers) -> Form {
        let mut form = Form::default();
        for field in self.page(page).map_or(&[][..], |page| &page.fields) {
            if let Some(value) = answers.get(&field.id) {
                write_field(field, &field.id, value, &mut form);
            }
        }
        form
    }

    /// The value of a let or question as text for a person, for pages that explain a result.
    #[must_use]
    pub fn let_text(&self, name: &str, answers: &Answers, facts: &Facts<'_>) -> Option<Text> {
        let clean = self.journey(answers, facts).answers;
        crate::show::name_text(self, name, &clean, &Known::new(self, &clean, facts))
    }
}

/// Whether an unreadable answer inside a group was given to a question that shows there.
fn shows_inside(
    fields: &[&Field],
    error: &FieldError,
    answers: &Answers,
    names: &dyn Names,
) -> bool {
    let (Some(index), Some(Value::Items(items))) = (error.index, answers.get(&error.field)) else {
        return true;
    };
    let group = fields.iter().find(|field| field.id == error.field);
    let (Some(FieldKind::Group { fields, .. }), Some(item)) =
        (group.map(|group| &group.kind), items.get(index))
    else {
        return true;
    };
    let shown = shown_in_item(fields, item, names);
    let id = error.path.rsplit('.').next().unwrap_or_default();
    shown.iter().any(|field| field.id == id)
}

/// Errors in the order of the questions that show; an unreadable answer is not also missing.
fn merge(fields: &[&Field], unread: &[FieldError], judged: &[FieldError]) -> Vec<FieldError> {
    let paths: BTreeSet<&str> = unread.iter().map(|error| error.path.as_str()).collect();
    let judged = judged
        .iter()
        .filter(|error| !paths.contains(error.path.as_str()));
    let mut errors: Vec<FieldError> = unread.iter().chain(judged).cloned().collect();
    let place = |error: &FieldError| fields.iter().position(|field| field.id == error.field);
    errors.retain(|error| place(error).is_some());
    errors.sort_by_key(|error| (place(error), error.index));
    errors
}

fn keeps(field: &Field, answers: &Answers, facts: &Facts<'_>) -> bool {
    let locked = field.prefill.as_ref().is_some_and(|prefill| prefill.locked);
    let verified = facts.verified.contains(&field.id) && answers.has(&field.id);
    matches!(field.kind, FieldKind::File { .. }) || (locked && verified)
}

/// The answer posted under `name`; unreadable ones go to `errors`.
fn read_field(
    field: &Field,
    name: &str,
    form: &Form,
    errors: &mut Vec<FieldError>,
) -> Option<Value> {
    let read = match &field.kind {
        FieldKind::Group { fields, .. } => return read_items(field, fields, form, errors),
        FieldKind::Date => read_date(name, form),
        FieldKind::AddressHk => Ok(read_address(name, form)),
        FieldKind::Choices { .. } => {
            let mut seen = BTreeSet::new();
            let ids = form
                .all(name)
                .filter(|id| !id.is_empty() && seen.insert(id.to_owned()));
            let ids: Vec<String> = ids.map(str::to_owned).collect();
            Ok((!ids.is_empty()).then_some(Value::Choices(ids)))
        }
        kind => match form.get(name).map(str::trim).unwrap_or_default() {
            "" => Ok(None),
            text => read_text(field, kind, text).map(Some),
        },
    };
    read.unwrap_or_else(|message| {
        errors.push(FieldError {
            path: name.to_owned(),
            ..FieldError::at(field, message)
        });
        None
    })
}

impl Field {
    /// The typed value of a text from a verified source or a form: dates as `2026-11-22`, money in
    /// dollars, choices by id.
    ///
    /// # Errors
    /// Words for the person when the text is no such value.
    pub fn read_text(&self, text: &str) -> Result<Value, Text> {
        let text = text.trim();
        let value = match &self.kind {
            FieldKind::Date => Value::Date(text.parse().map_err(|_| words::real_date())?),
            FieldKind::Choices { .. } => {
                Value::Choices(text.split(',').map(|id| id.trim().to_owned()).collect())
            }
            kind => read_text(self, kind, text)?,
        };
        match judge::refuse(self, &value) {
            None => Ok(value),
            Some(message) => Err(message),
        }
    }
}

fn read_text(field: &Field, kind: &FieldKind, text: &str) -> Result<Value, Text> {
    Ok(match kind {
        FieldKind::Text { .. } => Value::Text(text.to_owned()),
        FieldKind::LongText { .. } => Value::Text(text.replace("\r\n", "\n").replace('\r', "\n")),
        FieldKind::Number { .. } => {
            let digits = half_width(text).replace([',', ' '], "");
            Value::Int(digits.parse().map_err(|_| words::whole_number())?)
        }
        FieldKind::Money { .. } => {
            Value::Money(half_width(text).parse().map_err(|_| words::money())?)
        }
        FieldKind::YesNo | FieldKind::Declaration => match text {
            "true" | "yes" | "on" => Value::Bool(true),
            "false" | "no" => Value::Bool(false),
            _ => return Err(words::not_offered()),
        },
        FieldKind::Choice { .. } => Value::Choice(text.to_owned()),
        FieldKind::PersonNameZh => Value::Text(identifier(field, text)?),
        FieldKind::Hkid
        | FieldKind::PhoneHk
        | FieldKind::Email
        | FieldKind::CompanyNumber
        | FieldKind::BusinessNumber
        | FieldKind::VehicleMark
        | FieldKind::PersonName => Value::Text(identifier(field, &half_width(text))?),
        FieldKind::Date
        | FieldKind::Choices { .. }
        | FieldKind::AddressHk
        | FieldKind::File { .. }
        | FieldKind::Group { .. } => return Err(words::wrong_form()),
    })
}

fn identifier(field: &Field, text: &str) -> Result<String, Text> {
    judge::normal(&field.kind, text).map_err(|error| match error {
        IdentifierError::Shape => words::identifier(field),
        IdentifierError::CheckDigit => words::check_digit(),
    })
}

/// Full-width letters and digits, as Chinese input methods type them, to plain ones.
fn half_width(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    };
    text.chars().map(plain).collect()
}

fn read_date(name: &str, form: &Form) -> Result<Option<Value>, Text> {
    let whole = form.trimmed(name);
    if !whole.is_empty() {
        let date = half_width(&whole).parse().map_err(|_| words::real_date())?;
        return Ok(Some(Value::Date(date)));
    }
    let part = |part: &str| half_width(&form.trimmed(&format!("{name}.{part}")));
    let (day, month, year) = (part("day"), part("month"), part("year"));
    match (day.is_empty(), month.is_empty(), year.is_empty()) {
        (true, true, true) => return Ok(None),
        (false, false, false) => {}
        (no_day, no_month, no_year) => return Err(words::date_parts(no_day, no_month, no_year)),
    }
    let year: i16 = year.parse().map_err(|_| words::real_date())?;
    if !judge::YEARS.contains(&year) {
        return Err(words::full_year());
    }
    let small = |part: &str| part.parse::<i8>().map_err(|_| words::real_date());
    let date = Date::new(year, small(&month)?, small(&day)?).map_err(|_| words::real_date())?;
    Ok(Some(Value::Date(date)))
}

fn read_address(name: &str, form: &Form) -> Option<Value> {
    let mut address = Address::default();
    for part in Address::PARTS {
        if let Some(place) = address.part_mut(part) {
            *place = form.trimmed(&format!("{name}.{part}"));
        }
    }
    Some(Value::Address(address)).filter(|value| !value.is_empty())
}

/// Items without any answer are left out; the others close up.
fn read_items(
    group: &Field,
    fields: &[Field],
    form: &Form,
    errors: &mut Vec<FieldError>,
) -> Option<Value> {
    let mut items = Vec::new();
    for number in form.items(&group.id) {
        let mut item = Answers::new();
        let mut wrong = Vec::new();
        for field in fields {
            let name = format!("{}.{number}.{}", group.id, field.id);
            if let Some(value) = read_field(field, &name, form, &mut wrong) {
                item.set(&field.id, value);
            }
        }
        if item.is_empty() && wrong.is_empty() {
            continue;
        }
        let index = items.len();
        errors.extend(wrong.into_iter().map(|error| FieldError {
            path: format!("{}.{index}.{}", group.id, error.field),
            field: group.id.clone(),
            index: Some(index),
            message: error.message,
        }));
        items.push(item);
    }
    (!items.is_empty()).then_some(Value::Items(items))
}

fn write_field(field: &Field, name: &str, value: &Value, form: &mut Form) {
    match value {
        Value::Text(text) | Value::Choice(text) => form.push(name.to_owned(), text.as_str()),
        Value::Int(number) => form.push(name.to_owned(), number.to_string()),
        Value::Money(money) => form.push(name.to_owned(), money.plain()),
        Value::Bool(truth) => form.push(name.to_owned(), truth.to_string()),
        Value::Date(date) => {
            form.push(format!("{name}.day"), date.day().to_string());
            form.push(format!("{name}.month"), date.month().to_string());
            form.push(format!("{name}.year"), date.year().to_string());
        }
        Value::Choices(ids) => {
            for id in ids {
                form.push(name.to_owned(), id.as_str());
            }
        }
        Value::Address(address) => {
            for part in Address::PARTS {
                let text = address.part(part).unwrap_or_default();
                form.push(format!("{name}.{part}"), text);
            }
        }
        Value::Files(_) => {}
        Value::Items(items) => {
            let FieldKind::Group { fields, .. } = &field.kind else {
                return;
            };
            for (index, item) in items.iter().enumerate() {
                for inner in fields {
                    if let Some(value) = item.get(&inner.id) {
                        write_field(inner, &format!("{name}.{index}.{}", inner.id), value, form);
                    }
                }
            }
        }
    }
}
