//! Where people stop: answers and errors of each page of one service, and who submits.

use std::collections::BTreeMap;

use serde::Serialize;
use store::Store;

use crate::{
    Error, Period,
    store::{self as rows, PageSum, SubmitterSum},
};

/// Errors on one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldErrors {
    pub field: String,
    pub count: i64,
}

/// One page of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PageFunnel {
    pub page: String,
    /// Saves with nothing to mend.
    pub answered: i64,
    /// Saves with something to mend.
    pub refused: i64,
    /// The questions that had to be mended, the most frequent first.
    pub errors: Vec<FieldErrors>,
}

/// A part of a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    pub code: String,
    pub count: i64,
}

/// Applications by language, channel, level and age band.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Breakdown {
    pub langs: Vec<Share>,
    pub channels: Vec<Share>,
    pub levels: Vec<Share>,
    pub age_bands: Vec<Share>,
}

/// How people come through the form of one service. Pages stand by name; the caller knows their
/// order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    pub pages: Vec<PageFunnel>,
    pub breakdown: Breakdown,
}

/// The funnel of a service over a period. Only days that are kept in detail
/// ([`crate::KEEP_DAYS`]) are in it.
///
/// # Errors
/// The store fails.
pub async fn funnel(store: &Store, service: &str, period: Period) -> Result<Funnel, Error> {
    let service = service.to_owned();
    let (pages, submitters) = store
        .read(move |db| async move {
            let pages = rows::pages(&db, &service, period).await?;
            let submitters = rows::submitters(&db, &service, period).await?;
            Ok::<_, Error>((pages, submitters))
        })
        .await?;
    Ok(Funnel {
        pages: of_pages(&pages),
        breakdown: of_submitters(&submitters),
    })
}

fn of_pages(sums: &[PageSum]) -> Vec<PageFunnel> {
    let mut pages: BTreeMap<&str, PageFunnel> = BTreeMap::new();
    for sum in sums {
        let page = pages
            .entry(sum.page.as_str())
            .or_insert_with(|| PageFunnel {
                page: sum.page.clone(),
                ..PageFunnel::default()
            });
        match sum.step.as_str() {
            "answered" => page.answered += sum.count,
            "refused" => page.refused += sum.count,
            _ => page.errors.push(FieldErrors {
                field: sum.field.clone(),
                count: sum.count,
            }),
        }
    }
    let mut pages: Vec<PageFunnel> = pages.into_values().collect();
    for page in &mut pages {
        page.errors
            .sort_by(|a, b| (b.count, &a.field).cmp(&(a.count, &b.field)));
    }
    pages
}

fn of_submitters(sums: &[SubmitterSum]) -> Breakdown {
    let by = |pick: fn(&SubmitterSum) -> &str| {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for sum in sums {
            *counts.entry(pick(sum)).or_default() += sum.count;
        }
        counts
            .into_iter()
            .map(|(code, count)| Share {
                code: code.to_owned(),
                count,
            })
            .collect()
    };
    Breakdown {
        langs: by(|sum| &sum.lang),
        channels: by(|sum| &sum.channel),
        levels: by(|sum| &sum.level),
        age_bands: by(|sum| &sum.age_band),
    }
}
