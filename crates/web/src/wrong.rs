//! What is wrong with a posted form: each field with the message that says so, for the summary on top and
//! beside the field.

use minijinja::{Value, context};

use crate::Visit;

/// The fields that were refused, with the keys of their messages.
#[derive(Debug)]
pub struct Wrong<'a> {
    visit: &'a Visit,
    fields: &'a [(&'a str, &'a str)],
}

impl<'a> Wrong<'a> {
    /// A field and the key of what is wrong with it, in the order of the form.
    #[must_use]
    pub const fn of(visit: &'a Visit, fields: &'a [(&'a str, &'a str)]) -> Self {
        Self { visit, fields }
    }

    /// For the summary of errors.
    #[must_use]
    pub fn list(&self) -> Vec<Value> {
        self.fields
            .iter()
            .map(|(field, key)| context! { field => *field, words => self.visit.t(key) })
            .collect()
    }

    /// What stands beside a field; nothing when it is right.
    #[must_use]
    pub fn words(&self, field: &str) -> String {
        let found = self.fields.iter().find(|(name, _)| *name == field);
        found.map(|(_, key)| self.visit.t(key)).unwrap_or_default()
    }
}
