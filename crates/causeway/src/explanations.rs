//! Every error people can meet, collected for the page of errors and for docs/errors.md. A test of this
//! crate compares the list with the codes in the source, so that none is missing.

use web::Explanation;

/// One line for each code, sorted by code.
#[must_use]
pub(crate) fn all() -> Vec<Explanation> {
    let notify = web::explain(&[
        notify::Error::NotFound,
        notify::Error::Empty,
        notify::Error::TooLong,
        notify::Error::Period,
        notify::Error::Forbidden,
        notify::Error::TooMany,
    ]);
    let insight = web::explain(&[
        insight::Error::Event,
        insight::Error::Period(insight::PeriodError::Backwards),
    ]);
    let parts = [
        web::explanations(),
        identity::explanations(),
        payments::explanations(),
        credentials::explanations(),
        services::explanations(),
        desk::explanations(),
        notify,
        insight,
    ];
    let mut all: Vec<Explanation> = parts.into_iter().flatten().collect();
    all.sort_by_key(|one| one.code);
    all.dedup_by_key(|one| one.code);
    all
}
