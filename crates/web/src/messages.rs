//! Words of the pages: one `messages.yaml` per crate, English and Traditional Chinese written by
//! people, Simplified derived once at load. A key ending in `_html` holds markup; every other text
//! is plain and escaped where it is shown.

use std::collections::BTreeMap;

use kernel::{Lang, Text};

use crate::Error;

/// All messages of the site by key.
#[derive(Debug, Default)]
pub struct Messages {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    text: Text,
    patterns: [Pattern; 3],
}

/// A message cut at its placeholders.
#[derive(Debug, PartialEq, Eq)]
struct Pattern(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Slot(String),
}

impl Messages {
    /// Reads the `messages.yaml` of each area. Keys must start with their area.
    ///
    /// # Errors
    /// A file that is not a map of `key: {en, tc}`, a key of another area, a key written twice, or a
    /// message whose placeholders differ between the languages.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, Error> {
        let mut all = Self::default();
        for (area, yaml) in files {
            let texts: BTreeMap<String, Text> = serde_saphyr::from_str(yaml)
                .map_err(|error| Error::Setup(format!("messages.yaml of {area}: {error}")))?;
            for (key, text) in texts {
                if !key.starts_with(&format!("{area}.")) {
                    return Err(Error::Setup(format!(
                        "message {key} must start with \"{area}.\""
                    )));
                }
                all.insert(&key, text)?;
            }
        }
        Ok(all)
    }

    fn insert(&mut self, key: &str, text: Text) -> Result<(), Error> {
        let patterns = Lang::ALL.map(|lang| Pattern::cut(text.get(lang)));
        let [en, tc, sc] = &patterns;
        if en.slots() != tc.slots() || en.slots() != sc.slots() {
            return Err(Error::Setup(format!(
                "message {key}: placeholders differ between languages"
            )));
        }
        if self
            .entries
            .insert(key.to_owned(), Entry { text, patterns })
            .is_some()
        {
            return Err(Error::Setup(format!("message {key} is written twice")));
        }
        Ok(())
    }

    /// The text of `key` in all languages, placeholders and all.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&Text> {
        self.entries.get(key).map(|entry| &entry.text)
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The message with `value` for every placeholder.
    ///
    /// # Errors
    /// The key is unknown, or `value` has no answer for a placeholder.
    pub fn fill(
        &self,
        key: &str,
        lang: Lang,
        value: impl Fn(&str) -> Option<String>,
    ) -> Result<String, Error> {
        let entry = self
            .entries
            .get(key)
            .ok_or_else(|| Error::Render(format!("there is no message {key}")))?;
        let [en, tc, sc] = &entry.patterns;
        let pattern = match lang {
            Lang::En => en,
            Lang::Tc => tc,
            Lang::Sc => sc,
        };
        let mut words = String::new();
        for part in &pattern.0 {
            match part {
                Part::Words(text) => words.push_str(text),
                Part::Slot(name) => words.push_str(&value(name).ok_or_else(|| {
                    Error::Render(format!("message {key} needs a value for {{{name}}}"))
                })?),
            }
        }
        Ok(words)
    }
}

impl Pattern {
    fn cut(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else {
                break;
            };
            if !before.is_empty() {
                parts.push(Part::Words(before.to_owned()));
            }
            parts.push(Part::Slot(name.to_owned()));
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Words(rest.to_owned()));
        }
        Self(parts)
    }

    fn slots(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .0
            .iter()
            .filter_map(|part| match part {
                Part::Slot(name) => Some(name.as_str()),
                Part::Words(_) => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
