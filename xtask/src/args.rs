//! The words after `cargo xtask`: taken one by one, and none may be left over.

use std::collections::VecDeque;

use anyhow::{Context as _, bail};

/// What was typed and not yet taken.
#[derive(Debug)]
pub(crate) struct Args {
    words: VecDeque<String>,
}

impl Args {
    pub(crate) fn from_env() -> Self {
        Self {
            words: std::env::args().skip(1).collect(),
        }
    }

    pub(crate) fn none() -> Self {
        Self::of(&[])
    }

    pub(crate) fn of(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(ToString::to_string).collect(),
        }
    }

    /// The next word, whatever it is.
    pub(crate) fn word(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    /// Takes `name` wherever it stands; true when it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() != before
    }

    /// Takes `name VALUE` or `name=VALUE`.
    pub(crate) fn option(&mut self, name: &str) -> anyhow::Result<Option<String>> {
        let Some(at) = self.words.iter().position(|word| {
            word == name
                || word
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('='))
        }) else {
            return Ok(None);
        };
        let word = self.words.remove(at).unwrap_or_default();
        if let Some((_, value)) = word.split_once('=') {
            return Ok(Some(value.to_owned()));
        }
        let value = self.words.remove(at);
        Ok(Some(value.with_context(|| {
            format!("{name} needs a value after it")
        })?))
    }

    /// Everything that is left, for a command that passes it on.
    pub(crate) fn rest(self) -> Vec<String> {
        self.words.into()
    }

    /// Refuses words that no command took.
    pub(crate) fn done(self) -> anyhow::Result<()> {
        match self.words.front() {
            None => Ok(()),
            Some(word) => bail!("`{word}` is not understood here; see `cargo xtask help`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    #[test]
    fn an_option_is_taken_in_both_spellings() {
        let mut args = Args::of(&["--listen", "127.0.0.1:1", "--data=here", "x"]);
        assert_eq!(
            args.option("--listen").unwrap().as_deref(),
            Some("127.0.0.1:1")
        );
        assert_eq!(args.option("--data").unwrap().as_deref(), Some("here"));
        assert_eq!(args.rest(), ["x"]);
    }

    #[test]
    fn a_leftover_word_is_refused() {
        let mut args = Args::of(&["--fresh", "--frsh"]);
        assert!(args.flag("--fresh"));
        assert!(args.done().is_err());
    }

    #[test]
    fn an_option_without_its_value_is_refused() {
        assert!(Args::of(&["--listen"]).option("--listen").is_err());
    }
}
