//! Folding words so that three languages meet: compatibility forms (NFKC), lower case, no accents,
//! Simplified characters on both sides, British and American spelling, and light English stems.
//!
//! Invariant: the index and the query pass through the same functions, so whatever a fold loses is
//! lost on both sides.

use kernel::simplify;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Characters of a query that are read; the rest is ignored.
pub(super) const QUERY_CHARS: usize = 100;
/// Tokens of a query that are looked up.
pub(super) const QUERY_TOKENS: usize = 24;

const STOP_WORDS: [&str; 20] = [
    "a", "an", "and", "at", "by", "do", "for", "from", "how", "i", "in", "is", "my", "of", "on",
    "or", "the", "to", "with", "your",
];

/// One unit of the index.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Token {
    /// A Latin word or a number, stemmed.
    Word(String),
    /// Two neighbouring Chinese characters, or one standing alone.
    Han(String),
}

impl Token {
    #[must_use]
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Han(text) => text,
        }
    }
}

/// Lower-case, accent-free, Simplified: the form in which two spellings of one thing are equal.
#[must_use]
pub(super) fn fold(text: &str) -> String {
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .nfkc()
        .flat_map(char::to_lowercase)
        .collect();
    // 分 and 份 are both written in 身份證 on official pages.
    simplify(&plain).replace("身分", "身份")
}

/// Splits folded text into words and Chinese bigrams in order of appearance, each with the letters as
/// written: a slip of the pen is in those, not in the stem.
#[must_use]
pub(super) fn tokens(folded: &str) -> Vec<(Token, String)> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut han: Vec<char> = Vec::new();
    for c in folded.chars().chain(std::iter::once(' ')) {
        if is_han(c) {
            end_word(&mut word, &mut found);
            han.push(c);
        } else if c.is_alphanumeric() {
            end_han(&mut han, &mut found);
            word.push(c);
        } else if c != '\'' && c != '’' {
            end_word(&mut word, &mut found);
            end_han(&mut han, &mut found);
        }
    }
    found
}

/// Whether `c` is a Chinese character (unified ideographs with extensions A to H, compatibility).
#[must_use]
pub(super) const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The light stem of an English word: plural, possessive, -ing, -ed, -al and a final e fall away.
#[must_use]
pub(super) fn stem(word: &str) -> String {
    if word.len() < 4 || !word.is_ascii() || word.bytes().any(|b| b.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut stem = word.replace("licens", "licenc");
    if let Some(head) = stem.strip_suffix("ies") {
        stem = format!("{head}y");
    } else if let Some(head) = stem.strip_suffix('s')
        && !head.ends_with(['s', 'u', 'i'])
    {
        stem = head.to_owned();
    }
    for ending in ["ing", "ed", "al"] {
        if let Some(head) = stem.strip_suffix(ending)
            && head.len() >= 4
        {
            stem = head.to_owned();
            break;
        }
    }
    if stem.len() > 4
        && let Some(head) = stem.strip_suffix('e')
    {
        stem = head.to_owned();
    }
    stem
}

fn end_word(word: &mut String, found: &mut Vec<(Token, String)>) {
    if !word.is_empty() && !STOP_WORDS.contains(&word.as_str()) {
        found.push((Token::Word(stem(word)), word.clone()));
    }
    word.clear();
}

fn end_han(han: &mut Vec<char>, found: &mut Vec<(Token, String)>) {
    let mut push = |text: String| found.push((Token::Han(text.clone()), text));
    match han.as_slice() {
        [] => {}
        [only] => push(only.to_string()),
        several => several
            .windows(2)
            .for_each(|pair| push(pair.iter().collect())),
    }
    han.clear();
}
