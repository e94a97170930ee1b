//! Every error people can meet, collected for the page of errors and for docs/errors.md.

use kernel::Money;
use web::Explanation;

/// One line for each code, sorted by code.
#[must_use]
pub(crate) fn all() -> Vec<Explanation> {
    let payments = web::explain(&[
        payments::Error::NotFound,
        payments::Error::NothingToPay,
        payments::Error::TooMuch,
        payments::Error::AlreadyPaid,
        payments::Error::NotOpen,
        payments::Error::KeyReused,
        payments::Error::Key,
        payments::Error::TooManyAttempts,
        payments::Error::AvailableChanged {
            available: Money::ZERO,
        },
        payments::Error::RefundAmount {
            available: Money::ZERO,
        },
        payments::Error::RefundState {
            state: payments::RefundState::Done,
        },
        payments::Error::SameOfficer,
        payments::Error::Forbidden,
        payments::Error::UnknownProvider,
        payments::Error::Range,
    ]);
    let credentials = web::explain(&[
        credentials::Error::NotFound,
        credentials::Error::WrongState("revoked"),
        credentials::Error::NumberTaken,
        credentials::Error::UnknownKind(String::new()),
        credentials::Error::Malformed("code"),
        credentials::Error::TooLarge,
        credentials::Error::UnknownIssuer,
        credentials::Error::HolderBinding,
    ]);
    let notify = web::explain(&[
        notify::Error::NotFound,
        notify::Error::Empty,
        notify::Error::TooLong,
        notify::Error::Period,
        notify::Error::Forbidden,
    ]);
    let parts = [
        web::explanations(),
        identity::explanations(),
        services::explanations(),
        desk::explanations(),
    ];
    let mut all: Vec<Explanation> = parts
        .into_iter()
        .chain([payments, credentials, notify])
        .flatten()
        .collect();
    all.sort_by_key(|one| one.code);
    all.dedup_by_key(|one| one.code);
    all
}
