//! What the command line says: lines and tables for people, JSON for machines.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::json;

/// Where answers go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    is_json: bool,
}

impl Out {
    pub(crate) const fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    pub(crate) const fn is_json(self) -> bool {
        self.is_json
    }

    /// One line for a person; for a machine `{"message": …}`.
    pub(crate) fn line(self, words: &str) {
        if self.is_json {
            print(&json!({ "message": words }).to_string());
        } else {
            print(words);
        }
    }

    /// Text as it is: a file for another program.
    pub(crate) fn raw(self, text: &str) {
        let _ = write!(std::io::stdout(), "{text}");
    }

    /// `record` for a machine, `words` for a person.
    pub(crate) fn record<T: Serialize>(self, record: &T, words: &str) {
        if self.is_json {
            print(&serde_json::to_string_pretty(record).unwrap_or_default());
        } else {
            print(words);
        }
    }

    /// What went wrong, with its causes.
    pub(crate) fn failure(self, error: &anyhow::Error) {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        let words = if self.is_json {
            json!({ "error": causes.join(": ") }).to_string()
        } else if std::io::stderr().is_terminal() {
            format!("\u{1b}[1;31merror\u{1b}[0m: {}", causes.join(": "))
        } else {
            format!("error: {}", causes.join(": "))
        };
        let _ = writeln!(std::io::stderr(), "{words}");
    }
}

/// A closed pipe is no reason to fail.
fn print(words: &str) {
    let _ = writeln!(std::io::stdout(), "{words}");
}
