//! How much is asked and how fast it is answered, by route, for the operator's metrics.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Route and status pairs counted; the table of routes is finite, this guards against surprises.
const ROWS: usize = 10_000;

/// Answers of one route with one status since start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficRow {
    pub method: String,
    /// The route's path with its parameters' names; `unmatched` for addresses nothing lives at.
    pub route: &'static str,
    pub status: u16,
    pub answers: u64,
    /// The time all these answers took together, until the first byte was ready.
    pub time: Duration,
}

type Key = (String, &'static str, u16);

#[derive(Debug, Default)]
pub(crate) struct Traffic(Mutex<BTreeMap<Key, (u64, Duration)>>);

impl Traffic {
    pub(crate) fn note(&self, method: &str, route: &'static str, status: u16, time: Duration) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (method.to_owned(), route, status);
        if rows.len() >= ROWS && !rows.contains_key(&key) {
            return;
        }
        let (answers, total) = rows.entry(key).or_default();
        *answers += 1;
        *total += time;
    }

    pub(crate) fn rows(&self) -> Vec<TrafficRow> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter()
            .map(|((method, route, status), (answers, time))| TrafficRow {
                method: method.clone(),
                route,
                status: *status,
                answers: *answers,
                time: *time,
            })
            .collect()
    }
}
