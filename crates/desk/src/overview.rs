//! One page of health: what an operator looks at first in the morning and at night.

use std::{fmt, sync::Arc};

use axum::extract::State;
use journal::{Consumer, Depth, timer::Counts};
use kernel::{Time, limits::PAGE_ITEMS};
use web::{Outcome, Page, Routes, Value, Visit, ctx};

use crate::{Desk, operator::Journal, operator::OPERATOR};

/// The noun and id under which a backup is put on record.
pub const BACKUP_NOUN: &str = "backup";
pub const BACKUP_ID: &str = "database";

/// A backup older than this is shown as late.
const BACKUP_DAYS: u64 = 2;
/// A job that waits longer than this past its time is shown as late.
const JOB_LATE_SECS: u64 = 300;
/// A consumer with more events than this before it is shown as late.
const EVENTS_BEHIND: i64 = 1_000;
/// Free space below which the disk is shown as filling, and as full, in per cent.
const DISK_LOW: u64 = 20;
const DISK_OUT: u64 = 8;
/// A signing key older than this is shown as due.
const KEY_DAYS: u64 = 365;
/// Days before its end at which a leaf certificate is shown as ending, and as about to end. The program
/// renews a leaf at a start within sixty days of its end; one that comes nearer was not started.
const LEAF_DAYS: [i64; 2] = [60, 14];
/// The same of the trust anchor: verifiers must be given the next one long before.
const ANCHOR_DAYS: [i64; 2] = [365, 90];

/// What the process knows of itself and of the machine, asked anew for each page.
#[derive(Clone, Debug)]
pub struct Vitals {
    pub version: &'static str,
    pub started: Time,
    /// `SQLite` or `PostgreSQL`.
    pub engine: &'static str,
    pub data_dir: String,
    /// Bytes free for the data folder and in all; `None` where the system does not tell.
    pub disk: Option<(u64, u64)>,
    pub keys: Vec<KeyAge>,
    pub certificates: Vec<CertificateEnd>,
}

/// A certificate in use.
#[derive(Clone, Debug)]
pub struct CertificateEnd {
    pub purpose: &'static str,
    pub kid: String,
    /// It signs certificates, and verifiers keep it.
    pub is_anchor: bool,
    /// `None`: it cannot be read.
    pub ends: Option<Time>,
}

/// A key that signs now.
#[derive(Clone, Debug)]
pub struct KeyAge {
    pub purpose: &'static str,
    pub kid: String,
    pub created: Time,
}

/// Asks for the [`Vitals`]. Cheap to clone.
#[derive(Clone)]
pub struct Pulse(Arc<dyn Fn() -> Vitals + Send + Sync>);

impl Pulse {
    #[must_use]
    pub fn new(feel: impl Fn() -> Vitals + Send + Sync + 'static) -> Self {
        Self(Arc::new(feel))
    }

    pub(crate) fn feel(&self) -> Vitals {
        (self.0)()
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pulse")
    }
}

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new().get("/{lang}/desk/overview", OPERATOR, overview)
}

async fn overview(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let env = desk.store.env();
    let asked = env.now();
    let (depth, consumers, timers, backups) = desk
        .store
        .read(|db| async move {
            Ok::<_, journal::Error>((
                journal::depth(&db).await?,
                journal::consumers(&db).await?,
                journal::timer::counts(&db).await?,
                journal::audit_search(&db, &of_backup(), 1).await?,
            ))
        })
        .await
        .map_err(Journal::failure)?;
    let now = env.now();
    let took_ms = now.since(asked).as_millis();
    let vitals = desk.pulse.feel();
    let consumers: Vec<Value> = consumers.iter().map(|one| consumer(&visit, one)).collect();
    let context = ctx! {
        rows => vec![
            database(&visit, &vitals, took_ms),
            jobs(&visit, &depth, now),
            timer_row(&visit, &timers),
            backup(&visit, backups.first().map(|one| one.at), now),
            disk(&visit, &vitals),
            process(&visit, &vitals, now),
            certificates(&visit, &vitals.certificates, now),
        ],
        consumers,
        keys => vitals.keys.iter().map(|one| key(&visit, one, now)).collect::<Vec<_>>(),
        certificates => vitals.certificates.iter().map(|one| certificate(&visit, one, now)).collect::<Vec<_>>(),
        now,
    };
    Ok(visit.page("desk/overview.html", context))
}

fn of_backup() -> journal::AuditSearch {
    journal::AuditSearch {
        noun: BACKUP_NOUN.to_owned(),
        noun_id: BACKUP_ID.to_owned(),
        ..journal::AuditSearch::default()
    }
}

/// One line of the page: what, how it is in one word, the figures, and where to look closer.
fn row(visit: &Visit, what: &str, (state, words): (&str, String), href: &str) -> Value {
    ctx! {
        what => visit.t(what),
        state => visit.t(&format!("desk.overview.{state}")),
        kind => state,
        words,
        href => if href.is_empty() { String::new() } else { visit.to(href) },
    }
}

fn database(visit: &Visit, vitals: &Vitals, took_ms: u128) -> Value {
    let values = [("engine", vitals.engine), ("ms", &took_ms.to_string())];
    let words = visit.t_with("desk.overview.database.words", &values);
    row(visit, "desk.overview.database", ("good", words), "")
}

fn jobs(visit: &Visit, depth: &Depth, now: Time) -> Value {
    let oldest = depth.next.filter(|next| *next < now);
    let waits = oldest.map_or(0, |next| now.since(next).as_secs());
    let state = if depth.dead > 0 {
        "bad"
    } else if waits > JOB_LATE_SECS {
        "late"
    } else {
        "good"
    };
    let values = [
        ("ready", depth.ready.to_string()),
        ("due", depth.due.to_string()),
        ("running", depth.running.to_string()),
        ("dead", depth.dead.to_string()),
        ("oldest", span(visit, waits)),
    ];
    let words = visit.t_with("desk.overview.jobs.words", &pairs(&values));
    row(visit, "desk.overview.jobs", (state, words), "/desk/jobs")
}

fn timer_row(visit: &Visit, counts: &Counts) -> Value {
    let state = if counts.overdue > 0 { "late" } else { "good" };
    let bounded = |number: i64| bounded(number, journal::limits::COUNTED);
    let values = [
        ("running", bounded(counts.running)),
        ("paused", bounded(counts.paused)),
        ("overdue", bounded(counts.overdue)),
        (
            "next",
            counts
                .next
                .map_or_else(|| "–".to_owned(), |at| at.long(visit.lang())),
        ),
    ];
    let words = visit.t_with("desk.overview.timers.words", &pairs(&values));
    row(
        visit,
        "desk.overview.timers",
        (state, words),
        "/desk/timers",
    )
}

fn backup(visit: &Visit, last: Option<Time>, now: Time) -> Value {
    let what = "desk.overview.backup";
    let Some(last) = last else {
        let words = visit.t("desk.overview.backup.none");
        return row(visit, what, ("unknown", words), "");
    };
    let is_late = now.since(last).as_secs() > BACKUP_DAYS * 86_400;
    let words = visit.t_with(
        "desk.overview.backup.words",
        &[("time", &last.long(visit.lang()))],
    );
    let state = if is_late { "late" } else { "good" };
    row(visit, what, (state, words), "/desk/audit?noun=backup")
}

fn disk(visit: &Visit, vitals: &Vitals) -> Value {
    let what = "desk.overview.disk";
    let Some((free, total)) = vitals.disk.filter(|(_, total)| *total > 0) else {
        let words = visit.t("desk.overview.disk.none");
        return row(visit, what, ("unknown", words), "");
    };
    let percent = free.saturating_mul(100) / total;
    let state = match percent {
        0..DISK_OUT => "bad",
        DISK_OUT..DISK_LOW => "late",
        _ => "good",
    };
    let values = [
        ("free", gigabytes(free)),
        ("total", gigabytes(total)),
        ("percent", percent.to_string()),
        ("dir", vitals.data_dir.clone()),
    ];
    let words = visit.t_with("desk.overview.disk.words", &pairs(&values));
    row(visit, what, (state, words), "")
}

fn process(visit: &Visit, vitals: &Vitals, now: Time) -> Value {
    let values = [
        ("version", vitals.version.to_owned()),
        ("up", span(visit, now.since(vitals.started).as_secs())),
    ];
    let words = visit.t_with("desk.overview.process.words", &pairs(&values));
    row(visit, "desk.overview.process", ("good", words), "")
}

fn consumer(visit: &Visit, one: &Consumer) -> Value {
    let state = if one.attempts > 0 {
        "bad"
    } else if one.behind > EVENTS_BEHIND {
        "late"
    } else {
        "good"
    };
    ctx! {
        name => one.consumer,
        behind => one.behind,
        attempts => one.attempts,
        error => one.last_error,
        updated => one.updated_at,
        state => visit.t(&format!("desk.overview.{state}")),
        kind => state,
    }
}

fn key(visit: &Visit, one: &KeyAge, now: Time) -> Value {
    let days = now.since(one.created).as_secs() / 86_400;
    let state = if days > KEY_DAYS { "late" } else { "good" };
    ctx! {
        purpose => visit.t(&format!("desk.overview.key.{}", one.purpose)),
        kid => one.kid.chars().take(16).collect::<String>(),
        created => one.created.date(),
        days,
        state => visit.t(&format!("desk.overview.{state}")),
        kind => state,
    }
}

/// Whole days until a certificate ends; below zero once it has.
fn days_left(one: &CertificateEnd, now: Time) -> Option<i64> {
    one.ends.map(|ends| now.date().days_until(ends.date()))
}

/// How a certificate is in one word: the nearer its end, the graver.
fn certificate_state(one: &CertificateEnd, now: Time) -> &'static str {
    let [soon, now_or_never] = if one.is_anchor {
        ANCHOR_DAYS
    } else {
        LEAF_DAYS
    };
    match days_left(one, now) {
        None => "bad",
        Some(days) if days <= now_or_never => "bad",
        Some(days) if days <= soon => "late",
        Some(_) => "good",
    }
}

fn certificate(visit: &Visit, one: &CertificateEnd, now: Time) -> Value {
    let state = certificate_state(one, now);
    let days = days_left(one, now);
    let key = match (state, days) {
        (_, None) => "desk.overview.certificate.unread",
        (_, Some(..0)) => "desk.overview.certificate.over",
        ("good", _) => "desk.overview.certificate.good",
        ("late", _) => "desk.overview.certificate.soon",
        _ => "desk.overview.certificate.now",
    };
    ctx! {
        purpose => visit.t(&format!("desk.overview.key.{}", one.purpose)),
        role => visit.t(if one.is_anchor { "desk.overview.certificate.anchor" } else { "desk.overview.certificate.leaf" }),
        kid => one.kid.chars().take(16).collect::<String>(),
        ends => one.ends.map(Time::date),
        days,
        words => visit.t(key),
        kind => state,
    }
}

/// The gravest of all certificates as one line, with the first to end.
fn certificates(visit: &Visit, all: &[CertificateEnd], now: Time) -> Value {
    let what = "desk.overview.certificates";
    let gravest = ["bad", "late", "good"]
        .into_iter()
        .find(|state| all.iter().any(|one| certificate_state(one, now) == *state));
    let first = all.iter().filter_map(|one| one.ends).min();
    let (Some(state), Some(first)) = (gravest, first) else {
        let words = visit.t("desk.overview.certificates.none");
        return row(visit, what, ("unknown", words), "");
    };
    let values = [
        ("count", all.len().to_string()),
        ("day", first.date().long(visit.lang())),
        ("days", now.date().days_until(first.date()).to_string()),
    ];
    let words = visit.t_with("desk.overview.certificates.words", &pairs(&values));
    row(visit, what, (state, words), "")
}

fn pairs<'a>(values: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    values
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

/// "12", or "1000+" where counting stopped.
pub(crate) fn bounded(number: i64, bound: i64) -> String {
    if number >= bound {
        format!("{bound}+")
    } else {
        number.to_string()
    }
}

/// Tenths of a gigabyte are enough to see a disk fill.
fn gigabytes(bytes: u64) -> String {
    const TENTH: u64 = 100_000_000;
    let tenths = bytes / TENTH;
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// A length of time by its greatest unit.
pub(crate) fn span(visit: &Visit, seconds: u64) -> String {
    let (number, key) = match seconds {
        0..120 => (seconds, "desk.span.seconds"),
        120..7_200 => (seconds / 60, "desk.span.minutes"),
        7_200..172_800 => (seconds / 3_600, "desk.span.hours"),
        _ => (seconds / 86_400, "desk.span.days"),
    };
    visit.t_with(key, &[("number", &number.to_string())])
}

/// Rows asked for: one more than a page shows.
pub(crate) fn fetch() -> i64 {
    kernel::Page::<()>::fetch()
}

/// Whether there is another page, and the rows of this one.
pub(crate) fn cut<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let is_more = rows.len() > PAGE_ITEMS;
    rows.truncate(PAGE_ITEMS);
    (rows, is_more)
}

#[cfg(test)]
mod tests {
    use kernel::{Date, Time};

    use super::{CertificateEnd, bounded, certificate_state, cut, days_left, gigabytes};

    #[test]
    fn a_certificate_grows_graver_as_its_end_comes_near_and_the_anchor_earlier() {
        let end = Date::new(2028, 6, 30).unwrap();
        for (is_anchor, left, expected) in [
            (false, 61, "good"),
            (false, 60, "late"),
            (false, 15, "late"),
            (false, 14, "bad"),
            (false, -1, "bad"),
            (true, 366, "good"),
            (true, 365, "late"),
            (true, 91, "late"),
            (true, 90, "bad"),
        ] {
            let one = CertificateEnd {
                purpose: "root",
                kid: "k".to_owned(),
                is_anchor,
                ends: Some(Time::start_of(end)),
            };
            let now = Time::start_of(end.plus_days(-left));
            assert_eq!(days_left(&one, now), Some(left));
            assert_eq!(certificate_state(&one, now), expected, "{is_anchor} {left}");
            let unread = CertificateEnd { ends: None, ..one };
            assert_eq!(certificate_state(&unread, now), "bad");
        }
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(gigabytes(12_345_678_901), "12.3 GB");
        assert_eq!(bounded(999, 1_000), "999");
        assert_eq!(bounded(1_000, 1_000), "1000+");
    }

    #[test]
    fn a_page_shows_no_more_than_a_page() {
        let (rows, is_more) = cut((0..26).collect());
        assert!(rows.len() == 25 && is_more);
        let (rows, is_more) = cut((0..25).collect());
        assert!(rows.len() == 25 && !is_more);
    }
}
