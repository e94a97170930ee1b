//! What is wrong with a posted form: each field with the message that says so, for the summary on top and
//! beside the field.

use web::{Value, Visit, ctx};

/// The fields that were refused, with the keys of their messages.
pub(crate) struct Wrong<'a> {
    visit: &'a Visit,
    fields: &'a [(&'a str, &'a str)],
}

impl<'a> Wrong<'a> {
    pub(crate) const fn of(visit: &'a Visit, fields: &'a [(&'a str, &'a str)]) -> Self {
        Self { visit, fields }
    }

    /// For the summary of errors.
    pub(crate) fn list(&self) -> Vec<Value> {
        self.fields
            .iter()
            .map(|(field, key)| ctx! { field => *field, words => self.visit.t(key) })
            .collect()
    }

    /// What stands beside a field; nothing when it is right.
    pub(crate) fn words(&self, field: &str) -> String {
        let found = self.fields.iter().find(|(name, _)| *name == field);
        found.map(|(_, key)| self.visit.t(key)).unwrap_or_default()
    }
}
