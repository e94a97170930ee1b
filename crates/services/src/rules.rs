//! What this crate asks of a pack, in one place: pages, problems, eligibility, fee, words, deadlines.
//! The calendar of General Holidays enters here; everything else is the pack's own computation.

use std::collections::BTreeMap;

use journal::Calendar;
use kernel::{Date, Lang, Money, Text, Time};
use packs::{
    Answers, CaseFacts, Facts, FeeError, Field, FieldError, FieldKind, Form, Issued, Pack,
    PageError, Promise, Value, Wait, Written,
};
use trust::Vault;

use crate::{
    Error, Services,
    error::{Problem, Refusal},
    file::Accepts,
    money::{Fee, FeeLine},
    submit::{ReviewPage, ReviewRow},
};

/// Lines of detail a phone shows beside what it signs.
const SIGNED_LINES: usize = 10;

/// The day of asking and the fields that hold verified values: what a pack knows of the world.
pub(crate) struct Today<'s> {
    calendar: &'s Calendar,
    day: Date,
    verified: Vec<String>,
}

impl Services {
    pub(crate) fn on(&self, day: Date, locked: &BTreeMap<String, String>) -> Today<'_> {
        Today {
            calendar: self.calendar(),
            day,
            verified: locked.keys().cloned().collect(),
        }
    }
}

impl Today<'_> {
    /// Runs `ask` with the pack's facts.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
        let calendar = self.calendar.clone();
        let after = move |day: Date, days: i64| calendar.plus_working_days(day, days);
        ask(&Facts {
            today: self.day,
            working_days_after: &after,
            verified: &self.verified,
        })
    }
}

/// Reads a pack that was published once; it was checked then.
pub(crate) fn load(service: &str, source: &str) -> Result<Pack, Error> {
    Pack::read(&format!("{service}.yaml"), source).map_err(|defects| {
        let first = defects.first().map(ToString::to_string).unwrap_or_default();
        Error::PackRefused(first)
    })
}

/// Reads and checks a pack before it is published, golden journeys included.
pub(crate) fn check(file: &str, source: &str) -> Result<Pack, Error> {
    read_whole(file, source).map_err(|defects| {
        let lines: Vec<String> = defects.iter().map(ToString::to_string).collect();
        Error::PackRefused(lines.join("\n"))
    })
}

/// As [`check`], with every defect as it is.
pub(crate) fn read_whole(file: &str, source: &str) -> Result<Pack, Vec<packs::Defect>> {
    let pack = Pack::read(file, source)?;
    let defects = Pack::check(file, source);
    if defects.is_empty() {
        Ok(pack)
    } else {
        Err(defects)
    }
}

/// What changed between two versions, classified, for the record of a publication.
pub(crate) fn changes(before: &Pack, after: &Pack) -> serde_json::Value {
    let changes = packs::diff(before, after);
    let line = |change: &packs::Change| {
        serde_json::json!({
            "class": change.class.code(),
            "path": change.path,
            "what": change.what,
        })
    };
    serde_json::json!({
        "from": before.version,
        "gravest": packs::gravest(&changes).map(packs::ChangeClass::code),
        "changes": changes.iter().map(line).collect::<Vec<_>>(),
    })
}

/// Answers as stored, by the types of their pack.
pub(crate) fn read_stored(pack: &Pack, json: &serde_json::Value) -> Result<Answers, Error> {
    pack.read_answers(json).map_err(Error::data)
}

/// A page as posted: the answers that can be read, and what to mend.
pub(crate) struct PageReading {
    pub(crate) answers: Answers,
    pub(crate) problems: Vec<Problem>,
}

pub(crate) fn read_page(
    pack: &Pack,
    answers: &Answers,
    (page, form): (&str, &[(String, String)]),
    today: &Today<'_>,
) -> Result<PageReading, Error> {
    let form = Form::new(form.iter().cloned());
    let read = today.ask(|facts| pack.read_part(page, &form, answers, facts));
    match read {
        Ok((answers, errors)) => Ok(PageReading {
            answers,
            problems: on_page(page, errors),
        }),
        Err(PageError::NoPage) => Err(Error::NoSuchPage(page.to_owned())),
        Err(PageError::Fields(errors)) => Ok(PageReading {
            answers: answers.clone(),
            problems: on_page(page, errors),
        }),
    }
}

fn on_page(page: &str, errors: Vec<FieldError>) -> Vec<Problem> {
    errors
        .into_iter()
        .map(|error| Problem {
            page: page.to_owned(),
            field: error.path,
            words: error.message,
        })
        .collect()
}

/// Everything missing or wrong, page by page.
pub(crate) fn problems(pack: &Pack, answers: &Answers, today: &Today<'_>) -> Vec<Problem> {
    today.ask(|facts| {
        let journey = pack.journey(answers, facts);
        let pages = journey.pages.into_iter();
        pages
            .flat_map(|view| on_page(&view.page.id, view.errors))
            .collect()
    })
}

/// The answers without those to hidden questions.
pub(crate) fn visible(pack: &Pack, answers: &Answers, today: &Today<'_>) -> Answers {
    today.ask(|facts| pack.journey(answers, facts).answers)
}

/// The page after `page`, if another one shows.
pub(crate) fn page_after(
    pack: &Pack,
    answers: &Answers,
    page: &str,
    today: &Today<'_>,
) -> Option<String> {
    today.ask(|facts| {
        let journey = pack.journey(answers, facts);
        journey.after(page).map(|view| view.page.id.clone())
    })
}

/// What the rules say about the whole application.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) warnings: Vec<Refusal>,
}

pub(crate) fn eligibility(pack: &Pack, answers: &Answers, today: &Today<'_>) -> Verdict {
    today.ask(|facts| {
        let found = pack.eligibility(answers, facts);
        let said = |rules: &[&packs::EligibilityRule]| {
            rules
                .iter()
                .map(|rule| Refusal {
                    rule: rule.id.clone(),
                    words: rule.say.clone(),
                })
                .collect()
        };
        Verdict {
            refusals: said(&found.refused),
            warnings: said(&found.warned),
        }
    })
}

/// As [`eligibility`]; where no rule refuses, a row of the fee may.
pub(crate) fn verdict(pack: &Pack, answers: &Answers, today: &Today<'_>) -> Verdict {
    let mut verdict = eligibility(pack, answers, today);
    if verdict.refusals.is_empty()
        && let Err(Error::NotEligible(refusals)) = fee(pack, answers, today)
    {
        verdict.refusals = refusals;
    }
    verdict
}

pub(crate) fn fee(pack: &Pack, answers: &Answers, today: &Today<'_>) -> Result<Fee, Error> {
    let quote = today
        .ask(|facts| pack.fee(answers, facts))
        .map_err(|error| match error {
            FeeError::Refused(words) => Error::NotEligible(vec![Refusal {
                rule: "fee".to_owned(),
                words,
            }]),
            other => Error::Rule(other.to_string()),
        })?;
    let lines = quote.lines.into_iter();
    Ok(Fee {
        lines: lines
            .map(|line| FeeLine {
                label: line.label,
                amount: line.amount,
            })
            .collect(),
        total: quote.total,
    })
}

/// The answers in words, page by page, for applicants and officers.
pub(crate) fn review(
    pack: &Pack,
    answers: &Answers,
    locked: &BTreeMap<String, String>,
    today: &Today<'_>,
) -> Vec<ReviewPage> {
    today.ask(|facts| {
        let journey = pack.journey(answers, facts);
        let mut pages = Vec::with_capacity(journey.pages.len());
        for view in &journey.pages {
            let mut rows = Vec::new();
            for field in &view.fields {
                let value = journey.answers.get(&field.id);
                rows_of(field, value, locked.contains_key(&field.id), &mut rows);
            }
            let title = view.page.title.clone();
            pages.push(ReviewPage {
                id: view.page.id.clone(),
                title,
                rows,
            });
        }
        pages
    })
}

fn rows_of(field: &Field, value: Option<&Value>, is_locked: bool, rows: &mut Vec<ReviewRow>) {
    if let (FieldKind::Group { fields, .. }, Some(Value::Items(items))) = (&field.kind, value) {
        for (place, item) in items.iter().enumerate() {
            for inner in fields {
                if let Some(value) = item.get(&inner.id) {
                    let shown = row(inner, Some(value), false);
                    rows.push(ReviewRow {
                        field: field.id.clone(),
                        item: place + 1,
                        ..shown
                    });
                }
            }
        }
    } else {
        rows.push(row(field, value, is_locked));
    }
}

fn row(field: &Field, value: Option<&Value>, is_locked: bool) -> ReviewRow {
    let documents = match value {
        Some(Value::Files(files)) => files.iter().map(|file| file.id.clone()).collect(),
        _ => Vec::new(),
    };
    ReviewRow {
        field: field.id.clone(),
        item: 0,
        label: field.label.clone(),
        value: value.map(|value| show(field, value)).unwrap_or_default(),
        is_locked,
        documents,
    }
}

/// An answer in the three languages; what people typed is never converted.
pub(crate) fn show(field: &Field, value: &Value) -> Text {
    let lines = |lang: Lang| field.show(value, lang).join("\n");
    Text::with_sc(lines(Lang::En), lines(Lang::Tc), lines(Lang::Sc))
}

pub(crate) const fn level(pack: &Pack) -> identity::Level {
    match pack.identity.level {
        packs::Level::Basic => identity::Level::Basic,
        packs::Level::Plus => identity::Level::Plus,
    }
}

/// What the phone shows as the thing it signs.
pub(crate) fn signature_summary(pack: &Pack) -> Text {
    Text::with_sc(
        format!("Sign your application: {}", pack.name.en),
        format!("簽署你的申請：{}", pack.name.tc),
        format!("签署你的申请：{}", pack.name.sc),
    )
}

/// The first answers and the fee, so that the person sees on the phone what is signed. Restricted
/// answers stay off.
pub(crate) fn signature_detail(
    pack: &Pack,
    answers: &Answers,
    fee: Option<Money>,
) -> Vec<identity::DetailLine> {
    let open = pack
        .fields()
        .filter(|field| field.class < packs::Class::Restricted);
    let mut lines: Vec<identity::DetailLine> = open
        .filter_map(|field| {
            let value = show(field, answers.get(&field.id)?);
            Some(identity::DetailLine {
                label: field.label.clone(),
                value,
            })
        })
        .take(SIGNED_LINES)
        .collect();
    if let Some(fee) = fee.filter(|fee| !fee.is_zero()) {
        lines.push(identity::DetailLine {
            label: Text::new("Fee", "費用"),
            value: Text::same(fee.to_string()),
        });
    }
    lines
}

/// The value of each of the pack's duplicate keys, blinded; keys with an unanswered part are left out.
pub(crate) fn duplicate_keys(vault: &Vault, pack: &Pack, answers: &Answers) -> Vec<(i64, Vec<u8>)> {
    let mut keys = Vec::new();
    for (place, fields) in (0_i64..).zip(&pack.duplicates) {
        let parts: Option<Vec<String>> = fields
            .iter()
            .map(|field| {
                answers
                    .get(&field.value)
                    .map(|value| value.to_json().to_string())
            })
            .collect();
        if let Some(parts) = parts {
            let value = format!("{}/{}", pack.service, parts.join("\u{1f}"));
            keys.push((place, vault.blind_index("duplicate", &value).bytes()));
        }
    }
    keys
}

/// The first identity card number among the answers, by which officers find the case.
pub(crate) fn first_hkid(pack: &Pack, answers: &Answers) -> Option<String> {
    pack.fields()
        .filter(|field| matches!(field.kind, FieldKind::Hkid))
        .find_map(|field| answers.get(&field.id)?.as_text().map(str::to_owned))
}

/// The instant by which the department has promised to answer, counted from a day with so many days
/// left: worked out anew whenever the calendar changes. `None` when no time is promised.
pub(crate) fn due(
    calendar: &Calendar,
    promise: Option<Promise>,
    (from, days): (Date, i64),
) -> Option<Time> {
    promise.map(|promise| end_of(days_after(calendar, promise.working, from, days)))
}

/// The days of the promise that are left when it stops.
pub(crate) fn days_left(calendar: &Calendar, promise: Promise, due: Time, now: Time) -> i64 {
    let (from, to) = (now.date(), due.date());
    let left = if promise.working {
        calendar.working_days_between(from, to)
    } else {
        from.days_until(to)
    };
    left.max(0)
}

/// The instant a timer of the chart fires when it starts now.
pub(crate) fn wait_until(calendar: &Calendar, wait: Wait, from: Time) -> Time {
    end_of(days_after(
        calendar,
        wait.working,
        from.date(),
        i64::from(wait.days),
    ))
}

fn days_after(calendar: &Calendar, working: bool, day: Date, days: i64) -> Date {
    if working {
        calendar.plus_working_days(day, days)
    } else {
        day.plus_days(days)
    }
}

/// The last instant of a day in Hong Kong.
pub(crate) fn end_of(day: Date) -> Time {
    Time::start_of(day.plus_days(1)) - std::time::Duration::from_micros(1)
}

/// What a file question takes.
pub(crate) fn accepts(field: &Field) -> Option<(Accepts, usize)> {
    const MEGABYTE: usize = 1024 * 1024;
    let FieldKind::File {
        kinds, max_mb, max, ..
    } = &field.kind
    else {
        return None;
    };
    let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let most_bytes = size(*max_mb).saturating_mul(MEGABYTE);
    Some((
        Accepts {
            kinds: kinds.clone(),
            most_bytes,
        },
        size(*max),
    ))
}

/// The credential for a decided case; `today` is the day of the decision.
pub(crate) fn issue(
    pack: &Pack,
    answers: &Answers,
    sequence: i64,
    today: &Today<'_>,
) -> Result<Issued, Error> {
    let sequence = u64::try_from(sequence).unwrap_or_default();
    today
        .ask(|facts| pack.issue(answers, facts, sequence))
        .map_err(|error| Error::Rule(error.to_string()))
}

/// A letter with its places filled.
pub(crate) fn letter(
    pack: &Pack,
    (id, lang): (&str, Lang),
    values: (&Answers, &CaseFacts),
    today: &Today<'_>,
) -> Result<Written, Error> {
    today
        .ask(|facts| pack.letter(id, lang, values, facts))
        .ok_or_else(|| Error::Rule(format!("letter {id}")))
}
