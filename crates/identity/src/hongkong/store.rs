//! The tables of the wire form.

pub(crate) mod key;

/// Every statement of the wire form.
pub(crate) fn statements() -> Vec<&'static ::store::Stmt> {
    [key::STATEMENTS].concat()
}
