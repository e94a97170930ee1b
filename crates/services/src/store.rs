//! The tables of this crate. One file per noun: statements, rows, and one function for each.

pub(crate) mod access;
pub(crate) mod action;
pub(crate) mod affected;
pub(crate) mod case;
pub(crate) mod document;
pub(crate) mod draft;
pub(crate) mod feedback;
pub(crate) mod programme;
pub(crate) mod queue;
pub(crate) mod release;
pub(crate) mod request;
pub(crate) mod retirement;
pub(crate) mod signature;
pub(crate) mod version;

/// Tables in the order they are made.
pub static MIGRATIONS: ::store::Migrations = ::store::migrations!(
    "services",
    "0001_create_service_version.sql",
    "0002_create_draft.sql",
    "0003_create_case.sql",
    "0004_create_document.sql",
    "0005_create_access_record.sql",
    "0006_create_feedback.sql",
    "0007_create_licence_sequence.sql",
    "0008_create_pack_release.sql",
    "0009_seal_access_reason.sql",
    "0010_settle_feedback.sql",
    "0011_find_people_of_service.sql",
    "0012_order_cases_by_id.sql",
    "0013_create_programme_target.sql",
    "0014_sign_draft.sql",
    "0015_order_looks_by_id.sql",
);

/// Every statement, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static ::store::Stmt> {
    [
        version::STATEMENTS,
        draft::STATEMENTS,
        case::STATEMENTS,
        action::STATEMENTS,
        programme::STATEMENTS,
        queue::STATEMENTS,
        request::STATEMENTS,
        document::STATEMENTS,
        access::STATEMENTS,
        affected::STATEMENTS,
        feedback::STATEMENTS,
        release::STATEMENTS,
        retirement::STATEMENTS,
        signature::STATEMENTS,
        crate::owned::STATEMENTS,
        crate::licence::STATEMENTS,
    ]
    .concat()
}
