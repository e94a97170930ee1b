//! One fact: a step broken down every way, and how often it was taken on a day.

use std::collections::BTreeMap;

use journal::{OutboxEvent, USAGE, Usage};
use kernel::Date;

use crate::{Error, period::day_of};

/// What a count is broken down by. The empty text stands for what does not apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) step: &'static str,
    pub(crate) day: Date,
    pub(crate) service: String,
    pub(crate) department: String,
    pub(crate) version: i64,
    pub(crate) page: String,
    pub(crate) field: String,
    pub(crate) lang: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) level: String,
    pub(crate) age_band: &'static str,
    pub(crate) outcome: String,
    pub(crate) decider: &'static str,
    pub(crate) timely: &'static str,
    pub(crate) value: i64,
}

/// The most a value may be: days and fields beyond it are counted as it.
const VALUE_MOST: i64 = 999;
/// Characters of a word that breaks a count down.
const WORD_CHARS: usize = 80;

impl Fact {
    fn of(usage: &Usage, day: Date) -> Self {
        Self {
            step: usage.step.code(),
            day,
            service: word(&usage.service),
            department: word(&usage.department),
            version: usage.version,
            page: word(&usage.page),
            field: word(&usage.field),
            lang: usage.lang.map_or("", kernel::Lang::code),
            channel: usage.channel.code(),
            level: word(&usage.level),
            age_band: usage.age_band.map_or("", journal::AgeBand::code),
            outcome: word(&usage.outcome),
            decider: usage.decider.map_or("", journal::Decider::code),
            timely: usage
                .is_timely
                .map_or("", |is_timely| if is_timely { "yes" } else { "no" }),
            value: usage.value.clamp(0, VALUE_MOST),
        }
    }
}

fn word(text: &str) -> String {
    text.chars().take(WORD_CHARS).collect()
}

/// Adds up the usage events among `events`; others are passed over.
///
/// # Errors
/// [`Error::Event`] for a usage event of another form: it must not be lost, so the ledger stops.
pub(crate) fn tally(events: &[OutboxEvent]) -> Result<BTreeMap<Fact, i64>, Error> {
    let mut counts = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == USAGE) {
        let usage: Usage = serde_json::from_value(event.data.clone()).map_err(|_| Error::Event)?;
        let count = usage.count.max(0);
        *counts
            .entry(Fact::of(&usage, day_of(event.at)))
            .or_default() += count;
    }
    Ok(counts)
}
