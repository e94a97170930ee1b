//! The tables of the wire form.

pub(crate) mod day;
pub(crate) mod key;
pub(crate) mod task;
pub(crate) mod token;

/// Every statement of the wire form.
pub(crate) fn statements() -> Vec<&'static ::store::Stmt> {
    [
        day::STATEMENTS,
        key::STATEMENTS,
        task::STATEMENTS,
        token::STATEMENTS,
    ]
    .concat()
}
