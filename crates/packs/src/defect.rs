//! What is wrong with a pack, where, and how to mend it. Every check reports through [`Defects`], so
//! that one run explains many defects.

use std::fmt;

/// A place in a pack's text; lines and columns begin at 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    pub line: u32,
    pub column: u32,
}

impl Span {
    /// The place `chars` characters to the right on the same line.
    #[must_use]
    pub const fn right(self, chars: u32) -> Self {
        Self {
            line: self.line,
            column: self.column.saturating_add(chars),
        }
    }
}

/// A value and where it was written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct At<T> {
    pub value: T,
    pub span: Span,
}

impl<T> At<T> {
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// The kinds of defect. The number is stable: guides and tests refer to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Code {
    /// The text is not YAML.
    YamlSyntax,
    /// Anchors, aliases, merge keys, tags or a second document.
    YamlFeature,
    /// Larger or deeper than a pack may be.
    TooLarge,
    /// The same key twice in one mapping.
    KeyTwice,
    UnknownKey,
    MissingKey,
    /// A list where a text was expected, a number that is none, an unknown word.
    WrongValue,
    /// An id that is malformed or reserved.
    BadId,
    IdTwice,
    /// English or Chinese is missing, or looks untranslated.
    MissingLanguage,
    /// The languages hold different places.
    LanguagesDiffer,
    /// A name that nothing declares.
    UnknownReference,
    /// A list, purpose or letter that nothing uses.
    Unused,
    ExpressionSyntax,
    UnknownName,
    TypeMismatch,
    /// A condition on something that has not been asked yet.
    AskedLater,
    /// A condition that no answer can make true.
    NeverTrue,
    ExpressionTooLarge,
    BadPattern,
    TableOverlap,
    TableGap,
    TableCell,
    TableOtherwise,
    TableInput,
    TableTooLarge,
    StateUnreachable,
    StateDeadEnd,
    CannotEnd,
    UnknownRole,
    TimerWithoutEnd,
    ReasonMissing,
    OutcomeMismatch,
    PrefillType,
    PurposeMissing,
    LockedWithoutProof,
    ClassTooWeak,
    RetentionTooLong,
    LetterPlace,
    LetterState,
    AskedTwice,
    TryFailed,
    TooFewTries,
    /// A complete application without a fee, a decided rule or a date of validity.
    Stuck,
}

impl Code {
    pub const ALL: [Self; 44] = [
        Self::YamlSyntax,
        Self::YamlFeature,
        Self::TooLarge,
        Self::KeyTwice,
        Self::UnknownKey,
        Self::MissingKey,
        Self::WrongValue,
        Self::BadId,
        Self::IdTwice,
        Self::MissingLanguage,
        Self::LanguagesDiffer,
        Self::UnknownReference,
        Self::Unused,
        Self::ExpressionSyntax,
        Self::UnknownName,
        Self::TypeMismatch,
        Self::AskedLater,
        Self::NeverTrue,
        Self::ExpressionTooLarge,
        Self::BadPattern,
        Self::TableOverlap,
        Self::TableGap,
        Self::TableCell,
        Self::TableOtherwise,
        Self::TableInput,
        Self::TableTooLarge,
        Self::StateUnreachable,
        Self::StateDeadEnd,
        Self::CannotEnd,
        Self::UnknownRole,
        Self::TimerWithoutEnd,
        Self::ReasonMissing,
        Self::OutcomeMismatch,
        Self::PrefillType,
        Self::PurposeMissing,
        Self::LockedWithoutProof,
        Self::ClassTooWeak,
        Self::RetentionTooLong,
        Self::LetterPlace,
        Self::LetterState,
        Self::AskedTwice,
        Self::TryFailed,
        Self::TooFewTries,
        Self::Stuck,
    ];

    /// `PK-021`.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::YamlSyntax => 1,
            Self::YamlFeature => 2,
            Self::TooLarge => 3,
            Self::KeyTwice => 4,
            Self::UnknownKey => 5,
            Self::MissingKey => 6,
            Self::WrongValue => 7,
            Self::BadId => 8,
            Self::IdTwice => 9,
            Self::MissingLanguage => 10,
            Self::LanguagesDiffer => 11,
            Self::UnknownReference => 12,
            Self::Unused => 13,
            Self::ExpressionSyntax => 20,
            Self::UnknownName => 21,
            Self::TypeMismatch => 22,
            Self::AskedLater => 23,
            Self::NeverTrue => 24,
            Self::ExpressionTooLarge => 25,
            Self::BadPattern => 26,
            Self::TableOverlap => 30,
            Self::TableGap => 31,
            Self::TableCell => 32,
            Self::TableOtherwise => 33,
            Self::TableInput => 34,
            Self::TableTooLarge => 35,
            Self::StateUnreachable => 40,
            Self::StateDeadEnd => 41,
            Self::CannotEnd => 42,
            Self::UnknownRole => 43,
            Self::TimerWithoutEnd => 44,
            Self::ReasonMissing => 45,
            Self::OutcomeMismatch => 46,
            Self::PrefillType => 50,
            Self::PurposeMissing => 51,
            Self::LockedWithoutProof => 52,
            Self::ClassTooWeak => 53,
            Self::RetentionTooLong => 54,
            Self::LetterPlace => 60,
            Self::LetterState => 61,
            Self::AskedTwice => 62,
            Self::TryFailed => 70,
            Self::TooFewTries => 71,
            Self::Stuck => 72,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PK-{:03}", self.number())
    }
}

/// One defect. Displayed as `file:line:column: code: what is wrong. how to mend it.`
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Defect {
    pub file: String,
    pub span: Span,
    pub code: Code,
    /// A sentence without its full stop.
    pub wrong: String,
    /// A sentence without its full stop: what the author should do.
    pub mend: String,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { line, column } = self.span;
        let stop = if self.mend.ends_with(['?', '…', '.']) {
            ""
        } else {
            "."
        };
        write!(
            f,
            "{}:{line}:{column}: {}: {}. {}{stop}",
            self.file, self.code, self.wrong, self.mend
        )
    }
}

/// The defects of one run over one pack. The mending of the first hundred teaches enough; the rest
/// are dropped.
#[derive(Debug)]
pub(crate) struct Defects {
    file: String,
    list: Vec<Defect>,
}

const DEFECTS_PER_PACK: usize = 100;

impl Defects {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            list: Vec::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        code: Code,
        span: Span,
        wrong: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let defect = Defect {
            file: self.file.clone(),
            span,
            code,
            wrong: wrong.into(),
            mend: mend.into(),
        };
        if self.list.len() < DEFECTS_PER_PACK && !self.list.contains(&defect) {
            self.list.push(defect);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn has_any(&self, codes: &[Code]) -> bool {
        self.list.iter().any(|defect| codes.contains(&defect.code))
    }

    /// In the order of the text.
    pub(crate) fn into_sorted(mut self) -> Vec<Defect> {
        self.list.sort_by_key(|defect| (defect.span, defect.code));
        self.list
    }
}

/// The declared name nearest to a misspelt one, when it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (distance(word, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `Did you mean “term”` or the list of what is known.
pub(crate) fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(name) = nearest(word, known.iter().copied()) {
        return format!("Did you mean `{name}`?");
    }
    if known.is_empty() {
        return "None is declared".to_owned();
    }
    let more = if known.len() > SHOWN { " …" } else { "" };
    let shown: Vec<&str> = known.into_iter().take(SHOWN).collect();
    format!("Known here: {}{more}", shown.join(" "))
}

/// Levenshtein distance with swaps of neighbours counted once (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (i, a) in left.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for (j, &b) in right.iter().enumerate() {
            let at =
                |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
            let swap = (j > 0 && last == Some(b) && right.get(j - 1) == Some(&a))
                .then(|| at(&before, j - 1) + 1);
            let best = (at(&row, j) + usize::from(a != b))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            next.push(swap.map_or(best, |swap| swap.min(best)));
        }
        before = std::mem::replace(&mut row, next);
        last = Some(a);
    }
    row.last().copied().unwrap_or_default()
}
