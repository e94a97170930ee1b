//! Answers as words for people: the check-answers page, the officer's page and letters.

use kernel::{Date, Lang, Money, Text};

use crate::{
    expr::{Names, Val},
    field::{Choice, Field, FieldKind},
    pack::{LetValue, Pack},
    table::RowResult,
    value::{AREAS, Address, DISTRICTS, Value},
};

impl Field {
    /// The answer as lines of text. Names, addresses and what people typed stay as typed.
    #[must_use]
    pub fn show(&self, value: &Value, lang: Lang) -> Vec<String> {
        match value {
            Value::Text(text) => text.lines().map(str::to_owned).collect(),
            Value::Int(number) => vec![self.show_number(*number, lang)],
            Value::Money(money) => vec![money.to_string()],
            Value::Date(date) => vec![date.long(lang)],
            Value::Bool(truth) => vec![self.show_truth(*truth).get(lang).to_owned()],
            Value::Choice(id) => vec![label(self.kind.options(), id).get(lang).to_owned()],
            Value::Choices(ids) => {
                let options = self.kind.options();
                ids.iter()
                    .map(|id| label(options, id).get(lang).to_owned())
                    .collect()
            }
            Value::Address(address) => address.lines(lang),
            Value::Files(files) => files.iter().map(|file| file.name.clone()).collect(),
            Value::Items(items) => {
                let FieldKind::Group { fields, .. } = &self.kind else {
                    return Vec::new();
                };
                let separator = if lang == Lang::En { ", " } else { "，" };
                items
                    .iter()
                    .map(|item| {
                        let parts: Vec<String> = fields
                            .iter()
                            .filter_map(|field| Some((field, item.get(&field.id)?)))
                            .flat_map(|(field, value)| field.show(value, lang))
                            .collect();
                        parts.join(separator)
                    })
                    .collect()
            }
        }
    }

    fn show_number(&self, number: i64, lang: Lang) -> String {
        match &self.kind {
            FieldKind::Number {
                unit: Some(unit), ..
            } => match lang {
                Lang::En => format!("{number} {}", unit.en),
                Lang::Tc | Lang::Sc => format!("{number}{}", unit.get(lang)),
            },
            _ => number.to_string(),
        }
    }

    fn show_truth(&self, truth: bool) -> Text {
        match (&self.kind, truth) {
            (FieldKind::Declaration, true) => Text::new("Declared", "已聲明"),
            (_, true) => Text::new("Yes", "是"),
            (_, false) => Text::new("No", "否"),
        }
    }
}

fn label(options: &[Choice], id: &str) -> Text {
    options
        .iter()
        .find(|choice| choice.id == id)
        .map_or_else(|| Text::same(id), |choice| choice.label.clone())
}

impl Address {
    /// The lines of an envelope: small to large in English, large to small in Chinese.
    #[must_use]
    pub fn lines(&self, lang: Lang) -> Vec<String> {
        let district = DISTRICTS
            .iter()
            .find(|district| district.id == self.district);
        let area = AREAS.iter().find(|(id, ..)| Some(*id) == self.area());
        let place = match (district, area) {
            (Some(district), Some((_, en, tc))) => Text::new(
                format!("{}, {en}", district.en),
                format!("{tc}{}", district.tc),
            ),
            _ => Text::same(self.district.as_str()),
        };
        let mut lines: Vec<String> = if lang == Lang::En {
            let floor = (!self.floor.is_empty()).then(|| format!("{}/F", self.floor));
            let flat = (!self.flat.is_empty()).then(|| format!("Flat {}", self.flat));
            let block = (!self.block.is_empty()).then(|| format!("Block {}", self.block));
            let rooms: Vec<String> = [flat, floor, block].into_iter().flatten().collect();
            vec![
                rooms.join(", "),
                self.building.clone(),
                self.estate.clone(),
                self.street.clone(),
                place.en,
            ]
        } else {
            let part = |text: &str, unit: &str| {
                if text.is_empty() {
                    String::new()
                } else {
                    format!("{text}{unit}")
                }
            };
            let rooms = [
                part(&self.block, "座"),
                part(&self.floor, "樓"),
                part(&self.flat, "室"),
            ];
            vec![
                place.get(lang).to_owned(),
                self.street.clone(),
                format!("{}{}", self.estate, self.building),
                rooms.concat(),
            ]
        };
        lines.retain(|line| !line.is_empty());
        lines
    }
}

/// The question or let called `name` as one text; `None` when it is unknown.
pub(crate) fn name_text(
    pack: &Pack,
    name: &str,
    answers: &crate::value::Answers,
    names: &dyn Names,
) -> Option<Text> {
    if let Some(field) = pack.field(name) {
        let value = answers.get(name)?;
        let show = |lang: Lang| {
            let separator = match (value, lang) {
                (Value::Text(_), _) => "\n",
                (_, Lang::En) => ", ",
                (Value::Address(_), _) => "",
                _ => "、",
            };
            field.show(value, lang).join(separator)
        };
        return Some(Text::with_sc(
            show(Lang::En),
            show(Lang::Tc),
            show(Lang::Sc),
        ));
    }
    let found = pack.lets.iter().find(|one| one.name == name)?;
    val_text(&names.value(name), &let_options(pack, &found.value))
}

/// A computed value as words; ids of choices through `options`.
pub(crate) fn val_text(value: &Val, options: &[&Choice]) -> Option<Text> {
    Some(match value {
        Val::Int(number) => Text::same(number.to_string()),
        Val::Money(cents) => Text::same(Money::from_cents(*cents).to_string()),
        Val::Date(date) => date_text(*date),
        Val::Bool(true) => Text::new("Yes", "是"),
        Val::Bool(false) => Text::new("No", "否"),
        Val::Text(text) => options
            .iter()
            .find(|choice| choice.id == *text)
            .map_or_else(|| Text::same(text.as_str()), |choice| choice.label.clone()),
        _ => return None,
    })
}

/// A date in the three languages.
pub(crate) fn date_text(date: Date) -> Text {
    Text::with_sc(
        date.long(Lang::En),
        date.long(Lang::Tc),
        date.long(Lang::Sc),
    )
}

/// The choices a let may pass on: those of the questions it mentions.
fn let_options<'p>(pack: &'p Pack, value: &LetValue) -> Vec<&'p Choice> {
    let mentions = match value {
        LetValue::Expr(expr) => crate::scope::mentions(expr),
        LetValue::Table(table) => table
            .rows
            .iter()
            .filter_map(|row| match &row.result {
                RowResult::Value(expr) => Some(crate::scope::mentions(expr)),
                RowResult::Refuse(_) => None,
            })
            .flatten()
            .collect(),
    };
    let fields = mentions.iter().filter_map(|name| pack.field(name));
    fields.flat_map(|field| field.kind.options()).collect()
}
