//! Letters and numbers: texts with places (`{name}`) that are filled.

use std::collections::BTreeMap;

use kernel::{Date, Lang, Money, Text};

use crate::{
    known::{Facts, Known},
    pack::Pack,
    show::{date_text, name_text},
    value::Answers,
};

/// A piece of a text with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Words(&'t str),
    Place(&'t str),
    /// A brace that closes or opens nothing.
    Stray(char),
}

/// Cuts a text at its places; `{{` and `}}` are braces.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (words, tail) = rest.split_at(at);
        if !words.is_empty() {
            found.push(Piece::Words(words));
        }
        if let Some(after) = tail.strip_prefix("{{") {
            found.push(Piece::Words("{"));
            rest = after;
        } else if let Some(after) = tail.strip_prefix("}}") {
            found.push(Piece::Words("}"));
            rest = after;
        } else if let Some((place, after)) = tail
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
            .filter(|(place, _)| is_place(place.trim()))
        {
            found.push(Piece::Place(place.trim()));
            rest = after;
        } else {
            found.push(Piece::Stray(if tail.starts_with('{') { '{' } else { '}' }));
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    if !rest.is_empty() {
        found.push(Piece::Words(rest));
    }
    found
}

fn is_place(name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':');
    !name.is_empty() && name.chars().all(part)
}

/// The places of a text.
pub(crate) fn places(text: &str) -> Vec<&str> {
    let place = |piece| match piece {
        Piece::Place(name) => Some(name),
        _ => None,
    };
    pieces(text).into_iter().filter_map(place).collect()
}

/// Places of letters that are not questions or lets.
pub(crate) const LETTER_PLACES: [&str; 14] = [
    "service.name",
    "owner.code",
    "today",
    "case.reference",
    "case.submitted_on",
    "case.due_on",
    "case.decided_on",
    "case.reason",
    "fee.total",
    "issue.number",
    "issue.valid_from",
    "issue.valid_until",
    "appeal.body",
    "appeal.by",
];

/// What a letter tells of the case, beside the answers.
#[derive(Debug, Clone, Default)]
pub struct CaseFacts {
    pub reference: String,
    pub submitted_on: Option<Date>,
    pub due_on: Option<Date>,
    pub decided_on: Option<Date>,
    /// What the officer wrote, in the words of the officer.
    pub reason: Option<String>,
    pub fee_total: Money,
    pub issue_number: Option<String>,
    pub issue_valid_from: Option<Date>,
    pub issue_valid_until: Option<Date>,
}

/// A letter ready to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub title: String,
    /// Paragraphs are separated by empty lines.
    pub body: String,
}

impl Pack {
    /// The letter `id` in `lang`. A place without a value is left empty; the checker has made sure that
    /// letters mention only what is known in the states that send them.
    #[must_use]
    pub fn letter(
        &self,
        id: &str,
        lang: Lang,
        values: (&Answers, &CaseFacts),
        facts: &Facts<'_>,
    ) -> Option<Written> {
        let letter = self.letter_text(id)?;
        let (answers, case) = values;
        let clean = self.journey(answers, facts).answers;
        let known = Known::new(self, &clean, facts);
        let mut filled: BTreeMap<&str, Text> = BTreeMap::new();
        let mut fill = |text: &Text| {
            let mut words = String::new();
            for piece in pieces(text.get(lang)) {
                match piece {
                    Piece::Words(piece) => words.push_str(piece),
                    Piece::Stray(brace) => words.push(brace),
                    Piece::Place(name) => {
                        let value = match LETTER_PLACES.iter().find(|place| **place == name) {
                            Some(place) => filled
                                .entry(place)
                                .or_insert_with(|| self.case_place(place, case, facts))
                                .clone(),
                            None => name_text(self, name, &clean, &known).unwrap_or_default(),
                        };
                        words.push_str(value.get(lang));
                    }
                }
            }
            words.trim_end().to_owned()
        };
        Some(Written {
            title: fill(&letter.title),
            body: fill(&letter.body),
        })
    }

    fn case_place(&self, place: &str, case: &CaseFacts, facts: &Facts<'_>) -> Text {
        let date = |date: Option<Date>| date.map(date_text).unwrap_or_default();
        let same = |text: Option<&String>| text.map(Text::same).unwrap_or_default();
        match place {
            "service.name" => self.name.clone(),
            "owner.code" => Text::same(self.owner.as_str()),
            "today" => date_text(facts.today),
            "case.reference" => Text::same(case.reference.as_str()),
            "case.submitted_on" => date(case.submitted_on),
            "case.due_on" => date(case.due_on),
            "case.decided_on" => date(case.decided_on),
            "case.reason" => same(case.reason.as_ref()),
            "fee.total" => Text::same(case.fee_total.to_string()),
            "issue.number" => same(case.issue_number.as_ref()),
            "issue.valid_from" => date(case.issue_valid_from),
            "issue.valid_until" => date(case.issue_valid_until),
            "appeal.body" => self
                .appeal
                .as_ref()
                .map(|appeal| appeal.body.clone())
                .unwrap_or_default(),
            "appeal.by" => {
                let days = self.appeal.as_ref().and_then(|appeal| appeal.within_days);
                let decided = case.decided_on.unwrap_or(facts.today);
                date(days.map(|days| decided.plus_days(i64::from(days))))
            }
            _ => Text::default(),
        }
    }
}

/// Fills the number of a credential: `{year}`, `{seq}`, `{seq:6}` and text questions.
pub(crate) fn number(
    format: &str,
    today: Date,
    sequence: u64,
    text: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut number = String::new();
    for piece in pieces(format) {
        match piece {
            Piece::Words(words) => number.push_str(words),
            Piece::Stray(_) => return None,
            Piece::Place("year") => number.push_str(&today.year().to_string()),
            Piece::Place(place) => match sequence_width(place) {
                Some(width) => number.push_str(&format!("{sequence:0width$}")),
                None => number.push_str(&text(place)?),
            },
        }
    }
    Some(number)
}

/// `seq` or `seq:6` (1 to 12 digits).
pub(crate) fn sequence_width(place: &str) -> Option<usize> {
    match place.strip_prefix("seq")? {
        "" => Some(1),
        width => width
            .strip_prefix(':')?
            .parse()
            .ok()
            .filter(|width| (1..=12).contains(width)),
    }
}
