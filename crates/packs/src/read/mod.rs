//! From nodes to the model. Every reader reports what it cannot read and goes on, so that one run
//! tells many defects; what could not be read is left out and its name remembered as flawed.

mod case;
mod fields;
mod pack;
mod rules;
mod tries;

pub(crate) use pack::read;

/// The keys of every mapping, for the schema of the format.
pub(crate) mod keys {
    pub(crate) use super::{
        case::{ACTION_KEYS, AUTO_KEYS, CASE_KEYS, STATE_KEYS, TIMER_KEYS},
        fields::{CHOICE_KEYS, FIELD_KEYS, FIELD_TYPES, MUST_KEYS, PAGE_KEYS},
        pack::{
            APPEAL_KEYS, CHECK_KEYS, IDENTITY_KEYS, ISSUE_KEYS, KEEP_KEYS, LETTER_KEYS, PACK_KEYS,
            PROMISE_KEYS, SOURCE_KEYS,
        },
        rules::{ELIGIBILITY_KEYS, ELSEWHERE_KEYS, FEE_KEYS, TABLE_KEYS},
        tries::{THEN_KEYS, TRY_KEYS},
    };
}

use kernel::{Date, Text, simplify};

use crate::{
    defect::{At, Code, Defects, Span, suggest},
    expr::Expr,
    yaml::{Key, Kind, Node},
};

/// Characters of one text people read; letters have more.
const TEXT_CHARS: usize = 2_000;
const LETTER_CHARS: usize = 10_000;
/// Items of one list in a pack.
const LIST_ITEMS: usize = 500;
/// Characters of an id.
const ID_CHARS: usize = 60;
/// Says that there is no such thing, which is not the same as leaving it out.
const NONE: &str = "none";
/// Words of the expression language that no id may take.
const RESERVED: [&str; 8] = ["true", "false", "null", "in", "and", "or", "not", "case"];

/// A mapping opened for reading, with the keys it may have.
#[derive(Clone, Copy)]
pub(crate) struct Object<'n> {
    entries: &'n [(Key, Node)],
    pub(crate) span: Span,
    what: &'n str,
}

impl<'n> Object<'n> {
    /// The value of `key`; `None` when it is absent or written as nothing.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(written, _)| written.text == key)
            .map(|(_, node)| node)
            .filter(|node| !node.is_null())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn entries(&self) -> &'n [(Key, Node)] {
        self.entries
    }
}

pub(crate) struct Reader<'d> {
    pub(crate) defects: &'d mut Defects,
}

impl Node {
    /// Whether the author wrote just this word.
    fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Scalar { text, .. } if text.trim() == word)
    }
}

impl Reader<'_> {
    pub(crate) fn wrong(&mut self, at: Span, wrong: impl Into<String>, mend: impl Into<String>) {
        self.defects.add(Code::WrongValue, at, wrong, mend);
    }

    /// Any mapping, its keys unchecked.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &'n str) -> Option<Object<'n>> {
        match &node.kind {
            Kind::Map(entries) => Some(Object {
                entries,
                span: node.span,
                what,
            }),
            _ => {
                let wrong = format!("{what} is written as {}", node.noun());
                self.wrong(
                    node.span,
                    wrong,
                    "Write a mapping: `{ key: value, … }` or one key a line",
                );
                None
            }
        }
    }

    /// A mapping with these keys only.
    pub(crate) fn object<'n>(
        &mut self,
        node: &'n Node,
        what: &'n str,
        keys: &[&str],
    ) -> Option<Object<'n>> {
        let object = self.map(node, what)?;
        for (key, _) in object.entries {
            if !keys.contains(&key.text.as_str()) && key.text != "<<" && !key.text.is_empty() {
                let wrong = format!("{what} has no key `{}`", key.text);
                let mend = suggest(&key.text, keys.iter().copied());
                self.defects.add(Code::UnknownKey, key.span, wrong, mend);
            }
        }
        Some(object)
    }

    pub(crate) fn need<'n>(&mut self, object: Object<'n>, key: &str) -> Option<&'n Node> {
        let found = object.get(key);
        if found.is_none() {
            let wrong = format!("{} has no `{key}`", object.what);
            self.defects.add(
                Code::MissingKey,
                object.span,
                wrong,
                format!("Add `{key}:`"),
            );
        }
        found
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) if items.len() <= LIST_ITEMS => items,
            Kind::List(items) => {
                let wrong = format!(
                    "{what} has {} items, at most {LIST_ITEMS} are read",
                    items.len()
                );
                self.defects
                    .add(Code::TooLarge, node.span, wrong, "Make the list shorter");
                &[]
            }
            _ => {
                let wrong = format!("{what} is written as {}", node.noun());
                self.wrong(node.span, wrong, "Write a list: `[a, b]` or `- a` lines");
                &[]
            }
        }
    }

    /// A scalar's text, as written.
    pub(crate) fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.kind {
            Kind::Scalar { text, .. } if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Kind::Scalar { .. } => {
                self.wrong(
                    node.span,
                    format!("{what} is empty"),
                    "Write it, or remove the key",
                );
                None
            }
            _ => {
                self.wrong(
                    node.span,
                    format!("{what} is written as {}", node.noun()),
                    "Write one value",
                );
                None
            }
        }
    }

    pub(crate) fn at(&mut self, node: &Node, what: &str) -> Option<At<String>> {
        self.string(node, what).map(|text| At::new(text, node.span))
    }

    pub(crate) fn strings(&mut self, node: &Node, what: &str) -> Vec<At<String>> {
        let items = self.list(node, what);
        items
            .iter()
            .filter_map(|item| self.at(item, what))
            .collect()
    }

    pub(crate) fn plain_strings(&mut self, object: Object<'_>, key: &str) -> Vec<String> {
        let items = object.get(key).map(|node| self.strings(node, key));
        items
            .unwrap_or_default()
            .into_iter()
            .map(|item| item.value)
            .collect()
    }

    /// An id: `lower_case_with_underscores`.
    pub(crate) fn id(&mut self, node: &Node, what: &str) -> Option<String> {
        let id = self.string(node, what)?;
        self.check_id(&id, node.span, what).then_some(id)
    }

    pub(crate) fn check_id(&mut self, id: &str, at: Span, what: &str) -> bool {
        let starts = id.starts_with(|c: char| c.is_ascii_lowercase());
        let shape = id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if starts && shape && id.len() <= ID_CHARS && !RESERVED.contains(&id) {
            return true;
        }
        let wrong = format!("`{id}` cannot be the id of {what}");
        let mend = "Use small letters, digits and underscores, a letter first, and none of: true false \
                    null in and or not case";
        self.defects.add(Code::BadId, at, wrong, mend);
        false
    }

    /// The id of a choice: may begin with a digit and hold `-`.
    pub(crate) fn choice_id(&mut self, node: &Node) -> Option<String> {
        let id = self.string(node, "the id of a choice")?;
        let shape = id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if shape && id.len() <= ID_CHARS {
            return Some(id);
        }
        let wrong = format!("`{id}` cannot be the id of a choice");
        let mend = "Use letters, digits, `_`, `-` and `.`, and put what people read into `label`";
        self.defects.add(Code::BadId, node.span, wrong, mend);
        None
    }

    pub(crate) fn int(&mut self, node: &Node, what: &str) -> Option<i64> {
        let text = self.string(node, what)?;
        let number = text.parse().ok();
        if number.is_none() {
            let wrong = format!("{what} is `{text}`, not a whole number");
            self.wrong(node.span, wrong, "Write digits only");
        }
        number
    }

    /// A whole number from nought to `most`.
    pub(crate) fn count(&mut self, node: &Node, what: &str, most: u32) -> Option<u32> {
        let number = self.int(node, what)?;
        let found = u32::try_from(number).ok().filter(|number| *number <= most);
        if found.is_none() {
            self.wrong(
                node.span,
                format!("{what} is {number}"),
                format!("Use 0 to {most}"),
            );
        }
        found
    }

    pub(crate) fn truth(&mut self, node: &Node, what: &str) -> Option<bool> {
        match self.string(node, what)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                self.wrong(
                    node.span,
                    format!("{what} is `{other}`"),
                    "Write true or false",
                );
                None
            }
        }
    }

    pub(crate) fn truth_or(&mut self, object: Object<'_>, key: &str, default: bool) -> bool {
        object
            .get(key)
            .and_then(|node| self.truth(node, key))
            .unwrap_or(default)
    }

    pub(crate) fn date(&mut self, node: &Node, what: &str) -> Option<Date> {
        let text = self.string(node, what)?;
        let date = text.parse().ok();
        if date.is_none() {
            let wrong = format!("{what} is `{text}`, not a real date");
            self.wrong(
                node.span,
                wrong,
                "Write year-month-day, for example 2026-11-22",
            );
        }
        date
    }

    /// One word out of a closed set.
    pub(crate) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        all: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.string(node, what)?;
        let found = all
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if found.is_none() {
            let mend = suggest(&text, all.iter().map(|(word, _)| *word));
            self.wrong(node.span, format!("{what} cannot be `{text}`"), mend);
        }
        found
    }

    /// `{ en, tc }` with an optional `sc`.
    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        self.long_text(node, what, TEXT_CHARS)
    }

    pub(crate) fn letter_body(&mut self, node: &Node) -> Option<Text> {
        self.long_text(node, "the body of the letter", LETTER_CHARS)
    }

    fn long_text(&mut self, node: &Node, what: &str, most: usize) -> Option<Text> {
        if !matches!(node.kind, Kind::Map(_)) {
            let wrong = format!("{what} is in one language only");
            self.defects.add(
                Code::MissingLanguage,
                node.span,
                wrong,
                "Write { en: …, tc: … }",
            );
            return None;
        }
        let object = self.object(node, what, &["en", "tc", "sc"])?;
        let en = self.language(object, what, "en");
        let tc = self.language(object, what, "tc");
        let sc = object.get("sc").and_then(|node| self.string(node, what));
        let (en, tc) = (en?, tc?);
        if en.chars().count().max(tc.chars().count()) > most {
            let wrong = format!("{what} is longer than {most} characters");
            self.defects
                .add(Code::TooLarge, node.span, wrong, "Make it shorter");
        }
        let sc = sc.unwrap_or_else(|| simplify(&tc));
        Some(Text::with_sc(en, tc, sc))
    }

    fn language(&mut self, object: Object<'_>, what: &str, lang: &str) -> Option<String> {
        let Some(node) = object.get(lang) else {
            let wrong = format!("{what} has no `{lang}` text");
            let mend = "Write both languages: { en: …, tc: … }";
            self.defects
                .add(Code::MissingLanguage, object.span, wrong, mend);
            return None;
        };
        let words = self.string(node, what)?;
        let chinese = words.chars().any(is_han);
        if lang == "en" && chinese {
            let wrong = format!("the English of {what} holds Chinese characters");
            self.defects.add(
                Code::MissingLanguage,
                node.span,
                wrong,
                "Put them under `tc:`",
            );
        }
        if lang == "tc" && !chinese && words.split_whitespace().count() >= 3 {
            let wrong = format!("the Chinese of {what} holds no Chinese character");
            self.defects
                .add(Code::MissingLanguage, node.span, wrong, "Translate it");
        }
        Some(words)
    }

    pub(crate) fn need_text(&mut self, object: Object<'_>, key: &str) -> Text {
        self.need(object, key)
            .and_then(|node| self.text(node, key))
            .unwrap_or_default()
    }

    pub(crate) fn get_text(&mut self, object: Object<'_>, key: &str) -> Option<Text> {
        object.get(key).and_then(|node| self.text(node, key))
    }

    /// An expression. Its text begins one column later when it is in quotes.
    pub(crate) fn expr(&mut self, node: &Node, what: &str) -> Option<Expr> {
        let source = self.string(node, what)?;
        let at = match &node.kind {
            Kind::Scalar {
                plain: false,
                block: false,
                ..
            } => node.span.right(1),
            _ => node.span,
        };
        match Expr::parse(&source, at) {
            Ok(expr) => Some(expr),
            Err(flaw) => {
                let place = if source.contains('\n') {
                    at
                } else {
                    at.right(flaw.offset)
                };
                self.defects.add(flaw.code, place, flaw.wrong, flaw.mend);
                None
            }
        }
    }

    pub(crate) fn get_expr(&mut self, object: Object<'_>, key: &str) -> Option<Expr> {
        object.get(key).and_then(|node| self.expr(node, key))
    }
}

const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

/// Pairs of word and value of an enum made by `words!`, for [`Reader::word`].
macro_rules! word_pairs {
    ($name:ident) => {
        &$name::ALL
            .iter()
            .map(|word| (word.code(), *word))
            .collect::<Vec<_>>()
    };
}
pub(crate) use word_pairs;
