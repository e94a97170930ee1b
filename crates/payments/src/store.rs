//! SQL of this crate, by noun.

pub(crate) mod attempt;
pub(crate) mod demand;
pub(crate) mod notice;
pub(crate) mod receipt;
pub(crate) mod refund;
pub(crate) mod trouble;

/// The tables of this crate, those of the simulated bank included.
pub static MIGRATIONS: store::Migrations = store::migrations!(
    "payments",
    "0001_create_demand.sql",
    "0002_create_sandbox_payment.sql",
    "0003_add_demand_usage.sql",
    "0004_index_payment_notice.sql",
);

/// Every statement of this crate, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static store::Stmt> {
    [
        attempt::STATEMENTS,
        demand::STATEMENTS,
        notice::STATEMENTS,
        receipt::STATEMENTS,
        refund::STATEMENTS,
        trouble::STATEMENTS,
        crate::sandbox::books::STATEMENTS,
    ]
    .concat()
}
